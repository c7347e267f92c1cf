/* SPDX-License-Identifier: Apache-2.0 */
/* The lock profile. See apple/lock.h. */
#include "apple/lock.h"

#include <string.h>

#include "apple/sender.h"

#define APPLICATION_ACCESS "com.apple.applicationaccess"
#define KIND(k) (1u << (k))
#define PRIVATE KIND(BSG_IOS_DEVICE)
#define SUPERVISED KIND(BSG_IOS_SUPERVISED)
#define EVERY (PRIVATE | SUPERVISED | KIND(BSG_IOS_USER) | KIND(BSG_WATCH_APPLE))

/*
 * Not here: internet. AlwaysOn VPN would also keep pushes from coming over cellular, so a phone that leaves the building could
 * not be lifted by the server until its lease ends; docs/spec/apple.md A26.
 */
static const struct bsg_lock_key keys[] = {
	{ .function = BSG_CAMERA, .kinds = PRIVATE | SUPERVISED, .since = 400, .key = "allowCamera" },
	{ .function = BSG_SCREEN_CAPTURE, .kinds = EVERY, .since = 400, .key = "allowScreenShot" },
	{ .function = BSG_WIFI, .kinds = SUPERVISED, .since = 1405, .key = "forceWiFiToAllowedNetworksOnly", .restricted = true },
	{ .function = BSG_HOTSPOT, .kinds = SUPERVISED, .since = 1202, .key = "allowPersonalHotspotModification",
	  .setting = BSG_SETTING_HOTSPOT },
	{ .function = BSG_BLUETOOTH, .kinds = SUPERVISED, .since = 1103, .key = "allowBluetoothModification",
	  .setting = BSG_SETTING_BLUETOOTH },
	{ .function = BSG_NFC, .kinds = SUPERVISED, .since = 1402, .key = "allowNFC" },
	{ .function = BSG_USB_DATA, .kinds = SUPERVISED, .since = 700, .key = "allowHostPairing" },
	{ .function = BSG_USB_DATA, .kinds = SUPERVISED, .since = 1300, .key = "allowFilesUSBDriveAccess", .is_helper = true },
	{ .function = BSG_APPS, .kinds = SUPERVISED, .since = 1500, .key = "blockedAppBundleIDs", .is_list = true },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *const names[BSG_PROFILE_LANGUAGES] = {
	[BSG_PROFILE_KK] = "Bosaga: шектелген функциялар", [BSG_PROFILE_RU] = "Bosaga: ограниченные функции",
	[BSG_PROFILE_EN] = "Bosaga: restricted functions",
};

static const char *const descriptions[BSG_PROFILE_LANGUAGES] = {
	[BSG_PROFILE_KK] = "Телефон ғимаратта болғанда оның кейбір функцияларын шектейді. Мерзімі біткенде өздігінен жойылады. "
			   "Қоңыраулар мен SMS әрқашан жұмыс істейді.",
	[BSG_PROFILE_RU] = "Ограничивает некоторые функции телефона, пока он в здании. По истечении срока удаляется сам. Звонки и "
			   "SMS работают всегда.",
	[BSG_PROFILE_EN] = "Restricts some functions of the phone while it is in the building. Removes itself when its time is over. "
			   "Calls and SMS always work.",
};

static const char *const neutral_names[BSG_PROFILE_LANGUAGES] = {
	[BSG_PROFILE_KK] = "Bosaga: шектеу жоқ", [BSG_PROFILE_RU] = "Bosaga: ограничений нет",
	[BSG_PROFILE_EN] = "Bosaga: nothing is restricted",
};

static const char *const neutral_descriptions[BSG_PROFILE_LANGUAGES] = {
	[BSG_PROFILE_KK] = "Ештеңе шектелмеген.", [BSG_PROFILE_RU] = "Ничего не ограничено.",
	[BSG_PROFILE_EN] = "Nothing is restricted.",
};

const struct bsg_lock_key *bsg_lock_keys(size_t *n)
{
	*n = N_KEYS;
	return keys;
}

unsigned bsg_lock_os_level(const char *os_version)
{
	unsigned parts[2] = { 0, 0 };
	size_t part = 0, digits = 0;

	for (const char *c = os_version; c != NULL && *c != '\0' && part < 2; c++) {
		if (*c >= '0' && *c <= '9' && digits < 2) {
			parts[part] = parts[part] * 10 + (unsigned)(*c - '0');
			digits++;
		} else if (*c == '.' && digits > 0) {
			part++;
			digits = 0;
		} else {
			return 0;
		}
	}
	return parts[0] * 100 + parts[1];
}

/* Whether a key is written for this device when its function is asked for. */
static bool applies(const struct bsg_lock *lock, const struct bsg_lock_key *key)
{
	return (key->kinds & KIND(lock->kind)) != 0 && (lock->os_level == 0 || lock->os_level >= key->since);
}

static bool is_asked(const struct bsg_lock *lock, const struct bsg_lock_key *key)
{
	return (lock->functions & BSG_BIT(key->function)) != 0 && applies(lock, key) && (!key->is_list || lock->n_apps > 0);
}

uint32_t bsg_lock_covers(const struct bsg_lock *lock)
{
	uint32_t covered = 0;

	for (size_t i = 0; i < N_KEYS; i++)
		if (is_asked(lock, &keys[i]) && !keys[i].is_helper)
			covered |= BSG_BIT(keys[i].function);
	return covered;
}

uint32_t bsg_lock_settings(const struct bsg_lock *lock)
{
	uint32_t settings = 0;

	for (size_t i = 0; i < N_KEYS; i++)
		if (is_asked(lock, &keys[i]))
			settings |= keys[i].setting;
	return settings;
}

/* ---- the profiles --------------------------------------------------------- */

static enum bsg_err check_apps(const struct bsg_lock *lock, struct bsg_error *err)
{
	if (lock->n_apps > BSG_LOCK_APPS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "%zu apps, at most %d", lock->n_apps, BSG_LOCK_APPS_MAX);
	for (size_t i = 0; i < lock->n_apps; i++) {
		const struct bsg_str app = { lock->apps[i], strlen(lock->apps[i]) };
		const char *why = bsg_app_never_touched(app);

		if (why != NULL)
			return bsg_fail(err, BSG_E_DENIED, "%.128s: %s", lock->apps[i], why);
		if (app.len > BSG_APP_NAME_MAX || !bsg_apple_is_token(app))
			return bsg_fail(err, BSG_E_INVALID, "an app's name is empty, too long or not a bundle id");
	}
	return BSG_OK;
}

static enum bsg_err put_apps(struct bsg_plist_writer *w, const char *key, const struct bsg_lock *lock)
{
	bsg_plist_put_array(w, key);
	for (size_t i = 0; i < lock->n_apps; i++)
		bsg_plist_put_text(w, NULL, lock->apps[i]);
	bsg_plist_end(w);
	return BSG_OK;
}

static enum bsg_err put_restrictions(struct bsg_plist_writer *w, const struct bsg_lock *lock, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < N_KEYS && rc == BSG_OK; i++) {
		if (!is_asked(lock, &keys[i]))
			continue;
		if (bsg_apple_never(keys[i].key) != NULL)
			return bsg_fail(err, BSG_E_BUG, "%s is never sent: %s", keys[i].key, bsg_apple_never(keys[i].key));
		if (keys[i].is_list)
			rc = put_apps(w, keys[i].key, lock);
		else
			bsg_plist_put_bool(w, keys[i].key, keys[i].restricted);
	}
	return rc;
}

/* A payload without a key might be refused: it says that what it may restrict on any device of this kind is allowed. */
static enum bsg_err put_nothing(struct bsg_plist_writer *w, const struct bsg_lock *lock, struct bsg_error *err)
{
	(void)err;
	for (size_t i = 0; i < N_KEYS; i++)
		if ((keys[i].kinds & KIND(lock->kind)) != 0 && keys[i].since <= 400)
			bsg_plist_put_bool(w, keys[i].key, !keys[i].restricted);
	return BSG_OK;
}

static enum bsg_err put_profile(struct bsg_plist_writer *w, const struct bsg_lock *lock, bool neutral, struct bsg_error *err)
{
	const struct bsg_payload_head top = {
		.type = "Configuration", .deployment = lock->deployment, .suffix = BSG_LOCK_SUFFIX, .seed = lock->seed,
		.name = (neutral ? neutral_names : names)[lock->language],
		.description = (neutral ? neutral_descriptions : descriptions)[lock->language],
		.organisation = lock->organisation,
	};
	const struct bsg_payload_head payload = {
		.type = APPLICATION_ACCESS, .deployment = lock->deployment, .suffix = BSG_LOCK_SUFFIX ".restrictions",
		.seed = lock->seed, .name = top.name,
	};
	enum bsg_err rc = bsg_payload_put_head(w, &top, err);

	if (rc != BSG_OK)
		return rc;
	if (!neutral)
		bsg_plist_put_real(w, "DurationUntilRemoval", lock->life_s);
	bsg_plist_put_array(w, "PayloadContent");
	bsg_plist_put_dict(w, NULL);
	rc = bsg_payload_put_head(w, &payload, err);
	if (rc == BSG_OK)
		rc = (neutral ? put_nothing : put_restrictions)(w, lock, err);
	if (rc != BSG_OK)
		return rc;
	bsg_plist_end(w);
	bsg_plist_end(w);
	return BSG_OK;
}

static enum bsg_err write_profile(const struct bsg_lock *lock, bool neutral, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_plist_writer w;
	enum bsg_err rc;

	if ((unsigned)lock->language >= BSG_PROFILE_LANGUAGES || (unsigned)lock->kind >= BSG_APPLE_KINDS)
		return bsg_fail(err, BSG_E_INVALID, "no such language or kind");
	bsg_plist_begin(&w, BSG_PROFILE_MAX);
	rc = put_profile(&w, lock, neutral, err);
	return rc == BSG_OK ? bsg_plist_finish(&w, out, err) : bsg_payload_abandon(&w, rc);
}

enum bsg_err bsg_lock_profile(const struct bsg_lock *lock, struct bsg_buf *out, struct bsg_error *err)
{
	enum bsg_err rc;

	if ((unsigned)lock->kind >= BSG_APPLE_KINDS)
		return bsg_fail(err, BSG_E_INVALID, "no such kind");
	if (lock->life_s < 1 || lock->life_s > BSG_LOCK_LIFE_MAX)
		return bsg_fail(err, BSG_E_INVALID, "a lock profile lives 1 to %d s, not %lld: nothing is restricted for ever",
				BSG_LOCK_LIFE_MAX, (long long)lock->life_s);
	rc = check_apps(lock, err);
	if (rc != BSG_OK)
		return rc;
	if (bsg_lock_covers(lock) == 0)
		return bsg_fail(err, BSG_E_INVALID, "none of these functions can be restricted on this device");
	return write_profile(lock, false, out, err);
}

enum bsg_err bsg_lock_neutral(const struct bsg_lock *lock, struct bsg_buf *out, struct bsg_error *err)
{
	return write_profile(lock, true, out, err);
}
