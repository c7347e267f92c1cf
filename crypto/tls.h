/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's own TLS key and certificate, for when the operator brings none.
 * The key lies in a file, because TLS (http/) uses it itself; the certificate is
 * issued by the keyring.
 */
#ifndef BSG_CRYPTO_TLS_H
#define BSG_CRYPTO_TLS_H

#include "base/error.h"
#include "crypto/keyring.h"
#include "crypto/secret.h"

#define BSG_TLS_RENEW_S (INT64_C(30) * 86400)	/* a certificate with less left is made anew */

struct bsg_tls_identity {
	char *chain_pem;		/* owned: certificate, then the server CA; the root is not in it */
	struct bsg_secret key_pem;	/* owned */
	int64_t not_after;		/* Unix seconds */
};

/**
 * Load @dir/tls.pem (0600, key and certificate), or make it: when missing, damaged, for other
 * names, of another CA, or with less than BSG_TLS_RENEW_S left. Call it at start and
 * once a day; nothing is written while they hold.
 *
 * @param sans  DNS names and IP addresses that clients connect to, 1 to BSG_CERT_SANS_MAX;
 *              the first is also the CN
 * @param out   owned on success, else zeroed; bsg_tls_identity_free()
 *
 * @return BSG_OK, BSG_E_INVALID (a name is neither), BSG_E_CRYPTO, BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_tls_identity_load(struct bsg_keyring *keyring, const char *dir,
				   const char *const *sans, size_t n_sans, int64_t now,
				   struct bsg_tls_identity *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/** Wipe and free; zeroed afterwards. */
void bsg_tls_identity_free(struct bsg_tls_identity *identity);

#endif
