/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for wire/cbor.h: what no message of ours can show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/cbor.h"

/* From RFC 8949, appendix A. */
static const struct number { int64_t value; uint8_t bytes[9]; size_t len; } numbers[] = {
	{ 0, { 0x00 }, 1 },
	{ 10, { 0x0a }, 1 },
	{ 23, { 0x17 }, 1 },
	{ 24, { 0x18, 0x18 }, 2 },
	{ 100, { 0x18, 0x64 }, 2 },
	{ 255, { 0x18, 0xff }, 2 },
	{ 256, { 0x19, 0x01, 0x00 }, 3 },
	{ 1000, { 0x19, 0x03, 0xe8 }, 3 },
	{ 65535, { 0x19, 0xff, 0xff }, 3 },
	{ 65536, { 0x1a, 0x00, 0x01, 0x00, 0x00 }, 5 },
	{ 1000000, { 0x1a, 0x00, 0x0f, 0x42, 0x40 }, 5 },
	{ INT64_C(4294967295), { 0x1a, 0xff, 0xff, 0xff, 0xff }, 5 },
	{ INT64_C(4294967296), { 0x1b, 0, 0, 0, 1, 0, 0, 0, 0 }, 9 },
	{ INT64_C(1000000000000), { 0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00 }, 9 },
	{ INT64_MAX, { 0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 9 },
	{ -1, { 0x20 }, 1 },
	{ -10, { 0x29 }, 1 },
	{ -24, { 0x37 }, 1 },
	{ -25, { 0x38, 0x18 }, 2 },
	{ -100, { 0x38, 0x63 }, 2 },
	{ -1000, { 0x39, 0x03, 0xe7 }, 3 },
	{ INT64_MIN, { 0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 9 },
};

static void numbers_take_their_shortest_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct bsg_cbor_writer w;
		struct bsg_cbor_reader r;
		struct bsg_bytes out;
		uint8_t buf[9];

		bsg_cbor_writer_init(&w, buf, sizeof(buf));
		bsg_cbor_put_int(&w, numbers[i].value);
		assert_int_equal(bsg_cbor_writer_end(&w, &out), BSG_OK);
		assert_int_equal(out.len, numbers[i].len);
		assert_memory_equal(out.ptr, numbers[i].bytes, out.len);
		bsg_cbor_reader_init(&r, out);
		assert_true(bsg_cbor_get_int(&r, INT64_MIN, INT64_MAX) == numbers[i].value);
		assert_int_equal(bsg_cbor_reader_end(&r, NULL), BSG_OK);
		for (size_t cap = 0; cap < numbers[i].len; cap++) {
			bsg_cbor_writer_init(&w, buf, cap);
			bsg_cbor_put_int(&w, numbers[i].value);
			assert_int_equal(bsg_cbor_writer_end(&w, &out), BSG_E_LIMIT);
		}
	}
}

/* W1, by the first byte alone: every head that is never allowed. */
static void no_head_but_the_allowed_ones_begins_an_item(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		uint8_t bytes[16] = { (uint8_t)first, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
		struct bsg_cbor_reader r;
		const char *why;
		unsigned info = first & 31, major = first >> 5;
		bool never = info > 27 || (major == 7 && (info < 20 || info > 22));

		bsg_cbor_reader_init(&r, (struct bsg_bytes){ bytes, sizeof(bytes) });
		bsg_cbor_skip(&r);
		why = r.why;
		if (never)
			assert_true(r.pos == 0 && why != NULL &&
				    (strstr(why, "reserved") != NULL || strstr(why, "simple") != NULL));
		else	/* what follows may still be wrong */
			assert_true(why == NULL || r.pos > 0 ||
				    (strstr(why, "reserved") == NULL && strstr(why, "simple") == NULL));
	}
}

static void a_number_past_64_bits_signed_is_refused(void **state)
{
	static const uint8_t past[2][9] = {
		{ 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0 }, { 0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bsg_cbor_reader r;

		bsg_cbor_reader_init(&r, (struct bsg_bytes){ past[i], sizeof(past[i]) });
		assert_int_equal(bsg_cbor_get_int(&r, INT64_MIN, INT64_MAX), 0);
		assert_int_equal(bsg_cbor_reader_end(&r, NULL), BSG_E_INVALID);
		/* Skipped it is fine: it may be a key of the future. */
		bsg_cbor_reader_init(&r, (struct bsg_bytes){ past[i], sizeof(past[i]) });
		bsg_cbor_skip(&r);
		assert_int_equal(bsg_cbor_reader_end(&r, NULL), BSG_OK);
	}
}

static void a_string_longer_than_all_memory_ends_too_early(void **state)
{
	static const uint8_t heads[] = { 0x5b, 0x7b, 0x9b, 0xbb };

	(void)state;
	for (size_t i = 0; i < sizeof(heads); i++) {
		uint8_t bytes[9] = { heads[i], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
		struct bsg_cbor_reader r;
		const char *why;

		bsg_cbor_reader_init(&r, (struct bsg_bytes){ bytes, sizeof(bytes) });
		bsg_cbor_skip(&r);
		assert_int_equal(bsg_cbor_reader_end(&r, &why), BSG_E_INVALID);
		assert_string_equal(why, "ends too early");
	}
}

static void the_first_failure_stays(void **state)
{
	static const uint8_t bytes[] = { 0x01, 0x02, 0x03 };
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	struct bsg_cbor_writer w;
	struct bsg_bytes out;
	uint8_t buf[4];
	const char *why;
	int64_t key;

	(void)state;
	bsg_cbor_reader_init(&r, (struct bsg_bytes){ bytes, sizeof(bytes) });
	assert_int_equal(bsg_cbor_get_uint(&r, 0, 9), 1);
	assert_int_equal(bsg_cbor_get_uint(&r, 5, 9), 0);
	assert_int_equal(r.pos, 1);
	assert_int_equal(bsg_cbor_get_uint(&r, 0, 9), 0);
	assert_int_equal(bsg_cbor_get_bytes(&r, 0, 9).len, 0);
	assert_int_equal(bsg_cbor_get_array(&r, 0, 9), 0);
	assert_false(bsg_cbor_take_null(&r));
	bsg_cbor_get_map(&r, 9, &map);
	assert_false(bsg_cbor_map_next(&r, &map, &key));
	bsg_cbor_refuse(&r, BSG_E_LIMIT, "another");
	assert_int_equal(bsg_cbor_reader_end(&r, &why), BSG_E_INVALID);
	assert_string_equal(why, "number out of range");

	bsg_cbor_writer_init(&w, buf, sizeof(buf));
	bsg_cbor_put_text(&w, "abcd", 4);
	bsg_cbor_put_uint(&w, 1);
	assert_int_equal(bsg_cbor_writer_end(&w, &out), BSG_E_LIMIT);
	assert_null(out.ptr);
	assert_int_equal(out.len, 0);
}

/* W4: eight deep is taken, nine is not, and no depth costs stack without end. */
static void what_is_skipped_is_at_most_eight_deep(void **state)
{
	static const uint8_t openers[] = { 0x81, 0xc1 };
	uint8_t bytes[10000];

	(void)state;
	for (size_t i = 0; i < sizeof(openers); i++) {
		for (size_t depth = 7; depth <= 9; depth++) {
			struct bsg_cbor_reader r;

			memset(bytes, openers[i], depth);
			bytes[depth] = 0;
			bsg_cbor_reader_init(&r, (struct bsg_bytes){ bytes, depth + 1 });
			bsg_cbor_skip(&r);
			assert_int_equal(bsg_cbor_reader_end(&r, NULL), depth <= 8 ? BSG_OK : BSG_E_LIMIT);
		}
		memset(bytes, openers[i], sizeof(bytes));
		struct bsg_cbor_reader r;

		bsg_cbor_reader_init(&r, (struct bsg_bytes){ bytes, sizeof(bytes) });
		bsg_cbor_skip(&r);
		assert_int_equal(bsg_cbor_reader_end(&r, NULL), BSG_E_LIMIT);
	}
}

static const struct id_case { const char *text; bool ok; } ids[] = {
	{ "house", true }, { "a", true }, { "0", true }, { "-", true }, { "north-2", true },
	{ "0123456789012345678901234567890123456789", true },
	{ "01234567890123456789012345678901234567890", false },
	{ "", false }, { "House", false }, { "a b", false }, { "a_b", false }, { "a@2", false },
	{ "a.b", false }, { "\xd2\x9b", false }, { "a/b", false }, { "a:b", false }, { "`", false }, { "{", false },
};

static void an_identifier_is_what_w8_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct bsg_str id = { ids[i].text, strlen(ids[i].text) };
		struct bsg_cbor_writer w;
		struct bsg_bytes out;
		uint8_t buf[64];

		if (bsg_wire_is_id(id) != ids[i].ok)
			fail_msg("'%s'", ids[i].text);
		bsg_cbor_writer_init(&w, buf, sizeof(buf));
		bsg_cbor_put_id(&w, id);
		assert_int_equal(bsg_cbor_writer_end(&w, &out), ids[i].ok ? BSG_OK : BSG_E_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_take_their_shortest_form),
		cmocka_unit_test(no_head_but_the_allowed_ones_begins_an_item),
		cmocka_unit_test(a_number_past_64_bits_signed_is_refused),
		cmocka_unit_test(a_string_longer_than_all_memory_ends_too_early),
		cmocka_unit_test(the_first_failure_stays),
		cmocka_unit_test(what_is_skipped_is_at_most_eight_deep),
		cmocka_unit_test(an_identifier_is_what_w8_says),
	};

	return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
