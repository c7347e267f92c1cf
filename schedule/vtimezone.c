/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calendar's own idea of a zone (RFC 5545 3.6.5). Times are never made from it: it is compared with tzdata where it matters,
 * because a calendar written before a country changed its time looks right and is wrong.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "schedule/parts.h"

/* From @utc on, the offset is @to; before it, it was @from. */
struct bsg_onset {
	int64_t utc, from, to;
};

struct onsets {
	struct bsg_cal *cal;
	struct bsg_onset *onset;	/* of the arena, doubled when full: at most as much again is lost */
	size_t n, cap;
};

/* One STANDARD or DAYLIGHT. */
struct part {
	unsigned line;
	const struct bsg_ics_line *start_line, *from_line, *to_line, *rule_line;
	struct bsg_moment start;
	int64_t from, to;
};

static enum bsg_err add(struct onsets *onsets, const struct part *part, int64_t local)
{
	if (onsets->n == onsets->cap) {
		const size_t cap = onsets->cap * 2 + 8;
		struct bsg_onset *more = bsg_arena_array(&onsets->cal->arena, cap, sizeof(*more));

		if (more == NULL)
			return bsg_cal_no_memory(onsets->cal);
		if (onsets->n > 0)
			memcpy(more, onsets->onset, onsets->n * sizeof(*more));
		onsets->onset = more;
		onsets->cap = cap;
	}
	onsets->onset[onsets->n++] = (struct bsg_onset){ local - part->from, part->from, part->to };
	return BSG_OK;
}

/* +0500, -003000 */
static enum bsg_err offset_of(struct bsg_cal *cal, const struct bsg_ics_line *line, int64_t *out)
{
	const char *text = line->value;
	const size_t len = strlen(text);
	int64_t n[3] = { 0, 0, 0 };
	bool good = (len == 5 || len == 7) && (text[0] == '+' || text[0] == '-');

	for (size_t i = 1; good && i < len; i++) {
		good = isdigit((unsigned char)text[i]);
		n[(i - 1) / 2] = n[(i - 1) / 2] * 10 + (text[i] - '0');
	}
	if (!good || n[0] > 23 || n[1] > 59 || n[2] > 59)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s has to be an offset such as +0500", line->name);
	*out = (n[0] * 3600 + n[1] * 60 + n[2]) * (text[0] == '-' ? -1 : 1);
	return BSG_OK;
}

static enum bsg_err once(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *name, const struct bsg_ics_line **out)
{
	if (strcmp(line->name, name) != 0)
		return BSG_OK;
	if (*out != NULL)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s twice", name);
	*out = line;
	return BSG_OK;
}

static enum bsg_err local_start(struct bsg_cal *cal, const struct bsg_ics_line *line, const char *text, struct bsg_moment *out)
{
	bool is_date, is_utc;

	*out = (struct bsg_moment){ .kind = BSG_FLOATING };
	if (!bsg_cal_digits(text, strlen(text), &out->local, &is_date, &is_utc) || is_date || is_utc)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s of a VTIMEZONE has to be a local time such as 20251026T030000",
				   line->name);
	return BSG_OK;
}

static enum bsg_err read_part(struct bsg_cal *cal, struct bsg_ics_block block, struct part *part)
{
	enum bsg_err rc = BSG_OK;

	*part = (struct part){ .line = cal->lines[block.begin].number };
	for (size_t i = block.begin + 1; rc == BSG_OK && i < block.end; i++) {
		rc = once(cal, &cal->lines[i], "DTSTART", &part->start_line);
		if (rc == BSG_OK)
			rc = once(cal, &cal->lines[i], "TZOFFSETFROM", &part->from_line);
		if (rc == BSG_OK)
			rc = once(cal, &cal->lines[i], "TZOFFSETTO", &part->to_line);
		if (rc == BSG_OK)
			rc = once(cal, &cal->lines[i], "RRULE", &part->rule_line);
	}
	if (rc == BSG_OK && (part->start_line == NULL || part->from_line == NULL || part->to_line == NULL))
		rc = bsg_cal_bad(cal, BSG_E_INVALID, part->line, "%s needs DTSTART, TZOFFSETFROM and TZOFFSETTO",
				 cal->lines[block.begin].value);
	if (rc == BSG_OK)
		rc = offset_of(cal, part->from_line, &part->from);
	if (rc == BSG_OK)
		rc = offset_of(cal, part->to_line, &part->to);
	if (rc == BSG_OK)
		rc = local_start(cal, part->start_line, part->start_line->value, &part->start);
	return rc;
}

static enum bsg_err add_dates(struct onsets *onsets, struct bsg_ics_block block, const struct part *part)
{
	struct bsg_cal *cal = onsets->cal;
	enum bsg_err rc = BSG_OK;

	for (size_t i = block.begin + 1; rc == BSG_OK && i < block.end; i++) {
		char *rest, *item;

		if (strcmp(cal->lines[i].name, "RDATE") != 0)
			continue;
		rest = bsg_arena_text(&cal->arena, cal->lines[i].value);
		if (rest == NULL)
			return bsg_cal_no_memory(cal);
		while (rc == BSG_OK && (item = strsep(&rest, ",")) != NULL) {
			struct bsg_moment moment;

			rc = local_start(cal, &cal->lines[i], item, &moment);
			if (rc == BSG_OK)
				rc = add(onsets, part, moment.local);
		}
	}
	return rc;
}

static enum bsg_err add_rule(struct onsets *onsets, const struct part *part)
{
	struct bsg_cal *cal = onsets->cal;
	struct bsg_recur *recur;
	bool more = true;
	enum bsg_err rc;

	if (part->rule_line == NULL)
		return BSG_OK;
	rc = bsg_recur_open(cal, part->rule_line, &part->start, &part->from, cal->ask->until + 2 * DAY_S, &recur);
	while (rc == BSG_OK && more) {
		int64_t local;

		rc = bsg_recur_next(recur, &local, &more);
		if (rc == BSG_OK && more)
			rc = add(onsets, part, local);
	}
	bsg_recur_close(recur);
	return rc;
}

static enum bsg_err read_block(struct onsets *onsets, size_t begin, struct bsg_ics_block *block)
{
	const struct bsg_ics_line *line = &onsets->cal->lines[begin];
	char shown[BSG_SHOWN_SIZE];
	struct part part;
	enum bsg_err rc;

	if (strcasecmp(line->value, "STANDARD") != 0 && strcasecmp(line->value, "DAYLIGHT") != 0)
		return bsg_cal_bad(onsets->cal, BSG_E_INVALID, line->number, "%s has no place in a VTIMEZONE",
				   bsg_cal_show(line->value, shown));
	rc = bsg_ics_block(onsets->cal, begin, block);
	if (rc == BSG_OK)
		rc = read_part(onsets->cal, *block, &part);
	if (rc == BSG_OK)
		rc = add(onsets, &part, part.start.local);
	if (rc == BSG_OK)
		rc = add_dates(onsets, *block, &part);
	if (rc == BSG_OK)
		rc = add_rule(onsets, &part);
	return rc;
}

static int by_time(const void *a, const void *b)
{
	const struct bsg_onset *x = a, *y = b;

	return (x->utc > y->utc) - (x->utc < y->utc);
}

static enum bsg_err keep(struct bsg_cal *cal, struct bsg_ics_block block, const struct bsg_ics_line *tzid,
			 struct onsets *onsets)
{
	const unsigned line = cal->lines[block.begin].number;
	char shown[BSG_SHOWN_SIZE];

	if (tzid == NULL || tzid->value[0] == '\0')
		return bsg_cal_bad(cal, BSG_E_INVALID, line, "VTIMEZONE without TZID");
	if (onsets->n == 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line, "VTIMEZONE without STANDARD or DAYLIGHT");
	for (size_t i = 0; i < cal->n_vtimezones; i++)
		if (strcmp(cal->vtimezones[i].tzid, tzid->value) == 0)
			return bsg_cal_bad(cal, BSG_E_INVALID, line, "two VTIMEZONE of \"%s\", the first in line %u",
					   bsg_cal_show(tzid->value, shown), cal->lines[cal->vtimezones[i].block.begin].number);
	qsort(onsets->onset, onsets->n, sizeof(*onsets->onset), by_time);
	cal->vtimezones[cal->n_vtimezones++] = (struct bsg_vtimezone){ bsg_tz_find(cal, tzid->value), tzid->value, block,
		onsets->onset, onsets->n };
	return BSG_OK;
}

enum bsg_err bsg_vtimezone_read(struct bsg_cal *cal, struct bsg_ics_block block)
{
	struct onsets onsets = { .cal = cal };
	const struct bsg_ics_line *tzid = NULL;
	enum bsg_err rc = BSG_OK;

	for (size_t i = block.begin + 1; rc == BSG_OK && i < block.end; i++) {
		struct bsg_ics_block inner;

		if (strcmp(cal->lines[i].name, "BEGIN") == 0) {
			rc = read_block(&onsets, i, &inner);
			i = rc == BSG_OK ? inner.end : i;
		} else {
			rc = once(cal, &cal->lines[i], "TZID", &tzid);
		}
	}
	return rc == BSG_OK ? keep(cal, block, tzid, &onsets) : rc;
}

static int64_t offset_at(const struct bsg_vtimezone *vtimezone, int64_t utc)
{
	int64_t offset = vtimezone->onsets[0].from;
	size_t low = 0, high = vtimezone->n_onsets;

	while (low < high) {	/* the last onset that is not later */
		const size_t middle = (low + high) / 2;

		if (vtimezone->onsets[middle].utc <= utc) {
			offset = vtimezone->onsets[middle].to;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return offset;
}

static const char *offset_text(int64_t offset, char out[static BSG_SHOWN_SIZE])
{
	const int64_t size = offset < 0 ? -offset : offset;

	(void)snprintf(out, BSG_SHOWN_SIZE, "%c%02d:%02d", offset < 0 ? '-' : '+', (int)(size / 3600), (int)(size / 60 % 60));
	return out;
}

enum bsg_err bsg_vtimezone_agrees(struct bsg_cal *cal, const char *zone, int64_t utc)
{
	char ours[BSG_SHOWN_SIZE], theirs[BSG_SHOWN_SIZE], when[BSG_SHOWN_SIZE];

	for (size_t i = 0; i < cal->n_vtimezones; i++) {
		const struct bsg_vtimezone *vtimezone = &cal->vtimezones[i];
		int64_t said, known;

		if (vtimezone->zone != zone)
			continue;
		said = offset_at(vtimezone, utc);
		known = bsg_tz_offset(cal, zone, utc);
		if (said != known)
			return bsg_cal_bad(cal, BSG_E_INVALID, cal->lines[vtimezone->block.begin].number,
					   "VTIMEZONE %s says %s at %s UTC, tzdata says %s: take the VTIMEZONE out, or correct it",
					   zone, offset_text(said, theirs), bsg_cal_text(utc, when), offset_text(known, ours));
		return BSG_OK;
	}
	return BSG_OK;
}
