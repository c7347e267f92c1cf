/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock profile: what a set of functions is in Apple's terms, for each kind of enrolment. A table; rules A26..A28 of
 * docs/spec/apple.md. One PayloadIdentifier per deployment, so a device has at most one of them, and the next replaces it.
 */
#ifndef BSG_APPLE_LOCK_H
#define BSG_APPLE_LOCK_H

#include <bosaga/functions.h>
#include <bosaga/limits.h>

#include "apple/command.h"
#include "apple/payload.h"

#define BSG_LOCK_SUFFIX "lock"
#define BSG_LOCK_LIFE_MAX 86400		/* s: the longest lease on the phone itself */
#define BSG_LOCK_APPS_MAX 96		/* names: what orders and guest places may list together */

/* One restriction of com.apple.applicationaccess. */
struct bsg_lock_key {
	unsigned function;	/* number, as in <bosaga/functions.h> */
	unsigned kinds;		/* bits of enum bsg_apple_kind */
	unsigned since;		/* iOS version x 100 */
	const char *key;
	bool is_list;		/* the apps by name; else true or false */
	bool restricted;	/* the value that restricts */
	bool is_helper;		/* the function is restricted without it where the system is too old to know it */
	uint32_t setting;	/* BSG_SETTING_* that is switched off before: the key only keeps it so; 0: none */
};

/** The table, in the order in which keys are written. */
const struct bsg_lock_key *bsg_lock_keys(size_t *n);

/* What is to be restricted on one device. */
struct bsg_lock {
	enum bsg_apple_kind kind;
	unsigned os_level;		/* iOS version x 100; 0: unknown, the newest is assumed */
	uint32_t functions;		/* asked for; those that this device cannot restrict are left out */
	const char *const *apps;	/* with BSG_APPS: bundle ids */
	size_t n_apps;
	const char *deployment;		/* see bsg_payload_id() */
	uint8_t seed[BSG_SEED_LEN];	/* 16 random bytes of this very profile: its PayloadUUID follows from them (A24) */
	const char *organisation;
	enum bsg_profile_language language;
	int64_t life_s;			/* DurationUntilRemoval: 1..BSG_LOCK_LIFE_MAX; the neutral profile: not used */
};

/** Read "17.5.1" as 1705. @return 0: unknown */
unsigned bsg_lock_os_level(const char *os_version);

/** Tell which of the functions asked for the profile and the settings of bsg_lock_settings() restrict on this device. */
uint32_t bsg_lock_covers(const struct bsg_lock *lock);

/** Tell which settings must be switched off before the profile is installed, BSG_SETTING_*; 0 for most. */
uint32_t bsg_lock_settings(const struct bsg_lock *lock);

/**
 * Append the lock profile, XML and not signed, to @out.
 *
 * @return BSG_OK, BSG_E_INVALID (a member breaks what is said beside it; nothing that it can restrict), BSG_E_DENIED (an app that
 *         may never be touched), BSG_E_LIMIT, BSG_E_CRYPTO, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_lock_profile(const struct bsg_lock *lock, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Append the neutral profile: the same identifier, nothing restricted, for clients that replace but do not remove.
 *
 * functions, apps and life_s are not read. @return as bsg_lock_profile()
 */
enum bsg_err bsg_lock_neutral(const struct bsg_lock *lock, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
