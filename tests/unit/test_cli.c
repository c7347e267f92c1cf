/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for cli/: what is parsed, asked and printed, from the one table. No server. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"

#define WORDS(...) (const char *const[]){ "bosaga", __VA_ARGS__, NULL }

struct ran {
	int status;
	char *out, *err;
};

static int count(const char *const *argv)
{
	int n = 0;

	while (argv[n] != NULL)
		n++;
	return n;
}

static struct ran run(const char *const *argv)
{
	struct ran ran;
	size_t out_len;
	size_t err_len;
	FILE *out = open_memstream(&ran.out, &out_len);
	FILE *err = open_memstream(&ran.err, &err_len);

	ran.status = bsg_cli_main(count(argv), argv, out, err);
	(void)fclose(out);
	(void)fclose(err);
	return ran;
}

static void drop(struct ran *ran)
{
	free(ran->out);
	free(ran->err);
}

static void expect(const char *const *argv, int status, const char *in_out, const char *in_err)
{
	struct ran ran = run(argv);

	if (ran.status != status || strstr(ran.out, in_out) == NULL || strstr(ran.err, in_err) == NULL)
		fail_msg("bosaga %s: status %d, out \"%s\", err \"%s\"", argv[1], ran.status, ran.out, ran.err);
	drop(&ran);
}

static void wrong_usage_is_2_and_says_what_to_do(void **state)
{
	(void)state;
	expect(WORDS("--bogus"), 2, "", "usage: bosaga COMMAND");
	expect(WORDS("--socket", "/x"), 2, "", "usage: bosaga COMMAND");
	expect(WORDS("--help"), 0, "usage: bosaga COMMAND", "");
	expect(WORDS("dance"), 2, "", "no command 'dance'; see 'bosaga --help'");
	expect(WORDS("person", "add"), 2, "", "missing ID; see 'bosaga person add --help'");
	expect(WORDS("person", "add", "a"), 2, "", "missing --name");
	expect(WORDS("person", "add", "a", "--name"), 2, "", "needs a value: --name");
	expect(WORDS("person", "add", "a", "--name", "A", "--name", "B"), 2, "", "given twice: --name");
	expect(WORDS("person", "add", "a", "b", "--name", "A"), 2, "", "too many arguments: b");
	expect(WORDS("person", "add", "a", "--colour", "red"), 2, "", "no option --colour");
	expect(WORDS("presence", "--watch=1"), 2, "", "takes no value: --watch");
	expect(WORDS("crossing", "add", "--place", "h", "--gate", "n", "--badge", "1"), 2, "", "one of --in and --out");
	expect(WORDS("crossing", "add", "--place", "h", "--gate", "n", "--in"), 2, "", "--badge, --person and --device");
	expect(WORDS("device", "carry", "x", "--on", "--off"), 2, "", "one of --on and --off");
}

static void without_a_server_named_a_command_is_refused(void **state)
{
	(void)state;
	(void)unsetenv("BOSAGA_SOCKET");
	expect(WORDS("status"), 1, "", "say which server");
	expect(WORDS("--server", "https://127.0.0.1:1", "status"), 1, "", "needs the token in BOSAGA_TOKEN");
	expect(WORDS("status", "--socket", "/nonexistent/admin.sock"), 1, "", "/nonexistent/admin.sock: No such file");
}

/* Before anything is asked or read: what a server makes may be there only once. */
static void out_that_cannot_be_written_is_refused_before_anything_is_done(void **state)
{
	char folder[] = "/tmp/bosaga-cli-XXXXXX", key[64], spelt[64], linked[64], none[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(key, sizeof(key), "%s/key", folder);
	(void)snprintf(spelt, sizeof(spelt), "%s/./key", folder);
	(void)snprintf(linked, sizeof(linked), "%s/link", folder);
	(void)snprintf(none, sizeof(none), "%s/none/file", folder);
	close(open(key, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(symlink(key, linked), 0);
#define SIGN(request_, key_, chain_, out_) \
	WORDS("apple", "push-sign", request_, "--vendor-key", key_, "--vendor-chain", chain_, "--out", out_)
	expect(SIGN("r", key, "c", key), 1, "", "is the same file as --vendor-key and would overwrite it, nothing was done");
	expect(SIGN("r", key, "c", spelt), 1, "", "--vendor-key");
	expect(SIGN("r", key, "c", linked), 1, "", "--vendor-key");
	expect(SIGN("r", "k", key, spelt), 1, "", "--vendor-chain");
	expect(SIGN(key, "k", "c", key), 1, "", "is the same file as FILE");
	expect(SIGN("r", key, "c", folder), 1, "", "is a folder, nothing was done");
	expect(SIGN("r", key, "c", none), 1, "", "No such file or directory");
	expect(WORDS("invite", "a", "--kind", "linux-agent", "--out", none), 1, "", "cannot be written, nothing was done");
	expect(WORDS("gate", "credential", "h", "n", "--out", key, "--server", "https://x", "--ca", spelt), 1, "", "--ca");
	(void)unlink(linked);
	(void)unlink(key);
	(void)rmdir(folder);
}

static void every_command_has_help_and_a_place_in_the_manual(void **state)
{
	struct ran all = run(WORDS("--help"));
	struct ran man = run(WORDS("--man"));

	(void)state;
	assert_int_equal(all.status, 0);
	for (size_t i = 0; i < bsg_n_cli_commands; i++) {
		const struct bsg_cli_command *c = &bsg_cli_commands[i];
		char name[64];
		char *second;

		if (strstr(all.out, c->name) == NULL)
			fail_msg("--help lacks %s", c->name);
		(void)snprintf(name, sizeof(name), "%s", c->name);
		second = strchr(name, ' ');
		if (second != NULL)
			*second++ = '\0';
		if (second != NULL)
			expect(WORDS(name, second, "--help"), 0, c->help, "");
		else
			expect(WORDS(name, "--help"), 0, c->help, "");
	}
	assert_non_null(strstr(man.out, ".SH COMMANDS"));
	drop(&all);
	drop(&man);
}

/* docs/man/bosaga.1 is `bosaga --man`, kept for people who read the repository. */
static void the_manual_in_docs_is_the_one_that_is_printed(void **state)
{
	struct ran man = run(WORDS("--man"));
	char path[1024];
	char kept[65536];
	size_t len;
	FILE *file;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/docs/man/bosaga.1", getenv("BSG_SOURCE_ROOT"));
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(kept, 1, sizeof(kept) - 1, file);
	kept[len] = '\0';
	(void)fclose(file);
	if (strcmp(kept, man.out) != 0)
		fail_msg("docs/man/bosaga.1 is stale: run 'bosaga --man > docs/man/bosaga.1'");
	drop(&man);
}

static void a_row_is_a_request_or_a_function(void **state)
{
	(void)state;
	for (size_t i = 0; i < bsg_n_cli_commands; i++) {
		const struct bsg_cli_command *c = &bsg_cli_commands[i];

		assert_true(c->run != NULL || (c->method != NULL && c->path != NULL && c->columns != NULL));
		assert_true(c->min_args <= c->max_args && c->help[strlen(c->help) - 1] == '.');
		/* What a field is taken from exists. */
		for (size_t f = 0; f < BSG_CLI_FIELDS_MAX && c->fields[f].key != NULL; f++) {
			bool known = c->fields[f].from[0] == '@' || c->fields[f].from[0] == '=';

			for (size_t o = 0; o < BSG_CLI_OPTIONS_MAX && c->options[o].name != NULL; o++)
				known = known || strcmp(c->options[o].name, c->fields[f].from) == 0;
			if (!known)
				fail_msg("%s: no option --%s", c->name, c->fields[f].from);
		}
	}
}

static void an_argument_cannot_leave_its_path_segment(void **state)
{
	struct bsg_cli cli = { .out = stdout, .err = stderr };
	char path[128];
	char small[24];

	(void)state;
	assert_int_equal(bsg_cli_parse(&cli, 3, WORDS("person", "show", "../admins?x=ж") + 1), -1);
	assert_true(bsg_cli_path(&cli, path, sizeof(path)));
	assert_string_equal(path, "/api/v1/people/..%2Fadmins%3Fx%3D%D0%B6");
	assert_false(bsg_cli_path(&cli, small, sizeof(small)));
}

static void a_get_puts_its_fields_into_the_query(void **state)
{
	struct bsg_cli cli = { .out = stdout, .err = stderr };
	char path[128];

	(void)state;
	assert_int_equal(bsg_cli_parse(&cli, 6, WORDS("crossing", "list", "--place", "a&b", "--from", "2026-11-23T00:00:00Z") + 1), -1);
	assert_true(bsg_cli_path(&cli, path, sizeof(path)));
	assert_string_equal(path, "/api/v1/crossings?place=a%26b&from=2026-11-23T00%3A00%3A00Z");
}

static void a_body_holds_only_what_was_given(void **state)
{
	struct bsg_cli cli = { .out = stdout, .err = stderr };
	json_t *body;
	char *text;

	(void)state;
	assert_int_equal(bsg_cli_parse(&cli, 7, WORDS("person", "add", "aigul", "--name", "Айгүл", "--badge", "1001") + 1), -1);
	body = bsg_cli_body(&cli);
	text = json_dumps(body, JSON_COMPACT);
	assert_string_equal(text, "{\"id\":\"aigul\",\"name\":\"Айгүл\",\"badge\":\"1001\"}");
	free(text);
	json_decref(body);
}

static void what_commas_part_is_a_list(void **state)
{
	struct bsg_cli cli = { .out = stdout, .err = stderr };
	json_t *body;
	char *text;

	(void)state;
	assert_int_equal(bsg_cli_parse(&cli, 8, WORDS("exemption", "add", "--functions=camera,wifi,", "--until", "U", "--reason",
						      "R", "--person=aida") + 1), -1);
	body = bsg_cli_body(&cli);
	text = json_dumps(body, JSON_COMPACT);
	assert_string_equal(text, "{\"person\":\"aida\",\"functions\":[\"camera\",\"wifi\",\"\"],\"until\":\"U\",\"reason\":\"R\"}");
	free(text);
	json_decref(body);
}

static void print(const char *json_text, const char *columns, bool as_json, const char *want)
{
	struct bsg_cli cli = { .command = &bsg_cli_commands[0], .err = stderr };
	json_t *json = json_loads(json_text, 0, NULL);
	char *out;
	size_t len;

	for (size_t i = 0; i < bsg_n_cli_common; i++)
		if (strcmp(bsg_cli_common[i].name, "json") == 0 && as_json)
			cli.common[i] = "";
	cli.out = open_memstream(&out, &len);
	assert_int_equal(bsg_cli_print(&cli, json, columns), 0);
	(void)fclose(cli.out);
	assert_string_equal(out, want);
	free(out);
	json_decref(json);
}

static void lists_are_aligned_by_characters_and_objects_are_lines(void **state)
{
	(void)state;
	print("{\"items\":[{\"id\":\"a\",\"name\":\"Айгүл\",\"carried\":true},{\"id\":\"bb\",\"name\":null,\"carried\":false}],\"next\":null}",
	      "id,name,carried", false, "id  name   carried\na   Айгүл  yes\nbb  -      no\n");
	print("{\"id\":\"a\",\"badges\":[\"1\",\"2\"],\"secret\":1}", "id,badges,missing", false, "id: a\nbadges: 1,2\n");
	(void)setenv("LC_ALL", "ru_RU.UTF-8", 1);
	print("{\"because\":{\"kk\":\"а\",\"ru\":\"б\",\"en\":\"c\"}}", "because", false, "because: б\n");
	print("{\"r\":[{\"function\":\"camera\",\"place\":\"house\"}]}", "r", false, "r: camera house\n");
	print("{\"id\":\"a\\u001b[2J\"}", "id", false, "id: a [2J\n");	/* a terminal does not obey a name */
	print("{\"id\": \"a\"}", "id", true, "{\n  \"id\": \"a\"\n}\n");
}

/* A file with @text. @return its path, to be freed and unlinked */
static char *file_with(const char *text)
{
	char *path = strdup("/tmp/bosaga-test-cli-XXXXXX");
	int fd;

	assert_non_null(path);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	return path;
}

static void decide_explains_the_last_event_in_the_language_asked_for(void **state)
{
	char *orders = file_with("{\"device\": \"00112233445566778899aabbccddeeff\", \"serial\": 1, \"issued\": 1000, \"expires\": 9000,"
				 " \"places\": [{\"id\": \"house\", \"max_stay\": 600}],"
				 " \"rules\": [{\"id\": \"quiet\", \"place\": \"house\", \"restrict\": [\"camera\"]}]}");
	char *events = file_with("{\"kind\": \"gate_in\", \"place\": \"house\", \"time\": {\"utc\": 2000}}\n"
				 "{\"kind\": \"break_glass\", \"time\": {\"utc\": 2060}}\n");
	char *none = file_with("");
#define DECIDE(events, ...) WORDS("decide", "--orders", orders, "--events", events, __VA_ARGS__)

	(void)state;
	expect(DECIDE(events, "--explain", "--lang", "kk"), 0, "Иесі төтенше жағдайда шектеуді алып тастаған", "");
	expect(DECIDE(events, "--explain", "--lang", "ru"), 0, "Владелец снял ограничения в экстренном случае до 1970-01-01T00:44:20Z.\n", "");
	expect(DECIDE(events, "--explain", "--lang", "en"), 0, "function        restricted  rule  place  until  enforced    says\n", "");
	expect(DECIDE(events, "--explain", "--json"), 0, "\"why_not_code\": \"break_glass\"", "");
	expect(DECIDE(events, "--explain", "--kind", "ios-user", "--json"), 0, "\"class\": \"managed\"", "");
	expect(DECIDE(events, "--json"), 0, "{\"restricted\":[],", "");
	expect(DECIDE(events, "--explain", "--kind", "toaster"), 1, "", "no kind of enrolment 'toaster'");
	expect(DECIDE(events, "--explain", "--lang", "de"), 2, "", "--lang is kk, ru or en, not 'de'");
	expect(DECIDE(events, "--kind", "ios-user"), 2, "", "are for --explain");
	expect(DECIDE(none, "--explain"), 1, "", "no events, so there is no moment to explain");
	(void)unlink(orders);
	(void)unlink(events);
	(void)unlink(none);
	free(orders);
	free(events);
	free(none);
}

static void a_full_disk_is_not_success(void **state)
{
	struct bsg_cli cli = { .command = &bsg_cli_commands[0], .err = stderr, .out = fopen("/dev/full", "w") };
	json_t *json = json_pack("{s:s}", "id", "a");

	(void)state;
	assert_non_null(cli.out);
	assert_int_equal(bsg_cli_print(&cli, json, "id"), BSG_CLI_REFUSED);
	(void)fclose(cli.out);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_usage_is_2_and_says_what_to_do),
		cmocka_unit_test(without_a_server_named_a_command_is_refused),
		cmocka_unit_test(out_that_cannot_be_written_is_refused_before_anything_is_done),
		cmocka_unit_test(every_command_has_help_and_a_place_in_the_manual),
		cmocka_unit_test(the_manual_in_docs_is_the_one_that_is_printed),
		cmocka_unit_test(a_row_is_a_request_or_a_function),
		cmocka_unit_test(an_argument_cannot_leave_its_path_segment),
		cmocka_unit_test(a_get_puts_its_fields_into_the_query),
		cmocka_unit_test(a_body_holds_only_what_was_given),
		cmocka_unit_test(what_commas_part_is_a_list),
		cmocka_unit_test(lists_are_aligned_by_characters_and_objects_are_lines),
		cmocka_unit_test(decide_explains_the_last_event_in_the_language_asked_for),
		cmocka_unit_test(a_full_disk_is_not_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
