/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its one answer: references, getters, answering, holding.
 *
 * Everything that another thread may do to an exchange goes through its lock;
 * `answered` is set once, by whoever wins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/hex.h"
#include "http/internal.h"

static void make_id(struct bsg_http_server *server, char out[BSG_HTTP_REQUEST_ID_LEN + 1])
{
	/* An odd multiplier permutes 64 bits: no two requests of a server share an id. */
	const uint64_t n = atomic_fetch_add(&server->next_id, 1) * UINT64_C(0x9e3779b97f4a7c15) ^ server->id_mask;
	uint8_t bytes[BSG_HTTP_REQUEST_ID_LEN / 2];

	memcpy(bytes, &n, sizeof(bytes));
	bsg_hex_encode(bytes, sizeof(bytes), out);
}

struct bsg_http_exchange *bsg_http_exchange_new(struct bsg_http_server *server,
						struct bsg_http_conn *conn,
						struct MHD_Connection *mhd, const char *uri)
{
	size_t len = strlen(uri);
	struct bsg_http_exchange *x = calloc(1, sizeof(*x) + len + 1);
	char *mark;

	if (x == NULL)
		return NULL;
	atomic_init(&x->refs, 1);
	pthread_mutex_init(&x->lock, NULL);
	atomic_fetch_add(&server->refs, 1);
	x->server = server;
	x->conn = conn;
	x->mhd = mhd;
	x->language = BSG_HTTP_EN;
	x->started_us = bsg_http_mono_us();
	bsg_arena_init(&x->arena, BSG_HTTP_ARENA_MAX);
	make_id(server, x->id);
	memcpy(x->uri, uri, len + 1);
	mark = strchr(x->uri, '?');
	if (mark != NULL) {
		*mark = '\0';
		x->query = mark + 1;
	}
	return x;
}

struct bsg_http_exchange *bsg_http_ref(struct bsg_http_exchange *x)
{
	atomic_fetch_add(&x->refs, 1);
	return x;
}

void bsg_http_unref(struct bsg_http_exchange *x)
{
	if (x == NULL || atomic_fetch_sub(&x->refs, 1) != 1)
		return;
	if (x->response != NULL)
		MHD_destroy_response(x->response);
	bsg_http_leaf_unref(x->leaf);
	bsg_arena_free(&x->arena);
	free(x->body);
	pthread_mutex_destroy(&x->lock);
	bsg_http_server_unref(x->server);
	free(x);
}

const struct bsg_http_route *bsg_http_route(const struct bsg_http_exchange *x)
{
	return x->route;
}

const char *bsg_http_method(const struct bsg_http_exchange *x)
{
	return x->method;
}

const char *bsg_http_path(const struct bsg_http_exchange *x)
{
	return x->uri;
}

const char *bsg_http_param(const struct bsg_http_exchange *x, const char *name)
{
	size_t len = strlen(name), at = 0;

	for (size_t i = 0; x->pattern != NULL && i < x->pattern->n_segments; i++) {
		const struct bsg_http_segment *s = &x->pattern->segments[i];

		if (!s->is_param)
			continue;
		if (s->len == len && memcmp(s->text, name, len) == 0)
			return x->params[at];
		at++;
	}
	return NULL;
}

const char *bsg_http_query(struct bsg_http_exchange *x, const char *name)
{
	for (size_t i = 0; i < x->n_queries; i++) {
		if (strcmp(x->queries[i].name, name) == 0)
			return x->queries[i].value;
	}
	return NULL;
}

size_t bsg_http_n_queries(const struct bsg_http_exchange *x)
{
	return x->n_queries;
}

const char *bsg_http_query_name(const struct bsg_http_exchange *x, size_t i)
{
	return i < x->n_queries ? x->queries[i].name : NULL;
}

const char *bsg_http_form(struct bsg_http_exchange *x, const char *name)
{
	struct bsg_http_query_field fields[BSG_HTTP_QUERIES_MAX];
	size_t len;
	const char *body = bsg_http_body(x, &len);
	char *copy;
	int n;

	if (!bsg_http_has_type(x, "application/x-www-form-urlencoded") || memchr(body, '\0', len) != NULL)
		return NULL;
	copy = bsg_http_alloc(x, len + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, body, len);
	n = bsg_http_split_query(copy, fields, BSG_HTTP_QUERIES_MAX);
	for (int i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return fields[i].value;
	return NULL;
}

/* In libmicrohttpd's memory, which is gone once the request is answered. */
static const char *peek_header(const struct bsg_http_exchange *x, const char *name)
{
	if (!x->in_handler)
		return NULL;
	return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
}

const char *bsg_http_header(struct bsg_http_exchange *x, const char *name)
{
	const char *value = peek_header(x, name);

	return value != NULL ? bsg_http_strdup(x, value) : NULL;
}

const char *bsg_http_cookie(struct bsg_http_exchange *x, const char *name)
{
	size_t len;
	const char *value = bsg_http_find_cookie(peek_header(x, "Cookie"), name, &len);
	char *copy = value != NULL ? bsg_http_alloc(x, len + 1) : NULL;

	return copy != NULL ? memcpy(copy, value, len) : NULL;
}

const void *bsg_http_body(const struct bsg_http_exchange *x, size_t *len)
{
	*len = x->body_len;
	return x->body != NULL ? (const void *)x->body : "";
}

bool bsg_http_has_type(struct bsg_http_exchange *x, const char *type)
{
	const char *value = peek_header(x, "Content-Type");
	size_t len = strlen(type);

	return value != NULL && strncasecmp(value, type, len) == 0 &&
	       (value[len] == '\0' || strchr("; \t", value[len]) != NULL);
}

const struct bsg_http_peer *bsg_http_peer(const struct bsg_http_exchange *x)
{
	return &x->peer;
}

const char *bsg_http_request_id(const struct bsg_http_exchange *x)
{
	return x->id;
}

enum bsg_http_lang bsg_http_language(const struct bsg_http_exchange *x)
{
	return x->language;
}

int64_t bsg_http_wait_ms(const struct bsg_http_exchange *x)
{
	return x->wait_ms;
}

bool bsg_http_if_none_match(struct bsg_http_exchange *x, const char *etag)
{
	const char *list = peek_header(x, "If-None-Match");

	return list != NULL && bsg_http_etag_listed(list, etag, true);
}

bool bsg_http_if_match(struct bsg_http_exchange *x, const char *etag)
{
	const char *list = peek_header(x, "If-Match");

	return list == NULL || bsg_http_etag_listed(list, etag, false);
}

/* The rest of Authorization after @scheme and its spaces; NULL: another scheme. */
static const char *credentials(const struct bsg_http_exchange *x, const char *scheme)
{
	const char *value = peek_header(x, "Authorization");
	size_t len = strlen(scheme);

	if (value == NULL || strncasecmp(value, scheme, len) != 0 || value[len] != ' ')
		return NULL;
	value += len;
	while (*value == ' ')
		value++;
	return value;
}

const char *bsg_http_bearer(struct bsg_http_exchange *x)
{
	static const char token68[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~+/=";
	const char *token = credentials(x, "Bearer");

	if (token == NULL || token[0] == '\0' || token[strspn(token, token68)] != '\0')
		return NULL;
	return bsg_http_strdup(x, token);
}

bool bsg_http_basic(struct bsg_http_exchange *x, const char **user, const char **password)
{
	const char *text = credentials(x, "Basic");
	char *plain = text != NULL ? bsg_http_alloc(x, strlen(text) + 1) : NULL;

	*user = *password = NULL;
	return plain != NULL && bsg_http_parse_basic(text, plain, user, password);
}

void bsg_http_set_caller(struct bsg_http_exchange *x, void *caller)
{
	x->caller = caller;
}

void *bsg_http_caller(const struct bsg_http_exchange *x)
{
	return x->caller;
}

void bsg_http_set_context(struct bsg_http_exchange *x, void *context)
{
	x->context = context;
}

void *bsg_http_context(const struct bsg_http_exchange *x)
{
	return x->context;
}

void *bsg_http_alloc(struct bsg_http_exchange *x, size_t size)
{
	void *out;

	pthread_mutex_lock(&x->lock);
	out = bsg_arena_alloc(&x->arena, size);
	pthread_mutex_unlock(&x->lock);
	return out;
}

char *bsg_http_strdup(struct bsg_http_exchange *x, const char *s)
{
	char *out;

	pthread_mutex_lock(&x->lock);
	out = bsg_arena_text(&x->arena, s);
	pthread_mutex_unlock(&x->lock);
	return out;
}

static bool add_field(struct MHD_Response *response, const char *name, const char *value)
{
	return value == NULL || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_etag(struct MHD_Response *response, const char *etag)
{
	char quoted[160];

	if (etag == NULL)
		return true;
	if (strchr(etag, '"') != NULL ||
	    (size_t)snprintf(quoted, sizeof(quoted), "\"%s\"", etag) >= sizeof(quoted))
		return false;
	return add_field(response, "ETag", quoted);
}

static bool add_fields(const struct bsg_http_exchange *x, struct MHD_Response *response,
		       const struct bsg_http_answer *answer)
{
	bool has_cache_control = false;

	for (size_t i = 0; i < answer->n_fields; i++) {
		if (!add_field(response, answer->fields[i].name, answer->fields[i].value))
			return false;
		if (strcasecmp(answer->fields[i].name, "Cache-Control") == 0)
			has_cache_control = true;
	}
	return add_field(response, "X-Request-Id", x->id) &&
	       add_field(response, "Content-Type", answer->body_len > 0 ? answer->type : NULL) &&
	       add_field(response, "X-Content-Type-Options", answer->body_len > 0 ? "nosniff" : NULL) &&
	       add_field(response, "Cache-Control", has_cache_control ? NULL : "no-store") &&
	       add_field(response, "Location", answer->location) &&
	       add_field(response, "Connection", x->close_after ? "close" : NULL) &&
	       add_etag(response, answer->etag);
}

static struct MHD_Response *build(const struct bsg_http_exchange *x,
				  const struct bsg_http_answer *answer)
{
	void *body = (void *)(uintptr_t)(answer->body_len > 0 ? answer->body : "");
	struct MHD_Response *response;

	if (answer->status < 200 || answer->status > 599)
		return NULL;
	response = MHD_create_response_from_buffer(answer->body_len, body, MHD_RESPMEM_MUST_COPY);
	if (response != NULL && !add_fields(x, response, answer)) {
		MHD_destroy_response(response);
		response = NULL;
	}
	return response;
}

/* With the lock held: the one moment an exchange becomes answered. */
static struct bsg_http_waiters *become_answered(struct bsg_http_exchange *x,
						struct waiter **waiter)
{
	struct bsg_http_waiters *waiters = x->waiters;

	x->answered = true;
	*waiter = x->waiter;
	x->waiters = NULL;
	x->waiter = NULL;
	if (x->suspended) {
		x->suspended = false;
		x->held_us += bsg_http_mono_us() - x->held_since_us;
		bsg_http_conn_release(x->conn);
		MHD_resume_connection(x->mhd);
	}
	return waiters;
}

bool bsg_http_answer(struct bsg_http_exchange *x, const struct bsg_http_answer *answer)
{
	static const struct bsg_http_answer bad = { .status = 500 };
	struct bsg_http_waiters *waiters;
	struct MHD_Response *response;
	struct waiter *waiter;
	unsigned status = answer->status;

	if (bsg_http_is_answered(x))
		return false;
	response = build(x, answer);
	if (response == NULL) {
		response = build(x, &bad);	/* NULL again: the connection is closed */
		status = bad.status;
	}
	pthread_mutex_lock(&x->lock);
	if (x->answered) {
		pthread_mutex_unlock(&x->lock);
		if (response != NULL)
			MHD_destroy_response(response);
		return false;
	}
	x->response = response;
	x->status = status;
	x->sent_len = answer->body_len;
	waiters = become_answered(x, &waiter);
	pthread_mutex_unlock(&x->lock);
	if (waiters != NULL)
		bsg_http_waiter_leave(waiters, waiter);
	return true;
}

static void answer_otherwise(struct bsg_http_exchange *x)
{
	if (x->otherwise != NULL)
		(void)bsg_http_answer(x, x->otherwise);
	else
		(void)bsg_http_fail(x, BSG_E_UNAVAILABLE, NULL);
}

static void mark_gone(struct bsg_http_exchange *x, bool is_over)
{
	struct bsg_http_waiters *waiters = NULL;
	struct waiter *waiter = NULL;

	pthread_mutex_lock(&x->lock);
	if (!x->answered) {
		x->gone = true;
		waiters = become_answered(x, &waiter);
	}
	if (is_over) {
		x->conn = NULL;
		x->mhd = NULL;
	}
	pthread_mutex_unlock(&x->lock);
	if (waiters != NULL)
		bsg_http_waiter_leave(waiters, waiter);
}

void bsg_http_exchange_end(struct bsg_http_exchange *x, enum bsg_http_end why)
{
	if (why == BSG_HTTP_END_DEADLINE)
		answer_otherwise(x);
	else
		mark_gone(x, false);
}

void bsg_http_exchange_over(struct bsg_http_exchange *x)
{
	mark_gone(x, true);
}

/* Only what build() reads; NULL if there is no memory for it. */
static const struct bsg_http_answer *copy_answer(struct bsg_http_exchange *x,
						 const struct bsg_http_answer *from)
{
	struct bsg_http_answer *to = bsg_http_alloc(x, sizeof(*to));
	struct bsg_http_field *fields = NULL;
	uint8_t *body = NULL;

	if (to == NULL)
		return NULL;
	*to = *from;
	if (from->body_len > 0 && (body = bsg_http_alloc(x, from->body_len)) == NULL)
		return NULL;
	if (from->n_fields > 0 &&
	    (fields = bsg_http_alloc(x, from->n_fields * sizeof(*fields))) == NULL)
		return NULL;
	if (from->body_len > 0)
		memcpy(body, from->body, from->body_len);
	for (size_t i = 0; i < from->n_fields; i++) {
		fields[i].name = bsg_http_strdup(x, from->fields[i].name);
		fields[i].value = bsg_http_strdup(x, from->fields[i].value);
		if (fields[i].name == NULL || fields[i].value == NULL)
			return NULL;
	}
	to->body = body;
	to->fields = fields;
	if ((from->etag != NULL && (to->etag = bsg_http_strdup(x, from->etag)) == NULL) ||
	    (from->type != NULL && (to->type = bsg_http_strdup(x, from->type)) == NULL) ||
	    (from->location != NULL && (to->location = bsg_http_strdup(x, from->location)) == NULL))
		return NULL;
	return to;
}

void bsg_http_hold(struct bsg_http_exchange *x, int64_t wait_ms,
		   const struct bsg_http_answer *otherwise)
{
	const int64_t max_ms = x->server->options.hold_max_ms;

	if (!x->in_handler || x->wants_hold)
		return;		/* too late or twice: the handler's end decides */
	x->hold_ms = wait_ms <= 0 || wait_ms > max_ms ? max_ms : wait_ms;
	x->wants_hold = true;
	if (otherwise == NULL)
		return;
	x->otherwise = copy_answer(x, otherwise);
	if (x->otherwise == NULL)
		(void)bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
}

bool bsg_http_is_answered(struct bsg_http_exchange *x)
{
	bool answered;

	pthread_mutex_lock(&x->lock);
	answered = x->answered;
	pthread_mutex_unlock(&x->lock);
	return answered;
}
