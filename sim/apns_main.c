/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga-sim apns --listen ADDR:PORT --dir DIR [--topic TOPIC] [--team TEAM --key-id ID]`. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/pushcert.h"
#include "sim/apns.h"
#include "sim/sim.h"

#define TOPIC "com.apple.mgmt.External.stand-in"
#define PEM_MAX 65536

struct words {
	const char *listen, *dir, *topic, *team, *key_id;
};

/* What lies in the folder. */
struct files {
	char paths[6][512];	/* in the order of names[] */
	char *texts[4];		/* of the first ones */
};

enum { CA, SERVER, SERVER_KEY, PUSH, PUSHES, CONTROL };
static const char *const names[] = { "ca.pem", "server.pem", "server.key", "push.pem", "pushes.jsonl", "behaviour.json" };

static bool parse(int argc, char **argv, struct words *words)
{
	const struct { const char *option; const char **to; } options[] = {
		{ "--listen", &words->listen }, { "--dir", &words->dir }, { "--topic", &words->topic },
		{ "--team", &words->team }, { "--key-id", &words->key_id },
	};
	const size_t n = sizeof(options) / sizeof(options[0]);

	for (int i = 0; i < argc; i += 2) {
		size_t o = 0;

		while (o < n && strcmp(argv[i], options[o].option) != 0)
			o++;
		if (o == n || i + 1 == argc)
			return false;
		*options[o].to = argv[i + 1];
	}
	return words->listen != NULL && words->dir != NULL && (words->team == NULL) == (words->key_id == NULL);
}

static enum bsg_err read_files(const struct words *words, struct files *files, struct bsg_error *err)
{
	struct bsg_push_cert cert;
	size_t len = 0;
	enum bsg_err rc = bsg_dir_make(words->dir, 0700, err);

	if (rc == BSG_OK)
		rc = bsg_sim_apns_certificates(words->dir, words->topic, err);
	for (size_t i = 0; rc == BSG_OK && i < sizeof(names) / sizeof(names[0]); i++)
		rc = bsg_path_join(words->dir, names[i], files->paths[i], sizeof(files->paths[i]), err);
	for (size_t i = 0; rc == BSG_OK && i < sizeof(files->texts) / sizeof(files->texts[0]); i++) {
		uint8_t *text;

		rc = bsg_file_read(files->paths[i], PEM_MAX, &text, &len, err);
		files->texts[i] = (char *)text;
	}
	/* The folder may be an older one, of another topic. */
	if (rc == BSG_OK)
		rc = bsg_push_cert_check(files->texts[PUSH], len, words->topic, &cert, err);
	return rc;
}

/* The key of tokens, DIR/token.p8: made when missing. */
static enum bsg_err load_token_key(const char *dir, struct bsg_public_key *out, struct bsg_error *err)
{
	char path[512];
	struct bsg_key *key = NULL;
	enum bsg_err rc = bsg_path_join(dir, "token.p8", path, sizeof(path), err);

	if (rc == BSG_OK)
		rc = bsg_key_load(path, &key, err);
	if (rc == BSG_E_NOT_FOUND) {
		rc = bsg_key_generate(&key, err);
		if (rc == BSG_OK)
			rc = bsg_key_save(key, path, err);
	}
	if (rc == BSG_OK)
		bsg_key_public(key, out);
	bsg_key_free(key);
	return rc;
}

static enum bsg_err start(const struct words *words, const struct files *files, struct bsg_sim_apns **apns,
			  struct bsg_error *err)
{
	struct bsg_sim_apns_options options = {
		.listen = words->listen, .certificate_pem = files->texts[SERVER], .key_pem = files->texts[SERVER_KEY],
		.topic = words->topic, .client_ca_pem = words->team == NULL ? files->texts[CA] : NULL,
		.team_id = words->team, .key_id = words->key_id, .record_path = files->paths[PUSHES],
		.control_path = files->paths[CONTROL],
	};
	enum bsg_err rc = words->team != NULL ? load_token_key(words->dir, &options.token_key, err) : BSG_OK;

	return rc == BSG_OK ? bsg_sim_apns_start(&options, apns, err) : rc;
}

/* Signals are blocked before the thread begins, so that only this one gets them. */
static enum bsg_err serve(const struct words *words, struct bsg_error *err)
{
	struct files files = { .texts = { NULL } };
	struct bsg_sim_apns *apns = NULL;
	sigset_t signals;
	int got;
	enum bsg_err rc;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	rc = read_files(words, &files, err);
	if (rc == BSG_OK)
		rc = start(words, &files, &apns, err);
	if (rc == BSG_OK) {
		(void)printf("port %u\n", bsg_sim_apns_port(apns));
		(void)fflush(stdout);
		while (sigwait(&signals, &got) != 0)
			;
	}
	bsg_sim_apns_stop(apns);
	for (size_t i = 0; i < sizeof(files.texts) / sizeof(files.texts[0]); i++)
		free(files.texts[i]);
	return rc;
}

int bsg_sim_apns_main(int argc, char **argv)
{
	struct words words = { .topic = TOPIC };
	struct bsg_error err;

	if (!parse(argc, argv, &words)) {
		(void)fputs("usage: bosaga-sim apns --listen ADDR:PORT --dir DIR [--topic TOPIC] [--team TEAM --key-id ID]\n",
			    stderr);
		return 2;
	}
	if (serve(&words, &err) != BSG_OK) {
		(void)fprintf(stderr, "bosaga-sim: %s\n", err.text);
		return 1;
	}
	return 0;
}
