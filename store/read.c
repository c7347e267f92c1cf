/* SPDX-License-Identifier: Apache-2.0 */
/* Public reads to queries by kind; cursors are taken apart and checked here, once for every backend. */
#include "store/read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/backend.h"

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static struct bsg_query ask(enum bsg_query_kind kind, const char *first, const char *second, void *out)
{
	return (struct bsg_query){
		.kind = kind, .text = { or_empty(first), or_empty(second), "" }, .limit = 1, .out = out,
	};
}

static enum bsg_err run(struct bsg_store *store, struct bsg_query *q, struct bsg_error *err)
{
	size_t size = bsg_query_record(q->kind)->size;
	enum bsg_err rc;

	memset(q->out, 0, size * q->limit);
	if (q->blobs != NULL)
		memset(q->blobs, 0, q->limit * sizeof(*q->blobs));
	rc = store->backend->read(store->self, q, err);
	if (rc == BSG_OK)
		return BSG_OK;
	memset(q->out, 0, size * q->limit);
	for (size_t i = 0; q->blobs != NULL && i < q->limit; i++)
		bsg_store_blob_free(&q->blobs[i]);
	return rc;
}

/* Run a query for one record that must be there. */
static enum bsg_err find(struct bsg_store *store, struct bsg_query *q, const char *what, struct bsg_error *err)
{
	enum bsg_err rc = run(store, q, err);

	if (rc == BSG_OK && q->n == 0)
		return bsg_fail(err, BSG_E_NOT_FOUND, "%s %s is not known", what, q->text[0]);
	return rc;
}

static bool parse_number(const char *text, const char *end, int64_t *out)
{
	char *stop;

	if (text == end || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoll(text, &stop, 10);
	return errno == 0 && stop == end;
}

static bool parse_cursor(struct bsg_query *q, const char *cursor)
{
	const char *end = cursor + strlen(cursor), *dot = strchr(cursor, '.');

	if ((size_t)(end - cursor) >= BSG_CURSOR_SIZE)
		return false;
	if (q->cursor == BSG_CURSOR_TEXT) {
		bsg_store_copy(q->cursor_text[0], BSG_CURSOR_SIZE, cursor);
		return true;
	}
	if (q->cursor == BSG_CURSOR_NUM || q->cursor == BSG_CURSOR_NUM_DOWN)
		return parse_number(cursor, end, &q->cursor_num);
	if (dot == NULL)
		return false;
	bsg_store_copy(q->cursor_text[1], BSG_CURSOR_SIZE, dot + 1);
	if (q->cursor == BSG_CURSOR_NUM_TEXT || q->cursor == BSG_CURSOR_NUM_TEXT_DOWN)
		return parse_number(cursor, dot, &q->cursor_num);
	bsg_store_copy(q->cursor_text[0], (size_t)(dot - cursor) + 1, cursor);
	return true;
}

/* Without a cursor a list that goes down begins at q->cursor_num; 0: at the end. */
static enum bsg_err list(struct bsg_store *store, struct bsg_query *q, enum bsg_cursor_kind kind,
			 struct bsg_page *page, struct bsg_error *err)
{
	enum bsg_err rc;

	page->n = 0;
	page->next[0] = '\0';
	q->cursor = kind;
	if (page->limit == 0 || page->limit > BSG_STORE_LIST_MAX)
		return bsg_fail(err, BSG_E_INVALID, "a page has 1 to %d records", BSG_STORE_LIST_MAX);
	if ((kind == BSG_CURSOR_NUM_DOWN || kind == BSG_CURSOR_NUM_TEXT_DOWN) && q->cursor_num == 0)
		q->cursor_num = INT64_MAX;
	else if (kind == BSG_CURSOR_NUM || kind == BSG_CURSOR_NUM_TEXT)
		q->cursor_num = -1;
	if (page->cursor != NULL && page->cursor[0] != '\0' && !parse_cursor(q, page->cursor))
		return bsg_fail(err, BSG_E_INVALID, "this is no cursor of this list: begin without one");
	q->limit = page->limit;
	q->next = page->next;
	rc = run(store, q, err);
	page->n = rc == BSG_OK ? q->n : 0;
	return rc;
}

static bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

enum bsg_err bsg_store_person(struct bsg_store *store, const char *id, struct bsg_person_rec *out,
			      struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_PERSON, id, NULL, out);

	return find(store, &q, "person", err);
}

enum bsg_err bsg_store_person_by_badge(struct bsg_store *store, const char *number, struct bsg_person_rec *out,
				       struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_PERSON_BY_BADGE, number, NULL, out);

	return find(store, &q, "badge", err);
}

enum bsg_err bsg_store_devices_of_badge(struct bsg_store *store, const char *number, enum bsg_crossing_direction direction, size_t max,
					struct bsg_device_rec *out, size_t *n, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_DEVICES_BADGE, number, NULL, out);
	enum bsg_err rc;

	q.num[0] = direction;
	q.limit = max;
	rc = run(store, &q, err);
	*n = rc == BSG_OK ? q.n : 0;
	return rc;
}

enum bsg_err bsg_store_people(struct bsg_store *store, const char *unit, struct bsg_page *page,
			      struct bsg_person_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(given(unit) ? BSG_QUERY_PEOPLE_UNIT : BSG_QUERY_PEOPLE, unit, NULL, out);

	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_badges(struct bsg_store *store, const char *person, struct bsg_page *page,
			      struct bsg_badge_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_BADGES, person, NULL, out);

	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_invitation(struct bsg_store *store, const uint8_t token_sha256[BSG_STORE_SHA256_LEN],
				  struct bsg_invitation_rec *out, struct bsg_store_blob *der,
				  struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_INVITATION, NULL, NULL, out);

	q.sha256 = token_sha256;
	q.blobs = der;
	return find(store, &q, "this invitation", err);
}

enum bsg_err bsg_store_device(struct bsg_store *store, const char *id, struct bsg_device_rec *out,
			      struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_DEVICE, id, NULL, out);

	return find(store, &q, "device", err);
}

enum bsg_err bsg_store_devices(struct bsg_store *store, const char *person, const char *unit, struct bsg_page *page,
			       struct bsg_device_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(given(person) ? BSG_QUERY_DEVICES_PERSON : BSG_QUERY_DEVICES, person, unit, out);

	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_certificate(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN],
				   struct bsg_certificate_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_CERTIFICATE, NULL, NULL, out);

	q.sha256 = sha256;
	return find(store, &q, "this certificate", err);
}

enum bsg_err bsg_store_policy(struct bsg_store *store, int64_t version, struct bsg_policy_rec *out,
			      struct bsg_store_blob *document, struct bsg_error *err)
{
	struct bsg_query q = ask(version == 0 ? BSG_QUERY_POLICY_ACTIVE : BSG_QUERY_POLICY, NULL, NULL, out);
	enum bsg_err rc;

	q.num[0] = version;
	q.blobs = document;
	rc = run(store, &q, err);
	if (rc == BSG_OK && q.n == 0)
		return version == 0 ? bsg_fail(err, BSG_E_NOT_FOUND, "no policy is in force") :
			bsg_fail(err, BSG_E_NOT_FOUND, "policy %" PRId64 " is not known", version);
	return rc;
}

enum bsg_err bsg_store_policies(struct bsg_store *store, struct bsg_page *page, struct bsg_policy_rec *out,
				struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_POLICIES, NULL, NULL, out);

	return list(store, &q, BSG_CURSOR_NUM_DOWN, page, err);
}

enum bsg_err bsg_store_approvals(struct bsg_store *store, int64_t version, struct bsg_page *page,
				 struct bsg_approval_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_APPROVALS, NULL, NULL, out);

	q.num[0] = version;
	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_exemption(struct bsg_store *store, const char *id, struct bsg_exemption_rec *out,
				 struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_EXEMPTION, id, NULL, out);

	return find(store, &q, "exemption", err);
}

enum bsg_err bsg_store_exemptions(struct bsg_store *store, const char *person, const char *unit, struct bsg_page *page,
				  struct bsg_exemption_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(given(person) ? BSG_QUERY_EXEMPTIONS_PERSON : BSG_QUERY_EXEMPTIONS, person, unit, out);

	return list(store, &q, BSG_CURSOR_NUM_TEXT_DOWN, page, err);
}

enum bsg_err bsg_store_exemptions_of(struct bsg_store *store, const char *device, const char *person, int64_t from,
				     int64_t until, size_t max, struct bsg_exempt_rec *out, size_t *n,
				     struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_EXEMPT_AT_ALL, device, person, out);
	enum bsg_err rc = run(store, &q, err);

	*n = 0;
	if (rc != BSG_OK || q.n == 0)	/* nearly everybody: a list that is sorted costs several times as much, also an empty one */
		return rc;
	q.kind = BSG_QUERY_EXEMPT;
	q.num[0] = from;
	q.num[1] = until;
	q.limit = max;
	rc = run(store, &q, err);
	*n = rc == BSG_OK ? q.n : 0;
	return rc;
}

enum bsg_err bsg_store_place_secret(struct bsg_store *store, const char *place, struct bsg_place_secret_rec *out,
				    struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_PLACE_SECRET, place, NULL, out);

	return find(store, &q, "the secret of place", err);
}

enum bsg_err bsg_store_orders(struct bsg_store *store, const char *device, struct bsg_orders_rec *out,
			      struct bsg_store_blob *bytes, struct bsg_error *err)
{
	struct bsg_query q = ask(bytes != NULL ? BSG_QUERY_ORDERS : BSG_QUERY_ORDERS_HEAD, device, NULL, out);

	q.blobs = bytes;
	return find(store, &q, "device", err);
}

/*
 * Where a list begins: the times of device_due after which it looks, without those that never had orders (0). As a cursor, so that no page
 * is looked for from there again.
 */
static const char *first_cursor(enum bsg_query_kind kind, const struct bsg_due_ask *due, char buf[static BSG_CURSOR_SIZE])
{
	if (kind != BSG_QUERY_DUE && kind != BSG_QUERY_DUE_AHEAD)
		return NULL;
	(void)snprintf(buf, BSG_CURSOR_SIZE, "%" PRId64 ".~", kind == BSG_QUERY_DUE_AHEAD && due->latest > 0 ? due->latest : 0);
	return buf;
}

/* Four lists, one after the other; a cursor begins with the mark of its list. */
enum bsg_err bsg_store_orders_due(struct bsg_store *store, const struct bsg_due_ask *due, struct bsg_page *page,
				  struct bsg_due_rec *out, struct bsg_error *err)
{
	static const char marks[] = "cdfp";
	static const enum bsg_query_kind kinds[] = { BSG_QUERY_DUE_CHANGED, BSG_QUERY_DUE, BSG_QUERY_DUE_AHEAD, BSG_QUERY_DUE_POLICY };
	const char *mark = given(page->cursor) ? strchr(marks, page->cursor[0]) : marks;
	struct bsg_query q = ask(kinds[mark != NULL ? mark - marks : 0], NULL, NULL, out);
	struct bsg_page part = { .cursor = given(page->cursor) ? page->cursor + 1 : NULL, .limit = page->limit };
	char first[BSG_CURSOR_SIZE];
	enum bsg_err rc;

	if (!given(part.cursor))
		part.cursor = first_cursor(q.kind, due, first);
	page->n = 0;
	page->next[0] = '\0';
	if (mark == NULL)
		return bsg_fail(err, BSG_E_INVALID, "this is no cursor of this list: begin without one");
	q.num[0] = due->now;
	q.num[1] = q.kind == BSG_QUERY_DUE_AHEAD ? due->issued_from : due->policy;
	rc = list(store, &q, BSG_CURSOR_NUM_TEXT, &part, err);
	page->n = part.n;
	if (rc != BSG_OK)
		return rc;
	if (part.next[0] == '\0')
		mark++;	/* the next list, if there is one */
	if (*mark != '\0')
		(void)snprintf(page->next, sizeof(page->next), "%c%.*s", *mark, (int)sizeof(page->next) - 2, part.next);
	return BSG_OK;
}

enum bsg_err bsg_store_crossing(struct bsg_store *store, const char *id, struct bsg_crossing_rec *out,
				struct bsg_move_rec *moves, size_t *n_moves, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_CROSSING, id, NULL, out);
	enum bsg_err rc = find(store, &q, "crossing", err);

	if (n_moves != NULL)
		*n_moves = 0;
	if (rc != BSG_OK || moves == NULL)
		return rc;
	q = ask(BSG_QUERY_MOVES, id, NULL, moves);
	q.limit = BSG_CARRIED_MAX;
	rc = run(store, &q, err);
	if (rc != BSG_OK)
		memset(out, 0, sizeof(*out));
	else if (n_moves != NULL)
		*n_moves = q.n;
	return rc;
}

enum bsg_err bsg_store_crossings(struct bsg_store *store, const struct bsg_crossing_filter *filter,
				 struct bsg_page *page, struct bsg_crossing_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(given(filter->person) ? BSG_QUERY_CROSSINGS_PERSON : BSG_QUERY_CROSSINGS,
				 filter->person, filter->place, out);

	q.text[2] = or_empty(filter->unit);
	q.num[0] = filter->from;
	q.num[1] = filter->to != 0 ? filter->to : INT64_MAX;
	q.cursor_num = q.num[1];	/* else it would walk to them from the newest there is */
	return list(store, &q, BSG_CURSOR_NUM_TEXT_DOWN, page, err);
}

enum bsg_err bsg_store_present(struct bsg_store *store, const char *place, const char *unit, struct bsg_page *page,
			       struct bsg_present_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_PRESENT, place, unit, out);

	return list(store, &q, BSG_CURSOR_TEXT_TEXT, page, err);
}

enum bsg_err bsg_store_report_latest(struct bsg_store *store, const char *device, const char *kind,
				     struct bsg_report_rec *out, struct bsg_store_blob *body, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_REPORT_LATEST, device, kind, out);

	q.blobs = body;
	return find(store, &q, "a report of device", err);
}

enum bsg_err bsg_store_reports(struct bsg_store *store, const char *device, struct bsg_page *page,
			       struct bsg_report_rec *out, struct bsg_store_blob *bodies, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_REPORTS, device, NULL, out);

	q.blobs = bodies;
	return list(store, &q, BSG_CURSOR_NUM_DOWN, page, err);
}

enum bsg_err bsg_store_gate_credentials(struct bsg_store *store, const char *place, struct bsg_page *page,
					struct bsg_gate_credential_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(given(place) ? BSG_QUERY_GATE_CREDENTIALS_PLACE : BSG_QUERY_GATE_CREDENTIALS, place,
				 NULL, out);

	return list(store, &q, BSG_CURSOR_NUM_DOWN, page, err);
}

enum bsg_err bsg_store_turnstile_by_token(struct bsg_store *store, const uint8_t token_sha256[BSG_STORE_SHA256_LEN],
					  struct bsg_turnstile_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_TURNSTILE_BY_TOKEN, NULL, NULL, out);

	q.sha256 = token_sha256;
	return find(store, &q, "this token", err);
}

enum bsg_err bsg_store_turnstile(struct bsg_store *store, const char *id, struct bsg_turnstile_rec *out,
				 struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_TURNSTILE, id, NULL, out);

	return find(store, &q, "turnstile", err);
}

enum bsg_err bsg_store_turnstiles(struct bsg_store *store, struct bsg_page *page, struct bsg_turnstile_rec *out,
				  struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_TURNSTILES, NULL, NULL, out);

	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_admin(struct bsg_store *store, const char *name, struct bsg_admin_rec *out,
			     struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_ADMIN, name, NULL, out);

	return find(store, &q, "administrator", err);
}

enum bsg_err bsg_store_admins(struct bsg_store *store, struct bsg_page *page, struct bsg_admin_rec *out,
			      struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_ADMINS, NULL, NULL, out);

	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_token_by_sha256(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN],
				       struct bsg_token_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_TOKEN, NULL, NULL, out);

	q.sha256 = sha256;
	return find(store, &q, "this token", err);
}

enum bsg_err bsg_store_session(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN], struct bsg_session_rec *out,
			       struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_SESSION, NULL, NULL, out);

	q.sha256 = sha256;
	return find(store, &q, "this session", err);
}

enum bsg_err bsg_store_tokens(struct bsg_store *store, const char *admin, struct bsg_page *page,
			      struct bsg_token_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(given(admin) ? BSG_QUERY_TOKENS_ADMIN : BSG_QUERY_TOKENS, admin, NULL, out);

	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_apple(struct bsg_store *store, const char *device, struct bsg_apple_rec *out,
			     struct bsg_store_blob *state, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_APPLE, device, NULL, out);

	q.blobs = state;
	return find(store, &q, "the Apple enrolment of device", err);
}

enum bsg_err bsg_store_apple_by_certificate(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN],
					    struct bsg_apple_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_APPLE_CERTIFICATE, NULL, NULL, out);

	q.sha256 = sha256;
	return find(store, &q, "this certificate", err);
}

enum bsg_err bsg_store_apples(struct bsg_store *store, const char *unit, struct bsg_page *page, struct bsg_apple_rec *out,
			      struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_APPLES, NULL, unit, out);

	return list(store, &q, BSG_CURSOR_TEXT, page, err);
}

enum bsg_err bsg_store_apple_due(struct bsg_store *store, int64_t now, struct bsg_page *page, struct bsg_apple_due_rec *out,
				 struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_APPLE_DUE, NULL, NULL, out);

	q.num[0] = now;
	return list(store, &q, BSG_CURSOR_NUM_TEXT, page, err);
}

enum bsg_err bsg_store_apple_pushes(struct bsg_store *store, int64_t now, struct bsg_page *page, struct bsg_apple_push_rec *out,
				    struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_APPLE_PUSHES, NULL, NULL, out);

	q.num[0] = now;
	return list(store, &q, BSG_CURSOR_NUM_TEXT, page, err);
}

enum bsg_err bsg_store_audit(struct bsg_store *store, struct bsg_page *page, struct bsg_audit_rec *out,
			     struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_AUDIT, NULL, NULL, out);

	return list(store, &q, BSG_CURSOR_NUM, page, err);
}

enum bsg_err bsg_store_not_back(struct bsg_store *store, const char *device, struct bsg_audit_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_NOT_BACK, device, NULL, out);

	return find(store, &q, "entry", err);
}

enum bsg_err bsg_store_counts(struct bsg_store *store, struct bsg_counts_rec *out, struct bsg_error *err)
{
	struct bsg_query q = ask(BSG_QUERY_COUNTS, NULL, NULL, out);

	return find(store, &q, "counts", err);
}
