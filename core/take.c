/* SPDX-License-Identifier: Apache-2.0 */
/* Which orders are accepted (D9), and how new ones take the place of old ones (D11). */
#include "core/internal.h"

bool bsg_orders_acceptable(const struct bsg_context *c, const struct bsg_orders *orders)
{
	const struct bsg_state *state = c->state;

	if (state->serial == 0)
		return true;
	if (!bsg_same_bytes(orders->device, state->device, BSG_DEVICE_LEN))
		return false;
	/* A host that lost its orders, not its state, may get the same ones again. */
	if (c->orders == NULL && orders->serial == state->serial)
		return bsg_same_bytes(orders->digest, state->digest, BSG_DIGEST_LEN);
	return orders->serial > state->serial;
}

/* D11.2 a: the state's slots, still in the order of the old ids. */
static void drop_gone(struct bsg_context *c, const struct bsg_orders *orders)
{
	for (size_t i = 0; i < BSG_PLACES_MAX; i++) {
		struct bsg_place_state *slot = &c->state->places[i];
		size_t rank;

		if (slot->id[0] == 0 || bsg_find_place(orders, bsg_slot_id(slot), &rank))
			continue;
		if (slot->by != BSG_BY_NONE)
			bsg_say(c, BSG_OUT_PLACE_GONE, bsg_slot_id(slot), 0);
		*slot = (struct bsg_place_state){ .by = BSG_BY_NONE };
	}
}

static void swap(struct bsg_place_state *a, struct bsg_place_state *b)
{
	struct bsg_place_state was = *a;

	*a = *b;
	*b = was;
}

/* Put the slot of each place at the place's rank; what has none gets an empty one with its id. */
static void arrange(struct bsg_context *c, const struct bsg_orders *orders)
{
	struct bsg_place_state *places = c->state->places;

	for (size_t rank = 0; rank < orders->n_places; rank++) {
		struct bsg_str id = bsg_place(orders, rank)->id;
		size_t at = rank;

		while (at < BSG_PLACES_MAX && !bsg_str_same(bsg_slot_id(&places[at]), id))
			at++;
		if (at == BSG_PLACES_MAX)	/* new: as many empty slots as new places are left */
			for (at = rank; places[at].id[0] != 0; at++)
				;
		if (at != rank)
			swap(&places[at], &places[rank]);
		for (size_t i = 0; i < id.len; i++)
			places[rank].id[i] = id.ptr[i];
	}
}

/* D11.2 b: orders that learn a guest place take it over. */
static void adopt_guests(struct bsg_context *c, const struct bsg_orders *orders)
{
	for (size_t k = FIRST_GUEST; k < N_SLOTS; k++) {
		struct bsg_place_state was = *bsg_slot(c->state, k);
		struct bsg_place_state *slot;
		size_t rank;

		if (was.by == BSG_BY_NONE || !bsg_find_place(orders, bsg_slot_id(&was), &rank))
			continue;
		slot = &c->state->places[rank];
		slot->by = was.by;
		slot->since = was.since;
		slot->anchor = was.anchor;
		slot->end = was.end;
		bsg_end_presence(c, k);
	}
}

/* D11.2 c, d */
static void fit_places(struct bsg_context *c)
{
	for (size_t i = 0; i < c->orders->n_places; i++) {
		struct bsg_place_state *slot = &c->state->places[i];

		slot->seen = 0;
		if (slot->by != BSG_BY_NONE)
			slot->end = (uint32_t)bsg_least(slot->end, (int64_t)slot->anchor + bsg_max_stay(c, i));
	}
}

/* D7.8 */
static void take_release(struct bsg_context *c)
{
	struct bsg_state *state = c->state;
	int64_t at = bsg_cut_time(c->orders->release_at);

	if (!c->orders->has_release) {
		state->release_at = state->release_given = 0;
	} else if (at != state->release_given) {
		state->release_given = (uint32_t)at;
		state->release_at = (uint32_t)bsg_least(at, c->now);
	}
}

void bsg_take_orders(struct bsg_context *c, const struct bsg_orders *orders)
{
	struct bsg_state *state = c->state;

	drop_gone(c, orders);
	arrange(c, orders);
	adopt_guests(c, orders);
	c->orders = orders;
	fit_places(c);
	for (size_t i = 0; i < BSG_DEVICE_LEN; i++)
		state->device[i] = orders->device[i];
	for (size_t i = 0; i < BSG_DIGEST_LEN; i++)
		state->digest[i] = orders->digest[i];
	state->serial = orders->serial;
	state->expired = 0;
	take_release(c);
	if (!orders->has_presence || orders->presence.seq <= state->presence_seq)
		return;
	state->presence_seq = orders->presence.seq;
	if (orders->presence.in)
		bsg_gate_in(c, orders->presence.place, orders->presence.at, true, NULL);
	else
		bsg_gate_out(c, orders->presence.place, orders->presence.at);
}
