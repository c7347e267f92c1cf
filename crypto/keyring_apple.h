/* SPDX-License-Identifier: Apache-2.0 */
/* The CA of Apple devices, in the server's keyring: a root of its own, and SCEP's RA (A30). Inside crypto/ only. */
#ifndef BSG_CRYPTO_KEYRING_APPLE_H
#define BSG_CRYPTO_KEYRING_APPLE_H

#include "crypto/keyring.h"
#include "crypto/rsa.h"

struct bsg_apple_ca {
	struct bsg_rsa_key *key;
	struct bsg_buf der;
	struct bsg_cert_info info;
};

/* Make it empty. */
void bsg_apple_ca_init(struct bsg_apple_ca *ca);

/* Load it from @keys/apple-ca.pem. The first time, make it; its name ends with @suffix. */
enum bsg_err bsg_apple_ca_open(struct bsg_apple_ca *ca, const char *keys, const char *suffix, int64_t now,
			       struct bsg_error *err) BSG_MUST_CHECK;

/* Its part of the keyring's functions. */
enum bsg_err bsg_apple_ca_issue(const struct bsg_apple_ca *ca, struct bsg_bytes csr,
				const struct bsg_profile *profile, struct bsg_buf *der,
				struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_apple_ca_decrypt(const struct bsg_apple_ca *ca, bool legacy, struct bsg_bytes sealed,
				  struct bsg_secret *out, struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_apple_ca_sign(const struct bsg_apple_ca *ca, enum bsg_cms_purpose purpose,
			       const struct bsg_cms_message *message, struct bsg_buf *out,
			       struct bsg_error *err) BSG_MUST_CHECK;

void bsg_apple_ca_free(struct bsg_apple_ca *ca);

#endif
