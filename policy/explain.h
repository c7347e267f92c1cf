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
	const struct bsg_orders *orders;	/* compiled or decoded; borrowed */
	int64_t at;				/* UTC seconds */
	const char *in;				/* id of the place the phone is supposed to be in, or NULL: in none */
	const struct bsg_state *state;		/* the phone's real state instead of @ref in, or NULL */
	const struct bsg_coverage *coverage;
	struct bsg_coverage_phone phone;
};

/**
 * Explain all functions.
 *
 * @param out  a new reference: [{function, restricted, rule, place, until, enforced, class, how, because, why_not}], one row a
 *             function in the catalogue's order. `enforced` is the grade; because, how and why_not are {kk, ru, en} or null;
 *             until is RFC 3339 or null. NULL on failure.
 * @return BSG_E_NOT_FOUND   the orders have no place @ref in
 * @return BSG_E_NO_MEMORY
 */
enum bsg_err bsg_explain(const struct bsg_explain_query *query, json_t **out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
