/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of bosaga-agent: one table of commands, one of options. */
#include "agent/linux/commands.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/linux/control.h"
#include "agent/linux/enrol.h"
#include "agent/linux/run.h"
#include "base/hex.h"
#include "wire/base45.h"

#define STATE_DEFAULT "/var/lib/bosaga-agent"

/* What was given on the command line. */
struct args {
	const char *server, *token, *ca, *pin, *state, *config, *reason, *place;
	bool json, qr, hex;
	const char *word;	/* the one argument that is no option */
	FILE *out, *err_out;
};

struct option {
	const char *name;
	size_t offset;
	bool flag;
	const char *help;
};

#define VALUE(member) offsetof(struct args, member), false

static const struct option options[] = {
	{ "--server", VALUE(server), "URL: address of the people plane, from the invitation" },
	{ "--token", VALUE(token), "T: the invitation's one-time token; - reads it from standard input" },
	{ "--ca", VALUE(ca), "FILE: the server's root certificate" },
	{ "--pin", VALUE(pin), "SHA256: or its fingerprint, from the invitation" },
	{ "--state", VALUE(state), "DIR: state folder, default " STATE_DEFAULT },
	{ "--config", VALUE(config), "FILE: configuration, see --help-config" },
	{ "--reason", VALUE(reason), "TEXT: why, for the record" },
	{ "--place", VALUE(place), "ID: a place, if the device is at several" },
	{ "--json", offsetof(struct args, json), true, "print JSON" },
	{ "--qr", offsetof(struct args, qr), true, "print a QR code" },
	{ "--hex", offsetof(struct args, hex), true, "print hexadecimal (the default)" },
};
#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static int fail(const struct args *args, const struct bsg_error *err)
{
	fprintf(args->err_out, "bosaga-agent: %s\n", err->text);
	return 1;
}

static int usage(const struct args *args, const char *what)
{
	fprintf(args->err_out, "bosaga-agent: %s; see bosaga-agent --help\n", what);
	return 2;
}

/* Flush and tell whether everything was written. */
static int written(const struct args *args)
{
	if (fflush(args->out) || ferror(args->out)) {
		fprintf(args->err_out, "bosaga-agent: the output cannot be written\n");
		return 1;
	}
	return 0;
}

static const char *state_of(const struct args *args)
{
	return args->state ? args->state : STATE_DEFAULT;
}

/* --- commands that do not need a running agent --- */

static bool read_token(char *buf, size_t size)
{
	if (!fgets(buf, (int)size, stdin))
		return false;
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf[0] != '\0';
}

static int cmd_enrol(const struct args *args)
{
	char typed[256], device[BSG_ID_SIZE];
	struct bsg_enrol_options enrol = { .server = args->server, .token = args->token, .ca_file = args->ca,
		.pin = args->pin, .state = state_of(args) };
	struct bsg_error err;
	enum bsg_err rc;

	if (!args->server || !args->token)
		return usage(args, "enrol needs --server and --token");
	if (!args->ca == !args->pin)
		return usage(args, "enrol needs one of --ca and --pin");
	if (strcmp(args->token, "-") == 0) {
		if (!read_token(typed, sizeof(typed)))
			return usage(args, "no token on standard input");
		enrol.token = typed;
	}
	rc = bsg_enrol(&enrol, device, &err);
	explicit_bzero(typed, sizeof(typed));
	if (rc != BSG_OK)
		return fail(args, &err);
	fprintf(args->out, "enrolled as %s; now start bosaga-agent run\n", device);
	return written(args);
}

static int cmd_run(const struct args *args)
{
	struct bsg_agent_settings settings;
	struct bsg_log log = { .fd = STDERR_FILENO };
	struct bsg_run_options run = { .state = state_of(args), .settings = &settings, .log = &log };
	struct bsg_error err;

	if (bsg_agent_settings_load(args->config, &settings, &err) != BSG_OK)
		return fail(args, &err);
	log.format = (enum bsg_log_format)settings.log_format;
	log.level = (enum bsg_log_level)settings.log_level;
	return bsg_run(&run, &err) == BSG_OK ? 0 : fail(args, &err);
}

/* --- commands that ask the running agent --- */

static enum bsg_err ask(const struct args *args, json_t *request, json_t **answer, struct bsg_error *err)
{
	struct bsg_agent_paths paths;
	enum bsg_err rc = bsg_agent_paths(state_of(args), &paths, err);

	if (rc == BSG_OK && !request)	/* jansson makes no string of other bytes */
		rc = bsg_fail(err, BSG_E_INVALID, "what was given is not text in UTF-8");
	if (rc != BSG_OK) {
		json_decref(request);
		return rc;
	}
	return bsg_control_ask(paths.socket, request, answer, err);
}

static const char *get(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

/* An agent that does not run cannot keep what it restricted: this lifts it as well. */
static int unenrol_alone(const struct args *args, struct bsg_error *err)
{
	struct bsg_agent_settings settings;
	struct bsg_agent_options agent_options = { .state = state_of(args) };
	struct bsg_agent_paths paths;
	struct bsg_agent *agent = NULL;
	bool told = false;
	int lock = -1;
	enum bsg_err rc = bsg_agent_settings_load(args->config, &settings, err);

	if (rc == BSG_OK)
		rc = bsg_agent_settings_enforce(&settings, state_of(args), NULL, &agent_options.enforce, err);
	if (rc == BSG_OK)
		rc = bsg_agent_paths(state_of(args), &paths, err);
	if (rc == BSG_OK)
		rc = bsg_run_lock(&paths, &lock, err);
	if (rc == BSG_OK)
		rc = bsg_agent_open(&agent_options, &agent, err);
	if (rc == BSG_OK)
		rc = bsg_unenrol(agent, &told, err);
	bsg_agent_close(agent);
	if (lock >= 0)
		close(lock);
	if (rc == BSG_OK)
		fprintf(args->out, "left%s\n", told ? "" : "; the server could not be told: tell the helpdesk");
	return rc == BSG_OK ? written(args) : fail(args, err);
}

static int cmd_unenrol(const struct args *args)
{
	json_t *answer;
	struct bsg_error err;
	enum bsg_err rc = ask(args, json_pack("{s:s}", "do", "unenrol"), &answer, &err);

	if (rc == BSG_E_NOT_FOUND)
		return unenrol_alone(args, &err);
	if (rc != BSG_OK)
		return fail(args, &err);
	fprintf(args->out, "left%s\n", json_is_true(json_object_get(answer, "told")) ? "" :
		"; the server could not be told: tell the helpdesk");
	json_decref(answer);
	return written(args);
}

static void print_restricted(const struct args *args, const json_t *status)
{
	const json_t *list = json_object_get(status, "restricted");

	if (json_array_size(list) == 0)
		fprintf(args->out, "nothing is restricted\n");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		fprintf(args->out, "%-16s %-10s by %s at %s until %s: %s\n", get(item, "function"),
			get(item, "state"), get(item, "rule"), get(item, "place"), get(item, "until"),
			get(json_object_get(item, "because"), "en"));
	}
}

static int cmd_status(const struct args *args)
{
	json_t *answer;
	struct bsg_error err;

	if (ask(args, json_pack("{s:s}", "do", "status"), &answer, &err) != BSG_OK)
		return fail(args, &err);
	json_object_del(answer, "ok");
	if (args->json) {
		json_dumpf(answer, args->out, JSON_INDENT(2));
		fputc('\n', args->out);
	} else {
		print_restricted(args, answer);
		fprintf(args->out, "orders %lld, valid until %s; lifted by %s at the latest\n",
			(long long)json_integer_value(json_object_get(answer, "orders_serial")),
			get(answer, "orders_expire"), get(answer, "lift_by"));
	}
	json_decref(answer);
	return written(args);
}

/* Two modules a character: upper and lower half; dark on light needs the blank border. */
static void print_qr(const struct args *args, const QRcode *code)
{
	static const char *const halves[] = { "\u2588", "\u2584", "\u2580", " " };	/* full, lower, upper: light */
	int width = code->width;

	for (int y = -2; y < width + 2; y += 2) {
		for (int x = -2; x < width + 2; x++) {
			unsigned dark = 0;

			for (int half = 0; half < 2; half++)
				if (x >= 0 && x < width && y + half >= 0 && y + half < width &&
				    (code->data[(y + half) * width + x] & 1))
					dark |= 1u << half;
			fputs(halves[dark], args->out);
		}
		fputc('\n', args->out);
	}
}

static int show_pass_qr(const struct args *args, const char *hex)
{
	uint8_t bytes[BSG_PASS_MAX];
	char text[BSG_BASE45_LEN(BSG_PASS_MAX) + 1];
	size_t len = 0, text_len = 0;
	struct bsg_error err;
	QRcode *code;

	if (bsg_hex_decode(hex, strlen(hex), bytes, sizeof(bytes), &len, &err) != BSG_OK ||
	    bsg_base45_encode((struct bsg_bytes){ bytes, len }, text, sizeof(text) - 1, &text_len) != BSG_OK)
		return fail(args, &err);
	text[text_len] = '\0';
	code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);	/* finds by itself that base45 is alphanumeric */
	if (!code) {
		bsg_fail(&err, BSG_E_NO_MEMORY, "the QR code cannot be made");
		return fail(args, &err);
	}
	print_qr(args, code);
	QRcode_free(code);
	return written(args);
}

static int cmd_pass(const struct args *args)
{
	json_t *answer, *request = json_pack("{s:s, s:s?}", "do", "pass", "place", args->place);
	struct bsg_error err;
	int status;

	if (ask(args, request, &answer, &err) != BSG_OK)
		return fail(args, &err);
	if (args->qr) {
		status = show_pass_qr(args, get(answer, "hex"));
	} else {
		fprintf(args->out, "%s\n", get(answer, "hex"));
		status = written(args);
	}
	json_decref(answer);
	return status;
}

static int cmd_tap(const struct args *args)
{
	json_t *answer;
	struct bsg_error err;
	const char *pass;

	if (!args->word)
		return usage(args, "tap needs a token or an exit code");
	if (ask(args, json_pack("{s:s, s:s}", "do", "tap", "token", args->word), &answer, &err) != BSG_OK)
		return fail(args, &err);
	pass = json_string_value(json_object_get(answer, "pass"));
	fprintf(args->out, "%s %s\n", get(answer, "direction"), get(answer, "place"));
	if (pass)
		fprintf(args->out, "pass %s\n", pass);
	json_decref(answer);
	return written(args);
}

static int cmd_enter(const struct args *args)
{
	json_t *answer;
	struct bsg_error err;

	if (!args->word)
		return usage(args, "enter needs a place");
	if (ask(args, json_pack("{s:s, s:s}", "do", "enter", "place", args->word), &answer, &err) != BSG_OK)
		return fail(args, &err);
	fprintf(args->out, "in %s\n", get(answer, "place"));
	json_decref(answer);
	return written(args);
}

static int cmd_break_glass(const struct args *args)
{
	json_t *answer;
	struct bsg_error err;

	if (!args->reason)
		return usage(args, "break-glass needs --reason");
	if (ask(args, json_pack("{s:s, s:s}", "do", "break_glass", "reason", args->reason), &answer, &err) != BSG_OK)
		return fail(args, &err);
	fprintf(args->out, "lifted until %s\n", get(answer, "until"));
	json_decref(answer);
	return written(args);
}

/* --- the table --- */

static const struct command {
	const char *name;
	int (*run)(const struct args *args);
	const char *form;
	const char *help;
} commands[] = {
	{ "enrol", cmd_enrol, "--server URL --token T (--ca FILE | --pin SHA256) [--state DIR]",
	  "become a device of a server; the key is made here and stays here" },
	{ "unenrol", cmd_unenrol, "[--state DIR]", "lift everything, tell the server, forget the key" },
	{ "run", cmd_run, "[--state DIR] [--config FILE]", "restrict and lift as orders and gates say" },
	{ "status", cmd_status, "[--json] [--state DIR]", "what is restricted, by which rule, until when" },
	{ "pass", cmd_pass, "[--qr | --hex] [--place ID] [--state DIR]", "sign a pass for a gate" },
	{ "tap", cmd_tap, "TOKEN [--state DIR]", "take a gate's token, or an exit code of eight digits" },
	{ "enter", cmd_enter, "PLACE [--state DIR]", "say that you enter, where a place takes your word" },
	{ "break-glass", cmd_break_glass, "--reason TEXT [--state DIR]",
	  "lift everything for some minutes in an emergency; recorded and reported" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(const struct args *args)
{
	fprintf(args->out, "bosaga-agent: the agent of this device\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(args->out, "bosaga-agent %s %s\n    %s\n", commands[i].name, commands[i].form,
			commands[i].help);
	fprintf(args->out, "\n");
	for (size_t i = 0; i < N_OPTIONS; i++)
		fprintf(args->out, "  %-10s %s\n", options[i].name, options[i].help);
	fprintf(args->out, "  --help, --version, --help-config, --man\n");
	return written(args);
}

static int help_config(const struct args *args)
{
	return bsg_config_help(bsg_agent_keys, bsg_agent_n_keys, args->out) ? written(args) : 1;
}

static void man_commands(FILE *out)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		fputs(".TP\n", out);
		bsg_roff(commands[i].name, out);
		fputc(' ', out);
		bsg_roff(commands[i].form, out);
		fputc('\n', out);
		bsg_roff(commands[i].help, out);
		fputs(".\n", out);
	}
}

/* The help of an option with a value begins with that value's name. */
static void man_options(FILE *out)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		fputs(".TP\n", out);
		bsg_roff(options[i].name, out);
		fputc('\n', out);
		bsg_roff(options[i].help, out);
		fputs(".\n", out);
	}
}

static int man(const struct args *args)
{
	fputs(".\\\" Made by 'bosaga-agent --man' from its tables. Do not edit.\n"
	      ".TH BOSAGA\\-AGENT 1\n.SH NAME\nbosaga\\-agent \\- agent of Bosaga on a Linux device\n"
	      ".SH SYNOPSIS\n.B bosaga\\-agent\n.I COMMAND\n\\&...\n"
	      ".SH DESCRIPTION\nRestricts functions of this device, first of all the camera, as signed orders and gates say, and lifts them at\n"
	      "the way out or by itself when the lease ends. \\fBrun\\fR is started as root, by systemd (Type=notify) or by hand; \\fBstatus\\fR,\n"
	      "\\fBpass\\fR, \\fBtap\\fR, \\fBenter\\fR and \\fBbreak\\-glass\\fR speak to it.\n.SH COMMANDS\n", args->out);
	man_commands(args->out);
	fputs(".SH OPTIONS\n", args->out);
	man_options(args->out);
	fputs(".SH CONFIGURATION\nLines of \\fIkey\\fR = \\fIvalue\\fR; an unknown key stops the start.\n", args->out);
	if (!bsg_config_man(bsg_agent_keys, bsg_agent_n_keys, args->out))
		return 1;
	fputs(".SH EXIT STATUS\n0 done, 1 refused (the reason is on standard error), 2 wrong usage.\n.SH SEE ALSO\nbosaga(1), bosagad(8)\n", args->out);
	return written(args);
}

static int parse(int argc, char **argv, struct args *args)
{
	for (int i = 2; i < argc; i++) {
		size_t k = 0;

		while (k < N_OPTIONS && strcmp(argv[i], options[k].name) != 0)
			k++;
		if (k == N_OPTIONS) {
			if (args->word || strncmp(argv[i], "--", 2) == 0)
				return usage(args, "one argument too many, or an unknown option");
			args->word = argv[i];
		} else if (options[k].flag) {
			memcpy((char *)args + options[k].offset, &(bool){ true }, sizeof(bool));
		} else if (++i < argc) {
			const char *value = argv[i];

			memcpy((char *)args + options[k].offset, &value, sizeof(value));
		} else {
			return usage(args, "an option lacks its value");
		}
	}
	return 0;
}

int bsg_agent_main(int argc, char **argv, FILE *out, FILE *err_out)
{
	struct args args = { .out = out, .err_out = err_out };
	const char *name = argc > 1 ? argv[1] : "";
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return help(&args);
		if (strcmp(argv[i], "--help-config") == 0)
			return help_config(&args);
		if (strcmp(argv[i], "--man") == 0)
			return man(&args);
		if (strcmp(argv[i], "--version") == 0) {
			fprintf(out, "bosaga-agent %s\n", BSG_VERSION);
			return written(&args);
		}
	}
	status = parse(argc, argv, &args);
	if (status)
		return status;
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(&args);
	return usage(&args, argc > 1 ? "no such command" : "which command?");
}
