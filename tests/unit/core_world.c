/* SPDX-License-Identifier: Apache-2.0 */
/* See core_world.h. */
#include "core_world.h"

#define LAT 511200000
#define LON 714200000

static const char *const place_ids[] = { "a", "ab", "b", "c", "d", "e", "f", "g", "h", "i" };
static const char *const evidence_ids[] = { "k0", "k1", "k2", "k3", "k4", "k5" };
static const char *const app_names[] = { "org.chat", "org.video", "org.chat2", "net.mail" };
static const char *const guest_ids[] = { "x", "y", "h" };

uint32_t world_roll(struct world *w, uint32_t below)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (uint32_t)((w->seed >> 11) % below);
}

static uint32_t pick(struct world *w, const uint32_t *from, uint32_t n)
{
	return from[world_roll(w, n)];
}

void world_init(struct world *w, uint64_t seed)
{
	*w = (struct world){ .seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1, .now = T0, .boot = T0 - 500 };
	for (size_t i = 0; i < 3; i++)
		w->guests[i] = (struct bsg_guest){ .place = str(guest_ids[i]),
			.functions = CAM | (i == 1 ? APPS : MIC), .max_stay = 1800 + 600 * (uint32_t)i,
			.because = { .en = str(guest_ids[i]) }, .digest = { 1, (uint8_t)i } };
	w->guests[1].apps[w->guests[1].n_apps++] = str("org.guest");
	world_orders(w);
}

static void random_place(struct world *w, struct bsg_place *pl)
{
	static const uint32_t stays[] = { 0, 600, 3600, 36000 }, graces[] = { 0, 30, 180, 900 };

	pl->max_stay = pick(w, stays, 4);
	pl->grace = pick(w, graces, 4);
	pl->self_stay = pick(w, graces, 4);
	pl->enter_by = (uint8_t)world_roll(w, 16);
	pl->left_unconfirmed = world_roll(w, 4) != 0;
	pl->keep = world_roll(w, 3) == 0 ? world_roll(w, 4) : 0;
	for (size_t i = 0; i < sizeof(evidence_ids) / sizeof(evidence_ids[0]); i++)
		if (world_roll(w, 4) == 0)
			evidence(pl, evidence_ids[i], i < 4 ? BSG_EVIDENCE_BEACON : BSG_EVIDENCE_WIFI);
	if (world_roll(w, 2) == 0)
		square(pl, LAT + (int32_t)world_roll(w, 30000), LON + (int32_t)world_roll(w, 30000),
		       2000 + (int32_t)world_roll(w, 20000));
}

static void random_rule(struct world *w, struct bsg_orders *o, size_t i)
{
	static const char *const ids[] = { "r0", "r1", "r2", "r3", "r4", "r5", "r6", "guest" };
	static const uint32_t sets[] = { CAM, MIC, CAM | MIC, APPS, CAM | APPS, 0 };
	const char *where = o->n_places != 0 && world_roll(w, 5) != 0 ?
		o->places[world_roll(w, (uint32_t)o->n_places)].id.ptr : NULL;
	struct bsg_rule *r = rule(o, ids[i], where, pick(w, sets, 6));
	uint32_t n = where == NULL || world_roll(w, 3) != 0 ? world_roll(w, 6) : 0;
	int64_t at = w->now - 3600;

	r->enforce = world_roll(w, 4) != 0;
	if (n == 0)
		r->always = where != NULL && world_roll(w, 4) != 0;
	for (uint32_t k = 0; k < n; k++) {
		int64_t from = at + 60 * world_roll(w, 60), until = from + 60 * (1 + world_roll(w, 90));

		window(o, r, from, until);
		at = world_roll(w, 3) == 0 ? until : w->now - 3600 + 60 * world_roll(w, 400);
	}
	for (size_t k = 0; (r->restrict_functions & APPS) != 0 && k < 4; k++)
		if (world_roll(w, 2) == 0)
			app(o, r, app_names[k]);
}

static void random_word(struct world *w, struct bsg_orders *o)
{
	if (world_roll(w, 3) == 0) {
		o->has_release = true;
		o->release_at = w->now - 1800 + world_roll(w, 2000);
	}
	if (world_roll(w, 2) != 0)
		return;
	o->has_presence = true;
	o->presence.seq = w->seq += world_roll(w, 2);
	o->presence.place = str(place_ids[world_roll(w, 10)]);
	o->presence.in = world_roll(w, 3) != 0;
	o->presence.at = w->now - world_roll(w, 300) + 5;
}

void world_orders(struct world *w)
{
	struct bsg_orders *o = &w->orders;
	uint32_t n = world_roll(w, 8) + 1;

	*o = (struct bsg_orders){ .device = { 1 }, .serial = ++w->serial, .issued = w->now,
		.expires = w->now + 60 * (1 + world_roll(w, world_roll(w, 3) == 0 ? 60 : 3000)), .max_stay = 7200,
		.break_glass_minutes = world_roll(w, 4) * 5, .break_glass_per_day = world_roll(w, 4) };
	for (uint32_t i = 0; i < 10 && o->n_places < n; i++) {
		const char *parent = o->n_places != 0 && world_roll(w, 2) == 0 ?
			o->places[world_roll(w, (uint32_t)o->n_places)].id.ptr : NULL;

		if (world_roll(w, 10) < 8)
			random_place(w, place(o, place_ids[i], parent));
	}
	n = world_roll(w, 9);
	for (uint32_t i = 0; i < n; i++)
		random_rule(w, o, i);
	for (; world_roll(w, 2) == 0 && o->n_exemptions < 4; o->n_exemptions++) {
		int64_t from = w->now - 600 + world_roll(w, 3600);

		o->exemptions[o->n_exemptions] = (struct bsg_exemption){ 1 + world_roll(w, 3), from,
			from + world_roll(w, 1800) };
	}
	random_word(w, o);
	ready(o);
}

struct bsg_time world_time(const struct world *w, int64_t now)
{
	return (struct bsg_time){ .utc = w->unverified ? now + w->clock_off : now,
		.mono_ms = (now - w->boot) * 1000, .auth = !w->unverified };
}

static void random_boot(struct world *w)
{
	w->boot = w->now;
	w->unverified = world_roll(w, 2) == 0;
	w->clock_off = world_roll(w, 3) == 0 ? (int64_t)world_roll(w, 40000) - 20000 : 0;
}

static enum bsg_event_kind random_kind(struct world *w)
{
	static const uint8_t kinds[] = { BSG_EVENT_TICK, BSG_EVENT_TICK, BSG_EVENT_GATE_IN, BSG_EVENT_GATE_IN,
		BSG_EVENT_GATE_OUT, BSG_EVENT_SELF_IN, BSG_EVENT_BEACON_SEEN, BSG_EVENT_BEACON_SEEN,
		BSG_EVENT_BEACON_LOST, BSG_EVENT_BEACON_LOST, BSG_EVENT_WIFI_SEEN, BSG_EVENT_WIFI_LOST, BSG_EVENT_FIX,
		BSG_EVENT_FIX, BSG_EVENT_FIX, BSG_EVENT_FIX, BSG_EVENT_BREAK_GLASS, BSG_EVENT_CLOCK_CHANGED };

	if (world_roll(w, 25) == 0)
		return world_roll(w, 2) == 0 ? BSG_EVENT_BOOT : BSG_EVENT_ORDERS_CHANGED;
	return (enum bsg_event_kind)kinds[world_roll(w, sizeof(kinds))];
}

static void fill_gate(struct world *w, struct bsg_event *e)
{
	e->u.gate.place = str(place_ids[world_roll(w, 10)]);
	e->u.gate.at = world_roll(w, 3) == 0 ? e->time.utc - 100 + world_roll(w, 110) : 0;
	e->u.gate.bound = world_roll(w, 2) == 0;
	if (e->kind == BSG_EVENT_GATE_IN && world_roll(w, 3) == 0) {
		e->u.gate.guest = &w->guests[world_roll(w, 3)];
		e->u.gate.place = e->u.gate.guest->place;
	} else if (world_roll(w, 6) == 0) {
		e->u.gate.place = w->guests[world_roll(w, 3)].place;
	}
}

static void fill_fix(struct world *w, struct bsg_event *e)
{
	bool away = world_roll(w, 3) == 0;

	e->u.fix.lat = LAT + (int32_t)world_roll(w, 40000) - (away ? 80000 : 5000);
	e->u.fix.lon = LON + (int32_t)world_roll(w, 40000) - 5000;
	e->u.fix.accuracy_mm = (int64_t)world_roll(w, 60000) * (world_roll(w, 8) != 0);
	e->u.fix.mock = world_roll(w, 10) == 0;
}

struct bsg_event world_event(struct world *w)
{
	static const uint32_t steps[] = { 1, 10, 60, 130, 700, 5000 };
	struct bsg_event e = { .kind = random_kind(w) };

	w->now += world_roll(w, pick(w, steps, 6));
	if (e.kind == BSG_EVENT_BOOT)
		random_boot(w);
	else if (w->unverified && world_roll(w, 10) == 0)
		w->unverified = false;
	e.time = world_time(w, w->now);
	if (e.kind == BSG_EVENT_GATE_IN || e.kind == BSG_EVENT_GATE_OUT || e.kind == BSG_EVENT_SELF_IN)
		fill_gate(w, &e);
	else if (e.kind == BSG_EVENT_BEACON_SEEN || e.kind == BSG_EVENT_BEACON_LOST)
		e.u.id = str(evidence_ids[world_roll(w, 4)]);
	else if (e.kind == BSG_EVENT_WIFI_SEEN || e.kind == BSG_EVENT_WIFI_LOST)
		e.u.id = str(evidence_ids[4 + world_roll(w, 2)]);
	else if (e.kind == BSG_EVENT_FIX)
		fill_fix(w, &e);
	if (e.kind == BSG_EVENT_ORDERS_CHANGED) {
		world_orders(w);
		e.u.orders = &w->orders;
	}
	return e;
}

static void shuffle_places(struct world *w, struct bsg_orders *o)
{
	for (size_t i = o->n_places; i > 1; i--) {
		size_t j = world_roll(w, (uint32_t)i);
		struct bsg_place was = o->places[i - 1];

		o->places[i - 1] = o->places[j];
		o->places[j] = was;
	}
}

static void shuffle_rules(struct world *w, struct bsg_orders *o)
{
	for (size_t i = o->n_rules; i > 1; i--) {
		size_t j = world_roll(w, (uint32_t)i);
		struct bsg_rule was = o->rules[i - 1];

		o->rules[i - 1] = o->rules[j];
		o->rules[j] = was;
	}
	for (size_t r = 0; r < o->n_rules; r++) {
		struct bsg_window *windows = &o->windows[o->rules[r].first_window];

		for (size_t i = o->rules[r].n_windows; i > 1; i--) {
			size_t j = world_roll(w, (uint32_t)i);
			struct bsg_window was = windows[i - 1];

			windows[i - 1] = windows[j];
			windows[j] = was;
		}
	}
}

void world_shuffle(struct world *w, struct bsg_orders *to, const struct bsg_orders *from)
{
	*to = *from;
	shuffle_places(w, to);
	shuffle_rules(w, to);
	ready(to);
}
