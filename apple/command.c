/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to a device. See apple/command.h. */
#include "apple/command.h"

#include <string.h>

#include "apple/plist_write.h"
#include "apple/sender.h"

static const struct query {
	uint32_t bit;
	const char *name;
} queries[] = {
	{ BSG_QUERY_OS_VERSION, "OSVersion" }, { BSG_QUERY_BUILD_VERSION, "BuildVersion" },
	{ BSG_QUERY_MODEL_NAME, "ModelName" }, { BSG_QUERY_PRODUCT_NAME, "ProductName" },
	{ BSG_QUERY_IS_SUPERVISED, "IsSupervised" }, { BSG_QUERY_DEVICE_NAME, "DeviceName" },
	{ BSG_QUERY_SERIAL_NUMBER, "SerialNumber" },
};

static const struct setting {
	uint32_t bit;
	const char *item;
} settings[] = {	/* in this order: bsg_result_settings_done() counts on it */
	{ BSG_SETTING_HOTSPOT, "PersonalHotspot" },
	{ BSG_SETTING_BLUETOOTH, "Bluetooth" },
};

static bool is_token(const char *text, size_t max)
{
	return text != NULL && strlen(text) <= max && bsg_apple_is_token((struct bsg_str){ text, strlen(text) });
}

static enum bsg_err put_install(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err)
{
	if (c->profile.len == 0)
		return bsg_fail(err, BSG_E_INVALID, "InstallProfile without a profile");
	bsg_plist_put_data(w, "Payload", c->profile);
	return BSG_OK;
}

static enum bsg_err put_remove(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err)
{
	if (!is_token(c->identifier, BSG_COMMAND_IDENTIFIER_MAX))
		return bsg_fail(err, BSG_E_INVALID, "RemoveProfile without an identifier, or with one that cannot be");
	bsg_plist_put_text(w, "Identifier", c->identifier);
	return BSG_OK;
}

static enum bsg_err put_list(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err)
{
	(void)err;
	if (c->managed_only)
		bsg_plist_put_bool(w, "ManagedOnly", true);
	return BSG_OK;
}

static enum bsg_err put_queries(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err)
{
	if (c->queries == 0 || (c->queries & ~BSG_QUERY_ALL) != 0)
		return bsg_fail(err, BSG_E_INVALID, "DeviceInformation without queries, or with unknown ones");
	bsg_plist_put_array(w, "Queries");
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		if ((c->queries & queries[i].bit) != 0)
			bsg_plist_put_text(w, NULL, queries[i].name);
	bsg_plist_end(w);
	return BSG_OK;
}

static enum bsg_err put_nothing(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err)
{
	(void)w;
	(void)c;
	(void)err;
	return BSG_OK;
}

static enum bsg_err put_restrictions(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err)
{
	(void)err;
	if (c->profile_restrictions)
		bsg_plist_put_bool(w, "ProfileRestrictions", true);
	return BSG_OK;
}

static enum bsg_err put_settings(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err)
{
	if (c->settings == 0 || (c->settings & ~BSG_SETTINGS_ALL) != 0)
		return bsg_fail(err, BSG_E_INVALID, "Settings without a setting, or with an unknown one");
	bsg_plist_put_array(w, "Settings");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if ((c->settings & settings[i].bit) == 0)
			continue;
		bsg_plist_put_dict(w, NULL);
		bsg_plist_put_text(w, "Item", settings[i].item);
		bsg_plist_put_bool(w, "Enabled", (c->settings_on & settings[i].bit) != 0);
		bsg_plist_end(w);
	}
	bsg_plist_end(w);
	return BSG_OK;
}

static const struct kind {
	const char *request;
	enum bsg_err (*put)(struct bsg_plist_writer *w, const struct bsg_command *c, struct bsg_error *err);
} kinds[] = {
	[BSG_COMMAND_INSTALL_PROFILE] = { "InstallProfile", put_install },
	[BSG_COMMAND_REMOVE_PROFILE] = { "RemoveProfile", put_remove },
	[BSG_COMMAND_PROFILE_LIST] = { "ProfileList", put_list },
	[BSG_COMMAND_DEVICE_INFORMATION] = { "DeviceInformation", put_queries },
	[BSG_COMMAND_SECURITY_INFO] = { "SecurityInfo", put_nothing },
	[BSG_COMMAND_RESTRICTIONS] = { "Restrictions", put_restrictions },
	[BSG_COMMAND_SETTINGS] = { "Settings", put_settings },
};

enum bsg_err bsg_command_encode(const struct bsg_command *command, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_plist_writer w;
	const struct kind *kind;
	enum bsg_err rc;

	if ((unsigned)command->type >= sizeof(kinds) / sizeof(kinds[0]) || kinds[command->type].put == NULL)
		return bsg_fail(err, BSG_E_INVALID, "no such command: %d", (int)command->type);
	if (!is_token(command->uuid, BSG_COMMAND_UUID_MAX))
		return bsg_fail(err, BSG_E_INVALID, "a command without CommandUUID, or with one that cannot be");
	kind = &kinds[command->type];
	bsg_plist_begin(&w, BSG_COMMAND_MAX);
	bsg_plist_put_text(&w, "CommandUUID", command->uuid);
	bsg_plist_put_dict(&w, "Command");
	bsg_plist_put_text(&w, "RequestType", kind->request);
	rc = kind->put(&w, command, err);
	if (rc != BSG_OK) {
		bsg_buf_free(&w.buf);
		return rc;
	}
	bsg_plist_end(&w);
	return bsg_plist_finish(&w, out, err);
}
