/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of `bosaga-agent run`: one thread that owns the agent, fed by descriptors. */
#ifndef BSG_AGENT_RUN_H
#define BSG_AGENT_RUN_H

#include "agent/linux/identity.h"
#include "agent/linux/settings.h"
#include "base/error.h"

struct bsg_run_options {
	const char *state;
	const struct bsg_agent_settings *settings;
	const struct bsg_log *log;
};

/**
 * Run until SIGTERM or SIGINT, or until the device has left.
 *
 * What is restricted stays restricted on the way out: the next start decides
 * (an update must not lift). @return BSG_OK, BSG_E_NOT_FOUND (not enrolled), BSG_E_CONFLICT (an agent runs
 * in this folder already), others as bsg_agent_open()
 */
enum bsg_err bsg_run(const struct bsg_run_options *options, struct bsg_error *err) BSG_MUST_CHECK;

/** Take the folder's lock, so that only one agent works in it. @param fd owned, closing it gives the lock back */
enum bsg_err bsg_run_lock(const struct bsg_agent_paths *paths, int *fd, struct bsg_error *err) BSG_MUST_CHECK;

#endif
