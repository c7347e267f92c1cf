/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's contract when things break: power, disk, files. What the SQLite backend's files look like is known
 * here; what must hold is the same for all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/sqlite.h"
#include "fault_fixture.h"
#include "store_fixture.h"

static struct bsg_op person_op(const char *id)
{
	return (struct bsg_op){ .kind = BSG_OP_PERSON_ADD, .person_add = { id, "Somebody", NULL, "kk", T0 } };
}

static void every_acknowledgement_comes_after_a_sync(void **state)
{
	struct store_fixture *f = *state;
	char id[16];

	for (int i = 0; i < 20; i++) {
		struct bsg_op op = person_op(id);
		int before = fixture_syncs();

		(void)snprintf(id, sizeof(id), "p%d", i);
		assert_ok(f, change(f, &op));
		assert_true(fixture_syncs() > before);
	}
}

static void a_failed_sync_is_never_acknowledged(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op aida = person_op("aida"), berik = person_op("berik");
	struct bsg_person_rec person;
	struct bsg_store_stats stats;

	fixture_fail_syncs(true);
	assert_int_equal(change(f, &aida), BSG_E_UNAVAILABLE);
	assert_int_equal(bsg_store_ready(f->store, &f->err), BSG_E_UNAVAILABLE);
	fixture_fail_syncs(false);
	assert_int_equal(bsg_store_person(f->store, "aida", &person, &f->err), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_ready(f->store, &f->err));
	assert_ok(f, change(f, &berik));
	bsg_store_stats(f->store, &stats);
	assert_int_equal(stats.failed, 2);
	fixture_reopen(f);
	assert_int_equal(bsg_store_person(f->store, "aida", &person, &f->err), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_person(f->store, "berik", &person, &f->err));
	assert_ok(f, change(f, &aida));
}

/* Write until killed, and say what was acknowledged: one byte for each. */
static void write_and_tell(const struct store_fixture *f, int to, unsigned round)
{
	struct bsg_store *store;
	char id[32];

	if (bsg_store_open(f->url, &f->options, &store, NULL) != BSG_OK)
		_exit(3);
	for (unsigned i = 0;; i++) {
		struct bsg_op ops[] = { person_op(id), { .kind = BSG_OP_BADGE_ADD, .badge_add = { id, id, T0 } },
			audit_op() };

		(void)snprintf(id, sizeof(id), "p%u-%u", round, i);
		if (bsg_store_apply(store, ops, 3, NULL) != BSG_OK || write(to, "", 1) != 1)
			_exit(4);
	}
}

static void nothing_acknowledged_is_lost_when_killed(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_person_rec person;
	struct bsg_audit_check check;
	unsigned total = 0;
	char id[32];

	fixture_close(f);
	for (unsigned round = 0; round < 5; round++) {
		unsigned n = fixture_kill_writer(f, write_and_tell, round, 17 + 23 * round);

		fixture_reopen(f);
		for (unsigned i = 0; i < n + 2; i++) {
			enum bsg_err by_id, by_badge;

			(void)snprintf(id, sizeof(id), "p%u-%u", round, i);
			by_id = bsg_store_person(f->store, id, &person, &f->err);
			by_badge = bsg_store_person_by_badge(f->store, id, &person, &f->err);
			assert_int_equal(by_id, by_badge);	/* whole batches only */
			if (i < n)
				assert_int_equal(by_id, BSG_OK);
		}
		assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
		assert_int_equal(check.broken_at, 0);
		total += n;
		assert_true(check.n >= total);
		fixture_close(f);
	}
	print_message("# %u acknowledged, all there\n", total);
}

/* Write people until it is refused. @return how many were acknowledged */
static unsigned fill(struct store_fixture *f, unsigned first)
{
	char id[32], name[BSG_FULL_NAME_SIZE];
	unsigned n = first;
	enum bsg_err rc;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	do {
		struct bsg_op op = person_op(id);

		(void)snprintf(id, sizeof(id), "p%u", n);
		op.person_add.name = name;
		rc = change(f, &op);
		if (rc == BSG_OK)
			n++;
	} while (rc == BSG_OK && n < 100000);
	assert_int_equal(rc, BSG_E_UNAVAILABLE);
	return n;
}

static void check_people(struct store_fixture *f, unsigned n)
{
	struct bsg_person_rec person;
	struct bsg_audit_check check;
	char id[32];

	for (unsigned i = 0; i <= n; i++) {
		(void)snprintf(id, sizeof(id), "p%u", i);
		assert_int_equal(bsg_store_person(f->store, id, &person, &f->err), i < n ? BSG_OK : BSG_E_NOT_FOUND);
	}
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, n);
	assert_int_equal(check.broken_at, 0);
}

static void a_full_disk_is_said_and_nothing_is_half_written(void **state)
{
	struct store_fixture *f = *state;
	unsigned n;

	fixture_limit_files(600000);
	n = fill(f, 0);
	assert_true(n > 10);
	n = fill(f, n);
	fixture_limit_files(RLIM_INFINITY);
	check_people(f, n);
	fixture_reopen(f);
	check_people(f, n);
	for (unsigned more = n; more < n + 50; more++) {	/* and it goes on by itself when there is room */
		struct bsg_op op;
		char id[32];

		(void)snprintf(id, sizeof(id), "p%u", more);
		op = person_op(id);
		assert_ok(f, change(f, &op));
	}
	check_people(f, n + 50);
}

static void it_goes_on_in_the_same_process_when_there_is_room(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = person_op("p-later");
	unsigned n;

	fixture_limit_files(400000);
	n = fill(f, 0);
	fixture_limit_files(1);		/* a person was too much; now nothing fits at all */
	assert_int_equal(bsg_store_ready(f->store, &f->err), BSG_E_UNAVAILABLE);
	fixture_limit_files(RLIM_INFINITY);
	assert_ok(f, bsg_store_ready(f->store, &f->err));
	check_people(f, n);
	assert_ok(f, change(f, &op));
}

static void a_database_at_its_limit_says_that_the_disk_is_full(void **state)
{
	struct store_fixture *f = *state;
	unsigned n;

	f->options.max_bytes = 500000;
	fixture_reopen(f);
	n = fill(f, 0);
	assert_string_equal(f->err.text, "write: the disk is full: nothing was written; make room");
	check_people(f, n);
	f->options.max_bytes = 1000000;
	fixture_reopen(f);
	assert_true(fill(f, n) > n);
}

static void write_at(const char *path, long offset, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void a_damaged_file_is_refused_with_advice(void **state)
{
	static const struct {
		long offset;
		const char *bytes;
	} damages[] = { { 0, "not a database, no" }, { 2 * 4096, "\xff\xff\xff\xff\xff\xff\xff\xff" }, { 4096, "damaged" } };
	struct store_fixture *f = *state;
	char *good;
	long size;
	FILE *file;

	for (unsigned i = 0; i < 200; i++) {
		char id[16];
		struct bsg_op op;

		(void)snprintf(id, sizeof(id), "p%u", i);
		op = person_op(id);
		assert_ok(f, change(f, &op));
	}
	fixture_close(f);
	file = fopen(f->path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	good = malloc((size_t)size);
	assert_non_null(good);
	rewind(file);
	assert_int_equal(fread(good, 1, (size_t)size, file), (size_t)size);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		write_at(f->path, damages[i].offset, damages[i].bytes, strlen(damages[i].bytes));
		assert_int_equal(bsg_store_open(f->url, &f->options, &f->store, &f->err), BSG_E_INVALID);
		assert_non_null(strstr(f->err.text, "damaged"));
		assert_non_null(strstr(f->err.text, "restore a backup"));
		assert_null(f->store);
		write_at(f->path, 0, good, (size_t)size);
	}
	assert_int_equal(truncate(f->path, size / 2), 0);
	assert_int_equal(bsg_store_open(f->url, &f->options, &f->store, &f->err), BSG_E_INVALID);
	write_at(f->path, 0, good, (size_t)size);
	fixture_reopen(f);
	free(good);
}

static void damage_found_while_running_is_said(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_person_rec person;

	add_person(f, "aida", NULL, NULL);
	fixture_reopen(f);	/* folds the log into the file */
	for (long page = 1; page < 80; page++)
		write_at(f->path, page * 4096, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	assert_int_equal(bsg_store_person(f->store, "aida", &person, &f->err), BSG_E_UNAVAILABLE);
	assert_non_null(strstr(f->err.text, "damaged"));
}

static void with_sqlite(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_newer_database_is_refused_untouched(void **state)
{
	struct store_fixture *f = *state;
	struct stat before, after;

	fixture_close(f);
	with_sqlite(f->path, "PRAGMA user_version = 9999; PRAGMA journal_mode = DELETE");
	assert_int_equal(stat(f->path, &before), 0);
	assert_int_equal(bsg_store_open(f->url, &f->options, &f->store, &f->err), BSG_E_DENIED);
	assert_non_null(strstr(f->err.text, "version 9999"));
	assert_non_null(strstr(f->err.text, "newer program"));
	assert_null(f->store);
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_size, after.st_size);
}

static void somebody_elses_database_is_refused_untouched(void **state)
{
	struct store_fixture *f = *state;
	struct stat before, after;

	fixture_close(f);
	assert_int_equal(unlink(f->path), 0);
	with_sqlite(f->path, "CREATE TABLE theirs (x); PRAGMA user_version = 1");
	assert_int_equal(stat(f->path, &before), 0);
	assert_int_equal(bsg_store_open(f->url, &f->options, &f->store, &f->err), BSG_E_INVALID);
	assert_non_null(strstr(f->err.text, "not a database of Bosaga"));
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void a_migration_that_fails_leaves_the_old_version(void **state)
{
	static const struct bsg_migration steps[] = {
		{ 1, "0001-a.sql", "CREATE TABLE a (x); INSERT INTO a VALUES (1);" },
		{ 2, "0002-b.sql", "CREATE TABLE b (x); INSERT INTO a VALUES (2); INSERT INTO nowhere VALUES (3);" },
	};
	static const struct bsg_migration mended[] = {
		{ 1, "0001-a.sql", "never run again" },
		{ 2, "0002-b.sql", "CREATE TABLE b (x);" },
		{ 3, "0003-c.sql", "CREATE TABLE c (x);" },
	};
	struct store_fixture *f = *state;
	sqlite3 *db;

	fixture_close(f);
	assert_int_equal(unlink(f->path), 0);
	with_sqlite(f->path, "VACUUM");
	assert_ok(f, bsg_sqlite_connect(f->path, true, &db, &f->err));
	assert_int_equal(bsg_sqlite_migrate(db, steps, 2, &f->err), BSG_E_UNAVAILABLE);
	assert_non_null(strstr(f->err.text, "0002-b.sql"));
	assert_int_equal(sqlite3_exec(db, "SELECT * FROM b", NULL, NULL, NULL), SQLITE_ERROR);
	assert_ok(f, bsg_sqlite_migrate(db, mended, 3, &f->err));
	assert_ok(f, bsg_sqlite_migrate(db, mended, 3, &f->err));
	assert_int_equal(sqlite3_exec(db, "SELECT * FROM b, c", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(bsg_sqlite_migrate(db, mended, 2, &f->err), BSG_E_DENIED);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A database of the first release, with a version in force since T0, one that waited before it and one that waited since. */
static void policies_that_wait_through_an_upgrade_keep_only_what_is_known(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_policy_rec rec;
	sqlite3 *db;

	fixture_close(f);
	assert_int_equal(unlink(f->path), 0);
	with_sqlite(f->path, "VACUUM");
	assert_ok(f, bsg_sqlite_connect(f->path, true, &db, &f->err));
	assert_ok(f, bsg_sqlite_migrate(db, bsg_sqlite_migrations, 1, &f->err));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	with_sqlite(f->path, "INSERT INTO policy VALUES (1, 2, 'socket', zeroblob(32), 50, 100, 1, 1), "
		    "(2, 1, 'socket', zeroblob(32), 99, 0, 1, 2), (3, 1, 'socket', zeroblob(32), 101, 0, 1, 2);"
		    "INSERT INTO policy_document SELECT version, x'7b7d' FROM policy");
	fixture_reopen(f);
	assert_ok(f, bsg_store_policy(f->store, 0, &rec, NULL, &f->err));
	assert_int_equal(rec.version, 1);
	assert_int_equal(rec.base, -1);
	assert_ok(f, bsg_store_policy(f->store, 2, &rec, NULL, &f->err));
	assert_int_equal(rec.state, BSG_POLICY_SUPERSEDED);
	assert_ok(f, bsg_store_policy(f->store, 3, &rec, NULL, &f->err));
	assert_int_equal(rec.state, BSG_POLICY_PROPOSED);
	assert_int_equal(rec.base, 1);
}

static void what_is_no_store_is_refused(void **state)
{
	static const struct {
		const char *url;
		enum bsg_err rc;
	} urls[] = {
		{ "mysql:x", BSG_E_INVALID }, { "sqlite", BSG_E_INVALID }, { "", BSG_E_INVALID }, { "sqlite:", BSG_E_INVALID },
		{ "sqlite::memory:", BSG_E_INVALID }, { "sqlite:no/such/folder/x.db", BSG_E_UNAVAILABLE },
		{ "sqlite:/", BSG_E_UNAVAILABLE },
	};
	struct store_fixture *f = *state;
	struct bsg_store *store;
	struct bsg_store_options no_hash = { .n_readers = 1 };
	struct stat st;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(bsg_store_open(urls[i].url, &f->options, &store, &f->err), urls[i].rc);
		assert_null(store);
		assert_true(f->err.text[0] != '\0');
	}
	assert_int_equal(bsg_store_open(f->url, &no_hash, &store, &f->err), BSG_E_INVALID);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fault_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_acknowledgement_comes_after_a_sync),
		TEST(a_failed_sync_is_never_acknowledged),
		TEST(nothing_acknowledged_is_lost_when_killed),
		TEST(a_full_disk_is_said_and_nothing_is_half_written),
		TEST(it_goes_on_in_the_same_process_when_there_is_room),
		TEST(a_database_at_its_limit_says_that_the_disk_is_full),
		TEST(a_damaged_file_is_refused_with_advice),
		TEST(damage_found_while_running_is_said),
		TEST(a_newer_database_is_refused_untouched),
		TEST(somebody_elses_database_is_refused_untouched),
		TEST(a_migration_that_fails_leaves_the_old_version),
		TEST(policies_that_wait_through_an_upgrade_keep_only_what_is_known),
		TEST(what_is_no_store_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
