/* SPDX-License-Identifier: Apache-2.0 */
/* How health is judged, the same everywhere: ends of certificates, addresses that phones cannot reach. Rules V80-V84. */
#ifndef BSG_PLATFORM_HEALTH_H
#define BSG_PLATFORM_HEALTH_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "platform/platform.h"

#define BSG_HEALTH_DAY INT64_C(86400)

/** Judge what ends at @end: a warning 60 days before, bad in the last week and after it. */
static inline enum bsg_health bsg_health_of_end(int64_t end, int64_t now)
{
	if (end - now < 7 * BSG_HEALTH_DAY)
		return BSG_HEALTH_BAD;
	return end - now < 60 * BSG_HEALTH_DAY ? BSG_HEALTH_WARNING : BSG_HEALTH_OK;
}

/** Whether a URL leads to this machine alone. */
static inline bool bsg_health_is_loopback(const char *url)
{
	static const char *const hosts[] = {"https://127.", "https://localhost", "https://[::1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strncmp(url, hosts[i], strlen(hosts[i])) == 0)
			return true;
	return false;
}

/** Fill a line. @param remedy  left out with OK @param fmt  what was found */
static inline void __attribute__((format(printf, 5, 6)))
bsg_health_say(struct bsg_health_line *line, const char *name, enum bsg_health health, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	*line = (struct bsg_health_line){.name = name, .health = health};
	va_start(ap, fmt);
	(void)vsnprintf(line->what, sizeof(line->what), fmt, ap);
	va_end(ap);
	if (health != BSG_HEALTH_OK)
		(void)snprintf(line->remedy, sizeof(line->remedy), "%s", remedy);
}

/** Fill a line about something that ends. */
static inline void bsg_health_say_end(struct bsg_health_line *line, const char *name, int64_t end, int64_t now, const char *remedy)
{
	const int64_t days = (end - now) / BSG_HEALTH_DAY;

	if (end < now)
		bsg_health_say(line, name, BSG_HEALTH_BAD, remedy, "ended %lld days ago", (long long)-days);
	else
		bsg_health_say(line, name, bsg_health_of_end(end, now), remedy, "ends in %lld days", (long long)days);
}

#endif
