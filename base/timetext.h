/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times and durations as text.
 *
 * A time is Unix seconds, UTC; its text is RFC 3339. Durations are what people
 * write in policies and configuration: `90s 3m 14h 2d`.
 */
#ifndef BSG_BASE_TIMETEXT_H
#define BSG_BASE_TIMETEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define BSG_TIME_SIZE 21		/* "2026-11-23T22:00:00Z" and NUL */
#define BSG_TIME_TEXT_MIN INT64_C(0)			/* 1970-01-01T00:00:00Z */
#define BSG_TIME_TEXT_MAX INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

/** Write @utc as RFC 3339 with `Z`; a time outside BSG_TIME_TEXT_MIN..MAX is clamped. */
void bsg_time_format(int64_t utc, char out[static BSG_TIME_SIZE]);

#define BSG_TIME_LOCAL_SIZE 48

/**
 * Write @utc for people: `2026-11-26 10:31 UTC+5`, in the time zone of this process.
 *
 * The zone is TZ's, or the system's. Whoever sets TZ does so, and calls tzset(), before there is a second thread. A time outside
 * BSG_TIME_TEXT_MIN..MAX is clamped.
 */
void bsg_time_format_local(int64_t utc, char out[static BSG_TIME_LOCAL_SIZE]);

/**
 * Read RFC 3339: `2026-11-23T22:00:00Z`, or with an offset, or with a fraction,
 * which is cut off. A leap second (:60) is read as :59. Nothing may follow.
 *
 * @return BSG_OK, BSG_E_INVALID (not such a text, or outside BSG_TIME_TEXT_MIN..MAX)
 */
enum bsg_err bsg_time_parse(const char *text, size_t len, int64_t *out,
			    struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read a duration: a number and one of s, m, h, d; at most 36500d.
 *
 * @return BSG_OK with seconds in *@out, BSG_E_INVALID
 */
enum bsg_err bsg_duration_parse(const char *text, size_t len, int64_t *out,
				struct bsg_error *err) BSG_MUST_CHECK;

#define BSG_DURATION_SIZE 24

/** Write @seconds with the largest unit that loses nothing: 180 is `3m`, 90 is `90s`. */
void bsg_duration_format(int64_t seconds, char out[static BSG_DURATION_SIZE]);

/** Read an HTTP date (RFC 9110 section 5.6.7, IMF-fixdate only), as agents do from `Date`. */
enum bsg_err bsg_time_parse_http(const char *text, size_t len, int64_t *out,
				 struct bsg_error *err) BSG_MUST_CHECK;

#define BSG_TIME_HTTP_SIZE 30

/** Write @utc as an HTTP date: `Mon, 23 Nov 2026 22:00:00 GMT`. */
void bsg_time_format_http(int64_t utc, char out[static BSG_TIME_HTTP_SIZE]);

/** Days since 1970-01-01 for a date of the Gregorian calendar; the caller checked its fields. */
int64_t bsg_time_days(int64_t year, int month, int day);

#endif
