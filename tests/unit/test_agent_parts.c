/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the agent on their own: time, saved state, the queue of reports, the control socket, settings. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/linux/agenttime.h"
#include "agent/linux/commands.h"
#include "agent/linux/control.h"
#include "agent/linux/queue.h"
#include "agent/linux/saved.h"
#include "agent/linux/settings.h"
#include "base/file.h"

#define NOW INT64_C(1800000000)

static char dir[64];

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *out = path[next++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", dir, name);
	return out;
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/bosaga-parts-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* --- time --- */

static void time_table_of_what_may_move_it(void **state)
{
	static const struct {
		const char *what;
		bool known, may_go_back;
		int64_t said, want;
		bool changed;
	} rows[] = {
		{ "first contact", false, true, NOW - 5000, NOW - 5000, true },
		{ "a header's rounding", true, true, NOW - 1, NOW, false },
		{ "a header's rounding, ahead", true, true, NOW + 2, NOW, false },
		{ "a server sets it back", true, true, NOW - 3600, NOW - 3600, true },
		{ "a server sets it on", true, true, NOW + 3600, NOW + 3600, true },
		{ "an old token does not set it back", true, false, NOW - 3600, NOW, false },
		{ "a token sets it on", true, false, NOW + 3600, NOW + 3600, true },
		{ "no Date at all", true, true, 0, NOW, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_agent_time time = { .boot = "" };
		struct bsg_fake_clock clock;
		bool changed;

		bsg_fake_clock_init(&clock, NOW);
		if (rows[i].known)
			bsg_agent_time_learn(&time, &clock.clock, "boot-1", NOW, 1000, true);
		changed = bsg_agent_time_learn(&time, &clock.clock, "boot-1", rows[i].said, 1000, rows[i].may_go_back);
		if (changed != rows[i].changed ||
		    bsg_agent_time_now(&time, &clock.clock, "boot-1").utc != rows[i].want)
			fail_msg("%s", rows[i].what);
	}
}

static void time_runs_through_sleep_and_is_unverified_in_another_boot(void **state)
{
	struct bsg_agent_time time = { .boot = "" };
	struct bsg_fake_clock clock;
	struct bsg_time now;

	(void)state;
	bsg_fake_clock_init(&clock, NOW);
	bsg_agent_time_learn(&time, &clock.clock, "boot-1", NOW, 1000, true);
	bsg_fake_clock_pass(&clock, 7200 * 1000);
	bsg_fake_clock_set_utc(&clock, NOW - 100000);
	now = bsg_agent_time_now(&time, &clock.clock, "boot-1");
	assert_int_equal(now.utc, NOW + 7200);
	assert_true(now.auth);
	bsg_agent_time_note(&time, "boot-1", &now);
	clock.mono_ms = 60000;	/* rebooted a minute ago */
	now = bsg_agent_time_now(&time, &clock.clock, "boot-2");
	assert_false(now.auth);
	assert_int_equal(now.utc, NOW + 7200 + 60);	/* what was known, and what has passed since boot */
	bsg_fake_clock_set_utc(&clock, NOW + 9000);
	assert_int_equal(bsg_agent_time_now(&time, &clock.clock, "boot-2").utc, NOW + 9000);
}

/* --- saved state --- */

static void saved_state_comes_back_whole(void **state)
{
	struct bsg_saved *saved = calloc(1, sizeof(*saved)), *back = calloc(1, sizeof(*back));
	struct bsg_error err;
	const char *why;
	struct stat st;

	(void)state;
	snprintf(saved->time.boot, sizeof(saved->time.boot), "boot-1");
	saved->time.has_reference = true;
	saved->time.ref_utc = NOW;
	saved->time.last_mono_ms = 77;
	saved->batch_sequence = UINT64_C(1) << 40;
	saved->pass_sequence = UINT32_MAX;
	snprintf(saved->code[3].place, sizeof(saved->code[3].place), "house");
	saved->code[3].step = NOW / 30;
	saved->wrong_codes = 6;
	saved->codes_from = NOW + 60;
	memset(saved->token[5].nonce, 0xab, BSG_NONCE_LEN);
	saved->token[5].expires = NOW + 30;
	assert_int_equal(bsg_saved_store(saved, in_dir("state"), &err), BSG_OK);
	assert_int_equal(stat(in_dir("state"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	bsg_saved_load(in_dir("state"), back, &why);
	assert_null(why);
	assert_string_equal(back->time.boot, "boot-1");
	assert_int_equal(back->time.ref_utc, NOW);
	assert_true(back->batch_sequence == saved->batch_sequence);
	assert_true(back->pass_sequence == UINT32_MAX);
	assert_string_equal(back->code[0].place, "house");
	assert_int_equal(back->code[0].step, NOW / 30);
	assert_int_equal(back->codes_from, NOW + 60);
	assert_memory_equal(back->token[0].nonce, saved->token[5].nonce, BSG_NONCE_LEN);
	free(saved);
	free(back);
}

static void a_damaged_file_is_a_fresh_start_that_says_so(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{\"version\": 2}", "{\"version\": 1, \"core\": \"zz\"}",
		"{\"version\": 1}" };
	struct bsg_saved *saved = calloc(1, sizeof(*saved));
	struct bsg_error err;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(bsg_file_replace(in_dir("state"), bad[i], strlen(bad[i]), 0600, &err), BSG_OK);
		bsg_saved_load(in_dir("state"), saved, &why);
		if (!why || saved->core.serial)
			fail_msg("\"%s\"", bad[i]);
	}
	assert_int_equal(bsg_file_remove(in_dir("state"), &err), BSG_OK);
	bsg_saved_load(in_dir("state"), saved, &why);
	assert_null(why);
	free(saved);
}

static void a_time_that_no_clock_says_is_forgotten(void **state)
{
	static const char *const times[] = { "\"ref_utc\": 4102444801", "\"last_utc\": 9223372036854775807",
		"\"ref_utc\": 9223372036854775807" };
	struct bsg_fake_clock clock;
	struct bsg_saved *saved = calloc(1, sizeof(*saved));

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[256];
		struct bsg_time now;

		bsg_fake_clock_init(&clock, NOW);
		snprintf(text, sizeof(text), "{\"version\": 1, \"time\": {\"boot\": \"boot-1\", \"has_reference\": true, %s}}",
			 times[i]);
		assert_non_null(bsg_saved_decode(text, strlen(text), saved));	/* the decision is missing */
		now = bsg_agent_time_now(&saved->time, &clock.clock, "boot-1");
		if (now.auth || now.utc != NOW)
			fail_msg("%s: %lld", times[i], (long long)now.utc);
	}
	free(saved);
}

/* --- reports --- */

static const uint8_t instance[BSG_INSTANCE_ID_LEN] = "an instance id!";

static void open_queue(struct bsg_queue *queue)
{
	struct bsg_error err;

	assert_int_equal(bsg_queue_open(queue, in_dir("reports"), in_dir("batch"), instance, &err), BSG_OK);
}

/* The queue borrows its paths: they must not be those that in_dir() uses again. */
static char queue_path[128], batch_path[128];

static void open_queue_for_long(struct bsg_queue *queue)
{
	struct bsg_error err;

	snprintf(queue_path, sizeof(queue_path), "%s/reports", dir);
	snprintf(batch_path, sizeof(batch_path), "%s/batch", dir);
	assert_int_equal(bsg_queue_open(queue, queue_path, batch_path, instance, &err), BSG_OK);
}

static void add(struct bsg_queue *queue, enum bsg_report_kind kind, int64_t at)
{
	struct bsg_report_item *item = calloc(1, sizeof(*item));
	struct bsg_error err = { .text = "" };

	item->kind = kind;
	item->at = at;
	if (kind == BSG_REPORT_BREAK_GLASS)
		item->break_glass.until = at + 600;
	if (kind == BSG_REPORT_EVENT)
		item->event.kind = BSG_OUT_BREAK_GLASS_REFUSED;
	if (bsg_queue_add(queue, item, &err) != BSG_OK)
		fail_msg("%s", err.text);
	free(item);
}

static size_t decode(struct bsg_bytes batch, uint64_t *sequence, int64_t *first_at)
{
	struct bsg_report_batch *out = calloc(1, sizeof(*out));
	const char *why = NULL;
	size_t n;

	if (bsg_report_decode(batch, out, &why) != BSG_OK)
		fail_msg("%s", why);
	n = out->n_reports;
	*sequence = out->sequence;
	*first_at = out->reports[0].at;
	free(out);
	return n;
}

static void a_batch_is_sent_again_unchanged_until_it_was_answered(void **state)
{
	struct bsg_queue *queue = calloc(1, sizeof(*queue));
	uint64_t sequence = 41, seen;
	struct bsg_bytes first, again;
	struct bsg_error err;
	uint8_t copy[BSG_REPORT_BATCH_MAX];
	size_t copy_len;
	int64_t at;

	(void)state;
	open_queue_for_long(queue);
	add(queue, BSG_REPORT_BREAK_GLASS, NOW);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &first, &err), BSG_OK);
	assert_int_equal(sequence, 42);
	copy_len = first.len;
	memcpy(copy, first.ptr, first.len);
	add(queue, BSG_REPORT_BREAK_GLASS, NOW + 1);
	bsg_queue_close(queue);		/* killed and started again, before the sequence was saved */
	sequence = 41;
	open_queue_for_long(queue);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &again, &err), BSG_OK);
	assert_int_equal(sequence, 42);
	assert_int_equal(again.len, copy_len);
	assert_memory_equal(again.ptr, copy, copy_len);
	assert_int_equal(bsg_queue_answered(queue, &err), BSG_OK);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &again, &err), BSG_OK);
	assert_int_equal(decode(again, &seen, &at), 1);
	assert_int_equal(seen, 43);
	assert_int_equal(at, NOW + 1);
	assert_int_equal(bsg_queue_answered(queue, &err), BSG_OK);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &again, &err), BSG_OK);
	assert_int_equal(again.len, 0);
	bsg_queue_close(queue);
	free(queue);
}

static void a_file_that_has_a_report_twice_does_not_stop_the_queue(void **state)
{
	struct bsg_queue *queue = calloc(1, sizeof(*queue));
	uint64_t sequence = 0, seen;
	struct bsg_bytes batch;
	struct bsg_error err;
	uint8_t *bytes, twice[1024];
	size_t len;
	int64_t at;

	(void)state;
	open_queue_for_long(queue);
	add(queue, BSG_REPORT_BREAK_GLASS, NOW);
	bsg_queue_close(queue);
	assert_int_equal(bsg_file_read(queue_path, sizeof(twice) / 2, &bytes, &len, &err), BSG_OK);
	memcpy(twice, bytes, len);
	memcpy(twice + len, bytes, len);
	free(bytes);
	assert_int_equal(bsg_file_replace(queue_path, twice, 2 * len, 0600, &err), BSG_OK);
	open_queue_for_long(queue);
	for (uint64_t i = 1; i <= 2; i++) {	/* the server counts it once */
		assert_int_equal(bsg_queue_batch(queue, &sequence, &batch, &err), BSG_OK);
		assert_int_equal(decode(batch, &seen, &at), 1);
		assert_int_equal(seen, i);
		assert_int_equal(bsg_queue_answered(queue, &err), BSG_OK);
	}
	assert_int_equal(queue->n, 0);
	bsg_queue_close(queue);
	free(queue);
}

static void of_statuses_only_the_last_is_sent_and_of_too_many_the_oldest_go(void **state)
{
	struct bsg_queue *queue = calloc(1, sizeof(*queue));
	uint64_t sequence = 0, seen;
	struct bsg_bytes batch;
	struct bsg_error err;
	int64_t at;

	(void)state;
	open_queue_for_long(queue);
	for (int i = 0; i < 5; i++)
		add(queue, BSG_REPORT_STATUS, NOW + i);
	assert_int_equal(queue->n, 1);
	for (int i = 0; i < BSG_QUEUE_MAX + 3; i++)
		add(queue, BSG_REPORT_BREAK_GLASS, NOW + i);
	assert_int_equal(queue->n, BSG_QUEUE_MAX);
	assert_int_equal(queue->n_dropped, 4);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &batch, &err), BSG_OK);
	assert_int_equal(decode(batch, &seen, &at), BSG_REPORTS_MAX);
	assert_int_equal(at, NOW + 3);
	bsg_queue_close(queue);
	free(queue);
}

/* Offline one could otherwise press a hundred times more, and nobody would hear of the first. */
static void what_the_owner_did_is_not_pushed_out_by_lesser_things(void **state)
{
	struct bsg_queue *queue = calloc(1, sizeof(*queue));
	size_t n = 0;

	(void)state;
	open_queue_for_long(queue);
	add(queue, BSG_REPORT_EVENT, NOW - 1);
	add(queue, BSG_REPORT_BREAK_GLASS, NOW);
	for (int i = 0; i < 2 * BSG_QUEUE_MAX; i++)
		add(queue, BSG_REPORT_EVENT, NOW + i);
	assert_int_equal(queue->n, BSG_QUEUE_MAX);
	for (size_t i = 0; i < queue->n; i++)
		n += queue->item[i].kind == BSG_REPORT_BREAK_GLASS;
	assert_int_equal(n, 1);
	bsg_queue_close(queue);
	free(queue);
}

static void a_full_disk_keeps_no_report_back(void **state)
{
	struct bsg_queue *queue = calloc(1, sizeof(*queue));
	uint64_t sequence = 7, seen;
	struct bsg_bytes batch, again;
	struct bsg_error err;
	char blocked[140];
	int64_t at;

	(void)state;
	open_queue_for_long(queue);
	add(queue, BSG_REPORT_BREAK_GLASS, NOW);
	snprintf(blocked, sizeof(blocked), "%s.new", batch_path);
	assert_int_equal(mkdir(blocked, 0700), 0);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &batch, &err), BSG_E_UNAVAILABLE);	/* it says so */
	assert_int_equal(decode(batch, &seen, &at), 1);
	assert_int_equal(seen, 8);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &again, &err), BSG_OK);
	assert_ptr_equal(again.ptr, batch.ptr);		/* the same until it was answered */
	assert_int_equal(sequence, 8);
	assert_int_equal(bsg_queue_answered(queue, &err), BSG_OK);
	assert_int_equal(bsg_queue_batch(queue, &sequence, &batch, &err), BSG_OK);
	assert_int_equal(batch.len, 0);
	assert_int_equal(rmdir(blocked), 0);
	bsg_queue_close(queue);
	free(queue);
}

static void files_that_cannot_be_read_are_empty_ones(void **state)
{
	struct bsg_queue *queue = calloc(1, sizeof(*queue));

	(void)state;
	assert_int_equal(mkdir(in_dir("reports"), 0700), 0);
	assert_int_equal(mkdir(in_dir("batch"), 0700), 0);
	open_queue_for_long(queue);
	assert_int_equal(queue->n, 0);
	assert_null(queue->batch);
	bsg_queue_close(queue);
	free(queue);
}

static void a_damaged_queue_keeps_what_came_before_the_damage(void **state)
{
	struct bsg_queue *queue = calloc(1, sizeof(*queue));
	uint8_t *bytes;
	size_t len;
	struct bsg_error err;

	(void)state;
	open_queue_for_long(queue);
	add(queue, BSG_REPORT_BREAK_GLASS, NOW);
	add(queue, BSG_REPORT_BREAK_GLASS, NOW + 1);
	bsg_queue_close(queue);
	assert_int_equal(bsg_file_read(queue_path, 1 << 20, &bytes, &len, &err), BSG_OK);
	bytes[len - 3] ^= 0xff;
	assert_int_equal(bsg_file_replace(queue_path, bytes, len - 2, 0600, &err), BSG_OK);
	free(bytes);
	open_queue(queue);
	assert_int_equal(queue->n, 1);
	bsg_queue_close(queue);
	free(queue);
}

/* --- the control socket --- */

static enum bsg_err echo(void *arg, const char *what, const json_t *request, json_t *answer,
			 struct bsg_error *err)
{
	(void)arg;
	(void)request;
	if (strcmp(what, "refuse") == 0)
		return bsg_fail(err, BSG_E_DENIED, "not now");
	json_object_set_new(answer, "what", json_string(what));
	return BSG_OK;
}

struct server {
	struct bsg_control *control;
	int stop[2];
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *server = arg;
	struct pollfd fds[BSG_CONTROL_PEERS + 2];

	for (;;) {
		size_t n = bsg_control_poll(server->control, fds);

		fds[n] = (struct pollfd){ .fd = server->stop[0], .events = POLLIN };
		poll(fds, n + 1, -1);
		if (fds[n].revents)
			return NULL;
		bsg_control_serve(server->control, fds, n);
	}
}

static void start(struct server *server, const char *owner)
{
	static char path[128];
	struct bsg_control_options options = { .path = path, .owner = owner, .handler = echo };
	struct bsg_error err;

	snprintf(path, sizeof(path), "%s/agent.sock", dir);
	assert_int_equal(bsg_control_open(&options, &server->control, &err), BSG_OK);
	assert_int_equal(pipe(server->stop), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
	assert_int_equal(write(server->stop[1], "x", 1), 1);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->stop[1]);
	bsg_control_close(server->control);
}

static void the_socket_answers_refuses_and_survives_nonsense(void **state)
{
	static const char *const nonsense[] = { "\n", "{}\n", "[1]\n", "{\"do\": 7}\n", "\xff\xfe\n", "{\"do\": \"x\"" };
	struct server server;
	struct bsg_error err;
	json_t *answer;

	(void)state;
	start(&server, "");
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		snprintf(address.sun_path, sizeof(address.sun_path), "%s/agent.sock", dir);
		assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		assert_true(send(fd, nonsense[i], strlen(nonsense[i]), MSG_NOSIGNAL) > 0);
		close(fd);
	}
	assert_int_equal(bsg_control_ask(in_dir("agent.sock"), json_pack("{s:s}", "do", "status"), &answer, &err), BSG_OK);
	assert_string_equal(json_string_value(json_object_get(answer, "what")), "status");
	json_decref(answer);
	assert_int_equal(bsg_control_ask(in_dir("agent.sock"), json_pack("{s:s}", "do", "refuse"), &answer, &err), BSG_E_DENIED);
	assert_string_equal(err.text, "not now");
	stop(&server);
	assert_int_equal(bsg_control_ask(in_dir("agent.sock"), json_pack("{s:s}", "do", "status"), &answer, &err), BSG_E_NOT_FOUND);
}

static void silent_peers_do_not_keep_others_out(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct server server;
	struct bsg_error err;
	json_t *answer;
	int silent[BSG_CONTROL_PEERS - 1];

	(void)state;
	start(&server, "");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/agent.sock", dir);
	for (size_t i = 0; i < BSG_CONTROL_PEERS - 1; i++) {
		silent[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(silent[i], (struct sockaddr *)&address, sizeof(address)), 0);
	}
	assert_int_equal(bsg_control_ask(in_dir("agent.sock"), json_pack("{s:s}", "do", "status"), &answer, &err), BSG_OK);
	json_decref(answer);
	for (size_t i = 0; i < BSG_CONTROL_PEERS - 1; i++)
		close(silent[i]);
	stop(&server);
}

static void who_may_ask_for_what(void **state)
{
	static const struct { uid_t uid; bool has_owner; const char *what; bool allowed; } rows[] = {
		{ 0, false, "unenrol", true }, { 0, true, "unenrol", true }, { 1000, false, "unenrol", false },
		{ 1000, true, "unenrol", true }, { 1001, true, "unenrol", false }, { 1000, false, "tap", true },
		{ 1000, true, "tap", true }, { 1001, true, "tap", false }, { 1001, true, "status", false },
		{ 0, true, "break_glass", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(bsg_control_allowed(rows[i].uid, rows[i].has_owner, 1000, rows[i].what), rows[i].allowed);
}

/* An emergency is no time for riddles: "out of memory" was the answer. */
static void what_is_typed_in_another_encoding_is_named_so(void **state)
{
	static const char *const words[][2] = { { "break-glass", "--reason" }, { "pass", "--place" } };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char command[16], option[16], program[] = "bosaga-agent", bad[] = "\xef\xe8", where[] = "--state";
		char *argv[] = { program, command, option, bad, where, dir, NULL };
		char *said = NULL;
		size_t len = 0;
		FILE *err_out = open_memstream(&said, &len);

		snprintf(command, sizeof(command), "%s", words[i][0]);
		snprintf(option, sizeof(option), "%s", words[i][1]);
		assert_int_equal(bsg_agent_main(6, argv, stdout, err_out), 1);
		fclose(err_out);
		if (!strstr(said, "UTF-8"))
			fail_msg("%s: %s", words[i][0], said);
		free(said);
	}
}

/* --- settings --- */

static void bad_settings_stop_with_file_and_line(void **state)
{
	static const char *const bad[] = { "camera_devices = c 81\n", "enforce_on = ../x\n", "poll_wait = 61s\n",
		"nothing = 1\n", "log_level = loud\n" };
	struct bsg_agent_settings settings;
	struct bsg_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(bsg_file_replace(in_dir("conf"), bad[i], strlen(bad[i]), 0600, &err), BSG_OK);
		assert_int_equal(bsg_agent_settings_load(in_dir("conf"), &settings, &err), BSG_E_INVALID);
		if (!strstr(err.text, "/conf:1: "))
			fail_msg("%s", err.text);
	}
	assert_int_equal(bsg_agent_settings_load(NULL, &settings, &err), BSG_OK);
	assert_string_equal(settings.camera_devices, "c 81:*");
	assert_string_equal(settings.enforce_on, "user.slice");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_table_of_what_may_move_it),
		cmocka_unit_test(time_runs_through_sleep_and_is_unverified_in_another_boot),
		IN_DIR(saved_state_comes_back_whole),
		IN_DIR(a_damaged_file_is_a_fresh_start_that_says_so),
		cmocka_unit_test(a_time_that_no_clock_says_is_forgotten),
		IN_DIR(a_batch_is_sent_again_unchanged_until_it_was_answered),
		IN_DIR(a_file_that_has_a_report_twice_does_not_stop_the_queue),
		IN_DIR(of_statuses_only_the_last_is_sent_and_of_too_many_the_oldest_go),
		IN_DIR(what_the_owner_did_is_not_pushed_out_by_lesser_things),
		IN_DIR(a_full_disk_keeps_no_report_back),
		IN_DIR(files_that_cannot_be_read_are_empty_ones),
		IN_DIR(a_damaged_queue_keeps_what_came_before_the_damage),
		IN_DIR(the_socket_answers_refuses_and_survives_nonsense),
		IN_DIR(silent_peers_do_not_keep_others_out),
		cmocka_unit_test(who_may_ask_for_what),
		IN_DIR(what_is_typed_in_another_encoding_is_named_so),
		IN_DIR(bad_settings_stop_with_file_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
