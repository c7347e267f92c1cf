/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for base/config.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/config.h"

struct settings {
	char listen[16];
	int64_t workers;
	int64_t hold;
	bool sample;
	int format;
};

static enum bsg_err no_spaces(const char *value, struct bsg_error *err)
{
	if (strchr(value, ' ') != NULL)
		return bsg_fail(err, BSG_E_INVALID, "no blanks");
	return BSG_OK;
}

static const char *const formats[] = { "text", "json", NULL };
static const struct bsg_config_key keys[] = {
	{ BSG_CONFIG_TEXT(struct settings, listen), .def = "here:1", .check = no_spaces,
	  .help = "where to listen" },
	{ BSG_CONFIG_NUMBER(struct settings, workers), .def = "2", .min = 1, .max = 64,
	  .help = "threads" },
	{ BSG_CONFIG_DURATION(struct settings, hold), .def = "60s", .min = 1, .max = 60,
	  .help = "longest hold" },
	{ BSG_CONFIG_BOOL(struct settings, sample), .def = "no", .shown = "as told",
	  .help = "with the sample" },
	{ BSG_CONFIG_CHOICE(struct settings, format), .choices = formats, .def = "text",
	  .help = ".looks of a line" },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void defaults_come_from_the_table(void **state)
{
	struct settings s;

	(void)state;
	memset(&s, 0xa5, sizeof(s));
	assert_int_equal(bsg_config_defaults(keys, N_KEYS, &s, NULL), BSG_OK);
	assert_string_equal(s.listen, "here:1");
	assert_int_equal(s.workers, 2);
	assert_int_equal(s.hold, 60);
	assert_false(s.sample);
	assert_int_equal(s.format, 0);
}

static enum bsg_err parse(const char *text, struct settings *s, struct bsg_error *err)
{
	assert_int_equal(bsg_config_defaults(keys, N_KEYS, s, NULL), BSG_OK);
	return bsg_config_parse(keys, N_KEYS, text, strlen(text), "f.conf", s, err);
}

static void a_file_overrides_them(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(parse("# comment\n\n  listen=there:2 \nworkers = 64\r\nhold\t=\t1m\n"
			       "sample = yes\nformat = json", &s, NULL), BSG_OK);
	assert_string_equal(s.listen, "there:2");
	assert_int_equal(s.workers, 64);
	assert_int_equal(s.hold, 60);
	assert_true(s.sample);
	assert_int_equal(s.format, 1);
	assert_int_equal(parse("listen =\n", &s, NULL), BSG_OK);
	assert_string_equal(s.listen, "");
}

static const struct { const char *text, *want; } wrong[] = {
	{ "workers = 2\nworker = 3\n", "f.conf:2: unknown key 'worker'; --help-config lists all" },
	{ "\nworkers = 2\n#\nworkers = 2\n", "f.conf:4: workers stands already in line 2" },
	{ "workers", "f.conf:1: not of the form key = value" },
	{ "= 3", "f.conf:1: unknown key ''; --help-config lists all" },
	{ "workers = two", "f.conf:1: workers: 'two' is not a number" },
	{ "workers = 2x", "f.conf:1: workers: '2x' is not a number" },
	{ "workers =", "f.conf:1: workers: '' is not a number" },
	{ "workers = 99999999999999999999", "f.conf:1: workers: '99999999999999999999' is not a number" },
	{ "workers = 0", "f.conf:1: workers: must be from 1 to 64" },
	{ "workers = 65", "f.conf:1: workers: must be from 1 to 64" },
	{ "hold = 61s", "f.conf:1: hold: must be from 1s to 1m" },
	{ "hold = 5", "f.conf:1: hold: '5' is not a duration such as 90s, 3m, 14h or 2d" },
	{ "sample = true", "f.conf:1: sample: 'true' is neither yes nor no" },
	{ "format = xml", "f.conf:1: format: 'xml' is not one of text, json" },
	{ "listen = a b", "f.conf:1: listen: no blanks" },
	{ "listen = 0123456789abcdef", "f.conf:1: listen: longer than 15 bytes" },
	{ "listen = \x01", "f.conf:1: listen: control characters or broken UTF-8" },
	{ "listen = \xff", "f.conf:1: listen: control characters or broken UTF-8" },
};

static void what_is_wrong_is_said_with_file_and_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct bsg_error err = { 0 };
		struct settings s;

		assert_int_equal(parse(wrong[i].text, &s, &err), BSG_E_INVALID);
		assert_string_equal(err.text, wrong[i].want);
	}
}

static void a_nul_and_a_giant_are_refused(void **state)
{
	char *giant = malloc(BSG_CONFIG_MAX_BYTES + 1);
	struct settings s;

	(void)state;
	assert_non_null(giant);
	memset(giant, '#', BSG_CONFIG_MAX_BYTES + 1);
	assert_int_equal(bsg_config_parse(keys, N_KEYS, giant, BSG_CONFIG_MAX_BYTES + 1, "f", &s, NULL),
			 BSG_E_LIMIT);
	assert_int_equal(bsg_config_parse(keys, N_KEYS, giant, BSG_CONFIG_MAX_BYTES, "f", &s, NULL),
			 BSG_OK);
	assert_int_equal(bsg_config_parse(keys, N_KEYS, "listen = a\0b", 12, "f", &s, NULL),
			 BSG_E_INVALID);
	free(giant);
}

static void one_key_is_set_from_outside(void **state)
{
	struct bsg_error err = { 0 };
	struct settings s;

	(void)state;
	assert_int_equal(bsg_config_set(keys, N_KEYS, "workers", "7", &s, &err), BSG_OK);
	assert_int_equal(s.workers, 7);
	assert_int_equal(bsg_config_set(keys, N_KEYS, "nothing", "7", &s, &err), BSG_E_INVALID);
}

static void a_wrong_table_is_our_bug(void **state)
{
	struct bsg_config_key bad[] = { keys[1] };
	struct settings s;

	(void)state;
	bad[0].def = "0";
	assert_int_equal(bsg_config_defaults(bad, 1, &s, NULL), BSG_E_BUG);
	bad[0].def = NULL;
	assert_int_equal(bsg_config_defaults(bad, 1, &s, NULL), BSG_E_BUG);
	bad[0] = keys[1];
	bad[0].size = 4;
	assert_int_equal(bsg_config_defaults(bad, 1, &s, NULL), BSG_E_BUG);
}

static void help_and_manual_name_every_key(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	assert_true(bsg_config_help(keys, N_KEYS, out));
	(void)fclose(out);
	assert_non_null(strstr(text, "workers = 2\n    number; threads\n"));
	assert_non_null(strstr(text, "sample = as told\n    yes|no; with the sample\n"));
	assert_non_null(strstr(text, "format = text\n    text|json; .looks of a line\n"));
	free(text);
	out = open_memstream(&text, &len);
	assert_non_null(out);
	assert_true(bsg_config_man(keys, N_KEYS, out));
	(void)fclose(out);
	assert_non_null(strstr(text, ".TP\n.BR format \" (\"text|json\")\"\n\\&.looks of a line. Default: text.\n"));
	free(text);
}

static void help_on_a_full_disk_is_a_failure(void **state)
{
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	assert_false(bsg_config_help(keys, N_KEYS, out));
	(void)fclose(out);
}

static void a_missing_file_says_which(void **state)
{
	struct bsg_error err = { 0 };
	struct settings s;

	(void)state;
	assert_int_equal(bsg_config_load(keys, N_KEYS, "/nonexistent/x.conf", &s, &err),
			 BSG_E_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nonexistent/x.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_come_from_the_table),
		cmocka_unit_test(a_file_overrides_them),
		cmocka_unit_test(what_is_wrong_is_said_with_file_and_line),
		cmocka_unit_test(a_nul_and_a_giant_are_refused),
		cmocka_unit_test(one_key_is_set_from_outside),
		cmocka_unit_test(a_wrong_table_is_our_bug),
		cmocka_unit_test(help_and_manual_name_every_key),
		cmocka_unit_test(help_on_a_full_disk_is_a_failure),
		cmocka_unit_test(a_missing_file_says_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
