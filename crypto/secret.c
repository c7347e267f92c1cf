/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for secrets. */
#include "crypto/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "base/file.h"

void bsg_wipe(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}

bool bsg_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

enum bsg_err bsg_secret_copy(const void *data, size_t len, struct bsg_secret *out,
			     struct bsg_error *err)
{
	memset(out, 0, sizeof(*out));
	if (len < SIZE_MAX)
		out->data = malloc(len + 1);
	if (out->data == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "secret: out of memory");
	if (len > 0)
		memcpy(out->data, data, len);
	out->data[len] = '\0';
	out->len = len;
	return BSG_OK;
}

enum bsg_err bsg_secret_read(const char *path, size_t max, struct bsg_secret *out,
			     struct bsg_error *err)
{
	struct stat st;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st) != 0)
		return bsg_fail(err, errno == ENOENT ? BSG_E_NOT_FOUND : BSG_E_UNAVAILABLE,
				"open %s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		return bsg_fail(err, BSG_E_DENIED, "%s holds a secret and is open to others: chmod 600 %s",
				path, path);
	/* Not through bsg_file_read(): it frees what it read on failure without wiping. */
	out->data = malloc(max + 1);
	if (out->data == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "read %s: out of memory", path);
	rc = bsg_file_read_into(path, out->data, max, &out->len, err);
	if (rc != BSG_OK) {
		out->len = max;
		bsg_secret_free(out);
		return rc;
	}
	out->data[out->len] = '\0';
	return BSG_OK;
}

void bsg_secret_free(struct bsg_secret *secret)
{
	if (secret == NULL)
		return;
	if (secret->data != NULL)
		bsg_wipe(secret->data, secret->len);
	free(secret->data);
	memset(secret, 0, sizeof(*secret));
}
