/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for base/hex.h, base64.h, id.h, texthash.h and timetext.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/id.h"
#include "base/texthash.h"
#include "base/timetext.h"

/* The values of the hash's authors: what is stored by it must not change. */
static void a_text_has_one_hash(void **state)
{
	(void)state;
	assert_int_equal(bsg_text_hash(""), 0x811c9dc5);
	assert_int_equal(bsg_text_hash("a"), 0xe40c292c);
	assert_int_equal(bsg_text_hash("foobar"), 0xbf9cf968);
	assert_int_not_equal(bsg_text_hash("\xd0\xb1"), bsg_text_hash("\xd0\xb2"));
}

static void hex_goes_there_and_back(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x7f, 0x80, 0xff };
	uint8_t back[4];
	char text[9];
	size_t len;

	(void)state;
	bsg_hex_encode(bytes, sizeof(bytes), text);
	assert_string_equal(text, "007f80ff");
	assert_int_equal(bsg_hex_decode("007F80ff", 8, back, 4, &len, NULL), BSG_OK);
	assert_int_equal(len, 4);
	assert_memory_equal(back, bytes, 4);
	assert_int_equal(bsg_hex_decode("", 0, back, 0, &len, NULL), BSG_OK);
}

static void broken_hex_is_refused(void **state)
{
	struct bsg_error err;
	uint8_t out[2];
	size_t len = 99;

	(void)state;
	assert_int_equal(bsg_hex_decode("abc", 3, out, 2, &len, &err), BSG_E_INVALID);
	assert_int_equal(bsg_hex_decode("0g", 2, out, 2, &len, &err), BSG_E_INVALID);
	assert_int_equal(bsg_hex_decode("g0", 2, out, 2, &len, &err), BSG_E_INVALID);
	assert_int_equal(bsg_hex_decode("000000", 6, out, 2, &len, &err), BSG_E_LIMIT);
	assert_int_equal(len, 0);
}

/* RFC 4648 section 10. */
static const struct { const char *plain, *text; } base64_vectors[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
};

static void base64_agrees_with_its_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(base64_vectors) / sizeof(base64_vectors[0]); i++) {
		const char *plain = base64_vectors[i].plain;
		const char *text = base64_vectors[i].text;
		struct bsg_buf buf;
		uint8_t back[16];
		size_t len;

		bsg_buf_init(&buf, 64);
		bsg_base64_encode((const uint8_t *)plain, strlen(plain), 0, &buf);
		assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_OK);
		assert_string_equal((char *)buf.data, text);
		assert_int_equal(bsg_base64_decode(text, strlen(text), back, sizeof(back), &len, NULL),
				 BSG_OK);
		assert_int_equal(len, strlen(plain));
		assert_memory_equal(back, plain, len);
		bsg_buf_free(&buf);
	}
}

static void base64_may_be_broken_into_lines(void **state)
{
	struct bsg_buf buf;
	uint8_t back[16];
	size_t len;

	(void)state;
	bsg_buf_init(&buf, 64);
	bsg_base64_encode((const uint8_t *)"foobar", 6, 4, &buf);
	assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_OK);
	assert_string_equal((char *)buf.data, "Zm9v\nYmFy\n");
	bsg_buf_clear(&buf);
	bsg_base64_encode((const uint8_t *)"foobarf", 7, 6, &buf);	/* two groups a line, and the last one is shorter */
	assert_string_equal((char *)buf.data, "Zm9vYmFy\nZg==\n");
	assert_int_equal(bsg_base64_decode("Zm9v\r\n Ym\tFy\n", 13, back, 16, &len, NULL), BSG_OK);
	assert_memory_equal(back, "foobar", 6);
	bsg_buf_free(&buf);
	bsg_buf_init(&buf, 9);
	bsg_base64_encode((const uint8_t *)"foobar", 6, 4, &buf);
	assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_E_LIMIT);
	bsg_buf_free(&buf);
}

static void broken_base64_is_refused(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "Zh==", "Zm9=",
		"Z===", "====", "=", "Zm9v=", "Zm9v====", "Zm-v", "Zm9v\x80", "Zg=a", "Zg==a" };
	uint8_t out[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bsg_base64_decode(bad[i], strlen(bad[i]), out, sizeof(out), &len, NULL) !=
		    BSG_E_INVALID)
			fail_msg("accepted '%s'", bad[i]);
	assert_int_equal(bsg_base64_decode("Zm9v", 4, out, 2, &len, NULL), BSG_E_LIMIT);
	assert_int_equal(bsg_base64_decode("Zm9v", 4, out, 3, &len, NULL), BSG_OK);
}

static void base64url_has_no_padding_and_its_own_two_characters(void **state)
{
	static const uint8_t bytes[] = { 0xfb, 0xff, 0xbf, 0x3e, 0xfe };
	static const char *const bad[] = { "Z", "Zm9vZ", "Zg==", "Zm+v", "Zm/v", "Zm 9v", "Zh", "Zm9" };
	struct bsg_buf buf;
	uint8_t back[16];
	size_t len;

	(void)state;
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		static const char *const texts[] = { "", "-w", "-_8", "-_-_", "-_-_Pg", "-_-_Pv4" };

		bsg_buf_init(&buf, 64);
		bsg_base64url_encode(bytes, n, &buf);
		assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_OK);
		assert_string_equal((char *)buf.data, texts[n]);
		assert_int_equal(bsg_base64url_decode(texts[n], strlen(texts[n]), back, sizeof(back), &len, NULL), BSG_OK);
		assert_int_equal(len, n);
		assert_memory_equal(back, bytes, n);
		bsg_buf_free(&buf);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bsg_base64url_decode(bad[i], strlen(bad[i]), back, sizeof(back), &len, NULL) != BSG_E_INVALID)
			fail_msg("accepted '%s'", bad[i]);
	assert_int_equal(bsg_base64url_decode("Zm9v", 4, back, 2, &len, NULL), BSG_E_LIMIT);
}

static void names_have_one_shape(void **state)
{
	char name[BSG_NAME_MAX + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[BSG_NAME_MAX] = '\0';
	assert_true(bsg_id_is_name(name));
	name[BSG_NAME_MAX] = 'a';
	name[BSG_NAME_MAX + 1] = '\0';
	assert_false(bsg_id_is_name(name));
	assert_true(bsg_id_is_name("north-2"));
	assert_false(bsg_id_is_name(""));
	assert_false(bsg_id_is_name(NULL));
	assert_false(bsg_id_is_name("North"));
	assert_false(bsg_id_is_name("a_b"));
	assert_false(bsg_id_is_name("a/b"));
	assert_false(bsg_id_is_name("\xd0\xb0"));
	assert_true(bsg_id_is_device("0123456789abcdef0123456789abcdef"));
	assert_false(bsg_id_is_device("0123456789abcdef0123456789abcde"));
	assert_false(bsg_id_is_device("0123456789abcdef0123456789abcdef0"));
	assert_false(bsg_id_is_device("0123456789ABCDEF0123456789abcdef"));
	assert_false(bsg_id_is_device(NULL));
	assert_true(bsg_id_is_uuid("e31097b1-3d8c-45e1-b8ed-bf94209100ff"));
	assert_false(bsg_id_is_uuid("e31097b1-3d8c-45e1-b8ed-bf94209100fg"));
	assert_false(bsg_id_is_uuid("e31097b13d8c-45e1-b8ed-bf94209100fff"));
}

static void only_text_that_can_be_shown_is_text(void **state)
{
	static const char *const good[] = { "", "Бosağa", "Министрліктер үйі", "\xf0\x9f\x9a\xaa" };
	static const char *const bad[] = { "\n", "a\x7f", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xc2", "\xc2\x80", "\xe2\x80\xae", "\xe2\x80\xa8", "\xff", "\xe1\x80", "\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(bsg_text_is_shown(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(bsg_text_is_shown(bad[i], strlen(bad[i])));
	assert_false(bsg_text_is_shown("a\0b", 3));
}

static const struct { const char *text; int64_t utc; } times[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-11-23T22:00:00Z", 1795471200 },
	{ "2024-02-29T23:59:59Z", 1709251199 },
	{ "2000-03-01T00:00:00Z", 951868800 },
	{ "9999-12-31T23:59:59Z", 253402300799 },
};

static void times_go_there_and_back(void **state)
{
	char text[BSG_TIME_SIZE];
	int64_t utc;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		bsg_time_format(times[i].utc, text);
		assert_string_equal(text, times[i].text);
		assert_int_equal(bsg_time_parse(text, strlen(text), &utc, NULL), BSG_OK);
		assert_int_equal(utc, times[i].utc);
	}
}

static void every_day_of_four_centuries_goes_there_and_back(void **state)
{
	char text[BSG_TIME_SIZE];
	int64_t back;

	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		int64_t utc = day * 86400 + (day * 7919) % 86400;

		bsg_time_format(utc, text);
		assert_int_equal(bsg_time_parse(text, strlen(text), &back, NULL), BSG_OK);
		assert_int_equal(back, utc);
	}
}

static const struct { const char *text; int64_t utc; } readable_times[] = {
	{ "2026-11-24T03:00:00+05:00", 1795471200 }, { "2026-11-23T17:30:00-04:30", 1795471200 },
	{ "2026-11-23t22:00:00z", 1795471200 }, { "2026-11-23 22:00:00Z", 1795471200 },
	{ "2026-11-23T22:00:00.999Z", 1795471200 }, { "2016-12-31T23:59:60Z", 1483228799 },
	{ "1970-01-01T00:00:00-00:00", 0 },
};

static void times_are_read_as_the_rfc_allows(void **state)
{
	int64_t utc;

	(void)state;
	for (size_t i = 0; i < sizeof(readable_times) / sizeof(readable_times[0]); i++) {
		const char *text = readable_times[i].text;

		if (bsg_time_parse(text, strlen(text), &utc, NULL) != BSG_OK)
			fail_msg("refused %s", text);
		assert_int_equal(utc, readable_times[i].utc);
	}
}

static void broken_times_are_refused(void **state)
{
	static const char *const bad[] = { "", "2026", "2026-11-23", "2026-11-23T22:00:00",
		"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+0500", "1969-12-31T23:59:59Z", "+026-01-01T00:00:00Z",
		"1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01" };
	struct bsg_error err;
	int64_t utc;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bsg_time_parse(bad[i], strlen(bad[i]), &utc, &err) != BSG_E_INVALID)
			fail_msg("accepted '%s'", bad[i]);
}

static void http_dates_go_there_and_back(void **state)
{
	const char *bad[] = { "Tue, 23 Nov 2026 22:00:00 GMT", "Mon, 23 Nov 2026 22:00:00 UTC",
		"Mon, 23 Nov 2026 22:00:00 GMT ", "Mon, 31 Feb 2026 22:00:00 GMT",
		"Mon, 23 Nox 2026 22:00:00 GMT", "Wed, 31 Dec 1969 00:00:00 GMT", "" };
	char text[BSG_TIME_HTTP_SIZE];
	int64_t utc;

	(void)state;
	bsg_time_format_http(1795471200, text);
	assert_string_equal(text, "Mon, 23 Nov 2026 22:00:00 GMT");
	for (int64_t day = 0; day < 3000; day += 11) {
		bsg_time_format_http(day * 86400 + 12345, text);
		assert_int_equal(bsg_time_parse_http(text, strlen(text), &utc, NULL), BSG_OK);
		assert_int_equal(utc, day * 86400 + 12345);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bsg_time_parse_http(bad[i], strlen(bad[i]), &utc, NULL), BSG_E_INVALID);
}

static void durations_go_there_and_back(void **state)
{
	static const struct { const char *text; int64_t seconds; const char *again; } rows[] = {
		{ "90s", 90, "90s" }, { "3m", 180, "3m" }, { "14h", 50400, "14h" },
		{ "2d", 172800, "2d" }, { "24h", 86400, "1d" }, { "0s", 0, "0s" }, { "0d", 0, "0s" },
		{ "36500d", 3153600000, "36500d" },
	};
	static const char *const bad[] = { "", "3", "m", "3 m", "-3m", "3M", "3mm", "1h30m", "36501d",
		"99999999999999999999s", "3.5h" };
	char again[BSG_DURATION_SIZE];
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(bsg_duration_parse(rows[i].text, strlen(rows[i].text), &seconds, NULL),
				 BSG_OK);
		assert_int_equal(seconds, rows[i].seconds);
		bsg_duration_format(seconds, again);
		assert_string_equal(again, rows[i].again);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bsg_duration_parse(bad[i], strlen(bad[i]), &seconds, NULL) != BSG_E_INVALID)
			fail_msg("accepted '%s'", bad[i]);
}

static void a_time_for_people_is_in_the_zone_of_the_process(void **state)
{
	static const struct {
		const char *zone, *text;
	} zones[] = {
		{"UTC", "2026-11-26 05:31 UTC"}, {"Asia/Almaty", "2026-11-26 10:31 UTC+5"}, {"Asia/Kathmandu", "2026-11-26 11:16 UTC+5:45"},
		{"America/St_Johns", "2026-11-26 02:01 UTC-3:30"},
	};
	char text[BSG_TIME_LOCAL_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		assert_int_equal(setenv("TZ", zones[i].zone, 1), 0);
		tzset();
		bsg_time_format_local(1795671060, text);
		assert_string_equal(text, zones[i].text);
	}
	bsg_time_format_local(INT64_MIN, text);
	bsg_time_format_local(INT64_MAX, text);
	unsetenv("TZ");
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_has_one_hash),
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(broken_hex_is_refused),
		cmocka_unit_test(base64_agrees_with_its_rfc),
		cmocka_unit_test(base64_may_be_broken_into_lines),
		cmocka_unit_test(broken_base64_is_refused),
		cmocka_unit_test(base64url_has_no_padding_and_its_own_two_characters),
		cmocka_unit_test(names_have_one_shape),
		cmocka_unit_test(only_text_that_can_be_shown_is_text),
		cmocka_unit_test(times_go_there_and_back),
		cmocka_unit_test(every_day_of_four_centuries_goes_there_and_back),
		cmocka_unit_test(times_are_read_as_the_rfc_allows),
		cmocka_unit_test(broken_times_are_refused),
		cmocka_unit_test(http_dates_go_there_and_back),
		cmocka_unit_test(durations_go_there_and_back),
		cmocka_unit_test(a_time_for_people_is_in_the_zone_of_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
