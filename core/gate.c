/* SPDX-License-Identifier: Apache-2.0 */
/* What passes a gate: gate_in and gate_out (D3), guest places (D13); and self_in (D4.6). */
#include "core/internal.h"

#define AFTER_OUT_S 10	/* a gate_out reaches so far past its time: gates' clocks differ */
#define LOCK_S 600

static int64_t event_time(const struct bsg_context *c, int64_t at)
{
	return at == 0 ? c->now : bsg_least(bsg_most(at, BSG_TIME_MIN), c->now);
}

static bool is_guest(const struct bsg_place_state *slot)
{
	return slot->by != BSG_BY_NONE;		/* D13.4 */
}

static size_t free_guest_slot(const struct bsg_context *c)
{
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (!is_guest(&c->state->guests[i]))
			return FIRST_GUEST + i;
	return N_SLOTS;
}

/* D3.4 b: ranks that are neither around nor inside; of a guest place all ranks. */
static void end_elsewhere(struct bsg_context *c, size_t k)
{
	unsigned here = k < FIRST_GUEST ? (unsigned)c->orders->prepared.around[k] |
		(unsigned)c->orders->prepared.inside[k] : 0;

	for (size_t i = 0; i < c->orders->n_places; i++)
		if ((here >> i & 1) == 0)
			bsg_end_presence(c, i);
	for (size_t i = FIRST_GUEST; i < N_SLOTS; i++)
		if (i != k && is_guest(bsg_slot(c->state, i)))
			bsg_end_presence(c, i);
}

static void take_guest(struct bsg_context *c, size_t k, const struct bsg_guest *guest)
{
	struct bsg_place_state *slot = bsg_slot(c->state, k);

	for (size_t i = 0; i < BSG_ID_MAX; i++)
		slot->id[i] = i < guest->place.len ? guest->place.ptr[i] : 0;
	for (size_t i = 0; i < BSG_DIGEST_LEN; i++)
		c->state->guest_digest[k - FIRST_GUEST][i] = guest->digest[i];
	c->guest[k - FIRST_GUEST] = guest;
}

static void renew(struct bsg_context *c, size_t k, int64_t at)
{
	struct bsg_place_state *slot = bsg_slot(c->state, k);

	if (slot->by == BSG_BY_NONE)
		slot->since = (uint32_t)at;
	slot->by = BSG_BY_GATE;
	slot->anchor = (uint32_t)at;
	slot->end = (uint32_t)(at + bsg_max_stay(c, k));
	slot->lock_until = slot->quiet = 0;
}

static void renew_around(struct bsg_context *c, size_t k, int64_t at)
{
	unsigned around;

	c->state->last_gate = c->state->last_gate_in = (uint32_t)at;
	c->state->left_unconfirmed = 0;
	for (size_t i = 0; i < c->orders->n_places; i++)
		c->state->places[i].far = 0;
	if (k >= FIRST_GUEST) {
		renew(c, k, at);
		return;
	}
	around = c->orders->prepared.around[k];
	for (size_t i = 0; around >> i != 0; i++)
		if ((around >> i & 1) != 0)
			renew(c, i, at);
}

void bsg_gate_in(struct bsg_context *c, struct bsg_str place, int64_t at, bool bound,
		 const struct bsg_guest *guest)
{
	size_t k = N_SLOTS;
	bool known = bsg_find_slot(c, place, &k);

	at = event_time(c, at);
	if (!known && guest == NULL) {
		bsg_say(c, BSG_OUT_UNKNOWN_PLACE, place, at);
	} else if (at <= c->state->last_gate) {
		bsg_say(c, BSG_OUT_GATE_EVENT_STALE, place, at);
	} else if (!known && !bound && free_guest_slot(c) == N_SLOTS) {
		bsg_say(c, BSG_OUT_GUEST_REFUSED, place, at);
	} else {
		if (bound)
			end_elsewhere(c, k);
		if (!known)
			k = free_guest_slot(c);
		if (k >= FIRST_GUEST && guest != NULL)
			take_guest(c, k, guest);
		renew_around(c, k, at);
	}
}

void bsg_gate_out(struct bsg_context *c, struct bsg_str place, int64_t at)
{
	size_t k;
	unsigned inside;

	at = event_time(c, at);
	if (!bsg_find_slot(c, place, &k)) {
		bsg_say(c, BSG_OUT_UNKNOWN_PLACE, place, at);
		return;
	}
	inside = k < FIRST_GUEST ? c->orders->prepared.inside[k] : 1u << k;
	for (size_t i = 0; inside >> i != 0; i++)
		if ((inside >> i & 1) != 0 && bsg_slot(c->state, i)->by != BSG_BY_NONE &&
		    bsg_slot(c->state, i)->anchor <= at + AFTER_OUT_S)
			bsg_end_presence(c, i);
	if (k < FIRST_GUEST && c->state->places[k].by != BSG_BY_GATE)
		bsg_lock_out(c, k, at + LOCK_S, at);
	bsg_raise(&c->state->last_gate, at);
	c->state->left_unconfirmed = 0;
}

void bsg_self_in(struct bsg_context *c, struct bsg_str place)
{
	size_t k;

	if (!bsg_find_slot(c, place, &k))
		bsg_say(c, BSG_OUT_UNKNOWN_PLACE, place, c->now);
	else if (k < FIRST_GUEST && (bsg_place(c->orders, k)->enter_by & BSG_ENTER_SELF) != 0)
		bsg_begin(c, k, BSG_BY_SELF);
}

void bsg_drop_lost_guests(struct bsg_context *c)
{
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++) {
		const struct bsg_place_state *slot = &c->state->guests[i];
		struct bsg_str id = bsg_slot_id(slot);

		if (!is_guest(slot) || c->guest[i] != NULL)
			continue;
		bsg_say(c, BSG_OUT_PLACE_GONE, id, 0);
		bsg_end_presence(c, FIRST_GUEST + i);
	}
}
