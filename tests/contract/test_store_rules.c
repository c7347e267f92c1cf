/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: policies, place secrets, orders, gates, administrators. Run on every backend. */
#include <stdio.h>
#include <string.h>

#include "store_fixture.h"

static struct bsg_op propose_op(const char *document, int64_t approvals_needed)
{
	return (struct bsg_op){ .kind = BSG_OP_POLICY_PROPOSE, .policy_propose = {
		.document = { (const uint8_t *)document, strlen(document) }, .digest = digest_of(document),
		.author = "admin:aida", .at = T0, .n_people = 12, .approvals_needed = approvals_needed } };
}

static struct bsg_op approve_op(int64_t version, const char *approver)
{
	return (struct bsg_op){ .kind = BSG_OP_POLICY_APPROVE,
		.policy_approve = { .version = version, .approver = approver, .at = T0 + 1 } };
}

static struct bsg_op activate_op(int64_t version)
{
	return (struct bsg_op){ .kind = BSG_OP_POLICY_ACTIVATE,
		.policy_activate = { .version = version, .at = T0 + 2 } };
}

static void a_policy_needs_different_approvers(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op propose = propose_op("{\"bosaga\":1}", 2), approve, activate = activate_op(1);
	struct bsg_policy_rec policy;
	struct bsg_approval_rec approvals[3];
	struct bsg_page page = { .limit = 3 };

	assert_ok(f, change(f, &propose));
	assert_int_equal(propose.policy_propose.version, 1);
	approve = approve_op(1, "admin:aida");
	assert_ok(f, change(f, &approve));
	assert_int_equal(approve.policy_approve.n_approvals, 1);
	assert_int_equal(approve.policy_approve.approvals_needed, 2);
	assert_ok(f, change(f, &approve));
	assert_false(approve.changed);
	assert_int_equal(approve.policy_approve.n_approvals, 1);
	assert_int_equal(change(f, &activate), BSG_E_DENIED);
	assert_string_equal(f->err.text, "policy 1 has 1 of 2 approvals");
	assert_int_equal(bsg_store_policy(f->store, 0, &policy, NULL, &f->err), BSG_E_NOT_FOUND);
	approve = approve_op(1, "socket");
	assert_ok(f, change(f, &approve));
	assert_ok(f, change(f, &activate));
	assert_int_equal(activate.policy_activate.activated, 1);
	assert_ok(f, change(f, &activate));
	assert_false(activate.changed);
	assert_ok(f, bsg_store_policy(f->store, 0, &policy, NULL, &f->err));
	assert_int_equal(policy.version, 1);
	assert_int_equal(policy.state, BSG_POLICY_ACTIVE);
	assert_int_equal(policy.n_approvals, 2);
	assert_int_equal(policy.n_people, 12);
	assert_int_equal(policy.activated, T0 + 2);
	assert_string_equal(policy.author, "admin:aida");
	assert_int_equal(change(f, &approve), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_approvals(f->store, 1, &page, approvals, &f->err));
	assert_int_equal(page.n, 2);
	assert_string_equal(approvals[1].approver, "socket");
}

static void one_batch_may_propose_approve_and_activate(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op ops[] = { propose_op("{}", 1), approve_op(0, "socket"), activate_op(0), audit_op() };
	struct bsg_store_blob document = { 0 };
	struct bsg_policy_rec policy;

	for (int64_t version = 1; version <= 2; version++) {
		assert_ok(f, bsg_store_apply(f->store, ops, 4, &f->err));
		assert_int_equal(ops[0].policy_propose.version, version);
		assert_int_equal(ops[2].policy_activate.activated, version);
		ops[0].policy_propose.base = version;
	}
	assert_ok(f, bsg_store_policy(f->store, 0, &policy, &document, &f->err));
	assert_int_equal(policy.version, 2);
	assert_memory_equal(policy.digest, digest_of("{}"), BSG_STORE_SHA256_LEN);
	assert_string_equal((char *)document.data, "{}");
	bsg_store_blob_free(&document);
	assert_ok(f, bsg_store_policy(f->store, 1, &policy, NULL, &f->err));
	assert_int_equal(policy.state, BSG_POLICY_SUPERSEDED);
}

static void when_a_version_comes_into_force_all_that_wait_are_superseded(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op first = propose_op("1", 0), second = propose_op("2", 0), third = propose_op("3", 0);
	struct bsg_op op;
	struct bsg_policy_rec policies[3];
	struct bsg_page page = { .limit = 3 };

	assert_ok(f, change(f, &first));
	assert_ok(f, change(f, &second));
	assert_ok(f, change(f, &third));
	op = activate_op(2);
	assert_ok(f, change(f, &op));
	for (int64_t version = 1; version <= 3; version += 2) {	/* the older and the newer one */
		op = approve_op(version, "socket");
		assert_int_equal(change(f, &op), BSG_E_CONFLICT);
		assert_non_null(strstr(f->err.text, "was checked against version 0, but 2 is in force now"));
		op = activate_op(version);
		assert_int_equal(change(f, &op), BSG_E_CONFLICT);
		assert_non_null(strstr(f->err.text, "was checked against version 0, but 2 is in force now"));
	}
	op = activate_op(9);
	assert_int_equal(change(f, &op), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_policies(f->store, &page, policies, &f->err));
	assert_int_equal(page.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(policies[i].version, 3 - (int)i);
		assert_int_equal(policies[i].state, i == 1 ? BSG_POLICY_ACTIVE : BSG_POLICY_SUPERSEDED);
		assert_int_equal(policies[i].n_approvals, 0);
		assert_int_equal(policies[i].base, 0);
	}
}

static void what_was_checked_against_another_version_is_not_even_proposed(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op ops[] = { propose_op("{}", 1), approve_op(0, "socket"), activate_op(0), audit_op() };
	struct bsg_op late = propose_op("late", 2);
	struct bsg_policy_rec policies[3];
	struct bsg_page page = { .limit = 3 };

	late.policy_propose.base = 1;
	assert_int_equal(change(f, &late), BSG_E_CONFLICT);
	assert_non_null(strstr(f->err.text, "checked against version 1, but 0 is in force"));
	assert_ok(f, bsg_store_apply(f->store, ops, 4, &f->err));
	assert_int_equal(bsg_store_apply(f->store, ops, 4, &f->err), BSG_E_CONFLICT);
	late.policy_propose.base = 0;
	assert_int_equal(change(f, &late), BSG_E_CONFLICT);
	late.policy_propose.base = -1;
	assert_int_equal(change(f, &late), BSG_E_INVALID);
	assert_ok(f, bsg_store_policies(f->store, &page, policies, &f->err));
	assert_int_equal(page.n, 1);
	late.policy_propose.base = 1;
	assert_ok(f, change(f, &late));
	assert_int_equal(late.policy_propose.version, 2);	/* refused ones left no number behind */
	assert_ok(f, bsg_store_policy(f->store, 2, policies, NULL, &f->err));
	assert_int_equal(policies[0].base, 1);
}

static void the_first_secret_of_a_place_stays(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = { .kind = BSG_OP_PLACE_SECRET_ADD, .place_secret_add = {
		.place = "house", .key = digest_of("key"), .day_root = digest_of("root"), .at = T0 } };
	struct bsg_place_secret_rec secret;

	assert_int_equal(bsg_store_place_secret(f->store, "house", &secret, &f->err), BSG_E_NOT_FOUND);
	assert_ok(f, apply(f, &op));
	assert_true(op.changed);
	op.place_secret_add.key = digest_of("another");
	assert_ok(f, apply(f, &op));
	assert_false(op.changed);
	assert_ok(f, bsg_store_place_secret(f->store, "house", &secret, &f->err));
	assert_memory_equal(secret.key, digest_of("key"), BSG_PLACE_KEY_LEN);
	assert_memory_equal(secret.day_root, digest_of("root"), BSG_DAY_ROOT_LEN);
}

static struct bsg_op put_op(struct store_fixture *f, const char *device, int64_t policy)
{
	struct bsg_device_rec rec = get_device(f, device);

	return (struct bsg_op){ .kind = BSG_OP_ORDERS_PUT, .orders_put = {
		.device = device, .expected_serial = rec.serial, .serial = rec.serial + 1, .change = rec.change,
		.policy = policy, .expires = T0 + 35 * 86400, .issued = T0, .due = T0 + 7 * 86400, .digest = digest_of("orders"),
		.content = digest_of("what they say"),
		.bytes = { (const uint8_t *)"signed", 6 } } };
}

static void a_serial_is_used_once(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op first, late, backwards, unknown;
	struct bsg_store_blob bytes = { 0 };
	struct bsg_orders_rec orders;

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	assert_ok(f, bsg_store_orders(f->store, device_id(1), &orders, &bytes, &f->err));
	assert_int_equal(orders.serial, 0);
	assert_int_equal(bytes.len, 0);
	bsg_store_blob_free(&bytes);
	first = put_op(f, device_id(1), 3);
	late = first;
	assert_ok(f, apply(f, &first));
	assert_int_equal(apply(f, &late), BSG_E_CONFLICT);
	backwards = put_op(f, device_id(1), 3);
	backwards.orders_put.serial = 1;
	assert_int_equal(apply(f, &backwards), BSG_E_INVALID);
	unknown = put_op(f, device_id(1), 3);
	unknown.orders_put.device = device_id(2);
	assert_int_equal(apply(f, &unknown), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_orders(f->store, device_id(1), &orders, &bytes, &f->err));
	assert_int_equal(orders.serial, 1);
	assert_int_equal(orders.policy, 3);
	assert_int_equal(orders.expires, T0 + 35 * 86400);
	assert_memory_equal(orders.digest, digest_of("orders"), BSG_STORE_SHA256_LEN);
	assert_memory_equal(orders.content, digest_of("what they say"), BSG_STORE_SHA256_LEN);
	assert_int_equal(orders.issued, T0);
	assert_int_equal(orders.due, T0 + 7 * 86400);
	assert_int_equal(bytes.len, 6);
	assert_memory_equal(bytes.data, "signed", 6);
	bsg_store_blob_free(&bytes);
	assert_ok(f, bsg_store_orders(f->store, device_id(1), &orders, NULL, &f->err));
	assert_int_equal(bsg_store_orders(f->store, device_id(2), &orders, NULL, &f->err), BSG_E_NOT_FOUND);
}

static void orders_made_from_outdated_facts_are_never_stored(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op cross = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10), put;

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	put = put_op(f, device_id(1), 1);
	assert_ok(f, apply(f, &cross));
	assert_int_equal(apply(f, &put), BSG_E_CONFLICT);
	put = put_op(f, device_id(1), 1);
	assert_ok(f, apply(f, &put));
	assert_int_equal(get_device(f, device_id(1)).serial, 1);
}

static size_t n_due(struct store_fixture *f, int64_t now, int64_t policy, struct bsg_due_rec out[8])
{
	const struct bsg_due_ask ask = { .now = now, .latest = now + 8 * 86400, .policy = policy };
	char cursor[BSG_CURSOR_SIZE] = "";
	struct bsg_page page = { .cursor = cursor, .limit = 2 };
	size_t n = 0;

	do {
		assert_true(n + page.limit <= 8);
		assert_ok(f, bsg_store_orders_due(f->store, &ask, &page, &out[n], &f->err));
		n += page.n;
		memcpy(cursor, page.next, sizeof(cursor));
	} while (cursor[0] != '\0');
	return n;
}

static void orders_are_due_after_a_change_for_renewal_and_for_a_new_policy(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op cross = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10), put;
	struct bsg_op revoke = { .kind = BSG_OP_DEVICE_STATE,
		.device_state = { .device = device_id(2), .state = BSG_DEVICE_REVOKED, .at = T0 } };
	struct bsg_due_rec due[8];
	struct bsg_counts_rec counts;

	add_person(f, "aida", NULL, "1001");
	for (unsigned i = 1; i <= 3; i++)
		enrol(f, "aida", device_id(i));
	assert_int_equal(n_due(f, T0, 1, due), 3);
	for (unsigned i = 1; i <= 3; i++) {
		put = put_op(f, device_id(i), 1);
		assert_ok(f, apply(f, &put));
	}
	assert_int_equal(n_due(f, T0, 1, due), 0);
	assert_ok(f, apply(f, &cross));			/* moves the carried one only */
	assert_int_equal(n_due(f, T0, 1, due), 1);
	assert_string_equal(due[0].device, device_id(1));
	assert_ok(f, change(f, &revoke));
	assert_int_equal(n_due(f, T0, 1, due), 2);
	assert_string_equal(due[1].device, device_id(2));
	assert_int_equal(due[1].state, BSG_DEVICE_REVOKED);
	assert_ok(f, bsg_store_counts(f->store, &counts, &f->err));
	assert_int_equal(counts.orders_due, 2);
	for (unsigned i = 1; i <= 2; i++) {
		put = put_op(f, device_id(i), 1);
		assert_ok(f, apply(f, &put));
	}
	assert_int_equal(n_due(f, T0 + 7 * 86400, 1, due), 3);	/* each once, though both reasons hold */
	assert_int_equal(n_due(f, T0 + 7 * 86400, 2, due), 3);
	assert_int_equal(n_due(f, T0, 2, due), 2);		/* a revoked one does not care about policies */
	assert_string_equal(due[0].device, device_id(1));
	assert_string_equal(due[1].device, device_id(3));
	assert_int_equal(n_due(f, T0 - 86400, 1, due), 0);
	assert_int_equal(n_due(f, T0 - 2 * 86400, 1, due), 3);	/* the clock was ahead when they were made */
}

/* So that the orders of a crossing leave the large index of times alone. */
static void a_time_of_renewal_that_is_near_enough_stays(void **state)
{
	static const struct {
		int64_t from, due, left;	/* days */
	} puts[] = { { 3, 7, 7 }, { 4, 8, 7 }, { 7, 11, 7 }, { 8, 12, 12 }, { 7, 11, 11 } };
	struct store_fixture *f = *state;
	struct bsg_due_rec due[8];
	struct bsg_orders_rec orders;
	struct bsg_op put;

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	for (size_t i = 0; i < sizeof(puts) / sizeof(puts[0]); i++) {
		put = put_op(f, device_id(1), 1);
		put.orders_put.due_from = T0 + puts[i].from * 86400;
		put.orders_put.due = T0 + puts[i].due * 86400;
		assert_ok(f, apply(f, &put));
		assert_ok(f, bsg_store_orders(f->store, device_id(1), &orders, NULL, &f->err));
		assert_int_equal(orders.due, T0 + puts[i].left * 86400);
		assert_int_equal(orders.serial, i + 1);
		assert_int_equal(n_due(f, orders.due - 1, 1, due), 0);
		assert_int_equal(n_due(f, orders.due, 1, due), 1);
	}
	put = put_op(f, device_id(1), 2);	/* of another policy: as near, and both are written */
	put.orders_put.due_from = T0;
	put.orders_put.due = T0 + 12 * 86400;
	assert_ok(f, apply(f, &put));
	assert_int_equal(n_due(f, T0 + 12 * 86400 - 1, 2, due), 0);
	put = put_op(f, device_id(1), 2);
	put.orders_put.due = 0;
	assert_int_equal(apply(f, &put), BSG_E_INVALID);
}

static void orders_of_a_clock_that_was_ahead_are_told_by_when_they_were_issued(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_due_rec due[8];
	struct bsg_page page = { .limit = 8 };

	add_person(f, "aida", NULL, "1001");
	for (unsigned i = 1; i <= 2; i++) {
		struct bsg_op put;

		enrol(f, "aida", device_id(i));
		put = put_op(f, device_id(i), 1);
		put.orders_put.issued = T0 + i;
		assert_ok(f, apply(f, &put));
	}
	page.cursor = "f";
	assert_ok(f, bsg_store_orders_due(f->store, &(struct bsg_due_ask){ T0, T0, T0 + 2, 1 }, &page, due, &f->err));
	assert_int_equal(page.n, 1);
	assert_string_equal(due[0].device, device_id(2));
}

static void orders_that_a_newer_policy_says_too_are_kept(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op cross = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10), put;
	struct bsg_op keep = { .kind = BSG_OP_ORDERS_KEEP };
	struct bsg_due_rec due[8];
	struct bsg_device_rec rec;

	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	put = put_op(f, device_id(1), 1);
	assert_ok(f, apply(f, &put));
	rec = get_device(f, device_id(1));
	keep.orders_keep = (struct bsg_op_orders_keep){ device_id(1), rec.serial, rec.change, 2 };
	assert_int_equal(n_due(f, T0, 2, due), 1);
	assert_ok(f, apply(f, &keep));
	assert_true(keep.changed);
	assert_int_equal(n_due(f, T0, 2, due), 0);
	assert_int_equal(get_device(f, device_id(1)).serial, rec.serial);
	assert_ok(f, apply(f, &keep));
	assert_false(keep.changed);
	/* It was looked at, then somebody walked in. */
	assert_ok(f, apply(f, &cross));
	keep.orders_keep.policy = 3;
	assert_ok(f, apply(f, &keep));
	assert_false(keep.changed);
	assert_int_equal(n_due(f, T0, 3, due), 1);
	/* It was looked at, then somebody else made orders. */
	put = put_op(f, device_id(1), 3);
	assert_ok(f, apply(f, &put));
	keep.orders_keep.policy = 4;
	assert_ok(f, apply(f, &keep));
	assert_false(keep.changed);
	/* They are kept only until they are to be renewed, and an older version changes nothing. */
	rec = get_device(f, device_id(1));
	keep.orders_keep = (struct bsg_op_orders_keep){ device_id(1), rec.serial, rec.change, 2 };
	assert_ok(f, apply(f, &keep));
	assert_false(keep.changed);
	keep.orders_keep.policy = 4;
	assert_ok(f, apply(f, &keep));
	assert_true(keep.changed);
	assert_int_equal(n_due(f, T0 + 7 * 86400, 4, due), 1);
	keep.orders_keep.device = device_id(2);
	assert_ok(f, apply(f, &keep));
	assert_false(keep.changed);
}

static void gates_remember_their_credentials(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = { .kind = BSG_OP_GATE_CREDENTIAL_ADD, .gate_credential_add = {
		.place = "house", .gate = "north", .key_sha256 = digest_of("gate key"), .at = T0,
		.expires = T0 + 86400, .by = "socket" } };
	struct bsg_gate_credential_rec rec[3];
	struct bsg_page page = { .limit = 3 };

	assert_ok(f, change(f, &op));
	assert_ok(f, change(f, &op));
	assert_false(op.changed);
	op.gate_credential_add.gate = "south";
	assert_int_equal(change(f, &op), BSG_E_CONFLICT);
	op.gate_credential_add.key_sha256 = digest_of("other gate key");
	assert_ok(f, change(f, &op));
	assert_ok(f, bsg_store_gate_credentials(f->store, "house", &page, rec, &f->err));
	assert_int_equal(page.n, 2);
	assert_string_equal(rec[0].gate, "south");
	assert_memory_equal(rec[1].key_sha256, digest_of("gate key"), BSG_STORE_SHA256_LEN);
	page = (struct bsg_page){ .limit = 3 };
	assert_ok(f, bsg_store_gate_credentials(f->store, NULL, &page, rec, &f->err));
	assert_int_equal(page.n, 2);
}

static void a_turnstile_is_found_by_its_token_until_removed(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = { .kind = BSG_OP_TURNSTILE_ADD, .turnstile_add = {
		.id = device_id(7), .token_sha256 = digest_of("token"), .place = "house", .gate = "north",
		.address = "192.0.2.7", .at = T0 } };
	struct bsg_op remove = { .kind = BSG_OP_TURNSTILE_REMOVE, .turnstile_remove = { .id = device_id(7) } };
	struct bsg_turnstile_rec rec[2];
	struct bsg_page page = { .limit = 2 };

	assert_ok(f, change(f, &op));
	assert_int_equal(change(f, &op), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_turnstile_by_token(f->store, digest_of("token"), rec, &f->err));
	assert_string_equal(rec[0].id, device_id(7));
	assert_string_equal(rec[0].address, "192.0.2.7");
	assert_ok(f, bsg_store_turnstiles(f->store, &page, rec, &f->err));
	assert_int_equal(page.n, 1);
	assert_ok(f, change(f, &remove));
	assert_int_equal(change(f, &remove), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_store_turnstile_by_token(f->store, digest_of("token"), rec, &f->err), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_store_turnstile(f->store, device_id(7), rec, &f->err), BSG_E_NOT_FOUND);
}

static void an_administrator_goes_with_all_tokens(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op admin = { .kind = BSG_OP_ADMIN_ADD,
		.admin_add = { .name = "aida", .role = "helpdesk", .unit = "ministry", .at = T0 } };
	struct bsg_op token = { .kind = BSG_OP_TOKEN_ADD, .token_add = {
		.id = device_id(1), .sha256 = digest_of("secret"), .admin = "aida", .at = T0, .expires = T0 + 10 } };
	struct bsg_op revoke = { .kind = BSG_OP_TOKEN_REVOKE, .token_revoke = { .id = device_id(1), .at = T0 + 3 } };
	struct bsg_op remove = { .kind = BSG_OP_ADMIN_REMOVE, .admin_remove = { .name = "aida" } };
	struct bsg_token_rec rec[2];
	struct bsg_admin_rec admins[2];
	struct bsg_page page = { .limit = 2 };

	assert_int_equal(change(f, &token), BSG_E_NOT_FOUND);
	assert_ok(f, change(f, &admin));
	assert_ok(f, change(f, &admin));
	assert_false(admin.changed);
	admin.admin_add.role = "admin";
	assert_int_equal(change(f, &admin), BSG_E_CONFLICT);
	assert_ok(f, change(f, &token));
	assert_int_equal(change(f, &token), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_token_by_sha256(f->store, digest_of("secret"), rec, &f->err));
	assert_string_equal(rec[0].admin, "aida");
	assert_string_equal(rec[0].role, "helpdesk");
	assert_string_equal(rec[0].unit, "ministry");
	assert_int_equal(rec[0].expires, T0 + 10);
	assert_int_equal(rec[0].revoked, 0);
	assert_ok(f, change(f, &revoke));
	assert_ok(f, bsg_store_tokens(f->store, "aida", &page, rec, &f->err));
	assert_int_equal(page.n, 1);
	assert_int_equal(rec[0].revoked, T0 + 3);
	assert_ok(f, bsg_store_admins(f->store, &page, admins, &f->err));
	assert_int_equal(page.n, 1);
	assert_ok(f, change(f, &remove));
	assert_int_equal(bsg_store_token_by_sha256(f->store, digest_of("secret"), rec, &f->err), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_store_admin(f->store, "aida", admins, &f->err), BSG_E_NOT_FOUND);
	assert_int_equal(change(f, &remove), BSG_E_NOT_FOUND);
	assert_int_equal(change(f, &revoke), BSG_E_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_policy_needs_different_approvers),
		TEST(one_batch_may_propose_approve_and_activate),
		TEST(when_a_version_comes_into_force_all_that_wait_are_superseded),
		TEST(what_was_checked_against_another_version_is_not_even_proposed),
		TEST(the_first_secret_of_a_place_stays),
		TEST(a_serial_is_used_once),
		TEST(orders_made_from_outdated_facts_are_never_stored),
		TEST(orders_are_due_after_a_change_for_renewal_and_for_a_new_policy),
		TEST(a_time_of_renewal_that_is_near_enough_stays),
		TEST(orders_of_a_clock_that_was_ahead_are_told_by_when_they_were_issued),
		TEST(orders_that_a_newer_policy_says_too_are_kept),
		TEST(gates_remember_their_credentials),
		TEST(a_turnstile_is_found_by_its_token_until_removed),
		TEST(an_administrator_goes_with_all_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
