/* SPDX-License-Identifier: Apache-2.0 */
/* How long a push waits before it is sent again: docs/spec/apple.md, A142. What is done with it is in test_apple_wake.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apple/push_pause.h"

#define NOW INT64_C(1800000000)

static void the_older_the_wish_the_longer_the_pause(void **state)
{
	static const int64_t want[][2] = {	/* age, pause */
		{-5, 10}, {0, 10}, {9, 10}, {10, 30}, {39, 30}, {40, 120}, {159, 120}, {160, 600}, {86399, 600}, {86400, 3600}, {INT64_MAX, 3600},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct bsg_push_backlog nobody = {0};

		assert_int_equal(bsg_push_pause_taken(&nobody, NOW, want[i][0]), want[i][1]);
	}
}

static void failures_are_tried_ever_more_slowly(void **state)
{
	static const int64_t want[] = {10, 30, 120, 600, 3600, 3600};

	(void)state;
	for (int64_t i = 0; i < 6; i++)
		assert_int_equal(bsg_push_pause_failed(i), want[i]);
	assert_int_equal(bsg_push_pause_failed(INT64_MAX), 3600);
}

static int64_t push_many(struct bsg_push_backlog *backlog, int64_t now, int n)
{
	int64_t pause = 0;

	for (int i = 0; i < n; i++)
		pause = bsg_push_pause_taken(backlog, now, 0);
	return pause;
}

static void who_stands_in_line_is_not_pushed_again(void **state)
{
	struct bsg_push_backlog backlog = {0};

	(void)state;
	assert_int_equal(push_many(&backlog, NOW, 2500), 10);		/* their turn comes before the pause is over */
	assert_int_equal(push_many(&backlog, NOW, 5000), 30);
	assert_int_equal(push_many(&backlog, NOW, 60000), 270);
	assert_int_equal(bsg_push_pause_taken(&backlog, NOW, 200), 600);	/* the longer of both */
	assert_int_equal(bsg_push_pause_taken(&backlog, NOW + 60, 0), 210);	/* meanwhile the line has grown shorter */
	assert_int_equal(bsg_push_pause_taken(&backlog, NOW + 500, 0), 10);
	assert_int_equal(push_many(&backlog, NOW + 500, 2400), 10);	/* and what is past counts no more */
}

static void a_line_is_waited_for_five_minutes(void **state)
{
	struct bsg_push_backlog backlog = {0};

	(void)state;
	assert_int_equal(push_many(&backlog, NOW, 74999), 299);
	assert_int_equal(push_many(&backlog, NOW, 100000), 300);
	assert_int_equal(push_many(&backlog, NOW + 300, 1), 10);	/* and grew no further meanwhile */
}

static void a_clock_that_goes_back_begins_anew(void **state)
{
	static const int64_t back[] = {86400, 1800, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(back) / sizeof(back[0]); i++) {
		struct bsg_push_backlog backlog = {0};

		push_many(&backlog, NOW, 9000);
		assert_int_equal(bsg_push_pause_taken(&backlog, NOW - back[i], 0), 10);
		assert_int_equal(push_many(&backlog, NOW - back[i], 7499), 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_older_the_wish_the_longer_the_pause), cmocka_unit_test(failures_are_tried_ever_more_slowly),
		cmocka_unit_test(who_stands_in_line_is_not_pushed_again), cmocka_unit_test(a_line_is_waited_for_five_minutes),
		cmocka_unit_test(a_clock_that_goes_back_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
