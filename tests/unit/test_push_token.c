/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes with a token (JWT) instead of a certificate. Rule A72 of docs/spec/apple.md; Node.js reads what we signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_certs.h"
#include "push_world.h"
#include "scratch.h"

#define LATER (WORLD_NOW + 86400)
#define TEAM "TEAM012345"
#define KEY_ID "KEY0123456"

/* Who signs: outside of http/, as the keyring will. */
struct signer {
	struct bsg_key *key;
	atomic_int n_calls;
	atomic_bool fails;
};

static enum bsg_err sign(void *app, struct bsg_bytes data, uint8_t out[static 64], struct bsg_error *err)
{
	struct signer *signer = app;

	signer->n_calls++;
	if (signer->fails)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "the signer is away");
	return bsg_key_sign(signer->key, data, out, err);
}

static void start(struct world *w, struct signer *signer)
{
	struct bsg_error err = { .text = "" };

	memset(signer, 0, sizeof(*signer));
	must(bsg_key_generate(&signer->key, &err), &err);
	world_init(w);
	w->apns_options.client_ca_pem = NULL;
	w->apns_options.team_id = TEAM;
	w->apns_options.key_id = KEY_ID;
	bsg_key_public(signer->key, &w->apns_options.token_key);
	w->options.credentials = (struct bsg_push_credentials){ .team_id = TEAM, .key_id = KEY_ID, .sign = sign,
								.sign_app = signer };
}

static void stop(struct world *w, struct signer *signer)
{
	world_stop(w);
	bsg_key_free(signer->key);
}

static void one_token_serves_for_fifty_minutes(void **state)
{
	struct signer signer;
	struct world w;

	(void)state;
	start(&w, &signer);
	world_start(&w);
	for (unsigned i = 0; i < 100; i++)
		world_send(&w, i, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 100);
	world_pass(&w, INT64_C(50) * 60000 - 1);
	world_send(&w, 100, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 101);
	assert_int_equal(signer.n_calls, 1);
	world_pass(&w, 1);
	world_send(&w, 101, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 102);
	assert_int_equal(signer.n_calls, 2);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 102);
	assert_string_equal(w.pushes[0].sender, "");
	stop(&w, &signer);
}

static const char node_script[] =
	"const crypto = require('crypto'), fs = require('fs');\n"
	"const text = fs.readFileSync('authorization', 'utf8');\n"
	"const [scheme, token] = text.split(' ');\n"
	"const [header, claims, signature] = token.split('.');\n"
	"const read = t => JSON.parse(Buffer.from(t, 'base64url').toString());\n"
	"const same = (a, b) => { if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(JSON.stringify(a)); };\n"
	"same(scheme, 'bearer');\n"
	"same(/[^A-Za-z0-9_.-]/.test(token), false);\n"
	"same(read(header), { alg: 'ES256', kid: '" KEY_ID "' });\n"
	"same(read(claims), { iss: '" TEAM "', iat: 1795470000 });\n"
	"const key = crypto.createPublicKey(fs.readFileSync('key.pem'));\n"
	"same(crypto.verify('sha256', header + '.' + claims, { key, dsaEncoding: 'ieee-p1363' },\n"
	"     Buffer.from(signature, 'base64url')), true);\n";

/* With one push that was taken. */
static void start_proven(struct world *w, struct signer *signer)
{
	start(w, signer);
	world_start(w);
	world_send(w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_results(w, 1);
}

static void another_implementation_verifies_the_token(void **state)
{
	struct bsg_error err = { .text = "" };
	struct bsg_buf output;
	struct signer signer;
	struct world w;

	(void)state;
	start_proven(&w, &signer);
	must(bsg_key_save(signer.key, scratch_path("key.pem"), &err), &err);
	scratch_write("authorization", w.authorization, strlen(w.authorization));
	scratch_write("check.js", node_script, sizeof(node_script) - 1);
	if (scratch_run("node check.js >out 2>&1") != 0) {
		scratch_read("out", &output);
		fail_msg("%s: %s", w.authorization, (const char *)output.data);
	}
	stop(&w, &signer);
}

static void a_token_that_apple_finds_old_is_made_anew_if_it_may_be(void **state)
{
	const struct bsg_sim_behaviour expired = { .status = 403, .reason = "ExpiredProviderToken", .times = 1 };
	struct signer signer;
	struct world w;

	(void)state;
	start_proven(&w, &signer);
	world_pass(&w, INT64_C(20) * 60000);
	bsg_sim_apns_behave(w.apns, &expired);
	world_send(&w, 2, BSG_PUSH_LOCK, LATER);
	world_wait_results(&w, 2);
	assert_int_equal(signer.n_calls, 2);
	assert_int_equal(w.n_states, 1);
	/* Twice within 20 minutes Apple forbids: then the clock is wrong, and somebody has to know. */
	world_pass(&w, INT64_C(20) * 60000 - 1);
	bsg_sim_apns_behave(w.apns, &expired);
	world_send(&w, 3, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 2, BSG_PUSH_HALTED);
	assert_string_equal(w.states[1].why, "403 ExpiredProviderToken");
	assert_int_equal(signer.n_calls, 2);
	stop(&w, &signer);
}

static void what_is_under_way_with_an_old_token_is_sent_again_with_the_new_one(void **state)
{
	struct bsg_sim_behaviour expired = { .status = 403, .reason = "ExpiredProviderToken", .delay_ms = 1500, .times = 1 };
	char old[sizeof(((struct world *)0)->authorization)];
	struct signer signer;
	struct world w;

	(void)state;
	start_proven(&w, &signer);
	memcpy(old, w.authorization, sizeof(old));
	world_pass(&w, INT64_C(20) * 60000);
	bsg_sim_apns_behave(w.apns, &expired);
	world_send(&w, 2, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 2);
	expired.delay_ms = 4000;
	bsg_sim_apns_behave(w.apns, &expired);
	world_send(&w, 3, BSG_PUSH_LOCK, LATER);
	world_wait_pushes(&w, 3);
	if (strcmp(w.pushes[2].token, world_token(3)) != 0 || strcmp(w.authorization, old) != 0) {
		print_message("# too slow: the first one was answered before the second was sent\n");
		stop(&w, &signer);
		return;
	}
	world_wait_results(&w, 3);
	assert_int_equal(world_n_outcome(&w, BSG_PUSH_TAKEN), 3);
	assert_int_equal(signer.n_calls, 2);
	assert_int_equal(w.n_states, 1);
	stop(&w, &signer);
}

static void a_wrong_key_halts_until_the_right_one_comes(void **state)
{
	struct bsg_push_credentials right;
	struct bsg_error err = { .text = "" };
	struct signer signer, other = { 0 };
	struct world w;

	(void)state;
	start(&w, &signer);
	must(bsg_key_generate(&other.key, &err), &err);
	right = w.options.credentials;
	w.options.credentials.sign_app = &other;
	world_start(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_HALTED);
	assert_string_equal(w.states[0].why, "403 InvalidProviderToken");
	must(bsg_push_reconfigure(w.sender, &right, &err), &err);
	world_wait_results(&w, 1);
	assert_int_equal(world_result_of(&w, 1).outcome, BSG_PUSH_TAKEN);
	assert_int_equal(w.pushes[1].connection, 2);	/* Apple may hold the old one against us */
	stop(&w, &signer);
	bsg_key_free(other.key);
}

static void a_signer_that_is_away_is_asked_again(void **state)
{
	struct signer signer;
	struct world w;

	(void)state;
	start(&w, &signer);
	signer.fails = true;
	world_start(&w);
	world_send(&w, 1, BSG_PUSH_LOCK, LATER);
	world_wait_state(&w, 1, BSG_PUSH_DOWN);
	assert_string_equal(w.states[0].why, "the signer is away");
	world_wait_waiting(&w, 1);
	signer.fails = false;
	world_pass(&w, 1000);
	world_wait_results(&w, 1);
	assert_int_equal(world_n_requests(&w), 1);
	stop(&w, &signer);
}

static void names_that_need_an_escape_are_refused(void **state)
{
	static const char *const bad[] = { NULL, "", "A\"B", "A B", "012345678901234567890123456789012" };
	struct bsg_push_sender *sender;
	struct signer signer;
	struct world w;

	(void)state;
	start(&w, &signer);
	(void)snprintf(w.endpoint, sizeof(w.endpoint), "127.0.0.1:9");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bsg_push_options options = w.options;

		options.credentials.team_id = bad[i];
		assert_int_equal(bsg_push_sender_open(&options, &sender, NULL), BSG_E_INVALID);
		options.credentials.team_id = TEAM;
		options.credentials.key_id = bad[i];
		assert_int_equal(bsg_push_sender_open(&options, &sender, NULL), BSG_E_INVALID);
	}
	/* Both a certificate and a token: which one? */
	w.options.credentials.certificate_pem = cert_push;
	w.options.credentials.key_pem = key_push;
	assert_int_equal(bsg_push_sender_open(&w.options, &sender, NULL), BSG_E_INVALID);
	stop(&w, &signer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_token_serves_for_fifty_minutes),
		cmocka_unit_test_setup_teardown(another_implementation_verifies_the_token, scratch_make, scratch_remove),
		cmocka_unit_test(a_token_that_apple_finds_old_is_made_anew_if_it_may_be),
		cmocka_unit_test(what_is_under_way_with_an_old_token_is_sent_again_with_the_new_one),
		cmocka_unit_test(a_wrong_key_halts_until_the_right_one_comes),
		cmocka_unit_test(a_signer_that_is_away_is_asked_again),
		cmocka_unit_test(names_that_need_an_escape_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
