/* SPDX-License-Identifier: Apache-2.0 */
/* A calendar's bytes to content lines. Strict, so that nothing behind it sees bytes that it might not expect. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "schedule/parts.h"

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-';
}

/* The length of the UTF-8 sequence at @at, 0 if it is none (RFC 3629: shortest form, no surrogates). */
static size_t utf8_len(const unsigned char *at, size_t left)
{
	const size_t len = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 :
		at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;

	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

static enum bsg_err check_text(struct bsg_cal *cal, const char *text, size_t len, unsigned number)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		const unsigned char c = (unsigned char)text[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return bsg_cal_bad(cal, BSG_E_INVALID, number, "a control character (0x%02x): take it out", c);
		n = utf8_len((const unsigned char *)text + i, len - i);
		if (n == 0)
			return bsg_cal_bad(cal, BSG_E_INVALID, number, "not UTF-8: save the file as UTF-8");
	}
	return BSG_OK;
}

/* Parameters up to the colon before the value: *( ";" name "=" value *( "," value ) ). Ends them with a NUL. */
static char *cut_params(char *at)
{
	while (*at == ';') {
		char *name = ++at;

		while (is_name_char(*at))
			at++;
		if (at == name || *at != '=')
			return NULL;
		do {
			at++;
			if (*at == '"') {
				at = strchr(at + 1, '"');
				if (at == NULL)
					return NULL;
				at++;
			} else {
				at += strcspn(at, "\";:,");
			}
		} while (*at == ',');
	}
	if (*at != ':')
		return NULL;
	*at = '\0';
	return at + 1;
}

static enum bsg_err cut_line(struct bsg_cal *cal, char *text, unsigned number)
{
	struct bsg_ics_line *line = &cal->lines[cal->n_lines];
	char shown[BSG_SHOWN_SIZE];
	char *at = text;

	while (is_name_char(*at))
		at++;
	line->number = number;
	line->name = text;
	line->params = at;
	line->value = at == text ? NULL : cut_params(at);
	if (line->value == NULL)
		return bsg_cal_bad(cal, BSG_E_INVALID, number, "\"%s\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one",
				   bsg_cal_show(text, shown));
	if (*line->params == ';') {
		*line->params = '\0';
		line->params++;
	}
	for (char *c = line->name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	cal->n_lines++;
	return BSG_OK;
}

/* The end of the physical line at @at: its LF, or the end of the text. *@len is without CR. */
static const char *line_end(const char *at, const char *end, size_t *len)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));
	const char *stop = lf != NULL ? lf : end;

	*len = (size_t)(stop - at);
	if (*len > 0 && stop[-1] == '\r')
		--*len;
	return stop;
}

/* Copy the line at *@at and its folded rest to *@to, which moves behind its NUL. */
static enum bsg_err unfold(struct bsg_cal *cal, const char **at, const char *end, unsigned *number, char **to)
{
	const unsigned first = *number;
	size_t total = 0;
	enum bsg_err rc;

	for (size_t skip = 0;; skip = 1) {
		size_t len;
		const char *stop = line_end(*at, end, &len);

		if (total + len > BSG_CAL_LINE_MAX)
			return bsg_cal_bad(cal, BSG_E_LIMIT, first, "a line of more than %u bytes", BSG_CAL_LINE_MAX);
		if (len > skip) {
			memcpy(*to + total, *at + skip, len - skip);
			total += len - skip;
		}
		*at = stop < end ? stop + 1 : end;
		++*number;
		if (*at >= end || (**at != ' ' && **at != '\t'))
			break;
	}
	rc = check_text(cal, *to, total, first);
	if (rc != BSG_OK || total == 0)
		return rc;
	(*to)[total] = '\0';
	rc = cut_line(cal, *to, first);
	*to += total + 1;
	return rc;
}

static size_t count_lines(const char *ics, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += ics[i] == '\n';
	return n;
}

enum bsg_err bsg_ics_read(struct bsg_cal *cal, const char *ics, size_t len)
{
	const char *at = ics, *end = ics + len;
	const size_t n = count_lines(ics, len);
	unsigned number = 1;
	enum bsg_err rc = BSG_OK;
	char *to;

	if (len > BSG_SCHEDULE_BYTES_MAX)
		return bsg_cal_bad(cal, BSG_E_LIMIT, 0, "a calendar of more than %u bytes", BSG_SCHEDULE_BYTES_MAX);
	cal->lines = bsg_arena_array(&cal->arena, n, sizeof(*cal->lines));
	to = bsg_arena_alloc(&cal->arena, len + 2);	/* a last line without LF needs a byte more */
	if (cal->lines == NULL || to == NULL)
		return bsg_cal_no_memory(cal);
	if (len >= 3 && memcmp(ics, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	if (at < end && (*at == ' ' || *at == '\t'))
		return bsg_cal_bad(cal, BSG_E_INVALID, 1, "the first line is the rest of another one: it begins with a space");
	while (rc == BSG_OK && at < end)
		rc = unfold(cal, &at, end, &number, &to);
	return rc;
}

/* Where the value at @at ends: at a semicolon outside of quotes. */
static const char *param_end(const char *at)
{
	for (bool quoted = false; *at != '\0' && (quoted || *at != ';'); at++)
		quoted = quoted != (*at == '"');
	return at;
}

static const char *copy_value(struct bsg_cal *cal, const char *at, const char *end)
{
	const bool quoted = end - at >= 2 && *at == '"' && end[-1] == '"';

	return bsg_arena_copy(&cal->arena, at + quoted, (size_t)(end - at) - (quoted ? 2 : 0));
}

enum bsg_err bsg_ics_param(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *name, const char **out)
{
	const size_t len = strlen(name);
	const char *end;

	*out = NULL;
	for (const char *at = line->params; *at != '\0'; at = *end == ';' ? end + 1 : end) {
		const char *equals = strchr(at, '=');

		end = param_end(equals + 1);
		if ((size_t)(equals - at) != len || strncasecmp(at, name, len) != 0)
			continue;
		if (*out != NULL)
			return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s twice in one line", name);
		*out = copy_value(cal, equals + 1, end);
		if (*out == NULL)
			return bsg_cal_no_memory(cal);
	}
	return BSG_OK;
}

bool bsg_ics_is(const struct bsg_ics_line *line, const char *name, const char *value)
{
	return strcmp(line->name, name) == 0 && strcasecmp(line->value, value) == 0;
}

static enum bsg_err open_block(struct bsg_cal *cal, size_t begin, const size_t *open, size_t depth)
{
	static const char *const outer[] = { "VEVENT", "VTIMEZONE", "VCALENDAR", "VTODO", "VJOURNAL", "VFREEBUSY" };
	const struct bsg_ics_line *line = &cal->lines[begin], *around = &cal->lines[open[depth - 1]];
	char shown[BSG_SHOWN_SIZE], shown_around[BSG_SHOWN_SIZE];

	if (depth >= BSG_CAL_DEPTH_MAX)
		return bsg_cal_bad(cal, BSG_E_LIMIT, line->number, "components more than %d deep in one another",
				   BSG_CAL_DEPTH_MAX);
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++)
		if (strcasecmp(line->value, outer[i]) == 0)
			return bsg_cal_bad(cal, BSG_E_INVALID, line->number,
					   "BEGIN:%s inside the %s of line %u: is its END missing?",
					   bsg_cal_show(line->value, shown), bsg_cal_show(around->value, shown_around),
					   around->number);
	return BSG_OK;
}

static enum bsg_err close_block(struct bsg_cal *cal, size_t end, size_t begin)
{
	const struct bsg_ics_line *line = &cal->lines[end], *opened = &cal->lines[begin];
	char shown[BSG_SHOWN_SIZE], shown_opened[BSG_SHOWN_SIZE];

	if (strcasecmp(line->value, opened->value) != 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "END:%s ends the %s of line %u",
				   bsg_cal_show(line->value, shown), bsg_cal_show(opened->value, shown_opened), opened->number);
	return BSG_OK;
}

enum bsg_err bsg_ics_block(struct bsg_cal *cal, size_t begin, struct bsg_ics_block *out)
{
	size_t open[BSG_CAL_DEPTH_MAX] = { begin }, depth = 1;
	char shown[BSG_SHOWN_SIZE];
	enum bsg_err rc = BSG_OK;

	*out = (struct bsg_ics_block){ begin, begin };
	for (size_t i = begin + 1; i < cal->n_lines; i++) {
		if (strcmp(cal->lines[i].name, "BEGIN") == 0) {
			rc = open_block(cal, i, open, depth);
			if (rc == BSG_OK)
				open[depth++] = i;
		} else if (strcmp(cal->lines[i].name, "END") == 0) {
			rc = close_block(cal, i, open[--depth]);
		}
		if (rc != BSG_OK)
			return rc;
		if (depth == 0) {
			out->end = i;
			return BSG_OK;
		}
	}
	return bsg_cal_bad(cal, BSG_E_INVALID, cal->lines[begin].number, "BEGIN:%s without its END",
			   bsg_cal_show(cal->lines[begin].value, shown));
}
