/* SPDX-License-Identifier: Apache-2.0 */
/* Whole messages: wire's envelope, signed and verified. */
#include "crypto/cose.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

#define PASS_KID_LEN 8

static bool has_chain(enum bsg_cose_kind kind)
{
	return kind == BSG_COSE_ORDERS || kind == BSG_COSE_GATE_CREDENTIAL;
}

static enum bsg_err wire_fail(struct bsg_error *err, enum bsg_err rc, const char *why)
{
	return bsg_fail(err, rc, "message: %s", why != NULL ? why : "a field or the size");
}

/* The kid of a pass that the server signs (W13); a device's keyring has no certificate and gives none. */
static enum bsg_err find_kid(struct bsg_keyring *keyring, uint8_t kid[static BSG_SHA256_LEN], struct bsg_bytes *out,
			     struct bsg_error *err)
{
	struct bsg_bytes der;
	enum bsg_err rc = bsg_keyring_certificate(keyring, BSG_KEYRING_PASS, &der, err);

	if (rc == BSG_E_NOT_FOUND)
		return BSG_OK;
	if (rc == BSG_OK)
		rc = bsg_sha256(der.ptr, der.len, kid, err);
	if (rc == BSG_OK)
		*out = (struct bsg_bytes){ kid, PASS_KID_LEN };
	return rc;
}

/* The protected header of @kind, in @buf. */
static enum bsg_err make_header(struct bsg_keyring *keyring, enum bsg_cose_kind kind, uint8_t *buf,
				struct bsg_bytes *out, struct bsg_error *err)
{
	struct bsg_cose_header header = { 0 };
	uint8_t kid[BSG_SHA256_LEN];
	enum bsg_err rc;

	if (has_chain(kind)) {
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_ORDERS, &header.chain[0], err);
		if (rc == BSG_E_NOT_FOUND)
			return bsg_fail(err, BSG_E_DENIED, "sign: the keyring has no key for this kind");
		if (rc != BSG_OK)
			return rc;
		header.n_chain = 1;
	}
	if (kind == BSG_COSE_PASS) {
		rc = find_kid(keyring, kid, &header.kid, err);
		if (rc != BSG_OK)
			return rc;
	}
	rc = bsg_cose_header_encode(kind, &header, buf, BSG_COSE_HEADER_MAX, out);
	return rc != BSG_OK ? wire_fail(err, rc, "its header") : BSG_OK;
}

enum bsg_err bsg_cose_sign(struct bsg_keyring *keyring, enum bsg_cose_kind kind,
			   struct bsg_bytes payload, struct bsg_buf *out, struct bsg_error *err)
{
	size_t cap = BSG_COSE_SIG_OVERHEAD_MAX + BSG_COSE_OVERHEAD_MAX;
	uint8_t header_buf[BSG_COSE_HEADER_MAX];
	uint8_t signature[BSG_SIGNATURE_LEN];
	struct bsg_bytes header = { NULL, 0 };
	struct bsg_bytes bytes = { NULL, 0 };
	uint8_t *work = NULL;
	enum bsg_err rc;

	if (payload.len > bsg_cose_message_max(kind))
		return bsg_fail(err, BSG_E_LIMIT, "message: longer than %zu bytes",
				bsg_cose_message_max(kind));
	rc = make_header(keyring, kind, header_buf, &header, err);
	if (rc != BSG_OK)
		return rc;
	cap += payload.len;
	work = malloc(cap);
	if (work == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "message: out of memory");
	rc = bsg_cose_sig_structure(kind, header, payload, work, cap, &bytes);
	if (rc != BSG_OK) {
		rc = wire_fail(err, rc, NULL);
		goto out;
	}
	rc = bsg_keyring_sign(keyring, (enum bsg_sign_purpose)kind, bytes, signature, err);
	if (rc != BSG_OK)
		goto out;
	rc = bsg_cose_assemble(kind, header, payload, signature, work, cap, &bytes);
	if (rc != BSG_OK) {
		rc = wire_fail(err, rc, NULL);
		goto out;
	}
	bsg_buf_add(out, bytes.ptr, bytes.len);
	rc = bsg_buf_finish(out, err);
out:
	free(work);
	return rc;
}

static enum bsg_err parse(enum bsg_cose_kind kind, struct bsg_bytes message,
			  struct bsg_cose_message *out, struct bsg_error *err)
{
	const char *why = NULL;
	enum bsg_err rc = bsg_cose_parse(kind, message, out, &why);

	return rc != BSG_OK ? wire_fail(err, rc, why) : BSG_OK;
}

static enum bsg_err verify(enum bsg_cose_kind kind, const struct bsg_cose_message *message,
			   const struct bsg_public_key *key, struct bsg_error *err)
{
	size_t cap = message->payload.len + BSG_COSE_SIG_OVERHEAD_MAX;
	uint8_t *work = malloc(cap);
	struct bsg_bytes bytes = { NULL, 0 };
	enum bsg_err rc;

	if (work == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "message: out of memory");
	rc = bsg_cose_sig_structure(kind, message->header_bytes, message->payload, work, cap, &bytes);
	if (rc != BSG_OK)
		rc = wire_fail(err, rc, NULL);
	else if (message->signature.len != BSG_SIGNATURE_LEN)
		rc = wire_fail(err, BSG_E_INVALID, "its signature");
	else
		rc = bsg_public_key_verify(key, bytes, message->signature.ptr, err);
	free(work);
	return rc;
}

enum bsg_err bsg_cose_verify_chain(enum bsg_cose_kind kind, struct bsg_bytes message,
				   struct bsg_bytes root, int64_t at, struct bsg_bytes *payload,
				   struct bsg_error *err)
{
	struct bsg_cose_message parsed;
	struct bsg_cert_info signer;
	enum bsg_err rc;

	memset(payload, 0, sizeof(*payload));
	if (!has_chain(kind))
		return bsg_fail(err, BSG_E_BUG, "this kind of message has no certificate");
	rc = parse(kind, message, &parsed, err);
	if (rc != BSG_OK)
		return rc;
	if (parsed.header.n_chain < 1)
		return wire_fail(err, BSG_E_INVALID, "no certificate");
	rc = bsg_cert_verify(parsed.header.chain[0], parsed.header.chain + 1, parsed.header.n_chain - 1,
			     root, BSG_CERT_ORDERS, at, err);
	if (rc == BSG_OK)
		rc = bsg_cert_read(parsed.header.chain[0], &signer, err);
	if (rc == BSG_OK && !signer.has_key)
		rc = bsg_fail(err, BSG_E_CRYPTO, "certificate: not a P-256 key");
	if (rc == BSG_OK)
		rc = verify(kind, &parsed, &signer.key, err);
	if (rc == BSG_OK)
		*payload = parsed.payload;
	return rc;
}

enum bsg_err bsg_cose_verify_key(enum bsg_cose_kind kind, struct bsg_bytes message,
				 const struct bsg_public_key *key, struct bsg_bytes *payload,
				 struct bsg_error *err)
{
	struct bsg_cose_message parsed;
	enum bsg_err rc;

	memset(payload, 0, sizeof(*payload));
	if (has_chain(kind))
		return bsg_fail(err, BSG_E_BUG, "this kind of message is verified by its certificate");
	rc = parse(kind, message, &parsed, err);
	if (rc == BSG_OK)
		rc = verify(kind, &parsed, key, err);
	if (rc == BSG_OK)
		*payload = parsed.payload;
	return rc;
}

enum bsg_err bsg_cose_peek(enum bsg_cose_kind kind, struct bsg_bytes message,
			   struct bsg_bytes *payload, struct bsg_error *err)
{
	struct bsg_cose_message parsed;
	enum bsg_err rc;

	memset(payload, 0, sizeof(*payload));
	rc = parse(kind, message, &parsed, err);
	if (rc == BSG_OK)
		*payload = parsed.payload;
	return rc;
}
