/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that come all day: crossings, reports, audit, and forgetting. */
#include <stdio.h>
#include <string.h>

#include "store/sqlite.h"

#define FORGET_DEFAULT 1000
#define SUBJECT_SIZE (BSG_BADGE_SIZE + 8)

static bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* What was asked to move, in one text, to recognise the same request. */
static void name_subject(const struct bsg_op_crossing_add *add, char out[SUBJECT_SIZE])
{
	const char *kind = given(add->badge) ? "badge" : given(add->person) ? "person" : "device";
	const char *which = given(add->badge) ? add->badge : given(add->person) ? add->person : add->device;

	(void)snprintf(out, SUBJECT_SIZE, "%s:%s", kind, which);
}

static const struct bsg_field move_fields[] = {
	{ BSG_FIELD_TEXT, offsetof(struct bsg_move_rec, device), BSG_ID_SIZE },
	{ BSG_FIELD_BOOL, offsetof(struct bsg_move_rec, applied), sizeof(bool) },
	{ BSG_FIELD_NUM, offsetof(struct bsg_move_rec, seq), sizeof(int64_t) },
};
static const struct bsg_record move_record = { sizeof(struct bsg_move_rec), move_fields, 3 };

/* The id is known: the same request gets the same answer. @param old  num: direction, at; text: subject, place, gate, person */
static enum bsg_err cross_again(struct bsg_sqlite *self, struct bsg_op_crossing_add *add,
				const struct bsg_sqlite_row *old, const char *subject, struct bsg_error *err)
{
	size_t n;
	enum bsg_err rc;

	if (old->num[0] != (int64_t)add->direction || (!add->at_unsaid && old->num[1] != add->at) ||
	    strcmp(old->text[0], subject) != 0 || strcmp(old->text[1], add->place) != 0 ||
	    strcmp(old->text[2], add->gate) != 0)
		return bsg_fail(err, BSG_E_CONFLICT, "crossing %s exists with other content: use a new id", add->id);
	rc = bsg_sqlite_get(self, BSG_SQL_CROSSING_MOVES, BSG_VALUES(bsg_text(add->id)), &move_record, add->devices,
			    BSG_CARRIED_MAX, &n, err);
	if (rc != BSG_OK)
		return rc;
	add->again = true;
	add->n_devices = (unsigned)n;
	bsg_store_copy(add->moved_person, sizeof(add->moved_person), old->text[3]);
	return BSG_OK;
}

/* Find who crosses and which devices go along. @param devices  num: state, carried, seq, at; text: id, person */
static enum bsg_err find_devices(struct bsg_sqlite *self, struct bsg_op_crossing_add *add,
				 struct bsg_sqlite_row devices[BSG_CARRIED_MAX], size_t *n, struct bsg_error *err)
{
	struct bsg_sqlite_row row;
	const char *person = add->person;
	bool found;
	enum bsg_err rc;

	if (given(add->device)) {
		rc = bsg_sqlite_get(self, BSG_SQL_CROSSING_DEVICE, BSG_VALUES(bsg_text(add->device)), &bsg_sqlite_mixed,
				    devices, 1, n, err);
		if (rc == BSG_OK && (*n == 0 || devices[0].num[0] != BSG_DEVICE_ACTIVE))
			return bsg_fail(err, BSG_E_NOT_FOUND, "device %s is not active", add->device);
		if (rc == BSG_OK)
			bsg_store_copy(add->moved_person, sizeof(add->moved_person), devices[0].text[1]);
		return rc;
	}
	if (given(add->badge)) {
		rc = bsg_sqlite_row(self, BSG_SQL_BADGE_PERSON, BSG_VALUES(bsg_text(add->badge)), &bsg_sqlite_mixed, &row,
				    &found, err);
		if (rc == BSG_OK && !found)
			return bsg_fail(err, BSG_E_NOT_FOUND, "this badge is not known");
		person = row.text[0];
	} else {
		rc = bsg_sqlite_row(self, BSG_SQL_PERSON_STATE, BSG_VALUES(bsg_text(person)), &bsg_sqlite_numbers, &row,
				    &found, err);
		if (rc == BSG_OK && (!found || row.num[0] != 0))
			return bsg_fail(err, BSG_E_NOT_FOUND, "person %s is not registered, or has left", person);
	}
	if (rc != BSG_OK)
		return rc;
	bsg_store_copy(add->moved_person, sizeof(add->moved_person), person);
	/* Out goes also what came in and is no longer carried: or it would stay restricted until its lease ends. */
	return bsg_sqlite_get(self, BSG_SQL_CROSSING_DEVICES,
			      BSG_VALUES(bsg_text(add->moved_person), bsg_num(add->direction)), &bsg_sqlite_mixed, devices, BSG_CARRIED_MAX, n, err);
}

/* A gate's clock may be ahead: a crossing never counts as later than when it was received (D3). */
static int64_t effective(const struct bsg_op_crossing_add *add)
{
	return add->at < add->received ? add->at : add->received;
}

/*
 * Whether a crossing moves a device whose last applied one is known. The decision ignores a gate_in that is not later than the
 * last gate event, but a gate_out ends presence begun in the same second (D3): both sides must agree.
 *
 * A last one that lies ahead by more than a step of the clock was stored before the clock was set back: as on the phone (D8), it
 * does not hold up what happens now, or nobody could leave until that time has come again.
 */
static bool moves(const struct bsg_op_crossing_add *add, const struct bsg_sqlite_row *device)
{
	int64_t seq = device->num[2], last = device->num[3], at = effective(add);

	return seq == 0 || last > add->received + BSG_STORE_CLOCK_STEP_S || at > last || (at == last && add->direction == BSG_CROSSING_OUT);
}

static enum bsg_err move_device(struct bsg_sqlite *self, const struct bsg_op_crossing_add *add,
				const struct bsg_sqlite_row *device, struct bsg_move_rec *move, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	bsg_store_copy(move->device, sizeof(move->device), device->text[0]);
	move->applied = moves(add, device);
	move->seq = move->applied ? device->num[2] + 1 : 0;
	if (move->applied)
		rc = bsg_sqlite_run(self, BSG_SQL_DEVICE_MOVE,
				    BSG_VALUES(bsg_text(move->device), bsg_num(move->seq), bsg_text(add->place),
					       bsg_text(add->gate), bsg_num(add->direction), bsg_num(effective(add))), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_MOVE_ADD,
				    BSG_VALUES(bsg_text(add->id), bsg_text(move->device), bsg_num(move->applied),
					       bsg_num(move->seq)), NULL, err);
	return rc;
}

enum bsg_err bsg_sqlite_crossing_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_crossing_add *add = &op->crossing_add;
	struct bsg_sqlite_row old, devices[BSG_CARRIED_MAX];
	char subject[SUBJECT_SIZE];
	bool found, applied = false;
	size_t n = 0;
	enum bsg_err rc;

	add->again = false;
	add->n_devices = 0;
	add->moved_person[0] = '\0';
	name_subject(add, subject);
	rc = bsg_sqlite_row(self, BSG_SQL_CROSSING, BSG_VALUES(bsg_text(add->id)), &bsg_sqlite_mixed, &old, &found, err);
	if (rc == BSG_OK && found)
		return cross_again(self, add, &old, subject, err);
	if (rc == BSG_OK)
		rc = find_devices(self, add, devices, &n, err);
	for (size_t i = 0; i < n && rc == BSG_OK; i++) {
		rc = move_device(self, add, &devices[i], &add->devices[i], err);
		applied = applied || add->devices[i].applied;
	}
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_CROSSING_ADD,
				    BSG_VALUES(bsg_text(add->id), bsg_text(subject), bsg_text(add->moved_person),
					       bsg_text(n > 0 ? add->devices[0].device : ""), bsg_text(add->place),
					       bsg_text(add->gate), bsg_num(add->direction), bsg_num(add->at),
					       bsg_num(add->received), bsg_text(add->by), bsg_num((int64_t)n),
					       bsg_num(applied)), NULL, err);
	if (rc != BSG_OK)
		return rc;
	add->n_devices = (unsigned)n;
	op->changed = true;
	return BSG_OK;
}

struct instance_row {
	int64_t sequence;
	uint8_t instance[BSG_STORE_INSTANCE_LEN];
};

static const struct bsg_field instance_fields[] = {
	{ BSG_FIELD_NUM, offsetof(struct instance_row, sequence), sizeof(int64_t) },
	{ BSG_FIELD_BYTES, offsetof(struct instance_row, instance), BSG_STORE_INSTANCE_LEN },
};
static const struct bsg_record instance_record = { sizeof(struct instance_row), instance_fields, 2 };

static enum bsg_err second_agent(struct bsg_sqlite *self, const struct bsg_op *op, struct bsg_error *err)
{
	self->conflict = op;
	return bsg_fail(err, BSG_E_CONFLICT, "device %s: another agent uses the same key: enrol one of them anew",
			op->reports.device);
}

/* Whether the agent is the one we know, and bind the first one. @param repeated  the sequence is not a new one */
static enum bsg_err check_instance(struct bsg_sqlite *self, struct bsg_op *op, bool *repeated, struct bsg_error *err)
{
	const struct bsg_op_reports *reports = &op->reports;
	struct instance_row row = { 0 };
	size_t n;
	enum bsg_err rc = bsg_sqlite_get(self, BSG_SQL_INSTANCE, BSG_VALUES(bsg_text(reports->device)), &instance_record,
					 &row, 1, &n, err);

	*repeated = false;
	if (rc != BSG_OK)
		return rc;
	if (n == 0) {
		rc = bsg_sqlite_run(self, BSG_SQL_INSTANCE_ADD,
				    BSG_VALUES(bsg_text(reports->device),
					       bsg_blob(reports->instance, BSG_STORE_INSTANCE_LEN),
					       bsg_num(reports->sequence)), NULL, err);
		return rc != BSG_E_NOT_FOUND ? rc :
			bsg_fail(err, BSG_E_NOT_FOUND, "device %s is not enrolled", reports->device);
	}
	if (memcmp(row.instance, reports->instance, sizeof(row.instance)) != 0)
		return second_agent(self, op, err);
	*repeated = reports->sequence <= row.sequence;
	if (*repeated)
		return BSG_OK;
	return bsg_sqlite_run(self, BSG_SQL_INSTANCE_NEXT,
			      BSG_VALUES(bsg_text(reports->device), bsg_num(reports->sequence)), NULL, err);
}

static enum bsg_err take_report(struct bsg_sqlite *self, const struct bsg_op_reports *reports,
				const struct bsg_op_report *r, bool *is_new, struct bsg_error *err)
{
	int64_t n = 0;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_REPORT_ADD,
					 BSG_VALUES(bsg_text(reports->device), bsg_blob(r->id, BSG_STORE_REPORT_ID_LEN),
						    bsg_text(r->kind), bsg_num(reports->sequence), bsg_num(r->at),
						    bsg_num(reports->received), bsg_blob(r->body.ptr, r->body.len)), &n,
					 err);

	*is_new = rc == BSG_OK && n == 1;
	if (!*is_new)
		return rc;
	return bsg_sqlite_run(self, BSG_SQL_REPORT_LATEST,
			      BSG_VALUES(bsg_text(reports->device), bsg_text(r->kind),
					 bsg_num(sqlite3_last_insert_rowid(self->db))), NULL, err);
}

enum bsg_err bsg_sqlite_reports(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_reports *reports = &op->reports;
	bool repeated, is_new;
	enum bsg_err rc = check_instance(self, op, &repeated, err);

	reports->n_new = 0;
	for (size_t i = 0; i < reports->n_reports && rc == BSG_OK; i++) {
		rc = take_report(self, reports, &reports->reports[i], &is_new, err);
		reports->n_new += is_new;
		if (rc == BSG_OK && is_new && repeated)	/* a known sequence with other content: undone as a whole */
			rc = second_agent(self, op, err);
	}
	op->changed = rc == BSG_OK && reports->n_new > 0;
	return rc;
}

enum bsg_err bsg_sqlite_flag_conflict(struct bsg_sqlite *self, const struct bsg_op *op, struct bsg_error *err)
{
	return bsg_sqlite_run(self, BSG_SQL_DEVICE_CONFLICT,
			      BSG_VALUES(bsg_text(op->reports.device), bsg_num(op->reports.received)), NULL, err);
}

enum bsg_err bsg_sqlite_audit(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_audit *audit = &op->audit;
	struct bsg_audit_rec *entry = &self->entry;
	struct bsg_sqlite_row head;
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_AUDIT_HEAD, NULL, 0, &bsg_sqlite_hash, &head, &found, err);

	if (rc != BSG_OK)
		return rc;
	entry->seq = head.num[0] + 1;	/* without entries the head is all zero */
	entry->at = audit->at;
	bsg_store_copy(entry->who, sizeof(entry->who), audit->who);
	bsg_store_copy(entry->action, sizeof(entry->action), audit->action);
	bsg_store_copy(entry->subject, sizeof(entry->subject), audit->subject);
	bsg_store_copy(entry->reason, sizeof(entry->reason), audit->reason);
	bsg_store_copy(entry->detail, sizeof(entry->detail), audit->detail);
	rc = bsg_store_audit_hash(self->options, head.sha256, entry, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_AUDIT_ADD,
				    BSG_VALUES(bsg_num(entry->seq), bsg_num(entry->at), bsg_text(entry->who),
					       bsg_text(entry->action), bsg_text(entry->subject), bsg_text(entry->reason),
					       bsg_text(entry->detail), bsg_sha(entry->hash)), NULL, err);
	if (rc != BSG_OK)
		return rc;
	audit->seq = entry->seq;
	op->changed = true;
	return BSG_OK;
}

enum bsg_err bsg_sqlite_retention(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_retention *forget = &op->retention;
	int64_t limit = forget->limit != 0 ? forget->limit : FORGET_DEFAULT, n_crossings = 0, n_reports = 0, n_owner = 0;
	enum bsg_err rc = BSG_OK;

	if (forget->set_back != 0)
		rc = bsg_sqlite_owner_set_back(self, forget->set_back, &n_owner, err);
	if (rc == BSG_OK && forget->crossings_before != 0) {
		rc = bsg_sqlite_run(self, BSG_SQL_FORGET_MOVES,
				    BSG_VALUES(bsg_num(forget->crossings_before), bsg_num(limit)), NULL, err);
		if (rc == BSG_OK)
			rc = bsg_sqlite_run(self, BSG_SQL_FORGET_CROSSINGS,
					    BSG_VALUES(bsg_num(forget->crossings_before), bsg_num(limit)), &n_crossings,
					    err);
	}
	if (rc == BSG_OK && forget->reports_before != 0)
		rc = bsg_sqlite_run(self, BSG_SQL_FORGET_REPORTS,
				    BSG_VALUES(bsg_num(forget->reports_before), bsg_num(limit)), &n_reports, err);
	if (rc != BSG_OK)
		return rc;
	forget->n_crossings = (unsigned)n_crossings;
	forget->n_reports = (unsigned)n_reports;
	forget->more = n_crossings == limit || n_reports == limit;
	op->changed = n_crossings + n_reports + n_owner > 0;
	return BSG_OK;
}

enum bsg_err bsg_sqlite_probe(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	op->changed = false;
	return bsg_sqlite_run(self, BSG_SQL_PROBE, NULL, 0, NULL, err);
}
