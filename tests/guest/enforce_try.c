/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives one enforcement by hand, without agent or orders:
 *
 *	enforce_try SCOPE STATE FUNCTION probe|impose|lift|verify|keep [SECONDS]
 *
 * `keep` restricts and keeps restricting for SECONDS; `impose` with SECONDS
 * restricts with a lease that ends then. Prints what it saw.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/linux/enforce.h"
#include "base/clock.h"

static const char *const seen_names[] = { "unknown", "open", "restricted", "leaking" };
static const char *const grade_names[] = { "impossible", "partial", "enforced" };

static const struct bsg_enforcement *find(const char *name)
{
	for (size_t i = 0; bsg_enforcements[i]; i++)
		if (strcmp(bsg_enforcements[i]->name, name) == 0)
			return bsg_enforcements[i];
	return NULL;
}

static enum bsg_err keep(const struct bsg_enforcement *e, struct bsg_enforcer *enforcer, int seconds,
			 struct bsg_error *err)
{
	int64_t until = bsg_clock_mono_ms(bsg_clock_system()) + seconds * INT64_C(1000);
	enum bsg_err rc = e->impose(enforcer, err);

	while (rc == BSG_OK) {
		int64_t left = until - bsg_clock_mono_ms(bsg_clock_system());
		struct pollfd fd = { .fd = e->fd(enforcer), .events = POLLIN };
		int again_ms;

		if (left <= 0)
			break;
		rc = e->keep(enforcer, &again_ms, err);
		fd.fd = e->fd(enforcer);
		poll(&fd, 1, again_ms < left ? again_ms : (int)left);
	}
	return rc;
}

static enum bsg_err run(const struct bsg_enforcement *e, struct bsg_enforcer *enforcer, char **argv,
			struct bsg_error *err)
{
	struct bsg_verdict verdict;
	struct bsg_probe probe;

	if (strcmp(argv[4], "probe") == 0) {
		e->probe(enforcer, &probe);
		printf("%s: %s\n", grade_names[probe.grade], probe.why);
		return BSG_OK;
	}
	if (strcmp(argv[4], "verify") == 0) {
		e->verify(enforcer, &verdict);
		printf("%s%s%s\n", seen_names[verdict.seen], verdict.why[0] ? ": " : "", verdict.why);
		return BSG_OK;
	}
	if (strcmp(argv[4], "impose") == 0) {
		if (argv[5] && e->set_end)
			e->set_end(enforcer, bsg_clock_mono_ms(bsg_clock_system()) + atoi(argv[5]) * INT64_C(1000));
		return e->impose(enforcer, err);
	}
	if (strcmp(argv[4], "lift") == 0)
		return e->lift(enforcer, err);
	return keep(e, enforcer, argv[5] ? atoi(argv[5]) : 10, err);
}

int main(int argc, char **argv)
{
	struct bsg_log log = { .fd = 2, .level = BSG_LOG_DEBUG };
	struct bsg_enforce_config config = { .rfkill = "/dev/rfkill", .log = &log };
	const struct bsg_enforcement *e = argc >= 5 ? find(argv[3]) : NULL;
	struct bsg_enforcer *enforcer;
	struct bsg_error err = { 0 };
	enum bsg_err rc;

	if (!e) {
		fprintf(stderr, "enforce_try SCOPE STATE FUNCTION probe|impose|lift|verify|keep [SECONDS]\n");
		return 2;
	}
	snprintf(config.scope, sizeof(config.scope), "%s", argv[1]);
	snprintf(config.state, sizeof(config.state), "%s", argv[2]);
	rc = bsg_devices_parse("c 81:*", &config.camera, &err);
	if (rc == BSG_OK)
		rc = e->open(&config, &enforcer, &err);
	if (rc == BSG_OK) {
		rc = run(e, enforcer, argv, &err);
		e->close(enforcer);
	}
	if (rc != BSG_OK)
		fprintf(stderr, "enforce_try: %s\n", err.text);
	return rc == BSG_OK ? 0 : 1;
}
