/* SPDX-License-Identifier: Apache-2.0 */
/* The bus of a single process: a hash table of waiters, striped so that wakes of different devices do not meet. */
#include "bus/bus.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define N_STRIPES 64u
#define N_LISTS 256u	/* a stripe; 16,384 lists hold a hundred thousand waiters at six each */

struct stripe {
	pthread_mutex_t lock;
	struct bsg_bus_waiter *lists[N_LISTS];
};

struct bsg_bus {
	struct stripe stripes[N_STRIPES];
	_Atomic size_t n_waiting;
};

/* FNV-1a: topics are ids that we made or checked, nobody can choose them to collide. */
static uint32_t hash(const char *topic)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; topic[i] != '\0' && i < BSG_BUS_TOPIC_MAX; i++)
		h = (h ^ (uint8_t)topic[i]) * 16777619u;
	return h;
}

enum bsg_err bsg_bus_open(const char *where, struct bsg_bus **out, struct bsg_error *err)
{
	struct bsg_bus *bus;

	*out = NULL;
	if (strcmp(where, "local") != 0)
		return bsg_fail(err, BSG_E_INVALID, "bus \"%s\" is not known; use \"local\"", where);
	bus = calloc(1, sizeof(*bus));
	if (bus == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the bus");
	for (size_t i = 0; i < N_STRIPES; i++)
		pthread_mutex_init(&bus->stripes[i].lock, NULL);
	*out = bus;
	return BSG_OK;
}

void bsg_bus_close(struct bsg_bus *bus)
{
	if (bus == NULL)
		return;
	for (size_t i = 0; i < N_STRIPES; i++)
		pthread_mutex_destroy(&bus->stripes[i].lock);
	free(bus);
}

/* Call with the stripe's lock held. */
static void unlink_waiter(struct bsg_bus *bus, struct bsg_bus_waiter *waiter)
{
	*waiter->back = waiter->next;
	if (waiter->next != NULL)
		waiter->next->back = waiter->back;
	waiter->back = NULL;
	waiter->next = NULL;
	atomic_fetch_sub(&bus->n_waiting, 1);
}

void bsg_bus_wait(struct bsg_bus *bus, const char *topic, struct bsg_bus_waiter *waiter, bsg_bus_woken *woken, void *arg)
{
	uint32_t h = hash(topic);
	struct stripe *stripe = &bus->stripes[h % N_STRIPES];
	struct bsg_bus_waiter **list = &stripe->lists[h / N_STRIPES % N_LISTS];

	memset(waiter, 0, sizeof(*waiter));
	strncpy(waiter->topic, topic, BSG_BUS_TOPIC_MAX);
	waiter->woken = woken;
	waiter->arg = arg;
	pthread_mutex_lock(&stripe->lock);
	waiter->next = *list;
	if (*list != NULL)
		(*list)->back = &waiter->next;
	waiter->back = list;
	*list = waiter;
	atomic_fetch_add(&bus->n_waiting, 1);
	pthread_mutex_unlock(&stripe->lock);
}

bool bsg_bus_cancel(struct bsg_bus *bus, struct bsg_bus_waiter *waiter)
{
	struct stripe *stripe = &bus->stripes[hash(waiter->topic) % N_STRIPES];
	bool mine;

	pthread_mutex_lock(&stripe->lock);
	mine = waiter->back != NULL;
	if (mine)
		unlink_waiter(bus, waiter);
	pthread_mutex_unlock(&stripe->lock);
	return mine;
}

/* Take those of @topic (all of the list if NULL) out of the list; chained by next. Call with the lock held. */
static struct bsg_bus_waiter *take(struct bsg_bus *bus, struct bsg_bus_waiter **list, const char *topic)
{
	struct bsg_bus_waiter *taken = NULL, *next;

	for (struct bsg_bus_waiter *w = *list; w != NULL; w = next) {
		next = w->next;
		if (topic != NULL && strncmp(w->topic, topic, BSG_BUS_TOPIC_MAX) != 0)
			continue;
		unlink_waiter(bus, w);
		w->next = taken;
		taken = w;
	}
	return taken;
}

static size_t call(struct bsg_bus_waiter *taken)
{
	struct bsg_bus_waiter *next;
	size_t n = 0;

	for (; taken != NULL; taken = next, n++) {
		next = taken->next;	/* the callee may free it */
		taken->woken(taken, taken->arg);
	}
	return n;
}

size_t bsg_bus_wake(struct bsg_bus *bus, const char *topic)
{
	uint32_t h = hash(topic);
	struct stripe *stripe = &bus->stripes[h % N_STRIPES];
	struct bsg_bus_waiter *taken;

	pthread_mutex_lock(&stripe->lock);
	taken = take(bus, &stripe->lists[h / N_STRIPES % N_LISTS], topic);
	pthread_mutex_unlock(&stripe->lock);
	return call(taken);
}

size_t bsg_bus_wake_all(struct bsg_bus *bus)
{
	size_t n = 0;

	for (size_t s = 0; s < N_STRIPES; s++) {
		for (size_t l = 0; l < N_LISTS; l++) {
			struct bsg_bus_waiter *taken;

			pthread_mutex_lock(&bus->stripes[s].lock);
			taken = take(bus, &bus->stripes[s].lists[l], NULL);
			pthread_mutex_unlock(&bus->stripes[s].lock);
			n += call(taken);
		}
	}
	return n;
}

size_t bsg_bus_waiting(const struct bsg_bus *bus)
{
	return atomic_load(&bus->n_waiting);
}
