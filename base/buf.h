/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing, capped buffer of bytes.
 *
 * The first failure sticks: later appends do nothing, and bsg_buf_finish()
 * reports it. So build the whole thing, then check once:
 *
 *	bsg_buf_init(&buf, 65536);
 *	bsg_buf_printf(&buf, "hello %s\n", name);
 *	rc = bsg_buf_finish(&buf, err);
 */
#ifndef BSG_BASE_BUF_H
#define BSG_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bsg_buf {
	uint8_t *data;		/* owned; a NUL follows the last byte; NULL while empty */
	size_t len;
	size_t cap;		/* bytes allocated */
	size_t max;		/* len never exceeds it */
	enum bsg_err rc;	/* the first failure */
	bool is_secret;		/* its memory is wiped before it is given back, also when it grows */
};

/** Make @buf empty with at most @max bytes. Allocates nothing. */
void bsg_buf_init(struct bsg_buf *buf, size_t max);

/** As bsg_buf_init(), for bytes that may not stay in memory: what grew out of its place is wiped there, too. */
void bsg_buf_init_secret(struct bsg_buf *buf, size_t max);

/** Append @len bytes of @data (may be NULL when @len is 0), or fail @buf. */
void bsg_buf_add(struct bsg_buf *buf, const void *data, size_t len);

/** Append @len bytes for the caller to fill, until the next append. @return where; NULL: @buf has failed */
uint8_t *bsg_buf_extend(struct bsg_buf *buf, size_t len);

/** Append a NUL-terminated string, without its NUL. */
void bsg_buf_add_text(struct bsg_buf *buf, const char *text);

/** Append formatted text. */
void bsg_buf_printf(struct bsg_buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * Report the first failure since bsg_buf_init().
 *
 * @return BSG_OK (data is not NULL, even when empty), BSG_E_LIMIT (more than max),
 *         BSG_E_NO_MEMORY
 */
enum bsg_err bsg_buf_finish(struct bsg_buf *buf, struct bsg_error *err) BSG_MUST_CHECK;

/** Forget the bytes and the failure, keep the memory. */
void bsg_buf_clear(struct bsg_buf *buf);

/** Hand the bytes to the caller, who frees them with free(), and wipes them if they are secret; @buf is empty afterwards. */
uint8_t *bsg_buf_take(struct bsg_buf *buf, size_t *len);

/** Free the memory; @buf may be used again, as it was begun. */
void bsg_buf_free(struct bsg_buf *buf);

#endif
