/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders: the part of a policy that concerns one device, compiled to absolute
 * windows and signed. What the decision reads is core's struct bsg_orders; this
 * adds what only the host needs: the pseudonym and the exit keys of each place,
 * and whether these orders discharge the device. Rules W20..W29 of
 * docs/spec/messages.md.
 *
 * Calls, SMS and emergency cannot be said: functions are numbers of core's one
 * table, and a number that is not in it is refused.
 */
#ifndef BSG_WIRE_ORDERS_H
#define BSG_WIRE_ORDERS_H

#include <stdbool.h>

#include <bosaga/decide.h>
#include <bosaga/error.h>

#include "wire/exitcode.h"

#define BSG_ORDERS_MAX BSG_ORDERS_BYTES_MAX	/* bytes, signed, as they travel */
#define BSG_ORDERS_PAYLOAD_MAX 14336		/* bytes, before they are signed */
#define BSG_ORDERS_DAYS_MAX 40			/* exit keys a place */
#define BSG_ORDERS_LIFE_S (INT64_C(35) * 86400)	/* expires - issued, at most */

/* Beside orders.places[i]. */
struct bsg_orders_place {
	uint8_t pseudonym[BSG_PSEUDONYM_LEN];	/* of this device at this place */
	int64_t first_day;			/* UTC, days since 1970-01-01 */
	size_t n_days;				/* may be 0: no codes work here */
	const uint8_t *exit_keys;		/* n_days * BSG_EXIT_KEY_LEN bytes, secret; borrowed */
};

struct bsg_orders_message {
	struct bsg_orders orders;
	bool discharge;		/* this device has left: restrict nothing, forget places, keep nothing;
				   no places, rules, exemptions, windows, apps, presence, release */
	struct bsg_orders_place places[BSG_PLACES_MAX];	/* orders.n_places of them */
};

/**
 * Encode the payload of orders. Equal orders give equal bytes.
 *
 * Checks all that bsg_orders_decode() checks, so that no server signs what its
 * devices refuse. The digest and what bsg_orders_prepare() made do not travel.
 *
 * @param out  the bytes, inside @buf; empty on failure
 * @param why  may be NULL; else a static text on failure, NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID (what W20..W29 forbid), BSG_E_LIMIT (a limit of
 *         <bosaga/limits.h>, more than BSG_ORDERS_PAYLOAD_MAX bytes, or @cap),
 *         BSG_E_DENIED (an app that must never be touched, D10)
 */
enum bsg_err bsg_orders_encode(const struct bsg_orders_message *message, uint8_t *buf, size_t cap,
			       struct bsg_bytes *out, const char **why) BSG_MUST_CHECK;

/**
 * Decode a payload whose signature has been verified. The caller then fills
 * orders.digest and calls bsg_orders_prepare(); whether the orders are for this
 * device and newer than what it has (D9) is for the decision to judge.
 *
 * @param out  filled whole, or zeroed on failure; ids, texts and keys point into
 *             @payload, which must live as long. About 30 KiB: not for a small stack
 * @param why  may be NULL; else a static text on failure, NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT, BSG_E_DENIED: as bsg_orders_encode()
 *
 * Cost: O(bytes + places^2 + rules^2 + evidence^2).
 */
enum bsg_err bsg_orders_decode(struct bsg_bytes payload, struct bsg_orders_message *out,
			       const char **why) BSG_MUST_CHECK;

/**
 * Find the exit key of a place for a UTC day.
 *
 * @param place  index into orders.places
 * @return BSG_EXIT_KEY_LEN bytes, borrowed, secret; NULL: none for that day
 */
const uint8_t *bsg_orders_exit_key(const struct bsg_orders_message *message, size_t place,
				   int64_t day);

#endif
