/* SPDX-License-Identifier: Apache-2.0 */
/* How SQLite runs each of our statements: nothing that a device or a gate waits for looks at a whole table. */
#include <string.h>

#include <sqlite3.h>

#include "store/sqlite.h"
#include "store_fixture.h"

struct plan {
	const char *sql;
	unsigned n_scans, n_sorts, n_lines;
	unsigned n_begins;	/* at the place that a cursor of two values names */
};

static int note_line(void *arg, int n, char **columns, char **names)
{
	struct plan *plan = arg;
	const char *what = n >= 4 ? columns[3] : "";

	(void)names;
	plan->n_lines++;
	plan->n_scans += strncmp(what, "SCAN ", 5) == 0 && strncmp(what, "SCAN CONSTANT", 13) != 0;
	plan->n_sorts += strstr(what, "USE TEMP B-TREE") != NULL;
	plan->n_begins += strstr(what, ")>(?,?)") != NULL || strstr(what, ")<(?,?)") != NULL;
	return 0;
}

static struct plan explain(sqlite3 *db, const char *sql)
{
	struct plan plan = { .sql = sql };
	char text[2048] = "EXPLAIN QUERY PLAN ";

	assert_true(strlen(sql) < sizeof(text) - 32);
	strcat(text, sql);
	assert_int_equal(sqlite3_exec(db, text, note_line, &plan, NULL), SQLITE_OK);
	return plan;
}

static sqlite3 *open_database(struct store_fixture *f)
{
	sqlite3 *db;

	fixture_close(f);
	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	return db;
}

/* "SELECT ... ORDER BY its own key LIMIT" begins at an end of the table and stops: SQLite calls that a scan, too. */
static bool only_walks_to_a_limit(const char *sql)
{
	return strstr(sql, "FROM audit ORDER BY seq DESC LIMIT 1") != NULL;
}

/* At the start and after the clock was set back: no index is worth that. */
static bool is_run_once(size_t number)
{
	return number == BSG_SQL_CODES_SET_BACK || number == BSG_SQL_SESSIONS_SET_BACK;
}

static void no_write_scans_a_table(void **state)
{
	struct store_fixture *f = *state;
	sqlite3 *db = open_database(f);
	const char *sql;
	unsigned n = 0;
	bool walks;

	for (size_t i = 0; (sql = bsg_sqlite_sql(i, &walks)) != NULL; i++) {
		struct plan plan = explain(db, sql);

		if (plan.n_scans + plan.n_sorts > 0 && !only_walks_to_a_limit(sql) && !is_run_once(i))
			fail_msg("scans or sorts: %s", sql);
		n += plan.n_lines > 0;
	}
	assert_true(n > 40);	/* the plans were really looked at */
	(void)sqlite3_close(db);
}

static void no_read_scans_a_table_unless_it_says_so(void **state)
{
	struct store_fixture *f = *state;
	sqlite3 *db = open_database(f);
	unsigned n_walks = 0;

	for (unsigned kind = 0; kind < BSG_QUERY_COUNT; kind++) {
		bool walks;
		const char *sql = bsg_sqlite_query_sql(kind, &walks);
		struct plan plan = explain(db, sql);

		n_walks += walks;
		assert_true(plan.n_lines > 0);
		if (!walks && plan.n_scans > 0)
			fail_msg("scans: %s", sql);
		/* A device's own reports, for people; and the few exemptions of one person that are not over. */
		if (!walks && plan.n_sorts > 0 && kind != BSG_QUERY_REPORTS && kind != BSG_QUERY_EXEMPT)
			fail_msg("sorts: %s", sql);
	}
	assert_int_equal(n_walks, 2);	/* presence (a small index) and counts */
	(void)sqlite3_close(db);
}

/* Else the last page of a long list looks at all those before it once more. */
static void a_page_begins_where_the_one_before_ended(void **state)
{
	struct store_fixture *f = *state;
	sqlite3 *db = open_database(f);
	unsigned n = 0;
	bool walks;

	for (unsigned kind = 0; kind < BSG_QUERY_COUNT; kind++) {
		const char *sql = bsg_sqlite_query_sql(kind, &walks);

		if (strstr(sql, "(?9, ?8") == NULL && strstr(sql, "(?7, ?8)") == NULL)
			continue;
		n++;
		if (explain(db, sql).n_begins == 0)
			fail_msg("walks to its cursor: %s", sql);
	}
	assert_int_equal(n, 10);
	(void)sqlite3_close(db);
}

/* What the first page of the crossings before @to costs. */
static int steps_to_list_before(struct store_fixture *f, int64_t to)
{
	const struct bsg_crossing_filter filter = { .to = to };
	struct bsg_sqlite *self = f->store->self;
	struct bsg_crossing_rec rec[1];
	struct bsg_page page = { .limit = 1 };
	int n = 0;

	assert_ok(f, bsg_store_crossings(f->store, &filter, &page, rec, &f->err));
	assert_int_equal(page.n, 1);
	assert_int_equal(rec[0].at, to - 1);
	for (unsigned i = 0; i < self->options->n_readers; i++)
		if (self->readers[i].statements[BSG_QUERY_CROSSINGS] != NULL)
			n += sqlite3_stmt_status(self->readers[i].statements[BSG_QUERY_CROSSINGS], SQLITE_STMTSTATUS_VM_STEP, 1);
	return n;
}

static void crossings_before_a_time_are_found_without_those_after_it(void **state)
{
	struct store_fixture *f = *state;
	int newest, oldest;

	add_person(f, "aida", "ministry", "1001");
	for (unsigned i = 0; i < 300; i++) {
		struct bsg_op op = crossing_op(i, "1001", i % 2 ? BSG_CROSSING_OUT : BSG_CROSSING_IN, T0 + i);

		assert_ok(f, apply(f, &op));
	}
	newest = steps_to_list_before(f, T0 + 300);
	oldest = steps_to_list_before(f, T0 + 2);
	print_message("# %d steps of SQLite's machine for the newest, %d behind 298 others\n", newest, oldest);
	assert_true(newest > 0);
	assert_in_range(oldest, newest - 10, newest + 10);
}

static int note_index(void *arg, int n, char **columns, char **names)
{
	(void)names;
	*(bool *)arg = *(bool *)arg || (n >= 4 && strstr(columns[3], "USING INDEX exemption_in_force (person=? AND device=? AND until_at>?") != NULL);
	return 0;
}

/* Else each making of orders would look at all exemptions that its person ever had. */
static void what_orders_need_of_exemptions_has_an_index_of_its_own(void **state)
{
	struct store_fixture *f = *state;
	sqlite3 *db = open_database(f);
	char text[2048] = "EXPLAIN QUERY PLAN ";
	bool walks, found = false;

	strcat(text, bsg_sqlite_query_sql(BSG_QUERY_EXEMPT, &walks));
	assert_int_equal(sqlite3_exec(db, text, note_index, &found, NULL), SQLITE_OK);
	assert_true(found);
	(void)sqlite3_close(db);
}

static void a_statement_without_its_index_is_noticed(void **state)
{
	struct store_fixture *f = *state;
	sqlite3 *db = open_database(f);
	bool walks;

	assert_int_equal(sqlite3_exec(db, "DROP INDEX device_due", NULL, NULL, NULL), SQLITE_OK);
	assert_true(explain(db, bsg_sqlite_query_sql(BSG_QUERY_DUE, &walks)).n_scans > 0);
	(void)sqlite3_close(db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(no_write_scans_a_table),
		TEST(no_read_scans_a_table_unless_it_says_so),
		TEST(a_page_begins_where_the_one_before_ended),
		TEST(crossings_before_a_time_are_found_without_those_after_it),
		TEST(what_orders_need_of_exemptions_has_an_index_of_its_own),
		TEST(a_statement_without_its_index_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
