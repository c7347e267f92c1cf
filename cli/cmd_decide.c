/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga decide`: a phone's trace through the core, one decision a line, or why the last one is as it is. No server. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "policy/decide_json.h"
#include "wire/cose.h"
#include "wire/orders.h"

#define EVENTS_MAX (256U * 1024 * 1024)

/* Signed bytes are a tagged COSE_Sign1 (its first byte is 0xd2), JSON is not. */
static bool is_signed(const uint8_t *bytes, size_t len)
{
	return len > 0 && bytes[0] == 0xd2;
}

/*
 * The signature is not checked: no root is at hand, and a trace is looked at, not obeyed. What was signed is
 * what is decided.
 */
static int phone_from_signed(const struct bsg_cli *cli, const uint8_t *bytes, size_t len,
			     struct bsg_orders_message **orders, struct bsg_json_phone **phone)
{
	struct bsg_cose_message message;
	const char *why = "";
	struct bsg_error err;

	*orders = calloc(1, sizeof(**orders));
	if (*orders == NULL)
		return bsg_cli_refuse(cli, "out of memory");
	if (bsg_cose_parse(BSG_COSE_ORDERS, (struct bsg_bytes){ bytes, len }, &message, &why) != BSG_OK ||
	    bsg_orders_decode(message.payload, *orders, &why) != BSG_OK ||
	    bsg_orders_prepare(&(*orders)->orders, &why) != BSG_OK)
		return bsg_cli_refuse(cli, "%s: %s; 'bosaga device orders ID --out FILE' gets a device's orders", bsg_cli_option(cli, "orders"), why);
	if (bsg_json_phone_new_from(&(*orders)->orders, phone, &err) != BSG_OK)
		return bsg_cli_refuse(cli, "%s", err.text);
	return BSG_CLI_DONE;
}

static int phone_from_json(const struct bsg_cli *cli, const uint8_t *bytes, size_t len,
			   struct bsg_json_phone **phone)
{
	json_error_t at;
	json_t *json = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, &at);
	struct bsg_error err;
	int status = BSG_CLI_DONE;

	if (json == NULL)
		return bsg_cli_refuse(cli, "%s:%d:%d: %s", bsg_cli_option(cli, "orders"), at.line, at.column, at.text);
	if (bsg_json_phone_new(json, phone, &err) != BSG_OK)
		status = bsg_cli_refuse(cli, "%s: %s", bsg_cli_option(cli, "orders"), err.text);
	json_decref(json);
	return status;
}

static int step_line(const struct bsg_cli *cli, struct bsg_json_phone *phone, const char *line, size_t len,
		     size_t number)
{
	const char *file = bsg_cli_option(cli, "events");
	json_error_t at;
	json_t *event = json_loadb(line, len, JSON_REJECT_DUPLICATES, &at);
	json_t *output;
	struct bsg_error err;
	int status = BSG_CLI_DONE;

	if (event == NULL)
		return bsg_cli_refuse(cli, "%s:%zu:%d: %s", file, number, at.column, at.text);
	if (bsg_json_phone_step(phone, event, &output, &err) != BSG_OK) {
		status = bsg_cli_refuse(cli, "%s:%zu: %s", file, number, err.text);
	} else if (bsg_cli_option(cli, "explain") == NULL) {
		(void)json_dumpf(output, cli->out, JSON_COMPACT);
		fputc('\n', cli->out);
	}
	json_decref(output);
	json_decref(event);
	return status;
}

static int step_all(const struct bsg_cli *cli, struct bsg_json_phone *phone, const char *text, size_t len)
{
	size_t number = 1;

	for (const char *line = text; line < text + len; number++) {
		const char *end = memchr(line, '\n', (size_t)(text + len - line));
		size_t line_len = end != NULL ? (size_t)(end - line) : (size_t)(text + len - line);
		int status = BSG_CLI_DONE;

		if (line_len != 0)
			status = step_line(cli, phone, line, line_len, number);
		if (status != BSG_CLI_DONE)
			return status;
		line += line_len + 1;
	}
	if (fflush(cli->out) != 0 || ferror(cli->out))
		return bsg_cli_refuse(cli, "cannot write the decisions: is the disk full or the reader gone?");
	return BSG_CLI_DONE;
}

/* Options that mean something for an explanation only. @return BSG_CLI_DONE, or BSG_CLI_USAGE after saying which */
static int check_options(struct bsg_cli *cli)
{
	if (bsg_cli_option(cli, "explain") == NULL &&
	    (bsg_cli_option(cli, "kind") != NULL || bsg_cli_option(cli, "lang") != NULL)) {
		(void)bsg_cli_refuse(cli, "decide: --kind and --lang are for --explain: give it too");
		return BSG_CLI_USAGE;
	}
	return bsg_cli_choose_language(cli);
}

int bsg_cli_decide(struct bsg_cli *cli)
{
	struct bsg_orders_message *orders = NULL;
	struct bsg_json_phone *phone = NULL;
	uint8_t *bytes = NULL;
	uint8_t *events = NULL;
	size_t len;
	size_t events_len;
	int status = check_options(cli);

	if (status != BSG_CLI_DONE)
		return status;
	status = bsg_cli_read_in(cli, bsg_cli_option(cli, "orders"), BSG_ORDERS_MAX * 16, &bytes, &len);
	if (status == BSG_CLI_DONE)
		status = bsg_cli_read_in(cli, bsg_cli_option(cli, "events"), EVENTS_MAX, &events, &events_len);
	if (status != BSG_CLI_DONE)
		goto out;
	status = is_signed(bytes, len) ? phone_from_signed(cli, bytes, len, &orders, &phone)
				       : phone_from_json(cli, bytes, len, &phone);
	if (status == BSG_CLI_DONE)
		status = step_all(cli, phone, (const char *)events, events_len);
	if (status == BSG_CLI_DONE && bsg_cli_option(cli, "explain") != NULL)
		status = bsg_cli_explain_phone(cli, phone);
out:
	bsg_json_phone_free(phone);
	free(orders);
	free(events);
	free(bytes);
	return status;
}
