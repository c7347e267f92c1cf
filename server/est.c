/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment over secure transport (RFC 7030): CA certificates, the first certificate by invitation, the next by the old one. */
#include "crypto/est.h"

#include <stdio.h>
#include <string.h>

#include "crypto/csr.h"
#include "crypto/random.h"
#include "server/answer.h"
#include "server/caller.h"
#include "server/change.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/platforms.h"

static void answer_est(struct bsg_http_exchange *x, const void *body, size_t len)
{
	static const struct bsg_http_field field = {"Content-Transfer-Encoding", "base64"};

	bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = BSG_EST_CERTS_TYPE, .body = body, .body_len = len,
						      .fields = &field, .n_fields = 1});
}

void bsg_get_cacerts(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_server *server = app;

	answer_est(x, server->home.cacerts.data, server->home.cacerts.len);
}

/* A request that was read and whose signature holds. */
struct enrolment {
	struct bsg_server *server;
	struct bsg_http_exchange *x;
	struct bsg_buf csr;
	uint8_t key_sha256[BSG_SHA256_LEN];
	struct bsg_buf certificate;
	struct bsg_cert_info info;
	struct bsg_error err;
};

static void enrolment_free(struct enrolment *e)
{
	bsg_buf_free(&e->csr);
	bsg_buf_free(&e->certificate);
}

/* Read and check the body. @return false after answering */
static bool read_request(struct enrolment *e, struct bsg_server *server, struct bsg_http_exchange *x)
{
	struct bsg_public_key key;
	const void *body;
	size_t len;
	enum bsg_err rc;

	*e = (struct enrolment){.server = server, .x = x};
	bsg_buf_init(&e->csr, BSG_EST_REQUEST_MAX);
	bsg_buf_init(&e->certificate, BSG_CERT_MAX);
	if (!bsg_http_has_type(x, BSG_EST_REQUEST_TYPE)) {
		bsg_http_problem(x, 415, "unsupported-type", "send the request as " BSG_EST_REQUEST_TYPE);
		return false;
	}
	body = bsg_http_body(x, &len);
	rc = bsg_est_decode_csr(body, len, &e->csr, &e->err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&e->csr, &e->err);
	if (rc == BSG_OK)
		rc = bsg_csr_verify((struct bsg_bytes){e->csr.data, e->csr.len}, &key, &e->err);
	if (rc == BSG_OK)
		rc = bsg_sha256(key.spki, sizeof(key.spki), e->key_sha256, &e->err);
	if (rc == BSG_OK)
		return true;
	bsg_http_problem(x, 400, "request", "no certificate request that we accept: %s", e->err.text);
	return false;
}

static enum bsg_err issue(struct enrolment *e, const char *device)
{
	int64_t now = bsg_now(e->server);
	const struct bsg_profile profile = {.purpose = BSG_CERT_DEVICE, .cn = device, .not_before = now,
					    .not_after = now + BSG_DEVICE_CERT_LIFE_S};
	enum bsg_err rc = bsg_keyring_issue(e->server->home.keyring, (struct bsg_bytes){e->csr.data, e->csr.len}, &profile,
					    &e->certificate, &e->err);

	if (rc == BSG_OK)
		rc = bsg_buf_finish(&e->certificate, &e->err);
	if (rc == BSG_OK)
		rc = bsg_cert_read((struct bsg_bytes){e->certificate.data, e->certificate.len}, &e->info, &e->err);
	return rc;
}

static void answer_certificate(struct enrolment *e, struct bsg_bytes certificate)
{
	struct bsg_bytes certs[2] = {certificate};
	struct bsg_buf body;
	enum bsg_err rc = bsg_keyring_certificate(e->server->home.keyring, BSG_KEYRING_DEVICE_CA, &certs[1], &e->err);

	bsg_buf_init(&body, BSG_EST_CERTS_MAX);
	if (rc == BSG_OK)
		rc = bsg_est_encode_certs(certs, 2, &body, &e->err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&body, &e->err);
	if (rc == BSG_OK)
		answer_est(e->x, body.data, body.len);
	else
		bsg_http_fail(e->x, BSG_E_BUG, &e->err);
	bsg_buf_free(&body);
}

/* One answer for a token that is unknown, expired, or used with another key. */
static void refuse_invitation(struct bsg_http_exchange *x)
{
	static const struct bsg_http_field field = {"WWW-Authenticate", "Basic realm=\"bosaga\""};

	bsg_http_problem_with(x, 401, "invitation", &field, 1,
			      "the invitation is not known, has expired, or was used with another key: ask for a new one");
}

static void answer_stored(struct enrolment *e, const uint8_t token[BSG_SHA256_LEN])
{
	struct bsg_invitation_rec invitation;
	struct bsg_store_blob certificate = {.data = NULL};
	enum bsg_err rc = bsg_store_invitation(e->server->store, token, &invitation, &certificate, &e->err);

	if (rc == BSG_OK && certificate.data != NULL)
		answer_certificate(e, (struct bsg_bytes){certificate.data, certificate.len});
	else
		bsg_http_fail(e->x, rc == BSG_OK ? BSG_E_BUG : rc, &e->err);
	bsg_store_blob_free(&certificate);
}

/* Consume the invitation and answer with the certificate that the store then holds. */
static void consume(struct enrolment *e, const uint8_t token[BSG_SHA256_LEN], const struct bsg_invitation_rec *invitation)
{
	const struct bsg_coverage_kind *kind = bsg_coverage_find_kind(e->server->coverage, invitation->kind);
	char device[BSG_ID_SIZE], actor[BSG_ACTOR_SIZE];
	struct bsg_change change;
	struct bsg_op *op;
	enum bsg_err rc = bsg_random_id(device, &e->err);

	if (rc == BSG_OK)
		rc = issue(e, device);
	if (rc != BSG_OK) {
		bsg_http_fail(e->x, rc, &e->err);
		return;
	}
	bsg_change_begin(&change, e->server, e->x);
	op = bsg_change_add(&change, BSG_OP_ENROL);
	op->enrol = (struct bsg_op_enrol){
		.token_sha256 = token, .key_sha256 = e->key_sha256, .device = device,
		.class_name = bsg_class_name(kind != NULL ? kind->class_default : BSG_CLASS_CLAIMED),
		.certificate_sha256 = e->info.sha256,
		.certificate = {e->certificate.data, e->certificate.len},
		.certificate_expires = e->info.not_after, .at = bsg_now(e->server),
	};
	bsg_change_audit(&change, "enrol", device, NULL, NULL);
	snprintf(actor, sizeof(actor), "device:%s", device);
	change.ops[change.n_ops - 1].audit.who = actor;	/* an invitation has no name; what it makes has */
	rc = bsg_change_try(&change);
	if (rc == BSG_E_DENIED || rc == BSG_E_NOT_FOUND) {
		refuse_invitation(e->x);
	} else if (rc != BSG_OK) {
		bsg_http_fail(e->x, rc, &change.err);
	} else {
		atomic_fetch_add(&e->server->counts.enrolled, 1);
		bsg_orders_want(e->server, change.ops[0].enrol.enrolled);
		answer_stored(e, token);
	}
}

void bsg_post_enroll(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_invitation_rec invitation;
	uint8_t token[BSG_SHA256_LEN];
	const char *user, *password;
	struct enrolment e;

	if (!bsg_http_basic(x, &user, &password) || bsg_sha256(password, strlen(password), token, NULL) != BSG_OK ||
	    bsg_store_invitation(server->store, token, &invitation, NULL, NULL) != BSG_OK ||
	    bsg_platform_of(server, invitation.kind) != NULL) {	/* those get their certificates from their platform */
		refuse_invitation(x);
		return;
	}
	if (read_request(&e, server, x)) {
		if (invitation.consumed == 0)
			consume(&e, token, &invitation);
		else if (bsg_equal(invitation.key_sha256, e.key_sha256, sizeof(e.key_sha256)))
			answer_stored(&e, token);	/* the answer was lost: the same again */
		else
			refuse_invitation(x);
	}
	enrolment_free(&e);
}

void bsg_post_reenroll(struct bsg_http_exchange *x, void *app)
{
	const char *device = bsg_caller_of(x)->device;
	struct bsg_server *server = app;
	struct bsg_change change;
	struct enrolment e;
	struct bsg_op *op;
	enum bsg_err rc;

	if (read_request(&e, server, x)) {
		rc = issue(&e, device);
		if (rc == BSG_OK) {
			bsg_change_begin(&change, server, x);
			op = bsg_change_add(&change, BSG_OP_CERTIFICATE_ADD);
			op->certificate_add = (struct bsg_op_certificate_add){
				.device = device, .sha256 = e.info.sha256,
				.certificate = {e.certificate.data, e.certificate.len},
				.at = bsg_now(server), .expires = e.info.not_after,
			};
			bsg_change_audit(&change, "reenrol", device, NULL, NULL);
			if (bsg_change_apply(&change))
				answer_certificate(&e, (struct bsg_bytes){e.certificate.data, e.certificate.len});
		} else {
			bsg_http_fail(x, rc, &e.err);
		}
	}
	enrolment_free(&e);
}
