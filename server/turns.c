/* SPDX-License-Identifier: Apache-2.0 */
/* A counting semaphore with a patience measured by the monotonic clock. See server/turns.h. */
#include "server/turns.h"

#include <time.h>

void bsg_turns_init(struct bsg_turns *turns)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&turns->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&turns->given, &attr);
	pthread_condattr_destroy(&attr);
	turns->n = 0;
}

void bsg_turns_free(struct bsg_turns *turns)
{
	pthread_cond_destroy(&turns->given);
	pthread_mutex_destroy(&turns->lock);
}

static struct timespec after(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

enum bsg_err bsg_turn_take(struct bsg_turns *turns, int64_t wait_ms, struct bsg_error *err)
{
	const struct timespec until = after(wait_ms);
	bool taken;
	int rc = 0;

	pthread_mutex_lock(&turns->lock);
	while (rc == 0 && turns->n >= BSG_TURNS)
		rc = pthread_cond_timedwait(&turns->given, &turns->lock, &until);
	taken = turns->n < BSG_TURNS;
	turns->n += taken ? 1 : 0;
	pthread_mutex_unlock(&turns->lock);
	return taken ? BSG_OK :
		       bsg_fail(err, BSG_E_UNAVAILABLE, "%d plans, replays or explanations of other times are under way: try again", BSG_TURNS);
}

bool bsg_turn_begin(struct bsg_http_exchange *x, struct bsg_turns *turns)
{
	struct bsg_error err;
	enum bsg_err rc = bsg_turn_take(turns, BSG_TURN_WAIT_MS, &err);

	if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	return rc == BSG_OK;
}

void bsg_turn_give(struct bsg_turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	turns->n--;
	pthread_cond_signal(&turns->given);
	pthread_mutex_unlock(&turns->lock);
}
