/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of http/ share. Nobody else includes this.
 *
 * Lock order: exchange.lock, then server.lock, then libmicrohttpd's own. A list
 * of waiters is locked before an exchange and never together with a server.
 */
#ifndef BSG_HTTP_INTERNAL_H
#define BSG_HTTP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>

#include "base/arena.h"
#include "http/exchange.h"
#include "http/server.h"
#include "http/waiters.h"

#define BSG_HTTP_SEGMENTS_MAX 12
#define BSG_HTTP_PARAMS_MAX 6
#define BSG_HTTP_QUERIES_MAX 32
#define BSG_HTTP_NEVER INT64_MAX

/* routes.c */

struct bsg_http_segment {
	const char *text;	/* literal, or a parameter's name, not NUL-terminated */
	size_t len;
	bool is_param;
};

struct bsg_http_pattern {
	const struct bsg_http_route *route;
	struct bsg_http_segment segments[BSG_HTTP_SEGMENTS_MAX];
	size_t n_segments;
};

struct bsg_http_routes {
	struct bsg_http_pattern *patterns;	/* literal before parameter */
	size_t n;
};

struct bsg_http_match {
	const struct bsg_http_pattern *pattern;	/* NULL: none */
	char allow[64];				/* methods of this path, if another method was asked for */
};

enum bsg_err bsg_http_routes_compile(const struct bsg_http_route *routes, size_t n,
				     uint32_t plane, struct bsg_http_routes *out,
				     struct bsg_error *err) BSG_MUST_CHECK;
void bsg_http_routes_free(struct bsg_http_routes *routes);

/* @segments: decoded parts of a path. */
void bsg_http_routes_match(const struct bsg_http_routes *routes, const char *method,
			   char *const *segments, size_t n_segments, struct bsg_http_match *out);

/* parse.c: header values and URLs; pure. */

struct bsg_http_query_field {
	char *name;
	char *value;
};

/* Decode in place; false for a bad escape, a control character, bad UTF-8. */
bool bsg_http_percent_decode(char *text, bool plus_is_space);

/* Split a path ("/a/b") in place into decoded parts; -1: malformed, -2: too many. */
int bsg_http_split_path(char *path, char **segments, size_t max);

/* Split a query in place; -1: malformed or too many. */
int bsg_http_split_query(char *query, struct bsg_http_query_field *fields, size_t max);

enum bsg_http_lang bsg_http_parse_language(const char *accept_language);

/* Seconds of wait=N in a Prefer value; 0 if there is none or it is malformed. */
unsigned bsg_http_parse_wait(const char *prefer);

/* Whether a list of entity tags (If-None-Match, If-Match) names @etag. */
bool bsg_http_etag_listed(const char *list, const char *etag, bool weak);

/* The first cookie of this name in a Cookie value (RFC 6265 4.2.1), not NUL-terminated; NULL: none. */
const char *bsg_http_find_cookie(const char *header, const char *name, size_t *len);

/* User and password of Basic credentials (RFC 7617) after the scheme, into @plain: as long as @text with its NUL. */
bool bsg_http_parse_basic(const char *text, char *plain, const char **user, const char **password);

/* connection and TLS: tls.c */

struct bsg_http_creds {
	atomic_uint refs;
	gnutls_certificate_credentials_t certificate;
	gnutls_x509_trust_list_t client_ca;	/* NULL if clients show none */
	gnutls_datum_t ticket_key;
	struct bsg_http_proved *proved;		/* proved.c; NULL if clients show none */
};

struct bsg_http_leaf {			/* a client certificate; shared by exchanges */
	atomic_uint refs;
	size_t len;
	uint8_t der[];
};

struct bsg_http_creds_source {
	const char *certificate_pem;
	const char *key_pem;
	const char *client_ca_pem;
	const char *ticket_key_file;
};

enum bsg_err bsg_http_creds_new(const struct bsg_http_creds_source *source,
				struct bsg_http_creds **out,
				struct bsg_error *err) BSG_MUST_CHECK;
struct bsg_http_creds *bsg_http_creds_ref(struct bsg_http_creds *creds);
void bsg_http_creds_unref(struct bsg_http_creds *creds);

/* proved.c: client certificates that were verified lately. NULL is an empty table that keeps nothing. */
struct bsg_http_proved *bsg_http_proved_new(void);
void bsg_http_proved_free(struct bsg_http_proved *table);
/* Fill the rest of @peer by its sha256. */
bool bsg_http_proved_find(struct bsg_http_proved *table, int64_t now, struct bsg_http_peer *peer);
void bsg_http_proved_keep(struct bsg_http_proved *table, int64_t now, const struct bsg_http_peer *peer);

struct bsg_http_leaf *bsg_http_leaf_ref(struct bsg_http_leaf *leaf);
void bsg_http_leaf_unref(struct bsg_http_leaf *leaf);

/* Verify one DER certificate, unless that was done lately, and fill @peer; false: refuse. That its key is the client's is not shown by it. */
bool bsg_http_leaf_verify(struct bsg_http_creds *creds, const uint8_t *der, size_t len,
			  struct bsg_http_peer *peer, struct bsg_http_leaf **leaf);

/* Fill @peer from a certificate that was verified before: of a resumed session. */
bool bsg_http_leaf_describe(const uint8_t *der, size_t len, struct bsg_http_peer *peer,
			    struct bsg_http_leaf **leaf);

/* Handler of RFC 9440: the certificate of a Client-Cert value into @der (DER_MAX bytes). */
#define BSG_HTTP_DER_MAX 4096
bool bsg_http_parse_client_cert(const char *value, uint8_t *der, size_t *len);

struct bsg_http_conn {
	struct bsg_http_conn *next, *prev;	/* server.lock */
	struct bsg_http_server *server;
	struct bsg_http_creds *creds;		/* kept until the TLS session is gone */
	int fd;
	int64_t deadline_ms;			/* server.lock; cut then, or end the hold */
	struct bsg_http_exchange *held;		/* server.lock; suspended now */
	bool is_cut;				/* server.lock */
	bool is_watched;			/* server.lock; the sweeper's epoll has it */
	struct bsg_http_exchange *current;	/* connection's thread only; its reference */
	bool peer_known;			/* the fields below: connection's thread only */
	struct bsg_http_peer peer;
	struct bsg_http_leaf *leaf;
};

/* Prepare a TLS session before its handshake. */
void bsg_http_tls_begin(struct bsg_http_conn *conn, gnutls_session_t session);

/* After the handshake: who is it? */
bool bsg_http_tls_peer(struct bsg_http_conn *conn, gnutls_session_t session);

/* server.c */

struct bsg_http_server {
	atomic_uint refs;			/* one of its owner, one of each exchange */
	struct bsg_http_server_options options;	/* with the defaults filled in */
	char *ticket_key_file, *certificate_pem, *key_pem, *client_ca_pem;	/* server.lock */
	char unix_path[108];			/* "" if none; removed at the end */
	unsigned port;
	int listen_fd;
	struct bsg_http_routes routes;
	struct MHD_Daemon *daemon;

	pthread_mutex_t lock;
	pthread_cond_t quiet;			/* n_answering became 0 */
	struct bsg_http_creds *creds;
	struct bsg_http_conn *conns;
	struct bsg_http_conn **by_fd;
	size_t n_by_fd;
	unsigned n_answering;			/* handler called, answer not yet sent */
	bool stopping;
	struct bsg_http_stats stats;

	pthread_t sweeper;
	bool sweeper_runs;
	int epoll_fd;				/* sockets of held exchanges: has the peer gone? */
	int wake_fd;
	atomic_uint_fast64_t next_id;
	uint64_t id_mask;
};

void bsg_http_server_unref(struct bsg_http_server *server);
int64_t bsg_http_mono_ms(void);
int64_t bsg_http_mono_us(void);

/* conns.c: the registry, deadlines and departed peers */

enum bsg_err bsg_http_sweeper_start(struct bsg_http_server *server,
				    struct bsg_error *err) BSG_MUST_CHECK;
void bsg_http_sweeper_stop(struct bsg_http_server *server);
struct bsg_http_conn *bsg_http_conn_open(struct bsg_http_server *server, int fd,
					 const struct sockaddr *address);
void bsg_http_conn_close(struct bsg_http_conn *conn);
void bsg_http_conn_set_deadline(struct bsg_http_conn *conn, int64_t in_ms);
/* Deadline, but never later than one that runs. */
void bsg_http_conn_shorten_deadline(struct bsg_http_conn *conn, int64_t in_ms);

/* With exchange.lock held. False: the server stops, end it yourself. */
bool bsg_http_conn_hold(struct bsg_http_conn *conn, struct bsg_http_exchange *x, int64_t wait_ms);
void bsg_http_conn_release(struct bsg_http_conn *conn);

/* End every hold of a server with its `otherwise`. */
void bsg_http_conns_end_holds(struct bsg_http_server *server);

/* exchange.c */

enum bsg_http_end { BSG_HTTP_END_DEADLINE = 1, BSG_HTTP_END_GONE };

struct bsg_http_exchange {
	atomic_uint refs;
	pthread_mutex_t lock;
	struct bsg_http_server *server;
	struct bsg_http_conn *conn;		/* lock; NULL once the request is over */
	struct MHD_Connection *mhd;		/* lock; as conn */
	struct MHD_Response *response;		/* lock; the answer, until queued */
	struct bsg_http_waiters *waiters;	/* lock; where it waits */
	struct waiter *waiter;
	unsigned status;			/* lock */
	unsigned refused;			/* while the rest of a body is thrown away */
	bool answered;				/* lock; or the peer is gone */
	bool gone;				/* lock */
	bool suspended;				/* lock */
	bool wants_hold;			/* the handler asked for it */
	bool begun;				/* first call of the access handler is over */
	bool handled;				/* the handler was called */
	bool in_handler;			/* or in admit: request getters work */
	bool body_expected;
	bool close_after;
	enum bsg_http_lang language;
	int64_t wait_ms, hold_ms;
	int64_t started_us, held_since_us, held_us;
	const struct bsg_http_answer *otherwise;
	const struct bsg_http_pattern *pattern;
	const struct bsg_http_route *route;
	char **params;
	struct bsg_http_query_field *queries;
	size_t n_queries;
	uint8_t *body;
	size_t body_len, body_cap, drained, sent_len;
	struct bsg_http_peer peer;
	struct bsg_http_leaf *leaf;
	void *caller, *context;
	struct bsg_arena arena;			/* lock */
	char method[16];
	char id[BSG_HTTP_REQUEST_ID_LEN + 1];
	char *query;				/* in uri; NULL if none */
	char uri[];				/* path, NUL, query, NUL */
};

struct bsg_http_exchange *bsg_http_exchange_new(struct bsg_http_server *server,
						struct bsg_http_conn *conn,
						struct MHD_Connection *mhd, const char *uri);

/* End a hold from outside: `otherwise`, or nothing if the peer is gone. */
void bsg_http_exchange_end(struct bsg_http_exchange *x, enum bsg_http_end why);

/* The connection forgets @x: nothing can be answered any more. */
void bsg_http_exchange_over(struct bsg_http_exchange *x);

/* waiters.c: the exchange was answered; take it out of its list. */
void bsg_http_waiter_leave(struct bsg_http_waiters *waiters, struct waiter *waiter);

/* problem.c */
const char *bsg_http_problem_title(const struct bsg_http_server *server, const char *code,
				   enum bsg_http_lang lang);

/* listen.c: "HOST:PORT" or "unix:PATH" to a listening socket. */
enum bsg_err bsg_http_listen(const struct bsg_http_server_options *options, int *fd,
			     unsigned *port, char unix_path[static 108],
			     struct bsg_error *err) BSG_MUST_CHECK;

/* request.c: what happens to a request, in order */
enum MHD_Result bsg_http_access(void *cls, struct MHD_Connection *mhd, const char *url,
				const char *method, const char *version, const char *data,
				size_t *data_len, void **slot);
void *bsg_http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd);
void bsg_http_on_completed(void *cls, struct MHD_Connection *mhd, void **slot,
			   enum MHD_RequestTerminationCode why);

/* The request is over, sent or not; also when libmicrohttpd forgets to say so. */
void bsg_http_complete(struct bsg_http_conn *conn, bool sent);

#endif
