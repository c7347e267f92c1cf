/* SPDX-License-Identifier: Apache-2.0 */
/* A phone as the server sees it. */
#include "server/view.h"

#include <stdlib.h>
#include <string.h>

#include "server/orders.h"

static enum bsg_err decide(struct bsg_view *view, int64_t now, struct bsg_error *err)
{
	const struct bsg_platform_phone *phone = &view->phone;
	struct bsg_event event = {.kind = BSG_EVENT_ORDERS_CHANGED};
	struct bsg_state before;
	const char *why = NULL;
	enum bsg_err rc;

	memset(&before, 0, sizeof(before));
	if (phone->state_len > 0 && bsg_state_decode((struct bsg_bytes){phone->state, phone->state_len}, &before) != BSG_OK)
		memset(&before, 0, sizeof(before));	/* as the next step takes it */
	if (bsg_orders_prepare(&view->compiled->orders, &why) != BSG_OK)
		return bsg_fail(err, BSG_E_BUG, "the decision refused compiled orders: %s", why);
	event.u.orders = &view->compiled->orders;
	rc = bsg_drive_decide(view->stored.has ? &view->stored.message.orders : NULL, &before, &event, now, &view->state, &view->output);
	return rc == BSG_OK ? rc : bsg_fail(err, BSG_E_BUG, "the decision refused compiled orders");
}

/* Whether the stored orders are made from these facts. */
static bool is_current(struct bsg_server *server, const struct bsg_active_policy *policy, const struct bsg_device_rec *rec)
{
	struct bsg_orders_rec head;
	struct bsg_error err;

	return rec->serial > 0 && bsg_store_orders(server->store, rec->id, &head, NULL, &err) == BSG_OK && head.serial == rec->serial &&
	       head.change == rec->change && head.policy == policy->rec.version;
}

static void read_status(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_view *view)
{
	struct bsg_report_rec report;
	struct bsg_error err;

	if (bsg_store_report_latest(server->store, rec->id, "status", &report, &view->body, &err) != BSG_OK)
		return;
	if (bsg_report_decode((struct bsg_bytes){view->body.data, view->body.len}, &view->batch, NULL) != BSG_OK)
		return;
	view->has_status = view->batch.reports[0].kind == BSG_REPORT_STATUS &&
			   view->batch.reports[0].status.serial == rec->serial;
}

/* A phone without agent that its platform knows, and the orders that its state belongs to. */
static enum bsg_err read_phone(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_view *view, struct bsg_error *err)
{
	enum bsg_err rc = bsg_drive_look(server, rec, &view->phone, err);

	view->has_phone = rc == BSG_OK;
	if (rc == BSG_OK)
		rc = bsg_drive_orders(server, rec->id, &view->stored, err);
	return rc == BSG_E_NOT_FOUND ? BSG_OK : rc;
}

enum bsg_err bsg_view_make(struct bsg_server *server, const struct bsg_device_rec *rec, int64_t now, struct bsg_view **out,
			   struct bsg_error *err)
{
	struct bsg_view *view = malloc(sizeof(*view));
	struct bsg_active_policy *policy;
	enum bsg_err rc;

	*out = NULL;
	if (view == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory to look at a device");
	memset(view, 0, offsetof(struct bsg_view, stored));
	bsg_drive_orders_init(&view->stored);
	view->now = now;
	policy = bsg_active_get(&server->active);
	bsg_store_moment_begin(server->store);
	/* First, as its timetable may have to be made: no reader waits for that. */
	rc = bsg_orders_compile(server, policy, rec, rec->serial + 1, now, &view->compiled, err);
	if (rc == BSG_OK)
		rc = read_phone(server, rec, view, err);
	if (rc == BSG_OK)
		rc = decide(view, now, err);
	if (rc == BSG_OK && !view->has_phone && is_current(server, policy, rec))
		read_status(server, rec, view);
	bsg_active_put(policy);
	bsg_store_moment_end(server->store);
	if (rc == BSG_OK)
		*out = view;
	else
		bsg_view_free(view);
	return rc;
}

void bsg_view_free(struct bsg_view *view)
{
	if (view == NULL)
		return;
	bsg_compiled_free(view->compiled);
	bsg_store_blob_free(&view->body);
	bsg_drive_orders_free(&view->stored);
	free(view);
}

const struct bsg_orders *bsg_view_orders(const struct bsg_view *view)
{
	return view->output.orders_taken || !view->stored.has ? &view->compiled->orders : &view->stored.message.orders;
}

const struct bsg_report_function *bsg_view_reported(const struct bsg_view *view, uint32_t function)
{
	const struct bsg_report_status *status = &view->batch.reports[0].status;

	for (size_t i = 0; view->has_status && i < status->n_functions; i++)
		if (status->functions[i].function == function)
			return &status->functions[i];
	return NULL;
}

/* What is verified right now of a phone without agent: its lease has not run out. */
static uint32_t phone_verified(const struct bsg_view *view)
{
	return view->now < view->phone.verified_until ? view->phone.verified : 0;
}

uint32_t bsg_view_unproven(const struct bsg_view *view)
{
	return view->has_phone && view->now >= view->phone.verified_until ? view->phone.verified : 0;
}

/* Z8, of a phone without agent. */
static const char *phone_state(const struct bsg_view *view, uint32_t function)
{
	const struct bsg_platform_phone *phone = &view->phone;

	if ((phone_verified(view) & function) != 0)
		return "verified";
	if ((bsg_view_unproven(view) & function) != 0)
		return "unverified";
	if (!phone->has_desired || (phone->desired & function) == 0)
		return "desired";
	/* The lease has run out; it answered that it does not obey; or it was asked after it had obeyed, and showed itself free. */
	if (view->now >= phone->desired_until || (phone->trouble[0] != '\0' && phone->trouble_at >= phone->desired_at) ||
	    (phone->is_acknowledged && phone->verified_at >= phone->acknowledged_at))
		return "unverified";
	return phone->is_acknowledged ? "acknowledged" : "desired";
}

const char *bsg_view_state(const struct bsg_view *view, uint32_t function)
{
	const struct bsg_report_function *reported = bsg_view_reported(view, function);

	if (view->has_phone)
		return phone_state(view, function);
	if (reported == NULL)
		return "desired";
	switch (reported->state) {
	case BSG_REPORT_ACKNOWLEDGED:
		return "acknowledged";
	case BSG_REPORT_VERIFIED:
		return "verified";
	case BSG_REPORT_UNVERIFIED:
	case BSG_REPORT_STUCK:
		break;
	}
	return "unverified";
}

int64_t bsg_view_since(const struct bsg_view *view, uint32_t function)
{
	const struct bsg_report_function *reported = bsg_view_reported(view, function);

	if (view->has_phone)
		return (phone_verified(view) & function) != 0 ? view->phone.verified_at : 0;
	return reported != NULL ? reported->since : 0;
}

uint32_t bsg_view_verified(const struct bsg_view *view)
{
	const struct bsg_report_status *status = &view->batch.reports[0].status;
	uint32_t verified = 0;

	if (view->has_phone)
		return phone_verified(view);
	for (size_t i = 0; view->has_status && i < status->n_functions; i++)
		if (status->functions[i].state == BSG_REPORT_VERIFIED)
			verified |= status->functions[i].function;
	return verified;
}

/*
 * What counts for the state of the whole: a phone without agent is not told what it cannot do, and nobody waits for that. What it has
 * not shown to be free since its lease ran out may be either.
 */
static uint32_t counted(const struct bsg_view *view)
{
	const uint32_t told = view->output.restricted & view->phone.desired;

	return (view->has_phone && told != 0 ? told : view->output.restricted) | bsg_view_unproven(view);
}

const char *bsg_view_weakest(const struct bsg_view *view)
{
	/* From weak to strong. */
	static const char *const states[] = {"desired", "unverified", "acknowledged", "verified"};
	size_t weakest = view->has_status || view->has_phone ? 3 : 0;

	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		const char *state = bsg_view_state(view, BSG_BIT(i));

		if ((counted(view) & BSG_BIT(i)) == 0)
			continue;
		for (size_t s = 0; s < weakest; s++)
			if (strcmp(states[s], state) == 0)
				weakest = s;
	}
	return states[weakest];
}
