/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a request, in order: syntax, route, certificate, admit,
 * body, handler, answer or hold. libmicrohttpd calls bsg_http_access() once
 * after the headers, once for each piece of body, and once at the end; after
 * a hold once more.
 *
 * A refusal before the body is sent at once where the caller waits for
 * `100 Continue` or announces much; otherwise the body is read and thrown
 * away first, or the caller would see a reset instead of the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "http/internal.h"

#define DRAIN_MAX (1024 * 1024)		/* beyond that, clients wait for 100 Continue */

struct header_count {
	unsigned n_length, n_transfer, n_host, n_client_cert;
	bool has_control, has_unknown_coding;
};

/* Of a whole value at once, which may be a certificate: without a branch for each byte. */
static bool has_control(const char *value)
{
	const size_t len = strlen(value);
	unsigned found = 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)value[i];

		found |= (unsigned)(c < 0x20 && c != '\t') | (unsigned)(c == 0x7f);
	}
	return found != 0;
}

static enum MHD_Result count_header(void *cls, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct header_count *count = cls;

	(void)kind;
	count->n_length += strcasecmp(name, "Content-Length") == 0;
	count->n_transfer += strcasecmp(name, "Transfer-Encoding") == 0;
	count->n_host += strcasecmp(name, "Host") == 0;
	count->n_client_cert += strcasecmp(name, "Client-Cert") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0 &&
	    (value == NULL || strcasecmp(value, "chunked") != 0))
		count->has_unknown_coding = true;	/* its end could not be found */
	if (value != NULL && has_control(value))
		count->has_control = true;
	return MHD_YES;
}

static const char *peek(const struct bsg_http_exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
}

/* Ambiguities that a proxy in front might read in another way (RFC 9112 6.3). */
static bool check_headers(struct bsg_http_exchange *x)
{
	struct header_count count = { 0 };

	(void)MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, count_header, &count);
	x->body_expected = count.n_length > 0 || count.n_transfer > 0;
	if (count.n_length + count.n_transfer <= 1 && count.n_host <= 1 &&
	    count.n_client_cert <= 1 && !count.has_control && !count.has_unknown_coding)
		return true;
	x->close_after = true;
	(void)bsg_http_problem(x, 400, "bad-request",
			       "ambiguous or malformed header fields");
	return false;
}

static bool refuse_peer(struct bsg_http_exchange *x, const char *code)
{
	const unsigned status = x->server->options.peer_refusal;

	(void)bsg_http_problem(x, status != 0 ? status : 403, code, NULL);
	return false;
}

/* Behind a proxy each request may come from another device. */
static bool identify_by_header(struct bsg_http_exchange *x)
{
	const char *value = peek(x, "Client-Cert");
	uint8_t der[BSG_HTTP_DER_MAX];
	size_t len = 0;

	if (value == NULL) {
		if (x->server->options.client_certificate == BSG_HTTP_CERT_REQUIRED)
			return refuse_peer(x, "certificate-required");
		return true;
	}
	return (bsg_http_parse_client_cert(value, der, &len) &&
		bsg_http_leaf_verify(x->conn->creds, der, len, &x->peer, &x->leaf)) || refuse_peer(x, "certificate-unknown");
}

static bool identify(struct bsg_http_exchange *x)
{
	const struct bsg_http_server_options *options = &x->server->options;
	struct bsg_http_conn *conn = x->conn;

	if (options->transport == BSG_HTTP_TLS && !conn->peer_known) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

		if (info == NULL || !bsg_http_tls_peer(conn, info->tls_session))
			return refuse_peer(x, "certificate-required");
		conn->peer_known = true;
	}
	x->peer = conn->peer;
	x->leaf = bsg_http_leaf_ref(conn->leaf);
	if (options->transport == BSG_HTTP_PROXY &&
	    options->client_certificate != BSG_HTTP_CERT_NONE)
		return identify_by_header(x);
	return true;
}

/* Every request: a resumed session or an old connection outlives a revocation. */
static bool check_peer(struct bsg_http_exchange *x)
{
	if (x->peer.kind != BSG_HTTP_PEER_CERTIFICATE)
		return true;
	if (x->peer.not_after <= bsg_clock_utc(bsg_clock_system()))
		return refuse_peer(x, "certificate-expired");
	x->peer.status = x->server->options.peer_check(&x->peer, x->server->options.app);
	if (x->peer.status == BSG_HTTP_PEER_VALID)
		return true;
	if (x->peer.status == BSG_HTTP_PEER_UNDECIDED) {
		(void)bsg_http_fail(x, BSG_E_UNAVAILABLE, NULL);
		return false;
	}
	if (x->peer.status != BSG_HTTP_PEER_REVOKED)
		return refuse_peer(x, "certificate-unknown");
	if ((x->route->flags & BSG_HTTP_REVOKED_TOO) != 0)
		return true;
	return refuse_peer(x, "certificate-revoked");
}

static bool no_route(struct bsg_http_exchange *x, const char *allow)
{
	const struct bsg_http_field field = { "Allow", allow };

	if (allow[0] == '\0')
		(void)bsg_http_problem(x, 404, "not-found", NULL);
	else
		(void)bsg_http_problem_with(x, 405, "method-not-allowed", &field, 1, NULL);
	return false;
}

static bool keep_params(struct bsg_http_exchange *x, char *const *segments)
{
	size_t n = 0;

	x->params = bsg_http_alloc(x, BSG_HTTP_PARAMS_MAX * sizeof(*x->params));
	for (size_t i = 0; x->params != NULL && i < x->pattern->n_segments; i++) {
		if (!x->pattern->segments[i].is_param)
			continue;
		x->params[n] = bsg_http_strdup(x, segments[i]);
		if (x->params[n++] == NULL)
			x->params = NULL;
	}
	if (x->params == NULL)
		(void)bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
	return x->params != NULL;
}

static bool find_route(struct bsg_http_exchange *x)
{
	char *segments[BSG_HTTP_SEGMENTS_MAX];
	struct bsg_http_match match;
	char *path = strdup(x->uri);
	bool has_params = false, ok;
	int n = path != NULL ? bsg_http_split_path(path, segments, BSG_HTTP_SEGMENTS_MAX) : -3;

	if (n < 0) {
		free(path);
		if (n == -3)
			(void)bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		else if (n == -2)
			return no_route(x, "");
		else
			(void)bsg_http_problem(x, 400, "bad-request", "the path is not well-formed");
		return false;
	}
	bsg_http_routes_match(&x->server->routes, x->method, segments, (size_t)n, &match);
	if (match.pattern == NULL) {
		free(path);
		return no_route(x, match.allow);
	}
	x->pattern = match.pattern;
	x->route = match.pattern->route;
	for (size_t i = 0; i < x->pattern->n_segments; i++)
		has_params |= x->pattern->segments[i].is_param;
	ok = !has_params || keep_params(x, segments);
	free(path);
	return ok;
}

static bool read_query(struct bsg_http_exchange *x)
{
	struct bsg_http_query_field fields[BSG_HTTP_QUERIES_MAX];
	int n;

	if (x->query == NULL || x->query[0] == '\0')
		return true;
	n = bsg_http_split_query(x->query, fields, BSG_HTTP_QUERIES_MAX);
	if (n < 0) {
		(void)bsg_http_problem(x, 400, "bad-request", "the query is not well-formed");
		return false;
	}
	x->queries = bsg_http_alloc(x, (size_t)n * sizeof(fields[0]));
	if (x->queries == NULL) {
		(void)bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return false;
	}
	memcpy(x->queries, fields, (size_t)n * sizeof(fields[0]));
	x->n_queries = (size_t)n;
	return true;
}

static void read_preferences(struct bsg_http_exchange *x)
{
	const int64_t max_ms = x->server->options.hold_max_ms;

	x->language = bsg_http_parse_language(peek(x, "Accept-Language"));
	x->wait_ms = (int64_t)bsg_http_parse_wait(peek(x, "Prefer")) * 1000;
	if (x->wait_ms > max_ms)
		x->wait_ms = max_ms;
}

static bool admit(struct bsg_http_exchange *x)
{
	if (x->server->options.admit(x, x->route, x->server->options.app))
		return true;
	(void)bsg_http_problem(x, 403, "forbidden", NULL);	/* unless admit has answered */
	return false;
}

static bool too_large(struct bsg_http_exchange *x)
{
	(void)bsg_http_problem(x, 413, "too-large", "at most %zu bytes here", x->route->body_max);
	return false;
}

/* SIZE_MAX if the length is unknown (chunked) or absurd. */
static size_t announced_length(const struct bsg_http_exchange *x)
{
	const char *text = peek(x, "Content-Length");
	unsigned long long value = 0;

	if (text == NULL)
		return x->body_expected ? SIZE_MAX : 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (value > SIZE_MAX / 16)
			return SIZE_MAX;
		value = value * 10 + (unsigned)(*text - '0');
	}
	return *text == '\0' ? (size_t)value : SIZE_MAX;
}

static bool check_length(struct bsg_http_exchange *x)
{
	size_t len = announced_length(x);

	return len == SIZE_MAX || len <= x->route->body_max || too_large(x);
}

static bool begin(struct bsg_http_exchange *x, const char *method)
{
	read_preferences(x);
	if ((size_t)snprintf(x->method, sizeof(x->method), "%s", method) >= sizeof(x->method)) {
		x->method[0] = '\0';
		return no_route(x, "");
	}
	if (!check_headers(x) || !find_route(x))
		return false;
	if (x->route->deadline_s != 0)
		bsg_http_conn_set_deadline(x->conn, (int64_t)x->route->deadline_s * 1000);
	return identify(x) && check_peer(x) && read_query(x) && admit(x) && check_length(x);
}

static enum MHD_Result queue_answer(struct bsg_http_exchange *x)
{
	const struct bsg_http_route *route = x->route;
	struct MHD_Response *response;
	enum MHD_Result rc = MHD_NO;
	unsigned status;

	pthread_mutex_lock(&x->lock);
	response = x->response;
	x->response = NULL;
	status = x->status;
	pthread_mutex_unlock(&x->lock);
	if (response == NULL)
		return MHD_NO;		/* gone, or no memory: close */
	bsg_http_conn_set_deadline(x->conn, route != NULL && route->deadline_s != 0 ?
				   (int64_t)route->deadline_s * 1000 :
				   x->server->options.send_deadline_ms);
	rc = MHD_queue_response(x->mhd, status, response);
	MHD_destroy_response(response);
	return rc;
}

/* Refused before the body: now, or after throwing the body away? */
static enum MHD_Result refuse_early(struct bsg_http_exchange *x)
{
	const char *expect = peek(x, "Expect");
	size_t len = announced_length(x);

	if (x->close_after || (x->body_expected && (expect != NULL ||
						    (len != SIZE_MAX && len > DRAIN_MAX))))
		return queue_answer(x);
	return MHD_YES;		/* the next call, or the one after the body */
}

static void drop_body(struct bsg_http_exchange *x)
{
	free(x->body);
	x->body = NULL;
	x->body_len = x->body_cap = 0;
}

static bool grow_body(struct bsg_http_exchange *x, size_t need)
{
	size_t cap = x->body_cap;
	uint8_t *grown;

	if (need <= cap)
		return true;
	cap = cap * 2 > need ? cap * 2 : need;
	if (cap > x->route->body_max)
		cap = x->route->body_max;
	grown = realloc(x->body, cap + 1);
	if (grown == NULL)
		return false;
	x->body = grown;
	x->body_cap = cap;
	return true;
}

static enum MHD_Result take_body(struct bsg_http_exchange *x, const char *data, size_t len)
{
	if (!bsg_http_is_answered(x)) {
		if (len > x->route->body_max - x->body_len) {
			(void)too_large(x);
		} else if (!grow_body(x, x->body_len + len)) {
			(void)bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		} else {
			memcpy(x->body + x->body_len, data, len);
			x->body_len += len;
			x->body[x->body_len] = '\0';
			return MHD_YES;
		}
		drop_body(x);
	}
	x->drained += len;
	return x->drained <= DRAIN_MAX ? MHD_YES : MHD_NO;
}

static void call_handler(struct bsg_http_exchange *x)
{
	struct bsg_http_server *server = x->server;

	pthread_mutex_lock(&server->lock);
	server->n_answering++;
	pthread_mutex_unlock(&server->lock);
	x->handled = true;
	bsg_http_conn_set_deadline(x->conn, BSG_HTTP_NEVER / 2);	/* the handler's time is ours */
	x->in_handler = true;
	x->route->handler(x, server->options.app);
	x->in_handler = false;
	if (!x->wants_hold)
		(void)bsg_http_fail(x, BSG_E_BUG, NULL);	/* unless it has answered */
}

/*
 * True: suspended, whoever answers resumes. With the lock held throughout, so
 * that an answer from another thread comes before or after, never in between.
 */
static bool suspend(struct bsg_http_exchange *x)
{
	bool suspended = false, stops = false;

	pthread_mutex_lock(&x->lock);
	if (!x->answered) {
		suspended = bsg_http_conn_hold(x->conn, x, x->hold_ms);
		stops = !suspended;
	}
	if (suspended) {
		x->suspended = true;
		x->held_since_us = bsg_http_mono_us();
		MHD_suspend_connection(x->mhd);
	}
	pthread_mutex_unlock(&x->lock);
	if (stops)
		bsg_http_exchange_end(x, BSG_HTTP_END_DEADLINE);
	return suspended;
}

static enum MHD_Result finish(struct bsg_http_exchange *x)
{
	if (!x->handled && !bsg_http_is_answered(x)) {
		call_handler(x);
		if (x->wants_hold && suspend(x))
			return MHD_YES;
	}
	return queue_answer(x);
}

enum MHD_Result bsg_http_access(void *cls, struct MHD_Connection *mhd, const char *url,
				const char *method, const char *version, const char *data,
				size_t *data_len, void **slot)
{
	struct bsg_http_exchange *x = *slot;
	size_t len = *data_len;

	(void)cls;
	(void)mhd;
	(void)url;
	(void)version;
	if (x == NULL || x->conn == NULL)
		return MHD_NO;
	if (!x->begun) {
		bool ok;

		x->begun = true;
		x->in_handler = true;
		ok = begin(x, method);
		x->in_handler = false;
		return ok ? MHD_YES : refuse_early(x);
	}
	if (len > 0) {
		*data_len = 0;
		return take_body(x, data, len);
	}
	return finish(x);
}

void *bsg_http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct bsg_http_server *server = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct bsg_http_conn *conn = info != NULL ? info->socket_context : NULL;

	if (conn == NULL || uri == NULL)
		return NULL;
	bsg_http_complete(conn, false);
	bsg_http_conn_shorten_deadline(conn, server->options.request_deadline_ms);
	conn->current = bsg_http_exchange_new(server, conn, mhd, uri);
	return conn->current;
}

static void report_done(struct bsg_http_exchange *x, bool sent)
{
	struct bsg_http_server *server = x->server;
	struct bsg_http_done done = {
		.request_id = x->id,
		.method = x->method,
		.route = x->route,
		.status = sent ? x->status : 0,
		.took_us = bsg_http_mono_us() - x->started_us,
		.held_us = x->held_us,
		.body_len = x->body_len,
		.sent_len = sent ? x->sent_len : 0,
	};

	if (server->options.done != NULL)
		server->options.done(&done, server->options.app);
	pthread_mutex_lock(&server->lock);
	server->stats.n_requests++;
	if (x->handled && --server->n_answering == 0)
		pthread_cond_broadcast(&server->quiet);
	pthread_mutex_unlock(&server->lock);
}

void bsg_http_complete(struct bsg_http_conn *conn, bool sent)
{
	struct bsg_http_exchange *x = conn->current;

	if (x == NULL)
		return;
	conn->current = NULL;
	bsg_http_exchange_over(x);
	report_done(x, sent && !x->gone);
	/* Silence is libmicrohttpd's to end; a drip of the next request ends here. */
	bsg_http_conn_set_deadline(conn, (int64_t)conn->server->options.idle_ms +
				   conn->server->options.request_deadline_ms);
	bsg_http_unref(x);
}

void bsg_http_on_completed(void *cls, struct MHD_Connection *mhd, void **slot,
			   enum MHD_RequestTerminationCode why)
{
	struct bsg_http_exchange *x = *slot;

	(void)cls;
	(void)mhd;
	*slot = NULL;
	if (x != NULL && x->conn != NULL)
		bsg_http_complete(x->conn, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}
