/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests for policy/coverage.h and policy/coverage.json. What is expected is written by hand from the design's tables, not
 * taken from the file. P20 and P21 are rules of docs/spec/policy.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bosaga/functions.h>

#include "policy/coverage.h"

static struct bsg_coverage *coverage;
static json_t *file;	/* the same table as text, for what the interface does not show */

static int set_up(void **state)
{
	const char *root = getenv("BSG_SOURCE_ROOT");
	struct bsg_error err;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/policy/coverage.json", root != NULL ? root : ".");
	file = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (file != NULL && bsg_coverage_load(&coverage, &err) == BSG_OK)
		return 0;
	print_error("%s\n", file != NULL ? err.text : path);
	return -1;
}

static int tear_down(void **state)
{
	(void)state;
	bsg_coverage_free(coverage);
	json_decref(file);
	return 0;
}

/* ---- grades ------------------------------------------------------------ */

/*
 * Functions in the order of their numbers: camera, microphone, screen_capture, internet, wifi, hotspot, bluetooth, nfc,
 * usb_data, location, apps, debugging. E enforced, p partial, - impossible. Level 0: the system's version is not known.
 */
static const struct grades {
	const char *kind;
	unsigned os_level;
	bool knox;
	const char *want;
} grades[] = {
	/*                                     c m s i w h b n u l a d */
	{ "android-owner", 36, false, "EpEpEEEEEEEE" },
	{ "android-owner", 35, false, "EpEpEEEEEEEE" },
	{ "android-owner", 34, false, "EpEpEEE-EEEE" },	/* nfc: 35 */
	{ "android-owner", 33, false, "EpEpEEE-EEEE" },
	{ "android-owner", 32, false, "EpEp-EE-EEEE" },	/* wifi: 33 */
	{ "android-owner", 31, false, "EpEp-EE-EEEE" },
	{ "android-owner", 30, false, "EpEp-EE-pEEE" },	/* usb data signalling: 31, before it file transfer only */
	{ "android-owner", 29, false, "EpEp-EE-p-EE" },	/* location: 30 */
	{ "android-owner", 26, false, "EpEp-EE-p-EE" },
	{ "android-owner", 25, false, "EpEp-E--p-EE" },	/* bluetooth: 26 */
	{ "android-owner", 24, false, "EpEp-E--p-EE" },
	{ "android-owner", 23, false, "EpE--E--p--E" },	/* suspending apps and VPN lockdown: 24 */
	{ "android-owner", 22, false, "E-E--E--p--E" },	/* denying RECORD_AUDIO: 23 */
	{ "android-owner", 21, false, "E-E--E--p--E" },
	{ "android-owner", 18, false, "E-------p---" },	/* screen capture, tethering, debugging: 21 */
	{ "android-owner", 17, false, "E-----------" },	/* file transfer: 18 */
	{ "android-owner", 0, false, "E-----------" },
	{ "android-owner", 36, true, "EEEEEEEEEEEE" },
	{ "android-owner", 29, true, "EEEEEEEEE-EE" },	/* Knox does not add location */
	{ "android-cope", 36, false, "EpEpEEEEE-pE" },
	{ "android-cope", 34, false, "EpEpEEE-E-pE" },
	{ "android-cope", 32, false, "EpEp-EE-E-pE" },
	{ "android-cope", 30, false, "EpEp-EE-p-pE" },
	{ "android-cope", 29, false, "---p-EE-p-pE" },	/* the parent instance: 30 */
	{ "android-cope", 0, false, "---p------p-" },
	{ "android-cope", 29, true, "EEEEEEEEE-EE" },
	{ "android-byod", 36, false, "---p--p---pp" },
	{ "android-byod", 25, false, "---p------pp" },
	{ "android-byod", 36, true, "---p--p---pp" },	/* no Knox for a private phone */
	{ "android-admin", 36, false, "p-----------" },
	{ "android-admin", 0, false, "p-----------" },
	{ "android-admin", 28, true, "EEEEEEEEE-EE" },
	{ "android-pass", 36, false, "------------" },
	{ "android-pass", 36, true, "------------" },
	{ "ios-device", 0, false, "E-E---------" },
	{ "ios-device", 1200, false, "E-E---------" },
	{ "ios-device", 1801, false, "E-E---------" },
	{ "ios-user", 0, false, "--E---------" },
	{ "ios-user", 1801, false, "--E---------" },
	/* internet takes a command that we do not send yet: the design has it, we say that it goes on working. */
	{ "ios-supervised", 0, false, "E-E-EEEEE-E-" },
	{ "ios-supervised", 1801, false, "E-E-EEEEE-E-" },
	{ "ios-supervised", 1500, false, "E-E-EEEEE-E-" },
	{ "ios-supervised", 1405, false, "E-E-EEEEE---" },	/* blocked apps: 15 */
	{ "ios-supervised", 1404, false, "E-E--EEEE---" },	/* allowed networks only: 14.5 */
	{ "ios-supervised", 1402, false, "E-E--EEEE---" },
	{ "ios-supervised", 1401, false, "E-E--EE-E---" },	/* nfc: 14.2 */
	{ "ios-supervised", 1202, false, "E-E--EE-E---" },
	{ "ios-supervised", 1201, false, "E-E---E-E---" },	/* hotspot: 12.2 */
	{ "ios-supervised", 1103, false, "E-E---E-E---" },
	{ "ios-supervised", 1102, false, "E-E-----E---" },	/* bluetooth: 11.3 */
	{ "watch-apple", 0, false, "--E---------" },
	{ "watch-wear", 0, false, "------------" },
	{ "linux-agent", 0, false, "EEpEEEEEEEE-" },
	{ "none", 0, false, "------------" },
	{ "toaster", 36, true, "------------" },	/* an unknown kind covers nothing */
	{ "Linux-agent", 0, false, "------------" },
	{ "", 0, false, "------------" },
	{ NULL, 36, true, "------------" },
};

static char letter(enum bsg_grade grade)
{
	return grade == BSG_GRADE_ENFORCED ? 'E' : grade == BSG_GRADE_PARTIAL ? 'p' : '-';
}

static void each_phone_has_the_grades_of_the_design(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(grades) / sizeof(grades[0]); i++) {
		const struct grades *g = &grades[i];
		const struct bsg_coverage_phone phone = { .kind = g->kind, .os_level = g->os_level, .has_knox = g->knox };
		char got[BSG_FUNCTIONS_COUNT + 1] = "";

		for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
			struct bsg_coverage_entry entry;

			bsg_coverage_look_up(coverage, &phone, f, &entry);
			got[f] = letter(entry.grade);
		}
		if (strcmp(got, g->want) != 0)
			fail_msg("%s at %u%s: %s, not %s", g->kind != NULL ? g->kind : "(null)", g->os_level,
				 g->knox ? " with Knox" : "", got, g->want);
	}
}

/* The design's kinds, with agent and class: no more, no fewer. */
static void the_kinds_are_those_of_the_design(void **state)
{
	static const struct { const char *id; bool has_agent; enum bsg_class class_default; } want[] = {
		{ "android-owner", true, BSG_CLASS_CLAIMED }, { "android-cope", true, BSG_CLASS_CLAIMED },
		{ "android-byod", true, BSG_CLASS_CLAIMED }, { "android-pass", true, BSG_CLASS_CLAIMED },
		{ "android-admin", true, BSG_CLASS_CLAIMED }, { "ios-device", false, BSG_CLASS_MANAGED },
		{ "ios-user", false, BSG_CLASS_MANAGED }, { "ios-supervised", false, BSG_CLASS_MANAGED },
		{ "watch-apple", false, BSG_CLASS_MANAGED }, { "watch-wear", false, BSG_CLASS_CLAIMED },
		{ "linux-agent", true, BSG_CLASS_CLAIMED }, { "none", false, BSG_CLASS_CLAIMED },
	};
	size_t n;

	(void)state;
	(void)bsg_coverage_kinds(coverage, &n);
	assert_int_equal(n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < n; i++) {
		const struct bsg_coverage_kind *kind = bsg_coverage_find_kind(coverage, want[i].id);

		assert_non_null(kind);
		if (kind->has_agent != want[i].has_agent || kind->class_default != want[i].class_default)
			fail_msg("%s", want[i].id);
	}
	assert_null(bsg_coverage_find_kind(coverage, "toaster"));
	assert_null(bsg_coverage_find_kind(coverage, NULL));
}

/* ---- what is said ------------------------------------------------------ */

static bool is_said(const struct bsg_policy_texts *t)
{
	return t->kk != NULL && t->ru != NULL && t->en != NULL && strlen(t->kk) > 20 && strlen(t->ru) > 20 &&
	       strlen(t->en) > 20 && strcmp(t->kk, t->ru) != 0 && strcmp(t->ru, t->en) != 0 && strcmp(t->kk, t->en) != 0;
}

static void check_entry(const struct bsg_coverage_phone *phone, unsigned function)
{
	struct bsg_coverage_entry entry;

	memset(&entry, 0xff, sizeof(entry));
	bsg_coverage_look_up(coverage, phone, function, &entry);
	if (entry.grade > BSG_GRADE_ENFORCED || entry.how == NULL || entry.how[0] == '\0' || !is_said(&entry.why))
		fail_msg("%s, %s at %u: grade, how and three texts", phone->kind, bsg_functions[function].name, phone->os_level);
	if (phone->reported_impossible != 0 && entry.grade != BSG_GRADE_IMPOSSIBLE)
		fail_msg("%s, %s: the agent's own probe is not believed", phone->kind, bsg_functions[function].name);
}

static void every_answer_has_a_grade_a_mechanism_and_three_texts(void **state)
{
	static const unsigned levels[] = { 0, 1, 17, 18, 21, 23, 24, 26, 30, 31, 33, 35, 37, 1201, 1402, 1405, 1500, 1801, 9999 };
	const struct bsg_coverage_kind *kinds;
	size_t n;

	(void)state;
	kinds = bsg_coverage_kinds(coverage, &n);
	for (size_t k = 0; k <= n; k++) {
		struct bsg_coverage_phone phone = { .kind = k < n ? kinds[k].id : "toaster" };

		for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++)
			for (unsigned how = 0; how < 6; how++)
				for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
					phone.os_level = levels[l];
					phone.has_knox = how >= 3;
					phone.reported_impossible = how % 3 == 1 ? BSG_FUNCTIONS_ALL : 0;
					phone.reported_partial = how % 3 == 2 ? BSG_FUNCTIONS_ALL : 0;
					check_entry(&phone, f);
				}
	}
}

/* A newer system is never said to do less, and of alternatives the newest stands first. */
static void alternatives_stand_from_new_to_old(void **state)
{
	json_t *kind, *rows, *row, *item;
	const char *function;
	size_t k, i;

	(void)state;
	json_array_foreach(json_object_get(file, "kinds"), k, kind) {
		rows = json_object_get(kind, "functions");
		json_object_foreach(rows, function, row) {
			json_int_t before = 1 << 20;

			json_array_foreach(row, i, item) {
				const json_int_t since = json_integer_value(json_object_get(item, "since"));

				if (since >= before)
					fail_msg("%s, %s", json_string_value(json_object_get(kind, "id")), function);
				before = since;
			}
		}
	}
}

static void the_table_tells_its_version(void **state)
{
	(void)state;
	assert_true(bsg_coverage_version(coverage) >= 2);
	assert_int_equal(bsg_coverage_version(coverage), json_integer_value(json_object_get(file, "version")));
}

/* What is marked (?) in the design: the VPN that closes mobile internet. */
static void what_is_not_confirmed_on_hardware_is_at_most_partial(void **state)
{
	(void)state;
	for (unsigned level = 0; level < 40; level++) {
		const struct bsg_coverage_phone phone = { .kind = "android-owner", .os_level = level };
		struct bsg_coverage_entry entry;

		bsg_coverage_look_up(coverage, &phone, BSG_INTERNET, &entry);
		assert_true(entry.grade <= BSG_GRADE_PARTIAL);
		assert_true(entry.grade == BSG_GRADE_IMPOSSIBLE || strstr(entry.why.en, "not confirmed") != NULL);
	}
}

static void with_the_camera_video_calls_go_and_the_texts_say_so(void **state)
{
	static const char *const kinds[] = { "android-owner", "android-cope", "ios-device", "ios-supervised", "linux-agent" };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct bsg_coverage_phone phone = { .kind = kinds[i], .os_level = kinds[i][0] == 'a' ? 35 : 0 };
		struct bsg_coverage_entry entry;

		bsg_coverage_look_up(coverage, &phone, BSG_CAMERA, &entry);
		assert_int_equal(entry.grade, BSG_GRADE_ENFORCED);
		assert_non_null(strstr(entry.why.en, "video calls"));
		assert_non_null(strstr(entry.why.ru, "видеозвонки"));
		assert_non_null(strstr(entry.why.kk, "бейнеқоңырау"));
	}
}

/* ---- never touched ----------------------------------------------------- */

/* Design 04, "Never touched, on any platform". */
static const char *const never_touched[] = {
	"DISALLOW_OUTGOING_CALLS", "DISALLOW_SMS", "DISALLOW_SIM_GLOBALLY", "DISALLOW_CELLULAR_2G", "DISALLOW_ADJUST_VOLUME",
	"DISALLOW_UNMUTE_MICROPHONE", "DISALLOW_CREATE_WINDOWS", "setMasterVolumeMuted", "addOverrideApn", "lock-task mode",
	"Knox PhoneRestrictionPolicy", "allowChat", "com.apple.app.lock", "lost mode", "com.apple.cellular", "allowPairedWatch",
	"rfkill wwan", "Modem.Enable(false)",
};

static bool holds(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

static void look_through(json_t *json, const char *part)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(json) && holds(json_string_value(json), part))
		fail_msg("the table names %s: %s", part, json_string_value(json));
	json_array_foreach(json, i, value)
		look_through(value, part);
	json_object_foreach(json, key, value) {
		if (holds(key, part))
			fail_msg("the table names %s: %s", part, key);
		look_through(value, part);
	}
}

static void nothing_that_is_never_touched_is_in_the_table(void **state)
{
	static const char *const parts[] = { "PhoneRestrictionPolicy", "LockTask", "lock task", "LostMode", "wwan", "Modem.Enable" };

	(void)state;
	for (size_t i = 0; i < sizeof(never_touched) / sizeof(never_touched[0]); i++) {
		const struct bsg_str name = { never_touched[i], strlen(never_touched[i]) };

		if (bsg_mechanism_never_touched(name) == NULL)
			fail_msg("core does not know %s", never_touched[i]);
		look_through(file, never_touched[i]);
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		look_through(file, parts[i]);
}

/* The table with one more means of `device-bpf`. @return a new text */
static char *table_with(const char *means)
{
	json_t *copy = json_deep_copy(file);
	json_t *by = json_object_get(json_object_get(json_object_get(copy, "reasons"), "device-bpf"), "by");
	char *text;

	assert_true(json_is_array(by));
	assert_int_equal(json_array_append_new(by, json_string(means)), 0);
	text = json_dumps(copy, 0);
	json_decref(copy);
	assert_non_null(text);
	return text;
}

static void a_table_that_names_one_is_refused(void **state)
{
	struct bsg_coverage *table;
	struct bsg_error err;
	char *text = table_with("ioctl");

	(void)state;
	assert_int_equal(bsg_coverage_parse(text, strlen(text), &table, &err), BSG_OK);
	bsg_coverage_free(table);
	free(text);
	for (size_t i = 0; i < sizeof(never_touched) / sizeof(never_touched[0]); i++) {
		text = table_with(never_touched[i]);
		assert_int_equal(bsg_coverage_parse(text, strlen(text), &table, &err), BSG_E_INVALID);
		assert_non_null(strstr(err.text, never_touched[i]));
		assert_null(table);
		free(text);
	}
}

static void what_restricts_says_by_which_means_and_nothing_is_unused(void **state)
{
	json_t *reasons = json_object_get(file, "reasons"), *reason;
	char *all = json_dumps(json_object_get(file, "kinds"), JSON_COMPACT), *knox = json_dumps(json_object_get(file, "knox"), JSON_COMPACT);
	const char *code;

	(void)state;
	assert_true(all != NULL && knox != NULL);
	json_object_foreach(reasons, code, reason) {
		static const char *const own[] = { "needs-newer-system", "agent-says-impossible", "agent-says-partial" };
		char quoted[80], restricts[120];
		bool used;

		snprintf(quoted, sizeof(quoted), "\"how\":\"%s\"", code);
		used = strstr(all, quoted) != NULL || strstr(knox, quoted) != NULL;
		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			used |= strcmp(code, own[i]) == 0;
		if (!used)
			fail_msg("nothing uses '%s'", code);
		snprintf(restricts, sizeof(restricts), "\"grade\":\"impossible\",%s", quoted);
		if ((json_array_size(json_object_get(reason, "by")) > 0) == (strstr(all, restricts) != NULL) &&
		    strncmp(code, "agent-says", 10) != 0 && strcmp(code, "needs-newer-system") != 0)
			fail_msg("'%s': means without effect, or an effect without means", code);
	}
	free(all);
	free(knox);
}

/* ---- the gate ---------------------------------------------------------- */

static struct bsg_policy *place_with(const char *remedies)
{
	struct bsg_policy_source source = { .name = "place.yaml" };
	struct bsg_policy *policy;
	struct bsg_error err;
	char text[512];

	snprintf(text, sizeof(text), "bosaga: 1\nplaces: [{id: house%s%s}]\n", remedies[0] != '\0' ? ", remedies: " : "", remedies);
	source.bytes = text;
	source.len = strlen(text);
	if (bsg_policy_parse(&source, 1, &policy, NULL, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return policy;
}

/* A phone whose camera has each column, and one whose Wi-Fi has. */
static const struct column {
	const char *kind;
	unsigned os_level;
	enum bsg_class class_of;
	enum bsg_function function;
	enum bsg_remedy want;
} columns[] = {
	{ "linux-agent", 0, BSG_CLASS_ATTESTED, BSG_CAMERA, BSG_REMEDY_ADMIT },
	{ "linux-agent", 0, BSG_CLASS_MANAGED, BSG_CAMERA, BSG_REMEDY_ADMIT },
	{ "linux-agent", 0, BSG_CLASS_CLAIMED, BSG_CAMERA, BSG_REMEDY_SEAL },
	{ "android-admin", 30, BSG_CLASS_ATTESTED, BSG_CAMERA, BSG_REMEDY_SEAL },	/* partial, whatever the class */
	{ "none", 0, BSG_CLASS_ATTESTED, BSG_CAMERA, BSG_REMEDY_SEAL },
	{ "linux-agent", 0, BSG_CLASS_ATTESTED, BSG_WIFI, BSG_REMEDY_ADMIT },
	{ "linux-agent", 0, BSG_CLASS_MANAGED, BSG_WIFI, BSG_REMEDY_ADMIT },
	{ "linux-agent", 0, BSG_CLASS_CLAIMED, BSG_WIFI, BSG_REMEDY_SEAL },
	{ "android-byod", 30, BSG_CLASS_ATTESTED, BSG_BLUETOOTH, BSG_REMEDY_SEAL },
	{ "none", 0, BSG_CLASS_CLAIMED, BSG_WIFI, BSG_REMEDY_ADMIT },
};

static void a_place_that_says_nothing_has_the_design_s_remedies(void **state)
{
	struct bsg_policy *policy = place_with("");

	(void)state;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		const struct column *c = &columns[i];
		const struct bsg_coverage_phone phone = { .kind = c->kind, .os_level = c->os_level, .class_of = c->class_of };
		struct bsg_verdict verdict;

		bsg_coverage_verdict(coverage, &policy->places[0], &phone, BSG_BIT(c->function), &verdict);
		if (verdict.remedy != c->want)
			fail_msg("%s, class %u, %s: %s", c->kind, c->class_of, bsg_functions[c->function].name,
				 bsg_remedy_name(verdict.remedy));
	}
	bsg_policy_free(policy);
}

/* Every pair of remedies on two functions; a third that is not asked for would be stricter than both. */
static void the_strictest_remedy_wins(void **state)
{
	static const char *const words[] = { "deposit", "seal", "admit" };	/* from strict to mild */
	const struct bsg_coverage_phone phone = { .kind = "none" };

	(void)state;
	for (unsigned a = 0; a < 3; a++)
		for (unsigned b = 0; b < 3; b++) {
			const enum bsg_remedy want = (enum bsg_remedy)(BSG_REMEDY_DEPOSIT + (a < b ? a : b));
			uint32_t uncovered = (a < 2 ? BSG_BIT(BSG_CAMERA) : 0) | (b < 2 ? BSG_BIT(BSG_NFC) : 0);
			struct bsg_policy *policy;
			struct bsg_verdict verdict;
			char remedies[200];

			snprintf(remedies, sizeof(remedies),
				 "{camera: {impossible: %s}, nfc: {impossible: %s, claimed: deposit}, wifi: {impossible: deposit}}",
				 words[a], words[b]);
			policy = place_with(remedies);
			bsg_coverage_verdict(coverage, &policy->places[0], &phone, BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_NFC), &verdict);
			assert_int_equal(verdict.remedy, want);
			assert_int_equal(verdict.uncovered, uncovered);
			assert_true(verdict.why.kk != NULL && verdict.why.ru != NULL && verdict.why.en != NULL);
			bsg_policy_free(policy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_phone_has_the_grades_of_the_design),
		cmocka_unit_test(the_kinds_are_those_of_the_design),
		cmocka_unit_test(every_answer_has_a_grade_a_mechanism_and_three_texts),
		cmocka_unit_test(alternatives_stand_from_new_to_old),
		cmocka_unit_test(the_table_tells_its_version),
		cmocka_unit_test(what_is_not_confirmed_on_hardware_is_at_most_partial),
		cmocka_unit_test(with_the_camera_video_calls_go_and_the_texts_say_so),
		cmocka_unit_test(nothing_that_is_never_touched_is_in_the_table),
		cmocka_unit_test(a_table_that_names_one_is_refused),
		cmocka_unit_test(what_restricts_says_by_which_means_and_nothing_is_unused),
		cmocka_unit_test(a_place_that_says_nothing_has_the_design_s_remedies),
		cmocka_unit_test(the_strictest_remedy_wins),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
