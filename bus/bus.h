/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wake-ups: somebody waits for a topic, somebody else says that it changed.
 *
 * A wake carries nothing: who is woken reads the store, which is the record. So a wake too many costs one read, and a
 * wake may be lost only together with the process. To miss none: wait first, then look, then cancel if there was news.
 */
#ifndef BSG_BUS_H
#define BSG_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define BSG_BUS_TOPIC_MAX 47	/* bytes of a topic, without its NUL */

struct bsg_bus;
struct bsg_bus_waiter;

/** Called once for a wake, on the thread that wakes, with no lock held. The waiter is the callee's again. */
typedef void bsg_bus_woken(struct bsg_bus_waiter *waiter, void *arg);

/* Memory of whoever waits; private to bus/ between wait and wake or cancel. */
struct bsg_bus_waiter {
	struct bsg_bus_waiter *next, **back;
	bsg_bus_woken *woken;
	void *arg;
	char topic[BSG_BUS_TOPIC_MAX + 1];
};

/**
 * Open the bus named by @where: `local` (this process).
 *
 * @return BSG_OK, BSG_E_INVALID (unknown bus), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_bus_open(const char *where, struct bsg_bus **out, struct bsg_error *err) BSG_MUST_CHECK;

/** Close it; nobody may be waiting any more. NULL is fine. */
void bsg_bus_close(struct bsg_bus *bus);

/**
 * Wait for one wake of @topic. Thread-safe, O(1).
 *
 * @param waiter  stays the bus's until @p woken is called or bsg_bus_cancel() returns true
 * @param topic   at most BSG_BUS_TOPIC_MAX bytes; a longer one is cut, by wait and wake alike
 */
void bsg_bus_wait(struct bsg_bus *bus, const char *topic, struct bsg_bus_waiter *waiter, bsg_bus_woken *woken, void *arg);

/** Stop waiting. @return false: too late, the callback has run, runs, or will run */
bool bsg_bus_cancel(struct bsg_bus *bus, struct bsg_bus_waiter *waiter) BSG_MUST_CHECK;

/** Wake everyone who waits for @topic now. @return how many. Thread-safe, O(waiters of the topic) */
size_t bsg_bus_wake(struct bsg_bus *bus, const char *topic);

/** Wake everyone, at a stop. @return how many */
size_t bsg_bus_wake_all(struct bsg_bus *bus);

/** How many wait now. */
size_t bsg_bus_waiting(const struct bsg_bus *bus);

#endif
