/* SPDX-License-Identifier: Apache-2.0 */
/* The status as JSON: what is restricted, why, until when, and what this machine can do. */
#include <jansson.h>
#include <string.h>

#include "agent/linux/agent.h"
#include "base/timetext.h"

static json_t *text_value(struct bsg_str text)
{
	return text.len ? json_stringn_nocheck(text.ptr, text.len) : json_null();
}

static json_t *time_value(int64_t utc)
{
	char text[BSG_TIME_SIZE];

	if (utc == 0)
		return json_null();
	bsg_time_format(utc, text);
	return json_string(text);
}

static json_t *because_value(const struct bsg_text *because)
{
	static const struct bsg_text none;
	const struct bsg_text *text = because ? because : &none;

	return json_pack("{s:o, s:o, s:o}", "kk", text_value(text->kk), "ru", text_value(text->ru), "en",
			 text_value(text->en));
}

static const char *state_name(const struct bsg_agent *agent, uint32_t bit)
{
	for (size_t i = 0; i < agent->n_slots; i++)
		if (agent->slot[i].bit == bit)
			return agent->slot[i].state == BSG_REPORT_VERIFIED ? "verified" :
			       agent->slot[i].state == BSG_REPORT_STUCK ? "stuck" : "unverified";
	return "unverified";
}

static json_t *restricted_value(const struct bsg_agent *agent)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		const struct bsg_out_why *why = &agent->output.why[i];

		if (agent->output.restricted & BSG_BIT(i))
			json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "function",
				bsg_functions[i].name, "rule", text_value(why->rule), "place",
				text_value(why->place), "until", time_value(why->until), "because",
				because_value(why->because), "state", state_name(agent, BSG_BIT(i))));
	}
	return list;
}

static json_t *coverage_value(const struct bsg_agent *agent)
{
	static const char *const grades[] = { "impossible", "partial", "enforced" };
	json_t *map = json_object();

	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		json_object_set_new(map, bsg_functions[i].name,
			json_pack("{s:s, s:s}", "grade", "impossible", "why", "this agent cannot restrict it"));
	for (size_t i = 0; i < agent->n_slots; i++)
		json_object_set_new(map, agent->slot[i].ops->name, json_pack("{s:s, s:s}", "grade",
			grades[agent->slot[i].probe.grade], "why", agent->slot[i].probe.why));
	return map;
}

static json_t *present_value(const struct bsg_agent *agent)
{
	static const char *const by[] = { "none", "gate", "self", "weak" };
	json_t *list = json_array();

	for (size_t i = 0; i < agent->output.n_present; i++) {
		const struct bsg_out_present *p = &agent->output.present[i];

		json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:o}", "place", text_value(p->place), "by",
			by[p->by], "since", time_value(p->since), "end", time_value(p->end)));
	}
	return list;
}

char *bsg_agent_status_json(const struct bsg_agent *agent)
{
	const struct bsg_orders_message *message = agent->orders.message;
	struct bsg_time now = bsg_agent_now(agent);
	json_t *root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:b, s:b}",
		"device", agent->identity.device,
		"restricted", restricted_value(agent),
		"present", present_value(agent),
		"orders_serial", message ? json_integer(message->orders.serial) : json_null(),
		"orders_expire", time_value(message ? message->orders.expires : 0),
		"lift_by", time_value(agent->output.lift_by),
		"time", time_value(now.utc),
		"time_verified", now.auth,
		"coverage", coverage_value(agent),
		"may_pass", agent->output.may_pass,
		"discharged", message && message->discharge);
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	return text;
}
