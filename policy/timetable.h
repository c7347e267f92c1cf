/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the rules of a policy hold: the windows of each rule over a span of time, calendars included.
 *
 * Made once for all devices: compiling one device's orders only cuts it. Never changed afterwards; counted references, so
 * that many threads can hold it while a newer one is made. Rules: docs/spec/policy.md P13, P13a.
 */
#ifndef BSG_POLICY_TIMETABLE_H
#define BSG_POLICY_TIMETABLE_H

#include "policy/document.h"

struct bsg_timetable_rule {
	const struct bsg_policy_window *windows;	/* sorted, joined; those of calendars are cut to the span */
	size_t n;
};

struct bsg_timetable {
	int64_t from, until;	/* what it is true for; the whole of time for a policy without iCalendar */
	const struct bsg_timetable_rule *rules;	/* beside policy->rules */
};

/* What is asked for. */
struct bsg_timetable_span {
	int64_t from, until;	/* [from, until): UTC seconds, cut to whole minutes outwards, at most BSG_SCHEDULE_SPAN_MAX long */
	int64_t wait_ms;	/* how long all calendars together may take, looked at between two of them; 0: no limit */
};

/**
 * Expand the calendars of a policy.
 *
 * Calendars that no rule names are expanded too, so that a mistake in them is told. Floating and all-day times are in the zone of
 * the rule's places (bsg_policy_zone()), which must be exactly one; a rule without place takes the zone of all places.
 *
 * @param policy  borrowed: it must outlive the timetable
 * @param out     owned, bsg_timetable_drop(); NULL on failure
 * @param errors  filled on BSG_E_INVALID, as by bsg_policy_parse(); may be NULL
 *
 * @return BSG_E_INVALID      a calendar has a mistake, is too large, or its times have no zone; err has the first
 * @return BSG_E_LIMIT        the calendars took longer than span.wait_ms, or hold more windows than P2 allows
 * @return BSG_E_UNAVAILABLE  calendars cannot be read on this machine; err says why
 * @return BSG_E_NO_MEMORY
 *
 * Blocks: one program a calendar and zone, some milliseconds each. Thread-safe.
 */
enum bsg_err bsg_timetable_make(const struct bsg_policy *policy, struct bsg_timetable_span span, struct bsg_timetable **out,
				struct bsg_policy_errors *errors, struct bsg_error *err) BSG_MUST_CHECK;

/** Whether it is true for all of [from, until). */
bool bsg_timetable_covers(const struct bsg_timetable *timetable, int64_t from, int64_t until);

/** Hold it once more. @return it */
struct bsg_timetable *bsg_timetable_hold(struct bsg_timetable *timetable);

/** Let go; the last one frees it. NULL is fine. */
void bsg_timetable_drop(struct bsg_timetable *timetable);

/** Count the seconds in [from, until) in which a rule of @p policy holds. @param rule  one of policy->rules */
int64_t bsg_timetable_seconds(const struct bsg_timetable *timetable, const struct bsg_policy *policy,
			      const struct bsg_policy_rule *rule, int64_t from, int64_t until);

#endif
