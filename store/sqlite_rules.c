/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on policies, place secrets, orders, gates, administrators and tokens. */
#include <inttypes.h>

#include "store/sqlite.h"

/* The version that an operation means; 0 stands for the one that its batch proposed. */
static int64_t meant(const struct bsg_sqlite *self, int64_t version)
{
	return version != 0 ? version : self->proposed;
}

/* num: state, approvals needed, approvals, version in force */
static enum bsg_err need_policy(struct bsg_sqlite *self, int64_t version, struct bsg_sqlite_row *row,
				struct bsg_error *err)
{
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_POLICY, BSG_VALUES(bsg_num(version)), &bsg_sqlite_numbers, row,
					 &found, err);

	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "policy %" PRId64 " is not known", version);
	return rc;
}

enum bsg_err bsg_sqlite_policy_propose(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_policy_propose *propose = &op->policy_propose;
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_POLICY_IN_FORCE, NULL, 0, &bsg_sqlite_numbers, &row, &found, err);

	if (rc == BSG_OK && row.num[0] != propose->base)
		return bsg_fail(err, BSG_E_CONFLICT, "the policy was checked against version %" PRId64 ", but %" PRId64
				" is in force now: plan and apply it again", propose->base, row.num[0]);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_POLICY_PROPOSE,
				    BSG_VALUES(bsg_text(propose->author), bsg_sha(propose->digest), bsg_num(propose->at),
					       bsg_num(propose->n_people), bsg_num(propose->approvals_needed),
					       bsg_num(propose->base)), NULL, err);
	if (rc != BSG_OK)
		return rc;
	propose->version = sqlite3_last_insert_rowid(self->db);
	self->proposed = propose->version;
	rc = bsg_sqlite_run(self, BSG_SQL_POLICY_DOCUMENT,
			    BSG_VALUES(bsg_num(propose->version),
				       bsg_blob(propose->document.ptr, propose->document.len)), NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}

/* Refuse what does not wait. @param row  as of need_policy() */
static enum bsg_err need_waiting(struct bsg_sqlite *self, int64_t version, const struct bsg_sqlite_row *row,
				 struct bsg_error *err)
{
	struct bsg_sqlite_row history;	/* num: base, activated */
	bool found;
	enum bsg_err rc;

	if (row->num[0] == BSG_POLICY_PROPOSED)
		return BSG_OK;
	rc = bsg_sqlite_row(self, BSG_SQL_POLICY_HISTORY, BSG_VALUES(bsg_num(version)), &bsg_sqlite_numbers, &history,
			    &found, err);
	if (rc != BSG_OK)
		return rc;
	if (row->num[0] == BSG_POLICY_SUPERSEDED && history.num[1] == 0 && history.num[0] >= 0)
		return bsg_fail(err, BSG_E_CONFLICT, "policy %" PRId64 " was checked against version %" PRId64 ", but %" PRId64
				" is in force now: plan and apply it again", version, history.num[0], row->num[3]);
	return bsg_fail(err, BSG_E_CONFLICT, "policy %" PRId64 " does not wait for approvals", version);
}

enum bsg_err bsg_sqlite_policy_approve(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_policy_approve *approve = &op->policy_approve;
	int64_t version = meant(self, approve->version), n = 0;
	struct bsg_sqlite_row row;
	enum bsg_err rc = need_policy(self, version, &row, err);

	if (rc == BSG_OK)
		rc = need_waiting(self, version, &row, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_APPROVAL_ADD,
				    BSG_VALUES(bsg_num(version), bsg_text(approve->approver), bsg_num(approve->at)), &n,
				    err);
	if (rc != BSG_OK)
		return rc;
	op->changed = n == 1;
	approve->n_approvals = row.num[2] + n;
	approve->approvals_needed = row.num[1];
	return BSG_OK;
}

enum bsg_err bsg_sqlite_policy_activate(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_policy_activate *activate = &op->policy_activate;
	int64_t version = meant(self, activate->version);
	struct bsg_sqlite_row row;
	enum bsg_err rc = need_policy(self, version, &row, err);

	activate->activated = version;
	if (rc != BSG_OK || row.num[0] == BSG_POLICY_ACTIVE)
		return rc;
	/* What waits was checked against what is in force: proposing asks, and activating supersedes all that wait. */
	rc = need_waiting(self, version, &row, err);
	if (rc == BSG_OK && row.num[2] < row.num[1])
		return bsg_fail(err, BSG_E_DENIED, "policy %" PRId64 " has %" PRId64 " of %" PRId64 " approvals", version,
				row.num[2], row.num[1]);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_POLICY_SUPERSEDE, BSG_VALUES(bsg_num(version)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_POLICY_ACTIVATE, BSG_VALUES(bsg_num(version), bsg_num(activate->at)),
				    NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_place_secret_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_place_secret_add *add = &op->place_secret_add;
	int64_t n = 0;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_PLACE_SECRET_ADD,
					 BSG_VALUES(bsg_text(add->place), bsg_blob(add->key, BSG_PLACE_KEY_LEN),
						    bsg_blob(add->day_root, BSG_DAY_ROOT_LEN), bsg_num(add->at)), &n,
					 err);

	op->changed = rc == BSG_OK && n == 1;
	return rc;
}

enum bsg_err bsg_sqlite_orders_put(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_orders_put *put = &op->orders_put;
	const struct bsg_value head[] = { bsg_text(put->device), bsg_num(put->expected_serial), bsg_num(put->serial),
		bsg_num(put->change), bsg_num(put->policy), bsg_num(put->expires), bsg_num(put->due), bsg_sha(put->digest),
		bsg_num(put->issued), bsg_sha(put->content), bsg_num(put->due_from) };
	struct bsg_sqlite_row row;
	int64_t n;
	bool found;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_ORDERS_HEAD_NEXT, head, 11, &n, err);

	if (rc == BSG_OK && n == 0)
		rc = bsg_sqlite_run(self, BSG_SQL_ORDERS_HEAD, head, 10, &n, err);
	if (rc != BSG_OK)
		return rc;
	if (n == 1) {
		rc = bsg_sqlite_run(self, BSG_SQL_ORDERS_BYTES,
				    BSG_VALUES(bsg_text(put->device), bsg_blob(put->bytes.ptr, put->bytes.len)), NULL,
				    err);
		op->changed = rc == BSG_OK;
		return rc;
	}
	rc = bsg_sqlite_row(self, BSG_SQL_ORDERS_STATE, BSG_VALUES(bsg_text(put->device)), &bsg_sqlite_numbers, &row,
			    &found, err);
	if (rc != BSG_OK)
		return rc;
	if (!found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "device %s is not enrolled", put->device);
	return bsg_fail(err, BSG_E_CONFLICT, "device %s has orders %" PRId64 ", change %" PRId64 " by now", put->device,
			row.num[0], row.num[1]);
}

enum bsg_err bsg_sqlite_orders_keep(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_orders_keep *keep = &op->orders_keep;
	int64_t n = 0;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_ORDERS_KEEP,
					 BSG_VALUES(bsg_text(keep->device), bsg_num(keep->serial), bsg_num(keep->change),
						    bsg_num(keep->policy)), &n, err);

	op->changed = rc == BSG_OK && n == 1;
	return rc;
}

enum bsg_err bsg_sqlite_gate_credential_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_gate_credential_add *add = &op->gate_credential_add;
	struct bsg_sqlite_row row;
	int64_t n = 0;
	bool found;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_GATE_CREDENTIAL_ADD,
					 BSG_VALUES(bsg_sha(add->key_sha256), bsg_text(add->place), bsg_text(add->gate),
						    bsg_num(add->at), bsg_num(add->expires), bsg_text(add->by)), &n,
					 err);

	op->changed = rc == BSG_OK && n == 1;
	if (rc != BSG_OK || op->changed)
		return rc;
	rc = bsg_sqlite_row(self, BSG_SQL_GATE_CREDENTIAL_SAME,
			    BSG_VALUES(bsg_sha(add->key_sha256), bsg_text(add->place), bsg_text(add->gate),
				       bsg_num(add->expires)), &bsg_sqlite_numbers, &row, &found, err);
	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_CONFLICT, "this gate key has another credential");
	return rc;
}

enum bsg_err bsg_sqlite_turnstile_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_turnstile_add *add = &op->turnstile_add;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_TURNSTILE_ADD,
					 BSG_VALUES(bsg_text(add->id), bsg_sha(add->token_sha256), bsg_text(add->place),
						    bsg_text(add->gate), bsg_text(add->address), bsg_num(add->at)),
					 NULL, err);

	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_turnstile_remove(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	int64_t n;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_TURNSTILE_REMOVE,
					 BSG_VALUES(bsg_text(op->turnstile_remove.id)), &n, err);

	if (rc == BSG_OK && n == 0)
		return bsg_fail(err, BSG_E_NOT_FOUND, "turnstile %s is not known", op->turnstile_remove.id);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_admin_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_admin_add *add = &op->admin_add;
	struct bsg_sqlite_row row;
	int64_t n = 0;
	bool found;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_ADMIN_ADD,
					 BSG_VALUES(bsg_text(add->name), bsg_text(add->role), bsg_text(add->unit),
						    bsg_num(add->at)), &n, err);

	op->changed = rc == BSG_OK && n == 1;
	if (rc != BSG_OK || op->changed)
		return rc;
	rc = bsg_sqlite_row(self, BSG_SQL_ADMIN_SAME,
			    BSG_VALUES(bsg_text(add->name), bsg_text(add->role), bsg_text(add->unit)),
			    &bsg_sqlite_numbers, &row, &found, err);
	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_CONFLICT, "administrator %s exists, with another role or unit", add->name);
	return rc;
}

enum bsg_err bsg_sqlite_admin_remove(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const char *name = op->admin_remove.name;
	int64_t n;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_ADMIN_TOKENS_END, BSG_VALUES(bsg_text(name)), NULL, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_ADMIN_REMOVE, BSG_VALUES(bsg_text(name)), &n, err);
	if (rc == BSG_OK && n == 0)
		return bsg_fail(err, BSG_E_NOT_FOUND, "administrator %s is not known: see the list of administrators", name);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_token_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_token_add *add = &op->token_add;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_TOKEN_ADD,
					 BSG_VALUES(bsg_text(add->id), bsg_sha(add->sha256), bsg_text(add->admin),
						    bsg_num(add->at), bsg_num(add->expires)), NULL, err);

	if (rc == BSG_E_NOT_FOUND)
		return bsg_fail(err, BSG_E_NOT_FOUND, "administrator %s is not known: see the list of administrators", add->admin);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_token_revoke(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_token_revoke *revoke = &op->token_revoke;
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_TOKEN, BSG_VALUES(bsg_text(revoke->id)), &bsg_sqlite_numbers, &row,
					 &found, err);

	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "token %s is not known: its id was shown when it was made", revoke->id);
	if (rc != BSG_OK || row.num[0] != 0)
		return rc;
	rc = bsg_sqlite_run(self, BSG_SQL_TOKEN_REVOKE, BSG_VALUES(bsg_text(revoke->id), bsg_num(revoke->at)), NULL,
			    err);
	op->changed = rc == BSG_OK;
	return rc;
}
