/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite backend's log: what a commit adds to it goes to the disk in one write.
 *
 * SQLite writes each page of its log in two calls, 24 bytes and 4096. Here they gather, in order, until SQLite syncs the log, reads it,
 * or the room is full. Nobody misses them: others read only what the log's index names, and there SQLite names a commit after its sync.
 * That holds with synchronous = FULL alone, which every connection is given (bsg_sqlite_connect).
 *
 * Nothing outlives its transaction: a commit ends in a sync, and what is taken back is dropped here, too, lest it be written later over
 * what another process has committed at its place meanwhile.
 *
 * This is a VFS around the system's own; files other than logs are the system's alone. See docs/adr/0014 and
 * tests/contract/test_store_log.c.
 */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

#define ROOM (31 * (24 + 4096))	/* bytes: the system's VFS takes less than 128 KiB at once; a longer commit takes several writes */

struct log_file {
	sqlite3_file base;
	sqlite3_file *file;	/* the system's, behind this struct */
	char *room;		/* of ROOM bytes, from the first write on; NULL: none yet, or no memory, and writes go through */
	sqlite3_int64 at;	/* where in the file @n bytes of it belong */
	int n;
};

static sqlite3_vfs *system_vfs;

static struct log_file *log_of(sqlite3_file *file)
{
	return (struct log_file *)file;
}

static sqlite3_file *file_of(sqlite3_file *file)
{
	return log_of(file)->file;
}

/* Also after a failure nothing waits: SQLite takes the transaction back, and the next one begins at the same place. */
static int flush(struct log_file *log)
{
	const int n = log->n;

	log->n = 0;
	return n == 0 ? SQLITE_OK : log->file->pMethods->xWrite(log->file, log->room, n, log->at);
}

static int write_log(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	int rc = SQLITE_OK;

	if (log->room == NULL)
		log->room = malloc(ROOM);
	if (at != log->at + log->n || n > ROOM - log->n)
		rc = flush(log);
	if (rc != SQLITE_OK)
		return rc;
	if (log->room == NULL || n > ROOM)
		return log->file->pMethods->xWrite(log->file, data, n, at);
	if (log->n == 0)
		log->at = at;
	memcpy(log->room + log->n, data, (size_t)n);
	log->n += n;
	return SQLITE_OK;
}

static int read_log(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	const int rc = flush(log_of(file));

	return rc == SQLITE_OK ? file_of(file)->pMethods->xRead(file_of(file), out, n, at) : rc;
}

static int truncate_log(sqlite3_file *file, sqlite3_int64 size)
{
	const int rc = flush(log_of(file));

	return rc == SQLITE_OK ? file_of(file)->pMethods->xTruncate(file_of(file), size) : rc;
}

static int sync_log(sqlite3_file *file, int flags)
{
	const int rc = flush(log_of(file));

	return rc == SQLITE_OK ? file_of(file)->pMethods->xSync(file_of(file), flags) : rc;
}

static int size_of_log(sqlite3_file *file, sqlite3_int64 *size)
{
	const int rc = flush(log_of(file));

	return rc == SQLITE_OK ? file_of(file)->pMethods->xFileSize(file_of(file), size) : rc;
}

/* What waits now was in no commit. */
static int close_log(sqlite3_file *file)
{
	free(log_of(file)->room);
	return file_of(file)->pMethods->xClose(file_of(file));
}

static int lock_log(sqlite3_file *file, int level)
{
	return file_of(file)->pMethods->xLock(file_of(file), level);
}

static int unlock_log(sqlite3_file *file, int level)
{
	return file_of(file)->pMethods->xUnlock(file_of(file), level);
}

static int is_log_reserved(sqlite3_file *file, int *is_reserved)
{
	return file_of(file)->pMethods->xCheckReservedLock(file_of(file), is_reserved);
}

static int control_log(sqlite3_file *file, int what, void *arg)
{
	return file_of(file)->pMethods->xFileControl(file_of(file), what, arg);
}

static int sector_of_log(sqlite3_file *file)
{
	return file_of(file)->pMethods->xSectorSize(file_of(file));
}

static int traits_of_log(sqlite3_file *file)
{
	return file_of(file)->pMethods->xDeviceCharacteristics(file_of(file));
}

static const sqlite3_io_methods log_methods = {
	.iVersion = 1, .xClose = close_log, .xRead = read_log, .xWrite = write_log, .xTruncate = truncate_log, .xSync = sync_log,
	.xFileSize = size_of_log, .xLock = lock_log, .xUnlock = unlock_log, .xCheckReservedLock = is_log_reserved,
	.xFileControl = control_log, .xSectorSize = sector_of_log, .xDeviceCharacteristics = traits_of_log,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct log_file *log = log_of(file);
	int rc;

	(void)vfs;
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return system_vfs->xOpen(system_vfs, name, file, flags, out_flags);
	*log = (struct log_file){.file = (sqlite3_file *)(log + 1)};
	rc = system_vfs->xOpen(system_vfs, name, log->file, flags, out_flags);
	if (log->file->pMethods != NULL)	/* else there is nothing to close */
		log->base.pMethods = &log_methods;
	return rc;
}

/* SQLite calls this after each transaction that was taken back, whoever asked for it. */
static void drop(void *db)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK && file != NULL &&
	    file->pMethods == &log_methods)
		log_of(file)->n = 0;
}

void bsg_sqlite_log_register(void)
{
	static sqlite3_vfs vfs;

	system_vfs = sqlite3_vfs_find(NULL);
	if (system_vfs == NULL)
		return;
	vfs = *system_vfs;
	vfs.pNext = NULL;
	vfs.zName = BSG_SQLITE_VFS;
	vfs.szOsFile += (int)sizeof(struct log_file);
	vfs.xOpen = open_file;
	(void)sqlite3_vfs_register(&vfs, 0);
}

void bsg_sqlite_log_watch(sqlite3 *db)
{
	(void)sqlite3_rollback_hook(db, drop, db);
}
