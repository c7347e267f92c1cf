/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its one answer, as a route's handler sees them.
 *
 * A handler answers at once, or holds the exchange and somebody answers later
 * from any thread: a store's callback, a wake, or the deadline. The first
 * answer wins; every later one is dropped and says so. An exchange lives as
 * long as somebody has a reference, also after its connection is gone, so a
 * late callback never touches freed memory:
 *
 *	bsg_http_hold(x, 0, NULL);
 *	bsg_store_submit(store, ops, n, done, bsg_http_ref(x));
 *	…
 *	static void done(…, void *arg)
 *	{
 *		struct bsg_http_exchange *x = arg;
 *
 *		bsg_http_answer(x, &(struct bsg_http_answer){ .status = 204 });
 *		bsg_http_unref(x);
 *	}
 */
#ifndef BSG_HTTP_EXCHANGE_H
#define BSG_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct bsg_http_exchange;
struct bsg_http_route;

#define BSG_HTTP_WAIT_MAX_S 60		/* longest hold of a long poll (docs/spec, HTTP) */
#define BSG_HTTP_ARENA_MAX (256 * 1024)	/* memory that bsg_http_alloc() gives to one exchange */
#define BSG_HTTP_REQUEST_ID_LEN 16	/* hex digits */

enum bsg_http_lang {
	BSG_HTTP_KK = 0,
	BSG_HTTP_RU,
	BSG_HTTP_EN,
	BSG_HTTP_N_LANGS,
};

/* Who is at the other end, as far as the transport knows. */
enum bsg_http_peer_kind {
	BSG_HTTP_PEER_ANONYMOUS = 1,	/* no client certificate, not a Unix socket */
	BSG_HTTP_PEER_CERTIFICATE,	/* chain verified against the plane's client CA */
	BSG_HTTP_PEER_LOCAL_USER,	/* Unix socket: uid, gid and pid by SO_PEERCRED */
};

/* What the server's peer check said of a certificate, asked on every request. */
enum bsg_http_peer_status {
	BSG_HTTP_PEER_VALID = 1,
	BSG_HTTP_PEER_REVOKED,		/* refused, except on routes with BSG_HTTP_REVOKED_TOO */
	BSG_HTTP_PEER_UNKNOWN,		/* refused everywhere */
	BSG_HTTP_PEER_UNDECIDED,	/* nobody could be asked: 503 `busy`, the caller repeats */
};

struct bsg_http_peer {
	enum bsg_http_peer_kind kind;
	enum bsg_http_peer_status status;	/* of a certificate; else 0 */
	const uint8_t *der;			/* the leaf certificate; NULL if none */
	size_t der_len;
	uint8_t sha256[32];			/* of der */
	char cn[65];				/* the subject's common name; "" if none, several or longer */
	int64_t not_after;			/* of the leaf; checked on every request */
	bool resumed;				/* TLS session resumed: the chain was verified earlier */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	char address[64];			/* numeric, without port; "" on a Unix socket */
};

/*
 * Reading the request. Call these in the route's handler or in the admit
 * function only, not after holding has begun in another thread. What they
 * return lives as long as the exchange.
 */

/** The route that matched. Never NULL in a handler. */
const struct bsg_http_route *bsg_http_route(const struct bsg_http_exchange *x);

/** The method as sent; HEAD is handed to the route for GET, and still says HEAD here. */
const char *bsg_http_method(const struct bsg_http_exchange *x);

/** The path as sent: percent-encoded, without the query. */
const char *bsg_http_path(const struct bsg_http_exchange *x);

/**
 * The value of {name} in the route's path, percent-decoded.
 *
 * Valid UTF-8 without control characters or '/', never empty: a path for which
 * this would not hold has been answered with 400 or 404 before the handler.
 *
 * @return NULL only if the route's pattern has no such name (a bug of the caller)
 */
const char *bsg_http_param(const struct bsg_http_exchange *x, const char *name);

/**
 * The first value of @name in the query, percent-decoded, '+' as space.
 *
 * @return NULL if absent; a query that is not valid UTF-8 was answered with 400 before
 */
const char *bsg_http_query(struct bsg_http_exchange *x, const char *name);

/** Number of fields in the query, and the name of number @i; for refusing unknown ones. */
size_t bsg_http_n_queries(const struct bsg_http_exchange *x);
const char *bsg_http_query_name(const struct bsg_http_exchange *x, size_t i);

/**
 * The value of a header field, name compared without case.
 *
 * @return NULL if absent, or if the handler has returned already (then it is too late)
 */
const char *bsg_http_header(struct bsg_http_exchange *x, const char *name);

/** The value of the first cookie of this name, as it was sent. @return NULL as bsg_http_header() */
const char *bsg_http_cookie(struct bsg_http_exchange *x, const char *name);

/** The whole body, at most the route's body_max; *len is 0 if there is none. Never NULL. */
const void *bsg_http_body(const struct bsg_http_exchange *x, size_t *len);

/**
 * The first value of @name in a body of type application/x-www-form-urlencoded.
 *
 * @return NULL if absent, or if the body is of another type or not well-formed
 */
const char *bsg_http_form(struct bsg_http_exchange *x, const char *name);

/** True if the Content-Type, without its parameters, is @type ("application/json"). */
bool bsg_http_has_type(struct bsg_http_exchange *x, const char *type);

/** Who calls. Never NULL. */
const struct bsg_http_peer *bsg_http_peer(const struct bsg_http_exchange *x);

/** 16 hex digits, also in the answer's X-Request-Id and in problem details. */
const char *bsg_http_request_id(const struct bsg_http_exchange *x);

/** The caller's language by Accept-Language (RFC 9110 12.5.4); English when none fits. */
enum bsg_http_lang bsg_http_language(const struct bsg_http_exchange *x);

/**
 * How long the caller wants to wait: `Prefer: wait=N` (RFC 7240), in ms.
 *
 * @return 0 if absent or malformed; at most the server's cap (60 s unless a test lowers it)
 */
int64_t bsg_http_wait_ms(const struct bsg_http_exchange *x);

/**
 * True if If-None-Match names @etag (given without quotes) or is `*`.
 *
 * Weak comparison (RFC 9110 13.1.2). Answer 304 then, or hold.
 */
bool bsg_http_if_none_match(struct bsg_http_exchange *x, const char *etag);

/**
 * True if there is no If-Match, or it names @etag (given without quotes) or is `*`.
 *
 * Strong comparison (RFC 9110 13.1.1); answer 412 when false.
 */
bool bsg_http_if_match(struct bsg_http_exchange *x, const char *etag);

/** The token of `Authorization: Bearer …`; NULL if there is none or it is malformed. */
const char *bsg_http_bearer(struct bsg_http_exchange *x);

/**
 * User name and password of `Authorization: Basic …` (RFC 7617).
 *
 * @return false if there is none or it is malformed; then both are NULL
 */
bool bsg_http_basic(struct bsg_http_exchange *x, const char **user, const char **password);

/* What the admit function and the handler attach: usually memory of bsg_http_alloc(). */
void bsg_http_set_caller(struct bsg_http_exchange *x, void *caller);
void *bsg_http_caller(const struct bsg_http_exchange *x);
void bsg_http_set_context(struct bsg_http_exchange *x, void *context);
void *bsg_http_context(const struct bsg_http_exchange *x);

/**
 * Give memory that lives as long as the exchange, zeroed, aligned for any type.
 *
 * Thread-safe. A held exchange costs what it has allocated, times the number
 * of long polls: keep it small there.
 *
 * @return NULL when out of memory or past BSG_HTTP_ARENA_MAX; answer with
 *         bsg_http_fail(x, BSG_E_NO_MEMORY…)
 */
void *bsg_http_alloc(struct bsg_http_exchange *x, size_t size);

/** Copy a string into the exchange's memory. NULL when bsg_http_alloc() gives NULL. */
char *bsg_http_strdup(struct bsg_http_exchange *x, const char *s);

/* Lifetime. */

/** Take one more reference; give each one back with bsg_http_unref(). Returns @x. */
struct bsg_http_exchange *bsg_http_ref(struct bsg_http_exchange *x);

/** Give a reference back. The handler's own @x is not a reference to give back. NULL is fine. */
void bsg_http_unref(struct bsg_http_exchange *x);

/* Answering. */

struct bsg_http_field {
	const char *name;
	const char *value;		/* no control characters; such an answer becomes 500 */
};

struct bsg_http_answer {
	unsigned status;
	const char *type;		/* Content-Type; may be NULL without a body */
	const void *body;		/* copied */
	size_t body_len;
	const char *etag;		/* without quotes, copied; NULL: none */
	const char *location;		/* copied; NULL: none */
	const struct bsg_http_field *fields;	/* more header fields, copied */
	size_t n_fields;
};

/**
 * Answer the request. The first answer of an exchange counts.
 *
 * X-Request-Id, Date, Content-Length and Cache-Control: no-store (unless given
 * in fields) are added. Everything is copied before return. To a HEAD request
 * the body is not sent.
 *
 * @return true if this answer was taken; false if there was one already (deadline,
 *         another thread) or the peer is gone: nothing to do then, not an error
 *
 * Any thread; does not block on the network.
 */
bool bsg_http_answer(struct bsg_http_exchange *x, const struct bsg_http_answer *answer);

/**
 * Answer with problem details (RFC 9457), type `urn:bosaga:problem:CODE`.
 *
 * The title is the text of @code in the caller's language, from the server's
 * table or from this layer's own. Add WWW-Authenticate and the like by
 * bsg_http_problem_with().
 *
 * @param code  lower-case letters, digits, '-'
 * @param fmt   detail for this occurrence: what, where, what to do next; no secrets; or NULL
 *
 * @return as bsg_http_answer()
 */
bool bsg_http_problem(struct bsg_http_exchange *x, unsigned status, const char *code,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** As bsg_http_problem(), with header fields and a ready-made @detail (may be NULL). */
bool bsg_http_problem_with(struct bsg_http_exchange *x, unsigned status, const char *code,
			   const struct bsg_http_field *fields, size_t n_fields,
			   const char *detail);

/**
 * Answer with the problem that fits an error, its text as detail.
 *
 * INVALID 400 `invalid`, LIMIT 413 `too-large`, DENIED 403 `forbidden`, NOT_FOUND 404
 * `not-found`, CONFLICT 409 `conflict`, UNAVAILABLE and NO_MEMORY 503 `busy` with
 * Retry-After, CRYPTO 400 `signature`, BUG and anything else 500 `internal`; the detail
 * of 5xx stays in the log.
 */
bool bsg_http_fail(struct bsg_http_exchange *x, enum bsg_err code, const struct bsg_error *err);

/**
 * Let somebody answer later. In a handler only; it then returns without answering.
 *
 * Whoever will answer needs a reference of its own (bsg_http_ref) or a place
 * in a list of waiters (http/waiters.h). When nobody has answered in time, or
 * the server stops, @otherwise is sent. When the peer goes away the exchange
 * counts as answered, and later answers return false.
 *
 * @param wait_ms    0: the server's hold cap; more than the cap is cut to it
 * @param otherwise  copied; NULL: 503 `busy`, which tells the caller to repeat
 */
void bsg_http_hold(struct bsg_http_exchange *x, int64_t wait_ms,
		   const struct bsg_http_answer *otherwise);

/** True once an answer was taken or the peer is gone: work for it can be dropped. */
bool bsg_http_is_answered(struct bsg_http_exchange *x);

#endif
