/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's requests to its server, in threads. */
#include "agent/linux/link.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "crypto/est.h"
#include "http/client.h"

#define BODY_MAX (64 * 1024)
#define SLEEP_MS 1000		/* two clocks are not read at one moment */

enum phase { IDLE = 0, ASKED, RUNNING, ANSWERED };

struct line {
	struct bsg_link *link;
	struct bsg_http_client *client;
	pthread_t thread;
	bool started;
	pthread_cond_t wake;
	enum phase phase;
	bool hurry;
	struct bsg_link_request request;
	uint8_t *body;		/* owned copy of request.body */
	struct bsg_link_answer answer;
};

struct bsg_link {
	char device_url[256];
	const struct bsg_clock *clock;
	int fd;
	pthread_mutex_t lock;
	bool lock_ready, stopping;
	struct line line[BSG_LINK_LINES];
};

/* --- one request, without the lock --- */

static void fill_request(const struct line *line, char *url, size_t size, struct bsg_http_request *out)
{
	static const char *const paths[] = { [BSG_ASK_ORDERS] = "/v1/device/orders",
		[BSG_ASK_REPORT] = "/v1/device/reports",
		[BSG_ASK_RENEW] = "/.well-known/est/simplereenroll" };
	static const char *const types[] = { [BSG_ASK_REPORT] = "application/cbor",
		[BSG_ASK_RENEW] = BSG_EST_REQUEST_TYPE };
	const struct bsg_link_request *request = &line->request;

	snprintf(url, size, "%s%s", line->link->device_url, paths[request->ask]);
	*out = (struct bsg_http_request){ .method = request->ask == BSG_ASK_ORDERS ? "GET" : "POST",
		.url = url, .response_max = BODY_MAX, .timeout_ms = 20000 };
	if (request->ask == BSG_ASK_ORDERS) {
		out->if_none_match = request->etag[0] ? request->etag : NULL;
		out->wait_s = request->wait_s;
	} else {
		out->type = types[request->ask];
		out->body = line->body;
		out->body_len = request->body_len;
	}
}

/* How long this machine has been asleep since boot: its clock runs through sleep, CLOCK_MONOTONIC does not. */
static int64_t asleep_ms(const struct bsg_link *link)
{
	struct timespec awake;

	clock_gettime(CLOCK_MONOTONIC, &awake);
	return bsg_clock_mono_ms(link->clock) - (awake.tv_sec * INT64_C(1000) + awake.tv_nsec / 1000000);
}

static void perform(struct line *line, struct bsg_link_answer *out)
{
	char url[320];
	struct bsg_http_request request;
	struct bsg_http_response response;
	struct bsg_error err = { 0 };
	const int64_t asleep = asleep_ms(line->link);

	*out = (struct bsg_link_answer){ .ask = line->request.ask };
	fill_request(line, url, sizeof(url), &request);
	out->rc = bsg_http_client_do(line->client, &request, &response, &err);
	out->mono_ms = bsg_clock_mono_ms(line->link->clock);
	out->slept = asleep_ms(line->link) - asleep > SLEEP_MS;
	if (out->rc == BSG_OK) {
		out->status = response.status;
		out->date = response.date;
		memcpy(out->etag, response.etag, sizeof(out->etag));
		out->body = response.body;
		out->body_len = response.body_len;
		response.body = NULL;
	} else {
		snprintf(out->text, sizeof(out->text), "%s", err.text);
	}
	bsg_http_response_clear(&response);
}

/* --- the threads --- */

/* Under the lock: sleep through the delay, unless hurried or stopped. */
static void sleep_delay(struct line *line)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += line->request.delay_ms / 1000;
	until.tv_nsec += line->request.delay_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (!line->hurry && !line->link->stopping &&
	       pthread_cond_timedwait(&line->wake, &line->link->lock, &until) != ETIMEDOUT)
		;
}

static void tell(const struct bsg_link *link)
{
	uint64_t one = 1;

	while (write(link->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *run_line(void *arg)
{
	struct line *line = arg;
	struct bsg_link *link = line->link;
	struct bsg_link_answer answer;

	pthread_mutex_lock(&link->lock);
	while (!link->stopping) {
		if (line->phase != ASKED) {
			pthread_cond_wait(&line->wake, &link->lock);
			continue;
		}
		if (line->request.delay_ms > 0)
			sleep_delay(line);
		if (link->stopping)
			break;
		line->phase = RUNNING;
		pthread_mutex_unlock(&link->lock);
		perform(line, &answer);
		pthread_mutex_lock(&link->lock);
		line->answer = answer;
		line->phase = ANSWERED;
		tell(link);
	}
	pthread_mutex_unlock(&link->lock);
	return NULL;
}

/* --- for the loop --- */

int bsg_link_fd(const struct bsg_link *link)
{
	return link->fd;
}

enum bsg_err bsg_link_ask(struct bsg_link *link, enum bsg_link_line number,
			  const struct bsg_link_request *request, struct bsg_error *err)
{
	struct line *line = &link->line[number];
	uint8_t *body = request->body_len ? malloc(request->body_len) : NULL;
	enum bsg_err rc = BSG_OK;

	if (request->body_len && !body)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	if (body)
		memcpy(body, request->body, request->body_len);
	pthread_mutex_lock(&link->lock);
	if (line->phase == IDLE) {
		free(line->body);
		line->body = body;
		body = NULL;
		line->request = *request;
		line->hurry = false;
		line->phase = ASKED;
		pthread_cond_signal(&line->wake);
	} else {
		rc = bsg_fail(err, BSG_E_CONFLICT, "a request is under way");
	}
	pthread_mutex_unlock(&link->lock);
	free(body);
	return rc;
}

bool bsg_link_idle(struct bsg_link *link, enum bsg_link_line line)
{
	bool idle;

	pthread_mutex_lock(&link->lock);
	idle = link->line[line].phase == IDLE;
	pthread_mutex_unlock(&link->lock);
	return idle;
}

void bsg_link_hurry(struct bsg_link *link, enum bsg_link_line line)
{
	pthread_mutex_lock(&link->lock);
	link->line[line].hurry = true;
	pthread_cond_signal(&link->line[line].wake);
	pthread_mutex_unlock(&link->lock);
}

bool bsg_link_take(struct bsg_link *link, enum bsg_link_line number, struct bsg_link_answer *out)
{
	struct line *line = &link->line[number];
	bool found;

	pthread_mutex_lock(&link->lock);
	found = line->phase == ANSWERED;
	if (found) {
		*out = line->answer;
		line->answer = (struct bsg_link_answer){ 0 };
		line->phase = IDLE;
	}
	pthread_mutex_unlock(&link->lock);
	return found;
}

/* --- open and close --- */

static enum bsg_err open_line(struct bsg_link *link, struct line *line,
			      const struct bsg_link_options *options, struct bsg_error *err)
{
	struct bsg_http_client_options http = { .root = options->root, .root_len = options->root_len,
		.certificate_file = options->certificate_file, .key_file = options->key_file,
		.user_agent = "bosaga-agent/" BSG_VERSION };
	pthread_condattr_t attr;
	enum bsg_err rc = bsg_http_client_open(&http, &line->client, err);

	if (rc != BSG_OK)
		return rc;
	line->link = link;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&line->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&line->thread, NULL, run_line, line)) {
		pthread_cond_destroy(&line->wake);
		return bsg_fail(err, BSG_E_UNAVAILABLE, "no thread: %s", strerror(errno));
	}
	line->started = true;
	return BSG_OK;
}

enum bsg_err bsg_link_open(const struct bsg_link_options *options, struct bsg_link **out,
			   struct bsg_error *err)
{
	struct bsg_link *link = calloc(1, sizeof(*link));
	enum bsg_err rc = BSG_OK;

	*out = NULL;
	if (!link)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	snprintf(link->device_url, sizeof(link->device_url), "%s", options->device_url);
	link->clock = options->clock ? options->clock : bsg_clock_system();
	pthread_mutex_init(&link->lock, NULL);
	link->lock_ready = true;
	link->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (link->fd < 0)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "eventfd: %s", strerror(errno));
	for (size_t i = 0; rc == BSG_OK && i < BSG_LINK_LINES; i++)
		rc = open_line(link, &link->line[i], options, err);
	if (rc != BSG_OK) {
		bsg_link_close(link);
		return rc;
	}
	*out = link;
	return BSG_OK;
}

static void close_line(struct line *line)
{
	if (line->started) {
		bsg_http_client_cancel(line->client);
		pthread_join(line->thread, NULL);
		pthread_cond_destroy(&line->wake);
	}
	bsg_http_client_close(line->client);
	free(line->body);
	free(line->answer.body);
}

void bsg_link_close(struct bsg_link *link)
{
	if (!link)
		return;
	pthread_mutex_lock(&link->lock);
	link->stopping = true;
	for (size_t i = 0; i < BSG_LINK_LINES; i++)
		if (link->line[i].started)
			pthread_cond_signal(&link->line[i].wake);
	pthread_mutex_unlock(&link->lock);
	for (size_t i = 0; i < BSG_LINK_LINES; i++)
		close_line(&link->line[i]);
	if (link->fd >= 0)
		close(link->fd);
	pthread_mutex_destroy(&link->lock);
	free(link);
}
