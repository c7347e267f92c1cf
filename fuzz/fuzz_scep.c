/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCEP: what is refused holds nothing that is owned, and what can be answered is. The first byte says what the
 * rest is: a message; an envelope, which is signed here; a certificate request, which is also encrypted here; the
 * parameter of a GET; an answer, as a device hears it.
 */
#include "apple/scep_client.h"
#include "fuzz/fuzz.h"
#include "fuzz/scep_keyring.h"

#define CHALLENGE_MAX 255

static const struct bsg_cms_attr attrs[] = {
	{ "2.16.840.1.113733.1.9.2", BSG_CMS_PRINTABLE, { (const uint8_t *)"19", 2 } },
	{ "2.16.840.1.113733.1.9.5", BSG_CMS_OCTETS, { (const uint8_t *)"sixteen nonbytes", 16 } },
	{ "2.16.840.1.113733.1.9.7", BSG_CMS_PRINTABLE, { (const uint8_t *)"phone", 5 } },
};

static void try_message(struct bsg_bytes body)
{
	for (int legacy = 0; legacy < 2; legacy++) {
		struct bsg_scep_rules rules = { .legacy = legacy != 0, .now = FUZZ_NOW };
		struct bsg_scep_request request;
		struct bsg_error err = { 0 };
		struct bsg_buf answer;
		enum bsg_err rc = bsg_scep_read(fuzz_keyring(), body, &rules, &request, &err);

		FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0'));
		bsg_buf_init(&answer, BSG_SCEP_ANSWER_MAX);
		if (rc == BSG_OK) {
			FUZZ_CHECK(request.type == BSG_SCEP_PKCS_REQ || request.type == BSG_SCEP_RENEWAL_REQ);
			FUZZ_CHECK(request.is_answerable && request.key.challenge.len <= CHALLENGE_MAX && request.key.bits >= 2048);
			FUZZ_CHECK(legacy || (request.digest != BSG_CMS_SHA1 && request.cipher >= BSG_CMS_AES128));
			FUZZ_CHECK(bsg_scep_answer(fuzz_keyring(), &request, fuzz_ca(), FUZZ_NOW, &answer, NULL) == BSG_OK);
		} else {
			FUZZ_CHECK(request.signer.data == NULL && request.csr.data == NULL && request.key.challenge.data == NULL);
			FUZZ_CHECK(request.is_answerable == (request.nonce_len > 0 && request.transaction_id[0] != '\0'));
			if (request.is_answerable && legacy)
				FUZZ_CHECK(bsg_scep_refuse(fuzz_keyring(), &request, request.fail, FUZZ_NOW, &answer, NULL) == BSG_OK);
		}
		bsg_buf_free(&answer);
		bsg_scep_request_free(&request);
	}
}

static void try_envelope(struct bsg_bytes envelope)
{
	struct bsg_cms_message message = { .content = envelope, .digest = BSG_CMS_SHA256, .at = FUZZ_NOW, .attrs = attrs,
					   .n_attrs = 3 };
	struct bsg_buf body;

	bsg_buf_init(&body, BSG_CMS_MAX);
	if (bsg_cms_sign(fuzz_key, fuzz_ca(), &message, &body, NULL) == BSG_OK)
		try_message((struct bsg_bytes){ body.data, body.len });
	bsg_buf_free(&body);
}

static void try_csr(struct bsg_bytes csr)
{
	struct bsg_buf envelope;

	bsg_buf_init(&envelope, BSG_CMS_MAX);
	if (bsg_cms_encrypt(fuzz_ca(), csr, BSG_CMS_AES128, &envelope, NULL) == BSG_OK)
		try_envelope((struct bsg_bytes){ envelope.data, envelope.len });
	bsg_buf_free(&envelope);
}

static void try_get(struct bsg_bytes text)
{
	struct bsg_error err = { 0 };
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_SCEP_MESSAGE_MAX);
	rc = bsg_scep_decode_get((const char *)text.ptr, text.len, &out, &err);
	FUZZ_CHECK((rc == BSG_OK) == (out.len > 0));
	bsg_buf_free(&out);
}

static void try_answer(struct bsg_bytes body)
{
	struct bsg_scep_client client = { .key = fuzz_key, .cert = fuzz_ca(), .ca = fuzz_ca(), .transaction_id = "phone",
					  .nonce_len = 16, .digest = BSG_CMS_SHA256, .cipher = BSG_CMS_AES128 };
	enum bsg_scep_fail fail;
	struct bsg_buf out;

	bsg_buf_init(&out, BSG_CERT_MAX);
	FUZZ_CHECK((bsg_scep_hear(&client, body, &out, &fail, NULL) == BSG_OK) == (out.len > 0));
	bsg_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(struct bsg_bytes) = { try_message, try_envelope, try_csr, try_get, try_answer };

	(void)fuzz_keyring();
	if (size > 0)
		tries[data[0] % 5]((struct bsg_bytes){ data + 1, size - 1 });
	return 0;
}
