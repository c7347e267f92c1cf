/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: parse, plan, propose, approve, activate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/facts.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/pilot.h"
#include "server/places.h"
#include "server/plan.h"
#include "server/proposal.h"

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

#define VERSION_SIZE 24

/* A version as ids and ETags have it; 0 is "none in force". */
static void version_text(int64_t version, char out[static VERSION_SIZE])
{
	snprintf(out, VERSION_SIZE, "%lld", (long long)version);
}

static json_t *describe(struct bsg_server *server, const struct bsg_policy_rec *rec)
{
	char id[VERSION_SIZE];

	version_text(rec->version, id);
	return json_pack("{s:s, s:o, s:s, s:o, s:s, s:o, s:I, s:o, s:I}", "id", id, "base",
			 rec->base >= 0 ? json_integer(rec->base) : json_null(), "state", state_name(rec->state), "created",
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
	char etag[VERSION_SIZE];
	json_t *out;

	if (!bsg_query_only(x, false, NULL) || !find(x, server, &rec, &document))
		return;
	out = describe(server, &rec);
	json_object_set_new(out, "document", json_loadb((const char *)document.data, document.len, 0, NULL));
	bsg_store_blob_free(&document);
	/* Only for the version in force, which does not change while it is: what else a version's id says may. */
	version_text(rec.version, etag);
	bsg_answer_json(x, 200, out, strcmp(bsg_http_param(x, "id"), "active") == 0 ? etag : NULL);
}

/* What is needed to propose: the canonical text, its digest, and what it would change. */
struct proposal {
	struct bsg_proposal read;
	char *text;
	uint8_t digest[BSG_SHA256_LEN];
	struct bsg_plan plan;
};

static void proposal_free(struct proposal *p)
{
	bsg_plan_free(&p->plan);
	bsg_proposal_free(&p->read);
	free(p->text);
}

static enum bsg_err prepare(struct bsg_server *server, int64_t at, struct proposal *p, struct bsg_error *err)
{
	json_t *json = bsg_policy_to_json(p->read.policy);
	enum bsg_err rc;

	p->text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	rc = p->text == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the policy") : BSG_OK;
	if (rc == BSG_OK)
		rc = bsg_sha256(p->text, strlen(p->text), p->digest, err);
	return rc == BSG_OK ? bsg_plan_make(server, p->read.policy, p->read.timetable, at, &p->plan, err) : rc;
}

/* As prepare(), against the version that the caller named, if any. @return false after answering: nothing was changed */
static bool prepared(struct bsg_http_exchange *x, struct bsg_server *server, int64_t at, struct proposal *p)
{
	struct bsg_error err;
	enum bsg_err rc = prepare(server, at, p, &err);
	char etag[VERSION_SIZE];

	if (rc == BSG_E_LIMIT)
		bsg_http_problem(x, 422, "policy-too-large", "%s", err.text);
	else if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	if (rc != BSG_OK)
		return false;
	version_text(p->plan.active->rec.version, etag);
	if (bsg_http_if_match(x, etag))
		return true;
	bsg_http_problem(x, 412, "policy-conflict",
			 "version %s is in force, not the one that you named: plan again, look at what changed, apply again", etag);
	return false;
}

/* After a version came into force: everybody learns it, places get their secrets. */
static void activated(struct bsg_server *server)
{
	struct bsg_error err = {.text = ""};

	if (bsg_active_load(&server->active, server->store, bsg_now(server), &err) != BSG_OK)
		bsg_log(server->log, BSG_LOG_ERROR, "policy", "the new policy is stored but cannot be loaded: %s", err.text);
	bsg_orders_want_due(server);
	bsg_orders_want_presence(server);
}

/* @param warnings  borrowed; NULL: none */
static void answer_version(struct bsg_http_exchange *x, struct bsg_server *server, int64_t version, json_t *warnings)
{
	struct bsg_policy_rec rec;
	struct bsg_error err;
	enum bsg_err rc = bsg_store_policy(server->store, version, &rec, NULL, &err);

	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &err);
		return;
	}
	json_t *out = describe(server, &rec);
	if (out != NULL && warnings != NULL)
		json_object_set(out, "warnings", warnings);
	bsg_answer_json(x, 200, out, NULL);
}

/* Somebody else's version came into force meanwhile; nothing was changed. @param status  412 when the caller said If-Match */
static void answer_conflict(struct bsg_http_exchange *x, unsigned status, const char *what, int64_t base, int64_t in_force)
{
	bsg_http_problem(x, status, "policy-conflict",
			 "%s was checked against version %lld, but %lld is in force now: plan again, look at what changed, apply again", what,
			 (long long)base, (long long)in_force);
}

/* What the store says is in force, so that whoever plans again does it against that. */
static int64_t in_force(struct bsg_server *server)
{
	struct bsg_active_policy *active;
	struct bsg_error err = {.text = ""};
	int64_t version;

	if (bsg_active_load(&server->active, server->store, bsg_now(server), &err) != BSG_OK)
		bsg_log(server->log, BSG_LOG_ERROR, "policy", "the policy in force cannot be loaded: %s", err.text);
	active = bsg_active_get(&server->active);
	version = active->rec.version;
	bsg_active_put(active);
	return version;
}

/* Store it, and put it in force if one approver is enough for @n_people. @param change  its first operation is the proposal */
static enum bsg_err commit(struct bsg_http_exchange *x, struct bsg_server *server, const struct proposal *p, int64_t n_people,
			   struct bsg_change *change)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	int needed = bsg_pilot_approvals(n_people);
	char hex[2 * BSG_SHA256_LEN + 1], detail[sizeof(hex) + 16];
	struct bsg_op *op;
	enum bsg_err rc;

	bsg_change_begin(change, server, x);
	op = bsg_change_add(change, BSG_OP_POLICY_PROPOSE);
	op->policy_propose.document = (struct bsg_bytes){(const uint8_t *)p->text, strlen(p->text)};
	op->policy_propose.digest = p->digest;
	op->policy_propose.author = caller->actor;
	op->policy_propose.at = bsg_now(server);
	op->policy_propose.n_people = n_people;
	op->policy_propose.approvals_needed = needed;
	op->policy_propose.base = p->plan.active->rec.version;
	op = bsg_change_add(change, BSG_OP_POLICY_APPROVE);
	op->policy_approve.approver = caller->actor;
	op->policy_approve.at = bsg_now(server);
	if (needed == 1) {
		op = bsg_change_add(change, BSG_OP_POLICY_ACTIVATE);
		op->policy_activate.at = bsg_now(server);
	}
	/* The version is known only to the writer; the digest finds it in the list of policies. */
	bsg_hex_encode(p->digest, sizeof(p->digest), hex);
	snprintf(detail, sizeof(detail), "{\"digest\":\"%s\"}", hex);
	bsg_change_audit(change, needed == 1 ? "policy-apply" : "policy-propose", "policy", NULL, detail);
	rc = bsg_change_try(change);
	if (rc == BSG_OK && needed == 1)
		activated(server);
	return rc;
}

/* One approver is enough for few people: nobody else may become one of them until it is in force. */
static enum bsg_err commit_few(struct bsg_http_exchange *x, struct bsg_server *server, const struct proposal *p, struct bsg_change *change)
{
	int64_t n_people;
	enum bsg_err rc;

	pthread_mutex_lock(&server->pilot_lock);
	rc = bsg_pilot_count(server, p->read.policy, p->plan.active->policy, &n_people, &change->err);
	if (rc == BSG_OK)
		rc = commit(x, server, p, n_people, change);
	pthread_mutex_unlock(&server->pilot_lock);
	return rc;
}

static void propose(struct bsg_http_exchange *x, struct bsg_server *server, const struct proposal *p)
{
	const int64_t n_people = p->plan.concerned.people;
	struct bsg_change change;
	enum bsg_err rc = bsg_pilot_approvals(n_people) == 1 ? commit_few(x, server, p, &change) : commit(x, server, p, n_people, &change);

	if (rc == BSG_E_CONFLICT)
		answer_conflict(x, bsg_http_header(x, "If-Match") != NULL ? 412 : 409, "it", p->plan.active->rec.version,
				in_force(server));
	else if (rc != BSG_OK)
		bsg_http_fail(x, rc, &change.err);
	else
		answer_version(x, server, change.ops[0].policy_propose.version, p->plan.warnings);
}

void bsg_post_policy(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct proposal p = {.text = NULL};
	int64_t now = bsg_now(server);

	if (!bsg_query_only(x, false, NULL) || !bsg_caller_needs_all(x) || !bsg_turn_begin(x, &server->turns))
		return;
	if (bsg_proposal_read(x, now, &p.read) && prepared(x, server, now, &p))
		propose(x, server, &p);
	proposal_free(&p);
	bsg_turn_give(&server->turns);
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

/* Refuse what does not wait for an approval (any more). @return false after answering */
static bool is_waiting(struct bsg_http_exchange *x, struct bsg_server *server, const struct bsg_policy_rec *rec)
{
	char what[VERSION_SIZE + 8];

	if (rec->state == BSG_POLICY_PROPOSED)
		return true;
	snprintf(what, sizeof(what), "policy %lld", (long long)rec->version);
	if (rec->state == BSG_POLICY_SUPERSEDED && rec->activated == 0 && rec->base >= 0)
		answer_conflict(x, 409, what, rec->base, in_force(server));
	else
		bsg_http_problem(x, 409, "not-waiting", "%s is %s; only a waiting one can be approved", what, state_name(rec->state));
	return false;
}

void bsg_post_approve(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	struct bsg_server *server = app;
	struct bsg_policy_rec rec;
	struct bsg_change change;
	struct bsg_op *op;
	enum bsg_err rc;
	bool last;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, NULL, 0, NULL) || !bsg_caller_needs_all(x) ||
	    !find(x, server, &rec, NULL) || !is_waiting(x, server, &rec))
		return;
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
		op->policy_activate.at = bsg_now(server);
	}
	bsg_change_audit(&change, "policy-approve", bsg_http_param(x, "id"), NULL, NULL);
	rc = bsg_change_try(&change);
	/* Somebody was faster: with this version, or with another one. */
	if (rc == BSG_E_CONFLICT && (!find(x, server, &rec, NULL) || !is_waiting(x, server, &rec)))
		return;
	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &change.err);
		return;
	}
	if (last)
		activated(server);
	answer_version(x, server, rec.version, NULL);
}

void bsg_post_plan(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"at", NULL};
	struct bsg_server *server = app;
	struct proposal p = {.text = NULL};
	int64_t at = bsg_now(server);

	if (!bsg_query_only(x, false, names) || !bsg_query_moment(x, "at", &at) || !bsg_caller_needs_all(x) ||
	    !bsg_turn_begin(x, &server->turns))
		return;
	if (bsg_proposal_read(x, at, &p.read) && prepared(x, server, at, &p))
		bsg_answer_json(x, 200, bsg_plan_json(&p.plan), NULL);
	proposal_free(&p);
	bsg_turn_give(&server->turns);
}
