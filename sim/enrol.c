/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/enrol.h. */
#include "sim/enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/csr.h"
#include "crypto/est.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "http/client.h"

/* The files of a phone's folder. */
#define KEY "key.pem"
#define CERTIFICATE "certificate.pem"
#define ROOT "root.pem"
#define INSTANCE "instance"
#define DEVICE_URL "device-url"

static enum bsg_err write_file(const char *dir, const char *name, const void *data, size_t len, struct bsg_error *err)
{
	char path[BSG_SIM_PATH_SIZE];
	enum bsg_err rc = bsg_path_join(dir, name, path, sizeof(path), err);

	return rc == BSG_OK ? bsg_file_replace(path, data, len, 0600, err) : rc;
}

static enum bsg_err do_and_expect_200(struct bsg_http_client *client, const struct bsg_http_request *request,
				      struct bsg_http_response *response, struct bsg_error *err)
{
	enum bsg_err rc = bsg_http_client_do(client, request, response, err);

	if (rc == BSG_OK && response->status != 200)
		return bsg_fail(err, BSG_E_DENIED, "%s: the server answered %u", request->url, response->status);
	return rc;
}

/* Which certificate of the answer is ours: the one with our key. The order of the body says nothing. */
static enum bsg_err keep_certificate(const char *dir, const struct bsg_public_key *key,
				     const struct bsg_http_response *response, struct bsg_error *err)
{
	struct bsg_bytes certs[BSG_EST_N_CERTS_MAX];
	struct bsg_buf der;
	struct bsg_buf pem;
	struct bsg_cert_info info;
	size_t n;
	enum bsg_err rc;

	bsg_buf_init(&der, BSG_EST_CERTS_MAX);
	bsg_buf_init(&pem, 2 * BSG_EST_CERTS_MAX);
	rc = bsg_est_decode_certs((const char *)response->body, response->body_len, &der, certs, &n, err);
	for (int ours = 1; rc == BSG_OK && ours >= 0; ours--)
		for (size_t i = 0; rc == BSG_OK && i < n; i++) {
			rc = bsg_cert_read(certs[i], &info, err);
			if (rc == BSG_OK && (info.has_key && memcmp(&info.key, key, sizeof(*key)) == 0) == ours)
				rc = bsg_cert_to_pem(certs[i], &pem, err);
		}
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&pem, err);
	if (rc == BSG_OK)
		rc = write_file(dir, CERTIFICATE, pem.data, pem.len, err);
	bsg_buf_free(&pem);
	bsg_buf_free(&der);
	return rc;
}

static enum bsg_err get_certificate(const char *dir, struct bsg_http_client *client, const char *url,
				    const char *token, struct bsg_error *err)
{
	struct bsg_http_response response = { 0 };
	struct bsg_http_request request = { .method = "POST", .type = BSG_EST_REQUEST_TYPE };
	struct bsg_public_key public_key;
	struct bsg_key *key = NULL;
	struct bsg_buf csr;
	struct bsg_buf body;
	char path[BSG_SIM_PATH_SIZE];
	char full[512];
	char basic[128];
	enum bsg_err rc;

	bsg_buf_init(&csr, BSG_CSR_MAX);
	bsg_buf_init(&body, BSG_EST_REQUEST_MAX);
	(void)snprintf(full, sizeof(full), "%s/.well-known/est/simpleenroll", url);
	(void)snprintf(basic, sizeof(basic), "phone:%s", token);
	rc = bsg_path_join(dir, KEY, path, sizeof(path), err);
	if (rc == BSG_OK)
		rc = bsg_key_generate(&key, err);
	if (rc == BSG_OK)
		rc = bsg_key_save(key, path, err);
	if (rc == BSG_OK)
		rc = bsg_csr_make(key, "simulated phone", &csr, err);
	if (rc == BSG_OK)
		rc = bsg_est_encode_csr((struct bsg_bytes){ csr.data, csr.len }, &body, err);
	if (rc != BSG_OK)
		goto out;
	request.url = full;
	request.basic = basic;
	request.body = body.data;
	request.body_len = body.len;
	rc = do_and_expect_200(client, &request, &response, err);
	if (rc == BSG_OK) {
		bsg_key_public(key, &public_key);
		rc = keep_certificate(dir, &public_key, &response, err);
	}
out:
	bsg_http_response_clear(&response);
	bsg_buf_free(&body);
	bsg_buf_free(&csr);
	bsg_key_free(key);
	return rc;
}

static enum bsg_err get_device_url(const char *dir, struct bsg_http_client *client, const char *url,
				   struct bsg_error *err)
{
	struct bsg_http_response response;
	struct bsg_http_request request = { 0 };
	char full[512];
	const char *device_url;
	json_t *json = NULL;
	enum bsg_err rc;

	(void)snprintf(full, sizeof(full), "%s/v1/discover", url);
	request.url = full;
	rc = do_and_expect_200(client, &request, &response, err);
	if (rc == BSG_OK) {
		json = json_loadb((const char *)response.body, response.body_len, 0, NULL);
		device_url = json_string_value(json_object_get(json, "device_url"));
		rc = device_url != NULL ? write_file(dir, DEVICE_URL, device_url, strlen(device_url), err)
					: bsg_fail(err, BSG_E_INVALID, "%s: no device_url in the answer", full);
	}
	json_decref(json);
	bsg_http_response_clear(&response);
	return rc;
}

enum bsg_err bsg_sim_enrol(const char *dir, const struct bsg_sim_invitation *invitation, struct bsg_error *err)
{
	struct bsg_http_client_options options = { 0 };
	struct bsg_http_client *client = NULL;
	uint8_t instance[BSG_INSTANCE_ID_LEN];
	uint8_t pin[BSG_SHA256_LEN];
	char *root = NULL;
	size_t len;
	enum bsg_err rc;

	rc = bsg_hex_decode(invitation->ca_sha256, strlen(invitation->ca_sha256), pin, sizeof(pin), &len, err);
	if (rc == BSG_OK)
		rc = bsg_dir_make(dir, 0700, err);
	if (rc == BSG_OK)
		rc = bsg_http_client_find_root(invitation->url, pin, &root, err);
	if (rc != BSG_OK)
		return rc;
	options.root = root;
	options.root_len = strlen(root);
	rc = bsg_http_client_open(&options, &client, err);
	if (rc == BSG_OK)
		rc = write_file(dir, ROOT, root, strlen(root), err);
	if (rc == BSG_OK)
		rc = bsg_random(instance, sizeof(instance), err);
	if (rc == BSG_OK)
		rc = write_file(dir, INSTANCE, instance, sizeof(instance), err);
	if (rc == BSG_OK)
		rc = get_certificate(dir, client, invitation->url, invitation->token, err);
	if (rc == BSG_OK)
		rc = get_device_url(dir, client, invitation->url, err);
	bsg_http_client_close(client);
	free(root);
	return rc;
}

static enum bsg_err read_file(const char *dir, const char *name, uint8_t *out, size_t cap, size_t *len,
			      struct bsg_error *err)
{
	char path[BSG_SIM_PATH_SIZE];
	enum bsg_err rc = bsg_path_join(dir, name, path, sizeof(path), err);

	return rc == BSG_OK ? bsg_file_read_into(path, out, cap, len, err) : rc;
}

static enum bsg_err load_root(const char *dir, struct bsg_sim_identity *out, struct bsg_error *err)
{
	uint8_t pem[2 * BSG_CERT_MAX];
	size_t len;
	enum bsg_err rc = read_file(dir, ROOT, pem, sizeof(pem), &len, err);

	return rc == BSG_OK ? bsg_cert_from_pem((const char *)pem, len, &out->root, err) : rc;
}

enum bsg_err bsg_sim_id_load(const char *certificate_file, char out[static BSG_ID_SIZE], struct bsg_error *err)
{
	uint8_t pem[2 * BSG_EST_CERTS_MAX];
	struct bsg_cert_info info;
	struct bsg_buf der;
	size_t len;
	enum bsg_err rc = bsg_file_read_into(certificate_file, pem, sizeof(pem), &len, err);

	bsg_buf_init(&der, BSG_CERT_MAX);
	if (rc == BSG_OK)
		rc = bsg_cert_from_pem((const char *)pem, len, &der, err);
	if (rc == BSG_OK)
		rc = bsg_cert_read((struct bsg_bytes){ der.data, der.len }, &info, err);
	if (rc == BSG_OK)
		(void)snprintf(out, BSG_ID_SIZE, "%.32s", info.cn);
	bsg_buf_free(&der);
	return rc;
}

enum bsg_err bsg_sim_identity_load(const char *dir, struct bsg_sim_identity *out, struct bsg_error *err)
{
	size_t len;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	bsg_buf_init(&out->root, BSG_CERT_MAX);
	rc = read_file(dir, DEVICE_URL, (uint8_t *)out->device_url, sizeof(out->device_url) - 1, &len, err);
	if (rc == BSG_OK)
		rc = bsg_path_join(dir, KEY, out->key_file, sizeof(out->key_file), err);
	if (rc == BSG_OK)
		rc = bsg_path_join(dir, CERTIFICATE, out->certificate_file, sizeof(out->certificate_file), err);
	if (rc == BSG_OK)
		rc = read_file(dir, INSTANCE, out->instance, sizeof(out->instance), &len, err);
	if (rc == BSG_OK)
		rc = load_root(dir, out, err);
	if (rc == BSG_OK)
		rc = bsg_sim_id_load(out->certificate_file, out->id, err);
	if (rc != BSG_OK)
		bsg_sim_identity_clear(out);
	return rc;
}

void bsg_sim_identity_clear(struct bsg_sim_identity *identity)
{
	bsg_buf_free(&identity->root);
	memset(identity, 0, sizeof(*identity));
}
