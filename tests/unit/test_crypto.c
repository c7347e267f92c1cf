/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for crypto/secret.h, random.h, hash.h, keys.h and place.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/place.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "scratch.h"

#define DEVICE "0123456789abcdef0123456789abcdef"

static void hex_is(const uint8_t *data, size_t len, const char *want)
{
	char text[129];

	assert_true(len <= 64);
	bsg_hex_encode(data, len, text);
	assert_string_equal(text, want);
}

static void sha256_agrees_with_its_standard(void **state)
{
	uint8_t out[BSG_SHA256_LEN];

	(void)state;
	assert_int_equal(bsg_sha256("abc", 3, out, NULL), BSG_OK);
	hex_is(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(bsg_sha256(NULL, 0, out, NULL), BSG_OK);
	hex_is(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, test cases 1 and 7. */
static void hmac_agrees_with_its_rfc(void **state)
{
	static const char text[] = "This is a test using a larger than block-size key and a larger than "
		"block-size data. The key needs to be hashed before being used by the HMAC algorithm.";
	uint8_t key[131];
	uint8_t out[BSG_SHA256_LEN];

	(void)state;
	memset(key, 0x0b, 20);
	assert_int_equal(bsg_hmac_sha256(key, 20, "Hi There", 8, out, NULL), BSG_OK);
	hex_is(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	memset(key, 0xaa, sizeof(key));
	assert_int_equal(bsg_hmac_sha256(key, sizeof(key), text, sizeof(text) - 1, out, NULL), BSG_OK);
	hex_is(out, 32, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
	assert_int_equal(bsg_hmac_sha256(key, 15, "x", 1, out, NULL), BSG_E_BUG);
}

static void ids_and_tokens_are_well_formed_and_new(void **state)
{
	char id[2][BSG_ID_SIZE];
	char uuid[2][BSG_UUID_SIZE];
	char token[2][BSG_RANDOM_TOKEN_SIZE];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bsg_random_id(id[i], NULL), BSG_OK);
		assert_int_equal(bsg_random_uuid(uuid[i], NULL), BSG_OK);
		assert_int_equal(bsg_random_token(token[i], NULL), BSG_OK);
		assert_true(bsg_id_is_device(id[i]));
		assert_true(bsg_id_is_uuid(uuid[i]));
		assert_int_equal(uuid[i][14], '4');
		assert_non_null(strchr("89ab", uuid[i][19]));
		assert_int_equal(strlen(token[i]), BSG_RANDOM_TOKEN_LEN);
		assert_int_equal(strspn(token[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789-_"), BSG_RANDOM_TOKEN_LEN);
	}
	assert_string_not_equal(id[0], id[1]);
	assert_string_not_equal(uuid[0], uuid[1]);
	assert_string_not_equal(token[0], token[1]);
}

/* RFC 9562, section 5.7, with the time of its appendix A.6. */
static void uuids_of_a_time_are_in_its_order(void **state)
{
	char uuid[3][BSG_UUID_SIZE];

	(void)state;
	assert_int_equal(bsg_random_uuid_at(INT64_C(0x017f22e279b0), uuid[0], NULL), BSG_OK);
	assert_int_equal(bsg_random_uuid_at(INT64_C(0x017f22e279b0), uuid[1], NULL), BSG_OK);
	assert_int_equal(bsg_random_uuid_at(INT64_C(0x017f22e279b1), uuid[2], NULL), BSG_OK);
	for (int i = 0; i < 3; i++) {
		assert_true(bsg_id_is_uuid(uuid[i]));
		assert_non_null(strchr("89ab", uuid[i][19]));
	}
	assert_int_equal(strncmp(uuid[0], "017f22e2-79b0-7", 15), 0);
	assert_int_equal(strncmp(uuid[0], uuid[1], 15), 0);
	assert_string_not_equal(uuid[0], uuid[1]);
	assert_true(strcmp(uuid[0], uuid[2]) < 0 && strcmp(uuid[1], uuid[2]) < 0);
}

static size_t kernel_gives = SIZE_MAX;	/* at once; 0: nothing, there is no such call */
static bool kernel_is_interrupted;

/* This program's own: what bsg_random() asks. */
__attribute__((visibility("default"))) ssize_t getrandom(void *out, size_t n, unsigned flags)
{
	if (kernel_gives == 0 || kernel_is_interrupted) {
		errno = kernel_is_interrupted ? EINTR : ENOSYS;
		kernel_is_interrupted = false;
		return -1;
	}
	return syscall(SYS_getrandom, out, n < kernel_gives ? n : kernel_gives, flags);
}

static void random_bytes_come_whole_or_not_at_all(void **state)
{
	uint8_t bytes[64] = { 0 };
	char uuid[BSG_UUID_SIZE] = "old";
	struct bsg_error err;
	unsigned ones = 0;

	(void)state;
	kernel_gives = 7;
	kernel_is_interrupted = true;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(bsg_random(bytes, sizeof(bytes), &err), BSG_OK);
		ones |= bytes[sizeof(bytes) - 1];
	}
	assert_int_equal(ones, 255);	/* of 200 last bytes */
	kernel_gives = 0;
	assert_int_equal(bsg_random(bytes, sizeof(bytes), &err), BSG_E_CRYPTO);
	assert_non_null(strstr(err.text, "random bytes: "));
	assert_int_equal(bsg_random_uuid(uuid, &err), BSG_E_CRYPTO);
	assert_string_equal(uuid, "");
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
	kernel_gives = SIZE_MAX;
}

static void every_bit_of_a_token_is_random(void **state)
{
	unsigned ones[BSG_RANDOM_TOKEN_LEN] = { 0 };
	unsigned zeros[BSG_RANDOM_TOKEN_LEN] = { 0 };
	char token[BSG_RANDOM_TOKEN_SIZE];

	(void)state;
	for (int i = 0; i < 500; i++) {
		assert_int_equal(bsg_random_token(token, NULL), BSG_OK);
		for (size_t c = 0; c < BSG_RANDOM_TOKEN_LEN; c++) {
			const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
			unsigned v = (unsigned)(strchr(alphabet, token[c]) - alphabet);

			ones[c] |= v;
			zeros[c] |= ~v & 63;
		}
	}
	for (size_t c = 0; c < BSG_RANDOM_TOKEN_LEN; c++) {
		assert_int_equal(ones[c], c + 1 < BSG_RANDOM_TOKEN_LEN ? 63 : 60);
		assert_int_equal(zeros[c], 63);
	}
}

static void secrets_are_wiped_and_compared_whole(void **state)
{
	struct bsg_secret secret;
	uint8_t bytes[4] = { 1, 2, 3, 4 };

	(void)state;
	assert_int_equal(bsg_secret_copy(bytes, 4, &secret, NULL), BSG_OK);
	assert_true(bsg_equal(secret.data, bytes, 4));
	bsg_wipe(bytes, 4);
	assert_false(bsg_equal(secret.data, bytes, 4));
	assert_int_equal(bytes[0] | bytes[1] | bytes[2] | bytes[3], 0);
	bytes[3] = 4;
	assert_true(bsg_equal(secret.data + 3, bytes + 3, 1));
	bsg_secret_free(&secret);
	assert_null(secret.data);
	bsg_secret_free(&secret);
	bsg_secret_free(NULL);
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
	struct bsg_error err = { 0 };
	struct bsg_secret secret;

	(void)state;
	scratch_write("s", "0123", 4);
	assert_int_equal(bsg_secret_read(scratch_path("s"), 4, &secret, &err), BSG_OK);
	assert_string_equal((char *)secret.data, "0123");
	bsg_secret_free(&secret);
	assert_int_equal(bsg_secret_read(scratch_path("s"), 3, &secret, &err), BSG_E_LIMIT);
	assert_null(secret.data);
	assert_int_equal(chmod(scratch_path("s"), 0604), 0);
	assert_int_equal(bsg_secret_read(scratch_path("s"), 4, &secret, &err), BSG_E_DENIED);
	assert_int_equal(bsg_secret_read(scratch_path("none"), 4, &secret, &err), BSG_E_NOT_FOUND);
}

static struct bsg_bytes bytes(const char *text)
{
	return (struct bsg_bytes){ (const uint8_t *)text, strlen(text) };
}

static void a_signature_holds_for_its_bytes_and_key_only(void **state)
{
	uint8_t signature[BSG_SIGNATURE_LEN];
	struct bsg_public_key pub[2];
	struct bsg_key *key[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bsg_key_generate(&key[i], NULL), BSG_OK);
		bsg_key_public(key[i], &pub[i]);
	}
	assert_int_equal(bsg_key_sign(key[0], bytes("orders"), signature, NULL), BSG_OK);
	assert_int_equal(bsg_public_key_verify(&pub[0], bytes("orders"), signature, NULL), BSG_OK);
	assert_int_equal(bsg_public_key_verify(&pub[0], bytes("orderz"), signature, NULL), BSG_E_CRYPTO);
	assert_int_equal(bsg_public_key_verify(&pub[0], bytes("order"), signature, NULL), BSG_E_CRYPTO);
	assert_int_equal(bsg_public_key_verify(&pub[1], bytes("orders"), signature, NULL), BSG_E_CRYPTO);
	for (size_t bit = 0; bit < sizeof(signature) * 8; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(bsg_public_key_verify(&pub[0], bytes("orders"), signature, NULL),
				 BSG_E_CRYPTO);
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	memset(signature, 0, sizeof(signature));
	assert_int_equal(bsg_public_key_verify(&pub[0], bytes("orders"), signature, NULL), BSG_E_CRYPTO);
	memset(signature, 0xff, sizeof(signature));
	assert_int_equal(bsg_public_key_verify(&pub[0], bytes("orders"), signature, NULL), BSG_E_CRYPTO);
	memset(&pub[0], 0, sizeof(pub[0]));
	assert_int_equal(bsg_public_key_verify(&pub[0], bytes("orders"), signature, NULL), BSG_E_CRYPTO);
	bsg_key_free(key[0]);
	bsg_key_free(key[1]);
	bsg_key_free(NULL);
}

/* RFC 6979, appendix A.2.5: P-256, SHA-256, "sample". */
static void es256_agrees_with_a_published_signature(void **state)
{
	static const char *const hex[4] = {
		"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
		"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
		"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
		"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	};
	uint8_t v[4][32];
	uint8_t signature[BSG_SIGNATURE_LEN];
	struct bsg_public_key pub;
	size_t len;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(bsg_hex_decode(hex[i], 64, v[i], 32, &len, NULL), BSG_OK);
	memcpy(signature, v[2], 32);
	memcpy(signature + 32, v[3], 32);
	assert_int_equal(bsg_public_key_from_xy(v[0], v[1], &pub, NULL), BSG_OK);
	assert_int_equal(bsg_public_key_verify(&pub, bytes("sample"), signature, NULL), BSG_OK);
	assert_memory_equal(pub.spki + BSG_SPKI_X, v[0], 32);
	assert_memory_equal(pub.spki + BSG_SPKI_Y, v[1], 32);
}

static void a_point_beside_the_curve_is_no_key(void **state)
{
	uint8_t x[32] = { 0 };
	uint8_t y[32] = { 0 };
	struct bsg_public_key pub;
	struct bsg_public_key good;
	struct bsg_key *key;

	(void)state;
	assert_int_equal(bsg_public_key_from_xy(x, y, &pub, NULL), BSG_E_CRYPTO);
	x[31] = 1;
	assert_int_equal(bsg_public_key_from_xy(x, y, &pub, NULL), BSG_E_CRYPTO);
	memset(x, 0xff, 32);
	assert_int_equal(bsg_public_key_from_xy(x, x, &pub, NULL), BSG_E_CRYPTO);
	assert_int_equal(bsg_key_generate(&key, NULL), BSG_OK);
	bsg_key_public(key, &good);
	for (size_t i = 0; i < BSG_SPKI_LEN; i++) {
		struct bsg_bytes spki = { good.spki, BSG_SPKI_LEN };

		good.spki[i] ^= 1;
		assert_int_equal(bsg_public_key_from_spki(spki, &pub, NULL), BSG_E_CRYPTO);
		good.spki[i] ^= 1;
		spki.len = i;
		assert_int_equal(bsg_public_key_from_spki(spki, &pub, NULL), BSG_E_CRYPTO);
	}
	bsg_key_free(key);
}

static void a_saved_key_comes_back(void **state)
{
	struct bsg_public_key pub[2];
	struct bsg_error err = { 0 };
	struct bsg_key *key;
	struct stat st;

	(void)state;
	assert_int_equal(bsg_key_generate(&key, NULL), BSG_OK);
	bsg_key_public(key, &pub[0]);
	must(bsg_key_save(key, scratch_path("key.pem"), &err), &err);
	bsg_key_free(key);
	assert_int_equal(stat(scratch_path("key.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	must(bsg_key_load(scratch_path("key.pem"), &key, &err), &err);
	bsg_key_public(key, &pub[1]);
	assert_memory_equal(&pub[0], &pub[1], sizeof(pub[0]));
	bsg_key_free(key);
	assert_int_equal(chmod(scratch_path("key.pem"), 0640), 0);
	assert_int_equal(bsg_key_load(scratch_path("key.pem"), &key, &err), BSG_E_DENIED);
	assert_null(key);
}

static void only_unencrypted_p256_keys_are_loaded(void **state)
{
	static const struct { const char *how; enum bsg_err want; } rows[] = {
		{ "openssl ecparam -name prime256v1 -genkey -out k", BSG_OK },
		{ "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k", BSG_OK },
		{ "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k", BSG_E_CRYPTO },
		{ "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out k", BSG_E_CRYPTO },
		{ "openssl genpkey -algorithm ED25519 -out k", BSG_E_CRYPTO },
		{ "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out k", BSG_E_CRYPTO },
		{ "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:secret "
		  "-out k", BSG_E_CRYPTO },
		{ "openssl ecparam -name prime256v1 -genkey | openssl ec -pubout -out k", BSG_E_CRYPTO },
		{ "echo rubbish >k", BSG_E_CRYPTO },
		{ ": >k", BSG_E_CRYPTO },
		{ "head -c 40000 /dev/zero >k", BSG_E_CRYPTO },
		{ "rm k", BSG_E_NOT_FOUND },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_error err = { 0 };
		struct bsg_key *key = NULL;
		enum bsg_err rc;

		assert_int_equal(scratch_run(rows[i].how), 0);
		(void)chmod(scratch_path("k"), 0600);
		rc = bsg_key_load(scratch_path("k"), &key, &err);
		if (rc != rows[i].want || (rc != BSG_OK && (key != NULL || err.text[0] == '\0')))
			fail_msg("%s: got %d, %s", rows[i].how, (int)rc, err.text);
		bsg_key_free(key);
	}
}

static void the_openssl_program_reads_our_keys_and_signatures(void **state)
{
	struct bsg_error err = { 0 };
	uint8_t signature[BSG_SIGNATURE_LEN];
	struct bsg_key *key;
	char text[400];
	char r[65];
	char s[65];

	(void)state;
	assert_int_equal(bsg_key_generate(&key, NULL), BSG_OK);
	must(bsg_key_save(key, scratch_path("k"), &err), &err);
	must(bsg_key_sign(key, bytes("orders"), signature, &err), &err);
	/* Its signatures are DER; it builds ours from r and s. */
	bsg_hex_encode(signature, 32, r);
	bsg_hex_encode(signature + 32, 32, s);
	(void)snprintf(text, sizeof(text), "asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n", r, s);
	scratch_write("sig.cnf", text, strlen(text));
	scratch_write("data", "orders", 6);
	assert_int_equal(scratch_run("openssl asn1parse -genconf sig.cnf -noout -out sig.der && "
				     "openssl ec -in k -pubout -out pub.pem && "
				     "openssl dgst -sha256 -verify pub.pem -signature sig.der data"), 0);
	scratch_write("data", "orderz", 6);
	assert_int_not_equal(scratch_run("openssl dgst -sha256 -verify pub.pem -signature sig.der data"), 0);
	bsg_key_free(key);
}

static void pseudonyms_tell_nothing_across_places(void **state)
{
	uint8_t one[BSG_PLACE_SECRET_LEN] = { 1 };
	uint8_t two[BSG_PLACE_SECRET_LEN] = { 2 };
	uint8_t p[4][BSG_PSEUDONYM_LEN];
	char other[] = DEVICE;

	(void)state;
	other[31] = 'e';
	assert_int_equal(bsg_place_pseudonym(one, DEVICE, p[0], NULL), BSG_OK);
	assert_int_equal(bsg_place_pseudonym(one, DEVICE, p[1], NULL), BSG_OK);
	assert_int_equal(bsg_place_pseudonym(two, DEVICE, p[2], NULL), BSG_OK);
	assert_int_equal(bsg_place_pseudonym(one, other, p[3], NULL), BSG_OK);
	assert_memory_equal(p[0], p[1], BSG_PSEUDONYM_LEN);
	assert_memory_not_equal(p[0], p[2], BSG_PSEUDONYM_LEN);
	assert_memory_not_equal(p[0], p[3], BSG_PSEUDONYM_LEN);
	assert_int_equal(bsg_place_pseudonym(one, "someone", p[0], NULL), BSG_E_INVALID);
}

/* Computed apart from this code (Python's hmac) from docs/spec/keys.md, K41 to K44. */
static void derivations_are_those_of_the_spec(void **state)
{
	uint8_t secret[BSG_PLACE_SECRET_LEN];
	uint8_t pseudonym[BSG_PSEUDONYM_LEN];
	uint8_t day[BSG_DAY_SECRET_LEN];
	uint8_t key[BSG_EXIT_KEY_LEN];
	char code[BSG_EXIT_CODE_DIGITS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)i;
	assert_int_equal(bsg_place_pseudonym(secret, DEVICE, pseudonym, NULL), BSG_OK);
	hex_is(pseudonym, sizeof(pseudonym), "691539d135f72142818617e9928359b7");
	assert_int_equal(bsg_place_day_secret(secret, 20780, day, NULL), BSG_OK);
	hex_is(day, sizeof(day), "88b98d06e0d5b397ad5a89766388c091875b798722060f312bf3fe723fb7770a");
	assert_int_equal(bsg_exit_key(day, pseudonym, key, NULL), BSG_OK);
	hex_is(key, sizeof(key), "3bc0846a9e90b7eab1cae072b3d41f0f");
	assert_int_equal(bsg_exit_code(key, INT64_C(1795471200) / 30, code, NULL), BSG_OK);
	assert_string_equal(code, "51490700");
}

static void exit_codes_differ_by_day_place_device_and_step(void **state)
{
	uint8_t secret[BSG_PLACE_SECRET_LEN] = { 0 };
	uint8_t pseudonym[BSG_PSEUDONYM_LEN] = { 0 };
	uint8_t key[4][BSG_EXIT_KEY_LEN];
	uint8_t day[BSG_DAY_SECRET_LEN];
	char a[BSG_EXIT_CODE_DIGITS + 1];
	char b[BSG_EXIT_CODE_DIGITS + 1];

	(void)state;
	assert_int_equal(bsg_place_day_secret(secret, 1, day, NULL), BSG_OK);
	assert_int_equal(bsg_exit_key(day, pseudonym, key[0], NULL), BSG_OK);
	pseudonym[0] = 1;
	assert_int_equal(bsg_exit_key(day, pseudonym, key[1], NULL), BSG_OK);
	assert_int_equal(bsg_place_day_secret(secret, 2, day, NULL), BSG_OK);
	assert_int_equal(bsg_exit_key(day, pseudonym, key[2], NULL), BSG_OK);
	secret[0] = 1;
	assert_int_equal(bsg_place_day_secret(secret, 2, day, NULL), BSG_OK);
	assert_int_equal(bsg_exit_key(day, pseudonym, key[3], NULL), BSG_OK);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(key[i], key[j], BSG_EXIT_KEY_LEN);
	assert_int_equal(bsg_exit_code(key[0], 7, a, NULL), BSG_OK);
	assert_int_equal(bsg_exit_code(key[0], 8, b, NULL), BSG_OK);
	assert_string_not_equal(a, b);
	assert_true(bsg_exit_code_is_code(a));
}

#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_agrees_with_its_standard),
		cmocka_unit_test(hmac_agrees_with_its_rfc),
		cmocka_unit_test(ids_and_tokens_are_well_formed_and_new),
		cmocka_unit_test(uuids_of_a_time_are_in_its_order),
		cmocka_unit_test(random_bytes_come_whole_or_not_at_all),
		cmocka_unit_test(every_bit_of_a_token_is_random),
		cmocka_unit_test(secrets_are_wiped_and_compared_whole),
		WITH_SCRATCH(a_secret_that_others_may_read_is_refused),
		cmocka_unit_test(a_signature_holds_for_its_bytes_and_key_only),
		cmocka_unit_test(es256_agrees_with_a_published_signature),
		cmocka_unit_test(a_point_beside_the_curve_is_no_key),
		WITH_SCRATCH(a_saved_key_comes_back),
		WITH_SCRATCH(only_unencrypted_p256_keys_are_loaded),
		WITH_SCRATCH(the_openssl_program_reads_our_keys_and_signatures),
		cmocka_unit_test(pseudonyms_tell_nothing_across_places),
		cmocka_unit_test(derivations_are_those_of_the_spec),
		cmocka_unit_test(exit_codes_differ_by_day_place_device_and_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
