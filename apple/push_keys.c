/* SPDX-License-Identifier: Apache-2.0 */
/* What pushes are sent with, read from where it lies. */
#include "apple/push_keys.h"

#include <string.h>

#include "base/file.h"
#include "crypto/pushcert.h"

enum bsg_err bsg_apple_push_path(const struct bsg_apple *apple, const char *name, char path[static 600], struct bsg_error *err)
{
	return bsg_path_join(apple->platform.host->state_dir, name, path, 600, err);
}

void bsg_apple_push_keys_free(struct bsg_apple_push_keys *keys)
{
	bsg_secret_free(&keys->certificate);
	bsg_secret_free(&keys->key);
	bsg_key_free(keys->token_key);
	memset(keys, 0, sizeof(*keys));
}

enum bsg_err bsg_apple_push_setting(const char *setting, enum bsg_err rc, struct bsg_error *err)
{
	return bsg_fail_at(setting, rc == BSG_E_NOT_FOUND ? BSG_E_CONFLICT : rc, err);
}

static enum bsg_err load_token(const struct bsg_apple_options *o, struct bsg_apple_push_keys *out, struct bsg_error *err)
{
	if (o->push_team[0] == '\0' || o->push_key_id[0] == '\0' || o->push_token_key[0] == '\0')
		return bsg_fail(err, BSG_E_INVALID, "apple_push_team, apple_push_key_id and apple_push_token_key belong together: give all "
				"three or none");
	if (o->topic[0] == '\0' || strlen(o->topic) >= sizeof(out->topic))
		return bsg_fail(err, BSG_E_INVALID, "pushes with a token need apple_topic: a token names none");
	memcpy(out->topic, o->topic, strlen(o->topic) + 1);
	return bsg_apple_push_setting("apple_push_token_key", bsg_key_load(o->push_token_key, &out->token_key, err), err);
}

static enum bsg_err read_certificate(const struct bsg_apple_options *o, struct bsg_apple_push_keys *out, struct bsg_error *err)
{
	const char *pem = (const char *)out->certificate.data;
	struct bsg_push_cert cert;
	enum bsg_err rc;

	if (o->topic[0] != '\0')
		rc = bsg_push_cert_check(pem, out->certificate.len, o->topic, &cert, err);
	else
		rc = bsg_push_cert_read(pem, out->certificate.len, &cert, err);
	memcpy(out->topic, cert.topic, sizeof(out->topic));
	out->not_after = cert.not_after;
	return rc;
}

/* A certificate is no secret, but one that was imported lies in one file with its key. */
static enum bsg_err load_files(const struct bsg_apple_options *o, struct bsg_apple_push_keys *out, struct bsg_error *err)
{
	uint8_t *pem = NULL;
	size_t len = 0;
	enum bsg_err rc;

	if (o->push_certificate[0] == '\0' || o->push_key[0] == '\0')
		return bsg_fail(err, BSG_E_INVALID, "apple_push_certificate and apple_push_key belong together: give both or none");
	rc = bsg_file_read(o->push_certificate, BSG_APPLE_PUSH_PEM_MAX, &pem, &len, err);
	if (rc == BSG_OK)
		rc = bsg_secret_copy(pem, len, &out->certificate, err);
	bsg_wipe(pem, len);
	free(pem);
	if (rc != BSG_OK)
		return bsg_apple_push_setting("apple_push_certificate", rc, err);
	rc = bsg_apple_push_setting("apple_push_key", bsg_secret_read(o->push_key, BSG_APPLE_PUSH_PEM_MAX, &out->key, err), err);
	return rc == BSG_OK ? bsg_apple_push_setting("apple_push_certificate", read_certificate(o, out, err), err) : rc;
}

static enum bsg_err load_imported(const struct bsg_apple *apple, struct bsg_apple_push_keys *out, struct bsg_error *err)
{
	char path[600];
	enum bsg_err rc = bsg_apple_push_path(apple, BSG_APPLE_PUSH_PAIR, path, err);

	if (rc == BSG_OK)
		rc = bsg_secret_read(path, BSG_APPLE_PUSH_PEM_MAX, &out->certificate, err);
	if (rc == BSG_OK)
		rc = bsg_secret_copy(out->certificate.data, out->certificate.len, &out->key, err);
	return rc == BSG_OK ? read_certificate(&apple->options, out, err) : rc;
}

enum bsg_err bsg_apple_push_keys_load(const struct bsg_apple *apple, struct bsg_apple_push_keys *out, struct bsg_error *err)
{
	const struct bsg_apple_options *o = &apple->options;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	if (o->push_team[0] != '\0' || o->push_key_id[0] != '\0' || o->push_token_key[0] != '\0')
		rc = load_token(o, out, err);
	else
		rc = o->push_certificate[0] != '\0' || o->push_key[0] != '\0' ? load_files(o, out, err) : load_imported(apple, out, err);
	if (rc != BSG_OK)
		bsg_apple_push_keys_free(out);
	return rc;
}
