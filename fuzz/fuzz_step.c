/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision under any sequence of events: bytes become orders and a life. Whatever
 * comes: no restriction without an end, `next` in the future, state that comes back.
 */
#include <string.h>

#include <bosaga/decide.h>

#include "fuzz/fuzz.h"

#define T0 INT64_C(1800000000)
#define PLACES 3

static const char letters[] = "abcdefgh";
static struct bsg_orders orders[2];
static struct bsg_guest guest, kept[BSG_GUESTS_MAX];
static size_t n_kept;
static struct bsg_state state, again;
static struct bsg_output out;

struct input {
	const uint8_t *data;
	size_t len;
};

static uint8_t byte(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->data++;
}

static int64_t wide(struct input *in)
{
	int64_t high = byte(in);

	return high << 8 | byte(in);
}

static struct bsg_str name(uint8_t n)
{
	return (struct bsg_str){ &letters[n % 8], 1 };
}

static void make_place(struct input *in, struct bsg_place *p, uint8_t n)
{
	*p = (struct bsg_place){ .id = name(n), .max_stay = 60u * byte(in), .grace = byte(in), .self_stay = byte(in),
		.enter_by = byte(in) & BSG_ENTER_ALL, .left_unconfirmed = (n & 1) == 0, .keep = byte(in) & 3 };
	if (n > 0)
		p->parent = (struct bsg_str){ &letters[n - 1], byte(in) & 1u };
	p->evidence[p->n_evidence++] = (struct bsg_evidence){ name(byte(in)), BSG_EVIDENCE_BEACON };
	p->evidence[p->n_evidence++] = (struct bsg_evidence){ name(byte(in)), BSG_EVIDENCE_WIFI };
	for (size_t v = 0; v < 4; v++)
		p->area[p->n_vertices++] = (struct bsg_vertex){ (int32_t)wide(in) - 32768, (int32_t)wide(in) - 32768 };
}

static void make_rule(struct input *in, struct bsg_orders *o, uint8_t n)
{
	struct bsg_rule *r = &o->rules[o->n_rules++];

	*r = (struct bsg_rule){ .id = name(n), .place = { &letters[byte(in) % PLACES], 1 }, .enforce = (n & 3) != 3,
		.restrict_functions = byte(in), .first_window = (uint16_t)o->n_windows };
	if (byte(in) & 1)
		r->place.len = 0;
	for (uint8_t w = byte(in) & 3; w > 0; w--, r->n_windows++) {
		int64_t from = T0 + wide(in);

		o->windows[o->n_windows++] = (struct bsg_window){ from, from + 1 + wide(in) };
	}
	r->always = r->n_windows == 0 && r->place.len != 0;
}

static bool make_orders(struct input *in, struct bsg_orders *o, uint32_t serial)
{
	*o = (struct bsg_orders){ .serial = serial, .expires = T0 + 2 * wide(in), .max_stay = 3600,
		.break_glass_minutes = byte(in), .break_glass_per_day = byte(in) & 3, .n_places = PLACES };
	for (uint8_t i = 0; i < PLACES; i++)
		make_place(in, &o->places[i], i);
	for (uint8_t i = 0; i < 5; i++)
		make_rule(in, o, i);
	o->has_release = (byte(in) & 3) == 0;
	o->release_at = T0 + wide(in);
	o->has_presence = (byte(in) & 1) == 0;
	o->presence.seq = byte(in);
	o->presence.place = name(byte(in));
	o->presence.in = (byte(in) & 1) == 0;
	o->presence.at = T0 + wide(in);
	return bsg_orders_prepare(o, NULL) == BSG_OK;
}

static void fill_event(struct input *in, struct bsg_event *e)
{
	if (e->kind <= BSG_EVENT_SELF_IN) {
		e->u.gate.place = name(byte(in));
		e->u.gate.at = byte(in) & 1 ? T0 + wide(in) : 0;
		e->u.gate.bound = (byte(in) & 1) != 0;
		guest = (struct bsg_guest){ .place = e->u.gate.place, .functions = 3, .max_stay = 60, .digest = { byte(in) & 3 } };
		e->u.gate.guest = byte(in) & 1 ? &guest : NULL;
	} else if (e->kind == BSG_EVENT_FIX) {
		e->u.fix.lat = (int32_t)wide(in) - 32768;
		e->u.fix.lon = (int32_t)wide(in) - 32768;
		e->u.fix.accuracy_mm = wide(in);
	} else {
		e->u.id = name(byte(in));
	}
}

static void keep(const struct bsg_guest *newest)
{
	size_t n = 0;

	for (size_t i = 0; i < n_kept; i++)
		if (bsg_state_needs_guest(&state, &kept[i]) &&
		    (newest == NULL || newest->place.ptr != kept[i].place.ptr))
			kept[n++] = kept[i];
	if (newest != NULL && bsg_state_needs_guest(&state, newest)) {
		FUZZ_CHECK(n < BSG_GUESTS_MAX);
		kept[n++] = *newest;
	}
	n_kept = n;
}

static void check(void)
{
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	size_t len = bsg_state_encode(&state, bytes);

	FUZZ_CHECK(bsg_state_decode((struct bsg_bytes){ bytes, len }, &again) == BSG_OK);
	FUZZ_CHECK(memcmp(&again, &state, sizeof(state)) == 0);
	FUZZ_CHECK(out.next == 0 || out.next > state.now);
	FUZZ_CHECK(out.lift_by == 0 || out.lift_by > state.now);
	FUZZ_CHECK(out.restricted == 0 || out.lift_by != 0);
	FUZZ_CHECK(out.may_pass == (out.why_no_pass == BSG_PASS_NONE));
	FUZZ_CHECK(!out.may_pass || out.n_present > 0);
	for (size_t f = 0; f < BSG_FUNCTIONS_COUNT; f++)
		FUZZ_CHECK((out.restricted >> f & 1) == 0 || (out.why[f].until > state.now && out.why[f].until <= out.lift_by));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int64_t now = T0, boot = T0;
	uint32_t serial = 1;
	size_t current = 0;

	memset(&state, 0, sizeof(state));
	n_kept = 0;
	if (!make_orders(&in, &orders[0], serial))
		return 0;
	while (in.len > 0) {
		struct bsg_event e = { .kind = (enum bsg_event_kind)(byte(&in) % BSG_EVENT_KINDS) };
		uint8_t how = byte(&in);

		now += how & 1 ? byte(&in) : wide(&in);
		boot = e.kind == BSG_EVENT_BOOT ? now : boot;
		e.time = (struct bsg_time){ now + (how & 2 ? wide(&in) - 32768 : 0), (now - boot) * 1000, (how & 4) == 0 };
		fill_event(&in, &e);
		if (e.kind == BSG_EVENT_ORDERS_CHANGED) {
			e.u.orders = &orders[1 - current];
			if (!make_orders(&in, &orders[1 - current], serial + (how >> 3 & 1)))
				continue;
		}
		FUZZ_CHECK(bsg_step(&orders[current], kept, n_kept, &state, &e, &state, &out) == BSG_OK);
		check();
		if (out.orders_taken) {
			current = 1 - current;
			serial = orders[current].serial;
		}
		keep(e.kind == BSG_EVENT_GATE_IN ? e.u.gate.guest : NULL);
	}
	return 0;
}
