/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders to bytes and back. What makes them valid is in orders_check.c, which
 * both directions call. See wire/orders.h; rules W20..W29 of docs/spec/messages.md.
 */
#include "wire/orders.h"

#include "wire/internal.h"
#include "wire/orders_check.h"

#define NO_PLACE BSG_PLACES_MAX

enum key {
	DEVICE = 1, SERIAL = 2, EXPIRES = 4, ISSUED = 6, MAX_STAY = 8, BREAK_GLASS, PRESENCE,
	RELEASE, WINDOWS, APPS, PLACES, RULES, EXEMPTIONS, DISCHARGE,
};
#define REQUIRED (1u << DEVICE | 1u << SERIAL | 1u << EXPIRES | 1u << ISSUED | 1u << MAX_STAY | 1u << BREAK_GLASS)

enum place_key {
	P_ID = 1, P_PARENT, P_NAME, P_MAX_STAY, P_GRACE, P_SELF_STAY, P_ENTER_BY, P_LEFT_OFF,
	P_KEEP, P_EVIDENCE, P_AREA, P_PSEUDONYM, P_EXIT_KEYS,
};
#define P_REQUIRED (1u << P_ID | 1u << P_NAME | 1u << P_GRACE | 1u << P_SELF_STAY | 1u << P_PSEUDONYM)

enum rule_key { R_ID = 1, R_PLACE, R_WINDOWS, R_APPS, R_RESTRICT, R_ENFORCE, R_BECAUSE };
#define R_REQUIRED (1u << R_ID | 1u << R_RESTRICT | 1u << R_BECAUSE)

/* Where a place or rule refers to others by index, until all places are read. */
struct links {
	uint8_t parent[BSG_PLACES_MAX];
	uint8_t rule_place[BSG_RULES_MAX];
};

/* Note a key that was read, for those that must be there. Ignored ones count for nothing. */
static unsigned seen_bit(int64_t key)
{
	return key >= 0 && key < 32 ? 1u << key : 0;
}

/* ---- writing --------------------------------------------------------- */

static void put_key_uint(struct bsg_cbor_writer *w, int key, uint64_t value)
{
	bsg_cbor_put_int(w, key);
	bsg_cbor_put_uint(w, value);
}

/* Index of a place by its id; the checks have found it before. */
static size_t place_index(const struct bsg_orders *o, struct bsg_str id)
{
	size_t i = 0;

	while (i < o->n_places && !bsg_wire_same(o->places[i].id, id))
		i++;
	return i;
}

static int64_t minute(int64_t utc)
{
	uint32_t rest;

	return (int64_t)bsg_wire_divide((uint64_t)utc, 60, &rest);
}

/* The first window's start is absolute, the others are relative to it; then each one's length. */
static void put_windows(struct bsg_cbor_writer *w, const struct bsg_orders *o)
{
	int64_t base = 0;

	bsg_cbor_put_int(w, WINDOWS);
	bsg_cbor_put_array(w, 2 * o->n_windows);
	for (size_t i = 0; i < o->n_windows; i++) {
		int64_t from = minute(o->windows[i].from);

		bsg_cbor_put_int(w, from - base);
		bsg_cbor_put_int(w, minute(o->windows[i].until) - from);
		if (i == 0)
			base = from;
	}
}

/* Each vertex relative to the one before; the first to the origin. */
static void put_area(struct bsg_cbor_writer *w, const struct bsg_place *p)
{
	int64_t lat = 0, lon = 0;

	bsg_cbor_put_int(w, P_AREA);
	bsg_cbor_put_array(w, 2 * p->n_vertices);
	for (size_t i = 0; i < p->n_vertices; i++) {
		bsg_cbor_put_int(w, p->area[i].lat - lat);
		bsg_cbor_put_int(w, p->area[i].lon - lon);
		lat = p->area[i].lat;
		lon = p->area[i].lon;
	}
}

static void put_place_options(struct bsg_cbor_writer *w, const struct bsg_place *p)
{
	if (p->enter_by != 0)
		put_key_uint(w, P_ENTER_BY, p->enter_by);
	if (!p->left_unconfirmed) {
		bsg_cbor_put_int(w, P_LEFT_OFF);
		bsg_cbor_put_bool(w, true);
	}
	if (p->keep != 0)
		put_key_uint(w, P_KEEP, p->keep);
	if (p->n_evidence > 0) {
		bsg_cbor_put_int(w, P_EVIDENCE);
		bsg_cbor_put_array(w, 2 * p->n_evidence);
		for (size_t i = 0; i < p->n_evidence; i++) {
			bsg_cbor_put_uint(w, (unsigned)p->evidence[i].kind);
			bsg_wire_put_text(w, p->evidence[i].id, BSG_ID_MAX);
		}
	}
	if (p->n_vertices > 0)
		put_area(w, p);
}

static void put_place(struct bsg_cbor_writer *w, const struct bsg_orders_message *m, size_t i)
{
	const struct bsg_place *p = &m->orders.places[i];
	const struct bsg_orders_place *own = &m->places[i];

	bsg_cbor_put_map(w, 5u + (p->parent.len > 0) + (p->max_stay > 0) + (p->enter_by != 0) +
			    !p->left_unconfirmed + (p->keep != 0) + (p->n_evidence > 0) +
			    (p->n_vertices > 0) + (own->n_days > 0));
	bsg_cbor_put_int(w, P_ID);
	bsg_cbor_put_id(w, p->id);
	if (p->parent.len > 0)
		put_key_uint(w, P_PARENT, place_index(&m->orders, p->parent));
	bsg_cbor_put_int(w, P_NAME);
	bsg_wire_put_languages(w, &p->name);
	if (p->max_stay > 0)
		put_key_uint(w, P_MAX_STAY, p->max_stay);
	put_key_uint(w, P_GRACE, p->grace);
	put_key_uint(w, P_SELF_STAY, p->self_stay);
	put_place_options(w, p);
	bsg_cbor_put_int(w, P_PSEUDONYM);
	bsg_cbor_put_bytes(w, own->pseudonym, BSG_PSEUDONYM_LEN);
	if (own->n_days > 0) {
		bsg_cbor_put_int(w, P_EXIT_KEYS);
		bsg_cbor_put_array(w, 2);
		bsg_cbor_put_int(w, own->first_day);
		bsg_cbor_put_bytes(w, own->exit_keys, own->n_days * BSG_EXIT_KEY_LEN);
	}
}

static void put_rule(struct bsg_cbor_writer *w, const struct bsg_orders *o, const struct bsg_rule *rule)
{
	bsg_cbor_put_map(w, 3u + (rule->place.len > 0) + !rule->always + (rule->n_apps > 0) + rule->enforce);
	bsg_cbor_put_int(w, R_ID);
	bsg_cbor_put_text(w, rule->id.ptr, rule->id.len);
	if (rule->place.len > 0)
		put_key_uint(w, R_PLACE, place_index(o, rule->place));
	if (!rule->always) {
		bsg_cbor_put_int(w, R_WINDOWS);
		bsg_cbor_put_array(w, 2);
		bsg_cbor_put_uint(w, rule->n_windows > 0 ? rule->first_window : 0);
		bsg_cbor_put_uint(w, rule->n_windows);
	}
	if (rule->n_apps > 0) {
		bsg_cbor_put_int(w, R_APPS);
		bsg_cbor_put_array(w, 2);
		bsg_cbor_put_uint(w, rule->first_app);
		bsg_cbor_put_uint(w, rule->n_apps);
	}
	bsg_cbor_put_int(w, R_RESTRICT);
	bsg_wire_put_functions(w, rule->restrict_functions);
	if (rule->enforce) {
		bsg_cbor_put_int(w, R_ENFORCE);
		bsg_cbor_put_bool(w, true);
	}
	bsg_cbor_put_int(w, R_BECAUSE);
	bsg_wire_put_languages(w, &rule->because);
}

static void put_presence(struct bsg_cbor_writer *w, const struct bsg_orders *o)
{
	bsg_cbor_put_int(w, PRESENCE);
	bsg_cbor_put_array(w, 4);
	bsg_cbor_put_uint(w, o->presence.seq);
	bsg_cbor_put_id(w, o->presence.place);
	bsg_cbor_put_bool(w, o->presence.in);
	bsg_wire_put_time(w, o->presence.at);
}

static void put_head(struct bsg_cbor_writer *w, const struct bsg_orders *o)
{
	bsg_cbor_put_int(w, DEVICE);
	bsg_cbor_put_bytes(w, o->device, BSG_DEVICE_LEN);
	put_key_uint(w, SERIAL, o->serial);
	bsg_cbor_put_int(w, EXPIRES);
	bsg_wire_put_time(w, o->expires);
	bsg_cbor_put_int(w, ISSUED);
	bsg_wire_put_time(w, o->issued);
	put_key_uint(w, MAX_STAY, o->max_stay);
	bsg_cbor_put_int(w, BREAK_GLASS);
	bsg_cbor_put_array(w, 2);
	bsg_cbor_put_uint(w, o->break_glass_minutes);
	bsg_cbor_put_uint(w, o->break_glass_per_day);
	if (o->has_presence)
		put_presence(w, o);
	if (o->has_release) {
		bsg_cbor_put_int(w, RELEASE);
		bsg_wire_put_time(w, o->release_at);
	}
}

static void put_lists(struct bsg_cbor_writer *w, const struct bsg_orders_message *m)
{
	const struct bsg_orders *o = &m->orders;

	if (o->n_windows > 0)
		put_windows(w, o);
	if (o->n_apps > 0) {
		bsg_cbor_put_int(w, APPS);
		bsg_cbor_put_array(w, o->n_apps);
		for (size_t i = 0; i < o->n_apps; i++)
			bsg_wire_put_app(w, o->apps[i]);
	}
	if (o->n_places > 0) {
		bsg_cbor_put_int(w, PLACES);
		bsg_cbor_put_array(w, o->n_places);
		for (size_t i = 0; i < o->n_places; i++)
			put_place(w, m, i);
	}
	if (o->n_rules > 0) {
		bsg_cbor_put_int(w, RULES);
		bsg_cbor_put_array(w, o->n_rules);
		for (size_t i = 0; i < o->n_rules; i++)
			put_rule(w, o, &o->rules[i]);
	}
	if (o->n_exemptions > 0) {
		bsg_cbor_put_int(w, EXEMPTIONS);
		bsg_cbor_put_array(w, o->n_exemptions);
		for (size_t i = 0; i < o->n_exemptions; i++) {
			bsg_cbor_put_array(w, 3);
			bsg_wire_put_functions(w, o->exemptions[i].functions);
			bsg_wire_put_time(w, o->exemptions[i].from);
			bsg_wire_put_time(w, o->exemptions[i].until);
		}
	}
}

enum bsg_err bsg_orders_encode(const struct bsg_orders_message *message, uint8_t *buf, size_t cap,
			       struct bsg_bytes *out, const char **why)
{
	const struct bsg_orders *o = &message->orders;
	const char *reason = NULL;
	struct bsg_cbor_writer w;
	enum bsg_err rc = bsg_orders_check(message, &reason);

	bsg_cbor_writer_init(&w, buf, cap < BSG_ORDERS_PAYLOAD_MAX ? cap : BSG_ORDERS_PAYLOAD_MAX);
	if (rc == BSG_OK) {
		bsg_cbor_put_map(&w, 6u + o->has_presence + o->has_release + (o->n_windows > 0) +
				     (o->n_apps > 0) + (o->n_places > 0) + (o->n_rules > 0) +
				     (o->n_exemptions > 0) + message->discharge);
		put_head(&w, o);
		put_lists(&w, message);
		if (message->discharge) {
			bsg_cbor_put_int(&w, DISCHARGE);
			bsg_cbor_put_bool(&w, true);
		}
		if (w.err != BSG_OK)
			reason = w.err == BSG_E_LIMIT ? "orders too long" : "a text or number that cannot be written";
	}
	bsg_cbor_refuse_write(&w, rc);
	if (why != NULL)
		*why = reason;
	return bsg_cbor_writer_end(&w, out);
}

/* ---- reading --------------------------------------------------------- */

/* A key that is only there to say yes (W17). */
static void get_true(struct bsg_cbor_reader *r)
{
	if (!bsg_cbor_get_bool(r))
		bsg_cbor_refuse(r, BSG_E_INVALID, "a default is written out");
}

static uint32_t get_u32(struct bsg_cbor_reader *r, uint32_t min, uint32_t max)
{
	return (uint32_t)bsg_cbor_get_uint(r, min, max);
}

/* Pairs of an array that must hold whole ones. */
static size_t get_pairs(struct bsg_cbor_reader *r, size_t min, size_t max)
{
	size_t n = bsg_cbor_get_array(r, 2 * min, 2 * max);

	if (n % 2 != 0)
		bsg_cbor_refuse(r, BSG_E_INVALID, "half a pair");
	return n / 2;
}

static void get_windows(struct bsg_cbor_reader *r, struct bsg_orders *o)
{
	size_t n = get_pairs(r, 1, BSG_WINDOWS_MAX);
	int64_t base = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t from = base + bsg_cbor_get_int(r, -BSG_TIME_MAX, BSG_TIME_MAX);
		int64_t length = bsg_cbor_get_int(r, 1, BSG_TIME_MAX);

		o->windows[i].from = from * 60;
		o->windows[i].until = (from + length) * 60;
		if (i == 0)
			base = from;
	}
	o->n_windows = n;
}

static void get_area(struct bsg_cbor_reader *r, struct bsg_place *p)
{
	size_t n = get_pairs(r, 3, BSG_VERTICES_MAX);
	int64_t lat = 0, lon = 0;

	for (size_t i = 0; i < n; i++) {
		lat += bsg_cbor_get_int(r, INT32_MIN, INT32_MAX);
		lon += bsg_cbor_get_int(r, INT32_MIN, INT32_MAX);
		if (lat < INT32_MIN || lat > INT32_MAX || lon < INT32_MIN || lon > INT32_MAX)
			bsg_cbor_refuse(r, BSG_E_INVALID, "a vertex that is not on Earth");
		if (r->err != BSG_OK)
			return;
		p->area[i].lat = (int32_t)lat;
		p->area[i].lon = (int32_t)lon;
	}
	p->n_vertices = n;
}

static void get_evidence(struct bsg_cbor_reader *r, struct bsg_place *p)
{
	size_t n = get_pairs(r, 1, BSG_EVIDENCE_MAX);

	for (size_t i = 0; i < n; i++) {
		p->evidence[i].kind = (enum bsg_evidence_kind)bsg_cbor_get_uint(r, BSG_EVIDENCE_BEACON,
										BSG_EVIDENCE_WIFI);
		p->evidence[i].id = bsg_cbor_get_text(r, 1, BSG_ID_MAX);
	}
	p->n_evidence = n;
}

static void get_exit_keys(struct bsg_cbor_reader *r, struct bsg_orders_place *own)
{
	struct bsg_bytes keys;

	(void)bsg_cbor_get_array(r, 2, 2);
	own->first_day = bsg_cbor_get_int(r, 0, BSG_ORDERS_LAST_DAY);
	keys = bsg_cbor_get_bytes(r, BSG_EXIT_KEY_LEN, BSG_ORDERS_DAYS_MAX * BSG_EXIT_KEY_LEN);
	if (keys.len % BSG_EXIT_KEY_LEN != 0)
		bsg_cbor_refuse(r, BSG_E_INVALID, "half an exit key");
	own->exit_keys = keys.ptr;
	own->n_days = keys.len / BSG_EXIT_KEY_LEN;
}

static void get_place_field(struct bsg_cbor_reader *r, int64_t key, struct bsg_place *p,
			    struct bsg_orders_place *own, uint8_t *parent)
{
	switch (key) {
	case P_ID: p->id = bsg_cbor_get_id(r); break;
	case P_PARENT: *parent = (uint8_t)bsg_cbor_get_uint(r, 0, BSG_PLACES_MAX - 1); break;
	case P_NAME: bsg_wire_get_languages(r, &p->name); break;
	case P_MAX_STAY: p->max_stay = get_u32(r, 1, BSG_DURATION_MAX); break;
	case P_GRACE: p->grace = get_u32(r, 0, BSG_DURATION_MAX); break;
	case P_SELF_STAY: p->self_stay = get_u32(r, 0, BSG_DURATION_MAX); break;
	case P_ENTER_BY: p->enter_by = (uint8_t)get_u32(r, 1, BSG_ENTER_ALL); break;
	case P_LEFT_OFF: get_true(r); p->left_unconfirmed = false; break;
	case P_KEEP: p->keep = bsg_wire_get_functions(r); break;
	case P_EVIDENCE: get_evidence(r, p); break;
	case P_AREA: get_area(r, p); break;
	case P_PSEUDONYM: bsg_wire_get_fixed(r, own->pseudonym, BSG_PSEUDONYM_LEN); break;
	case P_EXIT_KEYS: get_exit_keys(r, own); break;
	default: bsg_cbor_unknown(r, key);
	}
}

static void get_places(struct bsg_cbor_reader *r, struct bsg_orders_message *m, struct links *links)
{
	size_t n = bsg_cbor_get_array(r, 1, BSG_PLACES_MAX);

	for (size_t i = 0; i < n; i++) {
		struct bsg_cbor_map map;
		unsigned seen = 0;
		int64_t key;

		links->parent[i] = NO_PLACE;
		m->orders.places[i].left_unconfirmed = true;
		bsg_cbor_get_map(r, BSG_WIRE_PAIRS_MAX, &map);
		while (bsg_cbor_map_next(r, &map, &key)) {
			get_place_field(r, key, &m->orders.places[i], &m->places[i],
					&links->parent[i]);
			seen |= seen_bit(key);
		}
		if ((seen & P_REQUIRED) != P_REQUIRED)
			bsg_cbor_refuse(r, BSG_E_INVALID, "a key of a place is missing");
	}
	m->orders.n_places = n;
}

static void get_range(struct bsg_cbor_reader *r, size_t max, size_t min_n, uint16_t *first, uint16_t *n)
{
	(void)bsg_cbor_get_array(r, 2, 2);
	*first = (uint16_t)bsg_cbor_get_uint(r, 0, max - 1);
	*n = (uint16_t)bsg_cbor_get_uint(r, min_n, max);
	if (*n == 0 && *first != 0)
		bsg_cbor_refuse(r, BSG_E_INVALID, "an empty range that does not start at 0");
}

static void get_rule_field(struct bsg_cbor_reader *r, int64_t key, struct bsg_rule *rule, uint8_t *place)
{
	switch (key) {
	case R_ID: rule->id = bsg_cbor_get_text(r, 1, BSG_RULE_ID_MAX); break;
	case R_PLACE: *place = (uint8_t)bsg_cbor_get_uint(r, 0, BSG_PLACES_MAX - 1); break;
	case R_WINDOWS:
		rule->always = false;
		get_range(r, BSG_WINDOWS_MAX, 0, &rule->first_window, &rule->n_windows);
		break;
	case R_APPS: get_range(r, BSG_APPS_MAX, 1, &rule->first_app, &rule->n_apps); break;
	case R_RESTRICT: rule->restrict_functions = bsg_wire_get_functions(r); break;
	case R_ENFORCE: get_true(r); rule->enforce = true; break;
	case R_BECAUSE: bsg_wire_get_languages(r, &rule->because); break;
	default: bsg_cbor_unknown(r, key);
	}
}

static void get_rules(struct bsg_cbor_reader *r, struct bsg_orders *o, struct links *links)
{
	size_t n = bsg_cbor_get_array(r, 1, BSG_RULES_MAX);

	for (size_t i = 0; i < n; i++) {
		struct bsg_cbor_map map;
		unsigned seen = 0;
		int64_t key;

		links->rule_place[i] = NO_PLACE;
		o->rules[i].always = true;
		bsg_cbor_get_map(r, BSG_WIRE_PAIRS_MAX, &map);
		while (bsg_cbor_map_next(r, &map, &key)) {
			get_rule_field(r, key, &o->rules[i], &links->rule_place[i]);
			seen |= seen_bit(key);
		}
		if ((seen & R_REQUIRED) != R_REQUIRED)
			bsg_cbor_refuse(r, BSG_E_INVALID, "a key of a rule is missing");
	}
	o->n_rules = n;
}

static void get_exemptions(struct bsg_cbor_reader *r, struct bsg_orders *o)
{
	size_t n = bsg_cbor_get_array(r, 1, BSG_EXEMPTIONS_MAX);

	for (size_t i = 0; i < n; i++) {
		(void)bsg_cbor_get_array(r, 3, 3);
		o->exemptions[i].functions = bsg_wire_get_functions(r);
		o->exemptions[i].from = bsg_wire_get_time(r);
		o->exemptions[i].until = bsg_wire_get_time(r);
	}
	o->n_exemptions = n;
}

static void get_presence(struct bsg_cbor_reader *r, struct bsg_orders *o)
{
	o->has_presence = true;
	(void)bsg_cbor_get_array(r, 4, 4);
	o->presence.seq = get_u32(r, 1, UINT32_MAX);
	o->presence.place = bsg_cbor_get_id(r);
	o->presence.in = bsg_cbor_get_bool(r);
	o->presence.at = bsg_wire_get_time(r);
}

static void get_apps(struct bsg_cbor_reader *r, struct bsg_orders *o)
{
	size_t n = bsg_cbor_get_array(r, 1, BSG_APPS_MAX);

	for (size_t i = 0; i < n; i++)
		o->apps[i] = bsg_wire_get_app(r);
	o->n_apps = n;
}

static void get_field(struct bsg_cbor_reader *r, int64_t key, struct bsg_orders_message *m,
		      struct links *links)
{
	struct bsg_orders *o = &m->orders;

	switch (key) {
	case DEVICE: bsg_wire_get_fixed(r, o->device, BSG_DEVICE_LEN); break;
	case SERIAL: o->serial = get_u32(r, 1, UINT32_MAX); break;
	case EXPIRES: o->expires = bsg_wire_get_time(r); break;
	case ISSUED: o->issued = bsg_wire_get_time(r); break;
	case MAX_STAY: o->max_stay = get_u32(r, 1, BSG_DURATION_MAX); break;
	case BREAK_GLASS:
		(void)bsg_cbor_get_array(r, 2, 2);
		o->break_glass_minutes = get_u32(r, 0, BSG_BREAK_GLASS_MINUTES_MAX);
		o->break_glass_per_day = get_u32(r, 0, BSG_BREAK_GLASS_PER_DAY_MAX);
		break;
	case PRESENCE: get_presence(r, o); break;
	case RELEASE:
		o->has_release = true;
		o->release_at = bsg_wire_get_time(r);
		break;
	case WINDOWS: get_windows(r, o); break;
	case APPS: get_apps(r, o); break;
	case PLACES: get_places(r, m, links); break;
	case RULES: get_rules(r, o, links); break;
	case EXEMPTIONS: get_exemptions(r, o); break;
	case DISCHARGE: get_true(r); m->discharge = true; break;
	default: bsg_cbor_unknown(r, key);
	}
}

/* Turn indexes into ids, as the decision wants them. */
static void resolve(struct bsg_cbor_reader *r, struct bsg_orders *o, const struct links *links)
{
	for (size_t i = 0; i < o->n_places && r->err == BSG_OK; i++) {
		if (links->parent[i] == NO_PLACE)
			continue;
		if (links->parent[i] >= o->n_places)
			bsg_cbor_refuse(r, BSG_E_INVALID, "a parent that is not there");
		else
			o->places[i].parent = o->places[links->parent[i]].id;
	}
	for (size_t i = 0; i < o->n_rules && r->err == BSG_OK; i++) {
		if (links->rule_place[i] == NO_PLACE)
			continue;
		if (links->rule_place[i] >= o->n_places)
			bsg_cbor_refuse(r, BSG_E_INVALID, "a rule for a place that is not there");
		else
			o->rules[i].place = o->places[links->rule_place[i]].id;
	}
}

enum bsg_err bsg_orders_decode(struct bsg_bytes payload, struct bsg_orders_message *out, const char **why)
{
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	struct links links = { { 0 }, { 0 } };
	const char *reason = NULL;
	unsigned seen = 0;
	int64_t key;
	enum bsg_err rc;

	bsg_wire_zero(out, sizeof(*out));
	bsg_cbor_reader_init(&r, payload);
	if (payload.len > BSG_ORDERS_PAYLOAD_MAX)
		bsg_cbor_refuse(&r, BSG_E_LIMIT, "orders too long");
	bsg_cbor_get_map(&r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(&r, &map, &key)) {
		get_field(&r, key, out, &links);
		seen |= seen_bit(key);
	}
	if ((seen & REQUIRED) != REQUIRED)
		bsg_cbor_refuse(&r, BSG_E_INVALID, "a key of the orders is missing");
	resolve(&r, &out->orders, &links);
	if (r.err == BSG_OK) {
		rc = bsg_orders_check(out, &reason);
		if (rc != BSG_OK)
			bsg_cbor_refuse(&r, rc, reason);
	}
	rc = bsg_cbor_reader_end(&r, why);
	if (rc != BSG_OK)
		bsg_wire_zero(out, sizeof(*out));
	return rc;
}

const uint8_t *bsg_orders_exit_key(const struct bsg_orders_message *message, size_t place, int64_t day)
{
	const struct bsg_orders_place *own;

	if (place >= message->orders.n_places)
		return NULL;
	own = &message->places[place];
	if (day < own->first_day || day - own->first_day >= (int64_t)own->n_days)
		return NULL;
	return own->exit_keys + (size_t)(day - own->first_day) * BSG_EXIT_KEY_LEN;
}
