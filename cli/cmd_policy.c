/* SPDX-License-Identifier: Apache-2.0 */
/* Policy as files: checked here, so that mistakes have a file and a line, and sent as one document. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "policy/document.h"

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

static int read_files(const struct bsg_cli *cli, struct files *files)
{
	files->n = 0;
	for (int i = 0; i < cli->n_args; i++) {
		struct bsg_error err;
		uint8_t *bytes;
		size_t len;

		if (bsg_file_read(cli->args[i], BSG_POLICY_BYTES_MAX, &bytes, &len, &err) != BSG_OK) {
			free_files(files);
			return bsg_cli_refuse(cli, "%s", err.text);
		}
		files->bytes[files->n] = (char *)bytes;
		files->source[files->n] = (struct bsg_policy_source){
			.name = cli->args[i], .bytes = (const char *)bytes, .len = len,
		};
		files->n++;
	}
	return BSG_CLI_DONE;
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
	if (bsg_policy_parse(files.source, files.n, policy, errors, &err) != BSG_OK) {
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
	json = json_pack("{s:I,s:I}", "places", (json_int_t)policy->n_places, "rules", (json_int_t)policy->n_rules);
	status = bsg_cli_print(cli, json, "places,rules");
	json_decref(json);
	bsg_policy_free(policy);
	return status;
}

/* `plan` answers with lists inside an object: the rules as a table, then what is left over. */
static int print_answer(struct bsg_cli *cli, json_t *json)
{
	json_t *rules = json_object_get(json, "rules");
	int status;

	if (rules == NULL || bsg_cli_option(cli, "json") != NULL)
		return bsg_cli_print(cli, json, cli->command->columns);
	status = bsg_cli_print(cli, rules, cli->command->columns);
	if (status != BSG_CLI_DONE)
		return status;
	return bsg_cli_print(cli, json, "people,devices,approvals_needed");
}

int bsg_cli_policy_send(struct bsg_cli *cli)
{
	struct bsg_cli_request request = { .method = cli->command->method };
	struct bsg_cli_answer answer;
	struct bsg_policy *policy;
	char path[64];
	int status = parse_files(cli, &policy);

	if (status != BSG_CLI_DONE)
		return status;
	request.json = bsg_policy_to_json(policy);
	bsg_policy_free(policy);
	if (request.json == NULL || !bsg_cli_path(cli, path, sizeof(path))) {
		json_decref(request.json);
		return bsg_cli_refuse(cli, "out of memory");
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
