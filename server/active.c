/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force: one reference-counted copy, swapped when another version is activated. */
#include "server/active.h"

#include <stdlib.h>
#include <string.h>

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
	rc = bsg_store_policy(store, 0, &fresh->rec, &document, err);
	if (rc == BSG_E_NOT_FOUND)
		rc = BSG_OK;
	if (rc == BSG_OK)
		rc = parse(&document, fresh, err);
	bsg_store_blob_free(&document);
	if (rc != BSG_OK) {
		free(fresh);
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
	bsg_policy_free(policy->policy);
	free(policy);
}
