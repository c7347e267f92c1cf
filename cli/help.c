/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is said about the commands, from their table: help, manual page, completion. */
#include <string.h>

#include "base/config.h"
#include "cli/cli.h"

static void print_synopsis(const struct bsg_cli_command *c, FILE *out)
{
	fprintf(out, "bosaga %s%s%s", c->name, c->args[0] != '\0' ? " " : "", c->args);
	for (size_t i = 0; i < BSG_CLI_OPTIONS_MAX && c->options[i].name != NULL; i++) {
		const struct bsg_cli_option *o = &c->options[i];

		fprintf(out, o->required ? " --%s" : " [--%s", o->name);
		if (o->value != NULL)
			fprintf(out, " %s", o->value);
		if (!o->required)
			fputc(']', out);
	}
}

static void print_options(const struct bsg_cli_option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n && options[i].name != NULL; i++) {
		char left[48];

		(void)snprintf(left, sizeof(left), "--%s %s", options[i].name,
			       options[i].value != NULL ? options[i].value : "");
		fprintf(out, "  %-24s %s\n", left, options[i].help);
	}
}

void bsg_cli_help(const struct bsg_cli_command *command, FILE *out)
{
	if (command != NULL) {
		fputs("usage: ", out);
		print_synopsis(command, out);
		fprintf(out, "\n\n%s\n\n", command->help);
		print_options(command->options, BSG_CLI_OPTIONS_MAX, out);
		print_options(bsg_cli_common, bsg_n_cli_common, out);
		return;
	}
	fputs("usage: bosaga COMMAND … (each has --help)\n\n", out);
	for (size_t i = 0; i < bsg_n_cli_commands; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s %s", bsg_cli_commands[i].name, bsg_cli_commands[i].args);
		fprintf(out, "  %-28s %s\n", left, bsg_cli_commands[i].help);
	}
	fputs("\nEvery command takes:\n", out);
	print_options(bsg_cli_common, bsg_n_cli_common, out);
}

static void roff_options(const struct bsg_cli_option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n && options[i].name != NULL; i++) {
		fputs(".TP\n\\fB\\-\\-", out);
		bsg_roff(options[i].name, out);
		fputs("\\fR", out);
		if (options[i].value != NULL) {
			fputs(" \\fI", out);
			bsg_roff(options[i].value, out);
			fputs("\\fR", out);
		}
		fputc('\n', out);
		bsg_roff(options[i].help, out);
		fputc('\n', out);
	}
}

void bsg_cli_man(FILE *out)
{
	fputs(".\\\" Made by 'bosaga --man' from the table of commands. Do not edit.\n"
	      ".TH BOSAGA 1\n.SH NAME\nbosaga \\- command line of Bosaga\n"
	      ".SH SYNOPSIS\n.B bosaga\n.I COMMAND\n\\&...\n.SH COMMANDS\n", out);
	for (size_t i = 0; i < bsg_n_cli_commands; i++) {
		const struct bsg_cli_command *c = &bsg_cli_commands[i];

		fputs(".SS \"", out);
		bsg_roff(c->name, out);
		if (c->args[0] != '\0') {
			fputc(' ', out);
			bsg_roff(c->args, out);
		}
		fputs("\"\n", out);
		bsg_roff(c->help, out);
		fputc('\n', out);
		roff_options(c->options, BSG_CLI_OPTIONS_MAX, out);
	}
	fputs(".SH OPTIONS OF EVERY COMMAND\n", out);
	roff_options(bsg_cli_common, bsg_n_cli_common, out);
	fputs(".SH EXIT STATUS\n0 done, 1 refused or not found (the reason is on standard error), 2 wrong usage.\n"
	      ".SH ENVIRONMENT\n.TP\n.B BOSAGA_TOKEN\nBearer token for \\fB\\-\\-server\\fR.\n"
	      ".TP\n.B BOSAGA_SOCKET\nThe admin socket when \\fB\\-\\-socket\\fR is not given.\n"
	      ".TP\n.B NO_COLOR\nNever print colours.\n", out);
}

void bsg_cli_completion(FILE *out)
{
	fputs("# Made by 'bosaga --completion' from the table of commands.\n_bosaga() {\n"
	      "\tlocal words=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\" cur=\"${COMP_WORDS[COMP_CWORD]}\"\n"
	      "\tcase \"$words \" in\n", out);
	for (size_t i = 0; i < bsg_n_cli_commands; i++) {
		const struct bsg_cli_command *c = &bsg_cli_commands[i];

		fprintf(out, "\t\"%s \"*) COMPREPLY=($(compgen -W \"", c->name);
		for (size_t k = 0; k < BSG_CLI_OPTIONS_MAX && c->options[k].name != NULL; k++)
			fprintf(out, "--%s ", c->options[k].name);
		for (size_t k = 0; k < bsg_n_cli_common; k++)
			fprintf(out, "--%s ", bsg_cli_common[k].name);
		fputs("\" -- \"$cur\")) ;;\n", out);
	}
	fputs("\t*) COMPREPLY=($(printf '%s\\n' ", out);
	for (size_t i = 0; i < bsg_n_cli_commands; i++)
		fprintf(out, "'%s' ", bsg_cli_commands[i].name);
	fputs("| sed -n \"s/^${words:+$words }\\([^ ]*\\).*/\\1/p\" | grep -- \"^$cur\")) ;;\n"
	      "\tesac\n}\ncomplete -F _bosaga bosaga\n", out);
}
