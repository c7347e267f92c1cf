/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text. Lower case is written; both cases are read. Not for secrets: not constant-time. */
#ifndef BSG_BASE_HEX_H
#define BSG_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** Write @len bytes as 2 * @len lower-case digits and a NUL into @out. */
void bsg_hex_encode(const uint8_t *data, size_t len, char *out);

/**
 * Read @text_len digits into @out.
 *
 * @return BSG_OK with *@len bytes written, BSG_E_INVALID (odd count, not a digit),
 *         BSG_E_LIMIT (more than @cap bytes); the text is not repeated in @err
 */
enum bsg_err bsg_hex_decode(const char *text, size_t text_len, uint8_t *out, size_t cap,
			    size_t *len, struct bsg_error *err) BSG_MUST_CHECK;

#endif
