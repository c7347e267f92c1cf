/* SPDX-License-Identifier: Apache-2.0 */
/* Ten people who come and go: a thread a phone, and one that walks them through the gate. See sim/sim.h. */
#include "sim/sim.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include <bosaga/functions.h>

#include "base/file.h"
#include "base/log.h"
#include "crypto/random.h"
#include "http/client.h"
#include "sim/iphone_link.h"
#include "sim/phone.h"

#define PHONES_MAX 1000
#define POLL_S 3	/* of an iPhone that hears no pushes */
#define LOCKED_S 4

struct walkers;

/* Who carries one of the two. */
struct walker {
	const struct walkers *all;
	int number;			/* person-number */
	struct bsg_sim_phone *phone;
	struct bsg_iphone_link *iphone;
	pthread_t thread;
	bool running;
	bool inside;
};

struct walkers {
	const struct bsg_sim_phones_options *options;
	struct bsg_log log;
	struct bsg_http_client *admin;
	struct bsg_sim_apns *apns;	/* NULL: iPhones poll */
	struct walker *walkers;
	int n;
	pthread_mutex_t lock;		/* of n_heard */
	int n_heard;			/* of walkers, whose iPhones may be woken */
};

/* POST to the admin socket; the answer's JSON, owned by the caller. */
static enum bsg_err post(struct bsg_http_client *admin, const char *path, json_t *body, json_t **out,
			 struct bsg_error *err)
{
	struct bsg_http_request request = { .method = "POST", .type = "application/json" };
	struct bsg_http_response response;
	char url[256];
	char *text = json_dumps(body, JSON_COMPACT);
	enum bsg_err rc;

	*out = NULL;
	json_decref(body);
	if (text == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	(void)snprintf(url, sizeof(url), "http://localhost/api/v1%s", path);
	request.url = url;
	request.body = text;
	request.body_len = strlen(text);
	rc = bsg_http_client_do(admin, &request, &response, err);
	if (rc == BSG_OK && response.status >= 300)
		rc = bsg_fail(err, BSG_E_DENIED, "POST %s: %u %s", path, response.status,
			      response.body != NULL ? (const char *)response.body : "");
	if (rc == BSG_OK)
		*out = json_loadb((const char *)response.body, response.body_len, 0, NULL);
	bsg_http_response_clear(&response);
	free(text);
	return rc;
}

/* ---- phones with an agent ------------------------------------------------- */

static enum bsg_err invite(struct walkers *all, const char *person, const char *kind, json_t **out, struct bsg_error *err)
{
	return post(all->admin, "/invitations", json_pack("{s:s,s:s}", "person", person, "kind", kind), out, err);
}

static enum bsg_err enrol_phone(struct walkers *all, struct walker *walker, const char *person, const char *dir, struct bsg_error *err)
{
	struct bsg_sim_invitation invitation;
	json_t *json;
	enum bsg_err rc = invite(all, person, "linux-agent", &json, err);

	if (rc != BSG_OK)
		return rc;
	invitation.url = json_string_value(json_object_get(json, "url"));
	invitation.token = json_string_value(json_object_get(json, "token"));
	invitation.ca_sha256 = json_string_value(json_object_get(json, "ca_sha256"));
	if (invitation.url == NULL || invitation.token == NULL || invitation.ca_sha256 == NULL)
		rc = bsg_fail(err, BSG_E_INVALID, "the invitation lacks url, token or ca_sha256");
	else
		rc = bsg_sim_phone_open(dir, &invitation, &all->log, &walker->phone, err);
	json_decref(json);
	return rc;
}

/* ---- iPhones ------------------------------------------------------------------ */

/* `camera, screen_capture off until 14:03`, as the owner sees it. */
static void log_change(const struct bsg_iphone_change *change, void *app)
{
	const struct walker *walker = app;
	char names[200] = "", until[40] = "";
	const time_t end = (time_t)change->until;
	struct tm local;
	size_t len = 0;

	for (int i = 0; i < BSG_FUNCTIONS_COUNT && len < sizeof(names); i++)
		if ((change->restricted & bsg_functions[i].bit) != 0)
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", len > 0 ? ", " : "", bsg_functions[i].name);
	if (change->until != 0 && localtime_r(&end, &local) != NULL)
		(void)strftime(until, sizeof(until), " until %H:%M:%S", &local);
	bsg_log(&walker->all->log, BSG_LOG_INFO, "sim", "iPhone of person-%d: %s%s%s (%s)", walker->number, len > 0 ? names : "everything",
		len > 0 ? " off" : " on", until, change->why);
}

static void hear(const struct bsg_sim_push *push, void *app)
{
	struct walkers *all = app;

	if (push->status != 200)
		return;
	pthread_mutex_lock(&all->lock);
	for (int i = 0; i < all->n_heard; i++)
		if (all->walkers[i].iphone != NULL && strcasecmp(push->token, bsg_iphone_link_token(all->walkers[i].iphone)) == 0)
			bsg_iphone_link_happen(all->walkers[i].iphone, BSG_IPHONE_PUSH);
	pthread_mutex_unlock(&all->lock);
}

/* The file behind the invitation, over the admin socket: a browser would ask the people plane. */
static enum bsg_err get_profile(struct walkers *all, const char *person, struct bsg_http_response *out, struct bsg_error *err)
{
	struct bsg_http_request request = { .method = "GET" };
	char url[256];
	json_t *json;
	enum bsg_err rc = invite(all, person, "ios-device", &json, err);

	if (rc != BSG_OK)
		return rc;
	(void)snprintf(url, sizeof(url), "http://localhost/enrol/%s/profile", json_string_value(json_object_get(json, "token")));
	json_decref(json);
	request.url = url;
	rc = bsg_http_client_do(all->admin, &request, out, err);
	if (rc == BSG_OK && out->status != 200)
		rc = bsg_fail(err, BSG_E_DENIED, "the profile of %s: the server answered %u", person, out->status);
	return rc;
}

static enum bsg_err open_iphone(struct walkers *all, struct walker *walker, const char *person, const char *dir, struct bsg_error *err)
{
	struct bsg_iphone_link_options options = {
		.dir = dir, .poll_s = all->apns == NULL ? POLL_S : 0, .locked_s = LOCKED_S, .locked_often = true, .log = &all->log,
		.on_change = log_change, .app = walker,
	};
	struct bsg_http_response profile = { 0 };
	enum bsg_err rc = bsg_iphone_link_open(&options, &walker->iphone, err);

	if (rc != BSG_E_NOT_FOUND)
		return rc;
	rc = get_profile(all, person, &profile, err);
	options.profile = (struct bsg_bytes){ profile.body, profile.body_len };
	if (rc == BSG_OK)
		rc = bsg_iphone_link_open(&options, &walker->iphone, err);
	bsg_http_response_clear(&profile);
	return rc;
}

/* ---- both ----------------------------------------------------------------------- */

/* Who has a phone already keeps it. */
static enum bsg_err open_walker(struct walkers *all, int i, struct bsg_error *err)
{
	struct walker *walker = &all->walkers[i];
	char person[32];
	char dir[512];
	enum bsg_err rc;

	walker->all = all;
	walker->number = i + 1;
	(void)snprintf(person, sizeof(person), "person-%d", i + 1);
	rc = bsg_path_join(all->options->state, person, dir, sizeof(dir), err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_sim_phone_open(dir, NULL, &all->log, &walker->phone, err);
	if (rc != BSG_E_NOT_FOUND)
		return rc;
	return i >= all->options->n_people - all->options->n_iphones ? open_iphone(all, walker, person, dir, err)
								     : enrol_phone(all, walker, person, dir, err);
}

static void *live(void *arg)
{
	struct walker *walker = arg;

	if (walker->iphone != NULL)
		bsg_iphone_link_run(walker->iphone);
	else
		bsg_sim_phone_run(walker->phone);
	return NULL;
}

static enum bsg_err start_phones(struct walkers *all, struct bsg_error *err)
{
	for (int i = 0; i < all->options->n_people; i++) {
		enum bsg_err rc = open_walker(all, i, err);

		if (rc != BSG_OK)
			return rc;
		all->n++;
		pthread_mutex_lock(&all->lock);
		all->n_heard = all->n;
		pthread_mutex_unlock(&all->lock);
		if (pthread_create(&all->walkers[i].thread, NULL, live, &all->walkers[i]) != 0)
			return bsg_fail(err, BSG_E_UNAVAILABLE, "no thread for phone %d", i + 1);
		all->walkers[i].running = true;
	}
	return BSG_OK;
}

static void stop_phone(struct walker *walker)
{
	if (walker->iphone != NULL)
		bsg_iphone_link_happen(walker->iphone, BSG_IPHONE_STOP);
	else
		bsg_sim_phone_stop(walker->phone);
}

static void stop_phones(struct walkers *all)
{
	for (int i = 0; i < all->n; i++)
		if (all->walkers[i].running)
			stop_phone(&all->walkers[i]);
	for (int i = 0; i < all->n; i++) {
		if (all->walkers[i].running)
			(void)pthread_join(all->walkers[i].thread, NULL);
		bsg_sim_phone_close(all->walkers[i].phone);
		bsg_iphone_link_close(all->walkers[i].iphone);
	}
}

static void cross(struct walkers *all, struct walker *walker)
{
	const char *device = walker->iphone != NULL ? bsg_iphone_link_device(walker->iphone) : bsg_sim_phone_id(walker->phone);
	struct bsg_error err;
	json_t *json;
	json_t *body = json_pack("{s:s,s:s,s:s,s:s}", "place", all->options->place, "gate", all->options->gate,
				 "device", device, "direction",
				 walker->inside ? "out" : "in");

	if (post(all->admin, "/crossings", body, &json, &err) == BSG_OK)
		walker->inside = !walker->inside;
	else
		bsg_log(&all->log, BSG_LOG_WARNING, "sim", "%s", err.text);
	json_decref(json);
}

/* SIGINT and SIGTERM are blocked in every thread and waited for here, between two crossings. */
static void come_and_go(struct walkers *all, const sigset_t *signals)
{
	struct timespec pause = { .tv_sec = all->options->pause_ms / 1000,
				  .tv_nsec = (long)(all->options->pause_ms % 1000) * 1000000 };
	struct bsg_error err;

	while (sigtimedwait(signals, NULL, &pause) < 0) {
		uint32_t number;

		if (bsg_random(&number, sizeof(number), &err) == BSG_OK)
			cross(all, &all->walkers[number % (uint32_t)all->n]);
	}
}

static enum bsg_err start_apns(struct walkers *all, struct bsg_error *err)
{
	const struct bsg_sim_apns_folder folder = { .dir = all->options->apns_dir, .listen = all->options->apns_listen, .on_push = hear,
						    .app = all };

	return folder.dir != NULL ? bsg_sim_apns_open(&folder, &all->apns, err) : BSG_OK;
}

static enum bsg_err run(struct walkers *all, const sigset_t *signals, struct bsg_error *err)
{
	const struct bsg_http_client_options admin = { .unix_path = all->options->socket };
	enum bsg_err rc = bsg_dir_make(all->options->state, 0700, err);

	if (rc == BSG_OK)
		rc = bsg_http_client_open(&admin, &all->admin, err);
	if (rc == BSG_OK)
		rc = start_apns(all, err);
	if (rc == BSG_OK)
		rc = start_phones(all, err);
	if (rc == BSG_OK) {
		bsg_log(&all->log, BSG_LOG_INFO, "sim", "%d phones come and go at %s", all->n, all->options->place);
		come_and_go(all, signals);
	}
	bsg_sim_apns_stop(all->apns);	/* nobody is woken any more */
	stop_phones(all);
	bsg_http_client_close(all->admin);
	return rc;
}

enum bsg_err bsg_sim_phones(const struct bsg_sim_phones_options *options, struct bsg_error *err)
{
	struct walkers all = { .options = options, .log = { .fd = 2, .level = BSG_LOG_INFO } };
	sigset_t signals;
	enum bsg_err rc;

	if (options->n_people < 1 || options->n_people > PHONES_MAX || options->n_iphones > options->n_people)
		return bsg_fail(err, BSG_E_LIMIT, "1 to %d people can be simulated, and no more iPhones than people", PHONES_MAX);
	all.walkers = calloc((size_t)options->n_people, sizeof(*all.walkers));
	if (all.walkers == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	pthread_mutex_init(&all.lock, NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	rc = run(&all, &signals, err);
	pthread_mutex_destroy(&all.lock);
	free(all.walkers);
	return rc;
}
