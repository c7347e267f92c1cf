/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a policy and the facts about one device to that device's orders: absolute UTC windows for a horizon.
 *
 * Pure: no clock, no store, no randomness. Equal input gives equal orders, byte for byte after wire's encoder, so
 * the server may compile again at any time and raise the serial only if something changed.
 */
#ifndef BSG_POLICY_COMPILE_H
#define BSG_POLICY_COMPILE_H

#include <bosaga/decide.h>
#include <bosaga/limits.h>

#include "policy/timetable.h"

#define BSG_COMPILE_HORIZON_S (INT64_C(35) * 86400)
#define BSG_COMPILE_NOW_MAX (BSG_TIME_MAX - BSG_COMPILE_HORIZON_S)	/* orders issued later would expire after the end of time */
#define BSG_COMPILE_LEAD_S INT64_C(3600)	/* the largest `lead`: a window this much later than the horizon may reach into it */

/* A person's or device's exemption that has both approvals; the server leaves out the others. */
struct bsg_compile_exemption {
	uint32_t functions;	/* bits of <bosaga/functions.h> */
	int64_t from, until;	/* [from, until), UTC seconds */
};

/* Everything the server knows that concerns one device's orders. All pointers are borrowed during the call. */
struct bsg_compile_facts {
	const char *device;		/* 32 hex digits */
	const char *person;		/* its owner's id */
	const char *const *units;	/* the owner's unit, and those above it if the organisation is a tree */
	size_t n_units;
	bool has_agent;			/* decides by itself; false: iPhone, the server drives it */
	const struct bsg_compile_exemption *exemptions;
	size_t n_exemptions;

	uint32_t serial;
	int64_t now;			/* UTC seconds: becomes `issued` */
	int64_t horizon_s;		/* 0: BSG_COMPILE_HORIZON_S, which is also the most */

	bool has_presence;		/* the last crossing of this device */
	uint32_t presence_seq;
	const char *presence_place;	/* a place this policy does not know (any more) is left out */
	bool presence_in;
	int64_t presence_at;
	bool has_release;
	int64_t release_at;
};

/* The result: orders whose slices point into memory that the same object owns. */
struct bsg_compiled {
	struct bsg_orders orders;	/* for wire's encoder: bsg_orders_prepare() accepts a copy of them, but was not
					   called, as it would join windows that are meant to travel cut (D6) */
	void *memory;
};

/**
 * Compile a policy for one device.
 *
 * Rules that do not concern the device are left out, and so are places but those that its rules name, those around them and
 * those inside them: a gate inside a place is a gate of the place (P17). A rule for several places becomes one rule a place, with
 * ids `rule`, `rule@2`, `rule@3`... (P16); stages decide `enforce` (P14); windows are cut to the horizon and, for rules without
 * place, to at most max_stay, touching (D6). A presence in a place that is left out becomes one in the nearest place around it.
 *
 * @param timetable  of @p policy, true for [facts->now cut to a minute, + horizon + BSG_COMPILE_LEAD_S); NULL: the policy has no iCalendar
 * @param out        owned by the caller, bsg_compiled_free(); NULL on failure; borrows nothing
 *
 * @return BSG_E_LIMIT    more rules, places or windows than orders can hold; err names the device and the limit
 * @return BSG_E_INVALID  a fact is malformed (an id too long, now < 0)
 * @return BSG_E_BUG      @p timetable does not reach as far as said
 * @return BSG_E_NO_MEMORY
 *
 * Cost: O(policy). No I/O, thread-safe.
 */
enum bsg_err bsg_policy_compile(const struct bsg_policy *policy, const struct bsg_timetable *timetable,
				const struct bsg_compile_facts *facts, struct bsg_compiled **out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Free compiled orders; NULL is fine. */
void bsg_compiled_free(struct bsg_compiled *compiled);

/* How a rule concerns somebody (P14). */
enum bsg_concern {
	BSG_CONCERN_NONE = 0,
	BSG_CONCERN_OBSERVED,	/* compiled and reported, never enforced */
	BSG_CONCERN_ENFORCED,
};

/**
 * Tell how a policy concerns a device or person: the strongest over its rules.
 *
 * For the count behind "one approver is enough while at most ten people are concerned" and for `policy plan`.
 *
 * @param facts  only device (may be NULL), person and units are read
 */
enum bsg_concern bsg_policy_concerns(const struct bsg_policy *policy, const struct bsg_compile_facts *facts);

/**
 * Mark the places that somebody's orders hold (P17).
 *
 * @param marks  one byte for each of policy->places; not zero: needed
 * @return false: none
 */
bool bsg_policy_needed_places(const struct bsg_policy *policy, const struct bsg_compile_facts *facts, uint8_t *marks);

/**
 * Write compiled orders as bytes that are equal exactly if the orders say the same (wire's encoding, without keys).
 *
 * @param buf  BSG_ORDERS_PAYLOAD_MAX bytes (wire/orders.h)
 * @return BSG_E_LIMIT, BSG_E_INVALID: wire refuses them; BSG_E_NO_MEMORY
 */
enum bsg_err bsg_compiled_bytes(const struct bsg_compiled *compiled, uint8_t *buf, size_t cap, struct bsg_bytes *out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** As bsg_policy_concerns(), for one rule. */
enum bsg_concern bsg_policy_rule_concerns(const struct bsg_policy_rule *rule, const struct bsg_compile_facts *facts);

#endif
