/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for crypto/x509.h, csr.h and est.h, against the openssl program and against forgers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/file.h"
#include "crypto/csr.h"
#include "crypto/est.h"
#include "crypto/keyring.h"
#include "crypto/tls.h"
#include "scratch.h"

#define DEVICE "0123456789abcdef0123456789abcdef"
#define REQ_EC "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k "

static struct bsg_keyring *ring;
static int64_t today;	/* the openssl program dates what it makes by the machine's clock */

static int make_ring(void **state)
{
	today = (int64_t)time(NULL);
	return scratch_make(state) != 0 ||
	       bsg_keyring_open(scratch_path("."), today, &ring, NULL) != BSG_OK ? -1 : 0;
}

static int remove_ring(void **state)
{
	bsg_keyring_free(ring);
	ring = NULL;
	return scratch_remove(state);
}

static struct bsg_bytes bytes_of(const struct bsg_buf *buf)
{
	return (struct bsg_bytes){ buf->data, buf->len };
}

static struct bsg_bytes cert_of(enum bsg_keyring_cert which)
{
	struct bsg_bytes der;

	assert_int_equal(bsg_keyring_certificate(ring, which, &der, NULL), BSG_OK);
	return der;
}

/* A device certificate of our own. The caller frees it. */
static void issue_device(struct bsg_buf *der)
{
	struct bsg_profile profile = {
		.purpose = BSG_CERT_DEVICE, .cn = DEVICE, .not_before = today,
		.not_after = today + BSG_DEVICE_CERT_LIFE_S,
	};
	struct bsg_error err = { 0 };
	struct bsg_key *key;
	struct bsg_buf csr;

	bsg_buf_init(der, BSG_CERT_MAX);
	bsg_buf_init(&csr, BSG_CSR_MAX);
	must(bsg_key_generate(&key, &err), &err);
	must(bsg_csr_make(key, DEVICE, &csr, &err), &err);
	must(bsg_keyring_issue(ring, bytes_of(&csr), &profile, der, &err), &err);
	bsg_buf_free(&csr);
	bsg_key_free(key);
}

static enum bsg_err verify_device(struct bsg_bytes leaf, struct bsg_error *err)
{
	struct bsg_bytes ca = cert_of(BSG_KEYRING_DEVICE_CA);

	return bsg_cert_verify(leaf, &ca, 1, cert_of(BSG_KEYRING_ROOT), BSG_CERT_DEVICE, today, err);
}

static void write_pem(const char *name, struct bsg_bytes der)
{
	struct bsg_buf pem;

	bsg_buf_init(&pem, 65536);
	assert_int_equal(bsg_cert_to_pem(der, &pem, NULL), BSG_OK);
	scratch_write(name, pem.data, pem.len);
	bsg_buf_free(&pem);
}

static void the_openssl_program_accepts_our_chains(void **state)
{
	static const char *const sans[] = { "gate.example", "10.1.2.3", "::1" };
	struct bsg_tls_identity tls;
	struct bsg_buf der;

	(void)state;
	issue_device(&der);
	write_pem("device.crt", bytes_of(&der));
	write_pem("root.crt", cert_of(BSG_KEYRING_ROOT));
	write_pem("device-ca.crt", cert_of(BSG_KEYRING_DEVICE_CA));
	write_pem("server-ca.crt", cert_of(BSG_KEYRING_SERVER_CA));
	write_pem("orders.crt", cert_of(BSG_KEYRING_ORDERS));
	assert_int_equal(bsg_tls_identity_load(ring, scratch_path("."), sans, 3, today, &tls, NULL), BSG_OK);
	scratch_write("tls.crt", tls.chain_pem, strlen(tls.chain_pem));
	bsg_tls_identity_free(&tls);
	assert_int_equal(scratch_run("openssl verify -x509_strict -CAfile root.crt -untrusted device-ca.crt "
				     "-purpose sslclient device.crt"), 0);
	assert_int_equal(scratch_run("openssl verify -x509_strict -CAfile root.crt -untrusted server-ca.crt "
				     "-purpose sslserver -verify_hostname gate.example tls.crt"), 0);
	assert_int_equal(scratch_run("openssl verify -x509_strict -CAfile root.crt -untrusted server-ca.crt "
				     "-purpose sslserver -verify_ip 10.1.2.3 tls.crt"), 0);
	assert_int_not_equal(scratch_run("openssl verify -CAfile root.crt -untrusted server-ca.crt "
					 "-verify_hostname other.example tls.crt"), 0);
	assert_int_not_equal(scratch_run("openssl verify -CAfile root.crt -untrusted device-ca.crt "
					 "-purpose sslserver device.crt"), 0);
	assert_int_equal(scratch_run("openssl verify -x509_strict -CAfile root.crt orders.crt"), 0);
	bsg_buf_free(&der);
}

static void what_we_read_is_what_openssl_reads(void **state)
{
	struct bsg_cert_info info;
	struct bsg_buf text;
	struct bsg_buf der;
	char want[400];
	size_t n;

	(void)state;
	issue_device(&der);
	assert_int_equal(bsg_cert_read(bytes_of(&der), &info, NULL), BSG_OK);
	scratch_write("c", der.data, der.len);
	assert_int_equal(scratch_run("{ openssl x509 -inform DER -in c -noout -serial -subject -nameopt RFC2253; "
				     "sha256sum <c | cut -c1-64; openssl x509 -inform DER -in c -noout -pubkey | "
				     "openssl pkey -pubin -outform DER | sha256sum | cut -c1-64; } >t"), 0);
	scratch_read("t", &text);
	n = (size_t)snprintf(want, sizeof(want), "serial=%s\nsubject=CN=%s\n", info.serial, info.cn);
	for (size_t i = 0; i < 64; i++)
		n += (size_t)snprintf(want + n, sizeof(want) - n, "%02x%s",
				      i < 32 ? info.sha256[i] : info.spki_sha256[i - 32],
				      i % 32 == 31 ? "\n" : "");
	assert_int_equal(strcasecmp((char *)text.data, want), 0);
	bsg_buf_free(&text);
	bsg_buf_free(&der);
}

static void no_flipped_bit_of_a_certificate_passes(void **state)
{
	struct bsg_buf der;

	(void)state;
	issue_device(&der);
	assert_int_equal(verify_device(bytes_of(&der), NULL), BSG_OK);
	for (size_t i = 0; i < der.len; i++) {
		der.data[i] ^= (uint8_t)(1u << i % 8);
		if (verify_device(bytes_of(&der), NULL) == BSG_OK)
			fail_msg("byte %zu", i);
		der.data[i] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t len = 0; len < der.len; len += 3)
		assert_int_not_equal(verify_device((struct bsg_bytes){ der.data, len }, NULL), BSG_OK);
	bsg_buf_add(&der, "", 1);
	assert_int_equal(verify_device(bytes_of(&der), NULL), BSG_E_CRYPTO);
	bsg_buf_free(&der);
}

static void a_foreign_root_is_no_root(void **state)
{
	struct bsg_bytes chain[2];
	struct bsg_keyring *other;
	struct bsg_error err = { 0 };
	struct bsg_bytes root;
	struct bsg_buf der;

	(void)state;
	assert_int_equal(mkdir(scratch_path("other"), 0700), 0);
	must(bsg_keyring_open(scratch_path("other"), today, &other, &err), &err);
	must(bsg_keyring_certificate(other, BSG_KEYRING_ROOT, &root, &err), &err);
	issue_device(&der);
	chain[0] = cert_of(BSG_KEYRING_DEVICE_CA);
	chain[1] = cert_of(BSG_KEYRING_ROOT);	/* a root that comes along is not believed */
	assert_int_equal(bsg_cert_verify(bytes_of(&der), chain, 2, root, BSG_CERT_DEVICE, today, &err),
			 BSG_E_CRYPTO);
	/* Nor is a CA that is given as the root. */
	assert_int_equal(bsg_cert_verify(bytes_of(&der), chain, 2, chain[0], BSG_CERT_DEVICE, today, &err),
			 BSG_E_CRYPTO);
	assert_int_equal(bsg_cert_verify(bytes_of(&der), NULL, 0, cert_of(BSG_KEYRING_ROOT),
					 BSG_CERT_DEVICE, today, &err), BSG_E_CRYPTO);
	bsg_keyring_free(other);
	bsg_buf_free(&der);
}

static void a_chain_has_a_limit(void **state)
{
	struct bsg_bytes many[BSG_CERT_CHAIN_MAX + 1];
	struct bsg_buf der;

	(void)state;
	issue_device(&der);
	for (size_t i = 0; i < BSG_CERT_CHAIN_MAX + 1; i++)
		many[i] = cert_of(BSG_KEYRING_DEVICE_CA);
	assert_int_equal(bsg_cert_verify(bytes_of(&der), many, BSG_CERT_CHAIN_MAX, cert_of(BSG_KEYRING_ROOT),
					 BSG_CERT_DEVICE, today, NULL), BSG_OK);
	assert_int_equal(bsg_cert_verify(bytes_of(&der), many, BSG_CERT_CHAIN_MAX + 1,
					 cert_of(BSG_KEYRING_ROOT), BSG_CERT_DEVICE, today, NULL), BSG_E_LIMIT);
	bsg_buf_free(&der);
}

#define ORDERS_EKU "2.25.301820908479195542039220810099350110463"

/* Certificates that our own CA keys signed, but that we would not have made (K12). */
static const struct forgery {
	const char *name, *ca, *curve, *extra;	/* basic constraints stand in extra where they are not CA:FALSE */
	enum bsg_cert_purpose purpose;
	enum bsg_err want;
} forgeries[] = {
	{ "as it should be", "device-ca", "P-256", "extendedKeyUsage=clientAuth", BSG_CERT_DEVICE, BSG_OK },
	{ "a server by the device CA", "device-ca", "P-256", "extendedKeyUsage=serverAuth",
	  BSG_CERT_TLS_SERVER, BSG_E_CRYPTO },
	{ "a device by the server CA", "server-ca", "P-256", "extendedKeyUsage=clientAuth",
	  BSG_CERT_DEVICE, BSG_E_CRYPTO },
	{ "orders by the device CA", "device-ca", "P-256", "extendedKeyUsage=" ORDERS_EKU,
	  BSG_CERT_ORDERS, BSG_E_CRYPTO },
	{ "two usages", "device-ca", "P-256", "extendedKeyUsage=clientAuth,serverAuth", BSG_CERT_DEVICE,
	  BSG_E_CRYPTO },
	{ "no usage", "device-ca", "P-256", "nsComment=x", BSG_CERT_DEVICE, BSG_E_CRYPTO },
	{ "by a key that is no CA", "orders", "P-256", "extendedKeyUsage=clientAuth", BSG_CERT_DEVICE,
	  BSG_E_CRYPTO },
	{ "a CA among leaves", "device-ca", "P-256", "basicConstraints=critical,CA:TRUE\\nextendedKeyUsage="
	  "clientAuth", BSG_CERT_DEVICE, BSG_E_CRYPTO },
	{ "a longer key", "device-ca", "P-384", "extendedKeyUsage=clientAuth", BSG_CERT_DEVICE, BSG_E_CRYPTO },
};

static void forge(const struct forgery *f, struct bsg_buf *der)
{
	char command[700];

	(void)snprintf(command, sizeof(command),
		       "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:%s -nodes -keyout l.key -subj "
		       "/CN=" DEVICE " -out l.csr && printf '%skeyUsage=critical,digitalSignature\\nsubjectKeyIdentifier=hash\\n"
		       "authorityKeyIdentifier=keyid\\n%s\\n' >ext && openssl x509 -req -in l.csr -CA keys/%s.pem "
		       "-CAkey keys/%s.pem -days 2 -sha256 -set_serial 77 -extfile ext -outform DER -out l.der",
		       f->curve, strstr(f->extra, "basic") ? "" : "basicConstraints=critical,CA:FALSE\\n",
		       f->extra, f->ca, f->ca);
	assert_int_equal(scratch_run(command), 0);
	scratch_read("l.der", der);
}

static void what_our_ca_would_not_have_made_is_refused(void **state)
{
	struct bsg_bytes between[3] = { cert_of(BSG_KEYRING_DEVICE_CA), cert_of(BSG_KEYRING_SERVER_CA),
					cert_of(BSG_KEYRING_ORDERS) };

	(void)state;
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		const struct forgery *f = &forgeries[i];
		struct bsg_error err = { 0 };
		struct bsg_buf der;
		enum bsg_err rc;

		forge(f, &der);
		/* openssl dates it now, which may be a second after @today */
		rc = bsg_cert_verify(bytes_of(&der), between, 3, cert_of(BSG_KEYRING_ROOT), f->purpose,
				     today + 3600, &err);
		if (rc != f->want || (rc != BSG_OK && err.text[0] == '\0'))
			fail_msg("%s: got %d, %s", f->name, (int)rc, err.text);
		bsg_buf_free(&der);
	}
}

static void names_that_people_cannot_read_are_no_names(void **state)
{
	static const struct { const char *subject, *want; } rows[] = {
		{ "/CN=plain", "plain" }, { "/O=x", "" }, { "/CN=a/CN=b", "" }, { "/CN=two\nlines", "" },
		{ "/CN=\xd2\xae\xd0\xb9", "\xd2\xae\xd0\xb9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_cert_info info;
		struct bsg_buf der;
		char command[400];

		(void)snprintf(command, sizeof(command), REQ_EC "-x509 -utf8 -subj '%s' -outform DER -out c",
			       rows[i].subject);
		assert_int_equal(scratch_run(command), 0);
		scratch_read("c", &der);
		assert_int_equal(bsg_cert_read(bytes_of(&der), &info, NULL), BSG_OK);
		assert_string_equal(info.cn, rows[i].want);
		bsg_buf_free(&der);
	}
}

static const struct { const char *how; enum bsg_err want; } requests[] = {
	{ REQ_EC "-subj /CN=x -outform DER -out r", BSG_OK },
	{ REQ_EC "-subj /CN=x -sha384 -outform DER -out r", BSG_E_CRYPTO },
	{ REQ_EC "-subj /CN=x -sha1 -outform DER -out r", BSG_E_CRYPTO },
	{ REQ_EC "-subj /CN=x -x509 -outform DER -out r", BSG_E_CRYPTO },
	{ REQ_EC "-subj /CN=x -outform DER -out r && printf x >>r", BSG_E_CRYPTO },
	{ REQ_EC "-subj /CN=x -out r", BSG_E_CRYPTO },		/* PEM where DER belongs */
	{ "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout k -subj /CN=x "
	  "-outform DER -out r", BSG_E_CRYPTO },
	{ "openssl req -new -newkey rsa:1024 -nodes -keyout k -subj /CN=x -outform DER -out r", BSG_E_CRYPTO },
	{ "openssl req -new -newkey ed25519 -nodes -keyout k -subj /CN=x -outform DER -out r", BSG_E_CRYPTO },
	{ "openssl ecparam -name prime256v1 -genkey -param_enc explicit -out k && openssl req -new -key k "
	  "-subj /CN=x -outform DER -out r", BSG_E_CRYPTO },
	{ "openssl ecparam -name prime256v1 -genkey -out k0 && openssl ec -in k0 -conv_form compressed -out k && "
	  "openssl req -new -key k -subj /CN=x -outform DER -out r", BSG_E_CRYPTO },
	{ "head -c 4097 /dev/zero >r", BSG_E_LIMIT },
	{ "head -c 4096 /dev/zero >r", BSG_E_CRYPTO },
	{ ": >r", BSG_E_CRYPTO },
};

static void requests_are_p256_whole_and_signed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct bsg_error err = { 0 };
		struct bsg_public_key pub;
		struct bsg_buf csr;
		enum bsg_err rc;

		assert_int_equal(scratch_run(requests[i].how), 0);
		scratch_read("r", &csr);
		rc = bsg_csr_verify(bytes_of(&csr), &pub, &err);
		if (rc != requests[i].want || (rc != BSG_OK && err.text[0] == '\0'))
			fail_msg("%s: got %d, %s", requests[i].how, (int)rc, err.text);
		bsg_buf_free(&csr);
	}
}

static void no_flipped_bit_of_a_request_passes(void **state)
{
	struct bsg_public_key pub;
	struct bsg_key *key;
	struct bsg_buf csr;

	(void)state;
	bsg_buf_init(&csr, BSG_CSR_MAX);
	assert_int_equal(bsg_key_generate(&key, NULL), BSG_OK);
	assert_int_equal(bsg_csr_make(key, DEVICE, &csr, NULL), BSG_OK);
	assert_int_equal(bsg_csr_verify(bytes_of(&csr), &pub, NULL), BSG_OK);
	for (size_t bit = 0; bit < csr.len * 8; bit++) {
		csr.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bsg_csr_verify(bytes_of(&csr), &pub, NULL) == BSG_OK)
			fail_msg("byte %zu bit %zu", bit / 8, bit % 8);
		csr.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < csr.len; len++)
		assert_int_equal(bsg_csr_verify((struct bsg_bytes){ csr.data, len }, &pub, NULL), BSG_E_CRYPTO);
	bsg_buf_free(&csr);
	bsg_key_free(key);
}

static void a_request_gets_its_key_certified_and_nothing_else(void **state)
{
	struct bsg_profile profile = {
		.purpose = BSG_CERT_DEVICE, .cn = DEVICE, .not_before = today, .not_after = today + 1000,
	};
	struct bsg_error err = { 0 };
	struct bsg_cert_info info;
	struct bsg_buf csr;
	struct bsg_buf der;

	(void)state;
	bsg_buf_init(&der, BSG_CERT_MAX);
	assert_int_equal(scratch_run(REQ_EC "-subj /CN=root -addext basicConstraints=critical,CA:TRUE -addext "
				     "subjectAltName=DNS:gate.example -outform DER -out r"), 0);
	scratch_read("r", &csr);
	must(bsg_keyring_issue(ring, bytes_of(&csr), &profile, &der, &err), &err);
	assert_int_equal(bsg_cert_read(bytes_of(&der), &info, NULL), BSG_OK);
	assert_string_equal(info.cn, DEVICE);
	assert_false(info.is_ca);
	must(verify_device(bytes_of(&der), &err), &err);
	scratch_write("c", der.data, der.len);
	assert_int_not_equal(scratch_run("openssl x509 -inform DER -in c -noout -text | grep -q gate.example"), 0);
	bsg_buf_free(&csr);
	bsg_buf_free(&der);
}

static void est_answers_go_there_and_back(void **state)
{
	struct bsg_bytes in[3] = { cert_of(BSG_KEYRING_ROOT), cert_of(BSG_KEYRING_DEVICE_CA),
				   cert_of(BSG_KEYRING_SERVER_CA) };
	struct bsg_bytes out[BSG_EST_N_CERTS_MAX];
	struct bsg_error err = { 0 };
	struct bsg_buf body;
	struct bsg_buf der;
	unsigned met = 0;
	size_t n;

	(void)state;
	bsg_buf_init(&body, BSG_EST_CERTS_MAX);
	bsg_buf_init(&der, BSG_EST_CERTS_MAX);
	must(bsg_est_encode_certs(in, 3, &body, &err), &err);
	must(bsg_est_decode_certs((char *)body.data, body.len, &der, out, &n, &err), &err);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++)
			if (in[i].len == out[j].len && memcmp(in[i].ptr, out[j].ptr, in[i].len) == 0)
				met |= 1u << i;
	assert_int_equal(met, 7);
	scratch_write("body", body.data, body.len);
	assert_int_equal(scratch_run("openssl base64 -d -in body | openssl pkcs7 -inform DER -print_certs -out certs && "
				     "test $(grep -c BEGIN certs) = 3 && grep -q 'Bosaga device CA' certs"), 0);
	assert_int_equal(bsg_est_encode_certs(in, 0, &body, &err), BSG_E_LIMIT);
	bsg_buf_free(&body);
	bsg_buf_free(&der);
}

static enum bsg_err decode_body(const char *how, size_t *n, struct bsg_error *err)
{
	struct bsg_bytes out[BSG_EST_N_CERTS_MAX];
	struct bsg_buf body;
	struct bsg_buf der;
	char command[400];
	enum bsg_err rc;

	(void)snprintf(command, sizeof(command), "{ %s; } >body", how);
	assert_int_equal(scratch_run(command), 0);
	scratch_read("body", &body);
	bsg_buf_init(&der, BSG_EST_CERTS_MAX);
	rc = bsg_est_decode_certs((char *)body.data, body.len, &der, out, n, err);
	bsg_buf_free(&body);
	bsg_buf_free(&der);
	return rc;
}

static void the_openssl_programs_answer_is_read(void **state)
{
	struct bsg_error err = { 0 };
	size_t n;

	(void)state;
	must(decode_body("openssl crl2pkcs7 -nocrl -certfile keys/root.pem -certfile keys/device-ca.pem -outform DER "
			 "| openssl base64", &n, &err), &err);
	assert_int_equal(n, 2);
}

static void broken_est_answers_are_refused(void **state)
{
	static const char *const how[] = {
		":", "printf '%%%%'", "printf 'AAAA'", "openssl base64 -in keys/root.pem",
		"openssl x509 -in keys/root.pem -outform DER | openssl base64",
		"printf x >x; openssl crl2pkcs7 -nocrl -certfile x -outform DER | openssl base64",
		"{ openssl crl2pkcs7 -nocrl -certfile keys/root.pem -outform DER; printf x; } | openssl base64",
		"openssl crl2pkcs7 -nocrl -certfile keys/root.pem -outform DER | head -c -1 | openssl base64",
		("for i in 1 2 3 4 5 6 7 8 9; do cat keys/root.pem; done >many && openssl crl2pkcs7 -nocrl "
		 "-certfile many -outform DER | openssl base64"),
		"head -c 40000 /dev/zero | tr '\\0' A",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct bsg_error err = { 0 };
		size_t n;
		enum bsg_err rc = decode_body(how[i], &n, &err);

		if ((rc != BSG_E_INVALID && rc != BSG_E_LIMIT) || n != 0)
			fail_msg("%s: got %d %s", how[i], (int)rc, err.text);
	}
}

static void est_requests_go_there_and_back(void **state)
{
	char *giant = malloc(BSG_EST_REQUEST_MAX + 1);
	struct bsg_error err = { 0 };
	struct bsg_key *key;
	struct bsg_buf back;
	struct bsg_buf body;
	struct bsg_buf csr;

	(void)state;
	assert_non_null(giant);
	bsg_buf_init(&csr, BSG_CSR_MAX);
	bsg_buf_init(&body, BSG_EST_REQUEST_MAX);
	bsg_buf_init(&back, BSG_CSR_MAX);
	must(bsg_key_generate(&key, &err), &err);
	must(bsg_csr_make(key, "x", &csr, &err), &err);
	must(bsg_est_encode_csr(bytes_of(&csr), &body, &err), &err);
	must(bsg_est_decode_csr((char *)body.data, body.len, &back, &err), &err);
	assert_int_equal(back.len, csr.len);
	assert_memory_equal(back.data, csr.data, csr.len);
	assert_int_equal(bsg_est_decode_csr("", 0, &back, &err), BSG_E_INVALID);
	assert_int_equal(bsg_est_decode_csr("A", 1, &back, &err), BSG_E_INVALID);
	memset(giant, 'A', BSG_EST_REQUEST_MAX + 1);
	assert_int_equal(bsg_est_decode_csr(giant, BSG_EST_REQUEST_MAX + 1, &back, &err), BSG_E_LIMIT);
	assert_int_equal(bsg_est_decode_csr(giant, BSG_EST_REQUEST_MAX, &back, &err), BSG_E_LIMIT);
	free(giant);
	bsg_buf_free(&csr);
	bsg_buf_free(&body);
	bsg_buf_free(&back);
	bsg_key_free(key);
}

static void sans_are_compared_as_a_set(void **state)
{
	static const char *const made[] = { "gate.example", "10.1.2.3", "::1" };
	static const char *const again[] = { "0:0:0:0:0:0:0:1", "GATE.example", "10.1.2.3" };
	static const char *const more[] = { "gate.example", "10.1.2.3", "::1", "other" };
	static const char *const other[] = { "gate.example", "10.1.2.3", "::2" };
	static const char *const twice[] = { "gate.example", "10.1.2.3", "10.1.2.3" };
	struct bsg_tls_identity tls;
	struct bsg_bytes cert;
	struct bsg_buf der;

	(void)state;
	assert_int_equal(bsg_tls_identity_load(ring, scratch_path("."), made, 3, today, &tls, NULL), BSG_OK);
	bsg_buf_init(&der, BSG_CERT_MAX);
	assert_int_equal(bsg_cert_from_pem(tls.chain_pem, strlen(tls.chain_pem), &der, NULL), BSG_OK);
	cert = bytes_of(&der);
	assert_true(bsg_cert_has_sans(cert, made, 3));
	assert_true(bsg_cert_has_sans(cert, again, 3));
	assert_false(bsg_cert_has_sans(cert, more, 4));
	assert_false(bsg_cert_has_sans(cert, made, 2));
	assert_false(bsg_cert_has_sans(cert, made, 0));
	assert_false(bsg_cert_has_sans(cert, other, 3));
	assert_false(bsg_cert_has_sans(cert, twice, 3));
	assert_false(bsg_cert_has_sans(cert_of(BSG_KEYRING_ROOT), made, 0));
	bsg_buf_free(&der);
	bsg_tls_identity_free(&tls);
}

#define WITH_RING(test) cmocka_unit_test_setup_teardown(test, make_ring, remove_ring)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RING(the_openssl_program_accepts_our_chains),
		WITH_RING(what_we_read_is_what_openssl_reads),
		WITH_RING(no_flipped_bit_of_a_certificate_passes),
		WITH_RING(a_foreign_root_is_no_root),
		WITH_RING(a_chain_has_a_limit),
		WITH_RING(what_our_ca_would_not_have_made_is_refused),
		WITH_RING(names_that_people_cannot_read_are_no_names),
		WITH_RING(requests_are_p256_whole_and_signed),
		WITH_RING(no_flipped_bit_of_a_request_passes),
		WITH_RING(a_request_gets_its_key_certified_and_nothing_else),
		WITH_RING(est_answers_go_there_and_back),
		WITH_RING(the_openssl_programs_answer_is_read),
		WITH_RING(broken_est_answers_are_refused),
		WITH_RING(est_requests_go_there_and_back),
		WITH_RING(sans_are_compared_as_a_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
