/* SPDX-License-Identifier: Apache-2.0 */
/* How the tests of the store break things: syncs that count and fail, writes that count, writers that are killed, a disk that is full. */
#ifndef BSG_TEST_FAULT_FIXTURE_H
#define BSG_TEST_FAULT_FIXTURE_H

#include <sys/resource.h>

#include "store_fixture.h"

/** How often this process has synced a file. */
int fixture_syncs(void);
void fixture_fail_syncs(bool fail);

/** How often this process has written to a place in a file. */
int fixture_writes(void);

/**
 * Run a writer in a process of its own and kill it once it has said @after times, one byte each, that something is durable.
 *
 * @param write  never returns; opens the store by f->url, of which no other may be open here
 * @return how much it said in all
 */
unsigned fixture_kill_writer(struct store_fixture *f, void (*write)(const struct store_fixture *f, int to, unsigned round),
			     unsigned round, unsigned after);

/** Let no file grow past a size: writes fail as on a full disk, for everybody, without a file system of our own. */
void fixture_limit_files(rlim_t bytes);

/** fixture_tear_down(), with all of this undone first, also after a failed claim. */
int fault_tear_down(void **state);

#endif
