/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sender of pushes share. Nobody else includes this. */
#ifndef BSG_HTTP_PUSH_INTERNAL_H
#define BSG_HTTP_PUSH_INTERNAL_H

#include <pthread.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "http/push_queue.h"
#include "http/tlsfiles.h"

#define BSG_PUSH_ANSWER_MAX 1024
#define BSG_PUSH_JWT_MAX 1024

/* push_answer.c: what an answer means. */

enum bsg_push_action {
	BSG_PUSH_ACT_TAKEN = 1,
	BSG_PUSH_ACT_UNREGISTERED,
	BSG_PUSH_ACT_BAD_TOKEN,
	BSG_PUSH_ACT_FAIL,
	BSG_PUSH_ACT_PAUSE_ONE,		/* try this device again later */
	BSG_PUSH_ACT_PAUSE_ALL,		/* try everything again later */
	BSG_PUSH_ACT_PAUSE_BOTH,	/* and this device later still, should it be the cause */
	BSG_PUSH_ACT_RENEW,		/* our token is too old: make another and try again */
	BSG_PUSH_ACT_HALT,		/* our certificate, token or topic is refused */
};

struct bsg_push_answer {
	unsigned status;
	char reason[BSG_PUSH_REASON_SIZE];
	int64_t unregistered_at;
	int64_t retry_after_ms;		/* 0: not said */
};

/* Read Apple's JSON, if it is that; what is missing stays "" and 0. */
void bsg_push_answer_read(const char *body, size_t len, struct bsg_push_answer *out);

/* Read a Retry-After (RFC 9110 section 10.2.3): seconds, or a date, as milliseconds from now; 0 if it is neither. */
int64_t bsg_push_retry_after(const char *value, int64_t now);

enum bsg_push_action bsg_push_answer_judge(const struct bsg_push_answer *answer);

/* push_token.c: who we are, to Apple. */

struct bsg_push_creds {
	struct bsg_tls_files files;	/* certificate and key; none with a token */
	int64_t not_after;		/* of the certificate; INT64_MAX with a token */
	char *team_id, *key_id;		/* NULL with a certificate */
	enum bsg_err (*sign)(void *sign_app, struct bsg_bytes data, uint8_t out[static 64], struct bsg_error *err);
	void *sign_app;
	char bearer[BSG_PUSH_JWT_MAX];	/* the header line; "" before it is made */
	int64_t made_ms;		/* mono */
};

/* Check and copy. @return as bsg_push_sender_open() */
enum bsg_err bsg_push_creds_new(const struct bsg_push_credentials *from, const char *topic,
				struct bsg_push_creds **out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_push_creds_free(struct bsg_push_creds *creds);

/* Make the token, unless there is a fresh one, or none is used. */
enum bsg_err bsg_push_creds_refresh(struct bsg_push_creds *creds, const struct bsg_clock *clock, struct bsg_error *err)
	BSG_MUST_CHECK;

/* Forget the token, if it is so old that Apple lets us make another. @return whether it was */
bool bsg_push_creds_outdate(struct bsg_push_creds *creds, const struct bsg_clock *clock);

/* push_flight.c: requests under way. */

struct bsg_push_flight {
	CURL *easy;
	struct curl_slist *headers;
	struct bsg_push_entry *entry;
	struct bsg_push_sender *sender;
	struct bsg_push_flight *prev, *next;	/* in flying; next also in idle */
	unsigned epoch;			/* the sender's when it began */
	int64_t sent_at_ms;		/* 0: waits for a connection or a stream */
	bool lacks_h2;
	char answer[BSG_PUSH_ANSWER_MAX];
	size_t answer_len;
	char error[CURL_ERROR_SIZE];
};

struct bsg_push_sender {
	/* Set once. */
	struct bsg_push_options options;	/* texts are in the next ones */
	char *endpoint, *topic;
	struct bsg_tls_files roots;
	pthread_t thread;

	/* The thread's own. */
	struct bsg_push_creds *creds;
	struct bsg_push_flight flying;	/* head of the ring */
	struct bsg_push_flight *idle;
	unsigned n_flying;
	bool is_halted;
	bool has_ended;			/* halted because the certificate has, by the clock as it was then */
	bool is_proven;			/* something was answered; before, one request at a time asks whether it works */
	unsigned level;			/* pauses in a row */
	unsigned epoch;			/* grows with each pause and each new token: failures of older requests are not news */
	int64_t pause_until_ms, last_answer_ms, check_at_ms;
	bool wants_reset;		/* connections are worth nothing: new ones when nothing flies */
	enum bsg_push_state reported;

	pthread_mutex_t lock;		/* all that follows */
	CURLM *multi;			/* used by the thread without the lock, exchanged with it */
	struct bsg_push_queue queue;
	struct bsg_push_creds *pending;	/* from bsg_push_reconfigure() */
	struct bsg_push_stats stats;
	bool is_stopping, is_woken;
};

/* Send what @entry wants, as a request under way. @return BSG_OK, BSG_E_NO_MEMORY */
enum bsg_err bsg_push_flight_begin(struct bsg_push_sender *sender, struct bsg_push_entry *entry, struct bsg_error *err)
	BSG_MUST_CHECK;

/* Take it out of the air, whether it has ended or not, and keep the handle for another. Gives its entry back. */
struct bsg_push_entry *bsg_push_flight_land(struct bsg_push_flight *flight);

/* What was answered. */
void bsg_push_flight_answer(const struct bsg_push_flight *flight, struct bsg_push_answer *out);

/* Exchange all connections for none. Nothing flies. */
void bsg_push_flights_reset(struct bsg_push_sender *sender);
void bsg_push_flights_free(struct bsg_push_sender *sender);
CURLM *bsg_push_multi_new(const struct bsg_push_sender *sender);

/* push_thread.c */

void *bsg_push_thread(void *sender);

#endif
