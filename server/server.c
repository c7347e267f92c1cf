/* SPDX-License-Identifier: Apache-2.0 */
/* Start and stop of a server: what is needed first is made first, and goes last. */
#include "server/server.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "server/caller.h"
#include "server/drive.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/platforms.h"
#include "server/routes.h"

#define PEOPLE_THREADS 32	/* a handler waits for its commit: so many crossings share one; 8 could not pass 850 a second on two cores */
#define ADMIN_THREADS 4
#define DEVICE_THREADS 4
#define READERS 16		/* fewer than threads: who waits for a commit reads nothing, and each may keep 16 MiB of pages */

static bool hash(const void *bytes, size_t len, uint8_t out[BSG_STORE_SHA256_LEN])
{
	return bsg_sha256(bytes, len, out, NULL) == BSG_OK;
}

static void wake_orders(struct bsg_http_exchange *x, void *arg)
{
	(void)arg;
	bsg_wake_orders(x);
}

static void wake_presence(struct bsg_http_exchange *x, void *arg)
{
	(void)arg;
	bsg_wake_presence(x);
}

static void wake_verdict(struct bsg_http_exchange *x, void *arg)
{
	(void)arg;
	bsg_wake_verdict(x);
}

/* The bus says that a topic changed: those who are held here look again. */
static void woken(const char *topic, void *arg)
{
	struct bsg_server *server = arg;

	if (strncmp(topic, BSG_TOPIC_DEVICE, strlen(BSG_TOPIC_DEVICE)) == 0) {
		bsg_http_waiters_wake(server->waiters, topic, wake_orders, NULL);
	} else if (strcmp(topic, BSG_TOPIC_VERDICTS) == 0) {
		bsg_http_waiters_wake(server->waiters, topic, wake_verdict, NULL);
	} else if (strcmp(topic, BSG_TOPIC_PRESENCE) == 0) {
		atomic_fetch_add(&server->presence_version, 1);
		bsg_http_waiters_wake(server->waiters, topic, wake_presence, NULL);
	}
}

static void count_answer(const struct bsg_http_done *done, void *app)
{
	struct bsg_server *server = app;
	unsigned class_of = done->status / 100;

	atomic_fetch_add(&server->counts.requests[class_of <= 5 ? class_of : 5], 1);
	bsg_log(server->log, BSG_LOG_DEBUG, "http", "%s %s %s -> %u in %lld us", done->request_id, done->method,
		done->route != NULL ? done->route->path : "-", done->status, (long long)done->took_us);
}

static void common_options(struct bsg_server *server, struct bsg_http_server_options *o)
{
	memset(o, 0, sizeof(*o));
	o->routes = server->routes;
	o->n_routes = server->n_routes;
	o->admit = bsg_caller_admit;
	o->done = count_answer;
	o->log = server->log;
	o->texts = bsg_problem_texts;
	o->n_texts = bsg_n_problem_texts;
	o->app = server;
	o->certificate_pem = server->home.tls.chain_pem;
	o->key_pem = (const char *)server->home.tls.key_pem.data;
}

/* Start one plane and put it into *@slot. @param where  the setting that says where it listens */
static enum bsg_err start_plane(struct bsg_server *server, const struct bsg_http_server_options *o, const char *where,
				struct bsg_http_server **slot, struct bsg_error *err)
{
	const bool has_given = server->settings.tls_certificate[0] != '\0';
	struct bsg_http_server *plane;
	enum bsg_err rc = bsg_http_server_start(o, &plane, err);

	rc = bsg_fail_at(rc == BSG_E_CRYPTO && has_given ? "tls_certificate and tls_key" : where, rc, err);

	pthread_mutex_lock(&server->planes_lock);
	*slot = rc == BSG_OK ? plane : NULL;
	pthread_mutex_unlock(&server->planes_lock);
	return rc;
}

/* Take a plane out first, so that nobody asks it for numbers while it goes. */
static void stop_plane(struct bsg_server *server, struct bsg_http_server **slot)
{
	struct bsg_http_server *plane;

	pthread_mutex_lock(&server->planes_lock);
	plane = *slot;
	*slot = NULL;
	pthread_mutex_unlock(&server->planes_lock);
	bsg_http_server_stop(plane);
}

static enum bsg_err start_people(struct bsg_server *server, struct bsg_error *err)
{
	struct bsg_http_server_options o;
	enum bsg_err rc;

	common_options(server, &o);
	o.plane = BSG_HTTP_PEOPLE;
	o.transport = server->settings.people_tls == BSG_PLANE_TLS_OWN ? BSG_HTTP_TLS : BSG_HTTP_PLAIN;
	o.client_certificate = BSG_HTTP_CERT_NONE;
	o.listen = server->settings.people_listen;
	o.ticket_key_file = server->home.tickets_people;
	o.n_threads = PEOPLE_THREADS;
	rc = start_plane(server, &o, "people_listen", &server->people, err);
	return rc != BSG_OK ? rc
			    : bsg_home_url(server->settings.public_url, o.listen, bsg_http_server_port(server->people),
					   server->home.people_url, err);
}

static enum bsg_err start_device(struct bsg_server *server, struct bsg_error *err)
{
	struct bsg_http_server_options o;
	enum bsg_err rc;

	common_options(server, &o);
	o.plane = BSG_HTTP_DEVICE;
	o.transport = server->settings.device_tls == BSG_PLANE_TLS_OWN ? BSG_HTTP_TLS : BSG_HTTP_PROXY;
	o.client_certificate = BSG_HTTP_CERT_REQUIRED;
	o.client_ca_pem = (const char *)server->home.device_ca_pem.data;
	o.peer_check = bsg_caller_peer_check;
	o.listen = server->settings.device_listen;
	o.ticket_key_file = server->home.tickets_device;
	o.n_threads = DEVICE_THREADS;
	rc = start_plane(server, &o, "device_listen", &server->device, err);
	return rc != BSG_OK ? rc
			    : bsg_home_url(server->settings.device_url, o.listen, bsg_http_server_port(server->device),
					   server->home.device_url, err);
}

static enum bsg_err start_platform(struct bsg_server *server, size_t i, struct bsg_error *err)
{
	struct bsg_platform_plane *plane = &server->platforms[i]->plane;
	struct bsg_http_server_options o;
	struct bsg_bytes ca;
	struct bsg_buf pem;
	char where[64];
	enum bsg_err rc = bsg_keyring_certificate(server->home.keyring, (enum bsg_keyring_cert)plane->client_ca, &ca, err);

	bsg_buf_init(&pem, BSG_CERT_MAX * 2);
	if (rc == BSG_OK)
		rc = bsg_cert_to_pem(ca, &pem, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&pem, err);
	if (rc == BSG_OK) {
		common_options(server, &o);
		o.plane = plane->plane;
		o.transport = plane->behind_proxy ? BSG_HTTP_PROXY : BSG_HTTP_TLS;
		o.client_certificate = BSG_HTTP_CERT_OPTIONAL;
		o.client_ca_pem = (const char *)pem.data;
		o.peer_check = bsg_caller_platform_peer;
		o.peer_refusal = 400;	/* other people's clients take 401 and 403 for the end of their enrolment */
		o.listen = plane->listen;
		o.ticket_key_file = server->home.tickets_platform;
		o.n_threads = plane->n_threads;
		(void)snprintf(where, sizeof(where), "%s_listen", plane->name);
		rc = start_plane(server, &o, where, &server->platform_planes[i], err);
	}
	bsg_buf_free(&pem);
	return rc != BSG_OK ? rc
			    : bsg_home_url(plane->given_url, plane->listen, bsg_http_server_port(server->platform_planes[i]), plane->url, err);
}

static enum bsg_err start_platforms(struct bsg_server *server, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; rc == BSG_OK && i < server->n_platforms; i++)
		rc = start_platform(server, i, err);
	return rc == BSG_OK ? bsg_platforms_serve(server, err) : rc;
}

static enum bsg_err start_admin(struct bsg_server *server, struct bsg_error *err)
{
	struct bsg_http_server_options o;

	common_options(server, &o);
	o.plane = BSG_HTTP_ADMIN;
	o.transport = BSG_HTTP_PLAIN;
	o.client_certificate = BSG_HTTP_CERT_NONE;
	o.listen = server->home.socket;
	o.n_threads = ADMIN_THREADS;
	return start_plane(server, &o, "admin socket", &server->admin, err);
}

/*
 * This thread, and those that it starts from now on, do not push others off their processor when they wake: else each commit, which wakes
 * many, holds up the next one. The store's writer has another policy. What the kernel refuses is only slower.
 */
static void let_writer_run(void)
{
	(void)sched_setscheduler(0, SCHED_BATCH, &(const struct sched_param){.sched_priority = 0});
}

static enum bsg_err start_inside(struct bsg_server *server, const char *dir, struct bsg_error *err)
{
	const struct bsg_store_options store = {.sha256 = hash, .n_readers = READERS};
	enum bsg_err rc = bsg_home_open(dir, &server->settings, bsg_now(server), &server->home, err);

	if (rc == BSG_OK)
		rc = bsg_random_id(server->boot, err);
	if (rc == BSG_OK)
		rc = bsg_coverage_load(&server->coverage, err);
	if (rc == BSG_OK)
		rc = bsg_bus_open(server->settings.bus, &server->bus, err);
	if (rc == BSG_OK)
		rc = bsg_http_waiters_new(&server->waiters, err);
	if (rc == BSG_OK)
		rc = bsg_bus_listen(server->bus, woken, server, err);
	if (rc == BSG_OK)
		rc = bsg_fail_at("database", bsg_store_open(server->home.database, &store, &server->store, err), err);
	if (rc == BSG_OK)
		let_writer_run();
	if (rc == BSG_OK)
		rc = bsg_active_load(&server->active, server->store, bsg_now(server), err);
	if (rc == BSG_OK)
		rc = bsg_orders_new(server, err);
	if (rc == BSG_OK)
		rc = bsg_drive_new(server, err);
	if (rc == BSG_OK)
		rc = bsg_platforms_start(server, err);
	return rc;
}

enum bsg_err bsg_server_start(const struct bsg_server_options *options, struct bsg_server **out, struct bsg_error *err)
{
	struct bsg_server *server = calloc(1, sizeof(*server));
	enum bsg_err rc;

	*out = NULL;
	if (server == NULL) {
		for (size_t i = 0; i < options->n_platforms; i++)
			options->platforms[i]->ops->free(options->platforms[i]);
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a server");
	}
	server->settings = options->settings;
	server->log = options->log;
	server->clock = options->clock != NULL ? options->clock : bsg_clock_system();
	server->started = bsg_now(server);
	bsg_active_init(&server->active);
	bsg_turns_init(&server->turns);
	pthread_mutex_init(&server->planes_lock, NULL);
	pthread_mutex_init(&server->pilot_lock, NULL);
	rc = bsg_platforms_take(server, options->platforms, options->n_platforms, err);
	if (rc == BSG_OK)
		rc = bsg_settings_check(&server->settings, err);
	if (rc == BSG_OK)
		rc = start_inside(server, options->state_dir, err);
	if (rc == BSG_OK)
		rc = bsg_orders_start(server, err);
	if (rc == BSG_OK)
		rc = bsg_drive_start(server, err);
	if (rc == BSG_OK)
		rc = start_people(server, err);
	if (rc == BSG_OK)
		rc = start_device(server, err);
	if (rc == BSG_OK)
		rc = start_platforms(server, err);
	if (rc == BSG_OK)
		rc = start_admin(server, err);
	if (rc != BSG_OK) {
		bsg_server_stop(server);
		return rc;
	}
	atomic_store(&server->serving, true);
	*out = server;
	return BSG_OK;
}

void bsg_server_stop(struct bsg_server *server)
{
	if (server == NULL)
		return;
	/* No new requests; then no new orders; then what is queued is committed and its callbacks run. */
	stop_plane(server, &server->people);
	stop_plane(server, &server->device);
	stop_plane(server, &server->admin);
	for (size_t i = 0; i < server->n_platforms; i++)
		stop_plane(server, &server->platform_planes[i]);
	bsg_drive_stop(server);
	bsg_orders_stop(server);
	bsg_platforms_stop(server);
	bsg_store_close(server->store);
	bsg_drive_free(server);
	bsg_orders_free(server);
	bsg_platforms_free(server);
	bsg_http_waiters_free(server->waiters);
	bsg_bus_close(server->bus);
	bsg_coverage_free(server->coverage);
	bsg_active_free(&server->active);
	bsg_turns_free(&server->turns);
	bsg_home_close(&server->home);
	pthread_mutex_destroy(&server->planes_lock);
	pthread_mutex_destroy(&server->pilot_lock);
	free(server);
}

const char *bsg_server_people_url(const struct bsg_server *server)
{
	return server->home.people_url;
}

const char *bsg_server_device_url(const struct bsg_server *server)
{
	return server->home.device_url;
}

const char *bsg_server_platform_url(const struct bsg_server *server, size_t i)
{
	return server->platforms[i]->plane.url;
}

void bsg_server_wake(struct bsg_server *server)
{
	bsg_drive_wake(server);
	for (size_t i = 0; i < server->n_platforms; i++)
		if (server->platforms[i]->ops->wake != NULL)
			server->platforms[i]->ops->wake(server->platforms[i]);
}

bool bsg_server_is_new(const struct bsg_server *server)
{
	return server->home.is_new;
}
