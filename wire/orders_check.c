/* SPDX-License-Identifier: Apache-2.0 */
/* What makes orders valid. See wire/orders_check.h; rules W20..W29 of docs/spec/messages.md. */
#include "wire/orders_check.h"

#include "wire/internal.h"

#define LAT_MAX 900000000
#define LON_MAX 1800000000
#define DEGREE 10000000

/* Each returns NULL, or what is wrong. */

static const char *check_counts(const struct bsg_orders *o)
{
	if (o->n_places > BSG_PLACES_MAX)
		return "too many places";
	if (o->n_rules > BSG_RULES_MAX)
		return "too many rules";
	if (o->n_windows > BSG_WINDOWS_MAX)
		return "too many windows";
	if (o->n_exemptions > BSG_EXEMPTIONS_MAX)
		return "too many exemptions";
	if (o->n_apps > BSG_APPS_MAX)
		return "too many apps";
	for (size_t i = 0; i < o->n_places; i++) {
		if (o->places[i].n_evidence > BSG_EVIDENCE_MAX)
			return "too many beacons and BSSIDs";
		if (o->places[i].n_vertices > BSG_VERTICES_MAX)
			return "too many vertices";
	}
	return NULL;
}

static const char *check_head(const struct bsg_orders *o)
{
	if (o->serial == 0)
		return "serial is 0";
	if (!bsg_wire_is_life(o->issued, o->expires, BSG_ORDERS_LIFE_S))
		return "orders live too long, or not at all";
	if (o->max_stay == 0 || o->max_stay > BSG_DURATION_MAX)
		return "lease out of range";
	if (o->break_glass_minutes > BSG_BREAK_GLASS_MINUTES_MAX ||
	    o->break_glass_per_day > BSG_BREAK_GLASS_PER_DAY_MAX)
		return "break-glass out of range";
	if (o->has_presence && (o->presence.seq == 0 || !bsg_wire_is_id(o->presence.place)))
		return "presence without sequence or place";
	return NULL;
}

static bool has_capital(struct bsg_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z')
			return true;
	return false;
}

static const char *check_evidence(const struct bsg_place *p)
{
	for (size_t i = 0; i < p->n_evidence; i++) {
		const struct bsg_evidence *e = &p->evidence[i];

		if (e->id.len == 0 || e->id.len > BSG_ID_MAX)
			return "a beacon or BSSID without id";
		if (e->kind != BSG_EVIDENCE_BEACON && e->kind != BSG_EVIDENCE_WIFI)
			return "unknown kind of evidence";
		if (e->kind == BSG_EVIDENCE_WIFI && has_capital(e->id))
			return "a BSSID in capitals";
		for (size_t k = 0; k < i; k++)
			if (p->evidence[k].kind == e->kind && bsg_wire_same(p->evidence[k].id, e->id))
				return "a beacon or BSSID twice in a place";
	}
	return NULL;
}

static bool is_near(int32_t a, int32_t b)
{
	int64_t distance = (int64_t)a - b;

	return distance >= -DEGREE && distance <= DEGREE;
}

static const char *check_area(const struct bsg_place *p)
{
	if (p->n_vertices == 1 || p->n_vertices == 2)
		return "an area of less than three vertices";
	for (size_t i = 0; i < p->n_vertices; i++) {
		const struct bsg_vertex *v = &p->area[i];

		if (v->lat < -LAT_MAX || v->lat > LAT_MAX || v->lon < -LON_MAX || v->lon > LON_MAX)
			return "a vertex that is not on Earth";
		if (!is_near(v->lat, p->area[0].lat) || !is_near(v->lon, p->area[0].lon))
			return "an area wider than a degree";
	}
	return NULL;
}

static const char *check_place_numbers(const struct bsg_place *p, const struct bsg_orders_place *own)
{
	if (!bsg_wire_is_id(p->id))
		return "not an identifier";
	if (p->max_stay > BSG_DURATION_MAX || p->grace > BSG_DURATION_MAX || p->self_stay > BSG_DURATION_MAX)
		return "a place's duration out of range";
	if ((p->enter_by & ~BSG_ENTER_ALL) != 0)
		return "unknown way to enter";
	if ((p->keep & ~BSG_FUNCTIONS_ALL) != 0)
		return "unknown function";
	if (own->n_days > BSG_ORDERS_DAYS_MAX)
		return "too many exit keys";
	if (own->n_days > 0 && (own->first_day < 0 || own->first_day > BSG_ORDERS_LAST_DAY))
		return "exit keys for a day that is not there";
	return NULL;
}

/* Index of a place, n_places if it is not there. */
static size_t find_place(const struct bsg_orders *o, struct bsg_str id)
{
	size_t i = 0;

	while (i < o->n_places && !bsg_wire_same(o->places[i].id, id))
		i++;
	return i;
}

/* Parents form a tree: going up ends within as many steps as there are places. */
static const char *check_parents(const struct bsg_orders *o, size_t start)
{
	size_t at = start;

	for (size_t steps = 0; o->places[at].parent.len > 0; steps++) {
		at = find_place(o, o->places[at].parent);
		if (at == o->n_places)
			return "a parent that is not there";
		if (steps == o->n_places)
			return "parents in a circle";
	}
	return NULL;
}

static const char *check_place(const struct bsg_orders_message *m, size_t i)
{
	const struct bsg_place *p = &m->orders.places[i];
	const char *why = check_place_numbers(p, &m->places[i]);

	if (why == NULL)
		why = check_evidence(p);
	if (why == NULL)
		why = check_area(p);
	if (why == NULL && find_place(&m->orders, p->id) != i)
		why = "a place twice";
	return why;
}

static const char *check_windows(const struct bsg_orders *o)
{
	for (size_t i = 0; i < o->n_windows; i++) {
		const struct bsg_window *w = &o->windows[i];
		uint32_t rest_from, rest_until;

		if (w->from < BSG_TIME_MIN || w->until > BSG_TIME_MAX)
			return "a window out of time";
		if (w->from >= w->until)
			return "a window that ends before it begins";
		(void)bsg_wire_divide((uint64_t)w->from, 60, &rest_from);
		(void)bsg_wire_divide((uint64_t)w->until, 60, &rest_until);
		if (rest_from != 0 || rest_until != 0)
			return "a window that is not in whole minutes";
	}
	return NULL;
}

static const char *check_exemptions(const struct bsg_orders *o)
{
	for (size_t i = 0; i < o->n_exemptions; i++) {
		const struct bsg_exemption *e = &o->exemptions[i];

		if (e->functions == 0 || (e->functions & ~BSG_FUNCTIONS_ALL) != 0)
			return "unknown function, or none";
		if (e->from >= e->until)
			return "an exemption that ends before it begins";
	}
	return NULL;
}

/* Two rules share all their windows or none. */
static bool is_half_shared(const struct bsg_rule *a, const struct bsg_rule *b)
{
	if (a->always || b->always || a->n_windows == 0 || b->n_windows == 0)
		return false;
	if (a->first_window == b->first_window && a->n_windows == b->n_windows)
		return false;
	return a->first_window < b->first_window + b->n_windows &&
	       b->first_window < a->first_window + a->n_windows;
}

static const char *check_rule_ranges(const struct bsg_orders *o, const struct bsg_rule *rule)
{
	if (rule->always && rule->n_windows > 0)
		return "a rule that holds always and has windows";
	if (rule->always && rule->place.len == 0)
		return "a rule with neither place nor window";
	if (!rule->always && rule->n_windows > 0 &&
	    (size_t)rule->first_window + rule->n_windows > o->n_windows)
		return "windows that are not there";
	if (rule->n_apps > 0 && (size_t)rule->first_app + rule->n_apps > o->n_apps)
		return "apps that are not there";
	if (rule->n_apps > 0 && (rule->restrict_functions & BSG_BIT(BSG_APPS)) == 0)
		return "apps listed and not restricted";
	return NULL;
}

static const char *check_rule(const struct bsg_orders *o, size_t i)
{
	const struct bsg_rule *rule = &o->rules[i];

	if (!bsg_wire_is_rule_id(rule->id))
		return "not the identifier of a rule";
	if (rule->place.len > 0 && find_place(o, rule->place) == o->n_places)
		return "a rule for a place that is not there";
	if (rule->restrict_functions == 0 || (rule->restrict_functions & ~BSG_FUNCTIONS_ALL) != 0)
		return "unknown function, or none";
	for (size_t k = 0; k < i; k++) {
		if (bsg_wire_same(o->rules[k].id, rule->id))
			return "a rule twice";
		if (is_half_shared(&o->rules[k], rule))
			return "two rules share some of their windows";
	}
	return check_rule_ranges(o, rule);
}

static const char *check_discharge(const struct bsg_orders_message *m)
{
	const struct bsg_orders *o = &m->orders;

	if (m->discharge && (o->n_places + o->n_rules + o->n_windows + o->n_exemptions + o->n_apps > 0 ||
			     o->has_presence || o->has_release))
		return "a discharge that orders something";
	return NULL;
}

enum bsg_err bsg_orders_check(const struct bsg_orders_message *message, const char **why)
{
	const struct bsg_orders *o = &message->orders;
	const char *wrong = check_counts(o);

	if (wrong != NULL) {
		*why = wrong;
		return BSG_E_LIMIT;
	}
	wrong = check_head(o);
	for (size_t i = 0; i < o->n_places && wrong == NULL; i++)
		wrong = check_place(message, i);
	for (size_t i = 0; i < o->n_places && wrong == NULL; i++)
		wrong = check_parents(o, i);
	if (wrong == NULL)
		wrong = check_windows(o);
	for (size_t i = 0; i < o->n_rules && wrong == NULL; i++)
		wrong = check_rule(o, i);
	if (wrong == NULL)
		wrong = check_exemptions(o);
	if (wrong == NULL)
		wrong = check_discharge(message);
	if (wrong == NULL)
		return BSG_OK;
	*why = wrong;
	return BSG_E_INVALID;
}
