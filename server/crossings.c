/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crossings: by staff, over the socket, by turnstiles. Stored first, answered after the commit, orders follow at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/texthash.h"
#include "crypto/random.h"
#include "server/answer.h"
#include "server/caller.h"
#include "server/change.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/verdict.h"

#define FUTURE_S 60	/* a gate's clock may be ahead by so much */
#define ETAG_SIZE 40
#define UNSAID INT64_MIN	/* no time that can be written */

static const char *direction_name(enum bsg_crossing_direction direction)
{
	return direction == BSG_CROSSING_OUT ? "out" : "in";
}

struct crossing_body {
	const char *id, *place, *gate, *direction, *badge, *person, *device;
	int64_t at;
	bool at_unsaid;
};

static const char *const directions[] = {"in", "out", NULL};

static const struct bsg_field crossing_fields[] = {
	BSG_FIELD(struct crossing_body, id, BSG_FIELD_UUID),
	BSG_FIELD(struct crossing_body, place, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct crossing_body, gate, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct crossing_body, direction, BSG_FIELD_CHOICE, .required = true, .choices = directions),
	BSG_FIELD(struct crossing_body, badge, BSG_FIELD_BADGE),
	BSG_FIELD(struct crossing_body, person, BSG_FIELD_NAME),
	BSG_FIELD(struct crossing_body, device, BSG_FIELD_DEVICE),
	BSG_FIELD(struct crossing_body, at, BSG_FIELD_TIME),
};

static const struct bsg_field turnstile_fields[] = {
	BSG_FIELD(struct crossing_body, id, BSG_FIELD_UUID),
	BSG_FIELD(struct crossing_body, direction, BSG_FIELD_CHOICE, .required = true, .choices = directions),
	BSG_FIELD(struct crossing_body, badge, BSG_FIELD_BADGE, .required = true),
	BSG_FIELD(struct crossing_body, at, BSG_FIELD_TIME),
};

static json_t *verdict_json(struct bsg_http_exchange *x, const char *id, const struct bsg_answered_verdict *v)
{
	return json_pack("{s:s, s:s, s:o, s:s}", "id", id, "verdict", bsg_verdict_name(v), "remedy",
			 v->remedy == BSG_REMEDY_REFUSE ? json_null() : json_string(bsg_remedy_name(v->remedy)), "why",
			 bsg_text_in(&v->why, bsg_http_language(x)));
}

/* Of what a caller has heard of a verdict, in their language. */
static void etag_of(struct bsg_http_exchange *x, const struct bsg_answered_verdict *v, char out[static ETAG_SIZE])
{
	snprintf(out, ETAG_SIZE, "%s-%s-%08x", bsg_verdict_name(v), bsg_remedy_name(v->remedy),
		 bsg_text_hash(bsg_text_in(&v->why, bsg_http_language(x))));
}

static void say_verdict(struct bsg_http_exchange *x, const char *id, const struct bsg_answered_verdict *v)
{
	char etag[ETAG_SIZE];

	etag_of(x, v, etag);
	bsg_answer_json(x, 200, verdict_json(x, id, v), etag);
}

/* A place and gate that the policy in force does not know. @return false after answering */
static bool check_gate(struct bsg_http_exchange *x, struct bsg_server *server, const struct crossing_body *body)
{
	struct bsg_active_policy *policy = bsg_active_get(&server->active);
	const struct bsg_policy_place *place = bsg_policy_find_place(policy->policy, body->place);
	bool known = place != NULL && bsg_policy_find_gate(place, body->gate) != NULL;

	bsg_active_put(policy);
	if (!known)
		bsg_http_problem(x, 422, "no-gate", "the policy in force has no gate %s at %s: add it there and apply", body->gate,
				 body->place);
	return known;
}

/* Fill what was left out and refuse what cannot be. @return false after answering */
static bool check_crossing(struct bsg_http_exchange *x, struct bsg_server *server, struct crossing_body *body)
{
	int64_t now = bsg_now(server);
	char *uuid = bsg_http_alloc(x, BSG_UUID_SIZE);

	if (uuid == NULL || bsg_random_uuid_at(bsg_clock_utc_ms(server->clock), uuid, NULL) != BSG_OK) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return false;
	}
	if (body->id == NULL)
		body->id = uuid;
	body->at_unsaid = body->at == UNSAID;
	if (body->at_unsaid)
		body->at = now;
	if ((body->badge != NULL) + (body->person != NULL) + (body->device != NULL) != 1) {
		bsg_http_problem(x, 400, "invalid", "give exactly one of badge, person and device");
		return false;
	}
	if (body->at > now + FUTURE_S) {
		atomic_fetch_add(&server->counts.crossings_refused, 1);
		bsg_http_problem(x, 422, "from-the-future", "the crossing is %lld s in the future, at most %d are allowed: set the clock",
				 (long long)(body->at - now), FUTURE_S);
		return false;
	}
	return check_gate(x, server, body);
}

/* A unit's administrator moves only people of the unit. @return false after answering */
static bool may_move(struct bsg_http_exchange *x, struct bsg_server *server, const struct crossing_body *body)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	struct bsg_person_rec person;
	struct bsg_device_rec device;
	struct bsg_error err;
	bool sees = false;

	if (caller->unit[0] == '\0')
		return true;
	if (body->device != NULL)
		sees = bsg_store_device(server->store, body->device, &device, &err) == BSG_OK && bsg_caller_sees(caller, device.unit);
	else if (body->person != NULL)
		sees = bsg_store_person(server->store, body->person, &person, &err) == BSG_OK && bsg_caller_sees(caller, person.unit);
	else
		sees = bsg_store_person_by_badge(server->store, body->badge, &person, &err) == BSG_OK &&
		       bsg_caller_sees(caller, person.unit);
	if (!sees)
		bsg_http_problem(x, 404, "no-such-crosser", "nobody of your unit has this badge, id or device");
	return sees;
}

/* One crossing while it is stored and answered. */
struct crossing_job {
	struct bsg_server *server;
	struct bsg_http_exchange *x;
	struct bsg_op ops[1 + BSG_ORDERS_OPS];	/* the crossing, and the orders that it asks for */
	struct bsg_orders_ahead *ahead;		/* what these are of; NULL: they follow */
	bool turnstile;
};

static void refuse_unknown(struct crossing_job *job)
{
	struct bsg_answered_verdict verdict;

	atomic_fetch_add(&job->server->counts.crossings_refused, 1);
	if (!job->turnstile) {
		bsg_http_problem(job->x, 404, "no-such-crosser", "nobody has this badge or id, or the device is not active: see the lists");
		return;
	}
	bsg_verdict_unknown(&verdict);
	say_verdict(job->x, job->ops[0].crossing_add.id, &verdict);
}

/* @return false: it is judged by what is stored */
static bool judge_ahead(const struct crossing_job *job, const struct bsg_crossing_rec *crossing, struct bsg_answered_verdict *out)
{
	return job->ahead != NULL && job->ops[0].crossing_add.n_devices == 1 && crossing->direction == BSG_CROSSING_IN &&
	       bsg_verdict_of_step(job->server, crossing, bsg_orders_ahead_device(job->ahead), bsg_orders_ahead_step(job->ahead), out);
}

static void answer_verdict(struct crossing_job *job)
{
	const struct bsg_op_crossing_add *op = &job->ops[0].crossing_add;
	struct bsg_crossing_rec rec = {.direction = op->direction, .received = op->received};
	struct bsg_answered_verdict verdict;
	struct bsg_error err;
	bool applied = false;
	json_t *json;
	enum bsg_err rc;

	snprintf(rec.place, sizeof(rec.place), "%s", op->place);
	rc = op->again ? bsg_store_crossing(job->server->store, op->id, &rec, NULL, NULL, &err) : BSG_OK;	/* received earlier */
	if (rc == BSG_OK && !judge_ahead(job, &rec, &verdict))
		rc = bsg_verdict_of(job->server, &rec, op->devices, op->n_devices, &verdict, &err);
	if (rc != BSG_OK) {
		bsg_http_fail(job->x, rc, &err);
		return;
	}
	for (unsigned i = 0; i < op->n_devices; i++)
		applied = applied || op->devices[i].applied;
	if (job->turnstile) {
		say_verdict(job->x, op->id, &verdict);
		return;
	}
	json = verdict_json(job->x, op->id, &verdict);
	json_object_set_new(json, "applied", json_boolean(applied));
	bsg_answer_json(job->x, 200, json, NULL);
}

/* After the commit: orders follow where they are not stored with it, watchers look. */
static void announce(const struct crossing_job *job)
{
	const struct bsg_op_crossing_add *op = &job->ops[0].crossing_add;
	struct bsg_server *server = job->server;
	bool moved = false;

	atomic_fetch_add(&server->counts.crossings, 1);
	if (op->again)
		return;
	for (unsigned i = 0; i < op->n_devices; i++) {
		if (!op->devices[i].applied)
			continue;
		moved = true;
		if (job->ahead == NULL || strcmp(op->devices[i].device, bsg_orders_ahead_device(job->ahead)->id) != 0)
			bsg_orders_want(server, op->devices[i].device);
	}
	if (job->ahead != NULL)
		bsg_orders_ahead_stored(job->ahead);
	if (moved)
		bsg_orders_want_presence(server);
	else
		atomic_fetch_add(&server->counts.crossings_stale, 1);
}

/* With the orders in one commit, or alone where the store knows better than those took it. */
static enum bsg_err store(struct crossing_job *job, struct bsg_error *err)
{
	size_t n;
	enum bsg_err rc;

	job->ahead = bsg_orders_ahead(job->server, &job->ops[0].crossing_add);
	n = 1 + bsg_orders_ahead_ops(job->ahead, &job->ops[1]);
	rc = bsg_store_apply(job->server->store, job->ops, n, err);
	if (n == 1 || (rc != BSG_E_CONFLICT && rc != BSG_E_NOT_FOUND))
		return rc;
	bsg_orders_ahead_free(job->ahead);
	job->ahead = NULL;
	return bsg_store_apply(job->server->store, job->ops, 1, err);
}

static void run_job(struct bsg_http_exchange *x, struct bsg_server *server, const struct crossing_body *body, bool turnstile)
{
	struct crossing_job job = {.server = server, .x = x, .turnstile = turnstile, .ops = {{.kind = BSG_OP_CROSSING_ADD}}};
	struct bsg_error err;
	enum bsg_err rc;

	job.ops[0].crossing_add = (struct bsg_op_crossing_add){
		.id = body->id, .place = body->place, .gate = body->gate, .by = bsg_caller_of(x)->actor,
		.badge = body->badge, .person = body->person, .device = body->device,
		.direction = strcmp(body->direction, "out") == 0 ? BSG_CROSSING_OUT : BSG_CROSSING_IN,
		.at = body->at, .at_unsaid = body->at_unsaid, .received = bsg_now(server),
	};
	rc = store(&job, &err);
	if (rc == BSG_OK) {
		announce(&job);
		answer_verdict(&job);
	} else if (rc == BSG_E_NOT_FOUND) {
		refuse_unknown(&job);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	bsg_orders_ahead_free(job.ahead);
}

void bsg_post_crossing(struct bsg_http_exchange *x, void *app)
{
	struct crossing_body body = {.at = UNSAID};

	if (bsg_query_only(x, false, NULL) &&
	    bsg_body_read(x, crossing_fields, sizeof(crossing_fields) / sizeof(crossing_fields[0]), &body) &&
	    check_crossing(x, app, &body) && may_move(x, app, &body))
		run_job(x, app, &body, false);
}

void bsg_post_turnstile_crossing(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_turnstile_rec *turnstile = bsg_caller_of(x)->turnstile;
	struct crossing_body body = {.place = turnstile->place, .gate = turnstile->gate, .at = UNSAID};

	if (bsg_query_only(x, false, NULL) &&
	    bsg_body_read(x, turnstile_fields, sizeof(turnstile_fields) / sizeof(turnstile_fields[0]), &body) &&
	    check_crossing(x, app, &body))
		run_job(x, app, &body, true);
}

/* The current verdict on a crossing of this turnstile; one that is not known is answered as a badge that is not. */
static enum bsg_err look_up(struct bsg_server *server, const char *id, const char *actor, struct bsg_answered_verdict *out,
			    struct bsg_error *err)
{
	struct bsg_move_rec moves[BSG_CARRIED_MAX];
	struct bsg_crossing_rec rec;
	size_t n_moves;
	enum bsg_err rc = bsg_store_crossing(server->store, id, &rec, moves, &n_moves, err);

	bsg_verdict_unknown(out);
	if (rc == BSG_E_NOT_FOUND || (rc == BSG_OK && strcmp(rec.by, actor) != 0))
		return BSG_OK;
	return rc == BSG_OK ? bsg_verdict_of(server, &rec, moves, n_moves, out, err) : rc;
}

/* What a held question needs when presence changes; memory of the exchange. */
struct asked_verdict {
	struct bsg_server *server;
	const char *id, *actor;
	char heard[ETAG_SIZE];		/* what was pending when it began to be held */
};

/* @return false: the verdict now could not be told, which has been answered */
static bool look(struct bsg_http_exchange *x, const struct asked_verdict *asked, struct bsg_answered_verdict *out)
{
	struct bsg_error err;
	enum bsg_err rc = look_up(asked->server, asked->id, asked->actor, out, &err);

	if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	return rc == BSG_OK;
}

/* Settled, or pending for another reason than the caller has heard: somebody at the gate has to unlock their phone (Z22). */
void bsg_wake_verdict(struct bsg_http_exchange *x)
{
	const struct asked_verdict *asked = bsg_http_context(x);
	struct bsg_answered_verdict now;
	char etag[ETAG_SIZE];

	if (!look(x, asked, &now))
		return;
	etag_of(x, &now, etag);
	if (!now.pending || strcmp(etag, asked->heard) != 0)
		say_verdict(x, asked->id, &now);
}

/*
 * Hold a question about a pending verdict. Its time is looked at every second; what is sent at the end of the wait is meant for a
 * server that does not come to that.
 */
static void hold_verdict(struct bsg_http_exchange *x, struct asked_verdict *asked, int64_t wait_ms, struct bsg_answered_verdict verdict)
{
	const int64_t left_ms = (verdict.until - bsg_now(asked->server) + 1) * 1000;	/* a second of grace for that look */
	struct bsg_answered_verdict late;
	char etag[ETAG_SIZE];
	json_t *json;
	char *text;

	if (left_ms <= wait_ms) {
		bsg_verdict_late(&verdict, &late);
		verdict = late;
		wait_ms = left_ms > 0 ? left_ms : 1;
	}
	etag_of(x, &verdict, etag);
	json = verdict_json(x, asked->id, &verdict);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	bsg_http_set_context(x, asked);
	bsg_http_hold(x, wait_ms, &(struct bsg_http_answer){.status = 200, .type = "application/json", .etag = etag, .body = text,
							    .body_len = text == NULL ? 0 : strlen(text)});
	free(text);
	bsg_http_waiters_add(asked->server->waiters, BSG_TOPIC_VERDICTS, x);
	bsg_wake_verdict(x);
}

void bsg_get_turnstile_crossing(struct bsg_http_exchange *x, void *app)
{
	struct asked_verdict *asked = bsg_http_alloc(x, sizeof(*asked));
	int64_t wait_ms = bsg_http_wait_ms(x);
	struct bsg_answered_verdict verdict;

	if (asked == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	if (!bsg_query_only(x, false, NULL))
		return;
	*asked = (struct asked_verdict){.server = app, .id = bsg_http_param(x, "id"), .actor = bsg_caller_of(x)->actor};
	if (!look(x, asked, &verdict))
		return;
	etag_of(x, &verdict, asked->heard);
	if (verdict.pending && wait_ms > 0 && (bsg_http_header(x, "If-None-Match") == NULL || bsg_http_if_none_match(x, asked->heard)))
		hold_verdict(x, asked, wait_ms, verdict);
	else
		say_verdict(x, asked->id, &verdict);
}

static json_t *crossing_json(const struct bsg_crossing_rec *rec)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:b}", "id", rec->id, "place", rec->place, "gate",
			 rec->gate, "direction", direction_name(rec->direction), "person", bsg_reply_text(rec->person), "device",
			 bsg_reply_text(rec->device), "at", bsg_reply_time(rec->at), "received", bsg_reply_time(rec->received), "by",
			 rec->by, "applied", rec->applied);
}

void bsg_get_crossings(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"place", "person", "from", "to", NULL};
	struct bsg_crossing_filter filter = {.unit = bsg_caller_of(x)->unit};
	struct bsg_server *server = app;
	struct bsg_crossing_rec *recs;
	struct bsg_page page;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, true, names) || !bsg_query_page(x, &page) || !bsg_query_time(x, "from", &filter.from) ||
	    !bsg_query_time(x, "to", &filter.to))
		return;
	filter.place = bsg_http_query(x, "place");
	filter.person = bsg_http_query(x, "person");
	recs = calloc(page.limit, sizeof(*recs));
	if (recs == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_store_crossings(server->store, &filter, &page, recs, &err);
	if (rc == BSG_OK) {
		items = json_array();
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(items, crossing_json(&recs[i]));
		bsg_answer_list(x, items, &page);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	free(recs);
}
