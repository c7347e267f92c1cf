/* SPDX-License-Identifier: Apache-2.0 */
/* Orders and outputs to JSON. Shapes: docs/spec/decision.md, section JSON. */
#include "policy/decide_json.h"

#include "base/hex.h"
#include "policy/json.h"

static json_t *string(struct bsg_str s)
{
	return json_stringn(s.len > 0 ? s.ptr : "", s.len);
}

static json_t *string_or_null(struct bsg_str s)
{
	return s.len > 0 ? string(s) : json_null();
}

static json_t *moment(int64_t t)
{
	return t != 0 ? json_integer(t) : json_null();
}

static json_t *text(const struct bsg_text *t)
{
	json_t *map;

	if (t == NULL || (t->kk.len == 0 && t->ru.len == 0 && t->en.len == 0))
		return json_null();
	map = json_object();
	if (t->kk.len > 0)
		bsg_json_put(&map, "kk", string(t->kk));
	if (t->ru.len > 0)
		bsg_json_put(&map, "ru", string(t->ru));
	if (t->en.len > 0)
		bsg_json_put(&map, "en", string(t->en));
	return map;
}

static json_t *strings(const struct bsg_str *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		bsg_json_add(&list, string(items[i]));
	return list;
}

/* ---- output ------------------------------------------------------------ */

static json_t *restricted(const struct bsg_output *output)
{
	json_t *list = json_array();

	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		const struct bsg_out_why *why = &output->why[f];
		json_t *row;

		if ((output->restricted & BSG_BIT(f)) == 0)
			continue;
		row = json_object();
		bsg_json_put(&row, "function", json_string(bsg_functions[f].name));
		bsg_json_put(&row, "rule", string(why->rule));
		bsg_json_put(&row, "place", string_or_null(why->place));
		bsg_json_put(&row, "because", text(why->because));
		bsg_json_put(&row, "until", moment(why->until));
		bsg_json_add(&list, row);
	}
	return list;
}

static json_t *may_pass(const struct bsg_output *output)
{
	static const char *const reasons[] = {
		[BSG_PASS_NONE] = NULL,
		[BSG_PASS_ORDERS_EXPIRED] = "orders_expired",
		[BSG_PASS_RELEASED] = "released",
		[BSG_PASS_TIME_UNVERIFIED] = "time_unverified",
		[BSG_PASS_BREAK_GLASS] = "break_glass",
		[BSG_PASS_LEFT_UNCONFIRMED] = "left_unconfirmed",
		[BSG_PASS_ABSENT] = "absent",
	};
	json_t *map = json_object();
	const char *why = reasons[output->why_no_pass];

	bsg_json_put(&map, "ok", json_boolean(output->may_pass));
	bsg_json_put(&map, "why", output->may_pass || why == NULL ? json_null() : json_string(why));
	return map;
}

static const char *by_name(enum bsg_by by)
{
	return by == BSG_BY_GATE ? "gate" : by == BSG_BY_SELF ? "self" : "weak";
}

static json_t *present(const struct bsg_output *output)
{
	json_t *list = json_array();

	for (size_t i = 0; i < output->n_present; i++) {
		const struct bsg_out_present *p = &output->present[i];
		json_t *row = json_object();

		bsg_json_put(&row, "place", string(p->place));
		bsg_json_put(&row, "by", json_string(by_name(p->by)));
		bsg_json_put(&row, "since", json_integer(p->since));
		bsg_json_put(&row, "anchor", json_integer(p->anchor));
		bsg_json_put(&row, "end", json_integer(p->end));
		bsg_json_add(&list, row);
	}
	return list;
}

/* Which keys a report of a kind has. */
static const struct report_kind {
	const char *name;
	bool place, value;
} report_kinds[] = {
	[BSG_OUT_CLOCK_CORRECTED] = { "clock_corrected", false, true },
	[BSG_OUT_LEFT_UNCONFIRMED] = { "left_unconfirmed", true, false },
	[BSG_OUT_BREAK_GLASS] = { "break_glass", false, true },
	[BSG_OUT_BREAK_GLASS_REFUSED] = { "break_glass_refused", false, false },
	[BSG_OUT_GATE_EVENT_STALE] = { "gate_event_stale", true, true },
	[BSG_OUT_GUEST_REFUSED] = { "guest_refused", true, true },
	[BSG_OUT_PLACE_GONE] = { "place_gone", true, false },
	[BSG_OUT_UNKNOWN_PLACE] = { "unknown_place", true, true },
};

static json_t *reports(const struct bsg_output *output)
{
	json_t *list = json_array();

	for (size_t i = 0; i < output->n_reports; i++) {
		const struct bsg_out_report *report = &output->reports[i];
		const struct report_kind *kind = &report_kinds[report->kind];
		json_t *row = json_object();

		bsg_json_put(&row, "kind", json_string(kind->name));
		if (kind->place)
			bsg_json_put(&row, "place", json_stringn(report->place, report->place_len));
		if (kind->value)
			bsg_json_put(&row, "value", json_integer(report->value));
		bsg_json_add(&list, row);
	}
	return list;
}

json_t *bsg_json_output_write(const struct bsg_output *output)
{
	json_t *map = json_object();

	bsg_json_put(&map, "restricted", restricted(output));
	bsg_json_put(&map, "apps", strings(output->apps, output->n_apps));
	bsg_json_put(&map, "observed", bsg_json_functions(output->observed));
	bsg_json_put(&map, "may_pass", may_pass(output));
	bsg_json_put(&map, "present", present(output));
	bsg_json_put(&map, "next", moment(output->next));
	bsg_json_put(&map, "lift_by", moment(output->lift_by));
	bsg_json_put(&map, "reports", reports(output));
	return map;
}

/* ---- orders ------------------------------------------------------------ */

static json_t *enter_by(uint8_t set)
{
	static const char *const words[] = { "beacon", "wifi", "area", "self" };
	json_t *list = json_array();

	bsg_json_add(&list, json_string("gate"));
	for (unsigned i = 0; i < 4; i++)
		if ((set & 1u << i) != 0)
			bsg_json_add(&list, json_string(words[i]));
	return list;
}

static json_t *evidence(const struct bsg_place *place, enum bsg_evidence_kind kind)
{
	json_t *list = json_array();

	for (size_t i = 0; i < place->n_evidence; i++)
		if (place->evidence[i].kind == kind)
			bsg_json_add(&list, string(place->evidence[i].id));
	return list;
}

static json_t *area(const struct bsg_place *place)
{
	json_t *list;

	if (place->n_vertices == 0)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < place->n_vertices; i++) {
		json_t *pair = json_array();

		bsg_json_add(&pair, json_integer(place->area[i].lat));
		bsg_json_add(&pair, json_integer(place->area[i].lon));
		bsg_json_add(&list, pair);
	}
	return list;
}

static json_t *place_json(const struct bsg_place *place)
{
	json_t *map = json_object();

	bsg_json_put(&map, "id", string(place->id));
	bsg_json_put(&map, "name", text(&place->name));
	bsg_json_put(&map, "parent", string_or_null(place->parent));
	bsg_json_put(&map, "max_stay", place->max_stay > 0 ? json_integer(place->max_stay) : json_null());
	bsg_json_put(&map, "grace", json_integer(place->grace));
	bsg_json_put(&map, "self_stay", json_integer(place->self_stay));
	bsg_json_put(&map, "enter_by", enter_by(place->enter_by));
	bsg_json_put(&map, "left_unconfirmed", json_boolean(place->left_unconfirmed));
	bsg_json_put(&map, "keep", bsg_json_functions(place->keep));
	bsg_json_put(&map, "beacons", evidence(place, BSG_EVIDENCE_BEACON));
	bsg_json_put(&map, "wifi", evidence(place, BSG_EVIDENCE_WIFI));
	bsg_json_put(&map, "area", area(place));
	return map;
}

static json_t *windows(const struct bsg_orders *orders, const struct bsg_rule *rule)
{
	json_t *list;

	if (rule->always)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < rule->n_windows; i++) {
		const struct bsg_window *window = &orders->windows[rule->first_window + i];
		json_t *pair = json_array();

		bsg_json_add(&pair, json_integer(window->from));
		bsg_json_add(&pair, json_integer(window->until));
		bsg_json_add(&list, pair);
	}
	return list;
}

static json_t *rule_json(const struct bsg_orders *orders, const struct bsg_rule *rule)
{
	json_t *map = json_object();

	bsg_json_put(&map, "id", string(rule->id));
	bsg_json_put(&map, "place", string_or_null(rule->place));
	bsg_json_put(&map, "windows", windows(orders, rule));
	bsg_json_put(&map, "restrict", bsg_json_functions(rule->restrict_functions));
	bsg_json_put(&map, "apps", strings(orders->apps + rule->first_app, rule->n_apps));
	bsg_json_put(&map, "enforce", json_boolean(rule->enforce));
	bsg_json_put(&map, "because", text(&rule->because));
	return map;
}

static json_t *presence(const struct bsg_orders *orders)
{
	json_t *map;

	if (!orders->has_presence)
		return json_null();
	map = json_object();
	bsg_json_put(&map, "seq", json_integer(orders->presence.seq));
	bsg_json_put(&map, "place", string(orders->presence.place));
	bsg_json_put(&map, "direction", json_string(orders->presence.in ? "in" : "out"));
	bsg_json_put(&map, "at", json_integer(orders->presence.at));
	return map;
}

static json_t *exemptions(const struct bsg_orders *orders)
{
	json_t *list = json_array();

	for (size_t i = 0; i < orders->n_exemptions; i++) {
		json_t *map = json_object();

		bsg_json_put(&map, "functions", bsg_json_functions(orders->exemptions[i].functions));
		bsg_json_put(&map, "from", json_integer(orders->exemptions[i].from));
		bsg_json_put(&map, "until", json_integer(orders->exemptions[i].until));
		bsg_json_add(&list, map);
	}
	return list;
}

static void put_settings(json_t **map, const struct bsg_orders *orders)
{
	json_t *lease = json_object(), *glass = json_object();

	bsg_json_put(&lease, "max_stay", json_integer(orders->max_stay));
	bsg_json_put(map, "lease", lease);
	bsg_json_put(&glass, "minutes", json_integer(orders->break_glass_minutes));
	bsg_json_put(&glass, "per_day", json_integer(orders->break_glass_per_day));
	bsg_json_put(map, "break_glass", glass);
}

json_t *bsg_json_orders_write(const struct bsg_orders *orders)
{
	json_t *map = json_object(), *places = json_array(), *rules = json_array();
	char device[2 * BSG_DEVICE_LEN + 1];

	bsg_hex_encode(orders->device, BSG_DEVICE_LEN, device);
	bsg_json_put(&map, "device", json_string(device));
	bsg_json_put(&map, "serial", json_integer(orders->serial));
	bsg_json_put(&map, "issued", json_integer(orders->issued));
	bsg_json_put(&map, "expires", json_integer(orders->expires));
	bsg_json_put(&map, "release", orders->has_release ? json_integer(orders->release_at) : json_null());
	bsg_json_put(&map, "presence", presence(orders));
	put_settings(&map, orders);
	for (size_t i = 0; i < orders->n_places; i++)
		bsg_json_add(&places, place_json(&orders->places[i]));
	bsg_json_put(&map, "places", places);
	for (size_t i = 0; i < orders->n_rules; i++)
		bsg_json_add(&rules, rule_json(orders, &orders->rules[i]));
	bsg_json_put(&map, "rules", rules);
	bsg_json_put(&map, "exemptions", exemptions(orders));
	return map;
}
