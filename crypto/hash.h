/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104). Safe from any thread. */
#ifndef BSG_CRYPTO_HASH_H
#define BSG_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define BSG_SHA256_LEN 32

/** Hash @len bytes. @return BSG_OK, BSG_E_CRYPTO (out of memory inside; @out is zeroed) */
enum bsg_err bsg_sha256(const void *data, size_t len, uint8_t out[static BSG_SHA256_LEN],
			struct bsg_error *err) BSG_MUST_CHECK;

/** Authenticate @len bytes under @key_len bytes of key (at least 16). @return as bsg_sha256(), BSG_E_BUG (short key) */
enum bsg_err bsg_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
			     uint8_t out[static BSG_SHA256_LEN], struct bsg_error *err)
	BSG_MUST_CHECK;

#endif
