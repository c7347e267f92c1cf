/* SPDX-License-Identifier: Apache-2.0 */
/* Why a phone is as it is, as a table with sentences: `bosaga policy explain`, and `bosaga decide --explain`. */
#include <string.h>

#include "cli/cli.h"
#include "policy/decide_json.h"
#include "policy/explain.h"

#define DEFAULT_KIND "linux-agent"

int bsg_cli_choose_language(struct bsg_cli *cli)
{
	static const char *const languages[] = { "kk", "ru", "en" };
	const char *asked = bsg_cli_option(cli, "lang");

	for (size_t i = 0; asked != NULL && i < sizeof(languages) / sizeof(languages[0]); i++)
		if (strcmp(asked, languages[i]) == 0)
			cli->lang = languages[i];
	if (asked == NULL || cli->lang != NULL)
		return BSG_CLI_DONE;
	(void)bsg_cli_refuse(cli, "%s: --lang is kk, ru or en, not '%.20s'", cli->command->name, asked);
	return BSG_CLI_USAGE;
}

int bsg_cli_policy_explain(struct bsg_cli *cli)
{
	int status = bsg_cli_choose_language(cli);

	if (status == BSG_CLI_DONE && bsg_cli_option(cli, "since") != NULL && bsg_cli_option(cli, "in") == NULL) {
		(void)bsg_cli_refuse(cli, "policy explain: --since says when the device came in: give --in PLACE too");
		status = BSG_CLI_USAGE;
	}
	return status == BSG_CLI_DONE ? bsg_cli_run_row(cli) : status;
}

static int refuse_kind(const struct bsg_cli *cli, const struct bsg_coverage *coverage, const char *kind)
{
	char known[400] = "";
	size_t n;
	const struct bsg_coverage_kind *kinds = bsg_coverage_kinds(coverage, &n);

	for (size_t i = 0; i < n; i++) {
		const size_t used = strlen(known);

		(void)snprintf(known + used, sizeof(known) - used, "%s%s", i != 0 ? ", " : "", kinds[i].id);
	}
	return bsg_cli_refuse(cli, "no kind of enrolment '%.40s': --kind is one of %s", kind, known);
}

static int explain(struct bsg_cli *cli, const struct bsg_json_phone_look *look, const struct bsg_coverage *coverage)
{
	const char *asked = bsg_cli_option(cli, "kind"), *id = asked != NULL ? asked : DEFAULT_KIND;
	const struct bsg_coverage_kind *kind = bsg_coverage_find_kind(coverage, id);
	struct bsg_explain_query query = { .orders = look->orders, .at = look->state->now, .state = look->state,
					   .unverified = look->state->auth == 0, .guests = look->guests,
					   .n_guests = look->n_guests, .coverage = coverage };
	struct bsg_error err;
	json_t *rows;
	int status;

	if (kind == NULL)
		return refuse_kind(cli, coverage, id);
	query.phone = (struct bsg_coverage_phone){ .kind = id, .class_of = kind->class_default };
	if (bsg_explain(&query, &rows, &err) != BSG_OK)
		return bsg_cli_refuse(cli, "%s", err.text);
	status = bsg_cli_print(cli, rows, cli->command->columns);
	json_decref(rows);
	return status;
}

int bsg_cli_explain_phone(struct bsg_cli *cli, const struct bsg_json_phone *phone)
{
	struct bsg_json_phone_look look;
	struct bsg_coverage *coverage;
	struct bsg_error err;
	int status;

	bsg_json_phone_look(phone, &look);
	if (look.state->now == 0)
		return bsg_cli_refuse(cli, "%s: no events, so there is no moment to explain: give one, such as a tick",
				      bsg_cli_option(cli, "events"));
	if (bsg_coverage_load(&coverage, &err) != BSG_OK)
		return bsg_cli_refuse(cli, "%s", err.text);
	status = explain(cli, &look, coverage);
	bsg_coverage_free(coverage);
	return status;
}
