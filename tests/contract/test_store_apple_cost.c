/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A96: what an Apple phone costs does not depend on how many there are. SQLite counts the steps of its machine; they are the same
 * for a phone among a thousand and among a hundred thousand, of which all are due and all wait for a push.
 */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "apple_fixture.h"
#include "store/sqlite.h"

struct cost {
	uint64_t steps, scanned, sorted, indexed;
	unsigned n_unused;	/* statements on apple_device that were not run */
};

static void add_cost(struct cost *cost, sqlite3_stmt *st, const char *sql)
{
	int steps = sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 1);

	cost->steps += (uint64_t)steps;
	cost->scanned += (uint64_t)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
	cost->sorted += (uint64_t)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_SORT, 1);
	cost->indexed += (uint64_t)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_AUTOINDEX, 1);
	cost->n_unused += steps == 0 && strstr(sql, "apple_device") != NULL;
}

/* What all statements cost since the last time. The store is at rest. */
static struct cost take_cost(struct store_fixture *f)
{
	struct bsg_sqlite *self = f->store->self;
	struct cost cost = { 0 };
	bool walks;

	for (size_t i = 0; i < BSG_SQL_COUNT; i++)
		add_cost(&cost, self->statements[i], bsg_sqlite_sql(i, &walks));
	for (unsigned i = 0; i < BSG_QUERY_COUNT; i++)
		if (self->readers[0].statements[i] != NULL)
			add_cost(&cost, self->readers[0].statements[i], bsg_sqlite_query_sql(i, &walks));
		else
			cost.n_unused += strstr(bsg_sqlite_query_sql(i, &walks), "apple_device") != NULL;
	return cost;
}

/* Phones of one person, all with a command out, due for a step and for a push; their certificates' numbers leave room for others. */
static void add_crowd(struct store_fixture *f, unsigned from, unsigned to)
{
	char sql[2048];
	sqlite3 *db;

	fixture_close(f);
	(void)snprintf(sql, sizeof(sql), "CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT %u UNION ALL SELECT i + 1 FROM c WHERE i < %u) "
		"SELECT i, printf('%%032x', i * 2654435761) AS id FROM c; BEGIN; "
		"INSERT OR IGNORE INTO person VALUES ('crowd', 'Crowd', 'ministry', 'kk', 1, 0); "
		"INSERT INTO device (id, person, kind, class, state, carried, enrolled) SELECT id, 'crowd', 'ios-device', 'managed', 2, 0, 1 FROM n; "
		"INSERT INTO certificate_der SELECT i * 100, x'30' FROM n; "
		"INSERT INTO certificate SELECT CAST(id AS BLOB), id, 1, 2, 0, i * 100, i * 100 FROM n; "
		"INSERT INTO apple_device (num, kind, device, state, udid, supervised, os_version, model, product, authenticated, token, core_state, next, "
		"desired, desired_seq, command, uuid, push_at) SELECT i * 100, 'ios-device', id, 2, 'u' || id, 0, 1704, '', '', 1, zeroblob(32), zeroblob(200), 1 + i, "
		"1, 1, 3, id, 1 + i FROM n; COMMIT", from, to);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	fixture_reopen(f);
}

/* Everything that an Apple phone brings, once or more. @param n  two phones that are not there yet: n, n + 1 */
static void live_a_day(struct store_fixture *f, const char *person, unsigned n)
{
	struct bsg_op checkout = checkout_op(n + 1), step, pushed, error, idle = idle_op(n), anew, stale, again = token_op(n, "token");
	struct bsg_op not_now = answer_op(n, BSG_APPLE_NOT_NOW, 10, BSG_APPLE_NO_COMMAND, 0);
	struct bsg_apple_push_rec pushes[10];
	struct bsg_apple_due_rec due[10];
	struct bsg_apple_rec rec, recs[10];
	struct bsg_page page = { .limit = 10 };

	add_phone(f, person, n);
	again.apple_token_update.at += 60;
	assert_ok(f, apply(f, &again));
	rec = get_apple(f, n);
	step = step_op(&rec, T0);
	assert_ok(f, apply(f, &step));
	assert_int_equal(apply(f, &step), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_apple_by_certificate(f->store, digest_of(device_id(n)), &rec, &f->err));
	assert_ok(f, apply(f, &idle));
	desire(f, n, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_int_equal(list_due(f, T0, 10, due), 10);
	assert_int_equal(list_pushes(f, T0, 10, pushes), 10);
	rec = get_apple(f, n);
	memcpy(pushes[0].device, rec.device, sizeof(rec.device));
	memcpy(pushes[0].token, digest_of("token"), 32);
	pushes[0].seq = rec.desired_seq;
	pushed = pushed_op(&pushes[0], BSG_APPLE_PUSH_SENT, T0 + 60);
	assert_ok(f, apply(f, &pushed));
	assert_true(pushed.changed);
	assert_ok(f, apply(f, &idle));
	assert_ok(f, apply(f, &not_now));
	deliver(f, n, 10, CAMERA);
	desire(f, n, 0, BSG_APPLE_REMOVE, 12);
	assert_ok(f, apply(f, &idle));
	error = answer_op(n, BSG_APPLE_ERROR, 12, BSG_APPLE_NO_COMMAND, 0);
	error.apple_answer.next = T0 + 5;
	assert_ok(f, apply(f, &error));
	pushed.apple_pushed.result = BSG_APPLE_PUSH_UNREGISTERED;
	assert_ok(f, apply(f, &pushed));
	assert_true(pushed.changed);
	certify_phone(f, person, n + 1);
	anew = authenticate_op(n + 1, rec.udid);
	assert_ok(f, change(f, &anew));
	assert_string_equal(anew.apple_authenticate.superseded, device_id(n));
	stale = idle_op(n + 1);
	assert_int_equal(apply(f, &stale), BSG_E_CONFLICT);
	assert_ok(f, change(f, &checkout));
	assert_ok(f, bsg_store_apples(f->store, NULL, &page, recs, &f->err));
	assert_int_equal(page.n, 10);
}

static void a96_a_phone_costs_the_same_among_a_hundred_thousand(void **state)
{
	static const unsigned sizes[] = { 1000, 100000 };
	static const char *const people[] = { "aida", "berik" };	/* enrolling counts a person's own devices */
	struct store_fixture *f = *state;
	struct cost costs[2];
	unsigned have = 0;

	f->options.n_readers = 1;
	for (unsigned i = 0; i < 2; i++) {
		add_person(f, people[i], NULL, NULL);
		add_crowd(f, have + 1, sizes[i]);
		have = sizes[i];
		(void)take_cost(f);
		live_a_day(f, people[i], 10 * i);
		costs[i] = take_cost(f);
		assert_int_equal(costs[i].scanned, 0);
		assert_int_equal(costs[i].sorted, 0);
		assert_int_equal(costs[i].indexed, 0);
		assert_int_equal(costs[i].n_unused, 0);
	}
	print_message("# %u steps of SQLite's machine among 1,000, %u among 100,000\n", (unsigned)costs[0].steps, (unsigned)costs[1].steps);
	assert_int_equal(costs[0].steps, costs[1].steps);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a96_a_phone_costs_the_same_among_a_hundred_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
