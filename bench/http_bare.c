/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The baseline of B4 and B7: libmicrohttpd alone, mTLS (verified), 512 bytes for every
 * request. GET /wait is suspended until SIGUSR1. Prints "port N", ends on SIGTERM.
 * With the argument `epoll` it uses epoll, which spins while handshakes wait; any other is a file with the CA of its clients.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "http_certs.h"

static char body[512];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct MHD_Connection **held;
static size_t n_held, cap_held;

static enum MHD_Result answer(struct MHD_Connection *connection)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(sizeof(body), body,
								 MHD_RESPMEM_PERSISTENT);
	enum MHD_Result rc = MHD_queue_response(connection, 200, r);

	MHD_destroy_response(r);
	return rc;
}

/* mTLS: asking for a certificate without looking at it would be no baseline. */
static bool is_verified(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned status = 1;

	return gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 && status == 0;
}

static void hold(struct MHD_Connection *connection)
{
	pthread_mutex_lock(&lock);
	if (n_held == cap_held) {
		cap_held = cap_held * 2 + 1024;
		held = realloc(held, cap_held * sizeof(struct MHD_Connection *));
		if (held == NULL)
			abort();
	}
	held[n_held++] = connection;
	MHD_suspend_connection(connection);
	pthread_mutex_unlock(&lock);
}

static enum MHD_Result access_handler(void *cls, struct MHD_Connection *connection, const char *url,
				      const char *method, const char *version, const char *data,
				      size_t *data_len, void **slot)
{
	static int first, waited;

	(void)cls;
	(void)method;
	(void)version;
	(void)data;
	if (*slot == NULL) {
		*slot = &first;
		return is_verified(connection) ? MHD_YES : MHD_NO;
	}
	if (*data_len > 0) {	/* of a body, which is not looked at */
		*data_len = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/wait") != 0 || *slot == &waited)
		return answer(connection);
	*slot = &waited;
	hold(connection);
	return MHD_YES;
}

static void wake_all(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_held; i++)
		MHD_resume_connection(held[i]);
	n_held = 0;
	pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
	const bool has_epoll = argc > 1 && strcmp(argv[1], "epoll") == 0;
	const unsigned how = has_epoll ? MHD_USE_EPOLL_INTERNAL_THREAD : MHD_USE_POLL_INTERNAL_THREAD;
	gnutls_datum_t ca = {.data = NULL};
	struct MHD_Daemon *daemon;
	sigset_t signals;
	int sig;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	memset(body, 'x', sizeof(body));
	if (argc > 1 && !has_epoll && gnutls_load_file(argv[1], &ca) < 0)
		return 1;
	daemon = MHD_start_daemon(how | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS,
		0, NULL, NULL, access_handler, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)6 * 1024,
		MHD_OPTION_CONNECTION_LIMIT, 19000u,
		MHD_OPTION_THREAD_POOL_SIZE, 8u,	/* as ours on two processors */
		MHD_OPTION_HTTPS_MEM_CERT, cert_server, MHD_OPTION_HTTPS_MEM_KEY, key_server,
		MHD_OPTION_HTTPS_MEM_TRUST, ca.data != NULL ? (const char *)ca.data : cert_device_ca,	/* NUL behind it */
		MHD_OPTION_END);
	if (daemon == NULL)
		return 1;
	printf("port %u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	(void)fflush(stdout);
	while (sigwait(&signals, &sig) == 0 && sig == SIGUSR1)
		wake_all();
	wake_all();
	MHD_stop_daemon(daemon);
	gnutls_free(ca.data);
	free(held);
	return 0;
}
