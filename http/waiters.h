/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Held exchanges by key: long polls that a change wakes.
 *
 * The list never keeps an exchange longer than until its answer, its deadline
 * or its peer's departure: entries leave by themselves. No wake is lost if the
 * handler first adds itself and only then looks at what it waits for:
 *
 *	bsg_http_hold(x, bsg_http_wait_ms(x), &not_modified);
 *	bsg_http_waiters_add(waiters, device_id, x);
 *	if (orders_changed_meanwhile())
 *		answer(x);
 */
#ifndef BSG_HTTP_WAITERS_H
#define BSG_HTTP_WAITERS_H

#include <stddef.h>

#include "http/exchange.h"

#define BSG_HTTP_WAIT_KEY_MAX 64	/* bytes of a key, without the NUL */

struct bsg_http_waiters;

/**
 * Make an empty list.
 *
 * @return BSG_OK, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_http_waiters_new(struct bsg_http_waiters **out,
				  struct bsg_error *err) BSG_MUST_CHECK;

/** Free a list. Only after every server that uses it was stopped. NULL is fine. */
void bsg_http_waiters_free(struct bsg_http_waiters *waiters);

/**
 * Enter a held exchange under @key. An exchange waits in one list, once.
 *
 * Does nothing if the exchange has its answer already. Out of memory or too
 * long a key is answered with 503 or 500.
 *
 * Any thread.
 */
void bsg_http_waiters_add(struct bsg_http_waiters *waiters, const char *key,
			  struct bsg_http_exchange *x);

/** Called for an exchange that waits; answers it, or leaves it waiting. */
typedef void bsg_http_wake_fn(struct bsg_http_exchange *x, void *arg);

/**
 * Call @wake for every exchange under @key, in the caller's thread, without locks.
 *
 * @return how many there were
 */
size_t bsg_http_waiters_wake(struct bsg_http_waiters *waiters, const char *key,
			     bsg_http_wake_fn *wake, void *arg);

/** As bsg_http_waiters_wake(), for every exchange of the list. */
size_t bsg_http_waiters_wake_all(struct bsg_http_waiters *waiters,
				 bsg_http_wake_fn *wake, void *arg);

/** How many exchanges wait now. */
size_t bsg_http_waiters_count(struct bsg_http_waiters *waiters);

#endif
