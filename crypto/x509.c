/* SPDX-License-Identifier: Apache-2.0 */
/* Reading certificates, as DER and PEM. Verifying them is in verify.c. */
#include "crypto/x509.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/hex.h"
#include "base/id.h"
#include "base/timetext.h"
#include "crypto/ossl.h"

#define PEM_MAX 65536

static enum bsg_err read_time(const ASN1_TIME *from, int64_t *out, struct bsg_error *err)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(from, &tm) != 1)
		return bsg_ossl_fail(err, "certificate: its time");
	*out = bsg_time_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 +
	       tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
	return BSG_OK;
}

static enum bsg_err read_serial(const X509 *cert, struct bsg_cert_info *out, struct bsg_error *err)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	int len = ASN1_STRING_length(serial);

	if (len < 1 || len > 20)
		return bsg_fail(err, BSG_E_CRYPTO, "certificate: serial number of %d bytes", len);
	bsg_hex_encode(ASN1_STRING_get0_data(serial), (size_t)len, out->serial);
	return BSG_OK;
}

/* The common name, if there is exactly one and people can read it. */
static void read_cn(const X509 *cert, struct bsg_cert_info *out)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *text = NULL;
	int len;

	if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
		return;
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len > 0 && (size_t)len < sizeof(out->cn) &&
	    bsg_text_is_shown((const char *)text, (size_t)len))
		memcpy(out->cn, text, (size_t)len);
	OPENSSL_free(text);
}

static enum bsg_err read_key(X509 *cert, struct bsg_cert_info *out, struct bsg_error *err)
{
	unsigned char *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
	enum bsg_err rc;

	if (len <= 0)
		return bsg_ossl_fail(err, "certificate: its key");
	rc = bsg_sha256(spki, (size_t)len, out->spki_sha256, err);
	out->has_key = bsg_public_key_from_spki((struct bsg_bytes){ spki, (size_t)len }, &out->key,
						NULL) == BSG_OK;
	out->rsa_bits = bsg_rsa_bits(X509_get0_pubkey(cert));
	OPENSSL_free(spki);
	return rc;
}

static enum bsg_err read_all(X509 *cert, struct bsg_cert_info *out, struct bsg_error *err)
{
	enum bsg_err rc = read_time(X509_get0_notBefore(cert), &out->not_before, err);

	if (rc == BSG_OK)
		rc = read_time(X509_get0_notAfter(cert), &out->not_after, err);
	if (rc == BSG_OK)
		rc = read_serial(cert, out, err);
	if (rc == BSG_OK)
		rc = read_key(cert, out, err);
	if (rc != BSG_OK)
		return rc;
	read_cn(cert, out);
	out->is_ca = (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
	(void)bsg_ossl_fail(NULL, "");	/* names and extensions may be odd; that is for verify.c */
	return BSG_OK;
}

enum bsg_err bsg_cert_read(struct bsg_bytes der, struct bsg_cert_info *out, struct bsg_error *err)
{
	enum bsg_err rc;
	X509 *cert;

	memset(out, 0, sizeof(*out));
	cert = bsg_ossl_cert(der, &rc, err);
	if (cert == NULL)
		return rc;
	rc = read_all(cert, out, err);
	if (rc == BSG_OK)
		rc = bsg_sha256(der.ptr, der.len, out->sha256, err);
	if (rc != BSG_OK)
		memset(out, 0, sizeof(*out));
	X509_free(cert);
	return rc;
}

static bool same_san(const GENERAL_NAME *name, const char *san)
{
	uint8_t ip[16];
	int type = 0;
	const void *value = GENERAL_NAME_get0_value(name, &type);
	const ASN1_STRING *text = value;
	size_t len = (size_t)ASN1_STRING_length(text);
	size_t ip_len = inet_pton(AF_INET, san, ip) == 1 ? 4 : inet_pton(AF_INET6, san, ip) == 1 ? 16 : 0;

	if (type == GEN_IPADD)
		return ip_len == len && memcmp(ASN1_STRING_get0_data(text), ip, len) == 0;
	return ip_len == 0 && len == strlen(san) &&
	       strncasecmp((const char *)ASN1_STRING_get0_data(text), san, len) == 0;
}

static bool all_named(const GENERAL_NAMES *names, const char *const *sans, size_t n_sans)
{
	uint32_t met = 0;

	if (n_sans > BSG_CERT_SANS_MAX)
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		bool known = false;

		for (size_t s = 0; s < n_sans && (name->type == GEN_DNS || name->type == GEN_IPADD); s++) {
			if (same_san(name, sans[s])) {
				known = true;
				met |= UINT32_C(1) << s;
			}
		}
		if (!known)
			return false;
	}
	return met == (UINT32_C(1) << n_sans) - 1;
}

bool bsg_cert_has_sans(struct bsg_bytes der, const char *const *sans, size_t n_sans)
{
	GENERAL_NAMES *names;
	enum bsg_err rc;
	X509 *cert = bsg_ossl_cert(der, &rc, NULL);
	bool same;

	if (cert == NULL)
		return false;
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	same = names != NULL && all_named(names, sans, n_sans);
	GENERAL_NAMES_free(names);
	X509_free(cert);
	return same;
}

enum bsg_err bsg_cert_to_pem(struct bsg_bytes der, struct bsg_buf *out, struct bsg_error *err)
{
	enum bsg_err rc;
	X509 *cert = bsg_ossl_cert(der, &rc, err);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (cert == NULL)
		goto out;
	if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1) {
		rc = bsg_ossl_fail(err, "write certificate");
		goto out;
	}
	len = BIO_get_mem_data(bio, &text);
	bsg_buf_add(out, text, (size_t)len);
	rc = bsg_buf_finish(out, err);
out:
	BIO_free(bio);
	X509_free(cert);
	return rc;
}

enum bsg_err bsg_cert_from_pem(const char *pem, size_t len, struct bsg_buf *out,
			       struct bsg_error *err)
{
	BIO *in;
	X509 *cert;
	unsigned char *der = NULL;
	enum bsg_err rc;

	if (len > PEM_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "certificates larger than %d bytes", PEM_MAX);
	in = BIO_new_mem_buf(pem, (int)len);
	cert = in == NULL ? NULL : PEM_read_bio_X509(in, NULL, NULL, NULL);
	if (cert == NULL)
		rc = bsg_ossl_fail(err, "read certificate");
	else
		rc = bsg_ossl_der(out, i2d_X509(cert, &der), &der, "read certificate", err);
	X509_free(cert);
	BIO_free(in);
	return rc;
}
