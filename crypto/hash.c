/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and HMAC-SHA-256. */
#include "crypto/hash.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto/ossl.h"

/* Looking an algorithm up costs several times what a short message does. Both are made by the first who needs them, and never freed. */
static _Atomic(EVP_MD *) sha256;
static _Atomic(EVP_MAC_CTX *) hmac_template;	/* for copies */

static const EVP_MD *get_sha256(void)
{
	EVP_MD *made = atomic_load(&sha256), *other = NULL;

	if (made != NULL)
		return made;
	made = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (made == NULL || atomic_compare_exchange_strong(&sha256, &other, made))
		return made;
	EVP_MD_free(made);
	return other;
}

enum bsg_err bsg_sha256(const void *data, size_t len, uint8_t out[static BSG_SHA256_LEN],
			struct bsg_error *err)
{
	const EVP_MD *md = get_sha256();

	if (md != NULL && EVP_Digest(data, len, out, NULL, md, NULL) == 1)
		return BSG_OK;
	memset(out, 0, BSG_SHA256_LEN);
	return bsg_ossl_fail(err, "SHA-256");
}

static EVP_MAC_CTX *make_template(void)
{
	static const unsigned char no_key[BSG_SHA256_LEN];	/* one without any cannot be copied */
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *made = mac == NULL ? NULL : EVP_MAC_CTX_new(mac), *other = NULL;

	EVP_MAC_free(mac);
	if (made == NULL || EVP_MAC_init(made, no_key, sizeof(no_key), params) != 1) {
		EVP_MAC_CTX_free(made);
		return NULL;
	}
	if (atomic_compare_exchange_strong(&hmac_template, &other, made))
		return made;
	EVP_MAC_CTX_free(made);
	return other;
}

static EVP_MAC_CTX *new_hmac(void)
{
	const EVP_MAC_CTX *from = atomic_load(&hmac_template);

	if (from == NULL)
		from = make_template();
	return from == NULL ? NULL : EVP_MAC_CTX_dup(from);
}

enum bsg_err bsg_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
			     uint8_t out[static BSG_SHA256_LEN], struct bsg_error *err)
{
	EVP_MAC_CTX *ctx;
	size_t n = 0;
	bool good;

	memset(out, 0, BSG_SHA256_LEN);
	if (key_len < 16)
		return bsg_fail(err, BSG_E_BUG, "HMAC: key of %zu bytes", key_len);
	ctx = new_hmac();
	good = ctx != NULL && EVP_MAC_init(ctx, key, key_len, NULL) == 1 && EVP_MAC_update(ctx, data, len) == 1 &&
	       EVP_MAC_final(ctx, out, &n, BSG_SHA256_LEN) == 1 && n == BSG_SHA256_LEN;
	EVP_MAC_CTX_free(ctx);
	return good ? BSG_OK : bsg_ossl_fail(err, "HMAC-SHA-256");
}
