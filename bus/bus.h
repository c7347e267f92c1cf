/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wake-ups between those who change something and those who wait for it, in one process or in several.
 *
 * A wake carries a topic and nothing else: who is woken reads the store, which is the record. So a wake too many costs one
 * read, and wakes may be lost only together with a process. Who waits enters its list first and looks at the store afterwards.
 */
#ifndef BSG_BUS_H
#define BSG_BUS_H

#include <stdint.h>

#include "base/error.h"

#define BSG_BUS_TOPIC_MAX 47	/* bytes of a topic, without its NUL */
#define BSG_BUS_LISTENERS_MAX 8

struct bsg_bus;

/** Called for every wake, on the thread that wakes (or the bus's own), with no lock held; must not block long. */
typedef void bsg_bus_woken(const char *topic, void *arg);

/**
 * Open the bus named by @where: `local` is this process.
 *
 * @param out  owned by the caller, bsg_bus_close(); NULL on failure
 * @return BSG_OK, BSG_E_INVALID (unknown bus), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_bus_open(const char *where, struct bsg_bus **out, struct bsg_error *err) BSG_MUST_CHECK;

/** Close it, when nobody wakes any more; NULL is fine. */
void bsg_bus_close(struct bsg_bus *bus);

/**
 * Listen to every topic from now on. Before the first wake only: listeners are not locked.
 *
 * @return BSG_OK, BSG_E_LIMIT (BSG_BUS_LISTENERS_MAX)
 */
enum bsg_err bsg_bus_listen(struct bsg_bus *bus, bsg_bus_woken *woken, void *arg, struct bsg_error *err) BSG_MUST_CHECK;

/** Wake those who wait for @topic, here and in other processes. Thread-safe. Only after the commit of what changed. */
void bsg_bus_wake(struct bsg_bus *bus, const char *topic);

/** Count the wakes since the bus was opened. */
uint64_t bsg_bus_n_wakes(const struct bsg_bus *bus);

#endif
