/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text. */
#include "base/hex.h"

void bsg_hex_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[data[i] >> 4];
		*out++ = digits[data[i] & 15];
	}
	*out = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum bsg_err bsg_hex_decode(const char *text, size_t text_len, uint8_t *out, size_t cap,
			    size_t *len, struct bsg_error *err)
{
	*len = 0;
	if (text_len % 2 != 0)
		return bsg_fail(err, BSG_E_INVALID, "hex: odd number of digits");
	if (text_len / 2 > cap)
		return bsg_fail(err, BSG_E_LIMIT, "hex: more than %zu bytes", cap);
	for (size_t i = 0; i < text_len; i += 2) {
		int high = digit(text[i]);
		int low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			return bsg_fail(err, BSG_E_INVALID, "hex: not a digit at %zu", i);
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*len = text_len / 2;
	return BSG_OK;
}
