/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /mdm/checkin: a phone begins, renews and ends its enrolment. Rules A105 to A109 of docs/spec/apple.md. */
#include <string.h>

#include "apple/checkin.h"
#include "apple/handlers.h"
#include "apple/identity.h"

/* What passes the decoder is never refused by the store, which a phone would hear as a fault of ours. */
_Static_assert(BSG_APPLE_ID_MAX < BSG_UDID_SIZE && BSG_CHECKIN_TOKEN_MAX <= BSG_APPLE_TOKEN_MAX && BSG_APPLE_MAGIC_MAX < BSG_APPLE_MAGIC_SIZE,
	       "the store keeps what a phone may say");

/* One message on its way through the writer; lives in its exchange. */
struct job {
	struct bsg_apple *apple;
	struct bsg_http_exchange *x;
	struct bsg_apple_identity identity;
	struct bsg_checkin message;
	char topic[BSG_PUSH_TOPIC_SIZE];
	struct bsg_batch batch;
	struct bsg_op ops[2];
};

/* ---- what each message becomes --------------------------------------- */

static void add_audit(struct job *job, const char *action)
{
	struct bsg_op *op = &job->ops[job->batch.n_ops++];

	op->kind = BSG_OP_AUDIT;
	op->audit = (struct bsg_op_audit){.at = bsg_apple_now(job->apple), .who = job->identity.actor, .action = action,
					  .subject = job->identity.rec.device, .only_if_changed = true};
}

/* A11: nobody's phone is kept out by its name, also not by a long one. */
static const char *short_text(const char *text)
{
	return text[0] != '\0' && strlen(text) < BSG_APPLE_MODEL_SIZE ? text : NULL;
}

static void fill_authenticate(struct job *job)
{
	const struct bsg_checkin *m = &job->message;

	job->ops[0] = (struct bsg_op){.kind = BSG_OP_APPLE_AUTHENTICATE};
	job->ops[0].apple_authenticate = (struct bsg_op_apple_authenticate){
		.device = job->identity.rec.device, .certificate_sha256 = job->identity.certificate_sha256, .udid = m->sender.id,
		.supervised = strcmp(job->identity.rec.kind, "ios-supervised") == 0, .os_version = bsg_lock_os_level(m->os_version),
		.model = short_text(m->model_name[0] != '\0' ? m->model_name : m->model), .product = short_text(m->product_name),
		.at = bsg_apple_now(job->apple),
	};
	add_audit(job, "apple-authenticate");
}

static void fill_token_update(struct job *job)
{
	const struct bsg_checkin *m = &job->message;

	job->ops[0] = (struct bsg_op){.kind = BSG_OP_APPLE_TOKEN_UPDATE};
	job->ops[0].apple_token_update = (struct bsg_op_apple_token_update){
		.device = job->identity.rec.device, .token = {m->token, m->token_len}, .push_magic = m->push_magic,
		.topic = m->topic[0] != '\0' ? m->topic : job->topic, .at = bsg_apple_now(job->apple),
	};
}

static void fill_checkout(struct job *job)
{
	job->ops[0] = (struct bsg_op){.kind = BSG_OP_APPLE_CHECKOUT};
	job->ops[0].apple_checkout = (struct bsg_op_apple_checkout){.device = job->identity.rec.device, .at = bsg_apple_now(job->apple)};
	add_audit(job, "apple-checkout");
}

/* ---- what follows its commit ----------------------------------------- */

static void after_authenticate(struct job *job)
{
	const struct bsg_platform_host *host = job->apple->platform.host;
	const char *superseded = job->ops[0].apple_authenticate.superseded;

	atomic_fetch_add(&job->apple->counts.authenticated, 1);
	if (superseded[0] != '\0') {
		host->orders(host, superseded);
		host->changed(host, superseded);
		host->orders(host, job->identity.rec.device);	/* it has the older one's presence now */
	}
	host->changed(host, job->identity.rec.device);
}

static void after_token_update(struct job *job)
{
	const struct bsg_platform_host *host = job->apple->platform.host;

	atomic_fetch_add(&job->apple->counts.token_updates, 1);
	if (!job->ops[0].changed)
		return;
	host->step(host, job->identity.rec.device);
	host->changed(host, job->identity.rec.device);
	bsg_apple_wake_look(job->apple);
}

static void after_checkout(struct job *job)
{
	const struct bsg_platform_host *host = job->apple->platform.host;

	atomic_fetch_add(&job->apple->counts.checkouts, 1);
	host->orders(host, job->identity.rec.device);
	host->changed(host, job->identity.rec.device);
}

/* ---- the table of messages ------------------------------------------- */

/* With `fill` it is served; else it is answered with a status of its own, as Apple's protocol has it for what a server lacks. */
static const struct {
	void (*fill)(struct job *job);
	void (*after)(struct job *job);
	unsigned status;
	const char *why;
} messages[] = {
	[BSG_CHECKIN_UNKNOWN] = {.status = 400, .why = "this message is not known here"},
	[BSG_CHECKIN_AUTHENTICATE] = {.fill = fill_authenticate, .after = after_authenticate},
	[BSG_CHECKIN_TOKEN_UPDATE] = {.fill = fill_token_update, .after = after_token_update},
	[BSG_CHECKIN_CHECK_OUT] = {.fill = fill_checkout, .after = after_checkout},
	[BSG_CHECKIN_DECLARATIVE_MANAGEMENT] = {.status = 404, .why = "there is no declarative management here"},
	[BSG_CHECKIN_GET_TOKEN] = {.status = 410, .why = "there are no tokens of services here"},
	[BSG_CHECKIN_SET_BOOTSTRAP_TOKEN] = {.status = 410, .why = "what could unlock a device is not kept here"},
	[BSG_CHECKIN_GET_BOOTSTRAP_TOKEN] = {.status = 410, .why = "what could unlock a device is not kept here"},
	[BSG_CHECKIN_USER_AUTHENTICATE] = {.status = 410, .why = "there are no channels of users here"},
};

static void done(struct bsg_batch *batch)
{
	struct job *job = batch->arg;
	struct bsg_http_exchange *x = job->x;

	if (batch->rc == BSG_OK) {
		bsg_apple_done(x);
		messages[job->message.type].after(job);
	} else {
		bsg_apple_fail(job->apple, x, batch->rc, &batch->err);
	}
	bsg_http_unref(x);	/* and with it the job */
}

static void submit(struct job *job)
{
	struct bsg_error err;
	enum bsg_err rc;

	job->batch = (struct bsg_batch){.ops = job->ops, .n_ops = 1, .done = done, .arg = job};
	messages[job->message.type].fill(job);
	bsg_http_hold(job->x, 0, NULL);
	bsg_http_ref(job->x);
	rc = bsg_store_submit(job->apple->platform.host->store, &job->batch, &err);
	if (rc == BSG_OK)
		return;
	bsg_apple_fail(job->apple, job->x, rc, &err);
	bsg_http_unref(job->x);
}

static void copy_topic(struct bsg_apple *apple, char out[static BSG_PUSH_TOPIC_SIZE])
{
	pthread_mutex_lock(&apple->lock);
	memcpy(out, apple->topic, BSG_PUSH_TOPIC_SIZE);
	pthread_mutex_unlock(&apple->lock);
}

/* @return false after answering */
static bool is_served(struct job *job)
{
	const struct bsg_checkin *m = &job->message;

	if (messages[m->type].status == 400 || (m->sender.user_channel && messages[m->type].fill != NULL))
		bsg_apple_refuse(job->apple, job->x, "invalid", "%s: %s", m->type_name,
				 m->sender.user_channel ? "there are no channels of users here" : messages[m->type].why);
	else if (messages[m->type].fill == NULL)
		bsg_http_problem(job->x, messages[m->type].status, "not-found", "%s: %s", m->type_name, messages[m->type].why);
	else if (m->topic[0] != '\0' && job->topic[0] != '\0' && strcmp(m->topic, job->topic) != 0)
		bsg_apple_refuse(job->apple, job->x, "invalid", "Topic is not the one of this server: install the profile again");
	else if (m->type == BSG_CHECKIN_TOKEN_UPDATE && m->topic[0] == '\0' && job->topic[0] == '\0')
		bsg_http_fail(job->x, BSG_E_UNAVAILABLE, NULL);	/* nobody knows the topic yet: the phone tells its token again */
	else
		return m->type == BSG_CHECKIN_AUTHENTICATE || bsg_apple_is_from(job->apple, job->x, &job->identity, &m->sender);
	return false;
}

void bsg_apple_put_checkin(struct bsg_http_exchange *x, void *app)
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
	copy_topic(apple, job->topic);
	if (!bsg_apple_identify(apple, x, &job->identity))
		return;
	body = bsg_http_body(x, &len);
	rc = bsg_checkin_decode(body, len, &job->message, &err);
	if (rc != BSG_OK)
		bsg_apple_fail(apple, x, rc, &err);
	else if (is_served(job))
		submit(job);
}
