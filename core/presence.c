/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presence as it begins, rests on evidence and ends with time: D3.6, D4.3, D4.5, D6.
 *
 * Settling goes through what has fallen due in the order of time, so that a tick
 * in between changes no later answer.
 */
#include "core/internal.h"

struct bsg_sight bsg_look(const struct bsg_context *c)
{
	struct bsg_sight sight = { 0, 0 };
	unsigned raw = 0, locked = 0;

	for (size_t i = 0; i < c->orders->n_places; i++) {
		raw |= (unsigned)(c->state->places[i].seen != 0) << i;
		locked |= (unsigned)(c->state->places[i].lock_until != 0) << i;
	}
	sight.raw = (uint16_t)raw;
	for (size_t i = 0; raw >> i != 0; i++)
		if ((raw >> i & 1) != 0 && (c->orders->prepared.around[i] & locked) == 0)
			sight.counting |= (uint16_t)(1u << i);
	return sight;
}

bool bsg_in_sight(const struct bsg_context *c, struct bsg_sight sight, size_t rank)
{
	return (c->orders->prepared.inside[rank] & sight.counting) != 0;
}

bool bsg_is_shut(const struct bsg_context *c, size_t rank)
{
	unsigned around = c->orders->prepared.around[rank];

	for (size_t i = 0; around >> i != 0; i++)
		if ((around >> i & 1) != 0 && c->state->places[i].lock_until != 0)
			return true;
	return false;
}

void bsg_begin(struct bsg_context *c, size_t rank, enum bsg_by by)
{
	unsigned around = c->orders->prepared.around[rank];

	if (c->state->places[rank].by != BSG_BY_NONE)
		return;
	for (size_t i = 0; around >> i != 0; i++) {
		struct bsg_place_state *slot = &c->state->places[i];

		if ((around >> i & 1) == 0 || slot->by != BSG_BY_NONE)
			continue;
		slot->by = (uint8_t)by;
		slot->since = slot->anchor = slot->evidence = (uint32_t)c->now;
		slot->end = (uint32_t)(c->now + bsg_max_stay(c, i));
		slot->far = 0;
	}
	c->state->left_unconfirmed = 0;
}

void bsg_end_presence(struct bsg_context *c, size_t k)
{
	struct bsg_place_state *slot = bsg_slot(c->state, k);

	if (k >= FIRST_GUEST) {		/* D13.4 */
		*slot = (struct bsg_place_state){ .by = BSG_BY_NONE };
		for (size_t i = 0; i < BSG_DIGEST_LEN; i++)
			c->state->guest_digest[k - FIRST_GUEST][i] = 0;
		c->guest[k - FIRST_GUEST] = NULL;
		return;
	}
	slot->by = BSG_BY_NONE;
	slot->since = slot->anchor = slot->end = slot->far = 0;
}

void bsg_lock_out(struct bsg_context *c, size_t rank, int64_t until, int64_t from)
{
	struct bsg_place_state *slot = &c->state->places[rank];

	bsg_raise(&slot->lock_until, until);
	bsg_raise(&slot->quiet, bsg_most(from, slot->evidence));
}

static void look_around(struct bsg_context *c, int64_t t)
{
	struct bsg_sight sight = bsg_look(c);

	if (sight.raw == 0)
		return;
	for (size_t i = 0; i < c->orders->n_places; i++) {
		struct bsg_place_state *slot = &c->state->places[i];

		if (bsg_in_sight(c, sight, i))
			bsg_raise(&slot->evidence, t);
		if (slot->lock_until != 0 && (c->orders->prepared.inside[i] & sight.raw) != 0)
			bsg_raise(&slot->quiet, t);
	}
}

/* What is due, in the order in which equals are taken. */
enum due_kind { DUE_LEASE, DUE_LAPSE, DUE_UNLOCK };

struct due {
	int64_t at;
	enum due_kind kind;
	size_t k;
};

static void consider(struct due *first, int64_t at, enum due_kind kind, size_t k)
{
	if (at < first->at || (at == first->at && kind < first->kind))
		*first = (struct due){ at, kind, k };
}

static void consider_place(const struct bsg_context *c, struct bsg_sight sight, size_t k, struct due *first)
{
	const struct bsg_place_state *slot = bsg_slot(c->state, k);
	const struct bsg_place *place;

	if (slot->by != BSG_BY_NONE && (slot->by != BSG_BY_GATE || c->auth))
		consider(first, slot->end, DUE_LEASE, k);
	if (k >= FIRST_GUEST || (slot->lock_until == 0 && slot->by <= BSG_BY_GATE))
		return;
	place = bsg_place(c->orders, k);
	if (slot->by > BSG_BY_GATE && !bsg_in_sight(c, sight, k))
		consider(first, (int64_t)slot->evidence +
			 (slot->by == BSG_BY_SELF ? place->self_stay : place->grace), DUE_LAPSE, k);
	if (slot->lock_until != 0 && (c->orders->prepared.inside[k] & sight.raw) == 0)
		consider(first, bsg_most(slot->lock_until, (int64_t)slot->quiet + place->grace), DUE_UNLOCK, k);
}

static struct due first_due(const struct bsg_context *c)
{
	struct due first = { c->now + 1, DUE_UNLOCK, 0 };
	struct bsg_sight sight = bsg_look(c);

	for (size_t k = 0; k < c->orders->n_places; k++)
		consider_place(c, sight, k, &first);
	for (size_t k = FIRST_GUEST; k < N_SLOTS; k++)
		consider_place(c, sight, k, &first);
	return first;
}

static void do_due(struct bsg_context *c, struct due due)
{
	switch (due.kind) {
	case DUE_LEASE:
		bsg_end_presence(c, due.k);
		if (due.k < FIRST_GUEST)
			bsg_lock_out(c, due.k, due.at, due.at);
		break;
	case DUE_LAPSE:
		bsg_end_presence(c, due.k);
		break;
	case DUE_UNLOCK:
		c->state->places[due.k].lock_until = 0;
		c->state->places[due.k].quiet = 0;
		break;
	}
}

/* D8.8, and D7.4: only authenticated time expires orders and gives presses back. */
static void settle_authenticated(struct bsg_context *c)
{
	uint32_t *presses = c->state->presses;
	size_t n = 0;

	c->state->expired = c->now >= c->orders->expires;
	if (presses[0] == 0)
		return;
	for (size_t i = 0; i < BSG_BREAK_GLASS_PER_DAY_MAX; i++)
		if ((int64_t)presses[i] + DAY_S > c->now)
			presses[n++] = presses[i];
	for (; n < BSG_BREAK_GLASS_PER_DAY_MAX; n++)
		presses[n] = 0;
}

void bsg_settle(struct bsg_context *c)
{
	struct due due;

	if (c->orders == NULL)
		return;
	if (c->auth)
		settle_authenticated(c);
	if (c->state->break_glass_until <= c->now)
		c->state->break_glass_until = 0;
	for (due = first_due(c); due.at <= c->now; due = first_due(c)) {
		look_around(c, due.at);
		do_due(c, due);
	}
	look_around(c, c->now);
}
