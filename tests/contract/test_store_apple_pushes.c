/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: pushes of Apple phones (docs/spec/apple.md, A95). Run on every backend. */
#include <string.h>

#include "apple_fixture.h"

static size_t n_pushes(struct store_fixture *f, int64_t now)
{
	struct bsg_apple_push_rec pushes[4];

	return list_pushes(f, now, 4, pushes);
}

static struct bsg_apple_push_rec first_push(struct store_fixture *f)
{
	struct bsg_apple_push_rec push;

	assert_int_equal(list_pushes(f, INT64_MAX, 1, &push), 1);
	return push;
}

static void a95_a_push_is_due_until_its_command_is_done(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_apple_push_rec push;
	struct bsg_op op;

	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	fixture_reopen(f);		/* a crash between the commit and the push */
	assert_int_equal(n_pushes(f, T0 + 9), 0);
	assert_int_equal(n_pushes(f, T0 + 10), 1);
	push = first_push(f);
	assert_string_equal(push.device, device_id(1));
	assert_memory_equal(push.token, digest_of("token"), 32);
	assert_int_equal(push.token_len, 32);
	assert_string_equal(push.push_magic, "magic");
	assert_string_equal(push.topic, "com.apple.mgmt.External.x");
	assert_int_equal(push.seq, 1);
	assert_int_equal(push.desired, CAMERA);
	assert_int_equal(push.desired_until, LEASE);
	assert_int_equal(push.desired_at, T0 + 10);
	op = pushed_op(&push, BSG_APPLE_PUSH_FAILED, T0 + 30);
	assert_ok(f, apply(f, &op));
	assert_int_equal(n_pushes(f, T0 + 29), 0);
	assert_int_equal(first_push(f).failures, 1);
	op = pushed_op(&push, BSG_APPLE_PUSH_SENT, T0 + 90);
	assert_ok(f, apply(f, &op));
	assert_true(op.changed);
	assert_int_equal(n_pushes(f, T0 + 89), 0);
	assert_int_equal(n_pushes(f, T0 + 90), 1);	/* not heard: again */
	assert_int_equal(first_push(f).failures, 0);
	deliver(f, 1, 10, CAMERA);
	assert_int_equal(n_pushes(f, INT64_MAX), 0);
	assert_ok(f, apply(f, &op));			/* the push's answer came late */
	assert_false(op.changed);
	assert_int_equal(n_pushes(f, INT64_MAX), 0);
}

static void a95_a_result_of_an_older_push_does_not_put_off_the_newer(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_apple_push_rec push;
	struct bsg_op op, token = token_op(1, "newer");

	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	push = first_push(f);
	desire(f, 1, 0, BSG_APPLE_REMOVE, 11);
	op = pushed_op(&push, BSG_APPLE_PUSH_SENT, T0 + 9000);
	assert_ok(f, apply(f, &op));
	assert_false(op.changed);
	assert_int_equal(n_pushes(f, T0 + 10), 1);
	push = first_push(f);
	op = pushed_op(&push, BSG_APPLE_PUSH_FAILED, T0 + 11);
	assert_ok(f, apply(f, &op));
	assert_int_equal(first_push(f).failures, 1);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 12);
	push = first_push(f);
	assert_int_equal(push.failures, 0);
	token.apple_token_update.at = T0 + 40;
	assert_ok(f, apply(f, &token));
	op = pushed_op(&push, BSG_APPLE_PUSH_UNREGISTERED, T0 + 9000);
	assert_ok(f, apply(f, &op));
	assert_false(op.changed);
	op = pushed_op(&push, BSG_APPLE_PUSH_SENT, T0 + 9000);
	assert_ok(f, apply(f, &op));
	assert_false(op.changed);
	assert_int_equal(n_pushes(f, T0 + 40), 1);
	assert_memory_equal(first_push(f).token, digest_of("newer"), 32);
}

static void a95_a_dead_token_gets_no_push_before_the_next_one(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op, token = token_op(1, "token");
	struct bsg_apple_push_rec push;

	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	push = first_push(f);
	op = pushed_op(&push, BSG_APPLE_PUSH_UNREGISTERED, T0 + 20);
	assert_ok(f, apply(f, &op));
	assert_true(op.changed);
	assert_int_equal(n_pushes(f, INT64_MAX), 0);
	assert_int_equal(get_apple(f, 1).token_len, 0);
	desire(f, 1, 0, BSG_APPLE_REMOVE, 11);
	assert_int_equal(n_pushes(f, INT64_MAX), 0);
	assert_int_equal(get_apple(f, 1).command, BSG_APPLE_REMOVE);	/* it may come by itself */
	token.apple_token_update.at = T0 + 50;
	assert_ok(f, apply(f, &token));		/* also with the token that was called dead */
	assert_true(token.changed);
	assert_int_equal(n_pushes(f, T0 + 50), 1);
	assert_int_equal(first_push(f).failures, 0);
}

static void a84_the_same_token_again_makes_what_waits_due(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op, token = token_op(1, "token");
	struct bsg_apple_push_rec push;

	desire(f, 1, 0, BSG_APPLE_REMOVE, 10);
	push = first_push(f);
	for (unsigned i = 0; i < 3; i++) {
		op = pushed_op(&push, BSG_APPLE_PUSH_FAILED, T0 + 4000);
		assert_ok(f, apply(f, &op));
	}
	token.apple_token_update.at = T0 + 50;
	assert_ok(f, apply(f, &token));
	assert_int_equal(n_pushes(f, T0 + 49), 0);
	assert_int_equal(n_pushes(f, T0 + 50), 1);
	assert_int_equal(first_push(f).failures, 0);
	token.apple_token_update.at = T0 + 60;
	assert_ok(f, apply(f, &token));
	assert_int_equal(n_pushes(f, T0 + 50), 1);	/* what is due stays so */
	deliver(f, 1, 10, 0);
	token.apple_token_update.at = T0 + 70;
	assert_ok(f, apply(f, &token));
	assert_int_equal(n_pushes(f, INT64_MAX), 0);	/* nothing is out */
}

static void a_command_that_was_stored_before_the_token_waits_for_it(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op authenticate, token = token_op(2, "token"), idle = idle_op(2);

	certify_phone(f, "aida", 2);
	authenticate = authenticate_op(2, "udid-2");
	assert_ok(f, change(f, &authenticate));
	desire(f, 2, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_int_equal(n_pushes(f, INT64_MAX), 0);
	assert_int_equal(apply(f, &idle), BSG_E_CONFLICT);
	assert_ok(f, apply(f, &token));
	assert_int_equal(n_pushes(f, T0 + 3), 1);
	assert_ok(f, apply(f, &idle));
	assert_string_equal(idle.apple_answer.command.uuid, uuid_of(10));
	idle = idle_op(3);
	assert_int_equal(apply(f, &idle), BSG_E_CONFLICT);	/* nobody */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, apple_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a95_a_push_is_due_until_its_command_is_done),
		TEST(a95_a_result_of_an_older_push_does_not_put_off_the_newer),
		TEST(a95_a_dead_token_gets_no_push_before_the_next_one),
		TEST(a84_the_same_token_again_makes_what_waits_due),
		TEST(a_command_that_was_stored_before_the_token_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
