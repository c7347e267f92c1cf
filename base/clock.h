/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where time comes from. Everything that asks for the time is handed a clock,
 * so that a test decides what time it is; nothing calls time(2) by itself.
 */
#ifndef BSG_BASE_CLOCK_H
#define BSG_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

/* A clock: two functions that are safe from any thread. */
struct bsg_clock {
	int64_t (*utc_ms)(const struct bsg_clock *clock);	/* Unix time, may jump */
	int64_t (*mono_ms)(const struct bsg_clock *clock);	/* since boot, through sleep */
};

/** The machine's clock: CLOCK_REALTIME and CLOCK_BOOTTIME. Never NULL, never freed. */
const struct bsg_clock *bsg_clock_system(void);

/** Unix seconds, UTC. The machine may set it back: never measure a duration with it. */
int64_t bsg_clock_utc(const struct bsg_clock *clock);

/** Unix milliseconds, UTC; see bsg_clock_utc(). */
int64_t bsg_clock_utc_ms(const struct bsg_clock *clock);

/** Milliseconds since boot, counting through sleep; never goes back within one boot. */
int64_t bsg_clock_mono_ms(const struct bsg_clock *clock);

/*
 * A clock for tests: it stands until told to move. Hand out &fake.clock, which
 * must be the first member. Any thread may read while one moves it.
 */
struct bsg_fake_clock {
	struct bsg_clock clock;
	_Atomic int64_t utc_ms;
	_Atomic int64_t mono_ms;
};

/** Set @fake to @utc (Unix seconds), one second after its boot. */
void bsg_fake_clock_init(struct bsg_fake_clock *fake, int64_t utc);

/** Let @ms pass, in both times. */
void bsg_fake_clock_pass(struct bsg_fake_clock *fake, int64_t ms);

/** Set the wall clock to @utc, as an administrator would; no time passes. */
void bsg_fake_clock_set_utc(struct bsg_fake_clock *fake, int64_t utc);

#endif
