/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of places, made at first need. Two who need it at once agree: the store keeps the first. */
#include "server/places.h"

#include "crypto/random.h"

enum bsg_err bsg_place_secret(struct bsg_server *server, const char *place, struct bsg_place_secret_rec *out,
			      struct bsg_error *err)
{
	struct bsg_op op = {.kind = BSG_OP_PLACE_SECRET_ADD};
	uint8_t fresh[BSG_PLACE_KEY_LEN + BSG_DAY_ROOT_LEN];
	enum bsg_err rc = bsg_store_place_secret(server->store, place, out, err);

	if (rc != BSG_E_NOT_FOUND)
		return rc;
	rc = bsg_random(fresh, sizeof(fresh), err);
	if (rc != BSG_OK)
		return rc;
	op.place_secret_add.place = place;
	op.place_secret_add.key = fresh;
	op.place_secret_add.day_root = fresh + BSG_PLACE_KEY_LEN;
	op.place_secret_add.at = bsg_now(server);
	rc = bsg_store_apply(server->store, &op, 1, err);
	bsg_wipe(fresh, sizeof(fresh));
	return rc == BSG_OK ? bsg_store_place_secret(server->store, place, out, err) : rc;
}
