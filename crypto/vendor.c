/* SPDX-License-Identifier: Apache-2.0 */
/* An MDM vendor's signature over a request for a push certificate. */
#include "crypto/vendor.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/timetext.h"
#include "crypto/csr.h"
#include "crypto/ossl.h"
#include "crypto/x509.h"

struct chain {
	X509 *certs[BSG_VENDOR_CHAIN_MAX];
	struct bsg_cert_info infos[BSG_VENDOR_CHAIN_MAX];
	size_t n;
};

/* Requests have an older name as well (RFC 7468 section 7). */
static bool is_called(const char *name, const char *label)
{
	return strcmp(name, label) == 0 || (strncmp(name, "NEW ", 4) == 0 && strcmp(name + 4, label) == 0);
}

/* Append the bytes of the next block of this label. Others may be private keys. BSG_E_NOT_FOUND: there is none. */
static enum bsg_err next_block(BIO *in, const char *label, struct bsg_buf *der, struct bsg_error *err)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	bool found = false;
	long len = 0;

	while (!found && PEM_read_bio(in, &name, &header, &data, &len) == 1) {
		found = is_called(name, label);
		if (found)
			bsg_buf_add(der, data, (size_t)len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)len);
	}
	if (found)
		return bsg_buf_finish(der, err);
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return bsg_ossl_fail(err, "damaged PEM");
	(void)bsg_ossl_fail(NULL, "");
	return bsg_fail(err, BSG_E_NOT_FOUND, "no \"-----BEGIN %s-----\" in it", label);
}

static enum bsg_err open_pem(const char *pem, size_t len, BIO **in, struct bsg_error *err)
{
	*in = NULL;
	if (len > BSG_VENDOR_PEM_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "larger than %d bytes", BSG_VENDOR_PEM_MAX);
	*in = BIO_new_mem_buf(pem, (int)len);
	return *in != NULL ? BSG_OK : bsg_ossl_fail(err, "read PEM");
}

enum bsg_err bsg_vendor_request_read(const char *pem, size_t len, struct bsg_buf *der, struct bsg_error *err)
{
	struct bsg_rsa_request request;
	BIO *in;
	enum bsg_err rc = open_pem(pem, len, &in, err);

	if (rc == BSG_OK)
		rc = next_block(in, "CERTIFICATE REQUEST", der, err);
	BIO_free(in);
	if (rc == BSG_OK)
		rc = bsg_csr_verify_rsa((struct bsg_bytes){ der->data, der->len }, &request, err);
	if (rc == BSG_OK)
		bsg_rsa_request_free(&request);
	return rc;
}

static enum bsg_err add_cert(struct chain *chain, struct bsg_bytes der, struct bsg_error *err)
{
	enum bsg_err rc;

	if (chain->n == BSG_VENDOR_CHAIN_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "more than %d certificates", BSG_VENDOR_CHAIN_MAX);
	rc = bsg_cert_read(der, &chain->infos[chain->n], err);
	if (rc == BSG_OK)
		chain->certs[chain->n] = bsg_ossl_cert(der, &rc, err);
	if (rc == BSG_OK)
		chain->n++;
	return rc;
}

/* Every certificate of the text, also as PEM of our own: Apple takes none with lines of another length. */
static enum bsg_err read_certs(BIO *in, struct chain *chain, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_error why = { .text = "" };
	enum bsg_err rc = BSG_OK;
	struct bsg_buf der;

	bsg_buf_init(&der, BSG_VENDOR_PEM_MAX);
	while (rc == BSG_OK) {
		bsg_buf_clear(&der);
		rc = next_block(in, "CERTIFICATE", &der, &why);
		if (rc == BSG_OK)
			rc = add_cert(chain, (struct bsg_bytes){ der.data, der.len }, &why);
		if (rc == BSG_OK)
			rc = bsg_cert_to_pem((struct bsg_bytes){ der.data, der.len }, out, &why);
	}
	bsg_buf_free(&der);
	if (rc == BSG_E_NOT_FOUND)
		return chain->n > 0 ? BSG_OK : bsg_fail(err, rc, "%s", why.text);
	return bsg_fail(err, rc, "certificate %zu: %s", chain->n + 1, why.text);
}

static enum bsg_err check_dates(const struct chain *chain, int64_t at, struct bsg_error *err)
{
	char when[BSG_TIME_SIZE];

	for (size_t i = 0; i < chain->n; i++) {
		const struct bsg_cert_info *info = &chain->infos[i];

		bsg_time_format(info->not_after < at ? info->not_after : info->not_before, when);
		if (info->not_after < at)
			return bsg_fail(err, BSG_E_CRYPTO, "certificate %zu (%s) ended at %s: get the one that is valid now",
					i + 1, info->cn, when);
		if (info->not_before > at)
			return bsg_fail(err, BSG_E_CRYPTO, "certificate %zu (%s) begins at %s: look at this machine's clock",
					i + 1, info->cn, when);
	}
	return BSG_OK;
}

static bool has_issued(X509 *issuer, X509 *cert)
{
	const bool has = X509_check_issued(issuer, cert) == X509_V_OK && X509_verify(cert, X509_get0_pubkey(issuer)) == 1;

	(void)bsg_ossl_fail(NULL, "");
	return has;
}

/* Of the root's own signature nothing hangs, and some systems refuse the SHA-1 in it: its name is looked at alone. */
static enum bsg_err check_issuers(const struct chain *chain, struct bsg_error *err)
{
	const size_t last = chain->n - 1;

	if (last == 0)
		return bsg_fail(err, BSG_E_CRYPTO, "one certificate alone (%s)", chain->infos[0].cn);
	for (size_t i = 0; i < last; i++)
		if (!has_issued(chain->certs[i + 1], chain->certs[i]))
			return bsg_fail(err, BSG_E_CRYPTO, "certificate %zu (%s) was not issued by the next one (%s)", i + 1,
					chain->infos[i].cn, chain->infos[i + 1].cn);
	if (X509_check_issued(chain->certs[last], chain->certs[last]) != X509_V_OK)
		return bsg_fail(err, BSG_E_CRYPTO, "the last certificate (%s) is no root", chain->infos[last].cn);
	return BSG_OK;
}

enum bsg_err bsg_vendor_chain_read(const char *pem, size_t len, int64_t at, uint8_t spki[static BSG_SHA256_LEN],
				   struct bsg_buf *out, struct bsg_error *err)
{
	struct chain chain = { .n = 0 };
	BIO *in;
	enum bsg_err rc = open_pem(pem, len, &in, err);

	if (rc == BSG_OK)
		rc = read_certs(in, &chain, out, err);
	if (rc == BSG_OK)
		rc = check_issuers(&chain, err);
	if (rc == BSG_OK)
		rc = check_dates(&chain, at, err);
	if (rc == BSG_OK)
		memcpy(spki, chain.infos[0].spki_sha256, BSG_SHA256_LEN);
	for (size_t i = 0; i < chain.n; i++)
		X509_free(chain.certs[i]);
	BIO_free(in);
	return rc;
}

static enum bsg_err sign(EVP_PKEY *key, struct bsg_bytes request, struct bsg_buf *out, struct bsg_error *err)
{
	uint8_t signature[BSG_VENDOR_SIGNATURE_MAX];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const bool done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
			  EVP_DigestSign(ctx, signature, &len, request.ptr, request.len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!done)
		return bsg_ossl_fail(err, "sign the request");
	bsg_buf_add(out, signature, len);
	return bsg_buf_finish(out, err);
}

enum bsg_err bsg_vendor_sign(const struct bsg_secret *key, const uint8_t spki[static BSG_SHA256_LEN],
			     struct bsg_bytes request, struct bsg_buf *out, struct bsg_error *err)
{
	uint8_t own[BSG_SHA256_LEN];
	struct bsg_rsa_key *rsa;
	enum bsg_err rc = bsg_rsa_parse((const char *)key->data, key->len, &rsa, err);

	if (rc == BSG_OK)
		rc = bsg_rsa_spki_sha256(rsa, own, err);
	if (rc == BSG_OK && memcmp(own, spki, sizeof(own)) != 0)
		rc = bsg_fail(err, BSG_E_DENIED, "not the key of the first certificate of the chain");
	if (rc == BSG_OK)
		rc = sign(rsa->pkey, request, out, err);
	bsg_rsa_free(rsa);
	return rc;
}
