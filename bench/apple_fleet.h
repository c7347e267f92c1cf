/* SPDX-License-Identifier: Apache-2.0 */
/* What the loads of Apple's phones share: the phones that bsg_seed() made, and a stand-in for APNs beside them. */
#ifndef BSG_BENCH_APPLE_FLEET_H
#define BSG_BENCH_APPLE_FLEET_H

#include "base/clock.h"
#include "sim/apns.h"
#include "sim/fleet.h"

/** The first @n phones of @path (a base64 certificate a line). Ends the process with a reason if it cannot. bsg_bench_phones_free() */
struct bsg_fleet_phone *bsg_bench_phones(const char *path, size_t n);
void bsg_bench_phones_free(struct bsg_fleet_phone *phones, size_t n);

/** APNs with the certificates of @dir, which are made if they are not there. Ends the process with a reason if it cannot. */
struct bsg_sim_apns *bsg_bench_apns(const char *dir, const char *listen, const char *topic, const struct bsg_clock *clock,
				    void (*on_push)(const struct bsg_sim_push *push, void *app), void *app);

#endif
