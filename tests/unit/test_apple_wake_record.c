/* SPDX-License-Identifier: Apache-2.0 */
/* What became of pushes, on its way to a store that is slow, or refuses it (apple/wake.c): rules A95 and A140 of docs/spec/apple.md. */
#include "wake_world.h"

#include <stdatomic.h>

/* Results that are handed to the store: the next one is refused, or kept until let_go(). */
static struct {
	struct bsg_store *store;
	_Atomic bool refuses, keeps;
	_Atomic(struct bsg_batch *) kept;
	_Atomic unsigned n;
} records;

enum bsg_err __real_bsg_store_submit(struct bsg_store *store, struct bsg_batch *batch, struct bsg_error *err);
enum bsg_err __wrap_bsg_store_submit(struct bsg_store *store, struct bsg_batch *batch, struct bsg_error *err);

enum bsg_err __wrap_bsg_store_submit(struct bsg_store *store, struct bsg_batch *batch, struct bsg_error *err)
{
	assert_int_equal(batch->ops[0].kind, BSG_OP_APPLE_PUSHED);
	records.n++;
	if (atomic_exchange(&records.refuses, false))
		return bsg_fail(err, BSG_E_UNAVAILABLE, "the queue is full");
	if (!atomic_exchange(&records.keeps, false))
		return __real_bsg_store_submit(store, batch, err);
	records.store = store;
	records.kept = batch;
	return BSG_OK;
}

static void let_go(void)
{
	struct bsg_error err;

	assert_int_equal(__real_bsg_store_submit(records.store, atomic_exchange(&records.kept, NULL), &err), BSG_OK);
}

/* One phone in need, pushed once; what became of it is treated as @treatment says. */
static void push_one(struct world *w, _Atomic bool *treatment)
{
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	*treatment = true;
	start(w);
	EVENTUALLY(n_pushes(w) >= 1 && !*treatment);
}

static void what_the_store_does_not_take_is_pushed_once_more(void **state)
{
	struct world *w = *state;

	push_one(w, &records.refuses);
	EVENTUALLY(push_at(w, 1) == NOW + 10);
	nothing_more(w, 2);
	assert_int_equal(records.n, 2);
}

static void what_a_commit_loses_is_pushed_once_more(void **state)
{
	struct world *w = *state;
	struct bsg_batch *batch;

	push_one(w, &records.keeps);
	EVENTUALLY(records.kept != NULL);
	nothing_more(w, 1);
	batch = atomic_exchange(&records.kept, NULL);
	batch->rc = bsg_fail(&batch->err, BSG_E_UNAVAILABLE, "the disk is full");
	batch->done(batch);
	EVENTUALLY(push_at(w, 1) == NOW + 10);
	nothing_more(w, 2);
}

/* The older result is nothing to the newer state: that is due as soon as the store has said so. */
static void what_is_newer_than_a_result_on_its_way_is_pushed_after_it_once(void **state)
{
	struct world *w = *state;

	push_one(w, &records.keeps);
	EVENTUALLY(records.kept != NULL);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 2);
	nothing_more(w, 1);
	let_go();
	EVENTUALLY(n_pushes(w) == 2);
	EVENTUALLY(push_at(w, 1) == NOW + 10);
	nothing_more(w, 2);
	assert_true(w->pushes[1].expiration > LEASE);
}

static _Atomic bool is_let_go;

static void *let_go_late(void *arg)
{
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	is_let_go = true;
	let_go();
	return arg;
}

static void the_end_waits_for_what_the_store_has(void **state)
{
	struct world *w = *state;
	pthread_t thread;

	push_one(w, &records.keeps);
	EVENTUALLY(records.kept != NULL);
	is_let_go = false;
	assert_int_equal(pthread_create(&thread, NULL, let_go_late, NULL), 0);
	stop(w);
	assert_true(is_let_go);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(push_at(w, 1), NOW + 10);
}

static int set_up(void **state)
{
	records.refuses = records.keeps = false;
	records.kept = NULL;
	records.n = 0;
	return wake_world_set_up(state);
}

/* After a failure as well: the end waits for it. */
static int tear_down(void **state)
{
	if (records.kept != NULL)
		let_go();
	return wake_world_tear_down(state);
}

int main(void)
{
#define WORLD(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WORLD(what_the_store_does_not_take_is_pushed_once_more),
		WORLD(what_a_commit_loses_is_pushed_once_more),
		WORLD(what_is_newer_than_a_result_on_its_way_is_pushed_after_it_once),
		WORLD(the_end_waits_for_what_the_store_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
