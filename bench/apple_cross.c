/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for B5: owners of iPhones badge in at a turnstile, so many a second; each phone is pushed and asks until it is offered its command.
 *
 *   apple_cross PEOPLE-PORT APPLE-PORT FILE N RATE APNS APNS-PORT
 *
 * FILE of `apple_load seed`, whose phones are enrolled and outside; APNs stands here, with the certificates of folder APNS. Measured
 * from sending the crossing, which is durable when it is answered, until a phone's Idle is answered with a command. Prints
 * {"n", "failed", "never", "rate", "p50_ms", "p99_ms", "max_ms", "crossing_p99_ms", "asked"}.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/apple_fleet.h"
#include "bench/apple_seed.h"

#define N_GATES 64		/* connections of turnstiles: at 1000/s each may take 64 ms */
#define N_PHONES 16		/* connections of a proxy for phones */
#define TOPIC "com.apple.mgmt.External.bench"
#define PATIENCE_US 60000000

static struct {
	unsigned people_port, apple_port;
	size_t n;
	double rate;
	struct bsg_fleet_phone *phones;
	int64_t begun_us;
	int64_t *offered_us, *answered_us;	/* how long it took, by phone; 0: not yet */
	_Atomic int64_t *sent_us;
	atomic_size_t next, n_offered;
	_Atomic uint64_t n_failed, n_asked;
	pthread_mutex_t lock;			/* of what follows */
	pthread_cond_t pushed;
	size_t *queue, first, n_queued;		/* phones that were pushed: a ring */
	bool over;
} load = {.lock = PTHREAD_MUTEX_INITIALIZER, .pushed = PTHREAD_COND_INITIALIZER};

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

	sleep_us(load.begun_us + (int64_t)((double)i / load.rate * 1e6) - now_us());
	(void)snprintf(body, sizeof(body), "{\"direction\":\"in\",\"badge\":\"b%zu\"}", i);
	load.sent_us[i] = now_us();
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
	const size_t i = bsg_fleet_whose(push->token);

	(void)app;
	if (push->status != 200 || i >= load.n)
		return;
	pthread_mutex_lock(&load.lock);
	if (load.n_queued < 2 * load.n)
		load.queue[(load.first + load.n_queued++) % (2 * load.n)] = i;
	pthread_cond_signal(&load.pushed);
	pthread_mutex_unlock(&load.lock);
}

/* @return false: there will be none any more */
static bool take(size_t *i)
{
	bool is_one;

	pthread_mutex_lock(&load.lock);
	while (load.n_queued == 0 && !load.over)
		pthread_cond_wait(&load.pushed, &load.lock);
	is_one = load.n_queued > 0;
	if (is_one) {
		*i = load.queue[load.first];
		load.first = (load.first + 1) % (2 * load.n);
		load.n_queued--;
	}
	pthread_mutex_unlock(&load.lock);
	return is_one;
}

static void ask(struct bsg_sim_wire *wire, size_t i, struct bsg_buf *headers, struct bsg_buf *idle)
{
	struct bsg_error err;

	bsg_buf_clear(headers);
	bsg_buf_printf(headers, "Client-Cert: :%s:\r\nContent-Type: application/xml\r\n", load.phones[i].certificate);
	bsg_buf_add(headers, "", 1);
	bsg_buf_clear(idle);
	atomic_fetch_add(&load.n_asked, 1);
	if (bsg_iphone_idle(&load.phones[i].iphone, idle, &err) != BSG_OK ||
	    bsg_sim_wire_exchange(wire, "PUT", "/mdm/server", (const char *)headers->data, (struct bsg_bytes){idle->data, idle->len}, &err) !=
	    BSG_OK || wire->status != 200) {
		atomic_fetch_add(&load.n_failed, 1);
	} else if (wire->body.len > 0 && load.offered_us[i] == 0) {
		load.offered_us[i] = now_us() - load.sent_us[i];
		atomic_fetch_add(&load.n_offered, 1);
	}
}

static void *serve_phones(void *arg)
{
	struct bsg_buf headers, idle;
	struct bsg_sim_wire wire;
	size_t i;

	(void)arg;
	bsg_sim_wire_init(&wire, load.apple_port);
	bsg_buf_init(&headers, 16384);
	bsg_buf_init(&idle, 16384);
	while (take(&i))
		ask(&wire, i, &headers, &idle);
	bsg_buf_free(&headers);
	bsg_buf_free(&idle);
	bsg_sim_wire_close(&wire);
	return NULL;
}

/* ---- the whole ------------------------------------------------------------------------- */

static void start(pthread_t *threads, size_t n, void *(*work)(void *))
{
	for (size_t t = 0; t < n; t++)
		if (pthread_create(&threads[t], NULL, work, NULL) != 0)
			die("no thread");
}

static void join(pthread_t *threads, size_t n)
{
	for (size_t t = 0; t < n; t++)
		(void)pthread_join(threads[t], NULL);
}

/* @return how long the crossings took, seconds */
static double run(void)
{
	pthread_t gates[N_GATES], phones[N_PHONES];
	double seconds;

	load.begun_us = now_us();
	start(phones, N_PHONES, serve_phones);
	start(gates, N_GATES, serve_gate);
	join(gates, N_GATES);
	seconds = (double)(now_us() - load.begun_us) / 1e6;
	for (int64_t until = now_us() + PATIENCE_US; load.n_offered < load.n && now_us() < until;)
		sleep_us(1000);
	pthread_mutex_lock(&load.lock);
	load.over = true;
	pthread_cond_broadcast(&load.pushed);
	pthread_mutex_unlock(&load.lock);
	join(phones, N_PHONES);
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

static void report(double seconds)
{
	size_t n_never = 0;

	for (size_t i = 0; i < load.n; i++) {
		if (load.offered_us[i] != 0)
			continue;
		load.offered_us[i] = now_us() - load.sent_us[i];	/* so long at least */
		n_never++;
	}
	qsort(load.offered_us, load.n, sizeof(*load.offered_us), compare);
	qsort(load.answered_us, load.n, sizeof(*load.answered_us), compare);
	printf("{\"n\": %zu, \"failed\": %llu, \"never\": %zu, \"rate\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, "
	       "\"crossing_p99_ms\": %.2f, \"asked\": %llu}\n", load.n, (unsigned long long)load.n_failed, n_never, (double)load.n / seconds,
	       part(load.offered_us, 0.5), part(load.offered_us, 0.99), part(load.offered_us, 1), part(load.answered_us, 0.99),
	       (unsigned long long)load.n_asked);
}

int main(int argc, char **argv)
{
	struct bsg_sim_apns *apns;
	char listen[32];

	if (argc != 8)
		die("PEOPLE-PORT APPLE-PORT FILE N RATE APNS APNS-PORT");
	load.people_port = (unsigned)strtoul(argv[1], NULL, 10);
	load.apple_port = (unsigned)strtoul(argv[2], NULL, 10);
	load.n = strtoul(argv[4], NULL, 10);
	load.rate = strtod(argv[5], NULL);
	load.offered_us = calloc(load.n + 1, sizeof(*load.offered_us));
	load.answered_us = calloc(load.n + 1, sizeof(*load.answered_us));
	load.sent_us = calloc(load.n + 1, sizeof(*load.sent_us));
	load.queue = calloc(2 * load.n + 1, sizeof(*load.queue));
	if (load.n == 0 || load.rate <= 0 || load.offered_us == NULL || load.answered_us == NULL || load.sent_us == NULL || load.queue == NULL)
		die("no memory, or nothing to do");
	load.phones = bsg_bench_phones(argv[3], load.n);
	(void)snprintf(listen, sizeof(listen), "127.0.0.1:%s", argv[7]);
	apns = bsg_bench_apns(argv[6], listen, TOPIC, NULL, on_push, NULL);
	report(run());
	bsg_sim_apns_stop(apns);
	bsg_bench_phones_free(load.phones, load.n);
	return load.n_failed > 0;
}
