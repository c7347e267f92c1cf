/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract: batches, callbacks, group commit, several threads. Run on every backend, and under TSan. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

static struct bsg_op person_op(const char *id)
{
	return (struct bsg_op){ .kind = BSG_OP_PERSON_ADD, .person_add = { id, "Somebody", NULL, "kk", T0 } };
}

static void a_batch_is_all_or_nothing(void **state)
{
	struct store_fixture *f = *state;
	struct bsg_op ops[] = {
		person_op("aida"), audit_op(),
		{ .kind = BSG_OP_BADGE_ADD, .badge_add = { "1001", "nobody", T0 } }, person_op("berik"),
	};
	struct bsg_person_rec person;
	struct bsg_audit_check check;

	assert_int_equal(bsg_store_apply(f->store, ops, 4, &f->err), BSG_E_NOT_FOUND);
	assert_string_equal(f->err.text, "person nobody is not registered");
	assert_int_equal(bsg_store_person(f->store, "aida", &person, &f->err), BSG_E_NOT_FOUND);
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, 0);
}

/* A batch of one crossing, and what its callback saw. */
struct job {
	struct bsg_batch batch;
	struct bsg_op ops[3];
	char id[BSG_NAME_SIZE];
	struct gathered *all;
	unsigned order;
};

struct gathered {
	struct store_fixture *f;
	sem_t done, go;
	atomic_uint n_done, n_unreadable;
};

static void gathered_init(struct gathered *all, struct store_fixture *f)
{
	all->f = f;
	assert_int_equal(sem_init(&all->done, 0, 0), 0);
	assert_int_equal(sem_init(&all->go, 0, 0), 0);
	atomic_init(&all->n_done, 0);
	atomic_init(&all->n_unreadable, 0);
}

static void wait_for(sem_t *sem, unsigned n)
{
	for (; n > 0; n--)
		while (sem_wait(sem) != 0)
			;
}

static void note_done(struct bsg_batch *batch)
{
	struct job *job = batch->arg;
	struct bsg_person_rec person;

	job->order = atomic_fetch_add(&job->all->n_done, 1);
	/* What is called back is committed: every reader sees it. */
	if (batch->rc == BSG_OK && bsg_store_person(job->all->f->store, job->id, &person, NULL) != BSG_OK)
		atomic_fetch_add(&job->all->n_unreadable, 1);
	sem_post(&job->all->done);
}

static void make_job(struct job *job, struct gathered *all, unsigned n)
{
	memset(job, 0, sizeof(*job));
	(void)snprintf(job->id, sizeof(job->id), "p%u", n);
	job->ops[0] = person_op(job->id);
	job->ops[1] = audit_op();
	job->all = all;
	job->batch = (struct bsg_batch){ .ops = job->ops, .n_ops = 2, .done = note_done, .arg = job };
}

/* Holds the writer in a callback until all->go. */
static void hold_writer(struct bsg_batch *batch)
{
	struct job *job = batch->arg;

	sem_post(&job->all->done);
	wait_for(&job->all->go, 1);
}

static void block_writer(struct job *job, struct gathered *all)
{
	make_job(job, all, 999999);
	job->batch.done = hold_writer;
	assert_ok(all->f, bsg_store_submit(all->f->store, &job->batch, &all->f->err));
	wait_for(&all->done, 1);
}

static void batches_that_gather_share_one_commit_and_come_back_in_order(void **state)
{
	enum { N = 200 };
	struct store_fixture *f = *state;
	struct job *jobs = calloc(N, sizeof(*jobs)), blocker;
	struct bsg_store_stats before, after;
	struct gathered all;

	assert_non_null(jobs);
	gathered_init(&all, f);
	block_writer(&blocker, &all);
	bsg_store_stats(f->store, &before);
	for (unsigned i = 0; i < N; i++) {
		make_job(&jobs[i], &all, i / 2);	/* each twice, the second with another name: refused */
		if (i % 2)
			jobs[i].ops[0].person_add.name = "Another";
		assert_ok(f, bsg_store_submit(f->store, &jobs[i].batch, &f->err));
	}
	bsg_store_stats(f->store, &after);
	assert_int_equal(after.queued, N);
	sem_post(&all.go);
	wait_for(&all.done, N);
	bsg_store_stats(f->store, &after);
	assert_int_equal(after.commits - before.commits, 1);
	assert_int_equal(after.batches - before.batches, N / 2);
	assert_int_equal(after.refused - before.refused, N / 2);
	assert_int_equal(atomic_load(&all.n_unreadable), 0);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(jobs[i].order, i);
		assert_int_equal(jobs[i].batch.rc, i % 2 ? BSG_E_CONFLICT : BSG_OK);
		assert_int_equal(jobs[i].batch.failed_op, i % 2 ? 0 : 2);
	}
	free(jobs);
}

/* Each third adds its person and is refused then: its group is applied again, and answered once. */
static void a_batch_that_is_refused_halfway_costs_its_neighbours_nothing(void **state)
{
	enum { N = 30 };
	struct store_fixture *f = *state;
	struct job *jobs = calloc(N, sizeof(*jobs)), blocker;
	struct bsg_store_stats before, after;
	struct bsg_audit_check check;
	struct bsg_person_rec person;
	struct gathered all;

	assert_non_null(jobs);
	gathered_init(&all, f);
	block_writer(&blocker, &all);
	bsg_store_stats(f->store, &before);
	for (unsigned i = 0; i < N; i++) {
		make_job(&jobs[i], &all, i);
		if (i % 3 == 1) {
			jobs[i].ops[2] = jobs[i].ops[1];
			jobs[i].ops[1] = (struct bsg_op){ .kind = BSG_OP_BADGE_ADD, .badge_add = { "1001", "nobody", T0 } };
			jobs[i].batch.n_ops = 3;
		}
		assert_ok(f, bsg_store_submit(f->store, &jobs[i].batch, &f->err));
	}
	sem_post(&all.go);
	wait_for(&all.done, N);
	bsg_store_stats(f->store, &after);
	assert_int_equal(after.commits - before.commits, 1);
	assert_int_equal(after.refused - before.refused, N / 3);
	for (unsigned i = 0; i < N; i++) {
		const enum bsg_err rc = bsg_store_person(f->store, jobs[i].id, &person, &f->err);

		assert_int_equal(jobs[i].order, i);
		assert_int_equal(jobs[i].batch.rc, i % 3 == 1 ? BSG_E_NOT_FOUND : BSG_OK);
		assert_int_equal(jobs[i].batch.failed_op, i % 3 == 1 ? 1 : 2);
		assert_int_equal(rc, i % 3 == 1 ? BSG_E_NOT_FOUND : BSG_OK);
	}
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, N - N / 3 + 1);	/* the blocker's, too */
	assert_int_equal(check.broken_at, 0);
	free(jobs);
}

static void a_full_queue_refuses_and_drains(void **state)
{
	struct store_fixture *f = *state;
	struct job jobs[4], blocker;
	struct bsg_store_stats stats;
	struct gathered all;

	f->options.max_queued = 3;
	fixture_reopen(f);
	gathered_init(&all, f);
	block_writer(&blocker, &all);
	for (unsigned i = 0; i < 4; i++) {
		make_job(&jobs[i], &all, i);
		assert_int_equal(bsg_store_submit(f->store, &jobs[i].batch, &f->err),
				 i < 3 ? BSG_OK : BSG_E_UNAVAILABLE);
	}
	assert_int_equal(bsg_store_apply(f->store, jobs[3].ops, 2, &f->err), BSG_E_UNAVAILABLE);
	bsg_store_stats(f->store, &stats);
	assert_int_equal(stats.overflows, 2);
	sem_post(&all.go);
	wait_for(&all.done, 3);
	assert_ok(f, bsg_store_apply(f->store, jobs[3].ops, 2, &f->err));
}

static void a_callback_may_submit_but_not_wait(struct bsg_batch *batch)
{
	struct job *job = batch->arg, *follower = job + 1;
	struct store_fixture *f = job->all->f;

	assert_int_equal(bsg_store_apply(f->store, follower->ops, 2, NULL), BSG_E_BUG);
	assert_int_equal(bsg_store_submit(f->store, &follower->batch, NULL), BSG_OK);
	sem_post(&job->all->done);
}

static void a_callback_submits_the_next_batch(void **state)
{
	struct store_fixture *f = *state;
	struct job jobs[2];
	struct gathered all;

	gathered_init(&all, f);
	make_job(&jobs[0], &all, 0);
	make_job(&jobs[1], &all, 1);
	jobs[0].batch.done = a_callback_may_submit_but_not_wait;
	assert_ok(f, bsg_store_submit(f->store, &jobs[0].batch, &f->err));
	wait_for(&all.done, 2);
	assert_int_equal(jobs[1].batch.rc, BSG_OK);
}

static void closing_commits_what_is_queued(void **state)
{
	struct store_fixture *f = *state;
	struct job jobs[50];
	struct gathered all;
	struct bsg_person_rec person;

	gathered_init(&all, f);
	for (unsigned i = 0; i < 50; i++) {
		make_job(&jobs[i], &all, i);
		assert_ok(f, bsg_store_submit(f->store, &jobs[i].batch, &f->err));
	}
	fixture_close(f);
	assert_int_equal(atomic_load(&all.n_done), 50);
	fixture_reopen(f);
	for (unsigned i = 0; i < 50; i++)
		assert_ok(f, bsg_store_person(f->store, jobs[i].id, &person, &f->err));
}

enum { N_THREADS = 6, N_EACH = 40 };

struct worker {
	pthread_t thread;
	struct store_fixture *f;
	unsigned number, n_failed, n_conflicts;
};

static void *put_orders_until_done(void *arg)
{
	struct worker *w = arg;
	struct bsg_error err;
	unsigned n = 0;

	while (n < N_EACH) {
		struct bsg_device_rec device;
		struct bsg_op op = { .kind = BSG_OP_ORDERS_PUT };
		static const uint8_t digest[BSG_STORE_SHA256_LEN] = { 1 };
		enum bsg_err rc = bsg_store_device(w->f->store, "00112233445566778899aabb00000001", &device, &err);

		op.orders_put = (struct bsg_op_orders_put){
			.device = device.id, .expected_serial = device.serial, .serial = device.serial + 1,
			.change = device.change, .policy = 1, .expires = T0, .due = T0 + 1, .digest = digest, .content = digest,
			.bytes = { (const uint8_t *)"x", 1 } };
		if (rc == BSG_OK)
			rc = bsg_store_apply(w->f->store, &op, 1, &err);
		if (rc == BSG_OK)
			n++;
		else if (rc == BSG_E_CONFLICT)
			w->n_conflicts++;
		else
			w->n_failed++, n++;
	}
	return NULL;
}

static void threads_that_race_use_each_serial_once(void **state)
{
	struct store_fixture *f = *state;
	struct worker workers[N_THREADS];
	unsigned n_conflicts = 0;

	add_person(f, "aida", NULL, NULL);
	enrol(f, "aida", device_id(1));
	for (unsigned i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){ .f = f, .number = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, put_orders_until_done, &workers[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].n_failed, 0);
		n_conflicts += workers[i].n_conflicts;
	}
	assert_int_equal(get_device(f, device_id(1)).serial, N_THREADS * N_EACH);
	print_message("# %u conflicts in %d serials\n", n_conflicts, N_THREADS * N_EACH);
}

static void *write_and_read(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < N_EACH; i++) {
		struct bsg_op ops[] = { person_op(""), audit_op() };
		struct bsg_person_rec person;
		struct bsg_counts_rec counts;
		char id[BSG_NAME_SIZE];

		(void)snprintf(id, sizeof(id), "w%u-%u", w->number, i);
		ops[0].person_add.id = id;
		if (bsg_store_apply(w->f->store, ops, 2, NULL) != BSG_OK ||
		    bsg_store_person(w->f->store, id, &person, NULL) != BSG_OK ||
		    bsg_store_counts(w->f->store, &counts, NULL) != BSG_OK || counts.people < i + 1)
			w->n_failed++;
	}
	return NULL;
}

static void each_thread_reads_what_it_wrote(void **state)
{
	struct store_fixture *f = *state;
	struct worker workers[N_THREADS];
	struct bsg_store_stats stats;
	struct bsg_audit_check check;

	f->options.n_readers = 2;	/* fewer than threads: they wait for one */
	fixture_reopen(f);
	for (unsigned i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){ .f = f, .number = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, write_and_read, &workers[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].n_failed, 0);
	}
	bsg_store_stats(f->store, &stats);
	assert_int_equal(stats.batches, N_THREADS * N_EACH);
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, N_THREADS * N_EACH);
	assert_int_equal(check.broken_at, 0);
}

static void two_stores_on_one_database_agree(void **state)
{
	struct store_fixture *f = *state;
	struct store_fixture other = *f;
	struct worker workers[2];
	struct bsg_audit_check check;

	other.store = NULL;
	assert_ok(f, bsg_store_open(f->url, &f->options, &other.store, &f->err));
	workers[0] = (struct worker){ .f = f, .number = 0 };
	workers[1] = (struct worker){ .f = &other, .number = 1 };
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, write_and_read, &workers[i]), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].n_failed, 0);
	}
	bsg_store_close(other.store);
	assert_ok(f, bsg_store_audit_verify(f->store, &check, &f->err));
	assert_int_equal(check.n, 2 * N_EACH);
	assert_int_equal(check.broken_at, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_batch_is_all_or_nothing),
		TEST(batches_that_gather_share_one_commit_and_come_back_in_order),
		TEST(a_batch_that_is_refused_halfway_costs_its_neighbours_nothing),
		TEST(a_full_queue_refuses_and_drains),
		TEST(a_callback_submits_the_next_batch),
		TEST(closing_commits_what_is_queued),
		TEST(threads_that_race_use_each_serial_once),
		TEST(each_thread_reads_what_it_wrote),
		TEST(two_stores_on_one_database_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
