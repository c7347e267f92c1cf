/* SPDX-License-Identifier: Apache-2.0 */
/* What `bosaga-calendar` printed. It has read a calendar that may have taken it over, so nothing of it is believed. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "schedule/helper.h"

/* A number without sign and leading zeros, and what follows it. */
static bool number(const char **at, const char *end, char behind, int64_t *out)
{
	const char *first = *at;

	*out = 0;
	while (*at < end && isdigit((unsigned char)**at) && *at - first < 12)
		*out = *out * 10 + (*(*at)++ - '0');
	if (*at == first || (*first == '0' && *at - first > 1) || *at == end || **at != behind)
		return false;
	++*at;
	return true;
}

static bool window(const char **at, const char *end, int64_t from, int64_t until, struct bsg_schedule_window *out)
{
	return number(at, end, ' ', &out->from) && number(at, end, '\n', &out->until) && out->from >= from &&
		out->from < out->until && out->until <= until && out->from % 60 == 0 && out->until % 60 == 0;
}

enum bsg_err bsg_helper_windows(const char *text, size_t len, int64_t from, int64_t until, struct bsg_schedule *out)
{
	const char *at = text, *end = text + len;
	struct bsg_schedule_window *windows;
	size_t lines = 0, n = 0;

	*out = (struct bsg_schedule){ 0 };
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (lines > BSG_SCHEDULE_WINDOWS_MAX)
		return BSG_E_INVALID;
	windows = malloc((lines + 1) * sizeof(*windows));
	if (windows == NULL)
		return BSG_E_NO_MEMORY;
	while (at < end && n < lines && window(&at, end, from, until, &windows[n]) &&
	       (n == 0 || windows[n].from > windows[n - 1].until))
		n++;
	if (n < lines || at < end) {
		free(windows);
		return BSG_E_INVALID;
	}
	*out = (struct bsg_schedule){ windows, n };
	return BSG_OK;
}

enum bsg_err bsg_helper_mistake(const char *text, size_t len, struct bsg_schedule_mistake *out)
{
	const char *at = text, *end = text + len;
	int64_t line;
	size_t n;

	*out = (struct bsg_schedule_mistake){ 0 };
	if (!number(&at, end, ' ', &line) || line > BSG_SCHEDULE_BYTES_MAX || at == end || end[-1] != '\n')
		return BSG_E_INVALID;
	n = (size_t)(end - at) - 1;
	if (n == 0 || n >= sizeof(out->text))
		return BSG_E_INVALID;
	for (size_t i = 0; i < n; i++)
		if (at[i] < ' ' || at[i] > '~')	/* the program shows foreign text in ASCII only */
			return BSG_E_INVALID;
	memcpy(out->text, at, n);
	out->line = (unsigned)line;
	return BSG_OK;
}

void bsg_schedule_free(struct bsg_schedule *schedule)
{
	free(schedule->windows);
	*schedule = (struct bsg_schedule){ 0 };
}
