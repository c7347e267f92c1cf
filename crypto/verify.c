/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying a chain of certificates up to the one root that is trusted. */
#include "crypto/x509.h"

#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"

/* What a leaf of each purpose has to look like (K12, A32); a CA between it and the root has the same EKU. */
static const struct need {
	enum bsg_cert_purpose purpose;
	const char *name;
	const char *eku;
	int n_chain;	/* leaf and root included */
	uint32_t usage;
	int signature;
} needs[] = {
	{ BSG_CERT_DEVICE, "device", "1.3.6.1.5.5.7.3.2", 3, KU_DIGITAL_SIGNATURE, NID_ecdsa_with_SHA256 },
	{ BSG_CERT_TLS_SERVER, "TLS server", "1.3.6.1.5.5.7.3.1", 3, KU_DIGITAL_SIGNATURE, NID_ecdsa_with_SHA256 },
	{ BSG_CERT_ORDERS, "orders", BSG_OID_ORDERS, 2, KU_DIGITAL_SIGNATURE, NID_ecdsa_with_SHA256 },
	{ BSG_CERT_PASS, "pass", BSG_OID_PASS, 1, KU_DIGITAL_SIGNATURE, NID_ecdsa_with_SHA256 },
	{ BSG_CERT_APPLE, "Apple device", "1.3.6.1.5.5.7.3.2", 2, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT,
	  NID_sha256WithRSAEncryption },
};

static const struct need *need_of(enum bsg_cert_purpose purpose)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].purpose == purpose)
			return &needs[i];
	return NULL;
}

/* Whether the extended key usage of @cert is exactly @oid. */
static bool has_eku(X509 *cert, const char *oid)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	char text[128];
	bool same = usages != NULL && sk_ASN1_OBJECT_num(usages) == 1 &&
		    OBJ_obj2txt(text, sizeof(text), sk_ASN1_OBJECT_value(usages, 0), 1) > 0 &&
		    strcmp(text, oid) == 0;

	EXTENDED_KEY_USAGE_free(usages);
	return same;
}

static bool is_key_of(EVP_PKEY *key, const struct need *need)
{
	if (need->purpose == BSG_CERT_APPLE)
		return bsg_rsa_is_allowed(key);
	return key != NULL && EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 256;
}

static bool is_leaf_of(X509 *cert, const struct need *need)
{
	return has_eku(cert, need->eku) && (X509_get_extension_flags(cert) & EXFLAG_CA) == 0 &&
	       X509_get_key_usage(cert) == need->usage && is_key_of(X509_get0_pubkey(cert), need);
}

static enum bsg_err check_chain(STACK_OF(X509) *chain, const struct need *need,
				struct bsg_error *err)
{
	if (sk_X509_num(chain) != need->n_chain || !is_leaf_of(sk_X509_value(chain, 0), need) ||
	    (need->n_chain == 3 && !has_eku(sk_X509_value(chain, 1), need->eku)))
		return bsg_fail(err, BSG_E_CRYPTO, "certificate: not one of the %s kind", need->name);
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (X509_get_signature_nid(sk_X509_value(chain, i)) != need->signature)
			return bsg_fail(err, BSG_E_CRYPTO, "certificate: not signed by %s with SHA-256",
					need->purpose == BSG_CERT_APPLE ? "RSA" : "ECDSA");
	return BSG_OK;
}

static enum bsg_err verify(X509_STORE_CTX *ctx, const struct need *need, int64_t at,
			   struct bsg_error *err)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	enum bsg_err rc;

	X509_VERIFY_PARAM_set_time(param, (time_t)at);
	X509_VERIFY_PARAM_set_depth(param, BSG_CERT_CHAIN_MAX);
	if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT |
					X509_V_FLAG_CHECK_SS_SIGNATURE) != 1)
		return bsg_ossl_fail(err, "verify certificate");
	if (X509_verify_cert(ctx) != 1) {
		int why = X509_STORE_CTX_get_error(ctx);

		rc = bsg_fail(err, why == X509_V_ERR_OUT_OF_MEM ? BSG_E_NO_MEMORY : BSG_E_CRYPTO,
			      "certificate: %s (%s)", X509_verify_cert_error_string(why),
			      X509_STORE_CTX_get_error_depth(ctx) == 0 ? "itself" : "above it");
		(void)bsg_ossl_fail(NULL, "");
		return rc;
	}
	return check_chain(X509_STORE_CTX_get0_chain(ctx), need, err);
}

static enum bsg_err push_all(STACK_OF(X509) *between, const struct bsg_bytes *chain, size_t n,
			     struct bsg_error *err)
{
	if (n > BSG_CERT_CHAIN_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "more than %d certificates", BSG_CERT_CHAIN_MAX);
	for (size_t i = 0; i < n; i++) {
		enum bsg_err rc;
		X509 *cert = bsg_ossl_cert(chain[i], &rc, err);

		if (cert == NULL)
			return rc;
		if (sk_X509_push(between, cert) <= 0) {
			X509_free(cert);
			return bsg_ossl_fail(err, "verify certificate");
		}
	}
	return BSG_OK;
}

enum bsg_err bsg_cert_verify(struct bsg_bytes leaf_der, const struct bsg_bytes *chain,
			     size_t n_chain, struct bsg_bytes root_der,
			     enum bsg_cert_purpose purpose, int64_t at, struct bsg_error *err)
{
	const struct need *need = need_of(purpose);
	STACK_OF(X509) *between = NULL;
	X509_STORE_CTX *ctx = NULL;
	X509_STORE *store = NULL;
	X509 *leaf = NULL;
	X509 *root = NULL;
	enum bsg_err rc;

	if (need == NULL)
		return bsg_fail(err, BSG_E_BUG, "no such purpose of a certificate");
	leaf = bsg_ossl_cert(leaf_der, &rc, err);
	if (leaf != NULL)
		root = bsg_ossl_cert(root_der, &rc, err);
	if (root == NULL)
		goto out;
	between = sk_X509_new_null();
	ctx = X509_STORE_CTX_new();
	store = X509_STORE_new();
	if (between == NULL || ctx == NULL || store == NULL || X509_STORE_add_cert(store, root) != 1) {
		rc = bsg_ossl_fail(err, "verify certificate");
		goto out;
	}
	rc = push_all(between, chain, n_chain, err);
	if (rc != BSG_OK)
		goto out;
	if (X509_STORE_CTX_init(ctx, store, leaf, between) != 1)
		rc = bsg_ossl_fail(err, "verify certificate");
	else
		rc = verify(ctx, need, at, err);
out:
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_pop_free(between, X509_free);
	X509_free(root);
	X509_free(leaf);
	return rc;
}
