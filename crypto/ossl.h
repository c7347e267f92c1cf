/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of crypto/ share and nobody else may include. */
#ifndef BSG_CRYPTO_OSSL_H
#define BSG_CRYPTO_OSSL_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "crypto/keyring.h"
#include "crypto/rsa.h"

struct bsg_key {
	EVP_PKEY *pkey;
	struct bsg_public_key pub;
};

struct bsg_rsa_key {
	EVP_PKEY *pkey;
};

/* The EKUs of an orders certificate and of one for passes: UUIDs of ours as OIDs (ITU-T X.667). */
#define BSG_OID_ORDERS "2.25.301820908479195542039220810099350110463"
#define BSG_OID_PASS "2.25.255934477368215222534745001626530539442"

/* Drain OpenSSL's queue into @err: "WHAT: its oldest entry", which names the cause. */
enum bsg_err bsg_ossl_fail(struct bsg_error *err, const char *what);

/* Append what an i2d function gives: bsg_ossl_der(&out, i2d_X509(cert, &der), &der, …).
 * Frees *@der. A pointer to it, because arguments are evaluated in no order. */
enum bsg_err bsg_ossl_der(struct bsg_buf *out, int len, unsigned char **der, const char *what,
			  struct bsg_error *err);

/* Parse exactly one certificate of at most BSG_CERT_MAX bytes. NULL on failure, @err filled. */
X509 *bsg_ossl_cert(struct bsg_bytes der, enum bsg_err *rc, struct bsg_error *err);

/* A public key for OpenSSL; NULL on failure, with OpenSSL's queue left. */
EVP_PKEY *bsg_ossl_public(const struct bsg_public_key *key);

/* Read an unencrypted private key of any kind; NULL on failure, @err filled. */
EVP_PKEY *bsg_ossl_private_pem(const char *pem, size_t len, enum bsg_err *rc, struct bsg_error *err);

/* Write it as PKCS#8 PEM. */
enum bsg_err bsg_ossl_pem_of_private(EVP_PKEY *key, struct bsg_secret *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/* Length of an RSA key's modulus, 0 for keys of other kinds (RSA-PSS among them), and for NULL. */
int bsg_rsa_bits(EVP_PKEY *key);

/* Whether it is RSA of 2048 to 4096 bits with an ordinary exponent (A31). */
int bsg_rsa_is_allowed(EVP_PKEY *key);

/* Read a request whose signature holds by its own key, of whatever kind. NULL on failure, @err filled. */
X509_REQ *bsg_ossl_signed_csr(struct bsg_bytes der, enum bsg_err *rc, struct bsg_error *err);

/* What a certificate says about whom, beside dates and key. */
struct bsg_cert_look {
	const char *constraints;	/* as in OpenSSL's configuration; NULL: absent */
	const char *usage;
	const char *extended;		/* NULL: absent */
};

struct bsg_cert_request {
	const struct bsg_cert_look *look;
	const char *cn;
	const char *const *sans;	/* may be NULL */
	size_t n_sans;
	struct bsg_public_key key;
	EVP_PKEY *rsa;			/* instead of @key where it is not NULL; borrowed */
	int64_t not_before, not_after;
	X509 *issuer;			/* NULL: self-signed */
	EVP_PKEY *issuer_key;
};

/* Make and sign a certificate; DER appended. */
enum bsg_err bsg_cert_make(const struct bsg_cert_request *request, struct bsg_buf *der,
			   struct bsg_error *err) BSG_MUST_CHECK;

/* Whether @san is a DNS name (with an optional leading "*.") or an IP address. */
int bsg_san_is_valid(const char *san);

/* Decrypt what bsg_seal() made, with the key that belongs to @cert. */
enum bsg_err bsg_unseal(EVP_PKEY *key, struct bsg_bytes cert, struct bsg_bytes sealed,
			struct bsg_secret *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
