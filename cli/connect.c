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

/* The admin socket that options and environment name; NULL: none, or --server is given. */
static const char *socket_of(const struct bsg_cli *cli)
{
	const char *socket = bsg_cli_option(cli, "socket");

	return socket != NULL || bsg_cli_option(cli, "server") != NULL ? socket : getenv("BOSAGA_SOCKET");
}

static int take_server(const struct bsg_cli *cli, const char *server, struct bsg_http_client_options *options)
{
	options->bearer = getenv("BOSAGA_TOKEN");
	options->root_file = bsg_cli_option(cli, "ca");
	if (options->bearer == NULL || options->bearer[0] == '\0' || options->root_file == NULL)
		return bsg_cli_refuse(cli, "--server needs the token in BOSAGA_TOKEN and the root in --ca FILE");
	if (strpbrk(options->bearer, " \t\r\n") != NULL)
		return bsg_cli_refuse(cli, "BOSAGA_TOKEN has blanks or more than one line: 'bosaga token create' prints the token alone with --json");
	if (strncmp(server, "https://", 8) != 0)
		return bsg_cli_refuse(cli, "--server %s: must look like https://HOST:PORT", server);
	if (access(options->root_file, R_OK) != 0)
		return bsg_cli_refuse(cli, "--ca %s: %s", options->root_file, strerror(errno));
	return BSG_CLI_DONE;
}

/* What --socket, --server and the environment say; base is the start of every URL. */
static int open_client(const struct bsg_cli *cli, struct bsg_http_client **client, const char **base)
{
	const char *server = bsg_cli_option(cli, "server");
	struct bsg_http_client_options options = { .unix_path = socket_of(cli) };
	struct bsg_error err;
	int status;

	if (options.unix_path == NULL && server == NULL)
		return bsg_cli_refuse(cli, "say which server: --socket DIR/admin.sock, or --server URL with BOSAGA_TOKEN");
	if (options.unix_path != NULL && server != NULL)
		return bsg_cli_refuse(cli, "give one of --socket and --server");
	*base = server != NULL ? server : "http://localhost";
	status = server != NULL ? take_server(cli, server, &options) : BSG_CLI_DONE;
	if (status != BSG_CLI_DONE)
		return status;
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
	if (detail == NULL)
		return bsg_cli_refuse(cli, "%s", title);
	return bsg_cli_refuse(cli, "%s%s %s", title, title[0] != '\0' && title[strlen(title) - 1] == '.' ? "" : ":", detail);
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
	const char *socket = socket_of(cli);

	if (socket != NULL && access(socket, R_OK | W_OK) != 0)
		return bsg_cli_refuse(cli, "%s: %s; is bosagad running there, and are you root or its user?", socket, strerror(errno));
	if (socket != NULL && err->code == BSG_E_UNAVAILABLE)
		return bsg_cli_refuse(cli, "%s: nobody answers there; is it the admin.sock of a bosagad that is running?", socket);
	if (err->code == BSG_E_CRYPTO)
		return bsg_cli_refuse(cli, "%s; does --ca name the root certificate of that server?", err->text);
	return bsg_cli_refuse(cli, "%s", err->text);
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
