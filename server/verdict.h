/* SPDX-License-Identifier: Apache-2.0 */
/* What the guard does about a crossing: admit, seal, deposit, refuse, or wait for the phone's proof. */
#ifndef BSG_SERVER_VERDICT_H
#define BSG_SERVER_VERDICT_H

#include "http/exchange.h"
#include "policy/coverage.h"
#include "server/app.h"
#include "server/view.h"

struct bsg_answered_verdict {
	bool pending;			/* not proven yet */
	enum bsg_remedy verdict;	/* when not pending */
	enum bsg_remedy remedy;		/* what the guard does if it stays pending; else the verdict again */
	struct bsg_policy_texts why;	/* static */
	/* Of what is pending: from when on it is not any more (Z20), and why then, if nothing more becomes known. */
	int64_t until;
	struct bsg_policy_texts late_why;
};

/**
 * Judge a crossing that is stored: by where its devices are now, what they should restrict and what they have verified, and by how
 * long ago it was received.
 *
 * The strictest over its devices. Nobody's phone, or none: refuse, with the same words.
 */
enum bsg_err bsg_verdict_of(struct bsg_server *server, const struct bsg_crossing_rec *crossing, const struct bsg_move_rec *moves,
			    size_t n_moves, struct bsg_answered_verdict *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * The same of a crossing in, stored together with the orders of the one device that it moved: nothing is read anew.
 *
 * @return false: it cannot be told from them; ask bsg_verdict_of()
 */
bool bsg_verdict_of_step(struct bsg_server *server, const struct bsg_crossing_rec *crossing, const struct bsg_device_rec *device,
			 const struct bsg_drive_step *step, struct bsg_answered_verdict *out);

/** The verdict on a badge that nobody has and on a person without a phone: alike, so that a turnstile learns nothing. */
void bsg_verdict_unknown(struct bsg_answered_verdict *out);

/** The verdict on a pending one when its time is over and nothing has changed. */
void bsg_verdict_late(const struct bsg_answered_verdict *pending, struct bsg_answered_verdict *out);

/** The functions that are asked of a phone and possible on it, and not verified right now: a verdict waits for these (V14). */
uint32_t bsg_verdict_missing(struct bsg_server *server, const struct bsg_coverage_phone *phone, const struct bsg_view *view);

/** `pending` or the remedy's name. */
const char *bsg_verdict_name(const struct bsg_answered_verdict *verdict);

/** One text in the caller's language. */
const char *bsg_text_in(const struct bsg_policy_texts *texts, enum bsg_http_lang lang);

#endif
