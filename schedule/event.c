/* SPDX-License-Identifier: Apache-2.0 */
/* What a VEVENT says, and which VEVENTs are one event. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "schedule/parts.h"

static enum bsg_err bad(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *text)
{
	return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s", text);
}

/* ---- properties --------------------------------------------------------------- */

/* What may lie in an event and says nothing about when it is. */
static enum bsg_err check_inner(struct bsg_cal *cal, const struct bsg_ics_line *line)
{
	static const char *const known[] = { "VALARM", "VLOCATION", "VRESOURCE", "PARTICIPANT" };
	char shown[BSG_SHOWN_SIZE];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(line->value, known[i]) == 0)
			return BSG_OK;
	if (strncasecmp(line->value, "X-", 2) == 0)
		return BSG_OK;
	return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s has no place in a VEVENT", bsg_cal_show(line->value, shown));
}

static enum bsg_err take_property(struct bsg_cal *cal, const struct bsg_ics_line *line, struct bsg_event *event)
{
	const struct {
		const char *name;
		const struct bsg_ics_line **where;
	} single[] = {
		{ "UID", &event->uid }, { "DTSTART", &event->start_line }, { "DTEND", &event->end_line },
		{ "DURATION", &event->duration_line }, { "RRULE", &event->rule_line }, { "RECURRENCE-ID", &event->id_line },
		{ "STATUS", &event->status_line },
	};

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		if (strcmp(line->name, single[i].name) != 0)
			continue;
		if (*single[i].where != NULL)
			return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s twice, the first in line %u", line->name,
					   (*single[i].where)->number);
		*single[i].where = line;
	}
	if (strcmp(line->name, "EXRULE") == 0)
		return bad(cal, line, "EXRULE is not taken: write EXDATE");
	return BSG_OK;
}

static enum bsg_err take_properties(struct bsg_cal *cal, struct bsg_event *event)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = event->block.begin + 1; rc == BSG_OK && i < event->block.end; i++) {
		struct bsg_ics_block inner;

		if (strcmp(cal->lines[i].name, "BEGIN") != 0) {
			rc = take_property(cal, &cal->lines[i], event);
			continue;
		}
		rc = check_inner(cal, &cal->lines[i]);
		if (rc == BSG_OK)
			rc = bsg_ics_block(cal, i, &inner);
		if (rc == BSG_OK)
			i = inner.end;
	}
	return rc;
}

/* ---- times ---------------------------------------------------------------------- */

static bool has_place_in_time(const struct bsg_moment *moment)
{
	return moment->kind == BSG_UTC || moment->kind == BSG_ZONED;
}

/* Times of one event are all dates, all floating, or all absolute. */
static enum bsg_err read_like_start(struct bsg_cal *cal, const struct bsg_event *event, const struct bsg_ics_line *line,
				    const char *text, struct bsg_moment *out)
{
	const struct bsg_moment *start = &event->start;
	enum bsg_err rc = bsg_cal_moment(cal, line, text, out);

	if (rc != BSG_OK)
		return rc;
	if ((out->kind == BSG_DATE) != (start->kind == BSG_DATE))
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s %s", line->name,
				   start->kind == BSG_DATE ? "has to be a date alone, as DTSTART is" :
				   "needs a time of day, as DTSTART has one");
	if (has_place_in_time(out) != has_place_in_time(start))
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s %s", line->name,
				   has_place_in_time(start) ? "needs TZID or UTC, as DTSTART has it" :
				   "has a zone and DTSTART has none");
	return BSG_OK;
}

/* How long it is from @start to @end, both as written; they are of one kind. */
static enum bsg_err length_between(struct bsg_cal *cal, const struct bsg_ics_line *line, const struct bsg_moment *start,
				   const struct bsg_moment *end, struct bsg_length *out)
{
	const int64_t seconds = bsg_tz_utc(cal, end) - bsg_tz_utc(cal, start);
	const int64_t days = (end->local - start->local) / DAY_S;

	*out = start->kind == BSG_DATE ? (struct bsg_length){ days, 0 } : (struct bsg_length){ 0, seconds };
	if (out->days <= 0 && out->seconds <= 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s",
				   strcmp(line->name, "RDATE") == 0 ? "a PERIOD that ends before it begins" :
				   start->kind == BSG_DATE ? "DTEND is the day after the last: it has to be later than DTSTART" :
				   "DTEND is not later than DTSTART");
	if (out->days * DAY_S + out->seconds > BSG_CAL_LENGTH_MAX)
		return bad(cal, line, "longer than ten years");
	return BSG_OK;
}

static enum bsg_err read_duration(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *text,
				  const struct bsg_moment *start, struct bsg_length *out)
{
	const enum bsg_err rc = bsg_cal_duration(cal, line, text, out);

	if (rc == BSG_OK && start->kind == BSG_DATE && out->seconds != 0)
		return bad(cal, line, "DURATION has to be whole days, as DTSTART is a date alone");
	return rc;
}

static enum bsg_err read_length(struct bsg_cal *cal, struct bsg_event *event)
{
	struct bsg_moment end;
	enum bsg_err rc;

	if (event->end_line != NULL && event->duration_line != NULL)
		return bad(cal, event->duration_line, "DTEND and DURATION in one event: take one out");
	if (event->duration_line != NULL)
		return read_duration(cal, event->duration_line, event->duration_line->value, &event->start, &event->length);
	if (event->end_line != NULL) {
		rc = read_like_start(cal, event, event->end_line, event->end_line->value, &end);
		return rc == BSG_OK ? length_between(cal, event->end_line, &event->start, &end, &event->length) : rc;
	}
	if (event->start.kind != BSG_DATE)
		return bad(cal, event->start_line, "an event with a time of day needs DTEND or DURATION");
	event->length = (struct bsg_length){ 1, 0 };
	return BSG_OK;
}

/* ---- RDATE, EXDATE ---------------------------------------------------------------- */

static enum bsg_err add_instance(struct bsg_cal *cal, struct bsg_event *event, const struct bsg_ics_line *line, char *text)
{
	struct bsg_instance *instance = &event->more[event->n_more++];
	char *slash = strchr(text, '/');
	struct bsg_moment end;
	const char *value;
	enum bsg_err rc;

	instance->length = event->length;
	rc = bsg_ics_param(cal, line, "VALUE", &value);
	if (rc != BSG_OK)
		return rc;
	if ((slash != NULL) != (value != NULL && strcasecmp(value, "PERIOD") == 0))
		return bad(cal, line, "a period is written RDATE;VALUE=PERIOD:START/END or START/DURATION");
	if (slash != NULL)
		*slash++ = '\0';
	rc = read_like_start(cal, event, line, text, &instance->start);
	if (rc != BSG_OK || slash == NULL)
		return rc;
	if (*slash == 'P' || *slash == '+' || *slash == '-')
		return read_duration(cal, line, slash, &instance->start, &instance->length);
	rc = read_like_start(cal, event, line, slash, &end);
	return rc == BSG_OK ? length_between(cal, line, &instance->start, &end, &instance->length) : rc;
}

static enum bsg_err add_gone(struct bsg_cal *cal, struct bsg_event *event, const struct bsg_ics_line *line, char *text)
{
	struct bsg_moment moment;
	const enum bsg_err rc = read_like_start(cal, event, line, text, &moment);

	if (rc == BSG_OK)
		event->gone[event->n_gone++] = bsg_event_key(cal, &moment);
	return rc;
}

static size_t count_values(const struct bsg_cal *cal, const struct bsg_event *event, const char *name)
{
	size_t n = 0;

	for (size_t i = event->block.begin + 1; i < event->block.end; i++) {
		if (strcmp(cal->lines[i].name, name) != 0)
			continue;
		n++;
		for (const char *c = cal->lines[i].value; *c != '\0'; c++)
			n += *c == ',';
	}
	return n;
}

/* What lies in a component inside the event has no RDATE or EXDATE, or is not ours; its values are read all the same. */
static enum bsg_err read_values(struct bsg_cal *cal, struct bsg_event *event, const char *name,
				enum bsg_err (*each)(struct bsg_cal *cal, struct bsg_event *event,
						     const struct bsg_ics_line *line, char *text))
{
	enum bsg_err rc = BSG_OK;
	int depth = 0;

	for (size_t i = event->block.begin + 1; rc == BSG_OK && i < event->block.end; i++) {
		const struct bsg_ics_line *line = &cal->lines[i];
		char *rest, *item;

		depth += (strcmp(line->name, "BEGIN") == 0) - (strcmp(line->name, "END") == 0);
		if (depth != 0 || strcmp(line->name, name) != 0)
			continue;
		rest = bsg_arena_text(&cal->arena, line->value);
		if (rest == NULL)
			return bsg_cal_no_memory(cal);
		while (rc == BSG_OK && (item = strsep(&rest, ",")) != NULL)
			rc = each(cal, event, line, item);
	}
	return rc;
}

static int by_key(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum bsg_err read_lists(struct bsg_cal *cal, struct bsg_event *event)
{
	enum bsg_err rc;

	event->more = bsg_arena_array(&cal->arena, count_values(cal, event, "RDATE") + 1, sizeof(*event->more));
	event->gone = bsg_arena_array(&cal->arena, count_values(cal, event, "EXDATE") + 1, sizeof(*event->gone));
	if (event->more == NULL || event->gone == NULL)
		return bsg_cal_no_memory(cal);
	rc = read_values(cal, event, "RDATE", add_instance);
	if (rc == BSG_OK)
		rc = read_values(cal, event, "EXDATE", add_gone);
	qsort(event->gone, event->n_gone, sizeof(*event->gone), by_key);
	return rc;
}

/* ---- the whole event ---------------------------------------------------------------- */

static enum bsg_err read_status(struct bsg_cal *cal, struct bsg_event *event)
{
	const char *status = event->status_line != NULL ? event->status_line->value : "CONFIRMED";

	event->cancelled = strcasecmp(status, "CANCELLED") == 0;
	if (!event->cancelled && strcasecmp(status, "CONFIRMED") != 0 && strcasecmp(status, "TENTATIVE") != 0)
		return bad(cal, event->status_line, "STATUS has to be CONFIRMED, TENTATIVE or CANCELLED");
	return BSG_OK;
}

/* An instance that differs from the others of its event. */
static enum bsg_err read_id(struct bsg_cal *cal, struct bsg_event *event)
{
	const char *range;
	enum bsg_err rc;

	if (event->id_line == NULL)
		return BSG_OK;
	rc = bsg_ics_param(cal, event->id_line, "RANGE", &range);
	if (rc == BSG_OK && range != NULL)
		rc = bad(cal, event->id_line, "RANGE is not taken: end the event by UNTIL and write another one");
	if (rc == BSG_OK && event->uid == NULL)
		rc = bad(cal, event->id_line, "RECURRENCE-ID without UID: which event is it of?");
	if (rc == BSG_OK && (event->rule_line != NULL || count_values(cal, event, "RDATE") != 0 ||
			     count_values(cal, event, "EXDATE") != 0))
		rc = bad(cal, event->id_line, "an event with RECURRENCE-ID is one instance: it has no RRULE, RDATE or EXDATE");
	return rc == BSG_OK ? bsg_cal_moment(cal, event->id_line, event->id_line->value, &event->id) : rc;
}

/* Rules are checked here, so that what is refused does not depend on the span. */
static enum bsg_err check_rule(struct bsg_cal *cal, const struct bsg_event *event)
{
	struct bsg_recur *recur;
	enum bsg_err rc;

	if (event->rule_line == NULL)
		return BSG_OK;
	rc = bsg_recur_open(cal, event->rule_line, &event->start, NULL, event->start.local, &recur);
	bsg_recur_close(recur);
	return rc;
}

enum bsg_err bsg_event_read(struct bsg_cal *cal, struct bsg_ics_block block)
{
	struct bsg_event *event = &cal->events[cal->n_events++];
	enum bsg_err rc;

	*event = (struct bsg_event){ .block = block, .line = cal->lines[block.begin].number };
	rc = take_properties(cal, event);
	if (rc == BSG_OK && event->start_line == NULL)
		rc = bsg_cal_bad(cal, BSG_E_INVALID, event->line, "VEVENT without DTSTART");
	if (rc == BSG_OK)
		rc = read_status(cal, event);
	if (rc == BSG_OK)
		rc = bsg_cal_moment(cal, event->start_line, event->start_line->value, &event->start);
	if (rc == BSG_OK)
		rc = read_length(cal, event);
	if (rc == BSG_OK)
		rc = read_id(cal, event);
	if (rc == BSG_OK)
		rc = read_lists(cal, event);
	return rc == BSG_OK ? check_rule(cal, event) : rc;
}

int64_t bsg_event_key(struct bsg_cal *cal, const struct bsg_moment *moment)
{
	return has_place_in_time(moment) ? bsg_tz_utc(cal, moment) : moment->local;
}

/* ---- events of one UID ---------------------------------------------------------------- */

static const char *uid_of(const struct bsg_event *event)
{
	return event->uid != NULL ? event->uid->value : "";
}

/* By UID; in one UID the event itself first, then its instances, in the order of the file. */
static int by_uid(const void *a, const void *b)
{
	const struct bsg_event *x = *(struct bsg_event *const *)a, *y = *(struct bsg_event *const *)b;
	const int order = strcmp(uid_of(x), uid_of(y));

	if (order != 0)
		return order;
	if ((x->id_line != NULL) != (y->id_line != NULL))
		return x->id_line != NULL ? 1 : -1;
	return (x->line > y->line) - (x->line < y->line);
}

static enum bsg_err twice(struct bsg_cal *cal, const struct bsg_event *event, const struct bsg_event *first)
{
	return bsg_cal_bad(cal, BSG_E_INVALID, event->line, "%s, the first in line %u",
			   event->id_line != NULL ? "a second VEVENT with this UID and RECURRENCE-ID" :
			   "a second VEVENT with this UID and no RECURRENCE-ID", first->line);
}

/* Take the instances @override[0..n-1] out of @event. */
static enum bsg_err replace(struct bsg_cal *cal, struct bsg_event *event, struct bsg_event *const *override, size_t n)
{
	int64_t *gone = bsg_arena_array(&cal->arena, event->n_gone + n, sizeof(*gone));

	if (gone == NULL)
		return bsg_cal_no_memory(cal);
	if (event->n_gone > 0)
		memcpy(gone, event->gone, event->n_gone * sizeof(*gone));
	for (size_t i = 0; i < n; i++) {
		const struct bsg_moment *id = &override[i]->id;

		if ((id->kind == BSG_DATE) != (event->start.kind == BSG_DATE) ||
		    has_place_in_time(id) != has_place_in_time(&event->start))
			return bsg_cal_bad(cal, BSG_E_INVALID, override[i]->id_line->number,
					   "RECURRENCE-ID is not written as DTSTART of its event is (line %u)",
					   event->start_line->number);
		gone[event->n_gone + i] = bsg_event_key(cal, id);
	}
	event->gone = gone;
	event->n_gone += n;
	qsort(gone, event->n_gone, sizeof(*gone), by_key);
	return BSG_OK;
}

struct named_key {
	int64_t key;
	const struct bsg_event *event;
};

static int by_named_key(const void *a, const void *b)
{
	const struct named_key *x = a, *y = b;

	if (x->key != y->key)
		return (x->key > y->key) - (x->key < y->key);
	return (x->event->line > y->event->line) - (x->event->line < y->event->line);
}

static enum bsg_err check_once(struct bsg_cal *cal, struct bsg_event *const *override, size_t n)
{
	struct named_key *keys = bsg_arena_array(&cal->arena, n, sizeof(*keys));

	if (keys == NULL)
		return bsg_cal_no_memory(cal);
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct named_key){ bsg_event_key(cal, &override[i]->id), override[i] };
	qsort(keys, n, sizeof(*keys), by_named_key);
	for (size_t i = 1; i < n; i++)
		if (keys[i].key == keys[i - 1].key)
			return twice(cal, keys[i].event, keys[i - 1].event);
	return BSG_OK;
}

/* @event[0..n-1] have one UID. */
static enum bsg_err link_group(struct bsg_cal *cal, struct bsg_event **event, size_t n)
{
	const size_t first = event[0]->id_line == NULL ? 1 : 0;	/* of the overrides */
	enum bsg_err rc;

	if (n > 1 && event[1]->id_line == NULL)
		return twice(cal, event[1], event[0]);
	if (n == first)
		return BSG_OK;
	rc = check_once(cal, event + first, n - first);
	return rc == BSG_OK && first == 1 ? replace(cal, event[0], event + 1, n - 1) : rc;
}

enum bsg_err bsg_events_link(struct bsg_cal *cal)
{
	struct bsg_event **order = bsg_arena_array(&cal->arena, cal->n_events, sizeof(struct bsg_event *));
	enum bsg_err rc = BSG_OK;
	size_t n;

	if (order == NULL)
		return bsg_cal_no_memory(cal);
	for (size_t i = 0; i < cal->n_events; i++)
		order[i] = &cal->events[i];
	qsort(order, cal->n_events, sizeof(struct bsg_event *), by_uid);
	for (size_t i = 0; rc == BSG_OK && i < cal->n_events; i += n) {
		for (n = 1; i + n < cal->n_events && strcmp(uid_of(order[i]), uid_of(order[i + n])) == 0; n++)
			if (order[i]->uid == NULL)
				break;
		rc = link_group(cal, order + i, n);
	}
	return rc;
}
