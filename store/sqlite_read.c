/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite backend's readers: a pool of read-only connections and one statement for each kind of query. */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

struct query_sql {
	const char *sql;
	bool blob;	/* its last column is one */
	bool walks;	/* it may look at more than it gives: for people who wait, never on a device's path */
};

#define PERSON "p.id, p.name, p.unit, p.lang, iif(p.left_at = 0, 1, 0), p.created, p.left_at"
#define DEVICE "d.id, d.person, p.unit, d.kind, d.class, d.state, d.carried, d.enrolled, d.ended, d.release_at, " \
	"d.release_reason, d.conflict_at, d.seq, d.place, d.gate, d.direction, d.at, d.change, " \
	"(SELECT expires FROM certificate c WHERE c.device = d.id AND c.revoked = 0 ORDER BY expires DESC LIMIT 1), " \
	"d.serial, d.orders_expire, d.orders_policy"
#define POLICY "v.version, v.state, v.author, v.digest, v.created, v.activated, v.n_people, v.approvals_needed, " \
	"(SELECT count(*) FROM approval a WHERE a.version = v.version), v.base"
#define EXEMPTION "x.id, x.person, p.unit, x.device, x.functions, x.from_at, x.until_at, x.reason, x.author, x.created, " \
	"x.approver, x.approved, x.ended, x.ended_by"
#define EXEMPTION_FROM " FROM exemption x CROSS JOIN person p ON p.id = x.person WHERE "
#define EXEMPTION_REST "(x.created, x.id) < (?9, ?8) AND (?2 = '' OR p.unit = ?2) ORDER BY x.created DESC, x.id DESC LIMIT ?10"
#define ORDERS "d.serial, d.orders_expire, d.orders_change, d.orders_policy, d.orders_digest, d.orders_issued, d.due, " \
	"d.orders_content"
#define CROSSING "c.id, c.person, c.device, c.place, c.gate, c.direction, c.at, c.received, c.by, c.n_devices, c.applied"
#define CROSSING_CURSOR ", c.at || '.' || c.id FROM crossing c "
#define CROSSING_REST "(c.at, c.id) < (?9, ?8) AND c.at >= ?5 AND c.at < ?6 AND (?2 = '' OR c.place = ?2) AND (?3 = '' OR " \
	"EXISTS (SELECT 1 FROM person p WHERE p.id = c.person AND p.unit = ?3)) ORDER BY c.at DESC, c.id DESC LIMIT ?10"
#define REPORT "r.device, r.id, r.kind, r.sequence, r.at, r.received"
#define CREDENTIAL "g.place, g.gate, g.key_sha256, g.issued, g.expires, g.by, g.num FROM gate_credential g "
#define TURNSTILE "t.id, t.place, t.gate, t.address, t.created"
#define ADMIN "a.name, a.role, a.unit, a.created"
#define TOKEN "t.id, t.admin, a.role, a.unit, t.created, t.expires, t.revoked"
#define TOKEN_FROM " FROM token t JOIN admin a ON a.name = t.admin "
#define APPLE_OF(device) device ", a.state, a.udid, a.supervised, a.os_version, a.model, a.product, " \
	"a.authenticated, a.ended, a.topic, length(a.token), a.token_at, a.version, a.next, a.desired, a.content, a.desired_until, " \
	"a.desired_seq, a.desired_at, a.crossing_at, a.command, a.uuid, a.offered_at, a.offered_seq, a.not_now_at, a.acknowledged_seq, " \
	"a.acknowledged_at, a.verified, a.verified_until, a.verified_seq, a.verified_at, a.last_error, a.error_at, a.n_errors, " \
	"a.push_at, a.push_failures, a.settings_done"
#define APPLE APPLE_OF("d.id, d.person, p.unit, d.kind, d.state")
#define APPLE_FROM " FROM apple_device a CROSS JOIN device d ON d.id = a.device CROSS JOIN person p ON p.id = d.person "

/*
 * Parameters as in struct bsg_query. Lists select their cursor after the record, and begin at it: of two bounds of a column SQLite takes the
 * first, so that the cursor's stands before others. A rowid has no collation, without which SQLite does not take it as a part of the bound.
 */
static const struct query_sql queries[BSG_QUERY_COUNT] = {
	[BSG_QUERY_PERSON] = { .sql = "SELECT " PERSON " FROM person p WHERE p.id = ?1" },
	[BSG_QUERY_PERSON_BY_BADGE] = { .sql = "SELECT " PERSON
		" FROM badge b JOIN person p ON p.id = b.person WHERE b.number = ?1" },
	[BSG_QUERY_PEOPLE] = { .sql = "SELECT " PERSON ", p.id FROM person p WHERE p.id > ?7 ORDER BY p.id LIMIT ?10" },
	[BSG_QUERY_PEOPLE_UNIT] = { .sql = "SELECT " PERSON
		", p.id FROM person p WHERE p.unit = ?1 AND p.id > ?7 ORDER BY p.id LIMIT ?10" },
	[BSG_QUERY_BADGES] = { .sql = "SELECT number, person, since, number FROM badge "
		"WHERE person = ?1 AND number > ?7 ORDER BY number LIMIT ?10" },
	[BSG_QUERY_INVITATION] = { .blob = true, .sql =
		"SELECT i.person, i.kind, i.created, i.expires, i.consumed, i.device, i.key, c.der FROM invitation i "
		"LEFT JOIN certificate s ON s.sha256 = i.certificate LEFT JOIN certificate_der c ON c.num = s.num WHERE i.token = ?4" },
	[BSG_QUERY_DEVICE] = { .sql = "SELECT " DEVICE " FROM device d JOIN person p ON p.id = d.person WHERE d.id = ?1" },
	[BSG_QUERY_DEVICES] = { .sql = "SELECT " DEVICE ", d.id FROM device d CROSS JOIN person p ON p.id = d.person "
		"WHERE d.id > ?7 AND (?2 = '' OR p.unit = ?2) ORDER BY d.id LIMIT ?10" },
	[BSG_QUERY_DEVICES_PERSON] = { .sql = "SELECT " DEVICE ", d.id FROM device d CROSS JOIN person p ON p.id = d.person "
		"WHERE d.person = ?1 AND d.id > ?7 AND (?2 = '' OR p.unit = ?2) ORDER BY d.id LIMIT ?10" },
	[BSG_QUERY_DEVICES_BADGE] = { .sql = "SELECT " DEVICE " FROM badge b CROSS JOIN device d ON d.person = b.person CROSS JOIN person p "
		"ON p.id = d.person WHERE b.number = ?1 AND (d.carried = 1 OR (?5 = 2 AND d.direction = 1)) AND d.state = 2 LIMIT ?10" },
	[BSG_QUERY_CERTIFICATE] = { .sql = "SELECT c.device, d.person, d.state, c.created, c.expires, c.revoked "
		"FROM certificate c JOIN device d ON d.id = c.device WHERE c.sha256 = ?4" },
	[BSG_QUERY_POLICY] = { .blob = true, .sql = "SELECT " POLICY ", d.document FROM policy v "
		"JOIN policy_document d ON d.version = v.version WHERE v.version = ?5" },
	[BSG_QUERY_POLICY_ACTIVE] = { .blob = true, .sql = "SELECT " POLICY ", d.document FROM policy v "
		"JOIN policy_document d ON d.version = v.version WHERE v.state = 2" },
	[BSG_QUERY_POLICIES] = { .sql = "SELECT " POLICY ", v.version FROM policy v WHERE v.version < ?9 "
		"ORDER BY v.version DESC LIMIT ?10" },
	[BSG_QUERY_APPROVALS] = { .sql = "SELECT approver, at, approver FROM approval WHERE version = ?5 AND approver > ?7 "
		"ORDER BY approver LIMIT ?10" },
	[BSG_QUERY_EXEMPTION] = { .sql = "SELECT " EXEMPTION EXEMPTION_FROM "x.id = ?1" },
	[BSG_QUERY_EXEMPTIONS] = { .sql = "SELECT " EXEMPTION ", x.created || '.' || x.id" EXEMPTION_FROM EXEMPTION_REST },
	[BSG_QUERY_EXEMPTIONS_PERSON] = { .sql = "SELECT " EXEMPTION ", x.created || '.' || x.id" EXEMPTION_FROM
		"x.person = ?1 AND " EXEMPTION_REST },
	[BSG_QUERY_EXEMPT] = { .sql = "SELECT functions, from_at, until_at FROM exemption WHERE person = ?2 AND device IN ('', ?1) "
		"AND approved > 0 AND ended = 0 AND until_at > ?5 AND from_at < ?6 ORDER BY from_at, id LIMIT ?10" },
	[BSG_QUERY_EXEMPT_AT_ALL] = { .sql = "SELECT functions, from_at, until_at FROM exemption WHERE person = ?2 AND approved > 0 AND "
		"ended = 0 LIMIT ?10" },
	[BSG_QUERY_PLACE_SECRET] = { .sql = "SELECT key, day_root, created FROM place_secret WHERE place = ?1" },
	[BSG_QUERY_ORDERS] = { .blob = true, .sql = "SELECT " ORDERS ", o.bytes FROM device d "
		"LEFT JOIN orders o ON o.device = d.id WHERE d.id = ?1" },
	[BSG_QUERY_ORDERS_HEAD] = { .sql = "SELECT " ORDERS " FROM device d WHERE d.id = ?1" },
	[BSG_QUERY_DUE_CHANGED] = { .sql = "SELECT id, state, '0.' || id FROM device WHERE change <> orders_change AND id > ?8 "
		"ORDER BY id LIMIT ?10" },
	[BSG_QUERY_DUE] = { .sql = "SELECT id, state, due || '.' || id FROM device WHERE due <= ?5 AND change = orders_change AND "
		"(due, id) > (?9, ?8) ORDER BY due, id LIMIT ?10" },
	[BSG_QUERY_DUE_AHEAD] = { .sql = "SELECT id, state, due || '.' || id FROM device WHERE orders_issued >= ?6 AND "
		"change = orders_change AND (due, id) > (?9, ?8) ORDER BY due, id LIMIT ?10" },
	[BSG_QUERY_DUE_POLICY] = { .sql = "SELECT id, state, orders_policy || '.' || id FROM device WHERE state = 2 AND "
		"orders_policy < ?6 AND due > ?5 AND change = orders_change AND (orders_policy, id) > (?9, ?8) ORDER BY orders_policy, id LIMIT ?10" },
	[BSG_QUERY_CROSSING] = { .sql = "SELECT " CROSSING " FROM crossing c WHERE c.id = ?1" },
	[BSG_QUERY_MOVES] = { .sql = "SELECT device, applied, seq FROM crossing_move WHERE crossing = ?1 ORDER BY device "
		"LIMIT ?10" },
	[BSG_QUERY_CROSSINGS] = { .sql = "SELECT " CROSSING CROSSING_CURSOR "WHERE " CROSSING_REST },
	[BSG_QUERY_CROSSINGS_PERSON] = { .sql = "SELECT " CROSSING CROSSING_CURSOR "WHERE c.person = ?1 AND " CROSSING_REST },
	[BSG_QUERY_PRESENT] = { .walks = true, .sql =
		"SELECT d.id, d.person, d.seq, d.place, d.gate, d.direction, d.at, d.place || '.' || d.id FROM device d "
		"WHERE d.direction = 1 AND d.state = 2 AND (d.place, d.id) > (?7, ?8) AND (?1 = '' OR d.place = ?1) AND "
		"(?2 = '' OR EXISTS (SELECT 1 FROM person p WHERE p.id = d.person AND p.unit = ?2)) "
		"ORDER BY d.place, d.id LIMIT ?10" },
	[BSG_QUERY_REPORT_LATEST] = { .blob = true, .sql = "SELECT " REPORT ", r.body FROM report_latest l "
		"JOIN report r ON r.seq = l.report WHERE l.device = ?1 AND l.kind = ?2" },
	[BSG_QUERY_REPORTS] = { .blob = true, .sql = "SELECT " REPORT ", r.seq, r.body FROM report r "
		"WHERE r.device = ?1 AND r.seq < ?9 ORDER BY r.seq DESC LIMIT ?10" },
	[BSG_QUERY_GATE_CREDENTIALS] = { .sql = "SELECT " CREDENTIAL "WHERE g.num < ?9 ORDER BY g.num DESC LIMIT ?10" },
	[BSG_QUERY_GATE_CREDENTIALS_PLACE] = { .sql = "SELECT " CREDENTIAL
		"WHERE g.place = ?1 AND g.num < ?9 ORDER BY g.num DESC LIMIT ?10" },
	[BSG_QUERY_TURNSTILE_BY_TOKEN] = { .sql = "SELECT " TURNSTILE " FROM turnstile t WHERE t.token = ?4" },
	[BSG_QUERY_TURNSTILE] = { .sql = "SELECT " TURNSTILE " FROM turnstile t WHERE t.id = ?1" },
	[BSG_QUERY_TURNSTILES] = { .sql = "SELECT " TURNSTILE ", t.id FROM turnstile t WHERE t.id > ?7 ORDER BY t.id LIMIT ?10" },
	[BSG_QUERY_ADMIN] = { .sql = "SELECT " ADMIN " FROM admin a WHERE a.name = ?1" },
	[BSG_QUERY_ADMINS] = { .sql = "SELECT " ADMIN ", a.name FROM admin a WHERE a.name > ?7 ORDER BY a.name LIMIT ?10" },
	[BSG_QUERY_SESSION] = { .sql = "SELECT s.person, p.name, p.lang, iif(p.left_at = 0, 1, 0), s.created, s.expires, s.ended "
		"FROM owner_session s JOIN person p ON p.id = s.person WHERE s.token = ?4" },
	[BSG_QUERY_TOKEN] = { .sql = "SELECT " TOKEN TOKEN_FROM "WHERE t.sha256 = ?4" },
	[BSG_QUERY_TOKENS] = { .sql = "SELECT " TOKEN ", t.id" TOKEN_FROM "WHERE t.id > ?7 ORDER BY t.id LIMIT ?10" },
	[BSG_QUERY_TOKENS_ADMIN] = { .sql = "SELECT " TOKEN ", t.id" TOKEN_FROM
		"WHERE t.admin = ?1 AND t.id > ?7 ORDER BY t.id LIMIT ?10" },
	[BSG_QUERY_APPLE] = { .blob = true, .sql = "SELECT " APPLE ", 0, 0, a.core_state" APPLE_FROM "WHERE a.device = ?1" },
	[BSG_QUERY_APPLE_CERTIFICATE] = { .sql = "SELECT "
		APPLE_OF("c.device, '', '', coalesce(a.kind, (SELECT kind FROM device WHERE id = c.device)), 0")
		", c.expires, c.revoked FROM certificate c LEFT JOIN apple_device a ON a.num = c.device_num WHERE c.sha256 = ?4" },
	[BSG_QUERY_APPLES] = { .sql = "SELECT " APPLE ", 0, 0, a.device" APPLE_FROM
		"WHERE a.device > ?7 AND (?2 = '' OR p.unit = ?2) ORDER BY a.device LIMIT ?10" },
	[BSG_QUERY_APPLE_DUE] = { .sql = "SELECT device, next, next || '.' || num FROM apple_device WHERE "
		"(next, num) > (?9, ?8 COLLATE BINARY) AND next <= ?5 AND next > 0 ORDER BY next, num LIMIT ?10" },
	[BSG_QUERY_APPLE_PUSHES] = { .sql = "SELECT device, desired_seq, token, length(token), push_magic, topic, desired, "
		"desired_until, desired_at, push_failures, push_at, push_at || '.' || num FROM apple_device WHERE "
		"(push_at, num) > (?9, ?8 COLLATE BINARY) AND push_at <= ?5 AND push_at > 0 ORDER BY push_at, num LIMIT ?10" },
	[BSG_QUERY_AUDIT] = { .sql = "SELECT seq, at, who, action, subject, reason, detail, hash, seq FROM audit "
		"WHERE seq > ?9 ORDER BY seq LIMIT ?10" },
	[BSG_QUERY_NOT_BACK] = { .sql = "SELECT seq, at, who, action, subject, reason, detail, hash FROM audit "
		"WHERE action = 'not-back' AND subject = ?1 ORDER BY seq DESC LIMIT 1" },
	[BSG_QUERY_COUNTS] = { .walks = true, .sql = "SELECT (SELECT count(*) FROM person WHERE left_at = 0), "
		"(SELECT count(*) FROM device WHERE state = 2), "
		"(SELECT count(*) FROM device WHERE direction = 1 AND state = 2), "
		"(SELECT count(*) FROM policy WHERE state = 1), (SELECT count(*) FROM device WHERE change <> orders_change)" },
};

const char *bsg_sqlite_query_sql(enum bsg_query_kind kind, bool *walks)
{
	*walks = kind < BSG_QUERY_COUNT && queries[kind].walks;
	return kind < BSG_QUERY_COUNT ? queries[kind].sql : NULL;
}

static int prepare(struct bsg_sqlite_reader *reader, const char *sql, sqlite3_stmt **out)
{
	return sqlite3_prepare_v3(reader->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

enum bsg_err bsg_sqlite_readers_open(struct bsg_sqlite *self, const char *path, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	self->readers = calloc(self->options->n_readers, sizeof(*self->readers));
	if (self->readers == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "open database: out of memory");
	for (unsigned i = 0; i < self->options->n_readers && rc == BSG_OK; i++) {
		struct bsg_sqlite_reader *reader = &self->readers[i];

		rc = bsg_sqlite_connect(path, false, &reader->db, err);
		if (rc == BSG_OK && (prepare(reader, "BEGIN", &reader->begin) != SQLITE_OK ||
				     prepare(reader, "COMMIT", &reader->end) != SQLITE_OK))
			rc = bsg_sqlite_fail(reader->db, "open database", err);
		reader->next = self->free_readers;
		self->free_readers = reader;
	}
	return rc;
}

void bsg_sqlite_readers_close(struct bsg_sqlite *self)
{
	for (unsigned i = 0; self->readers != NULL && i < self->options->n_readers; i++) {
		for (size_t k = 0; k < BSG_QUERY_COUNT; k++)
			(void)sqlite3_finalize(self->readers[i].statements[k]);
		(void)sqlite3_finalize(self->readers[i].begin);
		(void)sqlite3_finalize(self->readers[i].end);
		(void)sqlite3_close(self->readers[i].db);
	}
	free(self->readers);
	self->readers = NULL;
	self->free_readers = NULL;
}

static struct bsg_sqlite_reader *take_reader(struct bsg_sqlite *self)
{
	struct bsg_sqlite_reader *reader;

	pthread_mutex_lock(&self->lock);
	while (self->free_readers == NULL)
		pthread_cond_wait(&self->reader_free, &self->lock);
	reader = self->free_readers;
	self->free_readers = reader->next;
	pthread_mutex_unlock(&self->lock);
	return reader;
}

static void give_reader(struct bsg_sqlite *self, struct bsg_sqlite_reader *reader)
{
	pthread_mutex_lock(&self->lock);
	reader->next = self->free_readers;
	self->free_readers = reader;
	pthread_cond_signal(&self->reader_free);
	pthread_mutex_unlock(&self->lock);
}

/* ---- moments: a transaction of one reader, which the thread keeps meanwhile ---- */

static _Thread_local struct {
	struct bsg_sqlite *self;		/* NULL: none */
	struct bsg_sqlite_reader *reader;	/* since the first read; NULL: not yet */
	unsigned depth;
} moment;

static bool run_once(sqlite3_stmt *st)
{
	const int got = sqlite3_step(st);

	(void)sqlite3_reset(st);
	return got == SQLITE_DONE;
}

/* The reader of this thread's moment, which begins with it, or one for a single read. */
static struct bsg_sqlite_reader *reader_of_moment(struct bsg_sqlite *self)
{
	struct bsg_sqlite_reader *reader;

	if (moment.self == self && moment.reader != NULL)
		return moment.reader;
	reader = take_reader(self);
	if (moment.self == self && run_once(reader->begin))
		moment.reader = reader;
	return reader;
}

void bsg_sqlite_moment_begin(void *arg)
{
	if (moment.self == NULL)
		moment.self = arg;
	if (moment.self == arg)
		moment.depth++;
}

void bsg_sqlite_moment_renew(void *arg)
{
	if (moment.self != arg || moment.reader == NULL)
		return;
	/* What was only read is over by either; should both fail, the next BEGIN fails, too, and reads go on one by one. */
	if (!run_once(moment.reader->end))
		(void)sqlite3_exec(moment.reader->db, "ROLLBACK", NULL, NULL, NULL);
	give_reader(moment.self, moment.reader);
	moment.reader = NULL;
}

void bsg_sqlite_moment_end(void *arg)
{
	if (moment.self != arg || --moment.depth > 0)
		return;
	bsg_sqlite_moment_renew(arg);
	moment.self = NULL;
}

/* Bind what the statement has room for: its highest number is the last that it uses. */
static bool bind_query(sqlite3_stmt *st, const struct bsg_query *q)
{
	int n = sqlite3_bind_parameter_count(st);
	bool good = true;

	for (int i = 1; i <= 3 && i <= n; i++)
		good = good && sqlite3_bind_text(st, i, q->text[i - 1], -1, SQLITE_STATIC) == SQLITE_OK;
	if (n >= 4 && q->sha256 != NULL)
		good = good && sqlite3_bind_blob(st, 4, q->sha256, BSG_STORE_SHA256_LEN, SQLITE_STATIC) == SQLITE_OK;
	for (int i = 5; i <= 6 && i <= n; i++)
		good = good && sqlite3_bind_int64(st, i, q->num[i - 5]) == SQLITE_OK;
	for (int i = 7; i <= 8 && i <= n; i++)
		good = good && sqlite3_bind_text(st, i, q->cursor_text[i - 7], -1, SQLITE_STATIC) == SQLITE_OK;
	if (n >= 9)
		good = good && sqlite3_bind_int64(st, 9, q->cursor_num) == SQLITE_OK;
	if (n >= 10)	/* one more, to know whether there is more */
		good = good && sqlite3_bind_int64(st, 10, (int64_t)q->limit + 1) == SQLITE_OK;
	return good;
}

static enum bsg_err take_blob(sqlite3_stmt *st, int column, struct bsg_store_blob *out, struct bsg_error *err)
{
	const void *from = sqlite3_column_blob(st, column);
	size_t len = (size_t)sqlite3_column_bytes(st, column);

	out->data = malloc(len + 1);
	if (out->data == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "read: out of memory");
	if (len > 0)
		memcpy(out->data, from, len);
	out->data[len] = 0;
	out->len = len;
	return BSG_OK;
}

static enum bsg_err take_row(sqlite3_stmt *st, struct bsg_query *q, struct bsg_error *err)
{
	const struct bsg_record *record = bsg_query_record(q->kind);
	int column = bsg_sqlite_columns(st, record, (char *)q->out + q->n * record->size);
	bool is_list = q->cursor != BSG_CURSOR_NONE;

	if (column < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "read: the database file is damaged: restore a backup");
	if (is_list && q->next != NULL)
		bsg_store_copy(q->next, BSG_CURSOR_SIZE, (const char *)sqlite3_column_text(st, column));
	if (q->blobs != NULL && queries[q->kind].blob)
		return take_blob(st, column + is_list, &q->blobs[q->n], err);
	return BSG_OK;
}

static enum bsg_err take_rows(struct bsg_sqlite_reader *reader, struct bsg_query *q, struct bsg_error *err)
{
	sqlite3_stmt *st = reader->statements[q->kind];
	enum bsg_err rc = BSG_OK;
	int got;

	q->n = 0;
	while ((got = sqlite3_step(st)) == SQLITE_ROW && q->n < q->limit) {
		rc = take_row(st, q, err);
		if (rc != BSG_OK)
			return rc;
		q->n++;
	}
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return bsg_sqlite_lost(reader->db, "read", err);
	if (got == SQLITE_DONE && q->next != NULL)
		q->next[0] = '\0';	/* nothing is left */
	return BSG_OK;
}

enum bsg_err bsg_sqlite_read(void *arg, struct bsg_query *q, struct bsg_error *err)
{
	struct bsg_sqlite *self = arg;
	struct bsg_sqlite_reader *reader = reader_of_moment(self);
	sqlite3_stmt **st = &reader->statements[q->kind];
	enum bsg_err rc;

	if ((*st == NULL && prepare(reader, queries[q->kind].sql, st) != SQLITE_OK) || !bind_query(*st, q))
		rc = bsg_sqlite_lost(reader->db, "read", err);
	else
		rc = take_rows(reader, q, err);
	if (*st != NULL) {
		(void)sqlite3_reset(*st);
		(void)sqlite3_clear_bindings(*st);
	}
	if (reader != moment.reader)
		give_reader(self, reader);
	return rc;
}
