/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga-sim gate --credential FILE token --in|--out [--pass HEX] | code --pass HEX | check --pass HEX`. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "sim/gate.h"
#include "sim/sim.h"
#include "wire/pass.h"

static const char usage[] =
	"usage: bosaga-sim gate --credential FILE token --in|--out [--pass HEX]\n"
	"       bosaga-sim gate --credential FILE code|check --pass HEX\n";

struct words {
	const char *credential;
	const char *what;	/* token, code or check */
	const char *pass;
	enum bsg_direction direction;
};

static bool parse(int argc, char **argv, struct words *words)
{
	for (int i = 0; i < argc; i++) {
		const char **value = NULL;

		if (strcmp(argv[i], "--in") == 0)
			words->direction = BSG_DIRECTION_IN;
		else if (strcmp(argv[i], "--out") == 0)
			words->direction = BSG_DIRECTION_OUT;
		else if (strcmp(argv[i], "--credential") == 0)
			value = &words->credential;
		else if (strcmp(argv[i], "--pass") == 0)
			value = &words->pass;
		else if (words->what == NULL && argv[i][0] != '-')
			words->what = argv[i];
		else
			return false;
		if (value != NULL) {
			if (++i == argc)
				return false;
			*value = argv[i];
		}
	}
	if (words->credential == NULL || words->what == NULL)
		return false;
	if (strcmp(words->what, "token") == 0)
		return words->direction != 0;
	return (strcmp(words->what, "code") == 0 || strcmp(words->what, "check") == 0) && words->pass != NULL && words->direction == 0;
}

/* What a pass of the server says, as one line of JSON. */
static enum bsg_err show_check(struct bsg_sim_gate *gate, struct bsg_bytes message, int64_t now, struct bsg_error *err)
{
	char pseudonym[2 * BSG_PSEUDONYM_LEN + 1];
	struct bsg_pass pass;
	enum bsg_err rc = bsg_sim_gate_check(gate, message, now, &pass, err);

	if (rc != BSG_OK)
		return rc;
	bsg_hex_encode(pass.pseudonym, sizeof(pass.pseudonym), pseudonym);
	(void)printf("{\"pseudonym\": \"%s\", \"issued\": %lld, \"expires\": %lld, \"verified_at\": %lld, \"serial\": %u, "
		     "\"functions\": %u, \"sequence\": %u}\n", pseudonym, (long long)pass.issued, (long long)pass.expires,
		     (long long)pass.verified_at, pass.serial, pass.functions, pass.sequence);
	return BSG_OK;
}

static enum bsg_err show_token(struct bsg_sim_gate *gate, const struct words *words, struct bsg_bytes pass,
			       int64_t now, struct bsg_error *err)
{
	struct bsg_buf token;
	char *hex = NULL;
	enum bsg_err rc;

	bsg_buf_init(&token, BSG_TOKEN_MAX);
	rc = bsg_sim_gate_token(gate, words->direction, pass, now, &token, err);
	if (rc == BSG_OK) {
		hex = malloc(2 * token.len + 1);
		if (hex == NULL)
			rc = bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	}
	if (rc == BSG_OK) {
		bsg_hex_encode(token.data, token.len, hex);
		(void)puts(hex);
	}
	free(hex);
	bsg_buf_free(&token);
	return rc;
}

static enum bsg_err show(const struct words *words, struct bsg_error *err)
{
	int64_t now = bsg_clock_utc(bsg_clock_system());
	uint8_t pass[BSG_PASS_MAX];
	size_t pass_len = 0;
	struct bsg_sim_gate *gate;
	char code[BSG_EXIT_CODE_DIGITS + 1];
	enum bsg_err rc = bsg_sim_gate_load(words->credential, &gate, err);

	if (rc == BSG_OK && words->pass != NULL)
		rc = bsg_hex_decode(words->pass, strlen(words->pass), pass, sizeof(pass), &pass_len, err);
	if (rc == BSG_OK && strcmp(words->what, "token") == 0) {
		rc = show_token(gate, words, (struct bsg_bytes){ pass, pass_len }, now, err);
	} else if (rc == BSG_OK && strcmp(words->what, "check") == 0) {
		rc = show_check(gate, (struct bsg_bytes){ pass, pass_len }, now, err);
	} else if (rc == BSG_OK) {
		rc = bsg_sim_gate_code(gate, (struct bsg_bytes){ pass, pass_len }, now, code, err);
		if (rc == BSG_OK)
			(void)puts(code);
	}
	bsg_sim_gate_free(gate);
	if (rc == BSG_OK && fflush(stdout) != 0)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "cannot write the answer");
	return rc;
}

int bsg_sim_gate_main(int argc, char **argv)
{
	struct words words = { 0 };
	struct bsg_error err;

	if (!parse(argc, argv, &words)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (show(&words, &err) != BSG_OK) {
		(void)fprintf(stderr, "bosaga-sim: %s\n", err.text);
		return 1;
	}
	return 0;
}
