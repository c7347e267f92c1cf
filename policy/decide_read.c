/* SPDX-License-Identifier: Apache-2.0 */
/* Orders and guests from JSON. Shapes: docs/spec/decision.md, section JSON. */
#include "policy/decide_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

void bsg_decide_refuse(struct bsg_decide_reader *r, enum bsg_err code, const char *fmt, ...)
{
	char path[128] = "", why[120];
	size_t len = 0;
	va_list ap;

	if (r->rc != BSG_OK)
		return;
	for (size_t i = 0; i < r->depth && i < sizeof(r->path) / sizeof(r->path[0]); i++) {
		const int n = snprintf(path + len, sizeof(path) - len, "%s%s", i > 0 ? "." : "", r->path[i]);

		len = n > 0 && (size_t)n < sizeof(path) - len ? len + (size_t)n : sizeof(path) - 1;
	}
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	r->rc = bsg_fail(r->err, code, "%s%s%s", path, len > 0 ? ": " : "", why);
}

static void enter(struct bsg_decide_reader *r, const char *key)
{
	if (r->depth < sizeof(r->path) / sizeof(r->path[0]))
		r->path[r->depth] = key;
	r->depth++;
}

static void leave(struct bsg_decide_reader *r)
{
	r->depth--;
}

static void refuse_key(struct bsg_decide_reader *r, const char *key, enum bsg_err code, const char *why)
{
	enter(r, key);
	bsg_decide_refuse(r, code, "%s", why);
	leave(r);
}

bool bsg_decide_keys(struct bsg_decide_reader *r, json_t *map, const char *const *keys)
{
	const char *key;
	json_t *value;

	if (r->rc != BSG_OK)
		return false;
	if (!json_is_object(map)) {
		bsg_decide_refuse(r, BSG_E_INVALID, "must be an object");
		return false;
	}
	json_object_foreach(map, key, value) {
		size_t i = 0;

		while (keys[i] != NULL && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i] == NULL)
			bsg_decide_refuse(r, BSG_E_INVALID, "unknown key '%.40s'", key);
	}
	return r->rc == BSG_OK;
}

static bool given(const json_t *value)
{
	return value != NULL && !json_is_null(value);
}

int64_t bsg_decide_int(struct bsg_decide_reader *r, json_t *map, const char *key, int64_t min, int64_t max, int64_t none)
{
	json_t *value = json_object_get(map, key);

	if (!given(value) && none >= min)
		return none;
	if (!json_is_integer(value)) {
		refuse_key(r, key, BSG_E_INVALID, given(value) ? "must be a whole number" : "is missing");
		return 0;
	}
	const int64_t n = json_integer_value(value);
	if (n < min || n > max)
		refuse_key(r, key, BSG_E_LIMIT, "is out of its range");
	return n;
}

bool bsg_decide_bool(struct bsg_decide_reader *r, json_t *map, const char *key, bool none)
{
	json_t *value = json_object_get(map, key);

	if (!given(value))
		return none;
	if (!json_is_boolean(value))
		refuse_key(r, key, BSG_E_INVALID, "must be true or false");
	return json_is_true(value);
}

struct bsg_str bsg_decide_own(struct bsg_decide_reader *r, const char *text, size_t len)
{
	const char *copy = len > 0 ? bsg_arena_copy(r->arena, text, len) : NULL;

	if (len > 0 && copy == NULL && r->rc == BSG_OK)
		r->rc = bsg_fail(r->err, BSG_E_NO_MEMORY, "no memory for the decision's input");
	return (struct bsg_str){ copy, copy != NULL ? len : 0 };
}

struct bsg_str bsg_decide_str(struct bsg_decide_reader *r, json_t *map, const char *key, size_t max, bool required)
{
	json_t *value = json_object_get(map, key);

	if (!given(value) && !required)
		return (struct bsg_str){ 0 };
	if (!json_is_string(value) || json_string_length(value) == 0)
		refuse_key(r, key, BSG_E_INVALID, given(value) ? "must be a text" : "is missing");
	else if (json_string_length(value) > max)
		refuse_key(r, key, BSG_E_LIMIT, "is too long");
	if (r->rc != BSG_OK)
		return (struct bsg_str){ 0 };
	return bsg_decide_own(r, json_string_value(value), json_string_length(value));
}

struct bsg_text bsg_decide_text(struct bsg_decide_reader *r, json_t *map, const char *key)
{
	static const char *const languages[] = { "kk", "ru", "en", NULL };
	json_t *value = json_object_get(map, key);
	struct bsg_str texts[3] = { { 0 } };

	if (!given(value))
		return (struct bsg_text){ 0 };
	enter(r, key);
	if (bsg_decide_keys(r, value, languages))
		for (size_t i = 0; i < 3; i++) {
			json_t *text = json_object_get(value, languages[i]);

			if (given(text) && !json_is_string(text))
				bsg_decide_refuse(r, BSG_E_INVALID, "must be texts");
			else if (given(text) && json_string_length(text) > BSG_TEXT_MAX)
				bsg_decide_refuse(r, BSG_E_LIMIT, "a text is too long");
			else if (given(text))
				texts[i] = bsg_decide_own(r, json_string_value(text), json_string_length(text));
		}
	leave(r);
	return (struct bsg_text){ texts[0], texts[1], texts[2] };
}

json_t *bsg_decide_list(struct bsg_decide_reader *r, json_t *map, const char *key, size_t max)
{
	json_t *value = json_object_get(map, key);

	if (!given(value))
		return NULL;
	if (!json_is_array(value))
		refuse_key(r, key, BSG_E_INVALID, "must be a list");
	else if (json_array_size(value) > max)
		refuse_key(r, key, BSG_E_LIMIT, "has too many items");
	return r->rc == BSG_OK ? value : NULL;
}

uint32_t bsg_decide_functions(struct bsg_decide_reader *r, json_t *map, const char *key, bool required)
{
	json_t *list = bsg_decide_list(r, map, key, 4 * BSG_FUNCTIONS_COUNT), *item;
	uint32_t set = 0, bit;
	size_t i;

	if (list == NULL && required)
		refuse_key(r, key, BSG_E_INVALID, "is missing");
	json_array_foreach(list, i, item) {
		const struct bsg_str name = { json_string_value(item), json_string_length(item) };
		const char *why = NULL;
		const enum bsg_err rc = json_is_string(item) ? bsg_function_by_name(name, &bit, &why) : BSG_E_INVALID;

		if (rc != BSG_OK)
			refuse_key(r, key, rc == BSG_E_DENIED ? rc : BSG_E_INVALID, why != NULL ? why : "no such function");
		else
			set |= bit;
	}
	return set;
}

size_t bsg_decide_apps(struct bsg_decide_reader *r, json_t *map, struct bsg_str *out, size_t max)
{
	json_t *list = bsg_decide_list(r, map, "apps", max), *item;
	size_t i, n = 0;

	json_array_foreach(list, i, item) {
		if (!json_is_string(item) || json_string_length(item) == 0)
			refuse_key(r, "apps", BSG_E_INVALID, "must be names of apps");
		else
			out[n++] = bsg_decide_own(r, json_string_value(item), json_string_length(item));
	}
	return n;
}

/* ---- orders ------------------------------------------------------------ */

static uint8_t read_enter_by(struct bsg_decide_reader *r, json_t *map)
{
	static const struct { const char *name; uint8_t bit; } ways[] = {
		{ "gate", 0 }, { "beacon", BSG_ENTER_BEACON }, { "wifi", BSG_ENTER_WIFI }, { "area", BSG_ENTER_AREA },
		{ "self", BSG_ENTER_SELF },
	};
	json_t *list = bsg_decide_list(r, map, "enter_by", 16), *item;
	uint8_t set = 0;
	size_t i, w;

	json_array_foreach(list, i, item) {
		for (w = 0; w < 5; w++)
			if (json_is_string(item) && strcmp(json_string_value(item), ways[w].name) == 0)
				break;
		if (w == 5)
			refuse_key(r, "enter_by", BSG_E_INVALID, "gate, beacon, wifi, area or self");
		else
			set = (uint8_t)(set | ways[w].bit);
	}
	return set;
}

static void read_evidence(struct bsg_decide_reader *r, json_t *map, const char *key, enum bsg_evidence_kind kind,
			  struct bsg_place *out)
{
	json_t *list = bsg_decide_list(r, map, key, BSG_EVIDENCE_MAX), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (!json_is_string(item) || out->n_evidence == BSG_EVIDENCE_MAX) {
			refuse_key(r, key, BSG_E_LIMIT, "at most 32 ids a place");
			return;
		}
		out->evidence[out->n_evidence++] = (struct bsg_evidence){
			bsg_decide_own(r, json_string_value(item), json_string_length(item)), kind };
	}
}

static void read_area(struct bsg_decide_reader *r, json_t *map, struct bsg_place *out)
{
	json_t *list = bsg_decide_list(r, map, "area", BSG_VERTICES_MAX), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		json_t *lat = json_array_get(item, 0), *lon = json_array_get(item, 1);

		if (json_array_size(item) != 2 || !json_is_integer(lat) || !json_is_integer(lon) ||
		    llabs(json_integer_value(lat)) > 900000000 || llabs(json_integer_value(lon)) > 1800000000) {
			refuse_key(r, "area", BSG_E_INVALID, "must be [lat, lon] pairs in 1e-7 degrees");
			return;
		}
		out->area[out->n_vertices++] = (struct bsg_vertex){ (int32_t)json_integer_value(lat),
								    (int32_t)json_integer_value(lon) };
	}
}

static void read_place(struct bsg_decide_reader *r, json_t *json, struct bsg_place *out)
{
	static const char *const keys[] = { "id", "name", "parent", "max_stay", "grace", "self_stay", "enter_by",
					    "left_unconfirmed", "keep", "beacons", "wifi", "area", NULL };

	if (!bsg_decide_keys(r, json, keys))
		return;
	out->id = bsg_decide_str(r, json, "id", BSG_ID_MAX, true);
	out->parent = bsg_decide_str(r, json, "parent", BSG_ID_MAX, false);
	out->name = bsg_decide_text(r, json, "name");
	if (given(json_object_get(json, "max_stay")))	/* null, not 0, is core's 0: that of the orders */
		out->max_stay = (uint32_t)bsg_decide_int(r, json, "max_stay", 1, BSG_DURATION_MAX, 0);
	out->grace = (uint32_t)bsg_decide_int(r, json, "grace", 0, BSG_DURATION_MAX, BSG_DEFAULT_GRACE);
	out->self_stay = (uint32_t)bsg_decide_int(r, json, "self_stay", 0, BSG_DURATION_MAX, BSG_DEFAULT_SELF_STAY);
	out->enter_by = read_enter_by(r, json);
	out->left_unconfirmed = bsg_decide_bool(r, json, "left_unconfirmed", true);
	out->keep = bsg_decide_functions(r, json, "keep", false);
	read_evidence(r, json, "beacons", BSG_EVIDENCE_BEACON, out);
	read_evidence(r, json, "wifi", BSG_EVIDENCE_WIFI, out);
	read_area(r, json, out);
}

static void read_windows(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *orders, struct bsg_rule *out)
{
	json_t *list = bsg_decide_list(r, json, "windows", BSG_WINDOWS_MAX - orders->n_windows), *item;
	size_t i;

	out->always = list == NULL;
	out->first_window = (uint16_t)orders->n_windows;
	json_array_foreach(list, i, item) {
		json_t *from = json_array_get(item, 0), *until = json_array_get(item, 1);

		if (json_array_size(item) != 2 || !json_is_integer(from) || !json_is_integer(until)) {
			refuse_key(r, "windows", BSG_E_INVALID, "must be [from, until] pairs");
			return;
		}
		orders->windows[orders->n_windows++] =
			(struct bsg_window){ json_integer_value(from), json_integer_value(until) };
		out->n_windows++;
	}
	if (out->n_windows == 0)
		out->first_window = 0;
}

static void read_rule(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *orders, struct bsg_rule *out)
{
	static const char *const keys[] = { "id", "place", "windows", "restrict", "apps", "enforce", "because", NULL };

	if (!bsg_decide_keys(r, json, keys))
		return;
	out->id = bsg_decide_str(r, json, "id", BSG_RULE_ID_MAX, true);
	out->place = bsg_decide_str(r, json, "place", BSG_ID_MAX, false);
	read_windows(r, json, orders, out);
	out->restrict_functions = bsg_decide_functions(r, json, "restrict", true);
	out->first_app = (uint16_t)orders->n_apps;
	out->n_apps = (uint16_t)bsg_decide_apps(r, json, orders->apps + orders->n_apps, BSG_APPS_MAX - orders->n_apps);
	orders->n_apps += out->n_apps;
	if (out->n_apps == 0)
		out->first_app = 0;
	out->enforce = bsg_decide_bool(r, json, "enforce", true);
	out->because = bsg_decide_text(r, json, "because");
}

static void read_exemption(struct bsg_decide_reader *r, json_t *json, struct bsg_exemption *out)
{
	static const char *const keys[] = { "functions", "from", "until", NULL };

	if (!bsg_decide_keys(r, json, keys))
		return;
	out->functions = bsg_decide_functions(r, json, "functions", true);
	out->from = bsg_decide_int(r, json, "from", INT64_MIN + 1, INT64_MAX, INT64_MIN);
	out->until = bsg_decide_int(r, json, "until", INT64_MIN + 1, INT64_MAX, INT64_MIN);
}

static void read_presence(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *out)
{
	static const char *const keys[] = { "seq", "place", "direction", "at", NULL };
	const char *direction;

	enter(r, "presence");
	if (bsg_decide_keys(r, json, keys)) {
		direction = json_string_value(json_object_get(json, "direction"));
		out->has_presence = true;
		out->presence.seq = (uint32_t)bsg_decide_int(r, json, "seq", 0, UINT32_MAX, -1);
		out->presence.place = bsg_decide_str(r, json, "place", BSG_ID_MAX, true);
		out->presence.at = bsg_decide_int(r, json, "at", INT64_MIN + 1, INT64_MAX, INT64_MIN);
		if (direction == NULL || (strcmp(direction, "in") != 0 && strcmp(direction, "out") != 0))
			refuse_key(r, "direction", BSG_E_INVALID, "must be in or out");
		else
			out->presence.in = direction[0] == 'i';
	}
	leave(r);
}

/* Both may be missing whole; then their members are (json_object_get() takes NULL). */
static void read_settings(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *out)
{
	static const char *const lease_keys[] = { "max_stay", NULL };
	static const char *const glass_keys[] = { "minutes", "per_day", NULL };
	json_t *lease = json_object_get(json, "lease"), *glass = json_object_get(json, "break_glass");

	enter(r, "lease");
	if (!given(lease) || bsg_decide_keys(r, lease, lease_keys))
		out->max_stay = (uint32_t)bsg_decide_int(r, lease, "max_stay", 1, BSG_DURATION_MAX, BSG_DEFAULT_MAX_STAY);
	leave(r);
	enter(r, "break_glass");
	if (!given(glass) || bsg_decide_keys(r, glass, glass_keys)) {
		out->break_glass_minutes = (uint32_t)bsg_decide_int(r, glass, "minutes", 0, BSG_BREAK_GLASS_MINUTES_MAX,
								    BSG_DEFAULT_BREAK_GLASS_MINUTES);
		out->break_glass_per_day = (uint32_t)bsg_decide_int(r, glass, "per_day", 0, BSG_BREAK_GLASS_PER_DAY_MAX,
								    BSG_DEFAULT_BREAK_GLASS_PER_DAY);
	}
	leave(r);
}

static void read_device(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *out)
{
	json_t *device = json_object_get(json, "device");
	size_t len = 0;

	if (!json_is_string(device) ||
	    bsg_hex_decode(json_string_value(device), json_string_length(device), out->device, BSG_DEVICE_LEN, &len, NULL) !=
		    BSG_OK || len != BSG_DEVICE_LEN)
		refuse_key(r, "device", BSG_E_INVALID, "must be 32 hex digits");
}

static void read_lists(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *out)
{
	json_t *places = bsg_decide_list(r, json, "places", BSG_PLACES_MAX), *item;
	json_t *rules = bsg_decide_list(r, json, "rules", BSG_RULES_MAX);
	json_t *exemptions = bsg_decide_list(r, json, "exemptions", BSG_EXEMPTIONS_MAX);
	size_t i;

	enter(r, "places");
	json_array_foreach(places, i, item)
		read_place(r, item, &out->places[out->n_places++]);
	leave(r);
	enter(r, "rules");
	json_array_foreach(rules, i, item)
		read_rule(r, item, out, &out->rules[out->n_rules++]);
	leave(r);
	enter(r, "exemptions");
	json_array_foreach(exemptions, i, item)
		read_exemption(r, item, &out->exemptions[out->n_exemptions++]);
	leave(r);
}

/* Equal content, equal digest (D9): FNV-1a over the sorted compact text. Not a proof of anything. */
static int add_to_hash(const char *text, size_t len, void *data)
{
	uint64_t *hash = data;

	for (size_t i = 0; i < len; i++)
		*hash = (*hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
	return 0;
}

static void digest(json_t *json, const char *salt, uint8_t out[BSG_DIGEST_LEN])
{
	uint64_t hash = UINT64_C(14695981039346656037);

	add_to_hash(salt, strlen(salt), &hash);
	(void)json_dump_callback(json, add_to_hash, &hash, JSON_COMPACT | JSON_SORT_KEYS);
	for (size_t i = 0; i < BSG_DIGEST_LEN; i++)
		out[i] = (uint8_t)(hash >> (56 - 8 * i));
}

void bsg_decide_orders(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *out)
{
	static const char *const keys[] = { "device", "serial", "issued", "expires", "release", "presence", "lease",
					    "break_glass", "places", "rules", "exemptions", NULL };
	json_t *presence = json_object_get(json, "presence"), *release = json_object_get(json, "release");
	const char *why = NULL;

	enter(r, "orders");
	if (bsg_decide_keys(r, json, keys)) {
		read_device(r, json, out);
		out->serial = (uint32_t)bsg_decide_int(r, json, "serial", 1, UINT32_MAX, 0);
		out->issued = bsg_decide_int(r, json, "issued", INT64_MIN, INT64_MAX, 0);
		out->expires = bsg_decide_int(r, json, "expires", INT64_MIN + 1, INT64_MAX, INT64_MIN);
		out->has_release = given(release);
		if (out->has_release)
			out->release_at = bsg_decide_int(r, json, "release", INT64_MIN, INT64_MAX, 0);
		if (given(presence))
			read_presence(r, presence, out);
		read_settings(r, json, out);
		read_lists(r, json, out);
		digest(json, "orders", out->digest);
	}
	if (r->rc == BSG_OK) {
		const enum bsg_err rc = bsg_orders_prepare(out, &why);

		if (rc != BSG_OK)
			bsg_decide_refuse(r, rc, "%s", why != NULL ? why : "refused");
	}
	leave(r);
}

void bsg_decide_guest(struct bsg_decide_reader *r, json_t *json, struct bsg_str place, struct bsg_guest *out)
{
	static const char *const keys[] = { "functions", "apps", "max_stay", "because", "name", NULL };
	const char *why = NULL;

	enter(r, "guest");
	if (bsg_decide_keys(r, json, keys)) {
		out->place = place;
		out->name = bsg_decide_text(r, json, "name");
		out->functions = bsg_decide_functions(r, json, "functions", true);
		out->n_apps = bsg_decide_apps(r, json, out->apps, BSG_GUEST_APPS_MAX);
		out->max_stay = (uint32_t)bsg_decide_int(r, json, "max_stay", 1, BSG_DURATION_MAX, 0);
		out->because = bsg_decide_text(r, json, "because");
		digest(json, "guest", out->digest);
	}
	if (r->rc == BSG_OK) {
		const enum bsg_err rc = bsg_guest_check(out, &why);

		if (rc != BSG_OK)
			bsg_decide_refuse(r, rc, "%s", why != NULL ? why : "refused");
	}
	leave(r);
}
