/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of core share. Nothing here is for others.
 *
 * A place is spoken of by its number: 0..7 is the rank of a place of the orders
 * (ascending ids, D2.1), 8 and 9 are the guest slots.
 */
#ifndef BSG_CORE_INTERNAL_H
#define BSG_CORE_INTERNAL_H

#include <bosaga/decide.h>

#define FIRST_GUEST ((size_t)BSG_PLACES_MAX)
#define N_SLOTS ((size_t)(BSG_PLACES_MAX + BSG_GUESTS_MAX))
#define DAY_S 86400
#define FOREVER INT64_MAX

/* Everything one step works on. */
struct bsg_context {
	const struct bsg_orders *orders;	/* in force; NULL: none yet */
	struct bsg_state *state;
	struct bsg_output *out;
	const struct bsg_guest *guest[BSG_GUESTS_MAX];	/* of the used slots */
	int64_t now;
	bool auth;
};

/* Places with beacons or BSSIDs in sight. */
struct bsg_sight {
	uint16_t raw;		/* set of ranks that have something in sight themselves */
	uint16_t counting;	/* those of them that are not shut */
};

/* What a fix says about a place with an area (D4.4). */
struct bsg_fix_class {
	bool inside;		/* by more than the accuracy */
	bool out_near;		/* outside by more than accuracy + 30 m */
	bool out_far;		/* outside by more than accuracy + 300 m */
};

/* ---- small things ---- */

static inline bool bsg_same_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* D2.1: unsigned bytes, a prefix first. */
static inline int bsg_str_order(struct bsg_str a, struct bsg_str b)
{
	size_t len = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < len; i++)
		if (a.ptr[i] != b.ptr[i])
			return (unsigned char)a.ptr[i] < (unsigned char)b.ptr[i] ? -1 : 1;
	return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static inline bool bsg_str_same(struct bsg_str a, struct bsg_str b)
{
	return a.len == b.len && bsg_str_order(a, b) == 0;
}

static inline int64_t bsg_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t bsg_most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t bsg_cut_time(int64_t t)
{
	return bsg_most(BSG_TIME_MIN, bsg_least(t, BSG_TIME_MAX));
}

/* Times in state: always 0..2106, so the cast loses nothing. */
static inline void bsg_raise(uint32_t *moment, int64_t t)
{
	if (*moment < t)
		*moment = (uint32_t)t;
}

static inline struct bsg_place_state *bsg_slot(struct bsg_state *state, size_t k)
{
	return k < FIRST_GUEST ? &state->places[k] : &state->guests[k - FIRST_GUEST];
}

static inline struct bsg_str bsg_slot_id(const struct bsg_place_state *slot)
{
	struct bsg_str id = { slot->id, 0 };

	while (id.len < BSG_ID_MAX && slot->id[id.len] != 0)
		id.len++;
	return id;
}

static inline const struct bsg_place *bsg_place(const struct bsg_orders *orders, size_t rank)
{
	return &orders->places[orders->prepared.place[rank]];
}

static inline uint32_t bsg_max_stay(const struct bsg_context *c, size_t k)
{
	return k < FIRST_GUEST ? c->orders->prepared.max_stay[k] : c->guest[k - FIRST_GUEST]->max_stay;
}

/* Presence that counts (after settling): D8.9 leaves out what is only held. */
static inline bool bsg_is_present(const struct bsg_place_state *slot, int64_t now)
{
	return slot->by != BSG_BY_NONE && now < slot->end;
}

/* ---- orders.c ---- */
bool bsg_find_place(const struct bsg_orders *orders, struct bsg_str id, size_t *rank);
bool bsg_find_slot(const struct bsg_context *c, struct bsg_str id, size_t *k);	/* D3.2 known */

/* ---- time.c ---- */
void bsg_clock_step(struct bsg_context *c, const struct bsg_event *event);

/* ---- presence.c ---- */
struct bsg_sight bsg_look(const struct bsg_context *c);
bool bsg_in_sight(const struct bsg_context *c, struct bsg_sight sight, size_t rank);
bool bsg_is_shut(const struct bsg_context *c, size_t rank);
void bsg_begin(struct bsg_context *c, size_t rank, enum bsg_by by);
void bsg_end_presence(struct bsg_context *c, size_t k);
void bsg_lock_out(struct bsg_context *c, size_t rank, int64_t until, int64_t from);
void bsg_settle(struct bsg_context *c);

/* ---- evidence.c ---- */
void bsg_evidence_seen(struct bsg_context *c, struct bsg_str id, enum bsg_evidence_kind kind);
void bsg_evidence_lost(struct bsg_context *c, struct bsg_str id, enum bsg_evidence_kind kind);
void bsg_evidence_fix(struct bsg_context *c, const struct bsg_event *event);

/* ---- gate.c ---- */
void bsg_gate_in(struct bsg_context *c, struct bsg_str place, int64_t at, bool bound,
		 const struct bsg_guest *guest);
void bsg_gate_out(struct bsg_context *c, struct bsg_str place, int64_t at);
void bsg_self_in(struct bsg_context *c, struct bsg_str place);
void bsg_drop_lost_guests(struct bsg_context *c);

/* ---- take.c ---- */
bool bsg_orders_acceptable(const struct bsg_context *c, const struct bsg_orders *orders);
void bsg_take_orders(struct bsg_context *c, const struct bsg_orders *orders);

/* ---- rules.c, next.c ---- */
void bsg_break_glass(struct bsg_context *c);
void bsg_answer(struct bsg_context *c);

/* ---- geometry.c ---- */
int32_t bsg_cosine(int32_t lat);
void bsg_area_box(const struct bsg_place *place, int32_t cosine, int32_t box[4]);
struct bsg_fix_class bsg_classify(const struct bsg_place *place, int32_t cosine, const int32_t box[4],
				  int32_t lat, int32_t lon, int64_t accuracy_mm);

/* ---- report.c ---- */
void bsg_say(struct bsg_context *c, enum bsg_out_kind kind, struct bsg_str place, int64_t value);

#endif
