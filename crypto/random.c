/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes and the ids and tokens made of them. */
#include "crypto/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/hex.h"
#include "crypto/secret.h"

/* The kernel's own: a third of what OpenSSL's generator takes for a UUID, and nothing in this process that a fork could double. */
enum bsg_err bsg_random(void *out, size_t len, struct bsg_error *err)
{
	ssize_t got;

	for (size_t n = 0; n < len; n += got > 0 ? (size_t)got : 0) {
		got = getrandom((uint8_t *)out + n, len - n, 0);
		if (got >= 0 || errno == EINTR)
			continue;
		memset(out, 0, len);
		return bsg_fail(err, BSG_E_CRYPTO, "random bytes: %s", strerror(errno));
	}
	return BSG_OK;
}

enum bsg_err bsg_random_id(char out[static BSG_ID_SIZE], struct bsg_error *err)
{
	uint8_t bytes[BSG_ID_LEN / 2];
	enum bsg_err rc = bsg_random(bytes, sizeof(bytes), err);

	out[0] = '\0';
	if (rc == BSG_OK)
		bsg_hex_encode(bytes, sizeof(bytes), out);
	return rc;
}

static void put_uuid(uint8_t b[static 16], unsigned version, char out[static BSG_UUID_SIZE])
{
	char hex[33];

	b[6] = (uint8_t)((b[6] & 0x0f) | version << 4);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	bsg_hex_encode(b, 16, hex);
	(void)snprintf(out, BSG_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		       hex + 16, hex + 20);
}

enum bsg_err bsg_random_uuid(char out[static BSG_UUID_SIZE], struct bsg_error *err)
{
	uint8_t b[16];
	enum bsg_err rc = bsg_random(b, sizeof(b), err);

	out[0] = '\0';
	if (rc == BSG_OK)
		put_uuid(b, 4, out);
	return rc;
}

enum bsg_err bsg_random_uuid_at(int64_t utc_ms, char out[static BSG_UUID_SIZE], struct bsg_error *err)
{
	uint8_t b[16];
	enum bsg_err rc = bsg_random(b, sizeof(b), err);

	out[0] = '\0';
	if (rc != BSG_OK)
		return rc;
	for (int i = 0; i < 6; i++)
		b[i] = (uint8_t)((uint64_t)utc_ms >> (40 - 8 * i));
	put_uuid(b, 7, out);
	return BSG_OK;
}

enum bsg_err bsg_random_token(char out[static BSG_RANDOM_TOKEN_SIZE], struct bsg_error *err)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t b[33] = { 0 };	/* one more than needed: the last digit takes zero bits from it */
	enum bsg_err rc = bsg_random(b, 32, err);

	out[0] = '\0';
	if (rc != BSG_OK)
		return rc;
	for (size_t i = 0; i < BSG_RANDOM_TOKEN_LEN; i++) {
		size_t bit = i * 6;
		unsigned pair = (unsigned)b[bit / 8] << 8 | b[bit / 8 + 1];

		out[i] = alphabet[pair >> (10 - bit % 8) & 63];
	}
	out[BSG_RANDOM_TOKEN_LEN] = '\0';
	bsg_wipe(b, sizeof(b));
	return BSG_OK;
}
