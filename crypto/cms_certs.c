/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in a SignedData with neither content nor signers (RFC 5272 section 4.1). */
#include "crypto/cms.h"

#include <openssl/objects.h>
#include <openssl/pkcs7.h>

#include "crypto/ossl.h"

static PKCS7 *new_certs_only(void)
{
	PKCS7 *p7 = PKCS7_new();

	if (p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
	    PKCS7_content_new(p7, NID_pkcs7_data) == 1 && PKCS7_set_detached(p7, 1) == 1)
		return p7;
	PKCS7_free(p7);
	return NULL;
}

enum bsg_err bsg_cms_encode_certs(const struct bsg_bytes *certs, size_t n, struct bsg_buf *out,
				  struct bsg_error *err)
{
	unsigned char *der = NULL;
	enum bsg_err rc = BSG_OK;
	PKCS7 *p7;

	if (n < 1 || n > BSG_CMS_CERTS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "%zu certificates, at most %d", n, BSG_CMS_CERTS_MAX);
	p7 = new_certs_only();
	if (p7 == NULL)
		return bsg_ossl_fail(err, "encode certificates");
	for (size_t i = 0; i < n && rc == BSG_OK; i++) {
		X509 *cert = bsg_ossl_cert(certs[i], &rc, err);

		if (cert != NULL && PKCS7_add_certificate(p7, cert) != 1)
			rc = bsg_ossl_fail(err, "encode certificates");
		X509_free(cert);
	}
	if (rc == BSG_OK)
		rc = bsg_ossl_der(out, i2d_PKCS7(p7, &der), &der, "encode certificates", err);
	PKCS7_free(p7);
	return rc;
}

/* Append each certificate of @p7 to @der; *ends[i] is where it ends there. */
static enum bsg_err take_certs(const PKCS7 *p7, struct bsg_buf *der,
			       size_t ends[static BSG_CMS_CERTS_MAX], size_t *n,
			       struct bsg_error *err)
{
	const STACK_OF(X509) *certs = NULL;

	if (PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
		certs = p7->d.sign->cert;
	if (certs == NULL || sk_X509_num(certs) < 1)
		return bsg_fail(err, BSG_E_INVALID, "certificates: there is none");
	if (sk_X509_num(certs) > BSG_CMS_CERTS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "certificates: more than %d", BSG_CMS_CERTS_MAX);
	for (int i = 0; i < sk_X509_num(certs); i++) {
		unsigned char *bytes = NULL;
		int len = i2d_X509(sk_X509_value(certs, i), &bytes);
		enum bsg_err rc = bsg_ossl_der(der, len, &bytes, "certificates", err);

		if (rc != BSG_OK)
			return rc;
		ends[i] = der->len;
	}
	*n = (size_t)sk_X509_num(certs);
	return BSG_OK;
}

enum bsg_err bsg_cms_decode_certs(struct bsg_bytes body, struct bsg_buf *der,
				  struct bsg_bytes certs[static BSG_CMS_CERTS_MAX], size_t *n,
				  struct bsg_error *err)
{
	size_t ends[BSG_CMS_CERTS_MAX] = { 0 };
	size_t begin = der->len;
	const unsigned char *at = body.ptr;
	PKCS7 *p7;
	enum bsg_err rc;

	*n = 0;
	if (body.len > BSG_CMS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "certificates: more than %d bytes", BSG_CMS_MAX);
	p7 = body.len == 0 ? NULL : d2i_PKCS7(NULL, &at, (long)body.len);
	if (p7 == NULL || at != body.ptr + body.len) {
		(void)bsg_ossl_fail(NULL, "");
		rc = bsg_fail(err, BSG_E_INVALID, "not a PKCS#7 of certificates");
	} else {
		rc = take_certs(p7, der, ends, n, err);
	}
	for (size_t i = 0; i < *n; i++) {
		certs[i] = (struct bsg_bytes){ der->data + begin, ends[i] - begin };
		begin = ends[i];
	}
	PKCS7_free(p7);
	return rc;
}
