/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for the CA of Apple devices in crypto/keyring.h, and for requests with RSA keys: rules A30 to A34. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/csr.h"
#include "crypto/keyring.h"
#include "scratch.h"

#define DAY INT64_C(86400)
#define DEVICE "0123456789abcdef0123456789abcdef"
#define MESSAGE_TYPE "2.16.840.1.113733.1.9.2"

static struct bsg_keyring *ring;
static struct bsg_rsa_key *key;
static int64_t today;	/* the openssl program judges by the machine's clock */

static int make_ring(void **state)
{
	struct bsg_error err = { 0 };

	today = (int64_t)time(NULL);
	if (scratch_make(state) != 0)
		return -1;
	if (bsg_keyring_open(scratch_dir(), today, &ring, &err) == BSG_OK &&
	    bsg_rsa_generate(2048, &key, &err) == BSG_OK)
		return 0;
	(void)fprintf(stderr, "%s\n", err.text);
	return -1;
}

static int remove_ring(void **state)
{
	bsg_keyring_free(ring);
	bsg_rsa_free(key);
	return scratch_remove(state);
}

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static struct bsg_bytes apple_ca(void)
{
	struct bsg_bytes der;

	assert_int_equal(bsg_keyring_certificate(ring, BSG_KEYRING_APPLE_CA, &der, NULL), BSG_OK);
	return der;
}

static void write_pem(const char *name, struct bsg_bytes der)
{
	struct bsg_buf pem;

	bsg_buf_init(&pem, 65536);
	assert_int_equal(bsg_cert_to_pem(der, &pem, NULL), BSG_OK);
	scratch_write(name, pem.data, pem.len);
	bsg_buf_free(&pem);
}

static struct bsg_profile device_profile(void)
{
	return (struct bsg_profile){ .purpose = BSG_CERT_APPLE, .cn = DEVICE, .not_before = today,
				     .not_after = today + BSG_APPLE_CERT_LIFE_S };
}

static enum bsg_err issue(const struct bsg_profile *profile, struct bsg_buf *der, struct bsg_error *err)
{
	struct bsg_buf csr;
	enum bsg_err rc;

	bsg_buf_init(der, BSG_CERT_MAX);
	bsg_buf_init(&csr, BSG_CSR_MAX);
	assert_int_equal(bsg_csr_make_rsa(key, "whoever", "secret", &csr, NULL), BSG_OK);
	rc = bsg_keyring_issue(ring, bytes_of(&csr), profile, der, err);
	bsg_buf_free(&csr);
	return rc;
}

/* Open the state directory again; on failure there is no ring. */
static enum bsg_err reopen(struct bsg_error *err)
{
	bsg_keyring_free(ring);
	return bsg_keyring_open(scratch_dir(), today, &ring, err);
}

static void the_ca_is_a_root_of_its_own(void **state)
{
	struct bsg_cert_info info;
	struct bsg_cert_info root;
	struct bsg_bytes der;
	struct stat st;

	(void)state;
	assert_int_equal(bsg_cert_read(apple_ca(), &info, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_certificate(ring, BSG_KEYRING_ROOT, &der, NULL), BSG_OK);
	assert_int_equal(bsg_cert_read(der, &root, NULL), BSG_OK);
	assert_int_equal(info.rsa_bits, 3072);
	assert_true(info.is_ca);
	assert_string_equal(strrchr(info.cn, ' '), strrchr(root.cn, ' '));
	assert_int_equal(stat(scratch_path("keys/apple-ca.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	write_pem("ca.crt", apple_ca());
	assert_int_equal(scratch_run("openssl verify -x509_strict -CAfile ca.crt ca.crt"), 0);
	assert_int_equal(scratch_run("openssl x509 -in ca.crt -noout -ext keyUsage,basicConstraints >t && grep -q "
				     "'Digital Signature, Key Encipherment, Certificate Sign, CRL Sign' t && "
				     "grep -q 'CA:TRUE, pathlen:0' t && [ $(grep -c critical t) = 2 ]"), 0);
}

static void a_directory_that_never_had_a_ca_gets_one_without_the_root(void **state)
{
	struct bsg_cert_info info[3];
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(bsg_cert_read(apple_ca(), &info[0], NULL), BSG_OK);
	assert_int_equal(scratch_run("rm -f root-key.pem keys/apple-ca.pem keys/apple-ca.made"), 0);
	must(reopen(&err), &err);
	assert_int_equal(bsg_cert_read(apple_ca(), &info[1], NULL), BSG_OK);
	assert_memory_not_equal(info[0].sha256, info[1].sha256, 32);
	/* A crash after the file and before the mark, with what such a crash leaves. */
	assert_int_equal(scratch_run("rm keys/apple-ca.made; printf half >keys/apple-ca.pem.new"), 0);
	must(reopen(&err), &err);
	assert_int_equal(bsg_cert_read(apple_ca(), &info[2], NULL), BSG_OK);
	assert_memory_equal(info[1].sha256, info[2].sha256, 32);
	/* And one before the file. */
	assert_int_equal(scratch_run("rm keys/apple-ca.made keys/apple-ca.pem; printf half >keys/apple-ca.pem.new"), 0);
	must(reopen(&err), &err);
	assert_int_equal(scratch_run("[ -f keys/apple-ca.made ] && [ -f keys/apple-ca.pem ] && [ ! -f keys/apple-ca.pem.new ]"), 0);
}

static void a_lost_or_damaged_ca_stops_the_start(void **state)
{
	static const struct { const char *how; enum bsg_err want; } rows[] = {
		{ "rm keys/apple-ca.pem", BSG_E_CRYPTO },
		{ ": >keys/apple-ca.pem", BSG_E_CRYPTO },
		{ "chmod 640 keys/apple-ca.pem", BSG_E_DENIED },
		{ "cat keys/orders.pem >keys/apple-ca.pem", BSG_E_CRYPTO },
		{ "{ openssl genrsa 3072; openssl x509 -in saved; } >keys/apple-ca.pem", BSG_E_CRYPTO },
		{ "openssl x509 -in saved >keys/apple-ca.pem", BSG_E_CRYPTO },
		{ "openssl req -x509 -newkey rsa:1024 -nodes -keyout k -subj /CN=x -out c && cat k c >keys/apple-ca.pem",
		  BSG_E_CRYPTO },
		{ "openssl req -x509 -newkey rsa:3072 -nodes -keyout k -subj /CN=x -out c -addext "
		  "basicConstraints=CA:FALSE && cat k c >keys/apple-ca.pem", BSG_E_CRYPTO },
	};
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(scratch_run("cp keys/apple-ca.pem saved"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum bsg_err rc;

		assert_int_equal(scratch_run(rows[i].how), 0);
		rc = reopen(&err);
		if (rc != rows[i].want || strstr(err.text, "apple-ca.pem") == NULL)
			fail_msg("%s: %d %s", rows[i].how, (int)rc, err.text);
		assert_null(ring);
		assert_int_equal(scratch_run("cat saved >keys/apple-ca.pem; chmod 600 keys/apple-ca.pem"), 0);
	}
	must(reopen(&err), &err);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_leaves_no_half_of_a_ca(void **state)
{
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(scratch_run("rm keys/apple-ca.pem keys/apple-ca.made"), 0);
	limit_files(1500);
	assert_int_equal(reopen(&err), BSG_E_UNAVAILABLE);
	limit_files(RLIM_INFINITY);
	assert_int_equal(scratch_run("[ ! -e keys/apple-ca.pem ] && [ ! -e keys/apple-ca.made ]"), 0);
	must(reopen(&err), &err);
}

static void a_device_certificate_says_what_the_server_decides(void **state)
{
	struct bsg_profile profile = device_profile();
	struct bsg_error err = { 0 };
	struct bsg_cert_info info;
	struct bsg_buf der;

	(void)state;
	must(issue(&profile, &der, &err), &err);
	must(bsg_cert_read(bytes_of(&der), &info, &err), &err);
	assert_string_equal(info.cn, DEVICE);
	assert_false(info.is_ca);
	assert_false(info.has_key);
	assert_int_equal(info.rsa_bits, 2048);
	assert_int_equal(info.not_before, today - 300);
	assert_int_equal(info.not_after, today + BSG_APPLE_CERT_LIFE_S);
	write_pem("ca.crt", apple_ca());
	write_pem("device.crt", bytes_of(&der));
	assert_int_equal(scratch_run("openssl verify -x509_strict -CAfile ca.crt -purpose sslclient device.crt"), 0);
	assert_int_not_equal(scratch_run("openssl verify -CAfile ca.crt -purpose sslserver device.crt"), 0);
	assert_int_equal(scratch_run("openssl x509 -in device.crt -noout -ext keyUsage,extendedKeyUsage >t && grep -q "
				     "' Digital Signature, Key Encipherment$' t && grep -q ' TLS Web Client Authentication$' t"), 0);
	bsg_buf_free(&der);
}

/* Only what this CA makes passes, only for its purpose, only in its time (K12, A32). */
static void a_chain_is_accepted_only_if_it_is_one_that_we_make(void **state)
{
	struct bsg_profile profile = device_profile();
	struct bsg_bytes root;
	struct bsg_error err = { 0 };
	struct bsg_buf self;
	struct bsg_buf der;

	(void)state;
	bsg_buf_init(&self, BSG_CERT_MAX);
	assert_int_equal(bsg_keyring_certificate(ring, BSG_KEYRING_ROOT, &root, NULL), BSG_OK);
	must(issue(&profile, &der, &err), &err);
	must(bsg_cert_verify(bytes_of(&der), NULL, 0, apple_ca(), BSG_CERT_APPLE, today, &err), &err);
	for (int purpose = BSG_CERT_DEVICE; purpose < BSG_CERT_APPLE; purpose++)
		assert_int_equal(bsg_cert_verify(bytes_of(&der), NULL, 0, apple_ca(), (enum bsg_cert_purpose)purpose,
						 today, NULL), BSG_E_CRYPTO);
	assert_int_equal(bsg_cert_verify(bytes_of(&der), NULL, 0, root, BSG_CERT_APPLE, today, NULL), BSG_E_CRYPTO);
	assert_int_equal(bsg_cert_verify(apple_ca(), NULL, 0, apple_ca(), BSG_CERT_APPLE, today, NULL), BSG_E_CRYPTO);
	assert_int_equal(bsg_cert_verify(bytes_of(&der), NULL, 0, apple_ca(), BSG_CERT_APPLE, today - 301, NULL),
			 BSG_E_CRYPTO);
	assert_int_equal(bsg_cert_verify(bytes_of(&der), NULL, 0, apple_ca(), BSG_CERT_APPLE,
					 today + BSG_APPLE_CERT_LIFE_S, NULL), BSG_E_CRYPTO);
	must(bsg_rsa_self_signed(key, DEVICE, today, today + DAY, &self, &err), &err);
	assert_int_equal(bsg_cert_verify(bytes_of(&self), NULL, 0, apple_ca(), BSG_CERT_APPLE, today, NULL),
			 BSG_E_CRYPTO);
	assert_int_equal(bsg_cert_verify(bytes_of(&self), NULL, 0, bytes_of(&self), BSG_CERT_APPLE, today, NULL),
			 BSG_E_CRYPTO);
	bsg_buf_free(&self);
	bsg_buf_free(&der);
}

#define FORGE(newkey, digest, ext) \
	"openssl req -new -newkey " newkey " -nodes -keyout l.key -subj /CN=" DEVICE " -out l.csr && printf '" ext \
	"\\nsubjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' >ext && openssl x509 -req -in l.csr " \
	"-CA keys/apple-ca.pem -CAkey keys/apple-ca.pem -days 2 " digest " -set_serial 77 -extfile ext -outform DER -out l.der"
#define USAGES "basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,digitalSignature,keyEncipherment\\n"

static void what_the_ca_would_not_have_made_is_refused(void **state)
{
	static const struct { const char *how; enum bsg_err want; } rows[] = {
		{ FORGE("rsa:2048", "-sha256", USAGES "extendedKeyUsage=clientAuth"), BSG_OK },
		{ FORGE("rsa:2048", "-sha256", USAGES "extendedKeyUsage=serverAuth"), BSG_E_CRYPTO },
		{ FORGE("rsa:2048", "-sha256", USAGES "extendedKeyUsage=clientAuth,serverAuth"), BSG_E_CRYPTO },
		{ FORGE("rsa:2048", "-sha256", USAGES), BSG_E_CRYPTO },
		{ FORGE("rsa:2048", "-sha1", USAGES "extendedKeyUsage=clientAuth"), BSG_E_CRYPTO },
		{ FORGE("rsa:2048", "-sha256", "basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,digitalSignature\\n"
			"extendedKeyUsage=clientAuth"), BSG_E_CRYPTO },
		{ FORGE("rsa:2048", "-sha256", "basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,digitalSignature,"
			"keyEncipherment\\nextendedKeyUsage=clientAuth"), BSG_E_CRYPTO },
		{ FORGE("rsa:1024", "-sha256", USAGES "extendedKeyUsage=clientAuth"), BSG_E_CRYPTO },
		{ FORGE("ec -pkeyopt ec_paramgen_curve:P-256", "-sha256", USAGES "extendedKeyUsage=clientAuth"), BSG_E_CRYPTO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_error err = { 0 };
		struct bsg_buf der;
		enum bsg_err rc;

		assert_int_equal(scratch_run(rows[i].how), 0);
		scratch_read("l.der", &der);
		rc = bsg_cert_verify(bytes_of(&der), NULL, 0, apple_ca(), BSG_CERT_APPLE, today + 3600, &err);
		if (rc != rows[i].want)
			fail_msg("%s: %d %s", rows[i].how, (int)rc, err.text);
		bsg_buf_free(&der);
	}
}

static void strange_profiles_and_keys_are_refused(void **state)
{
	static const char *const sans[] = { "gate.example" };
	struct bsg_profile rows[5];
	struct bsg_profile profile = device_profile();
	struct bsg_cert_info ca;
	struct bsg_key *ec;
	struct bsg_buf csr;
	struct bsg_buf der;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		rows[i] = profile;
	rows[0].cn = "someone";
	rows[1].cn = NULL;
	rows[2].sans = sans;
	rows[2].n_sans = 1;
	rows[3].not_after = today + 401 * DAY;
	rows[4].not_after = today;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(issue(&rows[i], &der, NULL), BSG_E_INVALID);
		assert_int_equal(der.len, 0);
		bsg_buf_free(&der);
	}
	assert_int_equal(bsg_cert_read(apple_ca(), &ca, NULL), BSG_OK);
	profile.not_before = ca.not_after + DAY;
	profile.not_after = profile.not_before + DAY;
	assert_int_equal(issue(&profile, &der, NULL), BSG_E_CRYPTO);
	bsg_buf_free(&der);
	/* Each CA issues for its own kind of key only. */
	profile = device_profile();
	bsg_buf_init(&csr, BSG_CSR_MAX);
	bsg_buf_init(&der, BSG_CERT_MAX);
	assert_int_equal(bsg_key_generate(&ec, NULL), BSG_OK);
	assert_int_equal(bsg_csr_make(ec, DEVICE, &csr, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_issue(ring, bytes_of(&csr), &profile, &der, NULL), BSG_E_DENIED);
	bsg_buf_clear(&csr);
	assert_int_equal(bsg_csr_make_rsa(key, DEVICE, NULL, &csr, NULL), BSG_OK);
	profile.purpose = BSG_CERT_DEVICE;
	assert_int_equal(bsg_keyring_issue(ring, bytes_of(&csr), &profile, &der, NULL), BSG_E_CRYPTO);
	assert_int_equal(der.len, 0);
	bsg_buf_free(&csr);
	bsg_buf_free(&der);
	bsg_key_free(ec);
}

#define REQ "openssl req -new -nodes -keyout k -outform DER -out r -config cnf -newkey "
#define CONFIG(attributes) "printf '[req]\\ndistinguished_name=dn\\nprompt=no\\nattributes=at\\n[dn]\\nCN=x\\n[at]\\n" \
	attributes "\\n' >cnf && "
#define CHALLENGE CONFIG("challengePassword=hunter two")

/* Two challenges, which the openssl program does not make: another attribute renamed, and the whole signed anew. */
#define RENAME "LC_ALL=C sed -i 's/\\x86\\xf7\\x0d\\x01\\x09\\x02/\\x86\\xf7\\x0d\\x01\\x09\\x07/' r && "
#define RESIGN "tail -c +5 r | head -c -276 >tbs && openssl dgst -sha256 -sign k -out sig tbs && { head -c -256 r; " \
	"cat sig; } >r2 && mv r2 r && openssl req -inform DER -in r -noout -verify"

static const struct { const char *how; enum bsg_err want; int bits; size_t challenge; } requests[] = {
	{ CHALLENGE REQ "rsa:2048", BSG_OK, 2048, 10 },
	{ CHALLENGE REQ "rsa:4096", BSG_OK, 4096, 10 },
	{ CONFIG("") REQ "rsa:2048", BSG_OK, 2048, 0 },
	{ CHALLENGE REQ "rsa:2048 -sha1", BSG_OK, 2048, 10 },		/* as Apple's devices do */
	{ CHALLENGE REQ "rsa:2048 -sha512", BSG_OK, 2048, 10 },
	{ CHALLENGE REQ "rsa:2048 -md5", BSG_E_DENIED, 0, 0 },
	{ CHALLENGE REQ "rsa:2048 -sigopt rsa_padding_mode:pss", BSG_E_DENIED, 0, 0 },
	{ CHALLENGE REQ "rsa-pss -pkeyopt rsa_keygen_bits:2048", BSG_E_DENIED, 0, 0 },
	{ CHALLENGE REQ "ec -pkeyopt ec_paramgen_curve:P-256", BSG_E_DENIED, 0, 0 },
	{ CHALLENGE REQ "ed25519", BSG_E_DENIED, 0, 0 },
	{ CHALLENGE REQ "rsa:1024", BSG_E_INVALID, 0, 0 },
	{ CHALLENGE REQ "rsa:2040", BSG_E_INVALID, 0, 0 },
	{ CHALLENGE REQ "rsa:4104", BSG_E_INVALID, 0, 0 },
	{ CHALLENGE REQ "rsa:2048 -pkeyopt rsa_keygen_pubexp:3", BSG_E_INVALID, 0, 0 },
	{ CONFIG("challengePassword=\xd2\xae\xd0\xb9") REQ "rsa:2048 -utf8", BSG_OK, 2048, 4 },
	{ CHALLENGE "sed -i \"s/hunter two/$(printf %0255d 0)/\" cnf && " REQ "rsa:2048", BSG_OK, 2048, 255 },
	{ CHALLENGE "sed -i \"s/hunter two/$(printf %0256d 0)/\" cnf && " REQ "rsa:2048", BSG_E_INVALID, 0, 0 },
	{ CONFIG("challengePassword=a\\nunstructuredName=b") REQ "rsa:2048 && " RENAME RESIGN, BSG_E_INVALID, 0, 0 },
	{ CHALLENGE REQ "rsa:2048 -x509", BSG_E_CRYPTO, 0, 0 },
	{ CHALLENGE REQ "rsa:2048 && printf x >>r", BSG_E_CRYPTO, 0, 0 },
	{ "head -c 4097 /dev/zero >r", BSG_E_LIMIT, 0, 0 },
	{ ": >r", BSG_E_CRYPTO, 0, 0 },
};

static void requests_are_rsa_of_a_fair_size_and_signed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct bsg_rsa_request request;
		struct bsg_error err = { 0 };
		struct bsg_buf csr;
		enum bsg_err rc;

		assert_int_equal(scratch_run(requests[i].how), 0);
		scratch_read("r", &csr);
		rc = bsg_csr_verify_rsa(bytes_of(&csr), &request, &err);
		if (rc != requests[i].want || (rc != BSG_OK && err.text[0] == '\0') ||
		    request.bits != requests[i].bits || request.challenge.len != requests[i].challenge)
			fail_msg("%s: got %d, %s; %d bits, challenge of %zu", requests[i].how, (int)rc, err.text,
				 request.bits, request.challenge.len);
		bsg_rsa_request_free(&request);
		bsg_buf_free(&csr);
	}
}

static void a_challenge_is_one_string_of_255_bytes_at_most(void **state)
{
	char text[257];
	struct bsg_rsa_request request;
	struct bsg_error err = { 0 };
	struct bsg_buf csr;

	(void)state;
	bsg_buf_init(&csr, BSG_CSR_MAX);
	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	must(bsg_csr_make_rsa(key, DEVICE, text, &csr, &err), &err);
	must(bsg_csr_verify_rsa(bytes_of(&csr), &request, &err), &err);
	assert_int_equal(request.challenge.len, 255);
	assert_string_equal((char *)request.challenge.data, text);
	bsg_rsa_request_free(&request);
	bsg_buf_clear(&csr);
	assert_int_equal(bsg_csr_make_rsa(key, DEVICE, "", &csr, &err), BSG_E_INVALID);
	text[255] = 'x';
	text[256] = '\0';
	assert_int_equal(bsg_csr_make_rsa(key, DEVICE, text, &csr, &err), BSG_E_INVALID);
	bsg_buf_free(&csr);
}

static void no_flipped_bit_of_a_request_passes(void **state)
{
	struct bsg_rsa_request request;
	struct bsg_error err = { 0 };
	struct bsg_buf csr;
	enum bsg_err rc;

	(void)state;
	bsg_buf_init(&csr, BSG_CSR_MAX);
	assert_int_equal(bsg_csr_make_rsa(key, DEVICE, "secret", &csr, NULL), BSG_OK);
	for (size_t bit = 0; bit < csr.len * 8; bit++) {
		csr.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* Nothing but CRYPTO, so that no answer tells what the flip has hit (A41). */
		rc = bsg_csr_verify_rsa(bytes_of(&csr), &request, &err);
		if (rc != BSG_E_CRYPTO)
			fail_msg("byte %zu bit %zu: %d %s", bit / 8, bit % 8, (int)rc, err.text);
		csr.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < csr.len; len++)
		assert_int_equal(bsg_csr_verify_rsa((struct bsg_bytes){ csr.data, len }, &request, NULL), BSG_E_CRYPTO);
	bsg_buf_free(&csr);
}

static void keys_of_other_sizes_are_neither_made_nor_read(void **state)
{
	struct bsg_rsa_key *other;
	struct bsg_error err = { 0 };
	struct bsg_secret pem;

	(void)state;
	assert_int_equal(bsg_rsa_generate(1024, &other, &err), BSG_E_INVALID);
	assert_int_equal(bsg_rsa_generate(8192, &other, &err), BSG_E_INVALID);
	must(bsg_rsa_pem(key, &pem, &err), &err);
	must(bsg_rsa_parse((char *)pem.data, pem.len, &other, &err), &err);
	bsg_rsa_free(other);
	bsg_secret_free(&pem);
	assert_int_equal(scratch_run("openssl genrsa -out 1024.pem 1024; openssl ecparam -name prime256v1 -genkey -out ec.pem"), 0);
	for (int i = 0; i < 2; i++) {
		struct bsg_buf text;

		scratch_read(i == 0 ? "1024.pem" : "ec.pem", &text);
		assert_int_equal(bsg_rsa_parse((char *)text.data, text.len, &other, &err), BSG_E_CRYPTO);
		assert_null(other);
		bsg_buf_free(&text);
	}
}

#define ATTR(oid, text) { oid, BSG_CMS_PRINTABLE, { (const uint8_t *)(text), sizeof(text) - 1 } }
#define BYTES(text) { (const uint8_t *)(text), sizeof(text) - 1 }

static void the_key_signs_only_what_it_is_for(void **state)
{
	static const struct bsg_cms_attr reply[] = { ATTR(MESSAGE_TYPE, "3") };
	static const struct bsg_cms_attr request[] = { ATTR(MESSAGE_TYPE, "19") };
	static const struct bsg_cms_attr both[] = { ATTR(MESSAGE_TYPE, "19"), ATTR(MESSAGE_TYPE, "3") };
	static const struct bsg_cms_attr disguised[] = { ATTR("2.16.840.1.113733.1.9.02", "19"), ATTR(MESSAGE_TYPE, "3") };
	static const struct bsg_cms_attr other[] = { ATTR("2.16.840.1.113733.1.9.3", "3") };
	static const struct { struct bsg_cms_message message; enum bsg_err want[2]; } rows[] = {
		{ { .digest = BSG_CMS_SHA256, .attrs = reply, .n_attrs = 1 }, { BSG_OK, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .attrs = request, .n_attrs = 1 }, { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .attrs = both, .n_attrs = 2 }, { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .attrs = disguised, .n_attrs = 2 }, { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .attrs = other, .n_attrs = 1 }, { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256 }, { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .attrs = reply, .n_attrs = 1, .detached = true }, { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .attrs = reply, .n_attrs = 1, .content = BYTES("<?xml version='1.0'?>") },
		  { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .content = BYTES("<?xml version='1.0'?>") }, { BSG_E_DENIED, BSG_OK } },
		{ { .digest = BSG_CMS_SHA256, .content = BYTES("<?xml version='1.0'?>"), .detached = true },
		  { BSG_E_DENIED, BSG_E_DENIED } },
		{ { .digest = BSG_CMS_SHA256, .content = BYTES("bplist00") }, { BSG_E_DENIED, BSG_E_DENIED } },
	};
	struct bsg_buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int purpose = BSG_SIGN_SCEP; purpose <= BSG_SIGN_PROFILE; purpose++) {
			struct bsg_cms_message message = rows[i].message;
			enum bsg_err rc;

			message.at = today;
			bsg_buf_init(&out, BSG_CMS_MAX);
			rc = bsg_keyring_sign_cms(ring, (enum bsg_cms_purpose)purpose, &message, &out, NULL);
			if (rc != rows[i].want[purpose - 1] || (rc == BSG_OK) != (out.len > 0))
				fail_msg("row %zu, purpose %d: %d", i, purpose, (int)rc);
			bsg_buf_free(&out);
		}
	}
}

static void a_keyring_around_one_key_does_nothing_for_apple(void **state)
{
	struct bsg_cms_message message = { .digest = BSG_CMS_SHA256, .content = BYTES("<?xml version='1.0'?>") };
	struct bsg_keyring *single;
	struct bsg_secret secret;
	struct bsg_key *ec;
	struct bsg_buf out;

	(void)state;
	bsg_buf_init(&out, BSG_CMS_MAX);
	assert_int_equal(bsg_key_generate(&ec, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_of_key(ec, BSG_SIGN_PASS, &single, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_sign_cms(single, BSG_SIGN_PROFILE, &message, &out, NULL), BSG_E_DENIED);
	assert_int_equal(bsg_keyring_decrypt(single, BSG_DECRYPT_SCEP, message.content, &secret, NULL), BSG_E_DENIED);
	bsg_keyring_free(single);
	bsg_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ca_is_a_root_of_its_own),
		cmocka_unit_test(a_directory_that_never_had_a_ca_gets_one_without_the_root),
		cmocka_unit_test(a_lost_or_damaged_ca_stops_the_start),
		cmocka_unit_test(a_full_disk_leaves_no_half_of_a_ca),
		cmocka_unit_test(a_device_certificate_says_what_the_server_decides),
		cmocka_unit_test(a_chain_is_accepted_only_if_it_is_one_that_we_make),
		cmocka_unit_test(what_the_ca_would_not_have_made_is_refused),
		cmocka_unit_test(strange_profiles_and_keys_are_refused),
		cmocka_unit_test(requests_are_rsa_of_a_fair_size_and_signed),
		cmocka_unit_test(a_challenge_is_one_string_of_255_bytes_at_most),
		cmocka_unit_test(no_flipped_bit_of_a_request_passes),
		cmocka_unit_test(keys_of_other_sizes_are_neither_made_nor_read),
		cmocka_unit_test(the_key_signs_only_what_it_is_for),
		cmocka_unit_test(a_keyring_around_one_key_does_nothing_for_apple),
	};

	return cmocka_run_group_tests(tests, make_ring, remove_ring);
}
