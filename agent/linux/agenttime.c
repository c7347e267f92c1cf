/* SPDX-License-Identifier: Apache-2.0 */
/* What time it is, as far as a phone can know. */
#include "agent/linux/agenttime.h"

#include <string.h>

#include "base/file.h"

#define ROUNDING_S 2	/* a Date header has whole seconds, and was on its way for a moment */

void bsg_agent_boot_id(char out[static BSG_UUID_SIZE])
{
	char text[BSG_UUID_SIZE + 1];
	size_t len;
	struct bsg_error err;

	memset(out, 0, BSG_UUID_SIZE);
	if (bsg_file_read_into("/proc/sys/kernel/random/boot_id", text, sizeof(text), &len, &err) == BSG_OK &&
	    len >= BSG_UUID_LEN)
		memcpy(out, text, BSG_UUID_LEN);
}

static bool same_boot(const struct bsg_agent_time *time, const char *boot)
{
	return boot[0] != '\0' && strcmp(time->boot, boot) == 0;
}

struct bsg_time bsg_agent_time_now(const struct bsg_agent_time *time, const struct bsg_clock *clock,
				   const char *boot)
{
	struct bsg_time now = { .mono_ms = bsg_clock_mono_ms(clock) };
	bool same = same_boot(time, boot);
	int64_t floor, wall;

	if (same && time->has_reference) {
		now.utc = time->ref_utc + (now.mono_ms - time->ref_mono_ms) / 1000;
		now.auth = true;
		return now;
	}
	floor = time->last_utc + (now.mono_ms - (same ? time->last_mono_ms : 0)) / 1000;
	wall = bsg_clock_utc(clock);
	now.utc = time->last_utc != 0 && floor > wall ? floor : wall;
	return now;
}

void bsg_agent_time_note(struct bsg_agent_time *time, const char *boot, const struct bsg_time *now)
{
	if (!same_boot(time, boot)) {
		time->has_reference = false;
		memset(time->boot, 0, sizeof(time->boot));
		memcpy(time->boot, boot, strnlen(boot, BSG_UUID_LEN));
	}
	time->last_utc = now->utc;
	time->last_mono_ms = now->mono_ms;
}

bool bsg_agent_time_learn(struct bsg_agent_time *time, const struct bsg_clock *clock, const char *boot,
			  int64_t utc, int64_t mono_ms, bool may_go_back)
{
	struct bsg_time now = bsg_agent_time_now(time, clock, boot);
	int64_t said = utc + (now.mono_ms - mono_ms) / 1000;
	int64_t difference = said - now.utc;

	if (utc <= 0 || (!may_go_back && difference < 0))
		return false;
	if (now.auth && difference >= -ROUNDING_S && difference <= ROUNDING_S)
		return false;
	bsg_agent_time_note(time, boot, &(struct bsg_time){ .utc = said, .mono_ms = now.mono_ms });
	time->has_reference = true;
	time->ref_utc = utc;
	time->ref_mono_ms = mono_ms;
	return true;
}
