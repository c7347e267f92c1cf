/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State to bytes and back: little-endian, fixed length, with a version and a checksum.
 *
 * What is read back is checked as if somebody else had written it: a damaged file
 * must never restrict.
 */
#include "core/internal.h"

#define VERSION 1
#define ID_LEN BSG_ID_MAX
#define PLACE_BYTES (ID_LEN + 8 * 4 + 1)
#define HEAD_BYTES (4 + 1)
#define PHONE_BYTES (BSG_DEVICE_LEN + 4 + BSG_DIGEST_LEN + 4 + 8 + 8 * 4 + \
		     BSG_BREAK_GLASS_PER_DAY_MAX * 4 + 3 + BSG_GUESTS_MAX * BSG_DIGEST_LEN)
#define STATE_BYTES (HEAD_BYTES + PHONE_BYTES + (BSG_PLACES_MAX + BSG_GUESTS_MAX) * PLACE_BYTES + 4)

_Static_assert(STATE_BYTES <= BSG_STATE_BYTES_MAX, "encoded state is under 1 KiB");
_Static_assert(sizeof(struct bsg_state) <= BSG_STATE_BYTES_MAX, "state is under 1 KiB");
_Static_assert(sizeof(struct bsg_place_state) == ID_LEN + 9 * 4 &&
	       sizeof(struct bsg_state) == BSG_DEVICE_LEN + BSG_DIGEST_LEN + 2 * 4 + 8 + 8 * 4 +
	       BSG_BREAK_GLASS_PER_DAY_MAX * 4 + 8 + BSG_GUESTS_MAX * BSG_DIGEST_LEN +
	       (BSG_PLACES_MAX + BSG_GUESTS_MAX) * sizeof(struct bsg_place_state), "no padding");

static const uint8_t magic[4] = { 'B', 'S', 'G', 'S' };

/* CRC-32 (IEEE 802.3), four bits at a time. */
static uint32_t checksum(const uint8_t *bytes, size_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* One walk over the fields, for both directions, so that they cannot drift apart. */
struct cursor {
	uint8_t *to;		/* writing */
	const uint8_t *from;	/* reading; NULL: writing */
	size_t at;
};

static void walk_bytes(struct cursor *c, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++, c->at++) {
		if (c->from != NULL)
			bytes[i] = c->from[c->at];
		else
			c->to[c->at] = bytes[i];
	}
}

static void walk_u32(struct cursor *c, uint32_t *value)
{
	uint8_t bytes[4] = { (uint8_t)*value, (uint8_t)(*value >> 8), (uint8_t)(*value >> 16),
			     (uint8_t)(*value >> 24) };

	walk_bytes(c, bytes, sizeof(bytes));
	*value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void walk_place(struct cursor *c, struct bsg_place_state *slot)
{
	uint32_t *const fields[] = { &slot->since, &slot->anchor, &slot->end, &slot->evidence, &slot->seen,
				     &slot->far, &slot->lock_until, &slot->quiet };

	for (size_t i = 0; i < ID_LEN; i++) {
		uint8_t byte = (uint8_t)slot->id[i];

		walk_bytes(c, &byte, 1);
		slot->id[i] = (char)byte;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		walk_u32(c, fields[i]);
	walk_bytes(c, &slot->by, 1);
}

static void walk_phone(struct cursor *c, struct bsg_state *state)
{
	uint32_t *const fields[] = { &state->now, &state->last_gate, &state->last_gate_in, &state->release_at,
				     &state->release_given, &state->break_glass_until,
				     &state->break_glass_total, &state->quiet_until };
	uint32_t mono[2] = { (uint32_t)state->mono_ms, (uint32_t)((uint64_t)state->mono_ms >> 32) };

	walk_bytes(c, state->device, BSG_DEVICE_LEN);
	walk_u32(c, &state->serial);
	walk_bytes(c, state->digest, BSG_DIGEST_LEN);
	walk_u32(c, &state->presence_seq);
	walk_u32(c, &mono[0]);
	walk_u32(c, &mono[1]);
	state->mono_ms = (int64_t)((uint64_t)mono[1] << 32 | mono[0]);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		walk_u32(c, fields[i]);
	for (size_t i = 0; i < BSG_BREAK_GLASS_PER_DAY_MAX; i++)
		walk_u32(c, &state->presses[i]);
	walk_bytes(c, &state->auth, 1);
	walk_bytes(c, &state->expired, 1);
	walk_bytes(c, &state->left_unconfirmed, 1);
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		walk_bytes(c, state->guest_digest[i], BSG_DIGEST_LEN);
}

static void walk_state(struct cursor *c, struct bsg_state *state)
{
	walk_phone(c, state);
	for (size_t k = 0; k < N_SLOTS; k++)
		walk_place(c, bsg_slot(state, k));
}

size_t bsg_state_encode(const struct bsg_state *state, uint8_t buf[BSG_STATE_BYTES_MAX])
{
	struct bsg_state copy = *state;		/* one walk serves both directions, so it wants to write */
	struct cursor c = { .to = buf, .from = NULL, .at = HEAD_BYTES };
	uint32_t sum;

	for (size_t i = 0; i < sizeof(magic); i++)
		buf[i] = magic[i];
	buf[sizeof(magic)] = VERSION;
	walk_state(&c, &copy);
	sum = checksum(buf, c.at);
	walk_u32(&c, &sum);
	return c.at;
}

/* ---- what core would never have written ---- */

static bool good_name(const struct bsg_place_state *slot)
{
	for (size_t i = bsg_slot_id(slot).len; i < ID_LEN; i++)
		if (slot->id[i] != 0)
			return false;
	return true;
}

static bool good_place(const struct bsg_place_state *slot)
{
	if (!good_name(slot) || slot->by > BSG_BY_WEAK)
		return false;
	if (slot->by == BSG_BY_NONE && (slot->since != 0 || slot->anchor != 0 || slot->end != 0 || slot->far != 0))
		return false;
	if (slot->by != BSG_BY_NONE && (slot->since == 0 || slot->anchor == 0 || slot->end < slot->anchor ||
					slot->end - slot->anchor > 2 * BSG_DURATION_MAX))
		return false;
	return slot->id[0] != 0 || (slot->by == BSG_BY_NONE && slot->evidence == 0 && slot->seen == 0 &&
				    slot->lock_until == 0 && slot->quiet == 0);
}

static bool good_places(const struct bsg_state *state)
{
	for (size_t i = 0; i < BSG_PLACES_MAX; i++) {
		const struct bsg_place_state *slot = &state->places[i];

		if (!good_place(slot) || (slot->id[0] != 0 && state->serial == 0))
			return false;
		if (i > 0 && slot->id[0] != 0 &&
		    bsg_str_order(bsg_slot_id(&state->places[i - 1]), bsg_slot_id(slot)) >= 0)
			return false;
		if (i > 0 && slot->id[0] != 0 && state->places[i - 1].id[0] == 0)
			return false;
	}
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++) {
		const struct bsg_place_state *slot = &state->guests[i];

		if (!good_place(slot) || (slot->id[0] != 0) != (slot->by == BSG_BY_GATE) || slot->seen != 0)
			return false;
	}
	return true;
}

static bool none_after(uint32_t now, const uint32_t *moments, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (moments[i] > now)
			return false;
	return true;
}

/* D8.6: nothing remembered lies in the future, where it would restrict, or hinder what lifts, until then. */
static bool good_moments(struct bsg_state *state)
{
	const uint32_t own[] = { state->last_gate, state->last_gate_in, state->release_at };

	for (size_t k = 0; k < N_SLOTS; k++) {
		const struct bsg_place_state *slot = bsg_slot(state, k);
		const uint32_t its[] = { slot->since, slot->anchor, slot->evidence, slot->far, slot->quiet };

		if (!none_after(state->now, its, sizeof(its) / sizeof(its[0])))
			return false;
	}
	return none_after(state->now, own, sizeof(own) / sizeof(own[0])) &&
	       none_after(state->now, state->presses, BSG_BREAK_GLASS_PER_DAY_MAX);
}

static bool good_presses(const struct bsg_state *state)
{
	for (size_t i = 1; i < BSG_BREAK_GLASS_PER_DAY_MAX; i++)
		if (state->presses[i] != 0 && state->presses[i - 1] == 0)	/* in any order: D8.6 puts a late one before an early one */
			return false;
	return true;
}

static bool good_phone(const struct bsg_state *state)
{
	return state->auth <= 1 && state->expired <= 1 && state->left_unconfirmed <= 1 &&
	       state->mono_ms >= 0 && state->now <= BSG_TIME_MAX && good_presses(state);
}

enum bsg_err bsg_state_decode(struct bsg_bytes bytes, struct bsg_state *out)
{
	struct cursor c = { .to = NULL, .from = bytes.ptr, .at = HEAD_BYTES };
	uint32_t sum = 0;

	*out = (struct bsg_state){ .serial = 0 };
	if (bytes.len != STATE_BYTES || !bsg_same_bytes(bytes.ptr, magic, sizeof(magic)) ||
	    bytes.ptr[sizeof(magic)] != VERSION)
		return BSG_E_INVALID;
	walk_state(&c, out);
	walk_u32(&c, &sum);
	if (sum == checksum(bytes.ptr, STATE_BYTES - 4) && good_phone(out) && good_places(out) &&
	    good_moments(out))
		return BSG_OK;
	*out = (struct bsg_state){ .serial = 0 };
	return BSG_E_INVALID;
}
