/* SPDX-License-Identifier: Apache-2.0 */
/* The device plane: an agent fetches its orders and reports. */
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/caller.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "wire/report.h"

/* ---- orders ---------------------------------------------------------- */

/* What a waiting device has; memory of the exchange, kept small: there are thousands. */
struct poll {
	struct bsg_server *server;
	const char *device;	/* the caller's */
	char seen[BSG_ETAG_SIZE];
};

static void answer_bytes(struct bsg_http_exchange *x, struct bsg_server *server, const char *device)
{
	struct bsg_store_blob bytes = {.data = NULL};
	struct bsg_orders_rec rec;
	char etag[BSG_ETAG_SIZE];
	struct bsg_error err;
	enum bsg_err rc = bsg_store_orders(server->store, device, &rec, &bytes, &err);

	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &err);
	} else {
		bsg_orders_etag(&rec, etag);
		bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = "application/cose", .body = bytes.data,
							      .body_len = bytes.len, .etag = etag});
	}
	bsg_store_blob_free(&bytes);
}

static void answer_if_new(struct bsg_http_exchange *x, const struct poll *poll)
{
	struct bsg_orders_rec rec;
	char etag[BSG_ETAG_SIZE];
	struct bsg_error err;

	if (bsg_store_orders(poll->server->store, poll->device, &rec, NULL, &err) != BSG_OK)
		return;
	bsg_orders_etag(&rec, etag);
	if (strcmp(etag, poll->seen) != 0)
		answer_bytes(x, poll->server, poll->device);
}

void bsg_wake_orders(struct bsg_http_exchange *x)
{
	answer_if_new(x, bsg_http_context(x));
}

static void wait_for_orders(struct bsg_http_exchange *x, struct bsg_server *server, const char *device, const char *etag,
			    int64_t wait_ms)
{
	struct poll *poll = bsg_http_alloc(x, sizeof(*poll));
	char topic[BSG_TOPIC_SIZE] = BSG_TOPIC_DEVICE;

	if (poll == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	poll->server = server;
	poll->device = device;
	memcpy(poll->seen, etag, sizeof(poll->seen));
	memcpy(topic + strlen(topic), device, BSG_ID_SIZE);
	bsg_http_set_context(x, poll);
	bsg_http_hold(x, wait_ms, &(struct bsg_http_answer){.status = 304, .etag = etag});
	bsg_http_waiters_add(server->waiters, topic, x);
	answer_if_new(x, poll);
}

void bsg_get_own_orders(struct bsg_http_exchange *x, void *app)
{
	const char *device = bsg_caller_of(x)->device;
	int64_t wait_ms = bsg_http_wait_ms(x);
	struct bsg_server *server = app;
	char etag[BSG_ETAG_SIZE] = "";
	struct bsg_orders_rec rec;
	struct bsg_error err = {.text = ""};
	enum bsg_err rc = bsg_store_orders(server->store, device, &rec, NULL, &err);

	/* The first orders, and a discharge that nobody has made yet, are not waited for. */
	if (rc == BSG_OK && (rec.serial == 0 || !bsg_caller_of(x)->active)) {
		rc = bsg_orders_make(server, device, false, &err);
		if (rc == BSG_OK)
			rc = bsg_store_orders(server->store, device, &rec, NULL, &err);
	}
	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &err);
		return;
	}
	bsg_orders_etag(&rec, etag);
	if (!bsg_http_if_none_match(x, etag))
		answer_bytes(x, server, device);
	else if (wait_ms == 0)
		bsg_http_answer(x, &(struct bsg_http_answer){.status = 304, .etag = etag});
	else
		wait_for_orders(x, server, device, etag, wait_ms);
}

/* ---- reports --------------------------------------------------------- */

/* By enum bsg_report_kind; as the store keeps them. */
static const char *const kind_names[] = {
	[BSG_REPORT_STATUS] = "status",
	[BSG_REPORT_COVERAGE] = "coverage",
	[BSG_REPORT_EVENT] = "event",
	[BSG_REPORT_BREAK_GLASS] = "break-glass",
	[BSG_REPORT_CROSSING] = "crossing",
	[BSG_REPORT_LEAVING] = "leaving",
};

/* A batch on its way through the writer, with all the memory that it needs. */
struct report_job {
	struct bsg_server *server;
	struct bsg_http_exchange *x;
	struct bsg_batch batch;
	struct bsg_op ops[3];
	struct bsg_op_report reports[BSG_REPORTS_MAX];
	char device[BSG_ID_SIZE], actor[BSG_ACTOR_SIZE];
	bool leaving, changes_view;
	struct bsg_report_batch decoded;
	uint8_t *bytes;		/* each report encoded as a batch of its own */
	size_t n_bytes, cap;
};

static void job_free(struct report_job *job)
{
	bsg_http_unref(job->x);
	free(job->bytes);
	free(job);
}

static void reports_done(struct bsg_batch *batch)
{
	struct report_job *job = batch->arg;

	if (batch->rc == BSG_OK) {
		atomic_fetch_add(&job->server->counts.reports, job->ops[0].reports.n_new);
		bsg_answer_empty(job->x, 204);
		if (job->leaving)
			bsg_orders_want(job->server, job->device);
		if (job->changes_view && job->ops[0].reports.n_new > 0)
			bsg_orders_want_presence(job->server);
	} else if (batch->rc == BSG_E_CONFLICT) {
		atomic_fetch_add(&job->server->counts.conflicts, 1);
		bsg_http_problem(job->x, 409, "conflict",
				 "another agent reports with this device's key: revoke the device and enrol it again");
	} else {
		bsg_http_fail(job->x, batch->rc, &batch->err);
	}
	job_free(job);
}

static void note_kind(struct report_job *job, enum bsg_report_kind kind)
{
	job->leaving = job->leaving || kind == BSG_REPORT_LEAVING;
	job->changes_view = job->changes_view || kind == BSG_REPORT_STATUS || kind == BSG_REPORT_COVERAGE;
}

/* A batch of one is kept as it came; the exchange, and with it the body, lives as long as the job. */
static enum bsg_err keep_one(struct report_job *job, struct bsg_bytes body)
{
	const struct bsg_report_item *item = &job->decoded.reports[0];

	job->reports[0] = (struct bsg_op_report){.id = item->id, .kind = kind_names[item->kind], .at = item->at, .body = body};
	note_kind(job, item->kind);
	return BSG_OK;
}

/* Keep each report by itself, so that the latest of a kind can be read alone: a batch of one, encoded again. */
static enum bsg_err split(struct report_job *job, size_t body_len)
{
	struct bsg_report_batch *one = malloc(sizeof(*one));
	enum bsg_err rc = BSG_OK;

	/* Each of the small batches repeats the instance and the sequence. */
	job->cap = body_len + BSG_REPORTS_MAX * 64;
	job->bytes = malloc(job->cap);
	if (one == NULL || job->bytes == NULL) {
		free(one);
		return BSG_E_NO_MEMORY;
	}
	memcpy(one->instance, job->decoded.instance, sizeof(one->instance));
	one->sequence = job->decoded.sequence;
	one->n_reports = 1;
	for (size_t i = 0; rc == BSG_OK && i < job->decoded.n_reports; i++) {
		struct bsg_report_item *item = &job->decoded.reports[i];
		struct bsg_bytes body;

		one->reports[0] = *item;
		rc = bsg_report_encode(one, job->bytes + job->n_bytes, job->cap - job->n_bytes, &body);
		if (rc != BSG_OK)
			break;
		job->n_bytes += body.len;
		job->reports[i] = (struct bsg_op_report){.id = item->id, .kind = kind_names[item->kind], .at = item->at, .body = body};
		note_kind(job, item->kind);
	}
	free(one);
	return rc;
}

static bool has_kind(const struct report_job *job, enum bsg_report_kind kind)
{
	for (size_t i = 0; i < job->decoded.n_reports; i++)
		if (job->decoded.reports[i].kind == kind)
			return true;
	return false;
}

static void fill_ops(struct report_job *job)
{
	int64_t now = bsg_now(job->server);
	const char *action = job->leaving ? "device-leaving" : has_kind(job, BSG_REPORT_BREAK_GLASS) ? "break-glass" : NULL;

	job->ops[0] = (struct bsg_op){.kind = BSG_OP_REPORTS};
	job->ops[0].reports.device = job->device;
	job->ops[0].reports.instance = job->decoded.instance;
	job->ops[0].reports.sequence = (int64_t)job->decoded.sequence;
	job->ops[0].reports.received = now;
	job->ops[0].reports.reports = job->reports;
	job->ops[0].reports.n_reports = job->decoded.n_reports;
	job->batch.n_ops = 1;
	if (job->leaving) {
		struct bsg_op *op = &job->ops[job->batch.n_ops++];

		*op = (struct bsg_op){.kind = BSG_OP_DEVICE_STATE};
		op->device_state = (struct bsg_op_device_state){job->device, BSG_DEVICE_LEAVING, now};
	}
	if (action != NULL) {
		struct bsg_op *op = &job->ops[job->batch.n_ops++];

		*op = (struct bsg_op){.kind = BSG_OP_AUDIT};
		op->audit = (struct bsg_op_audit){.at = now, .who = job->actor, .action = action, .subject = job->device,
						  .only_if_changed = true};
	}
	job->batch.ops = job->ops;
	job->batch.done = reports_done;
	job->batch.arg = job;
}

static struct report_job *job_new(struct bsg_http_exchange *x, struct bsg_server *server)
{
	const struct bsg_caller *caller = bsg_caller_of(x);
	struct report_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->server = server;
	memcpy(job->device, caller->device, sizeof(job->device));
	memcpy(job->actor, caller->actor, sizeof(job->actor));
	return job;
}

void bsg_post_reports(struct bsg_http_exchange *x, void *app)
{
	const char *why = NULL;
	struct report_job *job;
	struct bsg_error err;
	size_t len;
	const uint8_t *body = bsg_http_body(x, &len);
	enum bsg_err rc;

	if (!bsg_http_has_type(x, "application/cbor")) {
		bsg_http_problem(x, 415, "unsupported-type", "send reports as application/cbor");
		return;
	}
	job = job_new(x, app);
	if (job == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	rc = bsg_report_decode((struct bsg_bytes){body, len}, &job->decoded, &why);
	if (rc == BSG_OK)
		rc = job->decoded.n_reports == 1 ? keep_one(job, (struct bsg_bytes){body, len}) : split(job, len);
	if (rc != BSG_OK) {
		bsg_http_problem(x, 400, "invalid", "no batch of reports: %s", why != NULL ? why : "it cannot be read");
		job_free(job);
		return;
	}
	fill_ops(job);
	bsg_http_hold(x, 0, NULL);
	job->x = bsg_http_ref(x);
	rc = bsg_store_submit(((struct bsg_server *)app)->store, &job->batch, &err);
	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &err);
		job_free(job);
	}
}
