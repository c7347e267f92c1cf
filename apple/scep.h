/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCEP (RFC 8894), the server's side: how an Apple device gets its certificate. Bytes in,
 * bytes out; whether a device may have one, and whose challenge it shows, is the caller's
 * to decide. Rules A30 to A52 of docs/spec/apple.md. Safe from any thread.
 *
 *	rc = bsg_scep_read(keyring, body, &rules, &request, &err);
 *	if (rc == BSG_OK && the challenge, or the old certificate, is good)
 *		bsg_keyring_issue(...), bsg_scep_answer(keyring, &request, der, now, &out, &err);
 *	else if (request.is_answerable)
 *		bsg_scep_refuse(keyring, &request, request.fail, now, &out, &err);
 *	else
 *		400, and a line in the log
 *	bsg_scep_request_free(&request);
 */
#ifndef BSG_APPLE_SCEP_H
#define BSG_APPLE_SCEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/cms.h"
#include "crypto/csr.h"
#include "crypto/keyring.h"

#define BSG_SCEP_MESSAGE_MAX 16384	/* bytes of a request, DER */
#define BSG_SCEP_ANSWER_MAX BSG_CMS_MAX
#define BSG_SCEP_TRANSACTION_MAX 255	/* characters of a transactionID */
#define BSG_SCEP_NONCE_MAX 64		/* bytes; RFC 8894 has 16 */
#define BSG_SCEP_CLOCK_S (INT64_C(24) * 3600)	/* how far a signingTime may be from ours */

#define BSG_SCEP_MESSAGE_TYPE "application/x-pki-message"
#define BSG_SCEP_CA_TYPE "application/x-x509-ca-cert"

enum bsg_scep_type {
	BSG_SCEP_CERT_REP = 3,
	BSG_SCEP_RENEWAL_REQ = 17,
	BSG_SCEP_PKCS_REQ = 19,
	BSG_SCEP_CERT_POLL = 20,
	BSG_SCEP_GET_CERT = 21,
	BSG_SCEP_GET_CRL = 22,
};

/* failInfo, RFC 8894 section 3.2.1.4. */
enum bsg_scep_fail {
	BSG_SCEP_BAD_ALG = 0,
	BSG_SCEP_BAD_MESSAGE_CHECK = 1,
	BSG_SCEP_BAD_REQUEST = 2,
	BSG_SCEP_BAD_TIME = 3,
	BSG_SCEP_BAD_CERT_ID = 4,
};

struct bsg_scep_rules {
	bool legacy;			/* scep_legacy_ciphers: SHA-1, DES and triple DES are accepted */
	int64_t now;			/* Unix seconds */
};

struct bsg_scep_request {
	/* Set as soon as it is known, also when the request is refused. */
	bool is_answerable;		/* it can be answered by a CertRep: transactionID and nonce are known */
	enum bsg_scep_type type;	/* 0: not known */
	enum bsg_scep_fail fail;	/* why it is refused */
	char transaction_id[BSG_SCEP_TRANSACTION_MAX + 1];
	uint8_t nonce[BSG_SCEP_NONCE_MAX];	/* the sender's; goes back as recipientNonce */
	size_t nonce_len;

	/* Set on success only. */
	struct bsg_buf signer;		/* owned: the certificate it is signed under, DER. Of a renewal: the old
					 * one, which is ours and in its time; look up whether it is revoked */
	struct bsg_secret csr;		/* owned: PKCS#10, DER, for bsg_keyring_issue() */
	struct bsg_rsa_request key;	/* owned: what it says; the challenge is in it, empty if none.
					 * Compare it by bsg_equal(), after its length */
	enum bsg_cms_digest digest;	/* as the request has them; so has the answer */
	enum bsg_cms_cipher cipher;
};

/**
 * Read the body of a PKIOperation: verify its signature, open its envelope, verify the request in it.
 *
 * A challenge used twice, a nonce seen before and a certificate that was revoked are for the caller.
 *
 * @param out  bsg_scep_request_free() on success; on failure it holds nothing that is owned, but
 *             what it takes to refuse the request in SCEP's own words
 * @return BSG_OK (out->type is PKCS_REQ or RENEWAL_REQ); else the text is for the log and never for the
 *         sender (A41): BSG_E_LIMIT, BSG_E_INVALID, BSG_E_DENIED, BSG_E_CRYPTO, BSG_E_NOT_FOUND;
 *         BSG_E_UNAVAILABLE and BSG_E_NO_MEMORY: our fault, answer 500 and not in SCEP's words
 */
enum bsg_err bsg_scep_read(struct bsg_keyring *keyring, struct bsg_bytes body,
			   const struct bsg_scep_rules *rules, struct bsg_scep_request *out,
			   struct bsg_error *err) BSG_MUST_CHECK;

/** Wipe and free; zeroed afterwards. */
void bsg_scep_request_free(struct bsg_scep_request *request);

/**
 * Append the answer SUCCESS: the certificate in an envelope to the request's signer.
 *
 * @param certificate  what was issued, DER
 * @param now          Unix seconds
 */
enum bsg_err bsg_scep_answer(struct bsg_keyring *keyring, const struct bsg_scep_request *request,
			     struct bsg_bytes certificate, int64_t now, struct bsg_buf *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Append the answer FAILURE.
 *
 * @param request  is_answerable
 * @param fail     request->fail, or what the caller finds: a wrong challenge is BSG_SCEP_BAD_REQUEST,
 *                 a revoked certificate BSG_SCEP_BAD_CERT_ID
 */
enum bsg_err bsg_scep_refuse(struct bsg_keyring *keyring, const struct bsg_scep_request *request,
			     enum bsg_scep_fail fail, int64_t now, struct bsg_buf *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/** The answer to GetCACaps, text/plain. */
const char *bsg_scep_caps(bool legacy);

/** Name of a failInfo for logs: "badAlg" … */
const char *bsg_scep_fail_name(enum bsg_scep_fail fail);

/**
 * Read the parameter `message` of a PKIOperation by GET: base64 in either alphabet, with or without
 * padding and line breaks; a blank is a '+' that was decoded once too often.
 *
 * @param text  after percent-decoding, @len characters
 * @param out   at most BSG_SCEP_MESSAGE_MAX bytes, appended
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_scep_decode_get(const char *text, size_t len, struct bsg_buf *out,
				 struct bsg_error *err) BSG_MUST_CHECK;

#endif
