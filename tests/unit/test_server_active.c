/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests for server/active.h and server/turns.h: who waits for calendars, and for how long.
 *
 * The program that reads calendars lies beside the one that starts it; so this test runs in a folder of its own, beside a script that
 * notes its calls and, if told to, waits or fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "policy/compile.h"
#include "crypto/hash.h"
#include "server/plan.h"

#define NOW INT64_C(1762714800)	/* 2025-11-10T00:00:00+05:00 */
#define DAY INT64_C(86400)

static const char script[] = "#!/bin/sh\n"
	"folder=${0%/*}\n"
	"echo call >> \"$folder/calls\"\n"
	"[ ! -e \"$folder/fail\" ] || { echo '0 no tzdata'; exit 5; }\n"
	"while [ -e \"$folder/hold\" ]; do sleep 0.01; done\n"
	"exit 0\n";

static const char document[] = "bosaga: 1\nplaces: [{id: house, timezone: Asia/Almaty}]\n"
	"calendars: [{id: work, ics: \"BEGIN:VCALENDAR\\n\"}]\n"
	"rules: [{id: r, who: {all: true}, where: [house], when: [work], restrict: [camera]}]\n";

static const char *folder;	/* where this program lies */

static const char *path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void touch(const char *name)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

/* How often calendars were read since the last question. */
static size_t n_calls(void)
{
	uint8_t *text;
	size_t len;

	if (access(path_of("calls"), F_OK) != 0)
		return 0;
	assert_int_equal(bsg_file_read(path_of("calls"), 1 << 20, &text, &len, NULL), BSG_OK);
	free(text);
	assert_int_equal(unlink(path_of("calls")), 0);
	return len / strlen("call\n");
}

static struct bsg_active_policy *new_active(const char *text)
{
	const struct bsg_policy_source source = {.name = "doc.yaml", .bytes = text, .len = strlen(text)};
	struct bsg_active_policy *active = calloc(1, sizeof(*active));
	struct bsg_error err;

	assert_non_null(active);
	atomic_init(&active->refs, 1);
	pthread_mutex_init(&active->lock, NULL);
	pthread_cond_init(&active->made, NULL);
	if (bsg_policy_parse(&source, 1, &active->policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	(void)n_calls();
	return active;
}

static enum bsg_err get(struct bsg_active_policy *active, int64_t now, int64_t at)
{
	struct bsg_timetable *timetable;
	struct bsg_error err = {.text = ""};
	enum bsg_err rc = bsg_active_timetable(active, now, at, &timetable, &err);

	assert_int_equal(rc == BSG_OK, timetable != NULL);
	assert_int_equal(rc == BSG_OK, err.text[0] == '\0');
	if (rc == BSG_OK)
		assert_true(bsg_timetable_covers(timetable, at - at % 60, at + BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S));
	bsg_timetable_drop(timetable);
	return rc;
}

static void the_present_and_the_last_days_share_one_timetable(void **state)
{
	struct bsg_active_policy *active = new_active(document);

	(void)state;
	for (int64_t now = NOW; now < NOW + 7 * DAY; now += DAY / 4) {
		assert_int_equal(get(active, now, now), BSG_OK);
		assert_int_equal(get(active, now, now - 8 * DAY), BSG_OK);
	}
	assert_int_equal(n_calls(), 1);
	assert_int_equal(get(active, NOW + 8 * DAY, NOW + 8 * DAY), BSG_OK);
	assert_int_equal(n_calls(), 1);
	/* The clock was far ahead, and is set right. */
	assert_int_equal(get(active, NOW + 1000 * DAY, NOW + 1000 * DAY), BSG_OK);
	assert_int_equal(get(active, NOW, NOW), BSG_OK);
	assert_int_equal(n_calls(), 2);
	bsg_active_put(active);
}

static void who_asks_for_another_time_does_not_unmake_the_shared_one(void **state)
{
	static const int64_t times[] = {NOW + 8 * DAY, NOW + 400 * DAY, NOW - 400 * DAY, NOW - 10 * DAY};
	struct bsg_active_policy *active = new_active(document);
	const struct bsg_timetable *shared;

	(void)state;
	assert_int_equal(get(active, NOW, NOW), BSG_OK);
	assert_int_equal(n_calls(), 1);
	shared = active->timetable;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(get(active, NOW + DAY, times[i]), BSG_OK);
		assert_int_equal(n_calls(), 1);
		assert_ptr_equal(active->timetable, shared);
		assert_int_equal(get(active, NOW + DAY, NOW + DAY), BSG_OK);
		assert_int_equal(n_calls(), 0);
	}
	bsg_active_put(active);
}

/* Before a moment of the store, in which nobody may wait for calendars. */
static void what_was_made_ready_needs_no_calendars_any_more(void **state)
{
	struct bsg_active active;

	(void)state;
	bsg_active_init(&active);
	active.now = new_active(document);
	bsg_active_make_ready(&active, NOW);
	assert_int_equal(n_calls(), 1);
	assert_int_equal(atomic_load(&active.now->refs), 1);
	assert_int_equal(get(active.now, NOW, NOW), BSG_OK);
	bsg_active_make_ready(&active, NOW + DAY);
	assert_int_equal(n_calls(), 0);
	bsg_active_make_ready(&active, -1);	/* it cannot be made: who needs it is told */
	bsg_active_free(&active);
}

static void the_ends_of_time_are_answered(void **state)
{
	struct bsg_active_policy *active = new_active(document);

	(void)state;
	assert_int_equal(get(active, NOW, BSG_TIME_MIN), BSG_OK);
	assert_int_equal(get(active, NOW, 5 * DAY), BSG_OK);
	assert_int_equal(get(active, NOW, BSG_COMPILE_NOW_MAX), BSG_OK);
	assert_int_equal(n_calls(), 3);
	assert_int_equal(get(active, NOW, 0), BSG_E_INVALID);
	assert_int_equal(get(active, NOW, BSG_COMPILE_NOW_MAX + 1), BSG_E_INVALID);
	assert_int_equal(get(active, NOW, INT64_C(253402300799)), BSG_E_INVALID);
	assert_int_equal(n_calls(), 0);
	bsg_active_put(active);
}

static void calendars_that_cannot_be_read_are_not_read_for_every_device(void **state)
{
	struct bsg_active_policy *active = new_active(document);

	(void)state;
	touch("fail");
	for (int i = 0; i < 20; i++)
		assert_int_equal(get(active, NOW + i, NOW + i), BSG_E_UNAVAILABLE);
	assert_int_equal(n_calls(), 1);
	assert_int_equal(get(active, NOW + 60, NOW + 60), BSG_E_UNAVAILABLE);
	assert_int_equal(n_calls(), 1);
	assert_int_equal(unlink(path_of("fail")), 0);
	assert_int_equal(get(active, NOW + 120, NOW + 120), BSG_OK);
	bsg_active_put(active);
}

static void what_is_renewed_early_serves_until_it_is_there(void **state)
{
	struct bsg_active_policy *active = new_active(document);

	(void)state;
	assert_int_equal(bsg_active_renew(active, NOW, NULL), BSG_OK);
	assert_int_equal(bsg_active_renew(active, NOW + 3 * DAY, NULL), BSG_OK);
	assert_int_equal(n_calls(), 1);
	touch("fail");
	assert_int_equal(bsg_active_renew(active, NOW + 5 * DAY, NULL), BSG_E_UNAVAILABLE);
	assert_int_equal(get(active, NOW + 5 * DAY, NOW + 5 * DAY), BSG_OK);
	assert_int_equal(unlink(path_of("fail")), 0);
	assert_int_equal(bsg_active_renew(active, NOW + 6 * DAY, NULL), BSG_OK);
	assert_int_equal(n_calls(), 2);
	assert_int_equal(get(active, NOW + 13 * DAY, NOW + 13 * DAY), BSG_OK);
	assert_int_equal(n_calls(), 0);
	bsg_active_put(active);
}

static void *renew(void *arg)
{
	return (void *)(intptr_t)bsg_active_renew(arg, NOW + 6 * DAY, NULL);
}

static void *get_first(void *arg)
{
	return (void *)(intptr_t)get(arg, NOW, NOW);
}

/* Until the script runs. */
static void await_call(void)
{
	const struct timespec short_while = {.tv_nsec = 5000000};

	while (access(path_of("calls"), F_OK) != 0)
		nanosleep(&short_while, NULL);
}

static void nobody_waits_while_calendars_are_read_again(void **state)
{
	struct bsg_active_policy *active = new_active(document);
	pthread_t thread;
	void *rc;

	(void)state;
	assert_int_equal(get(active, NOW, NOW), BSG_OK);
	(void)n_calls();
	touch("hold");
	assert_int_equal(pthread_create(&thread, NULL, renew, active), 0);
	await_call();
	/* This would wait for ever if the lock were held. */
	assert_int_equal(get(active, NOW + 6 * DAY, NOW + 6 * DAY), BSG_OK);
	assert_int_equal(bsg_active_renew(active, NOW + 6 * DAY, NULL), BSG_OK);
	assert_int_equal(unlink(path_of("hold")), 0);
	assert_int_equal(pthread_join(thread, &rc), 0);
	assert_int_equal((intptr_t)rc, BSG_OK);
	assert_int_equal(n_calls(), 1);
	bsg_active_put(active);
}

static void many_who_come_first_read_them_once(void **state)
{
	struct bsg_active_policy *active = new_active(document);
	pthread_t threads[8];
	void *rc;

	(void)state;
	touch("hold");
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_first, active), 0);
	await_call();
	assert_int_equal(unlink(path_of("hold")), 0);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(threads[i], &rc), 0);
		assert_int_equal((intptr_t)rc, BSG_OK);
	}
	assert_int_equal(n_calls(), 1);
	bsg_active_put(active);
}

/* A server of its own, with @text (JSON) in force. */
static struct bsg_server *start(const char *text)
{
	struct bsg_server_options options = {.clock = NULL};
	struct bsg_op ops[3] = {{.kind = BSG_OP_POLICY_PROPOSE}, {.kind = BSG_OP_POLICY_ACTIVATE}, {.kind = BSG_OP_AUDIT}};
	uint8_t digest[BSG_SHA256_LEN];
	struct bsg_server *server;
	struct bsg_error err;
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/server", folder);
	assert_int_equal(bsg_settings_load(NULL, &options.settings, &err), BSG_OK);
	snprintf(options.settings.people_listen, sizeof(options.settings.people_listen), "127.0.0.1:0");
	snprintf(options.settings.device_listen, sizeof(options.settings.device_listen), "127.0.0.1:0");
	options.state_dir = dir;
	if (bsg_server_start(&options, &server, &err) != BSG_OK)
		fail_msg("%s", err.text);
	assert_int_equal(bsg_sha256(text, strlen(text), digest, NULL), BSG_OK);
	ops[0].policy_propose = (struct bsg_op_policy_propose){
		.document = {(const uint8_t *)text, strlen(text)}, .digest = digest, .author = "test", .at = 1};
	ops[1].policy_activate.at = 1;
	ops[2].audit = (struct bsg_op_audit){.at = 1, .who = "test", .action = "test", .subject = "test"};
	if (bsg_store_apply(server->store, ops, 3, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return server;
}

static void a_policy_whose_calendars_cannot_be_read_can_be_replaced(void **state)
{
	static const char in_force[] = "{\"bosaga\": 1, \"places\": [{\"id\": \"house\", \"timezone\": \"Asia/Almaty\"}], "
		"\"calendars\": [{\"id\": \"work\", \"ics\": \"BEGIN:VCALENDAR\\n\"}], \"rules\": [{\"id\": \"r\", "
		"\"who\": {\"all\": true}, \"where\": [\"house\"], \"when\": [\"work\"], \"restrict\": [\"camera\"]}]}";
	static const char simple[] = "bosaga: 1\nplaces: [{id: house, timezone: Asia/Almaty}]\n"
		"rules: [{id: r, who: {all: true}, where: [house], restrict: [camera]}]\n";
	const struct bsg_policy_source source = {.name = "doc.yaml", .bytes = simple, .len = strlen(simple)};
	struct bsg_server *server = start(in_force);
	const int64_t now = bsg_now(server);
	struct bsg_timetable *timetable;
	struct bsg_policy *policy;
	struct bsg_error err;
	struct bsg_plan plan;
	json_t *json, *rule;

	(void)state;
	touch("fail");
	assert_int_equal(bsg_active_load(&server->active, server->store, now, &err), BSG_OK);
	assert_int_equal(bsg_policy_parse(&source, 1, &policy, NULL, &err), BSG_OK);
	assert_int_equal(bsg_timetable_around(policy, now, 0, &timetable, NULL, &err), BSG_OK);
	if (bsg_plan_make(server, policy, timetable, now, &plan, &err) != BSG_OK)
		fail_msg("%s", err.text);
	json = bsg_plan_json(&plan);
	rule = json_array_get(json_object_get(json, "rules"), 0);
	assert_string_equal(json_string_value(json_object_get(rule, "change")), "changed");
	assert_true(json_is_null(json_object_get(rule, "hours_before")));
	assert_true(json_real_value(json_object_get(rule, "hours_after")) > 167.9);
	assert_non_null(strstr(json_string_value(json_array_get(json_object_get(json, "warnings"), 0)), "no tzdata"));
	json_decref(json);
	bsg_plan_free(&plan);
	bsg_timetable_drop(timetable);
	bsg_policy_free(policy);
	assert_int_equal(unlink(path_of("fail")), 0);
	bsg_server_stop(server);
}

static void *take_a_turn(void *arg)
{
	return (void *)(intptr_t)bsg_turn_take(arg, 60000, NULL);
}

static void turns_are_few_and_come_back(void **state)
{
	struct bsg_turns turns;
	struct bsg_error err;
	pthread_t thread;
	void *rc;

	(void)state;
	bsg_turns_init(&turns);
	for (int i = 0; i < BSG_TURNS; i++)
		assert_int_equal(bsg_turn_take(&turns, 0, NULL), BSG_OK);
	assert_int_equal(bsg_turn_take(&turns, 0, &err), BSG_E_UNAVAILABLE);
	assert_int_equal(bsg_turn_take(&turns, 10, &err), BSG_E_UNAVAILABLE);
	assert_int_equal(pthread_create(&thread, NULL, take_a_turn, &turns), 0);
	bsg_turn_give(&turns);
	assert_int_equal(pthread_join(thread, &rc), 0);
	assert_int_equal((intptr_t)rc, BSG_OK);
	for (int i = 0; i < BSG_TURNS; i++)
		bsg_turn_give(&turns);
	assert_int_equal(turns.n, 0);
	bsg_turns_free(&turns);
}

/* Run this program once more, in a folder of its own. @return only if that fails */
static int move_apart(char **argv)
{
	static char folder_name[] = "test-active-XXXXXX";
	uint8_t *self;
	size_t len;
	FILE *file;

	if (mkdtemp(folder_name) == NULL || bsg_file_read("/proc/self/exe", 256u << 20, &self, &len, NULL) != BSG_OK)
		return 1;
	folder = folder_name;
	file = fopen(path_of("test"), "w");
	if (file == NULL || fwrite(self, 1, len, file) != len || fclose(file) != 0 || chmod(path_of("test"), 0700) != 0)
		return 1;
	free(self);
	file = fopen(path_of("bosaga-calendar"), "w");
	if (file == NULL || fputs(script, file) < 0 || fclose(file) != 0 || chmod(path_of("bosaga-calendar"), 0700) != 0)
		return 1;
	setenv("TEST_ACTIVE_FOLDER", folder, 1);
	execv(path_of("test"), argv);
	return 1;
}

static int remove_folder(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_present_and_the_last_days_share_one_timetable),
		cmocka_unit_test(who_asks_for_another_time_does_not_unmake_the_shared_one),
		cmocka_unit_test(what_was_made_ready_needs_no_calendars_any_more),
		cmocka_unit_test(the_ends_of_time_are_answered),
		cmocka_unit_test(calendars_that_cannot_be_read_are_not_read_for_every_device),
		cmocka_unit_test(what_is_renewed_early_serves_until_it_is_there),
		cmocka_unit_test(nobody_waits_while_calendars_are_read_again),
		cmocka_unit_test(many_who_come_first_read_them_once),
		cmocka_unit_test(a_policy_whose_calendars_cannot_be_read_can_be_replaced),
		cmocka_unit_test(turns_are_few_and_come_back),
	};

	(void)argc;
	folder = getenv("TEST_ACTIVE_FOLDER");
	return folder == NULL ? move_apart(argv) : cmocka_run_group_tests(tests, NULL, remove_folder);
}
