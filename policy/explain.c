/* SPDX-License-Identifier: Apache-2.0 */
/* Words for what bsg_step() decided. See policy/explain.h. */
#include "policy/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "policy/explain_says.h"
#include "policy/json.h"

/* The last word about where the phone is: a gate's, real or supposed. */
struct word {
	struct bsg_str place;	/* empty: none */
	bool in;
	int64_t at;
};

/* A decision made to be explained; on the heap, as it is large. */
struct decision {
	const struct bsg_explain_query *query;
	struct bsg_orders orders;
	bool has_orders;
	struct word word;	/* none for a real state: it may know better than the orders */
	struct bsg_state state;
	struct bsg_output out;
};

static int compare(struct bsg_str a, struct bsg_str b)
{
	const size_t shorter = a.len < b.len ? a.len : b.len;
	const int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);

	return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

static bool same(struct bsg_str a, struct bsg_str b)
{
	return compare(a, b) == 0;
}

static struct bsg_str str(const char *text)
{
	return (struct bsg_str){ text, strlen(text) };
}

static const struct bsg_place *find_place(const struct bsg_orders *orders, struct bsg_str id)
{
	for (size_t i = 0; i < orders->n_places; i++)
		if (same(orders->places[i].id, id))
			return &orders->places[i];
	return NULL;
}

/* ---- the decision ------------------------------------------------------ */

/* Where the phone is supposed to be, or where its orders say that it is. */
static struct word find_word(const struct bsg_explain_query *query)
{
	const struct bsg_orders *orders = query->orders;

	if (query->state != NULL)
		return (struct word){ .at = 0 };
	if (query->in != NULL)
		return (struct word){ str(query->in), true, query->since != 0 ? query->since : query->at };
	if (orders->has_presence)
		return (struct word){ orders->presence.place, orders->presence.in, orders->presence.at };
	return (struct word){ .at = 0 };
}

static enum bsg_err new_decision(const struct bsg_explain_query *query, struct decision **out, struct bsg_error *err)
{
	struct decision *d = calloc(1, sizeof(*d));
	const char *why = NULL;
	enum bsg_err rc = BSG_OK;

	*out = NULL;
	if (d == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to explain");
	d->query = query;
	d->has_orders = query->orders != NULL;
	if (d->has_orders) {
		d->orders = *query->orders;
		d->word = find_word(query);
		rc = bsg_orders_prepare(&d->orders, &why);
	}
	if (rc != BSG_OK) {
		free(d);
		return bsg_fail(err, rc, "these orders are refused: %s", why != NULL ? why : "");
	}
	*out = d;
	return BSG_OK;
}

static enum bsg_err step(struct decision *d, int64_t at, struct bsg_event event, struct bsg_error *err)
{
	const struct bsg_explain_query *q = d->query;
	const int64_t passed_ms = (at - (int64_t)d->state.now) * 1000;

	/* As if the phone had been awake since its last step, and its clock right. */
	event.time = (struct bsg_time){ .utc = at, .auth = q->state == NULL || !q->unverified,
					.mono_ms = d->state.mono_ms + (passed_ms > 0 ? passed_ms : 0) };
	const enum bsg_err rc = bsg_step(d->has_orders ? &d->orders : NULL, q->guests, q->n_guests, &d->state, &event, &d->state,
					 &d->out);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "these orders and this state do not belong together");
	return BSG_OK;
}

static enum bsg_err come_in(struct decision *d, struct bsg_str place, int64_t since, int64_t at, struct bsg_error *err)
{
	struct bsg_event event = { .kind = BSG_EVENT_GATE_IN };

	event.u.gate.place = place;
	event.u.gate.at = since;
	event.u.gate.bound = true;
	return step(d, at, event, err);
}

/*
 * The phone's life up to a press of break-glass. That it was reported says that something was restricted, so a word that is
 * younger than the press found the phone in its place. Release and presence come with the next orders, as they did.
 */
static enum bsg_err press(struct decision *d, int64_t at, struct bsg_error *err)
{
	const struct bsg_orders *given = d->query->orders;
	enum bsg_err rc;

	d->orders.has_presence = d->orders.has_release = false;
	d->orders.serial = given->serial > 1 ? given->serial - 1 : 1;
	rc = step(d, at, (struct bsg_event){ .kind = BSG_EVENT_TICK }, err);
	if (rc == BSG_OK && d->word.place.len > 0 && (d->word.in || d->word.at > at))
		rc = come_in(d, d->word.place, d->word.at, at, err);
	if (rc == BSG_OK)
		rc = step(d, at, (struct bsg_event){ .kind = BSG_EVENT_BREAK_GLASS }, err);
	d->orders.has_presence = given->has_presence;
	d->orders.has_release = given->has_release;
	d->orders.serial++;
	return rc;
}

static enum bsg_err decide(struct decision *d, struct bsg_error *err)
{
	const struct bsg_explain_query *q = d->query;
	const bool imagined = q->state == NULL && q->in != NULL;
	enum bsg_err rc = BSG_OK;

	if (!d->has_orders && q->state == NULL)
		return bsg_fail(err, BSG_E_INVALID, "nothing to explain: neither orders nor a state");
	if (q->state != NULL)
		d->state = *q->state;
	if (imagined && q->in[0] != '\0' && find_place(&d->orders, str(q->in)) == NULL)
		return bsg_fail(err, BSG_E_NOT_FOUND, "these orders have no place '%.40s'", q->in);
	if (q->state == NULL && q->break_glass_at != 0 && q->break_glass_at <= q->at)
		rc = press(d, q->break_glass_at, err);
	if (imagined)
		d->orders.has_presence = false;
	if (rc == BSG_OK)
		rc = step(d, q->at, (struct bsg_event){ .kind = BSG_EVENT_TICK }, err);
	if (rc != BSG_OK || !imagined || q->in[0] == '\0')
		return rc;
	return come_in(d, str(q->in), q->since, q->at, err);
}

enum bsg_err bsg_explain_asked(const struct bsg_orders *orders, const char *place, int64_t at, uint32_t *functions,
			       struct bsg_error *err)
{
	const struct bsg_explain_query query = { .orders = orders, .at = at, .in = place };
	struct decision *d;
	enum bsg_err rc;

	*functions = 0;
	if (find_place(orders, str(place)) == NULL)
		return BSG_OK;
	rc = new_decision(&query, &d, err);
	if (rc != BSG_OK)
		return rc;
	rc = decide(d, err);
	if (rc == BSG_OK)
		*functions = d->out.restricted;
	free(d);
	return rc;
}

/* ---- why not ----------------------------------------------------------- */

/* How near a rule came to restricting; of several rules the nearest explains (P23). */
enum nearness {
	NO_RULE = 0,
	OBSERVED_ELSEWHERE,	/* a rule that is only observed, and does not even hold */
	NEITHER_AGAIN,		/* neither time nor place, and these orders have no later time */
	NEITHER,
	NOT_THERE,
	LEFT_BY_LEASE,
	HELD,
	NEVER_AGAIN,
	NOT_NOW,
	OBSERVED,
	EXEMPTED,
	BROKEN_GLASS,
};

/* What stands in the way of a rule. */
struct obstacle {
	enum nearness near;
	struct bsg_why_not_facts facts;
};

static bool window_holds(const struct bsg_orders *orders, const struct bsg_rule *rule, int64_t at, int64_t *next)
{
	*next = 0;
	for (size_t i = 0; i < rule->n_windows; i++) {
		const struct bsg_window *w = &orders->windows[rule->first_window + i];

		if (w->from <= at && at < w->until)
			return true;
		if (w->from > at && (*next == 0 || w->from < *next))
			*next = w->from;
	}
	return rule->always;
}

static bool is_present(const struct bsg_output *out, struct bsg_str place)
{
	for (size_t i = 0; i < out->n_present; i++)
		if (same(out->present[i].place, place))
			return true;
	return false;
}

/* The end of the exemptions that cover @p function now, one after the other; 0: none does. */
static int64_t exempt_until(const struct bsg_orders *orders, uint32_t function, int64_t at)
{
	int64_t until = at;
	bool longer = true;

	while (longer) {
		longer = false;
		for (size_t i = 0; i < orders->n_exemptions; i++) {
			const struct bsg_exemption *e = &orders->exemptions[i];

			if ((e->functions & function) != 0 && e->from <= until && until < e->until) {
				until = e->until;
				longer = true;
			}
		}
	}
	return until > at ? until : 0;
}

/* D7.5: what break-glass lifts now. */
static uint32_t lifted_by_glass(const struct decision *d)
{
	uint32_t kept = 0;

	if (d->state.break_glass_until <= d->state.now)
		return 0;
	for (size_t i = 0; i < d->orders.n_places; i++)
		if (is_present(&d->out, d->orders.places[i].id))
			kept |= d->orders.places[i].keep;
	return BSG_FUNCTIONS_ALL & ~kept;
}

/* When the lease ended by which the phone was in @p place, where it is no longer: by the last word nothing else can end it. 0: none */
static int64_t lease_ended(const struct decision *d, struct bsg_str place)
{
	const struct bsg_place *around = d->word.in ? find_place(&d->orders, d->word.place) : NULL;

	while (around != NULL && !same(around->id, place))
		around = around->parent.len > 0 ? find_place(&d->orders, around->parent) : NULL;
	return around != NULL ? d->word.at + (around->max_stay != 0 ? around->max_stay : d->orders.max_stay) : 0;
}

/* D8.9: presence that unverified time holds back. @return the end of its lease, 0: there is none */
static int64_t held_since(const struct decision *d, struct bsg_str place)
{
	for (size_t i = 0; i < BSG_PLACES_MAX; i++) {
		const struct bsg_place_state *slot = &d->state.places[i];

		if (slot->by == BSG_BY_GATE && slot->end <= d->state.now &&
		    same((struct bsg_str){ slot->id, strnlen(slot->id, BSG_ID_MAX) }, place))
			return slot->end;
	}
	return 0;
}

static struct obstacle away(const struct decision *d, const struct bsg_rule *rule, struct bsg_why_not_facts facts)
{
	const int64_t held = held_since(d, rule->place), ended = lease_ended(d, rule->place);

	facts.kind = BSG_WHY_ELSEWHERE;
	if (held != 0) {
		facts.kind = BSG_WHY_TIME_UNVERIFIED;
		facts.time = held;
		return (struct obstacle){ HELD, facts };
	}
	if (ended != 0) {
		facts.kind = BSG_WHY_LEASE_OVER;
		facts.time = ended;
		facts.since = d->word.at;
		return (struct obstacle){ LEFT_BY_LEASE, facts };
	}
	return (struct obstacle){ NOT_THERE, facts };
}

/* An enforced rule that holds, and yet @p function is free: break-glass, else an exemption (D7 before exemptions). */
static struct obstacle lifted(const struct decision *d, uint32_t function, struct bsg_why_not_facts facts)
{
	if ((lifted_by_glass(d) & function) != 0) {
		facts.kind = BSG_WHY_BREAK_GLASS;
		facts.time = d->state.break_glass_until;
		return (struct obstacle){ BROKEN_GLASS, facts };
	}
	facts.kind = BSG_WHY_EXEMPT;
	facts.time = exempt_until(&d->orders, function, d->state.now);
	return (struct obstacle){ EXEMPTED, facts };
}

static struct obstacle look_at_rule(const struct decision *d, const struct bsg_rule *rule, uint32_t function)
{
	const struct bsg_place *place = find_place(&d->orders, rule->place);
	const bool there = place == NULL || is_present(&d->out, rule->place);
	struct bsg_why_not_facts facts = { .rule = rule->id, .place = rule->place,
					   .place_name = place != NULL ? &place->name : NULL };
	int64_t next;
	const bool now = window_holds(&d->orders, rule, d->state.now, &next);

	if (!rule->enforce) {
		facts.kind = BSG_WHY_OBSERVE;
		return (struct obstacle){ now && there ? OBSERVED : OBSERVED_ELSEWHERE, facts };
	}
	if (now)
		return there ? lifted(d, function, facts) : away(d, rule, facts);
	facts.kind = next != 0 ? BSG_WHY_NOT_NOW : BSG_WHY_NOT_AGAIN;
	facts.time = next;
	if (there)
		return (struct obstacle){ next != 0 ? NOT_NOW : NEVER_AGAIN, facts };
	return (struct obstacle){ next != 0 ? NEITHER : NEITHER_AGAIN, facts };
}

/* Whether @p a explains better than @p b, so that the order of rules changes nothing (D2): the sooner next time, the smaller id. */
static bool is_better(const struct obstacle *a, const struct obstacle *b)
{
	if (a->near != b->near)
		return a->near > b->near;
	if (a->facts.kind == BSG_WHY_NOT_NOW && a->facts.time != b->facts.time)
		return a->facts.time < b->facts.time;
	return compare(a->facts.rule, b->facts.rule) < 0;
}

static void look_at_guests(const struct decision *d, uint32_t function, struct obstacle *best)
{
	for (size_t i = 0; i < d->query->n_guests; i++) {
		const struct bsg_guest *guest = &d->query->guests[i];
		const struct bsg_why_not_facts facts = { .kind = BSG_WHY_BREAK_GLASS, .rule = str("guest"), .place = guest->place,
							 .place_name = &guest->name, .time = d->state.break_glass_until };

		/* Exemptions do not count for guests (D13.6): nothing else is left. */
		if ((guest->functions & function) != 0 && is_present(&d->out, guest->place) &&
		    find_place(&d->orders, guest->place) == NULL)
			*best = (struct obstacle){ BROKEN_GLASS, facts };
	}
}

/* What lifts everything, whatever the rules say. @return false: nothing does */
static bool all_lifted(const struct decision *d, struct bsg_why_not_facts *facts)
{
	*facts = (struct bsg_why_not_facts){ .kind = BSG_WHY_NO_ORDERS };
	if (!d->has_orders)
		return true;
	if (d->out.why_no_pass == BSG_PASS_ORDERS_EXPIRED) {
		facts->kind = BSG_WHY_EXPIRED;
		facts->time = d->orders.expires;
		return true;
	}
	facts->kind = BSG_WHY_RELEASED;
	facts->time = d->state.release_at;
	return d->out.why_no_pass == BSG_PASS_RELEASED;
}

/* The strongest reason that @p function is free; only called when the decision left it free. */
static struct bsg_why_not_facts why_not(const struct decision *d, uint32_t function)
{
	struct obstacle best = { NO_RULE, { .kind = BSG_WHY_NO_RULE } };
	struct bsg_why_not_facts all;

	if (all_lifted(d, &all))
		return all;
	for (size_t i = 0; i < d->orders.n_rules; i++) {
		const struct bsg_rule *rule = &d->orders.rules[i];

		if ((rule->restrict_functions & function) == 0)
			continue;
		const struct obstacle o = look_at_rule(d, rule, function);
		if (is_better(&o, &best))
			best = o;
	}
	look_at_guests(d, function, &best);
	return best.facts;
}

/* ---- rows -------------------------------------------------------------- */

static json_t *string_or_null(struct bsg_str s)
{
	return s.len > 0 ? json_stringn(s.ptr, s.len) : json_null();
}

static json_t *time_or_null(int64_t time)
{
	return time > 0 ? bsg_json_time(time) : json_null();
}

static json_t *because(const struct bsg_text *text)
{
	json_t *map;

	if (text == NULL || (text->kk.len == 0 && text->ru.len == 0 && text->en.len == 0))
		return json_null();
	map = json_object();
	if (text->kk.len > 0)
		bsg_json_put(&map, "kk", string_or_null(text->kk));
	if (text->ru.len > 0)
		bsg_json_put(&map, "ru", string_or_null(text->ru));
	if (text->en.len > 0)
		bsg_json_put(&map, "en", string_or_null(text->en));
	return map;
}

static const struct bsg_text *name_of(const struct decision *d, struct bsg_str id)
{
	const struct bsg_place *place = find_place(&d->orders, id);

	if (place != NULL)
		return &place->name;
	for (size_t i = 0; i < d->query->n_guests; i++)
		if (same(d->query->guests[i].place, id))
			return &d->query->guests[i].name;
	return NULL;
}

/* What the rule's place asks for at its gate, where this phone cannot do what the rule says. @return false: nobody knows */
static bool find_remedy(const struct decision *d, unsigned f, struct bsg_str id, enum bsg_remedy *out)
{
	const struct bsg_policy_place *place = NULL;
	struct bsg_verdict verdict;
	char name[BSG_NAME_SIZE];

	snprintf(name, sizeof(name), "%.*s", (int)id.len, id.ptr);
	if (d->query->policy != NULL && id.len > 0)
		place = bsg_policy_find_place(d->query->policy, name);
	if (place == NULL)
		return false;
	bsg_coverage_verdict(d->query->coverage, place, &d->query->phone, BSG_BIT(f), &verdict);
	*out = verdict.remedy;
	return true;
}

static void put_restricted(json_t **row, const struct decision *d, unsigned f, const struct bsg_coverage_entry *entry)
{
	const struct bsg_out_why *why = &d->out.why[f];
	struct bsg_restricted_facts facts = { .why = why, .place_name = name_of(d, why->place), .grade = entry->grade,
					      .how = &entry->why };

	if (entry->grade != BSG_GRADE_ENFORCED)
		facts.has_remedy = find_remedy(d, f, why->place, &facts.remedy);
	bsg_json_put(row, "rule", string_or_null(why->rule));
	bsg_json_put(row, "place", string_or_null(why->place));
	bsg_json_put(row, "until", time_or_null(why->until));
	bsg_json_put(row, "because", because(why->because));
	bsg_json_put(row, "remedy", facts.has_remedy ? json_string(bsg_remedy_name(facts.remedy)) : json_null());
	bsg_json_put(row, "says", bsg_restricted_says(&facts));
}

static void put_nulls(json_t **row, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		bsg_json_put(row, *keys, json_null());
}

static void put_free(json_t **row, const struct decision *d, unsigned f)
{
	const struct bsg_why_not_facts facts = why_not(d, BSG_BIT(f));

	bsg_json_put(row, "why_not", bsg_why_not_text(&facts));
	bsg_json_put(row, "why_not_code", json_string(bsg_why_not_code(facts.kind)));
	bsg_json_put(row, "why_not_rule", string_or_null(facts.rule));
	bsg_json_put(row, "why_not_place", string_or_null(facts.place));
	bsg_json_put(row, "why_not_time", time_or_null(facts.time));
	bsg_json_put(row, "says", bsg_why_not_says(&facts));
}

static json_t *row_of(const struct decision *d, unsigned f)
{
	static const char *const of_restricted[] = { "rule", "place", "until", "because", "remedy", NULL };
	static const char *const of_free[] = { "why_not", "why_not_code", "why_not_rule", "why_not_place", "why_not_time", NULL };
	const bool restricted = (d->out.restricted & BSG_BIT(f)) != 0;
	struct bsg_coverage_entry entry;
	json_t *row = json_object();

	bsg_coverage_look_up(d->query->coverage, &d->query->phone, f, &entry);
	bsg_json_put(&row, "function", json_string(bsg_functions[f].name));
	bsg_json_put(&row, "restricted", json_boolean(restricted));
	if (restricted)
		put_restricted(&row, d, f, &entry);
	else
		put_free(&row, d, f);
	put_nulls(&row, restricted ? of_free : of_restricted);
	bsg_json_put(&row, "enforced", json_string(bsg_grade_name(entry.grade)));
	bsg_json_put(&row, "class", json_string(bsg_class_name(d->query->phone.class_of)));
	bsg_json_put(&row, "how", bsg_json_texts(&entry.why));
	return row;
}

enum bsg_err bsg_explain(const struct bsg_explain_query *query, json_t **out, struct bsg_error *err)
{
	struct decision *d;
	enum bsg_err rc = new_decision(query, &d, err);
	json_t *rows;

	*out = NULL;
	if (rc != BSG_OK)
		return rc;
	rc = decide(d, err);
	if (rc == BSG_OK) {
		rows = json_array();
		for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++)
			bsg_json_add(&rows, row_of(d, f));
		*out = rows;
		if (rows == NULL)
			rc = bsg_fail(err, BSG_E_NO_MEMORY, "no memory to explain");
	}
	free(d);
	return rc;
}
