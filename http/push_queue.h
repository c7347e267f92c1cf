/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pushes that a sender knows, one per device: found by device, taken in turn, woken
 * at their time. Plain data without a lock; private to http/.
 */
#ifndef BSG_HTTP_PUSH_QUEUE_H
#define BSG_HTTP_PUSH_QUEUE_H

#include "http/push.h"

#define BSG_PUSH_KEY_LEN 16
#define BSG_PUSH_NOWHERE SIZE_MAX

/* What is to be sent. */
struct bsg_push_wish {
	enum bsg_push_kind kind;
	unsigned priority;
	int64_t expiration;
	uint8_t *token;			/* owned; the magic stands behind it, NUL-terminated */
	size_t token_len;
};

enum bsg_push_place {
	BSG_PUSH_READY = 1,		/* in the line */
	BSG_PUSH_DELAYED,		/* until retry_at_ms */
	BSG_PUSH_FLYING,		/* under way: in neither line nor heap */
};

struct bsg_push_entry {
	uint8_t key[BSG_PUSH_KEY_LEN];
	struct bsg_push_wish wish;
	struct bsg_push_wish again;	/* came while flying; kind 0: none */
	enum bsg_push_place place;
	unsigned n_attempts;
	unsigned n_pauses;		/* of its own, in a row: they grow */
	unsigned status;		/* of the last answer */
	char id[BSG_UUID_SIZE];		/* "" before the first attempt */
	int64_t retry_at_ms;		/* clock's mono */
	int64_t wake_ms;		/* the heap's order: retry or expiration, whichever is first */
	size_t heap_at;
	struct bsg_push_entry *hash_next, *prev, *next;
};

struct bsg_push_queue {
	struct bsg_push_entry **buckets;
	size_t n_buckets;		/* a power of two */
	struct bsg_push_entry **heap;	/* all that wait, next to wake first */
	size_t n_waiting, max;
	size_t n;			/* flying ones too */
	struct bsg_push_entry line;	/* head of the ring of ready ones */
};

/** Make an empty queue of at most @max pushes. @return BSG_OK, BSG_E_NO_MEMORY */
enum bsg_err bsg_push_queue_init(struct bsg_push_queue *queue, size_t max, struct bsg_error *err) BSG_MUST_CHECK;

/** Free it and all that is in it. */
void bsg_push_queue_free(struct bsg_push_queue *queue);

/**
 * Enter a push, or merge it into the device's.
 *
 * @param merged  whether it was
 * @return as bsg_push_send()
 */
enum bsg_err bsg_push_queue_put(struct bsg_push_queue *queue, const struct bsg_push *push, const struct bsg_clock *clock,
				bool *merged, struct bsg_error *err) BSG_MUST_CHECK;

/** The first in the line; it flies now. NULL: nobody is ready. */
struct bsg_push_entry *bsg_push_queue_take(struct bsg_push_queue *queue);

/** Whether the device's time is over by the wall clock. */
bool bsg_push_has_expired(const struct bsg_push_entry *entry, const struct bsg_clock *clock);

/**
 * A flying one comes back, to be sent again at @retry_at_ms (mono; now or earlier: at the end of the line).
 * What came for its device meanwhile is merged. @return whether something was
 */
bool bsg_push_queue_return(struct bsg_push_queue *queue, struct bsg_push_entry *entry, int64_t retry_at_ms,
			   const struct bsg_clock *clock);

/**
 * A flying one has ended: remove it, or, if something came for its device meanwhile, let that follow.
 * With @forget what came for the same token is dropped too: it would end the same way. @return whether it was
 */
bool bsg_push_queue_finish(struct bsg_push_queue *queue, struct bsg_push_entry *entry, bool forget,
			   const struct bsg_clock *clock);

/**
 * Move those whose pause is over into the line, and give one that has expired, if any: it flies, as if taken.
 */
struct bsg_push_entry *bsg_push_queue_tick(struct bsg_push_queue *queue, const struct bsg_clock *clock);

/** When the next one wants to be looked at (mono), INT64_MAX if none does. */
int64_t bsg_push_queue_next_ms(const struct bsg_push_queue *queue);

/** Any entry; NULL when there is none. For the end, when nothing is entered any more: *bucket begins as 0. */
struct bsg_push_entry *bsg_push_queue_any(const struct bsg_push_queue *queue, size_t *bucket);

const char *bsg_push_magic(const struct bsg_push_wish *wish);

#endif
