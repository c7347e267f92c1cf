/* SPDX-License-Identifier: Apache-2.0 */
/* A policy back to JSON, the same for equal policies. See bsg_policy_to_json(). */
#include "policy/document.h"

#include <stdio.h>

#include <bosaga/functions.h>

#include "base/timetext.h"
#include "policy/json.h"

static json_t *names(const char *const *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n && list != NULL; i++)
		if (json_array_append_new(list, json_string(items[i])) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

json_t *bsg_json_functions(uint32_t set)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT && list != NULL; i++)
		if ((set & BSG_BIT(i)) != 0 && json_array_append_new(list, json_string(bsg_functions[i].name)) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

json_t *bsg_json_time(int64_t utc)
{
	char text[BSG_TIME_SIZE];

	bsg_time_format(utc, text);
	return json_string(text);
}

json_t *bsg_json_texts(const struct bsg_policy_texts *texts)
{
	json_t *map;

	if (texts->kk == NULL && texts->ru == NULL && texts->en == NULL)
		return json_null();
	map = json_object();
	if (texts->kk != NULL)
		bsg_json_put(&map, "kk", json_string(texts->kk));
	if (texts->ru != NULL)
		bsg_json_put(&map, "ru", json_string(texts->ru));
	if (texts->en != NULL)
		bsg_json_put(&map, "en", json_string(texts->en));
	return map;
}

void bsg_json_put(json_t **map, const char *key, json_t *value)
{
	if (*map != NULL && value != NULL && json_object_set_new(*map, key, value) == 0)
		return;
	if (*map == NULL)
		json_decref(value);
	json_decref(*map);
	*map = NULL;
}

void bsg_json_add(json_t **list, json_t *value)
{
	if (*list != NULL && value != NULL && json_array_append_new(*list, value) == 0)
		return;
	if (*list == NULL)
		json_decref(value);
	json_decref(*list);
	*list = NULL;
}

static json_t *duration(int64_t seconds)
{
	char text[BSG_DURATION_SIZE];

	bsg_duration_format(seconds, text);
	return json_string(text);
}

static json_t *windows(const struct bsg_policy_window *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *pair = json_array();

		bsg_json_add(&pair, bsg_json_time(items[i].from));
		bsg_json_add(&pair, bsg_json_time(items[i].until));
		bsg_json_add(&list, pair);
	}
	return list;
}

static void put_texts(json_t **map, const char *key, const struct bsg_policy_texts *texts)
{
	if (texts->kk != NULL || texts->ru != NULL || texts->en != NULL)
		bsg_json_put(map, key, bsg_json_texts(texts));
}

static void put_names(json_t **map, const char *key, const char *const *items, size_t n)
{
	if (n > 0)
		bsg_json_put(map, key, names(items, n));
}

static json_t *position(struct bsg_policy_vertex v)
{
	json_t *pair = json_array();

	bsg_json_add(&pair, json_real(v.lon / 1e7));
	bsg_json_add(&pair, json_real(v.lat / 1e7));
	return pair;
}

static json_t *area(const struct bsg_policy_place *place)
{
	json_t *map = json_object(), *rings = json_array(), *ring = json_array();

	for (size_t i = 0; i <= place->n_area; i++)
		bsg_json_add(&ring, position(place->area[i % place->n_area]));
	bsg_json_add(&rings, ring);
	bsg_json_put(&map, "type", json_string("Polygon"));
	bsg_json_put(&map, "coordinates", rings);
	return map;
}

static json_t *gates(const struct bsg_policy_place *place)
{
	json_t *list = json_array();

	for (size_t i = 0; i < place->n_gates; i++) {
		json_t *gate = json_object();

		bsg_json_put(&gate, "id", json_string(place->gates[i].id));
		put_texts(&gate, "name", &place->gates[i].name);
		bsg_json_add(&list, gate);
	}
	return list;
}

static json_t *enter_by(uint32_t set)
{
	static const char *const words[] = { "gate", "beacon", "wifi", "area", "self" };
	json_t *list = json_array();

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((set & UINT32_C(1) << i) != 0)
			bsg_json_add(&list, json_string(words[i]));
	return list;
}

static json_t *remedy_row(const struct bsg_policy_place *place, unsigned function)
{
	static const char *const words[BSG_COVER_COUNT] = { "attested", "managed", "claimed", "partial", "impossible" };
	json_t *row = json_object();

	for (unsigned c = 0; c < BSG_COVER_COUNT; c++)
		if ((place->remedies_given[function] & UINT32_C(1) << c) != 0)
			bsg_json_put(&row, words[c],
				     json_string(bsg_remedy_name((enum bsg_remedy)place->remedies[function][c])));
	return row;
}

static void put_remedies(json_t **map, const struct bsg_policy_place *place)
{
	json_t *rows = json_object();
	bool any = false;

	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		if (place->remedies_given[f] == 0)
			continue;
		bsg_json_put(&rows, bsg_functions[f].name, remedy_row(place, f));
		any = true;
	}
	if (any)
		bsg_json_put(map, "remedies", rows);
	else
		json_decref(rows);
}

static void put_nested(json_t **map, const struct bsg_policy_place *place)
{
	if (place->has_break_glass) {
		json_t *glass = json_object();

		bsg_json_put(&glass, "minutes", json_integer(place->break_glass_minutes));
		bsg_json_put(&glass, "per_day", json_integer(place->break_glass_per_day));
		if (place->keep != 0)
			bsg_json_put(&glass, "keep", bsg_json_functions(place->keep));
		bsg_json_put(map, "break_glass", glass);
	}
	if (place->has_guest) {
		json_t *guest = json_object();

		bsg_json_put(&guest, "restrict", bsg_json_functions(place->guest.restrict_set));
		put_names(&guest, "apps", place->guest.apps, place->guest.n_apps);
		bsg_json_put(&guest, "max_stay", duration(place->guest.max_stay_s));
		put_texts(&guest, "because", &place->guest.because);
		bsg_json_put(map, "guest", guest);
	}
}

static json_t *place_json(const struct bsg_policy_place *place)
{
	json_t *map = json_object();

	bsg_json_put(&map, "id", json_string(place->id));
	put_texts(&map, "name", &place->name);
	if (place->timezone != NULL)
		bsg_json_put(&map, "timezone", json_string(place->timezone));
	if (place->n_area > 0)
		bsg_json_put(&map, "area", area(place));
	put_names(&map, "beacons", place->beacons, place->n_beacons);
	put_names(&map, "wifi", place->wifi, place->n_wifi);
	bsg_json_put(&map, "gates", gates(place));
	bsg_json_put(&map, "grace", duration(place->grace_s));
	bsg_json_put(&map, "max_stay", duration(place->max_stay_s));
	bsg_json_put(&map, "self_stay", duration(place->self_stay_s));
	bsg_json_put(&map, "phone_lease", duration(place->phone_lease_s));
	bsg_json_put(&map, "enter_by", enter_by(place->enter_by));
	bsg_json_put(&map, "left_unconfirmed", json_string(place->left_unconfirmed ? "on" : "off"));
	put_nested(&map, place);
	put_remedies(&map, place);
	bsg_json_put(&map, "parent", place->parent != NULL ? json_string(place->parent) : json_null());
	return map;
}

static json_t *who(const struct bsg_policy_who *who_)
{
	json_t *map = json_object();

	if (who_->all)
		bsg_json_put(&map, "all", json_true());
	put_names(&map, "units", who_->units, who_->n_units);
	put_names(&map, "people", who_->people, who_->n_people);
	put_names(&map, "devices", who_->devices, who_->n_devices);
	return map;
}

static json_t *rule_json(const struct bsg_policy_rule *rule)
{
	json_t *map = json_object();

	bsg_json_put(&map, "id", json_string(rule->id));
	bsg_json_put(&map, "who", who(&rule->who));
	put_names(&map, "where", rule->where, rule->n_where);
	put_names(&map, "when", rule->calendars, rule->n_calendars);
	if (rule->n_own_windows > 0)
		bsg_json_put(&map, "windows", windows(rule->own_windows, rule->n_own_windows));
	bsg_json_put(&map, "restrict", bsg_json_functions(rule->restrict_set));
	put_names(&map, "apps", rule->apps, rule->n_apps);
	put_texts(&map, "because", &rule->because);
	bsg_json_put(&map, "stage", json_string(bsg_policy_stage_name(rule->stage)));
	if (rule->n_pilot > 0) {
		json_t *pilot = json_object();

		put_names(&pilot, "people", rule->pilot, rule->n_pilot);
		bsg_json_put(&map, "pilot", pilot);
	}
	put_names(&map, "units", rule->units, rule->n_units);
	bsg_json_put(&map, "lead", duration(rule->lead_s));
	return map;
}

static json_t *calendar_json(const struct bsg_policy_calendar *calendar)
{
	json_t *map = json_object();

	bsg_json_put(&map, "id", json_string(calendar->id));
	if (calendar->ics != NULL)
		bsg_json_put(&map, "ics", json_stringn(calendar->ics, calendar->ics_len));
	if (calendar->n_windows > 0)
		bsg_json_put(&map, "windows", windows(calendar->windows, calendar->n_windows));
	return map;
}

json_t *bsg_policy_to_json(const struct bsg_policy *policy)
{
	json_t *root = json_object(), *places = json_array(), *calendars = json_array(), *rules = json_array();

	for (size_t i = 0; i < policy->n_places; i++)
		bsg_json_add(&places, place_json(&policy->places[i]));
	for (size_t i = 0; i < policy->n_calendars; i++)
		bsg_json_add(&calendars, calendar_json(&policy->calendars[i]));
	for (size_t i = 0; i < policy->n_rules; i++)
		bsg_json_add(&rules, rule_json(&policy->rules[i]));
	bsg_json_put(&root, "bosaga", json_integer(1));
	bsg_json_put(&root, "places", places);
	bsg_json_put(&root, "calendars", calendars);
	bsg_json_put(&root, "rules", rules);
	return root;
}
