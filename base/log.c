/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for the operator, each by one write(2). */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/timetext.h"

static const char *const level_names[] = { "error", "warning", "info", "debug" };

struct line {
	char bytes[BSG_LOG_LINE_MAX];
	size_t len;
};

static void add(struct line *line, const char *text, size_t len)
{
	if (len > sizeof(line->bytes) - line->len)
		return;
	memcpy(line->bytes + line->len, text, len);
	line->len += len;
}

/* Copy @text, made harmless; keep room for what closes the line. */
static void add_message(struct line *line, const char *text, enum bsg_log_format format)
{
	size_t left = strlen(text);

	while (left > 0 && line->len + 16 < sizeof(line->bytes)) {
		size_t n = bsg_text_shown_char(text, left);

		if (format == BSG_LOG_JSON && (*text == '"' || *text == '\\'))
			add(line, "\\", 1);
		add(line, n == 0 ? "?" : text, n == 0 ? 1 : n);
		text += n == 0 ? 1 : n;
		left -= n == 0 ? 1 : n;
	}
}

static void add_head(struct line *line, const struct bsg_log *log, enum bsg_log_level level,
		     const char *module)
{
	const struct bsg_clock *clock = log->clock != NULL ? log->clock : bsg_clock_system();
	int64_t ms = bsg_clock_utc_ms(clock);
	char time[BSG_TIME_SIZE];
	int n;

	if (ms < 0)
		ms = 0;
	bsg_time_format(ms / 1000, time);
	time[BSG_TIME_SIZE - 2] = '\0';		/* the fraction goes before the Z */
	n = snprintf(line->bytes, sizeof(line->bytes),
		     log->format == BSG_LOG_JSON ?
			"{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"module\":\"%.20s\",\"message\":\"" :
			"%s.%03dZ %s %.20s: ",
		     time, (int)(ms % 1000), level_names[level], module);
	line->len = n > 0 ? (size_t)n : 0;
}

bool bsg_log_wants(const struct bsg_log *log, enum bsg_log_level level)
{
	return log != NULL && level <= log->level;
}

void bsg_log(const struct bsg_log *log, enum bsg_log_level level, const char *module,
	     const char *fmt, ...)
{
	int saved_errno = errno;
	char message[BSG_LOG_LINE_MAX];
	struct line line;
	va_list ap;
	ssize_t n;

	if (!bsg_log_wants(log, level))
		return;
	va_start(ap, fmt);
	if (vsnprintf(message, sizeof(message), fmt, ap) < 0)
		message[0] = '\0';
	va_end(ap);
	add_head(&line, log, level, module);
	add_message(&line, message, log->format);
	add(&line, log->format == BSG_LOG_JSON ? "\"}\n" : "\n",
	    log->format == BSG_LOG_JSON ? 3 : 1);
	do
		n = write(log->fd, line.bytes, line.len);
	while (n < 0 && errno == EINTR);
	errno = saved_errno;
}
