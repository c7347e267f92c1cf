/* SPDX-License-Identifier: Apache-2.0 */
/* Reports on their way to the server. */
#include "agent/linux/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "crypto/random.h"

#define FILE_MAX (BSG_QUEUE_MAX * (BSG_REPORT_BATCH_MAX + 4))

static void drop(struct bsg_queue *queue, size_t at)
{
	free(queue->item[at].bytes);
	queue->n--;
	memmove(&queue->item[at], &queue->item[at + 1], (queue->n - at) * sizeof(queue->item[0]));
}

/* Which one goes when there are too many: the oldest that is not what the owner did. */
static size_t least(const struct bsg_queue *queue)
{
	for (size_t i = 0; i < queue->n; i++)
		if (queue->item[i].kind != BSG_REPORT_BREAK_GLASS && queue->item[i].kind != BSG_REPORT_LEAVING)
			return i;
	return 0;
}

/* The file: each item as four bytes of length, most significant first, and the bytes. */
static enum bsg_err save(const struct bsg_queue *queue, struct bsg_error *err)
{
	struct bsg_buf buf;
	enum bsg_err rc;

	bsg_buf_init(&buf, FILE_MAX);
	for (size_t i = 0; i < queue->n; i++) {
		size_t len = queue->item[i].len;
		uint8_t head[4] = { 0, 0, (uint8_t)(len >> 8), (uint8_t)len };

		bsg_buf_add(&buf, head, sizeof(head));
		bsg_buf_add(&buf, queue->item[i].bytes, len);
	}
	rc = bsg_buf_finish(&buf, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(queue->path, buf.data, buf.len, 0600, err);
	bsg_buf_free(&buf);
	return rc;
}

static enum bsg_err push(struct bsg_queue *queue, enum bsg_report_kind kind, const uint8_t *bytes,
			 size_t len, struct bsg_error *err)
{
	uint8_t *copy = malloc(len);

	if (!copy)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	memcpy(copy, bytes, len);
	if (queue->n == BSG_QUEUE_MAX) {
		drop(queue, least(queue));
		queue->n_dropped++;
	}
	queue->item[queue->n++] = (struct bsg_queue_item){ kind, copy, len };
	/* cppcheck-suppress memleak ; the item has it, which cppcheck does not see through a compound literal */
	return BSG_OK;
}

static enum bsg_err read_items(struct bsg_queue *queue, const uint8_t *bytes, size_t len,
			       struct bsg_report_batch *scratch, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (size_t at = 0; rc == BSG_OK && len - at >= 4;) {
		size_t one = (size_t)bytes[at + 2] << 8 | bytes[at + 3];

		at += 4;
		if (one > len - at ||
		    bsg_report_decode((struct bsg_bytes){ bytes + at, one }, scratch, NULL) != BSG_OK)
			return BSG_OK;	/* damaged: what came before it is good */
		rc = push(queue, scratch->reports[0].kind, bytes + at, one, err);
		at += one;
	}
	return rc;
}

/*
 * The batch that a former agent left: its sequence is used, whether or not that
 * agent lived to save the number. A damaged one cannot be sent.
 */
static void check_batch(struct bsg_queue *queue, struct bsg_report_batch *scratch)
{
	struct bsg_bytes bytes = { queue->batch, queue->batch_len };

	if (bsg_report_decode(bytes, scratch, NULL) == BSG_OK) {
		queue->batch_sequence = scratch->sequence;
		return;
	}
	free(queue->batch);
	queue->batch = NULL;
	queue->batch_len = 0;
}

enum bsg_err bsg_queue_open(struct bsg_queue *queue, const char *path, const char *batch_path,
			    const uint8_t *instance, struct bsg_error *err)
{
	struct bsg_report_batch *scratch = calloc(1, sizeof(*scratch));
	uint8_t *bytes = NULL;
	size_t len = 0;
	enum bsg_err rc;

	memset(queue, 0, sizeof(*queue));
	queue->path = path;
	queue->batch_path = batch_path;
	queue->instance = instance;
	if (!scratch)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	/* What cannot be read is damaged: no reason not to start, for who does not start does not lift. */
	rc = bsg_file_read(path, FILE_MAX, &bytes, &len, err);
	if (rc == BSG_OK)
		rc = read_items(queue, bytes, len, scratch, err);
	if (rc != BSG_E_NO_MEMORY)
		rc = bsg_file_read(batch_path, BSG_REPORT_BATCH_MAX, &queue->batch, &queue->batch_len, err);
	if (rc != BSG_E_NO_MEMORY)
		rc = BSG_OK;
	if (rc == BSG_OK && queue->batch)
		check_batch(queue, scratch);
	free(bytes);
	free(scratch);
	if (rc != BSG_OK)
		bsg_queue_close(queue);
	return rc;
}

void bsg_queue_close(struct bsg_queue *queue)
{
	while (queue->n)
		drop(queue, queue->n - 1);
	free(queue->batch);
	queue->batch = NULL;
}

static void drop_kind(struct bsg_queue *queue, enum bsg_report_kind kind)
{
	for (size_t i = queue->n; i-- > 0;)
		if (queue->item[i].kind == kind)
			drop(queue, i);
}

enum bsg_err bsg_queue_add(struct bsg_queue *queue, struct bsg_report_item *item, struct bsg_error *err)
{
	struct bsg_report_batch *one = calloc(1, sizeof(*one));
	uint8_t *bytes = malloc(BSG_REPORT_BATCH_MAX);
	struct bsg_bytes out = { 0 };
	enum bsg_err rc = one && bytes ? bsg_random(item->id, sizeof(item->id), err) :
					 bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");

	if (rc == BSG_OK) {
		memcpy(one->instance, queue->instance, sizeof(one->instance));
		one->sequence = 1;
		one->n_reports = 1;
		one->reports[0] = *item;
		rc = bsg_report_encode(one, bytes, BSG_REPORT_BATCH_MAX, &out);
		if (rc != BSG_OK)
			bsg_fail(err, rc, "a report of kind %d cannot be encoded", (int)item->kind);
	}
	if (rc == BSG_OK && (item->kind == BSG_REPORT_STATUS || item->kind == BSG_REPORT_COVERAGE))
		drop_kind(queue, item->kind);
	if (rc == BSG_OK)
		rc = push(queue, item->kind, out.ptr, out.len, err);
	if (rc == BSG_OK)
		rc = save(queue, err);
	free(one);
	free(bytes);
	return rc;
}

/* Encode as many items as fit; *@n of them did. */
static enum bsg_err encode(const struct bsg_queue *queue, uint64_t sequence, uint8_t *buf,
			   struct bsg_bytes *out, size_t *n)
{
	struct bsg_report_batch *batch = calloc(1, sizeof(*batch));
	struct bsg_report_batch *one = calloc(1, sizeof(*one));
	enum bsg_err rc = batch && one ? BSG_E_LIMIT : BSG_E_NO_MEMORY;

	if (rc != BSG_E_NO_MEMORY) {
		memcpy(batch->instance, queue->instance, sizeof(batch->instance));
		batch->sequence = sequence;
		for (; batch->n_reports < queue->n && batch->n_reports < BSG_REPORTS_MAX; batch->n_reports++) {
			const struct bsg_queue_item *item = &queue->item[batch->n_reports];

			if (bsg_report_decode((struct bsg_bytes){ item->bytes, item->len }, one, NULL) != BSG_OK)
				break;
			batch->reports[batch->n_reports] = one->reports[0];
		}
	}
	/* Not only too large: a damaged file may have a report twice, which no batch may. */
	while (rc != BSG_OK && rc != BSG_E_NO_MEMORY && batch->n_reports) {
		*n = batch->n_reports;
		rc = bsg_report_encode(batch, buf, BSG_REPORT_BATCH_MAX, out);
		batch->n_reports--;
	}
	free(batch);
	free(one);
	return rc;
}

static enum bsg_err new_batch(struct bsg_queue *queue, uint64_t sequence, struct bsg_error *err)
{
	uint8_t *bytes = malloc(BSG_REPORT_BATCH_MAX);
	struct bsg_bytes out = { 0 };
	size_t n = 0;
	enum bsg_err rc = bytes ? encode(queue, sequence, bytes, &out, &n) : BSG_E_NO_MEMORY;

	if (rc != BSG_OK) {
		free(bytes);
		return bsg_fail(err, rc, "%zu reports cannot be put into a batch", queue->n);
	}
	/* Not on disk it is sent all the same; the queue's file then still has them, with the same ids. */
	rc = bsg_file_replace(queue->batch_path, out.ptr, out.len, 0600, err);
	queue->batch = bytes;
	queue->batch_len = out.len;
	if (out.ptr != bytes)
		memmove(bytes, out.ptr, out.len);
	while (n-- > 0)
		drop(queue, 0);
	/* A crash before this sends them twice, with the same ids: the server counts them once. */
	return rc == BSG_OK ? save(queue, err) : rc;
}

enum bsg_err bsg_queue_batch(struct bsg_queue *queue, uint64_t *sequence, struct bsg_bytes *out,
			     struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	*out = (struct bsg_bytes){ 0 };
	if (!queue->batch && queue->n) {
		rc = new_batch(queue, *sequence + 1, err);
		queue->batch_sequence = *sequence + 1;
	}
	if (queue->batch) {
		*out = (struct bsg_bytes){ queue->batch, queue->batch_len };
		if (*sequence < queue->batch_sequence)
			*sequence = queue->batch_sequence;
	}
	return rc;
}

enum bsg_err bsg_queue_answered(struct bsg_queue *queue, struct bsg_error *err)
{
	free(queue->batch);
	queue->batch = NULL;
	queue->batch_len = 0;
	return bsg_file_remove(queue->batch_path, err);
}
