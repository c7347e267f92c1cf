/* SPDX-License-Identifier: Apache-2.0 */
/* The platforms of a server. Names no vendor. */
#include "server/platforms.h"

#include <stdlib.h>
#include <string.h>

#include "server/caller.h"
#include "server/drive.h"
#include "server/orders.h"
#include "server/routes.h"

static void host_step(const struct bsg_platform_host *host, const char *device)
{
	bsg_drive_want(host->server, device);
}

static void host_orders(const struct bsg_platform_host *host, const char *device)
{
	bsg_orders_want(host->server, device);
}

static void host_changed(const struct bsg_platform_host *host, const char *device)
{
	(void)device;
	bsg_orders_want_presence(host->server);
}

static void host_took(const struct bsg_platform_host *host, const char *device, bool lift, int64_t seconds)
{
	(void)device;
	bsg_drive_took(host->server, lift, seconds);
}

static enum bsg_err host_apps(const struct bsg_platform_host *host, const char *device, char (*apps)[BSG_APP_NAME_MAX + 1],
			      size_t *n_apps, struct bsg_error *err)
{
	return bsg_drive_apps(host->server, device, apps, n_apps, err);
}

static const char *host_actor(struct bsg_http_exchange *x)
{
	return bsg_caller_needs_all(x) ? bsg_caller_of(x)->actor : NULL;
}

/* The handlers of a platform find it by their route. */
static size_t join_routes(struct bsg_http_route *out, const struct bsg_platform *p)
{
	for (size_t i = 0; i < p->n_routes; i++) {
		out[i] = p->routes[i];
		out[i].user = p;
	}
	return p->n_routes;
}

enum bsg_err bsg_platforms_take(struct bsg_server *server, struct bsg_platform *const *platforms, size_t n, struct bsg_error *err)
{
	size_t n_routes = bsg_n_routes;

	for (size_t i = 0; i < n && i < BSG_PLATFORMS_MAX; i++) {
		server->platforms[server->n_platforms++] = platforms[i];
		n_routes += platforms[i]->n_routes;
	}
	if (n > BSG_PLATFORMS_MAX)
		return bsg_fail(err, BSG_E_INVALID, "%zu platforms, at most %d are possible", n, BSG_PLATFORMS_MAX);
	server->routes = calloc(n_routes, sizeof(*server->routes));
	if (server->routes == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the table of routes");
	memcpy(server->routes, bsg_routes, bsg_n_routes * sizeof(*server->routes));
	server->n_routes = bsg_n_routes;
	for (size_t i = 0; i < server->n_platforms; i++)
		server->n_routes += join_routes(&server->routes[server->n_routes], server->platforms[i]);
	return BSG_OK;
}

enum bsg_err bsg_platforms_start(struct bsg_server *server, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	server->host = (struct bsg_platform_host){
		.store = server->store, .keyring = server->home.keyring, .coverage = server->coverage, .clock = server->clock,
		.log = server->log, .state_dir = server->home.dir, .people_url = server->home.people_url, .step = host_step,
		.orders = host_orders, .changed = host_changed, .took = host_took, .apps = host_apps, .actor = host_actor, .server = server,
	};
	for (size_t i = 0; rc == BSG_OK && i < server->n_platforms; i++) {
		server->platforms[i]->host = &server->host;
		rc = server->platforms[i]->ops->start(server->platforms[i], &server->host, err);
	}
	return rc;
}

enum bsg_err bsg_platforms_serve(struct bsg_server *server, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; rc == BSG_OK && i < server->n_platforms; i++)
		rc = server->platforms[i]->ops->serve(server->platforms[i], err);
	return rc;
}

void bsg_platforms_stop(struct bsg_server *server)
{
	for (size_t i = 0; i < server->n_platforms; i++)
		if (server->platforms[i]->host != NULL)
			server->platforms[i]->ops->stop(server->platforms[i]);
}

void bsg_platforms_free(struct bsg_server *server)
{
	for (size_t i = 0; i < server->n_platforms; i++)
		server->platforms[i]->ops->free(server->platforms[i]);
	server->n_platforms = 0;
	free(server->routes);
	server->routes = NULL;
}

struct bsg_platform *bsg_platform_of(const struct bsg_server *server, const char *kind)
{
	for (size_t i = 0; i < server->n_platforms; i++)
		if (server->platforms[i]->ops->has_kind(server->platforms[i], kind))
			return server->platforms[i];
	return NULL;
}
