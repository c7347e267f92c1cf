/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_property.h: compile, then step, is what the document says. */
#include "policy_property.h"

#include <stdlib.h>
#include <string.h>

#define STEPS 40u

struct life {
	struct chance chance;
	json_t *doc;
	struct naive naive;
	struct random_facts facts;
	struct bsg_policy *policy;
	struct bsg_compiled *compiled;
	struct bsg_orders orders;	/* prepared */
	struct bsg_state state;
	struct bsg_output out;
	uint64_t may_be_early[NAIVE_RULES];
	int64_t now;
	uint32_t last_restricted;
	int64_t last_now;
};

static void check_why(const struct life *life, const struct naive_answer *want)
{
	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		const struct bsg_out_why *got = &life->out.why[i];
		const struct naive_why *why = &want->why[i];

		if ((want->restricted >> i & 1) == 0)
			continue;
		if (!is_text(got->rule, why->rule) || !is_text(got->place, why->place) || got->until != why->until)
			failed("at %lld %s is explained by %.*s until %lld, not by %s until %lld", (long long)life->now,
			       bsg_functions[i].name, (int)got->rule.len, got->rule.ptr, (long long)got->until, why->rule,
			       (long long)why->until);
		things[MANY] += strchr(why->rule, '@') != NULL;
	}
}

static void check_present(const struct life *life)
{
	const struct naive_phone *phone = &life->naive.phone;

	for (size_t i = 0; i < life->out.n_present; i++) {
		const struct bsg_out_present *got = &life->out.present[i];
		size_t k = 0;

		while (k < phone->n_present && !is_text(got->place, phone->present[k].place))
			k++;
		if (k == phone->n_present || got->by != BSG_BY_GATE || got->since != phone->present[k].since ||
		    got->anchor != phone->present[k].anchor || got->end != phone->present[k].end)
			failed("at %lld presence in %.*s is another", (long long)life->now, (int)got->place.len, got->place.ptr);
	}
	if (life->out.n_present != phone->n_present)
		failed("at %lld present in %zu places, not in %zu", (long long)life->now, life->out.n_present, phone->n_present);
}

static void count_answer(struct life *life, const struct naive_answer *want)
{
	things[STEPPED]++;
	things[RESTRICTED] += want->restricted != 0;
	things[OBSERVED] += want->observed != 0;
	things[NOTHING] += want->restricted == 0 && want->observed == 0;
	things[EXEMPT] += want->exempted != 0;
	things[KEPT] += want->kept != 0;
	things[BY_PARENT] += want->by_parent;
	things[TIED] += want->tied;
	things[EXPIRED] += want->no_pass == BSG_PASS_ORDERS_EXPIRED;
	things[RELEASED] += want->no_pass == BSG_PASS_RELEASED;
	things[BEFORE_EDGE] += naive_edge(&life->naive, life->now) == life->now + 1;
	things[AT_EDGE] += life->now == life->last_now + 1 && want->restricted != life->last_restricted;
	life->last_restricted = want->restricted;
	life->last_now = life->now;
}

static void check_answer(struct life *life)
{
	struct naive_answer want;

	naive_ask(&life->naive, life->now, &want);
	if (life->out.restricted != want.restricted || life->out.observed != want.observed)
		failed("at %lld restricted %x, not %x; observed %x, not %x", (long long)life->now, life->out.restricted,
		       want.restricted, life->out.observed, want.observed);
	if (life->out.why_no_pass != want.no_pass || life->out.may_pass != (want.no_pass == BSG_PASS_NONE))
		failed("at %lld no pass for %d, not %d", (long long)life->now, life->out.why_no_pass, want.no_pass);
	check_why(life, &want);
	check_present(life);
	count_answer(life, &want);
}

static bool reported(const struct life *life, enum bsg_out_kind kind)
{
	for (size_t i = 0; i < life->out.n_reports; i++)
		if (life->out.reports[i].kind == kind)
			return true;
	return false;
}

static void step(struct life *life, struct bsg_event *event)
{
	event->time = (struct bsg_time){ life->now, (life->now - RANDOM_NOW + 86400) * 1000, true };
	if (bsg_step(&life->orders, NULL, 0, &life->state, event, &life->state, &life->out) != BSG_OK)
		failed("core refuses event %d at %lld", event->kind, (long long)life->now);
}

static void cross(struct life *life)
{
	struct chance *c = &life->chance;
	const char *place = random_place(c, life->doc);
	const bool in = !one_in(c, 3);
	const int64_t at = one_in(c, 3) ? life->now - 700 + roll(c, 720) : 0;
	struct bsg_event event = { .kind = in ? BSG_EVENT_GATE_IN : BSG_EVENT_GATE_OUT };

	event.u.gate.place = (struct bsg_str){ place, strlen(place) };
	event.u.gate.at = at;
	event.u.gate.bound = true;
	note("%lld %s %s at %lld\n", (long long)life->now, in ? "in" : "out", place, (long long)at);
	const enum naive_done done = naive_gate(&life->naive, life->now, place, in, at);

	step(life, &event);
	things[STALE] += done == NAIVE_STALE;
	things[UNKNOWN] += done == NAIVE_UNKNOWN;
	if (reported(life, BSG_OUT_GATE_EVENT_STALE) != (done == NAIVE_STALE) ||
	    reported(life, BSG_OUT_UNKNOWN_PLACE) != (done == NAIVE_UNKNOWN))
		failed("the gate event at %lld has another effect", (long long)life->now);
}

static void press(struct life *life)
{
	struct bsg_event event = { .kind = BSG_EVENT_BREAK_GLASS };

	note("%lld break-glass\n", (long long)life->now);
	const enum naive_done done = naive_press(&life->naive, life->now);

	step(life, &event);
	things[PRESSED] += done == NAIVE_DONE;
	things[PRESS_REFUSED] += done == NAIVE_REFUSED;
	if (reported(life, BSG_OUT_BREAK_GLASS) != (done == NAIVE_DONE) ||
	    reported(life, BSG_OUT_BREAK_GLASS_REFUSED) != (done == NAIVE_REFUSED))
		failed("break-glass at %lld has another effect", (long long)life->now);
}

static void tick(struct life *life)
{
	struct bsg_event event = { .kind = BSG_EVENT_TICK };
	const size_t was = life->naive.phone.n_present;

	note("%lld tick\n", (long long)life->now);
	naive_settle(&life->naive, life->now);
	things[LEASE_OVER] += life->naive.phone.n_present < was;
	step(life, &event);
}

/* P14, P17: what is told without compiling. */
static void check_concerns(const struct life *life)
{
	const struct bsg_compile_facts *f = &life->facts.facts;
	json_t *rules = json_object_get(life->doc, "rules");
	enum bsg_concern want = BSG_CONCERN_NONE;
	uint8_t marks[32];
	bool any = false;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *written = json_array_get(rules, i);
		const enum bsg_concern concern = naive_concern(written, f);
		const struct bsg_policy_rule *rule = bsg_policy_find_rule(life->policy, naive_text(written, "id"));

		if (bsg_policy_rule_concerns(rule, f) != concern)
			failed("rule %s concerns the device otherwise", rule->id);
		want = concern > want ? concern : want;
	}
	if (bsg_policy_concerns(life->policy, f) != want)
		failed("the policy concerns the device otherwise");
	const bool said = bsg_policy_needed_places(life->policy, f, marks);

	for (size_t i = 0; i < life->policy->n_places; i++) {
		const bool needed = naive_needed(life->doc, f, life->policy->places[i].id);

		if (needed != (marks[i] != 0))
			failed("place %s is needed: %d", life->policy->places[i].id, needed);
		any = any || needed;
	}
	if (said != any)
		failed("places are needed: %d", any);
}

/* Compile what the document says now, check it, and make it ready. @return false: it does not fit */
static bool make_orders(struct life *life, struct bsg_orders *orders)
{
	struct bsg_timetable *timetable = timetable_for(life->policy, &life->facts.facts);
	struct bsg_compiled *compiled = compile(life->doc, life->policy, timetable, &life->facts.facts);
	static struct bytes bytes;
	const char *why = "";

	check_concerns(life);
	if (compiled != NULL) {
		bytes_of(life->policy, timetable, &life->facts.facts, &bytes);	/* they travel; too long is a limit, too */
		check_orders(&life->naive, &compiled->orders, life->may_be_early);
		*orders = compiled->orders;
		if (bsg_orders_prepare(orders, &why) != BSG_OK)
			failed("core refuses the orders: %s", why);
		things[NO_AGENT] += !life->facts.facts.has_agent;
	}
	bsg_timetable_drop(timetable);
	if (compiled != NULL) {
		bsg_compiled_free(life->compiled);
		life->compiled = compiled;
	}
	return compiled != NULL;
}

static void change_policy(struct life *life)
{
	json_t *doc = json_deep_copy(life->doc);
	const char *what = random_change(&life->chance, doc);
	enum bsg_err code = BSG_E_INVALID;
	struct bsg_policy *policy = what != NULL ? parse(&doc, 1, false, &code) : NULL;

	if (code != BSG_OK) {
		json_decref(doc);
		return;
	}
	note("%s\n", what);
	bsg_policy_free(life->policy);
	json_decref(life->doc);
	life->policy = policy;
	now_at.doc = life->naive.doc = life->doc = doc;
	memset(life->may_be_early, 0xff, sizeof(life->may_be_early));
	things[RENEWED_CHANGED]++;
}

/* New orders: the same policy or a changed one, later. @return false: they do not fit, this life is over */
static bool renew(struct life *life)
{
	static struct bsg_orders old;
	struct bsg_compiled *was = life->compiled;
	struct bsg_event event = { .kind = BSG_EVENT_ORDERS_CHANGED };
	const struct bsg_compile_facts *f = &life->facts.facts;
	const int64_t after = life->now;

	life->compiled = NULL;	/* the old orders are needed until the step */
	old = life->orders;
	if (one_in(&life->chance, 3))
		change_policy(life);
	random_news(&life->chance, life->doc, after, &life->facts);
	note("%lld orders %u, presence %u %s %s %lld\n", (long long)after, f->serial, f->presence_seq,
	     f->presence_in ? "in" : "out", f->has_presence ? f->presence_place : "nowhere", (long long)f->presence_at);
	if (!make_orders(life, &life->orders)) {
		bsg_compiled_free(was);
		return false;
	}
	naive_take(&life->naive, after);
	event.u.orders = &life->orders;
	event.time = (struct bsg_time){ after, (after - RANDOM_NOW + 86400) * 1000, true };
	if (bsg_step(&old, NULL, 0, &life->state, &event, &life->state, &life->out) != BSG_OK || !life->out.orders_taken)
		failed("core does not take the orders at %lld", (long long)after);
	bsg_compiled_free(was);
	things[RENEWED]++;
	return true;
}

/* The next moment to look at: often an edge, or a second beside it. */
static int64_t some_later(struct life *life)
{
	struct chance *c = &life->chance;
	const int64_t edge = naive_edge(&life->naive, life->now);

	if (life->naive.phone.bg_until != 0 && one_in(c, 2))
		return life->now + roll(c, 300);
	switch (roll(c, 10)) {
	case 0: case 1: case 2: case 3:
		return edge != INT64_MAX ? edge - 1 + roll(c, 3) : life->now;
	case 4:
		return life->now + 1;
	case 5:
		return life->now + roll(c, 86400);
	case 6:
		return one_in(c, 8) ? naive_expires(&life->facts.facts) - 2 + roll(c, 3) : life->now;
	default:
		return life->now + 1 + roll(c, 7200);
	}
}

static void live_on(struct life *life)
{
	for (unsigned i = 0; i < STEPS; i++) {
		const uint32_t what = roll(&life->chance, 32);

		if (what < 8)
			cross(life);
		else if (what < 11)
			press(life);
		else if (what == 11 ||
			 (life->now >= life->orders.expires && one_in(&life->chance, 3))) {
			if (!renew(life))
				return;
		} else {
			tick(life);
		}
		check_answer(life);
		const int64_t later = some_later(life);

		life->now = later > life->now ? later : life->now;
	}
}

static void begin_and_live(struct life *life, uint64_t seed)
{
	memset(life, 0, sizeof(*life));
	memset(life->may_be_early, 0xff, sizeof(life->may_be_early));
	chance_seed(&life->chance, seed);
	life->doc = random_policy(&life->chance);
	assert_non_null(life->doc);
	random_facts(&life->chance, life->doc, &life->facts);
	look_at(seed, life->doc, NULL, &life->facts.facts);
	life->policy = parse_one(life->doc);
	life->naive = (struct naive){ .doc = life->doc, .facts = &life->facts.facts };
	life->now = life->facts.facts.now + (one_in(&life->chance, 2) ? 0 : roll(&life->chance, 100));
	if (make_orders(life, &life->orders)) {
		naive_take(&life->naive, life->now);
		tick(life);
		check_answer(life);
		live_on(life);
	}
	bsg_compiled_free(life->compiled);
	bsg_policy_free(life->policy);
	json_decref(life->doc);
	look_at(0, NULL, NULL, NULL);
}

void live(uint64_t seed)
{
	static struct life life;

	begin_and_live(&life, seed);
}
