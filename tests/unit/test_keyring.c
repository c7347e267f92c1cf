/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for crypto/keyring.h: what the server's keys do, and for whom they refuse. */
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
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "crypto/cose.h"
#include "crypto/csr.h"
#include "crypto/keyring.h"
#include "crypto/tls.h"
#include "scratch.h"
#include "wire/pass.h"

#define NOW INT64_C(1795471200)
#define DAY INT64_C(86400)
#define DEVICE "0123456789abcdef0123456789abcdef"

static const char *dir;
static struct bsg_keyring *ring;

static int make_ring(void **state)
{
	struct bsg_error err = { 0 };

	if (scratch_make(state) != 0)
		return -1;
	dir = scratch_dir();
	if (bsg_keyring_open(dir, NOW, &ring, &err) != BSG_OK) {
		(void)fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
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

/* A request of a new key; the caller frees @csr. */
static struct bsg_public_key new_request(struct bsg_buf *csr)
{
	struct bsg_public_key pub;
	struct bsg_key *key;

	bsg_buf_init(csr, BSG_CSR_MAX);
	assert_int_equal(bsg_key_generate(&key, NULL), BSG_OK);
	assert_int_equal(bsg_csr_make(key, "whoever", csr, NULL), BSG_OK);
	bsg_key_public(key, &pub);
	bsg_key_free(key);
	return pub;
}

static enum bsg_err issue(const struct bsg_profile *profile, struct bsg_buf *der,
			  struct bsg_error *err)
{
	struct bsg_buf csr;
	enum bsg_err rc;

	bsg_buf_init(der, BSG_CERT_MAX);
	(void)new_request(&csr);
	rc = bsg_keyring_issue(ring, bytes_of(&csr), profile, der, err);
	bsg_buf_free(&csr);
	return rc;
}

static const char *const some_sans[] = { "gate.example", "10.1.2.3", "::1" };
static const struct bsg_profile device_profile = {
	.purpose = BSG_CERT_DEVICE, .cn = DEVICE, .not_before = NOW,
	.not_after = NOW + BSG_DEVICE_CERT_LIFE_S,
};
static const struct bsg_profile server_profile = {
	.purpose = BSG_CERT_TLS_SERVER, .cn = "gate.example", .sans = some_sans, .n_sans = 3,
	.not_before = NOW, .not_after = NOW + BSG_TLS_CERT_LIFE_S,
};

static void the_first_start_makes_keys_that_later_ones_find(void **state)
{
	struct bsg_bytes root = cert_of(BSG_KEYRING_ROOT);
	struct bsg_cert_info first;
	struct bsg_cert_info second;
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(bsg_cert_read(root, &first, NULL), BSG_OK);
	assert_true(first.is_ca);
	bsg_keyring_free(ring);
	must(bsg_keyring_open(dir, NOW + 1000, &ring, &err), &err);
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_ROOT), &second, NULL), BSG_OK);
	assert_memory_equal(first.sha256, second.sha256, 32);
}

static void the_roots_key_lies_outside_and_is_not_needed(void **state)
{
	struct bsg_buf der;
	struct bsg_key *key;
	struct bsg_cert_info root;
	struct bsg_public_key pub;
	struct bsg_error err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(stat(scratch_path("root-key.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_not_equal(access(scratch_path("keys/root-key.pem"), F_OK), 0);
	must(bsg_key_load(scratch_path("root-key.pem"), &key, &err), &err);
	bsg_key_public(key, &pub);
	bsg_key_free(key);
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_ROOT), &root, NULL), BSG_OK);
	assert_memory_equal(&pub, &root.key, sizeof(pub));
	assert_int_equal(unlink(scratch_path("root-key.pem")), 0);
	bsg_keyring_free(ring);
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
	must(issue(&device_profile, &der, &err), &err);
	bsg_buf_free(&der);
}

static void a_crash_before_the_roots_key_left_is_made_good(void **state)
{
	struct bsg_error err = { 0 };

	(void)state;
	bsg_keyring_free(ring);
	ring = NULL;
	/* Before the copy, and between copy and removal. */
	assert_int_equal(rename(scratch_path("root-key.pem"), scratch_path("keys/root-key.pem")), 0);
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
	bsg_keyring_free(ring);
	assert_int_equal(link(scratch_path("root-key.pem"), scratch_path("keys/root-key.pem")), 0);
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
	assert_int_not_equal(access(scratch_path("keys/root-key.pem"), F_OK), 0);
	assert_int_equal(access(scratch_path("root-key.pem"), F_OK), 0);
	bsg_keyring_free(ring);
	/* But two different ones are a matter for people. */
	assert_int_equal(scratch_run("cp keys/orders.pem keys/root-key.pem"), 0);
	assert_int_equal(bsg_keyring_open(dir, NOW, &ring, &err), BSG_E_CONFLICT);
	assert_int_equal(access(scratch_path("keys/root-key.pem"), F_OK), 0);
}

static void a_half_made_directory_is_made_anew(void **state)
{
	struct bsg_error err = { 0 };

	(void)state;
	bsg_keyring_free(ring);
	ring = NULL;
	assert_int_equal(rename(scratch_path("keys"), scratch_path("keys.new")), 0);
	assert_int_equal(unlink(scratch_path("keys.new/orders.pem")), 0);
	assert_int_equal(unlink(scratch_path("root-key.pem")), 0);
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
	assert_int_not_equal(access(scratch_path("keys.new"), F_OK), 0);
}

static void a_roots_key_is_never_overwritten(void **state)
{
	struct bsg_error err = { 0 };
	struct bsg_keyring *other = NULL;

	(void)state;
	assert_int_equal(rename(scratch_path("keys"), scratch_path("elsewhere")), 0);
	assert_int_equal(bsg_keyring_open(dir, NOW, &other, &err), BSG_E_CONFLICT);
	assert_null(other);
	assert_non_null(strstr(err.text, "root-key.pem"));
	assert_int_not_equal(access(scratch_path("keys"), F_OK), 0);
}

static void damaged_keys_stop_the_start(void **state)
{
	static const struct { const char *from, *to; enum bsg_err want; } rows[] = {
		{ "keys/root.pem", "keys/orders.pem", BSG_E_CRYPTO },
		{ "/dev/null", "keys/device-ca.pem", BSG_E_CRYPTO },
	};
	struct bsg_keyring *other = NULL;
	struct bsg_error err = { 0 };
	char command[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(command, sizeof(command), "cp %s saved && cat %s > %s", rows[i].to,
			       rows[i].from, rows[i].to);
		assert_int_equal(scratch_run(command), 0);
		assert_int_equal(bsg_keyring_open(dir, NOW, &other, &err), rows[i].want);
		assert_null(other);
		assert_int_equal(err.code, rows[i].want);
		(void)snprintf(command, sizeof(command), "cat saved > %s", rows[i].to);
		assert_int_equal(scratch_run(command), 0);
	}
	assert_int_equal(scratch_run("cp keys/orders.pem saved && { openssl ec -in keys/device-ca.pem; openssl x509 "
				     "-in saved; } >keys/orders.pem"), 0);
	assert_int_equal(bsg_keyring_open(dir, NOW, &other, &err), BSG_E_CRYPTO);
	assert_non_null(strstr(err.text, "key and certificate do not fit"));
	assert_int_equal(scratch_run("cat saved >keys/orders.pem"), 0);
	assert_int_equal(chmod(scratch_path("keys/orders.pem"), 0640), 0);
	assert_int_equal(bsg_keyring_open(dir, NOW, &other, &err), BSG_E_DENIED);
	assert_int_equal(unlink(scratch_path("keys/orders.pem")), 0);
	assert_int_equal(bsg_keyring_open(dir, NOW, &other, &err), BSG_E_CRYPTO);
	assert_non_null(strstr(err.text, "orders.pem"));
}

/* As on a full disk: write(2) fails after a part. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_stops_the_first_start_and_spoils_nothing(void **state)
{
	struct bsg_error err = { 0 };

	(void)state;
	bsg_keyring_free(ring);
	ring = NULL;
	assert_int_equal(scratch_run("rm -r keys root-key.pem"), 0);
	for (rlim_t bytes = 0; bytes < 900; bytes += 120) {
		limit_files(bytes);
		assert_int_equal(bsg_keyring_open(dir, NOW, &ring, &err), BSG_E_UNAVAILABLE);
		limit_files(RLIM_INFINITY);
		assert_null(ring);
		assert_non_null(strstr(err.text, "File too large"));
		assert_int_not_equal(access(scratch_path("keys"), F_OK), 0);
		assert_int_not_equal(access(scratch_path("root-key.pem"), F_OK), 0);
	}
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
}

static void a_full_disk_keeps_the_old_tls_certificate(void **state)
{
	struct bsg_tls_identity id;
	struct bsg_error err = { 0 };
	struct bsg_buf before;
	struct bsg_buf after;

	(void)state;
	must(bsg_tls_identity_load(ring, dir, some_sans, 3, NOW, &id, &err), &err);
	bsg_tls_identity_free(&id);
	scratch_read("tls.pem", &before);
	limit_files(500);
	assert_int_equal(bsg_tls_identity_load(ring, dir, some_sans, 2, NOW, &id, &err), BSG_E_UNAVAILABLE);
	assert_int_equal(bsg_keyring_renew_orders(dir, scratch_path("root-key.pem"), NOW, &err),
			 BSG_E_UNAVAILABLE);
	limit_files(RLIM_INFINITY);
	assert_null(id.chain_pem);
	scratch_read("tls.pem", &after);
	assert_string_equal((char *)before.data, (char *)after.data);
	bsg_buf_free(&before);
	bsg_buf_free(&after);
	bsg_keyring_free(ring);
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
}

static void keys_of_another_installation_are_noticed(void **state)
{
	struct bsg_keyring *other = NULL;
	struct bsg_error err = { 0 };
	(void)state;
	assert_int_equal(mkdir(scratch_path("other"), 0700), 0);
	must(bsg_keyring_open(scratch_path("other"), NOW, &other, &err), &err);
	bsg_keyring_free(other);
	assert_int_equal(scratch_run("cp other/keys/orders.pem keys/"), 0);
	assert_int_equal(bsg_keyring_open(dir, NOW, &other, &err), BSG_E_CRYPTO);
	assert_string_equal(err.text, "keys/orders.pem is not signed by keys/root.pem");
}

static void a_device_certificate_says_what_the_server_decides(void **state)
{
	struct bsg_bytes between = cert_of(BSG_KEYRING_DEVICE_CA);
	struct bsg_bytes root = cert_of(BSG_KEYRING_ROOT);
	struct bsg_error err = { 0 };
	struct bsg_cert_info info;
	struct bsg_public_key pub;
	struct bsg_buf csr;
	struct bsg_buf der;

	(void)state;
	bsg_buf_init(&der, BSG_CERT_MAX);
	pub = new_request(&csr);
	must(bsg_keyring_issue(ring, bytes_of(&csr), &device_profile, &der, &err), &err);
	must(bsg_cert_read(bytes_of(&der), &info, &err), &err);
	assert_string_equal(info.cn, DEVICE);
	assert_memory_equal(&info.key, &pub, sizeof(pub));
	assert_false(info.is_ca);
	assert_int_equal(info.not_before, NOW - 300);
	assert_int_equal(info.not_after, NOW + BSG_DEVICE_CERT_LIFE_S);
	assert_int_equal(strlen(info.serial), 32);
	must(bsg_cert_verify(bytes_of(&der), &between, 1, root, BSG_CERT_DEVICE, NOW, &err), &err);
	bsg_buf_free(&csr);
	bsg_buf_free(&der);
}

static void two_certificates_have_two_serials(void **state)
{
	struct bsg_cert_info info[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bsg_buf der;

		assert_int_equal(issue(&device_profile, &der, NULL), BSG_OK);
		assert_int_equal(bsg_cert_read(bytes_of(&der), &info[i], NULL), BSG_OK);
		bsg_buf_free(&der);
	}
	assert_string_not_equal(info[0].serial, info[1].serial);
}

/* Each kind of leaf, each purpose: only the diagonal is accepted (K12). */
static void a_certificate_serves_one_purpose(void **state)
{
	struct bsg_bytes between[2] = { cert_of(BSG_KEYRING_DEVICE_CA), cert_of(BSG_KEYRING_SERVER_CA) };
	struct bsg_bytes root = cert_of(BSG_KEYRING_ROOT);
	struct bsg_bytes leaf[6];
	struct bsg_error err = { 0 };
	struct bsg_buf device;
	struct bsg_buf server;

	(void)state;
	must(issue(&device_profile, &device, &err), &err);
	must(issue(&server_profile, &server, &err), &err);
	leaf[0] = bytes_of(&device);
	leaf[1] = bytes_of(&server);
	leaf[2] = cert_of(BSG_KEYRING_ORDERS);
	leaf[3] = cert_of(BSG_KEYRING_SECRET);
	leaf[4] = cert_of(BSG_KEYRING_DEVICE_CA);
	leaf[5] = root;
	for (int l = 0; l < 6; l++) {
		for (int p = BSG_CERT_DEVICE; p <= BSG_CERT_ORDERS; p++) {
			enum bsg_err rc = bsg_cert_verify(leaf[l], between, 2, root,
							  (enum bsg_cert_purpose)p, NOW, &err);

			if ((rc == BSG_OK) != (l == p - BSG_CERT_DEVICE))
				fail_msg("leaf %d, purpose %d: %d %s", l, p, (int)rc, err.text);
		}
	}
	bsg_buf_free(&device);
	bsg_buf_free(&server);
}

static const struct { const char *name; int64_t at; enum bsg_err want; } times[] = {
	{ "before it begins", NOW - 301, BSG_E_CRYPTO },
	{ "its first second", NOW - 300, BSG_OK },
	{ "its last second", NOW + BSG_DEVICE_CERT_LIFE_S - 1, BSG_OK },
	{ "its end", NOW + BSG_DEVICE_CERT_LIFE_S, BSG_E_CRYPTO },
};

static void a_certificate_holds_in_its_time(void **state)
{
	struct bsg_bytes between = cert_of(BSG_KEYRING_DEVICE_CA);
	struct bsg_bytes root = cert_of(BSG_KEYRING_ROOT);
	struct bsg_buf der;

	(void)state;
	assert_int_equal(issue(&device_profile, &der, NULL), BSG_OK);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct bsg_error err = { 0 };
		enum bsg_err rc = bsg_cert_verify(bytes_of(&der), &between, 1, root, BSG_CERT_DEVICE,
						  times[i].at, &err);

		if (rc != times[i].want)
			fail_msg("%s: %d %s", times[i].name, (int)rc, err.text);
	}
	bsg_buf_free(&der);
}

static void a_certificate_ends_with_its_ca(void **state)
{
	struct bsg_profile late = device_profile;
	struct bsg_cert_info ca;
	struct bsg_cert_info info;
	struct bsg_buf der;

	(void)state;
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_DEVICE_CA), &ca, NULL), BSG_OK);
	late.not_before = ca.not_after - 10 * DAY;
	late.not_after = late.not_before + 300 * DAY;
	assert_int_equal(issue(&late, &der, NULL), BSG_OK);
	assert_int_equal(bsg_cert_read(bytes_of(&der), &info, NULL), BSG_OK);
	assert_int_equal(info.not_after, ca.not_after);
	bsg_buf_free(&der);
	late.not_before = ca.not_after + DAY;
	late.not_after = late.not_before + DAY;
	assert_int_equal(issue(&late, &der, NULL), BSG_E_CRYPTO);
	bsg_buf_free(&der);
}

static void strange_profiles_are_refused(void **state)
{
	static const char *const bad_sans[] = { "", "a b", "a..b", "-a", "a-", ".", "a,DNS:b", "*", "a.*",
		"10.1.2.3.", "[::1]", "\xd0\xb0.kz", "a\nb", "x/y" };
	struct bsg_profile rows[12];
	size_t n = 0;
	struct bsg_buf der;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rows[i] = i < 6 ? device_profile : server_profile;
	rows[n++].cn = "someone";
	rows[n++].cn = NULL;
	rows[n++].n_sans = 1;
	rows[n++].not_after = NOW;
	rows[n++].not_after = NOW + 401 * DAY;
	rows[n++].purpose = BSG_CERT_ORDERS;
	rows[n++].cn = "";
	rows[n++].cn = NULL;
	rows[n++].n_sans = 0;
	rows[n++].n_sans = BSG_CERT_SANS_MAX + 1;
	rows[n++].cn = "01234567890123456789012345678901234567890123456789012345678901234";
	rows[n++].cn = "a\nb";
	for (size_t i = 0; i < n; i++) {
		if (issue(&rows[i], &der, NULL) == BSG_OK)
			fail_msg("accepted profile %zu", i);
		assert_int_equal(der.len, 0);
		bsg_buf_free(&der);
	}
	for (size_t i = 0; i < sizeof(bad_sans) / sizeof(bad_sans[0]); i++) {
		struct bsg_profile p = server_profile;

		p.sans = &bad_sans[i];
		p.n_sans = 1;
		if (issue(&p, &der, NULL) != BSG_E_INVALID)
			fail_msg("accepted '%s'", bad_sans[i]);
		bsg_buf_free(&der);
	}
}

static void orders_key_signs_nothing_but_orders_and_credentials(void **state)
{
	uint8_t header[] = { 0xa1, 0x01, 0x26 };
	uint8_t payload[] = { 0xa0 };
	struct bsg_bytes h = { header, sizeof(header) };
	struct bsg_bytes p = { payload, sizeof(payload) };
	uint8_t work[200];
	uint8_t signature[BSG_SIGNATURE_LEN];
	struct bsg_bytes bytes;

	(void)state;
	for (int kind = BSG_COSE_ORDERS; kind <= BSG_COSE_PASS; kind++) {
		assert_int_equal(bsg_cose_sig_structure((enum bsg_cose_kind)kind, h, p, work,
							sizeof(work), &bytes), BSG_OK);
		for (int purpose = BSG_SIGN_ORDERS; purpose <= BSG_SIGN_PASS; purpose++) {
			enum bsg_err rc = bsg_keyring_sign(ring, (enum bsg_sign_purpose)purpose, bytes,
							   signature, NULL);

			assert_int_equal(rc, kind == purpose && kind <= BSG_COSE_GATE_CREDENTIAL ?
					 BSG_OK : BSG_E_DENIED);
		}
	}
	assert_int_equal(bsg_keyring_sign(ring, BSG_SIGN_ORDERS, p, signature, NULL), BSG_E_DENIED);
	bytes.len--;
	assert_int_equal(bsg_keyring_sign(ring, BSG_SIGN_ORDERS, bytes, signature, NULL), BSG_E_DENIED);
}

static struct bsg_pass server_pass(void)
{
	return (struct bsg_pass){ .pseudonym = { 1, 2, 3 }, .issued = NOW, .expires = NOW + BSG_PASS_LIFE_SERVER_S, .serial = 4,
				  .functions = 1, .sequence = 5, .by = BSG_BY_GATE, .verified_at = NOW - 10 };
}

/* Sign a pass by the server's keyring; @out empty on failure. */
static enum bsg_err sign_pass(const struct bsg_pass *pass, struct bsg_buf *out)
{
	uint8_t buf[BSG_PASS_MAX];
	struct bsg_bytes payload;

	bsg_buf_init(out, 4096);
	assert_int_equal(bsg_pass_encode(pass, buf, sizeof(buf), &payload), BSG_OK);
	return bsg_cose_sign(ring, BSG_COSE_PASS, payload, out, NULL);
}

static void the_servers_pass_names_its_certificate_and_verifies_by_it(void **state)
{
	struct bsg_bytes der = cert_of(BSG_KEYRING_PASS);
	struct bsg_pass pass = server_pass();
	struct bsg_cose_message parsed;
	struct bsg_error err = { 0 };
	struct bsg_cert_info info;
	struct bsg_bytes payload;
	struct bsg_buf signed_pass;

	(void)state;
	must(bsg_cert_verify(der, NULL, 0, der, BSG_CERT_PASS, NOW + 19 * 365 * DAY, &err), &err);
	assert_int_equal(bsg_cert_verify(der, NULL, 0, der, BSG_CERT_PASS, NOW + 20 * 365 * DAY + 1, &err), BSG_E_CRYPTO);
	assert_int_equal(bsg_cert_read(der, &info, NULL), BSG_OK);
	assert_false(info.is_ca);
	assert_int_equal(sign_pass(&pass, &signed_pass), BSG_OK);
	assert_true(signed_pass.len <= BSG_PASS_MAX);
	assert_int_equal(bsg_cose_parse(BSG_COSE_PASS, bytes_of(&signed_pass), &parsed, NULL), BSG_OK);
	assert_int_equal(parsed.header.kid.len, 8);
	assert_memory_equal(parsed.header.kid.ptr, info.sha256, 8);
	must(bsg_cose_verify_key(BSG_COSE_PASS, bytes_of(&signed_pass), &info.key, &payload, &err), &err);
	signed_pass.data[signed_pass.len - 1] ^= 1;
	assert_int_equal(bsg_cose_verify_key(BSG_COSE_PASS, bytes_of(&signed_pass), &info.key, &payload, &err), BSG_E_CRYPTO);
	bsg_buf_free(&signed_pass);
}

static void the_key_for_passes_signs_nothing_but_passes_that_say_verified(void **state)
{
	uint8_t header[] = { 0xa1, 0x01, 0x26 };
	struct bsg_bytes h = { header, sizeof(header) };
	struct bsg_pass own = server_pass();
	uint8_t buf[BSG_PASS_MAX];
	uint8_t work[400];
	uint8_t signature[BSG_SIGNATURE_LEN];
	struct bsg_bytes payload;
	struct bsg_bytes bytes;
	struct bsg_buf out;

	(void)state;
	assert_int_equal(bsg_pass_encode(&own, buf, sizeof(buf), &payload), BSG_OK);
	for (int kind = BSG_COSE_ORDERS; kind <= BSG_COSE_PASS; kind++) {
		assert_int_equal(bsg_cose_sig_structure((enum bsg_cose_kind)kind, h, payload, work, sizeof(work), &bytes), BSG_OK);
		assert_int_equal(bsg_keyring_sign(ring, BSG_SIGN_PASS, bytes, signature, NULL),
				 kind == BSG_COSE_PASS ? BSG_OK : BSG_E_DENIED);
	}
	/* A phone's own: shorter, with a nonce, and not verified by anybody. */
	own.verified_at = 0;
	own.has_nonce = true;
	own.expires = NOW + BSG_PASS_LIFE_S;
	assert_int_equal(sign_pass(&own, &out), BSG_E_DENIED);
	assert_int_equal(out.len, 0);
	bsg_buf_free(&out);
}

static void no_other_certificate_passes_for_that_of_passes(void **state)
{
	struct bsg_bytes pass = cert_of(BSG_KEYRING_PASS);

	(void)state;
	for (int which = BSG_KEYRING_ROOT; which <= BSG_KEYRING_SECRET; which++) {
		struct bsg_bytes der = cert_of((enum bsg_keyring_cert)which);

		assert_int_equal(bsg_cert_verify(der, NULL, 0, der, BSG_CERT_PASS, NOW, NULL), BSG_E_CRYPTO);
		assert_int_equal(bsg_cert_verify(pass, NULL, 0, der, BSG_CERT_PASS, NOW, NULL), BSG_E_CRYPTO);
	}
	for (int purpose = BSG_CERT_DEVICE; purpose <= BSG_CERT_ORDERS; purpose++)
		assert_int_equal(bsg_cert_verify(pass, NULL, 0, pass, (enum bsg_cert_purpose)purpose, NOW, NULL), BSG_E_CRYPTO);
}

/* Open the state directory again; on failure there is no ring. */
static enum bsg_err reopen(struct bsg_error *err)
{
	bsg_keyring_free(ring);
	return bsg_keyring_open(dir, NOW, &ring, err);
}

static void an_older_directory_gets_a_key_for_passes_without_the_root(void **state)
{
	struct bsg_cert_info info[3];
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_PASS), &info[0], NULL), BSG_OK);
	assert_int_equal(scratch_run("[ -f keys/pass.made ] && [ $(stat -c %a keys/pass.pem) = 600 ] && "
				     "rm root-key.pem keys/pass.pem keys/pass.made"), 0);
	must(reopen(&err), &err);
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_PASS), &info[1], NULL), BSG_OK);
	assert_memory_not_equal(info[0].sha256, info[1].sha256, 32);
	/* A crash between the file and the mark, with what such a crash leaves: the file stays. */
	assert_int_equal(scratch_run("rm keys/pass.made; printf half >keys/pass.pem.new"), 0);
	must(reopen(&err), &err);
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_PASS), &info[2], NULL), BSG_OK);
	assert_memory_equal(info[1].sha256, info[2].sha256, 32);
	assert_int_equal(scratch_run("[ -f keys/pass.made ]"), 0);
}

static void a_lost_or_damaged_key_for_passes_stops_the_start(void **state)
{
	static const struct { const char *how; enum bsg_err want; } rows[] = {
		{ "rm keys/pass.pem", BSG_E_CRYPTO },
		{ ": >keys/pass.pem", BSG_E_CRYPTO },
		{ "chmod 640 keys/pass.pem", BSG_E_DENIED },
		{ "cat keys/orders.pem >keys/pass.pem", BSG_E_CRYPTO },
		{ "cat keys/orders.pem >keys/pass.pem; rm keys/pass.made", BSG_E_CRYPTO },
	};
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(scratch_run("cp -p keys/pass.pem kept"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(scratch_run(rows[i].how), 0);
		assert_int_equal(reopen(&err), rows[i].want);
		assert_null(ring);
		assert_non_null(strstr(err.text, "pass.pem"));
		assert_int_equal(scratch_run("rm -f keys/pass.pem && cp -p kept keys/pass.pem"), 0);
	}
	must(reopen(&err), &err);
}

static void a_single_key_does_one_thing(void **state)
{
	struct bsg_bytes nothing = { (const uint8_t *)"", 0 };
	struct bsg_bytes der;
	struct bsg_keyring *single;
	struct bsg_secret secret;
	struct bsg_buf out;
	struct bsg_key *key;

	(void)state;
	bsg_buf_init(&out, 4096);
	assert_int_equal(bsg_key_generate(&key, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_of_key(key, BSG_SIGN_PASS, &single, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_issue(single, nothing, &device_profile, &out, NULL), BSG_E_DENIED);
	assert_int_equal(bsg_keyring_decrypt(single, BSG_DECRYPT_SECRET, nothing, &secret, NULL),
			 BSG_E_DENIED);
	assert_int_equal(bsg_keyring_certificate(single, BSG_KEYRING_ROOT, &der, NULL), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_cose_sign(single, BSG_COSE_ORDERS, nothing, &out, NULL), BSG_E_DENIED);
	assert_int_equal(bsg_cose_sign(single, BSG_COSE_THRESHOLD_TOKEN,
				       (struct bsg_bytes){ (const uint8_t *)"\xa0", 1 }, &out, NULL),
			 BSG_E_DENIED);
	bsg_keyring_free(single);
	bsg_buf_free(&out);
}

static void renewed_orders_keys_are_trusted_at_once(void **state)
{
	struct bsg_bytes root;
	struct bsg_cert_info before;
	struct bsg_cert_info after;
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_ORDERS), &before, NULL), BSG_OK);
	must(bsg_keyring_renew_orders(dir, scratch_path("root-key.pem"), NOW + 1000 * DAY, &err), &err);
	bsg_keyring_free(ring);
	must(bsg_keyring_open(dir, NOW, &ring, &err), &err);
	root = cert_of(BSG_KEYRING_ROOT);
	assert_int_equal(bsg_cert_read(cert_of(BSG_KEYRING_ORDERS), &after, NULL), BSG_OK);
	assert_true(after.not_after > before.not_after);
	assert_memory_not_equal(&after.key, &before.key, sizeof(after.key));
	must(bsg_cert_verify(cert_of(BSG_KEYRING_ORDERS), NULL, 0, root, BSG_CERT_ORDERS,
			     NOW + 1500 * DAY, &err), &err);
	assert_int_equal(bsg_keyring_renew_orders(dir, scratch_path("keys/device-ca.pem"), NOW, &err),
			 BSG_E_CRYPTO);
	assert_int_equal(bsg_keyring_renew_orders(dir, scratch_path("nothing"), NOW, &err), BSG_E_NOT_FOUND);
}

static void a_sealed_secret_opens_for_its_keyring_only(void **state)
{
	struct bsg_bytes plain = { (const uint8_t *)"thirty-two bytes of a place's key", 33 };
	struct bsg_error err = { 0 };
	struct bsg_secret back;
	struct bsg_buf sealed;

	(void)state;
	bsg_buf_init(&sealed, 8192);
	must(bsg_seal(cert_of(BSG_KEYRING_SECRET), plain, &sealed, &err), &err);
	assert_true(sealed.len < plain.len + 1024);
	must(bsg_keyring_decrypt(ring, BSG_DECRYPT_SECRET, bytes_of(&sealed), &back, &err), &err);
	assert_int_equal(back.len, plain.len);
	assert_memory_equal(back.data, plain.ptr, plain.len);
	bsg_secret_free(&back);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 1;
		if (bsg_keyring_decrypt(ring, BSG_DECRYPT_SECRET, bytes_of(&sealed), &back, NULL) == BSG_OK) {
			/* Words about whom it is for are not authenticated; the secret is. */
			assert_int_equal(back.len, plain.len);
			assert_memory_equal(back.data, plain.ptr, plain.len);
		}
		bsg_secret_free(&back);
		sealed.data[i] ^= 1;
	}
	sealed.len--;
	assert_int_not_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SECRET, bytes_of(&sealed), &back, &err),
			     BSG_OK);
	bsg_buf_clear(&sealed);
	must(bsg_seal(cert_of(BSG_KEYRING_ORDERS), plain, &sealed, &err), &err);
	assert_int_equal(bsg_keyring_decrypt(ring, BSG_DECRYPT_SECRET, bytes_of(&sealed), &back, &err),
			 BSG_E_CRYPTO);
	assert_null(back.data);
	bsg_buf_free(&sealed);
}

static void tls_certificates_are_kept_until_they_need_not_be(void **state)
{
	static const char *const others[] = { "10.1.2.3", "::1" };
	struct bsg_tls_identity id[2];
	struct bsg_error err = { 0 };

	(void)state;
	must(bsg_tls_identity_load(ring, dir, some_sans, 3, NOW, &id[0], &err), &err);
	must(bsg_tls_identity_load(ring, dir, some_sans, 3, NOW + 300 * DAY, &id[1], &err), &err);
	assert_string_equal(id[0].chain_pem, id[1].chain_pem);
	bsg_tls_identity_free(&id[1]);
	must(bsg_tls_identity_load(ring, dir, some_sans, 3, NOW + 336 * DAY, &id[1], &err), &err);
	assert_string_not_equal(id[0].chain_pem, id[1].chain_pem);
	assert_true(id[1].not_after > id[0].not_after);
	bsg_tls_identity_free(&id[0]);
	must(bsg_tls_identity_load(ring, dir, others, 2, NOW + 336 * DAY, &id[0], &err), &err);
	assert_string_not_equal(id[0].chain_pem, id[1].chain_pem);
	bsg_tls_identity_free(&id[0]);
	assert_int_equal(bsg_file_replace(scratch_path("tls.pem"), "rubbish", 7, 0600, NULL), BSG_OK);
	must(bsg_tls_identity_load(ring, dir, others, 2, NOW, &id[0], &err), &err);
	bsg_tls_identity_free(&id[0]);
	bsg_tls_identity_free(&id[1]);
	assert_int_equal(bsg_tls_identity_load(ring, dir, NULL, 0, NOW, &id[0], &err), BSG_E_INVALID);
	assert_null(id[0].chain_pem);
}

#define WITH_RING(test) cmocka_unit_test_setup_teardown(test, make_ring, remove_ring)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RING(the_first_start_makes_keys_that_later_ones_find),
		WITH_RING(the_roots_key_lies_outside_and_is_not_needed),
		WITH_RING(a_crash_before_the_roots_key_left_is_made_good),
		WITH_RING(a_half_made_directory_is_made_anew),
		WITH_RING(a_roots_key_is_never_overwritten),
		WITH_RING(damaged_keys_stop_the_start),
		WITH_RING(a_full_disk_stops_the_first_start_and_spoils_nothing),
		WITH_RING(a_full_disk_keeps_the_old_tls_certificate),
		WITH_RING(keys_of_another_installation_are_noticed),
		WITH_RING(a_device_certificate_says_what_the_server_decides),
		WITH_RING(two_certificates_have_two_serials),
		WITH_RING(a_certificate_serves_one_purpose),
		WITH_RING(a_certificate_holds_in_its_time),
		WITH_RING(a_certificate_ends_with_its_ca),
		WITH_RING(strange_profiles_are_refused),
		WITH_RING(orders_key_signs_nothing_but_orders_and_credentials),
		WITH_RING(the_servers_pass_names_its_certificate_and_verifies_by_it),
		WITH_RING(the_key_for_passes_signs_nothing_but_passes_that_say_verified),
		WITH_RING(no_other_certificate_passes_for_that_of_passes),
		WITH_RING(an_older_directory_gets_a_key_for_passes_without_the_root),
		WITH_RING(a_lost_or_damaged_key_for_passes_stops_the_start),
		WITH_RING(a_single_key_does_one_thing),
		WITH_RING(renewed_orders_keys_are_trusted_at_once),
		WITH_RING(a_sealed_secret_opens_for_its_keyring_only),
		WITH_RING(tls_certificates_are_kept_until_they_need_not_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
