/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for sim/gate.h: what a phone that reads it would check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/cose.h"
#include "crypto/keys.h"
#include "crypto/place.h"
#include "sim/gate.h"
#include "wire/pass.h"

#define NOW INT64_C(1795470000)	/* 2026-11-23T21:40:00Z */

static char folder[] = "/tmp/test_sim_gate.XXXXXX";
static char path[64];
static struct bsg_key *key;
static uint8_t day_secret[BSG_DAY_SECRET_LEN] = { 7, 7, 7 };

static void write_credential(const char *day, unsigned mode)
{
	struct bsg_secret pem = { 0 };
	char secret[2 * BSG_DAY_SECRET_LEN + 1];
	json_t *json;
	char *text;

	assert_int_equal(bsg_key_pem(key, &pem, NULL), BSG_OK);
	bsg_hex_encode(day_secret, sizeof(day_secret), secret);
	json = json_pack("{s:s,s:s,s:[{s:s,s:s}]}", "key", (const char *)pem.data, "credential", "d28401020304",
			 "day_secrets", "day", day, "secret", secret);
	text = json_dumps(json, 0);
	assert_int_equal(bsg_file_replace(path, text, strlen(text), (mode_t)mode, NULL), BSG_OK);
	free(text);
	json_decref(json);
	bsg_secret_free(&pem);
}

/* A pass as the phone signs it. */
static void make_pass(struct bsg_buf *out)
{
	struct bsg_pass pass = { .pseudonym = { 1, 2, 3 }, .issued = NOW, .expires = NOW + 30, .has_nonce = true,
				 .nonce = { 9, 8, 7 }, .serial = 4, .functions = BSG_BIT(BSG_CAMERA), .sequence = 1,
				 .by = BSG_BY_GATE };
	uint8_t buf[BSG_PASS_MAX];
	struct bsg_bytes payload;
	struct bsg_key *phone;
	struct bsg_keyring *ring;

	assert_int_equal(bsg_pass_encode(&pass, buf, sizeof(buf), &payload), BSG_OK);
	assert_int_equal(bsg_key_generate(&phone, NULL), BSG_OK);
	assert_int_equal(bsg_keyring_of_key(phone, BSG_SIGN_PASS, &ring, NULL), BSG_OK);
	bsg_buf_init(out, 1024);
	assert_int_equal(bsg_cose_sign(ring, BSG_COSE_PASS, payload, out, NULL), BSG_OK);
	bsg_keyring_free(ring);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || bsg_key_generate(&key, NULL) != BSG_OK)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/gate.json", folder);
	write_credential("2026-11-23", 0600);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(folder);
	bsg_key_free(key);
	return 0;
}

static void a_token_holds_under_the_gates_key_and_answers_the_pass(void **state)
{
	struct bsg_public_key public_key;
	struct bsg_sim_gate *gate;
	struct bsg_buf pass;
	struct bsg_buf token;
	struct bsg_bytes payload;
	struct bsg_token read;
	const char *why;

	(void)state;
	make_pass(&pass);
	bsg_buf_init(&token, BSG_TOKEN_MAX);
	assert_int_equal(bsg_sim_gate_load(path, &gate, NULL), BSG_OK);
	assert_int_equal(bsg_sim_gate_token(gate, BSG_DIRECTION_OUT, (struct bsg_bytes){ pass.data, pass.len }, NOW,
					    &token, NULL), BSG_OK);
	bsg_key_public(key, &public_key);
	assert_int_equal(bsg_cose_verify_key(BSG_COSE_THRESHOLD_TOKEN, (struct bsg_bytes){ token.data, token.len },
					     &public_key, &payload, NULL), BSG_OK);
	assert_int_equal(bsg_token_decode(payload, &read, &why), BSG_OK);
	assert_true(read.bound && read.direction == BSG_DIRECTION_OUT && read.expires == NOW + BSG_TOKEN_LIFE_S);
	assert_memory_equal(read.pass_nonce, ((uint8_t[]){ 9, 8, 7, 0, 0, 0, 0, 0 }), BSG_NONCE_LEN);
	assert_int_equal(read.pseudonym[2], 3);
	bsg_buf_free(&token);
	bsg_buf_free(&pass);
	bsg_sim_gate_free(gate);
}

static void nobody_gets_out_without_a_pass(void **state)
{
	struct bsg_sim_gate *gate;
	struct bsg_buf token;
	struct bsg_error err;

	(void)state;
	bsg_buf_init(&token, BSG_TOKEN_MAX);
	assert_int_equal(bsg_sim_gate_load(path, &gate, NULL), BSG_OK);
	assert_int_equal(bsg_sim_gate_token(gate, BSG_DIRECTION_OUT, (struct bsg_bytes){ 0 }, NOW, &token, &err),
			 BSG_E_INVALID);
	assert_non_null(strstr(err.text, "--pass"));
	assert_int_equal(bsg_sim_gate_token(gate, BSG_DIRECTION_IN, (struct bsg_bytes){ 0 }, NOW, &token, &err), BSG_OK);
	bsg_buf_free(&token);
	bsg_sim_gate_free(gate);
}

static void the_code_is_the_one_the_phone_works_out_from_its_exit_key(void **state)
{
	static const uint8_t pseudonym[BSG_PSEUDONYM_LEN] = { 1, 2, 3 };
	uint8_t exit_key[BSG_EXIT_KEY_LEN];
	struct bsg_sim_gate *gate;
	struct bsg_buf pass;
	struct bsg_bytes shown;
	struct bsg_error err;
	char want[BSG_EXIT_CODE_DIGITS + 1];
	char got[BSG_EXIT_CODE_DIGITS + 1];

	(void)state;
	make_pass(&pass);
	shown = (struct bsg_bytes){ pass.data, pass.len };
	assert_int_equal(bsg_sim_gate_load(path, &gate, NULL), BSG_OK);
	assert_int_equal(bsg_sim_gate_code(gate, shown, NOW, got, NULL), BSG_OK);
	assert_int_equal(bsg_exit_key(day_secret, pseudonym, exit_key, NULL), BSG_OK);
	assert_int_equal(bsg_exit_code(exit_key, bsg_exit_code_step(NOW), want, NULL), BSG_OK);
	assert_string_equal(got, want);
	/* A day that the credential does not have. */
	assert_int_equal(bsg_sim_gate_code(gate, shown, NOW + 86400, got, &err), BSG_E_NOT_FOUND);
	bsg_buf_free(&pass);
	bsg_sim_gate_free(gate);
}

static void a_pass_is_checked_only_with_the_servers_certificate(void **state)
{
	struct bsg_sim_gate *gate;
	struct bsg_pass pass;
	struct bsg_buf message;

	(void)state;
	make_pass(&message);
	assert_int_equal(bsg_sim_gate_load(path, &gate, NULL), BSG_OK);
	assert_int_equal(bsg_sim_gate_check(gate, (struct bsg_bytes){ message.data, message.len }, NOW, &pass, NULL), BSG_E_NOT_FOUND);
	assert_int_equal(pass.serial, 0);
	bsg_sim_gate_free(gate);
	bsg_buf_free(&message);
}

static void a_credential_that_others_may_read_or_that_is_none_is_refused(void **state)
{
	struct bsg_sim_gate *gate;
	struct bsg_error err;

	(void)state;
	write_credential("2026-11-23", 0644);
	assert_int_equal(bsg_sim_gate_load(path, &gate, &err), BSG_E_DENIED);
	assert_null(gate);
	write_credential("today", 0600);
	assert_int_equal(bsg_sim_gate_load(path, &gate, &err), BSG_E_INVALID);
	assert_int_equal(bsg_file_replace(path, "no", 2, 0600, NULL), BSG_OK);
	assert_int_equal(bsg_sim_gate_load(path, &gate, &err), BSG_E_INVALID);
	assert_int_equal(bsg_sim_gate_load("/nonexistent", &gate, &err), BSG_E_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_holds_under_the_gates_key_and_answers_the_pass),
		cmocka_unit_test(nobody_gets_out_without_a_pass),
		cmocka_unit_test(the_code_is_the_one_the_phone_works_out_from_its_exit_key),
		cmocka_unit_test(a_pass_is_checked_only_with_the_servers_certificate),
		cmocka_unit_test(a_credential_that_others_may_read_or_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
