/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer: which rules hold and what that restricts (D1), break-glass (D7), and
 * when the answer will differ (O6, O7).
 *
 * Between now and the first end of a presence only windows, exemptions, break-glass
 * and release can change anything, so the search for `next` evaluates the same rules
 * at their edges and compares.
 */
#include "core/internal.h"

/* Numbers of rules here: 0..15 the rank of a rule of the orders, 16 and 17 the rules of the guest slots. */
#define FIRST_GUEST_RULE BSG_RULES_MAX
#define N_RULES (BSG_RULES_MAX + BSG_GUESTS_MAX)

/* A rule that can hold: it names no place, or one where the device is present. */
struct live_rule {
	const struct bsg_window *windows, *stop;	/* those that end after the time last looked at; NULL: always */
	int64_t lease;					/* end of presence in its place; FOREVER */
	uint32_t functions;
	uint8_t number;
	bool enforce;
};

struct live {
	size_t n;
	struct live_rule rules[N_RULES];
	uint32_t keep;		/* D7.5 */
	int64_t change;		/* presence or expiry changes: the answer surely differs */
};

/* The answer at a moment, without names. */
struct view {
	uint32_t restricted, observed;
	uint32_t app_rules;	/* set of numbers of rules that put apps on the list */
	int64_t lift_by;
	enum bsg_no_pass no_pass;
	uint8_t why[BSG_FUNCTIONS_COUNT];	/* number of the rule that explains it */
	int64_t until[BSG_FUNCTIONS_COUNT];
};

static const struct bsg_rule *rule_of(const struct bsg_context *c, size_t number)
{
	return &c->orders->rules[c->orders->prepared.rule[number]];
}

static struct bsg_str rule_id(const struct bsg_context *c, size_t number)
{
	static const char guest[] = "guest";

	return number < FIRST_GUEST_RULE ? rule_of(c, number)->id :
		(struct bsg_str){ guest, sizeof(guest) - 1 };
}

static struct bsg_str rule_place(const struct bsg_context *c, size_t number)
{
	return number < FIRST_GUEST_RULE ? rule_of(c, number)->place :
		c->guest[number - FIRST_GUEST_RULE]->place;
}

/* ---- which rules can hold at all ---- */

/* First window that ends after t. */
static const struct bsg_window *seek(const struct bsg_window *w, size_t n, int64_t t)
{
	while (n > 0) {
		size_t half = n / 2;

		if (w[half].until <= t) {
			w += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return w;
}

static void add_rule(const struct bsg_context *c, struct live *live, size_t number)
{
	const struct bsg_rule *rule = rule_of(c, number);
	size_t rank = c->orders->prepared.rule_place[number];
	struct live_rule *r = &live->rules[live->n];

	r->lease = FOREVER;
	if (rank < BSG_PLACES_MAX) {
		if (!bsg_is_present(&c->state->places[rank], c->now))
			return;
		r->lease = c->state->places[rank].end;
	}
	r->windows = r->stop = NULL;
	if (!rule->always) {
		const struct bsg_window *w = &c->orders->windows[rule->first_window];

		r->stop = w + rule->n_windows;
		r->windows = seek(w, rule->n_windows, c->now);
		if (r->windows == r->stop)
			return;
	}
	r->functions = rule->restrict_functions;
	r->number = (uint8_t)number;
	r->enforce = rule->enforce;
	live->n++;
}

static void add_guest_rule(const struct bsg_context *c, struct live *live, size_t i)
{
	if (!bsg_is_present(&c->state->guests[i], c->now))
		return;
	live->rules[live->n++] = (struct live_rule){ .lease = c->state->guests[i].end,
		.functions = c->guest[i]->functions, .number = (uint8_t)(FIRST_GUEST_RULE + i), .enforce = true };
}

/* When presence ends if nothing more happens; in sight, only its lease ends it. */
static int64_t end_of(const struct bsg_context *c, struct bsg_sight sight, size_t k)
{
	const struct bsg_place_state *slot = bsg_slot(c->state, k);
	const struct bsg_place *place;

	if (slot->by == BSG_BY_GATE || bsg_in_sight(c, sight, k))
		return slot->end;
	place = bsg_place(c->orders, k);
	return bsg_least(slot->end, (int64_t)slot->evidence +
			 (slot->by == BSG_BY_SELF ? place->self_stay : place->grace));
}

static void find_live(const struct bsg_context *c, struct live *live)
{
	struct bsg_sight sight = bsg_look(c);

	live->n = 0;
	live->keep = 0;
	live->change = c->auth && c->state->expired == 0 ? c->orders->expires : FOREVER;
	for (size_t k = 0; k < c->orders->n_places; k++) {
		if (!bsg_is_present(&c->state->places[k], c->now))
			continue;
		live->keep |= bsg_place(c->orders, k)->keep;
		live->change = bsg_least(live->change, end_of(c, sight, k));
	}
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (bsg_is_present(&c->state->guests[i], c->now))
			live->change = bsg_least(live->change, c->state->guests[i].end);
	for (size_t i = 0; i < c->orders->n_rules; i++)
		add_rule(c, live, i);
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		add_guest_rule(c, live, i);
}

/* ---- the answer at t ---- */

/* When the window of a rule that contains t, or its lease, ends; 0: it does not hold. t only grows. */
static int64_t holds_until(const struct live_rule *r, const struct bsg_window **at, int64_t t)
{
	if (t >= r->lease)
		return 0;
	if (r->stop == NULL)
		return r->lease;
	while (*at != r->stop && (*at)->until <= t)
		(*at)++;
	if (*at == r->stop || (*at)->from > t)
		return 0;
	return bsg_least((*at)->until, r->lease);
}

static bool is_released(const struct bsg_context *c, int64_t t)
{
	const struct bsg_state *s = c->state;

	return s->release_at != 0 && s->last_gate_in <= s->release_at && t < (int64_t)s->release_at + DAY_S;
}

static uint32_t exempt(const struct bsg_context *c, int64_t t)
{
	uint32_t functions = 0;

	for (size_t i = 0; i < c->orders->n_exemptions; i++) {
		const struct bsg_exemption *e = &c->orders->exemptions[i];

		if (e->from <= t && t < e->until)
			functions |= e->functions;
	}
	return functions;
}

static bool broken_at(const struct bsg_context *c, int64_t t)
{
	return t < c->state->break_glass_until;
}

static enum bsg_no_pass no_pass(const struct bsg_context *c, int64_t t)
{
	if (c->state->expired != 0)
		return BSG_PASS_ORDERS_EXPIRED;
	if (is_released(c, t))
		return BSG_PASS_RELEASED;
	if (!c->auth)
		return BSG_PASS_TIME_UNVERIFIED;
	if (broken_at(c, t))
		return BSG_PASS_BREAK_GLASS;
	if (c->state->left_unconfirmed != 0)
		return BSG_PASS_LEFT_UNCONFIRMED;
	for (size_t k = 0; k < N_SLOTS; k++)
		if (bsg_is_present(bsg_slot(c->state, k), c->now))
			return BSG_PASS_NONE;
	return BSG_PASS_ABSENT;
}

/* O1: of equal ends the smaller rule id, then the smaller place id. Orders' rules come by id, so they never get here. */
static bool explains_before(const struct bsg_context *c, size_t a, size_t b)
{
	int order = bsg_str_order(rule_id(c, a), rule_id(c, b));

	return order < 0 || (order == 0 && bsg_str_order(rule_place(c, a), rule_place(c, b)) < 0);
}

static void explain(const struct bsg_context *c, struct view *view, uint32_t functions, uint8_t number,
		    int64_t until)
{
	for (; functions != 0; functions &= functions - 1) {
		size_t f = (size_t)__builtin_ctz(functions);

		if ((view->restricted >> f & 1) == 0 || until > view->until[f] ||
		    (until == view->until[f] && number >= FIRST_GUEST_RULE &&
		     explains_before(c, number, view->why[f]))) {
			view->why[f] = number;
			view->until[f] = until;
		}
		view->restricted |= UINT32_C(1) << f;
	}
}

/* O6, from the rules' places in their windows at t. */
static int64_t lift_by(const struct live *live, int64_t t)
{
	const struct bsg_window *at[N_RULES];
	int64_t reached = t, before;

	for (size_t i = 0; i < live->n; i++)
		at[i] = live->rules[i].windows;
	do {
		before = reached;
		for (size_t i = 0; i < live->n; i++)
			if (live->rules[i].enforce && live->rules[i].functions != 0)
				reached = bsg_most(reached, holds_until(&live->rules[i], &at[i], before));
	} while (reached != before);
	return reached == t ? 0 : reached;
}

static void look_at(const struct bsg_context *c, struct live *live, int64_t t, struct view *view)
{
	uint32_t free_now = exempt(c, t), left = BSG_FUNCTIONS_ALL;

	if (c->state->expired != 0 || is_released(c, t))
		left = 0;
	else if (broken_at(c, t))
		left = live->keep;
	view->restricted = view->observed = view->app_rules = 0;
	for (size_t i = 0; i < live->n; i++) {
		struct live_rule *r = &live->rules[i];
		int64_t until = holds_until(r, &r->windows, t);
		uint32_t functions = r->functions & left;

		if (r->number < FIRST_GUEST_RULE)
			functions &= ~free_now;
		if (until == 0 || functions == 0)
			continue;
		if (!r->enforce) {
			view->observed |= functions;
			continue;
		}
		explain(c, view, functions, r->number, until);
		if ((functions & BSG_BIT(BSG_APPS)) != 0)
			view->app_rules |= UINT32_C(1) << r->number;
	}
	view->no_pass = no_pass(c, t);
	view->lift_by = lift_by(live, t);
}

/* ---- apps ---- */

static const struct bsg_str *apps_of(const struct bsg_context *c, size_t number, size_t *n)
{
	if (number >= FIRST_GUEST_RULE) {
		*n = c->guest[number - FIRST_GUEST_RULE]->n_apps;
		return c->guest[number - FIRST_GUEST_RULE]->apps;
	}
	*n = rule_of(c, number)->n_apps;
	return &c->orders->apps[rule_of(c, number)->first_app];
}

/* Find a name in an ascending list. @return whether it is there; at: where it is or belongs */
static bool find_app(const struct bsg_str *list, size_t n, struct bsg_str name, size_t *at)
{
	for (*at = 0; *at < n; (*at)++) {
		int order = bsg_str_order(list[*at], name);

		if (order >= 0)
			return order == 0;
	}
	return false;
}

static void list_apps(const struct bsg_context *c, uint32_t rules, struct bsg_output *out)
{
	out->n_apps = 0;
	for (; rules != 0; rules &= rules - 1) {
		size_t n, at;
		const struct bsg_str *apps = apps_of(c, (size_t)__builtin_ctz(rules), &n);

		for (size_t i = 0; i < n; i++) {
			if (find_app(out->apps, out->n_apps, apps[i], &at))
				continue;
			for (size_t j = out->n_apps++; j > at; j--)
				out->apps[j] = out->apps[j - 1];
			out->apps[at] = apps[i];
		}
	}
}

static bool lists_app(const struct bsg_context *c, uint32_t rules, struct bsg_str name)
{
	for (; rules != 0; rules &= rules - 1) {
		size_t n;
		const struct bsg_str *apps = apps_of(c, (size_t)__builtin_ctz(rules), &n);

		for (size_t i = 0; i < n; i++)
			if (bsg_str_same(apps[i], name))
				return true;
	}
	return false;
}

/* Whether these rules put other names on the list than out has. */
static bool other_apps(const struct bsg_context *c, uint32_t rules, const struct bsg_output *out)
{
	size_t at;

	for (size_t i = 0; i < out->n_apps; i++)
		if (!lists_app(c, rules, out->apps[i]))
			return true;
	for (; rules != 0; rules &= rules - 1) {
		size_t n;
		const struct bsg_str *apps = apps_of(c, (size_t)__builtin_ctz(rules), &n);

		for (size_t i = 0; i < n; i++)
			if (!find_app(out->apps, out->n_apps, apps[i], &at))
				return true;
	}
	return false;
}

/* ---- next ---- */

static void sooner(int64_t *first, int64_t t, int64_t edge)
{
	if (edge > t && edge < *first)
		*first = edge;
}

/* Whether this rule makes a difference in the answer, so that its end may change it. */
static bool matters(const struct live_rule *r, const struct view *view)
{
	if (!r->enforce || (r->functions & BSG_BIT(BSG_APPS)) != 0)
		return true;
	for (uint32_t f = r->functions & view->restricted; f != 0; f &= f - 1)
		if (view->why[__builtin_ctz(f)] == r->number)
			return true;
	return false;
}

/* Whether this rule can make one by beginning to hold, until then. */
static bool may_matter(const struct live_rule *r, int64_t until, const struct view *view)
{
	if (!r->enforce || (r->functions & (BSG_BIT(BSG_APPS) | ~view->restricted)) != 0)
		return true;
	for (uint32_t f = r->functions; f != 0; f &= f - 1)
		if (view->until[__builtin_ctz(f)] <= until)
			return true;
	return false;
}

/* The first edge of a rule's windows after t that may change the answer; the edges of what explains nothing cannot. */
static void consider_windows(const struct live_rule *r, const struct view *view, int64_t t, int64_t *first)
{
	bool ends = matters(r, view);

	if (r->functions == 0)
		return;
	for (const struct bsg_window *w = r->windows; w != r->stop && w->from < *first; w++) {
		if (w->until <= t)
			continue;
		if (w->from > t && may_matter(r, bsg_least(w->until, r->lease), view)) {
			*first = w->from;
			return;
		}
		if (w->from <= t && ends) {
			sooner(first, t, w->until);
			return;
		}
	}
}

/* The first edge after t that may change the answer from what it is now (view), before live->change. */
static int64_t edge_after(const struct bsg_context *c, const struct live *live, const struct view *view, int64_t t)
{
	int64_t first = live->change;

	for (size_t i = 0; i < live->n; i++)
		consider_windows(&live->rules[i], view, t, &first);
	for (size_t i = 0; i < c->orders->n_exemptions; i++) {
		sooner(&first, t, c->orders->exemptions[i].from);
		sooner(&first, t, c->orders->exemptions[i].until);
	}
	if (is_released(c, t))
		sooner(&first, t, (int64_t)c->state->release_at + DAY_S);
	sooner(&first, t, c->state->break_glass_until);
	sooner(&first, t, view->lift_by);
	return first;
}

static bool differs(const struct bsg_context *c, const struct view *a, const struct view *b)
{
	if (a->restricted != b->restricted || a->observed != b->observed || a->no_pass != b->no_pass ||
	    a->lift_by != b->lift_by)
		return true;
	for (uint32_t f = a->restricted; f != 0; f &= f - 1) {
		size_t i = (size_t)__builtin_ctz(f);

		if (a->why[i] != b->why[i] || a->until[i] != b->until[i])
			return true;
	}
	return a->app_rules != b->app_rules && other_apps(c, b->app_rules, c->out);
}

static int64_t find_next(const struct bsg_context *c, struct live *live, const struct view *now)
{
	struct view then;
	int64_t t = c->now;

	for (;;) {
		t = edge_after(c, live, now, t);
		if (t > BSG_TIME_MAX)
			return 0;
		if (t >= live->change)
			return t;
		look_at(c, live, t, &then);
		if (differs(c, now, &then))
			return t;
	}
}

/* ---- the output ---- */

static void fill_why(const struct bsg_context *c, const struct view *view)
{
	for (uint32_t rest = view->restricted; rest != 0; rest &= rest - 1) {
		size_t f = (size_t)__builtin_ctz(rest), number = view->why[f];

		c->out->why[f] = (struct bsg_out_why){
			.rule = rule_id(c, number), .place = rule_place(c, number), .until = view->until[f],
			.because = number < FIRST_GUEST_RULE ? &rule_of(c, number)->because :
				&c->guest[number - FIRST_GUEST_RULE]->because,
		};
	}
}

static void add_present(const struct bsg_context *c, size_t k, struct bsg_str id)
{
	const struct bsg_place_state *slot = bsg_slot(c->state, k);
	struct bsg_out_present *list = c->out->present;
	size_t at;

	if (!bsg_is_present(slot, c->now))
		return;
	for (at = c->out->n_present++; at > 0 && bsg_str_order(list[at - 1].place, id) > 0; at--)
		list[at] = list[at - 1];
	list[at] = (struct bsg_out_present){ .place = id, .by = (enum bsg_by)slot->by, .since = slot->since,
		.anchor = slot->anchor, .end = slot->end };
}

void bsg_answer(struct bsg_context *c)
{
	struct bsg_output *out = c->out;
	struct live live;
	struct view view;

	find_live(c, &live);
	look_at(c, &live, c->now, &view);
	out->restricted = view.restricted;
	out->observed = view.observed;
	fill_why(c, &view);
	list_apps(c, view.app_rules, out);
	out->n_present = 0;
	for (size_t k = 0; k < c->orders->n_places; k++)
		add_present(c, k, bsg_place(c->orders, k)->id);
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (c->guest[i] != NULL)
			add_present(c, FIRST_GUEST + i, c->guest[i]->place);
	out->why_no_pass = view.no_pass;
	out->may_pass = view.no_pass == BSG_PASS_NONE;
	out->break_glass_total = c->state->break_glass_total;
	out->lift_by = view.lift_by;
	out->next = find_next(c, &live, &view);
}

/* D7.1 to D7.3 */
void bsg_break_glass(struct bsg_context *c)
{
	static const struct bsg_str no_place = { NULL, 0 };
	struct bsg_state *s = c->state;
	struct live live;
	struct view view;
	size_t n = 0;

	find_live(c, &live);
	look_at(c, &live, c->now, &view);
	if (s->break_glass_until != 0 || view.restricted == 0)
		return;
	while (n < BSG_BREAK_GLASS_PER_DAY_MAX && s->presses[n] != 0)
		n++;
	if (c->orders->break_glass_minutes == 0 || n >= c->orders->break_glass_per_day) {
		bsg_say(c, BSG_OUT_BREAK_GLASS_REFUSED, no_place, 0);
		return;
	}
	s->presses[n] = (uint32_t)c->now;
	s->break_glass_total++;
	s->break_glass_until = (uint32_t)(c->now + INT64_C(60) * c->orders->break_glass_minutes);
	bsg_say(c, BSG_OUT_BREAK_GLASS, no_place, s->break_glass_until);
}
