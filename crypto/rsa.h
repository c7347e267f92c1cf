/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys: what Apple's devices have, and what SCEP needs, because its recipients
 * decrypt with RSA (RFC 8894 section 2.1). Everything else here is P-256, keys.h.
 *
 * A server uses its own RSA key through crypto/keyring.h alone. These functions are
 * the other side: a device that asks for a certificate. Rules A30..A34 of docs/spec/apple.md.
 */
#ifndef BSG_CRYPTO_RSA_H
#define BSG_CRYPTO_RSA_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

#define BSG_RSA_BITS_MIN 2048
#define BSG_RSA_BITS_MAX 4096

/* A private key with its public half; opaque. May be used by several threads at once. */
struct bsg_rsa_key;

/**
 * Make a new key. It takes a tenth of a second to several.
 *
 * @param bits  BSG_RSA_BITS_MIN to BSG_RSA_BITS_MAX, else BSG_E_INVALID
 */
enum bsg_err bsg_rsa_generate(int bits, struct bsg_rsa_key **out, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Read an unencrypted private key out of PEM text of @len bytes; certificates may lie beside it.
 *
 * @param out  owned on success, else NULL
 * @return BSG_OK, BSG_E_CRYPTO (no PEM, encrypted, not RSA, another size)
 */
enum bsg_err bsg_rsa_parse(const char *pem, size_t len, struct bsg_rsa_key **out,
			   struct bsg_error *err) BSG_MUST_CHECK;

/** The key as PKCS#8 PEM text. */
enum bsg_err bsg_rsa_pem(const struct bsg_rsa_key *key, struct bsg_secret *out,
			 struct bsg_error *err) BSG_MUST_CHECK;

/** The SHA-256 of its public half, as bsg_cert_info.spki_sha256: whether a certificate is for this key. */
enum bsg_err bsg_rsa_spki_sha256(const struct bsg_rsa_key *key, uint8_t out[static BSG_SHA256_LEN], struct bsg_error *err)
	BSG_MUST_CHECK;

/** Wipe and free. NULL is fine. */
void bsg_rsa_free(struct bsg_rsa_key *key);

/**
 * Append the certificate that a device makes for itself before it has one: SCEP's first
 * message is signed under it, and answered to it (RFC 8894 section 2.3).
 */
enum bsg_err bsg_rsa_self_signed(const struct bsg_rsa_key *key, const char *cn, int64_t not_before,
				 int64_t not_after, struct bsg_buf *der, struct bsg_error *err)
	BSG_MUST_CHECK;

#endif
