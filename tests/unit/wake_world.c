/* SPDX-License-Identifier: Apache-2.0 */
/* See wake_world.h. */
#include "wake_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "http_certs.h"

static void on_push(const struct bsg_sim_push *p, void *app)
{
	struct world *w = app;

	pthread_mutex_lock(&w->lock);
	assert_true(w->n_pushes < PUSHES_MAX);
	(void)snprintf(w->pushes[w->n_pushes].token, BSG_SIM_TOKEN_SIZE, "%s", p->token);
	w->pushes[w->n_pushes].expiration = p->expiration;
	w->pushes[w->n_pushes].status = p->status;
	w->n_pushes++;
	pthread_mutex_unlock(&w->lock);
}

static void changed(const struct bsg_platform_host *host, const char *device)
{
	struct world *w = host->server;

	(void)device;
	w->n_changed++;
}

unsigned n_pushes(struct world *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->n_pushes;
	pthread_mutex_unlock(&w->lock);
	return n;
}

struct bsg_apple *apple_of(struct world *w)
{
	return (struct bsg_apple *)w->platform;
}

void start_apns(struct world *w)
{
	if (w->endpoint[0] != '\0')
		w->apns_options.listen = w->endpoint;
	assert_ok(w->f, bsg_sim_apns_start(&w->apns_options, &w->apns, &w->f->err));
	(void)snprintf(w->endpoint, sizeof(w->endpoint), "127.0.0.1:%u", bsg_sim_apns_port(w->apns));
}

void stop_apns(struct world *w)
{
	bsg_sim_apns_stop(w->apns);
	w->apns = NULL;
}

void start(struct world *w)
{
	assert_ok(w->f, bsg_apple_new(&w->options, &w->platform, &w->f->err));
	w->platform->host = &w->host;
	assert_ok(w->f, w->platform->ops->start(w->platform, &w->host, &w->f->err));
	assert_ok(w->f, w->platform->ops->serve(w->platform, &w->f->err));
}

void stop(struct world *w)
{
	if (w->platform == NULL)
		return;
	bsg_apple_wake_stop(apple_of(w));
	w->platform->ops->free(w->platform);
	w->platform = NULL;
}

void write_file(struct world *w, unsigned i, const char *name, const char *text)
{
	(void)snprintf(w->files[i], sizeof(w->files[i]), "%s/%s", w->f->dir, name);
	assert_ok(w->f, bsg_file_replace(w->files[i], text, strlen(text), 0600, &w->f->err));
}

int wake_world_set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(fixture_set_up((void **)&w->f), 0);
	pthread_mutex_init(&w->lock, NULL);
	bsg_fake_clock_init(&w->clock, NOW);
	w->apns_options = (struct bsg_sim_apns_options){
		.listen = "127.0.0.1:0", .certificate_pem = cert_server, .key_pem = key_server, .topic = PUSH_TOPIC,
		.client_ca_pem = cert_root, .clock = &w->clock.clock, .on_push = on_push, .app = w,
	};
	start_apns(w);
	write_file(w, 0, "push.crt", cert_push);
	write_file(w, 1, "push.key", key_push);
	write_file(w, 2, "ca.crt", cert_root);
	w->options = (struct bsg_apple_options){
		.listen = "", .url = "", .deployment = "kz.bosaga", .organisation = "House", .topic = "", .push_certificate = w->files[0],
		.push_key = w->files[1], .push_endpoint = w->endpoint, .push_ca = w->files[2], .push_team = "", .push_key_id = "",
		.push_token_key = "",
	};
	w->host = (struct bsg_platform_host){.store = w->f->store, .clock = &w->clock.clock, .state_dir = w->f->dir, .people_url = "",
					     .changed = changed, .server = w};
	add_person(w->f, "a", "u", "1");
	*state = w;
	return 0;
}

int wake_world_tear_down(void **state)
{
	struct world *w = *state;

	stop(w);
	stop_apns(w);
	for (size_t i = 0; i < sizeof(w->files) / sizeof(w->files[0]); i++)
		(void)unlink(w->files[i]);
	fixture_tear_down((void **)&w->f);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return 0;
}

int64_t push_at(struct world *w, unsigned n)
{
	return get_apple(w->f, n).push_at;
}

void pass(struct world *w, int64_t seconds)
{
	bsg_fake_clock_pass(&w->clock, seconds * 1000);
	bsg_apple_wake_look(apple_of(w));
}

void nothing_more(struct world *w, unsigned n)
{
	bsg_apple_wake_look(apple_of(w));
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	bsg_apple_wake_look(apple_of(w));
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	assert_int_equal(n_pushes(w), n);
}
