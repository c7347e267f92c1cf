/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /mdm/server: a phone is idle, or answers a command, and gets the next one. Rules A120 to A129 of docs/spec/apple.md. */
#include <stdlib.h>
#include <string.h>

#include "apple/handlers.h"
#include "apple/identity.h"
#include "apple/lock_profile.h"
#include "apple/verify.h"
#include "crypto/random.h"

#define RETRY_S 30		/* a phone that does not obey is told again after this, twice as long each time, */
#define RETRY_DOUBLINGS 7	/* up to about an hour */

/* One message on its way; lives in its exchange. */
struct job {
	struct bsg_apple *apple;
	struct bsg_http_exchange *x;
	struct bsg_apple_identity identity;
	struct bsg_result result;
	struct bsg_apple_apps *apps;	/* owned; NULL: none */
	struct bsg_apple_command next;	/* that is expected to follow */
	struct bsg_buf plist;		/* of it, so that the writer's thread need not make it */
	int64_t now;
	char uuid[BSG_UUID_SIZE];	/* of a follower */
	char error[BSG_APPLE_ERROR_SIZE];
	struct bsg_batch batch;
	struct bsg_op op;
};

static void job_free(struct job *job)
{
	bsg_result_free(&job->result);
	bsg_buf_free(&job->plist);
	free(job->apps);
	job->apps = NULL;
}

/* ---- answers to the phone -------------------------------------------- */

/* Names of apps are in the phone's orders, which the writer's thread may not wait for: read before, where a profile is made or judged. */
static enum bsg_err read_apps(struct job *job, const struct bsg_apple_command *command, struct bsg_error *err)
{
	const struct bsg_platform_host *host = job->apple->platform.host;
	enum bsg_err rc;

	if (job->apps != NULL || (command->functions & BSG_BIT(BSG_APPS)) == 0)
		return BSG_OK;
	job->apps = calloc(1, sizeof(*job->apps));
	if (job->apps == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the names of apps");
	rc = host->apps(host, job->identity.rec.device, job->apps->names, &job->apps->n, err);
	for (size_t i = 0; i < job->apps->n; i++)
		job->apps->list[i] = job->apps->names[i];
	return rc;
}

/* Whether a profile's apps were not read: it was desired while this message was under way, and is given at the next Idle. */
static bool lacks_apps(const struct job *job, const struct bsg_apple_command *command)
{
	return command->kind == BSG_APPLE_INSTALL && (command->functions & BSG_BIT(BSG_APPS)) != 0 && job->apps == NULL;
}

static enum bsg_err write_plist(struct job *job, const struct bsg_apple_command *command, struct bsg_error *err)
{
	enum bsg_err rc;

	bsg_buf_free(&job->plist);
	bsg_buf_init(&job->plist, BSG_COMMAND_MAX);
	job->next = *command;
	rc = bsg_apple_command_plist(job->apple, &job->identity.rec, command, job->apps, job->now, &job->plist, err);
	return rc == BSG_OK ? bsg_buf_finish(&job->plist, err) : rc;
}

/* What was made beforehand is this very command, unless somebody desired something else meanwhile. */
static void answer_command(struct job *job, const struct bsg_apple_command *command)
{
	struct bsg_error err;
	enum bsg_err rc = BSG_OK;

	if (command->kind == BSG_APPLE_NO_COMMAND || lacks_apps(job, command)) {
		bsg_apple_done(job->x);
		return;
	}
	if (job->plist.len == 0 || strcmp(command->uuid, job->next.uuid) != 0 || command->seq != job->next.seq)
		rc = write_plist(job, command, &err);
	if (rc != BSG_OK) {
		bsg_log(job->apple->platform.host->log, BSG_LOG_ERROR, "apple", "device %s: no command can be written: %s",
			job->identity.rec.device, err.text);
		bsg_http_fail(job->x, BSG_E_BUG, &err);
		return;
	}
	atomic_fetch_add(&job->apple->counts.offered, 1);
	bsg_http_answer(job->x, &(struct bsg_http_answer){.status = 200, .type = "application/xml", .body = job->plist.data,
							   .body_len = job->plist.len});
}

/* ---- what the phone says --------------------------------------------- */

/* When it is told again: later each time, so that a phone that never obeys costs little. */
static int64_t retry_at(const struct job *job)
{
	const int64_t n = job->identity.rec.n_errors;

	return job->now + (RETRY_S << (n < RETRY_DOUBLINGS ? n : RETRY_DOUBLINGS));
}

static void follow_by(struct job *job, enum bsg_apple_command_kind kind)
{
	job->op.apple_answer.follow = kind;
	job->op.apple_answer.follow_uuid = job->uuid;
}

static void say_error(struct job *job, enum bsg_apple_command_kind other_way, const char *text)
{
	struct bsg_op_apple_answer *op = &job->op.apple_answer;

	op->answer = BSG_APPLE_ERROR;
	snprintf(job->error, sizeof(job->error), "%s", text);
	op->error = job->error;
	if (other_way != BSG_APPLE_NO_COMMAND)
		follow_by(job, other_way);
	else
		op->next = retry_at(job);
}

/* Which way of doing the same is left after an Error. */
static const enum bsg_apple_command_kind other_ways[] = {
	[BSG_APPLE_REMOVE] = BSG_APPLE_INSTALL, [BSG_APPLE_SETTINGS] = BSG_APPLE_INSTALL, [BSG_APPLE_INSTALL] = BSG_APPLE_NO_COMMAND,
	[BSG_APPLE_VERIFY] = BSG_APPLE_VERIFY_LIST, [BSG_APPLE_VERIFY_LIST] = BSG_APPLE_NO_COMMAND,
};

static void read_error(struct job *job)
{
	char text[BSG_RESULT_TROUBLE_SIZE];

	bsg_result_trouble(&job->result, text);
	bsg_log(job->apple->platform.host->log, BSG_LOG_INFO, "apple", "device %s answers %s", job->identity.rec.device, text);
	say_error(job, other_ways[job->identity.rec.command], text);
}

static void say_verified(struct job *job, uint32_t functions)
{
	struct bsg_op_apple_answer *op = &job->op.apple_answer;

	op->answer = BSG_APPLE_VERIFIED;
	op->functions = functions;
	if (functions != (uint32_t)job->identity.rec.desired)
		op->next = retry_at(job);
}

/* Restrictions that are left may be those of another profile of the phone's owner: the list says whether ours is among them (A126). */
static void judge_lift(struct job *job, const struct bsg_lock *lock)
{
	const bool by_list = job->identity.rec.command == BSG_APPLE_VERIFY_LIST;

	if (by_list ? bsg_verify_lifted(&job->result, lock->deployment, lock->seed) : bsg_verify_free(&job->result, lock))
		say_verified(job, 0);
	else
		say_error(job, other_ways[job->identity.rec.command],
			  by_list ? "the lock is still there" : "something is restricted, by our profile or by another one");
}

static void judge(struct job *job, const struct bsg_apple_command *command)
{
	const bool by_list = command->kind == BSG_APPLE_VERIFY_LIST;
	struct bsg_error err;
	struct bsg_lock lock;

	if (by_list ? job->result.profiles == NULL : job->result.restrictions == NULL)
		say_error(job, other_ways[command->kind], "Acknowledged without the answer that was asked for");
	else if (bsg_apple_lock_of(job->apple, &job->identity.rec, command, job->apps, job->now, &lock, &err) != BSG_OK)
		say_error(job, BSG_APPLE_NO_COMMAND, err.text);
	else if (command->functions == 0)
		judge_lift(job, &lock);
	else
		say_verified(job, bsg_verify_restricted(&job->result, &lock, (uint32_t)job->identity.rec.settings_done));
}

/* The profile follows also where something could not be set: the rest is restricted all the same (A124). */
static void take_settings(struct job *job, const struct bsg_apple_command *command)
{
	const struct bsg_apple_rec *rec = &job->identity.rec;
	const uint32_t sent = command->until <= job->now ? 0 :	/* then it was not told to set anything */
			      bsg_apple_settings(rec->kind, (unsigned)rec->os_version, (uint32_t)command->functions);
	const uint32_t done = bsg_result_settings_done(&job->result, sent), missing = sent & ~done;
	char text[BSG_APPLE_ERROR_SIZE];

	job->op.apple_answer.settings_done = done;
	if (missing == 0) {
		job->op.apple_answer.answer = BSG_APPLE_ACKNOWLEDGED;
		follow_by(job, BSG_APPLE_INSTALL);
		return;
	}
	snprintf(text, sizeof(text), "Settings: not switched off:%s%s", (missing & BSG_SETTING_HOTSPOT) != 0 ? " hotspot" : "",
		 (missing & BSG_SETTING_BLUETOOTH) != 0 ? " bluetooth" : "");
	say_error(job, BSG_APPLE_INSTALL, text);
}

/* The command that is out, as the row had it. */
static struct bsg_apple_command command_of(const struct bsg_apple_rec *rec)
{
	struct bsg_apple_command out = {.kind = rec->command, .seq = rec->desired_seq, .functions = rec->desired,
					.until = rec->desired_until};

	memcpy(out.uuid, rec->uuid, sizeof(out.uuid));
	memcpy(out.content, rec->content, sizeof(out.content));
	return out;
}

/* Where locks list apps no answer to Restrictions proves that all are free. */
static enum bsg_apple_command_kind verification_of(const struct bsg_apple_rec *rec)
{
	const uint32_t apps = bsg_apple_told(rec->kind, (unsigned)rec->os_version, BSG_BIT(BSG_APPS), 1);

	return rec->desired == 0 && apps != 0 ? BSG_APPLE_VERIFY_LIST : BSG_APPLE_VERIFY;
}

/* Fill the operation. An answer to another command than the one that is out counts as Idle (A89). */
static enum bsg_err read_answer(struct job *job, struct bsg_error *err)
{
	const struct bsg_apple_rec *rec = &job->identity.rec;
	const bool known = rec->command != BSG_APPLE_NO_COMMAND && strcmp(job->result.command_uuid, rec->uuid) == 0;
	const struct bsg_apple_command command = command_of(rec);
	struct bsg_op_apple_answer *op = &job->op.apple_answer;
	enum bsg_err rc = BSG_OK;

	job->op = (struct bsg_op){.kind = BSG_OP_APPLE_ANSWER};
	*op = (struct bsg_op_apple_answer){.device = rec->device, .answer = BSG_APPLE_IDLE, .at = job->now};
	if (!known || job->result.status == BSG_RESULT_IDLE)
		return BSG_OK;
	op->uuid = rec->uuid;
	if (job->result.status == BSG_RESULT_NOT_NOW) {
		op->answer = BSG_APPLE_NOT_NOW;
	} else if (job->result.status != BSG_RESULT_ACKNOWLEDGED) {
		read_error(job);
	} else if (command.kind == BSG_APPLE_SETTINGS) {
		take_settings(job, &command);
	} else if (command.kind == BSG_APPLE_VERIFY || command.kind == BSG_APPLE_VERIFY_LIST) {
		rc = read_apps(job, &command, err);
		if (rc == BSG_OK)
			judge(job, &command);
	} else {
		op->answer = BSG_APPLE_ACKNOWLEDGED;
		follow_by(job, verification_of(rec));
	}
	return rc == BSG_OK && op->follow != BSG_APPLE_NO_COMMAND ? bsg_random_uuid(job->uuid, err) : rc;
}

/* ---- after the commit ------------------------------------------------ */

static void count(struct bsg_apple_counts *counts, enum bsg_apple_answer answer)
{
	_Atomic uint64_t *const counters[] = {
		[BSG_APPLE_IDLE] = &counts->idles, [BSG_APPLE_ACKNOWLEDGED] = &counts->acknowledged,
		[BSG_APPLE_VERIFIED] = &counts->verified, [BSG_APPLE_ERROR] = &counts->errors, [BSG_APPLE_NOT_NOW] = &counts->not_now,
	};

	atomic_fetch_add(counters[answer], 1);
}

/* A lease that is renewed under the same evidence is proven again, which says nothing of how long a phone takes. */
static bool is_first_proof(const struct bsg_apple_rec *rec)
{
	return rec->desired == 0 || rec->verified != rec->desired || rec->verified_at < rec->crossing_at;
}

static void announce(struct job *job)
{
	const struct bsg_platform_host *host = job->apple->platform.host;
	const struct bsg_op_apple_answer *op = &job->op.apple_answer;
	const struct bsg_apple_rec *rec = &job->identity.rec;

	if (!op->known || op->answer == BSG_APPLE_IDLE)
		return;
	if (op->answer == BSG_APPLE_VERIFIED && op->functions == rec->desired && rec->crossing_at != 0 && is_first_proof(rec))
		host->took(host, rec->device, rec->desired == 0, job->now - rec->crossing_at);
	host->changed(host, rec->device);
}

static void done(struct bsg_batch *batch)
{
	struct job *job = batch->arg;
	struct bsg_http_exchange *x = job->x;

	if (batch->rc == BSG_OK) {
		count(&job->apple->counts, job->op.apple_answer.answer);
		answer_command(job, &job->op.apple_answer.command);
		announce(job);
	} else {
		bsg_apple_fail(job->apple, x, batch->rc, &batch->err);
	}
	job_free(job);
	bsg_http_unref(x);	/* and with it the job */
}

/* ---- before it ------------------------------------------------------- */

/* Make what is likely to be answered, on this thread. */
static enum bsg_err prepare(struct job *job, struct bsg_error *err)
{
	const struct bsg_op_apple_answer *op = &job->op.apple_answer;
	struct bsg_apple_command next = command_of(&job->identity.rec);
	enum bsg_err rc;

	if (op->answer != BSG_APPLE_IDLE) {
		next.kind = op->follow;
		memcpy(next.uuid, job->uuid, sizeof(next.uuid));
	}
	if (next.kind == BSG_APPLE_NO_COMMAND)
		return BSG_OK;
	rc = next.kind == BSG_APPLE_INSTALL ? read_apps(job, &next, err) : BSG_OK;
	return rc == BSG_OK ? write_plist(job, &next, err) : rc;
}

/* What the row says already needs no write: nothing is out, it was given before, or its NotNow is known (A92). @return true: answered */
static bool answer_without_write(struct job *job)
{
	const struct bsg_apple_rec *rec = &job->identity.rec;
	const struct bsg_apple_command command = command_of(rec), none = {.kind = BSG_APPLE_NO_COMMAND};
	const enum bsg_apple_answer answer = job->op.apple_answer.answer;

	if (rec->state != BSG_APPLE_USABLE || (answer == BSG_APPLE_NOT_NOW && rec->not_now_at != 0) ||
	    (answer == BSG_APPLE_IDLE && rec->command == BSG_APPLE_NO_COMMAND))
		answer_command(job, &none);
	else if (answer == BSG_APPLE_IDLE && rec->offered_at != 0)
		answer_command(job, &command);
	else
		return false;
	count(&job->apple->counts, answer);
	return true;
}

static void submit(struct job *job)
{
	struct bsg_error err;
	enum bsg_err rc;

	bsg_result_free(&job->result);	/* read by now: the writer's thread has better to do */
	job->batch = (struct bsg_batch){.ops = &job->op, .n_ops = 1, .done = done, .arg = job};
	bsg_http_hold(job->x, 0, NULL);
	bsg_http_ref(job->x);
	rc = bsg_store_submit(job->apple->platform.host->store, &job->batch, &err);
	if (rc == BSG_OK)
		return;
	bsg_apple_fail(job->apple, job->x, rc, &err);
	job_free(job);
	bsg_http_unref(job->x);
}

/* @return true: the job is on its way, or answered without one; false: nothing of it is kept */
static bool converse(struct job *job)
{
	struct bsg_error err;
	enum bsg_err rc = read_answer(job, &err);

	if (rc == BSG_OK)
		rc = prepare(job, &err);
	if (rc == BSG_E_NOT_FOUND) {	/* its enrolment has ended, or began anew, since it was looked up */
		bsg_apple_fail(job->apple, job->x, BSG_E_DENIED, &err);
		return false;
	}
	if (rc != BSG_OK) {
		bsg_http_fail(job->x, rc == BSG_E_NO_MEMORY || rc == BSG_E_UNAVAILABLE ? rc : BSG_E_BUG, &err);
		return false;
	}
	if (answer_without_write(job))
		return false;
	submit(job);
	return true;
}

void bsg_apple_put_server(struct bsg_http_exchange *x, void *app)
{
	struct bsg_apple *apple = bsg_apple_of(x);
	struct job *job = bsg_http_alloc(x, sizeof(*job));
	struct bsg_error err;
	const void *body;
	size_t len;
	enum bsg_err rc;

	(void)app;
	if (job == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	job->apple = apple;
	job->x = x;
	job->now = bsg_apple_now(apple);
	if (!bsg_apple_identify(apple, x, &job->identity))
		return;
	body = bsg_http_body(x, &len);
	rc = bsg_result_decode(body, len, &job->result, &err);
	if (rc != BSG_OK)
		bsg_apple_fail(apple, x, rc, &err);
	else if (job->result.sender.user_channel)
		bsg_apple_done(x);	/* users of a device have no commands here */
	else if (bsg_apple_is_from(apple, x, &job->identity, &job->result.sender) && converse(job))
		return;
	job_free(job);
}
