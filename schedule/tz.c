/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local time to UTC by tzdata, through the C library: TZ is set to the zone's file. libical's own zones are not used: they come
 * from another source, and a calendar can shadow them.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "schedule/parts.h"
#include "schedule/zones.h"

#define FAR_ENOUGH 2	/* changes of one name to another, at most, that count as a slip */
#define PATH_SIZE 512

const char *bsg_tz_find(const struct bsg_cal *cal, const char *name)
{
	return bsg_zones_find(&cal->zones, name);
}

/* How many letters have to be changed, added or taken out; more than FAR_ENOUGH is not told apart. */
static size_t distance(const char *a, const char *b)
{
	size_t row[BSG_SHOWN_SIZE], n = strlen(b);

	if (n >= BSG_SHOWN_SIZE || strlen(a) > n + FAR_ENOUGH || n > strlen(a) + FAR_ENOUGH)
		return FAR_ENOUGH + 1;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t corner = row[0]++;

		for (size_t j = 0; j < n; j++) {
			const size_t above = row[j + 1];
			const size_t change = corner + (tolower((unsigned char)a[i]) != tolower((unsigned char)b[j]));
			const size_t least = (above < row[j] ? above : row[j]) + 1;

			row[j + 1] = change < least ? change : least;
			corner = above;
		}
	}
	return row[n];
}

static bool ends_with(const char *text, const char *tail)
{
	const size_t n = strlen(text), m = strlen(tail);

	return n > m && strcasecmp(text + n - m, tail) == 0 && (text[n - m - 1] == '/' || text[n - m - 1] == ' ');
}

/* 0: the same but for capitals; 1: one is the other's last part; then slips. */
static size_t unlikeness(const char *name, const char *known)
{
	size_t slips;

	if (strcasecmp(name, known) == 0)
		return 0;
	if ((strchr(known, '/') != NULL && ends_with(name, known)) || ends_with(known, name))
		return 1;
	slips = distance(name, known);
	return slips <= FAR_ENOUGH && strlen(known) > 4 ? slips + 1 : SIZE_MAX;
}

const char *bsg_tz_nearest(const struct bsg_cal *cal, const char *name)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < cal->zones.n; i++) {
		const size_t now = unlikeness(name, cal->zones.names[i]);

		if (now < least) {
			least = now;
			best = cal->zones.names[i];
		}
	}
	return best;
}

bool bsg_tz_has_data(struct bsg_cal *cal, const char *zone)
{
	char path[PATH_SIZE], magic[4];
	bool has;
	FILE *f;

	if (cal->zone_seen == zone)
		return true;
	(void)snprintf(path, sizeof(path), "%s/%s", cal->zoneinfo, zone);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	has = fread(magic, 1, sizeof(magic), f) == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
	(void)fclose(f);
	cal->zone_seen = has ? zone : NULL;
	return has;
}

static void use_zone(struct bsg_cal *cal, const char *zone)
{
	char tz[PATH_SIZE];

	if (cal->zone_now == zone)
		return;
	(void)snprintf(tz, sizeof(tz), ":%s/%s", cal->zoneinfo, zone);
	(void)setenv("TZ", tz, 1);
	tzset();
	cal->zone_now = zone;
}

void bsg_tz_leave(struct bsg_cal *cal)
{
	if (cal->zone_now == NULL)
		return;
	(void)unsetenv("TZ");
	tzset();
	cal->zone_now = NULL;
}

int64_t bsg_tz_offset(struct bsg_cal *cal, const char *zone, int64_t utc)
{
	const time_t t = utc;
	struct tm tm;

	use_zone(cal, zone);
	return localtime_r(&t, &tm) != NULL ? tm.tm_gmtoff : 0;
}

/*
 * RFC 5545 3.3.5: a time that comes twice is the first of the two; one that is left out is read with the offset before the gap.
 * No zone changes twice within two days, and offsets are less than a day.
 */
static int64_t zoned_utc(struct bsg_cal *cal, const char *zone, int64_t local)
{
	const int64_t before = bsg_tz_offset(cal, zone, local - DAY_S), after = bsg_tz_offset(cal, zone, local + DAY_S);
	const int64_t early = local - before, late = local - after;

	if (before == after || bsg_tz_offset(cal, zone, early) == before)
		return early;
	return bsg_tz_offset(cal, zone, late) == after ? late : early;
}

int64_t bsg_tz_utc(struct bsg_cal *cal, const struct bsg_moment *moment)
{
	const char *zone = moment->kind == BSG_ZONED ? moment->zone : cal->zone;

	if (moment->kind == BSG_UTC || zone == NULL)
		return moment->local;
	return zoned_utc(cal, zone, moment->local);
}
