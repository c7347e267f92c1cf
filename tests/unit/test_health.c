/* SPDX-License-Identifier: Apache-2.0 */
/* How what ends is judged (platform/health.h): rule V82 of docs/spec/server.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/health.h"

#define NOW INT64_C(1800000000)
#define DAY BSG_HEALTH_DAY

static void V82_what_ends_is_a_warning_60_days_before_and_bad_in_the_last_7(void **state)
{
	static const struct { int64_t left; enum bsg_health health; const char *what; } rows[] = {
		{365 * DAY, BSG_HEALTH_OK, "ends in 365 days"},
		{60 * DAY + 1, BSG_HEALTH_OK, "ends in 60 days"},
		{60 * DAY - 1, BSG_HEALTH_WARNING, "ends in 59 days"},
		{30 * DAY, BSG_HEALTH_WARNING, "ends in 30 days"},
		{7 * DAY + 1, BSG_HEALTH_WARNING, "ends in 7 days"},
		{7 * DAY - 1, BSG_HEALTH_BAD, "ends in 6 days"},
		{1, BSG_HEALTH_BAD, "ends in 0 days"},
		{-1, BSG_HEALTH_BAD, "ended 0 days ago"},
		{-2 * DAY, BSG_HEALTH_BAD, "ended 2 days ago"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_health_line line;

		bsg_health_say_end(&line, "certificate", NOW + rows[i].left, NOW, "renew it");
		if (line.health != rows[i].health || bsg_health_of_end(NOW + rows[i].left, NOW) != rows[i].health)
			fail_msg("%lld s before the end: %d", (long long)rows[i].left, line.health);
		assert_string_equal(line.what, rows[i].what);
		assert_string_equal(line.remedy, rows[i].health == BSG_HEALTH_OK ? "" : "renew it");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(V82_what_ends_is_a_warning_60_days_before_and_bad_in_the_last_7),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
