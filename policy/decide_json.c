/* SPDX-License-Identifier: Apache-2.0 */
/* A phone in JSON: events in, outputs out. See policy/decide_json.h. */
#include "policy/decide_json.h"

#include <stdlib.h>
#include <string.h>

#include "policy/decide_read.h"

#define ARENA_MAX (8u * 1024 * 1024)

/* ---- orders ------------------------------------------------------------ */

struct owner {
	struct bsg_json_orders json;
	struct bsg_arena arena;
};

enum bsg_err bsg_json_orders_read(json_t *json, struct bsg_json_orders **out, struct bsg_error *err)
{
	struct owner *owner = calloc(1, sizeof(*owner));

	*out = NULL;
	if (owner == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for orders");
	bsg_arena_init(&owner->arena, ARENA_MAX);
	owner->json.memory = owner;
	struct bsg_decide_reader r = { .arena = &owner->arena, .err = err };
	bsg_decide_orders(&r, json, &owner->json.orders);
	if (r.rc == BSG_OK)
		*out = &owner->json;
	else
		bsg_json_orders_free(&owner->json);
	return r.rc;
}

void bsg_json_orders_free(struct bsg_json_orders *orders)
{
	if (orders == NULL)
		return;
	struct owner *owner = orders->memory;

	bsg_arena_free(&owner->arena);
	free(owner);
}

/* ---- a phone ----------------------------------------------------------- */

/* A credential that the host keeps, with its own memory: it may live longer than the orders. */
struct kept_guest {
	struct bsg_guest guest;
	struct bsg_arena arena;
	bool used;
};

struct bsg_json_phone {
	struct bsg_json_orders *owned;	/* NULL: borrowed */
	const struct bsg_orders *orders;
	struct bsg_state state;
	struct kept_guest kept[BSG_GUESTS_MAX];
	struct bsg_output output;	/* large; here so that stacks stay small */
};

static enum bsg_err new_phone(struct bsg_json_phone **out, struct bsg_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a phone");
}

enum bsg_err bsg_json_phone_new(json_t *orders, struct bsg_json_phone **out, struct bsg_error *err)
{
	struct bsg_json_orders *owned = NULL;
	enum bsg_err rc = BSG_OK;

	*out = NULL;
	if (orders != NULL && !json_is_null(orders))
		rc = bsg_json_orders_read(orders, &owned, err);
	if (rc != BSG_OK)
		return rc;
	rc = new_phone(out, err);
	if (rc != BSG_OK) {
		bsg_json_orders_free(owned);
		return rc;
	}
	(*out)->owned = owned;
	(*out)->orders = owned != NULL ? &owned->orders : NULL;
	return BSG_OK;
}

enum bsg_err bsg_json_phone_new_from(const struct bsg_orders *orders, struct bsg_json_phone **out, struct bsg_error *err)
{
	enum bsg_err rc = new_phone(out, err);

	if (rc == BSG_OK)
		(*out)->orders = orders;
	return rc;
}

static void forget(struct kept_guest *kept)
{
	if (kept->used)
		bsg_arena_free(&kept->arena);
	kept->used = false;
}

void bsg_json_phone_free(struct bsg_json_phone *phone)
{
	if (phone == NULL)
		return;
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		forget(&phone->kept[i]);
	bsg_json_orders_free(phone->owned);
	free(phone);
}

/* ---- events ------------------------------------------------------------ */

/* One event on its way: what it brings lives here until the phone keeps it. */
struct incoming {
	struct bsg_event event;
	struct kept_guest guest;	/* used: the event has one */
	struct bsg_json_orders *orders;	/* new ones, or NULL */
	struct bsg_arena arena;		/* of ids */
};

static void read_gate(struct bsg_decide_reader *r, json_t *json, struct incoming *in)
{
	json_t *guest = json_object_get(json, "guest");

	in->event.u.gate.place = bsg_decide_str(r, json, "place", BSG_ID_MAX, true);
	in->event.u.gate.at = bsg_decide_int(r, json, "at", INT64_MIN, INT64_MAX, 0);
	/* 0 is "now" in core; a written 0 means 1970, and the earliest moment is 1 (D3.1). */
	if (json_is_integer(json_object_get(json, "at")) && in->event.u.gate.at == 0)
		in->event.u.gate.at = 1;
	in->event.u.gate.bound = bsg_decide_bool(r, json, "bound", true);
	if (guest == NULL || json_is_null(guest) || r->rc != BSG_OK)
		return;
	bsg_arena_init(&in->guest.arena, ARENA_MAX);
	in->guest.used = true;
	struct bsg_decide_reader own = *r;
	own.arena = &in->guest.arena;
	const struct bsg_str place = bsg_decide_str(&own, json, "place", BSG_ID_MAX, true);
	bsg_decide_guest(&own, guest, place, &in->guest.guest);
	r->rc = own.rc;
	in->event.u.gate.guest = &in->guest.guest;
}

static void read_place_only(struct bsg_decide_reader *r, json_t *json, struct incoming *in)
{
	in->event.u.gate.place = bsg_decide_str(r, json, "place", BSG_ID_MAX, true);
}

static void read_id(struct bsg_decide_reader *r, json_t *json, struct incoming *in)
{
	in->event.u.id = bsg_decide_str(r, json, "id", SIZE_MAX, true);
}

static void read_fix(struct bsg_decide_reader *r, json_t *json, struct incoming *in)
{
	in->event.u.fix.lat = (int32_t)bsg_decide_int(r, json, "lat", INT32_MIN, INT32_MAX, INT64_MIN);
	in->event.u.fix.lon = (int32_t)bsg_decide_int(r, json, "lon", INT32_MIN, INT32_MAX, INT64_MIN);
	in->event.u.fix.accuracy_mm = bsg_decide_int(r, json, "accuracy", INT64_MIN + 1, INT64_MAX, INT64_MIN);
	in->event.u.fix.mock = bsg_decide_bool(r, json, "mock", false);
}

static void read_orders(struct bsg_decide_reader *r, json_t *json, struct incoming *in)
{
	if (r->rc != BSG_OK)
		return;
	r->rc = bsg_json_orders_read(json_object_get(json, "orders"), &in->orders, r->err);
	if (r->rc == BSG_OK)
		in->event.u.orders = &in->orders->orders;
}

#define COMMON "kind", "time"
static const char *const gate_in_keys[] = { COMMON, "place", "at", "bound", "guest", NULL };
static const char *const gate_out_keys[] = { COMMON, "place", "at", NULL };
static const char *const place_keys[] = { COMMON, "place", NULL };
static const char *const id_keys[] = { COMMON, "id", NULL };
static const char *const fix_keys[] = { COMMON, "lat", "lon", "accuracy", "mock", NULL };
static const char *const orders_keys[] = { COMMON, "orders", NULL };
static const char *const no_keys[] = { COMMON, NULL };

static const struct kind {
	const char *name;
	enum bsg_event_kind kind;
	const char *const *keys;
	void (*read)(struct bsg_decide_reader *r, json_t *json, struct incoming *in);
} kinds[BSG_EVENT_KINDS] = {
	{ "tick", BSG_EVENT_TICK, no_keys, NULL },
	{ "gate_in", BSG_EVENT_GATE_IN, gate_in_keys, read_gate },
	{ "gate_out", BSG_EVENT_GATE_OUT, gate_out_keys, read_gate },
	{ "self_in", BSG_EVENT_SELF_IN, place_keys, read_place_only },
	{ "beacon_seen", BSG_EVENT_BEACON_SEEN, id_keys, read_id },
	{ "beacon_lost", BSG_EVENT_BEACON_LOST, id_keys, read_id },
	{ "wifi_seen", BSG_EVENT_WIFI_SEEN, id_keys, read_id },
	{ "wifi_lost", BSG_EVENT_WIFI_LOST, id_keys, read_id },
	{ "fix", BSG_EVENT_FIX, fix_keys, read_fix },
	{ "orders_changed", BSG_EVENT_ORDERS_CHANGED, orders_keys, read_orders },
	{ "boot", BSG_EVENT_BOOT, no_keys, NULL },
	{ "clock_changed", BSG_EVENT_CLOCK_CHANGED, no_keys, NULL },
	{ "break_glass", BSG_EVENT_BREAK_GLASS, no_keys, NULL },
};

static void read_time(struct bsg_decide_reader *r, json_t *json, struct bsg_time *out)
{
	static const char *const keys[] = { "utc", "mono", "auth", NULL };

	if (!bsg_decide_keys(r, json, keys))
		return;
	out->utc = bsg_decide_int(r, json, "utc", INT64_MIN + 1, INT64_MAX, INT64_MIN);
	if (out->utc > INT64_MAX / 1000 || out->utc < INT64_MIN / 1000)
		bsg_decide_refuse(r, BSG_E_LIMIT, "utc is out of its range");
	if (r->rc != BSG_OK)
		return;
	out->mono_ms = bsg_decide_int(r, json, "mono", INT64_MIN, INT64_MAX, out->utc * 1000);
	out->auth = bsg_decide_bool(r, json, "auth", true);
}

static void read_event(struct bsg_decide_reader *r, json_t *json, struct incoming *in)
{
	const char *name = json_string_value(json_object_get(json, "kind"));
	const struct kind *kind = NULL;

	for (size_t i = 0; i < BSG_EVENT_KINDS && name != NULL; i++)
		if (strcmp(kinds[i].name, name) == 0)
			kind = &kinds[i];
	if (kind == NULL) {
		bsg_decide_refuse(r, BSG_E_INVALID, "an event has a kind: tick, gate_in, ...");
		return;
	}
	r->path[0] = kind->name;
	r->depth = 1;
	if (!bsg_decide_keys(r, json, kind->keys))
		return;
	in->event.kind = kind->kind;
	r->path[1] = "time";
	r->depth = 2;
	read_time(r, json_object_get(json, "time"), &in->event.time);
	r->depth = 1;
	if (kind->read != NULL)
		kind->read(r, json, in);
}

static bool same_guest(const struct bsg_guest *a, const struct bsg_guest *b)
{
	return a->place.len == b->place.len && memcmp(a->place.ptr, b->place.ptr, a->place.len) == 0;
}

/* What a host does after a step: keep the new orders, keep the credentials that a slot needs. */
static void keep(struct bsg_json_phone *phone, struct incoming *in)
{
	if (phone->output.orders_taken && in->orders != NULL) {
		bsg_json_orders_free(phone->owned);
		phone->owned = in->orders;
		phone->orders = &in->orders->orders;
		in->orders = NULL;
	}
	const bool needs_new = in->guest.used && bsg_state_needs_guest(&phone->state, &in->guest.guest);
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (phone->kept[i].used && (!bsg_state_needs_guest(&phone->state, &phone->kept[i].guest) ||
					    (needs_new && same_guest(&phone->kept[i].guest, &in->guest.guest))))
			forget(&phone->kept[i]);
	for (size_t i = 0; i < BSG_GUESTS_MAX && needs_new; i++)
		if (!phone->kept[i].used) {
			phone->kept[i] = in->guest;
			in->guest.used = false;
			break;
		}
}

void bsg_json_phone_look(const struct bsg_json_phone *phone, struct bsg_json_phone_look *out)
{
	*out = (struct bsg_json_phone_look){ .orders = phone->orders, .state = &phone->state };
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (phone->kept[i].used)
			out->guests[out->n_guests++] = phone->kept[i].guest;
}

static enum bsg_err step(struct bsg_json_phone *phone, struct incoming *in, json_t **out, struct bsg_error *err)
{
	struct bsg_json_phone_look now;
	struct bsg_state next;

	bsg_json_phone_look(phone, &now);
	const enum bsg_err rc = bsg_step(now.orders, now.guests, now.n_guests, now.state, &in->event, &next, &phone->output);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "the decision refuses this event");
	*out = bsg_json_output_write(&phone->output);
	if (*out == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the output");
	phone->state = next;
	keep(phone, in);
	return BSG_OK;
}

enum bsg_err bsg_json_phone_step(struct bsg_json_phone *phone, json_t *event, json_t **out, struct bsg_error *err)
{
	struct incoming in = { .orders = NULL };
	struct bsg_decide_reader r = { .arena = &in.arena, .err = err };
	enum bsg_err rc;

	*out = NULL;
	bsg_arena_init(&in.arena, ARENA_MAX);
	read_event(&r, event, &in);
	rc = r.rc;
	if (rc == BSG_OK)
		rc = step(phone, &in, out, err);
	bsg_json_orders_free(in.orders);
	forget(&in.guest);
	bsg_arena_free(&in.arena);
	return rc;
}
