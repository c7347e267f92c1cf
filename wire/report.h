/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device tells its server: one batch a POST, CBOR over mTLS, unsigned.
 *
 * A batch carries the instance that made it and that instance's count, so that two
 * agents with one key are noticed; each report in it an id, so that sending a
 * batch again does nothing. No position is ever in a report: there is no field
 * for one. Rules W30..W39 of docs/spec/messages.md.
 */
#ifndef BSG_WIRE_REPORT_H
#define BSG_WIRE_REPORT_H

#include <stdbool.h>

#include <bosaga/decide.h>
#include <bosaga/error.h>

#include "wire/gate.h"

#define BSG_REPORT_BATCH_MAX 16384	/* bytes */
#define BSG_REPORTS_MAX 16		/* in a batch */
#define BSG_REPORT_ID_LEN 16		/* random */
#define BSG_INSTANCE_ID_LEN 16		/* random, made at the agent's first start in its state folder */
#define BSG_REPORT_TEXT_MAX 240		/* bytes of UTF-8 */

/* What a report says. Zero is no kind. */
enum bsg_report_kind {
	BSG_REPORT_STATUS = 1,	/* what is restricted now, and whether it was verified */
	BSG_REPORT_COVERAGE,	/* what the agent's own probe says this machine can do */
	BSG_REPORT_EVENT,	/* what the decision reports: one of core's kinds */
	BSG_REPORT_BREAK_GLASS,	/* the owner lifted everything, with the reason that was typed */
	BSG_REPORT_CROSSING,	/* a token or a code was taken, or the owner said "I am entering" */
	BSG_REPORT_LEAVING,	/* this device leaves: unenrolled by its owner; nothing follows */
};

/* How far a restriction, or lifting it, has got. Zero is none. */
enum bsg_report_state {
	BSG_REPORT_ACKNOWLEDGED = 1,	/* ordered and done, not looked at */
	BSG_REPORT_VERIFIED,		/* looked at: it is restricted */
	BSG_REPORT_UNVERIFIED,		/* looked at: it is not restricted, or it could not be looked at */
	BSG_REPORT_STUCK,		/* should be open and is not: rule, place, until are empty */
};

struct bsg_report_function {
	uint32_t function;	/* exactly one bit of <bosaga/functions.h> */
	enum bsg_report_state state;
	int64_t since;		/* in this state */
	struct bsg_str rule;	/* that explains it; empty if stuck */
	struct bsg_str place;	/* empty: the rule names none */
	int64_t until;		/* as the output says it; 0: none known */
	struct bsg_str why;	/* of unverified and stuck, English; may be empty */
};

struct bsg_report_status {
	uint32_t serial;	/* of the orders in force; 0: has none */
	uint32_t observed;	/* what stage `observe` would restrict: bits */
	int64_t lift_by;	/* as the output says it; 0: none */
	bool discharged;	/* these orders were a discharge, and everything is open */
	size_t n_functions;
	struct bsg_report_function functions[BSG_FUNCTIONS_COUNT];	/* ascending, each once */
};

/* Numbers as in a policy's coverage. */
enum bsg_report_grade {
	BSG_REPORT_IMPOSSIBLE = 0,
	BSG_REPORT_PARTIAL,
	BSG_REPORT_ENFORCED,
};

struct bsg_report_cover {
	uint32_t function;	/* exactly one bit */
	enum bsg_report_grade grade;
	struct bsg_str why;	/* mechanism, or what is missing, English; may be empty */
};

struct bsg_report_coverage {
	struct bsg_str agent;	/* program and version, such as "bosaga-agent 0.1.0" */
	struct bsg_str system;	/* what it runs on, such as "Debian GNU/Linux 12, 6.1.0" */
	size_t n_functions;
	struct bsg_report_cover functions[BSG_FUNCTIONS_COUNT];	/* ascending, each once */
};

struct bsg_report_event {
	enum bsg_out_kind kind;	/* of <bosaga/decide.h> */
	struct bsg_str place;	/* empty: none */
	int64_t value;		/* what core says with that kind, such as the seconds a clock was corrected by */
};

struct bsg_report_break_glass {
	int64_t until;		/* when the restrictions come back */
	struct bsg_str reason;	/* as the owner typed it; may be empty */
};

/* Zero is none. */
enum bsg_report_by { BSG_REPORT_BY_TOKEN = 1, BSG_REPORT_BY_CODE, BSG_REPORT_BY_SELF };

struct bsg_report_crossing {
	struct bsg_str place;
	struct bsg_str gate;	/* empty: not known (a code, or by self) */
	enum bsg_direction direction;
	int64_t at;		/* the token's time; of a code or by self when it was taken */
	enum bsg_report_by by;
};

struct bsg_report_item {
	uint8_t id[BSG_REPORT_ID_LEN];
	int64_t at;		/* by the device's clock */
	enum bsg_report_kind kind;
	union {			/* by kind; leaving has none */
		struct bsg_report_status status;
		struct bsg_report_coverage coverage;
		struct bsg_report_event event;
		struct bsg_report_break_glass break_glass;
		struct bsg_report_crossing crossing;
	};
};

struct bsg_report_batch {
	uint8_t instance[BSG_INSTANCE_ID_LEN];
	uint64_t sequence;	/* from 1; grows with every batch of new reports, repeated when one is sent again */
	size_t n_reports;	/* at least 1 */
	struct bsg_report_item reports[BSG_REPORTS_MAX];	/* oldest first */
};

/**
 * Encode a batch.
 *
 * @return BSG_OK, BSG_E_INVALID (a field breaks what is said beside it),
 *         BSG_E_LIMIT (a field or @cap; send fewer reports)
 */
enum bsg_err bsg_report_encode(const struct bsg_report_batch *batch, uint8_t *buf, size_t cap,
			       struct bsg_bytes *out) BSG_MUST_CHECK;

/**
 * Decode a batch: all of it, or nothing.
 *
 * @param out  filled whole, or zeroed on failure; slices point into @bytes.
 *             About 16 KiB: not for a thread's stack
 * @param why  may be NULL; else a static text on failure, NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT
 */
enum bsg_err bsg_report_decode(struct bsg_bytes bytes, struct bsg_report_batch *out,
			       const char **why) BSG_MUST_CHECK;

#endif
