/* SPDX-License-Identifier: Apache-2.0 */
/* bosagad: read the command line, start the server, wait for a signal, stop. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apple/service.h"
#include "server/routes.h"
#include "server/server.h"

static const char usage[] =
	"bosagad --state DIR [--config FILE]\n"
	"\n"
	"The server of Bosaga. The first start makes DIR: keys, database, admin.sock.\n"
	"\n"
	"  --state DIR      where everything is kept\n"
	"  --config FILE    `key = value` lines; see --help-config\n"
	"  --help-config    print every key with type, default and meaning\n"
	"  --list-routes    print method and path of every route\n"
	"  --man            print the manual page\n"
	"  --version        print the version\n"
	"  --help           print this\n";

struct arguments {
	const char *state, *config;
	const char *print;	/* to print and leave */
	bool help_config, list_routes, man;
};

/* @return false: wrong usage, said on stderr */
static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {
		{"state", required_argument, NULL, 's'}, {"config", required_argument, NULL, 'c'},
		{"help-config", no_argument, NULL, 'k'}, {"version", no_argument, NULL, 'V'},
		{"list-routes", no_argument, NULL, 'r'}, {"man", no_argument, NULL, 'm'},
		{"help", no_argument, NULL, 'h'},	 {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			out->state = optarg;
			break;
		case 'c':
			out->config = optarg;
			break;
		case 'k':
			out->help_config = true;
			break;
		case 'r':
			out->list_routes = true;
			break;
		case 'm':
			out->man = true;
			break;
		case 'V':
			out->print = "bosagad " BSG_VERSION "\n";
			break;
		case 'h':
			out->print = usage;
			break;
		default:	/* getopt has said what is wrong */
			fputs("see 'bosagad --help'\n", stderr);
			return false;
		}
	}
	if (optind < argc)
		fprintf(stderr, "bosagad: one argument too many: %s; see 'bosagad --help'\n", argv[optind]);
	else if (out->state == NULL && out->print == NULL && !out->help_config && !out->list_routes && !out->man)
		fputs("bosagad: --state DIR is missing: say where everything is to be kept; see 'bosagad --help'\n", stderr);
	else
		return true;
	return false;
}

/* The one place that knows which platforms there are. */
static enum bsg_err make_platforms(const struct bsg_settings *s, struct bsg_platform **out, struct bsg_server_options *options,
				   struct bsg_error *err)
{
	const struct bsg_apple_options apple = {
		.listen = s->apple_listen, .url = s->apple_url, .behind_proxy = s->apple_tls == BSG_PLANE_TLS_PROXY,
		.deployment = s->apple_deployment, .organisation = s->apple_organisation, .topic = s->apple_topic,
		.push_certificate = s->apple_push_certificate, .push_key = s->apple_push_key,
		.push_endpoint = s->apple_push_endpoint, .push_ca = s->apple_push_ca, .push_team = s->apple_push_team,
		.push_key_id = s->apple_push_key_id, .push_token_key = s->apple_push_token_key,
		.is_root_public = s->apple_public_root, .scep_legacy = s->scep_legacy_ciphers, .sign_profiles = s->apple_sign_profiles,
	};
	enum bsg_err rc = bsg_apple_new(&apple, &out[0], err);

	options->platforms = out;
	options->n_platforms = rc == BSG_OK ? 1 : 0;
	return rc;
}

static int serve(const struct arguments *arguments, const sigset_t *signals)
{
	struct bsg_server_options options = {.state_dir = arguments->state};
	struct bsg_log log = {.fd = 2, .level = BSG_LOG_INFO};
	struct bsg_platform *platforms[1];
	struct bsg_server *server;
	struct bsg_error err = {.text = ""};
	int number = 0;

	if (bsg_settings_load(arguments->config, &options.settings, &err) != BSG_OK) {
		fprintf(stderr, "bosagad: %s\n", err.text);
		return 1;
	}
	/* Here, while there is one thread. */
	if (options.settings.timezone[0] != '\0' && setenv("TZ", options.settings.timezone, 1) != 0)
		return 1;
	tzset();
	log.format = (enum bsg_log_format)options.settings.log_format;
	options.log = &log;
	if (make_platforms(&options.settings, platforms, &options, &err) != BSG_OK) {
		bsg_log(&log, BSG_LOG_ERROR, "bosagad", "cannot start: %s", err.text);
		return 1;
	}
	if (bsg_server_start(&options, &server, &err) != BSG_OK) {
		bsg_log(&log, BSG_LOG_ERROR, "bosagad", "cannot start: %s", err.text);
		return 1;
	}
	if (bsg_server_is_new(server))
		bsg_log(&log, BSG_LOG_WARNING, "bosagad", "new keys were made: put %s/root-key.pem away and remove it here",
			arguments->state);
	bsg_log(&log, BSG_LOG_INFO, "bosagad", "serving people at %s and devices at %s", bsg_server_people_url(server),
		bsg_server_device_url(server));
	while (sigwait(signals, &number) != 0)
		;
	bsg_log(&log, BSG_LOG_INFO, "bosagad", "stopping on signal %d", number);
	bsg_server_stop(server);
	bsg_log(&log, BSG_LOG_INFO, "bosagad", "stopped");
	return 0;
}

static int list_routes(void)
{
	bool ok = true;

	for (size_t i = 0; i < bsg_n_routes; i++)
		ok = printf("%s %s\n", bsg_routes[i].method, bsg_routes[i].path) > 0 && ok;
	for (size_t i = 0; i < bsg_n_apple_routes; i++)
		ok = printf("%s %s\n", bsg_apple_routes[i].method, bsg_apple_routes[i].path) > 0 && ok;
	return !ok || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.state = NULL};
	sigset_t signals;

	if (!read_arguments(argc, argv, &arguments))
		return 2;
	if (arguments.print != NULL)
		return fputs(arguments.print, stdout) == EOF || fflush(stdout) != 0;
	if (arguments.help_config)
		return !bsg_config_help(bsg_settings_keys, bsg_settings_n_keys, stdout) || fflush(stdout) != 0;
	if (arguments.list_routes)
		return list_routes();
	if (arguments.man)
		return !bsg_settings_man(stdout) || fflush(stdout) != 0;
	/* Blocked in every thread, so that only the wait in serve() takes them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
		return 1;
	/* A peer that left and a file that may not grow are errors of one call, not the end of the server. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return 1;
	return serve(&arguments, &signals);
}
