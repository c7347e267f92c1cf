/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for an HTTPS server on this machine, over GnuTLS alone. Two modes, one
 * JSON line each:
 *
 *   http_load full …  a new connection with a full handshake for each request:
 *       {"n", "failed", "seconds", "per_s", "cpu_ms"}; cpu_ms is the server's CPU per request
 *   http_load poll …  --n long polls held at once, then --wake COMMAND, until all have their 200:
 *       {"n", "failed", "again", "kib", "wake_s"}; kib is the server's RSS per held connection
 *
 * --port N --path /p [--host A] [--pid SERVER] [--n N] [--parallel P] [--header "Name: value"]…
 * [--cert FILE --key FILE] (else the tests' device), [--wake COMMAND],
 * [--clients FILE]: in turns, a line each: CERTIFICATE-FILE KEY-FILE Name: value of one more header
 *
 * The server's certificate is not verified: nothing secret is sent, and the client's CPU is not measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "http_certs.h"

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* Who connects, and what they ask. */
struct who {
	char request[2048];
	size_t request_len;
	gnutls_certificate_credentials_t credentials;
};

struct load {
	const char *host, *path, *cert, *key, *wake, *clients;
	unsigned port, n, parallel;
	int pid;
	struct who *whos;
	unsigned n_whos;
	atomic_uint next, failed, ready, again;
	int epoll_fd;
};

struct client {
	int fd;
	gnutls_session_t session;
	const struct who *who;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "http_load: %s\n", what);
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Field @name of /proc/PID/@file, as a number; -1 if unknown. */
static double server_cpu_s(int pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	FILE *file;
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = pid > 0 ? fopen(path, "r") : NULL;
	if (file == NULL)
		return -1;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	(void)fclose(file);
	at = strrchr(text, ')');
	if (at == NULL || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
				 &user, &system) != 2)
		return -1;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double server_rss_kib(int pid)
{
	char path[64], line[256];
	double kib = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = pid > 0 ? fopen(path, "r") : NULL;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtod(line + 6, NULL);
	}
	if (file != NULL)
		(void)fclose(file);
	return kib;
}

/* Many source addresses of the loopback net, so that ports do not run out. */
static int connect_from(const struct load *load, unsigned i)
{
	const struct linger reset = { 1, 0 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)load->port) };
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f000002 + i % 50) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, load->host, &to.sin_addr) != 1)
		die("socket or host");
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if ((ntohl(to.sin_addr.s_addr) >> 24) == 127)
		(void)bind(fd, (const struct sockaddr *)&from, sizeof(from));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void client_close(struct client *c)
{
	if (c->session != NULL)
		gnutls_deinit(c->session);
	if (c->fd >= 0)
		close(c->fd);
	c->session = NULL;
	c->fd = -1;
}

static bool client_open(const struct load *load, unsigned i, struct client *c)
{
	int rc;

	c->session = NULL;
	c->who = &load->whos[i % load->n_whos];
	c->fd = connect_from(load, i);
	if (c->fd < 0)
		return false;
	if (gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS) < 0 ||
	    gnutls_priority_set_direct(c->session, PRIORITY, NULL) < 0)
		die("gnutls_init");
	gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->who->credentials);
	gnutls_transport_set_int(c->session, c->fd);
	do
		rc = gnutls_handshake(c->session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc == 0)
		rc = gnutls_record_send(c->session, c->who->request, c->who->request_len) < 0;
	if (rc != 0)
		client_close(c);
	return rc == 0;
}

static bool read_status(struct client *c, const char *status)
{
	char answer[4096];
	ssize_t n;

	do
		n = gnutls_record_recv(c->session, answer, sizeof(answer));
	while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
	return n > 12 && memcmp(answer + 9, status, 3) == 0;
}

static void *full_main(void *arg)
{
	struct load *load = arg;
	unsigned i;

	while ((i = atomic_fetch_add(&load->next, 1)) < load->n) {
		struct client c;

		if (!client_open(load, i, &c) || !read_status(&c, "200"))
			atomic_fetch_add(&load->failed, 1);
		client_close(&c);
	}
	return NULL;
}

static void run_threads(struct load *load, void *(*work)(void *), pthread_t *threads)
{
	for (unsigned i = 0; i < load->parallel; i++) {
		if (pthread_create(&threads[i], NULL, work, load) != 0)
			die("no thread");
	}
}

static void run_full(struct load *load)
{
	pthread_t threads[256];
	double from = now_s(), cpu = server_cpu_s(load->pid), took;

	run_threads(load, full_main, threads);
	for (unsigned i = 0; i < load->parallel; i++)
		pthread_join(threads[i], NULL);
	took = now_s() - from;
	cpu = server_cpu_s(load->pid) - cpu;
	printf("{\"n\": %u, \"failed\": %u, \"seconds\": %.3f, \"per_s\": %.1f, \"cpu_ms\": %.4f}\n",
	       load->n, (unsigned)load->failed, took, load->n / took, cpu * 1000 / load->n);
}

static void *poll_main(void *arg)
{
	struct load *load = arg;
	unsigned i;

	while ((i = atomic_fetch_add(&load->next, 1)) < load->n) {
		struct client *c = malloc(sizeof(*c));
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

		if (c == NULL || !client_open(load, i, c)) {
			atomic_fetch_add(&load->failed, 1);
			free(c);
			continue;
		}
		(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
		if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
			die("epoll_ctl");
		atomic_fetch_add(&load->ready, 1);
	}
	return NULL;
}

/* 1: has its 200; 0: nothing yet, or polled again after 304; -1: lost. */
static int poll_read(struct load *load, struct client *c)
{
	char answer[8192];
	ssize_t n = gnutls_record_recv(c->session, answer, sizeof(answer));

	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
		return 0;
	if (n <= 12)
		return n > 0 ? 0 : -1;
	if (memcmp(answer, "HTTP/1.1 ", 9) != 0)
		return 0;		/* the rest of an answer */
	if (memcmp(answer + 9, "304", 3) != 0)
		return memcmp(answer + 9, "200", 3) == 0 ? 1 : -1;
	atomic_fetch_add(&load->again, 1);
	return gnutls_record_send(c->session, c->who->request, c->who->request_len) < 0 ? -1 : 0;
}

/* Serve what arrives until @until_s, or until all have their answer. */
static unsigned collect(struct load *load, double until_s, unsigned n_all)
{
	struct epoll_event events[256];
	unsigned n_done = 0;

	while (n_done < n_all && now_s() < until_s) {
		int n = epoll_wait(load->epoll_fd, events, 256, 50);

		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;
			int rc = poll_read(load, c);

			if (rc == 0)
				continue;
			n_done++;
			if (rc < 0)
				atomic_fetch_add(&load->failed, 1);
			(void)epoll_ctl(load->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
			/* Left open: closing would load the server while it wakes the others. */
		}
	}
	return n_done;
}

static void run_poll(struct load *load)
{
	pthread_t threads[256];
	double before = server_rss_kib(load->pid), kib, from;
	unsigned lost = 0, woken;

	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	run_threads(load, poll_main, threads);
	while (load->ready + load->failed < load->n)
		lost += collect(load, now_s() + 0.2, load->n);
	for (unsigned i = 0; i < load->parallel; i++)
		pthread_join(threads[i], NULL);
	lost += collect(load, now_s() + 1.5, load->n);	/* the last requests arrive and are held */
	kib = (server_rss_kib(load->pid) - before) / (load->n - lost);
	from = now_s();
	if (load->wake == NULL || system(load->wake) != 0)
		die("the wake command fails");
	woken = collect(load, from + 120, load->ready - lost);
	printf("{\"n\": %u, \"failed\": %u, \"again\": %u, \"kib\": %.2f, \"wake_s\": %.3f, \"woken\": %u}\n",
	       load->n, (unsigned)load->failed, (unsigned)load->again, kib, now_s() - from, woken);
}

/* @cert and @key may be NULL: the tests' device. */
static void load_credentials(struct who *who, const char *cert_file, const char *key_file)
{
	gnutls_datum_t cert = { (unsigned char *)(uintptr_t)cert_client, sizeof(cert_client) - 1 };
	gnutls_datum_t key = { (unsigned char *)(uintptr_t)key_client, sizeof(key_client) - 1 };
	int rc;

	if (gnutls_certificate_allocate_credentials(&who->credentials) < 0)
		die("out of memory");
	if (cert_file != NULL && key_file != NULL)
		rc = gnutls_certificate_set_x509_key_file(who->credentials, cert_file, key_file,
							  GNUTLS_X509_FMT_PEM);
	else
		rc = gnutls_certificate_set_x509_key_mem(who->credentials, &cert, &key,
							 GNUTLS_X509_FMT_PEM);
	if (rc < 0)
		die("certificate and key");
}

static void add_header(struct who *who, const char *line)
{
	int n = snprintf(who->request + who->request_len, sizeof(who->request) - who->request_len,
			 "%s\r\n", line);

	if (n < 0 || (size_t)n >= sizeof(who->request) - who->request_len)
		die("too many headers");
	who->request_len += (size_t)n;
}

/* The clients of @load->clients, each beginning with what is in @common. */
static void load_whos(struct load *load, const struct who *common)
{
	FILE *file = fopen(load->clients, "r");
	char line[2048], cert[512], key[512];
	int at = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		struct who *who;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%511s %511s %n", cert, key, &at) != 2)
			die("a line of --clients is CERTIFICATE KEY HEADER");
		load->whos = realloc(load->whos, (load->n_whos + 1) * sizeof(*load->whos));
		if (load->whos == NULL)
			die("out of memory");
		who = &load->whos[load->n_whos++];
		*who = *common;
		add_header(who, line + at);
		add_header(who, "");
		load_credentials(who, cert, key);
	}
	if (file == NULL || load->n_whos == 0)
		die("nobody in the file of --clients");
	(void)fclose(file);
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "host", 1, NULL, 'h' }, { "port", 1, NULL, 'p' }, { "path", 1, NULL, 'u' },
		{ "pid", 1, NULL, 'i' }, { "n", 1, NULL, 'n' }, { "parallel", 1, NULL, 'j' },
		{ "header", 1, NULL, 'H' }, { "cert", 1, NULL, 'c' }, { "key", 1, NULL, 'k' },
		{ "wake", 1, NULL, 'w' }, { "clients", 1, NULL, 'C' }, { 0 },
	};
	static struct load load = { .host = "127.0.0.1", .path = "/hello", .n = 1000, .parallel = 4 };
	static struct who who;
	const char *headers[16];
	char first[1024];
	int n_headers = 0, c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'h': load.host = optarg; break;
		case 'p': load.port = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'u': load.path = optarg; break;
		case 'i': load.pid = (int)strtol(optarg, NULL, 10); break;
		case 'n': load.n = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'j': load.parallel = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'H': if (n_headers < 16) headers[n_headers++] = optarg; break;
		case 'c': load.cert = optarg; break;
		case 'k': load.key = optarg; break;
		case 'w': load.wake = optarg; break;
		case 'C': load.clients = optarg; break;
		default: die("see the head of bench/http_load.c");
		}
	}
	if (optind + 1 != argc || load.port == 0 || load.n == 0 || load.parallel == 0 ||
	    load.parallel > 256)
		die("http_load full|poll --port N …; see the head of bench/http_load.c");
	(void)snprintf(first, sizeof(first), "GET %s HTTP/1.1\r\nHost: %s:%u", load.path, load.host, load.port);
	add_header(&who, first);
	for (int i = 0; i < n_headers; i++)
		add_header(&who, headers[i]);
	raise_limit();
	if (load.clients != NULL) {
		load_whos(&load, &who);
	} else {
		add_header(&who, "");
		load_credentials(&who, load.cert, load.key);
		load.whos = &who;
		load.n_whos = 1;
	}
	if (strcmp(argv[optind], "full") == 0)
		run_full(&load);
	else if (strcmp(argv[optind], "poll") == 0)
		run_poll(&load);
	else
		die("full or poll?");
	return 0;
}
