/* SPDX-License-Identifier: Apache-2.0 */
/* Base45 (RFC 9285): bytes in the alphabet of QR codes. Strict, freestanding. */
#ifndef BSG_WIRE_BASE45_H
#define BSG_WIRE_BASE45_H

#include <bosaga/error.h>
#include <bosaga/slice.h>

/* Characters for @len bytes, without a terminating zero. */
#define BSG_BASE45_LEN(len) ((len) / 2 * 3 + (len) % 2 * 2)

/**
 * Encode bytes. The text is not terminated by a zero.
 *
 * @param out_len  BSG_BASE45_LEN(bytes.len); 0 on failure
 *
 * @return BSG_OK, BSG_E_LIMIT (@cap)
 */
enum bsg_err bsg_base45_encode(struct bsg_bytes bytes, char *out, size_t cap,
			       size_t *out_len) BSG_MUST_CHECK;

/**
 * Decode text. One text decodes to one value and back to the same text.
 *
 * @param out_len  0 on failure
 *
 * @return BSG_OK, BSG_E_INVALID (a character outside the alphabet, a length that
 *         no encoding has, a group past its range), BSG_E_LIMIT (@cap)
 */
enum bsg_err bsg_base45_decode(struct bsg_str text, uint8_t *out, size_t cap,
			       size_t *out_len) BSG_MUST_CHECK;

#endif
