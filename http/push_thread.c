/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sender's thread: begins what may begin, sees how it ended, and decides what comes next.
 *
 * Three things hold it back, each for itself: a device's own pause, a pause of everything
 * (the endpoint does not work), and a halt (we are refused).
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/random.h"
#include "http/push_internal.h"

#define POLL_MS 60000		/* at most; timers come earlier where they matter */
#define LEVEL_MAX 16

static const struct bsg_clock *clock_of(const struct bsg_push_sender *s)
{
	return s->options.clock;
}

static int64_t mono_ms(const struct bsg_push_sender *s)
{
	return bsg_clock_mono_ms(clock_of(s));
}

/* Tell a change of state, once. */
static void tell(struct bsg_push_sender *s, enum bsg_push_state state, const char *why)
{
	if (s->reported == state)
		return;
	s->reported = state;
	pthread_mutex_lock(&s->lock);
	s->stats.state = state;
	pthread_mutex_unlock(&s->lock);
	if (s->options.on_state != NULL)
		s->options.on_state(state, why, s->options.app);
}

static void count(struct bsg_push_sender *s, enum bsg_push_outcome outcome)
{
	uint64_t *const counters[] = {
		[BSG_PUSH_TAKEN] = &s->stats.n_taken, [BSG_PUSH_UNREGISTERED] = &s->stats.n_unregistered,
		[BSG_PUSH_BAD_TOKEN] = &s->stats.n_bad_token, [BSG_PUSH_EXPIRED] = &s->stats.n_expired,
		[BSG_PUSH_DROPPED] = &s->stats.n_dropped, [BSG_PUSH_FAILED] = &s->stats.n_failed,
	};

	(*counters[outcome])++;
}

/* The push has ended: out of the queue first, then tell. */
static void finish(struct bsg_push_sender *s, struct bsg_push_entry *entry, enum bsg_push_outcome outcome,
		   const char *reason, int64_t unregistered_at)
{
	char device[BSG_ID_SIZE], id[BSG_UUID_SIZE];
	uint8_t token[BSG_PUSH_TOKEN_MAX];
	struct bsg_push_result result = {
		.device = device, .token = { token, entry->wish.token_len }, .id = id, .kind = entry->wish.kind, .outcome = outcome,
		.reason = reason, .status = entry->status, .unregistered_at = unregistered_at, .n_attempts = entry->n_attempts,
	};
	const bool forget = outcome == BSG_PUSH_UNREGISTERED || outcome == BSG_PUSH_BAD_TOKEN;

	bsg_hex_encode(entry->key, sizeof(entry->key), device);
	memcpy(id, entry->id, sizeof(id));
	memcpy(token, entry->wish.token, entry->wish.token_len);
	pthread_mutex_lock(&s->lock);
	if (bsg_push_queue_finish(&s->queue, entry, forget, clock_of(s)))
		s->stats.n_merged++;
	count(s, outcome);
	pthread_mutex_unlock(&s->lock);
	s->options.on_result(&result, s->options.app);
}

/*
 * Twice as long each time, half of it by chance: many servers, and many pushes of one, shall not
 * come back together. Without randomness the longer time is taken.
 */
static int64_t pause_ms(const struct bsg_push_sender *s, unsigned n, int64_t at_least_ms)
{
	const unsigned shift = n > LEVEL_MAX ? LEVEL_MAX : n;
	int64_t whole = (int64_t)s->options.pause_min_ms << (shift > 0 ? shift - 1 : 0), half, delay;
	uint32_t chance;

	if (whole > s->options.pause_max_ms)
		whole = s->options.pause_max_ms;
	half = whole / 2;
	if (bsg_random(&chance, sizeof(chance), NULL) != BSG_OK)
		chance = UINT32_MAX;
	chance = (uint32_t)(((uint64_t)chance * (uint64_t)(half + 1)) >> 32);
	delay = whole - half + chance;
	/* Not before a time that Apple names; chance comes behind it. */
	return delay < at_least_ms ? at_least_ms + chance : delay;
}

/* Into the queue again, from @retry_at_ms on. */
static void give_back(struct bsg_push_sender *s, struct bsg_push_entry *entry, int64_t retry_at_ms)
{
	pthread_mutex_lock(&s->lock);
	if (bsg_push_queue_return(&s->queue, entry, retry_at_ms, clock_of(s)))
		s->stats.n_merged++;
	pthread_mutex_unlock(&s->lock);
}

/* Everything pauses. What fails of requests that began before is no further news. */
static void pause_all(struct bsg_push_sender *s, unsigned epoch, int64_t at_least_ms, const char *why)
{
	if (epoch != s->epoch)
		return;
	s->epoch++;
	s->level++;
	s->is_proven = false;
	s->pause_until_ms = mono_ms(s) + pause_ms(s, s->level, at_least_ms);
	tell(s, BSG_PUSH_DOWN, why);
}

static void halt(struct bsg_push_sender *s, const char *why)
{
	s->is_halted = true;
	tell(s, BSG_PUSH_HALTED, why);
}

/* Apple finds our token old. Those under way have the same one: once there is another they are sent again by that, whatever they say. */
static enum bsg_push_action renew(struct bsg_push_sender *s, unsigned epoch)
{
	if (epoch != s->epoch)
		return BSG_PUSH_ACT_RENEW;
	if (!bsg_push_creds_outdate(s->creds, clock_of(s)))
		return BSG_PUSH_ACT_HALT;
	s->epoch++;
	return BSG_PUSH_ACT_RENEW;
}

static void on_answer(struct bsg_push_sender *s, struct bsg_push_entry *entry, const struct bsg_push_answer *answer,
		      unsigned epoch)
{
	enum bsg_push_action action = bsg_push_answer_judge(answer);
	const int64_t now_ms = mono_ms(s), least = answer->retry_after_ms;
	int64_t retry_ms = now_ms;
	char why[BSG_PUSH_REASON_SIZE + 16];

	(void)snprintf(why, sizeof(why), "%u %s", answer->status, answer->reason);
	entry->status = answer->status;
	if (action == BSG_PUSH_ACT_RENEW)
		action = renew(s, epoch);
	if (action < BSG_PUSH_ACT_PAUSE_ALL && !s->is_halted) {
		s->level = 0;
		s->is_proven = true;
		tell(s, BSG_PUSH_WORKING, "");
	}
	switch (action) {
	case BSG_PUSH_ACT_TAKEN:
		finish(s, entry, BSG_PUSH_TAKEN, "", 0);
		return;
	case BSG_PUSH_ACT_UNREGISTERED:
		finish(s, entry, BSG_PUSH_UNREGISTERED, answer->reason, answer->unregistered_at);
		return;
	case BSG_PUSH_ACT_BAD_TOKEN:
		finish(s, entry, BSG_PUSH_BAD_TOKEN, answer->reason, 0);
		return;
	case BSG_PUSH_ACT_FAIL:
		finish(s, entry, BSG_PUSH_FAILED, why, 0);
		return;
	case BSG_PUSH_ACT_PAUSE_ONE:
		retry_ms += pause_ms(s, ++entry->n_pauses, least);
		break;
	case BSG_PUSH_ACT_PAUSE_BOTH:
		retry_ms += pause_ms(s, ++entry->n_pauses, least);
		pause_all(s, epoch, least, why);
		break;
	case BSG_PUSH_ACT_PAUSE_ALL:
		pause_all(s, epoch, least, why);
		break;
	case BSG_PUSH_ACT_HALT:
		halt(s, why);
		break;
	case BSG_PUSH_ACT_RENEW:
		break;
	}
	give_back(s, entry, retry_ms);
}

/* There was no answer. */
static void on_failure(struct bsg_push_sender *s, struct bsg_push_entry *entry, CURLcode code, bool lacks_h2,
		       const char *error, unsigned epoch)
{
	char why[256];

	if (code == CURLE_HTTP2_STREAM) {	/* this stream alone was reset */
		give_back(s, entry, mono_ms(s) + pause_ms(s, ++entry->n_pauses, 0));
		return;
	}
	if (lacks_h2) {
		s->wants_reset = true;
		(void)snprintf(why, sizeof(why), "%s does not speak HTTP/2: is it Apple's push service?", s->endpoint);
	} else {
		(void)snprintf(why, sizeof(why), "%s: %.180s", s->endpoint,
			       error[0] != '\0' ? error : curl_easy_strerror(code));
	}
	pause_all(s, epoch, 0, why);
	give_back(s, entry, mono_ms(s));
}

static void on_end(struct bsg_push_sender *s, struct bsg_push_flight *flight, CURLcode code)
{
	struct bsg_push_answer answer;
	struct bsg_push_entry *entry;
	const unsigned epoch = flight->epoch;
	long n_connects = 0;

	(void)curl_easy_getinfo(flight->easy, CURLINFO_NUM_CONNECTS, &n_connects);
	pthread_mutex_lock(&s->lock);
	s->stats.n_connections += (uint64_t)n_connects;
	pthread_mutex_unlock(&s->lock);
	s->last_answer_ms = mono_ms(s);
	bsg_push_flight_answer(flight, &answer);
	entry = bsg_push_flight_land(flight);
	/* A status came, then the connection broke: that is an answer all the same, its reason may be missing. */
	if (code == CURLE_OK || (answer.status >= 200 && !flight->lacks_h2))
		on_answer(s, entry, &answer, epoch);
	else
		on_failure(s, entry, code, flight->lacks_h2, flight->error, epoch);
}

/* @return whether any request ended */
static bool see_ends(struct bsg_push_sender *s)
{
	CURLMsg *message;
	bool any = false;
	int n_left;

	while ((message = curl_multi_info_read(s->multi, &n_left)) != NULL) {
		const CURLcode code = message->data.result;
		struct bsg_push_flight *flight = NULL;

		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &flight) != CURLE_OK)
			continue;
		on_end(s, flight, code);
		any = true;
	}
	return any;
}

static bool begin(struct bsg_push_sender *s, struct bsg_push_entry *entry)
{
	struct bsg_error err = { .text = "" };
	enum bsg_err rc = bsg_push_creds_refresh(s->creds, clock_of(s), &err);

	if (rc == BSG_OK && entry->id[0] == '\0')
		rc = bsg_random_uuid(entry->id, &err);
	if (rc == BSG_OK)
		rc = bsg_push_flight_begin(s, entry, &err);
	if (rc != BSG_OK) {
		pause_all(s, s->epoch, 0, err.text);
		give_back(s, entry, mono_ms(s));
		return false;
	}
	entry->n_attempts++;
	pthread_mutex_lock(&s->lock);
	s->stats.n_attempts++;
	if (entry->n_attempts > 1)
		s->stats.n_retries++;
	pthread_mutex_unlock(&s->lock);
	return true;
}

/*
 * One first: libcurl learns from its connection how many streams it may have (until then it takes
 * 100 for granted and opens further connections for the rest), and Apple allows one stream until
 * it has seen a good token.
 */
static bool may_begin(const struct bsg_push_sender *s, bool credentials_wait)
{
	return !s->is_halted && !credentials_wait && !s->wants_reset && mono_ms(s) >= s->pause_until_ms &&
	       s->n_flying < (s->is_proven ? s->options.streams_max : 1);
}

/* Drop what expired, wake what paused, begin what may begin. */
static void begin_all(struct bsg_push_sender *s)
{
	for (;;) {
		struct bsg_push_entry *entry;
		bool expired, credentials_wait;

		pthread_mutex_lock(&s->lock);
		credentials_wait = s->pending != NULL;
		entry = bsg_push_queue_tick(&s->queue, clock_of(s));
		expired = entry != NULL;
		if (entry == NULL && may_begin(s, credentials_wait))
			entry = bsg_push_queue_take(&s->queue);
		pthread_mutex_unlock(&s->lock);
		if (entry == NULL)
			return;
		if (expired || bsg_push_has_expired(entry, clock_of(s)))
			finish(s, entry, BSG_PUSH_EXPIRED, "expired before it could be sent", 0);
		else if (!begin(s, entry))
			return;
	}
}

/* Everything under way comes back; its connections are not used again. */
static void land_all(struct bsg_push_sender *s)
{
	while (s->flying.next != &s->flying)
		give_back(s, bsg_push_flight_land(s->flying.next), mono_ms(s));
	s->wants_reset = true;
}

/*
 * Requests that were sent and not answered. When nothing at all is answered the connections are
 * dead, whatever TCP says; when only some are not, those are tried again by themselves.
 */
static void see_silence(struct bsg_push_sender *s)
{
	const int64_t now_ms = mono_ms(s), limit = s->options.answer_timeout_ms;
	struct bsg_push_flight *flight = s->flying.next, *next;
	char why[160];

	if (now_ms < s->check_at_ms)
		return;
	s->check_at_ms = now_ms + limit / 4 + 1;
	for (; flight != &s->flying; flight = next) {
		next = flight->next;
		if (flight->sent_at_ms == 0 || now_ms - flight->sent_at_ms < limit)
			continue;
		if (now_ms - s->last_answer_ms >= limit) {
			(void)snprintf(why, sizeof(why), "%.100s: no answer for %lld s", s->endpoint, (long long)limit / 1000);
			pause_all(s, s->epoch, 0, why);
			land_all(s);
			return;
		}
		give_back(s, bsg_push_flight_land(flight), now_ms + pause_ms(s, 1, 0));
	}
}

/* What was wrong before says nothing of what comes. */
static void begin_anew(struct bsg_push_sender *s)
{
	s->is_halted = false;
	s->has_ended = false;
	s->is_proven = false;
	s->level = 0;
	s->pause_until_ms = 0;
	s->epoch++;
	s->wants_reset = true;
	s->reported = BSG_PUSH_STARTING;
	pthread_mutex_lock(&s->lock);
	s->stats.state = BSG_PUSH_STARTING;
	pthread_mutex_unlock(&s->lock);
}

static bool has_ended(const struct bsg_push_sender *s)
{
	return s->creds->not_after < bsg_clock_utc(clock_of(s));
}

static void use_credentials(struct bsg_push_sender *s, struct bsg_push_creds *creds)
{
	bsg_push_creds_free(s->creds);
	s->creds = creds;
	begin_anew(s);
	s->has_ended = has_ended(s);
	if (s->has_ended)
		halt(s, "the push certificate has expired: renew it");
}

/* What has to wait until nothing flies. */
static void settle(struct bsg_push_sender *s)
{
	struct bsg_push_creds *creds;

	if (s->n_flying > 0)
		return;
	pthread_mutex_lock(&s->lock);
	creds = s->pending;
	s->pending = NULL;
	pthread_mutex_unlock(&s->lock);
	if (creds != NULL)
		use_credentials(s, creds);
	else if (s->has_ended && !has_ended(s))		/* the clock was ahead */
		begin_anew(s);
	if (s->wants_reset)
		bsg_push_flights_reset(s);
}

/* How long nothing needs us, unless a socket or a caller does. */
static int sleep_ms(struct bsg_push_sender *s)
{
	const int64_t now_ms = mono_ms(s);
	int64_t until = now_ms + POLL_MS, next;

	pthread_mutex_lock(&s->lock);
	next = bsg_push_queue_next_ms(&s->queue);
	if (!s->is_halted && s->pause_until_ms > now_ms && s->queue.n_waiting > 0 && s->pause_until_ms < next)
		next = s->pause_until_ms;
	if (s->is_woken)
		next = now_ms;
	pthread_mutex_unlock(&s->lock);
	if (next < until)
		until = next;
	if (s->n_flying > 0 && s->check_at_ms < until)
		until = s->check_at_ms;
	return until > now_ms ? (int)(until - now_ms) : 0;
}

static void drop_all(struct bsg_push_sender *s)
{
	struct bsg_push_entry *entry;
	size_t bucket = 0;

	land_all(s);
	while ((entry = bsg_push_queue_any(&s->queue, &bucket)) != NULL)
		finish(s, entry, BSG_PUSH_DROPPED, "the sender stopped", 0);
}

static bool wake_up(struct bsg_push_sender *s)
{
	bool stops;

	pthread_mutex_lock(&s->lock);
	s->is_woken = false;
	stops = s->is_stopping;
	pthread_mutex_unlock(&s->lock);
	return !stops;
}

void *bsg_push_thread(void *arg)
{
	struct bsg_push_sender *s = arg;
	int running;

	while (wake_up(s)) {
		settle(s);
		begin_all(s);
		(void)curl_multi_perform(s->multi, &running);
		if (see_ends(s))
			continue;
		see_silence(s);
		(void)curl_multi_poll(s->multi, NULL, 0, sleep_ms(s), NULL);
	}
	drop_all(s);
	return NULL;
}
