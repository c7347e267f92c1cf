/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a policy that nobody has. See server/names.h. */
#include "server/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "policy/check.h"
#include "policy/json.h"

#define UNITS_MAX 4096	/* of which the nearest is sought */
#define WARNINGS_MAX 100

enum kind { UNIT = 0, PERSON, DEVICE };

struct name {
	const char *text, *rule;
	enum kind kind;
	bool met;
};

struct bsg_plan_names {
	struct name *items;	/* sorted by kind and text, each once */
	size_t n;
	char (*units)[BSG_NAME_SIZE];	/* that people are in, for suggestions */
	size_t n_units;
};

static int by_text(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->text, y->text);
}

static void add_all(struct bsg_plan_names *names, const char *rule, enum kind kind, const char *const *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		names->items[names->n++] = (struct name){items[i], rule, kind, false};
}

static void unique(struct bsg_plan_names *names)
{
	size_t n = 0;

	if (names->n > 1)
		qsort(names->items, names->n, sizeof(*names->items), by_text);
	for (size_t i = 0; i < names->n; i++)
		if (n == 0 || by_text(&names->items[n - 1], &names->items[i]) != 0)
			names->items[n++] = names->items[i];
	names->n = n;
}

struct bsg_plan_names *bsg_plan_names_new(const struct bsg_policy *policy)
{
	struct bsg_plan_names *names = calloc(1, sizeof(*names));
	size_t n = 1;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct bsg_policy_rule *r = &policy->rules[i];

		n += r->who.n_units + r->who.n_people + r->who.n_devices + r->n_units + r->n_pilot;
	}
	if (names == NULL)
		return NULL;
	names->items = calloc(n, sizeof(*names->items));
	names->units = calloc(UNITS_MAX, sizeof(*names->units));
	if (names->items == NULL || names->units == NULL) {
		bsg_plan_names_free(names);
		return NULL;
	}
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct bsg_policy_rule *r = &policy->rules[i];

		add_all(names, r->id, UNIT, r->who.units, r->who.n_units);
		add_all(names, r->id, UNIT, r->units, r->n_units);
		add_all(names, r->id, PERSON, r->who.people, r->who.n_people);
		add_all(names, r->id, PERSON, r->pilot, r->n_pilot);
		add_all(names, r->id, DEVICE, r->who.devices, r->who.n_devices);
	}
	unique(names);
	return names;
}

static void meet(struct bsg_plan_names *names, enum kind kind, const char *text)
{
	const struct name key = {.text = text, .kind = kind};
	struct name *found = names->n == 0 ? NULL : bsearch(&key, names->items, names->n, sizeof(*names->items), by_text);

	if (found != NULL)
		found->met = true;
}

/* People come by id, so units come in any order; the last ones are the likeliest to come again. */
static void keep_unit(struct bsg_plan_names *names, const char *unit)
{
	for (size_t i = names->n_units; i-- > 0;)
		if (strcmp(names->units[i], unit) == 0)
			return;
	if (names->n_units < UNITS_MAX)
		memcpy(names->units[names->n_units++], unit, strlen(unit) + 1);
}

void bsg_plan_names_meet(struct bsg_plan_names *names, const char *id, const char *unit)
{
	meet(names, unit == NULL ? DEVICE : PERSON, id);
	if (unit == NULL || unit[0] == '\0' || strlen(unit) >= BSG_NAME_SIZE)
		return;
	meet(names, UNIT, unit);
	keep_unit(names, unit);
}

static const char *nearest_unit(const struct bsg_plan_names *names, const char *text)
{
	const char *near = NULL;

	for (size_t i = 0; i < names->n_units && near == NULL; i++) {
		const char *const one[] = {names->units[i], NULL};

		near = bsg_policy_nearest(text, strlen(text), one);
	}
	return near;
}

static json_t *describe(const struct bsg_plan_names *names, const struct name *name)
{
	const char *near;

	if (name->kind == PERSON)
		return json_sprintf("rule '%s': no person '%s' is registered", name->rule, name->text);
	if (name->kind == DEVICE)
		return json_sprintf("rule '%s': no device '%s' is enrolled", name->rule, name->text);
	near = nearest_unit(names, name->text);
	return near != NULL ? json_sprintf("rule '%s': nobody is in unit '%s', did you mean '%s'?", name->rule, name->text, near) :
			      json_sprintf("rule '%s': nobody is in unit '%s'", name->rule, name->text);
}

json_t *bsg_plan_names_unknown(struct bsg_plan_names *names)
{
	json_t *list = json_array();
	size_t n_more = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (names->items[i].met)
			continue;
		if (json_array_size(list) < WARNINGS_MAX)
			bsg_json_add(&list, describe(names, &names->items[i]));
		else
			n_more++;
	}
	if (n_more > 0)
		bsg_json_add(&list, json_sprintf("and %zu more names that nobody has", n_more));
	return list;
}

void bsg_plan_names_free(struct bsg_plan_names *names)
{
	if (names == NULL)
		return;
	free(names->items);
	free(names->units);
	free(names);
}
