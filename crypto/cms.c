/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, verifying and making SignedData. */
#include "crypto/cms.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/cms.h>
#include <openssl/objects.h>

#include "base/timetext.h"
#include "crypto/ossl.h"
#include "crypto/x509.h"

struct bsg_cms {
	CMS_ContentInfo *cms;
	CMS_SignerInfo *signer;		/* of @cms */
	EVP_PKEY *key;			/* of the signer's certificate, likewise */
	struct bsg_buf cert;
	enum bsg_cms_digest digest;
};

static const struct {
	int digest;
	int with_rsa;
	enum bsg_cms_digest is;
} digests[] = {
	{ NID_sha1, NID_sha1WithRSAEncryption, BSG_CMS_SHA1 },
	{ NID_sha256, NID_sha256WithRSAEncryption, BSG_CMS_SHA256 },
	{ NID_sha384, NID_sha384WithRSAEncryption, BSG_CMS_SHA384 },
	{ NID_sha512, NID_sha512WithRSAEncryption, BSG_CMS_SHA512 },
};

static const EVP_MD *md_of(enum bsg_cms_digest digest)
{
	switch (digest) {
	case BSG_CMS_SHA1:
		return EVP_sha1();
	case BSG_CMS_SHA256:
		return EVP_sha256();
	case BSG_CMS_SHA384:
		return EVP_sha384();
	case BSG_CMS_SHA512:
		return EVP_sha512();
	case BSG_CMS_OTHER_DIGEST:
	default:
		return NULL;
	}
}

static int nid_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *oid = NULL;

	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	return OBJ_obj2nid(oid);
}

/* The digest, unless the algorithm of the signature is another than RSA with that digest. */
static enum bsg_cms_digest digest_of(const X509_ALGOR *digest, const X509_ALGOR *signature)
{
	int signed_by = nid_of(signature);

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (digests[i].digest == nid_of(digest) &&
		    (signed_by == NID_rsaEncryption || signed_by == digests[i].with_rsa))
			return digests[i].is;
	return BSG_CMS_OTHER_DIGEST;
}

static enum bsg_err refuse(struct bsg_error *err, const char *why)
{
	(void)bsg_ossl_fail(NULL, "");
	return bsg_fail(err, BSG_E_INVALID, "SignedData: %s", why);
}

/* Each attribute once and with one value, contentType among them and true (RFC 5652 section 5.3). */
static enum bsg_err check_attributes(const CMS_SignerInfo *signer, struct bsg_error *err)
{
	int n = CMS_signed_get_attr_count(signer);
	const ASN1_OBJECT *type;

	if (n < 1 || n > BSG_CMS_ATTRS_MAX)
		return refuse(err, "no signed attributes, or too many");
	for (int i = 0; i < n; i++) {
		X509_ATTRIBUTE *attribute = CMS_signed_get_attr(signer, i);
		const ASN1_OBJECT *oid = X509_ATTRIBUTE_get0_object(attribute);

		if (X509_ATTRIBUTE_count(attribute) != 1 || CMS_signed_get_attr_by_OBJ(signer, oid, i) >= 0)
			return refuse(err, "an attribute twice, or with more than one value");
	}
	type = CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);
	if (type == NULL || OBJ_obj2nid(type) != NID_pkcs7_data)
		return refuse(err, "its attribute contentType is not data");
	return BSG_OK;
}

static enum bsg_err check_certs(CMS_ContentInfo *cms, struct bsg_error *err)
{
	STACK_OF(X509) *certs = CMS_get1_certs(cms);
	STACK_OF(X509_CRL) *crls = CMS_get1_crls(cms);
	bool ok = certs != NULL && sk_X509_num(certs) >= 1 && sk_X509_num(certs) <= BSG_CMS_CERTS_MAX && crls == NULL;

	sk_X509_pop_free(certs, X509_free);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return ok ? BSG_OK : refuse(err, "no certificate, too many, or a CRL");
}

/* Keep the signer's certificate and what the signature is made of. */
static enum bsg_err take_signer(struct bsg_cms *cms, struct bsg_error *err)
{
	X509_ALGOR *digest = NULL;
	X509_ALGOR *signature = NULL;
	X509 *cert = NULL;
	unsigned char *der = NULL;

	if (CMS_set1_signers_certs(cms->cms, NULL, 0) < 0)
		return refuse(err, "its signer cannot be found");
	CMS_SignerInfo_get0_algs(cms->signer, NULL, &cert, &digest, &signature);
	if (cert == NULL)
		return refuse(err, "the signer's certificate is not in it");
	cms->digest = digest_of(digest, signature);
	cms->key = X509_get0_pubkey(cert);
	(void)bsg_ossl_fail(NULL, "");		/* a key that OpenSSL cannot read is refused by bsg_cms_verify() */
	return bsg_ossl_der(&cms->cert, i2d_X509(cert, &der), &der, "signer's certificate", err);
}

static enum bsg_err check(struct bsg_cms *cms, struct bsg_error *err)
{
	STACK_OF(CMS_SignerInfo) *signers;
	enum bsg_err rc;

	if (OBJ_obj2nid(CMS_get0_type(cms->cms)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms->cms)) != NID_pkcs7_data)
		return refuse(err, "another type of message or content");
	signers = CMS_get0_SignerInfos(cms->cms);
	if (signers == NULL || sk_CMS_SignerInfo_num(signers) != 1)
		return refuse(err, "not exactly one signer");
	cms->signer = sk_CMS_SignerInfo_value(signers, 0);
	rc = check_attributes(cms->signer, err);
	if (rc == BSG_OK)
		rc = check_certs(cms->cms, err);
	return rc != BSG_OK ? rc : take_signer(cms, err);
}

enum bsg_err bsg_cms_read(struct bsg_bytes der, struct bsg_cms **out, struct bsg_error *err)
{
	const unsigned char *at = der.ptr;
	struct bsg_cms *cms;
	enum bsg_err rc;

	*out = NULL;
	if (der.len > BSG_CMS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "SignedData larger than %d bytes", BSG_CMS_MAX);
	cms = calloc(1, sizeof(*cms));
	if (cms == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "SignedData: out of memory");
	bsg_buf_init(&cms->cert, BSG_CERT_MAX);
	cms->cms = der.len == 0 ? NULL : d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
	if (cms->cms == NULL || at != der.ptr + der.len)
		rc = refuse(err, "no CMS, or bytes after its end");
	else
		rc = check(cms, err);
	if (rc != BSG_OK)
		bsg_cms_free(cms);
	else
		*out = cms;
	return rc;
}

void bsg_cms_free(struct bsg_cms *cms)
{
	if (cms == NULL)
		return;
	CMS_ContentInfo_free(cms->cms);
	bsg_buf_free(&cms->cert);
	free(cms);
}

enum bsg_cms_digest bsg_cms_digest(const struct bsg_cms *cms)
{
	return cms->digest;
}

struct bsg_bytes bsg_cms_signer(const struct bsg_cms *cms)
{
	return (struct bsg_bytes){ cms->cert.data, cms->cert.len };
}

bool bsg_cms_is_attached(const struct bsg_cms *cms)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms->cms);

	return content != NULL && *content != NULL;
}

bool bsg_cms_attribute(const struct bsg_cms *cms, const char *oid, enum bsg_cms_type type,
		       struct bsg_bytes *value)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	const ASN1_STRING *string = NULL;

	memset(value, 0, sizeof(*value));
	if (object != NULL)
		string = CMS_signed_get0_data_by_OBJ(cms->signer, object, -3, (int)type);
	ASN1_OBJECT_free(object);
	(void)bsg_ossl_fail(NULL, "");
	if (string == NULL)
		return false;
	*value = (struct bsg_bytes){ ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string) };
	return true;
}

bool bsg_cms_signing_time(const struct bsg_cms *cms, int64_t *at)
{
	const ASN1_OBJECT *oid = OBJ_nid2obj(NID_pkcs9_signingTime);
	const ASN1_TIME *when = CMS_signed_get0_data_by_OBJ(cms->signer, oid, -3, V_ASN1_UTCTIME);
	struct tm tm;

	*at = 0;
	if (when == NULL)
		when = CMS_signed_get0_data_by_OBJ(cms->signer, oid, -3, V_ASN1_GENERALIZEDTIME);
	(void)bsg_ossl_fail(NULL, "");
	if (when == NULL || ASN1_TIME_to_tm(when, &tm) != 1) {
		(void)bsg_ossl_fail(NULL, "");
		return false;
	}
	*at = bsg_time_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 + tm.tm_hour * 3600 +
	      tm.tm_min * 60 + tm.tm_sec;
	return true;
}

static enum bsg_err check_algorithms(const struct bsg_cms *cms, bool sha1, struct bsg_error *err)
{
	if (cms->digest == BSG_CMS_OTHER_DIGEST || (cms->digest == BSG_CMS_SHA1 && !sha1))
		return bsg_fail(err, BSG_E_DENIED, "SignedData: signed by %s",
				cms->digest == BSG_CMS_SHA1 ? "SHA-1" : "an algorithm that is not accepted");
	if (!bsg_rsa_is_allowed(cms->key)) {
		(void)bsg_ossl_fail(NULL, "");
		return bsg_fail(err, BSG_E_DENIED, "SignedData: the signer's key is not RSA of %d to %d bits",
				BSG_RSA_BITS_MIN, BSG_RSA_BITS_MAX);
	}
	return BSG_OK;
}

/*
 * The attributes by the signature, the content by the digest in the attributes (RFC 5652 section 5.4).
 * Not by CMS_verify(), which copies the content, and in OpenSSL 3.0 leaks memory where a message is wrong
 * in a certain way.
 */
static enum bsg_err verify(struct bsg_cms *cms, struct bsg_bytes content, struct bsg_error *err)
{
	const ASN1_STRING *said = CMS_signed_get0_data_by_OBJ(cms->signer, OBJ_nid2obj(NID_pkcs9_messageDigest), -3,
							      V_ASN1_OCTET_STRING);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (CMS_SignerInfo_verify(cms->signer) != 1)
		return bsg_ossl_fail(err, "SignedData: the signature does not hold");
	if (EVP_Digest(content.len > 0 ? content.ptr : (const uint8_t *)"", content.len, digest, &len,
		       md_of(cms->digest), NULL) != 1)
		return bsg_ossl_fail(err, "SignedData: digest");
	if (said == NULL || (unsigned)ASN1_STRING_length(said) != len ||
	    memcmp(ASN1_STRING_get0_data(said), digest, len) != 0) {
		(void)bsg_ossl_fail(NULL, "");
		return bsg_fail(err, BSG_E_CRYPTO, "SignedData: the content is not what was signed");
	}
	return BSG_OK;
}

enum bsg_err bsg_cms_verify(struct bsg_cms *cms, const struct bsg_bytes *detached, bool sha1,
			    struct bsg_buf *content, struct bsg_error *err)
{
	struct bsg_bytes bytes;
	ASN1_OCTET_STRING **inside = CMS_get0_content(cms->cms);
	enum bsg_err rc;

	if (bsg_cms_is_attached(cms) != (detached == NULL))
		return refuse(err, detached != NULL ? "the content is inside, it belongs outside" :
						      "the content is not inside");
	if (detached != NULL)
		bytes = *detached;
	else
		bytes = (struct bsg_bytes){ ASN1_STRING_get0_data(*inside), (size_t)ASN1_STRING_length(*inside) };
	rc = check_algorithms(cms, sha1, err);
	if (rc == BSG_OK)
		rc = verify(cms, bytes, err);
	if (rc != BSG_OK || detached != NULL)
		return rc;
	bsg_buf_add(content, bytes.ptr, bytes.len);
	return bsg_buf_finish(content, err);
}

/* ---- making ---------------------------------------------------------------- */

static int add_time(CMS_SignerInfo *signer, int64_t at)
{
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)at);
	int ok = when != NULL && CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_signingTime,
							     ASN1_STRING_type(when), when, -1) == 1;

	ASN1_TIME_free(when);
	return ok;
}

static int add_attributes(CMS_SignerInfo *signer, const struct bsg_cms_message *message)
{
	for (size_t i = 0; i < message->n_attrs; i++) {
		const struct bsg_cms_attr *attr = &message->attrs[i];
		ASN1_OBJECT *oid = OBJ_txt2obj(attr->oid, 1);
		int ok = oid != NULL && attr->value.len <= INT16_MAX &&
			 CMS_signed_add1_attr_by_OBJ(signer, oid, (int)attr->type, attr->value.ptr,
						     (int)attr->value.len) == 1;

		ASN1_OBJECT_free(oid);
		if (!ok)
			return 0;
	}
	return 1;
}

static int sign(CMS_ContentInfo *cms, X509 *cert, EVP_PKEY *key, const struct bsg_cms_message *message,
		BIO *in)
{
	const unsigned int flags = CMS_BINARY | CMS_NOSMIMECAP | (message->detached ? CMS_DETACHED : 0);
	const EVP_MD *md = md_of(message->digest);
	CMS_SignerInfo *signer = md == NULL ? NULL : CMS_add1_signer(cms, cert, key, md, flags);

	return signer != NULL && add_time(signer, message->at) && add_attributes(signer, message) &&
	       CMS_final(cms, in, NULL, flags) == 1;
}

enum bsg_err bsg_cms_sign(const struct bsg_rsa_key *key, struct bsg_bytes cert_der,
			  const struct bsg_cms_message *message, struct bsg_buf *out,
			  struct bsg_error *err)
{
	unsigned int flags = CMS_PARTIAL | CMS_BINARY | (message->detached ? CMS_DETACHED : 0);
	CMS_ContentInfo *cms = NULL;
	unsigned char *der = NULL;
	BIO *in = NULL;
	enum bsg_err rc;
	X509 *cert;

	if (message->content.len > BSG_CMS_MAX || message->n_attrs > BSG_CMS_ATTRS_MAX - 3)
		return bsg_fail(err, BSG_E_LIMIT, "sign: %zu bytes with %zu attributes are too much",
				message->content.len, message->n_attrs);
	cert = bsg_ossl_cert(cert_der, &rc, err);
	if (cert == NULL)
		return rc;
	in = BIO_new_mem_buf(message->content.len > 0 ? message->content.ptr : (const uint8_t *)"",
			     (int)message->content.len);
	cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	if (in == NULL || cms == NULL || !sign(cms, cert, key->pkey, message, in))
		rc = bsg_ossl_fail(err, "sign SignedData");
	else
		rc = bsg_ossl_der(out, i2d_CMS_ContentInfo(cms, &der), &der, "sign SignedData", err);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	X509_free(cert);
	return rc;
}
