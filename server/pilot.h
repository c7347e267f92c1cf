/* SPDX-License-Identifier: Apache-2.0 */
/* How many people a policy concerns, and with it how many must approve: one may start a pilot of ten, never more. */
#ifndef BSG_SERVER_PILOT_H
#define BSG_SERVER_PILOT_H

#include "policy/document.h"
#include "server/app.h"

#define BSG_PILOT_PEOPLE_MAX 10

struct bsg_pilot {
	int64_t n_people;	/* active people that either policy concerns, also only by observing */
	int64_t n_devices;	/* their active devices */
};

/** Count those whom @policy or @before (may be NULL) concerns. Cost: a walk over all people and devices. */
enum bsg_err bsg_pilot_count(struct bsg_server *server, const struct bsg_policy *policy, const struct bsg_policy *before,
			     struct bsg_pilot *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Approvals that a policy for so many people needs. */
int bsg_pilot_approvals(int64_t n_people);

/**
 * Whether a new person may come under the policy in force: one that only one person approved stays at ten.
 *
 * @return false: err says what to do
 */
bool bsg_pilot_may_grow(struct bsg_server *server, const char *person, const char *unit, struct bsg_error *err);

#endif
