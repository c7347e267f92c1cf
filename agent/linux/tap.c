/* SPDX-License-Identifier: Apache-2.0 */
/* Threshold tokens, exit codes, "I am entering", break-glass: what the owner of the device does. */
#include <stdlib.h>
#include <string.h>

#include "agent/linux/agent.h"
#include "base/file.h"
#include "base/hex.h"
#include "crypto/cose.h"
#include "crypto/place.h"
#include "wire/base45.h"

#define SLACK_S 30		/* between our clock and a gate's */
#define CODE_TRIES 5
#define CODE_WAIT_S 30
#define CODE_WAIT_MAX_S 900

static void report_crossing(struct bsg_agent *agent, struct bsg_str place, struct bsg_str gate,
			    enum bsg_direction direction, int64_t at, enum bsg_report_by by)
{
	struct bsg_report_item *item = calloc(1, sizeof(*item));

	if (!item)
		return;
	item->kind = BSG_REPORT_CROSSING;
	item->crossing = (struct bsg_report_crossing){ place, gate, direction, at, by };
	bsg_agent_report(agent, item);
	free(item);
}

static bool has_report(const struct bsg_agent *agent, enum bsg_out_kind kind)
{
	for (size_t i = 0; i < agent->output.n_reports; i++)
		if (agent->output.reports[i].kind == kind)
			return true;
	return false;
}

/* --- tokens --- */

/* A token with all that it needs to be believed. */
struct tapped {
	struct bsg_token token;
	struct bsg_gate_credential credential;
};

static enum bsg_err read_token(const struct bsg_agent *agent, struct bsg_bytes message,
			       struct tapped *out, struct bsg_error *err)
{
	struct bsg_public_key key;
	struct bsg_bytes payload;
	const char *why;
	enum bsg_err rc = bsg_cose_peek(BSG_COSE_THRESHOLD_TOKEN, message, &payload, err);

	if (rc != BSG_OK)
		return rc;
	rc = bsg_token_decode(payload, &out->token, &why);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "token: %s", why);
	/* At the token's own time: whether that is now is judged below. */
	rc = bsg_agent_read_credential(agent, out->token.credential, out->token.issued, &out->credential, err);
	if (rc == BSG_OK)
		rc = bsg_public_key_from_xy(out->credential.key_x, out->credential.key_y, &key, err);
	if (rc == BSG_OK)
		rc = bsg_cose_verify_key(BSG_COSE_THRESHOLD_TOKEN, message, &key, &payload, err);
	if (rc == BSG_OK && (out->token.issued < out->credential.issued ||
			     out->token.issued > out->credential.expires))
		rc = bsg_fail(err, BSG_E_DENIED, "the gate's credential has expired");
	return rc;
}

/* Does it repeat the nonce of a pass that we showed a moment ago? */
static bool repeats_our_nonce(const struct bsg_agent *agent, const struct bsg_token *token)
{
	int64_t now = bsg_clock_mono_ms(agent->clock);

	for (size_t i = 0; i < BSG_AGENT_NONCES; i++)
		if (agent->nonce[i].mono_ms != 0 &&
		    now - agent->nonce[i].mono_ms <= BSG_AGENT_NONCE_LIFE_S * INT64_C(1000) &&
		    bsg_equal(agent->nonce[i].nonce, token->pass_nonce, BSG_NONCE_LEN))
			return true;
	return false;
}

static enum bsg_err check_bound(const struct bsg_agent *agent, const struct tapped *t, struct bsg_error *err)
{
	int place = bsg_agent_find_place(agent, t->credential.place);

	if (!t->token.bound)
		return BSG_OK;
	if (place < 0 || !bsg_equal(agent->orders.message->places[place].pseudonym, t->token.pseudonym,
				    BSG_PSEUDONYM_LEN))
		return bsg_fail(err, BSG_E_DENIED, "this token is for another phone");
	if (!repeats_our_nonce(agent, &t->token))
		return bsg_fail(err, BSG_E_DENIED, "this token answers no pass of the last %d s: show a new pass",
				BSG_AGENT_NONCE_LIFE_S);
	return BSG_OK;
}

static enum bsg_err check_new(const struct bsg_agent *agent, const struct bsg_token *token,
			      struct bsg_error *err)
{
	for (size_t i = 0; i < BSG_SAVED_TOKENS; i++)
		if (agent->saved.token[i].expires &&
		    bsg_equal(agent->saved.token[i].nonce, token->nonce, BSG_NONCE_LEN))
			return bsg_fail(err, BSG_E_DENIED, "this token was used before");
	return BSG_OK;
}

/* Forget the one that expires first; sixteen tokens of 30 s do not come together. */
static void mark_used(struct bsg_agent *agent, const struct bsg_token *token)
{
	struct bsg_saved_token *slot = &agent->saved.token[0];

	for (size_t i = 1; i < BSG_SAVED_TOKENS; i++)
		if (agent->saved.token[i].expires < slot->expires)
			slot = &agent->saved.token[i];
	memcpy(slot->nonce, token->nonce, BSG_NONCE_LEN);
	slot->expires = token->expires + SLACK_S;
}

/* Learn the time where it may teach it, then judge whether the token is of now. */
static enum bsg_err check_time(struct bsg_agent *agent, const struct bsg_token *token,
			       struct bsg_error *err)
{
	int64_t now;

	if (!bsg_agent_now(agent).auth)
		bsg_agent_time_learn(&agent->saved.time, agent->clock, agent->boot, token->issued,
				     bsg_clock_mono_ms(agent->clock), token->bound);
	now = bsg_agent_now(agent).utc;
	if (now > token->expires + SLACK_S)
		return bsg_fail(err, BSG_E_DENIED, "this token has expired: ask the gate for a new one");
	if (now < token->issued - SLACK_S)
		return bsg_fail(err, BSG_E_DENIED, "this token is from the future: the clock here or at the gate is wrong");
	return BSG_OK;
}

/* Keep the credential of a place that our orders do not know, for as long as core needs it (D13). */
static enum bsg_err keep_guest(struct bsg_agent *agent, struct bsg_bytes message, struct bsg_error *err)
{
	struct bsg_gate_credential credential;
	size_t i = 0;
	enum bsg_err rc;

	while (i < BSG_GUESTS_MAX && agent->guest[i].bytes &&
	       bsg_state_needs_guest(&agent->saved.core, &agent->guest[i].guest))
		i++;
	if (i == BSG_GUESTS_MAX)
		return bsg_fail(err, BSG_E_BUG, "no slot for a guest place");
	free(agent->guest[i].bytes);
	agent->guest[i] = (struct bsg_agent_guest){ .bytes = malloc(message.len), .len = message.len };
	if (!agent->guest[i].bytes)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	memcpy(agent->guest[i].bytes, message.ptr, message.len);
	message.ptr = agent->guest[i].bytes;
	rc = bsg_agent_read_credential(agent, message, 0, &credential, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(agent->paths.guest[i], message.ptr, message.len, 0600, err);
	agent->guest[i].guest = credential.guest;
	return rc;
}

static bool stores_guest(const struct bsg_agent *agent, const struct bsg_guest *guest)
{
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (agent->guest[i].bytes &&
		    memcmp(agent->guest[i].guest.digest, guest->digest, BSG_DIGEST_LEN) == 0)
			return false;
	return bsg_state_needs_guest(&agent->saved.core, guest);
}

static enum bsg_err step_token(struct bsg_agent *agent, const struct tapped *t, struct bsg_error *err)
{
	struct bsg_event event = { .kind = t->token.direction == BSG_DIRECTION_IN ? BSG_EVENT_GATE_IN :
									      BSG_EVENT_GATE_OUT };
	bool stale;
	enum bsg_err rc;

	event.u.gate.place = t->credential.place;
	event.u.gate.at = t->token.issued;
	event.u.gate.bound = t->token.bound;
	if (t->credential.has_guest && bsg_agent_find_place(agent, t->credential.place) < 0)
		event.u.gate.guest = &t->credential.guest;
	rc = bsg_agent_step(agent, &event, err);
	if (rc != BSG_OK)
		return rc;
	stale = has_report(agent, BSG_OUT_GATE_EVENT_STALE);
	if (has_report(agent, BSG_OUT_UNKNOWN_PLACE) || has_report(agent, BSG_OUT_GUEST_REFUSED))
		rc = bsg_fail(err, BSG_E_DENIED, "this place is not one of yours");
	if (event.u.gate.guest && stores_guest(agent, &t->credential.guest))
		rc = keep_guest(agent, t->token.credential, err);
	if (event.u.gate.guest) {
		/* The output borrowed from the token: have it borrow from what we keep. */
		struct bsg_event again = { .kind = BSG_EVENT_TICK };
		struct bsg_error ignored;

		if (bsg_agent_step(agent, &again, &ignored) != BSG_OK)
			memset(&agent->output, 0, sizeof(agent->output));
	}
	if (rc == BSG_OK && stale)
		rc = bsg_fail(err, BSG_E_DENIED, "a later crossing is already known");
	return rc;
}

static enum bsg_err take_token(struct bsg_agent *agent, struct bsg_bytes message, struct tapped *t,
			       struct bsg_agent_tapped *out, struct bsg_error *err)
{
	struct bsg_agent_passed passed;
	struct bsg_error no_pass;
	enum bsg_err rc = read_token(agent, message, t, err);

	if (rc == BSG_OK)
		rc = check_new(agent, &t->token, err);
	if (rc == BSG_OK)
		rc = check_bound(agent, t, err);
	if (rc == BSG_OK)
		rc = check_time(agent, &t->token, err);
	if (rc != BSG_OK)
		return rc;
	mark_used(agent, &t->token);
	rc = step_token(agent, t, err);
	if (rc != BSG_OK)
		return rc;
	memcpy(out->place, t->credential.place.ptr, t->credential.place.len);
	out->direction = t->token.direction;
	report_crossing(agent, t->credential.place, t->credential.gate, t->token.direction, t->token.issued,
			BSG_REPORT_BY_TOKEN);
	if (t->token.direction == BSG_DIRECTION_IN &&
	    bsg_agent_pass(agent, out->place, &t->token, t->credential.gate, &passed, &no_pass) == BSG_OK) {
		out->has_pass = true;
		out->pass_len = passed.len;
		memcpy(out->pass, passed.bytes, passed.len);
	}
	return BSG_OK;
}

/* Hexadecimal or base45, whichever gives an envelope: some texts are both. */
static enum bsg_err decode_text(const char *text, uint8_t *buf, size_t cap, struct bsg_bytes *out,
				struct bsg_error *err)
{
	struct bsg_bytes payload;
	size_t len = 0;

	out->ptr = buf;
	if (bsg_hex_decode(text, strlen(text), buf, cap, &len, err) == BSG_OK) {
		out->len = len;
		if (bsg_cose_peek(BSG_COSE_THRESHOLD_TOKEN, *out, &payload, err) == BSG_OK)
			return BSG_OK;
	}
	if (bsg_base45_decode((struct bsg_str){ text, strlen(text) }, buf, cap, &len) == BSG_OK) {
		out->len = len;
		return BSG_OK;
	}
	return bsg_fail(err, BSG_E_INVALID, "neither a threshold token nor a code of eight digits");
}

static enum bsg_err tap_token(struct bsg_agent *agent, const char *text, struct bsg_agent_tapped *out,
			      struct bsg_error *err)
{
	uint8_t *buf = malloc(BSG_TOKEN_MAX);
	struct tapped *t = calloc(1, sizeof(*t));
	struct bsg_bytes message;
	enum bsg_err rc = buf && t ? decode_text(text, buf, BSG_TOKEN_MAX, &message, err) :
				     bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");

	if (rc == BSG_OK)
		rc = take_token(agent, message, t, out, err);
	free(t);
	free(buf);
	return rc;
}

/* --- exit codes --- */

static struct bsg_saved_code *code_of(struct bsg_agent *agent, struct bsg_str place)
{
	struct bsg_saved_code *oldest = &agent->saved.code[0];

	for (size_t i = 0; i < BSG_PLACES_MAX; i++) {
		struct bsg_saved_code *code = &agent->saved.code[i];

		if (bsg_str_equal((struct bsg_str){ code->place, strlen(code->place) }, place))
			return code;
		if (code->step < oldest->step)
			oldest = code;
	}
	memset(oldest, 0, sizeof(*oldest));
	memcpy(oldest->place, place.ptr, place.len);
	return oldest;
}

/* Try all steps of the slack, always all; @return the step that matched, or -1 */
static int64_t match_code(const struct bsg_agent *agent, int place, const char *text)
{
	int64_t middle = bsg_exit_code_step(bsg_agent_now(agent).utc), found = -1;

	for (int64_t step = middle - BSG_EXIT_CODE_SLACK; step <= middle + BSG_EXIT_CODE_SLACK; step++) {
		const uint8_t *key = bsg_orders_exit_key(agent->orders.message, (size_t)place,
							 bsg_exit_code_day(step));
		char code[BSG_EXIT_CODE_DIGITS + 1];
		struct bsg_error err;

		if (key && bsg_exit_code(key, step, code, &err) == BSG_OK && bsg_exit_code_equal(code, text))
			found = step;
		bsg_wipe(code, sizeof(code));
	}
	return found;
}

/* A place where the device is present and whose code this is, not taken before. */
static bool find_code(struct bsg_agent *agent, const char *text, struct bsg_str *place)
{
	bool found = false;

	for (size_t i = 0; i < agent->output.n_present; i++) {
		struct bsg_str id = agent->output.present[i].place;
		int index = bsg_agent_find_place(agent, id);
		int64_t step = index < 0 ? -1 : match_code(agent, index, text);
		struct bsg_saved_code *code;

		if (step < 0)
			continue;
		code = code_of(agent, id);
		if (step <= code->step)
			continue;
		code->step = step;
		*place = id;
		found = true;
	}
	return found;
}

static enum bsg_err wrong_code(struct bsg_agent *agent, int64_t now, struct bsg_error *err)
{
	uint32_t past = ++agent->saved.wrong_codes;
	int64_t wait = CODE_WAIT_S;

	if (past >= CODE_TRIES) {
		for (past -= CODE_TRIES; past > 0 && wait < CODE_WAIT_MAX_S; past--)
			wait *= 2;
		agent->saved.codes_from = now + (wait < CODE_WAIT_MAX_S ? wait : CODE_WAIT_MAX_S);
	}
	/* On disk before the answer: pulling the battery gives no new tries. */
	if (!bsg_agent_save(agent))
		return bsg_fail(err, BSG_E_UNAVAILABLE, "the state cannot be saved");
	return bsg_fail(err, BSG_E_DENIED, "this code is not right, or was used");
}

static enum bsg_err tap_code(struct bsg_agent *agent, const char *text, struct bsg_agent_tapped *out,
			     struct bsg_error *err)
{
	struct bsg_event event = { .kind = BSG_EVENT_GATE_OUT };
	int64_t now = bsg_agent_now(agent).utc;
	struct bsg_str place;
	enum bsg_err rc;

	if (agent->saved.codes_from > now + CODE_WAIT_MAX_S)
		agent->saved.codes_from = now + CODE_WAIT_MAX_S;	/* the clock was set back */
	if (agent->saved.codes_from > now)
		return bsg_fail(err, BSG_E_DENIED, "too many wrong codes: try again in %d s",
				(int)(agent->saved.codes_from - now));
	if (agent->output.n_present == 0)
		return bsg_fail(err, BSG_E_DENIED, "not at a place: there is nothing to lift");
	if (!find_code(agent, text, &place))
		return wrong_code(agent, now, err);
	agent->saved.wrong_codes = 0;
	agent->saved.codes_from = 0;
	memcpy(out->place, place.ptr, place.len);
	out->direction = BSG_DIRECTION_OUT;
	event.u.gate.place = (struct bsg_str){ out->place, place.len };
	event.u.gate.bound = true;
	rc = bsg_agent_step(agent, &event, err);
	if (rc == BSG_OK)
		report_crossing(agent, event.u.gate.place, (struct bsg_str){ 0 }, BSG_DIRECTION_OUT, now,
				BSG_REPORT_BY_CODE);
	return rc;
}

enum bsg_err bsg_agent_tap(struct bsg_agent *agent, const char *text, struct bsg_agent_tapped *out,
			   struct bsg_error *err)
{
	*out = (struct bsg_agent_tapped){ 0 };
	if (bsg_exit_code_is_code(text))
		return tap_code(agent, text, out, err);
	return tap_token(agent, text, out, err);
}

/* --- the owner's own word --- */

static bool is_present(const struct bsg_agent *agent, const char *place)
{
	for (size_t i = 0; i < agent->output.n_present; i++)
		if (bsg_str_equal(agent->output.present[i].place, (struct bsg_str){ place, strlen(place) }))
			return true;
	return false;
}

enum bsg_err bsg_agent_enter(struct bsg_agent *agent, const char *place, struct bsg_error *err)
{
	struct bsg_event event = { .kind = BSG_EVENT_SELF_IN };
	int index = bsg_agent_find_place(agent, (struct bsg_str){ place, strlen(place) });
	bool was_present;
	enum bsg_err rc;

	if (index < 0 || !(agent->orders.message->orders.places[index].enter_by & BSG_ENTER_SELF))
		return bsg_fail(err, BSG_E_DENIED, "%.60s is entered by its gate", place);
	event.u.gate.place = (struct bsg_str){ place, strlen(place) };
	was_present = is_present(agent, place);
	rc = bsg_agent_step(agent, &event, err);
	if (rc == BSG_OK && !was_present && is_present(agent, place))	/* repeated it is no second crossing (D4.6) */
		report_crossing(agent, event.u.gate.place, (struct bsg_str){ 0 }, BSG_DIRECTION_IN,
				bsg_agent_now(agent).utc, BSG_REPORT_BY_SELF);
	return rc;
}

/* What a report may say (W7, and its limit): no control characters, no half characters at the end. */
static struct bsg_str clean(const char *text, char out[static BSG_REPORT_TEXT_MAX])
{
	size_t len = strnlen(text, BSG_REPORT_TEXT_MAX + 1);

	if (len > BSG_REPORT_TEXT_MAX)
		for (len = BSG_REPORT_TEXT_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
	return (struct bsg_str){ out, len };
}

static int64_t break_glass_end(const struct bsg_agent *agent)
{
	return agent->saved.core.break_glass_until;
}

enum bsg_err bsg_agent_break_glass(struct bsg_agent *agent, const char *reason, int64_t *until,
				   struct bsg_error *err)
{
	struct bsg_event event = { .kind = BSG_EVENT_BREAK_GLASS };
	struct bsg_report_item *item;
	char text[BSG_REPORT_TEXT_MAX];
	enum bsg_err rc = bsg_agent_step(agent, &event, err);

	*until = 0;
	if (rc != BSG_OK)
		return rc;
	if (has_report(agent, BSG_OUT_BREAK_GLASS_REFUSED))
		return bsg_fail(err, BSG_E_DENIED, "break-glass is used up for today, or not allowed here: call the helpdesk");
	*until = break_glass_end(agent);
	if (!has_report(agent, BSG_OUT_BREAK_GLASS))
		return *until > bsg_agent_now(agent).utc ? BSG_OK :
			bsg_fail(err, BSG_E_DENIED, "nothing is restricted");
	item = calloc(1, sizeof(*item));
	if (!item)
		return BSG_OK;
	item->kind = BSG_REPORT_BREAK_GLASS;
	item->break_glass = (struct bsg_report_break_glass){ *until, clean(reason, text) };
	bsg_agent_report(agent, item);
	free(item);
	return BSG_OK;
}
