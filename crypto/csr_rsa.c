/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate requests with RSA keys and a challenge, as SCEP carries them. */
#include "crypto/csr.h"

#include <string.h>

#include <openssl/objects.h>

#include "crypto/ossl.h"

static int add_challenge(X509_REQ *req, const char *challenge)
{
	return challenge == NULL ||
	       X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_UTF8,
					 (const unsigned char *)challenge, (int)strlen(challenge)) == 1;
}

enum bsg_err bsg_csr_make_rsa(const struct bsg_rsa_key *key, const char *cn, const char *challenge,
			      struct bsg_buf *out, struct bsg_error *err)
{
	unsigned char *der = NULL;
	X509_REQ *req;
	enum bsg_err rc;

	if (challenge != NULL && (challenge[0] == '\0' || strlen(challenge) > BSG_CSR_CHALLENGE_MAX))
		return bsg_fail(err, BSG_E_INVALID, "certificate request: a challenge has 1 to %d bytes",
				BSG_CSR_CHALLENGE_MAX);
	req = X509_REQ_new();
	if (req == NULL || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), NID_commonName, MBSTRING_UTF8,
				       (const unsigned char *)cn, -1, -1, 0) != 1 ||
	    X509_REQ_set_pubkey(req, key->pkey) != 1 || !add_challenge(req, challenge) ||
	    X509_REQ_sign(req, key->pkey, EVP_sha256()) <= 0)
		rc = bsg_ossl_fail(err, "make certificate request");
	else
		rc = bsg_ossl_der(out, i2d_X509_REQ(req, &der), &der, "encode certificate request", err);
	X509_REQ_free(req);
	return rc;
}

static int is_rsa_signature(const X509_REQ *req)
{
	switch (X509_REQ_get_signature_nid(req)) {
	case NID_sha1WithRSAEncryption:
	case NID_sha256WithRSAEncryption:
	case NID_sha384WithRSAEncryption:
	case NID_sha512WithRSAEncryption:
		return 1;
	default:
		return 0;
	}
}

/* Parameters of the signature stand outside of what is signed: RSA has none (RFC 4055 section 5), PSS what it needs. */
static int has_plain_signature(const X509_REQ *req)
{
	const ASN1_BIT_STRING *signature = NULL;
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *oid = NULL;
	int type = V_ASN1_UNDEF;

	X509_REQ_get0_signature(req, &signature, &algorithm);
	X509_ALGOR_get0(&oid, &type, NULL, algorithm);
	return !is_rsa_signature(req) || type == V_ASN1_NULL || type == V_ASN1_UNDEF;
}

X509_REQ *bsg_ossl_signed_csr(struct bsg_bytes der, enum bsg_err *rc, struct bsg_error *err)
{
	const unsigned char *at = der.ptr;
	X509_REQ *req;
	EVP_PKEY *key;

	if (der.len > BSG_CSR_MAX) {
		*rc = bsg_fail(err, BSG_E_LIMIT, "certificate request larger than %d bytes", BSG_CSR_MAX);
		return NULL;
	}
	req = der.len == 0 ? NULL : d2i_X509_REQ(NULL, &at, (long)der.len);
	if (req == NULL) {
		*rc = bsg_ossl_fail(err, "read certificate request");
		return NULL;
	}
	key = X509_REQ_get0_pubkey(req);
	if (at != der.ptr + der.len)
		*rc = bsg_fail(err, BSG_E_CRYPTO, "certificate request: bytes after its end");
	else if (key == NULL || !has_plain_signature(req) || X509_REQ_verify(req, key) != 1)
		*rc = bsg_ossl_fail(err, "certificate request: its signature does not hold");
	else
		return req;
	X509_REQ_free(req);
	return NULL;
}

/* The challenge, if there is one: one attribute with one value, a string (RFC 2985 section 5.4.1). */
static enum bsg_err take_challenge(const X509_REQ *req, struct bsg_secret *out, struct bsg_error *err)
{
	int at = X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, -1);
	X509_ATTRIBUTE *attribute;
	const ASN1_TYPE *value;
	int type;
	int len;

	if (at < 0)
		return BSG_OK;
	attribute = X509_REQ_get_attr(req, at);
	value = X509_ATTRIBUTE_count(attribute) == 1 ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
	type = value == NULL ? V_ASN1_UNDEF : ASN1_TYPE_get(value);
	if (X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, at) >= 0 ||
	    (type != V_ASN1_PRINTABLESTRING && type != V_ASN1_UTF8STRING && type != V_ASN1_IA5STRING &&
	     type != V_ASN1_T61STRING))
		return bsg_fail(err, BSG_E_INVALID, "certificate request: its challenge is not one string");
	len = ASN1_STRING_length(value->value.asn1_string);
	if (len < 1 || len > BSG_CSR_CHALLENGE_MAX)
		return bsg_fail(err, BSG_E_INVALID, "certificate request: a challenge of %d bytes, 1 to %d are allowed",
				len, BSG_CSR_CHALLENGE_MAX);
	return bsg_secret_copy(ASN1_STRING_get0_data(value->value.asn1_string), (size_t)len, out, err);
}

static enum bsg_err judge(X509_REQ *req, struct bsg_rsa_request *out, struct bsg_error *err)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	unsigned char *spki = NULL;
	enum bsg_err rc;
	int len;

	out->bits = bsg_rsa_bits(key);
	if (out->bits == 0)
		return bsg_fail(err, BSG_E_DENIED, "certificate request: its key is not RSA");
	if (!is_rsa_signature(req))
		return bsg_fail(err, BSG_E_DENIED, "certificate request: not signed by RSA with SHA-1 or SHA-2");
	if (!bsg_rsa_is_allowed(key)) {
		(void)bsg_ossl_fail(NULL, "");
		return bsg_fail(err, BSG_E_INVALID, "certificate request: RSA key of %d bits, %d to %d with an "
				"exponent of 17 to 64 bits are allowed", out->bits, BSG_RSA_BITS_MIN, BSG_RSA_BITS_MAX);
	}
	len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &spki);
	if (len <= 0)
		return bsg_ossl_fail(err, "certificate request: its key");
	rc = bsg_sha256(spki, (size_t)len, out->spki_sha256, err);
	OPENSSL_free(spki);
	return rc != BSG_OK ? rc : take_challenge(req, &out->challenge, err);
}

enum bsg_err bsg_csr_verify_rsa(struct bsg_bytes der, struct bsg_rsa_request *out,
				struct bsg_error *err)
{
	X509_REQ *req;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	req = bsg_ossl_signed_csr(der, &rc, err);
	if (req == NULL)
		return rc;
	rc = judge(req, out, err);
	if (rc != BSG_OK)
		bsg_rsa_request_free(out);
	X509_REQ_free(req);
	return rc;
}

void bsg_rsa_request_free(struct bsg_rsa_request *request)
{
	bsg_secret_free(&request->challenge);
	memset(request, 0, sizeof(*request));
}
