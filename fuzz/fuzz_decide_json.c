/* SPDX-License-Identifier: Apache-2.0 */
/* Traces, {"orders": ..., "events": [...]}: whatever is accepted steps, and gives an output with every key. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "policy/decide_json.h"

static void play(struct bsg_json_phone *phone, json_t *events)
{
	static const char *const keys[] = { "restricted", "apps", "observed", "may_pass", "present", "next", "lift_by",
					    "reports" };
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		struct bsg_error err = { 0 };
		json_t *out;
		const enum bsg_err rc = bsg_json_phone_step(phone, event, &out, &err);

		FUZZ_CHECK((rc == BSG_OK) == (out != NULL));
		FUZZ_CHECK(rc == BSG_OK || err.text[0] != '\0');
		for (size_t k = 0; out != NULL && k < sizeof(keys) / sizeof(keys[0]); k++)
			FUZZ_CHECK(json_object_get(out, keys[k]) != NULL);
		json_decref(out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *trace = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct bsg_json_orders *orders;
	struct bsg_json_phone *phone;
	struct bsg_error err = { 0 };

	if (trace == NULL)
		return 0;
	if (bsg_json_phone_new(json_object_get(trace, "orders"), &phone, &err) == BSG_OK) {
		play(phone, json_object_get(trace, "events"));
		bsg_json_phone_free(phone);
	} else {
		FUZZ_CHECK(err.text[0] != '\0');
	}
	if (bsg_json_orders_read(json_object_get(trace, "orders"), &orders, &err) == BSG_OK) {
		json_t *again = bsg_json_orders_write(&orders->orders);

		FUZZ_CHECK(again != NULL);
		json_decref(again);
		bsg_json_orders_free(orders);
	}
	json_decref(trace);
	return 0;
}
