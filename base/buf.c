/* SPDX-License-Identifier: Apache-2.0 */
/* A growing, capped buffer whose first failure sticks. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bsg_buf_init(struct bsg_buf *buf, size_t max)
{
	memset(buf, 0, sizeof(*buf));
	buf->max = max;
}

void bsg_buf_init_secret(struct bsg_buf *buf, size_t max)
{
	bsg_buf_init(buf, max);
	buf->is_secret = true;
}

static void give_back(struct bsg_buf *buf)
{
	if (buf->is_secret && buf->data != NULL)
		explicit_bzero(buf->data, buf->cap);
	free(buf->data);
}

/* realloc() leaves what it moved where it was. */
static uint8_t *move(struct bsg_buf *buf, size_t cap)
{
	uint8_t *data = malloc(cap);

	if (data == NULL)
		return NULL;
	if (buf->len > 0)
		memcpy(data, buf->data, buf->len);
	give_back(buf);
	return data;
}

/* Make room for @more bytes and a NUL. False when @buf has failed, now or before. */
static int reserve(struct bsg_buf *buf, size_t more)
{
	size_t cap = buf->cap < 64 ? 64 : buf->cap;
	uint8_t *data;

	if (buf->rc != BSG_OK)
		return 0;
	if (more > buf->max - buf->len || buf->max == SIZE_MAX) {
		buf->rc = BSG_E_LIMIT;
		return 0;
	}
	if (buf->len + more < buf->cap)
		return 1;
	while (cap <= buf->len + more)
		cap = cap <= SIZE_MAX / 2 ? cap * 2 : buf->len + more + 1;
	if (cap > buf->max + 1)
		cap = buf->max + 1;	/* the NUL may stand behind the last allowed byte */
	data = buf->is_secret ? move(buf, cap) : realloc(buf->data, cap);
	if (data == NULL) {
		buf->rc = BSG_E_NO_MEMORY;
		return 0;
	}
	buf->data = data;
	buf->cap = cap;
	return 1;
}

uint8_t *bsg_buf_extend(struct bsg_buf *buf, size_t len)
{
	uint8_t *at;

	if (!reserve(buf, len))
		return NULL;
	at = buf->data + buf->len;
	buf->len += len;
	buf->data[buf->len] = '\0';
	return at;
}

void bsg_buf_add(struct bsg_buf *buf, const void *data, size_t len)
{
	uint8_t *at = bsg_buf_extend(buf, len);

	if (at != NULL && len > 0)
		memcpy(at, data, len);
}

void bsg_buf_add_text(struct bsg_buf *buf, const char *text)
{
	bsg_buf_add(buf, text, strlen(text));
}

void bsg_buf_printf(struct bsg_buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 && buf->rc == BSG_OK)
		buf->rc = BSG_E_BUG;
	if (n < 0 || !reserve(buf, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf((char *)buf->data + buf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
}

enum bsg_err bsg_buf_finish(struct bsg_buf *buf, struct bsg_error *err)
{
	bsg_buf_add(buf, NULL, 0);
	if (buf->rc == BSG_E_LIMIT)
		return bsg_fail(err, BSG_E_LIMIT, "more than %zu bytes", buf->max);
	if (buf->rc != BSG_OK)
		return bsg_fail(err, buf->rc, "buffer: out of memory after %zu bytes", buf->len);
	return BSG_OK;
}

void bsg_buf_clear(struct bsg_buf *buf)
{
	buf->len = 0;
	buf->rc = BSG_OK;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

static void forget(struct bsg_buf *buf)
{
	const bool is_secret = buf->is_secret;

	bsg_buf_init(buf, buf->max);
	buf->is_secret = is_secret;
}

uint8_t *bsg_buf_take(struct bsg_buf *buf, size_t *len)
{
	uint8_t *data = buf->data;

	*len = buf->len;
	forget(buf);
	return data;
}

void bsg_buf_free(struct bsg_buf *buf)
{
	give_back(buf);
	forget(buf);
}
