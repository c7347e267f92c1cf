/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the stand-in APNs share. Everything but `shared` belongs to its thread. */
#ifndef BSG_SIM_APNS_INTERNAL_H
#define BSG_SIM_APNS_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "sim/apns.h"

#define BSG_APNS_BODY_MAX 4096
#define BSG_APNS_AUTHORIZATION_MAX 1024

/* What an endpoint of Apple would say, or was told to say. */
struct bsg_apns_verdict {
	unsigned status;
	char reason[BSG_SIM_APNS_TEXT];
	int64_t timestamp_ms;
	int64_t retry_after_s;
	unsigned delay_ms;
	bool is_silent, drops, resets, goaway;
};

struct bsg_apns_request {
	char method[16];
	char path[BSG_SIM_TOKEN_SIZE + 16];
	char topic[BSG_SIM_APNS_TEXT], push_type[32], priority[8], expiration[24], id[BSG_UUID_SIZE + 1];
	char authorization[BSG_APNS_AUTHORIZATION_MAX];
	struct bsg_buf body;
	bool is_too_long;	/* a header that fits no field above */
};

struct bsg_apns_conn;

struct bsg_apns_stream {
	struct bsg_apns_stream *next;
	struct bsg_apns_conn *conn;
	int32_t id;
	struct bsg_apns_request request;
	struct bsg_apns_verdict verdict;
	char apns_id[BSG_UUID_SIZE];	/* as answered */
	bool is_waiting;		/* for due_ms */
	int64_t due_ms;
	char answer[256];
	size_t answer_len, answer_sent;
};

struct bsg_apns_conn {
	struct bsg_apns_conn *next;
	struct bsg_sim_apns *apns;
	int fd;
	unsigned number;		/* 0 before the handshake */
	gnutls_session_t tls;
	nghttp2_session *h2;		/* NULL before the handshake */
	char sender[BSG_SIM_APNS_TEXT];
	struct bsg_apns_stream *streams;
	unsigned n_streams;
	unsigned n_requests;
	int32_t last_id;		/* the newest that is worked on */
	bool is_leaving;		/* GOAWAY was sent: streams after last_id are lost */
	bool forsakes;			/* it leaves without the answers that are due */
	bool is_shut;			/* we have said good-bye and read until the peer does */
	bool is_dead;
	uint8_t *out;			/* waits for the socket */
	size_t out_len, out_sent;
};

/* apns.c */

struct bsg_sim_apns {
	struct bsg_sim_apns_options options;
	char *texts[8];			/* what options points to */
	size_t n_texts;
	int listen_fd, wake_fd;
	unsigned port;
	gnutls_certificate_credentials_t credentials;
	pthread_t thread;
	struct bsg_apns_conn *conns;
	struct timespec control_mtime;
	off_t control_size;
	ino_t control_inode;
	pthread_mutex_t lock;		/* all that follows */
	struct bsg_sim_behaviour behaviour;
	struct bsg_sim_apns_stats stats;
	bool is_stopping, drops_all;
};

/* Decide on a complete request, write it down, tell the caller. Fills stream->verdict. */
void bsg_apns_request_judge(struct bsg_apns_stream *stream);

/* apns_token.c: what is wrong with `Authorization`; NULL: nothing. */
const char *bsg_apns_token_fault(const struct bsg_sim_apns *apns, const char *authorization);

/* apns_conn.c */

/* Take a new socket, also on failure. */
enum bsg_err bsg_apns_conn_open(struct bsg_sim_apns *apns, int fd, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_apns_conn_close(struct bsg_apns_conn *conn);

/* Read, answer what is due, write, as far as the socket lets it. */
void bsg_apns_conn_run(struct bsg_apns_conn *conn, int64_t now_ms);

/* What to wait for on the socket (poll's events), and until when: INT64_MAX for no time. */
short bsg_apns_conn_events(const struct bsg_apns_conn *conn);
int64_t bsg_apns_conn_due(const struct bsg_apns_conn *conn);

#endif
