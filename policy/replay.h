/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy would have done to crossings that were recorded: the decision itself, run over them.
 *
 * For `policy replay`: a rule is tried on real days before it counts. Nothing is guessed: a device's orders are compiled as of
 * the period's beginning and stepped by core through its crossings and every edge in between (P27).
 */
#ifndef BSG_POLICY_REPLAY_H
#define BSG_POLICY_REPLAY_H

#include "policy/compile.h"
#include "policy/coverage.h"

#define BSG_REPLAY_SPAN_MAX BSG_COMPILE_HORIZON_S	/* seconds of one replay */

struct bsg_replay_crossing {
	int64_t at;
	const char *place;
	bool in;
};

/* One device's part of the period. All borrowed. */
struct bsg_replay_device {
	const struct bsg_policy *policy;
	const struct bsg_timetable *timetable;	/* as for bsg_policy_compile() */
	const struct bsg_compile_facts *facts;	/* facts->now and the presence in it are not read */
	int64_t from, until;			/* [from, until), at most BSG_REPLAY_SPAN_MAX long */
	const struct bsg_replay_crossing *crossings;	/* in the order of time, inside the period */
	size_t n_crossings;
	const struct bsg_coverage *coverage;
	struct bsg_coverage_phone phone;
};

struct bsg_replay_rule {
	int64_t enforced_s, observed_s;	/* device-seconds in which it held */
	int64_t n_crossings;		/* on the way in, at which it held then */
	int64_t n_devices, n_people;	/* for which it held at some time */
};

/* Sums over devices. Zeroed but for `rules` at the beginning. */
struct bsg_replay_sum {
	int64_t restricted_s[BSG_FUNCTIONS_COUNT];	/* device-seconds */
	int64_t observed_s[BSG_FUNCTIONS_COUNT];
	int64_t n_verdicts[BSG_REMEDY_ADMIT + 1];	/* of crossings in, by enum bsg_remedy */
	struct bsg_replay_rule *rules;			/* the caller's, zeroed, beside policy->rules; NULL: not wanted */
};

/**
 * Run one device's crossings through its orders and add up what comes of it.
 *
 * The device is in no place at the beginning. Crossings in places that its orders do not know count in the nearest place around.
 *
 * @param held  set for each of policy->rules that held at some time: the caller counts people with it; may be NULL with sum->rules
 * @return as bsg_policy_compile(); the sum is then unchanged
 *
 * Cost: about a microsecond for each crossing and each edge of a window in the period. Thread-safe for different sums.
 */
enum bsg_err bsg_replay_device(const struct bsg_replay_device *device, struct bsg_replay_sum *sum, bool *held,
			       struct bsg_error *err) BSG_MUST_CHECK;

#endif
