/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory, the keys in it and the names of the server. What is secret stays in files of mode 0600. */
#include "server/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/est.h"
#include "crypto/hash.h"

#define PEM_MAX (64 * 1024)

bool bsg_home_host(const char *text, char *out, size_t size)
{
	const char *end;
	size_t len;

	if (strncmp(text, "unix:", 5) == 0)
		return false;
	if (strncmp(text, "https://", 8) == 0)
		text += 8;
	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
	} else {
		end = strchr(text, ':');
	}
	len = end == NULL ? strlen(text) : (size_t)(end - text);
	if (len == 0 || len >= size)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

static bool is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

bool bsg_home_is_name(const char *text)
{
	size_t label = 0, i;

	for (i = 0; text[i] != '\0'; i++) {
		bool alnum = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
			     (text[i] >= '0' && text[i] <= '9');

		if (text[i] == '.' ? label == 0 : !(alnum || (text[i] == '-' && label > 0)))
			return false;
		label = text[i] == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label > 0 && i <= 253 && text[i - 1] != '-';
}

/* A machine may have a name that no certificate can hold, such as "(none)". */
static void machine_name(char *out, size_t size)
{
	if (gethostname(out, size) != 0)
		out[0] = '\0';
	out[size - 1] = '\0';
	if (!bsg_home_is_name(out))
		snprintf(out, size, "localhost");
}

enum bsg_err bsg_home_url(const char *given, const char *listen, unsigned port, char out[static BSG_URL_SIZE],
			  struct bsg_error *err)
{
	char host[200];
	int n;

	if (given[0] != '\0') {
		n = snprintf(out, BSG_URL_SIZE, "%s", given);
	} else {
		if (!bsg_home_host(listen, host, sizeof(host)) || is_any(host))
			machine_name(host, sizeof(host));
		n = snprintf(out, BSG_URL_SIZE, strchr(host, ':') != NULL ? "https://[%s]:%u" : "https://%s:%u", host, port);
	}
	if (n < 0 || n >= BSG_URL_SIZE)
		return bsg_fail(err, BSG_E_LIMIT, "the URL of %s is too long", listen);
	return BSG_OK;
}

/* The names that clients may connect to. */
struct names {
	char text[BSG_CERT_SANS_MAX][200];
	const char *list[BSG_CERT_SANS_MAX];
	size_t n;
};

static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i], name) == 0)
			return;
	if (names->n == BSG_CERT_SANS_MAX || is_any(name))
		return;
	snprintf(names->text[names->n], sizeof(names->text[0]), "%s", name);
	names->list[names->n] = names->text[names->n];
	names->n++;
}

static void collect_names(const struct bsg_settings *settings, struct names *names)
{
	const char *const sources[] = {settings->public_url, settings->device_url, settings->apple_url, settings->people_listen,
				       settings->device_listen, settings->apple_listen};
	char host[200];

	names->n = 0;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (bsg_home_host(sources[i], host, sizeof(host)))
			add_name(names, host);
	machine_name(host, sizeof(host));
	add_name(names, host);
	add_name(names, "localhost");
	add_name(names, "127.0.0.1");
	add_name(names, "::1");
}

static enum bsg_err load_given_tls(const struct bsg_settings *settings, struct bsg_tls_identity *out, struct bsg_error *err)
{
	size_t len;
	uint8_t *chain;
	enum bsg_err rc = bsg_file_read(settings->tls_certificate, PEM_MAX, &chain, &len, err);

	if (rc != BSG_OK)
		return bsg_fail_at("tls_certificate", rc, err);
	rc = bsg_secret_read(settings->tls_key, PEM_MAX, &out->key_pem, err);
	if (rc != BSG_OK) {
		free(chain);
		return bsg_fail_at("tls_key", rc, err);
	}
	out->chain_pem = (char *)chain;
	return BSG_OK;
}

enum bsg_err bsg_home_load_tls(struct bsg_home *home, const struct bsg_settings *settings, int64_t now, struct bsg_error *err)
{
	struct bsg_tls_identity fresh = {.chain_pem = NULL};
	struct names *names;
	enum bsg_err rc;

	if (settings->tls_certificate[0] != '\0') {
		rc = load_given_tls(settings, &fresh, err);
	} else {
		names = calloc(1, sizeof(*names));
		if (names == NULL)
			return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the names of the server");
		collect_names(settings, names);
		rc = bsg_tls_identity_load(home->keyring, home->dir, names->list, names->n, now, &fresh, err);
		free(names);
	}
	if (rc != BSG_OK)
		return rc;
	bsg_tls_identity_free(&home->tls);
	home->tls = fresh;
	return BSG_OK;
}

/* What others are told of our keys: the client CA, the pin, the EST body. */
static enum bsg_err publish_keys(struct bsg_home *home, struct bsg_error *err)
{
	struct bsg_bytes certs[3];
	uint8_t hash[BSG_SHA256_LEN];
	enum bsg_err rc = bsg_keyring_certificate(home->keyring, BSG_KEYRING_ROOT, &certs[0], err);

	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(home->keyring, BSG_KEYRING_DEVICE_CA, &certs[1], err);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(home->keyring, BSG_KEYRING_SERVER_CA, &certs[2], err);
	if (rc == BSG_OK)
		rc = bsg_sha256(certs[0].ptr, certs[0].len, hash, err);
	if (rc == BSG_OK)
		rc = bsg_cert_to_pem(certs[1], &home->device_ca_pem, err);
	if (rc == BSG_OK)
		rc = bsg_est_encode_certs(certs, 3, &home->cacerts, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&home->device_ca_pem, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&home->cacerts, err);
	if (rc == BSG_OK)
		bsg_hex_encode(hash, sizeof(hash), home->ca_sha256);
	return rc;
}

static enum bsg_err fill_paths(struct bsg_home *home, const struct bsg_settings *settings, struct bsg_error *err)
{
	int n = snprintf(home->socket, sizeof(home->socket), "unix:%s/admin.sock", home->dir);

	if (n < 0 || n > 107 + 5)
		return bsg_fail(err, BSG_E_LIMIT, "%s/admin.sock is too long for a Unix socket; choose a shorter --state", home->dir);
	snprintf(home->tickets_people, sizeof(home->tickets_people), "%s/tickets-people.key", home->dir);
	snprintf(home->tickets_device, sizeof(home->tickets_device), "%s/tickets-device.key", home->dir);
	snprintf(home->tickets_platform, sizeof(home->tickets_platform), "%s/tickets-platform.key", home->dir);
	if (settings->database[0] != '\0')
		snprintf(home->database, sizeof(home->database), "%s", settings->database);
	else
		snprintf(home->database, sizeof(home->database), "sqlite:%s/bosaga.db", home->dir);
	return BSG_OK;
}

enum bsg_err bsg_home_open(const char *dir, const struct bsg_settings *settings, int64_t now, struct bsg_home *out,
			   struct bsg_error *err)
{
	char keys[600];
	enum bsg_err rc;

	bsg_buf_init(&out->device_ca_pem, PEM_MAX);
	bsg_buf_init(&out->cacerts, PEM_MAX);
	if (snprintf(out->dir, sizeof(out->dir), "%s", dir) >= (int)sizeof(out->dir))
		return bsg_fail(err, BSG_E_LIMIT, "the path of the state directory is too long");
	rc = bsg_dir_make(dir, 0700, err);
	if (rc == BSG_OK)
		rc = fill_paths(out, settings, err);
	if (rc != BSG_OK)
		return rc;
	snprintf(keys, sizeof(keys), "%s/keys", dir);
	out->is_new = access(keys, F_OK) != 0;
	rc = bsg_keyring_open(dir, now, &out->keyring, err);
	if (rc == BSG_OK)
		rc = publish_keys(out, err);
	if (rc == BSG_OK)
		rc = bsg_home_load_tls(out, settings, now, err);
	return rc;
}

void bsg_home_close(struct bsg_home *home)
{
	bsg_tls_identity_free(&home->tls);
	bsg_keyring_free(home->keyring);
	home->keyring = NULL;
	bsg_buf_free(&home->device_ca_pem);
	bsg_buf_free(&home->cacerts);
}
