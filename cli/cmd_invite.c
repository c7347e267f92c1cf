/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga invite`: the token is shown once, so it is printed for people (with a QR code) and for scripts. */
#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "cli/cli.h"

/* Two modules a character, so that the code is square on a terminal; light on dark reads everywhere. */
static void print_qr(const struct bsg_cli *cli, const char *text)
{
	static const char *const blocks[] = { "\u2588", "\u2580", "\u2584", " " };
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);

	if (code == NULL)
		return;	/* the link above says the same */
	for (int y = -2; y < code->width + 2; y += 2) {
		for (int x = -2; x < code->width + 2; x++) {
			unsigned dark = 0;

			for (int half = 0; half < 2; half++)
				if (x >= 0 && x < code->width && y + half >= 0 && y + half < code->width &&
				    (code->data[(y + half) * code->width + x] & 1U) != 0)
					dark |= half == 0 ? 2U : 1U;
			fputs(blocks[dark], cli->out);
		}
		fputc('\n', cli->out);
	}
	QRcode_free(code);
}

static int write_invitation(const struct bsg_cli *cli, json_t *json, const char *path)
{
	char *text = json_dumps(json, JSON_INDENT(2));
	int status;

	if (text == NULL)
		return bsg_cli_refuse(cli, "out of memory");
	status = bsg_cli_write_out(cli, path, text, strlen(text), 0600);
	free(text);
	return status;
}

/* Get the file that enrols the phone and write it beside its name: a phone knows it by the ending. It holds the token. */
static int write_profile(struct bsg_cli *cli, const char *token, const char *path)
{
	static const char ending[] = ".mobileconfig";
	const size_t len = strlen(path), n = sizeof(ending) - 1;
	struct bsg_cli_request request = { .method = "GET" };
	struct bsg_cli_answer answer;
	char url[256], file[4096];
	int status;

	(void)snprintf(url, sizeof(url), "/enrol/%s/profile", token);
	request.path = url;
	if ((size_t)snprintf(file, sizeof(file), "%s%s", path, len >= n && strcmp(path + len - n, ending) == 0 ? "" : ending) >= sizeof(file))
		return bsg_cli_refuse(cli, "the name of the file is too long");
	status = bsg_cli_call(cli, &request, &answer);
	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_write_out(cli, file, answer.body, answer.body_len, 0600);
	bsg_cli_answer_free(&answer);
	return status;
}

/* A phone that is enrolled by a file gets that; an agent is told the invitation itself. */
static int write_file(struct bsg_cli *cli, json_t *invitation, const char *path)
{
	const char *token = json_string_value(json_object_get(invitation, "token"));

	if (json_object_get(invitation, "profile") == NULL || token == NULL)
		return write_invitation(cli, invitation, path);
	return write_profile(cli, token, path);
}

int bsg_cli_invite(struct bsg_cli *cli)
{
	const char *out = bsg_cli_option(cli, "out");
	struct bsg_cli_request request = { .method = cli->command->method, .path = "/api/v1/invitations" };
	struct bsg_cli_answer answer;
	json_t *body = bsg_cli_body(cli);
	int status;

	if (body == NULL)
		return bsg_cli_refuse(cli, "an argument is not UTF-8, or memory ran out");
	request.json = body;
	status = bsg_cli_call(cli, &request, &answer);
	json_decref(body);
	if (status != BSG_CLI_DONE)
		return status;
	if (out != NULL)
		status = write_file(cli, answer.json, out);
	if (status == BSG_CLI_DONE)
		status = bsg_cli_print(cli, answer.json, cli->command->columns);
	if (status == BSG_CLI_DONE && bsg_cli_option(cli, "json") == NULL)
		print_qr(cli, json_string_value(json_object_get(answer.json, "url")));
	bsg_cli_answer_free(&answer);
	return status;
}
