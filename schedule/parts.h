/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the calendar reader share. One expansion is one struct bsg_cal; nothing is kept between two. */
#ifndef BSG_SCHEDULE_PARTS_H
#define BSG_SCHEDULE_PARTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "schedule/calendar.h"

#define BSG_CAL_EVENTS_MAX 5000u
#define BSG_CAL_STEPS_MAX 200000u	/* occurrences looked at, of all rules together */
#define BSG_CAL_LINE_MAX 65536u		/* unfolded */
#define BSG_CAL_VTIMEZONES_MAX 100u
#define BSG_CAL_DEPTH_MAX 4
#define BSG_CAL_YEAR_MIN 1583		/* the first whole Gregorian year */
#define BSG_CAL_YEAR_MAX 2499
#define BSG_CAL_LENGTH_MAX (INT64_C(3660) * 86400)	/* of one event */
#define DAY_S INT64_C(86400)

/* A content line (RFC 5545 3.1), unfolded and cut into NUL-terminated pieces. */
struct bsg_ics_line {
	unsigned number;	/* of its first line in the file */
	char *name;		/* in capitals */
	char *params;		/* NAME=VALUE;NAME="VALUE", checked; "" */
	char *value;
};

enum bsg_moment_kind { BSG_DATE, BSG_FLOATING, BSG_UTC, BSG_ZONED };

/* A DATE or DATE-TIME as written. */
struct bsg_moment {
	enum bsg_moment_kind kind;
	const char *zone;	/* BSG_ZONED: the name, as zones hold it */
	int64_t local;		/* what is written, read as if it were UTC */
};

/* How long an instance lasts: nominal days, then exact seconds. */
struct bsg_length {
	int64_t days, seconds;
};

/* One lasting range of lines: what lies between a BEGIN and its END. */
struct bsg_ics_block {
	size_t begin, end;	/* indexes of the two lines */
};

struct bsg_vtimezone {
	const char *zone;	/* the name, as zones hold it; NULL: tzdata does not know it, so nobody may use it */
	const char *tzid;
	struct bsg_ics_block block;
	struct bsg_onset *onsets;
	size_t n_onsets;
};

/* One time at which an event happens. */
struct bsg_instance {
	struct bsg_moment start;
	struct bsg_length length;
};

struct bsg_event {
	struct bsg_ics_block block;
	unsigned line;			/* of its BEGIN */
	const struct bsg_ics_line *uid, *start_line, *end_line, *duration_line, *rule_line, *id_line, *status_line;
	bool cancelled;
	struct bsg_moment start;
	struct bsg_moment id;		/* RECURRENCE-ID, if id_line */
	struct bsg_length length;
	struct bsg_instance *more;	/* of RDATE */
	size_t n_more;
	int64_t *gone;			/* keys of instances that EXDATE and overrides take out, sorted */
	size_t n_gone;
};

struct bsg_cal {
	const struct bsg_calendar_ask *ask;
	const char *zoneinfo;
	struct bsg_schedule_mistake *mistake;
	struct bsg_schedule_mistake no_zone;	/* the first time that needs a zone, if none was given */
	struct bsg_arena arena;
	struct bsg_zones zones;
	const char *zone;			/* ask->zone, as zones hold it; NULL */
	const char *zone_seen;			/* the last one whose data was there */
	const char *zone_now;			/* what TZ is set to; NULL: not set by us */
	struct bsg_ics_line *lines;
	size_t n_lines;
	struct bsg_vtimezone *vtimezones;
	size_t n_vtimezones;
	struct bsg_event *events;
	size_t n_events;
	unsigned n_steps;
	struct bsg_schedule_window *windows;	/* malloc */
	size_t n_windows, windows_cap;
};

/* mistake.c */

/** Note what is wrong and return @rc, so that a refusal is one statement. The first one stays. */
enum bsg_err bsg_cal_bad(struct bsg_cal *cal, enum bsg_err rc, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#ifdef __clang_analyzer__
#define bsg_cal_bad(cal, rc, ...) ((void)bsg_cal_bad((cal), (rc), __VA_ARGS__), (rc))
#endif

enum bsg_err bsg_cal_no_memory(struct bsg_cal *cal);

#define BSG_SHOWN_SIZE 48
/** Write the beginning of foreign @text so that it can stand in a line for people. @return @out */
const char *bsg_cal_show(const char *text, char out[static BSG_SHOWN_SIZE]);

/* lines.c */

/** Cut a calendar into lines: S10 to S12. */
enum bsg_err bsg_ics_read(struct bsg_cal *cal, const char *ics, size_t len) BSG_MUST_CHECK;

/** Copy the value of a parameter, quotes taken off; *out = NULL if it is not there. Twice is refused. */
enum bsg_err bsg_ics_param(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *name, const char **out)
	BSG_MUST_CHECK;

/** Find the END of the BEGIN at @begin, whatever lies in between; components in between are whole. */
enum bsg_err bsg_ics_block(struct bsg_cal *cal, size_t begin, struct bsg_ics_block *out) BSG_MUST_CHECK;

bool bsg_ics_is(const struct bsg_ics_line *line, const char *name, const char *value);

/* values.c */

int64_t bsg_cal_local(int year, int month, int day, int hour, int minute, int second);
void bsg_cal_date(int64_t local, int *year, int *month, int *day);

/** Write @local as 2025-01-31 09:00. @return @out */
const char *bsg_cal_text(int64_t local, char out[static BSG_SHOWN_SIZE]);

/**
 * Read one DATE or DATE-TIME of @line, whose parameters give kind and zone.
 *
 * @param text  of the value, or of one in its list
 */
enum bsg_err bsg_cal_moment(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *text, struct bsg_moment *out)
	BSG_MUST_CHECK;

/** Read a DATE-TIME's or DATE's digits; *is_utc: a Z follows. @return false: it is none */
bool bsg_cal_digits(const char *text, size_t len, int64_t *local, bool *is_date, bool *is_utc);

/** Read a DURATION that is positive and whole minutes. */
enum bsg_err bsg_cal_duration(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *text, struct bsg_length *out)
	BSG_MUST_CHECK;

/* recur.c; the only file that knows libical */

struct bsg_recur;

/**
 * Check an RRULE (S30 to S39) and prepare it.
 *
 * @param east  NULL; for a part of a VTIMEZONE seconds east of UTC before each occurrence: then @start need be no occurrence
 * @param last  occurrences later than this local time are not asked for
 * @param out   to be closed, also after a failure (NULL)
 */
enum bsg_err bsg_recur_open(struct bsg_cal *cal, const struct bsg_ics_line *line, const struct bsg_moment *start,
			    const int64_t *east, int64_t last, struct bsg_recur **out) BSG_MUST_CHECK;

/** The next occurrence; *more = false after the last. Counts as a step. @return BSG_E_LIMIT */
enum bsg_err bsg_recur_next(struct bsg_recur *recur, int64_t *local, bool *more) BSG_MUST_CHECK;
void bsg_recur_close(struct bsg_recur *recur);

/* tz.c */

/** Find a zone by name, as cal->zones holds it; NULL: unknown. */
const char *bsg_tz_find(const struct bsg_cal *cal, const char *name);

/** The known name that was probably meant, or NULL. */
const char *bsg_tz_nearest(const struct bsg_cal *cal, const char *name);

/** Seconds east of UTC of @zone at @utc. */
int64_t bsg_tz_offset(struct bsg_cal *cal, const char *zone, int64_t utc);

/** A moment as UTC seconds: S20 to S23. Floating and all-day ones in the zone that was asked for. */
int64_t bsg_tz_utc(struct bsg_cal *cal, const struct bsg_moment *moment);

/** Whether the data of @zone can be read. */
bool bsg_tz_has_data(struct bsg_cal *cal, const char *zone);

/** Put TZ back as it was not set. */
void bsg_tz_leave(struct bsg_cal *cal);

/* vtimezone.c */

/** Read the VTIMEZONE in @block and check it: S24. */
enum bsg_err bsg_vtimezone_read(struct bsg_cal *cal, struct bsg_ics_block block) BSG_MUST_CHECK;

/** Refuse if the calendar's own VTIMEZONE of @zone, if there is one, differs from tzdata at @utc: S25. */
enum bsg_err bsg_vtimezone_agrees(struct bsg_cal *cal, const char *zone, int64_t utc) BSG_MUST_CHECK;

/* component.c */

/** Read the whole calendar: its components, their properties; overrides find their events. */
enum bsg_err bsg_cal_read(struct bsg_cal *cal) BSG_MUST_CHECK;

/* event.c */

/** Read the VEVENT in @block: S13 to S19. */
enum bsg_err bsg_event_read(struct bsg_cal *cal, struct bsg_ics_block block) BSG_MUST_CHECK;

/** Let overrides take their instances out of their events, find uids used twice: S40, S41. */
enum bsg_err bsg_events_link(struct bsg_cal *cal) BSG_MUST_CHECK;

/** What instances are compared by: UTC, or what is written where no zone is. */
int64_t bsg_event_key(struct bsg_cal *cal, const struct bsg_moment *moment);

/* windows.c */

/** Add the windows of all instances of an event that reach into the span. */
enum bsg_err bsg_event_expand(struct bsg_cal *cal, struct bsg_event *event) BSG_MUST_CHECK;

/** Sort, join and cut the windows, and hand them to @out. */
enum bsg_err bsg_windows_finish(struct bsg_cal *cal, struct bsg_schedule *out) BSG_MUST_CHECK;

#endif
