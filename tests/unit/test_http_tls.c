/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in and who is believed: client certificates, pinned roots, tickets, reload, proxies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "http_fixture.h"
#include "http_certs.h"
#include "root_store.h"

#define DEVICE "00112233445566778899aabbccddeeff"

static const struct identity device = { cert_root, cert_client, key_client };

static void people_plane(struct fixture *f)
{
	fixture_init(f);
	f->options.plane = BSG_HTTP_PEOPLE;
	f->options.client_certificate = BSG_HTTP_CERT_NONE;
}

static void a_wrong_client_certificate_gets_no_handshake(void **state)
{
	static const struct { const char *name; struct identity id; } cases[] = {
		{ "none", { cert_root, NULL, NULL } },
		{ "rogue CA of the same name", { cert_root, cert_rogue_client, key_rogue_client } },
		{ "expired", { cert_root, cert_old_client, key_old_client } },
		{ "a server's certificate", { cert_root, cert_wrong_use, key_wrong_use } },
		{ "the device CA's sibling", { cert_root, cert_server, key_server } },
		{ "a key of 1024 bits", { cert_root, cert_weak_client, key_weak_client } },
	};
	struct bsg_http_response r;
	struct bsg_error err;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum bsg_err rc = get(&f, &cases[i].id, "/hello", &r, &err);

		if (rc == BSG_OK)
			fail_msg("%s: %u", cases[i].name, r.status);
	}
	assert_int_equal(f.n_done, 0);
	assert_int_equal(f.n_admitted, 0);
	for (size_t i = 0; i < 2; i++) {
		const struct identity right[] = { device, { cert_root, cert_rsa_client, key_rsa_client } };

		assert_int_equal(get(&f, &right[i], "/hello", &r, &err), BSG_OK);
		assert_int_equal(r.status, 200);
		bsg_http_response_clear(&r);
	}
	fixture_stop(&f);
}

static void an_optional_certificate_may_be_absent_but_not_wrong(void **state)
{
	struct bsg_http_response r;
	struct bsg_error err;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.options.client_certificate = BSG_HTTP_CERT_OPTIONAL;
	fixture_start(&f);
	assert_int_equal(get(&f, &(struct identity){ cert_root, NULL, NULL }, "/hello", &r, &err),
			 BSG_OK);
	assert_string_equal(f.last_cn, "");
	bsg_http_response_clear(&r);
	assert_int_equal(get(&f, &device, "/hello", &r, &err), BSG_OK);
	assert_string_equal(f.last_cn, DEVICE);
	bsg_http_response_clear(&r);
	assert_int_not_equal(get(&f, &(struct identity){ cert_root, cert_rogue_client,
		key_rogue_client }, "/hello", &r, &err), BSG_OK);
	fixture_stop(&f);
}

static void the_client_believes_its_root_the_name_and_the_time(void **state)
{
	static const struct { const char *name, *cert, *key, *root; enum bsg_err want; } cases[] = {
		{ "right", cert_server, key_server, cert_root, BSG_OK },
		{ "another root of the same name", cert_rogue_server, key_rogue_server, cert_root, BSG_E_CRYPTO },
		{ "another name", cert_stranger, key_stranger, cert_root, BSG_E_CRYPTO },
		{ "expired", cert_old_server, key_old_server, cert_root, BSG_E_CRYPTO },
		{ "the root is not ours", cert_server, key_server, cert_rogue, BSG_E_CRYPTO },
		{ "no root at all", cert_server, key_server, NULL, BSG_E_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity id = { cases[i].root, NULL, NULL };
		struct bsg_http_response r;
		struct bsg_error err = { .text = "" };
		struct fixture f;
		enum bsg_err rc;

		people_plane(&f);
		f.options.certificate_pem = cases[i].cert;
		f.options.key_pem = cases[i].key;
		fixture_start(&f);
		rc = get(&f, &id, "/hello", &r, &err);
		if (rc != cases[i].want)
			fail_msg("%s: %d %s", cases[i].name, (int)rc, err.text);
		if (rc != BSG_OK)
			assert_int_equal(f.n_done, 0);
		bsg_http_response_clear(&r);
		fixture_stop(&f);
	}
}

static size_t der_of(const char *pem, uint8_t *der, size_t cap, uint8_t digest[32])
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem) }, out;
	gnutls_x509_crt_t crt;

	assert_true(gnutls_x509_crt_init(&crt) >= 0);
	assert_true(gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_PEM) >= 0);
	assert_true(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &out) >= 0);
	assert_true(out.size <= cap);
	memcpy(der, out.data, out.size);
	assert_true(gnutls_hash_fast(GNUTLS_DIG_SHA256, out.data, out.size, digest) >= 0);
	gnutls_free(out.data);
	gnutls_x509_crt_deinit(crt);
	return out.size;
}

static void a_pin_finds_the_root_and_nothing_else(void **state)
{
	uint8_t der[2048], pin[32];
	size_t len = der_of(cert_root, der, sizeof(der), pin);
	struct bsg_http_client_options options = { .root = der, .root_len = len };
	struct bsg_http_client *client;
	struct bsg_http_response r;
	struct bsg_error err = { .text = "" };
	struct fixture f;
	char *root = NULL, url[100];

	(void)state;
	people_plane(&f);
	fixture_start(&f);
	if (bsg_http_client_find_root(f.url, pin, &root, &err) != BSG_OK)
		fail_msg("%s", err.text);
	assert_int_equal(get(&f, &(struct identity){ root, NULL, NULL }, "/hello", &r, &err), BSG_OK);
	bsg_http_response_clear(&r);
	free(root);
	/* The same root as DER. */
	assert_int_equal(bsg_http_client_open(&options, &client, NULL), BSG_OK);
	(void)snprintf(url, sizeof(url), "%s/hello", f.url);
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){ .url = url }, &r, &err),
			 BSG_OK);
	bsg_http_response_clear(&r);
	bsg_http_client_close(client);
	pin[0] ^= 1;
	assert_int_equal(bsg_http_client_find_root(f.url, pin, &root, &err), BSG_E_CRYPTO);
	assert_null(root);
	options.root = "nonsense";
	options.root_len = 8;
	assert_int_equal(bsg_http_client_open(&options, &client, &err), BSG_E_CRYPTO);
	assert_null(client);
	fixture_stop(&f);
}

/* A TLS client of GnuTLS alone. Returns the result of handshake and first read. */
static int tls_try(const struct fixture *f, const char *priority, gnutls_datum_t *session_data,
		   bool *resumed)
{
	static const char request[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	gnutls_certificate_credentials_t cred;
	gnutls_session_t session;
	gnutls_datum_t cert = { (unsigned char *)(uintptr_t)cert_client, sizeof(cert_client) - 1 };
	gnutls_datum_t key = { (unsigned char *)(uintptr_t)key_client, sizeof(key_client) - 1 };
	char answer[2048];
	ssize_t n = -1;
	int fd = raw_connect(f), rc;

	assert_true(gnutls_certificate_allocate_credentials(&cred) >= 0);
	assert_true(gnutls_certificate_set_x509_key_mem(cred, &cert, &key, GNUTLS_X509_FMT_PEM) >= 0);
	assert_true(gnutls_init(&session, GNUTLS_CLIENT) >= 0);
	assert_true(gnutls_priority_set_direct(session, priority, NULL) >= 0);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, "localhost", 9);
	gnutls_transport_set_int(session, fd);
	if (session_data != NULL && session_data->data != NULL)
		gnutls_session_set_data(session, session_data->data, session_data->size);
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc == 0) {
		(void)gnutls_record_send(session, request, sizeof(request) - 1);
		do
			n = gnutls_record_recv(session, answer, sizeof(answer) - 1);
		while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
		rc = n > 0 ? 0 : -1;
	}
	if (rc == 0) {
		answer[n] = '\0';
		*resumed = gnutls_session_is_resumed(session) != 0;
		/* The caller may want to know what the server thinks of us now. */
		rc = atoi(answer + strlen("HTTP/1.1 "));
		if (session_data != NULL) {
			gnutls_free(session_data->data);
			assert_true(gnutls_session_get_data2(session, session_data) >= 0);
		}
	}
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	close(fd);
	return rc;
}

static void only_tls_1_2_and_1_3_are_spoken(void **state)
{
	static const struct { const char *priority; bool want; } cases[] = {
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.3", true },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2", true },
		{ "LEGACY:-VERS-ALL:+VERS-TLS1.1", false },
		{ "LEGACY:-VERS-ALL:+VERS-TLS1.0", false },
	};
	struct fixture f;
	bool resumed;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = tls_try(&f, cases[i].priority, NULL, &resumed);

		if ((rc == 200) != cases[i].want)
			fail_msg("%s: %d", cases[i].priority, rc);
	}
	fixture_stop(&f);
}

static void a_ticket_resumes_on_another_node_and_revocation_still_counts(void **state)
{
	static const char *const versions[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2",
	};

	(void)state;
	(void)unlink("http-ticket.key");
	for (size_t i = 0; i < 2; i++) {
		gnutls_datum_t ticket = { NULL, 0 };
		struct fixture a, b, c;
		bool resumed = false;

		fixture_init(&a);
		a.options.ticket_key_file = "http-ticket.key";
		b = a;
		b.options.app = &b;
		fixture_init(&c);
		fixture_start(&a);
		fixture_start(&b);
		fixture_start(&c);
		assert_int_equal(tls_try(&a, versions[i], &ticket, &resumed), 200);
		assert_false(resumed);
		assert_false(a.saw_resumed);
		assert_int_equal(tls_try(&b, versions[i], &ticket, &resumed), 200);
		assert_true(resumed);
		assert_true(b.saw_resumed);
		assert_string_equal(b.last_cn, DEVICE);	/* the ticket carries the certificate */
		b.revoked = true;
		assert_int_equal(tls_try(&b, versions[i], &ticket, &resumed), 403);
		assert_true(resumed);
		/* A node with another key makes a full handshake of it. */
		assert_int_equal(tls_try(&c, versions[i], &ticket, &resumed), 200);
		assert_false(resumed);
		gnutls_free(ticket.data);
		fixture_stop(&a);
		fixture_stop(&b);
		fixture_stop(&c);
	}
	(void)unlink("http-ticket.key");
}

static void reload_changes_what_the_next_handshake_uses(void **state)
{
	static const struct identity rogue = { cert_root, cert_rogue_client, key_rogue_client };
	struct bsg_http_response r;
	struct bsg_error err;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.options.certificate_pem = cert_rogue_server;
	f.options.key_pem = key_rogue_server;
	fixture_start(&f);
	assert_int_equal(get(&f, &device, "/hello", &r, &err), BSG_E_CRYPTO);
	assert_int_equal(bsg_http_server_reload(f.server, cert_server, key_server2, NULL, &err),
			 BSG_E_CRYPTO);
	assert_int_equal(get(&f, &device, "/hello", &r, &err), BSG_E_CRYPTO);
	assert_int_equal(bsg_http_server_reload(f.server, cert_server, key_server, NULL, &err), BSG_OK);
	assert_int_equal(get(&f, &device, "/hello", &r, &err), BSG_OK);
	bsg_http_response_clear(&r);
	assert_int_not_equal(get(&f, &rogue, "/hello", &r, &err), BSG_OK);
	assert_int_equal(bsg_http_server_reload(f.server, NULL, NULL, cert_rogue_device_ca, &err),
			 BSG_OK);
	assert_int_not_equal(get(&f, &device, "/hello", &r, &err), BSG_OK);
	assert_int_equal(get(&f, &rogue, "/hello", &r, &err), BSG_OK);
	bsg_http_response_clear(&r);
	fixture_stop(&f);
}

static void client_cert_header(char *out, size_t size, const char *pem)
{
	size_t len = (size_t)snprintf(out, size, "Client-Cert: :");
	const char *at = strchr(pem, '\n') + 1;

	for (; *at != '-'; at++) {
		if (*at != '\n')
			out[len++] = *at;
	}
	(void)snprintf(out + len, size - len, ":");
}

static void behind_a_proxy_the_header_is_verified_like_a_handshake(void **state)
{
	static const struct { const char *name, *pem; unsigned status; const char *problem; } cases[] = {
		{ "right", cert_client, 200, NULL },
		{ "none", NULL, 403, "certificate-required" },
		{ "rogue", cert_rogue_client, 403, "certificate-unknown" },
		{ "expired", cert_old_client, 403, "certificate-unknown" },
		{ "wrong use", cert_wrong_use, 403, "certificate-unknown" },
		{ "a key of 1024 bits", cert_weak_client, 403, "certificate-unknown" },
		{ "a key of 2048 bits", cert_rsa_client, 200, NULL },
		{ "other device", cert_client2, 200, NULL },
	};
	char request[2000], header[1500];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.options.transport = BSG_HTTP_PROXY;
	fixture_start(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *answer;

		header[0] = '\0';
		if (cases[i].pem != NULL)
			client_cert_header(header, sizeof(header) - 2, cases[i].pem);
		(void)snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\nHost: x\r\n"
			       "Connection: close\r\n%s%s\r\n", header, header[0] != '\0' ? "\r\n" : "");
		answer = raw_exchange(&f, request);
		if (strlen(answer) < 12 || (unsigned)atoi(answer + 9) != cases[i].status ||
		    (cases[i].problem != NULL && strstr(answer, cases[i].problem) == NULL))
			fail_msg("%s: %s", cases[i].name, answer);
	}
	assert_string_equal(f.last_cn, "ffeeddccbbaa99887766554433221100");
	/* Two of them: which one did the proxy mean? */
	client_cert_header(header, sizeof(header), cert_client);
	(void)snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		       "%s\r\nclient-cert: :AQID:\r\n\r\n", header);
	assert_non_null(strstr(raw_exchange(&f, request), " 400 "));
	fixture_stop(&f);
}

/* @return the status of a request that a proxy passes on for the holder of a certificate */
static int proxied(struct fixture *f, const char *pem)
{
	char request[2000], header[1500];

	client_cert_header(header, sizeof(header), pem);
	(void)snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n\r\n", header);
	return atoi(raw_exchange(f, request) + 9);
}

static void what_was_verified_under_one_ca_is_refused_under_the_next(void **state)
{
	struct bsg_error err;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.options.transport = BSG_HTTP_PROXY;
	fixture_start(&f);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(proxied(&f, cert_client), 200);
		assert_string_equal(f.last_cn, DEVICE);
		assert_int_equal(proxied(&f, cert_client2), 200);
		assert_string_equal(f.last_cn, "ffeeddccbbaa99887766554433221100");
		assert_int_equal(proxied(&f, cert_rogue_client), 403);
	}
	assert_int_equal(bsg_http_server_reload(f.server, NULL, NULL, cert_rogue_device_ca, &err), BSG_OK);
	assert_int_equal(proxied(&f, cert_client), 403);
	assert_int_equal(proxied(&f, cert_rogue_client), 200);
	fixture_stop(&f);
}

static _Atomic unsigned n_chains;	/* that were verified */

int __real_gnutls_x509_trust_list_verify_crt2(gnutls_x509_trust_list_t list, gnutls_x509_crt_t *certs, unsigned n, gnutls_typed_vdata_st *data,
					      unsigned n_data, unsigned flags, unsigned *status, gnutls_verify_output_function *output);
int __wrap_gnutls_x509_trust_list_verify_crt2(gnutls_x509_trust_list_t list, gnutls_x509_crt_t *certs, unsigned n, gnutls_typed_vdata_st *data,
					      unsigned n_data, unsigned flags, unsigned *status, gnutls_verify_output_function *output);

int __wrap_gnutls_x509_trust_list_verify_crt2(gnutls_x509_trust_list_t list, gnutls_x509_crt_t *certs, unsigned n, gnutls_typed_vdata_st *data,
					      unsigned n_data, unsigned flags, unsigned *status, gnutls_verify_output_function *output)
{
	n_chains++;
	return __real_gnutls_x509_trust_list_verify_crt2(list, certs, n, data, n_data, flags, status, output);
}

/* It is most of what a request of a phone behind a proxy costs. Who was refused is looked at each time. */
static void a_phone_that_comes_back_is_spared_the_chain(void **state)
{
	struct bsg_http_response r;
	struct bsg_error err;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.options.transport = BSG_HTTP_PROXY;
	fixture_start(&f);
	n_chains = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(proxied(&f, cert_client), 200);
	assert_int_equal(n_chains, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(proxied(&f, cert_rogue_client), 403);
	assert_int_equal(n_chains, 4);
	fixture_stop(&f);

	fixture_init(&f);	/* its own handshakes; another server has not seen anybody yet */
	fixture_start(&f);
	n_chains = 0;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(get(&f, &device, "/hello", &r, &err), BSG_OK);
		bsg_http_response_clear(&r);
	}
	fixture_stop(&f);
	assert_int_equal(n_chains, 1);
}

static void with_our_own_tls_the_header_means_nothing(void **state)
{
	struct bsg_http_client *client = client_new(&device);
	char header[1500], url[100];
	const char *const headers[] = { header, NULL };
	struct bsg_http_response r;
	struct fixture f;

	(void)state;
	client_cert_header(header, sizeof(header), cert_client2);
	fixture_init(&f);
	fixture_start(&f);
	(void)snprintf(url, sizeof(url), "%s/hello", f.url);
	assert_int_equal(bsg_http_client_do(client, &(struct bsg_http_request){ .url = url,
		.headers = headers }, &r, NULL), BSG_OK);
	assert_int_equal(r.status, 200);
	assert_string_equal(f.last_cn, DEVICE);
	bsg_http_response_clear(&r);
	bsg_http_client_close(client);
	fixture_stop(&f);
}

static int store_child(const char *url)
{
	const struct bsg_http_client_options options = { .root = cert_rogue,
							 .root_len = sizeof(cert_rogue) - 1 };
	struct bsg_http_client *client;
	struct bsg_http_response r;
	struct bsg_error err = { .text = "" };

	root_store_replace(cert_root);
	if (!root_store_is_used(url))
		return 4;
	if (bsg_http_client_open(&options, &client, &err) != BSG_OK)
		return 5;
	if (bsg_http_client_do(client, &(struct bsg_http_request){ .url = url }, &r, &err) !=
	    BSG_E_CRYPTO)
		return 6;
	bsg_http_client_close(client);
	root_store_restore();
	return 0;
}

static void the_right_root_in_the_systems_store_only_is_refused(void **state)
{
	struct fixture f;
	char url[100];
	int status;

	(void)state;
	people_plane(&f);
	fixture_start(&f);
	(void)snprintf(url, sizeof(url), "%s/hello", f.url);
	status = root_store_child("store-child", url);
	if (status != 0)
		fail_msg("child: 4 = the store does not work, 6 = our client used it: %d", status);
	assert_int_equal(f.n_handled, 1);	/* plain libcurl only */
	fixture_stop(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_client_certificate_gets_no_handshake),
		cmocka_unit_test(an_optional_certificate_may_be_absent_but_not_wrong),
		cmocka_unit_test(the_client_believes_its_root_the_name_and_the_time),
		cmocka_unit_test(a_pin_finds_the_root_and_nothing_else),
		cmocka_unit_test(only_tls_1_2_and_1_3_are_spoken),
		cmocka_unit_test(a_ticket_resumes_on_another_node_and_revocation_still_counts),
		cmocka_unit_test(reload_changes_what_the_next_handshake_uses),
		cmocka_unit_test(behind_a_proxy_the_header_is_verified_like_a_handshake),
		cmocka_unit_test(what_was_verified_under_one_ca_is_refused_under_the_next),
		cmocka_unit_test(a_phone_that_comes_back_is_spared_the_chain),
		cmocka_unit_test(with_our_own_tls_the_header_means_nothing),
		cmocka_unit_test(the_right_root_in_the_systems_store_only_is_refused),
	};

	if (argc == 3 && strcmp(argv[1], "store-child") == 0)
		return store_child(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
