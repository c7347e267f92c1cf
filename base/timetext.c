/* SPDX-License-Identifier: Apache-2.0 */
/* Times and durations as text. Only bsg_time_format_local() uses the C library's time zone. */
#include "base/timetext.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S INT64_C(86400)
#define DURATION_MAX_S (36500 * DAY_S)

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct civil {
	int64_t year;
	int month, day, hour, minute, second;
};

int64_t bsg_time_days(int64_t year, int month, int day)
{
	/* Years begin in March, so that the leap day is a year's last. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil civil_of(int64_t utc)
{
	int64_t days = utc / DAY_S;
	int64_t rest = utc % DAY_S;
	int64_t z = days + 719468;
	int64_t era = z / 146097;
	int64_t of_era = z - era * 146097;
	int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct civil c;

	c.day = (int)(of_year - (153 * month + 2) / 5 + 1);
	c.month = (int)(month < 10 ? month + 3 : month - 9);
	c.year = years + era * 400 + (c.month <= 2 ? 1 : 0);
	c.hour = (int)(rest / 3600);
	c.minute = (int)(rest / 60 % 60);
	c.second = (int)(rest % 60);
	return c;
}

static int days_in(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool civil_is_valid(const struct civil *c)
{
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= days_in(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
	       c->second <= 60;
}

static int64_t utc_of(const struct civil *c)
{
	int second = c->second == 60 ? 59 : c->second;

	return bsg_time_days(c->year, c->month, c->day) * DAY_S + c->hour * 3600 +
	       c->minute * 60 + second;
}

static int64_t clamp(int64_t utc)
{
	if (utc < BSG_TIME_TEXT_MIN)
		return BSG_TIME_TEXT_MIN;
	return utc > BSG_TIME_TEXT_MAX ? BSG_TIME_TEXT_MAX : utc;
}

void bsg_time_format(int64_t utc, char out[static BSG_TIME_SIZE])
{
	struct civil c = civil_of(clamp(utc));
	char text[64];

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)c.year,
		       c.month, c.day, c.hour, c.minute, c.second);
	memcpy(out, text, BSG_TIME_SIZE - 1);
	out[BSG_TIME_SIZE - 1] = '\0';
}

/* Text that is still to be read. */
struct reader {
	const char *at;
	const char *end;
	bool bad;
};

static int number(struct reader *r, int n_digits)
{
	int v = 0;

	for (int i = 0; i < n_digits; i++, r->at++) {
		if (r->at >= r->end || *r->at < '0' || *r->at > '9') {
			r->bad = true;
			return 0;
		}
		v = v * 10 + (*r->at - '0');
	}
	return v;
}

static bool accept(struct reader *r, char c)
{
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static void expect(struct reader *r, const char *text)
{
	for (; *text != '\0'; text++)
		if (!accept(r, *text))
			r->bad = true;
}

/* Seconds that the offset at the end is ahead of UTC. */
static int64_t offset(struct reader *r)
{
	int sign = 1;
	int hours;
	int minutes;

	if (accept(r, 'Z') || accept(r, 'z'))
		return 0;
	if (accept(r, '-'))
		sign = -1;
	else if (!accept(r, '+'))
		r->bad = true;
	hours = number(r, 2);
	expect(r, ":");
	minutes = number(r, 2);
	if (hours > 23 || minutes > 59)
		r->bad = true;
	return sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
}

static void skip_fraction(struct reader *r)
{
	if (!accept(r, '.'))
		return;
	(void)number(r, 1);
	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
}

enum bsg_err bsg_time_parse(const char *text, size_t len, int64_t *out, struct bsg_error *err)
{
	struct reader r = { text, text + len, false };
	struct civil c;
	int64_t utc = 0;

	*out = 0;
	c.year = number(&r, 4);
	expect(&r, "-");
	c.month = number(&r, 2);
	expect(&r, "-");
	c.day = number(&r, 2);
	if (!accept(&r, 'T') && !accept(&r, 't'))
		expect(&r, " ");
	c.hour = number(&r, 2);
	expect(&r, ":");
	c.minute = number(&r, 2);
	expect(&r, ":");
	c.second = number(&r, 2);
	skip_fraction(&r);
	utc = -offset(&r);
	if (r.bad || r.at != r.end || !civil_is_valid(&c))
		return bsg_fail(err, BSG_E_INVALID,
				"not a time such as 2026-11-23T22:00:00Z (RFC 3339)");
	utc += utc_of(&c);
	if (utc < BSG_TIME_TEXT_MIN || utc > BSG_TIME_TEXT_MAX)
		return bsg_fail(err, BSG_E_INVALID, "time is not within the years 1970 to 9999");
	*out = utc;
	return BSG_OK;
}

static const struct unit {
	char name;
	int64_t seconds;
} units[] = { { 'd', DAY_S }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

#define N_UNITS (sizeof(units) / sizeof(units[0]))

enum bsg_err bsg_duration_parse(const char *text, size_t len, int64_t *out, struct bsg_error *err)
{
	int64_t n = 0;
	size_t i = 0;

	*out = 0;
	for (; i < len && text[i] >= '0' && text[i] <= '9' && n <= DURATION_MAX_S; i++)
		n = n * 10 + (text[i] - '0');
	for (size_t u = 0; u < N_UNITS && i > 0 && i + 1 == len; u++) {
		if (text[i] != units[u].name)
			continue;
		if (n > DURATION_MAX_S / units[u].seconds)
			break;
		*out = n * units[u].seconds;
		return BSG_OK;
	}
	return bsg_fail(err, BSG_E_INVALID, "not a duration such as 90s, 3m, 14h or 2d, at most 36500d");
}

void bsg_duration_format(int64_t seconds, char out[static BSG_DURATION_SIZE])
{
	size_t u = 0;

	while (u + 1 < N_UNITS && (seconds == 0 || seconds % units[u].seconds != 0))
		u++;
	(void)snprintf(out, BSG_DURATION_SIZE, "%lld%c", (long long)(seconds / units[u].seconds),
		       units[u].name);
}

/* Index of the three letters at @r in @names, which it moves past; -1 if none. */
static int name(struct reader *r, const char *names)
{
	size_t n = strlen(names) / 3;

	for (size_t i = 0; r->end - r->at >= 3 && i < n; i++) {
		if (memcmp(r->at, names + 3 * i, 3) == 0) {
			r->at += 3;
			return (int)i;
		}
	}
	r->bad = true;
	return -1;
}

enum bsg_err bsg_time_parse_http(const char *text, size_t len, int64_t *out, struct bsg_error *err)
{
	struct reader r = { text, text + len, false };
	struct civil c;
	int64_t utc;
	int weekday;

	*out = 0;
	weekday = name(&r, day_names);
	expect(&r, ", ");
	c.day = number(&r, 2);
	expect(&r, " ");
	c.month = name(&r, month_names) + 1;
	expect(&r, " ");
	c.year = number(&r, 4);
	expect(&r, " ");
	c.hour = number(&r, 2);
	expect(&r, ":");
	c.minute = number(&r, 2);
	expect(&r, ":");
	c.second = number(&r, 2);
	expect(&r, " GMT");
	if (r.bad || r.at != r.end || !civil_is_valid(&c))
		return bsg_fail(err, BSG_E_INVALID, "not an HTTP date");
	utc = utc_of(&c);
	if (utc < BSG_TIME_TEXT_MIN || (utc / DAY_S + 4) % 7 != weekday)
		return bsg_fail(err, BSG_E_INVALID, "not an HTTP date since 1970");
	*out = utc;
	return BSG_OK;
}

void bsg_time_format_http(int64_t utc, char out[static BSG_TIME_HTTP_SIZE])
{
	int64_t t = clamp(utc);
	struct civil c = civil_of(t);
	char text[96];

	(void)snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		       day_names + (t / DAY_S + 4) % 7 * 3, c.day, month_names + (c.month - 1) * 3,
		       (int)c.year, c.hour, c.minute, c.second);
	memcpy(out, text, BSG_TIME_HTTP_SIZE - 1);
	out[BSG_TIME_HTTP_SIZE - 1] = '\0';
}

void bsg_time_format_local(int64_t utc, char out[static BSG_TIME_LOCAL_SIZE])
{
	const time_t at = (time_t)(utc < BSG_TIME_TEXT_MIN ? BSG_TIME_TEXT_MIN : utc > BSG_TIME_TEXT_MAX ? BSG_TIME_TEXT_MAX : utc);
	struct tm tm;
	long minutes;
	size_t len;

	memset(&tm, 0, sizeof(tm));
	if (localtime_r(&at, &tm) == NULL)
		gmtime_r(&at, &tm);
	len = strftime(out, BSG_TIME_LOCAL_SIZE, "%Y-%m-%d %H:%M UTC", &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	if (minutes % 60 != 0)
		snprintf(out + len, BSG_TIME_LOCAL_SIZE - len, "%c%ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
	else if (minutes != 0)
		snprintf(out + len, BSG_TIME_LOCAL_SIZE - len, "%c%ld", tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60);
}
