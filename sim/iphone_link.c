/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/iphone_link.h. Everything but `lock` and what it guards belongs to the phone's thread. */
#include "sim/iphone_link.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>

#include "base/clock.h"
#include "base/hex.h"
#include "crypto/random.h"
#include "http/client.h"
#include "sim/iphone_folder.h"

#define OS "17.5.1"
#define CHECKIN_TYPE "application/x-apple-aspen-mdm-checkin"
#define COMMANDS_MAX 20		/* in one conversation: a server that never comes to an end is an error */
#define RETRY_S 2		/* twice as long each time */
#define RETRY_MAX_S 60
#define NEVER INT64_MAX

struct bsg_iphone_link {
	struct bsg_iphone_link_options options;
	struct bsg_iphone_folder folder;
	struct bsg_iphone phone;
	struct bsg_http_client *client;
	char token[2 * BSG_IPHONE_TOKEN_LEN + 1];
	int64_t unlock_at, poll_at, retry_at;	/* NEVER: not by time */
	int64_t retry_s;		/* 0: the last conversation came to its end */
	bool is_over;			/* checked out */
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t happened;
	unsigned happens;		/* BSG_IPHONE_PUSH ... */
};

static int64_t now_s(void)
{
	return bsg_clock_utc(bsg_clock_system());
}

/* ---- what restricts it ----------------------------------------------------------- */

/* It is on disk before anyone hears of it. */
static void tell_change(struct bsg_iphone_link *link, const struct bsg_iphone *before, uint32_t restricted, const char *why)
{
	const struct bsg_iphone *phone = &link->phone;
	struct bsg_iphone_change change = { .at = now_s(), .restricted = bsg_iphone_restricted(phone), .why = why };
	struct bsg_error err;

	if (phone->is == before->is && phone->removal == before->removal && phone->restricts == before->restricts &&
	    strcmp(phone->profile, before->profile) == 0 && strcmp(phone->uuid, before->uuid) == 0)
		return;
	if (bsg_iphone_folder_save(&link->folder, phone, &err) != BSG_OK)
		bsg_log(link->options.log, BSG_LOG_ERROR, "iphone", "%s: %s", link->folder.device, err.text);
	change.until = change.restricted != 0 ? phone->removal : 0;
	if (link->options.on_change != NULL && (change.restricted != restricted || phone->removal != before->removal))
		link->options.on_change(&change, link->options.app);
}

static void pass_time(struct bsg_iphone_link *link)
{
	const struct bsg_iphone before = link->phone;
	const uint32_t restricted = bsg_iphone_restricted(&before);

	if (bsg_iphone_tick(&link->phone, now_s()))
		tell_change(link, &before, restricted, "lease");
}

/* ---- talking ------------------------------------------------------------------------- */

/* PUT one message. @param out  cleared by the caller */
static enum bsg_err put(struct bsg_iphone_link *link, const char *url, const char *type, const struct bsg_buf *body,
			struct bsg_http_response *out, struct bsg_error *err)
{
	const struct bsg_http_request request = { .method = "PUT", .url = url, .type = type, .body = body->data, .body_len = body->len };
	enum bsg_err rc = bsg_http_client_do(link->client, &request, out, err);

	if (rc == BSG_OK && out->status != 200)
		rc = bsg_fail(err, out->status >= 500 ? BSG_E_UNAVAILABLE : BSG_E_DENIED, "%s: the server answered %u %.200s", url, out->status,
			      out->body != NULL ? (const char *)out->body : "");
	return rc;
}

static enum bsg_err check_in(struct bsg_iphone_link *link, const struct bsg_buf *body, struct bsg_error *err)
{
	struct bsg_http_response response;
	enum bsg_err rc = put(link, link->folder.checkin_url, CHECKIN_TYPE, body, &response, err);

	bsg_http_response_clear(&response);
	return rc;
}

static enum bsg_err begin_life(struct bsg_iphone_link *link, struct bsg_error *err)
{
	const struct bsg_iphone_folder *f = &link->folder;
	struct bsg_buf body;
	enum bsg_err rc;

	bsg_buf_init(&body, 1u << 16);
	rc = bsg_iphone_authenticate(&link->phone, f->topic, &body, err);
	if (rc == BSG_OK)
		rc = check_in(link, &body, err);
	bsg_buf_clear(&body);
	if (rc == BSG_OK)
		rc = bsg_iphone_token_update(&link->phone, f->topic, f->token, f->magic, &body, err);
	if (rc == BSG_OK)
		rc = check_in(link, &body, err);
	bsg_buf_free(&body);
	if (rc == BSG_OK) {
		link->folder.checked_in = true;
		rc = bsg_iphone_folder_save(f, &link->phone, err);
	}
	return rc;
}

/* Carry out what came, and make the answer in its place. */
static enum bsg_err obey(struct bsg_iphone_link *link, const struct bsg_http_response *command, struct bsg_buf *body, struct bsg_error *err)
{
	const struct bsg_iphone before = link->phone;
	const uint32_t restricted = bsg_iphone_restricted(&before);
	const struct bsg_bytes bytes = { command->body, command->body_len };
	enum bsg_err rc;

	bsg_buf_clear(body);
	rc = bsg_iphone_answer(&link->phone, bytes, now_s(), body, err);
	tell_change(link, &before, restricted, link->phone.profile[0] != '\0' ? "install" : "remove");
	return rc;
}

static enum bsg_err converse(struct bsg_iphone_link *link, struct bsg_error *err)
{
	struct bsg_http_response response;
	struct bsg_buf body;
	bool goes_on = true;
	enum bsg_err rc;

	bsg_buf_init(&body, 1u << 20);
	rc = bsg_iphone_idle(&link->phone, &body, err);
	for (int n = 0; rc == BSG_OK && goes_on; n++) {
		rc = put(link, link->folder.server_url, NULL, &body, &response, err);
		goes_on = rc == BSG_OK && response.body_len > 0;
		if (goes_on)
			rc = n < COMMANDS_MAX ? obey(link, &response, &body, err) : bsg_fail(err, BSG_E_INVALID, "commands without end");
		bsg_http_response_clear(&response);
	}
	bsg_buf_free(&body);
	return rc;
}

static void talk(struct bsg_iphone_link *link)
{
	const int64_t now = now_s();
	struct bsg_error err;

	link->retry_at = NEVER;
	link->poll_at = link->options.poll_s > 0 ? now + link->options.poll_s : NEVER;
	if ((link->phone.is & BSG_IPHONE_SILENT) != 0)
		return;
	if (converse(link, &err) == BSG_OK) {
		link->retry_s = 0;
		return;
	}
	if (link->retry_s == 0 && !bsg_http_client_is_cancelled(link->client))
		bsg_log(link->options.log, BSG_LOG_WARNING, "iphone", "%s: %s", link->folder.device, err.text);
	link->retry_s = link->retry_s == 0 ? RETRY_S : link->retry_s >= RETRY_MAX_S / 2 ? RETRY_MAX_S : 2 * link->retry_s;
	link->retry_at = now + link->retry_s;
}

static void leave(struct bsg_iphone_link *link)
{
	const struct bsg_iphone before = link->phone;
	const uint32_t restricted = bsg_iphone_restricted(&before);
	struct bsg_error err;
	struct bsg_buf body;
	enum bsg_err rc;

	bsg_buf_init(&body, 1u << 16);
	rc = bsg_iphone_check_out(&link->phone, link->folder.topic, &body, &err);
	if (rc == BSG_OK)
		rc = check_in(link, &body, &err);	/* best effort, as Apple's */
	if (rc != BSG_OK)
		bsg_log(link->options.log, BSG_LOG_WARNING, "iphone", "%s: %s", link->folder.device, err.text);
	bsg_buf_free(&body);
	bsg_iphone_clear(&link->phone);
	tell_change(link, &before, restricted, "remove");
	link->is_over = true;
}

/* ---- its life -------------------------------------------------------------------------- */

static void lock_by_chance(struct bsg_iphone_link *link)
{
	uint8_t chance = 0;
	struct bsg_error err;

	if (link->options.locked_s == 0 || link->unlock_at != NEVER)
		return;
	if (link->options.locked_often && (bsg_random(&chance, sizeof(chance), &err) != BSG_OK || chance % 2 != 0))
		return;
	link->phone.is |= BSG_IPHONE_LOCKED;
	link->unlock_at = now_s() + link->options.locked_s;
}

static void react(struct bsg_iphone_link *link, unsigned happens)
{
	const int64_t now = now_s();
	bool talks = (happens & (BSG_IPHONE_PUSH | BSG_IPHONE_POLL)) != 0 || now >= link->poll_at || now >= link->retry_at;

	pass_time(link);
	if ((happens & BSG_IPHONE_CHECKOUT) != 0) {
		leave(link);
		return;
	}
	if ((happens & BSG_IPHONE_PUSH) != 0)
		lock_by_chance(link);
	if ((happens & BSG_IPHONE_LOCK) != 0)
		link->phone.is |= BSG_IPHONE_LOCKED;
	if ((happens & BSG_IPHONE_UNLOCK) != 0 || now >= link->unlock_at) {
		link->phone.is &= ~BSG_IPHONE_LOCKED;
		link->unlock_at = NEVER;
		talks = true;
	}
	if (talks)
		talk(link);
}

/* Sleep until something happens or is due. */
static unsigned wait(struct bsg_iphone_link *link)
{
	const int64_t times[] = { link->unlock_at, link->poll_at, link->retry_at, link->phone.removal > 0 ? link->phone.removal : NEVER };
	struct timespec until = { .tv_nsec = 0 };
	int64_t next = NEVER;
	unsigned happens;
	int rc = 0;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		next = times[i] < next ? times[i] : next;
	until.tv_sec = (time_t)next;
	pthread_mutex_lock(&link->lock);
	while (link->happens == 0 && rc == 0)
		rc = next == NEVER ? pthread_cond_wait(&link->happened, &link->lock)
				   : pthread_cond_timedwait(&link->happened, &link->lock, &until);
	happens = link->happens;
	link->happens = 0;
	pthread_mutex_unlock(&link->lock);
	return happens;
}

void bsg_iphone_link_run(struct bsg_iphone_link *link)
{
	unsigned happens = BSG_IPHONE_POLL;

	while ((happens & BSG_IPHONE_STOP) == 0 && !link->is_over) {
		react(link, happens);
		if (!link->is_over)
			happens = wait(link);
	}
}

void bsg_iphone_link_happen(struct bsg_iphone_link *link, unsigned what)
{
	pthread_mutex_lock(&link->lock);
	link->happens |= what;
	pthread_cond_signal(&link->happened);
	pthread_mutex_unlock(&link->lock);
	if ((what & BSG_IPHONE_STOP) != 0)
		bsg_http_client_cancel(link->client);
}

/* ---- open, close ------------------------------------------------------------------------- */

static enum bsg_err open_folder(struct bsg_iphone_link *link, const struct bsg_iphone_link_options *options, struct bsg_error *err)
{
	struct bsg_iphone_folder *folder = &link->folder;
	enum bsg_err rc = bsg_iphone_folder_init(folder, options->dir, options->key_file, err);

	if (rc == BSG_OK)
		rc = bsg_iphone_folder_load(folder, &link->phone, err);
	if (rc != BSG_E_NOT_FOUND || options->profile.len == 0)
		return rc;
	rc = bsg_iphone_folder_enrol(folder, options->profile, options->root_file, err);
	if (rc == BSG_OK) {
		bsg_iphone_init(&link->phone, folder->number, options->is, OS);
		rc = bsg_iphone_folder_save(folder, &link->phone, err);
	}
	return rc == BSG_OK ? bsg_iphone_folder_load(folder, &link->phone, err) : rc;
}

enum bsg_err bsg_iphone_link_open(const struct bsg_iphone_link_options *options, struct bsg_iphone_link **out, struct bsg_error *err)
{
	struct bsg_iphone_link *link = calloc(1, sizeof(*link));
	struct bsg_http_client_options http = { .root_len = 0 };
	enum bsg_err rc;

	*out = NULL;
	if (link == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "iPhone: out of memory");
	pthread_mutex_init(&link->lock, NULL);
	pthread_cond_init(&link->happened, NULL);
	link->options = *options;
	link->unlock_at = link->poll_at = link->retry_at = NEVER;
	bsg_iphone_init(&link->phone, 0, options->is, OS);
	rc = open_folder(link, options, err);
	if (rc == BSG_OK) {
		bsg_hex_encode(link->folder.token, sizeof(link->folder.token), link->token);
		http.root_file = link->folder.root_file;
		http.certificate_file = link->folder.certificate_file;
		http.key_file = link->folder.key_file;
		rc = bsg_http_client_open(&http, &link->client, err);
	}
	if (rc == BSG_OK && !link->folder.checked_in)
		rc = begin_life(link, err);
	if (rc != BSG_OK) {
		bsg_iphone_link_close(link);
		return rc;
	}
	*out = link;
	return BSG_OK;
}

void bsg_iphone_link_close(struct bsg_iphone_link *link)
{
	if (link == NULL)
		return;
	bsg_http_client_close(link->client);
	bsg_iphone_clear(&link->phone);
	pthread_cond_destroy(&link->happened);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

const char *bsg_iphone_link_device(const struct bsg_iphone_link *link)
{
	return link->folder.device;
}

const char *bsg_iphone_link_token(const struct bsg_iphone_link *link)
{
	return link->token;
}
