/* SPDX-License-Identifier: Apache-2.0 */
/* From a row's command to the plist that a phone gets. Rules A120 to A122 of docs/spec/apple.md. */
#ifndef BSG_APPLE_LOCK_PROFILE_H
#define BSG_APPLE_LOCK_PROFILE_H

#include "apple/service.h"

_Static_assert(BSG_LOCK_APPS_MAX == BSG_OUT_APPS_MAX, "a lock has room for the apps that a decision lists");

/* The names of the apps that a lock blocks; only supervised phones have any. */
struct bsg_apple_apps {
	size_t n;
	const char *list[BSG_LOCK_APPS_MAX];
	char names[BSG_LOCK_APPS_MAX][BSG_APP_NAME_MAX + 1];
};

/**
 * Reduce functions to those that a phone is told: what the lock of its kind and system covers.
 *
 * @param n_apps  with BSG_APPS among the functions
 */
uint32_t bsg_apple_told(const char *kind, unsigned os_level, uint32_t functions, size_t n_apps);

/** Tell what must be switched off before the profile of these functions is installed: BSG_SETTING_*; 0 for most. */
uint32_t bsg_apple_settings(const char *kind, unsigned os_level, uint32_t functions);

/** SHA-256 of what a lock says but for its time: equal wishes are equal bytes. @param apps  n_apps names */
enum bsg_err bsg_apple_content(uint32_t functions, const struct bsg_str *apps, size_t n_apps, uint8_t out[static BSG_STORE_SHA256_LEN],
			       struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Describe the lock that serves a command.
 *
 * @param apps  borrowed by @out; NULL: none
 * @param out   points into the platform's options and @apps; its seed follows from device, number and content of the desired state, and
 *              without functions it is the neutral profile's (A121)
 */
enum bsg_err bsg_apple_lock_of(const struct bsg_apple *apple, const struct bsg_apple_rec *rec, const struct bsg_apple_command *command,
			       const struct bsg_apple_apps *apps, int64_t now, struct bsg_lock *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Append the plist of a command.
 *
 * A lock whose end has come, or whose apps are not blocked any more, is told as the neutral profile, and so are its settings. Profiles
 * are not signed: the channel is authenticated, and a signature that ends would make a lock that cannot be replaced.
 *
 * No blocking. @return BSG_OK, BSG_E_INVALID, BSG_E_DENIED (an app that may never be touched), BSG_E_LIMIT, BSG_E_CRYPTO, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_apple_command_plist(const struct bsg_apple *apple, const struct bsg_apple_rec *rec, const struct bsg_apple_command *command,
				     const struct bsg_apple_apps *apps, int64_t now, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
