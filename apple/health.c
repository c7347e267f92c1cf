/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for /metrics, and what an operator has to know before users do. */
#include "platform/health.h"

#include <inttypes.h>
#include <stddef.h>

#include "apple/service.h"
#include "crypto/keyring.h"

struct metric {
	const char *name, *type, *help;
	size_t offset;
};

#define COUNT(member_, help_) {#member_ "_total", "counter", help_, offsetof(struct bsg_apple_counts, member_)}

static const struct metric counts[] = {
	COUNT(scep_issued, "certificates issued"),
	COUNT(scep_renewed, "certificates renewed"),
	COUNT(scep_refused, "certificate requests refused"),
	COUNT(authenticated, "phones that began to enrol"),
	COUNT(token_updates, "push tokens that phones sent"),
	COUNT(checkouts, "phones whose owner removed the profile"),
	COUNT(idles, "calls of phones that asked for a command"),
	COUNT(offered, "commands given to phones"),
	COUNT(acknowledged, "commands that phones acknowledged"),
	COUNT(verified, "verifications answered"),
	COUNT(not_now, "commands put off because the screen was locked"),
	COUNT(errors, "commands answered with an error"),
	COUNT(refused, "requests of phones answered 400"),
};

#define PUSH(member_, name_, type_, help_) {"push_" name_, type_, help_, offsetof(struct bsg_push_stats, member_)}

static const struct metric pushes[] = {	/* A75 */
	PUSH(n_waiting, "waiting", "gauge", "pushes that wait"),
	PUSH(n_flying, "flying", "gauge", "pushes under way to Apple"),
	PUSH(n_asked, "asked_total", "counter", "pushes handed over"),
	PUSH(n_merged, "merged_total", "counter", "of those, merged into one that waited"),
	PUSH(n_refused, "refused_total", "counter", "pushes that did not fit into the queue"),
	PUSH(n_attempts, "attempts_total", "counter", "requests to Apple"),
	PUSH(n_retries, "retries_total", "counter", "of those, not the first of their push"),
	PUSH(n_connections, "connections_total", "counter", "connections to Apple opened"),
	PUSH(n_taken, "taken_total", "counter", "pushes that Apple took"),
	PUSH(n_unregistered, "unregistered_total", "counter", "pushes to tokens that are dead"),
	PUSH(n_bad_token, "bad_token_total", "counter", "pushes to tokens that never were any"),
	PUSH(n_expired, "expired_total", "counter", "pushes that expired before Apple took them"),
	PUSH(n_dropped, "dropped_total", "counter", "pushes dropped by stopping"),
	PUSH(n_failed, "failed_total", "counter", "pushes refused for good"),
};

static void put(struct bsg_buf *out, const struct metric *m, uint64_t value)
{
	bsg_buf_printf(out, "# HELP bosaga_apple_%s %s\n# TYPE bosaga_apple_%s %s\nbosaga_apple_%s %" PRIu64 "\n", m->name, m->help,
		       m->name, m->type, m->name, value);
}

static int64_t push_end(struct bsg_apple *apple)
{
	int64_t end;

	pthread_mutex_lock(&apple->lock);
	end = apple->push_not_after;
	pthread_mutex_unlock(&apple->lock);
	return end;
}

void bsg_apple_metrics(struct bsg_platform *p, struct bsg_buf *out)
{
	static const struct metric state = {"push_state", "gauge", "0 starting, 1 working, 2 Apple is not reached, 3 Apple refuses us", 0};
	static const struct metric end = {"push_certificate_expires", "gauge", "end of the push certificate, Unix seconds; 0: none", 0};
	struct bsg_apple *apple = (struct bsg_apple *)p;
	struct bsg_push_stats stats;
	uint64_t value;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		put(out, &counts[i], atomic_load((_Atomic uint64_t *)(void *)((char *)&apple->counts + counts[i].offset)));
	(void)bsg_apple_wake_stats(apple, &stats);
	for (size_t i = 0; i < sizeof(pushes) / sizeof(pushes[0]); i++) {
		memcpy(&value, (const char *)&stats + pushes[i].offset, sizeof(value));
		put(out, &pushes[i], value);
	}
	put(out, &state, (uint64_t)stats.state);
	put(out, &end, (uint64_t)push_end(apple));
}

static void say_certificate(struct bsg_apple *apple, int64_t now, struct bsg_health_line *line)
{
	static const char name[] = "apple-push-certificate";
	const int64_t end = push_end(apple);

	if (end != 0)
		bsg_health_say_end(line, name, end, now, "renew it at identity.apple.com with the Apple ID that made it: see docs/apple.md");
	else if (apple->options.push_team[0] != '\0')
		bsg_health_say(line, name, BSG_HEALTH_OK, "", "pushes are sent with a token");
	else
		bsg_health_say(line, name, BSG_HEALTH_WARNING, "begin with `bosaga apple push-request`: see docs/apple.md",
			       "there is none: no iPhone can be enrolled, and none is woken");
}

static void say_pushes(struct bsg_apple *apple, struct bsg_health_line *line)
{
	struct bsg_push_stats stats;
	char why[sizeof(apple->push_why)];
	const bool sends = bsg_apple_wake_stats(apple, &stats);
	const unsigned long long n = stats.n_waiting + stats.n_flying;

	pthread_mutex_lock(&apple->lock);
	memcpy(why, apple->push_why, sizeof(why));
	pthread_mutex_unlock(&apple->lock);
	if (stats.state == BSG_PUSH_HALTED)
		bsg_health_say(line, "apple-pushes", BSG_HEALTH_BAD, "exchange the push certificate: see docs/apple.md",
			       "Apple refuses us, %llu wait: %s", n, why);
	else if (stats.state == BSG_PUSH_DOWN)
		bsg_health_say(line, "apple-pushes", BSG_HEALTH_BAD, "let this server reach the push endpoint (TCP 443), and look at Apple's system status",
			       "Apple is not reached, %llu wait: %s", n, why);
	else if (!sends)
		bsg_health_say(line, "apple-pushes", BSG_HEALTH_WARNING, "install a push certificate", "%s", why);
	else
		bsg_health_say(line, "apple-pushes", BSG_HEALTH_OK, "", "%s, %llu wait",
			       stats.state == BSG_PUSH_WORKING ? "Apple takes them" : "none was sent yet", n);
}

static void say_ca(struct bsg_apple *apple, int64_t now, struct bsg_health_line *line)
{
	struct bsg_cert_info info;
	struct bsg_bytes der;
	struct bsg_error err;

	if (bsg_keyring_certificate(apple->platform.host->keyring, BSG_KEYRING_APPLE_CA, &der, &err) == BSG_OK &&
	    bsg_cert_read(der, &info, &err) == BSG_OK)
		bsg_health_say_end(line, "apple-ca", info.not_after, now, "all iPhones have to be enrolled anew under a new CA: plan it");
	else
		bsg_health_say(line, "apple-ca", BSG_HEALTH_BAD, "restore DIR/keys", "%s", err.text);
}

static void say_url(struct bsg_apple *apple, struct bsg_health_line *line)
{
	static const char remedy[] = "set apple_url to an https address that phones reach from outside, before the first enrolment";
	const char *url = apple->platform.plane.url;
	const bool bad = strncmp(url, "https://", 8) != 0 || bsg_health_is_loopback(url);

	bsg_health_say(line, "apple-url", bad ? BSG_HEALTH_WARNING : BSG_HEALTH_OK, remedy, "phones are told %s%s", url,
		       bad ? ", which they cannot reach" : "");
}

size_t bsg_apple_health(struct bsg_platform *p, int64_t now, struct bsg_health_line *out, size_t max)
{
	struct bsg_apple *apple = (struct bsg_apple *)p;

	if (max < 4)
		return 0;
	say_certificate(apple, now, &out[0]);
	say_pushes(apple, &out[1]);
	say_ca(apple, now, &out[2]);
	say_url(apple, &out[3]);
	return 4;
}
