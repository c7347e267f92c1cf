/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to a row of the table and its values. Knows no command by name. */
#include <string.h>

#include "cli/cli.h"

static size_t n_options(const struct bsg_cli_option *options, size_t max)
{
	size_t n = 0;

	while (n < max && options[n].name != NULL)
		n++;
	return n;
}

/* The row whose words begin argv; the longest wins, so that "device" may stand beside "device show". */
static const struct bsg_cli_command *find_command(int argc, const char *const *argv, int *n_words)
{
	const struct bsg_cli_command *found = NULL;

	*n_words = 0;
	for (size_t i = 0; i < bsg_n_cli_commands; i++) {
		const char *name = bsg_cli_commands[i].name;
		const char *space = strchr(name, ' ');
		size_t first = space != NULL ? (size_t)(space - name) : strlen(name);
		int words = space != NULL ? 2 : 1;

		if (words <= *n_words || words > argc || strlen(argv[0]) != first ||
		    strncmp(argv[0], name, first) != 0)
			continue;
		if (space != NULL && strcmp(argv[1], space + 1) != 0)
			continue;
		found = &bsg_cli_commands[i];
		*n_words = words;
	}
	return found;
}

static const char **slot_of(struct bsg_cli *cli, const char *name, size_t len,
			    const struct bsg_cli_option **option)
{
	const struct bsg_cli_option *own = cli->command->options;

	for (size_t i = 0; i < n_options(own, BSG_CLI_OPTIONS_MAX); i++)
		if (strlen(own[i].name) == len && strncmp(own[i].name, name, len) == 0) {
			*option = &own[i];
			return &cli->values[i];
		}
	for (size_t i = 0; i < bsg_n_cli_common; i++)
		if (strlen(bsg_cli_common[i].name) == len && strncmp(bsg_cli_common[i].name, name, len) == 0) {
			*option = &bsg_cli_common[i];
			return &cli->common[i];
		}
	return NULL;
}

static int usage(const struct bsg_cli *cli, const char *what, const char *which)
{
	fprintf(cli->err, "bosaga %s: %s%s; see 'bosaga %s --help'\n", cli->command->name, what, which,
		cli->command->name);
	return BSG_CLI_USAGE;
}

/* Take argv[i], an option; @i moves past its value. @return -1 to go on */
static int take_option(struct bsg_cli *cli, int argc, const char *const *argv, int *i)
{
	const char *name = argv[*i] + 2;
	size_t len = strcspn(name, "=");
	const struct bsg_cli_option *option;
	const char **slot = slot_of(cli, name, len, &option);

	if (slot == NULL)
		return usage(cli, "no option ", argv[*i]);
	if (*slot != NULL)
		return usage(cli, "given twice: --", option->name);
	if (option->value == NULL) {
		if (name[len] == '=')
			return usage(cli, "takes no value: --", option->name);
		*slot = "";
		return -1;
	}
	if (name[len] == '=')
		*slot = name + len + 1;
	else if (*i + 1 < argc)
		*slot = argv[++*i];
	else
		return usage(cli, "needs a value: --", option->name);
	return -1;
}

static int check_complete(const struct bsg_cli *cli)
{
	const struct bsg_cli_option *own = cli->command->options;

	if (cli->n_args < cli->command->min_args)
		return usage(cli, "missing ", cli->command->args);
	for (int i = 0; i < cli->n_args; i++)
		if (cli->args[i][0] == '\0')
			return usage(cli, "empty: ", cli->command->args);
	for (size_t i = 0; i < n_options(own, BSG_CLI_OPTIONS_MAX); i++)
		if (own[i].required && cli->values[i] == NULL)
			return usage(cli, "missing --", own[i].name);
	return -1;
}

static int take_rest(struct bsg_cli *cli, int argc, const char *const *argv)
{
	bool only_args = false;

	for (int i = 0; i < argc; i++) {
		int status;

		if (!only_args && strcmp(argv[i], "--") == 0) {
			only_args = true;
		} else if (!only_args && strncmp(argv[i], "--", 2) == 0) {
			status = take_option(cli, argc, argv, &i);
			if (status >= 0)
				return status;
		} else if (cli->n_args >= cli->command->max_args || cli->n_args >= BSG_CLI_ARGS_MAX) {
			return usage(cli, "too many arguments: ", argv[i]);
		} else {
			cli->args[cli->n_args++] = argv[i];
		}
	}
	return -1;
}

static bool has_word(int argc, const char *const *argv, const char *word)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

/* Common options may come before the command; count them with their values. */
static int leading_options(int argc, const char *const *argv)
{
	int i = 0;

	while (i < argc && strncmp(argv[i], "--", 2) == 0) {
		size_t len = strcspn(argv[i] + 2, "=");
		bool takes_next = false;

		for (size_t k = 0; k < bsg_n_cli_common; k++)
			if (strlen(bsg_cli_common[k].name) == len &&
			    strncmp(bsg_cli_common[k].name, argv[i] + 2, len) == 0)
				takes_next = bsg_cli_common[k].value != NULL && argv[i][2 + len] != '=';
		i += takes_next ? 2 : 1;
	}
	return i < argc ? i : argc;
}

/* Help that was asked for is an answer; help that nobody asked for says that a command is missing. */
static int without_command(const struct bsg_cli *cli, int argc, const char *const *argv)
{
	bool asked = has_word(argc, argv, "--help");

	bsg_cli_help(NULL, asked ? cli->out : cli->err);
	return asked ? BSG_CLI_DONE : BSG_CLI_USAGE;
}

/* "person" alone, or with a word that it has not: there is such a group, so say what is in it. */
static void say_group(const struct bsg_cli *cli, const char *word)
{
	const size_t len = strlen(word);
	const char *separator = "; there are: ";

	for (size_t i = 0; i < bsg_n_cli_commands; i++) {
		if (strncmp(bsg_cli_commands[i].name, word, len) != 0 || bsg_cli_commands[i].name[len] != ' ')
			continue;
		fprintf(cli->err, "%s%s", separator, bsg_cli_commands[i].name);
		separator = ", ";
	}
}

int bsg_cli_parse(struct bsg_cli *cli, int argc, const char *const *argv)
{
	int lead = leading_options(argc, argv);
	int n_words;
	int status;

	cli->command = find_command(argc - lead, argv + lead, &n_words);
	if (cli->command == NULL) {
		if (lead < argc) {
			fprintf(cli->err, "bosaga: no command '%s%s%s'", argv[lead], lead + 1 < argc ? " " : "", lead + 1 < argc ? argv[lead + 1] : "");
			say_group(cli, argv[lead]);
			fputs("; see 'bosaga --help'\n", cli->err);
			return BSG_CLI_USAGE;
		}
		if (has_word(argc, argv, "--version"))
			fprintf(cli->out, "bosaga %s\n", BSG_VERSION);
		else if (has_word(argc, argv, "--man"))
			bsg_cli_man(cli->out);
		else if (has_word(argc, argv, "--completion"))
			bsg_cli_completion(cli->out);
		else
			return without_command(cli, argc, argv);
		return BSG_CLI_DONE;
	}
	if (has_word(argc, argv, "--help")) {
		bsg_cli_help(cli->command, cli->out);
		return BSG_CLI_DONE;
	}
	if (has_word(argc, argv, "--version")) {
		fprintf(cli->out, "bosaga %s\n", BSG_VERSION);
		return BSG_CLI_DONE;
	}
	status = take_rest(cli, lead, argv);
	if (status < 0)
		status = take_rest(cli, argc - lead - n_words, argv + lead + n_words);
	return status < 0 ? check_complete(cli) : status;
}

const char *bsg_cli_option(const struct bsg_cli *cli, const char *name)
{
	const struct bsg_cli_option *own = cli->command->options;

	for (size_t i = 0; i < n_options(own, BSG_CLI_OPTIONS_MAX); i++)
		if (strcmp(own[i].name, name) == 0)
			return cli->values[i];
	for (size_t i = 0; i < bsg_n_cli_common; i++)
		if (strcmp(bsg_cli_common[i].name, name) == 0)
			return cli->common[i];
	return NULL;
}
