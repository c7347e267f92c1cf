/* SPDX-License-Identifier: Apache-2.0 */
/* What test_policy_property.c has found: each in the smallest policy that shows it, as it was settled. */
#include "policy_property.h"

#include <stdio.h>
#include <string.h>

#define DEVICE "00112233445566778899aabbccddeeff"

static json_t *read_json(const char *text)
{
	json_error_t error;
	json_t *doc = json_loads(text, 0, &error);

	if (doc == NULL)
		fail_msg("%s", error.text);
	return doc;
}

static struct bsg_compile_facts facts_of_dana(void)
{
	return (struct bsg_compile_facts){ .device = DEVICE, .person = "dana", .has_agent = true, .serial = 7,
					   .now = RANDOM_NOW };
}

/* P16: the order is that of the document's ids; what one rule became stays together, though q9 is before q@2. */
static void P16_the_places_of_a_rule_stay_together(void **state)
{
	json_t *doc = read_json("{\"bosaga\": 1, \"places\": [{\"id\": \"a\"}, {\"id\": \"b\"}], \"rules\": ["
				"{\"id\": \"q\", \"who\": {\"all\": true}, \"where\": [\"a\", \"b\"], \"restrict\": [\"camera\"]},"
				"{\"id\": \"q9\", \"who\": {\"all\": true}, \"where\": [\"a\"], \"restrict\": [\"camera\"]}]}");
	const struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_policy *policy = parse_one(doc);
	struct bsg_compiled *compiled = compile(doc, policy, NULL, &facts);
	static const char *const want[] = { "q", "q@2", "q9" };
	bool is = compiled->orders.n_rules == 3;

	(void)state;
	for (size_t i = 0; is && i < 3; i++)
		is = is_text(compiled->orders.rules[i].id, want[i]);
	bsg_compiled_free(compiled);
	bsg_policy_free(policy);
	json_decref(doc);
	assert_true(is);
}

static struct bsg_policy *house(const char *parent_of_s)
{
	char text[800];

	snprintf(text, sizeof(text),
		 "{\"bosaga\": 1, \"places\": [{\"id\": \"a\"}, {\"id\": \"a1\", \"parent\": \"a\"}, {\"id\": \"b\"}, "
		 "{\"id\": \"b1\", \"parent\": \"b\"}, {\"id\": \"s\", \"parent\": \"%s\"}], \"rules\": [{\"id\": \"r\", "
		 "\"who\": {\"all\": true}, \"where\": [\"a1\", \"b1\"], \"restrict\": [\"camera\"]}]}", parent_of_s);
	json_t *doc = read_json(text);
	struct bsg_policy *policy = parse_one(doc);

	json_decref(doc);
	return policy;
}

/* The orders leave out s, and a crossing there counts in the place around it (P17), which the change makes another one. */
static void P25_a_place_left_out_may_change_where_the_last_crossing_counts(void **state)
{
	static struct bytes one, other;
	struct bsg_policy *before = house("a"), *after = house("b");
	struct bsg_timetable *times[2] = { timetable_of(before, RANDOM_NOW, RANDOM_NOW + 86400 * 40),
					   timetable_of(after, RANDOM_NOW, RANDOM_NOW + 86400 * 40) };
	struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_policy_changes changes;
	bool differ = false;

	(void)state;
	facts.has_presence = facts.presence_in = true;
	facts.presence_seq = 1;
	facts.presence_place = "s";
	facts.presence_at = RANDOM_NOW - 60;
	bytes_of(before, times[0], &facts, &one);
	bytes_of(after, times[1], &facts, &other);
	assert_false(same_bytes(&one, &other));
	const struct bsg_policy_version versions[2] = { { before, times[0] }, { after, times[1] } };

	assert_int_equal(bsg_policy_changes_find(versions[0], versions[1], RANDOM_NOW, &changes, NULL), BSG_OK);
	const bool touch = bsg_policy_changes_touch(&changes, &facts);

	assert_int_equal(bsg_policy_changes_device(&changes, &facts, &differ, NULL), BSG_OK);
	bsg_policy_changes_free(&changes);
	bsg_timetable_drop(times[0]);
	bsg_timetable_drop(times[1]);
	bsg_policy_free(before);
	bsg_policy_free(after);
	assert_true(touch);
	assert_true(differ);
}

/* Whom nothing touches is not compiled: that orders fit under neither version is not what was asked. */
static void P25_orders_that_never_fitted_are_no_change(void **state)
{
	char text[4000];
	int len = snprintf(text, sizeof(text), "{\"bosaga\": 1, \"places\": [{\"id\": \"a\"}], \"rules\": [");

	(void)state;
	for (int i = 0; i < 17; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s{\"id\": \"r%d\", \"who\": {\"all\": true}, "
				"\"where\": [\"a\"], \"restrict\": [\"camera\"]}", i > 0 ? ", " : "", i);
	snprintf(text + len, sizeof(text) - (size_t)len, "]}");
	json_t *doc = read_json(text);
	struct bsg_policy *policy = parse_one(doc);
	struct bsg_timetable *times = timetable_of(policy, RANDOM_NOW, RANDOM_NOW + 86400 * 40);
	const struct bsg_policy_version version = { policy, times };
	const struct bsg_compile_facts facts = facts_of_dana();
	struct bsg_policy_changes changes;
	bool differ;

	assert_int_equal(bsg_policy_changes_find(version, version, RANDOM_NOW, &changes, NULL), BSG_OK);
	const enum bsg_err code = bsg_policy_changes_device(&changes, &facts, &differ, NULL);

	bsg_policy_changes_free(&changes);
	bsg_timetable_drop(times);
	bsg_policy_free(policy);
	json_decref(doc);
	assert_int_equal(code, BSG_OK);
	assert_false(differ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(P16_the_places_of_a_rule_stay_together),
		cmocka_unit_test(P25_a_place_left_out_may_change_where_the_last_crossing_counts),
		cmocka_unit_test(P25_orders_that_never_fitted_are_no_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
