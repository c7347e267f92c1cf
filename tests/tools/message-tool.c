/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs, verifies and decodes messages for tests in other languages: one JSON
 * object a line on stdin, one on stdout.
 *
 *	{"op": "open", "dir": DIR, "at": T}	make or open the server's keyring: {"root", "certificate"}
 *	{"op": "key"}				make a key: {"pem", "x", "y"}
 *	{"op": "sign", "kind", "payload", "pem"}	decode the payload, encode it again, sign: {"message", "fields"};
 *						without pem by the keyring
 *	{"op": "verify", "kind", "message", "root", "at"} or {…, "x", "y"}	{"payload", "fields"}
 *	{"op": "decode", "kind", "payload"}	{"payload" (encoded again), "fields"}
 *
 * Bytes are hex. A refusal is {"error": CODE, "why": TEXT}; the program goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cose.h"
#include "tests/support/message_json.h"
#include "wire/orders.h"

static struct bsg_keyring *keyring;	/* the server's, once it is open */

static json_t *refusal(enum bsg_err rc, const char *why)
{
	return json_pack("{s:i, s:s}", "error", (int)rc, "why", why != NULL ? why : "");
}

static json_t *wrong_usage(void)
{
	return refusal(BSG_E_BUG, "a key of the request is missing");
}

static const char *get(json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

/* Bytes that the request has in hex; NULL if it has not. To be freed. */
static uint8_t *get_bytes(json_t *request, const char *key, struct bsg_bytes *out)
{
	const char *hex = get(request, key);
	uint8_t *ptr = hex != NULL ? from_hex(hex, &out->len) : NULL;

	out->ptr = ptr;
	return ptr;
}

static json_t *do_open(json_t *request)
{
	struct bsg_bytes root, orders;
	struct bsg_error err;
	enum bsg_err rc = bsg_keyring_open(get(request, "dir"), json_integer_value(json_object_get(request, "at")), &keyring, &err);

	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_ROOT, &root, &err);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_ORDERS, &orders, &err);
	if (rc != BSG_OK)
		return refusal(rc, err.text);
	return json_pack("{s:o, s:o}", "root", json_hex(root.ptr, root.len), "certificate", json_hex(orders.ptr, orders.len));
}

static json_t *do_key(void)
{
	struct bsg_public_key public;
	struct bsg_secret pem = { 0 };
	struct bsg_key *key = NULL;
	struct bsg_error err;
	json_t *out;
	enum bsg_err rc = bsg_key_generate(&key, &err);

	if (rc == BSG_OK)
		rc = bsg_key_pem(key, &pem, &err);
	if (rc != BSG_OK)
		return refusal(rc, err.text);
	bsg_key_public(key, &public);
	out = json_pack("{s:o, s:o, s:o}", "pem", json_stringn((const char *)pem.data, pem.len),
			"x", json_hex(public.spki + BSG_SPKI_X, 32), "y", json_hex(public.spki + BSG_SPKI_Y, 32));
	bsg_secret_free(&pem);
	bsg_key_free(key);
	return out;
}

/* Decode and encode again: {"payload", "fields"}, or the refusal. */
static json_t *decode(const struct message_kind *kind, struct bsg_bytes payload)
{
	uint8_t *buf = malloc(BSG_ORDERS_MAX);
	struct bsg_bytes again = { NULL, 0 };
	const char *why = NULL;
	json_t *fields = NULL, *out;
	enum bsg_err rc = kind->decode(payload, &fields, buf, BSG_ORDERS_MAX, &again, &why);

	if (rc != BSG_OK)
		out = refusal(rc, why);
	else
		out = json_pack("{s:o, s:o}", "payload", json_hex(again.ptr, again.len), "fields", fields);
	free(buf);
	return out;
}

static enum bsg_err signer_of(json_t *request, const struct message_kind *kind, struct bsg_keyring **out,
			      struct bsg_error *err)
{
	const char *pem = get(request, "pem");
	struct bsg_key *key = NULL;
	enum bsg_err rc;

	*out = keyring;
	if (pem == NULL)
		return keyring != NULL ? BSG_OK : bsg_fail(err, BSG_E_BUG, "no keyring is open");
	rc = bsg_key_parse(pem, strlen(pem), &key, err);
	return rc != BSG_OK ? rc : bsg_keyring_of_key(key, (enum bsg_sign_purpose)kind->cose, out, err);
}

static json_t *do_sign(json_t *request, const struct message_kind *kind, struct bsg_bytes payload)
{
	json_t *out = decode(kind, payload);
	struct bsg_keyring *signer = NULL;
	struct bsg_bytes again = { NULL, 0 };
	uint8_t *bytes = get_bytes(out, "payload", &again);
	struct bsg_buf message;
	struct bsg_error err;
	enum bsg_err rc;

	if (bytes == NULL)
		return out;
	bsg_buf_init(&message, BSG_ORDERS_MAX);
	rc = signer_of(request, kind, &signer, &err);
	if (rc == BSG_OK)
		rc = bsg_cose_sign(signer, kind->cose, again, &message, &err);
	if (rc == BSG_OK) {
		json_object_set_new(out, "message", json_hex(message.data, message.len));
	} else {
		json_decref(out);
		out = refusal(rc, err.text);
	}
	if (signer != keyring)
		bsg_keyring_free(signer);
	bsg_buf_free(&message);
	free(bytes);
	return out;
}

static json_t *do_verify(json_t *request, const struct message_kind *kind)
{
	struct bsg_bytes message, root, x, y, payload;
	uint8_t *m = get_bytes(request, "message", &message), *r = get_bytes(request, "root", &root);
	uint8_t *px = get_bytes(request, "x", &x), *py = get_bytes(request, "y", &y);
	struct bsg_public_key key;
	struct bsg_error err = { BSG_E_BUG, "" };
	enum bsg_err rc = BSG_E_BUG;
	json_t *out;

	if (m != NULL && r != NULL) {
		rc = bsg_cose_verify_chain(kind->cose, message, root, json_integer_value(json_object_get(request, "at")),
					   &payload, &err);
	} else if (m != NULL && px != NULL && py != NULL && x.len == 32 && y.len == 32) {
		rc = bsg_public_key_from_xy(px, py, &key, &err);
		if (rc == BSG_OK)
			rc = bsg_cose_verify_key(kind->cose, message, &key, &payload, &err);
	}
	out = rc == BSG_OK ? decode(kind, payload) : refusal(rc, err.text);
	free(m);
	free(r);
	free(px);
	free(py);
	return out;
}

static json_t *answer(json_t *request)
{
	const char *op = get(request, "op"), *name = get(request, "kind");
	const struct message_kind *kind = name != NULL ? message_kind_find(name) : NULL;
	struct bsg_bytes payload = { NULL, 0 };
	uint8_t *bytes = get_bytes(request, "payload", &payload);
	json_t *out = NULL;

	if (op != NULL && strcmp(op, "open") == 0)
		out = do_open(request);
	else if (op != NULL && strcmp(op, "key") == 0)
		out = do_key();
	else if (op != NULL && kind != NULL && strcmp(op, "verify") == 0)
		out = do_verify(request, kind);
	else if (op != NULL && kind != NULL && bytes != NULL && strcmp(op, "sign") == 0)
		out = do_sign(request, kind, payload);
	else if (op != NULL && kind != NULL && bytes != NULL && strcmp(op, "decode") == 0)
		out = decode(kind, payload);
	free(bytes);
	return out != NULL ? out : wrong_usage();
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		json_error_t error;
		json_t *request = json_loads(line, 0, &error);
		json_t *out = request != NULL ? answer(request) : refusal(BSG_E_INVALID, error.text);

		if (json_dumpf(out, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
			return 1;
		json_decref(out);
		json_decref(request);
	}
	free(line);
	bsg_keyring_free(keyring);
	return 0;
}
