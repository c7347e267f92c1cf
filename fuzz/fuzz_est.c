/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of EST: certificates that are read can be written and are the same again. */
#include <string.h>

#include "crypto/csr.h"
#include "crypto/est.h"
#include "fuzz/fuzz.h"

static void try_again(const struct bsg_bytes *certs, size_t n)
{
	struct bsg_bytes again[BSG_EST_N_CERTS_MAX];
	struct bsg_buf body;
	struct bsg_buf der;
	size_t total[2] = { 0, 0 };
	size_t n_again;

	bsg_buf_init(&body, (size_t)2 * BSG_EST_CERTS_MAX);
	bsg_buf_init(&der, BSG_EST_CERTS_MAX);
	/* A certificate may be one that the limit of a single one refuses. */
	if (bsg_est_encode_certs(certs, n, &body, NULL) == BSG_OK) {
		FUZZ_CHECK(bsg_est_decode_certs((const char *)body.data, body.len, &der, again, &n_again,
						NULL) == BSG_OK);
		FUZZ_CHECK(n == n_again);
		for (size_t i = 0; i < n; i++) {
			total[0] += certs[i].len;
			total[1] += again[i].len;
		}
		FUZZ_CHECK(total[0] == total[1]);
	}
	bsg_buf_free(&body);
	bsg_buf_free(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsg_bytes certs[BSG_EST_N_CERTS_MAX];
	struct bsg_error err = { 0 };
	struct bsg_buf csr;
	struct bsg_buf der;
	size_t n;

	bsg_buf_init(&der, BSG_EST_CERTS_MAX);
	bsg_buf_init(&csr, BSG_CSR_MAX);
	if (bsg_est_decode_certs((const char *)data, size, &der, certs, &n, &err) == BSG_OK) {
		FUZZ_CHECK(n >= 1 && n <= BSG_EST_N_CERTS_MAX);
		try_again(certs, n);
	} else {
		FUZZ_CHECK(n == 0 && err.text[0] != '\0');
	}
	if (bsg_est_decode_csr((const char *)data, size, &csr, NULL) == BSG_OK)
		FUZZ_CHECK(csr.len >= 1 && csr.len <= BSG_CSR_MAX);
	bsg_buf_free(&csr);
	bsg_buf_free(&der);
	return 0;
}
