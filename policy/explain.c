/* SPDX-License-Identifier: Apache-2.0 */
/* Words for what bsg_step() decided. See policy/explain.h. */
#include "policy/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timetext.h"
#include "policy/json.h"

/* A decision made to be explained; on the heap, as it is large. */
struct decision {
	struct bsg_orders orders;
	struct bsg_state state;
	struct bsg_output out;
	int64_t at;
};

static bool same(struct bsg_str a, struct bsg_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static struct bsg_str str(const char *text)
{
	return (struct bsg_str){ text, strlen(text) };
}

static bool has_place(const struct bsg_orders *orders, struct bsg_str id)
{
	for (size_t i = 0; i < orders->n_places; i++)
		if (same(orders->places[i].id, id))
			return true;
	return false;
}

static enum bsg_err new_decision(const struct bsg_orders *orders, int64_t at, struct decision **out, struct bsg_error *err)
{
	struct decision *d = calloc(1, sizeof(*d));
	const char *why = NULL;
	enum bsg_err rc;

	*out = NULL;
	if (d == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to explain");
	d->orders = *orders;
	d->at = at;
	rc = bsg_orders_prepare(&d->orders, &why);
	if (rc != BSG_OK) {
		free(d);
		return bsg_fail(err, rc, "these orders are refused: %s", why != NULL ? why : "");
	}
	*out = d;
	return BSG_OK;
}

static enum bsg_err step(struct decision *d, struct bsg_event event, struct bsg_error *err)
{
	const int64_t passed_ms = (d->at - (int64_t)d->state.now) * 1000;

	/* As if the phone had been awake since its last step, and its clock right. */
	event.time = (struct bsg_time){ .utc = d->at, .auth = true,
					.mono_ms = d->state.mono_ms + (passed_ms > 0 ? passed_ms : 0) };
	const enum bsg_err rc = bsg_step(&d->orders, NULL, 0, &d->state, &event, &d->state, &d->out);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "these orders and this state do not belong together");
	return BSG_OK;
}

static enum bsg_err come_in(struct decision *d, struct bsg_str place, int64_t since, struct bsg_error *err)
{
	struct bsg_event event = { .kind = BSG_EVENT_GATE_IN };

	event.u.gate.place = place;
	event.u.gate.at = since;
	event.u.gate.bound = true;
	return step(d, event, err);
}

static enum bsg_err decide(const struct bsg_explain_query *query, struct decision *d, struct bsg_error *err)
{
	const bool imagined = query->state == NULL && query->in != NULL;

	if (query->state != NULL)
		d->state = *query->state;
	if (imagined) {
		if (query->in[0] != '\0' && !has_place(&d->orders, str(query->in)))
			return bsg_fail(err, BSG_E_NOT_FOUND, "these orders have no place '%.40s'", query->in);
		d->orders.has_presence = false;
	}
	const enum bsg_err rc = step(d, (struct bsg_event){ .kind = BSG_EVENT_TICK }, err);
	if (rc != BSG_OK || !imagined || query->in[0] == '\0')
		return rc;
	return come_in(d, str(query->in), query->since, err);
}

enum bsg_err bsg_explain_asked(const struct bsg_orders *orders, const char *place, int64_t at, uint32_t *functions,
			       struct bsg_error *err)
{
	struct decision *d;
	enum bsg_err rc;

	*functions = 0;
	if (!has_place(orders, str(place)))
		return BSG_OK;
	rc = new_decision(orders, at, &d, err);
	if (rc != BSG_OK)
		return rc;
	const struct bsg_explain_query query = { .orders = orders, .at = at, .in = place };
	rc = decide(&query, d, err);
	if (rc == BSG_OK)
		*functions = d->out.restricted;
	free(d);
	return rc;
}

/* ---- why not ----------------------------------------------------------- */

enum why_not { NO_RULE = 0, ELSEWHERE, NOT_NOW, OBSERVE, EXEMPT, BREAK_GLASS, RELEASED, EXPIRED };

/* The rule, place or time follows where the text ends with a space. */
static const struct why_not_text {
	const char *code, *kk, *ru, *en;
} why_not_texts[] = {
	[NO_RULE] = { "no_rule", "Бұл құрылғыға қатысты ешбір ереже мұны шектемейді.",
		      "Ни одно правило для этого устройства этого не ограничивает.",
		      "No rule for this device restricts it." },
	[ELSEWHERE] = { "elsewhere", "Шектейтін ереже басқа орынға арналған, құрылғы ол жерде емес: ",
			"Правило действует в месте, где устройства сейчас нет: ",
			"The rule holds in a place where the device is not: " },
	[NOT_NOW] = { "not_now", "Ереженің уақыты қазір емес: ", "Сейчас не время этого правила: ",
		      "It is not the rule's time now: " },
	[OBSERVE] = { "observe", "Ереже тек байқау сатысында, шектемейді: ", "Правило только наблюдает и не ограничивает: ",
		      "The rule is only observed yet and restricts nothing: " },
	[EXEMPT] = { "exempt", "Босату бар, мына уақытқа дейін: ", "Действует освобождение до ", "An exemption is in force until " },
	[BREAK_GLASS] = { "break_glass", "Иесі төтенше жағдайда бәрін босатты.", "Владелец снял ограничения в экстренном случае.",
			  "The owner has lifted everything in an emergency." },
	[RELEASED] = { "released", "Көмек қызметі босатты.", "Ограничения сняла служба поддержки.",
		       "The helpdesk has released this device." },
	[EXPIRED] = { "expired", "Нұсқаулардың мерзімі өткен.", "Срок указаний истёк.", "The orders have expired." },
};

/* What stands in the way of a rule, and the rule; later kinds explain more. */
struct obstacle {
	enum why_not kind;
	char detail[160];
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

/* The end of the exemptions that cover @p functions now, one after the other; 0: none does. */
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

static struct obstacle look_at_rule(const struct decision *d, const struct bsg_rule *rule, uint32_t function)
{
	const bool there = rule->place.len == 0 || is_present(&d->out, rule->place);
	struct obstacle o = { NO_RULE, "" };
	char time[BSG_TIME_SIZE];
	int64_t next;
	const bool now = window_holds(&d->orders, rule, d->at, &next);

	if (!now) {
		o.kind = NOT_NOW;
		bsg_time_format(next, time);
		snprintf(o.detail, sizeof(o.detail), "%.*s%s%s", (int)rule->id.len, rule->id.ptr, next > 0 ? ", " : "",
			 next > 0 ? time : "");
	} else if (!there) {
		o.kind = ELSEWHERE;
		snprintf(o.detail, sizeof(o.detail), "%.*s (%.*s)", (int)rule->place.len, rule->place.ptr, (int)rule->id.len,
			 rule->id.ptr);
	} else if (!rule->enforce) {
		o.kind = OBSERVE;
		snprintf(o.detail, sizeof(o.detail), "%.*s", (int)rule->id.len, rule->id.ptr);
	} else {
		o.kind = EXEMPT;
		bsg_time_format(exempt_until(&d->orders, function, d->at), o.detail);
	}
	return o;
}

/* The strongest reason that @p function is free; only called when the decision left it free. */
static struct obstacle find_obstacle(const struct decision *d, uint32_t function)
{
	struct obstacle best = { NO_RULE, "" };

	if (d->out.why_no_pass == BSG_PASS_ORDERS_EXPIRED)
		return (struct obstacle){ EXPIRED, "" };
	if (d->out.why_no_pass == BSG_PASS_RELEASED)
		return (struct obstacle){ RELEASED, "" };
	for (size_t i = 0; i < d->orders.n_rules; i++) {
		const struct bsg_rule *rule = &d->orders.rules[i];

		if ((rule->restrict_functions & function) == 0)
			continue;
		const struct obstacle o = look_at_rule(d, rule, function);
		if (o.kind > best.kind)
			best = o;
	}
	/* An enforced rule holds and no exemption covers it: only break-glass is left (D7 over D6 over exemptions). */
	if (best.kind == EXEMPT && exempt_until(&d->orders, function, d->at) == 0)
		return (struct obstacle){ BREAK_GLASS, "" };
	return best;
}

static json_t *obstacle_texts(const struct obstacle *o)
{
	const struct why_not_text *t = &why_not_texts[o->kind];
	char kk[400], ru[400], en[400];

	snprintf(kk, sizeof(kk), "%s%s", t->kk, o->detail);
	snprintf(ru, sizeof(ru), "%s%s", t->ru, o->detail);
	snprintf(en, sizeof(en), "%s%s", t->en, o->detail);
	return bsg_json_texts(&(struct bsg_policy_texts){ kk, ru, en });
}

/* ---- rows -------------------------------------------------------------- */

static json_t *string_or_null(struct bsg_str s)
{
	return s.len > 0 ? json_stringn(s.ptr, s.len) : json_null();
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

static void put_reason(json_t **row, const struct decision *d, unsigned f)
{
	const bool restricted = (d->out.restricted & BSG_BIT(f)) != 0;
	const struct bsg_out_why none = { .until = 0 };
	const struct bsg_out_why *why = restricted ? &d->out.why[f] : &none;

	bsg_json_put(row, "restricted", json_boolean(restricted));
	bsg_json_put(row, "rule", string_or_null(why->rule));
	bsg_json_put(row, "place", string_or_null(why->place));
	bsg_json_put(row, "until", why->until > 0 ? bsg_json_time(why->until) : json_null());
	bsg_json_put(row, "because", because(why->because));
	if (restricted) {
		bsg_json_put(row, "why_not", json_null());
		bsg_json_put(row, "why_not_code", json_null());
	} else {
		const struct obstacle o = find_obstacle(d, BSG_BIT(f));

		bsg_json_put(row, "why_not", obstacle_texts(&o));
		bsg_json_put(row, "why_not_code", json_string(why_not_texts[o.kind].code));
	}
}

static json_t *row_of(const struct bsg_explain_query *query, const struct decision *d, unsigned f)
{
	struct bsg_coverage_entry entry;
	json_t *row = json_object();

	bsg_coverage_look_up(query->coverage, &query->phone, f, &entry);
	bsg_json_put(&row, "function", json_string(bsg_functions[f].name));
	put_reason(&row, d, f);
	bsg_json_put(&row, "enforced", json_string(bsg_grade_name(entry.grade)));
	bsg_json_put(&row, "class", json_string(bsg_class_name(query->phone.class_of)));
	bsg_json_put(&row, "how", bsg_json_texts(&entry.why));
	return row;
}

enum bsg_err bsg_explain(const struct bsg_explain_query *query, json_t **out, struct bsg_error *err)
{
	struct decision *d;
	enum bsg_err rc = new_decision(query->orders, query->at, &d, err);
	json_t *rows;

	*out = NULL;
	if (rc != BSG_OK)
		return rc;
	rc = decide(query, d, err);
	if (rc == BSG_OK) {
		rows = json_array();
		for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++)
			bsg_json_add(&rows, row_of(query, d, f));
		*out = rows;
		if (rows == NULL)
			rc = bsg_fail(err, BSG_E_NO_MEMORY, "no memory to explain");
	}
	free(d);
	return rc;
}
