/* SPDX-License-Identifier: Apache-2.0 */
/* Crossings, presence and gate credentials: what happens at the door. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define WATCH_WAIT_S 60

static int usage(const struct bsg_cli *cli, const char *why)
{
	(void)bsg_cli_refuse(cli, "%s: %s; see 'bosaga %s --help'", cli->command->name, why, cli->command->name);
	return BSG_CLI_USAGE;
}

int bsg_cli_crossing_add(struct bsg_cli *cli)
{
	bool in = bsg_cli_option(cli, "in") != NULL;
	int n_who = (bsg_cli_option(cli, "badge") != NULL) + (bsg_cli_option(cli, "person") != NULL) +
		    (bsg_cli_option(cli, "device") != NULL);
	struct bsg_cli_request request = { .method = cli->command->method, .path = "/api/v1/crossings" };
	struct bsg_cli_answer answer;
	int status;

	if (in == (bsg_cli_option(cli, "out") != NULL))
		return usage(cli, "give one of --in and --out");
	if (n_who != 1)
		return usage(cli, "give one of --badge, --person and --device");
	request.json = bsg_cli_body(cli);
	if (request.json == NULL ||
	    json_object_set_new(request.json, "direction", json_string(in ? "in" : "out")) != 0) {
		json_decref(request.json);
		return bsg_cli_refuse(cli, "an argument is not UTF-8, or memory ran out");
	}
	status = bsg_cli_call(cli, &request, &answer);
	json_decref(request.json);
	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_print(cli, answer.json, cli->command->columns);
	bsg_cli_answer_free(&answer);
	return status;
}

static void clear_screen(const struct bsg_cli *cli)
{
	if (isatty(fileno(cli->out)) != 0)
		fputs("\033[H\033[2J", cli->out);
}

/* One picture a change, each answered as soon as something moved; ends with the server or Ctrl-C. */
static int watch(struct bsg_cli *cli, const char *path)
{
	char etag[128] = "";

	for (;;) {
		struct bsg_cli_request request = {
			.method = "GET", .path = path, .if_none_match = etag[0] != '\0' ? etag : NULL,
			.wait_s = etag[0] != '\0' ? WATCH_WAIT_S : 0,
		};
		struct bsg_cli_answer answer;
		int status = bsg_cli_call(cli, &request, &answer);

		if (status != BSG_CLI_DONE)
			return status;
		if (answer.status != 304) {
			clear_screen(cli);
			status = bsg_cli_print(cli, answer.json, cli->command->columns);
			(void)snprintf(etag, sizeof(etag), "%s", answer.etag);
		}
		bsg_cli_answer_free(&answer);
		if (status != BSG_CLI_DONE)
			return status;
	}
}

int bsg_cli_presence(struct bsg_cli *cli)
{
	char path[256];

	if (bsg_cli_option(cli, "watch") == NULL)
		return bsg_cli_run_row(cli);
	if (!bsg_cli_path(cli, path, sizeof(path)))
		return bsg_cli_refuse(cli, "a place's id has at most 40 letters, a cursor is what a list gave");
	return watch(cli, path);
}

int bsg_cli_gate_credential(struct bsg_cli *cli)
{
	struct bsg_cli_request request = { .method = cli->command->method, .path = "/api/v1/gates/credential" };
	struct bsg_cli_answer answer;
	char *text;
	int status;

	request.json = bsg_cli_body(cli);
	if (request.json == NULL)
		return bsg_cli_refuse(cli, "an argument is not UTF-8, or memory ran out");
	status = bsg_cli_call(cli, &request, &answer);
	json_decref(request.json);
	if (status != BSG_CLI_DONE)
		return status;
	text = json_dumps(answer.json, JSON_INDENT(2));
	status = text != NULL ? bsg_cli_write_out(cli, bsg_cli_option(cli, "out"), text, strlen(text), 0600)
			      : bsg_cli_refuse(cli, "out of memory");
	free(text);
	/* The file holds the secrets; the terminal is told only what it is. */
	if (status == BSG_CLI_DONE && bsg_cli_option(cli, "json") == NULL)
		status = bsg_cli_print(cli, answer.json, cli->command->columns);
	bsg_cli_answer_free(&answer);
	return status;
}
