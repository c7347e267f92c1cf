/* SPDX-License-Identifier: Apache-2.0 */
/* /scep: how a phone gets its certificate, and the next one. Rules A30 to A52 and A110 to A114 of docs/spec/apple.md. */
#include "apple/scep.h"

#include <stdio.h>
#include <string.h>

#include "apple/handlers.h"
#include "apple/identity.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define REFUSAL_AGAIN_MS (INT64_C(3600) * 1000)

/* A request that was read, and what it comes to. */
struct scep {
	struct bsg_apple *apple;
	struct bsg_http_exchange *x;
	struct bsg_scep_request request;
	struct bsg_buf certificate;	/* newly issued */
	struct bsg_cert_info info;	/* of it */
	struct bsg_error err;
};

/* ---- answers --------------------------------------------------------- */

static void answer_message(struct scep *s, struct bsg_buf *message, enum bsg_err rc)
{
	if (rc == BSG_OK)
		rc = bsg_buf_finish(message, &s->err);
	if (rc == BSG_OK)
		bsg_http_answer(s->x, &(struct bsg_http_answer){.status = 200, .type = BSG_SCEP_MESSAGE_TYPE, .body = message->data,
								 .body_len = message->len});
	else
		bsg_http_fail(s->x, rc == BSG_E_NO_MEMORY || rc == BSG_E_UNAVAILABLE ? rc : BSG_E_BUG, &s->err);
	bsg_buf_free(message);
}

/* Refuse in SCEP's words; why is for the log alone (A42). */
static void refuse(struct scep *s, enum bsg_scep_fail fail, const char *why)
{
	struct bsg_buf message;

	atomic_fetch_add(&s->apple->counts.scep_refused, 1);
	bsg_log(s->apple->platform.host->log, BSG_LOG_INFO, "scep", "%s refused, %s: %s", bsg_http_request_id(s->x),
		bsg_scep_fail_name(fail), why);
	bsg_buf_init(&message, BSG_SCEP_ANSWER_MAX);
	answer_message(s, &message, bsg_scep_refuse(s->apple->platform.host->keyring, &s->request, fail, bsg_apple_now(s->apple),
						    &message, &s->err));
}

static void grant(struct scep *s, struct bsg_bytes certificate)
{
	struct bsg_buf message;

	bsg_buf_init(&message, BSG_SCEP_ANSWER_MAX);
	answer_message(s, &message, bsg_scep_answer(s->apple->platform.host->keyring, &s->request, certificate,
						    bsg_apple_now(s->apple), &message, &s->err));
}

static enum bsg_err issue(struct scep *s, const char *device)
{
	int64_t now = bsg_apple_now(s->apple);
	const struct bsg_profile profile = {.purpose = BSG_CERT_APPLE, .cn = device, .not_before = now,
					    .not_after = now + BSG_APPLE_CERT_LIFE_S};
	enum bsg_err rc = bsg_keyring_issue(s->apple->platform.host->keyring,
					    (struct bsg_bytes){s->request.csr.data, s->request.csr.len}, &profile, &s->certificate, &s->err);

	if (rc == BSG_OK)
		rc = bsg_buf_finish(&s->certificate, &s->err);
	if (rc == BSG_OK)
		rc = bsg_cert_read((struct bsg_bytes){s->certificate.data, s->certificate.len}, &s->info, &s->err);
	return rc;
}

static struct bsg_op audit(struct scep *s, const char *who, const char *action, const char *device)
{
	struct bsg_op op = {.kind = BSG_OP_AUDIT};

	op.audit = (struct bsg_op_audit){.at = bsg_apple_now(s->apple), .who = who, .action = action, .subject = device};
	return op;
}

/* ---- the first certificate ------------------------------------------- */

/* Make the device. @return BSG_OK; BSG_E_DENIED: expired, its person has left, or another key was faster */
static enum bsg_err consume(struct scep *s, const uint8_t token[BSG_SHA256_LEN], const char *kind_name)
{
	const struct bsg_platform_host *host = s->apple->platform.host;
	const struct bsg_coverage_kind *kind = bsg_coverage_find_kind(host->coverage, kind_name);
	char device[BSG_ID_SIZE], actor[BSG_ACTOR_SIZE];
	struct bsg_op ops[2] = {{.kind = BSG_OP_ENROL}};
	enum bsg_err rc = bsg_random_id(device, &s->err);

	if (rc == BSG_OK)
		rc = issue(s, device);
	if (rc != BSG_OK)
		return rc;
	ops[0].enrol = (struct bsg_op_enrol){
		.token_sha256 = token, .key_sha256 = s->request.key.spki_sha256, .device = device,
		.class_name = bsg_class_name(kind != NULL ? kind->class_default : BSG_CLASS_CLAIMED),
		.certificate_sha256 = s->info.sha256, .certificate = {s->certificate.data, s->certificate.len},
		.certificate_expires = s->info.not_after, .at = bsg_apple_now(s->apple),
	};
	snprintf(actor, sizeof(actor), "device:%s", device);	/* an invitation has no name; what it makes has */
	ops[1] = audit(s, actor, "enrol", device);
	ops[1].audit.only_if_changed = true;
	rc = bsg_store_apply(host->store, ops, 2, &s->err);
	if (rc == BSG_OK && !ops[0].enrol.again) {
		atomic_fetch_add(&s->apple->counts.scep_issued, 1);
		host->orders(host, device);
	}
	return rc;
}

/* An id of ours is random, so a few of its characters are a hash. */
static unsigned slot_of(const char *device)
{
	unsigned hash = 0;

	for (size_t c = 0; c < 8; c++)
		hash = hash * 31 + (uint8_t)device[c];
	return hash % BSG_APPLE_REFUSALS;
}

/*
 * Whether a refusal says more than those of the hour before. Who knows a used challenge, such as the one of their own phone, can send it
 * for ever, and what is audited is kept for ever.
 */
static bool is_news(struct bsg_apple *apple, const char *device)
{
	const int64_t now_ms = bsg_clock_mono_ms(apple->platform.host->clock);
	struct bsg_apple_refusal *last = &apple->refusals[slot_of(device)];
	bool news;

	pthread_mutex_lock(&apple->lock);
	news = strcmp(last->device, device) != 0 || now_ms >= last->until_ms;
	if (news) {
		memcpy(last->device, device, BSG_ID_SIZE);
		last->until_ms = now_ms + REFUSAL_AGAIN_MS;
	}
	pthread_mutex_unlock(&apple->lock);
	return news;
}

/* It could not be audited: the next one is. */
static void forget_news(struct bsg_apple *apple, const char *device)
{
	pthread_mutex_lock(&apple->lock);
	apple->refusals[slot_of(device)].until_ms = 0;
	pthread_mutex_unlock(&apple->lock);
}

/* Somebody knows the challenge of a phone that has its certificate: people should see that. */
static void refuse_second(struct scep *s, const char *device)
{
	struct bsg_op op = audit(s, "server", "enrol-refused", device);

	op.audit.reason = "its invitation was used again, with another key";
	if (!is_news(s->apple, device) || bsg_store_apply(s->apple->platform.host->store, &op, 1, &s->err) == BSG_OK) {
		refuse(s, BSG_SCEP_BAD_REQUEST, op.audit.reason);
	} else {
		forget_news(s->apple, device);
		bsg_http_fail(s->x, BSG_E_UNAVAILABLE, &s->err);
	}
}

static enum bsg_err find_invitation(struct scep *s, const uint8_t token[BSG_SHA256_LEN], struct bsg_invitation_rec *out,
				    struct bsg_store_blob *certificate)
{
	struct bsg_platform *p = &s->apple->platform;
	enum bsg_err rc;

	bsg_store_blob_free(certificate);	/* of the look before */
	rc = bsg_store_invitation(p->host->store, token, out, certificate, &s->err);
	if (rc != BSG_OK || p->ops->has_kind(p, out->kind))
		return rc;
	bsg_store_blob_free(certificate);
	return bsg_fail(&s->err, BSG_E_NOT_FOUND, "the challenge is an invitation for another kind of device");
}

/* V7: what the store holds after an attempt is the answer, whoever was first. */
static void enrol(struct scep *s)
{
	const struct bsg_secret *challenge = &s->request.key.challenge;
	struct bsg_store_blob certificate = {.data = NULL};
	struct bsg_invitation_rec invitation;
	uint8_t token[BSG_SHA256_LEN];
	enum bsg_err rc = bsg_sha256(challenge->data, challenge->len, token, &s->err);

	if (rc == BSG_OK)
		rc = find_invitation(s, token, &invitation, &certificate);
	if (rc == BSG_OK && invitation.consumed == 0) {
		rc = consume(s, token, invitation.kind);
		if (rc == BSG_OK || rc == BSG_E_DENIED)
			rc = find_invitation(s, token, &invitation, &certificate);
	}
	if (rc == BSG_E_NOT_FOUND)
		refuse(s, BSG_SCEP_BAD_REQUEST, "the challenge is not known, or for another kind of device");
	else if (rc != BSG_OK)
		bsg_http_fail(s->x, rc == BSG_E_NO_MEMORY || rc == BSG_E_UNAVAILABLE ? rc : BSG_E_BUG, &s->err);
	else if (invitation.consumed == 0)
		refuse(s, BSG_SCEP_BAD_REQUEST, "the invitation has expired, or its person has left");
	else if (bsg_equal(invitation.key_sha256, s->request.key.spki_sha256, BSG_SHA256_LEN))
		grant(s, (struct bsg_bytes){certificate.data, certificate.len});
	else
		refuse_second(s, invitation.device);
	bsg_store_blob_free(&certificate);
}

/* ---- the next certificate -------------------------------------------- */

static enum bsg_err add_certificate(struct scep *s, const char *device)
{
	struct bsg_op ops[2] = {{.kind = BSG_OP_CERTIFICATE_ADD}};
	char actor[BSG_ACTOR_SIZE];
	enum bsg_err rc = issue(s, device);

	if (rc != BSG_OK)
		return rc;
	ops[0].certificate_add = (struct bsg_op_certificate_add){
		.device = device, .sha256 = s->info.sha256, .certificate = {s->certificate.data, s->certificate.len},
		.at = bsg_apple_now(s->apple), .expires = s->info.not_after,
	};
	snprintf(actor, sizeof(actor), "device:%s", device);
	ops[1] = audit(s, actor, "reenrol", device);
	return bsg_store_apply(s->apple->platform.host->store, ops, 2, &s->err);
}

static void renew(struct scep *s)
{
	struct bsg_certificate_rec old;
	struct bsg_cert_info signer;
	enum bsg_err rc = bsg_cert_read((struct bsg_bytes){s->request.signer.data, s->request.signer.len}, &signer, &s->err);

	if (rc == BSG_OK)
		rc = bsg_store_certificate(s->apple->platform.host->store, signer.sha256, &old, &s->err);
	if (rc == BSG_OK && (old.revoked != 0 || old.device_state != BSG_DEVICE_ACTIVE))
		rc = bsg_fail(&s->err, BSG_E_DENIED, "device %s or its certificate is revoked, or it is leaving", old.device);
	if (rc == BSG_OK)
		rc = add_certificate(s, old.device);
	if (rc == BSG_E_DENIED || rc == BSG_E_NOT_FOUND) {
		refuse(s, BSG_SCEP_BAD_CERT_ID, s->err.text);
	} else if (rc != BSG_OK) {
		bsg_http_fail(s->x, rc == BSG_E_NO_MEMORY || rc == BSG_E_UNAVAILABLE ? rc : BSG_E_BUG, &s->err);
	} else {
		atomic_fetch_add(&s->apple->counts.scep_renewed, 1);
		grant(s, (struct bsg_bytes){s->certificate.data, s->certificate.len});
	}
}

/* ---- HTTP ------------------------------------------------------------ */

static void pki_operation(struct bsg_apple *apple, struct bsg_http_exchange *x, struct bsg_bytes body)
{
	const struct bsg_scep_rules rules = {.legacy = apple->options.scep_legacy, .now = bsg_apple_now(apple)};
	struct scep s = {.apple = apple, .x = x};
	enum bsg_err rc;

	bsg_buf_init(&s.certificate, BSG_CERT_MAX);
	rc = bsg_scep_read(apple->platform.host->keyring, body, &rules, &s.request, &s.err);
	if (rc == BSG_E_UNAVAILABLE || rc == BSG_E_NO_MEMORY || rc == BSG_E_BUG) {
		bsg_http_fail(x, rc, &s.err);
	} else if (rc != BSG_OK && s.request.is_answerable) {
		refuse(&s, s.request.fail, s.err.text);
	} else if (rc != BSG_OK) {
		bsg_log(apple->platform.host->log, BSG_LOG_INFO, "scep", "%s: %s", bsg_http_request_id(x), s.err.text);
		bsg_apple_refuse(apple, x, "invalid", "no request of SCEP that can be answered in its words");
	} else if (s.request.type == BSG_SCEP_PKCS_REQ) {
		enrol(&s);
	} else {
		renew(&s);
	}
	bsg_scep_request_free(&s.request);
	bsg_buf_free(&s.certificate);
}

static void get_ca_caps(struct bsg_apple *apple, struct bsg_http_exchange *x)
{
	const char *caps = bsg_scep_caps(apple->options.scep_legacy);

	bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = "text/plain", .body = caps, .body_len = strlen(caps)});
}

static void get_ca_cert(struct bsg_apple *apple, struct bsg_http_exchange *x)
{
	struct bsg_error err;
	struct bsg_bytes ca;

	if (bsg_keyring_certificate(apple->platform.host->keyring, BSG_KEYRING_APPLE_CA, &ca, &err) != BSG_OK)
		bsg_http_fail(x, BSG_E_BUG, &err);
	else
		bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = BSG_SCEP_CA_TYPE, .body = ca.ptr, .body_len = ca.len});
}

static void get_pki_operation(struct bsg_apple *apple, struct bsg_http_exchange *x)
{
	const char *message = bsg_http_query(x, "message");
	struct bsg_error err;
	struct bsg_buf body;
	enum bsg_err rc;

	if (message == NULL) {
		bsg_apple_refuse(apple, x, "invalid", "message: is missing");
		return;
	}
	bsg_buf_init(&body, BSG_SCEP_MESSAGE_MAX);
	rc = bsg_scep_decode_get(message, strlen(message), &body, &err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&body, &err);
	if (rc == BSG_OK)
		pki_operation(apple, x, (struct bsg_bytes){body.data, body.len});
	else
		bsg_apple_fail(apple, x, rc, &err);
	bsg_buf_free(&body);
}

static const struct {
	const char *name;
	void (*get)(struct bsg_apple *apple, struct bsg_http_exchange *x);
} operations[] = {{"GetCACaps", get_ca_caps}, {"GetCACert", get_ca_cert}, {"PKIOperation", get_pki_operation}};

void bsg_apple_get_scep(struct bsg_http_exchange *x, void *app)
{
	const char *operation = bsg_http_query(x, "operation");
	struct bsg_apple *apple = bsg_apple_of(x);

	(void)app;
	for (size_t i = 0; operation != NULL && i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(operation, operations[i].name) == 0) {
			operations[i].get(apple, x);
			return;
		}
	}
	bsg_apple_refuse(apple, x, "invalid", "operation: must be GetCACaps, GetCACert or PKIOperation");
}

void bsg_apple_post_scep(struct bsg_http_exchange *x, void *app)
{
	const char *operation = bsg_http_query(x, "operation");
	struct bsg_bytes body;

	(void)app;
	body.ptr = bsg_http_body(x, &body.len);
	if (operation != NULL && strcmp(operation, "PKIOperation") == 0)
		pki_operation(bsg_apple_of(x), x, body);
	else
		bsg_apple_refuse(bsg_apple_of(x), x, "invalid", "operation: must be PKIOperation");
}
