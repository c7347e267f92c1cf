/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_certs.h"

void sleep_ms(unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void answer_text(struct bsg_http_exchange *x, unsigned status, const char *text)
{
	const struct bsg_http_answer answer = { .status = status, .type = "text/plain; charset=utf-8",
						.body = text, .body_len = strlen(text) };

	(void)bsg_http_answer(x, &answer);
}

static void get_hello(struct bsg_http_exchange *x, void *app)
{
	struct fixture *f = app;
	const struct bsg_http_peer *peer = bsg_http_peer(x);

	f->n_handled++;
	memcpy(f->last_cn, peer->cn, sizeof(f->last_cn));
	memcpy(f->last_address, peer->address, sizeof(f->last_address));
	f->last_uid = peer->uid;
	if (peer->resumed)
		f->saw_resumed = true;
	f->last_language = (char)bsg_http_language(x);
	answer_text(x, 200, "hello\n");
}

static void get_thing(struct bsg_http_exchange *x, void *app)
{
	const char *q = bsg_http_query(x, "q");
	char text[300];

	((struct fixture *)app)->n_handled++;
	(void)snprintf(text, sizeof(text), "id=%s q=%s", bsg_http_param(x, "id"),
		       q != NULL ? q : "(none)");
	answer_text(x, 200, text);
}

static void get_special(struct bsg_http_exchange *x, void *app)
{
	(void)app;
	answer_text(x, 200, "special");
}

static void post_note(struct bsg_http_exchange *x, void *app)
{
	size_t len;
	const void *body = bsg_http_body(x, &len);
	const struct bsg_http_answer answer = { .status = 201, .type = "application/octet-stream",
						.body = body, .body_len = len,
						.location = "/things/1/notes/1" };

	((struct fixture *)app)->n_handled++;
	(void)bsg_http_answer(x, &answer);
}

static void get_wait(struct bsg_http_exchange *x, void *app)
{
	struct fixture *f = app;
	const struct bsg_http_answer same = { .status = 304, .etag = "1" };

	f->n_handled++;
	if (!bsg_http_if_none_match(x, "1")) {
		const struct bsg_http_answer first = { .status = 200, .type = "text/plain",
						       .body = "one", .body_len = 3, .etag = "1" };

		(void)bsg_http_answer(x, &first);
		return;
	}
	if (bsg_http_wait_ms(x) == 0) {
		(void)bsg_http_answer(x, &same);
		return;
	}
	bsg_http_hold(x, bsg_http_wait_ms(x), &same);
	bsg_http_waiters_add(f->waiters, "k", x);
}

static void get_mute(struct bsg_http_exchange *x, void *app)
{
	struct fixture *f = app;

	f->n_handled++;
	bsg_http_hold(x, 0, NULL);
	bsg_http_unref(atomic_exchange(&f->parked, bsg_http_ref(x)));
}

/* Somebody answered before the handler had come to enter the list. */
static void get_late(struct bsg_http_exchange *x, void *app)
{
	struct fixture *f = app;

	bsg_http_hold(x, 0, NULL);
	answer_text(x, 200, "late");
	bsg_http_waiters_add(f->waiters, "k", x);
	f->late_waiters = (int)bsg_http_waiters_count(f->waiters);
}

static void get_nothing(struct bsg_http_exchange *x, void *app)
{
	(void)x;
	(void)app;
}

static void get_cacerts(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_http_answer answer = { .status = 200, .type = "application/pkcs7-mime",
						.body = est_cacerts, .body_len = strlen(est_cacerts) };

	(void)app;
	(void)bsg_http_answer(x, &answer);
}

#define ALL (BSG_HTTP_PEOPLE | BSG_HTTP_DEVICE | BSG_HTTP_ADMIN)
#define EVERYONE 1
#define NOBODY 2

static const struct bsg_http_route routes[] = {
	{ "GET", "/hello", ALL, EVERYONE, 0, 0, 0, get_hello, NULL },
	{ "GET", "/things/{id}", ALL, EVERYONE, 0, 0, 0, get_thing, NULL },
	{ "PUT", "/things/{id}", ALL, EVERYONE, 0, 0, 0, get_thing, NULL },
	{ "GET", "/things/special", ALL, EVERYONE, 0, 0, 0, get_special, NULL },
	{ "POST", "/things/{id}/notes", ALL, EVERYONE, 64, 0, 0, post_note, NULL },
	{ "POST", "/big", ALL, EVERYONE, 64 * 1024, 0, 0, post_note, NULL },
	{ "POST", "/secret", ALL, NOBODY, 64 * 1024, 0, 0, post_note, NULL },
	{ "GET", "/secret", ALL, NOBODY, 0, 0, 0, get_hello, NULL },
	{ "GET", "/wait", ALL, EVERYONE, 0, 0, 0, get_wait, NULL },
	{ "GET", "/mute", ALL, EVERYONE, 0, 0, 0, get_mute, NULL },
	{ "GET", "/late", ALL, EVERYONE, 0, 0, 0, get_late, NULL },
	{ "GET", "/nothing", ALL, EVERYONE, 0, 0, 0, get_nothing, NULL },
	{ "GET", "/revoked", ALL, EVERYONE, 0, BSG_HTTP_REVOKED_TOO, 0, get_hello, NULL },
	{ "GET", "/.well-known/est/cacerts", ALL, EVERYONE, 0, 0, 0, get_cacerts, NULL },
	{ "GET", "/apple", BSG_HTTP_APPLE, EVERYONE, 0, 0, 0, get_hello, NULL },
};

static bool admit(struct bsg_http_exchange *x, const struct bsg_http_route *route, void *app)
{
	(void)x;
	((struct fixture *)app)->n_admitted++;
	return route->who == EVERYONE;
}

static enum bsg_http_peer_status check_peer(const struct bsg_http_peer *peer, void *app)
{
	struct fixture *f = app;

	if (f->unknown || peer->der == NULL)
		return BSG_HTTP_PEER_UNKNOWN;
	return f->revoked ? BSG_HTTP_PEER_REVOKED : BSG_HTTP_PEER_VALID;
}

static void on_done(const struct bsg_http_done *done, void *app)
{
	struct fixture *f = app;

	f->last_status = (int)done->status;
	f->n_done++;
}

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->options = (struct bsg_http_server_options){
		.plane = BSG_HTTP_DEVICE, .transport = BSG_HTTP_TLS,
		.client_certificate = BSG_HTTP_CERT_REQUIRED, .listen = "127.0.0.1:0",
		.certificate_pem = cert_server, .key_pem = key_server,
		.client_ca_pem = cert_device_ca, .routes = routes,
		.n_routes = sizeof(routes) / sizeof(routes[0]), .admit = admit,
		.peer_check = check_peer, .done = on_done, .app = f, .n_threads = 2,
	};
}

void fixture_start(struct fixture *f)
{
	struct bsg_error err = { .text = "" };

	assert_int_equal(bsg_http_waiters_new(&f->waiters, &err), BSG_OK);
	if (bsg_http_server_start(&f->options, &f->server, &err) != BSG_OK)
		fail_msg("server: %s", err.text);
	(void)snprintf(f->url, sizeof(f->url), "%s://127.0.0.1:%u",
		       f->options.transport == BSG_HTTP_TLS ? "https" : "http",
		       bsg_http_server_port(f->server));
}

void fixture_stop(struct fixture *f)
{
	bsg_http_server_stop(f->server);
	bsg_http_unref(f->parked);
	assert_int_equal(bsg_http_waiters_count(f->waiters), 0);
	bsg_http_waiters_free(f->waiters);
}

struct bsg_http_client *client_new(const struct identity *identity)
{
	const struct bsg_http_client_options options = {
		.root = identity->root, .root_len = identity->root != NULL ? strlen(identity->root) : 0,
		.certificate_pem = identity->cert, .key_pem = identity->key,
	};
	struct bsg_http_client *client;
	struct bsg_error err = { .text = "" };

	if (bsg_http_client_open(&options, &client, &err) != BSG_OK)
		fail_msg("client: %s", err.text);
	return client;
}

enum bsg_err get(struct fixture *f, const struct identity *identity, const char *path,
		 struct bsg_http_response *out, struct bsg_error *err)
{
	struct bsg_http_client *client = client_new(identity);
	char url[300];
	const struct bsg_http_request request = { .url = url };
	enum bsg_err rc;

	(void)snprintf(url, sizeof(url), "%s%s", f->url, path);
	rc = bsg_http_client_do(client, &request, out, err);
	bsg_http_client_close(client);
	return rc;
}

int raw_connect(const struct fixture *f)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)bsg_http_server_port(f->server)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

void raw_send(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0)
			return;		/* the server closed: what it answered tells */
		at += n;
		len -= (size_t)n;
	}
}

const char *raw_read_all(int fd)
{
	static char text[64 * 1024];
	size_t len = 0;
	int64_t until = now_ms() + 60000;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = until - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			fail_msg("the server did not close for 60 s; it sent: %.*s", (int)len, text);
		n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return text;
}

const char *raw_exchange(const struct fixture *f, const char *text)
{
	int fd = raw_connect(f);
	const char *answer;

	raw_send(fd, text, strlen(text));
	answer = raw_read_all(fd);
	close(fd);
	return answer;
}
