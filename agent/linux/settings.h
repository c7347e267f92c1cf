/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator may set in bosaga-agent's configuration file. */
#ifndef BSG_AGENT_SETTINGS_H
#define BSG_AGENT_SETTINGS_H

#include "base/config.h"

#include "agent/linux/enforce.h"

struct bsg_agent_settings {
	char camera_devices[256];
	char enforce_on[256];
	char rfkill[128];
	char owner[64];
	int64_t poll_wait;	/* s */
	int log_format;		/* enum bsg_log_format */
	int log_level;		/* enum bsg_log_level */
};

extern const struct bsg_config_key bsg_agent_keys[];
extern const size_t bsg_agent_n_keys;

/**
 * Load @path over the defaults.
 *
 * @param path  NULL: defaults only
 * @return as bsg_config_load()
 */
enum bsg_err bsg_agent_settings_load(const char *path, struct bsg_agent_settings *out,
				     struct bsg_error *err) BSG_MUST_CHECK;

/** What the enforcements get of the settings. @param log borrowed. @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT */
enum bsg_err bsg_agent_settings_enforce(const struct bsg_agent_settings *settings, const char *state,
					const struct bsg_log *log, struct bsg_enforce_config *out,
					struct bsg_error *err) BSG_MUST_CHECK;

#endif
