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

#include "base/file.h"
#include "base/log.h"
#include "crypto/random.h"
#include "http/client.h"
#include "sim/phone.h"

#define PHONES_MAX 1000

struct walker {
	struct bsg_sim_phone *phone;
	pthread_t thread;
	bool running;
	bool inside;
};

struct walkers {
	const struct bsg_sim_phones_options *options;
	struct bsg_log log;
	struct bsg_http_client *admin;
	struct walker *walkers;
	int n;
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

static enum bsg_err open_phone(struct walkers *all, int number, struct bsg_error *err)
{
	struct bsg_sim_invitation invitation;
	char person[32];
	char dir[512];
	json_t *json;
	enum bsg_err rc;

	(void)snprintf(person, sizeof(person), "person-%d", number + 1);
	rc = bsg_path_join(all->options->state, person, dir, sizeof(dir), err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_sim_phone_open(dir, NULL, &all->log, &all->walkers[number].phone, err);
	if (rc != BSG_E_NOT_FOUND)
		return rc;
	rc = post(all->admin, "/invitations", json_pack("{s:s,s:s}", "person", person, "kind", "linux-agent"), &json,
		  err);
	if (rc != BSG_OK)
		return rc;
	invitation.url = json_string_value(json_object_get(json, "url"));
	invitation.token = json_string_value(json_object_get(json, "token"));
	invitation.ca_sha256 = json_string_value(json_object_get(json, "ca_sha256"));
	if (invitation.url == NULL || invitation.token == NULL || invitation.ca_sha256 == NULL)
		rc = bsg_fail(err, BSG_E_INVALID, "the invitation lacks url, token or ca_sha256");
	else
		rc = bsg_sim_phone_open(dir, &invitation, &all->log, &all->walkers[number].phone, err);
	json_decref(json);
	return rc;
}

static void *live(void *arg)
{
	bsg_sim_phone_run(arg);
	return NULL;
}

static enum bsg_err start_phones(struct walkers *all, struct bsg_error *err)
{
	for (int i = 0; i < all->options->n_people; i++) {
		enum bsg_err rc = open_phone(all, i, err);

		if (rc != BSG_OK)
			return rc;
		all->n++;
		if (pthread_create(&all->walkers[i].thread, NULL, live, all->walkers[i].phone) != 0)
			return bsg_fail(err, BSG_E_UNAVAILABLE, "no thread for phone %d", i + 1);
		all->walkers[i].running = true;
	}
	return BSG_OK;
}

static void stop_phones(struct walkers *all)
{
	for (int i = 0; i < all->n; i++)
		if (all->walkers[i].running)
			bsg_sim_phone_stop(all->walkers[i].phone);
	for (int i = 0; i < all->n; i++) {
		if (all->walkers[i].running)
			(void)pthread_join(all->walkers[i].thread, NULL);
		bsg_sim_phone_close(all->walkers[i].phone);
	}
}

static void cross(struct walkers *all, struct walker *walker)
{
	struct bsg_error err;
	json_t *json;
	json_t *body = json_pack("{s:s,s:s,s:s,s:s}", "place", all->options->place, "gate", all->options->gate,
				 "device", bsg_sim_phone_id(walker->phone), "direction",
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

enum bsg_err bsg_sim_phones(const struct bsg_sim_phones_options *options, struct bsg_error *err)
{
	struct walkers all = { .options = options, .log = { .fd = 2, .level = BSG_LOG_INFO } };
	struct bsg_http_client_options admin = { .unix_path = options->socket };
	sigset_t signals;
	enum bsg_err rc;

	if (options->n_people < 1 || options->n_people > PHONES_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "1 to %d people can be simulated", PHONES_MAX);
	all.walkers = calloc((size_t)options->n_people, sizeof(*all.walkers));
	if (all.walkers == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	rc = bsg_dir_make(options->state, 0700, err);
	if (rc == BSG_OK)
		rc = bsg_http_client_open(&admin, &all.admin, err);
	if (rc == BSG_OK)
		rc = start_phones(&all, err);
	if (rc == BSG_OK) {
		bsg_log(&all.log, BSG_LOG_INFO, "sim", "%d phones come and go at %s", all.n, options->place);
		come_and_go(&all, &signals);
	}
	stop_phones(&all);
	bsg_http_client_close(all.admin);
	free(all.walkers);
	return rc;
}
