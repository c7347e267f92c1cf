/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iCalendar (RFC 5545) to absolute windows.
 *
 * A calendar comes from outside and may be hostile, so no process of ours reads one: a small program, `bosaga-calendar`, started
 * for each expansion, does, with limits on time, memory and output. Rules: docs/spec/schedule.md (S1...).
 */
#ifndef BSG_SCHEDULE_SCHEDULE_H
#define BSG_SCHEDULE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define BSG_SCHEDULE_BYTES_MAX (1u << 20)	/* of one calendar */
#define BSG_SCHEDULE_SPAN_MAX (INT64_C(800) * 86400)	/* seconds, until - from */
#define BSG_SCHEDULE_WINDOWS_MAX 20000u		/* of one expansion, joined */

struct bsg_schedule_window {
	int64_t from, until;	/* [from, until), UTC seconds, whole minutes */
};

/* What one calendar says about one span of time. */
struct bsg_schedule {
	struct bsg_schedule_window *windows;	/* sorted, joined: never overlapping or touching; cut to the span */
	size_t n;
};

/* What is wrong with a calendar, and where. */
struct bsg_schedule_mistake {
	unsigned line;		/* of the calendar, from 1; 0: of it as a whole */
	char text[240];		/* UTF-8, one line, says what to do */
};

/**
 * Expand a calendar: the union of its events, as windows.
 *
 * @param ics      the calendar's text; any bytes
 * @param zone     IANA name for floating and all-day times; NULL: none is known
 * @param from     [from, until): UTC seconds, whole minutes, at most BSG_SCHEDULE_SPAN_MAX long
 * @param out      to be freed by bsg_schedule_free(); empty on failure
 * @param mistake  filled on BSG_E_INVALID, BSG_E_NOT_FOUND and BSG_E_LIMIT; else empty
 *
 * @return BSG_E_INVALID      not a calendar, or it says what we do not take (S10...), whatever the span (but S25, S26)
 * @return BSG_E_NOT_FOUND    it has floating or all-day times, and no zone was given
 * @return BSG_E_LIMIT        too long, too many events or occurrences, or it took too much time or memory
 * @return BSG_E_UNAVAILABLE  the program cannot be started, or there is no tzdata; err says which
 * @return BSG_E_BUG          @p zone is unknown, or the span is not as said (it lies between 1970 and 2500): check it before
 * @return BSG_E_NO_MEMORY
 *
 * Blocks for the program: some milliseconds, never more than 20 s. Thread-safe. Equal input gives equal windows.
 */
enum bsg_err bsg_schedule_expand(const char *ics, size_t len, const char *zone, int64_t from, int64_t until,
				 struct bsg_schedule *out, struct bsg_schedule_mistake *mistake,
				 struct bsg_error *err) BSG_MUST_CHECK;

/** Free the windows; a zeroed one is empty, freeing twice is fine. */
void bsg_schedule_free(struct bsg_schedule *schedule);

/* The zones that this machine's tzdata knows. */
struct bsg_zones {
	const char *const *names;	/* sorted, n of them, then NULL */
	size_t n;
	void *memory;
};

/** Read the names of all zones. @return BSG_E_UNAVAILABLE: no tzdata, BSG_E_NO_MEMORY */
enum bsg_err bsg_zones_load(struct bsg_zones *out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_zones_free(struct bsg_zones *zones);

/** Whether a zone is known. Case counts. */
bool bsg_zones_know(const struct bsg_zones *zones, const char *name);

#endif
