/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks for steps: threads behind bsg_drive_want(), and one that looks every second whose next moment has come and lets gates that
 * wait look at the clock.
 *
 * The queue is only a hint for speed: when it is full, or the process dies, the platform still knows who is due.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/drive.h"
#include "server/handlers.h"
#include "server/platforms.h"

#define N_STEPPERS 16	/* each waits for its commit, and commits are shared */
#define QUEUE_MAX 65536u
#define DUE_PAGE 500
#define FAILED_LOG_MAX 5	/* failures that are logged one by one, in one look */
#define LOOK_S 1

struct bsg_drive {
	struct bsg_server *server;
	pthread_mutex_t lock;
	pthread_cond_t wanted;		/* for the steppers: something is in the queue, or stop */
	pthread_cond_t look;		/* for the looker: woken, awaited, or stop */
	char (*queue)[BSG_ID_SIZE];	/* ring of QUEUE_MAX */
	size_t first, n, n_working;
	uint64_t n_done, awaited;	/* ever; at which the looker goes on */
	size_t n_failed;		/* in this look */
	bool woken, stopping;
	int64_t last;			/* UTC of the last look: a clock that was set back makes all due, also one that was while nobody looked */
	pthread_t steppers[N_STEPPERS], looker;
	size_t n_steppers;
	bool has_looker;
};

/* With the lock held. @return false: the queue is full */
static bool push(struct bsg_drive *d, const char *device)
{
	if (d->n == QUEUE_MAX)
		return false;
	memcpy(d->queue[(d->first + d->n) % QUEUE_MAX], device, BSG_ID_SIZE);
	d->n++;
	return true;
}

void bsg_drive_want(struct bsg_server *server, const char *device)
{
	struct bsg_drive *d = server->drive;

	pthread_mutex_lock(&d->lock);
	if (push(d, device))
		pthread_cond_signal(&d->wanted);
	pthread_mutex_unlock(&d->lock);
}

void bsg_drive_wake(struct bsg_server *server)
{
	struct bsg_drive *d = server->drive;

	pthread_mutex_lock(&d->lock);
	d->woken = true;
	pthread_cond_signal(&d->look);
	pthread_mutex_unlock(&d->lock);
}

/* @return false: it stays due and is tried again; a phone that cannot be told anything is no failure */
static bool step(struct bsg_drive *d, const char *device, bool log)
{
	struct bsg_error err = {.text = ""};
	enum bsg_err rc = bsg_drive_step(d->server, device, &err);

	if (rc == BSG_OK || rc == BSG_E_NOT_FOUND)
		return true;
	if (log)
		bsg_log(d->server->log, BSG_LOG_ERROR, "drive", "device %s could not be stepped: %s", device, err.text);
	return false;
}

static void *stepper(void *arg)
{
	struct bsg_drive *d = arg;

	pthread_mutex_lock(&d->lock);
	while (!d->stopping) {
		char device[BSG_ID_SIZE];
		bool done, log;

		if (d->n == 0) {
			pthread_cond_wait(&d->wanted, &d->lock);
			continue;
		}
		memcpy(device, d->queue[d->first], BSG_ID_SIZE);
		d->first = (d->first + 1) % QUEUE_MAX;
		d->n--;
		d->n_working++;
		log = d->n_failed < FAILED_LOG_MAX;
		pthread_mutex_unlock(&d->lock);
		done = step(d, device, log);
		pthread_mutex_lock(&d->lock);
		d->n_working--;
		d->n_done++;
		d->n_failed += done ? 0 : 1;
		if (d->n_done == d->awaited)
			pthread_cond_signal(&d->look);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* Hand a page to the steppers and wait until they are through. @return false: stopping */
static bool work_off(struct bsg_drive *d, const struct bsg_platform_due *page, size_t n)
{
	size_t n_pushed = 0;
	bool stopping;

	pthread_mutex_lock(&d->lock);
	while (n_pushed < n && !d->stopping) {
		while (n_pushed < n && push(d, page[n_pushed].device))
			n_pushed++;
		d->awaited = d->n_done + d->n + d->n_working;
		pthread_cond_broadcast(&d->wanted);
		while (!d->stopping && d->n_done < d->awaited)
			pthread_cond_wait(&d->look, &d->lock);
	}
	stopping = d->stopping;
	pthread_mutex_unlock(&d->lock);
	return !stopping;
}

/* Step all phones of a platform that are due, each once: who cannot be stepped is tried in the next look, and hides nobody. */
static void look_at(struct bsg_drive *d, struct bsg_platform *platform, int64_t now, struct bsg_platform_due *due)
{
	struct bsg_page page = {.limit = DUE_PAGE};
	char cursor[BSG_CURSOR_SIZE] = "";
	struct bsg_error err = {.text = ""};

	page.cursor = cursor;
	do {
		memcpy(cursor, page.next, sizeof(cursor));
		if (platform->ops->due(platform, now, &page, due, &err) != BSG_OK) {
			bsg_log(d->server->log, BSG_LOG_ERROR, "drive", "cannot tell which phones are due: %s", err.text);
			return;
		}
	} while (work_off(d, due, page.n) && page.next[0] != '\0');
}

static void wake_verdict(struct bsg_http_exchange *x, void *arg)
{
	(void)arg;
	bsg_wake_verdict(x);
}

static void look(struct bsg_drive *d, struct bsg_platform_due *due)
{
	const int64_t now = bsg_now(d->server);
	/* What was to come at a later time is to be looked at now: it was put off by a clock that was ahead. */
	const int64_t until = now < d->last ? BSG_TIME_MAX : now;
	size_t n_failed;

	d->last = now;
	pthread_mutex_lock(&d->lock);
	d->n_failed = 0;
	pthread_mutex_unlock(&d->lock);
	for (size_t i = 0; i < d->server->n_platforms; i++)
		look_at(d, d->server->platforms[i], until, due);
	pthread_mutex_lock(&d->lock);
	n_failed = d->n_failed;
	pthread_mutex_unlock(&d->lock);
	if (n_failed > FAILED_LOG_MAX)
		bsg_log(d->server->log, BSG_LOG_ERROR, "drive", "%zu phones could not be stepped", n_failed);
	/* The patience of some gates may be over (Z20). */
	bsg_http_waiters_wake(d->server->waiters, BSG_TOPIC_VERDICTS, wake_verdict, NULL);
}

static void *looker(void *arg)
{
	struct bsg_drive *d = arg;
	struct bsg_platform_due *due = calloc(DUE_PAGE, sizeof(*due));

	pthread_mutex_lock(&d->lock);
	while (!d->stopping) {
		struct timespec until;
		int rc = 0;

		d->woken = false;
		pthread_mutex_unlock(&d->lock);
		if (due == NULL)
			due = calloc(DUE_PAGE, sizeof(*due));
		if (due != NULL)
			look(d, due);
		pthread_mutex_lock(&d->lock);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_S;
		while (rc == 0 && !d->woken && !d->stopping)
			rc = pthread_cond_timedwait(&d->look, &d->lock, &until);
	}
	pthread_mutex_unlock(&d->lock);
	free(due);
	return NULL;
}

enum bsg_err bsg_drive_new(struct bsg_server *server, struct bsg_error *err)
{
	struct bsg_drive *d = calloc(1, sizeof(*d));
	pthread_condattr_t attr;

	if (d == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the threads that step phones");
	d->server = server;
	d->last = BSG_TIME_MAX;
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->wanted, NULL);
	pthread_cond_init(&d->look, &attr);
	pthread_condattr_destroy(&attr);
	server->drive = d;
	d->queue = calloc(QUEUE_MAX, sizeof(*d->queue));
	return d->queue != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the queue of steps");
}

enum bsg_err bsg_drive_start(struct bsg_server *server, struct bsg_error *err)
{
	struct bsg_drive *d = server->drive;
	const size_t n_steppers = server->n_platforms > 0 ? N_STEPPERS : 0;

	for (; d->n_steppers < n_steppers; d->n_steppers++)
		if (pthread_create(&d->steppers[d->n_steppers], NULL, stepper, d) != 0)
			return bsg_fail(err, BSG_E_UNAVAILABLE, "cannot start a thread");
	d->has_looker = pthread_create(&d->looker, NULL, looker, d) == 0;
	return d->has_looker ? BSG_OK : bsg_fail(err, BSG_E_UNAVAILABLE, "cannot start a thread");
}

void bsg_drive_stop(struct bsg_server *server)
{
	struct bsg_drive *d = server->drive;

	if (d == NULL)
		return;
	pthread_mutex_lock(&d->lock);
	d->stopping = true;
	pthread_cond_broadcast(&d->wanted);
	pthread_cond_broadcast(&d->look);
	pthread_mutex_unlock(&d->lock);
	for (size_t i = 0; i < d->n_steppers; i++)
		pthread_join(d->steppers[i], NULL);
	if (d->has_looker)
		pthread_join(d->looker, NULL);
	d->n_steppers = 0;
	d->has_looker = false;
}

/* The store's callbacks may still want steps until it is closed, so memory goes last. */
void bsg_drive_free(struct bsg_server *server)
{
	struct bsg_drive *d = server->drive;

	if (d == NULL)
		return;
	pthread_cond_destroy(&d->wanted);
	pthread_cond_destroy(&d->look);
	pthread_mutex_destroy(&d->lock);
	free(d->queue);
	free(d);
	server->drive = NULL;
}
