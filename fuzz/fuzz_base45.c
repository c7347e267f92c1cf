/* SPDX-License-Identifier: Apache-2.0 */
/* Base45: what decodes encodes again to the same text, and any bytes survive. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/base45.h"

static void check_text(const uint8_t *data, size_t size)
{
	struct bsg_str text = { (const char *)data, size };
	uint8_t *bytes = malloc(size + 1);
	char *again = malloc(size + 1);
	size_t len, text_len;

	FUZZ_CHECK(bytes != NULL && again != NULL);
	if (bsg_base45_decode(text, bytes, size, &len) == BSG_OK) {
		FUZZ_CHECK(bsg_base45_encode((struct bsg_bytes){ bytes, len }, again, size, &text_len) == BSG_OK);
		FUZZ_CHECK(text_len == size && memcmp(again, data, size) == 0);
	} else {
		FUZZ_CHECK(len == 0);
	}
	free(bytes);
	free(again);
}

static void check_bytes(const uint8_t *data, size_t size)
{
	size_t cap = BSG_BASE45_LEN(size), text_len, len;
	char *text = malloc(cap + 1);
	uint8_t *back = malloc(size + 1);

	FUZZ_CHECK(text != NULL && back != NULL);
	FUZZ_CHECK(bsg_base45_encode((struct bsg_bytes){ data, size }, text, cap, &text_len) == BSG_OK);
	FUZZ_CHECK(text_len == cap);
	FUZZ_CHECK(bsg_base45_decode((struct bsg_str){ text, text_len }, back, size, &len) == BSG_OK);
	FUZZ_CHECK(len == size && memcmp(back, data, size) == 0);
	free(text);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text(data, size);
	check_bytes(data, size);
	return 0;
}
