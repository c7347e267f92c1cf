/* SPDX-License-Identifier: Apache-2.0 */
/* Planning a version of the policy. See server/plan.h. */
#include "server/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/json.h"
#include "server/answer.h"
#include "server/facts.h"
#include "server/names.h"
#include "server/pilot.h"

#define PAGE 500
#define WEEK_S INT64_C(604800)

/* What one walk shares. */
struct walk {
	struct bsg_server *server;
	struct bsg_plan *plan;
	struct bsg_plan_names *names;
	struct bsg_error *err;
};

static const struct bsg_policy_rule *rule_of(const struct bsg_policy_changes *changes, const struct bsg_changed *item)
{
	return item->change == BSG_DELTA_REMOVED ? &changes->before.policy->rules[item->before] :
						    &changes->after.policy->rules[item->after];
}

static bool concerned(const struct bsg_plan *plan, const struct bsg_compile_facts *facts)
{
	return bsg_policy_concerns(plan->changes.after.policy, facts) != BSG_CONCERN_NONE ||
	       bsg_policy_concerns(plan->changes.before.policy, facts) != BSG_CONCERN_NONE;
}

static void look_at_person(struct walk *w, const struct bsg_person_rec *rec)
{
	struct bsg_plan *plan = w->plan;
	struct bsg_facts facts;

	if (rec->state != BSG_PERSON_ACTIVE)
		return;
	bsg_plan_names_meet(w->names, rec->id, rec->unit);
	bsg_facts_of_person(rec->id, rec->unit, &facts);
	if (!concerned(plan, &facts.compile))
		return;
	plan->concerned.people++;
	for (size_t i = 0; i < plan->changes.n_rules; i++)
		if (bsg_policy_rule_concerns(rule_of(&plan->changes, &plan->changes.rules[i]), &facts.compile) != BSG_CONCERN_NONE)
			plan->rules[i].people++;
}

static enum bsg_err walk_people(struct walk *w, struct bsg_person_rec *recs)
{
	struct bsg_page page = {.limit = PAGE};
	char cursor[BSG_CURSOR_SIZE] = "";

	do {
		enum bsg_err rc;

		page.cursor = cursor;
		rc = bsg_store_people(w->server->store, NULL, &page, recs, w->err);
		if (rc != BSG_OK)
			return rc;
		for (size_t i = 0; i < page.n; i++)
			look_at_person(w, &recs[i]);
		memcpy(cursor, page.next, sizeof(cursor));
	} while (cursor[0] != '\0');
	return BSG_OK;
}

/* A rule may name the device itself: its owner then counts too, though no rule names the owner. */
static void count_device(struct walk *w, const struct bsg_device_rec *rec, const struct bsg_compile_facts *facts)
{
	struct bsg_plan *plan = w->plan;
	struct bsg_facts owner;

	if (!concerned(plan, facts))
		return;
	bsg_facts_of_person(rec->person, rec->unit, &owner);
	plan->concerned.devices++;
	plan->concerned.people += concerned(plan, &owner.compile) ? 0 : 1;
	for (size_t i = 0; i < plan->changes.n_rules; i++)
		if (bsg_policy_rule_concerns(rule_of(&plan->changes, &plan->changes.rules[i]), facts) != BSG_CONCERN_NONE)
			plan->rules[i].devices++;
}

static enum bsg_err look_at_device(struct walk *w, const struct bsg_device_rec *rec)
{
	struct bsg_facts facts;
	enum bsg_err rc = BSG_OK;
	bool differ = false;

	if (rec->state != BSG_DEVICE_ACTIVE)
		return BSG_OK;
	bsg_plan_names_meet(w->names, rec->id, NULL);
	bsg_facts_of_person(rec->person, rec->unit, &facts);
	facts.compile.device = rec->id;
	facts.compile.has_presence = rec->presence.seq > 0;
	facts.compile.presence_place = rec->presence.place;
	count_device(w, rec, &facts.compile);
	if (!bsg_policy_changes_touch(&w->plan->changes, &facts.compile))
		return BSG_OK;
	rc = bsg_facts_of_device(w->server, rec, rec->serial + 1, w->plan->at, &facts, w->err);
	if (rc == BSG_OK)
		rc = bsg_policy_changes_device(&w->plan->changes, &facts.compile, &differ, w->err);
	w->plan->n_changed += differ ? 1 : 0;
	return rc;
}

static enum bsg_err walk_devices(struct walk *w, struct bsg_device_rec *recs)
{
	struct bsg_page page = {.limit = PAGE};
	char cursor[BSG_CURSOR_SIZE] = "";

	do {
		enum bsg_err rc;

		page.cursor = cursor;
		rc = bsg_store_devices(w->server->store, NULL, NULL, &page, recs, w->err);
		for (size_t i = 0; rc == BSG_OK && i < page.n; i++)
			rc = look_at_device(w, &recs[i]);
		if (rc != BSG_OK)
			return rc;
		memcpy(cursor, page.next, sizeof(cursor));
	} while (cursor[0] != '\0');
	return BSG_OK;
}

static enum bsg_err walk_all(struct walk *w)
{
	struct bsg_person_rec *people = calloc(PAGE, sizeof(*people));
	struct bsg_device_rec *devices = calloc(PAGE, sizeof(*devices));
	enum bsg_err rc = BSG_E_NO_MEMORY;

	if (people == NULL || devices == NULL)
		(void)bsg_fail(w->err, rc, "no memory to plan");
	else
		rc = walk_people(w, people);
	if (rc == BSG_OK)
		rc = walk_devices(w, devices);
	free(people);
	free(devices);
	return rc;
}

/* The warnings of a plan. @param why  the calendars in force cannot be read; NULL: they can */
static enum bsg_err warn(struct bsg_plan *plan, struct bsg_plan_names *names, const char *why, struct bsg_error *err)
{
	plan->warnings = bsg_plan_names_unknown(names);
	if (why != NULL)
		bsg_json_add(&plan->warnings, json_sprintf("the calendars in force cannot be read, so rules with calendars count as "
							  "changed: %s", why));
	return plan->warnings != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory to plan");
}

enum bsg_err bsg_plan_make(struct bsg_server *server, const struct bsg_policy *policy, struct bsg_timetable *timetable, int64_t at,
			   struct bsg_plan *out, struct bsg_error *err)
{
	struct walk w = {.server = server, .plan = out, .err = err};
	struct bsg_error unread;
	enum bsg_err rc, known;

	*out = (struct bsg_plan){.at = at, .active = bsg_active_get(&server->active)};
	out->times[1] = bsg_timetable_hold(timetable);
	/* A policy whose calendars can no longer be read must not stand in the way of the one that replaces it. */
	known = bsg_active_timetable(out->active, bsg_now(server), at, &out->times[0], &unread);
	rc = bsg_policy_changes_find((struct bsg_policy_version){out->active->policy, out->times[0]},
				     (struct bsg_policy_version){policy, timetable}, at, &out->changes, err);
	if (rc != BSG_OK)
		return rc;
	out->rules = calloc(out->changes.n_rules + 1, sizeof(*out->rules));
	w.names = bsg_plan_names_new(policy);
	if (out->rules == NULL || w.names == NULL)
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "no memory to plan");
	if (rc == BSG_OK)
		rc = walk_all(&w);
	if (rc == BSG_OK)
		rc = warn(out, w.names, known != BSG_OK ? unread.text : NULL, err);
	bsg_plan_names_free(w.names);
	return rc;
}

void bsg_plan_free(struct bsg_plan *plan)
{
	bsg_policy_changes_free(&plan->changes);
	json_decref(plan->warnings);
	free(plan->rules);
	bsg_timetable_drop(plan->times[0]);
	bsg_timetable_drop(plan->times[1]);
	if (plan->active != NULL)
		bsg_active_put(plan->active);
	*plan = (struct bsg_plan){.at = 0};
}

/* Hours of a week in which a rule of one version holds; null where the version has no such rule, or nobody knows. */
static json_t *hours(const struct bsg_policy_version *version, size_t rule, bool is_there, int64_t from)
{
	if (!is_there || version->timetable == NULL)
		return json_null();
	return json_real((double)bsg_timetable_seconds(version->timetable, version->policy, &version->policy->rules[rule], from,
						       from + WEEK_S) / 3600.0);
}

static json_t *rule_json(const struct bsg_plan *plan, size_t i)
{
	const struct bsg_policy_changes *c = &plan->changes;
	const struct bsg_changed *item = &c->rules[i];

	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:o, s:o}", "id", item->id, "change", bsg_delta_name(item->change), "functions",
			 bsg_json_functions(rule_of(c, item)->restrict_set), "people", (json_int_t)plan->rules[i].people, "devices",
			 (json_int_t)plan->rules[i].devices, "hours_before",
			 hours(&c->before, item->before, item->change != BSG_DELTA_ADDED, plan->at), "hours_after",
			 hours(&c->after, item->after, item->change != BSG_DELTA_REMOVED, plan->at));
}

json_t *bsg_plan_json(const struct bsg_plan *plan)
{
	json_t *rules = json_array(), *places = json_array();

	for (size_t i = 0; i < plan->changes.n_rules; i++)
		bsg_json_add(&rules, rule_json(plan, i));
	for (size_t i = 0; i < plan->changes.n_places; i++)
		bsg_json_add(&places, json_pack("{s:s, s:s}", "id", plan->changes.places[i].id, "change",
						bsg_delta_name(plan->changes.places[i].change)));
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:i, s:I, s:o, s:O}", "rules", rules, "places", places, "people",
			 (json_int_t)plan->concerned.people, "devices", (json_int_t)plan->concerned.devices, "devices_changed",
			 (json_int_t)plan->n_changed, "approvals_needed", bsg_pilot_approvals(plan->concerned.people), "base",
			 (json_int_t)plan->active->rec.version, "at", bsg_reply_time(plan->at), "warnings", plan->warnings);
}
