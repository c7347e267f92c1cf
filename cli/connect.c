/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the server, and what its refusals look like on a terminal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "http/client.h"

#define ANSWER_MAX (64U * 1024 * 1024)

/* LC_ALL before LC_MESSAGES before LANG, as setlocale(3) has it. */
const char *bsg_cli_language(const struct bsg_cli *cli)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	if (cli->lang != NULL)
		return cli->lang;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value == NULL || value[0] == '\0')
			continue;
		if (strncmp(value, "kk", 2) == 0)
			return "kk";
		return strncmp(value, "ru", 2) == 0 ? "ru" : "en";
	}
	return "en";
}

/* What --socket, --server and the environment say; base is the start of every URL. */
static int open_client(const struct bsg_cli *cli, struct bsg_http_client **client, const char **base)
{
	const char *server = bsg_cli_option(cli, "server");
	const char *socket = bsg_cli_option(cli, "socket");
	struct bsg_http_client_options options = { 0 };
	struct bsg_error err;

	if (socket == NULL && server == NULL)
		socket = getenv("BOSAGA_SOCKET");
	if ((socket == NULL) == (server == NULL))
		return bsg_cli_refuse(cli, "say which server: --socket DIR/admin.sock, or --server URL with BOSAGA_TOKEN");
	if (socket != NULL) {
		options.unix_path = socket;
		*base = "http://localhost";
	} else {
		options.bearer = getenv("BOSAGA_TOKEN");
		options.root_file = bsg_cli_option(cli, "ca");
		*base = server;
		if (options.bearer == NULL || options.root_file == NULL)
			return bsg_cli_refuse(cli, "--server needs the token in BOSAGA_TOKEN and the root in --ca FILE");
	}
	if (bsg_http_client_open(&options, client, &err) != BSG_OK)
		return bsg_cli_refuse(cli, "%s", err.text);
	return BSG_CLI_DONE;
}

/* A problem (RFC 9457) as one line: what was wrong, and what to do next; policy errors a line each. */
static int say_problem(const struct bsg_cli *cli, const struct bsg_cli_answer *answer)
{
	const char *title = json_string_value(json_object_get(answer->json, "title"));
	const char *detail = json_string_value(json_object_get(answer->json, "detail"));
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(answer->json, "errors"), i, one)
		fprintf(cli->err, "%s\n", json_string_value(json_object_get(one, "message")));
	if (title == NULL)
		return bsg_cli_refuse(cli, "the server answered %d", answer->status);
	return bsg_cli_refuse(cli, "%s%s%s", title, detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static int take_answer(struct bsg_cli *cli, struct bsg_http_response *response, struct bsg_cli_answer *answer)
{
	int status;

	memset(answer, 0, sizeof(*answer));
	answer->status = (int)response->status;
	answer->body = (char *)response->body;
	answer->body_len = response->body_len;
	response->body = NULL;
	(void)snprintf(answer->etag, sizeof(answer->etag), "%s", response->etag);
	if (strstr(response->type, "json") != NULL && answer->body != NULL)
		answer->json = json_loadb(answer->body, answer->body_len, 0, NULL);
	if (answer->status < 400)
		return BSG_CLI_DONE;
	status = say_problem(cli, answer);
	bsg_cli_answer_free(answer);
	return status;
}

/* Over the socket the URL is made up: what the caller can check is the socket. */
static int say_unreachable(const struct bsg_cli *cli, const struct bsg_error *err)
{
	const char *socket = bsg_cli_option(cli, "socket");

	if (socket == NULL && bsg_cli_option(cli, "server") == NULL)
		socket = getenv("BOSAGA_SOCKET");
	if (socket == NULL || access(socket, R_OK | W_OK) == 0)
		return bsg_cli_refuse(cli, "%s", err->text);
	return bsg_cli_refuse(cli, "%s: %s; is bosagad running there, and are you root or its user?", socket, strerror(errno));
}

int bsg_cli_call(struct bsg_cli *cli, const struct bsg_cli_request *request, struct bsg_cli_answer *answer)
{
	struct bsg_http_request http = { .method = request->method, .if_none_match = request->if_none_match,
					 .if_match = request->if_match,
					 .wait_s = (unsigned)request->wait_s, .accept_language = bsg_cli_language(cli),
					 .response_max = ANSWER_MAX };
	struct bsg_http_client *client = NULL;
	struct bsg_http_response response;
	struct bsg_error err;
	const char *base = "";
	char url[2048];
	char *body = NULL;
	int status = open_client(cli, &client, &base);

	if (status != BSG_CLI_DONE)
		return status;
	(void)snprintf(url, sizeof(url), "%s%s", base, request->path);
	http.url = url;
	http.body = request->body;
	http.body_len = request->body_len;
	http.type = request->type;
	if (request->json != NULL) {
		body = json_dumps(request->json, JSON_COMPACT);
		if (body == NULL) {
			status = bsg_cli_refuse(cli, "out of memory");
			goto out;
		}
		http.body = body;
		http.body_len = strlen(body);
		http.type = "application/json";
	}
	if (bsg_http_client_do(client, &http, &response, &err) == BSG_OK)
		status = take_answer(cli, &response, answer);
	else
		status = say_unreachable(cli, &err);
	bsg_http_response_clear(&response);
out:
	free(body);
	bsg_http_client_close(client);
	return status;
}

void bsg_cli_answer_free(struct bsg_cli_answer *answer)
{
	json_decref(answer->json);
	free(answer->body);
	memset(answer, 0, sizeof(*answer));
}
