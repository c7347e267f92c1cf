/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about one device that are more than a request. */
#include "cli/cli.h"

/* The answer is an object by function; a terminal wants a row each. */
static json_t *rows_by_function(json_t *by_function)
{
	json_t *rows = json_array();
	const char *function;
	json_t *covered;

	json_object_foreach(by_function, function, covered) {
		json_t *row = json_copy(covered);

		if (json_object_set_new(row, "function", json_string(function)) != 0 ||
		    json_array_append_new(rows, row) != 0)
			break;
	}
	return rows;
}

int bsg_cli_device_coverage(struct bsg_cli *cli)
{
	struct bsg_cli_request request = { .method = cli->command->method };
	struct bsg_cli_answer answer;
	json_t *rows;
	char path[256];
	int status;

	if (bsg_cli_option(cli, "json") != NULL)
		return bsg_cli_run_row(cli);
	if (!bsg_cli_path(cli, path, sizeof(path)))
		return bsg_cli_refuse(cli, "a device is named by 32 hex digits");
	request.path = path;
	status = bsg_cli_call(cli, &request, &answer);
	if (status != BSG_CLI_DONE)
		return status;
	rows = rows_by_function(answer.json);
	status = bsg_cli_print(cli, rows, cli->command->columns);
	json_decref(rows);
	bsg_cli_answer_free(&answer);
	return status;
}

/* Of a phone without agent also how far it has come: desired, told, acknowledged, verified, each with its time. */
int bsg_cli_device_show(struct bsg_cli *cli)
{
	struct bsg_cli_request request = { .method = cli->command->method };
	struct bsg_cli_answer answer;
	char path[256];
	json_t *phone;
	int status;

	if (!bsg_cli_path(cli, path, sizeof(path)))
		return bsg_cli_refuse(cli, "a device is named by 32 hex digits");
	request.path = path;
	status = bsg_cli_call(cli, &request, &answer);
	if (status != BSG_CLI_DONE)
		return status;
	phone = json_object_get(answer.json, "phone");
	status = bsg_cli_print(cli, answer.json, cli->command->columns);
	if (status == BSG_CLI_DONE && json_is_object(phone) && bsg_cli_option(cli, "json") == NULL)
		status = bsg_cli_print(cli, phone, "model,desired,evidence_at,desired_at,desired_until,acknowledged_at,verified,"
						   "verified_at,verified_until,took_s,locked_since,trouble,trouble_at,reachable");
	bsg_cli_answer_free(&answer);
	return status;
}

int bsg_cli_device_orders(struct bsg_cli *cli)
{
	struct bsg_cli_request request = { .method = cli->command->method };
	struct bsg_cli_answer answer;
	char path[256];
	int status;

	if (!bsg_cli_path(cli, path, sizeof(path)))
		return bsg_cli_refuse(cli, "a device is named by 32 hex digits");
	request.path = path;
	status = bsg_cli_call(cli, &request, &answer);
	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_write_out(cli, bsg_cli_option(cli, "out"), answer.body, answer.body_len, 0600);
	bsg_cli_answer_free(&answer);
	return status;
}

int bsg_cli_device_carry(struct bsg_cli *cli)
{
	bool on = bsg_cli_option(cli, "on") != NULL;
	struct bsg_cli_request request = { .method = cli->command->method };
	struct bsg_cli_answer answer;
	char path[256];
	int status;

	if (on == (bsg_cli_option(cli, "off") != NULL)) {
		(void)bsg_cli_refuse(cli, "device carry: give one of --on and --off");
		return BSG_CLI_USAGE;
	}
	if (!bsg_cli_path(cli, path, sizeof(path)))
		return bsg_cli_refuse(cli, "a device is named by 32 hex digits");
	request.path = path;
	request.json = json_pack("{s:b}", "carried", on);
	status = bsg_cli_call(cli, &request, &answer);
	json_decref(request.json);
	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_print(cli, answer.json, cli->command->columns);
	bsg_cli_answer_free(&answer);
	return status;
}
