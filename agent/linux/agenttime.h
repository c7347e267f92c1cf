/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time it is, as far as a phone can know (docs/spec/decision.md, Time).
 *
 * Authenticated: the last server's or gate's time plus the monotonic difference,
 * within one boot. After a reboot without contact it is unverified: the later
 * of what was last known, plus what has passed since, and the real-time clock,
 * which its owner may set.
 */
#ifndef BSG_AGENT_TIME_H
#define BSG_AGENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include <bosaga/decide.h>

#include "base/clock.h"
#include "base/id.h"

/* Saved with the agent's state. Zero knows nothing. */
struct bsg_agent_time {
	char boot[BSG_UUID_SIZE];	/* the boot that the monotonic times are of */
	bool has_reference;		/* in this boot somebody trustworthy said the time */
	int64_t ref_utc, ref_mono_ms;	/* what they said, and when */
	int64_t last_utc, last_mono_ms;	/* the latest time known, however */
};

/** Read the kernel's id of this boot; empty if there is none, which no saved one equals. */
void bsg_agent_boot_id(char out[static BSG_UUID_SIZE]);

/** The time now. @param boot this boot's id */
struct bsg_time bsg_agent_time_now(const struct bsg_agent_time *time, const struct bsg_clock *clock,
				   const char *boot);

/** Note that it is @now, to be saved: the floor after a reboot. */
void bsg_agent_time_note(struct bsg_agent_time *time, const char *boot, const struct bsg_time *now);

/**
 * Learn the time from a verified connection or a gate.
 *
 * @param utc      what they said
 * @param mono_ms  when it arrived
 * @param may_go_back  a server's reply, or a token that repeats our nonce; others only move it on
 * @return whether the time changed by more than what a header's whole seconds explain, or became
 *         authenticated: step BSG_EVENT_CLOCK_CHANGED
 */
bool bsg_agent_time_learn(struct bsg_agent_time *time, const struct bsg_clock *clock, const char *boot,
			  int64_t utc, int64_t mono_ms, bool may_go_back);

#endif
