/* SPDX-License-Identifier: Apache-2.0 */
/* Who speaks. See apple/sender.h. */
#include "apple/sender.h"

#include <string.h>

#include "base/id.h"

bool bsg_apple_is_token(struct bsg_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return text.len > 0;
}

enum bsg_err bsg_apple_optional_text(const struct bsg_plist_node *dict, const char *key, char *out, size_t size,
				     struct bsg_error *err)
{
	struct bsg_str text;
	struct bsg_error why = { 0 };
	const enum bsg_err rc = bsg_plist_get_text(dict, key, BSG_PLIST_MAX, &text, &why);
	struct bsg_plist_value value;

	out[0] = '\0';
	if (rc == BSG_OK) {
		if (text.len < size && bsg_text_is_shown(text.ptr, text.len)) {
			memcpy(out, text.ptr, text.len);
			out[text.len] = '\0';
		}
		return BSG_OK;
	}
	if (rc == BSG_E_NOT_FOUND)
		return BSG_OK;
	bsg_plist_value(bsg_plist_find(dict, key), &value);
	return value.type == BSG_PLIST_TEXT ? BSG_OK : bsg_fail(err, rc, "%s", why.text);
}

static enum bsg_err read_id(const struct bsg_plist_node *message, const char *key, struct bsg_str *out, struct bsg_error *err)
{
	enum bsg_err rc = bsg_plist_get_text(message, key, BSG_APPLE_ID_MAX, out, err);

	if (rc == BSG_OK && !bsg_apple_is_token(*out))
		rc = bsg_fail(err, BSG_E_INVALID, "%s has blanks or characters other than printable ASCII", key);
	return rc;
}

static enum bsg_err read_user(const struct bsg_plist_node *message, bool *out, struct bsg_error *err)
{
	static const char *const keys[] = { "UserID", "EnrollmentUserID" };

	*out = false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct bsg_str user;
		const enum bsg_err rc = bsg_plist_get_text(message, keys[i], BSG_APPLE_USER_MAX, &user, err);

		if (rc == BSG_OK)
			*out = true;
		else if (rc != BSG_E_NOT_FOUND)
			return rc;
	}
	return BSG_OK;
}

enum bsg_err bsg_apple_sender_read(const struct bsg_plist_node *message, struct bsg_apple_sender *out, struct bsg_error *err)
{
	struct bsg_str udid, enrollment;
	struct bsg_str *id;
	const enum bsg_err has_udid = read_id(message, "UDID", &udid, err);
	enum bsg_err has_enrollment, rc;

	*out = (struct bsg_apple_sender){ 0 };
	if (has_udid != BSG_OK && has_udid != BSG_E_NOT_FOUND)
		return has_udid;
	has_enrollment = read_id(message, "EnrollmentID", &enrollment, err);
	if (has_enrollment != BSG_OK && has_enrollment != BSG_E_NOT_FOUND)
		return has_enrollment;
	if (has_udid == BSG_OK && has_enrollment == BSG_OK)
		return bsg_fail(err, BSG_E_INVALID, "both UDID and EnrollmentID: a device has one of them");
	if (has_udid != BSG_OK && has_enrollment != BSG_OK)
		return bsg_fail(err, BSG_E_NOT_FOUND, "neither UDID nor EnrollmentID");
	rc = read_user(message, &out->user_channel, err);
	if (rc != BSG_OK)
		return rc;
	id = has_udid == BSG_OK ? &udid : &enrollment;
	out->kind = has_udid == BSG_OK ? BSG_APPLE_ID_UDID : BSG_APPLE_ID_ENROLLMENT;
	memcpy(out->id, id->ptr, id->len);
	return BSG_OK;
}
