/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite backend's log goes into the file beside the writer, and has an end (store/sqlite_checkpoint.c). Also under TSan. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "store/sqlite.h"
#include "store_fixture.h"

#define PAGE 4096
#define FRAME (PAGE + 24)	/* of the log: a page and its head */
#define PEOPLE 200		/* in one commit, at most: each on another page, once there are many */

static struct bsg_sqlite *sqlite_of(const struct store_fixture *f)
{
	return f->store->self;
}

static int64_t size_of(const struct store_fixture *f, const char *ending)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s", f->path, ending);
	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* Pages that the writer has given to the log since it was opened; the writer rests. */
static int pages_written(const struct store_fixture *f)
{
	int n = 0, most;

	assert_int_equal(sqlite3_db_status(sqlite_of(f)->db, SQLITE_DBSTATUS_CACHE_WRITE, &n, &most, 0), SQLITE_OK);
	return n;
}

/* In one commit, n <= PEOPLE. */
static void add_people(struct store_fixture *f, unsigned *first, unsigned n)
{
	struct bsg_op ops[PEOPLE + 1];
	char ids[PEOPLE][16];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%08x", (*first + i) * 2654435761u);	/* all over the table */
		ops[i] = (struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {ids[i], "Somebody", NULL, "kk", T0}};
	}
	ops[n] = audit_op();
	assert_ok(f, bsg_store_apply(f->store, ops, n + 1, &f->err));
	*first += n;
}

static void write_pages(struct store_fixture *f, unsigned *first, int n)
{
	while (pages_written(f) < n)
		add_people(f, first, PEOPLE);
}

static void the_log_goes_into_the_file_while_the_store_is_open(void **state)
{
	struct store_fixture *f = *state;
	const struct timespec pause = {.tv_nsec = 1000000};
	const int64_t before = size_of(f, "");
	unsigned first = 0;

	write_pages(f, &first, 4000);	/* a quarter of what would bring the writer to do it */
	for (int ms = 0; ms < 60000 && size_of(f, "") <= before + 50 * PAGE; ms++)
		(void)nanosleep(&pause, NULL);
	print_message("# the file: %lld bytes, then %lld; its log: %lld\n", (long long)before, (long long)size_of(f, ""),
		      (long long)size_of(f, "-wal"));
	assert_true(size_of(f, "") > before + 50 * PAGE);
}

static bool set_due(struct bsg_sqlite_checkpoints *c, bool due, bool wake)
{
	bool was;

	pthread_mutex_lock(&c->lock);
	was = c->due;
	c->due = due;
	if (wake)
		pthread_cond_signal(&c->woken);
	pthread_mutex_unlock(&c->lock);
	return was;
}

static bool is_due(struct bsg_sqlite_checkpoints *c)
{
	bool due;

	pthread_mutex_lock(&c->lock);
	due = c->due;
	pthread_mutex_unlock(&c->lock);
	return due;
}

/* What is due already wakes nobody: the thread sleeps on. Once it has done what it was woken for, it sleeps. */
static void put_to_sleep(const struct store_fixture *f)
{
	struct bsg_sqlite_checkpoints *c = &sqlite_of(f)->checkpoints;
	const struct timespec pause = {.tv_nsec = 1000000};

	(void)set_due(c, true, true);
	for (int ms = 0; ms < 60000 && is_due(c); ms++)
		(void)nanosleep(&pause, NULL);
	assert_false(set_due(c, true, false));
}

static void let_go(const struct store_fixture *f)
{
	assert_true(set_due(&sqlite_of(f)->checkpoints, false, false));	/* it did sleep */
}

static void the_writer_ends_a_log_that_nobody_else_does(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_person_rec person;
	unsigned first = 0;

	put_to_sleep(f);
	write_pages(f, &first, 40000);
	print_message("# %d pages written, the log has %lld\n", pages_written(f), (long long)size_of(f, "-wal") / FRAME);
	assert_true(size_of(f, "-wal") < INT64_C(18000) * FRAME);
	let_go(f);
	fixture_reopen(f);
	assert_ok(f, bsg_store_person(f->store, "00000000", &person, &f->err));
}

static int64_t pages_of_log(const struct store_fixture *f)
{
	return size_of(f, "-wal") / FRAME;
}

/* As the thread says when it has done all that there is; it sleeps on. */
static void claim_all_done(struct store_fixture *f)
{
	struct bsg_sqlite_checkpoints *c = &sqlite_of(f)->checkpoints;

	pthread_mutex_lock(&c->lock);
	c->n_done = (int)pages_of_log(f);
	pthread_mutex_unlock(&c->lock);
}

static void the_writer_ends_a_long_log_once_little_of_it_is_left(void **state)
{
	struct store_fixture *f = *state;
	unsigned first = 0;

	put_to_sleep(f);
	while (pages_of_log(f) < 15100)
		add_people(f, &first, PEOPLE);
	claim_all_done(f);
	add_people(f, &first, 1);
	for (int i = 0; i < 10; i++)
		add_people(f, &first, PEOPLE);
	print_message("# the log has %lld pages\n", (long long)pages_of_log(f));
	assert_true(pages_of_log(f) < 15600);	/* and not the 16000 at which it ends whatever is left */
	let_go(f);
}

static void a_short_log_goes_on_however_little_is_left(void **state)
{
	struct store_fixture *f = *state;
	unsigned first = 0;

	put_to_sleep(f);
	for (int i = 0; i < 400; i++) {
		claim_all_done(f);
		add_people(f, &first, 1);
	}
	assert_true(pages_of_log(f) > 400);
	let_go(f);
}

static void it_may_be_closed_in_the_middle(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_person_rec person;
	unsigned first = 0;
	char id[16];

	for (int i = 0; i < 5; i++) {
		write_pages(f, &first, 1200);
		fixture_reopen(f);
		assert_int_equal(size_of(f, "-wal"), 0);	/* the last one to close has folded it in */
		(void)snprintf(id, sizeof(id), "%08x", (first - 1) * 2654435761u);
		assert_ok(f, bsg_store_person(f->store, id, &person, &f->err));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_log_goes_into_the_file_while_the_store_is_open), TEST(the_writer_ends_a_log_that_nobody_else_does),
		TEST(the_writer_ends_a_long_log_once_little_of_it_is_left), TEST(a_short_log_goes_on_however_little_is_left),
		TEST(it_may_be_closed_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
