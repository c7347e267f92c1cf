/* SPDX-License-Identifier: Apache-2.0 */
/* D1 what is restricted, D2 order, D7 break-glass and release, O1 to O7 the output. */
#include "core_phone.h"

static struct phone phone, other;	/* too large for a stack */

/* A house with a lab in it; a camera rule for the house. */
static struct phone *house(void)
{
	phone_init(&phone);
	place(&phone.orders, "house", NULL)->max_stay = 10 * HOUR;
	place(&phone.orders, "lab", "house")->max_stay = 4 * HOUR;
	rule(&phone.orders, "no-camera", "house", CAM);
	return &phone;
}

static void D1_a_rule_restricts_where_the_device_is_present(void **state)
{
	struct phone *p = house();

	(void)state;
	rule(&p->orders, "no-mic", "lab", MIC);
	ready(&p->orders);
	tick(p, T0);
	assert_int_equal(p->out.restricted, 0);
	gate_in(p, T0 + 1, "house", 0, true);
	assert_int_equal(p->out.restricted, CAM);
	gate_in(p, T0 + 2, "lab", 0, true);
	assert_int_equal(p->out.restricted, CAM | MIC);
}

static void D1_a_rule_without_place_restricts_in_its_window_anywhere(void **state)
{
	struct phone *p = house();

	(void)state;
	window(&p->orders, rule(&p->orders, "shift", NULL, MIC), T0 + 100, T0 + 200);
	ready(&p->orders);
	tick(p, T0);
	assert_int_equal(p->out.next, T0 + 100);
	tick(p, T0 + 150);
	assert_int_equal(p->out.restricted, MIC);
	assert_int_equal(p->out.why[BSG_MICROPHONE].place.len, 0);
	assert_int_equal(p->out.why[BSG_MICROPHONE].until, T0 + 200);
}

static void D1_a_rule_without_windows_in_its_list_never_holds(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.rules[0].always = false;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.restricted, 0);
}

static void D1_an_exemption_takes_its_function_out_while_it_lasts(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.rules[0].restrict_functions = CAM | MIC;
	p->orders.exemptions[p->orders.n_exemptions++] = (struct bsg_exemption){ CAM, T0 + 10, T0 + 20 };
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.restricted, CAM | MIC);
	assert_int_equal(p->out.next, T0 + 10);
	tick(p, T0 + 10);
	assert_int_equal(p->out.restricted, MIC);
	assert_int_equal(p->out.next, T0 + 20);
	assert_int_equal(p->out.lift_by, T0 + 10 * HOUR);
	tick(p, T0 + 20);
	assert_int_equal(p->out.restricted, CAM | MIC);
}

static void D1_a_rule_that_only_observes_restricts_nothing(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.rules[0].enforce = false;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.restricted, 0);
	assert_int_equal(p->out.observed, CAM);
	assert_int_equal(p->out.lift_by, 0);
	assert_true(p->out.may_pass);
}

static void D2_windows_are_half_open(void **state)
{
	struct phone *p = house();

	(void)state;
	window(&p->orders, &p->orders.rules[0], T0 + 60, T0 + 120);
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	for (int64_t t = T0 + 58; t <= T0 + 122; t++) {
		tick(p, t);
		assert_int_equal(p->out.restricted, t >= T0 + 60 && t < T0 + 120 ? CAM : 0);
	}
}

static void D2_windows_that_touch_or_overlap_count_as_one(void **state)
{
	struct phone *p = house();
	struct bsg_rule *r = &p->orders.rules[0];

	(void)state;
	window(&p->orders, r, T0 + 300, T0 + 400);
	window(&p->orders, r, T0, T0 + 100);
	window(&p->orders, r, T0 + 100, T0 + 200);
	window(&p->orders, r, T0 + 150, T0 + 160);
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.why[BSG_CAMERA].until, T0 + 200);
	assert_int_equal(p->out.lift_by, T0 + 200);
	assert_int_equal(p->out.next, T0 + 200);
	tick(p, T0 + 200);
	assert_int_equal(p->out.next, T0 + 300);
}

static void D2_rules_may_share_windows(void **state)
{
	struct phone *p = house();
	struct bsg_rule *a = &p->orders.rules[0], *b;

	(void)state;
	window(&p->orders, a, T0 + 300, T0 + 400);
	window(&p->orders, a, T0, T0 + 100);
	window(&p->orders, a, T0 + 50, T0 + 120);
	b = rule(&p->orders, "no-mic", "house", MIC);
	b->always = false;
	b->first_window = a->first_window;
	b->n_windows = a->n_windows;
	ready(&p->orders);
	assert_int_equal(b->n_windows, 2);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.restricted, CAM | MIC);
	tick(p, T0 + 120);
	assert_int_equal(p->out.restricted, 0);
}

/* The same orders with everything in another order. */
static void turn_around(struct bsg_orders *o)
{
	for (size_t i = 0; i < o->n_places / 2; i++) {
		struct bsg_place was = o->places[i];

		o->places[i] = o->places[o->n_places - 1 - i];
		o->places[o->n_places - 1 - i] = was;
	}
	for (size_t i = 0; i < o->n_rules / 2; i++) {
		struct bsg_rule was = o->rules[i];

		o->rules[i] = o->rules[o->n_rules - 1 - i];
		o->rules[o->n_rules - 1 - i] = was;
	}
	for (size_t r = 0; r < o->n_rules; r++)
		for (size_t i = 0; i < o->rules[r].n_windows / 2u; i++) {
			struct bsg_window *a = &o->windows[o->rules[r].first_window + i];
			struct bsg_window *b = &o->windows[o->rules[r].first_window + o->rules[r].n_windows - 1u - i];
			struct bsg_window was = *a;

			*a = *b;
			*b = was;
		}
}

static void D2_the_order_of_rules_places_and_windows_changes_nothing(void **state)
{
	struct phone *p = house();
	struct bsg_rule *r;

	(void)state;
	place(&p->orders, "annexe", "house");
	r = rule(&p->orders, "b", "lab", CAM | APPS);
	window(&p->orders, r, T0 + 100, T0 + 900);
	window(&p->orders, r, T0, T0 + 50);
	app(&p->orders, r, "org.video");
	app(&p->orders, r, "org.chat");
	r = rule(&p->orders, "a", "house", CAM | MIC | APPS);
	window(&p->orders, r, T0 + 100, T0 + 900);
	window(&p->orders, r, T0 + 10, T0 + 50);
	app(&p->orders, r, "org.chat");
	r = rule(&p->orders, "z", NULL, MIC);
	window(&p->orders, r, T0 + 200, T0 + 900);
	other = *p;
	turn_around(&other.orders);
	ready(&p->orders);
	ready(&other.orders);
	gate_in(p, T0 - 5, "lab", 0, true);
	gate_in(&other, T0 - 5, "lab", 0, true);
	for (int64_t t = T0; t < T0 + 1000; t += 7) {
		tick(p, t);
		tick(&other, t);
		assert_true(same_answer(&p->out, &other.out));
		assert_int_equal(p->out.next, other.out.next);
		assert_memory_equal(&p->state, &other.state, sizeof(p->state));
	}
}

static void O1_of_several_rules_the_one_that_ends_last_explains_then_the_smallest_id(void **state)
{
	struct phone *p = house();

	(void)state;
	window(&p->orders, rule(&p->orders, "short", "house", CAM), T0, T0 + 60);
	rule(&p->orders, "a-twin", "house", CAM);
	rule(&p->orders, "b-in-lab", "lab", CAM);
	ready(&p->orders);
	gate_in(p, T0, "lab", 0, true);
	assert_string_equal(p->out.why[BSG_CAMERA].because->en.ptr, "a-twin");
	assert_int_equal(p->out.why[BSG_CAMERA].until, T0 + 10 * HOUR);
}

static void O1_a_guest_rule_that_ends_at_the_same_time_explains_if_its_id_is_smaller(void **state)
{
	struct phone *p = house();
	struct bsg_guest guest = { .place = str("court"), .functions = CAM | MIC, .max_stay = HOUR, .digest = { 1 } };

	(void)state;
	window(&p->orders, rule(&p->orders, "a", NULL, CAM), T0, T0 + HOUR);
	window(&p->orders, rule(&p->orders, "z", NULL, MIC), T0, T0 + HOUR);
	ready(&p->orders);
	gate_in_guest(p, T0, &guest, 0, true);
	assert_memory_equal(p->out.why[BSG_CAMERA].rule.ptr, "a", 1);
	assert_memory_equal(p->out.why[BSG_MICROPHONE].rule.ptr, "guest", 5);
	assert_memory_equal(p->out.why[BSG_MICROPHONE].place.ptr, "court", 5);
}

static void O2_apps_are_the_sorted_union(void **state)
{
	struct phone *p = house();
	struct bsg_rule *r;

	(void)state;
	r = rule(&p->orders, "a", "house", APPS);
	app(&p->orders, r, "org.video");
	app(&p->orders, r, "org.chat");
	r = rule(&p->orders, "b", "house", APPS);
	app(&p->orders, r, "org.chat");
	app(&p->orders, r, "org.chat2");
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.n_apps, 3);
	assert_memory_equal(p->out.apps[0].ptr, "org.chat", 8);
	assert_int_equal(p->out.apps[0].len, 8);
	assert_memory_equal(p->out.apps[1].ptr, "org.chat2", 9);
	assert_memory_equal(p->out.apps[2].ptr, "org.video", 9);
}

static void O6_lift_by_follows_windows_that_overlap_across_rules_up_to_the_lease(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.n_rules = 0;
	window(&p->orders, rule(&p->orders, "a", "house", CAM), T0, T0 + 100);
	window(&p->orders, rule(&p->orders, "b", "house", MIC), T0 + 90, T0 + 300);
	window(&p->orders, rule(&p->orders, "c", NULL, MIC), T0 + 300, T0 + 400);
	window(&p->orders, rule(&p->orders, "d", "house", MIC), T0 + 401, T0 + 500);
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.lift_by, T0 + 400);
	tick(p, T0 + 400);
	assert_int_equal(p->out.lift_by, 0);
	assert_int_equal(p->out.next, T0 + 401);
	tick(p, T0 + 401);
	assert_int_equal(p->out.lift_by, T0 + 500);
}

static void O7_next_skips_edges_that_change_nothing(void **state)
{
	struct phone *p = house();

	(void)state;
	window(&p->orders, rule(&p->orders, "inner", "house", CAM), T0 + 100, T0 + 200);
	window(&p->orders, rule(&p->orders, "elsewhere", "lab", MIC), T0 + 300, T0 + 400);
	ready(&p->orders);
	tick(p, T0);
	assert_int_equal(p->out.next, p->orders.expires);
	gate_in(p, T0 + 1, "house", 0, true);
	assert_int_equal(p->out.next, T0 + 1 + 10 * HOUR);
}

static void D7_break_glass_lifts_for_its_minutes_and_is_reported(void **state)
{
	struct phone *p = house();

	(void)state;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	press(p, T0 + 100);
	assert_int_equal(p->out.restricted, 0);
	assert_false(p->out.may_pass);
	assert_int_equal(p->out.why_no_pass, BSG_PASS_BREAK_GLASS);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS));
	assert_int_equal(p->out.reports[0].value, T0 + 700);
	assert_int_equal(p->out.break_glass_total, 1);
	assert_int_equal(p->out.next, T0 + 700);
	assert_int_equal(p->out.lift_by, T0 + 10 * HOUR);
	gate_in(p, T0 + 200, "house", 0, true);
	assert_int_equal(p->out.restricted, 0);
	tick(p, T0 + 699);
	assert_int_equal(p->out.restricted, 0);
	tick(p, T0 + 700);
	assert_int_equal(p->out.restricted, CAM);
	assert_true(p->out.may_pass);
}

static void D7_pressing_while_it_runs_or_while_nothing_is_restricted_costs_nothing(void **state)
{
	struct phone *p = house();

	(void)state;
	ready(&p->orders);
	press(p, T0);
	assert_int_equal(p->out.n_reports, 0);
	gate_in(p, T0 + 1, "house", 0, true);
	press(p, T0 + 2);
	press(p, T0 + 3);
	assert_int_equal(p->out.n_reports, 0);
	assert_int_equal(p->out.break_glass_total, 1);
	assert_int_equal(p->out.next, T0 + 602);
}

static void D7_presses_are_counted_in_any_24_hours_across_orders(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.places[0].max_stay = 3 * DAY;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	press(p, T0 + 10);
	press(p, T0 + 5000);
	other.orders = p->orders;
	other.orders.serial = 2;
	ready(&other.orders);
	new_orders(p, T0 + 6000, &other.orders);
	press(p, T0 + 7000);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS_REFUSED));
	assert_int_equal(p->out.restricted, CAM);
	press(p, T0 + 10 + DAY - 1);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS_REFUSED));
	press(p, T0 + 10 + DAY);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS));
	press(p, T0 + 1000 + DAY);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS_REFUSED));
	assert_int_equal(p->out.break_glass_total, 3);
}

static void D7_unverified_time_gives_no_press_back(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.places[0].max_stay = 3 * DAY;
	p->orders.break_glass_per_day = 1;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	press(p, T0 + 10);
	p->unverified = true;
	press(p, T0 + 10 + 2 * DAY);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS_REFUSED));
	p->unverified = false;
	press(p, T0 + 11 + 2 * DAY);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS));
}

static void D7_a_function_stays_if_any_place_where_the_device_is_keeps_it(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.places[0].keep = MIC;
	rule(&p->orders, "no-mic", "lab", MIC);
	rule(&p->orders, "watched", "lab", MIC | CAM)->enforce = false;
	ready(&p->orders);
	gate_in(p, T0, "lab", 0, true);
	assert_int_equal(p->out.restricted, CAM | MIC);
	press(p, T0 + 1);
	assert_int_equal(p->out.restricted, MIC);
	assert_int_equal(p->out.observed, MIC);
	press(p, T0 + 2);	/* it runs already */
	assert_int_equal(p->out.n_reports, 0);
	assert_int_equal(p->out.break_glass_total, 1);
}

static void D7_break_glass_of_zero_is_refused(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.break_glass_per_day = 0;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	press(p, T0 + 1);
	assert_true(reported(p, BSG_OUT_BREAK_GLASS_REFUSED));
	assert_int_equal(p->out.restricted, CAM);
}

static void D7_release_lifts_all_until_a_later_gate_in_and_renewed_orders_do_not_release_again(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.places[0].keep = CAM;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	other.orders = p->orders;
	other.orders.serial = 2;
	other.orders.has_release = true;
	other.orders.release_at = T0 + 100;
	ready(&other.orders);
	new_orders(p, T0 + 110, &other.orders);
	assert_int_equal(p->out.restricted, 0);
	assert_int_equal(p->out.why_no_pass, BSG_PASS_RELEASED);
	assert_int_equal(p->out.lift_by, T0 + 10 * HOUR);
	gate_in(p, T0 + 120, "house", T0 + 100, true);
	assert_int_equal(p->out.restricted, 0);
	gate_in(p, T0 + 130, "house", T0 + 101, true);
	assert_int_equal(p->out.restricted, CAM);
	other.orders.serial = 3;
	new_orders(p, T0 + 140, &other.orders);
	assert_int_equal(p->out.restricted, CAM);
	assert_true(p->out.may_pass);
}

static void D7_release_ends_after_24_hours(void **state)
{
	struct phone *p = house();

	(void)state;
	p->orders.places[0].max_stay = 3 * DAY;
	p->orders.has_release = true;
	p->orders.release_at = T0 + 100;
	ready(&p->orders);
	gate_in(p, T0, "house", 0, true);
	assert_int_equal(p->out.restricted, 0);
	assert_int_equal(p->out.next, T0 + DAY);	/* a release from the future counts as now */
	tick(p, T0 + DAY - 1);
	assert_int_equal(p->out.restricted, 0);
	tick(p, T0 + DAY);
	assert_int_equal(p->out.restricted, CAM);
}

static void zeroed_output_restricts_nothing_and_never_passes(void **state)
{
	struct bsg_output out;

	(void)state;
	memset(&out, 0, sizeof(out));
	assert_false(out.may_pass);
	assert_int_equal(out.restricted, 0);
	assert_int_equal(out.next, 0);
}

static void without_orders_nothing_is_restricted_and_nobody_passes(void **state)
{
	struct bsg_event e = { .kind = BSG_EVENT_GATE_IN, .time = { T0, 1000, true },
			       .u.gate = { .place = { "house", 5 }, .bound = true } };

	(void)state;
	memset(&phone.state, 0, sizeof(phone.state));
	assert_int_equal(bsg_step(NULL, NULL, 0, &phone.state, &e, &phone.state, &phone.out), BSG_OK);
	assert_int_equal(phone.out.restricted, 0);
	assert_false(phone.out.may_pass);
	assert_int_equal(phone.out.why_no_pass, BSG_PASS_ORDERS_EXPIRED);
}

static void orders_that_were_not_prepared_are_refused(void **state)
{
	struct phone *p = house();
	struct bsg_event e = { .kind = BSG_EVENT_TICK, .time = { T0, 1000, true } };

	(void)state;
	assert_int_equal(step(p, &e), BSG_E_INVALID);
	assert_false(p->out.may_pass);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D1_a_rule_restricts_where_the_device_is_present),
		cmocka_unit_test(D1_a_rule_without_place_restricts_in_its_window_anywhere),
		cmocka_unit_test(D1_a_rule_without_windows_in_its_list_never_holds),
		cmocka_unit_test(D1_an_exemption_takes_its_function_out_while_it_lasts),
		cmocka_unit_test(D1_a_rule_that_only_observes_restricts_nothing),
		cmocka_unit_test(D2_windows_are_half_open),
		cmocka_unit_test(D2_windows_that_touch_or_overlap_count_as_one),
		cmocka_unit_test(D2_rules_may_share_windows),
		cmocka_unit_test(D2_the_order_of_rules_places_and_windows_changes_nothing),
		cmocka_unit_test(O1_of_several_rules_the_one_that_ends_last_explains_then_the_smallest_id),
		cmocka_unit_test(O1_a_guest_rule_that_ends_at_the_same_time_explains_if_its_id_is_smaller),
		cmocka_unit_test(O2_apps_are_the_sorted_union),
		cmocka_unit_test(O6_lift_by_follows_windows_that_overlap_across_rules_up_to_the_lease),
		cmocka_unit_test(O7_next_skips_edges_that_change_nothing),
		cmocka_unit_test(D7_break_glass_lifts_for_its_minutes_and_is_reported),
		cmocka_unit_test(D7_pressing_while_it_runs_or_while_nothing_is_restricted_costs_nothing),
		cmocka_unit_test(D7_presses_are_counted_in_any_24_hours_across_orders),
		cmocka_unit_test(D7_unverified_time_gives_no_press_back),
		cmocka_unit_test(D7_a_function_stays_if_any_place_where_the_device_is_keeps_it),
		cmocka_unit_test(D7_break_glass_of_zero_is_refused),
		cmocka_unit_test(D7_release_lifts_all_until_a_later_gate_in_and_renewed_orders_do_not_release_again),
		cmocka_unit_test(D7_release_ends_after_24_hours),
		cmocka_unit_test(zeroed_output_restricts_nothing_and_never_passes),
		cmocka_unit_test(without_orders_nothing_is_restricted_and_nobody_passes),
		cmocka_unit_test(orders_that_were_not_prepared_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
