/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random world for core: orders, and a life of events with a clock, from a seed.
 * Small pools of ids and short times, so that everything meets everything.
 */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "core_phone.h"

struct world {
	uint64_t seed;
	int64_t now, boot;	/* true time, and when the machine started */
	int64_t clock_off;	/* how wrong an unverified clock is, s */
	bool unverified;
	uint32_t serial, seq;
	struct bsg_orders orders;	/* the newest that were made */
	struct bsg_guest guests[3];
};

void world_init(struct world *w, uint64_t seed);
uint32_t world_roll(struct world *w, uint32_t below);
void world_orders(struct world *w);			/* new random orders, prepared, in w->orders */
/* The next event; time goes on. ORDERS_CHANGED carries w->orders (call world_orders() happens inside). */
struct bsg_event world_event(struct world *w);
struct bsg_time world_time(const struct world *w, int64_t now);	/* the clock as the host reads it at a true time */
void world_shuffle(struct world *w, struct bsg_orders *to, const struct bsg_orders *from);	/* prepared */

#endif
