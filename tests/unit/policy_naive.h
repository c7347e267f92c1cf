/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy evaluated directly: small, slow and obvious, made from docs/spec/policy.md and decision.md alone.
 *
 * It reads the JSON document at every question and shares nothing with policy/: no parser, no compiler, no windows made
 * in advance. The phone of it knows gates, leases, break-glass and release under authenticated time; no beacons or fixes.
 */
#ifndef TESTS_POLICY_NAIVE_H
#define TESTS_POLICY_NAIVE_H

#include <jansson.h>

#include <bosaga/decide.h>

#include "policy/compile.h"

#define NAIVE_ID 56		/* an id, `@N` and a zero */
#define NAIVE_PRESENT 32
#define NAIVE_RULES 64
#define NAIVE_WINDOWS 4096	/* of one rule */

struct naive_presence {
	char place[NAIVE_ID];
	int64_t since, anchor, end;
};

/* What a phone would know, kept in the words of decision.md. */
struct naive_phone {
	struct naive_presence present[NAIVE_PRESENT];
	size_t n_present;
	int64_t last_gate, last_gate_in, release_at, release_given, bg_until;
	int64_t presses[BSG_BREAK_GLASS_PER_DAY_MAX];
	size_t n_presses;
	uint32_t presence_seq;
};

struct naive {
	json_t *doc;				/* {places, calendars, rules}: ids are texts; borrowed */
	const struct bsg_compile_facts *facts;	/* of the last compilation; borrowed */
	int early[NAIVE_RULES];			/* minutes that this device begins early, beside the document's rules (P19) */
	struct naive_phone phone;
};

struct naive_why {
	char rule[NAIVE_ID], place[NAIVE_ID];	/* place "": none */
	int64_t until;
};

struct naive_answer {
	uint32_t restricted, observed;
	uint32_t exempted;	/* functions that a rule which holds would restrict, but for an exemption */
	uint32_t kept;		/* functions that stay restricted under break-glass */
	bool by_parent;		/* a rule holds because the phone is in a place inside the rule's */
	bool tied;		/* two rules ended last */
	struct naive_why why[BSG_FUNCTIONS_COUNT];
	enum bsg_no_pass no_pass;
};

struct naive_range {
	size_t least, most;
};

/* How much the orders have to hold; a range where the document leaves it open. */
struct naive_size {
	struct naive_range rules, places, windows, apps, exemptions;
};

enum naive_done { NAIVE_DONE = 0, NAIVE_STALE, NAIVE_UNKNOWN, NAIVE_REFUSED, NAIVE_NOTHING };

int64_t naive_time(const char *rfc3339);
int64_t naive_duration(json_t *value, int64_t otherwise);
bool naive_has(json_t *list, const char *text);	/* a list of texts has one */
const char *naive_text(json_t *object, const char *key);	/* NULL: none */

/* The document. */
enum bsg_concern naive_concern(json_t *rule, const struct bsg_compile_facts *facts);
json_t *naive_place(json_t *doc, const char *id);	/* NULL: none */
bool naive_inside(json_t *doc, const char *place, const char *outer);	/* also of itself */
bool naive_needed(json_t *doc, const struct bsg_compile_facts *facts, const char *place);
/* The n-th of a rule's places, in the order of their ids, each once. NULL: it has fewer */
const char *naive_rule_place(json_t *rule, size_t n);
void naive_rule_id(json_t *rule, size_t nth, char id[NAIVE_ID]);	/* in orders, of its nth place, from 1 (P16) */
bool naive_always(json_t *rule);
/* The end of the joined window that contains a moment; 0: none does. Not cut to a horizon. */
int64_t naive_window_end(json_t *doc, json_t *rule, int early, int64_t at);
/* A rule's windows, joined and cut to a horizon; to be freed. */
struct bsg_window *naive_windows(json_t *doc, json_t *rule, int early, int64_t from, int64_t until, size_t *n);
uint32_t naive_functions(json_t *list);
uint32_t naive_stay(json_t *place, bool has_agent);	/* seconds */
void naive_break_glass_limits(json_t *doc, const struct bsg_compile_facts *facts, uint32_t *minutes, uint32_t *per_day);
int64_t naive_begin(const struct bsg_compile_facts *facts);
int64_t naive_expires(const struct bsg_compile_facts *facts);
/* The nearest place around a crossing's place (or itself) that the orders have (P17); NULL: it is left out. */
const char *naive_crossing(json_t *doc, const struct bsg_compile_facts *facts);
void naive_size(json_t *doc, const struct bsg_compile_facts *facts, struct naive_size *out);

/* The phone. Every event first settles at its time. */
void naive_settle(struct naive *n, int64_t now);
void naive_take(struct naive *n, int64_t now);	/* n->doc and n->facts are the new ones */
enum naive_done naive_gate(struct naive *n, int64_t now, const char *place, bool in, int64_t at);
enum naive_done naive_press(struct naive *n, int64_t now);
void naive_ask(const struct naive *n, int64_t now, struct naive_answer *out);
/* The next moment after one at which something in the document or on the phone begins or ends; INT64_MAX: none. */
int64_t naive_edge(const struct naive *n, int64_t after);

#endif
