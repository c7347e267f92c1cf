/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for B3, B3e and B6: many iPhones against a bosagad of another process, which a proxy would stand before.
 *
 *   apple_load seed STATE N FILE POLICY         a server made STATE and is down; POLICY is JSON; FILE gets the certificates, FILE.key
 *                                               and FILE.ca the one key of all phones and their CA
 *   apple_load enrol PORT FILE FIRST N          Authenticate and TokenUpdate
 *   apple_load idle PORT FILE FIRST N           one Idle each
 *   apple_load talk PORT FILE FIRST N           Idle, and all commands that follow
 *
 * Prints {"n", "requests", "commands", "restricted", "failed", "seconds"}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "bench/apple_fleet.h"
#include "bench/apple_seed.h"

#define N_CONNECTIONS 64
#define LINE_MAX_LEN 8192

static void die(const char *what)
{
	(void)fprintf(stderr, "apple_load: %s\n", what);
	exit(1);
}

static void *must_alloc(size_t n, size_t size)
{
	void *memory = calloc(n + 1, size);

	if (memory == NULL)
		die("no memory");
	return memory;
}

static char *read_policy(const char *path)
{
	char *text = must_alloc(65536, 1);
	FILE *file = fopen(path, "r");

	if (file == NULL || fread(text, 1, 65535, file) == 0)
		die("cannot read the policy");
	(void)fclose(file);
	return text;
}

static int seed(char **argv)
{
	char key[300], ca[300];
	struct bsg_seed what = {.dir = argv[2], .n = (unsigned)strtoul(argv[3], NULL, 10), .at = time(NULL), .key_path = key, .ca_path = ca};
	struct bsg_seed_phone *phones = must_alloc(what.n, sizeof(*phones));
	FILE *file = fopen(argv[4], "w");
	char *policy = read_policy(argv[5]);
	struct bsg_error err = {.text = ""};

	what.policy = policy;
	(void)snprintf(key, sizeof(key), "%s.key", argv[4]);
	(void)snprintf(ca, sizeof(ca), "%s.ca", argv[4]);
	if (file == NULL)
		die("cannot write the certificates");
	if (bsg_seed(&what, phones, &err) != BSG_OK)
		die(err.text);
	for (unsigned i = 0; i < what.n; i++) {
		struct bsg_buf text;

		bsg_buf_init(&text, LINE_MAX_LEN);
		bsg_base64_encode(phones[i].certificate.data, phones[i].certificate.len, 0, &text);
		bsg_buf_add_text(&text, "\n");
		if (fwrite(text.data, 1, text.len, file) != text.len)
			die("cannot write the certificates");
		bsg_buf_free(&text);
		bsg_buf_free(&phones[i].certificate);
	}
	free(phones);
	free(policy);
	return fclose(file) != 0;
}

static int load(char **argv, unsigned what)
{
	const size_t first = strtoul(argv[4], NULL, 10), n = strtoul(argv[5], NULL, 10);
	struct bsg_fleet_phone *phones = bsg_bench_phones(argv[3], first + n);
	struct bsg_fleet_options options = {.port = (unsigned)strtoul(argv[2], NULL, 10), .n_threads = N_CONNECTIONS,
		.topic = "com.apple.mgmt.External.bench", .phones = phones, .n = first + n};
	struct timespec begin, end;
	struct bsg_fleet_stats stats;
	struct bsg_fleet *fleet;
	struct bsg_error err = {.text = ""};
	size_t n_restricted = 0;

	if (bsg_fleet_start(&options, &fleet, &err) != BSG_OK)
		die(err.text);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = first; i < first + n; i++)
		bsg_fleet_want(fleet, i, what);
	bsg_fleet_wait(fleet);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	bsg_fleet_stats(fleet, &stats);
	bsg_fleet_stop(fleet);
	for (size_t i = 0; i < first + n; i++) {
		n_restricted += bsg_iphone_restricted(&phones[i].iphone) != 0;
		bsg_iphone_clear(&phones[i].iphone);
		free(phones[i].certificate);
	}
	free(phones);
	if (stats.n_failed > 0)
		(void)fprintf(stderr, "apple_load: %s\n", stats.why);
	printf("{\"n\": %zu, \"requests\": %llu, \"commands\": %llu, \"restricted\": %zu, \"failed\": %llu, \"seconds\": %.4f}\n", n,
	       (unsigned long long)stats.n_requests, (unsigned long long)stats.n_commands, n_restricted, (unsigned long long)stats.n_failed,
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return stats.n_failed > 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; unsigned what; } loads[] = {
		{"enrol", BSG_FLEET_AUTHENTICATE | BSG_FLEET_TOKEN}, {"idle", BSG_FLEET_IDLE}, {"talk", BSG_FLEET_TALK},
	};

	if (argc == 6 && strcmp(argv[1], "seed") == 0)
		return seed(argv);
	for (size_t i = 0; argc == 6 && i < sizeof(loads) / sizeof(loads[0]); i++)
		if (strcmp(argv[1], loads[i].name) == 0)
			return load(argv, loads[i].what);
	die("seed STATE N FILE POLICY | enrol|idle|talk PORT FILE FIRST N");
}
