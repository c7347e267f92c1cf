/* SPDX-License-Identifier: Apache-2.0 */
/* A sender of pushes and a stand-in APNs in one process, with everything that happens between them written down. */
#ifndef BSG_TEST_PUSH_WORLD_H
#define BSG_TEST_PUSH_WORLD_H

#include <pthread.h>

#include "http/push.h"
#include "sim/apns.h"

#define WORLD_NOW INT64_C(1795470000)	/* 2026-11-23T21:40:00Z */
#define WORLD_MAX 8000

struct world_result {
	char device[BSG_ID_SIZE], id[BSG_UUID_SIZE], reason[BSG_PUSH_REASON_SIZE + 32];
	enum bsg_push_kind kind;
	enum bsg_push_outcome outcome;
	unsigned status, n_attempts;
	int64_t unregistered_at;
};

/* A request as the stand-in saw it. */
struct world_push {
	char token[BSG_SIM_TOKEN_SIZE], id[BSG_UUID_SIZE], magic[BSG_SIM_APNS_TEXT];
	char topic[BSG_SIM_APNS_TEXT], push_type[32], sender[BSG_SIM_APNS_TEXT];
	int64_t expiration, priority;
	unsigned connection, status;
};

struct world {
	struct bsg_sim_apns *apns;
	struct bsg_sim_apns_options apns_options;
	struct bsg_push_sender *sender;
	struct bsg_push_options options;
	struct bsg_fake_clock clock;		/* stands, unless world_pass() moves it */
	char endpoint[64];
	unsigned n_syncs;
	void (*also)(const struct bsg_push_result *result, struct world *w);

	pthread_mutex_t lock;
	struct world_result *results;		/* of pushes with a number; world_sync()'s are left out */
	struct world_push *pushes;
	unsigned n_results, n_pushes, n_states;
	char authorization[1024];		/* of the last request */
	struct { enum bsg_push_state state; char why[256]; } states[64];
};

/* Defaults: client certificate, fake clock, 127.0.0.1. Change options before the starts. */
void world_init(struct world *w);
void world_start_apns(struct world *w);		/* on the port it had before, if any */
void world_start_sender(struct world *w);
void world_start(struct world *w);		/* both */
void world_stop(struct world *w);		/* both, and free */

/* Device number @n: its key, its token. */
struct bsg_push world_push_of(unsigned n, enum bsg_push_kind kind, int64_t expiration);
const char *world_device(unsigned n);
const char *world_token(unsigned n);
void world_send(struct world *w, unsigned n, enum bsg_push_kind kind, int64_t expiration);

/* Wait up to 60 s until so many results, requests, changes of state have come. */
void world_wait_results(struct world *w, unsigned n);
void world_wait_pushes(struct world *w, unsigned n);
void world_wait_state(struct world *w, unsigned n, enum bsg_push_state state);

/* Wait until nothing is under way and @n pushes wait. */
void world_wait_waiting(struct world *w, unsigned n);

/* Let time pass for the sender, and wait until it has seen that. */
void world_pass(struct world *w, int64_t ms);

/* Wait until the sender has done all that it can do now. */
void world_sync(struct world *w);

unsigned world_n_requests(struct world *w);
unsigned world_n_results(struct world *w);
unsigned world_n_outcome(struct world *w, enum bsg_push_outcome outcome);

/* The result of device @n; the test fails without one. */
struct world_result world_result_of(struct world *w, unsigned n);

/* Fail unless every push has exactly one result or was merged. */
void world_check_sums(struct world *w);

#endif
