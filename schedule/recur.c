/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recurrence rules (RFC 5545 3.3.10). Checked here, expanded by libical, of which nothing else is used. COUNT, UNTIL and the
 * number of steps are kept here too; libical gets a bound of its own, so that it does not search centuries for 30 February.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libical/ical.h>

#include "base/buf.h"
#include "schedule/parts.h"

#define LIST_MAX 64	/* values in one list */
#define SLACK (2 * DAY_S)	/* libical's bound lies this much later: it compares local times */

enum freq { DAILY, WEEKLY, MONTHLY, YEARLY, N_FREQ };
static const char *const freq_names[N_FREQ] = { "DAILY", "WEEKLY", "MONTHLY", "YEARLY" };
static const char day_names[][3] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA" };

enum list { BYMONTH, BYMONTHDAY, BYYEARDAY, BYSETPOS, BYDAY, N_LIST };

struct values {
	int n;
	int value[LIST_MAX];
};

struct rule {
	enum freq freq;
	bool has_freq;
	long interval, count;		/* count: 0 without */
	bool has_until, until_date, until_utc;
	int64_t until;
	int week_start;			/* index of day_names */
	struct values list[N_LIST];	/* of BYDAY: position * 8 + day, position from -53 */
	unsigned ordinals;		/* bit 0: BYDAY has days alone, bit 1: with positions */
	unsigned seen;
};

struct bsg_recur {
	struct bsg_cal *cal;
	const struct bsg_ics_line *line;
	struct bsg_moment start;
	struct rule rule;
	const int64_t *east;		/* of a VTIMEZONE's part; else NULL */
	int64_t last;
	long n;
	icalrecur_iterator *iterator;
};

static enum bsg_err bad(struct bsg_recur *r, const char *text)
{
	return bsg_cal_bad(r->cal, BSG_E_INVALID, r->line->number, "%s", text);
}

/* Days as positions and weekdays in one number that sorts. */
static int day_value(int position, int day)
{
	return position * 8 + day;
}

static int day_of(int value)
{
	return ((value % 8) + 8) % 8;
}

/* 0 is Sunday; 1970-01-01 was a Thursday. */
static int weekday_of(int64_t local)
{
	const int64_t days = (local >= 0 ? local : local - DAY_S + 1) / DAY_S;

	return (int)(((days + 4) % 7 + 7) % 7);
}

/* ---- reading ----------------------------------------------------------------- */

static bool read_long(const char *text, long min, long max, long *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;

	if (!isdigit((unsigned char)*digits) || strlen(digits) > 9)
		return false;
	*out = strtol(text, &end, 10);
	return *end == '\0' && *out >= min && *out <= max;
}

static enum bsg_err read_freq(struct bsg_recur *r, char *text, int which)
{
	static const char *const finer[] = { "SECONDLY", "MINUTELY", "HOURLY" };

	(void)which;
	for (enum freq f = DAILY; f < N_FREQ; f++)
		if (strcasecmp(text, freq_names[f]) == 0) {
			r->rule.freq = f;
			r->rule.has_freq = true;
			return BSG_OK;
		}
	for (size_t i = 0; i < sizeof(finer) / sizeof(finer[0]); i++)
		if (strcasecmp(text, finer[i]) == 0)
			return bsg_cal_bad(r->cal, BSG_E_INVALID, r->line->number,
					   "FREQ=%s is too fine: DAILY, WEEKLY, MONTHLY and YEARLY are taken", finer[i]);
	return bad(r, "FREQ has to be one of DAILY, WEEKLY, MONTHLY, YEARLY");
}

static enum bsg_err read_interval(struct bsg_recur *r, char *text, int which)
{
	(void)which;
	return read_long(text, 1, 10000, &r->rule.interval) ? BSG_OK : bad(r, "INTERVAL has to be a number from 1 to 10000");
}

static enum bsg_err read_count(struct bsg_recur *r, char *text, int which)
{
	(void)which;
	return read_long(text, 1, 999999999, &r->rule.count) ? BSG_OK : bad(r, "COUNT has to be a number from 1 on");
}

static enum bsg_err read_until(struct bsg_recur *r, char *text, int which)
{
	struct rule *rule = &r->rule;

	(void)which;
	rule->has_until = true;
	if (!bsg_cal_digits(text, strlen(text), &rule->until, &rule->until_date, &rule->until_utc))
		return bad(r, "UNTIL has to be a date or time such as 20251231 or 20251231T190000Z");
	return BSG_OK;
}

static int find_day(const char *text)
{
	for (int d = 0; d < 7; d++)
		if (strcasecmp(text, day_names[d]) == 0)
			return d;
	return -1;
}

static enum bsg_err read_week_start(struct bsg_recur *r, char *text, int which)
{
	(void)which;
	r->rule.week_start = find_day(text);
	return r->rule.week_start >= 0 ? BSG_OK : bad(r, "WKST has to be one of MO, TU, WE, TH, FR, SA, SU");
}

/* One value of a list; of BYDAY `-1SU` or `MO`. */
static bool read_value(struct bsg_recur *r, char *text, int which, int *out)
{
	static const int max[N_LIST] = { 12, 31, 366, 366, 53 };
	const size_t len = strlen(text);
	long number = 0;
	int day = 0;

	if (which == BYDAY) {
		day = len >= 2 ? find_day(text + len - 2) : -1;
		if (day < 0)
			return false;
		r->rule.ordinals |= len == 2 ? 1u : 2u;
		if (len == 2) {
			*out = day_value(0, day);
			return true;
		}
		text[len - 2] = '\0';
	}
	if (!read_long(text, which == BYMONTH ? 1 : -max[which], max[which], &number) || number == 0)
		return false;
	*out = which == BYDAY ? day_value((int)number, day) : (int)number;
	return true;
}

/* Sorted, each once: libical trusts that lists are. */
static bool insert(struct values *values, int value)
{
	int at = 0;

	while (at < values->n && values->value[at] < value)
		at++;
	if (at < values->n && values->value[at] == value)
		return true;
	if (values->n == LIST_MAX)
		return false;
	memmove(&values->value[at + 1], &values->value[at], (size_t)(values->n - at) * sizeof(int));
	values->value[at] = value;
	values->n++;
	return true;
}

static const char *const list_names[N_LIST] = { "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYSETPOS", "BYDAY" };

static enum bsg_err read_list(struct bsg_recur *r, char *text, int which)
{
	const int max = which == BYMONTHDAY ? 31 : LIST_MAX;
	char *rest = text, *item;
	int value;

	while ((item = strsep(&rest, ",")) != NULL) {
		char shown[BSG_SHOWN_SIZE];

		(void)bsg_cal_show(item, shown);
		if (!read_value(r, item, which, &value))
			return bsg_cal_bad(r->cal, BSG_E_INVALID, r->line->number, "\"%s\" cannot stand in %s", shown,
					   list_names[which]);
		if (!insert(&r->rule.list[which], value) || r->rule.list[which].n > max)
			return bsg_cal_bad(r->cal, BSG_E_LIMIT, r->line->number, "%s has more than %d values",
					   list_names[which], max);
	}
	return BSG_OK;
}

static enum bsg_err read_rscale(struct bsg_recur *r, char *text, int which)
{
	(void)which;
	return strcasecmp(text, "GREGORIAN") == 0 ? BSG_OK : bad(r, "RSCALE is not taken, but for GREGORIAN");
}

static enum bsg_err read_skip(struct bsg_recur *r, char *text, int which)
{
	(void)which;
	return strcasecmp(text, "OMIT") == 0 ? BSG_OK : bad(r, "SKIP is not taken, but for OMIT");
}

static enum bsg_err read_finer(struct bsg_recur *r, char *text, int which)
{
	(void)text;
	(void)which;
	return bad(r, "BYHOUR, BYMINUTE and BYSECOND are not taken: make an event for each time of day");
}

static enum bsg_err read_week(struct bsg_recur *r, char *text, int which)
{
	(void)text;
	(void)which;
	return bad(r, "BYWEEKNO is not taken: programs differ in it at the ends of years; name days or months");
}

static const struct rule_part {
	const char *name;
	enum bsg_err (*read)(struct bsg_recur *r, char *text, int which);
	int which;
} parts[] = {
	{ "FREQ", read_freq, 0 },
	{ "INTERVAL", read_interval, 0 },
	{ "COUNT", read_count, 0 },
	{ "UNTIL", read_until, 0 },
	{ "WKST", read_week_start, 0 },
	{ "BYMONTH", read_list, BYMONTH },
	{ "BYMONTHDAY", read_list, BYMONTHDAY },
	{ "BYYEARDAY", read_list, BYYEARDAY },
	{ "BYWEEKNO", read_week, 0 },
	{ "BYSETPOS", read_list, BYSETPOS },
	{ "BYDAY", read_list, BYDAY },
	{ "RSCALE", read_rscale, 0 },
	{ "SKIP", read_skip, 0 },
	{ "BYHOUR", read_finer, 0 },
	{ "BYMINUTE", read_finer, 0 },
	{ "BYSECOND", read_finer, 0 },
};

static enum bsg_err read_part(struct bsg_recur *r, char *text)
{
	char shown[BSG_SHOWN_SIZE];
	char *value = strchr(text, '=');

	for (size_t i = 0; value != NULL && i < sizeof(parts) / sizeof(parts[0]); i++) {
		const size_t len = strlen(parts[i].name);

		if ((size_t)(value - text) != len || strncasecmp(text, parts[i].name, len) != 0)
			continue;
		if (r->rule.seen & (1u << i))
			return bsg_cal_bad(r->cal, BSG_E_INVALID, r->line->number, "%s twice in one RRULE", parts[i].name);
		r->rule.seen |= 1u << i;
		return parts[i].read(r, value + 1, parts[i].which);
	}
	return bsg_cal_bad(r->cal, BSG_E_INVALID, r->line->number, "\"%s\" is no part of an RRULE", bsg_cal_show(text, shown));
}

static enum bsg_err read_rule(struct bsg_recur *r)
{
	char *rest = bsg_arena_text(&r->cal->arena, r->line->value), *item;
	enum bsg_err rc = BSG_OK;

	if (rest == NULL)
		return bsg_cal_no_memory(r->cal);
	r->rule.interval = 1;
	r->rule.week_start = 1;
	while (rc == BSG_OK && (item = strsep(&rest, ";")) != NULL)
		rc = read_part(r, item);
	if (rc == BSG_OK && !r->rule.has_freq)
		rc = bad(r, "RRULE without FREQ");
	if (rc == BSG_OK && r->rule.freq == WEEKLY && r->rule.list[BYDAY].n == 0)
		(void)insert(&r->rule.list[BYDAY], day_value(0, weekday_of(r->start.local)));
	return rc;
}

/* ---- checking ---------------------------------------------------------------- */

static bool from_both_ends(const struct values *values)
{
	return values->n > 0 && values->value[0] < 0 && values->value[values->n - 1] >= 0;
}

/* RFC 5545 3.3.10: what does not go together. */
static enum bsg_err check_together(struct bsg_recur *r)
{
	const struct rule *rule = &r->rule;
	const struct values *list = rule->list;
	bool others = false;

	if (rule->count != 0 && rule->has_until)
		return bad(r, "COUNT and UNTIL in one RRULE: one of them ends it");
	if (list[BYYEARDAY].n != 0 && rule->freq != YEARLY)
		return bad(r, "BYYEARDAY goes with FREQ=YEARLY only");
	if (list[BYMONTHDAY].n != 0 && rule->freq == WEEKLY)
		return bad(r, "BYMONTHDAY does not go with FREQ=WEEKLY");
	if (list[BYMONTHDAY].n != 0 && rule->freq == YEARLY && list[BYMONTH].n == 0)
		return bad(r, "FREQ=YEARLY with BYMONTHDAY needs BYMONTH: programs differ in what it means without");
	if ((rule->ordinals & 2) && (rule->freq == DAILY || rule->freq == WEEKLY))
		return bad(r, "BYDAY with numbers goes with FREQ=MONTHLY and YEARLY only");
	/* libical 3.0.16 passes over it: found by tests/e2e/schedule_interop.py. */
	if (list[BYSETPOS].n != 0 && rule->freq != MONTHLY && rule->freq != YEARLY)
		return bad(r, "BYSETPOS goes with FREQ=MONTHLY and YEARLY only: name the days in BYDAY");
	/* libical 3.0.16 counts a day twice that is named from both ends of its month or year. */
	if (list[BYSETPOS].n != 0 && (from_both_ends(&list[BYMONTHDAY]) || from_both_ends(&list[BYYEARDAY]) ||
				      from_both_ends(&list[BYDAY]) || rule->ordinals == 3))
		return bad(r, "BYSETPOS with days that are counted from both ends is not taken: name each day in one way");
	for (int i = 0; i < N_LIST; i++)
		others = others || (i != BYSETPOS && list[i].n != 0);
	if (list[BYSETPOS].n != 0 && !others)
		return bad(r, "BYSETPOS needs another BY list to choose from");
	return BSG_OK;
}

static enum bsg_err check_until(struct bsg_recur *r)
{
	const struct rule *rule = &r->rule;
	struct bsg_moment until = { .kind = BSG_UTC, .local = rule->until };

	if (!rule->has_until)
		return BSG_OK;
	if (rule->until_date != (r->start.kind == BSG_DATE))
		return bad(r, r->start.kind == BSG_DATE ? "UNTIL has to be a date alone, as DTSTART is" :
			   "UNTIL needs a time of day, as DTSTART has one");
	if ((r->start.kind == BSG_ZONED || r->start.kind == BSG_UTC) && !rule->until_utc)
		return bad(r, "UNTIL has to be UTC (ends with Z), because DTSTART has a zone");
	if (rule->until_utc ? until.local < bsg_tz_utc(r->cal, &r->start) : until.local < r->start.local)
		return bad(r, "UNTIL is before DTSTART");
	return BSG_OK;
}

static bool has(const struct values *values, int a, int b)
{
	for (int i = 0; i < values->n; i++)
		if (values->value[i] == a || values->value[i] == b)
			return true;
	return values->n == 0;
}

/* Whether a day is one that the lists name, numbers before weekdays aside: what every occurrence is. */
static bool fits(const struct rule *rule, int64_t local)
{
	const struct values *list = rule->list;
	const int64_t day = (local >= 0 ? local : local - DAY_S + 1) / DAY_S * DAY_S;
	bool weekday = list[BYDAY].n == 0;
	int year, month, of_month, of_year, in_month, in_year;

	bsg_cal_date(local, &year, &month, &of_month);
	of_year = (int)((day - bsg_cal_local(year, 1, 1, 0, 0, 0)) / DAY_S) + 1;
	in_year = (int)((bsg_cal_local(year + 1, 1, 1, 0, 0, 0) - bsg_cal_local(year, 1, 1, 0, 0, 0)) / DAY_S);
	in_month = (int)((bsg_cal_local(year + month / 12, month % 12 + 1, 1, 0, 0, 0) - bsg_cal_local(year, month, 1, 0, 0, 0)) /
			 DAY_S);
	for (int i = 0; i < list[BYDAY].n; i++)
		weekday = weekday || day_of(list[BYDAY].value[i]) == weekday_of(day);
	return weekday && has(&list[BYMONTH], month, month) && has(&list[BYMONTHDAY], of_month, of_month - in_month - 1) &&
		has(&list[BYYEARDAY], of_year, of_year - in_year - 1);
}

/* ---- libical ----------------------------------------------------------------- */

static void write_list(struct bsg_buf *text, const struct rule *rule, int which)
{
	const struct values *list = &rule->list[which];

	for (int i = 0; i < list->n; i++) {
		const int value = list->value[i], day = day_of(value);

		bsg_buf_add_text(text, i == 0 ? ";" : ",");
		if (i == 0)
			bsg_buf_printf(text, "%s=", list_names[which]);
		if (which != BYDAY)
			bsg_buf_printf(text, "%d", value);
		else if (value == day)
			bsg_buf_add_text(text, day_names[day]);
		else
			bsg_buf_printf(text, "%d%s", (value - day) / 8, day_names[day]);
	}
}

static struct icaltimetype ical_time(int64_t local, bool is_date)
{
	struct icaltimetype t = { .is_date = is_date };
	const int64_t of_day = ((local % DAY_S) + DAY_S) % DAY_S;

	bsg_cal_date(local, &t.year, &t.month, &t.day);
	t.hour = is_date ? 0 : (int)(of_day / 3600);
	t.minute = is_date ? 0 : (int)(of_day / 60 % 60);
	return t;
}

/* Later than this nothing is asked for. */
static int64_t bound(const struct bsg_recur *r)
{
	int64_t last = r->last;

	if (r->rule.has_until && r->rule.until + SLACK < last)
		last = r->rule.until + SLACK;
	return last > r->start.local ? last : r->start.local;
}

/*
 * Where libical begins. It loses count of weeks (3.0.16, FREQ=WEEKLY;INTERVAL=2;WKST=FR;BYDAY=SU,WE from a Wednesday on) unless it
 * begins with the first day of a week's; what lies before DTSTART is passed over then.
 */
static int64_t beginning(const struct bsg_recur *r)
{
	const int today = (weekday_of(r->start.local) - r->rule.week_start + 7) % 7;
	int first = today;

	if (r->rule.freq != WEEKLY)
		return r->start.local;
	for (int i = 0; i < r->rule.list[BYDAY].n; i++) {
		const int day = (day_of(r->rule.list[BYDAY].value[i]) - r->rule.week_start + 7) % 7;

		first = day < first ? day : first;
	}
	return r->start.local - (today - first) * DAY_S;
}

static enum bsg_err start_iterator(struct bsg_recur *r)
{
	struct icalrecurrencetype type;
	struct bsg_buf text;

	bsg_buf_init(&text, 8192);
	bsg_buf_printf(&text, "FREQ=%s;INTERVAL=%ld;WKST=%s", freq_names[r->rule.freq], r->rule.interval,
		       day_names[r->rule.week_start]);
	for (int i = 0; i < N_LIST && r->rule.freq != DAILY; i++)	/* for DAILY lists only leave out, see next_day() */
		write_list(&text, &r->rule, i);
	if (bsg_buf_finish(&text, NULL) != BSG_OK) {
		bsg_buf_free(&text);
		return bsg_cal_no_memory(r->cal);
	}
	icalerror_set_errors_are_fatal(0);
	icalerror_clear_errno();
	type = icalrecurrencetype_from_string((const char *)text.data);
	bsg_buf_free(&text);
	type.until = ical_time(bound(r), r->start.kind == BSG_DATE);
	if (type.freq != ICAL_NO_RECURRENCE)
		r->iterator = icalrecur_iterator_new(type, ical_time(beginning(r), r->start.kind == BSG_DATE));
	free(type.rscale);
	if (r->iterator == NULL && icalerrno == ICAL_NEWFAILED_ERROR)
		return bsg_cal_no_memory(r->cal);
	if (r->iterator == NULL)
		return bad(r, "this RRULE has no occurrences, or cannot be expanded: write a simpler one");
	return BSG_OK;
}

static enum bsg_err check_start(struct bsg_recur *r)
{
	const int64_t last = r->last;
	int64_t first;
	bool more = false;
	enum bsg_err rc;

	/* Before libical is asked, which would search for the first day that fits, and there may be none. */
	if (!fits(&r->rule, r->start.local))
		return bad(r, "DTSTART is no occurrence of its own RRULE: move it to the first one");
	r->last = r->start.local;
	rc = start_iterator(r);
	if (rc == BSG_OK)
		rc = bsg_recur_next(r, &first, &more);
	if (rc == BSG_OK && !more)
		rc = bad(r, "DTSTART is no occurrence of its own RRULE: move it to the first one");
	bsg_recur_close(r);
	r->iterator = NULL;
	r->last = last;
	r->n = 0;
	return rc;
}

enum bsg_err bsg_recur_open(struct bsg_cal *cal, const struct bsg_ics_line *line, const struct bsg_moment *start,
			    const int64_t *east, int64_t last, struct bsg_recur **out)
{
	struct bsg_recur *r = bsg_arena_alloc(&cal->arena, sizeof(*r));
	enum bsg_err rc;

	*out = NULL;
	if (r == NULL)
		return bsg_cal_no_memory(cal);
	r->cal = cal;
	r->line = line;
	r->start = *start;
	r->east = east;
	r->last = last;
	rc = read_rule(r);
	if (rc == BSG_OK)
		rc = check_together(r);
	if (rc == BSG_OK && east == NULL)
		rc = check_until(r);
	if (rc == BSG_OK && east == NULL)
		rc = check_start(r);
	if (rc == BSG_OK)
		rc = start_iterator(r);
	if (rc == BSG_OK)
		*out = r;
	return rc;
}

static bool past_until(struct bsg_recur *r, int64_t local)
{
	struct bsg_moment moment = r->start;

	if (!r->rule.has_until)
		return false;
	moment.local = local;
	if (r->east != NULL)
		return local - (r->rule.until_utc ? *r->east : 0) > r->rule.until;
	return (r->rule.until_utc ? bsg_tz_utc(r->cal, &moment) : local) > r->rule.until;
}

/* The next day that the rule means; *more = false where libical's bound is. */
static enum bsg_err next_day(struct bsg_recur *r, int64_t *local, bool *more)
{
	struct icaltimetype t;

	do {	/* libical 3.0.16 passes over days before the end of a month for DAILY; of WEEKLY the start may come later */
		if (++r->cal->n_steps > BSG_CAL_STEPS_MAX)
			return bsg_cal_bad(r->cal, BSG_E_LIMIT, r->line->number,
					   "more than %u occurrences up to the end of what is asked for: begin the events later",
					   BSG_CAL_STEPS_MAX);
		t = icalrecur_iterator_next(r->iterator);
		*more = !icaltime_is_null_time(t);
		if (!*more)
			return BSG_OK;
		*local = bsg_cal_local(t.year, t.month, t.day, t.hour, t.minute, t.second);
	} while (*local < r->start.local || (r->rule.freq == DAILY && !fits(&r->rule, *local)));
	return BSG_OK;
}

enum bsg_err bsg_recur_next(struct bsg_recur *r, int64_t *local, bool *more)
{
	enum bsg_err rc;

	*more = false;
	if (r->rule.count != 0 && r->n == r->rule.count)
		return BSG_OK;
	rc = next_day(r, local, more);
	if (rc == BSG_OK && *more) {
		r->n++;
		*more = *local <= r->last && !past_until(r, *local);
	}
	return rc;
}

void bsg_recur_close(struct bsg_recur *recur)
{
	if (recur != NULL && recur->iterator != NULL)
		icalrecur_iterator_free(recur->iterator);
}
