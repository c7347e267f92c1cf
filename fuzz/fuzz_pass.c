/* SPDX-License-Identifier: Apache-2.0 */
/* Passes: the round trip. */
#include "fuzz/roundtrip.h"
#include "wire/pass.h"

static enum bsg_err decode(struct bsg_bytes bytes, void *out, const char **why)
{
	return bsg_pass_decode(bytes, out, why);
}

static enum bsg_err encode(const void *message, uint8_t *buf, size_t cap, struct bsg_bytes *out)
{
	return bsg_pass_encode(message, buf, cap, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct roundtrip codec = { sizeof(struct bsg_pass), decode, encode, NULL };

	roundtrip(&codec, data, size);
	return 0;
}
