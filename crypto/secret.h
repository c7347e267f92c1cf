/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for secrets: wiped before it is freed, compared in constant time, never
 * printed. Whoever holds a secret in memory of its own wipes it with bsg_wipe().
 */
#ifndef BSG_CRYPTO_SECRET_H
#define BSG_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Owned bytes with a NUL behind them, so that a PEM text is a string. Zeroed: empty. */
struct bsg_secret {
	uint8_t *data;
	size_t len;
};

/** Overwrite @len bytes; the compiler may not leave it out. NULL with 0 is fine. */
void bsg_wipe(void *data, size_t len);

/** Whether two secrets of @len bytes are equal, in a time that depends on @len only. */
bool bsg_equal(const void *a, const void *b, size_t len);

/**
 * Copy @len bytes into a new secret. The caller still wipes its own copy.
 *
 * @param out  owned on success, else empty; what it held before is not freed
 * @return BSG_OK, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_secret_copy(const void *data, size_t len, struct bsg_secret *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read a whole file of at most @max bytes that is nobody else's business.
 *
 * @return as bsg_file_read(), and BSG_E_DENIED (group or others may read it)
 */
enum bsg_err bsg_secret_read(const char *path, size_t max, struct bsg_secret *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/** Wipe and free; @secret is empty afterwards. NULL and empty are fine. */
void bsg_secret_free(struct bsg_secret *secret);

#endif
