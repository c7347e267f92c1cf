/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for policy/compile.h. P14 to P19 are rules of docs/spec/policy.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/compile.h"
#include "policy/decide_json.h"
#include "wire/orders.h"

#define DEVICE "00112233445566778899aabbccddeeff"
#define NOW INT64_C(1795406430)	/* 2026-11-23T04:00:30Z */
#define HOUR INT64_C(3600)

static char *read_file(const char *path)
{
	const char *root = getenv("BSG_SOURCE_ROOT");
	char full[512], *text = calloc(1, 65536);
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root != NULL ? root : ".", path);
	f = fopen(full, "r");
	assert_non_null(text);
	if (f == NULL)
		fail_msg("%s cannot be read", full);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static struct bsg_policy *parse(const char *text)
{
	const struct bsg_policy_source source = { .name = "test.yaml", .bytes = text, .len = strlen(text) };
	struct bsg_policy *policy;
	struct bsg_error err;

	if (bsg_policy_parse(&source, 1, &policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return policy;
}

static const char *const finance[] = { "finance" };

static struct bsg_compile_facts facts_of_dana(void)
{
	return (struct bsg_compile_facts){ .device = DEVICE, .person = "dana", .units = finance, .n_units = 1,
					   .has_agent = true, .serial = 7, .now = NOW };
}

static struct bsg_compiled *compile(const struct bsg_policy *policy, const struct bsg_compile_facts *facts)
{
	struct bsg_compiled *compiled;
	struct bsg_error err;

	if (bsg_policy_compile(policy, NULL, facts, &compiled, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return compiled;
}

static void the_campus_compiles_to_its_golden_orders(void **state)
{
	const struct bsg_compile_exemption exemptions[] = {
		{ BSG_BIT(BSG_CAMERA), NOW + HOUR, NOW + 2 * HOUR },
		{ BSG_BIT(BSG_WIFI), NOW - 2 * HOUR, NOW - HOUR },
	};
	struct bsg_compile_facts facts = facts_of_dana();
	char *text = read_file("tests/vectors/policy/campus.yaml"), *golden = read_file("tests/vectors/policy/campus.orders.json");
	struct bsg_policy *policy = parse(text);
	json_t *want = json_loads(golden, 0, NULL), *got;

	(void)state;
	facts.has_agent = false;
	facts.exemptions = exemptions;
	facts.n_exemptions = 2;
	facts.has_presence = facts.presence_in = true;
	facts.presence_seq = 4;
	facts.presence_place = "archive";
	facts.presence_at = NOW - 60;
	struct bsg_compiled *compiled = compile(policy, &facts);
	bsg_policy_free(policy);	/* the orders own their texts */
	got = bsg_json_orders_write(&compiled->orders);
	assert_non_null(want);
	if (!json_equal(want, got)) {
		json_dumpf(got, stderr, JSON_INDENT(1));
		fail_msg("not the golden orders; what came out is above");
	}
	json_decref(want);
	json_decref(got);
	bsg_compiled_free(compiled);
	free(text);
	free(golden);
}

static void equal_input_gives_equal_bytes(void **state)
{
	char *text = read_file("tests/vectors/policy/campus.yaml");
	struct bsg_policy *policy = parse(text);
	const struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_orders_message *message = calloc(2, sizeof(*message));
	uint8_t *bytes = calloc(2, BSG_ORDERS_PAYLOAD_MAX);
	struct bsg_bytes out[2];

	(void)state;
	assert_non_null(message);
	assert_non_null(bytes);
	for (size_t i = 0; i < 2; i++) {
		struct bsg_compiled *compiled = compile(policy, &facts);
		const char *why = NULL;

		memset(&message[i], 0, sizeof(message[i]));
		message[i].orders = compiled->orders;
		if (bsg_orders_encode(&message[i], bytes + i * BSG_ORDERS_PAYLOAD_MAX, BSG_ORDERS_PAYLOAD_MAX, &out[i], &why) !=
		    BSG_OK)
			fail_msg("%s", why);
		bsg_compiled_free(compiled);
	}
	assert_int_equal(out[0].len, out[1].len);
	assert_memory_equal(out[0].ptr, out[1].ptr, out[0].len);
	assert_int_equal(bsg_orders_decode(out[0], &message[1], NULL), BSG_OK);
	bsg_policy_free(policy);
	free(message);
	free(bytes);
	free(text);
}

/* `all` restricts by day and night everywhere, cut to pieces. */
static void windows_without_a_place_are_cut_to_touching_pieces(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\nrules: [{id: r, who: {all: true}, restrict: [wifi], windows: "
					  "[[2026-11-23T00:00:00Z, 2026-11-24T10:00:00Z]]}]\n");
	const struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_compiled *compiled = compile(policy, &facts);
	const struct bsg_orders *o = &compiled->orders;

	(void)state;
	assert_int_equal(o->n_windows, 3);	/* 30 h: 14 + 14 + 2 */
	assert_int_equal(o->windows[0].from, NOW - 30);
	for (size_t i = 0; i < o->n_windows; i++) {
		assert_true(o->windows[i].until - o->windows[i].from <= BSG_DEFAULT_MAX_STAY);
		assert_int_equal(o->windows[i].from % 60, 0);
		if (i > 0)
			assert_int_equal(o->windows[i].from, o->windows[i - 1].until);
	}
	assert_int_equal(o->windows[2].until, NOW - 30 + 30 * HOUR);
	bsg_compiled_free(compiled);
	bsg_policy_free(policy);
}

static const struct concern_case {
	const char *name, *rule;
	enum bsg_concern want;
} concerns[] = {
	{ "P14 everybody", "who: {all: true}", BSG_CONCERN_ENFORCED },
	{ "P14 another unit", "who: {units: [law]}", BSG_CONCERN_NONE },
	{ "P14 her unit", "who: {units: [law, finance]}", BSG_CONCERN_ENFORCED },
	{ "P14 her name", "who: {people: [aigul, dana]}", BSG_CONCERN_ENFORCED },
	{ "P14 her device", "who: {devices: [" DEVICE "]}", BSG_CONCERN_ENFORCED },
	{ "P14 another device", "who: {devices: [ffffffffffffffffffffffffffffffff]}", BSG_CONCERN_NONE },
	{ "P14 observe", "who: {all: true}, stage: observe", BSG_CONCERN_OBSERVED },
	{ "P14 a pilot of hers", "who: {all: true}, stage: pilot, pilot: {people: [dana]}", BSG_CONCERN_ENFORCED },
	{ "P14 a pilot of others", "who: {all: true}, stage: pilot, pilot: {people: [olga]}", BSG_CONCERN_OBSERVED },
	{ "P14 a pilot of others, not for her", "who: {units: [law]}, stage: pilot, pilot: {people: [dana]}", BSG_CONCERN_NONE },
	{ "P14 her unit's turn", "who: {all: true}, stage: unit, units: [finance]", BSG_CONCERN_ENFORCED },
	{ "P14 another unit's turn", "who: {all: true}, stage: unit, units: [law]", BSG_CONCERN_OBSERVED },
};

static void every_concern_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(concerns) / sizeof(concerns[0]); i++) {
		const struct bsg_compile_facts facts = facts_of_dana();
		char text[512];

		snprintf(text, sizeof(text), "bosaga: 1\nplaces: [{id: house}]\nrules: [{id: r, where: [house], "
					     "restrict: [camera], %s}]\n", concerns[i].rule);
		struct bsg_policy *policy = parse(text);
		struct bsg_compiled *compiled = compile(policy, &facts);
		const enum bsg_concern got = bsg_policy_concerns(policy, &facts);

		if (got != concerns[i].want || compiled->orders.n_rules != (got != BSG_CONCERN_NONE) ||
		    (got != BSG_CONCERN_NONE && compiled->orders.rules[0].enforce != (got == BSG_CONCERN_ENFORCED)))
			fail_msg("%s", concerns[i].name);
		bsg_compiled_free(compiled);
		bsg_policy_free(policy);
	}
}

static void what_orders_cannot_hold_is_refused(void **state)
{
	static const struct { const char *unit; int n; const char *want; } cases[] = {
		{ "places", 9, "more than 8 places" }, { "rules", 17, "more than 16 rules" },
		{ "windows", 513, "more than 512 windows" }, { "apps", 5, "more than 64 app names" },
	};
	char *text = malloc(200000);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 4; i++) {
		const struct bsg_compile_facts facts = facts_of_dana();
		struct bsg_compiled *compiled;
		struct bsg_error err;
		size_t len = (size_t)sprintf(text, "bosaga: 1\nplaces:\n");

		for (int n = 0; n < (i == 0 ? cases[i].n : 1); n++)
			len += (size_t)sprintf(text + len, "  - {id: p%d}\n", n);
		len += (size_t)sprintf(text + len, "rules:\n");
		for (int n = 0; n < (i == 2 ? 1 : cases[i].n); n++) {
			len += (size_t)sprintf(text + len, "  - {id: r%d, who: {all: true}, where: [p%d], ", n, i == 0 ? n : 0);
			if (i == 3) {
				len += (size_t)sprintf(text + len, "restrict: [apps], apps: [");
				for (int a = 0; a < 13; a++)
					len += (size_t)sprintf(text + len, "%sa%d.x%d", a > 0 ? ", " : "", n, a);
				len += (size_t)sprintf(text + len, "]}\n");
			} else if (i == 2) {
				len += (size_t)sprintf(text + len, "restrict: [camera], windows: [");
				for (int w = 0; w < cases[i].n; w++)
					len += (size_t)sprintf(text + len, "%s[2026-12-%02dT%02d:%02d:00Z, 2026-12-%02dT%02d:%02d:00Z]",
							       w > 0 ? ", " : "", 1 + w / 24, w % 24, 0, 1 + w / 24, w % 24, 30);
				len += (size_t)sprintf(text + len, "]}\n");
			} else {
				len += (size_t)sprintf(text + len, "restrict: [camera]}\n");
			}
		}
		struct bsg_policy *policy = parse(text);
		assert_int_equal(bsg_policy_compile(policy, NULL, &facts, &compiled, &err), BSG_E_LIMIT);
		assert_null(compiled);
		if (strstr(err.text, cases[i].want) == NULL || strstr(err.text, DEVICE) == NULL)
			fail_msg("%s: said '%s'", cases[i].unit, err.text);
		bsg_policy_free(policy);
	}
	free(text);
}

static void phones_without_agent_begin_early_each_by_its_own_amount(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\nplaces: [{id: house}]\nrules: [{id: r, who: {all: true}, where: [house], "
					  "restrict: [wifi], windows: [[2026-11-24T00:00:00Z, 2026-11-24T10:00:00Z]], lead: 5m}]\n");
	unsigned seen[6] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct bsg_compile_facts facts = facts_of_dana();
		char device[33];

		snprintf(device, sizeof(device), "%032x", i);
		facts.device = device;
		facts.has_agent = false;
		struct bsg_compiled *compiled = compile(policy, &facts);
		const struct bsg_window w = compiled->orders.windows[0];
		assert_int_equal(w.until, 1795514400);	/* lifts are never delayed */
		assert_true(w.from >= 1795478400 - 300 && w.from <= 1795478400 && w.from % 60 == 0);
		seen[(1795478400 - w.from) / 60]++;
		bsg_compiled_free(compiled);
	}
	for (unsigned i = 0; i < 6; i++)
		assert_true(seen[i] > 20);
	bsg_policy_free(policy);
}

static void nothing_lies_beyond_the_horizon(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\nplaces: [{id: house}]\nrules: [{id: r, who: {all: true}, where: [house], "
					  "restrict: [wifi], windows: [[2026-01-01T00:00:00Z, 2027-11-24T10:00:00Z]]}]\n");
	struct bsg_compile_facts facts = facts_of_dana();

	(void)state;
	facts.horizon_s = 7 * 24 * HOUR + 59;
	struct bsg_compiled *compiled = compile(policy, &facts);
	assert_int_equal(compiled->orders.n_windows, 1);
	assert_int_equal(compiled->orders.windows[0].from, NOW - 30);
	assert_int_equal(compiled->orders.windows[0].until, NOW + 30 + 7 * 24 * HOUR);
	assert_int_equal(compiled->orders.expires, compiled->orders.windows[0].until);
	bsg_compiled_free(compiled);
	bsg_policy_free(policy);
}

static void an_early_start_never_makes_windows_overlap(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\nrules: [{id: r, who: {all: true}, restrict: [wifi], lead: 30m, windows: "
					  "[[2026-11-24T00:00:00Z, 2026-11-24T01:00:00Z], [2026-11-24T01:02:00Z, 2026-11-24T20:00:00Z],"
					  " [2026-11-24T20:01:00Z, 2026-11-24T20:02:00Z]]}]\n");

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct bsg_compile_facts facts = facts_of_dana();
		char device[33];

		snprintf(device, sizeof(device), "%032x", i);
		facts.device = device;
		facts.has_agent = false;
		struct bsg_compiled *compiled = compile(policy, &facts);
		const struct bsg_orders *o = &compiled->orders;
		for (size_t w = 1; w < o->n_windows; w++)
			assert_true(o->windows[w - 1].until <= o->windows[w].from);
		assert_int_equal(o->windows[o->n_windows - 1].until, 1795550520);
		bsg_compiled_free(compiled);
	}
	bsg_policy_free(policy);
}

static void rules_with_equal_windows_share_them(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\nplaces: [{id: a}, {id: b}]\n"
					  "calendars: [{id: c, windows: [[2026-11-24T00:00:00Z, 2026-11-24T01:00:00Z]]}]\n"
					  "rules: [{id: r, who: {all: true}, where: [a, b], when: [c], restrict: [wifi]},\n"
					  "        {id: s, who: {all: true}, where: [a], when: [c], restrict: [camera]}]\n");
	const struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_compiled *compiled = compile(policy, &facts);

	(void)state;
	assert_int_equal(compiled->orders.n_rules, 3);
	assert_int_equal(compiled->orders.n_windows, 1);
	bsg_compiled_free(compiled);
	bsg_policy_free(policy);
}

static void facts_that_cannot_be_right_are_refused(void **state)
{
	struct bsg_policy *policy = parse("bosaga: 1\n");
	struct bsg_compile_facts bad[] = { facts_of_dana(), facts_of_dana(), facts_of_dana(), facts_of_dana() };
	struct bsg_compiled *compiled;

	(void)state;
	bad[0].device = "0011";
	bad[1].device = NULL;
	bad[2].now = -1;
	bad[3].serial = 0;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(bsg_policy_compile(policy, NULL, &bad[i], &compiled, NULL), BSG_E_INVALID);
	bsg_policy_free(policy);
}

/* ---- compile, then step, equals looking at the policy itself ------------ */

#define N_PLACES 4

static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

/* p0 around p1 and p2, p3 apart: every relation that matters. */
static const int parent_of[N_PLACES] = { -1, 0, 0, -1 };

static bool is_inside(int place, int outer)
{
	while (place >= 0 && place != outer)
		place = parent_of[place];
	return place == outer;
}

static void write_rule(char *text, size_t size, int i)
{
	static const char *const functions[] = { "camera", "wifi", "nfc" };
	static const char *const stages[] = { "all", "observe", "pilot, pilot: {people: [dana]}", "unit, units: [law]" };
	static const char *const whos[] = { "{all: true}", "{units: [finance]}", "{people: [olga]}" };
	const bool has_place = pick(4) > 0, has_windows = !has_place || pick(2) > 0;
	size_t len = strlen(text);

	len += (size_t)snprintf(text + len, size - len, "  - {id: r%d, who: %s, restrict: [%s], stage: %s", i, whos[pick(3)],
				functions[pick(3)], stages[pick(4)]);
	if (has_place)
		len += (size_t)snprintf(text + len, size - len, ", where: [p%u, p%u]", pick(N_PLACES), pick(N_PLACES));
	if (has_windows) {
		len += (size_t)snprintf(text + len, size - len, ", windows: [");
		for (unsigned w = 0, n = 1 + pick(3); w < n; w++) {
			const unsigned from = pick(40 * 60), until = from + 1 + pick(24 * 60);

			len += (size_t)snprintf(text + len, size - len, "%s[2026-11-%02uT%02u:%02u:00Z, 2026-11-%02uT%02u:%02u:00Z]",
						w > 0 ? ", " : "", 23 + from / 1440, from / 60 % 24, from % 60,
						23 + until / 1440, until / 60 % 24, until % 60);
		}
		len += (size_t)snprintf(text + len, size - len, "]");
	}
	snprintf(text + len, size - len, "}\n");
}

struct slow {
	const struct bsg_policy *policy;
	struct bsg_compile_facts facts;
	int64_t anchor[N_PLACES];	/* 0: not present */
	int64_t stay;
};

static bool slow_holds(const struct slow *s, const struct bsg_policy_rule *rule, int64_t at)
{
	bool there = rule->n_where == 0, now = rule->always;

	for (size_t i = 0; i < rule->n_where; i++) {
		const int64_t anchor = s->anchor[rule->where[i][1] - '0'];

		there = there || (anchor != 0 && at < anchor + s->stay);
	}
	for (size_t i = 0; i < rule->n_windows; i++)
		now = now || (rule->windows[i].from <= at && at < rule->windows[i].until);
	return there && now;
}

static uint32_t slow_restricted(const struct slow *s, enum bsg_concern concern, int64_t at)
{
	uint32_t set = 0;

	for (size_t i = 0; i < s->policy->n_rules; i++)
		if (bsg_policy_rule_concerns(&s->policy->rules[i], &s->facts) == concern &&
		    slow_holds(s, &s->policy->rules[i], at))
			set |= s->policy->rules[i].restrict_set;
	for (size_t i = 0; i < s->facts.n_exemptions; i++)
		if (s->facts.exemptions[i].from <= at && at < s->facts.exemptions[i].until)
			set &= ~s->facts.exemptions[i].functions;
	return set;
}

static bool knows(const struct bsg_orders *orders, const char *place)
{
	for (size_t i = 0; i < orders->n_places; i++)
		if (orders->places[i].id.len == 2 && memcmp(orders->places[i].id.ptr, place, 2) == 0)
			return true;
	return false;
}

/* One random crossing in both; gates of places that the orders leave out have no effect, as no rule of this device is about them. */
static void cross(struct slow *s, const struct bsg_orders *orders, struct bsg_event *event, char name[3], int64_t at)
{
	const int place = (int)pick(N_PLACES);
	const bool in = pick(2) > 0;

	snprintf(name, 3, "p%d", place);
	event->kind = in ? BSG_EVENT_GATE_IN : BSG_EVENT_GATE_OUT;
	event->u.gate.place = (struct bsg_str){ name, 2 };
	event->u.gate.bound = true;
	if (!knows(orders, name))
		return;
	for (int p = 0; p < N_PLACES; p++) {
		if (in && is_inside(place, p))
			s->anchor[p] = at;
		else if (in ? !is_inside(p, place) : is_inside(p, place))
			s->anchor[p] = 0;
	}
}

static void play(const struct slow *start, struct bsg_orders *orders, unsigned n_policy)
{
	struct slow s = *start;
	struct bsg_state phone = { 0 };
	struct bsg_output *out = malloc(sizeof(*out));
	int64_t at = s.facts.now;
	char name[3];

	assert_non_null(out);
	for (unsigned i = 0; i < 60; i++) {
		struct bsg_event event = { .kind = BSG_EVENT_TICK };

		at += 1 + pick(2 * 3600);
		if (pick(3) == 0)
			cross(&s, orders, &event, name, at);
		event.time = (struct bsg_time){ at, at * 1000, true };
		assert_int_equal(bsg_step(orders, NULL, 0, &phone, &event, &phone, out), BSG_OK);
		if (out->restricted != slow_restricted(&s, BSG_CONCERN_ENFORCED, at) ||
		    out->observed != slow_restricted(&s, BSG_CONCERN_OBSERVED, at))
			fail_msg("policy %u, step %u: restricted %x, not %x; observed %x, not %x", n_policy, i, out->restricted,
				 slow_restricted(&s, BSG_CONCERN_ENFORCED, at), out->observed,
				 slow_restricted(&s, BSG_CONCERN_OBSERVED, at));
	}
	free(out);
}

static void compiling_changes_no_decision(void **state)
{
	unsigned restricted = 0;

	(void)state;
	seed = UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned n = 0; n < 300; n++) {
		char text[8192] = "bosaga: 1\nplaces: [{id: p0, max_stay: 5h}, {id: p1, parent: p0, max_stay: 5h}, "
				  "{id: p2, parent: p0, max_stay: 5h}, {id: p3, max_stay: 5h}]\nrules:\n";
		const struct bsg_compile_exemption exemption = { BSG_BIT(BSG_WIFI), NOW + pick(100000), NOW + 100000 };

		for (int i = 0, rules = 1 + (int)pick(6); i < rules; i++)
			write_rule(text, sizeof(text), i);
		struct bsg_policy *policy = parse(text);
		struct slow slow = { .policy = policy, .facts = facts_of_dana(), .stay = 5 * HOUR };
		slow.facts.exemptions = &exemption;
		slow.facts.n_exemptions = pick(2);
		struct bsg_compiled *compiled = compile(policy, &slow.facts);
		assert_int_equal(bsg_orders_prepare(&compiled->orders, NULL), BSG_OK);
		play(&slow, &compiled->orders, n);
		restricted += compiled->orders.n_rules > 0;
		bsg_compiled_free(compiled);
		bsg_policy_free(policy);
	}
	assert_true(restricted > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_campus_compiles_to_its_golden_orders),
		cmocka_unit_test(equal_input_gives_equal_bytes),
		cmocka_unit_test(windows_without_a_place_are_cut_to_touching_pieces),
		cmocka_unit_test(every_concern_of_the_table),
		cmocka_unit_test(what_orders_cannot_hold_is_refused),
		cmocka_unit_test(phones_without_agent_begin_early_each_by_its_own_amount),
		cmocka_unit_test(nothing_lies_beyond_the_horizon),
		cmocka_unit_test(an_early_start_never_makes_windows_overlap),
		cmocka_unit_test(rules_with_equal_windows_share_them),
		cmocka_unit_test(facts_that_cannot_be_right_are_refused),
		cmocka_unit_test(compiling_changes_no_decision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
