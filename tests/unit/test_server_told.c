/* SPDX-License-Identifier: Apache-2.0 */
/* What gates, consoles and the helpdesk are told of a phone without agent, over HTTP. */
#include "drive_world.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/orders.h"

static const struct timespec short_while = {.tv_nsec = 10000000};

static void await(const _Atomic bool *what)
{
	for (int i = 0; i < 6000 && !*what; i++)
		nanosleep(&short_while, NULL);
	assert_true(*what);
}

static struct bsg_http_response call(const struct bsg_http_client_options *options, const struct bsg_http_request *request)
{
	struct bsg_http_client *client;
	struct bsg_http_response out;
	struct bsg_error err = {.text = ""};

	assert_int_equal(bsg_http_client_open(options, &client, &err), BSG_OK);
	if (bsg_http_client_do(client, request, &out, &err) != BSG_OK)
		fail_msg("%s", err.text);
	bsg_http_client_close(client);
	return out;
}

/* What a turnstile is told of its crossing when it waits a second for the verdict. */
static struct bsg_http_response ask(const char *url)
{
	return call(&(struct bsg_http_client_options){.bearer = "turnstile"}, &(struct bsg_http_request){.url = url, .wait_s = 1});
}

/* Who is in, when that is not what @p seen is of any more. */
static struct bsg_http_response watch(const char *seen)
{
	const struct bsg_http_request request = {.url = "http://localhost/api/v1/presence", .if_none_match = seen, .wait_s = seen != NULL ? 60 : 0};

	return call(&(struct bsg_http_client_options){.unix_path = server->home.socket + strlen("unix:")}, &request);
}

static void what_time_alone_changes_is_told_to_those_who_watch_presence(void **state)
{
	static const char rules[] = "{\"id\": \"r\", \"who\": {\"all\": true}, \"where\": [\"yard\"], \"restrict\": [\"camera\"], "
				    "\"lead\": \"0s\", \"windows\": [[\"2025-11-10T09:00:00Z\", \"2025-11-10T10:00:00Z\"]]}";
	struct bsg_http_response before, after;

	(void)state;
	assert_int_equal(begin(rules), 0);
	bsg_fake_clock_pass(&fake, 4 * H * 1000);
	cross(BSG_CROSSING_IN, "yard");
	before = watch(NULL);
	assert_int_equal(before.status, 200);
	assert_non_null(strstr((const char *)before.body, "\"state\":\"verified\""));	/* nothing is asked of it */
	bsg_fake_clock_set_utc(&fake, WINDOW_FROM);
	bsg_server_wake(server);
	after = watch(before.etag);
	assert_int_equal(after.status, 200);
	assert_non_null(strstr((const char *)after.body, "\"state\":\"desired\""));
	bsg_http_response_clear(&before);
	bsg_http_response_clear(&after);
}

/* V2: it is never answered as one that nobody knows because the store cannot be asked just then. */
static void a_verdict_that_is_waited_for_is_no_refusal_because_the_store_cannot_be_asked(void **state)
{
	static const char id[] = "00000000-0000-4000-8000-000000000001";
	struct bsg_http_response told;
	char url[100];

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross_turnstile(id, url);
	told = ask(url);
	assert_non_null(strstr((const char *)told.body, "pending"));
	bsg_http_response_clear(&told);
	for (int i = 1; i <= 4; i++) {	/* judging looks at the phone some times */
		world.fails_in = i;
		told = ask(url);
		assert_true(told.status == 503 || strstr((const char *)told.body, "pending") != NULL);
		bsg_http_response_clear(&told);
	}
	world.fails_in = 0;
}

/* The look at each second would answer in the end: here it does not come, and after the wait itself the answer is another. */
static void V16_a_gate_that_waits_is_told_of_a_change_without_a_look_at_the_time(void **state)
{
	static const char id[] = "00000000-0000-4000-8000-000000000001";
	struct question q = {.rc = BSG_OK};
	pthread_t thread;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	server->settings.admission_timeout = 1000;
	cross_turnstile(id, q.url);
	world.holds_looks = true;
	await(&world.is_held);
	begin_to_ask(&q, &thread);
	world.is_locked = true;
	bsg_orders_want_presence(server);
	end_of_question(&q, thread, "\"pending\"", "unlock your phone");
}

/* Crossed so long ago that it is forgotten when somebody keeps house next. */
static struct bsg_op_crossing_add cross_long_ago(void)
{
	struct bsg_op_crossing_add out;

	cross_at(BSG_CROSSING_OUT, "yard", NOW - INT64_C(1000) * 86400, &out);
	return out;
}

/* Pass some time, after which house is kept. */
static void await_forgotten(int64_t pass_s)
{
	const struct bsg_op_crossing_add old = cross_long_ago();
	enum bsg_err rc = BSG_OK;

	bsg_fake_clock_pass(&fake, pass_s * 1000);
	bsg_orders_want_due(server);
	for (int i = 0; i < 6000 && rc == BSG_OK; i++) {
		struct bsg_crossing_rec rec;

		nanosleep(&short_while, NULL);
		rc = bsg_store_crossing(server->store, old.id, &rec, NULL, NULL, NULL);
	}
	assert_int_equal(rc, BSG_E_NOT_FOUND);
}

static void V16_nothing_that_is_kept_in_order_meanwhile_holds_up_who_waits_for_changes(void **state)
{
	uint64_t before, after;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	await_forgotten(3600);
	pthread_mutex_lock(&server->planes_lock);	/* the certificate of TLS is looked at after what is forgotten, once a day: that waits now */
	await_forgotten(86400);
	before = after = atomic_load(&server->presence_version);
	bsg_orders_want_presence(server);
	for (int i = 0; i < 6000 && after == before; i++) {
		nanosleep(&short_while, NULL);
		after = atomic_load(&server->presence_version);
	}
	pthread_mutex_unlock(&server->planes_lock);
	assert_true(after > before);
}

static void an_explanation_holds_while_orders_are_made(void **state)
{
	struct bsg_http_response told;
	char url[100];

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	snprintf(url, sizeof(url), "http://localhost/api/v1/devices/%s/explain", device);
	world.crosses = true;
	told = call(&(struct bsg_http_client_options){.unix_path = server->home.socket + strlen("unix:")}, &(struct bsg_http_request){.url = url});
	assert_false(world.crosses);
	assert_int_equal(told.status, 200);
	assert_non_null(strstr((const char *)told.body, "\"function\":\"camera\",\"restricted\":true"));
	bsg_http_response_clear(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_explanation_holds_while_orders_are_made, end),
		cmocka_unit_test_teardown(V16_a_gate_that_waits_is_told_of_a_change_without_a_look_at_the_time, end),
		cmocka_unit_test_teardown(V16_nothing_that_is_kept_in_order_meanwhile_holds_up_who_waits_for_changes, end),
		cmocka_unit_test_teardown(what_time_alone_changes_is_told_to_those_who_watch_presence, end),
		cmocka_unit_test_teardown(a_verdict_that_is_waited_for_is_no_refusal_because_the_store_cannot_be_asked, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
