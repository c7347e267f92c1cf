/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our http/ with nothing behind it: what it adds to libmicrohttpd (B4, B7).
 *
 * GET /hello answers 512 bytes at once; GET /checkin is held and answered by
 * another thread, as after a commit; GET /wait waits until SIGUSR1. Prints
 * "port N", ends on SIGTERM.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/server.h"
#include "http/waiters.h"
#include "http_certs.h"

static char body[512];

struct app {
	struct bsg_http_waiters *waiters;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct bsg_http_exchange *queue[65536];
	size_t n;
	bool ends;
};

static void answer(struct bsg_http_exchange *x)
{
	const struct bsg_http_answer a = { .status = 200, .type = "application/cose", .body = body,
					   .body_len = sizeof(body), .etag = "2" };

	(void)bsg_http_answer(x, &a);
}

static void get_hello(struct bsg_http_exchange *x, void *arg)
{
	(void)arg;
	answer(x);
}

static void get_checkin(struct bsg_http_exchange *x, void *arg)
{
	struct app *app = arg;

	bsg_http_hold(x, 0, NULL);
	pthread_mutex_lock(&app->lock);
	if (app->n < sizeof(app->queue) / sizeof(app->queue[0]))
		app->queue[app->n++] = bsg_http_ref(x);
	pthread_cond_signal(&app->some);
	pthread_mutex_unlock(&app->lock);
}

static void get_wait(struct bsg_http_exchange *x, void *arg)
{
	const struct bsg_http_answer same = { .status = 304, .etag = "1" };
	struct app *app = arg;

	bsg_http_hold(x, bsg_http_wait_ms(x), &same);
	bsg_http_waiters_add(app->waiters, bsg_http_peer(x)->cn, x);
}

static void wake(struct bsg_http_exchange *x, void *arg)
{
	(void)arg;
	answer(x);
}

static void *writer_main(void *arg)
{
	static struct bsg_http_exchange *batch[65536];
	struct app *app = arg;
	size_t n;

	do {
		pthread_mutex_lock(&app->lock);
		while (app->n == 0 && !app->ends)
			pthread_cond_wait(&app->some, &app->lock);
		n = app->n;
		memcpy(batch, app->queue, n * sizeof(batch[0]));
		app->n = 0;
		pthread_mutex_unlock(&app->lock);
		for (size_t i = 0; i < n; i++) {
			answer(batch[i]);
			bsg_http_unref(batch[i]);
		}
	} while (n > 0);
	return NULL;
}

static bool admit(struct bsg_http_exchange *x, const struct bsg_http_route *route, void *app)
{
	(void)route;
	(void)app;
	return bsg_http_peer(x)->kind == BSG_HTTP_PEER_CERTIFICATE;
}

static enum bsg_http_peer_status check_peer(const struct bsg_http_peer *peer, void *app)
{
	(void)app;
	return peer->cn[0] != '\0' ? BSG_HTTP_PEER_VALID : BSG_HTTP_PEER_UNKNOWN;
}

static const struct bsg_http_route routes[] = {
	{ "GET", "/hello", BSG_HTTP_DEVICE, 1, 0, 0, 0, get_hello, NULL },
	{ "GET", "/checkin", BSG_HTTP_DEVICE, 1, 0, 0, 0, get_checkin, NULL },
	{ "GET", "/wait", BSG_HTTP_DEVICE, 1, 0, 0, 0, get_wait, NULL },
};

int main(int argc, char **argv)
{
	static struct app app = { .lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER };
	const struct bsg_http_server_options options = {
		.plane = BSG_HTTP_DEVICE, .transport = BSG_HTTP_TLS,
		.client_certificate = BSG_HTTP_CERT_REQUIRED, .listen = "127.0.0.1:0",
		.certificate_pem = cert_server, .key_pem = key_server, .client_ca_pem = cert_device_ca,
		.routes = routes, .n_routes = sizeof(routes) / sizeof(routes[0]), .admit = admit,
		.peer_check = check_peer, .app = &app,
		.n_threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0,
	};
	struct bsg_http_server *server;
	struct bsg_error err;
	pthread_t writer;
	sigset_t signals;
	int sig;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	memset(body, 'x', sizeof(body));
	if (bsg_http_waiters_new(&app.waiters, &err) != BSG_OK ||
	    bsg_http_server_start(&options, &server, &err) != BSG_OK) {
		(void)fprintf(stderr, "http_ours: %s\n", err.text);
		return 1;
	}
	if (pthread_create(&writer, NULL, writer_main, &app) != 0)
		return 1;
	printf("port %u\n", bsg_http_server_port(server));
	(void)fflush(stdout);
	while (sigwait(&signals, &sig) == 0 && sig == SIGUSR1)
		(void)bsg_http_waiters_wake_all(app.waiters, wake, NULL);
	bsg_http_server_stop(server);
	pthread_mutex_lock(&app.lock);
	app.ends = true;
	pthread_cond_signal(&app.some);
	pthread_mutex_unlock(&app.lock);
	pthread_join(writer, NULL);
	bsg_http_waiters_free(app.waiters);
	return 0;
}
