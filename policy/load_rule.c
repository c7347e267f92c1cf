/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars and rules of a document. Keys: docs/spec/policy.md P11 to P15. */
#include "policy/load.h"

#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>
#include <bosaga/limits.h>

#include "base/id.h"
#include "policy/check.h"
#include "schedule/schedule.h"

#define BEGIN_CALENDAR "BEGIN:VCALENDAR"

struct ics_keys {
	const char *text;
	size_t len;
	bool is_file;
	struct bsg_policy_at at;
};

/* Lines that could all be shown; only tabs and line ends are in between. */
static bool is_text(const char *text, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '\n' && text[i] != '\r' && text[i] != '\t')
			continue;
		if (!bsg_text_is_shown(text + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

static void read_ics_file(struct bsg_load *load, const struct bsg_node *node, struct ics_keys *ics)
{
	const struct bsg_policy_source *source = load->source;
	struct bsg_error err = { .text = "" };
	uint8_t *bytes = NULL;
	size_t len = 0;

	if (source->read_beside == NULL) {
		bsg_load_error(load, node, "must be the calendar itself, from BEGIN:VCALENDAR on: a file's name means nothing here");
		return;
	}
	if (source->read_beside(source->name, node->text, BSG_SCHEDULE_BYTES_MAX, &bytes, &len, &err) != BSG_OK) {
		bsg_load_error(load, node, "%s", err.text);
		return;
	}
	ics->text = bsg_arena_copy(load->arena, bytes, len);
	ics->len = len;
	ics->is_file = true;
	ics->at.file = bsg_arena_text(load->arena, node->text);
	free(bytes);
	load->no_memory = load->no_memory || ics->text == NULL || ics->at.file == NULL;
}

/* `ics` is the calendar when it begins like one, else the name of its file. */
static void load_ics(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct ics_keys *ics = target;
	char what[BSG_LOAD_WHAT_SIZE];

	if (node->kind != BSG_NODE_TEXT || node->len == 0) {
		bsg_load_error(load, node, "must be iCalendar text, or the name of a file beside this one, not %s",
			       bsg_load_what(node, what));
		return;
	}
	*ics = (struct ics_keys){ .at = bsg_load_at(load, node) };
	if (strncmp(node->text, BEGIN_CALENDAR, strlen(BEGIN_CALENDAR)) == 0) {
		ics->text = node->text;
		ics->len = node->len;
	} else if (strpbrk(node->text, "\r\n") != NULL) {
		bsg_load_error(load, node, "is no calendar: iCalendar text begins with " BEGIN_CALENDAR);
	} else {
		read_ics_file(load, node, ics);
	}
	if (ics->text != NULL && !is_text(ics->text, ics->len)) {
		bsg_load_error(load, node, "is no calendar: iCalendar is UTF-8 text without control characters");
		ics->text = NULL;
	}
}

struct calendar_keys {
	const char *id;
	struct bsg_load_windows windows;
	struct ics_keys ics;
};

static void load_calendar(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "id", bsg_load_id, offsetof(struct calendar_keys, id), true },
		{ "windows", bsg_load_windows, offsetof(struct calendar_keys, windows), false },
		{ "ics", load_ics, offsetof(struct calendar_keys, ics), false },
	};
	struct bsg_load *all = target;
	struct calendar_keys read = { 0 };
	struct bsg_policy_calendar *calendar = bsg_load_append(load, node, &all->calendars, sizeof(*calendar),
							       BSG_POLICY_CALENDARS_MAX, "calendars in one policy");
	const size_t before = bsg_load_mistakes(load);

	if (calendar == NULL)
		return;
	calendar->at = bsg_load_at(load, node);
	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), &read);
	calendar->id = read.id;
	calendar->windows = read.windows.items;
	calendar->n_windows = read.windows.n;
	calendar->ics = read.ics.text;
	calendar->ics_len = read.ics.len;
	calendar->ics_is_file = read.ics.is_file;
	calendar->ics_at = read.ics.at;
	if (calendar->n_windows == 0 && calendar->ics == NULL && bsg_load_mistakes(load) == before)
		bsg_load_error(load, node, "says no time: give 'ics' or 'windows'");
	if (calendar->id == NULL)
		all->calendars.n--;
}

void bsg_load_calendars(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_each(load, node, load_calendar, target);
}

static void load_true(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	char what[BSG_LOAD_WHAT_SIZE];

	if (node->kind != BSG_NODE_BOOL || node->integer == 0)
		bsg_load_error(load, node, "must be true, not %s: leave the key out to name units, people or devices",
			       bsg_load_what(node, what));
	else
		*(bool *)target = true;
}

struct who_keys {
	bool all;
	struct bsg_load_names units, people, devices;
};

static void load_who(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "all", load_true, offsetof(struct who_keys, all), false },
		{ "units", bsg_load_names, offsetof(struct who_keys, units), false },
		{ "people", bsg_load_names, offsetof(struct who_keys, people), false },
		{ "devices", bsg_load_names, offsetof(struct who_keys, devices), false },
	};
	struct bsg_policy_who *who = target;
	char what[BSG_LOAD_WHAT_SIZE];
	struct who_keys read = { 0 };
	const size_t before = bsg_load_mistakes(load);

	if (node->kind != BSG_NODE_MAP) {
		bsg_load_error(load, node, "must be a map such as {units: [...]} or {all: true}, not %s", bsg_load_what(node, what));
		return;
	}
	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), &read);
	*who = (struct bsg_policy_who){
		.all = read.all,
		.units = read.units.items, .n_units = read.units.n,
		.people = read.people.items, .n_people = read.people.n,
		.devices = read.devices.items, .n_devices = read.devices.n,
	};
	if (!who->all && who->n_units + who->n_people + who->n_devices == 0 &&
	    bsg_load_mistakes(load) == before)
		bsg_load_error(load, node, "names nobody: write units, people, devices or all: true");
}

/* `when` holds names of calendars, and may hold [from, until] pairs itself. */
struct when_keys {
	struct bsg_load_ref *refs;
	size_t n_refs;
	struct bsg_load_refs calendars;
	struct bsg_policy_window *windows;
	size_t n_windows;
	bool given;
};

static void load_when_item(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct when_keys *when = target;

	if (node->kind == BSG_NODE_LIST) {
		if (bsg_load_window(load, node, &when->windows[when->n_windows]))
			when->n_windows++;
		return;
	}
	bsg_load_ref(load, node, &when->refs[when->n_refs]);
	when->n_refs += when->refs[when->n_refs].id != NULL;
}

static void load_when(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct when_keys *when = target;

	when->given = true;
	if (node->kind == BSG_NODE_LIST && node->n == 0) {
		bsg_load_error(load, node, "an empty list: name at least one calendar or window; without the key a rule holds always");
		return;
	}
	when->refs = bsg_load_array(load, node->n, sizeof(*when->refs));
	when->windows = bsg_load_array(load, node->n, sizeof(*when->windows));
	if (load->no_memory)
		return;
	bsg_load_each(load, node, load_when_item, when);
	if (!load->no_memory)
		bsg_load_refs_sort(load, when->refs, when->n_refs, &when->calendars);
}

static void load_pilot(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = { { "people", bsg_load_names, 0, true } };

	bsg_load_map(load, node, keys, 1, target);
}

static void load_stage(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const char *const words[] = { "observe", "pilot", "unit", "all", NULL };
	const int i = bsg_load_word(load, node, words, "stage");

	if (i >= 0)
		*(enum bsg_policy_stage *)target = (enum bsg_policy_stage)i;
}

static void load_restrict(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (node->kind == BSG_NODE_LIST && node->n == 0)
		bsg_load_error(load, node, "the rule restricts nothing: name at least one function, such as camera");
	else
		bsg_load_functions(load, node, target);
}

static void load_lead(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_duration(load, node, 0, 3600, target);
}

struct rule_keys {
	const char *id;
	struct bsg_policy_who who;
	struct bsg_load_refs where;
	struct when_keys when;
	struct bsg_load_windows windows;
	uint32_t restrict_set;
	struct bsg_load_names apps, pilot, units;
	struct bsg_policy_texts because;
	enum bsg_policy_stage stage;
	int64_t lead_s;
};

/* The windows of the key `windows` and the pairs in `when` are one set. */
static void fill_windows(struct bsg_load *load, const struct rule_keys *read, struct bsg_policy_rule *rule)
{
	const size_t n = read->windows.n + read->when.n_windows;
	struct bsg_policy_window *own = bsg_load_array(load, n, sizeof(*own));

	if (own == NULL)
		return;
	if (read->windows.n > 0)
		memcpy(own, read->windows.items, read->windows.n * sizeof(*own));
	if (read->when.n_windows > 0)
		memcpy(own + read->windows.n, read->when.windows, read->when.n_windows * sizeof(*own));
	rule->own_windows = own;
	rule->n_own_windows = bsg_windows_join(own, n);
}

static void fill_rule(struct bsg_load *load, const struct rule_keys *read, struct bsg_policy_rule *rule)
{
	rule->id = read->id;
	rule->who = read->who;
	rule->where = read->where.items;
	rule->n_where = read->where.n;
	rule->where_at = read->where.at;
	rule->calendars = read->when.calendars.items;
	rule->n_calendars = read->when.calendars.n;
	rule->calendars_at = read->when.calendars.at;
	rule->restrict_set = read->restrict_set;
	rule->apps = read->apps.items;
	rule->n_apps = read->apps.n;
	rule->because = read->because;
	rule->stage = read->stage;
	rule->pilot = read->pilot.items;
	rule->n_pilot = read->pilot.n;
	rule->units = read->units.items;
	rule->n_units = read->units.n;
	rule->lead_s = read->lead_s;
	rule->always = !read->when.given && read->windows.n == 0;
	fill_windows(load, read, rule);
}

static void check_rule(struct bsg_load *load, const struct bsg_node *node, const struct bsg_policy_rule *rule)
{
	bsg_load_check_apps(load, node, rule->restrict_set, rule->n_apps);
	if (rule->stage == BSG_STAGE_PILOT && rule->n_pilot == 0)
		bsg_load_error_in(load, node, "stage", "stage pilot needs pilot: {people: [...]}");
	if (rule->stage == BSG_STAGE_UNIT && rule->n_units == 0)
		bsg_load_error_in(load, node, "stage", "stage unit needs units: [...]");
	if (rule->n_where == 0 && rule->always)
		bsg_load_error(load, node, "the rule has neither a place nor a window: it would restrict everywhere, always; "
			       "write where, when or windows");
}

static void load_rule(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "id", bsg_load_id, offsetof(struct rule_keys, id), true },
		{ "who", load_who, offsetof(struct rule_keys, who), true },
		{ "where", bsg_load_refs, offsetof(struct rule_keys, where), false },
		{ "when", load_when, offsetof(struct rule_keys, when), false },
		{ "windows", bsg_load_windows, offsetof(struct rule_keys, windows), false },
		{ "restrict", load_restrict, offsetof(struct rule_keys, restrict_set), true },
		{ "apps", bsg_load_apps, offsetof(struct rule_keys, apps), false },
		{ "because", bsg_load_texts, offsetof(struct rule_keys, because), false },
		{ "stage", load_stage, offsetof(struct rule_keys, stage), false },
		{ "pilot", load_pilot, offsetof(struct rule_keys, pilot), false },
		{ "units", bsg_load_names, offsetof(struct rule_keys, units), false },
		{ "lead", load_lead, offsetof(struct rule_keys, lead_s), false },
	};
	struct bsg_load *all = target;
	struct rule_keys read = { .stage = BSG_STAGE_ALL, .lead_s = 300 };
	struct bsg_policy_rule *rule =
		bsg_load_append(load, node, &all->rules, sizeof(*rule), BSG_POLICY_RULES_MAX, "rules in one policy");
	const size_t before = bsg_load_mistakes(load);

	if (rule == NULL)
		return;
	rule->at = bsg_load_at(load, node);
	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), &read);
	fill_rule(load, &read, rule);
	if (bsg_load_mistakes(load) == before)	/* else these would only repeat it */
		check_rule(load, node, rule);
	if (rule->id == NULL)
		all->rules.n--;
}

void bsg_load_rules(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_each(load, node, load_rule, target);
}
