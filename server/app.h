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
#include "policy/coverage.h"
#include "server/active.h"
#include "server/home.h"
#include "server/server.h"
#include "server/turns.h"
#include "store/ops.h"
#include "store/read.h"
#include "store/store.h"

struct bsg_orders_worker;

#define BSG_TOPIC_PRESENCE "presence"
#define BSG_TOPIC_VERDICTS "verdicts"	/* woken together with presence */
/* A device's topic is `d:` and its id: its orders changed. */
#define BSG_TOPIC_DEVICE "d:"
#define BSG_TOPIC_SIZE (sizeof(BSG_TOPIC_DEVICE) + BSG_ID_LEN)

/* Counted since the start, for /metrics. */
struct bsg_server_counts {
	_Atomic uint64_t requests[6];	/* by the status' first digit; 0: no answer */
	_Atomic uint64_t crossings, crossings_stale, crossings_refused;
	_Atomic uint64_t reports, conflicts;
	_Atomic uint64_t orders_made, orders_failed, orders_kept;
	_Atomic uint64_t enrolled;
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
	pthread_mutex_t planes_lock;		/* held while one of the next three is used or changed */
	struct bsg_http_server *people, *device, *admin;
	_Atomic bool serving;			/* all of the above is there: requests before are answered 503 */
	char boot[BSG_ID_SIZE];		/* so that an ETag of presence never outlives the process */
	_Atomic uint64_t presence_version;	/* grows with every crossing and every state that a device reports */
	int64_t started;
	struct bsg_server_counts counts;
};

/** Seconds, UTC. */
static inline int64_t bsg_now(const struct bsg_server *server)
{
	return bsg_clock_utc(server->clock);
}

#endif
