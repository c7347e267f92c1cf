/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration of bosaga-agent: one table. */
#include "agent/linux/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static enum bsg_err check_devices(const char *value, struct bsg_error *err)
{
	struct bsg_device_set set;

	return bsg_devices_parse(value, &set, err);
}

static enum bsg_err check_scope(const char *value, struct bsg_error *err)
{
	if (value[0] == '\0' || strstr(value, ".."))
		return bsg_fail(err, BSG_E_INVALID,
				"must be a cgroup, such as user.slice or a path below the cgroup-v2 mount");
	return BSG_OK;
}

static const char *const formats[] = { "text", "json", NULL };
static const char *const levels[] = { "error", "warning", "info", "debug", NULL };

const struct bsg_config_key bsg_agent_keys[] = {
	{ BSG_CONFIG_TEXT(struct bsg_agent_settings, camera_devices), .def = "c 81:*",
	  .check = check_devices, .help = "device nodes that are cameras: type major:minor, with commas" },
	{ BSG_CONFIG_TEXT(struct bsg_agent_settings, enforce_on), .def = "user.slice",
	  .check = check_scope, .help = "cgroup whose processes are restricted: relative to the cgroup-v2 mount, or its path" },
	{ BSG_CONFIG_TEXT(struct bsg_agent_settings, rfkill), .def = "/dev/rfkill",
	  .help = "the kernel's node for radio switches" },
	{ BSG_CONFIG_TEXT(struct bsg_agent_settings, owner), .def = "",
	  .help = "user who owns this device: name or number; empty: every local user may tap and lift by break-glass" },
	{ BSG_CONFIG_DURATION(struct bsg_agent_settings, poll_wait), .def = "60s", .min = 1, .max = 60,
	  .help = "how long one request for orders is held" },
	{ BSG_CONFIG_CHOICE(struct bsg_agent_settings, log_format), .choices = formats, .def = "text",
	  .help = "how log lines look" },
	{ BSG_CONFIG_CHOICE(struct bsg_agent_settings, log_level), .choices = levels, .def = "info",
	  .help = "lines above this level are dropped" },
};
const size_t bsg_agent_n_keys = sizeof(bsg_agent_keys) / sizeof(bsg_agent_keys[0]);

enum bsg_err bsg_agent_settings_load(const char *path, struct bsg_agent_settings *out,
				     struct bsg_error *err)
{
	enum bsg_err rc = bsg_config_defaults(bsg_agent_keys, bsg_agent_n_keys, out, err);

	if (rc == BSG_OK && path)
		rc = bsg_config_load(bsg_agent_keys, bsg_agent_n_keys, path, out, err);
	return rc;
}

enum bsg_err bsg_agent_settings_enforce(const struct bsg_agent_settings *settings, const char *state,
					const struct bsg_log *log, struct bsg_enforce_config *out,
					struct bsg_error *err)
{
	memset(out, 0, sizeof(*out));
	if (strlen(state) >= sizeof(out->state))
		return bsg_fail(err, BSG_E_LIMIT, "the state folder's path is too long");
	memcpy(out->scope, settings->enforce_on, sizeof(out->scope));
	memcpy(out->rfkill, settings->rfkill, sizeof(out->rfkill));
	memcpy(out->state, state, strlen(state) + 1);
	out->log = log;
	return bsg_devices_parse(settings->camera_devices, &out->camera, err);
}
