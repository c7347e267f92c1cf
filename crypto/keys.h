/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of P-256 and ES256 (RFC 9053 section 2.1): SHA-256, ECDSA, r || s.
 *
 * A private key stays inside OpenSSL's memory. Servers do not use it directly
 * but through crypto/keyring.h. Rules K1..K9 of docs/spec/keys.md.
 */
#ifndef BSG_CRYPTO_KEYS_H
#define BSG_CRYPTO_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/error.h"
#include "crypto/secret.h"

#define BSG_SIGNATURE_LEN 64	/* r || s, 32 bytes each, big-endian */
#define BSG_SPKI_LEN 91		/* SubjectPublicKeyInfo of P-256, named curve, uncompressed */
#define BSG_SPKI_X 27		/* where x begins in it */
#define BSG_SPKI_Y 59

/* A private key with its public half; opaque. May be used by several threads at once. */
struct bsg_key;

/* A public key: its one allowed encoding, so that equal keys have equal bytes. Plain data. */
struct bsg_public_key {
	uint8_t spki[BSG_SPKI_LEN];
};

/** Make a new key. @return BSG_OK, BSG_E_CRYPTO */
enum bsg_err bsg_key_generate(struct bsg_key **out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Load an unencrypted private key (PEM; PKCS#8 or SEC1).
 *
 * @param out  owned on success, else NULL
 * @return BSG_OK, BSG_E_NOT_FOUND, BSG_E_DENIED (group or others may read the file),
 *         BSG_E_CRYPTO (no PEM, encrypted, not P-256), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_key_load(const char *path, struct bsg_key **out, struct bsg_error *err)
	BSG_MUST_CHECK;

/** As bsg_key_load(), from PEM text of @len bytes. */
enum bsg_err bsg_key_parse(const char *pem, size_t len, struct bsg_key **out,
			   struct bsg_error *err) BSG_MUST_CHECK;

/** Save as PKCS#8 PEM, 0600, durably, replacing @path. @return as bsg_file_replace(), BSG_E_CRYPTO */
enum bsg_err bsg_key_save(const struct bsg_key *key, const char *path, struct bsg_error *err)
	BSG_MUST_CHECK;

/** The key as PKCS#8 PEM text. @return BSG_OK, BSG_E_CRYPTO, BSG_E_NO_MEMORY */
enum bsg_err bsg_key_pem(const struct bsg_key *key, struct bsg_secret *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/** The public half. */
void bsg_key_public(const struct bsg_key *key, struct bsg_public_key *out);

/** Wipe and free. NULL is fine. */
void bsg_key_free(struct bsg_key *key);

/** Sign @data by ES256. The nonce is random: two signatures of the same bytes differ. */
enum bsg_err bsg_key_sign(const struct bsg_key *key, struct bsg_bytes data,
			  uint8_t out[static BSG_SIGNATURE_LEN], struct bsg_error *err)
	BSG_MUST_CHECK;

/** Verify ES256. @return BSG_OK, BSG_E_CRYPTO (the signature does not hold, or no such key) */
enum bsg_err bsg_public_key_verify(const struct bsg_public_key *key, struct bsg_bytes data,
				   const uint8_t signature[static BSG_SIGNATURE_LEN],
				   struct bsg_error *err) BSG_MUST_CHECK;

/** Read a SubjectPublicKeyInfo. @return BSG_OK, BSG_E_CRYPTO (not P-256 in its one encoding, not on the curve) */
enum bsg_err bsg_public_key_from_spki(struct bsg_bytes spki, struct bsg_public_key *out,
				      struct bsg_error *err) BSG_MUST_CHECK;

/** Make one of its coordinates, 32 bytes each, as in a gate credential. @return as above */
enum bsg_err bsg_public_key_from_xy(const uint8_t x[static 32], const uint8_t y[static 32],
				    struct bsg_public_key *out, struct bsg_error *err)
	BSG_MUST_CHECK;

#endif
