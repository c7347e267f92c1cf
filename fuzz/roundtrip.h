/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants of a codec: what decodes encodes again to the same bytes, or shorter ones if keys were ignored. */
#ifndef BSG_FUZZ_ROUNDTRIP_H
#define BSG_FUZZ_ROUNDTRIP_H

#include <string.h>

#include <bosaga/error.h>
#include <bosaga/slice.h>

#include "fuzz/fuzz.h"

struct roundtrip {
	size_t size;	/* of the struct */
	enum bsg_err (*decode)(struct bsg_bytes bytes, void *out, const char **why);
	enum bsg_err (*encode)(const void *message, uint8_t *buf, size_t cap, struct bsg_bytes *out);
	void (*also)(void *message);	/* further claims about what decoded; may be NULL, may change it */
};

static inline int roundtrip_is_zero(const uint8_t *p, size_t size)
{
	return p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

static inline void roundtrip_again(const struct roundtrip *c, struct bsg_bytes in, void *message, uint8_t *buf)
{
	struct bsg_bytes first, second;
	uint8_t *more = malloc(in.len);
	const char *why;

	FUZZ_CHECK(more != NULL);
	FUZZ_CHECK(c->encode(message, buf, in.len, &first) == BSG_OK);
	FUZZ_CHECK(first.len < in.len || memcmp(first.ptr, in.ptr, in.len) == 0);
	FUZZ_CHECK(c->encode(message, more, first.len - 1, &second) == BSG_E_LIMIT && second.len == 0);
	FUZZ_CHECK(c->decode(first, message, &why) == BSG_OK && why == NULL);
	FUZZ_CHECK(c->encode(message, more, in.len, &second) == BSG_OK);
	FUZZ_CHECK(first.len == second.len && memcmp(first.ptr, second.ptr, first.len) == 0);
	if (c->also != NULL)
		c->also(message);
	free(more);
}

static inline void roundtrip(const struct roundtrip *c, const uint8_t *data, size_t size)
{
	struct bsg_bytes in = { data, size };
	void *message = malloc(c->size);
	uint8_t *buf = malloc(size + 1);
	const char *why = "untouched";
	enum bsg_err rc;

	FUZZ_CHECK(message != NULL && buf != NULL);
	rc = c->decode(in, message, &why);
	if (rc == BSG_OK) {
		FUZZ_CHECK(why == NULL);
		roundtrip_again(c, in, message, buf);
	} else {
		FUZZ_CHECK(rc == BSG_E_INVALID || rc == BSG_E_LIMIT || rc == BSG_E_DENIED);
		FUZZ_CHECK(why != NULL && roundtrip_is_zero(message, c->size));
	}
	free(message);
	free(buf);
}

#endif
