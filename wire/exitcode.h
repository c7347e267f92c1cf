/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit codes: eight digits that a gate shows and an owner types, when there is
 * neither network nor camera. TOTP of RFC 6238 with HMAC-SHA-256, eight digits
 * and steps of 30 s; the HMAC itself is the caller's. Rules W60..W64 of
 * docs/spec/messages.md.
 */
#ifndef BSG_WIRE_EXITCODE_H
#define BSG_WIRE_EXITCODE_H

#include <stdbool.h>
#include <stdint.h>

#define BSG_EXIT_CODE_DIGITS 8
#define BSG_EXIT_CODE_STEP_S 30
#define BSG_EXIT_CODE_SLACK 1		/* steps before and after now that are tried */
#define BSG_EXIT_CODE_MAC_LEN 32	/* HMAC-SHA-256 */
#define BSG_EXIT_CODE_MESSAGE_LEN 8
#define BSG_EXIT_KEY_LEN 16		/* of one place, device and UTC day */
#define BSG_PSEUDONYM_LEN 16		/* of a device at one place */

/** The step that @utc is in. Times before 1970 are in step 0. */
int64_t bsg_exit_code_step(int64_t utc);

/** The UTC day (days since 1970-01-01) that a step begins in: it chooses the key (W61). */
int64_t bsg_exit_code_day(int64_t step);

/**
 * The message to put into HMAC-SHA-256, keyed with the exit key of that day: the
 * step as eight bytes, big-endian.
 */
void bsg_exit_code_message(int64_t step, uint8_t out[static BSG_EXIT_CODE_MESSAGE_LEN]);

/** Truncate an HMAC to eight digits (RFC 4226, section 5.3) and a zero. */
void bsg_exit_code_truncate(const uint8_t mac[static BSG_EXIT_CODE_MAC_LEN],
			    char out[static BSG_EXIT_CODE_DIGITS + 1]);

/**
 * Compare two codes in a time that does not depend on where they differ.
 *
 * Try every step of the slack, always all of them, and remember the step of a
 * code that was taken: it and earlier ones never count again (W62).
 */
bool bsg_exit_code_equal(const char a[static BSG_EXIT_CODE_DIGITS],
			 const char b[static BSG_EXIT_CODE_DIGITS]);

/** Is @text eight ASCII digits and nothing else? What is not is no try (W63). */
bool bsg_exit_code_is_code(const char *text);

#endif
