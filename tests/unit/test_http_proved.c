/* SPDX-License-Identifier: Apache-2.0 */
/* Client certificates that were verified lately: never another's, never for longer than an hour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/internal.h"

#define NOW INT64_C(1767600000)
#define HOUR 3600

static struct bsg_http_proved *table;

static int make_table(void **state)
{
	(void)state;
	table = bsg_http_proved_new();
	return table == NULL ? -1 : 0;
}

static int free_table(void **state)
{
	(void)state;
	bsg_http_proved_free(table);
	return 0;
}

/* All of them are of one set, which the first bytes choose. */
static struct bsg_http_peer peer(uint8_t last)
{
	struct bsg_http_peer out = {.not_after = NOW + last, .sha256 = {[31] = last}};

	(void)snprintf(out.cn, sizeof(out.cn), "device-%u", last);
	return out;
}

static bool is_found(uint8_t last, int64_t now)
{
	struct bsg_http_peer asked = {.sha256 = {[31] = last}};
	const struct bsg_http_peer want = peer(last);

	if (!bsg_http_proved_find(table, now, &asked))
		return false;
	assert_string_equal(asked.cn, want.cn);
	assert_int_equal(asked.not_after, want.not_after);
	assert_int_equal(asked.kind, BSG_HTTP_PEER_CERTIFICATE);
	return true;
}

static void keep(uint8_t last, int64_t now)
{
	const struct bsg_http_peer kept = peer(last);

	bsg_http_proved_keep(table, now, &kept);
}

static void what_was_verified_is_known_again(void **state)
{
	(void)state;
	assert_false(is_found(1, NOW));
	keep(1, NOW);
	assert_true(is_found(1, NOW));
}

static void another_certificate_of_the_same_set_is_not_it(void **state)
{
	(void)state;
	keep(1, NOW);
	assert_false(is_found(2, NOW));
	keep(2, NOW);
	assert_true(is_found(1, NOW));
	assert_true(is_found(2, NOW));
	assert_false(is_found(3, NOW));
	assert_false(is_found(0, NOW));	/* as an empty place looks */
}

static void after_an_hour_it_is_verified_again(void **state)
{
	(void)state;
	keep(1, NOW);
	assert_true(is_found(1, NOW + HOUR - 1));
	assert_false(is_found(1, NOW + HOUR));
	keep(1, NOW + HOUR);
	assert_true(is_found(1, NOW + 2 * HOUR - 1));
}

static void a_clock_set_back_proves_nothing(void **state)
{
	(void)state;
	keep(1, NOW);
	assert_false(is_found(1, NOW - 1));
}

static void a_full_set_forgets_but_mixes_nothing(void **state)
{
	unsigned n_found = 0;

	(void)state;
	for (uint8_t i = 1; i <= 9; i++)
		keep(i, NOW);
	for (uint8_t i = 1; i <= 9; i++)
		n_found += is_found(i, NOW);
	assert_in_range(n_found, 1, 4);
	assert_true(is_found(9, NOW));	/* the newest */
}

static void verified_twice_it_takes_one_place(void **state)
{
	(void)state;
	for (int64_t s = 0; s < 10; s++)
		keep(1, NOW + s);
	for (uint8_t i = 2; i <= 4; i++)
		keep(i, NOW);
	for (uint8_t i = 1; i <= 4; i++)
		assert_true(is_found(i, NOW + 9));
}

static void without_a_table_nothing_is_known(void **state)
{
	struct bsg_http_peer asked = peer(1);

	(void)state;
	bsg_http_proved_keep(NULL, NOW, &asked);
	assert_false(bsg_http_proved_find(NULL, NOW, &asked));
	bsg_http_proved_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_table, free_table)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_verified_is_known_again), TEST(another_certificate_of_the_same_set_is_not_it),
		TEST(after_an_hour_it_is_verified_again), TEST(a_clock_set_back_proves_nothing), TEST(a_full_set_forgets_but_mixes_nothing),
		TEST(verified_twice_it_takes_one_place), TEST(without_a_table_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
