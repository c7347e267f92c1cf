/* SPDX-License-Identifier: Apache-2.0 */
/* Check-in messages. See apple/checkin.h. */
#include "apple/checkin.h"

#include <string.h>

static const struct message {
	const char *name;
	enum bsg_checkin_type type;
} messages[] = {
	{ "Authenticate", BSG_CHECKIN_AUTHENTICATE },
	{ "TokenUpdate", BSG_CHECKIN_TOKEN_UPDATE },
	{ "CheckOut", BSG_CHECKIN_CHECK_OUT },
	{ "DeclarativeManagement", BSG_CHECKIN_DECLARATIVE_MANAGEMENT },
	{ "GetToken", BSG_CHECKIN_GET_TOKEN },
	{ "SetBootstrapToken", BSG_CHECKIN_SET_BOOTSTRAP_TOKEN },
	{ "GetBootstrapToken", BSG_CHECKIN_GET_BOOTSTRAP_TOKEN },
	{ "UserAuthenticate", BSG_CHECKIN_USER_AUTHENTICATE },
};

/* An optional text that we send back or compare: it must be right if it is there. */
static enum bsg_err read_token_text(const struct bsg_plist_node *root, const char *key, char *out, size_t max,
				    struct bsg_error *err)
{
	struct bsg_str text;
	enum bsg_err rc = bsg_plist_get_text(root, key, max, &text, err);

	out[0] = '\0';
	if (rc == BSG_OK && !bsg_apple_is_token(text))
		rc = bsg_fail(err, BSG_E_INVALID, "%s has blanks or characters other than printable ASCII", key);
	if (rc != BSG_OK)
		return rc;
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return BSG_OK;
}

static enum bsg_err read_type(const struct bsg_plist_node *root, struct bsg_checkin *out, struct bsg_error *err)
{
	const enum bsg_err rc = read_token_text(root, "MessageType", out->type_name, BSG_APPLE_TEXT_MAX, err);

	for (size_t i = 0; rc == BSG_OK && i < sizeof(messages) / sizeof(messages[0]); i++)
		if (strcmp(messages[i].name, out->type_name) == 0)
			out->type = messages[i].type;
	return rc;
}

static enum bsg_err read_sender(const struct bsg_plist_node *root, struct bsg_checkin *out, struct bsg_error *err)
{
	const enum bsg_err rc = bsg_apple_sender_read(root, &out->sender, err);

	if (rc == BSG_E_NOT_FOUND && out->type == BSG_CHECKIN_UNKNOWN)
		return BSG_OK;
	return rc;
}

static enum bsg_err read_token_update(const struct bsg_plist_node *root, struct bsg_checkin *out, struct bsg_error *err)
{
	struct bsg_bytes token;
	const enum bsg_err rc = bsg_plist_get_data(root, "Token", BSG_CHECKIN_TOKEN_MAX, &token, err);

	if (rc != BSG_OK)
		return rc;
	memcpy(out->token, token.ptr, token.len);
	out->token_len = token.len;
	return read_token_text(root, "PushMagic", out->push_magic, BSG_APPLE_MAGIC_MAX, err);
}

static enum bsg_err read_authenticate(const struct bsg_plist_node *root, struct bsg_checkin *out, struct bsg_error *err)
{
	const struct { const char *key; char *to; } texts[] = {
		{ "DeviceName", out->device_name }, { "Model", out->model }, { "ModelName", out->model_name },
		{ "ProductName", out->product_name }, { "OSVersion", out->os_version },
		{ "BuildVersion", out->build_version }, { "SerialNumber", out->serial_number },
	};
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && rc == BSG_OK; i++)
		rc = bsg_apple_optional_text(root, texts[i].key, texts[i].to, BSG_APPLE_TEXT_MAX + 1, err);
	return rc;
}

static enum bsg_err read_message(const struct bsg_plist_node *root, struct bsg_checkin *out, struct bsg_error *err)
{
	enum bsg_err rc = read_type(root, out, err);

	if (rc == BSG_OK)
		rc = read_sender(root, out, err);
	if (rc == BSG_OK) {
		rc = read_token_text(root, "Topic", out->topic, BSG_APPLE_TOPIC_MAX, err);
		if (rc == BSG_E_NOT_FOUND)
			rc = BSG_OK;
	}
	/* Also of a user channel: whoever serves it looks at sender.user_channel first. */
	if (rc == BSG_OK && out->type == BSG_CHECKIN_TOKEN_UPDATE)
		rc = read_token_update(root, out, err);
	if (rc == BSG_OK && out->type == BSG_CHECKIN_AUTHENTICATE)
		rc = read_authenticate(root, out, err);
	return rc;
}

enum bsg_err bsg_checkin_decode(const void *body, size_t len, struct bsg_checkin *out, struct bsg_error *err)
{
	struct bsg_plist *plist;
	enum bsg_err rc = bsg_plist_read(body, len, BSG_CHECKIN_MAX, &plist, err);

	*out = (struct bsg_checkin){ 0 };
	if (rc != BSG_OK)
		return rc;
	rc = read_message(bsg_plist_root(plist), out, err);
	bsg_plist_free(plist);
	if (rc != BSG_OK)
		*out = (struct bsg_checkin){ 0 };
	return rc == BSG_E_NOT_FOUND ? BSG_E_INVALID : rc;	/* what must be there is missing; the text is right */
}
