/* SPDX-License-Identifier: Apache-2.0 */
/* What the control socket asks: one table of requests. */
#include "agent/linux/requests.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/timetext.h"

static const char *text_of(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

static void set_time(json_t *answer, const char *key, int64_t utc)
{
	char text[BSG_TIME_SIZE];

	bsg_time_format(utc, text);
	json_object_set_new(answer, key, json_string(text));
}

static void set_hex(json_t *answer, const char *key, const uint8_t *bytes, size_t len)
{
	char text[2 * BSG_PASS_MAX + 1];

	bsg_hex_encode(bytes, len, text);
	json_object_set_new(answer, key, json_string(text));
}

static enum bsg_err do_status(struct bsg_agent *agent, const json_t *request, json_t *answer,
			      struct bsg_error *err)
{
	char *text = bsg_agent_status_json(agent);
	json_t *status = text ? json_loads(text, 0, NULL) : NULL;
	enum bsg_err rc = status ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");

	(void)request;
	if (status)
		json_object_update(answer, status);
	json_decref(status);
	free(text);
	return rc;
}

static enum bsg_err do_pass(struct bsg_agent *agent, const json_t *request, json_t *answer,
			    struct bsg_error *err)
{
	struct bsg_agent_passed passed;
	enum bsg_err rc = bsg_agent_pass(agent, text_of(request, "place"), NULL, (struct bsg_str){ 0 }, &passed,
					 err);

	if (rc != BSG_OK)
		return rc;
	set_hex(answer, "hex", passed.bytes, passed.len);
	json_object_set_new(answer, "place", json_string(passed.place));
	set_time(answer, "expires", passed.expires);
	return BSG_OK;
}

static enum bsg_err do_tap(struct bsg_agent *agent, const json_t *request, json_t *answer,
			   struct bsg_error *err)
{
	const char *token = text_of(request, "token");
	struct bsg_agent_tapped tapped;
	enum bsg_err rc;

	if (!token)
		return bsg_fail(err, BSG_E_INVALID, "no token");
	rc = bsg_agent_tap(agent, token, &tapped, err);
	if (rc != BSG_OK)
		return rc;
	json_object_set_new(answer, "place", json_string(tapped.place));
	json_object_set_new(answer, "direction", json_string(tapped.direction == BSG_DIRECTION_IN ? "in" : "out"));
	if (tapped.has_pass)
		set_hex(answer, "pass", tapped.pass, tapped.pass_len);
	else
		json_object_set_new(answer, "pass", json_null());
	return BSG_OK;
}

static enum bsg_err do_enter(struct bsg_agent *agent, const json_t *request, json_t *answer,
			     struct bsg_error *err)
{
	const char *place = text_of(request, "place");
	enum bsg_err rc = place ? bsg_agent_enter(agent, place, err) :
				  bsg_fail(err, BSG_E_INVALID, "no place");

	if (rc == BSG_OK)
		json_object_set_new(answer, "place", json_string(place));
	return rc;
}

static enum bsg_err do_break_glass(struct bsg_agent *agent, const json_t *request, json_t *answer,
				   struct bsg_error *err)
{
	const char *reason = text_of(request, "reason");
	int64_t until = 0;
	enum bsg_err rc = bsg_agent_break_glass(agent, reason ? reason : "", &until, err);

	if (rc == BSG_OK)
		set_time(answer, "until", until);
	return rc;
}

static const struct {
	const char *what;
	enum bsg_err (*answer)(struct bsg_agent *agent, const json_t *request, json_t *answer,
			       struct bsg_error *err);
} requests[] = {
	{ "status", do_status }, { "pass", do_pass }, { "tap", do_tap }, { "enter", do_enter },
	{ "break_glass", do_break_glass },
};

enum bsg_err bsg_agent_request(struct bsg_agent *agent, const char *what, const json_t *request,
			       json_t *answer, struct bsg_error *err)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(requests[i].what, what) == 0)
			return requests[i].answer(agent, request, answer, err);
	return bsg_fail(err, BSG_E_INVALID, "this agent does not know \"%.40s\"", what);
}
