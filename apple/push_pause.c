/* SPDX-License-Identifier: Apache-2.0 */
/* See apple/push_pause.h. */
#include "apple/push_pause.h"

#include <stddef.h>

#define TURN_MS 4	/* what a phone's turn takes on two cores, rather too long: handshake, command, answer, proof and its answer */

/* Pushed until the phone has called: soon at first, and ever more slowly. */
static int64_t pause_by_age(int64_t age)
{
	static const int64_t steps[][2] = {{10, 10}, {40, 30}, {160, 120}, {86400, 600}};	/* younger than, pause */

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (age < steps[i][0])
			return steps[i][1];
	return BSG_PUSH_PAUSE_MAX;
}

int64_t bsg_push_pause_taken(struct bsg_push_backlog *backlog, int64_t now, int64_t age)
{
	const int64_t now_ms = now * 1000, pause = pause_by_age(age), last = backlog->last;
	int64_t turn;

	backlog->last = now;
	if (backlog->free_at < now_ms || now < last)	/* nobody waits any more, or nobody knows who does */
		backlog->free_at = now_ms;
	if (backlog->free_at < now_ms + BSG_PUSH_LINE_MAX * 1000)
		backlog->free_at += TURN_MS;
	turn = (backlog->free_at - now_ms) / 1000;
	return turn > pause ? turn : pause;
}

int64_t bsg_push_pause_failed(int64_t failures)
{
	static const int64_t pauses[] = {10, 30, 120, 600};

	return failures < (int64_t)(sizeof(pauses) / sizeof(pauses[0])) ? pauses[failures] : BSG_PUSH_PAUSE_MAX;
}
