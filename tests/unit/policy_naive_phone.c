/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_naive.h: the phone. */
#include "policy_naive.h"

#include <stdio.h>
#include <string.h>

static void keep_present(struct naive_phone *phone, size_t i, bool keep, size_t *n)
{
	if (keep)
		phone->present[(*n)++] = phone->present[i];
}

void naive_settle(struct naive *n, int64_t now)
{
	struct naive_phone *p = &n->phone;
	size_t present = 0, presses = 0;

	for (size_t i = 0; i < p->n_present; i++)	/* D6.2 */
		keep_present(p, i, now < p->present[i].end, &present);
	p->n_present = present;
	for (size_t i = 0; i < p->n_presses; i++)	/* D7.4 */
		if (p->presses[i] + 86400 > now)
			p->presses[presses++] = p->presses[i];
	p->n_presses = presses;
	if (p->bg_until <= now)
		p->bg_until = 0;
}

static const struct naive_presence *present(const struct naive *n, const char *place)
{
	for (size_t i = 0; i < n->phone.n_present; i++)
		if (strcmp(n->phone.present[i].place, place) == 0)
			return &n->phone.present[i];
	return NULL;
}

/* D3.4 (d) for one place. */
static void begin(struct naive *n, const char *place, int64_t at)
{
	struct naive_phone *p = &n->phone;
	size_t i = 0;

	while (i < p->n_present && strcmp(p->present[i].place, place) != 0)
		i++;
	if (i == p->n_present) {
		p->present[p->n_present++] = (struct naive_presence){ .since = at };
		snprintf(p->present[i].place, sizeof(p->present[i].place), "%s", place);
	}
	p->present[i].anchor = at;
	p->present[i].end = at + naive_stay(naive_place(n->doc, place), n->facts->has_agent);
}

static void gate_in(struct naive *n, const char *place, int64_t at)
{
	struct naive_phone *p = &n->phone;
	size_t left = 0;

	for (size_t i = 0; i < p->n_present; i++)
		keep_present(p, i, naive_inside(n->doc, place, p->present[i].place) ||
				   naive_inside(n->doc, p->present[i].place, place), &left);
	p->n_present = left;
	p->last_gate = p->last_gate_in = at;
	for (const char *around = place; around != NULL; around = naive_text(naive_place(n->doc, around), "parent"))
		begin(n, around, at);
}

static void gate_out(struct naive *n, const char *place, int64_t at)
{
	struct naive_phone *p = &n->phone;
	size_t left = 0;

	for (size_t i = 0; i < p->n_present; i++)
		keep_present(p, i, !naive_inside(n->doc, p->present[i].place, place) || p->present[i].anchor > at + 10, &left);
	p->n_present = left;
	if (at > p->last_gate)
		p->last_gate = at;
}

static enum naive_done cross(struct naive *n, int64_t now, const char *place, bool in, int64_t at)
{
	if (at == 0 || at > now)
		at = now;
	if (in && at <= n->phone.last_gate)
		return NAIVE_STALE;
	if (in)
		gate_in(n, place, at);
	else
		gate_out(n, place, at);
	return NAIVE_DONE;
}

enum naive_done naive_gate(struct naive *n, int64_t now, const char *place, bool in, int64_t at)
{
	enum naive_done done = NAIVE_UNKNOWN;

	naive_settle(n, now);
	if (naive_place(n->doc, place) != NULL && naive_needed(n->doc, n->facts, place))
		done = cross(n, now, place, in, at);
	naive_settle(n, now);
	return done;
}

/* D11.2 */
void naive_take(struct naive *n, int64_t now)
{
	const struct bsg_compile_facts *f = n->facts;
	struct naive_phone *p = &n->phone;
	const char *place = naive_crossing(n->doc, f);
	size_t left = 0;

	naive_settle(n, now);
	for (size_t i = 0; i < p->n_present; i++)
		keep_present(p, i, naive_place(n->doc, p->present[i].place) != NULL &&
				   naive_needed(n->doc, f, p->present[i].place), &left);
	p->n_present = left;
	for (size_t i = 0; i < p->n_present; i++) {	/* D6.4 */
		const int64_t end = p->present[i].anchor +
				    naive_stay(naive_place(n->doc, p->present[i].place), f->has_agent);

		p->present[i].end = end < p->present[i].end ? end : p->present[i].end;
	}
	if (!f->has_release) {	/* D7.8 */
		p->release_at = p->release_given = 0;
	} else if (f->release_at != p->release_given) {
		p->release_given = f->release_at;
		p->release_at = f->release_at < now ? f->release_at : now;
	}
	if (place != NULL && f->presence_seq > p->presence_seq) {
		p->presence_seq = f->presence_seq;
		(void)cross(n, now, place, f->presence_in, f->presence_at);
	}
	naive_settle(n, now);
}

enum naive_done naive_press(struct naive *n, int64_t now)
{
	struct naive_phone *p = &n->phone;
	struct naive_answer answer;
	uint32_t minutes, per_day;

	naive_settle(n, now);
	naive_ask(n, now, &answer);
	if (p->bg_until != 0 || answer.restricted == 0)
		return NAIVE_NOTHING;
	naive_break_glass_limits(n->doc, n->facts, &minutes, &per_day);
	if (minutes == 0 || p->n_presses >= per_day)
		return NAIVE_REFUSED;
	p->presses[p->n_presses++] = now;
	p->bg_until = now + 60 * (int64_t)minutes;
	return NAIVE_DONE;
}

/* ---- what is restricted -------------------------------------------------- */

static uint32_t exempt(const struct bsg_compile_facts *facts, int64_t now)
{
	uint32_t set = 0;

	for (size_t i = 0; i < facts->n_exemptions; i++)
		if (facts->exemptions[i].from <= now && now < facts->exemptions[i].until)
			set |= facts->exemptions[i].functions;
	return set;
}

/* D7.5 */
static uint32_t break_glass_keeps(const struct naive *n)
{
	uint32_t set = 0;

	if (n->phone.bg_until == 0)
		return BSG_FUNCTIONS_ALL;
	for (size_t i = 0; i < n->phone.n_present; i++)
		set |= naive_functions(json_object_get(json_object_get(naive_place(n->doc, n->phone.present[i].place),
								       "break_glass"), "keep"));
	return set;
}

/* O1 */
static void explain(struct naive_answer *out, uint32_t functions, const struct naive_why *why)
{
	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		struct naive_why *best = &out->why[i];

		if ((functions >> i & 1) == 0)
			continue;
		out->tied = out->tied || best->until == why->until;
		if (why->until > best->until || (why->until == best->until && strcmp(why->rule, best->rule) < 0))
			*best = *why;
	}
}

/* D1: one rule in one of its places; NULL: it names none. */
static void hold(const struct naive *n, size_t i, const char *place, size_t nth, int64_t now, struct naive_answer *out)
{
	json_t *rule = json_array_get(json_object_get(n->doc, "rules"), i);
	const enum bsg_concern concern = naive_concern(rule, n->facts);
	const struct naive_presence *there = place != NULL ? present(n, place) : NULL;
	const int64_t end = naive_always(rule) ? INT64_MAX : naive_window_end(n->doc, rule, n->early[i], now);
	struct naive_why why = { .until = end < naive_expires(n->facts) || end == INT64_MAX ? end : naive_expires(n->facts) };
	uint32_t functions = naive_functions(json_object_get(rule, "restrict"));

	if (concern == BSG_CONCERN_NONE || end == 0 || (place != NULL && there == NULL))
		return;
	out->exempted |= functions & exempt(n->facts, now);
	functions &= ~exempt(n->facts, now) & break_glass_keeps(n);
	if (concern == BSG_CONCERN_OBSERVED) {
		out->observed |= functions;
		return;
	}
	out->restricted |= functions;
	if (there != NULL && there->end < why.until)
		why.until = there->end;
	naive_rule_id(rule, nth, why.rule);
	snprintf(why.place, sizeof(why.place), "%s", place != NULL ? place : "");
	explain(out, functions, &why);
	for (size_t k = 0; place != NULL && functions != 0 && k < n->phone.n_present; k++)
		if (strcmp(n->phone.present[k].place, place) != 0 && naive_inside(n->doc, n->phone.present[k].place, place))
			out->by_parent = true;
}

static enum bsg_no_pass no_pass(const struct naive *n, int64_t now, bool released)
{
	return now >= naive_expires(n->facts) ? BSG_PASS_ORDERS_EXPIRED : released ? BSG_PASS_RELEASED :
	       n->phone.bg_until != 0 ? BSG_PASS_BREAK_GLASS : n->phone.n_present == 0 ? BSG_PASS_ABSENT : BSG_PASS_NONE;
}

void naive_ask(const struct naive *n, int64_t now, struct naive_answer *out)
{
	const struct naive_phone *p = &n->phone;
	const bool released = p->release_at != 0 && p->last_gate_in <= p->release_at && now < p->release_at + 86400;
	json_t *rules = json_object_get(n->doc, "rules");

	memset(out, 0, sizeof(*out));
	out->no_pass = no_pass(n, now, released);
	if (now >= naive_expires(n->facts) || released)
		return;
	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i);

		if (json_object_get(rule, "where") == NULL)
			hold(n, i, NULL, 1, now, out);
		for (size_t k = 0; naive_rule_place(rule, k) != NULL; k++)
			hold(n, i, naive_rule_place(rule, k), k + 1, now, out);
	}
	out->kept = p->bg_until != 0 ? out->restricted : 0;
}

/* ---- edges --------------------------------------------------------------- */

static void edge(int64_t at, int64_t after, int64_t *first)
{
	if (at > after && at < *first)
		*first = at;
}

static void edges_of_list(json_t *list, int64_t after, int64_t *first)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *pair = json_array_get(list, i);

		for (size_t k = 0; json_is_array(pair) && k < 2; k++)
			edge(naive_time(json_string_value(json_array_get(pair, k))), after, first);
	}
}

int64_t naive_edge(const struct naive *n, int64_t after)
{
	json_t *rules = json_object_get(n->doc, "rules"), *calendars = json_object_get(n->doc, "calendars");
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		edges_of_list(json_object_get(json_array_get(rules, i), "windows"), after, &first);
		edges_of_list(json_object_get(json_array_get(rules, i), "when"), after, &first);
	}
	for (size_t i = 0; i < json_array_size(calendars); i++)
		edges_of_list(json_object_get(json_array_get(calendars, i), "windows"), after, &first);
	for (size_t i = 0; i < n->facts->n_exemptions; i++) {
		edge(n->facts->exemptions[i].from, after, &first);
		edge(n->facts->exemptions[i].until, after, &first);
	}
	for (size_t i = 0; i < n->phone.n_present; i++)
		edge(n->phone.present[i].end, after, &first);
	edge(n->phone.bg_until, after, &first);
	edge(n->phone.release_at + 86400, after, &first);
	edge(naive_expires(n->facts), after, &first);
	return first;
}
