/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Apple answers to a push: two bytes of status, then a text that is tried as body and as Retry-After. Only 200 is
 * taken, only 410 ends a phone's registration; a reason is one that can be logged; no pause is longer than a day.
 */
#include <string.h>

#include <jansson.h>

#include "base/id.h"
#include "fuzz/fuzz.h"
#include "http/push_internal.h"

#define NOW INT64_C(1795471200)
#define DAY_S INT64_C(86400)

/* What was understood, said again, is understood again. */
static void say_again(const struct bsg_push_answer *answer)
{
	struct bsg_push_answer again = { .status = answer->status };
	json_t *root = json_pack("{s:s, s:I}", "reason", answer->reason, "timestamp", (json_int_t)answer->unregistered_at * 1000);
	char *text = json_dumps(root, JSON_COMPACT);

	FUZZ_CHECK(root != NULL && text != NULL);
	bsg_push_answer_read(text, strlen(text), &again);
	FUZZ_CHECK(strcmp(again.reason, answer->reason) == 0 && again.unregistered_at == answer->unregistered_at);
	free(text);
	json_decref(root);
}

static void try_body(unsigned status, const char *body, size_t len)
{
	struct bsg_push_answer answer = { .status = status };
	enum bsg_push_action action;

	bsg_push_answer_read(body, len, &answer);
	FUZZ_CHECK(strlen(answer.reason) < sizeof(answer.reason) && bsg_text_is_shown(answer.reason, strlen(answer.reason)));
	say_again(&answer);
	action = bsg_push_answer_judge(&answer);
	FUZZ_CHECK((action == BSG_PUSH_ACT_TAKEN) == (status == 200));
	FUZZ_CHECK((action == BSG_PUSH_ACT_UNREGISTERED) == (status == 410));
	FUZZ_CHECK(action != BSG_PUSH_ACT_BAD_TOKEN || (status == 400 && answer.reason[0] != '\0'));
	FUZZ_CHECK(status < 500 || action == BSG_PUSH_ACT_PAUSE_ONE || action == BSG_PUSH_ACT_PAUSE_BOTH);
}

static void try_retry_after(const char *value)
{
	const int64_t ms = bsg_push_retry_after(value, NOW);
	int64_t s = 0;

	FUZZ_CHECK(ms >= 0 && ms <= DAY_S * 1000 && ms % 1000 == 0);
	if (value[strspn(value, "0123456789")] != '\0') {	/* then it is a date, with a name of a day, or nothing */
		FUZZ_CHECK(ms == 0 || (strchr(value, ',') != NULL && strchr(value, ':') != NULL));
	} else if (strlen(value) <= 9) {
		for (; *value != '\0'; value++)
			s = s * 10 + (*value - '0');
		FUZZ_CHECK(ms == (s < DAY_S ? s : DAY_S) * 1000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2 || size > 65536)
		return 0;
	text = malloc(size - 1);
	FUZZ_CHECK(text != NULL);
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	try_body((unsigned)(data[0] << 8 | data[1]) % 1000, (const char *)data + 2, size - 2);
	try_retry_after(text);
	free(text);
	return 0;
}
