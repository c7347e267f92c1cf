/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys. */
#include "crypto/rsa.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto/ossl.h"

int bsg_rsa_bits(EVP_PKEY *key)
{
	return key != NULL && EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_get_bits(key) : 0;
}

int bsg_rsa_is_allowed(EVP_PKEY *key)
{
	int bits = bsg_rsa_bits(key);
	BIGNUM *e = NULL;
	int ok;

	if (bits < BSG_RSA_BITS_MIN || bits > BSG_RSA_BITS_MAX)
		return 0;
	/* Small exponents make weak signatures, long ones slow ones (FIPS 186-5 A.1.1). */
	ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) &&
	     BN_num_bits(e) >= 17 && BN_num_bits(e) <= 64;
	BN_free(e);
	return ok;
}

/* Take @pkey, which may be NULL, whatever it is; keep it if it is an RSA key of ours. */
static enum bsg_err wrap(EVP_PKEY *pkey, const char *what, struct bsg_rsa_key **out,
			 struct bsg_error *err)
{
	struct bsg_rsa_key *key;

	if (pkey == NULL)
		return bsg_ossl_fail(err, what);
	if (!bsg_rsa_is_allowed(pkey)) {
		EVP_PKEY_free(pkey);
		(void)bsg_ossl_fail(NULL, "");
		return bsg_fail(err, BSG_E_CRYPTO, "%s: not RSA of %d to %d bits", what, BSG_RSA_BITS_MIN,
				BSG_RSA_BITS_MAX);
	}
	key = calloc(1, sizeof(*key));
	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: out of memory", what);
	}
	key->pkey = pkey;
	*out = key;
	return BSG_OK;
}

enum bsg_err bsg_rsa_generate(int bits, struct bsg_rsa_key **out, struct bsg_error *err)
{
	*out = NULL;
	if (bits < BSG_RSA_BITS_MIN || bits > BSG_RSA_BITS_MAX)
		return bsg_fail(err, BSG_E_INVALID, "RSA key of %d bits: %d to %d are allowed", bits,
				BSG_RSA_BITS_MIN, BSG_RSA_BITS_MAX);
	return wrap(EVP_RSA_gen((unsigned)bits), "make an RSA key", out, err);
}

enum bsg_err bsg_rsa_parse(const char *pem, size_t len, struct bsg_rsa_key **out,
			   struct bsg_error *err)
{
	EVP_PKEY *pkey;
	enum bsg_err rc;

	*out = NULL;
	pkey = bsg_ossl_private_pem(pem, len, &rc, err);
	return pkey == NULL ? rc : wrap(pkey, "private key", out, err);
}

enum bsg_err bsg_rsa_pem(const struct bsg_rsa_key *key, struct bsg_secret *out,
			 struct bsg_error *err)
{
	return bsg_ossl_pem_of_private(key->pkey, out, err);
}

enum bsg_err bsg_rsa_spki_sha256(const struct bsg_rsa_key *key, uint8_t out[static BSG_SHA256_LEN], struct bsg_error *err)
{
	unsigned char *spki = NULL;
	const int len = i2d_PUBKEY(key->pkey, &spki);
	enum bsg_err rc = len > 0 ? bsg_sha256(spki, (size_t)len, out, err) : bsg_ossl_fail(err, "RSA key");

	OPENSSL_free(spki);
	return rc;
}

void bsg_rsa_free(struct bsg_rsa_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

enum bsg_err bsg_rsa_self_signed(const struct bsg_rsa_key *key, const char *cn, int64_t not_before,
				 int64_t not_after, struct bsg_buf *der, struct bsg_error *err)
{
	static const struct bsg_cert_look look = {
		NULL, "critical,digitalSignature,keyEncipherment", NULL };
	struct bsg_cert_request request = {
		.look = &look,
		.cn = cn,
		.rsa = key->pkey,
		.not_before = not_before,
		.not_after = not_after,
		.issuer_key = key->pkey,
	};

	return bsg_cert_make(&request, der, err);
}
