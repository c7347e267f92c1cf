/* SPDX-License-Identifier: Apache-2.0 */
/* What the guard does about a crossing: admit, seal, deposit, refuse, or wait for the phone's proof. */
#ifndef BSG_SERVER_VERDICT_H
#define BSG_SERVER_VERDICT_H

#include "http/exchange.h"
#include "policy/coverage.h"
#include "server/app.h"

struct bsg_answered_verdict {
	bool pending;			/* not proven yet */
	enum bsg_remedy verdict;	/* when not pending */
	enum bsg_remedy remedy;		/* what the guard does if it stays pending; else the verdict again */
	struct bsg_policy_texts why;	/* static */
};

/**
 * Judge a crossing that is stored: by where its devices are now, what they should restrict and what they have verified.
 *
 * The strictest over its devices. Nobody's phone, or none: refuse, with the same words.
 */
enum bsg_err bsg_verdict_of(struct bsg_server *server, const struct bsg_crossing_rec *crossing, const struct bsg_move_rec *moves,
			    size_t n_moves, struct bsg_answered_verdict *out, struct bsg_error *err) BSG_MUST_CHECK;

/** The verdict on a badge that nobody has and on a person without a phone: alike, so that a turnstile learns nothing. */
void bsg_verdict_unknown(struct bsg_answered_verdict *out);

/** `pending` or the remedy's name. */
const char *bsg_verdict_name(const struct bsg_answered_verdict *verdict);

/** One text in the caller's language. */
const char *bsg_text_in(const struct bsg_policy_texts *texts, enum bsg_http_lang lang);

#endif
