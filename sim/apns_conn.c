/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the stand-in APNs: TLS by GnuTLS, frames by nghttp2. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/x509.h>

#include "crypto/random.h"
#include "sim/apns_internal.h"

#define RESETS_MAX 1000000	/* streams that a peer may reset, and again each second */
#define OID_UID "0.9.2342.19200300.100.1.1"
#define READ_SIZE 16384

static struct bsg_apns_stream *stream_of(struct bsg_apns_conn *conn, int32_t id)
{
	return nghttp2_session_get_stream_user_data(conn->h2, id);
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
	struct bsg_apns_conn *conn = arg;
	struct bsg_apns_stream *stream;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	if (conn->is_leaving) {
		pthread_mutex_lock(&conn->apns->lock);
		conn->apns->stats.n_lost++;
		pthread_mutex_unlock(&conn->apns->lock);
		return 0;
	}
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	stream->conn = conn;
	stream->id = frame->hd.stream_id;
	bsg_buf_init(&stream->request.body, BSG_APNS_BODY_MAX);
	stream->next = conn->streams;
	conn->streams = stream;
	conn->n_streams++;
	conn->last_id = stream->id;
	pthread_mutex_lock(&conn->apns->lock);
	if (conn->n_streams > conn->apns->stats.n_streams_max)
		conn->apns->stats.n_streams_max = conn->n_streams;
	pthread_mutex_unlock(&conn->apns->lock);
	return nghttp2_session_set_stream_user_data(h2, stream->id, stream);
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t len, uint8_t flags, void *arg)
{
	struct bsg_apns_stream *stream = stream_of(arg, frame->hd.stream_id);
	struct bsg_apns_request *r;

	(void)h2;
	(void)name_len;
	(void)flags;
	if (stream == NULL)
		return 0;
	r = &stream->request;
	const struct { const char *name; char *to; size_t size; } fields[] = {
		{ ":method", r->method, sizeof(r->method) }, { ":path", r->path, sizeof(r->path) },
		{ "apns-topic", r->topic, sizeof(r->topic) }, { "apns-push-type", r->push_type, sizeof(r->push_type) },
		{ "apns-priority", r->priority, sizeof(r->priority) },
		{ "apns-expiration", r->expiration, sizeof(r->expiration) }, { "apns-id", r->id, sizeof(r->id) },
		{ "authorization", r->authorization, sizeof(r->authorization) },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp((const char *)name, fields[i].name) != 0)
			continue;
		r->is_too_long = r->is_too_long || len >= fields[i].size;
		(void)snprintf(fields[i].to, fields[i].size, "%s", (const char *)value);
	}
	return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg)
{
	struct bsg_apns_stream *stream = stream_of(arg, id);

	(void)h2;
	(void)flags;
	if (stream != NULL)
		bsg_buf_add(&stream->request.body, data, len);
	return 0;
}

static ssize_t give_answer(nghttp2_session *h2, int32_t id, uint8_t *buf, size_t size, uint32_t *flags,
			   nghttp2_data_source *source, void *arg)
{
	struct bsg_apns_stream *stream = source->ptr;
	size_t n = stream->answer_len - stream->answer_sent;

	(void)h2;
	(void)id;
	(void)arg;
	if (n > size)
		n = size;
	memcpy(buf, stream->answer + stream->answer_sent, n);
	stream->answer_sent += n;
	if (stream->answer_sent == stream->answer_len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static nghttp2_nv field(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
			     NGHTTP2_NV_FLAG_NONE };
}

static void write_body(struct bsg_apns_stream *stream)
{
	const struct bsg_apns_verdict *v = &stream->verdict;
	int n;

	if (v->status == 200)
		return;
	/* Reasons are words of Apple's list, or of a test: nothing in them needs an escape. */
	if (v->timestamp_ms != 0)
		n = snprintf(stream->answer, sizeof(stream->answer), "{\"reason\":\"%s\",\"timestamp\":%lld}", v->reason,
			     (long long)v->timestamp_ms);
	else
		n = snprintf(stream->answer, sizeof(stream->answer), "{\"reason\":\"%s\"}", v->reason);
	stream->answer_len = (size_t)n;
}

static void answer(struct bsg_apns_stream *stream)
{
	nghttp2_data_provider provider = { .source.ptr = stream, .read_callback = give_answer };
	char status[12], retry[24];
	nghttp2_nv fields[4];
	size_t n = 0;

	stream->is_waiting = false;
	write_body(stream);
	(void)snprintf(status, sizeof(status), "%u", stream->verdict.status);
	(void)snprintf(retry, sizeof(retry), "%lld", (long long)stream->verdict.retry_after_s);
	fields[n++] = field(":status", status);
	fields[n++] = field("apns-id", stream->apns_id);
	if (stream->verdict.retry_after_s > 0)
		fields[n++] = field("retry-after", retry);
	if (stream->answer_len > 0)
		fields[n++] = field("content-type", "application/json");
	if (nghttp2_submit_response(stream->conn->h2, stream->id, fields, n,
				    stream->answer_len > 0 ? &provider : NULL) != 0)
		stream->conn->is_dead = true;
}

static void go_away(struct bsg_apns_conn *conn, const char *reason)
{
	char why[BSG_SIM_APNS_TEXT + 16];
	int len;

	if (conn->is_leaving)
		return;
	conn->is_leaving = true;
	len = snprintf(why, sizeof(why), "{\"reason\":\"%s\"}", reason[0] != '\0' ? reason : "Shutdown");
	(void)nghttp2_submit_goaway(conn->h2, NGHTTP2_FLAG_NONE, conn->last_id, NGHTTP2_NO_ERROR, (const uint8_t *)why, (size_t)len);
	pthread_mutex_lock(&conn->apns->lock);
	conn->apns->stats.n_goaways++;
	pthread_mutex_unlock(&conn->apns->lock);
}

static void on_request(struct bsg_apns_stream *stream)
{
	struct bsg_apns_conn *conn = stream->conn;

	conn->n_requests++;
	if (stream->request.id[0] != '\0')
		(void)snprintf(stream->apns_id, sizeof(stream->apns_id), "%.36s", stream->request.id);
	else if (bsg_random_uuid(stream->apns_id, NULL) != BSG_OK)
		conn->is_dead = true;
	bsg_apns_request_judge(stream);
	if (stream->verdict.goaway)
		go_away(conn, stream->verdict.reason);
	if (stream->verdict.drops && conn->is_leaving) {
		conn->forsakes = true;
	} else if (stream->verdict.drops) {
		conn->is_dead = true;
	} else if (stream->verdict.resets) {
		(void)nghttp2_submit_rst_stream(conn->h2, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_INTERNAL_ERROR);
	} else if (stream->verdict.is_silent) {
		return;
	} else if (stream->verdict.delay_ms > 0) {
		stream->is_waiting = true;
		stream->due_ms = bsg_clock_mono_ms(bsg_clock_system()) + stream->verdict.delay_ms;
	} else {
		answer(stream);
	}
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
	struct bsg_apns_stream *stream;

	(void)h2;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
		return 0;
	stream = stream_of(arg, frame->hd.stream_id);
	if (stream != NULL)
		on_request(stream);
	return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t id, uint32_t code, void *arg)
{
	struct bsg_apns_conn *conn = arg;
	struct bsg_apns_stream *gone = stream_of(conn, id);

	(void)h2;
	(void)code;
	for (struct bsg_apns_stream **at = &conn->streams; gone != NULL && *at != NULL; at = &(*at)->next) {
		if (*at != gone)
			continue;
		*at = gone->next;
		bsg_buf_free(&gone->request.body);
		free(gone);
		conn->n_streams--;
		break;
	}
	return 0;
}

/*
 * libcurl 7.88 resets each stream after its answer was read to the end. nghttp2 takes a thousand of them at once for an attack and leaves;
 * a sender of pushes then has a broken connection for no fault of its own.
 */
static int new_session(struct bsg_apns_conn *conn, const nghttp2_session_callbacks *calls)
{
	nghttp2_option *option;
	int rc = nghttp2_option_new(&option);

	if (rc != 0)
		return rc;
	nghttp2_option_set_stream_reset_rate_limit(option, RESETS_MAX, RESETS_MAX);
	rc = nghttp2_session_server_new2(&conn->h2, calls, conn, option);
	nghttp2_option_del(option);
	return rc;
}

static int start_h2(struct bsg_apns_conn *conn)
{
	const unsigned max = conn->apns->options.max_streams;
	const nghttp2_settings_entry settings = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max != 0 ? max : 1000 };
	nghttp2_session_callbacks *calls;
	int rc = nghttp2_session_callbacks_new(&calls);

	if (rc != 0)
		return rc;
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_close);
	rc = new_session(conn, calls);
	nghttp2_session_callbacks_del(calls);
	if (rc == 0)
		rc = nghttp2_submit_settings(conn->h2, NGHTTP2_FLAG_NONE, &settings, 1);
	return rc;
}

/* Whose certificate it is; the handshake has verified it. */
static void read_sender(struct bsg_apns_conn *conn)
{
	unsigned n = 0;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(conn->tls, &n);
	size_t size = sizeof(conn->sender);
	gnutls_x509_crt_t crt;

	if (certs == NULL || n == 0 || gnutls_x509_crt_init(&crt) < 0)
		return;
	if (gnutls_x509_crt_import(crt, &certs[0], GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_x509_crt_get_dn_by_oid(crt, OID_UID, 0, 0, conn->sender, &size) < 0)
		conn->sender[0] = '\0';
	gnutls_x509_crt_deinit(crt);
}

static void count_handshake(struct bsg_apns_conn *conn, bool is_good)
{
	struct bsg_sim_apns_stats *stats = &conn->apns->stats;

	if (!is_good) {
		stats->n_refused++;
		return;
	}
	conn->number = ++stats->n_connections;
	stats->n_open++;
	if (stats->n_open > stats->n_open_max)
		stats->n_open_max = stats->n_open;
}

static void shake_hands(struct bsg_apns_conn *conn)
{
	int rc = gnutls_handshake(conn->tls);

	if (rc < 0 && !gnutls_error_is_fatal(rc))
		return;
	pthread_mutex_lock(&conn->apns->lock);
	count_handshake(conn, rc >= 0);
	pthread_mutex_unlock(&conn->apns->lock);
	if (rc < 0)
		(void)gnutls_alert_send_appropriate(conn->tls, rc);
	if (rc < 0 || start_h2(conn) != 0) {
		conn->is_dead = true;
		return;
	}
	read_sender(conn);
}

static void read_all(struct bsg_apns_conn *conn)
{
	uint8_t buf[READ_SIZE];

	while (!conn->is_dead) {
		ssize_t n = gnutls_record_recv(conn->tls, buf, sizeof(buf));

		if (n == GNUTLS_E_AGAIN)
			return;
		/* What comes in may have ended it already: never back to life. */
		if (n == 0 || (n < 0 && gnutls_error_is_fatal((int)n)) ||
		    (n > 0 && !conn->is_shut && nghttp2_session_mem_recv(conn->h2, buf, (size_t)n) < 0))
			conn->is_dead = true;
	}
}

/* Collect all that nghttp2 wants to say: many small frames make few TLS records. */
static bool fill(struct bsg_apns_conn *conn)
{
	if (conn->out_sent < conn->out_len)
		return true;
	conn->out_len = conn->out_sent = 0;
	while (conn->out_len < READ_SIZE) {
		const uint8_t *data;
		ssize_t n = nghttp2_session_mem_send(conn->h2, &data);
		uint8_t *grown;

		if (n <= 0)
			return n == 0 && conn->out_len > 0;
		grown = realloc(conn->out, conn->out_len + (size_t)n);
		if (grown == NULL)
			return false;
		conn->out = grown;
		memcpy(conn->out + conn->out_len, data, (size_t)n);
		conn->out_len += (size_t)n;
	}
	return true;
}

static void write_all(struct bsg_apns_conn *conn)
{
	while (!conn->is_dead && !conn->is_shut && fill(conn)) {
		ssize_t n = gnutls_record_send(conn->tls, conn->out + conn->out_sent, conn->out_len - conn->out_sent);

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return;
		if (n < 0)
			conn->is_dead = true;
		else
			conn->out_sent += (size_t)n;
	}
}

/*
 * After a GOAWAY: when the last answer, if there will be any, is out, say good-bye, but read on until the peer
 * closes. Closing with bytes unread would reset the connection and take answers with it.
 */
static void leave(struct bsg_apns_conn *conn)
{
	if (!conn->is_leaving || conn->is_shut || (conn->streams != NULL && !conn->forsakes) || conn->out_sent < conn->out_len ||
	    nghttp2_session_want_write(conn->h2))
		return;
	(void)gnutls_bye(conn->tls, GNUTLS_SHUT_WR);
	(void)shutdown(conn->fd, SHUT_WR);
	conn->is_shut = true;
}

void bsg_apns_conn_run(struct bsg_apns_conn *conn, int64_t now_ms)
{
	struct bsg_apns_stream *stream;

	if (conn->h2 == NULL)
		shake_hands(conn);
	if (conn->h2 == NULL || conn->is_dead)
		return;
	read_all(conn);
	for (stream = conn->streams; stream != NULL && !conn->is_dead; stream = stream->next)
		if (stream->is_waiting && stream->due_ms <= now_ms)
			answer(stream);
	write_all(conn);
	leave(conn);
}

short bsg_apns_conn_events(const struct bsg_apns_conn *conn)
{
	const bool writes = conn->h2 == NULL ? gnutls_record_get_direction(conn->tls) != 0 :
					       conn->out_sent < conn->out_len;

	return (short)(writes ? POLLIN | POLLOUT : POLLIN);
}

int64_t bsg_apns_conn_due(const struct bsg_apns_conn *conn)
{
	int64_t due = INT64_MAX;

	for (const struct bsg_apns_stream *stream = conn->streams; stream != NULL; stream = stream->next)
		if (stream->is_waiting && stream->due_ms < due)
			due = stream->due_ms;
	return due;
}

static int verify_sender(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
					  .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned status = 1;

	return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0 ? 0 : -1;
}

static int start_tls(struct bsg_apns_conn *conn)
{
	static const gnutls_datum_t h2 = { (unsigned char *)(uintptr_t)"h2", 2 };
	int rc = gnutls_init(&conn->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

	if (rc < 0) {
		conn->tls = NULL;
		return rc;
	}
	rc = gnutls_set_default_priority(conn->tls);
	if (rc >= 0)
		rc = gnutls_credentials_set(conn->tls, GNUTLS_CRD_CERTIFICATE, conn->apns->credentials);
	if (rc >= 0)
		rc = gnutls_alpn_set_protocols(conn->tls, &h2, 1, GNUTLS_ALPN_MANDATORY);
	if (rc >= 0 && conn->apns->options.client_ca_pem != NULL) {
		gnutls_certificate_server_set_request(conn->tls, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_function(conn->tls, verify_sender);
	}
	gnutls_transport_set_int(conn->tls, conn->fd);
	return rc;
}

enum bsg_err bsg_apns_conn_open(struct bsg_sim_apns *apns, int fd, struct bsg_error *err)
{
	struct bsg_apns_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		close(fd);
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	}
	conn->apns = apns;
	conn->fd = fd;
	if (start_tls(conn) < 0) {
		bsg_apns_conn_close(conn);
		return bsg_fail(err, BSG_E_NO_MEMORY, "TLS: out of memory");
	}
	conn->next = apns->conns;
	apns->conns = conn;
	return BSG_OK;
}

void bsg_apns_conn_close(struct bsg_apns_conn *conn)
{
	if (conn->number != 0) {
		pthread_mutex_lock(&conn->apns->lock);
		conn->apns->stats.n_open--;
		pthread_mutex_unlock(&conn->apns->lock);
	}
	/* nghttp2 does not call on_stream_close for what is open when it ends. */
	nghttp2_session_del(conn->h2);
	while (conn->streams != NULL) {
		struct bsg_apns_stream *stream = conn->streams;

		conn->streams = stream->next;
		bsg_buf_free(&stream->request.body);
		free(stream);
	}
	if (conn->tls != NULL)
		gnutls_deinit(conn->tls);
	close(conn->fd);
	free(conn->out);
	free(conn);
}
