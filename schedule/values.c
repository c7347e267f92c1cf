/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, times and durations (RFC 5545 3.3.4 to 3.3.6), strictly. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "schedule/parts.h"

/* Days since 1970-01-01 of a day in the Gregorian calendar; years begin in March, so that leap days come last. */
static int64_t days_of(int year, int month, int day)
{
	const int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
	const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t bsg_cal_local(int year, int month, int day, int hour, int minute, int second)
{
	return days_of(year, month, day) * DAY_S + hour * INT64_C(3600) + minute * INT64_C(60) + second;
}

void bsg_cal_date(int64_t local, int *year, int *month, int *day)
{
	const int64_t days = (local >= 0 ? local : local - DAY_S + 1) / DAY_S + 719468;
	const int64_t era = days / 146097, of_era = days - era * 146097;	/* the year 1583 is days > 0 */
	const int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	const int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

const char *bsg_cal_text(int64_t local, char out[static BSG_SHOWN_SIZE])
{
	const int64_t of_day = ((local % DAY_S) + DAY_S) % DAY_S;
	int year, month, day;

	bsg_cal_date(local, &year, &month, &day);
	(void)snprintf(out, BSG_SHOWN_SIZE, "%04d-%02d-%02d %02d:%02d", year, month, day, (int)(of_day / 3600),
		       (int)(of_day / 60 % 60));
	return out;
}

static bool number_of(const char *text, size_t n, int *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		*out = *out * 10 + (text[i] - '0');
	}
	return true;
}

static bool is_day(int year, int month, int day)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] + (month == 2 && leap);
}

bool bsg_cal_digits(const char *text, size_t len, int64_t *local, bool *is_date, bool *is_utc)
{
	int year, month, day, hour = 0, minute = 0, second = 0;

	*is_date = len == 8;
	*is_utc = len == 16 && text[15] == 'Z';
	if (!*is_date && len != 15 && !*is_utc)
		return false;
	if (!number_of(text, 4, &year) || !number_of(text + 4, 2, &month) || !number_of(text + 6, 2, &day) ||
	    !is_day(year, month, day))
		return false;
	if (!*is_date && (text[8] != 'T' || !number_of(text + 9, 2, &hour) || !number_of(text + 11, 2, &minute) ||
			  !number_of(text + 13, 2, &second) || hour > 23 || minute > 59 || second > 59))
		return false;
	*local = bsg_cal_local(year, month, day, hour, minute, second);
	return year >= BSG_CAL_YEAR_MIN && year <= BSG_CAL_YEAR_MAX;
}

static enum bsg_err zone_of(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *tzid, struct bsg_moment *out)
{
	char shown[BSG_SHOWN_SIZE];
	const char *near;

	out->zone = bsg_tz_find(cal, tzid);
	if (out->zone != NULL && !bsg_tz_has_data(cal, out->zone))
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number,
				   "this machine has no data for %s: use its newer name, or install tzdata-legacy", out->zone);
	if (out->zone != NULL)
		return BSG_OK;
	near = bsg_tz_nearest(cal, tzid);
	if (near != NULL)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "TZID \"%s\" is no zone of tzdata; \"%s\" is",
				   bsg_cal_show(tzid, shown), near);
	return bsg_cal_bad(cal, BSG_E_INVALID, line->number,
			   "TZID \"%s\" is no zone of tzdata: write an IANA name such as Asia/Almaty", bsg_cal_show(tzid, shown));
}

/* What VALUE and the text say of the kind. */
static enum bsg_err check_kind(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *value, bool is_date)
{
	char shown[BSG_SHOWN_SIZE];

	if (value != NULL && strcasecmp(value, "DATE") != 0 && strcasecmp(value, "DATE-TIME") != 0 &&
	    (strcasecmp(value, "PERIOD") != 0 || strcmp(line->name, "RDATE") != 0))
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "VALUE=%s of %s is not known", bsg_cal_show(value, shown),
				   line->name);
	if (is_date && (value == NULL || strcasecmp(value, "DATE") != 0))
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s is a date alone: write %s;VALUE=DATE:", line->name,
				   line->name);
	if (!is_date && value != NULL && strcasecmp(value, "DATE") == 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s has VALUE=DATE and a time of day", line->name);
	return BSG_OK;
}

static enum bsg_err check_seconds(struct bsg_cal *cal, const struct bsg_ics_line *line, int64_t local)
{
	if (local % 60 != 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s has seconds: windows are whole minutes", line->name);
	return BSG_OK;
}

/* Times without a zone are noted, and read as UTC from there on: other mistakes are told first. */
static void need_zone(struct bsg_cal *cal, const struct bsg_ics_line *line)
{
	if (cal->zone != NULL || cal->no_zone.text[0] != '\0')
		return;
	cal->no_zone.line = line->number;
	(void)snprintf(cal->no_zone.text, sizeof(cal->no_zone.text),
		       "%s has no zone: give the place a timezone, or write TZID or UTC here", line->name);
}

enum bsg_err bsg_cal_moment(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *text, struct bsg_moment *out)
{
	const char *tzid, *value;
	char shown[BSG_SHOWN_SIZE];
	bool is_date, is_utc;
	enum bsg_err rc;

	*out = (struct bsg_moment){ 0 };
	rc = bsg_ics_param(cal, line, "TZID", &tzid);
	if (rc == BSG_OK)
		rc = bsg_ics_param(cal, line, "VALUE", &value);
	if (rc != BSG_OK)
		return rc;
	if (!bsg_cal_digits(text, strlen(text), &out->local, &is_date, &is_utc))
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number,
				   "%s: \"%s\" is no date or time from %d to %d such as 20250131T090000", line->name,
				   bsg_cal_show(text, shown), BSG_CAL_YEAR_MIN, BSG_CAL_YEAR_MAX);
	rc = check_kind(cal, line, value, is_date);
	if (rc == BSG_OK)
		rc = check_seconds(cal, line, out->local);
	if (rc == BSG_OK && tzid != NULL && (is_date || is_utc))
		rc = bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s has a TZID and is %s: take one out", line->name,
				 is_date ? "a date alone" : "UTC (Z)");
	if (rc == BSG_OK && tzid != NULL)
		rc = zone_of(cal, line, tzid, out);
	if (rc != BSG_OK)
		return rc;
	out->kind = is_date ? BSG_DATE : is_utc ? BSG_UTC : tzid != NULL ? BSG_ZONED : BSG_FLOATING;
	if (out->kind == BSG_DATE || out->kind == BSG_FLOATING)
		need_zone(cal, line);
	return BSG_OK;
}

/* One "digits letter" at *@at; 0 where there is none. */
static bool part(const char **at, char letter, int64_t unit, int64_t *sum)
{
	const char *end = *at;
	int n;

	while (isdigit((unsigned char)*end))
		end++;
	if (end == *at || *end != letter)
		return false;
	if (end - *at > 9 || !number_of(*at, (size_t)(end - *at), &n))
		n = 999999999;	/* too long, whatever it is */
	*sum += n * unit;
	*at = end + 1;
	return true;
}

/* RFC 5545 3.3.6: P1W, P1D, P1DT8H, PT8H30M. */
static bool duration_parts(const char *at, struct bsg_length *out)
{
	bool any;

	*out = (struct bsg_length){ 0 };
	if (*at == '+')
		at++;
	if (*at++ != 'P')
		return false;
	if (part(&at, 'W', 7, &out->days))
		return *at == '\0';
	any = part(&at, 'D', 1, &out->days);
	if (*at == 'T') {
		at++;
		any = part(&at, 'H', 3600, &out->seconds);
		any = part(&at, 'M', 60, &out->seconds) || any;
		any = part(&at, 'S', 1, &out->seconds) || any;
	}
	return any && *at == '\0';
}

enum bsg_err bsg_cal_duration(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *text, struct bsg_length *out)
{
	char shown[BSG_SHOWN_SIZE];

	if (text[0] == '-')
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "a DURATION has to be above zero");
	if (!duration_parts(text, out))
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "\"%s\" is no duration such as PT9H30M or P1D",
				   bsg_cal_show(text, shown));
	if (out->days == 0 && out->seconds == 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "a DURATION has to be above zero");
	if (out->seconds % 60 != 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "a DURATION with seconds: windows are whole minutes");
	if (out->days * DAY_S + out->seconds > BSG_CAL_LENGTH_MAX)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "longer than ten years");
	return BSG_OK;
}
