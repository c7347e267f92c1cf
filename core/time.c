/* SPDX-License-Identifier: Apache-2.0 */
/* D8.1 to D8.7: what time it is, and what a clock that was set back does to what is remembered. */
#include "core/internal.h"

#define STANDS_STILL_S 10	/* so far behind, authenticated time waits instead of stepping back */
#define LOCK_S 600

/* D8.6: nothing remembered lies in the future. */
static void set_back(uint32_t *moment, int64_t now)
{
	if (*moment > now)
		*moment = (uint32_t)bsg_most(now - 1, BSG_TIME_MIN);
}

static void cut(uint32_t *deadline, int64_t latest)
{
	if (*deadline > latest)
		*deadline = (uint32_t)latest;
}

static void set_place_back(struct bsg_place_state *slot, int64_t now)
{
	cut(&slot->end, now + (slot->end - slot->anchor));
	cut(&slot->lock_until, now + LOCK_S);
	set_back(&slot->since, now);
	set_back(&slot->anchor, now);
	set_back(&slot->evidence, now);
	set_back(&slot->far, now);
	set_back(&slot->quiet, now);
}

static void set_back_break_glass(struct bsg_state *state, int64_t now)
{
	uint32_t pressed = 0;

	for (size_t i = 0; i < BSG_BREAK_GLASS_PER_DAY_MAX; i++)
		if (state->presses[i] != 0)
			pressed = state->presses[i];
	if (pressed != 0 && state->break_glass_until != 0)
		cut(&state->break_glass_until, now + (state->break_glass_until - pressed));
	for (size_t i = 0; i < BSG_BREAK_GLASS_PER_DAY_MAX; i++)
		set_back(&state->presses[i], now);
}

static void set_state_back(struct bsg_state *state, int64_t now)
{
	for (size_t k = 0; k < N_SLOTS; k++)
		set_place_back(bsg_slot(state, k), now);
	set_back(&state->last_gate, now);
	set_back(&state->last_gate_in, now);
	set_back(&state->release_at, now);
	set_back_break_glass(state, now);
}

struct reading {
	int64_t utc, mono;	/* cut to what can be */
	int64_t base;		/* the monotonic time that elapsed seconds count from */
	int64_t elapsed;
	int64_t expected;
	bool restart;
};

static struct reading read_clock(const struct bsg_state *state, const struct bsg_time *time, bool boot)
{
	struct reading r = { .utc = bsg_cut_time(time->utc), .mono = bsg_most(time->mono_ms, 0) };

	r.restart = boot || r.mono < state->mono_ms;
	r.base = r.restart ? 0 : state->mono_ms;
	/* 32 bits: no 64-bit division on armv7a; 49 days without a step are enough. */
	r.elapsed = (int64_t)((uint32_t)bsg_least(r.mono - r.base, UINT32_MAX) / 1000u);
	r.expected = bsg_least(state->now + r.elapsed, BSG_TIME_MAX);
	return r;
}

static int64_t authenticated_now(struct bsg_context *c, const struct reading *r)
{
	int64_t behind = c->state->now - r->utc;
	int64_t off = r->utc - r->expected;
	bool back = behind > STANDS_STILL_S;

	if (back)
		set_state_back(c->state, r->utc);
	if (r->restart ? back : off > STANDS_STILL_S || off < -STANDS_STILL_S)
		bsg_say(c, BSG_OUT_CLOCK_CORRECTED, (struct bsg_str){ NULL, 0 }, off);
	return back || behind <= 0 ? r->utc : c->state->now;
}

void bsg_clock_step(struct bsg_context *c, const struct bsg_event *event)
{
	struct bsg_state *state = c->state;
	struct reading r = read_clock(state, &event->time, event->kind == BSG_EVENT_BOOT);

	c->auth = event->time.auth;
	state->auth = c->auth;
	if (state->now == 0) {	/* D8.1 */
		c->now = r.utc;
		state->mono_ms = r.mono;
	} else {
		c->now = c->auth ? authenticated_now(c, &r) : bsg_most(r.utc, r.expected);
		state->mono_ms = c->now == r.expected ? r.base + 1000 * r.elapsed : r.mono;
	}
	state->now = (uint32_t)c->now;
}

bool bsg_tick_is_quiet(const struct bsg_orders *orders, const struct bsg_state *state, const struct bsg_time *time)
{
	struct reading r = read_clock(state, time, false);
	int64_t off = r.utc - r.expected;

	if (orders == NULL || r.restart || state->quiet_until == 0 || time->auth != (state->auth != 0) ||
	    orders->serial != state->serial || !bsg_same_bytes(orders->digest, state->digest, BSG_DIGEST_LEN))
		return false;
	if (!time->auth)
		return bsg_most(r.utc, r.expected) < state->quiet_until;
	return off >= -STANDS_STILL_S && off <= STANDS_STILL_S && r.utc >= state->now && r.utc < state->quiet_until;
}
