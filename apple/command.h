/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands to a device. There is no way to write another than these: none erases, locks or locates. Rules A13..A17 of
 * docs/spec/apple.md. What the device answers: apple/result.h.
 */
#ifndef BSG_APPLE_COMMAND_H
#define BSG_APPLE_COMMAND_H

#include <stdbool.h>

#include <bosaga/slice.h>

#include "base/buf.h"

#define BSG_COMMAND_MAX (256u << 10)	/* bytes of an encoded command */
#define BSG_COMMAND_UUID_MAX 64
#define BSG_COMMAND_IDENTIFIER_MAX 255

enum bsg_command_type {
	BSG_COMMAND_INSTALL_PROFILE = 1,
	BSG_COMMAND_REMOVE_PROFILE,
	BSG_COMMAND_PROFILE_LIST,
	BSG_COMMAND_DEVICE_INFORMATION,
	BSG_COMMAND_SECURITY_INFO,
	BSG_COMMAND_RESTRICTIONS,
	BSG_COMMAND_SETTINGS,		/* supervised devices only */
};

/* What DeviceInformation may ask: a set of bits. All of it is within access right 16. */
#define BSG_QUERY_OS_VERSION UINT32_C(1)
#define BSG_QUERY_BUILD_VERSION UINT32_C(2)
#define BSG_QUERY_MODEL_NAME UINT32_C(4)
#define BSG_QUERY_PRODUCT_NAME UINT32_C(8)
#define BSG_QUERY_IS_SUPERVISED UINT32_C(16)
#define BSG_QUERY_DEVICE_NAME UINT32_C(32)
#define BSG_QUERY_SERIAL_NUMBER UINT32_C(64)
#define BSG_QUERY_ALL UINT32_C(127)

/* What Settings may change: a set of bits. */
#define BSG_SETTING_HOTSPOT UINT32_C(1)
#define BSG_SETTING_BLUETOOTH UINT32_C(2)
#define BSG_SETTINGS_ALL UINT32_C(3)

struct bsg_command {
	const char *uuid;		/* CommandUUID: 1..BSG_COMMAND_UUID_MAX of printable ASCII without blanks */
	enum bsg_command_type type;
	struct bsg_bytes profile;	/* InstallProfile: the profile, XML or signed; not empty */
	const char *identifier;		/* RemoveProfile: its PayloadIdentifier */
	uint32_t queries;		/* DeviceInformation: BSG_QUERY_*; not empty */
	bool profile_restrictions;	/* Restrictions: also by profile */
	bool managed_only;		/* ProfileList: only what we installed (iOS 13; older ones ignore it) */
	uint32_t settings;		/* Settings: BSG_SETTING_*; not empty */
	uint32_t settings_on;		/* of these, which are switched on; the others are switched off */
};

/**
 * Append a command as an XML property list to @out.
 *
 * @return BSG_OK, BSG_E_INVALID (a field that its type needs is missing or wrong), BSG_E_LIMIT (larger than BSG_COMMAND_MAX or
 *         than @out may be), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_command_encode(const struct bsg_command *command, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
