/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pass: "restricted now, under orders N", an EAT (RFC 9711) of under 200 bytes
 * signed. A phone with an agent signs its own; for a phone without one the
 * server does, after it has verified the restriction. The key is not in the
 * message: the gate finds it by the pseudonym in its snapshot, and a key of a
 * device never vouches for `verified_at`. Rules W40..W49 of docs/spec/messages.md.
 */
#ifndef BSG_WIRE_PASS_H
#define BSG_WIRE_PASS_H

#include <stdbool.h>

#include <bosaga/decide.h>
#include <bosaga/error.h>

#include "wire/exitcode.h"

#define BSG_PASS_MAX 199		/* bytes, signed */
#define BSG_PASS_LIFE_S 30		/* exp - iat at most: of a device's own */
#define BSG_PASS_LIFE_SERVER_S 60	/* of one that the server signs */
#define BSG_NONCE_LEN 8			/* random; a gate's in its token, a phone's in its pass */
#define BSG_PASS_COUNT_MAX 65535	/* break-glass presses; more are written as this */

struct bsg_pass {
	uint8_t pseudonym[BSG_PSEUDONYM_LEN];	/* ueid: of this device at this place */
	int64_t issued;				/* iat */
	int64_t expires;			/* exp: at most the life above later */
	bool has_nonce;				/* cti: the phone made it, a token answers it; always if not the server's */
	uint8_t nonce[BSG_NONCE_LEN];
	bool has_gate_nonce;			/* eat_nonce: from the gate's token; then gate is there too */
	uint8_t gate_nonce[BSG_NONCE_LEN];
	struct bsg_str gate;			/* the gate it is for; empty: any of the place */
	uint32_t serial;			/* of the orders in force, from 1 */
	uint32_t functions;			/* restricted now: bits of <bosaga/functions.h>; may be none */
	uint32_t n_break_glass;			/* presses ever, as the output says */
	uint32_t sequence;			/* grows with every pass of this device at this place */
	enum bsg_by by;				/* how it is present; not BSG_BY_NONE */
	int64_t verified_at;			/* 0: signed by the device; else when the server verified it */
};

/**
 * Encode the payload of a pass.
 *
 * @param out  the bytes, inside @buf; empty on failure
 *
 * @return BSG_OK, BSG_E_INVALID (a field breaks what is said beside it),
 *         BSG_E_LIMIT (@cap)
 */
enum bsg_err bsg_pass_encode(const struct bsg_pass *pass, uint8_t *buf, size_t cap,
			     struct bsg_bytes *out) BSG_MUST_CHECK;

/**
 * Decode a payload whose signature has been verified. Whether it is current, for
 * this gate, and new (pseudonym, sequence) is for the caller to judge.
 *
 * @param out  filled whole, or zeroed on failure; gate points into @payload
 * @param why  may be NULL; else a static text on failure, NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT
 */
enum bsg_err bsg_pass_decode(struct bsg_bytes payload, struct bsg_pass *out, const char **why)
	BSG_MUST_CHECK;

/**
 * Read the pseudonym of a pass *before* its signature is verified, to find the
 * key that must have signed it. Believe nothing else before that.
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT: as bsg_pass_decode()
 */
enum bsg_err bsg_pass_peek(struct bsg_bytes payload,
			   uint8_t pseudonym[static BSG_PSEUDONYM_LEN]) BSG_MUST_CHECK;

#endif
