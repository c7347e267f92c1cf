/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent remembers between two starts: a small JSON file. */
#include "agent/linux/saved.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hex.h"

#define SAVED_MAX 65536
#define VERSION 1

/* --- writing --- */

static json_t *hex_value(const uint8_t *data, size_t len)
{
	char text[2 * BSG_STATE_BYTES_MAX + 1];

	bsg_hex_encode(data, len, text);
	return json_string(text);
}

static json_t *core_value(const struct bsg_state *core)
{
	uint8_t bytes[BSG_STATE_BYTES_MAX];

	return hex_value(bytes, bsg_state_encode(core, bytes));
}

static json_t *time_value(const struct bsg_agent_time *time)
{
	return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "boot", time->boot, "has_reference",
			 time->has_reference, "ref_utc", (json_int_t)time->ref_utc, "ref_mono_ms",
			 (json_int_t)time->ref_mono_ms, "last_utc", (json_int_t)time->last_utc,
			 "last_mono_ms", (json_int_t)time->last_mono_ms);
}

static json_t *codes_value(const struct bsg_saved *saved)
{
	json_t *list = json_array();

	for (size_t i = 0; i < BSG_PLACES_MAX; i++)
		if (saved->code[i].place[0])
			json_array_append_new(list, json_pack("{s:s, s:I}", "place", saved->code[i].place,
							      "step", (json_int_t)saved->code[i].step));
	return list;
}

static json_t *tokens_value(const struct bsg_saved *saved)
{
	json_t *list = json_array();

	for (size_t i = 0; i < BSG_SAVED_TOKENS; i++)
		if (saved->token[i].expires)
			json_array_append_new(list, json_pack("{s:o, s:I}", "nonce",
				hex_value(saved->token[i].nonce, BSG_NONCE_LEN),
				"expires", (json_int_t)saved->token[i].expires));
	return list;
}

char *bsg_saved_encode(const struct bsg_saved *saved)
{
	json_t *root = json_pack("{s:i, s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:o}", "version", VERSION,
				 "core", core_value(&saved->core), "time", time_value(&saved->time),
				 "batch_sequence", (json_int_t)saved->batch_sequence,
				 "pass_sequence", (json_int_t)saved->pass_sequence,
				 "codes", codes_value(saved),
				 "wrong_codes", (json_int_t)saved->wrong_codes,
				 "codes_from", (json_int_t)saved->codes_from,
				 "tokens", tokens_value(saved));
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;

	json_decref(root);
	return text;
}

enum bsg_err bsg_saved_store(const struct bsg_saved *saved, const char *path, struct bsg_error *err)
{
	char *text = bsg_saved_encode(saved);
	enum bsg_err rc = text ? bsg_file_replace(path, text, strlen(text), 0600, err) :
				 bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");

	free(text);
	return rc;
}

/* --- reading --- */

static int64_t get_number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (int64_t)value;
}

static void get_text(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text && strlen(text) < size)
		memcpy(out, text, strlen(text) + 1);
}

static bool get_hex(const json_t *object, const char *key, uint8_t *out, size_t cap, size_t *len)
{
	const char *text = json_string_value(json_object_get(object, key));
	struct bsg_error err;

	return text && bsg_hex_decode(text, strlen(text), out, cap, len, &err) == BSG_OK;
}

static bool read_core(const json_t *root, struct bsg_state *out)
{
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	size_t len = 0;

	return get_hex(root, "core", bytes, sizeof(bytes), &len) &&
	       bsg_state_decode((struct bsg_bytes){ bytes, len }, out) == BSG_OK;
}

static void read_time(const json_t *time, struct bsg_agent_time *out)
{
	get_text(time, "boot", out->boot, sizeof(out->boot));
	out->has_reference = json_is_true(json_object_get(time, "has_reference"));
	out->ref_utc = get_number(time, "ref_utc");
	out->ref_mono_ms = get_number(time, "ref_mono_ms");
	out->last_utc = get_number(time, "last_utc");
	out->last_mono_ms = get_number(time, "last_mono_ms");
	if (out->ref_utc > BSG_TIME_MAX || out->last_utc > BSG_TIME_MAX)	/* no clock says so, and sums with it overflow */
		memset(out, 0, sizeof(*out));
}

static void read_lists(const json_t *root, struct bsg_saved *out)
{
	const json_t *codes = json_object_get(root, "codes");
	const json_t *tokens = json_object_get(root, "tokens");

	for (size_t i = 0; i < json_array_size(codes) && i < BSG_PLACES_MAX; i++) {
		const json_t *code = json_array_get(codes, i);

		get_text(code, "place", out->code[i].place, sizeof(out->code[i].place));
		out->code[i].step = get_number(code, "step");
	}
	for (size_t i = 0; i < json_array_size(tokens) && i < BSG_SAVED_TOKENS; i++) {
		const json_t *token = json_array_get(tokens, i);
		size_t len = 0;

		if (get_hex(token, "nonce", out->token[i].nonce, BSG_NONCE_LEN, &len) && len == BSG_NONCE_LEN)
			out->token[i].expires = get_number(token, "expires");
	}
}

const char *bsg_saved_decode(const void *text, size_t len, struct bsg_saved *out)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *why = NULL;

	memset(out, 0, sizeof(*out));
	if (get_number(root, "version") != VERSION) {
		json_decref(root);
		return "the saved state cannot be read";
	}
	if (!read_core(root, &out->core))
		why = "the saved decision is damaged or of another version";
	read_time(json_object_get(root, "time"), &out->time);
	out->batch_sequence = (uint64_t)get_number(root, "batch_sequence");
	out->pass_sequence = (uint32_t)get_number(root, "pass_sequence");
	out->wrong_codes = (uint32_t)get_number(root, "wrong_codes");
	out->codes_from = get_number(root, "codes_from");
	read_lists(root, out);
	json_decref(root);
	return why;
}

void bsg_saved_load(const char *path, struct bsg_saved *out, const char **why)
{
	struct bsg_error err;
	uint8_t *bytes = NULL;
	size_t len = 0;
	enum bsg_err rc = bsg_file_read(path, SAVED_MAX, &bytes, &len, &err);

	*why = bsg_saved_decode(rc == BSG_OK ? bytes : (const void *)"", len, out);
	if (rc == BSG_E_NOT_FOUND)
		*why = NULL;
	free(bytes);
}
