/* SPDX-License-Identifier: Apache-2.0 */
/* Picks the backend and hands batches to the writer. */
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/backend.h"

#define READERS_DEFAULT 4
#define READERS_MAX 64
#define QUEUED_DEFAULT 8192

static const struct bsg_backend *const backends[] = { &bsg_backend_sqlite };

static const struct bsg_backend *find_backend(const char *url, const char **where)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		size_t n = strlen(backends[i]->scheme);

		if (strncmp(url, backends[i]->scheme, n) == 0 && url[n] == ':') {
			*where = url + n + 1;
			return backends[i];
		}
	}
	return NULL;
}

static enum bsg_err take_options(struct bsg_store *store, const struct bsg_store_options *options,
				 struct bsg_error *err)
{
	struct bsg_store_options *o = &store->options;

	if (options == NULL || options->sha256 == NULL || options->n_readers > READERS_MAX || options->max_bytes < 0)
		return bsg_fail(err, BSG_E_INVALID, "open store: options without a hash, or out of range");
	*o = *options;
	if (o->n_readers == 0)
		o->n_readers = READERS_DEFAULT;
	if (o->max_queued == 0)
		o->max_queued = QUEUED_DEFAULT;
	return BSG_OK;
}

enum bsg_err bsg_store_open(const char *url, const struct bsg_store_options *options, struct bsg_store **out,
			    struct bsg_error *err)
{
	const char *where = NULL;
	const struct bsg_backend *backend = find_backend(url, &where);
	struct bsg_store *store;
	enum bsg_err rc;

	*out = NULL;
	if (backend == NULL)
		return bsg_fail(err, BSG_E_INVALID, "unknown kind of store: a URL begins with sqlite:");
	store = calloc(1, sizeof(*store));
	if (store == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "open store: out of memory");
	store->backend = backend;
	rc = take_options(store, options, err);
	if (rc == BSG_OK)
		rc = backend->open(where, &store->options, &store->self, err);
	if (rc == BSG_OK)
		rc = bsg_writer_start(store, &store->writer, err);
	if (rc != BSG_OK) {
		bsg_store_close(store);
		return rc;
	}
	*out = store;
	return BSG_OK;
}

void bsg_store_close(struct bsg_store *store)
{
	if (store == NULL)
		return;
	bsg_writer_stop(store->writer);
	if (store->self != NULL)
		store->backend->close(store->self);
	free(store);
}

enum bsg_err bsg_store_submit(struct bsg_store *store, struct bsg_batch *batch, struct bsg_error *err)
{
	enum bsg_err rc;

	if (batch->done == NULL || batch->n_ops == 0)
		return bsg_fail(err, BSG_E_BUG, "a batch without operations or callback");
	rc = bsg_store_check(batch->ops, batch->n_ops, err);
	if (rc != BSG_OK)
		return rc;
	return bsg_writer_submit(store->writer, batch, err);
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool done;
};

static void wake_waiter(struct bsg_batch *batch)
{
	struct waiter *waiter = batch->arg;

	pthread_mutex_lock(&waiter->lock);
	waiter->done = true;
	pthread_cond_signal(&waiter->wake);
	pthread_mutex_unlock(&waiter->lock);
}

enum bsg_err bsg_store_apply(struct bsg_store *store, struct bsg_op *ops, size_t n_ops, struct bsg_error *err)
{
	struct waiter waiter = { .done = false };
	struct bsg_batch batch = { .ops = ops, .n_ops = n_ops, .done = wake_waiter, .arg = &waiter };
	enum bsg_err rc;

	if (bsg_writer_is_self(store->writer))
		return bsg_fail(err, BSG_E_BUG, "a callback of the store may not wait for the store");
	store->backend->moment_renew(store->self);
	pthread_mutex_init(&waiter.lock, NULL);
	pthread_cond_init(&waiter.wake, NULL);
	rc = bsg_store_submit(store, &batch, err);
	if (rc == BSG_OK) {
		pthread_mutex_lock(&waiter.lock);
		while (!waiter.done)
			pthread_cond_wait(&waiter.wake, &waiter.lock);
		pthread_mutex_unlock(&waiter.lock);
		rc = batch.rc;
		if (rc != BSG_OK && err != NULL)
			*err = batch.err;
	}
	pthread_cond_destroy(&waiter.wake);
	pthread_mutex_destroy(&waiter.lock);
	return rc;
}

void bsg_store_moment_begin(struct bsg_store *store)
{
	store->backend->moment_begin(store->self);
}

void bsg_store_moment_end(struct bsg_store *store)
{
	store->backend->moment_end(store->self);
}

enum bsg_err bsg_store_ready(struct bsg_store *store, struct bsg_error *err)
{
	struct bsg_op probe = { .kind = BSG_OP_PROBE };
	struct bsg_query query = { .kind = BSG_QUERY_POLICY_ACTIVE, .text = { "", "", "" } };
	struct bsg_policy_rec policy;

	/* A sync for each question would be a gift to whoever asks often: only after a failure, to see whether it is over. */
	if (bsg_writer_last_failed(store->writer))
		return bsg_store_apply(store, &probe, 1, err);
	query.out = &policy;
	query.limit = 1;
	return store->backend->read(store->self, &query, err);
}

void bsg_store_stats(struct bsg_store *store, struct bsg_store_stats *out)
{
	bsg_writer_stats(store->writer, out);
}

void bsg_store_blob_free(struct bsg_store_blob *blob)
{
	free(blob->data);
	*blob = (struct bsg_store_blob){ 0 };
}

void bsg_store_copy(char *out, size_t size, const char *text)
{
	size_t len = text != NULL ? strnlen(text, size - 1) : 0;

	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}
