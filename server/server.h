/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bosagad as a library: start, serve, stop. Two servers can run in one process.
 *
 * Everything that a server knows hangs on its struct; nothing here is global.
 */
#ifndef BSG_SERVER_SERVER_H
#define BSG_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "server/settings.h"

struct bsg_platform;
struct bsg_server;

struct bsg_server_options {
	const char *state_dir;		/* made 0700 at the first start */
	struct bsg_settings settings;	/* copied */
	const struct bsg_log *log;	/* borrowed; NULL: silent */
	const struct bsg_clock *clock;	/* borrowed; NULL: the machine's */
	struct bsg_platform *const *platforms;	/* phones without agent (platform/platform.h); consumed, also on failure */
	size_t n_platforms;		/* at most BSG_PLATFORMS_MAX */
};

#define BSG_PLATFORMS_MAX 4

/**
 * Start a server: keys and database (made if missing), the planes, the admin socket, the background work.
 *
 * @param out  owned by the caller, bsg_server_stop(); NULL on failure
 *
 * @return BSG_E_INVALID (settings), BSG_E_DENIED (the directory is not ours alone, a newer database), BSG_E_CRYPTO (keys do
 *         not load), BSG_E_UNAVAILABLE (disk, address in use), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_server_start(const struct bsg_server_options *options, struct bsg_server **out,
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Stop: answers under way are finished or refused cleanly, everything queued is committed. NULL is fine. Blocks.
 */
void bsg_server_stop(struct bsg_server *server);

/** The URL that people are told, such as https://127.0.0.1:8443; borrowed. */
const char *bsg_server_people_url(const struct bsg_server *server);

/** The URL that phones are told; borrowed. */
const char *bsg_server_device_url(const struct bsg_server *server);

/** The URL that phones of a platform are told, by the platform's number; borrowed. */
const char *bsg_server_platform_url(const struct bsg_server *server, size_t i);

/** Look at the clock now: after a test has moved it. Any thread. */
void bsg_server_wake(struct bsg_server *server);

/** True when this start made the keys: the operator must put the root key away. */
bool bsg_server_is_new(const struct bsg_server *server);

#endif
