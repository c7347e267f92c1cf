/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of `bosaga-calendar`: a calendar's text to windows, in this process. It is linked into that program, its tests
 * and its fuzzer, and into nothing else: it uses libical, and changes the environment's TZ. Rules: docs/spec/schedule.md.
 */
#ifndef BSG_SCHEDULE_CALENDAR_H
#define BSG_SCHEDULE_CALENDAR_H

#include <stdio.h>

#include "schedule/schedule.h"

/* How the program ends; for all but the first its output is one line, `LINE TEXT`. */
enum bsg_calendar_exit {
	BSG_CALENDAR_OK = 0,
	BSG_CALENDAR_REFUSED = 1,
	BSG_CALENDAR_USAGE = 2,
	BSG_CALENDAR_NO_ZONE = 3,
	BSG_CALENDAR_LIMIT = 4,
	BSG_CALENDAR_UNAVAILABLE = 5,	/* no tzdata, or limits that cannot be set */
};

/* Spans lie between these, 1970 and 2500: libical counts to 2582. */
#define BSG_CALENDAR_TIME_MIN INT64_C(0)
#define BSG_CALENDAR_TIME_MAX INT64_C(16725225600)

struct bsg_calendar_ask {
	int64_t from, until;
	const char *zone;	/* or NULL */
	const char *zoneinfo;	/* directory of tzdata; NULL: the system's */
};

/**
 * Expand @ics as bsg_schedule_expand() does, without another process and without its limits on time and memory.
 *
 * @param mistake  filled on every failure
 *
 * Not thread-safe: it sets TZ.
 */
enum bsg_err bsg_calendar_expand(const char *ics, size_t len, const struct bsg_calendar_ask *ask, struct bsg_schedule *out,
				 struct bsg_schedule_mistake *mistake) BSG_MUST_CHECK;

/** All of the program but its limits: read @in, write @out. @return the exit status */
int bsg_calendar_program(int argc, const char *const *argv, FILE *in, FILE *out);

#endif
