/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator looks at: the server's health, and Apple's push certificate. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "crypto/secret.h"

#define PEM_MAX (32 * 1024)

int bsg_cli_doctor(struct bsg_cli *cli)
{
	const struct bsg_cli_request request = { .method = cli->command->method, .path = "/api/v1/doctor" };
	struct bsg_cli_answer answer;
	const char *health;
	int status = bsg_cli_call(cli, &request, &answer);

	if (status != BSG_CLI_DONE)
		return status;
	health = json_string_value(json_object_get(answer.json, "health"));
	status = bsg_cli_print(cli, answer.json, cli->command->columns);
	if (status == BSG_CLI_DONE && (health == NULL || strcmp(health, "bad") == 0))
		status = BSG_CLI_REFUSED;
	bsg_cli_answer_free(&answer);
	return status;
}

int bsg_cli_apple_push_request(struct bsg_cli *cli)
{
	const struct bsg_cli_request request = { .method = cli->command->method, .path = "/api/v1/apple/push-request" };
	struct bsg_cli_answer answer;
	int status = bsg_cli_call(cli, &request, &answer);

	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_write_out(cli, bsg_cli_option(cli, "out"), answer.body, answer.body_len, 0644);
	bsg_cli_answer_free(&answer);
	return status;
}

/* Certificate, and the key if there is one, in one text. */
static int read_pem(const struct bsg_cli *cli, char out[2 * PEM_MAX], size_t *len)
{
	const char *const paths[] = { cli->args[0], bsg_cli_option(cli, "key") };
	struct bsg_error err;
	size_t n;

	*len = 0;
	for (size_t i = 0; i < 2 && paths[i] != NULL; i++) {
		if (bsg_file_read_into(paths[i], out + *len, PEM_MAX - 1, &n, &err) != BSG_OK)
			return bsg_cli_refuse(cli, "%s", err.text);
		*len += n;
		out[(*len)++] = '\n';
	}
	return BSG_CLI_DONE;
}

int bsg_cli_apple_push_certificate(struct bsg_cli *cli)
{
	struct bsg_cli_request request = { .method = cli->command->method, .path = "/api/v1/apple/push-certificate",
					   .type = "application/x-pem-file" };
	char *pem = calloc(2, PEM_MAX);
	struct bsg_cli_answer answer;
	int status;

	if (pem == NULL)
		return bsg_cli_refuse(cli, "out of memory");
	status = read_pem(cli, pem, &request.body_len);
	request.body = pem;
	if (status == BSG_CLI_DONE)
		status = bsg_cli_call(cli, &request, &answer);
	bsg_wipe(pem, 2 * (size_t)PEM_MAX);
	free(pem);
	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_print(cli, answer.json, cli->command->columns);
	bsg_cli_answer_free(&answer);
	return status;
}
