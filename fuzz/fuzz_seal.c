/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed secrets as the database gives them back, for the key of fuzz/secrets-key.pem, which is nobody's but the fuzzers'.
 * All seeds that can be opened hold one secret: whatever is changed in them, no other comes out.
 */
#include <string.h>

#include "crypto/ossl.h"
#include "crypto/x509.h"
#include "fuzz/fuzz.h"

extern const unsigned char fuzz_secrets_key[];
extern const unsigned long fuzz_secrets_key_len;

static const char secret[] = "a place, its secret, 32 bytes: 9";

static struct bsg_key *key;
static struct bsg_buf cert;

static enum bsg_err unseal(struct bsg_bytes sealed)
{
	struct bsg_error err = { .text = "" };
	struct bsg_secret out;
	enum bsg_err rc = bsg_unseal(key->pkey, (struct bsg_bytes){ cert.data, cert.len }, sealed, &out, &err);

	FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0') && (rc == BSG_OK) == (out.data != NULL));
	FUZZ_CHECK(rc == BSG_OK || rc == BSG_E_CRYPTO || rc == BSG_E_LIMIT);
	FUZZ_CHECK(rc != BSG_OK || (out.len == strlen(secret) && memcmp(out.data, secret, out.len) == 0));
	bsg_secret_free(&out);
	return rc;
}

/* Nothing may stand behind it. */
static void try_longer(const uint8_t *data, size_t size)
{
	uint8_t *longer = calloc(1, size + 1);

	FUZZ_CHECK(longer != NULL);
	memcpy(longer, data, size);
	FUZZ_CHECK(unseal((struct bsg_bytes){ longer, size + 1 }) != BSG_OK);
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *pem = (const char *)fuzz_secrets_key;

	if (key == NULL) {
		bsg_buf_init(&cert, BSG_CERT_MAX);
		FUZZ_CHECK(bsg_key_parse(pem, fuzz_secrets_key_len, &key, NULL) == BSG_OK &&
			   bsg_cert_from_pem(pem, fuzz_secrets_key_len, &cert, NULL) == BSG_OK);
	}
	if (unseal((struct bsg_bytes){ data, size }) == BSG_OK)
		try_longer(data, size);
	return 0;
}
