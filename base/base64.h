/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 with padding (RFC 4648 section 4), as HTTP Basic, EST and PEM use it; base64url without (section 5), as JWT does. */
#ifndef BSG_BASE_BASE64_H
#define BSG_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Characters without line breaks and NUL for @n bytes. */
#define BSG_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/** Append @len bytes as base64; a line break after every @line characters, none if 0. */
void bsg_base64_encode(const uint8_t *data, size_t len, size_t line, struct bsg_buf *out);

/**
 * Read base64 into @out. Spaces, tabs, CR and LF are skipped; padding is required;
 * nothing may follow it; unused bits must be zero, so that one value has one text.
 *
 * @return BSG_OK with *@len bytes written, BSG_E_INVALID, BSG_E_LIMIT (more than @cap)
 */
enum bsg_err bsg_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t cap,
			       size_t *len, struct bsg_error *err) BSG_MUST_CHECK;

/** Append @len bytes as base64url without padding. */
void bsg_base64url_encode(const uint8_t *data, size_t len, struct bsg_buf *out);

/**
 * Read base64url without padding into @out. Nothing is skipped; unused bits must be zero.
 *
 * @return BSG_OK with *@len bytes written, BSG_E_INVALID, BSG_E_LIMIT (more than @cap)
 */
enum bsg_err bsg_base64url_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *len,
				  struct bsg_error *err) BSG_MUST_CHECK;

#endif
