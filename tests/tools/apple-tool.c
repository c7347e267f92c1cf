/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Apple codecs as one request and one answer a line, both JSON: for tests that compare them with other implementations.
 * Values of property lists are {"t": TYPE, "v": VALUE}; dictionaries are lists of [key, value], so that their order shows.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "apple/enrolment.h"
#include "apple/lock.h"
#include "apple/verify.h"
#include "base/hex.h"

static const char *const type_names[] = { "dict", "array", "text", "data", "int", "real", "bool", "date" };

/* ---- JSON -------------------------------------------------------------------- */

static json_t *refusal(enum bsg_err rc, const char *text)
{
	return json_pack("{s:i, s:s}", "error", (int)rc, "text", text);
}

static const char *text_of(json_t *map, const char *key)
{
	return json_string_value(json_object_get(map, key));
}

static json_t *hex_of(const void *data, size_t len)
{
	char *text = malloc(2 * len + 1);
	json_t *out;

	if (text == NULL)
		abort();
	bsg_hex_encode(data, len, text);
	out = json_string(text);
	free(text);
	return out;
}

/* The caller frees it. NULL: not there, or not hexadecimal. */
static uint8_t *bytes_of(json_t *map, const char *key, size_t *len)
{
	const char *text = text_of(map, key);
	const size_t n = text != NULL ? strlen(text) : 0;
	uint8_t *out = malloc(n / 2 + 1);

	*len = 0;
	if (out == NULL)
		abort();
	if (text != NULL && bsg_hex_decode(text, n, out, n / 2, len, NULL) == BSG_OK)
		return out;
	free(out);
	return NULL;
}

static json_t *made(enum bsg_err rc, struct bsg_buf *buf, const struct bsg_error *err)
{
	json_t *out = rc == BSG_OK ? json_pack("{s:o}", "hex", hex_of(buf->data, buf->len)) : refusal(rc, err->text);

	bsg_buf_free(buf);
	return out;
}

/* ---- property lists ------------------------------------------------------------- */

static json_t *json_of(const struct bsg_plist_node *node);

static void add_entry(const char *key, const struct bsg_plist_node *value, void *ctx)
{
	json_t *item = json_of(value);

	if (key != NULL)
		item = json_pack("[s, o]", key, item);
	(void)json_array_append_new(ctx, item);
}

static json_t *json_of(const struct bsg_plist_node *node)
{
	struct bsg_plist_value value;
	json_t *v = NULL;

	bsg_plist_value(node, &value);
	if (value.type == BSG_PLIST_DICT || value.type == BSG_PLIST_ARRAY) {
		v = json_array();
		bsg_plist_each(node, add_entry, v);
	} else if (value.type == BSG_PLIST_TEXT) {
		v = json_stringn(value.text.ptr, value.text.len);
	} else if (value.type == BSG_PLIST_DATA) {
		v = hex_of(value.data.ptr, value.data.len);
	} else if (value.type == BSG_PLIST_INT) {
		v = json_integer(value.number);
	} else if (value.type == BSG_PLIST_BOOL) {
		v = json_boolean(value.flag);
	} else if (value.type == BSG_PLIST_REAL) {
		v = json_real(value.real);
	}
	return json_pack("{s:s, s:o}", "t", type_names[value.type], "v", v != NULL ? v : json_null());
}

static json_t *do_read(const uint8_t *bytes, size_t len)
{
	struct bsg_error err = { 0 };
	struct bsg_plist *plist;
	const enum bsg_err rc = bsg_plist_read(bytes, len, BSG_PLIST_MAX, &plist, &err);
	json_t *out = rc == BSG_OK ? json_pack("{s:o}", "value", json_of(bsg_plist_root(plist))) : refusal(rc, err.text);

	bsg_plist_free(plist);
	return out;
}

static void put(struct bsg_plist_writer *w, const char *key, json_t *item);

static void put_entries(struct bsg_plist_writer *w, json_t *list, bool array)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		put(w, array ? NULL : json_string_value(json_array_get(item, 0)), array ? item : json_array_get(item, 1));
}

static void put(struct bsg_plist_writer *w, const char *key, json_t *item)
{
	const char *type = text_of(item, "t");
	json_t *v = json_object_get(item, "v");

	if (strcmp(type, "dict") == 0 || strcmp(type, "array") == 0) {
		const bool array = type[0] == 'a';

		if (array)
			bsg_plist_put_array(w, key);
		else
			bsg_plist_put_dict(w, key);
		put_entries(w, v, array);
		bsg_plist_end(w);
	} else if (strcmp(type, "text") == 0) {
		bsg_plist_put_str(w, key, (struct bsg_str){ json_string_value(v), json_string_length(v) });
	} else if (strcmp(type, "data") == 0) {
		struct bsg_bytes data = { 0 };
		uint8_t *bytes = bytes_of(item, "v", &data.len);

		data.ptr = bytes;
		bsg_plist_put_data(w, key, data);
		free(bytes);
	} else if (strcmp(type, "int") == 0) {
		bsg_plist_put_int(w, key, json_integer_value(v));
	} else if (strcmp(type, "real") == 0) {
		bsg_plist_put_real(w, key, (int64_t)json_number_value(v));
	} else {
		bsg_plist_put_bool(w, key, json_is_true(v));
	}
}

static json_t *do_write(json_t *request)
{
	struct bsg_plist_writer w;
	struct bsg_error err = { 0 };
	struct bsg_buf buf;

	bsg_buf_init(&buf, BSG_PLIST_MAX);
	bsg_plist_begin(&w, BSG_PLIST_MAX);
	put_entries(&w, json_object_get(json_object_get(request, "value"), "v"), false);
	return made(bsg_plist_finish(&w, &buf, &err), &buf, &err);
}

/* ---- messages ---------------------------------------------------------------------- */

static json_t *sender_json(const struct bsg_apple_sender *sender)
{
	static const char *const kinds[] = { "none", "udid", "enrollment" };

	return json_pack("{s:s, s:s, s:b}", "kind", kinds[sender->kind], "id", sender->id, "user", (int)sender->user_channel);
}

static json_t *do_checkin(const uint8_t *bytes, size_t len)
{
	struct bsg_error err = { 0 };
	struct bsg_checkin c;
	const enum bsg_err rc = bsg_checkin_decode(bytes, len, &c, &err);

	if (rc != BSG_OK)
		return refusal(rc, err.text);
	return json_pack("{s:i, s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type", (int)c.type, "name", c.type_name,
			 "sender", sender_json(&c.sender), "Topic", c.topic, "Token", hex_of(c.token, c.token_len), "PushMagic",
			 c.push_magic, "DeviceName", c.device_name, "Model", c.model, "ModelName", c.model_name, "ProductName",
			 c.product_name, "OSVersion", c.os_version, "BuildVersion", c.build_version, "SerialNumber", c.serial_number);
}

static json_t *errors_json(const struct bsg_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_errors; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "domain", r->errors[i].domain, "code",
							    (json_int_t)r->errors[i].code, "text", r->errors[i].text));
	return list;
}

static json_t *profiles_json(const struct bsg_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < bsg_result_n_profiles(r); i++) {
		struct bsg_str id, uuid;

		bsg_result_profile(r, i, &id, &uuid);
		(void)json_array_append_new(list, json_pack("[s%, s%]", id.ptr, id.len, uuid.len > 0 ? uuid.ptr : "", uuid.len));
	}
	return list;
}

static json_t *restrictions_json(const struct bsg_result *r)
{
	json_t *map = json_object();
	size_t n;
	const struct bsg_lock_key *keys = bsg_lock_keys(&n);

	for (size_t i = 0; i < n; i++)
		(void)json_object_set_new(map, keys[i].key, json_integer(bsg_result_restriction(r, keys[i].key)));
	return map;
}

static json_t *do_result(json_t *request, const uint8_t *bytes, size_t len)
{
	struct bsg_error err = { 0 };
	struct bsg_result r;
	const enum bsg_err rc = bsg_result_decode(bytes, len, &r, &err);
	json_t *out;

	if (rc != BSG_OK)
		return refusal(rc, err.text);
	out = json_pack("{s:i, s:o, s:s, s:o, s:o, s:o, s:b, s:b, s:b, s:s, s:s, s:i, s:i, s:i, s:i}", "status", (int)r.status, "sender",
			sender_json(&r.sender), "uuid", r.command_uuid, "errors", errors_json(&r), "profiles", profiles_json(&r),
			"restrictions", restrictions_json(&r), "is_restrictions", (int)(r.restrictions != NULL), "is_profiles",
			(int)(r.profiles != NULL), "is_device", (int)r.has_device, "OSVersion", r.device.os_version, "ModelName",
			r.device.model_name, "IsSupervised", (int)r.device.is_supervised, "PasscodePresent", (int)r.passcode_present,
			"IsUserEnrollment", (int)r.is_user_enrollment, "settings_done",
			(int)bsg_result_settings_done(&r, (uint32_t)json_integer_value(json_object_get(request, "settings"))));
	bsg_result_free(&r);
	return out;
}

static json_t *do_command(json_t *request)
{
	struct bsg_command c = { .uuid = text_of(request, "uuid"), .identifier = text_of(request, "identifier") };
	struct bsg_error err = { 0 };
	struct bsg_buf buf;
	uint8_t *profile = bytes_of(request, "profile", &c.profile.len);
	json_t *out;

	c.type = (enum bsg_command_type)json_integer_value(json_object_get(request, "type"));
	c.profile.ptr = profile;
	c.queries = (uint32_t)json_integer_value(json_object_get(request, "queries"));
	c.profile_restrictions = json_is_true(json_object_get(request, "profile_restrictions"));
	c.managed_only = json_is_true(json_object_get(request, "managed_only"));
	c.settings = (uint32_t)json_integer_value(json_object_get(request, "settings"));
	c.settings_on = (uint32_t)json_integer_value(json_object_get(request, "settings_on"));
	bsg_buf_init(&buf, BSG_COMMAND_MAX);
	out = made(bsg_command_encode(&c, &buf, &err), &buf, &err);
	free(profile);
	return out;
}

/* ---- profiles ------------------------------------------------------------------------ */

static void read_seed(json_t *request, uint8_t seed[static BSG_SEED_LEN])
{
	size_t len;
	uint8_t *bytes = bytes_of(request, "seed", &len);

	memset(seed, 0, BSG_SEED_LEN);
	if (bytes != NULL && len == BSG_SEED_LEN)
		memcpy(seed, bytes, len);
	free(bytes);
}

static json_t *do_enrolment(json_t *request)
{
	struct bsg_enrolment e = {
		.deployment = text_of(request, "deployment"), .organisation = text_of(request, "organisation"),
		.scep_url = text_of(request, "scep_url"), .scep_name = text_of(request, "scep_name"),
		.challenge = text_of(request, "challenge"), .common_name = text_of(request, "common_name"),
		.topic = text_of(request, "topic"), .server_url = text_of(request, "server_url"),
		.checkin_url = text_of(request, "checkin_url"),
	};
	struct bsg_bytes root = { 0 };
	struct bsg_error err = { 0 };
	struct bsg_buf buf;
	uint8_t *print = bytes_of(request, "fingerprint", &e.ca_fingerprint.len), *der = bytes_of(request, "root", &root.len);
	json_t *out;

	read_seed(request, e.seed);
	(void)bsg_apple_kind_parse(text_of(request, "kind"), &e.kind);
	e.language = (enum bsg_profile_language)json_integer_value(json_object_get(request, "language"));
	e.ca_fingerprint.ptr = print;
	root.ptr = der;
	e.roots = &root;
	e.n_roots = der != NULL;
	bsg_buf_init(&buf, BSG_PROFILE_MAX);
	out = made(bsg_enrolment_profile(&e, &buf, &err), &buf, &err);
	free(print);
	free(der);
	return out;
}

static json_t *do_lock(json_t *request, const char *op)
{
	const char *apps[BSG_LOCK_APPS_MAX + 1];
	json_t *list = json_object_get(request, "apps"), *out;
	struct bsg_lock lock = { .apps = apps, .deployment = text_of(request, "deployment"),
				 .organisation = text_of(request, "organisation") };
	struct bsg_error err = { 0 };
	struct bsg_result r = { 0 };
	struct bsg_buf buf;
	size_t len;
	uint8_t *bytes = bytes_of(request, "hex", &len);

	for (; lock.n_apps < json_array_size(list) && lock.n_apps <= BSG_LOCK_APPS_MAX; lock.n_apps++)
		apps[lock.n_apps] = json_string_value(json_array_get(list, lock.n_apps));
	(void)bsg_apple_kind_parse(text_of(request, "kind"), &lock.kind);
	lock.os_level = bsg_lock_os_level(text_of(request, "os"));
	lock.functions = (uint32_t)json_integer_value(json_object_get(request, "functions"));
	lock.life_s = json_integer_value(json_object_get(request, "life"));
	lock.language = (enum bsg_profile_language)json_integer_value(json_object_get(request, "language"));
	read_seed(request, lock.seed);
	bsg_buf_init(&buf, BSG_PROFILE_MAX);
	if (strcmp(op, "verify") == 0) {
		const enum bsg_err rc = bsg_result_decode(bytes, len, &r, &err);
		const uint32_t done = (uint32_t)json_integer_value(json_object_get(request, "settings_done"));

		out = rc != BSG_OK ? refusal(rc, err.text) :
		      json_pack("{s:i, s:b}", "restricted", (int)bsg_verify_restricted(&r, &lock, done), "lifted",
				(int)bsg_verify_lifted(&r, lock.deployment, NULL));
		bsg_result_free(&r);
	} else {
		out = made((strcmp(op, "lock") == 0 ? bsg_lock_profile : bsg_lock_neutral)(&lock, &buf, &err), &buf, &err);
		(void)json_object_set_new(out, "covers", json_integer(bsg_lock_covers(&lock)));
		(void)json_object_set_new(out, "settings", json_integer(bsg_lock_settings(&lock)));
	}
	free(bytes);
	return out;
}

/* ---- requests -------------------------------------------------------------------------- */

static json_t *do_never(json_t *request)
{
	const char *why = bsg_apple_never(text_of(request, "name"));

	return json_pack("{s:o}", "why", why != NULL ? json_string(why) : json_null());
}

static json_t *answer(json_t *request)
{
	const char *op = text_of(request, "op") != NULL ? text_of(request, "op") : "";
	size_t len;
	uint8_t *bytes = bytes_of(request, "hex", &len);
	json_t *out = NULL;

	if (strcmp(op, "read") == 0 && bytes != NULL)
		out = do_read(bytes, len);
	else if (strcmp(op, "checkin") == 0 && bytes != NULL)
		out = do_checkin(bytes, len);
	else if (strcmp(op, "result") == 0 && bytes != NULL)
		out = do_result(request, bytes, len);
	else if (strcmp(op, "write") == 0)
		out = do_write(request);
	else if (strcmp(op, "command") == 0)
		out = do_command(request);
	else if (strcmp(op, "enrolment") == 0)
		out = do_enrolment(request);
	else if (strcmp(op, "lock") == 0 || strcmp(op, "neutral") == 0 || strcmp(op, "verify") == 0)
		out = do_lock(request, op);
	else if (strcmp(op, "never") == 0)
		out = do_never(request);
	free(bytes);
	return out != NULL ? out : refusal(BSG_E_INVALID, "wrong usage");
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		json_error_t error;
		json_t *request = json_loads(line, 0, &error);
		json_t *out = request != NULL ? answer(request) : refusal(BSG_E_INVALID, error.text);

		if (json_dumpf(out, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
			return 1;
		json_decref(out);
		json_decref(request);
	}
	free(line);
	return 0;
}
