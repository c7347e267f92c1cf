/* SPDX-License-Identifier: Apache-2.0 */
/* From what the server desires to rows of the store, and back. */
#include <stdio.h>
#include <string.h>

#include "apple/lock_profile.h"
#include "crypto/random.h"

/* What has become of what was desired last. */
static void fill_progress(const struct bsg_apple_rec *rec, struct bsg_platform_phone *out)
{
	const int64_t seq = rec->desired_at != 0 ? rec->desired_seq : 0;	/* what an enrolment before desired and proved is not this one's */

	out->has_desired = seq > 0;
	out->is_offered = seq > 0 && rec->offered_seq == seq;
	out->offered_at = out->is_offered ? rec->offered_at : 0;
	out->is_acknowledged = seq > 0 && rec->acknowledged_seq == seq;
	out->acknowledged_at = out->is_acknowledged ? rec->acknowledged_at : 0;
	out->is_reached = seq > 0 && rec->verified_seq == seq && rec->verified == rec->desired;
	out->reached_at = out->is_reached ? rec->verified_at : 0;
	out->is_stuck = seq > 0 && !out->is_reached && rec->command == BSG_APPLE_NO_COMMAND;
	out->is_certain = rec->offered_seq <= rec->verified_seq && rec->n_errors == 0;
}

static void fill_phone(const struct bsg_apple_rec *rec, struct bsg_platform_phone *out)
{
	out->version = rec->version;
	out->is_reachable = rec->state == BSG_APPLE_USABLE;
	out->is_ended = rec->state == BSG_APPLE_NONE;
	out->next = rec->next;
	out->desired = (uint32_t)rec->desired;
	out->desired_until = rec->desired_until;
	out->desired_at = rec->desired_at;
	out->evidence_at = rec->crossing_at;
	out->verified = (uint32_t)rec->verified;
	out->verified_until = rec->verified_until;
	out->verified_at = rec->verified_at;
	out->locked_since = rec->not_now_at;
	out->trouble_at = rec->error_at;
	out->is_pushed = rec->push_at != 0;
	out->push_failures = rec->push_failures;
	out->os_level = (unsigned)rec->os_version;
	snprintf(out->kind, sizeof(out->kind), "%s", rec->kind);
	snprintf(out->model, sizeof(out->model), "%s", rec->product[0] != '\0' ? rec->product : rec->model);
	snprintf(out->trouble, sizeof(out->trouble), "%s", rec->last_error);
	fill_progress(rec, out);
}

enum bsg_err bsg_apple_look(struct bsg_platform *p, const char *device, struct bsg_platform_phone *out, struct bsg_error *err)
{
	struct bsg_store_blob state = {.data = NULL};
	struct bsg_apple_rec rec;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	rc = bsg_store_apple(p->host->store, device, &rec, &state, err);
	if (rc == BSG_OK && rec.state == BSG_APPLE_AUTHENTICATED)
		rc = bsg_fail(err, BSG_E_NOT_FOUND, "device %s has not told its token yet", device);
	if (rc == BSG_OK) {
		fill_phone(&rec, out);
		out->state_len = state.len <= sizeof(out->state) ? state.len : 0;
		if (out->state_len > 0)
			memcpy(out->state, state.data, out->state_len);
	}
	bsg_store_blob_free(&state);
	return rc;
}

enum bsg_err bsg_apple_due(struct bsg_platform *p, int64_t now, struct bsg_page *page, struct bsg_platform_due *out,
			   struct bsg_error *err)
{
	struct bsg_apple_due_rec recs[BSG_STORE_LIST_MAX > 500 ? 500 : BSG_STORE_LIST_MAX];
	const size_t room = page->limit;
	enum bsg_err rc;

	page->limit = room < sizeof(recs) / sizeof(recs[0]) ? room : sizeof(recs) / sizeof(recs[0]);
	rc = bsg_store_apple_due(p->host->store, now, page, recs, err);
	page->limit = room;
	for (size_t i = 0; rc == BSG_OK && i < page->n; i++) {
		memcpy(out[i].device, recs[i].device, sizeof(out[i].device));
		out[i].next = recs[i].next;
	}
	return rc;
}

/*
 * A88: the phone has what is desired, and was told nothing since it proved it. The store would let a lease that comes forward pass, too:
 * but then a phone that hears no more of us would keep the longer one.
 */
static bool has_it(const struct bsg_platform_phone *phone, uint32_t functions, int64_t until, int64_t now)
{
	return phone->is_certain && phone->verified == functions &&
	       (functions == 0 || (until == phone->verified_until && phone->verified_at <= now + BSG_STORE_CLOCK_STEP_S));
}

static enum bsg_err fill_desire(const struct bsg_platform_phone *phone, const struct bsg_platform_step *step,
				struct bsg_platform_delivery *out, struct bsg_error *err)
{
	struct bsg_op_apple_step *op = &out->op.apple_step;
	const uint32_t functions = bsg_apple_told(phone->kind, phone->os_level, step->functions, step->n_apps);
	enum bsg_err rc = bsg_random_uuid(out->uuid, err);

	if (rc == BSG_OK)
		rc = bsg_apple_content(functions, step->apps, step->n_apps, out->content, err);
	op->desire = true;
	op->functions = functions;
	op->content = out->content;
	op->until = functions != 0 ? step->until : 0;
	op->crossing_at = step->evidence_at;
	/* Other apps under the same function need a new profile; what is verified says nothing of names. */
	if (has_it(phone, functions, op->until, step->at) && (functions & BSG_BIT(BSG_APPS)) == 0)
		return rc;
	op->command = functions == 0 ? BSG_APPLE_REMOVE :
		      bsg_apple_settings(phone->kind, phone->os_level, functions) != 0 ? BSG_APPLE_SETTINGS : BSG_APPLE_INSTALL;
	op->uuid = out->uuid;
	op->push = true;
	return rc;
}

enum bsg_err bsg_apple_deliver(struct bsg_platform *p, const struct bsg_platform_phone *phone, const struct bsg_platform_step *step,
			       struct bsg_platform_delivery *out, struct bsg_error *err)
{
	(void)p;
	out->op = (struct bsg_op){.kind = BSG_OP_APPLE_STEP};
	out->op.apple_step = (struct bsg_op_apple_step){
		.device = step->device, .version = phone->version, .state = step->state, .next = step->next, .at = step->at,
	};
	return step->desire ? fill_desire(phone, step, out, err) : BSG_OK;
}
