/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate requests: what is accepted has a key that is accepted by itself. */
#include "crypto/csr.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsg_bytes der = { data, size };
	struct bsg_error err = { 0 };
	struct bsg_public_key again;
	struct bsg_public_key key;
	enum bsg_err rc = bsg_csr_verify(der, &key, &err);

	FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0'));
	if (rc == BSG_OK)
		FUZZ_CHECK(bsg_public_key_from_spki((struct bsg_bytes){ key.spki, sizeof(key.spki) }, &again,
						    NULL) == BSG_OK);
	return 0;
}
