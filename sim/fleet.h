/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many simulated iPhones behind a proxy: a few threads that speak for all of them over keep-alive connections, plain HTTP to an Apple
 * plane with `apple_tls = proxy`, each request with its phone's certificate in Client-Cert (RFC 9440). With a transport of the
 * caller's there is no proxy: each phone has a connection of its own for what it does in one go.
 */
#ifndef BSG_SIM_FLEET_H
#define BSG_SIM_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "sim/iphone.h"

struct bsg_fleet;

/* TLS or the like around a connection, by whoever has a library for it: the fleet itself knows plain TCP alone. */
struct bsg_sim_transport {
	void *(*open)(int fd, size_t who, void *app);	/* a session for phone @who; NULL: it did not come about. May block */
	ssize_t (*send)(void *session, const void *data, size_t len);
	ssize_t (*receive)(void *session, void *data, size_t len);	/* 0 or less: over */
	void (*close)(void *session);			/* the session, not the connection */
	void *app;
};

/* One HTTP/1.1 connection to loopback, opened when needed and again after it was closed. Not thread-safe. */
struct bsg_sim_wire {
	unsigned port;
	const struct bsg_sim_transport *transport;	/* borrowed; NULL: plain TCP */
	size_t who;		/* for its open() */
	void *session;		/* its */
	int fd;			/* -1: closed */
	unsigned status;	/* of the last answer */
	struct bsg_buf body;	/* and its body */
};

void bsg_sim_wire_init(struct bsg_sim_wire *wire, unsigned port);
void bsg_sim_wire_hang_up(struct bsg_sim_wire *wire);	/* the connection alone: it may be used again */
void bsg_sim_wire_close(struct bsg_sim_wire *wire);

/**
 * Send one request and wait for its answer: status and body are in @wire.
 *
 * A kept connection that ends before an answer begins is opened anew, and the request is sent once more (RFC 9112, 9.3.1): send only
 * what may come twice, such as a PUT or a crossing with its id.
 *
 * @param headers  whole lines, each with CRLF
 * @param body     read before the old body is dropped; at most 256 KiB
 * @return BSG_OK; BSG_E_UNAVAILABLE: no connection, or it ended early; BSG_E_LIMIT, BSG_E_NO_MEMORY. Blocks without limit.
 */
enum bsg_err bsg_sim_wire_exchange(struct bsg_sim_wire *wire, const char *method, const char *path, const char *headers,
				   struct bsg_bytes body, struct bsg_error *err) BSG_MUST_CHECK;

/* What a phone is to do; bits. */
#define BSG_FLEET_AUTHENTICATE 1u
#define BSG_FLEET_TOKEN 2u	/* TokenUpdate */
#define BSG_FLEET_TALK 4u	/* Idle, and commands as long as there are some; a silent phone does nothing */
#define BSG_FLEET_IDLE 8u	/* one Idle, whose command is not carried out */

struct bsg_fleet_phone {
	struct bsg_iphone iphone;	/* the fleet's while it is not idle */
	char *certificate;		/* base64 of the DER; owned by the caller */
	unsigned wanted, running;	/* the fleet's */
};

struct bsg_fleet_options {
	unsigned port;			/* of the Apple plane */
	unsigned n_threads;		/* connections */
	const char *topic;
	const struct bsg_clock *clock;	/* the phones'; NULL: the machine's */
	struct bsg_fleet_phone *phones;	/* borrowed */
	size_t n;
	const struct bsg_sim_transport *transport;	/* borrowed; NULL: a proxy stands between */
	void (*on_command)(size_t i, void *app);	/* phone @i is offered one; in any thread of the fleet; NULL: nobody asks */
	void *app;
};

/* Counted since the start. */
struct bsg_fleet_stats {
	uint64_t n_requests, n_talks, n_commands, n_failed;
	char why[200];			/* of the first that failed */
};

/** Start its threads. @param out  owned, bsg_fleet_stop() */
enum bsg_err bsg_fleet_start(const struct bsg_fleet_options *options, struct bsg_fleet **out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_fleet_stop(struct bsg_fleet *fleet);

/** Let a phone do something soon. Any thread, never blocks. @param what  BSG_FLEET_* */
void bsg_fleet_want(struct bsg_fleet *fleet, size_t i, unsigned what);

/** The token of phone @i: a push to it names it again. */
void bsg_fleet_token(size_t i, uint8_t out[static BSG_IPHONE_TOKEN_LEN]);

/** Whose token (hex) it is. Of another's it is any number. */
size_t bsg_fleet_whose(const char *token);

/** A push came for this token (hex): that phone talks. For bsg_sim_apns_options.on_push. */
void bsg_fleet_pushed(struct bsg_fleet *fleet, const char *token);

bool bsg_fleet_is_idle(struct bsg_fleet *fleet);

/** Wait until nothing is wanted. Blocks. */
void bsg_fleet_wait(struct bsg_fleet *fleet);
void bsg_fleet_stats(struct bsg_fleet *fleet, struct bsg_fleet_stats *out);

#endif
