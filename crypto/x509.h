/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and verifying certificates (RFC 5280). Making them is for
 * crypto/keyring.h. Certificates travel as DER in `struct bsg_bytes`; trailing
 * bytes are refused. Rules K10..K29 of docs/spec/keys.md.
 *
 * Safe from any thread. The system's certificates are never consulted.
 */
#ifndef BSG_CRYPTO_X509_H
#define BSG_CRYPTO_X509_H

#include <stdbool.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

#define BSG_CERT_MAX 4096		/* bytes of one certificate, DER, that we read */
#define BSG_CERT_CHAIN_MAX 4		/* certificates that come with a leaf */
#define BSG_CERT_CN_SIZE 65
#define BSG_CERT_SERIAL_SIZE 41		/* 20 bytes as hex, and a NUL */
#define BSG_CERT_SANS_MAX 16

/* What a certificate is good for; one that is good for one is not for another (K12). */
enum bsg_cert_purpose {
	BSG_CERT_DEVICE = 1,	/* under the device CA; TLS client; EKU clientAuth */
	BSG_CERT_TLS_SERVER,	/* under the server CA; EKU serverAuth */
	BSG_CERT_ORDERS,	/* under the root; signs orders and gate credentials; our own EKU */
	BSG_CERT_PASS,		/* signed by itself, so it is its own root; signs the server's passes; our own EKU (K35) */
	BSG_CERT_APPLE,		/* under the CA of Apple devices, itself a root; RSA; TLS client (A32) */
};

struct bsg_cert_info {
	char cn[BSG_CERT_CN_SIZE];		/* common name; empty if none, or more than one */
	char serial[BSG_CERT_SERIAL_SIZE];	/* lower-case hex */
	uint8_t sha256[BSG_SHA256_LEN];		/* of the DER: the fingerprint, `ca_sha256` of a root */
	uint8_t spki_sha256[BSG_SHA256_LEN];	/* of the SubjectPublicKeyInfo */
	bool has_key;				/* a P-256 key in its one encoding */
	struct bsg_public_key key;		/* zeroed unless has_key */
	int rsa_bits;				/* length of an RSA key; 0 for any other */
	int64_t not_before;			/* Unix seconds */
	int64_t not_after;			/* the last second it is valid */
	bool is_ca;
};

/**
 * Read what a certificate says. It verifies nothing: do not believe it before
 * bsg_cert_verify(), or the TLS handshake, has.
 *
 * @return BSG_OK, BSG_E_CRYPTO (not one DER certificate), BSG_E_LIMIT
 */
enum bsg_err bsg_cert_read(struct bsg_bytes der, struct bsg_cert_info *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Verify a certificate up to the one root that is trusted.
 *
 * @param chain    certificates that may be needed in between, any order; the root is not needed
 * @param root     the pinned root, DER; self-signed and of our profile. For BSG_CERT_APPLE:
 *                 BSG_KEYRING_APPLE_CA; for BSG_CERT_PASS: the certificate that a gate was given
 * @param at       Unix seconds: all certificates have to be valid then (an agent: its
 *                 authenticated time; for orders read back from its own disk, when it accepted them)
 *
 * @return BSG_OK, BSG_E_CRYPTO (the text says what does not hold: expired, not yet valid,
 *         another root, another purpose, signature), BSG_E_LIMIT
 */
enum bsg_err bsg_cert_verify(struct bsg_bytes leaf, const struct bsg_bytes *chain, size_t n_chain,
			     struct bsg_bytes root, enum bsg_cert_purpose purpose, int64_t at,
			     struct bsg_error *err) BSG_MUST_CHECK;

/** Whether a TLS server certificate names exactly these DNS names and IP addresses, in any order. */
bool bsg_cert_has_sans(struct bsg_bytes der, const char *const *sans, size_t n_sans);

/** Append a certificate as PEM. */
enum bsg_err bsg_cert_to_pem(struct bsg_bytes der, struct bsg_buf *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Read the first certificate of a PEM text.
 *
 * @param out  DER appended
 * @return BSG_OK, BSG_E_CRYPTO (no certificate there), BSG_E_LIMIT
 */
enum bsg_err bsg_cert_from_pem(const char *pem, size_t len, struct bsg_buf *out,
			       struct bsg_error *err) BSG_MUST_CHECK;

#endif
