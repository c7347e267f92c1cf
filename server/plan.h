/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new version of the policy would change: whom it concerns, whose orders become others, what its names mean here.
 *
 * One walk over people and devices; only devices that the change touches are compiled. Both `plan` and `apply` start with it.
 */
#ifndef BSG_SERVER_PLAN_H
#define BSG_SERVER_PLAN_H

#include <jansson.h>

#include "policy/changes.h"
#include "server/app.h"

struct bsg_plan_count {
	int64_t people, devices;
};

struct bsg_plan {
	struct bsg_policy_changes changes;	/* from the version in force to the new one */
	int64_t at;				/* the moment that it was made for */
	struct bsg_plan_count concerned;	/* active people whom either version concerns, also only by observing, and their devices */
	int64_t n_changed;			/* devices whose orders become others */
	struct bsg_plan_count *rules;		/* beside changes.rules: whom the rule concerns, under the new version if it is there */
	json_t *warnings;			/* texts: names that nobody here has, calendars in force that cannot be read */
	struct bsg_active_policy *active;	/* the version in force that it was compared with */
	struct bsg_timetable *times[2];		/* of both; the first is NULL if its calendars cannot be read */
};

/**
 * Compare @policy with the version in force, for orders issued at @at.
 *
 * @param policy     borrowed until the plan is freed
 * @param timetable  of @policy around @at; held
 * @param out        to be freed by bsg_plan_free(), also on failure
 * @return BSG_E_LIMIT: it does not fit into some device's orders, which err names; BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_plan_make(struct bsg_server *server, const struct bsg_policy *policy, struct bsg_timetable *timetable, int64_t at,
			   struct bsg_plan *out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_plan_free(struct bsg_plan *plan);

/** The plan as the API gives it. @return a new reference, or NULL: no memory */
json_t *bsg_plan_json(const struct bsg_plan *plan);

#endif
