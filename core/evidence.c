/* SPDX-License-Identifier: Apache-2.0 */
/* Weak evidence: beacons, BSSIDs and fixes (D4), and leaving without tapping out (D5). */
#include "core/internal.h"

#define LEFT_AFTER_S 120	/* between the first and the last contrary fix */

static uint8_t enter_bit(enum bsg_evidence_kind kind)
{
	return kind == BSG_EVIDENCE_BEACON ? BSG_ENTER_BEACON : BSG_ENTER_WIFI;
}

static uint32_t evidence_bit(const struct bsg_place *place, struct bsg_str id, enum bsg_evidence_kind kind)
{
	for (size_t i = 0; i < place->n_evidence; i++)
		if (place->evidence[i].kind == kind && bsg_str_same(place->evidence[i].id, id))
			return UINT32_C(1) << i;
	return 0;
}

void bsg_evidence_seen(struct bsg_context *c, struct bsg_str id, enum bsg_evidence_kind kind)
{
	unsigned arrived = 0;

	for (size_t q = 0; q < c->orders->n_places; q++) {
		uint32_t bit = evidence_bit(bsg_place(c->orders, q), id, kind);

		if (bit == 0 || (c->state->places[q].seen & bit) != 0)
			continue;
		c->state->places[q].seen |= bit;
		if (!bsg_is_shut(c, q))
			arrived |= 1u << q;
	}
	for (size_t q = 0; arrived >> q != 0; q++)
		for (size_t x = 0; (arrived >> q & 1) != 0 && x < c->orders->n_places; x++)
			if ((c->orders->prepared.around[q] >> x & 1) != 0)
				c->state->places[x].far = 0;
	for (size_t q = 0; arrived >> q != 0; q++)
		if ((arrived >> q & 1) != 0 && (bsg_place(c->orders, q)->enter_by & enter_bit(kind)) != 0)
			bsg_begin(c, q, BSG_BY_WEAK);
}

void bsg_evidence_lost(struct bsg_context *c, struct bsg_str id, enum bsg_evidence_kind kind)
{
	for (size_t q = 0; q < c->orders->n_places; q++)
		c->state->places[q].seen &= ~evidence_bit(bsg_place(c->orders, q), id, kind);
}

/* One fix against all places: sets of ranks. */
struct fix_sets {
	unsigned inside;	/* in(Q) */
	unsigned counting;	/* of these, those not shut */
	unsigned out_near, out_far;
};

static struct fix_sets classify_all(const struct bsg_context *c, const struct bsg_event *event)
{
	struct fix_sets sets = { 0, 0, 0, 0 };
	const struct bsg_prepared *prepared = &c->orders->prepared;

	for (size_t q = 0; q < c->orders->n_places; q++) {
		const struct bsg_place *place = bsg_place(c->orders, q);
		struct bsg_fix_class class;

		if (place->n_vertices == 0)
			continue;
		class = bsg_classify(place, prepared->cosine[q], prepared->box[q], event->u.fix.lat,
				     event->u.fix.lon, event->u.fix.accuracy_mm);
		sets.inside |= (unsigned)class.inside << q;
		sets.counting |= (unsigned)(class.inside && !bsg_is_shut(c, q)) << q;
		sets.out_near |= (unsigned)class.out_near << q;
		sets.out_far |= (unsigned)class.out_far << q;
	}
	return sets;
}

static void end_inside(struct bsg_context *c, size_t x, bool (*also)(const struct bsg_context *, size_t))
{
	unsigned inside = c->orders->prepared.inside[x];

	for (size_t y = 0; inside >> y != 0; y++)
		if ((inside >> y & 1) != 0 && (y == x || also(c, y)))
			bsg_end_presence(c, y);
}

static bool may_be_left(const struct bsg_context *c, size_t rank)
{
	return bsg_place(c->orders, rank)->left_unconfirmed;
}

static bool rests_on_weak(const struct bsg_context *c, size_t rank)
{
	return c->state->places[rank].by == BSG_BY_WEAK;
}

/* D5.1: count one fix for one place. */
static bool is_left(struct bsg_context *c, size_t x, bool contrary)
{
	struct bsg_place_state *slot = &c->state->places[x];

	if (slot->by != BSG_BY_GATE || !may_be_left(c, x))
		return false;
	if (!contrary) {
		slot->far = 0;
		return false;
	}
	if (slot->far == 0) {
		slot->far = (uint32_t)c->now;
		return false;
	}
	return c->now - slot->far >= LEFT_AFTER_S;
}

static void count_contrary(struct bsg_context *c, const struct fix_sets *sets, struct bsg_sight sight)
{
	unsigned left = 0;

	for (size_t x = 0; x < c->orders->n_places; x++) {
		bool contrary = (sets->out_far >> x & 1) != 0 && !bsg_in_sight(c, sight, x) &&
				(sets->inside & c->orders->prepared.inside[x]) == 0;

		left |= (unsigned)is_left(c, x, contrary) << x;
	}
	for (size_t x = 0; left >> x != 0; x++) {
		if ((left >> x & 1) == 0)
			continue;
		bsg_say(c, BSG_OUT_LEFT_UNCONFIRMED, bsg_place(c->orders, x)->id, 0);
		end_inside(c, x, may_be_left);
		c->state->left_unconfirmed = 1;
	}
}

static void end_weak(struct bsg_context *c, const struct fix_sets *sets, struct bsg_sight sight)
{
	unsigned out = 0;

	for (size_t x = 0; x < c->orders->n_places; x++)
		if (rests_on_weak(c, x) && (sets->out_near >> x & 1) != 0 && !bsg_in_sight(c, sight, x) &&
		    (sets->inside & c->orders->prepared.inside[x]) == 0)
			out |= 1u << x;
	for (size_t x = 0; out >> x != 0; x++)
		if ((out >> x & 1) != 0)
			end_inside(c, x, rests_on_weak);
}

static void keep_alive(struct bsg_context *c, const struct fix_sets *sets)
{
	for (size_t x = 0; x < c->orders->n_places; x++) {
		struct bsg_place_state *slot = &c->state->places[x];
		unsigned inside = c->orders->prepared.inside[x];

		if ((sets->counting & inside) != 0)
			slot->evidence = (uint32_t)c->now;
		if (slot->lock_until != 0 && (sets->inside & inside) != 0)
			slot->quiet = (uint32_t)c->now;
	}
}

void bsg_evidence_fix(struct bsg_context *c, const struct bsg_event *event)
{
	struct fix_sets sets;
	struct bsg_sight sight;

	if (event->u.fix.mock || event->u.fix.accuracy_mm < 1 || event->u.fix.accuracy_mm > 100000000 ||
	    event->u.fix.lat > 900000000 || event->u.fix.lat < -900000000 ||
	    event->u.fix.lon > 1800000000 || event->u.fix.lon < -1800000000)
		return;
	sets = classify_all(c, event);
	sight = bsg_look(c);
	count_contrary(c, &sets, sight);
	end_weak(c, &sets, sight);
	keep_alive(c, &sets);
	for (size_t q = 0; sets.counting >> q != 0; q++)
		if ((sets.counting >> q & 1) != 0 && (bsg_place(c->orders, q)->enter_by & BSG_ENTER_AREA) != 0)
			bsg_begin(c, q, BSG_BY_WEAK);
}
