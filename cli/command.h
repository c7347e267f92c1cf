/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command of `bosaga` is: one row of one table (cli/commands.c).
 *
 * The row is all there is: parsing, `--help`, the manual page, shell completion and, for most
 * commands, the request and the printing are read off it. A command that needs code of its own
 * names a function.
 */
#ifndef BSG_CLI_COMMAND_H
#define BSG_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define BSG_CLI_OPTIONS_MAX 12
#define BSG_CLI_FIELDS_MAX 8
#define BSG_CLI_ARGS_MAX 64

/* Exit status of every command. */
enum { BSG_CLI_DONE = 0, BSG_CLI_REFUSED = 1, BSG_CLI_USAGE = 2 };

struct bsg_cli;

struct bsg_cli_option {
	const char *name;	/* without the dashes */
	const char *value;	/* what the value is, for --help; NULL for a flag */
	const char *help;
	bool required;
};

/* One member of the request's JSON object, or of its query: always when the method is GET, else those of type 'q'. */
struct bsg_cli_field {
	const char *key;
	const char *from;	/* an option's name, "@0" for the first argument, "=text" for itself */
	char type;		/* 's' string, 'b' true when the flag is given, 'l' list with one string, 'c' list of what commas part, 'q' query */
};

struct bsg_cli_command {
	const char *name;	/* one or two words */
	const char *args;	/* for --help: "ID", "FILE…"; "" without arguments */
	int min_args;
	int max_args;
	const char *help;	/* one sentence, imperative */
	struct bsg_cli_option options[BSG_CLI_OPTIONS_MAX];
	/* Either a request… */
	const char *method;
	const char *path;	/* below /api/v1; {0} is the first argument, percent-encoded */
	struct bsg_cli_field fields[BSG_CLI_FIELDS_MAX];
	const char *columns;	/* members to print, comma-separated; of each item when the answer is a list */
	/* …or a function: it returns an exit status and has said why on stderr. */
	int (*run)(struct bsg_cli *cli);
};

extern const struct bsg_cli_command bsg_cli_commands[];
extern const size_t bsg_n_cli_commands;

/* Options that every command takes. */
extern const struct bsg_cli_option bsg_cli_common[];
extern const size_t bsg_n_cli_common;

#endif
