/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: reads of one moment (store/read.h). Run on every backend, and under TSan. */
#include <pthread.h>

#include "store_fixture.h"

static bool is_known(struct bsg_store *store, const char *person)
{
	struct bsg_person_rec rec;
	struct bsg_error err;
	enum bsg_err rc = bsg_store_person(store, person, &rec, &err);

	assert_true(rc == BSG_OK || rc == BSG_E_NOT_FOUND);
	return rc == BSG_OK;
}

static void *add_aida(void *fixture)
{
	add_person(fixture, "aida", "unit", "1001");
	return NULL;
}

static void *ask_for_aida(void *store)
{
	return is_known(store, "aida") ? store : NULL;
}

/* Somebody else's thread. @return what it returned */
static void *elsewhere(void *(*work)(void *), void *arg)
{
	pthread_t thread;
	void *out;

	assert_int_equal(pthread_create(&thread, NULL, work, arg), 0);
	assert_int_equal(pthread_join(thread, &out), 0);
	return out;
}

static void what_is_written_meanwhile_is_not_read(void **state)
{
	struct store_fixture *f = *state;

	bsg_store_moment_begin(f->store);
	assert_false(is_known(f->store, "aida"));
	elsewhere(add_aida, f);
	assert_false(is_known(f->store, "aida"));
	assert_non_null(elsewhere(ask_for_aida, f->store));	/* it is this thread's moment alone */
	bsg_store_moment_end(f->store);
	assert_true(is_known(f->store, "aida"));
}

static void it_begins_with_the_first_read(void **state)
{
	struct store_fixture *f = *state;

	bsg_store_moment_begin(f->store);
	elsewhere(add_aida, f);
	assert_true(is_known(f->store, "aida"));
	bsg_store_moment_end(f->store);
}

static void the_outermost_pair_counts(void **state)
{
	struct store_fixture *f = *state;

	bsg_store_moment_begin(f->store);
	bsg_store_moment_begin(f->store);
	assert_false(is_known(f->store, "aida"));
	bsg_store_moment_end(f->store);
	elsewhere(add_aida, f);
	assert_false(is_known(f->store, "aida"));
	bsg_store_moment_end(f->store);
	assert_true(is_known(f->store, "aida"));
}

static void who_writes_reads_what_was_written(void **state)
{
	struct store_fixture *f = *state;

	bsg_store_moment_begin(f->store);
	assert_false(is_known(f->store, "aida"));
	add_aida(f);
	assert_true(is_known(f->store, "aida"));
	add_person(f, "berik", "unit", "1002");
	assert_true(is_known(f->store, "berik"));
	bsg_store_moment_end(f->store);
}

static void of_a_second_store_each_read_is_of_its_own(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_store *second;

	f->options.n_readers = 1;	/* one that does not come back would be noticed */
	assert_ok(f, bsg_store_open(f->url, &f->options, &second, &f->err));
	bsg_store_moment_begin(f->store);
	bsg_store_moment_begin(second);
	assert_false(is_known(f->store, "aida"));
	assert_false(is_known(second, "aida"));
	elsewhere(add_aida, f);
	assert_true(is_known(second, "aida"));
	bsg_store_moment_end(second);
	assert_false(is_known(f->store, "aida"));
	bsg_store_moment_end(f->store);
	assert_true(is_known(f->store, "aida"));
	bsg_store_close(second);
}

/* With one connection a lost one would be noticed: the last question waits for it. */
static void connections_come_back(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_page page = {.cursor = "no.cursor", .limit = 1};
	struct bsg_crossing_rec crossing;
	struct bsg_crossing_filter filter = {.from = 0};

	f->options.n_readers = 1;
	fixture_reopen(f);
	for (int i = 0; i < 3; i++) {
		bsg_store_moment_begin(f->store);
		if (i > 0)
			assert_int_equal(is_known(f->store, "aida"), i > 1);
		if (i == 1)
			add_aida(f);
		assert_int_equal(bsg_store_crossings(f->store, &filter, &page, &crossing, &f->err), BSG_E_INVALID);
		bsg_store_moment_end(f->store);
	}
	assert_non_null(elsewhere(ask_for_aida, f->store));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_meanwhile_is_not_read), TEST(it_begins_with_the_first_read), TEST(the_outermost_pair_counts),
		TEST(who_writes_reads_what_was_written), TEST(of_a_second_store_each_read_is_of_its_own), TEST(connections_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
