/* SPDX-License-Identifier: Apache-2.0 */
/* A ministry with many iPhones that have their certificates already, put into a state directory whose server is down. */
#ifndef BSG_BENCH_APPLE_SEED_H
#define BSG_BENCH_APPLE_SEED_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"

#define BSG_SEED_TOKEN "turnstile-of-the-bench"	/* of the one turnstile: gate north of house */

struct bsg_seed {
	const char *dir;	/* the state directory; a server made its keys */
	const char *policy;	/* JSON */
	unsigned n;		/* people, each with one phone */
	int64_t at;		/* when it happened; certificates hold for a year from then */
	const char *key_path, *ca_path;	/* PEM of the one key of all phones, and of their CA; NULL: not written */
};

struct bsg_seed_phone {
	char device[BSG_ID_SIZE];
	struct bsg_buf certificate;	/* DER; the caller frees it */
};

/** The id of the phone of person `p<i>`. */
void bsg_seed_device(unsigned i, char out[static BSG_ID_SIZE]);

/**
 * Put people `p0`, `p1`..., their badges `b0`, `b1`... and their phones, the policy and the turnstile there. Every tenth person is of
 * the unit `hall`, the others of `ministry`. Costs a signature of the CA a phone, about 2 ms of one core.
 *
 * @param out  of `n`, zeroed
 */
enum bsg_err bsg_seed(const struct bsg_seed *seed, struct bsg_seed_phone *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
