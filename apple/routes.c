/* SPDX-License-Identifier: Apache-2.0 */
/* Where Apple's phones call. */
#include "apple/service.h"

const struct bsg_http_route bsg_apple_routes[] = {
	{"GET", "/mdm/none", BSG_HTTP_APPLE, BSG_WHO_ANYONE, .handler = NULL},
};
const size_t bsg_n_apple_routes = 0;

struct bsg_apple *bsg_apple_of(struct bsg_http_exchange *x)
{
	const void *user = bsg_http_route(x)->user;

	return (struct bsg_apple *)(uintptr_t)user;	/* the server put it there, as const because the table is */
}
