/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apple/scep.h on a command line, for tests/e2e/scep_interop.py: a SCEP server without HTTP.
 *
 *	scep-tool DIR caps|cacert [legacy]
 *	scep-tool DIR post|get CHALLENGE [legacy]	a message on standard input, DER or the parameter's text
 *	scep-tool DIR mdm FILE	the header Mdm-Signature on standard input, the body in a file; gives the signer
 *
 * The answer goes to standard output, what was decided to standard error. Exit status 1: an answer
 * outside of SCEP's own words (400).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apple/mdm_signature.h"
#include "apple/scep.h"
#include "base/file.h"
#include "crypto/random.h"

#define INPUT_MAX 65536

static uint8_t input[INPUT_MAX];

static int say(enum bsg_err rc, const struct bsg_error *err)
{
	(void)fprintf(stderr, "%d: %s\n", (int)rc, err->text);
	return 1;
}

static int write_out(struct bsg_bytes bytes)
{
	return fwrite(bytes.ptr, 1, bytes.len, stdout) == bytes.len && fflush(stdout) == 0 ? 0 : 1;
}

/* What the server would look up: here the one challenge, and any certificate of ours. */
static bool is_welcome(const struct bsg_scep_request *request, const char *challenge)
{
	const struct bsg_secret *said = &request->key.challenge;

	if (request->type == BSG_SCEP_RENEWAL_REQ)
		return true;
	return said->len == strlen(challenge) && bsg_equal(said->data, challenge, said->len);
}

static enum bsg_err issue(struct bsg_keyring *keyring, const struct bsg_scep_request *request, int64_t now,
			  struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_profile profile = { .purpose = BSG_CERT_APPLE, .not_before = now,
				       .not_after = now + BSG_APPLE_CERT_LIFE_S };
	struct bsg_cert_info old;
	struct bsg_buf der;
	char id[BSG_ID_SIZE];
	enum bsg_err rc = bsg_random_id(id, err);

	bsg_buf_init(&der, BSG_CERT_MAX);
	profile.cn = id;
	if (rc == BSG_OK && request->type == BSG_SCEP_RENEWAL_REQ) {
		rc = bsg_cert_read((struct bsg_bytes){ request->signer.data, request->signer.len }, &old, err);
		profile.cn = old.cn;
	}
	if (rc == BSG_OK)
		rc = bsg_keyring_issue(keyring, (struct bsg_bytes){ request->csr.data, request->csr.len }, &profile, &der, err);
	if (rc == BSG_OK)
		rc = bsg_scep_answer(keyring, request, (struct bsg_bytes){ der.data, der.len }, now, out, err);
	bsg_buf_free(&der);
	return rc;
}

static enum bsg_err operate(struct bsg_keyring *keyring, struct bsg_bytes body, const char *challenge,
			    const struct bsg_scep_rules *rules, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_scep_request request;
	struct bsg_error why = { 0 };
	enum bsg_err rc = bsg_scep_read(keyring, body, rules, &request, &why);

	if (rc == BSG_OK && is_welcome(&request, challenge)) {
		(void)fprintf(stderr, "type %d: issued\n", (int)request.type);
		rc = issue(keyring, &request, rules->now, out, err);
	} else if (rc == BSG_OK) {
		(void)fprintf(stderr, "type %d: the challenge is wrong\n", (int)request.type);
		rc = bsg_scep_refuse(keyring, &request, BSG_SCEP_BAD_REQUEST, rules->now, out, err);
	} else if (request.is_answerable) {
		(void)fprintf(stderr, "type %d: %s: %s\n", (int)request.type, bsg_scep_fail_name(request.fail), why.text);
		rc = bsg_scep_refuse(keyring, &request, request.fail, rules->now, out, err);
	} else {
		*err = why;
	}
	bsg_scep_request_free(&request);
	return rc;
}

static int pki_operation(struct bsg_keyring *keyring, bool is_get, const char *challenge, bool legacy)
{
	struct bsg_scep_rules rules = { .legacy = legacy, .now = (int64_t)time(NULL) };
	size_t n = fread(input, 1, sizeof(input), stdin);
	struct bsg_bytes body = { input, n };
	struct bsg_error err = { 0 };
	struct bsg_buf der;
	struct bsg_buf out;
	enum bsg_err rc = BSG_OK;

	bsg_buf_init(&der, BSG_SCEP_MESSAGE_MAX);
	bsg_buf_init(&out, BSG_SCEP_ANSWER_MAX);
	if (is_get) {
		rc = bsg_scep_decode_get((const char *)input, n, &der, &err);
		body = (struct bsg_bytes){ der.data, der.len };
	}
	if (rc == BSG_OK)
		rc = operate(keyring, body, challenge, &rules, &out, &err);
	n = rc == BSG_OK ? (size_t)write_out((struct bsg_bytes){ out.data, out.len }) : (size_t)say(rc, &err);
	bsg_buf_free(&der);
	bsg_buf_free(&out);
	return (int)n;
}

static int mdm_signature(struct bsg_keyring *keyring, const char *path)
{
	size_t n = fread(input, 1, sizeof(input), stdin);
	struct bsg_error err = { 0 };
	uint8_t *body = NULL;
	struct bsg_bytes ca;
	struct bsg_buf cert;
	size_t len = 0;
	int status;
	enum bsg_err rc = bsg_file_read(path, INPUT_MAX, &body, &len, &err);

	bsg_buf_init(&cert, BSG_CERT_MAX);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_APPLE_CA, &ca, &err);
	if (rc == BSG_OK)
		rc = bsg_mdm_signature_verify((const char *)input, n, (struct bsg_bytes){ body, len }, ca,
					      (int64_t)time(NULL), &cert, &err);
	status = rc == BSG_OK ? write_out((struct bsg_bytes){ cert.data, cert.len }) : say(rc, &err);
	bsg_buf_free(&cert);
	free(body);
	return status;
}

static int run(struct bsg_keyring *keyring, int argc, char **argv)
{
	const char *op = argv[2];
	bool legacy = argc > 3 && strcmp(argv[argc - 1], "legacy") == 0;
	struct bsg_error err = { 0 };
	struct bsg_bytes ca;
	enum bsg_err rc;

	if (strcmp(op, "caps") == 0) {
		const char *caps = bsg_scep_caps(legacy);

		return write_out((struct bsg_bytes){ (const uint8_t *)caps, strlen(caps) });
	}
	if (strcmp(op, "cacert") == 0) {
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_APPLE_CA, &ca, &err);
		return rc == BSG_OK ? write_out(ca) : say(rc, &err);
	}
	if (argc > 3 && strcmp(op, "mdm") == 0)
		return mdm_signature(keyring, argv[3]);
	if (argc > 3 && (strcmp(op, "post") == 0 || strcmp(op, "get") == 0))
		return pki_operation(keyring, op[0] == 'g', argv[3], legacy);
	return 2;
}

int main(int argc, char **argv)
{
	struct bsg_keyring *keyring;
	struct bsg_error err = { 0 };
	enum bsg_err rc;
	int status;

	if (argc < 3)
		return 2;
	rc = bsg_keyring_open(argv[1], (int64_t)time(NULL), &keyring, &err);
	if (rc != BSG_OK)
		return say(rc, &err);
	status = run(keyring, argc, argv);
	bsg_keyring_free(keyring);
	return status;
}
