/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines for the operator: `time level module: message`, or one JSON object a line.
 *
 * Log where an error is handled, not where it is returned. Never log a token,
 * a key, a pass, a position, or a request body. Control characters and bytes
 * that are not UTF-8 become '?', so no message can forge a second line.
 */
#ifndef BSG_BASE_LOG_H
#define BSG_BASE_LOG_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"

enum bsg_log_level {
	BSG_LOG_ERROR = 0,	/* someone has to do something */
	BSG_LOG_WARNING,	/* went on, but not as it should */
	BSG_LOG_INFO,		/* what an operator wants to find afterwards */
	BSG_LOG_DEBUG,
};

enum bsg_log_format { BSG_LOG_TEXT = 0, BSG_LOG_JSON };

#define BSG_LOG_LINE_MAX 2048	/* longer messages are cut, at a character */

/* Fill it in (all zero but fd is not useful), pass it down; it owns nothing. */
struct bsg_log {
	int fd;				/* usually 2; borrowed */
	enum bsg_log_format format;
	enum bsg_log_level level;	/* lines above this level are dropped */
	const struct bsg_clock *clock;	/* NULL means the machine's */
};

/**
 * Write one line by one write(2), so lines of several threads never mix.
 *
 * A NULL @log drops it. errno is kept. A failed write is ignored: there is
 * nobody left to tell.
 *
 * @param module  short lower-case word, usually the folder
 */
void bsg_log(const struct bsg_log *log, enum bsg_log_level level, const char *module,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** Whether a line of @level would be written, for messages that cost work to make. */
bool bsg_log_wants(const struct bsg_log *log, enum bsg_log_level level);

#endif
