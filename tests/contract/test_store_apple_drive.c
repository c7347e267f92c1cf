/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: steps, commands and answers of Apple phones (docs/spec/apple.md, A86-A94). Run on every backend. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "apple_fixture.h"

static size_t n_pushes(struct store_fixture *f, int64_t now)
{
	struct bsg_apple_push_rec pushes[4];

	return list_pushes(f, now, 4, pushes);
}

static void a86_a_step_is_stored_once_and_only_on_what_was_read(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_apple_rec rec = get_apple(f, 1), none = rec;
	struct bsg_op step = step_op(&rec, T0 + 600), stale = step_op(&rec, T0 + 700), unknown;
	struct bsg_store_blob core;
	struct bsg_apple_due_rec due[1];

	assert_ok(f, apply(f, &step));
	assert_true(step.changed);
	assert_int_equal(apply(f, &stale), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_apple(f->store, device_id(1), &rec, &core, &f->err));
	assert_int_equal(core.len, 5);
	assert_memory_equal(core.data, "state", 5);
	bsg_store_blob_free(&core);
	assert_int_equal(rec.next, T0 + 600);
	assert_int_equal(rec.version, none.version + 1);
	assert_int_equal(rec.desired_seq, 0);
	assert_int_equal(list_due(f, T0 + 599, 1, due), 0);
	assert_int_equal(list_due(f, T0 + 600, 1, due), 1);
	assert_int_equal(due[0].next, T0 + 600);
	memcpy(none.device, device_id(9), sizeof(none.device));
	unknown = step_op(&none, 0);
	assert_int_equal(apply(f, &unknown), BSG_E_NOT_FOUND);
	step = step_op(&rec, 0);	/* never by time */
	assert_ok(f, apply(f, &step));
	assert_int_equal(list_due(f, INT64_MAX, 1, due), 0);
}

static void a86_what_else_happened_to_the_phone_makes_a_step_stale(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op happens[] = { idle_op(1), answer_op(1, BSG_APPLE_ERROR, 10, BSG_APPLE_INSTALL, 11),
		answer_op(1, BSG_APPLE_ACKNOWLEDGED, 11, BSG_APPLE_VERIFY, 12),
		answer_op(1, BSG_APPLE_VERIFIED, 12, BSG_APPLE_NO_COMMAND, 0), token_op(1, "newer") };

	desire(f, 1, 0, BSG_APPLE_REMOVE, 10);
	for (unsigned i = 0; i < sizeof(happens) / sizeof(happens[0]); i++) {
		struct bsg_apple_rec rec = get_apple(f, 1);
		struct bsg_op step = step_op(&rec, 0), over = desire_op(&rec, CAMERA, BSG_APPLE_INSTALL, 20);

		assert_ok(f, apply(f, &happens[i]));
		assert_true(happens[i].changed);
		assert_int_equal(apply(f, &step), BSG_E_CONFLICT);
		assert_int_equal(apply(f, &over), BSG_E_CONFLICT);
	}
}

static void a86_a_step_and_the_orders_it_was_made_under_are_stored_together(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 9), ops[2] = { { .kind = BSG_OP_ORDERS_PUT } };
	struct bsg_apple_rec rec = get_apple(f, 1);

	assert_ok(f, apply(f, &in));
	ops[0].orders_put = (struct bsg_op_orders_put){ .device = device_id(1), .serial = 1,
		.change = get_device(f, device_id(1)).change, .policy = 1, .expires = LEASE, .issued = T0, .due = LEASE,
		.digest = digest_of("d"), .content = digest_of("c"), .bytes = { (const uint8_t *)"o", 1 } };
	ops[1] = desire_op(&rec, CAMERA, BSG_APPLE_INSTALL, 10);
	ops[1].apple_step.version--;
	assert_int_equal(bsg_store_apply(f->store, ops, 2, &f->err), BSG_E_CONFLICT);
	assert_int_equal(n_orders_due(f), 1);
	ops[1].apple_step.version++;
	assert_ok(f, bsg_store_apply(f->store, ops, 2, &f->err));
	assert_int_equal(n_orders_due(f), 0);
	assert_int_equal(get_apple(f, 1).command, BSG_APPLE_INSTALL);
}

static void a_phone_is_restricted_and_freed(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1);
	struct bsg_apple_rec rec;

	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	rec = get_apple(f, 1);
	assert_int_equal(rec.desired, CAMERA);
	assert_int_equal(rec.desired_until, LEASE);
	assert_int_equal(rec.desired_seq, 1);
	assert_int_equal(rec.desired_at, T0 + 10);
	assert_int_equal(rec.crossing_at, T0 + 9);
	assert_memory_equal(rec.content, digest_of("content"), 32);
	assert_int_equal(rec.verified, 0);
	assert_int_equal(rec.offered_at, 0);
	assert_ok(f, apply(f, &idle));
	assert_true(idle.changed);
	assert_int_equal(idle.apple_answer.command.kind, BSG_APPLE_INSTALL);
	assert_string_equal(idle.apple_answer.command.uuid, uuid_of(10));
	assert_int_equal(idle.apple_answer.command.seq, 1);
	assert_int_equal(idle.apple_answer.command.functions, CAMERA);
	assert_int_equal(idle.apple_answer.command.until, LEASE);
	assert_memory_equal(idle.apple_answer.command.content, digest_of("content"), 32);
	assert_int_equal(get_apple(f, 1).offered_at, T0 + 20);
	idle = answer_op(1, BSG_APPLE_ACKNOWLEDGED, 10, BSG_APPLE_VERIFY, 11);
	assert_ok(f, apply(f, &idle));
	rec = get_apple(f, 1);
	assert_int_equal(rec.acknowledged_seq, 1);
	assert_int_equal(rec.acknowledged_at, T0 + 20);
	assert_int_equal(rec.command, BSG_APPLE_VERIFY);
	assert_int_equal(rec.verified, 0);		/* A91: not by Acknowledged alone */
	assert_int_equal(rec.verified_seq, 0);
	idle = answer_op(1, BSG_APPLE_VERIFIED, 11, BSG_APPLE_NO_COMMAND, 0);
	idle.apple_answer.functions = CAMERA;
	assert_ok(f, apply(f, &idle));
	rec = get_apple(f, 1);
	assert_int_equal(rec.command, BSG_APPLE_NO_COMMAND);
	assert_int_equal(rec.verified, CAMERA);
	assert_int_equal(rec.verified_until, LEASE);
	assert_int_equal(rec.verified_seq, rec.desired_seq);
	assert_int_equal(rec.verified_at, T0 + 20);
	desire(f, 1, 0, BSG_APPLE_REMOVE, 12);
	assert_int_equal(get_apple(f, 1).verified, CAMERA);
	deliver(f, 1, 12, 0);
	rec = get_apple(f, 1);
	assert_int_equal(rec.verified, 0);
	assert_int_equal(rec.verified_until, 0);
	assert_int_equal(rec.verified_seq, 2);
}

static void a87_a_newer_desired_state_replaces_the_older_in_place(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), late = answer_op(1, BSG_APPLE_ACKNOWLEDGED, 10, BSG_APPLE_VERIFY, 11);
	struct bsg_apple_rec rec;

	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_ok(f, apply(f, &idle));
	for (unsigned i = 20; i < 60; i += 2) {		/* in and out all day, the phone is not heard */
		desire(f, 1, 0, BSG_APPLE_REMOVE, i);
		desire(f, 1, CAMERA, BSG_APPLE_INSTALL, i + 1);
	}
	rec = get_apple(f, 1);
	assert_string_equal(rec.uuid, uuid_of(59));
	assert_int_equal(rec.offered_at, 0);
	assert_int_equal(rec.desired_seq, 41);
	assert_int_equal(n_pushes(f, INT64_MAX), 1);
	assert_ok(f, apply(f, &late));			/* to the first one, and it gets only the last */
	assert_false(late.apple_answer.known);
	assert_true(late.changed);
	assert_string_equal(late.apple_answer.command.uuid, uuid_of(59));
	assert_int_equal(get_apple(f, 1).acknowledged_seq, 0);
	assert_ok(f, apply(f, &late));			/* A89: again, as nothing but Idle */
	assert_false(late.changed);
	assert_string_equal(late.apple_answer.command.uuid, uuid_of(59));
	late = answer_op(1, BSG_APPLE_NOT_NOW, 10, BSG_APPLE_NO_COMMAND, 0);
	assert_ok(f, apply(f, &late));
	assert_false(late.apple_answer.known);
	assert_int_equal(get_apple(f, 1).not_now_at, 0);
}

static void a88_no_command_only_where_the_phone_is_known_to_have_it(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), op, refused = answer_op(1, BSG_APPLE_ERROR, 10, BSG_APPLE_NO_COMMAND, 0);
	struct bsg_apple_rec rec = get_apple(f, 1);

	op = desire_op(&rec, CAMERA, BSG_APPLE_NO_COMMAND, 0);
	assert_int_equal(apply(f, &op), BSG_E_INVALID);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	desire(f, 1, 0, BSG_APPLE_NO_COMMAND, 0);	/* taken back before anybody heard of it */
	rec = get_apple(f, 1);
	assert_int_equal(rec.verified_seq, rec.desired_seq);
	assert_int_equal(rec.acknowledged_seq, rec.desired_seq);
	assert_int_equal(n_pushes(f, INT64_MAX), 0);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_ok(f, apply(f, &idle));
	rec = get_apple(f, 1);
	op = desire_op(&rec, 0, BSG_APPLE_NO_COMMAND, 0);
	assert_int_equal(apply(f, &op), BSG_E_INVALID);	/* it may be installed by now */
	assert_ok(f, apply(f, &refused));
	rec = get_apple(f, 1);
	op = desire_op(&rec, 0, BSG_APPLE_NO_COMMAND, 0);
	assert_int_equal(apply(f, &op), BSG_E_INVALID);	/* an Error proves nothing */
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 12);
	deliver(f, 1, 12, CAMERA);
	rec = get_apple(f, 1);
	op = desire_op(&rec, 0, BSG_APPLE_NO_COMMAND, 0);
	assert_int_equal(apply(f, &op), BSG_E_INVALID);	/* it has something else */
	op = desire_op(&rec, CAMERA | HOTSPOT, BSG_APPLE_NO_COMMAND, 0);
	assert_int_equal(apply(f, &op), BSG_E_INVALID);
	desire(f, 1, 0, BSG_APPLE_REMOVE, 14);
	rec = get_apple(f, 1);
	op = desire_op(&rec, CAMERA, BSG_APPLE_NO_COMMAND, 0);
	op.apple_step.until = LEASE + 1;
	assert_int_equal(apply(f, &op), BSG_E_INVALID);	/* a longer lease is a new profile */
	desire(f, 1, CAMERA, BSG_APPLE_NO_COMMAND, 0);
	rec = get_apple(f, 1);
	assert_int_equal(rec.verified, CAMERA);
	assert_int_equal(rec.verified_until, LEASE);
	assert_int_equal(rec.verified_seq, rec.desired_seq);
}

/* What it showed is not all that it was told: the rest of the profile may be there. */
static void a88_a_phone_that_was_not_as_desired_is_told_again(void **state)
{
	static const int64_t shown[] = { CAMERA, 0 };
	struct store_fixture *f = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct bsg_apple_rec rec;
		struct bsg_op op;

		desire(f, 1, CAMERA | HOTSPOT, BSG_APPLE_INSTALL, 10 + 10 * i);
		deliver(f, 1, 10 + 10 * i, shown[i]);
		rec = get_apple(f, 1);
		op = desire_op(&rec, shown[i], BSG_APPLE_NO_COMMAND, 0);
		assert_int_equal(apply(f, &op), BSG_E_INVALID);
	}
	desire(f, 1, 0, BSG_APPLE_REMOVE, 30);
	deliver(f, 1, 30, 0);
	desire(f, 1, 0, BSG_APPLE_NO_COMMAND, 0);
}

static void a124_settings_come_first_and_what_was_set_is_remembered(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), set = answer_op(1, BSG_APPLE_ACKNOWLEDGED, 10, BSG_APPLE_INSTALL, 11);
	struct bsg_op installed = answer_op(1, BSG_APPLE_ACKNOWLEDGED, 11, BSG_APPLE_VERIFY, 12);
	struct bsg_op refused = answer_op(1, BSG_APPLE_ERROR, 20, BSG_APPLE_INSTALL, 21);
	struct bsg_apple_rec rec;

	set.apple_answer.settings_done = 2;
	installed.apple_answer.settings_done = 1;	/* it does not tell */
	refused.apple_answer.settings_done = 1;
	refused.apple_answer.error = "Bluetooth";
	desire(f, 1, CAMERA | HOTSPOT, BSG_APPLE_SETTINGS, 10);
	assert_ok(f, apply(f, &idle));
	assert_int_equal(idle.apple_answer.command.kind, BSG_APPLE_SETTINGS);
	assert_int_equal(idle.apple_answer.command.functions, CAMERA | HOTSPOT);
	assert_ok(f, apply(f, &set));
	assert_int_equal(set.apple_answer.command.kind, BSG_APPLE_INSTALL);
	rec = get_apple(f, 1);
	assert_int_equal(rec.acknowledged_seq, 0);	/* the profile is still to come */
	assert_int_equal(rec.acknowledged_at, 0);
	assert_int_equal(rec.settings_done, 2);
	assert_int_equal(rec.n_errors, 0);
	assert_ok(f, apply(f, &installed));
	fixture_reopen(f);
	rec = get_apple(f, 1);
	assert_int_equal(rec.acknowledged_seq, 1);
	assert_int_equal(rec.settings_done, 2);
	desire(f, 1, HOTSPOT, BSG_APPLE_SETTINGS, 20);
	assert_int_equal(get_apple(f, 1).settings_done, 0);	/* it may have been switched on since */
	assert_ok(f, apply(f, &idle));
	assert_ok(f, apply(f, &refused));
	rec = get_apple(f, 1);
	assert_int_equal(rec.command, BSG_APPLE_INSTALL);
	assert_int_equal(rec.settings_done, 1);
	assert_string_equal(rec.last_error, "Bluetooth");
}

static void a90_what_follows_is_later_so_that_a_conversation_ends(void **state)
{
	static const struct {
		enum bsg_apple_command_kind out;
		enum bsg_apple_answer answer;
		enum bsg_apple_command_kind follow;
		enum bsg_err rc;
	} rows[] = {
		{ BSG_APPLE_REMOVE, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_VERIFY, BSG_OK },
		{ BSG_APPLE_REMOVE, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_INSTALL, BSG_E_INVALID },
		{ BSG_APPLE_REMOVE, BSG_APPLE_ERROR, BSG_APPLE_SETTINGS, BSG_E_INVALID },
		{ BSG_APPLE_SETTINGS, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_INSTALL, BSG_OK },
		{ BSG_APPLE_SETTINGS, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_VERIFY, BSG_E_INVALID },
		{ BSG_APPLE_SETTINGS, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_NO_COMMAND, BSG_E_INVALID },
		{ BSG_APPLE_SETTINGS, BSG_APPLE_VERIFIED, BSG_APPLE_NO_COMMAND, BSG_E_INVALID },
		{ BSG_APPLE_SETTINGS, BSG_APPLE_ERROR, BSG_APPLE_INSTALL, BSG_OK },
		{ BSG_APPLE_SETTINGS, BSG_APPLE_ERROR, BSG_APPLE_SETTINGS, BSG_E_INVALID },
		{ BSG_APPLE_SETTINGS, BSG_APPLE_NOT_NOW, BSG_APPLE_NO_COMMAND, BSG_OK },
		{ BSG_APPLE_INSTALL, BSG_APPLE_ERROR, BSG_APPLE_SETTINGS, BSG_E_INVALID },
		{ BSG_APPLE_INSTALL, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_SETTINGS, BSG_E_INVALID },
		{ BSG_APPLE_INSTALL, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_VERIFY_LIST, BSG_OK },
		{ BSG_APPLE_INSTALL, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_NO_COMMAND, BSG_E_INVALID },
		{ BSG_APPLE_INSTALL, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_INSTALL, BSG_E_INVALID },
		{ BSG_APPLE_VERIFY, BSG_APPLE_ACKNOWLEDGED, BSG_APPLE_VERIFY_LIST, BSG_E_INVALID },
		{ BSG_APPLE_INSTALL, BSG_APPLE_VERIFIED, BSG_APPLE_NO_COMMAND, BSG_E_INVALID },
		{ BSG_APPLE_VERIFY, BSG_APPLE_VERIFIED, BSG_APPLE_VERIFY_LIST, BSG_E_INVALID },
		{ BSG_APPLE_VERIFY, BSG_APPLE_VERIFIED, BSG_APPLE_NO_COMMAND, BSG_OK },
		{ BSG_APPLE_VERIFY_LIST, BSG_APPLE_VERIFIED, BSG_APPLE_NO_COMMAND, BSG_OK },
		{ BSG_APPLE_REMOVE, BSG_APPLE_ERROR, BSG_APPLE_INSTALL, BSG_OK },
		{ BSG_APPLE_REMOVE, BSG_APPLE_ERROR, BSG_APPLE_VERIFY, BSG_OK },
		{ BSG_APPLE_INSTALL, BSG_APPLE_ERROR, BSG_APPLE_REMOVE, BSG_E_INVALID },
		{ BSG_APPLE_INSTALL, BSG_APPLE_ERROR, BSG_APPLE_INSTALL, BSG_E_INVALID },
		{ BSG_APPLE_VERIFY, BSG_APPLE_ERROR, BSG_APPLE_INSTALL, BSG_E_INVALID },
		{ BSG_APPLE_VERIFY, BSG_APPLE_ERROR, BSG_APPLE_VERIFY_LIST, BSG_OK },
		{ BSG_APPLE_VERIFY_LIST, BSG_APPLE_ERROR, BSG_APPLE_VERIFY, BSG_E_INVALID },
		{ BSG_APPLE_VERIFY_LIST, BSG_APPLE_ERROR, BSG_APPLE_NO_COMMAND, BSG_OK },
		{ BSG_APPLE_INSTALL, BSG_APPLE_NOT_NOW, BSG_APPLE_VERIFY, BSG_E_INVALID },
		{ BSG_APPLE_INSTALL, BSG_APPLE_NOT_NOW, BSG_APPLE_NO_COMMAND, BSG_OK },
	};
	struct store_fixture *f = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_op idle = idle_op(1), op = answer_op(1, rows[i].answer, 100 + i, rows[i].follow,
								rows[i].follow != BSG_APPLE_NO_COMMAND ? 200 + i : 0);
		bool stays = rows[i].rc != BSG_OK || rows[i].answer == BSG_APPLE_NOT_NOW;
		struct bsg_apple_rec rec;

		desire(f, 1, rows[i].out == BSG_APPLE_SETTINGS ? HOTSPOT : 0, rows[i].out, 100 + i);
		assert_ok(f, apply(f, &idle));
		if (apply(f, &op) != rows[i].rc)
			fail_msg("row %u: %s", i, f->err.text);
		rec = get_apple(f, 1);
		assert_int_equal(rec.command, stays ? rows[i].out : rows[i].follow);
		assert_string_equal(rec.uuid, stays ? uuid_of(100 + i) : rec.command != BSG_APPLE_NO_COMMAND ? uuid_of(200 + i) : "");
		assert_int_equal(rec.offered_at != 0, rec.command != BSG_APPLE_NO_COMMAND);	/* what follows is in the answer */
		if (rows[i].rc == BSG_OK)
			assert_int_equal(op.apple_answer.command.kind, rows[i].follow);
	}
}

static void a91_what_is_offered_takes_away_what_it_may_lift(void **state)
{
	static const struct {
		int64_t before, wanted;
		enum bsg_apple_command_kind command;
		int64_t until, certain, certain_until;
	} rows[] = {
		{ CAMERA, 0, BSG_APPLE_REMOVE, 0, 0, 0 },
		{ CAMERA, 0, BSG_APPLE_INSTALL, 0, 0, 0 },
		{ CAMERA | HOTSPOT, CAMERA, BSG_APPLE_INSTALL, LEASE + 60, CAMERA, LEASE },
		{ CAMERA, CAMERA | HOTSPOT, BSG_APPLE_INSTALL, LEASE - 60, CAMERA, LEASE - 60 },
		{ CAMERA, HOTSPOT, BSG_APPLE_INSTALL, LEASE, 0, LEASE },
		{ CAMERA, HOTSPOT, BSG_APPLE_SETTINGS, LEASE - 60, 0, LEASE - 60 },	/* the profile follows at once */
		{ CAMERA, CAMERA, BSG_APPLE_VERIFY, LEASE, CAMERA, LEASE },
	};
	struct store_fixture *f = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_op idle = idle_op(1), op;
		struct bsg_apple_rec rec;

		desire(f, 1, rows[i].before, BSG_APPLE_INSTALL, 100 + 4 * i);
		deliver(f, 1, 100 + 4 * i, rows[i].before);
		rec = get_apple(f, 1);
		op = desire_op(&rec, rows[i].wanted, rows[i].command, 102 + 4 * i);
		op.apple_step.until = rows[i].until;
		assert_ok(f, apply(f, &op));
		assert_int_equal(get_apple(f, 1).verified, rows[i].before);	/* the phone does not know yet */
		assert_int_equal(get_apple(f, 1).verified_until, LEASE);
		assert_ok(f, apply(f, &idle));
		rec = get_apple(f, 1);
		if (rec.verified != rows[i].certain || rec.verified_until != rows[i].certain_until)
			fail_msg("row %u: %d up to %d", i, (int)rec.verified, (int)(rec.verified_until - LEASE));
	}
}

static void a92_what_says_nothing_new_writes_nothing(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), not_now = answer_op(1, BSG_APPLE_NOT_NOW, 10, BSG_APPLE_NO_COMMAND, 0);
	int64_t version = get_apple(f, 1).version;

	assert_ok(f, apply(f, &idle));
	assert_false(idle.changed);
	assert_int_equal(idle.apple_answer.command.kind, BSG_APPLE_NO_COMMAND);
	assert_int_equal(get_apple(f, 1).version, version);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_ok(f, apply(f, &idle));
	assert_true(idle.changed);
	version = get_apple(f, 1).version;
	idle.apple_answer.at = T0 + 90;
	assert_ok(f, apply(f, &idle));
	assert_false(idle.changed);
	assert_string_equal(idle.apple_answer.command.uuid, uuid_of(10));
	assert_int_equal(get_apple(f, 1).offered_at, T0 + 20);
	not_now.apple_answer.at = T0 + 91;
	assert_ok(f, apply(f, &not_now));
	assert_true(not_now.changed);
	not_now.apple_answer.at = T0 + 95;
	assert_ok(f, apply(f, &not_now));
	assert_false(not_now.changed);
	assert_true(not_now.apple_answer.known);
	assert_int_equal(not_now.apple_answer.command.kind, BSG_APPLE_NO_COMMAND);
	assert_int_equal(get_apple(f, 1).not_now_at, T0 + 91);
	assert_int_equal(get_apple(f, 1).version, version);
	assert_int_equal(n_pushes(f, INT64_MAX), 1);	/* A94: a locked phone does not stop them */
	assert_ok(f, apply(f, &idle));			/* unlocked */
	assert_string_equal(idle.apple_answer.command.uuid, uuid_of(10));
}

static void a94_locked_is_said_of_the_command_that_is_out(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), not_now = answer_op(1, BSG_APPLE_NOT_NOW, 10, BSG_APPLE_NO_COMMAND, 0);
	struct bsg_op done = answer_op(1, BSG_APPLE_ACKNOWLEDGED, 10, BSG_APPLE_VERIFY, 11);

	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_ok(f, apply(f, &idle));
	assert_ok(f, apply(f, &not_now));
	assert_ok(f, apply(f, &done));
	assert_int_equal(get_apple(f, 1).not_now_at, 0);
	not_now.apple_answer.uuid = uuid_of(11);
	assert_ok(f, apply(f, &not_now));
	assert_int_equal(get_apple(f, 1).not_now_at, T0 + 20);
	desire(f, 1, 0, BSG_APPLE_REMOVE, 12);
	assert_int_equal(get_apple(f, 1).not_now_at, 0);
}

static void a93_errors_are_kept_and_counted_until_it_is_as_desired(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), error = answer_op(1, BSG_APPLE_ERROR, 10, BSG_APPLE_NO_COMMAND, 0);
	static char long_text[BSG_APPLE_ERROR_SIZE + 1];
	struct bsg_apple_rec rec;

	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_ok(f, apply(f, &idle));
	error.apple_answer.error = "4001: the profile cannot be installed";
	error.apple_answer.next = T0 + 300;
	assert_ok(f, apply(f, &error));
	rec = get_apple(f, 1);
	assert_int_equal(rec.command, BSG_APPLE_NO_COMMAND);
	assert_string_equal(rec.last_error, "4001: the profile cannot be installed");
	assert_int_equal(rec.error_at, T0 + 20);
	assert_int_equal(rec.n_errors, 1);
	assert_int_equal(rec.next, T0 + 300);
	assert_int_equal(rec.push_at, 0);
	assert_int_equal(rec.desired, CAMERA);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 12);
	deliver(f, 1, 12, 0);		/* acknowledged, and not there */
	rec = get_apple(f, 1);
	assert_int_equal(rec.n_errors, 2);
	assert_string_equal(rec.last_error, "4001: the profile cannot be installed");
	assert_int_equal(rec.verified, 0);
	assert_int_equal(rec.verified_seq, rec.desired_seq);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 14);
	deliver(f, 1, 14, CAMERA);
	rec = get_apple(f, 1);
	assert_int_equal(rec.n_errors, 0);
	assert_string_equal(rec.last_error, "");
	assert_int_equal(rec.error_at, 0);
	memset(long_text, 'x', sizeof(long_text) - 1);
	error.apple_answer.error = long_text;
	assert_int_equal(apply(f, &error), BSG_E_LIMIT);
}

static void a93_an_answer_brings_the_next_step_forward_only(void **state)
{
	static const int64_t rows[][3] = {	/* next, what the answer says, next then */
		{ 0, 500, 500 }, { 400, 500, 400 }, { 600, 500, 500 }, { 600, 0, 600 },
	};
	struct store_fixture *f = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bsg_apple_rec rec = get_apple(f, 1);
		struct bsg_op step = desire_op(&rec, 0, BSG_APPLE_VERIFY, 10 + i), idle = idle_op(1);
		struct bsg_op verified = answer_op(1, BSG_APPLE_VERIFIED, 10 + i, BSG_APPLE_NO_COMMAND, 0), stale = verified;

		step.apple_step.next = rows[i][0];
		assert_ok(f, apply(f, &step));
		assert_ok(f, apply(f, &idle));
		stale.apple_answer.uuid = uuid_of(99);
		stale.apple_answer.next = 1;
		assert_ok(f, apply(f, &stale));
		assert_int_equal(get_apple(f, 1).next, rows[i][0]);
		verified.apple_answer.next = rows[i][1];
		assert_ok(f, apply(f, &verified));
		assert_int_equal(get_apple(f, 1).next, rows[i][2]);
	}
}

static void lists_of_what_is_due_begin_with_the_oldest(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_apple_due_rec due[4];
	struct bsg_apple_push_rec pushes[4];
	struct bsg_page page = { .limit = 1 };
	char cursor[BSG_CURSOR_SIZE];

	for (unsigned i = 2; i <= 4; i++) {
		struct bsg_apple_rec rec;
		struct bsg_op step;

		add_phone(f, "aida", i);
		rec = get_apple(f, i);
		step = desire_op(&rec, CAMERA, BSG_APPLE_INSTALL, i);
		step.apple_step.next = T0 + 100 - i;
		step.apple_step.at = T0 + 100 - i;
		assert_ok(f, apply(f, &step));
	}
	assert_int_equal(list_due(f, T0 + 97, 4, due), 3);		/* phone 1 waits for its first step */
	assert_string_equal(due[0].device, device_id(1));
	assert_string_equal(due[1].device, device_id(4));
	assert_int_equal(list_due(f, T0 + 97, 1, due), 1);
	assert_int_equal(list_pushes(f, T0 + 97, 4, pushes), 2);
	assert_string_equal(pushes[0].device, device_id(4));
	assert_ok(f, bsg_store_apple_due(f->store, T0 + 97, &page, due, &f->err));	/* that one could not be stepped: it hides nobody */
	memcpy(cursor, page.next, sizeof(cursor));
	page.cursor = cursor;
	assert_ok(f, bsg_store_apple_due(f->store, T0 + 97, &page, due, &f->err));
	assert_string_equal(due[0].device, device_id(4));
	page = (struct bsg_page){ .limit = 1 };
	assert_ok(f, bsg_store_apple_pushes(f->store, T0 + 97, &page, pushes, &f->err));
	memcpy(cursor, page.next, sizeof(cursor));
	page.cursor = cursor;
	assert_ok(f, bsg_store_apple_pushes(f->store, T0 + 97, &page, pushes, &f->err));
	assert_int_equal(page.n, 1);
	assert_string_equal(pushes[0].device, device_id(3));
	assert_string_equal(page.next, "");
	page = (struct bsg_page){ .limit = 0 };
	assert_int_equal(bsg_store_apple_due(f->store, 1, &page, due, &f->err), BSG_E_INVALID);
	page.limit = BSG_STORE_LIST_MAX + 1;
	assert_int_equal(bsg_store_apple_pushes(f->store, 1, &page, pushes, &f->err), BSG_E_INVALID);
}

/* More than ten, so that their numbers have one digit and two. */
static void phones_of_one_second_are_each_listed_once(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_apple_due_rec due[5];
	struct bsg_page page = { .limit = 5 };
	char cursor[BSG_CURSOR_SIZE] = "";
	unsigned times[15] = { 0 };

	for (unsigned i = 2; i <= 14; i++)
		add_phone(f, "aida", i);
	do {
		page.cursor = cursor;
		assert_ok(f, bsg_store_apple_due(f->store, T0 + 97, &page, due, &f->err));
		for (size_t k = 0; k < page.n; k++)
			for (unsigned i = 1; i <= 14; i++)
				times[i] += strcmp(due[k].device, device_id(i)) == 0;
		memcpy(cursor, page.next, sizeof(cursor));
	} while (cursor[0] != '\0');
	for (unsigned i = 1; i <= 14; i++)
		assert_int_equal(times[i], 1);
}

static void steps_and_answers_without_sense_are_refused(void **state)
{
	struct store_fixture *f = *state;
	static uint8_t large[1025];
	struct bsg_apple_rec rec = get_apple(f, 1);
	struct bsg_op good = desire_op(&rec, CAMERA, BSG_APPLE_INSTALL, 10), op, answer = idle_op(1);
	struct bsg_apple_push_rec push = { .device = "00112233445566778899aabb00000001", .token_len = 32 };

#define REFUSED(setting, code) do { op = good; op.apple_step.setting; assert_int_equal(apply(f, &op), code); } while (0)
	REFUSED(state.len = 0, BSG_E_INVALID);
	REFUSED(state = ((struct bsg_bytes){ large, sizeof(large) }), BSG_E_LIMIT);
	REFUSED(at = 0, BSG_E_INVALID);
	REFUSED(next = -1, BSG_E_INVALID);
	REFUSED(functions = INT64_C(1) << 40, BSG_E_INVALID);
	REFUSED(functions = -1, BSG_E_INVALID);
	REFUSED(content = NULL, BSG_E_INVALID);
	REFUSED(until = 0, BSG_E_INVALID);
	REFUSED(functions = 0, BSG_E_INVALID);			/* nothing has no lease */
	REFUSED(uuid = NULL, BSG_E_INVALID);
	REFUSED(uuid = "", BSG_E_INVALID);
	REFUSED(command = BSG_APPLE_NO_COMMAND, BSG_E_INVALID);	/* with a uuid */
	REFUSED(command = BSG_APPLE_REMOVE, BSG_E_INVALID);	/* to restrict something */
	REFUSED(command = BSG_APPLE_VERIFY_LIST + 1, BSG_E_INVALID);
	op = desire_op(&rec, 0, BSG_APPLE_SETTINGS, 10);	/* a lift switches nothing */
	assert_int_equal(apply(f, &op), BSG_E_INVALID);
	answer.apple_answer.at = 0;
	assert_int_equal(apply(f, &answer), BSG_E_INVALID);
	answer = idle_op(1);
	answer.apple_answer.uuid = uuid_of(1);
	assert_int_equal(apply(f, &answer), BSG_E_INVALID);
	answer = answer_op(1, BSG_APPLE_VERIFIED, 1, BSG_APPLE_NO_COMMAND, 0);
	answer.apple_answer.functions = INT64_C(1) << 40;
	assert_int_equal(apply(f, &answer), BSG_E_INVALID);
	answer = answer_op(1, BSG_APPLE_ACKNOWLEDGED, 1, BSG_APPLE_VERIFY, 0);
	assert_int_equal(apply(f, &answer), BSG_E_INVALID);
	answer = answer_op(1, BSG_APPLE_ACKNOWLEDGED, 1, BSG_APPLE_VERIFY, 2);
	answer.apple_answer.settings_done = -1;
	assert_int_equal(apply(f, &answer), BSG_E_INVALID);
	answer = answer_op(1, BSG_APPLE_NOT_NOW + 1, 1, BSG_APPLE_NO_COMMAND, 0);
	assert_int_equal(apply(f, &answer), BSG_E_INVALID);
	op = pushed_op(&push, BSG_APPLE_PUSH_SENT, 0);
	assert_int_equal(apply(f, &op), BSG_E_INVALID);
	op = pushed_op(&push, 0, T0);
	assert_int_equal(apply(f, &op), BSG_E_INVALID);
	assert_int_equal(get_apple(f, 1).version, rec.version);
	assert_ok(f, apply(f, &good));
}

enum { N_THREADS = 6, N_EACH = 30 };

struct racer {
	pthread_t thread;
	struct store_fixture *f;
	atomic_bool *over;
	unsigned number, n_stored, n_conflicts, n_failed;
};

/* Wants a new state again and again; each its own uuid. */
static void *step_until_done(void *arg)
{
	struct racer *r = arg;
	char uuid[BSG_UUID_SIZE];

	while (r->n_stored < N_EACH) {
		struct bsg_apple_rec rec;
		struct bsg_op op = { .kind = BSG_OP_APPLE_STEP };
		enum bsg_err rc = bsg_store_apple(r->f->store, "00112233445566778899aabb00000001", &rec, NULL, NULL);

		(void)snprintf(uuid, sizeof(uuid), "%08x-1111-4222-8333-444455556666", 1000 * (r->number + 1) + r->n_stored);
		op.apple_step = (struct bsg_op_apple_step){ .device = rec.device, .version = rec.version,
			.state = { (const uint8_t *)"s", 1 }, .at = T0, .desire = true, .command = BSG_APPLE_REMOVE, .uuid = uuid,
			.push = true };
		if (rc == BSG_OK)
			rc = bsg_store_apply(r->f->store, &op, 1, NULL);
		r->n_stored += rc == BSG_OK;
		r->n_conflicts += rc == BSG_E_CONFLICT;
		r->n_failed += rc != BSG_OK && rc != BSG_E_CONFLICT;
	}
	return NULL;
}

/* A phone that takes what it is given, and pushes that are recorded, while the desired state changes. */
static void *talk_until_over(void *arg)
{
	static const char device[] = "00112233445566778899aabb00000001";
	struct racer *r = arg;
	struct bsg_op op = { .kind = BSG_OP_APPLE_ANSWER, .apple_answer = { .device = device, .at = T0 } };
	struct bsg_apple_command out = { 0 };
	struct bsg_page page = { .limit = 1 };
	struct bsg_apple_push_rec push;

	while (!atomic_load(r->over)) {
		op.apple_answer.answer = out.kind == BSG_APPLE_NO_COMMAND ? BSG_APPLE_IDLE : out.kind == BSG_APPLE_VERIFY ?
			BSG_APPLE_VERIFIED : BSG_APPLE_ACKNOWLEDGED;
		op.apple_answer.uuid = out.kind == BSG_APPLE_NO_COMMAND ? NULL : out.uuid;
		op.apple_answer.follow = out.kind == BSG_APPLE_REMOVE ? BSG_APPLE_VERIFY : BSG_APPLE_NO_COMMAND;
		op.apple_answer.follow_uuid = out.kind == BSG_APPLE_REMOVE ? "ffffffff-1111-4222-8333-444455556666" : NULL;
		if (bsg_store_apply(r->f->store, &op, 1, NULL) != BSG_OK)
			r->n_failed++;
		out = op.apple_answer.command;
		if (bsg_store_apple_pushes(r->f->store, INT64_MAX, &page, &push, NULL) == BSG_OK && page.n == 1) {
			struct bsg_op sent = pushed_op(&push, BSG_APPLE_PUSH_SENT, T0 + 60);

			r->n_failed += bsg_store_apply(r->f->store, &sent, 1, NULL) != BSG_OK;
		}
		r->n_stored++;
	}
	return NULL;
}

static void a86_steps_that_race_with_a_phone_are_each_stored_once(void **state)
{
	struct store_fixture *f = *state;
	struct racer racers[N_THREADS + 1];
	struct bsg_apple_rec rec;
	unsigned n_conflicts = 0;
	atomic_bool over;

	atomic_init(&over, false);
	for (unsigned i = 0; i <= N_THREADS; i++) {
		racers[i] = (struct racer){ .f = f, .over = &over, .number = i };
		assert_int_equal(pthread_create(&racers[i].thread, NULL, i < N_THREADS ? step_until_done : talk_until_over,
						&racers[i]), 0);
	}
	for (unsigned i = 0; i <= N_THREADS; i++) {
		if (i == N_THREADS)
			atomic_store(&over, true);
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		assert_int_equal(racers[i].n_failed, 0);
		n_conflicts += racers[i].n_conflicts;
	}
	rec = get_apple(f, 1);
	assert_int_equal(rec.desired_seq, N_THREADS * N_EACH);
	assert_true(rec.acknowledged_seq <= rec.desired_seq);
	assert_true(rec.verified_seq <= rec.acknowledged_seq);
	print_message("# %u conflicts in %d steps, %u answers\n", n_conflicts, N_THREADS * N_EACH, racers[N_THREADS].n_stored);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, apple_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a86_a_step_is_stored_once_and_only_on_what_was_read),
		TEST(a86_what_else_happened_to_the_phone_makes_a_step_stale),
		TEST(a86_a_step_and_the_orders_it_was_made_under_are_stored_together),
		TEST(a86_steps_that_race_with_a_phone_are_each_stored_once),
		TEST(a_phone_is_restricted_and_freed),
		TEST(a87_a_newer_desired_state_replaces_the_older_in_place),
		TEST(a88_no_command_only_where_the_phone_is_known_to_have_it),
		TEST(a88_a_phone_that_was_not_as_desired_is_told_again),
		TEST(a124_settings_come_first_and_what_was_set_is_remembered),
		TEST(a90_what_follows_is_later_so_that_a_conversation_ends),
		TEST(a91_what_is_offered_takes_away_what_it_may_lift),
		TEST(a92_what_says_nothing_new_writes_nothing),
		TEST(a94_locked_is_said_of_the_command_that_is_out),
		TEST(a93_errors_are_kept_and_counted_until_it_is_as_desired),
		TEST(a93_an_answer_brings_the_next_step_forward_only),
		TEST(lists_of_what_is_due_begin_with_the_oldest),
		TEST(phones_of_one_second_are_each_listed_once),
		TEST(steps_and_answers_without_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
