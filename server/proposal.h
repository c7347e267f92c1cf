/* SPDX-License-Identifier: Apache-2.0 */
/* A policy that somebody sends: read from the body with its calendars, for plan, apply and replay alike. */
#ifndef BSG_SERVER_PROPOSAL_H
#define BSG_SERVER_PROPOSAL_H

#include "http/exchange.h"
#include "policy/timetable.h"

struct bsg_proposal {
	struct bsg_policy *policy;
	struct bsg_timetable *timetable;	/* around the moment it was read for */
};

/**
 * Read the policy of the body, and its calendars around @p at.
 *
 * @param out  to be freed by bsg_proposal_free(), also on failure
 * @return false after answering: 415, or 422 with every mistake that was found, and nothing was changed
 */
bool bsg_proposal_read(struct bsg_http_exchange *x, int64_t at, struct bsg_proposal *out);
void bsg_proposal_free(struct bsg_proposal *proposal);

#endif
