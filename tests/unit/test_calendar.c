/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for schedule/calendar.h, the inside of `bosaga-calendar`, without its process. S3... are rules of docs/spec/schedule.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schedule/calendar.h"
#include "scratch.h"

#define HEAD "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n"
#define TAIL "END:VEVENT\nEND:VCALENDAR\n"
#define GOOD HEAD "DTSTART:20250106T090000Z\nDURATION:PT1H\n" TAIL
#define FLOATING HEAD "DTSTART:20250106T090000\nDURATION:PT1H\n" TAIL
#define USAGE "0 usage: bosaga-calendar FROM UNTIL [ZONE] < FILE.ics, Unix seconds, whole minutes\n"

/* ---- S5: the program's arguments and answers ------------------------------------------ */

static const struct call {
	const char *name, *arguments[4], *input;
	int status;
	const char *output;
} calls[] = {
	{ "windows", { "1736121600", "1736208000" }, GOOD, BSG_CALENDAR_OK, "1736154000 1736157600\n" },
	{ "a zone", { "1736121600", "1736208000", "Asia/Almaty" }, FLOATING, BSG_CALENDAR_OK, "1736136000 1736139600\n" },
	{ "refused", { "1736121600", "1736208000" }, "hello\n", BSG_CALENDAR_REFUSED,
	  "1 \"hello\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one\n" },
	{ "no zone", { "1736121600", "1736208000" }, FLOATING, BSG_CALENDAR_NO_ZONE,
	  "4 DTSTART has no zone: give the place a timezone, or write TZID or UTC here\n" },
	{ "an unknown zone", { "1736121600", "1736208000", "Asia/Nowhere" }, GOOD, BSG_CALENDAR_USAGE, "0 zone \"Asia/Nowhere\" is unknown\n" },
	{ "no arguments", { NULL }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "one argument", { "1736121600" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "too many", { "1736121600", "1736208000", "UTC", "x" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "no number", { "now", "1736208000" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "a number and more", { "1736121600x", "1736208000" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "a number beyond all numbers", { "0", "99999999999999999999999" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "a sign", { "-60", "0" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "seconds", { "1736121601", "1736208000" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "backwards", { "1736208000", "1736121600" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
	{ "801 days", { "0", "69206400" }, GOOD, BSG_CALENDAR_USAGE, USAGE },
};

static int call(const struct call *c, char *output, size_t size)
{
	const char *argv[6] = { "bosaga-calendar" };
	char *input = strdup(c->input);
	int argc = 1, status;
	FILE *in, *out;

	assert_non_null(input);
	memset(output, 0, size);
	while (argc < 5 && c->arguments[argc - 1] != NULL) {
		argv[argc] = c->arguments[argc - 1];
		argc++;
	}
	in = fmemopen(input, strlen(input), "r");
	out = fmemopen(output, size, "w");
	assert_true(in != NULL && out != NULL);
	status = bsg_calendar_program(argc, argv, in, out);
	fclose(in);
	fclose(out);
	free(input);
	return status;
}

static void S5_the_program_answers_in_lines_and_by_its_status(void **state)
{
	char output[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const int status = call(&calls[i], output, sizeof(output));

		if (status != calls[i].status || strcmp(output, calls[i].output) != 0)
			fail_msg("%s: %d, %s", calls[i].name, status, output);
	}
}

static void S5_an_answer_that_cannot_be_written_is_no_success(void **state)
{
	static const char *const argv[] = { "bosaga-calendar", "1736121600", "1736208000" };
	char input[] = GOOD;
	FILE *in = fmemopen(input, strlen(input), "r"), *out = fopen("/dev/full", "we");

	(void)state;
	assert_true(in != NULL && out != NULL);
	assert_int_equal(bsg_calendar_program(3, argv, in, out), BSG_CALENDAR_LIMIT);
	fclose(in);
	fclose(out);
}

/* ---- tzdata --------------------------------------------------------------------------- */

static enum bsg_err expand(const char *ics, const char *zone, const char *zoneinfo, struct bsg_schedule_mistake *mistake)
{
	const struct bsg_calendar_ask ask = { 1736121600, 1736208000, zone, zoneinfo };
	struct bsg_schedule schedule;
	const enum bsg_err rc = bsg_calendar_expand(ics, strlen(ics), &ask, &schedule, mistake);

	bsg_schedule_free(&schedule);
	return rc;
}

static void S3_without_tzdata_it_is_unavailable(void **state)
{
	struct bsg_schedule_mistake mistake;

	(void)state;
	assert_int_equal(expand(GOOD, NULL, "/nonexistent", &mistake), BSG_E_UNAVAILABLE);
	assert_non_null(strstr(mistake.text, "time zones are unknown: install the package tzdata"));
}

/* glibc reads a zone without data as UTC, without a word. */
static void S20_a_zone_without_data_is_not_read_as_UTC(void **state)
{
	static const char tzdata[] = "Z Asia/Almaty 5 - +05\nZ Asia/Broken 5 - +05\n";
	struct bsg_schedule_mistake mistake;

	(void)state;
	scratch_write("tzdata.zi", tzdata, strlen(tzdata));
	assert_int_equal(scratch_run("mkdir Asia && echo hello >Asia/Broken"), 0);
	assert_int_equal(expand(FLOATING, "Asia/Almaty", scratch_dir(), &mistake), BSG_E_UNAVAILABLE);
	assert_non_null(strstr(mistake.text, "no data for Asia/Almaty in "));
	assert_int_equal(expand(FLOATING, "Asia/Broken", scratch_dir(), &mistake), BSG_E_UNAVAILABLE);
	assert_int_equal(expand(HEAD "DTSTART;TZID=Asia/Almaty:20250106T090000\nDURATION:PT1H\n" TAIL, NULL, scratch_dir(), &mistake),
			 BSG_E_INVALID);
	assert_int_equal(mistake.line, 4);
	assert_string_equal(mistake.text, "this machine has no data for Asia/Almaty: use its newer name, or install tzdata-legacy");
	assert_int_equal(expand(GOOD, NULL, scratch_dir(), &mistake), BSG_OK);
}

/* What the machine's own zone is must not matter, and is put back. */
static void S23_the_machine_s_zone_does_not_matter(void **state)
{
	static const char *const zones[] = { "Asia/Almaty", "UTC", "America/New_York" };
	const struct bsg_calendar_ask ask = { 1736121600, 1736208000, "Asia/Almaty", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		struct bsg_schedule_mistake mistake;
		struct bsg_schedule schedule;

		assert_int_equal(setenv("TZ", zones[i], 1), 0);
		assert_int_equal(bsg_calendar_expand(FLOATING, strlen(FLOATING), &ask, &schedule, &mistake), BSG_OK);
		assert_int_equal(schedule.windows[0].from, 1736136000);
		bsg_schedule_free(&schedule);
	}
	unsetenv("TZ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(S5_the_program_answers_in_lines_and_by_its_status),
		cmocka_unit_test(S5_an_answer_that_cannot_be_written_is_no_success),
		cmocka_unit_test(S3_without_tzdata_it_is_unavailable),
		cmocka_unit_test(S20_a_zone_without_data_is_not_read_as_UTC),
		cmocka_unit_test(S23_the_machine_s_zone_does_not_matter),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
