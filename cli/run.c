/* SPDX-License-Identifier: Apache-2.0 */
/* One run: parse, then the row's function or its request. */
#include "cli/cli.h"

int bsg_cli_main(int argc, const char *const *argv, FILE *out, FILE *err_stream)
{
	struct bsg_cli cli = { .out = out, .err = err_stream };
	int status = bsg_cli_parse(&cli, argc - 1, argv + 1);

	if (status >= 0)
		return status;
	status = bsg_cli_check_out(&cli);
	if (status != BSG_CLI_DONE)
		return status;
	return cli.command->run != NULL ? cli.command->run(&cli) : bsg_cli_run_row(&cli);
}
