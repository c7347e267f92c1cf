/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes from a real store to a stand-in APNs (apple/wake.c): rules A140-A145 and A95 of docs/spec/apple.md. */
#include "wake_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apple/push_keys.h"
#include "apple/push_pause.h"
#include "apple/service.h"
#include "base/file.h"
#include "http_certs.h"
#include "sim/apns.h"

#define CROWD 1000
#define LINE 60		/* all handed over in one go */
#define TEAM "TEAM012345"
#define KEY_ID "KEY0123456"

/* The store, which threads other than the test's cannot read while this is true. */
static _Atomic bool is_unreadable;
static pthread_t tester;

enum bsg_err __real_bsg_store_apple(struct bsg_store *store, const char *device, struct bsg_apple_rec *out, struct bsg_store_blob *state,
				    struct bsg_error *err);
enum bsg_err __wrap_bsg_store_apple(struct bsg_store *store, const char *device, struct bsg_apple_rec *out, struct bsg_store_blob *state,
				    struct bsg_error *err);

enum bsg_err __wrap_bsg_store_apple(struct bsg_store *store, const char *device, struct bsg_apple_rec *out, struct bsg_store_blob *state,
				    struct bsg_error *err)
{
	if (is_unreadable && !pthread_equal(pthread_self(), tester))
		return bsg_fail(err, BSG_E_UNAVAILABLE, "the disk does not answer");
	return __real_bsg_store_apple(store, device, out, state, err);
}

/* Pushes that stand in line: the order in which they ended, and nothing is recorded before all have. */
static struct {
	_Atomic bool is_watched;
	void (*on_result)(const struct bsg_push_result *result, void *app);
	char devices[LINE][BSG_ID_SIZE];
	_Atomic unsigned n;
} ended;

/* On the sender's thread. */
static void note_result(const struct bsg_push_result *result, void *app)
{
	const unsigned n = ended.n;

	if (n < LINE)
		memcpy(ended.devices[n], result->device, BSG_ID_SIZE);
	ended.on_result(result, app);
	ended.n = n + 1;
}

enum bsg_err __real_bsg_push_sender_open(const struct bsg_push_options *options, struct bsg_push_sender **out, struct bsg_error *err);
enum bsg_err __wrap_bsg_push_sender_open(const struct bsg_push_options *options, struct bsg_push_sender **out, struct bsg_error *err);

enum bsg_err __wrap_bsg_push_sender_open(const struct bsg_push_options *options, struct bsg_push_sender **out, struct bsg_error *err)
{
	struct bsg_push_options watched = *options;

	if (ended.is_watched) {
		ended.on_result = options->on_result;
		watched.on_result = note_result;
	}
	return __real_bsg_push_sender_open(&watched, out, err);
}

int64_t __real_bsg_push_pause_taken(struct bsg_push_backlog *backlog, int64_t now, int64_t age);
int64_t __wrap_bsg_push_pause_taken(struct bsg_push_backlog *backlog, int64_t now, int64_t age);

/* A turn of 4 ms is not seen among whole seconds: of those in line each stands for a thousand. */
int64_t __wrap_bsg_push_pause_taken(struct bsg_push_backlog *backlog, int64_t now, int64_t age)
{
	if (!ended.is_watched)
		return __real_bsg_push_pause_taken(backlog, now, age);
	for (int left = 12000; ended.n < LINE && left > 0; left--)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	for (int i = 1; i < 1000; i++)
		(void)__real_bsg_push_pause_taken(backlog, now, age);
	return __real_bsg_push_pause_taken(backlog, now, age);
}

static int set_up(void **state)
{
	is_unreadable = false;
	ended.is_watched = false;
	ended.n = 0;
	return wake_world_set_up(state);
}

/* Copied: the sender's thread writes it. */
static const char *why(struct world *w)
{
	static char text[sizeof(apple_of(w)->push_why)];

	pthread_mutex_lock(&apple_of(w)->lock);
	memcpy(text, apple_of(w)->push_why, sizeof(text));
	pthread_mutex_unlock(&apple_of(w)->lock);
	return text;
}

static struct bsg_push_stats stats_of(struct world *w)
{
	struct bsg_push_stats stats;

	(void)bsg_apple_wake_stats(apple_of(w), &stats);
	return stats;
}

/*
 * One second, but only while the push waits: the answer to one that flies takes real time, and the sender would give it up
 * by a clock that runs ahead of it; its pause would begin when nobody lets time pass any more.
 */
static void pass_if_it_waits(struct world *w)
{
	const struct bsg_push_stats stats = stats_of(w);

	if (stats.n_waiting > 0 && stats.n_flying == 0)
		pass(w, 1);
}

static void a_command_stored_before_a_crash_is_pushed_after_the_start(void **state)
{
	struct world *w = *state;

	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);	/* and the process ends here */
	start(w);
	EVENTUALLY(n_pushes(w) == 1);
	assert_int_equal(w->pushes[0].expiration, LEASE);
	EVENTUALLY(push_at(w, 1) == NOW + 10);
	nothing_more(w, 1);
}

/* Before that there is no server that could hear of a dead token, and topic and URL may yet turn out to be others than in profiles. */
static void nothing_is_pushed_before_the_server_serves(void **state)
{
	struct world *w = *state;

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 410, .reason = "Unregistered", .timestamp_ms = (T0 + 5) * 1000});
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	assert_ok(w->f, bsg_apple_new(&w->options, &w->platform, &w->f->err));
	w->platform->host = &w->host;
	assert_ok(w->f, w->platform->ops->start(w->platform, &w->host, &w->f->err));
	nothing_more(w, 0);
	assert_int_equal(w->n_changed, 0);
	assert_ok(w->f, w->platform->ops->serve(w->platform, &w->f->err));
	EVENTUALLY(w->n_changed == 1);
}

static void what_was_handed_over_and_not_taken_is_pushed_after_the_next_start(void **state)
{
	struct world *w = *state;

	stop_apns(w);
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	start(w);
	EVENTUALLY(stats_of(w).n_asked == 1);
	stop(w);
	assert_int_equal(push_at(w, 1), NOW);
	start_apns(w);
	start(w);
	EVENTUALLY(n_pushes(w) == 1);
}

static void what_was_taken_is_pushed_again_until_the_phone_has_done_it(void **state)
{
	static const int64_t pauses[] = {10, 30, 120, 600, 600};
	struct world *w = *state;
	int64_t due = NOW;

	add_phone(w->f, "a", 1);
	start(w);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 1);
	bsg_apple_wake_look(apple_of(w));
	for (unsigned i = 0; i < 5; i++) {
		EVENTUALLY(n_pushes(w) == i + 1);
		due += pauses[i];
		EVENTUALLY(push_at(w, 1) == due);
		pass(w, pauses[i] - 1);
		if (i == 0)
			nothing_more(w, 1);
		pass(w, 1);
	}
	EVENTUALLY(n_pushes(w) == 6);
	EVENTUALLY(push_at(w, 1) > due);
	deliver(w->f, 1, 1, 0);
	assert_int_equal(push_at(w, 1), 0);
	pass(w, 86400);
	nothing_more(w, 6);
}

static void a_lift_lives_for_days_and_a_lock_until_its_lease_ends(void **state)
{
	struct world *w = *state;

	add_phone(w->f, "a", 1);
	start(w);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	bsg_apple_wake_look(apple_of(w));
	EVENTUALLY(n_pushes(w) == 1);
	EVENTUALLY(push_at(w, 1) > NOW);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 3);
	bsg_apple_wake_look(apple_of(w));
	EVENTUALLY(n_pushes(w) == 2);
	assert_int_equal(w->pushes[0].expiration, LEASE);
	assert_int_equal(w->pushes[1].expiration, NOW + 3 * 86400);
}

static void a_lock_whose_lease_has_ended_is_not_sent(void **state)
{
	struct world *w = *state;

	bsg_fake_clock_set_utc(&w->clock, LEASE + 1);
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	start(w);
	EVENTUALLY(get_apple(w->f, 1).push_failures == 1);
	assert_true(push_at(w, 1) > LEASE + 1);
	nothing_more(w, 0);
}

static void a_dead_token_is_forgotten(void **state)
{
	struct world *w = *state;

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 410, .reason = "Unregistered", .timestamp_ms = (T0 + 5) * 1000});
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	start(w);
	EVENTUALLY(get_apple(w->f, 1).token_len == 0);
	EVENTUALLY(w->n_changed == 1);
	assert_int_equal(push_at(w, 1), 0);
	nothing_more(w, 1);
}

static void a_token_that_is_younger_than_its_death_is_kept(void **state)
{
	struct world *w = *state;

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 410, .reason = "Unregistered", .timestamp_ms = T0 * 1000});
	add_phone(w->f, "a", 1);	/* its token is of T0 + 3 */
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	start(w);
	EVENTUALLY(get_apple(w->f, 1).push_failures == 1);
	assert_int_equal(get_apple(w->f, 1).token_len, 32);
	assert_int_equal(push_at(w, 1), NOW + 10);
	assert_int_equal(w->n_changed, 0);
}

static void a_token_whose_age_cannot_be_read_is_kept(void **state)
{
	struct world *w = *state;

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 410, .reason = "Unregistered", .timestamp_ms = (T0 + 5) * 1000});
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	tester = pthread_self();
	is_unreadable = true;
	start(w);
	EVENTUALLY(n_pushes(w) == 1 && push_at(w, 1) != NOW);
	is_unreadable = false;
	assert_int_equal(get_apple(w->f, 1).token_len, 32);
	pass(w, 10);	/* and asked again once it can */
	EVENTUALLY(get_apple(w->f, 1).token_len == 0);
	assert_int_equal(n_pushes(w), 2);
}

/* Apple's answer is about the token that it was asked with, not about the one that the phone has sent since. */
static void a_dead_token_takes_no_newer_one_with_it(void **state)	/* A95 */
{
	struct world *w = *state;
	struct bsg_op token = token_op(1, "newer");

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 400, .reason = "BadDeviceToken", .delay_ms = 2000, .times = 1});
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	start(w);
	EVENTUALLY(n_pushes(w) == 1);
	assert_ok(w->f, apply(w->f, &token));	/* while Apple thinks about the older one */
	bsg_apple_wake_look(apple_of(w));
	EVENTUALLY(n_pushes(w) == 2);
	EVENTUALLY(push_at(w, 1) == NOW + 10);
	assert_int_equal(get_apple(w->f, 1).token_len, 32);
	assert_string_not_equal(w->pushes[0].token, w->pushes[1].token);
	nothing_more(w, 2);
}

static void a_newer_magic_is_pushed_at_once(void **state)	/* A84: one with the older is nothing to the phone */
{
	struct world *w = *state;
	struct bsg_op token = token_op(1, "token");

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.delay_ms = 2000, .times = 1});
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	start(w);
	EVENTUALLY(n_pushes(w) == 1);
	token.apple_token_update.push_magic = "newer";
	assert_ok(w->f, apply(w->f, &token));
	EVENTUALLY(n_pushes(w) == 2);
}

static void a_refused_push_is_tried_ever_more_slowly(void **state)
{
	static const int64_t pauses[] = {10, 30, 120, 600, 3600, 3600};
	struct bsg_op token = token_op(1, "token");
	struct world *w = *state;
	int64_t due = NOW;

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 413, .reason = "PayloadTooLarge"});
	add_phone(w->f, "a", 1);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 1);
	start(w);
	for (unsigned i = 0; i < 6; i++) {
		EVENTUALLY(n_pushes(w) == i + 1);
		due += pauses[i];
		EVENTUALLY(push_at(w, 1) == due);
		if (i == 5)	/* A143: dead since before its token comes again */
			bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 410, .timestamp_ms = T0 * 1000, .delay_ms = 2000});
		pass(w, pauses[i]);
	}
	EVENTUALLY(n_pushes(w) == 7);
	token.apple_token_update.at = due;
	assert_ok(w->f, apply(w->f, &token));	/* while Apple thinks about it */
	EVENTUALLY(push_at(w, 1) == due + 10);
}

static void hours_without_apple_cost_nothing_and_end_by_themselves(void **state)
{
	struct world *w = *state;
	struct bsg_push_stats stats = {.n_asked = 0};

	stop_apns(w);
	add_phone(w->f, "a", 1);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 1);
	start(w);
	for (unsigned hour = 0; hour < 5; hour++) {
		EVENTUALLY((stats = stats_of(w), stats.n_attempts) > hour && stats.n_flying == 0);
		pass(w, 3600);
	}
	EVENTUALLY(stats_of(w).state == BSG_PUSH_DOWN);
	EVENTUALLY(why(w)[0] != '\0');
	assert_int_equal(stats_of(w).n_asked, 1);	/* handed over once, whatever the clock says */
	start_apns(w);
	pass(w, 60);
	EVENTUALLY((pass_if_it_waits(w), n_pushes(w)) == 1);
	EVENTUALLY(push_at(w, 1) > bsg_clock_utc(&w->clock.clock));
	EVENTUALLY(why(w)[0] == '\0');
}

static void a_busy_apple_is_asked_again(void **state)
{
	struct world *w = *state;

	bsg_sim_apns_behave(w->apns, &(struct bsg_sim_behaviour){.status = 503, .reason = "ServiceUnavailable", .times = 3});
	add_phone(w->f, "a", 1);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 1);
	start(w);
	EVENTUALLY((pass_if_it_waits(w), n_pushes(w)) == 4);
	EVENTUALLY(push_at(w, 1) > bsg_clock_utc(&w->clock.clock));
	assert_int_equal(w->pushes[3].status, 200);
	assert_int_equal(get_apple(w->f, 1).push_failures, 0);
}

/* While Apple is away a phone is locked and let go again: one push, which lifts. */
static void what_replaces_an_undelivered_push_is_merged_into_it(void **state)
{
	struct world *w = *state;

	stop_apns(w);
	add_phone(w->f, "a", 1);
	start(w);
	for (unsigned i = 1; i <= 3; i++) {
		desire(w->f, 1, i % 2 != 0 ? CAMERA : 0, BSG_APPLE_INSTALL, i);
		bsg_apple_wake_look(apple_of(w));
		EVENTUALLY(stats_of(w).n_asked == i && stats_of(w).n_waiting == 1);
		pass(w, 2);
	}
	start_apns(w);
	EVENTUALLY((pass_if_it_waits(w), n_pushes(w)) == 1);
	EVENTUALLY(push_at(w, 1) > NOW + 6);
	assert_true(w->pushes[0].expiration > LEASE);
	nothing_more(w, 1);
}

static void a_push_that_a_wrong_clock_put_off_is_found(void **state)
{
	struct world *w = *state;

	bsg_fake_clock_set_utc(&w->clock, NOW + 365 * 86400);
	add_phone(w->f, "a", 1);
	start(w);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 1);
	bsg_apple_wake_look(apple_of(w));
	EVENTUALLY(push_at(w, 1) > NOW + 365 * 86400);
	bsg_fake_clock_set_utc(&w->clock, NOW + 60);	/* set right while it runs */
	bsg_apple_wake_look(apple_of(w));
	EVENTUALLY(n_pushes(w) == 2);
	EVENTUALLY(push_at(w, 1) < NOW + 4000);

	bsg_fake_clock_set_utc(&w->clock, NOW + 365 * 86400);
	bsg_apple_wake_look(apple_of(w));
	EVENTUALLY(push_at(w, 1) > NOW + 365 * 86400);
	stop(w);
	bsg_fake_clock_set_utc(&w->clock, NOW + 120);	/* or while it did not */
	start(w);
	EVENTUALLY(n_pushes(w) == 4);
	EVENTUALLY(push_at(w, 1) < NOW + 4000);
}

static int by_token(const void *a, const void *b)
{
	return memcmp(a, b, 64);
}

/* With a token of its own: of two pushes to one token the first result ends both. */
static void add_phone_in_need(struct world *w, unsigned n)
{
	struct bsg_op token;
	char text[16];

	add_phone(w->f, "a", n);
	(void)snprintf(text, sizeof(text), "token %u", n);
	token = token_op(n, text);
	assert_ok(w->f, apply(w->f, &token));
	desire(w->f, n, 0, BSG_APPLE_REMOVE, n * 2);
}

static void who_was_pushed_first_has_the_first_turn(void **state)	/* A142 */
{
	struct world *w = *state;
	struct bsg_apple_rec rec;

	for (unsigned i = 1; i <= LINE; i++)
		add_phone_in_need(w, i);
	ended.is_watched = true;
	start(w);
	EVENTUALLY(ended.n == LINE);
	for (unsigned i = 1; i <= LINE; i++)
		EVENTUALLY(push_at(w, i) > NOW);
	assert_int_equal(n_pushes(w), LINE);
	for (int i = 0; i < LINE; i++) {
		const int64_t turn = (i + 1) * 4, pause = 10;

		assert_ok(w->f, bsg_store_apple(w->f->store, ended.devices[i], &rec, NULL, &w->f->err));
		assert_int_equal(rec.push_at, NOW + (turn > pause ? turn : pause));
	}
}

static void a_thousand_phones_are_pushed_once_each(void **state)
{
	struct world *w = *state;
	struct timespec before, after;

	for (unsigned i = 1; i <= CROWD; i++)
		add_phone_in_need(w, i);
	clock_gettime(CLOCK_MONOTONIC, &before);
	start(w);
	EVENTUALLY(n_pushes(w) == CROWD);
	clock_gettime(CLOCK_MONOTONIC, &after);
	print_message("# %d phones pushed in %.1f s\n", CROWD,
		      (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9);
	for (unsigned i = 1; i <= CROWD; i++)
		EVENTUALLY(push_at(w, i) == NOW + 10);
	nothing_more(w, CROWD);
	qsort(w->pushes, CROWD, sizeof(w->pushes[0]), by_token);
	for (unsigned i = 1; i < CROWD; i++)
		assert_string_not_equal(w->pushes[i].token, w->pushes[i - 1].token);
}

static void without_a_certificate_nothing_is_sent_and_it_says_why(void **state)
{
	struct world *w = *state;
	struct bsg_apple_push_keys keys = {.not_after = 1};

	w->options.push_certificate = w->options.push_key = "";
	add_phone(w->f, "a", 1);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 1);
	start(w);
	nothing_more(w, 0);
	assert_non_null(strstr(why(w), "no push certificate"));
	assert_string_equal(apple_of(w)->topic, "");

	/* And one that comes later is used without a start. */
	(void)snprintf(keys.topic, sizeof(keys.topic), "%s", PUSH_TOPIC);
	assert_ok(w->f, bsg_secret_copy(cert_push, strlen(cert_push), &keys.certificate, &w->f->err));
	assert_ok(w->f, bsg_secret_copy(key_push, strlen(key_push), &keys.key, &w->f->err));
	assert_ok(w->f, bsg_apple_wake_use(apple_of(w), &keys, &w->f->err));
	EVENTUALLY(n_pushes(w) == 1);
	assert_string_equal(apple_of(w)->topic, PUSH_TOPIC);
	assert_string_equal(why(w), "");
}

/* Whether the start is refused, and with which words. */
static void refuses(struct world *w, const char *words)
{
	assert_ok(w->f, bsg_apple_new(&w->options, &w->platform, &w->f->err));
	w->platform->host = &w->host;
	assert_int_not_equal(w->platform->ops->start(w->platform, &w->host, &w->f->err), BSG_OK);
	if (strstr(w->f->err.text, words) == NULL)
		fail_msg("it says: %s", w->f->err.text);
	stop(w);
}

/* Whether it is refused with @value in the place of one option. */
static void refuses_option(struct world *w, const char **option, const char *value, const char *words)
{
	const char *right = *option;

	*option = value;
	refuses(w, words);
	*option = right;
}

static void a_start_with_what_does_not_fit_is_refused(void **state)
{
	struct world *w = *state;
	struct bsg_apple_options *o = &w->options;

	refuses_option(w, &o->topic, "com.apple.mgmt.External.other", "renew that one");	/* A61 */
	o->topic = PUSH_TOPIC;
	refuses_option(w, &o->push_key, "", "belong together");
	refuses_option(w, &o->push_key, "/nowhere/push.key", "apple_push_key: open /nowhere/push.key: No such file");
	refuses_option(w, &o->push_certificate, "/nowhere/push.crt", "apple_push_certificate: open /nowhere/push.crt: No such file");
	refuses_option(w, &o->push_ca, "/nowhere/ca.crt", "apple_push_ca: open /nowhere/ca.crt: No such file");
	refuses_option(w, &o->push_team, "TEAM", "all three");
	refuses_option(w, &o->deployment, "Kz.Bosaga", "apple_deployment");	/* A24 */
	refuses_option(w, &o->organisation, "", "apple_organisation");
}

/* Instead of a certificate. @param key  what apple_push_token_key holds */
static void use_token(struct world *w, const char *key)
{
	write_file(w, 3, "AuthKey.p8", key);
	w->options.push_certificate = w->options.push_key = "";
	w->options.topic = PUSH_TOPIC;
	w->options.push_team = TEAM;
	w->options.push_key_id = KEY_ID;
	w->options.push_token_key = w->files[3];
}

static void a_push_goes_out_with_a_token(void **state)	/* A72 */
{
	struct world *w = *state;
	struct bsg_key *key;

	assert_ok(w->f, bsg_key_parse(key_token, strlen(key_token), &key, &w->f->err));
	stop_apns(w);
	w->apns_options.client_ca_pem = NULL;
	w->apns_options.team_id = TEAM;
	w->apns_options.key_id = KEY_ID;
	bsg_key_public(key, &w->apns_options.token_key);
	bsg_key_free(key);
	start_apns(w);
	use_token(w, key_token);
	add_phone(w->f, "a", 1);
	desire(w->f, 1, CAMERA, BSG_APPLE_INSTALL, 1);
	start(w);
	EVENTUALLY(n_pushes(w) == 1);
	assert_int_equal(w->pushes[0].status, 200);
	EVENTUALLY(push_at(w, 1) == NOW + 10);
	assert_int_equal(get_apple(w->f, 1).push_failures, 0);
	assert_string_equal(why(w), "");
	nothing_more(w, 1);
}

static void a_start_with_a_token_that_cannot_be_made_is_refused(void **state)	/* A145 */
{
	static const struct { const char *key, *words; } bad[] = {
		{key_token_p384, "AuthKey.p8: public key: not P-256"},
		{key_push, "AuthKey.p8: public key: not P-256"},	/* RSA */
		{cert_push, "AuthKey.p8: private key"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		use_token(w, bad[i].key);
		refuses(w, bad[i].words);
		assert_ptr_equal(strstr(w->f->err.text, "apple_push_token_key: "), w->f->err.text);
	}
	use_token(w, key_token);
	refuses_option(w, &w->options.topic, "", "need apple_topic");
	refuses_option(w, &w->options.push_key_id, "KEY 01", "key id");
	refuses_option(w, &w->options.push_key_id, "", "all three");
	refuses_option(w, &w->options.push_token_key, "/nowhere/AuthKey.p8",	/* not the same as none */
		       "apple_push_token_key: open /nowhere/AuthKey.p8: No such file");
}

static void an_expired_certificate_starts_and_says_so(void **state)
{
	struct world *w = *state;

	write_file(w, 0, "push.crt", cert_push_old);
	write_file(w, 1, "push.key", key_push_old);
	add_phone(w->f, "a", 1);
	desire(w->f, 1, 0, BSG_APPLE_REMOVE, 1);
	start(w);
	EVENTUALLY(why(w)[0] != '\0');
	assert_true(apple_of(w)->push_not_after < NOW);
	nothing_more(w, 0);
}

int main(void)
{
#define WORLD(name_) cmocka_unit_test_setup_teardown(name_, set_up, wake_world_tear_down)
	const struct CMUnitTest tests[] = {
		WORLD(a_command_stored_before_a_crash_is_pushed_after_the_start),
		WORLD(nothing_is_pushed_before_the_server_serves),
		WORLD(what_was_handed_over_and_not_taken_is_pushed_after_the_next_start),
		WORLD(what_was_taken_is_pushed_again_until_the_phone_has_done_it),
		WORLD(a_lift_lives_for_days_and_a_lock_until_its_lease_ends),
		WORLD(a_lock_whose_lease_has_ended_is_not_sent),
		WORLD(a_dead_token_is_forgotten),
		WORLD(a_token_that_is_younger_than_its_death_is_kept),
		WORLD(a_token_whose_age_cannot_be_read_is_kept),
		WORLD(a_dead_token_takes_no_newer_one_with_it),
		WORLD(a_newer_magic_is_pushed_at_once),
		WORLD(a_refused_push_is_tried_ever_more_slowly),
		WORLD(hours_without_apple_cost_nothing_and_end_by_themselves),
		WORLD(a_busy_apple_is_asked_again),
		WORLD(what_replaces_an_undelivered_push_is_merged_into_it),
		WORLD(a_push_that_a_wrong_clock_put_off_is_found),
		WORLD(who_was_pushed_first_has_the_first_turn),
		WORLD(a_thousand_phones_are_pushed_once_each),
		WORLD(without_a_certificate_nothing_is_sent_and_it_says_why),
		WORLD(a_start_with_what_does_not_fit_is_refused),
		WORLD(a_push_goes_out_with_a_token),
		WORLD(a_start_with_a_token_that_cannot_be_made_is_refused),
		WORLD(an_expired_certificate_starts_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
