/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks that go back, a state that is not of the orders, and a gate that only time can answer (docs/spec/platform.md). */
#include "drive_world.h"

#include <time.h>

#include "server/orders.h"

#define PATIENCE_S 50	/* of the turnstile */

/* Let the thread see the time that it is now. */
static void await_look(void)
{
	const struct timespec short_while = {.tv_nsec = 10000000};

	for (int i = 0; i < 6000 && atomic_load(&world.looked_until) != bsg_now(server); i++) {
		bsg_server_wake(server);
		nanosleep(&short_while, NULL);
	}
	assert_int_equal(atomic_load(&world.looked_until), bsg_now(server));
}

static struct bsg_state decision(void)
{
	struct bsg_store_blob bytes = {.data = NULL};
	struct bsg_apple_rec rec;
	struct bsg_state out;

	assert_int_equal(bsg_store_apple(server->store, device, &rec, &bytes, NULL), BSG_OK);
	assert_int_equal(bsg_state_decode((struct bsg_bytes){bytes.data, bytes.len}, &out), BSG_OK);
	bsg_store_blob_free(&bytes);
	return out;
}

static void Z2_a_clock_that_is_set_back_makes_all_due(void **state)
{
	const struct timespec short_while = {.tv_nsec = 10000000};

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	bsg_fake_clock_set_utc(&fake, NOW + H / 2);
	cross(BSG_CROSSING_IN, "yard");
	await_look();
	assert_int_equal(phone().desired_until, NOW + H / 2 + 4 * H);
	bsg_fake_clock_set_utc(&fake, NOW);	/* too little for newer orders */
	bsg_server_wake(server);
	for (int i = 0; i < 6000 && phone().desired_until > NOW + 4 * H; i++)
		nanosleep(&short_while, NULL);
	assert_true(phone().desired_until <= NOW + 4 * H);
}

/* The clock shows the window, is right again after a start, and what was to come next is the end of that window. */
static void Z2_a_clock_that_was_set_back_while_the_server_was_down_makes_all_due(void **state)
{
	(void)state;
	assert_int_equal(begin(WINDOW), 0);
	make_orders();
	bsg_fake_clock_set_utc(&fake, WINDOW_FROM + 5);
	await_desired(CAMERA);
	bsg_server_stop(server);
	bsg_fake_clock_set_utc(&fake, NOW + 60);
	start_server();
	await_desired(0);
}

/* Let house be kept, until a phone has newer orders than @p serial. @return their serial */
static int64_t await_orders(const char *id, int64_t serial)
{
	const struct timespec short_while = {.tv_nsec = 10000000};
	struct bsg_device_rec rec = {.serial = serial};

	bsg_orders_want_due(server);
	for (int i = 0; i < 6000 && rec.serial == serial; i++) {
		nanosleep(&short_while, NULL);
		assert_int_equal(bsg_store_device(server->store, id, &rec, NULL), BSG_OK);
	}
	assert_true(rec.serial > serial);
	return rec.serial;
}

static const char last[] = "000002030405060708090a0b0c0d0e0f";

/*
 * Let whoever keeps house see what time it is: orders of two phones that come one after the other are not made in one go, as the second
 * stands before the first in the list. @return the serial of the last one's orders
 */
static int64_t await_house(void)
{
	static const char other[] = "000102030405060708090a0b0c0d0e0f";

	enrol("two", other);
	await_orders(other, 0);
	enrol("three", last);
	return await_orders(last, 0);
}

/* Less than an hour: no moment of renewal says of its orders that they were made too early. */
static void V20_orders_made_while_the_clock_was_ahead_lack_no_window_once_it_is_right(void **state)
{
	struct bsg_apple_rec rec;
	int64_t before;

	(void)state;
	assert_int_equal(begin(WINDOW), 0);
	bsg_fake_clock_set_utc(&fake, WINDOW_FROM + 50 * 60);
	before = await_house();
	bsg_fake_clock_set_utc(&fake, WINDOW_FROM + 60);
	assert_int_equal(await_orders(last, before), before + 1);	/* once */
	assert_int_equal(bsg_drive_step(server, last, NULL), BSG_OK);
	assert_int_equal(bsg_store_apple(server->store, last, &rec, NULL, NULL), BSG_OK);
	assert_int_equal(rec.desired, CAMERA);
}

/* @return when the session ends */
static int64_t session_end(const uint8_t token[static BSG_STORE_SHA256_LEN])
{
	struct bsg_session_rec rec;

	assert_int_equal(bsg_store_session(server->store, token, &rec, NULL), BSG_OK);
	return rec.expires;
}

static void V93_a_session_that_began_while_the_clock_was_ahead_lives_no_longer(void **state)
{
	static const uint8_t code[BSG_STORE_SHA256_LEN] = {1}, link[BSG_STORE_SHA256_LEN] = {2}, token[BSG_STORE_SHA256_LEN] = {3};
	const struct timespec short_while = {.tv_nsec = 10000000};
	const int64_t ahead = NOW + 10 * H;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	bsg_fake_clock_set_utc(&fake, ahead);
	apply((struct bsg_op){.kind = BSG_OP_CODE_ADD, .code_add = {"one", code, link, ahead, ahead + H}}, true);
	apply((struct bsg_op){.kind = BSG_OP_SESSION_BEGIN, .session_begin = {.secret_sha256 = link, .session_sha256 = token,
		.at = ahead, .expires = ahead + H}}, true);
	(void)await_house();
	assert_int_equal(session_end(token), ahead + H);
	bsg_fake_clock_set_utc(&fake, NOW + 60);
	for (int i = 0; i < 6000 && session_end(token) > NOW + 60 + H; i++) {
		bsg_orders_want_due(server);
		nanosleep(&short_while, NULL);
	}
	assert_int_equal(session_end(token), NOW + 60 + H);
}

static void Z2_monotonic_time_never_goes_back(void **state)
{
	int64_t before;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	bsg_fake_clock_set_utc(&fake, NOW + 10 * H);
	cross(BSG_CROSSING_IN, "yard");
	before = decision().mono_ms;
	assert_int_equal(before, (NOW + 10 * H) * 1000);
	bsg_fake_clock_set_utc(&fake, NOW);
	step();
	assert_int_equal(decision().mono_ms, before);
	bsg_fake_clock_set_utc(&fake, NOW + 11 * H);
	step();
	assert_int_equal(decision().mono_ms, (NOW + 11 * H) * 1000);
}

/* As after a store was brought back from an older copy: the state knows orders that are not there, and nobody inside. */
static void Z2_a_state_of_other_orders_begins_anew(void **state)
{
	uint8_t bytes[BSG_STATE_BYTES_MAX];
	struct bsg_state other;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	other = decision();
	cross(BSG_CROSSING_IN, "yard");
	prove();
	other.serial = (uint32_t)serial() + 5;
	other.presence_seq = 9;
	apply((struct bsg_op){.kind = BSG_OP_APPLE_STEP, .apple_step = {.device = device, .version = phone().version,
		.state = {bytes, bsg_state_encode(&other, bytes)}, .next = NOW + H, .at = NOW}}, false);
	assert_string_equal(camera_state(), "verified");
	bsg_fake_clock_pass(&fake, 60 * 1000);
	step();
	assert_int_equal(phone().desired, CAMERA);
	assert_int_equal(phone().desired_until, NOW + 4 * H);
	assert_int_equal(decision().serial, serial());
	assert_int_equal(decision().presence_seq, 1);
}

/* Let the server look, which answers. */
static void await_answer(struct question *q, pthread_t thread, const char *verdict, const char *why)
{
	bsg_server_wake(server);
	end_of_question(q, thread, verdict, why);
}

static void Z22_a_held_question_is_answered_when_its_reason_changes_and_after_the_timeout(void **state)
{
	static const char id[] = "00000000-0000-4000-8000-000000000001";
	struct question q = {.rc = BSG_OK};
	pthread_t thread;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	server->settings.admission_timeout = PATIENCE_S;
	cross_turnstile(id, q.url);
	begin_to_ask(&q, &thread);
	world.is_locked = true;
	await_answer(&q, thread, "\"pending\"", "unlock your phone");
	begin_to_ask(&q, &thread);	/* of the same reason it waits until the end, which a look finds before the exchange does */
	bsg_fake_clock_pass(&fake, PATIENCE_S * 1000);
	await_answer(&q, thread, "\"seal\"", "unlock your phone");
}

/* Between two questions: who has not heard it would learn it only at the end of the next wait, when it is too late. */
static void Z22_a_reason_that_changed_before_the_question_is_told_at_once(void **state)
{
	static const char id[] = "00000000-0000-4000-8000-000000000001";
	struct question q = {.rc = BSG_OK, .heard = "pending-seal-00000000"};
	pthread_t thread;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	server->settings.admission_timeout = PATIENCE_S;
	cross_turnstile(id, q.url);
	world.is_locked = true;
	assert_int_equal(pthread_create(&thread, NULL, ask_gate, &q), 0);
	end_of_question(&q, thread, "\"pending\"", "unlock your phone");
	begin_to_ask(&q, &thread);	/* of that reason it waits: it has been heard now */
	bsg_fake_clock_pass(&fake, PATIENCE_S * 1000);
	await_answer(&q, thread, "\"seal\"", "unlock your phone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(Z2_a_clock_that_is_set_back_makes_all_due, end),
		cmocka_unit_test_teardown(Z2_a_clock_that_was_set_back_while_the_server_was_down_makes_all_due, end),
		cmocka_unit_test_teardown(V20_orders_made_while_the_clock_was_ahead_lack_no_window_once_it_is_right, end),
		cmocka_unit_test_teardown(V93_a_session_that_began_while_the_clock_was_ahead_lives_no_longer, end),
		cmocka_unit_test_teardown(Z2_monotonic_time_never_goes_back, end),
		cmocka_unit_test_teardown(Z2_a_state_of_other_orders_begins_anew, end),
		cmocka_unit_test_teardown(Z22_a_reason_that_changed_before_the_question_is_told_at_once, end),
		cmocka_unit_test_teardown(Z22_a_held_question_is_answered_when_its_reason_changes_and_after_the_timeout, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
