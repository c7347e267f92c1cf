/* SPDX-License-Identifier: Apache-2.0 */
/* Administrators, their tokens, and the audit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/handlers.h"

#define DAY_S INT64_C(86400)

static const char *const role_names[] = {"admin", "policy", "helpdesk", "auditor", NULL};

static json_t *admin_json(const struct bsg_admin_rec *rec)
{
	return json_pack("{s:s, s:s, s:o}", "name", rec->name, "role", rec->role, "unit", bsg_reply_text(rec->unit));
}

void bsg_get_admins(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_admin_rec *recs;
	struct bsg_page page;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, true, NULL) || !bsg_query_page(x, &page) || !bsg_caller_needs_all(x))
		return;
	recs = calloc(page.limit, sizeof(*recs));
	if (recs == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_store_admins(server->store, &page, recs, &err);
	if (rc == BSG_OK) {
		items = json_array();
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(items, admin_json(&recs[i]));
		bsg_answer_list(x, items, &page);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	free(recs);
}

struct admin_body {
	const char *name, *role, *unit;
};

static const struct bsg_field admin_fields[] = {
	BSG_FIELD(struct admin_body, name, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct admin_body, role, BSG_FIELD_CHOICE, .required = true, .choices = role_names),
	BSG_FIELD(struct admin_body, unit, BSG_FIELD_NAME),
};

void bsg_post_admin(struct bsg_http_exchange *x, void *app)
{
	struct admin_body body = {.name = NULL};
	struct bsg_server *server = app;
	struct bsg_change change;
	char detail[160];	/* names and words of a list: nothing to escape */
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, admin_fields, 3, &body) || !bsg_caller_needs_all(x))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_ADMIN_ADD);
	op->admin_add = (struct bsg_op_admin_add){.name = body.name, .role = body.role, .unit = body.unit, .at = bsg_now(server)};
	snprintf(detail, sizeof(detail), "{\"role\":\"%s\",\"unit\":\"%s\"}", body.role, body.unit != NULL ? body.unit : "");
	bsg_change_audit(&change, "admin-add", body.name, NULL, detail);
	if (bsg_change_apply(&change))
		bsg_answer_json(x, change.ops[0].changed ? 201 : 200,
				json_pack("{s:s, s:s, s:o}", "name", body.name, "role", body.role, "unit", bsg_reply_text(body.unit)), NULL);
}

void bsg_delete_admin(struct bsg_http_exchange *x, void *app)
{
	const char *name = bsg_http_param(x, "name");
	struct bsg_change change;

	if (!bsg_query_only(x, false, NULL) || !bsg_caller_needs_all(x))
		return;
	bsg_change_begin(&change, app, x);
	bsg_change_add(&change, BSG_OP_ADMIN_REMOVE)->admin_remove.name = name;
	bsg_change_audit(&change, "admin-remove", name, NULL, NULL);
	if (bsg_change_apply(&change))
		bsg_answer_empty(x, 204);
}

void bsg_get_tokens(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"admin", NULL};
	struct bsg_server *server = app;
	struct bsg_token_rec *recs;
	struct bsg_page page;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, true, names) || !bsg_query_page(x, &page) || !bsg_caller_needs_all(x))
		return;
	recs = calloc(page.limit, sizeof(*recs));
	if (recs == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_store_tokens(server->store, bsg_http_query(x, "admin"), &page, recs, &err);
	if (rc == BSG_OK) {
		items = json_array();
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(items, json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", recs[i].id, "admin", recs[i].admin,
							       "created", bsg_reply_time(recs[i].created), "expires",
							       bsg_reply_time(recs[i].expires), "revoked", bsg_reply_time(recs[i].revoked)));
		bsg_answer_list(x, items, &page);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	free(recs);
}

struct token_body {
	const char *admin;
	int64_t days;
};

static const struct bsg_field token_fields[] = {
	BSG_FIELD(struct token_body, admin, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct token_body, days, BSG_FIELD_INT, .min = 1, .max_int = 366),
};

void bsg_post_token(struct bsg_http_exchange *x, void *app)
{
	struct token_body body = {.days = 30};
	struct bsg_server *server = app;
	char token[BSG_RANDOM_TOKEN_SIZE], id[BSG_ID_SIZE];
	uint8_t hash[BSG_SHA256_LEN];
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, token_fields, 2, &body) || !bsg_caller_needs_all(x))
		return;
	bsg_change_begin(&change, server, x);
	if (bsg_random_token(token, &change.err) != BSG_OK || bsg_random_id(id, &change.err) != BSG_OK ||
	    bsg_sha256(token, strlen(token), hash, &change.err) != BSG_OK) {
		bsg_http_fail(x, BSG_E_BUG, &change.err);
		return;
	}
	op = bsg_change_add(&change, BSG_OP_TOKEN_ADD);
	op->token_add = (struct bsg_op_token_add){.id = id, .sha256 = hash, .admin = body.admin, .at = bsg_now(server)};
	op->token_add.expires = op->token_add.at + body.days * DAY_S;
	bsg_change_audit(&change, "token-add", body.admin, NULL, NULL);
	if (bsg_change_apply(&change))
		bsg_answer_json(x, 201, json_pack("{s:s, s:s, s:s, s:o}", "id", id, "admin", body.admin, "token", token, "expires",
						  bsg_reply_time(change.ops[0].token_add.expires)), NULL);
	bsg_wipe(token, sizeof(token));
}

void bsg_delete_token(struct bsg_http_exchange *x, void *app)
{
	const char *id = bsg_http_param(x, "id");
	struct bsg_server *server = app;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_caller_needs_all(x))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_TOKEN_REVOKE);
	op->token_revoke = (struct bsg_op_token_revoke){.id = id, .at = bsg_now(server)};
	bsg_change_audit(&change, "token-revoke", id, NULL, NULL);
	if (bsg_change_apply(&change))
		bsg_answer_empty(x, 204);
}

/* ---- audit ------------------------------------------------------------ */

static json_t *audit_json(const struct bsg_audit_rec *rec)
{
	return json_pack("{s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "seq", (json_int_t)rec->seq, "at", bsg_reply_time(rec->at), "who",
			 rec->who, "action", rec->action, "subject", rec->subject, "reason", bsg_reply_text(rec->reason), "detail",
			 bsg_reply_text(rec->detail), "hash", bsg_reply_hex(rec->hash, sizeof(rec->hash)));
}

void bsg_get_audit(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_audit_rec *recs;
	struct bsg_page page;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, true, NULL) || !bsg_query_page(x, &page) || !bsg_caller_needs_all(x))
		return;
	recs = calloc(page.limit, sizeof(*recs));
	if (recs == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_store_audit(server->store, &page, recs, &err);
	if (rc == BSG_OK) {
		items = json_array();
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(items, audit_json(&recs[i]));
		bsg_answer_list(x, items, &page);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	free(recs);
}

void bsg_get_audit_verify(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_audit_check check;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *out;

	if (!bsg_query_only(x, false, NULL) || !bsg_caller_needs_all(x))
		return;
	rc = bsg_store_audit_verify(server->store, &check, &err);
	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &err);
		return;
	}
	out = json_pack("{s:b, s:I, s:o}", "ok", check.broken_at == 0, "entries", (json_int_t)check.n, "head",
			bsg_reply_hex(check.head, sizeof(check.head)));
	if (check.broken_at != 0)
		json_object_set_new(out, "broken_at", json_integer(check.broken_at));
	bsg_answer_json(x, 200, out, NULL);
}
