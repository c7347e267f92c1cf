/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold in any life of a phone: ticks are harmless, order is nothing, `next`
 * is exact, `lift_by` is kept, state survives a restart. Random lives from fixed seeds.
 */
#include "core_world.h"

#define LIVES 150
#define STEPS 150

static struct world world;
static struct phone phone, ticked, shuffled;
static struct bsg_orders mixed;

static void live(uint64_t seed)
{
	world_init(&world, seed);
	phone = (struct phone){ .orders = world.orders };
}

static void step_or_fail(struct phone *p, const struct bsg_event *e, uint64_t seed, int at)
{
	enum bsg_err code = step(p, e);

	if (code != BSG_OK)
		fail_msg("seed %u step %d: code %d", (unsigned)seed, at, code);
}

/* The answer that a tick at a later true time would give, without changing the phone. */
static const struct bsg_output *look_ahead(const struct phone *p, int64_t now, struct bsg_state *after)
{
	static struct bsg_output out;
	struct bsg_event e = { .kind = BSG_EVENT_TICK, .time = world_time(&world, now) };

	/* An unverified clock may run ahead of the real-time clock: continue from where it is. */
	e.time.utc = p->state.now + (now - world.now);
	assert_int_equal(bsg_step(&p->orders, p->guests, p->n_guests, &p->state, &e, after, &out), BSG_OK);
	assert_int_equal(out.n_reports, 0);
	return &out;
}

static void O7_next_is_the_first_moment_at_which_the_answer_differs(void **state)
{
	static struct bsg_state after;

	(void)state;
	for (uint64_t seed = 1; seed <= LIVES; seed++) {
		live(seed);
		for (int i = 0; i < STEPS; i++) {
			struct bsg_event e = world_event(&world);
			int64_t ahead, most;

			step_or_fail(&phone, &e, seed, i);
			ahead = phone.out.next - phone.state.now;
			most = phone.out.next == 0 ? 90000 : ahead;
			if (phone.out.next != 0 && (ahead <= 0 ||
			    same_answer(&phone.out, look_ahead(&phone, world.now + ahead, &after))))
				fail_msg("seed %u step %d: nothing differs at next", (unsigned)seed, i);
			for (int k = 0; k < 3 && most > 1; k++) {
				int64_t to = k == 0 ? most - 1 : 1 + world_roll(&world, (uint32_t)(most - 1));
				struct bsg_time time = world_time(&world, world.now + to);

				time.utc = phone.state.now + to;
				if (!same_answer(&phone.out, look_ahead(&phone, world.now + to, &after)))
					fail_msg("seed %u step %d: differs before next", (unsigned)seed, i);
				if (bsg_tick_is_quiet(&phone.orders, &phone.state, &time) &&
				    phone.state.quiet_until <= phone.state.now + to)
					fail_msg("seed %u step %d: quiet too long", (unsigned)seed, i);
			}
		}
	}
}

static void S4_ticks_between_events_change_no_later_answer(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= LIVES; seed++) {
		live(seed);
		ticked = phone;
		for (int i = 0; i < STEPS; i++) {
			int64_t from = world.now;
			bool unverified = world.unverified;
			struct bsg_event e = world_event(&world);

			for (int64_t t = from + 1; i > 0 && t < world.now && e.kind != BSG_EVENT_BOOT &&
			     unverified == world.unverified; t += 1 + world_roll(&world, 200)) {
				struct bsg_event tick = { .kind = BSG_EVENT_TICK, .time = world_time(&world, t) };

				step_or_fail(&ticked, &tick, seed, i);
			}
			step_or_fail(&phone, &e, seed, i);
			step_or_fail(&ticked, &e, seed, i);
			if (!same_answer(&phone.out, &ticked.out) || phone.out.next != ticked.out.next ||
			    !same_reports(&phone.out, &ticked.out) ||
			    memcmp(&phone.state, &ticked.state, sizeof(phone.state)) != 0)
				fail_msg("seed %u step %d: ticks made a difference", (unsigned)seed, i);
		}
	}
}

/* In sight is a bit by the order of evidence, which is not shuffled; so even the states are equal. */
static void D2_shuffled_orders_give_the_same_bytes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= LIVES; seed++) {
		live(seed);
		shuffled = phone;
		world_shuffle(&world, &shuffled.orders, &phone.orders);
		for (int i = 0; i < STEPS; i++) {
			struct bsg_event e = world_event(&world), same = e;

			if (e.kind == BSG_EVENT_ORDERS_CHANGED) {
				world_shuffle(&world, &mixed, e.u.orders);
				same.u.orders = &mixed;
			}
			step_or_fail(&phone, &e, seed, i);
			step_or_fail(&shuffled, &same, seed, i);
			if (!same_answer(&phone.out, &shuffled.out) || phone.out.next != shuffled.out.next ||
			    !same_reports(&phone.out, &shuffled.out) ||
			    memcmp(&phone.state, &shuffled.state, sizeof(phone.state)) != 0)
				fail_msg("seed %u step %d: order made a difference", (unsigned)seed, i);
		}
	}
}

static bool may_extend(const struct bsg_event *e)
{
	return e->kind != BSG_EVENT_TICK && e->kind != BSG_EVENT_BEACON_LOST && e->kind != BSG_EVENT_WIFI_LOST &&
	       e->kind != BSG_EVENT_GATE_OUT && e->kind != BSG_EVENT_BREAK_GLASS && e->kind != BSG_EVENT_CLOCK_CHANGED;
}

static void D6_nothing_is_restricted_at_lift_by_and_only_presence_or_orders_move_it_later(void **state)
{
	static struct bsg_state after;

	(void)state;
	for (uint64_t seed = 1; seed <= LIVES; seed++) {
		live(seed);
		for (int i = 0; i < STEPS; i++) {
			int64_t promised = phone.out.lift_by;
			bool was_auth = phone.state.auth != 0;
			struct bsg_event e = world_event(&world);

			step_or_fail(&phone, &e, seed, i);
			if (phone.out.restricted != 0 && phone.out.lift_by <= phone.state.now)
				fail_msg("seed %u step %d: restricted without end", (unsigned)seed, i);
			if (phone.out.lift_by != 0 && look_ahead(&phone, world.now + phone.out.lift_by -
								 phone.state.now, &after)->restricted != 0)
				fail_msg("seed %u step %d: restricted at lift_by", (unsigned)seed, i);
			if (promised != 0 && phone.state.now < promised && phone.out.lift_by > promised &&
			    !may_extend(&e) && was_auth == (phone.state.auth != 0) &&
			    !reported(&phone, BSG_OUT_CLOCK_CORRECTED))
				fail_msg("seed %u step %d: lift_by moved later", (unsigned)seed, i);
		}
	}
}

static void a_restart_between_any_two_steps_changes_nothing(void **state)
{
	static struct bsg_state again;

	(void)state;
	for (uint64_t seed = 1; seed <= LIVES; seed++) {
		live(seed);
		for (int i = 0; i < STEPS; i++) {
			struct bsg_event e = world_event(&world);
			uint8_t bytes[BSG_STATE_BYTES_MAX];
			size_t len;

			step_or_fail(&phone, &e, seed, i);
			len = bsg_state_encode(&phone.state, bytes);
			if (bsg_state_decode((struct bsg_bytes){ bytes, len }, &again) != BSG_OK ||
			    memcmp(&again, &phone.state, sizeof(again)) != 0)
				fail_msg("seed %u step %d: state did not come back", (unsigned)seed, i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(O7_next_is_the_first_moment_at_which_the_answer_differs),
		cmocka_unit_test(S4_ticks_between_events_change_no_later_answer),
		cmocka_unit_test(D2_shuffled_orders_give_the_same_bytes),
		cmocka_unit_test(D6_nothing_is_restricted_at_lift_by_and_only_presence_or_orders_move_it_later),
		cmocka_unit_test(a_restart_between_any_two_steps_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
