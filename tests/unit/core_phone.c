/* SPDX-License-Identifier: Apache-2.0 */
/* See core_phone.h. */
#include "core_phone.h"

struct bsg_str str(const char *text)
{
	return (struct bsg_str){ text, strlen(text) };
}

void phone_init(struct phone *p)
{
	*p = (struct phone){ .boot = T0 - 1000 };
	p->orders.device[0] = 1;
	p->orders.serial = 1;
	p->orders.issued = T0;
	p->orders.expires = T0 + 35 * DAY;
	p->orders.max_stay = BSG_DEFAULT_MAX_STAY;
	p->orders.break_glass_minutes = 10;
	p->orders.break_glass_per_day = 2;
}

struct bsg_place *place(struct bsg_orders *o, const char *id, const char *parent)
{
	struct bsg_place *pl = &o->places[o->n_places++];

	*pl = (struct bsg_place){ .id = str(id), .grace = 180, .self_stay = 900, .left_unconfirmed = true };
	if (parent != NULL)
		pl->parent = str(parent);
	return pl;
}

struct bsg_rule *rule(struct bsg_orders *o, const char *id, const char *where, uint32_t functions)
{
	struct bsg_rule *r = &o->rules[o->n_rules++];

	*r = (struct bsg_rule){ .id = str(id), .restrict_functions = functions, .enforce = true,
		.always = where != NULL, .first_window = (uint16_t)o->n_windows,
		.first_app = (uint16_t)o->n_apps, .because = { .en = str(id) } };
	if (where != NULL)
		r->place = str(where);
	return r;
}

void window(struct bsg_orders *o, struct bsg_rule *r, int64_t from, int64_t until)
{
	r->always = false;
	o->windows[o->n_windows++] = (struct bsg_window){ from, until };
	r->n_windows++;
}

void app(struct bsg_orders *o, struct bsg_rule *r, const char *name)
{
	o->apps[o->n_apps++] = str(name);
	r->n_apps++;
}

void evidence(struct bsg_place *pl, const char *id, enum bsg_evidence_kind kind)
{
	pl->evidence[pl->n_evidence++] = (struct bsg_evidence){ str(id), kind };
}

void square(struct bsg_place *pl, int32_t lat, int32_t lon, int32_t half)
{
	pl->n_vertices = 4;
	pl->area[0] = (struct bsg_vertex){ lat - half, lon - half };
	pl->area[1] = (struct bsg_vertex){ lat - half, lon + half };
	pl->area[2] = (struct bsg_vertex){ lat + half, lon + half };
	pl->area[3] = (struct bsg_vertex){ lat + half, lon - half };
}

void ready(struct bsg_orders *o)
{
	const char *why;

	if (bsg_orders_prepare(o, &why) != BSG_OK)
		fail_msg("orders refused: %s", why);
}

static void keep_guest(struct phone *p, const struct bsg_guest *guest)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_guests; i++)
		if (bsg_state_needs_guest(&p->state, &p->guests[i]))
			p->guests[n++] = p->guests[i];
	p->n_guests = n;
	for (size_t i = 0; guest != NULL && i < n; i++)
		if (memcmp(p->guests[i].digest, guest->digest, BSG_DIGEST_LEN) == 0 &&
		    p->guests[i].place.len == guest->place.len &&
		    memcmp(p->guests[i].place.ptr, guest->place.ptr, guest->place.len) == 0)
			return;
	if (guest != NULL && bsg_state_needs_guest(&p->state, guest)) {
		assert_true(p->n_guests < BSG_GUESTS_MAX);
		p->guests[p->n_guests++] = *guest;
	}
}

enum bsg_err step(struct phone *p, const struct bsg_event *event)
{
	enum bsg_err code = bsg_step(&p->orders, p->guests, p->n_guests, &p->state, event, &p->state, &p->out);

	if (code != BSG_OK)
		return code;
	if (p->out.orders_taken)
		p->orders = *event->u.orders;
	keep_guest(p, event->kind == BSG_EVENT_GATE_IN ? event->u.gate.guest : NULL);
	return code;
}

static struct bsg_event event_at(const struct phone *p, enum bsg_event_kind kind, int64_t t)
{
	return (struct bsg_event){ .kind = kind,
		.time = { .utc = t, .mono_ms = (t - p->boot) * 1000, .auth = !p->unverified } };
}

static void must(struct phone *p, const struct bsg_event *event)
{
	assert_int_equal(step(p, event), BSG_OK);
}

void tick(struct phone *p, int64_t t)
{
	struct bsg_event e = event_at(p, BSG_EVENT_TICK, t);

	must(p, &e);
}

void gate_in(struct phone *p, int64_t t, const char *where, int64_t at, bool bound)
{
	struct bsg_event e = event_at(p, BSG_EVENT_GATE_IN, t);

	e.u.gate.place = str(where);
	e.u.gate.at = at;
	e.u.gate.bound = bound;
	must(p, &e);
}

void gate_in_guest(struct phone *p, int64_t t, const struct bsg_guest *guest, int64_t at, bool bound)
{
	struct bsg_event e = event_at(p, BSG_EVENT_GATE_IN, t);

	e.u.gate.place = guest->place;
	e.u.gate.at = at;
	e.u.gate.bound = bound;
	e.u.gate.guest = guest;
	must(p, &e);
}

void gate_out(struct phone *p, int64_t t, const char *where, int64_t at)
{
	struct bsg_event e = event_at(p, BSG_EVENT_GATE_OUT, t);

	e.u.gate.place = str(where);
	e.u.gate.at = at;
	must(p, &e);
}

void self_in(struct phone *p, int64_t t, const char *where)
{
	struct bsg_event e = event_at(p, BSG_EVENT_SELF_IN, t);

	e.u.gate.place = str(where);
	must(p, &e);
}

void seen(struct phone *p, int64_t t, const char *beacon)
{
	struct bsg_event e = event_at(p, BSG_EVENT_BEACON_SEEN, t);

	e.u.id = str(beacon);
	must(p, &e);
}

void lost(struct phone *p, int64_t t, const char *beacon)
{
	struct bsg_event e = event_at(p, BSG_EVENT_BEACON_LOST, t);

	e.u.id = str(beacon);
	must(p, &e);
}

void fix(struct phone *p, int64_t t, int32_t lat, int32_t lon, int64_t accuracy_mm)
{
	struct bsg_event e = event_at(p, BSG_EVENT_FIX, t);

	e.u.fix.lat = lat;
	e.u.fix.lon = lon;
	e.u.fix.accuracy_mm = accuracy_mm;
	must(p, &e);
}

void new_orders(struct phone *p, int64_t t, const struct bsg_orders *o)
{
	struct bsg_event e = event_at(p, BSG_EVENT_ORDERS_CHANGED, t);

	e.u.orders = o;
	must(p, &e);
}

void boot(struct phone *p, int64_t t)
{
	struct bsg_event e;

	p->boot = t;
	e = event_at(p, BSG_EVENT_BOOT, t);
	must(p, &e);
}

void press(struct phone *p, int64_t t)
{
	struct bsg_event e = event_at(p, BSG_EVENT_BREAK_GLASS, t);

	must(p, &e);
}

const struct bsg_out_present *present_in(const struct phone *p, const char *where)
{
	for (size_t i = 0; i < p->out.n_present; i++)
		if (p->out.present[i].place.len == strlen(where) &&
		    memcmp(p->out.present[i].place.ptr, where, strlen(where)) == 0)
			return &p->out.present[i];
	return NULL;
}

bool reported(const struct phone *p, enum bsg_out_kind kind)
{
	for (size_t i = 0; i < p->out.n_reports; i++)
		if (p->out.reports[i].kind == kind)
			return true;
	return false;
}

static bool same_str(struct bsg_str a, struct bsg_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool same_answer(const struct bsg_output *a, const struct bsg_output *b)
{
	if (a->restricted != b->restricted || a->observed != b->observed || a->may_pass != b->may_pass ||
	    a->why_no_pass != b->why_no_pass || a->lift_by != b->lift_by || a->n_apps != b->n_apps ||
	    a->n_present != b->n_present)
		return false;
	for (size_t f = 0; f < BSG_FUNCTIONS_COUNT; f++)
		if ((a->restricted >> f & 1) != 0 &&
		    (!same_str(a->why[f].rule, b->why[f].rule) || !same_str(a->why[f].place, b->why[f].place) ||
		     a->why[f].until != b->why[f].until ||
		     !same_str(a->why[f].because->en, b->why[f].because->en)))
			return false;
	for (size_t i = 0; i < a->n_apps; i++)
		if (!same_str(a->apps[i], b->apps[i]))
			return false;
	for (size_t i = 0; i < a->n_present; i++)
		if (!same_str(a->present[i].place, b->present[i].place) || a->present[i].by != b->present[i].by ||
		    a->present[i].since != b->present[i].since || a->present[i].anchor != b->present[i].anchor ||
		    a->present[i].end != b->present[i].end)
			return false;
	return true;
}

bool same_reports(const struct bsg_output *a, const struct bsg_output *b)
{
	if (a->n_reports != b->n_reports)
		return false;
	for (size_t i = 0; i < a->n_reports; i++) {
		const struct bsg_out_report *x = &a->reports[i], *y = &b->reports[i];

		if (x->kind != y->kind || x->value != y->value || x->place_len != y->place_len ||
		    memcmp(x->place, y->place, x->place_len) != 0)
			return false;
	}
	return true;
}
