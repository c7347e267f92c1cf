/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite backend's checkpoints: what is in the log goes into the file beside the writer, by a thread and a connection of their own.
 *
 * A checkpoint takes the disk 10 to 30 ms, by its pages, and a commit meanwhile waits for some of them: so they are many and small.
 * The log begins anew only after a checkpoint that leaves nothing, and a writer that never rests has always written more meanwhile. So
 * the last of a long log is the writer's: once no more is left than the log is too long, which takes 2 to 10 ms for 100 pages.
 * See docs/adr/0002 and tests/contract/test_store_checkpoint.c.
 */
#include "store/sqlite.h"

#define PAGES_BEHIND 300	/* of the log that are not in the file yet: worth a checkpoint */
#define PAGES_LONG 15000	/* of the log: from here on it ends, the sooner the less is left; the thread sees to it that little is */
#define PAGES_FEW 100		/* what the thread leaves then */
#define PAGES_MAX 16000		/* of the log: the writer ends it whatever is left, as long as journal_size_limit keeps of the file */

/* @return how many pages of the log are in the file; 0: none, or this could not be done now, and is tried again later */
static int checkpoint(sqlite3 *db)
{
	int n_log = 0, n_done = 0;

	return sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, &n_log, &n_done) == SQLITE_OK && n_done > 0 ? n_done : 0;
}

/* After each commit, on the writer's thread. */
static int committed(void *arg, sqlite3 *db, const char *name, int n_pages)
{
	struct bsg_sqlite_checkpoints *c = arg;
	bool ends;
	int n_left;

	(void)name;
	pthread_mutex_lock(&c->lock);
	if (n_pages < c->n_done)	/* the log has begun anew */
		c->n_done = 0;
	n_left = n_pages - c->n_done;
	ends = n_pages >= PAGES_MAX || n_left < n_pages - PAGES_LONG;
	if (!ends && !c->due && n_left >= (n_pages < PAGES_LONG ? PAGES_BEHIND : PAGES_FEW)) {
		c->due = true;
		pthread_cond_signal(&c->woken);
	}
	pthread_mutex_unlock(&c->lock);
	if (ends)
		(void)checkpoint(db);	/* busy where the other one is at it: the next commit tries again */
	return SQLITE_OK;
}

static void *run(void *arg)
{
	struct bsg_sqlite_checkpoints *c = arg;
	int n_done;

	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		if (!c->due) {
			pthread_cond_wait(&c->woken, &c->lock);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		n_done = checkpoint(c->db);
		pthread_mutex_lock(&c->lock);
		c->n_done = n_done;
		c->due = false;
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

enum bsg_err bsg_sqlite_checkpoints_start(struct bsg_sqlite *self, const char *path, struct bsg_error *err)
{
	struct bsg_sqlite_checkpoints *c = &self->checkpoints;
	enum bsg_err rc = bsg_sqlite_connect(path, true, &c->db, err);

	if (rc != BSG_OK)
		return rc;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->woken, NULL);
	if (pthread_create(&c->thread, NULL, run, c) != 0) {
		pthread_cond_destroy(&c->woken);
		pthread_mutex_destroy(&c->lock);
		(void)sqlite3_close(c->db);
		c->db = NULL;
		return bsg_fail(err, BSG_E_UNAVAILABLE, "open database: cannot start the thread for its checkpoints");
	}
	(void)sqlite3_wal_hook(self->db, committed, c);
	return BSG_OK;
}

void bsg_sqlite_checkpoints_stop(struct bsg_sqlite *self)
{
	struct bsg_sqlite_checkpoints *c = &self->checkpoints;

	if (c->db == NULL)
		return;
	(void)sqlite3_wal_hook(self->db, NULL, NULL);
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->woken);
	pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->woken);
	pthread_mutex_destroy(&c->lock);
	(void)sqlite3_close(c->db);
	c->db = NULL;
}
