/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of device nodes by their numbers, as in `c 81:*, b 7:0`. */
#ifndef BSG_AGENT_DEVICES_H
#define BSG_AGENT_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define BSG_DEVICES_MAX 16

struct bsg_device_match {
	char type;		/* 'c' or 'b' */
	bool any_minor;
	uint32_t major;
	uint32_t minor;
};

struct bsg_device_set {
	size_t n;
	struct bsg_device_match match[BSG_DEVICES_MAX];
};

/**
 * Read a list such as `c 81:*, c 116:0`: type, major, minor or `*`, with commas between.
 *
 * @return BSG_OK, BSG_E_INVALID (also for an empty list), BSG_E_LIMIT (more than BSG_DEVICES_MAX)
 */
enum bsg_err bsg_devices_parse(const char *text, struct bsg_device_set *out,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** Whether a node of @mode (its file type counts) and @rdev is in the set. */
bool bsg_devices_has(const struct bsg_device_set *set, mode_t mode, dev_t rdev);

/**
 * Find a node of the set in @dir and its folders, two levels deep.
 *
 * @return BSG_OK, BSG_E_NOT_FOUND
 */
enum bsg_err bsg_devices_find_node(const struct bsg_device_set *set, const char *dir, char *path,
				   size_t size) BSG_MUST_CHECK;

#endif
