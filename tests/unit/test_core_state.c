/* SPDX-License-Identifier: Apache-2.0 */
/* State to bytes and back, and what is refused when it comes back. */
#include "core_phone.h"

static struct phone phone;
static struct bsg_state back;

/* A state in which every field says something. */
static struct phone *busy(void)
{
	struct phone *p = &phone;
	struct bsg_guest guest = { .place = str("court"), .functions = MIC, .max_stay = HOUR, .digest = { 7, 8 } };
	struct bsg_place *pl;

	phone_init(p);
	pl = place(&p->orders, "house", NULL);
	pl->enter_by = BSG_ENTER_BEACON;
	evidence(pl, "door", BSG_EVIDENCE_BEACON);
	place(&p->orders, "0123456789012345678901234567890123456789", "house");
	rule(&p->orders, "r", "house", CAM);
	p->orders.has_release = true;
	p->orders.release_at = T0 - 5 * HOUR;
	p->orders.has_presence = true;
	p->orders.presence.seq = 77;
	p->orders.presence.place = str("house");
	p->orders.presence.in = true;
	p->orders.presence.at = T0 - 10;
	ready(&p->orders);
	seen(p, T0, "door");
	press(p, T0 + 10);
	gate_out(p, T0 + 15, "0123456789012345678901234567890123456789", 0);
	gate_in_guest(p, T0 + 20, &guest, 0, false);
	return p;
}

static void state_comes_back_as_it_was(void **state)
{
	struct phone *p = busy();
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	size_t len = bsg_state_encode(&p->state, bytes);

	(void)state;
	assert_true(len <= BSG_STATE_BYTES_MAX);
	assert_int_equal(bsg_state_decode((struct bsg_bytes){ bytes, len }, &back), BSG_OK);
	assert_memory_equal(&back, &p->state, sizeof(back));
}

static void a_new_state_comes_back_too(void **state)
{
	static struct bsg_state fresh;
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	size_t len = bsg_state_encode(&fresh, bytes);

	(void)state;
	assert_int_equal(bsg_state_decode((struct bsg_bytes){ bytes, len }, &back), BSG_OK);
	assert_memory_equal(&back, &fresh, sizeof(back));
}

static void every_flipped_bit_and_every_cut_is_refused(void **state)
{
	static const struct bsg_state zero;
	struct phone *p = busy();
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	size_t len = bsg_state_encode(&p->state, bytes);

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
		assert_int_equal(bsg_state_decode((struct bsg_bytes){ bytes, len }, &back), BSG_E_INVALID);
		assert_memory_equal(&back, &zero, sizeof(back));
		bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(bsg_state_decode((struct bsg_bytes){ bytes, cut }, &back), BSG_E_INVALID);
}

static void by_unknown(struct bsg_state *s) { s->places[1].by = 4; }
static void end_before_anchor(struct bsg_state *s) { s->places[1].end = s->places[1].anchor - 1; }
static void end_far(struct bsg_state *s) { s->places[1].end = UINT32_MAX; }
static void anchor_ahead(struct bsg_state *s) { s->places[1].anchor = s->now + 1; s->places[1].end = s->now + 2; }
static void since_ahead(struct bsg_state *s) { s->places[1].since = s->now + 1; }
static void guest_ahead(struct bsg_state *s) { s->guests[0].anchor = s->now + 1; s->guests[0].end = s->now + 2; }
static void evidence_ahead(struct bsg_state *s) { s->places[1].evidence = s->now + 1; }
static void far_ahead(struct bsg_state *s) { s->places[1].far = s->now + 1; }
static void quiet_ahead(struct bsg_state *s) { s->places[1].quiet = s->now + 1; }
static void gate_ahead(struct bsg_state *s) { s->last_gate = s->now + 1; }
static void gate_in_ahead(struct bsg_state *s) { s->last_gate_in = s->now + 1; }
static void release_ahead(struct bsg_state *s) { s->release_at = s->now + 1; }
static void press_ahead(struct bsg_state *s) { s->presses[1] = s->now + 1; }
static void torn_name(struct bsg_state *s) { s->places[1].id[2] = 0; }
static void wrong_order(struct bsg_state *s) { s->places[1].id[0] = '!'; }
static void nameless(struct bsg_state *s) { memset(s->places[1].id, 0, BSG_ID_MAX); }
static void gap(struct bsg_state *s) { s->places[3] = s->places[1]; s->places[3].id[0] = 'z'; }
static void weak_guest(struct bsg_state *s) { s->guests[0].by = BSG_BY_WEAK; }
static void absent_guest(struct bsg_state *s) { s->guests[0].by = BSG_BY_NONE; }
static void flag(struct bsg_state *s) { s->expired = 2; }
static void presses(struct bsg_state *s) { s->presses[0] = 0; s->presses[1] = 1; }
static void far_future(struct bsg_state *s) { s->now = UINT32_MAX; }
static void before_boot(struct bsg_state *s) { s->mono_ms = -1; }
static void no_orders(struct bsg_state *s) { s->serial = 0; }
static void absent_since(struct bsg_state *s) { s->places[1].by = BSG_BY_NONE; }

static void values_that_core_never_writes_are_refused_even_with_a_good_checksum(void **state)
{
	static void (*const spoil[])(struct bsg_state *) = { by_unknown, end_before_anchor, end_far, torn_name,
		anchor_ahead, since_ahead, guest_ahead, evidence_ahead, far_ahead, quiet_ahead, gate_ahead, gate_in_ahead,
		release_ahead, press_ahead,
		wrong_order, nameless, gap, weak_guest, absent_guest, flag, presses, far_future, before_boot,
		no_orders, absent_since };

	(void)state;
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		struct bsg_state s = busy()->state;
		uint8_t bytes[BSG_STATE_BYTES_MAX];
		size_t len;

		spoil[i](&s);
		len = bsg_state_encode(&s, bytes);
		if (bsg_state_decode((struct bsg_bytes){ bytes, len }, &back) != BSG_E_INVALID)
			fail_msg("case %zu was accepted", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_comes_back_as_it_was),
		cmocka_unit_test(a_new_state_comes_back_too),
		cmocka_unit_test(every_flipped_bit_and_every_cut_is_refused),
		cmocka_unit_test(values_that_core_never_writes_are_refused_even_with_a_good_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
