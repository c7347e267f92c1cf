/* SPDX-License-Identifier: Apache-2.0 */
/* Every OpenSSL failure leaves crypto/ through here, with the queue drained. */
#include "crypto/ossl.h"

#include <openssl/err.h>

enum bsg_err bsg_ossl_fail(struct bsg_error *err, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *why = ERR_reason_error_string(code);
	enum bsg_err rc = ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? BSG_E_NO_MEMORY :
									BSG_E_CRYPTO;

	ERR_clear_error();
	return bsg_fail(err, rc, "%s: %s", what, why != NULL ? why : "no reason given");
}

enum bsg_err bsg_ossl_der(struct bsg_buf *out, int len, unsigned char **der, const char *what,
			  struct bsg_error *err)
{
	if (len <= 0 || *der == NULL)
		return bsg_ossl_fail(err, what);
	bsg_buf_add(out, *der, (size_t)len);
	OPENSSL_free(*der);
	*der = NULL;
	return bsg_buf_finish(out, err);
}

X509 *bsg_ossl_cert(struct bsg_bytes der, enum bsg_err *rc, struct bsg_error *err)
{
	const unsigned char *at = der.ptr;
	X509 *cert;

	if (der.len > BSG_CERT_MAX) {
		*rc = bsg_fail(err, BSG_E_LIMIT, "certificate larger than %d bytes", BSG_CERT_MAX);
		return NULL;
	}
	cert = der.len == 0 ? NULL : d2i_X509(NULL, &at, (long)der.len);
	if (cert == NULL) {
		*rc = bsg_ossl_fail(err, "read certificate");
		return NULL;
	}
	if (at != der.ptr + der.len) {
		X509_free(cert);
		*rc = bsg_fail(err, BSG_E_CRYPTO, "read certificate: bytes after its end");
		return NULL;
	}
	*rc = BSG_OK;
	return cert;
}
