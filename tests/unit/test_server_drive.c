/* SPDX-License-Identifier: Apache-2.0 */
/* Phones without agent, driven by a whole server with its store (docs/spec/platform.md). */
#include "drive_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cose.h"
#include "server/orders.h"
#include "server/verdict.h"

static void Z2_a_crossing_restricts_in_the_transaction_of_its_orders(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(world.n_delivered, 0);
	cross_at(BSG_CROSSING_IN, "house", NOW - 3, NULL);
	make_orders();
	assert_int_equal(phone().desired, CAMERA);	/* no phone of this kind can restrict its microphone (Z4) */
	assert_int_equal(phone().desired_until, NOW - 3 + 2 * H);
	assert_int_equal(phone().crossing_at, NOW - 3);
	assert_int_equal(world.n_delivered, 1);
	bsg_fake_clock_pass(&fake, 600 * 1000);
	cross(BSG_CROSSING_OUT, "house");
	assert_int_equal(phone().desired, 0);
	assert_int_equal(phone().desired_until, 0);
	assert_int_equal(phone().crossing_at, NOW + 600);
	assert_int_equal(world.n_delivered, 2);
}

/* One transaction: when the step cannot be stored, neither are its orders. */
static void Z3_orders_and_step_come_together_or_not_at_all(void **state)
{
	struct bsg_error err;
	int64_t before;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	before = serial();
	cross_at(BSG_CROSSING_IN, "house", NOW, NULL);
	world.n_conflicts = 16;
	assert_int_equal(bsg_orders_make(server, device, false, &err), BSG_E_CONFLICT);
	assert_int_equal(serial(), before);
	assert_int_equal(phone().desired_seq, 0);
	world.n_conflicts = 15;
	make_orders();
	assert_int_equal(serial(), before + 1);
	assert_int_equal(phone().desired, CAMERA);
	world.n_conflicts = 3;
	step();
	assert_int_equal(world.n_conflicted, 16 + 15 + 3);
}

/* Nobody fetches them, so nobody has to believe them; and no agent is there to count exit codes. */
static void Z12_orders_of_a_phone_without_agent_are_bare_and_signed_for_a_reader(void **state)
{
	struct bsg_drive_orders *orders = calloc(1, sizeof(*orders));
	struct bsg_op put = {.kind = BSG_OP_ORDERS_PUT};
	struct bsg_bytes bare, root, payload;
	struct bsg_store_blob bytes;
	struct bsg_orders_rec head;
	struct bsg_device_rec rec;
	struct bsg_buf signed_ones;

	(void)state;
	assert_non_null(orders);
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(bsg_store_orders(server->store, device, &head, &bytes, NULL), BSG_OK);
	bare = (struct bsg_bytes){bytes.data, bytes.len};
	assert_int_equal(bsg_orders_payload(bare, &payload, NULL), BSG_OK);
	assert_ptr_equal(payload.ptr, bare.ptr);
	assert_int_equal(bsg_drive_orders(server, device, orders, NULL), BSG_OK);
	assert_true(orders->has && orders->message.orders.n_places > 0);
	for (size_t i = 0; i < orders->message.orders.n_places; i++)
		assert_int_equal(orders->message.places[i].n_days, 0);
	bsg_drive_orders_free(orders);

	bsg_buf_init(&signed_ones, BSG_ORDERS_MAX);
	assert_int_equal(bsg_orders_signed(server, bare, &signed_ones, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_certificate(server->home.keyring, BSG_KEYRING_ROOT, &root, NULL), BSG_OK);
	assert_int_equal(bsg_cose_verify_chain(BSG_COSE_ORDERS, (struct bsg_bytes){signed_ones.data, signed_ones.len}, root, NOW, &payload,
					       NULL), BSG_OK);
	assert_int_equal(payload.len, bare.len);
	assert_memory_equal(payload.ptr, bare.ptr, bare.len);

	/* As a store of before has them. */
	assert_int_equal(bsg_store_device(server->store, device, &rec, NULL), BSG_OK);
	put.orders_put = (struct bsg_op_orders_put){.device = device, .expected_serial = rec.serial, .serial = rec.serial + 1,
		.change = rec.change, .policy = head.policy, .expires = head.expires, .issued = head.issued, .due = head.due,
		.digest = head.digest, .content = head.content, .bytes = {signed_ones.data, signed_ones.len}};
	apply(put, false);
	assert_int_equal(bsg_drive_orders(server, device, orders, NULL), BSG_OK);
	assert_true(orders->has);
	bsg_drive_orders_free(orders);
	cross(BSG_CROSSING_IN, "house");
	assert_int_equal(phone().desired, CAMERA);
	bsg_store_blob_free(&bytes);
	bsg_buf_free(&signed_ones);
	free(orders);
}

static void Z2_the_edge_of_a_window_comes_by_itself(void **state)
{
	static const char rules[] = "{\"id\": \"r\", \"who\": {\"all\": true}, \"where\": [\"yard\"], \"restrict\": [\"camera\"], "
				    "\"lead\": \"0s\", \"windows\": [[\"2025-11-10T09:00:00Z\", \"2025-11-10T10:00:00Z\"]]}";

	(void)state;
	assert_int_equal(begin(rules), 0);
	bsg_fake_clock_pass(&fake, 4 * H * 1000);
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(phone().next, WINDOW_FROM);
	bsg_fake_clock_set_utc(&fake, WINDOW_FROM + 5);
	await_desired(CAMERA);
	assert_int_equal(phone().desired_until, WINDOW_UNTIL);
	assert_int_equal(phone().crossing_at, WINDOW_FROM);	/* Z9: the edge, not when it was noticed */
	assert_int_equal(phone().next, WINDOW_UNTIL);
	/* What comes while the server is down is found after it. */
	bsg_server_stop(server);
	bsg_fake_clock_set_utc(&fake, WINDOW_UNTIL);
	start_server();
	await_desired(0);
}

/* P19: where 90,000 phones are told of one rule, they are not all told in one second. */
static void Z2_the_beginning_of_a_window_is_spread_over_its_lead(void **state)
{
	static const char rules[] = "{\"id\": \"r\", \"who\": {\"all\": true}, \"restrict\": [\"camera\"], \"lead\": \"5m\", "
				    "\"windows\": [[\"2025-11-10T09:00:00Z\", \"2025-11-10T10:00:00Z\"]]}";
	unsigned seen[6] = {0};

	(void)state;
	assert_int_equal(begin(rules), 0);
	for (unsigned i = 1; i <= 300; i++) {
		char person[16], id[BSG_ID_SIZE];
		struct bsg_apple_rec rec;

		(void)snprintf(person, sizeof(person), "p%u", i);
		(void)snprintf(id, sizeof(id), "%032x", i);
		enrol(person, id);
		assert_int_equal(bsg_orders_make(server, id, false, NULL), BSG_OK);
		assert_int_equal(bsg_drive_step(server, id, NULL), BSG_OK);
		assert_int_equal(bsg_store_apple(server->store, id, &rec, NULL, NULL), BSG_OK);
		assert_in_range(rec.next, WINDOW_FROM - 300, WINDOW_FROM);
		assert_int_equal(rec.next % 60, 0);
		seen[(WINDOW_FROM - rec.next) / 60]++;
	}
	for (unsigned i = 0; i < 6; i++)	/* a sixth of them would be 50 */
		assert_true(seen[i] > 20);
}

static void Z2_a_crash_between_crossing_and_orders_leaves_both_due(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	cross_at(BSG_CROSSING_IN, "house", NOW, NULL);
	assert_int_equal(phone().desired_seq, 0);
	restart();
	await_desired(CAMERA);
}

static void Z5_a_lease_is_prolonged_by_evidence_alone(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_until, NOW + 4 * H);
	prove();
	bsg_fake_clock_pass(&fake, H * 1000);
	step();
	assert_int_equal(bsg_orders_make(server, device, true, NULL), BSG_OK);	/* newer orders that say the same */
	assert_int_equal(phone().desired_until, NOW + 4 * H);
	assert_string_equal(camera_state(), "verified");
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_until, NOW + 5 * H);
	assert_string_equal(camera_state(), "verified");	/* up to the end that it has */
	/* The answers that follow tell of no place. */
	prove();
	bsg_fake_clock_pass(&fake, H * 1000);
	step();
	assert_int_equal(phone().desired_until, NOW + 5 * H);
}

static void Z6_without_a_place_it_is_renewed_by_time(void **state)
{
	static const char rules[] = "{\"id\": \"r\", \"who\": {\"all\": true}, \"restrict\": [\"camera\"], \"lead\": \"0s\", "
				    "\"windows\": [[\"2025-11-01T00:00:00Z\", \"2025-12-01T00:00:00Z\"]]}";
	const struct timespec short_while = {.tv_nsec = 10000000};

	(void)state;
	assert_int_equal(begin(rules), 0);
	make_orders();
	assert_int_equal(phone().desired_until, NOW + 24 * H);
	assert_true(phone().next <= NOW + 23 * H);
	bsg_fake_clock_pass(&fake, 23 * H * 1000);
	bsg_server_wake(server);
	for (int i = 0; i < 6000 && phone().desired_until == NOW + 24 * H; i++)
		nanosleep(&short_while, NULL);
	assert_int_equal(phone().desired_until, NOW + 47 * H);
}

static void release_and_revocation_lift(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "house");
	bsg_fake_clock_pass(&fake, 60 * 1000);
	apply((struct bsg_op){.kind = BSG_OP_DEVICE_RELEASE, .device_release = {device, "stuck", NOW + 60}}, true);
	make_orders();
	assert_int_equal(phone().desired, 0);
	assert_int_equal(phone().crossing_at, NOW + 60);
	bsg_fake_clock_pass(&fake, 60 * 1000);
	cross(BSG_CROSSING_IN, "house");	/* ends the release */
	assert_int_equal(phone().desired, CAMERA);
	apply((struct bsg_op){.kind = BSG_OP_DEVICE_STATE, .device_state = {device, BSG_DEVICE_REVOKED, NOW + 120}}, true);
	make_orders();
	assert_int_equal(phone().desired, 0);	/* Z10 */
}

static void an_exemption_lifts_and_its_end_restricts_again(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef";

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "yard");
	apply((struct bsg_op){.kind = BSG_OP_EXEMPTION_ADD, .exemption_add = {.id = id, .device = device, .functions = CAMERA, .from = NOW,
		.until = NOW + H, .reason = "guest", .author = "a", .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_EXEMPTION_APPROVE, .exemption_approve = {id, "b", NOW}}, true);
	make_orders();
	assert_int_equal(phone().desired, 0);
	bsg_fake_clock_pass(&fake, H * 1000);
	await_desired(CAMERA);
}

static void a_clock_that_is_set_restricts_nobody_for_longer(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	bsg_fake_clock_set_utc(&fake, NOW + 10 * H);
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_until, NOW + 14 * H);
	bsg_fake_clock_set_utc(&fake, NOW);
	step();
	assert_true(phone().desired == 0 || phone().desired_until <= NOW + 4 * H);
	bsg_fake_clock_set_utc(&fake, NOW + 20 * H);
	await_desired(0);
}

static void a_damaged_state_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "yard");
	bsg_fake_clock_pass(&fake, H * 1000);
	world.is_damaged = true;
	step();
	assert_int_equal(phone().desired, CAMERA);
	assert_int_equal(phone().desired_until, NOW + 4 * H);	/* presence is that of the crossing, and no longer */
}

static void a_phone_that_is_not_there_yet_gets_orders_alone(void **state)
{
	int64_t before;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	before = serial();
	world.is_unknown = true;
	cross(BSG_CROSSING_IN, "house");
	assert_true(serial() > before);
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(bsg_drive_step(server, device, NULL), BSG_E_NOT_FOUND);
	world.is_unknown = false;
	step();	/* it became reachable: its orders are there already */
	assert_int_equal(phone().desired, CAMERA);
	world.is_ended = true;
	cross(BSG_CROSSING_OUT, "house");
	assert_int_equal(phone().desired, CAMERA);	/* as it was: nobody can be told */
}

static void a_platform_may_speak_of_its_phones_while_it_starts(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	cross_at(BSG_CROSSING_IN, "house", NOW, NULL);
	world.speaks_first = true;
	restart();
	await_desired(CAMERA);
}

static void self_in_counts_only_where_the_place_takes_it(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(bsg_drive_self_in(server, device, "yard", "person:one", NULL), BSG_E_DENIED);
	assert_int_equal(bsg_drive_self_in(server, device, "nowhere", "person:one", NULL), BSG_E_DENIED);
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(bsg_drive_self_in(server, device, "house", "person:one", NULL), BSG_OK);
	assert_int_equal(phone().desired, CAMERA);
	assert_int_equal(phone().crossing_at, NOW);
}

/* How often the audit says that somebody arrived. */
static size_t n_arrivals(void)
{
	static struct bsg_audit_rec recs[100];
	struct bsg_page page = {.limit = 100};
	size_t n = 0;

	assert_int_equal(bsg_store_audit(server->store, &page, recs, NULL), BSG_OK);
	assert_string_equal(page.next, "");
	for (size_t i = 0; i < page.n; i++)
		n += strcmp(recs[i].action, "self-in") == 0 && strcmp(recs[i].subject, device) == 0;
	return n;
}

static void V6_an_arrival_and_its_entry_in_the_audit_come_together_or_not_at_all(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(bsg_drive_self_in(server, device, "house", "", NULL), BSG_E_INVALID);	/* nobody has no entry */
	assert_int_equal(phone().desired_seq, 0);
	world.n_conflicts = 2;
	assert_int_equal(bsg_drive_self_in(server, device, "house", "person:one", NULL), BSG_OK);
	assert_int_equal(world.n_conflicted, 2);
	assert_int_equal(phone().desired, CAMERA);
	assert_int_equal(n_arrivals(), 1);
}

static void Z8_desired_acknowledged_verified_unverified(void **state)
{
	char uuid[BSG_UUID_SIZE];

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "house");
	assert_string_equal(camera_state(), "desired");
	acknowledge(uuid);
	assert_string_equal(camera_state(), "acknowledged");
	answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_VERIFIED, .uuid = uuid, .functions = 0});
	assert_string_equal(camera_state(), "unverified");
	cross(BSG_CROSSING_OUT, "house");
	bsg_fake_clock_pass(&fake, 1000);
	cross(BSG_CROSSING_IN, "house");
	prove();
	assert_string_equal(camera_state(), "verified");
	bsg_fake_clock_set_utc(&fake, phone().verified_until - 1);
	assert_string_equal(camera_state(), "verified");
	bsg_fake_clock_pass(&fake, 1000);
	assert_string_not_equal(camera_state(), "verified");
}

static struct bsg_answered_verdict judge(const struct bsg_op_crossing_add *crossing)
{
	struct bsg_answered_verdict out;
	struct bsg_crossing_rec rec;
	struct bsg_move_rec moves[BSG_CARRIED_MAX];
	size_t n;

	assert_int_equal(bsg_store_crossing(server->store, crossing->id, &rec, moves, &n, NULL), BSG_OK);
	assert_int_equal(bsg_verdict_of(server, &rec, moves, n, &out, NULL), BSG_OK);
	return out;
}

static void Z20_a_verdict_is_pending_for_the_timeout_and_says_what_happened(void **state)
{
	struct bsg_op_crossing_add crossing;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross_at(BSG_CROSSING_IN, "house", NOW, &crossing);
	make_orders();
	assert_string_equal(bsg_verdict_name(&(struct bsg_answered_verdict){.pending = true}), "pending");
	assert_true(judge(&crossing).pending);
	assert_int_equal(judge(&crossing).until, NOW + 10);
	bsg_fake_clock_pass(&fake, 9 * 1000);
	assert_true(judge(&crossing).pending);
	bsg_fake_clock_pass(&fake, 1000);
	assert_false(judge(&crossing).pending);
	assert_int_equal(judge(&crossing).verdict, BSG_REMEDY_SEAL);
	assert_string_equal(judge(&crossing).why.en, "The phone did not prove its restriction in time");
	world.is_locked = true;
	assert_string_equal(judge(&crossing).why.en, "The phone's screen is locked: unlock your phone");
	world.is_locked = false;
	world.is_unreachable = true;
	assert_string_equal(judge(&crossing).why.en, "The phone cannot be reached");
	world.is_unreachable = false;
	prove();	/* Z22: asked later, it is judged anew */
	assert_false(judge(&crossing).pending);
	assert_int_not_equal(judge(&crossing).verdict, BSG_REMEDY_REFUSE);
	assert_string_not_equal(judge(&crossing).why.en, "The phone did not prove its restriction in time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(Z2_a_crossing_restricts_in_the_transaction_of_its_orders, end),
		cmocka_unit_test_teardown(Z3_orders_and_step_come_together_or_not_at_all, end),
		cmocka_unit_test_teardown(Z12_orders_of_a_phone_without_agent_are_bare_and_signed_for_a_reader, end),
		cmocka_unit_test_teardown(Z2_the_edge_of_a_window_comes_by_itself, end),
		cmocka_unit_test_teardown(Z2_the_beginning_of_a_window_is_spread_over_its_lead, end),
		cmocka_unit_test_teardown(Z2_a_crash_between_crossing_and_orders_leaves_both_due, end),
		cmocka_unit_test_teardown(Z5_a_lease_is_prolonged_by_evidence_alone, end),
		cmocka_unit_test_teardown(Z6_without_a_place_it_is_renewed_by_time, end),
		cmocka_unit_test_teardown(release_and_revocation_lift, end),
		cmocka_unit_test_teardown(an_exemption_lifts_and_its_end_restricts_again, end),
		cmocka_unit_test_teardown(a_clock_that_is_set_restricts_nobody_for_longer, end),
		cmocka_unit_test_teardown(a_damaged_state_begins_anew, end),
		cmocka_unit_test_teardown(a_phone_that_is_not_there_yet_gets_orders_alone, end),
		cmocka_unit_test_teardown(a_platform_may_speak_of_its_phones_while_it_starts, end),
		cmocka_unit_test_teardown(self_in_counts_only_where_the_place_takes_it, end),
		cmocka_unit_test_teardown(V6_an_arrival_and_its_entry_in_the_audit_come_together_or_not_at_all, end),
		cmocka_unit_test_teardown(Z8_desired_acknowledged_verified_unverified, end),
		cmocka_unit_test_teardown(Z20_a_verdict_is_pending_for_the_timeout_and_says_what_happened, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
