/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Apple phones cost the store: the raw part of B3 (a command's way to the phone and back) and B3e (enrolment), among a
 * thousand phones and among a hundred thousand.
 *
 * bench_apple_store [DIR]: a folder on the disk that counts; default: the current one. The rest of B3 (HTTP, plists, signatures) is
 * measured elsewhere.
 */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/apple.h"
#include "store/ops.h"

#define N_SMALL 1000u
#define N_MIDDLE 10000u
#define N_LARGE 100000u
#define N_MEASURED 10000u	/* requests of each kind in one run, to phones all over the table */
#define N_RUNS 3
#define IN_FLIGHT 256u		/* batches submitted and not called back: connections that wait */
#define CERTIFICATE_LEN 800
#define STATE_LEN 300		/* a state with a few places */

static const uint8_t filler[CERTIFICATE_LEN] = { 0x30 };
static struct bsg_store *store;

struct usage {
	double wall, cpu;	/* s */
	double kib;		/* written, to whatever file: here the database and its log */
};

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench_apple_store: %s: %s\n", what, why);
	exit(1);
}

static void must(enum bsg_err rc, const struct bsg_error *err)
{
	if (rc != BSG_OK)
		die("store", err->text);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double written_kib(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	long long bytes = 0;
	char line[64];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "wchar:", 6) == 0)
			bytes = strtoll(line + 6, NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return (double)bytes / 1024;
}

static struct usage now(void)
{
	struct timespec ts;
	struct rusage used;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	(void)getrusage(RUSAGE_SELF, &used);
	return (struct usage){ (double)ts.tv_sec + (double)ts.tv_nsec / 1e9, seconds(used.ru_utime) + seconds(used.ru_stime),
		written_kib() };
}

static struct usage since(struct usage start)
{
	struct usage end = now();

	return (struct usage){ end.wall - start.wall, end.cpu - start.cpu, end.kib - start.kib };
}

/* The audit's hash is not measured here. */
static bool no_hash(const void *bytes, size_t len, uint8_t out[BSG_STORE_SHA256_LEN])
{
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
	memset(out, 0, BSG_STORE_SHA256_LEN);
	memcpy(out, &sum, sizeof(sum));
	return true;
}

/* One batch under way, with room for all that its operations point to. */
struct job {
	struct bsg_batch batch;
	struct bsg_op ops[4];
	char person[BSG_NAME_SIZE], device[BSG_ID_SIZE], udid[BSG_UDID_SIZE], uuid[BSG_UUID_SIZE], follow[BSG_UUID_SIZE];
	uint8_t sha[BSG_STORE_SHA256_LEN];
	bool busy;
	sem_t done;
};

static struct job jobs[IN_FLIGHT];

/* What a job is to do with phone @n. */
typedef void fill_job(struct job *job, unsigned n);

static void job_done(struct bsg_batch *batch)
{
	struct job *job = batch->arg;

	must(batch->rc, &batch->err);
	sem_post(&job->done);
}

static void wait_for(struct job *job)
{
	while (job->busy && sem_wait(&job->done) != 0)
		;
	job->busy = false;
}

/* Phones all over the table, each once. */
static unsigned scatter(unsigned i, unsigned n_phones)
{
	return (unsigned)((uint64_t)i * 7919 % n_phones);	/* a prime that divides neither size */
}

static struct usage run(fill_job *fill, unsigned first, unsigned n, unsigned n_phones)
{
	struct usage start = now();
	struct bsg_error err;

	for (unsigned i = first; i < first + n; i++) {
		struct job *job = &jobs[i % IN_FLIGHT];
		unsigned phone = n_phones != 0 ? scatter(i, n_phones) : i;

		wait_for(job);
		(void)snprintf(job->device, sizeof(job->device), "%08x%024x", phone * 2654435761u, phone);
		memset(job->sha, 0, sizeof(job->sha));
		memcpy(job->sha, job->device, sizeof(job->sha));
		(void)snprintf(job->uuid, sizeof(job->uuid), "%08x-aaaa-4bbb-8ccc-000000000000", phone);
		(void)snprintf(job->follow, sizeof(job->follow), "%08x-aaaa-4bbb-8ccc-000000000001", phone);
		memset(job->ops, 0, sizeof(job->ops));
		job->batch = (struct bsg_batch){ .ops = job->ops, .n_ops = 1, .done = job_done, .arg = job };
		fill(job, phone);
		job->busy = true;
		must(bsg_store_submit(store, &job->batch, &err), &err);
	}
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		wait_for(&jobs[i]);
	return since(start);
}

static void add_audit(struct job *job)
{
	job->ops[job->batch.n_ops++] = (struct bsg_op){ .kind = BSG_OP_AUDIT,
		.audit = { .at = 1, .who = "device", .action = "enrol", .subject = job->device } };
}

static void certify(struct job *job, unsigned n)
{
	(void)snprintf(job->person, sizeof(job->person), "p%08x", n * 2654435761u);
	job->ops[0] = (struct bsg_op){ .kind = BSG_OP_PERSON_ADD, .person_add = { job->person, "Somebody", "ministry", "kk", 1 } };
	job->ops[1] = (struct bsg_op){ .kind = BSG_OP_INVITATION_ADD,
		.invitation_add = { job->sha, job->person, "ios-device", 1, 100 } };
	job->ops[2] = (struct bsg_op){ .kind = BSG_OP_ENROL, .enrol = { .token_sha256 = job->sha, .key_sha256 = job->sha,
		.device = job->device, .class_name = "managed", .certificate_sha256 = job->sha,
		.certificate = { filler, sizeof(filler) }, .certificate_expires = 1000, .at = 2 } };
	job->batch.n_ops = 3;
	add_audit(job);
}

/* The look-up of each request of a phone. */
static void look_up(const struct job *job)
{
	struct bsg_apple_rec rec;
	struct bsg_error err;

	must(bsg_store_apple_by_certificate(store, job->sha, &rec, &err), &err);
	if (strcmp(rec.device, job->device) != 0)
		die("look up", "another phone");
}

static void authenticate(struct job *job, unsigned n)
{
	look_up(job);
	(void)snprintf(job->udid, sizeof(job->udid), "00008110-%016x", n);
	job->ops[0] = (struct bsg_op){ .kind = BSG_OP_APPLE_AUTHENTICATE, .apple_authenticate = { .device = job->device,
		.certificate_sha256 = job->sha, .udid = job->udid, .os_version = 1704, .model = "MLPF3", .product = "iPhone14,5",
		.at = 3 } };
	add_audit(job);
}

static void update_token(struct job *job, unsigned n)
{
	(void)n;
	look_up(job);
	job->ops[0] = (struct bsg_op){ .kind = BSG_OP_APPLE_TOKEN_UPDATE, .apple_token_update = { .device = job->device,
		.token = { job->sha, sizeof(job->sha) }, .push_magic = job->uuid, .topic = "com.apple.mgmt.External.bench", .at = 4 } };
}

static void step(struct job *job, unsigned n)
{
	struct bsg_store_blob state;
	struct bsg_apple_rec rec;
	struct bsg_error err;

	(void)n;
	must(bsg_store_apple(store, job->device, &rec, &state, &err), &err);
	bsg_store_blob_free(&state);
	job->ops[0] = (struct bsg_op){ .kind = BSG_OP_APPLE_STEP, .apple_step = { .device = job->device, .version = rec.version,
		.state = { filler, STATE_LEN }, .next = 100, .at = 5, .desire = true, .functions = 1, .content = job->sha,
		.until = 20000, .crossing_at = 5, .command = BSG_APPLE_INSTALL, .uuid = job->uuid, .push = true } };
}

static void answer(struct job *job, enum bsg_apple_answer what)
{
	look_up(job);
	job->ops[0] = (struct bsg_op){ .kind = BSG_OP_APPLE_ANSWER, .apple_answer = { .device = job->device, .answer = what, .at = 6 } };
}

static void idle(struct job *job, unsigned n)
{
	(void)n;
	answer(job, BSG_APPLE_IDLE);
}

static void acknowledge(struct job *job, unsigned n)
{
	(void)n;
	answer(job, BSG_APPLE_ACKNOWLEDGED);
	job->ops[0].apple_answer.uuid = job->uuid;
	job->ops[0].apple_answer.follow = BSG_APPLE_VERIFY;
	job->ops[0].apple_answer.follow_uuid = job->follow;
}

static void verify(struct job *job, unsigned n)
{
	(void)n;
	answer(job, BSG_APPLE_VERIFIED);
	job->ops[0].apple_answer.uuid = job->follow;
	job->ops[0].apple_answer.functions = 1;
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

static void must_sqlite(sqlite3 *db, bool good)
{
	if (!good)
		die("sqlite", sqlite3_errmsg(db));
}

/* The least that a cycle's two requests could write: one column of the same rows, twice, by hand, IN_FLIGHT rows a commit. */
static struct usage run_raw(const char *path, unsigned first)
{
	struct usage start;
	sqlite3_stmt *st;
	sqlite3 *db;

	must_sqlite(NULL, sqlite3_open(path, &db) == SQLITE_OK);
	must_sqlite(db, sqlite3_exec(db, "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384", NULL, NULL, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(db, "UPDATE apple_device SET error_at = ?2 WHERE device = ?1", -1, &st, NULL) == SQLITE_OK);
	start = now();
	for (unsigned i = 0; i < 2 * N_MEASURED; i++) {
		unsigned phone = scatter(first + i % N_MEASURED, N_LARGE);
		char device[BSG_ID_SIZE];

		(void)snprintf(device, sizeof(device), "%08x%024x", phone * 2654435761u, phone);
		if (i % IN_FLIGHT == 0)
			must_sqlite(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
		must_sqlite(db, sqlite3_bind_text(st, 1, device, -1, SQLITE_STATIC) == SQLITE_OK &&
			    sqlite3_bind_int64(st, 2, i) == SQLITE_OK && sqlite3_step(st) == SQLITE_DONE &&
			    sqlite3_changes(db) == 1 && sqlite3_reset(st) == SQLITE_OK);
		if (i % IN_FLIGHT == IN_FLIGHT - 1 || i == 2 * N_MEASURED - 1)
			must_sqlite(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
	}
	start = since(start);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return start;
}

/* Enrol phones from..to, the last N_MEASURED / 10 of them measured: Authenticate and TokenUpdate, without the certificate. */
static struct usage enrol(unsigned from, unsigned to)
{
	unsigned measured = N_MEASURED / 10;
	struct usage a, b;

	(void)run(certify, from, to - from, 0);
	(void)run(authenticate, from, to - from - measured, 0);
	(void)run(update_token, from, to - from - measured, 0);
	a = run(authenticate, to - measured, measured, 0);
	b = run(update_token, to - measured, measured, 0);
	return (struct usage){ (a.wall + b.wall) / measured, (a.cpu + b.cpu) / measured, (a.kib + b.kib) / measured };
}

struct cycle {
	double step[N_RUNS], talk[N_RUNS], verify[N_RUNS], rate[N_RUNS], raw[N_RUNS], idle[N_RUNS];	/* ms of CPU; 1/s */
};

static void run_cycles(const char *path, unsigned n_phones, struct cycle *out)
{
	unsigned n = N_MEASURED < n_phones ? N_MEASURED : n_phones;

	for (unsigned i = 0; i < N_RUNS; i++) {		/* side by side: the machine is shared */
		unsigned first = i * n;
		struct usage stepped = run(step, first, n, n_phones), offered = run(idle, first, n, n_phones);
		struct usage acknowledged = run(acknowledge, first, n, n_phones), verified = run(verify, first, n, n_phones);
		struct usage nothing = run(idle, first, n, n_phones);

		out->step[i] = stepped.cpu / n * 1e3;
		out->talk[i] = (offered.cpu + acknowledged.cpu) / n * 1e3;
		out->verify[i] = verified.cpu / n * 1e3;
		out->idle[i] = nothing.cpu / n * 1e3;
		out->rate[i] = n / (offered.wall + acknowledged.wall);
		out->raw[i] = n_phones == N_LARGE ? run_raw(path, first).cpu / n * 1e3 : 0;
	}
}

static void print_enrolment(const struct usage *small, const struct usage *middle, const struct usage *large)
{
	const struct usage *all[] = { small, middle, large };
	static const unsigned sizes[] = { N_SMALL, N_MIDDLE, N_LARGE };

	for (unsigned i = 0; i < 3; i++)
		printf("{\"bench\":\"B3e\",\"what\":\"store: Authenticate and TokenUpdate, among %u phones\",\"value\":%.0f,"
		       "\"unit\":\"1/s\",\"cpu_ms\":%.3f,\"kib_written\":%.1f}\n", sizes[i], 1 / all[i]->wall, all[i]->cpu * 1e3,
		       all[i]->kib);
	printf("{\"bench\":\"B3e\",\"what\":\"store: CPU of an enrolment among %u phones, against %u\",\"value\":%.2f,\"unit\":\"x\","
	       "\"target\":\"none: judged over HTTP\",\"why\":\"the same steps of SQLite's machine (A96), but requests that share a commit "
	       "share fewer pages, so more is written\"}\n", N_LARGE, N_SMALL, large->cpu / small->cpu);
}

static void print_cycles(struct cycle *c, unsigned n_phones)
{
	double talk = median(c->talk), raw = median(c->raw);

	printf("{\"bench\":\"B3\",\"what\":\"store: Idle, command, Acknowledged (2 requests), %u phones\",\"value\":%.4f,"
	       "\"unit\":\"ms CPU\",\"rate\":%.0f,\"target\":\"<= 0.2\",\"met\":%s}\n", n_phones, talk, median(c->rate),
	       talk <= 0.2 ? "true" : "false");
	printf("{\"bench\":\"B3\",\"what\":\"store: the step before it, %u phones\",\"value\":%.4f,\"unit\":\"ms CPU\"}\n", n_phones,
	       median(c->step));
	printf("{\"bench\":\"B3\",\"what\":\"store: the verification after it, %u phones\",\"value\":%.4f,\"unit\":\"ms CPU\"}\n",
	       n_phones, median(c->verify));
	printf("{\"bench\":\"B3\",\"what\":\"store: an Idle without news that asks the writer anyway, %u phones\",\"value\":%.4f,"
	       "\"unit\":\"ms CPU\"}\n", n_phones, median(c->idle));
	if (raw > 0)
		printf("{\"bench\":\"B3\",\"what\":\"raw: one column of the same rows twice, by hand, %u a commit, %u phones\","
		       "\"value\":%.4f,\"unit\":\"ms CPU\"}\n", IN_FLIGHT, n_phones, raw);
}

static void remove_database(const char *path)
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
	struct usage small_enrolment, middle_enrolment, large_enrolment;
	struct cycle small, large;
	char path[200], url[220];
	struct bsg_error err;

	(void)snprintf(path, sizeof(path), "%s/bench-apple-%ld.db", argc > 1 ? argv[1] : ".", (long)getpid());
	(void)snprintf(url, sizeof(url), "sqlite:%s", path);
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		if (sem_init(&jobs[i].done, 0, 0) != 0)
			die("start", "no semaphore");
	must(bsg_store_open(url, &options, &store, &err), &err);
	small_enrolment = enrol(0, N_SMALL + N_MEASURED / 10);
	run_cycles(path, N_SMALL, &small);
	middle_enrolment = enrol(N_SMALL + N_MEASURED / 10, N_MIDDLE);
	large_enrolment = enrol(N_MIDDLE, N_LARGE);
	run_cycles(path, N_LARGE, &large);
	bsg_store_close(store);
	remove_database(path);
	print_enrolment(&small_enrolment, &middle_enrolment, &large_enrolment);
	print_cycles(&small, N_SMALL);
	print_cycles(&large, N_LARGE);
	return 0;
}
