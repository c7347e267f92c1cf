/* SPDX-License-Identifier: Apache-2.0 */
/* What a commit adds to the SQLite backend's log goes to the disk at once, and nothing else ever does (store/sqlite_log.c). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fault_fixture.h"
#include "store/sqlite.h"

#define ROWS 200	/* of more than half a page each */
#define ROOM 31		/* pages that one write takes */

/* Two connections to one log: ours, and one of the system's own VFS as another process has it. */
struct world {
	struct store_fixture *f;
	sqlite3 *ours, *other;
};

static bool memory_lacks;

/* Linked in the place of the store's own malloc(); SQLite's is another. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return memory_lacks ? NULL : __real_malloc(size);
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	return n;
}

static void must(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static void add_rows(sqlite3 *db, int n, char letter)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql), "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d) "
		       "INSERT INTO log_test SELECT '%c', hex(randomblob(1500)) FROM i", n, letter);
	must(db, sql);
}

static void is_whole(sqlite3 *db, int64_t n_rows)
{
	assert_int_equal(number(db, "SELECT count(*) FROM log_test"), n_rows);
	assert_int_equal(number(db, "SELECT count(*) FROM log_test WHERE length(x) != 3000"), 0);
	assert_int_equal(number(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static struct world open_world(void **state)
{
	struct world w = {.f = *state};

	fixture_close(w.f);	/* its log and the file are one now */
	assert_ok(w.f, bsg_sqlite_connect(w.f->path, true, &w.ours, &w.f->err));
	must(w.ours, "CREATE TABLE log_test (who, x)");
	assert_int_equal(sqlite3_open(w.f->path, &w.other), SQLITE_OK);
	must(w.other, "PRAGMA wal_autocheckpoint = 0");
	must(w.ours, "PRAGMA wal_autocheckpoint = 0");
	return w;
}

static void close_world(struct world *w)
{
	assert_int_equal(sqlite3_close(w->ours), SQLITE_OK);
	assert_int_equal(sqlite3_close(w->other), SQLITE_OK);
}

static int pages_written(sqlite3 *db)
{
	int n = 0, most;

	assert_int_equal(sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_WRITE, &n, &most, 0), SQLITE_OK);
	return n;
}

static void a_commit_takes_few_writes_and_is_there_for_others(void **state)
{
	struct world w = open_world(state);

	for (int n = 1; n <= ROWS; n *= 3) {
		const int64_t rows = number(w.ours, "SELECT count(*) FROM log_test");
		const int pages = pages_written(w.ours), writes = fixture_writes();
		int n_pages, n_writes;

		add_rows(w.ours, n, 'a');
		n_pages = pages_written(w.ours) - pages;
		n_writes = fixture_writes() - writes;
		print_message("# a commit of %d pages: %d writes\n", n_pages, n_writes);
		assert_true(n_pages >= n);
		assert_true(n_writes >= 1 && n_writes <= 1 + n_pages / ROOM);
		is_whole(w.other, rows + n);
	}
	close_world(&w);
}

/* SQLite then gives pages to the log before the commit, and wants them back. */
static void a_transaction_that_outgrows_its_cache_finds_what_it_wrote(void **state)
{
	struct world w = open_world(state);
	const int writes = fixture_writes();

	must(w.ours, "PRAGMA cache_size = 10; BEGIN");
	add_rows(w.ours, ROWS, 'a');
	assert_true(fixture_writes() > writes);
	is_whole(w.ours, ROWS);
	is_whole(w.other, 0);
	must(w.ours, "UPDATE log_test SET who = 'b' WHERE rowid % 2 = 0");
	assert_int_equal(number(w.ours, "SELECT count(*) FROM log_test WHERE who = 'b'"), ROWS / 2);
	must(w.ours, "COMMIT");
	is_whole(w.other, ROWS);
	assert_int_equal(number(w.other, "SELECT count(*) FROM log_test WHERE who = 'b'"), ROWS / 2);
	close_world(&w);
}

/* Where its pages waited, another process has committed its own. SQLite reads nothing of a log that was empty to take them back. */
static void what_was_taken_back_is_not_written_later(void **state)
{
	struct world w = open_world(state);

	must(w.ours, "PRAGMA cache_size = 10");
	for (int n = 20; n <= ROWS; n += 20) {
		const int64_t rows = number(w.other, "SELECT count(*) FROM log_test");

		must(w.other, "PRAGMA wal_checkpoint(TRUNCATE)");
		must(w.ours, "BEGIN");
		add_rows(w.ours, n, 'a');
		must(w.ours, "ROLLBACK");
		add_rows(w.other, ROWS, 'b');
		is_whole(w.ours, rows + ROWS);
		add_rows(w.ours, 1, 'c');
		is_whole(w.other, rows + ROWS + 1);
	}
	assert_int_equal(number(w.other, "SELECT count(*) FROM log_test WHERE who = 'a'"), 0);
	close_world(&w);
}

static void what_was_committed_is_not_written_again(void **state)
{
	struct world w = open_world(state);

	add_rows(w.ours, 10, 'a');
	must(w.other, "PRAGMA wal_checkpoint(TRUNCATE)");
	add_rows(w.other, ROWS, 'b');	/* a log that begins anew, with other pages at the same places */
	is_whole(w.ours, 10 + ROWS);
	add_rows(w.ours, 1, 'c');
	is_whole(w.other, 11 + ROWS);
	close_world(&w);
}

static void without_memory_for_its_room_a_commit_is_only_slower(void **state)
{
	struct world w = {.f = *state};
	int writes;

	memory_lacks = true;	/* before the first write of this connection */
	fixture_close(w.f);
	assert_ok(w.f, bsg_sqlite_connect(w.f->path, true, &w.ours, &w.f->err));
	assert_int_equal(sqlite3_open(w.f->path, &w.other), SQLITE_OK);
	must(w.ours, "CREATE TABLE log_test (who, x)");
	writes = fixture_writes();
	add_rows(w.ours, ROWS, 'a');
	assert_true(fixture_writes() - writes > ROWS);
	is_whole(w.other, ROWS);
	memory_lacks = false;
	add_rows(w.ours, ROWS, 'b');
	is_whole(w.other, 2 * ROWS);
	close_world(&w);
}

static void a_commit_that_finds_no_room_on_the_disk_is_taken_back(void **state)
{
	struct world w = open_world(state);
	char path[128];
	struct stat st;

	add_rows(w.ours, 1, 'a');
	(void)snprintf(path, sizeof(path), "%s-wal", w.f->path);
	assert_int_equal(stat(path, &st), 0);
	for (rlim_t room = 0; room < 40 * 4096; room += 10000) {
		fixture_limit_files((rlim_t)st.st_size + room);
		assert_int_not_equal(sqlite3_exec(w.ours, "INSERT INTO log_test SELECT 'b', hex(randomblob(1500)) FROM sqlite_schema, "
						  "sqlite_schema LIMIT 50", NULL, NULL, NULL), SQLITE_OK);
		is_whole(w.ours, 1);
		is_whole(w.other, 1);
	}
	fixture_limit_files(RLIM_INFINITY);
	add_rows(w.ours, ROWS, 'c');
	is_whole(w.other, 1 + ROWS);
	close_world(&w);
}

static void a_commit_whose_sync_fails_is_taken_back(void **state)
{
	struct world w = open_world(state);

	fixture_fail_syncs(true);
	assert_int_not_equal(sqlite3_exec(w.ours, "INSERT INTO log_test VALUES ('a', hex(randomblob(1500)))", NULL, NULL, NULL), SQLITE_OK);
	fixture_fail_syncs(false);
	is_whole(w.other, 0);
	add_rows(w.other, ROWS, 'b');
	add_rows(w.ours, 1, 'c');
	is_whole(w.other, ROWS + 1);
	close_world(&w);
}

static int tear_down(void **state)
{
	memory_lacks = false;
	return fault_tear_down(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_commit_takes_few_writes_and_is_there_for_others),
		TEST(a_transaction_that_outgrows_its_cache_finds_what_it_wrote),
		TEST(what_was_taken_back_is_not_written_later),
		TEST(what_was_committed_is_not_written_again),
		TEST(without_memory_for_its_room_a_commit_is_only_slower),
		TEST(a_commit_that_finds_no_room_on_the_disk_is_taken_back),
		TEST(a_commit_whose_sync_fails_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
