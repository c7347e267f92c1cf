/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole messages: wire's envelope, signed and verified. What the payload says is
 * for wire/ to decode and for the caller to judge; here it is only authentic.
 */
#ifndef BSG_CRYPTO_COSE_H
#define BSG_CRYPTO_COSE_H

#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/keyring.h"
#include "wire/cose.h"

/**
 * Sign an encoded payload as a message of @kind, as it travels.
 *
 * Orders and gate credentials carry the orders certificate in x5chain; tokens and
 * passes carry no key at all, passes of the server its kid (W13).
 *
 * @param out  the message, appended
 * @return BSG_OK, BSG_E_DENIED (the keyring has no key for this kind), BSG_E_LIMIT (longer than
 *         bsg_cose_message_max()), BSG_E_CRYPTO, BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_cose_sign(struct bsg_keyring *keyring, enum bsg_cose_kind kind,
			   struct bsg_bytes payload, struct bsg_buf *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Verify orders or a gate credential: signature, certificate, chain to the pinned
 * root, purpose, validity.
 *
 * @param root     the pinned root, DER
 * @param at       Unix seconds, see bsg_cert_verify()
 * @param payload  on success a slice of @message, else empty
 *
 * @return BSG_OK, BSG_E_INVALID (no such envelope), BSG_E_LIMIT, BSG_E_CRYPTO (something does not hold)
 */
enum bsg_err bsg_cose_verify_chain(enum bsg_cose_kind kind, struct bsg_bytes message,
				   struct bsg_bytes root, int64_t at, struct bsg_bytes *payload,
				   struct bsg_error *err) BSG_MUST_CHECK;

/** Verify a pass or a token by the key that its sender is known to have. @return as above */
enum bsg_err bsg_cose_verify_key(enum bsg_cose_kind kind, struct bsg_bytes message,
				 const struct bsg_public_key *key, struct bsg_bytes *payload,
				 struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Take the payload out *without verifying anything*: to find out which key must have
 * signed it (a pass by its pseudonym, a token by its credential). Verify next.
 */
enum bsg_err bsg_cose_peek(enum bsg_cose_kind kind, struct bsg_bytes message,
			   struct bsg_bytes *payload, struct bsg_error *err) BSG_MUST_CHECK;

#endif
