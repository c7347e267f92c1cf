/* SPDX-License-Identifier: Apache-2.0 */
/* Values of header fields and URLs. Pure: bytes in, answers out, no allocation. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/id.h"
#include "http/internal.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool bsg_http_percent_decode(char *text, bool plus_is_space)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from == '+' && plus_is_space ? ' ' : *from;
			continue;
		}
		high = hex_digit(from[1]);
		low = high < 0 ? -1 : hex_digit(from[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*to++ = (char)(high * 16 + low);
		from += 2;
	}
	*to = '\0';
	return bsg_text_is_shown(text, (size_t)(to - text));
}

/* A decoded '/' or a dot segment could become part of a file name further in. */
static bool segment_is_safe(const char *text)
{
	return strchr(text, '/') == NULL && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

int bsg_http_split_path(char *path, char **segments, size_t max)
{
	size_t n = 0;

	if (path[0] != '/')
		return -1;
	if (path[1] == '\0')
		return 0;
	for (char *at = path; at != NULL; ) {
		char *end = strchr(at + 1, '/');

		if (n == max)
			return -2;
		segments[n++] = at + 1;
		if (end != NULL)
			*end = '\0';
		at = end;
	}
	for (size_t i = 0; i < n; i++) {
		if (!bsg_http_percent_decode(segments[i], false) || !segment_is_safe(segments[i]))
			return -1;
	}
	return (int)n;
}

int bsg_http_split_query(char *query, struct bsg_http_query_field *fields, size_t max)
{
	size_t n = 0;
	char *rest = query;

	while (rest != NULL && *rest != '\0') {
		char *name = strsep(&rest, "&");
		char *value = name;

		if (name[0] == '\0')
			continue;
		if (n == max)
			return -1;
		name = strsep(&value, "=");
		if (value == NULL)
			value = name + strlen(name);
		if (!bsg_http_percent_decode(name, true) || !bsg_http_percent_decode(value, true))
			return -1;
		fields[n].name = name;
		fields[n].value = value;
		n++;
	}
	return (int)n;
}

static const char *skip_spaces(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* A quality value in thousandths (RFC 9110 12.4.2); malformed counts as 0. */
static unsigned parse_quality(const char *params, size_t len)
{
	const char *end = params + len;
	const char *q = NULL;
	unsigned value, scale = 100;

	for (const char *at = params; at < end; at++) {
		if (*at == ';') {
			const char *name = skip_spaces(at + 1);

			if (name + 1 < end && (name[0] == 'q' || name[0] == 'Q') && name[1] == '=')
				q = name + 2;
		}
	}
	if (q == NULL)
		return 1000;
	if (q >= end || (*q != '0' && *q != '1'))
		return 0;
	value = (unsigned)(*q - '0') * 1000;
	if (++q < end && *q == '.') {
		for (q++; q < end && isdigit((unsigned char)*q) && scale > 0; q++, scale /= 10)
			value += (unsigned)(*q - '0') * scale;
	}
	return value > 1000 ? 1000 : value;
}

static bool tag_is(const char *tag, size_t len, const char *language)
{
	return len >= 2 && strncasecmp(tag, language, 2) == 0 && (len == 2 || tag[2] == '-');
}

enum bsg_http_lang bsg_http_parse_language(const char *accept_language)
{
	static const char names[BSG_HTTP_N_LANGS][3] = { "kk", "ru", "en" };
	enum bsg_http_lang best = BSG_HTTP_EN;
	unsigned best_q = 0;
	const char *at = accept_language;

	while (at != NULL && *at != '\0') {
		const char *tag = skip_spaces(at);
		size_t item = strcspn(tag, ",");
		size_t len = strcspn(tag, ",; \t");
		unsigned q = parse_quality(tag + len, item - len);

		for (int i = 0; i < BSG_HTTP_N_LANGS; i++) {
			if (q > best_q && tag_is(tag, len, names[i])) {
				best = (enum bsg_http_lang)i;
				best_q = q;
			}
		}
		at = tag[item] == ',' ? tag + item + 1 : NULL;
	}
	return best;
}

unsigned bsg_http_parse_wait(const char *prefer)
{
	const char *at = prefer;

	while (at != NULL && *at != '\0') {
		const char *item = skip_spaces(at);
		size_t len = strcspn(item, ",");

		if (strncasecmp(item, "wait", 4) == 0) {
			const char *value = skip_spaces(item + 4);
			unsigned seconds = 0;

			if (*value == '=') {
				value = skip_spaces(value + 1);
				if (!isdigit((unsigned char)*value))
					return 0;
				for (; isdigit((unsigned char)*value); value++) {
					if (seconds < 1000000)
						seconds = seconds * 10 + (unsigned)(*value - '0');
				}
				value = skip_spaces(value);
				return *value == '\0' || *value == ',' || *value == ';' ? seconds : 0;
			}
		}
		at = item[len] == ',' ? item + len + 1 : NULL;
	}
	return 0;
}

bool bsg_http_etag_listed(const char *list, const char *etag, bool weak)
{
	size_t len = strlen(etag);
	const char *at = skip_spaces(list);

	if (at[0] == '*')
		return *skip_spaces(at + 1) == '\0';
	while (*at != '\0') {
		bool is_weak = at[0] == 'W' && at[1] == '/';
		const char *end;

		if (is_weak)
			at += 2;
		if (*at != '"')
			return false;
		end = strchr(at + 1, '"');
		if (end == NULL)
			return false;
		if ((weak || !is_weak) && (size_t)(end - at - 1) == len &&
		    memcmp(at + 1, etag, len) == 0)
			return true;
		at = skip_spaces(end + 1);
		if (*at != ',')
			return false;
		at = skip_spaces(at + 1);
	}
	return false;
}

const char *bsg_http_find_cookie(const char *header, const char *name, size_t *len)
{
	const size_t name_len = strlen(name);

	*len = 0;
	for (const char *at = header; at != NULL;) {
		at = skip_spaces(at);
		if (strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
			*len = strcspn(at + name_len + 1, ";");
			return at + name_len + 1;
		}
		at = strchr(at, ';');
		at = at != NULL ? at + 1 : NULL;
	}
	return NULL;
}

bool bsg_http_parse_basic(const char *text, char *plain, const char **user, const char **password)
{
	size_t len = strlen(text);
	char *colon;

	if (bsg_base64_decode(text, len, (uint8_t *)plain, len, &len, NULL) != BSG_OK)
		return false;
	colon = memchr(plain, ':', len);
	if (colon == NULL || memchr(plain, '\0', len) != NULL)
		return false;
	plain[len] = '\0';
	*colon = '\0';
	*user = plain;
	*password = colon + 1;
	return true;
}

bool bsg_http_parse_client_cert(const char *value, uint8_t *der, size_t *len)
{
	const char *at = skip_spaces(value);
	const char *end;

	if (*at != ':')		/* a byte sequence, RFC 8941 3.3.5 */
		return false;
	end = strchr(++at, ':');
	if (end == NULL || *skip_spaces(end + 1) != '\0')
		return false;
	return bsg_base64_decode(at, (size_t)(end - at), der, BSG_HTTP_DER_MAX, len, NULL) == BSG_OK &&
	       *len > 0;
}
