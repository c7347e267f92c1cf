/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for wire/exitcode.h and wire/base45.h: what people type and cameras read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "wire/base45.h"
#include "wire/exitcode.h"

/*
 * RFC 6238, appendix B, SHA-256: the MACs of its six times under the key
 * "12345678901234567890123456789012", computed apart from our code.
 */
static const struct totp { int64_t utc, step; uint8_t mac[32]; const char *code; } totps[] = {
	{ INT64_C(59), INT64_C(1),
	  { 0x39, 0x25, 0x14, 0xc9, 0xdd, 0x41, 0x65, 0xd4, 0x70, 0x94, 0x56, 0x06, 0x2c, 0x78, 0xe0, 0x4e,
	    0x16, 0xe6, 0x87, 0x18, 0x51, 0x59, 0x51, 0x33, 0x3b, 0xdb, 0x8b, 0x26, 0xca, 0xa3, 0x05, 0x3c },
	  "46119246" },
	{ INT64_C(1111111109), INT64_C(37037036),
	  { 0x4e, 0xed, 0x72, 0x98, 0x64, 0x52, 0x5d, 0x77, 0x13, 0x26, 0xc6, 0x04, 0x9b, 0xc8, 0x85, 0x62,
	    0x9f, 0xb8, 0x81, 0x3e, 0xbb, 0x41, 0x7e, 0x57, 0x04, 0xdf, 0x02, 0x35, 0x87, 0x93, 0xf0, 0x56 },
	  "68084774" },
	{ INT64_C(1111111111), INT64_C(37037037),
	  { 0xcb, 0x48, 0xf7, 0xef, 0x5c, 0xd9, 0x8f, 0x6d, 0x7b, 0xfc, 0xb3, 0x1a, 0xe7, 0x45, 0x8f, 0xf6,
	    0x92, 0xa0, 0x15, 0x77, 0x62, 0x05, 0xde, 0x7e, 0x1a, 0xbf, 0xff, 0x29, 0xd6, 0xd4, 0x8a, 0x9d },
	  "67062674" },
	{ INT64_C(1234567890), INT64_C(41152263),
	  { 0x3b, 0xef, 0xb8, 0x82, 0x1c, 0xae, 0xf9, 0xdf, 0x4e, 0x05, 0x79, 0x0d, 0xa0, 0x96, 0x61, 0x63,
	    0xf4, 0xe3, 0x8f, 0xee, 0xe7, 0xf7, 0x1f, 0xcd, 0x28, 0x9c, 0x3d, 0xe4, 0x8d, 0x34, 0x86, 0xd9 },
	  "91819424" },
	{ INT64_C(2000000000), INT64_C(66666666),
	  { 0xa4, 0xe8, 0xea, 0xbb, 0xe5, 0x49, 0xad, 0xfa, 0x65, 0x40, 0x89, 0x45, 0xa9, 0x28, 0x2c, 0xb9,
	    0x3f, 0x39, 0x4f, 0x06, 0xc0, 0xd4, 0xf1, 0x22, 0x26, 0x09, 0x63, 0x64, 0x1b, 0xc3, 0xab, 0xe2 },
	  "90698825" },
	{ INT64_C(20000000000), INT64_C(666666666),
	  { 0x13, 0x63, 0xcc, 0x0e, 0xe3, 0x55, 0x7f, 0x09, 0x2e, 0x5b, 0x55, 0xea, 0x3d, 0xdb, 0x06, 0xbc,
	    0xd2, 0x0f, 0x06, 0x3c, 0xe3, 0x93, 0xcc, 0xf6, 0x70, 0x05, 0x9e, 0x3c, 0xa4, 0x49, 0x41, 0xf8 },
	  "77737706" },
};

static void codes_are_those_of_rfc_6238(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(totps) / sizeof(totps[0]); i++) {
		char code[BSG_EXIT_CODE_DIGITS + 1];

		assert_true(bsg_exit_code_step(totps[i].utc) == totps[i].step);
		bsg_exit_code_truncate(totps[i].mac, code);
		assert_string_equal(code, totps[i].code);
		assert_true(bsg_exit_code_is_code(code));
	}
}

static void the_message_is_the_step_in_eight_bytes(void **state)
{
	static const uint8_t want[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	uint8_t out[8];

	(void)state;
	bsg_exit_code_message(INT64_C(0x0123456789abcdef), out);
	assert_memory_equal(out, want, 8);
}

/* Every offset that the last byte can name, and the sign bit that is masked. */
static void truncation_stays_inside_the_mac(void **state)
{
	(void)state;
	for (unsigned offset = 0; offset < 16; offset++) {
		uint8_t *mac = calloc(1, 32);	/* a sanitizer sees a read past it */
		char code[9];

		mac[31] = (uint8_t)(0xf0 | offset);
		mac[offset] = 0x80;
		mac[offset + 3] |= 7;
		bsg_exit_code_truncate(mac, code);
		assert_string_equal(code, "00000007");
		free(mac);
	}
}

/* W60: the day is that of the step's beginning. */
static void a_step_belongs_to_the_day_it_begins_in(void **state)
{
	const int64_t midnight = INT64_C(20542) * 86400;

	(void)state;
	assert_int_equal(bsg_exit_code_day(bsg_exit_code_step(midnight)), 20542);
	assert_int_equal(bsg_exit_code_day(bsg_exit_code_step(midnight - 1)), 20541);
	assert_int_equal(bsg_exit_code_day(bsg_exit_code_step(midnight + 86399)), 20542);
	assert_int_equal(bsg_exit_code_step(midnight + 29), bsg_exit_code_step(midnight));
	assert_int_equal(bsg_exit_code_step(midnight + 30), bsg_exit_code_step(midnight) + 1);
	assert_int_equal(bsg_exit_code_step(-5), 0);
	assert_int_equal(bsg_exit_code_day(-1), 0);
}

static void codes_compare_by_all_their_digits(void **state)
{
	(void)state;
	assert_true(bsg_exit_code_equal("12345678", "12345678"));
	for (size_t i = 0; i < BSG_EXIT_CODE_DIGITS; i++) {
		char other[] = "12345678";

		other[i] ^= 1;
		assert_false(bsg_exit_code_equal("12345678", other));
		assert_false(bsg_exit_code_equal(other, "12345678"));
	}
}

static void only_eight_digits_are_a_code(void **state)
{
	static const char *const none[] = { "", "1", "1234567", "123456789", "1234567a", " 1234567", "1234567 ", "-1234567",
					    "12:45678", "12/45678", "\xd9\xa1-34567" };

	(void)state;
	assert_true(bsg_exit_code_is_code("00000000"));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(bsg_exit_code_is_code(none[i]));
}

/* From RFC 9285, section 4.3 and 4.4. */
static const struct b45 { const char *bytes, *text; } b45s[] = {
	{ "AB", "BB8" }, { "Hello!!", "%69 VD92EX0" }, { "base-45", "UJCLQE7W581" }, { "ietf!", "QED8WEX0" }, { "", "" },
};

static void base45_is_that_of_rfc_9285(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(b45s) / sizeof(b45s[0]); i++) {
		struct bsg_bytes in = { (const uint8_t *)b45s[i].bytes, strlen(b45s[i].bytes) };
		size_t want = strlen(b45s[i].text), len;
		char text[32];
		uint8_t back[32];

		assert_int_equal(BSG_BASE45_LEN(in.len), want);
		assert_int_equal(bsg_base45_encode(in, text, want, &len), BSG_OK);
		assert_int_equal(len, want);
		assert_memory_equal(text, b45s[i].text, want);
		assert_int_equal(bsg_base45_decode((struct bsg_str){ text, len }, back, in.len, &len), BSG_OK);
		assert_int_equal(len, in.len);
		assert_memory_equal(back, in.ptr, len);
		if (want == 0)
			continue;
		assert_int_equal(bsg_base45_encode(in, text, want - 1, &len), BSG_E_LIMIT);
		assert_int_equal(len, 0);
		assert_int_equal(bsg_base45_decode((struct bsg_str){ b45s[i].text, want }, back, in.len - 1, &len), BSG_E_LIMIT);
		assert_int_equal(len, 0);
	}
}

static void every_pair_of_bytes_survives_base45(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 65536; value++) {
		uint8_t in[2] = { (uint8_t)(value >> 8), (uint8_t)value }, out[2];
		char text[3];
		size_t len;

		assert_int_equal(bsg_base45_encode((struct bsg_bytes){ in, 2 }, text, 3, &len), BSG_OK);
		assert_int_equal(bsg_base45_decode((struct bsg_str){ text, len }, out, 2, &len), BSG_OK);
		assert_true(len == 2 && out[0] == in[0] && out[1] == in[1]);
	}
}

/* W70. "::" is past 255 and ":::" past 65535; "GGW" is the first past 65535 (RFC 9285, section 6). */
static void what_base45_never_writes_is_refused(void **state)
{
	static const char *const bad[] = { "A", "BB8A", "bb8", "BB,", "B\n8", "::", ":::", "GGW", "V5", "BB8\xff\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t out[8];
		size_t len = 1;

		if (bsg_base45_decode((struct bsg_str){ bad[i], strlen(bad[i]) }, out, sizeof(out), &len) != BSG_E_INVALID)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_those_of_rfc_6238),
		cmocka_unit_test(the_message_is_the_step_in_eight_bytes),
		cmocka_unit_test(truncation_stays_inside_the_mac),
		cmocka_unit_test(a_step_belongs_to_the_day_it_begins_in),
		cmocka_unit_test(codes_compare_by_all_their_digits),
		cmocka_unit_test(only_eight_digits_are_a_code),
		cmocka_unit_test(base45_is_that_of_rfc_9285),
		cmocka_unit_test(every_pair_of_bytes_survives_base45),
		cmocka_unit_test(what_base45_never_writes_is_refused),
	};

	return cmocka_run_group_tests_name("codes", tests, NULL, NULL);
}
