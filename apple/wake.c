/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waking phones: pushes that are due in the store, handed to the sender, until the phone has called.
 *
 * What is due is the store's alone, so a crash loses no push: it goes out again after the start. What is under way is remembered here,
 * so that a push which waits for Apple for hours is handed over once. One thread looks, hands over and records; the sender's thread
 * only marks what ended, the writer's what is stored. Rules A140-A145 of docs/spec/apple.md.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "apple/push_keys.h"
#include "apple/push_pause.h"
#include "apple/service.h"
#include "base/file.h"
#include "base/texthash.h"

#define N_BUCKETS 16384
#define PAGE 128
#define RECORDS 256			/* results in one commit */
#define LOOK_MS 1000			/* the nearest push_at may come unheard: look this often */
#define DISTANCE_MS 10			/* between two looks while pushes are under way */
#define LIFT_LIFE (INT64_C(3) * 86400)	/* how long Apple keeps a push that lifts */

/* One push under way, from its handing over until its result is stored. */
struct flight {
	char device[BSG_ID_SIZE];
	int64_t seq, desired_at;
	uint8_t token[BSG_APPLE_TOKEN_MAX];
	size_t token_len;
	uint32_t magic;			/* a hash of the PushMagic */
	enum bsg_push_outcome outcome;	/* 0: none yet */
	int64_t unregistered_at;
	struct flight *next, *next_done;
};

/* Results on their way to the store, or back. */
struct record {
	struct bsg_apple_wake *wake;
	struct bsg_batch batch;
	struct flight *first;		/* n_ops of them, by next_done */
	struct record *next;
	struct bsg_op ops[];
};

struct bsg_apple_wake {
	struct bsg_apple *apple;
	pthread_t thread;
	bool runs;
	struct bsg_apple_push_keys keys;	/* of the sender; under push_lock */
	pthread_mutex_t lock;		/* of the rest */
	pthread_cond_t woken;
	struct bsg_push_sender *sender;	/* NULL: no certificate yet */
	bool look, stopping;
	struct flight *buckets[N_BUCKETS];
	size_t n_flights;
	struct flight *done, **done_last;	/* in the order in which they ended: whose push was taken first has the first turn (A142) */
	struct record *recorded;
	size_t n_records;		/* on their way to the store */
	/* Only the thread's: */
	int64_t last_now;
	int64_t beyond;			/* pushes further ahead than this are due, too: the clock was wrong; INT64_MAX: none are */
	struct bsg_push_backlog backlog;
	struct bsg_apple_push_rec page[PAGE];
};

/* ---- what is under way; the lock is held ---- */

static struct flight **find(struct bsg_apple_wake *w, const char *device)
{
	struct flight **at = &w->buckets[bsg_text_hash(device) % N_BUCKETS];

	while (*at != NULL && strcmp((*at)->device, device) != 0)
		at = &(*at)->next;
	return at;
}

static void forget(struct bsg_apple_wake *w, const char *device)
{
	struct flight **at = find(w, device), *flight = *at;

	if (flight == NULL)
		return;
	*at = flight->next;
	free(flight);
	w->n_flights--;
}

static bool has_token(const struct flight *f, const uint8_t *token, size_t len)
{
	return f->token_len == len && memcmp(f->token, token, len) == 0;
}

static bool is_same(const struct flight *f, const struct bsg_apple_push_rec *push)
{
	return f->seq == push->seq && f->magic == bsg_text_hash(push->push_magic) && has_token(f, push->token, (size_t)push->token_len);
}

static void mark_done(struct bsg_apple_wake *w, struct flight *f, enum bsg_push_outcome outcome)
{
	f->outcome = outcome;
	f->next_done = NULL;
	*w->done_last = f;
	w->done_last = &f->next_done;
}

/* ---- the sender's calls ---- */

/*
 * Of two pushes to one token the first result ends both: if the other still waits, one more is merged into it. What became of an older
 * token says nothing of the one that was handed over since, whose result is yet to come.
 */
static void on_result(const struct bsg_push_result *result, void *app)
{
	struct bsg_apple_wake *w = app;
	struct flight *f;

	pthread_mutex_lock(&w->lock);
	f = *find(w, result->device);
	if (f != NULL && f->outcome == 0 && has_token(f, result->token.ptr, result->token.len)) {
		f->unregistered_at = result->unregistered_at;
		mark_done(w, f, result->outcome);
		pthread_cond_signal(&w->woken);
	}
	pthread_mutex_unlock(&w->lock);
	if (result->outcome == BSG_PUSH_FAILED)
		bsg_log(w->apple->platform.host->log, BSG_LOG_WARNING, "apple", "push to %s: %s (%u)", result->device, result->reason,
			result->status);
}

static void set_why(struct bsg_apple *apple, const char *why)
{
	pthread_mutex_lock(&apple->lock);
	(void)snprintf(apple->push_why, sizeof(apple->push_why), "%.199s", why);
	pthread_mutex_unlock(&apple->lock);
}

static void on_state(enum bsg_push_state state, const char *why, void *app)
{
	struct bsg_apple_wake *w = app;
	const bool works = state == BSG_PUSH_WORKING || state == BSG_PUSH_STARTING;

	set_why(w->apple, works ? "" : why);
	bsg_log(w->apple->platform.host->log, works ? BSG_LOG_INFO : BSG_LOG_ERROR, "apple", "pushes %s%s",
		works ? "work" : state == BSG_PUSH_DOWN ? "do not reach Apple: " : "are refused by Apple: ", works ? "" : why);
}

static enum bsg_err sign(void *app, struct bsg_bytes data, uint8_t out[static 64], struct bsg_error *err)
{
	return bsg_key_sign(app, data, out, err);
}

struct bsg_push_credentials bsg_apple_push_credentials(const struct bsg_apple_push_keys *keys)
{
	if (keys->token_key != NULL)
		return (struct bsg_push_credentials){.sign = sign, .sign_app = keys->token_key};
	return (struct bsg_push_credentials){.certificate_pem = (const char *)keys->certificate.data,
					     .key_pem = (const char *)keys->key.data};
}

/* ---- recording what ended ---- */

/*
 * Apple says since when a token is dead: one that the phone has sent since is alive. Where that cannot be read it is tried again: a
 * phone without a token is not woken for its lift.
 *
 * @param rec  as the phone's record is by now; NULL: it cannot be read
 */
static bool is_dead(const struct flight *f, const struct bsg_apple_rec *rec)
{
	if (f->outcome == BSG_PUSH_BAD_TOKEN)
		return true;
	return f->outcome == BSG_PUSH_UNREGISTERED &&
	       (f->unregistered_at == 0 || (rec != NULL && rec->token_at <= f->unregistered_at));
}

/* How often it has failed is read anew: of a phone that has sent its token meanwhile nothing has failed yet (A84). */
static void record_failure(struct bsg_apple_wake *w, const struct flight *f, int64_t now, struct bsg_op_apple_pushed *pushed)
{
	struct bsg_apple_rec rec;
	struct bsg_error err;
	const bool known = bsg_store_apple(w->apple->platform.host->store, f->device, &rec, NULL, &err) == BSG_OK;

	pushed->result = is_dead(f, known ? &rec : NULL) ? BSG_APPLE_PUSH_UNREGISTERED : BSG_APPLE_PUSH_FAILED;
	pushed->again = now + bsg_push_pause_failed(known ? rec.push_failures : 0);
}

static struct bsg_op record_of(struct bsg_apple_wake *w, const struct flight *f, int64_t now)
{
	struct bsg_op_apple_pushed pushed = {
		.device = f->device, .seq = f->seq, .token = {f->token, f->token_len}, .result = BSG_APPLE_PUSH_SENT,
	};

	if (f->outcome == BSG_PUSH_TAKEN)
		pushed.again = now + bsg_push_pause_taken(&w->backlog, now, now - f->desired_at);
	else
		record_failure(w, f, now, &pushed);
	return (struct bsg_op){.kind = BSG_OP_APPLE_PUSHED, .apple_pushed = pushed};
}

/* On the writer's thread. What is due is looked at again: where a result was on its way nothing was handed over. */
static void mark_recorded(struct bsg_batch *batch)
{
	struct record *record = batch->arg;
	struct bsg_apple_wake *w = record->wake;

	pthread_mutex_lock(&w->lock);
	record->next = w->recorded;
	w->recorded = record;
	w->n_records--;
	w->look = true;
	pthread_cond_signal(&w->woken);
	pthread_mutex_unlock(&w->lock);
}

static void forget_done(struct bsg_apple_wake *w, struct flight *f, size_t n)
{
	struct flight *next;

	pthread_mutex_lock(&w->lock);
	for (; n > 0; n--, f = next) {
		next = f->next_done;
		forget(w, f->device);
	}
	pthread_mutex_unlock(&w->lock);
}

/* They are due as before, and go out once more. */
static void lose(struct bsg_apple_wake *w, size_t n, const char *why)
{
	bsg_log(w->apple->platform.host->log, BSG_LOG_ERROR, "apple", "results of %zu pushes are lost: %s", n, why);
	w->beyond = BSG_PUSH_PAUSE_MAX;
}

static void settle(struct bsg_apple_wake *w, struct record *record)
{
	const struct bsg_platform_host *host = w->apple->platform.host;

	if (record->batch.rc != BSG_OK)
		lose(w, record->batch.n_ops, record->batch.err.text);
	for (size_t i = 0; i < record->batch.n_ops; i++)
		if (record->ops[i].apple_pushed.result == BSG_APPLE_PUSH_UNREGISTERED)
			host->changed(host, record->ops[i].apple_pushed.device);
	forget_done(w, record->first, record->batch.n_ops);
	free(record);
}

static void settle_all(struct bsg_apple_wake *w, struct record *recorded)
{
	for (struct record *next; recorded != NULL; recorded = next) {
		next = recorded->next;
		settle(w, recorded);
	}
}

static void submit(struct bsg_apple_wake *w, struct record *record)
{
	struct bsg_error err;
	enum bsg_err rc;

	pthread_mutex_lock(&w->lock);
	w->n_records++;
	pthread_mutex_unlock(&w->lock);
	rc = bsg_store_submit(w->apple->platform.host->store, &record->batch, &err);
	if (rc == BSG_OK)
		return;		/* it is the writer's */
	pthread_mutex_lock(&w->lock);
	w->n_records--;
	pthread_mutex_unlock(&w->lock);
	record->batch.rc = rc;
	record->batch.err = err;
	settle(w, record);
}

/* @param left  set to what one commit does not take */
static size_t count_done(struct flight *done, struct flight **left)
{
	size_t n = 0;

	for (; done != NULL && n < RECORDS; done = done->next_done)
		n++;
	*left = done;
	return n;
}

/* What is marked as done is left alone by the sender's thread: it is ours without the lock. @return what one commit does not take */
static struct flight *record_done(struct bsg_apple_wake *w, struct flight *done, int64_t now)
{
	struct flight *left, *f = done;
	const size_t n = count_done(done, &left);
	struct record *record = malloc(sizeof(*record) + n * sizeof(record->ops[0]));

	if (record == NULL) {
		lose(w, n, "no memory");
		forget_done(w, done, n);
		return left;
	}
	record->wake = w;
	record->first = done;
	record->batch = (struct bsg_batch){.ops = record->ops, .n_ops = n, .done = mark_recorded, .arg = record};
	for (size_t i = 0; i < n; i++, f = f->next_done)
		record->ops[i] = record_of(w, f, now);
	submit(w, record);
	return left;
}

/* ---- looking ---- */

static struct bsg_push push_of(const struct bsg_apple_push_rec *rec, int64_t now)
{
	const bool lifts = rec->desired == 0;

	return (struct bsg_push){
		.device = rec->device, .token = {rec->token, (size_t)rec->token_len}, .magic = rec->push_magic,
		.kind = lifts ? BSG_PUSH_LIFT : BSG_PUSH_LOCK,
		.expiration = lifts || rec->desired_until == 0 ? now + LIFT_LIFE : rec->desired_until,
	};
}

static struct flight *remember(struct bsg_apple_wake *w, const struct bsg_apple_push_rec *rec)
{
	struct flight **at = find(w, rec->device), *f = *at;

	if (f == NULL) {
		f = calloc(1, sizeof(*f));
		if (f == NULL)
			return NULL;
		memcpy(f->device, rec->device, sizeof(f->device));
		*at = f;
		w->n_flights++;
	}
	f->seq = rec->seq;
	f->desired_at = rec->desired_at;
	f->magic = bsg_text_hash(rec->push_magic);
	f->token_len = (size_t)rec->token_len;
	memcpy(f->token, rec->token, f->token_len);
	return f;
}

/* The lock is held, so that its result waits until it is remembered. @return false: no more for now */
static bool hand_over(struct bsg_apple_wake *w, const struct bsg_apple_push_rec *rec, int64_t now)
{
	const struct bsg_push push = push_of(rec, now);
	struct flight *f = *find(w, rec->device);
	struct bsg_error err;
	enum bsg_err rc;

	if (f != NULL && (f->outcome != 0 || is_same(f, rec)))
		return true;
	f = remember(w, rec);
	if (f == NULL)
		return false;
	rc = bsg_push_send(w->sender, &push, &err);
	if (rc == BSG_OK)
		return true;
	if (rc == BSG_E_INVALID) {	/* a token that Apple cannot have given: no other answer will come */
		mark_done(w, f, BSG_PUSH_FAILED);
		w->look = true;
		return true;
	}
	forget(w, rec->device);
	return false;
}

static bool hand_page(struct bsg_apple_wake *w, size_t n, int64_t now)
{
	bool more = true;

	pthread_mutex_lock(&w->lock);
	more = w->sender != NULL && !w->stopping;
	for (size_t i = 0; more && i < n; i++)
		if (w->page[i].push_at <= now || w->page[i].push_at - now > w->beyond)
			more = hand_over(w, &w->page[i], now);
	pthread_mutex_unlock(&w->lock);
	return more;
}

static void look_through(struct bsg_apple_wake *w, int64_t now)
{
	const struct bsg_platform_host *host = w->apple->platform.host;
	struct bsg_error err;
	char cursor[BSG_CURSOR_SIZE] = "";
	bool more = true;

	while (more) {
		struct bsg_page page = {.cursor = cursor, .limit = PAGE};

		if (bsg_store_apple_pushes(host->store, w->beyond == INT64_MAX ? now : INT64_MAX, &page, w->page, &err) != BSG_OK) {
			bsg_log(host->log, BSG_LOG_ERROR, "apple", "cannot read which pushes are due: %s", err.text);
			return;
		}
		more = hand_page(w, page.n, now);
		if (more && page.next[0] == '\0') {
			w->beyond = INT64_MAX;
			return;
		}
		memcpy(cursor, page.next, sizeof(cursor));
	}
}

/* Where the clock was wrong all pushes are looked at once: those that it put off too far would wait for as long. */
static void look(struct bsg_apple_wake *w)
{
	struct bsg_store *store = w->apple->platform.host->store;
	const int64_t now = bsg_apple_now(w->apple);

	if (now < w->last_now)
		w->beyond = 0;
	if (now != w->last_now)
		bsg_push_wake(w->sender);	/* its pauses may have ended */
	w->last_now = now;
	bsg_store_moment_begin(store);	/* in a flip there are hundreds of pages */
	look_through(w, now);
	bsg_store_moment_end(store);
}

static struct timespec after(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += ms % 1000 * 1000000;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/*
 * The lock is held. While pushes are under way the next look keeps a distance, so that it finds several at once, which share a commit and
 * what goes to Apple; and the more are under way, over which it walks, the longer, so that looks cost a part of a core.
 */
static void wait_for_work(struct bsg_apple_wake *w)
{
	const struct timespec early = after(DISTANCE_MS + (int64_t)w->n_flights / 20), late = after(LOOK_MS);
	int rc = 0;

	while (rc == 0 && !w->stopping && w->n_flights > 0)
		rc = pthread_cond_timedwait(&w->woken, &w->lock, &early);
	rc = 0;
	while (rc == 0 && !w->stopping && !w->look && w->done == NULL)
		rc = pthread_cond_timedwait(&w->woken, &w->lock, &late);
}

static void *run(void *arg)
{
	struct bsg_apple_wake *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		struct flight *done = w->done;
		struct record *recorded = w->recorded;

		w->done = NULL;
		w->done_last = &w->done;
		w->recorded = NULL;
		w->look = false;
		if (w->sender != NULL) {
			pthread_mutex_unlock(&w->lock);
			settle_all(w, recorded);
			for (const int64_t now = bsg_apple_now(w->apple); done != NULL;)
				done = record_done(w, done, now);
			look(w);
			pthread_mutex_lock(&w->lock);
		}
		wait_for_work(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- beginning, changing, ending ---- */

static enum bsg_err open_sender(struct bsg_apple_wake *w, const struct bsg_apple_push_keys *keys, struct bsg_push_sender **out,
				struct bsg_error *err)
{
	const struct bsg_apple_options *o = &w->apple->options;
	struct bsg_push_options options = {
		.endpoint = o->push_endpoint, .topic = keys->topic, .credentials = bsg_apple_push_credentials(keys),
		.clock = w->apple->platform.host->clock, .on_result = on_result, .on_state = on_state, .app = w,
	};
	uint8_t *ca = NULL;
	size_t len;
	enum bsg_err rc = BSG_OK;

	options.credentials.team_id = keys->token_key != NULL ? o->push_team : NULL;
	options.credentials.key_id = keys->token_key != NULL ? o->push_key_id : NULL;
	if (o->push_ca[0] != '\0')
		rc = bsg_apple_push_setting("apple_push_ca", bsg_file_read(o->push_ca, BSG_APPLE_PUSH_PEM_MAX, &ca, &len, err), err);
	options.ca_pem = (const char *)ca;
	if (rc == BSG_OK)
		rc = bsg_fail_at("one of apple_push_*", bsg_push_sender_open(&options, out, err), err);
	free(ca);
	return rc;
}

enum bsg_err bsg_apple_wake_use(struct bsg_apple *apple, struct bsg_apple_push_keys *keys, struct bsg_error *err)
{
	struct bsg_apple_wake *w = apple->wake;
	const struct bsg_push_credentials credentials = bsg_apple_push_credentials(keys);
	struct bsg_push_sender *sender = NULL;
	enum bsg_err rc;

	if (w->sender == NULL) {
		set_why(apple, "");	/* before it can say why */
		rc = open_sender(w, keys, &sender, err);
		if (rc != BSG_OK)
			set_why(apple, err->text);
	} else {
		rc = bsg_push_reconfigure(w->sender, &credentials, err);
	}
	if (rc == BSG_OK) {
		bsg_apple_push_keys_free(&w->keys);
		w->keys = *keys;
		memset(keys, 0, sizeof(*keys));
		pthread_mutex_lock(&apple->lock);
		memcpy(apple->topic, w->keys.topic, sizeof(apple->topic));
		apple->push_not_after = w->keys.not_after;
		pthread_mutex_unlock(&apple->lock);
		pthread_mutex_lock(&w->lock);
		w->sender = sender != NULL ? sender : w->sender;
		pthread_mutex_unlock(&w->lock);
		bsg_apple_wake_look(apple);
	}
	return rc;
}

static struct bsg_apple_wake *new_wake(struct bsg_apple *apple)
{
	struct bsg_apple_wake *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (w == NULL)
		return NULL;
	w->apple = apple;
	w->done_last = &w->done;
	w->beyond = BSG_PUSH_PAUSE_MAX;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->woken, &attr);
	pthread_condattr_destroy(&attr);
	return w;
}

enum bsg_err bsg_apple_wake_start(struct bsg_apple *apple, struct bsg_error *err)
{
	struct bsg_apple_push_keys keys;
	enum bsg_err rc;

	apple->wake = new_wake(apple);
	if (apple->wake == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for pushes");
	pthread_mutex_lock(&apple->lock);
	(void)snprintf(apple->topic, sizeof(apple->topic), "%s", apple->options.topic);
	pthread_mutex_unlock(&apple->lock);
	rc = bsg_apple_push_keys_load(apple, &keys, err);
	if (rc == BSG_OK) {
		pthread_mutex_lock(&apple->push_lock);
		rc = bsg_apple_wake_use(apple, &keys, err);
		pthread_mutex_unlock(&apple->push_lock);
	} else if (rc == BSG_E_NOT_FOUND) {
		set_why(apple, "there is no push certificate: phones are served when they call by themselves");
		rc = BSG_OK;
	}
	bsg_apple_push_keys_free(&keys);
	return rc;
}

enum bsg_err bsg_apple_wake_run(struct bsg_apple *apple, struct bsg_error *err)
{
	if (pthread_create(&apple->wake->thread, NULL, run, apple->wake) != 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "no thread for pushes");
	apple->wake->runs = true;
	return BSG_OK;
}

/* What the closing sender drops is not recorded: it is due, and goes out after the next start. What the writer has must come back. */
void bsg_apple_wake_stop(struct bsg_apple *apple)
{
	struct bsg_apple_wake *w = apple->wake;
	struct bsg_push_sender *sender;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	sender = w->sender;
	pthread_cond_signal(&w->woken);
	pthread_mutex_unlock(&w->lock);
	if (w->runs)
		(void)pthread_join(w->thread, NULL);
	w->runs = false;
	bsg_push_sender_close(sender);
	pthread_mutex_lock(&w->lock);
	w->sender = NULL;
	while (w->n_records > 0)
		(void)pthread_cond_wait(&w->woken, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void bsg_apple_wake_free(struct bsg_apple *apple)
{
	struct bsg_apple_wake *w = apple->wake;

	if (w == NULL)
		return;
	for (struct record *next; w->recorded != NULL; w->recorded = next) {
		next = w->recorded->next;
		free(w->recorded);
	}
	for (size_t i = 0; i < N_BUCKETS; i++)
		while (w->buckets[i] != NULL)
			forget(w, w->buckets[i]->device);
	bsg_apple_push_keys_free(&w->keys);
	pthread_cond_destroy(&w->woken);
	pthread_mutex_destroy(&w->lock);
	free(w);
	apple->wake = NULL;
}

void bsg_apple_wake_look(struct bsg_apple *apple)
{
	struct bsg_apple_wake *w = apple->wake;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->look = true;
	pthread_cond_signal(&w->woken);
	pthread_mutex_unlock(&w->lock);
}

bool bsg_apple_wake_stats(struct bsg_apple *apple, struct bsg_push_stats *out)
{
	struct bsg_apple_wake *w = apple->wake;
	bool sends;

	memset(out, 0, sizeof(*out));
	if (w == NULL)
		return false;
	pthread_mutex_lock(&w->lock);
	sends = w->sender != NULL && !w->stopping;
	if (sends)
		bsg_push_stats(w->sender, out);
	pthread_mutex_unlock(&w->lock);
	return sends;
}
