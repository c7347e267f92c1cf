/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate requests. */
#include "crypto/csr.h"

#include <string.h>

#include <openssl/objects.h>

#include "crypto/ossl.h"

enum bsg_err bsg_csr_make(const struct bsg_key *key, const char *cn, struct bsg_buf *out,
			  struct bsg_error *err)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	enum bsg_err rc;

	if (req == NULL || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), NID_commonName, MBSTRING_UTF8,
				       (const unsigned char *)cn, -1, -1, 0) != 1 ||
	    X509_REQ_set_pubkey(req, key->pkey) != 1 ||
	    X509_REQ_sign(req, key->pkey, EVP_sha256()) <= 0)
		rc = bsg_ossl_fail(err, "make certificate request");
	else
		rc = bsg_ossl_der(out, i2d_X509_REQ(req, &der), &der, "encode certificate request", err);
	X509_REQ_free(req);
	return rc;
}

static int signed_by_ecdsa_sha256(const X509_REQ *req)
{
	const ASN1_BIT_STRING *signature = NULL;
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *oid = NULL;

	X509_REQ_get0_signature(req, &signature, &algorithm);
	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	return OBJ_obj2nid(oid) == NID_ecdsa_with_SHA256;
}

static enum bsg_err check(X509_REQ *req, struct bsg_public_key *out, struct bsg_error *err)
{
	unsigned char *spki = NULL;
	EVP_PKEY *pkey;
	enum bsg_err rc;
	int len;

	len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &spki);
	if (len <= 0)
		return bsg_ossl_fail(err, "certificate request");
	rc = bsg_public_key_from_spki((struct bsg_bytes){ spki, (size_t)len }, out, err);
	OPENSSL_free(spki);
	if (rc != BSG_OK)
		return rc;
	if (!signed_by_ecdsa_sha256(req))
		return bsg_fail(err, BSG_E_CRYPTO, "certificate request: not signed by ECDSA with SHA-256");
	pkey = X509_REQ_get0_pubkey(req);
	if (pkey == NULL || X509_REQ_verify(req, pkey) != 1)
		return bsg_ossl_fail(err, "certificate request: its signature does not hold");
	return BSG_OK;
}

enum bsg_err bsg_csr_verify(struct bsg_bytes der, struct bsg_public_key *out,
			    struct bsg_error *err)
{
	const unsigned char *at = der.ptr;
	X509_REQ *req;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	if (der.len > BSG_CSR_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "certificate request larger than %d bytes", BSG_CSR_MAX);
	req = der.len == 0 ? NULL : d2i_X509_REQ(NULL, &at, (long)der.len);
	if (req == NULL)
		return bsg_ossl_fail(err, "read certificate request");
	if (at != der.ptr + der.len)
		rc = bsg_fail(err, BSG_E_CRYPTO, "certificate request: bytes after its end");
	else
		rc = check(req, out, err);
	if (rc != BSG_OK)
		memset(out, 0, sizeof(*out));
	X509_REQ_free(req);
	return rc;
}
