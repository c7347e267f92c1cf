/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B1: what one step of the decision costs, with 16 rules and 8 places.
 *
 * Orders as full as they get in life: 16 rules with 35 working days each, presence in
 * five places, beacons in sight, areas of 16 vertices. Medians of five runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bosaga/decide.h>

#define RUNS 5
#define STEPS 200000
#define T0 INT64_C(1800000000)
#define DAY 86400

static struct bsg_orders orders;
static struct bsg_state start, state;
static struct bsg_output out;
static char ids[BSG_RULES_MAX + BSG_PLACES_MAX][8];

static struct bsg_str id(size_t i, char letter)
{
	int len = snprintf(ids[i], sizeof(ids[i]), "%c-%02zu", letter, i);

	return (struct bsg_str){ ids[i], (size_t)len };
}

static void make_place(size_t i)
{
	struct bsg_place *p = &orders.places[i];

	*p = (struct bsg_place){ .id = id(i, 'p'), .max_stay = 50400, .grace = 180, .self_stay = 900,
		.enter_by = BSG_ENTER_BEACON, .left_unconfirmed = true };
	if (i > 0 && i < 5)
		p->parent = orders.places[i - 1].id;
	for (size_t e = 0; e < 4; e++)
		p->evidence[p->n_evidence++] = (struct bsg_evidence){ .id = { &"k0k1k2k3"[2 * e], 2 } };
	for (size_t v = 0; v < 16; v++)		/* a ring, roughly */
		p->area[p->n_vertices++] = (struct bsg_vertex){
			.lat = 511200000 + (int32_t)((v < 8 ? v : 16 - v) * 1000),
			.lon = 714200000 + (int32_t)(((v + 4) % 16 < 8 ? (v + 4) % 16 : 16 - (v + 4) % 16) * 1000) };
}

static void make_orders(void)
{
	orders = (struct bsg_orders){ .device = { 1 }, .serial = 1, .expires = T0 + 35 * DAY, .max_stay = 50400,
		.break_glass_minutes = 10, .break_glass_per_day = 2, .n_places = BSG_PLACES_MAX,
		.n_rules = BSG_RULES_MAX };
	for (size_t i = 0; i < BSG_PLACES_MAX; i++)
		make_place(i);
	for (size_t i = 0; i < BSG_RULES_MAX; i++) {
		struct bsg_rule *r = &orders.rules[i];

		*r = (struct bsg_rule){ .id = id(BSG_PLACES_MAX + i, 'r'), .place = orders.places[i % 8].id,
			.restrict_functions = (BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_MICROPHONE)) << i % 8,
			.enforce = i != 7, .first_window = (uint16_t)orders.n_windows };
		for (int64_t day = 0; day < 30; day++, r->n_windows++)
			orders.windows[orders.n_windows++] = (struct bsg_window){
				T0 + day * DAY + 60 * (int64_t)i, T0 + day * DAY + 32400 + 60 * (int64_t)i };
	}
	if (bsg_orders_prepare(&orders, NULL) != BSG_OK)
		abort();
}

static void step(enum bsg_event_kind kind, int64_t t, struct bsg_str name)
{
	struct bsg_event e = { .kind = kind, .time = { .utc = t, .mono_ms = (t - T0 + 10) * 1000, .auth = true } };

	if (kind == BSG_EVENT_GATE_IN) {
		e.u.gate.place = name;
		e.u.gate.bound = true;
	} else if (kind == BSG_EVENT_FIX) {
		e.u.fix.lat = 511204000;
		e.u.fix.lon = 714204000;
		e.u.fix.accuracy_mm = 5000;
	} else {
		e.u.id = name;
	}
	if (bsg_step(&orders, NULL, 0, &state, &e, &state, &out) != BSG_OK)
		abort();
}

static void ticks(void)
{
	for (int i = 0; i < STEPS; i++)
		step(BSG_EVENT_TICK, T0 + 3600 + i / 1000, (struct bsg_str){ NULL, 0 });
}

/* Every step crosses into or out of a place: anchors, leases and answers change. */
static void crossings(void)
{
	for (int i = 0; i < STEPS; i++) {
		state.last_gate = 0;
		step(BSG_EVENT_GATE_IN, T0 + 3600 + i / 1000, orders.places[i % 8].id);
	}
}

static void beacons(void)
{
	for (int i = 0; i < STEPS; i++)
		step(i % 2 == 0 ? BSG_EVENT_BEACON_SEEN : BSG_EVENT_BEACON_LOST, T0 + 3600 + i / 1000,
		     (struct bsg_str){ "k1", 2 });
}

static void fixes(void)
{
	for (int i = 0; i < STEPS; i++)
		step(BSG_EVENT_FIX, T0 + 3600 + i / 1000, (struct bsg_str){ NULL, 0 });
}

static void quiet(void)
{
	struct bsg_time t = { .utc = T0 + 3600, .mono_ms = (3600 + 10) * 1000, .auth = true };

	for (int i = 0; i < STEPS * 10; i++) {
		t.utc = T0 + 3600 + i / 1000;
		t.mono_ms = (i / 1000 + 3600 + 10) * 1000;
		if (!bsg_tick_is_quiet(&orders, &state, &t))
			abort();
		__asm__ volatile("" : : "r"(&t) : "memory");
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double median_ns(void (*run)(void), int steps)
{
	double ns[RUNS];

	for (int i = 0; i < RUNS; i++) {
		double from;

		state = start;
		from = seconds();
		run();
		ns[i] = (seconds() - from) * 1e9 / steps;
	}
	qsort(ns, RUNS, sizeof(ns[0]), by_value);
	return ns[RUNS / 2];
}

static void say(const char *what, double ns, const char *target, double most)
{
	printf("{\"bench\":\"B1\",\"what\":\"%s\",\"value\":%.1f,\"unit\":\"ns\",\"target\":\"%s\",\"met\":%s", what, ns,
	       target, ns <= most ? "true" : "false");
	printf(ns <= most ? "}\n" : ",\"why\":\"CPU time of this process, median of 5; a slower or busy core shows here\"}\n");
}

int main(void)
{
	make_orders();
	step(BSG_EVENT_GATE_IN, T0 + 3500, orders.places[4].id);
	step(BSG_EVENT_BEACON_SEEN, T0 + 3510, (struct bsg_str){ "k0", 2 });
	step(BSG_EVENT_TICK, T0 + 3600, (struct bsg_str){ NULL, 0 });
	start = state;
	say("step: tick, 16 rules x 8 places, present in 8", median_ns(ticks, STEPS), "<= 1 us", 1000);
	say("step: gate_in, 16 rules x 8 places", median_ns(crossings, STEPS), "<= 1 us", 1000);
	say("step: beacon seen or lost, 16 rules x 8 places", median_ns(beacons, STEPS), "<= 1 us", 1000);
	say("step: fix inside 8 areas of 16 vertices", median_ns(fixes, STEPS), "none: geometry beside the step", 1e9);
	say("nothing changed: bsg_tick_is_quiet", median_ns(quiet, STEPS * 10), "<= 100 ns", 100);
	return EXIT_SUCCESS;
}
