/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EnvelopedData, as PKCS#7 1.5 has it: that one cannot express what SCEP does not use
 * (key agreement, passwords), and shows its algorithms before anything is decrypted.
 *
 * A wrong key and a wrong padding of it are told apart by nobody: OpenSSL goes on with a
 * random key (Bleichenbacher's attack, RFC 3218), and our callers have one answer for all
 * that comes after (A41).
 */
#include "crypto/cms.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/provider.h>

#include "crypto/ossl.h"

static const struct {
	int nid;
	enum bsg_cms_cipher is;
	const EVP_CIPHER *(*get)(void);
} ciphers[] = {
	{ NID_des_cbc, BSG_CMS_DES, EVP_des_cbc },
	{ NID_des_ede3_cbc, BSG_CMS_DES3, EVP_des_ede3_cbc },
	{ NID_aes_128_cbc, BSG_CMS_AES128, EVP_aes_128_cbc },
	{ NID_aes_192_cbc, BSG_CMS_AES192, EVP_aes_192_cbc },
	{ NID_aes_256_cbc, BSG_CMS_AES256, EVP_aes_256_cbc },
};

/* OpenSSL's old algorithms live apart from the rest of the process, and only from the first need on. */
static CRYPTO_ONCE legacy_once = CRYPTO_ONCE_STATIC_INIT;
static OSSL_LIB_CTX *legacy_context;

static void load_legacy(void)
{
	OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();

	if (context != NULL && OSSL_PROVIDER_load(context, "default") != NULL &&
	    OSSL_PROVIDER_load(context, "legacy") != NULL)
		legacy_context = context;
	else
		OSSL_LIB_CTX_free(context);
}

/* The context for a cipher: NULL is OpenSSL's own. */
static enum bsg_err context_of(enum bsg_cms_cipher cipher, OSSL_LIB_CTX **out, struct bsg_error *err)
{
	*out = NULL;
	if (cipher != BSG_CMS_DES)
		return BSG_OK;
	if (CRYPTO_THREAD_run_once(&legacy_once, load_legacy) != 1 || legacy_context == NULL) {
		(void)bsg_ossl_fail(NULL, "");
		return bsg_fail(err, BSG_E_UNAVAILABLE, "single DES needs OpenSSL's legacy provider: legacy.so is missing");
	}
	*out = legacy_context;
	return BSG_OK;
}

static enum bsg_cms_cipher cipher_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *oid = NULL;

	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].nid == OBJ_obj2nid(oid))
			return ciphers[i].is;
	return BSG_CMS_OTHER_CIPHER;
}

static bool has_one_rsa_recipient(const PKCS7 *p7)
{
	const STACK_OF(PKCS7_RECIP_INFO) *recipients = p7->d.enveloped->recipientinfo;
	const ASN1_OBJECT *oid = NULL;

	if (sk_PKCS7_RECIP_INFO_num(recipients) != 1)
		return false;
	X509_ALGOR_get0(&oid, NULL, NULL, sk_PKCS7_RECIP_INFO_value(recipients, 0)->key_enc_algor);
	return OBJ_obj2nid(oid) == NID_rsaEncryption;
}

/* An EnvelopedData around data, to one RSA recipient; NULL on failure, @err filled. */
static PKCS7 *read_enveloped(struct bsg_bytes der, OSSL_LIB_CTX *context, enum bsg_err *rc,
			     struct bsg_error *err)
{
	const unsigned char *at = der.ptr;
	PKCS7 *p7;

	if (der.len > BSG_CMS_MAX) {
		*rc = bsg_fail(err, BSG_E_LIMIT, "EnvelopedData larger than %d bytes", BSG_CMS_MAX);
		return NULL;
	}
	p7 = PKCS7_new_ex(context, NULL);
	if (p7 == NULL) {
		*rc = bsg_ossl_fail(err, "EnvelopedData");
		return NULL;
	}
	/* On failure it frees @p7 and says NULL. */
	p7 = der.len == 0 ? (PKCS7_free(p7), NULL) : d2i_PKCS7(&p7, &at, (long)der.len);
	if (p7 != NULL && at == der.ptr + der.len && PKCS7_type_is_enveloped(p7) && p7->d.enveloped != NULL &&
	    OBJ_obj2nid(p7->d.enveloped->enc_data->content_type) == NID_pkcs7_data &&
	    p7->d.enveloped->enc_data->enc_data != NULL && has_one_rsa_recipient(p7))
		return p7;
	PKCS7_free(p7);
	(void)bsg_ossl_fail(NULL, "");
	*rc = bsg_fail(err, BSG_E_INVALID, "no EnvelopedData of data to one RSA recipient, or bytes after its end");
	return NULL;
}

static bool is_for(const PKCS7 *p7, X509 *cert)
{
	const PKCS7_RECIP_INFO *to = sk_PKCS7_RECIP_INFO_value(p7->d.enveloped->recipientinfo, 0);

	return X509_NAME_cmp(to->issuer_and_serial->issuer, X509_get_issuer_name(cert)) == 0 &&
	       ASN1_INTEGER_cmp(to->issuer_and_serial->serial, X509_get0_serialNumber(cert)) == 0;
}

enum bsg_err bsg_cms_read_envelope(struct bsg_bytes der, struct bsg_bytes recipient,
				   struct bsg_cms_envelope *out, struct bsg_error *err)
{
	enum bsg_err rc;
	X509 *cert;
	PKCS7 *p7;

	memset(out, 0, sizeof(*out));
	cert = bsg_ossl_cert(recipient, &rc, err);
	if (cert == NULL)
		return rc;
	p7 = read_enveloped(der, NULL, &rc, err);
	if (p7 != NULL) {
		out->cipher = cipher_of(p7->d.enveloped->enc_data->algorithm);
		out->is_for_us = is_for(p7, cert);
	}
	(void)bsg_ossl_fail(NULL, "");
	PKCS7_free(p7);
	X509_free(cert);
	return rc;
}

/* The content of one that is for @cert and of a cipher that is accepted. */
static enum bsg_err open_it(const struct bsg_rsa_key *key, X509 *cert, PKCS7 *p7,
			    struct bsg_secret *out, struct bsg_error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	enum bsg_err rc;
	long len;

	if (bio == NULL || PKCS7_decrypt(p7, key->pkey, cert, bio, PKCS7_BINARY) != 1) {
		rc = bsg_ossl_fail(err, "EnvelopedData does not open");
	} else {
		len = BIO_get_mem_data(bio, &text);
		rc = bsg_secret_copy(text, len > 0 ? (size_t)len : 0, out, err);
	}
	BIO_free(bio);		/* clears what it held */
	return rc;
}

enum bsg_err bsg_cms_decrypt(const struct bsg_rsa_key *key, struct bsg_bytes cert_der,
			     struct bsg_bytes der, bool legacy, struct bsg_secret *out,
			     struct bsg_error *err)
{
	struct bsg_cms_envelope envelope;
	OSSL_LIB_CTX *context = NULL;
	X509 *cert = NULL;
	PKCS7 *p7 = NULL;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	rc = bsg_cms_read_envelope(der, cert_der, &envelope, err);
	if (rc != BSG_OK)
		return rc;
	if (!envelope.is_for_us)
		return bsg_fail(err, BSG_E_NOT_FOUND, "EnvelopedData for another certificate");
	if (envelope.cipher == BSG_CMS_OTHER_CIPHER || (envelope.cipher < BSG_CMS_AES128 && !legacy))
		return bsg_fail(err, BSG_E_DENIED, "EnvelopedData: a cipher that is not accepted");
	rc = context_of(envelope.cipher, &context, err);
	if (rc == BSG_OK)
		cert = bsg_ossl_cert(cert_der, &rc, err);
	if (rc == BSG_OK)
		p7 = read_enveloped(der, context, &rc, err);
	if (rc == BSG_OK)
		rc = open_it(key, cert, p7, out, err);
	PKCS7_free(p7);
	X509_free(cert);
	return rc;
}

static enum bsg_err encrypt(X509 *cert, struct bsg_bytes content, const EVP_CIPHER *cipher,
			    OSSL_LIB_CTX *context, struct bsg_buf *out, struct bsg_error *err)
{
	STACK_OF(X509) *to = sk_X509_new_null();
	BIO *in = BIO_new_mem_buf(content.len > 0 ? content.ptr : (const uint8_t *)"", (int)content.len);
	unsigned char *der = NULL;
	PKCS7 *p7 = NULL;
	enum bsg_err rc;

	if (to != NULL && in != NULL && sk_X509_push(to, cert) > 0)
		p7 = PKCS7_encrypt_ex(to, in, cipher, PKCS7_BINARY, context, NULL);
	if (p7 == NULL)
		rc = bsg_ossl_fail(err, "encrypt EnvelopedData");
	else
		rc = bsg_ossl_der(out, i2d_PKCS7(p7, &der), &der, "encrypt EnvelopedData", err);
	PKCS7_free(p7);
	BIO_free(in);
	sk_X509_free(to);
	return rc;
}

enum bsg_err bsg_cms_encrypt(struct bsg_bytes recipient, struct bsg_bytes content,
			     enum bsg_cms_cipher cipher, struct bsg_buf *out, struct bsg_error *err)
{
	const EVP_CIPHER *evp = NULL;
	OSSL_LIB_CTX *context = NULL;
	enum bsg_err rc;
	X509 *cert;

	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].is == cipher)
			evp = ciphers[i].get();
	if (evp == NULL)
		return bsg_fail(err, BSG_E_INVALID, "encrypt: no such cipher");
	if (content.len > BSG_CMS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "encrypt: more than %d bytes", BSG_CMS_MAX);
	cert = bsg_ossl_cert(recipient, &rc, err);
	if (cert == NULL)
		return rc;
	if (!bsg_rsa_is_allowed(X509_get0_pubkey(cert))) {
		(void)bsg_ossl_fail(NULL, "");
		rc = bsg_fail(err, BSG_E_INVALID, "encrypt: the recipient's key is not RSA of %d to %d bits",
			      BSG_RSA_BITS_MIN, BSG_RSA_BITS_MAX);
	} else {
		rc = context_of(cipher, &context, err);
	}
	if (rc == BSG_OK)
		rc = encrypt(cert, content, evp, context, out, err);
	X509_free(cert);
	return rc;
}
