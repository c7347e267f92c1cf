/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent without its loop: facts in, the decision of core, the machine
 * restricted or lifted, reports out. It does no network and opens no socket, so
 * that tests give it a fake clock, fake enforcements and hand it what a server
 * would have sent. One thread.
 *
 * The order of things after every event (decide.h): step, save durably,
 * enforce, verify, report.
 */
#ifndef BSG_AGENT_AGENT_H
#define BSG_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include <bosaga/decide.h>

#include "agent/linux/enforce.h"
#include "agent/linux/identity.h"
#include "agent/linux/queue.h"
#include "agent/linux/saved.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/keyring.h"
#include "wire/gate.h"
#include "wire/orders.h"
#include "wire/report.h"

#define BSG_AGENT_NONCES 8	/* of own passes, which an `out` token has to repeat */
#define BSG_AGENT_NONCE_LIFE_S 90	/* a pass's 30 s, a token's 30 s, and a slow hand */

/* One function that this machine can restrict, or tries to. */
struct bsg_agent_slot {
	const struct bsg_enforcement *ops;
	struct bsg_enforcer *enforcer;
	uint32_t bit;
	struct bsg_probe probe;
	bool wanted;		/* what the decision says now */
	bool settled;		/* the machine was last seen as wanted */
	enum bsg_report_state state;	/* 0: open, as it should be */
	int64_t since;		/* utc, in this state */
	char why[BSG_ENFORCE_WHY];
	int64_t keep_at, verify_at;	/* monotonic ms; INT64_MAX: not at all */
	int64_t keep_ms;	/* how long keep() said it can wait */
};

/* Orders in force: signed bytes, and decoded. */
struct bsg_agent_orders {
	uint8_t *bytes;		/* owned; NULL: none */
	size_t len;
	struct bsg_orders_message *message;	/* owned; points into bytes */
	bool saved;		/* on disk: no state that goes with them is saved before */
};

/* The credential of a guest place (D13). */
struct bsg_agent_guest {
	uint8_t *bytes;		/* owned; NULL: slot not in use */
	size_t len;
	struct bsg_guest guest;	/* points into bytes */
};

struct bsg_agent_nonce {
	uint8_t nonce[BSG_NONCE_LEN];
	int64_t mono_ms;	/* made then; 0: not in use */
};

struct bsg_agent {
	struct bsg_agent_paths paths;
	struct bsg_identity identity;
	struct bsg_keyring *keyring;
	const struct bsg_clock *clock;
	const struct bsg_log *log;
	char boot[BSG_UUID_SIZE];

	struct bsg_saved saved;
	struct bsg_agent_orders orders;
	struct bsg_agent_guest guest[BSG_GUESTS_MAX];
	struct bsg_agent_nonce nonce[BSG_AGENT_NONCES];
	struct bsg_queue queue;
	bool queue_open;

	struct bsg_output output;	/* borrows from orders and guest */
	struct bsg_agent_slot slot[BSG_ENFORCE_MAX];
	size_t n_slots;
	int64_t tick_at;		/* monotonic ms of output.next */
	uint8_t *last_status;		/* owned: the last status report, to know a new one */
	size_t last_status_len;
};

struct bsg_agent_options {
	const char *state;			/* folder; enrolled */
	struct bsg_enforce_config enforce;
	const struct bsg_enforcement *const *enforcements;	/* NULL: all of this machine; ended by NULL */
	const struct bsg_clock *clock;		/* NULL: the machine's */
	const char *boot;			/* NULL: this boot's id */
	const struct bsg_log *log;
};

/**
 * Load everything and evaluate: what has expired meanwhile is lifted, what still
 * holds is restricted, when this returns.
 *
 * @param out  owned; bsg_agent_close()
 * @return as bsg_identity_load(), bsg_queue_open(); not for state or orders that are damaged: then
 *         nothing is in force and everything is lifted. So it is where starting again does not help
 *         (not enrolled, a damaged key or certificate): nobody would be there to lift later
 */
enum bsg_err bsg_agent_open(const struct bsg_agent_options *options, struct bsg_agent **out,
			    struct bsg_error *err) BSG_MUST_CHECK;

/** Free. What is restricted stays so: the next start decides. NULL is fine. */
void bsg_agent_close(struct bsg_agent *agent);

/** The time as the agent knows it. */
struct bsg_time bsg_agent_now(const struct bsg_agent *agent);

/**
 * Step an event at the present time; save, enforce, verify, report.
 *
 * Failing to save is logged and does not keep a restriction from being lifted.
 *
 * @return BSG_OK, BSG_E_INVALID (an event that core refuses)
 */
enum bsg_err bsg_agent_step(struct bsg_agent *agent, struct bsg_event *event, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Judge signed orders from the server (D9): verified against the pinned root, for
 * this device, newer. Never lifts in between (D11).
 *
 * @return BSG_OK (in force now, or already were), BSG_E_CRYPTO, BSG_E_INVALID, BSG_E_LIMIT,
 *         BSG_E_DENIED (another device's, or an older serial); then nothing has changed
 */
enum bsg_err bsg_agent_take_orders(struct bsg_agent *agent, const uint8_t *bytes, size_t len,
				   struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Learn the Date of a verified connection.
 *
 * @param mono_ms  when the answer arrived
 * @param late     the machine slept while it was on its way: it may be as old as that sleep was long, so
 *                 it sets the clock on but never back, which would make leases longer
 */
void bsg_agent_server_time(struct bsg_agent *agent, int64_t utc, int64_t mono_ms, bool late);

/** Somebody set the real-time clock, which counts while the time is unverified. */
void bsg_agent_wall_changed(struct bsg_agent *agent);

/** Milliseconds until bsg_agent_work() has something to do; -1: nothing is planned. */
int64_t bsg_agent_due_ms(const struct bsg_agent *agent);

/** Do what is due: ticks, keeping what is restricted, looking again. */
void bsg_agent_work(struct bsg_agent *agent);

/** An enforcement's descriptor became readable. */
void bsg_agent_wake_slot(struct bsg_agent *agent, size_t slot);

/** Lift everything now and for good, whatever the orders say: the device leaves. @return BSG_OK if all is open */
enum bsg_err bsg_agent_lift_all(struct bsg_agent *agent, struct bsg_error *err) BSG_MUST_CHECK;

/* --- what people ask for (control.c) --- */

/** What a tap did. */
struct bsg_agent_tapped {
	char place[BSG_NAME_SIZE];
	enum bsg_direction direction;
	bool has_pass;		/* after `in`: the answer to the gate */
	uint8_t pass[BSG_PASS_MAX];
	size_t pass_len;
};

/**
 * Take a threshold token (hex or base45) or an exit code of eight digits.
 *
 * Each counts once. Five wrong codes, and the next is tried only after 30 s,
 * then 60 s, doubling up to 15 minutes.
 *
 * @return BSG_OK, BSG_E_DENIED (not for this phone, place or time; used; not now), BSG_E_CRYPTO
 *         (not signed by a gate of our server), BSG_E_INVALID (neither token nor code)
 */
enum bsg_err bsg_agent_tap(struct bsg_agent *agent, const char *text, struct bsg_agent_tapped *out,
			   struct bsg_error *err) BSG_MUST_CHECK;

/** The owner says "I am entering" (self_in). @return BSG_OK, BSG_E_DENIED (that place wants a gate) */
enum bsg_err bsg_agent_enter(struct bsg_agent *agent, const char *place, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Break-glass.
 *
 * @param until  when restrictions come back
 * @return BSG_OK, BSG_E_DENIED (nothing is restricted, or none left today)
 */
enum bsg_err bsg_agent_break_glass(struct bsg_agent *agent, const char *reason, int64_t *until,
				   struct bsg_error *err) BSG_MUST_CHECK;

/* A pass and what people are told of it. */
struct bsg_agent_passed {
	uint8_t bytes[BSG_PASS_MAX];
	size_t len;
	int64_t expires;
	char place[BSG_NAME_SIZE];
};

/**
 * Sign a pass: only functions that were verified to be restricted are in it,
 * which may be none; what a gate makes of that is the place's policy.
 *
 * @param place  NULL: the outermost place where the device is present
 * @param token  that it answers, or NULL
 * @param gate   of the token
 * @return BSG_OK, BSG_E_DENIED (core gives none; the text says why)
 */
enum bsg_err bsg_agent_pass(struct bsg_agent *agent, const char *place, const struct bsg_token *token,
			    struct bsg_str gate, struct bsg_agent_passed *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/** The status as JSON text (10-interfaces). @return owned, free(); NULL out of memory */
char *bsg_agent_status_json(const struct bsg_agent *agent);

/* --- between the agent's own files --- */

/** Restrict and lift as agent->output says, verify, report what changed (apply.c). */
void bsg_agent_apply(struct bsg_agent *agent);

/** Open the enforcements and probe them (apply.c). */
enum bsg_err bsg_agent_open_slots(struct bsg_agent *agent, const struct bsg_agent_options *options,
				  struct bsg_error *err) BSG_MUST_CHECK;
void bsg_agent_close_slots(struct bsg_agent *agent);

/** Lift what an agent before this one left, without being one: only agent->paths and log are used (apply.c). */
void bsg_agent_lift_leftovers(const struct bsg_agent *agent, const struct bsg_agent_options *options);

/** Queue a report; failures are logged. */
void bsg_agent_report(struct bsg_agent *agent, struct bsg_report_item *item);

/** Queue the status if it is news (apply.c). */
void bsg_agent_report_status(struct bsg_agent *agent);

/** Save agent->saved, and first the orders that it goes with; failures are logged. @return whether it is on disk */
bool bsg_agent_save(struct bsg_agent *agent);

/** The index of a place of the orders in force, or -1. */
int bsg_agent_find_place(const struct bsg_agent *agent, struct bsg_str id);

/** Fill the digest by which core knows signed bytes again. */
enum bsg_err bsg_agent_digest(const uint8_t *bytes, size_t len, uint8_t out[static BSG_DIGEST_LEN],
			      struct bsg_error *err) BSG_MUST_CHECK;

/** Decode a verified-or-to-be-verified credential. @param at Unix seconds to verify at, 0: when it was issued */
enum bsg_err bsg_agent_read_credential(const struct bsg_agent *agent, struct bsg_bytes message, int64_t at,
				       struct bsg_gate_credential *out, struct bsg_error *err)
	BSG_MUST_CHECK;

static inline bool bsg_str_equal(struct bsg_str a, struct bsg_str b)
{
	return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.ptr, b.ptr, a.len) == 0);
}

#endif
