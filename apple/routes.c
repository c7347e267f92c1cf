/* SPDX-License-Identifier: Apache-2.0 */
/* Where Apple's phones call. */
#include "apple/checkin.h"
#include "apple/handlers.h"
#include "apple/scep.h"
#include "apple/push_keys.h"
#include "apple/result.h"
#include "apple/service.h"

#define APPLE BSG_HTTP_APPLE

const struct bsg_http_route bsg_apple_routes[] = {
	/* Anyone: what admits is the challenge, or the certificate to be renewed, inside the message. */
	{"GET", "/scep", APPLE, BSG_WHO_ANYONE, .handler = bsg_apple_get_scep},
	{"POST", "/scep", APPLE, BSG_WHO_ANYONE, BSG_SCEP_MESSAGE_MAX, .handler = bsg_apple_post_scep},
	{"PUT", "/mdm/checkin", APPLE, BSG_WHO_APPLE, BSG_CHECKIN_MAX, .handler = bsg_apple_put_checkin},
	{"PUT", "/mdm/server", APPLE, BSG_WHO_APPLE, BSG_RESULT_MAX, .handler = bsg_apple_put_server},
	{"POST", "/api/v1/apple/push-request", BSG_HTTP_PEOPLE | BSG_HTTP_ADMIN, BSG_WHO_ADMIN | BSG_WHO_SOCKET,
	 .handler = bsg_apple_post_push_request},
	{"PUT", "/api/v1/apple/push-certificate", BSG_HTTP_PEOPLE | BSG_HTTP_ADMIN, BSG_WHO_ADMIN | BSG_WHO_SOCKET,
	 BSG_APPLE_PUSH_PEM_MAX, .handler = bsg_apple_put_push_certificate},
};
const size_t bsg_n_apple_routes = sizeof(bsg_apple_routes) / sizeof(bsg_apple_routes[0]);

struct bsg_apple *bsg_apple_of(struct bsg_http_exchange *x)
{
	const void *user = bsg_http_route(x)->user;

	return (struct bsg_apple *)(uintptr_t)user;	/* the server put it there, as const because the table is */
}
