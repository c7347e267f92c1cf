/* SPDX-License-Identifier: Apache-2.0 */
/* Apple's phones as a platform: its beginning and end, and the table that the server calls. */
#include <stdlib.h>
#include <string.h>

#include "apple/service.h"
#include "crypto/keyring.h"

static struct bsg_apple *apple_of(struct bsg_platform *p)
{
	return (struct bsg_apple *)p;	/* its first member */
}

/* No profile could be made with them, and each phone that is to be locked would be answered 500. */
static enum bsg_err check_names(const struct bsg_apple_options *o, struct bsg_error *err)
{
	char id[BSG_PAYLOAD_ID_SIZE];

	if (bsg_payload_id(o->deployment, BSG_LOCK_SUFFIX, id, err) != BSG_OK)
		return bsg_fail(err, BSG_E_INVALID, "apple_deployment: \"%s\" is no name such as kz.example.bosaga", o->deployment);
	if (o->organisation[0] == '\0')
		return bsg_fail(err, BSG_E_INVALID, "apple_organisation: it is empty, and phones show in whose name they are restricted");
	return BSG_OK;
}

static enum bsg_err start(struct bsg_platform *p, const struct bsg_platform_host *host, struct bsg_error *err)
{
	enum bsg_err rc = check_names(&apple_of(p)->options, err);

	(void)host;
	return rc == BSG_OK ? bsg_apple_wake_start(apple_of(p), err) : rc;
}

static enum bsg_err serve(struct bsg_platform *p, struct bsg_error *err)
{
	enum bsg_err rc = bsg_apple_check_fixed(apple_of(p), err);

	return rc == BSG_OK ? bsg_apple_wake_run(apple_of(p), err) : rc;
}

static void stop(struct bsg_platform *p)
{
	bsg_apple_wake_stop(apple_of(p));
}

static void free_apple(struct bsg_platform *p)
{
	struct bsg_apple *apple = apple_of(p);

	bsg_apple_wake_free(apple);
	pthread_mutex_destroy(&apple->push_lock);
	pthread_mutex_destroy(&apple->lock);
	pthread_mutex_destroy(&apple->fixed_lock);
	free(apple);
}

static bool has_kind(const struct bsg_platform *p, const char *kind)
{
	(void)p;
	return strcmp(kind, "ios-device") == 0 || strcmp(kind, "ios-supervised") == 0;
}

static void delivered(struct bsg_platform *p, const char *device)
{
	(void)device;
	bsg_apple_wake_look(apple_of(p));
}

static void wake(struct bsg_platform *p)
{
	bsg_apple_wake_look(apple_of(p));
}

static const struct bsg_platform_ops ops = {
	.name = "apple", .start = start, .serve = serve, .stop = stop, .free = free_apple, .has_kind = has_kind, .look = bsg_apple_look,
	.due = bsg_apple_due, .deliver = bsg_apple_deliver, .delivered = delivered, .invite = bsg_apple_invite,
	.rights = bsg_apple_rights, .steps = bsg_apple_steps, .metrics = bsg_apple_metrics, .health = bsg_apple_health, .wake = wake,
};

enum bsg_err bsg_apple_new(const struct bsg_apple_options *options, struct bsg_platform **out, struct bsg_error *err)
{
	struct bsg_apple *apple = calloc(1, sizeof(*apple));

	*out = NULL;
	if (apple == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for Apple's phones");
	apple->options = *options;
	apple->platform.ops = &ops;
	apple->platform.routes = bsg_apple_routes;
	apple->platform.n_routes = bsg_n_apple_routes;
	apple->platform.plane = (struct bsg_platform_plane){
		.plane = BSG_HTTP_APPLE, .name = "apple", .listen = options->listen, .given_url = options->url,
		.behind_proxy = options->behind_proxy, .client_ca = BSG_KEYRING_APPLE_CA, .n_threads = options->n_threads,
	};
	pthread_mutex_init(&apple->lock, NULL);
	pthread_mutex_init(&apple->fixed_lock, NULL);
	pthread_mutex_init(&apple->push_lock, NULL);
	*out = &apple->platform;
	return BSG_OK;
}
