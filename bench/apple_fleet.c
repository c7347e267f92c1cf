/* SPDX-License-Identifier: Apache-2.0 */
/* See bench/apple_fleet.h. */
#include "bench/apple_fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define LINE_MAX_LEN 8192

static _Noreturn void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

struct bsg_fleet_phone *bsg_bench_phones(const char *path, size_t n)
{
	struct bsg_fleet_phone *phones = calloc(n + 1, sizeof(*phones));
	FILE *file = fopen(path, "r");
	char line[LINE_MAX_LEN];

	if (phones == NULL || file == NULL)
		die(path, "cannot be read");
	for (size_t i = 0; i < n; i++) {
		if (fgets(line, sizeof(line), file) == NULL)
			die(path, "too few certificates");
		line[strcspn(line, "\n")] = '\0';
		bsg_iphone_init(&phones[i].iphone, i, 0, "17.5.1");
		phones[i].certificate = strdup(line);
		if (phones[i].certificate == NULL)
			die(path, "no memory");
	}
	(void)fclose(file);
	return phones;
}

void bsg_bench_phones_free(struct bsg_fleet_phone *phones, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bsg_iphone_clear(&phones[i].iphone);
		free(phones[i].certificate);
	}
	free(phones);
}

static char *read_text(const char *dir, const char *name)
{
	struct bsg_error err = {.text = ""};
	char path[300];
	uint8_t *data;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (bsg_file_read(path, 65536, &data, &len, &err) != BSG_OK)
		die(path, err.text);
	return (char *)data;
}

struct bsg_sim_apns *bsg_bench_apns(const char *dir, const char *listen, const char *topic, const struct bsg_clock *clock,
				    void (*on_push)(const struct bsg_sim_push *push, void *app), void *app)
{
	struct bsg_sim_apns_options options = {.listen = listen, .topic = topic, .clock = clock, .on_push = on_push, .app = app};
	struct bsg_error err = {.text = ""};
	char *ca, *certificate, *key;
	struct bsg_sim_apns *apns;

	if (bsg_sim_apns_certificates(dir, topic, &err) != BSG_OK)
		die("certificates of APNs", err.text);
	options.client_ca_pem = ca = read_text(dir, "ca.pem");
	options.certificate_pem = certificate = read_text(dir, "server.pem");
	options.key_pem = key = read_text(dir, "server.key");
	if (bsg_sim_apns_start(&options, &apns, &err) != BSG_OK)
		die("APNs", err.text);
	free(ca);
	free(certificate);
	free(key);
	return apns;
}
