/* SPDX-License-Identifier: Apache-2.0 */
/* Held exchanges by key: a hash table of entries that leave when they are answered. */
#include <stdlib.h>
#include <string.h>

#include "base/texthash.h"
#include "http/internal.h"

#define N_BUCKETS 4096

struct waiter {
	struct waiter *next, **back;
	struct bsg_http_exchange *x;	/* a reference, given back when it leaves */
	char key[];
};

struct bsg_http_waiters {
	pthread_mutex_t lock;
	size_t n;
	struct waiter *buckets[N_BUCKETS];
};

/* Keys are ids that we made or checked, not an attacker's choice of collisions. */
static size_t bucket_of(const char *key)
{
	return bsg_text_hash(key) % N_BUCKETS;
}

enum bsg_err bsg_http_waiters_new(struct bsg_http_waiters **out, struct bsg_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "list of waiters: out of memory");
	pthread_mutex_init(&(*out)->lock, NULL);
	return BSG_OK;
}

void bsg_http_waiters_free(struct bsg_http_waiters *waiters)
{
	if (waiters == NULL)
		return;
	pthread_mutex_destroy(&waiters->lock);
	free(waiters);
}

static void link_waiter(struct bsg_http_waiters *waiters, struct waiter *w)
{
	struct waiter **head = &waiters->buckets[bucket_of(w->key)];

	w->next = *head;
	w->back = head;
	if (w->next != NULL)
		w->next->back = &w->next;
	*head = w;
	waiters->n++;
}

void bsg_http_waiter_leave(struct bsg_http_waiters *waiters, struct waiter *w)
{
	pthread_mutex_lock(&waiters->lock);
	*w->back = w->next;
	if (w->next != NULL)
		w->next->back = w->back;
	waiters->n--;
	pthread_mutex_unlock(&waiters->lock);
	bsg_http_unref(w->x);
	free(w);
}

void bsg_http_waiters_add(struct bsg_http_waiters *waiters, const char *key,
			  struct bsg_http_exchange *x)
{
	size_t len = strlen(key);
	struct waiter *w = NULL;
	bool entered;

	if (len > BSG_HTTP_WAIT_KEY_MAX) {
		(void)bsg_http_fail(x, BSG_E_BUG, NULL);
		return;
	}
	w = malloc(sizeof(*w) + len + 1);
	if (w == NULL) {
		(void)bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	memcpy(w->key, key, len + 1);
	w->x = x;
	pthread_mutex_lock(&waiters->lock);
	pthread_mutex_lock(&x->lock);
	entered = !x->answered && x->waiters == NULL;
	if (entered) {
		x->waiters = waiters;
		x->waiter = w;
		(void)bsg_http_ref(x);
		link_waiter(waiters, w);
	}
	pthread_mutex_unlock(&x->lock);
	pthread_mutex_unlock(&waiters->lock);
	if (!entered)
		free(w);
}

static bool fits(const struct waiter *w, const char *key)
{
	return key == NULL || strcmp(w->key, key) == 0;
}

/*
 * Take references under the lock, so that @wake runs without it. Without
 * memory for that nobody is woken now: the holds end at their deadlines.
 */
static struct bsg_http_exchange **collect(struct bsg_http_waiters *waiters, const char *key,
					  size_t *n)
{
	struct bsg_http_exchange **found = NULL;
	size_t first = key != NULL ? bucket_of(key) : 0;
	size_t last = key != NULL ? first : N_BUCKETS - 1;
	size_t n_fit = 0;

	*n = 0;
	pthread_mutex_lock(&waiters->lock);
	for (size_t i = first; i <= last; i++) {
		for (struct waiter *w = waiters->buckets[i]; w != NULL; w = w->next)
			n_fit += fits(w, key);
	}
	if (n_fit > 0)
		found = malloc(n_fit * sizeof(struct bsg_http_exchange *));
	for (size_t i = first; found != NULL && i <= last; i++) {
		for (struct waiter *w = waiters->buckets[i]; w != NULL; w = w->next) {
			if (fits(w, key))
				found[(*n)++] = bsg_http_ref(w->x);
		}
	}
	pthread_mutex_unlock(&waiters->lock);
	return found;
}

static size_t wake_some(struct bsg_http_waiters *waiters, const char *key,
			bsg_http_wake_fn *wake, void *arg)
{
	size_t n;
	struct bsg_http_exchange **found = collect(waiters, key, &n);

	for (size_t i = 0; i < n; i++) {
		wake(found[i], arg);
		bsg_http_unref(found[i]);
	}
	free(found);
	return n;
}

size_t bsg_http_waiters_wake(struct bsg_http_waiters *waiters, const char *key,
			     bsg_http_wake_fn *wake, void *arg)
{
	return wake_some(waiters, key, wake, arg);
}

size_t bsg_http_waiters_wake_all(struct bsg_http_waiters *waiters,
				 bsg_http_wake_fn *wake, void *arg)
{
	return wake_some(waiters, NULL, wake, arg);
}

size_t bsg_http_waiters_count(struct bsg_http_waiters *waiters)
{
	size_t n;

	pthread_mutex_lock(&waiters->lock);
	n = waiters->n;
	pthread_mutex_unlock(&waiters->lock);
	return n;
}
