/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a phone stands right now: what the decision says it should restrict, and what the phone has said about it.
 *
 * Both come from what phones use too: the compiled orders stepped by the core, and the phone's own status report. What
 * was reported under older orders counts for nothing: it is `desired` until the phone reports under these.
 *
 * Of a phone without agent the state is the one that the server keeps for it, and its platform knows what is verified (Z8).
 */
#ifndef BSG_SERVER_VIEW_H
#define BSG_SERVER_VIEW_H

#include "policy/compile.h"
#include "server/drive.h"
#include "wire/report.h"

struct bsg_view {
	struct bsg_compiled *compiled;
	struct bsg_state state;
	struct bsg_output output;	/* slices lead into compiled */
	bool has_status;		/* status was reported under the stored orders */
	struct bsg_store_blob body;
	int64_t now;			/* that it is of */
	bool has_phone;			/* a phone without agent, which its platform knows: there is no status then */
	struct bsg_platform_phone phone;
	/* Large, and only what is there is filled: */
	struct bsg_drive_orders stored;	/* that its state belongs to; output's slices may lead into them */
	struct bsg_report_batch batch;	/* one status report, if has_status */
};

/** Make the view of a device under the policy in force. @param out  owned, bsg_view_free(); NULL on failure */
enum bsg_err bsg_view_make(struct bsg_server *server, const struct bsg_device_rec *rec, int64_t now, struct bsg_view **out,
			   struct bsg_error *err) BSG_MUST_CHECK;
void bsg_view_free(struct bsg_view *view);

/** The orders that the state belongs to: the compiled ones, unless newer ones were stored meanwhile. */
const struct bsg_orders *bsg_view_orders(const struct bsg_view *view);

/** What the phone reported of a function, in its current orders; NULL: nothing, as of each phone without agent. */
const struct bsg_report_function *bsg_view_reported(const struct bsg_view *view, uint32_t function);

/** `desired`, `acknowledged`, `verified` or `unverified`. */
const char *bsg_view_state(const struct bsg_view *view, uint32_t function);

/** Since when the phone is so with a function; 0: not known. */
int64_t bsg_view_since(const struct bsg_view *view, uint32_t function);

/** The functions that are verified: by the phone's word under its current orders, or by its platform. */
uint32_t bsg_view_verified(const struct bsg_view *view);

/** Functions that a phone without agent restricted once, whose lease has run out, and of which it has not shown since that they are free. */
uint32_t bsg_view_unproven(const struct bsg_view *view);

/** The weakest state over all functions that should be restricted or are unproven; `verified` when there are none and the phone has these orders. */
const char *bsg_view_weakest(const struct bsg_view *view);

#endif
