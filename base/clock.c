/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clock and the clock of tests. */
#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts = { 0 };

	/* Fails only for an unknown clock or a bad pointer: both would be our bug. */
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_utc_ms(const struct bsg_clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(const struct bsg_clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_BOOTTIME);
}

static const struct bsg_clock system_clock = { system_utc_ms, system_mono_ms };

const struct bsg_clock *bsg_clock_system(void)
{
	return &system_clock;
}

int64_t bsg_clock_utc_ms(const struct bsg_clock *clock)
{
	return clock->utc_ms(clock);
}

int64_t bsg_clock_utc(const struct bsg_clock *clock)
{
	int64_t ms = clock->utc_ms(clock);

	return ms >= 0 ? ms / 1000 : (ms - 999) / 1000;
}

int64_t bsg_clock_mono_ms(const struct bsg_clock *clock)
{
	return clock->mono_ms(clock);
}

/* The clock is the first member, see the header. */
static const struct bsg_fake_clock *fake_of(const struct bsg_clock *clock)
{
	return (const struct bsg_fake_clock *)(const void *)clock;
}

static int64_t fake_utc_ms(const struct bsg_clock *clock)
{
	return fake_of(clock)->utc_ms;
}

static int64_t fake_mono_ms(const struct bsg_clock *clock)
{
	return fake_of(clock)->mono_ms;
}

void bsg_fake_clock_init(struct bsg_fake_clock *fake, int64_t utc)
{
	fake->clock.utc_ms = fake_utc_ms;
	fake->clock.mono_ms = fake_mono_ms;
	fake->utc_ms = utc * 1000;
	fake->mono_ms = 1000;
}

void bsg_fake_clock_pass(struct bsg_fake_clock *fake, int64_t ms)
{
	fake->utc_ms += ms;
	fake->mono_ms += ms;
}

void bsg_fake_clock_set_utc(struct bsg_fake_clock *fake, int64_t utc)
{
	fake->utc_ms = utc * 1000;
}
