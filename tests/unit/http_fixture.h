/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server with a few routes, and ways to talk to it, for the tests of http/.
 *
 * Routes (all planes): GET /hello, GET /things/{id}, POST /things/{id}/notes (64 bytes),
 * POST /big (64 KiB), GET /wait (long poll under key "k", ETag "1"), GET /mute (held for good),
 * GET /late (answered, then entered among the waiters), GET /nothing (forgets to answer), GET /revoked (revoked ones too), GET /secret
 * (admit refuses), GET /things/special, GET /.well-known/est/cacerts.
 */
#ifndef BSG_TEST_HTTP_FIXTURE_H
#define BSG_TEST_HTTP_FIXTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/client.h"
#include "http/server.h"
#include "http/waiters.h"

struct fixture {
	struct bsg_http_server *server;
	struct bsg_http_server_options options;
	struct bsg_http_waiters *waiters;
	char url[64];			/* https://127.0.0.1:PORT or http://… */
	atomic_bool revoked;		/* what the peer check says */
	atomic_bool unknown;
	atomic_int n_handled;		/* handlers called */
	atomic_int n_admitted;
	atomic_int n_done;
	atomic_int last_status;
	atomic_int late_waiters;	/* after /late entered the list too late */
	atomic_bool saw_resumed;
	struct bsg_http_exchange *_Atomic parked;	/* of /mute: a reference */
	char last_cn[65];
	char last_language;
	char last_address[64];
	uid_t last_uid;
};

/* Defaults: device plane, TLS, certificate required, 127.0.0.1:0. Change before fixture_start(). */
void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
void fixture_stop(struct fixture *f);

/* Who a client claims to be, and whom it trusts; NULL: none. */
struct identity {
	const char *root, *cert, *key;
};

struct bsg_http_client *client_new(const struct identity *identity);

/* One request by a fresh client; the error code, or fills *out (clear it). */
enum bsg_err get(struct fixture *f, const struct identity *identity, const char *path,
		 struct bsg_http_response *out, struct bsg_error *err);

/* Plain TCP to the server; -1 never: the test fails. */
int raw_connect(const struct fixture *f);
void raw_send(int fd, const void *data, size_t len);

/* All bytes until the peer closes, at most 60 s; NUL-terminated, static. "" if it closed at once. */
const char *raw_read_all(int fd);

/* Send @text to a plain server and return what it answers until it closes. */
const char *raw_exchange(const struct fixture *f, const char *text);

/* Wait up to 60 s for a condition; only its never coming fails the test. */
#define ASSERT_EVENTUALLY(condition_) \
	do { \
		int left_ = 6000; \
		while (!(condition_) && left_ > 0) { \
			left_--; \
			sleep_ms(10); \
		} \
		assert_true(left_ > 0); \
	} while (0)
void sleep_ms(unsigned ms);
int64_t now_ms(void);

#endif
