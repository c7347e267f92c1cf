/* SPDX-License-Identifier: Apache-2.0 */
/* How long a push waits before it is sent again (A142). Pure: no clock, store or thread. */
#ifndef BSG_APPLE_PUSH_PAUSE_H
#define BSG_APPLE_PUSH_PAUSE_H

#include <stdint.h>

#define BSG_PUSH_PAUSE_MAX INT64_C(3600)	/* seconds */

#define BSG_PUSH_LINE_MAX INT64_C(300)		/* seconds that a line is waited for: who is not served then has missed the push */

/*
 * When the phones that were pushed until now will all have been served, if each takes its turn. Zeroed: nobody waits. It is a guess,
 * and forgotten with the process: a push too many does no harm.
 */
struct bsg_push_backlog {
	int64_t free_at;	/* Unix milliseconds */
	int64_t last;		/* Unix seconds of the last push, to see a clock that went back */
};

/**
 * Count a push that Apple took, and say when the phone is pushed again if it has not called.
 *
 * When a rule begins, a whole ministry is pushed at once and stands in line: whoever waits for its turn there is not pushed again.
 *
 * @param now  Unix seconds
 * @param age  seconds since what the phone is to be was desired; negative where the clock went back
 * @return seconds, 10 to BSG_PUSH_PAUSE_MAX
 */
int64_t bsg_push_pause_taken(struct bsg_push_backlog *backlog, int64_t now, int64_t age);

/** @param failures  one after another, before this one @return seconds, 10 to BSG_PUSH_PAUSE_MAX */
int64_t bsg_push_pause_failed(int64_t failures);

#endif
