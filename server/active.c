/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force: one reference-counted copy, swapped when another version is activated. */
#include "server/active.h"

#include <stdlib.h>
#include <string.h>

#include "policy/compile.h"

#define MINUTE_S INT64_C(60)
#define DAY_S INT64_C(86400)
#define RETRY_S 30		/* calendars that could not be read: thousands of devices would ask again at once */
#define SPARE_S (3 * DAY_S)	/* the shared timetable is renewed so long before it must */

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

static struct bsg_active_policy *new_policy(void)
{
	struct bsg_active_policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	atomic_init(&policy->refs, 1);
	pthread_mutex_init(&policy->lock, NULL);
	pthread_cond_init(&policy->made, NULL);
	return policy;
}

/* Put a version in the place of an older one. @return what is to be put back: the other of the two, or NULL */
static struct bsg_active_policy *swap(struct bsg_active *active, struct bsg_active_policy *fresh)
{
	struct bsg_active_policy *old;

	pthread_mutex_lock(&active->lock);
	old = active->now;
	if (old == NULL || old->rec.version < fresh->rec.version) {
		active->now = fresh;
		fresh = old;
	}
	pthread_mutex_unlock(&active->lock);
	return fresh;
}

static bool is_newer(struct bsg_active *active, int64_t version)
{
	bool newer;

	pthread_mutex_lock(&active->lock);
	newer = active->now == NULL || active->now->rec.version < version;
	pthread_mutex_unlock(&active->lock);
	return newer;
}

enum bsg_err bsg_active_load(struct bsg_active *active, struct bsg_store *store, int64_t now, struct bsg_error *err)
{
	struct bsg_active_policy *fresh = new_policy();
	struct bsg_store_blob document = {.data = NULL};
	struct bsg_error ignored;
	enum bsg_err rc;

	if (fresh == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the policy");
	rc = bsg_store_policy(store, 0, &fresh->rec, &document, err);
	if (rc == BSG_E_NOT_FOUND)
		rc = BSG_OK;
	if (rc == BSG_OK)
		rc = parse(&document, fresh, err);
	bsg_store_blob_free(&document);
	if (rc == BSG_OK && is_newer(active, fresh->rec.version)) {
		if (bsg_active_renew(fresh, now, &ignored) != BSG_OK)
			fresh->failed = 0;	/* who needs it tries for themselves */
		fresh = swap(active, fresh);
	}
	if (fresh != NULL)
		bsg_active_put(fresh);
	return rc;
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
	pthread_cond_destroy(&policy->made);
	pthread_mutex_destroy(&policy->lock);
	free(policy);
}

/*
 * Orders are renewed within a week, and whether another policy would have changed them is asked as of when they were issued; so it
 * reaches back a little more than that. It reaches on for a week more than orders do, so that it need not be made every day.
 */
#define BACK_S (9 * DAY_S)
#define ON_S (BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S + 7 * DAY_S)

enum bsg_err bsg_timetable_around(const struct bsg_policy *policy, int64_t at, int64_t wait_ms, struct bsg_timetable **out,
				  struct bsg_policy_errors *errors, struct bsg_error *err)
{
	const struct bsg_timetable_span span = {.from = at > BACK_S ? at - BACK_S : 0, .until = at + ON_S, .wait_ms = wait_ms};

	*out = NULL;
	if (at < BSG_TIME_MIN || at > BSG_COMPILE_NOW_MAX)
		return bsg_fail(err, BSG_E_INVALID, "there are orders only for times of the years 1970 to 2099");
	return bsg_timetable_make(policy, span, out, errors, err);
}

static bool reaches(const struct bsg_timetable *timetable, int64_t at)
{
	return timetable != NULL &&
	       bsg_timetable_covers(timetable, at - at % MINUTE_S, at + BSG_COMPILE_HORIZON_S + BSG_COMPILE_LEAD_S);
}

/* What a timetable around @now reaches: the present, and the orders that devices may keep (worker.c). */
static bool is_recent(int64_t now, int64_t at)
{
	return at >= now - BACK_S + MINUTE_S && at <= now + DAY_S;
}

/* With the lock held, which is left while calendars are read: make the shared one anew. Nobody else may be making it. */
static enum bsg_err make_shared(struct bsg_active_policy *policy, int64_t now, struct bsg_error *err)
{
	struct bsg_timetable *fresh;
	struct bsg_error why;
	enum bsg_err rc;

	if (policy->failed != 0 && policy->failed <= now && now < policy->failed + RETRY_S)
		return bsg_fail(err, policy->failure.code, "%s", policy->failure.text);
	policy->making = true;
	pthread_mutex_unlock(&policy->lock);
	rc = bsg_timetable_around(policy->policy, now, 0, &fresh, NULL, &why);
	pthread_mutex_lock(&policy->lock);
	policy->making = false;
	pthread_cond_broadcast(&policy->made);
	policy->failed = rc == BSG_OK ? 0 : now;
	if (rc != BSG_OK) {
		policy->failure = why;
		return bsg_fail(err, rc, "%s", why.text);
	}
	bsg_timetable_drop(policy->timetable);
	policy->timetable = fresh;
	return BSG_OK;
}

enum bsg_err bsg_active_timetable(struct bsg_active_policy *policy, int64_t now, int64_t at, struct bsg_timetable **out,
				  struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	*out = NULL;
	pthread_mutex_lock(&policy->lock);
	while (rc == BSG_OK && is_recent(now, at) && !reaches(policy->timetable, at)) {
		if (policy->making)
			pthread_cond_wait(&policy->made, &policy->lock);
		else
			rc = make_shared(policy, now, err);
	}
	if (rc == BSG_OK && reaches(policy->timetable, at))
		*out = bsg_timetable_hold(policy->timetable);
	pthread_mutex_unlock(&policy->lock);
	if (rc != BSG_OK || *out != NULL)
		return rc;
	return bsg_timetable_around(policy->policy, at, BSG_CALENDARS_WAIT_MS, out, NULL, err);
}

void bsg_active_make_ready(struct bsg_active *active, int64_t now)
{
	struct bsg_active_policy *policy = bsg_active_get(active);
	struct bsg_timetable *timetable;

	if (bsg_active_timetable(policy, now, now, &timetable, NULL) == BSG_OK)
		bsg_timetable_drop(timetable);
	bsg_active_put(policy);
}

enum bsg_err bsg_active_renew(struct bsg_active_policy *policy, int64_t now, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	pthread_mutex_lock(&policy->lock);
	if (!policy->making && (!reaches(policy->timetable, now) || !reaches(policy->timetable, now + SPARE_S)))
		rc = make_shared(policy, now, err);
	pthread_mutex_unlock(&policy->lock);
	return rc;
}
