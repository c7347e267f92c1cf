/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for crypto/cose.h: whole messages, signed and verified. The payload is opaque here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "crypto/cose.h"
#include "crypto/csr.h"
#include "scratch.h"

#define NOW INT64_C(1795471200)
#define DAY INT64_C(86400)

static struct bsg_keyring *ring;	/* the server's */
static struct bsg_keyring *phone;	/* signs passes */
static struct bsg_keyring *gate;	/* signs tokens */
static struct bsg_public_key phone_key;
static struct bsg_public_key gate_key;
static struct bsg_bytes root;
static const struct bsg_bytes payload = { (const uint8_t *)"\xa1\x01\x82\x02\x03", 5 };

static int new_single(enum bsg_sign_purpose purpose, struct bsg_keyring **out,
		      struct bsg_public_key *pub)
{
	struct bsg_key *key;

	if (bsg_key_generate(&key, NULL) != BSG_OK)
		return -1;
	bsg_key_public(key, pub);
	return bsg_keyring_of_key(key, purpose, out, NULL) == BSG_OK ? 0 : -1;
}

static int make_rings(void **state)
{
	if (scratch_make(state) != 0 ||
	    bsg_keyring_open(scratch_path("."), NOW, &ring, NULL) != BSG_OK ||
	    bsg_keyring_certificate(ring, BSG_KEYRING_ROOT, &root, NULL) != BSG_OK)
		return -1;
	return new_single(BSG_SIGN_PASS, &phone, &phone_key) != 0 ||
	       new_single(BSG_SIGN_TOKEN, &gate, &gate_key) != 0 ? -1 : 0;
}

static int remove_rings(void **state)
{
	bsg_keyring_free(ring);
	bsg_keyring_free(phone);
	bsg_keyring_free(gate);
	return scratch_remove(state);
}

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static struct bsg_keyring *ring_for(enum bsg_cose_kind kind)
{
	return kind == BSG_COSE_PASS ? phone : kind == BSG_COSE_THRESHOLD_TOKEN ? gate : ring;
}

static bool has_chain(enum bsg_cose_kind kind)
{
	return kind == BSG_COSE_ORDERS || kind == BSG_COSE_GATE_CREDENTIAL;
}

static enum bsg_err verify(enum bsg_cose_kind kind, struct bsg_bytes message, struct bsg_bytes *out,
			   struct bsg_error *err)
{
	if (has_chain(kind))
		return bsg_cose_verify_chain(kind, message, root, NOW, out, err);
	return bsg_cose_verify_key(kind, message, kind == BSG_COSE_PASS ? &phone_key : &gate_key, out, err);
}

/* A message of @kind; the caller frees it. */
static void sign(enum bsg_cose_kind kind, struct bsg_buf *out)
{
	struct bsg_error err = { 0 };

	bsg_buf_init(out, 32768);
	must(bsg_cose_sign(ring_for(kind), kind, payload, out, &err), &err);
}

static void every_kind_goes_there_and_back(void **state)
{
	(void)state;
	for (int k = BSG_COSE_ORDERS; k <= BSG_COSE_PASS; k++) {
		struct bsg_error err = { 0 };
		struct bsg_bytes back;
		struct bsg_buf message;

		sign((enum bsg_cose_kind)k, &message);
		must(verify((enum bsg_cose_kind)k, bytes_of(&message), &back, &err), &err);
		assert_int_equal(back.len, payload.len);
		assert_memory_equal(back.ptr, payload.ptr, payload.len);
		bsg_buf_free(&message);
	}
}

static void no_kind_stands_in_for_another(void **state)
{
	(void)state;
	for (int k = BSG_COSE_ORDERS; k <= BSG_COSE_PASS; k++) {
		struct bsg_buf message;

		sign((enum bsg_cose_kind)k, &message);
		for (int as = BSG_COSE_ORDERS; as <= BSG_COSE_PASS; as++) {
			struct bsg_bytes back;
			enum bsg_err rc = has_chain((enum bsg_cose_kind)as) ?
				bsg_cose_verify_chain((enum bsg_cose_kind)as, bytes_of(&message), root, NOW,
						      &back, NULL) :
				bsg_cose_verify_key((enum bsg_cose_kind)as, bytes_of(&message),
						    k == BSG_COSE_PASS ? &phone_key : &gate_key, &back, NULL);

			if ((rc == BSG_OK) != (as == k))
				fail_msg("kind %d as %d: %d", k, as, (int)rc);
			if (rc != BSG_OK)
				assert_int_equal(back.len, 0);
		}
		bsg_buf_free(&message);
	}
}

static void no_flipped_bit_passes(void **state)
{
	(void)state;
	for (int k = BSG_COSE_ORDERS; k <= BSG_COSE_PASS; k++) {
		struct bsg_bytes back;
		struct bsg_buf message;

		sign((enum bsg_cose_kind)k, &message);
		for (size_t i = 0; i < message.len; i++) {
			message.data[i] ^= (uint8_t)(1u << i % 8);
			if (verify((enum bsg_cose_kind)k, bytes_of(&message), &back, NULL) == BSG_OK)
				fail_msg("kind %d byte %zu", k, i);
			message.data[i] ^= (uint8_t)(1u << i % 8);
		}
		for (size_t len = 0; len < message.len; len += 5)
			assert_int_not_equal(verify((enum bsg_cose_kind)k,
						    (struct bsg_bytes){ message.data, len }, &back, NULL),
					     BSG_OK);
		bsg_buf_add(&message, "", 1);
		assert_int_equal(verify((enum bsg_cose_kind)k, bytes_of(&message), &back, NULL),
				 BSG_E_INVALID);
		bsg_buf_free(&message);
	}
}

static void messages_hold_while_the_certificate_does(void **state)
{
	struct bsg_bytes back;
	struct bsg_buf message;

	(void)state;
	sign(BSG_COSE_ORDERS, &message);
	assert_int_equal(bsg_cose_verify_chain(BSG_COSE_ORDERS, bytes_of(&message), root, NOW - 301, &back,
					       NULL), BSG_E_CRYPTO);
	assert_int_equal(bsg_cose_verify_chain(BSG_COSE_ORDERS, bytes_of(&message), root,
					       NOW + 3 * 365 * DAY - 1, &back, NULL), BSG_OK);
	assert_int_equal(bsg_cose_verify_chain(BSG_COSE_ORDERS, bytes_of(&message), root,
					       NOW + 3 * 365 * DAY, &back, NULL), BSG_E_CRYPTO);
	bsg_buf_free(&message);
}

static void another_servers_orders_are_refused(void **state)
{
	struct bsg_keyring *mine = ring;
	struct bsg_bytes back;
	struct bsg_buf message;

	(void)state;
	assert_int_equal(mkdir(scratch_path("other"), 0700), 0);
	assert_int_equal(bsg_keyring_open(scratch_path("other"), NOW, &ring, NULL), BSG_OK);
	sign(BSG_COSE_ORDERS, &message);
	bsg_keyring_free(ring);
	ring = mine;
	assert_int_equal(verify(BSG_COSE_ORDERS, bytes_of(&message), &back, NULL), BSG_E_CRYPTO);
	bsg_buf_free(&message);
}

/* A device's certificate is under the same root, and its owner has the key: still no orders key (K12). */
static void a_device_cannot_sign_orders(void **state)
{
	struct bsg_profile profile = {
		.purpose = BSG_CERT_DEVICE, .cn = "0123456789abcdef0123456789abcdef",
		.not_before = NOW, .not_after = NOW + DAY,
	};
	struct bsg_cose_header header = { .n_chain = 2 };
	uint8_t signature[BSG_SIGNATURE_LEN];
	uint8_t header_buf[BSG_COSE_HEADER_MAX];
	uint8_t work[8192];
	struct bsg_error err = { 0 };
	struct bsg_bytes header_bytes;
	struct bsg_bytes bytes;
	struct bsg_bytes back;
	struct bsg_key *key;
	struct bsg_buf csr;
	struct bsg_buf der;

	(void)state;
	bsg_buf_init(&csr, BSG_CSR_MAX);
	bsg_buf_init(&der, BSG_CERT_MAX);
	must(bsg_key_generate(&key, &err), &err);
	must(bsg_csr_make(key, "x", &csr, &err), &err);
	must(bsg_keyring_issue(ring, bytes_of(&csr), &profile, &der, &err), &err);
	header.chain[0] = bytes_of(&der);
	must(bsg_keyring_certificate(ring, BSG_KEYRING_DEVICE_CA, &header.chain[1], &err), &err);
	assert_int_equal(bsg_cose_header_encode(BSG_COSE_ORDERS, &header, header_buf, sizeof(header_buf),
						&header_bytes), BSG_OK);
	assert_int_equal(bsg_cose_sig_structure(BSG_COSE_ORDERS, header_bytes, payload, work, sizeof(work),
						&bytes), BSG_OK);
	must(bsg_key_sign(key, bytes, signature, &err), &err);
	assert_int_equal(bsg_cose_assemble(BSG_COSE_ORDERS, header_bytes, payload, signature, work,
					   sizeof(work), &bytes), BSG_OK);
	assert_int_equal(verify(BSG_COSE_ORDERS, bytes, &back, &err), BSG_E_CRYPTO);
	assert_non_null(strstr(err.text, "certificate"));
	bsg_key_free(key);
	bsg_buf_free(&csr);
	bsg_buf_free(&der);
}

static void a_pass_of_another_phone_is_refused(void **state)
{
	struct bsg_bytes back;
	struct bsg_buf message;

	(void)state;
	sign(BSG_COSE_PASS, &message);
	assert_int_equal(bsg_cose_verify_key(BSG_COSE_PASS, bytes_of(&message), &gate_key, &back, NULL),
			 BSG_E_CRYPTO);
	assert_int_equal(back.len, 0);
	assert_int_equal(bsg_cose_peek(BSG_COSE_PASS, bytes_of(&message), &back, NULL), BSG_OK);
	assert_memory_equal(back.ptr, payload.ptr, payload.len);
	bsg_buf_free(&message);
}

static void what_is_too_long_is_not_signed(void **state)
{
	static uint8_t big[20000];
	struct bsg_bytes too_long = { big, sizeof(big) };
	struct bsg_buf message;

	(void)state;
	bsg_buf_init(&message, 65536);
	for (int k = BSG_COSE_ORDERS; k <= BSG_COSE_PASS; k++) {
		assert_int_equal(bsg_cose_sign(ring_for((enum bsg_cose_kind)k), (enum bsg_cose_kind)k,
					       too_long, &message, NULL), BSG_E_LIMIT);
		assert_int_equal(message.len, 0);
	}
	too_long.len = 190;	/* of a pass, 199 with its envelope */
	assert_int_equal(bsg_cose_sign(phone, BSG_COSE_PASS, too_long, &message, NULL), BSG_E_LIMIT);
	assert_int_equal(bsg_cose_sign(ring, (enum bsg_cose_kind)0, payload, &message, NULL), BSG_E_LIMIT);
	bsg_buf_free(&message);
}

static void orders_fit_their_limit_with_our_certificate(void **state)
{
	struct bsg_buf message;

	(void)state;
	sign(BSG_COSE_ORDERS, &message);
	print_message("orders: %zu bytes of envelope\n", message.len - payload.len);
	assert_true(message.len - payload.len <= 16384 - 14336);
	bsg_buf_free(&message);
}

#define WITH_RINGS(test) cmocka_unit_test_setup_teardown(test, make_rings, remove_rings)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RINGS(every_kind_goes_there_and_back),
		WITH_RINGS(no_kind_stands_in_for_another),
		WITH_RINGS(no_flipped_bit_passes),
		WITH_RINGS(messages_hold_while_the_certificate_does),
		WITH_RINGS(another_servers_orders_are_refused),
		WITH_RINGS(a_device_cannot_sign_orders),
		WITH_RINGS(a_pass_of_another_phone_is_refused),
		WITH_RINGS(what_is_too_long_is_not_signed),
		WITH_RINGS(orders_fit_their_limit_with_our_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
