/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a calendar, for people. */
#include <stdarg.h>
#include <string.h>

#include "schedule/parts.h"

#undef bsg_cal_bad

enum bsg_err bsg_cal_bad(struct bsg_cal *cal, enum bsg_err rc, unsigned line, const char *fmt, ...)
{
	va_list args;

	if (cal->mistake->text[0] != '\0')
		return rc;
	cal->mistake->line = line;
	va_start(args, fmt);
	(void)vsnprintf(cal->mistake->text, sizeof(cal->mistake->text), fmt, args);
	va_end(args);
	return rc;
}

enum bsg_err bsg_cal_no_memory(struct bsg_cal *cal)
{
	return bsg_cal_bad(cal, BSG_E_NO_MEMORY, 0, "too much memory: cut the calendar into smaller ones");
}

const char *bsg_cal_show(const char *text, char out[static BSG_SHOWN_SIZE])
{
	const size_t max = BSG_SHOWN_SIZE - 1, len = strlen(text);
	size_t n = len < max ? len : max;

	for (size_t i = 0; i < n; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	if (len > max)
		memcpy(out + max - 3, "...", 3);
	out[n] = '\0';
	return out;
}
