/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes when one version of a policy follows another: which rules and places, and for which devices.
 *
 * A change touches only the devices that it concerns: whom no changed rule names, whose orders hold no changed place and who did not
 * cross last in one has the same orders before and after, and nobody needs to compile them to know that (P25).
 */
#ifndef BSG_POLICY_CHANGES_H
#define BSG_POLICY_CHANGES_H

#include "policy/compile.h"

/* One version, as it is compiled; both borrowed. */
struct bsg_policy_version {
	const struct bsg_policy *policy;
	const struct bsg_timetable *timetable;	/* must reach over the orders of the moment asked about, as for bsg_policy_compile();
						   NULL: not known, then rules with calendars count as changed. Only of the earlier one */
};

enum bsg_delta {
	BSG_DELTA_SAME = 0,
	BSG_DELTA_ADDED,
	BSG_DELTA_REMOVED,
	BSG_DELTA_CHANGED,
};

struct bsg_changed {
	const char *id;			/* of the rule or place */
	enum bsg_delta change;
	size_t before, after;		/* index in the version's list; not read where there is none */
};

struct bsg_policy_changes {
	struct bsg_policy_version before, after;
	int64_t now;
	struct bsg_changed *rules, *places;	/* by id, also those that are the same */
	size_t n_rules, n_places;
	uint8_t *marks;			/* room for the places of either version */
};

/**
 * Compare two versions for orders issued at @p now.
 *
 * A rule is changed if it is written differently, or if one of its calendars says other times for these orders.
 *
 * @param out  to be freed by bsg_policy_changes_free(), also on failure; it borrows both versions
 * @return BSG_E_NO_MEMORY
 */
enum bsg_err bsg_policy_changes_find(struct bsg_policy_version before, struct bsg_policy_version after, int64_t now,
				     struct bsg_policy_changes *out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_policy_changes_free(struct bsg_policy_changes *changes);

/**
 * Tell in some microseconds whether the orders of a device may differ between the versions.
 *
 * @param facts  device, person, units and the place of the last crossing are read
 * @return false: they are the same, byte for byte, or fit under neither. Not for two threads at once: uses changes->marks
 */
bool bsg_policy_changes_touch(struct bsg_policy_changes *changes, const struct bsg_compile_facts *facts);

/**
 * Tell exactly whether the orders of a device differ between the versions, by compiling both if need be.
 *
 * @param facts  facts->now must be the moment that the changes were found for
 * @return as bsg_policy_compile(): BSG_E_LIMIT if the change touches them and they do not fit under the later version (orders that did not
 *         fit under the earlier one differ)
 */
enum bsg_err bsg_policy_changes_device(struct bsg_policy_changes *changes, const struct bsg_compile_facts *facts, bool *differ,
				       struct bsg_error *err) BSG_MUST_CHECK;

const char *bsg_delta_name(enum bsg_delta change);	/* `same`, `added`, `removed`, `changed` */

#endif
