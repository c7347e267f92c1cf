/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads behind bsg_orders_want(): some that make orders from a queue, one that keeps house (orders that are due, calendars,
 * retention, the TLS certificate), and one that tells those who wait for changes, which nothing of all that holds up.
 *
 * The queue is only a hint for speed. When it is full, or the process dies, the store still knows what is due.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/orders.h"

#define N_MAKERS 16	/* each waits for its commit, and commits are shared: that is why they are more than processors */
#define QUEUE_MAX 65536u
#define DUE_PAGE 500
#define KEPT_S (8 * INT64_C(86400))	/* orders issued longer ago are made anew: the timetable need not reach back to them */
#define FAILED_LOG_MAX 20	/* failures that are logged one by one, between two sweeps */
#define AHEAD_S 3600	/* orders that are to be renewed so much later than those made now were made under another setting */
#define SWEEP_MS 10000	/* how often due orders are looked for without being asked */
#define RETENTION_S 600
#define TLS_S 86400

/* What is done now and then, and when the clock was set back. */
struct chore {
	int64_t next;	/* the server's monotonic ms; 0: with each sweep */
	bool set_back;	/* the clock was, since this was done wholly; at the start it may have been */
};

struct wanted {
	char device[BSG_ID_SIZE];
	bool renew;
};

/*
 * Whom a change of what is known of phones concerns, and how long they wait at most after they were told: a gate looks one verdict up, but
 * each telling of those who watch presence makes all of their lists anew.
 */
static const struct audience {
	const char *topic;
	int64_t pause_ms;
} audiences[] = {
	{BSG_TOPIC_VERDICTS, 5},	/* somebody stands at the gate: they are first */
	{BSG_TOPIC_PRESENCE, 100},
};
#define N_AUDIENCES (sizeof(audiences) / sizeof(audiences[0]))

struct bsg_orders_worker {
	struct bsg_server *server;
	pthread_mutex_t lock;
	pthread_cond_t wanted;		/* for the makers: something is in the queue, or stop */
	pthread_cond_t keep;		/* for the keeper: due, awaited, or stop */
	pthread_cond_t tell;		/* for the teller: changed, or stop */
	struct wanted *queue;		/* ring of QUEUE_MAX */
	size_t first, n, n_working;
	uint64_t n_done;		/* ever */
	uint64_t awaited;		/* n_done at which the keeper goes on */
	size_t n_failed;		/* since the last sweep began */
	bool due, stopping;
	bool changed[N_AUDIENCES];		/* since they were told */
	int64_t next_told[N_AUDIENCES];		/* not before; of mono_ms() */
	pthread_t makers[N_MAKERS], keeper, teller;
	size_t n_makers;
	bool has_keeper, has_teller;
	/* Only the keeper's: */
	struct chore orders, retention, tls;
	int64_t seen;			/* UTC, when it was looked at last */
};

/* With the lock held. @return false: the queue is full */
static bool push(struct bsg_orders_worker *w, const char *device, bool renew)
{
	struct wanted *last = &w->queue[(w->first + w->n) % QUEUE_MAX];

	if (w->n == QUEUE_MAX)
		return false;
	memcpy(last->device, device, BSG_ID_SIZE);
	last->renew = renew;
	w->n++;
	return true;
}

void bsg_orders_want(struct bsg_server *server, const char *device)
{
	struct bsg_orders_worker *w = server->worker;

	pthread_mutex_lock(&w->lock);
	if (push(w, device, false))
		pthread_cond_signal(&w->wanted);
	else
		w->due = true;	/* the keeper looks at the store before long */
	pthread_mutex_unlock(&w->lock);
}

void bsg_orders_want_due(struct bsg_server *server)
{
	struct bsg_orders_worker *w = server->worker;

	pthread_mutex_lock(&w->lock);
	w->due = true;
	pthread_cond_signal(&w->keep);
	pthread_mutex_unlock(&w->lock);
}

void bsg_orders_want_presence(struct bsg_server *server)
{
	struct bsg_orders_worker *w = server->worker;

	pthread_mutex_lock(&w->lock);
	if (!w->changed[0])
		pthread_cond_signal(&w->tell);
	for (size_t i = 0; i < N_AUDIENCES; i++)
		w->changed[i] = true;
	pthread_mutex_unlock(&w->lock);
}

static bool make(struct bsg_server *server, const struct wanted *wanted, bool log)
{
	struct bsg_error err = {.text = ""};

	if (bsg_orders_make(server, wanted->device, wanted->renew, &err) == BSG_OK)
		return true;
	if (log)
		bsg_log(server->log, BSG_LOG_ERROR, "orders", "device %s keeps its old orders: %s", wanted->device, err.text);
	return false;
}

static void *maker(void *arg)
{
	struct bsg_orders_worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		struct wanted wanted;
		bool made, log;

		if (w->n == 0) {
			pthread_cond_wait(&w->wanted, &w->lock);
			continue;
		}
		wanted = w->queue[w->first];
		w->first = (w->first + 1) % QUEUE_MAX;
		w->n--;
		w->n_working++;
		log = w->n_failed < FAILED_LOG_MAX;
		pthread_mutex_unlock(&w->lock);
		made = make(w->server, &wanted, log);
		pthread_mutex_lock(&w->lock);
		w->n_working--;
		w->n_done++;
		w->n_failed += made ? 0 : 1;
		if (w->n_done == w->awaited)
			pthread_cond_signal(&w->keep);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Of the machine, for waits. */
static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With the lock held, which is left meanwhile: tell those who wait for changes, unless they were told just now. */
static void tell_watchers(struct bsg_orders_worker *w)
{
	const int64_t now = mono_ms();

	for (size_t i = 0; i < N_AUDIENCES; i++) {
		if (!w->changed[i] || now < w->next_told[i])
			continue;
		w->changed[i] = false;
		w->next_told[i] = now + audiences[i].pause_ms;
		pthread_mutex_unlock(&w->lock);
		bsg_bus_wake(w->server->bus, audiences[i].topic);
		pthread_mutex_lock(&w->lock);
	}
}

/* With the lock held: wait to be called, or for @until, of mono_ms(). @return false: it has come */
static bool wait_until(struct bsg_orders_worker *w, pthread_cond_t *cond, int64_t until)
{
	const struct timespec time = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000};

	return pthread_cond_timedwait(cond, &w->lock, &time) == 0;
}

static void *teller(void *arg)
{
	struct bsg_orders_worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		int64_t until = INT64_MAX;

		tell_watchers(w);
		for (size_t i = 0; i < N_AUDIENCES; i++)
			if (w->changed[i] && w->next_told[i] < until)
				until = w->next_told[i];
		if (w->stopping)
			break;
		if (until == INT64_MAX)
			pthread_cond_wait(&w->tell, &w->lock);
		else
			(void)wait_until(w, &w->tell, until);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Hand a page of due devices to the makers and wait until they are through. */
static void work_off(struct bsg_orders_worker *w, const struct bsg_due_rec *page, size_t n)
{
	size_t n_pushed = 0;

	pthread_mutex_lock(&w->lock);
	while (n_pushed < n && !w->stopping) {
		while (n_pushed < n && push(w, page[n_pushed].device, true))
			n_pushed++;
		w->awaited = w->n_done + w->n + w->n_working;
		pthread_cond_broadcast(&w->wanted);
		while (!w->stopping && w->n_done < w->awaited)
			pthread_cond_wait(&w->keep, &w->lock);
	}
	pthread_mutex_unlock(&w->lock);
}

/* Read what is needed to tell whether a device may keep its orders. @return false: it gets new ones */
static bool may_keep(struct bsg_server *server, const struct bsg_due_rec *due, int64_t now, struct bsg_device_rec *rec,
		     struct bsg_orders_rec *head)
{
	struct bsg_error err;

	return due->state == BSG_DEVICE_ACTIVE && bsg_store_device(server->store, due->device, rec, &err) == BSG_OK &&
	       bsg_store_orders(server->store, due->device, head, NULL, &err) == BSG_OK && rec->state == BSG_DEVICE_ACTIVE &&
	       rec->serial > 0 && head->serial == rec->serial && head->change == rec->change && head->due > now &&
	       head->issued > now - KEPT_S && head->issued <= now;
}

/*
 * A change of the policy touches only whom it concerns (P25): take out of the page the devices whose orders say the same
 * under it. They are remembered as looked at in one batch. @return how many are left in the page
 */
static size_t keep_what_holds(struct bsg_orders_worker *w, struct bsg_active_policy *policy, struct bsg_due_rec *page, size_t n)
{
	struct bsg_server *server = w->server;
	struct bsg_device_rec *recs = calloc(n, sizeof(*recs));
	struct bsg_op *ops = calloc(n, sizeof(*ops));
	const int64_t now = bsg_now(server);
	struct bsg_orders_rec head;
	struct bsg_error err;
	size_t n_ops = 0, n_left = 0;

	for (size_t i = 0; i < n; i++) {
		struct bsg_device_rec *rec = recs == NULL ? NULL : &recs[n_ops];

		if (rec == NULL || ops == NULL || !may_keep(server, &page[i], now, rec, &head) ||
		    !bsg_orders_hold(server, policy, rec, &head)) {
			page[n_left++] = page[i];
			continue;
		}
		ops[n_ops].kind = BSG_OP_ORDERS_KEEP;
		ops[n_ops++].orders_keep = (struct bsg_op_orders_keep){rec->id, rec->serial, rec->change, policy->rec.version};
	}
	if (n_ops > 0 && bsg_store_apply(server->store, ops, n_ops, &err) == BSG_OK)
		atomic_fetch_add(&server->counts.orders_kept, n_ops);
	free(ops);
	free(recs);
	return n_left;
}

/* A sweep begins. @return how many could not be made since the last one began */
static size_t forget_failures(struct bsg_orders_worker *w)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = w->n_failed;
	w->n_failed = 0;
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* @return how many could not be made since the sweep began */
static size_t count_failures(struct bsg_orders_worker *w)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = w->n_failed;
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* Between two pieces of long work. @return false: the server stops */
static bool goes_on(struct bsg_orders_worker *w)
{
	bool stopping;

	pthread_mutex_lock(&w->lock);
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return !stopping;
}

/*
 * What is due now. Orders that were made while the clock was ahead lack the windows until then (P19): to find them takes a look at
 * everybody's, so it is done once after it was set back.
 */
static struct bsg_due_ask ask_due(const struct bsg_orders_worker *w, int64_t policy)
{
	const int64_t now = bsg_now(w->server);
	struct bsg_due_ask ask = {.now = now, .latest = now + w->server->settings.orders_renewal + AHEAD_S, .policy = policy};

	if (w->orders.set_back) {
		ask.latest = now;
		ask.issued_from = now + BSG_STORE_CLOCK_STEP_S;
	}
	return ask;
}

/* Make one page of what is due. @return BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY: nothing was made */
static enum bsg_err sweep_page(struct bsg_orders_worker *w, struct bsg_page *page, struct bsg_due_rec *recs, struct bsg_error *err)
{
	struct bsg_server *server = w->server;
	struct bsg_active_policy *policy = bsg_active_get(&server->active);
	const struct bsg_due_ask due = ask_due(w, policy->rec.version);
	enum bsg_err rc = bsg_store_orders_due(server->store, &due, page, recs, err);
	const size_t n_left = rc == BSG_OK && page->n > 0 ? keep_what_holds(w, policy, recs, page->n) : 0;

	bsg_active_put(policy);
	if (n_left > 0)
		work_off(w, recs, n_left);
	return rc;
}

/* Try all that is due, each once: what could not be made is tried again by the next sweep, and hides nobody in this one (V22). */
static void sweep(struct bsg_orders_worker *w)
{
	struct bsg_due_rec *recs = calloc(DUE_PAGE, sizeof(*recs));
	struct bsg_page page = {.limit = DUE_PAGE};
	char cursor[BSG_CURSOR_SIZE] = "";
	struct bsg_error err = {.text = "no memory for a list of them"};
	enum bsg_err rc = recs == NULL ? BSG_E_NO_MEMORY : BSG_OK;
	const size_t n_failed = forget_failures(w);

	if (n_failed > FAILED_LOG_MAX)
		bsg_log(w->server->log, BSG_LOG_ERROR, "orders", "orders could not be made %zu times in the last sweep", n_failed);
	while (rc == BSG_OK && goes_on(w)) {
		page.cursor = cursor;
		rc = sweep_page(w, &page, recs, &err);
		if (rc == BSG_OK && page.next[0] == '\0') {
			w->orders.set_back = w->orders.set_back && count_failures(w) > 0;
			break;
		}
		memcpy(cursor, page.next, sizeof(cursor));
	}
	if (rc != BSG_OK)
		bsg_log(w->server->log, BSG_LOG_ERROR, "orders", "cannot tell whose orders are due: %s", err.text);
	free(recs);
}

static void forget_old(struct bsg_orders_worker *w)
{
	struct bsg_server *server = w->server;
	struct bsg_op op = {.kind = BSG_OP_RETENTION};
	struct bsg_error err;
	int64_t now = bsg_now(server);

	op.retention.set_back = w->retention.set_back ? now : 0;
	op.retention.crossings_before = now - server->settings.keep_crossings;
	op.retention.reports_before = now - server->settings.keep_reports;
	do {
		op.retention.more = false;
		if (bsg_store_apply(server->store, &op, 1, &err) != BSG_OK) {
			bsg_log(server->log, BSG_LOG_WARNING, "store", "old crossings and reports are not forgotten: %s", err.text);
			return;
		}
		op.retention.set_back = 0;
		w->retention.set_back = false;
	} while (op.retention.more && goes_on(w));
}

static void renew_plane(struct bsg_server *server, struct bsg_http_server *plane)
{
	struct bsg_error err = {.text = ""};

	if (plane != NULL && bsg_http_server_reload(plane, server->home.tls.chain_pem, (const char *)server->home.tls.key_pem.data,
						    NULL, &err) != BSG_OK)
		bsg_log(server->log, BSG_LOG_ERROR, "tls", "the old certificate stays: %s", err.text);
}

static void renew_tls(struct bsg_server *server)
{
	struct bsg_error err = {.text = ""};

	pthread_mutex_lock(&server->planes_lock);	/* who judges its end looks at it meanwhile */
	if (bsg_home_load_tls(&server->home, &server->settings, bsg_now(server), &err) == BSG_OK) {
		renew_plane(server, server->people);
		renew_plane(server, server->device);
		for (size_t i = 0; i < server->n_platforms; i++)
			renew_plane(server, server->platform_planes[i]);
	} else {
		bsg_log(server->log, BSG_LOG_ERROR, "tls", "the old certificate stays: %s", err.text);
	}
	pthread_mutex_unlock(&server->planes_lock);
}

/* Before it must, so that nobody who makes orders or judges at a gate waits for calendars. */
static void renew_timetable(struct bsg_server *server)
{
	struct bsg_active_policy *policy = bsg_active_get(&server->active);
	struct bsg_error err = {.text = ""};

	if (bsg_active_renew(policy, bsg_now(server), &err) != BSG_OK)
		bsg_log(server->log, BSG_LOG_ERROR, "policy", "the calendars in force cannot be read: %s", err.text);
	bsg_active_put(policy);
}

static void see_time(struct bsg_orders_worker *w)
{
	const int64_t now = bsg_now(w->server);

	if (now < w->seen)
		w->orders.set_back = w->retention.set_back = w->tls.set_back = true;
	w->seen = now;
}

/* @return whether its time has come; then the next one is set */
static bool is_time(const struct bsg_server *server, struct chore *chore, int64_t every_s)
{
	const int64_t mono_ms = bsg_clock_mono_ms(server->clock);

	if (mono_ms < chore->next && !chore->set_back)
		return false;
	chore->next = mono_ms + every_s * 1000;
	return true;
}

static void keep_house(struct bsg_orders_worker *w)
{
	see_time(w);
	renew_timetable(w->server);
	sweep(w);
	see_time(w);
	if (is_time(w->server, &w->retention, RETENTION_S))
		forget_old(w);
	if (is_time(w->server, &w->tls, TLS_S)) {
		renew_tls(w->server);
		w->tls.set_back = false;
	}
}

static void *keeper(void *arg)
{
	struct bsg_orders_worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		int64_t until;

		w->due = false;
		pthread_mutex_unlock(&w->lock);
		keep_house(w);
		pthread_mutex_lock(&w->lock);
		until = mono_ms() + SWEEP_MS;
		while (!w->due && !w->stopping && wait_until(w, &w->keep, until))
			;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

enum bsg_err bsg_orders_new(struct bsg_server *server, struct bsg_error *err)
{
	struct bsg_orders_worker *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (w == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the threads that make orders");
	server->worker = w;
	w->server = server;
	w->seen = bsg_now(server);
	w->orders.set_back = w->retention.set_back = true;
	(void)is_time(server, &w->tls, TLS_S);	/* it was looked at just now */
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wanted, NULL);
	pthread_cond_init(&w->keep, &attr);
	pthread_cond_init(&w->tell, &attr);
	pthread_condattr_destroy(&attr);
	w->queue = calloc(QUEUE_MAX, sizeof(*w->queue));
	return w->queue != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the queue of orders");
}

enum bsg_err bsg_orders_start(struct bsg_server *server, struct bsg_error *err)
{
	struct bsg_orders_worker *w = server->worker;

	for (; w->n_makers < N_MAKERS; w->n_makers++)
		if (pthread_create(&w->makers[w->n_makers], NULL, maker, w) != 0)
			return bsg_fail(err, BSG_E_UNAVAILABLE, "cannot start a thread");
	w->has_keeper = pthread_create(&w->keeper, NULL, keeper, w) == 0;
	w->has_teller = pthread_create(&w->teller, NULL, teller, w) == 0;
	return w->has_keeper && w->has_teller ? BSG_OK : bsg_fail(err, BSG_E_UNAVAILABLE, "cannot start a thread");
}

void bsg_orders_stop(struct bsg_server *server)
{
	struct bsg_orders_worker *w = server->worker;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->wanted);
	pthread_cond_broadcast(&w->keep);
	pthread_cond_broadcast(&w->tell);
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->n_makers; i++)
		pthread_join(w->makers[i], NULL);
	if (w->has_keeper)
		pthread_join(w->keeper, NULL);
	if (w->has_teller)
		pthread_join(w->teller, NULL);
	w->n_makers = 0;
	w->has_keeper = w->has_teller = false;
}

/* The store's callbacks may still want orders until it is closed, so memory goes last. */
void bsg_orders_free(struct bsg_server *server)
{
	struct bsg_orders_worker *w = server->worker;

	if (w == NULL)
		return;
	pthread_cond_destroy(&w->wanted);
	pthread_cond_destroy(&w->keep);
	pthread_cond_destroy(&w->tell);
	pthread_mutex_destroy(&w->lock);
	free(w->queue);
	free(w);
	server->worker = NULL;
}
