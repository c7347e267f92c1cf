/* SPDX-License-Identifier: Apache-2.0 */
/* See bench/day_world.h. */
#include "bench/day_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "bench/apple_fleet.h"
#include "bench/apple_seed.h"

#define N_CONNECTIONS 16
#define SETTLE_S 60

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "day: %s: %s\n", what, why);
	exit(1);
}

static void must(enum bsg_err rc, const char *what, const struct bsg_error *err)
{
	if (rc != BSG_OK)
		die(what, err->text);
}

static void on_push(const struct bsg_sim_push *push, void *app)
{
	struct bsg_world *world = app;

	if (push->status == 200)
		bsg_fleet_pushed(world->fleet, push->token);
}

static void start_server(struct bsg_world *world)
{
	static char certificate[300], key[300], ca[300], endpoint[60];
	struct bsg_apple_options apple = {
		.listen = "127.0.0.1:0", .url = "https://phones.example", .behind_proxy = true, .deployment = "kz.bosaga", .organisation = "Bosaga",
		.topic = "", .push_certificate = certificate, .push_key = key, .push_endpoint = endpoint, .push_ca = ca,
		.push_team = "", .push_key_id = "", .push_token_key = "",
	};
	struct bsg_server_options options = {.log = &world->log, .clock = &world->clock.clock, .platforms = &world->platform, .n_platforms = 1};
	struct bsg_error err = {.text = ""};
	char state[300];

	(void)snprintf(certificate, sizeof(certificate), "%s/push.pem", world->dir);
	(void)snprintf(key, sizeof(key), "%s/push.key", world->dir);
	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", world->dir);
	(void)snprintf(endpoint, sizeof(endpoint), "localhost:%u", bsg_sim_apns_port(world->apns));
	(void)snprintf(state, sizeof(state), "%s/state", world->dir);
	options.state_dir = state;
	must(bsg_settings_load(NULL, &options.settings, &err), "settings", &err);
	(void)snprintf(options.settings.people_listen, sizeof(options.settings.people_listen), "127.0.0.1:0");
	(void)snprintf(options.settings.device_listen, sizeof(options.settings.device_listen), "127.0.0.1:0");
	options.settings.people_tls = BSG_PLANE_TLS_PROXY;
	must(bsg_apple_new(&apple, &world->platform, &err), "platform", &err);
	must(bsg_server_start(&options, &world->server, &err), "server", &err);
	world->people_port = bsg_http_server_port(world->server->people);
}

static void make_phone(struct bsg_fleet_phone *phone, struct bsg_seed_phone *seeded, size_t i)
{
	struct bsg_buf text;
	size_t len;

	bsg_buf_init(&text, 16384);
	bsg_base64_encode(seeded->certificate.data, seeded->certificate.len, 0, &text);
	bsg_buf_add(&text, "", 1);
	phone->certificate = (char *)bsg_buf_take(&text, &len);
	bsg_buf_free(&seeded->certificate);
	bsg_iphone_init(&phone->iphone, i, 0, "17.5.1");
	if (phone->certificate == NULL)
		die("phones", "no memory");
}

static void fill(struct bsg_world *world, int64_t now, const char *policy)
{
	struct bsg_seed_phone *seeded = calloc(world->n, sizeof(*seeded));
	struct bsg_error err = {.text = ""};
	char state[300];
	const struct bsg_seed seed = {.dir = state, .policy = policy, .n = (unsigned)world->n, .at = now};

	(void)snprintf(state, sizeof(state), "%s/state", world->dir);
	world->phones = calloc(world->n, sizeof(*world->phones));
	if (seeded == NULL || world->phones == NULL)
		die("phones", "no memory");
	must(bsg_seed(&seed, seeded, &err), "seed", &err);
	for (size_t i = 0; i < world->n; i++)
		make_phone(&world->phones[i], &seeded[i], i);
	free(seeded);
}

void bsg_world_open(struct bsg_world *world, unsigned n, int64_t now, const char *policy)
{
	struct bsg_fleet_options options = {.n_threads = N_CONNECTIONS, .topic = BSG_DAY_TOPIC, .clock = &world->clock.clock, .n = n};
	const char *tmp = getenv("TMPDIR");
	struct bsg_error err = {.text = ""};

	*world = (struct bsg_world){.n = n, .log = {.fd = 2, .level = BSG_LOG_ERROR}};
	(void)snprintf(world->dir, sizeof(world->dir), "%s/bosaga-day-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(world->dir) == NULL)
		die("folder", world->dir);
	bsg_fake_clock_init(&world->clock, now);
	world->apns = bsg_bench_apns(world->dir, "127.0.0.1:0", BSG_DAY_TOPIC, &world->clock.clock, on_push, world);
	start_server(world);	/* makes the keys */
	bsg_server_stop(world->server);
	fill(world, now, policy);
	start_server(world);
	options.port = bsg_http_server_port(world->server->platform_planes[0]);
	options.phones = world->phones;
	must(bsg_fleet_start(&options, &world->fleet, &err), "fleet", &err);
}

static void remove_folder(const char *dir)
{
	char command[260];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		(void)fprintf(stderr, "day: %s is left\n", dir);
}

void bsg_world_close(struct bsg_world *world)
{
	bsg_server_stop(world->server);
	bsg_sim_apns_stop(world->apns);
	bsg_fleet_stop(world->fleet);
	bsg_bench_phones_free(world->phones, world->n);
	remove_folder(world->dir);
}

bool bsg_world_apple_works(const struct bsg_world *world)
{
	return !world->apns_is_down && bsg_clock_utc(&world->clock.clock) >= world->apns_works_from;
}

/* What is left to do now; NULL: nothing. In the order in which one causes the next, so that nothing slips through. */
static const char *left(struct bsg_world *world)
{
	const int64_t now = bsg_clock_utc(&world->clock.clock);
	struct bsg_store *store = world->server->store;
	const struct bsg_due_ask ask = {.now = now, .latest = INT64_MAX, .policy = 1};
	struct bsg_apple_push_rec push;
	struct bsg_apple_due_rec step;
	struct bsg_store_stats stats;
	struct bsg_push_stats pushes;
	struct bsg_due_rec orders;
	struct bsg_error err;
	struct bsg_page page = {.cursor = "", .limit = 1};

	bsg_apple_wake_stats((struct bsg_apple *)world->platform, &pushes);
	if (bsg_store_orders_due(store, &ask, &page, &orders, &err) != BSG_OK || page.n > 0)
		return "orders";
	page = (struct bsg_page){.cursor = "", .limit = 1};
	if (bsg_store_apple_due(store, now, &page, &step, &err) != BSG_OK || page.n > 0)
		return "steps";
	page = (struct bsg_page){.cursor = "", .limit = 1};
	if (bsg_world_apple_works(world) &&
	    (bsg_store_apple_pushes(store, now, &page, &push, &err) != BSG_OK || page.n > 0 || pushes.n_waiting > 0))
		return pushes.state == BSG_PUSH_DOWN ? "pushes: the connection to APNs broke" : "pushes that are due";
	if (pushes.n_flying > 0)
		return "pushes under way";
	if (!bsg_fleet_is_idle(world->fleet))
		return "phones";
	bsg_store_stats(store, &stats);
	return stats.queued > 0 ? "the writer's queue" : NULL;
}

bool bsg_world_settle(struct bsg_world *world)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	const time_t until = time(NULL) + SETTLE_S + (time_t)(world->n / 100);	/* a tick of many is long, not stuck */
	int n_quiet = 0;

	while (n_quiet < 2 && time(NULL) < until) {
		n_quiet = left(world) == NULL ? n_quiet + 1 : 0;
		(void)nanosleep(&pause, NULL);
	}
	if (n_quiet < 2)
		(void)fprintf(stderr, "day: there are still: %s\n", left(world));
	return n_quiet == 2;
}

void bsg_world_pass(struct bsg_world *world, int64_t s)
{
	bsg_fake_clock_pass(&world->clock, s * 1000);
	bsg_server_wake(world->server);
}

void bsg_world_apns(struct bsg_world *world, bool is_down)
{
	const struct bsg_sim_behaviour behaviour = {.drops = is_down};

	world->apns_is_down = is_down;
	world->apns_works_from = bsg_clock_utc(&world->clock.clock) + BSG_DAY_RECOVERY_S;
	bsg_sim_apns_behave(world->apns, &behaviour);
	if (is_down)
		bsg_sim_apns_drop_all(world->apns);
}
