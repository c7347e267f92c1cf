/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force, parsed once and shared by all threads. */
#ifndef BSG_SERVER_ACTIVE_H
#define BSG_SERVER_ACTIVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "policy/timetable.h"
#include "store/read.h"

/* One version; its policy never changes; freed by the last bsg_active_put(). */
struct bsg_active_policy {
	_Atomic int refs;
	struct bsg_policy_rec rec;	/* version 0: nothing was ever applied; the policy is empty */
	struct bsg_policy *policy;
	pthread_mutex_t lock;		/* of all below; never held while calendars are read */
	pthread_cond_t made;		/* `making` became false */
	bool making;			/* one thread reads the calendars for all */
	struct bsg_timetable *timetable;	/* around the present */
	int64_t failed;			/* when it could not be made last; 0: it could */
	struct bsg_error failure;	/* why */
};

struct bsg_active {
	pthread_mutex_t lock;
	struct bsg_active_policy *now;
};

/** Prepare; bsg_active_load() must follow before the first get. */
void bsg_active_init(struct bsg_active *active);
void bsg_active_free(struct bsg_active *active);

/**
 * Read the version in force from the store; an older one than what is held changes nothing.
 *
 * Its calendars are read before it takes the place of the one before, so that nobody waits for them at a gate. That they cannot be read
 * is no failure here: who needs them is told.
 *
 * @param now  the present
 */
enum bsg_err bsg_active_load(struct bsg_active *active, struct bsg_store *store, int64_t now, struct bsg_error *err) BSG_MUST_CHECK;

/** The policy in force. Never NULL; give it back with bsg_active_put(). */
struct bsg_active_policy *bsg_active_get(struct bsg_active *active);
void bsg_active_put(struct bsg_active_policy *policy);

/**
 * The timetable of the policy in force for orders issued at @p at.
 *
 * The one around @p now, and for orders of the last days, is kept and shared; one for another time (explanations, plans, replays) is
 * made for the caller, with a limit of time: take a turn before (server/turns.h).
 *
 * @param now  the present
 * @param out  to be dropped by the caller, before the policy is put back
 * @return as bsg_timetable_around(); calendars that could not be read are not read again within half a minute
 *
 * Blocks while calendars are read: for the present only until there is a first timetable, if bsg_active_renew() is called in time.
 */
enum bsg_err bsg_active_timetable(struct bsg_active_policy *policy, int64_t now, int64_t at,
				  struct bsg_timetable **out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Have the timetable of the present made, if it has to be: before a moment of the store (store/read.h), in which nobody may wait for
 * calendars. That it cannot be made is found again by who needs it, at once.
 *
 * Blocks as bsg_active_timetable().
 */
void bsg_active_make_ready(struct bsg_active *active, int64_t now);

/**
 * Make the shared timetable anew if there are less than three days until it would not reach far enough; nobody waits for it.
 *
 * @return as bsg_timetable_around(); what there was stays
 */
enum bsg_err bsg_active_renew(struct bsg_active_policy *policy, int64_t now, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Make the timetable for orders issued at @p at, and some days before and after.
 *
 * @param wait_ms  as in struct bsg_timetable_span
 * @return as bsg_timetable_make(); BSG_E_INVALID also for a time outside the years 1970 to 2099
 */
enum bsg_err bsg_timetable_around(const struct bsg_policy *policy, int64_t at, int64_t wait_ms, struct bsg_timetable **out,
				  struct bsg_policy_errors *errors, struct bsg_error *err) BSG_MUST_CHECK;

#define BSG_CALENDARS_WAIT_MS 30000	/* for a request; its answer is late then, and the caller gone if it were more */

#endif
