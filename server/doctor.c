/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator has to know before users do, and what to do about it: GET /api/v1/doctor. Rules V80-V84. */
#include "platform/health.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/timetext.h"
#include "server/answer.h"
#include "server/app.h"
#include "server/caller.h"
#include "server/handlers.h"

#define LINES_MAX 64
#define GIB (UINT64_C(1) << 30)
#define BACKLOG 1000			/* devices whose orders wait; a policy for all makes that many for moments */
#define OWN_TLS_LEFT (25 * BSG_HEALTH_DAY)	/* ours is made anew with 30 days left */

struct doctor {
	struct bsg_server *server;
	int64_t now;
	struct bsg_health_line lines[LINES_MAX];
	size_t n;
};

static struct bsg_health_line *next(struct doctor *d)
{
	return &d->lines[d->n < LINES_MAX - 1 ? d->n++ : d->n];
}

static void look_at_database(struct doctor *d)
{
	struct bsg_error err;

	if (bsg_store_ready(d->server->store, &err) == BSG_OK)
		bsg_health_say(next(d), "database", BSG_HEALTH_OK, "", "it answers and can be written");
	else
		bsg_health_say(next(d), "database", BSG_HEALTH_BAD, "look at the disk and at the log; nothing is stored until then", "%s", err.text);
}

static void look_at_disk(struct doctor *d)
{
	static const char remedy[] = "make room: with a full disk nothing is stored, and no crossing counts";
	enum bsg_health health = BSG_HEALTH_OK;
	struct statvfs fs;
	uint64_t left, all;

	if (statvfs(d->server->home.dir, &fs) != 0) {
		bsg_health_say(next(d), "disk", BSG_HEALTH_BAD, "look at the state directory", "it does not say how much room is left");
		return;
	}
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	all = (uint64_t)fs.f_blocks * fs.f_frsize;
	if (left < GIB / 10)
		health = BSG_HEALTH_BAD;
	else if (left < GIB || left < all / 10)
		health = BSG_HEALTH_WARNING;
	bsg_health_say(next(d), "disk", health, remedy, "%.1f of %.1f GiB are left", (double)left / (double)GIB, (double)all / (double)GIB);
}

/* Of what we know that it has happened nothing lies ahead. */
static int64_t latest_known(struct doctor *d)
{
	struct bsg_active_policy *active = bsg_active_get(&d->server->active);
	const struct bsg_crossing_filter all = {.place = NULL};
	struct bsg_page page = {.limit = 1};
	int64_t latest = d->server->started;
	struct bsg_crossing_rec crossing;
	struct bsg_error err;

	if (active->rec.activated > latest)
		latest = active->rec.activated;
	bsg_active_put(active);
	if (bsg_store_crossings(d->server->store, &all, &page, &crossing, &err) == BSG_OK && page.n == 1 && crossing.received > latest)
		latest = crossing.received;
	return latest;
}

static void look_at_clock(struct doctor *d)
{
	static const char remedy[] = "set the clock and let NTP hold it: windows, leases and certificates go by it";
	const int64_t latest = latest_known(d);
	char text[BSG_TIME_SIZE], known[BSG_TIME_SIZE];

	bsg_time_format(d->now, text);
	bsg_time_format(latest, known);
	if (d->now + 60 < latest)
		bsg_health_say(next(d), "clock", BSG_HEALTH_BAD, remedy, "it says %s, but something was stored at %s", text, known);
	else
		bsg_health_say(next(d), "clock", BSG_HEALTH_OK, "", "%s", text);
}

static void look_at_tls(struct doctor *d)
{
	const bool is_own = d->server->settings.tls_certificate[0] == '\0';
	struct bsg_health_line *line = next(d);
	int64_t end;

	pthread_mutex_lock(&d->server->planes_lock);
	end = d->server->home.tls.not_after;
	pthread_mutex_unlock(&d->server->planes_lock);
	bsg_health_say_end(line, "tls-certificate", end, d->now, is_own ? "start the server again: it makes a new one" :
			   "renew the file in tls_certificate; it is read again within a day");
	if (is_own && end - d->now > OWN_TLS_LEFT)
		bsg_health_say(line, "tls-certificate", BSG_HEALTH_OK, "", "our own, made anew in time");
}

static void look_at_keys(struct doctor *d)
{
	static const char new_root[] = "all phones have to be enrolled anew under a new root: plan it";
	static const struct { enum bsg_keyring_cert which; const char *name, *remedy; } certificates[] = {
		{BSG_KEYRING_ORDERS, "orders-certificate", "renew it with root-key.pem, which was put away: see docs/spec/keys.md"},
		{BSG_KEYRING_ROOT, "root", new_root},
		{BSG_KEYRING_DEVICE_CA, "device-ca", new_root},
		{BSG_KEYRING_SERVER_CA, "server-ca", new_root},
	};
	struct bsg_cert_info info;
	struct bsg_bytes der;
	struct bsg_error err;

	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		struct bsg_health_line *line = next(d);

		if (bsg_keyring_certificate(d->server->home.keyring, certificates[i].which, &der, &err) == BSG_OK &&
		    bsg_cert_read(der, &info, &err) == BSG_OK)
			bsg_health_say_end(line, certificates[i].name, info.not_after, d->now, certificates[i].remedy);
		else
			bsg_health_say(line, certificates[i].name, BSG_HEALTH_BAD, "restore DIR/keys", "%s", err.text);
	}
}

static void look_at_root_key(struct doctor *d)
{
	char path[600];
	struct bsg_error err;
	const bool is_here = bsg_path_join(d->server->home.dir, "root-key.pem", path, sizeof(path), &err) == BSG_OK && access(path, F_OK) == 0;

	bsg_health_say(next(d), "root-key", is_here ? BSG_HEALTH_WARNING : BSG_HEALTH_OK,
		       "put root-key.pem away, on two media in two safes, and remove it here: who has it can command every phone", "%s",
		       is_here ? "the root's private key still lies in the state directory" : "put away");
}

static void look_at_orders(struct doctor *d)
{
	const uint64_t failed = atomic_load(&d->server->counts.orders_failed);
	struct bsg_counts_rec counts;
	struct bsg_error err;

	if (bsg_store_counts(d->server->store, &counts, &err) != BSG_OK)
		bsg_health_say(next(d), "orders", BSG_HEALTH_BAD, "look at the database", "%s", err.text);
	else
		bsg_health_say(next(d), "orders", counts.orders_due > BACKLOG || failed > 0 ? BSG_HEALTH_WARNING : BSG_HEALTH_OK,
			       "look at the log: it says whose orders cannot be made, and why", "%lld wait to be made, %llu could not be made since the start",
			       (long long)counts.orders_due, (unsigned long long)failed);
}

static void look_at_urls(struct doctor *d)
{
	const struct { const char *name, *url, *remedy; } urls[] = {
		{"public-url", d->server->home.people_url, "set public_url to the address by which people and phones reach this server"},
		{"device-url", d->server->home.device_url, "set device_url to the address by which phones reach this server"},
	};

	for (size_t i = 0; i < 2; i++) {
		const bool bad = bsg_health_is_loopback(urls[i].url);

		bsg_health_say(next(d), urls[i].name, bad ? BSG_HEALTH_WARNING : BSG_HEALTH_OK, urls[i].remedy, "%s%s", urls[i].url,
			       bad ? ", which no phone can reach" : "");
	}
}

static void look_at_policy(struct doctor *d)
{
	struct bsg_active_policy *active = bsg_active_get(&d->server->active);
	const long long version = active->rec.version;

	bsg_active_put(active);
	if (version > 0)
		bsg_health_say(next(d), "policy", BSG_HEALTH_OK, "", "version %lld is in force", version);
	else
		bsg_health_say(next(d), "policy", BSG_HEALTH_WARNING, "apply one with `bosaga policy apply`", "none is in force: nothing is restricted");
}

static json_t *rows(const struct doctor *d, enum bsg_health *worst)
{
	static const char *const names[] = {[BSG_HEALTH_OK] = "ok", [BSG_HEALTH_WARNING] = "warning", [BSG_HEALTH_BAD] = "bad"};
	json_t *items = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct bsg_health_line *line = &d->lines[i];
		json_t *what = json_string(line->what);	/* NULL: what others said was cut in the middle of a character */

		*worst = line->health > *worst ? line->health : *worst;
		if (json_array_append_new(items, json_pack("{s:s, s:s, s:o, s:o}", "name", line->name, "health", names[line->health], "what",
							   what != NULL ? what : json_string("see the log"), "remedy",
							   bsg_reply_text(line->remedy))) != 0) {
			json_decref(items);
			return NULL;
		}
	}
	return items;
}

void bsg_get_doctor(struct bsg_http_exchange *x, void *app)
{
	static void (*const looks[])(struct doctor *) = {look_at_database, look_at_disk, look_at_clock, look_at_tls, look_at_keys,
							 look_at_root_key, look_at_orders, look_at_urls, look_at_policy};
	static const char *const names[] = {"ok", "warning", "bad"};
	struct doctor *d;
	enum bsg_health worst = BSG_HEALTH_OK;
	json_t *items;

	if (!bsg_query_only(x, false, NULL) || !bsg_caller_needs_all(x))
		return;
	d = bsg_http_alloc(x, sizeof(*d));
	if (d == NULL) {
		bsg_http_problem(x, 503, "busy", "out of memory");
		return;
	}
	d->server = app;
	d->now = bsg_now(d->server);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		looks[i](d);
	for (size_t i = 0; i < d->server->n_platforms; i++)
		d->n += d->server->platforms[i]->ops->health(d->server->platforms[i], d->now, &d->lines[d->n], LINES_MAX - d->n);
	items = rows(d, &worst);
	bsg_answer_json(x, 200, items != NULL ? json_pack("{s:s, s:o}", "health", names[worst], "items", items) : NULL, NULL);
}
