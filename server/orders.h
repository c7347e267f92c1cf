/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of devices: compiled from the policy and the facts, signed, stored, announced.
 *
 * Whoever changes a fact commits it first and then calls bsg_orders_want(): the answer to the change does not wait for the
 * orders, and after a crash the store still knows whose orders are due.
 */
#ifndef BSG_SERVER_ORDERS_H
#define BSG_SERVER_ORDERS_H

#include "policy/compile.h"
#include "server/app.h"
#include "server/drive.h"

/** Make room for what is wanted. Before platforms start, which want from then on. @return BSG_OK, BSG_E_NO_MEMORY */
enum bsg_err bsg_orders_new(struct bsg_server *server, struct bsg_error *err) BSG_MUST_CHECK;

/** Start the threads that make orders, renew them, and keep house. @return BSG_OK, BSG_E_UNAVAILABLE (threads) */
enum bsg_err bsg_orders_start(struct bsg_server *server, struct bsg_error *err) BSG_MUST_CHECK;

/** Stop the threads; what they have not done is still due in the store. */
void bsg_orders_stop(struct bsg_server *server);

/** Free what bsg_orders_new() made; after the store is closed, whose callbacks may still want orders. */
void bsg_orders_free(struct bsg_server *server);

/** Make a device's orders anew soon. Never blocks: also for callbacks of the store. */
void bsg_orders_want(struct bsg_server *server, const char *device);

/** Look for all orders that are due, soon: after a policy was activated, and at the start. */
void bsg_orders_want_due(struct bsg_server *server);

/** Wake those who watch presence and those who wait for a verdict, soon and from another thread: also for callbacks of the store. */
void bsg_orders_want_presence(struct bsg_server *server);

/**
 * Make a device's orders now, unless they are current.
 *
 * @param renew  make them even if nothing changed
 * @return BSG_E_NOT_FOUND (no such device), BSG_E_LIMIT (the policy does not fit into this device's orders), BSG_E_UNAVAILABLE...
 */
enum bsg_err bsg_orders_make(struct bsg_server *server, const char *device, bool renew, struct bsg_error *err) BSG_MUST_CHECK;

#define BSG_ORDERS_OPS 2	/* that storing one device's orders takes at most */

/*
 * Orders that are made before the crossing that needs them is stored, so that all of it is one commit and the phone is woken right after it.
 *
 * They are a guess by what is known now. In one batch behind the crossing the store takes them if the crossing leaves the device as it
 * was guessed; else it refuses the whole with BSG_E_CONFLICT or BSG_E_NOT_FOUND: then store the crossing alone, and let its orders follow.
 */
struct bsg_orders_ahead;

/**
 * Make orders for a crossing that is about to be stored. Reads the store; blocks as long as a making of orders.
 *
 * @return NULL: it is not a badge that moves exactly one phone without agent, or they cannot be made; else bsg_orders_ahead_free()
 */
struct bsg_orders_ahead *bsg_orders_ahead(struct bsg_server *server, const struct bsg_op_crossing_add *crossing);

/** What goes behind the crossing into its batch. @param ahead  may be NULL; to be kept until the batch is done @return how many */
size_t bsg_orders_ahead_ops(const struct bsg_orders_ahead *ahead, struct bsg_op ops[static BSG_ORDERS_OPS]);

/** The batch is committed: wake the phone and whoever waits. */
void bsg_orders_ahead_stored(const struct bsg_orders_ahead *ahead);

/** The device as the crossing leaves it, and the step that goes with its orders. */
const struct bsg_device_rec *bsg_orders_ahead_device(const struct bsg_orders_ahead *ahead);
const struct bsg_drive_step *bsg_orders_ahead_step(const struct bsg_orders_ahead *ahead);

/** @param ahead  may be NULL */
void bsg_orders_ahead_free(struct bsg_orders_ahead *ahead);

/**
 * The payload of orders as they are stored: those of a phone without agent are stored bare (Z12), and were signed before version 0.6.
 *
 * @param payload  inside @p stored; not verified, as nobody else writes the store
 * @return BSG_E_INVALID, BSG_E_LIMIT (they are broken)
 */
enum bsg_err bsg_orders_payload(struct bsg_bytes stored, struct bsg_bytes *payload, struct bsg_error *err) BSG_MUST_CHECK;

/** Stored orders as a message that whoever reads it can verify. @param out  appended @return BSG_E_NO_MEMORY, or as bsg_cose_sign() */
enum bsg_err bsg_orders_signed(struct bsg_server *server, struct bsg_bytes stored, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Compile what a device's orders would be under the policy in force, issued at @at. @param out  bsg_compiled_free() */
enum bsg_err bsg_orders_compile(const struct bsg_server *server, struct bsg_active_policy *policy, const struct bsg_device_rec *rec,
				int64_t serial, int64_t at, struct bsg_compiled **out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Tell whether the orders that a device has are what @policy says as of when they were issued: then they stay as they are.
 *
 * @param rec,head  read together, the device active
 * @return false also if that cannot be told: orders are then made anew
 *
 * Cost: a compilation, some tens of microseconds.
 */
bool bsg_orders_hold(const struct bsg_server *server, struct bsg_active_policy *policy, const struct bsg_device_rec *rec,
		     const struct bsg_orders_rec *head);

#define BSG_ETAG_SIZE 40

/** The ETag of orders, without quotes: SERIAL-DIGEST. */
void bsg_orders_etag(const struct bsg_orders_rec *rec, char out[static BSG_ETAG_SIZE]);

/**
 * When orders made now are to be renewed: after @renewal seconds, up to a seventh earlier by the device's id, so that those of one
 * day do not all come back at one moment.
 */
int64_t bsg_orders_due_at(const char *device, int64_t now, int64_t renewal);

#endif
