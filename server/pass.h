/* SPDX-License-Identifier: Apache-2.0 */
/* The pass of a phone without agent: the server signs what it has verified (W41, W44). Rules V100-V104 of docs/spec/server.md. */
#ifndef BSG_SERVER_PASS_H
#define BSG_SERVER_PASS_H

#include "server/page.h"
#include "server/view.h"
#include "wire/base45.h"
#include "wire/pass.h"

struct bsg_shown_pass {
	char text[BSG_BASE45_LEN(BSG_PASS_MAX) + 1];	/* signed, in base45, for a QR code; "": there is none */
	int64_t expires;
	const struct bsg_page_text *why_not;		/* static; NULL with a pass */
};

/**
 * Sign a pass for a phone as it stands, for the place that it is in.
 *
 * Two in one second are the same pass, which counts once (W47).
 *
 * @param place  one of those in which @view has it; empty: it is in none
 * @return BSG_OK also without a pass; BSG_E_CRYPTO, BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY. Blocks on the store.
 */
enum bsg_err bsg_pass_show(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_view *view,
			   struct bsg_str place, struct bsg_shown_pass *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
