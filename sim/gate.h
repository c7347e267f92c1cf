/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated gate: shows threshold tokens and exit codes, offline, from a credential file. */
#ifndef BSG_SIM_GATE_H
#define BSG_SIM_GATE_H

#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "wire/exitcode.h"
#include "wire/gate.h"
#include "wire/pass.h"

struct bsg_sim_gate;

/**
 * Load what `bosaga gate credential` wrote.
 *
 * @param out  owned, bsg_sim_gate_free(); NULL on failure
 * @return BSG_OK, BSG_E_NOT_FOUND, BSG_E_DENIED (the file is open to others), BSG_E_INVALID (not such a
 *         file), BSG_E_CRYPTO (its key), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_sim_gate_load(const char *path, struct bsg_sim_gate **out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_sim_gate_free(struct bsg_sim_gate *gate);

/**
 * Make a threshold token, valid for BSG_TOKEN_LIFE_S from @now.
 *
 * A token for the way out is for one device: it answers that device's pass (W56).
 *
 * @param pass   the signed pass; empty for an unbound token
 * @param token  the signed token, appended
 * @return BSG_OK, BSG_E_INVALID (out without a pass; not a pass), BSG_E_CRYPTO, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_sim_gate_token(struct bsg_sim_gate *gate, enum bsg_direction direction, struct bsg_bytes pass,
				int64_t now, struct bsg_buf *token, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Make the exit code for the phone that showed @pass.
 *
 * @return BSG_OK, BSG_E_INVALID (not a pass), BSG_E_NOT_FOUND (the credential has no secret for that day)
 */
enum bsg_err bsg_sim_gate_code(const struct bsg_sim_gate *gate, struct bsg_bytes pass, int64_t now,
			       char code[static BSG_EXIT_CODE_DIGITS + 1], struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Verify a pass that the server signed, by the credential's pass_certificate, and that it is of now.
 *
 * @param pass  filled on success; its gate points into @message
 * @return BSG_OK, BSG_E_NOT_FOUND (the credential has no such certificate), BSG_E_INVALID (not a pass), BSG_E_LIMIT,
 *         BSG_E_CRYPTO (another key, altered), BSG_E_DENIED (too early, too late, or not the server's to say)
 */
enum bsg_err bsg_sim_gate_check(const struct bsg_sim_gate *gate, struct bsg_bytes message, int64_t now, struct bsg_pass *pass,
				struct bsg_error *err) BSG_MUST_CHECK;

#endif
