/* SPDX-License-Identifier: Apache-2.0 */
/* Making certificates. What they look like is decided by the tables of the keyring. */
#include <arpa/inet.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"
#include "crypto/random.h"

#define SERIAL_LEN 16

/* 126 random bits, positive and never shorter (RFC 5280 4.1.2.2, CA/Browser Forum 7.1). */
static int set_serial(X509 *cert, struct bsg_error *err)
{
	uint8_t bytes[SERIAL_LEN];
	BIGNUM *n;
	int ok;

	if (bsg_random(bytes, sizeof(bytes), err) != BSG_OK)
		return 0;
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return ok;
}

static int set_names(X509 *cert, const struct bsg_cert_request *request)
{
	X509_NAME *name = X509_NAME_new();
	X509 *issuer = request->issuer != NULL ? request->issuer : cert;
	int ok = name != NULL &&
		 X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					    (const unsigned char *)request->cn, -1, -1, 0) == 1 &&
		 X509_set_subject_name(cert, name) == 1 &&
		 X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1;

	X509_NAME_free(name);
	return ok;
}

static int set_times(X509 *cert, const struct bsg_cert_request *request)
{
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)request->not_before);
	ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)request->not_after);
	int ok = from != NULL && until != NULL && X509_set1_notBefore(cert, from) == 1 &&
		 X509_set1_notAfter(cert, until) == 1;

	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return ok;
}

/* @value is one of our constants: OpenSSL's little language of extensions never sees input. */
static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	int ok;

	if (value == NULL)
		return 1;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static GENERAL_NAME *general_name(const char *san)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = ASN1_IA5STRING_new();
	uint8_t ip[16];
	int ip_len = inet_pton(AF_INET, san, ip) == 1 ? 4 : inet_pton(AF_INET6, san, ip) == 1 ? 16 : 0;

	if (name == NULL || value == NULL ||
	    ASN1_STRING_set(value, ip_len > 0 ? (const void *)ip : (const void *)san,
			    ip_len > 0 ? ip_len : (int)strlen(san)) != 1) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, ip_len > 0 ? GEN_IPADD : GEN_DNS, value);
	return name;
}

static int add_sans(X509 *cert, const struct bsg_cert_request *request)
{
	GENERAL_NAMES *names;
	int ok;

	if (request->n_sans == 0)
		return 1;
	names = GENERAL_NAMES_new();
	ok = names != NULL;
	for (size_t i = 0; ok && i < request->n_sans; i++) {
		GENERAL_NAME *name = general_name(request->sans[i]);

		ok = name != NULL && sk_GENERAL_NAME_push(names, name) > 0;
		if (!ok)
			GENERAL_NAME_free(name);
	}
	ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

static int add_extensions(X509 *cert, const struct bsg_cert_request *request)
{
	X509 *issuer = request->issuer != NULL ? request->issuer : cert;

	/* The subject's id first: a root's authority is itself. */
	return add_extension(cert, issuer, NID_basic_constraints, request->look->constraints) &&
	       add_extension(cert, issuer, NID_key_usage, request->look->usage) &&
	       add_extension(cert, issuer, NID_ext_key_usage, request->look->extended) &&
	       add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always") &&
	       add_sans(cert, request);
}

enum bsg_err bsg_cert_make(const struct bsg_cert_request *request, struct bsg_buf *der,
			   struct bsg_error *err)
{
	EVP_PKEY *own = request->rsa != NULL ? NULL : bsg_ossl_public(&request->key);
	EVP_PKEY *key = request->rsa != NULL ? request->rsa : own;
	X509 *cert = X509_new();
	unsigned char *bytes = NULL;
	enum bsg_err rc;

	if (key == NULL || cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
	    !set_serial(cert, err) || !set_names(cert, request) || !set_times(cert, request) ||
	    X509_set_pubkey(cert, key) != 1 || !add_extensions(cert, request) ||
	    X509_sign(cert, request->issuer_key, EVP_sha256()) <= 0)
		rc = bsg_ossl_fail(err, "make certificate");
	else
		rc = bsg_ossl_der(der, i2d_X509(cert, &bytes), &bytes, "encode certificate", err);
	X509_free(cert);
	EVP_PKEY_free(own);
	return rc;
}

/* One label of a DNS name: letters, digits, '-' and '_' inside. Gives what follows it, NULL if none. */
static const char *after_label(const char *at)
{
	size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	if (len < 1 || len > 63 || at[0] == '-' || at[len - 1] == '-')
		return NULL;
	return at + len;
}

int bsg_san_is_valid(const char *san)
{
	uint8_t ip[16];

	if (san == NULL || strnlen(san, 254) > 253)
		return 0;
	if (inet_pton(AF_INET, san, ip) == 1 || inet_pton(AF_INET6, san, ip) == 1)
		return 1;
	if (strncmp(san, "*.", 2) == 0)
		san += 2;
	for (;;) {
		san = after_label(san);
		if (san == NULL || (*san != '.' && *san != '\0'))
			return 0;
		if (*san == '\0')
			return 1;
		san++;
	}
}
