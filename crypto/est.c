/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of EST: PKCS#7 and PKCS#10 as base64. */
#include "crypto/est.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/pkcs7.h>

#include "base/base64.h"
#include "crypto/csr.h"
#include "crypto/ossl.h"
#include "crypto/x509.h"

#define LINE 64

/* A certs-only PKCS#7: SignedData with neither content nor signers (RFC 5272 section 4.1). */
static PKCS7 *new_certs_only(void)
{
	PKCS7 *p7 = PKCS7_new();

	if (p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
	    PKCS7_content_new(p7, NID_pkcs7_data) == 1 && PKCS7_set_detached(p7, 1) == 1)
		return p7;
	PKCS7_free(p7);
	return NULL;
}

static enum bsg_err encode_base64(const unsigned char *der, int len, struct bsg_buf *out,
				  struct bsg_error *err)
{
	if (len <= 0)
		return bsg_ossl_fail(err, "encode certificates");
	bsg_base64_encode(der, (size_t)len, LINE, out);
	return bsg_buf_finish(out, err);
}

enum bsg_err bsg_est_encode_certs(const struct bsg_bytes *certs, size_t n, struct bsg_buf *out,
				  struct bsg_error *err)
{
	unsigned char *der = NULL;
	enum bsg_err rc = BSG_OK;
	PKCS7 *p7;
	int len;

	if (n < 1 || n > BSG_EST_N_CERTS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "%zu certificates, at most %d", n, BSG_EST_N_CERTS_MAX);
	p7 = new_certs_only();
	if (p7 == NULL)
		return bsg_ossl_fail(err, "encode certificates");
	for (size_t i = 0; i < n && rc == BSG_OK; i++) {
		X509 *cert = bsg_ossl_cert(certs[i], &rc, err);

		if (cert != NULL && PKCS7_add_certificate(p7, cert) != 1)
			rc = bsg_ossl_fail(err, "encode certificates");
		X509_free(cert);
	}
	if (rc == BSG_OK) {
		len = i2d_PKCS7(p7, &der);
		rc = encode_base64(der, len, out, err);
	}
	OPENSSL_free(der);
	PKCS7_free(p7);
	return rc;
}

/* Append each certificate of @p7 to @der; *ends[i] is where it ends there. */
static enum bsg_err take_certs(const PKCS7 *p7, struct bsg_buf *der,
			       size_t ends[static BSG_EST_N_CERTS_MAX], size_t *n,
			       struct bsg_error *err)
{
	const STACK_OF(X509) *certs = NULL;

	if (PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
		certs = p7->d.sign->cert;
	if (certs == NULL || sk_X509_num(certs) < 1)
		return bsg_fail(err, BSG_E_INVALID, "EST: no certificate in the answer");
	if (sk_X509_num(certs) > BSG_EST_N_CERTS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "EST: more than %d certificates", BSG_EST_N_CERTS_MAX);
	for (int i = 0; i < sk_X509_num(certs); i++) {
		unsigned char *bytes = NULL;
		int len = i2d_X509(sk_X509_value(certs, i), &bytes);
		enum bsg_err rc = bsg_ossl_der(der, len, &bytes, "EST: certificate", err);

		if (rc != BSG_OK)
			return rc;
		ends[i] = der->len;
	}
	*n = (size_t)sk_X509_num(certs);
	return BSG_OK;
}

static enum bsg_err decode_base64(const char *body, size_t len, size_t max, uint8_t **out,
				  size_t *out_len, struct bsg_error *err)
{
	enum bsg_err rc;

	*out = NULL;
	if (len > max)
		return bsg_fail(err, BSG_E_LIMIT, "EST: body larger than %zu bytes", max);
	*out = malloc(len + 1);
	if (*out == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "EST: out of memory");
	rc = bsg_base64_decode(body, len, *out, len, out_len, err);
	if (rc == BSG_OK && *out_len == 0)
		rc = bsg_fail(err, BSG_E_INVALID, "EST: empty body");
	if (rc != BSG_OK) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

enum bsg_err bsg_est_decode_certs(const char *body, size_t len, struct bsg_buf *der,
				  struct bsg_bytes certs[static BSG_EST_N_CERTS_MAX], size_t *n,
				  struct bsg_error *err)
{
	size_t ends[BSG_EST_N_CERTS_MAX] = { 0 };
	size_t begin = der->len;
	const unsigned char *at;
	uint8_t *bytes = NULL;
	size_t n_bytes = 0;
	PKCS7 *p7;
	enum bsg_err rc;

	*n = 0;
	rc = decode_base64(body, len, BSG_EST_CERTS_MAX, &bytes, &n_bytes, err);
	if (rc != BSG_OK)
		return rc;
	at = bytes;
	p7 = d2i_PKCS7(NULL, &at, (long)n_bytes);
	if (p7 == NULL || at != bytes + n_bytes) {
		(void)bsg_ossl_fail(NULL, "");
		rc = bsg_fail(err, BSG_E_INVALID, "EST: not a PKCS#7 of certificates");
	} else {
		rc = take_certs(p7, der, ends, n, err);
	}
	for (size_t i = 0; i < *n; i++) {
		certs[i] = (struct bsg_bytes){ der->data + begin, ends[i] - begin };
		begin = ends[i];
	}
	PKCS7_free(p7);
	free(bytes);
	return rc;
}

enum bsg_err bsg_est_encode_csr(struct bsg_bytes csr, struct bsg_buf *out, struct bsg_error *err)
{
	bsg_base64_encode(csr.ptr, csr.len, LINE, out);
	return bsg_buf_finish(out, err);
}

enum bsg_err bsg_est_decode_csr(const char *body, size_t len, struct bsg_buf *out,
				struct bsg_error *err)
{
	uint8_t *bytes = NULL;
	size_t n = 0;
	enum bsg_err rc = decode_base64(body, len, BSG_EST_REQUEST_MAX, &bytes, &n, err);

	if (rc != BSG_OK)
		return rc;
	if (n > BSG_CSR_MAX)
		rc = bsg_fail(err, BSG_E_LIMIT, "certificate request larger than %d bytes", BSG_CSR_MAX);
	bsg_buf_add(out, bytes, rc == BSG_OK ? n : 0);
	free(bytes);
	return rc == BSG_OK ? bsg_buf_finish(out, err) : rc;
}
