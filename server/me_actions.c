/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner of a phone does on the owner's page: log in and out, arrive, leave, ask for help; and the codes to log in by. */
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/drive.h"
#include "server/handlers.h"
#include "server/me.h"
#include "server/orders.h"
#include "server/owner.h"

#define COOKIE_SIZE 200
#define SELF "self"	/* the gate of a crossing that its owner says */

/* Go on with GET /me, in the same language. @param cookie  NULL: stays */
static void go_on(struct bsg_http_exchange *x, enum bsg_me_said said, const char *cookie)
{
	const char *name = bsg_me_said_name(said);
	const struct bsg_http_field field = {"Set-Cookie", cookie};
	char location[64];

	(void)snprintf(location, sizeof(location), "/me?lang=%s%s%s", bsg_page_langs[bsg_page_language(x)], name != NULL ? "&said=" : "",
		       name != NULL ? name : "");
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 303, .location = location, .fields = &field, .n_fields = cookie != NULL});
}

/* ---- log in and out --------------------------------------------------- */

/* The op of a login and its audit entry, which is written only if it came to a session. */
static enum bsg_err begin_session(struct bsg_server *server, const char *badge, const uint8_t *secret_sha256, const char *token, bool *began,
				  struct bsg_error *err)
{
	struct bsg_op ops[2] = {{.kind = BSG_OP_SESSION_BEGIN}, {.kind = BSG_OP_AUDIT}};
	struct bsg_op_session_begin *begin = &ops[0].session_begin;
	uint8_t sha256[BSG_SHA256_LEN];
	enum bsg_err rc = bsg_sha256(token, strlen(token), sha256, err);

	*begin = (struct bsg_op_session_begin){.badge = badge, .secret_sha256 = secret_sha256, .session_sha256 = sha256,
					       .at = bsg_now(server), .expires = bsg_now(server) + BSG_OWNER_SESSION_LIFE_S,
					       .person = "-", .actor = "-"};
	ops[1].audit = (struct bsg_op_audit){.at = begin->at, .who = begin->actor, .action = "login", .subject = begin->person,
					     .only_if_changed = true};
	if (rc == BSG_OK)
		rc = bsg_store_apply(server->store, ops, 2, err);
	*began = rc == BSG_OK && ops[0].changed;
	return rc;
}

/* By link, or by badge and code: what is missing is as wrong as what is wrong. A page of somebody else's may not log anybody in. */
static bool read_login(struct bsg_http_exchange *x, const char **badge, uint8_t secret_sha256[static BSG_SHA256_LEN])
{
	const char *link = bsg_http_form(x, "link"), *code = bsg_http_form(x, "code"), *site = bsg_http_header(x, "Sec-Fetch-Site");

	*badge = link == NULL ? bsg_http_form(x, "badge") : NULL;
	if (site != NULL && strcmp(site, "same-origin") != 0)
		return false;
	if (link != NULL)
		return bsg_sha256(link, strlen(link), secret_sha256, NULL) == BSG_OK;
	return *badge != NULL && (*badge)[0] != '\0' && strlen(*badge) < BSG_BADGE_SIZE && code != NULL &&
	       bsg_owner_code_sha256(code, secret_sha256, NULL) == BSG_OK;
}

void bsg_post_me_login(struct bsg_http_exchange *x, void *app)
{
	uint8_t secret_sha256[BSG_SHA256_LEN];
	char token[BSG_RANDOM_TOKEN_SIZE], cookie[COOKIE_SIZE];
	const char *badge;
	struct bsg_error err;
	bool began = false;
	enum bsg_err rc = bsg_random_token(token, &err);

	if (rc == BSG_OK && read_login(x, &badge, secret_sha256))
		rc = begin_session(app, badge, secret_sha256, token, &began, &err);
	if (began) {
		bsg_owner_cookie(token, cookie, sizeof(cookie));
		go_on(x, BSG_ME_SAID_NOTHING, cookie);
	} else if (rc == BSG_OK) {
		bsg_me_login_page(x, 403, BSG_ME_SAID_WRONG);
	} else {
		bsg_http_fail(x, rc, &err);
	}
	bsg_wipe(token, sizeof(token));
	bsg_wipe(cookie, sizeof(cookie));
}

void bsg_post_me_logout(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_owner *owner = bsg_caller_of(x)->owner;
	char cookie[COOKIE_SIZE];
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_owner_own_form(x))
		return;
	bsg_change_begin(&change, app, x);
	op = bsg_change_add(&change, BSG_OP_SESSION_END);
	op->session_end.session_sha256 = owner->sha256;
	op->session_end.at = bsg_now(app);
	bsg_change_audit(&change, "logout", owner->session.person, NULL, NULL);
	if (!bsg_change_apply(&change))
		return;
	bsg_owner_cookie("", cookie, sizeof(cookie));
	go_on(x, BSG_ME_SAID_BYE, cookie);
}

/* ---- one's own phone -------------------------------------------------- */

/* The phone that the form names, which must be the owner's and active. @return false after answering */
static bool own_phone(struct bsg_http_exchange *x, struct bsg_server *server, struct bsg_device_rec *rec)
{
	const char *id = bsg_http_form(x, "device");
	struct bsg_error err;
	enum bsg_err rc;

	if (!bsg_owner_own_form(x))
		return false;
	rc = id != NULL && bsg_id_is_device(id) ? bsg_store_device(server->store, id, rec, &err) : BSG_E_NOT_FOUND;
	if (rc == BSG_OK && rec->state == BSG_DEVICE_ACTIVE && strcmp(rec->person, bsg_caller_of(x)->owner->session.person) == 0)
		return true;
	if (rc == BSG_OK || rc == BSG_E_NOT_FOUND)
		bsg_http_problem(x, 404, "no-device", "you have no such phone: open /me again");
	else
		bsg_http_fail(x, rc, &err);
	return false;
}

/* An entry by the owner about a phone of theirs. @return false after answering */
static bool write_audit(struct bsg_http_exchange *x, struct bsg_server *server, const char *action, const char *device)
{
	struct bsg_change change;

	bsg_change_begin(&change, server, x);
	bsg_change_audit(&change, action, device, NULL, NULL);
	change.ops[0].audit.only_if_changed = false;
	return bsg_change_apply(&change);
}

/* Whether the phone's rules let its owner arrive at the place. */
static bool may_arrive(struct bsg_server *server, const struct bsg_device_rec *rec, const char *place)
{
	struct bsg_me_phone phone;
	struct bsg_error err;
	bool may = false;

	if (bsg_me_phone_look(server, rec, &phone, &err) == BSG_OK)
		for (size_t i = 0; i < bsg_view_orders(phone.view)->n_places; i++) {
			const struct bsg_place *one = &bsg_view_orders(phone.view)->places[i];

			if (strlen(place) == one->id.len && memcmp(place, one->id.ptr, one->id.len) == 0)
				may = bsg_me_phone_may_arrive(&phone, one);
		}
	bsg_me_phone_free(&phone);
	return may;
}

void bsg_post_me_arrive(struct bsg_http_exchange *x, void *app)
{
	const char *place = bsg_http_form(x, "place");
	struct bsg_device_rec rec;
	struct bsg_error err;
	enum bsg_err rc;

	if (!own_phone(x, app, &rec))
		return;
	rc = place != NULL && may_arrive(app, &rec, place) ? bsg_drive_self_in(app, rec.id, place, bsg_caller_of(x)->actor, &err) : BSG_E_DENIED;
	if (rc == BSG_E_DENIED)
		go_on(x, BSG_ME_SAID_NOT_HERE, NULL);
	else if (rc != BSG_OK)
		bsg_http_fail(x, rc, &err);
	else
		go_on(x, BSG_ME_SAID_ARRIVED, NULL);
}

/* The outermost place that the phone is in. @return false: none, or it cannot be told */
static bool present_place(struct bsg_server *server, const struct bsg_device_rec *rec, char out[static BSG_NAME_SIZE])
{
	struct bsg_me_phone phone;
	struct bsg_error err;

	out[0] = '\0';
	if (bsg_me_phone_look(server, rec, &phone, &err) == BSG_OK) {
		struct bsg_str place = bsg_me_phone_place(&phone);

		if (place.len > 0 && place.len < BSG_NAME_SIZE)
			(void)snprintf(out, BSG_NAME_SIZE, "%.*s", (int)place.len, place.ptr);
	}
	bsg_me_phone_free(&phone);
	return out[0] != '\0';
}

/* A crossing out that the owner says: as good as any, for it only lifts, and written down as what it is. */
void bsg_post_me_left(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	char place[BSG_NAME_SIZE], id[BSG_UUID_SIZE];
	struct bsg_device_rec rec;
	struct bsg_change change;
	struct bsg_op *op;

	if (!own_phone(x, server, &rec))
		return;
	if (!present_place(server, &rec, place)) {
		go_on(x, BSG_ME_SAID_NOT_IN, NULL);
		return;
	}
	bsg_change_begin(&change, server, x);
	if (bsg_random_uuid_at(bsg_clock_utc_ms(server->clock), id, &change.err) != BSG_OK) {
		bsg_http_fail(x, BSG_E_BUG, &change.err);
		return;
	}
	op = bsg_change_add(&change, BSG_OP_CROSSING_ADD);
	op->crossing_add = (struct bsg_op_crossing_add){.id = id, .device = rec.id, .place = place, .gate = SELF,
							.direction = BSG_CROSSING_OUT, .at = bsg_now(server), .received = bsg_now(server),
							.by = SELF};
	bsg_change_audit(&change, "self-out", rec.id, NULL, NULL);
	if (!bsg_change_apply(&change))
		return;
	atomic_fetch_add(&server->counts.crossings, 1);
	bsg_orders_want(server, rec.id);
	bsg_orders_want_presence(server);
	go_on(x, BSG_ME_SAID_LEFT, NULL);
}

void bsg_post_me_stuck(struct bsg_http_exchange *x, void *app)
{
	struct bsg_device_rec rec;

	if (!own_phone(x, app, &rec) || !write_audit(x, app, "not-back", rec.id))
		return;
	bsg_orders_want(app, rec.id);
	bsg_drive_want(app, rec.id);
	go_on(x, BSG_ME_SAID_STUCK, NULL);
}

/* ---- codes, by the helpdesk ------------------------------------------- */

/* A code and a link, and what is stored of them. */
struct fresh_code {
	char code[BSG_OWNER_CODE_SIZE], link[BSG_RANDOM_TOKEN_SIZE];
	uint8_t code_sha256[BSG_SHA256_LEN], link_sha256[BSG_SHA256_LEN];
};

static enum bsg_err make_code(struct fresh_code *out, struct bsg_error *err)
{
	enum bsg_err rc = bsg_owner_code(out->code, err);

	if (rc == BSG_OK)
		rc = bsg_random_token(out->link, err);
	if (rc == BSG_OK)
		rc = bsg_owner_code_sha256(out->code, out->code_sha256, err);
	return rc == BSG_OK ? bsg_sha256(out->link, strlen(out->link), out->link_sha256, err) : rc;
}

static void answer_code(struct bsg_http_exchange *x, const struct bsg_server *server, const struct fresh_code *fresh, int64_t expires)
{
	char url[BSG_PLATFORM_URL_SIZE + BSG_RANDOM_TOKEN_SIZE + 16];

	(void)snprintf(url, sizeof(url), "%s/me/link/%s", server->home.people_url, fresh->link);
	bsg_answer_json(x, 201, json_pack("{s:s, s:s, s:o}", "code", fresh->code, "url", url, "expires", bsg_reply_time(expires)), NULL);
	bsg_wipe(url, sizeof(url));
}

void bsg_post_person_code(struct bsg_http_exchange *x, void *app)
{
	const char *id = bsg_http_param(x, "id");
	struct bsg_server *server = app;
	struct bsg_person_rec person;
	struct fresh_code fresh;
	struct bsg_change change;
	struct bsg_op *op;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, NULL, 0, NULL))
		return;
	bsg_change_begin(&change, server, x);
	rc = bsg_store_person(server->store, id, &person, &change.err);
	if (rc == BSG_E_NOT_FOUND || (rc == BSG_OK && (person.state != BSG_PERSON_ACTIVE || !bsg_caller_sees(bsg_caller_of(x), person.unit)))) {
		bsg_http_problem(x, 404, "no-person", "no person \"%s\": see the list of people", id);
		return;
	}
	if (rc == BSG_OK)
		rc = make_code(&fresh, &change.err);
	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &change.err);
		return;
	}
	op = bsg_change_add(&change, BSG_OP_CODE_ADD);
	op->code_add = (struct bsg_op_code_add){.person = id, .code_sha256 = fresh.code_sha256, .link_sha256 = fresh.link_sha256,
						.at = bsg_now(server), .expires = bsg_now(server) + BSG_OWNER_CODE_LIFE_S};
	bsg_change_audit(&change, "person-code", id, NULL, NULL);
	if (bsg_change_apply(&change))
		answer_code(x, server, &fresh, change.ops[0].code_add.expires);
	bsg_wipe(&fresh, sizeof(fresh));
}
