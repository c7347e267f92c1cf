/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for policy/document.h and policy/check.h. P1... are the rules of docs/spec/policy.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bosaga/functions.h>

#include "policy/check.h"
#include "policy/document.h"

#define HEAD "bosaga: 1\n"
#define HOUSE HEAD "places:\n  - {id: house}\n"
#define RULE(more) HOUSE "rules:\n  - {id: r, who: {all: true}, where: [house], " more "}\n"
#define AREA(ring) HEAD "places:\n  - {id: house, area: {type: Polygon, coordinates: " ring "}}\n"
#define PLACE(more) HEAD "places:\n  - {id: house, " more "}\n"

static const struct document_case {
	const char *name;
	const char *text;
	const char *want;	/* a part of some message; NULL: accepted */
} cases[] = {
	{ "P1 the smallest policy", HEAD, NULL },
	{ "P1 a version is needed", "places: []\n", "doc.yaml:1:1: 'bosaga' is missing" },
	{ "P1 another version is refused", "bosaga: 2\n", "version 1 of policy documents, not 2" },
	{ "P1 an empty file", "", "the file is empty" },
	{ "P1 a list is no policy", "- 1\n", "must be a map" },
	{ "P2 an alias is refused", HEAD "places: &a []\nrules: *a\n", "doc.yaml:2:12: anchors (&name) are refused" },
	{ "P2 an alias alone is refused", HEAD "rules: *a\n", "refused" },
	{ "P2 a tag is refused", HEAD "places: !!set {}\n", "tags (!name) are refused" },
	{ "P2 a second document is refused", HEAD "---\n" HEAD, "a second document" },
	{ "P2 a key twice", HEAD "rules: []\nrules: []\n", "doc.yaml:3:1: key 'rules' is also at doc.yaml:2:1" },
	{ "P2 a list as a key", HEAD "? [a]\n: 1\n", "a key must be a single word" },
	{ "P2 a broken document names its place", HEAD "places: [\n  - x: }\n", "doc.yaml:3:" },
	{ "P2 a directive", "%YAML 1.2\n---\n" HEAD, "doc.yaml:1:1: directives" },
	{ "P2 a broken directive", "%\331AML 1.2\n---\n" HEAD, "doc.yaml:1:1: directives" },
	{ "P2 bytes that are no UTF-8", HEAD "places: [{id: \"\331\"}]\n", "doc.yaml:2:16: byte 0xD9 is not UTF-8" },
	{ "P2 a control character", HEAD "places: [] # \033[2J\n", "doc.yaml:2:14: character U+001B is refused" },
	{ "P2 quotes in a row", HEAD "places: [{id: a, name: {en: 'a''''b''''c'}}]\n", "doc.yaml:2:" },
	{ "P2 a quote in a text", HEAD "places: [{id: a, name: {en: 'it''s'}}]\n", NULL },
	{ "P2 a byte order mark", "\xef\xbb\xbf" HEAD, NULL },
	{ "P2 line ends of another system", "bosaga: 1\r\nplaces: [{id: a}]\r\n", NULL },
	{ "P2 a zero character", HEAD "places: [{id: \"a\\0b\"}]\n", "zero character" },
	{ "P4 an unknown key and the one that was meant", HOUSE "ruels: []\n",
	  "doc.yaml:4:1: unknown key 'ruels', did you mean 'rules'?" },
	{ "P4 an unknown key far from all", HOUSE "xyzzyplugh: []\n", "unknown key 'xyzzyplugh'" },
	{ "P5 an id with capitals", HEAD "places: [{id: House}]\n", "places[0].id: 'House' is no id" },
	{ "P5 an id of 41 letters", HEAD "places: [{id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]\n", "is no id" },
	{ "P5 an id of digits", HEAD "places: [{id: 101}]\n", NULL },
	{ "P6 a duration without a unit", PLACE("grace: 3"), "places[0].grace: '3' is no duration" },
	{ "P6 a duration too long", PLACE("max_stay: 900d"), "must be 1s to 7d, not 900d" },
	{ "P6 a way in that does not exist", PLACE("enter_by: [gate, beakon]"), "did you mean 'beacon'?" },
	{ "P6 a way in without its evidence", PLACE("enter_by: [wifi]"), "the place has no 'wifi'" },
	{ "P6 a BSSID", PLACE("wifi: [AA:bb:cc:dd:ee:ff]"), NULL },
	{ "P6 a BSSID too short", PLACE("wifi: [\"aa:bb:cc:dd:ee\"]"), "is no BSSID" },
	{ "P6 a BSSID twice in other letters", PLACE("wifi: [AA:bb:cc:dd:ee:ff, aa:bb:cc:dd:ee:FF]"), "twice" },
	{ "P6 a gate twice", PLACE("gates: [{id: n}, {id: n}]"), "gate 'n' is also at doc.yaml:3:" },
	{ "P6 left_unconfirmed off", PLACE("left_unconfirmed: off"), NULL },
	{ "P6 left_unconfirmed maybe", PLACE("left_unconfirmed: maybe"), "is no switch" },
	{ "P6 more presses than a phone remembers", PLACE("break_glass: {per_day: 9}"), "from 0 to 8" },
	{ "P6 keep names a function", PLACE("break_glass: {keep: [camra]}"), "did you mean 'camera'?" },
	{ "P7 a remedy that no policy can ask for", PLACE("remedies: {camera: {claimed: refuse}}"), "no policy can ask for 'refuse'" },
	{ "P7 a column that does not exist", PLACE("remedies: {camera: {claim: seal}}"), "did you mean 'claimed'?" },
	{ "P7 a remedy for a call", PLACE("remedies: {calls: {claimed: seal}}"), "refused" },
	{ "P8 a parent that does not exist", PLACE("parent: hause"), "no place 'hause'" },
	{ "P8 a place inside itself", PLACE("parent: house"), "is inside itself" },
	{ "P8 a circle of two", HEAD "places: [{id: a, parent: b}, {id: b, parent: a}]\n", "is inside itself" },
	{ "P9 a square", AREA("[[[1,1],[1.1,1],[1.1,1.1],[1,1.1],[1,1]]]"), NULL },
	{ "P9 an open ring", AREA("[[[1,1],[1.1,1],[1.1,1.1],[1,1.1]]]"), "is not closed" },
	{ "P9 a bow tie", AREA("[[[1,1],[1.1,1.1],[1.1,1],[1,1.1],[1,1]]]"), "touches or crosses itself" },
	{ "P9 a spike", AREA("[[[1,1],[1.1,1],[1.2,1],[1.1,1],[1.1,1.1],[1,1]]]"), "touches or crosses itself" },
	{ "P9 a corner twice", AREA("[[[1,1],[1,1],[1.1,1.1],[1,1.1],[1,1]]]"), "touches or crosses itself" },
	{ "P9 a line", AREA("[[[1,1],[1.1,1.1],[1.2,1.2],[1,1]]]"), "touches or crosses itself" },
	{ "P9 across the antimeridian", AREA("[[[179.9,1],[-179.9,1],[-179.9,1.1],[179.9,1]]]"), "antimeridian" },
	{ "P9 a country", AREA("[[[1,1],[3,1],[3,3],[1,1]]]"), "within one degree" },
	{ "P9 a hole", AREA("[[[1,1],[1.1,1],[1.1,1.1],[1,1]],[[1,1],[1.1,1],[1.1,1.1],[1,1]]]"), "exactly one ring" },
	{ "P9 latitude first by mistake", AREA("[[[1,91],[1,92],[2,92],[1,91]]]"), "a latitude is a number of degrees from -90 to 90 and comes second" },
	{ "P9 another geometry", PLACE("area: {type: Point, coordinates: [[[1,1]]]}"), "must be Polygon" },
	{ "P10 a guest place", PLACE("guest: {restrict: [camera], max_stay: 2h}"), NULL },
	{ "P11 a rule with neither place nor window", HEAD "rules: [{id: r, who: {all: true}, restrict: [camera]}]\n",
	  "rules[0]: the rule has neither a place nor a window" },
	{ "P11 a rule with a window", HEAD "rules: [{id: r, who: {all: true}, restrict: [camera], windows: "
	  "[[2026-11-23T09:00:00+05:00, 2026-11-23T18:00:00+05:00]]}]\n", NULL },
	{ "P11 an empty where", HOUSE "rules: [{id: r, who: {all: true}, where: [], restrict: [camera]}]\n",
	  "rules[0].where: an empty list" },
	{ "P11 where names a place that does not exist", HOUSE
	  "rules: [{id: r, who: {all: true}, where: [hous], restrict: [camera]}]\n",
	  "rules[0].where[0]: there is no place 'hous', did you mean 'house'?" },
	{ "P11 restrict nothing", RULE("restrict: []"), "restricts nothing" },
	{ "P11 apps without names", RULE("restrict: [apps]"), "'apps' is restricted, but none is named" },
	{ "P11 names without apps", RULE("restrict: [camera], apps: [a.b]"), "apps are named, but not restricted" },
	{ "P11 a function that does not exist", RULE("restrict: [camera, mikrophone]"),
	  "rules[0].restrict[1]: 'mikrophone' is no function, did you mean 'microphone'?" },
	{ "P12 calls", RULE("restrict: [calls]"), "rules[0].restrict[0]: 'calls' is refused: " },
	{ "P12 sms", RULE("restrict: [sms]"), "'sms' is refused: " },
	{ "P12 emergency", RULE("restrict: [emergency]"), "'emergency' is refused: " },
	{ "P12 a mechanism", RULE("restrict: [DISALLOW_OUTGOING_CALLS]"), "'DISALLOW_OUTGOING_CALLS' is refused: " },
	{ "P12 the dialer as an app", RULE("restrict: [apps], apps: [com.android.dialer]"),
	  "'com.android.dialer' is refused: " },
	{ "P13 a calendar", HOUSE "calendars: [{id: work, windows: [[2026-11-23T09:00:00Z, 2026-11-23T18:00:00Z]]}]\n"
	  "rules: [{id: r, who: {all: true}, where: [house], when: [work], restrict: [camera]}]\n", NULL },
	{ "P13 a calendar's file where there are no files", HEAD "calendars: [{id: work, ics: work.ics}]\n",
	  "doc.yaml:2:29: calendars[0].ics: must be the calendar itself, from BEGIN:VCALENDAR on: a file's name means nothing here" },
	{ "P13 text that is no calendar", HEAD "calendars: [{id: work, ics: \"BEGIN:VEVENT\\nEND:VEVENT\"}]\n",
	  "doc.yaml:2:29: calendars[0].ics: is no calendar: iCalendar text begins with BEGIN:VCALENDAR" },
	{ "P13 a calendar that is a list", HEAD "calendars: [{id: work, ics: [a]}]\n",
	  "doc.yaml:2:29: calendars[0].ics: must be iCalendar text, or the name of a file beside this one" },
	{ "P13 a calendar with control characters", HEAD "calendars: [{id: work, ics: \"BEGIN:VCALENDAR\\n\\x01\"}]\n",
	  "doc.yaml:2:29: calendars[0].ics: is no calendar: iCalendar is UTF-8 text without control characters" },
	{ "P13 a calendar that says nothing", HEAD "calendars: [{id: work}]\n",
	  "doc.yaml:2:13: calendars[0]: says no time: give 'ics' or 'windows'" },
	{ "P6 a zone that does not exist", HEAD "places: [{id: house, timezone: Asia/Almatty}]\n",
	  "doc.yaml:2:32: places[0].timezone: there is no time zone 'Asia/Almatty', did you mean 'Asia/Almaty'?" },
	{ "P6 a zone that nobody has heard of", HEAD "places: [{id: house, timezone: Moon/Tranquility}]\n",
	  "doc.yaml:2:32: places[0].timezone: there is no time zone 'Moon/Tranquility': write one such as Asia/Almaty" },
	{ "P13 a calendar that does not exist", RULE("restrict: [camera], when: [work]"),
	  "rules[0].when[0]: there is no calendar 'work'" },
	{ "P13 a window with seconds", RULE("restrict: [camera], windows: [[2026-11-23T09:00:01Z, 2026-11-23T18:00:00Z]]"),
	  "whole minutes" },
	{ "P13 a window backwards", RULE("restrict: [camera], windows: [[2026-11-23T19:00:00Z, 2026-11-23T18:00:00Z]]"),
	  "which is not after" },
	{ "P13 a window of one", RULE("restrict: [camera], windows: [[2026-11-23T19:00:00Z]]"), "a window is a pair" },
	{ "P13 a time without a zone", RULE("restrict: [camera], windows: [[2026-11-23T19:00:00, 2026-11-23T20:00:00Z]]"),
	  "has no offset from UTC" },
	{ "P13 no windows at all", RULE("restrict: [camera], windows: []"), "an empty list of windows" },
	{ "P14 a pilot without people", RULE("restrict: [camera], stage: pilot"), "stage pilot needs" },
	{ "P14 a unit stage without units", RULE("restrict: [camera], stage: unit"), "stage unit needs" },
	{ "P14 a stage that does not exist", RULE("restrict: [camera], stage: observed"), "did you mean 'observe'?" },
	{ "P15 who is nobody", HOUSE "rules: [{id: r, who: {}, where: [house], restrict: [camera]}]\n", "names nobody" },
	{ "P15 who is missing", HOUSE "rules: [{id: r, where: [house], restrict: [camera]}]\n", "'who' is missing" },
	{ "P15 all: false", HOUSE "rules: [{id: r, who: {all: false}, where: [house], restrict: [camera]}]\n",
	  "must be true" },
};

static enum bsg_err parse(const char *name, const char *text, struct bsg_policy **out,
			  struct bsg_policy_errors *errors, struct bsg_error *err)
{
	const struct bsg_policy_source source = { .name = name, .bytes = text, .len = strlen(text) };

	return bsg_policy_parse(&source, 1, out, errors, err);
}

static bool says(const struct bsg_policy_errors *errors, const char *want)
{
	for (size_t i = 0; i < errors->n; i++)
		if (strstr(errors->items[i].text, want) != NULL)
			return true;
	return false;
}

static void every_case_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct document_case *c = &cases[i];
		struct bsg_policy_errors errors;
		struct bsg_policy *policy;
		struct bsg_error err = { 0 };
		const enum bsg_err rc = parse("doc.yaml", c->text, &policy, &errors, &err);

		if (c->want == NULL && rc != BSG_OK)
			fail_msg("%s: refused: %s", c->name, err.text);
		if (c->want != NULL && (rc == BSG_OK || policy != NULL || err.text[0] == '\0'))
			fail_msg("%s: accepted, or no reason given", c->name);
		if (c->want != NULL && !says(&errors, c->want))
			fail_msg("%s: said '%s'", c->name, errors.items[0].text);
		bsg_policy_free(policy);
	}
}

static char *read_file(const char *path)
{
	char full[512];
	const char *root = getenv("BSG_SOURCE_ROOT");
	char *text = calloc(1, 65536);
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root != NULL ? root : ".", path);
	f = fopen(full, "r");
	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static void the_sample_ministry_is_read_as_written(void **state)
{
	char *text = read_file("docs/sample/ministry.yaml");
	struct bsg_policy *policy;
	struct bsg_error err;

	(void)state;
	if (parse("ministry.yaml", text, &policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	const struct bsg_policy_place *house = bsg_policy_find_place(policy, "house");
	const struct bsg_policy_rule *rule = bsg_policy_find_rule(policy, "no-camera");
	assert_non_null(house);
	assert_non_null(rule);
	assert_int_equal(house->n_area, 4);
	assert_int_equal(house->area[0].lon, 714200000);
	assert_int_equal(house->area[0].lat, 511200000);
	assert_int_equal(house->grace_s, 180);
	assert_int_equal(house->max_stay_s, 14 * 3600);
	assert_int_equal(house->remedies[BSG_CAMERA][BSG_COVER_CLAIMED], BSG_REMEDY_SEAL);
	assert_int_equal(house->remedies[BSG_CAMERA][BSG_COVER_ATTESTED], BSG_REMEDY_ADMIT);
	assert_non_null(bsg_policy_find_gate(house, "south"));
	assert_null(bsg_policy_find_gate(house, "west"));
	assert_int_equal(rule->restrict_set, BSG_BIT(BSG_CAMERA));
	assert_true(rule->always);
	assert_int_equal(rule->stage, BSG_STAGE_ALL);
	assert_string_equal(rule->because.en, "To protect service information");
	bsg_policy_free(policy);
	free(text);
}

static const char full[] =
	"bosaga: 1\n"
	"places:\n"
	"  - {id: yard, name: {en: Yard}, left_unconfirmed: off, self_stay: 5m, enter_by: [self, area],\n"
	"     area: {type: Polygon, coordinates: [[[-71.4212345,-51.12],[-71.41,-51.12],[-71.41,-51.11],[-71.4212345,-51.12]]]}}\n"
	"  - {id: house, parent: yard, beacons: [b-2, b-1], wifi: [AA:BB:CC:DD:EE:FF], gates: [{id: south}, {id: north}],\n"
	"     grace: 90s, phone_lease: 2h, break_glass: {minutes: 5, per_day: 1, keep: [camera]},\n"
	"     guest: {restrict: [camera, apps], apps: [z.b, a.b], max_stay: 1h, because: {en: Guests}},\n"
	"     remedies: {camera: {claimed: admit}, wifi: {impossible: deposit}}}\n"
	"calendars:\n"
	"  - {id: work, windows: [[2026-11-24T09:00:00+05:00, 2026-11-24T18:00:00+05:00],\n"
	"                         [2026-11-23T09:00:00+05:00, 2026-11-23T13:00:00+05:00],\n"
	"                         [2026-11-23T13:00:00+05:00, 2026-11-23T18:00:00+05:00]]}\n"
	"rules:\n"
	"  - {id: b, who: {units: [u2, u1, u2], people: [p], devices: [00112233445566778899aabbccddeeff]}, where: [yard, house],\n"
	"     when: [work, [2026-11-23T17:00:00+05:00, 2026-11-23T20:00:00+05:00]], restrict: [wifi, camera],\n"
	"     because: {kk: k, ru: r, en: e}, stage: pilot, pilot: {people: [x, p]}, lead: 0s}\n"
	"  - {id: a, who: {all: true}, where: [house], restrict: [apps], apps: [c.d, a.b], stage: unit, units: [u1]}\n";

static char *dump(const char *name, const char *text)
{
	struct bsg_policy *policy;
	struct bsg_error err;
	json_t *json;
	char *out;

	if (parse(name, text, &policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	json = bsg_policy_to_json(policy);
	assert_non_null(json);
	out = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	json_decref(json);
	bsg_policy_free(policy);
	assert_non_null(out);
	return out;
}

static void json_gives_the_same_policy_again(void **state)
{
	char *once = dump("a.yaml", full), *twice = dump("b.json", once);

	(void)state;
	assert_string_equal(once, twice);
	assert_non_null(strstr(once, "\"aa:bb:cc:dd:ee:ff\""));
	assert_non_null(strstr(once, "-71.4212345"));
	free(once);
	free(twice);
}

/* Every key of the schema is read, and every key that is written is in the schema. */
static void compare_keys(json_t *properties, json_t *written, const char *before, const char *after)
{
	const char *key;
	json_t *value;

	json_object_foreach(properties, key, value) {
		struct bsg_policy_errors errors;
		struct bsg_policy *policy;
		char text[256];

		snprintf(text, sizeof(text), HEAD "%s%s: null%s", before, key, after);
		if (parse("doc.yaml", text, &policy, &errors, NULL) != BSG_OK && says(&errors, "unknown key"))
			fail_msg("the schema has '%s', the parser does not", key);
		bsg_policy_free(policy);
	}
	json_object_foreach(written, key, value)
		if (json_object_get(properties, key) == NULL)
			fail_msg("'%s' is written, but not in the schema", key);
}

static void the_schema_has_the_keys_of_the_parser(void **state)
{
	char *text = read_file("docs/spec/policy.schema.json"), *once = dump("a.yaml", full);
	json_t *schema = json_loads(text, 0, NULL), *policy = json_loads(once, 0, NULL);
	json_t *defs = json_object_get(schema, "$defs");
	static const struct { const char *def, *list, *before, *after; } parts[] = {
		{ "place", "places", "places: [{", "}]\n" }, { "rule", "rules", "rules: [{", "}]\n" },
		{ "calendar", "calendars", "calendars: [{", "}]\n" },
	};

	(void)state;
	assert_non_null(defs);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (size_t n = 0; n < json_array_size(json_object_get(policy, parts[i].list)); n++)
			compare_keys(json_object_get(json_object_get(defs, parts[i].def), "properties"),
				     json_array_get(json_object_get(policy, parts[i].list), n), parts[i].before, parts[i].after);
	json_decref(schema);
	json_decref(policy);
	free(text);
	free(once);
}

static void windows_that_touch_are_joined(void **state)
{
	struct bsg_policy *policy;

	(void)state;
	assert_int_equal(parse("a.yaml", full, &policy, NULL, NULL), BSG_OK);
	const struct bsg_policy_rule *rule = bsg_policy_find_rule(policy, "b");
	assert_int_equal(rule->n_windows, 2);
	assert_int_equal(rule->windows[0].until - rule->windows[0].from, 11 * 3600);	/* the calendar's and the rule's own */
	assert_int_equal(rule->n_own_windows, 1);
	assert_int_equal(rule->who.n_units, 2);
	assert_string_equal(rule->who.units[0], "u1");
	bsg_policy_free(policy);
}

static void several_files_are_one_policy(void **state)
{
	static const char places[] = HEAD "places: [{id: house}]\n";
	static const char rules[] = "{\"bosaga\": 1, \"rules\": [{\"id\": \"r\", \"who\": {\"all\": true},"
				    " \"where\": [\"house\"], \"restrict\": [\"camera\"]}]}";
	const struct bsg_policy_source sources[] = {
		{ "rules.json", rules, sizeof(rules) - 1, BSG_POLICY_AUTO, NULL },
		{ "places.yaml", places, sizeof(places) - 1, BSG_POLICY_AUTO, NULL },
	};
	struct bsg_policy *policy;

	(void)state;
	assert_int_equal(bsg_policy_parse(sources, 2, &policy, NULL, NULL), BSG_OK);
	assert_int_equal(policy->n_places, 1);
	assert_int_equal(policy->n_rules, 1);
	bsg_policy_free(policy);
}

static void an_id_twice_names_both_places(void **state)
{
	static const char a[] = HEAD "places:\n  - {id: house}\n", b[] = HEAD "\nplaces:\n  - {id: house}\n";
	const struct bsg_policy_source sources[] = {
		{ "a.yaml", a, sizeof(a) - 1, BSG_POLICY_AUTO, NULL }, { "b.yaml", b, sizeof(b) - 1, BSG_POLICY_AUTO, NULL },
	};
	struct bsg_policy_errors errors;
	struct bsg_policy *policy;

	(void)state;
	assert_int_equal(bsg_policy_parse(sources, 2, &policy, &errors, NULL), BSG_E_INVALID);
	assert_int_equal(errors.n, 1);
	assert_string_equal(errors.items[0].text, "b.yaml:4:5: places[0]: place 'house' is also at a.yaml:3:5");
}

static void all_mistakes_are_named_at_once(void **state)
{
	char text[4096] = HEAD "places:\n";
	struct bsg_policy_errors errors;
	struct bsg_policy *policy;

	(void)state;
	for (int i = 0; i < 25; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  - {id: p%d, grace: never}\n", i);
	assert_int_equal(parse("doc.yaml", text, &policy, &errors, NULL), BSG_E_INVALID);
	assert_int_equal(errors.n, BSG_POLICY_ERRORS_MAX);
	assert_int_equal(errors.n_more, 5);
	assert_non_null(strstr(errors.items[19].text, "doc.yaml:22:22: places[19].grace: "));
}

static void a_rule_that_names_calls_is_denied(void **state)
{
	struct bsg_policy *policy;

	(void)state;
	assert_int_equal(parse("doc.yaml", RULE("restrict: [calls]"), &policy, NULL, NULL), BSG_E_DENIED);
}

static void json_mistakes_have_a_position_and_a_path(void **state)
{
	struct bsg_policy_errors errors;
	struct bsg_policy *policy;

	(void)state;
	assert_int_equal(parse("doc.json", "{\"bosaga\": 1,\n \"rules\": [}", &policy, &errors, NULL), BSG_E_INVALID);
	assert_non_null(strstr(errors.items[0].text, "doc.json:2:"));
	assert_int_equal(parse("doc.json", "{\"bosaga\": 1, \"bosaga\": 1}", &policy, &errors, NULL), BSG_E_INVALID);
	assert_non_null(strstr(errors.items[0].text, "duplicate"));
	assert_int_equal(parse("doc.json", "{\"bosaga\": 1, \"rules\": [{\"restrict\": [\"camra\"]}]}", &policy, &errors, NULL),
			 BSG_E_INVALID);
	assert_true(says(&errors, "doc.json:1:39: rules[0].restrict[0]: 'camra' is no function, did you mean 'camera'?"));
}

static void too_large_documents_are_refused_quickly(void **state)
{
	char *text = malloc(10u << 20);
	struct bsg_policy *policy;
	struct bsg_error err;

	(void)state;
	assert_non_null(text);
	memset(text, '[', 10u << 20);
	const struct bsg_policy_source large = { "large.yaml", text, 10u << 20, BSG_POLICY_AUTO, NULL };
	assert_int_equal(bsg_policy_parse(&large, 1, &policy, NULL, &err), BSG_E_LIMIT);
	assert_non_null(strstr(err.text, "at most 4194304 bytes"));
	const struct bsg_policy_source deep = { "deep.yaml", text, 100000, BSG_POLICY_AUTO, NULL };
	assert_int_equal(bsg_policy_parse(&deep, 1, &policy, NULL, &err), BSG_E_LIMIT);
	assert_non_null(strstr(err.text, "nested deeper"));
	const struct bsg_policy_source deep_json = { "deep.json", text, 100000, BSG_POLICY_AUTO, NULL };
	assert_int_not_equal(bsg_policy_parse(&deep_json, 1, &policy, NULL, &err), BSG_OK);
	free(text);
}

static void a_bomb_of_aliases_stays_small(void **state)
{
	char text[4096] = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
	struct bsg_policy_errors errors;
	struct bsg_policy *policy;

	(void)state;
	for (int i = 1; i < 10; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n",
			 i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_int_equal(parse("bomb.yaml", text, &policy, &errors, NULL), BSG_E_INVALID);
	assert_true(says(&errors, "bomb.yaml:1:9: anchors"));
}

static void every_cut_of_a_document_is_refused_or_read(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(full); len += 7) {
		const struct bsg_policy_source source = { "cut.yaml", full, len, BSG_POLICY_AUTO, NULL };
		struct bsg_policy_errors errors;
		struct bsg_policy *policy;
		struct bsg_error err;
		const enum bsg_err rc = bsg_policy_parse(&source, 1, &policy, &errors, &err);

		if (rc != BSG_OK && errors.n == 0)
			fail_msg("cut at %zu: refused without a reason", len);
		bsg_policy_free(policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_table),
		cmocka_unit_test(the_sample_ministry_is_read_as_written),
		cmocka_unit_test(json_gives_the_same_policy_again),
		cmocka_unit_test(the_schema_has_the_keys_of_the_parser),
		cmocka_unit_test(windows_that_touch_are_joined),
		cmocka_unit_test(several_files_are_one_policy),
		cmocka_unit_test(an_id_twice_names_both_places),
		cmocka_unit_test(all_mistakes_are_named_at_once),
		cmocka_unit_test(a_rule_that_names_calls_is_denied),
		cmocka_unit_test(json_mistakes_have_a_position_and_a_path),
		cmocka_unit_test(too_large_documents_are_refused_quickly),
		cmocka_unit_test(a_bomb_of_aliases_stays_small),
		cmocka_unit_test(every_cut_of_a_document_is_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
