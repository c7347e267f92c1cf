/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for crypto/cms.h, against the openssl program and against altered bytes: rules A35 to A39. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "crypto/cms.h"
#include "crypto/csr.h"
#include "crypto/keyring.h"
#include "scratch.h"

#define DAY INT64_C(86400)
#define CONTENT "what is said\r\nin two lines\n"

static struct bsg_keyring *ring;
static struct bsg_rsa_key *key;		/* also k in the scratch directory, with its certificate c */
static struct bsg_buf cert;
static int64_t today;

static const struct bsg_bytes content = { (const uint8_t *)CONTENT, sizeof(CONTENT) - 1 };

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static int write_pem(const char *name, struct bsg_bytes der)
{
	struct bsg_buf pem;
	int ok;

	bsg_buf_init(&pem, 65536);
	ok = bsg_cert_to_pem(der, &pem, NULL) == BSG_OK;
	if (ok)
		scratch_write(name, pem.data, pem.len);
	bsg_buf_free(&pem);
	return ok;
}

static int make_all(void **state)
{
	struct bsg_secret pem = { 0 };
	struct bsg_bytes ca;
	int ok;

	today = (int64_t)time(NULL);
	bsg_buf_init(&cert, BSG_CERT_MAX);
	ok = scratch_make(state) == 0 && bsg_keyring_open(scratch_dir(), today, &ring, NULL) == BSG_OK &&
	     bsg_rsa_generate(2048, &key, NULL) == BSG_OK && bsg_rsa_pem(key, &pem, NULL) == BSG_OK &&
	     bsg_rsa_self_signed(key, "device", today - DAY, today + DAY, &cert, NULL) == BSG_OK &&
	     bsg_keyring_certificate(ring, BSG_KEYRING_APPLE_CA, &ca, NULL) == BSG_OK &&
	     write_pem("c", bytes_of(&cert)) && write_pem("ca", ca);
	if (ok) {
		scratch_write("k", pem.data, pem.len);
		scratch_write("content", content.ptr, content.len);
		/* Others, for whom and by whom things are that are not ours. */
		ok = scratch_run("openssl req -x509 -newkey rsa:2048 -nodes -keyout k2 -subj /CN=other -out c2 && "
				 "openssl req -x509 -newkey rsa:1024 -nodes -keyout k1024 -subj /CN=small -out c1024 && "
				 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout kec "
				 "-subj /CN=ec -out cec") == 0;
	}
	bsg_secret_free(&pem);
	return ok ? 0 : -1;
}

static int free_all(void **state)
{
	bsg_keyring_free(ring);
	bsg_rsa_free(key);
	bsg_buf_free(&cert);
	return scratch_remove(state);
}

static struct bsg_bytes apple_ca(void)
{
	struct bsg_bytes der;

	assert_int_equal(bsg_keyring_certificate(ring, BSG_KEYRING_APPLE_CA, &der, NULL), BSG_OK);
	return der;
}

/* ---- SignedData ------------------------------------------------------------ */

/* Read and verify; what was inside goes to @out, which is initialised here. */
static enum bsg_err try_signed(struct bsg_bytes der, const struct bsg_bytes *detached, bool sha1, struct bsg_buf *out,
			       struct bsg_error *err)
{
	struct bsg_cms *cms;
	enum bsg_err rc = bsg_cms_read(der, &cms, err);

	bsg_buf_init(out, BSG_CMS_MAX);
	if (rc == BSG_OK)
		rc = bsg_cms_verify(cms, detached, sha1, out, err);
	bsg_cms_free(cms);
	return rc;
}

#define SIGN "openssl cms -sign -binary -in content -signer c -inkey k -outform DER -out s "
#define SIGN_BY(who, k) "openssl cms -sign -binary -in content -nodetach -signer " who " -inkey " k " -outform DER -out s "

static const struct { const char *how; bool detached, sha1; enum bsg_err want; } signatures[] = {
	{ SIGN "-nodetach -md sha256", false, false, BSG_OK },
	{ SIGN "-nodetach -md sha384", false, false, BSG_OK },
	{ SIGN "-nodetach -md sha512", false, false, BSG_OK },
	{ SIGN "-nodetach -md sha256 -keyid", false, false, BSG_OK },
	{ SIGN "-nodetach -md sha256 -stream", false, false, BSG_OK },	/* indefinite lengths */
	{ SIGN "-nodetach -md sha256 -certfile c2", false, false, BSG_OK },
	{ SIGN "-md sha256", true, false, BSG_OK },
	{ SIGN "-md sha1", true, true, BSG_OK },
	{ SIGN "-nodetach -md sha1", false, true, BSG_OK },
	{ SIGN "-nodetach -md sha1", false, false, BSG_E_DENIED },
	{ SIGN "-md sha1", true, false, BSG_E_DENIED },
	{ SIGN "-nodetach -md md5", false, true, BSG_E_DENIED },
	{ SIGN "-nodetach -md sha224", false, true, BSG_E_DENIED },
	{ SIGN "-nodetach -md sha256 -keyopt rsa_padding_mode:pss", false, true, BSG_E_DENIED },
	{ SIGN_BY("c1024", "k1024"), false, true, BSG_E_DENIED },
	{ SIGN_BY("cec", "kec"), false, true, BSG_E_DENIED },
	{ SIGN "-md sha256", false, false, BSG_E_INVALID },			/* detached where attached is due */
	{ SIGN "-nodetach -md sha256", true, false, BSG_E_INVALID },	/* and the other way round */
	{ SIGN "-nodetach -noattr", false, false, BSG_E_INVALID },
	{ SIGN "-nodetach -nocerts", false, false, BSG_E_INVALID },
	{ SIGN "-nodetach -nocerts -certfile c2", false, false, BSG_E_INVALID },
	{ SIGN "-nodetach -signer c2 -inkey k2", false, false, BSG_E_INVALID },		/* two signers */
	{ SIGN "-nodetach -econtent_type pkcs7-signedData", false, false, BSG_E_INVALID },
	{ SIGN "-nodetach -certfile many", false, false, BSG_E_INVALID },
	{ SIGN "-nodetach && printf x >>s", false, false, BSG_E_INVALID },
	{ SIGN "-nodetach -outform PEM", false, false, BSG_E_INVALID },
	{ "openssl cms -data_create -binary -in content -outform DER -out s", false, false, BSG_E_INVALID },
	{ "openssl cms -digest_create -binary -in content -outform DER -out s", false, false, BSG_E_INVALID },
	{ "openssl cms -encrypt -binary -in content -outform DER -out s c", false, false, BSG_E_INVALID },
	{ SIGN "-nodetach && openssl cms -sign -binary -in s -nodetach -signer c -inkey k -outform DER -out s2 "
	  "-econtent_type pkcs7-signedData && mv s2 s", false, false, BSG_E_INVALID },	/* nested */
	{ "openssl crl2pkcs7 -nocrl -certfile c -outform DER -out s", false, false, BSG_E_INVALID },
	{ "head -c 65536 /dev/zero >s", false, false, BSG_E_INVALID },
	{ "head -c 65537 /dev/zero >s", false, false, BSG_E_LIMIT },
	{ "head -c 65000 /dev/zero | tr '\\0' '\\060' >s", false, false, BSG_E_INVALID },
	{ ": >s", false, false, BSG_E_INVALID },
};

static void what_openssl_signs_is_read_if_it_is_of_the_kind(void **state)
{
	(void)state;
	assert_int_equal(scratch_run("for i in 1 2 3 4 5 6 7 8 9; do openssl req -x509 -key k2 -subj "
				     "/CN=$i; done >many"), 0);
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		struct bsg_error err = { 0 };
		struct bsg_buf der;
		struct bsg_buf out;
		enum bsg_err rc;

		if (scratch_run(signatures[i].how) != 0)
			fail_msg("%s: the openssl program did not do it", signatures[i].how);
		scratch_read("s", &der);
		rc = try_signed(bytes_of(&der), signatures[i].detached ? &content : NULL, signatures[i].sha1, &out, &err);
		if (rc != signatures[i].want || (rc != BSG_OK && (err.text[0] == '\0' || out.len != 0)))
			fail_msg("%s: got %d, %s", signatures[i].how, (int)rc, err.text);
		if (rc == BSG_OK && !signatures[i].detached) {
			assert_int_equal(out.len, content.len);
			assert_memory_equal(out.data, content.ptr, content.len);
		}
		bsg_buf_free(&out);
		bsg_buf_free(&der);
	}
}

static const struct bsg_cms_attr attrs[] = {
	{ "2.16.840.1.113733.1.9.2", BSG_CMS_PRINTABLE, { (const uint8_t *)"19", 2 } },
	{ "2.16.840.1.113733.1.9.5", BSG_CMS_OCTETS, { (const uint8_t *)"\0\1\2\3", 4 } },
};

static void sign(bool detached, enum bsg_cms_digest digest, struct bsg_buf *out)
{
	struct bsg_cms_message message = { .content = content, .detached = detached, .digest = digest, .at = today - 77,
					   .attrs = attrs, .n_attrs = 2 };
	struct bsg_error err = { 0 };

	bsg_buf_init(out, BSG_CMS_MAX);
	must(bsg_cms_sign(key, bytes_of(&cert), &message, out, &err), &err);
}

static void the_openssl_program_verifies_what_we_sign(void **state)
{
	(void)state;
	for (int digest = BSG_CMS_SHA1; digest <= BSG_CMS_SHA512; digest++) {
		for (int detached = 0; detached < 2; detached++) {
			struct bsg_buf der;

			sign(detached != 0, (enum bsg_cms_digest)digest, &der);
			scratch_write("s", der.data, der.len);
			assert_int_equal(scratch_run(detached ? "openssl cms -verify -binary -inform DER -in s -CAfile c -purpose any "
						     "-content content -out got && cmp got content" :
						     "openssl cms -verify -binary -inform DER -in s -CAfile c -purpose any -out got && "
						     "cmp got content"), 0);
			bsg_buf_free(&der);
		}
	}
	assert_int_not_equal(scratch_run("openssl cms -verify -binary -inform DER -in s -CAfile c -purpose any -content c"), 0);
}

static void attributes_are_found_by_oid_and_type(void **state)
{
	struct bsg_bytes value;
	struct bsg_bytes signer;
	struct bsg_buf der;
	struct bsg_cms *cms;
	int64_t at;

	(void)state;
	sign(false, BSG_CMS_SHA384, &der);
	assert_int_equal(bsg_cms_read(bytes_of(&der), &cms, NULL), BSG_OK);
	assert_int_equal(bsg_cms_digest(cms), BSG_CMS_SHA384);
	assert_true(bsg_cms_is_attached(cms));
	signer = bsg_cms_signer(cms);
	assert_int_equal(signer.len, cert.len);
	assert_memory_equal(signer.ptr, cert.data, cert.len);
	assert_true(bsg_cms_attribute(cms, attrs[0].oid, BSG_CMS_PRINTABLE, &value));
	assert_int_equal(value.len, 2);
	assert_memory_equal(value.ptr, "19", 2);
	assert_false(bsg_cms_attribute(cms, attrs[0].oid, BSG_CMS_OCTETS, &value));
	assert_int_equal(value.len, 0);
	assert_true(bsg_cms_attribute(cms, attrs[1].oid, BSG_CMS_OCTETS, &value));
	assert_memory_equal(value.ptr, attrs[1].value.ptr, 4);
	assert_false(bsg_cms_attribute(cms, "2.16.840.1.113733.1.9.7", BSG_CMS_PRINTABLE, &value));
	assert_false(bsg_cms_attribute(cms, "no oid", BSG_CMS_PRINTABLE, &value));
	assert_true(bsg_cms_signing_time(cms, &at));
	assert_int_equal(at, today - 77);
	bsg_cms_free(cms);
	bsg_buf_free(&der);
}

static void an_attribute_stands_once_and_more_than_sixteen_do_not(void **state)
{
	struct bsg_cms_attr many[BSG_CMS_ATTRS_MAX];
	struct bsg_cms_message message = { .content = content, .digest = BSG_CMS_SHA256, .at = today, .attrs = many };
	struct bsg_buf der;
	struct bsg_cms *cms;
	char oids[BSG_CMS_ATTRS_MAX][24];

	(void)state;
	for (int i = 0; i < BSG_CMS_ATTRS_MAX; i++) {
		(void)snprintf(oids[i], sizeof(oids[i]), "1.2.3.%d", i);
		many[i] = attrs[0];
		many[i].oid = oids[i];
	}
	bsg_buf_init(&der, BSG_CMS_MAX);
	message.n_attrs = BSG_CMS_ATTRS_MAX - 3;
	assert_int_equal(bsg_cms_sign(key, bytes_of(&cert), &message, &der, NULL), BSG_OK);
	assert_int_equal(bsg_cms_read(bytes_of(&der), &cms, NULL), BSG_OK);
	bsg_cms_free(cms);
	message.n_attrs++;
	bsg_buf_clear(&der);
	assert_int_equal(bsg_cms_sign(key, bytes_of(&cert), &message, &der, NULL), BSG_E_LIMIT);
	/* Two with one name: signed properly, and refused. */
	message.n_attrs = 2;
	assert_int_equal(bsg_cms_sign(key, bytes_of(&cert), &message, &der, NULL), BSG_OK);
	for (size_t i = 0; i + 4 < der.len; i++)
		if (memcmp(der.data + i, "\x06\x03\x2a\x03\x01", 5) == 0)
			der.data[i + 4] = 0;
	assert_int_equal(bsg_cms_read(bytes_of(&der), &cms, NULL), BSG_E_INVALID);
	bsg_buf_free(&der);
}

static void no_flipped_bit_changes_what_is_signed(void **state)
{
	struct bsg_buf der;
	size_t n_ok = 0;

	(void)state;
	sign(false, BSG_CMS_SHA256, &der);
	for (size_t bit = 0; bit < der.len * 8; bit++) {
		struct bsg_cms *cms;
		struct bsg_buf out;
		struct bsg_bytes value;

		bsg_buf_init(&out, BSG_CMS_MAX);
		der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bsg_cms_read(bytes_of(&der), &cms, NULL) == BSG_OK &&
		    bsg_cms_verify(cms, NULL, true, &out, NULL) == BSG_OK) {
			/* Versions and the certificate's words are not covered; content and attributes are. */
			n_ok++;
			assert_int_equal(out.len, content.len);
			assert_memory_equal(out.data, content.ptr, content.len);
			assert_true(bsg_cms_attribute(cms, attrs[0].oid, BSG_CMS_PRINTABLE, &value));
			assert_memory_equal(value.ptr, "19", 2);
		}
		bsg_cms_free(cms);
		bsg_buf_free(&out);
		der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(n_ok < der.len * 8 / 2);
	for (size_t len = 0; len < der.len; len++) {
		struct bsg_cms *cms;

		assert_int_equal(bsg_cms_read((struct bsg_bytes){ der.data, len }, &cms, NULL), BSG_E_INVALID);
		assert_null(cms);
	}
	bsg_buf_free(&der);
}

static void detached_content_has_to_be_the_same(void **state)
{
	struct bsg_bytes shorter = { content.ptr, content.len - 1 };
	struct bsg_bytes nothing = { NULL, 0 };
	struct bsg_buf der;
	struct bsg_buf out;

	(void)state;
	sign(true, BSG_CMS_SHA1, &der);
	assert_int_equal(try_signed(bytes_of(&der), &content, true, &out, NULL), BSG_OK);
	assert_int_equal(try_signed(bytes_of(&der), &shorter, true, &out, NULL), BSG_E_CRYPTO);
	assert_int_equal(try_signed(bytes_of(&der), &nothing, true, &out, NULL), BSG_E_CRYPTO);
	bsg_buf_free(&der);
}

static void content_may_be_empty(void **state)
{
	struct bsg_cms_message message = { .digest = BSG_CMS_SHA256, .at = today };
	struct bsg_bytes nothing = { NULL, 0 };
	struct bsg_error err = { 0 };
	struct bsg_buf der;
	struct bsg_buf out;

	(void)state;
	for (int detached = 0; detached < 2; detached++) {
		message.detached = detached != 0;
		bsg_buf_init(&der, BSG_CMS_MAX);
		must(bsg_cms_sign(key, bytes_of(&cert), &message, &der, &err), &err);
		must(try_signed(bytes_of(&der), detached ? &nothing : NULL, false, &out, &err), &err);
		assert_int_equal(out.len, 0);
		bsg_buf_free(&out);
		bsg_buf_free(&der);
	}
}

static void a_key_signs_only_under_its_certificate(void **state)
{
	struct bsg_cms_message message = { .content = content, .digest = BSG_CMS_SHA256, .at = today };
	struct bsg_buf der;

	(void)state;
	bsg_buf_init(&der, BSG_CMS_MAX);
	assert_int_equal(bsg_cms_sign(key, apple_ca(), &message, &der, NULL), BSG_E_CRYPTO);
	message.digest = BSG_CMS_OTHER_DIGEST;
	assert_int_equal(bsg_cms_sign(key, bytes_of(&cert), &message, &der, NULL), BSG_E_CRYPTO);
	message.digest = BSG_CMS_SHA256;
	message.content.len = BSG_CMS_MAX + 1;
	assert_int_equal(bsg_cms_sign(key, bytes_of(&cert), &message, &der, NULL), BSG_E_LIMIT);
	assert_int_equal(der.len, 0);
	bsg_buf_free(&der);
}

/* ---- EnvelopedData --------------------------------------------------------- */

#define ENCRYPT "openssl cms -encrypt -binary -in content -outform DER -out e "
#define OLD "-provider legacy -provider default "

static const struct { const char *how; enum bsg_cms_cipher cipher; enum bsg_err want, legacy; } envelopes[] = {
	{ ENCRYPT "-aes128 c", BSG_CMS_AES128, BSG_OK, BSG_OK },
	{ ENCRYPT "-aes192 c", BSG_CMS_AES192, BSG_OK, BSG_OK },
	{ ENCRYPT "-aes256 c", BSG_CMS_AES256, BSG_OK, BSG_OK },
	{ ENCRYPT "-aes256 -stream c", BSG_CMS_AES256, BSG_OK, BSG_OK },
	{ ENCRYPT "-des3 c", BSG_CMS_DES3, BSG_E_DENIED, BSG_OK },
	{ ENCRYPT OLD "-des c", BSG_CMS_DES, BSG_E_DENIED, BSG_OK },
	{ ENCRYPT OLD "-rc2-128 c", BSG_CMS_OTHER_CIPHER, BSG_E_DENIED, BSG_E_DENIED },
	{ ENCRYPT "-camellia128 c", BSG_CMS_OTHER_CIPHER, BSG_E_DENIED, BSG_E_DENIED },
	{ ENCRYPT "-aes128 c2", BSG_CMS_AES128, BSG_E_NOT_FOUND, BSG_E_NOT_FOUND },
	{ ENCRYPT "-aes128 c c2", BSG_CMS_OTHER_CIPHER, BSG_E_INVALID, BSG_E_INVALID },
	{ ENCRYPT "-aes128 cec", BSG_CMS_OTHER_CIPHER, BSG_E_INVALID, BSG_E_INVALID },
	{ ENCRYPT "-aes-128-gcm c", BSG_CMS_OTHER_CIPHER, BSG_E_INVALID, BSG_E_INVALID },
	{ ENCRYPT "-aes128 -recip c -keyopt rsa_padding_mode:oaep", BSG_CMS_OTHER_CIPHER, BSG_E_INVALID, BSG_E_INVALID },
	{ ENCRYPT "-aes128 -secretkey 00112233445566778899aabbccddeeff -secretkeyid 01", BSG_CMS_OTHER_CIPHER, BSG_E_INVALID,
	  BSG_E_INVALID },
	{ ENCRYPT "-aes128 c && printf x >>e", BSG_CMS_OTHER_CIPHER, BSG_E_INVALID, BSG_E_INVALID },
	{ "openssl cms -sign -binary -in content -nodetach -signer c -inkey k -outform DER -out e", BSG_CMS_OTHER_CIPHER,
	  BSG_E_INVALID, BSG_E_INVALID },
	{ ": >e", BSG_CMS_OTHER_CIPHER, BSG_E_INVALID, BSG_E_INVALID },
	{ "head -c 65537 /dev/zero >e", BSG_CMS_OTHER_CIPHER, BSG_E_LIMIT, BSG_E_LIMIT },
};

static void what_openssl_encrypts_is_opened_if_it_is_of_the_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
		struct bsg_cms_envelope envelope;
		struct bsg_buf der;

		if (scratch_run(envelopes[i].how) != 0)
			fail_msg("%s: the openssl program did not do it", envelopes[i].how);
		scratch_read("e", &der);
		(void)!bsg_cms_read_envelope(bytes_of(&der), bytes_of(&cert), &envelope, NULL);
		if (envelope.cipher != envelopes[i].cipher)
			fail_msg("%s: cipher %d", envelopes[i].how, (int)envelope.cipher);
		for (int legacy = 0; legacy < 2; legacy++) {
			struct bsg_error err = { 0 };
			struct bsg_secret out;
			enum bsg_err rc = bsg_cms_decrypt(key, bytes_of(&cert), bytes_of(&der), legacy != 0, &out, &err);

			if (rc != (legacy ? envelopes[i].legacy : envelopes[i].want) || (rc == BSG_OK) != (out.data != NULL))
				fail_msg("%s, legacy %d: got %d, %s", envelopes[i].how, legacy, (int)rc, err.text);
			if (rc == BSG_OK) {
				assert_int_equal(out.len, content.len);
				assert_memory_equal(out.data, content.ptr, content.len);
			}
			bsg_secret_free(&out);
		}
		bsg_buf_free(&der);
	}
}

static void the_openssl_program_opens_what_we_encrypt(void **state)
{
	struct bsg_error err = { 0 };
	struct bsg_buf der;

	(void)state;
	for (int cipher = BSG_CMS_DES; cipher <= BSG_CMS_AES256; cipher++) {
		bsg_buf_init(&der, BSG_CMS_MAX);
		must(bsg_cms_encrypt(bytes_of(&cert), content, (enum bsg_cms_cipher)cipher, &der, &err), &err);
		scratch_write("e", der.data, der.len);
		assert_int_equal(scratch_run("openssl cms -decrypt -binary -inform DER -in e -inkey k -recip c -out got "
					     OLD "&& cmp got content"), 0);
		bsg_buf_free(&der);
	}
	bsg_buf_init(&der, BSG_CMS_MAX);
	assert_int_equal(bsg_cms_encrypt(bytes_of(&cert), content, BSG_CMS_OTHER_CIPHER, &der, &err), BSG_E_INVALID);
	assert_int_equal(scratch_run("openssl x509 -in c1024 -outform DER -out small; openssl x509 -in cec -outform DER -out ec"), 0);
	for (int i = 0; i < 2; i++) {
		struct bsg_buf other;

		scratch_read(i == 0 ? "small" : "ec", &other);
		assert_int_equal(bsg_cms_encrypt(bytes_of(&other), content, BSG_CMS_AES128, &der, &err), BSG_E_INVALID);
		bsg_buf_free(&other);
	}
	assert_int_equal(der.len, 0);
	bsg_buf_free(&der);
}

/* ---- through the keyring --------------------------------------------------- */

static void seal_to_apple(struct bsg_bytes what, enum bsg_cms_cipher cipher, struct bsg_buf *out)
{
	struct bsg_error err = { 0 };

	bsg_buf_init(out, BSG_CMS_MAX);
	must(bsg_cms_encrypt(apple_ca(), what, cipher, out, &err), &err);
}

static void the_keyring_gives_out_requests_and_nothing_else(void **state)
{
	struct bsg_error err = { 0 };
	struct bsg_secret back;
	struct bsg_buf sealed;
	struct bsg_buf csr;

	(void)state;
	bsg_buf_init(&csr, BSG_CSR_MAX);
	must(bsg_csr_make_rsa(key, "device", "secret", &csr, &err), &err);
	for (int cipher = BSG_CMS_DES; cipher <= BSG_CMS_AES256; cipher++) {
		enum bsg_err want = cipher < BSG_CMS_AES128 ? BSG_E_DENIED : BSG_OK;

		seal_to_apple(bytes_of(&csr), (enum bsg_cms_cipher)cipher, &sealed);
		assert_int_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP, bytes_of(&sealed), &back, &err), want);
		bsg_secret_free(&back);
		must(bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP_LEGACY, bytes_of(&sealed), &back, &err), &err);
		assert_int_equal(back.len, csr.len);
		assert_memory_equal(back.data, csr.data, csr.len);
		bsg_secret_free(&back);
		assert_int_not_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SECRET, bytes_of(&sealed), &back, &err), BSG_OK);
		bsg_buf_free(&sealed);
	}
	seal_to_apple(content, BSG_CMS_AES128, &sealed);
	assert_int_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP, bytes_of(&sealed), &back, &err), BSG_E_CRYPTO);
	assert_null(back.data);
	bsg_buf_free(&sealed);
	bsg_buf_init(&sealed, BSG_CMS_MAX);
	must(bsg_cms_encrypt(bytes_of(&cert), bytes_of(&csr), BSG_CMS_AES128, &sealed, &err), &err);
	assert_int_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP, bytes_of(&sealed), &back, &err), BSG_E_NOT_FOUND);
	bsg_buf_free(&sealed);
	bsg_buf_free(&csr);
}

/* Whoever alters an envelope learns nothing of what is in it: all that is not whole looks the same (A41). */
static void an_altered_envelope_tells_nothing(void **state)
{
	struct bsg_error first = { 0 };
	struct bsg_error err = { 0 };
	struct bsg_secret back;
	struct bsg_buf sealed;
	struct bsg_buf csr;
	size_t encrypted_key = 0;

	(void)state;
	bsg_buf_init(&csr, BSG_CSR_MAX);
	must(bsg_csr_make_rsa(key, "device", "secret", &csr, &err), &err);
	seal_to_apple(content, BSG_CMS_AES128, &sealed);
	assert_int_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP, bytes_of(&sealed), &back, &first), BSG_E_CRYPTO);
	bsg_buf_free(&sealed);
	seal_to_apple(bytes_of(&csr), BSG_CMS_AES128, &sealed);
	for (size_t i = 0; i + 4 < sealed.len && encrypted_key == 0; i++)
		if (memcmp(sealed.data + i, "\x04\x82\x01\x80", 4) == 0)	/* OCTET STRING of 384 bytes */
			encrypted_key = i + 4;
	assert_true(encrypted_key > 0);
	for (size_t i = encrypted_key; i < sealed.len; i++) {
		bool is_key = i < encrypted_key + 384;
		bool is_text = i >= sealed.len - csr.len;

		sealed.data[i] ^= 0x41;
		memset(&err, 0, sizeof(err));
		if (is_key || is_text) {
			if (bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP, bytes_of(&sealed), &back, &err) != BSG_E_CRYPTO ||
			    strcmp(err.text, first.text) != 0)
				fail_msg("byte %zu: %s", i, err.text);
		}
		sealed.data[i] ^= 0x41;
	}
	for (size_t len = 0; len < sealed.len; len += 7)
		assert_int_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SCEP, (struct bsg_bytes){ sealed.data, len }, &back,
						     &err), BSG_E_INVALID);
	bsg_buf_free(&sealed);
	bsg_buf_free(&csr);
}

static void a_signed_profile_is_one_for_openssl_too(void **state)
{
	struct bsg_cms_message message = { .content = { (const uint8_t *)"<?xml version='1.0'?><plist/>", 29 },
					   .digest = BSG_CMS_SHA256, .at = today };
	struct bsg_error err = { 0 };
	struct bsg_buf der;

	(void)state;
	bsg_buf_init(&der, BSG_CMS_MAX);
	must(bsg_keyring_sign_cms(ring, BSG_SIGN_PROFILE, &message, &der, &err), &err);
	scratch_write("s", der.data, der.len);
	assert_int_equal(scratch_run("openssl cms -verify -binary -inform DER -in s -CAfile ca -purpose any -out got && "
				     "[ \"$(cat got)\" = \"<?xml version='1.0'?><plist/>\" ]"), 0);
	bsg_buf_free(&der);
}

static void certificates_alone_go_there_and_back(void **state)
{
	struct bsg_bytes in[2] = { apple_ca(), bytes_of(&cert) };
	struct bsg_bytes out[BSG_CMS_CERTS_MAX];
	struct bsg_error err = { 0 };
	struct bsg_buf body;
	struct bsg_buf der;
	size_t n;

	(void)state;
	bsg_buf_init(&body, BSG_CMS_MAX);
	bsg_buf_init(&der, BSG_CMS_MAX);
	must(bsg_cms_encode_certs(in, 2, &body, &err), &err);
	scratch_write("p7", body.data, body.len);
	assert_int_equal(scratch_run("[ $(openssl pkcs7 -inform DER -in p7 -print_certs | grep -c BEGIN) = 2 ]"), 0);
	must(bsg_cms_decode_certs(bytes_of(&body), &der, out, &n, &err), &err);
	assert_int_equal(n, 2);
	assert_int_equal(out[0].len + out[1].len, in[0].len + in[1].len);
	for (size_t len = 0; len < body.len; len += 5) {
		assert_int_not_equal(bsg_cms_decode_certs((struct bsg_bytes){ body.data, len }, &der, out, &n, &err), BSG_OK);
		assert_int_equal(n, 0);
	}
	assert_int_equal(bsg_cms_encode_certs(in, 0, &body, &err), BSG_E_LIMIT);
	bsg_buf_free(&body);
	bsg_buf_free(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_openssl_signs_is_read_if_it_is_of_the_kind),
		cmocka_unit_test(the_openssl_program_verifies_what_we_sign),
		cmocka_unit_test(attributes_are_found_by_oid_and_type),
		cmocka_unit_test(an_attribute_stands_once_and_more_than_sixteen_do_not),
		cmocka_unit_test(no_flipped_bit_changes_what_is_signed),
		cmocka_unit_test(detached_content_has_to_be_the_same),
		cmocka_unit_test(content_may_be_empty),
		cmocka_unit_test(a_key_signs_only_under_its_certificate),
		cmocka_unit_test(what_openssl_encrypts_is_opened_if_it_is_of_the_kind),
		cmocka_unit_test(the_openssl_program_opens_what_we_encrypt),
		cmocka_unit_test(the_keyring_gives_out_requests_and_nothing_else),
		cmocka_unit_test(an_altered_envelope_tells_nothing),
		cmocka_unit_test(a_signed_profile_is_one_for_openssl_too),
		cmocka_unit_test(certificates_alone_go_there_and_back),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
