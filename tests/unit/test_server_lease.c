/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for server/lease.h: what a phone without agent is told, and until when (docs/spec/platform.md, Z4 to Z7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/lease.h"

#define NOW INT64_C(1762714800)
#define H INT64_C(3600)
#define C BSG_BIT(BSG_CAMERA)
#define M BSG_BIT(BSG_MICROPHONE)
#define A BSG_BIT(BSG_APPS)

/* Times are seconds after NOW; INT64_MIN: none. */
#define NONE INT64_MIN

static int64_t at(int64_t t)
{
	return t == NONE ? 0 : NOW + t;
}

struct row {
	const char *claim;
	/* before */
	bool has_desired;
	uint32_t desired;
	int64_t desired_until;
	/* the decision */
	uint32_t restricted, placed;	/* placed: by rules with a place */
	int64_t lift_by, next;
	bool evidence, apps_changed;
	/* told */
	bool desire;
	uint32_t functions;
	int64_t until, step_next;
};

static const struct row rows[] = {
	{"Z7 nothing was desired and nothing is: nothing is told", false, 0, NONE, 0, 0, NONE, 9 * H, false, false, false, 0, NONE, 9 * H},
	{"Z4 what the phone cannot restrict is not desired", false, 0, NONE, M, M, 8 * H, 8 * H, true, false, false, 0, NONE, 8 * H},
	{"Z4 only what it can is", false, 0, NONE, C | M, C | M, 8 * H, 8 * H, true, false, true, C, 4 * H, 8 * H},
	{"Z4 apps with names are", false, 0, NONE, C | A, C | A, 8 * H, 8 * H, true, true, true, C | A, 4 * H, 8 * H},
	{"Z4 apps without names are not desired", false, 0, NONE, A, A, 8 * H, 8 * H, true, false, false, 0, NONE, 8 * H},
	{"Z5 and prolong nothing", true, C, 1 * H, C | A, C | A, 8 * H, 8 * H, false, false, false, C, 1 * H, 8 * H},
	{"Z5 the lease is the place's", false, 0, NONE, C, C, 8 * H, 8 * H, true, false, true, C, 4 * H, 8 * H},
	{"Z5 or ends with the decision", false, 0, NONE, C, C, 2 * H, 2 * H, true, false, true, C, 2 * H, 2 * H},
	{"Z5 time alone does not prolong it", true, C, 1 * H, C, C, 8 * H, 8 * H, false, false, false, C, 1 * H, 8 * H},
	{"Z5 it comes forward with the decision", true, C, 3 * H, C, C, 2 * H, 2 * H, false, false, true, C, 2 * H, 2 * H},
	{"Z5 new evidence prolongs it", true, C, 1 * H, C, C, 8 * H, 8 * H, true, false, true, C, 4 * H, 8 * H},
	{"Z5 other functions begin a new one", true, M, 1 * H, C, C, 8 * H, 8 * H, false, false, true, C, 4 * H, 8 * H},
	{"Z5 after a lift too", true, 0, NONE, C, C, 8 * H, 8 * H, false, false, true, C, 4 * H, 8 * H},
	{"Z6 run out, it is not renewed", true, C, -1, C, C, 8 * H, 8 * H, false, false, false, C, -1, 8 * H},
	{"Z6 run out, new evidence renews it", true, C, -1, C, C, 8 * H, 8 * H, true, false, true, C, 4 * H, 8 * H},
	{"Z5 without place it is a day", false, 0, NONE, C, 0, 90 * H, 90 * H, false, false, true, C, 24 * H, 23 * H},
	{"Z6 without place it is renewed before it ends", true, C, 1 * H, C, 0, 90 * H, 90 * H, false, false, true, C, 24 * H, 23 * H},
	{"Z6 and not before", true, C, 1 * H + 1, C, 0, 90 * H, 90 * H, false, false, false, C, 1 * H + 1, 1},
	{"Z6 also when it has run out", true, C, -9 * H, C, 0, 90 * H, 90 * H, false, false, true, C, 24 * H, 23 * H},
	{"Z6 a crossing does not renew what needs no place", true, C, 5 * H, C, 0, 90 * H, 90 * H, true, false, false, C, 5 * H, 4 * H},
	{"Z6 no renewal where the decision ends", true, C, 1 * H, C, 0, 1 * H, 1 * H, false, false, false, C, 1 * H, 1 * H},
	{"Z7 other apps are told", true, C, 1 * H, C, C, 8 * H, 8 * H, false, true, true, C, 4 * H, 8 * H},
	{"Z7 a lift is told", true, C, 1 * H, 0, 0, NONE, 8 * H, false, false, true, 0, NONE, 8 * H},
	{"Z7 and once", true, 0, NONE, 0, 0, NONE, 8 * H, false, false, false, 0, NONE, 8 * H},
	{"Z5 begun while the clock was ahead, it is never longer than a full one", true, C, 30 * H, C, C, 99 * H, 99 * H, false, false,
	 true, C, 4 * H, 99 * H},
};

static void check(const struct row *row)
{
	const struct bsg_platform_phone phone = {.has_desired = row->has_desired, .desired = row->desired,
						 .desired_until = at(row->desired_until)};
	struct bsg_output output;
	struct bsg_lease_ask ask = {.output = &output, .possible = C | A, .apps_changed = row->apps_changed, .evidence = row->evidence,
				    .evidence_at = NOW - 5, .phone_lease = 4 * H, .now = NOW};
	struct bsg_platform_step step = {.device = "kept"};

	memset(&output, 0, sizeof(output));
	output.restricted = row->restricted;
	output.n_apps = row->apps_changed ? 1 : 0;
	output.lift_by = at(row->lift_by);
	output.next = at(row->next);
	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		if ((row->placed & BSG_BIT(i)) != 0)
			output.why[i].place = (struct bsg_str){"house", 5};
	bsg_lease(&phone, &ask, &step);
	if (step.desire != row->desire || step.functions != row->functions || step.until != at(row->until) ||
	    step.next != at(row->step_next))
		fail_msg("%s: desire %d, functions %x, until %+lld, next %+lld", row->claim, step.desire, step.functions,
			 (long long)(step.until - NOW), (long long)(step.next - NOW));
	assert_int_equal(step.at, NOW);
	assert_int_equal(step.evidence_at, NOW - 5);
	assert_string_equal(step.device, "kept");
}

static void what_a_phone_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

static bool is_told(int64_t desired_at)
{
	const struct bsg_platform_phone phone = {.has_desired = true, .desired = C, .desired_at = desired_at, .desired_until = NOW + H};
	static struct bsg_output output = {.restricted = C, .lift_by = NOW + 8 * H};
	const struct bsg_lease_ask ask = {.output = &output, .possible = C, .phone_lease = 4 * H, .now = NOW};
	struct bsg_platform_step step = {.device = "kept"};

	output.why[BSG_CAMERA].place = (struct bsg_str){"house", 5};
	bsg_lease(&phone, &ask, &step);
	assert_int_equal(step.until, NOW + H);
	return step.desire;
}

static void what_was_told_before_the_clock_went_back_is_told_anew(void **state)	/* Z7 */
{
	(void)state;
	assert_false(is_told(NOW - H));
	assert_false(is_told(NOW + BSG_STORE_CLOCK_STEP_S));
	assert_true(is_told(NOW + BSG_STORE_CLOCK_STEP_S + 1));
}

/* @return from when on it is measured how long the phone takes */
static int64_t measured_from(const struct bsg_platform_phone *phone, uint32_t restricted, bool evidence)
{
	const struct bsg_output output = {.restricted = restricted, .lift_by = NOW + 8 * H};
	const struct bsg_lease_ask ask = {.output = &output, .possible = C, .evidence = evidence, .evidence_at = NOW - 5,
					  .phone_lease = 4 * H, .now = NOW};
	struct bsg_platform_step step = {.device = "kept"};

	bsg_lease(phone, &ask, &step);
	return step.evidence_at;
}

static void what_is_told_again_is_measured_from_its_first_evidence(void **state)	/* Z9 */
{
	struct bsg_platform_phone phone = {.has_desired = true, .desired = C, .desired_until = NOW + H, .evidence_at = NOW - 90};

	(void)state;
	assert_int_equal(measured_from(&phone, C, false), NOW - 90);
	assert_int_equal(measured_from(&phone, C, true), NOW - 5);
	assert_int_equal(measured_from(&phone, 0, false), NOW - 5);
	phone.is_reached = true;
	assert_int_equal(measured_from(&phone, C, false), NOW - 5);
	phone = (struct bsg_platform_phone){.has_desired = true, .evidence_at = NOW - 90, .is_stuck = true};
	assert_int_equal(measured_from(&phone, 0, false), NOW - 90);
	phone.evidence_at = NOW + H;	/* the clock was set back since */
	assert_int_equal(measured_from(&phone, 0, false), NOW - 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_phone_is_told), cmocka_unit_test(what_was_told_before_the_clock_went_back_is_told_anew),
		cmocka_unit_test(what_is_told_again_is_measured_from_its_first_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
