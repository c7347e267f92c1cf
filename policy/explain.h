/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a phone is as it is: for each function restricted or not, by which rule, until when, enforced how.
 *
 * The answer comes from bsg_step() on the device's own orders; this file only adds words. It therefore cannot
 * disagree with what the phone does.
 */
#ifndef BSG_POLICY_EXPLAIN_H
#define BSG_POLICY_EXPLAIN_H

#include <bosaga/decide.h>

#include "policy/coverage.h"

struct bsg_explain_query {
	const struct bsg_orders *orders;	/* compiled or decoded, prepared or not; borrowed */
	int64_t at;				/* UTC seconds */
	const char *in;				/* id of the place the phone is supposed to be in; "": in none;
						   NULL: where the orders' own presence says (the last crossing) */
	int64_t since;				/* when it came in there; 0: at that moment. Not read without @ref in */
	const struct bsg_state *state;		/* the phone's real state, of these orders, instead of @ref in; or NULL */
	const struct bsg_coverage *coverage;
	struct bsg_coverage_phone phone;
};

/**
 * Explain all functions.
 *
 * @param out  a new reference: [{function, restricted, rule, place, until, enforced, class, how, because, why_not, why_not_code}],
 *             one row a function in the catalogue's order. `enforced` is the grade on this phone; because, how and why_not
 *             are {kk, ru, en} or null; until is RFC 3339 or null; why_not_code is one of no_rule, elsewhere, not_now, exempt,
 *             observe, break_glass, released, expired, or null. NULL on failure.
 * @return BSG_E_NOT_FOUND   the orders have no place @ref in
 * @return BSG_E_INVALID     core refuses the orders; BSG_E_CONFLICT: the state is not of these orders
 * @return BSG_E_NO_MEMORY
 *
 * Thread-safe, no I/O.
 */
enum bsg_err bsg_explain(const struct bsg_explain_query *query, json_t **out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Tell what these orders restrict for a phone that comes into a place at a moment: what the gate asks of it.
 *
 * For bsg_coverage_verdict(). Exemptions count, stage `observe` does not.
 *
 * @param functions  0 on failure
 * @return as bsg_explain(); orders that do not know the place ask for nothing: BSG_OK, 0
 */
enum bsg_err bsg_explain_asked(const struct bsg_orders *orders, const char *place, int64_t at, uint32_t *functions,
			       struct bsg_error *err) BSG_MUST_CHECK;

#endif
