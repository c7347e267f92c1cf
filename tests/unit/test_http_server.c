/* SPDX-License-Identifier: Apache-2.0 */
/* The real server and the real client over TLS with client certificates; holds, wakes, stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pthread.h>

#include <cmocka.h>

#include "http_fixture.h"
#include "http_certs.h"

static const struct identity device = { cert_root, cert_client, key_client };
static const struct identity nobody = { cert_root, NULL, NULL };

static int set_up(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	fixture_init(f);
	f->options.hold_max_ms = 1500;
	fixture_start(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	fixture_stop(*state);
	free(*state);
	return 0;
}

static struct bsg_http_response ok_get(struct fixture *f, const char *path)
{
	struct bsg_http_response r;
	struct bsg_error err = { .text = "" };

	if (get(f, &device, path, &r, &err) != BSG_OK)
		fail_msg("%s: %s", path, err.text);
	return r;
}

static void expect(struct fixture *f, const char *path, unsigned status, const char *part)
{
	struct bsg_http_response r = ok_get(f, path);

	if (r.status != status || (part != NULL && (r.body == NULL ||
						    strstr((char *)r.body, part) == NULL)))
		fail_msg("%s: %u %s", path, r.status, r.body != NULL ? (char *)r.body : "");
	bsg_http_response_clear(&r);
}

static void a_request_is_answered_with_all_that_belongs_to_it(void **state)
{
	struct fixture *f = *state;
	struct bsg_http_response r = ok_get(f, "/hello");

	assert_int_equal(r.status, 200);
	assert_string_equal((char *)r.body, "hello\n");
	assert_string_equal(r.type, "text/plain");
	assert_int_equal(strlen(r.request_id), BSG_HTTP_REQUEST_ID_LEN);
	assert_true(r.date > 1700000000);
	assert_string_equal(f->last_cn, "00112233445566778899aabbccddeeff");
	assert_string_equal(f->last_address, "127.0.0.1");
	bsg_http_response_clear(&r);
}

static void parameters_and_queries_reach_the_handler_decoded(void **state)
{
	struct fixture *f = *state;

	expect(f, "/things/a%20b?q=%D2%9A%2B+1", 200, "id=a b q=\xd2\x9a+ 1");
	expect(f, "/things/special", 200, "special");
	expect(f, "/things/x", 200, "id=x q=(none)");
	expect(f, "/th%69ngs/x", 200, "id=x");
	f->n_handled = 0;
	expect(f, "/things/%ff", 400, "urn:bosaga:problem:bad-request");
	expect(f, "/things/a%2Fb", 400, "urn:bosaga:problem:bad-request");
	expect(f, "/things/%2e%2e", 400, "urn:bosaga:problem:bad-request");
	expect(f, "/things/x?q=%ff", 400, "urn:bosaga:problem:bad-request");
	expect(f, "/things/x?q=%0d%0aSet-Cookie:x", 400, "urn:bosaga:problem:bad-request");
	expect(f, "/things/", 404, "urn:bosaga:problem:not-found");
	expect(f, "/nowhere", 404, "urn:bosaga:problem:not-found");
	expect(f, "/apple", 404, "urn:bosaga:problem:not-found");
	assert_int_equal(f->n_handled, 0);
}

static struct bsg_http_response send_request(struct fixture *f, struct bsg_http_request request,
					     const char *path)
{
	struct bsg_http_client *client = client_new(&device);
	struct bsg_http_response r;
	struct bsg_error err = { .text = "" };
	char url[300];

	(void)snprintf(url, sizeof(url), "%s%s", f->url, path);
	request.url = url;
	if (bsg_http_client_do(client, &request, &r, &err) != BSG_OK)
		fail_msg("%s: %s", path, err.text);
	bsg_http_client_close(client);
	return r;
}

static void a_problem_speaks_the_callers_language(void **state)
{
	static const struct { const char *accept, *title; } cases[] = {
		{ "kk", "\"title\":\"Мұндай нәрсе жоқ" }, { "ru-RU,ru;q=0.9,en;q=0.1", "\"title\":\"Здесь такого нет" },
		{ "en", "\"title\":\"There is no such thing" }, { "de", "\"title\":\"There is no such thing" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bsg_http_response r = send_request(*state,
			(struct bsg_http_request){ .accept_language = cases[i].accept }, "/nowhere");

		assert_int_equal(r.status, 404);
		assert_string_equal(r.type, "application/problem+json");
		assert_non_null(strstr((char *)r.body, cases[i].title));
		assert_non_null(strstr((char *)r.body, "\"status\":404"));
		assert_non_null(strstr((char *)r.body, r.request_id));
		bsg_http_response_clear(&r);
	}
}

static void another_method_is_told_which_there_are(void **state)
{
	struct bsg_http_response r = send_request(*state,
		(struct bsg_http_request){ .method = "DELETE" }, "/things/1");

	assert_int_equal(r.status, 405);
	bsg_http_response_clear(&r);
}

static void head_is_get_without_its_body(void **state)
{
	struct fixture *f = *state;
	struct bsg_http_response r = send_request(f, (struct bsg_http_request){ .method = "HEAD" },
						  "/hello");

	assert_int_equal(r.status, 200);
	assert_int_equal(r.body_len, 0);
	assert_string_equal(r.type, "text/plain");
	assert_int_equal(f->n_handled, 1);
	bsg_http_response_clear(&r);
}

static void a_body_up_to_its_limit_arrives_whole(void **state)
{
	static char body[64 * 1024 + 1];
	struct bsg_http_response r;

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7);
	r = send_request(*state, (struct bsg_http_request){ .method = "POST", .body = body,
			 .body_len = sizeof(body) - 1, .type = "application/cbor" }, "/big");
	assert_int_equal(r.status, 201);
	assert_int_equal(r.body_len, sizeof(body) - 1);
	assert_memory_equal(r.body, body, sizeof(body) - 1);
	assert_string_equal(r.location, "/things/1/notes/1");
	bsg_http_response_clear(&r);
	r = send_request(*state, (struct bsg_http_request){ .method = "POST", .body = body,
			 .body_len = 65 }, "/things/1/notes");
	assert_int_equal(r.status, 413);
	bsg_http_response_clear(&r);
	r = send_request(*state, (struct bsg_http_request){ .method = "POST", .body = body,
			 .body_len = sizeof(body) }, "/big");
	assert_int_equal(r.status, 413);
	bsg_http_response_clear(&r);
	r = send_request(*state, (struct bsg_http_request){ .body = body, .body_len = 5,
			 .method = "GET" }, "/hello");
	assert_int_equal(r.status, 413);
	bsg_http_response_clear(&r);
}

static void who_may_not_call_is_refused_before_the_body(void **state)
{
	static const char body[32 * 1024];
	struct fixture *f = *state;
	struct bsg_http_response r = send_request(f, (struct bsg_http_request){ .method = "POST",
		.body = body, .body_len = sizeof(body) }, "/secret");

	assert_int_equal(r.status, 403);
	assert_non_null(strstr((char *)r.body, "urn:bosaga:problem:forbidden"));
	assert_int_equal(f->n_handled, 0);
	assert_int_equal(f->n_admitted, 1);
	bsg_http_response_clear(&r);
}

static void a_handler_that_forgets_to_answer_is_our_mistake(void **state)
{
	expect(*state, "/nothing", 500, "urn:bosaga:problem:internal");
}

static void a_revoked_certificate_may_only_fetch_its_discharge(void **state)
{
	struct fixture *f = *state;

	f->revoked = true;
	expect(f, "/hello", 403, "certificate-revoked");
	expect(f, "/revoked", 200, "hello");
	f->unknown = true;
	expect(f, "/revoked", 403, "certificate-unknown");
	assert_int_equal(f->n_handled, 1);
}

static void an_unchanged_etag_is_304(void **state)
{
	struct bsg_http_response r = send_request(*state, (struct bsg_http_request){ 0 }, "/wait");

	assert_int_equal(r.status, 200);
	assert_string_equal(r.etag, "1");
	bsg_http_response_clear(&r);
	r = send_request(*state, (struct bsg_http_request){ .if_none_match = "1" }, "/wait");
	assert_int_equal(r.status, 304);
	assert_string_equal(r.etag, "1");
	assert_int_equal(r.body_len, 0);
	bsg_http_response_clear(&r);
}

struct poller {
	pthread_t thread;
	struct fixture *f;
	struct bsg_http_client *client;
	const char *path;
	enum bsg_err rc;
	struct bsg_http_response response;
	struct bsg_error err;
	int64_t took_ms;
};

static void *poll_main(void *arg)
{
	struct poller *p = arg;
	char url[300];
	const struct bsg_http_request request = { .url = url, .if_none_match = "1", .wait_s = 60 };
	int64_t from = now_ms();

	(void)snprintf(url, sizeof(url), "%s%s", p->f->url, p->path);
	p->rc = bsg_http_client_do(p->client, &request, &p->response, &p->err);
	p->took_ms = now_ms() - from;
	return NULL;
}

static void poll_start(struct poller *p, struct fixture *f, const char *path)
{
	memset(p, 0, sizeof(*p));
	p->f = f;
	p->path = path;
	p->client = client_new(&device);
	assert_int_equal(pthread_create(&p->thread, NULL, poll_main, p), 0);
}

static void poll_end(struct poller *p)
{
	pthread_join(p->thread, NULL);
	bsg_http_client_close(p->client);
}

static void wake_one(struct bsg_http_exchange *x, void *arg)
{
	const struct bsg_http_answer answer = { .status = 200, .type = "text/plain", .body = "two",
						.body_len = 3, .etag = "2" };

	(void)arg;
	(void)bsg_http_answer(x, &answer);
}

static void a_wake_answers_every_poll_that_waits(void **state)
{
	struct fixture *f = *state;
	struct poller p[8];

	for (int i = 0; i < 8; i++)
		poll_start(&p[i], f, "/wait");
	/* Under the 1.5 s cap some may have gone round: wake until all have their answer. */
	for (int done = 0; done < 8; ) {
		(void)bsg_http_waiters_wake(f->waiters, "k", wake_one, NULL);
		done = f->n_done;
		sleep_ms(5);
	}
	for (int i = 0; i < 8; i++) {
		poll_end(&p[i]);
		assert_int_equal(p[i].rc, BSG_OK);
		assert_true(p[i].response.status == 200 || p[i].response.status == 304);
		bsg_http_response_clear(&p[i].response);
	}
	assert_int_equal(bsg_http_waiters_wake_all(f->waiters, wake_one, NULL), 0);
}

static void a_poll_ends_with_304_at_the_cap(void **state)
{
	struct fixture *f = *state;
	struct poller p;

	poll_start(&p, f, "/wait");
	poll_end(&p);
	assert_int_equal(p.rc, BSG_OK);
	assert_int_equal(p.response.status, 304);
	assert_true(p.took_ms >= 1400);
	print_message("# a poll with a cap of 1500 ms took %lld ms\n", (long long)p.took_ms);
	bsg_http_response_clear(&p.response);
}

static void a_hold_nobody_answers_becomes_503_and_a_late_answer_is_dropped(void **state)
{
	struct fixture *f = *state;
	const struct bsg_http_answer late = { .status = 200 };

	expect(f, "/mute", 503, "urn:bosaga:problem:busy");
	assert_non_null(f->parked);
	assert_true(bsg_http_is_answered(f->parked));
	assert_false(bsg_http_answer(f->parked, &late));
	assert_false(bsg_http_problem(f->parked, 400, "bad-request", NULL));
	assert_string_equal(bsg_http_path(f->parked), "/mute");
}

static void cancel_ends_a_poll_at_once_from_another_thread(void **state)
{
	struct fixture *f = *state;
	struct poller p;
	struct bsg_http_stats stats;

	poll_start(&p, f, "/wait");
	ASSERT_EVENTUALLY(bsg_http_waiters_count(f->waiters) == 1);
	bsg_http_client_cancel(p.client);
	pthread_join(p.thread, NULL);
	assert_int_equal(p.rc, BSG_E_UNAVAILABLE);
	assert_non_null(strstr(p.err.text, "cancelled"));
	assert_true(bsg_http_client_is_cancelled(p.client));
	poll_main(&p);
	assert_int_equal(p.rc, BSG_E_UNAVAILABLE);
	bsg_http_client_close(p.client);
	/* And the server notices that the peer has gone, before the cap. */
	ASSERT_EVENTUALLY(bsg_http_waiters_count(f->waiters) == 0);
	bsg_http_server_stats(f->server, &stats);
	assert_int_equal(stats.n_gone, 1);
	ASSERT_EVENTUALLY((bsg_http_server_stats(f->server, &stats), stats.n_held == 0));
}

static void who_was_answered_does_not_wait_any_more(void **state)
{
	struct fixture *f = *state;

	f->late_waiters = -1;
	expect(f, "/late", 200, "late");
	assert_int_equal(f->late_waiters, 0);
}

struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	struct bsg_http_exchange *x;
	bool won;
};

static void *race_main(void *arg)
{
	const struct bsg_http_answer answer = { .status = 200 };
	struct racer *r = arg;

	pthread_barrier_wait(r->start);
	r->won = bsg_http_answer(r->x, &answer);
	return NULL;
}

static void of_many_answers_at_once_exactly_one_counts(void **state)
{
	struct fixture *f = *state;
	struct bsg_http_exchange *x;
	pthread_barrier_t start;
	struct poller p;
	struct racer r[4];

	pthread_barrier_init(&start, NULL, 4);
	for (int round = 0; round < 50; round++) {
		int n_won = 0;

		poll_start(&p, f, "/mute");
		/* The reference is ours from here on: the handler must not replace it under us. */
		ASSERT_EVENTUALLY((x = atomic_exchange(&f->parked, NULL)) != NULL);
		for (int i = 0; i < 4; i++) {
			r[i].start = &start;
			r[i].x = x;
			assert_int_equal(pthread_create(&r[i].thread, NULL, race_main, &r[i]), 0);
		}
		for (int i = 0; i < 4; i++) {
			pthread_join(r[i].thread, NULL);
			n_won += r[i].won;
		}
		bsg_http_unref(x);
		poll_end(&p);
		assert_int_equal(p.rc, BSG_OK);
		/* None, if the cap of 1.5 s came first on a slow machine. */
		assert_int_equal(n_won, p.response.status == 200);
		bsg_http_response_clear(&p.response);
		/* So that the next round waits for its own exchange and never looks at this one. */
		bsg_http_unref(atomic_exchange(&f->parked, NULL));
	}
	pthread_barrier_destroy(&start);
}

static void stop_answers_what_is_held(void **state)
{
	struct fixture f;
	struct poller p[4];

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	for (int i = 0; i < 4; i++)
		poll_start(&p[i], &f, i % 2 == 0 ? "/wait" : "/mute");
	ASSERT_EVENTUALLY(f.n_handled == 4);
	fixture_stop(&f);
	for (int i = 0; i < 4; i++) {
		poll_end(&p[i]);
		if (p[i].rc != BSG_OK)
			fail_msg("poll %d: %s", i, p[i].err.text);
		assert_int_equal(p[i].response.status, i % 2 == 0 ? 304 : 503);
		bsg_http_response_clear(&p[i].response);
	}
}

static void *hammer_main(void *arg)
{
	struct fixture *f = arg;
	struct bsg_http_client *client = client_new(&device);
	char url[300];
	const struct bsg_http_request request = { .url = url, .if_none_match = "1", .wait_s = 60 };

	(void)snprintf(url, sizeof(url), "%s/wait", f->url);
	for (int i = 0; i < 200; i++) {
		struct bsg_http_response r;

		if (bsg_http_client_do(client, &request, &r, NULL) != BSG_OK)
			break;		/* the server stops */
		bsg_http_response_clear(&r);
	}
	bsg_http_client_close(client);
	return NULL;
}

static void wakes_deadlines_and_a_stop_may_meet(void **state)
{
	pthread_t threads[6];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.options.hold_max_ms = 30;
	fixture_start(&f);
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer_main, &f), 0);
	ASSERT_EVENTUALLY(f.n_handled >= 6);
	for (int i = 0; i < 300; i++) {
		(void)bsg_http_waiters_wake(f.waiters, "k", wake_one, NULL);
		sleep_ms(1);
	}
	fixture_stop(&f);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	print_message("# %d polls\n", (int)f.n_handled);
}

/* Clients that poll again the moment they are answered meet a server that stops. */
static void a_poll_that_arrives_during_a_stop_is_answered(void **state)
{
	pthread_t threads[6];
	int64_t from;

	(void)state;
	for (int round = 0; round < 5; round++) {
		struct fixture f;

		fixture_init(&f);
		f.options.stop_grace_ms = 60000;
		fixture_start(&f);
		for (int i = 0; i < 6; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, hammer_main, &f), 0);
		ASSERT_EVENTUALLY(bsg_http_waiters_count(f.waiters) == 6);
		from = now_ms();
		fixture_stop(&f);
		for (int i = 0; i < 6; i++)
			pthread_join(threads[i], NULL);
		print_message("# a stop with 6 polls took %lld ms\n", (long long)(now_ms() - from));
		assert_true(now_ms() - from < 50000);
	}
}

static void the_admin_socket_tells_who_calls(void **state)
{
	const struct bsg_http_client_options options = { .unix_path = "http-test.sock" };
	const struct bsg_http_request request = { .url = "http://localhost/hello" };
	struct bsg_http_client *client;
	struct bsg_http_response r;
	struct bsg_error err = { .text = "" };
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_init(&f);
	f.options.plane = BSG_HTTP_ADMIN;
	f.options.transport = BSG_HTTP_PLAIN;
	f.options.client_certificate = BSG_HTTP_CERT_NONE;
	f.options.listen = "unix:http-test.sock";
	fixture_start(&f);
	f.last_uid = (uid_t)-1;
	assert_int_equal(stat("http-test.sock", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(bsg_http_client_open(&options, &client, NULL), BSG_OK);
	if (bsg_http_client_do(client, &request, &r, &err) != BSG_OK)
		fail_msg("%s", err.text);
	assert_int_equal(r.status, 200);
	assert_int_equal(f.last_uid, getuid());
	assert_string_equal(f.last_address, "");
	bsg_http_response_clear(&r);
	/* A second server does not take the socket away from a live one. */
	{
		struct bsg_http_server *second;

		assert_int_equal(bsg_http_server_start(&f.options, &second, &err), BSG_E_UNAVAILABLE);
		assert_non_null(strstr(err.text, "another server"));
	}
	assert_int_equal(bsg_http_client_do(client, &request, &r, &err), BSG_OK);
	bsg_http_response_clear(&r);
	bsg_http_client_close(client);
	fixture_stop(&f);
	assert_int_not_equal(stat("http-test.sock", &st), 0);
}

static void two_servers_run_in_one_process(void **state)
{
	struct fixture second;

	fixture_init(&second);
	second.options.certificate_pem = cert_server2;
	second.options.key_pem = key_server2;
	fixture_start(&second);
	expect(*state, "/hello", 200, "hello");
	expect(&second, "/hello", 200, "hello");
	fixture_stop(&second);
	expect(*state, "/hello", 200, "hello");
}

static void options_that_would_let_anyone_in_are_refused(void **state)
{
	struct bsg_http_server *server;
	struct bsg_error err;
	struct fixture f;

	(void)state;
#define REFUSED(change_, rc_) \
	do { \
		fixture_init(&f); \
		change_; \
		assert_int_equal(bsg_http_server_start(&f.options, &server, &err), (rc_)); \
		assert_null(server); \
	} while (0)
	REFUSED(f.options.admit = NULL, BSG_E_INVALID);
	REFUSED(f.options.peer_check = NULL, BSG_E_INVALID);
	REFUSED(f.options.client_ca_pem = NULL, BSG_E_INVALID);
	REFUSED(f.options.client_certificate = 0, BSG_E_INVALID);
	REFUSED(f.options.transport = 0, BSG_E_INVALID);
	REFUSED(f.options.plane = 0, BSG_E_INVALID);
	REFUSED(f.options.transport = BSG_HTTP_PLAIN, BSG_E_INVALID);
	REFUSED((f.options.transport = BSG_HTTP_PROXY, f.options.listen = "0.0.0.0:0"), BSG_E_INVALID);
	REFUSED(f.options.listen = "localhost", BSG_E_INVALID);
	REFUSED(f.options.key_pem = key_server2, BSG_E_CRYPTO);
	REFUSED(f.options.key_pem = "nonsense", BSG_E_CRYPTO);
	REFUSED(f.options.client_ca_pem = "nonsense", BSG_E_CRYPTO);
	REFUSED(f.options.ticket_key_file = "/nonexistent/key", BSG_E_UNAVAILABLE);
#undef REFUSED
}

static void the_client_speaks_plain_http_to_this_machine_only(void **state)
{
	struct bsg_http_client *client = client_new(&(struct identity){ 0 });
	struct bsg_http_response r;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){
		.url = "http://192.0.2.1/" }, &r, &err), BSG_E_INVALID);
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){
		.url = "https://127.0.0.1:1/" }, &r, &err), BSG_E_INVALID);
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){
		.url = "ftp://127.0.0.1:1/" }, &r, &err), BSG_E_INVALID);
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){
		.url = "http://127.0.0.1:1/" }, &r, &err), BSG_E_UNAVAILABLE);
	bsg_http_client_close(client);
}

static void an_answer_larger_than_allowed_is_refused_by_the_client(void **state)
{
	struct fixture *f = *state;
	struct bsg_http_client *client = client_new(&device);
	struct bsg_http_response r;
	struct bsg_error err;
	char url[100];

	(void)snprintf(url, sizeof(url), "%s/hello", f->url);
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){ .url = url,
		.response_max = 5 }, &r, &err), BSG_E_LIMIT);
	assert_null(r.body);
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){ .url = url,
		.response_max = 6 }, &r, &err), BSG_OK);
	bsg_http_response_clear(&r);
	bsg_http_client_close(client);
}

int main(void)
{
	(void)nobody;
#define WITH_SERVER(test_) cmocka_unit_test_setup_teardown(test_, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_request_is_answered_with_all_that_belongs_to_it),
		WITH_SERVER(parameters_and_queries_reach_the_handler_decoded),
		WITH_SERVER(a_problem_speaks_the_callers_language),
		WITH_SERVER(another_method_is_told_which_there_are),
		WITH_SERVER(head_is_get_without_its_body),
		WITH_SERVER(a_body_up_to_its_limit_arrives_whole),
		WITH_SERVER(who_may_not_call_is_refused_before_the_body),
		WITH_SERVER(a_handler_that_forgets_to_answer_is_our_mistake),
		WITH_SERVER(a_revoked_certificate_may_only_fetch_its_discharge),
		WITH_SERVER(an_unchanged_etag_is_304),
		WITH_SERVER(a_wake_answers_every_poll_that_waits),
		WITH_SERVER(a_poll_ends_with_304_at_the_cap),
		WITH_SERVER(a_hold_nobody_answers_becomes_503_and_a_late_answer_is_dropped),
		WITH_SERVER(cancel_ends_a_poll_at_once_from_another_thread),
		WITH_SERVER(who_was_answered_does_not_wait_any_more),
		WITH_SERVER(of_many_answers_at_once_exactly_one_counts),
		WITH_SERVER(two_servers_run_in_one_process),
		WITH_SERVER(an_answer_larger_than_allowed_is_refused_by_the_client),
		cmocka_unit_test(stop_answers_what_is_held),
		cmocka_unit_test(wakes_deadlines_and_a_stop_may_meet),
		cmocka_unit_test(a_poll_that_arrives_during_a_stop_is_answered),
		cmocka_unit_test(the_admin_socket_tells_who_calls),
		cmocka_unit_test(options_that_would_let_anyone_in_are_refused),
		cmocka_unit_test(the_client_speaks_plain_http_to_this_machine_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
