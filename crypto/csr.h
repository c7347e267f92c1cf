/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate requests: PKCS#10 (RFC 2986), P-256 and ECDSA with SHA-256; for Apple's
 * devices RSA, with a challenge. Of a request we take the key alone: the server
 * decides subject and extensions.
 */
#ifndef BSG_CRYPTO_CSR_H
#define BSG_CRYPTO_CSR_H

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/rsa.h"
#include "crypto/secret.h"

#define BSG_CSR_MAX 4096	/* bytes, DER */

/** Append a request for @key as DER; @cn is only a hint to people (1 to 64 bytes). */
enum bsg_err bsg_csr_make(const struct bsg_key *key, const char *cn, struct bsg_buf *out,
			  struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Check a request: its form, its key and that the sender holds the private half.
 *
 * @param out  the key on success, else zeroed
 * @return BSG_OK, BSG_E_LIMIT (larger than BSG_CSR_MAX), BSG_E_CRYPTO (no PKCS#10, trailing
 *         bytes, not P-256, another algorithm, the signature does not hold)
 */
enum bsg_err bsg_csr_verify(struct bsg_bytes der, struct bsg_public_key *out,
			    struct bsg_error *err) BSG_MUST_CHECK;

#define BSG_CSR_CHALLENGE_MAX 255	/* bytes, RFC 2985 section 5.4.1 */

/* A request as SCEP carries it. */
struct bsg_rsa_request {
	uint8_t spki_sha256[BSG_SHA256_LEN];	/* of its key: struct bsg_cert_info has the same */
	int bits;				/* of its key */
	struct bsg_secret challenge;		/* owned; empty if there is none */
};

/** Append a request for @key, signed with SHA-256; @challenge may be NULL, else 1 to 255 bytes of UTF-8. */
enum bsg_err bsg_csr_make_rsa(const struct bsg_rsa_key *key, const char *cn, const char *challenge,
			      struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Check a request with an RSA key. Its signature is verified first, whatever kind its key
 * is of, so that nothing is said about what may be somebody's altered bytes (A41).
 *
 * SHA-1 is accepted in this signature alone: Apple's devices make it so, and it proves
 * nothing but that the sender holds the key.
 *
 * @param out  on success owned, bsg_rsa_request_free(); else zeroed
 * @return BSG_OK, BSG_E_LIMIT (larger than BSG_CSR_MAX), BSG_E_CRYPTO (no PKCS#10, trailing bytes,
 *         the signature does not hold), and of one whose signature holds: BSG_E_DENIED (its key
 *         is not RSA, or signed by an algorithm that we do not accept), BSG_E_INVALID (a key of
 *         less than 2048 or more than 4096 bits, a strange exponent, a challenge that is none)
 */
enum bsg_err bsg_csr_verify_rsa(struct bsg_bytes der, struct bsg_rsa_request *out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Wipe and free; zeroed afterwards. */
void bsg_rsa_request_free(struct bsg_rsa_request *request);

#endif
