/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force, parsed once and shared by all threads. */
#ifndef BSG_SERVER_ACTIVE_H
#define BSG_SERVER_ACTIVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "policy/document.h"
#include "store/read.h"

/* One version; never changed, freed by the last bsg_active_put(). */
struct bsg_active_policy {
	_Atomic int refs;
	struct bsg_policy_rec rec;	/* version 0: nothing was ever applied; the policy is empty */
	struct bsg_policy *policy;
};

struct bsg_active {
	pthread_mutex_t lock;
	struct bsg_active_policy *now;
};

/** Prepare; bsg_active_load() must follow before the first get. */
void bsg_active_init(struct bsg_active *active);
void bsg_active_free(struct bsg_active *active);

/** Read the version in force from the store; an older one than what is held changes nothing. */
enum bsg_err bsg_active_load(struct bsg_active *active, struct bsg_store *store, struct bsg_error *err) BSG_MUST_CHECK;

/** The policy in force. Never NULL; give it back with bsg_active_put(). */
struct bsg_active_policy *bsg_active_get(struct bsg_active *active);
void bsg_active_put(struct bsg_active_policy *policy);

#endif
