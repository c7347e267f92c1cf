/* SPDX-License-Identifier: Apache-2.0 */
/* The server's own TLS key and certificate, together in one file, so that replacing both is one rename. */
#include "crypto/tls.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypto/csr.h"

#define FILE_NAME "tls.pem"
#define FILE_MAX 32768

struct made {
	struct bsg_key *key;
	struct bsg_buf der;
};

/* Chain and key as PEM from what was loaded or made. */
static enum bsg_err fill(struct bsg_keyring *keyring, const struct made *made,
			 struct bsg_tls_identity *out, struct bsg_error *err)
{
	struct bsg_bytes der = { made->der.data, made->der.len };
	struct bsg_cert_info info;
	struct bsg_bytes ca;
	struct bsg_buf chain;
	size_t len;
	enum bsg_err rc = bsg_cert_read(der, &info, err);

	bsg_buf_init(&chain, FILE_MAX);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_SERVER_CA, &ca, err);
	if (rc == BSG_OK)
		rc = bsg_cert_to_pem(der, &chain, err);
	if (rc == BSG_OK)
		rc = bsg_cert_to_pem(ca, &chain, err);
	if (rc == BSG_OK)
		rc = bsg_key_pem(made->key, &out->key_pem, err);
	if (rc == BSG_OK) {
		out->not_after = info.not_after;
		out->chain_pem = (char *)bsg_buf_take(&chain, &len);
	}
	bsg_buf_free(&chain);
	return rc;
}

/* Load what lies in @path; false when it cannot be used any more, for whatever reason. */
static bool load(const char *path, struct made *made)
{
	struct bsg_secret text = { 0 };
	bool ok;

	ok = bsg_secret_read(path, FILE_MAX, &text, NULL) == BSG_OK &&
	     bsg_cert_from_pem((const char *)text.data, text.len, &made->der, NULL) == BSG_OK &&
	     bsg_key_parse((const char *)text.data, text.len, &made->key, NULL) == BSG_OK;
	bsg_secret_free(&text);
	return ok;
}

static bool holds(struct bsg_keyring *keyring, const struct made *made, const char *const *sans,
		  size_t n_sans, int64_t now)
{
	struct bsg_bytes der = { made->der.data, made->der.len };
	struct bsg_cert_info info;
	struct bsg_public_key pub;
	struct bsg_bytes root;
	struct bsg_bytes ca;

	if (bsg_cert_read(der, &info, NULL) != BSG_OK ||
	    bsg_keyring_certificate(keyring, BSG_KEYRING_ROOT, &root, NULL) != BSG_OK ||
	    bsg_keyring_certificate(keyring, BSG_KEYRING_SERVER_CA, &ca, NULL) != BSG_OK)
		return false;
	bsg_key_public(made->key, &pub);
	return bsg_equal(&pub, &info.key, sizeof(pub)) && info.not_after - now >= BSG_TLS_RENEW_S &&
	       bsg_cert_has_sans(der, sans, n_sans) &&
	       bsg_cert_verify(der, &ca, 1, root, BSG_CERT_TLS_SERVER, now, NULL) == BSG_OK;
}

static enum bsg_err make(struct bsg_keyring *keyring, const char *const *sans, size_t n_sans,
			 int64_t now, struct made *made, struct bsg_error *err)
{
	char cn[65];
	struct bsg_profile profile = {
		.purpose = BSG_CERT_TLS_SERVER,
		.cn = cn,
		.sans = sans,
		.n_sans = n_sans,
		.not_before = now,
		.not_after = now + BSG_TLS_CERT_LIFE_S,
	};
	struct bsg_buf csr;
	enum bsg_err rc;

	/* The addresses count (RFC 9110 4.3.4); a common name has room for 64 bytes only. */
	memset(cn, 0, sizeof(cn));
	strncpy(cn, n_sans > 0 && sans[0] != NULL ? sans[0] : "", sizeof(cn) - 1);
	bsg_buf_init(&csr, BSG_CSR_MAX);
	rc = bsg_key_generate(&made->key, err);
	if (rc == BSG_OK)
		rc = bsg_csr_make(made->key, "tls", &csr, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_issue(keyring, (struct bsg_bytes){ csr.data, csr.len }, &profile,
				       &made->der, err);
	bsg_buf_free(&csr);
	return rc;
}

static enum bsg_err save(const char *path, const struct made *made, struct bsg_error *err)
{
	struct bsg_secret key = { 0 };
	struct bsg_buf text;
	enum bsg_err rc = bsg_key_pem(made->key, &key, err);

	bsg_buf_init_secret(&text, FILE_MAX);
	bsg_buf_add(&text, key.data, key.len);
	if (rc == BSG_OK)
		rc = bsg_cert_to_pem((struct bsg_bytes){ made->der.data, made->der.len }, &text, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(path, text.data, text.len, 0600, err);
	bsg_buf_free(&text);
	bsg_secret_free(&key);
	return rc;
}

static void made_free(struct made *made)
{
	bsg_key_free(made->key);
	bsg_buf_free(&made->der);
	made->key = NULL;
}

enum bsg_err bsg_tls_identity_load(struct bsg_keyring *keyring, const char *dir,
				   const char *const *sans, size_t n_sans, int64_t now,
				   struct bsg_tls_identity *out, struct bsg_error *err)
{
	struct made made = { 0 };
	char path[PATH_MAX];
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	bsg_buf_init(&made.der, BSG_CERT_MAX);
	rc = bsg_path_join(dir, FILE_NAME, path, sizeof(path), err);
	if (rc != BSG_OK)
		return rc;
	if (!load(path, &made) || !holds(keyring, &made, sans, n_sans, now)) {
		made_free(&made);
		rc = make(keyring, sans, n_sans, now, &made, err);
		if (rc == BSG_OK)
			rc = save(path, &made, err);
	}
	if (rc == BSG_OK)
		rc = fill(keyring, &made, out, err);
	if (rc != BSG_OK)
		bsg_tls_identity_free(out);
	made_free(&made);
	return rc;
}

void bsg_tls_identity_free(struct bsg_tls_identity *identity)
{
	free(identity->chain_pem);
	bsg_secret_free(&identity->key_pem);
	memset(identity, 0, sizeof(*identity));
}
