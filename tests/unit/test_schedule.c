/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for schedule/schedule.h: calendars through `bosaga-calendar`. S1... are rules of docs/spec/schedule.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "schedule/schedule.h"

#define DAY INT64_C(86400)

/* An event's own lines are from line 4 on. */
#define HEAD "BEGIN:VCALENDAR\nVERSION:2.0\n"
#define TAIL "END:VCALENDAR\n"
#define EVENT(lines) "BEGIN:VEVENT\n" lines "END:VEVENT\n"
#define CAL(lines) HEAD EVENT(lines) TAIL
#define MORNING "DTSTART:20250106T090000Z\nDTEND:20250106T120000Z\n"	/* a Monday */
#define ALMATY "DTSTART;TZID=Asia/Almaty:20250106T090000\nDURATION:PT9H30M\n"

/* 20250131T0900, UTC */
static int64_t utc(const char *text)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(text, "%Y%m%dT%H%M", &tm));
	return timegm(&tm);
}

/* "20250131T0900/20250131T1830 ..." */
static void text_of(const struct bsg_schedule *schedule, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < schedule->n && strlen(out) + 40 < size; i++) {
		const int64_t times[] = { schedule->windows[i].from, schedule->windows[i].until };

		for (int k = 0; k < 2; k++) {
			struct tm tm;
			time_t t = times[k];

			assert_int_equal(t % 60, 0);
			gmtime_r(&t, &tm);
			strftime(out + strlen(out), size - strlen(out), k == 0 ? (i == 0 ? "%Y%m%dT%H%M/" : " %Y%m%dT%H%M/") :
				 "%Y%m%dT%H%M", &tm);
		}
	}
}

/* ---- what calendars mean ---------------------------------------------------------- */

struct meaning {
	const char *name, *ics, *zone, *from, *until, *windows;
};

static const struct meaning meanings[] = {
	{ "S1 an event inside the span", CAL(MORNING), NULL, "20250101T0000", "20250201T0000", "20250106T0900/20250106T1200" },
	{ "S1 cut to the span, which is half-open", CAL(MORNING), NULL, "20250106T1000", "20250106T1100", "20250106T1000/20250106T1100" },
	{ "S1 the span begins where the event ends", CAL(MORNING), NULL, "20250106T1200", "20250107T0000", "" },
	{ "S1 the span ends where the event begins", CAL(MORNING), NULL, "20250106T0000", "20250106T0900", "" },
	{ "S1 an empty span", CAL(MORNING), NULL, "20250106T1000", "20250106T1000", "" },
	{ "S1 touching and overlapping events are one window, in any order",
	  HEAD EVENT("DTSTART:20250106T120000Z\nDURATION:PT1H\n") EVENT(MORNING)
	  EVENT("DTSTART:20250106T110000Z\nDURATION:PT30M\n") EVENT("DTSTART:20250106T140000Z\nDURATION:PT1M\n") TAIL, NULL,
	  "20250101T0000", "20250201T0000", "20250106T0900/20250106T1300 20250106T1400/20250106T1401" },
	{ "S10 CRLF, folds, byte order mark, empty lines, no last line end",
	  "\xef\xbb\xbf" "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:\xd0\r\n \x96\r\nDTS\r\n\tTART:2025010\r\n 6T090000Z\r\n"
	  "DURATION:PT1H\r\nEND:VEVENT\r\n\r\nEND:VCALENDAR", NULL, "20250101T0000", "20250201T0000", "20250106T0900/20250106T1000" },
	{ "S11 names and enumerations in any case, quoted parameters",
	  "begin:vcalendar\nversion:2.0\nbegin:vevent\ndtstart;x-a=\"b;c:d\";tzid=\"Asia/Almaty\":20250106T090000\nduration:PT1H\n"
	  "rrule:freq=daily;count=1\nend:Vevent\nend:vcalendar\n", NULL, "20250101T0000", "20250201T0000", "20250106T0400/20250106T0500" },
	{ "S13 what says nothing about when",
	  "BEGIN:VCALENDAR\nPRODID:x\nVERSION:2.0\nCALSCALE:GREGORIAN\nMETHOD:REQUEST\nX-WR-TIMEZONE:Europe/Berlin\n"
	  EVENT("DTSTART:20250106T090000\nDURATION:PT1H\nTRANSP:TRANSPARENT\nX-FOO;BAR=1:2\n") TAIL, "Asia/Almaty",
	  "20250101T0000", "20250201T0000", "20250106T0400/20250106T0500" },
	{ "S14 an alarm's times are not the event's",
	  CAL(MORNING "BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT5M\nRDATE:x\nEND:VALARM\nBEGIN:X-A\nBEGIN:X-B\nEND:X-B\nEND:X-A\n"), NULL,
	  "20250101T0000", "20250201T0000", "20250106T0900/20250106T1200" },
	{ "S15 cancelled events have no windows",
	  HEAD EVENT("UID:a\n" MORNING "STATUS:CANCELLED\n") EVENT("UID:b\nDTSTART:20250107T090000Z\nDURATION:PT1H\nSTATUS:TENTATIVE\n") TAIL,
	  NULL, "20250101T0000", "20250201T0000", "20250107T0900/20250107T1000" },
	{ "S16 UTC, TZID and floating", HEAD EVENT("DTSTART:20250106T090000Z\nDURATION:PT1H\n")
	  EVENT("DTSTART;TZID=Europe/Berlin:20250107T090000\nDURATION:PT1H\n") EVENT("DTSTART:20250108T090000\nDURATION:PT1H\n") TAIL,
	  "Asia/Almaty", "20250101T0000", "20250201T0000",
	  "20250106T0900/20250106T1000 20250107T0800/20250107T0900 20250108T0400/20250108T0500" },
	{ "S17 a date without end is one day", CAL("DTSTART;VALUE=DATE:20250106\n"), "Asia/Almaty", "20250101T0000", "20250201T0000",
	  "20250105T1900/20250106T1900" },
	{ "S17 DTEND of dates is the day after", CAL("DTSTART;VALUE=DATE:20250106\nDTEND;VALUE=DATE:20250108\n"), "UTC", "20250101T0000",
	  "20250201T0000", "20250106T0000/20250108T0000" },
	{ "S17 a week", CAL("DTSTART;VALUE=DATE:20250106\nDURATION:P1W\n"), "UTC", "20250101T0000", "20250201T0000",
	  "20250106T0000/20250113T0000" },
	{ "S18 DTEND may have another zone", CAL("DTSTART;TZID=Asia/Almaty:20250106T090000\nDTEND;TZID=Europe/Berlin:20250106T090000\n"),
	  NULL, "20250101T0000", "20250201T0000", "20250106T0400/20250106T0800" },
	{ "S19 RDATE adds, EXDATE takes out, also what RDATE added, also DTSTART",
	  CAL(MORNING "RDATE:20250108T090000Z,20250110T090000Z\nRDATE:20250112T090000Z\nEXDATE:20250110T090000Z,20250106T090000Z,20250111T090000Z\n"),
	  NULL, "20250101T0000", "20250201T0000", "20250108T0900/20250108T1200 20250112T0900/20250112T1200" },
	{ "S19 EXDATE in another zone is the same instant", CAL(ALMATY "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20250107T040000Z\n"), NULL,
	  "20250101T0000", "20250201T0000", "20250106T0400/20250106T1330 20250108T0400/20250108T1330" },
	{ "S19 periods", CAL(MORNING "RDATE;VALUE=PERIOD:20250107T090000Z/20250107T093000Z,20250108T090000Z/PT45M\n"), NULL,
	  "20250101T0000", "20250201T0000", "20250106T0900/20250106T1200 20250107T0900/20250107T0930 20250108T0900/20250108T0945" },
	{ "S19 dates", CAL("DTSTART;VALUE=DATE:20250106\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20250107\nRDATE;VALUE=DATE:20250112\n"),
	  "UTC", "20250101T0000", "20250201T0000", "20250106T0000/20250107T0000 20250108T0000/20250110T0000 20250112T0000/20250113T0000" },
	{ "S20 Almaty before and after it moved to +05", CAL("DTSTART;TZID=Asia/Almaty:20240229T090000\nDTEND;TZID=Asia/Almaty:20240229T183000\n"
	  "RRULE:FREQ=DAILY;COUNT=2\n"), NULL, "20240201T0000", "20240401T0000", "20240229T0300/20240229T1230 20240301T0400/20240301T1330" },
	{ "S21 an hour that comes twice: the first", CAL("DTSTART;TZID=Europe/Berlin:20251026T023000\nDURATION:PT10M\n"), NULL,
	  "20251001T0000", "20251101T0000", "20251026T0030/20251026T0040" },
	{ "S21 an hour left out: the offset before", CAL("DTSTART;TZID=Europe/Berlin:20250330T023000\nDURATION:PT10M\n"), NULL,
	  "20250301T0000", "20250401T0000", "20250330T0130/20250330T0140" },
	{ "S22 a night shift by DTEND keeps its exact length",
	  CAL("DTSTART;TZID=Europe/Berlin:20250328T220000\nDTEND;TZID=Europe/Berlin:20250329T060000\nRRULE:FREQ=DAILY;COUNT=3\n"), NULL,
	  "20250301T0000", "20250501T0000", "20250328T2100/20250329T0500 20250329T2100/20250330T0500 20250330T2000/20250331T0400" },
	{ "S22 the same in autumn", CAL("DTSTART;TZID=Europe/Berlin:20251025T220000\nDTEND;TZID=Europe/Berlin:20251026T060000\nRRULE:FREQ=DAILY;COUNT=2\n"),
	  NULL, "20251001T0000", "20251101T0000", "20251025T2000/20251026T0500 20251026T2100/20251027T0600" },
	{ "S22 days of a DURATION are days on the wall",
	  CAL("DTSTART;TZID=Europe/Berlin:20250329T120000\nDURATION:P1D\n"), NULL, "20250301T0000", "20250501T0000",
	  "20250329T1100/20250330T1000" },
	{ "S22 hours of a DURATION are hours", CAL("DTSTART;TZID=Europe/Berlin:20250329T120000\nDURATION:PT24H\n"), NULL, "20250301T0000",
	  "20250501T0000", "20250329T1100/20250330T1100" },
	{ "S22 days first, then hours", CAL("DTSTART;TZID=Europe/Berlin:20250329T013000\nDURATION:P1DT1H\n"), NULL, "20250301T0000",
	  "20250501T0000", "20250329T0030/20250330T0130" },
	{ "S22 a date when clocks change has 23 or 25 hours", CAL("DTSTART;VALUE=DATE:20250330\nRDATE;VALUE=DATE:20251026\n"), "Europe/Berlin",
	  "20250301T0000", "20251101T0000", "20250329T2300/20250330T2200 20251025T2200/20251026T2300" },
	{ "S23 floating times move with the zone asked for", CAL("DTSTART:20250106T090000\nDTEND:20250106T100000\n"), "America/New_York",
	  "20250101T0000", "20250201T0000", "20250106T1400/20250106T1500" },
	{ "S24 S25 a VTIMEZONE that agrees",
	  HEAD "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"
	  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\n"
	  "TZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
	  EVENT("DTSTART;TZID=Europe/Berlin:20250329T030000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n") TAIL, NULL, "20250301T0000",
	  "20250501T0000", "20250329T0200/20250329T0300 20250330T0100/20250330T0200" },
	{ "S24 nobody's VTIMEZONE", HEAD "BEGIN:VTIMEZONE\nTZID:Mars\nBEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETFROM:+0000\n"
	  "TZOFFSETTO:+1234\nEND:STANDARD\nEND:VTIMEZONE\n" EVENT(MORNING) TAIL, NULL, "20250101T0000", "20250201T0000",
	  "20250106T0900/20250106T1200" },
	{ "S25 Almaty at +06 is good before 2024-03-01", HEAD "BEGIN:VTIMEZONE\nTZID:Asia/Almaty\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
	  "TZOFFSETFROM:+0600\nTZOFFSETTO:+0600\nEND:STANDARD\nEND:VTIMEZONE\n"
	  EVENT("DTSTART;TZID=Asia/Almaty:20240105T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\n") TAIL, NULL, "20240220T0000",
	  "20240227T0000", "20240223T0300/20240223T0400" },
	{ "S30 daily, weekly, monthly, yearly",
	  HEAD EVENT("DTSTART:20250101T000000Z\nDURATION:PT1M\nRRULE:FREQ=DAILY;COUNT=2\n")
	  EVENT("DTSTART:20250103T000000Z\nDURATION:PT1M\nRRULE:FREQ=WEEKLY;COUNT=2\n")
	  EVENT("DTSTART:20250131T000000Z\nDURATION:PT1M\nRRULE:FREQ=MONTHLY;COUNT=2\n")
	  EVENT("DTSTART:20240229T000000Z\nDURATION:PT1M\nRRULE:FREQ=YEARLY;COUNT=2\n") TAIL, NULL, "20250101T0000", "20260301T0000",
	  "20250101T0000/20250101T0001 20250102T0000/20250102T0001 20250103T0000/20250103T0001 20250110T0000/20250110T0001 "
	  "20250131T0000/20250131T0001 20250331T0000/20250331T0001" },
	{ "S31 RSCALE=GREGORIAN", CAL(MORNING "RRULE:RSCALE=gregorian;FREQ=DAILY;SKIP=OMIT;COUNT=1\n"), NULL, "20250101T0000",
	  "20250201T0000", "20250106T0900/20250106T1200" },
	{ "S32 COUNT counts what EXDATE takes out", CAL(MORNING "RRULE:FREQ=DAILY;COUNT=2\nEXDATE:20250106T090000Z\n"), NULL, "20250101T0000",
	  "20250201T0000", "20250107T0900/20250107T1200" },
	{ "S32 COUNT counts what was before the span", CAL(MORNING "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3\n"), NULL, "20250107T0000",
	  "20250201T0000", "20250108T0900/20250108T1200 20250110T0900/20250110T1200" },
	{ "S33 UNTIL is inclusive", CAL(MORNING "RRULE:FREQ=DAILY;UNTIL=20250107T090000Z\n"), NULL, "20250101T0000", "20250201T0000",
	  "20250106T0900/20250106T1200 20250107T0900/20250107T1200" },
	{ "S33 UNTIL is compared in the event's zone: one more", CAL(ALMATY "RRULE:FREQ=DAILY;UNTIL=20250107T040000Z\n"), NULL, "20250101T0000",
	  "20250201T0000", "20250106T0400/20250106T1330 20250107T0400/20250107T1330" },
	{ "S33 UNTIL is compared in the event's zone: a minute less", CAL(ALMATY "RRULE:FREQ=DAILY;UNTIL=20250107T035900Z\n"), NULL,
	  "20250101T0000", "20250201T0000", "20250106T0400/20250106T1330" },
	{ "S33 a floating DTSTART with UNTIL in UTC", CAL("DTSTART:20250106T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20250107T035900Z\n"),
	  "Asia/Almaty", "20250101T0000", "20250201T0000", "20250106T0400/20250106T0500" },
	{ "S33 dates", CAL("DTSTART;VALUE=DATE:20250106\nRRULE:FREQ=WEEKLY;UNTIL=20250113\n"), "UTC", "20250101T0000", "20250201T0000",
	  "20250106T0000/20250107T0000 20250113T0000/20250114T0000" },
	{ "S34 the last working day of each month", CAL("DTSTART:20250131T090000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1\n"),
	  NULL, "20250101T0000", "20250401T0000", "20250131T0900/20250131T1000 20250228T0900/20250228T1000 20250331T0900/20250331T1000" },
	{ "S34 WKST decides which two weeks", CAL("DTSTART:19970805T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU\n"),
	  NULL, "19970801T0000", "19971001T0000",
	  "19970805T0900/19970805T1000 19970817T0900/19970817T1000 19970819T0900/19970819T1000 19970831T0900/19970831T1000" },
	{ "S34 days before the end of the month, daily", CAL("DTSTART:20250130T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTHDAY=-2,-1;COUNT=3\n"),
	  NULL, "20250101T0000", "20250401T0000", "20250130T0900/20250130T1000 20250131T0900/20250131T1000 20250227T0900/20250227T1000" },
	{ "S36 weeks that begin behind DTSTART", CAL("DTSTART:20250528T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=FR;BYDAY=SU,WE\n"),
	  NULL, "20250501T0000", "20250612T0000", "20250528T0900/20250528T1000 20250608T0900/20250608T1000 20250611T0900/20250611T1000" },
	{ "S37 twice is once, of two lengths the longer", CAL(MORNING "RRULE:FREQ=DAILY;COUNT=1\nRDATE:20250106T090000Z\n"
	  "RDATE;VALUE=PERIOD:20250106T090000Z/PT4H\n"), NULL, "20250101T0000", "20250201T0000", "20250106T0900/20250106T1300" },
	{ "S40 a moved and a cancelled instance, before and behind their event",
	  HEAD EVENT("UID:a\nRECURRENCE-ID:20250107T090000Z\nDTSTART:20250107T140000Z\nDURATION:PT1H\n")
	  EVENT("UID:a\n" MORNING "RRULE:FREQ=DAILY;COUNT=4\n")
	  EVENT("UID:a\nRECURRENCE-ID;TZID=Asia/Almaty:20250108T140000\nDTSTART:20250108T090000Z\nDURATION:PT1H\nSTATUS:CANCELLED\n") TAIL, NULL,
	  "20250101T0000", "20250201T0000", "20250106T0900/20250106T1200 20250107T1400/20250107T1500 20250109T0900/20250109T1200" },
	{ "S40 an override of nothing is an event", CAL("UID:a\nRECURRENCE-ID:20250101T000000Z\n" MORNING), NULL, "20250101T0000", "20250201T0000",
	  "20250106T0900/20250106T1200" },
	{ "S40 an override inside the span of an instance outside", HEAD EVENT("UID:a\n" MORNING "RRULE:FREQ=DAILY;COUNT=40\n")
	  EVENT("UID:a\nRECURRENCE-ID:20250110T090000Z\nDTSTART:20250106T150000Z\nDURATION:PT1H\n") TAIL, NULL, "20250106T0000", "20250107T0000",
	  "20250106T0900/20250106T1200 20250106T1500/20250106T1600" },
	{ "S41 events without UID are each their own", HEAD EVENT(MORNING) EVENT(MORNING) TAIL, NULL, "20250101T0000", "20250201T0000",
	  "20250106T0900/20250106T1200" },
};

static void calendars_mean_what_the_rules_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		const struct meaning *m = &meanings[i];
		struct bsg_schedule_mistake mistake;
		struct bsg_schedule schedule;
		struct bsg_error err;
		char got[4096];

		if (bsg_schedule_expand(m->ics, strlen(m->ics), m->zone, utc(m->from), utc(m->until), &schedule, &mistake, &err) != BSG_OK)
			fail_msg("%s: %s", m->name, err.text);
		text_of(&schedule, got, sizeof(got));
		if (strcmp(got, m->windows) != 0)
			fail_msg("%s:\n%s\ninstead of\n%s", m->name, got, m->windows);
		assert_string_equal(mistake.text, "");
		bsg_schedule_free(&schedule);
	}
}

/* ---- the sample -------------------------------------------------------------------- */

static void test_sample(const char *zone, int64_t offset)
{
	const char *root = getenv("BSG_SOURCE_ROOT");
	char path[512], ics[8192];
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "%s/docs/sample/work-2025.ics", root != NULL ? root : ".");
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(ics, 1, sizeof(ics), f);
	fclose(f);
	if (bsg_schedule_expand(ics, len, zone, utc("20241201T0000"), utc("20260201T0000"), &schedule, &mistake, &err) != BSG_OK)
		fail_msg("%s", err.text);
	assert_int_equal(schedule.n, 246);
	for (size_t i = 0; i < schedule.n; i++) {
		assert_int_equal((schedule.windows[i].from + offset) % DAY, 9 * 3600);
		assert_int_equal(schedule.windows[i].until - schedule.windows[i].from, 9 * 3600 + 1800);
	}
	assert_int_equal(schedule.windows[0].from + offset, utc("20250105T0900"));	/* the moved Sunday */
	bsg_schedule_free(&schedule);
	bsg_schedule_free(&schedule);
}

static void the_sample_of_2025_has_246_working_days(void **state)
{
	(void)state;
	test_sample("Asia/Almaty", 5 * 3600);
	test_sample("UTC", 0);
}

/* ---- the interface ------------------------------------------------------------------- */

static void S1_a_span_that_is_not_as_said_is_a_bug(void **state)
{
	const int64_t monday = utc("20250106T0000");
	const struct {
		int64_t from, until;
		const char *zone;
	} bad[] = {
		{ monday, monday - 60, NULL },
		{ monday + 1, monday + DAY, NULL },
		{ monday, monday + DAY + 30, NULL },
		{ monday, monday + BSG_SCHEDULE_SPAN_MAX + 60, NULL },
		{ -60, 0, NULL },
		{ utc("24991231T0000"), utc("25000102T0000"), NULL },
		{ monday, monday + DAY, "Asia/Nowhere" },
		{ monday, monday + DAY, "../../etc/passwd" },
		{ monday, monday + DAY, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bsg_schedule_mistake mistake;
		struct bsg_schedule schedule;
		struct bsg_error err = { 0 };

		assert_int_equal(bsg_schedule_expand(CAL(MORNING), strlen(CAL(MORNING)), bad[i].zone, bad[i].from, bad[i].until,
						     &schedule, &mistake, &err), BSG_E_BUG);
		assert_null(schedule.windows);
		assert_string_equal(mistake.text, "");
		assert_string_not_equal(err.text, "");
	}
}

static void S20_zones_are_those_of_tzdata(void **state)
{
	struct bsg_zones zones;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_zones_load(&zones, &err), BSG_OK);
	assert_true(zones.n > 300);
	assert_null(zones.names[zones.n]);
	for (size_t i = 1; i < zones.n; i++)
		assert_true(strcmp(zones.names[i - 1], zones.names[i]) < 0);
	assert_true(bsg_zones_know(&zones, "Asia/Almaty"));
	assert_true(bsg_zones_know(&zones, "UTC"));
	assert_true(bsg_zones_know(&zones, "Etc/GMT+5"));
	assert_false(bsg_zones_know(&zones, "asia/almaty"));
	assert_false(bsg_zones_know(&zones, "Asia/Almaty "));
	assert_false(bsg_zones_know(&zones, ""));
	bsg_zones_free(&zones);
	assert_false(bsg_zones_know(&zones, "Asia/Almaty"));
	bsg_zones_free(&zones);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendars_mean_what_the_rules_say),
		cmocka_unit_test(the_sample_of_2025_has_246_working_days),
		cmocka_unit_test(S1_a_span_that_is_not_as_said_is_a_bug),
		cmocka_unit_test(S20_zones_are_those_of_tzdata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
