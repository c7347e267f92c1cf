/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an MDM vendor gives to `bosaga push sign`: a request and a chain, PEM text of any kind. What is taken is the same
 * when it is read again; a chain is none without its root, with a signature that is not its issuer's, or before or after
 * the days of its certificates.
 */
#include <string.h>

#include "base/base64.h"
#include "crypto/csr.h"
#include "crypto/vendor.h"
#include "crypto/x509.h"
#include "fuzz/fuzz.h"

#define AT INT64_C(2000000000)	/* 2033 */
#define BEGIN "-----BEGIN CERTIFICATE-----\n"

static enum bsg_err read_chain(const char *pem, size_t len, int64_t at, uint8_t spki[static BSG_SHA256_LEN], struct bsg_buf *out)
{
	struct bsg_error err = { .text = "" };
	enum bsg_err rc;

	bsg_buf_init(out, 2 * BSG_VENDOR_PEM_MAX);
	rc = bsg_vendor_chain_read(pem, len, at, spki, out, &err);
	FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0'));
	FUZZ_CHECK(rc == BSG_OK || rc == BSG_E_CRYPTO || rc == BSG_E_LIMIT || rc == BSG_E_NOT_FOUND);
	return rc;
}

static void must_be_refused(const char *pem, size_t len, int64_t at)
{
	uint8_t spki[BSG_SHA256_LEN];
	struct bsg_buf out;

	FUZZ_CHECK(read_chain(pem, len, at, spki, &out) != BSG_OK);
	bsg_buf_free(&out);
}

/* The same with another last byte in the signature of the first. */
static void forge_first(const struct bsg_buf *chain, struct bsg_buf *der)
{
	const char *rest = strstr((const char *)chain->data + 1, BEGIN);
	struct bsg_buf forged;

	bsg_buf_init(&forged, 2 * BSG_VENDOR_PEM_MAX);
	der->data[der->len - 1] ^= 1;
	FUZZ_CHECK(bsg_cert_to_pem((struct bsg_bytes){ der->data, der->len }, &forged, NULL) == BSG_OK);
	bsg_buf_add_text(&forged, rest);
	FUZZ_CHECK(bsg_buf_finish(&forged, NULL) == BSG_OK);
	must_be_refused((const char *)forged.data, forged.len, AT);
	bsg_buf_free(&forged);
}

/* @chain as it was written for Apple. */
static void check_chain(const struct bsg_buf *chain, const uint8_t spki[static BSG_SHA256_LEN])
{
	const char *text = (const char *)chain->data, *last = text;
	uint8_t same_spki[BSG_SHA256_LEN];
	struct bsg_cert_info info;
	struct bsg_buf again, der;
	size_t n = 0;

	FUZZ_CHECK(chain->len > 0 && strncmp(text, BEGIN, strlen(BEGIN)) == 0);
	for (const char *at = text; (at = strstr(at, BEGIN)) != NULL; at++, n++)
		last = at;
	FUZZ_CHECK(n >= 2 && n <= BSG_VENDOR_CHAIN_MAX);
	FUZZ_CHECK(read_chain(text, chain->len, AT, same_spki, &again) == BSG_OK);
	FUZZ_CHECK(again.len == chain->len && memcmp(again.data, text, chain->len) == 0);
	FUZZ_CHECK(memcmp(same_spki, spki, BSG_SHA256_LEN) == 0);
	bsg_buf_free(&again);
	must_be_refused(text, (size_t)(last - text), AT);
	bsg_buf_init(&der, BSG_CERT_MAX);
	FUZZ_CHECK(bsg_cert_from_pem(text, chain->len, &der, NULL) == BSG_OK);
	FUZZ_CHECK(bsg_cert_read((struct bsg_bytes){ der.data, der.len }, &info, NULL) == BSG_OK);
	FUZZ_CHECK(memcmp(info.spki_sha256, spki, BSG_SHA256_LEN) == 0);
	must_be_refused(text, chain->len, info.not_after + 1);
	must_be_refused(text, chain->len, info.not_before - 1);
	forge_first(chain, &der);
	bsg_buf_free(&der);
}

static void try_request(const char *pem, size_t len)
{
	struct bsg_error err = { .text = "" };
	struct bsg_rsa_request request;
	struct bsg_buf der, text, again;
	enum bsg_err rc;

	bsg_buf_init(&der, BSG_CSR_MAX);
	bsg_buf_init(&text, BSG_VENDOR_PEM_MAX);
	bsg_buf_init(&again, BSG_CSR_MAX);
	rc = bsg_vendor_request_read(pem, len, &der, &err);
	FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0'));
	if (rc == BSG_OK) {
		FUZZ_CHECK(bsg_csr_verify_rsa((struct bsg_bytes){ der.data, der.len }, &request, NULL) == BSG_OK);
		bsg_rsa_request_free(&request);
		bsg_buf_add_text(&text, "-----BEGIN NEW CERTIFICATE REQUEST-----\n");
		bsg_base64_encode(der.data, der.len, 64, &text);
		bsg_buf_add_text(&text, "-----END NEW CERTIFICATE REQUEST-----\n");
		FUZZ_CHECK(bsg_buf_finish(&text, NULL) == BSG_OK);
		FUZZ_CHECK(bsg_vendor_request_read((const char *)text.data, text.len, &again, NULL) == BSG_OK);
		FUZZ_CHECK(again.len == der.len && memcmp(again.data, der.data, der.len) == 0);
	}
	bsg_buf_free(&der);
	bsg_buf_free(&text);
	bsg_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t spki[BSG_SHA256_LEN];
	struct bsg_buf chain;

	if (read_chain((const char *)data, size, AT, spki, &chain) == BSG_OK)
		check_chain(&chain, spki);
	bsg_buf_free(&chain);
	try_request((const char *)data, size);
	return 0;
}
