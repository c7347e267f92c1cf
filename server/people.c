/* SPDX-License-Identifier: Apache-2.0 */
/* People, their badges, and the invitations by which they enrol phones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "policy/compile.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/facts.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/pilot.h"
#include "server/platforms.h"

#define AGENT_KIND "linux-agent"

static const char *const langs[] = {"kk", "ru", "en", NULL};

static json_t *brief(const struct bsg_person_rec *rec)
{
	return json_pack("{s:s, s:s, s:o, s:s, s:s}", "id", rec->id, "name", rec->name, "unit", bsg_reply_text(rec->unit),
			 "lang", rec->lang, "state", rec->state == BSG_PERSON_ACTIVE ? "active" : "left");
}

static json_t *badges_of(struct bsg_server *server, const char *person)
{
	struct bsg_badge_rec badges[32];
	struct bsg_page page = {.limit = 32};
	struct bsg_error err;
	json_t *out = json_array();

	if (bsg_store_badges(server->store, person, &page, badges, &err) != BSG_OK)
		return out;
	for (size_t i = 0; i < page.n; i++)
		json_array_append_new(out, json_string(badges[i].number));
	return out;
}

static json_t *devices_of(struct bsg_server *server, const char *person)
{
	struct bsg_device_rec *devices = calloc(64, sizeof(*devices));
	struct bsg_page page = {.limit = 64};
	struct bsg_error err;
	json_t *out = json_array();

	if (devices != NULL && bsg_store_devices(server->store, person, NULL, &page, devices, &err) == BSG_OK)
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(out, json_string(devices[i].id));
	free(devices);
	return out;
}

static json_t *full(struct bsg_server *server, const struct bsg_person_rec *rec)
{
	json_t *out = brief(rec);

	json_object_set_new(out, "badges", badges_of(server, rec->id));
	json_object_set_new(out, "devices", devices_of(server, rec->id));
	return out;
}

/* Find the person of the path; one of another unit does not exist for this caller. @return false after answering */
static bool find(struct bsg_http_exchange *x, struct bsg_server *server, const char *id, struct bsg_person_rec *rec)
{
	struct bsg_error err;
	enum bsg_err rc = bsg_store_person(server->store, id, rec, &err);

	if (rc == BSG_OK && bsg_caller_sees(bsg_caller_of(x), rec->unit))
		return true;
	if (rc == BSG_OK || rc == BSG_E_NOT_FOUND)
		bsg_http_problem(x, 404, "no-person", "no person \"%s\": see the list of people", id);
	else
		bsg_http_fail(x, rc, &err);
	return false;
}

static void answer_person(struct bsg_http_exchange *x, struct bsg_server *server, const char *id, unsigned status)
{
	struct bsg_person_rec rec;

	if (find(x, server, id, &rec))
		bsg_answer_json(x, status, full(server, &rec), NULL);
}

void bsg_get_people(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"unit", NULL};
	const struct bsg_caller *caller = bsg_caller_of(x);
	struct bsg_server *server = app;
	const char *unit = bsg_http_query(x, "unit");
	struct bsg_person_rec *recs;
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
	rc = bsg_store_people(server->store, caller->unit[0] != '\0' ? caller->unit : unit, &page, recs, &err);
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

void bsg_get_person(struct bsg_http_exchange *x, void *app)
{
	if (bsg_query_only(x, false, NULL))
		answer_person(x, app, bsg_http_param(x, "id"), 200);
}

struct person_body {
	const char *id, *name, *unit, *badge, *lang;
};

static const struct bsg_field person_fields[] = {
	BSG_FIELD(struct person_body, id, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct person_body, name, BSG_FIELD_TEXT, .required = true),
	BSG_FIELD(struct person_body, unit, BSG_FIELD_NAME),
	BSG_FIELD(struct person_body, badge, BSG_FIELD_BADGE),
	BSG_FIELD(struct person_body, lang, BSG_FIELD_CHOICE, .choices = langs),
};

/* Under the pilot's lock. */
static void add_person(struct bsg_http_exchange *x, struct bsg_server *server, const struct person_body *body)
{
	struct bsg_change change;
	struct bsg_op *op;

	bsg_change_begin(&change, server, x);
	if (!bsg_pilot_may_grow(server, body->id, body->unit, &change.err)) {
		bsg_http_problem(x, 409, "second-approval", "%s", change.err.text);
		return;
	}
	op = bsg_change_add(&change, BSG_OP_PERSON_ADD);
	op->person_add.id = body->id;
	op->person_add.name = body->name;
	op->person_add.unit = body->unit;
	op->person_add.lang = body->lang;
	op->person_add.at = bsg_now(server);
	if (body->badge != NULL) {
		op = bsg_change_add(&change, BSG_OP_BADGE_ADD);
		op->badge_add.number = body->badge;
		op->badge_add.person = body->id;
		op->badge_add.at = bsg_now(server);
	}
	bsg_change_audit(&change, "person-add", body->id, NULL, NULL);
	if (bsg_change_apply(&change))
		answer_person(x, server, body->id, change.ops[0].changed ? 201 : 200);
}

void bsg_post_person(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	struct person_body body = {.lang = "kk"};
	struct bsg_server *server = app;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, person_fields, 5, &body))
		return;
	if (!bsg_caller_sees(caller, body.unit != NULL ? body.unit : "")) {
		bsg_http_problem(x, 403, "unit-scope", "you administer unit %s: give the person this unit", caller->unit);
		return;
	}
	pthread_mutex_lock(&server->pilot_lock);
	add_person(x, server, &body);
	pthread_mutex_unlock(&server->pilot_lock);
}

/* Every device of somebody who left gets its discharge. */
static void discharge_all(struct bsg_server *server, const char *person)
{
	struct bsg_device_rec *devices = calloc(64, sizeof(*devices));
	struct bsg_page page = {.limit = 64};
	struct bsg_error err;

	if (devices != NULL && bsg_store_devices(server->store, person, NULL, &page, devices, &err) == BSG_OK)
		for (size_t i = 0; i < page.n; i++)
			bsg_orders_want(server, devices[i].id);
	free(devices);
	bsg_orders_want_presence(server);
}

void bsg_post_leave(struct bsg_http_exchange *x, void *app)
{
	const char *id = bsg_http_param(x, "id");
	struct bsg_server *server = app;
	struct bsg_person_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, NULL, 0, NULL) || !find(x, server, id, &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_PERSON_LEAVE);
	op->person_leave.id = id;
	op->person_leave.at = bsg_now(server);
	bsg_change_audit(&change, "person-leave", id, NULL, NULL);
	if (!bsg_change_apply(&change))
		return;
	discharge_all(server, id);
	answer_person(x, server, id, 200);
}

struct badge_body {
	const char *badge;
};

static const struct bsg_field badge_fields[] = {
	BSG_FIELD(struct badge_body, badge, BSG_FIELD_BADGE, .required = true),
};

void bsg_post_badge(struct bsg_http_exchange *x, void *app)
{
	const char *id = bsg_http_param(x, "id");
	struct badge_body body = {.badge = NULL};
	struct bsg_server *server = app;
	struct bsg_person_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, badge_fields, 1, &body) || !find(x, server, id, &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_BADGE_ADD);
	op->badge_add.number = body.badge;
	op->badge_add.person = id;
	op->badge_add.at = bsg_now(server);
	bsg_change_audit(&change, "badge-add", id, NULL, NULL);
	if (bsg_change_apply(&change))
		answer_person(x, server, id, change.ops[0].changed ? 201 : 200);
}

void bsg_delete_badge(struct bsg_http_exchange *x, void *app)
{
	const char *id = bsg_http_param(x, "id");
	struct bsg_server *server = app;
	struct bsg_person_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !find(x, server, id, &rec))
		return;
	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_BADGE_REMOVE);
	op->badge_remove.number = bsg_http_param(x, "badge");
	op->badge_remove.person = id;
	bsg_change_audit(&change, "badge-remove", id, NULL, NULL);
	if (bsg_change_apply(&change))
		bsg_answer_empty(x, 204);
}

struct invitation_body {
	const char *person, *kind;
};

static const struct bsg_field invitation_fields[] = {
	BSG_FIELD(struct invitation_body, person, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct invitation_body, kind, BSG_FIELD_NAME),
};

/* Whether phones of a kind can be enrolled: by an agent over EST, or by the file of a platform. */
static bool can_enrol(const struct bsg_server *server, const struct bsg_coverage_kind *kind)
{
	return strcmp(kind->id, AGENT_KIND) == 0 || bsg_platform_of(server, kind->id) != NULL;
}

/* @return false after answering which kinds there are */
static bool check_kind(struct bsg_http_exchange *x, const struct bsg_server *server, const char *id)
{
	const struct bsg_coverage_kind *asked = bsg_coverage_find_kind(server->coverage, id), *kinds;
	char list[200] = "";
	size_t n;

	if (asked != NULL && can_enrol(server, asked))
		return true;
	kinds = bsg_coverage_kinds(server->coverage, &n);
	for (size_t i = 0, len = 0; i < n && len < sizeof(list); i++)
		if (can_enrol(server, &kinds[i]))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "", kinds[i].id);
	bsg_http_problem(x, 400, "invalid", "phones of kind \"%s\" cannot be invited; there are: %s", id, list);
	return false;
}

/* Nobody is invited to a page that cannot give the file: make it once. @return false after answering what is to be set up */
static bool try_file(struct bsg_http_exchange *x, struct bsg_server *server, const struct invitation_body *body, const char *token)
{
	const struct bsg_platform_invitation invitation = {.token = token, .kind = body->kind, .person = body->person,
							   .created = bsg_now(server)};
	struct bsg_platform *platform = bsg_platform_of(server, body->kind);
	struct bsg_platform_file file;
	struct bsg_error err;
	enum bsg_err rc;

	if (platform == NULL)
		return true;
	bsg_buf_init_secret(&file.bytes, BSG_PLATFORM_FILE_MAX);
	rc = platform->ops->invite(platform, &invitation, &file, &err);
	bsg_buf_free(&file.bytes);
	if (rc == BSG_E_UNAVAILABLE || rc == BSG_E_CONFLICT)
		bsg_http_problem(x, 409, "not-set-up", "%s", err.text);
	else if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	return rc == BSG_OK;
}

/* A phone of a platform is enrolled on a page, from a file. */
static void add_links(const struct bsg_server *server, const char *kind, const char *token, json_t *body)
{
	char url[BSG_URL_SIZE + BSG_RANDOM_TOKEN_SIZE + 32];

	if (body == NULL || bsg_platform_of(server, kind) == NULL)
		return;
	snprintf(url, sizeof(url), "%s/enrol/%s", server->home.people_url, token);
	json_object_set_new(body, "url", json_string(url));
	snprintf(url, sizeof(url), "%s/enrol/%s/profile", server->home.people_url, token);
	json_object_set_new(body, "profile", json_string(url));
	bsg_wipe(url, sizeof(url));
}

static void answer_invitation(struct bsg_http_exchange *x, const struct bsg_server *server, const struct invitation_body *body,
			      const char *token, int64_t expires)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "person", body->person, "kind", body->kind, "token", token, "url",
				server->home.people_url, "ca_sha256", server->home.ca_sha256, "expires", bsg_reply_time(expires));

	add_links(server, body->kind, token, out);
	bsg_answer_json(x, 201, out, NULL);
}

void bsg_post_invitation(struct bsg_http_exchange *x, void *app)
{
	struct invitation_body body = {.kind = AGENT_KIND};
	struct bsg_server *server = app;
	char token[BSG_RANDOM_TOKEN_SIZE];
	uint8_t hash[BSG_SHA256_LEN];
	struct bsg_person_rec rec;
	struct bsg_change change;
	struct bsg_op *op;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, invitation_fields, 2, &body) ||
	    !check_kind(x, server, body.kind) || !find(x, server, body.person, &rec))
		return;
	bsg_change_begin(&change, server, x);
	rc = bsg_random_token(token, &change.err);
	if (rc == BSG_OK)
		rc = bsg_sha256(token, strlen(token), hash, &change.err);
	if (rc != BSG_OK) {
		bsg_http_fail(x, BSG_E_BUG, &change.err);
		return;
	}
	if (!try_file(x, server, &body, token))
		return;
	op = bsg_change_add(&change, BSG_OP_INVITATION_ADD);
	op->invitation_add.token_sha256 = hash;
	op->invitation_add.person = body.person;
	op->invitation_add.kind = body.kind;
	op->invitation_add.at = bsg_now(server);
	op->invitation_add.expires = op->invitation_add.at + server->settings.invitation_life;
	bsg_change_audit(&change, "invite", body.person, NULL, NULL);
	if (bsg_change_apply(&change))
		answer_invitation(x, server, &body, token, change.ops[0].invitation_add.expires);
	bsg_wipe(token, sizeof(token));
}
