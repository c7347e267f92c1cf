/* SPDX-License-Identifier: Apache-2.0 */
/* SCEP, a device's side. */
#include "apple/scep_client.h"

#include <stdio.h>
#include <string.h>

#include "apple/scep_oids.h"

static bool is_legacy(const struct bsg_scep_client *client)
{
	return client->digest == BSG_CMS_SHA1 || client->cipher < BSG_CMS_AES128;
}

enum bsg_err bsg_scep_ask(const struct bsg_scep_client *client, enum bsg_scep_type type, struct bsg_bytes csr,
			  int64_t now, struct bsg_buf *out, struct bsg_error *err)
{
	char number[12];
	struct bsg_cms_attr attrs[] = {
		{ SCEP_TYPE, BSG_CMS_PRINTABLE, { (const uint8_t *)number, 0 } },
		{ SCEP_TRANSACTION, BSG_CMS_PRINTABLE,
		  { (const uint8_t *)client->transaction_id, strlen(client->transaction_id) } },
		{ SCEP_SENDER_NONCE, BSG_CMS_OCTETS, { client->nonce, client->nonce_len } },
	};
	struct bsg_cms_message message = { .digest = client->digest, .at = now, .attrs = attrs, .n_attrs = 3 };
	struct bsg_buf sealed;
	enum bsg_err rc;

	attrs[0].value.len = (size_t)snprintf(number, sizeof(number), "%d", (int)type);
	bsg_buf_init(&sealed, BSG_SCEP_MESSAGE_MAX);
	rc = bsg_cms_encrypt(client->ca, csr, client->cipher, &sealed, err);
	if (rc == BSG_OK) {
		message.content = (struct bsg_bytes){ sealed.data, sealed.len };
		rc = bsg_cms_sign(client->key, client->cert, &message, out, err);
	}
	bsg_buf_free(&sealed);
	return rc;
}

static bool has(const struct bsg_cms *cms, const char *oid, enum bsg_cms_type type, const void *value, size_t len)
{
	struct bsg_bytes said;

	return bsg_cms_attribute(cms, oid, type, &said) && said.len == len && memcmp(said.ptr, value, len) == 0;
}

/* Signed by the CA, and the answer to this question. What was in it goes to @content. */
static enum bsg_err check_answer(const struct bsg_scep_client *client, struct bsg_cms *cms, struct bsg_buf *content,
				 struct bsg_error *err)
{
	struct bsg_bytes signer = bsg_cms_signer(cms);
	enum bsg_err rc;

	if (signer.len != client->ca.len || memcmp(signer.ptr, client->ca.ptr, signer.len) != 0)
		return bsg_fail(err, BSG_E_CRYPTO, "SCEP: the answer is not signed by the CA");
	rc = bsg_cms_verify(cms, NULL, is_legacy(client), content, err);
	if (rc != BSG_OK)
		return rc;
	if (!has(cms, SCEP_TYPE, BSG_CMS_PRINTABLE, "3", 1) ||
	    !has(cms, SCEP_TRANSACTION, BSG_CMS_PRINTABLE, client->transaction_id, strlen(client->transaction_id)) ||
	    !has(cms, SCEP_RECIPIENT_NONCE, BSG_CMS_OCTETS, client->nonce, client->nonce_len))
		return bsg_fail(err, BSG_E_INVALID, "SCEP: the answer to another question");
	return BSG_OK;
}

static enum bsg_err take_certificate(const struct bsg_scep_client *client, struct bsg_bytes sealed,
				     struct bsg_buf *certificate, struct bsg_error *err)
{
	struct bsg_bytes certs[BSG_CMS_CERTS_MAX];
	struct bsg_secret plain;
	struct bsg_buf der;
	size_t n;
	enum bsg_err rc = bsg_cms_decrypt(client->key, client->cert, sealed, is_legacy(client), &plain, err);

	bsg_buf_init(&der, BSG_SCEP_MESSAGE_MAX);
	if (rc == BSG_OK)
		rc = bsg_cms_decode_certs((struct bsg_bytes){ plain.data, plain.len }, &der, certs, &n, err);
	if (rc == BSG_OK) {
		bsg_buf_add(certificate, certs[0].ptr, certs[0].len);
		rc = bsg_buf_finish(certificate, err);
	}
	bsg_buf_free(&der);
	bsg_secret_free(&plain);
	return rc;
}

enum bsg_err bsg_scep_hear(const struct bsg_scep_client *client, struct bsg_bytes body, struct bsg_buf *certificate,
			   enum bsg_scep_fail *fail, struct bsg_error *err)
{
	struct bsg_bytes said = { NULL, 0 };
	struct bsg_cms *cms = NULL;
	struct bsg_buf content;
	enum bsg_err rc = bsg_cms_read(body, &cms, err);

	*fail = BSG_SCEP_BAD_REQUEST;
	bsg_buf_init(&content, BSG_CMS_MAX);
	if (rc == BSG_OK)
		rc = check_answer(client, cms, &content, err);
	if (rc != BSG_OK)
		goto out;
	if (has(cms, SCEP_STATUS, BSG_CMS_PRINTABLE, "0", 1)) {
		rc = take_certificate(client, (struct bsg_bytes){ content.data, content.len }, certificate, err);
	} else if (has(cms, SCEP_STATUS, BSG_CMS_PRINTABLE, "2", 1) &&
		   bsg_cms_attribute(cms, SCEP_FAIL, BSG_CMS_PRINTABLE, &said) && said.len == 1 &&
		   said.ptr[0] >= '0' && said.ptr[0] <= '4') {
		*fail = (enum bsg_scep_fail)(said.ptr[0] - '0');
		rc = bsg_fail(err, BSG_E_DENIED, "SCEP: refused, %s", bsg_scep_fail_name(*fail));
	} else {
		rc = bsg_fail(err, BSG_E_INVALID, "SCEP: an answer without a result that we know");
	}
out:
	bsg_cms_free(cms);
	bsg_buf_free(&content);
	return rc;
}
