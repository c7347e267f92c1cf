/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a policy that somebody sends. See server/proposal.h. */
#include "server/proposal.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "policy/json.h"
#include "server/active.h"

/* A refused document: 422 with every mistake that was found. */
static void answer_mistakes(struct bsg_http_exchange *x, const struct bsg_policy_errors *errors, const struct bsg_error *err)
{
	json_t *list = json_array(), *body;
	char *text;

	for (size_t i = 0; i < errors->n; i++)
		bsg_json_add(&list, json_pack("{s:I, s:I, s:s}", "line", (json_int_t)errors->items[i].line, "column",
					      (json_int_t)errors->items[i].column, "message", errors->items[i].text));
	body = json_pack("{s:s, s:s, s:i, s:s, s:o, s:I}", "type", "urn:bosaga:problem:policy-invalid", "title",
			 "The policy has mistakes; nothing was changed", "status", 422, "detail",
			 errors->n > 0 ? errors->items[0].text : err->text, "errors", list, "more", (json_int_t)errors->n_more);
	text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (text == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 422, .type = "application/problem+json", .body = text,
						      .body_len = strlen(text)});
	free(text);
}

/* @return BSG_E_NOT_FOUND after answering: the media type is none of ours */
static enum bsg_err parse_body(struct bsg_http_exchange *x, struct bsg_proposal *out, struct bsg_policy_errors *errors,
			       struct bsg_error *err)
{
	struct bsg_policy_source source = {.name = "body", .format = BSG_POLICY_YAML};

	source.bytes = bsg_http_body(x, &source.len);
	if (bsg_http_has_type(x, "application/json"))
		source.format = BSG_POLICY_JSON;
	else if (!bsg_http_has_type(x, "application/yaml")) {
		bsg_http_problem(x, 415, "unsupported-type", "send the policy as application/json or application/yaml");
		return BSG_E_NOT_FOUND;
	}
	return bsg_policy_parse(&source, 1, &out->policy, errors, err);
}

bool bsg_proposal_read(struct bsg_http_exchange *x, int64_t at, struct bsg_proposal *out)
{
	struct bsg_policy_errors *errors = calloc(1, sizeof(*errors));
	struct bsg_error err = {.text = ""};
	enum bsg_err rc = errors == NULL ? bsg_fail(&err, BSG_E_NO_MEMORY, "no memory for the policy") : parse_body(x, out, errors, &err);

	if (rc == BSG_OK)
		rc = bsg_timetable_around(out->policy, at, BSG_CALENDARS_WAIT_MS, &out->timetable, errors, &err);
	if (rc == BSG_E_INVALID || rc == BSG_E_DENIED)
		answer_mistakes(x, errors, &err);
	else if (rc == BSG_E_LIMIT && out->policy != NULL)
		bsg_http_problem(x, 422, "policy-too-large", "%s", err.text);
	else if (rc != BSG_OK && rc != BSG_E_NOT_FOUND)
		bsg_http_fail(x, rc, &err);
	free(errors);
	return rc == BSG_OK;
}

void bsg_proposal_free(struct bsg_proposal *proposal)
{
	bsg_timetable_drop(proposal->timetable);
	bsg_policy_free(proposal->policy);
	*proposal = (struct bsg_proposal){.policy = NULL};
}
