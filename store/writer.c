/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: a bounded queue of batches and the one thread that commits them in groups.
 *
 * While one commit waits for the disk the next batches gather, and share the next one: under load many batches cost
 * one sync, alone a batch waits for nobody.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "store/backend.h"

#define GROUP_MAX 4096	/* batches of one transaction: bounds how long the first of them waits */

struct writer_queue {
	struct bsg_batch *first, **last;
};

struct bsg_writer {
	struct bsg_store *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct writer_queue queue;	/* the rest is under the lock, too */
	bool stopping, last_failed;
	unsigned max_queued;
	struct bsg_store_stats stats;
};

/* Take what is queued, at most a group. @return its length; 0: nothing is left and the writer stops */
static unsigned take_group(struct bsg_writer *w, struct bsg_batch **out)
{
	struct bsg_batch *end;
	unsigned n = 1;

	pthread_mutex_lock(&w->lock);
	while (w->queue.first == NULL && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	*out = end = w->queue.first;
	if (end == NULL) {
		pthread_mutex_unlock(&w->lock);
		return 0;
	}
	for (; end->next != NULL && n < GROUP_MAX; n++)
		end = end->next;
	w->queue.first = end->next;
	if (end->next == NULL)
		w->queue.last = &w->queue.first;
	end->next = NULL;
	w->stats.queued -= n;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static enum bsg_err try_group(struct bsg_store *store, struct bsg_batch *group, bool careful, struct bsg_error *err)
{
	enum bsg_err rc = store->backend->begin(store->self, careful, err);

	if (rc != BSG_OK)
		return rc;
	for (struct bsg_batch *b = group; b != NULL && rc == BSG_OK; b = b->next) {
		b->rc = BSG_OK;
		b->failed_op = b->n_ops;
		rc = store->backend->apply(store->self, b, err);
	}
	if (rc == BSG_OK)
		rc = store->backend->commit(store->self, err);
	if (rc != BSG_OK)
		store->backend->rollback(store->self);
	return rc;
}

/* That a batch is refused halfway is rare: so all of its group pay for it, once, and not each batch always. */
static enum bsg_err commit_group(struct bsg_store *store, struct bsg_batch *group, struct bsg_error *err)
{
	enum bsg_err rc = try_group(store, group, false, err);

	return rc == BSG_E_CONFLICT ? try_group(store, group, true, err) : rc;
}

/*
 * Nothing of a lost group is answered by what its operations came to, not even a refusal: it may rest on a neighbour
 * that is lost as well.
 */
static void fail_group(struct bsg_batch *group, enum bsg_err rc, const struct bsg_error *err)
{
	for (struct bsg_batch *b = group; b != NULL; b = b->next) {
		b->rc = rc;
		b->err = *err;
		b->failed_op = b->n_ops;
	}
}

static void count_group(struct bsg_writer *w, const struct bsg_batch *group, unsigned n, bool failed)
{
	uint64_t n_refused = 0;

	for (const struct bsg_batch *b = group; b != NULL; b = b->next)
		n_refused += b->rc != BSG_OK;
	pthread_mutex_lock(&w->lock);
	w->last_failed = failed;
	w->stats.commits += !failed;
	w->stats.failed += failed ? n : 0;
	w->stats.batches += failed ? 0 : n - n_refused;
	w->stats.refused += failed ? 0 : n_refused;
	pthread_mutex_unlock(&w->lock);
}

static void *writer_main(void *arg)
{
	struct bsg_writer *w = arg;
	struct bsg_batch *group, *next;
	struct bsg_error err = { 0 };
	enum bsg_err rc;
	unsigned n;

	/* Everybody waits for this thread: it does not inherit the patience of one that has SCHED_BATCH. */
	(void)sched_setscheduler(0, SCHED_OTHER, &(const struct sched_param){ .sched_priority = 0 });
	while ((n = take_group(w, &group)) > 0) {
		rc = commit_group(w->store, group, &err);
		if (rc != BSG_OK)
			fail_group(group, rc, &err);
		count_group(w, group, n, rc != BSG_OK);
		for (; group != NULL; group = next) {
			next = group->next;	/* the callback may free the batch */
			group->next = NULL;
			group->done(group);
		}
	}
	return NULL;
}

enum bsg_err bsg_writer_start(struct bsg_store *store, struct bsg_writer **out, struct bsg_error *err)
{
	struct bsg_writer *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "open store: out of memory");
	w->store = store;
	w->max_queued = store->options.max_queued;
	w->queue.last = &w->queue.first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
		pthread_cond_destroy(&w->wake);
		pthread_mutex_destroy(&w->lock);
		free(w);
		return bsg_fail(err, BSG_E_UNAVAILABLE, "open store: cannot start the writer's thread");
	}
	*out = w;
	return BSG_OK;
}

void bsg_writer_stop(struct bsg_writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

enum bsg_err bsg_writer_submit(struct bsg_writer *w, struct bsg_batch *batch, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	pthread_mutex_lock(&w->lock);
	if (w->stopping) {
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "the store is closing");
	} else if (w->stats.queued >= w->max_queued) {
		w->stats.overflows++;
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "the store is busy: %u batches wait; try again later",
			      w->stats.queued);
	} else {
		batch->next = NULL;
		*w->queue.last = batch;
		w->queue.last = &batch->next;
		w->stats.queued++;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

bool bsg_writer_is_self(const struct bsg_writer *w)
{
	return pthread_equal(pthread_self(), w->thread);
}

bool bsg_writer_last_failed(struct bsg_writer *w)
{
	bool failed;

	pthread_mutex_lock(&w->lock);
	failed = w->last_failed;
	pthread_mutex_unlock(&w->lock);
	return failed;
}

void bsg_writer_stats(struct bsg_writer *w, struct bsg_store_stats *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->stats;
	pthread_mutex_unlock(&w->lock);
}
