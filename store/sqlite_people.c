/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on people, badges, invitations, devices and certificates. */
#include <string.h>

#include "store/sqlite.h"

enum bsg_err bsg_sqlite_need_person(struct bsg_sqlite *self, const char *id, struct bsg_error *err)
{
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_PERSON_STATE, BSG_VALUES(bsg_text(id)), &bsg_sqlite_numbers,
					 &row, &found, err);

	if (rc != BSG_OK)
		return rc;
	if (!found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "person %s is not registered", id);
	if (row.num[0] != 0)
		return bsg_fail(err, BSG_E_NOT_FOUND, "person %s has left", id);
	return BSG_OK;
}

/* Whether a row that could not be added is there with the same content. */
static enum bsg_err need_same(struct bsg_sqlite *self, enum bsg_sqlite_statement same, const struct bsg_value *values,
			      size_t n_values, const char *what, struct bsg_error *err)
{
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, same, values, n_values, &bsg_sqlite_numbers, &row, &found, err);

	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_CONFLICT, "%s exists already, with other content", what);
	return rc;
}

enum bsg_err bsg_sqlite_need_device(struct bsg_sqlite *self, const char *id, struct bsg_sqlite_row *row,
				    struct bsg_error *err)
{
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_DEVICE, BSG_VALUES(bsg_text(id)), &bsg_sqlite_mixed, row, &found,
					 err);

	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "device %s is not enrolled", id);
	return rc;
}

static enum bsg_err need_active(struct bsg_sqlite *self, const char *id, struct bsg_sqlite_row *row,
				struct bsg_error *err)
{
	enum bsg_err rc = bsg_sqlite_need_device(self, id, row, err);

	if (rc == BSG_OK && row->num[0] != BSG_DEVICE_ACTIVE)
		return bsg_fail(err, BSG_E_DENIED, "device %s is revoked or leaving", id);
	return rc;
}

enum bsg_err bsg_sqlite_person_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_person_add *add = &op->person_add;
	int64_t n;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_PERSON_ADD,
					 BSG_VALUES(bsg_text(add->id), bsg_text(add->name), bsg_text(add->unit),
						    bsg_text(add->lang), bsg_num(add->at)), &n, err);

	if (rc != BSG_OK)
		return rc;
	op->changed = n == 1;
	if (op->changed)
		return BSG_OK;
	return need_same(self, BSG_SQL_PERSON_SAME, BSG_VALUES(bsg_text(add->id), bsg_text(add->name),
			 bsg_text(add->unit), bsg_text(add->lang)), "the person", err);
}

enum bsg_err bsg_sqlite_person_leave(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_person_leave *leave = &op->person_leave;
	struct bsg_sqlite_row row;
	int64_t n;
	bool found;
	enum bsg_err rc;

	leave->n_devices = 0;
	rc = bsg_sqlite_run(self, BSG_SQL_PERSON_LEAVE, BSG_VALUES(bsg_text(leave->id), bsg_num(leave->at)), &n, err);
	if (rc != BSG_OK)
		return rc;
	op->changed = n == 1;
	if (!op->changed) {
		rc = bsg_sqlite_row(self, BSG_SQL_PERSON_STATE, BSG_VALUES(bsg_text(leave->id)), &bsg_sqlite_numbers,
				    &row, &found, err);
		if (rc == BSG_OK && !found)
			return bsg_fail(err, BSG_E_NOT_FOUND, "person %s is not registered", leave->id);
		return rc;
	}
	rc = bsg_sqlite_run(self, BSG_SQL_PERSON_BADGES_END, BSG_VALUES(bsg_text(leave->id)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_PERSON_INVITATIONS_END, BSG_VALUES(bsg_text(leave->id)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_CODE_END, BSG_VALUES(bsg_text(leave->id)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_SESSIONS_END, BSG_VALUES(bsg_text(leave->id), bsg_num(leave->at)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_PERSON_EXEMPTIONS_END,
				    BSG_VALUES(bsg_text(leave->id), bsg_num(leave->at)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_PERSON_DEVICES_END,
				    BSG_VALUES(bsg_text(leave->id), bsg_num(leave->at)), &n, err);
	if (rc == BSG_OK)
		leave->n_devices = (unsigned)n;
	return rc;
}

enum bsg_err bsg_sqlite_badge_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_badge_add *add = &op->badge_add;
	struct bsg_sqlite_row row;
	int64_t n;
	bool found;
	enum bsg_err rc = bsg_sqlite_need_person(self, add->person, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_BADGE_ADD,
				    BSG_VALUES(bsg_text(add->number), bsg_text(add->person), bsg_num(add->at)), &n, err);
	if (rc != BSG_OK)
		return rc;
	op->changed = n == 1;
	if (op->changed)
		return BSG_OK;
	rc = bsg_sqlite_row(self, BSG_SQL_BADGE_PERSON, BSG_VALUES(bsg_text(add->number)), &bsg_sqlite_mixed, &row,
			    &found, err);
	if (rc == BSG_OK && strcmp(row.text[0], add->person) != 0)
		return bsg_fail(err, BSG_E_CONFLICT, "this badge is somebody else's: take it back first");
	return rc;
}

enum bsg_err bsg_sqlite_badge_remove(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_badge_remove *remove = &op->badge_remove;
	int64_t n;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_BADGE_REMOVE,
					 BSG_VALUES(bsg_text(remove->number), bsg_text(remove->person)), &n, err);

	if (rc == BSG_OK && n == 0)
		return bsg_fail(err, BSG_E_NOT_FOUND, "person %s has no such badge", remove->person);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_invitation_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_invitation_add *add = &op->invitation_add;
	enum bsg_err rc = bsg_sqlite_need_person(self, add->person, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_INVITATION_ADD,
				    BSG_VALUES(bsg_sha(add->token_sha256), bsg_text(add->person), bsg_text(add->kind),
					       bsg_num(add->at), bsg_num(add->expires)), NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}

/* The bytes first: what is looked up with each request points to them. */
static enum bsg_err add_certificate(struct bsg_sqlite *self, const struct bsg_op_certificate_add *add, struct bsg_error *err)
{
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_CERTIFICATE_DER_ADD,
					 BSG_VALUES(bsg_blob(add->certificate.ptr, add->certificate.len)), NULL, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_CERTIFICATE_ADD,
				    BSG_VALUES(bsg_sha(add->sha256), bsg_text(add->device), bsg_num(add->at), bsg_num(add->expires)),
				    NULL, err);
	return rc;
}

/* Make the device that an invitation stands for. @param invitation  text: person, kind */
static enum bsg_err make_device(struct bsg_sqlite *self, struct bsg_op_enrol *enrol,
				const struct bsg_sqlite_row *invitation, struct bsg_error *err)
{
	const char *person = invitation->text[0], *kind = invitation->text[1];
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_DEVICES_ACTIVE, BSG_VALUES(bsg_text(person)),
					 &bsg_sqlite_numbers, &row, &found, err);

	if (rc != BSG_OK)
		return rc;
	enrol->carried = row.num[0] == 0;
	rc = bsg_sqlite_run(self, BSG_SQL_DEVICE_ADD,
			    BSG_VALUES(bsg_text(enrol->device), bsg_text(person), bsg_text(kind),
				       bsg_text(enrol->class_name), bsg_num(enrol->carried), bsg_num(enrol->at)),
			    NULL, err);
	if (rc == BSG_OK)
		rc = add_certificate(self, &(struct bsg_op_certificate_add){ .device = enrol->device,
				     .sha256 = enrol->certificate_sha256, .certificate = enrol->certificate,
				     .expires = enrol->certificate_expires, .at = enrol->at }, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_INVITATION_CONSUME,
				    BSG_VALUES(bsg_sha(enrol->token_sha256), bsg_num(enrol->at),
					       bsg_text(enrol->device), bsg_sha(enrol->key_sha256),
					       bsg_sha(enrol->certificate_sha256)), NULL, err);
	return rc;
}

/* The invitation is consumed: the same key may have its certificate again. */
static enum bsg_err enrol_again(struct bsg_sqlite *self, struct bsg_op_enrol *enrol,
				const struct bsg_sqlite_row *invitation, struct bsg_error *err)
{
	struct bsg_sqlite_row row;
	enum bsg_err rc;

	if (memcmp(invitation->sha256, enrol->key_sha256, sizeof(invitation->sha256)) != 0)
		return bsg_fail(err, BSG_E_DENIED, "this invitation was used by another key: ask for a new one");
	rc = bsg_sqlite_need_device(self, invitation->text[2], &row, err);
	if (rc != BSG_OK)
		return rc;
	enrol->again = true;
	enrol->carried = row.num[1] != 0;
	bsg_store_copy(enrol->enrolled, sizeof(enrol->enrolled), invitation->text[2]);
	return BSG_OK;
}

enum bsg_err bsg_sqlite_enrol(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_enrol *enrol = &op->enrol;
	struct bsg_sqlite_row invitation;	/* num: expires, consumed; text: person, kind, device; sha256: key */
	bool found;
	enum bsg_err rc;

	enrol->again = false;
	rc = bsg_sqlite_row(self, BSG_SQL_INVITATION, BSG_VALUES(bsg_sha(enrol->token_sha256)), &bsg_sqlite_invitation,
			    &invitation, &found, err);
	if (rc != BSG_OK)
		return rc;
	if (!found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "this invitation is not known: ask for a new one");
	if (enrol->at > invitation.num[0])
		return bsg_fail(err, BSG_E_DENIED, "this invitation has expired: ask for a new one");
	if (invitation.num[1] != 0)
		return enrol_again(self, enrol, &invitation, err);
	rc = make_device(self, enrol, &invitation, err);
	if (rc != BSG_OK)
		return rc;
	bsg_store_copy(enrol->enrolled, sizeof(enrol->enrolled), enrol->device);
	op->changed = true;
	return BSG_OK;
}

enum bsg_err bsg_sqlite_certificate_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_certificate_add *add = &op->certificate_add;
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = need_active(self, add->device, &row, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_row(self, BSG_SQL_CERTIFICATE_DEVICE, BSG_VALUES(bsg_sha(add->sha256)),
				    &bsg_sqlite_mixed, &row, &found, err);
	if (rc != BSG_OK)
		return rc;
	if (found)
		return strcmp(row.text[0], add->device) == 0 ? BSG_OK :
			bsg_fail(err, BSG_E_CONFLICT, "this certificate is another device's");
	rc = add_certificate(self, add, err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_certificate_revoke(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_certificate_revoke *revoke = &op->certificate_revoke;
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_CERTIFICATE_DEVICE, BSG_VALUES(bsg_sha(revoke->sha256)),
					 &bsg_sqlite_mixed, &row, &found, err);

	if (rc == BSG_OK && !found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "this certificate is not known");
	if (rc != BSG_OK || row.num[0] != 0)
		return rc;
	rc = bsg_sqlite_run(self, BSG_SQL_CERTIFICATE_REVOKE,
			    BSG_VALUES(bsg_sha(revoke->sha256), bsg_num(revoke->at)), NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_device_state(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_device_state *state = &op->device_state;
	struct bsg_sqlite_row row;
	enum bsg_err rc = bsg_sqlite_need_device(self, state->device, &row, err);

	if (rc != BSG_OK || row.num[0] == (int64_t)state->state)
		return rc;
	if (row.num[0] < (int64_t)state->state)
		return bsg_fail(err, BSG_E_CONFLICT, "device %s is revoked already", state->device);
	rc = bsg_sqlite_run(self, BSG_SQL_DEVICE_STATE,
			    BSG_VALUES(bsg_text(state->device), bsg_num(state->state), bsg_num(state->at)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_DEVICE_EXEMPTIONS_END,
				    BSG_VALUES(bsg_text(row.text[0]), bsg_text(state->device), bsg_num(state->at)), NULL,
				    err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_device_carried(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_device_carried *carried = &op->device_carried;
	struct bsg_sqlite_row row, count = { .num = { 0 } };
	bool found;
	enum bsg_err rc = need_active(self, carried->device, &row, err);

	if (rc != BSG_OK || (row.num[1] != 0) == carried->carried)
		return rc;
	if (carried->carried)
		rc = bsg_sqlite_row(self, BSG_SQL_DEVICES_CARRIED, BSG_VALUES(bsg_text(row.text[0])),
				    &bsg_sqlite_numbers, &count, &found, err);
	if (rc == BSG_OK && count.num[0] >= BSG_CARRIED_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "person %s carries %d devices already: switch one off first",
				row.text[0], BSG_CARRIED_MAX);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_DEVICE_CARRIED,
				    BSG_VALUES(bsg_text(carried->device), bsg_num(carried->carried)), NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_device_release(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_device_release *release = &op->device_release;
	struct bsg_sqlite_row row;
	enum bsg_err rc = need_active(self, release->device, &row, err);

	/* A release that lies far ahead was made under a clock that has been set back since. */
	if (rc != BSG_OK || (row.num[2] >= release->at && row.num[2] <= release->at + BSG_STORE_CLOCK_STEP_S))
		return rc;
	rc = bsg_sqlite_run(self, BSG_SQL_DEVICE_RELEASE,
			    BSG_VALUES(bsg_text(release->device), bsg_num(release->at), bsg_text(release->reason)),
			    NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}
