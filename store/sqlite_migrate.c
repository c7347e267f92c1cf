/* SPDX-License-Identifier: Apache-2.0 */
/* Brings a database to this program's version: numbered steps, one transaction each; never backwards. */
#include "store/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define APPLICATION_ID 0x42534741	/* "BSGA": tells our files from other SQLite files */

static int take_number(void *out, int n, char **columns, char **names)
{
	(void)names;
	if (n == 1 && columns[0] != NULL)
		*(int64_t *)out = strtoll(columns[0], NULL, 10);
	return 0;
}

static enum bsg_err get_number(sqlite3 *db, const char *sql, int64_t *out, struct bsg_error *err)
{
	*out = 0;
	if (sqlite3_exec(db, sql, take_number, out, NULL) != SQLITE_OK)
		return bsg_sqlite_fail(db, "open database", err);
	return BSG_OK;
}

/* Tell whether the file is empty (version 0) or ours, and how old. */
static enum bsg_err get_version(sqlite3 *db, int64_t newest, int64_t *version, struct bsg_error *err)
{
	int64_t application, n_tables;
	enum bsg_err rc = get_number(db, "PRAGMA user_version", version, err);

	if (rc == BSG_OK)
		rc = get_number(db, "PRAGMA application_id", &application, err);
	if (rc == BSG_OK)
		rc = get_number(db, "SELECT count(*) FROM sqlite_schema", &n_tables, err);
	if (rc != BSG_OK)
		return rc;
	if (n_tables == 0 && *version == 0)
		return BSG_OK;
	if (application != APPLICATION_ID || *version < 1)
		return bsg_fail(err, BSG_E_INVALID, "open database: this SQLite file is not a database of Bosaga");
	if (*version > newest)
		return bsg_fail(err, BSG_E_DENIED, "open database: it has version %" PRId64 ", this program knows %" PRId64
				": a newer program wrote it; start that one, or restore a backup", *version, newest);
	return BSG_OK;
}

enum bsg_err bsg_sqlite_identify(sqlite3 *db, size_t newest, struct bsg_error *err)
{
	int64_t version;

	return get_version(db, (int64_t)newest, &version, err);
}

static enum bsg_err migrate_one(sqlite3 *db, const struct bsg_migration *m, struct bsg_error *err)
{
	char settings[96], doing[96];
	enum bsg_err rc;

	(void)snprintf(doing, sizeof(doing), "upgrade database by %s", m->name);
	(void)snprintf(settings, sizeof(settings), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		       APPLICATION_ID, m->number);
	if (sqlite3_exec(db, m->sql, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, settings, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return BSG_OK;
	rc = bsg_sqlite_fail(db, doing, err);
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

enum bsg_err bsg_sqlite_migrate(sqlite3 *db, const struct bsg_migration *migrations, size_t n_migrations,
				struct bsg_error *err)
{
	int64_t version = 0;
	enum bsg_err rc;

	do {	/* the version is read inside the transaction: two servers may start at once */
		if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
			return bsg_sqlite_fail(db, "open database", err);
		rc = get_version(db, (int64_t)n_migrations, &version, err);
		if (rc == BSG_OK && version < (int64_t)n_migrations)
			rc = migrate_one(db, &migrations[version], err);
		else
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	} while (rc == BSG_OK && version < (int64_t)n_migrations);
	return rc;
}
