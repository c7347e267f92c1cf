/* SPDX-License-Identifier: Apache-2.0 */
/* Base45. See wire/base45.h. */
#include "wire/base45.h"

#include <stdbool.h>
#include <stdint.h>

#define BASE 45u

static const char alphabet[BASE + 1] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/*
 * value / 45 by a multiplication (exact below 2^16): a machine without a divider
 * would otherwise call the compiler's library.
 */
static uint32_t divide(uint32_t value)
{
	return value * 46604 >> 21;
}

enum bsg_err bsg_base45_encode(struct bsg_bytes bytes, char *out, size_t cap, size_t *out_len)
{
	size_t at = 0;

	*out_len = 0;
	if (bytes.len > SIZE_MAX / 3 || BSG_BASE45_LEN(bytes.len) > cap)
		return BSG_E_LIMIT;
	for (size_t i = 0; i < bytes.len; i += 2) {
		bool pair = i + 1 < bytes.len;
		uint32_t value = pair ? (uint32_t)bytes.ptr[i] << 8 | bytes.ptr[i + 1] :
					bytes.ptr[i];
		uint32_t high = divide(value);

		out[at++] = alphabet[value - high * BASE];
		value = high;
		high = divide(value);
		out[at++] = alphabet[value - high * BASE];
		if (pair)
			out[at++] = alphabet[high];
	}
	*out_len = at;
	return BSG_OK;
}

/* BASE if it is not in the alphabet. */
static uint32_t digit(char c)
{
	uint32_t i = 0;

	while (i < BASE && alphabet[i] != c)
		i++;
	return i;
}

enum bsg_err bsg_base45_decode(struct bsg_str text, uint8_t *out, size_t cap, size_t *out_len)
{
	size_t at = 0;

	*out_len = 0;
	for (size_t i = 0; i < text.len; i += 3) {
		size_t n = text.len - i < 3 ? text.len - i : 3;
		uint32_t value = 0;

		if (n == 1)
			return BSG_E_INVALID;
		for (size_t k = n; k > 0; k--) {
			uint32_t d = digit(text.ptr[i + k - 1]);

			if (d == BASE)
				return BSG_E_INVALID;
			value = value * BASE + d;
		}
		if (value > (n == 3 ? UINT16_MAX : UINT8_MAX))
			return BSG_E_INVALID;
		if (cap - at < n - 1)
			return BSG_E_LIMIT;
		if (n == 3)
			out[at++] = (uint8_t)(value >> 8);
		out[at++] = (uint8_t)value;
	}
	*out_len = at;
	return BSG_OK;
}
