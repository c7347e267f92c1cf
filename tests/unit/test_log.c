/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for base/log.h and clock.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int fds[2];
static struct bsg_fake_clock fake;
static struct bsg_log log_;

static int open_pipe(void **state)
{
	(void)state;
	bsg_fake_clock_init(&fake, 1795471200);
	log_ = (struct bsg_log){ .format = BSG_LOG_TEXT, .level = BSG_LOG_INFO, .clock = &fake.clock };
	if (pipe(fds) != 0)
		return -1;
	log_.fd = fds[1];
	return 0;
}

static int close_pipe(void **state)
{
	(void)state;
	(void)close(fds[0]);
	(void)close(fds[1]);
	return 0;
}

static const char *written(void)
{
	static char line[8192];
	ssize_t n = read(fds[0], line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void a_line_has_time_level_and_module(void **state)
{
	(void)state;
	bsg_fake_clock_pass(&fake, 7);
	bsg_log(&log_, BSG_LOG_WARNING, "store", "%d rows", 3);
	assert_string_equal(written(), "2026-11-23T22:00:00.007Z warning store: 3 rows\n");
	log_.format = BSG_LOG_JSON;
	bsg_log(&log_, BSG_LOG_ERROR, "store", "a \"b\" \\c");
	assert_string_equal(written(), "{\"time\":\"2026-11-23T22:00:00.007Z\",\"level\":\"error\","
			    "\"module\":\"store\",\"message\":\"a \\\"b\\\" \\\\c\"}\n");
}

static void no_message_forges_a_second_line(void **state)
{
	(void)state;
	bsg_log(&log_, BSG_LOG_INFO, "x", "a\nb\x1b[1m \xff\xd2\xaf");
	assert_string_equal(written(), "2026-11-23T22:00:00.000Z info x: a?b?[1m ?\xd2\xaf\n");
	log_.format = BSG_LOG_JSON;
	bsg_log(&log_, BSG_LOG_INFO, "x", "\n");
	assert_non_null(strstr(written(), "\"message\":\"?\"}\n"));
}

static void a_long_message_is_cut_and_ends_its_line(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *line;

		bsg_log(&log_, BSG_LOG_INFO, "x", "%05000d\"", 1);
		line = written();
		assert_true(strlen(line) <= BSG_LOG_LINE_MAX);
		assert_true(strlen(line) > BSG_LOG_LINE_MAX - 200);
		assert_string_equal(line + strlen(line) - (i == 0 ? 2 : 4), i == 0 ? "0\n" : "0\"}\n");
		log_.format = BSG_LOG_JSON;
	}
}

static void levels_above_are_dropped(void **state)
{
	(void)state;
	errno = 77;
	bsg_log(&log_, BSG_LOG_DEBUG, "x", "never");
	bsg_log(NULL, BSG_LOG_ERROR, "x", "never");
	bsg_log(&log_, BSG_LOG_INFO, "x", "this");
	assert_int_equal(errno, 77);
	assert_non_null(strstr(written(), "this"));
	assert_false(bsg_log_wants(&log_, BSG_LOG_DEBUG));
	assert_false(bsg_log_wants(NULL, BSG_LOG_ERROR));
}

static void the_fake_clock_moves_only_when_told(void **state)
{
	int64_t mono = bsg_clock_mono_ms(&fake.clock);

	(void)state;
	bsg_fake_clock_pass(&fake, 1500);
	assert_int_equal(bsg_clock_utc(&fake.clock), 1795471201);
	assert_int_equal(bsg_clock_mono_ms(&fake.clock), mono + 1500);
	bsg_fake_clock_set_utc(&fake, -1);
	assert_int_equal(bsg_clock_utc(&fake.clock), -1);
	assert_int_equal(bsg_clock_mono_ms(&fake.clock), mono + 1500);
}

static void the_machines_clock_runs(void **state)
{
	const struct bsg_clock *clock = bsg_clock_system();
	int64_t before = bsg_clock_mono_ms(clock);

	(void)state;
	assert_true(bsg_clock_utc(clock) > 1700000000);
	assert_true(bsg_clock_mono_ms(clock) >= before);
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PIPE(a_line_has_time_level_and_module),
		WITH_PIPE(no_message_forges_a_second_line),
		WITH_PIPE(a_long_message_is_cut_and_ends_its_line),
		WITH_PIPE(levels_above_are_dropped),
		WITH_PIPE(the_fake_clock_moves_only_when_told),
		cmocka_unit_test(the_machines_clock_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
