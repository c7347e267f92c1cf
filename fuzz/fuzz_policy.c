/* SPDX-License-Identifier: Apache-2.0 */
/* Policy documents: the first byte chooses YAML or JSON. What is accepted survives JSON, and compiles or says why not. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "policy/compile.h"
#include "policy/document.h"

static char *to_text(const struct bsg_policy *policy)
{
	json_t *json = bsg_policy_to_json(policy);
	char *text;

	FUZZ_CHECK(json != NULL);
	text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12));
	json_decref(json);
	FUZZ_CHECK(text != NULL);
	return text;
}

static void comes_back_equal(const struct bsg_policy *policy)
{
	char *once = to_text(policy), *twice;
	const struct bsg_policy_source source = { .name = "again", .bytes = once, .len = strlen(once),
						  .format = BSG_POLICY_JSON };
	struct bsg_policy *again;

	FUZZ_CHECK(bsg_policy_parse(&source, 1, &again, NULL, NULL) == BSG_OK);
	twice = to_text(again);
	FUZZ_CHECK(strcmp(once, twice) == 0);
	bsg_policy_free(again);
	free(once);
	free(twice);
}

static void compiles_or_says_why(const struct bsg_policy *policy)
{
	static const char *const units[] = { "ministry" };
	const struct bsg_compile_facts facts = { .device = "00112233445566778899aabbccddeeff", .person = "p", .units = units,
						 .n_units = 1, .serial = 1, .now = INT64_C(1795406430) };
	struct bsg_compiled *compiled;
	struct bsg_error err = { 0 };
	const enum bsg_err rc = bsg_policy_compile(policy, NULL, &facts, &compiled, &err);

	FUZZ_CHECK((rc == BSG_OK) == (compiled != NULL));
	FUZZ_CHECK(rc == BSG_OK || (rc == BSG_E_LIMIT && err.text[0] != '\0'));
	bsg_compiled_free(compiled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const bool json = size > 0 && data[0] == '{';
	const struct bsg_policy_source source = { .name = "input", .bytes = (const char *)data, .len = size,
						  .format = json ? BSG_POLICY_JSON : BSG_POLICY_YAML };
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));
	struct bsg_policy *policy;
	struct bsg_error err = { 0 };
	const enum bsg_err rc = bsg_policy_parse(&source, 1, &policy, errors, &err);

	FUZZ_CHECK(errors != NULL);
	FUZZ_CHECK((rc == BSG_OK) == (policy != NULL));
	FUZZ_CHECK((rc == BSG_E_INVALID || rc == BSG_E_DENIED) == (errors->n > 0 && rc != BSG_OK && rc != BSG_E_LIMIT));
	FUZZ_CHECK(rc == BSG_OK || err.text[0] != '\0');
	for (size_t i = 0; i < errors->n; i++)
		FUZZ_CHECK(strchr(errors->items[i].text, '\n') == NULL && errors->items[i].text[0] != '\0');
	if (rc == BSG_OK) {
		comes_back_equal(policy);
		compiles_or_says_why(policy);
	}
	bsg_policy_free(policy);
	free(errors);
	return 0;
}
