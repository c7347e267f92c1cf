/* SPDX-License-Identifier: Apache-2.0 */
/* One step of the decision, S1 to S7 of docs/spec/decision.md. See bosaga/decide.h. */
#include "core/internal.h"

static bool is_place_id(struct bsg_str id)
{
	if (id.len < 1 || id.len > BSG_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] == 0)
			return false;
	return true;
}

static bool is_valid(const struct bsg_event *event)
{
	const struct bsg_guest *guest = event->u.gate.guest;

	switch (event->kind) {
	case BSG_EVENT_GATE_IN:
		return is_place_id(event->u.gate.place) &&
		       (guest == NULL || (bsg_str_same(guest->place, event->u.gate.place) &&
					  bsg_guest_check(guest, NULL) == BSG_OK));
	case BSG_EVENT_GATE_OUT:
	case BSG_EVENT_SELF_IN:
		return is_place_id(event->u.gate.place);
	case BSG_EVENT_ORDERS_CHANGED:
		return event->u.orders != NULL && event->u.orders->prepared.done;
	case BSG_EVENT_TICK:
	case BSG_EVENT_BEACON_SEEN:
	case BSG_EVENT_BEACON_LOST:
	case BSG_EVENT_WIFI_SEEN:
	case BSG_EVENT_WIFI_LOST:
	case BSG_EVENT_FIX:
	case BSG_EVENT_BOOT:
	case BSG_EVENT_CLOCK_CHANGED:
	case BSG_EVENT_BREAK_GLASS:
		return true;
	}
	return false;
}

/* S3, the error: orders that cannot be those in force. */
static bool belong_together(const struct bsg_orders *orders, const struct bsg_state *state)
{
	if (orders == NULL || state->serial == 0)
		return true;
	if (!bsg_same_bytes(orders->device, state->device, BSG_DEVICE_LEN) || orders->serial < state->serial)
		return false;
	return orders->serial > state->serial || bsg_same_bytes(orders->digest, state->digest, BSG_DIGEST_LEN);
}

static bool is_credential(const struct bsg_state *state, size_t i, const struct bsg_guest *guest)
{
	return guest != NULL && state->guests[i].by != BSG_BY_NONE &&
	       bsg_same_bytes(guest->digest, state->guest_digest[i], BSG_DIGEST_LEN) &&
	       bsg_str_same(guest->place, bsg_slot_id(&state->guests[i]));
}

bool bsg_state_needs_guest(const struct bsg_state *state, const struct bsg_guest *guest)
{
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (is_credential(state, i, guest))
			return true;
	return false;
}

static void find_guests(struct bsg_context *c, const struct bsg_guest *guests, size_t n_guests,
			const struct bsg_event *event)
{
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++) {
		c->guest[i] = NULL;
		for (size_t j = 0; j < n_guests; j++)
			if (is_credential(c->state, i, &guests[j]))
				c->guest[i] = &guests[j];
		if (event->kind == BSG_EVENT_GATE_IN && is_credential(c->state, i, event->u.gate.guest))
			c->guest[i] = event->u.gate.guest;
	}
	bsg_drop_lost_guests(c);
}

static void forget_sight(struct bsg_context *c)
{
	for (size_t i = 0; i < c->orders->n_places; i++) {
		c->state->places[i].seen = 0;
		c->state->places[i].far = 0;
	}
}

/* S5. Events that need orders do nothing without. */
static void take_effect(struct bsg_context *c, const struct bsg_event *event)
{
	switch (event->kind) {
	case BSG_EVENT_TICK:
	case BSG_EVENT_CLOCK_CHANGED:
	case BSG_EVENT_ORDERS_CHANGED:
		break;
	case BSG_EVENT_GATE_IN:
		bsg_gate_in(c, event->u.gate.place, event->u.gate.at, event->u.gate.bound, event->u.gate.guest);
		break;
	case BSG_EVENT_GATE_OUT:
		bsg_gate_out(c, event->u.gate.place, event->u.gate.at);
		break;
	case BSG_EVENT_SELF_IN:
		bsg_self_in(c, event->u.gate.place);
		break;
	case BSG_EVENT_BEACON_SEEN:
		bsg_evidence_seen(c, event->u.id, BSG_EVIDENCE_BEACON);
		break;
	case BSG_EVENT_WIFI_SEEN:
		bsg_evidence_seen(c, event->u.id, BSG_EVIDENCE_WIFI);
		break;
	case BSG_EVENT_BEACON_LOST:
		bsg_evidence_lost(c, event->u.id, BSG_EVIDENCE_BEACON);
		break;
	case BSG_EVENT_WIFI_LOST:
		bsg_evidence_lost(c, event->u.id, BSG_EVIDENCE_WIFI);
		break;
	case BSG_EVENT_FIX:
		bsg_evidence_fix(c, event);
		break;
	case BSG_EVENT_BOOT:
		forget_sight(c);
		break;
	case BSG_EVENT_BREAK_GLASS:
		bsg_break_glass(c);
		break;
	}
}

static void take_new_orders(struct bsg_context *c, const struct bsg_event *event)
{
	if (event->kind != BSG_EVENT_ORDERS_CHANGED || !bsg_orders_acceptable(c, event->u.orders))
		return;
	bsg_take_orders(c, event->u.orders);
	c->out->orders_taken = true;
}

static void answer(struct bsg_context *c)
{
	if (c->orders == NULL) {
		c->out->why_no_pass = BSG_PASS_ORDERS_EXPIRED;
		c->state->quiet_until = 0;
		return;
	}
	bsg_answer(c);
	/* Also the moment at which a press is given back: a later step under unverified time would not. */
	c->state->quiet_until = c->out->next != 0 ? (uint32_t)c->out->next : UINT32_MAX;
	for (size_t i = 0; c->auth && i < BSG_BREAK_GLASS_PER_DAY_MAX && c->state->presses[i] != 0; i++)
		if ((int64_t)c->state->presses[i] + DAY_S < (int64_t)c->state->quiet_until)
			c->state->quiet_until = c->state->presses[i] + DAY_S;
}

/* Empty lists; what the counts and bits leave out is not read. */
static void clear(struct bsg_output *out)
{
	out->restricted = out->observed = 0;
	out->n_apps = out->n_present = out->n_reports = 0;
	out->may_pass = out->orders_taken = false;
	out->why_no_pass = BSG_PASS_NONE;
	out->break_glass_total = 0;
	out->next = out->lift_by = 0;
}

enum bsg_err bsg_step(const struct bsg_orders *orders, const struct bsg_guest *guests, size_t n_guests,
		      const struct bsg_state *state_in, const struct bsg_event *event,
		      struct bsg_state *state_out, struct bsg_output *out)
{
	struct bsg_context c = { .orders = orders, .state = state_out, .out = out };

	clear(out);
	if (state_out != state_in)
		*state_out = *state_in;
	if ((orders != NULL && !orders->prepared.done) || n_guests > BSG_GUESTS_MAX || !is_valid(event))
		return BSG_E_INVALID;
	if (!belong_together(orders, state_in))
		return BSG_E_CONFLICT;
	bsg_clock_step(&c, event);
	find_guests(&c, guests, n_guests, event);
	if (orders != NULL && orders->serial > c.state->serial)
		bsg_take_orders(&c, orders);
	bsg_settle(&c);
	take_new_orders(&c, event);
	if (event->kind != BSG_EVENT_TICK && c.orders != NULL) {	/* settling again at the same moment does nothing */
		take_effect(&c, event);
		bsg_settle(&c);
	}
	answer(&c);
	return BSG_OK;
}
