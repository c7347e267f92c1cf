/* SPDX-License-Identifier: Apache-2.0 */
/* `bosaga-sim iphone`: one phone in the foreground, led by words on stdin; it prints a line of JSON at each change. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <jansson.h>

#include <bosaga/functions.h>

#include "base/file.h"
#include "base/timetext.h"
#include "http/client.h"
#include "sim/iphone_link.h"
#include "sim/sim.h"

#define PROFILE_MAX (1u << 20)
#define POLL_S 2

struct options {
	struct bsg_iphone_link_options link;
	struct bsg_sim_apns_folder apns;
	const char *profile, *url, *poll, *locked;
};

struct life {
	struct bsg_iphone_link *link;
	pthread_t thread;
	int over_fd;		/* written when it has ended */
	int signal_fd;
};

/* ---- options -------------------------------------------------------------- */

static const struct { const char *option; uint32_t is; } flags[] = {
	{ "--supervised", BSG_IPHONE_SUPERVISED }, { "--silent", BSG_IPHONE_SILENT }, { "--disobey", BSG_IPHONE_DISOBEYS },
	{ "--no-lease", BSG_IPHONE_NO_LEASE }, { "--no-restrictions", BSG_IPHONE_NO_RESTRICTIONS }, { "--no-list", BSG_IPHONE_NO_LIST },
	{ "--no-remove", BSG_IPHONE_NO_REMOVE }, { "--no-install", BSG_IPHONE_NO_INSTALL }, { "--locked", BSG_IPHONE_LOCKED },
};

static bool take_flag(const char *word, struct options *o)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(word, flags[i].option) == 0) {
			o->link.is |= flags[i].is;
			return true;
		}
	return false;
}

static bool seconds(const char *text, int *out)
{
	char *end;
	const long value = text != NULL ? strtol(text, &end, 10) : 0;

	if (text == NULL)
		return true;
	*out = (int)value;
	return *text != '\0' && *end == '\0' && value >= 0 && value <= 86400;
}

static bool parse(int argc, char **argv, struct options *o)
{
	const struct { const char *option; const char **to; } texts[] = {
		{ "--profile", &o->profile }, { "--url", &o->url }, { "--root", &o->link.root_file }, { "--state", &o->link.dir },
		{ "--key", &o->link.key_file }, { "--poll", &o->poll }, { "--locked-s", &o->locked },
		{ "--apns-dir", &o->apns.dir }, { "--apns-listen", &o->apns.listen },
	};
	const size_t n = sizeof(texts) / sizeof(texts[0]);

	for (int i = 0; i < argc; i++) {
		size_t t = 0;

		if (take_flag(argv[i], o))
			continue;
		while (t < n && strcmp(argv[i], texts[t].option) != 0)
			t++;
		if (t == n || ++i == argc)
			return false;
		*texts[t].to = argv[i];
	}
	o->link.poll_s = o->apns.dir == NULL ? POLL_S : 0;
	return o->link.dir != NULL && (o->profile == NULL || o->url == NULL) && (o->apns.dir == NULL) == (o->apns.listen == NULL) &&
	       seconds(o->poll, &o->link.poll_s) && seconds(o->locked, &o->link.locked_s);
}

/* ---- the profile ---------------------------------------------------------------- */

static enum bsg_err get(const struct options *o, struct bsg_http_response *out, struct bsg_error *err)
{
	const struct bsg_http_client_options options = { .root_file = o->link.root_file };
	const struct bsg_http_request request = { .url = o->url };
	struct bsg_http_client *client;
	enum bsg_err rc = bsg_http_client_open(&options, &client, err);

	if (rc == BSG_OK)
		rc = bsg_http_client_do(client, &request, out, err);
	if (rc == BSG_OK && out->status != 200)
		rc = bsg_fail(err, BSG_E_DENIED, "%s: the server answered %u", o->url, out->status);
	bsg_http_client_close(client);
	return rc;
}

/* Enrol with the profile, or without one open what is there. */
static enum bsg_err open_link(struct options *o, struct life *life, struct bsg_error *err)
{
	struct bsg_http_response response = { 0 };
	uint8_t *file = NULL;
	size_t len = 0;
	enum bsg_err rc = bsg_iphone_link_open(&o->link, &life->link, err);

	if (rc != BSG_E_NOT_FOUND)
		return rc;
	if (o->profile == NULL && o->url == NULL)
		return bsg_fail(err, BSG_E_NOT_FOUND, "%s holds no phone yet: enrol one with --profile or --url", o->link.dir);
	rc = o->profile != NULL ? bsg_file_read(o->profile, PROFILE_MAX, &file, &len, err) : get(o, &response, err);
	o->link.profile = o->profile != NULL ? (struct bsg_bytes){ file, len } : (struct bsg_bytes){ response.body, response.body_len };
	if (rc == BSG_OK)
		rc = bsg_iphone_link_open(&o->link, &life->link, err);
	bsg_http_response_clear(&response);
	free(file);
	return rc;
}

/* ---- its life ------------------------------------------------------------------------ */

static void print(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	if (text != NULL)
		(void)printf("%s\n", text);
	(void)fflush(stdout);
	free(text);
	json_decref(json);
}

static void print_change(const struct bsg_iphone_change *change, void *app)
{
	char at[BSG_TIME_SIZE], until[BSG_TIME_SIZE];
	json_t *names = json_array();

	(void)app;
	bsg_time_format(change->at, at);
	bsg_time_format(change->until, until);
	for (int i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		if ((change->restricted & bsg_functions[i].bit) != 0)
			(void)json_array_append_new(names, json_string(bsg_functions[i].name));
	print(json_pack("{s:s,s:o,s:s?,s:s}", "at", at, "restricted", names, "until", change->until != 0 ? until : NULL, "why", change->why));
}

static void hear(const struct bsg_sim_push *push, void *app)
{
	const struct life *life = app;

	if (push->status == 200 && strcasecmp(push->token, bsg_iphone_link_token(life->link)) == 0)
		bsg_iphone_link_happen(life->link, BSG_IPHONE_PUSH);
}

static void *live(void *app)
{
	const struct life *life = app;

	bsg_iphone_link_run(life->link);
	(void)eventfd_write(life->over_fd, 1);
	return NULL;
}

static void obey(const struct life *life, char *line)
{
	static const struct { const char *word; unsigned what; } words[] = {
		{ "lock", BSG_IPHONE_LOCK }, { "unlock", BSG_IPHONE_UNLOCK }, { "poll", BSG_IPHONE_POLL },
		{ "checkout", BSG_IPHONE_CHECKOUT }, { "quit", BSG_IPHONE_STOP },
	};

	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(line, words[i].word) == 0) {
			bsg_iphone_link_happen(life->link, words[i].what);
			print(json_pack("{s:s}", "heard", line));	/* what comes from now on finds it so */
			return;
		}
	(void)fprintf(stderr, "bosaga-sim: no word \"%s\"; there are lock, unlock, poll, checkout, quit\n", line);
}

/* Words come one a line; the end of stdin is not the end of the phone. */
static void lead(const struct life *life)
{
	struct pollfd fds[] = { { .fd = life->over_fd, .events = POLLIN }, { .fd = life->signal_fd, .events = POLLIN },
				{ .fd = STDIN_FILENO, .events = POLLIN } };
	char line[64];

	(void)setvbuf(stdin, NULL, _IONBF, 0);	/* poll() sees what stdio has not taken */
	while (poll(fds, 3, -1) >= 0 && fds[0].revents == 0 && fds[1].revents == 0) {
		if (fds[2].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) != NULL)
			obey(life, line);
		else
			fds[2].fd = -1;
	}
	bsg_iphone_link_happen(life->link, BSG_IPHONE_STOP);
}

static enum bsg_err run(struct options *o, struct life *life, struct bsg_error *err)
{
	struct bsg_sim_apns *apns = NULL;
	enum bsg_err rc = open_link(o, life, err);

	o->apns.on_push = hear;
	o->apns.app = life;
	if (rc == BSG_OK && o->apns.dir != NULL)
		rc = bsg_sim_apns_open(&o->apns, &apns, err);
	if (rc == BSG_OK) {
		print(json_pack("{s:s,s:s}", "device", bsg_iphone_link_device(life->link), "token", bsg_iphone_link_token(life->link)));
		if (pthread_create(&life->thread, NULL, live, life) == 0) {
			lead(life);
			(void)pthread_join(life->thread, NULL);
		} else {
			rc = bsg_fail(err, BSG_E_UNAVAILABLE, "no thread");
		}
	}
	bsg_sim_apns_stop(apns);
	bsg_iphone_link_close(life->link);
	return rc;
}

int bsg_sim_iphone_main(int argc, char **argv)
{
	const struct bsg_log log = { .fd = 2, .level = BSG_LOG_INFO };
	struct options o = { .link = { .log = &log, .on_change = print_change } };
	struct life life = { .over_fd = eventfd(0, EFD_CLOEXEC) };
	struct bsg_error err;
	sigset_t signals;

	if (!parse(argc, argv, &o)) {
		(void)fputs("bosaga-sim iphone: what is asked is in bosaga-sim --help\n", stderr);
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	life.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (run(&o, &life, &err) == BSG_OK)
		return 0;
	(void)fprintf(stderr, "bosaga-sim: %s\n", err.text);
	return 1;
}
