/* SPDX-License-Identifier: Apache-2.0 */
/* A policy to one device's orders. See policy/compile.h and docs/spec/policy.md P14 to P19. */
#include "policy/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hex.h"
#include "base/id.h"
#include "wire/orders.h"

#define MINUTE INT64_C(60)
#define ARENA_MAX (1u << 20)

struct owner {
	struct bsg_compiled compiled;
	struct bsg_arena arena;
};

struct compiler {
	const struct bsg_policy *policy;
	const struct bsg_timetable *timetable;	/* NULL: the policy has no iCalendar */
	const struct bsg_compile_facts *facts;
	struct bsg_orders *orders;
	struct bsg_arena *arena;
	int64_t from, until;	/* the horizon, whole minutes */
	struct bsg_error *err;
};

static bool listed(const char *const *items, size_t n, const char *name)
{
	size_t low = 0, high = n;

	while (name != NULL && low < high) {	/* lists of a policy are sorted */
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(name, items[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool any_listed(const char *const *items, size_t n, const struct bsg_compile_facts *facts)
{
	for (size_t i = 0; i < facts->n_units; i++)
		if (listed(items, n, facts->units[i]))
			return true;
	return false;
}

enum bsg_concern bsg_policy_rule_concerns(const struct bsg_policy_rule *rule, const struct bsg_compile_facts *facts)
{
	const struct bsg_policy_who *who = &rule->who;
	bool enforced = false;

	if (!who->all && !any_listed(who->units, who->n_units, facts) &&
	    !listed(who->people, who->n_people, facts->person) && !listed(who->devices, who->n_devices, facts->device))
		return BSG_CONCERN_NONE;
	switch (rule->stage) {
	case BSG_STAGE_OBSERVE: break;
	case BSG_STAGE_PILOT: enforced = listed(rule->pilot, rule->n_pilot, facts->person); break;
	case BSG_STAGE_UNIT: enforced = any_listed(rule->units, rule->n_units, facts); break;
	case BSG_STAGE_ALL: enforced = true; break;
	}
	return enforced ? BSG_CONCERN_ENFORCED : BSG_CONCERN_OBSERVED;
}

enum bsg_concern bsg_policy_concerns(const struct bsg_policy *policy, const struct bsg_compile_facts *facts)
{
	enum bsg_concern strongest = BSG_CONCERN_NONE;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const enum bsg_concern c = bsg_policy_rule_concerns(&policy->rules[i], facts);

		if (c > strongest)
			strongest = c;
	}
	return strongest;
}

static struct bsg_str str(const char *text)
{
	return (struct bsg_str){ text, text != NULL ? strlen(text) : 0 };
}

static struct bsg_text texts(const struct bsg_policy_texts *t)
{
	return (struct bsg_text){ .kk = str(t->kk), .ru = str(t->ru), .en = str(t->en) };
}

static enum bsg_err over(const struct compiler *c, const char *what, size_t max, const char *remedy)
{
	return bsg_fail(c->err, BSG_E_LIMIT, "device %s: its orders would hold more than %zu %s; %s", c->facts->device, max,
			what, remedy);
}

/* ---- places ------------------------------------------------------------ */

static const struct bsg_policy_place *place_around(const struct bsg_policy *policy, const struct bsg_policy_place *place)
{
	return place->parent != NULL ? bsg_policy_find_place(policy, place->parent) : NULL;
}

/* P17: needed are the places that rules of this device name (@p marks: NAMED), those around them and those inside them. */
enum { NAMED = 1, AROUND = 2 };

static void mark_place(const struct bsg_policy *policy, const char *id, uint8_t *marks)
{
	const struct bsg_policy_place *place = bsg_policy_find_place(policy, id);

	marks[place - policy->places] |= NAMED;
	for (place = place_around(policy, place); place != NULL && (marks[place - policy->places] & AROUND) == 0;
	     place = place_around(policy, place))
		marks[place - policy->places] |= AROUND;
}

static bool is_inside_marked(const struct bsg_policy *policy, const struct bsg_policy_place *place, const uint8_t *marks)
{
	while (place != NULL && (marks[place - policy->places] & NAMED) == 0)
		place = place_around(policy, place);
	return place != NULL;
}

bool bsg_policy_needed_places(const struct bsg_policy *policy, const struct bsg_compile_facts *facts, uint8_t *marks)
{
	bool any = false;

	memset(marks, 0, policy->n_places);
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct bsg_policy_rule *rule = &policy->rules[i];

		if (rule->n_where == 0 || bsg_policy_rule_concerns(rule, facts) == BSG_CONCERN_NONE)
			continue;
		any = true;
		for (size_t w = 0; w < rule->n_where; w++)
			mark_place(policy, rule->where[w], marks);
	}
	for (size_t i = 0; any && i < policy->n_places; i++)
		if (marks[i] == 0 && is_inside_marked(policy, &policy->places[i], marks))
			marks[i] = AROUND;
	return any;
}

static void copy_evidence(struct bsg_place *out, const char *const *ids, size_t n, enum bsg_evidence_kind kind)
{
	for (size_t i = 0; i < n; i++)
		out->evidence[out->n_evidence++] = (struct bsg_evidence){ str(ids[i]), kind };
}

static void copy_place(const struct compiler *c, const struct bsg_policy_place *place, struct bsg_place *out)
{
	int64_t stay = place->max_stay_s;

	if (!c->facts->has_agent && place->phone_lease_s < stay)
		stay = place->phone_lease_s;
	out->id = str(place->id);
	out->parent = str(place->parent);
	out->name = texts(&place->name);
	out->max_stay = (uint32_t)stay;
	out->grace = (uint32_t)place->grace_s;
	out->self_stay = (uint32_t)place->self_stay_s;
	/* The document's set begins with the gate, which orders do not mention. */
	out->enter_by = (uint8_t)(place->enter_by >> 1 & BSG_ENTER_ALL);
	out->left_unconfirmed = place->left_unconfirmed;
	out->keep = place->keep;
	copy_evidence(out, place->beacons, place->n_beacons, BSG_EVIDENCE_BEACON);
	copy_evidence(out, place->wifi, place->n_wifi, BSG_EVIDENCE_WIFI);
	for (size_t i = 0; i < place->n_area; i++)
		out->area[i] = (struct bsg_vertex){ place->area[i].lat, place->area[i].lon };
	out->n_vertices = place->n_area;
}

/* Several places of one phone may say something about break-glass: the strictest counts, everywhere (P18). */
static void tighten_break_glass(struct bsg_orders *orders, const struct bsg_policy_place *place, bool *said)
{
	if (!place->has_break_glass)
		return;
	if (!*said || place->break_glass_minutes < orders->break_glass_minutes)
		orders->break_glass_minutes = place->break_glass_minutes;
	if (!*said || place->break_glass_per_day < orders->break_glass_per_day)
		orders->break_glass_per_day = place->break_glass_per_day;
	*said = true;
}

static enum bsg_err add_places(struct compiler *c)
{
	struct bsg_orders *orders = c->orders;
	uint8_t *marks = bsg_arena_alloc(c->arena, c->policy->n_places + 1);
	bool said = false;

	if (marks == NULL)
		return bsg_fail(c->err, BSG_E_NO_MEMORY, "no memory for the orders of %s", c->facts->device);
	if (!bsg_policy_needed_places(c->policy, c->facts, marks))
		return BSG_OK;
	for (size_t i = 0; i < c->policy->n_places; i++) {
		const struct bsg_policy_place *place = &c->policy->places[i];

		if (marks[i] == 0)
			continue;
		if (orders->n_places == BSG_PLACES_MAX)
			return over(c, "places", BSG_PLACES_MAX, "narrow the rules' where, or who");
		copy_place(c, place, &orders->places[orders->n_places++]);
		tighten_break_glass(orders, place, &said);
	}
	return BSG_OK;
}

static bool has_place(const struct bsg_orders *orders, const char *id)
{
	for (size_t i = 0; i < orders->n_places; i++)
		if (orders->places[i].id.len == strlen(id) && memcmp(orders->places[i].id.ptr, id, strlen(id)) == 0)
			return true;
	return false;
}

/* ---- windows ----------------------------------------------------------- */

/* FNV-1a: spreads devices over the lead; nothing depends on it being hard to guess. */
static uint64_t spread(const char *a, const char *b)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (int part = 0; part < 2; part++)
		for (const char *p = part == 0 ? a : b; *p != '\0'; p++)
			hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}

/* P19: phones without agent get a window's start up to `lead` early, each its own amount. */
static int64_t lead_of(const struct compiler *c, const struct bsg_policy_rule *rule)
{
	const uint64_t minutes = (uint64_t)(rule->lead_s / MINUTE);

	if (c->facts->has_agent || minutes == 0)
		return 0;
	return (int64_t)(spread(c->facts->device, rule->id) % (minutes + 1)) * MINUTE;
}

static int64_t floor_minute(int64_t t)
{
	return t - ((t % MINUTE) + MINUTE) % MINUTE;
}

struct windows {
	struct bsg_window items[BSG_WINDOWS_MAX];
	size_t n;
};

/* Adds [from, until) in pieces of at most @p piece; joins what an earlier start made overlap. */
static bool add_window(struct windows *out, int64_t from, int64_t until, int64_t piece)
{
	if (out->n > 0 && from <= out->items[out->n - 1].until) {
		from = out->items[out->n - 1].until;
		if (piece == INT64_MAX && until > from)
			out->items[out->n - 1].until = until;
		if (piece == INT64_MAX || until <= from)
			return true;
	}
	while (from < until) {
		const int64_t end = until - from > piece ? from + piece : until;

		if (out->n == BSG_WINDOWS_MAX)
			return false;
		out->items[out->n++] = (struct bsg_window){ from, end };
		from = end;
	}
	return true;
}

/* When a rule holds: sorted windows, those of its calendars included. */
static struct bsg_timetable_rule times_of(const struct compiler *c, const struct bsg_policy_rule *rule)
{
	if (c->timetable == NULL)
		return (struct bsg_timetable_rule){ rule->windows, rule->n_windows };
	return c->timetable->rules[rule - c->policy->rules];
}

/* The windows of a rule inside the horizon: sorted, as the timetable's are. */
static bool cut_windows(const struct compiler *c, const struct bsg_policy_rule *rule, struct windows *out)
{
	const struct bsg_timetable_rule times = times_of(c, rule);
	const int64_t lead = lead_of(c, rule);
	const int64_t piece = rule->n_where == 0 ? floor_minute(c->orders->max_stay) : INT64_MAX;

	out->n = 0;
	for (size_t i = 0; i < times.n; i++) {
		int64_t from = times.windows[i].from - lead, until = times.windows[i].until;

		if (from < c->from)
			from = c->from;
		if (until > c->until)
			until = c->until;
		if (from < until && !add_window(out, from, until, piece))
			return false;
	}
	return true;
}

/* Find these windows as a range that some rule already has, or append them. */
static bool share_windows(struct bsg_orders *orders, const struct windows *windows, struct bsg_rule *rule)
{
	rule->n_windows = (uint16_t)windows->n;
	for (size_t i = 0; i < orders->n_rules; i++) {
		const struct bsg_rule *other = &orders->rules[i];

		if (other->n_windows == windows->n && windows->n > 0 &&
		    memcmp(&orders->windows[other->first_window], windows->items,
			   windows->n * sizeof(windows->items[0])) == 0) {
			rule->first_window = other->first_window;
			return true;
		}
	}
	if (windows->n > BSG_WINDOWS_MAX - orders->n_windows)
		return false;
	if (windows->n > 0)
		memcpy(&orders->windows[orders->n_windows], windows->items, windows->n * sizeof(windows->items[0]));
	rule->first_window = windows->n > 0 ? (uint16_t)orders->n_windows : 0;
	orders->n_windows += windows->n;
	return true;
}

/* ---- rules ------------------------------------------------------------- */

static enum bsg_err add_apps(struct compiler *c, const struct bsg_policy_rule *rule, struct bsg_rule *out)
{
	struct bsg_orders *orders = c->orders;

	if (rule->n_apps > BSG_APPS_MAX - orders->n_apps)
		return over(c, "app names", BSG_APPS_MAX, "shorten the rules' apps");
	out->first_app = rule->n_apps > 0 ? (uint16_t)orders->n_apps : 0;
	out->n_apps = (uint16_t)rule->n_apps;
	for (size_t i = 0; i < rule->n_apps; i++)
		orders->apps[orders->n_apps++] = str(rule->apps[i]);
	return BSG_OK;
}

/* The rule of the policy without a place yet: what all its places share. */
static enum bsg_err shape_rule(struct compiler *c, const struct bsg_policy_rule *rule, struct windows *room,
			       struct bsg_rule *out)
{
	*out = (struct bsg_rule){
		.always = rule->always,
		.restrict_functions = rule->restrict_set,
		.enforce = bsg_policy_rule_concerns(rule, c->facts) == BSG_CONCERN_ENFORCED,
		.because = texts(&rule->because),
	};
	if (!cut_windows(c, rule, room) || !share_windows(c->orders, room, out))
		return over(c, "windows", BSG_WINDOWS_MAX, "use longer windows, fewer calendars, or a shorter horizon");
	return add_apps(c, rule, out);
}

static enum bsg_err add_rule(struct compiler *c, const struct bsg_policy_rule *rule, struct windows *room)
{
	const size_t n = rule->n_where > 0 ? rule->n_where : 1;
	struct bsg_rule shape;
	enum bsg_err rc = shape_rule(c, rule, room, &shape);

	for (size_t i = 0; i < n && rc == BSG_OK; i++) {
		char *id = i == 0 ? bsg_arena_text(c->arena, rule->id) :
				    bsg_arena_printf(c->arena, "%s@%zu", rule->id, i + 1);

		if (id == NULL)
			return bsg_fail(c->err, BSG_E_NO_MEMORY, "no memory for the orders of %s", c->facts->device);
		if (c->orders->n_rules == BSG_RULES_MAX)
			return over(c, "rules", BSG_RULES_MAX, "join rules, narrow who, or name a parent place");
		shape.id = str(id);
		shape.place = str(rule->n_where > 0 ? rule->where[i] : NULL);
		c->orders->rules[c->orders->n_rules++] = shape;
	}
	return rc;
}

/* A rule whose windows all lie beyond the horizon has nothing to say until the next renewal. */
static bool has_window(const struct compiler *c, const struct bsg_policy_rule *rule)
{
	const struct bsg_timetable_rule times = times_of(c, rule);
	const int64_t lead = lead_of(c, rule);

	for (size_t i = 0; i < times.n; i++)
		if (times.windows[i].until > c->from && times.windows[i].from - lead < c->until)
			return true;
	return rule->always;
}

static enum bsg_err add_rules(struct compiler *c)
{
	struct windows *room = bsg_arena_alloc(c->arena, sizeof(*room));
	enum bsg_err rc = BSG_OK;

	if (room == NULL)
		return bsg_fail(c->err, BSG_E_NO_MEMORY, "no memory for the orders of %s", c->facts->device);
	for (size_t i = 0; i < c->policy->n_rules && rc == BSG_OK; i++) {
		const struct bsg_policy_rule *rule = &c->policy->rules[i];

		if (bsg_policy_rule_concerns(rule, c->facts) != BSG_CONCERN_NONE && has_window(c, rule))
			rc = add_rule(c, rule, room);
	}
	return rc;
}

/* ---- facts ------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const struct bsg_exemption *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->until != y->until)
		return x->until < y->until ? -1 : 1;
	return (x->functions > y->functions) - (x->functions < y->functions);
}

static enum bsg_err add_exemptions(struct compiler *c)
{
	struct bsg_orders *orders = c->orders;

	for (size_t i = 0; i < c->facts->n_exemptions; i++) {
		const struct bsg_compile_exemption *e = &c->facts->exemptions[i];

		if (e->until <= c->facts->now || e->from >= c->until || e->from >= e->until || e->functions == 0)
			continue;
		if (orders->n_exemptions == BSG_EXEMPTIONS_MAX)
			return over(c, "exemptions", BSG_EXEMPTIONS_MAX, "end some of them");
		orders->exemptions[orders->n_exemptions++] =
			(struct bsg_exemption){ e->functions & BSG_FUNCTIONS_ALL, e->from, e->until };
	}
	qsort(orders->exemptions, orders->n_exemptions, sizeof(orders->exemptions[0]), by_time);
	return BSG_OK;
}

/* What happened at a gate of a place that these orders leave out happened in the nearest place around it. */
static enum bsg_err add_presence(struct compiler *c)
{
	const struct bsg_compile_facts *facts = c->facts;
	const struct bsg_policy_place *place;

	if (!facts->has_presence || facts->presence_place == NULL)
		return BSG_OK;
	place = bsg_policy_find_place(c->policy, facts->presence_place);
	while (place != NULL && !has_place(c->orders, place->id))
		place = place->parent != NULL ? bsg_policy_find_place(c->policy, place->parent) : NULL;
	if (place == NULL)
		return BSG_OK;
	c->orders->has_presence = true;
	c->orders->presence.seq = facts->presence_seq;
	c->orders->presence.place = str(place->id);
	c->orders->presence.in = facts->presence_in;
	c->orders->presence.at = facts->presence_at;
	return BSG_OK;
}

static bool has_ics(const struct bsg_policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (policy->rules[i].has_ics)
			return true;
	return false;
}

static enum bsg_err begin(struct compiler *c)
{
	const struct bsg_compile_facts *facts = c->facts;
	const int64_t horizon = facts->horizon_s > 0 && facts->horizon_s < BSG_COMPILE_HORIZON_S ? facts->horizon_s :
											       BSG_COMPILE_HORIZON_S;

	size_t len;

	if (facts->device == NULL || !bsg_id_is_device(facts->device))
		return bsg_fail(c->err, BSG_E_INVALID, "a device is 32 hex digits, not '%.40s'",
				facts->device != NULL ? facts->device : "");
	if (facts->now < BSG_TIME_MIN || facts->now > BSG_COMPILE_NOW_MAX)
		return bsg_fail(c->err, BSG_E_INVALID, "device %s: the server's clock cannot be right", facts->device);
	if (facts->serial == 0)
		return bsg_fail(c->err, BSG_E_INVALID, "device %s: serials begin with 1", facts->device);
	c->from = floor_minute(facts->now);
	c->until = floor_minute(facts->now + horizon);
	if (c->timetable != NULL ? !bsg_timetable_covers(c->timetable, c->from, c->until + BSG_COMPILE_LEAD_S) : has_ics(c->policy))
		return bsg_fail(c->err, BSG_E_BUG, "device %s: the timetable ends before its orders do", facts->device);
	c->orders->serial = facts->serial;
	c->orders->issued = facts->now;
	c->orders->expires = c->until;
	c->orders->max_stay = BSG_DEFAULT_MAX_STAY;
	c->orders->break_glass_minutes = BSG_DEFAULT_BREAK_GLASS_MINUTES;
	c->orders->break_glass_per_day = BSG_DEFAULT_BREAK_GLASS_PER_DAY;
	c->orders->has_release = facts->has_release;
	c->orders->release_at = facts->has_release ? facts->release_at : 0;
	return bsg_hex_decode(facts->device, strlen(facts->device), c->orders->device, BSG_DEVICE_LEN, &len, c->err);
}

/* The orders keep their own copies: the policy may be gone when they are encoded. */
static bool own_text(struct bsg_arena *arena, struct bsg_str *text)
{
	text->ptr = text->len > 0 ? bsg_arena_copy(arena, text->ptr, text->len) : NULL;
	return text->len == 0 || text->ptr != NULL;
}

static bool own_texts(struct bsg_arena *arena, struct bsg_text *t)
{
	return own_text(arena, &t->kk) && own_text(arena, &t->ru) && own_text(arena, &t->en);
}

static bool own_place(struct bsg_arena *arena, struct bsg_place *place)
{
	bool ok = own_text(arena, &place->id) && own_text(arena, &place->parent) && own_texts(arena, &place->name);

	for (size_t i = 0; i < place->n_evidence && ok; i++)
		ok = own_text(arena, &place->evidence[i].id);
	return ok;
}

static enum bsg_err own_all(struct compiler *c)
{
	struct bsg_orders *orders = c->orders;
	bool ok = own_text(c->arena, &orders->presence.place);

	for (size_t i = 0; i < orders->n_places && ok; i++)
		ok = own_place(c->arena, &orders->places[i]);
	for (size_t i = 0; i < orders->n_rules && ok; i++)
		ok = own_text(c->arena, &orders->rules[i].id) && own_text(c->arena, &orders->rules[i].place) &&
		     own_texts(c->arena, &orders->rules[i].because);
	for (size_t i = 0; i < orders->n_apps && ok; i++)
		ok = own_text(c->arena, &orders->apps[i]);
	return ok ? BSG_OK : bsg_fail(c->err, BSG_E_NO_MEMORY, "no memory for the orders of %s", c->facts->device);
}

/* What core would refuse must not leave the server; core itself is asked, on a copy (see struct bsg_compiled). */
static enum bsg_err ask_core(struct compiler *c)
{
	struct bsg_orders *copy = malloc(sizeof(*copy));
	const char *why = NULL;
	enum bsg_err rc;

	if (copy == NULL)
		return bsg_fail(c->err, BSG_E_NO_MEMORY, "no memory for the orders of %s", c->facts->device);
	*copy = *c->orders;
	rc = bsg_orders_prepare(copy, &why);
	free(copy);
	if (rc != BSG_OK)
		return bsg_fail(c->err, rc, "device %s: %s", c->facts->device, why != NULL ? why : "refused");
	return BSG_OK;
}

static enum bsg_err compile(struct compiler *c)
{
	static enum bsg_err (*const passes[])(struct compiler *) = {
		begin, add_places, add_rules, add_exemptions, add_presence, own_all, ask_core,
	};
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]) && rc == BSG_OK; i++)
		rc = passes[i](c);
	return rc;
}

enum bsg_err bsg_policy_compile(const struct bsg_policy *policy, const struct bsg_timetable *timetable,
				const struct bsg_compile_facts *facts, struct bsg_compiled **out, struct bsg_error *err)
{
	struct owner *owner = calloc(1, sizeof(*owner));
	enum bsg_err rc;

	*out = NULL;
	if (owner == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for orders");
	bsg_arena_init(&owner->arena, ARENA_MAX);
	owner->compiled.memory = owner;
	struct compiler c = { .policy = policy, .timetable = timetable, .facts = facts, .orders = &owner->compiled.orders,
			      .arena = &owner->arena, .err = err };
	rc = compile(&c);
	if (rc == BSG_OK)
		*out = &owner->compiled;
	else
		bsg_compiled_free(&owner->compiled);
	return rc;
}

void bsg_compiled_free(struct bsg_compiled *compiled)
{
	if (compiled == NULL)
		return;
	struct owner *owner = compiled->memory;

	bsg_arena_free(&owner->arena);
	free(owner);
}

enum bsg_err bsg_compiled_bytes(const struct bsg_compiled *compiled, uint8_t *buf, size_t cap, struct bsg_bytes *out,
				struct bsg_error *err)
{
	struct bsg_orders_message *message = calloc(1, sizeof(*message));
	const char *why = NULL;
	enum bsg_err rc;

	*out = (struct bsg_bytes){ NULL, 0 };
	if (message == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to compare orders");
	message->orders = compiled->orders;
	rc = bsg_orders_encode(message, buf, cap, out, &why);
	free(message);
	return rc == BSG_OK ? rc : bsg_fail(err, rc, "these orders cannot be encoded: %s", why != NULL ? why : "");
}
