/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of names. */
#include "base/id.h"

#include <stdint.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool bsg_id_is_device(const char *text)
{
	if (text == NULL || strnlen(text, BSG_ID_SIZE) != BSG_ID_LEN)
		return false;
	for (size_t i = 0; i < BSG_ID_LEN; i++)
		if (!is_hex(text[i]))
			return false;
	return true;
}

bool bsg_id_is_name_n(const char *text, size_t len)
{
	if (text == NULL || len < 1 || len > BSG_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'z') && text[i] != '-')
			return false;
	return true;
}

bool bsg_id_is_name(const char *text)
{
	return text != NULL && bsg_id_is_name_n(text, strnlen(text, BSG_NAME_SIZE));
}

bool bsg_id_is_uuid(const char *text)
{
	if (text == NULL || strnlen(text, BSG_UUID_SIZE) != BSG_UUID_LEN)
		return false;
	for (size_t i = 0; i < BSG_UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !is_hex(text[i]))
			return false;
	}
	return true;
}

/* Length of the valid UTF-8 character at @s, 0 if none; RFC 3629's table of allowed bytes. */
static size_t utf8_char(const uint8_t *s, size_t len, uint32_t *out)
{
	static const struct { uint8_t from, to, low, high; size_t len; } rows[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t row = 0;

	while (row < sizeof(rows) / sizeof(rows[0]) && (s[0] < rows[row].from || s[0] > rows[row].to))
		row++;
	if (row == sizeof(rows) / sizeof(rows[0]) || rows[row].len > len)
		return 0;
	*out = rows[row].len == 1 ? s[0] : s[0] & (0x7fu >> rows[row].len);
	for (size_t i = 1; i < rows[row].len; i++) {
		uint8_t low = i == 1 ? rows[row].low : 0x80;
		uint8_t high = i == 1 ? rows[row].high : 0xbf;

		if (s[i] < low || s[i] > high)
			return 0;
		*out = *out << 6 | (s[i] & 0x3f);
	}
	return rows[row].len;
}

size_t bsg_text_shown_char(const char *text, size_t len)
{
	uint32_t c = 0;
	size_t n = len == 0 ? 0 : utf8_char((const uint8_t *)text, len, &c);

	/* C0, DEL, C1; line and paragraph separator; marks that reorder text around them. */
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069))
		return 0;
	return n;
}

bool bsg_text_is_shown(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = bsg_text_shown_char(text + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
