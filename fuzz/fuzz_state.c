/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's state as it comes back from a database or a file. As it lies there any bytes, and the same with the head,
 * length and checksum that they should have: what is taken is what core writes, and whatever it says, the steps after
 * it hold what is promised: no restriction without an end, and none that lasts longer than a lease from now can.
 *
 * The second way the input is the state between head and checksum, cut or filled up with zeros, then events of three
 * bytes each.
 */
#include <string.h>

#include <bosaga/decide.h>

#include "fuzz/fuzz.h"

#define T0 INT64_C(1800000000)
#define HEAD 5		/* magic and version */
#define STAY 3600
#define LEASE_MAX (INT64_C(2) * BSG_DURATION_MAX)	/* a stay and a grace, each as long as one can be */

static struct bsg_orders orders;
static struct bsg_guest guests[BSG_GUESTS_MAX];
static struct bsg_state state;
static struct bsg_output out;
static const char letters[] = "abcd";

static struct bsg_str name(size_t n)
{
	return (struct bsg_str){ &letters[n % 4], 1 };
}

/* Three places, the second inside the first, with a rule each; a window around T0; one guest place. */
static void make_orders(void)
{
	orders = (struct bsg_orders){ .serial = 1, .issued = T0 - 60, .expires = BSG_TIME_MAX, .max_stay = STAY, .n_places = 3,
		.n_rules = 4, .n_windows = 1, .break_glass_minutes = 10, .break_glass_per_day = 2,
		.windows = { { T0 - 600, T0 + 600 } } };
	for (size_t i = 0; i < 3; i++) {
		orders.places[i] = (struct bsg_place){ .id = name(i), .grace = 60, .self_stay = 900, .enter_by = BSG_ENTER_ALL,
			.left_unconfirmed = i != 0, .n_evidence = 2, .n_vertices = 3, .evidence = {
			{ name(i), BSG_EVIDENCE_BEACON }, { name(i + 1), BSG_EVIDENCE_WIFI } }, .area = {
			{ 0, 0 }, { 0, 10000 }, { 10000, 0 } } };
		orders.rules[i] = (struct bsg_rule){ .id = name(i), .place = name(i), .always = true, .enforce = true,
			.restrict_functions = 1u << i };
	}
	orders.places[1].parent = name(0);
	orders.rules[3] = (struct bsg_rule){ .id = name(3), .enforce = true, .restrict_functions = 8, .n_windows = 1 };
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		guests[i] = (struct bsg_guest){ .place = name(3), .functions = 3, .max_stay = STAY, .digest = { (uint8_t)i } };
	FUZZ_CHECK(bsg_orders_prepare(&orders, NULL) == BSG_OK);
}

static void check_output(void)
{
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	struct bsg_state again;
	const size_t len = bsg_state_encode(&state, bytes);

	FUZZ_CHECK(bsg_state_decode((struct bsg_bytes){ bytes, len }, &again) == BSG_OK);
	FUZZ_CHECK(memcmp(&again, &state, sizeof(state)) == 0);
	FUZZ_CHECK(out.next == 0 || out.next > state.now);
	FUZZ_CHECK(out.restricted == 0 || out.lift_by > state.now);
	FUZZ_CHECK(out.may_pass == (out.why_no_pass == BSG_PASS_NONE) && (!out.may_pass || out.n_present > 0));
	for (size_t f = 0; f < BSG_FUNCTIONS_COUNT; f++)
		FUZZ_CHECK((out.restricted >> f & 1) == 0 || (out.why[f].until > state.now && out.why[f].until <= out.lift_by));
	/* The window is over by then too. */
	FUZZ_CHECK(out.lift_by <= state.now + LEASE_MAX);
}

static void step(struct bsg_event *event)
{
	FUZZ_CHECK(bsg_step(&orders, guests, BSG_GUESTS_MAX, &state, event, &state, &out) == BSG_OK);
	check_output();
}

static void step_bytes(const uint8_t byte[static 3])
{
	struct bsg_event e = { .kind = (enum bsg_event_kind)(byte[0] % BSG_EVENT_KINDS) };

	e.time = (struct bsg_time){ (byte[0] & 0x80 ? (int64_t)state.now : T0) + (byte[1] << (byte[2] & 15)) - 128,
				    byte[2] * INT64_C(1000), (byte[2] & 16) != 0 };
	if (e.kind <= BSG_EVENT_SELF_IN)
		e.u.gate.place = name(byte[2] >> 5);
	else if (e.kind == BSG_EVENT_FIX)
		e.u.fix.lat = byte[2] * 100;
	else if (e.kind == BSG_EVENT_ORDERS_CHANGED)
		e.u.orders = &orders;
	else
		e.u.id = name(byte[2] >> 5);
	if (e.kind == BSG_EVENT_GATE_IN && (byte[1] & 1) != 0)
		e.u.gate.place = guests[0].place, e.u.gate.guest = &guests[0];
	step(&e);
}

static bool take(struct bsg_bytes bytes)
{
	uint8_t again[BSG_STATE_BYTES_MAX];
	const enum bsg_err rc = bsg_state_decode(bytes, &state);

	FUZZ_CHECK(rc == BSG_OK || rc == BSG_E_INVALID);
	if (rc != BSG_OK) {
		static const struct bsg_state zero;

		FUZZ_CHECK(memcmp(&state, &zero, sizeof(zero)) == 0);
		return false;
	}
	FUZZ_CHECK(bsg_state_encode(&state, again) == bytes.len && memcmp(again, bytes.ptr, bytes.len) == 0);
	return true;
}

/* Of no orders yet, or of these: the digest of signed bytes stands for the places, which core therefore does not compare. */
static bool is_of_orders(void)
{
	if (state.serial == 0)
		return true;
	for (size_t i = 0; i < BSG_PLACES_MAX; i++)
		if (state.places[i].id[0] != (i < orders.n_places ? letters[i] : 0) || state.places[i].id[1] != 0)
			return false;
	return state.serial == orders.serial && memcmp(state.device, orders.device, sizeof(state.device)) == 0 &&
	       memcmp(state.digest, orders.digest, sizeof(state.digest)) == 0;
}

/* CRC-32 (IEEE 802.3), bit by bit: not by core's table. */
static void put_checksum(uint8_t *bytes, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < 8 * len; i++)
		crc = crc >> 1 ^ (((crc ^ (uint32_t)bytes[i / 8] >> i % 8) & 1) != 0 ? UINT32_C(0xedb88320) : 0);
	for (size_t i = 0; i < 4; i++)
		bytes[len + i] = (uint8_t)(~crc >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bsg_state fresh;
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	const size_t len = bsg_state_encode(&fresh, bytes) - 4, body = len - HEAD;

	make_orders();
	(void)take((struct bsg_bytes){ data, size });
	memcpy(bytes + HEAD, data, size < body ? size : body);
	put_checksum(bytes, len);
	if (!take((struct bsg_bytes){ bytes, len + 4 }))
		return 0;
	if (!is_of_orders())
		return 0;
	for (size_t at = body; at + 3 <= size && at < body + 300; at += 3)
		step_bytes(data + at);
	return 0;
}
