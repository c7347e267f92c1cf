/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/phone.h: the life of an enrolled phone. How it enrols is in sim/enrol.c. */
#include "sim/phone.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/cose.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "http/client.h"
#include "sim/enrol.h"
#include "wire/orders.h"
#include "wire/report.h"

#define WAIT_S 60
#define RETRY_MS 1000

/* Orders as they came, and what they say: the slices point into the bytes. */
struct held_orders {
	uint8_t *bytes;
	struct bsg_orders_message message;
};

struct bsg_sim_phone {
	struct bsg_sim_identity identity;
	const struct bsg_log *log;
	struct bsg_http_client *client;
	struct held_orders *orders;	/* in force; NULL: none yet */
	char etag[128];
	struct bsg_state state;
	struct bsg_output output;
	uint32_t reported;		/* functions of the last report that arrived */
	uint32_t reported_serial;
	uint64_t sequence;		/* of reports; begins at the clock's ms, so that it grows over restarts */
	int64_t server_minus_mono_ms;	/* server's time less our monotonic time; D8's authenticated time */
	_Atomic uint32_t restricted;
	_Atomic bool stop;
};

static void free_orders(struct held_orders *orders)
{
	if (orders != NULL)
		free(orders->bytes);
	free(orders);
}

static struct bsg_time phone_time(const struct bsg_sim_phone *phone)
{
	int64_t mono = bsg_clock_mono_ms(bsg_clock_system());

	return (struct bsg_time){ .utc = (mono + phone->server_minus_mono_ms) / 1000, .mono_ms = mono, .auth = true };
}

static void step(struct bsg_sim_phone *phone, const struct bsg_event *event)
{
	const struct bsg_orders *orders = phone->orders != NULL ? &phone->orders->message.orders : NULL;

	if (bsg_step(orders, NULL, 0, &phone->state, event, &phone->state, &phone->output) != BSG_OK)
		bsg_log(phone->log, BSG_LOG_ERROR, "sim", "%s: the decision refused an event", phone->identity.id);
	atomic_store(&phone->restricted, phone->output.restricted);
}

static enum bsg_err decode_orders(const struct bsg_sim_phone *phone, struct bsg_http_response *response,
				  struct held_orders *held, struct bsg_error *err)
{
	uint8_t digest[BSG_SHA256_LEN];
	struct bsg_bytes message = { response->body, response->body_len };
	struct bsg_bytes root = { phone->identity.root.data, phone->identity.root.len };
	struct bsg_bytes payload;
	const char *why = "";
	enum bsg_err rc;

	rc = bsg_cose_verify_chain(BSG_COSE_ORDERS, message, root, phone_time(phone).utc, &payload, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_orders_decode(payload, &held->message, &why);
	if (rc == BSG_OK)
		rc = bsg_orders_prepare(&held->message.orders, &why);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "orders: %s", why);
	rc = bsg_sha256(message.ptr, message.len, digest, err);
	if (rc != BSG_OK)
		return rc;
	memcpy(held->message.orders.digest, digest, BSG_DIGEST_LEN);
	held->bytes = response->body;
	response->body = NULL;
	return BSG_OK;
}

/* D9 and D11 are the core's: it ticks the old orders and says whether the new ones are taken. */
static enum bsg_err take_orders(struct bsg_sim_phone *phone, struct bsg_http_response *response,
				struct bsg_error *err)
{
	struct held_orders *held = calloc(1, sizeof(*held));
	struct bsg_event event = { .kind = BSG_EVENT_ORDERS_CHANGED, .time = phone_time(phone) };
	enum bsg_err rc;

	if (held == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "orders: out of memory");
	rc = decode_orders(phone, response, held, err);
	if (rc != BSG_OK) {
		free_orders(held);
		return rc;
	}
	event.u.orders = &held->message.orders;
	step(phone, &event);
	if (phone->output.orders_taken) {
		struct held_orders *old = phone->orders;

		phone->orders = held;
		held = old;
	}
	free_orders(held);
	return BSG_OK;
}

static void fill_status(const struct bsg_sim_phone *phone, struct bsg_report_status *status)
{
	const struct bsg_output *out = &phone->output;

	status->serial = phone->orders != NULL ? phone->orders->message.orders.serial : 0;
	status->observed = out->observed;
	status->lift_by = out->lift_by;
	status->discharged = phone->orders != NULL && phone->orders->message.discharge;
	for (int i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		struct bsg_report_function *f = &status->functions[status->n_functions];

		if ((out->restricted & BSG_BIT(i)) == 0)
			continue;
		f->function = BSG_BIT(i);
		f->state = BSG_REPORT_VERIFIED;
		f->since = phone->state.now;
		f->rule = out->why[i].rule;
		f->place = out->why[i].place;
		f->until = out->why[i].until;
		status->n_functions++;
	}
}

static enum bsg_err send_batch(struct bsg_sim_phone *phone, const struct bsg_report_batch *batch,
			       struct bsg_error *err)
{
	uint8_t buf[BSG_REPORT_BATCH_MAX];
	char url[512];
	struct bsg_http_response response;
	struct bsg_bytes body;
	struct bsg_http_request request = { .method = "POST", .url = url, .type = "application/cbor" };
	enum bsg_err rc = bsg_report_encode(batch, buf, sizeof(buf), &body);

	if (rc != BSG_OK)
		return bsg_fail(err, rc, "report: does not encode");
	(void)snprintf(url, sizeof(url), "%s/v1/device/reports", phone->identity.device_url);
	request.body = body.ptr;
	request.body_len = body.len;
	rc = bsg_http_client_do(phone->client, &request, &response, err);
	if (rc == BSG_OK && response.status >= 300)
		rc = bsg_fail(err, BSG_E_DENIED, "report: the server answered %u", response.status);
	bsg_http_response_clear(&response);
	return rc;
}

/* One status when it differs from what the server knows; a failed one is made anew next time. */
static enum bsg_err report(struct bsg_sim_phone *phone, struct bsg_error *err)
{
	uint32_t serial = phone->orders != NULL ? phone->orders->message.orders.serial : 0;
	struct bsg_report_batch *batch;
	enum bsg_err rc;

	if (phone->output.restricted == phone->reported && serial == phone->reported_serial)
		return BSG_OK;
	batch = calloc(1, sizeof(*batch));
	if (batch == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "report: out of memory");
	memcpy(batch->instance, phone->identity.instance, sizeof(batch->instance));
	batch->sequence = ++phone->sequence;
	batch->n_reports = 1;
	batch->reports[0].kind = BSG_REPORT_STATUS;
	batch->reports[0].at = phone_time(phone).utc;
	fill_status(phone, &batch->reports[0].status);
	rc = bsg_random(batch->reports[0].id, sizeof(batch->reports[0].id), err);
	if (rc == BSG_OK)
		rc = send_batch(phone, batch, err);
	if (rc == BSG_OK) {
		phone->reported = phone->output.restricted;
		phone->reported_serial = serial;
	}
	free(batch);
	return rc;
}

/* How long the poll may last: to the next edge of the decision, at most WAIT_S. */
static unsigned poll_s(const struct bsg_sim_phone *phone)
{
	int64_t left = phone->output.next - phone_time(phone).utc;

	if (phone->etag[0] == '\0')
		return 0;
	if (phone->output.next == 0 || left > WAIT_S)
		return WAIT_S;
	return left > 1 ? (unsigned)left : 1;
}

static enum bsg_err poll(struct bsg_sim_phone *phone, struct bsg_error *err)
{
	char url[512];
	struct bsg_http_response response;
	struct bsg_http_request request = { .url = url, .wait_s = poll_s(phone),
					    .if_none_match = phone->etag[0] != '\0' ? phone->etag : NULL };
	enum bsg_err rc;

	(void)snprintf(url, sizeof(url), "%s/v1/device/orders", phone->identity.device_url);
	rc = bsg_http_client_do(phone->client, &request, &response, err);
	if (rc == BSG_OK && response.date != 0)
		phone->server_minus_mono_ms = response.date * 1000 - bsg_clock_mono_ms(bsg_clock_system());
	if (rc == BSG_OK && response.status == 200) {
		char etag[sizeof(phone->etag)];

		memcpy(etag, response.etag, sizeof(etag));
		rc = take_orders(phone, &response, err);
		if (rc == BSG_OK)
			memcpy(phone->etag, etag, sizeof(etag));
	} else if (rc == BSG_OK && response.status != 304) {
		rc = bsg_fail(err, BSG_E_DENIED, "orders: the server answered %u", response.status);
	}
	bsg_http_response_clear(&response);
	return rc;
}

void bsg_sim_phone_run(struct bsg_sim_phone *phone)
{
	struct bsg_event tick = { .kind = BSG_EVENT_BOOT };
	struct bsg_error err;

	tick.time = phone_time(phone);
	tick.time.auth = false;
	step(phone, &tick);
	tick.kind = BSG_EVENT_TICK;
	while (!atomic_load(&phone->stop)) {
		enum bsg_err rc = poll(phone, &err);

		if (rc == BSG_OK) {
			tick.time = phone_time(phone);
			step(phone, &tick);
			rc = report(phone, &err);
		}
		if (rc != BSG_OK && !atomic_load(&phone->stop)) {
			bsg_log(phone->log, BSG_LOG_WARNING, "sim", "%s: %s", phone->identity.id, err.text);
			(void)usleep(RETRY_MS * 1000);
		}
	}
}

void bsg_sim_phone_stop(struct bsg_sim_phone *phone)
{
	atomic_store(&phone->stop, true);
	bsg_http_client_cancel(phone->client);
}

enum bsg_err bsg_sim_phone_open(const char *dir, const struct bsg_sim_invitation *invitation,
				const struct bsg_log *log, struct bsg_sim_phone **out, struct bsg_error *err)
{
	struct bsg_sim_phone *phone = calloc(1, sizeof(*phone));
	struct bsg_http_client_options options = { 0 };
	enum bsg_err rc;

	*out = NULL;
	if (phone == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "phone: out of memory");
	phone->log = log;
	phone->sequence = (uint64_t)bsg_clock_utc_ms(bsg_clock_system());
	phone->server_minus_mono_ms =
		bsg_clock_utc_ms(bsg_clock_system()) - bsg_clock_mono_ms(bsg_clock_system());
	rc = bsg_sim_identity_load(dir, &phone->identity, err);
	if (rc == BSG_E_NOT_FOUND && invitation != NULL) {
		rc = bsg_sim_enrol(dir, invitation, err);
		if (rc == BSG_OK)
			rc = bsg_sim_identity_load(dir, &phone->identity, err);
	}
	if (rc == BSG_OK) {
		options.root = phone->identity.root.data;
		options.root_len = phone->identity.root.len;
		options.certificate_file = phone->identity.certificate_file;
		options.key_file = phone->identity.key_file;
		rc = bsg_http_client_open(&options, &phone->client, err);
	}
	if (rc != BSG_OK) {
		bsg_sim_phone_close(phone);
		return rc;
	}
	*out = phone;
	return BSG_OK;
}

void bsg_sim_phone_close(struct bsg_sim_phone *phone)
{
	if (phone == NULL)
		return;
	bsg_http_client_close(phone->client);
	free_orders(phone->orders);
	bsg_sim_identity_clear(&phone->identity);
	free(phone);
}

const char *bsg_sim_phone_id(const struct bsg_sim_phone *phone)
{
	return phone->identity.id;
}

uint32_t bsg_sim_phone_restricted(const struct bsg_sim_phone *phone)
{
	return atomic_load(&phone->restricted);
}
