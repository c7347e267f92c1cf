/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server remembers: people, devices, policies, orders, crossings, reports, audit.
 *
 * Writes are batches of typed operations (store/ops.h). A batch is all or nothing, and its callback comes only after the
 * commit: nothing may be answered before. One thread writes; everything queued shares one commit. Reads are typed
 * functions (store/read.h) that any thread may call at any time. Nothing tells which database is behind it.
 *
 * Texts are UTF-8 ending in zero, ids and names as in docs/spec; times are Unix seconds UTC, 0 stands for "never, not yet".
 */
#ifndef BSG_STORE_H
#define BSG_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/error.h"

#define BSG_STORE_SHA256_LEN 32

struct bsg_store;
struct bsg_op;		/* store/ops.h */

struct bsg_store_options {
	/**
	 * Hash for the audit chain; required. The store holds no cryptography of its own.
	 * @return false: could not (the batch fails with BSG_E_CRYPTO)
	 */
	bool (*sha256)(const void *bytes, size_t len, uint8_t out[BSG_STORE_SHA256_LEN]);
	unsigned n_readers;	/* reader connections, at most 64; 0: 4 */
	unsigned max_queued;	/* batches waiting for the writer; 0: 8192 */
	int64_t max_bytes;	/* the database may not grow past this; 0: as the disk allows */
};

/**
 * Open the store named by a URL, creating or upgrading it.
 *
 * Upgrades run in one transaction each: a crash leaves the old version or the new one.
 *
 * @param url      "sqlite:PATH"; it may hold a password: it is never in err->text
 * @param options  copied
 * @param out      owned by the caller, bsg_store_close(); NULL on failure
 *
 * @return BSG_E_INVALID      unknown kind of store, options without a hash, or the file is damaged or no database of ours
 * @return BSG_E_DENIED       a newer version of the program wrote it; nothing was changed
 * @return BSG_E_UNAVAILABLE  disk or permissions; err says which
 * @return BSG_E_NO_MEMORY
 *
 * Blocks while it upgrades. Starts the writer thread.
 */
enum bsg_err bsg_store_open(const char *url, const struct bsg_store_options *options, struct bsg_store **out,
			    struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Commit what is queued, call its callbacks, stop the writer and close; NULL is fine.
 *
 * No other call may be running or come after, except that callbacks still run, and may submit: they are refused
 * with BSG_E_UNAVAILABLE.
 */
void bsg_store_close(struct bsg_store *store);

/*
 * A batch of operations: applied together or not at all.
 *
 * The caller owns it, the operations and all that they point to, and leaves them alone from bsg_store_submit() until the
 * callback. Fill ops, n_ops, done and arg; zero the rest.
 */
struct bsg_batch {
	struct bsg_op *ops;
	size_t n_ops;		/* from 1 */
	/*
	 * Called once for each batch that was accepted, in the order of submission, on the writer's thread, after the commit (or its
	 * failure). It must not block: nobody else's batch is written meanwhile. It may submit, free the batch or submit it again; it
	 * must not call bsg_store_apply() or bsg_store_close().
	 */
	void (*done)(struct bsg_batch *batch);
	void *arg;

	/* Filled before the callback. BSG_OK: all of it is durable. Else nothing is (BSG_OP_REPORTS has an exception). */
	enum bsg_err rc;
	struct bsg_error err;
	size_t failed_op;	/* index of the operation that was refused; n_ops: the batch as a whole */

	struct bsg_batch *next;	/* the store's */
};

/**
 * Hand a batch to the writer.
 *
 * @return BSG_OK             accepted: the callback will come, also during bsg_store_close()
 * @return BSG_E_UNAVAILABLE  the queue is full, or the store is closing; the callback will not come
 * @return BSG_E_INVALID, BSG_E_LIMIT  an operation's own members; the callback will not come
 * @return BSG_E_BUG          no operation, no callback, an unknown kind, or a change without audit entry (store/ops.h); the callback
 *                            will not come
 *
 * Never blocks on the disk. Thread-safe.
 */
enum bsg_err bsg_store_submit(struct bsg_store *store, struct bsg_batch *batch, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Apply operations and wait until they are durable.
 *
 * @return as bsg_store_submit(), or what the batch came to: the operation's own errors (store/ops.h), BSG_E_UNAVAILABLE (disk
 *         full, commit failed: nothing was written), BSG_E_BUG when called from a callback
 *
 * Blocks for at least one commit. Thread-safe.
 */
enum bsg_err bsg_store_apply(struct bsg_store *store, struct bsg_op *ops, size_t n_ops,
			     struct bsg_error *err) BSG_MUST_CHECK;

/* For /metrics and benchmarks; counted since bsg_store_open(). */
struct bsg_store_stats {
	uint64_t commits;
	uint64_t batches;	/* committed */
	uint64_t refused;	/* batches that came to an error of their own */
	uint64_t failed;	/* batches lost to a failed commit (never acknowledged) */
	uint64_t overflows;	/* submissions refused because the queue was full */
	unsigned queued;	/* now */
};

void bsg_store_stats(struct bsg_store *store, struct bsg_store_stats *out);

/* Bytes that a read allocated. A zeroed one is empty; freeing it twice is fine. */
struct bsg_store_blob {
	uint8_t *data;		/* one more byte, 0, follows */
	size_t len;
};

void bsg_store_blob_free(struct bsg_store_blob *blob);

#endif
