/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a command reads and the one that it writes. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"

int bsg_cli_read_in(const struct bsg_cli *cli, const char *path, size_t max, uint8_t **out, size_t *len)
{
	struct bsg_error err;

	if (bsg_file_read(path, max, out, len, &err) != BSG_OK)
		return bsg_cli_refuse(cli, "%s", err.text);
	return BSG_CLI_DONE;
}

/* By any name: another spelling of the path, a link. */
static bool is_same(const struct stat *a, const char *path)
{
	struct stat b;

	return path != NULL && stat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* What reads it, as the user wrote that; NULL: nothing. */
static const char *reader_of(const struct bsg_cli *cli, const struct stat *out)
{
	const struct bsg_cli_option *own = cli->command->options;

	for (size_t i = 0; i < BSG_CLI_OPTIONS_MAX && own[i].name != NULL; i++)
		if (own[i].value != NULL && strcmp(own[i].value, "FILE") == 0 && strcmp(own[i].name, "out") != 0 &&
		    is_same(out, cli->values[i]))
			return own[i].name;
	if (is_same(out, bsg_cli_option(cli, "ca")))
		return "ca";
	for (int i = 0; i < cli->n_args; i++)
		if (strncmp(cli->command->args, "FILE", 4) == 0 && is_same(out, cli->args[i]))
			return "FILE";
	return NULL;
}

/* Where bsg_file_replace() makes the new file before it takes the old one's place. */
static int check_folder(const struct bsg_cli *cli, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";

	if (slash != NULL)
		(void)snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	if (access(folder, W_OK | X_OK) == 0)
		return BSG_CLI_DONE;
	return bsg_cli_refuse(cli, "--out %s cannot be written, nothing was done: folder %s: %s", path, folder, strerror(errno));
}

int bsg_cli_check_out(const struct bsg_cli *cli)
{
	const char *path = bsg_cli_option(cli, "out"), *reader;
	struct stat st;

	if (path == NULL || path[0] == '\0')	/* the flag of `crossing add` has no value */
		return BSG_CLI_DONE;
	if (stat(path, &st) != 0)
		return check_folder(cli, path);
	if (S_ISDIR(st.st_mode))
		return bsg_cli_refuse(cli, "--out %s is a folder, nothing was done: name a file", path);
	reader = reader_of(cli, &st);
	if (reader != NULL)
		return bsg_cli_refuse(cli, "--out %s is the same file as %s%s and would overwrite it, nothing was done: name another",
				      path, strcmp(reader, "FILE") == 0 ? "" : "--", reader);
	return check_folder(cli, path);
}

int bsg_cli_write_out(const struct bsg_cli *cli, const char *path, const void *bytes, size_t len, unsigned mode)
{
	struct bsg_error err;

	if (path == NULL) {
		if (fwrite(bytes, 1, len, cli->out) != len || fflush(cli->out) != 0)
			return bsg_cli_refuse(cli, "cannot write the answer: is the disk full or the reader gone?");
		return BSG_CLI_DONE;
	}
	if (bsg_file_replace(path, bytes, len, (mode_t)mode, &err) != BSG_OK)
		return bsg_cli_refuse(cli, "%s", err.text);
	return BSG_CLI_DONE;
}
