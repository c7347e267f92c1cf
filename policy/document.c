/* SPDX-License-Identifier: Apache-2.0 */
/* Files to one checked policy. See policy/document.h. */
#include "policy/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/check.h"
#include "policy/load.h"

/* The policy and what owns it. */
struct owner {
	struct bsg_policy policy;
	struct bsg_arena arena;
};

#define ARENA_MAX (256u * 1024 * 1024)	/* far more than any document within the limits needs */

static bool is_json(const struct bsg_policy_source *source)
{
	const size_t len = strlen(source->name);

	if (source->format != BSG_POLICY_AUTO)
		return source->format == BSG_POLICY_JSON;
	return len >= 5 && strcmp(source->name + len - 5, ".json") == 0;
}

static void load_document(struct bsg_load *load, const struct bsg_node *root)
{
	static const struct bsg_load_key keys[] = {
		{ "bosaga", bsg_load_version, 0, true },
		{ "places", bsg_load_places, 0, false },
		{ "calendars", bsg_load_calendars, 0, false },
		{ "rules", bsg_load_rules, 0, false },
	};
	bsg_load_map(load, root, keys, sizeof(keys) / sizeof(keys[0]), load);
}

static enum bsg_err load_source(struct bsg_load *load, const struct bsg_policy_source *source, unsigned file_no,
				struct bsg_error *err)
{
	struct bsg_node *root;
	enum bsg_err rc;

	load->source = source;
	load->reader.file = bsg_arena_text(load->arena, source->name);
	load->reader.file_no = file_no;
	if (load->reader.file == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", source->name);
	rc = is_json(source) ? bsg_node_read_json(&load->reader, source, &root, err) :
			       bsg_node_read_yaml(&load->reader, source, &root, err);
	load->cut |= rc != BSG_OK;
	if (rc == BSG_E_INVALID)
		return BSG_OK;	/* noted; the other files may have mistakes too */
	if (rc != BSG_OK)
		return rc;
	load_document(load, root);
	if (load->no_memory)
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", source->name);
	if (load->no_zones)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%s", load->zones_err.text);
	return BSG_OK;
}

/* By id; the same id twice is a mistake that the later one is told of. */
static int by_id_and_at(const char *a, const struct bsg_policy_at *a_at, const char *b, const struct bsg_policy_at *b_at)
{
	const int order = strcmp(a, b);

	return order != 0 ? order : bsg_policy_at_compare(a_at, b_at);
}

static int by_place(const void *a, const void *b)
{
	const struct bsg_policy_place *x = a, *y = b;

	return by_id_and_at(x->id, &x->at, y->id, &y->at);
}

static int by_calendar(const void *a, const void *b)
{
	const struct bsg_policy_calendar *x = a, *y = b;

	return by_id_and_at(x->id, &x->at, y->id, &y->at);
}

static int by_rule(const void *a, const void *b)
{
	const struct bsg_policy_rule *x = a, *y = b;

	return by_id_and_at(x->id, &x->at, y->id, &y->at);
}

static void sort(struct bsg_load_list *list, size_t size, int (*compare)(const void *, const void *))
{
	if (list->n > 1)
		qsort(list->items, list->n, size, compare);
}

static const struct bsg_policy_calendar *find_calendar(const struct bsg_load *load, const char *id)
{
	const struct bsg_policy_calendar *all = load->calendars.items;

	for (size_t i = 0; i < load->calendars.n; i++)
		if (strcmp(all[i].id, id) == 0)
			return &all[i];
	return NULL;
}

/* A rule's windows are the union of its own and its calendars'. */
static void join_windows(struct bsg_load *load, struct bsg_policy_rule *rule)
{
	size_t n = rule->n_own_windows;

	for (size_t i = 0; i < rule->n_calendars; i++) {
		const struct bsg_policy_calendar *calendar = find_calendar(load, rule->calendars[i]);

		n += calendar != NULL ? calendar->n_windows : 0;
		rule->has_ics = rule->has_ics || (calendar != NULL && calendar->ics != NULL);
	}
	struct bsg_policy_window *all = bsg_load_array(load, n, sizeof(*all));
	if (all == NULL)
		return;
	n = 0;
	if (rule->n_own_windows > 0)
		memcpy(all, rule->own_windows, rule->n_own_windows * sizeof(*all));
	n += rule->n_own_windows;
	for (size_t i = 0; i < rule->n_calendars; i++) {
		const struct bsg_policy_calendar *calendar = find_calendar(load, rule->calendars[i]);

		if (calendar == NULL || calendar->n_windows == 0)
			continue;
		memcpy(all + n, calendar->windows, calendar->n_windows * sizeof(*all));
		n += calendar->n_windows;
	}
	rule->windows = all;
	rule->n_windows = bsg_windows_join(all, n);
}

static void assemble(struct bsg_load *load, struct bsg_policy *policy)
{
	struct bsg_policy_rule *rules = load->rules.items;

	sort(&load->places, sizeof(struct bsg_policy_place), by_place);
	sort(&load->calendars, sizeof(struct bsg_policy_calendar), by_calendar);
	sort(&load->rules, sizeof(struct bsg_policy_rule), by_rule);
	for (size_t i = 0; i < load->rules.n; i++)
		join_windows(load, &rules[i]);
	policy->places = load->places.items;
	policy->n_places = load->places.n;
	policy->calendars = load->calendars.items;
	policy->n_calendars = load->calendars.n;
	policy->rules = rules;
	policy->n_rules = load->rules.n;
}

static enum bsg_err check_sizes(const struct bsg_policy_source *sources, size_t n_sources, struct bsg_error *err)
{
	size_t total = 0;

	if (n_sources == 0 || n_sources > BSG_POLICY_FILES_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "a policy is 1 to %d files, not %zu", BSG_POLICY_FILES_MAX, n_sources);
	for (size_t i = 0; i < n_sources; i++) {
		if (sources[i].len > BSG_POLICY_BYTES_MAX - total)
			return bsg_fail(err, BSG_E_LIMIT, "%s: a policy has at most %u bytes in all files; split off "
					"what other servers need", sources[i].name, BSG_POLICY_BYTES_MAX);
		total += sources[i].len;
	}
	return BSG_OK;
}

/* What no rule may say goes before what is too large, and that before what is wrong (P12). */
static enum bsg_err verdict(const struct bsg_policy_errors *errors, struct bsg_error *err)
{
	const enum bsg_err rc = errors->denied ? BSG_E_DENIED : errors->too_large ? BSG_E_LIMIT : BSG_E_INVALID;
	size_t i = 0;

	if (errors->n == 0)
		return BSG_OK;
	while (i < errors->n && errors->items[i].code != rc)
		i++;
	return bsg_fail(err, rc, "%.250s", errors->items[i < errors->n ? i : 0].text);
}

static enum bsg_err load_all(struct bsg_load *load, const struct bsg_policy_source *sources, size_t n_sources,
			     struct bsg_policy *policy, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < n_sources && rc == BSG_OK; i++)
		rc = load_source(load, &sources[i], (unsigned)i, err);
	if (rc != BSG_OK && rc != BSG_E_LIMIT)
		return rc;
	assemble(load, policy);
	if (load->no_memory)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the policy");
	bsg_policy_check(policy, !load->cut, load->errors);
	bsg_policy_errors_sort(load->errors);
	return verdict(load->errors, err);
}

enum bsg_err bsg_policy_parse(const struct bsg_policy_source *sources, size_t n_sources, struct bsg_policy **out,
			      struct bsg_policy_errors *errors, struct bsg_error *err)
{
	struct bsg_policy_errors *noted = calloc(1, sizeof(*noted));
	struct owner *owner = calloc(1, sizeof(*owner));
	struct bsg_zones zones = { .names = NULL };
	enum bsg_err rc;

	*out = NULL;
	if (noted == NULL || owner == NULL) {
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the policy");
		goto out;
	}
	bsg_arena_init(&owner->arena, ARENA_MAX);
	owner->policy.memory = owner;
	struct bsg_load load = { .arena = &owner->arena, .errors = noted,
				 .reader = { .arena = &owner->arena, .errors = noted } };
	rc = check_sizes(sources, n_sources, err);
	if (rc == BSG_OK)
		rc = load_all(&load, sources, n_sources, &owner->policy, err);
	zones = load.zones;
	if (rc == BSG_OK) {
		*out = &owner->policy;
		owner = NULL;
	}
out:
	if (errors != NULL && noted != NULL)
		*errors = *noted;
	free(noted);
	bsg_zones_free(&zones);
	if (owner != NULL)
		bsg_policy_free(&owner->policy);
	return rc;
}

void bsg_policy_free(struct bsg_policy *policy)
{
	if (policy == NULL)
		return;
	struct owner *owner = policy->memory;

	if (owner == NULL)	/* never filled */
		owner = (struct owner *)policy;
	bsg_arena_free(&owner->arena);
	free(owner);
}

static int by_id(const void *id, const void *place)
{
	return strcmp(id, ((const struct bsg_policy_place *)place)->id);
}

const struct bsg_policy_place *bsg_policy_find_place(const struct bsg_policy *policy, const char *id)
{
	if (policy->n_places == 0)
		return NULL;
	return bsearch(id, policy->places, policy->n_places, sizeof(*policy->places), by_id);
}

const char *bsg_policy_zone(const struct bsg_policy *policy, const struct bsg_policy_place *place)
{
	while (place != NULL && place->timezone == NULL)
		place = place->parent != NULL ? bsg_policy_find_place(policy, place->parent) : NULL;
	return place != NULL ? place->timezone : NULL;
}

const struct bsg_policy_calendar *bsg_policy_find_calendar(const struct bsg_policy *policy, const char *id)
{
	for (size_t i = 0; i < policy->n_calendars; i++)
		if (strcmp(policy->calendars[i].id, id) == 0)
			return &policy->calendars[i];
	return NULL;
}

const struct bsg_policy_gate *bsg_policy_find_gate(const struct bsg_policy_place *place, const char *id)
{
	for (size_t i = 0; i < place->n_gates; i++)
		if (strcmp(place->gates[i].id, id) == 0)
			return &place->gates[i];
	return NULL;
}

const struct bsg_policy_rule *bsg_policy_find_rule(const struct bsg_policy *policy, const char *id)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (strcmp(policy->rules[i].id, id) == 0)
			return &policy->rules[i];
	return NULL;
}

const char *bsg_remedy_name(enum bsg_remedy remedy)
{
	switch (remedy) {
	case BSG_REMEDY_ADMIT: return "admit";
	case BSG_REMEDY_SEAL: return "seal";
	case BSG_REMEDY_DEPOSIT: return "deposit";
	case BSG_REMEDY_REFUSE: break;
	}
	return "refuse";
}

const char *bsg_policy_stage_name(enum bsg_policy_stage stage)
{
	switch (stage) {
	case BSG_STAGE_ALL: return "all";
	case BSG_STAGE_UNIT: return "unit";
	case BSG_STAGE_PILOT: return "pilot";
	case BSG_STAGE_OBSERVE: break;
	}
	return "observe";
}
