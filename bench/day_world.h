/* SPDX-License-Identifier: Apache-2.0 */
/* A server, Apple's pushes and a fleet of iPhones in one process, under one clock that only we move. For bench/day.c. */
#ifndef BSG_BENCH_DAY_WORLD_H
#define BSG_BENCH_DAY_WORLD_H

#include "apple/service.h"
#include "base/clock.h"
#include "server/app.h"
#include "sim/apns.h"
#include "sim/fleet.h"

#define BSG_DAY_RECOVERY_S 300	/* after Apple is back: the longest pause of the sender (a minute), and what follows */
#define BSG_DAY_TOPIC "com.apple.mgmt.External.day"

struct bsg_world {
	char dir[200];			/* of this day, removed at the end */
	struct bsg_fake_clock clock;
	struct bsg_log log;
	struct bsg_sim_apns *apns;
	struct bsg_platform *platform;	/* the server's */
	struct bsg_server *server;
	unsigned people_port;
	struct bsg_fleet_phone *phones;
	size_t n;
	struct bsg_fleet *fleet;
	bool apns_is_down;
	int64_t apns_works_from;	/* Apple answers again, but the sender's pauses end by our clock: until then pushes may wait */
};

/** Whether every push goes out at once. */
bool bsg_world_apple_works(const struct bsg_world *world);

/** Begin with @n phones that are enrolled at @now. Ends the process with a reason if it cannot. */
void bsg_world_open(struct bsg_world *world, unsigned n, int64_t now, const char *policy);
void bsg_world_close(struct bsg_world *world);

/**
 * Wait until nobody has anything to do at this moment.
 *
 * @return false: not within a minute and a second for each 100 phones; it says what is left
 */
bool bsg_world_settle(struct bsg_world *world);

/** Let @s pass; nothing follows before bsg_world_settle(). */
void bsg_world_pass(struct bsg_world *world, int64_t s);

/** Apple closes every connection without an answer, or answers again. */
void bsg_world_apns(struct bsg_world *world, bool is_down);

#endif
