/* SPDX-License-Identifier: Apache-2.0 */
/* Who this device is. */
#include "agent/linux/identity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/file.h"
#include "crypto/random.h"
#include "crypto/x509.h"

#define PEM_MAX 32768

/* The file `identity`: key = value, read by the same code as configuration. */
struct addresses {
	char device[BSG_ID_SIZE];
	char server[BSG_AGENT_URL];
	char device_url[BSG_AGENT_URL];
};

static const struct bsg_config_key address_keys[] = {
	{ BSG_CONFIG_TEXT(struct addresses, device), .def = "", .help = "id, from the certificate" },
	{ BSG_CONFIG_TEXT(struct addresses, server), .def = "", .help = "people plane" },
	{ BSG_CONFIG_TEXT(struct addresses, device_url), .def = "", .help = "device plane" },
};
#define N_ADDRESS_KEYS (sizeof(address_keys) / sizeof(address_keys[0]))

enum bsg_err bsg_agent_paths(const char *dir, struct bsg_agent_paths *out, struct bsg_error *err)
{
	const struct { const char *name; char *path; } files[] = {
		{ "device.key", out->key }, { "device.crt", out->certificate }, { "root.crt", out->root },
		{ "identity", out->identity }, { "instance", out->instance }, { "orders.cose", out->orders },
		{ "state.json", out->saved }, { "reports", out->queue }, { "batch", out->batch },
		{ "guest-0.cose", out->guest[0] }, { "guest-1.cose", out->guest[1] },
		{ "agent.sock", out->socket }, { "lock", out->lock },
	};
	char *full;
	enum bsg_err rc = BSG_OK;

	memset(out, 0, sizeof(*out));
	full = realpath(dir, NULL);
	if (!full)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%.200s: %s", dir, strerror(errno));
	if (strlen(full) >= 100)	/* a socket's path has 108 bytes */
		rc = bsg_fail(err, BSG_E_LIMIT, "the state folder's path is longer than 99 bytes");
	else
		memcpy(out->dir, full, strlen(full) + 1);
	free(full);
	for (size_t i = 0; rc == BSG_OK && i < sizeof(files) / sizeof(files[0]); i++)
		rc = bsg_path_join(out->dir, files[i].name, files[i].path, BSG_AGENT_PATH, err);
	return rc;
}

/* --- reading --- */

static enum bsg_err load_addresses(const struct bsg_agent_paths *paths, struct bsg_identity *out,
				   struct bsg_error *err)
{
	struct addresses a;
	enum bsg_err rc = bsg_config_defaults(address_keys, N_ADDRESS_KEYS, &a, err);

	if (rc == BSG_OK)
		rc = bsg_config_load(address_keys, N_ADDRESS_KEYS, paths->identity, &a, err);
	if (rc == BSG_E_NOT_FOUND)
		return bsg_fail(err, BSG_E_NOT_FOUND, "%.160s: not enrolled; run bosaga-agent enrol", paths->dir);
	if (rc != BSG_OK)
		return rc;
	if (!bsg_id_is_device(a.device))
		return bsg_fail(err, BSG_E_INVALID, "%.200s: no device id", paths->identity);
	/* Its Date is believed, and our certificate shown: only to a server that proves who it is. */
	if (strncmp(a.device_url, "https://", 8) != 0)
		return bsg_fail(err, BSG_E_INVALID, "%.200s: device_url is no https address", paths->identity);
	memcpy(out->device, a.device, sizeof(out->device));
	memcpy(out->server, a.server, sizeof(out->server));
	memcpy(out->device_url, a.device_url, sizeof(out->device_url));
	return BSG_OK;
}

static enum bsg_err load_cert(const char *path, struct bsg_buf *der, struct bsg_error *err)
{
	uint8_t *pem = NULL;
	size_t len;
	enum bsg_err rc = bsg_file_read(path, PEM_MAX, &pem, &len, err);

	bsg_buf_init(der, BSG_CERT_MAX);
	if (rc == BSG_OK)
		rc = bsg_cert_from_pem((const char *)pem, len, der, err);
	free(pem);
	return rc;
}

static enum bsg_err load_certificate(const struct bsg_agent_paths *paths, struct bsg_identity *out,
				     struct bsg_error *err)
{
	struct bsg_cert_info info;
	struct bsg_buf der;
	enum bsg_err rc = load_cert(paths->certificate, &der, err);

	if (rc == BSG_OK)
		rc = bsg_cert_read((struct bsg_bytes){ der.data, der.len }, &info, err);
	if (rc == BSG_OK && strcmp(info.cn, out->device) != 0)
		rc = bsg_fail(err, BSG_E_CRYPTO, "%.150s is of another device", paths->certificate);
	if (rc == BSG_OK) {
		out->not_before = info.not_before;
		out->not_after = info.not_after;
	}
	bsg_buf_free(&der);
	return rc;
}

static enum bsg_err load_instance(const struct bsg_agent_paths *paths, struct bsg_identity *out,
				  struct bsg_error *err)
{
	size_t len;
	enum bsg_err rc = bsg_file_read_into(paths->instance, out->instance, sizeof(out->instance), &len, err);

	if (rc == BSG_OK && len == sizeof(out->instance))
		return BSG_OK;
	if (rc != BSG_OK && rc != BSG_E_NOT_FOUND)
		return rc;
	rc = bsg_random(out->instance, sizeof(out->instance), err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(paths->instance, out->instance, sizeof(out->instance), 0600, err);
	return rc;
}

enum bsg_err bsg_identity_load(const struct bsg_agent_paths *paths, struct bsg_identity *out,
			       struct bsg_error *err)
{
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	rc = load_addresses(paths, out, err);
	if (rc == BSG_OK)
		rc = load_cert(paths->root, &out->root, err);
	if (rc == BSG_OK)
		rc = load_certificate(paths, out, err);
	if (rc == BSG_OK)
		rc = bsg_key_load(paths->key, &out->key, err);
	if (rc == BSG_OK)
		rc = load_instance(paths, out, err);
	return rc;
}

/* --- writing --- */

enum bsg_err bsg_identity_save_certificate(const struct bsg_agent_paths *paths,
					   const struct bsg_bytes *certs, size_t n_certs,
					   struct bsg_error *err)
{
	struct bsg_buf pem;
	enum bsg_err rc = BSG_OK;

	bsg_buf_init(&pem, PEM_MAX);
	for (size_t i = 0; rc == BSG_OK && i < n_certs; i++)
		rc = bsg_cert_to_pem(certs[i], &pem, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&pem, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(paths->certificate, pem.data, pem.len, 0600, err);
	bsg_buf_free(&pem);
	return rc;
}

static enum bsg_err save_root(const struct bsg_agent_paths *paths, const struct bsg_identity *identity,
			      struct bsg_error *err)
{
	struct bsg_buf pem;
	enum bsg_err rc;

	bsg_buf_init(&pem, PEM_MAX);
	rc = bsg_cert_to_pem((struct bsg_bytes){ identity->root.data, identity->root.len }, &pem, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&pem, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(paths->root, pem.data, pem.len, 0600, err);
	bsg_buf_free(&pem);
	return rc;
}

enum bsg_err bsg_identity_save(const struct bsg_agent_paths *paths, const struct bsg_identity *identity,
			       const struct bsg_bytes *certs, size_t n_certs, struct bsg_error *err)
{
	char text[3 * BSG_AGENT_URL];
	enum bsg_err rc = save_root(paths, identity, err);
	int n;

	if (rc == BSG_OK)
		rc = bsg_identity_save_certificate(paths, certs, n_certs, err);
	if (rc != BSG_OK)
		return rc;
	n = snprintf(text, sizeof(text), "device = %s\nserver = %s\ndevice_url = %s\n", identity->device,
		     identity->server, identity->device_url);
	/* Last: with this file the device is enrolled. */
	return bsg_file_replace(paths->identity, text, (size_t)n, 0600, err);
}

enum bsg_err bsg_identity_forget(const struct bsg_agent_paths *paths, struct bsg_error *err)
{
	const char *const files[] = { paths->key, paths->identity, paths->certificate, paths->orders,
		paths->guest[0], paths->guest[1], paths->saved, paths->queue, paths->batch, paths->instance,
		paths->root };
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		enum bsg_err one = bsg_file_remove(files[i], err);

		if (one != BSG_OK)
			rc = one;
	}
	return rc;
}

void bsg_identity_free(struct bsg_identity *identity)
{
	bsg_buf_free(&identity->root);
	bsg_key_free(identity->key);
	memset(identity, 0, sizeof(*identity));
}
