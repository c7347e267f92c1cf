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

/* Zero and NULL are "not given" where nothing else is said. */
struct bsg_explain_query {
	const struct bsg_orders *orders;	/* compiled or decoded, prepared or not; borrowed. NULL: the phone has none yet,
						   only with @ref state */
	int64_t at;				/* UTC seconds */
	const char *in;				/* id of the place the phone is supposed to be in; "": in none;
						   NULL: where the orders' own presence says (the last crossing) */
	int64_t since;				/* when it came in there; 0: at that moment. Not read without @ref in */
	int64_t break_glass_at;			/* when the owner pressed break-glass, as the phone reported; 0: never. Orders
						   compiled for a later moment have no windows at this one: compile for this.
						   Not read with @ref state, which knows */
	const struct bsg_state *state;		/* the phone's real state, of these orders, instead of @ref in; or NULL */
	bool unverified;			/* with @ref state: its time is not authenticated (D8.4) */
	const struct bsg_guest *guests;		/* with @ref state: credentials that the phone keeps (D13) */
	size_t n_guests;
	const struct bsg_coverage *coverage;
	struct bsg_coverage_phone phone;
	const struct bsg_policy *policy;	/* says what the gate asks where the phone cannot block a function; or NULL */
};

/**
 * Explain all functions.
 *
 * @param out  a new reference, one row a function in the catalogue's order:
 *             function, restricted, enforced (the grade on this phone), class, how ({kk, ru, en}), says ({kk, ru, en}: the whole
 *             as a sentence); and, null where they do not apply:
 *             of a function that is restricted: rule, place, until (RFC 3339), because ({kk, ru, en}), and remedy (what the
 *             gate asks instead if this phone cannot block it);
 *             of one that is not: why_not ({kk, ru, en}), why_not_code (no_rule, observe, not_now, elsewhere, lease_over,
 *             time_unverified, exempt, break_glass, released, expired, no_orders; P23), why_not_rule, why_not_place,
 *             why_not_time (P23). NULL on failure.
 * @return BSG_E_NOT_FOUND   the orders have no place @ref in
 * @return BSG_E_INVALID     core refuses the orders, or there are neither orders nor a state; BSG_E_CONFLICT: the state is
 *                           not of these orders
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
