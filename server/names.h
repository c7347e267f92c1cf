/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of people, devices and units in a policy, held against those that the server knows.
 *
 * A name that nobody has is a warning, not a mistake: people are often registered after the policy that names them.
 */
#ifndef BSG_SERVER_NAMES_H
#define BSG_SERVER_NAMES_H

#include <jansson.h>

#include "policy/document.h"

struct bsg_plan_names;

/** Collect the names of a policy, which is borrowed. @return NULL: no memory */
struct bsg_plan_names *bsg_plan_names_new(const struct bsg_policy *policy);

/** Note a person or device that exists, and the person's unit (NULL, "": none). Cost: two binary searches. */
void bsg_plan_names_meet(struct bsg_plan_names *names, const char *id, const char *unit);

/** Say which names were not met: a list of texts, each with the rule that has it and the unit that was probably meant. NULL: no memory */
json_t *bsg_plan_names_unknown(struct bsg_plan_names *names);

void bsg_plan_names_free(struct bsg_plan_names *names);

#endif
