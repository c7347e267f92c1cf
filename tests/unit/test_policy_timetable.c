/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for policy/timetable.h: calendars of a policy, in the zone of its places. P13, P13a are rules of docs/spec/policy.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/compile.h"

#define MONDAY INT64_C(1762714800)	/* 2025-11-10T00:00:00+05:00 */
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define UNTIL (MONDAY + 40 * DAY)

#define EVENT(lines) "BEGIN:VCALENDAR\\nVERSION:2.0\\nPRODID:t\\nBEGIN:VEVENT\\nUID:a\\n" lines "END:VEVENT\\nEND:VCALENDAR\\n"
#define NINE_TO_SIX "DTSTART:20251110T090000\\nDTEND:20251110T180000\\n"
#define DAILY EVENT(NINE_TO_SIX "RRULE:FREQ=DAILY;COUNT=2\\n")
#define ALMATY "places: [{id: house, timezone: Asia/Almaty}, {id: vault, parent: house}, {id: berlin, timezone: Europe/Berlin}, {id: void}]\n"
#define WORK(ics) "calendars: [{id: work, ics: \"" ics "\"}]\n"
#define RULE(where) "rules: [{id: r, who: {all: true}, " where "when: [work], restrict: [camera]}]\n"

static struct bsg_policy *parse(const char *text)
{
	const struct bsg_policy_source source = { .name = "doc.yaml", .bytes = text, .len = strlen(text) };
	struct bsg_policy *policy;
	struct bsg_error err;

	if (bsg_policy_parse(&source, 1, &policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return policy;
}

static struct bsg_timetable_span span(int64_t from)
{
	return (struct bsg_timetable_span){ .from = from, .until = UNTIL };
}

static struct bsg_timetable *make(const struct bsg_policy *policy)
{
	struct bsg_timetable *timetable;
	struct bsg_error err;

	if (bsg_timetable_make(policy, span(MONDAY), &timetable, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return timetable;
}

struct rows {
	struct bsg_policy_window items[8];
	size_t n;
};

static void expect(const char *text, struct rows want)
{
	struct bsg_policy *policy = parse(text);
	struct bsg_timetable *timetable = make(policy);

	assert_int_equal(timetable->rules[0].n, want.n);
	for (size_t i = 0; i < want.n; i++) {
		assert_int_equal(timetable->rules[0].windows[i].from, want.items[i].from);
		assert_int_equal(timetable->rules[0].windows[i].until, want.items[i].until);
	}
	bsg_timetable_drop(timetable);
	bsg_policy_free(policy);
}

static void P13a_times_without_a_zone_are_in_the_zone_of_the_place(void **state)
{
	const int64_t berlin = 4 * HOUR;	/* behind Almaty in winter */

	(void)state;
	expect("bosaga: 1\n" ALMATY WORK(DAILY) RULE("where: [house], "),
	       (struct rows){ { { MONDAY + 9 * HOUR, MONDAY + 18 * HOUR }, { MONDAY + 33 * HOUR, MONDAY + 42 * HOUR } }, 2 });
	/* A place inside has the zone of the place around it. */
	expect("bosaga: 1\n" ALMATY WORK(DAILY) RULE("where: [house, vault], "),
	       (struct rows){ { { MONDAY + 9 * HOUR, MONDAY + 18 * HOUR }, { MONDAY + 33 * HOUR, MONDAY + 42 * HOUR } }, 2 });
	expect("bosaga: 1\n" ALMATY WORK(DAILY) RULE("where: [berlin], "),
	       (struct rows){ { { MONDAY + 9 * HOUR + berlin, MONDAY + 18 * HOUR + berlin },
				{ MONDAY + 33 * HOUR + berlin, MONDAY + 42 * HOUR + berlin } }, 2 });
	/* A rule without place has the zone of all places. */
	expect("bosaga: 1\nplaces: [{id: house, timezone: Asia/Almaty}, {id: void}]\n" WORK(EVENT(NINE_TO_SIX)) RULE(""),
	       (struct rows){ { { MONDAY + 9 * HOUR, MONDAY + 18 * HOUR } }, 1 });
}

static void P13_a_calendar_may_have_both_and_they_are_joined(void **state)
{
	(void)state;
	expect("bosaga: 1\n" ALMATY "calendars: [{id: work, ics: \"" EVENT(NINE_TO_SIX) "\", windows: "
	       "[['2025-11-10T18:00:00+05:00', '2025-11-10T19:00:00+05:00']]}]\n"
	       "rules: [{id: r, who: {all: true}, where: [house], when: [work, ['2025-11-10T08:00:00+05:00', "
	       "'2025-11-10T09:30:00+05:00']], restrict: [camera]}]\n",
	       (struct rows){ { { MONDAY + 8 * HOUR, MONDAY + 19 * HOUR } }, 1 });
	/* Two calendars, one of them with a zone of its own. */
	expect("bosaga: 1\n" ALMATY "calendars: [{id: a, ics: \"" EVENT(NINE_TO_SIX) "\"}, {id: b, ics: \""
	       EVENT("DTSTART:20251110T130000Z\\nDTEND:20251110T150000Z\\n") "\"}]\n"
	       "rules: [{id: r, who: {all: true}, where: [house], when: [a, b], restrict: [camera]}]\n",
	       (struct rows){ { { MONDAY + 9 * HOUR, MONDAY + 20 * HOUR } }, 1 });
}

static const struct bad_case {
	const char *name, *text, *error;
} bad[] = {
	{ "P13a places in two zones", "bosaga: 1\n" ALMATY WORK(DAILY) RULE("where: [berlin, house], "),
	  "doc.yaml:4:66: rules[0].when[0]: calendar 'work' has times without a zone, and the rule's places are in several: Europe/Berlin "
	  "and Asia/Almaty; split the rule, or give the calendar's times a TZID" },
	{ "P13a a place without zone", "bosaga: 1\n" ALMATY WORK(DAILY) RULE("where: [void], "),
	  "doc.yaml:4:57: rules[0].when[0]: calendar 'work' has times without a zone, and the rule's places say no 'timezone'" },
	{ "P13a no place and two zones", "bosaga: 1\n" ALMATY WORK(DAILY) RULE(""),
	  "doc.yaml:4:42: rules[0].when[0]: calendar 'work' has times without a zone, and the policy's places are in several: Europe/Berlin "
	  "and Asia/Almaty; split the rule, or give the calendar's times a TZID" },
	{ "P13 a mistake in the text of a calendar", "bosaga: 1\n" ALMATY WORK(EVENT(NINE_TO_SIX "RRULE:FREQ=SECONDLY\\n"))
	  RULE("where: [house], "), "doc.yaml:3:29: calendars[0].ics: line 8 of the calendar: " },
	{ "P13a a calendar that no rule names", "bosaga: 1\n" ALMATY "calendars: [{id: work, ics: \"BEGIN:VCALENDAR\\nEND:NOTHING\"}]\n",
	  "doc.yaml:3:29: calendars[0].ics: " },
};

static void every_mistake_says_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bsg_policy *policy = parse(bad[i].text);
		struct bsg_policy_errors errors;
		struct bsg_timetable *timetable;
		struct bsg_error err;

		assert_int_equal(bsg_timetable_make(policy, span(MONDAY), &timetable, &errors, &err), BSG_E_INVALID);
		assert_null(timetable);
		assert_int_equal(errors.n, 1);
		if (strncmp(errors.items[0].text, bad[i].error, strlen(bad[i].error)) != 0)
			fail_msg("%s: said '%s'", bad[i].name, errors.items[0].text);
		bsg_policy_free(policy);
	}
}

static void a_mistake_is_told_once_whatever_the_zones_it_is_read_in(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\n" ALMATY WORK(EVENT(NINE_TO_SIX "RRULE:FREQ=SECONDLY\\n"))
					  "rules: [{id: a, who: {all: true}, where: [house], when: [work], restrict: [camera]},\n"
					  "  {id: b, who: {all: true}, where: [berlin], when: [work], restrict: [camera]}]\n");
	struct bsg_policy_errors errors;
	struct bsg_timetable *timetable;

	(void)state;
	assert_int_equal(bsg_timetable_make(policy, span(MONDAY), &timetable, &errors, NULL), BSG_E_INVALID);
	assert_int_equal(errors.n + errors.n_more, 1);
	bsg_policy_free(policy);
}

/* One calendar of some 19,000 windows in 40 days. @param own  what each rule has in `when` beside it, so that it needs a list of its own */
static struct bsg_policy *parse_dense(size_t n_rules, const char *own)
{
	static char text[262144];
	size_t len = (size_t)snprintf(text, sizeof(text), "bosaga: 1\nplaces: [{id: house}]\ncalendars: [{id: work, ics: \""
				      "BEGIN:VCALENDAR\\nVERSION:2.0\\nPRODID:t\\n");

	for (int minute = 0; minute < 24 * 60; minute += 3)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "BEGIN:VEVENT\\nUID:u%d\\nDTSTART:20251110T%02d%02d00Z\\n"
					"DURATION:PT1M\\nRRULE:FREQ=DAILY\\nEND:VEVENT\\n", minute, minute / 60, minute % 60);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "END:VCALENDAR\"}]\nrules:\n");
	for (size_t i = 0; i < n_rules; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"- {id: r%zu, who: {all: true}, where: [house], when: [work%s], restrict: [camera]}\n", i, own);
	assert_true(len < sizeof(text));
	return parse(text);
}

static void P2_rules_with_one_calendar_share_its_windows(void **state)
{
	struct bsg_policy *policy = parse_dense(80, "");
	struct bsg_timetable *timetable = make(policy);

	(void)state;
	assert_true(timetable->rules[0].n > 19000);
	assert_ptr_equal(timetable->rules[79].windows, timetable->rules[0].windows);
	bsg_timetable_drop(timetable);
	bsg_policy_free(policy);
}

static void P2_more_windows_than_a_million_are_refused(void **state)
{
	struct bsg_policy *policy = parse_dense(60, ", ['2025-11-10T00:30:00Z', '2025-11-10T01:00:00Z']");
	struct bsg_error err = { .text = "" };
	struct bsg_timetable *timetable;

	(void)state;
	assert_int_equal(bsg_timetable_make(policy, span(MONDAY), &timetable, NULL, &err), BSG_E_LIMIT);
	assert_non_null(strstr(err.text, "1000000"));
	assert_null(timetable);
	bsg_policy_free(policy);
}

static void calendars_that_together_take_longer_than_allowed_are_refused(void **state)
{
	struct bsg_timetable_span hasty = span(MONDAY);
	struct bsg_error err = { .text = "" };
	struct bsg_timetable *timetable;
	char text[16384];
	size_t len = (size_t)snprintf(text, sizeof(text), "bosaga: 1\ncalendars:\n");
	struct bsg_policy *policy;

	(void)state;
	for (int i = 0; i < 20; i++)	/* as many programs need more than a millisecond on any machine */
		len += (size_t)snprintf(text + len, sizeof(text) - len, "- {id: c%d, ics: \"%s\"}\n", i, DAILY);
	policy = parse(text);
	hasty.wait_ms = 1;
	assert_int_equal(bsg_timetable_make(policy, hasty, &timetable, NULL, &err), BSG_E_LIMIT);
	assert_non_null(strstr(err.text, "longer than"));
	hasty.wait_ms = 0;	/* no limit */
	assert_int_equal(bsg_timetable_make(policy, hasty, &timetable, NULL, &err), BSG_OK);
	bsg_timetable_drop(timetable);
	bsg_policy_free(policy);
}

static enum bsg_err read_fixed(const char *source, const char *name, size_t max, uint8_t **out, size_t *len, struct bsg_error *err)
{
	static const char text[] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VEVENT\r\nUID:a\r\n"
				   "DTSTART:20251110T090000\r\nDTEND:20251110T180000\r\nRRULE:FREQ=HOURLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

	assert_string_equal(source, "dir/doc.yaml");
	assert_true(sizeof(text) < max);
	*out = NULL;
	*len = 0;
	if (strcmp(name, "work.ics") != 0)
		return bsg_fail(err, BSG_E_NOT_FOUND, "open %s: No such file or directory", name);
	*out = malloc(sizeof(text));
	assert_non_null(*out);
	memcpy(*out, text, sizeof(text));
	*len = sizeof(text) - 1;
	return BSG_OK;
}

static void P13_a_calendar_in_a_file_is_read_and_its_mistakes_are_in_that_file(void **state)
{
	static const char text[] = "bosaga: 1\n" ALMATY "calendars: [{id: work, ics: work.ics}]\n" RULE("where: [house], ");
	static const char missing[] = "bosaga: 1\ncalendars: [{id: work, ics: none.ics}]\n";
	struct bsg_policy_source source = { .name = "dir/doc.yaml", .bytes = text, .len = strlen(text), .read_beside = read_fixed };
	struct bsg_policy_errors errors;
	struct bsg_timetable *timetable;
	struct bsg_policy *policy;

	(void)state;
	assert_int_equal(bsg_policy_parse(&source, 1, &policy, NULL, NULL), BSG_OK);
	assert_int_equal(bsg_timetable_make(policy, span(MONDAY), &timetable, &errors, NULL), BSG_E_INVALID);
	assert_int_equal(strncmp(errors.items[0].text, "work.ics:8:1: calendars[0].ics: ", 32), 0);
	bsg_policy_free(policy);
	source.bytes = missing;
	source.len = strlen(missing);
	assert_int_equal(bsg_policy_parse(&source, 1, &policy, &errors, NULL), BSG_E_INVALID);
	assert_string_equal(errors.items[0].text, "dir/doc.yaml:2:29: calendars[0].ics: open none.ics: No such file or directory");
}

static void a_policy_without_calendars_holds_for_ever(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\nplaces: [{id: house}]\nrules: [{id: r, who: {all: true}, where: [house], restrict: "
					  "[camera]}]\n");
	struct bsg_timetable *timetable = make(policy);

	(void)state;
	assert_true(bsg_timetable_covers(timetable, INT64_MIN, INT64_MAX));
	assert_int_equal(bsg_timetable_seconds(timetable, policy, &policy->rules[0], MONDAY, MONDAY + DAY), DAY);
	bsg_timetable_drop(timetable);
	bsg_policy_free(policy);
}

static const struct bsg_compile_facts facts = { .device = "00112233445566778899aabbccddeeff", .person = "dana", .has_agent = true,
						.serial = 1, .now = MONDAY };

static void orders_hold_what_the_calendar_says_and_need_all_of_it(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\n" ALMATY WORK(DAILY) RULE("where: [house], "));
	struct bsg_timetable *timetable = make(policy), *later;
	struct bsg_compiled *compiled;

	(void)state;
	assert_int_equal(bsg_policy_compile(policy, timetable, &facts, &compiled, NULL), BSG_OK);
	assert_int_equal(compiled->orders.n_windows, 2);
	assert_int_equal(compiled->orders.windows[0].from, MONDAY + 9 * HOUR);
	bsg_compiled_free(compiled);
	assert_int_equal(bsg_policy_compile(policy, NULL, &facts, &compiled, NULL), BSG_E_BUG);
	assert_int_equal(bsg_timetable_make(policy, span(MONDAY + HOUR), &later, NULL, NULL), BSG_OK);
	assert_int_equal(bsg_policy_compile(policy, later, &facts, &compiled, NULL), BSG_E_BUG);
	bsg_timetable_drop(later);
	assert_int_equal(bsg_timetable_seconds(timetable, policy, &policy->rules[0], MONDAY + 10 * HOUR, MONDAY + 34 * HOUR), 9 * HOUR);
	/* The last to let go frees it. */
	assert_ptr_equal(bsg_timetable_hold(timetable), timetable);
	bsg_timetable_drop(timetable);
	assert_true(bsg_timetable_covers(timetable, MONDAY, UNTIL));
	bsg_timetable_drop(timetable);
	bsg_policy_free(policy);
}

static void the_calendar_travels_in_the_document(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\n" ALMATY WORK(DAILY) RULE("where: [house], ")), *again;
	json_t *json = bsg_policy_to_json(policy), *second;
	char *text = json_dumps(json, 0);
	const struct bsg_policy_source source = { .name = "doc.json", .bytes = text, .len = strlen(text) };

	(void)state;
	assert_int_equal(bsg_policy_parse(&source, 1, &again, NULL, NULL), BSG_OK);
	assert_string_equal(again->calendars[0].ics, policy->calendars[0].ics);
	second = bsg_policy_to_json(again);
	assert_true(json_equal(json, second));
	json_decref(json);
	json_decref(second);
	free(text);
	bsg_policy_free(policy);
	bsg_policy_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(P13a_times_without_a_zone_are_in_the_zone_of_the_place),
		cmocka_unit_test(P13_a_calendar_may_have_both_and_they_are_joined),
		cmocka_unit_test(every_mistake_says_where),
		cmocka_unit_test(a_mistake_is_told_once_whatever_the_zones_it_is_read_in),
		cmocka_unit_test(P2_rules_with_one_calendar_share_its_windows),
		cmocka_unit_test(P2_more_windows_than_a_million_are_refused),
		cmocka_unit_test(calendars_that_together_take_longer_than_allowed_are_refused),
		cmocka_unit_test(P13_a_calendar_in_a_file_is_read_and_its_mistakes_are_in_that_file),
		cmocka_unit_test(a_policy_without_calendars_holds_for_ever),
		cmocka_unit_test(orders_hold_what_the_calendar_says_and_need_all_of_it),
		cmocka_unit_test(the_calendar_travels_in_the_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
