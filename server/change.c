/* SPDX-License-Identifier: Apache-2.0 */
/* Changes with their audit entries. */
#include "server/change.h"

#include <assert.h>

void bsg_change_begin(struct bsg_change *change, struct bsg_server *server, struct bsg_http_exchange *x)
{
	*change = (struct bsg_change){.server = server, .x = x};
}

struct bsg_op *bsg_change_add(struct bsg_change *change, enum bsg_op_kind kind)
{
	struct bsg_op *op = &change->ops[change->n_ops];

	assert(change->n_ops < BSG_CHANGE_OPS_MAX);
	change->n_ops++;
	*op = (struct bsg_op){.kind = kind};
	return op;
}

void bsg_change_audit(struct bsg_change *change, const char *action, const char *subject, const char *reason,
		      const char *detail)
{
	struct bsg_op *op = bsg_change_add(change, BSG_OP_AUDIT);

	op->audit.at = bsg_now(change->server);
	op->audit.who = bsg_caller_of(change->x)->actor;
	op->audit.action = action;
	op->audit.subject = subject;
	op->audit.reason = reason;
	op->audit.detail = detail;
	op->audit.only_if_changed = true;
}

enum bsg_err bsg_change_try(struct bsg_change *change)
{
	return bsg_store_apply(change->server->store, change->ops, change->n_ops, &change->err);
}

bool bsg_change_apply(struct bsg_change *change)
{
	enum bsg_err rc = bsg_change_try(change);

	if (rc == BSG_OK)
		return true;
	bsg_http_fail(change->x, rc, &change->err);
	return false;
}
