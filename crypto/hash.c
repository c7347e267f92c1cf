/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and HMAC-SHA-256. */
#include "crypto/hash.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto/ossl.h"

enum bsg_err bsg_sha256(const void *data, size_t len, uint8_t out[static BSG_SHA256_LEN],
			struct bsg_error *err)
{
	if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1)
		return BSG_OK;
	memset(out, 0, BSG_SHA256_LEN);
	return bsg_ossl_fail(err, "SHA-256");
}

enum bsg_err bsg_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
			     uint8_t out[static BSG_SHA256_LEN], struct bsg_error *err)
{
	size_t n = 0;

	memset(out, 0, BSG_SHA256_LEN);
	if (key_len < 16)
		return bsg_fail(err, BSG_E_BUG, "HMAC: key of %zu bytes", key_len);
	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, data, len, out,
		      BSG_SHA256_LEN, &n) == NULL || n != BSG_SHA256_LEN)
		return bsg_ossl_fail(err, "HMAC-SHA-256");
	return BSG_OK;
}
