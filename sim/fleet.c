/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/fleet.h. */
#include "sim/fleet.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 8192u
#define BODY_MAX (256u << 10)
#define TALK_MAX 16	/* commands in one conversation: more is a server that never ends (A90) */

/* ---- one connection -------------------------------------------------------------- */

void bsg_sim_wire_init(struct bsg_sim_wire *wire, unsigned port)
{
	*wire = (struct bsg_sim_wire){.port = port, .fd = -1};
	bsg_buf_init(&wire->body, BODY_MAX + HEAD_MAX);
}

void bsg_sim_wire_hang_up(struct bsg_sim_wire *wire)
{
	if (wire->transport != NULL && wire->session != NULL)
		wire->transport->close(wire->session);
	if (wire->fd >= 0)
		close(wire->fd);
	wire->session = NULL;
	wire->fd = -1;
}

void bsg_sim_wire_close(struct bsg_sim_wire *wire)
{
	bsg_sim_wire_hang_up(wire);
	bsg_buf_free(&wire->body);
}

static bool open_wire(struct bsg_sim_wire *wire)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)wire->port)};
	const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002u + (uint32_t)(wire->who % 50))};
	const int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (wire->transport != NULL && wire->fd >= 0) {	/* a connection each: by several addresses, or ports would run out */
		(void)setsockopt(wire->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		(void)bind(wire->fd, (const struct sockaddr *)&from, sizeof(from));
	}
	if (wire->fd >= 0 && connect(wire->fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0) {
		if (wire->transport == NULL)
			return true;
		wire->session = wire->transport->open(wire->fd, wire->who, wire->transport->app);
		if (wire->session != NULL)
			return true;
	}
	bsg_sim_wire_hang_up(wire);
	return false;
}

static ssize_t send_some(struct bsg_sim_wire *wire, const uint8_t *data, size_t len)
{
	return wire->session != NULL ? wire->transport->send(wire->session, data, len) : send(wire->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t receive_some(struct bsg_sim_wire *wire, uint8_t *data, size_t len)
{
	return wire->session != NULL ? wire->transport->receive(wire->session, data, len) : recv(wire->fd, data, len, 0);
}

static bool send_all(struct bsg_sim_wire *wire, const uint8_t *data, size_t len)
{
	while (len > 0) {
		const ssize_t n = send_some(wire, data, len);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* The whole answer into wire->body, which is empty, its head cut off. @return false: the connection is gone, or nobody speaks HTTP there */
static bool receive(struct bsg_sim_wire *wire)
{
	static const char length[] = "content-length:";
	size_t head = 0, total = 0;
	uint8_t part[HEAD_MAX];

	while (head == 0 || wire->body.len < total) {
		const ssize_t n = receive_some(wire, part, sizeof(part) - 1);
		const uint8_t *end;

		if (n <= 0)
			return false;
		bsg_buf_add(&wire->body, part, (size_t)n);
		if (head != 0)
			continue;
		end = memmem(wire->body.data, wire->body.len, "\r\n\r\n", 4);
		if (end == NULL)
			continue;
		head = (size_t)(end - wire->body.data) + 4;
		total = head;
		for (const uint8_t *line = wire->body.data; line < end; line++)
			if (*line == '\n' && strncasecmp((const char *)line + 1, length, sizeof(length) - 1) == 0)
				total += strtoul((const char *)line + sizeof(length), NULL, 10);
	}
	if (memcmp(wire->body.data, "HTTP/1.1 ", 9) != 0)	/* there is a whole head: more than that */
		return false;
	wire->status = (unsigned)strtoul((const char *)wire->body.data + 9, NULL, 10);
	memmove(wire->body.data, wire->body.data + head, wire->body.len - head);
	wire->body.len -= head;
	return true;
}

static bool exchange(struct bsg_sim_wire *wire, const struct bsg_buf *request)
{
	bsg_buf_clear(&wire->body);
	return send_all(wire, request->data, request->len) && receive(wire);
}

/* A server may close a connection that was kept just while we write (RFC 9112, 9.3.1): before an answer has begun, another one is opened. */
static enum bsg_err ask(struct bsg_sim_wire *wire, const struct bsg_buf *request, struct bsg_error *err)
{
	for (bool kept = wire->fd >= 0;; kept = false) {
		if (!kept && !open_wire(wire))
			return bsg_fail(err, BSG_E_UNAVAILABLE, "no connection to port %u", wire->port);
		if (exchange(wire, request))
			return BSG_OK;
		bsg_sim_wire_hang_up(wire);
		if (!kept || wire->body.len > 0)
			return bsg_fail(err, BSG_E_UNAVAILABLE, "the connection ended before an answer");
	}
}

enum bsg_err bsg_sim_wire_exchange(struct bsg_sim_wire *wire, const char *method, const char *path, const char *headers,
				   struct bsg_bytes body, struct bsg_error *err)
{
	struct bsg_error why = {.text = "no memory"};
	struct bsg_buf request;
	enum bsg_err rc;

	bsg_buf_init(&request, BODY_MAX + HEAD_MAX);
	bsg_buf_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\n", method, path);
	bsg_buf_add_text(&request, headers);
	bsg_buf_printf(&request, "Content-Length: %zu\r\n\r\n", body.len);
	bsg_buf_add(&request, body.ptr, body.len);
	rc = bsg_buf_finish(&request, &why);
	if (rc == BSG_OK)
		rc = ask(wire, &request, &why);
	bsg_buf_free(&request);
	return rc == BSG_OK ? rc : bsg_fail(err, rc, "%s %s: %s", method, path, why.text);
}

/* ---- the fleet ----------------------------------------------------------------------- */

struct bsg_fleet {
	struct bsg_fleet_options options;
	pthread_mutex_t lock;
	pthread_cond_t more, idle;
	size_t *queue;		/* ring: each phone at most once */
	size_t first, n, n_running;
	bool stopping;
	pthread_t *threads;
	unsigned n_threads;
	struct bsg_fleet_stats stats;
};

/* One thread's. */
struct worker {
	struct bsg_fleet *fleet;
	struct bsg_sim_wire wire;
	struct bsg_buf message, headers;
	struct bsg_fleet_stats stats;	/* of one phone's turn */
};

void bsg_fleet_token(size_t i, uint8_t out[static BSG_IPHONE_TOKEN_LEN])
{
	memset(out, 0xab, BSG_IPHONE_TOKEN_LEN);
	for (size_t k = 0; k < 8; k++)
		out[k] = (uint8_t)(i >> (56 - 8 * k));
}

/* With the lock held. */
static void push(struct bsg_fleet *fleet, size_t i)
{
	fleet->queue[(fleet->first + fleet->n++) % fleet->options.n] = i;
	pthread_cond_signal(&fleet->more);
}

void bsg_fleet_want(struct bsg_fleet *fleet, size_t i, unsigned what)
{
	struct bsg_fleet_phone *phone = &fleet->options.phones[i];

	pthread_mutex_lock(&fleet->lock);
	if (phone->wanted == 0 && phone->running == 0)
		push(fleet, i);
	phone->wanted |= what;
	pthread_mutex_unlock(&fleet->lock);
}

size_t bsg_fleet_whose(const char *token)
{
	char number[17];

	(void)snprintf(number, sizeof(number), "%.16s", token);
	return (size_t)strtoull(number, NULL, 16);
}

void bsg_fleet_pushed(struct bsg_fleet *fleet, const char *token)
{
	const size_t i = bsg_fleet_whose(token);

	if (i < fleet->options.n)
		bsg_fleet_want(fleet, i, BSG_FLEET_TALK);
}

static void fail(struct worker *w, const char *why)
{
	if (w->stats.n_failed++ == 0)
		(void)snprintf(w->stats.why, sizeof(w->stats.why), "%.199s", why);
}

/* Send w->message. @return false: it was not answered with 200 */
static bool put(struct worker *w, const char *path, enum bsg_err made)
{
	struct bsg_error err = {.text = "no memory"};

	w->stats.n_requests++;
	if (made != BSG_OK || bsg_sim_wire_exchange(&w->wire, "PUT", path, (const char *)w->headers.data,
						    (struct bsg_bytes){w->message.data, w->message.len}, &err) != BSG_OK) {
		fail(w, err.text);
		return false;
	}
	if (w->wire.status != 200) {
		(void)snprintf(err.text, sizeof(err.text), "%s: %u %.*s", path, w->wire.status,
			       (int)(w->wire.body.len < 160 ? w->wire.body.len : 160),
			       w->wire.body.len > 0 ? (const char *)w->wire.body.data : "");
		fail(w, err.text);
	}
	return w->wire.status == 200;
}

static void renew(struct bsg_buf *buf)
{
	bsg_buf_free(buf);
	bsg_buf_init(buf, BODY_MAX);
}

static void talk(struct worker *w, size_t i, bool obeys)
{
	const struct bsg_fleet_options *options = &w->fleet->options;
	struct bsg_iphone *iphone = &options->phones[i].iphone;
	bool good;

	w->stats.n_talks++;
	renew(&w->message);
	good = put(w, "/mdm/server", bsg_iphone_idle(iphone, &w->message, NULL));
	for (int n = 0; good && obeys && w->wire.body.len > 0; n++) {
		if (n == TALK_MAX) {
			fail(w, "a conversation without end");
			return;
		}
		w->stats.n_commands++;
		if (options->on_command != NULL)
			options->on_command(i, options->app);
		renew(&w->message);
		good = put(w, "/mdm/server", bsg_iphone_answer(iphone, (struct bsg_bytes){w->wire.body.data, w->wire.body.len},
							       bsg_clock_utc(options->clock), &w->message, NULL));
	}
}

static void act(struct worker *w, size_t i, unsigned what)
{
	struct bsg_fleet_phone *phone = &w->fleet->options.phones[i];
	const char *topic = w->fleet->options.topic;
	uint8_t token[BSG_IPHONE_TOKEN_LEN];

	bsg_fleet_token(i, token);
	w->wire.who = i;
	renew(&w->headers);
	if (w->wire.transport == NULL)
		bsg_buf_printf(&w->headers, "Client-Cert: :%s:\r\n", phone->certificate);
	bsg_buf_add_text(&w->headers, "Content-Type: application/xml\r\n");
	bsg_buf_add(&w->headers, "", 1);
	renew(&w->message);
	if ((what & BSG_FLEET_AUTHENTICATE) != 0)
		(void)put(w, "/mdm/checkin", bsg_iphone_authenticate(&phone->iphone, topic, &w->message, NULL));
	renew(&w->message);
	if ((what & BSG_FLEET_TOKEN) != 0)
		(void)put(w, "/mdm/checkin", bsg_iphone_token_update(&phone->iphone, topic, token, phone->iphone.udid, &w->message, NULL));
	if ((what & (BSG_FLEET_TALK | BSG_FLEET_IDLE)) != 0 && (phone->iphone.is & BSG_IPHONE_SILENT) == 0)
		talk(w, i, (what & BSG_FLEET_TALK) != 0);
	if (w->wire.transport != NULL)
		bsg_sim_wire_hang_up(&w->wire);
}

/* With the lock held. */
static void add_stats(struct bsg_fleet_stats *to, const struct bsg_fleet_stats *from)
{
	if (to->n_failed == 0 && from->n_failed > 0)
		memcpy(to->why, from->why, sizeof(to->why));
	to->n_requests += from->n_requests;
	to->n_talks += from->n_talks;
	to->n_commands += from->n_commands;
	to->n_failed += from->n_failed;
}

/* With the lock held, which is left meanwhile. */
static void serve_next(struct worker *w)
{
	struct bsg_fleet *fleet = w->fleet;
	const size_t i = fleet->queue[fleet->first];
	struct bsg_fleet_phone *phone = &fleet->options.phones[i];

	fleet->first = (fleet->first + 1) % fleet->options.n;
	fleet->n--;
	fleet->n_running++;
	phone->running = phone->wanted;
	phone->wanted = 0;
	w->stats = (struct bsg_fleet_stats){.n_requests = 0};
	pthread_mutex_unlock(&fleet->lock);
	act(w, i, phone->running);
	pthread_mutex_lock(&fleet->lock);
	add_stats(&fleet->stats, &w->stats);
	phone->running = 0;
	if (phone->wanted != 0)
		push(fleet, i);
	fleet->n_running--;
	if (fleet->n == 0 && fleet->n_running == 0)
		pthread_cond_broadcast(&fleet->idle);
}

static void *run(void *arg)
{
	struct worker w = {.fleet = arg};

	bsg_sim_wire_init(&w.wire, w.fleet->options.port);
	w.wire.transport = w.fleet->options.transport;
	bsg_buf_init(&w.message, BODY_MAX);
	bsg_buf_init(&w.headers, BODY_MAX);
	pthread_mutex_lock(&w.fleet->lock);
	while (!w.fleet->stopping) {
		if (w.fleet->n > 0)
			serve_next(&w);
		else
			pthread_cond_wait(&w.fleet->more, &w.fleet->lock);
	}
	pthread_mutex_unlock(&w.fleet->lock);
	bsg_sim_wire_close(&w.wire);
	bsg_buf_free(&w.message);
	bsg_buf_free(&w.headers);
	return NULL;
}

enum bsg_err bsg_fleet_start(const struct bsg_fleet_options *options, struct bsg_fleet **out, struct bsg_error *err)
{
	struct bsg_fleet *fleet = calloc(1, sizeof(*fleet));

	*out = NULL;
	if (fleet == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a fleet");
	fleet->options = *options;
	if (fleet->options.clock == NULL)
		fleet->options.clock = bsg_clock_system();
	pthread_mutex_init(&fleet->lock, NULL);
	pthread_cond_init(&fleet->more, NULL);
	pthread_cond_init(&fleet->idle, NULL);
	fleet->queue = calloc(options->n + 1, sizeof(*fleet->queue));
	fleet->threads = calloc(options->n_threads, sizeof(*fleet->threads));
	while (fleet->queue != NULL && fleet->threads != NULL && fleet->n_threads < options->n_threads &&
	       pthread_create(&fleet->threads[fleet->n_threads], NULL, run, fleet) == 0)
		fleet->n_threads++;
	if (fleet->n_threads < options->n_threads) {
		bsg_fleet_stop(fleet);
		return bsg_fail(err, BSG_E_UNAVAILABLE, "no memory or threads for a fleet");
	}
	*out = fleet;
	return BSG_OK;
}

void bsg_fleet_stop(struct bsg_fleet *fleet)
{
	if (fleet == NULL)
		return;
	pthread_mutex_lock(&fleet->lock);
	fleet->stopping = true;
	pthread_cond_broadcast(&fleet->more);
	pthread_mutex_unlock(&fleet->lock);
	for (unsigned i = 0; i < fleet->n_threads; i++)
		pthread_join(fleet->threads[i], NULL);
	pthread_mutex_destroy(&fleet->lock);
	pthread_cond_destroy(&fleet->more);
	pthread_cond_destroy(&fleet->idle);
	free(fleet->queue);
	free(fleet->threads);
	free(fleet);
}

bool bsg_fleet_is_idle(struct bsg_fleet *fleet)
{
	bool idle;

	pthread_mutex_lock(&fleet->lock);
	idle = fleet->n == 0 && fleet->n_running == 0;
	pthread_mutex_unlock(&fleet->lock);
	return idle;
}

void bsg_fleet_wait(struct bsg_fleet *fleet)
{
	pthread_mutex_lock(&fleet->lock);
	while (fleet->n > 0 || fleet->n_running > 0)
		pthread_cond_wait(&fleet->idle, &fleet->lock);
	pthread_mutex_unlock(&fleet->lock);
}

void bsg_fleet_stats(struct bsg_fleet *fleet, struct bsg_fleet_stats *out)
{
	pthread_mutex_lock(&fleet->lock);
	*out = fleet->stats;
	pthread_mutex_unlock(&fleet->lock);
}
