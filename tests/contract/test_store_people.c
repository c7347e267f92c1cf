/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: people, badges, invitations, devices, certificates. Run on every backend. */
#include <stdio.h>
#include <string.h>

#include "store_fixture.h"

static void a_person_is_found_by_id_and_by_badge(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_person_rec person;

	add_person(f, "aida", "ministry", "1001");
	assert_ok(f, bsg_store_person(f->store, "aida", &person, &f->err));
	assert_string_equal(person.name, "Әйгерім Сейтова");
	assert_string_equal(person.unit, "ministry");
	assert_string_equal(person.lang, "kk");
	assert_int_equal(person.state, BSG_PERSON_ACTIVE);
	assert_int_equal(person.created, T0);
	assert_ok(f, bsg_store_person_by_badge(f->store, "1001", &person, &f->err));
	assert_string_equal(person.id, "aida");
	assert_int_equal(bsg_store_person(f->store, "berik", &person, &f->err), BSG_E_NOT_FOUND);
	assert_string_equal(f->err.text, "person berik is not known");
	assert_string_equal(person.id, "");
	assert_int_equal(bsg_store_person_by_badge(f->store, "1002", &person, &f->err), BSG_E_NOT_FOUND);
}

static void the_same_person_again_changes_nothing_another_conflicts(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = { .kind = BSG_OP_PERSON_ADD,
		.person_add = { .id = "aida", .name = "Aida", .unit = NULL, .lang = "ru", .at = T0 } };

	assert_ok(f, change(f, &op));
	assert_true(op.changed);
	assert_ok(f, change(f, &op));
	assert_false(op.changed);
	op.person_add.name = "Somebody";
	assert_int_equal(change(f, &op), BSG_E_CONFLICT);
}

static void a_list_goes_on_where_its_cursor_says(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_person_rec people[3];
	struct bsg_page page = { .limit = 3 };
	char id[16], cursor[BSG_CURSOR_SIZE];
	unsigned n = 0;

	for (int i = 0; i < 7; i++) {
		(void)snprintf(id, sizeof(id), "p%d", i);
		add_person(f, id, i % 2 ? "odd" : "even", NULL);
	}
	do {
		assert_ok(f, bsg_store_people(f->store, NULL, &page, people, &f->err));
		for (size_t i = 0; i < page.n; i++) {
			(void)snprintf(id, sizeof(id), "p%u", n++);
			assert_string_equal(people[i].id, id);
		}
		memcpy(cursor, page.next, sizeof(cursor));
		page.cursor = cursor;
	} while (page.next[0] != '\0');
	assert_int_equal(n, 7);
	page = (struct bsg_page){ .limit = 3 };
	assert_ok(f, bsg_store_people(f->store, "odd", &page, people, &f->err));
	assert_int_equal(page.n, 3);
	assert_string_equal(page.next, "");	/* exactly three: there is no further page */
	assert_string_equal(people[2].id, "p5");
	page = (struct bsg_page){ .limit = BSG_STORE_LIST_MAX + 1 };
	assert_int_equal(bsg_store_people(f->store, NULL, &page, people, &f->err), BSG_E_INVALID);
	page = (struct bsg_page){ .limit = 0 };
	assert_int_equal(bsg_store_people(f->store, NULL, &page, people, &f->err), BSG_E_INVALID);
}

static void a_cursor_of_another_list_is_refused(void **state)
{
	static const char *const bad[] = { "x", "12x", "-1", "99999999999999999999", "12." };
	struct store_fixture *f = *state;
	struct bsg_policy_rec policies[1];
	struct bsg_crossing_rec crossings[1];
	struct bsg_crossing_filter all = { .place = NULL };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bsg_page page = { .cursor = bad[i], .limit = 1 };

		assert_int_equal(bsg_store_policies(f->store, &page, policies, &f->err), BSG_E_INVALID);
	}
	for (size_t i = 0; i < 4; i++) {
		struct bsg_page page = { .cursor = bad[i], .limit = 1 };

		assert_int_equal(bsg_store_crossings(f->store, &all, &page, crossings, &f->err), BSG_E_INVALID);
	}
}

static void a_badge_is_one_persons(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op add = { .kind = BSG_OP_BADGE_ADD, .badge_add = { .number = "7", .person = "berik", .at = T0 } };
	struct bsg_op take = { .kind = BSG_OP_BADGE_REMOVE, .badge_remove = { .number = "7", .person = "berik" } };
	struct bsg_badge_rec badges[4];
	struct bsg_page page = { .limit = 4 };

	add_person(f, "aida", NULL, "7");
	add_person(f, "berik", NULL, "8");
	assert_int_equal(change(f, &add), BSG_E_CONFLICT);
	assert_int_equal(change(f, &take), BSG_E_NOT_FOUND);
	take.badge_remove.person = "aida";
	assert_ok(f, change(f, &take));
	assert_ok(f, change(f, &add));
	assert_true(add.changed);
	assert_ok(f, change(f, &add));
	assert_false(add.changed);
	assert_ok(f, bsg_store_badges(f->store, "berik", &page, badges, &f->err));
	assert_int_equal(page.n, 2);
	assert_string_equal(badges[0].number, "7");
	add.badge_add.person = "nobody";
	assert_int_equal(change(f, &add), BSG_E_NOT_FOUND);
}

static void an_invitation_is_consumed_by_one_key_which_may_ask_again(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op invite = invite_op("t", "aida"), op = enrol_op("t", "key", device_id(1));
	struct bsg_op again = enrol_op("t", "key", device_id(2)), other = enrol_op("t", "other key", device_id(3));
	struct bsg_store_blob der = { 0 };
	struct bsg_invitation_rec rec;
	struct bsg_device_rec device;

	assert_int_equal(change(f, &invite), BSG_E_NOT_FOUND);
	add_person(f, "aida", "ministry", NULL);
	assert_ok(f, change(f, &invite));
	assert_int_equal(change(f, &invite), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_invitation(f->store, digest_of("t"), &rec, &der, &f->err));
	assert_int_equal(rec.consumed, 0);
	assert_int_equal(der.len, 0);
	bsg_store_blob_free(&der);
	assert_ok(f, change(f, &op));
	assert_false(op.enrol.again);
	assert_true(op.enrol.carried);
	assert_ok(f, change(f, &again));
	assert_true(again.enrol.again);
	assert_false(again.changed);
	assert_string_equal(again.enrol.enrolled, device_id(1));
	assert_int_equal(change(f, &other), BSG_E_DENIED);
	assert_int_equal(bsg_store_device(f->store, device_id(2), &device, &f->err), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_invitation(f->store, digest_of("t"), &rec, &der, &f->err));
	assert_int_equal(rec.consumed, T0 + 1);
	assert_string_equal(rec.device, device_id(1));
	assert_memory_equal(rec.key_sha256, digest_of("key"), BSG_STORE_SHA256_LEN);
	assert_string_equal((char *)der.data, "certificate");
	bsg_store_blob_free(&der);
	device = get_device(f, device_id(1));
	assert_string_equal(device.person, "aida");
	assert_string_equal(device.unit, "ministry");
	assert_string_equal(device.kind, "linux-agent");
	assert_string_equal(device.class_name, "claimed");
	assert_int_equal(device.state, BSG_DEVICE_ACTIVE);
	assert_int_equal(device.certificate_expires, T0 + 1000);
	assert_int_equal(device.serial, 0);
}

static void an_expired_or_unknown_invitation_is_refused(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op invite = invite_op("t", "aida"), op = enrol_op("t", "key", device_id(1));
	struct bsg_op unknown = enrol_op("u", "key", device_id(1));

	add_person(f, "aida", NULL, NULL);
	assert_ok(f, change(f, &invite));
	op.enrol.at = T0 + 86401;
	assert_int_equal(change(f, &op), BSG_E_DENIED);
	assert_int_equal(change(f, &unknown), BSG_E_NOT_FOUND);
	op.enrol.at = T0 + 86400;
	assert_ok(f, change(f, &op));
	op.enrol.at = T0 + 86401;	/* also for the same key */
	assert_int_equal(change(f, &op), BSG_E_DENIED);
}

static void only_the_first_device_is_carried_until_somebody_says_so(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op carry = { .kind = BSG_OP_DEVICE_CARRIED };
	struct bsg_device_rec devices[4];
	struct bsg_page page = { .limit = 4 };

	add_person(f, "aida", "ministry", NULL);
	for (unsigned i = 1; i <= BSG_CARRIED_MAX + 1; i++)
		enrol(f, "aida", device_id(i));
	assert_true(get_device(f, device_id(1)).carried);
	for (unsigned i = 2; i <= BSG_CARRIED_MAX; i++) {
		assert_false(get_device(f, device_id(i)).carried);
		carry.device_carried = (struct bsg_op_device_carried){ .device = device_id(i), .carried = true };
		assert_ok(f, change(f, &carry));
		assert_true(get_device(f, device_id(i)).carried);
	}
	carry.device_carried.device = device_id(BSG_CARRIED_MAX + 1);
	assert_int_equal(change(f, &carry), BSG_E_LIMIT);
	carry.device_carried = (struct bsg_op_device_carried){ .device = device_id(1), .carried = false };
	assert_ok(f, change(f, &carry));
	assert_true(carry.changed);
	assert_ok(f, change(f, &carry));
	assert_false(carry.changed);
	assert_ok(f, bsg_store_devices(f->store, "aida", "ministry", &page, devices, &f->err));
	assert_int_equal(page.n, 4);
	assert_string_equal(page.next, device_id(4));
	page = (struct bsg_page){ .limit = 4 };
	assert_ok(f, bsg_store_devices(f->store, NULL, "other", &page, devices, &f->err));
	assert_int_equal(page.n, 0);
}

static void leaving_ends_badges_invitations_and_devices(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op leave = { .kind = BSG_OP_PERSON_LEAVE, .person_leave = { .id = "aida", .at = T0 + 9 } };
	struct bsg_op invite = invite_op("late", "aida"), op = enrol_op("late", "key", device_id(3));
	struct bsg_person_rec person;
	struct bsg_device_rec device;
	int64_t change_before;

	assert_int_equal(change(f, &leave), BSG_E_NOT_FOUND);
	add_person(f, "aida", NULL, "1001");
	enrol(f, "aida", device_id(1));
	enrol(f, "aida", device_id(2));
	assert_ok(f, change(f, &invite));
	change_before = get_device(f, device_id(1)).change;
	assert_ok(f, change(f, &leave));
	assert_int_equal(leave.person_leave.n_devices, 2);
	device = get_device(f, device_id(1));
	assert_int_equal(device.state, BSG_DEVICE_REVOKED);
	assert_int_equal(device.ended, T0 + 9);
	assert_false(device.carried);
	assert_true(device.change > change_before);
	assert_int_equal(bsg_store_person_by_badge(f->store, "1001", &person, &f->err), BSG_E_NOT_FOUND);
	assert_int_equal(change(f, &op), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_person(f->store, "aida", &person, &f->err));
	assert_int_equal(person.state, BSG_PERSON_LEFT);
	assert_int_equal(person.left, T0 + 9);
	assert_ok(f, change(f, &leave));
	assert_false(leave.changed);
	invite = invite_op("later", "aida");
	assert_int_equal(change(f, &invite), BSG_E_NOT_FOUND);
}

static void a_certificate_says_whose_it_is_and_whether_it_still_counts(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op renew = { .kind = BSG_OP_CERTIFICATE_ADD, .certificate_add = {
		.device = device_id(1), .sha256 = digest_of("second"), .certificate = { (const uint8_t *)"der", 3 },
		.at = T0 + 5, .expires = T0 + 5000 } };
	struct bsg_op revoke = { .kind = BSG_OP_CERTIFICATE_REVOKE,
		.certificate_revoke = { .sha256 = digest_of("second"), .at = T0 + 6 } };
	struct bsg_certificate_rec rec;

	add_person(f, "aida", NULL, NULL);
	enrol(f, "aida", device_id(1));
	enrol(f, "aida", device_id(2));
	assert_ok(f, change(f, &renew));
	assert_ok(f, change(f, &renew));
	assert_false(renew.changed);
	assert_int_equal(get_device(f, device_id(1)).certificate_expires, T0 + 5000);
	renew.certificate_add.device = device_id(2);
	assert_int_equal(change(f, &renew), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_certificate(f->store, digest_of("second"), &rec, &f->err));
	assert_string_equal(rec.device, device_id(1));
	assert_string_equal(rec.person, "aida");
	assert_int_equal(rec.device_state, BSG_DEVICE_ACTIVE);
	assert_int_equal(rec.expires, T0 + 5000);
	assert_int_equal(rec.revoked, 0);
	assert_ok(f, change(f, &revoke));
	assert_ok(f, bsg_store_certificate(f->store, digest_of("second"), &rec, &f->err));
	assert_int_equal(rec.revoked, T0 + 6);
	assert_int_equal(get_device(f, device_id(1)).certificate_expires, T0 + 1000);
	revoke.certificate_revoke.sha256 = digest_of("never");
	assert_int_equal(change(f, &revoke), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_store_certificate(f->store, digest_of("never"), &rec, &f->err), BSG_E_NOT_FOUND);
}

static void a_device_only_ever_moves_towards_revoked(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = { .kind = BSG_OP_DEVICE_STATE,
		.device_state = { .device = device_id(1), .state = BSG_DEVICE_LEAVING, .at = T0 + 2 } };
	struct bsg_op carry = { .kind = BSG_OP_DEVICE_CARRIED,
		.device_carried = { .device = device_id(1), .carried = true } };
	struct bsg_certificate_rec rec;

	assert_int_equal(change(f, &op), BSG_E_NOT_FOUND);
	add_person(f, "aida", NULL, NULL);
	enrol(f, "aida", device_id(1));
	assert_ok(f, change(f, &op));
	assert_ok(f, change(f, &op));
	assert_false(op.changed);
	assert_int_equal(change(f, &carry), BSG_E_DENIED);
	op.device_state.state = BSG_DEVICE_REVOKED;
	op.device_state.at = T0 + 3;
	assert_ok(f, change(f, &op));
	assert_int_equal(get_device(f, device_id(1)).ended, T0 + 2);
	op.device_state.state = BSG_DEVICE_LEAVING;
	assert_int_equal(change(f, &op), BSG_E_CONFLICT);
	assert_ok(f, bsg_store_certificate(f->store, digest_of(device_id(1)), &rec, &f->err));
	assert_int_equal(rec.device_state, BSG_DEVICE_REVOKED);
	op.device_state.state = BSG_DEVICE_ACTIVE;
	assert_int_equal(change(f, &op), BSG_E_INVALID);
}

static void an_older_release_changes_nothing(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = { .kind = BSG_OP_DEVICE_RELEASE,
		.device_release = { .device = device_id(1), .reason = "stuck", .at = T0 + 50 } };
	struct bsg_device_rec before, after;

	add_person(f, "aida", NULL, NULL);
	enrol(f, "aida", device_id(1));
	before = get_device(f, device_id(1));
	assert_ok(f, change(f, &op));
	after = get_device(f, device_id(1));
	assert_int_equal(after.release_at, T0 + 50);
	assert_string_equal(after.release_reason, "stuck");
	assert_true(after.change > before.change);
	op.device_release.at = T0 + 49;
	assert_ok(f, change(f, &op));
	assert_false(op.changed);
	assert_int_equal(get_device(f, device_id(1)).release_at, T0 + 50);
}

static void what_does_not_fit_is_refused_before_it_is_queued(void **state)
{
	struct store_fixture *f = *state;
	char long_name[BSG_FULL_NAME_SIZE + 1];
	struct bsg_store_stats before, after;
	struct bsg_op op = { .kind = BSG_OP_PERSON_ADD,
		.person_add = { .id = "aida", .name = long_name, .lang = "kk", .at = T0 } };
	struct bsg_op carry = { .kind = BSG_OP_DEVICE_CARRIED, .device_carried = { .device = "abc" } };
	struct bsg_op none = { .kind = BSG_OP_NONE };

	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	bsg_store_stats(f->store, &before);
	assert_int_equal(change(f, &op), BSG_E_LIMIT);
	assert_string_equal(f->err.text, "add person: name has 241 bytes, at most 240");
	op.person_add.name = "";
	assert_int_equal(change(f, &op), BSG_E_INVALID);
	op.person_add.name = NULL;
	assert_int_equal(change(f, &op), BSG_E_INVALID);
	assert_int_equal(change(f, &carry), BSG_E_INVALID);
	carry.device_carried.device = "00112233445566778899aabb0000000G";
	assert_int_equal(change(f, &carry), BSG_E_INVALID);
	assert_int_equal(change(f, &none), BSG_E_BUG);
	bsg_store_stats(f->store, &after);
	assert_int_equal(after.commits, before.commits);
	op.person_add.name = long_name + 1;
	assert_ok(f, change(f, &op));
}

static void a_change_without_an_audit_entry_is_our_mistake(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = { .kind = BSG_OP_PERSON_ADD,
		.person_add = { .id = "aida", .name = "Aida", .lang = "kk", .at = T0 } };
	struct bsg_person_rec person;

	assert_int_equal(apply(f, &op), BSG_E_BUG);
	assert_int_equal(bsg_store_person(f->store, "aida", &person, &f->err), BSG_E_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_person_is_found_by_id_and_by_badge),
		TEST(the_same_person_again_changes_nothing_another_conflicts),
		TEST(a_list_goes_on_where_its_cursor_says),
		TEST(a_cursor_of_another_list_is_refused),
		TEST(a_badge_is_one_persons),
		TEST(an_invitation_is_consumed_by_one_key_which_may_ask_again),
		TEST(an_expired_or_unknown_invitation_is_refused),
		TEST(only_the_first_device_is_carried_until_somebody_says_so),
		TEST(leaving_ends_badges_invitations_and_devices),
		TEST(a_certificate_says_whose_it_is_and_whether_it_still_counts),
		TEST(a_device_only_ever_moves_towards_revoked),
		TEST(an_older_release_changes_nothing),
		TEST(what_does_not_fit_is_refused_before_it_is_queued),
		TEST(a_change_without_an_audit_entry_is_our_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
