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
 * no tree (P8). What one place or rule says about itself was checked when it was read.
 *
 * @param whole  all files could be read to the end; false: names that nothing has are not told, what they name may
 *               stand in the part that could not be read
 */
void bsg_policy_check(const struct bsg_policy *policy, bool whole, struct bsg_policy_errors *errors);

/**
 * Tell whether closed polygon edges touch or cross each other anywhere but in shared vertices.
 *
 * Exact integer arithmetic; O(n_vertices^2), at most 64 vertices.
 *
 * @param edge  the first edge that does, by the number of the vertex it begins with; may be NULL
 * @param with  the edge that it meets
 */
bool bsg_policy_area_crosses_itself(const struct bsg_policy_vertex *area, size_t n_vertices, size_t *edge,
				    size_t *with) BSG_MUST_CHECK;

/**
 * Find the known name that was probably meant.
 *
 * @param names  NULL-terminated
 * @return borrowed from @p names; NULL if none is near (a third of its letters, at most three)
 */
const char *bsg_policy_nearest(const char *unknown, size_t len, const char *const *names);

/**
 * Add a mistake in the form `file:line:column: path: message`; counts on when the list is full.
 *
 * What documents say in it is made one line of UTF-8 without control characters.
 *
 * @param code  BSG_E_INVALID, BSG_E_DENIED or BSG_E_LIMIT
 */
void bsg_policy_error_add(struct bsg_policy_errors *errors, enum bsg_err code, const struct bsg_policy_at *at,
			  const char *path, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/** Sort by file, line and column; mistakes at one position stay in the order in which they were found. */
void bsg_policy_errors_sort(struct bsg_policy_errors *errors);

#define BSG_POLICY_AT_SIZE 160

/** Say where something else stands, for a message about both. @return buf */
const char *bsg_policy_say_at(const struct bsg_policy_at *at, char buf[static BSG_POLICY_AT_SIZE]);

/** Compare by file, line and column, as qsort wants it. */
int bsg_policy_at_compare(const struct bsg_policy_at *a, const struct bsg_policy_at *b);

#endif
