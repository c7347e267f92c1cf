/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision: what may this phone do, here and now?
 *
 * One pure state machine: (orders, state, event) -> (state, output). Freestanding
 * C11: no allocation, no clock, no I/O, no globals, no libc, no floating point.
 * bosagad, bosaga-agent, the Android library and `bosaga decide` run this same
 * code, so a decision made on a phone can be replayed on the server.
 *
 * Specification: docs/spec/decision.md; D1..D13 refer to it.
 *
 * A host does, for each event, in this order:
 *   1. fill struct bsg_event with what happened and with its clock as it is;
 *   2. bsg_step();
 *   3. store state (durably), orders if output.orders_taken, credentials as
 *      bsg_state_needs_guest() says;
 *   4. enforce output.restricted, verify, send output.reports;
 *   5. wake up at output.next for a BSG_EVENT_TICK.
 */
#ifndef BSG_DECIDE_H
#define BSG_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bosaga/error.h>
#include <bosaga/functions.h>
#include <bosaga/limits.h>
#include <bosaga/slice.h>

/* ---- orders ---------------------------------------------------------- */

/* Half-open: [from, until), UTC seconds. */
struct bsg_window {
	int64_t from, until;
};

/* A set of ways in which presence may begin without a gate. A gate always works. */
#define BSG_ENTER_BEACON UINT8_C(1)
#define BSG_ENTER_WIFI UINT8_C(2)
#define BSG_ENTER_AREA UINT8_C(4)
#define BSG_ENTER_SELF UINT8_C(8)
#define BSG_ENTER_ALL UINT8_C(15)

enum bsg_evidence_kind { BSG_EVIDENCE_BEACON = 0, BSG_EVIDENCE_WIFI };

struct bsg_evidence {
	struct bsg_str id;	/* 1..BSG_ID_MAX bytes, compared byte by byte; BSSIDs in lower case */
	enum bsg_evidence_kind kind;
};

struct bsg_vertex {
	int32_t lat, lon;	/* 1e-7 degrees; |lat| <= 900000000, |lon| <= 1800000000 */
};

struct bsg_place {
	struct bsg_str id;	/* 1..BSG_ID_MAX bytes, unique in the orders */
	struct bsg_str parent;	/* empty: none; else the id of a place of the same orders; a tree */
	struct bsg_text name;
	uint32_t max_stay;	/* s, <= BSG_DURATION_MAX; 0: that of the orders */
	uint32_t grace;		/* s, <= BSG_DURATION_MAX; taken as it is */
	uint32_t self_stay;	/* s, <= BSG_DURATION_MAX; taken as it is */
	uint8_t enter_by;	/* BSG_ENTER_*; others are refused */
	bool left_unconfirmed;	/* D5 applies here (the policy's default: yes) */
	uint32_t keep;		/* functions that break-glass leaves restricted */
	size_t n_evidence;	/* <= BSG_EVIDENCE_MAX; an (id, kind) once */
	struct bsg_evidence evidence[BSG_EVIDENCE_MAX];
	size_t n_vertices;	/* 0: no area; else 3..BSG_VERTICES_MAX */
	struct bsg_vertex area[BSG_VERTICES_MAX];	/* all within 1 degree of the first, in both directions */
};

struct bsg_rule {
	struct bsg_str id;	/* 1..BSG_RULE_ID_MAX bytes, unique in the orders */
	struct bsg_str place;	/* empty: none; else the id of a place of the same orders */
	bool always;		/* no windows: holds at any time; only with a place */
	uint16_t first_window, n_windows;	/* orders.windows[first..first + n); two rules' ranges are
						   the same or do not touch; 0 and not always: never */
	uint16_t first_app, n_apps;		/* orders.apps[first..first + n); only with BSG_APPS in restrict */
	uint32_t restrict_functions;	/* bits of <bosaga/functions.h> */
	bool enforce;		/* false: stage `observe` */
	struct bsg_text because;
};

struct bsg_exemption {
	uint32_t functions;
	int64_t from, until;	/* half-open */
};

/* Made by bsg_orders_prepare(), private to core. By rank, that is, places and rules in the order of their ids. */
struct bsg_prepared {
	bool done;
	uint8_t place[BSG_PLACES_MAX];		/* rank -> index into places */
	uint8_t rule[BSG_RULES_MAX];		/* rank -> index into rules */
	uint8_t rule_place[BSG_RULES_MAX];	/* rule rank -> place rank, or BSG_PLACES_MAX: none */
	uint16_t inside[BSG_PLACES_MAX];	/* place rank -> set of ranks: itself and all inside it */
	uint16_t around[BSG_PLACES_MAX];	/* place rank -> set of ranks: itself and its parents */
	uint32_t max_stay[BSG_PLACES_MAX];	/* effective, by rank */
	int32_t cosine[BSG_PLACES_MAX];		/* by rank; 1 << 30 is 1 */
	int32_t box[BSG_PLACES_MAX][4];		/* by rank, mm: least x, y, greatest x, y */
};

/*
 * The part of a policy that concerns one device. Signature and device are already
 * verified. Slices are borrowed from whatever it was decoded from. bsg_orders_prepare()
 * must have accepted it before bsg_step() sees it.
 */
struct bsg_orders {
	uint8_t device[BSG_DEVICE_LEN];
	uint32_t serial;	/* grows with every change; at least 1 */
	uint8_t digest[BSG_DIGEST_LEN];	/* first bytes of the SHA-256 of the signed bytes; whoever decodes fills
					   it, so that equal serials with other bytes are noticed (D9) */
	int64_t issued, expires;

	bool has_presence;	/* what the server knows of presence: the last crossing */
	struct {
		uint32_t seq;	/* grows with every crossing of this device */
		struct bsg_str place;	/* may be a place that these orders do not have */
		bool in;
		int64_t at;
	} presence;

	bool has_release;
	int64_t release_at;

	uint32_t max_stay;	/* s, 1..BSG_DURATION_MAX: of places that have none of their own */
	uint32_t break_glass_minutes;	/* <= BSG_BREAK_GLASS_MINUTES_MAX; 0: break-glass is always refused */
	uint32_t break_glass_per_day;	/* <= BSG_BREAK_GLASS_PER_DAY_MAX; 0: the same */

	size_t n_places;
	struct bsg_place places[BSG_PLACES_MAX];
	size_t n_rules;
	struct bsg_rule rules[BSG_RULES_MAX];
	size_t n_exemptions;
	struct bsg_exemption exemptions[BSG_EXEMPTIONS_MAX];
	size_t n_windows;
	struct bsg_window windows[BSG_WINDOWS_MAX];
	size_t n_apps;
	struct bsg_str apps[BSG_APPS_MAX];	/* 1..BSG_APP_NAME_MAX bytes each */

	struct bsg_prepared prepared;
};

/*
 * A guest place (D13): what a gate credential says about a place that the orders
 * do not know. Its one rule always holds there; its id in outputs is "guest".
 */
struct bsg_guest {
	struct bsg_str place;	/* 1..BSG_ID_MAX bytes */
	struct bsg_text name;
	uint32_t functions;	/* bits of <bosaga/functions.h> */
	size_t n_apps;
	struct bsg_str apps[BSG_GUEST_APPS_MAX];	/* only with BSG_APPS in functions */
	uint32_t max_stay;	/* s, 1..BSG_DURATION_MAX */
	struct bsg_text because;
	uint8_t digest[BSG_DIGEST_LEN];	/* first bytes of the SHA-256 of the credential; whoever decodes fills it */
};

/**
 * Check orders and make them ready for bsg_step(). Call once after decoding.
 *
 * Checks everything said beside the fields above, whatever the decoder has checked
 * already. Sorts and joins the windows inside each rule's range (D2: their order
 * never counts), which may lower n_windows of rules; places and rules keep their
 * order and indexes.
 *
 * @param why  may be NULL; a static English text on failure, NULL otherwise
 *
 * @return BSG_OK
 * @return BSG_E_INVALID  two ids alike, a parent or place that is missing, parents in a circle, a rule
 *                        with neither place nor window, a window that ends before it begins, an unknown bit...
 * @return BSG_E_LIMIT    more of something than <bosaga/limits.h> allows
 * @return BSG_E_DENIED   an app that must never be touched (D10)
 *
 * Cost: O(rules + windows^2 in the worst order + places^2); once an orders, not per step.
 */
enum bsg_err bsg_orders_prepare(struct bsg_orders *orders, const char **why) BSG_MUST_CHECK;

/** Check a guest place. @return as bsg_orders_prepare() */
enum bsg_err bsg_guest_check(const struct bsg_guest *guest, const char **why) BSG_MUST_CHECK;

/* ---- events ---------------------------------------------------------- */

struct bsg_time {
	int64_t utc;		/* s, the host's best knowledge; before 1970 and after 2100 are cut to that */
	int64_t mono_ms;	/* since boot, running through sleep */
	bool auth;		/* authenticated: the last server's or gate's time + monotonic time, within one boot */
};

enum bsg_event_kind {
	BSG_EVENT_TICK = 0,
	BSG_EVENT_GATE_IN,
	BSG_EVENT_GATE_OUT,
	BSG_EVENT_SELF_IN,
	BSG_EVENT_BEACON_SEEN,
	BSG_EVENT_BEACON_LOST,
	BSG_EVENT_WIFI_SEEN,
	BSG_EVENT_WIFI_LOST,
	BSG_EVENT_FIX,
	BSG_EVENT_ORDERS_CHANGED,
	BSG_EVENT_BOOT,
	BSG_EVENT_CLOCK_CHANGED,
	BSG_EVENT_BREAK_GLASS,
};
#define BSG_EVENT_KINDS 13

/* Every event first acts as a tick at its time. */
struct bsg_event {
	enum bsg_event_kind kind;
	struct bsg_time time;
	union {
		struct {		/* GATE_IN, GATE_OUT, SELF_IN */
			struct bsg_str place;	/* 1..BSG_ID_MAX bytes */
			int64_t at;	/* s; 0: now; not read by SELF_IN */
			bool bound;	/* GATE_IN: bound to this device; JSON's default is true */
			const struct bsg_guest *guest;	/* GATE_IN: from a verified credential, or NULL */
		} gate;
		struct bsg_str id;	/* BEACON_*, WIFI_* */
		struct {		/* FIX */
			int32_t lat, lon;	/* 1e-7 degrees */
			int64_t accuracy_mm;
			bool mock;
		} fix;
		const struct bsg_orders *orders;	/* ORDERS_CHANGED: the new ones, prepared */
	} u;
};

/* ---- state ----------------------------------------------------------- */

/* How presence in a place is known. */
enum bsg_by { BSG_BY_NONE = 0, BSG_BY_GATE, BSG_BY_SELF, BSG_BY_WEAK };

/* Times are seconds since 1970 in 32 bits, good until 2106; 0 is none. */
struct bsg_place_state {
	char id[BSG_ID_MAX];	/* padded with zeroes; all zero: slot not in use */
	uint32_t since;		/* presence began */
	uint32_t anchor, end;	/* its lease: [anchor, end) */
	uint32_t evidence;	/* last moment with evidence that counts for this place */
	uint32_t seen;		/* beacons and BSSIDs in sight: bits by index into the place's evidence */
	uint32_t far;		/* D5: the first fix of the running count */
	uint32_t lock_until;	/* D3: lock-out, at least until then; 0: none */
	uint32_t quiet;		/* D3: last moment that hinders the end of the lock-out */
	uint8_t by;		/* enum bsg_by */
	uint8_t reserved[3];	/* zero */
};

/*
 * What a phone remembers between two events. Plain data without pointers: the host
 * saves it through bsg_state_encode() after every step and before enforcing. All
 * zero is a phone that has seen nothing. Only core writes the fields.
 */
struct bsg_state {
	uint8_t device[BSG_DEVICE_LEN];
	uint32_t serial;		/* of the orders that it belongs to; 0: none yet */
	uint8_t digest[BSG_DIGEST_LEN];
	uint32_t presence_seq;		/* last word of the server that was followed */
	int64_t mono_ms;		/* D8: reference of the clock */
	uint32_t now;			/* time of the last step */
	uint32_t last_gate;		/* D3: latest `at` of a gate event */
	uint32_t last_gate_in;		/* D7: latest `at` of a gate_in */
	uint32_t release_at;		/* D7 */
	uint32_t release_given;		/* D7: as in the orders, to know it again */
	uint32_t break_glass_until;	/* 0: not running */
	uint32_t break_glass_total;	/* ever; for passes */
	uint32_t presses[BSG_BREAK_GLASS_PER_DAY_MAX];	/* as they came; 0: none */
	uint32_t quiet_until;		/* a tick before this, with the same kind of time, changes no output */
	uint8_t auth;			/* last step's time was authenticated */
	uint8_t expired;		/* D8 */
	uint8_t left_unconfirmed;	/* D5 */
	uint8_t reserved[5];		/* zero; so that there is no padding and equal states have equal bytes */
	uint8_t guest_digest[BSG_GUESTS_MAX][BSG_DIGEST_LEN];
	struct bsg_place_state places[BSG_PLACES_MAX];	/* in the order of ids, as the orders have them */
	struct bsg_place_state guests[BSG_GUESTS_MAX];
};

/**
 * Write state to bytes: same on every platform, versioned, with a checksum.
 *
 * @param buf  BSG_STATE_BYTES_MAX bytes
 * @return bytes written
 */
size_t bsg_state_encode(const struct bsg_state *state, uint8_t buf[BSG_STATE_BYTES_MAX]);

/**
 * Read state back.
 *
 * On failure start from zero: that lifts everything, and the next word of the
 * server or of a gate begins presence again.
 *
 * @param out  zeroed on failure
 * @return BSG_E_INVALID  another version, wrong length or checksum, a value that core never writes
 */
enum bsg_err bsg_state_decode(struct bsg_bytes bytes, struct bsg_state *out) BSG_MUST_CHECK;

/** Tell whether later steps need this guest credential among @p guests (D13); if not, the host may forget it. */
bool bsg_state_needs_guest(const struct bsg_state *state, const struct bsg_guest *guest);

/* ---- output ---------------------------------------------------------- */

/* Why there is no pass; the first that holds. */
enum bsg_no_pass {
	BSG_PASS_NONE = 0,	/* so that zeroed memory never passes: no reason, but may_pass is false */
	BSG_PASS_ORDERS_EXPIRED,
	BSG_PASS_RELEASED,
	BSG_PASS_TIME_UNVERIFIED,
	BSG_PASS_BREAK_GLASS,
	BSG_PASS_LEFT_UNCONFIRMED,
	BSG_PASS_ABSENT,
};

/* Numbers are for ever: they travel in reports. */
enum bsg_out_kind {
	BSG_OUT_CLOCK_CORRECTED = 1,	/* value: new - expected, s */
	BSG_OUT_LEFT_UNCONFIRMED,	/* place */
	BSG_OUT_BREAK_GLASS,		/* value: until */
	BSG_OUT_BREAK_GLASS_REFUSED,	/* value: 0 */
	BSG_OUT_GATE_EVENT_STALE,	/* place, value: at */
	BSG_OUT_GUEST_REFUSED,		/* place, value: at */
	BSG_OUT_PLACE_GONE,		/* place */
	BSG_OUT_UNKNOWN_PLACE,		/* place, value: at */
};

/* One thing that happened in this step and that the server should know. */
struct bsg_out_report {
	enum bsg_out_kind kind;
	size_t place_len;	/* 0: none */
	char place[BSG_ID_MAX];
	int64_t value;
};

/* What explains one restricted function: of several rules the one that ends last, then the smallest id. */
struct bsg_out_why {
	struct bsg_str rule;
	struct bsg_str place;		/* empty: the rule names none */
	const struct bsg_text *because;
	int64_t until;			/* this rule's window or lease ends */
};

struct bsg_out_present {
	struct bsg_str place;
	enum bsg_by by;
	int64_t since, anchor, end;	/* end of the lease */
};

/*
 * The answer. All zero restricts nothing and never passes. Slices and pointers are
 * borrowed from the orders in force, from the guests and from the event's guest.
 * Only what the counts and bits say is filled.
 */
struct bsg_output {
	uint32_t restricted;		/* functions restricted now */
	uint32_t observed;		/* functions that stage `observe` would restrict */
	struct bsg_out_why why[BSG_FUNCTIONS_COUNT];	/* by number, where `restricted` has the bit */
	size_t n_apps;
	struct bsg_str apps[BSG_OUT_APPS_MAX];	/* bytewise ascending, each once */
	size_t n_present;
	struct bsg_out_present present[BSG_PLACES_MAX + BSG_GUESTS_MAX];	/* by id ascending */
	bool may_pass;
	enum bsg_no_pass why_no_pass;
	uint32_t break_glass_total;	/* presses ever, for the pass */
	int64_t next;			/* first moment at which the output differs without a new event; 0: never */
	int64_t lift_by;		/* first moment at which windows and leases alone restrict nothing; 0: they do not now */
	size_t n_reports;
	struct bsg_out_report reports[BSG_OUT_REPORTS_MAX];	/* in the order in which things happened */
	bool orders_taken;		/* ORDERS_CHANGED: the new ones are in force from now on */
};

/* ---- the step -------------------------------------------------------- */

/**
 * Step the machine by one event.
 *
 * Pure: same arguments, same results, on every platform (D12). For
 * BSG_EVENT_ORDERS_CHANGED @p orders are the old ones: the core ticks them, judges
 * the new (D9) and answers by those in force then; output.orders_taken tells
 * which. If @p orders are newer than the state (a restart between storing orders
 * and state, or a state that is all zero) they are taken over before the event.
 *
 * @param orders     in force; borrowed. NULL: has none yet (then only ORDERS_CHANGED restricts)
 * @param guests     credentials stored by the host, n_guests <= BSG_GUESTS_MAX; NULL if 0; borrowed
 * @param state_in   borrowed
 * @param event      borrowed
 * @param state_out  written on BSG_OK, otherwise equal to @p state_in; may be @p state_in itself
 * @param out        zeroed unless BSG_OK
 *
 * @return BSG_OK
 * @return BSG_E_INVALID   an event that breaks what is said beside its fields, or orders not prepared
 * @return BSG_E_CONFLICT  @p orders are older than the state or for another device: the host
 *                         mixed up its files; find the newer orders or start from zero
 *
 * Cost: O(rules + places), about 0.5 us; a fix also O(vertices). Stack under 2 KiB. Thread-safe.
 */
enum bsg_err bsg_step(const struct bsg_orders *orders, const struct bsg_guest *guests, size_t n_guests,
		      const struct bsg_state *state_in, const struct bsg_event *event,
		      struct bsg_state *state_out, struct bsg_output *out) BSG_MUST_CHECK;

/**
 * Tell, in some nanoseconds, that a tick at this time would change nothing.
 *
 * True: bsg_step() with BSG_EVENT_TICK would give the last output again (but for
 * reports, which would be empty), and skipping it changes no later answer.
 * False: step. For hosts that tick many phones.
 */
bool bsg_tick_is_quiet(const struct bsg_orders *orders, const struct bsg_state *state, const struct bsg_time *time);

#endif
