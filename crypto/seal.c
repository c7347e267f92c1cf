/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets encrypted to a certificate: CMS AuthEnvelopedData, ECDH with P-256, AES-256-GCM. */
#include <string.h>

#include <openssl/cms.h>

#include "crypto/ossl.h"

#define SEALED_MAX (BSG_SEAL_MAX + 1024)

/* The default of CMS is SHA-1 in the key derivation; ours is SHA-256. */
static int add_recipient(CMS_ContentInfo *cms, X509 *cert)
{
	CMS_RecipientInfo *to = CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM);
	EVP_PKEY_CTX *ctx = to == NULL ? NULL : CMS_RecipientInfo_get0_pkey_ctx(to);

	return ctx != NULL && EVP_PKEY_CTX_ctrl_str(ctx, "ecdh_kdf_md", "sha256") == 1;
}

enum bsg_err bsg_seal(struct bsg_bytes recipient, struct bsg_bytes secret, struct bsg_buf *out,
		      struct bsg_error *err)
{
	const unsigned int flags = CMS_BINARY | CMS_PARTIAL;
	CMS_ContentInfo *cms = NULL;
	unsigned char *der = NULL;
	BIO *in = NULL;
	enum bsg_err rc;
	X509 *cert;

	if (secret.len > BSG_SEAL_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "secret larger than %d bytes", BSG_SEAL_MAX);
	cert = bsg_ossl_cert(recipient, &rc, err);
	if (cert == NULL)
		return rc;
	in = BIO_new_mem_buf(secret.ptr, (int)secret.len);
	cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags);
	if (in == NULL || cms == NULL || !add_recipient(cms, cert) ||
	    CMS_final(cms, in, NULL, CMS_BINARY) != 1)
		rc = bsg_ossl_fail(err, "encrypt secret");
	else
		rc = bsg_ossl_der(out, i2d_CMS_ContentInfo(cms, &der), &der, "encrypt secret", err);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	X509_free(cert);
	return rc;
}

enum bsg_err bsg_unseal(EVP_PKEY *key, struct bsg_bytes cert_der, struct bsg_bytes sealed,
			struct bsg_secret *out, struct bsg_error *err)
{
	const unsigned char *at = sealed.ptr;
	CMS_ContentInfo *cms = NULL;
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	enum bsg_err rc;
	long len;
	X509 *cert;

	memset(out, 0, sizeof(*out));
	cert = bsg_ossl_cert(cert_der, &rc, err);
	if (cert == NULL)
		goto out;
	if (sealed.len > SEALED_MAX) {
		rc = bsg_fail(err, BSG_E_LIMIT, "sealed secret larger than %d bytes", SEALED_MAX);
		goto out;
	}
	cms = sealed.len == 0 ? NULL : d2i_CMS_ContentInfo(NULL, &at, (long)sealed.len);
	if (cms == NULL || bio == NULL || at != sealed.ptr + sealed.len ||
	    OBJ_obj2nid(CMS_get0_type(cms)) != NID_id_smime_ct_authEnvelopedData ||
	    CMS_decrypt(cms, key, cert, NULL, bio, CMS_BINARY) != 1) {
		rc = bsg_ossl_fail(err, "decrypt secret");
		goto out;
	}
	len = BIO_get_mem_data(bio, &text);
	rc = bsg_secret_copy(text, (size_t)len, out, err);
out:
	BIO_free(bio);		/* clears what it held */
	CMS_ContentInfo_free(cms);
	X509_free(cert);
	return rc;
}
