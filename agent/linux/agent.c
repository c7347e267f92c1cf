/* SPDX-License-Identifier: Apache-2.0 */
/* The agent without its loop: load, step, save. */
#include "agent/linux/agent.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/cose.h"
#include "crypto/hash.h"

/* --- small things --- */

struct bsg_time bsg_agent_now(const struct bsg_agent *agent)
{
	return bsg_agent_time_now(&agent->saved.time, agent->clock, agent->boot);
}

enum bsg_err bsg_agent_digest(const uint8_t *bytes, size_t len, uint8_t out[static BSG_DIGEST_LEN],
			      struct bsg_error *err)
{
	uint8_t hash[BSG_SHA256_LEN];
	enum bsg_err rc = bsg_sha256(bytes, len, hash, err);

	memcpy(out, hash, BSG_DIGEST_LEN);
	return rc;
}

/*
 * Orders go to the disk before their state: core takes newer orders over, but
 * not older ones. A state without its orders would be thrown away at the next
 * start, and presence with it.
 */
static bool save_orders(struct bsg_agent *agent)
{
	struct bsg_agent_orders *orders = &agent->orders;
	struct bsg_error err;

	if (!orders->bytes || orders->saved)
		return true;
	orders->saved = bsg_file_replace(agent->paths.orders, orders->bytes, orders->len, 0600, &err) == BSG_OK;
	if (!orders->saved)
		bsg_log(agent->log, BSG_LOG_ERROR, "agent", "orders are not saved: %s", err.text);
	return orders->saved;
}

bool bsg_agent_save(struct bsg_agent *agent)
{
	struct bsg_error err;
	struct bsg_time now = bsg_agent_now(agent);

	if (!save_orders(agent))
		return false;

	bsg_agent_time_note(&agent->saved.time, agent->boot, &now);
	if (bsg_saved_store(&agent->saved, agent->paths.saved, &err) == BSG_OK)
		return true;
	bsg_log(agent->log, BSG_LOG_ERROR, "agent", "state is not saved: %s", err.text);
	return false;
}

void bsg_agent_report(struct bsg_agent *agent, struct bsg_report_item *item)
{
	struct bsg_error err;

	item->at = bsg_agent_now(agent).utc;
	if (bsg_queue_add(&agent->queue, item, &err) != BSG_OK)
		bsg_log(agent->log, BSG_LOG_WARNING, "agent", "report: %s", err.text);
}

int bsg_agent_find_place(const struct bsg_agent *agent, struct bsg_str id)
{
	const struct bsg_orders_message *message = agent->orders.message;

	for (size_t i = 0; message && i < message->orders.n_places; i++)
		if (bsg_str_equal(message->orders.places[i].id, id))
			return (int)i;
	return -1;
}

/* --- orders --- */

static void orders_free(struct bsg_agent_orders *orders)
{
	if (orders->bytes)
		bsg_wipe(orders->bytes, orders->len);	/* exit keys are in them */
	free(orders->bytes);
	free(orders->message);
	*orders = (struct bsg_agent_orders){ 0 };
}

/* Verify at @at, or if that is 0 at the time they were issued: they come from our own disk. */
static enum bsg_err verify_orders(const struct bsg_agent *agent, struct bsg_agent_orders *orders,
				  int64_t at, struct bsg_error *err)
{
	struct bsg_bytes message = { orders->bytes, orders->len }, payload;
	struct bsg_bytes root = { agent->identity.root.data, agent->identity.root.len };
	const char *why;
	enum bsg_err rc = bsg_cose_peek(BSG_COSE_ORDERS, message, &payload, err);

	if (rc != BSG_OK)
		return rc;
	rc = bsg_orders_decode(payload, orders->message, &why);
	if (rc == BSG_OK)	/* nothing of it is used before the signature holds */
		rc = bsg_cose_verify_chain(BSG_COSE_ORDERS, message, root,
					   at ? at : orders->message->orders.issued, &payload, err);
	else
		return bsg_fail(err, rc, "orders: %s", why);
	if (rc == BSG_OK)
		rc = bsg_agent_digest(orders->bytes, orders->len, orders->message->orders.digest, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_orders_prepare(&orders->message->orders, &why);
	return rc == BSG_OK ? rc : bsg_fail(err, rc, "orders: %s", why);
}

static enum bsg_err orders_make(const struct bsg_agent *agent, const uint8_t *bytes, size_t len,
				int64_t at, struct bsg_agent_orders *out, struct bsg_error *err)
{
	enum bsg_err rc;

	*out = (struct bsg_agent_orders){ 0 };
	if (len == 0 || len > BSG_ORDERS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "orders of %zu bytes, at most %d", len, BSG_ORDERS_MAX);
	out->bytes = malloc(len);
	out->message = calloc(1, sizeof(*out->message));
	if (!out->bytes || !out->message) {
		orders_free(out);
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	}
	memcpy(out->bytes, bytes, len);
	out->len = len;
	rc = verify_orders(agent, out, at, err);
	if (rc != BSG_OK)
		orders_free(out);
	return rc;
}

static void load_orders(struct bsg_agent *agent)
{
	struct bsg_error err;
	uint8_t *bytes = NULL;
	size_t len = 0;
	enum bsg_err rc = bsg_file_read(agent->paths.orders, BSG_ORDERS_MAX, &bytes, &len, &err);

	if (rc == BSG_OK)
		rc = orders_make(agent, bytes, len, 0, &agent->orders, &err);
	if (rc != BSG_OK && rc != BSG_E_NOT_FOUND)
		bsg_log(agent->log, BSG_LOG_ERROR, "agent", "saved orders are not used: %s", err.text);
	agent->orders.saved = rc == BSG_OK;
	if (bytes)
		bsg_wipe(bytes, len);	/* exit keys are in them */
	free(bytes);
}

/* --- guests --- */

static void guest_free(struct bsg_agent_guest *guest)
{
	free(guest->bytes);
	guest->bytes = NULL;
	memset(&guest->guest, 0, sizeof(guest->guest));
	guest->len = 0;
}

enum bsg_err bsg_agent_read_credential(const struct bsg_agent *agent, struct bsg_bytes message, int64_t at,
				       struct bsg_gate_credential *out, struct bsg_error *err)
{
	struct bsg_bytes root = { agent->identity.root.data, agent->identity.root.len }, payload;
	const char *why;
	enum bsg_err rc = bsg_cose_peek(BSG_COSE_GATE_CREDENTIAL, message, &payload, err);

	if (rc != BSG_OK)
		return rc;
	rc = bsg_gate_credential_decode(payload, out, &why);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "gate credential: %s", why);
	rc = bsg_cose_verify_chain(BSG_COSE_GATE_CREDENTIAL, message, root, at ? at : out->issued, &payload,
				   err);
	if (rc == BSG_OK && out->has_guest)
		rc = bsg_agent_digest(message.ptr, message.len, out->guest.digest, err);
	return rc;
}

static void load_guest(struct bsg_agent *agent, size_t i)
{
	struct bsg_agent_guest *guest = &agent->guest[i];
	struct bsg_gate_credential credential;
	struct bsg_error err;

	if (bsg_file_read(agent->paths.guest[i], BSG_GATE_CREDENTIAL_MAX, &guest->bytes, &guest->len,
			  &err) != BSG_OK)
		return;
	if (bsg_agent_read_credential(agent, (struct bsg_bytes){ guest->bytes, guest->len }, 0, &credential,
				      &err) == BSG_OK && credential.has_guest)
		guest->guest = credential.guest;
	else
		guest_free(guest);
}

static size_t guests_of(const struct bsg_agent *agent, struct bsg_guest out[BSG_GUESTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		if (agent->guest[i].bytes)
			out[n++] = agent->guest[i].guest;
	return n;
}

/* Forget credentials that the state no longer needs. */
static void drop_guests(struct bsg_agent *agent)
{
	struct bsg_error err;

	for (size_t i = 0; i < BSG_GUESTS_MAX; i++) {
		if (!agent->guest[i].bytes || bsg_state_needs_guest(&agent->saved.core, &agent->guest[i].guest))
			continue;
		guest_free(&agent->guest[i]);
		if (bsg_file_remove(agent->paths.guest[i], &err) != BSG_OK)
			bsg_log(agent->log, BSG_LOG_WARNING, "agent", "%s", err.text);
	}
}

/* --- the step --- */

static void queue_events(struct bsg_agent *agent)
{
	for (size_t i = 0; i < agent->output.n_reports; i++) {
		const struct bsg_out_report *report = &agent->output.reports[i];
		struct bsg_report_item *item = calloc(1, sizeof(*item));

		if (!item)
			return;
		item->kind = BSG_REPORT_EVENT;
		item->event = (struct bsg_report_event){ .kind = report->kind,
			.place = { report->place, report->place_len }, .value = report->value };
		bsg_agent_report(agent, item);
		free(item);
	}
}

/* One step of core; files that do not fit together mean a fresh start, which lifts. */
static enum bsg_err step_core(struct bsg_agent *agent, const struct bsg_event *event)
{
	const struct bsg_orders *orders = agent->orders.message ? &agent->orders.message->orders : NULL;
	static const struct bsg_state fresh;
	struct bsg_guest guests[BSG_GUESTS_MAX];
	size_t n_guests = guests_of(agent, guests);
	enum bsg_err rc = bsg_step(orders, guests, n_guests, &agent->saved.core, event, &agent->saved.core,
				   &agent->output);

	if (rc != BSG_E_CONFLICT)
		return rc;
	bsg_log(agent->log, BSG_LOG_ERROR, "agent", "state and orders do not belong together: starting afresh");
	return bsg_step(orders, guests, n_guests, &fresh, event, &agent->saved.core, &agent->output);
}

static void plan_tick(struct bsg_agent *agent)
{
	struct bsg_time now = bsg_agent_now(agent);
	int64_t next = agent->output.next;

	agent->tick_at = INT64_MAX;
	if (next != 0)
		agent->tick_at = now.mono_ms + (next > now.utc ? (next - now.utc) * 1000 : 0);
}

/* After a step of core. */
static void follow(struct bsg_agent *agent)
{
	queue_events(agent);
	bsg_agent_save(agent);
	plan_tick(agent);
	bsg_agent_apply(agent);
}

enum bsg_err bsg_agent_step(struct bsg_agent *agent, struct bsg_event *event, struct bsg_error *err)
{
	enum bsg_err rc;

	event->time = bsg_agent_now(agent);
	rc = step_core(agent, event);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "the decision refuses event %d", (int)event->kind);
	follow(agent);
	return BSG_OK;
}

static void tick(struct bsg_agent *agent, enum bsg_event_kind kind)
{
	struct bsg_event event = { .kind = kind };
	struct bsg_error err;

	if (bsg_agent_step(agent, &event, &err) != BSG_OK)
		bsg_log(agent->log, BSG_LOG_ERROR, "agent", "%s", err.text);
}

/* --- orders from the server --- */

/* Judge what core will judge too, for an answer that says why. */
static enum bsg_err check_newer(const struct bsg_agent *agent, const struct bsg_agent_orders *orders,
				bool *same, struct bsg_error *err)
{
	const struct bsg_orders *new = &orders->message->orders;
	uint8_t device[BSG_DEVICE_LEN];
	size_t len;
	enum bsg_err rc = bsg_hex_decode(agent->identity.device, BSG_ID_LEN, device, sizeof(device), &len, err);

	*same = false;
	if (rc != BSG_OK)
		return rc;
	if (memcmp(new->device, device, BSG_DEVICE_LEN) != 0)
		return bsg_fail(err, BSG_E_DENIED, "orders for another device");
	if (!agent->orders.message)
		return BSG_OK;
	const struct bsg_orders *old = &agent->orders.message->orders;

	*same = new->serial == old->serial && memcmp(new->digest, old->digest, BSG_DIGEST_LEN) == 0;
	if (!*same && new->serial <= old->serial)
		return bsg_fail(err, BSG_E_DENIED, "orders %" PRIu32 ", but %" PRIu32 " are in force",
				new->serial, old->serial);
	return BSG_OK;
}

/* Step the change without applying the tick under the old orders (D11), put the new ones in force. */
static enum bsg_err change_orders(struct bsg_agent *agent, struct bsg_agent_orders *orders,
				  struct bsg_error *err)
{
	struct bsg_event event = { .kind = BSG_EVENT_ORDERS_CHANGED, .time = bsg_agent_now(agent) };
	enum bsg_err rc;

	event.u.orders = &orders->message->orders;
	rc = step_core(agent, &event);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "the decision refuses the orders");
	if (!agent->output.orders_taken) {
		follow(agent);
		return bsg_fail(err, BSG_E_DENIED, "orders that change nothing (D9)");
	}
	orders_free(&agent->orders);
	agent->orders = *orders;
	*orders = (struct bsg_agent_orders){ 0 };
	return BSG_OK;
}

enum bsg_err bsg_agent_take_orders(struct bsg_agent *agent, const uint8_t *bytes, size_t len,
				   struct bsg_error *err)
{
	struct bsg_agent_orders orders;
	bool same = false;
	enum bsg_err rc = orders_make(agent, bytes, len, bsg_agent_now(agent).utc, &orders, err);

	if (rc == BSG_OK)
		rc = check_newer(agent, &orders, &same, err);
	if (rc == BSG_OK && !same)
		rc = change_orders(agent, &orders, err);
	orders_free(&orders);
	if (rc != BSG_OK || same)
		return rc;
	bsg_log(agent->log, BSG_LOG_INFO, "agent", "orders %" PRIu32 " are in force",
		agent->orders.message->orders.serial);
	drop_guests(agent);
	follow(agent);
	return BSG_OK;
}

void bsg_agent_server_time(struct bsg_agent *agent, int64_t utc, int64_t mono_ms, bool late)
{
	if (bsg_agent_time_learn(&agent->saved.time, agent->clock, agent->boot, utc, mono_ms, !late))
		tick(agent, BSG_EVENT_CLOCK_CHANGED);
}

void bsg_agent_wall_changed(struct bsg_agent *agent)
{
	if (!bsg_agent_now(agent).auth)
		tick(agent, BSG_EVENT_CLOCK_CHANGED);
}

/* --- what is due --- */

int64_t bsg_agent_due_ms(const struct bsg_agent *agent)
{
	int64_t due = agent->tick_at, now = bsg_clock_mono_ms(agent->clock);

	for (size_t i = 0; i < agent->n_slots; i++) {
		const struct bsg_agent_slot *slot = &agent->slot[i];

		due = slot->keep_at < due ? slot->keep_at : due;
		due = slot->verify_at < due ? slot->verify_at : due;
	}
	if (due == INT64_MAX)
		return -1;
	return due > now ? due - now : 0;
}

void bsg_agent_work(struct bsg_agent *agent)
{
	if (agent->tick_at <= bsg_clock_mono_ms(agent->clock)) {
		tick(agent, BSG_EVENT_TICK);
		drop_guests(agent);
		/* An edge a fraction of a second away: whole seconds must not become a busy loop. */
		if (agent->tick_at <= bsg_clock_mono_ms(agent->clock))
			agent->tick_at = bsg_clock_mono_ms(agent->clock) + 200;
	} else {
		bsg_agent_apply(agent);
	}
}

/* --- open and close --- */

static enum bsg_err load(struct bsg_agent *agent, const struct bsg_agent_options *options,
			 struct bsg_error *err)
{
	struct bsg_key *key = NULL;
	const char *why;
	enum bsg_err rc = bsg_agent_paths(options->state, &agent->paths, err);

	if (rc == BSG_OK)
		rc = bsg_identity_load(&agent->paths, &agent->identity, err);
	if (rc == BSG_OK)
		rc = bsg_key_load(agent->paths.key, &key, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_of_key(key, BSG_SIGN_PASS, &agent->keyring, err);
	if (rc == BSG_OK)
		rc = bsg_queue_open(&agent->queue, agent->paths.queue, agent->paths.batch,
				    agent->identity.instance, err);
	if (rc != BSG_OK)
		return rc;
	agent->queue_open = true;
	bsg_saved_load(agent->paths.saved, &agent->saved, &why);
	if (why)
		bsg_log(agent->log, BSG_LOG_ERROR, "agent", "%s: starting afresh, everything is lifted", why);
	load_orders(agent);
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		load_guest(agent, i);
	return bsg_agent_open_slots(agent, options, err);
}

/*
 * Only another boot is a `boot`: core then takes the time since boot for time
 * that has passed, and would do so again at every start of the agent. What was
 * in sight needs no forgetting: this agent has no eyes for beacons.
 */
static enum bsg_event_kind first_event(const struct bsg_agent *agent)
{
	const bool same = agent->boot[0] && strcmp(agent->saved.time.boot, agent->boot) == 0;

	return same ? BSG_EVENT_TICK : BSG_EVENT_BOOT;
}

enum bsg_err bsg_agent_open(const struct bsg_agent_options *options, struct bsg_agent **out,
			    struct bsg_error *err)
{
	struct bsg_agent *agent = calloc(1, sizeof(*agent));
	enum bsg_err rc;

	*out = NULL;
	if (!agent)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	agent->clock = options->clock ? options->clock : bsg_clock_system();
	agent->log = options->log;
	agent->tick_at = INT64_MAX;
	if (options->boot)
		memcpy(agent->boot, options->boot, strnlen(options->boot, BSG_UUID_LEN));
	else
		bsg_agent_boot_id(agent->boot);
	rc = load(agent, options, err);
	if (rc != BSG_OK) {
		/* Memory or a disk that comes back may let the next start judge; these are as they are. */
		if (rc != BSG_E_NO_MEMORY && rc != BSG_E_UNAVAILABLE)
			bsg_agent_lift_leftovers(agent, options);
		bsg_agent_close(agent);
		return rc;
	}
	tick(agent, first_event(agent));
	drop_guests(agent);
	*out = agent;
	return BSG_OK;
}

void bsg_agent_close(struct bsg_agent *agent)
{
	if (!agent)
		return;
	bsg_agent_close_slots(agent);
	if (agent->queue_open)
		bsg_queue_close(&agent->queue);
	orders_free(&agent->orders);
	for (size_t i = 0; i < BSG_GUESTS_MAX; i++)
		guest_free(&agent->guest[i]);
	bsg_keyring_free(agent->keyring);
	bsg_identity_free(&agent->identity);
	free(agent->last_status);
	free(agent);
}
