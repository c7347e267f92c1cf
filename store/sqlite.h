/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the SQLite backend share. Private to it, and to the test that looks at its query plans. */
#ifndef BSG_STORE_SQLITE_H
#define BSG_STORE_SQLITE_H

#include <pthread.h>

#include <sqlite3.h>

#include "store/backend.h"

extern const struct bsg_migration bsg_sqlite_migrations[];
extern const size_t n_bsg_sqlite_migrations;

/* The writer's statements, all prepared when the database is opened: a mistake in one stops the start. */
enum bsg_sqlite_statement {
#define STATEMENT(name, sql) BSG_SQL_##name,
#include "store/sqlite_statements.h"
#undef STATEMENT
	BSG_SQL_COUNT
};

struct bsg_sqlite_reader {
	sqlite3 *db;
	sqlite3_stmt *begin, *end;			/* of a moment */
	sqlite3_stmt *statements[BSG_QUERY_COUNT];	/* prepared when first asked */
	struct bsg_sqlite_reader *next;			/* free ones */
};

/* Of store/sqlite_checkpoint.c. */
struct bsg_sqlite_checkpoints {
	sqlite3 *db;			/* the thread's; NULL: it does not run */
	pthread_t thread;
	pthread_mutex_t lock;		/* for the rest */
	pthread_cond_t woken;
	bool due, stopping;
	int n_done;			/* pages of the log that are in the file */
};

struct bsg_sqlite {
	const struct bsg_store_options *options;	/* the store's */
	sqlite3 *db;					/* the writer's */
	sqlite3_stmt *statements[BSG_SQL_COUNT];
	bool lost;		/* the disk or the database failed: the transaction cannot go on */
	bool is_careful;	/* each batch of this transaction can be taken back alone */
	int64_t proposed;	/* policy version made by this batch; 0: none */
	const struct bsg_op *conflict;	/* the reports whose refusal is to be remembered (ops.h) */
	struct bsg_audit_rec entry;	/* room for the one being written */
	struct bsg_sqlite_checkpoints checkpoints;
	pthread_mutex_t lock;		/* for the rest */
	pthread_cond_t reader_free;
	struct bsg_sqlite_reader *free_readers;
	struct bsg_sqlite_reader *readers;	/* all: options->n_readers */
};

/* A value to bind, borrowed until the statement has run. */
struct bsg_value {
	enum { BSG_VALUE_TEXT, BSG_VALUE_NUM, BSG_VALUE_BYTES } type;
	const void *ptr;
	size_t len;
	int64_t num;
};

static inline struct bsg_value bsg_text(const char *text)	/* NULL is bound as "" */
{
	return (struct bsg_value){ .type = BSG_VALUE_TEXT, .ptr = text != NULL ? text : "" };
}

static inline struct bsg_value bsg_num(int64_t num)
{
	return (struct bsg_value){ .type = BSG_VALUE_NUM, .num = num };
}

static inline struct bsg_value bsg_blob(const void *ptr, size_t len)
{
	return (struct bsg_value){ .type = BSG_VALUE_BYTES, .ptr = ptr, .len = len };
}

static inline struct bsg_value bsg_sha(const uint8_t *sha256)
{
	return bsg_blob(sha256, BSG_STORE_SHA256_LEN);
}

/**
 * Run a statement of the writer that gives no rows.
 *
 * @param n_changed  rows; may be NULL
 * @return BSG_OK, BSG_E_CONFLICT (a unique key), BSG_E_NOT_FOUND (a reference), BSG_E_UNAVAILABLE (self->lost is set)
 */
enum bsg_err bsg_sqlite_run(struct bsg_sqlite *self, enum bsg_sqlite_statement statement, const struct bsg_value *values,
			    size_t n_values, int64_t *n_changed, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Run a statement of the writer and read its rows into an array.
 *
 * @param out  @max records, as described by @record
 * @param n    rows read; 0 is no error
 * @return BSG_OK, BSG_E_UNAVAILABLE (self->lost is set)
 */
enum bsg_err bsg_sqlite_get(struct bsg_sqlite *self, enum bsg_sqlite_statement statement, const struct bsg_value *values,
			    size_t n_values, const struct bsg_record *record, void *out, size_t max, size_t *n,
			    struct bsg_error *err) BSG_MUST_CHECK;

#define BSG_VALUES(...) (const struct bsg_value[]){ __VA_ARGS__ }, \
	sizeof((const struct bsg_value[]){ __VA_ARGS__ }) / sizeof(struct bsg_value)

/* Most writing statements give or take a few numbers and ids: one record for all of them. */
struct bsg_sqlite_row {
	int64_t num[4];
	char text[4][BSG_BADGE_SIZE + 8];
	uint8_t sha256[BSG_STORE_SHA256_LEN];
};

extern const struct bsg_record bsg_sqlite_numbers;	/* num[0..3] */
extern const struct bsg_record bsg_sqlite_mixed;	/* num[0..3], text[0..3] */
extern const struct bsg_record bsg_sqlite_hash;		/* num[0], sha256 */
extern const struct bsg_record bsg_sqlite_code;		/* num[0..3], text[0], sha256 */
extern const struct bsg_record bsg_sqlite_invitation;	/* num[0..1], text[0..2], sha256 */

/* Read one row of the record. @param found  whether there was one */
enum bsg_err bsg_sqlite_row(struct bsg_sqlite *self, enum bsg_sqlite_statement statement, const struct bsg_value *values,
			    size_t n_values, const struct bsg_record *record, struct bsg_sqlite_row *out, bool *found,
			    struct bsg_error *err) BSG_MUST_CHECK;

/** Copy a row's columns into a record. @return the number of columns used; -1: one does not fit, the file is damaged */
int bsg_sqlite_columns(sqlite3_stmt *statement, const struct bsg_record *record, void *out);

/** Say what a database error means: BSG_E_UNAVAILABLE, or BSG_E_INVALID for a damaged file. */
enum bsg_err bsg_sqlite_fail(sqlite3 *db, const char *doing, struct bsg_error *err);

/** As bsg_sqlite_fail() while running: a damaged file is BSG_E_UNAVAILABLE then, no mistake of the caller's. */
enum bsg_err bsg_sqlite_lost(sqlite3 *db, const char *doing, struct bsg_error *err);

/** The VFS of store/sqlite_log.c, by which every connection is opened. */
#define BSG_SQLITE_VFS "bosaga"

/** Make it known to SQLite, once in a process, before the first connection; without it none opens. */
void bsg_sqlite_log_register(void);

/** Let the log of a connection forget what is taken back; takes the connection's rollback hook. */
void bsg_sqlite_log_watch(sqlite3 *db);

/** Open a connection and bring it to our settings. */
enum bsg_err bsg_sqlite_connect(const char *path, bool writer, sqlite3 **out, struct bsg_error *err) BSG_MUST_CHECK;

/** Refuse a file that is not ours (BSG_E_INVALID) or newer (BSG_E_DENIED), changing nothing. */
enum bsg_err bsg_sqlite_identify(sqlite3 *db, size_t newest, struct bsg_error *err) BSG_MUST_CHECK;

/** Apply the missing migrations. */
enum bsg_err bsg_sqlite_migrate(sqlite3 *db, const struct bsg_migration *migrations, size_t n_migrations,
				struct bsg_error *err) BSG_MUST_CHECK;

/* sqlite_checkpoint.c: after the database is set up as a log, and before the writer's connection is closed; stop may come without start */
enum bsg_err bsg_sqlite_checkpoints_start(struct bsg_sqlite *self, const char *path, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_sqlite_checkpoints_stop(struct bsg_sqlite *self);

/* sqlite_read.c */
enum bsg_err bsg_sqlite_readers_open(struct bsg_sqlite *self, const char *path, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_sqlite_readers_close(struct bsg_sqlite *self);
enum bsg_err bsg_sqlite_read(void *self, struct bsg_query *query, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_sqlite_moment_begin(void *self);
void bsg_sqlite_moment_renew(void *self);
void bsg_sqlite_moment_end(void *self);

/* For the test of query plans: every statement there is. @return NULL: no such number; *walks: it may scan (not on a hot path) */
const char *bsg_sqlite_sql(size_t number, bool *walks);
const char *bsg_sqlite_query_sql(enum bsg_query_kind kind, bool *walks);

/** Refuse a person who is not known or has left. @return BSG_E_NOT_FOUND */
enum bsg_err bsg_sqlite_need_person(struct bsg_sqlite *self, const char *id, struct bsg_error *err) BSG_MUST_CHECK;

/** Read a device. @param row  num: state, carried, release_at, change; text: person @return BSG_E_NOT_FOUND */
enum bsg_err bsg_sqlite_need_device(struct bsg_sqlite *self, const char *id, struct bsg_sqlite_row *row,
				    struct bsg_error *err) BSG_MUST_CHECK;

/* An operation. It sets op->changed; a refusal leaves what it did to the savepoint. */
typedef enum bsg_err bsg_sqlite_apply(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err);

bsg_sqlite_apply bsg_sqlite_person_add, bsg_sqlite_person_leave, bsg_sqlite_badge_add, bsg_sqlite_badge_remove,
	bsg_sqlite_invitation_add, bsg_sqlite_enrol, bsg_sqlite_certificate_add, bsg_sqlite_certificate_revoke,
	bsg_sqlite_device_state, bsg_sqlite_device_carried, bsg_sqlite_device_release, bsg_sqlite_policy_propose,
	bsg_sqlite_policy_approve, bsg_sqlite_policy_activate, bsg_sqlite_exemption_add,
	bsg_sqlite_exemption_approve, bsg_sqlite_exemption_end, bsg_sqlite_place_secret_add, bsg_sqlite_orders_put,
	bsg_sqlite_orders_keep,
	bsg_sqlite_crossing_add, bsg_sqlite_reports, bsg_sqlite_gate_credential_add, bsg_sqlite_turnstile_add,
	bsg_sqlite_turnstile_remove, bsg_sqlite_admin_add, bsg_sqlite_admin_remove, bsg_sqlite_token_add,
	bsg_sqlite_token_revoke, bsg_sqlite_apple_authenticate, bsg_sqlite_apple_token_update, bsg_sqlite_apple_checkout,
	bsg_sqlite_apple_step, bsg_sqlite_apple_answer, bsg_sqlite_apple_pushed,
	bsg_sqlite_code_add, bsg_sqlite_session_begin, bsg_sqlite_session_end, bsg_sqlite_audit, bsg_sqlite_retention, bsg_sqlite_probe;

/** Let owners' codes and sessions that lie ahead of @now begin now. @param n  how many there were */
enum bsg_err bsg_sqlite_owner_set_back(struct bsg_sqlite *self, int64_t now, int64_t *n, struct bsg_error *err) BSG_MUST_CHECK;

/** Remember that two agents use one key, after the batch that showed it was undone. */
enum bsg_err bsg_sqlite_flag_conflict(struct bsg_sqlite *self, const struct bsg_op *op, struct bsg_error *err) BSG_MUST_CHECK;

#endif
