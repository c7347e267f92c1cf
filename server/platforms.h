/* SPDX-License-Identifier: Apache-2.0 */
/* The platforms of a server: which one a phone is of, their routes and planes, and what they are given. */
#ifndef BSG_SERVER_PLATFORMS_H
#define BSG_SERVER_PLATFORMS_H

#include "server/app.h"

/** Take the platforms over and join their routes with ours. @return BSG_OK, BSG_E_INVALID (too many), BSG_E_NO_MEMORY */
enum bsg_err bsg_platforms_take(struct bsg_server *server, struct bsg_platform *const *platforms, size_t n,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Give them their host and let them begin; the store is open. */
enum bsg_err bsg_platforms_start(struct bsg_server *server, struct bsg_error *err) BSG_MUST_CHECK;

/** Tell them that all planes listen. */
enum bsg_err bsg_platforms_serve(struct bsg_server *server, struct bsg_error *err) BSG_MUST_CHECK;

/** End their own work, before the store is closed. */
void bsg_platforms_stop(struct bsg_server *server);

/** After the store is closed. */
void bsg_platforms_free(struct bsg_server *server);

/** The platform whose phones are of a kind. @return NULL: of none, such as one with an agent */
struct bsg_platform *bsg_platform_of(const struct bsg_server *server, const char *kind);

#endif
