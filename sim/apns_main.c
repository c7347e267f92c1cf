/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga-sim apns --dir DIR [--listen ADDR:PORT] [--topic TOPIC] [--team TEAM --key-id ID]`, and a stand-in over such a folder. */
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

/* What lies in the folder. */
struct files {
	char paths[6][512];	/* in the order of names[] */
	char *texts[4];		/* of the first ones */
};

enum { CA, SERVER, SERVER_KEY, PUSH, PUSHES, CONTROL };
static const char *const names[] = { "ca.pem", "server.pem", "server.key", "push.pem", "pushes.jsonl", "behaviour.json" };

static bool parse(int argc, char **argv, struct bsg_sim_apns_folder *words)
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
	return words->dir != NULL && (words->team == NULL) == (words->key_id == NULL);
}

static enum bsg_err read_files(const struct bsg_sim_apns_folder *words, struct files *files, struct bsg_error *err)
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

static enum bsg_err start(const struct bsg_sim_apns_folder *folder, const struct files *files, struct bsg_sim_apns **apns,
			  struct bsg_error *err)
{
	struct bsg_sim_apns_options options = {
		.listen = folder->listen, .certificate_pem = files->texts[SERVER], .key_pem = files->texts[SERVER_KEY],
		.topic = folder->topic, .client_ca_pem = folder->team == NULL ? files->texts[CA] : NULL,
		.team_id = folder->team, .key_id = folder->key_id, .record_path = files->paths[PUSHES],
		.control_path = files->paths[CONTROL], .on_push = folder->on_push, .app = folder->app,
	};
	enum bsg_err rc = folder->team != NULL ? load_token_key(folder->dir, &options.token_key, err) : BSG_OK;

	return rc == BSG_OK ? bsg_sim_apns_start(&options, apns, err) : rc;
}

enum bsg_err bsg_sim_apns_open(const struct bsg_sim_apns_folder *folder, struct bsg_sim_apns **out, struct bsg_error *err)
{
	struct bsg_sim_apns_folder with_topic = *folder;
	struct files files = { .texts = { NULL } };
	enum bsg_err rc;

	*out = NULL;
	if (with_topic.topic == NULL)
		with_topic.topic = TOPIC;
	rc = read_files(&with_topic, &files, err);
	if (rc == BSG_OK && folder->listen != NULL)
		rc = start(&with_topic, &files, out, err);
	for (size_t i = 0; i < sizeof(files.texts) / sizeof(files.texts[0]); i++)
		free(files.texts[i]);
	return rc;
}

/* Signals are blocked before the thread begins, so that only this one gets them. */
static enum bsg_err serve(const struct bsg_sim_apns_folder *folder, struct bsg_error *err)
{
	struct bsg_sim_apns *apns;
	sigset_t signals;
	int got;
	enum bsg_err rc;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	rc = bsg_sim_apns_open(folder, &apns, err);
	if (rc == BSG_OK && apns != NULL) {
		(void)printf("port %u\n", bsg_sim_apns_port(apns));
		(void)fflush(stdout);
		while (sigwait(&signals, &got) != 0)
			;
	}
	bsg_sim_apns_stop(apns);
	return rc;
}

int bsg_sim_apns_main(int argc, char **argv)
{
	struct bsg_sim_apns_folder words = { .topic = TOPIC };
	struct bsg_error err;

	if (!parse(argc, argv, &words)) {
		(void)fputs("usage: bosaga-sim apns --dir DIR [--listen ADDR:PORT] [--topic TOPIC] [--team TEAM --key-id ID]\n",
			    stderr);
		return 2;
	}
	if (serve(&words, &err) != BSG_OK) {
		(void)fprintf(stderr, "bosaga-sim: %s\n", err.text);
		return 1;
	}
	return 0;
}
