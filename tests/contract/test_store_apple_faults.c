/* SPDX-License-Identifier: Apache-2.0 */
/* Apple phones when things break: power, disk, an older database (docs/spec/apple.md). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "apple_fixture.h"
#include "fault_fixture.h"
#include "store/sqlite.h"

static void a92_an_idle_without_news_costs_no_sync(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), not_now = answer_op(1, BSG_APPLE_NOT_NOW, 10, BSG_APPLE_NO_COMMAND, 0);
	int before;

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	before = fixture_syncs();
	assert_ok(f, apply(f, &idle));
	assert_int_equal(fixture_syncs(), before);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	before = fixture_syncs();
	assert_ok(f, apply(f, &idle));		/* offered: that is remembered before it is answered */
	assert_true(fixture_syncs() > before);
	assert_ok(f, apply(f, &not_now));
	before = fixture_syncs();
	assert_ok(f, apply(f, &idle));
	assert_ok(f, apply(f, &not_now));
	assert_int_equal(fixture_syncs(), before);
}

static void an_offer_that_was_not_synced_is_not_made(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1);

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	fixture_fail_syncs(true);
	assert_int_equal(apply(f, &idle), BSG_E_UNAVAILABLE);
	fixture_fail_syncs(false);
	assert_int_equal(get_apple(f, 1).offered_at, 0);
	fixture_reopen(f);
	assert_int_equal(get_apple(f, 1).offered_at, 0);
	assert_ok(f, apply(f, &idle));
	assert_int_equal(idle.apple_answer.command.kind, BSG_APPLE_INSTALL);
}

/* Step, offer, acknowledge, verify, until killed; one byte for each that is durable. */
static void drive_and_tell(const struct store_fixture *f, int to, unsigned round)
{
	struct bsg_store *store;
	struct bsg_apple_rec rec;

	(void)round;
	if (bsg_store_open(f->url, &f->options, &store, NULL) != BSG_OK)
		_exit(3);
	for (;;) {
		struct bsg_op ops[4] = { { .kind = BSG_OP_NONE }, idle_op(1),
			answer_op(1, BSG_APPLE_ACKNOWLEDGED, 10, BSG_APPLE_VERIFY, 11),
			answer_op(1, BSG_APPLE_VERIFIED, 11, BSG_APPLE_NO_COMMAND, 0) };

		if (bsg_store_apple(store, device_id(1), &rec, NULL, NULL) != BSG_OK)
			_exit(4);
		ops[0] = desire_op(&rec, CAMERA, BSG_APPLE_INSTALL, 10);
		ops[3].apple_answer.functions = CAMERA;
		for (unsigned i = 0; i < 4; i++)
			if (bsg_store_apply(store, &ops[i], 1, NULL) != BSG_OK || !ops[i].changed || write(to, "", 1) != 1)
				_exit(4);
	}
}

/* How many of drive_and_tell()'s writes the row has seen, if @before desired states came before it. */
static unsigned writes_seen(const struct bsg_apple_rec *rec, int64_t before)
{
	unsigned cycles = (unsigned)(rec->desired_seq - before);

	if (cycles == 0)
		return 0;
	assert_int_equal(rec->verified_seq, rec->command == BSG_APPLE_NO_COMMAND ? rec->desired_seq : rec->desired_seq - 1);
	if (rec->command == BSG_APPLE_INSTALL) {
		assert_true(rec->push_at > 0);
		return 4 * (cycles - 1) + (rec->offered_at != 0 ? 2 : 1);
	}
	if (rec->command == BSG_APPLE_VERIFY) {
		assert_int_equal(rec->acknowledged_seq, rec->desired_seq);
		return 4 * (cycles - 1) + 3;
	}
	assert_int_equal(rec->push_at, 0);
	return 4 * cycles;
}

static void nothing_a_phone_was_told_is_forgotten_when_killed(void **state)
{
	struct store_fixture *f = *state;
	unsigned total = 0;

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	for (unsigned round = 0; round < 8; round++) {
		struct bsg_apple_rec rec;
		int64_t before;
		unsigned n, seen;

		desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);	/* whatever the last round left */
		deliver(f, 1, 10, CAMERA);
		before = get_apple(f, 1).desired_seq;
		fixture_close(f);
		n = fixture_kill_writer(f, drive_and_tell, round, 15 + 7 * round);
		fixture_reopen(f);
		rec = get_apple(f, 1);
		seen = writes_seen(&rec, before);
		assert_true(seen == n || seen == n + 1);	/* the last one may have been durable and not told */
		total += n;
	}
	print_message("# %u acknowledged, all there\n", total);
}

/* Enrol a phone with all that belongs to it in one batch. */
static enum bsg_err add_whole_phone(struct store_fixture *f, unsigned n)
{
	static uint8_t core[1024] = { 1 };
	struct bsg_apple_rec rec = { .version = 2 };
	char udid[BSG_UDID_SIZE];
	struct bsg_op ops[] = { invite_op(device_id(n), "aida"), enrol_op(device_id(n), "key", device_id(n)),
		authenticate_op(n, udid), token_op(n, "token"), { .kind = BSG_OP_NONE }, audit_op() };

	(void)snprintf(udid, sizeof(udid), "udid-%u", n);
	memcpy(rec.device, device_id(n), sizeof(rec.device));
	ops[4] = desire_op(&rec, CAMERA, BSG_APPLE_INSTALL, 10);
	ops[4].apple_step.state = (struct bsg_bytes){ core, sizeof(core) };
	return bsg_store_apply(f->store, ops, 6, &f->err);
}

static void check_phones(struct store_fixture *f, unsigned n)
{
	struct bsg_apple_rec rec;

	for (unsigned i = 0; i < n; i++) {
		rec = get_apple(f, i);
		assert_int_equal(rec.state, BSG_APPLE_USABLE);
		assert_int_equal(rec.command, BSG_APPLE_INSTALL);
		assert_int_equal(rec.token_len, 32);
	}
	assert_int_equal(bsg_store_apple_by_certificate(f->store, digest_of(device_id(n)), &rec, &f->err), BSG_E_NOT_FOUND);
}

static void a_full_disk_enrols_a_phone_wholly_or_not_at_all(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle, checkout;
	unsigned n = 0;
	enum bsg_err rc;

	add_person(f, "aida", NULL, NULL);
	fixture_limit_files(2000000);
	while ((rc = add_whole_phone(f, n)) == BSG_OK && n < 10000)
		n++;
	assert_int_equal(rc, BSG_E_UNAVAILABLE);
	assert_true(n > 10);
	check_phones(f, n);
	idle = idle_op(0);
	checkout = checkout_op(0);
	fixture_limit_files(1);
	assert_int_equal(change(f, &checkout), BSG_E_UNAVAILABLE);
	assert_int_equal(apply(f, &idle), BSG_E_UNAVAILABLE);	/* an offer would be a write */
	assert_int_equal(get_apple(f, 0).offered_at, 0);
	fixture_limit_files(RLIM_INFINITY);
	assert_ok(f, apply(f, &idle));
	fixture_limit_files(1);
	assert_ok(f, apply(f, &idle));				/* the same again is none */
	assert_string_equal(idle.apple_answer.command.uuid, uuid_of(10));
	fixture_limit_files(RLIM_INFINITY);
	fixture_reopen(f);
	check_phones(f, n);
	checkout = checkout_op(0);
	assert_ok(f, change(f, &checkout));
	for (unsigned i = n; i < n + 20; i++)
		assert_ok(f, add_whole_phone(f, i));
}

static void with_sqlite(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define SHA_ONE "x'0000000000000000000000000000000000000000000000000000000000000001'"

/* A database of version 3 with a person, an agent and what belongs to them. */
static void a_database_from_before_apple_phones_keeps_what_it_has(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_certificate_rec certificate;
	struct bsg_invitation_rec invitation;
	struct bsg_exemption_rec exemption;
	struct bsg_store_blob orders, der;
	struct bsg_orders_rec head;
	struct bsg_device_rec device;
	struct bsg_apple_rec recs[2];
	struct bsg_page page = { .limit = 2 };
	sqlite3 *db;

	fixture_close(f);
	assert_int_equal(unlink(f->path), 0);
	with_sqlite(f->path, "VACUUM");
	assert_ok(f, bsg_sqlite_connect(f->path, true, &db, &f->err));
	assert_ok(f, bsg_sqlite_migrate(db, bsg_sqlite_migrations, 3, &f->err));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	with_sqlite(f->path, "INSERT INTO person VALUES ('aida', 'Aida', 'ministry', 'kk', 1, 0);"
		    "INSERT INTO device (id, person, kind, class, state, carried, enrolled, serial, seq, place, direction, at) VALUES "
		    "('00112233445566778899aabb00000001', 'aida', 'linux-agent', 'claimed', 2, 1, 5, 7, 3, 'house', 1, 99);"
		    "INSERT INTO orders VALUES ('00112233445566778899aabb00000001', x'0102');"
		    "INSERT INTO certificate VALUES (" SHA_ONE ", '00112233445566778899aabb00000001', 5, 400, 7, x'3031'), "
		    "(zeroblob(32), '00112233445566778899aabb00000001', 5, 500, 0, x'30');"
		    "INSERT INTO invitation VALUES (zeroblob(32), 'aida', 'linux-agent', 1, 2, 5, '00112233445566778899aabb00000001', x'', "
		    "zeroblob(32)), (" SHA_ONE ", 'aida', 'linux-agent', 1, 2, 5, '00112233445566778899aabb00000001', x'', "
		    "" SHA_ONE ");"
		    "INSERT INTO exemption (id, person, device, functions, from_at, until_at, reason, author, created) VALUES "
		    "('00112233445566778899aabb0000000e', 'aida', '', 1, 10, 20, 'why', 'socket', 9)");
	fixture_reopen(f);
	device = get_device(f, device_id(1));
	assert_int_equal(device.presence.seq, 3);
	assert_int_equal(device.certificate_expires, 500);
	for (uint8_t i = 0; i < 2; i++) {	/* each certificate has its own bytes */
		const uint8_t token[BSG_STORE_SHA256_LEN] = { [31] = i };

		assert_ok(f, bsg_store_invitation(f->store, token, &invitation, &der, &f->err));
		assert_int_equal(der.len, i + 1);
		bsg_store_blob_free(&der);
		assert_ok(f, bsg_store_certificate(f->store, token, &certificate, &f->err));
		assert_int_equal(certificate.revoked, 7 * i);
	}
	assert_ok(f, bsg_store_orders(f->store, device_id(1), &head, &orders, &f->err));
	assert_int_equal(head.serial, 7);
	assert_int_equal(orders.len, 2);
	bsg_store_blob_free(&orders);
	assert_ok(f, bsg_store_exemption(f->store, device_id(0xe), &exemption, &f->err));
	assert_string_equal(exemption.reason, "why");
	assert_ok(f, bsg_store_apples(f->store, NULL, &page, recs, &f->err));
	assert_int_equal(page.n, 0);
	add_phone(f, "aida", 2);
	assert_ok(f, bsg_store_apples(f->store, NULL, &page, recs, &f->err));
	assert_int_equal(page.n, 1);
	fixture_reopen(f);
	assert_int_equal(get_apple(f, 2).state, BSG_APPLE_USABLE);
}

/* Numbers of commands are their order, and Settings came in between. */
static void a_command_that_is_out_stays_what_it_was_through_an_upgrade(void **state)
{
	static const enum bsg_apple_command_kind kinds[] = {
		BSG_APPLE_NO_COMMAND, BSG_APPLE_REMOVE, BSG_APPLE_INSTALL, BSG_APPLE_VERIFY, BSG_APPLE_VERIFY_LIST,
	};
	struct store_fixture *f = *state;
	uint8_t sha256[BSG_STORE_SHA256_LEN];
	sqlite3 *db;

	fixture_close(f);
	assert_int_equal(unlink(f->path), 0);
	with_sqlite(f->path, "VACUUM");
	assert_ok(f, bsg_sqlite_connect(f->path, true, &db, &f->err));
	assert_ok(f, bsg_sqlite_migrate(db, bsg_sqlite_migrations, 5, &f->err));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	with_sqlite(f->path, "CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 4) "
		    "SELECT i, printf('00112233445566778899aabb%08x', i) AS id FROM c;"
		    "INSERT INTO person VALUES ('aida', 'Aida', 'ministry', 'kk', 1, 0);"
		    "INSERT INTO device (id, person, kind, class, state, carried, enrolled) SELECT id, 'aida', 'ios-device', 'managed', 2, 0, 1 FROM n;"
		    "INSERT INTO apple_device (device, state, udid, supervised, os_version, model, product, authenticated, command, last_error, "
		    "error_at, n_errors) SELECT id, 2, id, 0, 1704, '', '', 1, i, 'why', 7, i FROM n;"
		    "INSERT INTO certificate SELECT CAST(printf('%032d', i) AS BLOB), id, 1, 2, 0, x'30' FROM n ORDER BY i DESC;"
		    "INSERT INTO certificate SELECT CAST(printf('%032d', i + 5) AS BLOB), id, 3, 4, 0, x'31' FROM n ORDER BY i");
	fixture_reopen(f);
	for (unsigned i = 0; i < 5; i++) {
		struct bsg_apple_rec rec = get_apple(f, i);

		assert_int_equal(rec.command, kinds[i]);
		assert_int_equal(rec.settings_done, 0);
		assert_string_equal(rec.last_error, i == 0 ? "" : "why");	/* the first is as desired */
		for (unsigned k = 0; k < 2; k++) {	/* by its first certificate, and by the one that it has renewed */
			memset(sha256, '0', sizeof(sha256));
			sha256[31] = (uint8_t)('0' + i + 5 * k);
			assert_ok(f, bsg_store_apple_by_certificate(f->store, sha256, &rec, &f->err));
			assert_string_equal(rec.device, device_id(i));
			assert_string_equal(rec.udid, device_id(i));
			assert_string_equal(rec.kind, "ios-device");
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fault_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a92_an_idle_without_news_costs_no_sync),
		TEST(an_offer_that_was_not_synced_is_not_made),
		TEST(nothing_a_phone_was_told_is_forgotten_when_killed),
		TEST(a_full_disk_enrols_a_phone_wholly_or_not_at_all),
		TEST(a_database_from_before_apple_phones_keeps_what_it_has),
		TEST(a_command_that_is_out_stays_what_it_was_through_an_upgrade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
