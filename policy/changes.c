/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of a policy, side by side. See policy/changes.h. */
#include "policy/changes.h"

#include <stdlib.h>
#include <string.h>

#include "wire/orders.h"

/* A window of a rule, cut to the span that both versions are asked about; false: there are no more. */
static bool next_window(const struct bsg_timetable_rule *times, size_t *i, int64_t from, int64_t until,
			struct bsg_policy_window *out)
{
	while (*i < times->n) {
		const struct bsg_policy_window w = times->windows[(*i)++];

		*out = (struct bsg_policy_window){ w.from > from ? w.from : from, w.until < until ? w.until : until };
		if (out->from < out->until)
			return true;
	}
	return false;
}

static struct bsg_timetable_rule times_of(const struct bsg_policy_version *version, size_t rule)
{
	const struct bsg_policy_rule *r = &version->policy->rules[rule];

	if (version->timetable == NULL)
		return (struct bsg_timetable_rule){ r->windows, r->n_windows };
	return version->timetable->rules[rule];
}

static bool same_times(const struct bsg_policy_changes *c, size_t before, size_t after)
{
	const struct bsg_timetable_rule a = times_of(&c->before, before), b = times_of(&c->after, after);
	const int64_t from = c->now - c->now % 60, until = c->now + BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S;
	struct bsg_policy_window x, y;
	size_t i = 0, j = 0;
	bool more;

	if (c->before.timetable == NULL && c->before.policy->rules[before].has_ics)
		return false;
	do {
		more = next_window(&a, &i, from, until, &x);
		if (more != next_window(&b, &j, from, until, &y))
			return false;
		if (more && (x.from != y.from || x.until != y.until))
			return false;
	} while (more);
	return true;
}

/* Both lists are sorted by id, so are the versions'. */
struct lists {
	json_t *before, *after;
	bool are_rules;
};

static const char *id_at(json_t *list, size_t i)
{
	return json_string_value(json_object_get(json_array_get(list, i), "id"));
}

static enum bsg_delta compare(const struct bsg_policy_changes *c, const struct lists *lists, size_t before, size_t after)
{
	if (!json_equal(json_array_get(lists->before, before), json_array_get(lists->after, after)))
		return BSG_DELTA_CHANGED;
	return lists->are_rules && !same_times(c, before, after) ? BSG_DELTA_CHANGED : BSG_DELTA_SAME;
}

/* Walk both lists at once. Ids are borrowed from the policies. */
static size_t pair_up(const struct bsg_policy_changes *c, const struct lists *lists, struct bsg_changed *out)
{
	const size_t n_before = json_array_size(lists->before), n_after = json_array_size(lists->after);
	size_t i = 0, j = 0, n = 0;

	while (i < n_before || j < n_after) {
		const int order = i == n_before ? 1 : j == n_after ? -1 :
				  strcmp(id_at(lists->before, i), id_at(lists->after, j));
		const struct bsg_policy *policy = order <= 0 ? c->before.policy : c->after.policy;
		const size_t at = order <= 0 ? i : j;
		struct bsg_changed *item = &out[n++];

		item->id = lists->are_rules ? policy->rules[at].id : policy->places[at].id;
		item->before = i;
		item->after = j;
		item->change = order < 0 ? BSG_DELTA_REMOVED : order > 0 ? BSG_DELTA_ADDED : compare(c, lists, i, j);
		i += order <= 0;
		j += order >= 0;
	}
	return n;
}

static enum bsg_err no_memory(struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to compare policies");
}

enum bsg_err bsg_policy_changes_find(struct bsg_policy_version before, struct bsg_policy_version after, int64_t now,
				     struct bsg_policy_changes *out, struct bsg_error *err)
{
	const size_t n_rules = before.policy->n_rules + after.policy->n_rules;
	const size_t n_places = before.policy->n_places + after.policy->n_places;
	json_t *a = bsg_policy_to_json(before.policy), *b = bsg_policy_to_json(after.policy);

	*out = (struct bsg_policy_changes){ .before = before, .after = after, .now = now };
	out->rules = calloc(n_rules + 1, sizeof(*out->rules));
	out->places = calloc(n_places + 1, sizeof(*out->places));
	out->marks = calloc(n_places + 1, 1);
	if (a == NULL || b == NULL || out->rules == NULL || out->places == NULL || out->marks == NULL) {
		json_decref(a);
		json_decref(b);
		return no_memory(err);
	}
	out->n_rules = pair_up(out, &(struct lists){ json_object_get(a, "rules"), json_object_get(b, "rules"), true }, out->rules);
	out->n_places = pair_up(out, &(struct lists){ json_object_get(a, "places"), json_object_get(b, "places"), false },
				out->places);
	json_decref(a);
	json_decref(b);
	return BSG_OK;
}

void bsg_policy_changes_free(struct bsg_policy_changes *changes)
{
	free(changes->rules);
	free(changes->places);
	free(changes->marks);
	*changes = (struct bsg_policy_changes){ .now = 0 };
}

static bool rule_touches(const struct bsg_policy_changes *c, const struct bsg_changed *item, const struct bsg_compile_facts *facts)
{
	return (item->change != BSG_DELTA_ADDED &&
		bsg_policy_rule_concerns(&c->before.policy->rules[item->before], facts) != BSG_CONCERN_NONE) ||
	       (item->change != BSG_DELTA_REMOVED &&
		bsg_policy_rule_concerns(&c->after.policy->rules[item->after], facts) != BSG_CONCERN_NONE);
}

/* Whether the device holds a changed place under one of the versions. */
static bool places_touch(struct bsg_policy_changes *c, bool later, const struct bsg_compile_facts *facts)
{
	const struct bsg_policy *policy = later ? c->after.policy : c->before.policy;

	if (!bsg_policy_needed_places(policy, facts, c->marks))
		return false;
	for (size_t i = 0; i < c->n_places; i++) {
		const struct bsg_changed *item = &c->places[i];

		if (item->change == BSG_DELTA_SAME || item->change == (later ? BSG_DELTA_REMOVED : BSG_DELTA_ADDED))
			continue;
		if (c->marks[later ? item->after : item->before] != 0)
			return true;
	}
	return false;
}

static bool place_changed(const struct bsg_policy_changes *c, const char *id)
{
	for (size_t i = 0; i < c->n_places; i++)
		if (strcmp(c->places[i].id, id) == 0)
			return c->places[i].change != BSG_DELTA_SAME;
	return false;
}

/* A crossing in a place that the orders leave out counts in the nearest place around it (P17): a changed one there counts, too. */
static bool crossing_touches(const struct bsg_policy_changes *c, const struct bsg_policy *policy, const char *id)
{
	const struct bsg_policy_place *place = bsg_policy_find_place(policy, id);

	while (place != NULL && !place_changed(c, place->id))
		place = place->parent != NULL ? bsg_policy_find_place(policy, place->parent) : NULL;
	return place != NULL;
}

bool bsg_policy_changes_touch(struct bsg_policy_changes *changes, const struct bsg_compile_facts *facts)
{
	for (size_t i = 0; i < changes->n_rules; i++)
		if (changes->rules[i].change != BSG_DELTA_SAME && rule_touches(changes, &changes->rules[i], facts))
			return true;
	if (facts->has_presence && facts->presence_place != NULL &&
	    (crossing_touches(changes, changes->before.policy, facts->presence_place) ||
	     crossing_touches(changes, changes->after.policy, facts->presence_place)))
		return true;
	return places_touch(changes, false, facts) || places_touch(changes, true, facts);
}

static enum bsg_err bytes_of(const struct bsg_policy_version *version, const struct bsg_compile_facts *facts, uint8_t *buf,
			     struct bsg_bytes *out, struct bsg_error *err)
{
	struct bsg_compiled *compiled;
	enum bsg_err rc = bsg_policy_compile(version->policy, version->timetable, facts, &compiled, err);

	*out = (struct bsg_bytes){ NULL, 0 };
	if (rc == BSG_OK)
		rc = bsg_compiled_bytes(compiled, buf, BSG_ORDERS_PAYLOAD_MAX, out, err);
	bsg_compiled_free(compiled);
	return rc;
}

enum bsg_err bsg_policy_changes_device(struct bsg_policy_changes *changes, const struct bsg_compile_facts *facts, bool *differ,
				       struct bsg_error *err)
{
	uint8_t *buf = NULL;
	struct bsg_bytes before, after;
	struct bsg_error ignored;
	enum bsg_err rc;

	*differ = false;
	if (!bsg_policy_changes_touch(changes, facts))
		return BSG_OK;
	buf = malloc(2 * (size_t)BSG_ORDERS_PAYLOAD_MAX);
	if (buf == NULL)
		return no_memory(err);
	rc = bytes_of(&changes->after, facts, buf, &after, err);
	if (rc == BSG_OK) {
		/* What did not fit before cannot be the same. */
		const enum bsg_err was = bytes_of(&changes->before, facts, buf + BSG_ORDERS_PAYLOAD_MAX, &before, &ignored);

		*differ = was != BSG_OK || before.len != after.len || memcmp(before.ptr, after.ptr, after.len) != 0;
	}
	free(buf);
	return rc;
}

const char *bsg_delta_name(enum bsg_delta change)
{
	static const char *const names[] = { "same", "added", "removed", "changed" };

	return names[change];
}
