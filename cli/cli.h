/* SPDX-License-Identifier: Apache-2.0 */
/* One run of `bosaga`: what was asked, and how to answer. Private to cli/. */
#ifndef BSG_CLI_CLI_H
#define BSG_CLI_CLI_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "cli/command.h"

struct bsg_http_client;
struct bsg_json_phone;

struct bsg_cli {
	const struct bsg_cli_command *command;
	const char *args[BSG_CLI_ARGS_MAX];	/* borrowed from argv */
	int n_args;
	const char *values[BSG_CLI_OPTIONS_MAX];	/* beside command->options; "" for a flag; NULL: not given */
	const char *common[BSG_CLI_OPTIONS_MAX];	/* beside bsg_cli_common */
	const char *lang;	/* "kk", "ru", "en" as asked for by bsg_cli_choose_language(); NULL: the terminal's */
	FILE *out;
	FILE *err;
};

/**
 * Run one command line.
 *
 * @param argv  as main() gets it; borrowed
 * @return an exit status: done, refused (one line on @err_stream says why and what to do next), usage
 *
 * Blocks on the network. Not for two threads at once: the terminal is one.
 */
int bsg_cli_main(int argc, const char *const *argv, FILE *out, FILE *err_stream);

/** Return the value of option @name of this command or of all commands ("" for a flag), NULL if not given. */
const char *bsg_cli_option(const struct bsg_cli *cli, const char *name);

/** Say on stderr, in one line, why a command is refused; return BSG_CLI_REFUSED. */
int bsg_cli_refuse(const struct bsg_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Parse @argv into @cli. @return -1 to go on, or an exit status when all is said (help, version, usage). */
int bsg_cli_parse(struct bsg_cli *cli, int argc, const char *const *argv);

/** Print the help of one command, or of all when @command is NULL. */
void bsg_cli_help(const struct bsg_cli_command *command, FILE *out);
/** Print the manual page (roff) made from the command table. */
void bsg_cli_man(FILE *out);
/** Print a bash completion script made from the command table. */
void bsg_cli_completion(FILE *out);

/* What came back from the server. */
struct bsg_cli_answer {
	int status;		/* HTTP */
	char *body;		/* owned, NUL-terminated; binary answers have their length */
	size_t body_len;
	char etag[128];
	json_t *json;		/* owned; NULL when the body is not JSON */
};

struct bsg_cli_request {
	const char *method;
	const char *path;	/* from /api/v1 on, with the query */
	json_t *json;		/* borrowed, or NULL */
	const char *body, *type;	/* instead of json; or NULL */
	size_t body_len;
	const char *if_none_match;	/* or NULL */
	const char *if_match;	/* or NULL */
	int wait_s;		/* 0: do not wait */
};

/**
 * Send one request to where the options say (--socket, or --server with BOSAGA_TOKEN).
 *
 * An answer of 400 and above is printed as one line on stderr: the problem's detail and what to do next.
 * @return BSG_CLI_DONE with @answer to be freed by bsg_cli_answer_free(), else BSG_CLI_REFUSED, nothing to free
 */
int bsg_cli_call(struct bsg_cli *cli, const struct bsg_cli_request *request, struct bsg_cli_answer *answer);
void bsg_cli_answer_free(struct bsg_cli_answer *answer);

/** Print an answer: as JSON with --json, else @columns of the object or of each item. @return an exit status */
int bsg_cli_print(const struct bsg_cli *cli, json_t *json, const char *columns);

/** The language for texts that come in three: what was asked for, else the terminal's. @return "kk", "ru" or "en" */
const char *bsg_cli_language(const struct bsg_cli *cli);

/** Take the language from --lang, where it is given. @return BSG_CLI_DONE, or BSG_CLI_USAGE after saying which there are */
int bsg_cli_choose_language(struct bsg_cli *cli);

/** Print why a phone is as its last step left it, for the kind of enrolment that --kind says. @return an exit status */
int bsg_cli_explain_phone(struct bsg_cli *cli, const struct bsg_json_phone *phone);

/** Run a command that is only a request, as its row says. */
int bsg_cli_run_row(struct bsg_cli *cli);

/** Write @path from the command's row with arguments filled in and fields as the query; false when it does not fit. */
bool bsg_cli_path(const struct bsg_cli *cli, char *path, size_t path_size);
/** Make the request body that the command's row describes; NULL when out of memory. Owned by the caller. */
json_t *bsg_cli_body(const struct bsg_cli *cli);

/** Read the file @path of at most @max bytes. @return BSG_CLI_DONE with @out owned, a NUL behind it, or BSG_CLI_REFUSED with NULL */
int bsg_cli_read_in(const struct bsg_cli *cli, const char *path, size_t max, uint8_t **out, size_t *len);

/**
 * Look whether --out, if the command has one, can be written, before anything is done: what is asked of a server may
 * be there only once. It must not name a file that the command reads, nor a folder, and its folder must be there.
 *
 * @return BSG_CLI_DONE or BSG_CLI_REFUSED
 */
int bsg_cli_check_out(const struct bsg_cli *cli);

/** Write @len bytes to @path with mode @mode, durably, or to stdout when @path is NULL. @return an exit status */
int bsg_cli_write_out(const struct bsg_cli *cli, const char *path, const void *bytes, size_t len, unsigned mode);

/* Commands with code of their own. */
int bsg_cli_invite(struct bsg_cli *cli);
int bsg_cli_policy_check(struct bsg_cli *cli);
int bsg_cli_policy_send(struct bsg_cli *cli);
int bsg_cli_policy_explain(struct bsg_cli *cli);
int bsg_cli_device_coverage(struct bsg_cli *cli);
int bsg_cli_device_orders(struct bsg_cli *cli);
int bsg_cli_device_show(struct bsg_cli *cli);
int bsg_cli_device_carry(struct bsg_cli *cli);
int bsg_cli_doctor(struct bsg_cli *cli);
int bsg_cli_apple_push_request(struct bsg_cli *cli);
int bsg_cli_apple_push_sign(struct bsg_cli *cli);
int bsg_cli_apple_push_certificate(struct bsg_cli *cli);
int bsg_cli_decide(struct bsg_cli *cli);
int bsg_cli_gate_credential(struct bsg_cli *cli);
int bsg_cli_crossing_add(struct bsg_cli *cli);
int bsg_cli_presence(struct bsg_cli *cli);

#endif
