/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming a device of a server, renewing the certificate, and leaving. */
#include "agent/linux/enrol.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/csr.h"
#include "crypto/est.h"
#include "crypto/x509.h"
#include "http/client.h"

#define ROOT_MAX 32768
#define LEAVE_BATCHES 8
#define LEAVE_TIMEOUT_MS 10000

/* --- the root --- */

static enum bsg_err root_from_file(const char *path, struct bsg_buf *der, struct bsg_error *err)
{
	struct bsg_cert_info info;
	uint8_t *bytes = NULL;
	size_t len = 0;
	enum bsg_err rc = bsg_file_read(path, ROOT_MAX, &bytes, &len, err);

	if (rc == BSG_OK && bsg_cert_read((struct bsg_bytes){ bytes, len }, &info, err) == BSG_OK)
		bsg_buf_add(der, bytes, len);
	else if (rc == BSG_OK)
		rc = bsg_cert_from_pem((const char *)bytes, len, der, err);
	free(bytes);
	return rc;
}

static enum bsg_err root_from_pin(const struct bsg_enrol_options *options, struct bsg_buf *der,
				  struct bsg_error *err)
{
	uint8_t pin[BSG_SHA256_LEN];
	char *pem = NULL;
	size_t len = 0;
	enum bsg_err rc = bsg_hex_decode(options->pin, strlen(options->pin), pin, sizeof(pin), &len, err);

	if (rc != BSG_OK || len != sizeof(pin))
		return bsg_fail(err, BSG_E_INVALID, "--pin is the root's SHA-256: 64 hex digits");
	rc = bsg_http_client_find_root(options->server, pin, &pem, err);
	if (rc == BSG_OK)
		rc = bsg_cert_from_pem(pem, strlen(pem), der, err);
	free(pem);
	return rc;
}

static enum bsg_err find_root(const struct bsg_enrol_options *options, struct bsg_buf *der,
			      struct bsg_error *err)
{
	bsg_buf_init(der, BSG_CERT_MAX);
	if (options->ca_file)
		return root_from_file(options->ca_file, der, err);
	if (options->pin)
		return root_from_pin(options, der, err);
	return bsg_fail(err, BSG_E_INVALID, "give the server's root: --ca FILE or --pin SHA256, as the invitation says");
}

/* --- talking --- */

static enum bsg_err refused(const struct bsg_http_response *response, struct bsg_error *err)
{
	json_t *problem = json_loadb((const char *)response->body, response->body_len, 0, NULL);
	const char *why = json_string_value(json_object_get(problem, "detail"));
	enum bsg_err rc = response->status >= 500 ? BSG_E_UNAVAILABLE : BSG_E_DENIED;

	if (!why)
		why = json_string_value(json_object_get(problem, "title"));
	rc = bsg_fail(err, rc, "the server answers %u%s%.160s", response->status, why ? ": " : "",
		      why ? why : "");
	json_decref(problem);
	return rc;
}

static enum bsg_err discover(struct bsg_http_client *client, const char *server,
			     struct bsg_identity *identity, struct bsg_error *err)
{
	char url[BSG_AGENT_URL + 32];
	struct bsg_http_request request = { .url = url };
	struct bsg_http_response response;
	json_t *answer = NULL;
	const char *device_url;
	enum bsg_err rc;

	snprintf(url, sizeof(url), "%s/v1/discover", server);
	rc = bsg_http_client_do(client, &request, &response, err);
	if (rc == BSG_OK && response.status != 200)
		rc = refused(&response, err);
	if (rc == BSG_OK)
		answer = json_loadb((const char *)response.body, response.body_len, 0, NULL);
	device_url = json_string_value(json_object_get(answer, "device_url"));
	if (rc == BSG_OK && (!device_url || strlen(device_url) >= BSG_AGENT_URL ||
			     strncmp(device_url, "https://", 8) != 0))
		rc = bsg_fail(err, BSG_E_INVALID, "the server does not say where its device plane is");
	if (rc == BSG_OK)
		memcpy(identity->device_url, device_url, strlen(device_url) + 1);
	json_decref(answer);
	bsg_http_response_clear(&response);
	return rc;
}

/* --- certificates --- */

/* The certificate for our key among those of an EST answer, verified up to the root; the first of @certs afterwards. */
static enum bsg_err pick_certificate(const struct bsg_identity *identity, struct bsg_bytes *certs, size_t n,
				     int64_t now, struct bsg_cert_info *info, struct bsg_error *err)
{
	struct bsg_bytes root = { identity->root.data, identity->root.len };
	struct bsg_public_key key;

	bsg_key_public(identity->key, &key);
	for (size_t i = 0; i < n; i++) {
		struct bsg_bytes first = certs[0];

		if (bsg_cert_read(certs[i], info, err) != BSG_OK || info->is_ca || !info->has_key ||
		    memcmp(&info->key, &key, sizeof(key)) != 0)
			continue;
		certs[0] = certs[i];
		certs[i] = first;
		return bsg_cert_verify(certs[0], certs + 1, n - 1, root, BSG_CERT_DEVICE, now, err);
	}
	return bsg_fail(err, BSG_E_CRYPTO, "the server's answer has no certificate for our key");
}

/* Certificates to save beside the leaf: the CA, but not the root, which is pinned and has a file of its own. */
static size_t without_root(const struct bsg_identity *identity, struct bsg_bytes *certs, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (certs[i].len != identity->root.len ||
		    memcmp(certs[i].ptr, identity->root.data, certs[i].len) != 0)
			certs[kept++] = certs[i];
	return kept;
}

static enum bsg_err make_request(const struct bsg_key *key, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_buf der;
	enum bsg_err rc;

	bsg_buf_init(&der, BSG_CSR_MAX);
	rc = bsg_csr_make(key, "bosaga-agent", &der, err);
	if (rc == BSG_OK)
		rc = bsg_est_encode_csr((struct bsg_bytes){ der.data, der.len }, out, err);
	bsg_buf_free(&der);
	return rc;
}

static enum bsg_err ask_certificate(struct bsg_http_client *client, const struct bsg_enrol_options *options,
				    const struct bsg_key *key, struct bsg_http_response *response,
				    struct bsg_error *err)
{
	char url[BSG_AGENT_URL + 64], basic[512];
	struct bsg_buf body;
	enum bsg_err rc;

	snprintf(url, sizeof(url), "%s/.well-known/est/simpleenroll", options->server);
	snprintf(basic, sizeof(basic), "agent:%s", options->token);
	bsg_buf_init(&body, BSG_EST_REQUEST_MAX);
	rc = make_request(key, &body, err);
	if (rc == BSG_OK) {
		struct bsg_http_request request = { .method = "POST", .url = url, .body = body.data,
			.body_len = body.len, .type = BSG_EST_REQUEST_TYPE, .basic = basic };

		rc = bsg_http_client_do(client, &request, response, err);
	}
	if (rc == BSG_OK && response->status != 200)
		rc = refused(response, err);
	bsg_wipe(basic, sizeof(basic));
	bsg_buf_free(&body);
	return rc;
}

/* --- enrolment --- */

/* The key of this folder; of an attempt that got no answer, if there was one. */
static enum bsg_err own_key(const struct bsg_agent_paths *paths, struct bsg_identity *identity,
			    struct bsg_error *err)
{
	enum bsg_err rc = bsg_key_load(paths->key, &identity->key, err);

	if (rc != BSG_E_NOT_FOUND)
		return rc;
	rc = bsg_key_generate(&identity->key, err);
	if (rc == BSG_OK)
		rc = bsg_key_save(identity->key, paths->key, err);
	return rc;
}

static enum bsg_err take_certificates(const struct bsg_agent_paths *paths, struct bsg_identity *identity,
				      const struct bsg_http_response *response, int64_t now,
				      struct bsg_error *err)
{
	struct bsg_bytes certs[BSG_EST_N_CERTS_MAX];
	struct bsg_cert_info info;
	struct bsg_buf der;
	size_t n = 0;
	enum bsg_err rc;

	bsg_buf_init(&der, BSG_EST_CERTS_MAX);
	rc = bsg_est_decode_certs((const char *)response->body, response->body_len, &der, certs, &n, err);
	if (rc == BSG_OK)
		rc = pick_certificate(identity, certs, n, now, &info, err);
	if (rc == BSG_OK && !bsg_id_is_device(info.cn))
		rc = bsg_fail(err, BSG_E_CRYPTO, "the certificate names no device");
	if (rc == BSG_OK) {
		memcpy(identity->device, info.cn, BSG_ID_SIZE);
		n = without_root(identity, certs, n);
		rc = bsg_identity_save(paths, identity, certs, n, err);
	}
	bsg_buf_free(&der);
	return rc;
}

static enum bsg_err enrol_with(struct bsg_http_client *client, const struct bsg_enrol_options *options,
			       const struct bsg_agent_paths *paths, struct bsg_identity *identity,
			       struct bsg_error *err)
{
	struct bsg_http_response response = { 0 };
	const struct bsg_clock *clock = options->clock ? options->clock : bsg_clock_system();
	int64_t now;
	enum bsg_err rc = discover(client, options->server, identity, err);

	if (rc == BSG_OK)
		rc = ask_certificate(client, options, identity->key, &response, err);
	/* The server's word on the time: a certificate of this second must not be "not yet valid" here. */
	now = response.date ? response.date : bsg_clock_utc(clock);
	if (rc == BSG_OK)
		rc = take_certificates(paths, identity, &response, now, err);
	bsg_http_response_clear(&response);
	return rc;
}

static enum bsg_err prepare(const struct bsg_enrol_options *options, struct bsg_agent_paths *paths,
			    struct bsg_identity *identity, struct bsg_error *err)
{
	struct bsg_identity old;
	size_t len = strlen(options->server);
	enum bsg_err rc = bsg_dir_make(options->state, 0711, err);	/* others reach the socket and list nothing */

	if (rc == BSG_OK)
		rc = bsg_agent_paths(options->state, paths, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_identity_load(paths, &old, err);
	bsg_identity_free(&old);
	if (rc == BSG_OK)
		return bsg_fail(err, BSG_E_CONFLICT, "%.150s is enrolled already; bosaga-agent unenrol comes first",
				paths->dir);
	if (rc != BSG_E_NOT_FOUND)
		return rc;
	if (len == 0 || len >= BSG_AGENT_URL || strncmp(options->server, "https://", 8) != 0)
		return bsg_fail(err, BSG_E_INVALID, "--server is an address such as https://bosaga.example:8443");
	memcpy(identity->server, options->server, len + 1);
	rc = find_root(options, &identity->root, err);
	return rc == BSG_OK ? own_key(paths, identity, err) : rc;
}

enum bsg_err bsg_enrol(const struct bsg_enrol_options *options, char device[static BSG_ID_SIZE],
		       struct bsg_error *err)
{
	struct bsg_agent_paths paths;
	struct bsg_identity identity = { .key = NULL };
	struct bsg_http_client *client = NULL;
	enum bsg_err rc = prepare(options, &paths, &identity, err);

	if (rc == BSG_OK) {
		struct bsg_http_client_options http = { .root = identity.root.data,
			.root_len = identity.root.len };

		rc = bsg_http_client_open(&http, &client, err);
	}
	if (rc == BSG_OK)
		rc = enrol_with(client, options, &paths, &identity, err);
	if (rc == BSG_OK)
		memcpy(device, identity.device, BSG_ID_SIZE);
	bsg_http_client_close(client);
	bsg_identity_free(&identity);
	return rc;
}

/* --- renewal --- */

bool bsg_renew_due(const struct bsg_agent *agent)
{
	int64_t life = agent->identity.not_after - agent->identity.not_before;
	struct bsg_time now = bsg_agent_now(agent);

	return now.auth && now.utc > agent->identity.not_before + life / 3 * 2;
}

enum bsg_err bsg_renew_request(const struct bsg_agent *agent, struct bsg_buf *out, struct bsg_error *err)
{
	enum bsg_err rc = make_request(agent->identity.key, out, err);

	return rc == BSG_OK ? bsg_buf_finish(out, err) : rc;
}

enum bsg_err bsg_renew_answer(struct bsg_agent *agent, const uint8_t *body, size_t len, struct bsg_error *err)
{
	struct bsg_bytes certs[BSG_EST_N_CERTS_MAX];
	struct bsg_cert_info info;
	struct bsg_buf der;
	size_t n = 0;
	enum bsg_err rc;

	bsg_buf_init(&der, BSG_EST_CERTS_MAX);
	rc = bsg_est_decode_certs((const char *)body, len, &der, certs, &n, err);
	if (rc == BSG_OK)
		rc = pick_certificate(&agent->identity, certs, n, bsg_agent_now(agent).utc, &info, err);
	if (rc == BSG_OK && strcmp(info.cn, agent->identity.device) != 0)
		rc = bsg_fail(err, BSG_E_CRYPTO, "the new certificate is for another device");
	if (rc == BSG_OK) {
		n = without_root(&agent->identity, certs, n);
		rc = bsg_identity_save_certificate(&agent->paths, certs, n, err);
	}
	if (rc == BSG_OK) {
		agent->identity.not_before = info.not_before;
		agent->identity.not_after = info.not_after;
	}
	bsg_buf_free(&der);
	return rc;
}

/* --- leaving --- */

static enum bsg_err post(const struct bsg_agent *agent, struct bsg_http_client *client,
			 struct bsg_bytes batch, struct bsg_error *err)
{
	char url[BSG_AGENT_URL + 32];
	struct bsg_http_request request = { .method = "POST", .url = url, .body = batch.ptr,
		.body_len = batch.len, .type = "application/cbor", .timeout_ms = LEAVE_TIMEOUT_MS };
	struct bsg_http_response response;
	enum bsg_err rc;

	snprintf(url, sizeof(url), "%s/v1/device/reports", agent->identity.device_url);
	rc = bsg_http_client_do(client, &request, &response, err);
	if (rc == BSG_OK && response.status != 204 && response.status != 200)
		rc = refused(&response, err);
	bsg_http_response_clear(&response);
	return rc;
}

static enum bsg_err tell_server(struct bsg_agent *agent, struct bsg_error *err)
{
	struct bsg_http_client_options http = { .root = agent->identity.root.data,
		.root_len = agent->identity.root.len, .certificate_file = agent->paths.certificate,
		.key_file = agent->paths.key, .connect_timeout_ms = LEAVE_TIMEOUT_MS };
	struct bsg_http_client *client;
	struct bsg_bytes batch;
	enum bsg_err rc = bsg_http_client_open(&http, &client, err);

	for (int i = 0; rc == BSG_OK && i < LEAVE_BATCHES; i++) {
		rc = bsg_queue_batch(&agent->queue, &agent->saved.batch_sequence, &batch, err);
		if (batch.len == 0)
			break;
		if (!bsg_agent_save(agent))
			bsg_log(agent->log, BSG_LOG_WARNING, "agent", "leaving all the same");
		rc = post(agent, client, batch, err);
		if (rc == BSG_OK)
			rc = bsg_queue_answered(&agent->queue, err);
	}
	bsg_http_client_close(client);
	return rc;
}

enum bsg_err bsg_unenrol(struct bsg_agent *agent, bool *told, struct bsg_error *err)
{
	struct bsg_report_item *item = calloc(1, sizeof(*item));
	struct bsg_error one;
	enum bsg_err rc = bsg_agent_lift_all(agent, err);

	*told = false;
	if (rc != BSG_OK) {
		free(item);
		return rc;
	}
	if (item) {
		item->kind = BSG_REPORT_LEAVING;
		bsg_agent_report(agent, item);
		*told = tell_server(agent, &one) == BSG_OK;
		if (!*told)
			bsg_log(agent->log, BSG_LOG_WARNING, "agent", "the server was not told: %s", one.text);
	}
	free(item);
	if (bsg_identity_forget(&agent->paths, &one) != BSG_OK)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "%s", one.text);
	return rc;
}
