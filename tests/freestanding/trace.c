/* SPDX-License-Identifier: Apache-2.0 */
/* See trace.h: what a host does around bsg_step(), in a loop. */
#include "tests/freestanding/trace.h"

#include "tests/freestanding/json.h"

/* Large, so not on the stack; one trace a process. */
static struct bsg_orders in_force, incoming;
static struct bsg_state state, again;
static struct bsg_output output;
static struct bsg_guest kept[BSG_GUESTS_MAX], arriving;
static size_t n_kept;

static bool same_credential(const struct bsg_guest *a, const struct bsg_guest *b)
{
	for (size_t i = 0; i < BSG_DIGEST_LEN; i++)
		if (a->digest[i] != b->digest[i])
			return false;
	return a->place.len == b->place.len;
}

static void keep_guests(const struct bsg_guest *newest)
{
	size_t n = 0;
	bool have = false;

	for (size_t i = 0; i < n_kept; i++) {
		if (!bsg_state_needs_guest(&state, &kept[i]))
			continue;
		have = have || (newest != NULL && same_credential(&kept[i], newest));
		kept[n++] = kept[i];
	}
	n_kept = n;
	if (newest != NULL && !have && n_kept < BSG_GUESTS_MAX && bsg_state_needs_guest(&state, newest))
		kept[n_kept++] = *newest;
}

/* The state goes to bytes and back between any two steps, as over a restart. */
static bool restart(uint32_t *sum)
{
	static uint8_t bytes[BSG_STATE_BYTES_MAX];
	size_t len = bsg_state_encode(&state, bytes);

	for (size_t i = 0; i < len; i++)
		*sum = (*sum ^ bytes[i]) * UINT32_C(0x01000193);
	if (bsg_state_decode((struct bsg_bytes){ bytes, len }, &again) != BSG_OK)
		return false;
	state = again;
	return true;
}

static bool run_event(struct bsg_str json, uint32_t *sum)
{
	struct bsg_event event;

	if (!trace_read_event(json, &event, &arriving))
		return false;
	if (event.kind == BSG_EVENT_ORDERS_CHANGED) {
		if (!trace_read_orders(json_get(json, "orders"), &incoming))
			return false;
		event.u.orders = &incoming;
	}
	if (bsg_step(&in_force, kept, n_kept, &state, &event, &state, &output) != BSG_OK)
		return false;
	trace_write_output(&output);	/* before what it borrows from moves */
	if (output.orders_taken)
		in_force = incoming;
	keep_guests(event.kind == BSG_EVENT_GATE_IN ? event.u.gate.guest : NULL);
	return restart(sum);
}

bool trace_run(struct bsg_str orders, struct bsg_str events)
{
	uint32_t sum = UINT32_C(0x811c9dc5);
	size_t from = 0;

	if (!trace_read_orders(json_whole(orders), &in_force))
		return false;
	for (size_t at = 0; at < events.len; at++) {
		struct bsg_str line = { events.ptr + from, at - from };

		if (events.ptr[at] != '\n')
			continue;
		from = at + 1;
		if (line.len != 0 && !run_event(json_whole(line), &sum))
			return false;
	}
	trace_write_hex("states", sum);
	return true;
}
