/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for policy/explain.h and policy/coverage.h. P20 to P25 are rules of docs/spec/policy.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/compile.h"
#include "policy/explain.h"

#define NOW INT64_C(1795406400)	/* 2026-11-23T04:00:00Z */
#define HOUR INT64_C(3600)

static struct bsg_coverage *coverage;

static int set_up(void **state)
{
	struct bsg_error err;

	(void)state;
	if (bsg_coverage_load(&coverage, &err) == BSG_OK)
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int tear_down(void **state)
{
	(void)state;
	bsg_coverage_free(coverage);
	return 0;
}

/* ---- coverage ---------------------------------------------------------- */

static const struct look_up_case {
	const char *name, *kind;
	unsigned os_level;
	bool knox;
	enum bsg_function function;
	enum bsg_grade want;
} look_ups[] = {
	{ "linux camera", "linux-agent", 0, false, BSG_CAMERA, BSG_GRADE_ENFORCED },
	{ "linux screenshots are the compositor's", "linux-agent", 0, false, BSG_SCREEN_CAPTURE, BSG_GRADE_PARTIAL },
	{ "linux debugging", "linux-agent", 0, false, BSG_DEBUGGING, BSG_GRADE_IMPOSSIBLE },
	{ "iPhone camera", "ios-device", 0, false, BSG_CAMERA, BSG_GRADE_ENFORCED },
	{ "iPhone microphone", "ios-device", 0, false, BSG_MICROPHONE, BSG_GRADE_IMPOSSIBLE },
	{ "iPhone User Enrolment camera", "ios-user", 0, false, BSG_CAMERA, BSG_GRADE_IMPOSSIBLE },
	{ "supervised Wi-Fi needs 14.5", "ios-supervised", 1404, false, BSG_WIFI, BSG_GRADE_IMPOSSIBLE },
	{ "supervised Wi-Fi has 14.5", "ios-supervised", 1405, false, BSG_WIFI, BSG_GRADE_ENFORCED },
	{ "Android NFC needs 35", "android-owner", 34, false, BSG_NFC, BSG_GRADE_IMPOSSIBLE },
	{ "Android NFC has 35", "android-owner", 35, false, BSG_NFC, BSG_GRADE_ENFORCED },
	{ "Android USB at 30 is partial", "android-owner", 30, false, BSG_USB_DATA, BSG_GRADE_PARTIAL },
	{ "Android USB at 31 is whole", "android-owner", 31, false, BSG_USB_DATA, BSG_GRADE_ENFORCED },
	{ "an Android of unknown level is old", "android-owner", 0, false, BSG_WIFI, BSG_GRADE_IMPOSSIBLE },
	{ "what was never confirmed on hardware is not enforced", "android-owner", 35, false, BSG_INTERNET, BSG_GRADE_PARTIAL },
	{ "Knox stops the microphone", "android-owner", 33, true, BSG_MICROPHONE, BSG_GRADE_ENFORCED },
	{ "Knox gives a pass nothing", "android-pass", 33, true, BSG_CAMERA, BSG_GRADE_IMPOSSIBLE },
	{ "a private profile leaves the camera", "android-byod", 35, false, BSG_CAMERA, BSG_GRADE_IMPOSSIBLE },
	{ "a visitor", "none", 0, false, BSG_CAMERA, BSG_GRADE_IMPOSSIBLE },
	{ "an unknown kind covers nothing", "toaster", 0, false, BSG_CAMERA, BSG_GRADE_IMPOSSIBLE },
	{ "no kind covers nothing", NULL, 0, true, BSG_CAMERA, BSG_GRADE_IMPOSSIBLE },
};

static void every_look_up_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(look_ups) / sizeof(look_ups[0]); i++) {
		const struct look_up_case *c = &look_ups[i];
		const struct bsg_coverage_phone phone = { .kind = c->kind, .os_level = c->os_level, .has_knox = c->knox };
		struct bsg_coverage_entry entry;

		bsg_coverage_look_up(coverage, &phone, c->function, &entry);
		if (entry.grade != c->want || entry.why.kk == NULL || entry.why.ru == NULL || entry.why.en == NULL)
			fail_msg("%s: %s", c->name, bsg_grade_name(entry.grade));
	}
}

static void an_agent_can_only_lower_its_coverage(void **state)
{
	const uint32_t all = BSG_FUNCTIONS_ALL;
	const struct bsg_coverage_phone honest = { .kind = "linux-agent" },
					humble = { .kind = "linux-agent", .reported_impossible = all },
					modest = { .kind = "linux-agent", .reported_partial = all };
	struct bsg_coverage_entry a, b, c;

	(void)state;
	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		bsg_coverage_look_up(coverage, &honest, f, &a);
		bsg_coverage_look_up(coverage, &humble, f, &b);
		bsg_coverage_look_up(coverage, &modest, f, &c);
		assert_int_equal(b.grade, BSG_GRADE_IMPOSSIBLE);
		assert_true(c.grade <= a.grade && c.grade != BSG_GRADE_ENFORCED);
	}
}

static const struct verdict_case {
	const char *name, *remedies, *kind;
	enum bsg_class class_of;
	uint32_t asked;
	enum bsg_remedy want;
} verdicts[] = {
	{ "P21 nothing asked", "", "none", BSG_CLASS_CLAIMED, 0, BSG_REMEDY_ADMIT },
	{ "P21 attested", "", "linux-agent", BSG_CLASS_ATTESTED, BSG_BIT(BSG_CAMERA), BSG_REMEDY_ADMIT },
	{ "P21 managed", "", "ios-device", BSG_CLASS_MANAGED, BSG_BIT(BSG_CAMERA), BSG_REMEDY_ADMIT },
	{ "P21 claimed", "", "linux-agent", BSG_CLASS_CLAIMED, BSG_BIT(BSG_CAMERA), BSG_REMEDY_SEAL },
	{ "P21 an impossible camera", "", "none", BSG_CLASS_CLAIMED, BSG_BIT(BSG_CAMERA), BSG_REMEDY_SEAL },
	{ "P21 an impossible microphone", "", "ios-device", BSG_CLASS_MANAGED, BSG_BIT(BSG_MICROPHONE), BSG_REMEDY_ADMIT },
	{ "P21 the place says admit", "remedies: {camera: {claimed: admit}}", "linux-agent", BSG_CLASS_CLAIMED,
	  BSG_BIT(BSG_CAMERA), BSG_REMEDY_ADMIT },
	{ "P21 the place says deposit", "remedies: {microphone: {impossible: deposit}}", "ios-device", BSG_CLASS_MANAGED,
	  BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_MICROPHONE), BSG_REMEDY_DEPOSIT },
	{ "P21 the strictest wins", "remedies: {microphone: {impossible: deposit}}", "none", BSG_CLASS_CLAIMED,
	  BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_MICROPHONE), BSG_REMEDY_DEPOSIT },
	{ "P21 what is not asked does not count", "remedies: {microphone: {impossible: deposit}}", "none", BSG_CLASS_CLAIMED,
	  BSG_BIT(BSG_CAMERA), BSG_REMEDY_SEAL },
};

static struct bsg_policy *parse(const char *text)
{
	const struct bsg_policy_source source = { .name = "test.yaml", .bytes = text, .len = strlen(text) };
	struct bsg_policy *policy;
	struct bsg_error err;

	if (bsg_policy_parse(&source, 1, &policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return policy;
}

static void every_verdict_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		const struct verdict_case *c = &verdicts[i];
		const struct bsg_coverage_phone phone = { .kind = c->kind, .class_of = c->class_of };
		struct bsg_verdict verdict;
		char text[256];

		snprintf(text, sizeof(text), "bosaga: 1\nplaces: [{id: house%s%s}]\n", c->remedies[0] != '\0' ? ", " : "",
			 c->remedies);
		struct bsg_policy *policy = parse(text);
		bsg_coverage_verdict(coverage, bsg_policy_find_place(policy, "house"), &phone, c->asked, &verdict);
		if (verdict.remedy != c->want || (verdict.remedy == BSG_REMEDY_ADMIT) != (verdict.uncovered == 0) ||
		    (verdict.uncovered & ~c->asked) != 0 || verdict.why.kk == NULL)
			fail_msg("%s: %s", c->name, bsg_remedy_name(verdict.remedy));
		bsg_policy_free(policy);
	}
}

static void a_broken_table_is_refused(void **state)
{
	static const char *const broken[] = {
		"", "[]", "{}", "{\"version\": 1}", "{\"version\": 0, \"kinds\": [], \"reasons\": {}}",
		"{\"version\": 1, \"kinds\": [{\"id\": \"a\"}], \"reasons\": {}}",
		("{\"version\": 1, \"reasons\": {}, \"kinds\": [{\"id\": \"a\", \"class\": \"claimed\", \"name\": {\"kk\": \"a\","
		 " \"ru\": \"a\", \"en\": \"a\"}, \"functions\": {\"camera\": [{\"grade\": \"enforced\", \"how\": \"x\"}]}}]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct bsg_coverage *table;
		struct bsg_error err = { 0 };

		assert_int_equal(bsg_coverage_parse(broken[i], strlen(broken[i]), &table, &err), BSG_E_INVALID);
		assert_null(table);
		assert_true(err.text[0] != '\0');
	}
}

/* ---- explain ----------------------------------------------------------- */

static const char policy_text[] =
	"bosaga: 1\n"
	"places: [{id: yard, max_stay: 5h}, {id: house, parent: yard, max_stay: 5h}, {id: shop}]\n"
	"rules:\n"
	"  - {id: camera, who: {all: true}, where: [house], restrict: [camera, location], because: {kk: к, ru: р, en: e}}\n"
	"  - {id: hours, who: {all: true}, where: [house], restrict: [wifi], windows: [[2026-11-23T06:00:00Z, 2026-11-23T08:00:00Z]]}\n"
	"  - {id: next, who: {all: true}, where: [shop], restrict: [nfc]}\n"
	"  - {id: watch, who: {all: true}, where: [house], restrict: [bluetooth], stage: observe}\n"
	"  - {id: night, who: {all: true}, restrict: [hotspot], windows: [[2026-11-23T05:00:00Z, 2026-11-23T06:00:00Z]]}\n";

static struct bsg_compiled *compile(const struct bsg_compile_facts *facts)
{
	struct bsg_policy *policy = parse(policy_text);
	struct bsg_compiled *compiled;
	struct bsg_error err;

	if (bsg_policy_compile(policy, NULL, facts, &compiled, &err) != BSG_OK)
		fail_msg("%s", err.text);
	bsg_policy_free(policy);
	return compiled;
}

static const struct bsg_compile_exemption exemption = { BSG_BIT(BSG_LOCATION), NOW, NOW + 2 * HOUR };

static struct bsg_compile_facts facts(void)
{
	return (struct bsg_compile_facts){ .device = "00112233445566778899aabbccddeeff", .person = "dana", .has_agent = true,
					   .serial = 1, .now = NOW, .exemptions = &exemption, .n_exemptions = 1 };
}

static const struct explain_case {
	const char *name, *in, *function;
	int64_t at, since, release;
	const char *rule;	/* NULL: not restricted */
	const char *code;	/* why not */
	const char *until;
} explains[] = {
	{ "P23 inside, the rule and its lease", "house", "camera", NOW, 0, 0, "camera", NULL, "2026-11-23T09:00:00Z" },
	{ "P23 inside since an hour", "house", "camera", NOW + HOUR, NOW, 0, "camera", NULL, "2026-11-23T09:00:00Z" },
	{ "P23 outside", "", "camera", NOW, 0, 0, NULL, "elsewhere", NULL },
	{ "P23 in the yard around it", "yard", "camera", NOW, 0, 0, NULL, "elsewhere", NULL },
	{ "P23 the lease is over", "house", "camera", NOW + 6 * HOUR, NOW, 0, NULL, "lease_over", NULL },
	{ "P23 not yet its time", "house", "wifi", NOW, 0, 0, NULL, "not_now", NULL },
	{ "P23 its time", "house", "wifi", NOW + 2 * HOUR, 0, 0, "hours", NULL, "2026-11-23T08:00:00Z" },
	{ "P23 its time is over", "house", "wifi", NOW + 4 * HOUR, 0, 0, NULL, "not_now", NULL },
	{ "P23 only observed", "house", "bluetooth", NOW, 0, 0, NULL, "observe", NULL },
	{ "P23 exempt", "house", "location", NOW, 0, 0, NULL, "exempt", NULL },
	{ "P23 no longer exempt", "house", "location", NOW + 2 * HOUR, 0, 0, "camera", NULL, "2026-11-23T11:00:00Z" },
	{ "P23 no rule", "house", "debugging", NOW, 0, 0, NULL, "no_rule", NULL },
	{ "P23 a rule without place", "", "hotspot", NOW + HOUR, 0, 0, "night", NULL, "2026-11-23T06:00:00Z" },
	{ "P23 released after coming in", "house", "camera", NOW + HOUR, NOW, NOW + 60, NULL, "released", NULL },
	{ "P23 come in again after the release", "house", "camera", NOW + HOUR, 0, NOW + 60, "camera", NULL,
	  "2026-11-23T10:00:00Z" },
	{ "P23 orders that have expired", "house", "camera", NOW + 36 * 24 * HOUR, 0, 0, NULL, "expired", NULL },
};

static json_t *row_of(json_t *rows, const char *function)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (strcmp(json_string_value(json_object_get(row, "function")), function) == 0)
			return row;
	fail_msg("no row for %s", function);
	return NULL;
}

static bool is(json_t *row, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(row, key));

	return want == NULL ? got == NULL : got != NULL && strcmp(got, want) == 0;
}

static void every_explanation_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(explains) / sizeof(explains[0]); i++) {
		const struct explain_case *c = &explains[i];
		struct bsg_compile_facts f = facts();
		struct bsg_error err;
		json_t *rows;

		f.has_release = c->release != 0;
		f.release_at = c->release;
		struct bsg_compiled *compiled = compile(&f);
		const struct bsg_explain_query query = { .orders = &compiled->orders, .at = c->at, .in = c->in, .since = c->since,
							 .coverage = coverage, .phone = { .kind = "linux-agent" } };
		if (bsg_explain(&query, &rows, &err) != BSG_OK)
			fail_msg("%s: %s", c->name, err.text);
		assert_int_equal(json_array_size(rows), BSG_FUNCTIONS_COUNT);
		json_t *row = row_of(rows, c->function);
		if (json_is_true(json_object_get(row, "restricted")) != (c->rule != NULL) || !is(row, "rule", c->rule) ||
		    !is(row, "why_not_code", c->code) || !is(row, "until", c->until) ||
		    json_is_null(json_object_get(row, "why_not")) != (c->rule != NULL))
			fail_msg("%s: %s", c->name, json_dumps(row, JSON_COMPACT));
		json_decref(rows);
		bsg_compiled_free(compiled);
	}
}

static void an_explanation_says_how_and_because(void **state)
{
	const struct bsg_compile_facts f = facts();
	struct bsg_compiled *compiled = compile(&f);
	const struct bsg_explain_query query = { .orders = &compiled->orders, .at = NOW, .in = "house", .coverage = coverage,
						 .phone = { .kind = "ios-user", .class_of = BSG_CLASS_MANAGED } };
	json_t *rows;

	(void)state;
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	json_t *row = row_of(rows, "camera");
	assert_true(json_is_true(json_object_get(row, "restricted")));
	assert_true(is(row, "enforced", "impossible"));
	assert_true(is(row, "class", "managed"));
	assert_true(is(row, "place", "house"));
	assert_true(is(json_object_get(row, "because"), "en", "e"));
	assert_non_null(json_string_value(json_object_get(json_object_get(row, "how"), "kk")));
	json_decref(rows);
	bsg_compiled_free(compiled);
}

static void the_orders_own_presence_is_explained_when_nobody_says_where(void **state)
{
	struct bsg_compile_facts f = facts();
	json_t *rows;

	(void)state;
	f.has_presence = f.presence_in = true;
	f.presence_place = "house";
	f.presence_seq = 1;
	f.presence_at = NOW - HOUR;
	struct bsg_compiled *compiled = compile(&f);
	struct bsg_explain_query query = { .orders = &compiled->orders, .at = NOW, .coverage = coverage,
					   .phone = { .kind = "linux-agent" } };
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_true(is(row_of(rows, "camera"), "until", "2026-11-23T08:00:00Z"));
	json_decref(rows);
	query.in = "";	/* supposed to be nowhere */
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_true(is(row_of(rows, "camera"), "why_not_code", "elsewhere"));
	json_decref(rows);
	bsg_compiled_free(compiled);
}

static void an_unknown_place_is_not_found(void **state)
{
	const struct bsg_compile_facts f = facts();
	struct bsg_compiled *compiled = compile(&f);
	const struct bsg_explain_query query = { .orders = &compiled->orders, .at = NOW, .in = "moon", .coverage = coverage };
	json_t *rows;

	(void)state;
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_E_NOT_FOUND);
	assert_null(rows);
	bsg_compiled_free(compiled);
}

static void the_gate_asks_for_what_entering_restricts(void **state)
{
	const struct bsg_compile_facts f = facts();
	struct bsg_compiled *compiled = compile(&f);
	uint32_t asked;

	(void)state;
	assert_int_equal(bsg_explain_asked(&compiled->orders, "house", NOW, &asked, NULL), BSG_OK);
	assert_int_equal(asked, BSG_BIT(BSG_CAMERA));	/* location is exempt, wifi not yet, bluetooth only observed */
	assert_int_equal(bsg_explain_asked(&compiled->orders, "house", NOW + 2 * HOUR, &asked, NULL), BSG_OK);
	assert_int_equal(asked, BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_LOCATION) | BSG_BIT(BSG_WIFI));
	assert_int_equal(bsg_explain_asked(&compiled->orders, "yard", NOW, &asked, NULL), BSG_OK);
	assert_int_equal(asked, 0);
	assert_int_equal(bsg_explain_asked(&compiled->orders, "moon", NOW, &asked, NULL), BSG_OK);
	assert_int_equal(asked, 0);
	bsg_compiled_free(compiled);
}

static void a_real_state_explains_break_glass(void **state)
{
	const struct bsg_compile_facts f = facts();
	struct bsg_compiled *compiled = compile(&f);
	struct bsg_event in = { .kind = BSG_EVENT_GATE_IN, .time = { NOW, 0, true } },
			 glass = { .kind = BSG_EVENT_BREAK_GLASS, .time = { NOW + 60, 60000, true } };
	struct bsg_state phone = { 0 };
	struct bsg_output *out = malloc(sizeof(*out));
	json_t *rows;

	(void)state;
	assert_non_null(out);
	in.u.gate.place = (struct bsg_str){ "house", 5 };
	in.u.gate.bound = true;
	assert_int_equal(bsg_orders_prepare(&compiled->orders, NULL), BSG_OK);
	assert_int_equal(bsg_step(&compiled->orders, NULL, 0, &phone, &in, &phone, out), BSG_OK);
	assert_int_equal(bsg_step(&compiled->orders, NULL, 0, &phone, &glass, &phone, out), BSG_OK);
	struct bsg_explain_query query = { .orders = &compiled->orders, .at = NOW + 120, .state = &phone, .coverage = coverage };
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_true(is(row_of(rows, "camera"), "why_not_code", "break_glass"));
	json_decref(rows);
	query.at = NOW + 60 + 600;
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_true(is(row_of(rows, "camera"), "rule", "camera"));
	json_decref(rows);
	free(out);
	bsg_compiled_free(compiled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_look_up_of_the_table),
		cmocka_unit_test(an_agent_can_only_lower_its_coverage),
		cmocka_unit_test(every_verdict_of_the_table),
		cmocka_unit_test(a_broken_table_is_refused),
		cmocka_unit_test(every_explanation_of_the_table),
		cmocka_unit_test(an_explanation_says_how_and_because),
		cmocka_unit_test(the_orders_own_presence_is_explained_when_nobody_says_where),
		cmocka_unit_test(an_unknown_place_is_not_found),
		cmocka_unit_test(the_gate_asks_for_what_entering_restricts),
		cmocka_unit_test(a_real_state_explains_break_glass),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
