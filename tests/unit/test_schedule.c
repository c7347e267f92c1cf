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

/* 20250131T0900, UTC */
static int64_t utc(const char *text)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(text, "%Y%m%dT%H%M", &tm));
	return timegm(&tm);
}

static void test_sample(const char *zone, size_t days, int64_t offset)
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
	assert_int_equal(schedule.n, days);
	for (size_t i = 0; i < schedule.n; i++) {
		assert_int_equal((schedule.windows[i].from + offset) % DAY, 9 * 3600);
		assert_int_equal(schedule.windows[i].until - schedule.windows[i].from, 9 * 3600 + 1800);
	}
	assert_int_equal(schedule.windows[0].from + offset, utc("20250105T0900"));
	bsg_schedule_free(&schedule);
}

static void the_sample_of_2025_has_246_working_days(void **state)
{
	(void)state;
	test_sample("Asia/Almaty", 246, 5 * 3600);
	test_sample("UTC", 246, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_of_2025_has_246_working_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
