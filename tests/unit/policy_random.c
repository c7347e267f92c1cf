/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_random.h: documents. */
#include "policy_random.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

/* Ids that sort in surprising ways, beside `@2` too. */
static const char *const place_ids[] = { "hall", "hall-2", "101", "room", "a", "a-1", "a1", "zz", "yard", "7", "lab", "b", "-" };
static const char *const rule_ids[] = { "r", "r-1", "r1", "r2", "ra", "a", "b", "camera-off", "101", "z", "q9", "q-9", "q", "zz",
					"rr", "r--" };
static const char *const calendar_ids[] = { "work", "duty", "exam", "9" };
static const char *const unit_ids[] = { "finance", "law", "it", "top" };
static const char *const person_ids[] = { "dana", "olga", "aigul", "serik" };
static const char *const device_ids[] = { "00112233445566778899aabbccddeeff", "ffffffffffffffffffffffffffffffff",
					  "0123456789abcdef0123456789abcdef" };

/* What a policy is about; most are PLAIN. */
enum style { PLAIN, MANY_RULES, MANY_PLACES, MANY_WINDOWS, LONG_WINDOWS, MANY_APPS, STYLES, CROWDED = STYLES };

/* splitmix64's finish, so that neighbouring seeds have nothing in common. */
void chance_seed(struct chance *c, uint64_t seed)
{
	uint64_t x = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	c->state = (x ^ x >> 31) | 1;
}

uint32_t roll(struct chance *c, uint32_t below)
{
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return below == 0 ? 0 : (uint32_t)((c->state >> 21) % below);
}

bool one_in(struct chance *c, uint32_t n)
{
	return roll(c, n) == 0;
}

static const char *pick(struct chance *c, const char *const *from, uint32_t n)
{
	return from[roll(c, n)];
}

/* n different ones of a pool, in random order. */
static void draw(struct chance *c, const char *const *pool, uint32_t n_pool, uint32_t n, const char **out)
{
	uint32_t left = n_pool;
	const char *all[64];

	memcpy(all, pool, n_pool * sizeof(*pool));
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t at = roll(c, left--);

		out[i] = all[at];
		all[at] = all[left];
	}
}

static json_t *any(struct chance *c, json_t *list)
{
	const size_t n = json_array_size(list);

	return n == 0 ? NULL : json_array_get(list, roll(c, (uint32_t)n));
}

/* 1 to @most of a pool, some of them twice. */
static json_t *some(struct chance *c, const char *const *pool, uint32_t n_pool, uint32_t most)
{
	json_t *list = json_array();

	for (uint32_t i = 0, n = 1 + roll(c, most); i < n; i++)
		json_array_append_new(list, json_string(pick(c, pool, n_pool)));
	return list;
}

static json_t *functions(struct chance *c)
{
	json_t *list = json_array();

	for (uint32_t i = 0, n = 1 + roll(c, 3); i < n; i++) {
		const uint32_t bit = one_in(c, 4) ? roll(c, BSG_FUNCTIONS_COUNT) : roll(c, 4);

		if (bit != BSG_APPS)	/* needs a list; rules decide */
			json_array_append_new(list, json_string(bsg_functions[bit].name));
	}
	if (json_array_size(list) == 0)
		json_array_append_new(list, json_string("camera"));
	return list;
}

/* ---- times ----------------------------------------------------------------- */

/* The same moment is written in many ways. */
static json_t *moment(struct chance *c, int64_t at)
{
	static const int offsets[] = { 0, 300, 360, -210, 765, -720 };
	const int offset = one_in(c, 3) ? offsets[roll(c, COUNT(offsets))] : 0, abs = offset < 0 ? -offset : offset;
	const time_t local = (time_t)(at + 60 * offset);
	struct tm tm;
	char text[64];
	size_t len;

	gmtime_r(&local, &tm);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:00", &tm);
	if (offset == 0)
		snprintf(text + len, sizeof(text) - len, "Z");
	else
		snprintf(text + len, sizeof(text) - len, "%c%02d:%02d", offset < 0 ? '-' : '+', abs / 60, abs % 60);
	return json_string(text);
}

/* Minutes from RANDOM_NOW; mostly the next two days, but also long before, at the end of the horizon and after it. */
static int64_t some_start(struct chance *c)
{
	switch (roll(c, 12)) {
	case 0: return -(int64_t)roll(c, 5 * 1440);
	case 1: return (int64_t)roll(c, 40 * 1440);
	case 2: return INT64_C(35) * 1440 - 90 + roll(c, 180);
	case 3: return roll(c, 10);
	default: return roll(c, 2 * 1440);
	}
}

static int64_t some_length(struct chance *c)
{
	static const int64_t lengths[] = { 1, 2, 60, 839, 840, 841, 1440, 1680, 1681, 2520, 3 * 1440, 45 * 1440 };

	return one_in(c, 3) ? lengths[roll(c, COUNT(lengths))] : 1 + roll(c, one_in(c, 3) ? 1440 : 180);
}

static json_t *window(struct chance *c, int64_t from, int64_t until)
{
	return json_pack("[o,o]", moment(c, RANDOM_NOW + 60 * from), moment(c, RANDOM_NOW + 60 * until));
}

static json_t *windows(struct chance *c, enum style style)
{
	json_t *list = json_array();
	int64_t from = some_start(c), until;

	if (style == MANY_WINDOWS) {
		from = roll(c, 1000);
		for (uint32_t n = one_in(c, 3) ? 509 + roll(c, 7) : 100 + roll(c, 120); n > 0; n--, from += 2 + roll(c, 60))
			json_array_append_new(list, window(c, from, from + 1));
		return list;
	}
	if (style == LONG_WINDOWS) {
		json_array_append_new(list, window(c, -(int64_t)roll(c, 1440) + 1000, INT64_C(34) * 1440 + roll(c, 3000)));
		return list;
	}
	for (uint32_t i = 0, n = 1 + roll(c, 4); i < n; i++) {
		until = from + some_length(c);
		json_array_append_new(list, window(c, from, until));
		from = one_in(c, 4) ? until :				/* touches */
		       one_in(c, 4) ? from + roll(c, (uint32_t)(until - from)) :	/* overlaps */
		       one_in(c, 4) ? until + 1 + roll(c, 8) : some_start(c);	/* the gap is smaller than a lead */
	}
	return list;
}

/* One that only a lead brings into the horizon. */
static json_t *late_window(struct chance *c)
{
	const int64_t from = INT64_C(35) * 1440 + roll(c, one_in(c, 6) ? 60 : 3);

	return json_pack("[o]", window(c, from, from + some_length(c)));
}

/* One at an end of the horizon: its end just begins, or it ends just after now. */
static json_t *edge_window(struct chance *c)
{
	return one_in(c, 2) ? late_window(c) : json_pack("[o]", window(c, -1 - (int64_t)roll(c, 100), 1 + roll(c, 2)));
}

/* ---- places ------------------------------------------------------------------ */

static json_t *some_duration(struct chance *c, const char *const *of, uint32_t n)
{
	return json_string(pick(c, of, n));
}

static json_t *break_glass(struct chance *c)
{
	json_t *glass = json_object();

	if (!one_in(c, 4))
		json_object_set_new(glass, "minutes", json_integer(1 + roll(c, one_in(c, 8) ? 1440 : 30)));
	if (!one_in(c, 4))
		json_object_set_new(glass, "per_day", json_integer(roll(c, 5)));
	if (!one_in(c, 3))
		json_object_set_new(glass, "keep", functions(c));
	return glass;
}

static json_t *a_place(struct chance *c, const char *id)
{
	static const char *const stays[] = { "1s", "59s", "10m", "90m", "3h", "14h", "2d", "7d" };
	static const char *const leases[] = { "1m", "20m", "2h", "1d" };
	static const char *const zones[] = { "Asia/Almaty", "Europe/Berlin" };
	json_t *place = json_pack("{s:s}", "id", id);

	if (one_in(c, 2))
		json_object_set_new(place, "max_stay", some_duration(c, stays, COUNT(stays)));
	if (one_in(c, 3))
		json_object_set_new(place, "phone_lease", some_duration(c, leases, COUNT(leases)));
	if (one_in(c, 8))
		json_object_set_new(place, "timezone", json_string(pick(c, zones, COUNT(zones))));
	if (one_in(c, 2))
		json_object_set_new(place, "break_glass", break_glass(c));
	if (one_in(c, 5))
		json_object_set_new(place, "name", json_pack("{s:s,s:s}", "ru", "Дом", "en", id));
	if (one_in(c, 6))
		json_object_set_new(place, "gates", json_pack("[{s:s},{s:s}]", "id", "north", "id", "south"));
	if (one_in(c, 6))
		json_object_set_new(place, "grace", json_string("5m"));
	return place;
}

static json_t *places(struct chance *c, enum style style)
{
	const uint32_t n = style == MANY_PLACES ? 9 + roll(c, 5) : style == CROWDED ? 6 + roll(c, 4) : 1 + roll(c, 6);
	const char *ids[COUNT(place_ids)];
	json_t *list = json_array();

	draw(c, place_ids, COUNT(place_ids), n, ids);
	for (uint32_t i = 0; i < n; i++) {
		json_t *place = a_place(c, ids[i]);

		if (i > 0 && !one_in(c, 4))
			json_object_set_new(place, "parent", json_string(ids[roll(c, i)]));
		json_array_append_new(list, place);
	}
	return list;
}

/* ---- calendars and rules ----------------------------------------------------- */

/* Static windows; an `ics` that says what the naive evaluator can be told would go beside them. */
static json_t *calendars(struct chance *c, enum style style)
{
	json_t *list = json_array();
	const uint32_t n = 1 + roll(c, COUNT(calendar_ids));

	for (uint32_t i = 0; i < n; i++) {
		json_t *its = style == PLAIN && one_in(c, 3) ? edge_window(c) : windows(c, style);

		json_array_append_new(list, json_pack("{s:s,s:o}", "id", calendar_ids[i], "windows", its));
	}
	return list;
}

static json_t *who(struct chance *c, enum style style)
{
	json_t *who = json_object();

	if (style != PLAIN || one_in(c, 2))
		json_object_set_new(who, "all", json_true());
	if (one_in(c, 3))
		json_object_set_new(who, "units", some(c, unit_ids, COUNT(unit_ids), 2));
	if (one_in(c, 4))
		json_object_set_new(who, "people", some(c, person_ids, COUNT(person_ids), 2));
	if (one_in(c, 5) || json_object_size(who) == 0)
		json_object_set_new(who, "devices", some(c, device_ids, COUNT(device_ids), 2));
	return who;
}

static void set_stage(struct chance *c, json_t *rule)
{
	static const char *const stages[] = { "all", "observe", "pilot", "unit" };
	const uint32_t stage = roll(c, 4);

	json_object_del(rule, "pilot");
	json_object_del(rule, "units");
	json_object_set_new(rule, "stage", json_string(stages[stage]));
	if (stage == 2)
		json_object_set_new(rule, "pilot", json_pack("{s:o}", "people", some(c, person_ids, COUNT(person_ids), 3)));
	else if (stage == 3)
		json_object_set_new(rule, "units", some(c, unit_ids, COUNT(unit_ids), 2));
}

static json_t *where(struct chance *c, json_t *places, enum style style)
{
	json_t *list = json_array();

	for (uint32_t n = 1 + roll(c, style == MANY_RULES || style == MANY_PLACES || one_in(c, 3) ? 3 : 1); n > 0; n--)
		json_array_append(list, json_object_get(any(c, places), "id"));
	return list;
}

static json_t *when(struct chance *c, json_t *calendars, enum style style)
{
	json_t *list = json_array();

	for (uint32_t n = 1 + roll(c, 2); n > 0; n--)
		json_array_append(list, json_object_get(any(c, calendars), "id"));
	if (one_in(c, 4)) {
		json_t *own = windows(c, style);

		json_array_extend(list, own);
		json_decref(own);
	}
	return list;
}

static void set_times(struct chance *c, json_t *rule, json_t *calendars, enum style style)
{
	const bool placed = json_object_get(rule, "where") != NULL;
	const uint32_t how = style == PLAIN ? (placed ? 0 : 1) + roll(c, placed ? 6 : 5) : 1 + roll(c, 3);

	json_object_del(rule, "windows");
	json_object_del(rule, "when");
	if (how == 5)
		json_object_set_new(rule, "windows", late_window(c));
	else if (how == 1 || how == 2)
		json_object_set_new(rule, "windows", windows(c, style));
	if (how >= 2 && how <= 4)
		json_object_set_new(rule, "when", when(c, calendars, style));
}

static void set_apps(struct chance *c, json_t *rule, enum style style)
{
	json_t *apps = json_array();
	const uint32_t n = style == MANY_APPS ? 14 + roll(c, 8) : 1 + roll(c, 3);
	/* Of many: lists that have nothing in common, or begin the same. */
	const uint32_t first = style == MANY_APPS ? 22 * roll(c, 9) : roll(c, 4);

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(apps, json_sprintf("kz.app%u", first + i));
	json_object_set_new(rule, "apps", apps);
	json_array_append_new(json_object_get(rule, "restrict"), json_string("apps"));
}

static json_t *a_rule(struct chance *c, const char *id, json_t *places, json_t *calendars, enum style style)
{
	static const char *const leads[] = { "1m", "90s", "10m", "1h", "59s" };
	json_t *rule = json_pack("{s:s,s:o,s:o}", "id", id, "who", who(c, style), "restrict", functions(c));

	if (style == LONG_WINDOWS ? one_in(c, 8) : !one_in(c, 4))
		json_object_set_new(rule, "where", where(c, places, style));
	set_times(c, rule, calendars, style);
	if (!one_in(c, 3))
		set_stage(c, rule);
	if (one_in(c, style == MANY_APPS ? 1 : 8))
		set_apps(c, rule, style);
	if (one_in(c, 2))
		json_object_set_new(rule, "lead", some_duration(c, leads, COUNT(leads)));
	if (one_in(c, 4))
		json_object_set_new(rule, "because", json_pack("{s:s,s:s}", "kk", "Тыныш", "en", id));
	return rule;
}

static json_t *a_policy(struct chance *c, enum style style)
{
	static const uint32_t least[STYLES + 1] = { 1, 9, 7, 2, 7, 5, 10 }, more[STYLES + 1] = { 8, 8, 6, 2, 8, 5, 4 };
	const uint32_t n = least[style] + roll(c, more[style]);
	json_t *all_places = places(c, style), *all_calendars = calendars(c, style), *rules = json_array();
	const char *ids[COUNT(rule_ids)];

	draw(c, rule_ids, COUNT(rule_ids), n, ids);
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(rules, a_rule(c, ids[i], all_places, all_calendars, style));
	return json_pack("{s:i,s:o,s:o,s:o}", "bosaga", 1, "places", all_places, "calendars", all_calendars, "rules", rules);
}

json_t *random_policy(struct chance *c)
{
	return a_policy(c, one_in(c, 32) ? (enum style)(1 + roll(c, STYLES - 1)) : PLAIN);
}

json_t *random_large_policy(struct chance *c)
{
	return a_policy(c, (enum style)(1 + roll(c, STYLES - 1)));
}

/* n windows of a minute each, which do not touch. */
static json_t *n_windows(struct chance *c, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, window(c, 60 + 2 * (int64_t)i, 61 + 2 * (int64_t)i));
	return list;
}

json_t *random_exact_policy(struct chance *c)
{
	json_t *rules = json_array();
	const bool of_apps = one_in(c, 2);
	const uint32_t all = (of_apps ? 63u : 511u) + roll(c, 3), parts = of_apps || one_in(c, 2) ? 2 : 1;
	uint32_t n = parts == 1 ? all : all / 2 - roll(c, 20);

	for (uint32_t i = 0, from = 0; i < parts; i++, from += n, n = all - n) {
		json_t *rule = json_pack("{s:s,s:{s:b},s:[s],s:[s]}", "id", rule_ids[i], "who", "all", 1, "where", "hall",
					 "restrict", of_apps ? "apps" : "camera"), *apps = json_array();

		for (uint32_t k = 0; of_apps && k < n; k++)
			json_array_append_new(apps, json_sprintf("kz.app%u", from + k));
		json_object_set(rule, "apps", of_apps ? apps : json_null());
		json_object_set_new(rule, "windows", of_apps ? json_null() : n_windows(c, n));
		json_decref(apps);
		json_array_append_new(rules, rule);
	}
	return json_pack("{s:i,s:[{s:s}],s:o}", "bosaga", 1, "places", "id", "hall", "rules", rules);
}

json_t *random_crowded_policy(struct chance *c)
{
	return a_policy(c, CROWDED);
}

/* ---- changes ----------------------------------------------------------------- */

static const char *change_place(struct chance *c, json_t *doc)
{
	json_t *list = json_object_get(doc, "places"), *place = any(c, list);
	const char *id = json_string_value(json_object_get(place, "id"));
	json_t *other;

	switch (roll(c, 7)) {
	case 0: case 5:
		json_array_remove(list, roll(c, (uint32_t)json_array_size(list)));
		return "a place is removed";
	case 1: case 6:
		place = a_place(c, pick(c, place_ids, COUNT(place_ids)));
		if (!one_in(c, 3))
			json_object_set(place, "parent", json_object_get(any(c, list), "id"));
		json_array_append_new(list, place);
		return "a place is added";
	case 2:
		json_object_del(place, "parent");
		return "a place gets out of its parent";
	case 3:
		json_object_set(place, "parent", json_object_get(any(c, list), "id"));
		return "a place gets another parent";
	default:
		other = a_place(c, id);
		json_object_del(other, "id");
		json_object_update(place, other);
		json_decref(other);
		return "a place is another";
	}
}

static const char *change_rule(struct chance *c, json_t *doc)
{
	json_t *list = json_object_get(doc, "rules"), *rule = any(c, list);
	json_t *all_places = json_object_get(doc, "places"), *all_calendars = json_object_get(doc, "calendars");

	switch (roll(c, 9)) {
	case 0: case 7:
		json_array_remove(list, roll(c, (uint32_t)json_array_size(list)));
		return "a rule is removed";
	case 1: case 8:
		json_array_append_new(list, a_rule(c, pick(c, rule_ids, COUNT(rule_ids)), all_places, all_calendars, PLAIN));
		return "a rule is added";
	case 2:
		set_stage(c, rule);
		return "a rule gets another stage";
	case 3:
		json_object_set_new(rule, "who", who(c, PLAIN));
		return "a rule is for others";
	case 4:
		json_object_set_new(rule, "where", where(c, all_places, PLAIN));
		return "a rule is for other places";
	case 5:
		set_times(c, rule, all_calendars, PLAIN);
		return "a rule is for other times";
	default:
		json_object_set_new(rule, "because", json_pack("{s:s}", "en", "another reason"));
		json_object_set_new(rule, "lead", json_string("7m"));
		return "a rule has another text and lead";
	}
}

static const char *change_calendar(struct chance *c, json_t *doc)
{
	json_t *calendar = any(c, json_object_get(doc, "calendars"));
	json_t *list = json_object_get(calendar, "windows");
	const int64_t far = INT64_C(36) * 1440;

	switch (roll(c, 4)) {
	case 3:
		json_object_set_new(calendar, "windows", edge_window(c));
		return "a calendar says other times at an end of the horizon";
	case 0:
		json_array_append_new(list, window(c, far + roll(c, 1000), far + 1000 + roll(c, 1000)));
		return "a calendar gets a window beyond the horizon";
	case 1:
		json_array_remove(list, roll(c, (uint32_t)json_array_size(list)));
		return "a calendar loses a window";
	default:
		json_object_set_new(calendar, "windows", windows(c, PLAIN));
		return "a calendar says other times";
	}
}

void random_edge(struct chance *c, json_t *doc)
{
	json_t *rule = json_array_get(json_object_get(doc, "rules"), 0), *calendars = json_object_get(doc, "calendars");
	json_t *calendar = json_array_get(calendars, 0);

	json_object_set_new(calendar, "windows", edge_window(c));
	json_object_set_new(rule, "who", json_pack("{s:b}", "all", 1));
	json_object_set_new(rule, "when", json_pack("[O]", json_object_get(calendar, "id")));
	json_object_del(rule, "windows");
}

const char *random_change(struct chance *c, json_t *doc)
{
	json_t *list = json_object_get(doc, one_in(c, 3) ? "places" : one_in(c, 2) ? "rules" : "calendars");

	if (json_array_size(list) == 0)
		return NULL;
	return list == json_object_get(doc, "places") ? change_place(c, doc) :
	       list == json_object_get(doc, "rules") ? change_rule(c, doc) : change_calendar(c, doc);
}
