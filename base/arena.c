/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed all at once: a list of blocks, cut from the front of the newest. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Thousands of held requests have an arena each, most of them nearly empty. */
#define FIRST_BLOCK_BYTES ((size_t)512)
#define BLOCK_BYTES ((size_t)4096)
#define ALIGN alignof(max_align_t)

struct bsg_arena_block {
	struct bsg_arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

void bsg_arena_init(struct bsg_arena *arena, size_t cap)
{
	memset(arena, 0, sizeof(*arena));
	arena->cap = cap;
}

static struct bsg_arena_block *add_block(struct bsg_arena *arena, size_t size)
{
	size_t usual = arena->blocks == NULL ? FIRST_BLOCK_BYTES : arena->blocks->size * 2;
	struct bsg_arena_block *block;

	if (usual > BLOCK_BYTES)
		usual = BLOCK_BYTES;
	if (size < usual)
		size = usual;
	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = calloc(1, sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *bsg_arena_alloc(struct bsg_arena *arena, size_t size)
{
	struct bsg_arena_block *block = arena->blocks;
	void *out;

	if (size == 0)
		size = 1;	/* distinct pointers, as a caller may compare them */
	if (size > SIZE_MAX - ALIGN)
		return NULL;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size > arena->cap - arena->used)
		return NULL;
	if (block == NULL || size > block->size - block->used)
		block = add_block(arena, size);
	if (block == NULL)
		return NULL;
	out = block->bytes + block->used;
	block->used += size;
	arena->used += size;
	return out;
}

void *bsg_arena_array(struct bsg_arena *arena, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		return NULL;
	return bsg_arena_alloc(arena, n * size);
}

char *bsg_arena_copy(struct bsg_arena *arena, const void *data, size_t len)
{
	char *out = len == SIZE_MAX ? NULL : bsg_arena_alloc(arena, len + 1);

	if (out != NULL && len > 0)
		memcpy(out, data, len);
	return out;
}

char *bsg_arena_text(struct bsg_arena *arena, const char *text)
{
	return bsg_arena_copy(arena, text, strlen(text));
}

char *bsg_arena_printf(struct bsg_arena *arena, const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		out = bsg_arena_alloc(arena, (size_t)n + 1);
	if (out == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(out, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return out;
}

void bsg_arena_free(struct bsg_arena *arena)
{
	struct bsg_arena_block *block = arena->blocks;

	while (block != NULL) {
		struct bsg_arena_block *next = block->next;

		free(block);
		block = next;
	}
	bsg_arena_init(arena, arena->cap);
}
