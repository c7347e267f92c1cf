/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests for apple/scep.h, scep_client.h and mdm_signature.h. Peers and most refusals are in
 * tests/e2e/scep_interop.py; here is what needs another time, or altered bytes. Rules A40 to A56.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "apple/mdm_signature.h"
#include "apple/scep_client.h"
#include "base/base64.h"
#include "scratch.h"

#define NOW INT64_C(1795471200)
#define DAY INT64_C(86400)
#define DEVICE "0123456789abcdef0123456789abcdef"
#define BODY "<?xml version=\"1.0\"?><plist/>"

static struct bsg_keyring *ring;
static struct bsg_rsa_key *key;
static struct bsg_buf self;		/* the certificate that the device made for itself */
static struct bsg_buf csr;		/* with the challenge "secret" */
static struct bsg_bytes ca;

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static int make_all(void **state)
{
	bsg_buf_init(&self, BSG_CERT_MAX);
	bsg_buf_init(&csr, BSG_CSR_MAX);
	return scratch_make(state) == 0 && bsg_keyring_open(scratch_dir(), NOW, &ring, NULL) == BSG_OK &&
	       bsg_rsa_generate(2048, &key, NULL) == BSG_OK &&
	       bsg_rsa_self_signed(key, "a phone", NOW - DAY, NOW + DAY, &self, NULL) == BSG_OK &&
	       bsg_csr_make_rsa(key, "a phone", "secret", &csr, NULL) == BSG_OK &&
	       bsg_keyring_certificate(ring, BSG_KEYRING_APPLE_CA, &ca, NULL) == BSG_OK ? 0 : -1;
}

static int free_all(void **state)
{
	bsg_keyring_free(ring);
	bsg_rsa_free(key);
	bsg_buf_free(&self);
	bsg_buf_free(&csr);
	return scratch_remove(state);
}

static struct bsg_scep_client new_client(void)
{
	return (struct bsg_scep_client){ .key = key, .cert = bytes_of(&self), .ca = ca, .transaction_id = "an enrolment",
					 .nonce = "sixteen nonbytes", .nonce_len = 16, .digest = BSG_CMS_SHA256,
					 .cipher = BSG_CMS_AES128 };
}

static void ask(const struct bsg_scep_client *client, enum bsg_scep_type type, int64_t at, struct bsg_buf *body)
{
	struct bsg_error err = { 0 };

	bsg_buf_init(body, BSG_SCEP_MESSAGE_MAX);
	must(bsg_scep_ask(client, type, bytes_of(&csr), at, body, &err), &err);
}

static enum bsg_err read_at(const struct bsg_buf *body, int64_t now, struct bsg_scep_request *request, struct bsg_error *err)
{
	struct bsg_scep_rules rules = { .now = now };

	return bsg_scep_read(ring, bytes_of(body), &rules, request, err);
}

/* A certificate of ours for @key, from NOW on. */
static void issue(struct bsg_buf *der)
{
	struct bsg_profile profile = { .purpose = BSG_CERT_APPLE, .cn = DEVICE, .not_before = NOW,
				       .not_after = NOW + BSG_APPLE_CERT_LIFE_S };
	struct bsg_error err = { 0 };

	bsg_buf_init(der, BSG_CERT_MAX);
	must(bsg_keyring_issue(ring, bytes_of(&csr), &profile, der, &err), &err);
}

static void a_device_asks_and_gets_its_certificate(void **state)
{
	struct bsg_scep_client client = new_client();
	struct bsg_scep_request request;
	struct bsg_error err = { 0 };
	struct bsg_buf body;
	struct bsg_buf answer;
	struct bsg_buf issued;
	struct bsg_buf heard;
	enum bsg_scep_fail fail;

	(void)state;
	issue(&issued);
	for (int cipher = BSG_CMS_AES128; cipher <= BSG_CMS_AES256; cipher++) {
		client.cipher = (enum bsg_cms_cipher)cipher;
		ask(&client, BSG_SCEP_PKCS_REQ, NOW, &body);
		must(read_at(&body, NOW, &request, &err), &err);
		assert_int_equal(request.type, BSG_SCEP_PKCS_REQ);
		assert_int_equal(request.cipher, cipher);
		assert_int_equal(request.digest, BSG_CMS_SHA256);
		assert_string_equal(request.transaction_id, "an enrolment");
		assert_int_equal(request.nonce_len, 16);
		assert_memory_equal(request.nonce, client.nonce, 16);
		assert_memory_equal(request.signer.data, self.data, self.len);
		assert_memory_equal(request.csr.data, csr.data, csr.len);
		assert_string_equal((char *)request.key.challenge.data, "secret");
		bsg_buf_init(&answer, BSG_SCEP_ANSWER_MAX);
		bsg_buf_init(&heard, BSG_CERT_MAX);
		must(bsg_scep_answer(ring, &request, bytes_of(&issued), NOW, &answer, &err), &err);
		must(bsg_scep_hear(&client, bytes_of(&answer), &heard, &fail, &err), &err);
		assert_int_equal(heard.len, issued.len);
		assert_memory_equal(heard.data, issued.data, issued.len);
		bsg_scep_request_free(&request);
		assert_null(request.csr.data);
		bsg_buf_free(&heard);
		bsg_buf_free(&answer);
		bsg_buf_free(&body);
	}
	bsg_buf_free(&issued);
}

static void a_refusal_names_its_reason(void **state)
{
	struct bsg_scep_client client = new_client();
	struct bsg_scep_request request;
	struct bsg_error err = { 0 };
	struct bsg_buf body;
	struct bsg_buf answer;
	enum bsg_scep_fail said;

	(void)state;
	ask(&client, BSG_SCEP_PKCS_REQ, NOW, &body);
	must(read_at(&body, NOW, &request, &err), &err);
	for (int fail = BSG_SCEP_BAD_ALG; fail <= BSG_SCEP_BAD_CERT_ID; fail++) {
		bsg_buf_init(&answer, BSG_SCEP_ANSWER_MAX);
		must(bsg_scep_refuse(ring, &request, (enum bsg_scep_fail)fail, NOW, &answer, &err), &err);
		assert_int_equal(bsg_scep_hear(&client, bytes_of(&answer), &body, &said, &err), BSG_E_DENIED);
		assert_int_equal(said, fail);
		assert_non_null(strstr(err.text, bsg_scep_fail_name((enum bsg_scep_fail)fail)));
		bsg_buf_free(&answer);
	}
	assert_int_equal(bsg_scep_refuse(ring, &request, (enum bsg_scep_fail)5, NOW, &answer, &err), BSG_E_BUG);
	bsg_scep_request_free(&request);
	assert_int_equal(bsg_scep_refuse(ring, &request, BSG_SCEP_BAD_ALG, NOW, &answer, &err), BSG_E_BUG);
	bsg_buf_free(&body);
}

static void an_answer_to_another_question_is_not_heard(void **state)
{
	struct bsg_scep_client client = new_client();
	struct bsg_scep_client others[4];
	struct bsg_scep_request request;
	struct bsg_error err = { 0 };
	struct bsg_buf body;
	struct bsg_buf answer;
	struct bsg_buf heard;
	enum bsg_scep_fail said;

	(void)state;
	bsg_buf_init(&answer, BSG_SCEP_ANSWER_MAX);
	bsg_buf_init(&heard, BSG_CERT_MAX);
	ask(&client, BSG_SCEP_PKCS_REQ, NOW, &body);
	must(read_at(&body, NOW, &request, &err), &err);
	must(bsg_scep_answer(ring, &request, bytes_of(&self), NOW, &answer, &err), &err);
	for (int i = 0; i < 4; i++)
		others[i] = client;
	others[0].transaction_id = "another";
	others[1].nonce[3] ^= 1;
	others[2].nonce_len = 15;
	others[3].ca = bytes_of(&self);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(bsg_scep_hear(&others[i], bytes_of(&answer), &heard, &said, &err),
				 i == 3 ? BSG_E_CRYPTO : BSG_E_INVALID);
		assert_int_equal(heard.len, 0);
	}
	assert_int_equal(bsg_scep_hear(&client, bytes_of(&body), &heard, &said, &err), BSG_E_CRYPTO);
	bsg_scep_request_free(&request);
	bsg_buf_free(&heard);
	bsg_buf_free(&answer);
	bsg_buf_free(&body);
}

/* Dates of a renewal's old certificate, and of its signature (A47). */
static const struct { const char *name; int64_t signed_at, now; enum bsg_err want; enum bsg_scep_fail fail; } renewals[] = {
	{ "in time", NOW + 300 * DAY, NOW + 300 * DAY, BSG_OK, 0 },
	{ "the last second", NOW + 365 * DAY - 1, NOW + 365 * DAY - 1, BSG_OK, 0 },
	{ "ended", NOW + 365 * DAY, NOW + 365 * DAY, BSG_E_CRYPTO, BSG_SCEP_BAD_TIME },
	{ "long ended", NOW + 3000 * DAY, NOW + 3000 * DAY, BSG_E_CRYPTO, BSG_SCEP_BAD_TIME },
	{ "not begun", NOW - 301, NOW - 301, BSG_E_CRYPTO, BSG_SCEP_BAD_TIME },
	{ "signed a day ago", NOW + 100 * DAY, NOW + 101 * DAY, BSG_OK, 0 },
	{ "signed longer ago", NOW + 100 * DAY, NOW + 101 * DAY + 1, BSG_E_INVALID, BSG_SCEP_BAD_TIME },
	{ "signed ahead", NOW + 101 * DAY + 1, NOW + 100 * DAY, BSG_E_INVALID, BSG_SCEP_BAD_TIME },
};

static void a_renewal_is_signed_under_a_certificate_in_its_time(void **state)
{
	struct bsg_scep_client client = new_client();
	struct bsg_buf issued;

	(void)state;
	issue(&issued);
	client.cert = bytes_of(&issued);
	for (size_t i = 0; i < sizeof(renewals) / sizeof(renewals[0]); i++) {
		struct bsg_scep_request request;
		struct bsg_error err = { 0 };
		struct bsg_buf body;
		enum bsg_err rc;

		ask(&client, BSG_SCEP_RENEWAL_REQ, renewals[i].signed_at, &body);
		rc = read_at(&body, renewals[i].now, &request, &err);
		if (rc != renewals[i].want || (rc != BSG_OK && (request.fail != renewals[i].fail || !request.is_answerable)))
			fail_msg("%s: %d, %s, %s", renewals[i].name, (int)rc, bsg_scep_fail_name(request.fail), err.text);
		if (rc == BSG_OK)
			assert_memory_equal(request.signer.data, issued.data, issued.len);
		bsg_scep_request_free(&request);
		bsg_buf_free(&body);
	}
	bsg_buf_free(&issued);
}

/* A first request under a certificate that the device made itself: its dates are the device's own affair (A46). */
static void a_first_request_may_come_from_a_phone_whose_clock_is_wrong(void **state)
{
	struct bsg_scep_client client = new_client();
	struct bsg_scep_request request;
	struct bsg_error err = { 0 };
	struct bsg_buf old;
	struct bsg_buf body;

	(void)state;
	bsg_buf_init(&old, BSG_CERT_MAX);
	must(bsg_rsa_self_signed(key, "a phone", NOW - 400 * DAY, NOW - 300 * DAY, &old, &err), &err);
	client.cert = bytes_of(&old);
	ask(&client, BSG_SCEP_PKCS_REQ, NOW, &body);
	must(read_at(&body, NOW, &request, &err), &err);
	bsg_scep_request_free(&request);
	bsg_buf_free(&body);
	bsg_buf_free(&old);
}

static void no_altered_byte_makes_another_request(void **state)
{
	struct bsg_scep_client client = new_client();
	struct bsg_scep_request request;
	struct bsg_error err = { 0 };
	struct bsg_buf body;

	(void)state;
	ask(&client, BSG_SCEP_PKCS_REQ, NOW, &body);
	for (size_t i = 0; i < body.len; i++) {
		struct bsg_buf answer;

		body.data[i] ^= (uint8_t)(1u << i % 8);
		memset(&err, 0, sizeof(err));
		if (read_at(&body, NOW, &request, &err) == BSG_OK) {
			assert_memory_equal(request.csr.data, csr.data, csr.len);
			assert_string_equal(request.transaction_id, "an enrolment");
			assert_memory_equal(request.nonce, client.nonce, 16);
		} else {
			assert_true(err.text[0] != '\0');
			assert_null(request.csr.data);
			assert_null(request.signer.data);
			assert_null(request.key.challenge.data);
		}
		/* Whatever is said to be answerable can be answered. */
		bsg_buf_init(&answer, BSG_SCEP_ANSWER_MAX);
		if (request.is_answerable && i % 16 == 0)
			must(bsg_scep_refuse(ring, &request, request.fail, NOW, &answer, &err), &err);
		bsg_buf_free(&answer);
		bsg_scep_request_free(&request);
		body.data[i] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t len = 0; len < body.len; len += 13) {
		struct bsg_buf part = body;

		part.len = len;
		assert_int_equal(read_at(&part, NOW, &request, &err), BSG_E_INVALID);
		assert_false(request.is_answerable);
	}
	body.len = BSG_SCEP_MESSAGE_MAX + 1;
	assert_int_equal(read_at(&body, NOW, &request, &err), BSG_E_LIMIT);
	body.len = 0;
	bsg_buf_free(&body);
}

/* The signature of an answer is fresh, so the nonce of the CA never comes again (RFC 8894 section 3.2.1.5). */
static void two_answers_have_two_nonces(void **state)
{
	struct bsg_scep_client client = new_client();
	struct bsg_scep_request request;
	struct bsg_bytes nonce[2];
	struct bsg_error err = { 0 };
	struct bsg_cms *cms[2];
	struct bsg_buf answer;
	struct bsg_buf body;

	(void)state;
	ask(&client, BSG_SCEP_PKCS_REQ, NOW, &body);
	must(read_at(&body, NOW, &request, &err), &err);
	for (int i = 0; i < 2; i++) {
		bsg_buf_init(&answer, BSG_SCEP_ANSWER_MAX);
		must(bsg_scep_refuse(ring, &request, BSG_SCEP_BAD_REQUEST, NOW, &answer, &err), &err);
		must(bsg_cms_read(bytes_of(&answer), &cms[i], &err), &err);
		assert_true(bsg_cms_attribute(cms[i], "2.16.840.1.113733.1.9.5", BSG_CMS_OCTETS, &nonce[i]));
		assert_int_equal(nonce[i].len, 16);
		bsg_buf_free(&answer);
	}
	assert_memory_not_equal(nonce[0].ptr, nonce[1].ptr, 16);
	bsg_cms_free(cms[0]);
	bsg_cms_free(cms[1]);
	bsg_scep_request_free(&request);
	bsg_buf_free(&body);
}

static const struct { const char *text; enum bsg_err want; const char *bytes; } gets[] = {
	{ "aGVsbG8=", BSG_OK, "hello" }, { "aGVsbG8", BSG_OK, "hello" }, { "aGVs\r\nbG8=\r\n", BSG_OK, "hello" },
	{ "Pz8/Pj4+", BSG_OK, "?\?\?>>>" }, { "Pz8_Pj4-", BSG_OK, "?\?\?>>>" }, { "Pz8/Pj4 ", BSG_OK, "?\?\?>>>" },
	{ "", BSG_E_INVALID, NULL }, { "=", BSG_E_INVALID, NULL }, { "a", BSG_E_INVALID, NULL }, { "aGVsb", BSG_E_INVALID, NULL },
	{ "aGVs=bG8=", BSG_E_INVALID, NULL }, { "aGV\tsbG8=", BSG_E_INVALID, NULL }, { "aGVsbG9=", BSG_E_INVALID, NULL },
	{ "aGVs%62G8=", BSG_E_INVALID, NULL },
};

static void the_parameter_of_a_get_is_base64_of_either_alphabet(void **state)
{
	struct bsg_buf out;
	char *long_text = malloc(30000);

	(void)state;
	for (size_t i = 0; i < sizeof(gets) / sizeof(gets[0]); i++) {
		struct bsg_error err = { 0 };
		enum bsg_err rc;

		bsg_buf_init(&out, BSG_SCEP_MESSAGE_MAX);
		rc = bsg_scep_decode_get(gets[i].text, strlen(gets[i].text), &out, &err);
		if (rc != gets[i].want || (rc == BSG_OK && strcmp((char *)out.data, gets[i].bytes) != 0))
			fail_msg("'%s': %d %s", gets[i].text, (int)rc, err.text);
		bsg_buf_free(&out);
	}
	assert_non_null(long_text);
	memset(long_text, 'A', 30000);
	bsg_buf_init(&out, BSG_SCEP_MESSAGE_MAX);
	assert_int_equal(bsg_scep_decode_get(long_text, 21845, &out, NULL), BSG_E_INVALID);	/* no whole number of bytes */
	assert_int_equal(bsg_scep_decode_get(long_text, 21844, &out, NULL), BSG_OK);
	assert_int_equal(out.len, 16383);
	bsg_buf_clear(&out);
	assert_int_equal(bsg_scep_decode_get(long_text, 21848, &out, NULL), BSG_E_LIMIT);
	assert_int_equal(bsg_scep_decode_get(long_text, 30000, &out, NULL), BSG_E_LIMIT);
	bsg_buf_free(&out);
	free(long_text);
}

/* ---- Mdm-Signature ---------------------------------------------------------- */

static const struct bsg_bytes plist = { (const uint8_t *)BODY, sizeof(BODY) - 1 };

static void sign_body(struct bsg_bytes cert, const struct bsg_cms_message *message, struct bsg_buf *header)
{
	struct bsg_error err = { 0 };
	struct bsg_buf der;

	bsg_buf_init(&der, BSG_CMS_MAX);
	bsg_buf_init(header, BSG_CMS_MAX);
	must(bsg_cms_sign(key, cert, message, &der, &err), &err);
	bsg_base64_encode(der.data, der.len, 0, header);
	must(bsg_buf_finish(header, &err), &err);
	bsg_buf_free(&der);
}

static enum bsg_err judge(const struct bsg_buf *header, struct bsg_bytes body, int64_t now, struct bsg_buf *cert,
			  struct bsg_error *err)
{
	bsg_buf_init(cert, BSG_CERT_MAX);
	return bsg_mdm_signature_verify((const char *)header->data, header->len, body, ca, now, cert, err);
}

static const struct { const char *name; struct bsg_cms_message message; int64_t now; enum bsg_err want; } headers[] = {
	{ "as it should be", { .detached = true, .digest = BSG_CMS_SHA256, .at = NOW }, NOW, BSG_OK },
	{ "SHA-1", { .detached = true, .digest = BSG_CMS_SHA1, .at = NOW }, NOW, BSG_OK },
	{ "ten minutes late", { .detached = true, .digest = BSG_CMS_SHA256, .at = NOW }, NOW + 600, BSG_OK },
	{ "later", { .detached = true, .digest = BSG_CMS_SHA256, .at = NOW }, NOW + 601, BSG_E_CRYPTO },
	{ "ahead", { .detached = true, .digest = BSG_CMS_SHA256, .at = NOW + 901 }, NOW + 300, BSG_E_CRYPTO },
	{ "attached", { .detached = false, .digest = BSG_CMS_SHA256, .at = NOW }, NOW, BSG_E_INVALID },
	{ "the certificate has ended", { .detached = true, .digest = BSG_CMS_SHA256, .at = NOW + 365 * DAY },
	  NOW + 365 * DAY, BSG_E_CRYPTO },
	{ "the certificate has not begun", { .detached = true, .digest = BSG_CMS_SHA256, .at = NOW - 400 }, NOW - 400,
	  BSG_E_CRYPTO },
};

static void a_signed_body_says_whose_certificate_signed_it(void **state)
{
	struct bsg_buf issued;

	(void)state;
	issue(&issued);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct bsg_cms_message message = headers[i].message;
		struct bsg_error err = { 0 };
		struct bsg_buf header;
		struct bsg_buf cert;
		enum bsg_err rc;

		message.content = plist;
		sign_body(bytes_of(&issued), &message, &header);
		rc = judge(&header, plist, headers[i].now, &cert, &err);
		if (rc != headers[i].want || (rc == BSG_OK) != (cert.len > 0))
			fail_msg("%s: %d %s", headers[i].name, (int)rc, err.text);
		if (rc == BSG_OK)
			assert_memory_equal(cert.data, issued.data, issued.len);
		bsg_buf_free(&cert);
		bsg_buf_free(&header);
	}
	bsg_buf_free(&issued);
}

static void another_body_another_ca_and_rubbish_are_refused(void **state)
{
	struct bsg_cms_message message = { .content = plist, .detached = true, .digest = BSG_CMS_SHA1, .at = NOW };
	struct bsg_bytes shorter = { plist.ptr, plist.len - 1 };
	struct bsg_error err = { 0 };
	struct bsg_buf issued;
	struct bsg_buf header;
	struct bsg_buf cert;

	(void)state;
	issue(&issued);
	sign_body(bytes_of(&issued), &message, &header);
	assert_int_equal(judge(&header, shorter, NOW, &cert, &err), BSG_E_CRYPTO);
	assert_int_equal(judge(&header, (struct bsg_bytes){ NULL, 0 }, NOW, &cert, &err), BSG_E_CRYPTO);
	for (size_t i = 0; i < header.len; i += 3) {
		uint8_t was = header.data[i];

		header.data[i] = was == 'A' ? 'B' : 'A';
		if (judge(&header, plist, NOW, &cert, &err) == BSG_OK)		/* a version, or the list of algorithms */
			assert_memory_equal(cert.data, issued.data, issued.len);
		bsg_buf_free(&cert);
		header.data[i] = was;
	}
	header.data[10] = '*';
	assert_int_equal(judge(&header, plist, NOW, &cert, &err), BSG_E_INVALID);
	bsg_buf_free(&header);
	sign_body(bytes_of(&self), &message, &header);
	assert_int_equal(judge(&header, plist, NOW, &cert, &err), BSG_E_CRYPTO);
	header.len = BSG_MDM_SIGNATURE_MAX + 1;
	assert_int_equal(judge(&header, plist, NOW, &cert, &err), BSG_E_LIMIT);
	header.len = 0;
	assert_int_equal(judge(&header, plist, NOW, &cert, &err), BSG_E_INVALID);
	assert_int_equal(bsg_mdm_signature_verify(NULL, 0, plist, ca, NOW, &cert, &err), BSG_E_INVALID);
	bsg_buf_free(&header);
	bsg_buf_free(&issued);
}

static void write_file(const char *name, struct bsg_bytes der, bool is_key)
{
	struct bsg_secret pem = { 0 };
	struct bsg_buf text;

	bsg_buf_init(&text, 65536);
	if (is_key)
		assert_int_equal(bsg_rsa_pem(key, &pem, NULL), BSG_OK);
	else
		assert_int_equal(bsg_cert_to_pem(der, &text, NULL), BSG_OK);
	scratch_write(name, is_key ? pem.data : text.data, is_key ? pem.len : text.len);
	bsg_secret_free(&pem);
	bsg_buf_free(&text);
}

#define SIGN "openssl cms -sign -binary -in body -signer c -inkey k -outform DER -md sha1 "

/* What the openssl program signs, dated by the machine's clock: today is found in what it made. */
static void headers_of_the_openssl_program_are_judged_alike(void **state)
{
	static const struct { const char *how; enum bsg_err want; } rows[] = {
		{ SIGN "-out s", BSG_OK },
		{ SIGN "-noattr -out s", BSG_E_INVALID },
		{ SIGN "-nocerts -out s", BSG_E_INVALID },
		{ SIGN "-signer c2 -inkey k2 -out s", BSG_E_INVALID },
		{ SIGN "-md md5 -out s", BSG_E_DENIED },
		{ SIGN "-out s && openssl cms -sign -binary -in body -signer c2 -inkey k2 -outform DER -out s", BSG_E_CRYPTO },
	};
	struct bsg_profile profile = { .purpose = BSG_CERT_APPLE, .cn = DEVICE };
	int64_t today = (int64_t)time(NULL);
	struct bsg_error err = { 0 };
	struct bsg_keyring *theirs;
	struct bsg_bytes their_ca;
	struct bsg_buf issued;

	(void)state;
	/* A CA of today. */
	assert_int_equal(scratch_run("mkdir -m 700 today"), 0);
	must(bsg_keyring_open(scratch_path("today"), today, &theirs, &err), &err);
	must(bsg_keyring_certificate(theirs, BSG_KEYRING_APPLE_CA, &their_ca, &err), &err);
	bsg_buf_init(&issued, BSG_CERT_MAX);
	profile.not_before = today;
	profile.not_after = today + DAY;
	must(bsg_keyring_issue(theirs, bytes_of(&csr), &profile, &issued, &err), &err);
	write_file("k", (struct bsg_bytes){ NULL, 0 }, true);
	write_file("c", bytes_of(&issued), false);
	scratch_write("body", plist.ptr, plist.len);
	assert_int_equal(scratch_run("openssl req -x509 -newkey rsa:2048 -nodes -keyout k2 -subj /CN=other -out c2"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_buf header;
		struct bsg_buf cert;
		enum bsg_err rc;

		assert_int_equal(scratch_run(rows[i].how), 0);
		assert_int_equal(scratch_run("base64 -w 0 s >h"), 0);
		scratch_read("h", &header);
		bsg_buf_init(&cert, BSG_CERT_MAX);
		rc = bsg_mdm_signature_verify((char *)header.data, header.len, plist, their_ca, (int64_t)time(NULL), &cert, &err);
		if (rc != rows[i].want)
			fail_msg("%s: %d %s", rows[i].how, (int)rc, err.text);
		bsg_buf_free(&cert);
		bsg_buf_free(&header);
	}
	bsg_buf_free(&issued);
	bsg_keyring_free(theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_asks_and_gets_its_certificate),
		cmocka_unit_test(a_refusal_names_its_reason),
		cmocka_unit_test(an_answer_to_another_question_is_not_heard),
		cmocka_unit_test(a_renewal_is_signed_under_a_certificate_in_its_time),
		cmocka_unit_test(a_first_request_may_come_from_a_phone_whose_clock_is_wrong),
		cmocka_unit_test(no_altered_byte_makes_another_request),
		cmocka_unit_test(two_answers_have_two_nonces),
		cmocka_unit_test(the_parameter_of_a_get_is_base64_of_either_alphabet),
		cmocka_unit_test(a_signed_body_says_whose_certificate_signed_it),
		cmocka_unit_test(another_body_another_ca_and_rubbish_are_refused),
		cmocka_unit_test(headers_of_the_openssl_program_are_judged_alike),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
