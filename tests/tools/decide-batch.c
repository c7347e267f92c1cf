/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs many traces through the core, for comparison with another implementation of docs/spec/decision.md.
 *
 * stdin: one scenario a line, {"orders": {...} | null, "events": [{...}, ...]}. stdout: one line each, {"outputs": [...]} in the
 * order of the events, or {"error": "..."} for orders that are refused; an event that is refused gives {"error": "..."} in
 * its place and changes nothing. Keys are sorted, so that lines can be compared as text.
 */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "policy/decide_json.h"

static json_t *say(const char *why)
{
	return json_pack("{s:s}", "error", why);
}

static json_t *run(json_t *scenario)
{
	json_t *events = json_object_get(scenario, "events"), *outputs = json_array(), *event;
	struct bsg_json_phone *phone;
	struct bsg_error err;
	size_t i;

	if (bsg_json_phone_new(json_object_get(scenario, "orders"), &phone, &err) != BSG_OK) {
		json_decref(outputs);
		return say(err.text);
	}
	json_array_foreach(events, i, event) {
		json_t *output;

		if (bsg_json_phone_step(phone, event, &output, &err) != BSG_OK)
			output = say(err.text);
		json_array_append_new(outputs, output);
	}
	bsg_json_phone_free(phone);
	return json_pack("{s:o}", "outputs", outputs);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int status = EXIT_SUCCESS;

	while ((len = getline(&line, &room, stdin)) > 0) {
		json_error_t at;
		json_t *scenario = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, &at);
		json_t *result = scenario != NULL ? run(scenario) : say(at.text);

		if (json_dumpf(result, stdout, JSON_COMPACT | JSON_SORT_KEYS) != 0 || putchar('\n') == EOF)
			status = EXIT_FAILURE;
		json_decref(result);
		json_decref(scenario);
	}
	free(line);
	if (fflush(stdout) != 0)
		status = EXIT_FAILURE;
	return status;
}
