/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for Apple's push service: HTTP/2 over TLS, as strict as the real one about
 * path, headers, body and who sends; it delivers nothing and writes down what it got.
 *
 * For tests (in the same process) and for `bosaga-sim apns`. One thread of its own.
 */
#ifndef BSG_SIM_APNS_H
#define BSG_SIM_APNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "crypto/keys.h"

#define BSG_SIM_TOKEN_SIZE 201		/* a device token as hex, and NUL */
#define BSG_SIM_APNS_TEXT 129		/* topics, reasons, PushMagic, and NUL */

/* How to differ from what Apple would answer. Zeroed: not at all. */
struct bsg_sim_behaviour {
	unsigned status;			/* answer this, not 200 */
	char reason[BSG_SIM_APNS_TEXT];
	int64_t timestamp_ms;			/* in the body, as with a 410 */
	int64_t retry_after_s;			/* the header */
	unsigned delay_ms;			/* before each answer */
	bool is_silent;				/* take requests and answer nothing */
	bool drops;				/* close the connection instead of answering; behind a GOAWAY that names the reason, if there is one */
	bool resets;				/* reset the stream instead of answering */
	unsigned goaway_after;			/* as many requests on a connection, then GOAWAY: what comes later on it is lost */
	char token[BSG_SIM_TOKEN_SIZE];		/* only for this device token, "" for all */
	unsigned times;				/* so often, then as Apple again; 0: until told otherwise */
};

/* What came in, and what became of it. Pointers live as long as the call. */
struct bsg_sim_push {
	int64_t at_ms;				/* Unix time */
	unsigned connection;			/* 1 is the first */
	int32_t stream;
	const char *token;			/* hex, "" if none was in the path */
	const char *topic, *push_type, *id;	/* headers apns-…; "" if absent */
	const char *magic;			/* "" if the body has none */
	int64_t expiration;			/* 0 if absent */
	int64_t priority;
	const char *sender;			/* UID of the client certificate, "" with a token */
	const char *authorization;		/* the header, "" if absent; not in the record */
	unsigned status;			/* 0: not answered */
	const char *reason;			/* "" with 200 */
};

struct bsg_sim_apns_options {
	const char *listen;			/* "127.0.0.1:2197"; port 0: any; numeric */
	const char *certificate_pem, *key_pem;	/* of the server */
	const char *topic;
	const char *client_ca_pem;		/* senders need a certificate under it; NULL: they need a token */
	struct bsg_public_key token_key;	/* of tokens (ES256) */
	const char *team_id, *key_id;
	const char *record_path;		/* JSON, a line a push, appended; NULL: none */
	const char *control_path;		/* a behaviour as JSON, looked at before each request; NULL: none */
	unsigned max_streams;			/* at once on a connection; 0: 1000 */
	const struct bsg_clock *clock;		/* NULL: the machine's */
	void (*on_push)(const struct bsg_sim_push *push, void *app);	/* on its thread; NULL: none */
	void *app;
};

struct bsg_sim_apns_stats {
	unsigned n_connections;			/* that finished their handshake */
	unsigned n_open, n_open_max;		/* of those, now, and the most at once */
	unsigned n_refused;			/* that did not */
	unsigned n_requests;			/* complete ones */
	unsigned n_accepted;			/* answered 200 */
	unsigned n_streams_max;			/* the most at once on one connection */
	unsigned n_goaways;
	unsigned n_lost;			/* that came behind a GOAWAY */
};

struct bsg_sim_apns;

/**
 * Start it.
 *
 * @param options  copied, with everything it points to but clock and app
 * @param out      owned, bsg_sim_apns_stop(); NULL on failure
 * @return BSG_OK, BSG_E_INVALID (address, neither certificates nor tokens), BSG_E_CRYPTO, BSG_E_UNAVAILABLE,
 *         BSG_E_NO_MEMORY
 */
enum bsg_err bsg_sim_apns_start(const struct bsg_sim_apns_options *options, struct bsg_sim_apns **out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Close all connections and free it. NULL is fine. */
void bsg_sim_apns_stop(struct bsg_sim_apns *apns);

unsigned bsg_sim_apns_port(const struct bsg_sim_apns *apns);

/** Behave so from the next request on. Any thread. */
void bsg_sim_apns_behave(struct bsg_sim_apns *apns, const struct bsg_sim_behaviour *behaviour);

/** Close every connection at once, without a word. Any thread; it happens a moment later. */
void bsg_sim_apns_drop_all(struct bsg_sim_apns *apns);

void bsg_sim_apns_stats(struct bsg_sim_apns *apns, struct bsg_sim_apns_stats *out);

/**
 * Read a behaviour from JSON: members named as in the struct; an empty text is no difference.
 *
 * @return BSG_OK, BSG_E_INVALID (not JSON, an unknown member, a wrong type)
 */
enum bsg_err bsg_sim_behaviour_parse(const char *json, size_t len, struct bsg_sim_behaviour *out,
				     struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Make what a stand-in and its senders need, in @dir, unless it is there: ca.pem, server.pem and server.key (for
 * localhost, 127.0.0.1 and ::1), push.pem and push.key (a client certificate whose subject's UID is @topic).
 *
 * The CA's key is thrown away. Nothing here is fit for anything but tests.
 *
 * @return BSG_OK, BSG_E_CRYPTO, BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_sim_apns_certificates(const char *dir, const char *topic, struct bsg_error *err) BSG_MUST_CHECK;

#endif
