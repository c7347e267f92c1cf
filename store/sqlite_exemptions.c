/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on exemptions. Each decides inside its transaction: of two that race the second sees what the first did. */
#include <inttypes.h>

#include <bosaga/limits.h>

#include "store/sqlite.h"

/* Who asks, in num[3] of the row of BSG_SQL_EXEMPTION. */
#define IS_AUTHOR 1
#define IS_APPROVER 2

/* @param row  num: approved, ended, until, what @actor is to it; text: person, device */
static enum bsg_err need_exemption(struct bsg_sqlite *self, const char *id, const char *actor, struct bsg_sqlite_row *row,
				   struct bsg_error *err)
{
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_EXEMPTION, BSG_VALUES(bsg_text(id), bsg_text(actor)),
					 &bsg_sqlite_mixed, row, &found, err);

	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "exemption %s is not known", id);
	return rc;
}

/* @param row  text: person */
static enum bsg_err need_active_device(struct bsg_sqlite *self, const char *id, struct bsg_sqlite_row *row,
				       struct bsg_error *err)
{
	enum bsg_err rc = bsg_sqlite_need_device(self, id, row, err);

	if (rc == BSG_OK && row->num[0] != BSG_DEVICE_ACTIVE)
		return bsg_fail(err, BSG_E_NOT_FOUND, "device %s is revoked or leaving", id);
	return rc;
}

/* The orders of all devices that an exemption concerns are to be made anew. */
static enum bsg_err mark_due(struct bsg_sqlite *self, const struct bsg_sqlite_row *exemption, struct bsg_error *err)
{
	return bsg_sqlite_run(self, BSG_SQL_EXEMPTION_DEVICES,
			      BSG_VALUES(bsg_text(exemption->text[0]), bsg_text(exemption->text[1])), NULL, err);
}

static enum bsg_err insert(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_exemption_add *add = &op->exemption_add;
	struct bsg_sqlite_row row;
	int64_t n;
	bool found;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_EXEMPTION_ADD,
					 BSG_VALUES(bsg_text(add->id), bsg_text(add->concerned), bsg_text(add->device),
						    bsg_num(add->functions), bsg_num(add->from), bsg_num(add->until),
						    bsg_text(add->reason), bsg_text(add->author), bsg_num(add->at)),
					 &n, err);

	op->changed = rc == BSG_OK && n == 1;
	if (rc != BSG_OK || op->changed)
		return rc;
	rc = bsg_sqlite_row(self, BSG_SQL_EXEMPTION_SAME,
			    BSG_VALUES(bsg_text(add->id), bsg_text(add->concerned), bsg_text(add->device),
				       bsg_num(add->functions), bsg_num(add->from), bsg_num(add->until),
				       bsg_text(add->reason), bsg_text(add->author)), &bsg_sqlite_numbers, &row, &found,
			    err);
	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_CONFLICT, "exemption %s exists already, with other content", add->id);
	return rc;
}

enum bsg_err bsg_sqlite_exemption_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_exemption_add *add = &op->exemption_add;
	bool is_device = add->device != NULL && add->device[0] != '\0';
	struct bsg_sqlite_row device;
	enum bsg_err rc = is_device ? need_active_device(self, add->device, &device, err) :
				      bsg_sqlite_need_person(self, add->person, err);

	if (rc != BSG_OK)
		return rc;
	bsg_store_copy(add->concerned, sizeof(add->concerned), is_device ? device.text[0] : add->person);
	return insert(self, op, err);
}

/* Whether one more fits into the orders of every device concerned. */
static enum bsg_err need_room(struct bsg_sqlite *self, const struct bsg_sqlite_row *exemption, int64_t at,
			      struct bsg_error *err)
{
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_EXEMPTIONS_IN_FORCE,
					 BSG_VALUES(bsg_text(exemption->text[0]), bsg_text(exemption->text[1]), bsg_num(at)),
					 &bsg_sqlite_numbers, &row, &found, err);

	if (rc == BSG_OK && row.num[0] >= BSG_EXEMPTIONS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "%" PRId64 " exemptions that are not over concern one device of person %s already, "
				"and its orders hold %d: end some of them", row.num[0], exemption->text[0],
				BSG_EXEMPTIONS_MAX);
	return rc;
}

static enum bsg_err may_approve(struct bsg_sqlite *self, const struct bsg_op_exemption_approve *approve,
				const struct bsg_sqlite_row *row, struct bsg_error *err)
{
	struct bsg_sqlite_row device;
	enum bsg_err rc;

	if (row->num[1] != 0)
		return bsg_fail(err, BSG_E_CONFLICT, "exemption %s has ended: ask for a new one", approve->id);
	if (row->num[2] <= approve->at)
		return bsg_fail(err, BSG_E_CONFLICT, "exemption %s is over: ask for a new one", approve->id);
	if (row->num[0] != 0)
		return bsg_fail(err, BSG_E_CONFLICT, "exemption %s is approved already, by another person", approve->id);
	if ((row->num[3] & IS_AUTHOR) != 0)
		return bsg_fail(err, BSG_E_DENIED, "%s asked for exemption %s: another person must approve it", approve->approver,
				approve->id);
	rc = row->text[1][0] != '\0' ? need_active_device(self, row->text[1], &device, err) :
				       bsg_sqlite_need_person(self, row->text[0], err);
	return rc == BSG_OK ? need_room(self, row, approve->at, err) : rc;
}

enum bsg_err bsg_sqlite_exemption_approve(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_exemption_approve *approve = &op->exemption_approve;
	struct bsg_sqlite_row row;
	enum bsg_err rc = need_exemption(self, approve->id, approve->approver, &row, err);

	if (rc != BSG_OK || (row.num[1] == 0 && (row.num[3] & IS_APPROVER) != 0))
		return rc;
	rc = may_approve(self, approve, &row, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_EXEMPTION_APPROVE,
				    BSG_VALUES(bsg_text(approve->id), bsg_text(approve->approver), bsg_num(approve->at)),
				    NULL, err);
	if (rc == BSG_OK)
		rc = mark_due(self, &row, err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_exemption_end(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_exemption_end *end = &op->exemption_end;
	struct bsg_sqlite_row row;
	enum bsg_err rc = need_exemption(self, end->id, end->by, &row, err);

	if (rc != BSG_OK || row.num[1] != 0 || row.num[2] <= end->at)
		return rc;
	rc = bsg_sqlite_run(self, BSG_SQL_EXEMPTION_END,
			    BSG_VALUES(bsg_text(end->id), bsg_num(end->at), bsg_text(end->by)), NULL, err);
	if (rc == BSG_OK && row.num[0] != 0)
		rc = mark_due(self, &row, err);
	op->changed = rc == BSG_OK;
	return rc;
}
