/* SPDX-License-Identifier: Apache-2.0 */
/* One device's crossings through the core. See policy/replay.h. */
#include "policy/replay.h"

#include <stdlib.h>
#include <string.h>

#define NO_RULE SIZE_MAX

/* A phone that lives through the period again; on the heap, as it is large. */
struct phone {
	const struct bsg_replay_device *device;
	struct bsg_replay_sum *sum;
	struct bsg_compiled *compiled;
	struct bsg_orders orders;		/* prepared */
	size_t rule_of[BSG_RULES_MAX];	/* orders' rule -> index in policy->rules */
	bool *held;
	struct bsg_state state;
	struct bsg_output out;
	int64_t now;
};

static bool same(struct bsg_str a, struct bsg_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* `rule@2` of the orders is a place of `rule` (P16). */
static size_t find_rule(const struct bsg_policy *policy, struct bsg_str id)
{
	const char *at = memchr(id.ptr, '@', id.len);
	const size_t len = at != NULL ? (size_t)(at - id.ptr) : id.len;

	for (size_t i = 0; i < policy->n_rules; i++)
		if (strlen(policy->rules[i].id) == len && memcmp(policy->rules[i].id, id.ptr, len) == 0)
			return i;
	return NO_RULE;
}

static enum bsg_err prepare(struct phone *p, struct bsg_error *err)
{
	struct bsg_compile_facts facts = *p->device->facts;
	const char *why = NULL;
	enum bsg_err rc;

	facts.now = p->device->from;
	facts.horizon_s = 0;
	facts.has_presence = false;
	facts.has_release = false;
	rc = bsg_policy_compile(p->device->policy, p->device->timetable, &facts, &p->compiled, err);
	if (rc != BSG_OK)
		return rc;
	p->orders = p->compiled->orders;
	rc = bsg_orders_prepare(&p->orders, &why);
	for (size_t i = 0; rc == BSG_OK && i < p->orders.n_rules; i++)
		p->rule_of[i] = find_rule(p->device->policy, p->orders.rules[i].id);
	return rc == BSG_OK ? rc : bsg_fail(err, rc, "the decision refused compiled orders: %s", why != NULL ? why : "");
}

static enum bsg_err step(struct phone *p, struct bsg_event event, int64_t at, struct bsg_error *err)
{
	const bool first = p->state.serial == 0;

	event.time = (struct bsg_time){ .utc = at, .auth = true, .mono_ms = (at - p->device->from + 1) * 1000 };
	if (bsg_step(first ? NULL : &p->orders, NULL, 0, &p->state, &event, &p->state, &p->out) != BSG_OK)
		return bsg_fail(err, BSG_E_BUG, "the decision refused a crossing of device %s", p->device->facts->device);
	p->now = at;
	return BSG_OK;
}

static bool holds(const struct phone *p, const struct bsg_rule *rule)
{
	bool there = rule->place.len == 0, now = rule->always;

	for (size_t i = 0; !there && i < p->out.n_present; i++)
		there = same(p->out.present[i].place, rule->place);
	for (size_t i = 0; there && !now && i < rule->n_windows; i++) {
		const struct bsg_window *w = &p->orders.windows[rule->first_window + i];

		now = w->from <= p->now && p->now < w->until;
	}
	return there && now;
}

/* The rules of the policy that hold now, each once; *enforced says how. @return how many */
static size_t rules_now(const struct phone *p, size_t out[static BSG_RULES_MAX], bool enforced[static BSG_RULES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < p->orders.n_rules; i++) {
		size_t k = 0;

		if (p->rule_of[i] == NO_RULE || !holds(p, &p->orders.rules[i]))
			continue;
		while (k < n && out[k] != p->rule_of[i])
			k++;
		if (k < n)
			continue;
		enforced[n] = p->orders.rules[i].enforce;
		out[n++] = p->rule_of[i];
	}
	return n;
}

/* The first moment after now at which some window begins or ends; @until if there is none before. */
static int64_t next_edge(const struct phone *p, int64_t until)
{
	for (size_t i = 0; i < p->orders.n_windows; i++) {
		const struct bsg_window *w = &p->orders.windows[i];

		if (w->from > p->now && w->from < until)
			until = w->from;
		if (w->until > p->now && w->until < until)
			until = w->until;
	}
	return p->out.next > p->now && p->out.next < until ? p->out.next : until;
}

static void add_time(struct phone *p, int64_t seconds)
{
	struct bsg_replay_sum *sum = p->sum;
	size_t rules[BSG_RULES_MAX];
	bool enforced[BSG_RULES_MAX];

	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		sum->restricted_s[f] += (p->out.restricted & BSG_BIT(f)) != 0 ? seconds : 0;
		sum->observed_s[f] += (p->out.observed & BSG_BIT(f)) != 0 ? seconds : 0;
	}
	const size_t n = sum->rules != NULL ? rules_now(p, rules, enforced) : 0;
	for (size_t i = 0; i < n; i++) {
		struct bsg_replay_rule *r = &sum->rules[rules[i]];

		*(enforced[i] ? &r->enforced_s : &r->observed_s) += seconds;
		p->held[rules[i]] = true;
	}
}

/* Let time pass up to @until, edge by edge. */
static enum bsg_err live_until(struct phone *p, int64_t until, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	while (rc == BSG_OK && p->now < until) {
		const int64_t next = next_edge(p, until);

		add_time(p, next - p->now);
		rc = step(p, (struct bsg_event){ .kind = BSG_EVENT_TICK }, next, err);
	}
	return rc;
}

/* The place of a crossing that the orders know: it, or the nearest around it. */
static const struct bsg_policy_place *known_place(const struct phone *p, const char *id)
{
	const struct bsg_policy *policy = p->device->policy;
	const struct bsg_policy_place *place = bsg_policy_find_place(policy, id);

	while (place != NULL) {
		for (size_t i = 0; i < p->orders.n_places; i++)
			if (same(p->orders.places[i].id, (struct bsg_str){ place->id, strlen(place->id) }))
				return place;
		place = place->parent != NULL ? bsg_policy_find_place(policy, place->parent) : NULL;
	}
	return NULL;
}

static void judge(struct phone *p, const char *id)
{
	const struct bsg_policy_place *place = bsg_policy_find_place(p->device->policy, id);
	struct bsg_verdict verdict = { .remedy = BSG_REMEDY_ADMIT };
	size_t rules[BSG_RULES_MAX];
	bool enforced[BSG_RULES_MAX];

	if (place != NULL)
		bsg_coverage_verdict(p->device->coverage, place, &p->device->phone, p->out.restricted, &verdict);
	p->sum->n_verdicts[verdict.remedy]++;
	const size_t n = p->sum->rules != NULL ? rules_now(p, rules, enforced) : 0;
	for (size_t i = 0; i < n; i++)
		p->sum->rules[rules[i]].n_crossings++;
}

static enum bsg_err cross(struct phone *p, const struct bsg_replay_crossing *crossing, struct bsg_error *err)
{
	const struct bsg_policy_place *place = known_place(p, crossing->place);
	struct bsg_event event = { .kind = crossing->in ? BSG_EVENT_GATE_IN : BSG_EVENT_GATE_OUT };
	enum bsg_err rc = live_until(p, crossing->at, err);

	if (rc == BSG_OK && place != NULL) {
		event.u.gate.place = (struct bsg_str){ place->id, strlen(place->id) };
		event.u.gate.at = crossing->at;
		event.u.gate.bound = true;
		rc = step(p, event, crossing->at, err);
	}
	if (rc == BSG_OK && crossing->in)
		judge(p, crossing->place);
	return rc;
}

static enum bsg_err live(struct phone *p, struct bsg_error *err)
{
	const struct bsg_replay_device *d = p->device;
	struct bsg_event event = { .kind = BSG_EVENT_ORDERS_CHANGED };
	enum bsg_err rc;

	event.u.orders = &p->orders;
	rc = step(p, event, d->from, err);
	for (size_t i = 0; rc == BSG_OK && i < d->n_crossings; i++)
		rc = cross(p, &d->crossings[i], err);
	return rc == BSG_OK ? live_until(p, d->until, err) : rc;
}

enum bsg_err bsg_replay_device(const struct bsg_replay_device *device, struct bsg_replay_sum *sum, bool *held, struct bsg_error *err)
{
	struct phone *p = calloc(1, sizeof(*p));
	enum bsg_err rc;

	if (p == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to replay");
	p->device = device;
	p->sum = sum;
	p->held = held;
	rc = prepare(p, err);
	if (rc == BSG_OK)
		rc = live(p, err);
	bsg_compiled_free(p->compiled);
	free(p);
	return rc;
}
