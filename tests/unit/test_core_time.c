/* SPDX-License-Identifier: Apache-2.0 */
/* D8 time and expiry, D9 which orders are accepted, D11 new orders and boot, quiet ticks. */
#include "core_phone.h"

static struct phone phone;
static struct bsg_orders next;

static struct phone *house(void)
{
	struct bsg_place *pl;

	phone_init(&phone);
	pl = place(&phone.orders, "house", NULL);
	pl->max_stay = 10 * HOUR;
	pl->enter_by = BSG_ENTER_BEACON | BSG_ENTER_SELF;
	evidence(pl, "door", BSG_EVIDENCE_BEACON);
	rule(&phone.orders, "no-camera", "house", CAM);
	ready(&phone.orders);
	return &phone;
}

static struct bsg_event timed(enum bsg_event_kind kind, int64_t utc, int64_t mono_s, bool auth)
{
	return (struct bsg_event){ .kind = kind, .time = { utc, mono_s * 1000, auth } };
}

static void must(struct phone *p, struct bsg_event e)
{
	assert_int_equal(step(p, &e), BSG_OK);
}

static void D8_authenticated_time_up_to_10_s_behind_stands_still(void **state)
{
	struct phone *p = house();

	(void)state;
	must(p, timed(BSG_EVENT_TICK, T0, 100, true));
	must(p, timed(BSG_EVENT_TICK, T0 - 10, 100, true));
	assert_int_equal(p->state.now, T0);
	assert_int_equal(p->out.n_reports, 0);
	must(p, timed(BSG_EVENT_TICK, T0 - 11, 100, true));
	assert_int_equal(p->state.now, T0 - 11);
	assert_true(reported(p, BSG_OUT_CLOCK_CORRECTED));
	assert_int_equal(p->out.reports[0].value, -11);
}

static void D8_a_jump_forward_of_more_than_10_s_is_reported(void **state)
{
	struct phone *p = house();

	(void)state;
	must(p, timed(BSG_EVENT_TICK, T0, 100, true));
	must(p, timed(BSG_EVENT_TICK, T0 + 40, 130, true));
	assert_int_equal(p->out.n_reports, 0);
	must(p, timed(BSG_EVENT_TICK, T0 + 61, 140, true));
	assert_true(reported(p, BSG_OUT_CLOCK_CORRECTED));
	assert_int_equal(p->out.reports[0].value, 11);
}

static void D8_unverified_time_is_the_later_of_the_two_and_never_goes_back(void **state)
{
	struct phone *p = house();

	(void)state;
	must(p, timed(BSG_EVENT_TICK, T0, 100, true));
	must(p, timed(BSG_EVENT_BOOT, 5, 30, false));		/* the real-time clock is empty */
	assert_int_equal(p->state.now, T0 + 30);
	must(p, timed(BSG_EVENT_TICK, 90, 115, false));
	assert_int_equal(p->state.now, T0 + 115);
	must(p, timed(BSG_EVENT_TICK, T0 + 900, 130, false));
	assert_int_equal(p->state.now, T0 + 900);
	assert_int_equal(p->out.n_reports, 0);
	assert_int_equal(p->out.why_no_pass, BSG_PASS_TIME_UNVERIFIED);
}

static void D8_fractions_of_seconds_are_not_lost_between_ticks(void **state)
{
	struct phone *p = house();

	(void)state;
	must(p, timed(BSG_EVENT_TICK, T0, 0, false));
	for (int64_t ms = 400; ms <= 40000; ms += 400) {
		struct bsg_event e = { .kind = BSG_EVENT_TICK, .time = { 0, ms, false } };

		must(p, e);
	}
	assert_int_equal(p->state.now, T0 + 40);
}

static void D8_a_correction_backwards_leaves_no_moment_in_the_future(void **state)
{
	struct phone *p = house();

	(void)state;
	must(p, timed(BSG_EVENT_TICK, T0, 0, true));
	p->unverified = true;
	p->boot = T0;
	gate_in(p, T0 + 30 * DAY, "house", 0, true);	/* the real-time clock was wrong by a month */
	assert_int_equal(p->out.restricted, CAM);
	press(p, T0 + 30 * DAY + 5);
	must(p, timed(BSG_EVENT_TICK, T0 + 60, 30 * DAY + 65, true));
	assert_true(reported(p, BSG_OUT_CLOCK_CORRECTED));
	assert_int_equal(present_in(p, "house")->anchor, T0 + 59);
	assert_int_equal(present_in(p, "house")->since, T0 + 59);
	assert_int_equal(present_in(p, "house")->end, T0 + 60 + 10 * HOUR);
	assert_int_equal(p->state.last_gate, T0 + 59);
	assert_int_equal(p->state.last_gate_in, T0 + 59);
	assert_int_equal(p->state.presses[0], T0 + 59);
	assert_int_equal(p->state.break_glass_until, T0 + 60 + 600);
	p->unverified = false;
	p->boot = T0 + 60 - (30 * DAY + 65);
	gate_in(p, T0 + 60, "house", 0, true);
	assert_int_equal(present_in(p, "house")->end, T0 + 60 + 10 * HOUR);
}

static void D8_a_press_that_a_correction_puts_before_an_earlier_one_counts_for_its_own_day(void **state)
{
	struct phone *p = house();
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	struct bsg_state back;

	(void)state;
	gate_in(p, T0, "house", 0, true);
	press(p, T0 + 10);
	press(p, T0 + 710);
	p->boot -= 700;
	tick(p, T0 + 10);	/* corrected to the very second of the first press */
	assert_int_equal(p->state.presses[0], T0 + 10);
	assert_int_equal(p->state.presses[1], T0 + 9);
	assert_int_equal(bsg_state_decode((struct bsg_bytes){ bytes, bsg_state_encode(&p->state, bytes) }, &back), BSG_OK);
	assert_memory_equal(&back, &p->state, sizeof(back));
	gate_out(p, T0 + 700, "house", 0);	/* from now on only the presses are waited for */
	assert_int_equal(p->state.quiet_until, T0 + 9 + DAY);
	tick(p, T0 + 9 + DAY);	/* D7.4 */
	assert_int_equal(p->state.presses[0], T0 + 10);
	assert_int_equal(p->state.presses[1], 0);
}

static void D8_a_correction_backwards_keeps_lock_outs_and_releases_within_their_length(void **state)
{
	struct phone *p = house();

	(void)state;
	gate_out(p, T0 + 5 * DAY, "house", 0);
	p->state.release_at = (uint32_t)(T0 + 5 * DAY);
	must(p, timed(BSG_EVENT_TICK, T0, 1000 + 5 * DAY, true));
	assert_int_equal(p->state.places[0].lock_until, T0 + 600);
	assert_int_equal(p->state.places[0].quiet, T0 - 1);
	assert_int_equal(p->state.release_at, T0 - 1);
}

static void D8_expired_orders_restrict_nothing_and_give_no_pass(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.expires = T0 + 100;
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.next, T0 + 100);
	tick(p, T0 + 99);
	assert_int_equal(p->out.restricted, CAM);
	tick(p, T0 + 100);
	assert_int_equal(p->out.restricted, 0);
	assert_int_equal(p->out.why_no_pass, BSG_PASS_ORDERS_EXPIRED);
	assert_int_equal(p->out.lift_by, T0 + 10 * HOUR);
}

static void D8_unverified_time_never_expires_orders_and_what_was_found_holds_over_a_reboot(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.expires = T0 + 100;
	gate_in(p, T0, "house", 0, true);
	p->unverified = true;
	boot(p, T0 + 200);
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(p->out.next, T0 + 10 * HOUR);
	p->unverified = false;
	tick(p, T0 + 210);
	assert_int_equal(p->out.restricted, 0);
	p->unverified = true;
	boot(p, T0 + 220);
	assert_int_equal(p->out.restricted, 0);
	next = p->orders;
	next.serial = 2;
	next.expires = T0 + DAY;
	ready(&next);
	new_orders(p, T0 + 230, &next);
	assert_int_equal(p->out.restricted, CAM);
}

static void D8_unverified_time_lifts_a_gate_lease_without_forgetting_it(void **state)
{
	struct phone *p = house();

	(void)state;
	gate_in(p, T0, "house", 0, true);
	must(p, timed(BSG_EVENT_BOOT, T0 + 2 * DAY, 10, false));
	assert_int_equal(p->out.restricted, 0);
	assert_int_equal(p->out.n_present, 0);
	assert_int_equal(p->out.lift_by, 0);
	p->boot = T0 + 2 * DAY - 10;
	p->unverified = true;
	self_in(p, T0 + 2 * DAY + 1, "house");		/* held: nothing begins beside it */
	assert_int_equal(p->out.n_present, 0);
	must(p, timed(BSG_EVENT_TICK, T0 + HOUR, 20, true));
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(present_in(p, "house")->end, T0 + 10 * HOUR);
}

static void D8_authenticated_time_that_confirms_the_end_forgets_the_lease(void **state)
{
	struct phone *p = house();

	(void)state;
	gate_in(p, T0, "house", 0, true);
	must(p, timed(BSG_EVENT_BOOT, T0 + 2 * DAY, 10, false));
	must(p, timed(BSG_EVENT_TICK, T0 + 2 * DAY + 10, 20, true));
	assert_int_equal(p->state.places[0].by, BSG_BY_NONE);
	must(p, timed(BSG_EVENT_TICK, T0 + HOUR, 30, true));
	assert_int_equal(p->out.restricted, 0);
}

static void D9_only_newer_orders_for_this_device_are_taken(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.serial = 5;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	next = p->orders;
	next.n_rules = 0;
	next.digest[0] = 9;
	ready(&next);
	new_orders(p, T0 + 10, &next);			/* same serial, other bytes */
	assert_false(p->out.orders_taken);
	assert_int_equal(p->out.restricted, CAM);
	next.serial = 4;
	new_orders(p, T0 + 20, &next);
	assert_false(p->out.orders_taken);
	next.serial = 6;
	next.device[0] = 2;
	new_orders(p, T0 + 30, &next);
	assert_false(p->out.orders_taken);
	assert_int_equal(p->out.restricted, CAM);
	next.device[0] = 1;
	new_orders(p, T0 + 40, &next);
	assert_true(p->out.orders_taken);
	assert_int_equal(p->out.restricted, 0);
}

static void D9_older_orders_beside_a_newer_state_are_an_error_that_changes_nothing(void **state)
{
	struct phone *p = house();
	struct bsg_event e = timed(BSG_EVENT_TICK, T0 + 10, 1010, true);
	struct bsg_state was;

	(void)state;
	p->orders.serial = 5;
	gate_in(p, T0, "house", 0, true);
	was = p->state;
	p->orders.serial = 4;
	assert_int_equal(step(p, &e), BSG_E_CONFLICT);
	assert_int_equal(p->out.restricted, 0);
	assert_false(p->out.may_pass);
	assert_memory_equal(&was, &p->state, sizeof(was));
	p->orders.serial = 5;
	p->orders.digest[0] = 1;
	assert_int_equal(step(p, &e), BSG_E_CONFLICT);
}

static void D11_orders_begin_presence_only_by_the_servers_word_and_once_a_crossing(void **state)
{
	struct phone *p = house();

	(void)state;
	tick(p, T0);
	next = p->orders;
	next.serial = 2;
	next.has_presence = true;
	next.presence.seq = 7;
	next.presence.place = str("house");
	next.presence.in = true;
	next.presence.at = T0 + 5;
	ready(&next);
	new_orders(p, T0 + 10, &next);
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(present_in(p, "house")->anchor, T0 + 5);
	gate_out(p, T0 + 20, "house", 0);
	next.serial = 3;
	new_orders(p, T0 + 30, &next);		/* renewed with the same word */
	assert_int_equal(p->out.restricted, 0);
	assert_int_equal(p->out.n_reports, 0);
	next.serial = 4;
	next.presence.seq = 8;
	next.presence.at = T0 + 25;
	new_orders(p, T0 + 40, &next);
	assert_int_equal(p->out.restricted, CAM);
	next.serial = 5;
	next.presence.seq = 9;
	next.presence.at = T0 + 50;
	next.presence.in = false;
	new_orders(p, T0 + 60, &next);
	assert_int_equal(p->out.restricted, 0);
}

static void D11_the_first_orders_already_carry_the_servers_word(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.has_presence = true;
	p->orders.presence.seq = 1;
	p->orders.presence.place = str("house");
	p->orders.presence.in = true;
	p->orders.presence.at = T0 - 60;
	tick(p, T0);
	assert_int_equal(p->out.restricted, CAM);
}

static void D11_a_place_no_longer_in_the_orders_loses_its_presence(void **state)
{
	struct phone *p = house();

	(void)state;
	gate_in(p, T0, "house", 0, true);
	next = p->orders;
	next.serial = 2;
	next.n_rules = 0;
	next.places[0].id = str("palace");
	ready(&next);
	new_orders(p, T0 + 10, &next);
	assert_int_equal(p->out.n_present, 0);
	assert_true(reported(p, BSG_OUT_PLACE_GONE));
	assert_memory_equal(p->out.reports[0].place, "house", 5);
}

static void D11_replacing_orders_never_lifts_in_between(void **state)
{
	struct phone *p = house();

	(void)state;
	gate_in(p, T0, "house", 0, true);
	for (uint32_t serial = 2; serial < 20; serial++) {
		next = p->orders;
		next.serial = serial;
		/* Other ranks, other neighbours: presence follows the id. */
		if (serial % 2 == 0)
			place(&next, serial % 4 == 0 ? "a" : "z", NULL);
		else
			next.n_places = 1;
		ready(&next);
		new_orders(p, T0 + 10 * serial, &next);
		assert_int_equal(p->out.restricted, CAM);
		assert_int_equal(present_in(p, "house")->since, T0);
	}
}

static void D11_what_was_in_sight_is_forgotten_and_grace_starts(void **state)
{
	struct phone *p = house();

	(void)state;
	seen(p, T0, "door");
	next = p->orders;
	next.serial = 2;
	ready(&next);
	new_orders(p, T0 + 1000, &next);
	assert_int_equal(p->out.next, T0 + 1180);
	seen(p, T0 + 1100, "door");
	assert_int_equal(p->out.next, T0 + 10 * HOUR);
	boot(p, T0 + 5000);
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(p->out.next, T0 + 5180);
}

static void a_quiet_tick_is_one_that_would_change_nothing(void **state)
{
	struct phone *p = house();
	struct bsg_time later = { T0 + 100, 1100000, true };

	(void)state;
	gate_in(p, T0, "house", 0, true);
	assert_true(bsg_tick_is_quiet(&p->orders, &p->state, &later));
	later = (struct bsg_time){ T0 + 10 * HOUR, (1000 + 10 * HOUR) * 1000, true };
	assert_false(bsg_tick_is_quiet(&p->orders, &p->state, &later));
	later = (struct bsg_time){ T0 + 100, 1100000, false };
	assert_false(bsg_tick_is_quiet(&p->orders, &p->state, &later));
	later = (struct bsg_time){ T0 + 100, 1050000, true };		/* the clock was corrected */
	assert_false(bsg_tick_is_quiet(&p->orders, &p->state, &later));
	later = (struct bsg_time){ T0 + 100, 100000, true };		/* a restart */
	assert_false(bsg_tick_is_quiet(&p->orders, &p->state, &later));
	memset(&p->state, 0, sizeof(p->state));
	assert_false(bsg_tick_is_quiet(&p->orders, &p->state, &later));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D8_authenticated_time_up_to_10_s_behind_stands_still),
		cmocka_unit_test(D8_a_jump_forward_of_more_than_10_s_is_reported),
		cmocka_unit_test(D8_unverified_time_is_the_later_of_the_two_and_never_goes_back),
		cmocka_unit_test(D8_fractions_of_seconds_are_not_lost_between_ticks),
		cmocka_unit_test(D8_a_correction_backwards_leaves_no_moment_in_the_future),
		cmocka_unit_test(D8_a_press_that_a_correction_puts_before_an_earlier_one_counts_for_its_own_day),
		cmocka_unit_test(D8_a_correction_backwards_keeps_lock_outs_and_releases_within_their_length),
		cmocka_unit_test(D8_expired_orders_restrict_nothing_and_give_no_pass),
		cmocka_unit_test(D8_unverified_time_never_expires_orders_and_what_was_found_holds_over_a_reboot),
		cmocka_unit_test(D8_unverified_time_lifts_a_gate_lease_without_forgetting_it),
		cmocka_unit_test(D8_authenticated_time_that_confirms_the_end_forgets_the_lease),
		cmocka_unit_test(D9_only_newer_orders_for_this_device_are_taken),
		cmocka_unit_test(D9_older_orders_beside_a_newer_state_are_an_error_that_changes_nothing),
		cmocka_unit_test(D11_orders_begin_presence_only_by_the_servers_word_and_once_a_crossing),
		cmocka_unit_test(D11_the_first_orders_already_carry_the_servers_word),
		cmocka_unit_test(D11_a_place_no_longer_in_the_orders_loses_its_presence),
		cmocka_unit_test(D11_replacing_orders_never_lifts_in_between),
		cmocka_unit_test(D11_what_was_in_sight_is_forgotten_and_grace_starts),
		cmocka_unit_test(a_quiet_tick_is_one_that_would_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
