/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the agent does to the machine what the decision says: one enforcement per
 * function, each a table of the same few calls, so that the agent's loop never
 * knows what a camera is.
 *
 * An enforcement keeps nothing in memory that it could not find again in the
 * kernel or in its state folder: an agent that was killed and started anew
 * lifts what the agent before it restricted, and restricts nothing twice.
 */
#ifndef BSG_AGENT_ENFORCE_H
#define BSG_AGENT_ENFORCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

#include "agent/linux/devices.h"

#define BSG_ENFORCE_WHY 160
#define BSG_ENFORCE_MAX 8
#define BSG_ENFORCE_NO_END INT64_MAX

/* What an enforcement may know of its surroundings. Copied by open(). */
struct bsg_enforce_config {
	char scope[256];	/* cgroup, relative to the cgroup-v2 mount or a path below it */
	struct bsg_device_set camera;	/* nodes that are cameras */
	char rfkill[128];	/* the kernel's rfkill node */
	char state[256];	/* folder that survives a restart; also tells two agents apart */
	const struct bsg_log *log;	/* borrowed; may be NULL */
};

/* As in a policy's coverage. */
enum bsg_enforce_grade { BSG_GRADE_IMPOSSIBLE = 0, BSG_GRADE_PARTIAL, BSG_GRADE_ENFORCED };

struct bsg_probe {
	enum bsg_enforce_grade grade;
	char why[BSG_ENFORCE_WHY];	/* the mechanism, or what is missing; English, never empty */
};

/* What the kernel says, whatever we believe. */
enum bsg_enforce_seen {
	BSG_SEEN_UNKNOWN = 0,	/* could not be looked at */
	BSG_SEEN_OPEN,		/* nothing of ours restricts it */
	BSG_SEEN_RESTRICTED,	/* it was tried and refused */
	BSG_SEEN_LEAKING,	/* we restrict it, but something still gets through */
};

struct bsg_verdict {
	enum bsg_enforce_seen seen;
	char why[BSG_ENFORCE_WHY];	/* empty for OPEN and RESTRICTED */
};

struct bsg_enforcer;	/* an enforcement's own, opened */

/* One enforcement. Every call is idempotent and may be made in any state. */
struct bsg_enforcement {
	const char *name;	/* of the function, as in <bosaga/functions.h> */

	/** @return BSG_OK, BSG_E_NO_MEMORY, BSG_E_LIMIT. Touches nothing outside. */
	enum bsg_err (*open)(const struct bsg_enforce_config *config, struct bsg_enforcer **out,
			     struct bsg_error *err);
	/** Free; what is restricted stays restricted. */
	void (*close)(struct bsg_enforcer *enforcer);

	/** Say what this machine can do, by looking, without restricting anything. */
	void (*probe)(struct bsg_enforcer *enforcer, struct bsg_probe *out);

	/**
	 * Say when the restriction ends by itself, also if nobody is there any more to
	 * lift it. NULL: this machine has no means for that; the next start lifts.
	 *
	 * What is restricted already gets it with the next keep().
	 *
	 * @param end_ms  CLOCK_BOOTTIME in ms; BSG_ENFORCE_NO_END, as after open(): never. It may jitter by
	 *                the second to which leases are counted: that is no change
	 * @return whether it changed
	 */
	bool (*set_end)(struct bsg_enforcer *enforcer, int64_t end_ms);

	/**
	 * Restrict (`restrict` is a word of C's own): new uses are refused when this
	 * returns, uses that were running are stopped by keep() within 2 s.
	 */
	enum bsg_err (*impose)(struct bsg_enforcer *enforcer, struct bsg_error *err);

	/** Lift, also what an agent before this one left; BSG_OK only if the kernel agrees. */
	enum bsg_err (*lift)(struct bsg_enforcer *enforcer, struct bsg_error *err);

	/** Look at the kernel and try. Blocks for some milliseconds. */
	void (*verify)(struct bsg_enforcer *enforcer, struct bsg_verdict *out);

	/**
	 * While restricted: undo what others undid, stop what still runs.
	 *
	 * @param again_ms  call again after this long, or when fd() is readable
	 */
	enum bsg_err (*keep)(struct bsg_enforcer *enforcer, int *again_ms, struct bsg_error *err);

	/** A descriptor to poll for reading, or -1: keep() is to be called when it is readable. */
	int (*fd)(struct bsg_enforcer *enforcer);
};

extern const struct bsg_enforcement bsg_enforce_camera;
extern const struct bsg_enforcement bsg_enforce_wifi;

/* All of them, in the order of their names; ended by NULL. */
extern const struct bsg_enforcement *const bsg_enforcements[];

#endif
