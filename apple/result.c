/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to commands. See apple/result.h. */
#include "apple/result.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"

#define IDENTIFIER_MAX 1024	/* of somebody else's profile: long ones are theirs to have */

static const struct status {
	const char *name;
	enum bsg_result_status status;
} statuses[] = {
	{ "Idle", BSG_RESULT_IDLE },
	{ "Acknowledged", BSG_RESULT_ACKNOWLEDGED },
	{ "Error", BSG_RESULT_ERROR },
	{ "CommandFormatError", BSG_RESULT_FORMAT_ERROR },
	{ "NotNow", BSG_RESULT_NOT_NOW },
};

static bool equals(struct bsg_str a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

static enum bsg_err absent_is_fine(enum bsg_err rc)
{
	return rc == BSG_E_NOT_FOUND ? BSG_OK : rc;
}

static enum bsg_err read_yes_no(const struct bsg_plist_node *dict, const char *key, enum bsg_yes_no *out,
				struct bsg_error *err)
{
	bool flag;
	const enum bsg_err rc = bsg_plist_get_bool(dict, key, &flag, err);

	*out = rc != BSG_OK ? BSG_NOT_SAID : flag ? BSG_YES : BSG_NO;
	return absent_is_fine(rc);
}

static enum bsg_err read_status(const struct bsg_plist_node *root, struct bsg_result *out, struct bsg_error *err)
{
	struct bsg_str text;
	enum bsg_err rc = bsg_plist_get_text(root, "Status", BSG_APPLE_TEXT_MAX, &text, err);

	if (rc != BSG_OK)
		return rc;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (equals(text, statuses[i].name))
			out->status = statuses[i].status;
	if (out->status == 0)
		return bsg_fail(err, BSG_E_INVALID, "an unknown Status");
	rc = bsg_plist_get_text(root, "CommandUUID", BSG_RESULT_UUID_MAX, &text, err);
	if (out->status == BSG_RESULT_IDLE)
		return absent_is_fine(rc);	/* it answers nothing: whatever it names is not read */
	if (rc == BSG_OK && !bsg_apple_is_token(text))
		rc = bsg_fail(err, BSG_E_INVALID, "CommandUUID has blanks or characters other than printable ASCII");
	if (rc == BSG_OK)
		memcpy(out->command_uuid, text.ptr, text.len);
	return rc;
}

/* ---- errors --------------------------------------------------------------- */

static enum bsg_err read_error(const struct bsg_plist_node *item, struct bsg_result_error *out, struct bsg_error *err)
{
	struct bsg_plist_value value;
	enum bsg_err rc;

	bsg_plist_value(item, &value);
	if (value.type != BSG_PLIST_DICT)
		return bsg_fail(err, BSG_E_INVALID, "an entry of ErrorChain is no dictionary");
	rc = absent_is_fine(bsg_plist_get_int(item, "ErrorCode", INT64_MIN, INT64_MAX, &out->code, err));
	if (rc == BSG_OK)
		rc = bsg_apple_optional_text(item, "ErrorDomain", out->domain, sizeof(out->domain), err);
	if (rc == BSG_OK)
		rc = bsg_apple_optional_text(item, "USEnglishDescription", out->text, sizeof(out->text), err);
	if (rc == BSG_OK && out->text[0] == '\0')
		rc = bsg_apple_optional_text(item, "LocalizedDescription", out->text, sizeof(out->text), err);
	return rc;
}

static enum bsg_err read_errors(const struct bsg_plist_node *root, struct bsg_result *out, struct bsg_error *err)
{
	const struct bsg_plist_node *chain;
	enum bsg_err rc = bsg_plist_get_array(root, "ErrorChain", &chain, err);

	if (rc != BSG_OK)
		return absent_is_fine(rc);
	for (size_t i = 0; i < bsg_plist_count(chain) && i < BSG_RESULT_ERRORS_MAX && rc == BSG_OK; i++) {
		rc = read_error(bsg_plist_item(chain, i), &out->errors[i], err);
		out->n_errors = i + 1;
	}
	return rc;
}

/* ---- answers ---------------------------------------------------------------- */

static enum bsg_err read_device(const struct bsg_plist_node *root, struct bsg_result *out, struct bsg_error *err)
{
	struct bsg_result_device *d = &out->device;
	const struct { const char *key; char *to; } texts[] = {
		{ "OSVersion", d->os_version }, { "BuildVersion", d->build_version }, { "ModelName", d->model_name },
		{ "ProductName", d->product_name }, { "DeviceName", d->device_name }, { "SerialNumber", d->serial_number },
	};
	const struct bsg_plist_node *responses;
	enum bsg_err rc = bsg_plist_get_dict(root, "QueryResponses", &responses, err);

	if (rc != BSG_OK)
		return absent_is_fine(rc);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && rc == BSG_OK; i++)
		rc = bsg_apple_optional_text(responses, texts[i].key, texts[i].to, BSG_APPLE_TEXT_MAX + 1, err);
	if (rc == BSG_OK)
		rc = read_yes_no(responses, "IsSupervised", &d->is_supervised, err);
	out->has_device = rc == BSG_OK;
	return rc;
}

static enum bsg_err read_security(const struct bsg_plist_node *root, struct bsg_result *out, struct bsg_error *err)
{
	const struct bsg_plist_node *info, *management;
	enum bsg_err rc = bsg_plist_get_dict(root, "SecurityInfo", &info, err);

	if (rc != BSG_OK)
		return absent_is_fine(rc);
	rc = read_yes_no(info, "PasscodePresent", &out->passcode_present, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_plist_get_dict(info, "ManagementStatus", &management, err);
	if (rc != BSG_OK)
		return absent_is_fine(rc);
	return read_yes_no(management, "IsUserEnrollment", &out->is_user_enrollment, err);
}

static enum bsg_err read_profiles(const struct bsg_plist_node *root, struct bsg_result *out, struct bsg_error *err)
{
	enum bsg_err rc = bsg_plist_get_array(root, "ProfileList", &out->profiles, err);

	for (size_t i = 0; rc == BSG_OK && i < bsg_plist_count(out->profiles); i++) {
		const struct bsg_plist_node *item = bsg_plist_item(out->profiles, i);
		struct bsg_plist_value value;
		struct bsg_str text;

		bsg_plist_value(item, &value);
		if (value.type != BSG_PLIST_DICT)
			return bsg_fail(err, BSG_E_INVALID, "an entry of ProfileList is no dictionary");
		rc = bsg_plist_get_text(item, "PayloadIdentifier", IDENTIFIER_MAX, &text, err);
		if (rc == BSG_E_NOT_FOUND)
			return bsg_fail(err, BSG_E_INVALID, "an entry of ProfileList has no PayloadIdentifier");
		if (rc == BSG_OK)
			rc = absent_is_fine(bsg_plist_get_text(item, "PayloadUUID", IDENTIFIER_MAX, &text, err));
	}
	return absent_is_fine(rc);
}

static enum bsg_err read_answers(const struct bsg_plist_node *root, struct bsg_result *out, struct bsg_error *err)
{
	enum bsg_err rc = absent_is_fine(bsg_plist_get_dict(root, "GlobalRestrictions", &out->restrictions, err));

	if (rc == BSG_OK)
		rc = read_profiles(root, out, err);
	if (rc == BSG_OK)
		rc = read_device(root, out, err);
	if (rc == BSG_OK)
		rc = read_security(root, out, err);
	/* Apple's schema says dictionary, devices send an array; a device that sends neither has set nothing. */
	if (rc == BSG_OK)
		out->settings = bsg_plist_find(root, "Settings");
	return rc;
}

static enum bsg_err read_result(const struct bsg_plist_node *root, struct bsg_result *out, struct bsg_error *err)
{
	enum bsg_err rc = read_status(root, out, err);

	if (rc == BSG_OK)
		rc = bsg_apple_sender_read(root, &out->sender, err);
	if (rc == BSG_OK)
		rc = read_errors(root, out, err);
	if (rc == BSG_OK && out->status == BSG_RESULT_ACKNOWLEDGED)
		rc = read_answers(root, out, err);
	return rc;
}

enum bsg_err bsg_result_decode(const void *body, size_t len, struct bsg_result *out, struct bsg_error *err)
{
	enum bsg_err rc;

	*out = (struct bsg_result){ 0 };
	rc = bsg_plist_read(body, len, BSG_RESULT_MAX, &out->plist, err);
	if (rc == BSG_OK)
		rc = read_result(bsg_plist_root(out->plist), out, err);
	if (rc != BSG_OK)
		bsg_result_free(out);
	return rc == BSG_E_NOT_FOUND ? BSG_E_INVALID : rc;	/* what must be there is missing; the text is right */
}

void bsg_result_free(struct bsg_result *result)
{
	bsg_plist_free(result->plist);
	*result = (struct bsg_result){ 0 };
}

/* ---- asking a result ------------------------------------------------------------ */

/* Bytes of @text that are whole characters, at most @max: half of one at the end, and nobody could show any of it. */
static int whole(const char *text, size_t max)
{
	const size_t len = strlen(text);
	size_t at = 0, n;

	while ((n = bsg_text_shown_char(text + at, len - at)) != 0 && at + n <= max)
		at += n;
	return (int)at;
}

void bsg_result_trouble(const struct bsg_result *result, char out[static BSG_RESULT_TROUBLE_SIZE])
{
	const char *status = result->status == BSG_RESULT_FORMAT_ERROR ? "CommandFormatError" : "Error";
	const struct bsg_result_error *e = &result->errors[0];

	if (result->n_errors > 0)
		(void)snprintf(out, BSG_RESULT_TROUBLE_SIZE, "%s: %.*s %lld: %.*s", status, whole(e->domain, 80), e->domain,
			       (long long)e->code, whole(e->text, 160), e->text);
	else
		(void)snprintf(out, BSG_RESULT_TROUBLE_SIZE, "%s without a reason", status);
}

static const struct bsg_plist_node *dict_in(const struct bsg_plist_node *dict, const char *key)
{
	const struct bsg_plist_node *out = NULL;

	if (dict == NULL || bsg_plist_get_dict(dict, key, &out, NULL) != BSG_OK)
		return NULL;
	return out;
}

enum bsg_yes_no bsg_result_restriction(const struct bsg_result *result, const char *key)
{
	const struct bsg_plist_node *entry = dict_in(dict_in(result->restrictions, "restrictedBool"), key);
	bool value;

	if (entry == NULL || bsg_plist_get_bool(entry, "value", &value, NULL) != BSG_OK)
		return BSG_NOT_SAID;
	return value ? BSG_YES : BSG_NO;
}

static bool lists(const struct bsg_plist_node *entry, const char *text)
{
	const struct bsg_plist_node *values;

	if (entry == NULL || bsg_plist_get_array(entry, "values", &values, NULL) != BSG_OK)
		return false;
	for (size_t i = 0; i < bsg_plist_count(values); i++) {
		struct bsg_plist_value value;

		bsg_plist_value(bsg_plist_item(values, i), &value);
		if (value.type == BSG_PLIST_TEXT && equals(value.text, text))
			return true;
	}
	return false;
}

bool bsg_result_restriction_lists(const struct bsg_result *result, const char *key, const char *text)
{
	return lists(dict_in(dict_in(result->restrictions, "union"), key), text);
}

size_t bsg_result_n_profiles(const struct bsg_result *result)
{
	return result->profiles != NULL ? bsg_plist_count(result->profiles) : 0;
}

void bsg_result_profile(const struct bsg_result *result, size_t i, struct bsg_str *identifier, struct bsg_str *uuid)
{
	const struct bsg_plist_node *item = bsg_plist_item(result->profiles, i);

	if (bsg_plist_get_text(item, "PayloadIdentifier", IDENTIFIER_MAX, identifier, NULL) != BSG_OK)
		*identifier = (struct bsg_str){ 0 };
	if (bsg_plist_get_text(item, "PayloadUUID", IDENTIFIER_MAX, uuid, NULL) != BSG_OK)
		*uuid = (struct bsg_str){ 0 };
}

static bool setting_is_done(const struct bsg_plist_node *item)
{
	struct bsg_plist_value value;
	struct bsg_str status;

	bsg_plist_value(item, &value);
	return value.type == BSG_PLIST_DICT && bsg_plist_get_text(item, "Status", BSG_APPLE_TEXT_MAX, &status, NULL) == BSG_OK &&
	       equals(status, "Acknowledged");
}

uint32_t bsg_result_settings_done(const struct bsg_result *result, uint32_t sent)
{
	struct bsg_plist_value value;
	size_t n = 0;
	uint32_t done = 0;

	if (result->settings == NULL)
		return 0;
	bsg_plist_value(result->settings, &value);
	for (uint32_t bit = 1; bit <= BSG_SETTINGS_ALL; bit <<= 1) {
		const struct bsg_plist_node *item = result->settings;

		if ((sent & bit) == 0)
			continue;
		if (value.type == BSG_PLIST_ARRAY)
			item = bsg_plist_item(result->settings, n);
		n++;
		if (item != NULL && setting_is_done(item))
			done |= bit;
	}
	return n == (value.type == BSG_PLIST_ARRAY ? bsg_plist_count(result->settings) : 1) ? done : 0;
}
