/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crypto/ does when memory runs out: each operation is run with its first,
 * second, third … allocation failing, until none fails. It must end in an error
 * with a text and leave nothing behind, or be right. Where OpenSSL itself runs
 * out, it happens in a child: OpenSSL 3.0 leaks then, and some of its tables stay
 * damaged for the rest of the process. Ours is only that nothing wrong is accepted.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "crypto/cose.h"
#include "crypto/csr.h"
#include "crypto/est.h"
#include "crypto/place.h"
#include "crypto/tls.h"
#include "crypto/vendor.h"
#include "scratch.h"

#define NOW INT64_C(1795471200)
#define DEVICE "0123456789abcdef0123456789abcdef"
#define ROUNDS_MAX 50000

/* The linker sends our own allocations here (--wrap), OpenSSL its own by its hooks. */
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
static bool openssl_too;

static int may_allocate(void)
{
	if (allocations_left == 0) {
		refused = true;
		return 0;
	}
	if (allocations_left > 0)
		allocations_left--;
	return 1;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

static const uint8_t *watched;		/* bytes that must be wiped when they are freed */
static size_t watched_len;
static size_t n_left;			/* how many were not */
static const char *forbidden;	/* or a text that may not be in memory that is given back; NULL: any may */

static void give_back(void *data)
{
	if (data != NULL && data == watched)
		for (size_t i = 0; i < watched_len; i++)
			n_left += watched[i] != 0;
	if (data != NULL && forbidden != NULL)
		n_left += memmem(data, malloc_usable_size(data), forbidden, strlen(forbidden)) != NULL;
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

static void *hook_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return !openssl_too || may_allocate() ? __real_malloc(size) : NULL;
}

static void *hook_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return !openssl_too || may_allocate() ? __real_realloc(old, size) : NULL;
}

static void hook_free(void *data, const char *file, int line)
{
	(void)file;
	(void)line;
	__real_free(data);
}

/* What the operations work on, made once, before memory runs out. */
static struct fixture {
	struct bsg_keyring *ring;
	struct bsg_key *key;
	struct bsg_public_key pub;
	struct bsg_bytes root, ca, secret_cert;
	struct bsg_buf csr, device, orders, certs, sealed, pem;
	struct bsg_rsa_key *rsa;
	struct bsg_bytes apple_ca;
	struct bsg_buf rsa_cert, rsa_csr, envelope, signed_data, chain;
	struct bsg_secret rsa_pem;
	uint8_t signature[BSG_SIGNATURE_LEN];
} f;

static const struct bsg_bytes payload = { (const uint8_t *)"\xa1\x01\x02", 3 };
static const struct bsg_profile profile = {
	.purpose = BSG_CERT_DEVICE, .cn = DEVICE, .not_before = NOW,
	.not_after = NOW + BSG_DEVICE_CERT_LIFE_S,
};

static const struct bsg_cms_message message = {
	.content = { (const uint8_t *)"said", 4 }, .digest = BSG_CMS_SHA256, .at = NOW,
};
static const struct bsg_profile apple_profile = {
	.purpose = BSG_CERT_APPLE, .cn = DEVICE, .not_before = NOW, .not_after = NOW + BSG_APPLE_CERT_LIFE_S,
};

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static int make_all(void **state)
{
	struct bsg_buf *bufs[] = { &f.csr, &f.device, &f.orders, &f.certs, &f.sealed, &f.pem, &f.rsa_cert, &f.rsa_csr,
				   &f.envelope, &f.signed_data, &f.chain };
	int ok = scratch_make(state) == 0;

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		bsg_buf_init(bufs[i], 65536);
	ok = ok && bsg_keyring_open(scratch_path("."), NOW, &f.ring, NULL) == BSG_OK &&
	     bsg_keyring_certificate(f.ring, BSG_KEYRING_ROOT, &f.root, NULL) == BSG_OK &&
	     bsg_keyring_certificate(f.ring, BSG_KEYRING_DEVICE_CA, &f.ca, NULL) == BSG_OK &&
	     bsg_keyring_certificate(f.ring, BSG_KEYRING_SECRET, &f.secret_cert, NULL) == BSG_OK &&
	     bsg_key_generate(&f.key, NULL) == BSG_OK &&
	     bsg_csr_make(f.key, "x", &f.csr, NULL) == BSG_OK &&
	     bsg_keyring_issue(f.ring, bytes_of(&f.csr), &profile, &f.device, NULL) == BSG_OK &&
	     bsg_cose_sign(f.ring, BSG_COSE_ORDERS, payload, &f.orders, NULL) == BSG_OK &&
	     bsg_est_encode_certs(&f.root, 1, &f.certs, NULL) == BSG_OK &&
	     bsg_seal(f.secret_cert, payload, &f.sealed, NULL) == BSG_OK &&
	     bsg_cert_to_pem(f.root, &f.pem, NULL) == BSG_OK &&
	     bsg_key_sign(f.key, payload, f.signature, NULL) == BSG_OK &&
	     bsg_keyring_certificate(f.ring, BSG_KEYRING_APPLE_CA, &f.apple_ca, NULL) == BSG_OK &&
	     bsg_rsa_generate(2048, &f.rsa, NULL) == BSG_OK &&
	     bsg_rsa_self_signed(f.rsa, "x", NOW, NOW + 86400, &f.rsa_cert, NULL) == BSG_OK &&
	     bsg_csr_make_rsa(f.rsa, "x", "challenge", &f.rsa_csr, NULL) == BSG_OK &&
	     bsg_cms_encrypt(f.apple_ca, bytes_of(&f.rsa_csr), BSG_CMS_AES128, &f.envelope, NULL) == BSG_OK &&
	     bsg_cms_sign(f.rsa, bytes_of(&f.rsa_cert), &message, &f.signed_data, NULL) == BSG_OK &&
	     bsg_rsa_pem(f.rsa, &f.rsa_pem, NULL) == BSG_OK &&
	     bsg_cert_to_pem(bytes_of(&f.device), &f.chain, NULL) == BSG_OK &&
	     bsg_cert_to_pem(f.ca, &f.chain, NULL) == BSG_OK && bsg_cert_to_pem(f.root, &f.chain, NULL) == BSG_OK;
	if (ok)
		bsg_key_public(f.key, &f.pub);
	return ok ? 0 : -1;
}

static int free_all(void **state)
{
	bsg_keyring_free(f.ring);
	bsg_key_free(f.key);
	bsg_buf_free(&f.csr);
	bsg_buf_free(&f.device);
	bsg_buf_free(&f.orders);
	bsg_buf_free(&f.certs);
	bsg_buf_free(&f.sealed);
	bsg_buf_free(&f.pem);
	bsg_rsa_free(f.rsa);
	bsg_buf_free(&f.rsa_cert);
	bsg_buf_free(&f.rsa_csr);
	bsg_buf_free(&f.envelope);
	bsg_buf_free(&f.signed_data);
	bsg_buf_free(&f.chain);
	bsg_secret_free(&f.rsa_pem);
	return scratch_remove(state);
}

/* Not cmocka's: in a child a failed assertion must not go on with the other tests. */
#define CHECK(condition)                                                                   \
	do {                                                                                \
		if (!(condition)) {                                                         \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                            \
		}                                                                           \
	} while (0)

static enum bsg_err do_generate(struct bsg_error *err)
{
	struct bsg_key *key;
	enum bsg_err rc = bsg_key_generate(&key, err);

	CHECK((rc == BSG_OK) == (key != NULL));
	bsg_key_free(key);
	return rc;
}

static enum bsg_err do_pem_of_key(struct bsg_error *err)
{
	struct bsg_secret pem;
	enum bsg_err rc = bsg_key_pem(f.key, &pem, err);

	CHECK((rc == BSG_OK) == (pem.data != NULL));
	bsg_secret_free(&pem);
	return rc;
}

static enum bsg_err do_sign(struct bsg_error *err)
{
	uint8_t signature[BSG_SIGNATURE_LEN];

	return bsg_key_sign(f.key, payload, signature, err);
}

static enum bsg_err do_verify(struct bsg_error *err)
{
	return bsg_public_key_verify(&f.pub, payload, f.signature, err);
}

/* Out of memory must not turn a wrong signature into a right one. */
static enum bsg_err do_verify_wrong(struct bsg_error *err)
{
	uint8_t wrong[BSG_SIGNATURE_LEN];
	enum bsg_err rc;

	memcpy(wrong, f.signature, sizeof(wrong));
	wrong[5] ^= 1;
	rc = bsg_public_key_verify(&f.pub, payload, wrong, err);
	CHECK(rc != BSG_OK);
	return refused ? rc : BSG_OK;
}

static enum bsg_err do_hmac(struct bsg_error *err)
{
	uint8_t secret[BSG_PLACE_SECRET_LEN] = { 0 };
	uint8_t out[BSG_PSEUDONYM_LEN];

	return bsg_place_pseudonym(secret, DEVICE, out, err);
}

static enum bsg_err do_csr_make(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CSR_MAX);
	rc = bsg_csr_make(f.key, "x", &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_csr_verify(struct bsg_error *err)
{
	struct bsg_public_key pub;

	return bsg_csr_verify(bytes_of(&f.csr), &pub, err);
}

static enum bsg_err do_issue(struct bsg_error *err)
{
	struct bsg_cert_info info;
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CERT_MAX);
	rc = bsg_keyring_issue(f.ring, bytes_of(&f.csr), &profile, &out, err);
	allocations_left = -1;
	if (rc == BSG_OK)
		CHECK(bsg_cert_read(bytes_of(&out), &info, NULL) == BSG_OK);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_cert_read(struct bsg_error *err)
{
	struct bsg_cert_info info;
	enum bsg_err rc = bsg_cert_read(bytes_of(&f.device), &info, err);

	/* A name or key that could not be read for want of memory is not there; that is safe. */
	CHECK(rc == BSG_OK || !info.has_key);
	return rc;
}

static enum bsg_err do_cert_verify(struct bsg_error *err)
{
	return bsg_cert_verify(bytes_of(&f.device), &f.ca, 1, f.root, BSG_CERT_DEVICE, NOW, err);
}

static enum bsg_err do_cert_verify_wrong(struct bsg_error *err)
{
	enum bsg_err rc = bsg_cert_verify(bytes_of(&f.device), &f.ca, 1, f.root, BSG_CERT_TLS_SERVER, NOW,
					  err);

	CHECK(rc != BSG_OK);
	return refused ? rc : BSG_OK;
}

static enum bsg_err do_cose_sign(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, 65536);
	rc = bsg_cose_sign(f.ring, BSG_COSE_ORDERS, payload, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_cose_verify(struct bsg_error *err)
{
	struct bsg_bytes out;
	enum bsg_err rc = bsg_cose_verify_chain(BSG_COSE_ORDERS, bytes_of(&f.orders), f.root, NOW, &out, err);

	CHECK((rc == BSG_OK) == (out.len > 0));
	return rc;
}

static enum bsg_err do_est_encode(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_EST_CERTS_MAX);
	rc = bsg_est_encode_certs(&f.root, 1, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_est_decode(struct bsg_error *err)
{
	struct bsg_bytes certs[BSG_EST_N_CERTS_MAX];
	struct bsg_buf out;
	size_t n;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_EST_CERTS_MAX);
	rc = bsg_est_decode_certs((const char *)f.certs.data, f.certs.len, &out, certs, &n, err);
	CHECK((rc == BSG_OK) == (n == 1));
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_from_pem(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CERT_MAX);
	rc = bsg_cert_from_pem((const char *)f.pem.data, f.pem.len, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_keyring_open(struct bsg_error *err)
{
	struct bsg_keyring *ring;
	enum bsg_err rc = bsg_keyring_open(scratch_path("."), NOW, &ring, err);

	CHECK((rc == BSG_OK) == (ring != NULL));
	bsg_keyring_free(ring);
	return rc;
}

static enum bsg_err do_unseal(struct bsg_error *err)
{
	struct bsg_secret out;
	enum bsg_err rc = bsg_keyring_decrypt(f.ring, BSG_DECRYPT_SECRET, bytes_of(&f.sealed), &out, err);

	CHECK((rc == BSG_OK) == (out.data != NULL));
	bsg_secret_free(&out);
	return rc;
}

static enum bsg_err do_rsa_csr_make(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CSR_MAX);
	rc = bsg_csr_make_rsa(f.rsa, "x", "challenge", &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_rsa_csr_verify(struct bsg_error *err)
{
	struct bsg_rsa_request request;
	enum bsg_err rc = bsg_csr_verify_rsa(bytes_of(&f.rsa_csr), &request, err);

	/* A challenge that is lost for want of memory would be a request without one. */
	CHECK((rc == BSG_OK) == (request.challenge.len == 9));
	bsg_rsa_request_free(&request);
	return rc;
}

static enum bsg_err do_issue_apple(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CERT_MAX);
	rc = bsg_keyring_issue(f.ring, bytes_of(&f.rsa_csr), &apple_profile, &out, err);
	allocations_left = -1;
	if (rc == BSG_OK)
		CHECK(bsg_cert_verify(bytes_of(&out), NULL, 0, f.apple_ca, BSG_CERT_APPLE, NOW, NULL) == BSG_OK);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_cms_sign(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CMS_MAX);
	rc = bsg_cms_sign(f.rsa, bytes_of(&f.rsa_cert), &message, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_cms_verify(struct bsg_error *err)
{
	struct bsg_cms *cms;
	struct bsg_buf out;
	enum bsg_err rc = bsg_cms_read(bytes_of(&f.signed_data), &cms, err);

	bsg_buf_init(&out, BSG_CMS_MAX);
	if (rc == BSG_OK)
		rc = bsg_cms_verify(cms, NULL, false, &out, err);
	CHECK((rc == BSG_OK) == (out.len == 4));
	bsg_buf_free(&out);
	bsg_cms_free(cms);
	return rc;
}

static enum bsg_err do_cms_verify_wrong(struct bsg_error *err)
{
	struct bsg_cms *cms;
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CMS_MAX);
	f.signed_data.data[f.signed_data.len - 1] ^= 1;
	rc = bsg_cms_read(bytes_of(&f.signed_data), &cms, err);
	if (rc == BSG_OK)
		rc = bsg_cms_verify(cms, NULL, false, &out, err);
	f.signed_data.data[f.signed_data.len - 1] ^= 1;
	bsg_cms_free(cms);
	CHECK(rc != BSG_OK && out.len == 0);
	return refused ? rc : BSG_OK;
}

static enum bsg_err do_cms_encrypt(struct bsg_error *err)
{
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_CMS_MAX);
	rc = bsg_cms_encrypt(f.apple_ca, payload, BSG_CMS_AES256, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_scep_decrypt(struct bsg_error *err)
{
	struct bsg_secret out;
	enum bsg_err rc = bsg_keyring_decrypt(f.ring, BSG_DECRYPT_SCEP, bytes_of(&f.envelope), &out, err);

	CHECK((rc == BSG_OK) == (out.data != NULL));
	bsg_secret_free(&out);
	return rc;
}

/* For want of memory no certificate may be left out: the text is the whole chain, or none. */
static enum bsg_err do_vendor_chain(struct bsg_error *err)
{
	uint8_t spki[BSG_SHA256_LEN];
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_VENDOR_PEM_MAX);
	rc = bsg_vendor_chain_read((const char *)f.chain.data, f.chain.len, NOW, spki, &out, err);
	if (rc == BSG_OK)
		CHECK(out.len == f.chain.len && memcmp(out.data, f.chain.data, out.len) == 0);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err do_vendor_sign(struct bsg_error *err)
{
	uint8_t spki[BSG_SHA256_LEN];
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_VENDOR_SIGNATURE_MAX);
	rc = bsg_rsa_spki_sha256(f.rsa, spki, err);
	if (rc == BSG_OK)
		rc = bsg_vendor_sign(&f.rsa_pem, spki, bytes_of(&f.rsa_csr), &out, err);
	if (rc == BSG_OK)
		CHECK(out.len == 256);
	bsg_buf_free(&out);
	return rc;
}

static const struct { const char *name; enum bsg_err (*run)(struct bsg_error *err); } operations[] = {
	{ "make a key", do_generate },
	{ "write a key", do_pem_of_key },
	{ "sign", do_sign },
	{ "verify", do_verify },
	{ "verify what is wrong", do_verify_wrong },
	{ "derive", do_hmac },
	{ "make a request", do_csr_make },
	{ "verify a request", do_csr_verify },
	{ "issue", do_issue },
	{ "read a certificate", do_cert_read },
	{ "verify a chain", do_cert_verify },
	{ "verify a wrong chain", do_cert_verify_wrong },
	{ "sign a message", do_cose_sign },
	{ "verify a message", do_cose_verify },
	{ "write an EST body", do_est_encode },
	{ "read an EST body", do_est_decode },
	{ "read PEM", do_from_pem },
	{ "open the keyring", do_keyring_open },
	{ "decrypt a secret", do_unseal },
	{ "make a request with an RSA key", do_rsa_csr_make },
	{ "verify a request with an RSA key", do_rsa_csr_verify },
	{ "issue to an Apple device", do_issue_apple },
	{ "sign CMS", do_cms_sign },
	{ "verify CMS", do_cms_verify },
	{ "verify wrong CMS", do_cms_verify_wrong },
	{ "encrypt CMS", do_cms_encrypt },
	{ "decrypt a request", do_scep_decrypt },
	{ "read a vendor's chain", do_vendor_chain },
	{ "sign as a vendor", do_vendor_sign },
};

#define N_OPERATIONS (sizeof(operations) / sizeof(operations[0]))


/* Run with all allocations after the first @n failing. */
static enum bsg_err run_with(size_t i, int n, struct bsg_error *err)
{
	enum bsg_err rc;

	refused = false;
	allocations_left = n;
	rc = operations[i].run(err);
	allocations_left = -1;
	return rc;
}

static void each_allocation_of_ours_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OPERATIONS; i++) {
		int n = 0;

		for (;; n++) {
			struct bsg_error err = { 0 };
			enum bsg_err rc = run_with(i, n, &err);

			if ((rc == BSG_OK) == refused || (rc != BSG_OK && err.text[0] == '\0'))
				fail_msg("%s, allocation %d: %d %s", operations[i].name, n, (int)rc, err.text);
			if (!refused)
				break;
		}
		print_message("%s: %d allocations\n", operations[i].name, n);
	}
}

/* Exit status of a child: 0 refused or right, 1 a failure without a text, 2 nothing ran out. */
static int in_a_child(size_t i, int n)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct bsg_error err = { 0 };
		enum bsg_err rc = run_with(i, n, &err);

		_exit(rc != BSG_OK && err.text[0] == '\0' ? 1 : refused ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));		/* not by a signal: an assertion, a sanitizer */
	return WEXITSTATUS(status);
}

static void openssl_may_run_out_too(void **state)
{
	(void)state;
	openssl_too = true;
	for (size_t i = 0; i < N_OPERATIONS; i++) {
		int n_out = 0;

		/* The first ones one by one, then wider and wider: a child takes milliseconds. */
		for (int n = 0; n < ROUNDS_MAX; n += 1 + n / 3) {
			int status = in_a_child(i, n);

			if (status == 1)
				fail_msg("%s, allocation %d: a failure without a text", operations[i].name, n);
			if (status != 0 && status != 2)
				fail_msg("%s, allocation %d: child ended with %d", operations[i].name, n, status);
			if (status == 2)
				break;
			n_out++;
		}
		if (n_out == 0)
			fail_msg("%s: never ran out", operations[i].name);
	}
	openssl_too = false;
}

static void a_secret_is_gone_when_its_memory_is_given_back(void **state)
{
	struct bsg_secret pem;

	(void)state;
	assert_int_equal(bsg_key_pem(f.key, &pem, NULL), BSG_OK);
	watched = pem.data;
	watched_len = pem.len;
	n_left = 0;
	bsg_secret_free(&pem);
	watched = NULL;
	assert_int_equal(n_left, 0);
}

/* K6: a key stands in front of its certificate in one text, which grows behind it. */
static void no_private_key_stays_in_memory_that_is_given_back(void **state)
{
	struct bsg_tls_identity identity;
	struct bsg_keyring *ring = NULL;
	struct bsg_error err;
	const char *dir = scratch_path("fresh");

	(void)state;
	assert_int_equal(scratch_run("mkdir -m 700 fresh"), 0);
	n_left = 0;
	forbidden = "PRIVATE KEY-----";
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
	must(bsg_tls_identity_load(ring, dir, (const char *const[]){"localhost"}, 1, NOW, &identity, &err), &err);
	bsg_tls_identity_free(&identity);
	bsg_keyring_free(ring);
	forbidden = NULL;
	assert_int_equal(n_left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_allocation_of_ours_may_fail, make_all, free_all),
		cmocka_unit_test_setup_teardown(a_secret_is_gone_when_its_memory_is_given_back, make_all, free_all),
		cmocka_unit_test_setup_teardown(no_private_key_stays_in_memory_that_is_given_back, make_all, free_all),
		cmocka_unit_test_setup_teardown(openssl_may_run_out_too, make_all, free_all),
	};

	if (CRYPTO_set_mem_functions(hook_malloc, hook_realloc, hook_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
