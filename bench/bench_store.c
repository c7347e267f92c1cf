/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store costs above its database: reports through bsg_store_submit() against the same rows inserted by hand.
 *
 * bench_store [DIR]: a folder on the disk that counts; default: the current one. The rest of B3a (HTTP) is measured elsewhere,
 * against the same numbers.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/ops.h"
#include "store/read.h"

#define N_DEVICES 1000u
#define N_REPORTS 20000u	/* of each run */
#define N_SINGLE 500u		/* of each run that waits for every commit */
#define N_RUNS 3
#define IN_FLIGHT 256		/* batches submitted and not called back */
#define RAW_BATCH 100
#define BODY_LEN 120

static const char *path;

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench_store: %s: %s\n", what, why);
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Not measured here (no audit in a report's path), but the store asks for one. */
static bool no_hash(const void *bytes, size_t len, uint8_t out[BSG_STORE_SHA256_LEN])
{
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
	memset(out, 0, BSG_STORE_SHA256_LEN);
	memcpy(out, &sum, sizeof(sum));
	return true;
}

static void device_id(unsigned n, char out[BSG_ID_SIZE])
{
	(void)snprintf(out, BSG_ID_SIZE, "%032x", n * 2654435761u);
}

static void number_id(unsigned n, uint8_t *out, size_t len)
{
	uint64_t x = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		out[i] = (uint8_t)x;
	}
}

static void must(enum bsg_err rc, const struct bsg_error *err)
{
	if (rc != BSG_OK)
		die("store", err->text);
}

static void enrol_devices(struct bsg_store *store)
{
	struct bsg_op audit = { .kind = BSG_OP_AUDIT,
		.audit = { .at = 1, .who = "bench", .action = "bench", .subject = "bench" } };
	struct bsg_op person[] = { { .kind = BSG_OP_PERSON_ADD, .person_add = { "bench", "Bench", NULL, "en", 1 } }, audit };
	struct bsg_error err;

	must(bsg_store_apply(store, person, 2, &err), &err);
	for (unsigned i = 0; i < N_DEVICES; i++) {
		uint8_t sha[BSG_STORE_SHA256_LEN];
		char id[BSG_ID_SIZE];
		struct bsg_op ops[] = {
			{ .kind = BSG_OP_INVITATION_ADD, .invitation_add = { sha, "bench", "linux-agent", 1, 100 } },
			{ .kind = BSG_OP_ENROL, .enrol = { .token_sha256 = sha, .key_sha256 = sha, .device = id,
			  .class_name = "claimed", .certificate_sha256 = sha, .certificate = { sha, sizeof(sha) }, .at = 2 } },
			audit,
		};

		number_id(i, sha, sizeof(sha));
		device_id(i, id);
		must(bsg_store_apply(store, ops, 3, &err), &err);
	}
}

static uint8_t body[BODY_LEN];

struct job {
	struct bsg_batch batch;
	struct bsg_op op;
	struct bsg_op_report report;
	uint8_t id[BSG_STORE_REPORT_ID_LEN];
	char device[BSG_ID_SIZE];
};

static sem_t free_jobs;
static struct job *job_stack[IN_FLIGHT];
static unsigned n_free;
static pthread_mutex_t job_lock = PTHREAD_MUTEX_INITIALIZER;

static void give_job(struct job *job)
{
	pthread_mutex_lock(&job_lock);
	job_stack[n_free++] = job;
	pthread_mutex_unlock(&job_lock);
	sem_post(&free_jobs);
}

static struct job *take_job(void)
{
	struct job *job;

	while (sem_wait(&free_jobs) != 0)
		;
	pthread_mutex_lock(&job_lock);
	job = job_stack[--n_free];
	pthread_mutex_unlock(&job_lock);
	return job;
}

static void reported(struct bsg_batch *batch)
{
	must(batch->rc, &batch->err);
	give_job(batch->arg);
}

static void fill_job(struct job *job, unsigned n)
{
	static const uint8_t instance[BSG_STORE_INSTANCE_LEN];

	number_id(n, job->id, sizeof(job->id));
	device_id(n % N_DEVICES, job->device);
	job->report = (struct bsg_op_report){ .id = job->id, .kind = "status", .at = n, .body = { body, sizeof(body) } };
	job->op = (struct bsg_op){ .kind = BSG_OP_REPORTS, .reports = { .device = job->device, .instance = instance,
		.sequence = n + 1, .received = n, .reports = &job->report, .n_reports = 1 } };
	job->batch = (struct bsg_batch){ .ops = &job->op, .n_ops = 1, .done = reported, .arg = job };
}

/* @return reports a second, one a submit, IN_FLIGHT at once */
static double run_submitted(struct bsg_store *store, unsigned first)
{
	struct bsg_error err;
	double start = now_s();

	for (unsigned n = first; n < first + N_REPORTS; n++) {
		struct job *job = take_job();

		fill_job(job, n);
		must(bsg_store_submit(store, &job->batch, &err), &err);
	}
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		while (sem_wait(&free_jobs) != 0)
			;
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		sem_post(&free_jobs);
	return N_REPORTS / (now_s() - start);
}

static double run_applied(struct bsg_store *store, unsigned first)
{
	struct bsg_error err;
	struct job job;
	double start = now_s();

	for (unsigned n = first; n < first + N_SINGLE; n++) {
		fill_job(&job, n);
		must(bsg_store_apply(store, &job.op, 1, &err), &err);
	}
	return N_SINGLE / (now_s() - start);
}

static void must_sqlite(sqlite3 *db, bool good)
{
	if (!good)
		die("sqlite", sqlite3_errmsg(db));
}

static void insert_raw(sqlite3 *db, sqlite3_stmt *st, unsigned n)
{
	uint8_t id[BSG_STORE_REPORT_ID_LEN];
	char device[BSG_ID_SIZE];

	number_id(n, id, sizeof(id));
	device_id(n % N_DEVICES, device);
	must_sqlite(db, sqlite3_bind_text(st, 1, device, -1, SQLITE_STATIC) == SQLITE_OK &&
		    sqlite3_bind_blob(st, 2, id, sizeof(id), SQLITE_STATIC) == SQLITE_OK &&
		    sqlite3_bind_int64(st, 3, n) == SQLITE_OK &&
		    sqlite3_bind_blob(st, 4, body, sizeof(body), SQLITE_STATIC) == SQLITE_OK &&
		    sqlite3_step(st) == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK);
}

/* The same rows by hand: no queue, no idempotency, no latest report. @return rows a second */
static double run_raw(unsigned first, unsigned n_rows, unsigned a_commit)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	double start;

	must_sqlite(NULL, sqlite3_open(path, &db) == SQLITE_OK);
	must_sqlite(db, sqlite3_exec(db, "PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS raw (seq INTEGER PRIMARY KEY, "
		"device TEXT NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL); "
		"CREATE UNIQUE INDEX IF NOT EXISTS raw_id ON raw (device, id)", NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(db, "INSERT INTO raw (device, id, at, body) VALUES (?1, ?2, ?3, ?4)", -1, &st, NULL) ==
		SQLITE_OK);
	start = now_s();
	for (unsigned n = first; n < first + n_rows; n++) {
		if ((n - first) % a_commit == 0)
			must_sqlite(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
		insert_raw(db, st, n);
		if ((n - first) % a_commit == a_commit - 1 || n == first + n_rows - 1)
			must_sqlite(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
	}
	start = n_rows / (now_s() - start);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return start;
}

static int compare(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static double median(double values[N_RUNS])
{
	qsort(values, N_RUNS, sizeof(values[0]), compare);
	return values[N_RUNS / 2];
}

static void run_all(struct bsg_store *store, double raw[2][N_RUNS], double ours[2][N_RUNS])
{
	unsigned next = 1;

	for (int i = 0; i < N_RUNS; i++) {	/* side by side: the machine is shared */
		raw[0][i] = run_raw(next, N_REPORTS, RAW_BATCH);
		ours[0][i] = run_submitted(store, next);
		raw[1][i] = run_raw(next + N_REPORTS, N_SINGLE, 1);
		ours[1][i] = run_applied(store, next + N_REPORTS);
		next += N_REPORTS + N_SINGLE;
	}
}

static void print_all(double raw[2][N_RUNS], double ours[2][N_RUNS], const struct bsg_store_stats *stats)
{
	double batched = median(raw[0]), single = median(raw[1]), submitted = median(ours[0]), applied = median(ours[1]);
	bool met = submitted >= batched / 2;

	printf("{\"bench\":\"B3a\",\"what\":\"raw rows, %d a commit (what reports are measured against)\",\"value\":%.0f,"
	       "\"unit\":\"1/s\"}\n", RAW_BATCH, batched);
	printf("{\"bench\":\"B3a\",\"what\":\"raw rows, one a commit\",\"value\":%.0f,\"unit\":\"1/s\"}\n", single);
	printf("{\"bench\":\"B3a\",\"what\":\"store: one report a submit, %d in flight\",\"value\":%.0f,\"unit\":\"1/s\","
	       "\"batches_a_commit\":%.0f,\"target\":\">= half of raw rows\",\"met\":%s%s}\n", IN_FLIGHT, submitted,
	       (double)stats->batches / (double)stats->commits, met ? "true" : "false",
	       met ? "" : ",\"why\":\"a report is four statements: its row, the latest of its kind, its agent's sequence, a "
	       "savepoint\"");
	printf("{\"bench\":\"B3a\",\"what\":\"store: one report at a time, waiting for each commit\",\"value\":%.0f,"
	       "\"unit\":\"1/s\"}\n", applied);
}

static void remove_database(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[256];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
}

int main(int argc, char **argv)
{
	struct bsg_store_options options = { .sha256 = no_hash };
	static struct job jobs[IN_FLIGHT];
	double raw[2][N_RUNS], ours[2][N_RUNS];
	struct bsg_store_stats before, after;
	char name[200], url[220];
	struct bsg_store *store;
	struct bsg_error err;

	(void)snprintf(name, sizeof(name), "%s/bench-store-%ld.db", argc > 1 ? argv[1] : ".", (long)getpid());
	(void)snprintf(url, sizeof(url), "sqlite:%s", name);
	path = name;
	if (sem_init(&free_jobs, 0, 0) != 0)
		die("start", "no semaphore");
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		give_job(&jobs[i]);
	must(bsg_store_open(url, &options, &store, &err), &err);
	enrol_devices(store);
	bsg_store_stats(store, &before);
	run_all(store, raw, ours);
	bsg_store_stats(store, &after);
	after.batches -= before.batches + N_RUNS * N_SINGLE;
	after.commits -= before.commits + N_RUNS * N_SINGLE;
	bsg_store_close(store);
	remove_database();
	print_all(raw, ours, &after);
	return 0;
}
