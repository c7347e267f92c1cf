/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga-calendar` but for its limits: arguments, the expansion, the answer. */
#include "schedule/calendar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schedule/parts.h"
#include "schedule/zones.h"

#define MEMORY_MAX ((size_t)128 << 20)

/* Zones come first: a time can be read only when they are known. */
static enum bsg_err find_zones(struct bsg_cal *cal)
{
	struct bsg_error err;
	char shown[BSG_SHOWN_SIZE];
	const enum bsg_err rc = bsg_zones_load_from(cal->zoneinfo, &cal->zones, &err);

	if (rc != BSG_OK)
		return bsg_cal_bad(cal, rc, 0, "%s", err.text);
	if (cal->ask->zone == NULL)
		return BSG_OK;
	cal->zone = bsg_tz_find(cal, cal->ask->zone);
	if (cal->zone == NULL)
		return bsg_cal_bad(cal, BSG_E_BUG, 0, "zone \"%s\" is unknown", bsg_cal_show(cal->ask->zone, shown));
	if (!bsg_tz_has_data(cal, cal->zone))
		return bsg_cal_bad(cal, BSG_E_UNAVAILABLE, 0, "no data for %s in %s: install tzdata and tzdata-legacy", cal->zone,
				   cal->zoneinfo);
	return BSG_OK;
}

static enum bsg_err expand(struct bsg_cal *cal, const char *ics, size_t len, struct bsg_schedule *out)
{
	enum bsg_err rc = find_zones(cal);

	if (rc == BSG_OK)
		rc = bsg_ics_read(cal, ics, len);
	if (rc == BSG_OK)
		rc = bsg_cal_read(cal);
	if (rc == BSG_OK && cal->no_zone.text[0] != '\0')
		rc = bsg_cal_bad(cal, BSG_E_NOT_FOUND, cal->no_zone.line, "%s", cal->no_zone.text);
	for (size_t i = 0; rc == BSG_OK && i < cal->n_events; i++)
		rc = bsg_event_expand(cal, &cal->events[i]);
	return rc == BSG_OK ? bsg_windows_finish(cal, out) : rc;
}

enum bsg_err bsg_calendar_expand(const char *ics, size_t len, const struct bsg_calendar_ask *ask, struct bsg_schedule *out,
				 struct bsg_schedule_mistake *mistake)
{
	struct bsg_cal cal = { .ask = ask, .mistake = mistake };
	enum bsg_err rc;

	*out = (struct bsg_schedule){ 0 };
	*mistake = (struct bsg_schedule_mistake){ 0 };
	cal.zoneinfo = ask->zoneinfo != NULL ? ask->zoneinfo : BSG_ZONEINFO;
	bsg_arena_init(&cal.arena, MEMORY_MAX);
	rc = expand(&cal, ics, len, out);
	bsg_tz_leave(&cal);
	bsg_arena_free(&cal.arena);
	bsg_zones_free(&cal.zones);
	free(cal.windows);
	return rc;
}

/* ---- the program -------------------------------------------------------------------- */

static int exit_of(enum bsg_err rc)
{
	switch (rc) {
	case BSG_OK: return BSG_CALENDAR_OK;
	case BSG_E_BUG: return BSG_CALENDAR_USAGE;
	case BSG_E_NOT_FOUND: return BSG_CALENDAR_NO_ZONE;
	case BSG_E_LIMIT:
	case BSG_E_NO_MEMORY: return BSG_CALENDAR_LIMIT;
	case BSG_E_UNAVAILABLE: return BSG_CALENDAR_UNAVAILABLE;
	case BSG_E_INVALID:
	case BSG_E_DENIED:
	case BSG_E_CONFLICT:
	case BSG_E_CRYPTO: return BSG_CALENDAR_REFUSED;
	}
	return BSG_CALENDAR_REFUSED;
}

static bool read_time(const char *text, int64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*out = strtoll(text, &end, 10);
	return *end == '\0' && *out >= BSG_CALENDAR_TIME_MIN && *out <= BSG_CALENDAR_TIME_MAX && *out % 60 == 0;
}

static bool read_arguments(int argc, const char *const *argv, struct bsg_calendar_ask *ask)
{
	*ask = (struct bsg_calendar_ask){ .zone = argc == 4 ? argv[3] : NULL };
	return (argc == 3 || argc == 4) && read_time(argv[1], &ask->from) && read_time(argv[2], &ask->until) &&
		ask->from <= ask->until && ask->until - ask->from <= BSG_SCHEDULE_SPAN_MAX;
}

static int answer(FILE *out, enum bsg_err rc, const struct bsg_schedule *schedule, const struct bsg_schedule_mistake *mistake)
{
	for (size_t i = 0; i < schedule->n; i++)
		(void)fprintf(out, "%" PRId64 " %" PRId64 "\n", schedule->windows[i].from, schedule->windows[i].until);
	if (rc != BSG_OK)
		(void)fprintf(out, "%u %s\n", mistake->line, mistake->text);
	if (fflush(out) != 0 || ferror(out) != 0)
		return BSG_CALENDAR_LIMIT;
	return exit_of(rc);
}

int bsg_calendar_program(int argc, const char *const *argv, FILE *in, FILE *out)
{
	struct bsg_calendar_ask ask;
	struct bsg_schedule schedule;
	struct bsg_schedule_mistake mistake;
	enum bsg_err rc;
	size_t len;
	char *ics;
	int status;

	if (!read_arguments(argc, argv, &ask)) {
		(void)fprintf(out, "0 usage: bosaga-calendar FROM UNTIL [ZONE] < FILE.ics, Unix seconds, whole minutes\n");
		return BSG_CALENDAR_USAGE;
	}
	ics = malloc(BSG_SCHEDULE_BYTES_MAX + 1);
	if (ics == NULL)
		return BSG_CALENDAR_LIMIT;
	len = fread(ics, 1, BSG_SCHEDULE_BYTES_MAX + 1, in);
	rc = bsg_calendar_expand(ics, len, &ask, &schedule, &mistake);
	status = answer(out, rc, &schedule, &mistake);
	bsg_schedule_free(&schedule);
	free(ics);
	return status;
}
