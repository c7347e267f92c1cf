/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated phone: the same core, messages and HTTP as a real one; only the
 * camera is imagined. It enrols by EST, long polls its orders, reports.
 */
#ifndef BSG_SIM_PHONE_H
#define BSG_SIM_PHONE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"

struct bsg_sim_phone;

struct bsg_sim_invitation {
	const char *url;		/* people plane */
	const char *token;
	const char *ca_sha256;		/* 64 hex digits */
};

/**
 * Enrol a phone by EST, or open the one that @dir holds already.
 *
 * @param dir         folder of this phone, made if missing: key, certificate, root, device URL
 * @param invitation  NULL: only open
 * @param log         borrowed while the phone lives; may be NULL
 * @param out         owned, bsg_sim_phone_close(); NULL on failure
 *
 * @return BSG_OK, BSG_E_NOT_FOUND (not enrolled yet, and no invitation), BSG_E_DENIED (the server refused),
 *         BSG_E_UNAVAILABLE, BSG_E_CRYPTO (another root than invited to), BSG_E_INVALID, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_sim_phone_open(const char *dir, const struct bsg_sim_invitation *invitation,
				const struct bsg_log *log, struct bsg_sim_phone **out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Free it; not while bsg_sim_phone_run() runs. NULL is fine. */
void bsg_sim_phone_close(struct bsg_sim_phone *phone);

/** The phone's device id: 32 hex digits. Borrowed. */
const char *bsg_sim_phone_id(const struct bsg_sim_phone *phone);

/** Functions that the phone restricts now, as bits. Any thread. */
uint32_t bsg_sim_phone_restricted(const struct bsg_sim_phone *phone);

/** Live: poll, step, report, until bsg_sim_phone_stop(). Blocks; one thread per phone. */
void bsg_sim_phone_run(struct bsg_sim_phone *phone);

/** Make bsg_sim_phone_run() return soon. Any thread. */
void bsg_sim_phone_stop(struct bsg_sim_phone *phone);

#endif
