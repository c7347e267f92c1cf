/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated iPhone (sim/iphone.h) with a network, a clock and a folder: it is enrolled, checks in, hears pushes, talks. The folder is
 * what makes it the same phone after a restart, with the profile that it had.
 */
#ifndef BSG_SIM_IPHONE_LINK_H
#define BSG_SIM_IPHONE_LINK_H

#include "base/error.h"
#include "base/log.h"
#include "sim/iphone.h"

struct bsg_iphone_link;

/* What restricts it has changed, or the time until when. */
struct bsg_iphone_change {
	int64_t at;
	uint32_t restricted;	/* functions */
	int64_t until;		/* it removes itself then; 0: never, or nothing is restricted */
	const char *why;	/* static: install, remove, lease */
};

struct bsg_iphone_link_options {
	const char *dir;		/* made if missing */
	struct bsg_bytes profile;	/* of an invitation; empty: only open what is in @dir */
	const char *root_file;		/* copied at the enrolment, and trusted instead of the root in the profile; NULL: that */
	const char *key_file;		/* an RSA key, PEM, shared with other phones; NULL: its own, made in @dir */
	uint32_t is;			/* BSG_IPHONE_*, as it begins; a phone that is there keeps HOTSPOT_OFF and BLUETOOTH_OFF */
	int poll_s;			/* ask for commands so often, without a push; 0: never */
	int locked_s;			/* a push finds the screen locked, and it is unlocked so much later; 0: it does not */
	bool locked_often;		/* with locked_s: only by chance, half of the pushes */
	const struct bsg_log *log;	/* borrowed; may be NULL */
	void (*on_change)(const struct bsg_iphone_change *change, void *app);	/* on the phone's thread */
	void *app;
};

/**
 * Enrol a phone, or open the one that is in the folder; check in if it has not. Blocks on the network.
 *
 * @param options  copied, but log and app; texts and the profile are not needed afterwards
 * @param out      owned, bsg_iphone_link_close(); NULL on failure
 * @return BSG_OK, BSG_E_NOT_FOUND (not enrolled yet, and no profile), BSG_E_DENIED (the server refused), BSG_E_UNAVAILABLE,
 *         BSG_E_CRYPTO, BSG_E_INVALID, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_iphone_link_open(const struct bsg_iphone_link_options *options, struct bsg_iphone_link **out,
				  struct bsg_error *err) BSG_MUST_CHECK;

/** Free it; not while bsg_iphone_link_run() runs. NULL is fine. */
void bsg_iphone_link_close(struct bsg_iphone_link *link);

/** The CN of its certificate: its device id, 32 hex digits. Borrowed. */
const char *bsg_iphone_link_device(const struct bsg_iphone_link *link);

/** Its push token, as hex. Borrowed. */
const char *bsg_iphone_link_token(const struct bsg_iphone_link *link);

/** Live: talk to the server once, then at each push, unlock, and end of a lease, until stopped or checked out. One thread a phone. */
void bsg_iphone_link_run(struct bsg_iphone_link *link);

/* What can happen to it; a set of bits. */
#define BSG_IPHONE_PUSH 1u	/* a push has come */
#define BSG_IPHONE_POLL 2u	/* talk, without a push */
#define BSG_IPHONE_LOCK 4u	/* its owner locks the screen */
#define BSG_IPHONE_UNLOCK 8u
#define BSG_IPHONE_CHECKOUT 16u	/* its owner removes the enrolment: everything is lifted */
#define BSG_IPHONE_STOP 32u

/** Let something happen. Any thread; never blocks for long. */
void bsg_iphone_link_happen(struct bsg_iphone_link *link, unsigned what);

#endif
