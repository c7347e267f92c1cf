/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for any explanation: it restricts what the decision restricts, and its reason fits the facts. Random
 * lives from fixed seeds; each reason is tried by taking away what it names and deciding again. P23, P24, P28 to P30.
 */
#include "core_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timetext.h"
#include "policy/explain.h"

#define LIVES 120
#define STEPS 60

static struct bsg_coverage *coverage;
static struct world world;
static struct phone phone;
static struct bsg_orders mixed;
static char where[80];		/* for messages: which seed, which step */
static unsigned n_codes[11];	/* how often each reason was met */
static const char *const codes[11] = { "no_rule", "observe", "not_now", "elsewhere", "lease_over", "time_unverified", "exempt",
				       "break_glass", "released", "expired", "no_orders" };

static int set_up(void **state)
{
	(void)state;
	return bsg_coverage_load(&coverage, NULL) == BSG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	bsg_coverage_free(coverage);
	return 0;
}

static json_t *explain(const struct bsg_explain_query *query)
{
	struct bsg_explain_query q = *query;
	struct bsg_error err;
	json_t *rows;

	q.coverage = coverage;
	q.phone.kind = "linux-agent";
	if (bsg_explain(&q, &rows, &err) != BSG_OK)
		fail_msg("%s: %s", where, err.text);
	return rows;
}

static struct bsg_explain_query query_of(const struct phone *p)
{
	return (struct bsg_explain_query){ .orders = &p->orders, .at = p->state.now, .state = &p->state,
					   .unverified = p->state.auth == 0, .guests = p->guests, .n_guests = p->n_guests };
}

static const char *text(json_t *row, const char *key)
{
	const char *got = json_string_value(json_object_get(row, key));

	return got != NULL ? got : "";
}

static int64_t time_of(json_t *row, const char *key)
{
	const char *value = text(row, key);
	int64_t time = 0;

	if (value[0] != '\0')
		assert_int_equal(bsg_time_parse(value, strlen(value), &time, NULL), BSG_OK);
	return time;
}

static bool is(struct bsg_str a, const char *b)
{
	return a.len == strlen(b) && (a.len == 0 || memcmp(a.ptr, b, a.len) == 0);
}

static void expect(bool holds, json_t *row, const char *what)
{
	if (!holds)
		fail_msg("%s: %s: %s", where, what, json_dumps(row, JSON_COMPACT));
}

/* ---- deciding again with something changed ----------------------------- */

static struct phone other;

/* What a tick restricts at the same moment. */
static uint32_t restricted_again(void)
{
	struct bsg_event tick = { .kind = BSG_EVENT_TICK, .time = { .utc = other.state.now, .mono_ms = other.state.mono_ms,
								    .auth = other.state.auth != 0 } };

	assert_int_equal(bsg_step(&other.orders, other.guests, other.n_guests, &other.state, &tick, &other.state, &other.out), BSG_OK);
	return other.out.restricted;
}

static void without_exemptions_and_glass(void)
{
	other.orders.n_exemptions = 0;
	other.state.break_glass_until = 0;
}

/* As if the phone had come into this place alone. */
static void with_presence(const char *place)
{
	for (size_t i = 0; i < BSG_PLACES_MAX; i++) {
		struct bsg_place_state *slot = &other.state.places[i];

		if (strncmp(slot->id, place, BSG_ID_MAX) != 0 || place[0] == '\0')
			continue;
		slot->by = BSG_BY_GATE;
		slot->since = slot->anchor = slot->evidence = other.state.now - 1;
		slot->end = other.state.now + 100;
		return;
	}
}

static struct bsg_rule *rule_named(const char *id)
{
	for (size_t i = 0; i < other.orders.n_rules; i++)
		if (is(other.orders.rules[i].id, id))
			return &other.orders.rules[i];
	return NULL;
}

static bool is_present(const struct bsg_output *out, const char *place)
{
	for (size_t i = 0; i < out->n_present; i++)
		if (is(out->present[i].place, place))
			return true;
	return false;
}

static bool exempt_at(uint32_t function, int64_t at)
{
	for (size_t i = 0; i < phone.orders.n_exemptions; i++)
		if ((phone.orders.exemptions[i].functions & function) != 0 && phone.orders.exemptions[i].from <= at &&
		    at < phone.orders.exemptions[i].until)
			return true;
	return false;
}

/* ---- one check a reason ------------------------------------------------ */

static void no_rule(json_t *row, uint32_t function)
{
	for (size_t i = 0; i < phone.orders.n_rules; i++)
		expect((phone.orders.rules[i].restrict_functions & function) == 0, row, "a rule names it");
}

static void observe(json_t *row, uint32_t function)
{
	struct bsg_rule *rule = rule_named(text(row, "why_not_rule"));

	expect(rule != NULL && !rule->enforce && (rule->restrict_functions & function) != 0, row, "no such observed rule");
	without_exemptions_and_glass();
	expect((restricted_again() & function) == 0, row, "an enforced rule holds");
	rule->enforce = true;
	if ((restricted_again() & function) != 0)
		return;
	for (size_t i = 0; i < phone.orders.n_rules; i++)	/* it does not hold: only such rules are left */
		expect((phone.orders.rules[i].restrict_functions & function) == 0 || !phone.orders.rules[i].enforce, row,
		       "an enforced rule is nearer");
}

static void not_now(json_t *row, uint32_t function)
{
	struct bsg_rule *rule = rule_named(text(row, "why_not_rule"));
	const int64_t next = time_of(row, "why_not_time"), now = phone.state.now;
	int64_t first = 0;

	expect(rule != NULL && rule->enforce && !rule->always, row, "no such rule");
	for (size_t i = 0; i < rule->n_windows; i++) {
		const struct bsg_window *w = &other.orders.windows[rule->first_window + i];

		expect(now < w->from || w->until <= now, row, "it is its time");
		if (w->from > now && (first == 0 || w->from < first))
			first = w->from;
	}
	expect(first == next, row, "another next time");
	if (rule->n_windows == 0)
		return;
	without_exemptions_and_glass();
	expect((restricted_again() & function) == 0, row, "an enforced rule holds");
	other.orders.windows[rule->first_window] = (struct bsg_window){ now - 1, now + 1 };
	rule->n_windows = 1;
	with_presence(text(row, "why_not_place"));
	expect((restricted_again() & function) != 0, row, "in time it would not be restricted either");
}

static void elsewhere(json_t *row, uint32_t function)
{
	const char *place = text(row, "why_not_place");

	expect(!is_present(&phone.out, place), row, "the phone is there");
	without_exemptions_and_glass();
	expect((restricted_again() & function) == 0, row, "an enforced rule holds");
	with_presence(place);
	expect((restricted_again() & function) != 0, row, "there it would not be restricted either");
}

static void time_unverified(json_t *row, uint32_t function)
{
	expect(phone.state.auth == 0 && time_of(row, "why_not_time") <= (int64_t)phone.state.now, row, "the time is confirmed");
	elsewhere(row, function);
}

static void exempt(json_t *row, uint32_t function)
{
	const int64_t until = time_of(row, "why_not_time");

	expect((restricted_again() & function) == 0, row, "a tick restricts it");
	other.orders.n_exemptions = 0;
	expect((restricted_again() & function) != 0, row, "without exemptions it would not be restricted either");
	for (int64_t t = phone.state.now; t < until; t++)
		expect(exempt_at(function, t), row, "exempt until later than it is");
	expect(until > (int64_t)phone.state.now && !exempt_at(function, until), row, "exempt until earlier than it is");
}

static void break_glass(json_t *row, uint32_t function)
{
	expect(time_of(row, "why_not_time") == (int64_t)phone.state.break_glass_until &&
	       phone.state.break_glass_until > phone.state.now, row, "break-glass does not run");
	other.orders.n_exemptions = 0;
	expect((restricted_again() & function) == 0, row, "break-glass does not lift it here");
	without_exemptions_and_glass();
	expect((restricted_again() & function) != 0, row, "without break-glass it would not be restricted either");
}

static void released(json_t *row, uint32_t function)
{
	(void)function;
	expect(phone.out.why_no_pass == BSG_PASS_RELEASED && time_of(row, "why_not_time") == (int64_t)phone.state.release_at, row,
	       "not released");
}

static void expired(json_t *row, uint32_t function)
{
	(void)function;
	expect(phone.out.why_no_pass == BSG_PASS_ORDERS_EXPIRED && time_of(row, "why_not_time") == phone.orders.expires, row,
	       "not expired");
}

/* A real state says nothing about leases that ended, and every phone of this world has orders. */
static void never(json_t *row, uint32_t function)
{
	(void)function;
	expect(false, row, "this cannot be known");
}

static void (*const checks[11])(json_t *row, uint32_t function) = { no_rule, observe, not_now, elsewhere, never, time_unverified, exempt,
								    break_glass, released, expired, never };

static void check_free(json_t *row, unsigned f)
{
	const char *code = text(row, "why_not_code");

	if (phone.out.why_no_pass == BSG_PASS_ORDERS_EXPIRED || phone.out.why_no_pass == BSG_PASS_RELEASED)
		expect(strcmp(code, "expired") == 0 || strcmp(code, "released") == 0, row, "all is lifted");
	for (size_t i = 0; i < 11; i++)
		if (strcmp(codes[i], code) == 0) {
			n_codes[i]++;
			other = phone;
			checks[i](row, BSG_BIT(f));
			return;
		}
	expect(false, row, "no such reason");
}

static void check_restricted(json_t *row, const struct bsg_out_why *why)
{
	expect(is(why->rule, text(row, "rule")) && is(why->place, text(row, "place")) && time_of(row, "until") == why->until, row,
	       "another rule, place or end");
	expect(json_is_null(json_object_get(row, "why_not")), row, "restricted, and a reason why not");
}

static void an_explanation_never_disagrees_with_the_decision(void **state)
{
	(void)state;
	memset(n_codes, 0, sizeof(n_codes));
	for (unsigned seed = 1; seed <= LIVES; seed++) {
		world_init(&world, seed);
		phone = (struct phone){ .orders = world.orders };
		for (int i = 0; i < STEPS; i++) {
			const struct bsg_event event = world_event(&world);

			snprintf(where, sizeof(where), "seed %u step %d", seed, i);
			assert_int_equal(step(&phone, &event), BSG_OK);
			const struct bsg_explain_query query = query_of(&phone);
			json_t *rows = explain(&query);

			for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
				json_t *row = json_array_get(rows, f);
				const bool restricted = (phone.out.restricted & BSG_BIT(f)) != 0;

				expect(json_is_true(json_object_get(row, "restricted")) == restricted, row, "it disagrees");
				if (restricted)
					check_restricted(row, &phone.out.why[f]);
				else
					check_free(row, f);
			}
			json_decref(rows);
		}
	}
	/* The lives meet every reason that a state can have: none of the checks above is for nothing. */
	for (size_t i = 0; i < 11; i++) {
		print_message("# %s: %u\n", codes[i], n_codes[i]);
		if (checks[i] != never)
			assert_true(n_codes[i] > 0);
	}
}

static void the_order_of_rules_and_places_changes_no_explanation(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= LIVES; seed++) {
		world_init(&world, seed);
		phone = (struct phone){ .orders = world.orders };
		for (int i = 0; i < STEPS / 4; i++) {
			const struct bsg_event event = world_event(&world);

			assert_int_equal(step(&phone, &event), BSG_OK);
			world_shuffle(&world, &mixed, &phone.orders);
			struct bsg_explain_query query = query_of(&phone);
			json_t *rows = explain(&query);
			query.orders = &mixed;
			json_t *shuffled = explain(&query);
			if (!json_equal(rows, shuffled))
				fail_msg("seed %u step %d: %s", seed, i, json_dumps(shuffled, JSON_COMPACT));
			json_decref(rows);
			json_decref(shuffled);
		}
	}
}

/* ---- supposed lives ---------------------------------------------------- */

static uint32_t set_of(json_t *rows)
{
	uint32_t set = 0;

	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++)
		if (json_is_true(json_object_get(json_array_get(rows, f), "restricted")))
			set |= BSG_BIT(f);
	return set;
}

static void real(struct bsg_event event, int64_t at)
{
	event.time = (struct bsg_time){ .utc = at, .mono_ms = (at - world.now + 1000000) * 1000, .auth = true };
	assert_int_equal(step(&other, &event), BSG_OK);
}

/* The phone that did live so: it came in, pressed break-glass (0: never) and is looked at. */
static void live(const char *place, int64_t since, int64_t press, int64_t at)
{
	struct bsg_event in = { .kind = BSG_EVENT_GATE_IN };

	other = (struct phone){ .orders = world.orders };
	in.u.gate.place = str(place);
	in.u.gate.bound = true;
	real((struct bsg_event){ .kind = BSG_EVENT_TICK }, since);
	if (place[0] != '\0')
		real(in, since);
	if (press != 0)
		real((struct bsg_event){ .kind = BSG_EVENT_BREAK_GLASS }, press);
	real((struct bsg_event){ .kind = BSG_EVENT_TICK }, at);
}

/* A lease is over at the second that is named, not before. */
static void check_lease(json_t *row, const char *place, int64_t since, int64_t at)
{
	const char *left = text(row, "why_not_place");
	const int64_t ended = time_of(row, "why_not_time");

	live(place, since, 0, at);
	expect(!is_present(&other.out, left), row, "the phone is there");
	live(place, since, 0, ended - 1);
	expect(is_present(&other.out, left), row, "it had ended before");
	live(place, since, 0, ended);
	expect(!is_present(&other.out, left), row, "it had not ended");
}

static void a_supposed_life_is_explained_as_a_phone_that_lived_so(void **state)
{
	unsigned n_leases = 0, n_glasses = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 2000; seed++) {
		world_init(&world, seed);
		world.orders.has_release = world.orders.has_presence = false;
		const uint32_t n = (uint32_t)world.orders.n_places;
		char place[BSG_ID_MAX + 1] = "";
		if (n > 0 && world_roll(&world, 8) != 0)
			snprintf(place, sizeof(place), "%s", world.orders.places[world_roll(&world, n)].id.ptr);
		const int64_t at = world.now, since = at - world_roll(&world, 9000);
		const int64_t press = world_roll(&world, 2) == 0 ? since + world_roll(&world, (uint32_t)(at - since) + 1) : 0;
		const struct bsg_explain_query query = { .orders = &world.orders, .at = at, .in = place, .since = since,
							 .break_glass_at = press };

		snprintf(where, sizeof(where), "seed %u in '%s'", seed, place);
		json_t *rows = explain(&query);
		live(place, since, press, at);
		if (set_of(rows) != other.out.restricted)
			fail_msg("%s: %x, not %x", where, (unsigned)set_of(rows), (unsigned)other.out.restricted);
		for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
			json_t *row = json_array_get(rows, f);

			n_glasses += strcmp(text(row, "why_not_code"), "break_glass") == 0;
			if (strcmp(text(row, "why_not_code"), "lease_over") == 0) {
				n_leases++;
				check_lease(row, place, since, at);
			}
		}
		json_decref(rows);
	}
	print_message("# %u leases that ended, %u times break-glass\n", n_leases, n_glasses);
	assert_true(n_leases > 0 && n_glasses > 0);
}

/* The same by the orders' own word, as the server asks: coming in before the press, or again after it. */
static void break_glass_is_explained_by_the_word_of_the_last_crossing(void **state)
{
	unsigned n_glasses = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 2000; seed++) {
		world_init(&world, seed);
		const uint32_t n = (uint32_t)world.orders.n_places;
		const struct bsg_str place = world.orders.places[world_roll(&world, n)].id;
		const int64_t at = world.now, first = at - 1 - world_roll(&world, 1200);
		const int64_t press = first + world_roll(&world, (uint32_t)(at - first)), again = press + 1 + world_roll(&world, (uint32_t)(at - press));
		const bool renewed = world_roll(&world, 2) == 0;
		struct bsg_event in = { .kind = BSG_EVENT_GATE_IN };

		world.orders.has_release = world.orders.has_presence = false;
		snprintf(where, sizeof(where), "seed %u", seed);
		live(place.ptr, first, press, press);
		const bool effective = other.state.break_glass_until != 0;	/* else the phone reports nothing */
		in.u.gate.place = place;
		in.u.gate.bound = true;
		if (renewed && again <= at)
			real(in, again);
		real((struct bsg_event){ .kind = BSG_EVENT_TICK }, at);
		world.orders.has_presence = world.orders.presence.in = true;
		world.orders.presence.seq = 7;
		world.orders.presence.place = place;
		world.orders.presence.at = renewed && again <= at ? again : first;
		const struct bsg_explain_query query = { .orders = &world.orders, .at = at, .break_glass_at = effective ? press : 0 };
		json_t *rows = explain(&query);
		if (set_of(rows) != other.out.restricted)
			fail_msg("%s: %x, not %x", where, (unsigned)set_of(rows), (unsigned)other.out.restricted);
		for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++)
			n_glasses += strcmp(text(json_array_get(rows, f), "why_not_code"), "break_glass") == 0;
		json_decref(rows);
	}
	print_message("# %u times break-glass\n", n_glasses);
	assert_true(n_glasses > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_explanation_never_disagrees_with_the_decision),
		cmocka_unit_test(the_order_of_rules_and_places_changes_no_explanation),
		cmocka_unit_test(a_supposed_life_is_explained_as_a_phone_that_lived_so),
		cmocka_unit_test(break_glass_is_explained_by_the_word_of_the_last_crossing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
