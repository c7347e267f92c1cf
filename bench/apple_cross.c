/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for B5: owners of iPhones badge in at a turnstile, so many a second; each phone is pushed, asks and is offered its command.
 *
 *   apple_cross PEOPLE-PORT APPLE-PORT FILE N RATE APNS APNS-PORT
 *
 * FILE of `apple_load seed`, whose phones are enrolled and outside; APNs stands here, with the certificates of folder APNS. Measured
 * from when the crossing is to be sent, which is durable when it is answered, until a phone's Idle is answered with a command; the
 * phones then obey and prove it, as phones do, beside the crossings that follow. Prints
 * {"n", "failed", "never", "rate", "p50_ms", "p99_ms", "max_ms", "crossing_p99_ms", "requests", "pushes"}.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/apple_fleet.h"
#include "bench/apple_seed.h"

#define N_GATES 64		/* connections of turnstiles: at 1000/s each may take 64 ms */
#define N_PHONES 128		/* connections of a proxy for phones: more than ever talk at once */
#define TOPIC "com.apple.mgmt.External.bench"
#define PATIENCE_US 60000000

static struct {
	unsigned people_port;
	size_t n;
	double rate;
	struct bsg_fleet *fleet;
	int64_t begun_us;
	int64_t *offered_us, *answered_us;	/* how long it took, by phone; 0: not yet */
	_Atomic int64_t *sent_us;
	atomic_size_t next, n_offered;
	_Atomic uint64_t n_failed;
} load;

static _Noreturn void die(const char *what)
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

/* ---- turnstiles ---------------------------------------------------------------------- */

static void cross(struct bsg_sim_wire *wire, size_t i)
{
	static const char headers[] = "Authorization: Bearer " BSG_SEED_TOKEN "\r\nContent-Type: application/json\r\n";
	char body[80];
	struct bsg_error err;

	load.sent_us[i] = load.begun_us + (int64_t)((double)i / load.rate * 1e6);	/* a gate that is late has waited */
	sleep_us(load.sent_us[i] - now_us());
	(void)snprintf(body, sizeof(body), "{\"direction\":\"in\",\"badge\":\"b%zu\"}", i);
	if (bsg_sim_wire_exchange(wire, "POST", "/v1/crossings", headers, (struct bsg_bytes){(const uint8_t *)body, strlen(body)}, &err) !=
	    BSG_OK || wire->status != 200)
		atomic_fetch_add(&load.n_failed, 1);
	load.answered_us[i] = now_us() - load.sent_us[i];
}

static void *serve_gate(void *arg)
{
	struct bsg_sim_wire wire;
	size_t i;

	(void)arg;
	bsg_sim_wire_init(&wire, load.people_port);
	while ((i = atomic_fetch_add(&load.next, 1)) < load.n)
		cross(&wire, i);
	bsg_sim_wire_close(&wire);
	return NULL;
}

/* ---- phones -------------------------------------------------------------------------- */

static void on_push(const struct bsg_sim_push *push, void *app)
{
	(void)app;
	if (push->status == 200)
		bsg_fleet_pushed(load.fleet, push->token);
}

/* The fleet runs one conversation of a phone at a time: offered_us[i] has one writer. */
static void on_command(size_t i, void *app)
{
	(void)app;
	if (load.offered_us[i] != 0)
		return;
	load.offered_us[i] = now_us() - load.sent_us[i];
	atomic_fetch_add(&load.n_offered, 1);
}

/* ---- the whole ------------------------------------------------------------------------- */

/* @return how long the crossings took, seconds */
static double run(void)
{
	pthread_t gates[N_GATES];
	double seconds;

	load.begun_us = now_us();
	for (size_t t = 0; t < N_GATES; t++)
		if (pthread_create(&gates[t], NULL, serve_gate, NULL) != 0)
			die("no thread");
	for (size_t t = 0; t < N_GATES; t++)
		(void)pthread_join(gates[t], NULL);
	seconds = (double)(now_us() - load.begun_us) / 1e6;
	for (int64_t until = now_us() + PATIENCE_US; load.n_offered < load.n && now_us() < until;)
		sleep_us(1000);
	bsg_fleet_wait(load.fleet);
	return seconds;
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

static void report(double seconds, unsigned pushes)
{
	struct bsg_fleet_stats stats;
	size_t n_never = 0;

	bsg_fleet_stats(load.fleet, &stats);
	if (stats.n_failed > 0)
		(void)fprintf(stderr, "apple_cross: %s\n", stats.why);
	load.n_failed += stats.n_failed;

	for (size_t i = 0; i < load.n; i++) {
		if (load.offered_us[i] != 0)
			continue;
		load.offered_us[i] = now_us() - load.sent_us[i];	/* so long at least */
		n_never++;
	}
	qsort(load.offered_us, load.n, sizeof(*load.offered_us), compare);
	qsort(load.answered_us, load.n, sizeof(*load.answered_us), compare);
	printf("{\"n\": %zu, \"failed\": %llu, \"never\": %zu, \"rate\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, "
	       "\"crossing_p99_ms\": %.2f, \"requests\": %llu, \"pushes\": %u}\n", load.n, (unsigned long long)load.n_failed, n_never, (double)load.n / seconds,
	       part(load.offered_us, 0.5), part(load.offered_us, 0.99), part(load.offered_us, 1), part(load.answered_us, 0.99),
	       (unsigned long long)stats.n_requests, pushes);
}

static void *must_alloc(size_t size)
{
	void *memory = calloc(load.n + 1, size);

	if (memory == NULL)
		die("no memory");
	return memory;
}

/* What stands for thousands of phones elsewhere does not push the server off its processor when it wakes. A refusal is only slower. */
static void let_server_run(void)
{
	(void)sched_setscheduler(0, SCHED_BATCH, &(const struct sched_param){.sched_priority = 0});
}

int main(int argc, char **argv)
{
	struct bsg_fleet_options options = {.n_threads = N_PHONES, .topic = TOPIC, .on_command = on_command};
	struct bsg_sim_apns_stats pushes;
	struct bsg_sim_apns *apns;
	struct bsg_error err = {.text = ""};
	char listen[32];
	double seconds;

	if (argc != 8)
		die("PEOPLE-PORT APPLE-PORT FILE N RATE APNS APNS-PORT");
	load.people_port = (unsigned)strtoul(argv[1], NULL, 10);
	load.n = strtoul(argv[4], NULL, 10);
	load.rate = strtod(argv[5], NULL);
	if (load.n == 0 || load.rate <= 0)
		die("nothing to do");
	load.offered_us = must_alloc(sizeof(*load.offered_us));
	load.answered_us = must_alloc(sizeof(*load.answered_us));
	load.sent_us = must_alloc(sizeof(*load.sent_us));
	options.port = (unsigned)strtoul(argv[2], NULL, 10);
	let_server_run();
	options.phones = bsg_bench_phones(argv[3], load.n);
	options.n = load.n;
	if (bsg_fleet_start(&options, &load.fleet, &err) != BSG_OK)
		die(err.text);
	(void)snprintf(listen, sizeof(listen), "127.0.0.1:%s", argv[7]);
	apns = bsg_bench_apns(argv[6], listen, TOPIC, NULL, on_push, NULL);
	seconds = run();
	bsg_sim_apns_stats(apns, &pushes);
	bsg_sim_apns_stop(apns);
	bsg_fleet_wait(load.fleet);	/* whom a last push woke */
	report(seconds, pushes.n_accepted);
	bsg_fleet_stop(load.fleet);
	bsg_bench_phones_free(options.phones, load.n);
	return load.n_failed > 0;
}
