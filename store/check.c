/* SPDX-License-Identifier: Apache-2.0 */
/* What operations must look like before they are queued: one table. */
#include <string.h>

#include <bosaga/functions.h>
#include <bosaga/limits.h>

#include "store/backend.h"

enum rule_type {
	RULE_TEXT,	/* required, not empty, shorter than max */
	RULE_OPTIONAL,	/* NULL or shorter than max */
	RULE_ID,	/* 32 lower-case hex digits */
	RULE_DIGEST,	/* required; its length is a matter of trust */
	RULE_BYTES	/* 1..max bytes */
};

struct rule {
	enum rule_type type;
	const char *name;
	size_t offset, max;
};

struct op_rules {
	const char *name;
	bool audited;
	const struct rule *rules;
	size_t n_rules;
};

/* A member's name cannot stand in parentheses. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define MEMBER(type, op, member, max) { type, #member, offsetof(struct bsg_op, op.member), max }
#define TEXT(op, member, size) MEMBER(RULE_TEXT, op, member, size)
#define NAME(op, member) MEMBER(RULE_TEXT, op, member, BSG_NAME_SIZE)
#define OPTIONAL(op, member, size) MEMBER(RULE_OPTIONAL, op, member, size)
#define ID(op, member) MEMBER(RULE_ID, op, member, 0)
#define DIGEST(op, member) MEMBER(RULE_DIGEST, op, member, 0)
#define BYTES(op, member, max) MEMBER(RULE_BYTES, op, member, max)
#define RULES(audited, name, ...) { name, audited, (const struct rule[]){ __VA_ARGS__ }, \
	sizeof((const struct rule[]){ __VA_ARGS__ }) / sizeof(struct rule) }
#define NO_RULES(audited, name) { name, audited, NULL, 0 }

#define CERTIFICATE_MAX 16384

static const struct op_rules table[BSG_OP_COUNT] = {
	[BSG_OP_PERSON_ADD] = RULES(true, "add person", NAME(person_add, id), TEXT(person_add, name, BSG_FULL_NAME_SIZE),
		OPTIONAL(person_add, unit, BSG_NAME_SIZE), TEXT(person_add, lang, 3)),
	[BSG_OP_PERSON_LEAVE] = RULES(true, "person leaves", NAME(person_leave, id)),
	[BSG_OP_BADGE_ADD] = RULES(true, "give badge", TEXT(badge_add, number, BSG_BADGE_SIZE), NAME(badge_add, person)),
	[BSG_OP_BADGE_REMOVE] = RULES(true, "take badge", TEXT(badge_remove, number, BSG_BADGE_SIZE),
		NAME(badge_remove, person)),
	[BSG_OP_INVITATION_ADD] = RULES(true, "invite", DIGEST(invitation_add, token_sha256), NAME(invitation_add, person),
		NAME(invitation_add, kind)),
	[BSG_OP_ENROL] = RULES(true, "enrol", DIGEST(enrol, token_sha256), DIGEST(enrol, key_sha256), ID(enrol, device),
		NAME(enrol, class_name), DIGEST(enrol, certificate_sha256), BYTES(enrol, certificate, CERTIFICATE_MAX)),
	[BSG_OP_CERTIFICATE_ADD] = RULES(true, "add certificate", ID(certificate_add, device), DIGEST(certificate_add, sha256),
		BYTES(certificate_add, certificate, CERTIFICATE_MAX)),
	[BSG_OP_CERTIFICATE_REVOKE] = RULES(true, "revoke certificate", DIGEST(certificate_revoke, sha256)),
	[BSG_OP_DEVICE_STATE] = RULES(true, "end device", ID(device_state, device)),
	[BSG_OP_DEVICE_CARRIED] = RULES(true, "carry device", ID(device_carried, device)),
	[BSG_OP_DEVICE_RELEASE] = RULES(true, "release device", ID(device_release, device),
		TEXT(device_release, reason, BSG_REASON_SIZE)),
	[BSG_OP_POLICY_PROPOSE] = RULES(true, "propose policy",
		BYTES(policy_propose, document, BSG_STORE_DOCUMENT_BYTES_MAX), DIGEST(policy_propose, digest),
		TEXT(policy_propose, author, BSG_ACTOR_SIZE)),
	[BSG_OP_POLICY_APPROVE] = RULES(true, "approve policy", TEXT(policy_approve, approver, BSG_ACTOR_SIZE)),
	[BSG_OP_POLICY_ACTIVATE] = NO_RULES(true, "activate policy"),
	[BSG_OP_EXEMPTION_ADD] = RULES(true, "add exemption", ID(exemption_add, id),
		OPTIONAL(exemption_add, person, BSG_NAME_SIZE), OPTIONAL(exemption_add, device, BSG_ID_SIZE),
		TEXT(exemption_add, reason, BSG_REASON_SIZE), TEXT(exemption_add, author, BSG_ACTOR_SIZE)),
	[BSG_OP_EXEMPTION_APPROVE] = RULES(true, "approve exemption", ID(exemption_approve, id),
		TEXT(exemption_approve, approver, BSG_ACTOR_SIZE)),
	[BSG_OP_EXEMPTION_END] = RULES(true, "end exemption", ID(exemption_end, id),
		TEXT(exemption_end, by, BSG_ACTOR_SIZE)),
	[BSG_OP_PLACE_SECRET_ADD] = RULES(false, "keep place secret", NAME(place_secret_add, place),
		DIGEST(place_secret_add, key), DIGEST(place_secret_add, day_root)),
	[BSG_OP_ORDERS_PUT] = RULES(false, "put orders", ID(orders_put, device), DIGEST(orders_put, digest),
		DIGEST(orders_put, content), BYTES(orders_put, bytes, BSG_STORE_ORDERS_MAX)),
	[BSG_OP_ORDERS_KEEP] = RULES(false, "keep orders", ID(orders_keep, device)),
	[BSG_OP_CROSSING_ADD] = RULES(false, "add crossing", TEXT(crossing_add, id, BSG_UUID_SIZE),
		OPTIONAL(crossing_add, badge, BSG_BADGE_SIZE), OPTIONAL(crossing_add, person, BSG_NAME_SIZE),
		OPTIONAL(crossing_add, device, BSG_ID_SIZE), NAME(crossing_add, place), NAME(crossing_add, gate),
		TEXT(crossing_add, by, BSG_ACTOR_SIZE)),
	[BSG_OP_REPORTS] = RULES(false, "take reports", ID(reports, device), DIGEST(reports, instance)),
	[BSG_OP_GATE_CREDENTIAL_ADD] = RULES(true, "give gate credential", NAME(gate_credential_add, place),
		NAME(gate_credential_add, gate), DIGEST(gate_credential_add, key_sha256),
		TEXT(gate_credential_add, by, BSG_ACTOR_SIZE)),
	[BSG_OP_TURNSTILE_ADD] = RULES(true, "add turnstile", ID(turnstile_add, id), DIGEST(turnstile_add, token_sha256),
		NAME(turnstile_add, place), NAME(turnstile_add, gate), OPTIONAL(turnstile_add, address, BSG_ADDRESS_SIZE)),
	[BSG_OP_TURNSTILE_REMOVE] = RULES(true, "remove turnstile", ID(turnstile_remove, id)),
	[BSG_OP_ADMIN_ADD] = RULES(true, "add administrator", NAME(admin_add, name), NAME(admin_add, role),
		OPTIONAL(admin_add, unit, BSG_NAME_SIZE)),
	[BSG_OP_ADMIN_REMOVE] = RULES(true, "remove administrator", NAME(admin_remove, name)),
	[BSG_OP_TOKEN_ADD] = RULES(true, "add token", ID(token_add, id), DIGEST(token_add, sha256), NAME(token_add, admin)),
	[BSG_OP_TOKEN_REVOKE] = RULES(true, "revoke token", ID(token_revoke, id)),
	[BSG_OP_APPLE_AUTHENTICATE] = RULES(true, "authenticate phone", ID(apple_authenticate, device),
		DIGEST(apple_authenticate, certificate_sha256), TEXT(apple_authenticate, udid, BSG_UDID_SIZE),
		OPTIONAL(apple_authenticate, model, BSG_APPLE_MODEL_SIZE), OPTIONAL(apple_authenticate, product, BSG_APPLE_MODEL_SIZE)),
	[BSG_OP_APPLE_TOKEN_UPDATE] = RULES(false, "keep push token", ID(apple_token_update, device),
		BYTES(apple_token_update, token, BSG_APPLE_TOKEN_MAX), TEXT(apple_token_update, push_magic, BSG_APPLE_MAGIC_SIZE),
		TEXT(apple_token_update, topic, BSG_APPLE_TOPIC_SIZE)),
	[BSG_OP_APPLE_CHECKOUT] = RULES(true, "check phone out", ID(apple_checkout, device)),
	[BSG_OP_APPLE_STEP] = RULES(false, "step phone", ID(apple_step, device), BYTES(apple_step, state, BSG_STATE_BYTES_MAX),
		OPTIONAL(apple_step, uuid, BSG_UUID_SIZE)),
	[BSG_OP_APPLE_ANSWER] = RULES(false, "take phone's answer", ID(apple_answer, device),
		OPTIONAL(apple_answer, uuid, BSG_UUID_SIZE), OPTIONAL(apple_answer, follow_uuid, BSG_UUID_SIZE),
		OPTIONAL(apple_answer, error, BSG_APPLE_ERROR_SIZE)),
	[BSG_OP_APPLE_PUSHED] = RULES(false, "record push", ID(apple_pushed, device),
		BYTES(apple_pushed, token, BSG_APPLE_TOKEN_MAX)),
	[BSG_OP_CODE_ADD] = RULES(true, "give code", NAME(code_add, person), DIGEST(code_add, code_sha256), DIGEST(code_add, link_sha256)),
	[BSG_OP_SESSION_BEGIN] = RULES(true, "begin session", OPTIONAL(session_begin, badge, BSG_BADGE_SIZE),
		DIGEST(session_begin, secret_sha256), DIGEST(session_begin, session_sha256)),
	[BSG_OP_SESSION_END] = RULES(true, "end session", DIGEST(session_end, session_sha256)),
	[BSG_OP_AUDIT] = RULES(false, "audit", TEXT(audit, who, BSG_ACTOR_SIZE), NAME(audit, action),
		TEXT(audit, subject, BSG_ACTOR_SIZE), OPTIONAL(audit, reason, BSG_REASON_SIZE),
		OPTIONAL(audit, detail, BSG_DETAIL_SIZE)),
	[BSG_OP_RETENTION] = NO_RULES(false, "forget"),
	[BSG_OP_PROBE] = NO_RULES(false, "probe"),
};

static enum bsg_err check_text(const char *text, const struct rule *rule, const char *op, struct bsg_error *err)
{
	size_t len;

	if (text == NULL && rule->type == RULE_OPTIONAL)
		return BSG_OK;
	len = text != NULL ? strlen(text) : 0;
	if (len == 0 && rule->type != RULE_OPTIONAL)
		return bsg_fail(err, BSG_E_INVALID, "%s: no %s", op, rule->name);
	if (rule->type == RULE_ID && !bsg_id_is_device(text))
		return bsg_fail(err, BSG_E_INVALID, "%s: %s is not %d hex digits", op, rule->name, BSG_ID_LEN);
	if (rule->type != RULE_ID && len >= rule->max)
		return bsg_fail(err, BSG_E_LIMIT, "%s: %s has %zu bytes, at most %zu", op, rule->name, len,
				rule->max - 1);
	return BSG_OK;
}

static enum bsg_err check_bytes(struct bsg_bytes bytes, const struct rule *rule, const char *op, struct bsg_error *err)
{
	if (bytes.ptr == NULL || bytes.len == 0)
		return bsg_fail(err, BSG_E_INVALID, "%s: no %s", op, rule->name);
	if (bytes.len > rule->max)
		return bsg_fail(err, BSG_E_LIMIT, "%s: %s has %zu bytes, at most %zu", op, rule->name, bytes.len,
				rule->max);
	return BSG_OK;
}

static enum bsg_err check_member(const void *member, const struct rule *rule, const char *op, struct bsg_error *err)
{
	struct bsg_bytes bytes;
	const void *pointer;

	if (rule->type == RULE_BYTES) {
		memcpy(&bytes, member, sizeof(bytes));
		return check_bytes(bytes, rule, op, err);
	}
	memcpy(&pointer, member, sizeof(pointer));
	if (rule->type != RULE_DIGEST)
		return check_text(pointer, rule, op, err);
	if (pointer == NULL)
		return bsg_fail(err, BSG_E_INVALID, "%s: no %s", op, rule->name);
	return BSG_OK;
}

static bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static enum bsg_err check_crossing(const struct bsg_op_crossing_add *op, struct bsg_error *err)
{
	if (given(op->badge) + given(op->person) + given(op->device) != 1)
		return bsg_fail(err, BSG_E_INVALID, "add crossing: give one of badge, person and device");
	if (op->direction != BSG_CROSSING_IN && op->direction != BSG_CROSSING_OUT)
		return bsg_fail(err, BSG_E_INVALID, "add crossing: direction is neither in nor out");
	return BSG_OK;
}

static enum bsg_err check_exemption(const struct bsg_op_exemption_add *op, struct bsg_error *err)
{
	if (given(op->person) + given(op->device) != 1)
		return bsg_fail(err, BSG_E_INVALID, "add exemption: give one of person and device");
	if (op->functions <= 0 || (op->functions & ~(int64_t)BSG_FUNCTIONS_ALL) != 0)
		return bsg_fail(err, BSG_E_INVALID, "add exemption: unknown functions, or none");
	if (op->from <= 0 || op->until <= op->from || op->until <= op->at)
		return bsg_fail(err, BSG_E_INVALID, "add exemption: it ends before it begins, or is over already");
	return BSG_OK;
}

static enum bsg_err check_reports(const struct bsg_op_reports *op, struct bsg_error *err)
{
	static const struct rule kind = { RULE_TEXT, "kind", 0, BSG_NAME_SIZE };
	static const struct rule body = { RULE_BYTES, "body", 0, BSG_STORE_REPORT_BYTES_MAX };
	enum bsg_err rc = BSG_OK;

	if (op->reports == NULL || op->n_reports == 0 || op->sequence < 0)
		return bsg_fail(err, BSG_E_INVALID, "take reports: none, or a sequence below 0");
	if (op->n_reports > BSG_STORE_REPORTS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "take reports: %zu, at most %d", op->n_reports, BSG_STORE_REPORTS_MAX);
	for (size_t i = 0; i < op->n_reports && rc == BSG_OK; i++) {
		if (op->reports[i].id == NULL)
			return bsg_fail(err, BSG_E_INVALID, "take reports: no id");
		rc = check_text(op->reports[i].kind, &kind, "take reports", err);
		if (rc == BSG_OK)
			rc = check_bytes(op->reports[i].body, &body, "take reports", err);
	}
	return rc;
}

static bool good_functions(int64_t functions)
{
	return functions >= 0 && (functions & ~(int64_t)BSG_FUNCTIONS_ALL) == 0;
}

static enum bsg_err check_apple_step(const struct bsg_op_apple_step *op, struct bsg_error *err)
{
	if (op->at <= 0 || op->next < 0)
		return bsg_fail(err, BSG_E_INVALID, "step phone: a time is out of range");
	if (!op->desire)
		return BSG_OK;
	if (!good_functions(op->functions) || op->command < BSG_APPLE_NO_COMMAND || op->command > BSG_APPLE_VERIFY_LIST)
		return bsg_fail(err, BSG_E_INVALID, "step phone: unknown functions or command");
	if (given(op->uuid) != (op->command != BSG_APPLE_NO_COMMAND) || (op->push && !given(op->uuid)))
		return bsg_fail(err, BSG_E_INVALID, "step phone: a command has a uuid, and only a command is pushed");
	if (op->functions == 0 ? op->until != 0 || op->command == BSG_APPLE_SETTINGS :
				 op->content == NULL || op->until <= 0 || op->command == BSG_APPLE_REMOVE)
		return bsg_fail(err, BSG_E_INVALID, "step phone: functions have content and a lease, nothing has neither lease nor settings");
	return BSG_OK;
}

/* Which kinds may follow is also asked of the row, which knows what was out. */
static enum bsg_err check_apple_answer(const struct bsg_op_apple_answer *op, struct bsg_error *err)
{
	const bool later = op->follow >= BSG_APPLE_INSTALL && op->follow <= BSG_APPLE_VERIFY_LIST;
	bool follows = op->follow == BSG_APPLE_NO_COMMAND;

	if (op->at <= 0 || op->next < 0 || op->settings_done < 0 || op->answer < BSG_APPLE_IDLE || op->answer > BSG_APPLE_NOT_NOW)
		return bsg_fail(err, BSG_E_INVALID, "take phone's answer: unknown answer, or a number is out of range");
	if (given(op->uuid) != (op->answer != BSG_APPLE_IDLE))
		return bsg_fail(err, BSG_E_INVALID, "take phone's answer: every answer but Idle has a uuid");
	if (op->answer == BSG_APPLE_ACKNOWLEDGED)
		follows = later;
	else if (op->answer == BSG_APPLE_ERROR)
		follows = follows || later;
	if (!follows || given(op->follow_uuid) != (op->follow != BSG_APPLE_NO_COMMAND))
		return bsg_fail(err, BSG_E_INVALID, "take phone's answer: this does not follow it, or has no uuid");
	if (op->answer == BSG_APPLE_VERIFIED && !good_functions(op->functions))
		return bsg_fail(err, BSG_E_INVALID, "take phone's answer: unknown functions");
	return BSG_OK;
}

static bool good_push(const struct bsg_op_apple_pushed *op)
{
	return op->result >= BSG_APPLE_PUSH_SENT && op->result <= BSG_APPLE_PUSH_UNREGISTERED && op->again > 0;
}

/* What the table cannot say: choices and ranges. */
static enum bsg_err check_rest(const struct bsg_op *op, struct bsg_error *err)
{
	bool good = true;

	if (op->kind == BSG_OP_CROSSING_ADD)
		return check_crossing(&op->crossing_add, err);
	if (op->kind == BSG_OP_EXEMPTION_ADD)
		return check_exemption(&op->exemption_add, err);
	if (op->kind == BSG_OP_REPORTS)
		return check_reports(&op->reports, err);
	if (op->kind == BSG_OP_APPLE_STEP)
		return check_apple_step(&op->apple_step, err);
	if (op->kind == BSG_OP_APPLE_ANSWER)
		return check_apple_answer(&op->apple_answer, err);
	if (op->kind == BSG_OP_DEVICE_STATE)
		good = op->device_state.state == BSG_DEVICE_LEAVING || op->device_state.state == BSG_DEVICE_REVOKED;
	else if (op->kind == BSG_OP_POLICY_PROPOSE)
		good = op->policy_propose.approvals_needed >= 0 && op->policy_propose.approvals_needed <= 8 &&
		       op->policy_propose.base >= 0;
	else if (op->kind == BSG_OP_EXEMPTION_APPROVE)
		good = op->exemption_approve.at > 0;
	else if (op->kind == BSG_OP_EXEMPTION_END)
		good = op->exemption_end.at > 0;
	else if (op->kind == BSG_OP_ORDERS_PUT)
		good = op->orders_put.expected_serial >= 0 && op->orders_put.serial > op->orders_put.expected_serial &&
		       op->orders_put.due > 0;
	else if (op->kind == BSG_OP_APPLE_AUTHENTICATE)
		good = op->apple_authenticate.at > 0 && op->apple_authenticate.os_version >= 0;
	else if (op->kind == BSG_OP_APPLE_TOKEN_UPDATE)
		good = op->apple_token_update.at > 0;
	else if (op->kind == BSG_OP_APPLE_CHECKOUT)
		good = op->apple_checkout.at > 0;
	else if (op->kind == BSG_OP_CODE_ADD)
		good = op->code_add.at > 0 && op->code_add.expires > op->code_add.at;
	else if (op->kind == BSG_OP_SESSION_BEGIN)
		good = op->session_begin.at > 0 && op->session_begin.expires > op->session_begin.at;
	else if (op->kind == BSG_OP_SESSION_END)
		good = op->session_end.at > 0;
	else if (op->kind == BSG_OP_APPLE_PUSHED)
		good = good_push(&op->apple_pushed);
	return good ? BSG_OK : bsg_fail(err, BSG_E_INVALID, "%s: a number is out of range", table[op->kind].name);
}

enum bsg_err bsg_store_check(const struct bsg_op *ops, size_t n_ops, struct bsg_error *err)
{
	const char *unaudited = NULL;
	bool has_audit = false;

	for (size_t i = 0; i < n_ops; i++) {
		const struct op_rules *rules;
		enum bsg_err rc = BSG_OK;

		if (ops[i].kind <= BSG_OP_NONE || ops[i].kind >= BSG_OP_COUNT)
			return bsg_fail(err, BSG_E_BUG, "operation %zu of a batch has no kind", i);
		rules = &table[ops[i].kind];
		has_audit = has_audit || ops[i].kind == BSG_OP_AUDIT;
		if (rules->audited)
			unaudited = rules->name;
		for (size_t r = 0; r < rules->n_rules && rc == BSG_OK; r++)
			rc = check_member((const char *)&ops[i] + rules->rules[r].offset, &rules->rules[r],
					  rules->name, err);
		if (rc == BSG_OK)
			rc = check_rest(&ops[i], err);
		if (rc != BSG_OK)
			return rc;
	}
	if (unaudited != NULL && !has_audit)
		return bsg_fail(err, BSG_E_BUG, "%s: a change without an audit entry in its batch", unaudited);
	return BSG_OK;
}
