/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes by device, in turn, and by time. */
#include "http/push_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

static enum bsg_err no_memory(struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_NO_MEMORY, "pushes: out of memory");
}

enum bsg_err bsg_push_queue_init(struct bsg_push_queue *queue, size_t max, struct bsg_error *err)
{
	memset(queue, 0, sizeof(*queue));
	queue->line.prev = queue->line.next = &queue->line;
	queue->max = max;
	queue->n_buckets = 16;
	while (queue->n_buckets < max)
		queue->n_buckets *= 2;
	queue->buckets = calloc(queue->n_buckets, sizeof(struct bsg_push_entry *));
	queue->heap = calloc(max, sizeof(struct bsg_push_entry *));
	if (queue->buckets != NULL && queue->heap != NULL)
		return BSG_OK;
	bsg_push_queue_free(queue);
	return no_memory(err);
}

static void free_entry(struct bsg_push_entry *entry)
{
	free(entry->wish.token);
	free(entry->again.token);
	free(entry);
}

void bsg_push_queue_free(struct bsg_push_queue *queue)
{
	for (size_t i = 0; queue->buckets != NULL && i < queue->n_buckets; i++) {
		while (queue->buckets[i] != NULL) {
			struct bsg_push_entry *entry = queue->buckets[i];

			queue->buckets[i] = entry->hash_next;
			free_entry(entry);
		}
	}
	free(queue->buckets);
	free(queue->heap);
	memset(queue, 0, sizeof(*queue));
}

const char *bsg_push_magic(const struct bsg_push_wish *wish)
{
	return (const char *)wish->token + wish->token_len;
}

/* Keys are random ids of ours: any of their bits are a hash. */
static struct bsg_push_entry **bucket_of(struct bsg_push_queue *queue, const uint8_t key[BSG_PUSH_KEY_LEN])
{
	uint64_t bits;

	memcpy(&bits, key, sizeof(bits));
	return &queue->buckets[bits & (queue->n_buckets - 1)];
}

static struct bsg_push_entry *find(struct bsg_push_queue *queue, const uint8_t key[BSG_PUSH_KEY_LEN])
{
	struct bsg_push_entry *entry = *bucket_of(queue, key);

	while (entry != NULL && memcmp(entry->key, key, BSG_PUSH_KEY_LEN) != 0)
		entry = entry->hash_next;
	return entry;
}

static void place_in_heap(struct bsg_push_queue *queue, size_t at, struct bsg_push_entry *entry)
{
	queue->heap[at] = entry;
	entry->heap_at = at;
}

static void rise(struct bsg_push_queue *queue, size_t at, struct bsg_push_entry *entry)
{
	while (at > 0 && queue->heap[(at - 1) / 2]->wake_ms > entry->wake_ms) {
		place_in_heap(queue, at, queue->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place_in_heap(queue, at, entry);
}

static void sink(struct bsg_push_queue *queue, size_t at, struct bsg_push_entry *entry)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < queue->n_waiting && queue->heap[child + 1]->wake_ms < queue->heap[child]->wake_ms)
			child++;
		if (child >= queue->n_waiting || queue->heap[child]->wake_ms >= entry->wake_ms)
			break;
		place_in_heap(queue, at, queue->heap[child]);
		at = child;
	}
	place_in_heap(queue, at, entry);
}

static void leave_heap(struct bsg_push_queue *queue, struct bsg_push_entry *entry)
{
	const size_t at = entry->heap_at;
	struct bsg_push_entry *last;

	if (at == BSG_PUSH_NOWHERE)
		return;
	last = queue->heap[--queue->n_waiting];
	entry->heap_at = BSG_PUSH_NOWHERE;
	if (last == entry)
		return;
	if (last->wake_ms < entry->wake_ms)
		rise(queue, at, last);
	else
		sink(queue, at, last);
}

static void leave_line(struct bsg_push_entry *entry)
{
	if (entry->next == NULL)
		return;
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->prev = entry->next = NULL;
}

static void leave_all(struct bsg_push_queue *queue, struct bsg_push_entry *entry)
{
	leave_heap(queue, entry);
	leave_line(entry);
}

/* When the wall clock will show the expiration, if nobody sets it. */
static int64_t expires_ms(const struct bsg_push_entry *entry, const struct bsg_clock *clock)
{
	const int64_t now_ms = bsg_clock_mono_ms(clock), utc_ms = bsg_clock_utc_ms(clock);

	if (entry->wish.expiration > utc_ms / 1000 + INT64_C(100) * 366 * 86400)
		return INT64_MAX;
	return now_ms + (entry->wish.expiration * 1000 - utc_ms);
}

static void wait_for(struct bsg_push_queue *queue, struct bsg_push_entry *entry, const struct bsg_clock *clock)
{
	const int64_t end_ms = expires_ms(entry, clock);

	leave_heap(queue, entry);
	entry->wake_ms = entry->place == BSG_PUSH_DELAYED && entry->retry_at_ms < end_ms ? entry->retry_at_ms : end_ms;
	rise(queue, queue->n_waiting++, entry);
}

static void enter_line(struct bsg_push_queue *queue, struct bsg_push_entry *entry, const struct bsg_clock *clock)
{
	leave_line(entry);
	entry->place = BSG_PUSH_READY;
	entry->next = &queue->line;
	entry->prev = queue->line.prev;
	entry->prev->next = entry;
	queue->line.prev = entry;
	wait_for(queue, entry, clock);
}

static enum bsg_err make_wish(const struct bsg_push *push, struct bsg_push_wish *out, struct bsg_error *err)
{
	const size_t magic_size = strlen(push->magic) + 1;

	out->token = malloc(push->token.len + magic_size);
	if (out->token == NULL)
		return no_memory(err);
	memcpy(out->token, push->token.ptr, push->token.len);
	memcpy(out->token + push->token.len, push->magic, magic_size);
	out->token_len = push->token.len;
	out->kind = push->kind;
	out->priority = push->priority != 0 ? push->priority : 10;
	out->expiration = push->expiration;
	return BSG_OK;
}

/* Two become one (A65). @newer is empty afterwards. */
static void merge(struct bsg_push_wish *wish, struct bsg_push_wish *newer)
{
	free(wish->token);
	wish->token = newer->token;
	wish->token_len = newer->token_len;
	if (newer->kind == BSG_PUSH_LIFT)
		wish->kind = BSG_PUSH_LIFT;
	if (newer->expiration > wish->expiration)
		wish->expiration = newer->expiration;
	if (newer->priority > wish->priority)
		wish->priority = newer->priority;
	memset(newer, 0, sizeof(*newer));
}

/* Merge into what is there for the device. @return false if that made a follower of one that flies */
static bool merge_into(struct bsg_push_queue *queue, struct bsg_push_entry *entry, struct bsg_push_wish *newer,
		       const struct bsg_clock *clock)
{
	if (entry->place != BSG_PUSH_FLYING) {
		merge(&entry->wish, newer);
		wait_for(queue, entry, clock);
		return true;
	}
	if (entry->again.kind == 0) {
		entry->again = *newer;
		return false;
	}
	merge(&entry->again, newer);
	return true;
}

enum bsg_err bsg_push_queue_put(struct bsg_push_queue *queue, const struct bsg_push *push, const struct bsg_clock *clock,
				bool *merged, struct bsg_error *err)
{
	uint8_t key[BSG_PUSH_KEY_LEN];
	struct bsg_push_wish wish = { 0 };
	struct bsg_push_entry *entry;
	size_t len;
	enum bsg_err rc = bsg_hex_decode(push->device, BSG_ID_LEN, key, sizeof(key), &len, err);

	*merged = false;
	if (rc != BSG_OK)
		return rc;
	entry = find(queue, key);
	if (entry == NULL && queue->n == queue->max)
		return bsg_fail(err, BSG_E_LIMIT, "%zu pushes wait: the queue is full", queue->n);
	rc = make_wish(push, &wish, err);
	if (rc != BSG_OK)
		return rc;
	if (entry != NULL) {
		*merged = merge_into(queue, entry, &wish, clock);
		return BSG_OK;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		free(wish.token);
		return no_memory(err);
	}
	memcpy(entry->key, key, sizeof(key));
	entry->wish = wish;
	entry->heap_at = BSG_PUSH_NOWHERE;
	entry->hash_next = *bucket_of(queue, key);
	*bucket_of(queue, key) = entry;
	queue->n++;
	enter_line(queue, entry, clock);
	return BSG_OK;
}

struct bsg_push_entry *bsg_push_queue_take(struct bsg_push_queue *queue)
{
	struct bsg_push_entry *entry = queue->line.next;

	if (entry == &queue->line)
		return NULL;
	leave_all(queue, entry);
	entry->place = BSG_PUSH_FLYING;
	return entry;
}

bool bsg_push_has_expired(const struct bsg_push_entry *entry, const struct bsg_clock *clock)
{
	return entry->wish.expiration <= bsg_clock_utc(clock);
}

bool bsg_push_queue_return(struct bsg_push_queue *queue, struct bsg_push_entry *entry, int64_t retry_at_ms,
			   const struct bsg_clock *clock)
{
	const bool merged = entry->again.kind != 0;

	if (merged)
		merge(&entry->wish, &entry->again);
	entry->retry_at_ms = retry_at_ms;
	if (retry_at_ms <= bsg_clock_mono_ms(clock)) {
		enter_line(queue, entry, clock);
		return merged;
	}
	leave_line(entry);
	entry->place = BSG_PUSH_DELAYED;
	wait_for(queue, entry, clock);
	return merged;
}

static void remove_entry(struct bsg_push_queue *queue, struct bsg_push_entry *entry)
{
	struct bsg_push_entry **at = bucket_of(queue, entry->key);

	while (*at != entry)
		at = &(*at)->hash_next;
	*at = entry->hash_next;
	leave_all(queue, entry);
	free_entry(entry);
	queue->n--;
}

bool bsg_push_queue_finish(struct bsg_push_queue *queue, struct bsg_push_entry *entry, bool forget,
			   const struct bsg_clock *clock)
{
	const bool has_follower = entry->again.kind != 0;
	const bool same = has_follower && entry->again.token_len == entry->wish.token_len &&
			  memcmp(entry->again.token, entry->wish.token, entry->wish.token_len) == 0;

	if (!has_follower || (forget && same)) {
		remove_entry(queue, entry);
		return has_follower;
	}
	free(entry->wish.token);
	entry->wish = entry->again;
	memset(&entry->again, 0, sizeof(entry->again));
	entry->n_attempts = entry->n_pauses = entry->status = 0;
	entry->id[0] = '\0';
	enter_line(queue, entry, clock);
	return false;
}

struct bsg_push_entry *bsg_push_queue_tick(struct bsg_push_queue *queue, const struct bsg_clock *clock)
{
	const int64_t now_ms = bsg_clock_mono_ms(clock);

	while (queue->n_waiting > 0 && queue->heap[0]->wake_ms <= now_ms) {
		struct bsg_push_entry *entry = queue->heap[0];

		if (bsg_push_has_expired(entry, clock)) {
			leave_all(queue, entry);
			entry->place = BSG_PUSH_FLYING;	/* what comes for the device from now on follows it */
			return entry;
		}
		if (entry->place == BSG_PUSH_DELAYED && entry->retry_at_ms <= now_ms)
			enter_line(queue, entry, clock);
		else
			wait_for(queue, entry, clock);	/* the wall clock was set back */
	}
	return NULL;
}

int64_t bsg_push_queue_next_ms(const struct bsg_push_queue *queue)
{
	return queue->n_waiting > 0 ? queue->heap[0]->wake_ms : INT64_MAX;
}

struct bsg_push_entry *bsg_push_queue_any(const struct bsg_push_queue *queue, size_t *bucket)
{
	while (*bucket < queue->n_buckets && queue->buckets[*bucket] == NULL)
		(*bucket)++;
	return *bucket < queue->n_buckets ? queue->buckets[*bucket] : NULL;
}
