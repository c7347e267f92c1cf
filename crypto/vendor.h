/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an MDM vendor does to a request for a push certificate, so that Apple takes it.
 *
 * Apple wants three things: the request, the vendor's RSA signature (PKCS #1 v1.5, SHA-256)
 * over its DER, and the vendor's certificate with its chain up to the root (Apple, Device
 * Management, "Setting Up Push Notifications for Your MDM Customers"). Rule A150 of docs/spec/apple.md.
 *
 * The key is the vendor's, not a server's: no keyring holds it. Safe from any thread.
 */
#ifndef BSG_CRYPTO_VENDOR_H
#define BSG_CRYPTO_VENDOR_H

#include <stddef.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

#define BSG_VENDOR_PEM_MAX 65536	/* bytes of a file with a request, a chain or a key */
#define BSG_VENDOR_CHAIN_MAX 5		/* certificates, root included */
#define BSG_VENDOR_SIGNATURE_MAX 512	/* bytes, by a key of 4096 bits */

/**
 * Read the first certificate request of a PEM text and check it as bsg_csr_verify_rsa() does.
 *
 * @param der  its bytes, appended as they stand there: they are what is signed
 * @return BSG_OK, BSG_E_NOT_FOUND (no request in PEM there), BSG_E_CRYPTO (damaged), and as bsg_csr_verify_rsa()
 */
enum bsg_err bsg_vendor_request_read(const char *pem, size_t len, struct bsg_buf *der, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Read the vendor's chain: its certificate, then the issuer of each, the root last. Other PEM blocks are passed over.
 *
 * @param at    Unix seconds: all have to be valid then
 * @param spki  of the vendor's certificate: SHA-256 of its key, for bsg_vendor_sign()
 * @param out   the certificates again as PEM, one behind the other, lines of 64 characters, nothing between them
 * @return BSG_OK, BSG_E_NOT_FOUND (no certificate in PEM there), BSG_E_LIMIT (more than BSG_VENDOR_CHAIN_MAX, too large),
 *         BSG_E_CRYPTO (damaged, not valid at @at, not issued by the one behind it, the last one no root)
 */
enum bsg_err bsg_vendor_chain_read(const char *pem, size_t len, int64_t at, uint8_t spki[static BSG_SHA256_LEN],
				   struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Append the vendor's signature over a request.
 *
 * @param key      PEM, unencrypted; certificates may lie beside it. The caller wipes it
 * @param spki     from bsg_vendor_chain_read()
 * @param request  DER
 * @return BSG_OK, BSG_E_CRYPTO (as bsg_rsa_parse()), BSG_E_DENIED (not the key of the vendor's certificate)
 */
enum bsg_err bsg_vendor_sign(const struct bsg_secret *key, const uint8_t spki[static BSG_SHA256_LEN],
			     struct bsg_bytes request, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
