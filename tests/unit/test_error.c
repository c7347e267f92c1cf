/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for base/error.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void a_failure_carries_its_code_and_text(void **state)
{
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(bsg_fail(&err, BSG_E_LIMIT, "%d rules, at most %d", 17, 16), BSG_E_LIMIT);
	assert_int_equal(err.code, BSG_E_LIMIT);
	assert_string_equal(err.text, "17 rules, at most 16");
}

static void nobody_has_to_ask_for_the_text(void **state)
{
	(void)state;
	assert_int_equal(bsg_fail(NULL, BSG_E_DENIED, "no"), BSG_E_DENIED);
}

static void a_name_is_put_before_a_failure_and_before_no_success(void **state)
{
	struct bsg_error err = { .text = "left over" };

	(void)state;
	assert_int_equal(bsg_fail_at("port", BSG_OK, &err), BSG_OK);
	assert_string_equal(err.text, "left over");
	assert_int_equal(bsg_fail_at("port", bsg_fail(&err, BSG_E_LIMIT, "too high"), &err), BSG_E_LIMIT);
	assert_int_equal(err.code, BSG_E_LIMIT);
	assert_string_equal(err.text, "port: too high");
	assert_int_equal(bsg_fail_at("port", BSG_E_LIMIT, NULL), BSG_E_LIMIT);
}

static void a_long_text_is_cut_and_stays_terminated(void **state)
{
	struct bsg_error err;
	char longer[600];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(bsg_fail(&err, BSG_E_INVALID, "%s", longer), BSG_E_INVALID);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_carries_its_code_and_text),
		cmocka_unit_test(nobody_has_to_ask_for_the_text),
		cmocka_unit_test(a_name_is_put_before_a_failure_and_before_no_success),
		cmocka_unit_test(a_long_text_is_cut_and_stays_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
