/* SPDX-License-Identifier: Apache-2.0 */
/* Exemptions: somebody asks, another person approves, anybody of them ends. What may be is decided in the store's transaction. */
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "policy/json.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/handlers.h"
#include "server/orders.h"

#define LENGTH_MAX_S (INT64_C(366) * 86400)
#define DEVICES_PAGE 64

static const char *state_name(const struct bsg_exemption_rec *rec, int64_t now)
{
	if (rec->ended != 0)
		return "ended";
	if (rec->until <= now)
		return "over";
	return rec->approved != 0 ? "approved" : "waiting";
}

static json_t *describe(const struct bsg_server *server, const struct bsg_exemption_rec *rec)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", rec->id, "person", rec->person,
			 "device", bsg_reply_text(rec->device), "functions", bsg_json_functions((uint32_t)rec->functions), "from",
			 bsg_reply_time(rec->from), "until", bsg_reply_time(rec->until), "reason", rec->reason, "state",
			 state_name(rec, bsg_now(server)), "author", rec->author, "approver", bsg_reply_text(rec->approver), "created",
			 bsg_reply_time(rec->created), "approved", bsg_reply_time(rec->approved), "ended",
			 bsg_reply_time(rec->ended), "ended_by", bsg_reply_text(rec->ended_by));
}

/* Find an exemption; one of another unit does not exist for this caller. @return false after answering */
static bool find(struct bsg_http_exchange *x, struct bsg_server *server, const char *id, struct bsg_exemption_rec *rec)
{
	struct bsg_error err;
	enum bsg_err rc = bsg_store_exemption(server->store, id, rec, &err);

	if (rc == BSG_OK && bsg_caller_sees(bsg_caller_of(x), rec->unit))
		return true;
	if (rc == BSG_OK || rc == BSG_E_NOT_FOUND)
		bsg_http_problem(x, 404, "no-exemption", "no exemption \"%.40s\": see the list of exemptions", id);
	else
		bsg_http_fail(x, rc, &err);
	return false;
}

static void answer_exemption(struct bsg_http_exchange *x, struct bsg_server *server, const char *id, unsigned status)
{
	struct bsg_exemption_rec rec;

	if (find(x, server, id, &rec))
		bsg_answer_json(x, status, describe(server, &rec), NULL);
}

void bsg_get_exemptions(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"person", "unit", NULL};
	const struct bsg_caller *caller = bsg_caller_of(x);
	struct bsg_server *server = app;
	const char *unit = bsg_http_query(x, "unit");
	struct bsg_exemption_rec *recs;
	struct bsg_page page;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, true, names) || !bsg_query_page(x, &page))
		return;
	if (unit != NULL && !bsg_caller_sees(caller, unit)) {
		bsg_caller_needs_all(x);
		return;
	}
	recs = calloc(page.limit, sizeof(*recs));
	if (recs == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_store_exemptions(server->store, bsg_http_query(x, "person"), caller->unit[0] != '\0' ? caller->unit : unit, &page,
				  recs, &err);
	if (rc == BSG_OK) {
		items = json_array();
		for (size_t i = 0; i < page.n; i++)
			bsg_json_add(&items, describe(server, &recs[i]));
		bsg_answer_list(x, items, &page);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	free(recs);
}

struct exemption_body {
	const char *person, *device, *reason;
	uint32_t functions;
	int64_t from, until;
};

static const struct bsg_field exemption_fields[] = {
	BSG_FIELD(struct exemption_body, person, BSG_FIELD_NAME),
	BSG_FIELD(struct exemption_body, device, BSG_FIELD_DEVICE),
	BSG_FIELD(struct exemption_body, functions, BSG_FIELD_FUNCTIONS, .required = true),
	BSG_FIELD(struct exemption_body, from, BSG_FIELD_TIME),
	BSG_FIELD(struct exemption_body, until, BSG_FIELD_TIME, .required = true),
	BSG_FIELD(struct exemption_body, reason, BSG_FIELD_TEXT, .max = BSG_REASON_SIZE - 1, .required = true),
};

/* @return NULL: the body makes sense */
static const char *mistake(const struct exemption_body *body, int64_t now)
{
	if ((body->person != NULL) == (body->device != NULL))
		return "give one of person and device";
	if (body->until <= body->from)
		return "until: must be later than from";
	if (body->until <= now)
		return "until: has passed already";
	if (body->until - body->from > LENGTH_MAX_S)
		return "until: an exemption lasts 366 days at most; ask for the next one then";
	return NULL;
}

/* Whether there is such a person or device, of a unit that the caller sees. @return false after answering */
static bool sees_subject(struct bsg_http_exchange *x, struct bsg_server *server, const struct exemption_body *body)
{
	struct bsg_person_rec person;
	struct bsg_device_rec device;
	struct bsg_error err;
	enum bsg_err rc = body->person != NULL ? bsg_store_person(server->store, body->person, &person, &err) :
						 bsg_store_device(server->store, body->device, &device, &err);

	if (rc != BSG_OK && rc != BSG_E_NOT_FOUND)
		bsg_http_fail(x, rc, &err);
	else if (rc == BSG_OK && bsg_caller_sees(bsg_caller_of(x), body->person != NULL ? person.unit : device.unit))
		return true;
	else if (body->person != NULL)
		bsg_http_problem(x, 404, "no-person", "no person \"%s\": see the list of people", body->person);
	else
		bsg_http_problem(x, 404, "no-device", "no device \"%s\": see the list of devices", body->device);
	return false;
}

/* What the audit, and by it the owner, is told of an exemption beside its reason. @return NULL or a text to be freed */
static char *detail_of(const char *id, uint32_t functions, int64_t from, int64_t until)
{
	json_t *json = json_pack("{s:s, s:o, s:o, s:o}", "exemption", id, "functions", bsg_json_functions(functions), "from",
				 bsg_reply_time(from), "until", bsg_reply_time(until));
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text;
}

/* Apply a change to an exemption; what the store refuses has a code of its own here. @return false after answering */
static bool apply(struct bsg_http_exchange *x, struct bsg_change *change)
{
	static const struct {
		unsigned status;
		const char *code;
	} refusals[] = {
		[BSG_E_DENIED] = {409, "second-approval"},
		[BSG_E_CONFLICT] = {409, "not-waiting"},
		[BSG_E_LIMIT] = {409, "too-many-exemptions"},
	};
	enum bsg_err rc = bsg_change_try(change);

	if (rc == BSG_OK)
		return true;
	if ((size_t)rc < sizeof(refusals) / sizeof(refusals[0]) && refusals[rc].code != NULL)
		bsg_http_problem(x, refusals[rc].status, refusals[rc].code, "%s", change->err.text);
	else
		bsg_http_fail(x, rc, &change->err);
	return false;
}

static void add(struct bsg_http_exchange *x, struct bsg_server *server, const struct exemption_body *body)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	char id[BSG_ID_SIZE], *detail;
	struct bsg_change change;
	struct bsg_op *op;

	bsg_change_begin(&change, server, x);
	if (bsg_random_id(id, &change.err) != BSG_OK) {
		bsg_http_fail(x, BSG_E_BUG, &change.err);
		return;
	}
	detail = detail_of(id, body->functions, body->from, body->until);
	if (detail == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	op = bsg_change_add(&change, BSG_OP_EXEMPTION_ADD);
	op->exemption_add = (struct bsg_op_exemption_add){
		.id = id, .person = body->person, .device = body->device, .functions = body->functions, .from = body->from,
		.until = body->until, .reason = body->reason, .author = caller->actor, .at = bsg_now(server)};
	bsg_change_audit(&change, "exemption-add", body->person != NULL ? body->person : body->device, body->reason, detail);
	if (apply(x, &change))
		answer_exemption(x, server, id, 201);
	free(detail);
}

void bsg_post_exemption(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct exemption_body body = {.from = bsg_now(server)};
	const char *wrong;

	if (!bsg_query_only(x, false, NULL) ||
	    !bsg_body_read(x, exemption_fields, sizeof(exemption_fields) / sizeof(exemption_fields[0]), &body))
		return;
	wrong = mistake(&body, bsg_now(server));
	if (wrong != NULL)
		bsg_http_problem(x, 400, "invalid", "%s", wrong);
	else if (sees_subject(x, server, &body))
		add(x, server, &body);
}

/* After a commit: the phones concerned get new orders, and a gate that waits for a proof of theirs looks again. */
static void want_orders(struct bsg_server *server, const struct bsg_exemption_rec *rec)
{
	struct bsg_device_rec *devices;
	struct bsg_page page = {.limit = DEVICES_PAGE};
	struct bsg_error err;

	if (rec->device[0] != '\0') {
		bsg_orders_want(server, rec->device);
	} else {
		devices = calloc(DEVICES_PAGE, sizeof(*devices));
		if (devices != NULL && bsg_store_devices(server->store, rec->person, NULL, &page, devices, &err) == BSG_OK)
			for (size_t i = 0; i < page.n; i++)
				bsg_orders_want(server, devices[i].id);
		free(devices);
		if (page.n == 0 || page.next[0] != '\0')
			bsg_orders_want_due(server);	/* those that were not named are due in the store */
	}
	bsg_orders_want_presence(server);
}

/* Approve or end: the operation in @change, and its audit entry. */
static void settle(struct bsg_http_exchange *x, struct bsg_server *server, struct bsg_change *change, const char *action,
		   const struct bsg_exemption_rec *rec, const char *reason)
{
	char *detail = detail_of(rec->id, (uint32_t)rec->functions, rec->from, rec->until);

	if (detail == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	bsg_change_audit(change, action, rec->device[0] != '\0' ? rec->device : rec->person, reason, detail);
	if (apply(x, change)) {
		want_orders(server, rec);
		answer_exemption(x, server, rec->id, 200);
	}
	free(detail);
}

void bsg_post_exemption_approve(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_exemption_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, NULL, 0, NULL) ||
	    !find(x, server, bsg_http_param(x, "id"), &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_EXEMPTION_APPROVE);
	op->exemption_approve = (struct bsg_op_exemption_approve){rec.id, bsg_caller_of(x)->actor, bsg_now(server)};
	settle(x, server, &change, "exemption-approve", &rec, rec.reason);
}

struct end_body {
	const char *reason;
};

static const struct bsg_field end_fields[] = {
	BSG_FIELD(struct end_body, reason, BSG_FIELD_TEXT, .max = BSG_REASON_SIZE - 1),
};

void bsg_post_exemption_end(struct bsg_http_exchange *x, void *app)
{
	struct end_body body = {.reason = NULL};
	struct bsg_server *server = app;
	struct bsg_exemption_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, end_fields, 1, &body) ||
	    !find(x, server, bsg_http_param(x, "id"), &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_EXEMPTION_END);
	op->exemption_end = (struct bsg_op_exemption_end){rec.id, bsg_caller_of(x)->actor, bsg_now(server)};
	settle(x, server, &change, "exemption-end", &rec, body.reason);
}
