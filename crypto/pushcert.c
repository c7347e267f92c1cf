/* SPDX-License-Identifier: Apache-2.0 */
/* Push certificates: topic and dates. */
#include "crypto/pushcert.h"

#include <string.h>

#include "crypto/ossl.h"
#include "crypto/x509.h"

/* The topic goes into a header of every push and into profiles: nothing that needs an escape anywhere. */
static const char topic_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

static enum bsg_err copy_topic(const unsigned char *text, int len, struct bsg_push_cert *out, struct bsg_error *err)
{
	if (len < 1)
		return bsg_fail(err, BSG_E_CRYPTO, "push certificate: the UID of its subject cannot be read");
	if ((size_t)len >= sizeof(out->topic))
		return bsg_fail(err, BSG_E_LIMIT, "push certificate: a topic of %d bytes", len);
	memcpy(out->topic, text, (size_t)len);
	if (strlen(out->topic) != (size_t)len || strspn(out->topic, topic_chars) != (size_t)len)
		return bsg_fail(err, BSG_E_CRYPTO, "push certificate: the UID of its subject is no topic");
	return BSG_OK;
}

static enum bsg_err read_topic(const X509 *cert, struct bsg_push_cert *out, struct bsg_error *err)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(name, NID_userId, -1);
	unsigned char *text = NULL;
	enum bsg_err rc;
	int len;

	if (at < 0)
		return bsg_fail(err, BSG_E_CRYPTO, "push certificate: no UID in its subject, so no topic; "
				"is it an MDM push certificate of identity.apple.com?");
	if (X509_NAME_get_index_by_NID(name, NID_userId, at) >= 0)
		return bsg_fail(err, BSG_E_CRYPTO, "push certificate: two UIDs in its subject");
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	rc = copy_topic(text, len, out, err);
	OPENSSL_free(text);
	(void)bsg_ossl_fail(NULL, "");	/* a text that is none leaves entries behind */
	return rc;
}

enum bsg_err bsg_push_cert_read(const char *pem, size_t len, struct bsg_push_cert *out, struct bsg_error *err)
{
	struct bsg_cert_info info;
	struct bsg_buf der;
	X509 *cert = NULL;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	bsg_buf_init(&der, BSG_CERT_MAX);
	rc = bsg_cert_from_pem(pem, len, &der, err);
	if (rc == BSG_OK)
		rc = bsg_cert_read((struct bsg_bytes){ der.data, der.len }, &info, err);
	if (rc == BSG_OK)
		cert = bsg_ossl_cert((struct bsg_bytes){ der.data, der.len }, &rc, err);
	if (rc == BSG_OK)
		rc = read_topic(cert, out, err);
	if (rc == BSG_OK) {
		memcpy(out->sha256, info.sha256, sizeof(out->sha256));
		out->not_before = info.not_before;
		out->not_after = info.not_after;
	} else {
		memset(out, 0, sizeof(*out));
	}
	X509_free(cert);
	bsg_buf_free(&der);
	return rc;
}

enum bsg_err bsg_push_cert_check(const char *pem, size_t len, const char *topic, struct bsg_push_cert *out,
				 struct bsg_error *err)
{
	struct bsg_push_cert cert;
	enum bsg_err rc = bsg_push_cert_read(pem, len, &cert, err);

	memset(out, 0, sizeof(*out));
	if (rc != BSG_OK)
		return rc;
	if (strcmp(cert.topic, topic) != 0)
		return bsg_fail(err, BSG_E_DENIED, "the push certificate is for %s, our phones were enrolled with %s: "
				"renew that one, with the Apple ID that made it", cert.topic, topic);
	*out = cert;
	return BSG_OK;
}
