/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/gate.h. The simulated gate has no snapshot: it knows the server's passes by their certificate, and believes those of phones unchecked. */
#include "sim/gate.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/hex.h"
#include "base/timetext.h"
#include "crypto/cose.h"
#include "crypto/keyring.h"
#include "crypto/place.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#define FILE_MAX (1024U * 1024)
#define DAYS_MAX 40

struct day {
	int64_t day;	/* since 1970-01-01 */
	uint8_t secret[BSG_DAY_SECRET_LEN];
};

struct bsg_sim_gate {
	struct bsg_keyring *keyring;
	uint8_t credential[BSG_GATE_CREDENTIAL_MAX];
	size_t credential_len;
	struct day days[DAYS_MAX];
	size_t n_days;
	struct bsg_buf pass_cert;	/* DER; empty: the file is of a server that signed no passes */
};

static enum bsg_err load_key(struct bsg_sim_gate *gate, json_t *json, struct bsg_error *err)
{
	const char *pem = json_string_value(json_object_get(json, "key"));
	struct bsg_key *key;
	enum bsg_err rc;

	if (pem == NULL)
		return bsg_fail(err, BSG_E_INVALID, "the credential file has no key; write it again with 'bosaga gate credential'");
	rc = bsg_key_parse(pem, strlen(pem), &key, err);
	if (rc != BSG_OK)
		return rc;
	return bsg_keyring_of_key(key, BSG_SIGN_TOKEN, &gate->keyring, err);
}

static enum bsg_err load_day(struct bsg_sim_gate *gate, json_t *json, struct bsg_error *err)
{
	const char *date = json_string_value(json_object_get(json, "day"));
	const char *secret = json_string_value(json_object_get(json, "secret"));
	struct day *day = &gate->days[gate->n_days];
	char midnight[32];
	int64_t utc;
	size_t len;
	enum bsg_err rc;

	if (date == NULL || secret == NULL || strlen(date) != 10 || gate->n_days == DAYS_MAX)
		return bsg_fail(err, BSG_E_INVALID, "the credential file's day_secrets are not what bosagad writes");
	(void)snprintf(midnight, sizeof(midnight), "%.10sT00:00:00Z", date);
	rc = bsg_time_parse(midnight, strlen(midnight), &utc, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_hex_decode(secret, strlen(secret), day->secret, sizeof(day->secret), &len, err);
	if (rc != BSG_OK)
		return rc;
	if (len != sizeof(day->secret))
		return bsg_fail(err, BSG_E_INVALID, "the credential file's day secret of %s is cut", date);
	day->day = utc / 86400;
	gate->n_days++;
	return BSG_OK;
}

static enum bsg_err load_pass_certificate(struct bsg_sim_gate *gate, json_t *json, struct bsg_error *err)
{
	const char *pem = json_string_value(json_object_get(json, "pass_certificate"));

	bsg_buf_init(&gate->pass_cert, BSG_CERT_MAX);
	return pem == NULL ? BSG_OK : bsg_cert_from_pem(pem, strlen(pem), &gate->pass_cert, err);
}

static enum bsg_err load_json(struct bsg_sim_gate *gate, json_t *json, struct bsg_error *err)
{
	const char *hex = json_string_value(json_object_get(json, "credential"));
	size_t i;
	json_t *day;
	enum bsg_err rc = load_key(gate, json, err);

	if (rc != BSG_OK)
		return rc;
	rc = load_pass_certificate(gate, json, err);
	if (rc != BSG_OK)
		return rc;
	if (hex == NULL)
		return bsg_fail(err, BSG_E_INVALID, "the credential file has no credential");
	rc = bsg_hex_decode(hex, strlen(hex), gate->credential, sizeof(gate->credential), &gate->credential_len, err);
	if (rc != BSG_OK)
		return rc;
	json_array_foreach(json_object_get(json, "day_secrets"), i, day) {
		rc = load_day(gate, day, err);
		if (rc != BSG_OK)
			return rc;
	}
	return BSG_OK;
}

enum bsg_err bsg_sim_gate_load(const char *path, struct bsg_sim_gate **out, struct bsg_error *err)
{
	struct bsg_secret text = { 0 };
	struct bsg_sim_gate *gate = NULL;
	json_t *json = NULL;
	enum bsg_err rc;

	*out = NULL;
	rc = bsg_secret_read(path, FILE_MAX, &text, err);
	if (rc != BSG_OK)
		return rc;
	gate = calloc(1, sizeof(*gate));
	json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (gate == NULL)
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "load gate: out of memory");
	else if (json == NULL)
		rc = bsg_fail(err, BSG_E_INVALID, "%s is not JSON; write it with 'bosaga gate credential'", path);
	else
		rc = load_json(gate, json, err);
	if (rc == BSG_OK) {
		*out = gate;
		gate = NULL;
	}
	json_decref(json);
	bsg_secret_free(&text);
	bsg_sim_gate_free(gate);
	return rc;
}

void bsg_sim_gate_free(struct bsg_sim_gate *gate)
{
	if (gate == NULL)
		return;
	bsg_keyring_free(gate->keyring);
	bsg_buf_free(&gate->pass_cert);
	bsg_wipe(gate, sizeof(*gate));
	free(gate);
}

static enum bsg_err read_pass(struct bsg_bytes message, struct bsg_pass *pass, struct bsg_error *err)
{
	struct bsg_bytes payload;
	const char *why = "";
	enum bsg_err rc = bsg_cose_peek(BSG_COSE_PASS, message, &payload, err);

	if (rc != BSG_OK)
		return rc;
	rc = bsg_pass_decode(payload, pass, &why);
	return rc == BSG_OK ? BSG_OK : bsg_fail(err, rc, "not a pass: %s", why);
}

static enum bsg_err fill_token(const struct bsg_sim_gate *gate, enum bsg_direction direction, struct bsg_bytes pass,
			       int64_t now, struct bsg_token *token, struct bsg_error *err)
{
	struct bsg_pass shown;
	enum bsg_err rc;

	*token = (struct bsg_token){
		.direction = direction, .issued = now, .expires = now + BSG_TOKEN_LIFE_S,
		.credential = { gate->credential, gate->credential_len },
	};
	rc = bsg_random(token->nonce, sizeof(token->nonce), err);
	if (rc != BSG_OK || pass.len == 0) {
		if (rc == BSG_OK && direction == BSG_DIRECTION_OUT)
			return bsg_fail(err, BSG_E_INVALID, "a token for the way out answers a pass: give --pass");
		return rc;
	}
	rc = read_pass(pass, &shown, err);
	if (rc != BSG_OK)
		return rc;
	if (!shown.has_nonce)
		return bsg_fail(err, BSG_E_INVALID, "this pass is the server's: no phone is there to read a token");
	token->bound = true;
	memcpy(token->pseudonym, shown.pseudonym, sizeof(token->pseudonym));
	memcpy(token->pass_nonce, shown.nonce, sizeof(token->pass_nonce));
	return BSG_OK;
}

enum bsg_err bsg_sim_gate_token(struct bsg_sim_gate *gate, enum bsg_direction direction, struct bsg_bytes pass,
				int64_t now, struct bsg_buf *token, struct bsg_error *err)
{
	uint8_t buf[BSG_TOKEN_MAX];
	struct bsg_token fields;
	struct bsg_bytes payload;
	enum bsg_err rc = fill_token(gate, direction, pass, now, &fields, err);

	if (rc != BSG_OK)
		return rc;
	rc = bsg_token_encode(&fields, buf, sizeof(buf), &payload);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "this credential does not fit into a token");
	return bsg_cose_sign(gate->keyring, BSG_COSE_THRESHOLD_TOKEN, payload, token, err);
}

enum bsg_err bsg_sim_gate_code(const struct bsg_sim_gate *gate, struct bsg_bytes pass, int64_t now,
			       char code[static BSG_EXIT_CODE_DIGITS + 1], struct bsg_error *err)
{
	int64_t step = bsg_exit_code_step(now);
	uint8_t key[BSG_EXIT_KEY_LEN];
	struct bsg_pass shown;
	enum bsg_err rc = read_pass(pass, &shown, err);

	if (rc != BSG_OK)
		return rc;
	for (size_t i = 0; i < gate->n_days; i++) {
		if (gate->days[i].day != bsg_exit_code_day(step))
			continue;
		rc = bsg_exit_key(gate->days[i].secret, shown.pseudonym, key, err);
		if (rc == BSG_OK)
			rc = bsg_exit_code(key, step, code, err);
		bsg_wipe(key, sizeof(key));
		return rc;
	}
	return bsg_fail(err, BSG_E_NOT_FOUND, "the credential has no secret for this day; write it again");
}

enum bsg_err bsg_sim_gate_check(const struct bsg_sim_gate *gate, struct bsg_bytes message, int64_t now, struct bsg_pass *pass,
				struct bsg_error *err)
{
	struct bsg_bytes der = { gate->pass_cert.data, gate->pass_cert.len };
	struct bsg_cert_info info;
	struct bsg_bytes payload;
	const char *why = "";
	enum bsg_err rc;

	memset(pass, 0, sizeof(*pass));
	if (der.len == 0)
		return bsg_fail(err, BSG_E_NOT_FOUND, "the credential has no pass_certificate; write it again with 'bosaga gate credential'");
	rc = bsg_cert_verify(der, NULL, 0, der, BSG_CERT_PASS, now, err);
	if (rc == BSG_OK)
		rc = bsg_cert_read(der, &info, err);
	if (rc == BSG_OK)
		rc = bsg_cose_verify_key(BSG_COSE_PASS, message, &info.key, &payload, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_pass_decode(payload, pass, &why);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "not a pass: %s", why);
	if (pass->verified_at == 0)
		return bsg_fail(err, BSG_E_DENIED, "the server signs only what it has verified");
	if (now < pass->issued || now >= pass->expires)
		return bsg_fail(err, BSG_E_DENIED, "this pass is not of now");
	return BSG_OK;
}
