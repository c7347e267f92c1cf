/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes over connections that come and go, and to servers that are not APNs. Rules A62-A64, A69-A73 of docs/spec/apple.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_certs.h"
#include "http_fixture.h"
#include "push_world.h"
#include "root_store.h"

#define LATER (WORLD_NOW + 86400)

static void behave(struct world *w, struct bsg_sim_behaviour behaviour)
{
	bsg_sim_apns_behave(w->apns, &behaviour);
}

/* The machine's clock and short pauses: for what recovers by itself. */
static void init_in_real_time(struct world *w)
{
	world_init(w);
	w->options.clock = NULL;
	w->options.pause_min_ms = 10;
	w->options.pause_max_ms = 40;
}

static int64_t real_later(void)
{
	return bsg_clock_utc(bsg_clock_system()) + 86400;
}

static struct bsg_sim_apns_stats apns_stats(struct world *w)
{
	struct bsg_sim_apns_stats stats;

	bsg_sim_apns_stats(w->apns, &stats);
	return stats;
}

static struct bsg_push_stats sender_stats(struct world *w)
{
	struct bsg_push_stats stats;

	bsg_push_stats(w->sender, &stats);
	return stats;
}

static int by_token(const void *a, const void *b)
{
	return strcmp(((const struct world_push *)a)->token, ((const struct world_push *)b)->token);
}

/* Every one of @n devices has exactly one answered request, and no push was answered twice. */
static void check_each_once(struct world *w, unsigned n)
{
	unsigned n_answered = 0;

	pthread_mutex_lock(&w->lock);
	qsort(w->pushes, w->n_pushes, sizeof(*w->pushes), by_token);
	for (unsigned i = 0; i < w->n_pushes; i++) {
		if (w->pushes[i].status == 0)
			continue;
		assert_string_equal(w->pushes[i].token, world_token(n_answered));
		n_answered++;
	}
	pthread_mutex_unlock(&w->lock);
	assert_int_equal(n_answered, n);
}

static void a_thousand_pushes_share_one_connection(void **state)
{
	struct bsg_push_stats stats;
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .delay_ms = 1000 });	/* a hundred are sent in it, however busy the machine */
	for (unsigned i = 0; i < 1000; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 1000);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 1000);
	assert_int_equal(apns_stats(&w).n_connections, 1);
	assert_in_range(apns_stats(&w).n_streams_max, 100, 500);	/* A63: side by side, never more than we allow */
	bsg_push_stats(w.sender, &stats);
	assert_int_equal(stats.n_connections, 1);
	assert_int_equal(stats.n_attempts, 1000);
	check_each_once(&w, 1000);
	world_check_sums(&w);
	world_stop(&w);
}

/* Also in the eyes of who counts the streams that libcurl resets after their answers (A73). */
static void thousands_of_pushes_break_no_connection(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	for (unsigned i = 0; i < 4000; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 4000);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 4000);
	assert_int_equal(apns_stats(&w).n_connections, 1);
	assert_int_equal(sender_stats(&w).n_retries, 0);
	assert_int_equal(w.n_states, 1);
	check_each_once(&w, 4000);
	world_stop(&w);
}

static void when_streams_run_out_there_are_a_few_connections_and_no_more(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.apns_options.max_streams = 10;
	w.options.connections_max = 3;
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .delay_ms = 5 });
	for (unsigned i = 0; i < 600; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 600);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 600);
	assert_in_range(apns_stats(&w).n_open_max, 2, 3);	/* libcurl may close one and open another */
	assert_in_range(apns_stats(&w).n_streams_max, 1, 10);
	check_each_once(&w, 600);
	world_stop(&w);
}

static void goaway_among_many_streams_loses_and_doubles_nothing(void **state)
{
	struct world w;

	(void)state;
	init_in_real_time(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .goaway_after = 100, .delay_ms = 3 });
	for (unsigned i = 0; i < 1000; i++)
		world_send(&w, i, BSG_PUSH_LOCK, real_later());
	world_wait_results(&w, 1000);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 1000);
	assert_in_range(apns_stats(&w).n_goaways, 2, 10);
	check_each_once(&w, 1000);
	assert_int_equal(world_n_requests(&w), 1000);
	world_check_sums(&w);
	world_stop(&w);
}

/* libcurl does not show the reason that a GOAWAY names: what it takes along is a broken connection (A69, A73). */
static void a_goaway_instead_of_an_answer_pauses_everything_and_is_tried_no_oftener(void **state)
{
	const struct bsg_sim_behaviour leaves = { .status = 403, .reason = "BadCertificate", .goaway_after = 1, .drops = true };
	unsigned n_begun = 1;
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	behave(&w, leaves);
	for (unsigned i = 0; i < 50; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_DOWN);
	for (int64_t whole_ms = 1000; whole_ms <= 8000; whole_ms *= 2) {
		world_wait_waiting(&w, 50);
		world_pass(&w, whole_ms / 2 - 1);
		assert_int_equal(sender_stats(&w).n_attempts, n_begun);	/* half of the pause is certain */
		world_pass(&w, whole_ms / 2 + 2);
		assert_int_equal(sender_stats(&w).n_attempts, ++n_begun);	/* and one asks for all */
	}
	world_wait_waiting(&w, 50);
	assert_int_equal(apns_stats(&w).n_goaways, n_begun);
	assert_int_equal(apns_stats(&w).n_connections, n_begun);
	assert_int_equal(w.n_states, 1);
	behave(&w, (struct bsg_sim_behaviour){ 0 });
	world_pass(&w, 60000);
	world_wait_results(&w, 50);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 50);
	assert_int_equal(w.states[1].state, BSG_PUSH_WORKING);
	world_check_sums(&w);
	world_stop(&w);
}

static void connections_that_break_are_made_again(void **state)
{
	struct world w;

	(void)state;
	init_in_real_time(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .drops = true, .times = 5 });
	for (unsigned i = 0; i < 300; i++)
		world_send(&w, i, BSG_PUSH_LOCK, real_later());
	world_wait_results(&w, 150);
	bsg_sim_apns_drop_all(w.apns);
	world_wait_results(&w, 300);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 300);
	assert_true(apns_stats(&w).n_connections >= 6);
	world_check_sums(&w);
	world_stop(&w);
}

static void an_endpoint_that_is_away_is_told_once_and_found_again(void **state)
{
	unsigned n_begun = 1;
	struct world w;

	(void)state;
	world_init(&w);
	world_start_apns(&w);
	bsg_sim_apns_stop(w.apns);		/* the port stays known: nobody listens there now */
	w.apns = NULL;
	world_start_sender(&w);
	for (unsigned i = 0; i < 50; i++)
		world_send(&w, i, BSG_PUSH_LOCK, i < 40 ? LATER : WORLD_NOW + 5);
	world_wait_state(&w, 1, BSG_PUSH_DOWN);
	assert_non_null(strstr(w.states[0].why, w.endpoint));
	for (int64_t whole_ms = 1000; whole_ms <= 8000; whole_ms *= 2) {
		world_wait_waiting(&w, 50 - world_n_results(&w));
		world_pass(&w, whole_ms / 2 - 1);
		assert_int_equal(sender_stats(&w).n_attempts, n_begun);	/* A69: half of it is certain */
		world_pass(&w, whole_ms / 2 + 2);
		assert_int_equal(sender_stats(&w).n_attempts, ++n_begun);	/* and one asks for all */
	}
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_EXPIRED), 10);	/* A70 */
	assert_int_equal(w.n_states, 1);
	assert_int_equal(sender_stats(&w).state, BSG_PUSH_DOWN);
	world_wait_waiting(&w, 40);
	world_start_apns(&w);
	world_pass(&w, 60000);
	world_wait_results(&w, 50);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 40);
	assert_int_equal(w.n_states, 2);
	assert_int_equal(w.states[1].state, BSG_PUSH_WORKING);
	assert_int_equal(world_n_requests(&w), 40);
	world_check_sums(&w);
	world_stop(&w);
}

/* One answer, after which many requests may be under way. */
static void prove(struct world *w)
{
	world_send(w, 5000, BSG_PUSH_LOCK, LATER);
	world_wait_results(w, 1);
}

static void silence_is_a_broken_connection(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	prove(&w);
	behave(&w, (struct bsg_sim_behaviour){ .is_silent = true });
	for (unsigned i = 0; i < 20; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 21);
	world_pass(&w, 9000);
	assert_int_equal(w.n_states, 1);
	world_pass(&w, 4000);
	world_wait_state(&w, 2, BSG_PUSH_DOWN);
	assert_non_null(strstr(w.states[1].why, "no answer"));
	behave(&w, (struct bsg_sim_behaviour){ 0 });
	world_pass(&w, 1000);
	world_wait_results(&w, 21);
	assert_int_equal(apns_stats(&w).n_connections, 2);	/* the dead one was not asked again */
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 21);
	world_check_sums(&w);
	world_stop(&w);
}

static void what_breaks_together_is_one_failure(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	prove(&w);
	behave(&w, (struct bsg_sim_behaviour){ .is_silent = true });
	for (unsigned i = 0; i < 100; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 101);
	bsg_sim_apns_stop(w.apns);		/* else libcurl makes another connection and sends them again by itself */
	w.apns = NULL;
	world_wait_waiting(&w, 100);
	world_start_apns(&w);
	world_pass(&w, 1000);			/* not a hundred times doubled */
	world_wait_results(&w, 101);
	assert_int_equal(sender_stats(&w).n_retries, 100);
	world_stop(&w);
}

static void many_wait_for_one_new_connection(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	prove(&w);
	bsg_sim_apns_drop_all(w.apns);
	ASSERT_EVENTUALLY(apns_stats(&w).n_open == 0);
	for (unsigned i = 0; i < 90; i++)	/* fewer than libcurl takes for granted */
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 91);
	assert_int_equal(apns_stats(&w).n_connections, 2);
	assert_int_equal(w.n_states, 1);	/* one that was closed while idle is no failure */
	world_stop(&w);
}

static void other_credentials_wait_for_what_is_under_way(void **state)
{
	const struct bsg_push_credentials renewed = { .certificate_pem = cert_push_renewed, .key_pem = key_push_renewed };
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	prove(&w);
	behave(&w, (struct bsg_sim_behaviour){ .is_silent = true, .times = 1 });
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 2);
	assert_int_equal(bsg_push_reconfigure(w.sender, &renewed, NULL), BSG_OK);
	world_send(&w, 2, BSG_PUSH_LOCK, LATER);
	world_sync(&w);
	assert_int_equal(sender_stats(&w).n_attempts, 2);
	world_pass(&w, 10001);
	world_wait_results(&w, 3);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 3);
	assert_int_equal(apns_stats(&w).n_connections, 2);
	world_stop(&w);
}

static void one_request_without_answer_among_others_is_tried_again_by_itself(void **state)
{
	struct bsg_sim_behaviour b = { .is_silent = true };
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	prove(&w);
	(void)snprintf(b.token, sizeof(b.token), "%s", world_token(1));
	behave(&w, b);
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 2);
	world_pass(&w, 9000);
	world_send(&w, 2, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 2);
	world_pass(&w, 4000);
	world_wait_waiting(&w, 1);
	behave(&w, (struct bsg_sim_behaviour){ 0 });
	world_pass(&w, 1000);
	world_wait_results(&w, 3);
	assert_int_equal(world_result_of(&w, 1).n_attempts, 2);
	assert_int_equal(apns_stats(&w).n_connections, 1);
	assert_int_equal(w.n_states, 1);
	assert_int_equal(w.states[0].state, BSG_PUSH_WORKING);
	world_stop(&w);
}

static void a_server_that_does_not_prove_itself_gets_nothing(void **state)
{
	static const struct { const char *name, *cert, *key, *root; } cases[] = {	/* A62 */
		{ "another root of the same name", cert_rogue_server, key_rogue_server, cert_root },
		{ "another name", cert_stranger, key_stranger, cert_root },
		{ "expired", cert_old_server, key_old_server, cert_root },
		{ "another root is pinned", cert_server, key_server, cert_rogue },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		world_init(&w);
		w.apns_options.certificate_pem = cases[i].cert;
		w.apns_options.key_pem = cases[i].key;
		w.options.ca_pem = cases[i].root;
		world_start(&w);
		world_send(&w, 1, BSG_PUSH_LOCK, LATER);
		world_wait_state(&w, 1, BSG_PUSH_DOWN);
		world_wait_waiting(&w, 1);
		if (strstr(w.states[0].why, "certificate") == NULL || apns_stats(&w).n_requests != 0)
			fail_msg("%s: %s", cases[i].name, w.states[0].why);
		if (cases[i].root == cert_root) {	/* it comes to its senses */
			bsg_sim_apns_stop(w.apns);
			w.apns_options.certificate_pem = cert_server;
			w.apns_options.key_pem = key_server;
			world_start_apns(&w);
			world_pass(&w, 1000);
			world_wait_results(&w, 1);
		}
		world_stop(&w);
	}
}

static void a_sender_that_apple_does_not_know_is_told(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.options.credentials.certificate_pem = cert_push_rogue;	/* the right topic, of another CA */
	w.options.credentials.key_pem = key_push_rogue;
	world_start(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_DOWN);
	world_wait_waiting(&w, 1);
	assert_int_equal(apns_stats(&w).n_requests, 0);
	assert_true(apns_stats(&w).n_refused >= 1);
	world_stop(&w);
}

static enum bsg_err no_signature(void *app, struct bsg_bytes data, uint8_t out[static 64], struct bsg_error *err)
{
	(void)app;
	(void)data;
	(void)err;
	memset(out, 1, 64);
	return BSG_OK;
}

static void use_token(struct world *w)
{
	w->apns_options.client_ca_pem = NULL;
	w->apns_options.team_id = "TEAM";
	w->apns_options.key_id = "KEY";
	w->options.credentials = (struct bsg_push_credentials){ .team_id = "TEAM", .key_id = "KEY", .sign = no_signature };
}

/* With a token, so that a plain libcurl gets as far as we do. */
static int store_child(const char *url)
{
	struct world w;
	int rc = 0;

	root_store_replace(cert_root);
	if (!root_store_is_used(url))
		return 4;
	world_init(&w);
	use_token(&w);
	(void)snprintf(w.endpoint, sizeof(w.endpoint), "%s", url + strlen("https://"));
	w.options.ca_pem = cert_rogue;
	world_start_sender(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_DOWN);
	if (strstr(w.states[0].why, "certificate") == NULL)
		rc = 6;
	world_stop(&w);
	root_store_restore();
	return rc;
}

static void the_right_root_in_the_systems_store_only_is_refused(void **state)
{
	struct world w;
	char url[100];
	int status;

	(void)state;
	world_init(&w);
	use_token(&w);
	world_start_apns(&w);
	(void)snprintf(url, sizeof(url), "https://%s", w.endpoint);
	status = root_store_child("store-child", url);
	if (status != 0)
		fail_msg("child: 4 = the store does not work, 6 = our sender used it: %d", status);
	world_wait_pushes(&w, 1);
	assert_int_equal(apns_stats(&w).n_requests, 1);		/* plain libcurl's */
	world_stop(&w);
}

static void a_server_without_http_2_is_not_apns(void **state)
{
	struct fixture f;
	struct world w;

	(void)state;
	fixture_init(&f);
	f.options.plane = BSG_HTTP_PEOPLE;
	f.options.client_certificate = BSG_HTTP_CERT_NONE;
	fixture_start(&f);
	world_init(&w);
	assert_true(strlen(f.url) - strlen("https://") < sizeof(w.endpoint));
	memcpy(w.endpoint, f.url + strlen("https://"), strlen(f.url) - strlen("https://") + 1);
	world_start_sender(&w);
	for (unsigned i = 0; i < 20; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_DOWN);
	if (strstr(w.states[0].why, "does not speak HTTP/2") == NULL)
		fail_msg("%s", w.states[0].why);
	world_wait_waiting(&w, 20);
	world_pass(&w, 1000);
	world_wait_waiting(&w, 20);
	bsg_push_sender_close(w.sender);
	w.sender = NULL;
	assert_int_equal(f.n_done, 0);		/* A63: no token left the house */
	world_stop(&w);
	fixture_stop(&f);
}

static void stopping_waits_for_nothing_and_answers_for_everything(void **state)
{
	struct bsg_push_stats before;
	struct world w;
	unsigned n;

	(void)state;
	world_init(&w);
	world_start(&w);
	for (unsigned i = 0; i < 200; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 100);
	behave(&w, (struct bsg_sim_behaviour){ .is_silent = true });	/* an answer would never come */
	for (unsigned i = 200; i < 2000; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_send(&w, 1999, BSG_PUSH_LIFT, LATER);
	world_wait_pushes(&w, 300);
	bsg_push_stats(w.sender, &before);
	bsg_push_sender_close(w.sender);
	w.sender = NULL;
	n = world_n_outcome(&w, BSG_PUSH_TAKEN) + world_n_outcome(&w, BSG_PUSH_DROPPED);
	assert_int_equal(n, world_n_results(&w));
	assert_int_equal(n, before.n_asked - before.n_merged);
	assert_true(world_n_outcome(&w, BSG_PUSH_DROPPED) >= 1500);
	world_stop(&w);
}

static void a_sender_that_did_nothing_stops_too(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct world w;

		world_init(&w);
		(void)snprintf(w.endpoint, sizeof(w.endpoint), "127.0.0.1:9");
		world_start_sender(&w);
		if (i % 2 == 0)
			world_send(&w, 1, BSG_PUSH_LOCK, LATER);
		bsg_push_sender_close(w.sender);
		w.sender = NULL;
		assert_int_equal(world_n_results(&w), i % 2 == 0 ? 1 : 0);
		world_stop(&w);
	}
}

#define N_THREADS 4
#define N_EACH 500

struct caller {
	struct world *w;
	unsigned first;
};

static void *call(void *arg)
{
	const struct caller *caller = arg;
	const struct bsg_push_credentials same = { .certificate_pem = cert_push, .key_pem = key_push };

	for (unsigned i = 0; i < N_EACH; i++) {
		world_send(caller->w, caller->first + i, BSG_PUSH_LOCK, real_later());
		if (i % 50 == 0)
			world_send(caller->w, caller->first + i, BSG_PUSH_LIFT, real_later());
		if (i == 100)
			assert_int_equal(bsg_push_reconfigure(caller->w->sender, &same, NULL), BSG_OK);
		if (i % 100 == 0) {
			struct bsg_push_stats stats;

			bsg_push_stats(caller->w->sender, &stats);
			bsg_push_wake(caller->w->sender);
		}
	}
	return NULL;
}

static void many_threads_may_send(void **state)
{
	struct caller callers[N_THREADS];
	pthread_t threads[N_THREADS];
	struct bsg_push_stats stats;
	struct world w;

	(void)state;
	init_in_real_time(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .status = 429, .times = 100 });
	for (unsigned i = 0; i < N_THREADS; i++) {
		callers[i] = (struct caller){ &w, i * N_EACH };
		assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	bsg_push_stats(w.sender, &stats);
	world_wait_results(&w, (unsigned)(stats.n_asked - stats.n_merged));
	world_check_sums(&w);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), world_n_results(&w));
	assert_in_range(world_n_results(&w), N_THREADS * N_EACH, N_THREADS * (N_EACH + N_EACH / 50));
	world_stop(&w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_pushes_share_one_connection),
		cmocka_unit_test(thousands_of_pushes_break_no_connection),
		cmocka_unit_test(when_streams_run_out_there_are_a_few_connections_and_no_more),
		cmocka_unit_test(goaway_among_many_streams_loses_and_doubles_nothing),
		cmocka_unit_test(a_goaway_instead_of_an_answer_pauses_everything_and_is_tried_no_oftener),
		cmocka_unit_test(connections_that_break_are_made_again),
		cmocka_unit_test(an_endpoint_that_is_away_is_told_once_and_found_again),
		cmocka_unit_test(silence_is_a_broken_connection),
		cmocka_unit_test(what_breaks_together_is_one_failure),
		cmocka_unit_test(many_wait_for_one_new_connection),
		cmocka_unit_test(other_credentials_wait_for_what_is_under_way),
		cmocka_unit_test(one_request_without_answer_among_others_is_tried_again_by_itself),
		cmocka_unit_test(a_server_that_does_not_prove_itself_gets_nothing),
		cmocka_unit_test(a_sender_that_apple_does_not_know_is_told),
		cmocka_unit_test(the_right_root_in_the_systems_store_only_is_refused),
		cmocka_unit_test(a_server_without_http_2_is_not_apns),
		cmocka_unit_test(stopping_waits_for_nothing_and_answers_for_everything),
		cmocka_unit_test(a_sender_that_did_nothing_stops_too),
		cmocka_unit_test(many_threads_may_send),
	};

	if (argc == 3 && strcmp(argv[1], "store-child") == 0)
		return store_child(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
