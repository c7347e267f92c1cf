/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A96: what an Apple phone costs does not depend on how many there are. SQLite counts the steps of its machine; they are the same
 * for a phone among a thousand and among a hundred thousand, of which all are in, all are due and all wait for a push. The same holds
 * of what a gate and the makers of orders ask on its behalf.
 */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "apple_fixture.h"
#include "store/sqlite.h"

#define ORDERS_DUE (T0 + 86400)	/* of those of the crowd whose orders are not due yet: and later */

struct cost {
	uint64_t steps, scanned, sorted, indexed;
	unsigned n_unused;	/* statements that have to be looked at and were not run */
};

/* Beside all on apple_device: what a crossing by badge does, and orders. */
static const bool statements_looked_at[BSG_SQL_COUNT] = {
	[BSG_SQL_BADGE_PERSON] = true, [BSG_SQL_CROSSING] = true, [BSG_SQL_CROSSING_ADD] = true, [BSG_SQL_CROSSING_MOVES] = true,
	[BSG_SQL_CROSSING_DEVICES] = true, [BSG_SQL_MOVE_ADD] = true, [BSG_SQL_DEVICE_MOVE] = true, [BSG_SQL_ORDERS_HEAD] = true,
	[BSG_SQL_ORDERS_HEAD_NEXT] = true,
	[BSG_SQL_ORDERS_BYTES] = true, [BSG_SQL_ORDERS_STATE] = true, [BSG_SQL_ORDERS_KEEP] = true,
};

static const bool queries_looked_at[BSG_QUERY_COUNT] = {
	[BSG_QUERY_PERSON_BY_BADGE] = true, [BSG_QUERY_DEVICES_BADGE] = true, [BSG_QUERY_DEVICE] = true, [BSG_QUERY_CROSSING] = true, [BSG_QUERY_MOVES] = true,
	[BSG_QUERY_ORDERS] = true, [BSG_QUERY_ORDERS_HEAD] = true, [BSG_QUERY_DUE_CHANGED] = true, [BSG_QUERY_DUE] = true, [BSG_QUERY_DUE_AHEAD] = true,
	[BSG_QUERY_DUE_POLICY] = true, [BSG_QUERY_PRESENT] = true,
};

/* @param st  NULL: it was never asked */
static void add_cost(struct cost *cost, sqlite3_stmt *st, const char *sql, bool is_looked_at)
{
	const int steps = st != NULL ? sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 1) : 0;

	if (steps == 0 && (is_looked_at || strstr(sql, "apple_device") != NULL))
		cost->n_unused++;
	if (st == NULL)
		return;

	cost->steps += (uint64_t)steps;
	cost->scanned += (uint64_t)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
	cost->sorted += (uint64_t)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_SORT, 1);
	cost->indexed += (uint64_t)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_AUTOINDEX, 1);
}

/* What all statements cost since the last time. The store is at rest. */
static struct cost take_cost(struct store_fixture *f)
{
	struct bsg_sqlite *self = f->store->self;
	struct cost cost = { 0 };
	bool walks;

	for (size_t i = 0; i < BSG_SQL_COUNT; i++)
		add_cost(&cost, self->statements[i], bsg_sqlite_sql(i, &walks), statements_looked_at[i]);
	for (unsigned i = 0; i < BSG_QUERY_COUNT; i++)
		add_cost(&cost, self->readers[0].statements[i], bsg_sqlite_query_sql(i, &walks), queries_looked_at[i]);
	return cost;
}

/*
 * Phones of one person, all in, with a command out, due for a step and for a push, and each fiftieth without orders, none of them among the first; their certificates'
 * numbers leave room for others, and their crossings come behind those of others: what is read up to an end of a table costs a step less.
 */
static void add_crowd(struct store_fixture *f, unsigned from, unsigned to)
{
	char sql[4096];
	sqlite3 *db;

	fixture_close(f);
	(void)snprintf(sql, sizeof(sql), "CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT %u UNION ALL SELECT i + 1 FROM c WHERE i < %u) "
		"SELECT i, printf('%%032x', i * 2654435761) AS id FROM c; BEGIN; "
		"INSERT OR IGNORE INTO person VALUES ('crowd', 'Crowd', 'ministry', 'kk', 1, 0); "
		"INSERT INTO badge SELECT 'crowd' || i, 'crowd', 1 FROM n; "
		"INSERT INTO device (id, person, kind, class, state, carried, enrolled, seq, place, gate, direction, at, serial, orders_change, due) SELECT id, 'crowd', "
		"'ios-device', 'managed', 2, 0, 1, 1, 'house', 'north', 1, 1, 1, i %% 1000 BETWEEN 1 AND 980, iif(i %% 1000 BETWEEN 1 AND 980, %lld + i, 0) FROM n; "
		"INSERT INTO orders SELECT id, zeroblob(200) FROM n; "
		"INSERT INTO crossing SELECT 'f' || id, 'person:crowd', 'crowd', id, 'house', 'north', 1, 1, 1, 'turnstile:t', 1, 1 FROM n; "
		"INSERT INTO crossing_move SELECT 'f' || id, id, 1, 1 FROM n; "
		"INSERT INTO certificate_der SELECT i * 100, x'30' FROM n; "
		"INSERT INTO certificate SELECT CAST(id AS BLOB), id, 1, 2, 0, i * 100, i * 100 FROM n; "
		"INSERT INTO apple_device (num, kind, device, state, udid, supervised, os_version, model, product, authenticated, token, core_state, next, "
		"desired, desired_seq, command, uuid, push_at) SELECT i * 100, 'ios-device', id, 2, 'u' || id, 0, 1704, '', '', 1, zeroblob(32), zeroblob(200), 1 + i, "
		"1, 1, 3, id, 1 + i FROM n; COMMIT", from, to, (long long)ORDERS_DUE);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	fixture_reopen(f);
}

/* A gate sends a badge in, again as its network failed, and out; and asks what became of it. */
static void cross(struct store_fixture *f, const char *person, const char *badge, unsigned n)
{
	struct bsg_op in = crossing_op(2 * n, badge, BSG_CROSSING_IN, T0 + 30), out = crossing_op(2 * n + 1, badge, BSG_CROSSING_OUT, T0 + 40);
	struct bsg_move_rec moves[BSG_CARRIED_MAX];
	struct bsg_crossing_rec crossing;
	struct bsg_device_rec device;
	struct bsg_person_rec who;
	size_t n_moves, n_found;

	assert_ok(f, bsg_store_person_by_badge(f->store, badge, &who, &f->err));
	assert_string_equal(who.id, person);
	assert_ok(f, bsg_store_devices_of_badge(f->store, badge, BSG_CROSSING_IN, 1, &device, &n_found, &f->err));
	assert_int_equal(n_found, 1);
	assert_ok(f, apply(f, &in));
	assert_int_equal(in.crossing_add.n_devices, 1);
	assert_true(in.crossing_add.devices[0].applied);
	assert_ok(f, apply(f, &in));
	assert_true(in.crossing_add.again);
	assert_ok(f, bsg_store_crossing(f->store, uuid_of(2 * n), &crossing, moves, &n_moves, &f->err));
	assert_int_equal(n_moves, 1);
	assert_ok(f, apply(f, &out));
	assert_true(out.crossing_add.devices[0].applied);
}

/* Orders are made, looked at by a newer policy, fetched, asked for again, and made anew of the same policy. */
static void order(struct store_fixture *f, unsigned n)
{
	const struct bsg_device_rec rec = get_device(f, device_id(n));
	struct bsg_op put = { .kind = BSG_OP_ORDERS_PUT, .orders_put = {
		.device = device_id(n), .serial = 1, .change = rec.change, .policy = 1, .expires = LEASE, .issued = T0, .due = ORDERS_DUE,
		.digest = digest_of("orders"), .content = digest_of("content"), .bytes = { (const uint8_t *)"signed", 6 } } };
	struct bsg_op late = put, keep = { .kind = BSG_OP_ORDERS_KEEP, .orders_keep = {
		.device = device_id(n), .serial = 1, .change = rec.change, .policy = 2 } };
	struct bsg_orders_rec orders;
	struct bsg_store_blob bytes;

	assert_ok(f, apply(f, &put));
	assert_int_equal(apply(f, &late), BSG_E_CONFLICT);
	assert_ok(f, apply(f, &keep));
	assert_true(keep.changed);
	assert_ok(f, bsg_store_orders(f->store, device_id(n), &orders, &bytes, &f->err));
	assert_int_equal(bytes.len, 6);
	bsg_store_blob_free(&bytes);
	assert_ok(f, bsg_store_orders(f->store, device_id(n), &orders, NULL, &f->err));
	put.orders_put.expected_serial = 1;
	put.orders_put.serial = put.orders_put.policy = 2;
	assert_ok(f, apply(f, &put));
}

/*
 * The four reasons for which orders are due, each by the mark with which its list's cursors begin. Who is in is asked for of the whole house,
 * without a place or a unit: with one it walks over those elsewhere (store/sqlite_read.c), while a person waits.
 */
static void look_for_all(struct store_fixture *f)
{
	static const struct { const char *mark; struct bsg_due_ask due; } asks[] = {
		{ "c", { .now = T0, .latest = INT64_MAX, .policy = 3 } },
		{ "d", { .now = ORDERS_DUE + 1000, .latest = INT64_MAX, .policy = 3 } },
		{ "f", { .now = -1, .latest = ORDERS_DUE, .policy = 3 } },
		{ "p", { .now = -1, .latest = INT64_MAX, .policy = 3 } },
	};
	struct bsg_present_rec present[10];
	struct bsg_page page = { .limit = 10 };
	struct bsg_due_rec due[10];
	char behind[BSG_CURSOR_SIZE];	/* the phones that live a day: each time there is one more of them */

	(void)snprintf(behind, sizeof(behind), "d%lld.~", (long long)ORDERS_DUE + 1);
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		page.cursor = asks[i].mark[0] == 'd' ? behind : asks[i].mark;
		assert_ok(f, bsg_store_orders_due(f->store, &asks[i].due, &page, due, &f->err));
		assert_int_equal(page.n, 10);
		assert_true(page.next[0] == asks[i].mark[0]);
	}
	page.cursor = NULL;
	assert_ok(f, bsg_store_present(f->store, NULL, NULL, &page, present, &f->err));
	assert_int_equal(page.n, 10);
}

/* Everything that an Apple phone brings, once or more. @param n  two phones that are not there yet: n, n + 1 */
static void live_a_day(struct store_fixture *f, const char *person, const char *badge, unsigned n)
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
	cross(f, person, badge, n);
	order(f, n);
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
	look_for_all(f);
}

static void a96_a_phone_costs_the_same_among_a_hundred_thousand(void **state)
{
	static const unsigned sizes[] = { 1000, 100000 };
	static const char *const people[] = { "aida", "berik" }, *const badges[] = { "1001", "1002" };	/* enrolling counts a person's own devices */
	struct store_fixture *f = *state;
	struct cost costs[2];
	unsigned have = 0;

	f->options.n_readers = 1;
	for (unsigned i = 0; i < 2; i++) {
		add_person(f, people[i], NULL, badges[i]);
		add_crowd(f, have + 1, sizes[i]);
		have = sizes[i];
		(void)take_cost(f);
		live_a_day(f, people[i], badges[i], 10 * i);
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
