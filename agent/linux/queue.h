/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports on their way to the server. They survive a restart; a batch is written
 * to disk before it is sent and sent again, unchanged, until it was answered, so
 * that the server can tell a repetition from news.
 */
#ifndef BSG_AGENT_QUEUE_H
#define BSG_AGENT_QUEUE_H

#include <bosaga/slice.h>

#include "base/error.h"
#include "wire/report.h"

#define BSG_QUEUE_MAX 64	/* of more the oldest go, break-glass and leaving last */

/* One report, encoded as a batch of its own. */
struct bsg_queue_item {
	enum bsg_report_kind kind;
	uint8_t *bytes;		/* owned */
	size_t len;
};

struct bsg_queue {
	const char *path, *batch_path;	/* borrowed */
	const uint8_t *instance;	/* borrowed */
	struct bsg_queue_item item[BSG_QUEUE_MAX];
	size_t n;
	uint8_t *batch;			/* owned: what is being sent; NULL: nothing */
	size_t batch_len;
	uint64_t batch_sequence;
	size_t n_dropped;		/* since the start */
};

/**
 * Read what a former agent had not got rid of. A damaged file is an empty one.
 *
 * @param path, batch_path, instance  borrowed for the queue's life
 */
enum bsg_err bsg_queue_open(struct bsg_queue *queue, const char *path, const char *batch_path,
			    const uint8_t *instance, struct bsg_error *err) BSG_MUST_CHECK;

/** Free; files stay. */
void bsg_queue_close(struct bsg_queue *queue);

/**
 * Add a report with a new random id; durable when this returns.
 *
 * A status or coverage replaces an older one that was not sent yet: only the
 * last of these counts.
 *
 * @param item  its id is filled; its texts are copied
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT (a field), BSG_E_CRYPTO, BSG_E_NO_MEMORY, BSG_E_UNAVAILABLE
 *         (not on disk, but in memory, and it will be sent)
 */
enum bsg_err bsg_queue_add(struct bsg_queue *queue, struct bsg_report_item *item,
			   struct bsg_error *err) BSG_MUST_CHECK;

/**
 * The batch to send: the one that was not answered yet, or a new one.
 *
 * @param sequence  the last one used; raised to that of the batch. Save it before sending; a crash in
 *                  between is no harm, as the batch itself remembers
 * @param out       borrowed until bsg_queue_answered(); empty: nothing to send
 * @return BSG_OK, BSG_E_NO_MEMORY, BSG_E_UNAVAILABLE (not on disk; @p out is to be sent all the same)
 */
enum bsg_err bsg_queue_batch(struct bsg_queue *queue, uint64_t *sequence, struct bsg_bytes *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/** Forget the batch: the server has it, or will never take it. */
enum bsg_err bsg_queue_answered(struct bsg_queue *queue, struct bsg_error *err) BSG_MUST_CHECK;

#endif
