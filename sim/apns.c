/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in APNs: start, one thread that polls, stop. */
#include "sim/apns.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/apns_internal.h"

#define CONNS_MAX 1000
#define BACKLOG 1024

static enum bsg_err no_memory(struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_NO_MEMORY, "apns: out of memory");
}

static bool keep(struct bsg_sim_apns *apns, const char **text)
{
	char *copy;

	if (*text == NULL)
		return true;
	copy = strdup(*text);
	*text = copy;
	if (copy == NULL)
		return false;
	apns->texts[apns->n_texts++] = copy;
	return true;
}

static enum bsg_err copy_options(struct bsg_sim_apns *apns, const struct bsg_sim_apns_options *options,
				 struct bsg_error *err)
{
	struct bsg_sim_apns_options *o = &apns->options;

	*o = *options;
	if (o->clock == NULL)
		o->clock = bsg_clock_system();
	if (o->topic == NULL || o->certificate_pem == NULL || o->key_pem == NULL ||
	    (o->client_ca_pem == NULL && (o->team_id == NULL || o->key_id == NULL)))
		return bsg_fail(err, BSG_E_INVALID, "apns: a topic, a certificate, and a CA or tokens for senders, please");
	if (!keep(apns, &o->topic) || !keep(apns, &o->client_ca_pem) || !keep(apns, &o->team_id) ||
	    !keep(apns, &o->key_id) || !keep(apns, &o->record_path) || !keep(apns, &o->control_path))
		return no_memory(err);
	return BSG_OK;
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text, (unsigned)strlen(text) };
}

static enum bsg_err load_credentials(struct bsg_sim_apns *apns, struct bsg_error *err)
{
	const gnutls_datum_t certificate = datum(apns->options.certificate_pem), key = datum(apns->options.key_pem);
	int rc = gnutls_certificate_allocate_credentials(&apns->credentials);

	apns->options.certificate_pem = apns->options.key_pem = NULL;	/* the caller's; not needed again */
	if (rc < 0) {
		apns->credentials = NULL;
		return no_memory(err);
	}
	rc = gnutls_certificate_set_x509_key_mem(apns->credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0 && apns->options.client_ca_pem != NULL) {
		const gnutls_datum_t ca = datum(apns->options.client_ca_pem);

		rc = gnutls_certificate_set_x509_trust_mem(apns->credentials, &ca, GNUTLS_X509_FMT_PEM);
	}
	return rc < 0 ? bsg_fail(err, BSG_E_CRYPTO, "apns: certificates: %s", gnutls_strerror(rc)) : BSG_OK;
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char port[8];

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV) != 0)
		return 0;
	return (unsigned)strtoul(port, NULL, 10);
}

static enum bsg_err listen_on(struct bsg_sim_apns *apns, const char *text, struct bsg_error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	const char *colon = text != NULL ? strrchr(text, ':') : NULL;
	struct addrinfo *found = NULL;
	char host[64];
	const int on = 1;
	enum bsg_err rc = BSG_OK;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return bsg_fail(err, BSG_E_INVALID, "apns: listen where? ADDRESS:PORT");
	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (host[0] == '[' && colon[-1] == ']')
		(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - text) - 2, text + 1);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return bsg_fail(err, BSG_E_INVALID, "%s: not a numeric address and a port", text);
	apns->listen_fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (apns->listen_fd < 0 || setsockopt(apns->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(apns->listen_fd, found->ai_addr, found->ai_addrlen) != 0 || listen(apns->listen_fd, BACKLOG) != 0)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "listen on %s: %s", text, strerror(errno));
	else
		apns->port = port_of(apns->listen_fd);
	freeaddrinfo(found);
	return rc;
}

static void accept_all(struct bsg_sim_apns *apns)
{
	const int on = 1;
	int fd;

	while ((fd = accept4(apns->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (bsg_apns_conn_open(apns, fd, NULL) != BSG_OK)
			return;
	}
}

static void reap(struct bsg_sim_apns *apns, bool all)
{
	struct bsg_apns_conn **at = &apns->conns;

	while (*at != NULL) {
		struct bsg_apns_conn *conn = *at;

		if (!all && !conn->is_dead) {
			at = &conn->next;
			continue;
		}
		*at = conn->next;
		bsg_apns_conn_close(conn);
	}
}

/* Who waits for what, and how long poll may sleep. */
static nfds_t gather(struct bsg_sim_apns *apns, struct pollfd *fds, int *timeout_ms)
{
	const int64_t now_ms = bsg_clock_mono_ms(bsg_clock_system());
	int64_t due = INT64_MAX;
	nfds_t n = 2;

	fds[0] = (struct pollfd){ .fd = apns->wake_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = apns->listen_fd, .events = POLLIN };
	for (struct bsg_apns_conn *conn = apns->conns; conn != NULL && n < CONNS_MAX; conn = conn->next) {
		const int64_t mine = bsg_apns_conn_due(conn);

		fds[n++] = (struct pollfd){ .fd = conn->fd, .events = bsg_apns_conn_events(conn) };
		due = mine < due ? mine : due;
	}
	*timeout_ms = due == INT64_MAX ? -1 : due <= now_ms ? 0 : (int)(due - now_ms);
	return n;
}

static void *run(void *arg)
{
	static const size_t size = CONNS_MAX * sizeof(struct pollfd);
	struct bsg_sim_apns *apns = arg;
	struct pollfd *fds = malloc(size);
	bool stops = fds == NULL, drops;

	while (!stops) {
		int timeout_ms;
		nfds_t n = gather(apns, fds, &timeout_ms);
		eventfd_t count;

		if (poll(fds, n, timeout_ms) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (fds[0].revents != 0)
			(void)eventfd_read(apns->wake_fd, &count);
		pthread_mutex_lock(&apns->lock);
		stops = apns->is_stopping;
		drops = apns->drops_all;
		apns->drops_all = false;
		pthread_mutex_unlock(&apns->lock);
		if (drops)
			reap(apns, true);
		if (fds[1].revents != 0)
			accept_all(apns);
		for (struct bsg_apns_conn *conn = apns->conns; conn != NULL; conn = conn->next)
			bsg_apns_conn_run(conn, bsg_clock_mono_ms(bsg_clock_system()));
		reap(apns, false);
	}
	reap(apns, true);
	free(fds);
	return NULL;
}

static void release(struct bsg_sim_apns *apns)
{
	if (apns->listen_fd >= 0)
		close(apns->listen_fd);
	if (apns->wake_fd >= 0)
		close(apns->wake_fd);
	if (apns->credentials != NULL)
		gnutls_certificate_free_credentials(apns->credentials);
	for (size_t i = 0; i < apns->n_texts; i++)
		free(apns->texts[i]);
	pthread_mutex_destroy(&apns->lock);
	free(apns);
}

enum bsg_err bsg_sim_apns_start(const struct bsg_sim_apns_options *options, struct bsg_sim_apns **out,
				struct bsg_error *err)
{
	struct bsg_sim_apns *apns = calloc(1, sizeof(*apns));
	enum bsg_err rc;

	*out = NULL;
	if (apns == NULL)
		return no_memory(err);
	pthread_mutex_init(&apns->lock, NULL);
	apns->listen_fd = -1;
	apns->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = copy_options(apns, options, err);
	if (rc == BSG_OK)
		rc = load_credentials(apns, err);
	if (rc == BSG_OK)
		rc = listen_on(apns, options->listen, err);
	if (rc == BSG_OK && (apns->wake_fd < 0 || pthread_create(&apns->thread, NULL, run, apns) != 0))
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "apns: no thread");
	if (rc == BSG_OK)
		*out = apns;
	else
		release(apns);
	return rc;
}

void bsg_sim_apns_stop(struct bsg_sim_apns *apns)
{
	if (apns == NULL)
		return;
	pthread_mutex_lock(&apns->lock);
	apns->is_stopping = true;
	pthread_mutex_unlock(&apns->lock);
	(void)eventfd_write(apns->wake_fd, 1);
	(void)pthread_join(apns->thread, NULL);
	release(apns);
}

unsigned bsg_sim_apns_port(const struct bsg_sim_apns *apns)
{
	return apns->port;
}

void bsg_sim_apns_behave(struct bsg_sim_apns *apns, const struct bsg_sim_behaviour *behaviour)
{
	pthread_mutex_lock(&apns->lock);
	apns->behaviour = *behaviour;
	pthread_mutex_unlock(&apns->lock);
}

void bsg_sim_apns_drop_all(struct bsg_sim_apns *apns)
{
	pthread_mutex_lock(&apns->lock);
	apns->drops_all = true;
	pthread_mutex_unlock(&apns->lock);
	(void)eventfd_write(apns->wake_fd, 1);
}

void bsg_sim_apns_stats(struct bsg_sim_apns *apns, struct bsg_sim_apns_stats *out)
{
	pthread_mutex_lock(&apns->lock);
	*out = apns->stats;
	pthread_mutex_unlock(&apns->lock);
}
