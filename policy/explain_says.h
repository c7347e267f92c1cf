/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations in words, in three languages: the sentences of bsg_explain().
 *
 * Private to policy/. It knows no decision: whoever calls says what was decided and why (docs/spec/policy.md P23, P24, P28).
 */
#ifndef BSG_POLICY_EXPLAIN_SAYS_H
#define BSG_POLICY_EXPLAIN_SAYS_H

#include <bosaga/decide.h>

#include "policy/coverage.h"

/* Why a function is not restricted. */
enum bsg_why_not {
	BSG_WHY_NO_RULE = 0,
	BSG_WHY_OBSERVE,
	BSG_WHY_NOT_NOW,		/* time: when the rule holds next */
	BSG_WHY_NOT_AGAIN,		/* code not_now too: these orders have no later time */
	BSG_WHY_ELSEWHERE,
	BSG_WHY_LEASE_OVER,		/* since: came in; time: the lease ended */
	BSG_WHY_TIME_UNVERIFIED,	/* time: the lease ended by a clock that nobody confirmed (D8.9) */
	BSG_WHY_EXEMPT,			/* time: until */
	BSG_WHY_BREAK_GLASS,		/* time: until */
	BSG_WHY_RELEASED,		/* time: since */
	BSG_WHY_EXPIRED,		/* time: since */
	BSG_WHY_NO_ORDERS,
};

/* What a sentence may name. Empty and 0: nothing. */
struct bsg_why_not_facts {
	enum bsg_why_not kind;
	struct bsg_str rule, place;
	const struct bsg_text *place_name;	/* NULL: it has none, its id is shown */
	int64_t time, since;
};

/* A function that is restricted. */
struct bsg_restricted_facts {
	const struct bsg_out_why *why;
	const struct bsg_text *place_name;	/* NULL: as above */
	enum bsg_grade grade;			/* enforced: the sentence ends with the reason */
	const struct bsg_policy_texts *how;	/* why it cannot be blocked */
	bool has_remedy;			/* false: nobody knows what the gate asks instead */
	enum bsg_remedy remedy;
};

/** Name a reason: its code in JSON, for ever the same. */
const char *bsg_why_not_code(enum bsg_why_not kind);

/** Say why a function is not restricted. @return {kk, ru, en}, a new reference; NULL: no memory */
json_t *bsg_why_not_text(const struct bsg_why_not_facts *facts) BSG_MUST_CHECK;

/** Say that a function is not restricted, and why. @return as bsg_why_not_text() */
json_t *bsg_why_not_says(const struct bsg_why_not_facts *facts) BSG_MUST_CHECK;

/** Say that a function is restricted, why, and what this phone cannot do about it. @return as bsg_why_not_text() */
json_t *bsg_restricted_says(const struct bsg_restricted_facts *facts) BSG_MUST_CHECK;

#endif
