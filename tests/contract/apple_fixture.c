/* SPDX-License-Identifier: Apache-2.0 */
#include "apple_fixture.h"

#include <stdio.h>
#include <string.h>

void certify_phone(struct store_fixture *f, const char *person, unsigned n)
{
	struct bsg_op invite = invite_op(device_id(n), person), op = enrol_op(device_id(n), device_id(n), device_id(n));

	invite.invitation_add.kind = "ios-device";
	op.enrol.class_name = "managed";
	assert_ok(f, change(f, &invite));
	assert_ok(f, change(f, &op));
}

struct bsg_op authenticate_op(unsigned n, const char *udid)
{
	return (struct bsg_op){ .kind = BSG_OP_APPLE_AUTHENTICATE, .apple_authenticate = {
		.device = device_id(n), .certificate_sha256 = digest_of(device_id(n)), .udid = udid, .os_version = 1704,
		.model = "MLPF3", .product = "iPhone14,5", .at = T0 + 2 } };
}

struct bsg_op token_op(unsigned n, const char *token)
{
	return (struct bsg_op){ .kind = BSG_OP_APPLE_TOKEN_UPDATE, .apple_token_update = {
		.device = device_id(n), .token = { digest_of(token), 32 }, .push_magic = "magic",
		.topic = "com.apple.mgmt.External.x", .at = T0 + 3 } };
}

struct bsg_op checkout_op(unsigned n)
{
	return (struct bsg_op){ .kind = BSG_OP_APPLE_CHECKOUT, .apple_checkout = { device_id(n), T0 + 900 } };
}

void add_phone(struct store_fixture *f, const char *person, unsigned n)
{
	char udid[BSG_UDID_SIZE];
	struct bsg_op authenticate, token = token_op(n, "token");

	(void)snprintf(udid, sizeof(udid), "udid-%u", n);
	certify_phone(f, person, n);
	authenticate = authenticate_op(n, udid);
	assert_ok(f, change(f, &authenticate));
	assert_ok(f, apply(f, &token));
}

struct bsg_op step_op(const struct bsg_apple_rec *rec, int64_t next)
{
	return (struct bsg_op){ .kind = BSG_OP_APPLE_STEP, .apple_step = {
		.device = rec->device, .version = rec->version, .state = { (const uint8_t *)"state", 5 }, .next = next,
		.at = T0 + 10 } };
}

struct bsg_op desire_op(const struct bsg_apple_rec *rec, int64_t functions, enum bsg_apple_command_kind command, unsigned uuid)
{
	struct bsg_op op = step_op(rec, 0);

	op.apple_step.desire = true;
	op.apple_step.functions = functions;
	op.apple_step.content = functions != 0 ? digest_of("content") : NULL;
	op.apple_step.until = functions != 0 ? LEASE : 0;
	op.apple_step.crossing_at = T0 + 9;
	op.apple_step.command = command;
	op.apple_step.uuid = uuid != 0 ? uuid_of(uuid) : NULL;
	op.apple_step.push = uuid != 0;
	return op;
}

struct bsg_op answer_op(unsigned n, enum bsg_apple_answer answer, unsigned uuid, enum bsg_apple_command_kind kind,
			unsigned follow)
{
	return (struct bsg_op){ .kind = BSG_OP_APPLE_ANSWER, .apple_answer = {
		.device = device_id(n), .answer = answer, .uuid = uuid != 0 ? uuid_of(uuid) : NULL, .follow = kind,
		.follow_uuid = follow != 0 ? uuid_of(follow) : NULL, .at = T0 + 20 } };
}

struct bsg_op idle_op(unsigned n)
{
	return answer_op(n, BSG_APPLE_IDLE, 0, BSG_APPLE_NO_COMMAND, 0);
}

struct bsg_op pushed_op(const struct bsg_apple_push_rec *push, enum bsg_apple_push_result result, int64_t again)
{
	return (struct bsg_op){ .kind = BSG_OP_APPLE_PUSHED, .apple_pushed = {
		.device = push->device, .seq = push->seq, .token = { push->token, (size_t)push->token_len }, .result = result,
		.again = again } };
}

size_t list_due(struct store_fixture *f, int64_t now, size_t max, struct bsg_apple_due_rec *out)
{
	struct bsg_page page = { .limit = max };

	assert_ok(f, bsg_store_apple_due(f->store, now, &page, out, &f->err));
	return page.n;
}

size_t list_pushes(struct store_fixture *f, int64_t now, size_t max, struct bsg_apple_push_rec *out)
{
	struct bsg_page page = { .limit = max };

	assert_ok(f, bsg_store_apple_pushes(f->store, now, &page, out, &f->err));
	return page.n;
}

struct bsg_apple_rec get_apple(struct store_fixture *f, unsigned n)
{
	struct bsg_apple_rec rec;

	assert_ok(f, bsg_store_apple(f->store, device_id(n), &rec, NULL, &f->err));
	return rec;
}

void desire(struct store_fixture *f, unsigned n, int64_t functions, enum bsg_apple_command_kind command, unsigned uuid)
{
	struct bsg_apple_rec rec = get_apple(f, n);
	struct bsg_op op = desire_op(&rec, functions, command, uuid);

	assert_ok(f, apply(f, &op));
	assert_true(op.changed);
}

void deliver(struct store_fixture *f, unsigned n, unsigned uuid, int64_t functions)
{
	struct bsg_op idle = idle_op(n), done = answer_op(n, BSG_APPLE_ACKNOWLEDGED, uuid, BSG_APPLE_VERIFY, uuid + 1);
	struct bsg_op verified = answer_op(n, BSG_APPLE_VERIFIED, uuid + 1, BSG_APPLE_NO_COMMAND, 0);

	verified.apple_answer.functions = functions;
	assert_ok(f, apply(f, &idle));
	assert_string_equal(idle.apple_answer.command.uuid, uuid_of(uuid));
	assert_ok(f, apply(f, &done));
	assert_true(done.apple_answer.known);
	assert_int_equal(done.apple_answer.command.kind, BSG_APPLE_VERIFY);
	assert_ok(f, apply(f, &verified));
	assert_true(verified.apple_answer.known);
	assert_int_equal(verified.apple_answer.command.kind, BSG_APPLE_NO_COMMAND);
}

size_t n_orders_due(struct store_fixture *f)
{
	const struct bsg_due_ask ask = { .now = T0, .latest = INT64_MAX };
	struct bsg_page page = { .limit = 8 };
	struct bsg_due_rec due[8];

	assert_ok(f, bsg_store_orders_due(f->store, &ask, &page, due, &f->err));
	return page.n;
}

int apple_set_up(void **state)
{
	struct store_fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	add_person(f, "aida", NULL, "1001");
	add_phone(f, "aida", 1);
	return 0;
}
