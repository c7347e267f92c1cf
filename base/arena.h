/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is freed all at once: one request, one capped arena.
 *
 * Not thread-safe: an arena belongs to whoever works on the request now.
 */
#ifndef BSG_BASE_ARENA_H
#define BSG_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct bsg_arena_block;

struct bsg_arena {
	struct bsg_arena_block *blocks;	/* newest first */
	size_t used;			/* bytes handed out, rounding included */
	size_t cap;			/* used never exceeds it */
};

/** Make @arena empty with at most @cap bytes. Allocates nothing. */
void bsg_arena_init(struct bsg_arena *arena, size_t cap);

/**
 * Give @size zeroed bytes, aligned for any type; valid until bsg_arena_free().
 *
 * @return NULL over the cap or out of memory: BSG_E_NO_MEMORY to the caller's caller
 */
void *bsg_arena_alloc(struct bsg_arena *arena, size_t size) __attribute__((warn_unused_result));

/** As bsg_arena_alloc() for @n items of @size bytes; NULL too when the product overflows. */
void *bsg_arena_array(struct bsg_arena *arena, size_t n, size_t size)
	__attribute__((warn_unused_result));

/** Copy @len bytes and add a NUL. */
char *bsg_arena_copy(struct bsg_arena *arena, const void *data, size_t len)
	__attribute__((warn_unused_result));

/** Copy a NUL-terminated string. */
char *bsg_arena_text(struct bsg_arena *arena, const char *text)
	__attribute__((warn_unused_result));

/** Formatted text. */
char *bsg_arena_printf(struct bsg_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/** Free everything that came from @arena; it is empty and usable afterwards. */
void bsg_arena_free(struct bsg_arena *arena);

#endif
