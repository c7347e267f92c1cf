/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own pass: "restricted now, under orders N", signed by the device. */
#include <string.h>

#include "agent/linux/agent.h"
#include "crypto/cose.h"
#include "crypto/random.h"

static const char *const no_pass[] = {
	[BSG_PASS_NONE] = "no orders", [BSG_PASS_ORDERS_EXPIRED] = "the orders have expired: connect to the network",
	[BSG_PASS_RELEASED] = "the helpdesk has released this device",
	[BSG_PASS_TIME_UNVERIFIED] = "the time is not known: connect to the network",
	[BSG_PASS_BREAK_GLASS] = "break-glass is running",
	[BSG_PASS_LEFT_UNCONFIRMED] = "this device left without passing a gate",
	[BSG_PASS_ABSENT] = "not at a place: pass a gate, or say that you enter",
};

static bool is_present(const struct bsg_agent *agent, struct bsg_str id)
{
	for (size_t i = 0; i < agent->output.n_present; i++)
		if (bsg_str_equal(agent->output.present[i].place, id))
			return true;
	return false;
}

/* The place that a pass is for: @name, or the outermost of those where the device is present. */
static const struct bsg_out_present *choose(const struct bsg_agent *agent, const char *name, int *place)
{
	for (size_t i = 0; i < agent->output.n_present; i++) {
		const struct bsg_out_present *present = &agent->output.present[i];

		*place = bsg_agent_find_place(agent, present->place);
		if (*place < 0)
			continue;	/* a guest place has no pseudonym */
		if (name ? bsg_str_equal(present->place, (struct bsg_str){ name, strlen(name) }) :
			   !is_present(agent, agent->orders.message->orders.places[*place].parent))
			return present;
	}
	return NULL;
}

/* What is in a pass was looked at: a function that leaks is not in it. */
static uint32_t verified_functions(const struct bsg_agent *agent)
{
	uint32_t functions = 0;

	for (size_t i = 0; i < agent->n_slots; i++)
		if (agent->slot[i].wanted && agent->slot[i].state == BSG_REPORT_VERIFIED)
			functions |= agent->slot[i].bit;
	return functions & agent->output.restricted;
}

static void remember_nonce(struct bsg_agent *agent, const uint8_t *nonce)
{
	struct bsg_agent_nonce *slot = &agent->nonce[0];

	for (size_t i = 1; i < BSG_AGENT_NONCES; i++)
		if (agent->nonce[i].mono_ms < slot->mono_ms)
			slot = &agent->nonce[i];
	memcpy(slot->nonce, nonce, BSG_NONCE_LEN);
	slot->mono_ms = bsg_clock_mono_ms(agent->clock);
}

static enum bsg_err fill(struct bsg_agent *agent, const struct bsg_out_present *present, int place,
			 struct bsg_pass *pass, struct bsg_error *err)
{
	int64_t now = bsg_agent_now(agent).utc;

	*pass = (struct bsg_pass){ .issued = now, .expires = now + BSG_PASS_LIFE_S, .has_nonce = true,
		.serial = agent->orders.message->orders.serial, .functions = verified_functions(agent),
		.n_break_glass = agent->output.break_glass_total, .by = present->by };
	memcpy(pass->pseudonym, agent->orders.message->places[place].pseudonym, BSG_PSEUDONYM_LEN);
	/* On disk before it is shown: a gate counts each sequence once. */
	pass->sequence = ++agent->saved.pass_sequence;
	if (!bsg_agent_save(agent))
		return bsg_fail(err, BSG_E_UNAVAILABLE, "the state cannot be saved");
	return bsg_random(pass->nonce, sizeof(pass->nonce), err);
}

static enum bsg_err sign(struct bsg_agent *agent, const struct bsg_pass *pass,
			 struct bsg_agent_passed *out, struct bsg_error *err)
{
	uint8_t payload[BSG_PASS_MAX];
	struct bsg_bytes encoded;
	struct bsg_buf message;
	enum bsg_err rc = bsg_pass_encode(pass, payload, sizeof(payload), &encoded);

	if (rc != BSG_OK)
		return bsg_fail(err, rc, "the pass cannot be encoded");
	bsg_buf_init(&message, BSG_PASS_MAX);
	rc = bsg_cose_sign(agent->keyring, BSG_COSE_PASS, encoded, &message, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&message, err);
	if (rc == BSG_OK) {
		memcpy(out->bytes, message.data, message.len);
		out->len = message.len;
		out->expires = pass->expires;
		remember_nonce(agent, pass->nonce);
	}
	bsg_buf_free(&message);
	return rc;
}

enum bsg_err bsg_agent_pass(struct bsg_agent *agent, const char *place, const struct bsg_token *token,
			    struct bsg_str gate, struct bsg_agent_passed *out, struct bsg_error *err)
{
	const struct bsg_out_present *present;
	struct bsg_pass pass;
	int index = -1;
	enum bsg_err rc;

	*out = (struct bsg_agent_passed){ 0 };
	if (!agent->output.may_pass)
		return bsg_fail(err, BSG_E_DENIED, "no pass: %s", no_pass[agent->output.why_no_pass]);
	present = choose(agent, place, &index);
	if (!present)
		return bsg_fail(err, BSG_E_DENIED, "no pass: %s", no_pass[BSG_PASS_ABSENT]);
	rc = fill(agent, present, index, &pass, err);
	if (rc != BSG_OK)
		return rc;
	memcpy(out->place, present->place.ptr, present->place.len);
	if (token) {
		pass.has_gate_nonce = true;
		memcpy(pass.gate_nonce, token->nonce, BSG_NONCE_LEN);
		pass.gate = gate;
	}
	return sign(agent, &pass, out, err);
}
