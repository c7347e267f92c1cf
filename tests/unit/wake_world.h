/* SPDX-License-Identifier: Apache-2.0 */
/* A store, the Apple platform on it without a server, and a stand-in APNs, for tests of apple/wake.c. */
#ifndef BOSAGA_TESTS_UNIT_WAKE_WORLD_H
#define BOSAGA_TESTS_UNIT_WAKE_WORLD_H

#include "../contract/apple_fixture.h"

#include <pthread.h>
#include <time.h>

#include "apple/service.h"
#include "sim/apns.h"

#define NOW (T0 + 10)		/* when desire() desires */
#define PUSHES_MAX 8192

struct world {
	struct store_fixture *f;
	struct bsg_fake_clock clock;
	struct bsg_sim_apns *apns;
	struct bsg_sim_apns_options apns_options;
	char endpoint[64], files[4][128];
	struct bsg_apple_options options;
	struct bsg_platform_host host;
	struct bsg_platform *platform;
	_Atomic unsigned n_changed;
	pthread_mutex_t lock;
	unsigned n_pushes;
	struct { char token[BSG_SIM_TOKEN_SIZE]; int64_t expiration; unsigned status; } pushes[PUSHES_MAX];
};

/* Wait up to 60 s. */
#define EVENTUALLY(condition_) \
	do { \
		int left_ = 12000; \
		while (!(condition_) && left_-- > 0) \
			nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); \
		if (left_ <= 0) \
			fail_msg("%s:%d did not come: %s", __FILE__, __LINE__, #condition_); \
	} while (0)

int wake_world_set_up(void **state);
int wake_world_tear_down(void **state);

struct bsg_apple *apple_of(struct world *w);
void start_apns(struct world *w);
void stop_apns(struct world *w);
void start(struct world *w);	/* the platform, as a server starts it */
void stop(struct world *w);
void write_file(struct world *w, unsigned i, const char *name, const char *text);
void pass(struct world *w, int64_t seconds);
unsigned n_pushes(struct world *w);
int64_t push_at(struct world *w, unsigned n);

/* Nothing goes out that is not due: look twice, a second pause of the thread's own between them. */
void nothing_more(struct world *w, unsigned n);

#endif
