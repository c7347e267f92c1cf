/* SPDX-License-Identifier: Apache-2.0 */
/* The bus of a single process: a wake is a call. */
#include "bus/bus.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct listener {
	bsg_bus_woken *woken;
	void *arg;
};

struct bsg_bus {
	struct listener listeners[BSG_BUS_LISTENERS_MAX];
	size_t n_listeners;
	_Atomic uint64_t n_wakes;
};

enum bsg_err bsg_bus_open(const char *where, struct bsg_bus **out, struct bsg_error *err)
{
	*out = NULL;
	if (strcmp(where, "local") != 0)
		return bsg_fail(err, BSG_E_INVALID, "bus \"%s\" is not known; use \"local\"", where);
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the bus");
}

void bsg_bus_close(struct bsg_bus *bus)
{
	free(bus);
}

enum bsg_err bsg_bus_listen(struct bsg_bus *bus, bsg_bus_woken *woken, void *arg, struct bsg_error *err)
{
	if (bus->n_listeners == BSG_BUS_LISTENERS_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "more than %d listeners on the bus", BSG_BUS_LISTENERS_MAX);
	bus->listeners[bus->n_listeners++] = (struct listener){woken, arg};
	return BSG_OK;
}

void bsg_bus_wake(struct bsg_bus *bus, const char *topic)
{
	atomic_fetch_add_explicit(&bus->n_wakes, 1, memory_order_relaxed);
	for (size_t i = 0; i < bus->n_listeners; i++)
		bus->listeners[i].woken(topic, bus->listeners[i].arg);
}

uint64_t bsg_bus_n_wakes(const struct bsg_bus *bus)
{
	return atomic_load_explicit(&bus->n_wakes, memory_order_relaxed);
}
