/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/message_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/gate.h"
#include "wire/orders.h"
#include "wire/pass.h"
#include "wire/report.h"

json_t *json_hex(const uint8_t *ptr, size_t len)
{
	char *text = calloc(1, 2 * len + 1);
	json_t *out;

	for (size_t i = 0; text != NULL && i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", ptr[i]);
	out = json_string(text);
	free(text);
	return out;
}

uint8_t *from_hex(const char *hex, size_t *len)
{
	uint8_t *out = malloc(strlen(hex) / 2 + 1);

	if (out == NULL || strlen(hex) % 2 != 0)
		abort();
	*len = strlen(hex) / 2;
	for (size_t i = 0; i < *len; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			abort();
		out[i] = (uint8_t)byte;
	}
	return out;
}

static json_t *str(struct bsg_str s)
{
	return json_stringn(s.len > 0 ? s.ptr : "", s.len);
}

static json_t *str_or_null(struct bsg_str s)
{
	return s.len > 0 ? str(s) : json_null();
}

static json_t *time_or_null(int64_t utc)
{
	return utc != 0 ? json_integer(utc) : json_null();
}

static json_t *text(const struct bsg_text *t)
{
	return json_pack("{s:o, s:o, s:o}", "kk", str(t->kk), "ru", str(t->ru), "en", str(t->en));
}

static json_t *functions(uint32_t bits)
{
	json_t *out = json_array();

	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		if ((bits & bsg_functions[i].bit) != 0)
			json_array_append_new(out, json_string(bsg_functions[i].name));
	return out;
}

static json_t *function_name(uint32_t bit)
{
	json_t *all = functions(bit);
	json_t *one = json_incref(json_array_get(all, 0));

	json_decref(all);
	return one;
}

static json_t *windows(const struct bsg_window *w, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, json_pack("[I, I]", (json_int_t)w[i].from, (json_int_t)w[i].until));
	return out;
}

static json_t *apps(const struct bsg_str *names, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, str(names[i]));
	return out;
}

static json_t *enter_by(unsigned bits)
{
	static const char *const names[] = { "beacon", "wifi", "area", "self" };
	json_t *out = json_array();

	for (size_t i = 0; i < 4; i++)
		if ((bits & 1u << i) != 0)
			json_array_append_new(out, json_string(names[i]));
	return out;
}

static json_t *place(const struct bsg_place *p, const struct bsg_orders_place *own)
{
	json_t *evidence = json_array(), *area = json_array(), *keys = json_array();

	for (size_t i = 0; i < p->n_evidence; i++)
		json_array_append_new(evidence, json_pack("[s, o]", p->evidence[i].kind == BSG_EVIDENCE_WIFI ? "wifi" : "beacon",
							  str(p->evidence[i].id)));
	for (size_t i = 0; i < p->n_vertices; i++)
		json_array_append_new(area, json_pack("[i, i]", p->area[i].lat, p->area[i].lon));
	for (size_t i = 0; i < own->n_days; i++)
		json_array_append_new(keys, json_hex(own->exit_keys + i * BSG_EXIT_KEY_LEN, BSG_EXIT_KEY_LEN));
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:b, s:o, s:o, s:o, s:o, s:I, s:o}",
			 "id", str(p->id), "parent", str_or_null(p->parent), "name", text(&p->name),
			 "max_stay", (json_int_t)p->max_stay, "grace", (json_int_t)p->grace,
			 "self_stay", (json_int_t)p->self_stay, "enter_by", enter_by(p->enter_by),
			 "left_unconfirmed", p->left_unconfirmed, "keep", functions(p->keep),
			 "evidence", evidence, "area", area,
			 "pseudonym", json_hex(own->pseudonym, BSG_PSEUDONYM_LEN),
			 "first_day", (json_int_t)own->first_day, "exit_keys", keys);
}

static json_t *rule(const struct bsg_orders *o, const struct bsg_rule *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "id", str(r->id), "place", str_or_null(r->place),
			 "windows", r->always ? json_null() : windows(&o->windows[r->first_window], r->n_windows),
			 "apps", apps(&o->apps[r->first_app], r->n_apps), "restrict", functions(r->restrict_functions),
			 "enforce", r->enforce, "because", text(&r->because));
}

static json_t *presence(const struct bsg_orders *o)
{
	if (!o->has_presence)
		return json_null();
	return json_pack("{s:I, s:o, s:s, s:I}", "seq", (json_int_t)o->presence.seq, "place", str(o->presence.place),
			 "direction", o->presence.in ? "in" : "out", "at", (json_int_t)o->presence.at);
}

static json_t *orders_json(const struct bsg_orders_message *m)
{
	const struct bsg_orders *o = &m->orders;
	json_t *places = json_array(), *rules = json_array(), *exemptions = json_array();

	for (size_t i = 0; i < o->n_places; i++)
		json_array_append_new(places, place(&o->places[i], &m->places[i]));
	for (size_t i = 0; i < o->n_rules; i++)
		json_array_append_new(rules, rule(o, &o->rules[i]));
	for (size_t i = 0; i < o->n_exemptions; i++)
		json_array_append_new(exemptions, json_pack("{s:o, s:I, s:I}", "functions", functions(o->exemptions[i].functions),
							    "from", (json_int_t)o->exemptions[i].from,
							    "until", (json_int_t)o->exemptions[i].until));
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:{s:I, s:I}, s:o, s:o, s:b, s:o, s:o, s:o}",
			 "device", json_hex(o->device, BSG_DEVICE_LEN), "serial", (json_int_t)o->serial,
			 "expires", (json_int_t)o->expires, "issued", (json_int_t)o->issued,
			 "max_stay", (json_int_t)o->max_stay, "break_glass",
			 "minutes", (json_int_t)o->break_glass_minutes, "per_day", (json_int_t)o->break_glass_per_day,
			 "presence", presence(o), "release", o->has_release ? json_integer(o->release_at) : json_null(),
			 "discharge", m->discharge, "places", places, "rules", rules, "exemptions", exemptions);
}

static json_t *status(const struct bsg_report_status *s)
{
	static const char *const states[] = { "", "acknowledged", "verified", "unverified", "stuck" };
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_functions; i++) {
		const struct bsg_report_function *f = &s->functions[i];

		json_array_append_new(list, json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:o}", "function", function_name(f->function),
						      "state", states[f->state], "since", (json_int_t)f->since,
						      "rule", str_or_null(f->rule), "place", str_or_null(f->place),
						      "until", time_or_null(f->until), "why", str(f->why)));
	}
	return json_pack("{s:I, s:o, s:o, s:b, s:o}", "serial", (json_int_t)s->serial, "observed", functions(s->observed),
			 "lift_by", time_or_null(s->lift_by), "discharged", s->discharged, "functions", list);
}

static json_t *coverage(const struct bsg_report_coverage *c)
{
	static const char *const grades[] = { "impossible", "partial", "enforced" };
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_functions; i++)
		json_array_append_new(list, json_pack("{s:o, s:s, s:o}", "function", function_name(c->functions[i].function),
						      "grade", grades[c->functions[i].grade], "why", str(c->functions[i].why)));
	return json_pack("{s:o, s:o, s:o}", "agent", str(c->agent), "system", str(c->system), "functions", list);
}

static json_t *body(const struct bsg_report_item *r)
{
	static const char *const by[] = { "", "token", "code", "self" };

	switch (r->kind) {
	case BSG_REPORT_STATUS: return status(&r->status);
	case BSG_REPORT_COVERAGE: return coverage(&r->coverage);
	case BSG_REPORT_EVENT:
		return json_pack("{s:i, s:o, s:I}", "event", (int)r->event.kind, "place", str_or_null(r->event.place),
				 "value", (json_int_t)r->event.value);
	case BSG_REPORT_BREAK_GLASS:
		return json_pack("{s:I, s:o}", "until", (json_int_t)r->break_glass.until, "reason", str(r->break_glass.reason));
	case BSG_REPORT_CROSSING:
		return json_pack("{s:o, s:o, s:s, s:I, s:s}", "place", str(r->crossing.place), "gate", str_or_null(r->crossing.gate),
				 "direction", r->crossing.direction == BSG_DIRECTION_IN ? "in" : "out",
				 "crossed", (json_int_t)r->crossing.at, "by", by[r->crossing.by]);
	case BSG_REPORT_LEAVING: return json_object();
	}
	return NULL;
}

static json_t *report_json(const struct bsg_report_batch *b)
{
	static const char *const kinds[] = { "", "status", "coverage", "event", "break_glass", "crossing", "leaving" };
	json_t *list = json_array();

	for (size_t i = 0; i < b->n_reports; i++) {
		json_t *item = body(&b->reports[i]);

		json_object_set_new(item, "id", json_hex(b->reports[i].id, BSG_REPORT_ID_LEN));
		json_object_set_new(item, "at", json_integer(b->reports[i].at));
		json_object_set_new(item, "kind", json_string(kinds[b->reports[i].kind]));
		json_array_append_new(list, item);
	}
	return json_pack("{s:o, s:I, s:o}", "instance", json_hex(b->instance, BSG_INSTANCE_ID_LEN),
			 "sequence", (json_int_t)b->sequence, "reports", list);
}

static json_t *nonce(bool has, const uint8_t *ptr)
{
	return has ? json_hex(ptr, BSG_NONCE_LEN) : json_null();
}

static json_t *pass_json(const struct bsg_pass *p)
{
	static const char *const by[] = { "", "gate", "self", "weak" };

	return json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:I, s:I, s:s, s:o}",
			 "pseudonym", json_hex(p->pseudonym, BSG_PSEUDONYM_LEN), "issued", (json_int_t)p->issued,
			 "expires", (json_int_t)p->expires, "nonce", nonce(p->has_nonce, p->nonce),
			 "gate_nonce", nonce(p->has_gate_nonce, p->gate_nonce), "gate", str_or_null(p->gate),
			 "serial", (json_int_t)p->serial, "functions", functions(p->functions),
			 "break_glass", (json_int_t)p->n_break_glass, "sequence", (json_int_t)p->sequence,
			 "by", by[p->by], "verified_at", time_or_null(p->verified_at));
}

static json_t *guest(const struct bsg_gate_credential *c)
{
	if (!c->has_guest)
		return json_null();
	return json_pack("{s:o, s:o, s:I, s:o, s:o}", "name", text(&c->guest.name), "functions", functions(c->guest.functions),
			 "max_stay", (json_int_t)c->guest.max_stay, "because", text(&c->guest.because),
			 "apps", apps(c->guest.apps, c->guest.n_apps));
}

static json_t *credential_json(const struct bsg_gate_credential *c)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "issued", (json_int_t)c->issued,
			 "expires", (json_int_t)c->expires, "x", json_hex(c->key_x, BSG_P256_COORDINATE_LEN),
			 "y", json_hex(c->key_y, BSG_P256_COORDINATE_LEN), "place", str(c->place), "gate", str(c->gate),
			 "guest", guest(c));
}

static json_t *token_json(const struct bsg_token *t)
{
	return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "direction", t->direction == BSG_DIRECTION_IN ? "in" : "out",
			 "issued", (json_int_t)t->issued, "expires", (json_int_t)t->expires,
			 "nonce", json_hex(t->nonce, BSG_NONCE_LEN),
			 "pseudonym", t->bound ? json_hex(t->pseudonym, BSG_PSEUDONYM_LEN) : json_null(),
			 "pass_nonce", nonce(t->bound, t->pass_nonce),
			 "credential", json_hex(t->credential.ptr, t->credential.len));
}

/* Encoding again refuses what decoding took: our own mistake, seen as empty bytes. */
static enum bsg_err orders_decode(struct bsg_bytes payload, json_t **fields, uint8_t *again, size_t cap,
				  struct bsg_bytes *again_out, const char **why)
{
	struct bsg_orders_message *m = calloc(1, sizeof(*m));
	enum bsg_err rc = bsg_orders_decode(payload, m, why);

	if (rc == BSG_OK && bsg_orders_encode(m, again, cap, again_out, NULL) == BSG_OK)
		*fields = orders_json(m);
	free(m);
	return rc;
}

static enum bsg_err report_decode(struct bsg_bytes payload, json_t **fields, uint8_t *again, size_t cap,
				  struct bsg_bytes *again_out, const char **why)
{
	struct bsg_report_batch *m = calloc(1, sizeof(*m));
	enum bsg_err rc = bsg_report_decode(payload, m, why);

	if (rc == BSG_OK && bsg_report_encode(m, again, cap, again_out) == BSG_OK)
		*fields = report_json(m);
	free(m);
	return rc;
}

static enum bsg_err pass_decode(struct bsg_bytes payload, json_t **fields, uint8_t *again, size_t cap,
				struct bsg_bytes *again_out, const char **why)
{
	struct bsg_pass m;
	enum bsg_err rc = bsg_pass_decode(payload, &m, why);

	if (rc == BSG_OK && bsg_pass_encode(&m, again, cap, again_out) == BSG_OK)
		*fields = pass_json(&m);
	return rc;
}

static enum bsg_err credential_decode(struct bsg_bytes payload, json_t **fields, uint8_t *again, size_t cap,
				      struct bsg_bytes *again_out, const char **why)
{
	struct bsg_gate_credential m;
	enum bsg_err rc = bsg_gate_credential_decode(payload, &m, why);

	if (rc == BSG_OK && bsg_gate_credential_encode(&m, again, cap, again_out) == BSG_OK)
		*fields = credential_json(&m);
	return rc;
}

static enum bsg_err token_decode(struct bsg_bytes payload, json_t **fields, uint8_t *again, size_t cap,
				 struct bsg_bytes *again_out, const char **why)
{
	struct bsg_token m;
	enum bsg_err rc = bsg_token_decode(payload, &m, why);

	if (rc == BSG_OK && bsg_token_encode(&m, again, cap, again_out) == BSG_OK)
		*fields = token_json(&m);
	return rc;
}

const struct message_kind message_kinds[] = {
	{ "orders", BSG_COSE_ORDERS, BSG_ORDERS_PAYLOAD_MAX, orders_decode },
	{ "report", 0, BSG_REPORT_BATCH_MAX, report_decode },
	{ "pass", BSG_COSE_PASS, BSG_PASS_MAX, pass_decode },
	{ "gate_credential", BSG_COSE_GATE_CREDENTIAL, BSG_GATE_CREDENTIAL_MAX, credential_decode },
	{ "threshold_token", BSG_COSE_THRESHOLD_TOKEN, BSG_TOKEN_MAX, token_decode },
};
const size_t n_message_kinds = sizeof(message_kinds) / sizeof(message_kinds[0]);

const struct message_kind *message_kind_find(const char *name)
{
	for (size_t i = 0; i < n_message_kinds; i++)
		if (strcmp(message_kinds[i].name, name) == 0)
			return &message_kinds[i];
	return NULL;
}
