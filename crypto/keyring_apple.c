/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CA of Apple devices. It is no child of the root, because the root's key may be put
 * away when an older state directory gets this CA (A30).
 *
 * Once it is there, keys/apple-ca.made says so: a directory that has lost its CA is damaged,
 * and one that has never had any gets one. A new CA would lock out every phone of the old one.
 */
#include "crypto/keyring_apple.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/objects.h>

#include "base/file.h"
#include "base/id.h"
#include "crypto/csr.h"
#include "crypto/ossl.h"

#define FILE_NAME "apple-ca.pem"
#define MARK_NAME "apple-ca.made"
#define FILE_MAX 16384
#define BITS 3072
#define LIFE_S (INT64_C(20) * 365 * 86400)
#define SLOW_CLOCKS_S 300
#define CMS_MESSAGE_TYPE "2.16.840.1.113733.1.9.2"

static const struct bsg_cert_look ca_look = {
	"critical,CA:TRUE,pathlen:0", "critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign", NULL };
static const struct bsg_cert_look device_look = {
	"critical,CA:FALSE", "critical,digitalSignature,keyEncipherment", "clientAuth" };

static struct bsg_bytes der_of(const struct bsg_apple_ca *ca)
{
	return (struct bsg_bytes){ ca->der.data, ca->der.len };
}

void bsg_apple_ca_init(struct bsg_apple_ca *ca)
{
	memset(ca, 0, sizeof(*ca));
	bsg_buf_init(&ca->der, BSG_CERT_MAX);
}

void bsg_apple_ca_free(struct bsg_apple_ca *ca)
{
	bsg_rsa_free(ca->key);
	bsg_buf_free(&ca->der);
	ca->key = NULL;
}

static enum bsg_err make(struct bsg_apple_ca *ca, const char *suffix, int64_t now, struct bsg_error *err)
{
	char cn[64];
	struct bsg_cert_request request = {
		.look = &ca_look,
		.cn = cn,
		.not_before = now - SLOW_CLOCKS_S,
		.not_after = now + LIFE_S,
	};
	enum bsg_err rc = bsg_rsa_generate(BITS, &ca->key, err);

	if (rc != BSG_OK)
		return rc;
	(void)snprintf(cn, sizeof(cn), "Bosaga Apple CA %s", suffix);
	request.rsa = ca->key->pkey;
	request.issuer_key = ca->key->pkey;
	return bsg_cert_make(&request, &ca->der, err);
}

/* Key and certificate in one file, which is there whole or not at all. One that is there stays. */
static enum bsg_err save(const struct bsg_apple_ca *ca, const char *path, struct bsg_error *err)
{
	struct bsg_secret key = { 0 };
	struct bsg_buf text;
	enum bsg_err rc = bsg_rsa_pem(ca->key, &key, err);

	bsg_buf_init_secret(&text, FILE_MAX);
	if (rc == BSG_OK) {
		bsg_buf_add(&text, key.data, key.len);
		rc = bsg_cert_to_pem(der_of(ca), &text, err);
	}
	if (rc == BSG_OK)
		rc = bsg_file_create(path, text.data, text.len, 0600, err);
	bsg_buf_free(&text);
	bsg_secret_free(&key);
	return rc;
}

/* Whether the certificate is one of ours, signed by itself, and belongs to the key. */
static enum bsg_err check(const struct bsg_apple_ca *ca, struct bsg_error *err)
{
	enum bsg_err rc;
	X509 *cert = bsg_ossl_cert(der_of(ca), &rc, err);

	if (cert == NULL)
		return rc;
	if (!ca->info.is_ca || X509_check_private_key(cert, ca->key->pkey) != 1 ||
	    X509_verify(cert, ca->key->pkey) != 1) {
		(void)bsg_ossl_fail(NULL, "");
		rc = bsg_fail(err, BSG_E_CRYPTO, "key and certificate do not fit");
	}
	X509_free(cert);
	return rc;
}

static enum bsg_err load(struct bsg_apple_ca *ca, const char *path, struct bsg_error *err)
{
	struct bsg_error why = { 0 };
	struct bsg_secret text = { 0 };
	enum bsg_err rc = bsg_secret_read(path, FILE_MAX, &text, err);

	if (rc != BSG_OK)
		return rc;
	rc = bsg_cert_from_pem((const char *)text.data, text.len, &ca->der, &why);
	if (rc == BSG_OK)
		rc = bsg_cert_read(der_of(ca), &ca->info, &why);
	if (rc == BSG_OK)
		rc = bsg_rsa_parse((const char *)text.data, text.len, &ca->key, &why);
	if (rc == BSG_OK)
		rc = check(ca, &why);
	if (rc != BSG_OK)
		(void)bsg_fail(err, rc, "%s: %s", path, why.text);
	bsg_secret_free(&text);
	return rc;
}

/* The first time: make it, then say that it was made. A crash in between leaves the saying for the next time. */
static enum bsg_err make_first(const char *path, const char *mark, const char *suffix, int64_t now,
			       struct bsg_error *err)
{
	struct bsg_apple_ca ca;
	enum bsg_err rc = BSG_OK;

	if (access(mark, F_OK) == 0)
		return BSG_OK;
	bsg_apple_ca_init(&ca);
	if (access(path, F_OK) != 0) {
		rc = make(&ca, suffix, now, err);
		if (rc == BSG_OK)
			rc = save(&ca, path, err);
	}
	if (rc == BSG_OK)
		rc = bsg_file_replace(mark, "", 0, 0600, err);
	bsg_apple_ca_free(&ca);
	return rc;
}

enum bsg_err bsg_apple_ca_open(struct bsg_apple_ca *ca, const char *keys, const char *suffix, int64_t now,
			       struct bsg_error *err)
{
	char path[PATH_MAX];
	char mark[PATH_MAX];
	enum bsg_err rc = bsg_path_join(keys, FILE_NAME, path, sizeof(path), err);

	if (rc == BSG_OK)
		rc = bsg_path_join(keys, MARK_NAME, mark, sizeof(mark), err);
	if (rc == BSG_OK)
		rc = make_first(path, mark, suffix, now, err);
	return rc != BSG_OK ? rc : load(ca, path, err);
}

enum bsg_err bsg_apple_ca_issue(const struct bsg_apple_ca *ca, struct bsg_bytes csr,
				const struct bsg_profile *profile, struct bsg_buf *der,
				struct bsg_error *err)
{
	struct bsg_cert_request request = {
		.look = &device_look,
		.cn = profile->cn,
		.not_before = profile->not_before - SLOW_CLOCKS_S,
		.not_after = profile->not_after < ca->info.not_after ? profile->not_after : ca->info.not_after,
		.issuer_key = ca->key->pkey,
	};
	struct bsg_rsa_request judged;
	X509_REQ *req = NULL;
	enum bsg_err rc;

	if (profile->n_sans != 0 || !bsg_id_is_device(profile->cn))
		return bsg_fail(err, BSG_E_INVALID, "Apple device certificate: the name is not a device id");
	if (request.not_after <= request.not_before)
		return bsg_fail(err, BSG_E_CRYPTO, "the CA's own certificate has ended");
	rc = bsg_csr_verify_rsa(csr, &judged, err);
	bsg_rsa_request_free(&judged);
	if (rc == BSG_OK)
		req = bsg_ossl_signed_csr(csr, &rc, err);
	if (req == NULL)
		return rc;
	request.rsa = X509_REQ_get0_pubkey(req);
	request.issuer = bsg_ossl_cert(der_of(ca), &rc, err);
	if (request.issuer != NULL)
		rc = bsg_cert_make(&request, der, err);
	X509_free(request.issuer);
	X509_REQ_free(req);
	return rc;
}

/* Only what is a certificate request whose signature holds comes out, and all else looks the same (A41). */
enum bsg_err bsg_apple_ca_decrypt(const struct bsg_apple_ca *ca, bool legacy, struct bsg_bytes sealed,
				  struct bsg_secret *out, struct bsg_error *err)
{
	X509_REQ *req = NULL;
	enum bsg_err rc = bsg_cms_decrypt(ca->key, der_of(ca), sealed, legacy, out, err);

	if (rc == BSG_OK)
		req = bsg_ossl_signed_csr((struct bsg_bytes){ out->data, out->len }, &rc, err);
	X509_REQ_free(req);
	if (rc != BSG_OK)
		bsg_secret_free(out);
	if (rc == BSG_E_CRYPTO || (rc == BSG_E_LIMIT && sealed.len <= BSG_CMS_MAX))
		return bsg_fail(err, BSG_E_CRYPTO, "the envelope does not open, or what is in it is no "
				"certificate request that its own key signed");
	return rc;
}

/* Whether there is one attribute messageType and it says CertRep (RFC 8894 section 3.2.1.2). */
static bool says_cert_rep(const struct bsg_cms_message *message)
{
	ASN1_OBJECT *type = OBJ_txt2obj(CMS_MESSAGE_TYPE, 1);
	size_t n_said = 0;
	size_t n_reply = 0;

	for (size_t i = 0; type != NULL && i < message->n_attrs; i++) {
		const struct bsg_cms_attr *attr = &message->attrs[i];
		ASN1_OBJECT *oid = OBJ_txt2obj(attr->oid, 1);

		if (oid == NULL || OBJ_cmp(oid, type) == 0) {
			n_said++;
			n_reply += attr->value.len == 1 && attr->value.ptr[0] == '3';
		}
		ASN1_OBJECT_free(oid);
	}
	ASN1_OBJECT_free(type);
	return n_said == 1 && n_reply == 1;
}

/* A CertRep, whose content is an EnvelopedData or nothing (RFC 8894 section 3.3.2). */
static bool is_scep_reply(const struct bsg_apple_ca *ca, const struct bsg_cms_message *message)
{
	struct bsg_cms_envelope envelope;

	return says_cert_rep(message) && !message->detached &&
	       (message->content.len == 0 ||
		bsg_cms_read_envelope(message->content, der_of(ca), &envelope, NULL) == BSG_OK);
}

/* A configuration profile: a property list in XML, without attributes of others. */
static bool is_profile(const struct bsg_cms_message *message)
{
	static const char start[] = "<?xml ";

	return message->n_attrs == 0 && !message->detached && message->content.len > sizeof(start) &&
	       memcmp(message->content.ptr, start, sizeof(start) - 1) == 0;
}

enum bsg_err bsg_apple_ca_sign(const struct bsg_apple_ca *ca, enum bsg_cms_purpose purpose,
			       const struct bsg_cms_message *message, struct bsg_buf *out,
			       struct bsg_error *err)
{
	if (!(purpose == BSG_SIGN_SCEP && is_scep_reply(ca, message)) &&
	    !(purpose == BSG_SIGN_PROFILE && is_profile(message)))
		return bsg_fail(err, BSG_E_DENIED, "sign: this message is not of the purpose");
	return bsg_cms_sign(ca->key, der_of(ca), message, out, err);
}
