/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for base/buf.h and arena.h, with memory running out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"

/* The linker sends every malloc of base/ here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int allocations_left = -1;	/* -1: no end */

static int may_allocate(void)
{
	if (allocations_left == 0)
		return 0;
	if (allocations_left > 0)
		allocations_left--;
	return 1;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

static void a_buffer_grows_to_its_cap_and_not_further(void **state)
{
	struct bsg_buf buf;
	struct bsg_error err = { 0 };

	(void)state;
	bsg_buf_init(&buf, 1000);
	for (int i = 0; i < 100; i++)
		bsg_buf_printf(&buf, "%010d", i);
	assert_int_equal(bsg_buf_finish(&buf, &err), BSG_OK);
	assert_int_equal(buf.len, 1000);
	assert_int_equal(strlen((char *)buf.data), 1000);
	assert_memory_equal(buf.data + 990, "0000000099", 10);
	bsg_buf_add(&buf, "x", 1);
	assert_int_equal(bsg_buf_finish(&buf, &err), BSG_E_LIMIT);
	assert_int_equal(buf.len, 1000);
	bsg_buf_free(&buf);
}

static void the_first_failure_sticks_until_cleared(void **state)
{
	struct bsg_buf buf;

	(void)state;
	bsg_buf_init(&buf, 4);
	bsg_buf_add_text(&buf, "12345");
	bsg_buf_add_text(&buf, "1");
	assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_E_LIMIT);
	assert_int_equal(buf.len, 0);
	bsg_buf_clear(&buf);
	bsg_buf_add_text(&buf, "1234");
	assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_OK);
	bsg_buf_free(&buf);
}

static void an_empty_buffer_is_an_empty_string(void **state)
{
	struct bsg_buf buf;
	uint8_t *data;
	size_t len;

	(void)state;
	bsg_buf_init(&buf, 0);
	assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_OK);
	data = bsg_buf_take(&buf, &len);
	assert_int_equal(len, 0);
	assert_string_equal((char *)data, "");
	assert_null(buf.data);
	free(data);
}

static void a_buffer_without_memory_keeps_what_it_has(void **state)
{
	struct bsg_buf buf;
	struct bsg_error err = { 0 };

	(void)state;
	bsg_buf_init(&buf, 100000);
	bsg_buf_add_text(&buf, "kept");
	allocations_left = 0;
	bsg_buf_printf(&buf, "%05000d", 1);
	allocations_left = -1;
	assert_int_equal(bsg_buf_finish(&buf, &err), BSG_E_NO_MEMORY);
	assert_string_equal((char *)buf.data, "kept");
	bsg_buf_free(&buf);
}

static void an_arena_gives_zeroed_aligned_memory(void **state)
{
	struct bsg_arena arena;

	(void)state;
	bsg_arena_init(&arena, 1 << 20);
	for (size_t size = 0; size < 300; size++) {
		unsigned char *p = bsg_arena_alloc(&arena, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_string_equal(bsg_arena_printf(&arena, "%s-%d", "a", 7), "a-7");
	assert_string_equal(bsg_arena_copy(&arena, "abcdef", 3), "abc");
	assert_string_equal(bsg_arena_text(&arena, ""), "");
	assert_non_null(bsg_arena_alloc(&arena, 100000));
	bsg_arena_free(&arena);
	assert_int_equal(arena.used, 0);
}

static void an_arena_keeps_its_cap(void **state)
{
	struct bsg_arena arena;

	(void)state;
	bsg_arena_init(&arena, 64);
	assert_non_null(bsg_arena_alloc(&arena, 48));
	assert_null(bsg_arena_alloc(&arena, 17));
	assert_non_null(bsg_arena_alloc(&arena, 16));
	assert_null(bsg_arena_alloc(&arena, 0));
	assert_null(bsg_arena_alloc(&arena, SIZE_MAX));
	assert_null(bsg_arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(bsg_arena_copy(&arena, "", SIZE_MAX));
	bsg_arena_free(&arena);
	assert_non_null(bsg_arena_alloc(&arena, 64));
	bsg_arena_free(&arena);
}

static void an_arena_without_memory_says_so(void **state)
{
	struct bsg_arena arena;

	(void)state;
	bsg_arena_init(&arena, 1 << 20);
	allocations_left = 1;
	assert_non_null(bsg_arena_alloc(&arena, 400));
	assert_null(bsg_arena_alloc(&arena, 4000));
	assert_null(bsg_arena_printf(&arena, "%0200d", 1));
	assert_non_null(bsg_arena_alloc(&arena, 10));
	allocations_left = -1;
	bsg_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_grows_to_its_cap_and_not_further),
		cmocka_unit_test(the_first_failure_sticks_until_cleared),
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(a_buffer_without_memory_keeps_what_it_has),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(an_arena_keeps_its_cap),
		cmocka_unit_test(an_arena_without_memory_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
