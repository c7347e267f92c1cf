/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga-calendar`: reads one calendar that may be hostile. So it first gives up what it does not need. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "schedule/calendar.h"
#include "schedule/sanitized.h"

/* Soft and hard alike: what is given up cannot be taken back. */
static const struct {
	int resource;
	rlim_t soft, hard;
} limits[] = {
	{ RLIMIT_CPU, 5, 6 },		/* SIGXCPU, then SIGKILL */
#if !BSG_SANITIZED		/* AddressSanitizer maps 16 TiB for its shadow */
	{ RLIMIT_AS, (rlim_t)256 << 20, (rlim_t)256 << 20 },
#endif
	{ RLIMIT_FSIZE, 1 << 20, 1 << 20 },	/* BSG_SCHEDULE_WINDOWS_MAX lines are less than half of it */
	{ RLIMIT_CORE, 0, 0 },		/* a calendar may be confidential */
	{ RLIMIT_NOFILE, 16, 16 },
};

static int limit_self(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit limit = { limits[i].soft, limits[i].hard };

		if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) != 0)
			return -1;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
	if (limit_self() != 0) {
		(void)printf("0 the limits on time and memory cannot be set\n");
		return BSG_CALENDAR_UNAVAILABLE;
	}
	return bsg_calendar_program(argc, (const char *const *)argv, stdin, stdout);
}
