/* SPDX-License-Identifier: Apache-2.0 */
/* What Apple's answers to a push mean, as one table ("Handling notification responses from APNs"). */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/timetext.h"
#include "http/push_internal.h"

#define RETRY_AFTER_MAX_S 86400

/* The first line that fits counts. */
static const struct { unsigned status; const char *reason; enum bsg_push_action action; } table[] = {
	{ 200, NULL, BSG_PUSH_ACT_TAKEN },
	{ 400, "BadDeviceToken", BSG_PUSH_ACT_BAD_TOKEN },
	{ 400, "DeviceTokenNotForTopic", BSG_PUSH_ACT_BAD_TOKEN },
	{ 400, "BadTopic", BSG_PUSH_ACT_HALT },
	{ 400, "MissingTopic", BSG_PUSH_ACT_HALT },
	{ 400, "TopicDisallowed", BSG_PUSH_ACT_HALT },
	{ 400, "IdleTimeout", BSG_PUSH_ACT_PAUSE_ONE },
	{ 403, "ExpiredProviderToken", BSG_PUSH_ACT_RENEW },
	{ 403, NULL, BSG_PUSH_ACT_HALT },
	{ 410, NULL, BSG_PUSH_ACT_UNREGISTERED },
	{ 429, "TooManyProviderTokenUpdates", BSG_PUSH_ACT_PAUSE_ALL },
	{ 429, NULL, BSG_PUSH_ACT_PAUSE_ONE },
	{ 503, NULL, BSG_PUSH_ACT_PAUSE_BOTH },
};

enum bsg_push_action bsg_push_answer_judge(const struct bsg_push_answer *answer)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].status == answer->status &&
		    (table[i].reason == NULL || strcmp(table[i].reason, answer->reason) == 0))
			return table[i].action;
	}
	return answer->status >= 500 ? BSG_PUSH_ACT_PAUSE_ONE : BSG_PUSH_ACT_FAIL;
}

void bsg_push_answer_read(const char *body, size_t len, struct bsg_push_answer *out)
{
	json_t *root = json_loadb(body, len, 0, NULL);
	const char *reason = json_string_value(json_object_get(root, "reason"));

	if (reason != NULL && strlen(reason) < sizeof(out->reason) && bsg_text_is_shown(reason, strlen(reason)))
		memcpy(out->reason, reason, strlen(reason) + 1);
	out->unregistered_at = json_integer_value(json_object_get(root, "timestamp")) / 1000;
	json_decref(root);
}

int64_t bsg_push_retry_after(const char *value, int64_t now)
{
	const size_t len = strlen(value);
	int64_t s = 0;

	if (len > 0 && len <= 9 && value[strspn(value, "0123456789")] == '\0')
		s = strtoll(value, NULL, 10);
	else if (bsg_time_parse_http(value, len, &s, NULL) == BSG_OK)
		s -= now;
	if (s < 0)
		s = 0;
	return (s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : s) * 1000;
}
