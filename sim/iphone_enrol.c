/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/iphone_enrol.h. */
#include "sim/iphone_enrol.h"

#include <stdio.h>
#include <string.h>

#include "apple/plist.h"
#include "apple/scep_client.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "crypto/x509.h"
#include "sim/iphone.h"

#define DAY INT64_C(86400)

/* ---- the profile ------------------------------------------------------------ */

static enum bsg_err take_text(const struct bsg_plist_node *dict, const char *key, char *out, size_t size, struct bsg_error *err)
{
	struct bsg_str text;
	enum bsg_err rc = bsg_plist_get_text(dict, key, size - 1, &text, err);

	if (rc == BSG_OK)
		(void)snprintf(out, size, "%s", text.ptr);
	return rc;
}

static enum bsg_err take_scep(const struct bsg_plist_node *payload, struct bsg_iphone_enrolment *out, struct bsg_error *err)
{
	const struct bsg_plist_node *content;
	struct bsg_bytes print = { 0 };
	enum bsg_err rc = bsg_plist_get_dict(payload, "PayloadContent", &content, err);

	if (rc == BSG_OK)
		rc = take_text(content, "URL", out->scep_url, sizeof(out->scep_url), err);
	if (rc == BSG_OK)
		rc = take_text(content, "Challenge", out->challenge, sizeof(out->challenge), err);
	if (rc == BSG_OK)
		rc = bsg_plist_get_data(content, "CAFingerprint", sizeof(out->ca_sha256), &print, err);
	if (rc == BSG_OK && print.len != sizeof(out->ca_sha256))
		return bsg_fail(err, BSG_E_INVALID, "CAFingerprint has %zu bytes, not 32", print.len);
	if (rc == BSG_OK)
		memcpy(out->ca_sha256, print.ptr, print.len);
	return rc;
}

static enum bsg_err take_mdm(const struct bsg_plist_node *payload, struct bsg_iphone_enrolment *out, struct bsg_error *err)
{
	enum bsg_err rc = take_text(payload, "ServerURL", out->server_url, sizeof(out->server_url), err);

	if (rc == BSG_OK)
		rc = take_text(payload, "CheckInURL", out->checkin_url, sizeof(out->checkin_url), err);
	return rc == BSG_OK ? take_text(payload, "Topic", out->topic, sizeof(out->topic), err) : rc;
}

static enum bsg_err take_root(const struct bsg_plist_node *payload, struct bsg_iphone_enrolment *out, struct bsg_error *err)
{
	struct bsg_bytes der;
	enum bsg_err rc = bsg_plist_get_data(payload, "PayloadContent", BSG_CERT_MAX, &der, err);

	if (rc != BSG_OK)
		return rc;
	bsg_buf_clear(&out->root);
	bsg_buf_add(&out->root, der.ptr, der.len);
	return bsg_buf_finish(&out->root, err);
}

static const struct {
	const char *type;
	enum bsg_err (*take)(const struct bsg_plist_node *payload, struct bsg_iphone_enrolment *out, struct bsg_error *err);
} payloads[] = {
	{ "com.apple.security.scep", take_scep }, { "com.apple.mdm", take_mdm }, { "com.apple.security.root", take_root },
};

static enum bsg_err take_payload(const struct bsg_plist_node *payload, struct bsg_iphone_enrolment *out, struct bsg_error *err)
{
	char type[128];
	enum bsg_err rc = take_text(payload, "PayloadType", type, sizeof(type), err);

	for (size_t i = 0; rc == BSG_OK && i < sizeof(payloads) / sizeof(payloads[0]); i++)
		if (strcmp(type, payloads[i].type) == 0)
			return payloads[i].take(payload, out, err);
	return rc;
}

enum bsg_err bsg_iphone_enrolment_read(struct bsg_bytes profile, struct bsg_iphone_enrolment *out, struct bsg_error *err)
{
	const struct bsg_bytes xml = bsg_iphone_profile_xml(profile);
	const struct bsg_plist_node *list;
	struct bsg_plist *plist;
	enum bsg_err rc = bsg_plist_read(xml.ptr, xml.len, BSG_PLIST_MAX, &plist, err);

	*out = (struct bsg_iphone_enrolment){ .topic = "" };
	bsg_buf_init(&out->root, BSG_CERT_MAX);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_plist_get_array(bsg_plist_root(plist), "PayloadContent", &list, err);
	for (size_t i = 0; rc == BSG_OK && i < bsg_plist_count(list); i++)
		rc = take_payload(bsg_plist_item(list, i), out, err);
	bsg_plist_free(plist);
	if (rc == BSG_OK && (out->scep_url[0] == '\0' || out->server_url[0] == '\0'))
		rc = bsg_fail(err, BSG_E_INVALID, "the profile has no payload for SCEP, or none for MDM");
	if (rc != BSG_OK)
		bsg_iphone_enrolment_clear(out);
	return rc == BSG_E_NOT_FOUND ? BSG_E_INVALID : rc;
}

void bsg_iphone_enrolment_clear(struct bsg_iphone_enrolment *enrolment)
{
	bsg_wipe(enrolment->challenge, sizeof(enrolment->challenge));
	bsg_buf_free(&enrolment->root);
}

/* ---- SCEP ------------------------------------------------------------------------ */

/* One operation. @param body  NULL: a GET */
static enum bsg_err operate(struct bsg_http_client *client, const char *scep_url, const char *operation, const struct bsg_buf *body,
			    struct bsg_http_response *out, struct bsg_error *err)
{
	char url[BSG_IPHONE_PLACE_SIZE + 32];
	struct bsg_http_request request = { .url = url };
	enum bsg_err rc;

	(void)snprintf(url, sizeof(url), "%s%coperation=%s", scep_url, strchr(scep_url, '?') != NULL ? '&' : '?', operation);
	if (body != NULL) {
		request.method = "POST";
		request.type = BSG_SCEP_MESSAGE_TYPE;
		request.body = body->data;
		request.body_len = body->len;
	}
	rc = bsg_http_client_do(client, &request, out, err);
	if (rc == BSG_OK && (out->status != 200 || out->body == NULL))
		rc = bsg_fail(err, BSG_E_DENIED, "SCEP %s: the server answered %u", operation, out->status);
	return rc;
}

/* What a phone needs of a server before it trusts its words with a challenge. */
static enum bsg_err check_caps(struct bsg_http_client *client, const char *url, struct bsg_error *err)
{
	static const char *const needed[] = { "POSTPKIOperation", "SHA-256", "AES" };
	struct bsg_http_response response;
	enum bsg_err rc = operate(client, url, "GetCACaps", NULL, &response, err);

	for (size_t i = 0; rc == BSG_OK && i < sizeof(needed) / sizeof(needed[0]); i++)
		if (strstr((const char *)response.body, needed[i]) == NULL)
			rc = bsg_fail(err, BSG_E_DENIED, "SCEP: the server does not know %s", needed[i]);
	bsg_http_response_clear(&response);
	return rc;
}

static enum bsg_err get_ca(struct bsg_http_client *client, const struct bsg_iphone_enrolment *enrolment, struct bsg_buf *ca,
			   struct bsg_error *err)
{
	struct bsg_http_response response;
	uint8_t sha256[BSG_SHA256_LEN];
	enum bsg_err rc = operate(client, enrolment->scep_url, "GetCACert", NULL, &response, err);

	if (rc == BSG_OK)
		rc = bsg_sha256(response.body, response.body_len, sha256, err);
	if (rc == BSG_OK && memcmp(sha256, enrolment->ca_sha256, sizeof(sha256)) != 0)
		rc = bsg_fail(err, BSG_E_CRYPTO, "SCEP: the CA is not the one of the profile");
	if (rc == BSG_OK)
		bsg_buf_add(ca, response.body, response.body_len);
	bsg_http_response_clear(&response);
	return rc == BSG_OK ? bsg_buf_finish(ca, err) : rc;
}

static enum bsg_err ask(struct bsg_http_client *client, const char *url, const struct bsg_scep_client *scep, const struct bsg_buf *csr,
			struct bsg_buf *certificate, struct bsg_error *err)
{
	struct bsg_http_response response = { 0 };
	enum bsg_scep_fail fail;
	struct bsg_buf body;
	enum bsg_err rc;

	bsg_buf_init(&body, BSG_SCEP_MESSAGE_MAX);
	rc = bsg_scep_ask(scep, BSG_SCEP_PKCS_REQ, (struct bsg_bytes){ csr->data, csr->len }, bsg_clock_utc(bsg_clock_system()), &body, err);
	if (rc == BSG_OK)
		rc = operate(client, url, "PKIOperation", &body, &response, err);
	if (rc == BSG_OK)
		rc = bsg_scep_hear(scep, (struct bsg_bytes){ response.body, response.body_len }, certificate, &fail, err);
	bsg_http_response_clear(&response);
	bsg_buf_free(&body);
	return rc;
}

enum bsg_err bsg_iphone_scep(struct bsg_http_client *client, const struct bsg_iphone_enrolment *enrolment, const struct bsg_rsa_key *key,
			     const char *name, struct bsg_buf *certificate, struct bsg_error *err)
{
	const int64_t now = bsg_clock_utc(bsg_clock_system());
	char transaction[BSG_ID_SIZE];
	struct bsg_scep_client scep = { .key = key, .transaction_id = transaction, .nonce_len = 16, .digest = BSG_CMS_SHA256,
					.cipher = BSG_CMS_AES128 };
	struct bsg_buf ca, self, csr;
	enum bsg_err rc;

	bsg_buf_init(&ca, BSG_CERT_MAX);
	bsg_buf_init(&self, BSG_CERT_MAX);
	bsg_buf_init(&csr, BSG_CSR_MAX);
	rc = check_caps(client, enrolment->scep_url, err);
	if (rc == BSG_OK)
		rc = get_ca(client, enrolment, &ca, err);
	if (rc == BSG_OK)
		rc = bsg_random_id(transaction, err);
	if (rc == BSG_OK)
		rc = bsg_random(scep.nonce, scep.nonce_len, err);
	if (rc == BSG_OK)
		rc = bsg_rsa_self_signed(key, name, now - DAY, now + DAY, &self, err);
	if (rc == BSG_OK)
		rc = bsg_csr_make_rsa(key, name, enrolment->challenge, &csr, err);
	if (rc == BSG_OK) {
		scep.ca = (struct bsg_bytes){ ca.data, ca.len };
		scep.cert = (struct bsg_bytes){ self.data, self.len };
		rc = ask(client, enrolment->scep_url, &scep, &csr, certificate, err);
	}
	bsg_buf_free(&ca);
	bsg_buf_free(&self);
	bsg_buf_free(&csr);
	return rc;
}
