/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as staff see them: state, orders, coverage, explanation; and revoke, release, carry. */
#include <stdlib.h>
#include <string.h>

#include "policy/explain.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/facts.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/verdict.h"
#include "server/view.h"
#include "wire/report.h"

#define DAY_S INT64_C(86400)

static const char *state_name(enum bsg_device_state state)
{
	switch (state) {
	case BSG_DEVICE_ACTIVE:
		return "active";
	case BSG_DEVICE_LEAVING:
		return "leaving";
	case BSG_DEVICE_REVOKED:
		break;
	}
	return "revoked";
}

static json_t *brief(const struct bsg_device_rec *rec)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:o, s:o, s:I, s:o, s:o, s:b}", "id", rec->id, "person", rec->person,
			 "kind", rec->kind, "class", rec->class_name, "carried", rec->carried, "state", state_name(rec->state),
			 "enrolled", bsg_reply_time(rec->enrolled), "certificate_expires", bsg_reply_time(rec->certificate_expires),
			 "orders_serial", (json_int_t)rec->serial, "orders_expire", bsg_reply_time(rec->orders_expire), "released",
			 bsg_reply_time(rec->release_at), "conflict", rec->conflict_at != 0);
}

static json_t *str_json(struct bsg_str text)
{
	return text.len == 0 ? json_null() : json_stringn(text.ptr, text.len);
}

/* One function that should be restricted, or that the phone says is. */
static json_t *restricted_json(const struct bsg_view *view, size_t i)
{
	const struct bsg_out_why *why = &view->output.why[i];
	bool wanted = (view->output.restricted & bsg_functions[i].bit) != 0;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "function", bsg_functions[i].name, "rule",
			 wanted ? str_json(why->rule) : json_null(), "place", wanted ? str_json(why->place) : json_null(), "until",
			 wanted ? bsg_reply_time(why->until) : json_null(), "since",
			 bsg_reply_time(bsg_view_since(view, bsg_functions[i].bit)), "state",
			 bsg_view_state(view, bsg_functions[i].bit));
}

/* Whether there is something to say of a function: it should be restricted, or the phone says that it is. */
static bool is_shown(const struct bsg_view *view, uint32_t function)
{
	return ((view->output.restricted | bsg_view_verified(view) | bsg_view_unproven(view)) & function) != 0 ||
	       bsg_view_reported(view, function) != NULL;
}

static json_t *names_json(uint32_t functions)
{
	json_t *out = json_array();

	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		if ((functions & bsg_functions[i].bit) != 0)
			json_array_append_new(out, json_string(bsg_functions[i].name));
	return out;
}

static json_t *time_if(bool known, int64_t utc)
{
	return known ? bsg_reply_time(utc) : json_null();
}

/* From the evidence to the proof (Z9): no time where it was as desired already. */
static json_t *took_json(const struct bsg_platform_phone *p)
{
	const int64_t took_s = p->reached_at - p->evidence_at;

	if (!p->is_reached || p->evidence_at == 0)
		return json_null();
	return json_integer(took_s > 0 ? took_s : 0);
}

/* How far a phone without agent has come: told, said that it did, proven. */
static json_t *phone_json(const struct bsg_platform_phone *p)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
			 "desired", p->has_desired ? names_json(p->desired) : json_null(),
			 "evidence_at", bsg_reply_time(p->evidence_at), "took_s", took_json(p),
			 "desired_at", time_if(p->has_desired, p->desired_at), "desired_until", time_if(p->has_desired, p->desired_until),
			 "offered_at", time_if(p->is_offered, p->offered_at),
			 "acknowledged_at", time_if(p->is_acknowledged, p->acknowledged_at),
			 "verified", p->verified_at != 0 ? names_json(p->verified) : json_null(),
			 "verified_at", bsg_reply_time(p->verified_at), "verified_until", bsg_reply_time(p->verified_until),
			 "locked_since", bsg_reply_time(p->locked_since), "trouble", bsg_reply_text(p->trouble),
			 "trouble_at", time_if(p->trouble[0] != '\0', p->trouble_at), "model", bsg_reply_text(p->model),
			 "reachable", p->is_reachable, "pushing", p->is_pushed);
}

/* Whether a device has shown since a moment that nothing on it is restricted. */
static bool was_free_since(const struct bsg_view *view, int64_t since)
{
	const struct bsg_platform_phone *phone = &view->phone;

	if (view->has_phone)
		return phone->is_reached && phone->desired == 0 && phone->reached_at >= since;
	return view->has_status && view->batch.reports[0].status.n_functions == 0 && view->batch.reports[0].at >= since;
}

/* When its owner said that it stayed restricted; 0: not, or it has been lifted and has proved it since (V98). */
static int64_t not_back_at(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_view *view)
{
	struct bsg_audit_rec entry;

	if (bsg_store_not_back(server->store, rec->id, &entry, NULL) != BSG_OK || (view != NULL && was_free_since(view, entry.at)))
		return 0;
	return entry.at;
}

/* What a device should restrict and does; of one without agent also how far it has come, which outlives the device's state. */
static void add_state(struct bsg_server *server, const struct bsg_device_rec *rec, json_t *out)
{
	json_t *restricted = json_array();
	struct bsg_platform_phone phone;
	struct bsg_view *view = NULL;
	struct bsg_error err;

	if (rec->state == BSG_DEVICE_ACTIVE && bsg_view_make(server, rec, bsg_now(server), &view, &err) == BSG_OK)
		for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
			if (is_shown(view, bsg_functions[i].bit))
				json_array_append_new(restricted, restricted_json(view, i));
	json_object_set_new(out, "not_back", bsg_reply_time(not_back_at(server, rec, view)));
	bsg_view_free(view);
	json_object_set_new(out, "restricted", restricted);
	json_object_set_new(out, "phone", bsg_drive_look(server, rec, &phone, &err) == BSG_OK ? phone_json(&phone) : json_null());
}

/* {FUNCTION: {grade, why}}, the reason in the caller's language. */
static json_t *coverage_of(struct bsg_http_exchange *x, struct bsg_server *server, const struct bsg_device_rec *rec)
{
	enum bsg_http_lang lang = bsg_http_language(x);
	struct bsg_coverage_phone phone;
	json_t *out = json_object();

	bsg_facts_phone(server, rec, NULL, &phone);
	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		struct bsg_coverage_entry entry;

		bsg_coverage_look_up(server->coverage, &phone, i, &entry);
		json_object_set_new(out, bsg_functions[i].name,
				    json_pack("{s:s, s:o}", "grade", bsg_grade_name(entry.grade), "why",
					      bsg_reply_text(bsg_text_in(&entry.why, lang))));
	}
	return out;
}

/* Find the device of the path; one of another unit does not exist for this caller. @return false after answering */
static bool find(struct bsg_http_exchange *x, struct bsg_server *server, struct bsg_device_rec *rec)
{
	const char *id = bsg_http_param(x, "id");
	struct bsg_error err;
	enum bsg_err rc = bsg_store_device(server->store, id, rec, &err);

	if (rc == BSG_OK && bsg_caller_sees(bsg_caller_of(x), rec->unit))
		return true;
	if (rc == BSG_OK || rc == BSG_E_NOT_FOUND)
		bsg_http_problem(x, 404, "no-device", "no device \"%.40s\": see the list of devices", id);
	else
		bsg_http_fail(x, rc, &err);
	return false;
}

static void answer_device(struct bsg_http_exchange *x, struct bsg_server *server)
{
	struct bsg_device_rec rec;
	json_t *out;

	if (!find(x, server, &rec))
		return;
	out = brief(&rec);
	add_state(server, &rec, out);
	json_object_set_new(out, "coverage", coverage_of(x, server, &rec));
	bsg_answer_json(x, 200, out, NULL);
}

void bsg_get_devices(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"person", NULL};
	struct bsg_server *server = app;
	struct bsg_device_rec *recs;
	struct bsg_page page;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, true, names) || !bsg_query_page(x, &page))
		return;
	recs = calloc(page.limit, sizeof(*recs));
	if (recs == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_store_devices(server->store, bsg_http_query(x, "person"), bsg_caller_of(x)->unit, &page, recs, &err);
	if (rc == BSG_OK) {
		items = json_array();
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(items, brief(&recs[i]));
		bsg_answer_list(x, items, &page);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	free(recs);
}

void bsg_get_device(struct bsg_http_exchange *x, void *app)
{
	if (bsg_query_only(x, false, NULL))
		answer_device(x, app);
}

void bsg_get_device_orders(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_store_blob bytes = {.data = NULL};
	struct bsg_device_rec rec;
	struct bsg_orders_rec head;
	char etag[BSG_ETAG_SIZE];
	struct bsg_error err;
	struct bsg_buf out;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, NULL) || !find(x, server, &rec))
		return;
	bsg_buf_init_secret(&out, BSG_ORDERS_MAX);
	rc = bsg_orders_make(server, rec.id, false, &err);
	if (rc == BSG_OK)
		rc = bsg_store_orders(server->store, rec.id, &head, &bytes, &err);
	if (rc == BSG_OK)
		rc = bsg_orders_signed(server, (struct bsg_bytes){bytes.data, bytes.len}, &out, &err);
	if (rc == BSG_OK) {
		bsg_orders_etag(&head, etag);
		bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = "application/cose", .body = out.data,
							      .body_len = out.len, .etag = etag});
	} else {
		bsg_http_fail(x, rc, &err);
	}
	bsg_buf_free(&out);
	bsg_store_blob_free(&bytes);
}

void bsg_get_device_coverage(struct bsg_http_exchange *x, void *app)
{
	struct bsg_device_rec rec;

	if (bsg_query_only(x, false, NULL) && find(x, app, &rec))
		bsg_answer_json(x, 200, coverage_of(x, app, &rec), NULL);
}

/* Whether a report says that break-glass runs at a time, and when it was pressed: by the device's clock, never after we heard. */
static bool runs_at(const struct bsg_report_rec *rec, const struct bsg_report_item *item, int64_t at, int64_t *pressed)
{
	*pressed = rec->at < rec->received ? rec->at : rec->received;
	return item->kind == BSG_REPORT_BREAK_GLASS && *pressed <= at && at < item->break_glass.until && at - *pressed < DAY_S;
}

/* When the owner pressed the break-glass that runs at a time; 0: none does. */
static int64_t break_glass_at(struct bsg_server *server, const struct bsg_device_rec *rec, int64_t at)
{
	struct bsg_report_batch *batch = malloc(sizeof(*batch));
	struct bsg_store_blob body = {.data = NULL};
	struct bsg_report_rec report;
	struct bsg_error err;
	int64_t pressed = 0;

	if (batch == NULL || bsg_store_report_latest(server->store, rec->id, "break-glass", &report, &body, &err) != BSG_OK ||
	    bsg_report_decode((struct bsg_bytes){body.data, body.len}, batch, NULL) != BSG_OK ||
	    !runs_at(&report, &batch->reports[0], at, &pressed))
		pressed = 0;
	bsg_store_blob_free(&body);
	free(batch);
	return pressed;
}

/*
 * What the device would do at a time: with @p query's in, as if it had entered there; else as its last crossing left it, and as
 * its break-glass did. Orders for the moment of the press have its windows (P19).
 */
static enum bsg_err explain(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_explain_query *query, json_t **out,
			    struct bsg_error *err)
{
	struct bsg_active_policy *active = bsg_active_get(&server->active);
	struct bsg_compiled *compiled = NULL;
	enum bsg_err rc;

	query->coverage = server->coverage;
	query->policy = active->policy;
	query->break_glass_at = query->in == NULL ? break_glass_at(server, rec, query->at) : 0;
	rc = bsg_orders_compile(server, active, rec, rec->serial + 1, query->break_glass_at != 0 ? query->break_glass_at : query->at,
				&compiled, err);
	if (rc == BSG_OK) {
		query->orders = &compiled->orders;
		bsg_facts_phone(server, rec, NULL, &query->phone);
		rc = bsg_explain(query, out, err);
	}
	bsg_compiled_free(compiled);
	bsg_active_put(active);
	return rc;
}

/*
 * What a phone without agent does now: by the state that the server keeps for it, which knows of "I am arriving" too.
 *
 * @return BSG_E_NOT_FOUND: it is no such phone, or its platform does not know it (yet)
 */
static enum bsg_err explain_phone(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_explain_query *query,
				  json_t **out, struct bsg_error *err)
{
	struct bsg_active_policy *active;
	struct bsg_view *view;
	enum bsg_err rc = bsg_view_make(server, rec, query->at, &view, err);

	if (rc != BSG_OK)
		return rc;
	active = bsg_active_get(&server->active);
	query->coverage = server->coverage;
	query->policy = active->policy;
	query->orders = bsg_view_orders(view);
	query->state = &view->state;
	bsg_facts_phone(server, rec, NULL, &query->phone);
	rc = view->has_phone ? bsg_explain(query, out, err) : BSG_E_NOT_FOUND;
	query->state = NULL;
	bsg_active_put(active);
	bsg_view_free(view);
	return rc;
}

void bsg_get_device_explain(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"at", "in", "since", NULL};
	struct bsg_server *server = app;
	struct bsg_explain_query query = {.at = bsg_now(server), .in = bsg_http_query(x, "in")};
	const bool needs_turn = bsg_http_query(x, "at") != NULL;	/* another time may need calendars of its own */
	const bool is_now = !needs_turn && query.in == NULL;
	struct bsg_device_rec rec;
	struct bsg_error err;
	json_t *out = NULL;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, names) || !bsg_query_moment(x, "at", &query.at) || !bsg_query_time(x, "since", &query.since))
		return;
	if (bsg_http_query(x, "since") != NULL && query.since == 0)
		query.since = 1;	/* the first second of 1970 is a time too */
	if (query.since != 0 && (query.in == NULL || query.in[0] == '\0')) {
		bsg_http_problem(x, 400, "invalid", "since says when the device came into a place: name it with in");
		return;
	}
	if (!find(x, server, &rec))
		return;
	if (rec.state != BSG_DEVICE_ACTIVE) {
		bsg_http_problem(x, 409, "not-active", "device %s is %s: no rule reaches it any more, it only gets its discharge", rec.id,
				 state_name(rec.state));
		return;
	}
	if (needs_turn && !bsg_turn_begin(x, &server->turns))
		return;
	rc = is_now ? explain_phone(server, &rec, &query, &out, &err) : BSG_E_NOT_FOUND;
	if (rc == BSG_E_NOT_FOUND)
		rc = explain(server, &rec, &query, &out, &err);
	if (needs_turn)
		bsg_turn_give(&server->turns);
	if (rc == BSG_OK)
		bsg_answer_json(x, 200, out, NULL);
	else
		bsg_http_fail(x, rc, &err);
}

/* After a change to one device: its orders and those who watch. */
static void changed(struct bsg_http_exchange *x, struct bsg_server *server, const char *device)
{
	bsg_orders_want(server, device);
	bsg_orders_want_presence(server);
	answer_device(x, server);
}

struct reason_body {
	const char *reason;
};

static const struct bsg_field reason_fields[] = {
	BSG_FIELD(struct reason_body, reason, BSG_FIELD_TEXT, .max = BSG_REASON_SIZE - 1),
};
static const struct bsg_field needed_reason_fields[] = {
	BSG_FIELD(struct reason_body, reason, BSG_FIELD_TEXT, .max = BSG_REASON_SIZE - 1, .required = true),
};

void bsg_post_revoke(struct bsg_http_exchange *x, void *app)
{
	struct reason_body body = {.reason = NULL};
	struct bsg_server *server = app;
	struct bsg_device_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, reason_fields, 1, &body) || !find(x, server, &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_DEVICE_STATE);
	op->device_state = (struct bsg_op_device_state){rec.id, BSG_DEVICE_REVOKED, bsg_now(server)};
	bsg_change_audit(&change, "device-revoke", rec.id, body.reason, NULL);
	if (bsg_change_apply(&change))
		changed(x, server, rec.id);
}

void bsg_post_release(struct bsg_http_exchange *x, void *app)
{
	struct reason_body body = {.reason = NULL};
	struct bsg_server *server = app;
	struct bsg_device_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, needed_reason_fields, 1, &body) || !find(x, server, &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_DEVICE_RELEASE);
	op->device_release = (struct bsg_op_device_release){rec.id, body.reason, bsg_now(server)};
	bsg_change_audit(&change, "device-release", rec.id, body.reason, NULL);
	if (bsg_change_apply(&change))
		changed(x, server, rec.id);
}

struct carried_body {
	bool carried;
};

static const struct bsg_field carried_fields[] = {
	BSG_FIELD(struct carried_body, carried, BSG_FIELD_BOOL, .required = true),
};

void bsg_post_carried(struct bsg_http_exchange *x, void *app)
{
	struct carried_body body = {.carried = false};
	struct bsg_server *server = app;
	struct bsg_device_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, carried_fields, 1, &body) || !find(x, server, &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_DEVICE_CARRIED);
	op->device_carried = (struct bsg_op_device_carried){rec.id, body.carried};
	bsg_change_audit(&change, "device-carried", rec.id, NULL, body.carried ? "{\"carried\":true}" : "{\"carried\":false}");
	if (bsg_change_apply(&change))
		answer_device(x, server);
}
