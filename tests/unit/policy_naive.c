/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_naive.h: the document. */
#include "policy_naive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int digits(const char *text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

/* 2026-11-23T04:00:00Z or ...+05:00 */
int64_t naive_time(const char *t)
{
	struct tm tm = { .tm_year = digits(t, 4) - 1900, .tm_mon = digits(t + 5, 2) - 1, .tm_mday = digits(t + 8, 2),
			 .tm_hour = digits(t + 11, 2), .tm_min = digits(t + 14, 2), .tm_sec = digits(t + 17, 2) };
	const int64_t local = timegm(&tm);
	const char *zone = t + 19;

	if (*zone != '+' && *zone != '-')
		return local;
	const int offset = digits(zone + 1, 2) * 3600 + digits(zone + 4, 2) * 60;
	return *zone == '+' ? local - offset : local + offset;
}

int64_t naive_duration(json_t *value, int64_t otherwise)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return otherwise;
	const int64_t n = strtoll(text, NULL, 10);
	const char unit = text[strlen(text) - 1];

	return unit == 's' ? n : unit == 'm' ? n * 60 : unit == 'h' ? n * 3600 : n * 86400;
}

bool naive_has(json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
			return true;
	return false;
}

const char *naive_text(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool has_a_unit(json_t *list, const struct bsg_compile_facts *facts)
{
	for (size_t i = 0; i < facts->n_units; i++)
		if (naive_has(list, facts->units[i]))
			return true;
	return false;
}

/* P14 */
enum bsg_concern naive_concern(json_t *rule, const struct bsg_compile_facts *facts)
{
	json_t *who = json_object_get(rule, "who");
	const char *stage = naive_text(rule, "stage");
	bool enforced = true;

	if (!json_is_true(json_object_get(who, "all")) && !has_a_unit(json_object_get(who, "units"), facts) &&
	    !naive_has(json_object_get(who, "people"), facts->person) &&
	    !naive_has(json_object_get(who, "devices"), facts->device))
		return BSG_CONCERN_NONE;
	if (stage != NULL && strcmp(stage, "observe") == 0)
		enforced = false;
	else if (stage != NULL && strcmp(stage, "pilot") == 0)
		enforced = naive_has(json_object_get(json_object_get(rule, "pilot"), "people"), facts->person);
	else if (stage != NULL && strcmp(stage, "unit") == 0)
		enforced = has_a_unit(json_object_get(rule, "units"), facts);
	return enforced ? BSG_CONCERN_ENFORCED : BSG_CONCERN_OBSERVED;
}

static json_t *by_id(json_t *list, const char *id)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(naive_text(json_array_get(list, i), "id"), id) == 0)
			return json_array_get(list, i);
	return NULL;
}

json_t *naive_place(json_t *doc, const char *id)
{
	return by_id(json_object_get(doc, "places"), id);
}

bool naive_inside(json_t *doc, const char *place, const char *outer)
{
	while (place != NULL && strcmp(place, outer) != 0)
		place = naive_text(naive_place(doc, place), "parent");
	return place != NULL;
}

/* P17 */
bool naive_needed(json_t *doc, const struct bsg_compile_facts *facts, const char *place)
{
	json_t *rules = json_object_get(doc, "rules");

	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i), *where = json_object_get(rule, "where");

		if (naive_concern(rule, facts) == BSG_CONCERN_NONE)
			continue;
		for (size_t k = 0; k < json_array_size(where); k++) {
			const char *named = json_string_value(json_array_get(where, k));

			if (naive_inside(doc, place, named) || naive_inside(doc, named, place))
				return true;
		}
	}
	return false;
}

const char *naive_rule_place(json_t *rule, size_t n)
{
	json_t *where = json_object_get(rule, "where");
	const char *last = "";

	for (;; n--) {
		const char *next = NULL;

		for (size_t i = 0; i < json_array_size(where); i++) {
			const char *id = json_string_value(json_array_get(where, i));

			if (strcmp(id, last) > 0 && (next == NULL || strcmp(id, next) < 0))
				next = id;
		}
		if (next == NULL || n == 0)
			return next;
		last = next;
	}
}

void naive_rule_id(json_t *rule, size_t nth, char id[NAIVE_ID])
{
	const int len = snprintf(id, NAIVE_ID, "%.40s", naive_text(rule, "id"));

	if (nth > 1)
		snprintf(id + len, (size_t)(NAIVE_ID - len), "@%u", (unsigned)nth);
}

bool naive_always(json_t *rule)
{
	return !json_is_array(json_object_get(rule, "when")) && !json_is_array(json_object_get(rule, "windows"));
}

/* What the document writes for one rule, in whatever list: neither sorted nor joined. */
struct written {
	struct bsg_window windows[NAIVE_WINDOWS];
	size_t n;
	int early;
};

static void write_list(struct written *w, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *pair = json_array_get(list, i);

		if (w->n == NAIVE_WINDOWS)
			abort();
		if (json_is_array(pair))
			w->windows[w->n++] = (struct bsg_window){
				naive_time(json_string_value(json_array_get(pair, 0))) - 60 * w->early,
				naive_time(json_string_value(json_array_get(pair, 1))) };
	}
}

/*
 * P13. Only static windows yet: what a calendar's `ics` says would be written here, from the occurrences that the
 * generator knows of it.
 */
static void write_all(struct written *w, json_t *doc, json_t *rule, int early)
{
	json_t *when = json_object_get(rule, "when");

	w->n = 0;
	w->early = early;
	write_list(w, json_object_get(rule, "windows"));
	write_list(w, when);
	for (size_t i = 0; i < json_array_size(when); i++)
		if (json_is_string(json_array_get(when, i)))
			write_list(w, json_object_get(by_id(json_object_get(doc, "calendars"),
							    json_string_value(json_array_get(when, i))), "windows"));
}

static int64_t end_at(const struct written *w, int64_t at)
{
	int64_t end = at;
	bool grew = true;

	while (grew) {
		grew = false;
		for (size_t i = 0; i < w->n; i++) {
			/* At first: contains the moment. Then: overlaps or touches what does. */
			if (w->windows[i].from <= end && end < w->windows[i].until) {
				end = w->windows[i].until;
				grew = true;
			}
		}
	}
	return end == at ? 0 : end;
}

int64_t naive_window_end(json_t *doc, json_t *rule, int early, int64_t at)
{
	static struct written w;

	write_all(&w, doc, rule, early);
	return end_at(&w, at);
}

static int by_start(const void *a, const void *b)
{
	const struct bsg_window *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

struct bsg_window *naive_windows(json_t *doc, json_t *rule, int early, int64_t from, int64_t until, size_t *n)
{
	static struct written w;
	struct bsg_window *windows;

	write_all(&w, doc, rule, early);
	windows = calloc(w.n + 1, sizeof(*windows));
	qsort(w.windows, w.n, sizeof(*w.windows), by_start);
	*n = 0;
	for (size_t i = 0; windows != NULL && i < w.n; i++) {
		const int64_t a = w.windows[i].from > from ? w.windows[i].from : from;
		const int64_t b = w.windows[i].until < until ? w.windows[i].until : until;

		if (a >= b)
			continue;
		if (*n > 0 && a <= windows[*n - 1].until)
			windows[*n - 1].until = b > windows[*n - 1].until ? b : windows[*n - 1].until;
		else
			windows[(*n)++] = (struct bsg_window){ a, b };
	}
	return windows;
}

uint32_t naive_functions(json_t *list)
{
	uint32_t set = 0;

	for (unsigned bit = 0; bit < BSG_FUNCTIONS_COUNT; bit++)
		if (naive_has(list, bsg_functions[bit].name))
			set |= UINT32_C(1) << bit;
	return set;
}

/* P6, P18 */
uint32_t naive_stay(json_t *place, bool has_agent)
{
	const int64_t stay = naive_duration(json_object_get(place, "max_stay"), INT64_C(14) * 3600);
	const int64_t lease = naive_duration(json_object_get(place, "phone_lease"), INT64_C(4) * 3600);

	return (uint32_t)(!has_agent && lease < stay ? lease : stay);
}

/* P18 */
void naive_break_glass_limits(json_t *doc, const struct bsg_compile_facts *facts, uint32_t *minutes, uint32_t *per_day)
{
	json_t *places = json_object_get(doc, "places");
	bool said = false;

	*minutes = 10;
	*per_day = 2;
	for (size_t i = 0; i < json_array_size(places); i++) {
		json_t *place = json_array_get(places, i), *glass = json_object_get(place, "break_glass");
		json_t *m = json_object_get(glass, "minutes"), *d = json_object_get(glass, "per_day");

		if (glass == NULL || !naive_needed(doc, facts, naive_text(place, "id")))
			continue;
		const uint32_t its_minutes = m != NULL ? (uint32_t)json_integer_value(m) : 10;
		const uint32_t its_per_day = d != NULL ? (uint32_t)json_integer_value(d) : 2;

		*minutes = !said || its_minutes < *minutes ? its_minutes : *minutes;
		*per_day = !said || its_per_day < *per_day ? its_per_day : *per_day;
		said = true;
	}
}

/* P19 */
int64_t naive_begin(const struct bsg_compile_facts *facts)
{
	return facts->now / 60 * 60;
}

int64_t naive_expires(const struct bsg_compile_facts *facts)
{
	return (facts->now + (facts->horizon_s != 0 ? facts->horizon_s : INT64_C(35) * 86400)) / 60 * 60;
}

const char *naive_crossing(json_t *doc, const struct bsg_compile_facts *facts)
{
	const char *place = facts->has_presence ? facts->presence_place : NULL;

	if (place != NULL && naive_place(doc, place) == NULL)
		return NULL;
	while (place != NULL && !naive_needed(doc, facts, place))
		place = naive_text(naive_place(doc, place), "parent");
	return place;
}

/* ---- how much it is ---------------------------------------------------- */

static void add(struct naive_range *to, size_t least, size_t most)
{
	to->least += least;
	to->most += most;
}

/* Windows that a rule's windows become: those of a rule without place in pieces of at most 14 h. */
static size_t pieces(json_t *rule, const struct bsg_window *windows, size_t n)
{
	const int64_t most = INT64_C(14) * 3600;
	size_t sum = n;

	for (size_t i = 0; json_object_get(rule, "where") == NULL && i < n; i++)
		sum += (size_t)((windows[i].until - windows[i].from - 1) / most);
	return sum;
}

/* A rule of the document and what its windows are without beginning early. */
struct sized {
	json_t *rule;
	enum bsg_concern concern;
	struct bsg_window *windows;	/* of a rule that concerns the device, and not always */
	size_t n, n_pieces;
};

/* Whether an earlier rule has the same windows, so that they are shared (P16); cut to pieces they are only if both are. */
static bool shared(const struct sized *all, const struct sized *mine)
{
	for (const struct sized *its = all; its < mine; its++)
		if (its->n == mine->n && its->n_pieces == mine->n_pieces && its->windows != NULL &&
		    memcmp(its->windows, mine->windows, mine->n * sizeof(*its->windows)) == 0)
			return true;
	return false;
}

static size_t rule_places(json_t *rule)
{
	size_t n = 0;

	while (naive_rule_place(rule, n) != NULL)
		n++;
	return n == 0 ? 1 : n;
}

static void size_rule(json_t *doc, const struct bsg_compile_facts *facts, const struct sized *all, const struct sized *mine,
		      struct naive_size *out)
{
	/* Phones without agent begin early by we do not know how much: windows may come in, and join. */
	const int64_t lead = facts->has_agent ? 0 : naive_duration(json_object_get(mine->rule, "lead"), 300) / 60;
	const bool always = naive_always(mine->rule), is = always || mine->n > 0, may_come = !is && lead > 0 &&
		naive_window_end(doc, mine->rule, (int)lead, naive_expires(facts) - 60) != 0;
	const size_t n = rule_places(mine->rule), n_apps = n * json_array_size(json_object_get(mine->rule, "apps"));

	add(&out->rules, is ? n : 0, is || may_come ? n : 0);
	add(&out->apps, 0, is || may_come ? n_apps : 0);
	if (always)
		return;
	if (lead > 0)
		add(&out->windows, 0, 2 * mine->n_pieces + (may_come ? 1 : 0));
	else if (!shared(all, mine))
		add(&out->windows, mine->n_pieces, mine->n_pieces);
}

/* The spec does not say which app lists share their names; each different one must be there once. */
static size_t different_apps(const struct sized *all, size_t n)
{
	json_t *seen = json_object();

	for (size_t i = 0; i < n; i++) {
		json_t *apps = json_object_get(all[i].rule, "apps");

		for (size_t k = 0; k < json_array_size(apps); k++)
			if (all[i].concern != BSG_CONCERN_NONE && (naive_always(all[i].rule) || all[i].n > 0))
				json_object_set_new(seen, json_string_value(json_array_get(apps, k)), json_true());
	}
	n = json_object_size(seen);
	json_decref(seen);
	return n;
}

static void size_rules(json_t *doc, const struct bsg_compile_facts *facts, struct naive_size *out)
{
	json_t *rules = json_object_get(doc, "rules");
	struct sized all[NAIVE_RULES] = { { .rule = NULL } };
	size_t n = 0;

	for (; n < json_array_size(rules); n++) {
		json_t *rule = json_array_get(rules, n);

		all[n] = (struct sized){ .rule = rule, .concern = naive_concern(rule, facts) };
		if (all[n].concern == BSG_CONCERN_NONE)
			continue;
		if (!naive_always(rule))
			all[n].windows = naive_windows(doc, rule, 0, naive_begin(facts), naive_expires(facts), &all[n].n);
		all[n].n_pieces = pieces(rule, all[n].windows, all[n].n);
		size_rule(doc, facts, all, &all[n], out);
	}
	out->apps.least = different_apps(all, n);
	while (n > 0)
		free(all[--n].windows);
}

void naive_size(json_t *doc, const struct bsg_compile_facts *facts, struct naive_size *out)
{
	json_t *places = json_object_get(doc, "places");

	*out = (struct naive_size){ .apps = { 0, 0 } };
	size_rules(doc, facts, out);
	for (size_t i = 0; i < json_array_size(places); i++)
		if (naive_needed(doc, facts, naive_text(json_array_get(places, i), "id")))
			add(&out->places, 1, 1);
	for (size_t i = 0; i < facts->n_exemptions; i++)
		if (facts->exemptions[i].until > facts->now && facts->exemptions[i].from < naive_expires(facts))
			add(&out->exemptions, 1, 1);
}
