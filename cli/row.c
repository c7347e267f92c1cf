/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are only a request: their row of the table says path, members and columns. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const char *field_value(const struct bsg_cli *cli, const struct bsg_cli_field *field)
{
	int index;

	if (field->from[0] == '=')
		return field->from + 1;
	if (field->from[0] != '@')
		return bsg_cli_option(cli, field->from);
	index = field->from[1] - '0';
	return index < cli->n_args ? cli->args[index] : NULL;
}

/* Append @text, percent-encoded when @encode. @return false when it does not fit */
static bool append(char *path, size_t size, const char *text, bool encode)
{
	size_t used = strlen(path);

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = !encode || isalnum(c) || strchr("-._~", c) != NULL;

		if (used + 4 > size)
			return false;
		used += (size_t)snprintf(path + used, size - used, plain ? "%c" : "%%%02X", c);
	}
	return true;
}

bool bsg_cli_path(const struct bsg_cli *cli, char *path, size_t path_size)
{
	const struct bsg_cli_command *c = cli->command;
	const char *hole = strstr(c->path, "{0}");
	char separator[2] = "?";

	(void)snprintf(path, path_size, "/api/v1%.*s", (int)(hole != NULL ? hole - c->path : (long)strlen(c->path)),
		       c->path);
	if (hole != NULL && !(append(path, path_size, cli->args[0], true) && append(path, path_size, hole + 3, false)))
		return false;
	for (size_t i = 0; i < BSG_CLI_FIELDS_MAX && c->fields[i].key != NULL; i++) {
		const char *value = field_value(cli, &c->fields[i]);

		if (value == NULL || !(c->fields[i].type == 'q' || strcmp(c->method, "GET") == 0))
			continue;
		if (!append(path, path_size, separator, false) || !append(path, path_size, c->fields[i].key, false) ||
		    !append(path, path_size, "=", false) || !append(path, path_size, value, true))
			return false;
		separator[0] = '&';
	}
	return true;
}

/* "a,b" as ["a", "b"]; empty pieces stay, for the server to refuse. */
static json_t *pieces(const char *value)
{
	json_t *list = json_array();

	for (;;) {
		size_t len = strcspn(value, ",");

		if (json_array_append_new(list, json_stringn(value, len)) != 0) {
			json_decref(list);
			return NULL;
		}
		if (value[len] == '\0')
			return list;
		value += len + 1;
	}
}

static json_t *field_json(const struct bsg_cli_field *field, const char *value)
{
	switch (field->type) {
	case 'b':
		return json_true();
	case 'l':
		return json_pack("[s]", value);
	case 'c':
		return pieces(value);
	default:
		return json_string(value);
	}
}

json_t *bsg_cli_body(const struct bsg_cli *cli)
{
	json_t *body = json_object();

	for (size_t i = 0; i < BSG_CLI_FIELDS_MAX && cli->command->fields[i].key != NULL; i++) {
		const struct bsg_cli_field *field = &cli->command->fields[i];
		const char *value = field_value(cli, field);

		if (value != NULL && field->type != 'q' && json_object_set_new(body, field->key, field_json(field, value)) != 0) {
			json_decref(body);
			return NULL;
		}
	}
	return body;
}

int bsg_cli_run_row(struct bsg_cli *cli)
{
	const struct bsg_cli_command *c = cli->command;
	struct bsg_cli_request request = { .method = c->method };
	struct bsg_cli_answer answer;
	char path[1024];
	json_t *body = NULL;
	int status;

	if (!bsg_cli_path(cli, path, sizeof(path)))
		return bsg_cli_refuse(cli, "an argument is longer than any identifier");
	if (strcmp(c->method, "POST") == 0) {	/* nothing is read of a body with DELETE: the server refuses one */
		body = bsg_cli_body(cli);
		if (body == NULL)
			return bsg_cli_refuse(cli, "an argument is not UTF-8, or memory ran out");
	}
	request.path = path;
	request.json = body;
	status = bsg_cli_call(cli, &request, &answer);
	json_decref(body);
	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_print(cli, answer.json, c->columns);
	bsg_cli_answer_free(&answer);
	return status;
}
