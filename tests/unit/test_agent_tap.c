/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens and exit codes at the agent: each counts once, for one phone, one place, one moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent_world.h"
#include "base/hex.h"
#include "wire/base45.h"

static enum bsg_err tap(struct agent_world *w, const char *text)
{
	struct bsg_agent_tapped tapped;
	struct bsg_error err;

	return bsg_agent_tap(w->agent, text, &tapped, &err);
}

static enum bsg_err tap_token(struct agent_world *w, const struct token_wish *wish)
{
	char *token = world_token(w, wish);
	enum bsg_err rc = tap(w, token);

	free(token);
	return rc;
}

static void begin(struct agent_world *w, bool in)
{
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = in }), BSG_OK);
	assert_int_equal(fake_camera.restricted, in);
	bsg_fake_clock_pass(&w->clock, 60000);
}

/* --- tokens --- */

static void a_token_in_restricts_and_is_answered_with_a_pass(void **state)
{
	struct agent_world *w = *state;
	struct bsg_agent_tapped tapped;
	struct bsg_error err;
	char *token = world_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 9 });

	begin(w, false);
	free(token);
	token = world_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 9 });
	assert_int_equal(bsg_agent_tap(w->agent, token, &tapped, &err), BSG_OK);
	assert_true(fake_camera.restricted);
	assert_string_equal(tapped.place, "house");
	assert_true(tapped.has_pass);
	free(token);
}

static void a_token_is_taken_once_also_after_a_restart(void **state)
{
	struct agent_world *w = *state;
	char *token;

	begin(w, false);
	token = world_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 9 });
	assert_int_equal(tap(w, token), BSG_OK);
	assert_int_equal(tap(w, token), BSG_E_DENIED);
	world_restart(w);
	assert_int_equal(tap(w, token), BSG_E_DENIED);
	assert_true(fake_camera.restricted);
	free(token);
}

static void a_token_out_lifts_once_and_only_as_an_answer_to_our_pass(void **state)
{
	struct agent_world *w = *state;
	struct bsg_pass pass, forged;
	char *token;

	begin(w, true);
	world_pass(w, &pass);
	forged = pass;
	forged.nonce[0] ^= 1;
	assert_int_equal(tap_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_OUT, .pass = &forged,
							    .nonce = 1 }), BSG_E_DENIED);
	forged = pass;
	forged.pseudonym[0] ^= 1;
	assert_int_equal(tap_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_OUT, .pass = &forged,
							    .nonce = 2 }), BSG_E_DENIED);
	assert_true(fake_camera.restricted);
	token = world_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_OUT, .pass = &pass, .nonce = 3 });
	assert_int_equal(tap(w, token), BSG_OK);
	assert_false(fake_camera.restricted);
	bsg_fake_clock_pass(&w->clock, 1000);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .in = true }), BSG_OK);
	assert_int_equal(tap(w, token), BSG_E_DENIED);
	assert_true(fake_camera.restricted);
	free(token);
}

static void an_answer_to_a_pass_of_two_minutes_ago_is_refused(void **state)
{
	struct agent_world *w = *state;
	struct bsg_pass pass;

	begin(w, true);
	world_pass(w, &pass);
	bsg_fake_clock_pass(&w->clock, 120000);
	assert_int_equal(tap_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_OUT, .pass = &pass,
							    .nonce = 1 }), BSG_E_DENIED);
	assert_true(fake_camera.restricted);
}

static void tokens_that_do_not_hold_are_refused(void **state)
{
	struct agent_world *w = *state;
	int64_t now = NOW + 60;
	const struct {
		const char *what;
		struct token_wish wish;
		enum bsg_err rc;
	} rows[] = {
		{ "expired", { .issued = now - 120 }, BSG_E_DENIED },
		{ "from the future", { .issued = now + 600 }, BSG_E_DENIED },
		{ "signed by another key", { .other_key = true }, BSG_E_CRYPTO },
		{ "a credential of another server", { .other_root = true }, BSG_E_CRYPTO },
		{ "a credential that has expired", { .credential_issued = now - 30 * HOUR }, BSG_E_DENIED },
		{ "a place that is not ours", { .place = "elsewhere" }, BSG_E_DENIED },
	};

	begin(w, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token_wish wish = rows[i].wish;
		enum bsg_err rc;

		wish.direction = BSG_DIRECTION_IN;
		wish.nonce = (uint8_t)(i + 1);
		rc = tap_token(w, &wish);
		if (rc != rows[i].rc || fake_camera.restricted)
			fail_msg("%s: %d", rows[i].what, (int)rc);
	}
	assert_int_equal(tap_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 99 }), BSG_OK);
	assert_true(fake_camera.restricted);
}

static void a_flipped_bit_in_a_token_is_refused(void **state)
{
	struct agent_world *w = *state;
	char *token;

	begin(w, false);
	token = world_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 5 });
	for (size_t i = 0; i < strlen(token); i += 13) {
		char was = token[i];

		token[i] = was == '0' ? '1' : '0';
		assert_int_not_equal(tap(w, token), BSG_OK);
		token[i] = was;
		assert_false(fake_camera.restricted);
	}
	free(token);
}

static void a_token_is_read_as_base45_too(void **state)
{
	struct agent_world *w = *state;
	char *hex, *text;
	uint8_t *bytes;
	size_t len, text_len;
	struct bsg_error err;

	begin(w, false);
	hex = world_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 5 });
	bytes = malloc(strlen(hex) / 2);
	text = malloc(strlen(hex) * 2);
	assert_int_equal(bsg_hex_decode(hex, strlen(hex), bytes, strlen(hex) / 2, &len, &err), BSG_OK);
	assert_int_equal(bsg_base45_encode((struct bsg_bytes){ bytes, len }, text, strlen(hex) * 2 - 1, &text_len), BSG_OK);
	text[text_len] = '\0';
	assert_int_equal(tap(w, text), BSG_OK);
	assert_true(fake_camera.restricted);
	free(text);
	free(bytes);
	free(hex);
}

static void what_is_neither_token_nor_code_is_invalid(void **state)
{
	static const char *const bad[] = { "", "1234567", "123456789", "1234567x", "d28440", "hello", "00", "ABC" };
	struct agent_world *w = *state;

	begin(w, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (tap(w, bad[i]) == BSG_OK || w->agent->saved.wrong_codes)
			fail_msg("\"%s\"", bad[i]);
}

static void a_guest_place_restricts_without_orders_and_survives_a_restart(void **state)
{
	struct agent_world *w = *state;

	begin(w, false);
	assert_int_equal(tap_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 1,
							    .place = "embassy", .guest = true }), BSG_OK);
	assert_true(fake_camera.restricted);
	world_restart(w);
	assert_true(fake_camera.restricted);
	world_pass_time(w, 2 * HOUR + 1);
	assert_false(fake_camera.restricted);
	world_restart(w);
	assert_false(fake_camera.restricted);
}

static void after_a_reboot_an_old_token_does_not_set_the_clock_back(void **state)
{
	struct agent_world *w = *state;

	begin(w, false);
	world_reboot(w);
	assert_int_equal(tap_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 1,
							    .issued = NOW - HOUR }), BSG_E_DENIED);
	assert_false(bsg_agent_now(w->agent).auth);
	assert_int_equal(tap_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN, .nonce = 2,
							    .issued = NOW + 3600 }), BSG_OK);
	assert_true(bsg_agent_now(w->agent).auth);
	assert_true(fake_camera.restricted);
}

/* --- exit codes --- */

static void a_code_lifts_and_is_taken_once(void **state)
{
	struct agent_world *w = *state;
	char code[BSG_EXIT_CODE_DIGITS + 1];

	begin(w, true);
	world_code(bsg_agent_now(w->agent).utc, code);
	assert_int_equal(tap(w, code), BSG_OK);
	assert_false(fake_camera.restricted);
	bsg_fake_clock_pass(&w->clock, 1000);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .in = true }), BSG_OK);
	assert_true(fake_camera.restricted);
	assert_int_equal(tap(w, code), BSG_E_DENIED);
	world_restart(w);
	assert_int_equal(tap(w, code), BSG_E_DENIED);
	assert_true(fake_camera.restricted);
}

static void a_code_of_a_step_before_or_after_is_taken_and_no_other(void **state)
{
	static const struct { int64_t off; bool taken; } rows[] = { { -60, false }, { 60, false }, { -30, true },
		{ 30, true }, { 86400, false } };
	struct agent_world *w = *state;
	char code[BSG_EXIT_CODE_DIGITS + 1];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bsg_fake_clock_pass(&w->clock, 1000);
		assert_int_equal(world_take(w, &(struct orders_wish){ .serial = (uint32_t)i + 1, .in = true }), BSG_OK);
		bsg_fake_clock_pass(&w->clock, 300000);
		world_code(bsg_agent_now(w->agent).utc + rows[i].off, code);
		assert_int_equal(tap(w, code), rows[i].taken ? BSG_OK : BSG_E_DENIED);
		assert_int_equal(fake_camera.restricted, !rows[i].taken);
	}
}

static void five_wrong_codes_and_the_next_has_to_wait_also_after_a_restart(void **state)
{
	struct agent_world *w = *state;
	char code[BSG_EXIT_CODE_DIGITS + 1], wrong[BSG_EXIT_CODE_DIGITS + 1];

	begin(w, true);
	for (int i = 0; i < 5; i++) {
		world_code(bsg_agent_now(w->agent).utc, wrong);
		wrong[i] = wrong[i] == '0' ? '1' : '0';
		assert_int_equal(tap(w, wrong), BSG_E_DENIED);
	}
	world_code(bsg_agent_now(w->agent).utc, code);
	assert_int_equal(tap(w, code), BSG_E_DENIED);
	world_restart(w);
	assert_int_equal(tap(w, code), BSG_E_DENIED);
	assert_true(fake_camera.restricted);
	bsg_fake_clock_pass(&w->clock, 31000);
	world_code(bsg_agent_now(w->agent).utc, code);
	assert_int_equal(tap(w, code), BSG_OK);
	assert_false(fake_camera.restricted);
}

static void the_wait_doubles_up_to_fifteen_minutes(void **state)
{
	static const int64_t waits[] = { 30, 60, 120, 240, 480, 900, 900 };
	struct agent_world *w = *state;

	begin(w, true);
	for (int i = 0; i < 4; i++)
		assert_int_equal(tap(w, "00000000"), BSG_E_DENIED);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(tap(w, "00000000"), BSG_E_DENIED);
		assert_int_equal(w->agent->saved.codes_from - bsg_agent_now(w->agent).utc, waits[i]);
		assert_int_equal(tap(w, "00000000"), BSG_E_DENIED);	/* too early: no try */
		assert_int_equal(w->agent->saved.wrong_codes, 5 + i);
		bsg_fake_clock_pass(&w->clock, waits[i] * 1000);
	}
}

static void a_code_needs_no_server_and_no_presence_gives_none(void **state)
{
	struct agent_world *w = *state;
	char code[BSG_EXIT_CODE_DIGITS + 1];

	begin(w, false);
	world_code(bsg_agent_now(w->agent).utc, code);
	assert_int_equal(tap(w, code), BSG_E_DENIED);
	assert_int_equal(w->agent->saved.wrong_codes, 0);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD(a_token_in_restricts_and_is_answered_with_a_pass),
		WORLD(a_token_is_taken_once_also_after_a_restart),
		WORLD(a_token_out_lifts_once_and_only_as_an_answer_to_our_pass),
		WORLD(an_answer_to_a_pass_of_two_minutes_ago_is_refused),
		WORLD(tokens_that_do_not_hold_are_refused),
		WORLD(a_flipped_bit_in_a_token_is_refused),
		WORLD(a_token_is_read_as_base45_too),
		WORLD(what_is_neither_token_nor_code_is_invalid),
		WORLD(a_guest_place_restricts_without_orders_and_survives_a_restart),
		WORLD(after_a_reboot_an_old_token_does_not_set_the_clock_back),
		WORLD(a_code_lifts_and_is_taken_once),
		WORLD(a_code_of_a_step_before_or_after_is_taken_and_no_other),
		WORLD(five_wrong_codes_and_the_next_has_to_wait_also_after_a_restart),
		WORLD(the_wait_doubles_up_to_fifteen_minutes),
		WORLD(a_code_needs_no_server_and_no_presence_gives_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
