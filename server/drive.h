/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driving phones without an agent: the server is the phone that takes their orders (docs/adr/0006).
 *
 * One state of core for each, kept by its platform. New orders and its next moment step it; the difference between what it should
 * restrict and what is verified becomes one thing to tell. Read, step, deliver is a compare-and-set: somebody who was faster means again.
 * Rules: docs/spec/platform.md.
 */
#ifndef BSG_SERVER_DRIVE_H
#define BSG_SERVER_DRIVE_H

#include "server/app.h"
#include "wire/orders.h"

/** Make room for the steps that are wanted. Before platforms start, which want from then on. @return BSG_OK, BSG_E_NO_MEMORY */
enum bsg_err bsg_drive_new(struct bsg_server *server, struct bsg_error *err) BSG_MUST_CHECK;

/** Start the thread that looks for phones whose next moment has come. Nothing to do without platforms. */
enum bsg_err bsg_drive_start(struct bsg_server *server, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_drive_stop(struct bsg_server *server);
/** After the store is closed, whose callbacks may still want steps. */
void bsg_drive_free(struct bsg_server *server);

/** Step a phone soon. Never blocks: also for callbacks of the store. */
void bsg_drive_want(struct bsg_server *server, const char *device);

/** Look for phones that are due now: after the clock was moved. */
void bsg_drive_wake(struct bsg_server *server);

/** Step a phone now, by the time and the orders that are stored. BSG_E_NOT_FOUND: not enrolled yet, or told for the last time. Blocks. */
enum bsg_err bsg_drive_step(struct bsg_server *server, const char *device, struct bsg_error *err) BSG_MUST_CHECK;

/** The owner says "I am arriving" at a place: BSG_EVENT_SELF_IN. BSG_E_DENIED: the place does not take it. Blocks. @param who  for the audit */
enum bsg_err bsg_drive_self_in(struct bsg_server *server, const char *device, const char *place, const char *who,
			       struct bsg_error *err) BSG_MUST_CHECK;

/* A step that goes with orders that are being stored. */
struct bsg_drive_step {
	struct bsg_platform *platform;		/* NULL: the device has an agent, or cannot be told anything: no step */
	struct bsg_platform_phone phone;
	struct bsg_platform_delivery delivery;	/* its op belongs into the orders' batch */
	uint8_t state[BSG_STATE_BYTES_MAX];
	uint32_t restricted;			/* what should be restricted from now on */
	bool desire;				/* there is something to tell: bsg_drive_delivered() after the commit */
};

/**
 * Step a phone under orders that are about to be stored.
 *
 * @param orders  prepared, made for @p rec; its stored orders are the old ones
 * @return BSG_OK also with nothing to step; BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY, BSG_E_BUG
 */
enum bsg_err bsg_drive_under(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_orders *orders,
			     int64_t now, struct bsg_drive_step *out, struct bsg_error *err) BSG_MUST_CHECK;

/** The batch with @p step is committed. */
void bsg_drive_delivered(struct bsg_server *server, const char *device, const struct bsg_drive_step *step);

/* A device's stored orders, prepared. About 40 KiB: not for a small stack. */
struct bsg_drive_orders {
	bool has;				/* else there are none yet, and the message is not filled */
	struct bsg_store_blob bytes;		/* that the message leads into */
	struct bsg_orders_message message;
};

/** No orders. The message is left as it is: it is large, and nobody looks at it. */
void bsg_drive_orders_init(struct bsg_drive_orders *orders);

/** Read the newest orders of a device. @param out  bsg_drive_orders_free(); nothing to free on failure. BSG_E_BUG: they are broken */
enum bsg_err bsg_drive_orders(struct bsg_server *server, const char *device, struct bsg_drive_orders *out,
			      struct bsg_error *err) BSG_MUST_CHECK;
void bsg_drive_orders_free(struct bsg_drive_orders *orders);

/** Read what is known of a phone. BSG_E_NOT_FOUND: it has an agent, is not enrolled yet, or was told for the last time (*phone says). */
enum bsg_err bsg_drive_look(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_platform_phone *phone,
			    struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Step a phone's state by the server's time (Z2): its monotonic part is UTC that never goes back.
 *
 * @param before  zeroed if it does not belong to @p orders: then presence begins anew by them
 * @param event   its time is filled
 */
enum bsg_err bsg_drive_decide(const struct bsg_orders *orders, struct bsg_state *before, struct bsg_event *event, int64_t now,
			      struct bsg_state *after, struct bsg_output *out) BSG_MUST_CHECK;

/** See struct bsg_platform_host. */
void bsg_drive_took(struct bsg_server *server, bool lift, int64_t seconds);
enum bsg_err bsg_drive_apps(struct bsg_server *server, const char *device, char (*apps)[BSG_APP_NAME_MAX + 1], size_t *n_apps,
			    struct bsg_error *err) BSG_MUST_CHECK;

/* Upper bounds of the histograms of times to restrict and to lift, s. */
extern const int64_t bsg_took_bounds[BSG_TOOK_BOUNDS];

#endif
