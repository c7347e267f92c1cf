/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars and windows of a policy to one table. See policy/timetable.h. */
#include "policy/timetable.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "policy/check.h"
#include "policy/load.h"
#include "schedule/schedule.h"

#define MINUTE INT64_C(60)
#define WINDOWS_MAX 1000000u	/* P2; of one timetable, those that rules share counted once */
#define ARENA_MAX (64u * 1024 * 1024)	/* they need 16 MiB */
#define ZONES_MAX 64

struct owner {
	struct bsg_timetable timetable;
	_Atomic int refs;
	struct bsg_arena arena;
};

/* One calendar in one zone, expanded; rules share it. */
struct expansion {
	struct expansion *next;
	const struct bsg_policy_calendar *calendar;
	const char *zone;		/* NULL: its own zones only */
	bool floating;			/* it cannot be expanded without a zone */
	bool failed;			/* told already: other zones would only repeat it */
	struct bsg_timetable_rule times;
};

struct making {
	const struct bsg_policy *policy;
	int64_t from, until;
	int64_t wait_ms, deadline_ms;	/* monotonic; wait_ms 0: none */
	struct bsg_arena *arena;
	size_t n_windows;		/* so far */
	struct expansion *expansions;
	struct bsg_policy_errors *errors;
	struct bsg_error *err;
};

static enum bsg_err no_memory(const struct making *m)
{
	return bsg_fail(m->err, BSG_E_NO_MEMORY, "no memory for the calendars of the policy");
}

/* A mistake in a calendar stands in its own file, or at a line of a text inside the policy's. */
static void tell_mistake(const struct making *m, const struct bsg_policy_calendar *calendar,
			 const struct bsg_schedule_mistake *mistake)
{
	struct bsg_policy_at at = calendar->ics_at;

	if (calendar->ics_is_file) {
		at.line = mistake->line > 0 ? mistake->line : 1;
		at.column = 1;
		bsg_policy_error_add(m->errors, BSG_E_INVALID, &at, calendar->ics_at.path, "%s", mistake->text);
	} else if (mistake->line > 0) {
		bsg_policy_error_add(m->errors, BSG_E_INVALID, &at, calendar->ics_at.path, "line %u of the calendar: %s", mistake->line,
				     mistake->text);
	} else {
		bsg_policy_error_add(m->errors, BSG_E_INVALID, &at, calendar->ics_at.path, "%s", mistake->text);
	}
}

/* Room for windows. */
static enum bsg_err take(struct making *m, size_t n, struct bsg_policy_window **out)
{
	if (n > WINDOWS_MAX - m->n_windows)
		return bsg_fail(m->err, BSG_E_LIMIT, "the policy's rules and calendars hold at more than %u times in these days: make "
				"windows longer, or name calendars in fewer rules", WINDOWS_MAX);
	m->n_windows += n;
	*out = bsg_arena_array(m->arena, n + 1, sizeof(**out));
	return *out == NULL ? no_memory(m) : BSG_OK;
}

static enum bsg_err keep(struct making *m, const struct bsg_schedule *schedule, struct bsg_timetable_rule *out)
{
	struct bsg_policy_window *copy;
	enum bsg_err rc = take(m, schedule->n, &copy);

	if (rc != BSG_OK)
		return rc;
	for (size_t i = 0; i < schedule->n; i++)
		copy[i] = (struct bsg_policy_window){ schedule->windows[i].from, schedule->windows[i].until };
	*out = (struct bsg_timetable_rule){ copy, schedule->n };
	return BSG_OK;
}

static enum bsg_err run(struct making *m, struct expansion *e)
{
	const struct bsg_policy_calendar *calendar = e->calendar;
	struct bsg_schedule schedule = { .n = 0 };
	struct bsg_schedule_mistake mistake = { .line = 0 };
	enum bsg_err rc = bsg_schedule_expand(calendar->ics, calendar->ics_len, e->zone, m->from, m->until, &schedule, &mistake,
					      m->err);

	if (rc == BSG_OK)
		rc = keep(m, &schedule, &e->times);
	bsg_schedule_free(&schedule);
	if (rc == BSG_E_NOT_FOUND) {
		e->floating = true;
		return BSG_OK;
	}
	if (mistake.text[0] != '\0' && (rc == BSG_E_INVALID || rc == BSG_E_LIMIT)) {
		tell_mistake(m, calendar, &mistake);
		e->failed = true;
		return BSG_OK;
	}
	return rc;
}

static enum bsg_err still_in_time(const struct making *m)
{
	if (m->wait_ms == 0 || bsg_clock_mono_ms(bsg_clock_system()) < m->deadline_ms)
		return BSG_OK;
	return bsg_fail(m->err, BSG_E_LIMIT, "reading the policy's calendars takes longer than %lld s: make their rules simpler, or name "
			"each in places of one zone", (long long)(m->wait_ms + 999) / 1000);
}

static bool same_zone(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum bsg_err expand(struct making *m, const struct bsg_policy_calendar *calendar, const char *zone,
			   struct expansion **out)
{
	enum bsg_err rc;

	for (*out = m->expansions; *out != NULL; *out = (*out)->next)
		if ((*out)->calendar == calendar && ((*out)->failed || same_zone((*out)->zone, zone)))
			return BSG_OK;
	rc = still_in_time(m);
	if (rc != BSG_OK)
		return rc;
	*out = bsg_arena_alloc(m->arena, sizeof(**out));
	if (*out == NULL)
		return no_memory(m);
	(*out)->calendar = calendar;
	(*out)->zone = zone;
	(*out)->next = m->expansions;
	m->expansions = *out;
	return run(m, *out);
}

/* ---- the zone of a rule ------------------------------------------------ */

struct zones {
	const char *names[ZONES_MAX];
	size_t n;
};

static void add_zone(struct zones *zones, const char *zone)
{
	for (size_t i = 0; i < zones->n; i++)
		if (zone == NULL || strcmp(zones->names[i], zone) == 0)
			return;
	if (zone != NULL && zones->n < ZONES_MAX)
		zones->names[zones->n++] = zone;
}

static void zones_of(const struct bsg_policy *policy, const struct bsg_policy_rule *rule, struct zones *out)
{
	out->n = 0;
	for (size_t i = 0; i < rule->n_where; i++)
		add_zone(out, bsg_policy_zone(policy, bsg_policy_find_place(policy, rule->where[i])));
	for (size_t i = 0; rule->n_where == 0 && i < policy->n_places; i++)
		add_zone(out, policy->places[i].timezone);
}

/* Times without a zone, and not exactly one zone to read them in. */
static void tell_zones(const struct making *m, const struct bsg_policy_rule *rule, const struct bsg_policy_calendar *calendar,
		       const struct zones *zones)
{
	const char *whose = rule->n_where > 0 ? "the rule's places" : "the policy's places";
	const struct bsg_policy_at *at = &rule->at;

	for (size_t i = 0; i < rule->n_calendars; i++)
		if (strcmp(rule->calendars[i], calendar->id) == 0)
			at = &rule->calendars_at[i];
	if (zones->n < 2)
		bsg_policy_error_add(m->errors, BSG_E_INVALID, at, at->path, "calendar '%s' has times without a zone, and %s say no "
				     "'timezone'", calendar->id, whose);
	else
		bsg_policy_error_add(m->errors, BSG_E_INVALID, at, at->path, "calendar '%s' has times without a zone, and %s are in "
				     "several: %s and %s; split the rule, or give the calendar's times a TZID", calendar->id, whose,
				     zones->names[0], zones->names[1]);
}

/* ---- the windows of a rule --------------------------------------------- */

static enum bsg_err find_expansion(struct making *m, const struct bsg_policy_rule *rule, const struct zones *zones,
				   const struct bsg_policy_calendar *calendar, struct expansion **out)
{
	const char *zone = zones->n == 1 ? zones->names[0] : NULL;
	enum bsg_err rc = expand(m, calendar, zone, out);

	if (rc == BSG_OK && (*out)->floating)
		tell_zones(m, rule, calendar, zones);
	return rc;
}

/* The calendars of a rule, each in its zone; *n counts their windows. @param parts  room for rule->n_calendars */
static enum bsg_err find_parts(struct making *m, const struct bsg_policy_rule *rule, struct expansion **parts, size_t *n_parts,
			       size_t *n)
{
	struct zones zones;
	enum bsg_err rc = BSG_OK;

	zones_of(m->policy, rule, &zones);
	for (size_t i = 0; rc == BSG_OK && i < rule->n_calendars; i++) {
		const struct bsg_policy_calendar *calendar = bsg_policy_find_calendar(m->policy, rule->calendars[i]);

		if (calendar->ics == NULL)
			continue;
		rc = find_expansion(m, rule, &zones, calendar, &parts[*n_parts]);
		if (rc == BSG_OK)
			*n += parts[(*n_parts)++]->times.n;
	}
	return rc;
}

static enum bsg_err make_rule(struct making *m, const struct bsg_policy_rule *rule, struct bsg_timetable_rule *out)
{
	struct expansion **parts = bsg_arena_array(m->arena, rule->n_calendars + 1, sizeof(struct expansion *));
	struct bsg_policy_window *all;
	size_t n = rule->n_windows, n_parts = 0;
	enum bsg_err rc = parts == NULL ? no_memory(m) : find_parts(m, rule, parts, &n_parts, &n);

	if (rc != BSG_OK)
		return rc;
	if (n_parts == 1 && rule->n_windows == 0) {
		*out = parts[0]->times;
		return BSG_OK;
	}
	rc = take(m, n, &all);
	if (rc != BSG_OK)
		return rc;
	n = rule->n_windows;
	if (n > 0)
		memcpy(all, rule->windows, n * sizeof(*all));
	for (size_t p = 0; p < n_parts; p++) {
		if (parts[p]->times.n > 0)
			memcpy(all + n, parts[p]->times.windows, parts[p]->times.n * sizeof(*all));
		n += parts[p]->times.n;
	}
	*out = (struct bsg_timetable_rule){ all, bsg_windows_join(all, n) };
	return BSG_OK;
}

/* What no rule asks for is looked at all the same. */
static enum bsg_err check_unused(struct making *m)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; rc == BSG_OK && i < m->policy->n_calendars; i++) {
		const struct bsg_policy_calendar *calendar = &m->policy->calendars[i];
		struct expansion *e = m->expansions;

		while (e != NULL && e->calendar != calendar)
			e = e->next;
		if (e == NULL && calendar->ics != NULL)
			rc = expand(m, calendar, "UTC", &e);
	}
	return rc;
}

static enum bsg_err make_all(struct making *m, struct bsg_timetable *timetable)
{
	const struct bsg_policy *policy = m->policy;
	struct bsg_timetable_rule *rules = bsg_arena_array(m->arena, policy->n_rules + 1, sizeof(*rules));
	bool any = false;
	enum bsg_err rc = rules == NULL ? no_memory(m) : BSG_OK;

	for (size_t i = 0; rc == BSG_OK && i < policy->n_rules; i++) {
		const struct bsg_policy_rule *rule = &policy->rules[i];

		rules[i] = (struct bsg_timetable_rule){ rule->windows, rule->n_windows };
		any = any || rule->has_ics;
		if (rule->has_ics)
			rc = make_rule(m, rule, &rules[i]);
	}
	if (rc == BSG_OK)
		rc = check_unused(m);
	timetable->rules = rules;
	timetable->from = any ? m->from : INT64_MIN;
	timetable->until = any ? m->until : INT64_MAX;
	bsg_policy_errors_sort(m->errors);
	if (rc == BSG_OK && m->errors->n > 0)
		return bsg_fail(m->err, BSG_E_INVALID, "%.250s", m->errors->items[0].text);
	return rc;
}

static int64_t floor_minute(int64_t t)
{
	return t - ((t % MINUTE) + MINUTE) % MINUTE;
}

enum bsg_err bsg_timetable_make(const struct bsg_policy *policy, struct bsg_timetable_span span, struct bsg_timetable **out,
				struct bsg_policy_errors *errors, struct bsg_error *err)
{
	struct bsg_policy_errors *noted = calloc(1, sizeof(*noted));
	struct owner *owner = calloc(1, sizeof(*owner));
	enum bsg_err rc = BSG_E_NO_MEMORY;

	*out = NULL;
	if (noted == NULL || owner == NULL) {
		(void)bsg_fail(err, rc, "no memory for the calendars of the policy");
		free(owner);
	} else {
		struct making m = { .policy = policy, .from = floor_minute(span.from), .until = floor_minute(span.until + MINUTE - 1),
				    .wait_ms = span.wait_ms, .deadline_ms = bsg_clock_mono_ms(bsg_clock_system()) + span.wait_ms,
				    .arena = &owner->arena, .errors = noted, .err = err };

		bsg_arena_init(&owner->arena, ARENA_MAX);
		atomic_init(&owner->refs, 1);
		rc = make_all(&m, &owner->timetable);
		if (rc == BSG_OK)
			*out = &owner->timetable;
		else
			bsg_timetable_drop(&owner->timetable);
	}
	if (errors != NULL && noted != NULL)
		*errors = *noted;
	free(noted);
	return rc;
}

bool bsg_timetable_covers(const struct bsg_timetable *timetable, int64_t from, int64_t until)
{
	return timetable->from <= from && until <= timetable->until;
}

struct bsg_timetable *bsg_timetable_hold(struct bsg_timetable *timetable)
{
	atomic_fetch_add(&((struct owner *)timetable)->refs, 1);
	return timetable;
}

void bsg_timetable_drop(struct bsg_timetable *timetable)
{
	struct owner *owner = (struct owner *)timetable;

	if (owner == NULL || atomic_fetch_sub(&owner->refs, 1) != 1)
		return;
	bsg_arena_free(&owner->arena);
	free(owner);
}

int64_t bsg_timetable_seconds(const struct bsg_timetable *timetable, const struct bsg_policy *policy,
			      const struct bsg_policy_rule *rule, int64_t from, int64_t until)
{
	const struct bsg_timetable_rule *times = &timetable->rules[rule - policy->rules];
	int64_t sum = 0;

	if (rule->always)
		return until - from;
	for (size_t i = 0; i < times->n; i++) {
		const int64_t begin = times->windows[i].from > from ? times->windows[i].from : from;
		const int64_t end = times->windows[i].until < until ? times->windows[i].until : until;

		sum += begin < end ? end - begin : 0;
	}
	return sum;
}
