/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of the policy compiler on random policies: what a device's orders do is what the document says (policy_naive.h),
 * whatever order it is written in, and a change touches whom it concerns. P..., D... are rules of docs/spec/.
 *
 * BSG_SEED=n starts from another seed, BSG_CASES=n does n times as much; a failure prints the seed that gives it at once.
 */
#include "policy_property.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVES 1400u
#define SHUFFLES 250u
#define PAIRS 600u
#define LIMITS 1000u
#define COUNTS 250u
#define ENOUGH 100u	/* each kind of thing must happen so often */

static uint64_t first_seed = 1;
static unsigned times = 1;

static void D1_P16_orders_do_what_the_document_says(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIVES * times; i++)
		live(first_seed + i);
}

/* ---- b, c: the order of things, and how far the timetable reaches ------------------ */

static void shuffle(uint64_t seed)
{
	static struct bytes one, other;
	static struct random_facts facts;
	struct chance c;
	json_t *doc, *mixed, *parts[2];

	chance_seed(&c, seed);
	doc = random_policy(&c);
	random_facts(&c, doc, &facts);
	mixed = random_order(&c, doc);
	look_at(seed, doc, mixed, &facts.facts);
	random_split(&c, mixed, parts);
	const bool split = one_in(&c, 2), yaml = one_in(&c, 2);
	struct bsg_policy *policy = parse_one(doc), *again = parse(split ? parts : &mixed, split ? 2 : 1, yaml, NULL);

	bytes_of(policy, NULL, &facts.facts, &one);
	random_facts_order(&c, &facts);
	bytes_of(again, NULL, &facts.facts, &other);
	if (!same_bytes(&one, &other))
		failed("the order of things makes other orders");
	things[SHUFFLED]++;
	things[SPLIT] += split;
	things[YAML] += yaml;
	bsg_policy_free(policy);
	bsg_policy_free(again);
	json_decref(parts[0]);
	json_decref(parts[1]);
	json_decref(mixed);
	json_decref(doc);
	look_at(0, NULL, NULL, NULL);
}

static void P3_P16_the_order_of_everything_never_matters(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHUFFLES * times; i++)
		shuffle(first_seed + i);
}

static void spans(uint64_t seed)
{
	static struct bytes one, other;
	static struct random_facts facts;
	struct chance c;
	json_t *doc;

	chance_seed(&c, seed);
	doc = random_policy(&c);
	random_facts(&c, doc, &facts);
	look_at(seed, doc, NULL, &facts.facts);
	struct bsg_policy *policy = parse_one(doc);
	const struct bsg_compile_facts *f = &facts.facts;
	struct bsg_timetable *tables[4] = { timetable_for(policy, f), NULL,
		timetable_of(policy, f->now - roll(&c, 9000000), naive_expires(f) + BSG_COMPILE_LEAD_S + roll(&c, 9000000)),
		timetable_of(policy, f->now - 86400, f->now + INT64_C(400) * 86400) };

	bytes_of(policy, tables[0], f, &one);
	for (size_t i = 1; i < 4; i++) {
		bytes_of(policy, tables[i], f, &other);
		if (!same_bytes(&one, &other))
			failed("timetable %zu makes other orders", i);
		things[SPANS]++;
	}
	for (size_t i = 0; i < 4; i++)
		bsg_timetable_drop(tables[i]);
	bsg_policy_free(policy);
	json_decref(doc);
	look_at(0, NULL, NULL, NULL);
}

static void P16_the_span_of_a_timetable_never_matters(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHUFFLES * times; i++)
		spans(first_seed + i);
}

/* ---- the limits ----------------------------------------------------------------- */

static void limit(uint64_t seed)
{
	static struct random_facts facts;
	struct chance c;
	json_t *doc;

	chance_seed(&c, seed);
	doc = one_in(&c, 6) ? random_policy(&c) : one_in(&c, 5) ? random_exact_policy(&c) : random_large_policy(&c);
	random_facts(&c, doc, &facts);
	facts.facts.has_agent = facts.facts.has_agent || !one_in(&c, 3);	/* how early others begin is not known before */
	look_at(seed, doc, NULL, &facts.facts);
	for (uint32_t i = 0, n = one_in(&c, 4) ? 14 + roll(&c, 6) : 0; i < n; i++) {
		facts.exemptions[i] = (struct bsg_compile_exemption){ 1, facts.facts.now - 60 + roll(&c, 60) * (i % 9 != 0),
								      facts.facts.now + 2 * (int64_t)roll(&c, 60) };
		facts.facts.n_exemptions = i + 1;
		facts.facts.exemptions = facts.exemptions;
	}
	struct bsg_policy *policy = parse_one(doc);
	struct bsg_compiled *compiled = compile(doc, policy, NULL, &facts.facts);

	things[compiled != NULL ? FITS : OVER]++;
	bsg_compiled_free(compiled);
	bsg_policy_free(policy);
	json_decref(doc);
	look_at(0, NULL, NULL, NULL);
}

static void P19_what_orders_cannot_hold_is_refused_and_nothing_else(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMITS * times; i++)
		limit(first_seed + i);
}

/* ---- e: how long a rule holds ----------------------------------------------------- */

/* The slow count: minute by minute, as windows are whole minutes. */
static int64_t count_seconds(json_t *doc, json_t *rule, int64_t from, int64_t until)
{
	int64_t sum = 0;

	for (int64_t minute = from / 60 * 60; minute < until; minute += 60) {
		const int64_t a = minute > from ? minute : from, b = minute + 60 < until ? minute + 60 : until;

		if (naive_always(rule) || naive_window_end(doc, rule, 0, minute) != 0)
			sum += b - a;
	}
	return sum;
}

static void seconds(uint64_t seed)
{
	struct chance c;
	json_t *doc, *rules;

	chance_seed(&c, seed);
	doc = random_policy(&c);
	rules = json_object_get(doc, "rules");
	look_at(seed, doc, NULL, NULL);
	struct bsg_policy *policy = parse_one(doc);
	const int64_t from = RANDOM_NOW - 3000 + roll(&c, 90000), until = from + roll(&c, one_in(&c, 2) ? 300 : 100000);
	struct bsg_timetable *timetable = timetable_of(policy, from - roll(&c, 4000), until + roll(&c, 4000));

	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i);
		const int64_t want = count_seconds(doc, rule, from, until);
		const int64_t got = bsg_timetable_seconds(timetable, policy, bsg_policy_find_rule(policy, naive_text(rule, "id")),
							  from, until);

		if (got != want)
			failed("rule %s holds for %lld s of [%lld, %lld), not %lld", naive_text(rule, "id"), (long long)got,
			       (long long)from, (long long)until, (long long)want);
		things[SECONDS] += want > 0;
		things[SECONDS_PART] += !naive_always(rule) && naive_window_end(doc, rule, 0, from) != 0 && from % 60 != 0;
	}
	bsg_timetable_drop(timetable);
	bsg_policy_free(policy);
	json_decref(doc);
	look_at(0, NULL, NULL, NULL);
}

static void P26_the_seconds_of_a_rule_are_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNTS * times; i++)
		seconds(first_seed + i);
}

static void P25_a_change_touches_whom_it_concerns(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PAIRS * times; i++)
		change(first_seed + i);
}

static void everything_happened_often_enough(void **state)
{
	unsigned few = 0;

	(void)state;
	for (size_t i = 0; i < N_THINGS; i++) {
		fprintf(stderr, "# %9lu %s%s\n", things[i], thing_texts[i], things[i] < ENOUGH ? ": TOO FEW" : "");
		few += things[i] < ENOUGH;
	}
	if (few > 0)
		fail_msg("%u kinds of things happened fewer than %u times", few, ENOUGH);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D1_P16_orders_do_what_the_document_says),
		cmocka_unit_test(P3_P16_the_order_of_everything_never_matters),
		cmocka_unit_test(P16_the_span_of_a_timetable_never_matters),
		cmocka_unit_test(P19_what_orders_cannot_hold_is_refused_and_nothing_else),
		cmocka_unit_test(P26_the_seconds_of_a_rule_are_counted),
		cmocka_unit_test(P25_a_change_touches_whom_it_concerns),
		cmocka_unit_test(everything_happened_often_enough),
	};

	first_seed = from_environment("BSG_SEED", first_seed);
	times = (unsigned)from_environment("BSG_CASES", times);
	fprintf(stderr, "# BSG_SEED=%llu BSG_CASES=%u\n", (unsigned long long)first_seed, times);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
