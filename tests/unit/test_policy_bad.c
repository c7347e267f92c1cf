/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Broken policy documents: what exactly is said of them, and where. The cases are tests/vectors/policy-bad.json; limits,
 * whose documents are too large to keep, are made here. P1... are the rules of docs/spec/policy.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/timetext.h"
#include "policy/document.h"

#define FILES_MAX 8

static json_t *vectors;

static int set_up(void **state)
{
	const char *root = getenv("BSG_SOURCE_ROOT");
	char path[512];
	json_error_t at;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/vectors/policy-bad.json", root != NULL ? root : ".");
	vectors = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &at);
	if (vectors == NULL)
		print_error("%s:%d:%d: %s\n", path, at.line, at.column, at.text);
	return vectors != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(vectors);
	return 0;
}

static const char *text_of(json_t *map, const char *key)
{
	const char *text = json_string_value(json_object_get(map, key));

	if (text == NULL)
		fail_msg("a case without '%s'", key);
	return text;
}

/* Files as sources, each in memory of its exact size, so that a byte too many is noticed. */
struct files {
	struct bsg_policy_source sources[FILES_MAX];
	char *bytes[FILES_MAX];
	size_t n;
};

static void add_file(struct files *files, json_t *file)
{
	const char *hex = json_string_value(json_object_get(file, "hex"));
	json_t *text = json_object_get(file, "text");
	const size_t len = hex != NULL ? strlen(hex) / 2 : json_string_length(text);
	char *bytes = malloc(len > 0 ? len : 1);

	assert_true(files->n < FILES_MAX && (hex != NULL) != json_is_string(text));
	assert_non_null(bytes);
	for (size_t i = 0; hex != NULL && i < len; i++) {
		unsigned byte = 0;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		bytes[i] = (char)byte;
	}
	if (hex == NULL && len > 0)
		memcpy(bytes, json_string_value(text), len);
	files->sources[files->n] = (struct bsg_policy_source){ .name = text_of(file, "name"), .bytes = bytes, .len = len };
	files->bytes[files->n++] = bytes;
}

static void read_files(json_t *a_case, struct files *files)
{
	json_t *file;
	size_t i;

	files->n = 0;
	json_array_foreach(json_object_get(a_case, "files"), i, file)
		add_file(files, file);
}

static void free_files(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->bytes[i]);
}

static const char *code_name(enum bsg_err rc)
{
	return rc == BSG_OK ? "ok" : rc == BSG_E_INVALID ? "invalid" : rc == BSG_E_DENIED ? "denied" :
	       rc == BSG_E_LIMIT ? "limit" : "another";
}

static bool check_errors(const char *name, json_t *a_case, const struct bsg_policy_errors *errors)
{
	json_t *want = json_object_get(a_case, "errors"), *line;
	size_t i;
	bool ok = json_array_size(want) == errors->n;

	json_array_foreach(want, i, line)
		if (i < errors->n && strcmp(json_string_value(line), errors->items[i].text) != 0)
			ok = false;
	if ((size_t)json_integer_value(json_object_get(a_case, "more")) != errors->n_more)
		ok = false;
	for (i = 0; !ok && i < errors->n; i++)
		print_message("# %s: said: %s\n", name, errors->items[i].text);
	return ok;
}

static bool check_windows(json_t *want, const struct bsg_policy *policy)
{
	const struct bsg_policy_rule *rule = policy != NULL ? bsg_policy_find_rule(policy, "r") : NULL;
	json_t *pair;
	size_t i;

	if (want == NULL)
		return true;
	if (rule == NULL || rule->n_windows != json_array_size(want))
		return false;
	json_array_foreach(want, i, pair) {
		char from[BSG_TIME_SIZE], until[BSG_TIME_SIZE];

		bsg_time_format(rule->windows[i].from, from);
		bsg_time_format(rule->windows[i].until, until);
		if (strcmp(from, json_string_value(json_array_get(pair, 0))) != 0 ||
		    strcmp(until, json_string_value(json_array_get(pair, 1))) != 0)
			return false;
	}
	return true;
}

/* The numbers beside a text say what is in it, and err has one of the lines. */
static bool is_consistent(const struct bsg_policy_errors *errors, const struct bsg_error *err)
{
	bool found = false;

	for (size_t i = 0; i < errors->n; i++) {
		const struct bsg_policy_error *e = &errors->items[i];
		char at[40];

		snprintf(at, sizeof(at), ":%u:%u: ", e->line, e->column);
		if (e->line == 0 || e->column == 0 || strstr(e->text, at) == NULL)
			return false;
		found |= e->code == err->code && strncmp(e->text, err->text, strlen(err->text)) == 0;
	}
	return found;
}

static bool run_case(json_t *a_case)
{
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));
	const char *name = text_of(a_case, "name");
	struct bsg_error err = { .text = "" };
	struct bsg_policy *policy;
	struct files files;

	assert_non_null(errors);
	read_files(a_case, &files);
	const enum bsg_err rc = bsg_policy_parse(files.sources, files.n, &policy, errors, &err);
	free_files(&files);	/* messages borrow nothing from them */
	bool ok = check_errors(name, a_case, errors) && check_windows(json_object_get(a_case, "windows"), policy);
	if (strcmp(code_name(rc), text_of(a_case, "code")) != 0) {
		print_message("# %s: %s, not %s\n", name, code_name(rc), text_of(a_case, "code"));
		ok = false;
	}
	if (rc != BSG_OK && !is_consistent(errors, &err)) {
		print_message("# %s: numbers or err are not those of the lines: %s\n", name, err.text);
		ok = false;
	}
	if ((rc == BSG_OK) != (policy != NULL) || (rc == BSG_OK) != (errors->n == 0))
		ok = false;
	if (!ok)
		print_message("# %s: not as expected\n", name);
	bsg_policy_free(policy);
	free(errors);
	return ok;
}

static void every_mistake_is_told_with_its_place(void **state)
{
	size_t i, n_wrong = 0;
	json_t *a_case;

	(void)state;
	json_array_foreach(json_object_get(vectors, "cases"), i, a_case)
		n_wrong += !run_case(a_case);
	assert_true(i > 300);
	assert_int_equal(n_wrong, 0);
}

static void every_rule_about_documents_has_a_case(void **state)
{
	uint32_t seen = 0;
	json_t *a_case;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(vectors, "cases"), i, a_case) {
		const char *name = text_of(a_case, "name");
		const long rule = name[0] == 'P' ? strtol(name + 1, NULL, 10) : 0;

		if (rule < 1 || rule > 15)
			fail_msg("'%s' names no rule", name);
		seen |= UINT32_C(1) << rule;
	}
	assert_int_equal(seen, 0xfffe);
}

/* ---- limits: P2 -------------------------------------------------------- */

static struct bsg_buf text;

static void add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *fmt, ...)
{
	char part[256];
	va_list ap;

	va_start(ap, fmt);
	const int n = vsnprintf(part, sizeof(part), fmt, ap);
	va_end(ap);
	assert_in_range(n, 0, sizeof(part) - 1);
	bsg_buf_add(&text, part, (size_t)n);
}

static void begin(void)
{
	bsg_buf_init(&text, 16u << 20);
}

static enum bsg_err parse(const char *name, struct bsg_policy_errors *errors, struct bsg_error *err)
{
	const struct bsg_policy_source source = { .name = name, .bytes = (const char *)text.data, .len = text.len };
	struct bsg_policy *policy;
	const enum bsg_err rc = bsg_policy_parse(&source, 1, &policy, errors, err);

	bsg_policy_free(policy);
	bsg_buf_free(&text);
	return rc;
}

/* The document in `text` is refused for its size, in one line. */
static void too_large(const char *name, const char *want)
{
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));
	struct bsg_error err;

	assert_non_null(errors);
	assert_int_equal(parse(name, errors, &err), BSG_E_LIMIT);
	assert_string_equal(err.text, want);
	assert_int_equal(errors->n, 1);
	assert_int_equal(errors->n_more, 0);
	assert_string_equal(errors->items[0].text, want);
	free(errors);
}

static void fits(const char *name)
{
	struct bsg_error err;

	if (parse(name, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static void places(int n)
{
	begin();
	add("bosaga: 1\nplaces:\n");
	for (int i = 0; i < n; i++)
		add("- {id: p%d}\n", i);
	add("rules:\n- {id: r, who: {all: true}, where: [p%d], restrict: [camera]}\n", n - 1);
}

static void a_policy_has_two_thousand_places(void **state)
{
	(void)state;
	places(2000);
	fits("big.yaml");
	places(2001);	/* the rule's place is the one too many: nobody is told that there is no such place */
	too_large("big.yaml", "big.yaml:2003:3: places[2000]: more than 2000 places in one policy");
	places(2200);
	too_large("big.yaml", "big.yaml:2003:3: places[2000]: more than 2000 places in one policy");
}

static void rules(int n)
{
	begin();
	add("bosaga: 1\nplaces: [{id: house}]\nrules:\n");
	for (int i = 0; i < n; i++)
		add("- {id: r%d, who: {all: true}, where: [house], restrict: [camera]}\n", i);
}

static void a_policy_has_two_thousand_rules(void **state)
{
	(void)state;
	rules(2000);
	fits("big.yaml");
	rules(2001);
	too_large("big.yaml", "big.yaml:2004:3: rules[2000]: more than 2000 rules in one policy");
}

static void calendars(int n)
{
	begin();
	add("bosaga: 1\ncalendars:\n");
	for (int i = 0; i < n; i++)
		add("- {id: c%d, windows: [[2026-11-23T09:00:00Z, 2026-11-23T18:00:00Z]]}\n", i);
}

static void a_policy_has_five_hundred_calendars(void **state)
{
	(void)state;
	calendars(500);
	fits("big.yaml");
	calendars(501);
	too_large("big.yaml", "big.yaml:503:3: calendars[500]: more than 500 calendars in one policy");
}

static void gates(int n)
{
	begin();
	add("bosaga: 1\nplaces:\n- id: house\n  gates:\n");
	for (int i = 0; i < n; i++)
		add("  - {id: g%d}\n", i);
}

static void a_place_has_sixty_four_gates(void **state)
{
	(void)state;
	gates(64);
	fits("big.yaml");
	gates(65);
	too_large("big.yaml", "big.yaml:69:5: places[0].gates[64]: more than 64 gates in one place");
}

static void people(int n)
{
	begin();
	add("bosaga: 1\nplaces: [{id: house}]\nrules:\n- id: r\n  where: [house]\n  restrict: [camera]\n  who:\n    people:\n");
	for (int i = 0; i < n; i++)
		add("    - p%d\n", i);
}

static void a_list_has_twenty_thousand_names(void **state)
{
	(void)state;
	people(20000);
	fits("big.yaml");
	people(20001);
	too_large("big.yaml", "big.yaml:9:5: rules[0].who.people: a list of at most 20000, not 20001");
}

/* A map of @n unknown keys, a line each; JSON's begins with a brace in the first line. */
static void keys(int n, bool json)
{
	begin();
	add("%s", json ? "{" : "");
	for (int i = 0; i < n; i++)
		add("%sk%d%s: 1%s\n", json ? "\"" : "", i, json ? "\"" : "", json && i + 1 < n ? "," : "");
	add("%s", json ? "}" : "");
}

static void a_map_has_sixty_four_keys(void **state)
{
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));

	(void)state;
	assert_non_null(errors);
	for (int json = 0; json < 2; json++) {
		const char *name = json ? "keys.json" : "keys.yaml";

		keys(64, json);
		assert_int_equal(parse(name, errors, NULL), BSG_E_INVALID);	/* what they are called is another mistake */
		assert_int_equal(errors->n + errors->n_more, 65);
		keys(65, json);
		too_large(name, json ? "keys.json:65:1: more than 64 keys in one map: no part of a policy has so many" :
				       "keys.yaml:65:1: more than 64 keys in one map: no part of a policy has so many");
	}
	free(errors);
}

/* @param depth levels: the map and lists in it */
static void nested(int depth)
{
	begin();
	add("{\"bosaga\": 1, \"x\": ");
	for (int i = 1; i < depth; i++)
		add("[");
	add("1");
	for (int i = 1; i < depth; i++)
		add("]");
	add("}");
}

static void a_document_has_sixteen_levels(void **state)
{
	static const char *const names[] = { "deep.yaml", "deep.json" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char want[100];

		nested(16);
		assert_int_equal(parse(names[i], NULL, NULL), BSG_E_INVALID);	/* the key x */
		snprintf(want, sizeof(want), "%s:1:35: nested deeper than 16: no policy needs that", names[i]);
		nested(17);
		too_large(names[i], want);
		nested(1500);
		too_large(names[i], want);
	}
}

static void levels_that_the_json_library_does_not_build_are_too_many_too(void **state)
{
	struct bsg_error err;

	(void)state;
	nested(100000);
	assert_int_equal(parse("deep.json", NULL, &err), BSG_E_LIMIT);
	assert_non_null(strstr(err.text, "nested deeper than 16"));
}

/* @param n values: the map, its 3 members, the rule's list, and what is in it */
static void values(int n)
{
	begin();
	add("{\"bosaga\": 1, \"places\": [], \"rules\": [");
	for (int i = 0; i < n - 4; i++)
		add("%s1", i > 0 ? ",\n" : "");
	add("]}");
}

static void all_files_have_four_hundred_thousand_values(void **state)
{
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));

	(void)state;
	assert_non_null(errors);
	values(400000);
	assert_int_equal(parse("many.json", errors, NULL), BSG_E_INVALID);	/* numbers are no rules */
	assert_int_equal(errors->n, BSG_POLICY_ERRORS_MAX);
	assert_int_equal(errors->n + errors->n_more, 399996);
	values(400001);
	too_large("many.json", "many.json:399997:1: more than 400000 values in all files: split off what other servers need");
	values(400001);
	too_large("many.yaml", "many.yaml:399997:1: more than 400000 values in all files: split off what other servers need");
	free(errors);
}

static void values_are_counted_over_all_files(void **state)
{
	struct bsg_policy_source sources[2];
	struct bsg_policy *policy;
	struct bsg_error err;

	(void)state;
	values(400000);
	sources[0] = (struct bsg_policy_source){ .name = "a.json", .bytes = (const char *)text.data, .len = text.len };
	sources[1] = (struct bsg_policy_source){ .name = "b.yaml", .bytes = "bosaga: 1\n", .len = 10 };
	assert_int_equal(bsg_policy_parse(sources, 2, &policy, NULL, &err), BSG_E_LIMIT);
	bsg_buf_free(&text);
	assert_null(policy);
}

static void files_are_measured_before_they_are_read(void **state)
{
	const size_t len = 10u << 20;
	char *bytes = malloc(len);
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));
	struct bsg_policy *policy;
	struct bsg_error err;

	(void)state;
	assert_non_null(bytes);
	assert_non_null(errors);
	memset(bytes, ' ', len);
	const struct bsg_policy_source one = { .name = "large.yaml", .bytes = bytes, .len = len };
	assert_int_equal(bsg_policy_parse(&one, 1, &policy, errors, &err), BSG_E_LIMIT);
	assert_string_equal(err.text, "large.yaml: a policy has at most 4194304 bytes in all files; split off what other servers need");
	assert_int_equal(errors->n, 0);
	const struct bsg_policy_source two[] = { { .name = "a.yaml", .bytes = bytes, .len = 4u << 20 },
						 { .name = "b.yaml", .bytes = bytes, .len = 1 } };
	assert_int_equal(bsg_policy_parse(two, 2, &policy, NULL, &err), BSG_E_LIMIT);
	assert_string_equal(err.text, "b.yaml: a policy has at most 4194304 bytes in all files; split off what other servers need");
	free(errors);
	free(bytes);
}

static void a_policy_has_sixty_four_files(void **state)
{
	struct bsg_policy_source sources[65];
	struct bsg_policy *policy;
	struct bsg_error err;

	(void)state;
	for (size_t i = 0; i < 65; i++)
		sources[i] = (struct bsg_policy_source){ .name = "one.yaml", .bytes = "bosaga: 1\n", .len = 10 };
	assert_int_equal(bsg_policy_parse(sources, 64, &policy, NULL, &err), BSG_OK);
	bsg_policy_free(policy);
	assert_int_equal(bsg_policy_parse(sources, 65, &policy, NULL, &err), BSG_E_LIMIT);
	assert_string_equal(err.text, "a policy is 1 to 64 files, not 65");
	assert_int_equal(bsg_policy_parse(sources, 0, &policy, NULL, &err), BSG_E_LIMIT);
	assert_string_equal(err.text, "a policy is 1 to 64 files, not 0");
}

static void a_denial_wins_over_a_limit(void **state)
{
	static const char calls[] = "bosaga: 1\nplaces: [{id: house}]\nrules:\n"
				    "- {id: r, who: {all: true}, where: [house], restrict: [calls]}\n";
	struct bsg_policy_source sources[2] = { { .name = "a.yaml", .bytes = calls, .len = sizeof(calls) - 1 } };
	struct bsg_policy *policy;
	struct bsg_error err;

	(void)state;
	nested(17);
	sources[1] = (struct bsg_policy_source){ .name = "b.json", .bytes = (const char *)text.data, .len = text.len };
	assert_int_equal(bsg_policy_parse(sources, 2, &policy, NULL, &err), BSG_E_DENIED);
	bsg_buf_free(&text);
	assert_string_equal(err.text, "a.yaml:4:56: rules[0].restrict[0]: 'calls' is refused: calls can never be restricted: "
				      "no rule may name them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_is_told_with_its_place),
		cmocka_unit_test(every_rule_about_documents_has_a_case),
		cmocka_unit_test(a_policy_has_two_thousand_places),
		cmocka_unit_test(a_policy_has_two_thousand_rules),
		cmocka_unit_test(a_policy_has_five_hundred_calendars),
		cmocka_unit_test(a_place_has_sixty_four_gates),
		cmocka_unit_test(a_list_has_twenty_thousand_names),
		cmocka_unit_test(a_map_has_sixty_four_keys),
		cmocka_unit_test(a_document_has_sixteen_levels),
		cmocka_unit_test(levels_that_the_json_library_does_not_build_are_too_many_too),
		cmocka_unit_test(all_files_have_four_hundred_thousand_values),
		cmocka_unit_test(values_are_counted_over_all_files),
		cmocka_unit_test(files_are_measured_before_they_are_read),
		cmocka_unit_test(a_policy_has_sixty_four_files),
		cmocka_unit_test(a_denial_wins_over_a_limit),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
