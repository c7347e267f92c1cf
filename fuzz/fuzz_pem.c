/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator imports as push certificate, alone or with its key: PEM text of any kind. */
#include <string.h>

#include "crypto/pushcert.h"
#include "crypto/rsa.h"
#include "crypto/x509.h"
#include "fuzz/fuzz.h"

static void try_push_cert(const char *pem, size_t len)
{
	struct bsg_push_cert cert, again;
	struct bsg_error err = {.text = ""};

	if (bsg_push_cert_read(pem, len, &cert, &err) != BSG_OK) {
		FUZZ_CHECK(err.text[0] != '\0');
		return;
	}
	FUZZ_CHECK(cert.topic[0] != '\0' && cert.topic[strspn(cert.topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] == '\0');
	FUZZ_CHECK(bsg_push_cert_check(pem, len, cert.topic, &again, NULL) == BSG_OK);
	FUZZ_CHECK(memcmp(again.sha256, cert.sha256, sizeof(cert.sha256)) == 0);
	FUZZ_CHECK(bsg_push_cert_check(pem, len, "another topic", &again, NULL) == BSG_E_DENIED);
}

/* The first certificate, written and read again, is the same. */
static void try_certificate(const char *pem, size_t len)
{
	struct bsg_buf der, text, again;

	bsg_buf_init(&der, BSG_CERT_MAX);
	bsg_buf_init(&text, 2 * BSG_CERT_MAX);
	bsg_buf_init(&again, BSG_CERT_MAX);
	if (bsg_cert_from_pem(pem, len, &der, NULL) == BSG_OK) {
		FUZZ_CHECK(bsg_cert_to_pem((struct bsg_bytes){der.data, der.len}, &text, NULL) == BSG_OK);
		FUZZ_CHECK(bsg_cert_from_pem((const char *)text.data, text.len, &again, NULL) == BSG_OK);
		FUZZ_CHECK(again.len == der.len && memcmp(again.data, der.data, der.len) == 0);
	}
	bsg_buf_free(&der);
	bsg_buf_free(&text);
	bsg_buf_free(&again);
}

static void try_key(const char *pem, size_t len)
{
	uint8_t first[BSG_SHA256_LEN], second[BSG_SHA256_LEN];
	struct bsg_secret text = {.data = NULL};
	struct bsg_rsa_key *key, *again;
	struct bsg_error err = {.text = ""};

	if (bsg_rsa_parse(pem, len, &key, &err) != BSG_OK) {
		FUZZ_CHECK(key == NULL && err.text[0] != '\0');
		return;
	}
	FUZZ_CHECK(bsg_rsa_pem(key, &text, NULL) == BSG_OK);
	FUZZ_CHECK(bsg_rsa_parse((const char *)text.data, text.len, &again, NULL) == BSG_OK);
	FUZZ_CHECK(bsg_rsa_spki_sha256(key, first, NULL) == BSG_OK && bsg_rsa_spki_sha256(again, second, NULL) == BSG_OK);
	FUZZ_CHECK(memcmp(first, second, sizeof(first)) == 0);
	bsg_rsa_free(key);
	bsg_rsa_free(again);
	bsg_secret_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_push_cert((const char *)data, size);
	try_certificate((const char *)data, size);
	if (memmem(data, size, "PRIVATE KEY-----", 16) != NULL)	/* as the import asks before it looks for one */
		try_key((const char *)data, size);
	return 0;
}
