/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: how Apple phones enrol and leave (docs/spec/apple.md, A80-A85, A97). Run on every backend. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "apple_fixture.h"

static struct bsg_apple_rec by_certificate(struct store_fixture *f, const char *certificate)
{
	struct bsg_apple_rec rec;

	assert_ok(f, bsg_store_apple_by_certificate(f->store, digest_of(certificate), &rec, &f->err));
	return rec;
}

static void a80_an_invitation_makes_one_phone(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op again, other;
	struct bsg_apple_rec rec;
	struct bsg_device_rec device;

	add_person(f, "aida", "ministry", NULL);
	certify_phone(f, "aida", 1);
	device = get_device(f, device_id(1));
	assert_string_equal(device.kind, "ios-device");
	assert_string_equal(device.class_name, "managed");
	again = enrol_op(device_id(1), device_id(1), device_id(2));	/* the answer was lost: the same key, a new certificate */
	assert_ok(f, change(f, &again));
	assert_true(again.enrol.again);
	assert_string_equal(again.enrol.enrolled, device_id(1));
	other = enrol_op(device_id(1), "another key", device_id(3));
	assert_int_equal(change(f, &other), BSG_E_DENIED);
	rec = by_certificate(f, device_id(1));		/* what the first request finds */
	assert_string_equal(rec.device, device_id(1));
	assert_string_equal(rec.kind, "ios-device");
	assert_string_equal(rec.person, "");		/* which no request of a phone asks for, and nobody decides by */
	assert_string_equal(rec.unit, "");
	assert_int_equal(rec.device_state, BSG_DEVICE_REVOKED);
	assert_int_equal(rec.certificate_expires, T0 + 1000);
	assert_int_equal(rec.state, BSG_APPLE_NONE);
	assert_string_equal(rec.udid, "");
	assert_int_equal(bsg_store_apple(f->store, device_id(1), &rec, NULL, &f->err), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_store_apple_by_certificate(f->store, digest_of("no"), &rec, &f->err), BSG_E_NOT_FOUND);
}

static void a81_authenticate_binds_and_token_update_makes_usable(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op authenticate, token, early;
	struct bsg_store_blob core;
	struct bsg_apple_due_rec due[2];
	struct bsg_apple_rec rec;

	add_person(f, "aida", "ministry", NULL);
	certify_phone(f, "aida", 1);
	early = token_op(1, "token");
	assert_int_equal(apply(f, &early), BSG_E_CONFLICT);
	authenticate = authenticate_op(1, "udid-1");
	authenticate.apple_authenticate.supervised = true;
	assert_ok(f, change(f, &authenticate));
	assert_true(authenticate.changed);
	assert_string_equal(authenticate.apple_authenticate.superseded, "");
	rec = by_certificate(f, device_id(1));
	assert_int_equal(rec.state, BSG_APPLE_AUTHENTICATED);
	assert_string_equal(rec.udid, "udid-1");
	assert_string_equal(rec.kind, "ios-device");
	assert_true(rec.supervised);
	assert_int_equal(rec.os_version, 1704);
	assert_string_equal(rec.model, "MLPF3");
	assert_string_equal(rec.product, "iPhone14,5");
	assert_int_equal(rec.authenticated, T0 + 2);
	assert_int_equal(list_due(f, INT64_MAX, 2, due), 0);
	token = token_op(1, "token");
	assert_ok(f, apply(f, &token));
	assert_true(token.changed);
	assert_ok(f, bsg_store_apple(f->store, device_id(1), &rec, &core, &f->err));
	assert_int_equal(core.len, 0);
	bsg_store_blob_free(&core);
	assert_int_equal(rec.state, BSG_APPLE_USABLE);
	assert_int_equal(rec.token_len, 32);
	assert_int_equal(rec.token_at, T0 + 3);
	assert_string_equal(rec.topic, "com.apple.mgmt.External.x");
	assert_int_equal(list_due(f, T0 + 3, 2, due), 1);	/* its first step */
	assert_string_equal(due[0].device, device_id(1));
}

static void a81_what_is_not_the_phones_own_is_refused(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op authenticate, revoke = { .kind = BSG_OP_CERTIFICATE_REVOKE }, end = { .kind = BSG_OP_DEVICE_STATE };
	struct bsg_apple_rec rec;

	add_person(f, "aida", NULL, NULL);
	for (unsigned i = 1; i <= 3; i++)
		certify_phone(f, "aida", i);
	authenticate = authenticate_op(1, "udid-1");
	authenticate.apple_authenticate.certificate_sha256 = digest_of("nobody's");
	assert_int_equal(change(f, &authenticate), BSG_E_NOT_FOUND);
	authenticate.apple_authenticate.certificate_sha256 = digest_of(device_id(2));	/* another device's */
	assert_int_equal(change(f, &authenticate), BSG_E_DENIED);
	authenticate = authenticate_op(1, "udid-1");
	assert_ok(f, change(f, &authenticate));
	authenticate = authenticate_op(1, "udid-other");	/* a copied identity */
	assert_int_equal(change(f, &authenticate), BSG_E_DENIED);
	assert_string_equal(get_apple(f, 1).udid, "udid-1");
	revoke.certificate_revoke = (struct bsg_op_certificate_revoke){ digest_of(device_id(2)), T0 };
	assert_ok(f, change(f, &revoke));
	authenticate = authenticate_op(2, "udid-2");
	assert_int_equal(change(f, &authenticate), BSG_E_DENIED);
	end.device_state = (struct bsg_op_device_state){ device_id(3), BSG_DEVICE_LEAVING, T0 };
	assert_ok(f, change(f, &end));
	authenticate = authenticate_op(3, "udid-3");
	assert_int_equal(change(f, &authenticate), BSG_E_DENIED);
	assert_int_equal(bsg_store_apple(f->store, device_id(2), &rec, NULL, &f->err), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_store_apple(f->store, device_id(3), &rec, NULL, &f->err), BSG_E_NOT_FOUND);
}

static void a80_a_renewed_certificate_is_the_same_phone(void **state)
{
	static const uint8_t der[] = "renewed";
	struct store_fixture *f = *state;
	struct bsg_op renew = { .kind = BSG_OP_CERTIFICATE_ADD };

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	add_phone(f, "aida", 2);
	renew.certificate_add = (struct bsg_op_certificate_add){ .device = device_id(1), .sha256 = digest_of("renewed"),
		.certificate = { der, sizeof(der) }, .at = T0 + 50, .expires = T0 + 5000 };
	assert_ok(f, change(f, &renew));
	assert_string_equal(by_certificate(f, "renewed").device, device_id(1));
	assert_string_equal(by_certificate(f, "renewed").udid, "udid-1");
	assert_int_equal(by_certificate(f, "renewed").certificate_expires, T0 + 5000);
	assert_string_equal(by_certificate(f, device_id(1)).udid, "udid-1");	/* the old one works until it ends */
	renew.certificate_add.device = device_id(2);
	renew.certificate_add.sha256 = digest_of("renewed");
	assert_int_equal(change(f, &renew), BSG_E_CONFLICT);
}

static void a82_authenticate_again_forgets_all_and_needs_a_new_token(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op again, idle = idle_op(1), step;
	struct bsg_apple_push_rec pushes[1];
	struct bsg_apple_rec before, rec;
	struct bsg_store_blob core;

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	deliver(f, 1, 10, CAMERA);
	desire(f, 1, CAMERA | HOTSPOT, BSG_APPLE_INSTALL, 12);
	before = get_apple(f, 1);
	assert_int_equal(before.verified, CAMERA);
	again = authenticate_op(1, "udid-1");
	again.apple_authenticate.at = T0 + 500;
	assert_ok(f, change(f, &again));
	assert_true(again.changed);
	assert_ok(f, bsg_store_apple(f->store, device_id(1), &rec, &core, &f->err));
	assert_int_equal(core.len, 0);
	bsg_store_blob_free(&core);
	assert_int_equal(rec.state, BSG_APPLE_AUTHENTICATED);
	assert_int_equal(rec.token_len, 0);
	assert_string_equal(rec.topic, "");
	assert_int_equal(rec.desired, 0);
	assert_int_equal(rec.desired_at, 0);
	assert_int_equal(rec.command, BSG_APPLE_NO_COMMAND);
	assert_string_equal(rec.uuid, "");
	assert_int_equal(rec.verified, 0);
	assert_int_equal(rec.verified_until, 0);
	assert_int_equal(rec.verified_at, 0);
	assert_int_equal(rec.next, 0);
	assert_int_equal(rec.push_at, 0);
	assert_true(rec.version > before.version);
	assert_int_equal(rec.desired_seq, before.desired_seq);	/* never used again */
	assert_int_equal(apply(f, &idle), BSG_E_CONFLICT);
	assert_int_equal(list_pushes(f, INT64_MAX, 1, pushes), 0);
	assert_ok(f, change(f, &again));	/* once more, before anything came of it */
	assert_false(again.changed);
	assert_int_equal(get_apple(f, 1).version, rec.version);
	again.apple_authenticate.os_version = 1800;
	assert_ok(f, change(f, &again));
	assert_true(again.changed);
	rec = get_apple(f, 1);
	assert_int_equal(rec.os_version, 1800);
	step = step_op(&rec, 0);
	assert_ok(f, apply(f, &step));
	assert_ok(f, change(f, &again));	/* something came of it */
	assert_true(again.changed);
}

static void a82_a_phone_that_was_told_something_is_a_new_one_after_authenticate(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op idle = idle_op(1), again;

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	assert_ok(f, apply(f, &idle));
	again = authenticate_op(1, "udid-1");
	assert_ok(f, change(f, &again));
	desire(f, 1, 0, BSG_APPLE_NO_COMMAND, 0);	/* it has nothing: that is known (A88) */
}

static void a83_a_phone_enrolled_anew_supersedes_itself_and_stays_where_it_is(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10), out = crossing_op(2, "1001", BSG_CROSSING_OUT, T0 + 99);
	struct bsg_op release = { .kind = BSG_OP_DEVICE_RELEASE }, anew;
	struct bsg_device_rec old, device;

	add_person(f, "aida", NULL, "1001");
	add_phone(f, "aida", 1);
	assert_ok(f, apply(f, &in));
	release.device_release = (struct bsg_op_device_release){ device_id(1), "a patient", T0 + 20 };
	assert_ok(f, change(f, &release));
	certify_phone(f, "aida", 2);
	device = get_device(f, device_id(2));
	assert_false(device.carried);		/* the old one still was */
	anew = authenticate_op(2, "udid-1");
	assert_ok(f, change(f, &anew));
	assert_string_equal(anew.apple_authenticate.superseded, device_id(1));
	old = get_device(f, device_id(1));
	assert_int_equal(old.state, BSG_DEVICE_REVOKED);
	assert_false(old.carried);
	assert_int_equal(get_apple(f, 1).state, BSG_APPLE_NONE);
	assert_string_equal(get_apple(f, 1).udid, "udid-1");	/* for people who look back */
	assert_int_equal(get_apple(f, 1).ended, T0 + 2);
	assert_true(get_device(f, device_id(2)).change > device.change);
	device = get_device(f, device_id(2));
	assert_true(device.carried);
	assert_int_equal(device.presence.direction, BSG_CROSSING_IN);
	assert_string_equal(device.presence.place, "house");
	assert_string_equal(device.presence.gate, "north");
	assert_int_equal(device.presence.at, T0 + 10);
	assert_true(device.presence.seq > 0);
	assert_int_equal(device.release_at, T0 + 20);
	assert_string_equal(device.release_reason, "a patient");
	assert_ok(f, apply(f, &out));
	assert_int_equal(out.crossing_add.n_devices, 1);
	assert_string_equal(out.crossing_add.devices[0].device, device_id(2));
}

static void a83_a_later_crossing_of_the_new_device_stands(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10), own = crossing_op(2, NULL, BSG_CROSSING_OUT, T0 + 30);
	struct bsg_op anew;

	add_person(f, "aida", NULL, "1001");
	add_phone(f, "aida", 1);
	assert_ok(f, apply(f, &in));
	certify_phone(f, "aida", 2);
	own.crossing_add.device = device_id(2);
	assert_ok(f, apply(f, &own));
	anew = authenticate_op(2, "udid-1");
	assert_ok(f, change(f, &anew));
	assert_int_equal(get_device(f, device_id(2)).presence.direction, BSG_CROSSING_OUT);
	assert_int_equal(get_device(f, device_id(2)).presence.seq, 1);
	assert_int_equal(get_device(f, device_id(2)).presence.at, T0 + 30);
}

static void a83_another_persons_phone_is_theirs_until_it_is_revoked(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op in = crossing_op(1, "1001", BSG_CROSSING_IN, T0 + 10), take, leave = { .kind = BSG_OP_PERSON_LEAVE };

	add_person(f, "aida", NULL, "1001");
	add_person(f, "berik", NULL, "1002");
	add_phone(f, "aida", 1);
	assert_ok(f, apply(f, &in));
	certify_phone(f, "berik", 2);
	take = authenticate_op(2, "udid-1");
	assert_int_equal(change(f, &take), BSG_E_DENIED);
	assert_int_equal(get_apple(f, 1).state, BSG_APPLE_USABLE);
	assert_int_equal(get_device(f, device_id(1)).state, BSG_DEVICE_ACTIVE);
	leave.person_leave = (struct bsg_op_person_leave){ .id = "aida", .at = T0 + 100 };
	assert_ok(f, change(f, &leave));
	assert_int_equal(get_apple(f, 1).state, BSG_APPLE_USABLE);	/* it still gets its lift */
	assert_ok(f, change(f, &take));
	assert_int_equal(get_apple(f, 1).state, BSG_APPLE_NONE);
	assert_int_equal(get_apple(f, 2).state, BSG_APPLE_AUTHENTICATED);
	assert_int_equal(get_device(f, device_id(2)).presence.seq, 0);	/* where she was is not where he is */
}

static void a84_the_last_token_counts_and_of_the_same_one_only_when_it_came(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op token = token_op(1, "token"), other;
	int64_t version;

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	version = get_apple(f, 1).version;
	token.apple_token_update.at = T0 + 60;
	assert_ok(f, apply(f, &token));
	assert_false(token.changed);
	assert_int_equal(get_apple(f, 1).version, version);
	assert_int_equal(get_apple(f, 1).token_at, T0 + 60);	/* alive since then, whatever Apple said before (A143) */
	token.apple_token_update.at = T0 + 59;
	assert_ok(f, apply(f, &token));
	assert_int_equal(get_apple(f, 1).token_at, T0 + 60);
	other = token_op(1, "another");
	other.apple_token_update.at = T0 + 61;
	assert_ok(f, apply(f, &other));
	assert_true(other.changed);
	assert_int_equal(get_apple(f, 1).token_at, T0 + 61);
	assert_int_equal(get_apple(f, 1).push_at, 0);	/* nothing is out */
	other.apple_token_update.token.len = BSG_APPLE_TOKEN_MAX + 1;
	assert_int_equal(apply(f, &other), BSG_E_LIMIT);
}

static void a85_a_checked_out_phone_is_leaving_and_nothing_is_known_of_it(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op checkout = checkout_op(1), token, idle = idle_op(1), step;
	struct bsg_apple_due_rec times[1];
	struct bsg_apple_rec rec;
	int64_t before;

	add_person(f, "aida", NULL, NULL);
	certify_phone(f, "aida", 2);
	assert_int_equal(change(f, &(struct bsg_op){ .kind = BSG_OP_APPLE_CHECKOUT, .apple_checkout = { device_id(2), T0 } }),
			 BSG_E_CONFLICT);
	add_phone(f, "aida", 1);
	desire(f, 1, CAMERA, BSG_APPLE_INSTALL, 10);
	deliver(f, 1, 10, CAMERA);
	desire(f, 1, 0, BSG_APPLE_REMOVE, 12);
	rec = get_apple(f, 1);
	step = step_op(&rec, T0 + 5000);
	assert_ok(f, apply(f, &step));
	before = get_device(f, device_id(1)).change;
	assert_ok(f, change(f, &checkout));
	assert_true(checkout.changed);
	rec = get_apple(f, 1);
	assert_int_equal(rec.state, BSG_APPLE_NONE);
	assert_int_equal(rec.ended, T0 + 900);
	assert_int_equal(rec.verified, 0);
	assert_int_equal(rec.command, BSG_APPLE_NO_COMMAND);
	assert_int_equal(rec.token_len, 0);
	assert_int_equal(rec.push_at, 0);
	assert_int_equal(get_device(f, device_id(1)).state, BSG_DEVICE_LEAVING);
	assert_true(get_device(f, device_id(1)).change > before);
	assert_int_equal(n_orders_due(f), 2);	/* it and the other, which has no orders yet */
	assert_int_equal(list_due(f, INT64_MAX, 1, times), 0);
	assert_ok(f, change(f, &checkout));
	assert_false(checkout.changed);
	token = token_op(1, "token");
	assert_int_equal(apply(f, &token), BSG_E_DENIED);
	assert_int_equal(apply(f, &idle), BSG_E_DENIED);
	step = step_op(&rec, 0);
	assert_int_equal(apply(f, &step), BSG_E_DENIED);
}

static void a85_a_revoked_phone_that_checks_out_stays_revoked(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op checkout = checkout_op(1), revoke = { .kind = BSG_OP_DEVICE_STATE };

	add_person(f, "aida", NULL, NULL);
	add_phone(f, "aida", 1);
	revoke.device_state = (struct bsg_op_device_state){ device_id(1), BSG_DEVICE_REVOKED, T0 };
	assert_ok(f, change(f, &revoke));
	assert_ok(f, change(f, &checkout));
	assert_true(checkout.changed);
	assert_int_equal(get_device(f, device_id(1)).state, BSG_DEVICE_REVOKED);
}

static void a97_what_makes_and_ends_an_enrolment_is_audited(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op authenticate, checkout = checkout_op(1), token = token_op(1, "token");

	add_person(f, "aida", NULL, NULL);
	certify_phone(f, "aida", 1);
	authenticate = authenticate_op(1, "udid-1");
	assert_int_equal(apply(f, &authenticate), BSG_E_BUG);
	assert_int_equal(apply(f, &checkout), BSG_E_BUG);
	assert_ok(f, change(f, &authenticate));
	assert_ok(f, apply(f, &token));
}

static void phones_are_listed_by_unit_a_page_at_a_time(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_apple_rec recs[2];
	struct bsg_page page = { .limit = 2 };
	char cursor[BSG_CURSOR_SIZE];

	add_person(f, "aida", "ministry", NULL);
	add_person(f, "berik", "court", NULL);
	for (unsigned i = 1; i <= 5; i++)
		add_phone(f, i % 2 ? "aida" : "berik", i);
	assert_ok(f, bsg_store_apples(f->store, NULL, &page, recs, &f->err));
	assert_int_equal(page.n, 2);
	assert_string_equal(recs[1].device, device_id(2));
	assert_string_equal(recs[1].unit, "court");
	memcpy(cursor, page.next, sizeof(cursor));
	page.cursor = cursor;
	assert_ok(f, bsg_store_apples(f->store, NULL, &page, recs, &f->err));
	assert_string_equal(recs[0].device, device_id(3));
	page = (struct bsg_page){ .limit = 2 };
	assert_ok(f, bsg_store_apples(f->store, "court", &page, recs, &f->err));
	assert_int_equal(page.n, 2);
	assert_string_equal(recs[1].device, device_id(4));
	assert_string_equal(page.next, "");
}

static void what_phones_say_is_measured_before_it_is_stored(void **state)
{
	static char long_text[BSG_APPLE_ERROR_SIZE + 1];
	struct store_fixture *f = *state;
	struct bsg_op authenticate = authenticate_op(1, ""), token = token_op(1, "token"), checkout = checkout_op(1);

	memset(long_text, 'x', sizeof(long_text) - 1);
	assert_int_equal(change(f, &authenticate), BSG_E_INVALID);
	authenticate.apple_authenticate.udid = long_text;
	assert_int_equal(change(f, &authenticate), BSG_E_LIMIT);
	authenticate = authenticate_op(1, "udid-1");
	authenticate.apple_authenticate.model = long_text;
	assert_int_equal(change(f, &authenticate), BSG_E_LIMIT);
	authenticate = authenticate_op(1, "udid-1");
	authenticate.apple_authenticate.os_version = -1;
	assert_int_equal(change(f, &authenticate), BSG_E_INVALID);
	authenticate = authenticate_op(1, "udid-1");
	authenticate.apple_authenticate.at = 0;
	assert_int_equal(change(f, &authenticate), BSG_E_INVALID);
	token.apple_token_update.at = 0;
	assert_int_equal(apply(f, &token), BSG_E_INVALID);
	token = token_op(1, "token");
	token.apple_token_update.push_magic = "";
	assert_int_equal(apply(f, &token), BSG_E_INVALID);
	token = token_op(1, "token");
	token.apple_token_update.topic = long_text;
	assert_int_equal(apply(f, &token), BSG_E_LIMIT);
	checkout.apple_checkout.at = 0;
	assert_int_equal(change(f, &checkout), BSG_E_INVALID);
}

enum { N_THREADS = 6 };

struct enroller {
	pthread_t thread;
	struct store_fixture *f;
	struct bsg_op ops[2];
	enum bsg_err rc;
};

static void *authenticate_now(void *arg)
{
	struct enroller *e = arg;

	e->rc = bsg_store_apply(e->f->store, e->ops, 2, NULL);
	return NULL;
}

static void a83_of_many_that_claim_one_phone_at_once_one_enrolment_lives(void **state)
{
	struct store_fixture *f = *state;
	struct enroller e[N_THREADS];
	struct bsg_apple_rec rec;
	unsigned n_living = 0, n_active = 0;

	add_person(f, "aida", NULL, NULL);
	for (unsigned i = 0; i < N_THREADS; i++)
		certify_phone(f, "aida", i);
	for (unsigned i = 0; i < N_THREADS; i++) {
		e[i] = (struct enroller){ .f = f, .ops = { authenticate_op(i, "udid"), audit_op() } };
		assert_int_equal(pthread_create(&e[i].thread, NULL, authenticate_now, &e[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		assert_int_equal(pthread_join(e[i].thread, NULL), 0);
		assert_int_equal(e[i].rc, BSG_OK);	/* all are hers: the last one wins */
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		rec = get_apple(f, i);
		n_living += rec.state != BSG_APPLE_NONE;
		n_active += rec.device_state == BSG_DEVICE_ACTIVE;
		assert_int_equal(rec.state != BSG_APPLE_NONE, rec.device_state == BSG_DEVICE_ACTIVE);
	}
	assert_int_equal(n_living, 1);
	assert_int_equal(n_active, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a80_an_invitation_makes_one_phone),
		TEST(a80_a_renewed_certificate_is_the_same_phone),
		TEST(a81_authenticate_binds_and_token_update_makes_usable),
		TEST(a81_what_is_not_the_phones_own_is_refused),
		TEST(a82_authenticate_again_forgets_all_and_needs_a_new_token),
		TEST(a82_a_phone_that_was_told_something_is_a_new_one_after_authenticate),
		TEST(a83_a_phone_enrolled_anew_supersedes_itself_and_stays_where_it_is),
		TEST(a83_a_later_crossing_of_the_new_device_stands),
		TEST(a83_another_persons_phone_is_theirs_until_it_is_revoked),
		TEST(a83_of_many_that_claim_one_phone_at_once_one_enrolment_lives),
		TEST(a84_the_last_token_counts_and_of_the_same_one_only_when_it_came),
		TEST(a85_a_checked_out_phone_is_leaving_and_nothing_is_known_of_it),
		TEST(a85_a_revoked_phone_that_checks_out_stays_revoked),
		TEST(a97_what_makes_and_ends_an_enrolment_is_audited),
		TEST(phones_are_listed_by_unit_a_page_at_a_time),
		TEST(what_phones_say_is_measured_before_it_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
