/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone without an agent is to be told, and until when: Z4 to Z7 of docs/spec/platform.md. Pure. */
#ifndef BSG_SERVER_LEASE_H
#define BSG_SERVER_LEASE_H

#include "platform/platform.h"

#define BSG_LEASE_PLACELESS_S INT64_C(86400)	/* where no rule with a place restricts anything */
#define BSG_LEASE_RENEW_S INT64_C(3600)		/* such a lease is renewed so long before it ends, so that it never does in between */

struct bsg_lease_ask {
	const struct bsg_output *output;	/* of the decision */
	uint32_t possible;			/* functions that the phone can restrict */
	bool apps_changed;			/* the names behind BSG_APPS are others than before */
	bool evidence;				/* there is new evidence that it is in a place */
	int64_t evidence_at;			/* when that began which the decision answers */
	int64_t phone_lease;			/* the shortest of the places in which it is */
	int64_t now;
};

/**
 * Fill of @step what is told, until when, whether at all, and when to step next; the rest stays.
 *
 * @param phone  as it was before the step
 */
void bsg_lease(const struct bsg_platform_phone *phone, const struct bsg_lease_ask *ask, struct bsg_platform_step *step);

#endif
