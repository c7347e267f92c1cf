/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's queue as a file gives it back, and the batch that was being sent: what is kept of them can be sent. The first
 * byte says how much of the rest is the batch.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/linux/queue.h"
#include "fuzz/fuzz.h"

static const uint8_t instance[BSG_INSTANCE_ID_LEN] = "a fuzzer's queue";

/* A file that only this process can open. */
static int file_of(const uint8_t *data, size_t len, char path[static 32])
{
	const int fd = memfd_create("queue", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static bool is_good(struct bsg_bytes bytes, struct bsg_report_batch *out)
{
	return bytes.len <= BSG_REPORT_BATCH_MAX && bsg_report_decode(bytes, out, NULL) == BSG_OK;
}

/* Nothing can be written here: a batch is to be sent all the same. */
static void send_all(struct bsg_queue *queue, struct bsg_report_batch *out)
{
	uint64_t sequence = 1;

	for (size_t rounds = 0; rounds <= BSG_QUEUE_MAX + 1; rounds++) {
		const uint64_t before = sequence;
		struct bsg_error err;
		struct bsg_bytes batch;
		const bool fresh = queue->batch == NULL;
		enum bsg_err rc = bsg_queue_batch(queue, &sequence, &batch, &err);

		FUZZ_CHECK(rc == BSG_OK || rc == BSG_E_UNAVAILABLE);
		if (batch.len == 0)
			break;
		FUZZ_CHECK(is_good(batch, out) && sequence >= out->sequence && (!fresh || sequence == before + 1));
		FUZZ_CHECK(bsg_queue_answered(queue, &err) == BSG_E_UNAVAILABLE);
	}
	FUZZ_CHECK(queue->n == 0 && queue->batch == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bsg_report_batch one;
	const size_t batch_len = size > 0 ? (size - 1) * data[0] / 255 : 0;
	char path[32], batch_path[32];
	struct bsg_queue queue;
	struct bsg_error err;
	int fds[2];

	if (size == 0)
		return 0;
	fds[0] = file_of(data + 1 + batch_len, size - 1 - batch_len, path);
	fds[1] = file_of(data + 1, batch_len, batch_path);
	FUZZ_CHECK(bsg_queue_open(&queue, path, batch_path, instance, &err) == BSG_OK);
	FUZZ_CHECK(queue.n <= BSG_QUEUE_MAX);
	for (size_t i = 0; i < queue.n; i++)
		FUZZ_CHECK(is_good((struct bsg_bytes){ queue.item[i].bytes, queue.item[i].len }, &one) &&
			   one.reports[0].kind == queue.item[i].kind);
	send_all(&queue, &one);
	bsg_queue_close(&queue);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
