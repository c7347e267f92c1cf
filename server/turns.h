/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns for requests that work for seconds: plans, replays, explanations of another time.
 *
 * Each works in a thread that others' connections share, and may start programs that read calendars. Two at a time leave most
 * threads to gates and phones, however many policy officers try however large policies at once.
 */
#ifndef BSG_SERVER_TURNS_H
#define BSG_SERVER_TURNS_H

#include <pthread.h>
#include <stdint.h>

#include "http/exchange.h"

#define BSG_TURNS 2
#define BSG_TURN_WAIT_MS 5000

struct bsg_turns {
	pthread_mutex_t lock;
	pthread_cond_t given;
	unsigned n;	/* taken */
};

void bsg_turns_init(struct bsg_turns *turns);
void bsg_turns_free(struct bsg_turns *turns);

/**
 * Take a turn, to be given back by bsg_turn_give().
 *
 * @param wait_ms  how long to wait for one
 * @return BSG_E_UNAVAILABLE: all were taken all the time
 */
enum bsg_err bsg_turn_take(struct bsg_turns *turns, int64_t wait_ms, struct bsg_error *err) BSG_MUST_CHECK;

/** As bsg_turn_take(), for a request. @return false after answering 503 */
bool bsg_turn_begin(struct bsg_http_exchange *x, struct bsg_turns *turns);
void bsg_turn_give(struct bsg_turns *turns);

#endif
