/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes and the ids and tokens made of them. Safe from any thread. */
#ifndef BSG_CRYPTO_RANDOM_H
#define BSG_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"

#define BSG_RANDOM_TOKEN_LEN 43		/* 256 bits as base64url without padding */
#define BSG_RANDOM_TOKEN_SIZE (BSG_RANDOM_TOKEN_LEN + 1)

/** Fill @len bytes. @return BSG_OK, BSG_E_CRYPTO (no randomness: @out is zeroed, do not go on) */
enum bsg_err bsg_random(void *out, size_t len, struct bsg_error *err) BSG_MUST_CHECK;

/** Make a device id: 32 lower-case hex digits and a NUL. */
enum bsg_err bsg_random_id(char out[static BSG_ID_SIZE], struct bsg_error *err) BSG_MUST_CHECK;

/** Make a UUID (RFC 9562, version 4) in lower case. */
enum bsg_err bsg_random_uuid(char out[static BSG_UUID_SIZE], struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Make a UUID that begins with a time (RFC 9562, version 7), in lower case: for ids of what is stored in great numbers, as those made
 * one after the other are then stored side by side. Who holds one knows when it was made.
 *
 * @param utc_ms  Unix milliseconds, of which 48 bits are kept
 */
enum bsg_err bsg_random_uuid_at(int64_t utc_ms, char out[static BSG_UUID_SIZE], struct bsg_error *err) BSG_MUST_CHECK;

/** Make a bearer token. Store its SHA-256 only: 256 random bits need no slow hash. */
enum bsg_err bsg_random_token(char out[static BSG_RANDOM_TOKEN_SIZE], struct bsg_error *err)
	BSG_MUST_CHECK;

#endif
