/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a well-formed policy document a policy: references, trees, geometry, what no rule may say.
 *
 * bsg_policy_parse() calls this; nothing outside policy/ holds a policy that did not pass.
 */
#ifndef BSG_POLICY_CHECK_H
#define BSG_POLICY_CHECK_H

#include "policy/document.h"

/**
 * Refuse a policy that breaks a rule of docs/spec/policy.md, collecting all reasons.
 *
 * Checked: the same id twice (both positions are named), `where`, `when` and `parent` that name nothing, parents that are
 * no tree (P8), a rule with neither place nor window (P11), areas (P9), units and people that a stage needs (P14).
 *
 * @return BSG_E_INVALID  something was added to @p errors
 */
enum bsg_err bsg_policy_check(const struct bsg_policy *policy, struct bsg_policy_errors *errors) BSG_MUST_CHECK;

/**
 * Tell whether closed polygon edges touch or cross each other anywhere but in shared vertices.
 *
 * Exact integer arithmetic; O(n_vertices^2), at most 64 vertices.
 */
bool bsg_policy_area_crosses_itself(const struct bsg_policy_vertex *area, size_t n_vertices) BSG_MUST_CHECK;

/**
 * Find the known name that was probably meant.
 *
 * @param names  NULL-terminated
 * @return borrowed from @p names; NULL if none is near (a third of its letters, at most three)
 */
const char *bsg_policy_nearest(const char *unknown, size_t len, const char *const *names);

/** Add a mistake in the form `file:line:column: path: message`; counts on when the list is full. */
void bsg_policy_error_add(struct bsg_policy_errors *errors, const struct bsg_policy_at *at, const char *path,
			  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
