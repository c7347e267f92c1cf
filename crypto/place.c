/* SPDX-License-Identifier: Apache-2.0 */
/* What is derived from a place's secret. Each derivation has a label of its own (K41). */
#include "crypto/place.h"

#include <string.h>

#include "base/id.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

#define LABEL_LEN 16
#define INPUT_MAX (LABEL_LEN + BSG_ID_LEN)

/* HMAC(key, label padded with zeros to 16 bytes || data), cut to @out_len bytes. */
static enum bsg_err derive(const uint8_t *key, size_t key_len, const char *label,
			   const void *data, size_t len, uint8_t *out, size_t out_len,
			   struct bsg_error *err)
{
	uint8_t mac[BSG_SHA256_LEN];
	uint8_t input[INPUT_MAX] = { 0 };
	enum bsg_err rc;

	for (size_t i = 0; label[i] != '\0'; i++)
		input[i] = (uint8_t)label[i];
	memcpy(input + LABEL_LEN, data, len);
	rc = bsg_hmac_sha256(key, key_len, input, LABEL_LEN + len, mac, err);
	memcpy(out, mac, out_len);	/* zeros on failure */
	bsg_wipe(mac, sizeof(mac));
	return rc;
}

enum bsg_err bsg_place_pseudonym(const uint8_t secret[static BSG_PLACE_SECRET_LEN],
				 const char *device, uint8_t out[static BSG_PSEUDONYM_LEN],
				 struct bsg_error *err)
{
	memset(out, 0, BSG_PSEUDONYM_LEN);
	if (!bsg_id_is_device(device))
		return bsg_fail(err, BSG_E_INVALID, "pseudonym: not a device id");
	return derive(secret, BSG_PLACE_SECRET_LEN, "bosaga/ueid", device, BSG_ID_LEN, out,
		      BSG_PSEUDONYM_LEN, err);
}

enum bsg_err bsg_place_day_secret(const uint8_t secret[static BSG_PLACE_SECRET_LEN], int64_t day,
				  uint8_t out[static BSG_DAY_SECRET_LEN], struct bsg_error *err)
{
	uint8_t number[8];

	for (int i = 0; i < 8; i++)
		number[i] = (uint8_t)((uint64_t)day >> (56 - 8 * i));
	return derive(secret, BSG_PLACE_SECRET_LEN, "bosaga/day", number, sizeof(number), out,
		      BSG_DAY_SECRET_LEN, err);
}

enum bsg_err bsg_exit_key(const uint8_t day_secret[static BSG_DAY_SECRET_LEN],
			  const uint8_t pseudonym[static BSG_PSEUDONYM_LEN],
			  uint8_t out[static BSG_EXIT_KEY_LEN], struct bsg_error *err)
{
	return derive(day_secret, BSG_DAY_SECRET_LEN, "bosaga/exit", pseudonym, BSG_PSEUDONYM_LEN,
		      out, BSG_EXIT_KEY_LEN, err);
}

enum bsg_err bsg_exit_code(const uint8_t key[static BSG_EXIT_KEY_LEN], int64_t step,
			   char out[static BSG_EXIT_CODE_DIGITS + 1], struct bsg_error *err)
{
	uint8_t message[BSG_EXIT_CODE_MESSAGE_LEN];
	uint8_t mac[BSG_SHA256_LEN];
	enum bsg_err rc;

	out[0] = '\0';
	bsg_exit_code_message(step, message);
	rc = bsg_hmac_sha256(key, BSG_EXIT_KEY_LEN, message, sizeof(message), mac, err);
	if (rc == BSG_OK)
		bsg_exit_code_truncate(mac, out);
	bsg_wipe(mac, sizeof(mac));
	return rc;
}
