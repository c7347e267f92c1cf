/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the owner's page share. Rules V90-V99 of docs/spec/server.md. */
#ifndef BSG_SERVER_ME_H
#define BSG_SERVER_ME_H

#include "server/page.h"
#include "server/view.h"

/* What was just done, told on the next page: `said=` in its query, so that reloading it repeats nothing. */
enum bsg_me_said {
	BSG_ME_SAID_NOTHING = 0,
	BSG_ME_SAID_WRONG,	/* the code, or whatever else; one text for all */
	BSG_ME_SAID_BYE,
	BSG_ME_SAID_ARRIVED,
	BSG_ME_SAID_NOT_HERE,	/* the place does not take it */
	BSG_ME_SAID_LEFT,
	BSG_ME_SAID_NOT_IN,
	BSG_ME_SAID_STUCK,
	BSG_ME_N_SAID
};

/* One phone of the owner's, now. */
struct bsg_me_phone {
	const struct bsg_device_rec *rec;	/* borrowed */
	bool is_driven;				/* it has no agent */
	struct bsg_view *view;
};

/** Look at a phone. @param out  to be ended by bsg_me_phone_free(), also on failure */
enum bsg_err bsg_me_phone_look(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_me_phone *out,
			       struct bsg_error *err) BSG_MUST_CHECK;
void bsg_me_phone_free(struct bsg_me_phone *phone);

/** The outermost place that it is in, which is the one to leave. @return an empty slice: none */
struct bsg_str bsg_me_phone_place(const struct bsg_me_phone *phone);

/** Whether its owner may say "I am arriving" there: a phone without agent, a place of its rules that takes it, not in it yet. */
bool bsg_me_phone_may_arrive(const struct bsg_me_phone *phone, const struct bsg_place *place);

/** Put a phone on the page: state, reasons, buttons. */
void bsg_me_phone_put(struct bsg_html *page, struct bsg_server *server, struct bsg_me_phone *phone, const char *form_token);

/** Answer with the page to log in. */
void bsg_me_login_page(struct bsg_http_exchange *x, unsigned status, enum bsg_me_said said);

/** The name of something said, for `said=`; NULL: nothing was. */
const char *bsg_me_said_name(enum bsg_me_said said);

#endif
