/* SPDX-License-Identifier: Apache-2.0 */
/* Checks orders once and prepares what every step needs of them: ranks, trees, windows in order, geometry. */
#include "core/internal.h"

#define SPAN 10000000	/* an area's vertices lie within one degree of its first */

/* What a check found; code BSG_OK: nothing. */
struct verdict {
	enum bsg_err code;
	const char *why;
};

static const struct verdict fine = { BSG_OK, NULL };

static struct verdict bad(const char *why)
{
	return (struct verdict){ BSG_E_INVALID, why };
}

static struct verdict too_much(const char *why)
{
	return (struct verdict){ BSG_E_LIMIT, why };
}

static bool text_fits(const struct bsg_text *text)
{
	return text->kk.len <= BSG_TEXT_MAX && text->ru.len <= BSG_TEXT_MAX && text->en.len <= BSG_TEXT_MAX;
}

static bool has_zero(struct bsg_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == 0)
			return true;
	return false;
}

static bool good_id(struct bsg_str id, size_t most)
{
	return id.len >= 1 && id.len <= most && !has_zero(id);
}

static struct verdict check_apps(const struct bsg_str *apps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *never;

		if (apps[i].len < 1 || apps[i].len > BSG_APP_NAME_MAX)
			return too_much("the name of an app is empty or longer than 128 bytes");
		never = bsg_app_never_touched(apps[i]);
		if (never != NULL)
			return (struct verdict){ BSG_E_DENIED, never };
	}
	return fine;
}

static struct verdict check_counts(const struct bsg_orders *o)
{
	if (o->n_places > BSG_PLACES_MAX)
		return too_much("more than 8 places");
	if (o->n_rules > BSG_RULES_MAX)
		return too_much("more than 16 rules");
	if (o->n_exemptions > BSG_EXEMPTIONS_MAX)
		return too_much("more than 16 exemptions");
	if (o->n_windows > BSG_WINDOWS_MAX)
		return too_much("more than 512 windows");
	if (o->n_apps > BSG_APPS_MAX)
		return too_much("more than 64 names of apps");
	if (o->max_stay > BSG_DURATION_MAX || o->break_glass_minutes > BSG_BREAK_GLASS_MINUTES_MAX ||
	    o->break_glass_per_day > BSG_BREAK_GLASS_PER_DAY_MAX)
		return too_much("max_stay over 35 days, or break-glass over 1440 minutes or 8 a day");
	return fine;
}

static struct verdict check_whole(const struct bsg_orders *o)
{
	struct verdict v = check_counts(o);

	if (v.code != BSG_OK)
		return v;
	if (o->serial == 0)
		return bad("serial 0");
	if (o->max_stay == 0)
		return bad("max_stay 0");
	if (o->has_presence && !good_id(o->presence.place, BSG_ID_MAX))
		return bad("the place of presence is not an id of at most 40 bytes");
	for (size_t i = 0; i < o->n_exemptions; i++)
		if ((o->exemptions[i].functions & ~BSG_FUNCTIONS_ALL) != 0)
			return bad("an exemption names a function that does not exist");
	for (size_t i = 0; i < o->n_windows; i++)
		if (o->windows[i].until <= o->windows[i].from)
			return bad("a window ends before it begins");
	return check_apps(o->apps, o->n_apps);
}

static struct verdict check_area(const struct bsg_place *place)
{
	if (place->n_vertices > BSG_VERTICES_MAX)
		return too_much("an area has more than 64 vertices");
	if (place->n_vertices == 1 || place->n_vertices == 2)
		return bad("an area has fewer than 3 vertices");
	for (size_t i = 0; i < place->n_vertices; i++) {
		const struct bsg_vertex *v = &place->area[i];
		int64_t dlat = (int64_t)v->lat - place->area[0].lat, dlon = (int64_t)v->lon - place->area[0].lon;

		if (v->lat > 900000000 || v->lat < -900000000 || v->lon > 1800000000 || v->lon < -1800000000)
			return bad("an area has a vertex that is not on Earth");
		if (dlat > SPAN || dlat < -SPAN || dlon > SPAN || dlon < -SPAN)
			return bad("an area is wider than one degree, or crosses the antimeridian");
	}
	return fine;
}

static struct verdict check_evidence(const struct bsg_place *place)
{
	if (place->n_evidence > BSG_EVIDENCE_MAX)
		return too_much("a place has more than 32 beacons and BSSIDs");
	for (size_t i = 0; i < place->n_evidence; i++) {
		const struct bsg_evidence *e = &place->evidence[i];

		if (!good_id(e->id, BSG_ID_MAX) || (unsigned)e->kind > BSG_EVIDENCE_WIFI)
			return bad("a beacon or BSSID is empty or longer than 40 bytes");
		for (size_t j = 0; j < i; j++)
			if (place->evidence[j].kind == e->kind && bsg_str_same(place->evidence[j].id, e->id))
				return bad("a place has a beacon or BSSID twice");
	}
	return fine;
}

static struct verdict check_place(const struct bsg_place *place)
{
	struct verdict v;

	if (!good_id(place->id, BSG_ID_MAX))
		return bad("the id of a place is empty or longer than 40 bytes");
	if (place->max_stay > BSG_DURATION_MAX || place->grace > BSG_DURATION_MAX ||
	    place->self_stay > BSG_DURATION_MAX || !text_fits(&place->name))
		return too_much("max_stay, grace or self_stay over 35 days, or a name over 512 bytes");
	if ((place->enter_by & ~BSG_ENTER_ALL) != 0 || (place->keep & ~BSG_FUNCTIONS_ALL) != 0)
		return bad("a place has a way to enter, or a function to keep, that does not exist");
	v = check_evidence(place);
	return v.code != BSG_OK ? v : check_area(place);
}

static struct verdict check_rule(const struct bsg_orders *o, const struct bsg_rule *rule)
{
	size_t rank;

	if (!good_id(rule->id, BSG_RULE_ID_MAX))
		return bad("the id of a rule is empty or longer than 48 bytes");
	if (!text_fits(&rule->because))
		return too_much("a text is longer than 512 bytes");
	if ((rule->restrict_functions & ~BSG_FUNCTIONS_ALL) != 0)
		return bad("a rule names a function that does not exist");
	if (rule->place.len != 0 && !bsg_find_place(o, rule->place, &rank))
		return bad("a rule names a place that the orders do not have");
	if (rule->always && (rule->place.len == 0 || rule->n_windows != 0))
		return bad("a rule that always holds has no place, or has windows beside");
	if ((size_t)rule->first_window + rule->n_windows > o->n_windows ||
	    (size_t)rule->first_app + rule->n_apps > o->n_apps)
		return bad("a rule has windows or apps outside the table");
	if (rule->n_apps != 0 && (rule->restrict_functions & BSG_BIT(BSG_APPS)) == 0)
		return bad("a rule lists apps but does not restrict apps");
	return fine;
}

/* ---- ranks and trees ---- */

bool bsg_find_place(const struct bsg_orders *orders, struct bsg_str id, size_t *rank)
{
	for (*rank = 0; *rank < orders->n_places; (*rank)++)
		if (bsg_str_same(bsg_place(orders, *rank)->id, id))
			return true;
	return false;
}

bool bsg_find_slot(const struct bsg_context *c, struct bsg_str id, size_t *k)
{
	if (bsg_find_place(c->orders, id, k))
		return true;
	for (*k = FIRST_GUEST; *k < N_SLOTS; (*k)++) {
		const struct bsg_place_state *slot = bsg_slot(c->state, *k);

		if (slot->by != BSG_BY_NONE && bsg_str_same(bsg_slot_id(slot), id))
			return true;
	}
	return false;
}

static struct verdict rank_places(struct bsg_orders *o)
{
	uint8_t *ranks = o->prepared.place;

	for (size_t i = 0; i < o->n_places; i++) {
		struct verdict v = check_place(&o->places[i]);
		size_t at = i;

		if (v.code != BSG_OK)
			return v;
		for (; at > 0; at--) {
			int order = bsg_str_order(o->places[ranks[at - 1]].id, o->places[i].id);

			if (order == 0)
				return bad("two places have one id");
			if (order < 0)
				break;
			ranks[at] = ranks[at - 1];
		}
		ranks[at] = (uint8_t)i;
	}
	return fine;
}

static struct verdict rank_rules(struct bsg_orders *o)
{
	uint8_t *ranks = o->prepared.rule;

	for (size_t i = 0; i < o->n_rules; i++) {
		struct verdict v = check_rule(o, &o->rules[i]);
		size_t at = i;

		if (v.code != BSG_OK)
			return v;
		for (; at > 0; at--) {
			int order = bsg_str_order(o->rules[ranks[at - 1]].id, o->rules[i].id);

			if (order == 0)
				return bad("two rules have one id");
			if (order < 0)
				break;
			ranks[at] = ranks[at - 1];
		}
		ranks[at] = (uint8_t)i;
	}
	for (size_t i = 0; i < o->n_rules; i++) {
		size_t rank = BSG_PLACES_MAX;

		if (o->rules[ranks[i]].place.len != 0)
			(void)bsg_find_place(o, o->rules[ranks[i]].place, &rank);
		o->prepared.rule_place[i] = (uint8_t)rank;
	}
	return fine;
}

static struct verdict make_trees(struct bsg_orders *o)
{
	struct bsg_prepared *p = &o->prepared;

	for (size_t i = 0; i < o->n_places; i++) {
		size_t at = i, steps = 0;

		p->around[i] = (uint16_t)(1u << i);
		while (bsg_place(o, at)->parent.len != 0) {
			if (!bsg_find_place(o, bsg_place(o, at)->parent, &at))
				return bad("a place names a parent that the orders do not have");
			if (++steps == BSG_PLACES_MAX)
				return bad("the parents of places form a circle");
			p->around[i] |= (uint16_t)(1u << at);
		}
	}
	for (size_t i = 0; i < o->n_places; i++)
		for (size_t j = 0; j < o->n_places; j++)
			if ((p->around[j] >> i & 1) != 0)
				p->inside[i] |= (uint16_t)(1u << j);
	return fine;
}

static void prepare_places(struct bsg_orders *o)
{
	for (size_t i = 0; i < o->n_places; i++) {
		const struct bsg_place *place = bsg_place(o, i);

		o->prepared.max_stay[i] = place->max_stay != 0 ? place->max_stay : o->max_stay;
		o->prepared.cosine[i] = place->n_vertices != 0 ? bsg_cosine(place->area[0].lat) : 0;
		bsg_area_box(place, o->prepared.cosine[i], o->prepared.box[i]);
	}
}

/* ---- windows ---- */

static bool same_range(const struct bsg_rule *a, const struct bsg_rule *b)
{
	return a->first_window == b->first_window && a->n_windows == b->n_windows;
}

static bool apart(const struct bsg_rule *a, const struct bsg_rule *b)
{
	return a->n_windows == 0 || b->n_windows == 0 || a->first_window + a->n_windows <= b->first_window ||
	       b->first_window + b->n_windows <= a->first_window;
}

static void sort_windows(struct bsg_window *w, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct bsg_window moved = w[i];
		size_t at = i;

		for (; at > 0 && w[at - 1].from > moved.from; at--)
			w[at] = w[at - 1];
		w[at] = moved;
	}
}

/* D2.2: what overlaps or touches becomes one. @return how many are left, at the front */
static size_t join_windows(struct bsg_window *w, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && w[i].from <= w[kept - 1].until)
			w[kept - 1].until = bsg_most(w[kept - 1].until, w[i].until);
		else
			w[kept++] = w[i];
	}
	return kept;
}

static struct verdict prepare_windows(struct bsg_orders *o)
{
	uint16_t joined[BSG_RULES_MAX];

	for (size_t i = 0; i < o->n_rules; i++)
		for (size_t j = 0; j < i; j++)
			if (!same_range(&o->rules[i], &o->rules[j]) && !apart(&o->rules[i], &o->rules[j]))
				return bad("the windows of two rules overlap in the table but are not the same");
	for (size_t i = 0; i < o->n_rules; i++) {
		struct bsg_window *w = &o->windows[o->rules[i].first_window];
		size_t j = 0;

		while (!same_range(&o->rules[i], &o->rules[j]))
			j++;
		if (j < i) {	/* done with that rule */
			joined[i] = joined[j];
			continue;
		}
		sort_windows(w, o->rules[i].n_windows);
		joined[i] = (uint16_t)join_windows(w, o->rules[i].n_windows);
	}
	for (size_t i = 0; i < o->n_rules; i++)
		o->rules[i].n_windows = joined[i];
	return fine;
}

static struct verdict prepare(struct bsg_orders *o)
{
	struct verdict v = check_whole(o);

	if (v.code == BSG_OK)
		v = rank_places(o);
	if (v.code == BSG_OK)
		v = make_trees(o);
	if (v.code == BSG_OK)
		v = rank_rules(o);
	if (v.code == BSG_OK)
		v = prepare_windows(o);
	if (v.code == BSG_OK)
		prepare_places(o);
	return v;
}

enum bsg_err bsg_orders_prepare(struct bsg_orders *orders, const char **why)
{
	struct verdict v;

	orders->prepared = (struct bsg_prepared){ .done = false };
	v = prepare(orders);
	orders->prepared.done = v.code == BSG_OK;
	if (why != NULL)
		*why = v.why;
	return v.code;
}

static struct verdict check_guest(const struct bsg_guest *guest)
{
	if (!good_id(guest->place, BSG_ID_MAX))
		return bad("the id of a guest place is empty or longer than 40 bytes");
	if (guest->n_apps > BSG_GUEST_APPS_MAX)
		return too_much("a guest place lists more than 16 apps");
	if (guest->max_stay < 1 || guest->max_stay > BSG_DURATION_MAX)
		return too_much("max_stay of a guest place is 0 or over 35 days");
	if (!text_fits(&guest->name) || !text_fits(&guest->because))
		return too_much("a text of a guest place is longer than 512 bytes");
	if ((guest->functions & ~BSG_FUNCTIONS_ALL) != 0)
		return bad("a guest place names a function that does not exist");
	if (guest->n_apps != 0 && (guest->functions & BSG_BIT(BSG_APPS)) == 0)
		return bad("a guest place lists apps but does not restrict apps");
	return check_apps(guest->apps, guest->n_apps);
}

enum bsg_err bsg_guest_check(const struct bsg_guest *guest, const char **why)
{
	struct verdict v = check_guest(guest);

	if (why != NULL)
		*why = v.why;
	return v.code;
}
