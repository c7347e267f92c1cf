/* SPDX-License-Identifier: Apache-2.0 */
/* The sender of pushes as others see it: open, send, reconfigure, close. */
#include "http/push.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/pushcert.h"
#include "http/push_internal.h"

static enum bsg_err no_memory(struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_NO_MEMORY, "pushes: out of memory");
}

/* HOST:PORT, as it goes into a URL. */
static enum bsg_err check_endpoint(const char *endpoint, struct bsg_error *err)
{
	const char *colon = endpoint != NULL ? strrchr(endpoint, ':') : NULL;
	const size_t host_len = colon != NULL ? (size_t)(colon - endpoint) : 0;
	const bool is_v6 = host_len > 2 && endpoint[0] == '[' && colon[-1] == ']';
	const char *allowed = is_v6 ? "[0123456789abcdefABCDEF:.]" :
			      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	long port;

	if (host_len == 0 || host_len > 253 || strspn(endpoint, allowed) < host_len ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5)
		return bsg_fail(err, BSG_E_INVALID, "push endpoint: HOST:PORT, please, as in api.push.apple.com:443");
	port = strtol(colon + 1, NULL, 10);
	if (port < 1 || port > 65535)
		return bsg_fail(err, BSG_E_INVALID, "push endpoint: port %ld", port);
	return BSG_OK;
}

/* The system's store has hundreds of roots: good enough for Apple's own names, for nobody else's. */
static bool is_apple(const char *endpoint)
{
	static const char *const hosts[] = {
		"api.push.apple.com:", "api.sandbox.push.apple.com:", "api.development.push.apple.com:",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strncmp(endpoint, hosts[i], strlen(hosts[i])) == 0)
			return true;
	return false;
}

static enum bsg_err check_topic(const char *topic, struct bsg_error *err)
{
	const size_t len = topic != NULL ? strlen(topic) : 0;

	if (len == 0 || len >= BSG_PUSH_TOPIC_SIZE ||
	    strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != len)
		return bsg_fail(err, BSG_E_INVALID, "push topic: 1 to %d letters, digits, '.', '-' and '_', please",
				BSG_PUSH_TOPIC_SIZE - 1);
	return BSG_OK;
}

static void set_default(unsigned *value, unsigned otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static enum bsg_err take_options(struct bsg_push_sender *s, const struct bsg_push_options *options,
				 struct bsg_error *err)
{
	struct bsg_push_options *o = &s->options;
	enum bsg_err rc = check_endpoint(options->endpoint, err);

	if (rc == BSG_OK)
		rc = check_topic(options->topic, err);
	if (rc != BSG_OK)
		return rc;
	if (options->on_result == NULL)
		return bsg_fail(err, BSG_E_INVALID, "pushes: somebody has to take the results");
	if (options->ca_pem == NULL && !is_apple(options->endpoint))
		return bsg_fail(err, BSG_E_INVALID, "push endpoint %s: only for Apple's own names the system's roots are "
				"trusted; name a CA", options->endpoint);
	*o = *options;
	set_default(&o->connections_max, 4);
	set_default(&o->streams_max, 500);
	set_default(&o->queue_max, 200000);
	set_default(&o->answer_timeout_ms, 10000);
	set_default(&o->pause_min_ms, 1000);
	set_default(&o->pause_max_ms, 60000);
	if (o->clock == NULL)
		o->clock = bsg_clock_system();
	s->endpoint = strdup(options->endpoint);
	s->topic = strdup(options->topic);
	o->endpoint = o->topic = o->ca_pem = NULL;
	memset(&o->credentials, 0, sizeof(o->credentials));
	if (s->endpoint == NULL || s->topic == NULL)
		return no_memory(err);
	return options->ca_pem == NULL ? BSG_OK :
	       bsg_tls_files_put_root(&s->roots, options->ca_pem, strlen(options->ca_pem), err);
}

/* After the thread, or without it. */
static void release(struct bsg_push_sender *s)
{
	bsg_push_flights_free(s);
	bsg_push_creds_free(s->creds);
	bsg_push_creds_free(s->pending);
	bsg_push_queue_free(&s->queue);
	bsg_tls_files_close(&s->roots);
	pthread_mutex_destroy(&s->lock);
	free(s->endpoint);
	free(s->topic);
	free(s);
}

enum bsg_err bsg_push_sender_open(const struct bsg_push_options *options, struct bsg_push_sender **out,
				  struct bsg_error *err)
{
	struct bsg_push_sender *s;
	enum bsg_err rc = bsg_curl_start(err);

	*out = NULL;
	if (rc != BSG_OK)
		return rc;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return no_memory(err);
	pthread_mutex_init(&s->lock, NULL);
	bsg_tls_files_init(&s->roots);
	s->flying.prev = s->flying.next = &s->flying;
	rc = take_options(s, options, err);
	if (rc == BSG_OK)
		rc = bsg_push_creds_new(&options->credentials, s->topic, &s->pending, err);
	if (rc == BSG_OK)
		rc = bsg_push_queue_init(&s->queue, s->options.queue_max, err);
	if (rc == BSG_OK) {
		s->multi = bsg_push_multi_new(s);
		if (s->multi == NULL)
			rc = no_memory(err);
	}
	if (rc == BSG_OK && pthread_create(&s->thread, NULL, bsg_push_thread, s) != 0)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "pushes: no thread");
	if (rc == BSG_OK)
		*out = s;
	else
		release(s);
	return rc;
}

/* The lock is held: the thread may exchange what we wake it by. */
static void wake(struct bsg_push_sender *s)
{
	if (s->is_woken)
		return;
	s->is_woken = true;
	(void)curl_multi_wakeup(s->multi);
}

void bsg_push_sender_close(struct bsg_push_sender *sender)
{
	if (sender == NULL)
		return;
	pthread_mutex_lock(&sender->lock);
	sender->is_stopping = true;
	sender->is_woken = false;
	wake(sender);
	pthread_mutex_unlock(&sender->lock);
	(void)pthread_join(sender->thread, NULL);
	release(sender);
}

static enum bsg_err check_push(const struct bsg_push *push, struct bsg_error *err)
{
	const size_t magic_len = push->magic != NULL ? strnlen(push->magic, BSG_PUSH_MAGIC_MAX + 1) : 0;

	if (!bsg_id_is_device(push->device))
		return bsg_fail(err, BSG_E_INVALID, "push: a device is 32 hex digits");
	if (push->token.len < 1 || push->token.len > BSG_PUSH_TOKEN_MAX)
		return bsg_fail(err, BSG_E_INVALID, "push: a token of %zu bytes", push->token.len);
	if (magic_len < 1 || magic_len > BSG_PUSH_MAGIC_MAX || !bsg_text_is_shown(push->magic, magic_len))
		return bsg_fail(err, BSG_E_INVALID, "push: PushMagic is 1 to %d bytes of text", BSG_PUSH_MAGIC_MAX);
	if (push->kind != BSG_PUSH_LOCK && push->kind != BSG_PUSH_LIFT)
		return bsg_fail(err, BSG_E_INVALID, "push: neither lock nor lift");
	if (push->priority != 0 && push->priority != 5 && push->priority != 10)
		return bsg_fail(err, BSG_E_INVALID, "push: priority %u", push->priority);
	if (push->expiration < 0)
		return bsg_fail(err, BSG_E_INVALID, "push: it expired before 1970");
	return BSG_OK;
}

enum bsg_err bsg_push_send(struct bsg_push_sender *sender, const struct bsg_push *push, struct bsg_error *err)
{
	enum bsg_err rc = check_push(push, err);
	bool merged = false;

	if (rc != BSG_OK)
		return rc;
	pthread_mutex_lock(&sender->lock);
	if (sender->is_stopping)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "push: the sender is stopping");
	else
		rc = bsg_push_queue_put(&sender->queue, push, sender->options.clock, &merged, err);
	if (rc == BSG_OK) {
		sender->stats.n_asked++;
		sender->stats.n_merged += merged ? 1 : 0;
		wake(sender);
	} else if (rc == BSG_E_LIMIT) {
		sender->stats.n_refused++;
	}
	pthread_mutex_unlock(&sender->lock);
	return rc;
}

enum bsg_err bsg_push_reconfigure(struct bsg_push_sender *sender, const struct bsg_push_credentials *credentials,
				  struct bsg_error *err)
{
	struct bsg_push_creds *creds, *old;
	enum bsg_err rc = bsg_push_creds_new(credentials, sender->topic, &creds, err);

	if (rc != BSG_OK)
		return rc;
	pthread_mutex_lock(&sender->lock);
	old = sender->pending;
	sender->pending = creds;
	wake(sender);
	pthread_mutex_unlock(&sender->lock);
	bsg_push_creds_free(old);
	return BSG_OK;
}

void bsg_push_wake(struct bsg_push_sender *sender)
{
	pthread_mutex_lock(&sender->lock);
	wake(sender);
	pthread_mutex_unlock(&sender->lock);
}

void bsg_push_stats(struct bsg_push_sender *sender, struct bsg_push_stats *out)
{
	pthread_mutex_lock(&sender->lock);
	*out = sender->stats;
	out->n_waiting = sender->queue.n_waiting;
	out->n_flying = sender->queue.n - sender->queue.n_waiting;
	pthread_mutex_unlock(&sender->lock);
}
