/* SPDX-License-Identifier: Apache-2.0 */
/* What every profile and payload begins with. See apple/payload.h. */
#include "apple/payload.h"

#include <stdio.h>
#include <string.h>

#include <bosaga/functions.h>

#include "base/id.h"
#include "crypto/hash.h"

static const char *const kind_ids[BSG_APPLE_KINDS] = {
	[BSG_IOS_DEVICE] = "ios-device", [BSG_IOS_USER] = "ios-user", [BSG_IOS_SUPERVISED] = "ios-supervised",
	[BSG_WATCH_APPLE] = "watch-apple",
};

bool bsg_apple_kind_parse(const char *id, enum bsg_apple_kind *out)
{
	*out = BSG_IOS_USER;
	for (unsigned i = 0; id != NULL && i < BSG_APPLE_KINDS; i++)
		if (strcmp(kind_ids[i], id) == 0) {
			*out = (enum bsg_apple_kind)i;
			return true;
		}
	return false;
}

enum bsg_err bsg_payload_uuid(const uint8_t seed[static BSG_SEED_LEN], const char *label, char out[static BSG_PAYLOAD_UUID_SIZE],
			      struct bsg_error *err)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t digest[BSG_SHA256_LEN];
	char input[BSG_SEED_LEN + BSG_PAYLOAD_ID_SIZE];
	const size_t n = strnlen(label, BSG_PAYLOAD_ID_SIZE);
	enum bsg_err rc;

	memcpy(input, seed, BSG_SEED_LEN);
	memcpy(input + BSG_SEED_LEN, label, n);
	rc = bsg_sha256(input, BSG_SEED_LEN + n, digest, err);
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	for (size_t i = 0, at = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		out[at++] = digits[digest[i] >> 4];
		out[at++] = digits[digest[i] & 0x0f];
	}
	out[BSG_PAYLOAD_UUID_SIZE - 1] = '\0';
	return rc;
}

static bool is_deployment(const char *name)
{
	const size_t n = name != NULL ? strnlen(name, BSG_DEPLOYMENT_MAX + 1) : 0;

	if (n == 0 || n > BSG_DEPLOYMENT_MAX || name[0] == '.' || name[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		const char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '.' && name[i + 1] != '.')))
			return false;
	}
	return true;
}

enum bsg_err bsg_payload_id(const char *deployment, const char *suffix, char out[static BSG_PAYLOAD_ID_SIZE],
			    struct bsg_error *err)
{
	out[0] = '\0';
	if (!is_deployment(deployment))
		return bsg_fail(err, BSG_E_INVALID, "a deployment is named like kz.example.bosaga, in at most %d letters",
				BSG_DEPLOYMENT_MAX);
	(void)snprintf(out, BSG_PAYLOAD_ID_SIZE, "%s.%s", deployment, suffix);
	return BSG_OK;
}

/* Beside core's list: what takes a right from the owner, or hurts more than a function. Small letters. */
static const struct never {
	const char *name, *why;
} nevers[] = {
	{ "payloadremovaldisallowed", "removing a profile is the owner's right" },
	{ "hasremovalpasscode", "removing a profile is the owner's right" },
	{ "com.apple.profileremovalpassword", "removing a profile is the owner's right" },
	{ "allowuiconfigurationprofileinstallation", "profiles are the owner's to install" },
	{ "allowerasecontentandsettings", "the phone is its owner's to erase" },
	{ "allowcellularplanmodification", "it would hurt calls" },
	{ "allowesimmodification", "it would hurt calls" },
	{ "allowappcellulardatamodification", "it would hurt calls" },
	{ "com.apple.cellularprivatenetwork.managed", "it would hurt calls" },
	{ "com.apple.apn.managed", "it would hurt calls and SMS" },
	{ "erasedevice", "nothing may erase a phone" },
	{ "devicelock", "a locked phone cannot call" },
	{ "clearpasscode", "passcodes are the owner's" },
	{ "disablelostmode", "lost mode is never used" },
	{ "devicelocation", "a position is never asked for" },
	{ "playlostmodesound", "lost mode is never used" },
	{ "installedapplicationlist", "the list of apps is the owner's" },
	{ "restartdevice", "a phone that restarts cannot call" },
	{ "shutdowndevice", "a phone that is off cannot call" },
	{ "com.apple.mobiledevice.passwordpolicy", "passcodes are the owner's" },
};

const char *bsg_apple_never(const char *name)
{
	const char *why = bsg_mechanism_never_touched((struct bsg_str){ name, strlen(name) });
	char small[BSG_PAYLOAD_ID_SIZE];
	const size_t n = strnlen(name, sizeof(small) - 1);

	for (size_t i = 0; i < n; i++)
		small[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
	small[n] = '\0';
	for (size_t i = 0; why == NULL && i < sizeof(nevers) / sizeof(nevers[0]); i++)
		if (strcmp(nevers[i].name, small) == 0)
			why = nevers[i].why;
	return why;
}

enum bsg_err bsg_payload_put_head(struct bsg_plist_writer *w, const struct bsg_payload_head *head, struct bsg_error *err)
{
	char id[BSG_PAYLOAD_ID_SIZE];
	char uuid[BSG_PAYLOAD_UUID_SIZE];
	enum bsg_err rc = bsg_payload_id(head->deployment, head->suffix, id, err);

	if (bsg_apple_never(head->type) != NULL)
		return bsg_fail(err, BSG_E_BUG, "%s is never sent: %s", head->type, bsg_apple_never(head->type));
	if (rc == BSG_OK)
		rc = bsg_payload_uuid(head->seed, head->suffix, uuid, err);
	if (rc != BSG_OK)
		return rc;
	if (head->organisation != NULL && (strlen(head->organisation) > BSG_ORGANISATION_MAX || head->organisation[0] == '\0' ||
					   !bsg_text_is_shown(head->organisation, strlen(head->organisation))))
		return bsg_fail(err, BSG_E_INVALID, "the organisation's name is empty, longer than %d bytes or cannot be shown",
				BSG_ORGANISATION_MAX);
	bsg_plist_put_text(w, "PayloadType", head->type);
	bsg_plist_put_int(w, "PayloadVersion", 1);
	bsg_plist_put_text(w, "PayloadIdentifier", id);
	bsg_plist_put_text(w, "PayloadUUID", uuid);
	bsg_plist_put_text(w, "PayloadDisplayName", head->name);
	if (head->description != NULL)
		bsg_plist_put_text(w, "PayloadDescription", head->description);
	if (head->organisation != NULL)
		bsg_plist_put_text(w, "PayloadOrganization", head->organisation);
	return BSG_OK;
}

enum bsg_err bsg_payload_abandon(struct bsg_plist_writer *w, enum bsg_err rc)
{
	bsg_buf_free(&w->buf);
	return rc;
}
