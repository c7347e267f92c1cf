/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gate carries and shows: its credential (signed by the server for a day)
 * and the threshold tokens that it signs under it, thirty seconds each.
 * Rules W50..W59 of docs/spec/messages.md.
 */
#ifndef BSG_WIRE_GATE_H
#define BSG_WIRE_GATE_H

#include <stdbool.h>

#include <bosaga/decide.h>
#include <bosaga/error.h>

#include "wire/cose.h"
#include "wire/exitcode.h"
#include "wire/pass.h"

#define BSG_GATE_CREDENTIAL_LIFE_S (INT64_C(72) * 3600)	/* exp - iat at most; 24 h unless so configured */
#define BSG_GATE_CREDENTIAL_MAX 8192			/* bytes, signed */
#define BSG_TOKEN_LIFE_S 30				/* exp - iat at most */
#define BSG_TOKEN_MAX (BSG_GATE_CREDENTIAL_MAX + 512)	/* bytes, signed */
#define BSG_P256_COORDINATE_LEN 32

struct bsg_gate_credential {
	int64_t issued;			/* iat */
	int64_t expires;		/* exp */
	uint8_t key_x[BSG_P256_COORDINATE_LEN];	/* cnf: the gate's public key. Whether it lies on */
	uint8_t key_y[BSG_P256_COORDINATE_LEN];	/* the curve is for crypto/ to check */
	struct bsg_str place;		/* as in orders */
	struct bsg_str gate;
	bool has_guest;			/* what a phone gets whose orders do not know the place (D13) */
	struct bsg_guest guest;		/* its place is this place; slices point into the payload */
};

/**
 * Encode the payload of a gate credential.
 *
 * @return BSG_OK, BSG_E_INVALID (a field breaks W50..W54), BSG_E_LIMIT (a field or @cap)
 */
enum bsg_err bsg_gate_credential_encode(const struct bsg_gate_credential *credential, uint8_t *buf,
					size_t cap, struct bsg_bytes *out) BSG_MUST_CHECK;

/**
 * Decode a payload whose signature has been verified; whether it is current is
 * for the caller to judge.
 *
 * @param out  filled whole, or zeroed on failure; slices point into @payload
 * @param why  may be NULL; else a static text on failure, NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT
 */
enum bsg_err bsg_gate_credential_decode(struct bsg_bytes payload, struct bsg_gate_credential *out,
					const char **why) BSG_MUST_CHECK;

/* Zero is neither. */
enum bsg_direction { BSG_DIRECTION_IN = 1, BSG_DIRECTION_OUT };

struct bsg_token {
	enum bsg_direction direction;
	int64_t issued;			/* iat: the crossing's time, `at` of gate_in and gate_out */
	int64_t expires;		/* exp */
	uint8_t nonce[BSG_NONCE_LEN];	/* the gate's; a pass repeats it */
	bool bound;			/* for one device: always so for `out` (W56) */
	uint8_t pseudonym[BSG_PSEUDONYM_LEN];	/* ueid: whom it is for, only if bound */
	uint8_t pass_nonce[BSG_NONCE_LEN];	/* of the pass that it answers, only if bound: the phone's own */
	struct bsg_bytes credential;	/* the signed credential: a COSE_Sign1 of its own */
};

/**
 * Encode the payload of a threshold token.
 *
 * @return BSG_OK, BSG_E_INVALID (a field breaks W55..W58), BSG_E_LIMIT (a field or @cap)
 */
enum bsg_err bsg_token_encode(const struct bsg_token *token, uint8_t *buf, size_t cap,
			      struct bsg_bytes *out) BSG_MUST_CHECK;

/**
 * Decode the payload of a token.
 *
 * The key that must have signed the token is in the credential inside, so this
 * is called *before* the token's signature can be verified: decode, verify and
 * decode the credential, verify the token with the key it names, and only then
 * believe either (W58).
 *
 * @param out  filled whole, or zeroed on failure; credential points into @payload
 * @param why  may be NULL; else a static text on failure, NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT
 */
enum bsg_err bsg_token_decode(struct bsg_bytes payload, struct bsg_token *out, const char **why)
	BSG_MUST_CHECK;

#endif
