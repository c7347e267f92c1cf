/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: one per plane, one route table for all.
 *
 * Order of events for a request: limits and syntax (400, 413, 414, 431), route
 * (404, 405 with Allow), the certificate's validity and revocation (403),
 * `admit` (who may call), then the body, then the handler. Nothing of the body
 * is accepted from somebody who may not call.
 */
#ifndef BSG_HTTP_SERVER_H
#define BSG_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "http/exchange.h"

struct bsg_http_server;

/* A server is one plane; a route's mask says on which it exists. */
enum bsg_http_plane {
	BSG_HTTP_PEOPLE = 1 << 0,
	BSG_HTTP_DEVICE = 1 << 1,
	BSG_HTTP_APPLE = 1 << 2,
	BSG_HTTP_ADMIN = 1 << 3,	/* admin.sock */
};

enum bsg_http_route_flag {
	BSG_HTTP_REVOKED_TOO = 1 << 0,	/* a revoked certificate may call: discharge only */
};

struct bsg_http_route {
	const char *method;	/* GET also answers HEAD */
	const char *path;	/* "/api/v1/devices/{id}/orders"; {name} is one whole segment */
	uint32_t planes;	/* enum bsg_http_plane; 0 is refused at start */
	uint32_t who;		/* for `admit`, not read here; 0 is refused at start */
	size_t body_max;	/* bytes; 0: a body is refused with 413 */
	unsigned flags;		/* enum bsg_http_route_flag */
	unsigned deadline_s;	/* to receive the request, and to send the answer; 0: the server's */
	void (*handler)(struct bsg_http_exchange *x, void *app);
	const void *user;	/* the handler finds it as bsg_http_route(x)->user */
};

/**
 * Decide who may call: before the body, on every request.
 *
 * @return true to let the request in. False after answering it (401, 403…);
 *         false without an answer becomes 403 `forbidden`.
 *
 * Called on a thread of the server's pool; keep blocking to one database read.
 */
typedef bool bsg_http_admit_fn(struct bsg_http_exchange *x, const struct bsg_http_route *route,
			       void *app);

/**
 * Look a client certificate up: revoked, known, current? On every request that
 * has one, since a resumed TLS session skips chain verification.
 *
 * Thread-safe and quick. @peer's status is not set yet.
 */
typedef enum bsg_http_peer_status bsg_http_peer_fn(const struct bsg_http_peer *peer, void *app);

/* One finished request, for the access log and metrics. */
struct bsg_http_done {
	const char *request_id;
	const char *method;
	const struct bsg_http_route *route;	/* NULL if none matched */
	unsigned status;		/* 0: the peer went away or was cut before an answer */
	int64_t took_us;		/* from the request line to the end of the answer */
	int64_t held_us;		/* of that, held */
	size_t body_len;		/* received */
	size_t sent_len;		/* of the answer's body */
};

typedef void bsg_http_done_fn(const struct bsg_http_done *done, void *app);

/* Title of a problem code for people. */
struct bsg_http_problem_text {
	const char *code;
	const char *title[BSG_HTTP_N_LANGS];	/* kk, ru, en; says what to do next */
};

enum bsg_http_transport {
	BSG_HTTP_TLS = 1,	/* our own TLS */
	BSG_HTTP_PROXY,		/* plain, `unix:` or loopback only; certificate in Client-Cert (RFC 9440) */
	BSG_HTTP_PLAIN,		/* plain, `unix:` or loopback only; Client-Cert is ignored */
};

enum bsg_http_client_certificate {
	BSG_HTTP_CERT_NONE = 1,	/* not asked for */
	BSG_HTTP_CERT_OPTIONAL,	/* asked for; a wrong one is refused, none is not */
	BSG_HTTP_CERT_REQUIRED,	/* no handshake (behind a proxy: 403) without a right one */
};

/* Everything borrowed must outlive the server; strings said to be copied need not. */
struct bsg_http_server_options {
	enum bsg_http_plane plane;
	enum bsg_http_transport transport;
	enum bsg_http_client_certificate client_certificate;
	const char *listen;		/* "127.0.0.1:8443", "[::]:8443", "unix:PATH"; port 0: any; copied */
	unsigned socket_mode;		/* of a Unix socket; 0: 0600 */

	/* TLS; PEM texts, copied. The chain begins with the server's certificate. */
	const char *certificate_pem;
	const char *key_pem;
	const char *client_ca_pem;	/* one or more; needed unless CERT_NONE (also with PROXY) */
	const char *ticket_key_file;	/* session tickets, shared by the nodes: made 0600 if missing;
					 * NULL: a key of this process only; copied */

	const struct bsg_http_route *routes;	/* borrowed; those without this plane's bit are skipped */
	size_t n_routes;
	bsg_http_admit_fn *admit;	/* needed */
	bsg_http_peer_fn *peer_check;	/* needed unless CERT_NONE */
	unsigned peer_refusal;		/* status for a wrong, expired or revoked certificate [403] */
	bsg_http_done_fn *done;		/* may be NULL */
	const struct bsg_log *log;	/* borrowed; what 5xx answers do not tell their caller; may be NULL */
	const struct bsg_http_problem_text *texts;	/* borrowed; added to this layer's own */
	size_t n_texts;
	void *app;			/* handed to handlers and functions above */

	/* Limits; 0 gives the default in brackets. */
	unsigned n_threads;		/* [4 for each processor, 2 behind a proxy; at most 32]: each walks its own connections */
	unsigned n_connections_max;	/* [descriptor limit less 128]; never more than that */
	unsigned n_per_address_max;	/* [no limit]; only where peers are direct */
	size_t pool_bytes;		/* request line and headers: [6 KiB; 32 KiB on the Apple plane] */
	unsigned request_deadline_ms;	/* handshake and whole request, however it drips [20 s] */
	unsigned send_deadline_ms;	/* whole answer [30 s] */
	unsigned idle_ms;		/* between two requests of a connection [75 s] */
	unsigned hold_max_ms;		/* cap of bsg_http_hold() [60 s]; also the most */
	unsigned stop_grace_ms;		/* for answers under way when stopping [5 s] */
};

/**
 * Start serving.
 *
 * @param out  on success a running server, owned; end it with bsg_http_server_stop()
 *
 * @return BSG_OK, BSG_E_INVALID (a route without planes, who or handler, two routes for the
 *         same method and path, no admit, plain transport on an address that is not loopback…),
 *         BSG_E_CRYPTO (certificate, key or CA do not load or fit), BSG_E_UNAVAILABLE (address
 *         in use, a live server on the Unix socket, ticket key file), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_http_server_start(const struct bsg_http_server_options *options,
				   struct bsg_http_server **out,
				   struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Stop: no new connections, held exchanges get their `otherwise`, answers under
 * way get stop_grace_ms, then everything is closed and freed. NULL is fine.
 *
 * Blocks until no handler runs. References to exchanges stay valid; answering them returns false.
 * Not from a handler.
 */
void bsg_http_server_stop(struct bsg_http_server *server);

/** The TCP port listened on (useful after port 0); 0 for a Unix socket. */
unsigned bsg_http_server_port(const struct bsg_http_server *server);

/**
 * Use another certificate, key, client CA or ticket key from the next handshake on.
 *
 * Open connections go on as they are. On failure the old ones stay in use.
 *
 * @param certificate_pem,key_pem  both or none; NULL: as before
 * @param client_ca_pem            NULL: as before
 *
 * The ticket key file is read again in any case.
 *
 * @return BSG_OK, BSG_E_CRYPTO, BSG_E_UNAVAILABLE (ticket key file), BSG_E_NO_MEMORY
 *
 * Any thread.
 */
enum bsg_err bsg_http_server_reload(struct bsg_http_server *server, const char *certificate_pem,
				    const char *key_pem, const char *client_ca_pem,
				    struct bsg_error *err) BSG_MUST_CHECK;

/* Numbers since the start, for /metrics. */
struct bsg_http_stats {
	uint64_t n_connections;		/* accepted */
	uint64_t n_open;		/* now */
	uint64_t n_held;		/* now */
	uint64_t n_requests;
	uint64_t n_cut;			/* connections cut by a deadline */
	uint64_t n_gone;		/* peers that left during a hold */
	uint64_t n_refused_peers;	/* handshakes refused for their certificate */
	uint64_t n_resumed;		/* resumed TLS sessions */
};

/** Any thread. */
void bsg_http_server_stats(struct bsg_http_server *server, struct bsg_http_stats *out);

#endif
