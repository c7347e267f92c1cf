/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for B6: every phone of a ministry opens a connection of its own with a full handshake and its certificate.
 *
 *   apple_flip bare PORT FILE N                   one request each, to http_bare: what a flip is measured against
 *   apple_flip flip PORT FILE N APNS APNS-PORT AT each talks when it is pushed; APNs stands here, with the certificates of folder APNS
 *
 * FILE of `apple_load seed`. A flip begins at AT (Unix seconds, when a rule begins) and ends when nothing is left to do after every
 * phone carried out two commands; the server's own record of them is for the caller to look at. The server's certificate is not
 * verified: in both modes alike. Prints {"n", "requests", "restricted", "failed", "pushes", "seconds"}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/base64.h"
#include "bench/apple_fleet.h"

#define N_CONNECTIONS 64
#define TOPIC "com.apple.mgmt.External.bench"
#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define CERTIFICATE_MAX 6144
#define PATIENCE_S 1800

static struct {
	struct bsg_fleet *fleet;
	struct bsg_fleet_phone *phones;
	size_t n;
	gnutls_x509_privkey_t key;
} load;

/* One phone's connection. */
struct session {
	gnutls_session_t tls;
	gnutls_certificate_credentials_t credentials;
};

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "apple_flip: %s\n", what);
	exit(1);
}

/* ---- TLS --------------------------------------------------------------------------- */

static gnutls_certificate_credentials_t credentials_of(size_t who)
{
	const char *text = load.phones[who].certificate;
	gnutls_certificate_credentials_t out;
	gnutls_x509_crt_t certificate;
	uint8_t bytes[CERTIFICATE_MAX];
	gnutls_datum_t der = {.data = bytes};
	struct bsg_error err;
	size_t len;

	if (bsg_base64_decode(text, strlen(text), bytes, sizeof(bytes), &len, &err) != BSG_OK || gnutls_x509_crt_init(&certificate) < 0 ||
	    gnutls_certificate_allocate_credentials(&out) < 0)
		die("a certificate");
	der.size = (unsigned)len;
	if (gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_certificate_set_x509_key(out, &certificate, 1, load.key) < 0)
		die("a certificate or its key");
	gnutls_x509_crt_deinit(certificate);
	return out;
}

static void close_session(void *opaque)
{
	struct session *session = opaque;

	gnutls_deinit(session->tls);
	gnutls_certificate_free_credentials(session->credentials);
	free(session);
}

static void *open_session(int fd, size_t who, void *app)
{
	struct session *session = calloc(1, sizeof(*session));
	int rc;

	(void)app;
	if (session == NULL || gnutls_init(&session->tls, GNUTLS_CLIENT | GNUTLS_NO_TICKETS) < 0 ||
	    gnutls_priority_set_direct(session->tls, PRIORITY, NULL) < 0)
		die("no memory");
	session->credentials = credentials_of(who);
	gnutls_credentials_set(session->tls, GNUTLS_CRD_CERTIFICATE, session->credentials);
	gnutls_transport_set_int(session->tls, fd);
	do
		rc = gnutls_handshake(session->tls);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc == 0)
		return session;
	close_session(session);
	return NULL;
}

static ssize_t send_part(void *session, const void *data, size_t len)
{
	return gnutls_record_send(((struct session *)session)->tls, data, len);
}

static ssize_t receive_part(void *session, void *data, size_t len)
{
	ssize_t n;

	do
		n = gnutls_record_recv(((struct session *)session)->tls, data, len);
	while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
	return n;
}

static void read_key(const char *certificates)
{
	gnutls_datum_t pem;
	char path[300];

	(void)snprintf(path, sizeof(path), "%s.key", certificates);
	if (gnutls_load_file(path, &pem) < 0 || gnutls_x509_privkey_init(&load.key) < 0 ||
	    gnutls_x509_privkey_import2(load.key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0) < 0)
		die("the phones' key");
	gnutls_free(pem.data);
}

/* ---- the two loads ------------------------------------------------------------------- */

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);	/* the server's: a rule begins by it */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

static void on_push(const struct bsg_sim_push *push, void *app)
{
	(void)app;
	if (push->status == 200)
		bsg_fleet_pushed(load.fleet, push->token);
}

/* @return how long it took */
static double bare(void)
{
	const double begun = now_s();

	for (size_t i = 0; i < load.n; i++)
		bsg_fleet_want(load.fleet, i, BSG_FLEET_IDLE);
	bsg_fleet_wait(load.fleet);
	return now_s() - begun;
}

/* Rest between two answers of a phone is not the end: that is when nothing was wanted for a while. */
static double flip(double at)
{
	struct bsg_fleet_stats stats;
	double end = 0;

	while (now_s() < at)
		pause_ms(10);
	do {
		pause_ms(5);
		bsg_fleet_stats(load.fleet, &stats);
		if (stats.n_commands < 2 * load.n || !bsg_fleet_is_idle(load.fleet))
			end = now_s();
	} while (now_s() - end < 1 && now_s() - at < PATIENCE_S);
	return end - at;
}

static void report(double seconds, unsigned pushes)
{
	struct bsg_fleet_stats stats;
	size_t n_restricted = 0;

	bsg_fleet_stats(load.fleet, &stats);
	bsg_fleet_stop(load.fleet);
	for (size_t i = 0; i < load.n; i++)
		n_restricted += bsg_iphone_restricted(&load.phones[i].iphone) != 0;
	if (stats.n_failed > 0)
		(void)fprintf(stderr, "apple_flip: %s\n", stats.why);
	printf("{\"n\": %zu, \"requests\": %llu, \"restricted\": %zu, \"failed\": %llu, \"pushes\": %u, \"seconds\": %.4f}\n", load.n,
	       (unsigned long long)stats.n_requests, n_restricted, (unsigned long long)stats.n_failed, pushes, seconds);
}

int main(int argc, char **argv)
{
	const bool is_bare = argc == 5 && strcmp(argv[1], "bare") == 0, is_flip = argc == 8 && strcmp(argv[1], "flip") == 0;
	const struct bsg_sim_transport transport = {open_session, send_part, receive_part, close_session, NULL};
	struct bsg_fleet_options options = {.n_threads = N_CONNECTIONS, .topic = TOPIC, .transport = &transport};
	struct bsg_sim_apns *apns = NULL;
	struct bsg_sim_apns_stats pushes = {.n_accepted = 0};
	struct bsg_error err = {.text = ""};
	char listen[32];
	double seconds;

	if (!is_bare && !is_flip)
		die("bare PORT FILE N | flip PORT FILE N APNS APNS-PORT AT");
	load.n = strtoul(argv[4], NULL, 10);
	load.phones = bsg_bench_phones(argv[3], load.n);
	read_key(argv[3]);
	options.port = (unsigned)strtoul(argv[2], NULL, 10);
	options.phones = load.phones;
	options.n = load.n;
	if (bsg_fleet_start(&options, &load.fleet, &err) != BSG_OK)
		die(err.text);
	if (is_flip) {
		(void)snprintf(listen, sizeof(listen), "127.0.0.1:%s", argv[6]);
		apns = bsg_bench_apns(argv[5], listen, TOPIC, NULL, on_push, NULL);
	}
	seconds = is_bare ? bare() : flip(strtod(argv[7], NULL));
	if (is_flip)
		bsg_sim_apns_stats(apns, &pushes);
	bsg_sim_apns_stop(apns);
	report(seconds, pushes.n_accepted);
	bsg_bench_phones_free(load.phones, load.n);
	gnutls_x509_privkey_deinit(load.key);
	return 0;
}
