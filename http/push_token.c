/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are to Apple: a client certificate, or a token (JWT, RFC 7519; ES256, RFC 7518
 * section 3.4) that somebody else signs for us. The key of a token is never here.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <jansson.h>

#include "base/base64.h"
#include "crypto/pushcert.h"
#include "crypto/secret.h"
#include "http/push_internal.h"

#define FRESH_MS (INT64_C(50) * 60 * 1000)	/* Apple takes them for an hour */
#define RENEWABLE_MS (INT64_C(20) * 60 * 1000)	/* and no other within 20 minutes */

static enum bsg_err no_memory(struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_NO_MEMORY, "pushes: out of memory");
}

/* Certificate and key load and belong together: better said now than at the first handshake. */
static enum bsg_err check_pair(const char *certificate_pem, const char *key_pem, struct bsg_error *err)
{
	const gnutls_datum_t certificate = { (unsigned char *)(uintptr_t)certificate_pem, (unsigned)strlen(certificate_pem) };
	const gnutls_datum_t key = { (unsigned char *)(uintptr_t)key_pem, (unsigned)strlen(key_pem) };
	gnutls_certificate_credentials_t credentials;
	int rc = gnutls_certificate_allocate_credentials(&credentials);

	if (rc < 0)
		return no_memory(err);
	rc = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	if (rc < 0)
		return bsg_fail(err, BSG_E_CRYPTO, "push certificate and its key: %s", gnutls_strerror(rc));
	return BSG_OK;
}

static enum bsg_err take_certificate(struct bsg_push_creds *creds, const struct bsg_push_credentials *from,
				     const char *topic, struct bsg_error *err)
{
	struct bsg_push_cert cert;
	enum bsg_err rc = bsg_push_cert_check(from->certificate_pem, strlen(from->certificate_pem), topic, &cert, err);

	if (rc == BSG_OK)
		rc = check_pair(from->certificate_pem, from->key_pem, err);
	if (rc == BSG_OK)
		rc = bsg_tls_files_put(&creds->files, BSG_TLS_FILE_CERTIFICATE, from->certificate_pem,
				       strlen(from->certificate_pem), err);
	if (rc == BSG_OK)
		rc = bsg_tls_files_put(&creds->files, BSG_TLS_FILE_KEY, from->key_pem, strlen(from->key_pem), err);
	creds->not_after = cert.not_after;
	return rc;
}

/* Ten letters and digits each, today; anything that needs no escape will do. */
static bool is_word(const char *text)
{
	const size_t len = text != NULL ? strlen(text) : 0;

	return len > 0 && len <= 32 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len;
}

static enum bsg_err take_token(struct bsg_push_creds *creds, const struct bsg_push_credentials *from,
			       struct bsg_error *err)
{
	if (!is_word(from->team_id) || !is_word(from->key_id))
		return bsg_fail(err, BSG_E_INVALID, "pushes: a team id and a key id of letters and digits, please");
	creds->team_id = strdup(from->team_id);
	creds->key_id = strdup(from->key_id);
	creds->sign = from->sign;
	creds->sign_app = from->sign_app;
	creds->not_after = INT64_MAX;
	return creds->team_id != NULL && creds->key_id != NULL ? BSG_OK : no_memory(err);
}

enum bsg_err bsg_push_creds_new(const struct bsg_push_credentials *from, const char *topic,
				struct bsg_push_creds **out, struct bsg_error *err)
{
	const bool has_certificate = from->certificate_pem != NULL && from->key_pem != NULL;
	const bool has_token = from->sign != NULL;
	struct bsg_push_creds *creds;
	enum bsg_err rc;

	*out = NULL;
	if (has_certificate == has_token)
		return bsg_fail(err, BSG_E_INVALID, "pushes: a certificate with its key, or a token's signer: one of the two");
	creds = calloc(1, sizeof(*creds));
	if (creds == NULL)
		return no_memory(err);
	bsg_tls_files_init(&creds->files);
	rc = has_certificate ? take_certificate(creds, from, topic, err) : take_token(creds, from, err);
	if (rc == BSG_OK)
		*out = creds;
	else
		bsg_push_creds_free(creds);
	return rc;
}

void bsg_push_creds_free(struct bsg_push_creds *creds)
{
	if (creds == NULL)
		return;
	bsg_tls_files_close(&creds->files);
	bsg_wipe(creds->bearer, sizeof(creds->bearer));
	free(creds->team_id);
	free(creds->key_id);
	free(creds);
}

static void add_part(struct bsg_buf *jwt, const char *json)
{
	bsg_base64url_encode((const uint8_t *)json, strlen(json), jwt);
}

/* Words and numbers only go in: no member needs an escape. */
static enum bsg_err make_token(struct bsg_push_creds *creds, int64_t now, struct bsg_buf *jwt, struct bsg_error *err)
{
	uint8_t signature[64];
	char part[160];
	enum bsg_err rc;

	(void)snprintf(part, sizeof(part), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", creds->key_id);
	add_part(jwt, part);
	bsg_buf_add_text(jwt, ".");
	(void)snprintf(part, sizeof(part), "{\"iss\":\"%s\",\"iat\":%" PRId64 "}", creds->team_id, now);
	add_part(jwt, part);
	rc = bsg_buf_finish(jwt, err);
	if (rc == BSG_OK)
		rc = creds->sign(creds->sign_app, (struct bsg_bytes){ jwt->data, jwt->len }, signature, err);
	if (rc != BSG_OK)
		return rc;
	bsg_buf_add_text(jwt, ".");
	bsg_base64url_encode(signature, sizeof(signature), jwt);
	return bsg_buf_finish(jwt, err);
}

enum bsg_err bsg_push_creds_refresh(struct bsg_push_creds *creds, const struct bsg_clock *clock, struct bsg_error *err)
{
	const int64_t now_ms = bsg_clock_mono_ms(clock);
	struct bsg_buf jwt;
	enum bsg_err rc;

	if (creds->sign == NULL || (creds->bearer[0] != '\0' && now_ms - creds->made_ms < FRESH_MS))
		return BSG_OK;
	bsg_buf_init_secret(&jwt, BSG_PUSH_JWT_MAX - 32);
	rc = make_token(creds, bsg_clock_utc(clock), &jwt, err);
	if (rc == BSG_OK) {
		(void)snprintf(creds->bearer, sizeof(creds->bearer), "authorization: bearer %s", (const char *)jwt.data);
		creds->made_ms = now_ms;
	}
	bsg_buf_free(&jwt);
	return rc;
}

bool bsg_push_creds_outdate(struct bsg_push_creds *creds, const struct bsg_clock *clock)
{
	if (creds->sign == NULL || bsg_clock_mono_ms(clock) - creds->made_ms < RENEWABLE_MS)
		return false;
	creds->bearer[0] = '\0';
	return true;
}
