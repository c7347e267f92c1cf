/* SPDX-License-Identifier: Apache-2.0 */
/* Orders and events from JSON, for trace.h. */
#include "tests/freestanding/json.h"
#include "tests/freestanding/trace.h"

void trace_digest(struct bsg_str text, uint8_t digest[BSG_DIGEST_LEN])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)text.ptr[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < BSG_DIGEST_LEN; i++)
		digest[i] = (uint8_t)(hash >> 8 * i);
}

static uint32_t read_functions(struct bsg_str list)
{
	uint32_t set = 0, bit;
	struct bsg_str item;

	for (size_t at = 0; json_each(list, &at, &item);)
		if (bsg_function_by_name(json_text(item), &bit, NULL) == BSG_OK)
			set |= bit;
	return set;
}

static struct bsg_text read_texts(struct bsg_str map)
{
	return (struct bsg_text){ .kk = json_text(json_get(map, "kk")), .ru = json_text(json_get(map, "ru")),
				  .en = json_text(json_get(map, "en")) };
}

static void read_evidence(struct bsg_str list, enum bsg_evidence_kind kind, struct bsg_place *place)
{
	struct bsg_str item;

	for (size_t at = 0; json_each(list, &at, &item) && place->n_evidence < BSG_EVIDENCE_MAX;)
		place->evidence[place->n_evidence++] = (struct bsg_evidence){ json_text(item), kind };
}

static uint8_t read_enter_by(struct bsg_str list)
{
	uint8_t set = 0;
	struct bsg_str item;

	for (size_t at = 0; json_each(list, &at, &item);)
		set |= (uint8_t)(json_is(item, "\"beacon\"") ? BSG_ENTER_BEACON :
				 json_is(item, "\"wifi\"") ? BSG_ENTER_WIFI :
				 json_is(item, "\"area\"") ? BSG_ENTER_AREA :
				 json_is(item, "\"self\"") ? BSG_ENTER_SELF : 0);
	return set;
}

/* Two numbers: a vertex or a window. */
static void read_pair(struct bsg_str pair, int64_t *a, int64_t *b)
{
	size_t at = 0;
	struct bsg_str item = { NULL, 0 };

	*a = json_each(pair, &at, &item) ? json_number(item, 0) : 0;
	*b = json_each(pair, &at, &item) ? json_number(item, 0) : 0;
}

static void read_area(struct bsg_str list, struct bsg_place *place)
{
	struct bsg_str item;
	int64_t lat, lon;

	for (size_t at = 0; json_each(list, &at, &item) && place->n_vertices < BSG_VERTICES_MAX;) {
		read_pair(item, &lat, &lon);
		place->area[place->n_vertices++] = (struct bsg_vertex){ (int32_t)lat, (int32_t)lon };
	}
}

static void read_place(struct bsg_str json, struct bsg_place *out)
{
	*out = (struct bsg_place){
		.id = json_text(json_get(json, "id")),
		.parent = json_text(json_get(json, "parent")),
		.name = read_texts(json_get(json, "name")),
		.max_stay = (uint32_t)json_number(json_get(json, "max_stay"), 0),
		.grace = (uint32_t)json_number(json_get(json, "grace"), BSG_DEFAULT_GRACE),
		.self_stay = (uint32_t)json_number(json_get(json, "self_stay"), BSG_DEFAULT_SELF_STAY),
		.enter_by = read_enter_by(json_get(json, "enter_by")),
		.left_unconfirmed = !json_is(json_get(json, "left_unconfirmed"), "false"),
		.keep = read_functions(json_get(json, "keep")),
	};
	read_evidence(json_get(json, "beacons"), BSG_EVIDENCE_BEACON, out);
	read_evidence(json_get(json, "wifi"), BSG_EVIDENCE_WIFI, out);
	read_area(json_get(json, "area"), out);
}

static void read_rule(struct bsg_str json, struct bsg_orders *o, struct bsg_rule *out)
{
	struct bsg_str windows = json_get(json, "windows"), item;

	*out = (struct bsg_rule){
		.id = json_text(json_get(json, "id")),
		.place = json_text(json_get(json, "place")),
		.always = !json_given(windows),
		.first_window = (uint16_t)o->n_windows,
		.first_app = (uint16_t)o->n_apps,
		.restrict_functions = read_functions(json_get(json, "restrict")),
		.enforce = !json_is(json_get(json, "enforce"), "false"),
		.because = read_texts(json_get(json, "because")),
	};
	for (size_t at = 0; json_each(windows, &at, &item) && o->n_windows < BSG_WINDOWS_MAX; out->n_windows++) {
		struct bsg_window *w = &o->windows[o->n_windows++];

		read_pair(item, &w->from, &w->until);
	}
	for (size_t at = 0; json_each(json_get(json, "apps"), &at, &item) && o->n_apps < BSG_APPS_MAX; out->n_apps++)
		o->apps[o->n_apps++] = json_text(item);
}

static uint8_t hex_digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void read_whole(struct bsg_str json, struct bsg_orders *o)
{
	struct bsg_str device = json_text(json_get(json, "device")), presence = json_get(json, "presence");
	struct bsg_str glass = json_get(json, "break_glass");

	for (size_t i = 0; i < BSG_DEVICE_LEN && 2 * i + 1 < device.len; i++)
		o->device[i] = (uint8_t)(hex_digit(device.ptr[2 * i]) << 4 | hex_digit(device.ptr[2 * i + 1]));
	o->serial = (uint32_t)json_number(json_get(json, "serial"), 0);
	o->issued = json_number(json_get(json, "issued"), 0);
	o->expires = json_number(json_get(json, "expires"), 0);
	o->has_release = json_given(json_get(json, "release"));
	o->release_at = json_number(json_get(json, "release"), 0);
	o->has_presence = json_given(presence);
	o->presence.seq = (uint32_t)json_number(json_get(presence, "seq"), 0);
	o->presence.place = json_text(json_get(presence, "place"));
	o->presence.in = json_is(json_get(presence, "direction"), "\"in\"");
	o->presence.at = json_number(json_get(presence, "at"), 0);
	o->max_stay = (uint32_t)json_number(json_get(json_get(json, "lease"), "max_stay"), BSG_DEFAULT_MAX_STAY);
	o->break_glass_minutes = (uint32_t)json_number(json_get(glass, "minutes"), BSG_DEFAULT_BREAK_GLASS_MINUTES);
	o->break_glass_per_day = (uint32_t)json_number(json_get(glass, "per_day"), BSG_DEFAULT_BREAK_GLASS_PER_DAY);
}

bool trace_read_orders(struct bsg_str json, struct bsg_orders *out)
{
	struct bsg_str item;

	*out = (struct bsg_orders){ .serial = 0 };
	trace_digest(json, out->digest);
	read_whole(json, out);
	for (size_t at = 0; json_each(json_get(json, "places"), &at, &item) && out->n_places < BSG_PLACES_MAX;)
		read_place(item, &out->places[out->n_places++]);
	for (size_t at = 0; json_each(json_get(json, "rules"), &at, &item) && out->n_rules < BSG_RULES_MAX;)
		read_rule(item, out, &out->rules[out->n_rules++]);
	for (size_t at = 0; json_each(json_get(json, "exemptions"), &at, &item) &&
	     out->n_exemptions < BSG_EXEMPTIONS_MAX;)
		out->exemptions[out->n_exemptions++] = (struct bsg_exemption){
			.functions = read_functions(json_get(item, "functions")),
			.from = json_number(json_get(item, "from"), 0),
			.until = json_number(json_get(item, "until"), 0) };
	return bsg_orders_prepare(out, NULL) == BSG_OK;
}

/* ---- events ---- */

static const struct {
	const char *name;
	enum bsg_event_kind kind;
} kinds[BSG_EVENT_KINDS] = {
	{ "\"tick\"", BSG_EVENT_TICK },
	{ "\"gate_in\"", BSG_EVENT_GATE_IN },
	{ "\"gate_out\"", BSG_EVENT_GATE_OUT },
	{ "\"self_in\"", BSG_EVENT_SELF_IN },
	{ "\"beacon_seen\"", BSG_EVENT_BEACON_SEEN },
	{ "\"beacon_lost\"", BSG_EVENT_BEACON_LOST },
	{ "\"wifi_seen\"", BSG_EVENT_WIFI_SEEN },
	{ "\"wifi_lost\"", BSG_EVENT_WIFI_LOST },
	{ "\"fix\"", BSG_EVENT_FIX },
	{ "\"orders_changed\"", BSG_EVENT_ORDERS_CHANGED },
	{ "\"boot\"", BSG_EVENT_BOOT },
	{ "\"clock_changed\"", BSG_EVENT_CLOCK_CHANGED },
	{ "\"break_glass\"", BSG_EVENT_BREAK_GLASS },
};

static void read_gate(struct bsg_str json, struct bsg_event *e, struct bsg_guest *guest)
{
	struct bsg_str credential = json_get(json, "guest"), item;

	e->u.gate.place = json_text(json_get(json, "place"));
	e->u.gate.at = json_number(json_get(json, "at"), 0);
	e->u.gate.bound = !json_is(json_get(json, "bound"), "false");
	if (e->kind != BSG_EVENT_GATE_IN || !json_given(credential))
		return;
	*guest = (struct bsg_guest){ .place = e->u.gate.place,
		.functions = read_functions(json_get(credential, "functions")),
		.max_stay = (uint32_t)json_number(json_get(credential, "max_stay"), 0),
		.because = read_texts(json_get(credential, "because")),
		.name = read_texts(json_get(credential, "name")) };
	for (size_t at = 0; json_each(json_get(credential, "apps"), &at, &item) && guest->n_apps < BSG_GUEST_APPS_MAX;)
		guest->apps[guest->n_apps++] = json_text(item);
	trace_digest(credential, guest->digest);
	e->u.gate.guest = guest;
}

bool trace_read_event(struct bsg_str json, struct bsg_event *out, struct bsg_guest *guest)
{
	struct bsg_str time = json_get(json, "time"), kind = json_get(json, "kind");
	size_t k = 0;

	while (k < BSG_EVENT_KINDS && !json_is(kind, kinds[k].name))
		k++;
	if (k == BSG_EVENT_KINDS)
		return false;
	*out = (struct bsg_event){ .kind = kinds[k].kind };
	out->time.utc = json_number(json_get(time, "utc"), 0);
	out->time.mono_ms = json_number(json_get(time, "mono"), 1000 * out->time.utc);
	out->time.auth = !json_is(json_get(time, "auth"), "false");
	if (out->kind >= BSG_EVENT_GATE_IN && out->kind <= BSG_EVENT_SELF_IN) {
		read_gate(json, out, guest);
	} else if (out->kind >= BSG_EVENT_BEACON_SEEN && out->kind <= BSG_EVENT_WIFI_LOST) {
		out->u.id = json_text(json_get(json, "id"));
	} else if (out->kind == BSG_EVENT_FIX) {
		out->u.fix.lat = (int32_t)json_number(json_get(json, "lat"), 0);
		out->u.fix.lon = (int32_t)json_number(json_get(json, "lon"), 0);
		out->u.fix.accuracy_mm = json_number(json_get(json, "accuracy"), 0);
		out->u.fix.mock = json_is(json_get(json, "mock"), "true");
	}
	return true;
}
