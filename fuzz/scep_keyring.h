/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz_scep and fuzz_cms have for keys: a keyring whose CA of Apple devices is the one of
 * fuzz/apple-ca.pem, which is nobody's but the fuzzers', so that seeds can be opened. Its key is also
 * the phone's. Does what crypto/keyring_apple.c does, without files.
 */
#ifndef BSG_FUZZ_SCEP_KEYRING_H
#define BSG_FUZZ_SCEP_KEYRING_H

#include <string.h>

#include "crypto/cms.h"
#include "crypto/csr.h"
#include "crypto/keyring.h"
#include "fuzz/fuzz.h"

#define FUZZ_NOW INT64_C(1795730400)	/* fuzz/make-scep-corpus dates its messages so */

extern const unsigned char fuzz_apple_ca[];
extern const unsigned long fuzz_apple_ca_len;

static struct bsg_rsa_key *fuzz_key;
static struct bsg_buf fuzz_cert;

static struct bsg_bytes fuzz_ca(void)
{
	return (struct bsg_bytes){ fuzz_cert.data, fuzz_cert.len };
}

static enum bsg_err fuzz_certificate(struct bsg_keyring *keyring, enum bsg_keyring_cert which, struct bsg_bytes *der,
				     struct bsg_error *err)
{
	(void)keyring;
	(void)which;
	(void)err;
	*der = fuzz_ca();
	return BSG_OK;
}

static enum bsg_err fuzz_decrypt(struct bsg_keyring *keyring, enum bsg_decrypt_purpose purpose, struct bsg_bytes sealed,
				 struct bsg_secret *out, struct bsg_error *err)
{
	(void)keyring;
	return bsg_cms_decrypt(fuzz_key, fuzz_ca(), sealed, purpose == BSG_DECRYPT_SCEP_LEGACY, out, err);
}

static enum bsg_err fuzz_sign_cms(struct bsg_keyring *keyring, enum bsg_cms_purpose purpose,
				  const struct bsg_cms_message *message, struct bsg_buf *out, struct bsg_error *err)
{
	(void)keyring;
	(void)purpose;
	return bsg_cms_sign(fuzz_key, fuzz_ca(), message, out, err);
}

static struct bsg_keyring *fuzz_keyring(void)
{
	static const struct bsg_keyring_ops ops = {
		.sign_cms = fuzz_sign_cms, .decrypt = fuzz_decrypt, .certificate = fuzz_certificate,
	};
	static struct bsg_keyring keyring = { &ops };
	const char *pem = (const char *)fuzz_apple_ca;

	if (fuzz_key == NULL) {
		bsg_buf_init(&fuzz_cert, BSG_CERT_MAX);
		FUZZ_CHECK(bsg_rsa_parse(pem, fuzz_apple_ca_len, &fuzz_key, NULL) == BSG_OK &&
			   bsg_cert_from_pem(pem, fuzz_apple_ca_len, &fuzz_cert, NULL) == BSG_OK);
	}
	return &keyring;
}

#endif
