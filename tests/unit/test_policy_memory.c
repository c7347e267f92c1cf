/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy/ does when memory runs out: each operation is run with its first, second, third... allocation failing, until
 * none fails. It must end in an error with a text, or without a result, and leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/compile.h"
#include "policy/decide_json.h"
#include "policy/explain.h"

#define ROUNDS_MAX 20000

/* The linker sends our own allocations here (--wrap), jansson its own by its hooks. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int allocations_left = -1;	/* -1: no end */
static bool refused;			/* whether one has failed */

static bool may_allocate(void)
{
	if (allocations_left == 0)
		refused = true;
	else if (allocations_left > 0)
		allocations_left--;
	return !refused;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

/* Only where it builds: its parser (2.14) asserts when memory runs out. */
static bool jansson_too;

static void *hook_malloc(size_t size)
{
	return !jansson_too || may_allocate() ? __real_malloc(size) : NULL;
}

static const char document[] =
	"bosaga: 1\n"
	"places: [{id: house, name: {en: House}, wifi: [aa:bb:cc:dd:ee:ff], gates: [{id: n}], guest: {restrict: [nfc]},\n"
	"          remedies: {camera: {claimed: admit}}, break_glass: {keep: [nfc]},\n"
	"          area: {type: Polygon, coordinates: [[[1,1],[1.1,1],[1.1,1.1],[1,1]]]}}]\n"
	"calendars: [{id: c, windows: [[2026-11-23T00:00:00Z, 2026-11-24T00:00:00Z]]}]\n"
	"rules: [{id: r, who: {all: true}, where: [house], when: [c], restrict: [camera, apps], apps: [a.b], because: {en: x}}]\n";

static const char trace[] =
	"{\"orders\": {\"device\": \"00112233445566778899aabbccddeeff\", \"serial\": 1, \"issued\": 1, \"expires\": 9000000,"
	" \"places\": [{\"id\": \"house\", \"name\": {\"en\": \"x\"}}], \"rules\": [{\"id\": \"r\", \"place\": \"house\","
	" \"restrict\": [\"camera\"], \"because\": {\"en\": \"x\"}}]},"
	" \"events\": [{\"kind\": \"gate_in\", \"place\": \"house\", \"time\": {\"utc\": 1000}},"
	" {\"kind\": \"gate_in\", \"place\": \"shop\", \"guest\": {\"functions\": [\"wifi\"], \"max_stay\": 60}, \"time\": {\"utc\": 1001}}]}";

static const struct bsg_compile_facts facts = { .device = "00112233445566778899aabbccddeeff", .person = "p", .has_agent = true,
						.serial = 1, .now = INT64_C(1795406400) };

static struct bsg_policy *policy;
static struct bsg_compiled *compiled;
static struct bsg_coverage *coverage;
static json_t *events;
static char *as_json;

/* Each gives what came of it: BSG_OK exactly when the result is whole. */
static enum bsg_err parse_yaml(struct bsg_error *err)
{
	const struct bsg_policy_source source = { .name = "a.yaml", .bytes = document, .len = sizeof(document) - 1 };
	struct bsg_policy *out;
	const enum bsg_err rc = bsg_policy_parse(&source, 1, &out, NULL, err);

	assert_int_equal(rc == BSG_OK, out != NULL);
	bsg_policy_free(out);
	return rc;
}

static enum bsg_err parse_json(struct bsg_error *err)
{
	const struct bsg_policy_source source = { .name = "a.json", .bytes = as_json, .len = strlen(as_json) };
	struct bsg_policy *out;
	const enum bsg_err rc = bsg_policy_parse(&source, 1, &out, NULL, err);

	assert_int_equal(rc == BSG_OK, out != NULL);
	bsg_policy_free(out);
	return rc;
}

static enum bsg_err to_json(struct bsg_error *err)
{
	json_t *json = bsg_policy_to_json(policy);

	if (json == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no JSON");
	json_decref(json);
	return BSG_OK;
}

static enum bsg_err compile(struct bsg_error *err)
{
	struct bsg_compiled *out;
	const enum bsg_err rc = bsg_policy_compile(policy, NULL, &facts, &out, err);

	assert_int_equal(rc == BSG_OK, out != NULL);
	bsg_compiled_free(out);
	return rc;
}

static enum bsg_err explain(struct bsg_error *err)
{
	const struct bsg_explain_query query = { .orders = &compiled->orders, .at = facts.now, .in = "house",
						 .coverage = coverage, .phone = { .kind = "linux-agent" } };
	json_t *out;
	const enum bsg_err rc = bsg_explain(&query, &out, err);

	assert_int_equal(rc == BSG_OK, out != NULL);
	json_decref(out);
	return rc;
}

static enum bsg_err load_coverage(struct bsg_error *err)
{
	struct bsg_coverage *out;
	const enum bsg_err rc = bsg_coverage_load(&out, err);

	assert_int_equal(rc == BSG_OK, out != NULL);
	bsg_coverage_free(out);
	return rc;
}

static enum bsg_err play(struct bsg_error *err)
{
	struct bsg_json_phone *phone;
	enum bsg_err rc = bsg_json_phone_new(json_object_get(events, "orders"), &phone, err);
	json_t *event, *out;
	size_t i;

	json_array_foreach(json_object_get(events, "events"), i, event) {
		if (rc != BSG_OK)
			break;
		rc = bsg_json_phone_step(phone, event, &out, err);
		assert_int_equal(rc == BSG_OK, out != NULL);
		json_decref(out);
	}
	bsg_json_phone_free(phone);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	static const struct { const char *name; enum bsg_err (*run)(struct bsg_error *err); bool jansson_too; } operations[] = {
		{ "parse YAML", parse_yaml, false }, { "parse JSON", parse_json, false }, { "to JSON", to_json, true },
		{ "compile", compile, false }, { "explain", explain, true }, { "coverage", load_coverage, false },
		{ "play", play, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		int n = -1;

		do {
			struct bsg_error err = { 0 };

			refused = false;
			jansson_too = operations[i].jansson_too;
			allocations_left = ++n;
			const enum bsg_err rc = operations[i].run(&err);
			allocations_left = -1;
			if (!refused && rc != BSG_OK)
				fail_msg("%s: failed with memory enough: %s", operations[i].name, err.text);
			if (refused && (rc == BSG_OK || err.text[0] == '\0'))
				fail_msg("%s: allocation %d failed unseen", operations[i].name, n);
			if (refused && rc != BSG_E_NO_MEMORY)
				fail_msg("%s: allocation %d: %d, %s", operations[i].name, n, (int)rc, err.text);
		} while (refused && n < ROUNDS_MAX);
		refused = false;
		assert_true(n > 1 && n < ROUNDS_MAX);
	}
}

static int set_up(void **state)
{
	const struct bsg_policy_source source = { .name = "a.yaml", .bytes = document, .len = sizeof(document) - 1 };

	(void)state;
	json_set_alloc_funcs(hook_malloc, free);
	events = json_loads(trace, 0, NULL);
	if (events == NULL || bsg_coverage_load(&coverage, NULL) != BSG_OK ||
	    bsg_policy_parse(&source, 1, &policy, NULL, NULL) != BSG_OK ||
	    bsg_policy_compile(policy, NULL, &facts, &compiled, NULL) != BSG_OK)
		return -1;
	json_t *json = bsg_policy_to_json(policy);
	as_json = json_dumps(json, 0);
	json_decref(json);
	return as_json == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(events);
	free(as_json);
	bsg_compiled_free(compiled);
	bsg_policy_free(policy);
	bsg_coverage_free(coverage);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
