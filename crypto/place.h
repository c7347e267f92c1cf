/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is derived from a place's secret: pseudonyms, day secrets, exit keys and
 * exit codes. One random secret per place, all else by HMAC-SHA-256, so that
 * nothing else has to be stored. Rules K40..K49 of docs/spec/keys.md.
 *
 * All outputs but the pseudonym are secret: wipe them.
 */
#ifndef BSG_CRYPTO_PLACE_H
#define BSG_CRYPTO_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/exitcode.h"

#define BSG_PLACE_SECRET_LEN 32		/* random; never leaves the server */
#define BSG_DAY_SECRET_LEN 32		/* of a place and UTC day; gates of the place get it */

/**
 * The pseudonym of a device at a place: the same device has unrelated ones at two places.
 *
 * @param device  32 hex digits; BSG_E_INVALID otherwise
 */
enum bsg_err bsg_place_pseudonym(const uint8_t secret[static BSG_PLACE_SECRET_LEN],
				 const char *device, uint8_t out[static BSG_PSEUDONYM_LEN],
				 struct bsg_error *err) BSG_MUST_CHECK;

/** The place's secret of a UTC day (days since 1970-01-01). */
enum bsg_err bsg_place_day_secret(const uint8_t secret[static BSG_PLACE_SECRET_LEN], int64_t day,
				  uint8_t out[static BSG_DAY_SECRET_LEN], struct bsg_error *err)
	BSG_MUST_CHECK;

/** The exit key of a device at a place on that day: goes into its orders; a gate works it out. */
enum bsg_err bsg_exit_key(const uint8_t day_secret[static BSG_DAY_SECRET_LEN],
			  const uint8_t pseudonym[static BSG_PSEUDONYM_LEN],
			  uint8_t out[static BSG_EXIT_KEY_LEN], struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * The exit code of a step (wire/exitcode.h), with the exit key of the step's UTC day.
 *
 * @param step  bsg_exit_code_step(utc); its day is bsg_exit_code_day(step)
 */
enum bsg_err bsg_exit_code(const uint8_t key[static BSG_EXIT_KEY_LEN], int64_t step,
			   char out[static BSG_EXIT_CODE_DIGITS + 1], struct bsg_error *err)
	BSG_MUST_CHECK;

#endif
