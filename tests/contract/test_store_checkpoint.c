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
#define PEOPLE 200		/* in one commit: each on another page, once there are many */

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

static void add_people(struct store_fixture *f, unsigned *first)
{
	struct bsg_op ops[PEOPLE + 1];
	char ids[PEOPLE][16];

	for (unsigned i = 0; i < PEOPLE; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%08x", (*first + i) * 2654435761u);	/* all over the table */
		ops[i] = (struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {ids[i], "Somebody", NULL, "kk", T0}};
	}
	ops[PEOPLE] = audit_op();
	assert_ok(f, bsg_store_apply(f->store, ops, PEOPLE + 1, &f->err));
	*first += PEOPLE;
}

static void write_pages(struct store_fixture *f, unsigned *first, int n)
{
	while (pages_written(f) < n)
		add_people(f, first);
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

static void set_due(struct store_fixture *f, bool due)
{
	struct bsg_sqlite_checkpoints *c = &sqlite_of(f)->checkpoints;

	pthread_mutex_lock(&c->lock);
	c->due = due;
	pthread_mutex_unlock(&c->lock);
}

/* What is due already wakes nobody: the thread sleeps on. */
static void the_writer_ends_a_log_that_nobody_else_does(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_person_rec person;
	unsigned first = 0;

	set_due(f, true);
	write_pages(f, &first, 40000);
	print_message("# %d pages written, the log has %lld\n", pages_written(f), (long long)size_of(f, "-wal") / FRAME);
	assert_true(size_of(f, "-wal") < INT64_C(18000) * FRAME);
	set_due(f, false);
	fixture_reopen(f);
	assert_ok(f, bsg_store_person(f->store, "00000000", &person, &f->err));
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
		TEST(it_may_be_closed_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
