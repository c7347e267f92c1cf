/* SPDX-License-Identifier: Apache-2.0 */
/* How many people a policy concerns, and with it how many must approve: one may start a pilot of ten, never more. */
#ifndef BSG_SERVER_PILOT_H
#define BSG_SERVER_PILOT_H

#include "policy/document.h"
#include "server/app.h"

#define BSG_PILOT_PEOPLE_MAX 10

/*
 * Whoever counts in order to allow something holds server->pilot_lock from before the count until what was allowed is committed, and,
 * for a policy, in force: else two who come at once are both the tenth.
 */

/**
 * Count the active people whom @policy or @before (may be NULL) concerns, also only by observing.
 *
 * @param n_people  0 on failure
 * @return BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 *
 * Cost: a walk over all people and devices.
 */
enum bsg_err bsg_pilot_count(struct bsg_server *server, const struct bsg_policy *policy, const struct bsg_policy *before,
			     int64_t *n_people, struct bsg_error *err) BSG_MUST_CHECK;

/** Approvals that a policy for so many people needs. */
int bsg_pilot_approvals(int64_t n_people);

/**
 * Whether a new person may come under the policy in force: one that only one person approved stays at ten. Under server->pilot_lock.
 *
 * @return false: err says what to do
 */
bool bsg_pilot_may_grow(struct bsg_server *server, const char *person, const char *unit, struct bsg_error *err);

#endif
