/* SPDX-License-Identifier: Apache-2.0 */
/* One change by one caller: operations and their audit entry, in one batch. */
#ifndef BSG_SERVER_CHANGE_H
#define BSG_SERVER_CHANGE_H

#include "server/app.h"
#include "server/caller.h"

#define BSG_CHANGE_OPS_MAX 6

struct bsg_change {
	struct bsg_server *server;
	struct bsg_http_exchange *x;
	struct bsg_op ops[BSG_CHANGE_OPS_MAX];
	size_t n_ops;
	struct bsg_error err;
};

/** Begin a change by the caller of @x. */
void bsg_change_begin(struct bsg_change *change, struct bsg_server *server, struct bsg_http_exchange *x);

/** Add an operation of @kind, zeroed; to be filled in. At most BSG_CHANGE_OPS_MAX. */
struct bsg_op *bsg_change_add(struct bsg_change *change, enum bsg_op_kind kind);

/** Add the audit entry, last; left out by itself when nothing changed. @param reason,detail may be NULL */
void bsg_change_audit(struct bsg_change *change, const char *action, const char *subject, const char *reason,
		      const char *detail);

/** Apply and wait for the commit. @return false after answering with a problem */
bool bsg_change_apply(struct bsg_change *change);

/** As bsg_change_apply(), but leave answering to the caller; the reason is in change->err. */
enum bsg_err bsg_change_try(struct bsg_change *change) BSG_MUST_CHECK;

#endif
