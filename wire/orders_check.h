/* SPDX-License-Identifier: Apache-2.0 */
/* What makes orders valid, beyond what their bytes can say. Private to wire/. */
#ifndef BSG_WIRE_ORDERS_CHECK_H
#define BSG_WIRE_ORDERS_CHECK_H

#include "wire/orders.h"

#define BSG_ORDERS_LAST_DAY 47482	/* the UTC day of BSG_TIME_MAX */

/**
 * Check all that core assumes and W20..W29 ask for.
 *
 * Identifiers, references and numbers, not the texts: those the writer checks
 * as it writes and the reader as it reads.
 *
 * @param why  a static text on failure, else untouched
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT
 */
enum bsg_err bsg_orders_check(const struct bsg_orders_message *message, const char **why) BSG_MUST_CHECK;

#endif
