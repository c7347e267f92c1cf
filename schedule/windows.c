/* SPDX-License-Identifier: Apache-2.0 */
/* Instances to windows, windows to their union. */
#include <stdlib.h>

#include "schedule/parts.h"

static bool is_gone(const struct bsg_event *event, int64_t key)
{
	size_t low = 0, high = event->n_gone;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (event->gone[middle] == key)
			return true;
		if (event->gone[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static enum bsg_err add_window(struct bsg_cal *cal, const struct bsg_event *event, int64_t from, int64_t until)
{
	if (from % 60 != 0 || until % 60 != 0)
		return bsg_cal_bad(cal, BSG_E_INVALID, event->start_line->number,
				   "the zone's offset is no whole minutes then: windows are whole minutes");
	if (cal->n_windows == cal->windows_cap) {
		const size_t cap = cal->windows_cap * 2 + 64;
		struct bsg_schedule_window *more = realloc(cal->windows, cap * sizeof(*more));

		if (more == NULL)
			return bsg_cal_no_memory(cal);
		cal->windows = more;
		cal->windows_cap = cap;
	}
	cal->windows[cal->n_windows++] = (struct bsg_schedule_window){ from, until };
	return BSG_OK;
}

/* S22: days are counted on the clock on the wall, then seconds by a stopwatch. */
static int64_t end_of(struct bsg_cal *cal, const struct bsg_instance *instance, int64_t from)
{
	struct bsg_moment end = instance->start;

	if (instance->length.days == 0)
		return from + instance->length.seconds;
	end.local += instance->length.days * DAY_S;
	return bsg_tz_utc(cal, &end) + instance->length.seconds;
}

static enum bsg_err add_instance(struct bsg_cal *cal, const struct bsg_event *event, const struct bsg_instance *instance)
{
	const int64_t from = bsg_tz_utc(cal, &instance->start), until = end_of(cal, instance, from);
	const char *zone = instance->start.kind == BSG_ZONED ? instance->start.zone : NULL;
	enum bsg_err rc = BSG_OK;

	if (cal->ask->from == cal->ask->until || is_gone(event, bsg_event_key(cal, &instance->start)) ||
	    until <= cal->ask->from || from >= cal->ask->until)
		return BSG_OK;
	if (zone != NULL)
		rc = bsg_vtimezone_agrees(cal, zone, from);
	if (rc == BSG_OK && zone != NULL)
		rc = bsg_vtimezone_agrees(cal, zone, until);
	if (rc != BSG_OK)
		return rc;
	return add_window(cal, event, from > cal->ask->from ? from : cal->ask->from,
			  until < cal->ask->until ? until : cal->ask->until);
}

static enum bsg_err add_rule(struct bsg_cal *cal, const struct bsg_event *event)
{
	struct bsg_instance instance = { event->start, event->length };
	struct bsg_recur *recur;
	bool more = true;
	enum bsg_err rc;

	if (event->rule_line == NULL)
		return add_instance(cal, event, &instance);
	rc = bsg_recur_open(cal, event->rule_line, &event->start, NULL, cal->ask->until + 2 * DAY_S, &recur);
	while (rc == BSG_OK && more) {
		rc = bsg_recur_next(recur, &instance.start.local, &more);
		if (rc == BSG_OK && more)
			rc = add_instance(cal, event, &instance);
	}
	bsg_recur_close(recur);
	return rc;
}

enum bsg_err bsg_event_expand(struct bsg_cal *cal, struct bsg_event *event)
{
	enum bsg_err rc;

	if (event->cancelled)
		return BSG_OK;
	rc = add_rule(cal, event);
	for (size_t i = 0; rc == BSG_OK && i < event->n_more; i++)
		rc = add_instance(cal, event, &event->more[i]);
	return rc;
}

static int by_start(const void *a, const void *b)
{
	const struct bsg_schedule_window *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static size_t join(struct bsg_schedule_window *windows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && windows[i].from <= windows[kept - 1].until) {
			if (windows[i].until > windows[kept - 1].until)
				windows[kept - 1].until = windows[i].until;
		} else {
			windows[kept++] = windows[i];
		}
	}
	return kept;
}

enum bsg_err bsg_windows_finish(struct bsg_cal *cal, struct bsg_schedule *out)
{
	if (cal->n_windows > 0)
		qsort(cal->windows, cal->n_windows, sizeof(*cal->windows), by_start);
	cal->n_windows = join(cal->windows, cal->n_windows);
	if (cal->n_windows > BSG_SCHEDULE_WINDOWS_MAX)
		return bsg_cal_bad(cal, BSG_E_LIMIT, 0, "more than %u windows in what is asked for", BSG_SCHEDULE_WINDOWS_MAX);
	*out = (struct bsg_schedule){ cal->windows, cal->n_windows };
	cal->windows = NULL;
	return BSG_OK;
}
