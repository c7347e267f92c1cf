/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_property.h: what the compiler made, beside what the document says. */
#include "policy_property.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bsg_rule *find_rule(const struct bsg_orders *o, const char *id)
{
	for (size_t i = 0; i < o->n_rules; i++)
		if (is_text(o->rules[i].id, id))
			return &o->rules[i];
	return NULL;
}

/* Windows as they travel, joined where they touch; pieces are only for rules without place (P19). */
static size_t joined(const struct bsg_orders *o, const struct bsg_rule *rule, struct bsg_window *out)
{
	size_t n = 0;

	for (size_t i = 0; i < rule->n_windows; i++) {
		const struct bsg_window w = o->windows[rule->first_window + i];

		if (w.from % 60 != 0 || w.until % 60 != 0 || w.until <= w.from)
			failed("a window is not in whole minutes");
		if (rule->place.len == 0 && w.until - w.from > INT64_C(14) * 3600)
			failed("a piece is longer than 14 h");
		if (n > 0 && w.from < out[n - 1].until)
			failed("windows are not in order");
		if (n > 0 && w.from == out[n - 1].until) {
			if (rule->place.len != 0)
				failed("a rule with a place has windows that touch");
			things[CUT]++;
			out[n - 1].until = w.until;
		} else {
			out[n++] = w;
		}
	}
	return n;
}

/* Whether orders of a document's rule are what it would be with windows that begin @early minutes early. */
static bool rule_is(const struct naive *n, json_t *rule, const struct bsg_orders *o, int early, size_t *n_want)
{
	const struct bsg_rule *got = find_rule(o, naive_text(rule, "id"));
	struct bsg_window have[BSG_WINDOWS_MAX];
	struct bsg_window *want = naive_windows(n->doc, rule, early, naive_begin(n->facts), naive_expires(n->facts), n_want);
	const size_t n_have = got != NULL ? joined(o, got, have) : 0;
	const bool is = naive_concern(rule, n->facts) == BSG_CONCERN_NONE ? got == NULL :
			naive_always(rule) ? got != NULL && got->always && got->n_windows == 0 :
			(got != NULL) == (*n_want > 0) && n_have == *n_want &&
			(n_have == 0 || memcmp(have, want, n_have * sizeof(*have)) == 0);

	free(want);
	return is;
}

/*
 * P19: find by how many minutes this device begins a rule's windows early. @may has what fits its earlier orders.
 */
static void find_early(struct naive *n, size_t i, const struct bsg_orders *o, uint64_t *may)
{
	json_t *rule = json_array_get(json_object_get(n->doc, "rules"), i);
	const int most = n->facts->has_agent ? 0 : (int)(naive_duration(json_object_get(rule, "lead"), 300) / 60);
	size_t n_late, n_early;

	for (int early = 0; early < 64; early++)
		if (early > most || ((*may >> early & 1) != 0 && !rule_is(n, rule, o, early, &n_early)))
			*may &= ~(UINT64_C(1) << early);
	if (*may == 0)
		failed("rule %s has other windows, or another lead than before", naive_text(rule, "id"));
	for (n->early[i] = 0; (*may >> n->early[i] & 1) == 0;)
		n->early[i]++;
	(void)rule_is(n, rule, o, 0, &n_late);
	(void)rule_is(n, rule, o, n->early[i], &n_early);
	things[EARLY] += n->early[i] > 0 && n_early > 0;
	things[EARLY_IN] += n_early > 0 && n_late == 0 && naive_concern(rule, n->facts) != BSG_CONCERN_NONE;
}

static void check_text(json_t *rule, const struct bsg_rule *got)
{
	json_t *because = json_object_get(rule, "because");

	if (!is_text(got->because.kk, naive_text(because, "kk")) || !is_text(got->because.en, naive_text(because, "en")) ||
	    !is_text(got->because.ru, naive_text(because, "ru")))
		failed("rule %s has another text", naive_text(rule, "id"));
}

static void check_apps(json_t *rule, const struct bsg_orders *o, const struct bsg_rule *got)
{
	json_t *apps = json_object_get(rule, "apps");

	if (got->n_apps != json_array_size(apps))
		failed("rule %s has %u apps", naive_text(rule, "id"), got->n_apps);
	for (size_t i = 0; i < got->n_apps; i++) {
		char name[BSG_APP_NAME_MAX + 1];

		snprintf(name, sizeof(name), "%.*s", (int)o->apps[got->first_app + i].len, o->apps[got->first_app + i].ptr);
		if (!naive_has(apps, name))
			failed("rule %s has the app %s", naive_text(rule, "id"), name);
	}
}

/* P16: one rule a place. @return how many rules of the orders this was */
static size_t check_rule(const struct naive *n, size_t i, const struct bsg_orders *o)
{
	json_t *rule = json_array_get(json_object_get(n->doc, "rules"), i);
	const enum bsg_concern concern = naive_concern(rule, n->facts);
	const struct bsg_rule *first = find_rule(o, naive_text(rule, "id"));
	size_t nth = 0;

	things[RULE_OTHERS] += concern == BSG_CONCERN_NONE;
	things[RULE_BEYOND] += concern != BSG_CONCERN_NONE && first == NULL;
	things[RULE_ALWAYS] += first != NULL && first->always;
	for (; first != NULL; nth++) {
		const char *place = naive_rule_place(rule, nth);
		char id[NAIVE_ID];
		const struct bsg_rule *got;

		if (nth > 0 && place == NULL)
			break;
		naive_rule_id(rule, nth + 1, id);
		got = find_rule(o, id);
		if (got == NULL || !is_text(got->place, place) || got->always != first->always ||
		    got->restrict_functions != naive_functions(json_object_get(rule, "restrict")) ||
		    got->enforce != (concern == BSG_CONCERN_ENFORCED) || got->n_windows != first->n_windows ||
		    (got->n_windows > 0 && got->first_window != first->first_window))
			failed("rule %s is not as written", id);
		check_text(rule, got);
		check_apps(rule, o, got);
		things[SHARED] += nth > 0 && got->n_windows > 0;
	}
	return nth;
}

static void check_rules(struct naive *n, const struct bsg_orders *o, uint64_t *may)
{
	json_t *rules = json_object_get(n->doc, "rules");
	size_t sum = 0;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		find_early(n, i, o, &may[i]);
		sum += check_rule(n, i, o);
	}
	/* Their order (P16) is left open here: by the ids in the orders, or by those of the document. */
	if (sum != o->n_rules)
		failed("%zu rules in the orders, not %zu", o->n_rules, sum);
	for (size_t i = 0; i < o->n_windows; i++)
		things[CUT_HORIZON] += o->windows[i].from == naive_begin(n->facts) || o->windows[i].until == o->expires;
}

static const struct bsg_place *find_place(const struct bsg_orders *o, const char *id)
{
	for (size_t i = 0; i < o->n_places; i++)
		if (is_text(o->places[i].id, id))
			return &o->places[i];
	return NULL;
}

static bool is_named(json_t *doc, const struct bsg_compile_facts *f, const char *place)
{
	json_t *rules = json_object_get(doc, "rules");

	for (size_t i = 0; i < json_array_size(rules); i++)
		if (naive_concern(json_array_get(rules, i), f) != BSG_CONCERN_NONE &&
		    naive_has(json_object_get(json_array_get(rules, i), "where"), place))
			return true;
	return false;
}

/* P17, P18 */
static size_t check_place(const struct naive *n, json_t *place, const struct bsg_orders *o)
{
	const char *id = naive_text(place, "id"), *parent = naive_text(place, "parent");
	const struct bsg_place *got = find_place(o, id);
	json_t *glass = json_object_get(place, "break_glass"), *name = json_object_get(place, "name");

	if ((got != NULL) != naive_needed(n->doc, n->facts, id))
		failed("place %s is %s", id, got != NULL ? "there" : "left out");
	things[PLACE_LEFT_OUT] += got == NULL;
	things[SHORT_LEASE] += got != NULL && naive_stay(place, true) != naive_stay(place, n->facts->has_agent);
	if (got == NULL)
		return 0;
	if ((got->max_stay != 0 ? got->max_stay : o->max_stay) != naive_stay(place, n->facts->has_agent) ||
	    !is_text(got->parent, parent) || got->keep != naive_functions(json_object_get(glass, "keep")) ||
	    got->grace != naive_duration(json_object_get(place, "grace"), 180) || got->self_stay != 900 || got->enter_by != 0 ||
	    !got->left_unconfirmed || !is_text(got->name.en, naive_text(name, "en")) ||
	    !is_text(got->name.ru, naive_text(name, "ru")))
		failed("place %s is not as written", id);
	things[PLACE_INSIDE] += !is_named(n->doc, n->facts, id) && parent != NULL && is_named(n->doc, n->facts, parent);
	return 1;
}

static void check_exemptions(const struct bsg_compile_facts *f, const struct bsg_orders *o)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_exemptions; i++) {
		const struct bsg_compile_exemption *e = &f->exemptions[i];
		const bool counts = e->until > f->now && e->from < naive_expires(f);
		size_t k = 0;

		while (k < o->n_exemptions && (o->exemptions[k].functions != e->functions || o->exemptions[k].from != e->from ||
					       o->exemptions[k].until != e->until))
			k++;
		if (counts != (k < o->n_exemptions))
			failed("exemption %zu is %s", i, counts ? "left out" : "there");
		n += counts;
	}
	if (n != o->n_exemptions)
		failed("%zu exemptions in the orders, not %zu", o->n_exemptions, n);
	things[FEWER_EXEMPTIONS] += n < f->n_exemptions;
}

/* P17: the server's word about presence. */
static void check_presence(const struct naive *n, const struct bsg_orders *o)
{
	const struct bsg_compile_facts *f = n->facts;
	const char *place = naive_crossing(n->doc, f);

	if (o->has_presence != (place != NULL) ||
	    (place != NULL && (o->presence.seq != f->presence_seq || o->presence.in != f->presence_in ||
			       o->presence.at != f->presence_at || !is_text(o->presence.place, place))))
		failed("presence is not in %s", place != NULL ? place : "no place");
	things[SERVER_LOST] += f->has_presence && place == NULL;
	things[SERVER_LIFTED] += place != NULL && strcmp(place, f->presence_place) != 0;
	things[SERVER_CAME] += place != NULL && f->presence_in;
}

void check_orders(struct naive *n, const struct bsg_orders *o, uint64_t *may)
{
	json_t *places = json_object_get(n->doc, "places");
	uint32_t minutes, per_day;
	size_t sum = 0, said = 0;

	for (size_t i = 0; i < json_array_size(places); i++) {
		json_t *place = json_array_get(places, i);

		sum += check_place(n, place, o);
		said += find_place(o, naive_text(place, "id")) != NULL && json_object_get(place, "break_glass") != NULL;
	}
	things[GLASS_SAID] += said > 1;
	naive_break_glass_limits(n->doc, n->facts, &minutes, &per_day);
	if (sum != o->n_places || o->break_glass_minutes != minutes || o->break_glass_per_day != per_day ||
	    o->max_stay != 14 * 3600 || o->issued != n->facts->now || o->expires != naive_expires(n->facts) ||
	    o->serial != n->facts->serial || o->has_release != n->facts->has_release ||
	    (o->has_release && o->release_at != n->facts->release_at))
		failed("the orders' own fields are not as written");
	check_rules(n, o, may);
	check_exemptions(n->facts, o);
	check_presence(n, o);
}
