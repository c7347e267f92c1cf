/* SPDX-License-Identifier: Apache-2.0 */
/* What the control socket asks, answered by the agent. See control.h for the shapes. */
#ifndef BSG_AGENT_REQUESTS_H
#define BSG_AGENT_REQUESTS_H

#include <jansson.h>

#include "agent/linux/agent.h"

/** Answer one request but `unenrol`, which belongs to the loop. @return BSG_OK, or why not */
enum bsg_err bsg_agent_request(struct bsg_agent *agent, const char *what, const json_t *request,
			       json_t *answer, struct bsg_error *err) BSG_MUST_CHECK;

#endif
