/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision as JSON: orders, events and outputs as `bosaga decide`, test vectors and traces write them.
 *
 * Strict: unknown keys, wrong types and values outside their limits are refused with a path, so that two
 * implementations that read the same file really decide on the same input. Shapes: docs/spec/decision.md, section JSON.
 */
#ifndef BSG_POLICY_DECIDE_JSON_H
#define BSG_POLICY_DECIDE_JSON_H

#include <bosaga/decide.h>
#include <jansson.h>

#include "base/error.h"

/* Orders read from JSON and the memory that their slices point into. */
struct bsg_json_orders {
	struct bsg_orders orders;
	void *memory;
};

/**
 * Read orders.
 *
 * @param out  owned by the caller, bsg_json_orders_free(); NULL on failure; does not borrow from @p json
 * @return BSG_E_INVALID or BSG_E_LIMIT with the path in err; BSG_E_NO_MEMORY
 */
enum bsg_err bsg_json_orders_read(json_t *json, struct bsg_json_orders **out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_json_orders_free(struct bsg_json_orders *orders);

/** Write orders. @return a new reference, or NULL: no memory */
json_t *bsg_json_orders_write(const struct bsg_orders *orders) BSG_MUST_CHECK;

/** Write an output. @return a new reference, or NULL: no memory */
json_t *bsg_json_output_write(const struct bsg_output *output) BSG_MUST_CHECK;

/*
 * A phone in JSON: current orders, guest credentials, state. What a host does around bsg_step() (keeping guests,
 * replacing orders in one step, D9, D11) is done here once for `bosaga decide`, vectors and traces.
 */
struct bsg_json_phone;

/**
 * Start a phone that has seen nothing yet; its first orders are taken in its first step.
 *
 * @param orders  as for bsg_json_orders_read(); null: it has none yet
 * @param out     owned by the caller, bsg_json_phone_free(); NULL on failure
 */
enum bsg_err bsg_json_phone_new(json_t *orders, struct bsg_json_phone **out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_json_phone_free(struct bsg_json_phone *phone);

/** As bsg_json_phone_new(), from orders as wire decodes them. @param orders borrowed until the phone is freed */
enum bsg_err bsg_json_phone_new_from(const struct bsg_orders *orders, struct bsg_json_phone **out,
				     struct bsg_error *err) BSG_MUST_CHECK;

/* What a phone holds after its last step: what bsg_explain() asks for. */
struct bsg_json_phone_look {
	const struct bsg_orders *orders;	/* in force; NULL: none yet */
	const struct bsg_state *state;		/* all zero before the first step */
	struct bsg_guest guests[BSG_GUESTS_MAX];	/* credentials kept */
	size_t n_guests;
};

/** Look at a phone. @param out  borrows from the phone until its next step */
void bsg_json_phone_look(const struct bsg_json_phone *phone, struct bsg_json_phone_look *out);

/**
 * Step a phone by one event and give its output.
 *
 * @param event  {kind, time: {utc, mono, auth}, ...}
 * @param out    a new reference; NULL on failure
 * @return BSG_E_INVALID or BSG_E_LIMIT with the path in err; the phone is unchanged
 */
enum bsg_err bsg_json_phone_step(struct bsg_json_phone *phone, json_t *event, json_t **out,
				 struct bsg_error *err) BSG_MUST_CHECK;

#endif
