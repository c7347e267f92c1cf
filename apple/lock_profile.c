/* SPDX-License-Identifier: Apache-2.0 */
/* From a row's command to the plist that a phone gets. */
#include "apple/lock_profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"

#define CONTENT_MAX (BSG_LOCK_APPS_MAX * (BSG_APP_NAME_MAX + 1) + 64)

static enum bsg_apple_kind kind_of(const char *kind)
{
	enum bsg_apple_kind out;

	return bsg_apple_kind_parse(kind, &out) ? out : BSG_IOS_USER;
}

uint32_t bsg_apple_told(const char *kind, unsigned os_level, uint32_t functions, size_t n_apps)
{
	const struct bsg_lock lock = {.kind = kind_of(kind), .os_level = os_level, .functions = functions, .n_apps = n_apps};

	return bsg_lock_covers(&lock);
}

uint32_t bsg_apple_settings(const char *kind, unsigned os_level, uint32_t functions)
{
	const struct bsg_lock lock = {.kind = kind_of(kind), .os_level = os_level, .functions = functions};

	return bsg_lock_settings(&lock);
}

enum bsg_err bsg_apple_content(uint32_t functions, const struct bsg_str *apps, size_t n_apps, uint8_t out[static BSG_STORE_SHA256_LEN],
			       struct bsg_error *err)
{
	struct bsg_buf text;
	enum bsg_err rc;

	bsg_buf_init(&text, CONTENT_MAX);
	bsg_buf_printf(&text, "%" PRIx32 "\n", functions);
	for (size_t i = 0; (functions & BSG_BIT(BSG_APPS)) != 0 && i < n_apps; i++)
		bsg_buf_printf(&text, "%.*s\n", (int)apps[i].len, apps[i].ptr);
	rc = bsg_buf_finish(&text, err);
	if (rc == BSG_OK)
		rc = bsg_sha256(text.data, text.len, out, err);
	bsg_buf_free(&text);
	return rc;
}

/* The same desired state is the same profile, so that a list of profiles proves it; another one never is, nor the neutral one in its place. */
static enum bsg_err seed_of(const char *device, const struct bsg_apple_command *command, uint8_t out[static BSG_SEED_LEN],
			    struct bsg_error *err)
{
	char text[BSG_ID_SIZE + 32 + 2 * BSG_STORE_SHA256_LEN + 1], content[2 * BSG_STORE_SHA256_LEN + 1];
	uint8_t hash[BSG_SHA256_LEN];
	enum bsg_err rc;

	bsg_hex_encode(command->content, sizeof(command->content), content);
	snprintf(text, sizeof(text), "%s %" PRId64 " %s%s", device, command->seq, content, command->functions == 0 ? " neutral" : "");
	rc = bsg_sha256(text, strlen(text), hash, err);
	if (rc == BSG_OK)
		memcpy(out, hash, BSG_SEED_LEN);
	return rc;
}

enum bsg_err bsg_apple_lock_of(const struct bsg_apple *apple, const struct bsg_apple_rec *rec, const struct bsg_apple_command *command,
			       const struct bsg_apple_apps *apps, int64_t now, struct bsg_lock *out, struct bsg_error *err)
{
	const int64_t left = command->until - now;

	*out = (struct bsg_lock){
		.kind = kind_of(rec->kind), .os_level = (unsigned)rec->os_version, .functions = (uint32_t)command->functions,
		.apps = apps != NULL ? apps->list : NULL, .n_apps = apps != NULL ? apps->n : 0, .deployment = apple->options.deployment,
		.organisation = apple->options.organisation, .language = BSG_PROFILE_KK,
		.life_s = left < 1 ? 1 : left > BSG_LOCK_LIFE_MAX ? BSG_LOCK_LIFE_MAX : left,
	};
	return seed_of(rec->device, command, out->seed, err);
}

static enum bsg_err fill_profile(const struct bsg_lock *lock, struct bsg_buf *profile, struct bsg_error *err)
{
	enum bsg_err rc = lock->functions == 0 ? bsg_lock_neutral(lock, profile, err) : bsg_lock_profile(lock, profile, err);

	return rc == BSG_OK ? bsg_buf_finish(profile, err) : rc;
}

/* What a command is to be told as: of a lock that is over, or has nothing left to restrict, a lift is left (A122). */
static struct bsg_apple_command told_as(const struct bsg_apple_command *command, const struct bsg_apple_rec *rec,
					const struct bsg_apple_apps *apps, int64_t now)
{
	struct bsg_apple_command told = *command;
	const bool changes = told.kind == BSG_APPLE_SETTINGS || told.kind == BSG_APPLE_INSTALL;

	if (changes && (told.until <= now || bsg_apple_told(rec->kind, (unsigned)rec->os_version, (uint32_t)told.functions,
							    apps != NULL ? apps->n : 0) == 0)) {
		told.kind = BSG_APPLE_INSTALL;
		told.functions = 0;
	}
	return told;
}

enum bsg_err bsg_apple_command_plist(const struct bsg_apple *apple, const struct bsg_apple_rec *rec, const struct bsg_apple_command *command,
				     const struct bsg_apple_apps *apps, int64_t now, struct bsg_buf *out, struct bsg_error *err)
{
	static const enum bsg_command_type types[] = {
		[BSG_APPLE_REMOVE] = BSG_COMMAND_REMOVE_PROFILE, [BSG_APPLE_SETTINGS] = BSG_COMMAND_SETTINGS, [BSG_APPLE_INSTALL] = BSG_COMMAND_INSTALL_PROFILE,
		[BSG_APPLE_VERIFY] = BSG_COMMAND_RESTRICTIONS, [BSG_APPLE_VERIFY_LIST] = BSG_COMMAND_PROFILE_LIST,
	};
	const struct bsg_apple_command told = told_as(command, rec, apps, now);
	struct bsg_command message = {.uuid = told.uuid, .type = types[told.kind], .managed_only = true};
	char identifier[BSG_PAYLOAD_ID_SIZE];
	struct bsg_buf profile;
	struct bsg_lock lock;
	enum bsg_err rc = bsg_payload_id(apple->options.deployment, BSG_LOCK_SUFFIX, identifier, err);

	message.identifier = identifier;
	message.settings = bsg_apple_settings(rec->kind, (unsigned)rec->os_version, (uint32_t)told.functions);
	bsg_buf_init(&profile, BSG_PROFILE_MAX);
	if (rc == BSG_OK && told.kind == BSG_APPLE_INSTALL) {
		rc = bsg_apple_lock_of(apple, rec, &told, apps, now, &lock, err);
		if (rc == BSG_OK)
			rc = fill_profile(&lock, &profile, err);
		message.profile = (struct bsg_bytes){profile.data, profile.len};
	}
	if (rc == BSG_OK)
		rc = bsg_command_encode(&message, out, err);
	bsg_buf_free(&profile);
	return rc;
}
