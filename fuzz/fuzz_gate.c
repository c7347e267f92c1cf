/* SPDX-License-Identifier: Apache-2.0 */
/* Gate credentials: besides the round trip, the decision takes every guest place that decodes. */
#include "fuzz/roundtrip.h"
#include "wire/gate.h"

static enum bsg_err decode(struct bsg_bytes bytes, void *out, const char **why)
{
	return bsg_gate_credential_decode(bytes, out, why);
}

static enum bsg_err encode(const void *message, uint8_t *buf, size_t cap, struct bsg_bytes *out)
{
	return bsg_gate_credential_encode(message, buf, cap, out);
}

static void also(void *message)
{
	const struct bsg_gate_credential *c = message;

	FUZZ_CHECK(!c->has_guest || bsg_guest_check(&c->guest, NULL) == BSG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct roundtrip codec = { sizeof(struct bsg_gate_credential), decode, encode, also };

	roundtrip(&codec, data, size);
	return 0;
}
