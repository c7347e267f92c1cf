/* SPDX-License-Identifier: Apache-2.0 */
/* What a running server is made of. Private to server/. */
#ifndef BSG_SERVER_APP_H
#define BSG_SERVER_APP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bus/bus.h"
#include "http/server.h"
#include "http/waiters.h"
#include "platform/platform.h"
#include "policy/coverage.h"
#include "server/active.h"
#include "server/home.h"
#include "server/server.h"
#include "server/turns.h"
#include "store/ops.h"
#include "store/read.h"
#include "store/store.h"

struct bsg_orders_worker;
struct bsg_drive;

#define BSG_TOPIC_PRESENCE "presence"
#define BSG_TOPIC_VERDICTS "verdicts"	/* of what presence is, too, but more often */
/* A device's topic is `d:` and its id: its orders changed. */
#define BSG_TOPIC_DEVICE "d:"
#define BSG_TOPIC_SIZE (sizeof(BSG_TOPIC_DEVICE) + BSG_ID_LEN)

#define BSG_TOOK_BOUNDS 8	/* drive.h: bsg_took_bounds */

/* Counted since the start, for /metrics. */
struct bsg_server_counts {
	_Atomic uint64_t requests[6];	/* by the status' first digit; 0: no answer */
	_Atomic uint64_t crossings, crossings_stale, crossings_refused;
	_Atomic uint64_t reports, conflicts;
	_Atomic uint64_t orders_made, orders_failed, orders_kept;
	_Atomic uint64_t enrolled;
	_Atomic uint64_t steps, steps_failed;	/* of phones without agent */
	/* From a crossing to the proof, each by the upper bound in seconds that it is below; the last has none. [0] restrictions, [1] lifts */
	_Atomic uint64_t took[2][BSG_TOOK_BOUNDS + 1], took_sum[2];
};

struct bsg_server {
	struct bsg_settings settings;
	const struct bsg_log *log;
	const struct bsg_clock *clock;
	struct bsg_home home;			/* directory, keys, URLs */
	struct bsg_store *store;
	struct bsg_bus *bus;
	struct bsg_http_waiters *waiters;	/* by topic */
	struct bsg_coverage *coverage;
	struct bsg_active active;		/* the policy in force */
	pthread_mutex_t pilot_lock;		/* from counting whom a policy concerns until the change that it allowed (pilot.h) */
	struct bsg_turns turns;			/* of requests that work for seconds */
	struct bsg_orders_worker *worker;
	struct bsg_platform *platforms[BSG_PLATFORMS_MAX];	/* platforms.h */
	size_t n_platforms;
	struct bsg_platform_host host;		/* what platforms get */
	struct bsg_drive *drive;		/* steps their phones (drive.h) */
	struct bsg_http_route *routes;		/* bsg_routes and those of platforms */
	size_t n_routes;
	pthread_mutex_t planes_lock;		/* held while one of the next is used or changed */
	struct bsg_http_server *people, *device, *admin, *platform_planes[BSG_PLATFORMS_MAX];
	_Atomic bool serving;			/* all of the above is there: requests before are answered 503 */
	char boot[BSG_ID_SIZE];		/* so that an ETag of presence never outlives the process */
	_Atomic uint64_t presence_version;	/* grows with crossings and with what devices report, whenever those who watch are told */
	int64_t started;
	struct bsg_server_counts counts;
};

/** Seconds, UTC. */
static inline int64_t bsg_now(const struct bsg_server *server)
{
	return bsg_clock_utc(server->clock);
}

#endif
