/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends a request to /mdm/..., and how a phone is refused. */
#include "apple/identity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "apple/mdm_signature.h"
#include "crypto/hash.h"
#include "crypto/keyring.h"

static void count_and_log(struct bsg_apple *apple, const struct bsg_http_exchange *x, const char *why)
{
	atomic_fetch_add(&apple->counts.refused, 1);
	bsg_log(apple->platform.host->log, BSG_LOG_INFO, "apple", "%s %s refused: %s", bsg_http_request_id(x),
		bsg_http_route(x)->path, why);
}

void bsg_apple_refuse(struct bsg_apple *apple, struct bsg_http_exchange *x, const char *code, const char *fmt, ...)
{
	struct bsg_error why;
	va_list args;

	va_start(args, fmt);
	vsnprintf(why.text, sizeof(why.text), fmt, args);
	va_end(args);
	count_and_log(apple, x, why.text);
	bsg_http_problem(x, 400, code, "%s", why.text);
}

void bsg_apple_fail(struct bsg_apple *apple, struct bsg_http_exchange *x, enum bsg_err code, const struct bsg_error *err)
{
	static const char *const codes[] = {
		[BSG_E_INVALID] = "invalid", [BSG_E_LIMIT] = "too-large", [BSG_E_DENIED] = "forbidden", [BSG_E_NOT_FOUND] = "certificate-unknown",
		[BSG_E_CONFLICT] = "conflict", [BSG_E_CRYPTO] = "signature",
	};

	if ((size_t)code >= sizeof(codes) / sizeof(codes[0]) || codes[code] == NULL) {
		bsg_http_fail(x, code, err);
		return;
	}
	count_and_log(apple, x, err->text);
	/* Why something is denied may name another person's device: that is for the log. */
	if (code == BSG_E_DENIED)
		bsg_http_problem(x, 400, codes[code], NULL);
	else
		bsg_http_problem(x, 400, codes[code], "%s", err->text);
}

void bsg_apple_done(struct bsg_http_exchange *x)
{
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 200});
}

/* By the header: the certificate is in the signature. @return BSG_E_NOT_FOUND: there is none */
static enum bsg_err read_signature(struct bsg_apple *apple, struct bsg_http_exchange *x, uint8_t sha256[BSG_SHA256_LEN],
				   struct bsg_error *err)
{
	const char *header = bsg_http_header(x, "Mdm-Signature");
	struct bsg_buf certificate;
	struct bsg_bytes ca, body;
	enum bsg_err rc;

	if (header == NULL)
		return bsg_fail(err, BSG_E_NOT_FOUND, "neither a client certificate nor Mdm-Signature");
	body.ptr = bsg_http_body(x, &body.len);
	bsg_buf_init(&certificate, BSG_CERT_MAX);
	rc = bsg_keyring_certificate(apple->platform.host->keyring, BSG_KEYRING_APPLE_CA, &ca, err);
	if (rc == BSG_OK)
		rc = bsg_mdm_signature_verify(header, strlen(header), body, ca, bsg_apple_now(apple), &certificate, err);
	if (rc == BSG_OK)
		rc = bsg_sha256(certificate.data, certificate.len, sha256, err);
	bsg_buf_free(&certificate);
	return rc;
}

bool bsg_apple_identify(struct bsg_apple *apple, struct bsg_http_exchange *x, struct bsg_apple_identity *out)
{
	const struct bsg_http_peer *peer = bsg_http_peer(x);
	struct bsg_error err = {.code = BSG_OK};
	enum bsg_err rc = BSG_OK;

	*out = (struct bsg_apple_identity){.actor = ""};
	if (peer->kind == BSG_HTTP_PEER_CERTIFICATE)
		memcpy(out->certificate_sha256, peer->sha256, sizeof(out->certificate_sha256));
	else
		rc = read_signature(apple, x, out->certificate_sha256, &err);
	if (rc == BSG_E_NOT_FOUND) {
		bsg_apple_refuse(apple, x, "certificate-required", "%s", err.text);
		return false;
	}
	if (rc == BSG_OK)
		rc = bsg_store_apple_by_certificate(apple->platform.host->store, out->certificate_sha256, &out->rec, &err);
	if (rc != BSG_OK) {
		bsg_apple_fail(apple, x, rc, &err);
		return false;
	}
	if (out->rec.certificate_revoked != 0 || out->rec.certificate_expires <= bsg_apple_now(apple)) {
		bsg_apple_refuse(apple, x, out->rec.certificate_revoked != 0 ? "certificate-revoked" : "certificate-expired",
				 "the certificate of device %s does not hold any more", out->rec.device);
		return false;
	}
	snprintf(out->actor, sizeof(out->actor), "device:%s", out->rec.device);
	return true;
}

bool bsg_apple_is_from(struct bsg_apple *apple, struct bsg_http_exchange *x, const struct bsg_apple_identity *identity,
		       const struct bsg_apple_sender *sender)
{
	if (identity->rec.udid[0] == '\0') {
		bsg_apple_refuse(apple, x, "conflict", "device %s: Authenticate comes first", identity->rec.device);
		return false;
	}
	if (strcmp(identity->rec.udid, sender->id) == 0)
		return true;
	bsg_apple_refuse(apple, x, "certificate-unknown", "device %s: the message is another phone's", identity->rec.device);
	return false;
}
