/* SPDX-License-Identifier: Apache-2.0 */
#include "push_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http_certs.h"

#define SYNC_PREFIX "ffffffff"	/* of the devices that world_sync() makes up */

static void sleep_ms(unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Wait up to 60 s, under the lock of the world between the looks. */
#define EVENTUALLY(w_, condition_, what_) \
	do { \
		bool true_ = false; \
		for (int left_ = 30000; left_ > 0 && !true_; left_--) { \
			pthread_mutex_lock(&(w_)->lock); \
			true_ = (condition_); \
			pthread_mutex_unlock(&(w_)->lock); \
			if (!true_) \
				sleep_ms(2); \
		} \
		if (!true_) \
			fail_msg("%s did not come: %u results, %u requests, %u states", what_, (w_)->n_results, \
				 (w_)->n_pushes, (w_)->n_states); \
	} while (0)

static void on_result(const struct bsg_push_result *r, void *app)
{
	struct world *w = app;

	pthread_mutex_lock(&w->lock);
	if (strncmp(r->device, SYNC_PREFIX, 8) == 0) {
		w->n_syncs++;
	} else {
		struct world_result *out = &w->results[w->n_results++ % WORLD_MAX];

		(void)snprintf(out->device, sizeof(out->device), "%s", r->device);
		(void)snprintf(out->id, sizeof(out->id), "%s", r->id);
		(void)snprintf(out->reason, sizeof(out->reason), "%s", r->reason);
		out->kind = r->kind;
		out->outcome = r->outcome;
		out->status = r->status;
		out->n_attempts = r->n_attempts;
		out->unregistered_at = r->unregistered_at;
	}
	pthread_mutex_unlock(&w->lock);
	if (w->also != NULL)
		w->also(r, w);
}

static void on_state(enum bsg_push_state state, const char *why, void *app)
{
	struct world *w = app;

	pthread_mutex_lock(&w->lock);
	if (w->n_states < 64) {
		w->states[w->n_states].state = state;
		(void)snprintf(w->states[w->n_states].why, sizeof(w->states[0].why), "%s", why);
	}
	w->n_states++;
	pthread_mutex_unlock(&w->lock);
}

static void on_push(const struct bsg_sim_push *p, void *app)
{
	struct world *w = app;
	struct world_push *out;

	pthread_mutex_lock(&w->lock);
	out = &w->pushes[w->n_pushes++ % WORLD_MAX];
	(void)snprintf(out->token, sizeof(out->token), "%s", p->token);
	(void)snprintf(out->id, sizeof(out->id), "%s", p->id);
	(void)snprintf(out->magic, sizeof(out->magic), "%s", p->magic);
	(void)snprintf(out->topic, sizeof(out->topic), "%s", p->topic);
	(void)snprintf(out->push_type, sizeof(out->push_type), "%s", p->push_type);
	(void)snprintf(out->sender, sizeof(out->sender), "%s", p->sender);
	(void)snprintf(w->authorization, sizeof(w->authorization), "%s", p->authorization);
	out->expiration = p->expiration;
	out->priority = p->priority;
	out->connection = p->connection;
	out->status = p->status;
	pthread_mutex_unlock(&w->lock);
}

void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	bsg_fake_clock_init(&w->clock, WORLD_NOW);
	w->results = calloc(WORLD_MAX, sizeof(*w->results));
	w->pushes = calloc(WORLD_MAX, sizeof(*w->pushes));
	assert_true(w->results != NULL && w->pushes != NULL);
	w->apns_options = (struct bsg_sim_apns_options){
		.listen = "127.0.0.1:0", .certificate_pem = cert_server, .key_pem = key_server, .topic = PUSH_TOPIC,
		.client_ca_pem = cert_root, .clock = &w->clock.clock, .on_push = on_push, .app = w,
	};
	w->options = (struct bsg_push_options){
		.endpoint = w->endpoint, .ca_pem = cert_root, .topic = PUSH_TOPIC,
		.credentials = { .certificate_pem = cert_push, .key_pem = key_push }, .clock = &w->clock.clock,
		.on_result = on_result, .on_state = on_state, .app = w,
	};
}

void world_start_apns(struct world *w)
{
	struct bsg_error err = { .text = "" };

	if (w->endpoint[0] != '\0')
		w->apns_options.listen = w->endpoint;
	if (bsg_sim_apns_start(&w->apns_options, &w->apns, &err) != BSG_OK)
		fail_msg("stand-in: %s", err.text);
	(void)snprintf(w->endpoint, sizeof(w->endpoint), "127.0.0.1:%u", bsg_sim_apns_port(w->apns));
}

void world_start_sender(struct world *w)
{
	struct bsg_error err = { .text = "" };

	if (bsg_push_sender_open(&w->options, &w->sender, &err) != BSG_OK)
		fail_msg("sender: %s", err.text);
}

void world_start(struct world *w)
{
	world_start_apns(w);
	world_start_sender(w);
}

void world_stop(struct world *w)
{
	bsg_push_sender_close(w->sender);
	bsg_sim_apns_stop(w->apns);
	free(w->results);
	free(w->pushes);
	pthread_mutex_destroy(&w->lock);
}

const char *world_device(unsigned n)
{
	static _Thread_local char text[BSG_ID_SIZE];

	(void)snprintf(text, sizeof(text), "%08x%08x%08x%08x", n, n, n, n);
	return text;
}

const char *world_token(unsigned n)
{
	static _Thread_local char text[65];

	(void)snprintf(text, sizeof(text), "%064x", n);
	return text;
}

struct bsg_push world_push_of(unsigned n, enum bsg_push_kind kind, int64_t expiration)
{
	static _Thread_local uint8_t token[32];

	memset(token, 0, sizeof(token));
	for (int i = 0; i < 4; i++)
		token[31 - i] = (uint8_t)(n >> (8 * i));
	return (struct bsg_push){ .device = world_device(n), .token = { token, sizeof(token) }, .magic = "Magic-1",
				  .kind = kind, .expiration = expiration };
}

void world_send(struct world *w, unsigned n, enum bsg_push_kind kind, int64_t expiration)
{
	const struct bsg_push push = world_push_of(n, kind, expiration);
	struct bsg_error err = { .text = "" };

	if (bsg_push_send(w->sender, &push, &err) != BSG_OK)
		fail_msg("send %u: %s", n, err.text);
}

void world_wait_results(struct world *w, unsigned n)
{
	EVENTUALLY(w, w->n_results >= n, "results");
}

void world_wait_pushes(struct world *w, unsigned n)
{
	EVENTUALLY(w, w->n_pushes >= n, "requests");
}

void world_wait_state(struct world *w, unsigned n, enum bsg_push_state state)
{
	EVENTUALLY(w, w->n_states >= n, "a change of state");
	if (w->states[n - 1].state != state)
		fail_msg("state %u is %d: %s", n, (int)w->states[n - 1].state, w->states[n - 1].why);
}

static bool waits(struct world *w, unsigned n)
{
	struct bsg_push_stats stats;

	bsg_push_stats(w->sender, &stats);
	return stats.n_flying == 0 && stats.n_waiting == n;
}

void world_wait_waiting(struct world *w, unsigned n)
{
	EVENTUALLY(w, waits(w, n), "rest");
}

/* A push that has expired already ends when the sender comes round: what it could begin, it has begun then. */
void world_sync(struct world *w)
{
	for (int i = 0; i < 2; i++) {
		const unsigned want = w->n_syncs + 1;
		const struct bsg_push push = { .device = SYNC_PREFIX "000000000000000000000000",
					       .token = { (const uint8_t *)"x", 1 }, .magic = "x", .kind = BSG_PUSH_LOCK };

		assert_int_equal(bsg_push_send(w->sender, &push, NULL), BSG_OK);
		EVENTUALLY(w, w->n_syncs >= want, "the sender's turn");
	}
}

void world_pass(struct world *w, int64_t ms)
{
	bsg_fake_clock_pass(&w->clock, ms);
	world_sync(w);
}

unsigned world_n_requests(struct world *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->n_pushes;
	pthread_mutex_unlock(&w->lock);
	return n;
}

unsigned world_n_results(struct world *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->n_results;
	pthread_mutex_unlock(&w->lock);
	return n;
}

unsigned world_n_outcome(struct world *w, enum bsg_push_outcome outcome)
{
	unsigned n = 0;

	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->n_results; i++)
		n += w->results[i].outcome == outcome;
	pthread_mutex_unlock(&w->lock);
	return n;
}

struct world_result world_result_of(struct world *w, unsigned n)
{
	struct world_result found = { .device = "" };

	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->n_results; i++)
		if (strcmp(w->results[i].device, world_device(n)) == 0)
			found = w->results[i];
	pthread_mutex_unlock(&w->lock);
	if (found.device[0] == '\0')
		fail_msg("device %u has no result", n);
	return found;
}

void world_check_sums(struct world *w)
{
	struct bsg_push_stats s;
	uint64_t n_ended;

	bsg_push_stats(w->sender, &s);
	n_ended = s.n_taken + s.n_unregistered + s.n_bad_token + s.n_expired + s.n_dropped + s.n_failed;
	assert_int_equal(s.n_asked, n_ended + s.n_merged + s.n_waiting + s.n_flying);
	assert_int_equal(n_ended, world_n_results(w) + w->n_syncs);
}
