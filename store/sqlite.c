/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite backend: connections, transactions, batches, and what all its operations use. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 5000		/* a copy being taken, or a second server that starts */
#define PAGE_BYTES 4096
#define CHECK_BYTES_MAX (INT64_C(256) << 20)	/* a database up to this size is checked page by page at the start */

static const struct bsg_field row_numbers[] = {
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[0]), 8 },
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[1]), 8 },
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[2]), 8 },
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[3]), 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[0]), BSG_BADGE_SIZE + 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[1]), BSG_BADGE_SIZE + 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[2]), BSG_BADGE_SIZE + 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[3]), BSG_BADGE_SIZE + 8 },
};
static const struct bsg_field row_hash[] = {
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[0]), 8 },
	{ BSG_FIELD_BYTES, offsetof(struct bsg_sqlite_row, sha256), BSG_STORE_SHA256_LEN },
};
static const struct bsg_field row_invitation[] = {
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[0]), 8 },
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[1]), 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[0]), BSG_BADGE_SIZE + 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[1]), BSG_BADGE_SIZE + 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[2]), BSG_BADGE_SIZE + 8 },
	{ BSG_FIELD_BYTES, offsetof(struct bsg_sqlite_row, sha256), BSG_STORE_SHA256_LEN },
};
static const struct bsg_field row_code[] = {
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[0]), 8 },
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[1]), 8 },
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[2]), 8 },
	{ BSG_FIELD_NUM, offsetof(struct bsg_sqlite_row, num[3]), 8 },
	{ BSG_FIELD_TEXT, offsetof(struct bsg_sqlite_row, text[0]), BSG_BADGE_SIZE + 8 },
	{ BSG_FIELD_BYTES, offsetof(struct bsg_sqlite_row, sha256), BSG_STORE_SHA256_LEN },
};
const struct bsg_record bsg_sqlite_numbers = { sizeof(struct bsg_sqlite_row), row_numbers, 4 };
const struct bsg_record bsg_sqlite_mixed = { sizeof(struct bsg_sqlite_row), row_numbers, 8 };
const struct bsg_record bsg_sqlite_hash = { sizeof(struct bsg_sqlite_row), row_hash, 2 };
const struct bsg_record bsg_sqlite_invitation = { sizeof(struct bsg_sqlite_row), row_invitation, 6 };
const struct bsg_record bsg_sqlite_code = { sizeof(struct bsg_sqlite_row), row_code, 6 };

static const char *const statement_sql[BSG_SQL_COUNT] = {
#define STATEMENT(name, sql) [BSG_SQL_##name] = (sql),
#include "store/sqlite_statements.h"
#undef STATEMENT
};

const char *bsg_sqlite_sql(size_t number, bool *walks)
{
	*walks = false;
	return number < BSG_SQL_COUNT ? statement_sql[number] : NULL;
}

enum bsg_err bsg_sqlite_fail(sqlite3 *db, const char *doing, struct bsg_error *err)
{
	int code = db != NULL ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;

	switch (code) {
	case SQLITE_NOMEM:
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: out of memory", doing);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return bsg_fail(err, BSG_E_INVALID, "%s: the database file is damaged (%s): restore a backup", doing,
				sqlite3_errmsg(db));
	case SQLITE_FULL:
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%s: the disk is full: nothing was written; make room", doing);
	case SQLITE_BUSY:
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%s: another process holds the database: try again later", doing);
	default:
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%s: %s", doing, sqlite3_errmsg(db));
	}
}

enum bsg_err bsg_sqlite_lost(sqlite3 *db, const char *doing, struct bsg_error *err)
{
	enum bsg_err rc = bsg_sqlite_fail(db, doing, err);

	if (rc != BSG_E_INVALID)
		return rc;
	if (err != NULL)
		err->code = BSG_E_UNAVAILABLE;
	return BSG_E_UNAVAILABLE;
}

static bool bind(sqlite3_stmt *st, int at, const struct bsg_value *v)
{
	switch (v->type) {
	case BSG_VALUE_TEXT:
		return sqlite3_bind_text(st, at, v->ptr, -1, SQLITE_STATIC) == SQLITE_OK;
	case BSG_VALUE_NUM:
		return sqlite3_bind_int64(st, at, v->num) == SQLITE_OK;
	case BSG_VALUE_BYTES:
		return sqlite3_bind_blob64(st, at, v->ptr, v->len, SQLITE_STATIC) == SQLITE_OK;
	}
	return false;
}

/* Bind and take the first step. @return SQLite's answer */
static int start(sqlite3_stmt *st, const struct bsg_value *values, size_t n_values)
{
	for (size_t i = 0; i < n_values; i++)
		if (!bind(st, (int)i + 1, &values[i]))
			return SQLITE_NOMEM;
	return sqlite3_step(st);
}

static void finish(sqlite3_stmt *st)
{
	(void)sqlite3_reset(st);		/* repeats what step said */
	(void)sqlite3_clear_bindings(st);	/* they were borrowed */
}

enum bsg_err bsg_sqlite_run(struct bsg_sqlite *self, enum bsg_sqlite_statement statement, const struct bsg_value *values,
			    size_t n_values, int64_t *n_changed, struct bsg_error *err)
{
	sqlite3_stmt *st = self->statements[statement];
	enum bsg_err rc = BSG_OK;
	int got = start(st, values, n_values);

	switch (got) {
	case SQLITE_DONE:
		if (n_changed != NULL)
			*n_changed = sqlite3_changes64(self->db);
		break;
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
	case SQLITE_CONSTRAINT_UNIQUE:
		rc = bsg_fail(err, BSG_E_CONFLICT, "it exists already");
		break;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		rc = bsg_fail(err, BSG_E_NOT_FOUND, "what it belongs to is not known");
		break;
	default:
		if ((got & 0xff) == SQLITE_CONSTRAINT) {	/* one batch's own content: its neighbours go on */
			rc = bsg_fail(err, BSG_E_INVALID, "write: %s", sqlite3_errmsg(self->db));
			break;
		}
		self->lost = true;
		rc = bsg_sqlite_lost(self->db, "write", err);
	}
	finish(st);
	return rc;
}

int bsg_sqlite_columns(sqlite3_stmt *st, const struct bsg_record *record, void *out)
{
	for (size_t i = 0; i < record->n_fields; i++) {
		const struct bsg_field *f = &record->fields[i];
		char *to = (char *)out + f->offset;
		int64_t num = f->type == BSG_FIELD_TEXT || f->type == BSG_FIELD_BYTES ? 0 :
			sqlite3_column_int64(st, (int)i);
		const void *from = f->type == BSG_FIELD_TEXT ? (const void *)sqlite3_column_text(st, (int)i) :
			f->type == BSG_FIELD_BYTES ? sqlite3_column_blob(st, (int)i) : NULL;
		size_t len = from != NULL ? (size_t)sqlite3_column_bytes(st, (int)i) : 0;
		int state = (int)num;
		bool is = num != 0;

		if (len > f->size || (f->type == BSG_FIELD_TEXT && len == f->size))
			return -1;
		if (len > 0)
			memcpy(to, from, len);
		if (f->type == BSG_FIELD_TEXT)
			to[len] = '\0';
		else if (f->type == BSG_FIELD_NUM)
			memcpy(to, &num, sizeof(num));
		else if (f->type == BSG_FIELD_STATE)
			memcpy(to, &state, sizeof(state));
		else if (f->type == BSG_FIELD_BOOL)
			memcpy(to, &is, sizeof(is));
	}
	return (int)record->n_fields;
}

enum bsg_err bsg_sqlite_get(struct bsg_sqlite *self, enum bsg_sqlite_statement statement, const struct bsg_value *values,
			    size_t n_values, const struct bsg_record *record, void *out, size_t max, size_t *n,
			    struct bsg_error *err)
{
	sqlite3_stmt *st = self->statements[statement];
	enum bsg_err rc = BSG_OK;
	int got = start(st, values, n_values);

	*n = 0;
	while (got == SQLITE_ROW && *n < max) {
		if (bsg_sqlite_columns(st, record, (char *)out + *n * record->size) < 0) {
			got = SQLITE_CORRUPT;
			break;
		}
		++*n;
		got = *n < max ? sqlite3_step(st) : SQLITE_DONE;
	}
	if (got != SQLITE_DONE) {
		self->lost = true;
		rc = got == SQLITE_CORRUPT ?
			bsg_fail(err, BSG_E_UNAVAILABLE, "read: the database file is damaged: restore a backup") :
			bsg_sqlite_lost(self->db, "read", err);
	}
	finish(st);
	return rc;
}

enum bsg_err bsg_sqlite_row(struct bsg_sqlite *self, enum bsg_sqlite_statement statement, const struct bsg_value *values,
			    size_t n_values, const struct bsg_record *record, struct bsg_sqlite_row *out, bool *found,
			    struct bsg_error *err)
{
	size_t n;
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	rc = bsg_sqlite_get(self, statement, values, n_values, record, out, 1, &n, err);
	*found = rc == BSG_OK && n == 1;
	return rc;
}

static bsg_sqlite_apply *const appliers[BSG_OP_COUNT] = {
	[BSG_OP_PERSON_ADD] = bsg_sqlite_person_add,
	[BSG_OP_PERSON_LEAVE] = bsg_sqlite_person_leave,
	[BSG_OP_BADGE_ADD] = bsg_sqlite_badge_add,
	[BSG_OP_BADGE_REMOVE] = bsg_sqlite_badge_remove,
	[BSG_OP_INVITATION_ADD] = bsg_sqlite_invitation_add,
	[BSG_OP_ENROL] = bsg_sqlite_enrol,
	[BSG_OP_CERTIFICATE_ADD] = bsg_sqlite_certificate_add,
	[BSG_OP_CERTIFICATE_REVOKE] = bsg_sqlite_certificate_revoke,
	[BSG_OP_DEVICE_STATE] = bsg_sqlite_device_state,
	[BSG_OP_DEVICE_CARRIED] = bsg_sqlite_device_carried,
	[BSG_OP_DEVICE_RELEASE] = bsg_sqlite_device_release,
	[BSG_OP_POLICY_PROPOSE] = bsg_sqlite_policy_propose,
	[BSG_OP_POLICY_APPROVE] = bsg_sqlite_policy_approve,
	[BSG_OP_POLICY_ACTIVATE] = bsg_sqlite_policy_activate,
	[BSG_OP_EXEMPTION_ADD] = bsg_sqlite_exemption_add,
	[BSG_OP_EXEMPTION_APPROVE] = bsg_sqlite_exemption_approve,
	[BSG_OP_EXEMPTION_END] = bsg_sqlite_exemption_end,
	[BSG_OP_PLACE_SECRET_ADD] = bsg_sqlite_place_secret_add,
	[BSG_OP_ORDERS_PUT] = bsg_sqlite_orders_put,
	[BSG_OP_ORDERS_KEEP] = bsg_sqlite_orders_keep,
	[BSG_OP_CROSSING_ADD] = bsg_sqlite_crossing_add,
	[BSG_OP_REPORTS] = bsg_sqlite_reports,
	[BSG_OP_GATE_CREDENTIAL_ADD] = bsg_sqlite_gate_credential_add,
	[BSG_OP_TURNSTILE_ADD] = bsg_sqlite_turnstile_add,
	[BSG_OP_TURNSTILE_REMOVE] = bsg_sqlite_turnstile_remove,
	[BSG_OP_ADMIN_ADD] = bsg_sqlite_admin_add,
	[BSG_OP_ADMIN_REMOVE] = bsg_sqlite_admin_remove,
	[BSG_OP_TOKEN_ADD] = bsg_sqlite_token_add,
	[BSG_OP_TOKEN_REVOKE] = bsg_sqlite_token_revoke,
	[BSG_OP_APPLE_AUTHENTICATE] = bsg_sqlite_apple_authenticate,
	[BSG_OP_APPLE_TOKEN_UPDATE] = bsg_sqlite_apple_token_update,
	[BSG_OP_APPLE_CHECKOUT] = bsg_sqlite_apple_checkout,
	[BSG_OP_APPLE_STEP] = bsg_sqlite_apple_step,
	[BSG_OP_APPLE_ANSWER] = bsg_sqlite_apple_answer,
	[BSG_OP_APPLE_PUSHED] = bsg_sqlite_apple_pushed,
	[BSG_OP_CODE_ADD] = bsg_sqlite_code_add,
	[BSG_OP_SESSION_BEGIN] = bsg_sqlite_session_begin,
	[BSG_OP_SESSION_END] = bsg_sqlite_session_end,
	[BSG_OP_AUDIT] = bsg_sqlite_audit,
	[BSG_OP_RETENTION] = bsg_sqlite_retention,
	[BSG_OP_PROBE] = bsg_sqlite_probe,
};

static bool changed_before(const struct bsg_batch *batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (batch->ops[i].changed && batch->ops[i].kind != BSG_OP_AUDIT)
			return true;
	return false;
}

/* Apply the operations until one is refused. */
static void apply_ops(struct bsg_sqlite *self, struct bsg_batch *batch)
{
	self->proposed = 0;
	self->conflict = NULL;
	for (size_t i = 0; i < batch->n_ops; i++) {
		struct bsg_op *op = &batch->ops[i];

		op->changed = false;
		if (op->kind == BSG_OP_AUDIT && op->audit.only_if_changed && !changed_before(batch, i)) {
			op->audit.seq = 0;
			continue;
		}
		batch->rc = appliers[op->kind](self, op, &batch->err);
		if (batch->rc != BSG_OK) {
			batch->failed_op = i;
			return;
		}
	}
}

/* Take back what a refused batch changed. A savepoint copies each page that is written under it, and most are refused before that. */
static enum bsg_err undo(struct bsg_sqlite *self, int64_t n_changes, struct bsg_error *err)
{
	if (self->is_careful)
		return bsg_sqlite_run(self, BSG_SQL_UNDO, NULL, 0, NULL, err);
	return sqlite3_total_changes64(self->db) == n_changes ? BSG_OK : bsg_fail(err, BSG_E_CONFLICT, "a batch was refused halfway");
}

static enum bsg_err apply_batch(void *arg, struct bsg_batch *batch, struct bsg_error *err)
{
	struct bsg_sqlite *self = arg;
	const int64_t n_changes = sqlite3_total_changes64(self->db);
	enum bsg_err rc = self->is_careful ? bsg_sqlite_run(self, BSG_SQL_SAVEPOINT, NULL, 0, NULL, err) : BSG_OK;

	if (rc != BSG_OK)
		return rc;
	apply_ops(self, batch);
	if (self->lost) {
		*err = batch->err;
		return batch->rc;
	}
	if (batch->rc != BSG_OK)
		rc = undo(self, n_changes, err);
	if (rc == BSG_OK && batch->rc != BSG_OK && self->conflict != NULL)
		rc = bsg_sqlite_flag_conflict(self, self->conflict, err);
	if (rc == BSG_OK && self->is_careful)
		rc = bsg_sqlite_run(self, BSG_SQL_RELEASE, NULL, 0, NULL, err);
	return rc;
}

static enum bsg_err begin(void *arg, bool careful, struct bsg_error *err)
{
	struct bsg_sqlite *self = arg;

	self->lost = false;
	self->is_careful = careful;
	return bsg_sqlite_run(self, BSG_SQL_BEGIN, NULL, 0, NULL, err);
}

static enum bsg_err commit(void *arg, struct bsg_error *err)
{
	return bsg_sqlite_run(arg, BSG_SQL_COMMIT, NULL, 0, NULL, err);
}

static void rollback(void *arg)
{
	struct bsg_sqlite *self = arg;

	/* SQLite has often rolled back by itself. If this fails, too, the next begin fails, and says so. */
	if (!sqlite3_get_autocommit(self->db))
		(void)sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
}

/*
 * SQLite counts the bytes that it holds under one lock of the whole process, which all readers would stand at for every page. Nobody
 * asks for the count.
 */
static void set_up_library(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);	/* refused where somebody has used SQLite before: then it counts */
	bsg_sqlite_log_register();
}

enum bsg_err bsg_sqlite_connect(const char *path, bool writer, sqlite3 **out, struct bsg_error *err)
{
	static const char settings[] = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; "
		"PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA synchronous = FULL;";
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	sqlite3 *db = NULL;
	enum bsg_err rc = BSG_OK;

	*out = NULL;
	(void)pthread_once(&once, set_up_library);
	if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, BSG_SQLITE_VFS) != SQLITE_OK ||
	    sqlite3_busy_timeout(db, BUSY_MS) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, settings, NULL, NULL, NULL) != SQLITE_OK)
		rc = bsg_sqlite_fail(db, "open database", err);
	if (rc != BSG_OK) {
		(void)sqlite3_close(db);
		return rc;
	}
	bsg_sqlite_log_watch(db);
	*out = db;
	return BSG_OK;
}

/* Create the file ourselves: SQLite would make it readable for others, and its log takes the file's mode. */
static enum bsg_err create_file(const char *path, struct bsg_error *err)
{
	int fd;

	if (path[0] == '\0' || path[0] == ':' || strncmp(path, "file:", 5) == 0)
		return bsg_fail(err, BSG_E_INVALID, "open database: sqlite: is followed by the path of a file");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "open database %s: %s", path, strerror(errno));
	(void)close(fd);
	return BSG_OK;
}

static int first_column(void *out, int n, char **columns, char **names)
{
	(void)names;
	if (n > 0 && columns[0] != NULL)
		bsg_store_copy(out, 64, columns[0]);
	return 0;
}

/* Look at every page, where that takes no longer than a start may. */
static enum bsg_err check_pages(sqlite3 *db, const char *path, struct bsg_error *err)
{
	char said[64] = "";
	struct stat st;

	if (stat(path, &st) != 0 || st.st_size > CHECK_BYTES_MAX)
		return BSG_OK;
	if (sqlite3_exec(db, "PRAGMA quick_check(1)", first_column, said, NULL) != SQLITE_OK)
		return bsg_sqlite_fail(db, "open database", err);
	if (strcmp(said, "ok") != 0)
		return bsg_fail(err, BSG_E_INVALID, "open database: the file is damaged (%s): restore a backup", said);
	return BSG_OK;
}

/* Settings that only the writer has, and only once we know that the file is ours: WAL is written into it. */
static enum bsg_err set_up_writer(sqlite3 *db, int64_t max_bytes, struct bsg_error *err)
{
	char limit[64] = "";

	if (max_bytes != 0)
		(void)snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %lld",
			       (long long)(max_bytes / PAGE_BYTES) + 1);
	if (sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, limit, NULL, NULL, NULL) != SQLITE_OK)
		return bsg_sqlite_fail(db, "open database", err);
	return BSG_OK;
}

static enum bsg_err prepare_all(struct bsg_sqlite *self, struct bsg_error *err)
{
	for (size_t i = 0; i < BSG_SQL_COUNT; i++)
		if (sqlite3_prepare_v3(self->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &self->statements[i], NULL) != SQLITE_OK)
			return bsg_sqlite_fail(self->db, "open database", err);
	return BSG_OK;
}

static void close_sqlite(void *arg)
{
	struct bsg_sqlite *self = arg;

	if (self == NULL)
		return;
	bsg_sqlite_checkpoints_stop(self);
	bsg_sqlite_readers_close(self);	/* before the writer: the last one to close folds the log into the file */
	for (size_t i = 0; i < BSG_SQL_COUNT; i++)
		(void)sqlite3_finalize(self->statements[i]);
	(void)sqlite3_close(self->db);
	pthread_cond_destroy(&self->reader_free);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static enum bsg_err open_sqlite(const char *path, const struct bsg_store_options *options, void **out,
				struct bsg_error *err)
{
	struct bsg_sqlite *self = calloc(1, sizeof(*self));
	enum bsg_err rc;

	*out = NULL;
	if (self == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "open database: out of memory");
	self->options = options;
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->reader_free, NULL);
	rc = create_file(path, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_connect(path, true, &self->db, err);
	if (rc == BSG_OK)
		rc = check_pages(self->db, path, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_identify(self->db, n_bsg_sqlite_migrations, err);
	if (rc == BSG_OK)
		rc = set_up_writer(self->db, options->max_bytes, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_migrate(self->db, bsg_sqlite_migrations, n_bsg_sqlite_migrations, err);
	if (rc == BSG_OK)
		rc = prepare_all(self, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_readers_open(self, path, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_checkpoints_start(self, path, err);
	if (rc != BSG_OK) {
		close_sqlite(self);
		return rc;
	}
	*out = self;
	return BSG_OK;
}

const struct bsg_backend bsg_backend_sqlite = {
	.scheme = "sqlite",
	.open = open_sqlite,
	.close = close_sqlite,
	.begin = begin,
	.apply = apply_batch,
	.commit = commit,
	.rollback = rollback,
	.read = bsg_sqlite_read,
	.moment_begin = bsg_sqlite_moment_begin,
	.moment_renew = bsg_sqlite_moment_renew,
	.moment_end = bsg_sqlite_moment_end,
};
