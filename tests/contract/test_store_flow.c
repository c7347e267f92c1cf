/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: crossings, presence, reports, audit, retention. Run on every backend. */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "store_fixture.h"

static void two_carried_devices(struct store_fixture *f)
{
	struct bsg_op carry = { .kind = BSG_OP_DEVICE_CARRIED,
		.device_carried = { .device = device_id(2), .carried = true } };

	add_person(f, "aida", "ministry", "1001");
	for (unsigned i = 1; i <= 3; i++)
		enrol(f, "aida", device_id(i));
	assert_ok(f, change(f, &carry));
}

static void a_badge_moves_the_carried_devices_of_its_person(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10);
	struct bsg_crossing_rec rec;
	struct bsg_move_rec made[BSG_CARRIED_MAX];
	struct bsg_device_rec device;
	int64_t before;
	size_t n;

	two_carried_devices(f);
	before = get_device(f, device_id(2)).change;
	assert_ok(f, apply(f, &in));
	assert_string_equal(in.crossing_add.moved_person, "aida");
	assert_int_equal(in.crossing_add.n_devices, 2);
	assert_string_equal(in.crossing_add.devices[1].device, device_id(2));
	assert_true(in.crossing_add.devices[1].applied);
	assert_int_equal(in.crossing_add.devices[1].seq, 1);
	device = get_device(f, device_id(2));
	assert_int_equal(device.presence.seq, 1);
	assert_string_equal(device.presence.place, "house");
	assert_string_equal(device.presence.gate, "north");
	assert_int_equal(device.presence.direction, BSG_CROSSING_IN);
	assert_int_equal(device.presence.at, T0 + 10);
	assert_true(device.change > before);
	assert_int_equal(get_device(f, device_id(3)).presence.seq, 0);
	assert_ok(f, bsg_store_crossing(f->store, uuid_of(1), &rec, made, &n, &f->err));
	assert_string_equal(rec.person, "aida");
	assert_string_equal(rec.device, device_id(1));
	assert_string_equal(rec.by, "turnstile:t");
	assert_int_equal(rec.n_devices, 2);
	assert_true(rec.applied);
	assert_int_equal(rec.received, T0 + 11);
	assert_int_equal(n, 2);
	assert_string_equal(made[0].device, device_id(1));
	assert_int_equal(bsg_store_crossing(f->store, uuid_of(2), &rec, made, &n, &f->err), BSG_E_NOT_FOUND);
}

/* Whom a crossing would move, asked before it. */
static size_t n_of_badge(struct store_fixture *f, enum bsg_crossing_direction direction)
{
	struct bsg_device_rec recs[BSG_CARRIED_MAX];
	size_t n;

	assert_ok(f, bsg_store_devices_of_badge(f->store, "nobody's", direction, BSG_CARRIED_MAX, recs, &n, &f->err));
	assert_int_equal(n, 0);
	assert_ok(f, bsg_store_devices_of_badge(f->store, "1001", direction, BSG_CARRIED_MAX, recs, &n, &f->err));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(recs[i].change, get_device(f, recs[i].id).change);
	return n;
}

static void who_walks_out_takes_along_what_came_in_carried_or_not(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10);
	struct bsg_op out = crossing_op(2, "1001", BSG_CROSSING_OUT, T0 + 20);
	struct bsg_op again = crossing_op(3, "1001", BSG_CROSSING_IN, T0 + 30);
	struct bsg_op left = { .kind = BSG_OP_DEVICE_CARRIED,
		.device_carried = { .device = device_id(2), .carried = false } };

	two_carried_devices(f);
	assert_int_equal(n_of_badge(f, BSG_CROSSING_IN), 2);
	assert_ok(f, apply(f, &in));
	assert_ok(f, change(f, &left));
	assert_int_equal(n_of_badge(f, BSG_CROSSING_IN), 1);
	assert_int_equal(n_of_badge(f, BSG_CROSSING_OUT), 2);
	assert_ok(f, apply(f, &out));
	assert_int_equal(n_of_badge(f, BSG_CROSSING_OUT), 1);
	assert_int_equal(out.crossing_add.n_devices, 2);
	assert_int_equal(get_device(f, device_id(2)).presence.direction, BSG_CROSSING_OUT);
	assert_ok(f, apply(f, &again));		/* in go only those that are carried */
	assert_int_equal(again.crossing_add.n_devices, 1);
	assert_int_equal(get_device(f, device_id(3)).presence.seq, 0);
}

static void the_same_crossing_again_moves_nothing_and_says_the_same(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10), again = in, other = in, subject = in;

	two_carried_devices(f);
	assert_ok(f, apply(f, &in));
	again.crossing_add.received = T0 + 500;
	assert_ok(f, apply(f, &again));
	assert_true(again.crossing_add.again);
	assert_false(again.changed);
	assert_int_equal(again.crossing_add.n_devices, 2);
	assert_string_equal(again.crossing_add.moved_person, "aida");
	assert_int_equal(again.crossing_add.devices[0].seq, 1);
	assert_true(again.crossing_add.devices[0].applied);
	assert_int_equal(get_device(f, device_id(1)).presence.seq, 1);
	other.crossing_add.at++;
	assert_int_equal(apply(f, &other), BSG_E_CONFLICT);
	other.crossing_add.at_unsaid = true;	/* a turnstile that names no time asks again a second later */
	assert_ok(f, apply(f, &other));
	assert_true(other.crossing_add.again);
	subject.crossing_add.badge = NULL;
	subject.crossing_add.person = "aida";
	assert_int_equal(apply(f, &subject), BSG_E_CONFLICT);
}

static void crossings_out_of_order_are_stored_and_move_nothing(void **state)
{
	static const struct {
		enum bsg_crossing_direction direction;
		int64_t at;
		bool applied;
	} steps[] = {	/* D3: a gate_in not later than the last gate event is ignored; a gate_out ends what began up to then */
		{ BSG_CROSSING_IN, T0 + 10, true },
		{ BSG_CROSSING_IN, T0 + 10, false },
		{ BSG_CROSSING_OUT, T0 + 9, false },
		{ BSG_CROSSING_OUT, T0 + 10, true },
		{ BSG_CROSSING_IN, T0 + 10, false },
		{ BSG_CROSSING_IN, T0 + 11, true },
		{ BSG_CROSSING_OUT, T0 + 12, true },
		{ BSG_CROSSING_IN, T0 + 5, false },
	};
	struct store_fixture *f = *state;
	struct bsg_crossing_rec rec;
	int64_t seq = 0;

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct bsg_op op = crossing_op(i, "1001", steps[i].direction, steps[i].at);

		assert_ok(f, apply(f, &op));
		assert_int_equal(op.crossing_add.devices[0].applied, steps[i].applied);
		seq += steps[i].applied;
		assert_int_equal(op.crossing_add.devices[0].seq, steps[i].applied ? seq : 0);
		assert_int_equal(get_device(f, device_id(1)).presence.seq, seq);
		assert_ok(f, bsg_store_crossing(f->store, uuid_of(i), &rec, NULL, NULL, &f->err));
		assert_int_equal(rec.applied, steps[i].applied);
	}
	assert_int_equal(get_device(f, device_id(1)).presence.direction, BSG_CROSSING_OUT);
}

/* A crossing step with the time at which the server got it. */
static bool moves_at(struct store_fixture *f, unsigned n, enum bsg_crossing_direction direction, int64_t at, int64_t received)
{
	struct bsg_op op = crossing_op(n, "1001", direction, at);

	op.crossing_add.received = received;
	assert_ok(f, apply(f, &op));
	return op.crossing_add.devices[0].applied;
}

static void a_gate_whose_clock_is_ahead_does_not_hold_up_the_exit(void **state)
{
	struct store_fixture *f = *state;

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	assert_true(moves_at(f, 1, BSG_CROSSING_IN, T0 + 50, T0));
	assert_int_equal(get_device(f, device_id(1)).presence.at, T0);
	assert_true(moves_at(f, 2, BSG_CROSSING_OUT, T0 + 10, T0 + 10));
}

static void a_clock_set_back_does_not_hold_up_the_exit(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op release = {.kind = BSG_OP_DEVICE_RELEASE};

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	release.device_release = (struct bsg_op_device_release){ device_id(1), "wrong clock", T0 + 7200 };
	assert_ok(f, change(f, &release));
	assert_true(moves_at(f, 1, BSG_CROSSING_IN, T0 + 7200, T0 + 7200));
	assert_false(moves_at(f, 2, BSG_CROSSING_OUT, T0 + 7190, T0 + 7195));
	assert_true(moves_at(f, 3, BSG_CROSSING_OUT, T0, T0));
	assert_int_equal(get_device(f, device_id(1)).presence.direction, BSG_CROSSING_OUT);
	release.device_release.at = T0 + 1;
	assert_ok(f, change(f, &release));
	assert_true(release.changed);
	assert_int_equal(get_device(f, device_id(1)).release_at, T0 + 1);
}

static void unknown_subjects_leave_no_trace(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op badge = crossing_op(1, "404", BSG_CROSSING_IN, T0), person = crossing_op(2, NULL, BSG_CROSSING_IN, T0);
	struct bsg_op device = person, both = crossing_op(3, "404", BSG_CROSSING_IN, T0), none = person, way = badge;
	struct bsg_crossing_filter all = { .place = NULL };
	struct bsg_crossing_rec rec[1];
	struct bsg_page page = { .limit = 1 };

	person.crossing_add.person = "nobody";
	device.crossing_add.device = device_id(9);
	both.crossing_add.person = "nobody";
	way.crossing_add.direction = BSG_CROSSING_NONE;
	assert_int_equal(apply(f, &badge), BSG_E_NOT_FOUND);
	assert_int_equal(apply(f, &person), BSG_E_NOT_FOUND);
	assert_int_equal(apply(f, &device), BSG_E_NOT_FOUND);
	assert_int_equal(apply(f, &both), BSG_E_INVALID);
	assert_int_equal(apply(f, &none), BSG_E_INVALID);
	assert_int_equal(apply(f, &way), BSG_E_INVALID);
	assert_ok(f, bsg_store_crossings(f->store, &all, &page, rec, &f->err));
	assert_int_equal(page.n, 0);
}

static void a_revoked_device_no_longer_crosses(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op alone = crossing_op(1, NULL, BSG_CROSSING_IN, T0), badge = crossing_op(2, "1001", BSG_CROSSING_IN, T0);
	struct bsg_op revoke = { .kind = BSG_OP_DEVICE_STATE,
		.device_state = { .device = device_id(1), .state = BSG_DEVICE_REVOKED, .at = T0 } };

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	assert_ok(f, change(f, &revoke));
	alone.crossing_add.device = device_id(1);
	assert_int_equal(apply(f, &alone), BSG_E_NOT_FOUND);
	assert_ok(f, apply(f, &badge));
	assert_int_equal(badge.crossing_add.n_devices, 0);
	assert_int_equal(get_device(f, device_id(1)).presence.seq, 0);
}

static void a_person_without_devices_crosses_too_and_a_device_alone(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op bare = crossing_op(1, "1001", BSG_CROSSING_IN, T0), one = crossing_op(2, NULL, BSG_CROSSING_IN, T0 + 1);
	struct bsg_crossing_rec rec;

	add_person(f, "aida", NULL, "1001");
	assert_ok(f, apply(f, &bare));
	assert_int_equal(bare.crossing_add.n_devices, 0);
	assert_ok(f, bsg_store_crossing(f->store, uuid_of(1), &rec, NULL, NULL, &f->err));
	assert_string_equal(rec.device, "");
	assert_false(rec.applied);
	enrol(f, "aida", device_id(1));
	enrol(f, "aida", device_id(2));
	one.crossing_add.device = device_id(2);		/* also one that is not carried */
	assert_ok(f, apply(f, &one));
	assert_int_equal(one.crossing_add.n_devices, 1);
	assert_string_equal(one.crossing_add.moved_person, "aida");
	assert_int_equal(get_device(f, device_id(1)).presence.seq, 0);
	assert_int_equal(get_device(f, device_id(2)).presence.seq, 1);
}

static void crossings_are_listed_latest_first_by_any_filter(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_crossing_rec rec[4];
	struct bsg_page page = { .limit = 2 };
	struct bsg_crossing_filter filter = { .from = T0 + 1, .to = T0 + 5 };
	char cursor[BSG_CURSOR_SIZE];

	add_person(f, "aida", "ministry", "1001");
	add_person(f, "berik", "court", "1002");
	for (unsigned i = 0; i < 6; i++) {
		struct bsg_op op = crossing_op(i, i % 2 ? "1001" : "1002", BSG_CROSSING_IN, T0 + i);

		op.crossing_add.place = i < 3 ? "house" : "annex";
		assert_ok(f, apply(f, &op));
	}
	assert_ok(f, bsg_store_crossings(f->store, &filter, &page, rec, &f->err));	/* 4, 3 */
	assert_int_equal(page.n, 2);
	assert_int_equal(rec[0].at, T0 + 4);
	memcpy(cursor, page.next, sizeof(cursor));
	page.cursor = cursor;
	assert_ok(f, bsg_store_crossings(f->store, &filter, &page, rec, &f->err));	/* 2, 1 */
	assert_int_equal(page.n, 2);
	assert_int_equal(rec[1].at, T0 + 1);
	assert_string_equal(page.next, "");
	page = (struct bsg_page){ .limit = 4 };
	filter = (struct bsg_crossing_filter){ .person = "aida", .place = "annex" };
	assert_ok(f, bsg_store_crossings(f->store, &filter, &page, rec, &f->err));	/* 5, 3 */
	assert_int_equal(page.n, 2);
	assert_int_equal(rec[0].at, T0 + 5);
	filter = (struct bsg_crossing_filter){ .unit = "court" };
	assert_ok(f, bsg_store_crossings(f->store, &filter, &page, rec, &f->err));	/* 4, 2, 0 */
	assert_int_equal(page.n, 3);
	assert_string_equal(rec[2].person, "berik");
	filter = (struct bsg_crossing_filter){ .to = -1 };	/* before there was anything */
	assert_ok(f, bsg_store_crossings(f->store, &filter, &page, rec, &f->err));
	assert_int_equal(page.n, 0);
}

static void who_is_in_is_listed_until_out_or_revoked(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0), out = crossing_op(2, NULL, BSG_CROSSING_OUT, T0 + 1);
	struct bsg_op revoke = { .kind = BSG_OP_DEVICE_STATE,
		.device_state = { .device = device_id(2), .state = BSG_DEVICE_REVOKED, .at = T0 } };
	struct bsg_present_rec rec[4];
	struct bsg_page page = { .limit = 1 };
	struct bsg_counts_rec counts;
	char cursor[BSG_CURSOR_SIZE];

	two_carried_devices(f);
	assert_ok(f, apply(f, &in));
	assert_ok(f, bsg_store_present(f->store, "house", "ministry", &page, rec, &f->err));
	assert_int_equal(page.n, 1);
	assert_string_equal(rec[0].device, device_id(1));
	assert_string_equal(rec[0].presence.place, "house");
	memcpy(cursor, page.next, sizeof(cursor));
	page.cursor = cursor;
	assert_ok(f, bsg_store_present(f->store, NULL, NULL, &page, rec, &f->err));
	assert_int_equal(page.n, 1);
	assert_string_equal(rec[0].device, device_id(2));
	assert_string_equal(page.next, "");
	page = (struct bsg_page){ .limit = 4 };
	assert_ok(f, bsg_store_present(f->store, "annex", NULL, &page, rec, &f->err));
	assert_int_equal(page.n, 0);
	assert_ok(f, bsg_store_counts(f->store, &counts, &f->err));
	assert_int_equal(counts.people, 1);
	assert_int_equal(counts.devices, 3);
	assert_int_equal(counts.present, 2);
	out.crossing_add.device = device_id(1);
	assert_ok(f, apply(f, &out));
	assert_ok(f, change(f, &revoke));
	assert_ok(f, bsg_store_present(f->store, NULL, NULL, &page, rec, &f->err));
	assert_int_equal(page.n, 0);
}

static struct bsg_op_report report(const char *id, const char *kind, const char *body)
{
	return (struct bsg_op_report){ .id = digest_of(id), .kind = kind, .at = T0,
		.body = { (const uint8_t *)body, strlen(body) } };
}

static struct bsg_op reports_op(const char *instance, int64_t sequence, const struct bsg_op_report *reports, size_t n)
{
	return (struct bsg_op){ .kind = BSG_OP_REPORTS, .reports = {
		.device = device_id(1), .instance = digest_of(instance), .sequence = sequence, .received = T0 + 7,
		.reports = reports, .n_reports = n } };
}

static void a_report_counts_once_whatever_batch_it_comes_in(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op_report three[] = { report("a", "status", "one"), report("b", "status", "two"),
		report("c", "coverage", "all") };
	struct bsg_op op = reports_op("agent", 1, three, 3), again = op, grown = reports_op("agent", 2, three + 1, 2);
	struct bsg_report_rec rec[4];
	struct bsg_store_blob bodies[4] = { { 0 } }, body = { 0 };
	struct bsg_page page = { .limit = 4 };

	assert_int_equal(apply(f, &op), BSG_E_NOT_FOUND);
	add_person(f, "aida", NULL, NULL);
	enrol(f, "aida", device_id(1));
	assert_ok(f, apply(f, &op));
	assert_int_equal(op.reports.n_new, 3);
	assert_ok(f, apply(f, &again));
	assert_int_equal(again.reports.n_new, 0);
	assert_false(again.changed);
	assert_ok(f, apply(f, &grown));
	assert_int_equal(grown.reports.n_new, 0);
	assert_ok(f, bsg_store_report_latest(f->store, device_id(1), "status", rec, &body, &f->err));
	assert_string_equal((char *)body.data, "two");
	assert_memory_equal(rec[0].id, digest_of("b"), BSG_STORE_REPORT_ID_LEN);
	assert_int_equal(rec[0].received, T0 + 7);
	bsg_store_blob_free(&body);
	assert_ok(f, bsg_store_reports(f->store, device_id(1), &page, rec, bodies, &f->err));
	assert_int_equal(page.n, 3);
	assert_string_equal(rec[0].kind, "coverage");
	assert_string_equal((char *)bodies[2].data, "one");
	for (size_t i = 0; i < 4; i++)
		bsg_store_blob_free(&bodies[i]);
	assert_int_equal(bsg_store_report_latest(f->store, device_id(1), "leaving", rec, NULL, &f->err), BSG_E_NOT_FOUND);
}

static void a_second_agent_with_the_same_key_is_refused_and_flagged(void **state)
{
	static const struct {
		const char *instance;
		int64_t sequence;
	} second[] = { { "clone", 9 }, { "agent", 3 }, { "agent", 2 } };
	struct store_fixture *f = *state;
	struct bsg_op_report first = report("a", "status", "one"), forged[2] = { first, report("x", "status", "forged") };
	struct bsg_op op = reports_op("agent", 3, &first, 1);
	struct bsg_report_rec rec[4];
	struct bsg_page page = { .limit = 4 };

	add_person(f, "aida", NULL, NULL);
	enrol(f, "aida", device_id(1));
	assert_ok(f, apply(f, &op));
	assert_int_equal(get_device(f, device_id(1)).conflict_at, 0);
	for (size_t i = 0; i < 3; i++) {
		struct bsg_op ops[] = {	/* it says that it leaves, too: nothing of that may happen */
			{ .kind = BSG_OP_DEVICE_STATE, .device_state = { device_id(1), BSG_DEVICE_LEAVING, T0 } },
			reports_op(second[i].instance, second[i].sequence, forged, 2), audit_op(),
		};

		ops[1].reports.received = T0 + 100 + (int64_t)i;
		assert_int_equal(bsg_store_apply(f->store, ops, 3, &f->err), BSG_E_CONFLICT);
		assert_int_equal(get_device(f, device_id(1)).conflict_at, T0 + 100 + (int64_t)i);
		assert_int_equal(get_device(f, device_id(1)).state, BSG_DEVICE_ACTIVE);
	}
	assert_ok(f, bsg_store_reports(f->store, device_id(1), &page, rec, NULL, &f->err));
	assert_int_equal(page.n, 1);
	op.reports.sequence = 4;	/* the first agent goes on */
	assert_ok(f, apply(f, &op));
}

static void the_audit_is_a_chain_that_shows_a_change(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = audit_op();
	struct bsg_audit_rec rec[2];
	struct bsg_audit_check check;
	struct bsg_page page = { .limit = 2 };
	sqlite3 *db;

	op.audit.detail = "{\"badge\":\"1001\"}";
	op.audit.reason = "asked for";
	for (int64_t seq = 1; seq <= 150; seq++) {
		op.audit.at = T0 + seq;
		assert_ok(f, apply(f, &op));
		assert_int_equal(op.audit.seq, seq);
	}
	assert_ok(f, bsg_store_audit(f->store, &page, rec, &f->err));
	assert_int_equal(page.n, 2);
	assert_string_equal(rec[1].detail, "{\"badge\":\"1001\"}");
	assert_string_equal(rec[1].who, "socket");
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, 150);
	assert_int_equal(check.broken_at, 0);
	fixture_close(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE audit SET who = 'x' WHERE seq = 100", NULL, NULL, NULL),
			 SQLITE_CONSTRAINT);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM audit WHERE seq = 100", NULL, NULL, NULL), SQLITE_CONSTRAINT);
	assert_int_equal(sqlite3_exec(db, "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; "
				      "UPDATE audit SET reason = 'asked  for' WHERE seq = 100", NULL, NULL, NULL), SQLITE_OK);
	fixture_reopen(f);
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, 99);
	assert_int_equal(check.broken_at, 100);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM audit WHERE seq = 70", NULL, NULL, NULL), SQLITE_OK);
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.broken_at, 70);
	(void)sqlite3_close(db);
}

static void the_chains_form_is_the_documented_one(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = audit_op();
	struct bsg_audit_rec rec;
	struct bsg_page page = { .limit = 1 };
	uint8_t bytes[128] = { 0 }, hash[BSG_STORE_SHA256_LEN];
	size_t len;

	op.audit.at = 258;
	op.audit.reason = "why";
	assert_ok(f, apply(f, &op));
	assert_ok(f, bsg_store_audit(f->store, &page, &rec, &f->err));
	memcpy(bytes + 32, "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1\2\0\0\0\6socket\0\0\0\4test\0\0\0\11something\0\0\0\3why\0\0\0\0", 58);
	len = 32 + 16 + 4 + 6 + 4 + 4 + 4 + 9 + 4 + 3 + 4;
	assert_true(fixture_sha256(bytes, len, hash));
	assert_memory_equal(rec.hash, hash, sizeof(hash));
}

static void the_newest_not_back_of_a_device_is_found(void **state)
{
	static const struct { const char *action, *subject; } rows[] = {
		{ "not-back", "this" }, { "not-back", "other" }, { "not-back", "this" }, { "self-out", "this" },
	};
	struct store_fixture *f = *state;
	struct bsg_op op = audit_op();
	struct bsg_audit_rec rec;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		op.audit.action = rows[i].action;
		op.audit.subject = rows[i].subject;
		op.audit.at = T0 + (int64_t)i;
		assert_ok(f, apply(f, &op));
	}
	assert_ok(f, bsg_store_not_back(f->store, "this", &rec, &f->err));
	assert_int_equal(rec.at, T0 + 2);
	assert_ok(f, bsg_store_not_back(f->store, "other", &rec, &f->err));
	assert_int_equal(rec.at, T0 + 1);
	assert_int_equal(bsg_store_not_back(f->store, "third", &rec, &f->err), BSG_E_NOT_FOUND);
}

static void a_repeat_leaves_no_audit_entry_if_so_asked(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op ops[] = {
		{ .kind = BSG_OP_PERSON_ADD, .person_add = { "aida", "Aida", NULL, "kk", T0 } }, audit_op(),
	};
	struct bsg_audit_check check;

	ops[1].audit.only_if_changed = true;
	assert_ok(f, bsg_store_apply(f->store, ops, 2, &f->err));
	assert_int_equal(ops[1].audit.seq, 1);
	assert_ok(f, bsg_store_apply(f->store, ops, 2, &f->err));
	assert_int_equal(ops[1].audit.seq, 0);
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, 1);
}

static void what_is_old_is_forgotten_some_at_a_time(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op forget = { .kind = BSG_OP_RETENTION,
		.retention = { .crossings_before = T0 + 8, .reports_before = T0 + 8, .limit = 5 } };
	struct bsg_crossing_filter all = { .place = NULL };
	struct bsg_crossing_rec crossings[4];
	struct bsg_move_rec made[BSG_CARRIED_MAX];
	struct bsg_report_rec reports[4];
	struct bsg_page page = { .limit = 4 };
	size_t n;

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	for (unsigned i = 0; i < 10; i++) {
		struct bsg_op op = crossing_op(i, "1001", i % 2 ? BSG_CROSSING_OUT : BSG_CROSSING_IN, T0 + i);
		char id[4] = { 'r', (char)('0' + i), 0 };
		struct bsg_op_report one = report(id, i < 2 ? "coverage" : "status", "x");
		struct bsg_op reports_of = reports_op("agent", i + 1, &one, 1);

		reports_of.reports.received = T0 + i;
		assert_ok(f, apply(f, &op));
		assert_ok(f, apply(f, &reports_of));
	}
	assert_ok(f, apply(f, &forget));
	assert_int_equal(forget.retention.n_crossings, 5);
	assert_int_equal(forget.retention.n_reports, 5);
	assert_true(forget.retention.more);
	assert_ok(f, apply(f, &forget));
	assert_int_equal(forget.retention.n_crossings, 3);
	assert_int_equal(forget.retention.n_reports, 2);	/* the latest coverage stays, though it is old */
	assert_false(forget.retention.more);
	assert_ok(f, bsg_store_crossings(f->store, &all, &page, crossings, &f->err));
	assert_int_equal(page.n, 2);
	assert_int_equal(crossings[1].at, T0 + 8);
	assert_int_equal(bsg_store_crossing(f->store, uuid_of(7), crossings, made, &n, &f->err), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_report_latest(f->store, device_id(1), "coverage", reports, NULL, &f->err));
	assert_ok(f, bsg_store_reports(f->store, device_id(1), &page, reports, NULL, &f->err));
	assert_int_equal(page.n, 3);
	assert_int_equal(get_device(f, device_id(1)).presence.seq, 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_badge_moves_the_carried_devices_of_its_person),
		TEST(who_walks_out_takes_along_what_came_in_carried_or_not),
		TEST(the_same_crossing_again_moves_nothing_and_says_the_same),
		TEST(crossings_out_of_order_are_stored_and_move_nothing),
		TEST(a_gate_whose_clock_is_ahead_does_not_hold_up_the_exit),
		TEST(a_clock_set_back_does_not_hold_up_the_exit),
		TEST(unknown_subjects_leave_no_trace),
		TEST(a_revoked_device_no_longer_crosses),
		TEST(a_person_without_devices_crosses_too_and_a_device_alone),
		TEST(crossings_are_listed_latest_first_by_any_filter),
		TEST(who_is_in_is_listed_until_out_or_revoked),
		TEST(a_report_counts_once_whatever_batch_it_comes_in),
		TEST(a_second_agent_with_the_same_key_is_refused_and_flagged),
		TEST(the_audit_is_a_chain_that_shows_a_change),
		TEST(the_chains_form_is_the_documented_one),
		TEST(the_newest_not_back_of_a_device_is_found),
		TEST(a_repeat_leaves_no_audit_entry_if_so_asked),
		TEST(what_is_old_is_forgotten_some_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
