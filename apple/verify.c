/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a device is restricted. See apple/verify.h. */
#include "apple/verify.h"

#include <string.h>
#include <strings.h>

enum bsg_command_type bsg_verify_ask(enum bsg_apple_kind kind, enum bsg_command_type failed)
{
	const bool may_ask_restrictions = kind != BSG_IOS_USER;

	if (failed == 0)
		return may_ask_restrictions ? BSG_COMMAND_RESTRICTIONS : BSG_COMMAND_PROFILE_LIST;
	if (failed == BSG_COMMAND_RESTRICTIONS)
		return BSG_COMMAND_PROFILE_LIST;
	return failed == BSG_COMMAND_PROFILE_LIST && may_ask_restrictions ? BSG_COMMAND_RESTRICTIONS : (enum bsg_command_type)0;
}

static bool is_written(const struct bsg_lock *lock, const struct bsg_lock_key *key)
{
	return (key->kinds & 1u << lock->kind) != 0 && (lock->os_level == 0 || lock->os_level >= key->since);
}

static bool key_holds(const struct bsg_result *result, const struct bsg_lock *lock, const struct bsg_lock_key *key)
{
	if (!key->is_list)
		return bsg_result_restriction(result, key->key) == (key->restricted ? BSG_YES : BSG_NO);
	for (size_t i = 0; i < lock->n_apps; i++)
		if (!bsg_result_restriction_lists(result, key->key, lock->apps[i]))
			return false;
	return lock->n_apps > 0;
}

/* Whether Bluetooth or the hotspot is off no answer shows: only that nobody can switch it on again. */
static uint32_t without_settings(const struct bsg_lock *lock, uint32_t functions, uint32_t settings_done)
{
	size_t n;
	const struct bsg_lock_key *keys = bsg_lock_keys(&n);

	for (size_t i = 0; i < n; i++)
		if ((keys[i].setting & bsg_lock_settings(lock) & ~settings_done) != 0)
			functions &= ~BSG_BIT(keys[i].function);
	return functions;
}

static uint32_t by_restrictions(const struct bsg_result *result, const struct bsg_lock *lock)
{
	size_t n;
	const struct bsg_lock_key *keys = bsg_lock_keys(&n);
	uint32_t held = bsg_lock_covers(lock);

	for (size_t i = 0; i < n; i++)
		if (is_written(lock, &keys[i]) && !key_holds(result, lock, &keys[i]))
			held &= ~BSG_BIT(keys[i].function);
	return held;
}

bool bsg_verify_free(const struct bsg_result *result, const struct bsg_lock *lock)
{
	size_t n;
	const struct bsg_lock_key *keys = bsg_lock_keys(&n);

	for (size_t i = 0; i < n; i++)
		if (is_written(lock, &keys[i]) &&
		    (keys[i].is_list || bsg_result_restriction(result, keys[i].key) != (keys[i].restricted ? BSG_NO : BSG_YES)))
			return false;
	return true;
}

static bool equals(struct bsg_str a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

static bool is_uuid(struct bsg_str a, const char *b)	/* in small letters too */
{
	return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

/* Whether the lock's identifier is installed; with @uuid only as that very profile. */
static bool is_installed(const struct bsg_result *result, const char *id, const char *uuid)
{
	for (size_t i = 0; i < bsg_result_n_profiles(result); i++) {
		struct bsg_str identifier, other;

		bsg_result_profile(result, i, &identifier, &other);
		if (equals(identifier, id) && (uuid == NULL || is_uuid(other, uuid)))
			return true;
	}
	return false;
}

static bool names_of(const char *deployment, const uint8_t *seed, char id[static BSG_PAYLOAD_ID_SIZE],
		     char uuid[static BSG_PAYLOAD_UUID_SIZE])
{
	return bsg_payload_id(deployment, BSG_LOCK_SUFFIX, id, NULL) == BSG_OK &&
	       (seed == NULL || bsg_payload_uuid(seed, BSG_LOCK_SUFFIX, uuid, NULL) == BSG_OK);
}

uint32_t bsg_verify_restricted(const struct bsg_result *result, const struct bsg_lock *lock, uint32_t settings_done)
{
	char id[BSG_PAYLOAD_ID_SIZE];
	char uuid[BSG_PAYLOAD_UUID_SIZE];
	uint32_t held = 0;

	if (result->status != BSG_RESULT_ACKNOWLEDGED)
		return 0;
	if (result->restrictions != NULL)
		held = by_restrictions(result, lock);
	else if (result->profiles != NULL && names_of(lock->deployment, lock->seed, id, uuid) && is_installed(result, id, uuid))
		held = bsg_lock_covers(lock);
	return without_settings(lock, held, settings_done);
}

bool bsg_verify_lifted(const struct bsg_result *result, const char *deployment, const uint8_t *neutral_seed)
{
	char id[BSG_PAYLOAD_ID_SIZE];
	char uuid[BSG_PAYLOAD_UUID_SIZE];

	if (result->status != BSG_RESULT_ACKNOWLEDGED || result->profiles == NULL ||
	    !names_of(deployment, neutral_seed, id, uuid))
		return false;
	if (!is_installed(result, id, NULL))
		return true;
	return neutral_seed != NULL && is_installed(result, id, uuid);
}
