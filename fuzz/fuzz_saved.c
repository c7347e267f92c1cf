/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent finds of its last life: what is read can be written and is the same again, and a clock can be read by it
 * and taught whatever it says.
 */
#include <string.h>

#include "agent/linux/saved.h"
#include "fuzz/fuzz.h"

#define NOW INT64_C(1800000000)
#define BOOT "6f1d0f5e-4a0c-4f0e-9a53-6f5a5b0c7d11"

/* As the agent does when it starts, when a server answers, and when it saves. */
static void use_time(struct bsg_agent_time *time)
{
	struct bsg_fake_clock clock;
	struct bsg_time now;

	bsg_fake_clock_init(&clock, NOW);
	now = bsg_agent_time_now(time, &clock.clock, BOOT);
	FUZZ_CHECK(now.auth == (time->has_reference && strcmp(time->boot, BOOT) == 0));
	FUZZ_CHECK(now.auth || now.utc >= NOW);
	bsg_agent_time_note(time, BOOT, &now);
	(void)bsg_agent_time_learn(time, &clock.clock, BOOT, NOW + 60, 1000, true);
	now = bsg_agent_time_now(time, &clock.clock, BOOT);
	FUZZ_CHECK(now.utc >= NOW + 58 && now.utc <= NOW + 62 && now.auth);
}

/* What stops a code or a token from being used again: none is lost, though they move together. */
static void check_used(const struct bsg_saved *a, const struct bsg_saved *b)
{
	size_t n = 0;

	for (size_t i = 0; i < BSG_PLACES_MAX; i++)
		if (a->code[i].place[0] != '\0') {
			FUZZ_CHECK(strcmp(a->code[i].place, b->code[n].place) == 0 && a->code[i].step == b->code[n].step);
			n++;
		}
	n = 0;
	for (size_t i = 0; i < BSG_SAVED_TOKENS; i++)
		if (a->token[i].expires != 0) {
			FUZZ_CHECK(memcmp(a->token[i].nonce, b->token[n].nonce, BSG_NONCE_LEN) == 0);
			FUZZ_CHECK(a->token[i].expires == b->token[n++].expires);
		}
	FUZZ_CHECK(a->wrong_codes == b->wrong_codes && a->codes_from == b->codes_from);
	FUZZ_CHECK(a->pass_sequence == b->pass_sequence && a->batch_sequence == b->batch_sequence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bsg_state fresh;
	static struct bsg_saved saved, again;
	const char *why = bsg_saved_decode(data, size, &saved);
	char *first, *second;

	FUZZ_CHECK(why == NULL || memcmp(&saved.core, &fresh, sizeof(fresh)) == 0);
	first = bsg_saved_encode(&saved);
	FUZZ_CHECK(first != NULL && bsg_saved_decode(first, strlen(first), &again) == NULL);
	FUZZ_CHECK(memcmp(&again.core, &saved.core, sizeof(again.core)) == 0);
	check_used(&saved, &again);
	second = bsg_saved_encode(&again);
	FUZZ_CHECK(second != NULL && strcmp(first, second) == 0);
	free(first);
	free(second);
	use_time(&saved.time);
	return 0;
}
