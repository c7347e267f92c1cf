/* SPDX-License-Identifier: Apache-2.0 */
/* Places and gates of a document. Keys: docs/spec/policy.md P5 to P10. */
#include "policy/load.h"

#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>
#include <bosaga/limits.h>

#include "policy/check.h"

#define MINUTE INT64_C(60)
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)
#define DEGREE 10000000LL

static void load_grace(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_duration(load, node, 10, DAY, target);
}

static void load_stay(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_duration(load, node, 1, 7 * DAY, target);
}

static void load_self_stay(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_duration(load, node, MINUTE, DAY, target);
}

/* As max_stay, which it shortens: who wants seconds, for a trial, may have them. */
static void load_phone_lease(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_duration(load, node, 1, DAY, target);
}

static void load_timezone(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	char what[BSG_LOAD_WHAT_SIZE];
	const char *near;

	if (node->kind != BSG_NODE_TEXT || node->len == 0) {
		bsg_load_error(load, node, "must be a time zone such as Asia/Almaty, not %s", bsg_load_what(node, what));
		return;
	}
	*(const char **)target = node->text;
	if (load->zones.names == NULL && !load->no_zones)
		load->no_zones = bsg_zones_load(&load->zones, &load->zones_err) != BSG_OK;
	if (load->no_zones || bsg_zones_know(&load->zones, node->text))
		return;
	near = bsg_policy_nearest(node->text, node->len, load->zones.names);
	if (near != NULL)
		bsg_load_error(load, node, "there is no time zone '%.64s', did you mean '%s'?", node->text, near);
	else
		bsg_load_error(load, node, "there is no time zone '%.64s': write one such as Asia/Almaty", node->text);
}

/* Ways in that need something the place does not have would be silently dead: read after all other keys. */
static void load_enter_item(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const char *const words[] = { "gate", "beacon", "wifi", "area", "self", NULL };
	struct bsg_policy_place *place = target;
	const int i = bsg_load_word(load, node, words, "way to enter");
	const uint32_t bit = i >= 0 ? UINT32_C(1) << i : 0;

	place->enter_by |= bit;
	if (bit == BSG_POLICY_ENTER_BEACON && place->n_beacons == 0)
		bsg_load_error(load, node, "'beacon' needs what it means: the place has no 'beacons'");
	if (bit == BSG_POLICY_ENTER_WIFI && place->n_wifi == 0)
		bsg_load_error(load, node, "'wifi' needs what it means: the place has no 'wifi'");
	if (bit == BSG_POLICY_ENTER_AREA && place->n_area == 0)
		bsg_load_error(load, node, "'area' needs what it means: the place has no 'area'");
}

static void load_enter_by(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_each(load, node, load_enter_item, target);
}

/* `off`, or a truth value: YAML 1.2 reads a bare `off` as a word. */
static void load_switch(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const char *const words[] = { "off", "on", NULL };

	if (node->kind == BSG_NODE_BOOL) {
		*(bool *)target = node->integer != 0;
		return;
	}
	const int i = bsg_load_word(load, node, words, "switch");
	if (i >= 0)
		*(bool *)target = i == 1;
}

static bool is_bssid(const char *text, size_t len)
{
	if (len != 17)
		return false;
	for (size_t i = 0; i < len; i++)
		if (i % 3 == 2 ? text[i] != ':' : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	return true;
}

struct evidence {
	const char **items;
	size_t n;
};

static void append_evidence(struct bsg_load *load, const struct bsg_node *node, struct evidence *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], id) == 0) {
			bsg_load_error(load, node, "'%.40s' stands here twice", id);
			return;
		}
	list->items[list->n++] = id;
}

static void load_bssid(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (!bsg_load_is_word(load, node, "a BSSID such as \"aa:bb:cc:dd:ee:ff\""))
		return;
	if (!is_bssid(node->text, node->len)) {
		bsg_load_error(load, node, "'%.40s' is no BSSID: write \"aa:bb:cc:dd:ee:ff\"", node->text);
		return;
	}
	char *lower = bsg_arena_text(load->arena, node->text);
	if (lower == NULL) {
		load->no_memory = true;
		return;
	}
	for (char *c = lower; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	append_evidence(load, node, target, lower);
}

static void load_beacon(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-";

	if (!bsg_load_is_word(load, node, "the id of a beacon"))
		return;
	if (node->len == 0 || node->len > BSG_ID_MAX || strspn(node->text, letters) != node->len) {
		bsg_load_error(load, node, "'%.60s' is no beacon: letters, digits, '.', ':', '_', '-', at most %d",
			       node->text, BSG_ID_MAX);
		return;
	}
	append_evidence(load, node, target, node->text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void load_evidence(struct bsg_load *load, const struct bsg_node *node, bsg_load_fn *read,
			  struct bsg_load_names *out)
{
	struct evidence list = { NULL, 0 };

	if (node->kind == BSG_NODE_LIST && node->n > BSG_EVIDENCE_MAX) {
		bsg_load_error(load, node, "a place has at most %d beacons and BSSIDs together, not %zu", BSG_EVIDENCE_MAX,
			       node->n);
		return;
	}
	list.items = bsg_load_array(load, node->n, sizeof(*list.items));
	bsg_load_each(load, node, read, &list);
	if (list.n > 1)
		qsort(list.items, list.n, sizeof(*list.items), by_text);
	out->items = list.items;
	out->n = list.n;
}

static void load_wifi(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	load_evidence(load, node, load_bssid, target);
}

static void load_beacons(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	load_evidence(load, node, load_beacon, target);
}

struct break_glass {
	uint32_t minutes, per_day, keep;
};

static void load_minutes(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_number(load, node, 1, BSG_BREAK_GLASS_MINUTES_MAX, target);
}

static void load_per_day(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_number(load, node, 0, BSG_BREAK_GLASS_PER_DAY_MAX, target);
}

static void load_cover(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const char *const words[] = { "deposit", "seal", "admit", NULL };
	int i;

	if (strcmp(node->text, "refuse") == 0) {
		bsg_load_error(load, node, "no policy can ask for 'refuse': it is for revoked and unknown devices (admit, seal, "
			       "deposit)");
		return;
	}
	i = bsg_load_word(load, node, words, "remedy");
	if (i >= 0)
		*(uint8_t *)target = (uint8_t)(i + 1);
}

static void load_remedies(struct bsg_load *load, const struct bsg_node *node, struct bsg_policy_place *place)
{
	static const struct bsg_load_key keys[] = {
		{ "attested", load_cover, BSG_COVER_ATTESTED, false },
		{ "managed", load_cover, BSG_COVER_MANAGED, false },
		{ "claimed", load_cover, BSG_COVER_CLAIMED, false },
		{ "partial", load_cover, BSG_COVER_PARTIAL, false },
		{ "impossible", load_cover, BSG_COVER_IMPOSSIBLE, false },
	};
	char what[BSG_LOAD_WHAT_SIZE];

	if (node->kind != BSG_NODE_MAP) {
		bsg_load_error(load, node, "must be a map with functions as keys, not %s", bsg_load_what(node, what));
		return;
	}
	for (const struct bsg_node *m = node->first; m != NULL; m = m->next) {
		const struct bsg_node key = { .at = m->key_at };
		const int bit = bsg_load_function(load, &key, m->key);
		const size_t mark = bsg_load_enter(load, m->key);
		uint8_t given[BSG_COVER_COUNT] = { 0 };

		if (bit >= 0 && m->kind != BSG_NODE_NULL)
			bsg_load_map(load, m, keys, BSG_COVER_COUNT, given);
		for (unsigned c = 0; bit >= 0 && c < BSG_COVER_COUNT; c++) {
			if (given[c] == BSG_REMEDY_REFUSE)
				continue;
			place->remedies[bit][c] = given[c];
			place->remedies_given[bit] |= UINT32_C(1) << c;
		}
		bsg_load_leave(load, mark);
	}
}

/* A remedy's defaults: what is proven is admitted; what is not, or only in part, is sealed or left to the place. */
static void default_remedies(struct bsg_policy_place *place)
{
	for (unsigned f = 0; f < 32; f++) {
		uint8_t *row = place->remedies[f];

		row[BSG_COVER_ATTESTED] = BSG_REMEDY_ADMIT;
		row[BSG_COVER_MANAGED] = BSG_REMEDY_ADMIT;
		row[BSG_COVER_CLAIMED] = BSG_REMEDY_SEAL;
		row[BSG_COVER_PARTIAL] = BSG_REMEDY_SEAL;
		row[BSG_COVER_IMPOSSIBLE] = f == BSG_CAMERA ? BSG_REMEDY_SEAL : BSG_REMEDY_ADMIT;
	}
}

static void load_gate(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "id", bsg_load_id, offsetof(struct bsg_policy_gate, id), true },
		{ "name", bsg_load_texts, offsetof(struct bsg_policy_gate, name), false },
	};
	struct bsg_load_list *list = target;
	struct bsg_policy_gate *gate =
		bsg_load_append(load, node, list, sizeof(*gate), BSG_POLICY_GATES_MAX, "gates in one place");

	char where[BSG_POLICY_AT_SIZE];

	if (gate == NULL)
		return;
	gate->at = bsg_load_at(load, node);
	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), gate);
	if (gate->id == NULL) {
		list->n--;
		return;
	}
	for (const struct bsg_policy_gate *other = list->items; other < gate; other++)
		if (strcmp(other->id, gate->id) == 0)
			bsg_load_error(load, node, "gate '%s' is also at %s", gate->id, bsg_policy_say_at(&other->at, where));
}

static int by_gate(const void *a, const void *b)
{
	return strcmp(((const struct bsg_policy_gate *)a)->id, ((const struct bsg_policy_gate *)b)->id);
}

static void load_gates(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct bsg_load_list *list = target;

	bsg_load_each(load, node, load_gate, target);
	if (list->n > 1)
		qsort(list->items, list->n, sizeof(struct bsg_policy_gate), by_gate);
}

struct guest_keys {
	uint32_t restrict_set;
	struct bsg_load_names apps;
	int64_t max_stay_s;
	struct bsg_policy_texts because;
};

static void load_guest(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "restrict", bsg_load_functions, offsetof(struct guest_keys, restrict_set), true },
		{ "apps", bsg_load_apps, offsetof(struct guest_keys, apps), false },
		{ "max_stay", load_stay, offsetof(struct guest_keys, max_stay_s), false },
		{ "because", bsg_load_texts, offsetof(struct guest_keys, because), false },
	};
	struct guest_keys read = { .max_stay_s = 4 * HOUR };
	struct bsg_policy_guest *guest = target;
	const size_t before = bsg_load_mistakes(load);

	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), &read);
	if (bsg_load_mistakes(load) == before)
		bsg_load_check_apps(load, node, read.restrict_set, read.apps.n);
	*guest = (struct bsg_policy_guest){ read.restrict_set, read.apps.items, read.apps.n, read.max_stay_s,
					    read.because };
}

/* 1e-7 degrees from a decimal number, exactly as written; half a unit rounds away from zero. */
static bool parse_degrees(const struct bsg_node *node, int64_t limit, int32_t *out)
{
	char *end;

	if (node->kind != BSG_NODE_INT && node->kind != BSG_NODE_REAL)
		return false;
	const double degrees = strtod(node->text, &end);
	if (*end != '\0' || !(degrees >= -(double)limit && degrees <= (double)limit))
		return false;
	const double scaled = degrees * 1e7;
	*out = (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
	return true;
}

static void load_vertex(struct bsg_load *load, const struct bsg_node *node, struct bsg_policy_vertex *out)
{
	char what[BSG_LOAD_WHAT_SIZE];

	if (node->kind != BSG_NODE_LIST || node->n < 2 || node->n > 3)
		bsg_load_error(load, node, "a position is a pair, [longitude, latitude], not %s%s", bsg_load_what(node, what),
			       node->kind == BSG_NODE_LIST ? " of another length" : "");
	else if (!parse_degrees(node->first, 180, &out->lon))
		bsg_load_error(load, node->first, "a longitude is a number of degrees from -180 to 180, not %s",
			       bsg_load_what(node->first, what));
	else if (!parse_degrees(node->first->next, 90, &out->lat))
		bsg_load_error(load, node->first->next, "a latitude is a number of degrees from -90 to 90 and comes second, not %s",
			       bsg_load_what(node->first->next, what));
}

struct area {
	struct bsg_policy_vertex *vertices;
	size_t n;
};

struct vertex_room {
	struct bsg_policy_vertex *vertices;
	size_t n;
};

static void load_vertex_item(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct vertex_room *room = target;

	load_vertex(load, node, &room->vertices[room->n++]);
}

static bool is_far(int32_t a, int32_t b, long long most)
{
	return llabs((long long)a - b) > most;
}

static const struct bsg_node *nth(const struct bsg_node *list, size_t n)
{
	const struct bsg_node *item = list->first;

	while (n-- > 0)
		item = item->next;
	return item;
}

/* P9: closed, not across the antimeridian, not too wide, not crossing itself. @param n the last is the first again */
static bool check_ring(struct bsg_load *load, const struct bsg_node *node, const struct bsg_policy_vertex *v, size_t n)
{
	size_t edge, with;

	if (v[0].lat != v[n].lat || v[0].lon != v[n].lon) {
		bsg_load_error(load, nth(node, n), "the ring is not closed: its last position must be its first");
		return false;
	}
	for (size_t i = 1; i < n; i++)
		if (is_far(v[i].lon, v[i - 1].lon, 180 * DEGREE)) {
			bsg_load_error(load, nth(node, i), "an area across the antimeridian is refused: make it two places");
			return false;
		}
	for (size_t i = 1; i < n; i++)
		if (is_far(v[i].lon, v[0].lon, DEGREE) || is_far(v[i].lat, v[0].lat, DEGREE)) {
			bsg_load_error(load, nth(node, i), "an area must lie within one degree of its first position");
			return false;
		}
	if (!bsg_policy_area_crosses_itself(v, n, &edge, &with))
		return true;
	bsg_load_error(load, node, "the ring touches or crosses itself: its edges from position %zu and from position %zu meet",
		       edge, with);
	return false;
}

/* P9: one ring of at most 64 corners. */
static void load_ring(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	const size_t before = bsg_load_mistakes(load);
	struct area *area = target;
	struct vertex_room ring = { NULL, 0 };
	char what[BSG_LOAD_WHAT_SIZE];

	if (node->kind != BSG_NODE_LIST) {
		bsg_load_error(load, node, "a ring is a list of positions, [[longitude, latitude], ...], not %s",
			       bsg_load_what(node, what));
		return;
	}
	if (node->n < 4 || node->n > BSG_VERTICES_MAX + 1) {
		bsg_load_error(load, node, "a ring has 4 to %d positions, the last as the first, not %zu", BSG_VERTICES_MAX + 1,
			       node->n);
		return;
	}
	ring.vertices = bsg_load_array(load, node->n, sizeof(*ring.vertices));
	if (load->no_memory)
		return;
	bsg_load_each(load, node, load_vertex_item, &ring);
	if (bsg_load_mistakes(load) != before || load->no_memory || !check_ring(load, node, ring.vertices, node->n - 1))
		return;
	area->vertices = ring.vertices;
	area->n = node->n - 1;
}

static void load_coordinates(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (node->kind == BSG_NODE_LIST && node->n != 1)
		bsg_load_error(load, node, "must hold exactly one ring, [[[longitude, latitude], ...]], not %zu: an area has no holes",
			       node->n);
	else
		bsg_load_each(load, node, load_ring, target);
}

static void load_geometry(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	char what[BSG_LOAD_WHAT_SIZE];

	(void)target;
	if (node->kind != BSG_NODE_TEXT || strcmp(node->text, "Polygon") != 0)
		bsg_load_error(load, node, "must be Polygon (GeoJSON, RFC 7946), not %s", bsg_load_what(node, what));
}

static void load_area(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "type", load_geometry, 0, true },
		{ "coordinates", load_coordinates, 0, true },
	};
	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), target);
}

/* A place's keys as they are read; what is nested in the model is put there afterwards. */
struct place_keys {
	const char *id, *timezone;
	struct bsg_load_ref parent;
	struct bsg_policy_texts name;
	struct area area;
	struct bsg_load_names wifi, beacons;
	struct bsg_load_list gates;
	int64_t grace_s, max_stay_s, self_stay_s, phone_lease_s;
	bool left_unconfirmed;
	const struct bsg_node *enter_by, *remedies, *break_glass, *guest;
};

static void keep_node(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	(void)load;
	*(const struct bsg_node **)target = node;
}

static void later(struct bsg_load *load, const struct bsg_node *node, const char *key, bsg_load_fn *read, void *target)
{
	const size_t mark = bsg_load_enter(load, key);

	read(load, node, target);
	bsg_load_leave(load, mark);
}

static void load_break_glass(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "minutes", load_minutes, offsetof(struct break_glass, minutes), false },
		{ "per_day", load_per_day, offsetof(struct break_glass, per_day), false },
		{ "keep", bsg_load_functions, offsetof(struct break_glass, keep), false },
	};
	struct bsg_policy_place *place = target;
	struct break_glass read = { .minutes = BSG_DEFAULT_BREAK_GLASS_MINUTES,
				    .per_day = BSG_DEFAULT_BREAK_GLASS_PER_DAY };

	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), &read);
	place->has_break_glass = true;
	place->break_glass_minutes = read.minutes;
	place->break_glass_per_day = read.per_day;
	place->keep = read.keep;
}

static void load_nested(struct bsg_load *load, const struct place_keys *read, struct bsg_policy_place *place)
{
	place->break_glass_minutes = BSG_DEFAULT_BREAK_GLASS_MINUTES;
	place->break_glass_per_day = BSG_DEFAULT_BREAK_GLASS_PER_DAY;
	default_remedies(place);
	if (read->enter_by != NULL)
		later(load, read->enter_by, "enter_by", load_enter_by, place);
	if (read->break_glass != NULL)
		later(load, read->break_glass, "break_glass", load_break_glass, place);
	if (read->remedies != NULL) {
		const size_t mark = bsg_load_enter(load, "remedies");

		load_remedies(load, read->remedies, place);
		bsg_load_leave(load, mark);
	}
	place->has_guest = read->guest != NULL;
	if (place->has_guest)
		later(load, read->guest, "guest", load_guest, &place->guest);
}

static void fill_place(const struct place_keys *read, struct bsg_policy_place *place)
{
	place->id = read->id;
	place->name = read->name;
	place->timezone = read->timezone;
	place->parent = read->parent.id;
	place->parent_at = read->parent.at;
	place->area = read->area.vertices;
	place->n_area = read->area.n;
	place->wifi = read->wifi.items;
	place->n_wifi = read->wifi.n;
	place->beacons = read->beacons.items;
	place->n_beacons = read->beacons.n;
	place->gates = read->gates.items;
	place->n_gates = read->gates.n;
	place->enter_by = BSG_POLICY_ENTER_GATE;
	place->grace_s = read->grace_s;
	place->max_stay_s = read->max_stay_s;
	place->self_stay_s = read->self_stay_s;
	place->phone_lease_s = read->phone_lease_s;
	place->left_unconfirmed = read->left_unconfirmed;
}

static void check_evidence(struct bsg_load *load, const struct bsg_node *node, const struct bsg_policy_place *place)
{
	if (place->n_beacons + place->n_wifi > BSG_EVIDENCE_MAX)
		bsg_load_error(load, node, "a place has at most %d beacons and BSSIDs together, not %zu", BSG_EVIDENCE_MAX,
			       place->n_beacons + place->n_wifi);
}

static void load_place(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "id", bsg_load_id, offsetof(struct place_keys, id), true },
		{ "name", bsg_load_texts, offsetof(struct place_keys, name), false },
		{ "timezone", load_timezone, offsetof(struct place_keys, timezone), false },
		{ "area", load_area, offsetof(struct place_keys, area), false },
		{ "wifi", load_wifi, offsetof(struct place_keys, wifi), false },
		{ "beacons", load_beacons, offsetof(struct place_keys, beacons), false },
		{ "gates", load_gates, offsetof(struct place_keys, gates), false },
		{ "grace", load_grace, offsetof(struct place_keys, grace_s), false },
		{ "max_stay", load_stay, offsetof(struct place_keys, max_stay_s), false },
		{ "self_stay", load_self_stay, offsetof(struct place_keys, self_stay_s), false },
		{ "phone_lease", load_phone_lease, offsetof(struct place_keys, phone_lease_s), false },
		{ "enter_by", keep_node, offsetof(struct place_keys, enter_by), false },
		{ "left_unconfirmed", load_switch, offsetof(struct place_keys, left_unconfirmed), false },
		{ "break_glass", keep_node, offsetof(struct place_keys, break_glass), false },
		{ "remedies", keep_node, offsetof(struct place_keys, remedies), false },
		{ "guest", keep_node, offsetof(struct place_keys, guest), false },
		{ "parent", bsg_load_ref, offsetof(struct place_keys, parent), false },
	};
	struct bsg_load *all = target;
	struct place_keys read = { .grace_s = 3 * MINUTE, .max_stay_s = 14 * HOUR, .self_stay_s = 15 * MINUTE,
				   .phone_lease_s = 4 * HOUR, .left_unconfirmed = true };
	struct bsg_policy_place *place = bsg_load_append(load, node, &all->places, sizeof(*place),
							 BSG_POLICY_PLACES_MAX, "places in one policy");

	if (place == NULL)
		return;
	place->at = bsg_load_at(load, node);
	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), &read);
	fill_place(&read, place);
	load_nested(load, &read, place);
	check_evidence(load, node, place);
	if (place->id == NULL)
		all->places.n--;
}

void bsg_load_places(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_each(load, node, load_place, target);
}
