/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets of places: made once, at random, when a place is first needed. */
#ifndef BSG_SERVER_PLACES_H
#define BSG_SERVER_PLACES_H

#include "crypto/place.h"
#include "crypto/secret.h"
#include "server/app.h"

/**
 * Read a place's secrets, making them the first time.
 *
 * The pseudonyms hang on `key`, the day secrets on `day_root`: a gate that is given day secrets learns nothing about pseudonyms.
 *
 * @param out  secret: wipe it
 * @return BSG_E_CRYPTO (no randomness), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_place_secret(struct bsg_server *server, const char *place, struct bsg_place_secret_rec *out,
			      struct bsg_error *err) BSG_MUST_CHECK;

#endif
