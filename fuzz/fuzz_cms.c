/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMS: what is read can be looked at, what is verified holds content of its limits, and nothing is left behind. The
 * first byte says what the rest is: SignedData, the same detached, an envelope, certificates, a request with an RSA
 * key, the header Mdm-Signature.
 */
#include "apple/mdm_signature.h"
#include "crypto/x509.h"
#include "fuzz/fuzz.h"
#include "fuzz/scep_keyring.h"

static const struct bsg_bytes content = { (const uint8_t *)"<?xml version='1.0'?><plist/>", 29 };

static void look(struct bsg_cms *cms)
{
	struct bsg_bytes value;
	int64_t at;

	FUZZ_CHECK(bsg_cms_signer(cms).len > 0);
	(void)bsg_cms_signing_time(cms, &at);
	if (bsg_cms_attribute(cms, "2.16.840.1.113733.1.9.7", BSG_CMS_PRINTABLE, &value))
		FUZZ_CHECK(!bsg_cms_attribute(cms, "2.16.840.1.113733.1.9.7", BSG_CMS_OCTETS, &value) && value.len == 0);
}

static void try_signed_as(struct bsg_bytes der, const struct bsg_bytes *detached)
{
	struct bsg_error err = { 0 };
	struct bsg_cms *cms;
	struct bsg_buf out;
	enum bsg_err rc = bsg_cms_read(der, &cms, &err);

	FUZZ_CHECK((rc == BSG_OK) == (cms != NULL) && (rc == BSG_OK) == (err.text[0] == '\0'));
	bsg_buf_init(&out, BSG_CMS_MAX);
	if (rc == BSG_OK) {
		look(cms);
		rc = bsg_cms_verify(cms, detached, true, &out, &err);
		FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0') && (rc == BSG_OK || out.len == 0));
		FUZZ_CHECK(rc != BSG_OK || bsg_cms_digest(cms) != BSG_CMS_OTHER_DIGEST);
	}
	bsg_buf_free(&out);
	bsg_cms_free(cms);
}

static void try_signed(struct bsg_bytes der)
{
	try_signed_as(der, NULL);
}

static void try_detached(struct bsg_bytes der)
{
	try_signed_as(der, &content);
}

static void try_envelope(struct bsg_bytes der)
{
	struct bsg_cms_envelope envelope;
	struct bsg_secret out;
	enum bsg_err rc = bsg_cms_decrypt(fuzz_key, fuzz_ca(), der, true, &out, NULL);

	FUZZ_CHECK((rc == BSG_OK) == (out.data != NULL));
	FUZZ_CHECK(rc != BSG_OK || (bsg_cms_read_envelope(der, fuzz_ca(), &envelope, NULL) == BSG_OK && envelope.is_for_us &&
				    envelope.cipher != BSG_CMS_OTHER_CIPHER));
	bsg_secret_free(&out);
}

static void try_certs(struct bsg_bytes der)
{
	struct bsg_bytes certs[BSG_CMS_CERTS_MAX];
	struct bsg_buf out;
	size_t n;

	bsg_buf_init(&out, BSG_CMS_MAX);
	if (bsg_cms_decode_certs(der, &out, certs, &n, NULL) == BSG_OK)
		FUZZ_CHECK(n >= 1 && n <= BSG_CMS_CERTS_MAX);
	bsg_buf_free(&out);
}

static void try_csr(struct bsg_bytes der)
{
	struct bsg_rsa_request request;
	struct bsg_error err = { 0 };
	enum bsg_err rc = bsg_csr_verify_rsa(der, &request, &err);

	FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0'));
	FUZZ_CHECK(rc != BSG_OK ? request.challenge.data == NULL : request.bits >= 2048 && request.bits <= 4096);
	bsg_rsa_request_free(&request);
}

static enum bsg_err verify_header(struct bsg_bytes text, struct bsg_bytes body, int64_t now)
{
	struct bsg_error err = { 0 };
	struct bsg_cert_info info;
	struct bsg_buf cert;
	enum bsg_err rc;

	bsg_buf_init(&cert, BSG_CERT_MAX);
	rc = bsg_mdm_signature_verify((const char *)text.ptr, text.len, body, fuzz_ca(), now, &cert, &err);
	FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0') && (rc == BSG_OK) == (cert.len > 0));
	FUZZ_CHECK(rc != BSG_OK || bsg_cert_read((struct bsg_bytes){ cert.data, cert.len }, &info, NULL) == BSG_OK);
	/* No header makes itself one under a CA that it is not of: all but one seed are another's. */
	FUZZ_CHECK(rc != BSG_OK || (strlen(info.cn) == 32 && info.not_before <= now && now <= info.not_after));
	bsg_buf_free(&cert);
	return rc;
}

/* For this body, and for some minutes, alone. */
static void try_header(struct bsg_bytes text)
{
	if (verify_header(text, content, FUZZ_NOW) != BSG_OK)
		return;
	FUZZ_CHECK(text.len <= BSG_MDM_SIGNATURE_MAX);
	FUZZ_CHECK(verify_header(text, (struct bsg_bytes){ content.ptr, content.len - 1 }, FUZZ_NOW) != BSG_OK);
	FUZZ_CHECK(verify_header(text, content, FUZZ_NOW + 2 * BSG_MDM_SIGNATURE_S + 1) != BSG_OK);
	FUZZ_CHECK(verify_header(text, content, FUZZ_NOW - 2 * BSG_MDM_SIGNATURE_S - 1) != BSG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(struct bsg_bytes) = { try_signed, try_detached, try_envelope, try_certs, try_csr, try_header };

	(void)fuzz_keyring();
	if (size > 0)
		tries[data[0] % 6]((struct bsg_bytes){ data + 1, size - 1 });
	return 0;
}
