/* SPDX-License-Identifier: Apache-2.0 */
/* The push certificate, from its request to its use: for administrators, without a restart. Rules A146-A149. */
#include <stdlib.h>
#include <string.h>

#include "apple/push_keys.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/timetext.h"
#include "crypto/csr.h"
#include "crypto/pushcert.h"
#include "crypto/rsa.h"
#include "crypto/x509.h"

#define PUSH_KEY_BITS 2048
#define NOT_YET_S 86400		/* a certificate that begins later than this is for another time */

static enum bsg_err load_rsa(const struct bsg_apple *apple, const char *name, struct bsg_rsa_key **out, struct bsg_error *err)
{
	struct bsg_secret pem = {.data = NULL};
	char path[600];
	enum bsg_err rc = bsg_apple_push_path(apple, name, path, err);

	*out = NULL;
	if (rc == BSG_OK)
		rc = bsg_secret_read(path, BSG_APPLE_PUSH_PEM_MAX, &pem, err);
	if (rc == BSG_OK)
		rc = bsg_rsa_parse((const char *)pem.data, pem.len, out, err);
	bsg_secret_free(&pem);
	return rc;
}

static enum bsg_err make_pending(const struct bsg_apple *apple, struct bsg_rsa_key **out, struct bsg_error *err)
{
	struct bsg_secret pem = {.data = NULL};
	char path[600];
	enum bsg_err rc = bsg_apple_push_path(apple, BSG_APPLE_PUSH_PENDING, path, err);

	if (rc == BSG_OK)
		rc = bsg_rsa_generate(PUSH_KEY_BITS, out, err);
	if (rc == BSG_OK)
		rc = bsg_rsa_pem(*out, &pem, err);
	if (rc == BSG_OK)
		rc = bsg_file_create(path, pem.data, pem.len, 0600, err);
	bsg_secret_free(&pem);
	return rc;
}

static enum bsg_err request_of(const struct bsg_rsa_key *key, struct bsg_buf *pem, struct bsg_error *err)
{
	struct bsg_buf der;
	enum bsg_err rc;

	bsg_buf_init(&der, BSG_CSR_MAX);
	rc = bsg_csr_make_rsa(key, "Bosaga push", NULL, &der, err);
	if (rc == BSG_OK) {
		bsg_buf_add_text(pem, "-----BEGIN CERTIFICATE REQUEST-----\n");
		bsg_base64_encode(der.data, der.len, 64, pem);
		bsg_buf_add_text(pem, pem->len > 0 && pem->data[pem->len - 1] == '\n' ? "" : "\n");
		bsg_buf_add_text(pem, "-----END CERTIFICATE REQUEST-----\n");
		rc = bsg_buf_finish(pem, err);
	}
	bsg_buf_free(&der);
	return rc;
}

static enum bsg_err audit(const struct bsg_apple *apple, const char *who, const char *action, const char *topic, struct bsg_error *err)
{
	struct bsg_op op = {.kind = BSG_OP_AUDIT, .audit = {.at = bsg_apple_now(apple), .who = who, .action = action, .subject = topic}};

	return bsg_store_apply(apple->platform.host->store, &op, 1, err);
}

/* Asked again before the certificate has come it is the same request: what is on its way stays good. */
void bsg_apple_post_push_request(struct bsg_http_exchange *x, void *app)
{
	struct bsg_apple *apple = bsg_apple_of(x);
	const char *who = apple->platform.host->actor(x);
	struct bsg_rsa_key *key = NULL;
	struct bsg_error err;
	struct bsg_buf pem;
	enum bsg_err rc;

	(void)app;
	if (who == NULL)
		return;
	bsg_buf_init(&pem, 2 * BSG_CSR_MAX);
	pthread_mutex_lock(&apple->push_lock);
	rc = load_rsa(apple, BSG_APPLE_PUSH_PENDING, &key, &err);
	if (rc == BSG_E_NOT_FOUND) {
		rc = audit(apple, who, "push-request", "push-certificate", &err);
		if (rc == BSG_OK)
			rc = make_pending(apple, &key, &err);
	}
	pthread_mutex_unlock(&apple->push_lock);
	if (rc == BSG_OK)
		rc = request_of(key, &pem, &err);
	if (rc == BSG_OK)
		bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = "application/x-pem-file", .body = pem.data, .body_len = pem.len});
	else
		bsg_http_fail(x, rc, &err);
	bsg_buf_free(&pem);
	bsg_rsa_free(key);
}

/* ---- the certificate ---- */

struct import {
	struct bsg_apple *apple;
	const char *who;
	struct bsg_str body;
	struct bsg_push_cert cert;
	uint8_t spki[BSG_SHA256_LEN];
	struct bsg_buf certificate;	/* PEM, the first one alone */
	struct bsg_rsa_key *key;
	bool was_pending, is_first;	/* of all: its topic becomes the one in force */
};

/* Topic, then dates, then whose it is. */
static enum bsg_err read_body(struct import *import, struct bsg_error *err)
{
	const int64_t now = bsg_apple_now(import->apple);
	struct bsg_cert_info info;
	struct bsg_buf der;
	enum bsg_err rc;

	if (import->apple->topic[0] != '\0')	/* only under push_lock it changes */
		rc = bsg_push_cert_check(import->body.ptr, import->body.len, import->apple->topic, &import->cert, err);
	else
		rc = bsg_push_cert_read(import->body.ptr, import->body.len, &import->cert, err);
	if (rc != BSG_OK)
		return rc == BSG_E_DENIED ? BSG_E_CONFLICT : rc;	/* it is not the caller who may not */
	if (import->cert.not_after < now)
		return bsg_fail(err, BSG_E_INVALID, "the push certificate has ended: renew it at identity.apple.com");
	if (import->cert.not_before > now + NOT_YET_S)
		return bsg_fail(err, BSG_E_INVALID, "the push certificate is not valid yet: look at the server's clock");
	bsg_buf_init(&der, BSG_CERT_MAX);
	rc = bsg_cert_from_pem(import->body.ptr, import->body.len, &der, err);
	if (rc == BSG_OK)
		rc = bsg_cert_read((struct bsg_bytes){der.data, der.len}, &info, err);
	if (rc == BSG_OK)
		rc = bsg_cert_to_pem((struct bsg_bytes){der.data, der.len}, &import->certificate, err);
	if (rc == BSG_OK)
		memcpy(import->spki, info.spki_sha256, sizeof(import->spki));
	bsg_buf_free(&der);
	return rc;
}

/* Keep @key if the certificate is for it. */
static bool fits(struct import *import, struct bsg_rsa_key *key)
{
	uint8_t spki[BSG_SHA256_LEN];
	struct bsg_error err;

	if (key != NULL && bsg_rsa_spki_sha256(key, spki, &err) == BSG_OK && memcmp(spki, import->spki, sizeof(spki)) == 0) {
		import->key = key;
		return true;
	}
	bsg_rsa_free(key);
	return false;
}

/* The key that came along, else that of the request, else the one in use: the same certificate once more is no error. */
static enum bsg_err find_key(struct import *import, struct bsg_error *err)
{
	static const char *const names[] = {BSG_APPLE_PUSH_PENDING, BSG_APPLE_PUSH_PAIR};
	struct bsg_rsa_key *key = NULL;
	enum bsg_err rc;

	if (memmem(import->body.ptr, import->body.len, "PRIVATE KEY-----", 16) != NULL) {
		rc = bsg_rsa_parse(import->body.ptr, import->body.len, &key, err);
		if (rc == BSG_OK && !fits(import, key))
			rc = bsg_fail(err, BSG_E_INVALID, "the certificate is not for the key that came with it");
		return rc;
	}
	for (size_t i = 0; i < 2; i++) {
		rc = load_rsa(import->apple, names[i], &key, err);
		if (rc != BSG_OK && rc != BSG_E_NOT_FOUND)
			return rc;
		import->was_pending = i == 0;
		if (fits(import, key))
			return BSG_OK;
	}
	return bsg_fail(err, BSG_E_INVALID, "the certificate is for a key that is not here: send it for the request of this server, or with its key");
}

/* Certificate and key one behind the other. */
static enum bsg_err join(const struct import *import, struct bsg_secret *out, struct bsg_error *err)
{
	const size_t certificate_len = import->certificate.len;
	struct bsg_secret key = {.data = NULL};
	enum bsg_err rc = bsg_rsa_pem(import->key, &key, err);

	memset(out, 0, sizeof(*out));
	if (rc != BSG_OK)
		return rc;
	out->data = calloc(1, certificate_len + key.len + 1);
	if (out->data != NULL) {
		out->len = certificate_len + key.len;
		memcpy(out->data, import->certificate.data, certificate_len);
		memcpy(out->data + certificate_len, key.data, key.len);
	} else {
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "push certificate: out of memory");
	}
	bsg_secret_free(&key);
	return rc;
}

/* One file, so that no crash parts them. */
static enum bsg_err store_pair(struct import *import, struct bsg_apple_push_keys *keys, struct bsg_error *err)
{
	struct bsg_secret pair;
	char path[600];
	enum bsg_err rc = join(import, &pair, err);

	if (rc == BSG_OK)
		rc = bsg_apple_push_path(import->apple, BSG_APPLE_PUSH_PAIR, path, err);
	if (rc == BSG_OK)
		rc = audit(import->apple, import->who, "push-certificate", import->cert.topic, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(path, pair.data, pair.len, 0600, err);
	if (rc == BSG_OK)
		rc = bsg_apple_push_keys_load(import->apple, keys, err);
	bsg_secret_free(&pair);
	return rc;
}

static void set_topic(struct bsg_apple *apple, const char *topic)
{
	pthread_mutex_lock(&apple->lock);
	(void)snprintf(apple->topic, sizeof(apple->topic), "%s", topic);
	pthread_mutex_unlock(&apple->lock);
}

/* The first topic becomes the one in force, unless profiles were given out under another. */
static enum bsg_err fix_topic(struct import *import, struct bsg_error *err)
{
	struct bsg_apple *apple = import->apple;

	import->is_first = apple->topic[0] == '\0';
	if (!import->is_first)
		return BSG_OK;
	set_topic(apple, import->cert.topic);
	return bsg_apple_check_fixed(apple, err);
}

static void remove_file(const struct bsg_apple *apple, const char *name)
{
	struct bsg_error err;
	char path[600];

	if (bsg_apple_push_path(apple, name, path, &err) != BSG_OK || bsg_file_remove(path, &err) != BSG_OK)
		bsg_log(apple->platform.host->log, BSG_LOG_WARNING, "apple", "%s stays: %s", name, err.text);
}

/* Where nothing is sent yet there was no pair. One that the rest of the configuration does not let be used would stop the next start. */
static enum bsg_err use_pair(struct import *import, struct bsg_apple_push_keys *keys, struct bsg_error *err)
{
	const enum bsg_err rc = bsg_apple_wake_use(import->apple, keys, err);
	struct bsg_push_stats stats;

	if (rc != BSG_OK && !bsg_apple_wake_stats(import->apple, &stats))
		remove_file(import->apple, BSG_APPLE_PUSH_PAIR);
	return rc;
}

static enum bsg_err take(struct import *import, struct bsg_error *err)
{
	const struct bsg_apple_options *o = &import->apple->options;
	struct bsg_apple_push_keys keys = {.not_after = 0};
	enum bsg_err rc;

	if (o->push_certificate[0] != '\0' || o->push_team[0] != '\0')
		return bsg_fail(err, BSG_E_CONFLICT, "the configuration names the push certificate or token: exchange that file and start again");
	rc = read_body(import, err);
	if (rc == BSG_OK)
		rc = find_key(import, err);
	if (rc == BSG_OK)
		rc = fix_topic(import, err);
	if (rc == BSG_OK)
		rc = store_pair(import, &keys, err);
	if (rc == BSG_OK)
		rc = use_pair(import, &keys, err);
	if (rc == BSG_OK && import->was_pending)	/* it lies in the pair now; left behind, the next request would be for the same key */
		remove_file(import->apple, BSG_APPLE_PUSH_PENDING);
	if (rc != BSG_OK && import->is_first)
		set_topic(import->apple, "");
	bsg_apple_push_keys_free(&keys);
	return rc;
}

static void answer_import(struct bsg_http_exchange *x, const struct import *import)
{
	char text[BSG_PUSH_TOPIC_SIZE + 64], until[BSG_TIME_SIZE];
	int len;

	bsg_time_format(import->cert.not_after, until);
	len = snprintf(text, sizeof(text), "{\"topic\":\"%s\",\"expires\":\"%s\"}", import->cert.topic, until);	/* nothing in it needs escaping: A60 */
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = "application/json", .body = text, .body_len = (size_t)len});
}

void bsg_apple_put_push_certificate(struct bsg_http_exchange *x, void *app)
{
	struct import import = {.apple = bsg_apple_of(x)};
	struct bsg_error err = {.text = ""};
	enum bsg_err rc;

	(void)app;
	import.who = import.apple->platform.host->actor(x);
	if (import.who == NULL)
		return;
	import.body.ptr = bsg_http_body(x, &import.body.len);
	bsg_buf_init(&import.certificate, BSG_APPLE_PUSH_PEM_MAX);
	pthread_mutex_lock(&import.apple->push_lock);
	rc = take(&import, &err);
	pthread_mutex_unlock(&import.apple->push_lock);
	if (rc == BSG_OK)
		answer_import(x, &import);
	else if (rc == BSG_E_CRYPTO)	/* of http's words only this one says nothing about the body */
		bsg_http_problem(x, 400, "invalid", "%s", err.text);
	else
		bsg_http_fail(x, rc, &err);
	bsg_rsa_free(import.key);
	bsg_buf_free(&import.certificate);
}
