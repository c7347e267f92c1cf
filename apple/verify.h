/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a device is restricted: what to ask, and what its answer proves. Rule A29 of docs/spec/apple.md. */
#ifndef BSG_APPLE_VERIFY_H
#define BSG_APPLE_VERIFY_H

#include "apple/lock.h"
#include "apple/result.h"

/**
 * Tell what to ask first after a lock profile was acknowledged: Restrictions, or ProfileList where Apple forbids that.
 *
 * @param failed  the one that was answered Error, or 0; then the other
 * @return BSG_COMMAND_RESTRICTIONS or BSG_COMMAND_PROFILE_LIST; 0: both failed or would, nothing can be verified
 */
enum bsg_command_type bsg_verify_ask(enum bsg_apple_kind kind, enum bsg_command_type failed);

/**
 * Tell which functions an answer proves to be restricted.
 *
 * An answer to Restrictions proves a function when every key that the lock has for it has the restricting value, whichever
 * profile gave it; an answer to ProfileList proves all that the lock covers when exactly this lock's profile is installed. An
 * Acknowledged to anything else proves nothing.
 *
 * @param lock           as it was sent
 * @param settings_done  settings that were switched off, by bsg_result_settings_done(): hotspot and Bluetooth need theirs
 * @return a subset of bsg_lock_covers(@lock)
 */
uint32_t bsg_verify_restricted(const struct bsg_result *result, const struct bsg_lock *lock, uint32_t settings_done);

/**
 * Tell whether an answer to Restrictions proves that nothing is restricted which a lock could restrict on this device: every key is
 * said, and allows. So none does where locks list apps: an answer cannot name all that are not in a list.
 *
 * @param lock  its kind and os_level are read
 */
bool bsg_verify_free(const struct bsg_result *result, const struct bsg_lock *lock);

/**
 * Tell whether an answer to ProfileList proves that no lock is left: no profile with the deployment's lock identifier, or the
 * neutral one, whose seed is @neutral_seed (may be NULL).
 *
 * @return false also when this is no answer to ProfileList
 */
bool bsg_verify_lifted(const struct bsg_result *result, const char *deployment, const uint8_t *neutral_seed);

#endif
