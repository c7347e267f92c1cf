/* SPDX-License-Identifier: Apache-2.0 */
/* What a calendar is made of: one VCALENDAR, its own properties, VEVENT and VTIMEZONE. */
#include <string.h>
#include <strings.h>

#include "schedule/parts.h"

/* Properties of the calendar that say how the rest is to be read; one value each is known. */
static const struct {
	const char *name, *value, *other, *text;
} meanings[] = {
	{ "VERSION", "2.0", "2.0", "VERSION has to be 2.0: export as iCalendar, not vCalendar" },
	{ "CALSCALE", "GREGORIAN", "GREGORIAN", "CALSCALE has to be GREGORIAN" },
	{ "METHOD", "PUBLISH", "REQUEST", "METHOD has to be PUBLISH: this is a reply or a cancellation, not a calendar" },
};
#define N_MEANINGS (sizeof(meanings) / sizeof(meanings[0]))

static enum bsg_err read_property(struct bsg_cal *cal, const struct bsg_ics_line *line, unsigned *seen)
{
	char shown[BSG_SHOWN_SIZE];

	if (strcmp(line->name, "END") == 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "END:%s without its BEGIN", bsg_cal_show(line->value, shown));
	for (size_t i = 0; i < N_MEANINGS; i++) {
		if (strcmp(line->name, meanings[i].name) != 0)
			continue;
		if (*seen & (1u << i))
			return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s twice", meanings[i].name);
		*seen |= 1u << i;
		if (strcasecmp(line->value, meanings[i].value) != 0 && strcasecmp(line->value, meanings[i].other) != 0)
			return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s", meanings[i].text);
	}
	return BSG_OK;
}

static enum bsg_err read_component(struct bsg_cal *cal, size_t begin, struct bsg_ics_block *block)
{
	const struct bsg_ics_line *line = &cal->lines[begin];
	const bool event = strcasecmp(line->value, "VEVENT") == 0;
	char shown[BSG_SHOWN_SIZE];
	enum bsg_err rc;

	if (!event && strcasecmp(line->value, "VTIMEZONE") != 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, line->number, "%s is not taken: a schedule is made of VEVENT",
				   bsg_cal_show(line->value, shown));
	rc = bsg_ics_block(cal, begin, block);
	if (rc != BSG_OK || !event)
		return rc == BSG_OK ? bsg_vtimezone_read(cal, *block) : rc;
	return bsg_event_read(cal, *block);
}

/* Room for what is there, before it is read. */
static enum bsg_err make_room(struct bsg_cal *cal)
{
	size_t n_events = 0, n_vtimezones = 0;

	for (size_t i = 0; i < cal->n_lines; i++) {
		n_events += bsg_ics_is(&cal->lines[i], "BEGIN", "VEVENT");
		n_vtimezones += bsg_ics_is(&cal->lines[i], "BEGIN", "VTIMEZONE");
	}
	if (n_events > BSG_CAL_EVENTS_MAX)
		return bsg_cal_bad(cal, BSG_E_LIMIT, 0, "more than %u events", BSG_CAL_EVENTS_MAX);
	if (n_vtimezones > BSG_CAL_VTIMEZONES_MAX)
		return bsg_cal_bad(cal, BSG_E_LIMIT, 0, "more than %u VTIMEZONE", BSG_CAL_VTIMEZONES_MAX);
	cal->events = bsg_arena_array(&cal->arena, n_events + 1, sizeof(*cal->events));
	cal->vtimezones = bsg_arena_array(&cal->arena, n_vtimezones + 1, sizeof(*cal->vtimezones));
	return cal->events == NULL || cal->vtimezones == NULL ? bsg_cal_no_memory(cal) : BSG_OK;
}

static enum bsg_err read_all(struct bsg_cal *cal, size_t end, unsigned *seen)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 1; rc == BSG_OK && i < end; i++) {
		struct bsg_ics_block block;

		if (strcmp(cal->lines[i].name, "BEGIN") != 0) {
			rc = read_property(cal, &cal->lines[i], seen);
			continue;
		}
		rc = read_component(cal, i, &block);
		if (rc == BSG_OK)
			i = block.end;
	}
	return rc;
}

/* The END of the one VCALENDAR: bsg_ics_block() would take components inside it for mistakes. */
static enum bsg_err find_end(struct bsg_cal *cal, size_t *end)
{
	if (cal->n_lines == 0 || !bsg_ics_is(&cal->lines[0], "BEGIN", "VCALENDAR"))
		return bsg_cal_bad(cal, BSG_E_INVALID, cal->n_lines == 0 ? 0 : cal->lines[0].number,
				   "a calendar begins with BEGIN:VCALENDAR");
	for (*end = 1; *end < cal->n_lines; ++*end)
		if (bsg_ics_is(&cal->lines[*end], "END", "VCALENDAR"))
			break;
	if (*end == cal->n_lines)
		return bsg_cal_bad(cal, BSG_E_INVALID, 0, "END:VCALENDAR is missing: the calendar is cut off");
	if (*end + 1 < cal->n_lines)
		return bsg_cal_bad(cal, BSG_E_INVALID, cal->lines[*end + 1].number,
				   "something behind END:VCALENDAR: one calendar a file");
	return BSG_OK;
}

enum bsg_err bsg_cal_read(struct bsg_cal *cal)
{
	unsigned seen = 0;
	size_t end = 0;
	enum bsg_err rc = find_end(cal, &end);

	if (rc == BSG_OK)
		rc = make_room(cal);
	if (rc == BSG_OK)
		rc = read_all(cal, end, &seen);
	if (rc == BSG_OK && !(seen & 1))
		rc = bsg_cal_bad(cal, BSG_E_INVALID, 0, "VERSION:2.0 is missing");
	if (rc == BSG_OK && cal->n_events == 0)
		rc = bsg_cal_bad(cal, BSG_E_INVALID, 0, "no VEVENT in it: a schedule without events would never hold");
	return rc == BSG_OK ? bsg_events_link(cal) : rc;
}
