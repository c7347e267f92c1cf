/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for policy/replay.h and policy/changes.h: a day lived again, second by second. P25 to P27 are rules of docs/spec/policy.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/changes.h"
#include "policy/replay.h"

#define DEVICE "00112233445566778899aabbccddeeff"
#define MONDAY INT64_C(1762714800)	/* 2025-11-10T00:00:00+05:00 */
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)

/* Working hours in the house, everything in the vault, an observed rule, and one for other people. */
static const char text[] =
	"bosaga: 1\n"
	"places:\n"
	"  - {id: house, max_stay: 10h, remedies: {camera: {claimed: seal}, wifi: {claimed: deposit}}}\n"
	"  - {id: vault, parent: house}\n"
	"calendars:\n"
	"  - {id: work, windows: [['2025-11-10T09:00:00+05:00', '2025-11-10T18:00:00+05:00'],"
	" ['2025-11-11T09:00:00+05:00', '2025-11-11T18:00:00+05:00']]}\n"
	"rules:\n"
	"  - {id: hours, who: {all: true}, where: [house], when: [work], restrict: [camera]}\n"
	"  - {id: vault, who: {units: [finance]}, where: [vault], restrict: [camera, wifi]}\n"
	"  - {id: watch, who: {all: true}, where: [house], restrict: [microphone], stage: observe}\n"
	"  - {id: others, who: {units: [court]}, where: [house], restrict: [nfc]}\n";

static struct bsg_policy *parse(const char *yaml)
{
	const struct bsg_policy_source source = { .name = "test.yaml", .bytes = yaml, .len = strlen(yaml) };
	struct bsg_policy *policy;
	struct bsg_error err;

	if (bsg_policy_parse(&source, 1, &policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return policy;
}

static const char *const finance[] = { "finance" };

static struct bsg_compile_facts facts_of_dana(void)
{
	return (struct bsg_compile_facts){ .device = DEVICE, .person = "dana", .units = finance, .n_units = 1, .has_agent = true,
					   .serial = 1, .now = MONDAY };
}

enum { HOURS, OTHERS, VAULT, WATCH, N_RULES };	/* sorted by id */

static void run_with(const char *yaml, const struct bsg_replay_crossing *crossings, size_t n, struct bsg_replay_sum *sum,
		     struct bsg_replay_rule rules[static N_RULES])
{
	const struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_policy *policy = parse(yaml);
	struct bsg_coverage *coverage;
	bool held[N_RULES] = { false };
	struct bsg_error err;

	assert_int_equal(bsg_coverage_load(&coverage, NULL), BSG_OK);
	const struct bsg_replay_device device = {
		.policy = policy, .facts = &facts, .from = MONDAY, .until = MONDAY + 3 * DAY, .crossings = crossings,
		.n_crossings = n, .coverage = coverage, .phone = { .kind = "linux-agent", .class_of = BSG_CLASS_CLAIMED },
	};
	memset(rules, 0, N_RULES * sizeof(*rules));
	*sum = (struct bsg_replay_sum){ .rules = rules };
	if (bsg_replay_device(&device, sum, held, &err) != BSG_OK)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < N_RULES; i++)
		assert_int_equal(held[i], rules[i].enforced_s + rules[i].observed_s > 0);
	bsg_coverage_free(coverage);
	bsg_policy_free(policy);
}

static void run(const struct bsg_replay_crossing *crossings, size_t n, struct bsg_replay_sum *sum,
		struct bsg_replay_rule rules[static N_RULES])
{
	run_with(text, crossings, n, sum, rules);
}

static void a_day_is_counted_to_the_second(void **state)
{
	/* In at 08:30, lunch from 13:00:10 to 14:00:20, out at 18:45; the vault from 15:00 to 16:00. */
	const struct bsg_replay_crossing day[] = {
		{ MONDAY + 8 * HOUR + 1800, "house", true }, { MONDAY + 13 * HOUR + 10, "house", false },
		{ MONDAY + 14 * HOUR + 20, "house", true }, { MONDAY + 15 * HOUR, "vault", true },
		{ MONDAY + 16 * HOUR, "vault", false }, { MONDAY + 18 * HOUR + 2700, "house", false },
	};
	struct bsg_replay_rule rules[N_RULES];
	struct bsg_replay_sum sum;

	(void)state;
	run(day, sizeof(day) / sizeof(day[0]), &sum, rules);
	/* 09:00-13:00:10 and 14:00:20-18:00. */
	assert_int_equal(rules[HOURS].enforced_s, 4 * HOUR + 10 + 4 * HOUR - 20);
	assert_int_equal(rules[VAULT].enforced_s, HOUR);
	assert_int_equal(rules[OTHERS].enforced_s + rules[OTHERS].observed_s, 0);
	/* The whole time inside, observed only: 08:30-13:00:10, 14:00:20-18:45. */
	assert_int_equal(rules[WATCH].enforced_s, 0);
	assert_int_equal(rules[WATCH].observed_s, 4 * HOUR + 1800 + 10 + 4 * HOUR + 2700 - 20);
	assert_int_equal(sum.restricted_s[BSG_CAMERA], rules[HOURS].enforced_s);
	assert_int_equal(sum.restricted_s[BSG_WIFI], HOUR);
	assert_int_equal(sum.restricted_s[BSG_MICROPHONE], 0);
	assert_int_equal(sum.observed_s[BSG_MICROPHONE], rules[WATCH].observed_s);
	/* At 08:30 nothing is asked; after lunch the camera; in the vault the wifi too. */
	assert_int_equal(sum.n_verdicts[BSG_REMEDY_ADMIT], 1);
	assert_int_equal(sum.n_verdicts[BSG_REMEDY_SEAL], 2);
	assert_int_equal(sum.n_verdicts[BSG_REMEDY_DEPOSIT], 0);
	assert_int_equal(rules[HOURS].n_crossings, 2);
	assert_int_equal(rules[VAULT].n_crossings, 1);
	assert_int_equal(rules[WATCH].n_crossings, 3);
}

static void a_crossing_out_that_never_came_ends_with_the_lease(void **state)
{
	const struct bsg_replay_crossing day[] = { { MONDAY + 15 * HOUR, "house", true } };
	struct bsg_replay_rule rules[N_RULES];
	struct bsg_replay_sum sum;

	(void)state;
	run(day, 1, &sum, rules);
	assert_int_equal(rules[HOURS].enforced_s, 3 * HOUR);	/* Monday's end; Tuesday begins after the lease of 10 h */
	assert_int_equal(rules[WATCH].observed_s, 10 * HOUR);
}

static void a_rule_in_two_places_at_once_counts_once_and_behind_another_rule_too(void **state)
{
	/* `all` explains the camera all the time, so nothing that the phone shows changes at the edges of `work`. */
	static const char yaml[] =
		"bosaga: 1\n"
		"places: [{id: house}, {id: vault, parent: house}]\n"
		"calendars: [{id: work, windows: [['2025-11-10T09:00:00+05:00', '2025-11-10T18:00:00+05:00']]}]\n"
		"rules:\n"
		"  - {id: all, who: {all: true}, where: [house], restrict: [camera]}\n"
		"  - {id: both, who: {all: true}, where: [house, vault], restrict: [nfc]}\n"
		"  - {id: work, who: {all: true}, where: [house], when: [work], restrict: [camera]}\n"
		"  - {id: z, who: {units: [court]}, where: [house], restrict: [nfc]}\n";
	const struct bsg_replay_crossing day[] = { { MONDAY + 8 * HOUR, "vault", true }, { MONDAY + 19 * HOUR, "house", false } };
	struct bsg_replay_rule rules[N_RULES];
	struct bsg_replay_sum sum;

	(void)state;
	run_with(yaml, day, 2, &sum, rules);
	assert_int_equal(rules[0].enforced_s, 11 * HOUR);
	assert_int_equal(rules[1].enforced_s, 11 * HOUR);
	assert_int_equal(rules[1].n_crossings, 1);
	assert_int_equal(rules[2].enforced_s, 9 * HOUR);
	assert_int_equal(sum.restricted_s[BSG_CAMERA], 11 * HOUR);
}

static void nobody_passes_and_nothing_is_counted(void **state)
{
	struct bsg_replay_rule rules[N_RULES];
	struct bsg_replay_sum sum;

	(void)state;
	run(NULL, 0, &sum, rules);
	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++)
		assert_int_equal(sum.restricted_s[f] + sum.observed_s[f], 0);
}

/* ---- changes ----------------------------------------------------------- */

static void expect_changes(const char *after_text, const char *want, bool touches)
{
	struct bsg_policy *before = parse(text), *after = parse(after_text);
	struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_policy_changes changes;
	char said[400] = "";
	bool differ;

	assert_int_equal(bsg_policy_changes_find((struct bsg_policy_version){ before, NULL }, (struct bsg_policy_version){ after, NULL },
						 MONDAY, &changes, NULL), BSG_OK);
	for (size_t i = 0; i < changes.n_rules + changes.n_places; i++) {
		const struct bsg_changed *c = i < changes.n_rules ? &changes.rules[i] : &changes.places[i - changes.n_rules];

		if (c->change != BSG_DELTA_SAME)
			snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s %s;", c->id, bsg_delta_name(c->change));
	}
	assert_string_equal(said, want);
	assert_int_equal(bsg_policy_changes_device(&changes, &facts, &differ, NULL), BSG_OK);
	assert_int_equal(differ, touches);
	bsg_policy_changes_free(&changes);
	bsg_policy_free(before);
	bsg_policy_free(after);
}

static char *replaced(const char *from, const char *to)
{
	static char out[4096];
	const char *at = strstr(text, from);

	assert_non_null(at);
	snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static void P25_a_change_touches_only_whom_it_concerns(void **state)
{
	(void)state;
	expect_changes(text, "", false);
	expect_changes(replaced("[nfc]", "[bluetooth]"), "others changed;", false);
	expect_changes(replaced("[camera, wifi]", "[wifi]"), "vault changed;", true);
	expect_changes(replaced("units: [finance]", "units: [court]"), "vault changed;", true);
	expect_changes(replaced("max_stay: 10h", "max_stay: 9h"), "house changed;", true);
	expect_changes(replaced("  - {id: watch", "  - {id: more, who: {people: [dana]}, where: [house], restrict: [nfc]}\n  - {id: watch"),
		       "more added;", true);
	expect_changes(replaced("calendars:", "  - {id: cell, parent: house}\ncalendars:"), "cell added;", true);
	expect_changes(replaced("calendars:", "  - {id: elsewhere}\ncalendars:"), "elsewhere added;", false);
	/* Written otherwise, with nothing else for this phone: `lead` is for phones without agent. */
	expect_changes(replaced("restrict: [microphone]", "lead: 30m, restrict: [microphone]"), "watch changed;", false);
	/* Gates are the server's: no phone has them. */
	expect_changes(replaced("{id: house, ", "{id: house, gates: [{id: north}], "), "house changed;", false);
}

static void P25_a_calendar_with_other_times_changes_its_rules(void **state)
{
	(void)state;
	expect_changes(replaced("2025-11-11T18:00:00", "2025-11-11T17:00:00"), "hours changed;", true);
	/* Times that are over, or beyond the horizon, change no orders. */
	expect_changes(replaced("windows: [[", "windows: [['2025-11-01T09:00:00+05:00', '2025-11-01T18:00:00+05:00'], ["), "", false);
	expect_changes(replaced("windows: [[", "windows: [['2026-11-01T09:00:00+05:00', '2026-11-01T18:00:00+05:00'], ["), "", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_is_counted_to_the_second),
		cmocka_unit_test(a_crossing_out_that_never_came_ends_with_the_lease),
		cmocka_unit_test(a_rule_in_two_places_at_once_counts_once_and_behind_another_rule_too),
		cmocka_unit_test(nobody_passes_and_nothing_is_counted),
		cmocka_unit_test(P25_a_change_touches_only_whom_it_concerns),
		cmocka_unit_test(P25_a_calendar_with_other_times_changes_its_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
