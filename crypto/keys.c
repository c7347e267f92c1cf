/* SPDX-License-Identifier: Apache-2.0 */
/* P-256 keys and ES256. */
#include "crypto/keys.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "crypto/ossl.h"

#define PEM_MAX 32768	/* certificates may lie in the same file */

/* All P-256 keys begin so: id-ecPublicKey, prime256v1, 66 bytes of point, uncompressed (RFC 5480). */
static const uint8_t spki_head[BSG_SPKI_X] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
	0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
};

EVP_PKEY *bsg_ossl_public(const struct bsg_public_key *key)
{
	const unsigned char *at = key->spki;

	if (memcmp(key->spki, spki_head, sizeof(spki_head)) != 0)
		return NULL;
	return d2i_PUBKEY(NULL, &at, BSG_SPKI_LEN);	/* checks that the point is on the curve */
}

enum bsg_err bsg_public_key_from_spki(struct bsg_bytes spki, struct bsg_public_key *out,
				      struct bsg_error *err)
{
	EVP_PKEY *pkey;

	memset(out, 0, sizeof(*out));
	if (spki.len != BSG_SPKI_LEN || memcmp(spki.ptr, spki_head, sizeof(spki_head)) != 0)
		return bsg_fail(err, BSG_E_CRYPTO, "public key: not P-256, or not as an uncompressed "
				"point of the named curve");
	memcpy(out->spki, spki.ptr, BSG_SPKI_LEN);
	pkey = bsg_ossl_public(out);
	if (pkey == NULL) {
		memset(out, 0, sizeof(*out));
		return bsg_ossl_fail(err, "public key");
	}
	EVP_PKEY_free(pkey);
	return BSG_OK;
}

enum bsg_err bsg_public_key_from_xy(const uint8_t x[static 32], const uint8_t y[static 32],
				    struct bsg_public_key *out, struct bsg_error *err)
{
	uint8_t spki[BSG_SPKI_LEN];
	struct bsg_bytes bytes = { spki, sizeof(spki) };

	memcpy(spki, spki_head, sizeof(spki_head));
	memcpy(spki + BSG_SPKI_X, x, 32);
	memcpy(spki + BSG_SPKI_Y, y, 32);
	return bsg_public_key_from_spki(bytes, out, err);
}

/* Take @pkey, which may be NULL, whatever it is; keep it if it is a P-256 key. */
static enum bsg_err wrap(EVP_PKEY *pkey, const char *what, struct bsg_key **out,
			 struct bsg_error *err)
{
	unsigned char *spki = NULL;
	struct bsg_key *key = NULL;
	enum bsg_err rc;
	int len;

	if (pkey == NULL)
		return bsg_ossl_fail(err, what);
	len = i2d_PUBKEY(pkey, &spki);
	if (len <= 0) {
		rc = bsg_ossl_fail(err, what);
		goto out;
	}
	key = calloc(1, sizeof(*key));
	if (key == NULL) {
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "%s: out of memory", what);
		goto out;
	}
	rc = bsg_public_key_from_spki((struct bsg_bytes){ spki, (size_t)len }, &key->pub, err);
	if (rc != BSG_OK)
		goto out;
	key->pkey = pkey;
	pkey = NULL;
	*out = key;
	key = NULL;
out:
	OPENSSL_free(spki);
	free(key);
	EVP_PKEY_free(pkey);
	return rc;
}

enum bsg_err bsg_key_generate(struct bsg_key **out, struct bsg_error *err)
{
	*out = NULL;
	return wrap(EVP_EC_gen("P-256"), "make a key", out, err);
}

/* Without this, OpenSSL asks for a passphrase on the terminal. */
static int refuse_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

EVP_PKEY *bsg_ossl_private_pem(const char *pem, size_t len, enum bsg_err *rc, struct bsg_error *err)
{
	EVP_PKEY *pkey;
	BIO *in;

	if (len > PEM_MAX) {
		*rc = bsg_fail(err, BSG_E_CRYPTO, "private key: more than %d bytes", PEM_MAX);
		return NULL;
	}
	in = BIO_new_mem_buf(pem, (int)len);
	pkey = in == NULL ? NULL : PEM_read_bio_PrivateKey(in, NULL, refuse_passphrase, NULL);
	*rc = pkey == NULL ? bsg_ossl_fail(err, "private key") : BSG_OK;
	BIO_free(in);
	return pkey;
}

enum bsg_err bsg_key_parse(const char *pem, size_t len, struct bsg_key **out,
			   struct bsg_error *err)
{
	enum bsg_err rc;
	EVP_PKEY *pkey;

	*out = NULL;
	pkey = bsg_ossl_private_pem(pem, len, &rc, err);
	return pkey == NULL ? rc : wrap(pkey, "private key", out, err);
}

enum bsg_err bsg_key_load(const char *path, struct bsg_key **out, struct bsg_error *err)
{
	struct bsg_error why = { 0 };
	struct bsg_secret pem;
	enum bsg_err rc;

	*out = NULL;
	rc = bsg_secret_read(path, PEM_MAX, &pem, err);
	if (rc == BSG_E_LIMIT)
		return bsg_fail(err, BSG_E_CRYPTO, "%s is too large for a private key", path);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_key_parse((const char *)pem.data, pem.len, out, &why);
	if (rc != BSG_OK)
		(void)bsg_fail(err, rc, "%s: %s", path, why.text);
	bsg_secret_free(&pem);
	return rc;
}

enum bsg_err bsg_ossl_pem_of_private(EVP_PKEY *key, struct bsg_secret *out, struct bsg_error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	enum bsg_err rc = BSG_OK;
	long len;

	memset(out, 0, sizeof(*out));
	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		rc = bsg_ossl_fail(err, "write private key");
	if (rc == BSG_OK) {
		len = BIO_get_mem_data(bio, &text);
		rc = bsg_secret_copy(text, (size_t)len, out, err);
	}
	BIO_free(bio);		/* clears what it held */
	return rc;
}

enum bsg_err bsg_key_pem(const struct bsg_key *key, struct bsg_secret *out, struct bsg_error *err)
{
	return bsg_ossl_pem_of_private(key->pkey, out, err);
}

enum bsg_err bsg_key_save(const struct bsg_key *key, const char *path, struct bsg_error *err)
{
	struct bsg_secret pem;
	enum bsg_err rc = bsg_key_pem(key, &pem, err);

	if (rc == BSG_OK)
		rc = bsg_file_replace(path, pem.data, pem.len, 0600, err);
	bsg_secret_free(&pem);
	return rc;
}

void bsg_key_public(const struct bsg_key *key, struct bsg_public_key *out)
{
	*out = key->pub;
}

void bsg_key_free(struct bsg_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* DER's SEQUENCE of r and s, as OpenSSL wants it, to 64 bytes, as COSE wants it. */
static int raw_of_der(const unsigned char *der, size_t len, uint8_t out[static BSG_SIGNATURE_LEN])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	int ok = sig != NULL &&
		 BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
		 BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32;

	ECDSA_SIG_free(sig);
	return ok;
}

/* Returns the length of *der, which the caller frees with OPENSSL_free(); <= 0 on failure. */
static int der_of_raw(const uint8_t raw[static BSG_SIGNATURE_LEN], unsigned char **der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, 32, NULL);
	BIGNUM *s = BN_bin2bn(raw + 32, 32, NULL);
	int len = -1;

	*der = NULL;
	if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = NULL;	/* sig owns them now */
		s = NULL;
		len = i2d_ECDSA_SIG(sig, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return len;
}

enum bsg_err bsg_key_sign(const struct bsg_key *key, struct bsg_bytes data,
			  uint8_t out[static BSG_SIGNATURE_LEN], struct bsg_error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[80];
	size_t len = sizeof(der);
	enum bsg_err rc = BSG_OK;

	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) != 1 ||
	    EVP_DigestSign(ctx, der, &len, data.ptr, data.len) != 1 || !raw_of_der(der, len, out)) {
		memset(out, 0, BSG_SIGNATURE_LEN);
		rc = bsg_ossl_fail(err, "sign");
	}
	EVP_MD_CTX_free(ctx);
	return rc;
}

enum bsg_err bsg_public_key_verify(const struct bsg_public_key *key, struct bsg_bytes data,
				   const uint8_t signature[static BSG_SIGNATURE_LEN],
				   struct bsg_error *err)
{
	EVP_PKEY *pkey = bsg_ossl_public(key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	enum bsg_err rc = BSG_OK;
	int len = der_of_raw(signature, &der);
	int ok = -1;

	if (pkey != NULL && ctx != NULL && len > 0 &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1)
		ok = EVP_DigestVerify(ctx, der, (size_t)len, data.ptr, data.len);
	if (ok == 0)
		rc = bsg_fail(err, BSG_E_CRYPTO, "the signature does not hold");
	else if (ok != 1)
		rc = bsg_ossl_fail(err, "verify signature");
	if (rc != BSG_OK)
		(void)bsg_ossl_fail(NULL, "");	/* a mismatch may leave entries behind too */
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return rc;
}
