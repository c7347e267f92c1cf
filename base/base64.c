/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 with padding and base64url without (RFC 4648 sections 4 and 5). */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* @param left  bytes from @data on, at least 1 */
static void encode_group(const uint8_t *data, size_t left, uint8_t *out)
{
	const uint32_t v = (uint32_t)data[0] << 16 | (left > 1 ? (uint32_t)data[1] << 8 : 0) | (left > 2 ? data[2] : 0);

	out[0] = (uint8_t)alphabet[v >> 18];
	out[1] = (uint8_t)alphabet[v >> 12 & 63];
	out[2] = left > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
	out[3] = left > 2 ? (uint8_t)alphabet[v & 63] : '=';
}

void bsg_base64_encode(const uint8_t *data, size_t len, size_t line, struct bsg_buf *out)
{
	const size_t n_groups = len / 3 + (len % 3 > 0);
	const size_t in_line = line > 0 ? line / 4 + (line % 4 > 0) : SIZE_MAX;	/* groups */
	const size_t n_lines = line > 0 ? n_groups / in_line + (n_groups % in_line > 0) : 0;
	uint8_t *at = bsg_buf_extend(out, n_groups * 4 + n_lines);

	if (at == NULL)
		return;
	for (size_t i = 0; i < n_groups; i++) {
		encode_group(data + 3 * i, len - 3 * i, at);
		at += 4;
		if (line > 0 && (i % in_line == in_line - 1 || i == n_groups - 1))
			*at++ = '\n';
	}
}

/* What a character stands for; -1: nothing. */
static const int8_t values[128] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

static int value(char c)
{
	return (unsigned char)c < sizeof(values) ? values[(unsigned char)c] : -1;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What has been read so far: whole groups of four are written as they fill up. */
struct decoder {
	uint32_t bits;
	int n_bits;	/* not yet written, < 8 between characters */
	int n_chars;	/* of the group, 0 to 3 */
	int n_pads;
};

static int take(struct decoder *d, char c)
{
	int v = value(c);

	if (c == '=') {
		d->n_pads++;
		d->n_chars++;
		return d->n_chars > 2 && d->n_pads <= 2;
	}
	if (v < 0 || d->n_pads > 0)
		return 0;
	d->bits = (d->bits << 6 | (uint32_t)v) & 0xffff;
	d->n_bits += 6;
	d->n_chars++;
	return 1;
}

/* Decode whole groups of four characters, as long as there is nothing else among them. @return characters read */
static size_t take_groups(const char *text, size_t len, uint8_t *out, size_t cap, size_t *n)
{
	size_t i = 0;

	for (; len - i >= 4 && cap - *n >= 3; i += 4) {
		const int a = value(text[i]), b = value(text[i + 1]), c = value(text[i + 2]), d = value(text[i + 3]);
		uint32_t bits;

		if ((a | b | c | d) < 0)
			break;
		bits = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;
		out[(*n)++] = (uint8_t)(bits >> 16);
		out[(*n)++] = (uint8_t)(bits >> 8);
		out[(*n)++] = (uint8_t)bits;
	}
	return i;
}

enum bsg_err bsg_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t cap,
			       size_t *len, struct bsg_error *err)
{
	struct decoder d = { 0 };
	size_t n = 0;

	*len = 0;
	for (size_t i = take_groups(text, text_len, out, cap, &n); i < text_len; i++) {
		if (is_blank(text[i]))
			continue;
		if (d.n_pads > 0 && d.n_chars == 0)
			return bsg_fail(err, BSG_E_INVALID, "base64: text after the padding");
		if (!take(&d, text[i]))
			return bsg_fail(err, BSG_E_INVALID, "base64: bad character at %zu", i);
		if (d.n_bits >= 8) {
			if (n == cap)
				return bsg_fail(err, BSG_E_LIMIT, "base64: more than %zu bytes", cap);
			d.n_bits -= 8;
			out[n++] = (uint8_t)(d.bits >> d.n_bits);
		}
		d.n_chars %= 4;
	}
	if (d.n_chars != 0)
		return bsg_fail(err, BSG_E_INVALID, "base64: cut off");
	if ((d.bits & ((1u << d.n_bits) - 1)) != 0)
		return bsg_fail(err, BSG_E_INVALID, "base64: unused bits are not zero");
	*len = n;
	return BSG_OK;
}

void bsg_base64url_encode(const uint8_t *data, size_t len, struct bsg_buf *out)
{
	const size_t from = out->len;
	size_t n_pads = 0;

	bsg_base64_encode(data, len, 0, out);
	if (out->rc != BSG_OK || out->len == from)
		return;
	for (size_t i = from; i < out->len; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
		else if (out->data[i] == '=')
			n_pads++;
	}
	out->len -= n_pads;
	out->data[out->len] = '\0';
}

enum bsg_err bsg_base64url_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *len,
				  struct bsg_error *err)
{
	struct decoder d = { 0 };
	size_t n = 0;

	*len = 0;
	for (size_t i = 0; i < text_len; i++) {
		const char c = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];

		if (text[i] == '+' || text[i] == '/' || text[i] == '=' || !take(&d, c))
			return bsg_fail(err, BSG_E_INVALID, "base64url: bad character at %zu", i);
		if (d.n_bits < 8)
			continue;
		if (n == cap)
			return bsg_fail(err, BSG_E_LIMIT, "base64url: more than %zu bytes", cap);
		d.n_bits -= 8;
		out[n++] = (uint8_t)(d.bits >> d.n_bits);
	}
	if (text_len % 4 == 1)
		return bsg_fail(err, BSG_E_INVALID, "base64url: cut off");
	if ((d.bits & ((1u << d.n_bits) - 1)) != 0)
		return bsg_fail(err, BSG_E_INVALID, "base64url: unused bits are not zero");
	*len = n;
	return BSG_OK;
}
