/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of EST: PKCS#7 and PKCS#10 as base64. */
#include "crypto/est.h"

#include <stdlib.h>

#include "base/base64.h"
#include "crypto/csr.h"

#define LINE 64

enum bsg_err bsg_est_encode_certs(const struct bsg_bytes *certs, size_t n, struct bsg_buf *out,
				  struct bsg_error *err)
{
	struct bsg_buf der;
	enum bsg_err rc;

	bsg_buf_init(&der, BSG_CMS_MAX);
	rc = bsg_cms_encode_certs(certs, n, &der, err);
	if (rc == BSG_OK) {
		bsg_base64_encode(der.data, der.len, LINE, out);
		rc = bsg_buf_finish(out, err);
	}
	bsg_buf_free(&der);
	return rc;
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
	uint8_t *bytes = NULL;
	size_t n_bytes = 0;
	enum bsg_err rc;

	*n = 0;
	rc = decode_base64(body, len, BSG_EST_CERTS_MAX, &bytes, &n_bytes, err);
	if (rc == BSG_OK)
		rc = bsg_cms_decode_certs((struct bsg_bytes){ bytes, n_bytes }, der, certs, n, err);
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
