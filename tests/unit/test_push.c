/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes and Apple's answers: what is sent, what each answer leads to, one push a device. Rules A62-A74 of docs/spec/apple.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/pushcert.h"
#include "http_certs.h"
#include "push_world.h"

#define LATER (WORLD_NOW + 3600)

static uint64_t n_attempts(struct world *w)
{
	struct bsg_push_stats stats;

	bsg_push_stats(w->sender, &stats);
	return stats.n_attempts;
}

static void behave(struct world *w, struct bsg_sim_behaviour behaviour)
{
	bsg_sim_apns_behave(w->apns, &behaviour);
}

static void a_push_is_what_apple_asks_for(void **state)
{
	static const char magic[] = "Ma\"gic\\\xd1\x8e";
	struct bsg_push push = world_push_of(0xabcdef12, BSG_PUSH_LIFT, LATER);
	struct world_result result;
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	push.magic = magic;
	push.priority = 5;
	assert_int_equal(bsg_push_send(w.sender, &push, NULL), BSG_OK);
	world_wait_results(&w, 1);
	result = world_result_of(&w, 0xabcdef12);
	assert_int_equal(result.outcome, BSG_PUSH_TAKEN);
	assert_int_equal(result.kind, BSG_PUSH_LIFT);
	assert_int_equal(result.n_attempts, 1);
	assert_int_equal(result.status, 200);
	assert_int_equal(w.n_pushes, 1);
	assert_string_equal(w.pushes[0].token, world_token(0xabcdef12));
	assert_string_equal(w.pushes[0].magic, magic);
	assert_string_equal(w.pushes[0].topic, PUSH_TOPIC);
	assert_string_equal(w.pushes[0].sender, PUSH_TOPIC);
	assert_string_equal(w.pushes[0].push_type, "mdm");
	assert_string_equal(w.pushes[0].id, result.id);
	assert_true(bsg_id_is_uuid(result.id));
	assert_int_equal(w.pushes[0].priority, 5);
	assert_int_equal(w.pushes[0].expiration, LATER);
	assert_int_equal(w.pushes[0].status, 200);
	world_send(&w, 2, BSG_PUSH_LOCK, LATER + 1);
	world_wait_results(&w, 2);
	assert_int_equal(w.pushes[1].priority, 10);
	assert_int_equal(w.pushes[1].connection, 1);
	world_check_sums(&w);
	world_stop(&w);
}

static void an_answer_that_will_not_change_ends_a_push(void **state)
{
	static const struct {
		const char *name;
		struct bsg_sim_behaviour answer;
		enum bsg_push_outcome want;
		const char *reason;
		int64_t unregistered_at;
	} cases[] = {
		{ "A67", { .status = 410, .reason = "Unregistered", .timestamp_ms = INT64_C(1454948015990) },
		  BSG_PUSH_UNREGISTERED, "Unregistered", INT64_C(1454948015) },
		{ "A67", { .status = 410, .reason = "ExpiredToken" }, BSG_PUSH_UNREGISTERED, "ExpiredToken", 0 },
		{ "A67", { .status = 400, .reason = "BadDeviceToken" }, BSG_PUSH_BAD_TOKEN, "BadDeviceToken", 0 },
		{ "A67", { .status = 400, .reason = "DeviceTokenNotForTopic" }, BSG_PUSH_BAD_TOKEN,
		  "DeviceTokenNotForTopic", 0 },
		{ "A68", { .status = 400, .reason = "BadExpirationDate" }, BSG_PUSH_FAILED, "400 BadExpirationDate", 0 },
		{ "A68", { .status = 404, .reason = "BadPath" }, BSG_PUSH_FAILED, "404 BadPath", 0 },
		{ "A68", { .status = 413, .reason = "PayloadTooLarge" }, BSG_PUSH_FAILED, "413 PayloadTooLarge", 0 },
		{ "A68", { .status = 302 }, BSG_PUSH_FAILED, "302 ", 0 },
	};
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world_result r;

		behave(&w, cases[i].answer);
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
		world_wait_results(&w, i + 1);
		r = world_result_of(&w, i);
		if (r.outcome != cases[i].want || strcmp(r.reason, cases[i].reason) != 0 || r.n_attempts != 1 ||
		    r.unregistered_at != cases[i].unregistered_at || r.status != cases[i].answer.status)
			fail_msg("%s %u: %d '%s' %lld after %u", cases[i].name, cases[i].answer.status, (int)r.outcome,
				 r.reason, (long long)r.unregistered_at, r.n_attempts);
	}
	assert_int_equal(w.n_states, 1);	/* it worked all the time */
	world_check_sums(&w);
	world_stop(&w);
}

static void what_pauses_one_device_does_not_pause_others(void **state)
{
	static const struct bsg_sim_behaviour cases[] = {
		{ .status = 429, .reason = "TooManyRequests" }, { .status = 500, .reason = "InternalServerError" },
		{ .resets = true }, { .status = 429 },
	};
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const unsigned before = world_n_results(&w), sent = world_n_requests(&w);
		struct bsg_sim_behaviour b = cases[i];

		(void)snprintf(b.token, sizeof(b.token), "%s", world_token(2 * i));
		b.times = 1;
		behave(&w, b);
		world_send(&w, 2 * i, BSG_PUSH_LOCK, LATER);
		world_wait_pushes(&w, sent + 1);
		world_wait_waiting(&w, 1);
		world_send(&w, 2 * i + 1, BSG_PUSH_LOCK, LATER);
		world_wait_results(&w, before + 1);
		(void)world_result_of(&w, 2 * i + 1);
		world_pass(&w, 1000);		/* A69: the first pause is at most a second */
		world_wait_results(&w, before + 2);
		assert_int_equal(world_result_of(&w, 2 * i).n_attempts, 2);
		assert_int_equal(world_result_of(&w, 2 * i).outcome, BSG_PUSH_TAKEN);
	}
	assert_int_equal(w.n_states, 1);
	world_check_sums(&w);
	world_stop(&w);
}

static void retry_after_is_kept_to(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .status = 429, .reason = "TooManyRequests", .retry_after_s = 30, .times = 1 });
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 1);
	world_wait_waiting(&w, 1);
	world_pass(&w, 29999);
	assert_int_equal(n_attempts(&w), 1);
	/* A newer push for the device does not get round it (A65, A69). */
	world_send(&w, 1, BSG_PUSH_LIFT, LATER + 60);
	world_sync(&w);
	assert_int_equal(n_attempts(&w), 1);
	world_pass(&w, 1 + 500);
	world_wait_results(&w, 1);
	assert_int_equal(world_result_of(&w, 1).kind, BSG_PUSH_LIFT);
	assert_int_equal(w.pushes[1].expiration, LATER + 60);
	/* The same push to Apple: one id. */
	assert_string_equal(w.pushes[0].id, w.pushes[1].id);
	world_check_sums(&w);
	world_stop(&w);
}

static void pauses_grow_up_to_a_minute(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .status = 429, .reason = "TooManyRequests" });
	world_send(&w, 1, BSG_PUSH_LIFT, LATER);
	for (unsigned i = 1; i <= 9; i++) {
		const int64_t whole_ms = i < 7 ? INT64_C(1000) << (i - 1) : 60000;

		world_wait_pushes(&w, i);
		world_wait_waiting(&w, 1);
		world_pass(&w, whole_ms / 2 - 1);
		assert_int_equal(n_attempts(&w), i);	/* half of it is certain */
		world_pass(&w, whole_ms / 2 + 2);	/* the rest is chance */
	}
	world_wait_pushes(&w, 10);
	world_stop(&w);
}

static void a_503_pauses_everything_and_one_asks_whether_it_is_over(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	world_send(&w, 0, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 1);
	behave(&w, (struct bsg_sim_behaviour){ .status = 503, .reason = "ServiceUnavailable", .retry_after_s = 20 });
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 2, BSG_PUSH_DOWN);
	assert_string_equal(w.states[1].why, "503 ServiceUnavailable");
	for (unsigned i = 2; i <= 100; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_pass(&w, 19999);
	assert_int_equal(n_attempts(&w), 2);
	world_pass(&w, 501);
	world_wait_pushes(&w, 3);
	world_wait_waiting(&w, 100);
	world_sync(&w);
	assert_int_equal(n_attempts(&w), 3);		/* one, not a hundred */
	assert_string_not_equal(w.pushes[2].token, w.pushes[1].token);	/* another: the first may have been the cause */
	behave(&w, (struct bsg_sim_behaviour){ 0 });
	world_pass(&w, 22000);
	world_wait_results(&w, 101);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 101);
	assert_int_equal(w.n_states, 3);		/* told once each */
	assert_int_equal(w.states[2].state, BSG_PUSH_WORKING);
	world_check_sums(&w);
	world_stop(&w);
}

static void a_refused_sender_stops_says_so_once_and_goes_on_with_another_certificate(void **state)
{
	const struct bsg_push_credentials renewed = { .certificate_pem = cert_push_renewed, .key_pem = key_push_renewed };
	const struct bsg_push_credentials other = { .certificate_pem = cert_push_other, .key_pem = key_push_other };
	struct bsg_error err = { .text = "" };
	struct world w;
	uint64_t before;

	(void)state;
	world_init(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .status = 403, .reason = "BadCertificate" });
	for (unsigned i = 0; i < 50; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_HALTED);
	assert_string_equal(w.states[0].why, "403 BadCertificate");
	world_wait_waiting(&w, 50);
	before = n_attempts(&w);
	behave(&w, (struct bsg_sim_behaviour){ 0 });
	for (unsigned i = 50; i < 60; i++)
		world_send(&w, i, BSG_PUSH_LOCK, WORLD_NOW + 600);
	world_pass(&w, 599000);
	assert_int_equal(n_attempts(&w), before);
	assert_int_equal(world_n_results(&w), 0);
	world_pass(&w, 1000);				/* what waits for us expires all the same */
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_EXPIRED), 10);
	assert_int_equal(w.n_states, 1);

	assert_int_equal(bsg_push_reconfigure(w.sender, &other, &err), BSG_E_DENIED);
	world_sync(&w);
	assert_int_equal(n_attempts(&w), before);
	assert_int_equal(bsg_push_reconfigure(w.sender, &renewed, &err), BSG_OK);
	world_wait_results(&w, 60);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 50);
	assert_int_equal(w.pushes[w.n_pushes - 1].connection, 2);	/* a new handshake, with the new certificate */
	assert_int_equal(w.n_states, 2);
	assert_int_equal(w.states[1].state, BSG_PUSH_WORKING);
	world_check_sums(&w);
	world_stop(&w);
}

static void a_wrong_topic_halts_too_and_is_told_again_after_each_change(void **state)
{
	const struct bsg_push_credentials renewed = { .certificate_pem = cert_push_renewed, .key_pem = key_push_renewed };
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .status = 400, .reason = "TopicDisallowed" });
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_HALTED);
	assert_int_equal(bsg_push_reconfigure(w.sender, &renewed, NULL), BSG_OK);
	world_wait_state(&w, 2, BSG_PUSH_HALTED);
	assert_int_equal(world_n_requests(&w), 2);
	world_stop(&w);
}

/* Its certificate has ended: held back by a halt, so that nothing leaves before we look. */
static void start_held(struct world *w)
{
	world_init(w);
	w->options.credentials.certificate_pem = cert_push_old;
	w->options.credentials.key_pem = key_push_old;
	world_start(w);
	world_wait_state(w, 1, BSG_PUSH_HALTED);
}

static void an_expired_certificate_sends_nothing(void **state)
{
	const struct bsg_push_credentials renewed = { .certificate_pem = cert_push, .key_pem = key_push };
	struct world w;

	(void)state;
	start_held(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_sync(&w);
	assert_int_equal(n_attempts(&w), 0);
	assert_non_null(strstr(w.states[0].why, "expired"));
	assert_int_equal(bsg_push_reconfigure(w.sender, &renewed, NULL), BSG_OK);
	world_wait_results(&w, 1);
	world_stop(&w);
}

/* Also while there is nothing to send that would show whether they work (A75). */
static void other_credentials_are_not_blamed_for_the_old_ones(void **state)
{
	const struct bsg_push_credentials renewed = { .certificate_pem = cert_push, .key_pem = key_push };
	struct bsg_push_stats stats;
	struct world w;

	(void)state;
	start_held(&w);
	assert_int_equal(bsg_push_reconfigure(w.sender, &renewed, NULL), BSG_OK);
	world_sync(&w);
	bsg_push_stats(w.sender, &stats);
	assert_int_equal(stats.state, BSG_PUSH_STARTING);
	world_stop(&w);
}

static void a_certificate_that_ended_by_a_wrong_clock_is_used_once_that_is_right(void **state)	/* A144 */
{
	struct bsg_push_cert cert;
	struct world w;

	(void)state;
	assert_int_equal(bsg_push_cert_read(cert_push, strlen(cert_push), &cert, NULL), BSG_OK);
	world_init(&w);
	bsg_fake_clock_set_utc(&w.clock, cert.not_after + 1);
	world_start(&w);
	world_wait_state(&w, 1, BSG_PUSH_HALTED);
	world_send(&w, 1, BSG_PUSH_LOCK, cert.not_after + 60);
	world_sync(&w);
	assert_int_equal(n_attempts(&w), 0);
	bsg_fake_clock_set_utc(&w.clock, WORLD_NOW);
	world_sync(&w);
	world_wait_results(&w, 1);
	assert_int_equal(world_result_of(&w, 1).outcome, BSG_PUSH_TAKEN);
	world_stop(&w);
}

static void let_go(struct world *w)
{
	const struct bsg_push_credentials good = { .certificate_pem = cert_push, .key_pem = key_push };

	assert_int_equal(bsg_push_reconfigure(w->sender, &good, NULL), BSG_OK);
}

static void two_that_wait_for_one_device_become_one(void **state)
{
	static const struct {
		enum bsg_push_kind first, second, want;
		int64_t end1, end2, want_end;
		unsigned priority1, priority2, want_priority;
	} cases[] = {	/* A65 */
		{ BSG_PUSH_LOCK, BSG_PUSH_LIFT, BSG_PUSH_LIFT, LATER, LATER + 9, LATER + 9, 10, 10, 10 },
		{ BSG_PUSH_LOCK, BSG_PUSH_LIFT, BSG_PUSH_LIFT, LATER + 9, LATER, LATER + 9, 5, 10, 10 },
		{ BSG_PUSH_LIFT, BSG_PUSH_LOCK, BSG_PUSH_LIFT, LATER + 9, LATER, LATER + 9, 10, 5, 10 },
		{ BSG_PUSH_LOCK, BSG_PUSH_LOCK, BSG_PUSH_LOCK, LATER, LATER + 9, LATER + 9, 5, 5, 5 },
	};
	const unsigned n = sizeof(cases) / sizeof(cases[0]);
	struct bsg_push_stats stats;
	struct world w;

	(void)state;
	start_held(&w);
	for (unsigned i = 0; i < n; i++) {
		struct bsg_push push = world_push_of(i, cases[i].first, cases[i].end1);

		push.priority = cases[i].priority1;
		assert_int_equal(bsg_push_send(w.sender, &push, NULL), BSG_OK);
		push = world_push_of(i + 1000, cases[i].second, cases[i].end2);	/* the token was renewed, and the magic */
		push.device = world_device(i);
		push.magic = "Magic-2";
		push.priority = cases[i].priority2;
		assert_int_equal(bsg_push_send(w.sender, &push, NULL), BSG_OK);
	}
	bsg_push_stats(w.sender, &stats);
	assert_int_equal(stats.n_waiting, n);
	assert_int_equal(stats.n_merged, n);
	let_go(&w);
	world_wait_results(&w, n);
	for (unsigned i = 0; i < n; i++) {
		struct world_push *p = &w.pushes[i];

		assert_string_equal(p->token, world_token(i + 1000));
		assert_string_equal(p->magic, "Magic-2");
		assert_int_equal(p->expiration, cases[i].want_end);
		assert_int_equal(p->priority, cases[i].want_priority);
		assert_int_equal(world_result_of(&w, i).kind, cases[i].want);
	}
	assert_int_equal(world_n_requests(&w), n);
	world_check_sums(&w);
	world_stop(&w);
}

static void what_is_under_way_is_followed_by_what_came_since(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	behave(&w, (struct bsg_sim_behaviour){ .is_silent = true, .times = 1 });
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 1);			/* Apple has it, and thinks */
	world_send(&w, 1, BSG_PUSH_LIFT, LATER + 5);	/* the command behind this one was not there yet */
	world_send(&w, 1, BSG_PUSH_LOCK, LATER + 2);
	assert_int_equal(world_n_results(&w), 0);
	world_pass(&w, 10001);				/* no answer: the first and its followers become one */
	world_pass(&w, 1000);
	world_wait_results(&w, 1);
	assert_int_equal(w.pushes[1].expiration, LATER + 5);
	assert_int_equal(world_result_of(&w, 1).kind, BSG_PUSH_LIFT);
	world_check_sums(&w);

	behave(&w, (struct bsg_sim_behaviour){ .delay_ms = 200, .times = 1 });
	world_send(&w, 2, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 3);
	world_send(&w, 2, BSG_PUSH_LIFT, LATER + 5);
	world_wait_results(&w, 3);
	assert_int_equal(world_n_requests(&w), 4);
	assert_int_equal(w.results[1].kind, BSG_PUSH_LOCK);
	assert_int_equal(w.results[2].kind, BSG_PUSH_LIFT);
	assert_string_not_equal(w.results[1].id, w.results[2].id);
	world_check_sums(&w);

	/* A dead token is not tried again at once; a new token is. */
	behave(&w, (struct bsg_sim_behaviour){ .status = 410, .reason = "Unregistered", .delay_ms = 200, .times = 1 });
	world_send(&w, 3, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 5);
	world_send(&w, 3, BSG_PUSH_LIFT, LATER);
	world_wait_results(&w, 4);
	world_sync(&w);
	assert_int_equal(n_attempts(&w), 5);
	world_check_sums(&w);
	world_stop(&w);
}

static void nothing_is_sent_after_its_expiration(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_start(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, WORLD_NOW);	/* over now */
	world_wait_results(&w, 1);
	assert_int_equal(world_result_of(&w, 1).outcome, BSG_PUSH_EXPIRED);
	assert_int_equal(n_attempts(&w), 0);
	/* A70: the pause that Apple asks for is longer than it lives. */
	behave(&w, (struct bsg_sim_behaviour){ .status = 429, .reason = "TooManyRequests", .retry_after_s = 900, .times = 1 });
	world_send(&w, 2, BSG_PUSH_LOCK, WORLD_NOW + 60);
	world_wait_pushes(&w, 1);
	world_wait_waiting(&w, 1);
	world_pass(&w, 59999);
	assert_int_equal(world_n_results(&w), 1);
	world_pass(&w, 1);
	world_wait_results(&w, 2);
	assert_int_equal(world_result_of(&w, 2).outcome, BSG_PUSH_EXPIRED);
	assert_int_equal(world_result_of(&w, 2).status, 429);
	assert_int_equal(n_attempts(&w), 1);
	world_check_sums(&w);
	world_stop(&w);
}

static void a_clock_that_jumps_neither_loses_nor_revives_a_push(void **state)
{
	struct world w;

	(void)state;
	start_held(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, WORLD_NOW + 60);
	bsg_fake_clock_set_utc(&w.clock, WORLD_NOW - 600);	/* set back: it has ten minutes more */
	world_send(&w, 2, BSG_PUSH_LOCK, WORLD_NOW + 60);
	world_pass(&w, 61000);
	assert_int_equal(world_n_results(&w), 0);
	world_pass(&w, 598000);
	assert_int_equal(world_n_results(&w), 0);
	world_pass(&w, 1000);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_EXPIRED), 2);
	world_send(&w, 3, BSG_PUSH_LOCK, WORLD_NOW + 3600);
	bsg_fake_clock_set_utc(&w.clock, WORLD_NOW + 7200);	/* set on: found when it is its turn */
	let_go(&w);
	world_wait_results(&w, 3);
	assert_int_equal(world_result_of(&w, 3).outcome, BSG_PUSH_EXPIRED);
	assert_int_equal(n_attempts(&w), 0);
	world_stop(&w);
}

static void a_full_queue_is_an_answer(void **state)
{
	struct bsg_push push;
	struct bsg_error err = { .text = "" };
	struct bsg_push_stats stats;
	struct world w;

	(void)state;
	world_init(&w);
	w.options.queue_max = 3;
	w.options.credentials.certificate_pem = cert_push_old;
	w.options.credentials.key_pem = key_push_old;
	world_start(&w);
	for (unsigned i = 0; i < 3; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	push = world_push_of(3, BSG_PUSH_LOCK, LATER);
	assert_int_equal(bsg_push_send(w.sender, &push, &err), BSG_E_LIMIT);
	assert_non_null(strstr(err.text, "full"));
	world_send(&w, 2, BSG_PUSH_LIFT, LATER);		/* there is room for what is merged */
	bsg_push_stats(w.sender, &stats);
	assert_int_equal(stats.n_refused, 1);
	assert_int_equal(stats.n_asked, 4);
	let_go(&w);
	world_wait_results(&w, 3);
	world_send(&w, 3, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 4);
	world_check_sums(&w);
	world_stop(&w);
}

static void what_is_no_push_is_refused(void **state)
{
	struct bsg_push good = world_push_of(1, BSG_PUSH_LOCK, LATER), bad[10];
	char long_magic[BSG_PUSH_MAGIC_MAX + 2];
	unsigned n = 0;
	struct world w;

	(void)state;
	memset(long_magic, 'a', sizeof(long_magic) - 1);
	long_magic[sizeof(long_magic) - 1] = '\0';
	world_init(&w);
	world_start(&w);
	for (unsigned i = 0; i < 10; i++)
		bad[i] = good;
	bad[n++].device = "00112233";
	bad[n++].device = NULL;
	bad[n++].token.len = 0;
	bad[n++].token.len = BSG_PUSH_TOKEN_MAX + 1;
	bad[n++].magic = "";
	bad[n++].magic = NULL;
	bad[n++].magic = long_magic;
	bad[n++].magic = "a\xff";
	bad[n++].kind = 0;
	bad[n++].priority = 7;
	for (unsigned i = 0; i < n; i++) {
		struct bsg_error err = { .text = "" };

		if (bsg_push_send(w.sender, &bad[i], &err) != BSG_E_INVALID || err.text[0] == '\0')
			fail_msg("case %u", i);
	}
	long_magic[BSG_PUSH_MAGIC_MAX] = '\0';
	good.magic = long_magic;
	assert_int_equal(bsg_push_send(w.sender, &good, NULL), BSG_OK);
	world_wait_results(&w, 1);
	assert_string_equal(w.pushes[0].magic, long_magic);
	world_stop(&w);
}

/* Once, as a caller does whose phone has not called yet. */
static void push_again(const struct bsg_push_result *result, struct world *w)
{
	if (result->outcome == BSG_PUSH_TAKEN && strcmp(result->device, world_device(1)) == 0 && world_n_results(w) == 1)
		world_send(w, 1, BSG_PUSH_LIFT, LATER);
	if (result->outcome == BSG_PUSH_DROPPED) {	/* too late */
		const struct bsg_push push = world_push_of(1, BSG_PUSH_LIFT, LATER);

		assert_int_equal(bsg_push_send(w->sender, &push, NULL), BSG_E_UNAVAILABLE);
	}
}

static void a_result_may_be_answered_with_a_push(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.also = push_again;
	world_start(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 2);
	behave(&w, (struct bsg_sim_behaviour){ .is_silent = true });
	world_send(&w, 2, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 3);
	world_stop(&w);
}

static void a_sender_needs_what_it_needs(void **state)
{
	struct world w;
	struct bsg_push_options bad[12], *o = bad;
	const enum bsg_err want[] = { BSG_E_INVALID, BSG_E_INVALID, BSG_E_INVALID, BSG_E_INVALID, BSG_E_INVALID,
				      BSG_E_INVALID, BSG_E_INVALID, BSG_E_DENIED, BSG_E_CRYPTO, BSG_E_CRYPTO, BSG_E_INVALID,
				      BSG_E_INVALID };

	(void)state;
	world_init(&w);
	(void)snprintf(w.endpoint, sizeof(w.endpoint), "127.0.0.1:1");
	for (unsigned i = 0; i < 12; i++)
		bad[i] = w.options;
	(o++)->endpoint = "127.0.0.1";
	(o++)->endpoint = "a b:443";
	(o++)->endpoint = "a:0";
	(o++)->topic = "";
	(o++)->topic = "a b";
	(o++)->ca_pem = NULL;				/* A62: the system's roots are for Apple's names */
	(o++)->credentials.key_pem = NULL;
	(o++)->topic = "com.apple.mgmt.External.other";
	(o++)->credentials.key_pem = key_push_other;
	(o++)->ca_pem = "no certificate";
	(o++)->endpoint = "api.push.apple.com.example:443";
	bad[10].ca_pem = NULL;
	(o++)->on_result = NULL;
	for (unsigned i = 0; i < 12; i++) {
		struct bsg_push_sender *sender;
		struct bsg_error err = { .text = "" };
		enum bsg_err rc = bsg_push_sender_open(&bad[i], &sender, &err);

		if (rc != want[i] || sender != NULL || err.text[0] == '\0')
			fail_msg("case %u: %d %s", i, (int)rc, err.text);
	}
	/* Apple's own name needs no CA; nothing is sent here. */
	w.options.endpoint = "api.push.apple.com:443";
	w.options.ca_pem = NULL;
	world_start_sender(&w);
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_is_what_apple_asks_for),
		cmocka_unit_test(an_answer_that_will_not_change_ends_a_push),
		cmocka_unit_test(what_pauses_one_device_does_not_pause_others),
		cmocka_unit_test(retry_after_is_kept_to),
		cmocka_unit_test(pauses_grow_up_to_a_minute),
		cmocka_unit_test(a_503_pauses_everything_and_one_asks_whether_it_is_over),
		cmocka_unit_test(a_refused_sender_stops_says_so_once_and_goes_on_with_another_certificate),
		cmocka_unit_test(a_wrong_topic_halts_too_and_is_told_again_after_each_change),
		cmocka_unit_test(an_expired_certificate_sends_nothing),
		cmocka_unit_test(other_credentials_are_not_blamed_for_the_old_ones),
		cmocka_unit_test(a_certificate_that_ended_by_a_wrong_clock_is_used_once_that_is_right),
		cmocka_unit_test(two_that_wait_for_one_device_become_one),
		cmocka_unit_test(what_is_under_way_is_followed_by_what_came_since),
		cmocka_unit_test(nothing_is_sent_after_its_expiration),
		cmocka_unit_test(a_clock_that_jumps_neither_loses_nor_revives_a_push),
		cmocka_unit_test(a_full_queue_is_an_answer),
		cmocka_unit_test(what_is_no_push_is_refused),
		cmocka_unit_test(a_result_may_be_answered_with_a_push),
		cmocka_unit_test(a_sender_needs_what_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
