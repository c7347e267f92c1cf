/* SPDX-License-Identifier: Apache-2.0 */
/* One keyring, many threads: every function of crypto/keyring.h and cose.h at the same time. Also under TSan. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/cose.h"
#include "crypto/csr.h"
#include "crypto/random.h"
#include "scratch.h"

#define NOW INT64_C(1795471200)
#define N_THREADS 4
#define N_ROUNDS 20

static struct bsg_keyring *ring;
static struct bsg_rsa_key *phone;
static struct bsg_buf phone_csr;
static const struct bsg_bytes payload = { (const uint8_t *)"\xa1\x01\x02", 3 };

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static enum bsg_err enrol(struct bsg_error *err)
{
	struct bsg_profile profile = {
		.purpose = BSG_CERT_DEVICE, .not_before = NOW, .not_after = NOW + BSG_DEVICE_CERT_LIFE_S,
	};
	char id[BSG_ID_SIZE];
	struct bsg_bytes root;
	struct bsg_bytes ca;
	struct bsg_key *key = NULL;
	struct bsg_buf csr;
	struct bsg_buf der;
	enum bsg_err rc = bsg_random_id(id, err);

	profile.cn = id;
	bsg_buf_init(&csr, BSG_CSR_MAX);
	bsg_buf_init(&der, BSG_CERT_MAX);
	if (rc == BSG_OK)
		rc = bsg_key_generate(&key, err);
	if (rc == BSG_OK)
		rc = bsg_csr_make(key, id, &csr, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_issue(ring, bytes_of(&csr), &profile, &der, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(ring, BSG_KEYRING_ROOT, &root, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(ring, BSG_KEYRING_DEVICE_CA, &ca, err);
	if (rc == BSG_OK)
		rc = bsg_cert_verify(bytes_of(&der), &ca, 1, root, BSG_CERT_DEVICE, NOW, err);
	bsg_buf_free(&csr);
	bsg_buf_free(&der);
	bsg_key_free(key);
	return rc;
}

static enum bsg_err order(struct bsg_error *err)
{
	struct bsg_bytes root;
	struct bsg_bytes back;
	struct bsg_buf message;
	enum bsg_err rc;

	bsg_buf_init(&message, 32768);
	rc = bsg_cose_sign(ring, BSG_COSE_ORDERS, payload, &message, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(ring, BSG_KEYRING_ROOT, &root, err);
	if (rc == BSG_OK)
		rc = bsg_cose_verify_chain(BSG_COSE_ORDERS, bytes_of(&message), root, NOW, &back, err);
	bsg_buf_free(&message);
	return rc;
}

static enum bsg_err keep_secret(struct bsg_error *err)
{
	struct bsg_secret secret = { 0 };
	struct bsg_bytes to;
	struct bsg_buf sealed;
	enum bsg_err rc = bsg_keyring_certificate(ring, BSG_KEYRING_SECRET, &to, err);

	bsg_buf_init(&sealed, 8192);
	if (rc == BSG_OK)
		rc = bsg_seal(to, payload, &sealed, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_decrypt(ring, BSG_DECRYPT_SECRET, bytes_of(&sealed), &secret, err);
	if (rc == BSG_OK && (secret.len != payload.len || !bsg_equal(secret.data, payload.ptr, secret.len)))
		rc = bsg_fail(err, BSG_E_BUG, "another secret");
	bsg_secret_free(&secret);
	bsg_buf_free(&sealed);
	return rc;
}

/* Single DES first: the context of old algorithms is made by whoever needs it first. */
static enum bsg_err enrol_apple(int round, struct bsg_error *err)
{
	static const struct bsg_profile profile = {
		.purpose = BSG_CERT_APPLE, .cn = "0123456789abcdef0123456789abcdef", .not_before = NOW,
		.not_after = NOW + BSG_APPLE_CERT_LIFE_S,
	};
	static const struct bsg_cms_message message = {
		.content = { (const uint8_t *)"<?xml version='1.0'?>", 21 }, .digest = BSG_CMS_SHA256, .at = NOW,
	};
	struct bsg_secret csr = { 0 };
	struct bsg_cms *cms = NULL;
	struct bsg_buf out[4];
	struct bsg_bytes ca;
	enum bsg_err rc = bsg_keyring_certificate(ring, BSG_KEYRING_APPLE_CA, &ca, err);

	for (int i = 0; i < 4; i++)
		bsg_buf_init(&out[i], BSG_CMS_MAX);
	if (rc == BSG_OK)
		rc = bsg_cms_encrypt(ca, bytes_of(&phone_csr), round % 2 == 0 ? BSG_CMS_DES : BSG_CMS_AES128, &out[0], err);
	if (rc == BSG_OK)
		rc = bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP_LEGACY, bytes_of(&out[0]), &csr, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_issue(ring, (struct bsg_bytes){ csr.data, csr.len }, &profile, &out[1], err);
	if (rc == BSG_OK)
		rc = bsg_cert_verify(bytes_of(&out[1]), NULL, 0, ca, BSG_CERT_APPLE, NOW, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_sign_cms(ring, BSG_SIGN_PROFILE, &message, &out[2], err);
	if (rc == BSG_OK)
		rc = bsg_cms_read(bytes_of(&out[2]), &cms, err);
	if (rc == BSG_OK)
		rc = bsg_cms_verify(cms, NULL, false, &out[3], err);
	bsg_cms_free(cms);
	bsg_secret_free(&csr);
	for (int i = 0; i < 4; i++)
		bsg_buf_free(&out[i]);
	return rc;
}

static void *work(void *arg)
{
	struct bsg_error *err = arg;
	enum bsg_err rc = BSG_OK;

	for (int i = 0; i < N_ROUNDS && rc == BSG_OK; i++) {
		rc = enrol(err);
		if (rc == BSG_OK)
			rc = order(err);
		if (rc == BSG_OK)
			rc = keep_secret(err);
		if (rc == BSG_OK)
			rc = enrol_apple(i, err);
	}
	return NULL;
}

static void one_keyring_serves_many_threads(void **state)
{
	struct bsg_error err[N_THREADS] = { { 0 } };
	pthread_t thread[N_THREADS];

	(void)state;
	must(bsg_keyring_open(scratch_path("."), NOW, &ring, &err[0]), &err[0]);
	bsg_buf_init(&phone_csr, BSG_CSR_MAX);
	must(bsg_rsa_generate(2048, &phone, &err[0]), &err[0]);
	must(bsg_csr_make_rsa(phone, "a phone", "secret", &phone_csr, &err[0]), &err[0]);
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &err[i]), 0);
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (int i = 0; i < N_THREADS; i++)
		assert_string_equal(err[i].text, "");
	bsg_keyring_free(ring);
	bsg_rsa_free(phone);
	bsg_buf_free(&phone_csr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_keyring_serves_many_threads, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
