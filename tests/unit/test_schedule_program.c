/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests for schedule/helper.h: what becomes of a program that is missing, hangs, dies, lies or floods. Scripts stand in for
 * `bosaga-calendar`. S5... are rules of docs/spec/schedule.md. The last tests run the real one, from many threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "schedule/helper.h"
#include "schedule/zones.h"
#include "scratch.h"

#define FROM INT64_C(1736121600)	/* 2025-01-06T00:00:00Z */
#define UNTIL (FROM + 86400)
#define PATIENCE_MS 60000
#define SENSELESS "the program that reads calendars gave an answer without sense for this one: report it, with the calendar"
#define TOO_MUCH "took too much time or memory: begin the events later, make rules simpler, or split the calendar"

static const char *folder;

static int make_folder(void **state)
{
	const int rc = scratch_make(state);

	folder = scratch_dir();
	return rc;
}

/* Put a script where the program would be; one at a time. */
static const char *script(const char *text)
{
	static char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/program", folder);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, "#!/bin/sh\n%s\n", text) > 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static enum bsg_err run(const char *program, int wait_ms, struct bsg_schedule *out, struct bsg_schedule_mistake *mistake,
			struct bsg_error *err)
{
	const struct bsg_helper_ask ask = { program, wait_ms, "Asia/Almaty", FROM, UNTIL };

	return bsg_helper_run(&ask, "abc", 3, out, mistake, err);
}

/* ---- answers -------------------------------------------------------------------------- */

static const struct ending {
	const char *name, *script;
	enum bsg_err rc;
	unsigned line;
	const char *text;	/* of the mistake */
} endings[] = {
	{ "S5 refused", "echo '7 too late'; exit 1", BSG_E_INVALID, 7, "too late" },
	{ "S5 wrong arguments", "echo '0 zone'; exit 2", BSG_E_BUG, 0, "" },
	{ "S5 no zone", "echo '12 no zone'; exit 3", BSG_E_NOT_FOUND, 12, "no zone" },
	{ "S5 limit", "echo '0 long'; exit 4", BSG_E_LIMIT, 0, "long" },
	{ "S5 no tzdata", "echo '0 no tzdata'; exit 5", BSG_E_UNAVAILABLE, 0, "" },
	{ "S6 another status", "echo '0 x'; exit 6", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 refused without a word", "exit 1", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 refused without a number", "echo 'too late'; exit 1", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 refused in two lines", "printf '1 a\\nb\\n'; exit 1", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 refused without a line end", "printf '1 too late'; exit 1", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 refused with an escape", "printf '1 \\033[2J\\n'; exit 1", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 a line beyond all lines", "echo '99999999999 x'; exit 1", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 words", "echo hello", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 one number", "echo 1736121600", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 no line end", "printf '1736121600 1736121660'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 something behind", "echo '1736121600 1736121660 '", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 a leading zero", "echo '01736121600 1736121660'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 a sign", "echo '+1736121600 1736121660'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 before the span", "echo '1736121540 1736121660'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 behind the span", "echo '1736121600 1736208060'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 empty", "echo '1736121600 1736121600'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 seconds", "echo '1736121600 1736121661'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 touching", "printf '1736121600 1736121660\\n1736121660 1736121720\\n'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 in disorder", "printf '1736121720 1736121780\\n1736121600 1736121660\\n'", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 a crash", "kill -SEGV $$", BSG_E_INVALID, 0,
	  "the program that reads calendars crashed on this one (signal 11): report it, with the calendar" },
	{ "S6 abort", "kill -ABRT $$", BSG_E_INVALID, 0,
	  "the program that reads calendars crashed on this one (signal 6): report it, with the calendar" },
	{ "S6 processor time", "kill -XCPU $$", BSG_E_LIMIT, 0, TOO_MUCH },
	{ "S6 memory", "kill -KILL $$", BSG_E_LIMIT, 0, TOO_MUCH },
	{ "S6 windows, and then killed", "echo '1736121600 1736121660'; kill -KILL $$", BSG_E_LIMIT, 0, TOO_MUCH },
	{ "S6 a flood", "exec yes 1736121600 1736121660 2>/dev/null", BSG_E_INVALID, 0, SENSELESS },
	{ "S6 a flood that fits", "exec head -c 1048576 /dev/zero", BSG_E_INVALID, 0, SENSELESS },
	{ "S5 its input", "[ \"$(cat)\" = abc ] && echo '1 x'; exit 1", BSG_E_INVALID, 1, "x" },
	{ "S5 its arguments", "echo \"0 $# $1 $2 $3\"; exit 1", BSG_E_INVALID, 0, "3 1736121600 1736208000 Asia/Almaty" },
};

static void S6_what_the_program_says_is_not_believed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct bsg_schedule_mistake mistake = { 99, "nothing" };
		struct bsg_schedule schedule = { NULL, 99 };
		struct bsg_error err = { 0 };
		const enum bsg_err rc = run(script(endings[i].script), PATIENCE_MS, &schedule, &mistake, &err);

		if (rc != endings[i].rc || mistake.line != endings[i].line || strcmp(mistake.text, endings[i].text) != 0)
			fail_msg("%s: %d, %u %s", endings[i].name, (int)rc, mistake.line, mistake.text);
		assert_string_not_equal(err.text, "");
		assert_null(schedule.windows);
		assert_int_equal(schedule.n, 0);
	}
}

static void S6_windows_that_make_sense_are_taken(void **state)
{
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;

	(void)state;
	assert_int_equal(run(script("printf '1736121600 1736121660\\n1736121720 1736208000\\n'"), PATIENCE_MS, &schedule, &mistake, &err),
			 BSG_OK);
	assert_int_equal(schedule.n, 2);
	assert_int_equal(schedule.windows[0].from, FROM);
	assert_int_equal(schedule.windows[1].until, UNTIL);
	bsg_schedule_free(&schedule);
	assert_int_equal(run(script("exit 0"), PATIENCE_MS, &schedule, &mistake, &err), BSG_OK);
	assert_int_equal(schedule.n, 0);
	bsg_schedule_free(&schedule);
}

static void S6_a_program_that_hangs_is_killed(void **state)
{
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;

	(void)state;
	assert_int_equal(run(script("exec sleep 1000"), 200, &schedule, &mistake, &err), BSG_E_LIMIT);
	assert_string_equal(mistake.text, TOO_MUCH);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* no child is left */
}

static void S3_a_program_that_cannot_be_started_is_unavailable(void **state)
{
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;
	char path[512], wanted[640];

	(void)state;
	assert_int_equal(run("/nonexistent/bosaga-calendar", PATIENCE_MS, &schedule, &mistake, &err), BSG_E_UNAVAILABLE);
	assert_string_equal(err.text, "start /nonexistent/bosaga-calendar: No such file or directory");
	assert_string_equal(mistake.text, "");
	assert_int_equal(bsg_helper_find(folder, path, sizeof(path), &err), BSG_E_UNAVAILABLE);
	snprintf(wanted, sizeof(wanted), "bosaga-calendar is not in %s, nor in ../libexec/bosaga: install it there", folder);
	assert_string_equal(err.text, wanted);
	assert_int_equal(bsg_helper_find(folder, path, 20, &err), BSG_E_LIMIT);
}

static void touch(const char *path)
{
	const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	close(fd);
}

static void S7_it_is_found_beside_and_where_packages_put_it(void **state)
{
	static const char *const places[] = { "a/b/bin/bosaga-calendar", "a/b/libexec/bosaga/bosaga-calendar", "a/b/schedule/bosaga-calendar",
		"a/schedule/bosaga-calendar" };
	static const char *const folders[] = { "a", "a/b", "a/b/bin", "a/b/libexec", "a/b/libexec/bosaga", "a/b/schedule", "a/schedule" };
	char path[512], found[512], bin[512], real[512];
	struct bsg_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(bin, sizeof(bin), "%s/a/b/bin", folder);
	for (size_t i = sizeof(places) / sizeof(places[0]); i > 0; i--) {	/* the earlier ones win */
		snprintf(path, sizeof(path), "%s/%s", folder, places[i - 1]);
		touch(path);
		assert_int_equal(bsg_helper_find(bin, found, sizeof(found), &err), BSG_OK);
		assert_non_null(realpath(found, real));
		assert_string_equal(real, path);
	}
}

/* ---- what it is given ------------------------------------------------------------------- */

static void S6_it_is_given_nothing_but_its_input(void **state)
{
	static const char look[] =
		"for f in /proc/self/fd/*; do :; done\n"
		"[ -e /proc/self/fd/57 ] && echo '0 a descriptor' && exit 1\n"
		"[ -n \"$BSG_TEST_SECRET$HOME$PATH_OF_OURS\" ] && echo '0 the environment' && exit 1\n"
		"[ \"$LC_ALL\" = C ] || { echo '0 no locale'; exit 1; }\n"
		"echo \"0 $(sed -n 's/^Sig\\(Blk\\|Ign\\):.//p' /proc/self/status | tr '\\n' ' ')\"; exit 1";
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;
	sigset_t blocked, before;
	unsigned long long is_blocked = 1, is_ignored = 1;

	(void)state;
	assert_int_equal(dup2(STDOUT_FILENO, 57), 57);	/* inherited by exec */
	assert_int_equal(setenv("BSG_TEST_SECRET", "x", 1), 0);
	assert_ptr_not_equal(signal(SIGPIPE, SIG_IGN), SIG_ERR);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
	assert_int_equal(run(script(look), PATIENCE_MS, &schedule, &mistake, &err), BSG_E_INVALID);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	assert_ptr_not_equal(signal(SIGPIPE, SIG_DFL), SIG_ERR);
	close(57);
	assert_int_equal(sscanf(mistake.text, "%llx %llx", &is_blocked, &is_ignored), 2);
	assert_int_equal(is_blocked, 0);
	assert_int_equal(is_ignored & ~0x180000000ULL, 0);	/* 32 and 33 are glibc's own */
}

static void S6_it_can_change_neither_its_input_nor_the_size_of_its_output(void **state)
{
	static const char try[] =
		"echo x 2>/dev/null >>/proc/self/fd/0 && { echo '0 input'; exit 1; }\n"
		"head -c 1048577 /dev/zero 2>/dev/null && { echo '0 output'; exit 1; }\n"
		"kill -KILL $$";
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;

	(void)state;
	assert_int_equal(run(script(try), PATIENCE_MS, &schedule, &mistake, &err), BSG_E_LIMIT);
}

static size_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void nothing_is_left_open(void **state)
{
	const size_t before = count_descriptors();
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;

	(void)state;
	assert_int_equal(run(script("exit 0"), PATIENCE_MS, &schedule, &mistake, &err), BSG_OK);
	bsg_schedule_free(&schedule);
	assert_int_equal(run("/nonexistent", PATIENCE_MS, &schedule, &mistake, &err), BSG_E_UNAVAILABLE);
	assert_int_equal(run(script("exec sleep 1000"), 100, &schedule, &mistake, &err), BSG_E_LIMIT);
	assert_int_equal(count_descriptors(), before);
}

/* Descriptors 0 to 2 closed, as a daemon may have them: files in memory must not take their numbers. */
static void it_works_with_standard_descriptors_closed(void **state)
{
	int kept[3];
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;
	const char *program = script("[ \"$(cat)\" = abc ] && echo '1736121600 1736121660'");
	enum bsg_err rc;

	(void)state;
	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 60);
		close(i);
	}
	rc = run(program, PATIENCE_MS, &schedule, &mistake, &err);
	for (int i = 0; i < 3; i++) {
		dup2(kept[i], i);
		close(kept[i]);
	}
	assert_int_equal(rc, BSG_OK);
	assert_int_equal(schedule.n, 1);
	bsg_schedule_free(&schedule);
}

/* ---- the real one ------------------------------------------------------------------------- */

static const char weekly[] =
	"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART:20250101T090000\nDURATION:PT9H\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE\n"
	"END:VEVENT\nEND:VCALENDAR\n";

static void *expand_often(void *zone)
{
	size_t good = 0;

	for (int i = 0; i < 10; i++) {
		struct bsg_schedule_mistake mistake;
		struct bsg_schedule schedule;
		struct bsg_error err;
		const int64_t offset = strcmp(zone, "Asia/Almaty") == 0 ? 5 * 3600 : 0;

		if (bsg_schedule_expand(weekly, strlen(weekly), zone, FROM, FROM + 70 * INT64_C(86400), &schedule, &mistake, &err) == BSG_OK)
			good += schedule.n == 20 && schedule.windows[0].from == FROM + 9 * 3600 - offset;
		bsg_schedule_free(&schedule);
	}
	return (void *)good;
}

static void many_threads_expand_at_once(void **state)
{
	static char almaty[] = "Asia/Almaty", utc[] = "UTC";
	pthread_t threads[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, expand_often, i % 2 == 0 ? almaty : utc), 0);
	for (int i = 0; i < 6; i++) {
		void *good;

		assert_int_equal(pthread_join(threads[i], &good), 0);
		assert_int_equal((size_t)good, 10);
	}
}

static void S20_without_tzdata_nothing_is_known(void **state)
{
	struct bsg_zones zones;
	struct bsg_error err;
	char path[512];
	FILE *f;

	(void)state;
	assert_int_equal(bsg_zones_load_from("/nonexistent", &zones, &err), BSG_E_UNAVAILABLE);
	assert_non_null(strstr(err.text, "install the package tzdata"));
	assert_int_equal(zones.n, 0);
	snprintf(path, sizeof(path), "%s/tzdata.zi", folder);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("# version\nR d 1916 o - Jun\nZ Asia/Good 5 - +05\nL Asia/Good B\nL Asia/Good\nZ ../evil 5 - x\nZ a//b 1 -\nZ /a 1 -\nL x a'b\n", f);
	fclose(f);
	assert_int_equal(bsg_zones_load_from(folder, &zones, &err), BSG_OK);
	assert_int_equal(zones.n, 2);
	assert_true(bsg_zones_know(&zones, "Asia/Good") && bsg_zones_know(&zones, "B"));
	bsg_zones_free(&zones);
	f = fopen(path, "we");
	fputs("# nothing\n", f);
	fclose(f);
	assert_int_equal(bsg_zones_load_from(folder, &zones, &err), BSG_E_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(S6_what_the_program_says_is_not_believed),
		cmocka_unit_test(S6_windows_that_make_sense_are_taken),
		cmocka_unit_test(S6_a_program_that_hangs_is_killed),
		cmocka_unit_test(S3_a_program_that_cannot_be_started_is_unavailable),
		cmocka_unit_test(S7_it_is_found_beside_and_where_packages_put_it),
		cmocka_unit_test(S6_it_is_given_nothing_but_its_input),
		cmocka_unit_test(S6_it_can_change_neither_its_input_nor_the_size_of_its_output),
		cmocka_unit_test(nothing_is_left_open),
		cmocka_unit_test(it_works_with_standard_descriptors_closed),
		cmocka_unit_test(many_threads_expand_at_once),
		cmocka_unit_test(S20_without_tzdata_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, make_folder, scratch_remove);
}
