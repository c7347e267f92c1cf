/* SPDX-License-Identifier: Apache-2.0 */
/* SCEP, the server's side. */
#include "apple/scep.h"

#include <string.h>

#include "apple/scep_oids.h"
#include "crypto/random.h"

/* Refuse with a failInfo for the sender and, in @err, a reason for the log. */
static enum bsg_err refuse(struct bsg_scep_request *request, enum bsg_scep_fail fail, struct bsg_error *err,
			   enum bsg_err rc, const char *why)
{
	request->fail = fail;
	return bsg_fail(err, rc, "SCEP: %s", why);
}

static bool take_transaction(const struct bsg_cms *cms, struct bsg_scep_request *out)
{
	struct bsg_bytes id;

	if (!bsg_cms_attribute(cms, SCEP_TRANSACTION, BSG_CMS_PRINTABLE, &id) || id.len < 1 ||
	    id.len > BSG_SCEP_TRANSACTION_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] < 0x20 || id.ptr[i] > 0x7e)
			return false;
	memcpy(out->transaction_id, id.ptr, id.len);
	out->transaction_id[id.len] = '\0';
	return true;
}

static bool take_nonce(const struct bsg_cms *cms, struct bsg_scep_request *out)
{
	struct bsg_bytes nonce;

	if (!bsg_cms_attribute(cms, SCEP_SENDER_NONCE, BSG_CMS_OCTETS, &nonce) || nonce.len < 1 ||
	    nonce.len > BSG_SCEP_NONCE_MAX)
		return false;
	memcpy(out->nonce, nonce.ptr, nonce.len);
	out->nonce_len = nonce.len;
	return true;
}

static enum bsg_scep_type type_of(const struct bsg_cms *cms)
{
	static const struct { const char *text; enum bsg_scep_type type; } types[] = {
		{ "3", BSG_SCEP_CERT_REP }, { "17", BSG_SCEP_RENEWAL_REQ }, { "19", BSG_SCEP_PKCS_REQ },
		{ "20", BSG_SCEP_CERT_POLL }, { "21", BSG_SCEP_GET_CERT }, { "22", BSG_SCEP_GET_CRL },
	};
	struct bsg_bytes said;

	if (bsg_cms_attribute(cms, SCEP_TYPE, BSG_CMS_PRINTABLE, &said))
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (said.len == strlen(types[i].text) && memcmp(said.ptr, types[i].text, said.len) == 0)
				return types[i].type;
	return 0;
}

/* Who asks for what, by which algorithms: enough to refuse it in SCEP's own words. Nothing is verified yet. */
static enum bsg_err take_head(const struct bsg_cms *cms, struct bsg_scep_request *out, struct bsg_error *err)
{
	if (!take_transaction(cms, out) || !take_nonce(cms, out))
		return bsg_fail(err, BSG_E_INVALID, "SCEP: a message without transactionID or senderNonce");
	out->type = type_of(cms);
	out->is_answerable = true;
	return BSG_OK;
}

static enum bsg_err check_signature(struct bsg_cms *cms, const struct bsg_scep_rules *rules,
				    struct bsg_buf *content, struct bsg_scep_request *out, struct bsg_error *err)
{
	enum bsg_err rc = bsg_cms_verify(cms, NULL, rules->legacy, content, err);

	out->fail = rc == BSG_E_DENIED ? BSG_SCEP_BAD_ALG : BSG_SCEP_BAD_MESSAGE_CHECK;
	if (rc == BSG_OK)
		out->digest = bsg_cms_digest(cms);
	return rc;
}

static enum bsg_err check_time(const struct bsg_cms *cms, int64_t now, struct bsg_scep_request *out,
			       struct bsg_error *err)
{
	int64_t at;

	if (bsg_cms_signing_time(cms, &at) && (at < now - BSG_SCEP_CLOCK_S || at > now + BSG_SCEP_CLOCK_S))
		return refuse(out, BSG_SCEP_BAD_TIME, err, BSG_E_INVALID, "signed at a time more than a day from ours");
	return BSG_OK;
}

/* A renewal is signed under a certificate of ours that is still good. Its chain first: the dates of others say nothing. */
static enum bsg_err check_old_certificate(struct bsg_keyring *keyring, struct bsg_bytes signer, int64_t now,
					  struct bsg_scep_request *out, struct bsg_error *err)
{
	struct bsg_cert_info info;
	struct bsg_bytes ca;
	enum bsg_err rc = bsg_keyring_certificate(keyring, BSG_KEYRING_APPLE_CA, &ca, err);

	out->fail = BSG_SCEP_BAD_CERT_ID;
	if (rc == BSG_OK)
		rc = bsg_cert_read(signer, &info, err);
	if (rc == BSG_OK)
		rc = bsg_cert_verify(signer, NULL, 0, ca, BSG_CERT_APPLE, info.not_before, err);
	if (rc == BSG_OK && (now < info.not_before || now >= info.not_after))
		return refuse(out, BSG_SCEP_BAD_TIME, err, BSG_E_CRYPTO,
			      "a renewal under a certificate that has ended, or not begun");
	return rc;
}

/* Algorithm and recipient of the envelope: they stand there in clear, so they may be told apart. */
static enum bsg_err check_envelope(struct bsg_keyring *keyring, struct bsg_bytes sealed, bool legacy,
				   struct bsg_scep_request *out, struct bsg_error *err)
{
	struct bsg_cms_envelope envelope;
	struct bsg_bytes ca;
	enum bsg_err rc = bsg_keyring_certificate(keyring, BSG_KEYRING_APPLE_CA, &ca, err);

	out->fail = BSG_SCEP_BAD_MESSAGE_CHECK;
	if (rc == BSG_OK)
		rc = bsg_cms_read_envelope(sealed, ca, &envelope, err);
	if (rc != BSG_OK)
		return rc;
	if (!envelope.is_for_us)
		return refuse(out, BSG_SCEP_BAD_CERT_ID, err, BSG_E_NOT_FOUND, "encrypted to another certificate than our CA's");
	if (envelope.cipher == BSG_CMS_OTHER_CIPHER || (envelope.cipher < BSG_CMS_AES128 && !legacy))
		return refuse(out, BSG_SCEP_BAD_ALG, err, BSG_E_DENIED, "encrypted by a cipher that is not accepted");
	out->cipher = envelope.cipher;
	return BSG_OK;
}

/* What is decrypted has one failInfo until its own signature has held, so that nobody can try out envelopes (A41). */
static enum bsg_err open_request(struct bsg_keyring *keyring, struct bsg_bytes sealed, bool legacy,
				 struct bsg_scep_request *out, struct bsg_error *err)
{
	enum bsg_err rc = bsg_keyring_decrypt(keyring, legacy ? BSG_DECRYPT_SCEP_LEGACY : BSG_DECRYPT_SCEP, sealed,
					      &out->csr, err);

	out->fail = BSG_SCEP_BAD_MESSAGE_CHECK;
	if (rc != BSG_OK)
		return rc;
	rc = bsg_csr_verify_rsa((struct bsg_bytes){ out->csr.data, out->csr.len }, &out->key, err);
	if (rc == BSG_E_DENIED)
		out->fail = BSG_SCEP_BAD_ALG;
	else if (rc == BSG_E_INVALID)
		out->fail = BSG_SCEP_BAD_REQUEST;
	return rc;
}

/* A first request is signed by the key that it is for, or the answer would go to somebody else (RFC 8894 section 2.3). */
static enum bsg_err check_same_key(struct bsg_bytes signer, struct bsg_scep_request *out, struct bsg_error *err)
{
	struct bsg_cert_info info;
	enum bsg_err rc = bsg_cert_read(signer, &info, err);

	out->fail = BSG_SCEP_BAD_REQUEST;
	if (rc == BSG_OK && !bsg_equal(info.spki_sha256, out->key.spki_sha256, sizeof(info.spki_sha256)))
		rc = refuse(out, BSG_SCEP_BAD_REQUEST, err, BSG_E_INVALID, "signed by another key than the one it asks a certificate for");
	return rc;
}

static enum bsg_err read_all(struct bsg_keyring *keyring, struct bsg_cms *cms, const struct bsg_scep_rules *rules,
			     struct bsg_buf *content, struct bsg_scep_request *out, struct bsg_error *err)
{
	struct bsg_bytes signer = bsg_cms_signer(cms);
	enum bsg_err rc = take_head(cms, out, err);

	if (rc == BSG_OK)
		rc = check_signature(cms, rules, content, out, err);
	if (rc == BSG_OK && out->type != BSG_SCEP_PKCS_REQ && out->type != BSG_SCEP_RENEWAL_REQ)
		rc = refuse(out, BSG_SCEP_BAD_REQUEST, err, BSG_E_DENIED, "a messageType that is not served: only PKCSReq and RenewalReq are");
	if (rc == BSG_OK)
		rc = check_time(cms, rules->now, out, err);
	if (rc == BSG_OK && out->type == BSG_SCEP_RENEWAL_REQ)
		rc = check_old_certificate(keyring, signer, rules->now, out, err);
	if (rc == BSG_OK)
		rc = check_envelope(keyring, (struct bsg_bytes){ content->data, content->len }, rules->legacy, out, err);
	if (rc == BSG_OK)
		rc = open_request(keyring, (struct bsg_bytes){ content->data, content->len }, rules->legacy, out, err);
	if (rc == BSG_OK && out->type == BSG_SCEP_PKCS_REQ)
		rc = check_same_key(signer, out, err);
	if (rc == BSG_OK) {
		bsg_buf_add(&out->signer, signer.ptr, signer.len);
		rc = bsg_buf_finish(&out->signer, err);
	}
	return rc;
}

static void free_owned(struct bsg_scep_request *request)
{
	bsg_buf_free(&request->signer);
	bsg_secret_free(&request->csr);
	bsg_rsa_request_free(&request->key);
}

enum bsg_err bsg_scep_read(struct bsg_keyring *keyring, struct bsg_bytes body,
			   const struct bsg_scep_rules *rules, struct bsg_scep_request *out,
			   struct bsg_error *err)
{
	struct bsg_cms *cms = NULL;
	struct bsg_buf content;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	out->fail = BSG_SCEP_BAD_REQUEST;
	bsg_buf_init(&out->signer, BSG_CERT_MAX);
	bsg_buf_init(&content, BSG_SCEP_MESSAGE_MAX);
	if (body.len > BSG_SCEP_MESSAGE_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "SCEP: a message of more than %d bytes", BSG_SCEP_MESSAGE_MAX);
	rc = bsg_cms_read(body, &cms, err);
	if (rc == BSG_OK)
		rc = read_all(keyring, cms, rules, &content, out, err);
	if (rc != BSG_OK)
		free_owned(out);
	bsg_cms_free(cms);
	bsg_buf_free(&content);
	return rc;
}

void bsg_scep_request_free(struct bsg_scep_request *request)
{
	free_owned(request);
	memset(request, 0, sizeof(*request));
}

static struct bsg_cms_attr printable(const char *oid, const char *text)
{
	return (struct bsg_cms_attr){ oid, BSG_CMS_PRINTABLE, { (const uint8_t *)text, strlen(text) } };
}

/* @fail: NULL for SUCCESS. @content: an envelope, or empty. */
static enum bsg_err reply(struct bsg_keyring *keyring, const struct bsg_scep_request *request, const char *fail,
			  struct bsg_bytes content, int64_t now, struct bsg_buf *out, struct bsg_error *err)
{
	uint8_t nonce[SCEP_NONCE_LEN];
	struct bsg_cms_attr attrs[6] = {
		printable(SCEP_TYPE, "3"),
		printable(SCEP_STATUS, fail == NULL ? "0" : "2"),
		printable(SCEP_TRANSACTION, request->transaction_id),
		{ SCEP_RECIPIENT_NONCE, BSG_CMS_OCTETS, { request->nonce, request->nonce_len } },
		{ SCEP_SENDER_NONCE, BSG_CMS_OCTETS, { nonce, sizeof(nonce) } },
	};
	struct bsg_cms_message message = {
		.content = content,
		.digest = request->digest != BSG_CMS_OTHER_DIGEST ? request->digest : BSG_CMS_SHA256,
		.at = now,
		.attrs = attrs,
		.n_attrs = fail == NULL ? 5 : 6,
	};
	enum bsg_err rc = bsg_random(nonce, sizeof(nonce), err);

	if (fail != NULL)
		attrs[5] = printable(SCEP_FAIL, fail);
	return rc != BSG_OK ? rc : bsg_keyring_sign_cms(keyring, BSG_SIGN_SCEP, &message, out, err);
}

enum bsg_err bsg_scep_answer(struct bsg_keyring *keyring, const struct bsg_scep_request *request,
			     struct bsg_bytes certificate, int64_t now, struct bsg_buf *out,
			     struct bsg_error *err)
{
	struct bsg_bytes signer = { request->signer.data, request->signer.len };
	struct bsg_buf certs;
	struct bsg_buf sealed;
	enum bsg_err rc;

	bsg_buf_init(&certs, BSG_SCEP_MESSAGE_MAX);
	bsg_buf_init(&sealed, BSG_SCEP_MESSAGE_MAX);
	rc = bsg_cms_encode_certs(&certificate, 1, &certs, err);
	if (rc == BSG_OK)
		rc = bsg_cms_encrypt(signer, (struct bsg_bytes){ certs.data, certs.len }, request->cipher, &sealed, err);
	if (rc == BSG_OK)
		rc = reply(keyring, request, NULL, (struct bsg_bytes){ sealed.data, sealed.len }, now, out, err);
	bsg_buf_free(&certs);
	bsg_buf_free(&sealed);
	return rc;
}

enum bsg_err bsg_scep_refuse(struct bsg_keyring *keyring, const struct bsg_scep_request *request,
			     enum bsg_scep_fail fail, int64_t now, struct bsg_buf *out,
			     struct bsg_error *err)
{
	const char digit[2] = { (char)('0' + (int)fail), '\0' };

	if (!request->is_answerable || (int)fail < 0 || fail > BSG_SCEP_BAD_CERT_ID)
		return bsg_fail(err, BSG_E_BUG, "SCEP: an answer to what cannot be answered");
	return reply(keyring, request, digit, (struct bsg_bytes){ NULL, 0 }, now, out, err);
}
