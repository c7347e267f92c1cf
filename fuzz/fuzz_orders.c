/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: besides the round trip, the decision takes all that decodes, and what it prepared can be written. */
#include "fuzz/roundtrip.h"
#include "wire/orders.h"

static enum bsg_err decode(struct bsg_bytes bytes, void *out, const char **why)
{
	return bsg_orders_decode(bytes, out, why);
}

static enum bsg_err encode(const void *message, uint8_t *buf, size_t cap, struct bsg_bytes *out)
{
	return bsg_orders_encode(message, buf, cap, out, NULL);
}

static void also(void *message)
{
	struct bsg_orders_message *m = message;
	uint8_t *buf = malloc(BSG_ORDERS_PAYLOAD_MAX);
	struct bsg_bytes out;

	FUZZ_CHECK(buf != NULL);
	FUZZ_CHECK(bsg_orders_prepare(&m->orders, NULL) == BSG_OK);
	FUZZ_CHECK(bsg_orders_encode(m, buf, BSG_ORDERS_PAYLOAD_MAX, &out, NULL) == BSG_OK);
	for (size_t i = 0; i < m->orders.n_places; i++) {
		const struct bsg_orders_place *own = &m->places[i];
		int64_t end = own->first_day + (int64_t)own->n_days;

		FUZZ_CHECK(bsg_orders_exit_key(m, i, own->first_day - 1) == NULL);
		FUZZ_CHECK(bsg_orders_exit_key(m, i, end) == NULL);
		FUZZ_CHECK((bsg_orders_exit_key(m, i, end - 1) != NULL) == (own->n_days > 0));
	}
	FUZZ_CHECK(bsg_orders_exit_key(m, m->orders.n_places, 0) == NULL);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct roundtrip codec = { sizeof(struct bsg_orders_message), decode, encode, also };

	roundtrip(&codec, data, size);
	return 0;
}
