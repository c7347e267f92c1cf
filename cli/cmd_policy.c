/* SPDX-License-Identifier: Apache-2.0 */
/* Policy as files: checked here, so that mistakes have a file and a line, and sent as one document. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "policy/timetable.h"

#define YEAR_S (INT64_C(366) * 86400)

struct files {
	struct bsg_policy_source source[BSG_CLI_ARGS_MAX];
	char *bytes[BSG_CLI_ARGS_MAX];
	size_t n;
};

static void free_files(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->bytes[i]);
	files->n = 0;
}

/* A calendar's file is named from the folder of the policy's. */
static enum bsg_err read_beside(const char *source, const char *name, size_t max, uint8_t **out, size_t *len,
				struct bsg_error *err)
{
	const char *slash = strrchr(source, '/');
	char path[PATH_MAX];
	int n = slash == NULL || name[0] == '/' ? snprintf(path, sizeof(path), "%s", name) :
						  snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - source), source, name);

	*out = NULL;
	*len = 0;
	if (n < 0 || (size_t)n >= sizeof(path))
		return bsg_fail(err, BSG_E_LIMIT, "the name of the calendar's file is too long");
	return bsg_file_read(path, max, out, len, err);
}

static int read_files(const struct bsg_cli *cli, struct files *files)
{
	files->n = 0;
	for (int i = 0; i < cli->n_args; i++) {
		uint8_t *bytes;
		size_t len;

		if (bsg_cli_read_in(cli, cli->args[i], BSG_POLICY_BYTES_MAX, &bytes, &len) != BSG_CLI_DONE) {
			free_files(files);
			return BSG_CLI_REFUSED;
		}
		files->bytes[files->n] = (char *)bytes;
		files->source[files->n] = (struct bsg_policy_source){
			.name = cli->args[i], .bytes = (const char *)bytes, .len = len, .read_beside = read_beside,
		};
		files->n++;
	}
	return BSG_CLI_DONE;
}

/* The calendars too, over a year from now, so that their mistakes have a file and a line. */
static enum bsg_err parse_and_expand(const struct files *files, struct bsg_policy **policy, struct bsg_policy_errors *errors,
				     struct bsg_error *err)
{
	const int64_t now = bsg_clock_utc(bsg_clock_system());
	struct bsg_timetable *timetable = NULL;
	enum bsg_err rc = bsg_policy_parse(files->source, files->n, policy, errors, err);

	if (rc == BSG_OK)
		rc = bsg_timetable_make(*policy, (struct bsg_timetable_span){ .from = now, .until = now + YEAR_S }, &timetable, errors, err);
	bsg_timetable_drop(timetable);
	if (rc != BSG_OK) {
		bsg_policy_free(*policy);
		*policy = NULL;
	}
	return rc;
}

static int parse_files(const struct bsg_cli *cli, struct bsg_policy **policy)
{
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));
	struct bsg_error err = { 0 };
	struct files files;
	int status;

	*policy = NULL;
	if (errors == NULL)
		return bsg_cli_refuse(cli, "out of memory");
	status = read_files(cli, &files);
	if (status != BSG_CLI_DONE)
		goto out;
	if (parse_and_expand(&files, policy, errors, &err) != BSG_OK) {
		for (size_t i = 0; i < errors->n; i++)
			fprintf(cli->err, "%s\n", errors->items[i].text);
		if (errors->n == 0)
			fprintf(cli->err, "bosaga: %s\n", err.text);
		if (errors->n_more != 0)
			fprintf(cli->err, "and %zu more\n", errors->n_more);
		status = BSG_CLI_REFUSED;
	}
	free_files(&files);
out:
	free(errors);
	return status;
}

int bsg_cli_policy_check(struct bsg_cli *cli)
{
	struct bsg_policy *policy;
	json_t *json;
	int status = parse_files(cli, &policy);

	if (status != BSG_CLI_DONE)
		return status;
	json = json_pack("{s:I,s:I,s:I}", "places", (json_int_t)policy->n_places, "calendars", (json_int_t)policy->n_calendars,
			 "rules", (json_int_t)policy->n_rules);
	status = bsg_cli_print(cli, json, "places,calendars,rules");
	json_decref(json);
	bsg_policy_free(policy);
	return status;
}

/* `plan` and `replay` answer with lists inside an object: a table each, the rules first, then what is left over. */
static int print_tables(struct bsg_cli *cli, json_t *json)
{
	static const struct { const char *key, *columns; } tables[] = {
		{ "functions", "function,hours_before,hours_after,hours_observed" },
		{ "verdicts", "verdict,before,after" },
	};
	int status = bsg_cli_print(cli, json_object_get(json, "rules"), cli->command->columns);

	for (size_t i = 0; status == BSG_CLI_DONE && i < sizeof(tables) / sizeof(tables[0]); i++) {
		json_t *list = json_object_get(json, tables[i].key);

		if (list == NULL)
			continue;
		fputc('\n', cli->out);
		status = bsg_cli_print(cli, list, tables[i].columns);
	}
	fputc('\n', cli->out);
	return status != BSG_CLI_DONE ? status :
		bsg_cli_print(cli, json, "crossings,people,devices,devices_changed,approvals_needed,base");
}

static int print_answer(struct bsg_cli *cli, json_t *json)
{
	json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(json, "warnings"), i, warning)
		fprintf(cli->err, "warning: %s\n", json_string_value(warning));
	if (json_object_get(json, "rules") == NULL || bsg_cli_option(cli, "json") != NULL)
		return bsg_cli_print(cli, json, cli->command->columns);
	return print_tables(cli, json);
}

int bsg_cli_policy_send(struct bsg_cli *cli)
{
	struct bsg_cli_request request = { .method = cli->command->method, .if_match = bsg_cli_option(cli, "base") };
	struct bsg_cli_answer answer;
	struct bsg_policy *policy;
	char path[1024];
	int status = parse_files(cli, &policy);

	if (status != BSG_CLI_DONE)
		return status;
	request.json = bsg_policy_to_json(policy);
	bsg_policy_free(policy);
	if (request.json == NULL)
		return bsg_cli_refuse(cli, "out of memory");
	if (!bsg_cli_path(cli, path, sizeof(path))) {
		json_decref(request.json);
		return bsg_cli_refuse(cli, "an argument is longer than any time or version");
	}
	request.path = path;
	status = bsg_cli_call(cli, &request, &answer);
	json_decref(request.json);
	if (status != BSG_CLI_DONE)
		return status;
	status = print_answer(cli, answer.json);
	bsg_cli_answer_free(&answer);
	return status;
}
