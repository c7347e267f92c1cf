/* SPDX-License-Identifier: Apache-2.0 */
/* D3 gates and lock-out, D4 weak evidence and self, D5 left without tapping out, D6 lease, D13 guest places. */
#include "core_phone.h"

#define LAT 511200000
#define LON 714200000
#define METRE 90	/* about, in 1e-7 degrees of latitude */

static struct phone phone;
static struct bsg_orders next;

/* A house of 200 m with a lab in it, and a depot elsewhere. Cameras are restricted in all. */
static struct phone *town(uint8_t enter_by)
{
	struct bsg_place *pl;

	phone_init(&phone);
	pl = place(&phone.orders, "house", NULL);
	pl->max_stay = 10 * HOUR;
	pl->enter_by = enter_by;
	evidence(pl, "door", BSG_EVIDENCE_BEACON);
	evidence(pl, "hall", BSG_EVIDENCE_BEACON);
	square(pl, LAT, LON, 100 * METRE);
	pl = place(&phone.orders, "lab", "house");
	pl->max_stay = 4 * HOUR;
	pl->enter_by = enter_by;
	evidence(pl, "bench", BSG_EVIDENCE_BEACON);
	place(&phone.orders, "depot", NULL)->enter_by = enter_by;
	evidence(&phone.orders.places[2], "dock", BSG_EVIDENCE_BEACON);
	rule(&phone.orders, "house", "house", CAM);
	rule(&phone.orders, "lab", "lab", MIC);
	rule(&phone.orders, "depot", "depot", CAM);
	ready(&phone.orders);
	return &phone;
}

static void away(struct phone *p, int64_t t, int32_t metres)
{
	fix(p, t, LAT + (100 + metres) * METRE, LON, 1000);
}

static void D3_presence_in_a_place_is_presence_in_its_parents_with_their_own_lease(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0 + 50, "lab", T0 + 40, true);
	assert_int_equal(p->out.n_present, 2);
	assert_int_equal(present_in(p, "lab")->anchor, T0 + 40);
	assert_int_equal(present_in(p, "lab")->end, T0 + 40 + 4 * HOUR);
	assert_int_equal(present_in(p, "house")->end, T0 + 40 + 10 * HOUR);
	assert_int_equal(present_in(p, "house")->since, T0 + 40);
	tick(p, T0 + 40 + 4 * HOUR);
	assert_null(present_in(p, "lab"));
	assert_non_null(present_in(p, "house"));
}

static void D3_a_later_at_counts_as_now(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "house", T0 + 500, true);
	assert_int_equal(present_in(p, "house")->anchor, T0);
}

static void D3_a_gate_in_not_later_than_the_last_gate_event_is_ignored_and_reported(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	gate_in(p, T0 + 10, "depot", T0, true);
	assert_null(present_in(p, "depot"));
	assert_true(reported(p, BSG_OUT_GATE_EVENT_STALE));
	assert_int_equal(p->out.reports[0].value, T0);
	gate_out(p, T0 + 20, "house", T0 + 15);
	gate_in(p, T0 + 30, "house", T0 + 15, true);
	assert_int_equal(p->out.n_present, 0);
	gate_in(p, T0 + 40, "house", T0 + 16, true);
	assert_int_equal(present_in(p, "house")->anchor, T0 + 16);
}

static void D3_a_bound_gate_in_ends_presence_elsewhere_an_unbound_one_only_adds(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "lab", 0, true);
	gate_in(p, T0 + 10, "depot", 0, false);
	assert_int_equal(p->out.n_present, 3);
	gate_in(p, T0 + 20, "depot", 0, true);
	assert_int_equal(p->out.n_present, 1);
	gate_in(p, T0 + 30, "lab", 0, true);
	gate_in(p, T0 + 40, "house", 0, true);	/* the lab is inside, not elsewhere */
	assert_int_equal(p->out.n_present, 2);
	assert_int_equal(present_in(p, "lab")->anchor, T0 + 30);
	assert_int_equal(present_in(p, "house")->anchor, T0 + 40);
	assert_int_equal(present_in(p, "house")->since, T0 + 30);
}

static void D3_gate_out_ends_its_place_and_all_inside_but_not_around(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "lab", 0, true);
	gate_out(p, T0 + 10, "lab", 0);
	assert_non_null(present_in(p, "house"));
	assert_null(present_in(p, "lab"));
	gate_in(p, T0 + 20, "lab", 0, true);
	gate_out(p, T0 + 30, "house", 0);
	assert_int_equal(p->out.n_present, 0);
	assert_int_equal(p->out.restricted, 0);
}

static void D3_gate_out_ends_what_is_anchored_up_to_10_s_after_it(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0 + 20, "house", T0 + 11, true);
	gate_out(p, T0 + 21, "house", T0);
	assert_non_null(present_in(p, "house"));
	gate_out(p, T0 + 22, "house", T0 + 1);
	assert_null(present_in(p, "house"));
}

static void D3_gate_out_never_begins_or_renews(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_out(p, T0, "house", 0);
	assert_int_equal(p->out.n_present, 0);
	assert_int_equal(p->out.n_reports, 0);
}

static void D3_an_unknown_place_is_reported_and_changes_nothing(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	gate_in(p, T0 + 10, "nowhere", 0, true);
	assert_true(reported(p, BSG_OUT_UNKNOWN_PLACE));
	assert_non_null(present_in(p, "house"));
	gate_out(p, T0 + 10, "nowhere", 0);
	assert_true(reported(p, BSG_OUT_UNKNOWN_PLACE));
	self_in(p, T0 + 10, "nowhere");
	assert_true(reported(p, BSG_OUT_UNKNOWN_PLACE));
	gate_in(p, T0 + 10, "depot", T0 + 5, true);	/* the unknown place moved no last gate event */
	assert_non_null(present_in(p, "depot"));
}

static void D3_a_beacon_beside_the_door_does_not_lock_again(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	seen(p, T0 + 10, "door");
	gate_out(p, T0 + 100, "house", 0);
	assert_int_equal(p->out.restricted, 0);
	lost(p, T0 + 110, "door");
	seen(p, T0 + 120, "door");
	assert_int_equal(p->out.restricted, 0);
	tick(p, T0 + 5000);
	assert_int_equal(p->out.restricted, 0);		/* still in sight */
	lost(p, T0 + 5000, "door");
	seen(p, T0 + 5179, "door");			/* not one unbroken grace */
	assert_int_equal(p->out.restricted, 0);
	lost(p, T0 + 5180, "door");
	seen(p, T0 + 5360, "door");
	assert_int_equal(p->out.restricted, CAM);
}

static void D3_the_lock_out_lasts_10_minutes_at_least_and_covers_places_inside(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON | BSG_ENTER_AREA);

	(void)state;
	gate_in(p, T0, "lab", 0, true);
	gate_out(p, T0 + 100, "house", 0);
	seen(p, T0 + 699, "bench");
	assert_int_equal(p->out.n_present, 0);
	lost(p, T0 + 699, "bench");
	seen(p, T0 + 700 + 178, "bench");
	assert_int_equal(p->out.n_present, 0);
	lost(p, T0 + 880, "bench");
	fix(p, T0 + 900, LAT, LON, 5000);
	assert_int_equal(p->out.n_present, 0);
	fix(p, T0 + 1080, LAT, LON, 5000);
	assert_int_equal(p->out.n_present, 1);
	assert_int_equal(present_in(p, "house")->by, BSG_BY_WEAK);
}

static void D3_a_gate_in_ends_the_lock_out(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	gate_out(p, T0 + 100, "house", 0);
	gate_in(p, T0 + 110, "house", 0, true);
	assert_int_equal(p->state.places[1].lock_until, 0);
	assert_int_equal(p->out.restricted, CAM);
}

static void D3_a_late_gate_out_lets_weak_presence_begun_since_fade(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	seen(p, T0, "door");
	gate_out(p, T0 + 300, "house", T0 - 60);	/* the server's word comes late; presence is anchored after it */
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(p->out.next, T0 + 480);	/* its beacon does not count any more */
	tick(p, T0 + 480);
	assert_int_equal(p->out.restricted, 0);
}

static void D4_weak_evidence_begins_presence_only_where_enter_by_says_so(void **state)
{
	struct phone *p = town(0);

	(void)state;
	seen(p, T0, "door");
	fix(p, T0 + 1, LAT, LON, 5000);
	assert_int_equal(p->out.n_present, 0);
	p = town(BSG_ENTER_WIFI);
	seen(p, T0, "door");
	assert_int_equal(p->out.n_present, 0);
	p = town(BSG_ENTER_BEACON);
	seen(p, T0, "bench");
	assert_int_equal(p->out.n_present, 2);
	assert_int_equal(present_in(p, "house")->by, BSG_BY_WEAK);
	assert_int_equal(present_in(p, "lab")->end, T0 + 4 * HOUR);
}

static void D4_an_id_already_in_sight_does_not_arrive_again(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	seen(p, T0, "door");
	gate_in(p, T0 + 10, "depot", 0, true);
	assert_null(present_in(p, "house"));
	seen(p, T0 + 20, "door");
	assert_null(present_in(p, "house"));
	lost(p, T0 + 30, "door");
	seen(p, T0 + 40, "door");
	assert_non_null(present_in(p, "house"));
}

static void D4_weak_presence_ends_a_grace_after_the_last_was_lost(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	seen(p, T0, "door");
	seen(p, T0 + 10, "hall");
	lost(p, T0 + 1000, "door");
	tick(p, T0 + 2000);
	assert_int_equal(p->out.restricted, CAM);
	lost(p, T0 + 2000, "hall");
	assert_int_equal(p->out.next, T0 + 2180);
	tick(p, T0 + 2179);
	assert_int_equal(p->out.restricted, CAM);
	tick(p, T0 + 2180);
	assert_int_equal(p->out.restricted, 0);
	seen(p, T0 + 2181, "hall");
	assert_int_equal(p->out.restricted, CAM);
}

static void D4_a_fix_outside_by_more_than_30_m_ends_it_unless_a_beacon_is_in_sight(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	seen(p, T0, "door");
	away(p, T0 + 10, 50);
	assert_int_equal(p->out.restricted, CAM);
	lost(p, T0 + 20, "door");
	away(p, T0 + 30, 25);
	assert_int_equal(p->out.restricted, CAM);
	away(p, T0 + 40, 50);
	assert_int_equal(p->out.restricted, 0);
}

static void D4_a_fix_counts_only_inside_by_more_than_its_accuracy_and_not_mock(void **state)
{
	struct phone *p = town(BSG_ENTER_AREA);
	struct bsg_event e = { .kind = BSG_EVENT_FIX, .time = { T0 + 9, 1009000, true },
			       .u.fix = { LAT, LON, 5000, true } };

	(void)state;
	fix(p, T0, LAT, LON, 110000);
	assert_int_equal(p->out.n_present, 0);
	fix(p, T0, LAT, LON, 0);
	assert_int_equal(p->out.n_present, 0);
	assert_int_equal(step(p, &e), BSG_OK);
	assert_int_equal(p->out.n_present, 0);
	fix(p, T0 + 10, LAT, LON, 60000);
	assert_int_equal(p->out.n_present, 1);
	assert_int_equal(p->out.next, T0 + 190);
	fix(p, T0 + 100, LAT, LON, 60000);
	assert_int_equal(p->out.next, T0 + 280);
}

static void D4_self_in_lapses_and_repeating_it_extends_nothing(void **state)
{
	struct phone *p = town(BSG_ENTER_SELF);

	(void)state;
	self_in(p, T0, "house");
	assert_int_equal(present_in(p, "house")->by, BSG_BY_SELF);
	assert_true(p->out.may_pass);
	self_in(p, T0 + 800, "house");
	assert_int_equal(p->out.next, T0 + 900);
	seen(p, T0 + 850, "door");
	lost(p, T0 + 1000, "door");
	assert_int_equal(p->out.next, T0 + 1900);
	tick(p, T0 + 1900);
	assert_int_equal(p->out.n_present, 0);
}

static void D4_self_in_needs_enter_by_and_never_shortens_other_presence(void **state)
{
	struct phone *p = town(0);

	(void)state;
	self_in(p, T0, "house");
	assert_int_equal(p->out.n_present, 0);
	p = town(BSG_ENTER_SELF);
	gate_in(p, T0, "house", 0, true);
	self_in(p, T0 + 10, "lab");
	assert_int_equal(present_in(p, "house")->by, BSG_BY_GATE);
	assert_int_equal(present_in(p, "lab")->by, BSG_BY_SELF);
	tick(p, T0 + 910);
	assert_null(present_in(p, "lab"));
	assert_non_null(present_in(p, "house"));
}

static void D5_two_far_fixes_two_minutes_apart_lift_as_left_unconfirmed(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "lab", 0, true);
	away(p, T0 + 10, 310);
	away(p, T0 + 129, 310);
	assert_int_equal(p->out.restricted, CAM | MIC);
	away(p, T0 + 130, 310);
	assert_int_equal(p->out.restricted, 0);
	assert_int_equal(p->out.n_present, 0);
	assert_true(reported(p, BSG_OUT_LEFT_UNCONFIRMED));
	assert_int_equal(p->out.why_no_pass, BSG_PASS_LEFT_UNCONFIRMED);
	gate_out(p, T0 + 200, "house", 0);
	assert_int_equal(p->out.why_no_pass, BSG_PASS_ABSENT);
}

static void D5_a_nearer_fix_a_beacon_a_boot_or_a_gate_in_starts_the_count_anew(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	away(p, T0 + 10, 310);
	away(p, T0 + 60, 290);
	away(p, T0 + 140, 310);
	assert_int_equal(p->out.restricted, CAM);
	seen(p, T0 + 150, "bench");	/* a place inside counts too */
	away(p, T0 + 300, 310);		/* in sight: not contrary */
	lost(p, T0 + 310, "bench");
	away(p, T0 + 320, 310);
	boot(p, T0 + 400);
	away(p, T0 + 450, 310);
	gate_in(p, T0 + 500, "depot", 0, false);
	away(p, T0 + 580, 310);
	away(p, T0 + 699, 310);
	assert_int_equal(p->out.n_present, 2);
	away(p, T0 + 700, 310);
	assert_null(present_in(p, "house"));
	assert_non_null(present_in(p, "depot"));
}

static void D5_places_that_switch_it_off_stay(void **state)
{
	struct phone *p = town(0);

	(void)state;
	p->orders.places[1].left_unconfirmed = false;
	gate_in(p, T0, "lab", 0, true);
	away(p, T0 + 10, 310);
	away(p, T0 + 130, 310);
	assert_null(present_in(p, "house"));
	assert_non_null(present_in(p, "lab"));
	p = town(0);
	p->orders.places[0].left_unconfirmed = false;
	gate_in(p, T0, "lab", 0, true);
	away(p, T0 + 10, 310);
	away(p, T0 + 130, 310);
	assert_int_equal(p->out.n_present, 2);
}

static void D5_afterwards_enter_by_begins_presence(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	away(p, T0 + 10, 310);
	away(p, T0 + 130, 310);
	seen(p, T0 + 140, "door");
	assert_int_equal(p->out.restricted, CAM);
	assert_true(p->out.may_pass);
}

static void D6_presence_by_gate_lasts_max_stay_from_its_anchor_whatever_is_in_sight(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);
	int64_t end = T0 + 10 * HOUR;

	(void)state;
	gate_in(p, T0, "house", 0, true);
	for (int64_t t = T0 + 60; t < end; t += 1800)
		seen(p, t, "door");
	assert_int_equal(p->out.lift_by, end);
	tick(p, end - 1);
	assert_int_equal(p->out.restricted, CAM);
	tick(p, end);
	assert_int_equal(p->out.restricted, 0);
	lost(p, end + 10, "door");
	seen(p, end + 100, "door");	/* not gone for a grace: locked out */
	assert_int_equal(p->out.restricted, 0);
	lost(p, end + 110, "door");
	seen(p, end + 290, "door");	/* gone for a grace, without the 10 minutes: begins anew */
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(p->out.lift_by, end + 290 + 10 * HOUR);
}

static void D6_ticks_in_between_change_nothing_about_the_lock_out(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	seen(p, T0 + 10 * HOUR + 200, "door");	/* the lease ended 200 s ago, a grace ago */
	assert_int_equal(p->out.restricted, CAM);
	p = town(BSG_ENTER_BEACON);
	gate_in(p, T0, "house", 0, true);
	tick(p, T0 + 10 * HOUR + 100);
	seen(p, T0 + 10 * HOUR + 200, "door");
	assert_int_equal(p->out.restricted, CAM);
}

static void D6_weak_presence_is_anchored_at_its_beginning(void **state)
{
	struct phone *p = town(BSG_ENTER_BEACON);

	(void)state;
	seen(p, T0, "door");
	seen(p, T0 + HOUR, "hall");
	tick(p, T0 + 10 * HOUR - 1);
	assert_int_equal(p->out.restricted, CAM);
	tick(p, T0 + 10 * HOUR);
	assert_int_equal(p->out.restricted, 0);
	tick(p, T0 + 20 * HOUR);	/* in sight all the time: never again */
	assert_int_equal(p->out.restricted, 0);
}

static void D6_new_orders_may_shorten_a_running_lease_never_lengthen_it(void **state)
{
	struct phone *p = town(0);

	(void)state;
	gate_in(p, T0, "house", 0, true);
	next = p->orders;
	next.serial = 2;
	next.places[0].max_stay = 20 * HOUR;
	ready(&next);
	new_orders(p, T0 + 10, &next);
	assert_int_equal(present_in(p, "house")->end, T0 + 10 * HOUR);
	next.serial = 3;
	next.places[0].max_stay = HOUR;
	ready(&next);
	new_orders(p, T0 + 20, &next);
	assert_int_equal(present_in(p, "house")->end, T0 + HOUR);
	gate_in(p, T0 + 30, "house", 0, true);
	assert_int_equal(present_in(p, "house")->end, T0 + 30 + HOUR);
}

static struct bsg_guest guest(const char *id, uint8_t digest)
{
	return (struct bsg_guest){ .place = str(id), .functions = CAM | MIC, .max_stay = HOUR,
		.because = { .en = str(id) }, .digest = { digest } };
}

static void D13_a_guest_place_restricts_until_gate_out_or_its_lease(void **state)
{
	struct phone *p = town(0);
	struct bsg_guest g = guest("court", 1);

	(void)state;
	p->orders.exemptions[p->orders.n_exemptions++] = (struct bsg_exemption){ CAM, T0, T0 + DAY };
	gate_in_guest(p, T0, &g, 0, true);
	assert_int_equal(p->out.restricted, CAM | MIC);		/* the orders' exemptions do not apply */
	assert_memory_equal(p->out.why[BSG_CAMERA].rule.ptr, "guest", 5);
	assert_int_equal(p->out.lift_by, T0 + HOUR);
	assert_int_equal(p->n_guests, 1);
	tick(p, T0 + 10);
	assert_int_equal(p->out.restricted, CAM | MIC);
	gate_out(p, T0 + 20, "court", 0);
	assert_int_equal(p->out.restricted, 0);
	assert_false(bsg_state_needs_guest(&p->state, &g));
	gate_in_guest(p, T0 + 30, &g, 0, true);
	tick(p, T0 + 30 + HOUR);
	assert_int_equal(p->out.restricted, 0);
}

static void D13_two_guests_at_most_a_third_is_refused_and_reported(void **state)
{
	struct phone *p = town(0);
	struct bsg_guest a = guest("court", 1), b = guest("archive", 2), c = guest("mint", 3);

	(void)state;
	gate_in_guest(p, T0, &a, 0, false);
	gate_in_guest(p, T0 + 1, &b, 0, false);
	assert_int_equal(p->out.n_present, 2);
	assert_memory_equal(p->out.present[0].place.ptr, "archive", 7);
	gate_in_guest(p, T0 + 2, &c, 0, false);
	assert_true(reported(p, BSG_OUT_GUEST_REFUSED));
	assert_int_equal(p->out.n_present, 2);
	gate_in_guest(p, T0 + 3, &c, 0, true);	/* bound: presence elsewhere ends, so there is room */
	assert_int_equal(p->out.n_present, 1);
	assert_non_null(present_in(p, "mint"));
}

static void D13_the_newest_credential_replaces(void **state)
{
	struct phone *p = town(0);
	struct bsg_guest a = guest("court", 1), b = guest("court", 2);

	(void)state;
	b.functions = CAM;
	b.max_stay = 2 * HOUR;
	gate_in_guest(p, T0, &a, 0, true);
	gate_in_guest(p, T0 + 10, &b, 0, true);
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(p->out.lift_by, T0 + 10 + 2 * HOUR);
	assert_false(bsg_state_needs_guest(&p->state, &a));
	assert_true(bsg_state_needs_guest(&p->state, &b));
}

static void D13_a_credential_that_the_host_lost_lifts(void **state)
{
	struct phone *p = town(0);
	struct bsg_guest a = guest("court", 1);

	(void)state;
	gate_in_guest(p, T0, &a, 0, true);
	p->n_guests = 0;
	tick(p, T0 + 10);
	assert_int_equal(p->out.restricted, 0);
	assert_true(reported(p, BSG_OUT_PLACE_GONE));
}

static void D13_orders_that_learn_the_place_take_it_over_with_its_lease(void **state)
{
	struct phone *p = town(0);
	struct bsg_guest a = guest("court", 1);

	(void)state;
	gate_in_guest(p, T0, &a, 0, true);
	next = p->orders;
	next.serial = 2;
	place(&next, "court", NULL);
	rule(&next, "court", "court", MIC);
	ready(&next);
	new_orders(p, T0 + 10, &next);
	assert_int_equal(p->out.restricted, MIC);
	assert_int_equal(present_in(p, "court")->end, T0 + HOUR);
	assert_int_equal(p->n_guests, 0);
}

static void D13_a_credential_for_a_place_of_the_orders_is_not_read(void **state)
{
	struct phone *p = town(0);
	struct bsg_guest a = guest("depot", 1);

	(void)state;
	gate_in_guest(p, T0, &a, 0, true);
	assert_int_equal(p->out.restricted, CAM);
	assert_int_equal(p->n_guests, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D3_presence_in_a_place_is_presence_in_its_parents_with_their_own_lease),
		cmocka_unit_test(D3_a_later_at_counts_as_now),
		cmocka_unit_test(D3_a_gate_in_not_later_than_the_last_gate_event_is_ignored_and_reported),
		cmocka_unit_test(D3_a_bound_gate_in_ends_presence_elsewhere_an_unbound_one_only_adds),
		cmocka_unit_test(D3_gate_out_ends_its_place_and_all_inside_but_not_around),
		cmocka_unit_test(D3_gate_out_ends_what_is_anchored_up_to_10_s_after_it),
		cmocka_unit_test(D3_gate_out_never_begins_or_renews),
		cmocka_unit_test(D3_an_unknown_place_is_reported_and_changes_nothing),
		cmocka_unit_test(D3_a_beacon_beside_the_door_does_not_lock_again),
		cmocka_unit_test(D3_the_lock_out_lasts_10_minutes_at_least_and_covers_places_inside),
		cmocka_unit_test(D3_a_gate_in_ends_the_lock_out),
		cmocka_unit_test(D3_a_late_gate_out_lets_weak_presence_begun_since_fade),
		cmocka_unit_test(D4_weak_evidence_begins_presence_only_where_enter_by_says_so),
		cmocka_unit_test(D4_an_id_already_in_sight_does_not_arrive_again),
		cmocka_unit_test(D4_weak_presence_ends_a_grace_after_the_last_was_lost),
		cmocka_unit_test(D4_a_fix_outside_by_more_than_30_m_ends_it_unless_a_beacon_is_in_sight),
		cmocka_unit_test(D4_a_fix_counts_only_inside_by_more_than_its_accuracy_and_not_mock),
		cmocka_unit_test(D4_self_in_lapses_and_repeating_it_extends_nothing),
		cmocka_unit_test(D4_self_in_needs_enter_by_and_never_shortens_other_presence),
		cmocka_unit_test(D5_two_far_fixes_two_minutes_apart_lift_as_left_unconfirmed),
		cmocka_unit_test(D5_a_nearer_fix_a_beacon_a_boot_or_a_gate_in_starts_the_count_anew),
		cmocka_unit_test(D5_places_that_switch_it_off_stay),
		cmocka_unit_test(D5_afterwards_enter_by_begins_presence),
		cmocka_unit_test(D6_presence_by_gate_lasts_max_stay_from_its_anchor_whatever_is_in_sight),
		cmocka_unit_test(D6_ticks_in_between_change_nothing_about_the_lock_out),
		cmocka_unit_test(D6_weak_presence_is_anchored_at_its_beginning),
		cmocka_unit_test(D6_new_orders_may_shorten_a_running_lease_never_lengthen_it),
		cmocka_unit_test(D13_a_guest_place_restricts_until_gate_out_or_its_lease),
		cmocka_unit_test(D13_two_guests_at_most_a_third_is_refused_and_reported),
		cmocka_unit_test(D13_the_newest_credential_replaces),
		cmocka_unit_test(D13_a_credential_that_the_host_lost_lifts),
		cmocka_unit_test(D13_orders_that_learn_the_place_take_it_over_with_its_lease),
		cmocka_unit_test(D13_a_credential_for_a_place_of_the_orders_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
