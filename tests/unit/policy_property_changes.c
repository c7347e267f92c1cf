/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_property.h: what a change of the policy changes (P25), against compiling everything for everybody. */
#include "policy_property.h"

#include <stdlib.h>
#include <string.h>

#define DEVICES 40u
#define THINGS_MAX 64	/* rules or places of a random policy */

struct pair {
	json_t *doc[2];			/* before, after */
	struct bsg_policy *policy[2];
	struct bsg_timetable *timetable[2];
	struct bsg_policy_changes changes;
	int64_t now;
	bool rule_changed[2][THINGS_MAX], place_changed[2][THINGS_MAX];	/* written otherwise; beside the documents' lists */
	bool at_edge;			/* only a calendar changes, and only at an end of the horizon */
	bool only_looks;		/* the later one is the same in other words */
};

static int by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* JSON in which the order of nothing counts, as text: what is equal is written the same. */
static char *plain(json_t *value)
{
	json_t *out = NULL, *item;
	const char *key;
	char *texts[1024], *text;
	size_t n = 0;

	if (json_is_array(value) && json_array_size(value) > 0) {
		for (; n < json_array_size(value); n++)
			texts[n] = plain(json_array_get(value, n));
		qsort(texts, n, sizeof(*texts), by_text);
		out = json_array();
		for (size_t i = 0; i < n; i++) {
			if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0)	/* twice says no more */
				json_array_append_new(out, json_string(texts[i]));
		}
	} else if (json_is_object(value)) {
		out = json_object();
		json_object_foreach(value, key, item)
			if (!json_is_null(item)) {
				texts[n] = plain(item);
				json_object_set_new(out, key, json_string(texts[n++]));
			}
	} else if (json_is_integer(value)) {
		/* An id of digits, or a number; the two never stand in one place. */
		out = json_sprintf("%lld", (long long)json_integer_value(value));
	}
	text = json_dumps(out != NULL ? out : value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	while (n > 0)
		free(texts[--n]);
	json_decref(out);
	return text;
}

static bool same_text(json_t *a, json_t *b)
{
	if (json_equal(a, b))	/* the fast way to the same answer */
		return true;
	char *x = a != NULL ? plain(a) : NULL, *y = b != NULL ? plain(b) : NULL;
	const bool same = x != NULL && y != NULL ? strcmp(x, y) == 0 : x == y;

	free(x);
	free(y);
	return same;
}

static json_t *find(json_t *doc, const char *section, const char *id)
{
	json_t *list = json_object_get(doc, section);

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(naive_text(json_array_get(list, i), "id"), id) == 0)
			return json_array_get(list, i);
	return NULL;
}

/* Whether a rule has the same times in both versions, from @now's minute until some moment. */
static bool same_times(const struct pair *p, json_t *before, json_t *after, int64_t until)
{
	const int64_t from = p->now / 60 * 60;
	size_t n, k;
	struct bsg_window *a = naive_windows(p->doc[0], before, 0, from, until, &n);
	struct bsg_window *b = naive_windows(p->doc[1], after, 0, from, until, &k);
	const bool same = n == k && (n == 0 || memcmp(a, b, n * sizeof(*a)) == 0);

	free(a);
	free(b);
	return same;
}

/* Until a moment that no orders of now reach, even early. */
static int64_t beyond(const struct pair *p)
{
	return (p->now / 60 + 1) * 60 + BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S;
}

/* Whether a rule or place is written the same in both versions, and a rule's calendars say the same times for these orders. */
static bool is_the_same(const struct pair *p, const char *section, const char *id)
{
	json_t *before = find(p->doc[0], section, id), *after = find(p->doc[1], section, id);

	return same_text(before, after) && (strcmp(section, "rules") != 0 || same_times(p, before, after, beyond(p)));
}

/* Whether a rule says something else that any device would notice. What may be a default in other words is left aside. */
static bool rule_must_be_changed(const struct pair *p, json_t *before, json_t *after)
{
	static const char *const keys[] = { "restrict", "where", "apps", "because" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!same_text(json_object_get(before, keys[i]), json_object_get(after, keys[i])))
			return true;
	return naive_always(before) != naive_always(after) ||
	       !same_times(p, before, after, (p->now + BSG_COMPILE_HORIZON_S) / 60 * 60);
}

static bool place_must_be_changed(json_t *before, json_t *after)
{
	return !same_text(json_object_get(before, "parent"), json_object_get(after, "parent")) ||
	       !same_text(json_object_get(before, "name"), json_object_get(after, "name")) ||
	       naive_stay(before, true) != naive_stay(after, true) || naive_stay(before, false) != naive_stay(after, false);
}

static void check_one(const struct pair *p, const char *section, const struct bsg_changed *got)
{
	json_t *before = find(p->doc[0], section, got->id), *after = find(p->doc[1], section, got->id);
	const bool is_rule = strcmp(section, "rules") == 0;

	if ((got->change == BSG_DELTA_ADDED) != (before == NULL) || (got->change == BSG_DELTA_REMOVED) != (after == NULL))
		failed("%s of %s is called %s", got->id, section, bsg_delta_name(got->change));
	things[ADDED] += before == NULL;
	things[REMOVED] += after == NULL;
	if (before == NULL || after == NULL)
		return;
	if (got->change == BSG_DELTA_CHANGED && is_the_same(p, section, got->id))
		failed("%s of %s has not changed", got->id, section);
	if (got->change == BSG_DELTA_SAME &&
	    (is_rule ? rule_must_be_changed(p, before, after) : place_must_be_changed(before, after)))
		failed("%s of %s has changed", got->id, section);
	things[is_rule ? CHANGED_RULE : CHANGED_PLACE] += got->change == BSG_DELTA_CHANGED;
}

static size_t count_union(const struct pair *p, const char *section)
{
	json_t *later = json_object_get(p->doc[1], section);
	size_t n = json_array_size(json_object_get(p->doc[0], section));

	for (size_t i = 0; i < json_array_size(later); i++)
		n += find(p->doc[0], section, naive_text(json_array_get(later, i), "id")) == NULL;
	return n;
}

static void check_lists(const struct pair *p)
{
	const struct bsg_policy_changes *c = &p->changes;

	if (c->n_rules != count_union(p, "rules") || c->n_places != count_union(p, "places"))
		failed("%zu rules and %zu places are compared", c->n_rules, c->n_places);
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct bsg_changed *r = &c->rules[i];

		check_one(p, "rules", r);
		if ((i > 0 && strcmp(c->rules[i - 1].id, r->id) >= 0) ||
		    (r->change != BSG_DELTA_ADDED && strcmp(p->policy[0]->rules[r->before].id, r->id) != 0) ||
		    (r->change != BSG_DELTA_REMOVED && strcmp(p->policy[1]->rules[r->after].id, r->id) != 0))
			failed("rule %s is not where it should be", r->id);
	}
	for (size_t i = 0; i < c->n_places; i++) {
		const struct bsg_changed *pl = &c->places[i];

		check_one(p, "places", pl);
		if ((i > 0 && strcmp(c->places[i - 1].id, pl->id) >= 0) ||
		    (pl->change != BSG_DELTA_ADDED && strcmp(p->policy[0]->places[pl->before].id, pl->id) != 0) ||
		    (pl->change != BSG_DELTA_REMOVED && strcmp(p->policy[1]->places[pl->after].id, pl->id) != 0))
			failed("place %s is not where it should be", pl->id);
	}
}

static void find_changed(struct pair *p, const char *section, bool changed[2][THINGS_MAX])
{
	for (int k = 0; k < 2; k++) {
		json_t *list = json_object_get(p->doc[k], section);

		for (size_t i = 0; i < json_array_size(list); i++)
			changed[k][i] = !is_the_same(p, section, naive_text(json_array_get(list, i), "id"));
	}
}

/* Whether the last crossing was in a place that is written otherwise, or inside one. */
static bool crossed_in_changed(const struct pair *p, int k, const struct bsg_compile_facts *f)
{
	json_t *places = json_object_get(p->doc[k], "places");
	const char *id = f->has_presence ? f->presence_place : NULL;

	while (id != NULL) {
		json_t *place = find(p->doc[k], "places", id);

		if (place == NULL)
			return false;
		for (size_t i = 0; i < json_array_size(places); i++)
			if (json_array_get(places, i) == place && p->place_changed[k][i])
				return true;
		id = naive_text(place, "parent");
	}
	return false;
}

/* P25: may a device be touched at all? A rule concerns it that is written otherwise, or its orders hold such a place. */
static bool may_touch(const struct pair *p, const struct bsg_compile_facts *f)
{
	for (int k = 0; k < 2; k++) {
		json_t *rules = json_object_get(p->doc[k], "rules"), *places = json_object_get(p->doc[k], "places");

		for (size_t i = 0; i < json_array_size(rules); i++)
			if (p->rule_changed[k][i] && naive_concern(json_array_get(rules, i), f) != BSG_CONCERN_NONE)
				return true;
		for (size_t i = 0; i < json_array_size(places); i++)
			if (p->place_changed[k][i] && naive_needed(p->doc[k], f, naive_text(json_array_get(places, i), "id")))
				return true;
		if (crossed_in_changed(p, k, f))
			return true;
	}
	return false;
}

static void check_device(struct pair *p, const struct bsg_compile_facts *f)
{
	static struct bytes before, after;
	struct bsg_error err;
	bool differ = false;

	now_at.facts = f;
	bytes_of(p->policy[0], p->timetable[0], f, &before);
	bytes_of(p->policy[1], p->timetable[1], f, &after);
	const bool touch = bsg_policy_changes_touch(&p->changes, f), want = !same_bytes(&before, &after);
	const enum bsg_err code = bsg_policy_changes_device(&p->changes, f, &differ, &err);

	if (want && !touch)
		failed("orders differ, and the device is not touched");
	if (touch && !may_touch(p, f))
		failed("the device is touched by nothing that has changed");
	/* Whom nothing touches is not compiled "if need be": it may be that its orders fitted neither before nor now. */
	if (code != after.code && (touch || want || code != BSG_OK))
		failed("%d, not %d", code, after.code);
	if (code == BSG_OK && differ != want)
		failed("differ %d, not %d", differ, want);
	things[FITS_NO_MORE] += before.code == BSG_OK && after.code != BSG_OK;
	things[FITS_AGAIN] += before.code != BSG_OK && after.code == BSG_OK;
	things[NO_CHANGE] += p->only_looks;
	things[DIFFER] += want && code == BSG_OK;
	things[SAME] += !want;
	things[TOUCHED_SAME] += touch && !want;
	things[UNTOUCHED] += !touch;
}

/* Change a copy of the earlier document. @return false: this one cannot be changed so */
static bool change_copy(struct chance *c, struct pair *p)
{
	uint32_t n = p->only_looks || p->at_edge ? 0 : one_in(c, 4) ? 1 : 2 + roll(c, 5);

	json_decref(p->doc[1]);
	p->doc[1] = json_deep_copy(p->doc[0]);
	if (p->at_edge)
		random_edge(c, p->doc[1]);
	for (; n > 0; n--) {
		const char *what = random_change(c, p->doc[1]);

		if (what == NULL)
			return false;
		note("%s\n", what);
	}
	return true;
}

/* @return false: no later version came of it */
static bool make_later(struct chance *c, struct pair *p)
{
	enum bsg_err code = BSG_E_INVALID;

	for (int i = 0; i < 10 && code != BSG_OK; i++) {
		const bool changed = change_copy(c, p);
		json_t *mixed = random_order(c, p->doc[1]);

		p->policy[1] = changed ? parse(&mixed, 1, false, &code) : NULL;
		json_decref(mixed);
	}
	return code == BSG_OK;
}

static void compare(struct chance *c, struct pair *p)
{
	static struct random_facts facts;
	struct bsg_error err;

	p->now = RANDOM_NOW + roll(c, one_in(c, 2) ? 60 : 3000);
	for (int k = 0; k < 2; k++)
		p->timetable[k] = timetable_of(p->policy[k], p->now, p->now + BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S);
	const struct bsg_policy_version before = { p->policy[0], p->timetable[0] }, after = { p->policy[1], p->timetable[1] };

	if (bsg_policy_changes_find(before, after, p->now, &p->changes, &err) != BSG_OK)
		failed("no comparison: %s", err.text);
	check_lists(p);
	find_changed(p, "rules", p->rule_changed);
	find_changed(p, "places", p->place_changed);
	for (unsigned i = 0; i < DEVICES; i++) {
		random_facts(c, p->doc[i % 2], &facts);
		facts.facts.now = p->now;
		facts.facts.horizon_s = 0;
		check_device(p, &facts.facts);
	}
	bsg_policy_changes_free(&p->changes);
	bsg_timetable_drop(p->timetable[0]);
	bsg_timetable_drop(p->timetable[1]);
}

void change(uint64_t seed)
{
	struct pair p = { .now = 0 };
	struct chance c;

	chance_seed(&c, seed);
	p.doc[0] = one_in(&c, 2) ? random_crowded_policy(&c) : random_policy(&c);
	p.only_looks = one_in(&c, 12);
	p.at_edge = !p.only_looks && one_in(&c, 8);
	if (p.at_edge)
		random_edge(&c, p.doc[0]);
	look_at(seed, p.doc[0], NULL, NULL);
	p.policy[0] = parse_one(p.doc[0]);
	if (make_later(&c, &p)) {
		now_at.after = p.doc[1];
		compare(&c, &p);
	}
	look_at(0, NULL, NULL, NULL);
	bsg_policy_free(p.policy[0]);
	bsg_policy_free(p.policy[1]);
	json_decref(p.doc[0]);
	json_decref(p.doc[1]);
}
