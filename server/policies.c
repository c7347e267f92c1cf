/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: parse, plan, propose, approve, activate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "policy/compile.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/facts.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/pilot.h"
#include "server/places.h"

static const char *state_name(enum bsg_policy_state state)
{
	switch (state) {
	case BSG_POLICY_ACTIVE:
		return "active";
	case BSG_POLICY_PROPOSED:
		return "waiting";
	case BSG_POLICY_SUPERSEDED:
		break;
	}
	return "superseded";
}

static json_t *approvals_of(struct bsg_server *server, int64_t version)
{
	struct bsg_approval_rec recs[16];
	struct bsg_page page = {.limit = 16};
	struct bsg_error err;
	json_t *out = json_array();

	if (bsg_store_approvals(server->store, version, &page, recs, &err) == BSG_OK)
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(out, json_string(recs[i].approver));
	return out;
}

static json_t *describe(struct bsg_server *server, const struct bsg_policy_rec *rec)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)rec->version);
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:I, s:o, s:I}", "id", id, "state", state_name(rec->state), "created",
			 bsg_reply_time(rec->created), "author", rec->author, "digest",
			 bsg_reply_hex(rec->digest, sizeof(rec->digest)), "people", (json_int_t)rec->n_people, "approvals",
			 approvals_of(server, rec->version), "approvals_needed", (json_int_t)rec->approvals_needed);
}

static bool find(struct bsg_http_exchange *x, struct bsg_server *server, struct bsg_policy_rec *rec, struct bsg_store_blob *document)
{
	const char *id = bsg_http_param(x, "id");
	char *end;
	long long version = strtoll(id, &end, 10);
	struct bsg_error err;
	enum bsg_err rc = BSG_E_NOT_FOUND;

	if (strcmp(id, "active") == 0)
		rc = bsg_store_policy(server->store, 0, rec, document, &err);
	else if (*end == '\0' && version > 0 && id[0] >= '1' && id[0] <= '9')
		rc = bsg_store_policy(server->store, version, rec, document, &err);
	if (rc == BSG_E_NOT_FOUND)
		bsg_http_problem(x, 404, "no-policy", "no policy \"%.40s\": see the list of policies", id);
	else if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	return rc == BSG_OK;
}

void bsg_get_policies(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_policy_rec *recs;
	struct bsg_page page;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, true, NULL) || !bsg_query_page(x, &page))
		return;
	recs = calloc(page.limit, sizeof(*recs));
	if (recs == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_store_policies(server->store, &page, recs, &err);
	if (rc == BSG_OK) {
		items = json_array();
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(items, describe(server, &recs[i]));
		bsg_answer_list(x, items, &page);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	free(recs);
}

void bsg_get_policy(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_policy_rec rec;
	struct bsg_store_blob document = {.data = NULL};
	json_t *out;

	if (!bsg_query_only(x, false, NULL) || !find(x, server, &rec, &document))
		return;
	out = describe(server, &rec);
	json_object_set_new(out, "document", json_loadb((const char *)document.data, document.len, 0, NULL));
	bsg_store_blob_free(&document);
	bsg_answer_json(x, 200, out, NULL);
}

/* A refused document: 422 with every mistake that was found. */
static void answer_mistakes(struct bsg_http_exchange *x, const struct bsg_policy_errors *errors, const struct bsg_error *err)
{
	json_t *list = json_array(), *body;
	char *text;

	for (size_t i = 0; i < errors->n; i++)
		json_array_append_new(list, json_pack("{s:s}", "message", errors->items[i].text));
	body = json_pack("{s:s, s:s, s:i, s:s, s:o, s:I}", "type", "urn:bosaga:problem:policy-invalid", "title",
			 "The policy has mistakes; nothing was changed", "status", 422, "detail",
			 errors->n > 0 ? errors->items[0].text : err->text, "errors", list, "more", (json_int_t)errors->n_more);
	text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (text == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 422, .type = "application/problem+json", .body = text,
						      .body_len = strlen(text)});
	free(text);
}

/* Parse the body. @return NULL after answering */
static struct bsg_policy *parse_body(struct bsg_http_exchange *x)
{
	struct bsg_policy_source source = {.name = "body", .format = BSG_POLICY_YAML};
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));
	struct bsg_policy *policy = NULL;
	struct bsg_error err = {.text = ""};
	enum bsg_err rc;

	if (errors == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return NULL;
	}
	source.bytes = bsg_http_body(x, &source.len);
	if (bsg_http_has_type(x, "application/json"))
		source.format = BSG_POLICY_JSON;
	else if (!bsg_http_has_type(x, "application/yaml")) {
		bsg_http_problem(x, 415, "unsupported-type", "send the policy as application/json or application/yaml");
		free(errors);
		return NULL;
	}
	rc = bsg_policy_parse(&source, 1, &policy, errors, &err);
	if (rc == BSG_E_INVALID || rc == BSG_E_DENIED)
		answer_mistakes(x, errors, &err);
	else if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	free(errors);
	return rc == BSG_OK ? policy : NULL;
}

/* Refuse a policy whose orders would not fit some phone, before it counts for any. */
static enum bsg_err fits_all(struct bsg_server *server, const struct bsg_policy *policy, struct bsg_error *err)
{
	struct bsg_device_rec *recs = calloc(500, sizeof(*recs));
	struct bsg_page page = {.limit = 500};
	char cursor[BSG_CURSOR_SIZE] = "";
	enum bsg_err rc = recs == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory to try the policy") : BSG_OK;

	while (rc == BSG_OK) {
		page.cursor = cursor;
		rc = bsg_store_devices(server->store, NULL, NULL, &page, recs, err);
		for (size_t i = 0; rc == BSG_OK && i < page.n; i++) {
			struct bsg_compiled *compiled;

			if (recs[i].state != BSG_DEVICE_ACTIVE)
				continue;
			rc = bsg_orders_compile(server, policy, &recs[i], recs[i].serial + 1, bsg_now(server), &compiled, err);
			if (rc == BSG_OK)
				bsg_compiled_free(compiled);
		}
		if (rc != BSG_OK || page.next[0] == '\0')
			break;
		memcpy(cursor, page.next, sizeof(cursor));
	}
	free(recs);
	return rc;
}

/* What is needed to propose: the canonical text, its digest, and how many it concerns. */
struct proposal {
	struct bsg_policy *policy;
	char *text;
	uint8_t digest[BSG_SHA256_LEN];
	struct bsg_pilot pilot;
	int64_t before;		/* version in force that it was checked against */
};

static void proposal_free(struct proposal *p)
{
	bsg_policy_free(p->policy);
	free(p->text);
}

static enum bsg_err prepare(struct bsg_server *server, struct proposal *p, struct bsg_error *err)
{
	struct bsg_active_policy *active = bsg_active_get(&server->active);
	json_t *json = bsg_policy_to_json(p->policy);
	enum bsg_err rc;

	p->before = active->rec.version;
	p->text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	rc = p->text == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the policy") : BSG_OK;
	if (rc == BSG_OK)
		rc = bsg_sha256(p->text, strlen(p->text), p->digest, err);
	if (rc == BSG_OK)
		rc = bsg_pilot_count(server, p->policy, active->policy, &p->pilot, err);
	bsg_active_put(active);
	return rc == BSG_OK ? fits_all(server, p->policy, err) : rc;
}

/* After a version came into force: everybody learns it, places get their secrets. */
static void activated(struct bsg_server *server)
{
	struct bsg_error err = {.text = ""};

	if (bsg_active_load(&server->active, server->store, &err) != BSG_OK)
		bsg_log(server->log, BSG_LOG_ERROR, "policy", "the new policy is stored but cannot be loaded: %s", err.text);
	bsg_orders_want_due(server);
	bsg_orders_want_presence(server);
}

static void answer_version(struct bsg_http_exchange *x, struct bsg_server *server, int64_t version)
{
	struct bsg_policy_rec rec;
	struct bsg_error err;
	enum bsg_err rc = bsg_store_policy(server->store, version, &rec, NULL, &err);

	if (rc == BSG_OK)
		bsg_answer_json(x, 200, describe(server, &rec), NULL);
	else
		bsg_http_fail(x, rc, &err);
}

static void propose(struct bsg_http_exchange *x, struct bsg_server *server, const struct proposal *p)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	int needed = bsg_pilot_approvals(p->pilot.n_people);
	char hex[2 * BSG_SHA256_LEN + 1], detail[sizeof(hex) + 16];
	struct bsg_change change;
	struct bsg_op *op;

	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_POLICY_PROPOSE);
	op->policy_propose.document = (struct bsg_bytes){(const uint8_t *)p->text, strlen(p->text)};
	op->policy_propose.digest = p->digest;
	op->policy_propose.author = caller->actor;
	op->policy_propose.at = bsg_now(server);
	op->policy_propose.n_people = p->pilot.n_people;
	op->policy_propose.approvals_needed = needed;
	op = bsg_change_add(&change, BSG_OP_POLICY_APPROVE);
	op->policy_approve.approver = caller->actor;
	op->policy_approve.at = bsg_now(server);
	if (needed == 1) {
		op = bsg_change_add(&change, BSG_OP_POLICY_ACTIVATE);
		op->policy_activate.expected_active = p->before;
		op->policy_activate.at = bsg_now(server);
	}
	/* The version is known only to the writer; the digest finds it in the list of policies. */
	bsg_hex_encode(p->digest, sizeof(p->digest), hex);
	snprintf(detail, sizeof(detail), "{\"digest\":\"%s\"}", hex);
	bsg_change_audit(&change, needed == 1 ? "policy-apply" : "policy-propose", "policy", NULL, detail);
	if (!bsg_change_apply(&change))
		return;
	if (needed == 1)
		activated(server);
	answer_version(x, server, change.ops[0].policy_propose.version);
}

void bsg_post_policy(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct proposal p = {.policy = NULL};
	struct bsg_error err;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, NULL) || !bsg_caller_needs_all(x))
		return;
	p.policy = parse_body(x);
	if (p.policy == NULL)
		return;
	rc = prepare(server, &p, &err);
	if (rc == BSG_E_LIMIT)
		bsg_http_problem(x, 422, "policy-too-large", "%s", err.text);
	else if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	else
		propose(x, server, &p);
	proposal_free(&p);
}

static bool has_approved(struct bsg_server *server, int64_t version, const char *actor)
{
	json_t *list = approvals_of(server, version), *one;
	bool found = false;
	size_t i;

	json_array_foreach(list, i, one)
		found = found || strcmp(json_string_value(one), actor) == 0;
	json_decref(list);
	return found;
}

void bsg_post_approve(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	struct bsg_server *server = app;
	struct bsg_policy_rec rec;
	struct bsg_change change;
	struct bsg_op *op;
	bool last;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, NULL, 0, NULL) || !bsg_caller_needs_all(x) ||
	    !find(x, server, &rec, NULL))
		return;
	if (rec.state != BSG_POLICY_PROPOSED) {
		bsg_http_problem(x, 409, "not-waiting", "policy %lld is %s; only a waiting one can be approved",
				 (long long)rec.version, state_name(rec.state));
		return;
	}
	if (has_approved(server, rec.version, caller->actor)) {
		bsg_http_problem(x, 409, "already-approved", "%s has approved policy %lld; another person must",
				 caller->actor, (long long)rec.version);
		return;
	}
	last = rec.n_approvals + 1 >= rec.approvals_needed;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_POLICY_APPROVE);
	op->policy_approve.version = rec.version;
	op->policy_approve.approver = caller->actor;
	op->policy_approve.at = bsg_now(server);
	if (last) {
		op = bsg_change_add(&change, BSG_OP_POLICY_ACTIVATE);
		op->policy_activate.version = rec.version;
		op->policy_activate.expected_active = -1;
		op->policy_activate.at = bsg_now(server);
	}
	bsg_change_audit(&change, "policy-approve", bsg_http_param(x, "id"), NULL, NULL);
	if (!bsg_change_apply(&change))
		return;
	if (last)
		activated(server);
	answer_version(x, server, rec.version);
}

/* How one part of a policy differs from the one in force; both as canonical JSON. */
static const char *change_of(json_t *before, json_t *after)
{
	if (before == NULL)
		return "added";
	if (after == NULL)
		return "removed";
	return json_equal(before, after) ? "same" : "changed";
}

static json_t *by_id(json_t *list, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *its = json_string_value(json_object_get(one, "id"));

		if (its != NULL && strcmp(its, id) == 0)
			return one;
	}
	return NULL;
}

static void plan_part(json_t *before, json_t *after, bool with_functions, json_t *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(after, i, one) {
		const char *id = json_string_value(json_object_get(one, "id"));
		json_t *item = json_pack("{s:s, s:s}", "id", id, "change", change_of(by_id(before, id), one));

		if (with_functions)
			json_object_set(item, "functions", json_object_get(one, "restrict"));
		json_array_append_new(out, item);
	}
	json_array_foreach(before, i, one) {
		const char *id = json_string_value(json_object_get(one, "id"));

		if (by_id(after, id) == NULL)
			json_array_append_new(out, json_pack("{s:s, s:s}", "id", id, "change", "removed"));
	}
}

void bsg_post_plan(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct proposal p = {.policy = NULL};
	struct bsg_active_policy *active;
	json_t *before, *after, *rules = json_array(), *places = json_array();
	struct bsg_error err;
	enum bsg_err rc = BSG_OK;

	if (bsg_query_only(x, false, NULL) && bsg_caller_needs_all(x))
		p.policy = parse_body(x);
	if (p.policy == NULL || (rc = prepare(server, &p, &err)) != BSG_OK) {
		if (rc != BSG_OK)
			bsg_http_fail(x, rc, &err);
		json_decref(rules);
		json_decref(places);
		proposal_free(&p);
		return;
	}
	active = bsg_active_get(&server->active);
	before = bsg_policy_to_json(active->policy);
	after = bsg_policy_to_json(p.policy);
	plan_part(json_object_get(before, "rules"), json_object_get(after, "rules"), true, rules);
	plan_part(json_object_get(before, "places"), json_object_get(after, "places"), false, places);
	bsg_active_put(active);
	bsg_answer_json(x, 200,
			json_pack("{s:o, s:o, s:I, s:I, s:i}", "rules", rules, "places", places, "people",
				  (json_int_t)p.pilot.n_people, "devices", (json_int_t)p.pilot.n_devices, "approvals_needed",
				  bsg_pilot_approvals(p.pilot.n_people)),
			NULL);
	json_decref(before);
	json_decref(after);
	proposal_free(&p);
}
