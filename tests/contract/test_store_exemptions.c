/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: exemptions. Every refusal, what each change does to orders, and races. Run on every backend, and under TSan. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <bosaga/functions.h>
#include <bosaga/limits.h>

#include "store_fixture.h"

#define HOUR 3600
#define CAMERA_WIFI ((int64_t)(BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_WIFI)))

/* Ids that no other helper's static buffers take. */
static const char *exemption_id(unsigned n)
{
	static char ids[64][BSG_ID_SIZE];
	char *out = ids[n % 64];

	(void)snprintf(out, BSG_ID_SIZE, "eeeeeeeeeeeeeeeeeeeeeeee%08x", n);
	return out;
}

static struct bsg_op add_op(unsigned n, const char *person, const char *device)
{
	return (struct bsg_op){ .kind = BSG_OP_EXEMPTION_ADD, .exemption_add = {
		.id = exemption_id(n), .person = person, .device = device, .functions = CAMERA_WIFI, .from = T0,
		.until = T0 + HOUR, .reason = "films an interview", .author = "admin:one", .at = T0 + 1 } };
}

static struct bsg_op approve_op(unsigned n, const char *approver)
{
	return (struct bsg_op){ .kind = BSG_OP_EXEMPTION_APPROVE,
		.exemption_approve = { .id = exemption_id(n), .approver = approver, .at = T0 + 2 } };
}

static struct bsg_op end_op(unsigned n, const char *by)
{
	return (struct bsg_op){ .kind = BSG_OP_EXEMPTION_END,
		.exemption_end = { .id = exemption_id(n), .by = by, .at = T0 + 3 } };
}

static void add(struct store_fixture *f, unsigned n, const char *person, const char *device)
{
	struct bsg_op op = add_op(n, person, device);

	assert_ok(f, change(f, &op));
	assert_true(op.changed);
}

static enum bsg_err approve(struct store_fixture *f, unsigned n, const char *approver)
{
	struct bsg_op op = approve_op(n, approver);

	return change(f, &op);
}

static enum bsg_err end(struct store_fixture *f, unsigned n, bool *changed)
{
	struct bsg_op op = end_op(n, "admin:two");
	enum bsg_err rc = change(f, &op);

	*changed = op.changed;
	return rc;
}

/* How many the orders of a device need at @now. */
static size_t n_of(struct store_fixture *f, const char *device, const char *person, int64_t now)
{
	struct bsg_exempt_rec recs[BSG_EXEMPTIONS_MAX + 1];
	size_t n;

	assert_ok(f, bsg_store_exemptions_of(f->store, device, person, now, INT64_MAX, BSG_EXEMPTIONS_MAX + 1, recs, &n,
					     &f->err));
	return n;
}

static struct bsg_exemption_rec get(struct store_fixture *f, unsigned n)
{
	struct bsg_exemption_rec rec;

	assert_ok(f, bsg_store_exemption(f->store, exemption_id(n), &rec, &f->err));
	return rec;
}

/* Orders for all, so that nothing is due. */
static void settle(struct store_fixture *f, const char *device)
{
	struct bsg_device_rec rec = get_device(f, device);
	struct bsg_op op = { .kind = BSG_OP_ORDERS_PUT, .orders_put = {
		.device = rec.id, .expected_serial = rec.serial, .serial = rec.serial + 1, .change = rec.change, .policy = 1,
		.expires = T0 + 35 * 86400, .due = T0 + 7 * 86400, .digest = digest_of("orders"), .content = digest_of("said"),
		.bytes = { (const uint8_t *)"signed", 6 } } };

	assert_ok(f, apply(f, &op));
}

static size_t n_due(struct store_fixture *f)
{
	const struct bsg_due_ask ask = { .now = T0, .latest = T0 + 8 * 86400, .policy = 1 };
	struct bsg_page page = { .limit = 8 };
	struct bsg_due_rec due[8];

	assert_ok(f, bsg_store_orders_due(f->store, &ask, &page, due, &f->err));
	return page.n;
}

/* aida has the devices 1 and 2, berik 3; nothing is due. */
static void people(struct store_fixture *f)
{
	add_person(f, "aida", "ministry", "1001");
	add_person(f, "berik", "court", "1002");
	for (unsigned i = 1; i <= 3; i++)
		enrol(f, i < 3 ? "aida" : "berik", device_id(i));
	for (unsigned i = 1; i <= 3; i++)
		settle(f, device_id(i));
	assert_int_equal(n_due(f), 0);
}

static void an_exemption_counts_once_another_person_has_approved_it(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_exempt_rec exempt;
	struct bsg_exemption_rec rec;
	struct bsg_op op;
	int64_t before;
	size_t n;

	people(f);
	before = get_device(f, device_id(1)).change;
	add(f, 1, "aida", NULL);
	assert_int_equal(n_of(f, device_id(1), "aida", T0), 0);
	assert_int_equal(approve(f, 1, "admin:one"), BSG_E_DENIED);
	assert_non_null(strstr(f->err.text, "another person must"));
	assert_int_equal(n_of(f, device_id(1), "aida", T0), 0);
	assert_int_equal(n_due(f), 0);
	op = approve_op(1, "admin:two");
	assert_ok(f, change(f, &op));
	assert_true(op.changed);
	assert_ok(f, bsg_store_exemptions_of(f->store, device_id(2), "aida", T0, T0 + 1, 1, &exempt, &n, &f->err));
	assert_int_equal(n, 1);
	assert_int_equal(exempt.functions, CAMERA_WIFI);
	assert_int_equal(exempt.from, T0);
	assert_int_equal(exempt.until, T0 + HOUR);
	assert_int_equal(n_of(f, device_id(3), "berik", T0), 0);
	assert_int_equal(get_device(f, device_id(1)).change, before + 1);
	assert_int_equal(n_due(f), 2);			/* both of aida's, not berik's */
	rec = get(f, 1);
	assert_string_equal(rec.person, "aida");
	assert_string_equal(rec.unit, "ministry");
	assert_string_equal(rec.device, "");
	assert_string_equal(rec.reason, "films an interview");
	assert_string_equal(rec.author, "admin:one");
	assert_string_equal(rec.approver, "admin:two");
	assert_int_equal(rec.created, T0 + 1);
	assert_int_equal(rec.approved, T0 + 2);
	assert_int_equal(rec.ended, 0);
}

static void approving_again_is_a_repeat_for_the_same_person_only(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = approve_op(1, "admin:two");

	people(f);
	add(f, 1, "aida", NULL);
	assert_ok(f, change(f, &op));
	settle(f, device_id(1));
	settle(f, device_id(2));
	assert_ok(f, change(f, &op));
	assert_false(op.changed);
	assert_int_equal(n_due(f), 0);
	assert_int_equal(approve(f, 1, "socket"), BSG_E_CONFLICT);
	assert_non_null(strstr(f->err.text, "approved already"));
	assert_int_equal(approve(f, 1, "admin:one"), BSG_E_CONFLICT);
	assert_string_equal(get(f, 1).approver, "admin:two");
	assert_int_equal(approve(f, 2, "admin:two"), BSG_E_NOT_FOUND);
}

static void one_for_a_device_concerns_that_device_alone(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = add_op(1, NULL, device_id(2));

	people(f);
	assert_ok(f, change(f, &op));
	assert_string_equal(op.exemption_add.concerned, "aida");
	assert_ok(f, approve(f, 1, "admin:two"));
	assert_int_equal(n_due(f), 1);
	assert_int_equal(n_of(f, device_id(1), "aida", T0), 0);
	assert_int_equal(n_of(f, device_id(2), "aida", T0), 1);
	assert_string_equal(get(f, 1).person, "aida");
	assert_string_equal(get(f, 1).device, device_id(2));
}

static void an_end_counts_at_once_and_for_good(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op other = end_op(1, "socket");
	bool changed;

	people(f);
	add(f, 1, "aida", NULL);
	assert_ok(f, approve(f, 1, "admin:two"));
	settle(f, device_id(1));
	settle(f, device_id(2));
	assert_ok(f, end(f, 1, &changed));
	assert_true(changed);
	assert_int_equal(n_of(f, device_id(1), "aida", T0), 0);
	assert_int_equal(n_due(f), 2);
	settle(f, device_id(1));
	settle(f, device_id(2));
	other.exemption_end.at = T0 + 9;
	assert_ok(f, change(f, &other));
	assert_false(other.changed);
	assert_int_equal(get(f, 1).ended, T0 + 3);
	assert_string_equal(get(f, 1).ended_by, "admin:two");
	assert_int_equal(n_due(f), 0);
	assert_int_equal(approve(f, 1, "admin:two"), BSG_E_CONFLICT);
	assert_non_null(strstr(f->err.text, "has ended"));
	assert_int_equal(end(f, 9, &changed), BSG_E_NOT_FOUND);
}

static void one_that_waits_is_withdrawn_without_touching_orders(void **state)
{
	struct store_fixture *f = *state;
	bool changed;

	people(f);
	add(f, 1, "aida", NULL);
	assert_ok(f, end(f, 1, &changed));
	assert_true(changed);
	assert_int_equal(n_due(f), 0);
	assert_int_equal(approve(f, 1, "admin:two"), BSG_E_CONFLICT);
	assert_int_equal(n_of(f, device_id(1), "aida", T0), 0);
}

static void what_is_over_counts_no_more_and_cannot_be_approved_or_ended(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_exempt_rec recs[2];
	struct bsg_op op;
	size_t n;

	people(f);
	add(f, 1, "aida", NULL);
	add(f, 2, "aida", NULL);
	assert_ok(f, approve(f, 1, "admin:two"));
	assert_int_equal(n_of(f, device_id(1), "aida", T0 + HOUR - 1), 1);
	assert_int_equal(n_of(f, device_id(1), "aida", T0 + HOUR), 0);
	assert_ok(f, bsg_store_exemptions_of(f->store, device_id(1), "aida", 0, T0, 2, recs, &n, &f->err));
	assert_int_equal(n, 0);				/* begins when what was asked about is over */
	op = approve_op(2, "admin:two");
	op.exemption_approve.at = T0 + HOUR;
	assert_int_equal(change(f, &op), BSG_E_CONFLICT);
	assert_non_null(strstr(f->err.text, "is over"));
	op.exemption_approve.at = T0 + HOUR - 1;
	assert_ok(f, change(f, &op));
	op = end_op(1, "admin:two");
	op.exemption_end.at = T0 + HOUR;
	assert_ok(f, change(f, &op));
	assert_false(op.changed);
	assert_int_equal(get(f, 1).ended, 0);
}

static void nobody_who_is_unknown_or_gone_gets_one(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op leave = { .kind = BSG_OP_PERSON_LEAVE, .person_leave = { .id = "aida", .at = T0 + HOUR } };
	struct bsg_op revoke = { .kind = BSG_OP_DEVICE_STATE,
		.device_state = { .device = device_id(3), .state = BSG_DEVICE_REVOKED, .at = T0 + HOUR } };
	struct bsg_op op = add_op(1, "nobody", NULL);

	people(f);
	assert_int_equal(change(f, &op), BSG_E_NOT_FOUND);
	op = add_op(1, NULL, device_id(9));
	assert_int_equal(change(f, &op), BSG_E_NOT_FOUND);
	add(f, 2, "aida", NULL);
	add(f, 3, NULL, device_id(3));
	/* Later than both are over, so that they are not ended; then the clock is set back. */
	assert_ok(f, change(f, &leave));
	assert_ok(f, change(f, &revoke));
	op = add_op(4, "aida", NULL);
	assert_int_equal(change(f, &op), BSG_E_NOT_FOUND);
	assert_non_null(strstr(f->err.text, "has left"));
	op = add_op(4, NULL, device_id(3));
	assert_int_equal(change(f, &op), BSG_E_NOT_FOUND);
	assert_non_null(strstr(f->err.text, "revoked or leaving"));
	assert_int_equal(approve(f, 2, "admin:two"), BSG_E_NOT_FOUND);
	assert_int_equal(approve(f, 3, "admin:two"), BSG_E_NOT_FOUND);
}

static void who_leaves_and_what_is_revoked_ends_its_exemptions(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op leave = { .kind = BSG_OP_PERSON_LEAVE, .person_leave = { .id = "aida", .at = T0 + 5 } };
	struct bsg_op revoke = { .kind = BSG_OP_DEVICE_STATE,
		.device_state = { .device = device_id(3), .state = BSG_DEVICE_LEAVING, .at = T0 + 5 } };

	people(f);
	add(f, 1, "aida", NULL);
	add(f, 2, NULL, device_id(2));
	add(f, 3, NULL, device_id(3));
	add(f, 4, "berik", NULL);
	for (unsigned i = 1; i <= 4; i++)
		assert_ok(f, approve(f, i, "admin:two"));
	assert_ok(f, change(f, &leave));
	assert_ok(f, change(f, &revoke));
	for (unsigned i = 1; i <= 4; i++) {
		assert_int_equal(get(f, i).ended, i < 4 ? T0 + 5 : 0);	/* berik's other devices keep theirs */
		assert_string_equal(get(f, i).ended_by, "");
	}
	assert_int_equal(approve(f, 1, "admin:two"), BSG_E_CONFLICT);
}

static void no_device_gets_more_than_its_orders_hold(void **state)
{
	struct store_fixture *f = *state;
	unsigned n = 0;
	bool changed;

	people(f);
	for (; n < 10; n++)
		add(f, n, "aida", NULL);
	for (; n < BSG_EXEMPTIONS_MAX; n++)
		add(f, n, NULL, device_id(2));
	for (unsigned i = 0; i < n; i++)
		assert_ok(f, approve(f, i, "admin:two"));
	assert_int_equal(n_of(f, device_id(2), "aida", T0), BSG_EXEMPTIONS_MAX);
	assert_int_equal(n_of(f, device_id(1), "aida", T0), 10);
	add(f, 20, "aida", NULL);
	add(f, 21, NULL, device_id(2));
	add(f, 22, NULL, device_id(1));
	add(f, 23, "berik", NULL);
	assert_int_equal(approve(f, 20, "admin:two"), BSG_E_LIMIT);	/* device 2 would have 17 */
	assert_non_null(strstr(f->err.text, "aida"));
	assert_non_null(strstr(f->err.text, "end some"));
	assert_int_equal(approve(f, 21, "admin:two"), BSG_E_LIMIT);
	assert_ok(f, approve(f, 22, "admin:two"));
	assert_ok(f, approve(f, 23, "admin:two"));
	assert_int_equal(get(f, 20).approved, 0);
	assert_ok(f, end(f, 15, &changed));
	assert_ok(f, approve(f, 20, "admin:two"));
	assert_int_equal(approve(f, 21, "admin:two"), BSG_E_LIMIT);
}

static void what_is_over_takes_no_room(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op;

	people(f);
	for (unsigned i = 0; i < BSG_EXEMPTIONS_MAX; i++) {
		add(f, i, "aida", NULL);
		assert_ok(f, approve(f, i, "admin:two"));
	}
	op = add_op(30, "aida", NULL);
	op.exemption_add.until = T0 + 2 * HOUR;
	assert_ok(f, change(f, &op));
	op = approve_op(30, "admin:two");
	assert_int_equal(change(f, &op), BSG_E_LIMIT);
	op.exemption_approve.at = T0 + HOUR;
	assert_ok(f, change(f, &op));
}

static void somebody_without_a_device_has_the_same_limit(void **state)
{
	struct store_fixture *f = *state;

	add_person(f, "aida", "ministry", "1001");
	for (unsigned i = 0; i <= BSG_EXEMPTIONS_MAX; i++) {
		add(f, i, "aida", NULL);
		assert_int_equal(approve(f, i, "admin:two"), i < BSG_EXEMPTIONS_MAX ? BSG_OK : BSG_E_LIMIT);
	}
}

static void the_same_id_again_is_a_repeat_or_a_conflict(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op op = add_op(1, "aida", NULL);

	people(f);
	add(f, 1, "aida", NULL);
	assert_ok(f, change(f, &op));
	assert_false(op.changed);
	op.exemption_add.until += 1;
	assert_int_equal(change(f, &op), BSG_E_CONFLICT);
	op = add_op(1, NULL, device_id(1));
	assert_int_equal(change(f, &op), BSG_E_CONFLICT);
}

static void members_that_make_no_sense_are_refused(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op bad[10], late = approve_op(1, "admin:two"), early = end_op(1, "admin:two");
	char reason[BSG_REASON_SIZE + 1];

	people(f);
	for (size_t i = 0; i < 10; i++)
		bad[i] = add_op(1, "aida", NULL);
	bad[0].exemption_add.person = NULL;
	bad[1].exemption_add.device = device_id(1);
	bad[2].exemption_add.functions = 0;
	bad[3].exemption_add.functions = (int64_t)BSG_FUNCTIONS_ALL + 1;
	bad[4].exemption_add.until = bad[4].exemption_add.from;
	bad[5].exemption_add.at = bad[5].exemption_add.until;
	bad[6].exemption_add.from = 0;
	bad[7].exemption_add.reason = "";
	bad[8].exemption_add.id = "1";
	bad[9].exemption_add.author = NULL;
	for (size_t i = 0; i < 10; i++)
		if (change(f, &bad[i]) != BSG_E_INVALID)
			fail_msg("taken: %zu", i);
	memset(reason, 'x', sizeof(reason));
	reason[BSG_REASON_SIZE] = '\0';
	bad[7].exemption_add.reason = reason;
	assert_int_equal(change(f, &bad[7]), BSG_E_LIMIT);
	late.exemption_approve.at = 0;
	assert_int_equal(change(f, &late), BSG_E_INVALID);
	early.exemption_end.at = 0;
	assert_int_equal(change(f, &early), BSG_E_INVALID);
	bad[0] = add_op(1, "aida", NULL);
	assert_int_equal(apply(f, &bad[0]), BSG_E_BUG);	/* without an audit entry */
	late = approve_op(1, "admin:two");
	assert_int_equal(apply(f, &late), BSG_E_BUG);
	early = end_op(1, "admin:two");
	assert_int_equal(apply(f, &early), BSG_E_BUG);
}

static void lists_are_newest_first_by_person_and_by_unit(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_exemption_rec recs[3];
	struct bsg_page page = { .limit = 3 };
	char cursor[BSG_CURSOR_SIZE];
	unsigned n = 5;

	people(f);
	for (unsigned i = 0; i < 5; i++) {
		struct bsg_op op = i == 2 ? add_op(i, NULL, device_id(3)) : add_op(i, i == 4 ? "berik" : "aida", NULL);

		op.exemption_add.at = T0 + i / 2;	/* some in one second */
		assert_ok(f, change(f, &op));
	}
	do {
		assert_ok(f, bsg_store_exemptions(f->store, NULL, NULL, &page, recs, &f->err));
		for (size_t i = 0; i < page.n; i++)
			assert_string_equal(recs[i].id, exemption_id(--n));
		memcpy(cursor, page.next, sizeof(cursor));
		page.cursor = cursor;
	} while (page.next[0] != '\0');
	assert_int_equal(n, 0);
	page = (struct bsg_page){ .limit = 3 };
	assert_ok(f, bsg_store_exemptions(f->store, "berik", NULL, &page, recs, &f->err));
	assert_int_equal(page.n, 2);
	assert_string_equal(recs[1].device, device_id(3));
	assert_ok(f, bsg_store_exemptions(f->store, NULL, "ministry", &page, recs, &f->err));
	assert_int_equal(page.n, 3);
	assert_string_equal(recs[0].id, exemption_id(3));
	assert_ok(f, bsg_store_exemptions(f->store, "berik", "ministry", &page, recs, &f->err));
	assert_int_equal(page.n, 0);
	page.cursor = "x";
	assert_int_equal(bsg_store_exemptions(f->store, NULL, NULL, &page, recs, &f->err), BSG_E_INVALID);
}

static void orders_made_without_knowing_of_it_are_never_stored(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_device_rec rec;
	struct bsg_op put;
	bool changed;

	people(f);
	add(f, 1, "aida", NULL);
	for (int i = 0; i < 2; i++) {
		rec = get_device(f, device_id(1));
		put = (struct bsg_op){ .kind = BSG_OP_ORDERS_PUT, .orders_put = {
			.device = rec.id, .expected_serial = rec.serial, .serial = rec.serial + 1, .change = rec.change,
			.policy = 1, .expires = T0 + 1, .due = T0 + 1, .digest = digest_of("orders"), .content = digest_of("said"),
			.bytes = { (const uint8_t *)"signed", 6 } } };
		assert_ok(f, i == 0 ? approve(f, 1, "admin:two") : end(f, 1, &changed));
		assert_int_equal(apply(f, &put), BSG_E_CONFLICT);
	}
}

enum { N_THREADS = 6, N_WAITING = 30 };

struct racer {
	pthread_t thread;
	struct store_fixture *f;
	char name[BSG_ACTOR_SIZE];
	unsigned n_approved, n_conflicts, n_full, n_failed;
};

static void *approve_all(void *arg)
{
	struct racer *r = arg;

	for (unsigned i = 0; i < N_WAITING; i++) {
		char id[BSG_ID_SIZE];
		struct bsg_op ops[] = { { .kind = BSG_OP_EXEMPTION_APPROVE,
			.exemption_approve = { .id = id, .approver = r->name, .at = T0 + 2 } }, audit_op() };
		enum bsg_err rc;

		(void)snprintf(id, sizeof(id), "eeeeeeeeeeeeeeeeeeeeeeee%08x", i);	/* helpers' buffers are for one thread */
		rc = bsg_store_apply(r->f->store, ops, 2, NULL);
		r->n_approved += rc == BSG_OK && ops[0].changed;
		r->n_conflicts += rc == BSG_E_CONFLICT;
		r->n_full += rc == BSG_E_LIMIT;
		r->n_failed += rc != BSG_OK && rc != BSG_E_CONFLICT && rc != BSG_E_LIMIT;
	}
	return NULL;
}

static void of_many_who_approve_at_once_each_counts_once_and_none_is_too_many(void **state)
{
	struct store_fixture *f = *state;
	struct racer racers[N_THREADS];
	unsigned n_approved = 0;

	people(f);
	for (unsigned i = 0; i < N_WAITING; i++)
		add(f, i, "aida", NULL);
	for (unsigned i = 0; i < N_THREADS; i++) {
		racers[i] = (struct racer){ .f = f };
		(void)snprintf(racers[i].name, sizeof(racers[i].name), "admin:t%u", i);
		assert_int_equal(pthread_create(&racers[i].thread, NULL, approve_all, &racers[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		assert_int_equal(racers[i].n_failed, 0);
		assert_true(racers[i].n_full > 0);
		n_approved += racers[i].n_approved;
	}
	assert_int_equal(n_approved, BSG_EXEMPTIONS_MAX);
	assert_int_equal(n_of(f, device_id(1), "aida", T0), BSG_EXEMPTIONS_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_exemption_counts_once_another_person_has_approved_it),
		TEST(approving_again_is_a_repeat_for_the_same_person_only),
		TEST(one_for_a_device_concerns_that_device_alone),
		TEST(an_end_counts_at_once_and_for_good),
		TEST(one_that_waits_is_withdrawn_without_touching_orders),
		TEST(what_is_over_counts_no_more_and_cannot_be_approved_or_ended),
		TEST(nobody_who_is_unknown_or_gone_gets_one),
		TEST(who_leaves_and_what_is_revoked_ends_its_exemptions),
		TEST(no_device_gets_more_than_its_orders_hold),
		TEST(what_is_over_takes_no_room),
		TEST(somebody_without_a_device_has_the_same_limit),
		TEST(the_same_id_again_is_a_repeat_or_a_conflict),
		TEST(members_that_make_no_sense_are_refused),
		TEST(lists_are_newest_first_by_person_and_by_unit),
		TEST(orders_made_without_knowing_of_it_are_never_stored),
		TEST(of_many_who_approve_at_once_each_counts_once_and_none_is_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
