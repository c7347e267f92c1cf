/* SPDX-License-Identifier: Apache-2.0 */
/* Health, readiness, metrics, status, discovery, and the description of the interface itself. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "server/answer.h"
#include "server/caller.h"
#include "server/drive.h"
#include "server/handlers.h"
#include "server/openapi.h"

static void answer_text(struct bsg_http_exchange *x, const char *type, const void *text, size_t len)
{
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = type, .body = text, .body_len = len});
}

void bsg_get_health(struct bsg_http_exchange *x, void *app)
{
	(void)app;
	answer_text(x, "text/plain", "ok\n", 3);
}

void bsg_get_ready(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_error err = {.text = ""};

	if (bsg_store_ready(server->store, &err) == BSG_OK) {
		answer_text(x, "text/plain", "ok\n", 3);
		return;
	}
	bsg_log(server->log, BSG_LOG_ERROR, "store", "not ready: %s", err.text);
	bsg_http_problem(x, 503, "not-ready", "the database does not answer; see the log");
}

void bsg_get_openapi(struct bsg_http_exchange *x, void *app)
{
	(void)app;
	answer_text(x, "application/yaml", bsg_openapi, bsg_openapi_len);
}

void bsg_get_discover(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_server *server = app;

	bsg_answer_json(x, 200, json_pack("{s:s, s:s, s:s}", "people_url", server->home.people_url, "device_url",
					  server->home.device_url, "ca_sha256", server->home.ca_sha256), NULL);
}

void bsg_get_status(struct bsg_http_exchange *x, void *app)
{
	struct bsg_server *server = app;
	struct bsg_active_policy *active;
	struct bsg_counts_rec counts;
	char version[24] = "";
	struct bsg_error err;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, NULL))
		return;
	rc = bsg_store_counts(server->store, &counts, &err);
	if (rc != BSG_OK) {
		bsg_http_fail(x, rc, &err);
		return;
	}
	active = bsg_active_get(&server->active);
	if (active->rec.version > 0)
		snprintf(version, sizeof(version), "%lld", (long long)active->rec.version);
	bsg_active_put(active);
	bsg_answer_json(x, 200,
			json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:I, s:I}", "version", BSG_VERSION, "time",
				  bsg_reply_time(bsg_now(server)), "started", bsg_reply_time(server->started), "people",
				  (json_int_t)counts.people, "devices", (json_int_t)counts.devices, "present",
				  (json_int_t)counts.present, "policy", bsg_reply_text(version), "waiting",
				  (json_int_t)counts.policies_proposed, "orders_due", (json_int_t)counts.orders_due),
			NULL);
}

static void metric(struct bsg_buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	bsg_buf_printf(out, "# HELP bosaga_%s %s\n# TYPE bosaga_%s %s\nbosaga_%s %" PRIu64 "\n", name, help, name, type, name, value);
}

/* One family of numbers for all planes. */
struct plane_metric {
	const char *name, *type, *help;
	size_t offset;
};

static const struct plane_metric plane_metrics[] = {
	{"connections_total", "counter", "connections accepted", offsetof(struct bsg_http_stats, n_connections)},
	{"connections_open", "gauge", "connections open now", offsetof(struct bsg_http_stats, n_open)},
	{"held_requests", "gauge", "long polls held now", offsetof(struct bsg_http_stats, n_held)},
	{"http_requests_total", "counter", "requests", offsetof(struct bsg_http_stats, n_requests)},
	{"connections_cut_total", "counter", "connections cut by a deadline", offsetof(struct bsg_http_stats, n_cut)},
	{"handshakes_refused_total", "counter", "handshakes refused for their certificate",
	 offsetof(struct bsg_http_stats, n_refused_peers)},
	{"sessions_resumed_total", "counter", "TLS sessions resumed", offsetof(struct bsg_http_stats, n_resumed)},
};

#define PLANES_MAX (3 + BSG_PLATFORMS_MAX)

static void plane_numbers(struct bsg_buf *out, struct bsg_server *server)
{
	const char *names[PLANES_MAX] = {"people", "device", "admin"};
	struct bsg_http_server **planes[PLANES_MAX] = {&server->people, &server->device, &server->admin};
	struct bsg_http_stats stats[PLANES_MAX];
	size_t n = 3;

	for (size_t i = 0; i < server->n_platforms; i++, n++) {
		names[n] = server->platforms[i]->plane.name;
		planes[n] = &server->platform_planes[i];
	}
	memset(stats, 0, sizeof(stats));
	pthread_mutex_lock(&server->planes_lock);
	for (size_t p = 0; p < n; p++)
		if (*planes[p] != NULL)
			bsg_http_server_stats(*planes[p], &stats[p]);
	pthread_mutex_unlock(&server->planes_lock);
	for (size_t m = 0; m < sizeof(plane_metrics) / sizeof(plane_metrics[0]); m++) {
		const struct plane_metric *pm = &plane_metrics[m];

		bsg_buf_printf(out, "# HELP bosaga_%s %s\n# TYPE bosaga_%s %s\n", pm->name, pm->help, pm->name, pm->type);
		for (size_t p = 0; p < n; p++) {
			uint64_t value;

			memcpy(&value, (const char *)&stats[p] + pm->offset, sizeof(value));
			bsg_buf_printf(out, "bosaga_%s{plane=\"%s\"} %" PRIu64 "\n", pm->name, names[p], value);
		}
	}
}

/* From a crossing to the proof (Z9). */
static void took_numbers(struct bsg_buf *out, struct bsg_server *server)
{
	static const char *const names[] = {"restrict", "lift"};

	for (size_t k = 0; k < 2; k++) {
		uint64_t n = 0;

		bsg_buf_printf(out, "# HELP bosaga_time_to_%s_seconds from the crossing, release or edge to the proof by a phone without agent\n"
				    "# TYPE bosaga_time_to_%s_seconds histogram\n", names[k], names[k]);
		for (size_t i = 0; i < BSG_TOOK_BOUNDS; i++) {
			n += atomic_load(&server->counts.took[k][i]);
			bsg_buf_printf(out, "bosaga_time_to_%s_seconds_bucket{le=\"%" PRId64 "\"} %" PRIu64 "\n", names[k],
				       bsg_took_bounds[i], n);
		}
		n += atomic_load(&server->counts.took[k][BSG_TOOK_BOUNDS]);
		bsg_buf_printf(out, "bosaga_time_to_%s_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\nbosaga_time_to_%s_seconds_sum %" PRIu64
				    "\nbosaga_time_to_%s_seconds_count %" PRIu64 "\n",
			       names[k], n, names[k], atomic_load(&server->counts.took_sum[k]), names[k], n);
	}
}

static void platform_numbers(struct bsg_buf *out, struct bsg_server *server)
{
	if (server->n_platforms == 0)
		return;
	metric(out, "steps_total", "counter", "steps of phones without agent", atomic_load(&server->counts.steps));
	metric(out, "steps_failed_total", "counter", "steps of phones without agent that could not be made",
	       atomic_load(&server->counts.steps_failed));
	took_numbers(out, server);
	for (size_t i = 0; i < server->n_platforms; i++)
		if (server->platforms[i]->ops->metrics != NULL)
			server->platforms[i]->ops->metrics(server->platforms[i], out);
}

static void answer_numbers(struct bsg_buf *out, struct bsg_server *server)
{
	bsg_buf_printf(out, "# HELP bosaga_answers_total answers by the first digit of their status; 0: none was sent\n"
			    "# TYPE bosaga_answers_total counter\n");
	for (unsigned i = 0; i < 6; i++)
		bsg_buf_printf(out, "bosaga_answers_total{class=\"%u\"} %" PRIu64 "\n", i, atomic_load(&server->counts.requests[i]));
}

static void work_numbers(struct bsg_buf *out, struct bsg_server *server)
{
	struct bsg_server_counts *c = &server->counts;
	struct bsg_store_stats store;

	bsg_store_stats(server->store, &store);
	metric(out, "crossings_total", "counter", "crossings stored", atomic_load(&c->crossings));
	metric(out, "crossings_stale_total", "counter", "crossings that moved nothing", atomic_load(&c->crossings_stale));
	metric(out, "crossings_refused_total", "counter", "crossings refused", atomic_load(&c->crossings_refused));
	metric(out, "reports_total", "counter", "reports of devices stored", atomic_load(&c->reports));
	metric(out, "instance_conflicts_total", "counter", "batches from a second agent with one key", atomic_load(&c->conflicts));
	metric(out, "orders_made_total", "counter", "orders made", atomic_load(&c->orders_made));
	metric(out, "orders_kept_total", "counter", "orders that a newer policy left as they were", atomic_load(&c->orders_kept));
	metric(out, "orders_failed_total", "counter", "orders that could not be made", atomic_load(&c->orders_failed));
	metric(out, "enrolled_total", "counter", "devices enrolled", atomic_load(&c->enrolled));
	metric(out, "wakes_total", "counter", "wake-ups on the bus", bsg_bus_n_wakes(server->bus));
	metric(out, "store_commits_total", "counter", "commits", store.commits);
	metric(out, "store_batches_total", "counter", "batches committed", store.batches);
	metric(out, "store_refused_total", "counter", "batches refused", store.refused);
	metric(out, "store_failed_total", "counter", "batches lost to a failed commit, never acknowledged", store.failed);
	metric(out, "store_queued", "gauge", "batches that wait for the writer", store.queued);
}

void bsg_get_metrics(struct bsg_http_exchange *x, void *app)
{
	struct bsg_error err;
	struct bsg_buf out;

	bsg_buf_init(&out, 64 * 1024);
	plane_numbers(&out, app);
	answer_numbers(&out, app);
	work_numbers(&out, app);
	platform_numbers(&out, app);
	if (bsg_buf_finish(&out, &err) == BSG_OK)
		answer_text(x, "text/plain; version=0.0.4", out.data, out.len);
	else
		bsg_http_fail(x, err.code, &err);
	bsg_buf_free(&out);
}
