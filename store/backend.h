/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database must be able to do. Private to store/.
 *
 * Queue, group commit, checks of input and pages of lists are done once, above; a backend applies operations inside a
 * transaction that it is told to begin and end, and answers queries by kind.
 */
#ifndef BSG_STORE_BACKEND_H
#define BSG_STORE_BACKEND_H

#include "store/apple.h"
#include "store/ops.h"
#include "store/read.h"

struct bsg_migration {
	int number;
	const char *name, *sql;
};

enum bsg_query_kind {
	BSG_QUERY_PERSON, BSG_QUERY_PERSON_BY_BADGE, BSG_QUERY_PEOPLE, BSG_QUERY_PEOPLE_UNIT, BSG_QUERY_BADGES,
	BSG_QUERY_INVITATION, BSG_QUERY_DEVICE, BSG_QUERY_DEVICES, BSG_QUERY_DEVICES_PERSON, BSG_QUERY_DEVICES_BADGE, BSG_QUERY_CERTIFICATE,
	BSG_QUERY_POLICY, BSG_QUERY_POLICY_ACTIVE, BSG_QUERY_POLICIES, BSG_QUERY_APPROVALS, BSG_QUERY_PLACE_SECRET,
	BSG_QUERY_EXEMPTION, BSG_QUERY_EXEMPTIONS, BSG_QUERY_EXEMPTIONS_PERSON, BSG_QUERY_EXEMPT,
	BSG_QUERY_EXEMPT_AT_ALL,
	BSG_QUERY_ORDERS, BSG_QUERY_ORDERS_HEAD, BSG_QUERY_DUE_CHANGED, BSG_QUERY_DUE, BSG_QUERY_DUE_AHEAD, BSG_QUERY_DUE_POLICY, BSG_QUERY_CROSSING,
	BSG_QUERY_MOVES, BSG_QUERY_CROSSINGS, BSG_QUERY_CROSSINGS_PERSON, BSG_QUERY_PRESENT, BSG_QUERY_REPORT_LATEST,
	BSG_QUERY_REPORTS, BSG_QUERY_GATE_CREDENTIALS, BSG_QUERY_GATE_CREDENTIALS_PLACE, BSG_QUERY_TURNSTILE_BY_TOKEN,
	BSG_QUERY_TURNSTILE, BSG_QUERY_TURNSTILES, BSG_QUERY_ADMIN, BSG_QUERY_ADMINS, BSG_QUERY_TOKEN,
	BSG_QUERY_TOKENS, BSG_QUERY_TOKENS_ADMIN, BSG_QUERY_APPLE, BSG_QUERY_APPLE_CERTIFICATE,
	BSG_QUERY_APPLES, BSG_QUERY_APPLE_DUE, BSG_QUERY_APPLE_PUSHES, BSG_QUERY_SESSION, BSG_QUERY_AUDIT, BSG_QUERY_NOT_BACK,
	BSG_QUERY_COUNTS,
	BSG_QUERY_COUNT
};

/* How a list goes on: what its cursor holds. */
enum bsg_cursor_kind {
	BSG_CURSOR_NONE = 0,
	BSG_CURSOR_TEXT,	/* ascending */
	BSG_CURSOR_NUM,		/* ascending */
	BSG_CURSOR_NUM_DOWN,
	BSG_CURSOR_NUM_TEXT,	/* NUM.TEXT, ascending */
	BSG_CURSOR_NUM_TEXT_DOWN,
	BSG_CURSOR_TEXT_TEXT	/* TEXT.TEXT, ascending; the first has no dot */
};

/*
 * A question. Parameters are numbered in every statement of every backend: 1-3 text, 4 sha256, 5-6 num, 7-8 and 9 the
 * cursor's texts and number, 10 the limit.
 */
struct bsg_query {
	enum bsg_query_kind kind;
	const char *text[3];		/* never NULL */
	const uint8_t *sha256;
	int64_t num[2];
	enum bsg_cursor_kind cursor;
	char cursor_text[2][BSG_CURSOR_SIZE];
	int64_t cursor_num;
	size_t limit;			/* records that fit into out */
	void *out;			/* array of the kind's record */
	struct bsg_store_blob *blobs;	/* one for each record, zeroed; NULL: not wanted */
	/* out */
	size_t n;
	char *next;			/* BSG_CURSOR_SIZE; NULL: not wanted */
};

/* Where a column goes: the columns of a record, in the order in which every statement selects them. */
enum bsg_field_type {
	BSG_FIELD_TEXT, BSG_FIELD_NUM, BSG_FIELD_BOOL, BSG_FIELD_STATE, BSG_FIELD_BYTES
};

struct bsg_field {
	enum bsg_field_type type;
	size_t offset, size;		/* size: of the array, for TEXT and BYTES */
};

struct bsg_record {
	size_t size;
	const struct bsg_field *fields;
	size_t n_fields;
};

/** The record that a kind of query gives; backends select its columns, then (lists) the cursor, then (if any) the blob. */
const struct bsg_record *bsg_query_record(enum bsg_query_kind kind);

/*
 * A backend. begin, apply, commit and rollback are called by the writer's thread only, the rest by any.
 */
struct bsg_backend {
	const char *scheme;
	enum bsg_err (*open)(const char *where, const struct bsg_store_options *options, void **out,
			     struct bsg_error *err);
	void (*close)(void *self);
	enum bsg_err (*begin)(void *self, bool careful, struct bsg_error *err);
	/*
	 * Apply one batch inside the transaction: all of it, or nothing, and set batch->rc, err, failed_op. Anything but BSG_OK
	 * means that the transaction as a whole is lost; BSG_E_CONFLICT, unless it was begun carefully: it can be had by applying all again
	 * carefully, as a batch was refused when it had changed something already. A batch may be applied again from the start.
	 */
	enum bsg_err (*apply)(void *self, struct bsg_batch *batch, struct bsg_error *err);
	enum bsg_err (*commit)(void *self, struct bsg_error *err);
	void (*rollback)(void *self);
	enum bsg_err (*read)(void *self, struct bsg_query *query, struct bsg_error *err);
	/* bsg_store_moment_begin() and _end() of the calling thread; renew: what it reads next is of a later moment. */
	void (*moment_begin)(void *self);
	void (*moment_renew)(void *self);
	void (*moment_end)(void *self);
};

extern const struct bsg_backend bsg_backend_sqlite;

/** Check what callers promised, before anything is queued (ops.h). @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT, BSG_E_BUG */
enum bsg_err bsg_store_check(const struct bsg_op *ops, size_t n_ops, struct bsg_error *err) BSG_MUST_CHECK;

/** Hash an audit entry whose other members are filled (records.h). @return BSG_E_CRYPTO, BSG_E_NO_MEMORY */
enum bsg_err bsg_store_audit_hash(const struct bsg_store_options *options, const uint8_t *prev,
				  struct bsg_audit_rec *entry, struct bsg_error *err) BSG_MUST_CHECK;

/** Copy a text; "" for NULL. The caller has checked that it fits. */
void bsg_store_copy(char *out, size_t size, const char *text);

struct bsg_store {
	const struct bsg_backend *backend;
	void *self;
	struct bsg_store_options options;
	struct bsg_writer *writer;
};

/* writer.c: the queue and its thread. */
enum bsg_err bsg_writer_start(struct bsg_store *store, struct bsg_writer **out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_writer_stop(struct bsg_writer *writer);	/* after committing what is queued; NULL is fine */
enum bsg_err bsg_writer_submit(struct bsg_writer *writer, struct bsg_batch *batch, struct bsg_error *err) BSG_MUST_CHECK;
bool bsg_writer_is_self(const struct bsg_writer *writer);
bool bsg_writer_last_failed(struct bsg_writer *writer);	/* the last commit */
void bsg_writer_stats(struct bsg_writer *writer, struct bsg_store_stats *out);

#endif
