/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a phone without an agent: look, decide, deliver. Who asks for steps is in due.c, how long a lease is in lease.c. */
#include "server/drive.h"

#include <stdlib.h>
#include <string.h>

#include "server/lease.h"
#include "server/orders.h"
#include "server/platforms.h"

#define TRIES_MAX 16	/* somebody else was faster so many times: something is wrong */
#define PHONE_LEASE_S (INT64_C(4) * 3600)	/* of a place that the policy has no more; the policy's default */

const int64_t bsg_took_bounds[BSG_TOOK_BOUNDS] = {1, 2, 5, 10, 30, 60, 300, 3600};

void bsg_drive_orders_init(struct bsg_drive_orders *orders)
{
	orders->has = false;
	orders->bytes = (struct bsg_store_blob){.data = NULL};
}

enum bsg_err bsg_drive_orders(struct bsg_server *server, const char *device, struct bsg_drive_orders *out, struct bsg_error *err)
{
	struct bsg_bytes payload;
	struct bsg_orders_rec head;
	const char *why = "no orders";
	enum bsg_err rc;

	bsg_drive_orders_init(out);
	rc = bsg_store_orders(server->store, device, &head, &out->bytes, err);
	if (rc != BSG_OK || head.serial == 0)
		return rc;
	rc = bsg_orders_payload((struct bsg_bytes){out->bytes.data, out->bytes.len}, &payload, err);
	if (rc == BSG_OK)
		rc = bsg_orders_decode(payload, &out->message, &why);
	memcpy(out->message.orders.digest, head.digest, BSG_DIGEST_LEN);
	if (rc == BSG_OK)
		rc = bsg_orders_prepare(&out->message.orders, &why);
	out->has = rc == BSG_OK;
	if (rc == BSG_OK)
		return rc;
	bsg_drive_orders_free(out);
	return bsg_fail(err, BSG_E_BUG, "the stored orders of device %s cannot be read: %s", device, why);
}

void bsg_drive_orders_free(struct bsg_drive_orders *orders)
{
	bsg_store_blob_free(&orders->bytes);
	orders->has = false;
}

enum bsg_err bsg_drive_look(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_platform_phone *phone,
			    struct bsg_error *err)
{
	struct bsg_platform *platform = bsg_platform_of(server, rec->kind);
	enum bsg_err rc;

	if (platform == NULL) {
		*phone = (struct bsg_platform_phone){0};
		return bsg_fail(err, BSG_E_NOT_FOUND, "device %s is of no platform", rec->id);
	}
	rc = platform->ops->look(platform, rec->id, phone, err);
	if (rc == BSG_OK && phone->is_ended)
		return bsg_fail(err, BSG_E_NOT_FOUND, "device %s was told for the last time", rec->id);
	return rc;
}

/* One step while it is made; too large for a stack. */
struct stepping {
	struct bsg_server *server;
	const struct bsg_device_rec *rec;
	const struct bsg_orders *orders;	/* that are stored; NULL: none */
	struct bsg_state before, after;
	struct bsg_output output, last;
	struct bsg_event event;
};

static void read_state(struct stepping *s, const struct bsg_platform_phone *phone)
{
	if (phone->state_len > 0 && bsg_state_decode((struct bsg_bytes){phone->state, phone->state_len}, &s->before) != BSG_OK)
		bsg_log(s->server->log, BSG_LOG_ERROR, "drive", "device %s: its state is damaged and begins anew", s->rec->id);
}

enum bsg_err bsg_drive_decide(const struct bsg_orders *orders, struct bsg_state *before, struct bsg_event *event, int64_t now,
			      struct bsg_state *after, struct bsg_output *out)
{
	enum bsg_err rc;

	event->time = (struct bsg_time){.utc = now, .mono_ms = now * 1000 > before->mono_ms ? now * 1000 : before->mono_ms, .auth = true};
	rc = bsg_step(orders, NULL, 0, before, event, after, out);
	if (rc != BSG_E_CONFLICT)
		return rc;
	/* A state of other orders, such as of a store that was brought back from an older copy: as one that is damaged. */
	memset(before, 0, sizeof(*before));
	event->time.mono_ms = now * 1000;
	return bsg_step(orders, NULL, 0, before, event, after, out);
}

static size_t n_apps(const struct bsg_output *output)
{
	return (output->restricted & BSG_BIT(BSG_APPS)) != 0 ? output->n_apps : 0;
}

static bool same_apps(const struct bsg_output *a, const struct bsg_output *b)
{
	if (n_apps(a) != n_apps(b))
		return false;
	for (size_t i = 0; i < n_apps(a); i++)
		if (a->apps[i].len != b->apps[i].len ||
		    (a->apps[i].len > 0 && memcmp(a->apps[i].ptr, b->apps[i].ptr, a->apps[i].len) != 0))
			return false;
	return true;
}

/* The apps of the step before: what the state says at its own moment, under the orders that it was made with. */
static bool apps_changed(struct stepping *s)
{
	struct bsg_event then = {.kind = BSG_EVENT_TICK};
	struct bsg_state ignored;

	if (s->orders != NULL && s->before.serial == s->orders->serial) {
		then.time = (struct bsg_time){.utc = s->before.now, .mono_ms = s->before.mono_ms, .auth = true};
		if (bsg_step(s->orders, NULL, 0, &s->before, &then, &ignored, &s->last) != BSG_OK)
			memset(&s->last, 0, sizeof(s->last));
	}
	return !same_apps(&s->last, &s->output);
}

/* The shortest of the places in which the phone is. */
static int64_t phone_lease(const struct stepping *s)
{
	struct bsg_active_policy *policy = bsg_active_get(&s->server->active);
	int64_t shortest = INT64_MAX;

	for (size_t i = 0; i < s->output.n_present; i++) {
		const struct bsg_str id = s->output.present[i].place;
		const struct bsg_policy_place *place;
		char name[BSG_ID_MAX + 1] = "";
		int64_t lease;

		memcpy(name, id.ptr, id.len <= BSG_ID_MAX ? id.len : BSG_ID_MAX);
		place = bsg_policy_find_place(policy->policy, name);
		lease = place != NULL ? place->phone_lease_s : PHONE_LEASE_S;
		if (lease < shortest)
			shortest = lease;
	}
	bsg_active_put(policy);
	return shortest == INT64_MAX ? PHONE_LEASE_S : shortest;
}

/* What the phone can restrict, by its kind and the system that it runs. */
static uint32_t possible(const struct stepping *s, const struct bsg_platform_phone *phone)
{
	struct bsg_coverage_phone described = {.kind = s->rec->kind, .os_level = phone->os_level};
	uint32_t out = 0;

	if (!bsg_class_parse(s->rec->class_name, &described.class_of))
		described.class_of = BSG_CLASS_CLAIMED;
	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		struct bsg_coverage_entry entry;

		bsg_coverage_look_up(s->server->coverage, &described, i, &entry);
		out |= entry.grade != BSG_GRADE_IMPOSSIBLE ? BSG_BIT(i) : 0;
	}
	return out;
}

/* Whether there is new evidence of presence, and when that began which this step answers (Z5, Z9). */
static void read_evidence(const struct stepping *s, const struct bsg_platform_phone *phone, struct bsg_lease_ask *ask)
{
	const struct bsg_orders *orders = s->event.kind == BSG_EVENT_ORDERS_CHANGED ? s->event.u.orders : s->orders;
	const bool crossed = orders != NULL && s->after.presence_seq > s->before.presence_seq;

	ask->evidence_at = ask->now;
	if (s->event.kind == BSG_EVENT_SELF_IN)
		ask->evidence = true;
	else if (crossed)
		ask->evidence = orders->presence.in;
	if (crossed && orders->presence.at < ask->now)
		ask->evidence_at = orders->presence.at;
	else if (s->after.release_at != s->before.release_at && s->after.release_at != 0)
		ask->evidence_at = s->after.release_at;
	else if (s->event.kind == BSG_EVENT_TICK && phone->next != 0 && phone->next < ask->now)
		ask->evidence_at = phone->next;
}

/* Decide, and make what is to be stored of it. */
static enum bsg_err step_under(struct stepping *s, int64_t now, struct bsg_drive_step *out, struct bsg_error *err)
{
	struct bsg_lease_ask ask = {.output = &s->output, .now = now};
	struct bsg_platform_step step = {.device = s->rec->id};
	enum bsg_err rc;

	read_state(s, &out->phone);
	rc = bsg_drive_decide(s->orders, &s->before, &s->event, now, &s->after, &s->output);
	if (rc != BSG_OK)
		return bsg_fail(err, BSG_E_BUG, "the decision refused a step of device %s", s->rec->id);
	ask.possible = possible(s, &out->phone);
	ask.apps_changed = (ask.possible & BSG_BIT(BSG_APPS)) != 0 && apps_changed(s);
	ask.phone_lease = phone_lease(s);
	read_evidence(s, &out->phone, &ask);
	bsg_lease(&out->phone, &ask, &step);
	step.state = (struct bsg_bytes){out->state, bsg_state_encode(&s->after, out->state)};
	step.apps = s->output.apps;
	step.n_apps = (step.functions & BSG_BIT(BSG_APPS)) != 0 ? s->output.n_apps : 0;
	out->restricted = s->output.restricted;
	out->desire = step.desire;
	return out->platform->ops->deliver(out->platform, &out->phone, &step, &out->delivery, err);
}

/* In a moment of the caller's: who is faster than this step is noticed by the phone's version. */
static enum bsg_err step_event(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_event *event, int64_t now,
			       struct bsg_drive_step *out, struct bsg_error *err)
{
	struct bsg_drive_orders *stored;
	struct stepping *s;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	rc = bsg_drive_look(server, rec, &out->phone, err);
	if (rc != BSG_OK)
		return rc;
	out->platform = bsg_platform_of(server, rec->kind);
	stored = malloc(sizeof(*stored));
	s = malloc(sizeof(*s));
	rc = stored != NULL && s != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a step");
	if (rc == BSG_OK)
		rc = bsg_drive_orders(server, rec->id, stored, err);
	if (rc == BSG_OK) {
		*s = (struct stepping){.server = server, .rec = rec, .event = *event};
		s->orders = stored->has ? &stored->message.orders : NULL;
		rc = step_under(s, now, out, err);
		bsg_drive_orders_free(stored);
	}
	atomic_fetch_add(rc == BSG_OK ? &server->counts.steps : &server->counts.steps_failed, 1);
	free(stored);
	free(s);
	return rc;
}

enum bsg_err bsg_drive_under(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_orders *orders,
			     int64_t now, struct bsg_drive_step *out, struct bsg_error *err)
{
	const struct bsg_event event = {.kind = BSG_EVENT_ORDERS_CHANGED, .u.orders = orders};
	enum bsg_err rc = step_event(server, rec, &event, now, out, err);

	if (rc == BSG_E_NOT_FOUND)	/* not enrolled yet, or told for the last time: only the orders */
		out->platform = NULL;
	return rc == BSG_E_NOT_FOUND ? BSG_OK : rc;
}

void bsg_drive_delivered(struct bsg_server *server, const char *device, const struct bsg_drive_step *step)
{
	if (step->platform == NULL || !step->desire)
		return;
	step->platform->ops->delivered(step->platform, device);
	bsg_orders_want_presence(server);	/* it may be that time alone has done this, and that the phone never answers */
}

/* @param who  says that they arrive, which the audit has in the same transaction (V6); NULL: nobody */
static enum bsg_err commit(struct bsg_server *server, const char *device, const char *who, const struct bsg_drive_step *step,
			   struct bsg_error *err)
{
	struct bsg_op ops[2] = {step->delivery.op, {.kind = BSG_OP_AUDIT}};
	enum bsg_err rc;

	ops[1].audit = (struct bsg_op_audit){.at = bsg_now(server), .who = who, .action = "self-in", .subject = device};
	rc = bsg_store_apply(server->store, ops, who != NULL ? 2 : 1, err);
	if (rc == BSG_OK)
		bsg_drive_delivered(server, device, step);
	return rc;
}

/* @param who  as of commit() */
static enum bsg_err store_step(struct bsg_server *server, const char *device, const struct bsg_event *event, const char *who,
			       struct bsg_error *err)
{
	struct bsg_drive_step *step = malloc(sizeof(*step));
	struct bsg_device_rec rec;
	enum bsg_err rc = step == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a step") : BSG_E_CONFLICT;

	for (int i = 0; i < TRIES_MAX && rc == BSG_E_CONFLICT; i++) {
		bsg_store_moment_begin(server->store);
		rc = bsg_store_device(server->store, device, &rec, err);
		if (rc == BSG_OK)
			rc = step_event(server, &rec, event, bsg_now(server), step, err);
		bsg_store_moment_end(server->store);
		if (rc == BSG_OK)
			rc = commit(server, device, who, step, err);
	}
	free(step);
	return rc;
}

enum bsg_err bsg_drive_step(struct bsg_server *server, const char *device, struct bsg_error *err)
{
	return store_step(server, device, &(struct bsg_event){.kind = BSG_EVENT_TICK}, NULL, err);
}

/* Whether the orders that the phone has let its owner say so at this place. */
static bool takes_self_in(const struct bsg_drive_orders *orders, const char *place)
{
	for (size_t i = 0; orders->has && i < orders->message.orders.n_places; i++) {
		const struct bsg_place *p = &orders->message.orders.places[i];

		if (p->id.len == strlen(place) && memcmp(p->id.ptr, place, p->id.len) == 0)
			return (p->enter_by & BSG_ENTER_SELF) != 0;
	}
	return false;
}

enum bsg_err bsg_drive_self_in(struct bsg_server *server, const char *device, const char *place, const char *who, struct bsg_error *err)
{
	struct bsg_event event = {.kind = BSG_EVENT_SELF_IN, .u.gate.place = {place, strlen(place)}};
	struct bsg_drive_orders *orders = calloc(1, sizeof(*orders));
	enum bsg_err rc = orders == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a step") :
					   bsg_drive_orders(server, device, orders, err);

	if (rc == BSG_OK && !takes_self_in(orders, place))
		rc = bsg_fail(err, BSG_E_DENIED, "the policy does not let device %s say that it arrives at %.40s", device, place);
	if (rc == BSG_OK)
		rc = store_step(server, device, &event, who, err);
	if (orders != NULL)
		bsg_drive_orders_free(orders);
	free(orders);
	return rc;
}

void bsg_drive_took(struct bsg_server *server, bool lift, int64_t seconds)
{
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (i < BSG_TOOK_BOUNDS && seconds > bsg_took_bounds[i])
		i++;
	atomic_fetch_add(&server->counts.took[lift][i], 1);
	atomic_fetch_add(&server->counts.took_sum[lift], (uint64_t)seconds);
}

enum bsg_err bsg_drive_apps(struct bsg_server *server, const char *device, char (*apps)[BSG_APP_NAME_MAX + 1], size_t *n,
			    struct bsg_error *err)
{
	struct bsg_drive_orders *stored = calloc(1, sizeof(*stored));
	struct stepping *s = calloc(1, sizeof(*s));
	struct bsg_platform_phone phone;
	struct bsg_device_rec rec;
	enum bsg_err rc = stored != NULL && s != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a step");

	*n = 0;
	if (rc == BSG_OK)
		rc = bsg_store_device(server->store, device, &rec, err);
	if (rc == BSG_OK)
		rc = bsg_drive_look(server, &rec, &phone, err);
	if (rc == BSG_OK)
		rc = bsg_drive_orders(server, device, stored, err);
	if (rc == BSG_OK && stored->has) {
		*s = (struct stepping){.server = server, .rec = &rec, .event = {.kind = BSG_EVENT_TICK}};
		read_state(s, &phone);
		rc = bsg_drive_decide(&stored->message.orders, &s->before, &s->event, bsg_now(server), &s->after, &s->output);
		if (rc != BSG_OK)
			rc = bsg_fail(err, BSG_E_BUG, "the decision refused a look at device %s", device);
		*n = rc == BSG_OK ? n_apps(&s->output) : 0;
		for (size_t i = 0; i < *n; i++) {
			memcpy(apps[i], s->output.apps[i].ptr, s->output.apps[i].len);
			apps[i][s->output.apps[i].len] = '\0';
		}
	}
	if (stored != NULL)
		bsg_drive_orders_free(stored);
	free(stored);
	free(s);
	return rc;
}
