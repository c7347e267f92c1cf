/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pushes to Apple's push service (APNs): the nudge that makes an iPhone ask us for commands.
 *
 * A sender has one thread of its own and a few HTTP/2 connections. It keeps one push per
 * device, sends it until Apple answers or it expires, and reports how that ended. It knows
 * nothing of commands: hand a push over *after* the command is durably stored, never inside
 * the transaction. That Apple took a push does not mean that the phone got it.
 *
 * Rules A60-A79 of docs/spec/apple.md. Apple's side: "Sending notification requests to APNs",
 * "Handling notification responses from APNs".
 */
#ifndef BSG_HTTP_PUSH_H
#define BSG_HTTP_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"

#define BSG_PUSH_TOKEN_MAX 100		/* bytes of a device token; 32 today */
#define BSG_PUSH_MAGIC_MAX 128		/* bytes of a PushMagic; a UUID today */
#define BSG_PUSH_REASON_SIZE 64

/* Why the phone shall call. It decides which one stays when two wait for one device. */
enum bsg_push_kind {
	BSG_PUSH_LOCK = 1,	/* expires with the window */
	BSG_PUSH_LIFT,		/* lives for days */
};

struct bsg_push {
	const char *device;	/* 32 hex digits: our key, Apple never sees it */
	struct bsg_bytes token;	/* of the last TokenUpdate, 1 to BSG_PUSH_TOKEN_MAX bytes */
	const char *magic;	/* PushMagic of it: UTF-8, 1 to BSG_PUSH_MAGIC_MAX bytes */
	enum bsg_push_kind kind;
	unsigned priority;	/* 0: 10, now; 5: when it suits the phone's battery */
	int64_t expiration;	/* Unix seconds: neither we nor Apple try after it */
};

/* How a push ended. Exactly one result comes for each push that was not merged into another. */
enum bsg_push_outcome {
	BSG_PUSH_TAKEN = 1,	/* Apple has it (200). Push again until the phone has called */
	BSG_PUSH_UNREGISTERED,	/* 410: the token is dead, unless it was renewed after unregistered_at */
	BSG_PUSH_BAD_TOKEN,	/* 400: never was a token of this topic and endpoint */
	BSG_PUSH_EXPIRED,	/* its expiration came first */
	BSG_PUSH_DROPPED,	/* the sender stopped */
	BSG_PUSH_FAILED,	/* refused for a reason that trying again does not change */
};

/* Pointers live as long as the call. */
struct bsg_push_result {
	const char *device;
	struct bsg_bytes token;		/* that it was for: one that came later has a result of its own */
	enum bsg_push_kind kind;
	enum bsg_push_outcome outcome;
	const char *reason;		/* Apple's word, or ours; "" with TAKEN */
	unsigned status;		/* of the last answer; 0: there was none */
	int64_t unregistered_at;	/* Unix seconds, 0 if Apple did not say */
	const char *id;			/* apns-id, for talks with Apple; the same in every attempt */
	unsigned n_attempts;
};

enum bsg_push_state {
	BSG_PUSH_STARTING = 0,	/* nothing was answered yet */
	BSG_PUSH_WORKING,
	BSG_PUSH_DOWN,		/* the endpoint cannot be reached or trusted: tried again with growing pauses */
	BSG_PUSH_HALTED,	/* Apple refuses our certificate, token or topic: nothing is tried until reconfigured */
};

/* One of the two. Copied. */
struct bsg_push_credentials {
	const char *certificate_pem;	/* the push certificate, and what belongs behind it */
	const char *key_pem;

	const char *team_id;		/* a token (JWT, ES256) instead */
	const char *key_id;
	/* Sign by that key. Called on the sender's thread, at most every 20 minutes. */
	enum bsg_err (*sign)(void *sign_app, struct bsg_bytes data, uint8_t out[static 64], struct bsg_error *err);
	void *sign_app;
};

struct bsg_push_options {
	const char *endpoint;		/* "api.push.apple.com:443" */
	const char *ca_pem;		/* the only roots to trust; NULL: the system's, for Apple's own names only */
	const char *topic;
	struct bsg_push_credentials credentials;
	unsigned connections_max;	/* 0: 4 */
	unsigned streams_max;		/* requests under way; 0: 500 */
	unsigned queue_max;		/* pushes waiting or under way; 0: 200,000 (about 60 MB when full) */
	unsigned answer_timeout_ms;	/* without any answer a connection counts as dead; 0: 10 s */
	unsigned pause_min_ms;		/* first pause before trying again; 0: 1 s */
	unsigned pause_max_ms;		/* 0: 60 s */
	const struct bsg_clock *clock;	/* NULL: the machine's */

	/* Both on the sender's thread, without a lock held; they may call bsg_push_send(), not close. */
	void (*on_result)(const struct bsg_push_result *result, void *app);
	void (*on_state)(enum bsg_push_state state, const char *why, void *app);	/* once per change; NULL: none */
	void *app;
};

/* For /metrics. The n_ of results count as in enum bsg_push_outcome. */
struct bsg_push_stats {
	enum bsg_push_state state;
	uint64_t n_waiting, n_flying;	/* now */
	uint64_t n_asked;		/* bsg_push_send() that said BSG_OK */
	uint64_t n_merged;		/* of those, into one that waited */
	uint64_t n_refused;		/* of the others, because the queue was full */
	uint64_t n_attempts;		/* requests begun */
	uint64_t n_retries;		/* of those, not the first of their push */
	uint64_t n_connections;		/* opened */
	uint64_t n_taken, n_unregistered, n_bad_token, n_expired, n_dropped, n_failed;
};

struct bsg_push_sender;

/**
 * Start a sender. It connects when there is something to send.
 *
 * With an expired certificate it starts halted: the rest of the server shall run.
 *
 * @param options  copied, with everything it points to but clock, sign_app and app
 * @param out      owned, bsg_push_sender_close(); NULL on failure
 *
 * @return BSG_OK, BSG_E_INVALID (endpoint, topic; the system's roots for another host than Apple's; neither or both
 *         of certificate and token), BSG_E_DENIED (a certificate of another topic), BSG_E_CRYPTO (certificate, key or
 *         CA do not load or do not belong together), BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_push_sender_open(const struct bsg_push_options *options, struct bsg_push_sender **out,
				  struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Stop at once and free it: what waits or is under way ends as BSG_PUSH_DROPPED, reported before this returns.
 *
 * Waits for no answer. Not from a callback. NULL is fine.
 */
void bsg_push_sender_close(struct bsg_push_sender *sender);

/**
 * Hand over a push. Never blocks; any thread.
 *
 * If one waits for this device, the two become one: the newer token and magic, the later expiration, the higher priority,
 * a lift if either is. What is under way already is followed by the new one.
 *
 * @return BSG_OK, BSG_E_INVALID (device, token, magic, kind, priority), BSG_E_LIMIT (the queue is full: nothing is kept, say so or
 *         come again), BSG_E_UNAVAILABLE (it is stopping), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_push_send(struct bsg_push_sender *sender, const struct bsg_push *push, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Use other credentials from now on, and go on if it was halted. What is under way is waited for first.
 *
 * @return as bsg_push_sender_open(); after a failure the old ones stay
 */
enum bsg_err bsg_push_reconfigure(struct bsg_push_sender *sender, const struct bsg_push_credentials *credentials,
				  struct bsg_error *err) BSG_MUST_CHECK;

/** Look at the clock now: after a test has moved it. */
void bsg_push_wake(struct bsg_push_sender *sender);

void bsg_push_stats(struct bsg_push_sender *sender, struct bsg_push_stats *out);

#endif
