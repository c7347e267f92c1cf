/* SPDX-License-Identifier: Apache-2.0 */
/* SCEP (RFC 8894), a device's side: for simulated devices and tests. Rules A40 to A52 of docs/spec/apple.md. */
#ifndef BSG_APPLE_SCEP_CLIENT_H
#define BSG_APPLE_SCEP_CLIENT_H

#include "apple/scep.h"

/* One enrolment, from asking to hearing. */
struct bsg_scep_client {
	const struct bsg_rsa_key *key;	/* signs, and opens the answer */
	struct bsg_bytes cert;		/* of @key, DER: made for itself, or for a renewal the old one */
	struct bsg_bytes ca;		/* the CA's certificate, DER, from a source that is trusted */
	const char *transaction_id;	/* characters of a PrintableString */
	uint8_t nonce[BSG_SCEP_NONCE_MAX];
	size_t nonce_len;		/* 16 */
	enum bsg_cms_digest digest;
	enum bsg_cms_cipher cipher;
};

/**
 * Append the body of a PKIOperation.
 *
 * @param type  BSG_SCEP_PKCS_REQ or BSG_SCEP_RENEWAL_REQ
 * @param csr   DER, with the challenge in it
 */
enum bsg_err bsg_scep_ask(const struct bsg_scep_client *client, enum bsg_scep_type type, struct bsg_bytes csr,
			  int64_t now, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read the answer: that the CA signed it, that it belongs to the question, what is in it.
 *
 * @param certificate  the first one in it, DER, appended
 * @param fail         set where the result is BSG_E_DENIED
 * @return BSG_OK, BSG_E_DENIED (FAILURE), BSG_E_CRYPTO (not signed by the CA, does not open), BSG_E_INVALID
 *         (no such answer, or one to another question)
 */
enum bsg_err bsg_scep_hear(const struct bsg_scep_client *client, struct bsg_bytes body, struct bsg_buf *certificate,
			   enum bsg_scep_fail *fail, struct bsg_error *err) BSG_MUST_CHECK;

#endif
