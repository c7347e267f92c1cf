/* SPDX-License-Identifier: Apache-2.0 */
/* `policy replay`: recorded crossings under another policy, beside what the policy in force makes of them. */
#include "policy/replay.h"

#include <stdlib.h>
#include <string.h>

#include "policy/json.h"
#include "server/answer.h"
#include "server/caller.h"
#include "server/facts.h"
#include "server/handlers.h"
#include "server/proposal.h"

#define CROSSINGS_MAX 200000u	/* of one replay; about 30 MB */
#define PAGE 500

/* One device passing a gate. */
struct passing {
	char device[BSG_ID_SIZE];
	char person[BSG_NAME_SIZE];
	char place[BSG_NAME_SIZE];
	int64_t at;
	bool in;
};

struct passings {
	struct passing *items;
	size_t n, room;
	int64_t n_in;
};

struct replay {
	struct bsg_server *server;
	int64_t from, to;
	struct passings passings;
	const struct bsg_policy *policies[2];	/* in force, and the new one */
	struct bsg_timetable *times[2];
	struct bsg_replay_sum sums[2];
	bool *held, *held_by_person;		/* of the new one's rules */
	char person[BSG_NAME_SIZE];		/* whose devices were looked at last */
	int64_t n_devices, n_people;
};

static enum bsg_err add(struct passings *list, const struct bsg_crossing_rec *rec, const char *device, struct bsg_error *err)
{
	struct passing *p;

	if (list->n == list->room) {
		const size_t room = list->room > 0 ? 2 * list->room : 1024;
		struct passing *items = room > CROSSINGS_MAX * 2 ? NULL : realloc(list->items, room * sizeof(*items));

		if (items == NULL)
			return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to replay");
		list->items = items;
		list->room = room;
	}
	if (list->n == CROSSINGS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "more than %u crossings between --from and --to: replay a shorter time", CROSSINGS_MAX);
	p = &list->items[list->n++];
	memcpy(p->device, device, sizeof(p->device));
	memcpy(p->person, rec->person, sizeof(p->person));
	memcpy(p->place, rec->place, sizeof(p->place));
	p->at = rec->at;
	p->in = rec->direction == BSG_CROSSING_IN;
	list->n_in += p->in ? 1 : 0;
	return BSG_OK;
}

/* Stale crossings moved nothing when they came; what happened at the gate happened all the same. */
static enum bsg_err add_crossing(struct replay *r, const struct bsg_crossing_rec *rec, struct bsg_error *err)
{
	struct bsg_move_rec moves[BSG_CARRIED_MAX];
	struct bsg_crossing_rec again;
	size_t n = 0;
	enum bsg_err rc;

	if (rec->n_devices <= 1)
		return rec->n_devices == 0 ? BSG_OK : add(&r->passings, rec, rec->device, err);
	rc = bsg_store_crossing(r->server->store, rec->id, &again, moves, &n, err);
	for (size_t i = 0; rc == BSG_OK && i < n; i++)
		rc = add(&r->passings, rec, moves[i].device, err);
	return rc == BSG_E_NOT_FOUND ? BSG_OK : rc;	/* forgotten meanwhile */
}

static enum bsg_err collect(struct replay *r, struct bsg_error *err)
{
	const struct bsg_crossing_filter filter = {.from = r->from, .to = r->to};
	struct bsg_crossing_rec *recs = calloc(PAGE, sizeof(*recs));
	struct bsg_page page = {.limit = PAGE};
	char cursor[BSG_CURSOR_SIZE] = "";
	enum bsg_err rc = recs == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory to replay") : BSG_OK;

	while (rc == BSG_OK) {
		page.cursor = cursor;
		rc = bsg_store_crossings(r->server->store, &filter, &page, recs, err);
		for (size_t i = 0; rc == BSG_OK && i < page.n; i++)
			rc = add_crossing(r, &recs[i], err);
		if (rc != BSG_OK || page.next[0] == '\0')
			break;
		memcpy(cursor, page.next, sizeof(cursor));
	}
	free(recs);
	return rc;
}

/* By person, device, time; at one moment out before in, as a gate that is passed twice is left first. */
static int by_device(const void *a, const void *b)
{
	const struct passing *x = a, *y = b;
	int order = strcmp(x->person, y->person);

	if (order == 0)
		order = strcmp(x->device, y->device);
	if (order == 0 && x->at != y->at)
		order = x->at < y->at ? -1 : 1;
	return order != 0 ? order : (int)x->in - (int)y->in;
}

/* How many people a rule held for: people come one after the other. */
static void end_person(struct replay *r)
{
	for (size_t i = 0; i < r->policies[1]->n_rules; i++) {
		r->sums[1].rules[i].n_people += r->held_by_person[i] ? 1 : 0;
		r->held_by_person[i] = false;
	}
}

static void begin_device(struct replay *r, const struct passing *first)
{
	r->n_devices++;
	if (strcmp(r->person, first->person) == 0)
		return;
	end_person(r);
	r->n_people++;
	memcpy(r->person, first->person, sizeof(r->person));
}

static enum bsg_err live(struct replay *r, const struct bsg_device_rec *rec, const struct bsg_replay_crossing *crossings, size_t n,
			 struct bsg_error *err)
{
	struct bsg_replay_device device = {.from = r->from, .until = r->to, .crossings = crossings, .n_crossings = n,
					   .coverage = r->server->coverage};
	struct bsg_facts facts;
	enum bsg_err rc = bsg_facts_of_device(r->server, rec, rec->serial + 1, r->from, &facts, err);

	if (rc != BSG_OK)
		return rc;
	bsg_facts_phone(r->server, rec, NULL, &device.phone);
	device.facts = &facts.compile;
	memset(r->held, 0, r->policies[1]->n_rules * sizeof(*r->held));
	for (int i = 0; rc == BSG_OK && i < 2; i++) {
		device.policy = r->policies[i];
		device.timetable = r->times[i];
		rc = bsg_replay_device(&device, &r->sums[i], r->held, err);
	}
	for (size_t i = 0; i < r->policies[1]->n_rules; i++) {
		r->sums[1].rules[i].n_devices += r->held[i] ? 1 : 0;
		r->held_by_person[i] = r->held_by_person[i] || r->held[i];
	}
	return rc;
}

static enum bsg_err replay_device(struct replay *r, const struct passing *first, size_t n, struct bsg_error *err)
{
	struct bsg_replay_crossing *crossings = calloc(n, sizeof(*crossings));
	struct bsg_device_rec rec;
	enum bsg_err rc = crossings == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory to replay") :
					      bsg_store_device(r->server->store, first->device, &rec, err);

	for (size_t i = 0; rc == BSG_OK && i < n; i++)
		crossings[i] = (struct bsg_replay_crossing){first[i].at, first[i].place, first[i].in};
	if (rc == BSG_OK) {
		begin_device(r, first);
		rc = live(r, &rec, crossings, n, err);
	}
	free(crossings);
	return rc == BSG_E_NOT_FOUND ? BSG_OK : rc;
}

static enum bsg_err replay_all(struct replay *r, struct bsg_error *err)
{
	struct passing *items = r->passings.items;
	enum bsg_err rc = BSG_OK;
	size_t i = 0;

	if (r->passings.n > 1)
		qsort(items, r->passings.n, sizeof(*items), by_device);
	while (rc == BSG_OK && i < r->passings.n) {
		size_t n = 1;

		while (i + n < r->passings.n && strcmp(items[i].device, items[i + n].device) == 0)
			n++;
		rc = replay_device(r, &items[i], n, err);
		i += n;
	}
	end_person(r);
	return rc;
}

static json_t *hours(int64_t seconds)
{
	return json_real((double)seconds / 3600.0);
}

static json_t *rules_json(const struct replay *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->policies[1]->n_rules; i++) {
		const struct bsg_replay_rule *sum = &r->sums[1].rules[i];
		const struct bsg_policy_rule *rule = &r->policies[1]->rules[i];

		bsg_json_add(&list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "id", rule->id, "stage",
					      bsg_policy_stage_name(rule->stage), "crossings", (json_int_t)sum->n_crossings, "people",
					      (json_int_t)sum->n_people, "devices", (json_int_t)sum->n_devices, "hours",
					      hours(sum->enforced_s), "hours_observed", hours(sum->observed_s)));
	}
	return list;
}

static json_t *functions_json(const struct replay *r)
{
	json_t *list = json_array();

	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		if (r->sums[0].restricted_s[f] + r->sums[1].restricted_s[f] + r->sums[1].observed_s[f] == 0)
			continue;
		bsg_json_add(&list, json_pack("{s:s, s:o, s:o, s:o}", "function", bsg_functions[f].name, "hours_before",
					      hours(r->sums[0].restricted_s[f]), "hours_after",
					      hours(r->sums[1].restricted_s[f]), "hours_observed",
					      hours(r->sums[1].observed_s[f])));
	}
	return list;
}

static json_t *verdicts_json(const struct replay *r)
{
	json_t *list = json_array();

	for (int v = BSG_REMEDY_ADMIT; v >= BSG_REMEDY_DEPOSIT; v--)
		bsg_json_add(&list, json_pack("{s:s, s:I, s:I}", "verdict", bsg_remedy_name((enum bsg_remedy)v), "before",
					      (json_int_t)r->sums[0].n_verdicts[v], "after",
					      (json_int_t)r->sums[1].n_verdicts[v]));
	return list;
}

static json_t *replay_json(const struct replay *r)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "from", bsg_reply_time(r->from), "to", bsg_reply_time(r->to),
			 "crossings", (json_int_t)r->passings.n_in, "people", (json_int_t)r->n_people, "devices",
			 (json_int_t)r->n_devices, "rules", rules_json(r), "functions", functions_json(r), "verdicts",
			 verdicts_json(r));
}

static enum bsg_err replay(struct replay *r, struct bsg_error *err)
{
	const size_t n = r->policies[1]->n_rules + 1;
	enum bsg_err rc;

	r->sums[1].rules = calloc(n, sizeof(*r->sums[1].rules));
	r->held = calloc(n, sizeof(*r->held));
	r->held_by_person = calloc(n, sizeof(*r->held_by_person));
	if (r->sums[1].rules == NULL || r->held == NULL || r->held_by_person == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to replay");
	rc = collect(r, err);
	return rc == BSG_OK ? replay_all(r, err) : rc;
}

static void answer(struct bsg_http_exchange *x, struct bsg_server *server, const struct bsg_proposal *proposal, int64_t from, int64_t to)
{
	struct bsg_active_policy *active = bsg_active_get(&server->active);
	struct replay r = {.server = server, .from = from, .to = to, .policies = {active->policy, proposal->policy}};
	struct bsg_error err;
	enum bsg_err rc = bsg_active_timetable(active, bsg_now(server), from, &r.times[0], &err);

	r.times[1] = proposal->timetable;
	if (rc == BSG_OK)
		rc = replay(&r, &err);
	if (rc == BSG_OK)
		bsg_answer_json(x, 200, replay_json(&r), NULL);
	else if (rc == BSG_E_LIMIT)
		bsg_http_problem(x, 422, "policy-too-large", "%s", err.text);
	else
		bsg_http_fail(x, rc, &err);
	free(r.passings.items);
	free(r.sums[1].rules);
	free(r.held);
	free(r.held_by_person);
	bsg_timetable_drop(r.times[0]);
	bsg_active_put(active);
}

void bsg_post_replay(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"from", "to", NULL};
	struct bsg_server *server = app;
	struct bsg_proposal proposal = {.policy = NULL};
	int64_t from = 0, to = 0;

	if (!bsg_query_only(x, false, names) || !bsg_query_moment(x, "from", &from) || !bsg_query_moment(x, "to", &to) ||
	    !bsg_caller_needs_all(x))
		return;
	if (from <= 0 || to <= from || to - from > BSG_REPLAY_SPAN_MAX) {
		bsg_http_problem(x, 400, "invalid", "from and to are needed: times, the second later, at most 35 days apart");
		return;
	}
	if (!bsg_turn_begin(x, &server->turns))
		return;
	if (bsg_proposal_read(x, from, &proposal))
		answer(x, server, &proposal, from, to);
	bsg_proposal_free(&proposal);
	bsg_turn_give(&server->turns);
}
