/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on Apple devices: docs/spec/apple.md, A80-A99. Each finds one row by its key and changes it by one statement. */
#include <inttypes.h>
#include <string.h>

#include "store/sqlite.h"

#define ENDED "device %s: its enrolment has ended: enrol it anew"

/* The row as it stands after an answer. */
struct out_row {
	enum bsg_apple_state state;
	struct bsg_apple_command command;
};

#define OUT(type, member, size) { type, offsetof(struct out_row, member), size }
static const struct bsg_field out_fields[] = {
	OUT(BSG_FIELD_STATE, state, 4), OUT(BSG_FIELD_STATE, command.kind, 4), OUT(BSG_FIELD_TEXT, command.uuid, BSG_UUID_SIZE),
	OUT(BSG_FIELD_NUM, command.seq, 8), OUT(BSG_FIELD_NUM, command.functions, 8), OUT(BSG_FIELD_NUM, command.until, 8),
	OUT(BSG_FIELD_BYTES, command.content, BSG_STORE_SHA256_LEN),
};
static const struct bsg_record out_record = { sizeof(struct out_row), out_fields, sizeof(out_fields) / sizeof(out_fields[0]) };

/* Why a statement found no row that it could change. @return BSG_OK: the enrolment is there and lives */
static enum bsg_err explain(const char *device, const struct out_row *row, bool found, struct bsg_error *err)
{
	if (!found)
		return bsg_fail(err, BSG_E_CONFLICT, "device %s: Authenticate comes first", device);
	if (row->state == BSG_APPLE_NONE)
		return bsg_fail(err, BSG_E_DENIED, ENDED, device);
	return BSG_OK;
}

static enum bsg_err get_enrolment(struct bsg_sqlite *self, const char *device, struct out_row *row, bool *found,
				  struct bsg_error *err)
{
	size_t n;
	enum bsg_err rc;

	*row = (struct out_row){ 0 };
	rc = bsg_sqlite_get(self, BSG_SQL_APPLE_OUT, BSG_VALUES(bsg_text(device)), &out_record, row, 1, &n, err);
	*found = rc == BSG_OK && n == 1;
	return rc;
}

/* @param row  text: device, person of the certificate */
static enum bsg_err need_certificate(struct bsg_sqlite *self, const struct bsg_op_apple_authenticate *op,
				     struct bsg_sqlite_row *row, struct bsg_error *err)
{
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_APPLE_CERTIFICATE, BSG_VALUES(bsg_sha(op->certificate_sha256)),
					 &bsg_sqlite_mixed, row, &found, err);

	if (rc != BSG_OK)
		return rc;
	if (!found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "this certificate is not known");
	if (row->num[0] != 0 || strcmp(row->text[0], op->device) != 0)
		return bsg_fail(err, BSG_E_DENIED, "this certificate is revoked, or not that of device %s", op->device);
	if (row->num[1] != BSG_DEVICE_ACTIVE)
		return bsg_fail(err, BSG_E_DENIED, "device %s is revoked or leaving", op->device);
	return BSG_OK;
}

static enum bsg_err end_enrolment(struct bsg_sqlite *self, const char *device, int64_t at, int64_t *n, struct bsg_error *err)
{
	return bsg_sqlite_run(self, BSG_SQL_APPLE_END, BSG_VALUES(bsg_text(device), bsg_num(at)), n, err);
}

static enum bsg_err move_device(struct bsg_sqlite *self, const char *device, enum bsg_device_state state, int64_t at,
				struct bsg_error *err)
{
	struct bsg_op op = { .kind = BSG_OP_DEVICE_STATE, .device_state = { .device = device, .state = state, .at = at } };

	return bsg_sqlite_device_state(self, &op, err);
}

/* End the enrolment that this phone had before, if it lives. @param person  whose device it is to be now */
static enum bsg_err supersede(struct bsg_sqlite *self, struct bsg_op_apple_authenticate *op, const char *person,
			      struct bsg_error *err)
{
	struct bsg_sqlite_row old;	/* num: state of the device; text: device, person */
	bool found, active;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_APPLE_LIVING, BSG_VALUES(bsg_text(op->udid)), &bsg_sqlite_mixed, &old,
					 &found, err);

	if (rc != BSG_OK || !found || strcmp(old.text[0], op->device) == 0)
		return rc;
	active = old.num[0] == BSG_DEVICE_ACTIVE;
	if (active && strcmp(old.text[1], person) != 0)
		return bsg_fail(err, BSG_E_DENIED, "this phone is device %s of another person: revoke that first", old.text[0]);
	rc = end_enrolment(self, old.text[0], op->at, NULL, err);
	if (rc == BSG_OK && active)	/* before it is revoked: a revoked device is not carried */
		rc = bsg_sqlite_run(self, BSG_SQL_APPLE_INHERIT, BSG_VALUES(bsg_text(op->device), bsg_text(old.text[0])), NULL,
				    err);
	if (rc == BSG_OK && active)
		rc = move_device(self, old.text[0], BSG_DEVICE_REVOKED, op->at, err);
	if (rc == BSG_OK)
		bsg_store_copy(op->superseded, sizeof(op->superseded), old.text[0]);
	return rc;
}

enum bsg_err bsg_sqlite_apple_authenticate(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_apple_authenticate *auth = &op->apple_authenticate;
	const struct bsg_value values[] = { bsg_text(auth->device), bsg_text(auth->udid), bsg_num(auth->supervised),
		bsg_num(auth->os_version), bsg_text(auth->model), bsg_text(auth->product), bsg_num(auth->at),
		bsg_sha(auth->certificate_sha256) };
	struct bsg_sqlite_row certificate, own = { .num = { 0 } };
	bool found = false;
	enum bsg_err rc;

	auth->superseded[0] = '\0';
	rc = need_certificate(self, auth, &certificate, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_row(self, BSG_SQL_APPLE_OWN, values, 6, &bsg_sqlite_mixed, &own, &found, err);
	if (rc == BSG_OK && found && strcmp(own.text[0], auth->udid) != 0)
		return bsg_fail(err, BSG_E_DENIED, "device %s is another phone: each phone has an invitation of its own",
				auth->device);
	if (rc != BSG_OK || own.num[0] != 0)	/* the same again, before anything came of it */
		return rc;
	rc = supersede(self, auth, certificate.text[1], err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_APPLE_AUTHENTICATE, values, 8, NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_apple_token_update(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_apple_token_update *update = &op->apple_token_update;
	struct out_row row;
	int64_t n;
	bool found;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_APPLE_TOKEN,
					 BSG_VALUES(bsg_text(update->device), bsg_blob(update->token.ptr, update->token.len),
						    bsg_text(update->push_magic), bsg_text(update->topic), bsg_num(update->at)),
					 &n, err);

	op->changed = rc == BSG_OK && n == 1;
	if (rc != BSG_OK || op->changed)
		return rc;
	/* Sent again it is alive again, also if Apple called it dead meanwhile (A143): what waited for a better time is due. */
	rc = bsg_sqlite_run(self, BSG_SQL_APPLE_TOKEN_AGAIN, BSG_VALUES(bsg_text(update->device), bsg_num(update->at)), &n, err);
	if (rc != BSG_OK || n == 1)
		return rc;
	rc = get_enrolment(self, update->device, &row, &found, err);
	return rc == BSG_OK ? explain(update->device, &row, found, err) : rc;
}

enum bsg_err bsg_sqlite_apple_checkout(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_apple_checkout *checkout = &op->apple_checkout;
	struct bsg_sqlite_row device;
	struct out_row row;
	int64_t n;
	bool found;
	enum bsg_err rc = end_enrolment(self, checkout->device, checkout->at, &n, err);

	op->changed = rc == BSG_OK && n == 1;
	if (rc != BSG_OK)
		return rc;
	if (!op->changed) {
		rc = get_enrolment(self, checkout->device, &row, &found, err);
		return rc == BSG_OK && !found ? explain(checkout->device, &row, found, err) : rc;
	}
	rc = bsg_sqlite_need_device(self, checkout->device, &device, err);
	if (rc == BSG_OK && device.num[0] == BSG_DEVICE_ACTIVE)
		rc = move_device(self, checkout->device, BSG_DEVICE_LEAVING, checkout->at, err);
	return rc;
}

/* @return why the row was not changed */
static enum bsg_err refuse_step(struct bsg_sqlite *self, const struct bsg_op_apple_step *step, struct bsg_error *err)
{
	struct bsg_sqlite_row row;	/* num: state, whether the version is the one */
	bool found;
	enum bsg_err rc = bsg_sqlite_row(self, BSG_SQL_APPLE_VERSION, BSG_VALUES(bsg_text(step->device), bsg_num(step->version)),
					 &bsg_sqlite_numbers, &row, &found, err);

	if (rc != BSG_OK)
		return rc;
	if (!found)
		return bsg_fail(err, BSG_E_NOT_FOUND, "device %s has no Apple enrolment", step->device);
	if (row.num[0] == BSG_APPLE_NONE)
		return bsg_fail(err, BSG_E_DENIED, ENDED, step->device);
	if (row.num[1] == 0)
		return bsg_fail(err, BSG_E_CONFLICT, "device %s is not at version %" PRId64 " any more: read it again",
				step->device, step->version);
	return bsg_fail(err, BSG_E_INVALID, "device %s is not known to have what is desired: send a command", step->device);
}

enum bsg_err bsg_sqlite_apple_step(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_apple_step *step = &op->apple_step;
	const struct bsg_value values[] = { bsg_text(step->device), bsg_num(step->version),
		bsg_blob(step->state.ptr, step->state.len), bsg_num(step->next), bsg_num(step->functions),
		step->content != NULL ? bsg_sha(step->content) : bsg_blob("", 0), bsg_num(step->until), bsg_num(step->at),
		bsg_num(step->crossing_at), bsg_num(step->command), bsg_text(step->uuid), bsg_num(step->push),
		bsg_num(step->at + BSG_STORE_CLOCK_STEP_S) };
	int64_t n;
	enum bsg_err rc = bsg_sqlite_run(self, step->desire ? BSG_SQL_APPLE_DESIRE : BSG_SQL_APPLE_STEP, values,
					 step->desire ? 13 : 4, &n, err);

	op->changed = rc == BSG_OK && n == 1;
	return rc != BSG_OK || op->changed ? rc : refuse_step(self, step, err);
}

/* Write what the phone said. @param known  whether it is of the command that was out */
static enum bsg_err note_answer(struct bsg_sqlite *self, const struct bsg_op_apple_answer *answer, bool *known, struct bsg_error *err)
{
	static const struct {
		enum bsg_sqlite_statement statement;
		size_t n_values;
	} how[] = {
		[BSG_APPLE_ACKNOWLEDGED] = { BSG_SQL_APPLE_ACKNOWLEDGED, 6 },
		[BSG_APPLE_VERIFIED] = { BSG_SQL_APPLE_VERIFIED, 4 },
		[BSG_APPLE_ERROR] = { BSG_SQL_APPLE_ERROR, 7 },
		[BSG_APPLE_NOT_NOW] = { BSG_SQL_APPLE_NOT_NOW, 3 },
	};
	const struct bsg_value values[] = { bsg_text(answer->device), bsg_text(answer->uuid), bsg_num(answer->at),
		bsg_num(answer->answer == BSG_APPLE_VERIFIED ? answer->functions : (int64_t)answer->follow),
		bsg_text(answer->follow_uuid), bsg_num(answer->settings_done), bsg_text(answer->error) };
	int64_t n = 0;
	enum bsg_err rc = bsg_sqlite_run(self, how[answer->answer].statement, values, how[answer->answer].n_values, &n, err);

	*known = rc == BSG_OK && n == 1;
	if (*known && answer->next != 0)
		rc = bsg_sqlite_run(self, BSG_SQL_APPLE_WAKE, BSG_VALUES(bsg_text(answer->device), bsg_num(answer->next)), NULL,
				    err);
	return rc;
}

/* Nothing was written: say why, or give what was offered before. */
static enum bsg_err find_offered(struct bsg_op_apple_answer *answer, const struct out_row *row, struct bsg_error *err)
{
	if (row->state != BSG_APPLE_USABLE)
		return bsg_fail(err, BSG_E_CONFLICT, "device %s: TokenUpdate comes first", answer->device);
	if (row->command.kind == BSG_APPLE_NO_COMMAND)
		return BSG_OK;
	answer->known = answer->answer != BSG_APPLE_IDLE && strcmp(row->command.uuid, answer->uuid) == 0;
	if (!answer->known)
		answer->command = row->command;
	else if (answer->answer != BSG_APPLE_NOT_NOW)
		return bsg_fail(err, BSG_E_INVALID, "device %s: no such answer, or no such follower, to a command of kind %d",
				answer->device, (int)row->command.kind);
	return BSG_OK;
}

/* Whether the phone is told what the row says is out, after something was written. */
static bool gives_command(const struct bsg_op_apple_answer *answer, const struct out_row *row)
{
	return row->command.kind != BSG_APPLE_NO_COMMAND && !(answer->known && answer->answer == BSG_APPLE_NOT_NOW);
}

enum bsg_err bsg_sqlite_apple_answer(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_apple_answer *answer = &op->apple_answer;
	struct out_row row;
	bool found;
	int64_t n = 0;
	enum bsg_err rc = BSG_OK;

	answer->known = false;
	answer->command = (struct bsg_apple_command){ 0 };
	if (answer->answer != BSG_APPLE_IDLE)
		rc = note_answer(self, answer, &answer->known, err);
	if (rc == BSG_OK && !answer->known)
		rc = bsg_sqlite_run(self, BSG_SQL_APPLE_OFFER, BSG_VALUES(bsg_text(answer->device), bsg_num(answer->at)), &n, err);
	op->changed = rc == BSG_OK && (answer->known || n == 1);
	if (rc == BSG_OK)	/* a second look at the row costs less than RETURNING */
		rc = get_enrolment(self, answer->device, &row, &found, err);
	if (rc == BSG_OK)
		rc = explain(answer->device, &row, found, err);
	if (rc != BSG_OK)
		return rc;
	if (!op->changed)
		return find_offered(answer, &row, err);
	if (gives_command(answer, &row))
		answer->command = row.command;
	return BSG_OK;
}

enum bsg_err bsg_sqlite_apple_pushed(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_apple_pushed *pushed = &op->apple_pushed;
	const struct bsg_value token = bsg_blob(pushed->token.ptr, pushed->token.len);
	int64_t n = 0;
	enum bsg_err rc;

	if (pushed->result == BSG_APPLE_PUSH_UNREGISTERED)
		rc = bsg_sqlite_run(self, BSG_SQL_APPLE_UNREGISTERED, BSG_VALUES(bsg_text(pushed->device), token), &n, err);
	else
		rc = bsg_sqlite_run(self, BSG_SQL_APPLE_PUSHED,
				    BSG_VALUES(bsg_text(pushed->device), bsg_num(pushed->seq), token, bsg_num(pushed->again),
					       bsg_num(pushed->result == BSG_APPLE_PUSH_SENT)), &n, err);
	op->changed = rc == BSG_OK && n == 1;
	return rc;
}
