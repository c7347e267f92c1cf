/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four functions that compilers emit calls to even in freestanding code. Linked
 * only into freestanding programs, hidden, so that a hosted libc is never shadowed.
 * Compiled with -fno-builtin, or the loops would become calls of themselves.
 */
#include <stddef.h>

#define HIDDEN __attribute__((visibility("hidden"), used))

HIDDEN void *memcpy(void *restrict to, const void *restrict from, size_t n);
HIDDEN void *memmove(void *to, const void *from, size_t n);
HIDDEN void *memset(void *to, int byte, size_t n);
HIDDEN int memcmp(const void *a, const void *b, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	for (size_t i = 0; i < n; i++)
		t[i] = f[i];
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if (t <= f)
		return memcpy(to, from, n);
	while (n-- > 0)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	unsigned char *t = to;

	for (size_t i = 0; i < n; i++)
		t[i] = (unsigned char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
