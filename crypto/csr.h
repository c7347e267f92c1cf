/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate requests: PKCS#10 (RFC 2986), P-256 and ECDSA with SHA-256 only.
 * Of a request we take the key alone: the server decides subject and extensions.
 */
#ifndef BSG_CRYPTO_CSR_H
#define BSG_CRYPTO_CSR_H

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/keys.h"

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

#endif
