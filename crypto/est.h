/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of EST (RFC 7030): base64 (`Content-Transfer-Encoding: base64`) of a
 * PKCS#10 request, of a certs-only PKCS#7. Both sides, servers' and agents'.
 */
#ifndef BSG_CRYPTO_EST_H
#define BSG_CRYPTO_EST_H

#include <stddef.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/cms.h"

#define BSG_EST_REQUEST_MAX 8192		/* bytes of a body with a request */
#define BSG_EST_CERTS_MAX 32768			/* bytes of a body with certificates */
#define BSG_EST_N_CERTS_MAX BSG_CMS_CERTS_MAX

#define BSG_EST_REQUEST_TYPE "application/pkcs10"
#define BSG_EST_CERTS_TYPE "application/pkcs7-mime; smime-type=certs-only"

/** Append the body of /cacerts or an enrolment's answer: @n certificates, DER, as base64 in lines. */
enum bsg_err bsg_est_encode_certs(const struct bsg_bytes *certs, size_t n, struct bsg_buf *out,
				  struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read such a body.
 *
 * @param der    holds the certificates' bytes, appended; from bsg_buf_init()
 * @param certs  filled with slices of @der, in the order of the body (which says nothing)
 * @return BSG_OK with 1 to BSG_EST_N_CERTS_MAX in *@n, BSG_E_INVALID (not such a body, no
 *         certificate in it), BSG_E_LIMIT
 */
enum bsg_err bsg_est_decode_certs(const char *body, size_t len, struct bsg_buf *der,
				  struct bsg_bytes certs[static BSG_EST_N_CERTS_MAX], size_t *n,
				  struct bsg_error *err) BSG_MUST_CHECK;

/** Append the body of a simpleenroll for a request in DER. */
enum bsg_err bsg_est_encode_csr(struct bsg_bytes csr, struct bsg_buf *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/** Read such a body into DER, appended. The request is not looked at: bsg_csr_verify() does. */
enum bsg_err bsg_est_decode_csr(const char *body, size_t len, struct bsg_buf *out,
				struct bsg_error *err) BSG_MUST_CHECK;

#endif
