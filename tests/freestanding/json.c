/* SPDX-License-Identifier: Apache-2.0 */
/* See json.h. */
#include "tests/freestanding/json.h"

static const struct bsg_str absent = { NULL, 0 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip(struct bsg_str s, size_t at)
{
	while (at < s.len && (is_blank(s.ptr[at]) || s.ptr[at] == ',' || s.ptr[at] == ':'))
		at++;
	return at;
}

/* Where the value that begins at `at` ends. */
static size_t end_of(struct bsg_str s, size_t at)
{
	size_t depth = 0;
	bool text = false;

	for (; at < s.len; at++) {
		char c = s.ptr[at];

		if (text) {
			text = c != '"';
			if (!text && depth == 0)
				return at + 1;
			continue;
		}
		if (c == '"') {
			text = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth <= 1)
				return depth == 0 ? at : at + 1;
			depth--;
		} else if (depth == 0 && (is_blank(c) || c == ',' || c == ':')) {
			return at;
		}
	}
	return at;
}

static bool take(struct bsg_str s, size_t *at, struct bsg_str *value)
{
	size_t from = skip(s, *at), end = end_of(s, from);

	if (end <= from)
		return false;
	*value = (struct bsg_str){ s.ptr + from, end - from };
	*at = end;
	return true;
}

struct bsg_str json_whole(struct bsg_str text)
{
	size_t at = 0;
	struct bsg_str value = absent;

	return take(text, &at, &value) ? value : absent;
}

static bool same(struct bsg_str s, const char *text)
{
	size_t i = 0;

	while (i < s.len && text[i] != 0 && s.ptr[i] == text[i])
		i++;
	return i == s.len && text[i] == 0;
}

struct bsg_str json_get(struct bsg_str object, const char *key)
{
	struct bsg_str name, value;
	size_t at = 1;

	if (object.len < 2 || object.ptr[0] != '{')
		return absent;
	object.len--;
	while (take(object, &at, &name) && take(object, &at, &value))
		if (same(json_text(name), key))
			return value;
	return absent;
}

bool json_each(struct bsg_str array, size_t *at, struct bsg_str *item)
{
	if (array.len < 2 || array.ptr[0] != '[')
		return false;
	array.len--;
	if (*at == 0)
		*at = 1;
	return take(array, at, item);
}

bool json_is(struct bsg_str value, const char *text)
{
	return same(value, text);
}

bool json_given(struct bsg_str value)
{
	return value.len != 0 && !same(value, "null");
}

struct bsg_str json_text(struct bsg_str value)
{
	if (value.len < 2 || value.ptr[0] != '"')
		return absent;
	return (struct bsg_str){ value.ptr + 1, value.len - 2 };
}

int64_t json_number(struct bsg_str value, int64_t otherwise)
{
	int64_t n = 0;
	size_t at = value.len != 0 && value.ptr[0] == '-' ? 1 : 0;

	if (!json_given(value))
		return otherwise;
	for (; at < value.len; at++)
		n = n * 10 + (value.ptr[at] - '0');
	return value.ptr[0] == '-' ? -n : n;
}
