/* SPDX-License-Identifier: Apache-2.0 */
/* Making one device's orders: read the facts, compile, derive keys, encode, sign, store if nobody was faster, announce. Of a phone without
 * agent nothing is derived and signed. */
#include "server/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/texthash.h"
#include "crypto/cose.h"
#include "crypto/hash.h"
#include "server/drive.h"
#include "server/facts.h"
#include "server/places.h"
#include "server/platforms.h"
#include "wire/orders.h"

#define DAY_S INT64_C(86400)
#define TRIES_MAX 16	/* somebody else was faster so many times: something is wrong */

void bsg_orders_etag(const struct bsg_orders_rec *rec, char out[static BSG_ETAG_SIZE])
{
	char hex[17];

	bsg_hex_encode(rec->digest, 8, hex);
	snprintf(out, BSG_ETAG_SIZE, "%lld-%s", (long long)rec->serial, hex);
}

int64_t bsg_orders_due_at(const char *device, int64_t now, int64_t renewal)
{
	return now + renewal - (int64_t)(bsg_text_hash(device) % (uint32_t)(renewal / 7 + 1));
}

/* A message begins with a tag, a payload with its map. */
static bool is_signed(struct bsg_bytes stored)
{
	return stored.len > 0 && stored.ptr[0] >> 5 == 6;
}

enum bsg_err bsg_orders_payload(struct bsg_bytes stored, struct bsg_bytes *payload, struct bsg_error *err)
{
	*payload = stored;
	return is_signed(stored) ? bsg_cose_peek(BSG_COSE_ORDERS, stored, payload, err) : BSG_OK;
}

enum bsg_err bsg_orders_signed(struct bsg_server *server, struct bsg_bytes stored, struct bsg_buf *out, struct bsg_error *err)
{
	if (!is_signed(stored))
		return bsg_cose_sign(server->home.keyring, BSG_COSE_ORDERS, stored, out, err);
	bsg_buf_add(out, stored.ptr, stored.len);
	return bsg_buf_finish(out, err);
}

enum bsg_err bsg_orders_compile(const struct bsg_server *server, struct bsg_active_policy *policy, const struct bsg_device_rec *rec,
				int64_t serial, int64_t at, struct bsg_compiled **out, struct bsg_error *err)
{
	struct bsg_timetable *timetable;
	struct bsg_facts facts;
	enum bsg_err rc;

	*out = NULL;
	if (serial > UINT32_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "device %s: serials are used up; enrol it anew", rec->id);
	rc = bsg_active_timetable(policy, bsg_now(server), at, &timetable, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_facts_of_device(server, rec, serial, at, &facts, err);
	if (rc == BSG_OK)
		rc = bsg_policy_compile(policy->policy, timetable, &facts.compile, out, err);
	bsg_timetable_drop(timetable);
	return rc;
}

/* What orders say, whoever signs them. @param buf  BSG_ORDERS_PAYLOAD_MAX bytes */
static enum bsg_err digest_of(const struct bsg_compiled *compiled, uint8_t *buf, uint8_t out[static BSG_SHA256_LEN],
			      struct bsg_error *err)
{
	struct bsg_bytes bytes;
	enum bsg_err rc = bsg_compiled_bytes(compiled, buf, BSG_ORDERS_PAYLOAD_MAX, &bytes, err);

	return rc == BSG_OK ? bsg_sha256(bytes.ptr, bytes.len, out, err) : rc;
}

bool bsg_orders_hold(const struct bsg_server *server, struct bsg_active_policy *policy, const struct bsg_device_rec *rec,
		     const struct bsg_orders_rec *head)
{
	uint8_t *buf = malloc(BSG_ORDERS_PAYLOAD_MAX), digest[BSG_SHA256_LEN];
	struct bsg_compiled *compiled = NULL;
	struct bsg_error err;
	enum bsg_err rc = buf == NULL ? BSG_E_NO_MEMORY : BSG_OK;

	if (rc == BSG_OK)
		rc = bsg_orders_compile(server, policy, rec, rec->serial, head->issued, &compiled, &err);
	if (rc == BSG_OK)
		rc = digest_of(compiled, buf, digest, &err);
	bsg_compiled_free(compiled);
	free(buf);
	return rc == BSG_OK && memcmp(digest, head->content, sizeof(digest)) == 0;
}

/* Everything that one making of orders holds. */
struct making {
	struct bsg_server *server;
	struct bsg_device_rec rec;
	struct bsg_orders_message message;
	struct bsg_compiled *compiled;
	uint8_t content[BSG_SHA256_LEN];	/* zero for a discharge, which no policy changes */
	struct bsg_bytes payload;
	struct bsg_buf bytes;			/* as they are stored */
	uint8_t digest[BSG_SHA256_LEN];
	int64_t now, policy;
	bool is_driven;				/* a phone without agent takes these orders here, in the same transaction */
	struct bsg_drive_step step;
	/* Not zeroed, and wiped where there is something secret in them: */
	uint8_t exit_keys[BSG_PLACES_MAX][BSG_ORDERS_DAYS_MAX * BSG_EXIT_KEY_LEN];
	uint8_t buf[BSG_ORDERS_PAYLOAD_MAX];
};

/* The pseudonym and the exit keys of one place, for the days that the orders may live. */
static enum bsg_err fill_place(struct making *m, size_t i, struct bsg_error *err)
{
	struct bsg_orders_place *place = &m->message.places[i];
	const struct bsg_str id = m->message.orders.places[i].id;
	struct bsg_place_secret_rec secret;
	char name[BSG_NAME_SIZE];
	enum bsg_err rc;

	snprintf(name, sizeof(name), "%.*s", (int)id.len, id.ptr);
	rc = bsg_place_secret(m->server, name, &secret, err);
	if (rc == BSG_OK)
		rc = bsg_place_pseudonym(secret.key, m->rec.id, place->pseudonym, err);
	/* A code of the step before midnight belongs to the day before, and orders may expire at any time of their last day. */
	place->first_day = m->message.orders.issued / DAY_S - 1;
	place->n_days = (size_t)(m->message.orders.expires / DAY_S - place->first_day + 1);
	if (place->n_days > BSG_ORDERS_DAYS_MAX)
		place->n_days = BSG_ORDERS_DAYS_MAX;
	place->exit_keys = m->exit_keys[i];
	for (size_t d = 0; rc == BSG_OK && d < place->n_days; d++) {
		uint8_t day_secret[BSG_DAY_SECRET_LEN];

		rc = bsg_place_day_secret(secret.day_root, place->first_day + (int64_t)d, day_secret, err);
		if (rc == BSG_OK)
			rc = bsg_exit_key(day_secret, place->pseudonym, &m->exit_keys[i][d * BSG_EXIT_KEY_LEN], err);
		bsg_wipe(day_secret, sizeof(day_secret));
	}
	bsg_wipe(&secret, sizeof(secret));
	return rc;
}

/* A device that is revoked or leaving: everything open, nothing known, for as long as orders can say it. */
static enum bsg_err fill_discharge(struct making *m, struct bsg_error *err)
{
	struct bsg_orders *orders = &m->message.orders;
	size_t len;

	m->message.discharge = true;
	orders->serial = (uint32_t)(m->rec.serial + 1);
	orders->issued = m->now;
	orders->expires = m->now + m->server->settings.orders_life;
	orders->max_stay = BSG_DEFAULT_MAX_STAY;
	orders->break_glass_minutes = BSG_DEFAULT_BREAK_GLASS_MINUTES;
	orders->break_glass_per_day = BSG_DEFAULT_BREAK_GLASS_PER_DAY;
	return bsg_hex_decode(m->rec.id, BSG_ID_LEN, orders->device, sizeof(orders->device), &len, err);
}

static enum bsg_err fill_orders(struct making *m, struct bsg_active_policy *policy, struct bsg_error *err)
{
	enum bsg_err rc = bsg_orders_compile(m->server, policy, &m->rec, m->rec.serial + 1, m->now, &m->compiled, err);

	if (rc != BSG_OK)
		return rc;
	rc = digest_of(m->compiled, m->buf, m->content, err);
	m->message.orders = m->compiled->orders;
	for (size_t i = 0; rc == BSG_OK && !m->is_driven && i < m->message.orders.n_places; i++)
		rc = fill_place(m, i, err);
	return rc;
}

/* Signed for who fetches them; of a phone without agent nobody does, and the server believes its own store (Z12). */
static enum bsg_err encode(struct making *m, struct bsg_error *err)
{
	const char *why = NULL;
	enum bsg_err rc = bsg_orders_encode(&m->message, m->buf, sizeof(m->buf), &m->payload, &why);

	if (rc != BSG_OK)
		return bsg_fail(err, rc, "orders of device %s: %s", m->rec.id, why != NULL ? why : "cannot be encoded");
	if (m->is_driven)
		bsg_buf_add(&m->bytes, m->payload.ptr, m->payload.len);
	else
		rc = bsg_cose_sign(m->server->home.keyring, BSG_COSE_ORDERS, m->payload, &m->bytes, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&m->bytes, err);
	if (rc == BSG_OK)
		rc = bsg_sha256(m->bytes.data, m->bytes.len, m->digest, err);
	return rc;
}

/* A phone without an agent takes its orders here; what travels is encoded already, so the windows may be joined. */
static enum bsg_err step_phone(struct making *m, struct bsg_error *err)
{
	struct bsg_orders *orders = &m->message.orders;
	const char *why = NULL;

	if (!m->is_driven)
		return BSG_OK;
	memcpy(orders->digest, m->digest, BSG_DIGEST_LEN);
	if (bsg_orders_prepare(orders, &why) != BSG_OK)
		return bsg_fail(err, BSG_E_BUG, "the decision refused orders of device %s: %s", m->rec.id, why);
	return bsg_drive_under(m->server, &m->rec, orders, m->now, &m->step, err);
}

/* @return how many */
static size_t make_ops(const struct making *m, struct bsg_op ops[static BSG_ORDERS_OPS])
{
	const int64_t renewal = m->server->settings.orders_renewal, due = bsg_orders_due_at(m->rec.id, m->now, renewal);
	struct bsg_op orders = {.kind = BSG_OP_ORDERS_PUT};
	size_t n = 0;

	orders.orders_put = (struct bsg_op_orders_put){
		.device = m->rec.id, .expected_serial = m->rec.serial, .serial = m->rec.serial + 1, .change = m->rec.change,
		.policy = m->policy, .expires = m->message.orders.expires, .due_from = due - renewal / 2, .due = due, .issued = m->now,
		.digest = m->digest, .content = m->content, .bytes = {m->bytes.data, m->bytes.len},
	};
	/* First what is refused more often: a phone answers at any time. */
	if (m->step.platform != NULL)
		ops[n++] = m->step.delivery.op;
	ops[n++] = orders;
	return n;
}

static enum bsg_err put(const struct making *m, struct bsg_error *err)
{
	struct bsg_op ops[BSG_ORDERS_OPS];
	const size_t n = make_ops(m, ops);

	return bsg_store_apply(m->server->store, ops, n, err);
}

static bool is_current(struct bsg_server *server, const struct bsg_device_rec *rec, int64_t policy)
{
	struct bsg_orders_rec head;
	struct bsg_error err;

	if (rec->serial == 0 || bsg_store_orders(server->store, rec->id, &head, NULL, &err) != BSG_OK)
		return false;
	return head.change == rec->change && (head.policy == policy || rec->state != BSG_DEVICE_ACTIVE);
}

/* By the record as it is in @p m. */
static enum bsg_err fill_by(struct making *m, struct bsg_active_policy *policy, struct bsg_error *err)
{
	enum bsg_err rc;

	m->is_driven = bsg_platform_of(m->server, m->rec.kind) != NULL;
	rc = m->rec.state == BSG_DEVICE_ACTIVE ? fill_orders(m, policy, err) : fill_discharge(m, err);
	if (rc == BSG_OK)
		rc = encode(m, err);
	return rc == BSG_OK ? step_phone(m, err) : rc;
}

/*
 * Read what the orders depend on, and make them if there are none of that yet. The device is read before the policy: of an older policy
 * they can then be stored only if nobody has stored some since.
 *
 * @param policy  to be put back, if it is set @param wanted  whether they are to be stored
 */
static enum bsg_err fill(struct making *m, const char *device, bool renew, struct bsg_active_policy **policy, bool *wanted,
			 struct bsg_error *err)
{
	enum bsg_err rc = bsg_store_device(m->server->store, device, &m->rec, err);

	if (rc != BSG_OK)
		return rc;
	*policy = bsg_active_get(&m->server->active);
	m->policy = (*policy)->rec.version;
	m->now = bsg_now(m->server);
	*wanted = renew || !is_current(m->server, &m->rec, m->policy);
	if (!*wanted)
		return BSG_OK;
	return fill_by(m, *policy, err);
}

/* One try. @return BSG_E_CONFLICT: somebody was faster, read again */
static enum bsg_err try_once(struct making *m, const char *device, bool renew, bool *made, struct bsg_error *err)
{
	struct bsg_active_policy *policy = NULL;
	bool wanted = false;
	enum bsg_err rc;

	bsg_active_make_ready(&m->server->active, bsg_now(m->server));
	bsg_store_moment_begin(m->server->store);
	rc = fill(m, device, renew, &policy, &wanted, err);
	bsg_store_moment_end(m->server->store);
	if (rc == BSG_OK && wanted)
		rc = put(m, err);
	*made = rc == BSG_OK && wanted;
	if (*made)
		bsg_drive_delivered(m->server, m->rec.id, &m->step);
	if (policy != NULL)
		bsg_active_put(policy);
	return rc;
}

static void forget(struct making *m)
{
	if (!m->is_driven) {
		bsg_wipe(m->exit_keys, sizeof(m->exit_keys));
		bsg_wipe(m->buf, sizeof(m->buf));
	}
	bsg_compiled_free(m->compiled);
	bsg_buf_free(&m->bytes);
}

static void begin(struct making *m, struct bsg_server *server)
{
	memset(m, 0, offsetof(struct making, exit_keys));
	m->server = server;
	bsg_buf_init(&m->bytes, BSG_ORDERS_MAX);
}

/* They are stored. */
static void announce(struct bsg_server *server, const char *device)
{
	char topic[BSG_TOPIC_SIZE];

	atomic_fetch_add(&server->counts.orders_made, 1);
	snprintf(topic, sizeof(topic), BSG_TOPIC_DEVICE "%s", device);
	bsg_bus_wake(server->bus, topic);
}

enum bsg_err bsg_orders_make(struct bsg_server *server, const char *device, bool renew, struct bsg_error *err)
{
	struct making *m = malloc(sizeof(*m));
	enum bsg_err rc = BSG_E_CONFLICT;
	bool made = false;

	if (m == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for orders");
	for (int i = 0; i < TRIES_MAX && rc == BSG_E_CONFLICT; i++) {
		begin(m, server);
		rc = try_once(m, device, renew, &made, err);
		forget(m);
	}
	free(m);
	if (!made) {
		if (rc != BSG_OK)
			atomic_fetch_add(&server->counts.orders_failed, 1);
		return rc;
	}
	announce(server, device);
	return BSG_OK;
}

/* ---- with the crossing that needs them --------------------------------- */

struct bsg_orders_ahead {
	struct making m;
	struct bsg_active_policy *policy;
};

/* The one phone without agent that a crossing will move, as nearly everybody has. @return false: more, none, another, or a crossing that came late */
static bool find_mover(struct bsg_server *server, const struct bsg_op_crossing_add *crossing, struct bsg_device_rec *out)
{
	struct bsg_device_rec recs[2];
	struct bsg_error err;
	size_t n = 0;

	if (crossing->badge == NULL || bsg_store_devices_of_badge(server->store, crossing->badge, crossing->direction, 2, recs, &n, &err) !=
	    BSG_OK || n != 1)
		return false;
	*out = recs[0];
	return out->serial > 0 && bsg_platform_of(server, out->kind) != NULL &&
	       (out->presence.seq == 0 || out->presence.at < crossing->at);
}

/* As the crossing will leave the record; that it does is for the store to see, by `change`. */
static void move(struct bsg_device_rec *rec, const struct bsg_op_crossing_add *crossing)
{
	struct bsg_presence_rec *p = &rec->presence;

	p->seq++;
	p->direction = crossing->direction;
	p->at = crossing->at < crossing->received ? crossing->at : crossing->received;
	snprintf(p->place, sizeof(p->place), "%s", crossing->place);
	snprintf(p->gate, sizeof(p->gate), "%s", crossing->gate);
	rec->change++;
}

static bool fill_ahead(struct bsg_orders_ahead *ahead, const struct bsg_op_crossing_add *crossing)
{
	struct making *m = &ahead->m;
	struct bsg_error err;

	if (!find_mover(m->server, crossing, &m->rec))
		return false;
	move(&m->rec, crossing);
	ahead->policy = bsg_active_get(&m->server->active);
	m->policy = ahead->policy->rec.version;
	m->now = bsg_now(m->server);
	return fill_by(m, ahead->policy, &err) == BSG_OK && m->step.platform != NULL;
}

struct bsg_orders_ahead *bsg_orders_ahead(struct bsg_server *server, const struct bsg_op_crossing_add *crossing)
{
	struct bsg_orders_ahead *ahead = malloc(sizeof(*ahead));
	bool filled;

	if (ahead == NULL)
		return NULL;
	ahead->policy = NULL;
	begin(&ahead->m, server);
	bsg_active_make_ready(&server->active, bsg_now(server));
	bsg_store_moment_begin(server->store);
	filled = fill_ahead(ahead, crossing);
	bsg_store_moment_end(server->store);
	if (filled)
		return ahead;
	bsg_orders_ahead_free(ahead);
	return NULL;
}

size_t bsg_orders_ahead_ops(const struct bsg_orders_ahead *ahead, struct bsg_op ops[static BSG_ORDERS_OPS])
{
	return ahead != NULL ? make_ops(&ahead->m, ops) : 0;
}

void bsg_orders_ahead_stored(const struct bsg_orders_ahead *ahead)
{
	bsg_drive_delivered(ahead->m.server, ahead->m.rec.id, &ahead->m.step);
	announce(ahead->m.server, ahead->m.rec.id);
}

const struct bsg_device_rec *bsg_orders_ahead_device(const struct bsg_orders_ahead *ahead)
{
	return &ahead->m.rec;
}

const struct bsg_drive_step *bsg_orders_ahead_step(const struct bsg_orders_ahead *ahead)
{
	return &ahead->m.step;
}

void bsg_orders_ahead_free(struct bsg_orders_ahead *ahead)
{
	if (ahead == NULL)
		return;
	forget(&ahead->m);
	if (ahead->policy != NULL)
		bsg_active_put(ahead->policy);
	free(ahead);
}
