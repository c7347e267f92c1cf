/* SPDX-License-Identifier: Apache-2.0 */
/* One push as a request of libcurl's: handles that are used again, headers, trust, answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <jansson.h>

#include "base/hex.h"
#include "http/push_internal.h"

#define CONNECT_MS 10000L

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct bsg_push_flight *flight = arg;
	size_t room = sizeof(flight->answer) - flight->answer_len;

	if (size * n < room)
		room = size * n;
	memcpy(flight->answer + flight->answer_len, data, room);
	flight->answer_len += room;
	return size * n;	/* more than Apple ever says is dropped */
}

/*
 * There is a connection and the request is about to be written. Over anything but HTTP/2 it
 * would be one request at a time, to somebody who is not APNs: stop before it is sent.
 */
static int on_ready(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct bsg_push_flight *flight = arg;
	struct curl_tlssessioninfo *tls = NULL;
	gnutls_datum_t alpn = { NULL, 0 };

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	flight->sent_at_ms = bsg_clock_mono_ms(flight->sender->options.clock);
	if (curl_easy_getinfo(flight->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || tls == NULL ||
	    tls->backend != CURLSSLBACKEND_GNUTLS || tls->internals == NULL ||
	    gnutls_alpn_get_selected_protocol(tls->internals, &alpn) < 0 || alpn.size != 2 ||
	    memcmp(alpn.data, "h2", 2) != 0) {
		flight->lacks_h2 = true;
		return CURL_PREREQFUNC_ABORT;
	}
	return CURL_PREREQFUNC_OK;
}

#define SET(option_, value_) \
	if (rc == CURLE_OK) \
		rc = curl_easy_setopt(flight->easy, (option_), (value_))

/* Whom we trust: CAPATH has to go, or Debian's libcurl believes /etc/ssl/certs beside our CA. */
static CURLcode set_trust(const struct bsg_push_flight *flight)
{
	const char *root = flight->sender->roots.paths[BSG_TLS_FILE_ROOT];
	CURLcode rc = curl_easy_setopt(flight->easy, CURLOPT_CAPATH, NULL);

	if (root != NULL) {
		SET(CURLOPT_CAINFO, root);
	}
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	return rc;
}

/* What stays the same as long as the handle is used. */
static CURLcode set_up(struct bsg_push_flight *flight)
{
	CURLcode rc = set_trust(flight);

	SET(CURLOPT_PIPEWAIT, 1L);	/* a stream of the connection that is being made, rather than another connection */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);	/* closing does not wait for a name server */
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_USERAGENT, "bosaga/" BSG_VERSION);
	SET(CURLOPT_ERRORBUFFER, flight->error);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, flight);
	SET(CURLOPT_PREREQFUNCTION, on_ready);
	SET(CURLOPT_PREREQDATA, flight);
	SET(CURLOPT_PRIVATE, flight);
	return rc;
}

static bool add_line(struct bsg_push_flight *flight, const char *line)
{
	struct curl_slist *grown = curl_slist_append(flight->headers, line);

	if (grown != NULL)
		flight->headers = grown;
	return grown != NULL;
}

static bool add_headers(struct bsg_push_flight *flight)
{
	const struct bsg_push_wish *wish = &flight->entry->wish;
	const struct bsg_push_creds *creds = flight->sender->creds;
	char topic[160], priority[32], expiration[48], id[64];

	(void)snprintf(topic, sizeof(topic), "apns-topic: %s", flight->sender->topic);
	(void)snprintf(priority, sizeof(priority), "apns-priority: %u", wish->priority);
	(void)snprintf(expiration, sizeof(expiration), "apns-expiration: %lld", (long long)wish->expiration);
	(void)snprintf(id, sizeof(id), "apns-id: %s", flight->entry->id);
	return add_line(flight, topic) && add_line(flight, "apns-push-type: mdm") && add_line(flight, priority) &&
	       add_line(flight, expiration) && add_line(flight, id) && add_line(flight, "content-type: application/json") &&
	       (creds->bearer[0] == '\0' || add_line(flight, creds->bearer));
}

static CURLcode set_request(struct bsg_push_flight *flight)
{
	const struct bsg_push_wish *wish = &flight->entry->wish;
	const struct bsg_push_creds *creds = flight->sender->creds;
	char url[512], token[2 * BSG_PUSH_TOKEN_MAX + 1];
	json_t *json = json_pack("{s:s}", "mdm", bsg_push_magic(wish));
	char *body = json_dumps(json, JSON_COMPACT);
	CURLcode rc = body != NULL && add_headers(flight) ? CURLE_OK : CURLE_OUT_OF_MEMORY;

	bsg_hex_encode(wish->token, wish->token_len, token);
	(void)snprintf(url, sizeof(url), "https://%s/3/device/%s", flight->sender->endpoint, token);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_SSLCERT, creds->files.paths[BSG_TLS_FILE_CERTIFICATE]);
	SET(CURLOPT_SSLKEY, creds->files.paths[BSG_TLS_FILE_KEY]);
	SET(CURLOPT_HTTPHEADER, flight->headers);
	if (body != NULL) {
		SET(CURLOPT_POSTFIELDSIZE, (long)strlen(body));
		SET(CURLOPT_COPYPOSTFIELDS, body);
	}
	free(body);
	json_decref(json);
	return rc;
}

#undef SET

/* An idle handle, or a new one. */
static struct bsg_push_flight *get_flight(struct bsg_push_sender *sender)
{
	struct bsg_push_flight *flight = sender->idle;

	if (flight != NULL) {
		sender->idle = flight->next;
		return flight;
	}
	flight = calloc(1, sizeof(*flight));
	if (flight == NULL)
		return NULL;
	flight->sender = sender;
	flight->easy = curl_easy_init();
	if (flight->easy != NULL && set_up(flight) == CURLE_OK)
		return flight;
	curl_easy_cleanup(flight->easy);
	free(flight);
	return NULL;
}

enum bsg_err bsg_push_flight_begin(struct bsg_push_sender *sender, struct bsg_push_entry *entry, struct bsg_error *err)
{
	struct bsg_push_flight *flight = get_flight(sender);

	if (flight == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "pushes: out of memory");
	flight->entry = entry;
	flight->epoch = sender->epoch;
	flight->sent_at_ms = 0;
	flight->lacks_h2 = false;
	flight->answer_len = 0;
	flight->error[0] = '\0';
	flight->prev = sender->flying.prev;
	flight->next = &sender->flying;
	flight->prev->next = flight;
	sender->flying.prev = flight;
	sender->n_flying++;
	if (set_request(flight) == CURLE_OK && curl_multi_add_handle(sender->multi, flight->easy) == CURLM_OK)
		return BSG_OK;
	(void)bsg_push_flight_land(flight);
	return bsg_fail(err, BSG_E_NO_MEMORY, "pushes: out of memory");
}

struct bsg_push_entry *bsg_push_flight_land(struct bsg_push_flight *flight)
{
	struct bsg_push_sender *sender = flight->sender;
	struct bsg_push_entry *entry = flight->entry;

	(void)curl_multi_remove_handle(sender->multi, flight->easy);
	flight->prev->next = flight->next;
	flight->next->prev = flight->prev;
	sender->n_flying--;
	curl_slist_free_all(flight->headers);
	flight->headers = NULL;
	flight->entry = NULL;
	flight->next = sender->idle;
	sender->idle = flight;
	return entry;
}

void bsg_push_flight_answer(const struct bsg_push_flight *flight, struct bsg_push_answer *out)
{
	struct curl_header *found = NULL;
	long status = 0;

	memset(out, 0, sizeof(*out));
	(void)curl_easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (unsigned)status;
	bsg_push_answer_read(flight->answer, flight->answer_len, out);
	if (curl_easy_header(flight->easy, "retry-after", 0, CURLH_HEADER, -1, &found) == CURLHE_OK)
		out->retry_after_ms = bsg_push_retry_after(found->value, bsg_clock_utc(flight->sender->options.clock));
}

CURLM *bsg_push_multi_new(const struct bsg_push_sender *sender)
{
	CURLM *multi = curl_multi_init();

	if (multi == NULL)
		return NULL;
	if (curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) == CURLM_OK &&
	    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)sender->options.connections_max) == CURLM_OK &&
	    curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)sender->options.streams_max) == CURLM_OK)
		return multi;
	(void)curl_multi_cleanup(multi);
	return NULL;
}

void bsg_push_flights_reset(struct bsg_push_sender *sender)
{
	CURLM *fresh = bsg_push_multi_new(sender), *old = sender->multi;

	if (fresh == NULL)
		return;		/* the old connections time out once more */
	pthread_mutex_lock(&sender->lock);
	sender->multi = fresh;
	pthread_mutex_unlock(&sender->lock);
	(void)curl_multi_cleanup(old);
	sender->wants_reset = false;
}

void bsg_push_flights_free(struct bsg_push_sender *sender)
{
	while (sender->idle != NULL) {
		struct bsg_push_flight *flight = sender->idle;

		sender->idle = flight->next;
		curl_easy_cleanup(flight->easy);
		free(flight);
	}
	if (sender->multi != NULL)
		(void)curl_multi_cleanup(sender->multi);
	sender->multi = NULL;
}
