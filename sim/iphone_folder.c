/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/iphone_folder.h. */
#include "sim/iphone_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/random.h"
#include "crypto/x509.h"

#define PHONE "phone.json"
#define PEM_MAX 65536
#define KEPT (BSG_IPHONE_HOTSPOT_OFF | BSG_IPHONE_BLUETOOTH_OFF)

enum bsg_err bsg_iphone_folder_init(struct bsg_iphone_folder *folder, const char *dir, const char *key_file, struct bsg_error *err)
{
	const struct { const char *name, *given; char *to; } files[] = {
		{ "rsa.pem", key_file, folder->key_file }, { "root.pem", NULL, folder->root_file },
		{ "iphone.pem", NULL, folder->certificate_file },
	};
	enum bsg_err rc = bsg_dir_make(dir, 0700, err);

	*folder = (struct bsg_iphone_folder){ .checked_in = false };
	(void)snprintf(folder->dir, sizeof(folder->dir), "%s", dir);
	for (size_t i = 0; rc == BSG_OK && i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].given != NULL)
			(void)snprintf(files[i].to, BSG_SIM_PATH_SIZE, "%s", files[i].given);
		else
			rc = bsg_path_join(dir, files[i].name, files[i].to, BSG_SIM_PATH_SIZE, err);
	return rc;
}

/* ---- enrolment ------------------------------------------------------------------ */

/* A key that is there is used again: the invitation knows it if we were cut off. */
static enum bsg_err find_key(const struct bsg_iphone_folder *folder, struct bsg_rsa_key **out, struct bsg_error *err)
{
	struct bsg_secret pem = { 0 };
	uint8_t *text = NULL;
	size_t len;
	enum bsg_err rc = bsg_file_read(folder->key_file, PEM_MAX, &text, &len, err);

	*out = NULL;
	if (rc == BSG_OK) {
		rc = bsg_rsa_parse((const char *)text, len, out, err);
	} else if (rc == BSG_E_NOT_FOUND) {
		rc = bsg_rsa_generate(BSG_RSA_BITS_MIN, out, err);
		if (rc == BSG_OK)
			rc = bsg_rsa_pem(*out, &pem, err);
		if (rc == BSG_OK)
			rc = bsg_file_replace(folder->key_file, pem.data, pem.len, 0600, err);
	}
	free(text);
	bsg_secret_free(&pem);
	if (rc != BSG_OK) {
		bsg_rsa_free(*out);
		*out = NULL;
	}
	return rc;
}

static enum bsg_err write_pem(const char *path, const struct bsg_buf *der, struct bsg_error *err)
{
	struct bsg_buf pem;
	enum bsg_err rc;

	bsg_buf_init(&pem, PEM_MAX);
	rc = bsg_cert_to_pem((struct bsg_bytes){ der->data, der->len }, &pem, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(path, pem.data, pem.len, 0600, err);
	bsg_buf_free(&pem);
	return rc;
}

/* The root to trust: given, else that of the profile. */
static enum bsg_err keep_root(const struct bsg_iphone_folder *folder, const struct bsg_buf *der, const char *given, struct bsg_error *err)
{
	uint8_t *pem = NULL;
	size_t len;
	enum bsg_err rc;

	if (given == NULL)
		return der->len > 0 ? write_pem(folder->root_file, der, err)
				    : bsg_fail(err, BSG_E_INVALID, "the profile has no root certificate, so one has to be given");
	rc = bsg_file_read(given, PEM_MAX, &pem, &len, err);
	if (rc == BSG_OK)
		rc = bsg_file_replace(folder->root_file, pem, len, 0600, err);
	free(pem);
	return rc;
}

static enum bsg_err get_certificate(const struct bsg_iphone_folder *folder, const struct bsg_iphone_enrolment *enrolment,
				    struct bsg_error *err)
{
	const struct bsg_http_client_options options = { .root_file = folder->root_file };
	struct bsg_http_client *client = NULL;
	struct bsg_rsa_key *key = NULL;
	struct bsg_buf der;
	enum bsg_err rc = find_key(folder, &key, err);

	bsg_buf_init(&der, BSG_CERT_MAX);
	if (rc == BSG_OK)
		rc = bsg_http_client_open(&options, &client, err);
	if (rc == BSG_OK)
		rc = bsg_iphone_scep(client, enrolment, key, "simulated iPhone", &der, err);
	if (rc == BSG_OK)
		rc = write_pem(folder->certificate_file, &der, err);
	bsg_buf_free(&der);
	bsg_http_client_close(client);
	bsg_rsa_free(key);
	return rc;
}

enum bsg_err bsg_iphone_folder_enrol(struct bsg_iphone_folder *folder, struct bsg_bytes profile, const char *root_file,
				     struct bsg_error *err)
{
	struct bsg_iphone_enrolment enrolment;
	enum bsg_err rc = bsg_iphone_enrolment_read(profile, &enrolment, err);

	if (rc != BSG_OK)
		return rc;
	memcpy(folder->server_url, enrolment.server_url, sizeof(folder->server_url));
	memcpy(folder->checkin_url, enrolment.checkin_url, sizeof(folder->checkin_url));
	memcpy(folder->topic, enrolment.topic, sizeof(folder->topic));
	rc = keep_root(folder, &enrolment.root, root_file, err);
	if (rc == BSG_OK)
		rc = get_certificate(folder, &enrolment, err);
	if (rc == BSG_OK)
		rc = bsg_random(folder->token, sizeof(folder->token), err);
	if (rc == BSG_OK)
		rc = bsg_random_uuid(folder->magic, err);
	if (rc == BSG_OK)
		rc = bsg_random(&folder->number, sizeof(folder->number), err);
	bsg_iphone_enrolment_clear(&enrolment);
	return rc;
}

/* ---- phone.json ------------------------------------------------------------------- */

enum bsg_err bsg_iphone_folder_save(const struct bsg_iphone_folder *folder, const struct bsg_iphone *phone, struct bsg_error *err)
{
	char path[BSG_SIM_PATH_SIZE], token[2 * BSG_IPHONE_TOKEN_LEN + 1];
	json_t *json;
	char *text = NULL;
	enum bsg_err rc = bsg_path_join(folder->dir, PHONE, path, sizeof(path), err);

	bsg_hex_encode(folder->token, sizeof(folder->token), token);
	json = json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:b,s:s,s:s,s:I,s:I,s:I,s:s?}", "server_url", folder->server_url, "checkin_url",
			 folder->checkin_url, "topic", folder->topic, "number", (json_int_t)folder->number, "token", token, "magic",
			 folder->magic, "checked_in", (int)folder->checked_in, "profile", phone->profile, "uuid", phone->uuid,
			 "restricts", (json_int_t)phone->restricts, "removal", (json_int_t)phone->removal, "is",
			 (json_int_t)(phone->is & KEPT), "apps", phone->apps);
	if (json != NULL)
		text = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	if (rc == BSG_OK)
		rc = text != NULL ? bsg_file_replace(path, text, strlen(text), 0600, err) : bsg_fail(err, BSG_E_NO_MEMORY, "%s: out of memory", path);
	free(text);
	return rc;
}

static bool copy(const json_t *json, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(json, name));

	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static int64_t number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static bool take(const json_t *json, struct bsg_iphone_folder *folder, struct bsg_iphone *phone)
{
	const char *apps = json_string_value(json_object_get(json, "apps"));
	char token[2 * BSG_IPHONE_TOKEN_LEN + 1];
	size_t len;

	if (!copy(json, "server_url", folder->server_url, sizeof(folder->server_url)) ||
	    !copy(json, "checkin_url", folder->checkin_url, sizeof(folder->checkin_url)) ||
	    !copy(json, "topic", folder->topic, sizeof(folder->topic)) || !copy(json, "magic", folder->magic, sizeof(folder->magic)) ||
	    !copy(json, "token", token, sizeof(token)) ||
	    bsg_hex_decode(token, strlen(token), folder->token, sizeof(folder->token), &len, NULL) != BSG_OK)
		return false;
	folder->number = (uint64_t)number(json, "number");
	folder->checked_in = json_is_true(json_object_get(json, "checked_in"));
	bsg_iphone_init(phone, folder->number, phone->is | ((uint32_t)number(json, "is") & KEPT), phone->os);
	phone->restricts = (uint32_t)number(json, "restricts");
	phone->removal = number(json, "removal");
	phone->apps = apps != NULL ? strdup(apps) : NULL;
	return copy(json, "profile", phone->profile, sizeof(phone->profile)) && copy(json, "uuid", phone->uuid, sizeof(phone->uuid));
}

enum bsg_err bsg_iphone_folder_load(struct bsg_iphone_folder *folder, struct bsg_iphone *phone, struct bsg_error *err)
{
	char path[BSG_SIM_PATH_SIZE];
	uint8_t *text = NULL;
	json_t *json;
	size_t len;
	enum bsg_err rc = bsg_path_join(folder->dir, PHONE, path, sizeof(path), err);

	if (rc == BSG_OK)
		rc = bsg_file_read(path, PEM_MAX, &text, &len, err);
	if (rc != BSG_OK)
		return rc;
	json = json_loadb((const char *)text, len, 0, NULL);
	free(text);
	rc = take(json, folder, phone) ? bsg_sim_id_load(folder->certificate_file, folder->device, err) : bsg_fail(err, BSG_E_INVALID, "%s is damaged", path);
	json_decref(json);
	if (rc != BSG_OK)
		bsg_iphone_clear(phone);
	return rc;
}
