/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_random.h: other words for a document, and the devices. */
#include "policy_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

/* [from, until]: the one list whose order counts. */
static bool is_window(json_t *list)
{
	const char *first = json_string_value(json_array_get(list, 0));

	return json_array_size(list) == 2 && first != NULL && strlen(first) >= 17 && first[4] == '-' && first[10] == 'T';
}

static void numbers(uint32_t *out, uint32_t n, struct chance *c, bool mix)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] = i;
	for (uint32_t i = n; mix && i > 1; i--) {
		const uint32_t k = roll(c, i), was = out[i - 1];

		out[i - 1] = out[k];
		out[k] = was;
	}
}

static json_t *other_list(struct chance *c, json_t *list)
{
	const uint32_t n = (uint32_t)json_array_size(list);
	json_t *out = json_array();
	uint32_t order[1024];

	numbers(order, n, c, !is_window(list));
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(out, random_order(c, json_array_get(list, order[i])));
	return out;
}

static json_t *other_map(struct chance *c, json_t *map)
{
	static const char *const of_rules[] = { "where", "when", "windows", "because", "stage", "lead" };
	static const char *const of_places[] = { "parent", "max_stay", "break_glass", "guest", "timezone", "remedies" };
	const char *const *may = json_object_get(map, "restrict") != NULL ? of_rules : of_places, *keys[64], *key;
	json_t *out = json_object(), *value;
	uint32_t order[64], n = 0;

	json_object_foreach(map, key, value)
		keys[n++] = key;
	numbers(order, n, c, true);
	for (uint32_t i = 0; i < n; i++)
		json_object_set_new(out, keys[order[i]], random_order(c, json_object_get(map, keys[order[i]])));
	key = may[roll(c, COUNT(of_rules))];
	if (json_object_get(map, "id") != NULL && (may == of_rules || json_object_get(map, "windows") == NULL) &&
	    json_object_get(map, "gates") == NULL && json_object_size(map) > 1 && json_object_get(map, key) == NULL)
		json_object_set_new(out, key, json_null());
	return out;
}

json_t *random_order(struct chance *c, json_t *doc)
{
	const char *text = json_string_value(doc);

	if (json_is_array(doc))
		return other_list(c, doc);
	if (json_is_object(doc))
		return other_map(c, doc);
	if (text != NULL && (strcmp(text, "101") == 0 || strcmp(text, "7") == 0 || strcmp(text, "9") == 0) && one_in(c, 2))
		return json_integer(strtoll(text, NULL, 10));
	return json_deep_copy(doc);
}

void random_split(struct chance *c, json_t *doc, json_t *out[2])
{
	static const char *const sections[] = { "places", "calendars", "rules" };

	for (int k = 0; k < 2; k++)
		out[k] = json_pack("{s:i}", "bosaga", 1);
	for (uint32_t s = 0; s < COUNT(sections); s++) {
		json_t *list = json_object_get(doc, sections[s]);

		for (size_t i = 0; i < json_array_size(list); i++) {
			json_t *to = out[roll(c, 2)];

			if (json_object_get(to, sections[s]) == NULL)
				json_object_set_new(to, sections[s], json_array());
			json_array_append(json_object_get(to, sections[s]), json_array_get(list, i));
		}
	}
}

/* ---- devices --------------------------------------------------------------------- */

const char *random_place(struct chance *c, json_t *doc)
{
	json_t *places = json_object_get(doc, "places");

	if (json_array_size(places) == 0 || one_in(c, 40))
		return "nowhere";
	return json_string_value(json_object_get(json_array_get(places, roll(c, (uint32_t)json_array_size(places))), "id"));
}

static void exemptions(struct chance *c, int64_t now, struct random_facts *out)
{
	const uint32_t n = one_in(c, 30) ? 14 + roll(c, 8) : one_in(c, 2) ? 0 : 1 + roll(c, 4);

	for (uint32_t i = 0; i < n; i++) {
		const int64_t from = one_in(c, 8) ? now + INT64_C(35) * 86400 - 120 + roll(c, 240) :
				     now - 86400 / 2 + roll(c, 2 * 86400);
		const int64_t until = one_in(c, 12) ? now - 1 + roll(c, 3) : from + 1 + roll(c, 86400);

		out->exemptions[i] = (struct bsg_compile_exemption){
			1 + roll(c, one_in(c, 4) ? BSG_FUNCTIONS_ALL : 15), until <= from ? until - 1 : from, until };
	}
	out->facts.exemptions = n == 0 && one_in(c, 2) ? NULL : out->exemptions;
	out->facts.n_exemptions = n;
}

void random_news(struct chance *c, json_t *doc, int64_t now, struct random_facts *out)
{
	struct bsg_compile_facts *f = &out->facts;

	f->now = now;
	f->serial++;
	exemptions(c, now, out);
	f->has_release = one_in(c, 16);
	if (f->has_release)
		f->release_at = now - 1000 + roll(c, 1100);
	if (!f->has_presence && one_in(c, 4))
		return;
	f->has_presence = true;
	f->presence_seq += one_in(c, 4) && f->presence_seq > 0 ? 0 : 1;
	f->presence_place = random_place(c, doc);
	f->presence_in = !one_in(c, 3);
	f->presence_at = now - 600 + roll(c, 620);
}

void random_facts(struct chance *c, json_t *doc, struct random_facts *out)
{
	static const char *const people[] = { "dana", "olga", "aigul", "serik", "nobody" };
	static const char *const devices[] = { "00112233445566778899aabbccddeeff", "ffffffffffffffffffffffffffffffff",
					       "0123456789abcdef0123456789abcdef" };
	static const char *const units[] = { "finance", "law", "it", "top" };
	static const int64_t horizons[] = { INT64_C(7) * 86400 + 59, 86400, 3600, INT64_C(35) * 86400 };

	*out = (struct random_facts){ .units = { units[roll(c, 4)], units[roll(c, 4)], units[roll(c, 4)] } };
	if (one_in(c, 2))
		snprintf(out->device, sizeof(out->device), "%s", devices[roll(c, COUNT(devices))]);
	else
		snprintf(out->device, sizeof(out->device), "%08x%08x%08x%08x", roll(c, 1u << 30), roll(c, 1u << 30),
			 roll(c, 1u << 30), roll(c, 1u << 30));
	out->facts = (struct bsg_compile_facts){ .device = out->device, .person = people[roll(c, COUNT(people))],
		.units = out->units, .n_units = roll(c, 4), .has_agent = one_in(c, 2),
		.horizon_s = one_in(c, 12) ? horizons[roll(c, COUNT(horizons))] : 0 };
	random_news(c, doc, RANDOM_NOW + roll(c, one_in(c, 3) ? 3000 : 60), out);
}

void random_facts_order(struct chance *c, struct random_facts *facts)
{
	const struct random_facts was = *facts;
	uint32_t order[RANDOM_EXEMPTIONS];

	numbers(order, (uint32_t)was.facts.n_exemptions, c, true);
	for (size_t i = 0; i < was.facts.n_exemptions; i++)
		facts->exemptions[i] = was.exemptions[order[i]];
	numbers(order, (uint32_t)was.facts.n_units, c, true);
	for (size_t i = 0; i < was.facts.n_units; i++)
		facts->units[i] = was.units[order[i]];
}
