/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What apple/ does when memory runs out: each operation is run with its first, second, third... allocation failing, until none
 * fails. It must end in an error with a text and leave nothing behind. libplist's own allocations are not made to fail: it does
 * not look at them (apple/plist.h).
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apple/checkin.h"
#include "apple/enrolment.h"
#include "apple/lock.h"
#include "apple/mdm_signature.h"
#include "apple/plist.h"
#include "apple/result.h"
#include "apple/scep_client.h"
#include "base/base64.h"
#include "scratch.h"

#define ROUNDS_MAX 1000

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *data);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *data);

static int allocations_left = -1;	/* -1: no end */
static bool refused;			/* whether one has failed */

static bool may_allocate(void)
{
	if (allocations_left == 0)
		refused = true;
	else if (allocations_left > 0)
		allocations_left--;
	return !refused;
}

static const char *secret;	/* what may not be in memory that is given back; NULL: anything may */
static unsigned n_left;		/* how often it was */

static void give_back(void *data)
{
	if (secret != NULL && data != NULL)
		n_left += memmem(data, malloc_usable_size(data), secret, strlen(secret)) != NULL;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	give_back(old);		/* it may be moved */
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

void __wrap_free(void *data)
{
	give_back(data);
	__real_free(data);
}

static const char message[] = "<plist><dict><key>MessageType</key><string>TokenUpdate</string><key>UDID</key><string>x</string>"
	"<key>Token</key><data>AQID</data><key>PushMagic</key><string>m</string><key>d</key><dict><key>a</key><array/></dict></dict></plist>";
static const char answer[] = "<plist><dict><key>Status</key><string>Acknowledged</string><key>UDID</key><string>x</string><key>CommandUUID</key>"
	"<string>u</string><key>ProfileList</key><array><dict><key>PayloadIdentifier</key><string>i</string></dict></array></dict></plist>";

static enum bsg_err checkin(struct bsg_error *err)
{
	struct bsg_checkin out;

	return bsg_checkin_decode(message, sizeof(message) - 1, &out, err);
}

static enum bsg_err result(struct bsg_error *err)
{
	struct bsg_result out;
	const enum bsg_err rc = bsg_result_decode(answer, sizeof(answer) - 1, &out, err);

	assert_int_equal(rc == BSG_OK, out.plist != NULL);
	bsg_result_free(&out);
	return rc;
}

static enum bsg_err command(struct bsg_error *err)
{
	const struct bsg_command c = { .uuid = "u", .type = BSG_COMMAND_INSTALL_PROFILE, .profile = { (const uint8_t *)message, 100 } };
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_COMMAND_MAX);
	rc = bsg_command_encode(&c, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err lock(struct bsg_error *err)
{
	const struct bsg_lock l = { .kind = BSG_IOS_DEVICE, .functions = 1, .deployment = "a.b", .language = BSG_PROFILE_EN, .life_s = 60 };
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_PROFILE_MAX);
	rc = bsg_lock_profile(&l, &out, err);
	if (rc == BSG_OK)
		rc = bsg_lock_neutral(&l, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static const char challenge[] = "known to nobody but one phone";

static enum bsg_err enrolment(struct bsg_error *err)
{
	const struct bsg_bytes root = { (const uint8_t *)message, 100 };
	const struct bsg_enrolment e = {
		.kind = BSG_IOS_DEVICE, .language = BSG_PROFILE_RU, .deployment = "a.b", .organisation = "o", .roots = &root, .n_roots = 1,
		.scep_url = "https://x/scep", .challenge = challenge, .common_name = "n", .topic = "com.apple.mgmt.x",
		.server_url = "https://x/s", .checkin_url = "https://x/c",
	};
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init_secret(&out, BSG_PROFILE_MAX);
	rc = bsg_enrolment_profile(&e, &out, err);
	bsg_buf_free(&out);
	return rc;
}

#define NOW INT64_C(1795471200)

/* What SCEP works on, made before memory runs out. */
static struct {
	struct bsg_keyring *ring;
	struct bsg_rsa_key *key;
	struct bsg_bytes ca;
	struct bsg_buf csr, self, issued, body, header;
	struct bsg_scep_client client;
} s;

static const struct bsg_bytes plist = { (const uint8_t *)message, sizeof(message) - 1 };

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static int make_scep(void **state)
{
	const struct bsg_profile profile = { .purpose = BSG_CERT_APPLE, .cn = "0123456789abcdef0123456789abcdef", .not_before = NOW,
					     .not_after = NOW + BSG_APPLE_CERT_LIFE_S };
	const struct bsg_cms_message detached = { .content = plist, .detached = true, .digest = BSG_CMS_SHA256, .at = NOW };
	struct bsg_buf *bufs[] = { &s.csr, &s.self, &s.issued, &s.body, &s.header };
	struct bsg_buf der;
	int ok = scratch_make(state) == 0;

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		bsg_buf_init(bufs[i], BSG_CMS_MAX);
	bsg_buf_init(&der, BSG_CMS_MAX);
	ok = ok && bsg_keyring_open(scratch_dir(), NOW, &s.ring, NULL) == BSG_OK && bsg_rsa_generate(2048, &s.key, NULL) == BSG_OK &&
	     bsg_keyring_certificate(s.ring, BSG_KEYRING_APPLE_CA, &s.ca, NULL) == BSG_OK &&
	     bsg_csr_make_rsa(s.key, "x", "challenge", &s.csr, NULL) == BSG_OK &&
	     bsg_rsa_self_signed(s.key, "x", NOW, NOW + 86400, &s.self, NULL) == BSG_OK &&
	     bsg_keyring_issue(s.ring, bytes_of(&s.csr), &profile, &s.issued, NULL) == BSG_OK &&
	     bsg_cms_sign(s.key, bytes_of(&s.issued), &detached, &der, NULL) == BSG_OK;
	s.client = (struct bsg_scep_client){ .key = s.key, .cert = bytes_of(&s.self), .ca = s.ca, .transaction_id = "t", .nonce = "sixteen nonbytes",
					     .nonce_len = 16, .digest = BSG_CMS_SHA256, .cipher = BSG_CMS_AES128 };
	ok = ok && bsg_scep_ask(&s.client, BSG_SCEP_PKCS_REQ, bytes_of(&s.csr), NOW, &s.body, NULL) == BSG_OK;
	bsg_base64_encode(der.data, der.len, 0, &s.header);
	bsg_buf_free(&der);
	return ok && bsg_buf_finish(&s.header, NULL) == BSG_OK ? 0 : -1;
}

static int free_scep(void **state)
{
	bsg_keyring_free(s.ring);
	bsg_rsa_free(s.key);
	bsg_buf_free(&s.csr);
	bsg_buf_free(&s.self);
	bsg_buf_free(&s.issued);
	bsg_buf_free(&s.body);
	bsg_buf_free(&s.header);
	return scratch_remove(state);
}

/* A device asks, the server answers, the device hears. */
static enum bsg_err scep(struct bsg_error *err)
{
	const struct bsg_scep_rules rules = { .now = NOW };
	struct bsg_scep_request request;
	enum bsg_scep_fail fail;
	struct bsg_buf reply;
	struct bsg_buf heard;
	enum bsg_err rc = bsg_scep_read(s.ring, bytes_of(&s.body), &rules, &request, err);

	assert_int_equal(rc == BSG_OK, request.csr.data != NULL);
	bsg_buf_init(&reply, BSG_SCEP_ANSWER_MAX);
	bsg_buf_init(&heard, BSG_CERT_MAX);
	if (rc == BSG_OK)
		rc = bsg_scep_answer(s.ring, &request, bytes_of(&s.issued), NOW, &reply, err);
	if (rc == BSG_OK)
		rc = bsg_scep_hear(&s.client, bytes_of(&reply), &heard, &fail, err);
	bsg_scep_request_free(&request);
	bsg_buf_free(&reply);
	bsg_buf_free(&heard);
	return rc;
}

static enum bsg_err scep_ask(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CMS_MAX);
	rc = bsg_scep_ask(&s.client, BSG_SCEP_PKCS_REQ, bytes_of(&s.csr), NOW, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err scep_get(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_SCEP_MESSAGE_MAX);
	rc = bsg_scep_decode_get((const char *)s.header.data, s.header.len, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err mdm_signature(struct bsg_error *err)
{
	struct bsg_buf cert;
	enum bsg_err rc;

	bsg_buf_init(&cert, BSG_CERT_MAX);
	rc = bsg_mdm_signature_verify((const char *)s.header.data, s.header.len, plist, s.ca, NOW, &cert, err);
	bsg_buf_free(&cert);
	return rc;
}

/* Only of binary dictionaries the keys are collected. */
static enum bsg_err binary(struct bsg_error *err)
{
	static const char bytes[] = "bplist00" "\xd1\1\2" "\x51" "a" "\x09" "\x08\x0b\x0d" "\0\0\0\0\0\0\1\1"
		"\0\0\0\0\0\0\0\3" "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\x0e";
	struct bsg_plist *out;
	enum bsg_err rc = bsg_plist_read(bytes, sizeof(bytes) - 1, BSG_PLIST_MAX, &out, err);

	assert_int_equal(rc == BSG_OK, out != NULL);
	bsg_plist_free(out);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	static const struct { const char *name; enum bsg_err (*run)(struct bsg_error *err); } operations[] = {
		{ "binary", binary }, { "check-in", checkin }, { "result", result }, { "command", command }, { "lock", lock }, { "enrolment", enrolment },
		{ "SCEP", scep }, { "ask by SCEP", scep_ask }, { "SCEP by GET", scep_get }, { "Mdm-Signature", mdm_signature },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		int n = -1;

		do {
			struct bsg_error err = { 0 };
			enum bsg_err rc;

			refused = false;
			allocations_left = ++n;
			rc = operations[i].run(&err);
			allocations_left = -1;
			if (!refused && rc != BSG_OK)
				fail_msg("%s: failed with memory enough: %s", operations[i].name, err.text);
			if (refused && (rc != BSG_E_NO_MEMORY || err.text[0] == '\0'))
				fail_msg("%s: allocation %d: %d, %s", operations[i].name, n, (int)rc, err.text);
		} while (refused && n < ROUNDS_MAX);
		refused = false;
		assert_in_range(n, 1, ROUNDS_MAX - 1);	/* at least one has failed */
	}
}

/* K6: made whole, or broken off wherever memory runs out. */
static void no_challenge_stays_in_memory_that_is_given_back(void **state)
{
	struct bsg_error err;
	int n = 0;

	(void)state;
	secret = challenge;
	n_left = 0;
	do {
		refused = false;
		allocations_left = n++;
		(void)enrolment(&err);
		allocations_left = -1;
	} while (refused && n < ROUNDS_MAX);
	refused = false;
	secret = NULL;
	assert_in_range(n, 2, ROUNDS_MAX - 1);
	assert_int_equal(n_left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_allocation_may_fail, make_scep, free_scep),
		cmocka_unit_test(no_challenge_stays_in_memory_that_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
