/* SPDX-License-Identifier: Apache-2.0 */
/* Apple's answers, read and judged without a network. Rules A66-A71 of docs/spec/apple.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/push_internal.h"

static void each_answer_has_one_consequence(void **state)
{
	static const struct { unsigned status; const char *reason; enum bsg_push_action want; } cases[] = {
		{ 200, "", BSG_PUSH_ACT_TAKEN },
		{ 201, "", BSG_PUSH_ACT_FAIL },
		{ 301, "", BSG_PUSH_ACT_FAIL },
		{ 400, "BadDeviceToken", BSG_PUSH_ACT_BAD_TOKEN },
		{ 400, "DeviceTokenNotForTopic", BSG_PUSH_ACT_BAD_TOKEN },
		{ 400, "BadTopic", BSG_PUSH_ACT_HALT },
		{ 400, "MissingTopic", BSG_PUSH_ACT_HALT },
		{ 400, "TopicDisallowed", BSG_PUSH_ACT_HALT },
		{ 400, "IdleTimeout", BSG_PUSH_ACT_PAUSE_ONE },
		{ 400, "BadMessageId", BSG_PUSH_ACT_FAIL },
		{ 400, "", BSG_PUSH_ACT_FAIL },
		{ 403, "BadCertificate", BSG_PUSH_ACT_HALT },
		{ 403, "BadCertificateEnvironment", BSG_PUSH_ACT_HALT },
		{ 403, "ExpiredProviderToken", BSG_PUSH_ACT_RENEW },
		{ 403, "InvalidProviderToken", BSG_PUSH_ACT_HALT },
		{ 403, "", BSG_PUSH_ACT_HALT },
		{ 404, "BadPath", BSG_PUSH_ACT_FAIL },
		{ 405, "MethodNotAllowed", BSG_PUSH_ACT_FAIL },
		{ 410, "Unregistered", BSG_PUSH_ACT_UNREGISTERED },
		{ 410, "ExpiredToken", BSG_PUSH_ACT_UNREGISTERED },
		{ 413, "PayloadTooLarge", BSG_PUSH_ACT_FAIL },
		{ 429, "TooManyRequests", BSG_PUSH_ACT_PAUSE_ONE },
		{ 429, "TooManyProviderTokenUpdates", BSG_PUSH_ACT_PAUSE_ALL },
		{ 429, "", BSG_PUSH_ACT_PAUSE_ONE },
		{ 500, "InternalServerError", BSG_PUSH_ACT_PAUSE_ONE },
		{ 502, "", BSG_PUSH_ACT_PAUSE_ONE },
		{ 503, "ServiceUnavailable", BSG_PUSH_ACT_PAUSE_BOTH },
		{ 503, "Shutdown", BSG_PUSH_ACT_PAUSE_BOTH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bsg_push_answer answer = { .status = cases[i].status };
		enum bsg_push_action got;

		memcpy(answer.reason, cases[i].reason, strlen(cases[i].reason) + 1);
		got = bsg_push_answer_judge(&answer);
		if (got != cases[i].want)
			fail_msg("%u %s: %d", cases[i].status, cases[i].reason, (int)got);
	}
}

static void a_body_is_read_as_far_as_it_makes_sense(void **state)
{
	static const struct { const char *body, *reason; int64_t at; } cases[] = {
		{ "{\"reason\":\"Unregistered\",\"timestamp\":1454948015990}", "Unregistered", INT64_C(1454948015) },
		{ "{\"reason\":\"BadPath\"}", "BadPath", 0 },
		{ "{\"timestamp\":\"soon\"}", "", 0 },
		{ "{\"reason\":17}", "", 0 },
		{ "{\"reason\":\"a\\u000ab\"}", "", 0 },
		{ "{\"reason\":\"0123456789012345678901234567890123456789012345678901234567890123\"}", "", 0 },
		{ "{\"reason\":\"012345678901234567890123456789012345678901234567890123456789012\"}",
		  "012345678901234567890123456789012345678901234567890123456789012", 0 },
		{ "{\"reason\":\"cut o", "", 0 },
		{ "[]", "", 0 },
		{ "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bsg_push_answer answer = { .status = 400 };

		bsg_push_answer_read(cases[i].body, strlen(cases[i].body), &answer);
		if (strcmp(answer.reason, cases[i].reason) != 0 || answer.unregistered_at != cases[i].at)
			fail_msg("%s: '%s' %lld", cases[i].body, answer.reason, (long long)answer.unregistered_at);
	}
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	static const struct { const char *value; int64_t want_ms; } cases[] = {
		{ "0", 0 }, { "120", 120000 }, { "86400", 86400000 }, { "999999999", 86400000 }, { "9999999999", 0 },
		{ "Mon, 23 Nov 2026 22:01:30 GMT", 90000 },	/* now is 22:00:00 */
		{ "Mon, 23 Nov 2026 21:00:00 GMT", 0 }, { "Wed, 25 Nov 2026 22:00:00 GMT", 86400000 },
		{ "-5", 0 }, { "soon", 0 }, { "", 0 }, { "1.5", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got = bsg_push_retry_after(cases[i].value, INT64_C(1795471200));

		if (got != cases[i].want_ms)
			fail_msg("%s: %lld", cases[i].value, (long long)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_has_one_consequence),
		cmocka_unit_test(a_body_is_read_as_far_as_it_makes_sense),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
