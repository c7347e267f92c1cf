/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force, parsed once and shared by all threads. */
#ifndef BSG_SERVER_ACTIVE_H
#define BSG_SERVER_ACTIVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "policy/timetable.h"
#include "store/read.h"

/* One version; never changed, freed by the last bsg_active_put(). */
struct bsg_active_policy {
	_Atomic int refs;
	struct bsg_policy_rec rec;	/* version 0: nothing was ever applied; the policy is empty */
	struct bsg_policy *policy;
	pthread_mutex_t lock;		/* of the timetable below */
	struct bsg_timetable *timetable;	/* around the present; made when it is first needed, and anew as time goes on */
};

struct bsg_active {
	pthread_mutex_t lock;
	struct bsg_active_policy *now;
};

/** Prepare; bsg_active_load() must follow before the first get. */
void bsg_active_init(struct bsg_active *active);
void bsg_active_free(struct bsg_active *active);

/** Read the version in force from the store; an older one than what is held changes nothing. */
enum bsg_err bsg_active_load(struct bsg_active *active, struct bsg_store *store, struct bsg_error *err) BSG_MUST_CHECK;

/** The policy in force. Never NULL; give it back with bsg_active_put(). */
struct bsg_active_policy *bsg_active_get(struct bsg_active *active);
void bsg_active_put(struct bsg_active_policy *policy);

/**
 * The timetable of the policy in force for orders issued at @p at.
 *
 * The one around @p now is kept and shared; one for another time (explanations, replays) is made for the caller.
 *
 * @param now  the present
 * @param out  to be dropped by the caller, before the policy is put back
 * @return as bsg_timetable_make()
 *
 * Blocks while calendars are expanded, which around the present happens about once a week.
 */
enum bsg_err bsg_active_timetable(struct bsg_active_policy *policy, int64_t now, int64_t at,
				  struct bsg_timetable **out, struct bsg_error *err) BSG_MUST_CHECK;

/** Make the timetable for orders issued at @p at, and some days before and after. @return as bsg_timetable_make() */
enum bsg_err bsg_timetable_around(const struct bsg_policy *policy, int64_t at, struct bsg_timetable **out,
				  struct bsg_policy_errors *errors, struct bsg_error *err) BSG_MUST_CHECK;

#endif
