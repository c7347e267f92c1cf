/* SPDX-License-Identifier: Apache-2.0 */
/* A crossing and the orders that it asks for in one commit (Z13 of docs/spec/platform.md), through the turnstile's own route. */
#include "drive_world.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "server/orders.h"

#define TURNSTILE "0123456789abcdef0123456789abcdef"
#define SECOND "ffeeddccbbaa99887766554433221100"

/* A house whose phone has orders, a badge, and a turnstile to hold it to. */
static void open_house(void)
{
	uint8_t token[BSG_STORE_SHA256_LEN];

	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(bsg_sha256("turnstile", strlen("turnstile"), token, NULL), BSG_OK);
	apply((struct bsg_op){.kind = BSG_OP_TURNSTILE_ADD, .turnstile_add = {.id = TURNSTILE, .token_sha256 = token, .place = "house",
		.gate = "north", .address = "", .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_BADGE_ADD, .badge_add = {.number = "1001", .person = "one", .at = NOW}}, true);
}

/* A minute later. @param id  "" or a member of the request */
static void badge(const char *direction, const char *id, const char *expected)
{
	const struct bsg_http_client_options options = {.bearer = "turnstile"};
	struct bsg_http_client *client = NULL;
	struct bsg_http_response answer;
	char url[100], body[200];
	struct bsg_http_request request = {.method = "POST", .url = url, .body = body, .type = "application/json", .accept_language = "en"};

	bsg_fake_clock_pass(&fake, 60000);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/crossings", bsg_http_server_port(server->people));
	request.body_len = (size_t)snprintf(body, sizeof(body), "{%s\"badge\":\"1001\",\"direction\":\"%s\"}", id, direction);
	assert_int_equal(bsg_http_client_open(&options, &client, NULL), BSG_OK);
	assert_int_equal(bsg_http_client_do(client, &request, &answer, NULL), BSG_OK);
	assert_int_equal(answer.status, 200);
	if (strstr((const char *)answer.body, expected) == NULL)
		fail_msg("%s, not %s", (const char *)answer.body, expected);
	bsg_http_response_clear(&answer);
	bsg_http_client_close(client);
}

static void await_serial(int64_t wanted)
{
	const struct timespec short_while = {.tv_nsec = 10000000};

	for (int i = 0; i < 6000 && serial() != wanted; i++)
		nanosleep(&short_while, NULL);
	assert_int_equal(serial(), wanted);
}

static struct bsg_device_rec device_rec(void)
{
	struct bsg_device_rec rec;

	assert_int_equal(bsg_store_device(server->store, device, &rec, NULL), BSG_OK);
	return rec;
}

static void Z13_a_crossing_and_its_orders_are_one_commit(void **state)
{
	uint64_t least = UINT64_MAX;	/* who keeps house commits, too */

	(void)state;
	open_house();
	for (int i = 1; i <= 6; i++) {
		const bool in = i % 2 != 0;
		const int64_t before = serial();
		struct bsg_store_stats then, now;

		bsg_store_stats(server->store, &then);
		badge(in ? "in" : "out", "", in ? "\"pending\"" : "\"admit\"");
		await_serial(before + 1);
		bsg_store_stats(server->store, &now);
		least = now.commits - then.commits < least ? now.commits - then.commits : least;
		assert_int_equal(phone().desired, in ? CAMERA : 0);
		assert_int_equal(phone().crossing_at, NOW + 60 * i);
		assert_int_equal(device_rec().presence.seq, i);
		assert_int_equal(device_rec().presence.at, NOW + 60 * i);
		assert_int_equal(world.n_delivered, i);
	}
	assert_int_equal(least, 1);
	make_orders();	/* are current: nothing was left to make */
	assert_int_equal(serial(), 7);
}

/* A phone that has proved it is let in by the same answer. */
static void Z13_the_verdict_is_that_of_what_is_stored(void **state)
{
	(void)state;
	open_house();
	badge("in", "", "\"pending\"");
	prove();
	badge("in", "", "\"admit\"");
	world.is_unreachable = true;
	bsg_fake_clock_pass(&fake, 3 * H * 1000);
	badge("in", "", "The phone cannot be reached");
}

/* Somebody was faster: the crossing counts all the same, once, and its orders follow. */
static void Z13_what_was_guessed_wrong_is_made_anew(void **state)
{
	(void)state;
	open_house();
	world.n_conflicts = 1;
	badge("in", "", "\"pending\"");
	await_serial(2);
	assert_int_equal(world.n_conflicted, 1);
	assert_int_equal(device_rec().presence.seq, 1);
	assert_int_equal(phone().desired, CAMERA);
}

/* The gate has not heard the answer and asks again, later. */
static void Z13_the_same_crossing_again_moves_nothing(void **state)
{
	static const char id[] = "\"id\":\"00000000-0000-4000-8000-000000000001\",";

	(void)state;
	open_house();
	badge("in", id, "\"pending\"");
	await_serial(2);
	badge("in", id, "\"seal\"");	/* its time for a proof is over */
	assert_int_equal(serial(), 2);
	assert_int_equal(device_rec().presence.seq, 1);
	assert_int_equal(phone().desired_seq, 1);
}

/* Who carries two phones, or one that never had orders, is served as before. */
static void Z13_other_crossings_bring_their_orders_after_them(void **state)
{
	const struct timespec short_while = {.tv_nsec = 10000000};
	struct bsg_apple_rec other = {.desired = 0};

	(void)state;
	open_house();
	enrol("one", SECOND);
	apply((struct bsg_op){.kind = BSG_OP_DEVICE_CARRIED, .device_carried = {.device = SECOND, .carried = true}}, true);
	badge("in", "", "\"pending\"");
	await_serial(2);
	for (int i = 0; i < 6000 && other.desired == 0; i++) {
		nanosleep(&short_while, NULL);
		assert_int_equal(bsg_store_apple(server->store, SECOND, &other, NULL, NULL), BSG_OK);
	}
	assert_int_equal(other.desired, CAMERA);
	assert_int_equal(phone().desired, CAMERA);
}

/* Field 41 of /proc/self/task/TID/stat (proc(5)), counted behind the name. */
static int policy_of(const char *task)
{
	char path[300], text[1024] = "";
	const char *at;
	FILE *stat;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%s/stat", task);
	stat = fopen(path, "r");
	if (stat == NULL || fgets(text, sizeof(text), stat) == NULL)
		text[0] = '\0';
	if (stat != NULL)
		(void)fclose(stat);
	at = strrchr(text, ')');
	for (int field = 2; at != NULL && field < 41; field++)
		at = strchr(at + 1, ' ');
	return at == NULL ? -1 : atoi(at);
}

/* A commit wakes many: they do not hold up the next one. */
static void the_writer_alone_pushes_others_off_their_processor(void **state)
{
	unsigned n_batch = 0, n_other = 0;
	struct dirent *task;
	DIR *tasks;

	(void)state;
	open_house();
	tasks = opendir("/proc/self/task");
	assert_non_null(tasks);
	while ((task = readdir(tasks)) != NULL) {
		const int policy = task->d_name[0] == '.' ? -1 : policy_of(task->d_name);

		n_batch += policy == SCHED_BATCH;
		n_other += policy == SCHED_OTHER;
	}
	(void)closedir(tasks);
	assert_in_range(n_other, 1, 2);	/* a sanitizer has a thread of its own */
	assert_true(n_batch > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(Z13_a_crossing_and_its_orders_are_one_commit, end),
		cmocka_unit_test_teardown(Z13_the_verdict_is_that_of_what_is_stored, end),
		cmocka_unit_test_teardown(Z13_what_was_guessed_wrong_is_made_anew, end),
		cmocka_unit_test_teardown(Z13_the_same_crossing_again_moves_nothing, end),
		cmocka_unit_test_teardown(Z13_other_crossings_bring_their_orders_after_them, end),
		cmocka_unit_test_teardown(the_writer_alone_pushes_others_off_their_processor, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
