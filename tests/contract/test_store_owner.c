/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: one-time codes and sessions of the owner's page (V90 to V95). Run on every backend. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store_fixture.h"

#define DAY 86400
#define MINUTE 60

static void give_code(struct store_fixture *f, const char *person, const char *code, int64_t at)
{
	char link[64];
	struct bsg_op op = { .kind = BSG_OP_CODE_ADD };

	(void)snprintf(link, sizeof(link), "link of %s", code);
	op.code_add = (struct bsg_op_code_add){ person, digest_of(code), digest_of(link), at, at + DAY };
	assert_ok(f, change(f, &op));
	assert_true(op.changed);
}

/* @return whether the session began */
static bool begin(struct store_fixture *f, const char *badge, const char *secret, const char *session, int64_t at)
{
	struct bsg_op op = { .kind = BSG_OP_SESSION_BEGIN, .session_begin = { .badge = badge, .secret_sha256 = digest_of(secret),
		.session_sha256 = digest_of(session), .at = at, .expires = at + 30 * DAY } };

	assert_ok(f, change(f, &op));
	assert_int_equal(op.changed, op.session_begin.person[0] != '\0');
	return op.changed;
}

static enum bsg_err look(struct store_fixture *f, const char *session, struct bsg_session_rec *rec)
{
	return bsg_store_session(f->store, digest_of(session), rec, &f->err);
}

static void a_code_opens_one_session_once(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_session_rec rec;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "code", T0);
	assert_true(begin(f, "B1", "code", "s1", T0 + 1));
	assert_false(begin(f, "B1", "code", "s2", T0 + 2));
	assert_false(begin(f, NULL, "link of code", "s2", T0 + 2));
	assert_ok(f, look(f, "s1", &rec));
	assert_string_equal(rec.person, "aigerim");
	assert_int_equal(rec.state, BSG_PERSON_ACTIVE);
	assert_int_equal(rec.created, T0 + 1);
	assert_int_equal(rec.expires, T0 + 1 + 30 * DAY);
	assert_int_equal(rec.ended, 0);
	assert_int_equal(look(f, "s2", &rec), BSG_E_NOT_FOUND);
}

static void a_link_opens_the_same_session_and_uses_the_code_up(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_session_rec rec;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "code", T0);
	assert_false(begin(f, NULL, "code", "s", T0 + 1));
	assert_true(begin(f, NULL, "link of code", "s", T0 + 1));
	assert_false(begin(f, "B1", "code", "t", T0 + 2));
	assert_ok(f, look(f, "s", &rec));
	assert_string_equal(rec.person, "aigerim");
}

static void a_code_ends_after_its_time_and_with_the_next_one(void **state)
{
	struct store_fixture *f = *state;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "old", T0);
	assert_false(begin(f, "B1", "old", "s", T0 + DAY));
	assert_false(begin(f, NULL, "link of old", "s", T0 + DAY));
	give_code(f, "aigerim", "new", T0 + DAY);
	assert_false(begin(f, "B1", "old", "s", T0 + DAY + 1));
	assert_false(begin(f, NULL, "link of old", "s", T0 + DAY + 1));
	assert_true(begin(f, "B1", "new", "s", T0 + DAY + 2));
}

static void five_wrong_codes_close_the_badge_longer_and_longer_but_never_the_link(void **state)
{
	struct store_fixture *f = *state;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "code", T0);
	for (int i = 0; i < 5; i++)
		assert_false(begin(f, "B1", "wrong", "s", T0 + 1));
	fixture_reopen(f);
	assert_false(begin(f, "B1", "code", "s", T0 + 1));
	assert_false(begin(f, "B1", "code", "s", T0 + MINUTE));
	/* A try while it is closed does not count; the sixth that does closes it for two minutes. */
	assert_false(begin(f, "B1", "wrong", "s", T0 + 1 + MINUTE));
	assert_false(begin(f, "B1", "code", "s", T0 + 2 * MINUTE));
	for (int i = 0; i < 20; i++)
		assert_false(begin(f, "B1", "wrong", "s", T0 + 7200 + i * 3600));
	assert_false(begin(f, "B1", "code", "s", T0 + 7200 + 19 * 3600 + 3599));
	assert_true(begin(f, NULL, "link of code", "s", T0 + 7200 + 19 * 3600 + 3599));
	give_code(f, "aigerim", "fresh", T0 + DAY);
	assert_true(begin(f, "B1", "fresh", "t", T0 + DAY));
}

static void the_right_code_is_taken_again_when_the_time_is_over(void **state)
{
	struct store_fixture *f = *state;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "code", T0);
	for (int i = 0; i < 5; i++)
		assert_false(begin(f, "B1", "wrong", "s", T0 + 1));
	assert_true(begin(f, "B1", "code", "s", T0 + 1 + MINUTE));
}

static void set_clock_back(struct store_fixture *f, int64_t now)
{
	struct bsg_op op = { .kind = BSG_OP_RETENTION, .retention = { .set_back = now } };

	assert_ok(f, apply(f, &op));
}

/* V91, V93: their lives are lengths of time, whatever the clock says meanwhile. */
static void what_began_while_the_clock_was_ahead_lives_no_longer_once_it_is_right(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_session_rec rec;

	add_person(f, "aigerim", "u", "B1");
	add_person(f, "baurzhan", "u", "B2");
	give_code(f, "aigerim", "code", T0 + 10 * DAY);
	assert_true(begin(f, "B1", "code", "s", T0 + 10 * DAY));
	give_code(f, "aigerim", "next", T0 + 10 * DAY);
	give_code(f, "baurzhan", "before", T0);
	set_clock_back(f, T0 + MINUTE);
	assert_ok(f, look(f, "s", &rec));
	assert_int_equal(rec.created, T0 + MINUTE);
	assert_int_equal(rec.expires, T0 + MINUTE + 30 * DAY);
	assert_false(begin(f, "B1", "next", "t", T0 + MINUTE + DAY));
	assert_true(begin(f, "B1", "next", "t", T0 + MINUTE + DAY - 1));
	/* What is not ahead stays. */
	assert_false(begin(f, "B2", "before", "u", T0 + DAY));
	assert_true(begin(f, "B2", "before", "u", T0 + DAY - 1));
	set_clock_back(f, T0);
	assert_ok(f, look(f, "s", &rec));
	assert_int_equal(rec.created, T0 + MINUTE);
}

/* V92: at most an hour. */
static void a_code_that_was_closed_while_the_clock_was_ahead_opens_within_an_hour(void **state)
{
	struct store_fixture *f = *state;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "code", T0);
	for (int i = 0; i < 5; i++)
		assert_false(begin(f, "B1", "wrong", "s", T0 + DAY / 2));
	set_clock_back(f, T0);
	assert_false(begin(f, "B1", "code", "s", T0 + 3599));
	assert_true(begin(f, "B1", "code", "s", T0 + 3600));
}

static void another_badge_takes_no_part_in_it(void **state)
{
	struct store_fixture *f = *state;

	add_person(f, "aigerim", "u", "B1");
	add_person(f, "baurzhan", "u", "B2");
	give_code(f, "aigerim", "code", T0);
	give_code(f, "baurzhan", "other", T0);
	for (int i = 0; i < 9; i++)
		assert_false(begin(f, "B2", "code", "s", T0 + 1));
	assert_false(begin(f, "unknown", "code", "s", T0 + 1));
	assert_true(begin(f, "B1", "code", "s", T0 + 1));
}

static void a_login_that_fails_leaves_no_audit_entry_and_one_that_works_says_whose_it_is(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op ops[2] = { { .kind = BSG_OP_SESSION_BEGIN, .session_begin = { .badge = "nobody", .secret_sha256 = digest_of("x"),
		.session_sha256 = digest_of("s"), .at = T0, .expires = T0 + 1, .person = "-", .actor = "-" } }, audit_op() };

	ops[1].audit.only_if_changed = true;
	ops[1].audit.who = ops[0].session_begin.actor;
	ops[1].audit.subject = ops[0].session_begin.person;
	assert_ok(f, bsg_store_apply(f->store, ops, 2, &f->err));
	assert_int_equal(ops[1].audit.seq, 0);

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "x", T0);
	ops[0].session_begin.badge = "B1";
	memcpy(ops[0].session_begin.person, "-", 2);
	memcpy(ops[0].session_begin.actor, "-", 2);
	assert_ok(f, bsg_store_apply(f->store, ops, 2, &f->err));
	assert_true(ops[1].audit.seq > 0);
	assert_string_equal(ops[0].session_begin.actor, "person:aigerim");
}

static void who_leaves_takes_codes_and_sessions_along(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op leave = { .kind = BSG_OP_PERSON_LEAVE, .person_leave = { .id = "aigerim", .at = T0 + 9 } };
	struct bsg_op code = { .kind = BSG_OP_CODE_ADD, .code_add = { "aigerim", digest_of("c"), digest_of("l"), T0, T0 + 1 } };
	struct bsg_session_rec rec;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "code", T0);
	assert_true(begin(f, "B1", "code", "s", T0 + 1));
	give_code(f, "aigerim", "unused", T0 + 2);
	assert_ok(f, change(f, &leave));
	assert_false(begin(f, NULL, "link of unused", "t", T0 + 10));
	assert_ok(f, look(f, "s", &rec));
	assert_int_equal(rec.ended, T0 + 9);
	assert_int_equal(rec.state, BSG_PERSON_LEFT);
	assert_int_equal(change(f, &code), BSG_E_NOT_FOUND);
}

static void a_session_ends_once_and_is_forgotten_at_the_next_login(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op end = { .kind = BSG_OP_SESSION_END, .session_end = { digest_of("s"), T0 + 5 } };
	struct bsg_session_rec rec;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "one", T0);
	assert_true(begin(f, "B1", "one", "s", T0 + 1));
	assert_ok(f, change(f, &end));
	assert_true(end.changed);
	end.session_end.at = T0 + 6;
	assert_ok(f, change(f, &end));
	assert_false(end.changed);
	assert_ok(f, look(f, "s", &rec));
	assert_int_equal(rec.ended, T0 + 5);
	give_code(f, "aigerim", "two", T0 + 7);
	assert_true(begin(f, "B1", "two", "t", T0 + 8));
	assert_int_equal(look(f, "s", &rec), BSG_E_NOT_FOUND);
	assert_ok(f, look(f, "t", &rec));
}

static void times_out_of_order_and_changes_without_audit_are_refused(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op code = { .kind = BSG_OP_CODE_ADD, .code_add = { "aigerim", digest_of("c"), digest_of("l"), T0, T0 } };
	struct bsg_op session = { .kind = BSG_OP_SESSION_BEGIN, .session_begin = { .badge = "B1", .secret_sha256 = digest_of("c"),
		.session_sha256 = digest_of("s"), .at = T0, .expires = T0 } };
	struct bsg_op end = { .kind = BSG_OP_SESSION_END, .session_end = { digest_of("s"), 0 } };

	assert_int_equal(change(f, &code), BSG_E_INVALID);
	assert_int_equal(change(f, &session), BSG_E_INVALID);
	assert_int_equal(change(f, &end), BSG_E_INVALID);
	session.session_begin.expires = T0 + 1;
	end.session_end.at = T0;
	code.code_add.expires = T0 + 1;
	assert_int_equal(apply(f, &code), BSG_E_BUG);
	assert_int_equal(apply(f, &session), BSG_E_BUG);
	assert_int_equal(apply(f, &end), BSG_E_BUG);
}

#define N_THREADS 8

static struct racer {
	struct store_fixture *f;
	const uint8_t *code, *session;	/* made before: digest_of() is for one thread */
	bool began;
} racers[N_THREADS];

static void *race(void *arg)
{
	struct racer *racer = arg;
	struct bsg_error err;
	struct bsg_op ops[2] = { { .kind = BSG_OP_SESSION_BEGIN, .session_begin = { .badge = "B1", .secret_sha256 = racer->code,
		.session_sha256 = racer->session, .at = T0 + 1, .expires = T0 + 2 } }, audit_op() };

	racer->began = bsg_store_apply(racer->f->store, ops, 2, &err) == BSG_OK && ops[0].changed;
	return NULL;
}

static void of_many_at_once_one_uses_the_code(void **state)
{
	struct store_fixture *f = *state;
	pthread_t threads[N_THREADS];
	unsigned n_began = 0;

	add_person(f, "aigerim", "u", "B1");
	give_code(f, "aigerim", "code", T0);
	for (unsigned i = 0; i < N_THREADS; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "race %u", i);
		racers[i] = (struct racer){ .f = f, .code = digest_of("code"), .session = digest_of(name) };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i], NULL);
		n_began += racers[i].began;
	}
	assert_int_equal(n_began, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_code_opens_one_session_once),
		TEST(a_link_opens_the_same_session_and_uses_the_code_up),
		TEST(a_code_ends_after_its_time_and_with_the_next_one),
		TEST(five_wrong_codes_close_the_badge_longer_and_longer_but_never_the_link),
		TEST(the_right_code_is_taken_again_when_the_time_is_over),
		TEST(what_began_while_the_clock_was_ahead_lives_no_longer_once_it_is_right),
		TEST(a_code_that_was_closed_while_the_clock_was_ahead_opens_within_an_hour),
		TEST(another_badge_takes_no_part_in_it),
		TEST(a_login_that_fails_leaves_no_audit_entry_and_one_that_works_says_whose_it_is),
		TEST(who_leaves_takes_codes_and_sessions_along),
		TEST(a_session_ends_once_and_is_forgotten_at_the_next_login),
		TEST(times_out_of_order_and_changes_without_audit_are_refused),
		TEST(of_many_at_once_one_uses_the_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
