/* SPDX-License-Identifier: Apache-2.0 */
/* The server's life: options checked, socket, libmicrohttpd daemon, reload, stop. */
#include "http/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "http/internal.h"

#define SPARE_DESCRIPTORS 128
#define POOL_BYTES ((size_t)6 * 1024)
#define APPLE_POOL_BYTES ((size_t)32 * 1024)	/* SCEP: 16 KiB request lines (01-architecture) */
#define THREADS_PER_PROCESSOR 4
#define PROXY_THREADS_PER_PROCESSOR 2
#define THREADS_MAX 32

/* TLS 1.2 and 1.3 only. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

int64_t bsg_http_mono_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t bsg_http_mono_ms(void)
{
	return bsg_http_mono_us() / 1000;
}

static enum bsg_err check_options(const struct bsg_http_server_options *o, struct bsg_error *err)
{
	if (o->plane == 0 || (o->plane & (o->plane - 1)) != 0)
		return bsg_fail(err, BSG_E_INVALID, "a server is exactly one plane");
	if (o->admit == NULL)
		return bsg_fail(err, BSG_E_INVALID, "without an admit function nobody may call");
	if (o->transport < BSG_HTTP_TLS || o->transport > BSG_HTTP_PLAIN)
		return bsg_fail(err, BSG_E_INVALID, "say whether the transport is TLS, PROXY or PLAIN");
	if (o->client_certificate < BSG_HTTP_CERT_NONE ||
	    o->client_certificate > BSG_HTTP_CERT_REQUIRED)
		return bsg_fail(err, BSG_E_INVALID, "say what client certificates are asked for");
	if (o->client_certificate != BSG_HTTP_CERT_NONE &&
	    (o->client_ca_pem == NULL || o->peer_check == NULL))
		return bsg_fail(err, BSG_E_INVALID,
				"client certificates need a client CA and a peer check");
	if (o->client_certificate != BSG_HTTP_CERT_NONE && o->transport == BSG_HTTP_PLAIN)
		return bsg_fail(err, BSG_E_INVALID, "a plain transport cannot carry certificates");
	if (o->transport == BSG_HTTP_TLS && (o->certificate_pem == NULL || o->key_pem == NULL))
		return bsg_fail(err, BSG_E_INVALID, "TLS needs a certificate and its key");
	return BSG_OK;
}

/*
 * More than processors: each wake walks the suspended connections of its thread, each round of
 * poll() the others. With 10,000 held, 8 threads instead of 2 took half of that cost away. A proxy
 * keeps few: there more threads only find less to do each time one of them wakes.
 */
static unsigned default_threads(enum bsg_http_transport transport)
{
	long each = transport == BSG_HTTP_PROXY ? PROXY_THREADS_PER_PROCESSOR : THREADS_PER_PROCESSOR;
	long n = sysconf(_SC_NPROCESSORS_ONLN) * each;

	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* Never more connections than descriptors: running out in accept() spins or stalls. */
static unsigned connection_limit(unsigned wanted)
{
	struct rlimit limit = { .rlim_cur = 1024 };
	rlim_t most;

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 1000000)
		limit.rlim_cur = 1000000;
	most = limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS :
							 limit.rlim_cur / 2;
	return wanted == 0 || wanted > most ? (unsigned)most : wanted;
}

static void or_default(unsigned *value, unsigned fallback)
{
	if (*value == 0)
		*value = fallback;
}

static void fill_defaults(struct bsg_http_server_options *o)
{
	or_default(&o->n_threads, default_threads(o->transport));
	o->n_connections_max = connection_limit(o->n_connections_max);
	if (o->n_connections_max < o->n_threads)
		o->n_threads = o->n_connections_max;
	if (o->pool_bytes == 0)
		o->pool_bytes = o->plane == BSG_HTTP_APPLE ? APPLE_POOL_BYTES : POOL_BYTES;
	or_default(&o->request_deadline_ms, 20 * 1000);
	or_default(&o->send_deadline_ms, 30 * 1000);
	or_default(&o->idle_ms, 75 * 1000);
	or_default(&o->stop_grace_ms, 5 * 1000);
	if (o->hold_max_ms == 0 || o->hold_max_ms > BSG_HTTP_WAIT_MAX_S * 1000)
		o->hold_max_ms = BSG_HTTP_WAIT_MAX_S * 1000;
}

static void free_secret(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void bsg_http_server_unref(struct bsg_http_server *server)
{
	if (atomic_fetch_sub(&server->refs, 1) != 1)
		return;
	bsg_http_creds_unref(server->creds);
	bsg_http_routes_free(&server->routes);
	free(server->by_fd);
	free(server->ticket_key_file);
	free(server->certificate_pem);
	free_secret(server->key_pem);
	free(server->client_ca_pem);
	pthread_cond_destroy(&server->quiet);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

static bool copy_text(char **out, const char *text)
{
	if (text == NULL)
		return true;
	*out = strdup(text);
	return *out != NULL;
}

static enum bsg_err make_server(const struct bsg_http_server_options *options,
				struct bsg_http_server **out, struct bsg_error *err)
{
	struct bsg_http_server *server = calloc(1, sizeof(*server));
	pthread_condattr_t attr;

	*out = NULL;
	if (server == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "http server: out of memory");
	atomic_init(&server->refs, 1);
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&server->quiet, &attr);
	pthread_condattr_destroy(&attr);
	server->listen_fd = server->epoll_fd = server->wake_fd = -1;
	server->options = *options;
	fill_defaults(&server->options);
	if (!copy_text(&server->ticket_key_file, options->ticket_key_file) ||
	    !copy_text(&server->certificate_pem, options->certificate_pem) ||
	    !copy_text(&server->key_pem, options->key_pem) ||
	    !copy_text(&server->client_ca_pem, options->client_ca_pem)) {
		bsg_http_server_unref(server);
		return bsg_fail(err, BSG_E_NO_MEMORY, "http server: out of memory");
	}
	if (getrandom(&server->id_mask, sizeof(server->id_mask), 0) < 0)
		server->id_mask = (uint64_t)bsg_http_mono_us();
	*out = server;
	return BSG_OK;
}

static enum bsg_err load_creds(struct bsg_http_server *server, struct bsg_http_creds **out,
			       struct bsg_error *err)
{
	const bool tls = server->options.transport == BSG_HTTP_TLS;
	const struct bsg_http_creds_source source = {
		.certificate_pem = tls ? server->certificate_pem : NULL,
		.key_pem = tls ? server->key_pem : NULL,
		.client_ca_pem = server->options.client_certificate != BSG_HTTP_CERT_NONE ?
				 server->client_ca_pem : NULL,
		.ticket_key_file = server->ticket_key_file,
	};

	return bsg_http_creds_new(&source, out, err);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct bsg_http_server *server = cls;
	const union MHD_ConnectionInfo *fd, *address, *tls;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		/* 0.9.75 reports no completion after some of its own refusals (431). */
		if (*slot != NULL) {
			bsg_http_complete(*slot, false);
			bsg_http_conn_close(*slot);
		}
		*slot = NULL;
		return;
	}
	fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	address = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*slot = fd == NULL ? NULL :
		bsg_http_conn_open(server, fd->connect_fd,
				   address != NULL ? address->client_addr : NULL);
	tls = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (tls == NULL || tls->tls_session == NULL)
		return;
	if (*slot != NULL)
		bsg_http_tls_begin(*slot, tls->tls_session);
	else
		gnutls_credentials_clear(tls->tls_session);	/* no handshake without credentials */
}

/* Not MHD_quiesce_daemon(): with a thread pool 0.9.75 races with itself and may abort. */
static enum MHD_Result accept_unless_stopping(void *cls, const struct sockaddr *address,
					      socklen_t len)
{
	struct bsg_http_server *server = cls;
	bool stopping;

	(void)address;
	(void)len;
	pthread_mutex_lock(&server->lock);
	stopping = server->stopping;
	pthread_mutex_unlock(&server->lock);
	return stopping ? MHD_NO : MHD_YES;
}

/* libmicrohttpd wants some certificate; ours are set on each session (tls.c). */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *names, int n_names,
			  const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
			  gnutls_pcert_st **certificate, unsigned *n_certificates,
			  gnutls_privkey_t *key)
{
	(void)session;
	(void)names;
	(void)n_names;
	(void)algorithms;
	(void)n_algorithms;
	*certificate = NULL;
	*n_certificates = 0;
	*key = NULL;
	return -1;
}

/* Names and values arrive raw: request.c decodes once, and checks. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct bsg_http_server *server)
{
	const struct bsg_http_server_options *o = &server->options;
	const bool tls = o->transport == BSG_HTTP_TLS;
	/* poll, not epoll: with epoll 0.9.75 spins while a handshake waits (docs/adr). */
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 (tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem items[16];
	size_t n = 0;

#define ADD(option_, value_, pointer_) \
	items[n++] = (struct MHD_OptionItem){ (option_), (intptr_t)(value_), (pointer_) }
	ADD(MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->pool_bytes, NULL);
	ADD(MHD_OPTION_CONNECTION_LIMIT, o->n_connections_max, NULL);
	ADD(MHD_OPTION_CONNECTION_TIMEOUT, (o->idle_ms + 999) / 1000, NULL);
	ADD(MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
	if (o->n_threads > 1)
		ADD(MHD_OPTION_THREAD_POOL_SIZE, o->n_threads, NULL);
	if (o->n_per_address_max > 0)
		ADD(MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->n_per_address_max, NULL);
	if (tls)
		ADD(MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES);
	ADD(MHD_OPTION_END, 0, NULL);
#undef ADD
	/* Callbacks go as arguments: an option item carries no pair of pointers for these. */
	if (tls)
		return MHD_start_daemon(flags, 0, accept_unless_stopping, server, bsg_http_access, server,
			MHD_OPTION_ARRAY, items,
			MHD_OPTION_LISTEN_SOCKET, server->listen_fd,
			MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
			MHD_OPTION_URI_LOG_CALLBACK, bsg_http_on_uri, server,
			MHD_OPTION_NOTIFY_COMPLETED, bsg_http_on_completed, server,
			MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
			MHD_OPTION_HTTPS_CERT_CALLBACK, no_certificate,
			MHD_OPTION_END);
	return MHD_start_daemon(flags, 0, accept_unless_stopping, server, bsg_http_access, server,
		MHD_OPTION_ARRAY, items,
		MHD_OPTION_LISTEN_SOCKET, server->listen_fd,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_URI_LOG_CALLBACK, bsg_http_on_uri, server,
		MHD_OPTION_NOTIFY_COMPLETED, bsg_http_on_completed, server,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
		MHD_OPTION_END);
}

enum bsg_err bsg_http_server_start(const struct bsg_http_server_options *options,
				   struct bsg_http_server **out, struct bsg_error *err)
{
	struct bsg_http_server *server = NULL;
	enum bsg_err rc = check_options(options, err);

	*out = NULL;
	if (rc == BSG_OK)
		rc = make_server(options, &server, err);
	if (server == NULL)
		return rc;
	if (rc == BSG_OK)
		rc = bsg_http_routes_compile(options->routes, options->n_routes,
					     (uint32_t)options->plane, &server->routes, err);
	if (rc == BSG_OK)
		rc = load_creds(server, &server->creds, err);
	if (rc == BSG_OK)
		rc = bsg_http_listen(&server->options, &server->listen_fd, &server->port,
				     server->unix_path, err);
	if (rc == BSG_OK)
		rc = bsg_http_sweeper_start(server, err);
	if (rc == BSG_OK) {
		server->daemon = start_daemon(server);
		server->listen_fd = -1;		/* libmicrohttpd's from here on, also to close */
		if (server->daemon == NULL)
			rc = bsg_fail(err, BSG_E_UNAVAILABLE, "http server on %s: libmicrohttpd does "
				      "not start: %s", options->listen, strerror(errno));
	}
	if (rc == BSG_OK)
		*out = server;
	else
		bsg_http_server_stop(server);
	return rc;
}

static void wait_quiet(struct bsg_http_server *server)
{
	int64_t until_ms = bsg_http_mono_ms() + server->options.stop_grace_ms;
	const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
					.tv_nsec = (long)(until_ms % 1000) * 1000000 };

	pthread_mutex_lock(&server->lock);
	while (server->n_answering > 0 &&
	       pthread_cond_timedwait(&server->quiet, &server->lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&server->lock);
}

void bsg_http_server_stop(struct bsg_http_server *server)
{
	if (server == NULL)
		return;
	pthread_mutex_lock(&server->lock);
	server->stopping = true;		/* from now on nothing is held */
	pthread_mutex_unlock(&server->lock);
	if (server->daemon != NULL) {
		bsg_http_conns_end_holds(server);
		wait_quiet(server);
		MHD_stop_daemon(server->daemon);
		server->daemon = NULL;
	}
	bsg_http_sweeper_stop(server);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	if (server->unix_path[0] != '\0')
		(void)unlink(server->unix_path);
	bsg_http_server_unref(server);
}

unsigned bsg_http_server_port(const struct bsg_http_server *server)
{
	return server->port;
}

static bool replace_text(char **slot, const char *text)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	if (text == NULL)
		return true;
	if (copy == NULL)
		return false;
	free_secret(*slot);
	*slot = copy;
	return true;
}

enum bsg_err bsg_http_server_reload(struct bsg_http_server *server, const char *certificate_pem,
				    const char *key_pem, const char *client_ca_pem,
				    struct bsg_error *err)
{
	struct bsg_http_creds *fresh = NULL, *old;
	struct bsg_http_creds_source source;
	enum bsg_err rc;

	if ((certificate_pem == NULL) != (key_pem == NULL))
		return bsg_fail(err, BSG_E_INVALID, "give a certificate and its key, or none");
	if (server->options.transport != BSG_HTTP_TLS)
		certificate_pem = key_pem = NULL;
	if (server->options.client_certificate == BSG_HTTP_CERT_NONE)
		client_ca_pem = NULL;
	pthread_mutex_lock(&server->lock);
	source = (struct bsg_http_creds_source){
		.certificate_pem = certificate_pem != NULL ? certificate_pem : server->certificate_pem,
		.key_pem = key_pem != NULL ? key_pem : server->key_pem,
		.client_ca_pem = client_ca_pem != NULL ? client_ca_pem : server->client_ca_pem,
		.ticket_key_file = server->ticket_key_file,
	};
	if (server->options.transport != BSG_HTTP_TLS)
		source.certificate_pem = source.key_pem = NULL;
	rc = bsg_http_creds_new(&source, &fresh, err);
	if (rc == BSG_OK && (!replace_text(&server->certificate_pem, certificate_pem) ||
			     !replace_text(&server->key_pem, key_pem) ||
			     !replace_text(&server->client_ca_pem, client_ca_pem)))
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "reload: out of memory");
	old = fresh;
	if (rc == BSG_OK) {
		old = server->creds;
		server->creds = fresh;
	}
	pthread_mutex_unlock(&server->lock);
	bsg_http_creds_unref(old);
	return rc;
}

void bsg_http_server_stats(struct bsg_http_server *server, struct bsg_http_stats *out)
{
	pthread_mutex_lock(&server->lock);
	*out = server->stats;
	pthread_mutex_unlock(&server->lock);
}
