/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for B5: owners of iPhones badge in at a turnstile, so many a second; each phone then asks until it is offered its command.
 *
 *   apple_cross PEOPLE-PORT APPLE-PORT FILE FIRST N RATE      FILE of `apple_load seed`; phones are enrolled and outside
 *
 * Measured from sending the crossing, which is durable when it is answered, until a phone's Idle is answered with a command. Prints
 * {"n", "failed", "rate", "p50_ms", "p99_ms", "max_ms", "crossing_p99_ms", "asked"}.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/apple_seed.h"
#include "sim/fleet.h"

#define N_THREADS 48
#define LINE_MAX_LEN 8192
#define PATIENCE_US 60000000
#define AGAIN_US 1000	/* between two questions of a phone */

static struct {
	unsigned people_port, apple_port;
	size_t first, n;
	double rate;
	char **certificates;
	int64_t *offered_us, *answered_us;	/* by phone; offered 0: never */
	int64_t begun_us;
	atomic_size_t next;
	_Atomic uint64_t n_failed, n_asked;
} load;

static void die(const char *what)
{
	(void)fprintf(stderr, "apple_cross: %s\n", what);
	exit(1);
}

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sleep_us(int64_t us)
{
	const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	if (us > 0)
		(void)nanosleep(&t, NULL);
}

static bool cross(struct bsg_sim_wire *wire, size_t i)
{
	static const char headers[] = "Authorization: Bearer " BSG_SEED_TOKEN "\r\nContent-Type: application/json\r\n";
	char body[80];
	struct bsg_error err;

	(void)snprintf(body, sizeof(body), "{\"direction\":\"in\",\"badge\":\"b%zu\"}", i);
	return bsg_sim_wire_exchange(wire, "POST", "/v1/crossings", headers, (struct bsg_bytes){(const uint8_t *)body, strlen(body)}, &err) ==
	       BSG_OK && wire->status == 200;
}

/* @return whether a command was offered */
static bool ask(struct bsg_sim_wire *wire, size_t i, const struct bsg_buf *idle, const char *headers)
{
	struct bsg_error err;

	(void)i;
	atomic_fetch_add(&load.n_asked, 1);
	if (bsg_sim_wire_exchange(wire, "PUT", "/mdm/server", headers, (struct bsg_bytes){idle->data, idle->len}, &err) != BSG_OK ||
	    wire->status != 200) {
		atomic_fetch_add(&load.n_failed, 1);
		return true;
	}
	return wire->body.len > 0;
}

static void badge_in(struct bsg_sim_wire *people, struct bsg_sim_wire *apple, size_t k)
{
	const size_t i = load.first + k;
	const int64_t due = load.begun_us + (int64_t)((double)k / load.rate * 1e6);
	char headers[LINE_MAX_LEN + 100];
	struct bsg_iphone iphone;
	struct bsg_buf idle;
	struct bsg_error err;
	int64_t sent;

	bsg_iphone_init(&iphone, i, 0, "17.5.1");
	bsg_buf_init(&idle, 4096);
	if (bsg_iphone_idle(&iphone, &idle, &err) != BSG_OK)
		die(err.text);
	(void)snprintf(headers, sizeof(headers), "Client-Cert: :%s:\r\nContent-Type: application/xml\r\n", load.certificates[i]);
	sleep_us(due - now_us());
	sent = now_us();
	if (!cross(people, i))
		atomic_fetch_add(&load.n_failed, 1);
	load.answered_us[k] = now_us() - sent;
	while (!ask(apple, i, &idle, headers) && now_us() - sent < PATIENCE_US)
		sleep_us(AGAIN_US);
	load.offered_us[k] = now_us() - sent;
	bsg_buf_free(&idle);
	bsg_iphone_clear(&iphone);
}

static void *walk(void *arg)
{
	struct bsg_sim_wire people, apple;
	size_t k;

	(void)arg;
	bsg_sim_wire_init(&people, load.people_port);
	bsg_sim_wire_init(&apple, load.apple_port);
	while ((k = atomic_fetch_add(&load.next, 1)) < load.n)
		badge_in(&people, &apple, k);
	bsg_sim_wire_close(&people);
	bsg_sim_wire_close(&apple);
	return NULL;
}

static void read_certificates(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[LINE_MAX_LEN];

	for (size_t i = 0; i < load.first + load.n; i++) {
		if (file == NULL || fgets(line, sizeof(line), file) == NULL)
			die("too few certificates");
		line[strcspn(line, "\n")] = '\0';
		load.certificates[i] = strdup(line);
		if (load.certificates[i] == NULL)
			die("no memory");
	}
	(void)fclose(file);
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double part(const int64_t *sorted, double which)
{
	return (double)sorted[(size_t)((double)(load.n - 1) * which)] / 1000;
}

int main(int argc, char **argv)
{
	pthread_t threads[N_THREADS];
	double seconds;

	if (argc != 7)
		die("PEOPLE-PORT APPLE-PORT FILE FIRST N RATE");
	load.people_port = (unsigned)strtoul(argv[1], NULL, 10);
	load.apple_port = (unsigned)strtoul(argv[2], NULL, 10);
	load.first = strtoul(argv[4], NULL, 10);
	load.n = strtoul(argv[5], NULL, 10);
	load.rate = strtod(argv[6], NULL);
	load.certificates = calloc(load.first + load.n + 1, sizeof(*load.certificates));
	load.offered_us = calloc(load.n + 1, sizeof(*load.offered_us));
	load.answered_us = calloc(load.n + 1, sizeof(*load.answered_us));
	if (load.n == 0 || load.rate <= 0 || load.certificates == NULL || load.offered_us == NULL || load.answered_us == NULL)
		die("no memory, or nothing to do");
	read_certificates(argv[3]);
	load.begun_us = now_us();
	for (size_t t = 0; t < N_THREADS; t++)
		if (pthread_create(&threads[t], NULL, walk, NULL) != 0)
			die("no thread");
	for (size_t t = 0; t < N_THREADS; t++)
		(void)pthread_join(threads[t], NULL);
	seconds = (double)(now_us() - load.begun_us) / 1e6;
	qsort(load.offered_us, load.n, sizeof(*load.offered_us), compare);
	qsort(load.answered_us, load.n, sizeof(*load.answered_us), compare);
	printf("{\"n\": %zu, \"failed\": %llu, \"rate\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"crossing_p99_ms\": %.2f, "
	       "\"asked\": %llu}\n", load.n, (unsigned long long)load.n_failed, (double)load.n / seconds, part(load.offered_us, 0.5),
	       part(load.offered_us, 0.99), part(load.offered_us, 1), part(load.answered_us, 0.99), (unsigned long long)load.n_asked);
	return load.n_failed > 0;
}
