/* SPDX-License-Identifier: Apache-2.0 */
/* Every vector in tests/vectors: messages of wire/ and their envelope. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/message_json.h"
#include "wire/orders.h"
#include "wire/pass.h"

static json_t *load(const char *name)
{
	char path[4096];
	json_error_t error;
	json_t *out;

	(void)snprintf(path, sizeof(path), "%s/tests/vectors/%s.json", getenv("BSG_SOURCE_ROOT"), name);
	out = json_load_file(path, 0, &error);
	if (out == NULL)
		fail_msg("%s: %s", path, error.text);
	return out;
}

static const char *text_of(json_t *vector, const char *key)
{
	const char *out = json_string_value(json_object_get(vector, key));

	return out != NULL ? out : "";
}

static enum bsg_err error_of(json_t *vector)
{
	const char *name = text_of(vector, "error");

	if (strcmp(name, "limit") == 0)
		return BSG_E_LIMIT;
	if (strcmp(name, "denied") == 0)
		return BSG_E_DENIED;
	assert_string_equal(name, "invalid");
	return BSG_E_INVALID;
}

/* A copy that ends where the message ends, so that a sanitizer sees any read past it. */
static struct bsg_bytes bytes_of(json_t *vector, const char *key)
{
	size_t len;
	uint8_t *ptr = from_hex(text_of(vector, key), &len);
	uint8_t *exact = malloc(len > 0 ? len : 1);

	assert_non_null(exact);
	memcpy(exact, ptr, len);
	free(ptr);
	return (struct bsg_bytes){ exact, len };
}

static void drop(struct bsg_bytes bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

static void check_same(const char *what, const char *name, struct bsg_bytes got, struct bsg_bytes want)
{
	if (got.len != want.len || (got.len > 0 && memcmp(got.ptr, want.ptr, got.len) != 0))
		fail_msg("%s: %s: other bytes (%zu, expected %zu)", name, what, got.len, want.len);
}

static void check_valid(const struct message_kind *kind, json_t *vector)
{
	const char *name = text_of(vector, "name"), *why = "untouched";
	struct bsg_bytes in = bytes_of(vector, "hex"), again = { NULL, 0 };
	struct bsg_bytes want = bytes_of(vector, json_object_get(vector, "again") != NULL ? "again" : "hex");
	uint8_t *buf = malloc(in.len);
	json_t *fields = NULL;
	enum bsg_err rc = kind->decode(in, &fields, buf, in.len, &again, &why);

	if (rc != BSG_OK || why != NULL)
		fail_msg("%s: %s: refused: %s", kind->name, name, why);
	check_same("encoded again", name, again, want);
	if (!json_equal(fields, json_object_get(vector, "fields")))
		fail_msg("%s: %s: decoded as %s\nexpected %s", kind->name, name, json_dumps(fields, JSON_SORT_KEYS),
			 json_dumps(json_object_get(vector, "fields"), JSON_SORT_KEYS));
	/* A buffer of one byte less is refused, and not overrun. */
	if (again.len > 0) {
		struct bsg_bytes none;
		uint8_t *tight = malloc(again.len);
		json_t *no_fields = NULL;

		assert_int_equal(kind->decode(in, &no_fields, tight, again.len - 1, &none, NULL), BSG_OK);
		assert_null(no_fields);
		assert_int_equal(none.len, 0);
		free(tight);
	}
	json_decref(fields);
	free(buf);
	drop(in);
	drop(want);
}

static void check_invalid(const struct message_kind *kind, json_t *vector)
{
	const char *name = text_of(vector, "name"), *why = NULL;
	struct bsg_bytes in = bytes_of(vector, "hex"), again = { NULL, 0 };
	uint8_t buf[1];
	json_t *fields = NULL;
	enum bsg_err rc = kind->decode(in, &fields, buf, 0, &again, &why);

	if (rc != error_of(vector) || fields != NULL || why == NULL)
		fail_msg("%s: %s %s: expected %s, got %d (%s)", kind->name, text_of(vector, "rule"), name,
			 text_of(vector, "error"), (int)rc, why != NULL ? why : "no reason");
	drop(in);
}

static void check_file(const char *name)
{
	const struct message_kind *kind = message_kind_find(name);
	json_t *file = load(name), *vector;
	size_t i;

	assert_true(json_array_size(json_object_get(file, "valid")) >= 3);
	assert_true(json_array_size(json_object_get(file, "invalid")) >= 20);
	json_array_foreach(json_object_get(file, "valid"), i, vector)
		check_valid(kind, vector);
	json_array_foreach(json_object_get(file, "invalid"), i, vector)
		check_invalid(kind, vector);
	json_decref(file);
}

static void orders_decode_as_their_vectors_say(void **state)
{
	(void)state;
	check_file("orders");
}

static void reports_decode_as_their_vectors_say(void **state)
{
	(void)state;
	check_file("report");
}

static void passes_decode_as_their_vectors_say(void **state)
{
	(void)state;
	check_file("pass");
}

static void gate_credentials_decode_as_their_vectors_say(void **state)
{
	(void)state;
	check_file("gate_credential");
}

static void threshold_tokens_decode_as_their_vectors_say(void **state)
{
	(void)state;
	check_file("threshold_token");
}

/* A truncated message never decodes, wherever it is cut (W5). */
static void no_prefix_of_a_message_is_a_message(void **state)
{
	(void)state;
	for (size_t k = 0; k < n_message_kinds; k++) {
		json_t *file = load(message_kinds[k].name);
		json_t *vector = json_array_get(json_object_get(file, "valid"), 0);
		struct bsg_bytes whole = bytes_of(vector, "hex");

		for (size_t len = 0; len < whole.len; len++) {
			uint8_t *cut = malloc(len > 0 ? len : 1), buf[1];
			struct bsg_bytes in = { cut, len }, again;
			json_t *fields = NULL;

			memcpy(cut, whole.ptr, len);
			assert_int_not_equal(message_kinds[k].decode(in, &fields, buf, 0, &again, NULL), BSG_OK);
			free(cut);
		}
		drop(whole);
		json_decref(file);
	}
}

static void the_decision_takes_all_orders_that_decode(void **state)
{
	json_t *file = load("orders"), *vector;
	struct bsg_orders_message *m = calloc(1, sizeof(*m));
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(file, "valid"), i, vector) {
		struct bsg_bytes in = bytes_of(vector, "hex");
		const char *why = NULL;

		assert_int_equal(bsg_orders_decode(in, m, NULL), BSG_OK);
		if (bsg_orders_prepare(&m->orders, &why) != BSG_OK)
			fail_msg("%s: %s", text_of(vector, "name"), why);
		drop(in);
	}
	free(m);
	json_decref(file);
}

static void typical_orders_are_under_four_kib_signed(void **state)
{
	json_t *file = load("orders");
	json_t *vector = json_array_get(json_object_get(file, "valid"), 1);

	(void)state;
	assert_string_equal(text_of(vector, "name"), "a ministry's house for five weeks");
	/* An orders certificate is about 500 bytes. */
	assert_in_range(strlen(text_of(vector, "hex")) / 2 + 500 + 80, 1, 4096);
	json_decref(file);
}

static enum bsg_cose_kind kind_of(json_t *vector)
{
	static const char *const names[] = { "", "orders", "gate-credential", "threshold-token", "pass" };

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text_of(vector, "kind")) == 0)
			return (enum bsg_cose_kind)i;
	fail_msg("unknown kind %s", text_of(vector, "kind"));
	return 0;
}

static void check_hex(const char *what, json_t *vector, const char *key, struct bsg_bytes got)
{
	struct bsg_bytes want = bytes_of(vector, key);

	check_same(what, text_of(vector, "name"), got, want);
	drop(want);
}

static void check_envelope(json_t *vector)
{
	enum bsg_cose_kind kind = kind_of(vector);
	struct bsg_bytes in = bytes_of(vector, "hex"), header, to_sign, again;
	struct bsg_cose_message m;
	uint8_t header_buf[BSG_COSE_HEADER_MAX], buf[8192];
	json_t *chain = json_object_get(vector, "chain");

	assert_int_equal(bsg_cose_parse(kind, in, &m, NULL), BSG_OK);
	check_hex("header", vector, "header", m.header_bytes);
	check_hex("payload", vector, "payload", m.payload);
	check_hex("signature", vector, "signature", m.signature);
	check_hex("kid", vector, "kid", m.header.kid);
	assert_int_equal(m.header.n_chain, json_array_size(chain));
	for (size_t i = 0; i < m.header.n_chain; i++) {
		size_t len;
		uint8_t *want = from_hex(json_string_value(json_array_get(chain, i)), &len);

		assert_int_equal(m.header.chain[i].len, len);
		assert_memory_equal(m.header.chain[i].ptr, want, len);
		free(want);
	}
	assert_int_equal(bsg_cose_header_encode(kind, &m.header, header_buf, sizeof(header_buf), &header), BSG_OK);
	check_hex("header encoded again", vector, "header", header);
	assert_int_equal(bsg_cose_sig_structure(kind, header, m.payload, buf, sizeof(buf), &to_sign), BSG_OK);
	check_hex("Sig_structure", vector, "sig_structure", to_sign);
	assert_int_equal(bsg_cose_assemble(kind, header, m.payload, m.signature.ptr, buf, sizeof(buf), &again), BSG_OK);
	check_same("assembled", text_of(vector, "name"), again, in);
	assert_int_equal(bsg_cose_assemble(kind, header, m.payload, m.signature.ptr, buf, again.len - 1, &again), BSG_E_LIMIT);
	drop(in);
}

static void envelopes_come_apart_and_together(void **state)
{
	json_t *file = load("cose"), *vector;
	size_t i;

	(void)state;
	assert_true(json_array_size(json_object_get(file, "valid")) >= 7);
	json_array_foreach(json_object_get(file, "valid"), i, vector)
		check_envelope(vector);
	json_decref(file);
}

static void other_envelopes_are_refused(void **state)
{
	json_t *file = load("cose"), *vector;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(file, "invalid"), i, vector) {
		struct bsg_bytes in = bytes_of(vector, "hex");
		struct bsg_cose_message m, zero;
		const char *why = NULL;
		enum bsg_err rc = bsg_cose_parse(kind_of(vector), in, &m, &why);

		memset(&zero, 0, sizeof(zero));
		if (rc != error_of(vector) || why == NULL || memcmp(&m, &zero, sizeof(m)) != 0)
			fail_msg("%s %s: expected %s, got %d (%s)", text_of(vector, "rule"), text_of(vector, "name"),
				 text_of(vector, "error"), (int)rc, why != NULL ? why : "no reason");
		drop(in);
	}
	json_decref(file);
}

static void a_pass_is_under_200_bytes_whatever_it_says(void **state)
{
	json_t *file = load("pass"), *vector;
	size_t i;
	size_t longest = 0;

	(void)state;
	json_array_foreach(json_object_get(file, "valid"), i, vector) {
		struct bsg_bytes payload = bytes_of(vector, "hex"), header, out;
		bool server = !json_is_null(json_object_get(json_object_get(vector, "fields"), "verified_at"));
		struct bsg_cose_header h = { { (const uint8_t *)"12345678", server ? 8 : 0 }, { { NULL, 0 } }, 0 };
		uint8_t header_buf[32], buf[256], signature[64] = { 0 };

		assert_int_equal(bsg_cose_header_encode(BSG_COSE_PASS, &h, header_buf, sizeof(header_buf), &header), BSG_OK);
		assert_int_equal(bsg_cose_assemble(BSG_COSE_PASS, header, payload, signature, buf, sizeof(buf), &out), BSG_OK);
		longest = out.len > longest ? out.len : longest;
		drop(payload);
	}
	json_decref(file);
	assert_in_range(longest, 190, BSG_PASS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_decode_as_their_vectors_say),
		cmocka_unit_test(reports_decode_as_their_vectors_say),
		cmocka_unit_test(passes_decode_as_their_vectors_say),
		cmocka_unit_test(gate_credentials_decode_as_their_vectors_say),
		cmocka_unit_test(threshold_tokens_decode_as_their_vectors_say),
		cmocka_unit_test(no_prefix_of_a_message_is_a_message),
		cmocka_unit_test(the_decision_takes_all_orders_that_decode),
		cmocka_unit_test(typical_orders_are_under_four_kib_signed),
		cmocka_unit_test(envelopes_come_apart_and_together),
		cmocka_unit_test(other_envelopes_are_refused),
		cmocka_unit_test(a_pass_is_under_200_bytes_whatever_it_says),
	};

	return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
