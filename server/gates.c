/* SPDX-License-Identifier: Apache-2.0 */
/* Gates: those that the policy declares, turnstiles with tokens, and credentials for gates that sign. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timetext.h"
#include "crypto/cose.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "server/answer.h"
#include "server/change.h"
#include "server/handlers.h"
#include "server/places.h"
#include "wire/gate.h"

#define DAY_S INT64_C(86400)
#define TURNSTILES_MAX 1000
#define DETAIL_SIZE 128

static json_t *declared(const struct bsg_policy *policy)
{
	json_t *items = json_array();

	for (size_t i = 0; i < policy->n_places; i++)
		for (size_t g = 0; g < policy->places[i].n_gates; g++)
			json_array_append_new(items, json_pack("{s:n, s:s, s:s, s:s, s:n}", "id", "place", policy->places[i].id, "gate",
							       policy->places[i].gates[g].id, "kind", "declared", "from"));
	return items;
}

void bsg_get_gates(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_turnstile_rec *recs = calloc(TURNSTILES_MAX, sizeof(*recs));
	struct bsg_page page = {.limit = TURNSTILES_MAX};
	struct bsg_active_policy *active;
	struct bsg_error err;
	enum bsg_err rc;
	json_t *items;

	if (!bsg_query_only(x, false, NULL)) {
		free(recs);
		return;
	}
	rc = recs == NULL ? bsg_fail(&err, BSG_E_NO_MEMORY, "no memory for gates")
			  : bsg_store_turnstiles(server->store, &page, recs, &err);
	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &err);
		free(recs);
		return;
	}
	active = bsg_active_get(&server->active);
	items = declared(active->policy);
	bsg_active_put(active);
	for (size_t i = 0; i < page.n; i++)
		json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", recs[i].id, "place", recs[i].place, "gate",
						       recs[i].gate, "kind", "turnstile", "from", bsg_reply_text(recs[i].address)));
	free(recs);
	bsg_answer_list(x, items, &page);
}

struct gate_body {
	const char *place, *gate, *kind, *from;
};

static const char *const gate_kinds[] = {"turnstile", NULL};
static const struct bsg_field gate_fields[] = {
	BSG_FIELD(struct gate_body, place, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct gate_body, gate, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct gate_body, kind, BSG_FIELD_CHOICE, .required = true, .choices = gate_kinds),
	BSG_FIELD(struct gate_body, from, BSG_FIELD_TEXT, .max = BSG_ADDRESS_SIZE - 1),
};

/* The place of a gate in the policy in force; its guest rules are read while it is held. @return NULL after answering */
static struct bsg_active_policy *hold_gate(struct bsg_http_exchange *x, struct bsg_server *server, const struct gate_body *body,
					   const struct bsg_policy_place **place)
{
	struct bsg_active_policy *active = bsg_active_get(&server->active);

	*place = bsg_policy_find_place(active->policy, body->place);
	if (*place != NULL && bsg_policy_find_gate(*place, body->gate) != NULL)
		return active;
	bsg_active_put(active);
	bsg_http_problem(x, 422, "no-gate", "the policy in force has no gate %s at %s: add it there and apply", body->gate,
			 body->place);
	return NULL;
}

/* For the audit. Both are identifiers: nothing to escape. */
static void name_gate(const struct gate_body *body, char out[static DETAIL_SIZE])
{
	snprintf(out, DETAIL_SIZE, "{\"place\":\"%s\",\"gate\":\"%s\"}", body->place, body->gate);
}

/*
 * The address in the form in which peers are known, or the token would never work and nobody would learn why.
 * @return false after answering
 */
static bool tidy_address(struct bsg_http_exchange *x, struct gate_body *body)
{
	char *tidy = bsg_http_alloc(x, INET6_ADDRSTRLEN);
	unsigned char bytes[sizeof(struct in6_addr)];

	if (tidy == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return false;
	}
	for (int i = 0; body->from != NULL && i < 2; i++) {
		int family = i == 0 ? AF_INET : AF_INET6;

		if (inet_pton(family, body->from, bytes) != 1)
			continue;
		body->from = inet_ntop(family, bytes, tidy, INET6_ADDRSTRLEN);
		return true;
	}
	if (body->from != NULL)
		bsg_http_problem(x, 400, "invalid", "from: must be an IPv4 or IPv6 address");
	return body->from == NULL;
}

void bsg_post_gate(struct bsg_http_exchange *x, void *app)
{
	struct gate_body body = {.place = NULL};
	struct bsg_server *server = app;
	char token[BSG_RANDOM_TOKEN_SIZE], id[BSG_ID_SIZE];
	const struct bsg_policy_place *place;
	struct bsg_active_policy *active;
	uint8_t hash[BSG_SHA256_LEN];
	char detail[DETAIL_SIZE];
	struct bsg_change change;
	struct bsg_op *op;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, gate_fields, 4, &body) || !bsg_caller_needs_all(x) ||
	    !tidy_address(x, &body))
		return;
	active = hold_gate(x, server, &body, &place);
	if (active == NULL)
		return;
	bsg_active_put(active);
	bsg_change_begin(&change, server, x);
	if (bsg_random_token(token, &change.err) != BSG_OK || bsg_random_id(id, &change.err) != BSG_OK ||
	    bsg_sha256(token, strlen(token), hash, &change.err) != BSG_OK) {
		bsg_http_fail(x, BSG_E_BUG, &change.err);
		return;
	}
	op = bsg_change_add(&change, BSG_OP_TURNSTILE_ADD);
	op->turnstile_add = (struct bsg_op_turnstile_add){.id = id, .token_sha256 = hash, .place = body.place, .gate = body.gate,
							  .address = body.from, .at = bsg_now(server)};
	name_gate(&body, detail);
	bsg_change_audit(&change, "turnstile-add", id, NULL, detail);
	if (bsg_change_apply(&change))
		bsg_answer_json(x, 201, json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "id", id, "place", body.place, "gate", body.gate,
						  "kind", body.kind, "from", bsg_reply_text(body.from), "token", token), NULL);
	bsg_wipe(token, sizeof(token));
}

void bsg_delete_gate(struct bsg_http_exchange *x, void *app)
{
	const char *id = bsg_http_param(x, "id");
	struct bsg_change change;

	if (!bsg_query_only(x, false, NULL) || !bsg_caller_needs_all(x))
		return;
	bsg_change_begin(&change, app, x);
	bsg_change_add(&change, BSG_OP_TURNSTILE_REMOVE)->turnstile_remove.id = id;
	bsg_change_audit(&change, "turnstile-remove", id, NULL, NULL);
	if (bsg_change_apply(&change))
		bsg_answer_empty(x, 204);
}

/* ---- credentials ------------------------------------------------------ */

static const struct bsg_field credential_fields[] = {
	BSG_FIELD(struct gate_body, place, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct gate_body, gate, BSG_FIELD_NAME, .required = true),
};

/* What is made for one gate. Holds secrets. */
struct made {
	struct bsg_secret key_pem;
	uint8_t key_sha256[BSG_SHA256_LEN];
	struct bsg_gate_credential credential;
	struct bsg_buf bytes;
	struct bsg_place_secret_rec secret;
	struct bsg_buf pass_pem;	/* whom the gate trusts for passes of the server */
};

static struct bsg_str str(const char *text)
{
	return (struct bsg_str){text, text == NULL ? 0 : strlen(text)};
}

static struct bsg_text text_of(const struct bsg_policy_texts *texts)
{
	return (struct bsg_text){str(texts->kk), str(texts->ru), str(texts->en)};
}

static void fill_guest(const struct bsg_policy_place *place, struct bsg_guest *guest)
{
	guest->place = str(place->id);
	guest->name = text_of(&place->name);
	guest->functions = place->guest.restrict_set;
	guest->max_stay = (uint32_t)place->guest.max_stay_s;
	guest->because = text_of(&place->guest.because);
	for (; guest->n_apps < place->guest.n_apps && guest->n_apps < BSG_GUEST_APPS_MAX; guest->n_apps++)
		guest->apps[guest->n_apps] = str(place->guest.apps[guest->n_apps]);
}

static enum bsg_err make_key(struct made *m, struct bsg_error *err)
{
	struct bsg_public_key public_key;
	struct bsg_key *key;
	enum bsg_err rc = bsg_key_generate(&key, err);

	if (rc != BSG_OK)
		return rc;
	bsg_key_public(key, &public_key);
	memcpy(m->credential.key_x, public_key.spki + BSG_SPKI_X, sizeof(m->credential.key_x));
	memcpy(m->credential.key_y, public_key.spki + BSG_SPKI_Y, sizeof(m->credential.key_y));
	rc = bsg_key_pem(key, &m->key_pem, err);
	bsg_key_free(key);
	return rc == BSG_OK ? bsg_sha256(public_key.spki, sizeof(public_key.spki), m->key_sha256, err) : rc;
}

static enum bsg_err make_credential(struct bsg_server *server, const struct gate_body *body, const struct bsg_policy_place *place,
				    struct made *m, struct bsg_error *err)
{
	uint8_t *payload = malloc(BSG_GATE_CREDENTIAL_MAX);
	struct bsg_bytes encoded = {.ptr = NULL};
	enum bsg_err rc = payload == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a credential") : make_key(m, err);

	m->credential.issued = bsg_now(server);
	m->credential.expires = m->credential.issued + server->settings.gate_credential_life;
	m->credential.place = str(body->place);
	m->credential.gate = str(body->gate);
	m->credential.has_guest = place->has_guest && place->guest.restrict_set != 0;
	if (m->credential.has_guest)
		fill_guest(place, &m->credential.guest);
	if (rc == BSG_OK && (rc = bsg_gate_credential_encode(&m->credential, payload, BSG_GATE_CREDENTIAL_MAX, &encoded)) != BSG_OK)
		bsg_fail(err, rc, "the texts of place %s do not fit into a gate credential", body->place);
	if (rc == BSG_OK)
		rc = bsg_cose_sign(server->home.keyring, BSG_COSE_GATE_CREDENTIAL, encoded, &m->bytes, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&m->bytes, err);
	if (rc == BSG_OK)
		rc = bsg_place_secret(server, body->place, &m->secret, err);
	free(payload);
	return rc;
}

static enum bsg_err add_pass_certificate(struct bsg_server *server, struct made *m, struct bsg_error *err)
{
	struct bsg_bytes der;
	enum bsg_err rc = bsg_keyring_certificate(server->home.keyring, BSG_KEYRING_PASS, &der, err);

	if (rc == BSG_OK)
		rc = bsg_cert_to_pem(der, &m->pass_pem, err);
	return rc == BSG_OK ? bsg_buf_finish(&m->pass_pem, err) : rc;
}

/* The secrets of the days that the credential touches, and of the day before (a code's step may have begun in it). */
static json_t *day_secrets(const struct made *m)
{
	json_t *out = json_array();

	for (int64_t day = m->credential.issued / DAY_S - 1; day <= m->credential.expires / DAY_S; day++) {
		uint8_t secret[BSG_DAY_SECRET_LEN];
		char text[BSG_TIME_SIZE];

		if (bsg_place_day_secret(m->secret.day_root, day, secret, NULL) != BSG_OK) {
			json_decref(out);
			return NULL;
		}
		bsg_time_format(day * DAY_S, text);
		text[10] = '\0';
		json_array_append_new(out, json_pack("{s:s, s:o}", "day", text, "secret", bsg_reply_hex(secret, sizeof(secret))));
		bsg_wipe(secret, sizeof(secret));
	}
	return out;
}

static void store_and_answer(struct bsg_http_exchange *x, struct bsg_server *server, const struct gate_body *body, const struct made *m)
{
	char detail[DETAIL_SIZE];
	struct bsg_change change;
	struct bsg_op *op;

	bsg_change_begin(&change, server, x);
	op = bsg_change_add(&change, BSG_OP_GATE_CREDENTIAL_ADD);
	op->gate_credential_add = (struct bsg_op_gate_credential_add){
		.place = body->place, .gate = body->gate, .key_sha256 = m->key_sha256, .at = m->credential.issued,
		.expires = m->credential.expires, .by = bsg_caller_of(x)->actor,
	};
	name_gate(body, detail);
	bsg_change_audit(&change, "gate-credential", body->gate, NULL, detail);
	if (bsg_change_apply(&change))
		bsg_answer_json(x, 200, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s#}", "place", body->place, "gate", body->gate, "key",
						  (const char *)m->key_pem.data, "credential", bsg_reply_hex(m->bytes.data, m->bytes.len),
						  "expires", bsg_reply_time(m->credential.expires), "day_secrets", day_secrets(m),
						  "pass_certificate", (const char *)m->pass_pem.data, (int)m->pass_pem.len), NULL);
}

void bsg_post_gate_credential(struct bsg_http_exchange *x, void *app)
{
	struct gate_body body = {.place = NULL};
	const struct bsg_policy_place *place;
	struct bsg_active_policy *active;
	struct bsg_error err;
	struct made m;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, NULL) || !bsg_body_read(x, credential_fields, 2, &body))
		return;
	active = hold_gate(x, app, &body, &place);
	if (active == NULL)
		return;
	memset(&m, 0, sizeof(m));
	bsg_buf_init(&m.bytes, BSG_GATE_CREDENTIAL_MAX);
	bsg_buf_init(&m.pass_pem, 2 * BSG_CERT_MAX);
	rc = make_credential(app, &body, place, &m, &err);
	if (rc == BSG_OK)
		rc = add_pass_certificate(app, &m, &err);
	if (rc == BSG_OK)
		store_and_answer(x, app, &body, &m);
	else
		bsg_http_fail(x, rc, &err);
	bsg_active_put(active);
	bsg_secret_free(&m.key_pem);
	bsg_buf_free(&m.bytes);
	bsg_buf_free(&m.pass_pem);
	bsg_wipe(&m, sizeof(m));
}
