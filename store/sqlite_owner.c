/* SPDX-License-Identifier: Apache-2.0 */
/* Operations behind the owner's page: one-time codes and sessions (docs/spec/server.md V90-V95). */
#include <stdio.h>

#include "store/sqlite.h"

#define FREE_TRIES 5		/* wrong ones before tries are spaced out */
#define CLOSED_MIN_S 60		/* after the fifth; doubles with each one more */
#define CLOSED_MAX_S 3600

enum bsg_err bsg_sqlite_code_add(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_code_add *add = &op->code_add;
	enum bsg_err rc = bsg_sqlite_need_person(self, add->person, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_CODE_ADD,
				    BSG_VALUES(bsg_text(add->person), bsg_sha(add->code_sha256), bsg_sha(add->link_sha256),
					       bsg_num(add->at), bsg_num(add->expires)), NULL, err);
	op->changed = rc == BSG_OK;
	return rc;
}

/* In a time that does not depend on where they differ: the code is short enough to be searched for by a part of its hash. */
static bool same_sha256(const uint8_t *a, const uint8_t *b)
{
	volatile uint8_t differ = 0;

	for (size_t i = 0; i < BSG_STORE_SHA256_LEN; i++)
		differ = (uint8_t)(differ | (a[i] ^ b[i]));
	return differ == 0;
}

/* Whether the code of the row may be tried now. @param row  num: expires, used, n_wrong, closed_until */
static bool is_open(const struct bsg_sqlite_row *row, int64_t at)
{
	return row->num[1] == 0 && at < row->num[0] && at >= row->num[3];
}

static int64_t closed_for(int64_t n_wrong)
{
	int64_t seconds = CLOSED_MIN_S;

	if (n_wrong < FREE_TRIES)
		return 0;
	for (int64_t n = FREE_TRIES; n < n_wrong && seconds < CLOSED_MAX_S; n++)
		seconds *= 2;
	return seconds < CLOSED_MAX_S ? seconds : CLOSED_MAX_S;
}

/* A try that fails writes one row, whyever it fails: how long the commit takes tells nothing. */
static enum bsg_err refuse(struct bsg_sqlite *self, const char *person, int64_t n_wrong, int64_t at, struct bsg_error *err)
{
	if (person == NULL)
		return bsg_sqlite_run(self, BSG_SQL_PROBE, NULL, 0, NULL, err);
	return bsg_sqlite_run(self, BSG_SQL_CODE_WRONG,
			      BSG_VALUES(bsg_text(person), bsg_num(n_wrong), bsg_num(at + closed_for(n_wrong))), NULL, err);
}

static enum bsg_err begin_session(struct bsg_sqlite *self, struct bsg_op_session_begin *begin, const char *person, struct bsg_error *err)
{
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_CODE_USED, BSG_VALUES(bsg_text(person), bsg_num(begin->at)), NULL, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_SESSIONS_FORGET, BSG_VALUES(bsg_text(person), bsg_num(begin->at)), NULL, err);
	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_SESSION_ADD,
				    BSG_VALUES(bsg_sha(begin->session_sha256), bsg_text(person), bsg_num(begin->at),
					       bsg_num(begin->expires)), NULL, err);
	if (rc != BSG_OK)
		return rc;
	bsg_store_copy(begin->person, sizeof(begin->person), person);
	(void)snprintf(begin->actor, sizeof(begin->actor), "person:%s", person);
	return BSG_OK;
}

enum bsg_err bsg_sqlite_session_begin(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	struct bsg_op_session_begin *ask = &op->session_begin;
	bool by_badge = ask->badge != NULL && ask->badge[0] != '\0';
	struct bsg_sqlite_row row;
	bool found;
	enum bsg_err rc;

	ask->person[0] = ask->actor[0] = '\0';
	rc = bsg_sqlite_row(self, by_badge ? BSG_SQL_CODE_BY_BADGE : BSG_SQL_CODE_BY_LINK,
			    BSG_VALUES(by_badge ? bsg_text(ask->badge) : bsg_sha(ask->secret_sha256)), &bsg_sqlite_code, &row, &found,
			    err);
	if (rc != BSG_OK)
		return rc;
	if (!found || !is_open(&row, ask->at))
		return refuse(self, NULL, 0, 0, err);
	if (by_badge && !same_sha256(row.sha256, ask->secret_sha256))
		return refuse(self, row.text[0], row.num[2] + 1, ask->at, err);
	rc = begin_session(self, ask, row.text[0], err);
	op->changed = rc == BSG_OK;
	return rc;
}

enum bsg_err bsg_sqlite_owner_set_back(struct bsg_sqlite *self, int64_t now, int64_t *n, struct bsg_error *err)
{
	const struct bsg_value values[] = { bsg_num(now), bsg_num(now + BSG_STORE_CLOCK_STEP_S), bsg_num(now + CLOSED_MAX_S) };
	int64_t n_codes = 0;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_CODES_SET_BACK, values, 3, &n_codes, err);

	if (rc == BSG_OK)
		rc = bsg_sqlite_run(self, BSG_SQL_SESSIONS_SET_BACK, values, 2, n, err);
	*n = rc == BSG_OK ? *n + n_codes : 0;
	return rc;
}

enum bsg_err bsg_sqlite_session_end(struct bsg_sqlite *self, struct bsg_op *op, struct bsg_error *err)
{
	const struct bsg_op_session_end *end = &op->session_end;
	int64_t n;
	enum bsg_err rc = bsg_sqlite_run(self, BSG_SQL_SESSION_END, BSG_VALUES(bsg_sha(end->session_sha256), bsg_num(end->at)), &n, err);

	op->changed = rc == BSG_OK && n == 1;
	return rc;
}
