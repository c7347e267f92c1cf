/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force: one reference-counted copy, swapped when another version is activated. */
#include "server/active.h"

#include <stdlib.h>
#include <string.h>

#include "policy/compile.h"

#define MINUTE_S INT64_C(60)
#define DAY_S INT64_C(86400)

void bsg_active_init(struct bsg_active *active)
{
	pthread_mutex_init(&active->lock, NULL);
	active->now = NULL;
}

void bsg_active_free(struct bsg_active *active)
{
	if (active->now != NULL)
		bsg_active_put(active->now);
	active->now = NULL;
	pthread_mutex_destroy(&active->lock);
}

static enum bsg_err parse(const struct bsg_store_blob *document, struct bsg_active_policy *out, struct bsg_error *err)
{
	static const char empty[] = "{\"bosaga\": 1, \"places\": [], \"rules\": []}";
	struct bsg_policy_source source = {.name = "stored policy", .format = BSG_POLICY_JSON};

	source.bytes = document->data != NULL ? (const char *)document->data : empty;
	source.len = document->data != NULL ? document->len : strlen(empty);
	return bsg_policy_parse(&source, 1, &out->policy, NULL, err);
}

enum bsg_err bsg_active_load(struct bsg_active *active, struct bsg_store *store, struct bsg_error *err)
{
	struct bsg_active_policy *fresh = calloc(1, sizeof(*fresh)), *old;
	struct bsg_store_blob document = {.data = NULL};
	enum bsg_err rc;

	if (fresh == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the policy");
	atomic_init(&fresh->refs, 1);
	pthread_mutex_init(&fresh->lock, NULL);
	rc = bsg_store_policy(store, 0, &fresh->rec, &document, err);
	if (rc == BSG_E_NOT_FOUND)
		rc = BSG_OK;
	if (rc == BSG_OK)
		rc = parse(&document, fresh, err);
	bsg_store_blob_free(&document);
	if (rc != BSG_OK) {
		bsg_active_put(fresh);
		return rc;
	}
	pthread_mutex_lock(&active->lock);
	old = active->now;
	if (old == NULL || old->rec.version < fresh->rec.version) {
		active->now = fresh;
		fresh = old;
	}
	pthread_mutex_unlock(&active->lock);
	if (fresh != NULL)
		bsg_active_put(fresh);
	return BSG_OK;
}

struct bsg_active_policy *bsg_active_get(struct bsg_active *active)
{
	struct bsg_active_policy *policy;

	pthread_mutex_lock(&active->lock);
	policy = active->now;
	atomic_fetch_add(&policy->refs, 1);
	pthread_mutex_unlock(&active->lock);
	return policy;
}

void bsg_active_put(struct bsg_active_policy *policy)
{
	if (atomic_fetch_sub(&policy->refs, 1) != 1)
		return;
	bsg_timetable_drop(policy->timetable);
	bsg_policy_free(policy->policy);
	pthread_mutex_destroy(&policy->lock);
	free(policy);
}

/*
 * Orders are renewed within a week, and whether another policy would have changed them is asked as of when they were issued; so it
 * reaches back a little more than that. It reaches on for a week more than orders do, so that it need not be made every day.
 */
#define BACK_S (9 * DAY_S)
#define ON_S (BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S + 7 * DAY_S)

enum bsg_err bsg_timetable_around(const struct bsg_policy *policy, int64_t at, struct bsg_timetable **out,
				  struct bsg_policy_errors *errors, struct bsg_error *err)
{
	return bsg_timetable_make(policy, (struct bsg_timetable_span){.from = at - BACK_S, .until = at + ON_S}, out, errors, err);
}

static bool reaches(const struct bsg_timetable *timetable, int64_t at)
{
	return timetable != NULL &&
	       bsg_timetable_covers(timetable, at - MINUTE_S, at + BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S);
}

static bool is_near(int64_t now, int64_t at)
{
	return at >= now - BACK_S + MINUTE_S && at <= now + 7 * DAY_S;
}

/* With the lock held: the shared one, made anew when time has gone past it. */
static enum bsg_err keep_near(struct bsg_active_policy *policy, int64_t now, struct bsg_timetable **out, struct bsg_error *err)
{
	struct bsg_timetable *fresh;
	enum bsg_err rc = bsg_timetable_around(policy->policy, now, &fresh, NULL, err);

	if (rc != BSG_OK)
		return rc;
	bsg_timetable_drop(policy->timetable);
	policy->timetable = fresh;
	*out = bsg_timetable_hold(fresh);
	return BSG_OK;
}

enum bsg_err bsg_active_timetable(struct bsg_active_policy *policy, int64_t now, int64_t at, struct bsg_timetable **out,
				  struct bsg_error *err)
{
	bool make = false;
	enum bsg_err rc = BSG_OK;

	*out = NULL;
	pthread_mutex_lock(&policy->lock);
	if (reaches(policy->timetable, at))
		*out = bsg_timetable_hold(policy->timetable);
	else if (is_near(now, at))
		rc = keep_near(policy, now, out, err);
	else
		make = true;
	pthread_mutex_unlock(&policy->lock);
	return make ? bsg_timetable_around(policy->policy, at, out, NULL, err) : rc;
}
