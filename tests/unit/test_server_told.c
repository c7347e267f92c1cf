/* SPDX-License-Identifier: Apache-2.0 */
/* What gates, consoles and the helpdesk are told of a phone without agent, over HTTP. */
#include "drive_world.h"

#include <stdio.h>
#include <string.h>

#include "http/client.h"

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
		cmocka_unit_test_teardown(what_time_alone_changes_is_told_to_those_who_watch_presence, end),
		cmocka_unit_test_teardown(a_verdict_that_is_waited_for_is_no_refusal_because_the_store_cannot_be_asked, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
