/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed pieces of somebody else's memory: a pointer and a length.
 *
 * Whoever hands out a slice says how long the memory behind it lives. A zeroed
 * slice is empty; the pointer of an empty slice is never read.
 */
#ifndef BSG_SLICE_H
#define BSG_SLICE_H

#include <stddef.h>
#include <stdint.h>

/* UTF-8, not terminated by a zero. */
struct bsg_str {
	const char *ptr;
	size_t len;		/* bytes */
};

struct bsg_bytes {
	const uint8_t *ptr;
	size_t len;
};

#endif
