/* SPDX-License-Identifier: Apache-2.0 */
/* What every keyring checks before it uses a key. For implementations of struct bsg_keyring_ops. */
#ifndef BSG_CRYPTO_KEYRING_CHECK_H
#define BSG_CRYPTO_KEYRING_CHECK_H

#include "crypto/keyring.h"

/**
 * Whether @data is a Sig_structure of the purpose's kind (K31).
 *
 * @param payload  what it signs, inside @data; empty on failure
 * @return BSG_OK, BSG_E_DENIED
 */
enum bsg_err bsg_keyring_check_purpose(enum bsg_sign_purpose purpose, struct bsg_bytes data,
				       struct bsg_bytes *payload, struct bsg_error *err) BSG_MUST_CHECK;

#endif
