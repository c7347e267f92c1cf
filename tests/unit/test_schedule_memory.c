/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What schedule/ does when memory runs out, on both sides: each operation is run with its first, second, third... allocation
 * failing, until none fails. It must say so and leave nothing behind. (libical's own allocations are not ours to refuse.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schedule/calendar.h"
#include "schedule/helper.h"
#include "scratch.h"

#define ROUNDS_MAX 2000
#define FROM INT64_C(1735689600)	/* 2025-01-01T00:00:00Z */
#define UNTIL (FROM + 100 * INT64_C(86400))

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int allocations_left = -1;	/* -1: no end */
static bool refused;			/* whether one has failed */

static bool may_allocate(void)
{
	if (allocations_left == 0)
		refused = true;
	else if (allocations_left > 0)
		allocations_left--;
	return !refused;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

static const char calendar[] =
	"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:Asia/Almaty\nBEGIN:STANDARD\nDTSTART:20240301T000000\nTZOFFSETFROM:+0600\n"
	"TZOFFSETTO:+0500\nRDATE:20240301T000000\nRRULE:FREQ=YEARLY\nEND:STANDARD\nEND:VTIMEZONE\n"
	"BEGIN:VEVENT\nUID:a\nDTSTART;TZID=\"Asia/Almaty\":20250106T090000\nDURATION:PT9H\nRRULE:FREQ=DAILY;UNTIL=20250401T000000Z\n"
	"EXDATE:20250107T040000Z,20250108T040000Z\nRDATE;VALUE=PERIOD:20250110T200000Z/PT1H\nEND:VEVENT\n"
	"BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20250109T040000Z\nDTSTART:20250109T050000Z\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n";

static enum bsg_err expand_inside(struct bsg_schedule *out, struct bsg_error *err)
{
	const struct bsg_calendar_ask ask = { FROM, UNTIL, "Asia/Almaty", NULL };
	struct bsg_schedule_mistake mistake;
	const enum bsg_err rc = bsg_calendar_expand(calendar, strlen(calendar), &ask, out, &mistake);

	return rc == BSG_OK ? rc : bsg_fail(err, rc, "%s", mistake.text);
}

static enum bsg_err run_program(struct bsg_schedule *out, struct bsg_error *err)
{
	const struct bsg_helper_ask ask = { scratch_path("program"), 60000, NULL, FROM, UNTIL };
	struct bsg_schedule_mistake mistake;

	return bsg_helper_run(&ask, calendar, strlen(calendar), out, &mistake, err);
}

static enum bsg_err load_zones(struct bsg_schedule *out, struct bsg_error *err)
{
	struct bsg_zones zones;
	const enum bsg_err rc = bsg_zones_load(&zones, err);

	*out = (struct bsg_schedule){ 0 };
	assert_int_equal(rc == BSG_OK, zones.n > 0);
	bsg_zones_free(&zones);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	static const char script[] = "#!/bin/sh\necho '1735689600 1735689660'\n";
	static const struct {
		const char *name;
		enum bsg_err (*run)(struct bsg_schedule *out, struct bsg_error *err);
	} operations[] = { { "inside", expand_inside }, { "program", run_program }, { "zones", load_zones } };

	(void)state;
	scratch_write("program", script, strlen(script));
	assert_int_equal(scratch_run("chmod 700 program"), 0);
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		int n = -1;

		do {
			struct bsg_schedule schedule;
			struct bsg_error err = { 0 };

			refused = false;
			allocations_left = ++n;
			const enum bsg_err rc = operations[i].run(&schedule, &err);
			allocations_left = -1;
			if (!refused && rc != BSG_OK)
				fail_msg("%s: failed with memory enough: %s", operations[i].name, err.text);
			if (refused && (rc != BSG_E_NO_MEMORY || err.text[0] == '\0'))
				fail_msg("%s: allocation %d: %d, %s", operations[i].name, n, (int)rc, err.text);
			assert_true(rc == BSG_OK || schedule.windows == NULL);
			bsg_schedule_free(&schedule);
		} while (refused && n < ROUNDS_MAX);
		refused = false;
		assert_true(n > 1 && n < ROUNDS_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
