/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of the Apple plane (routes.c), each in the file that is named. Rules A100 to A119 of docs/spec/apple.md. */
#ifndef BSG_APPLE_HANDLERS_H
#define BSG_APPLE_HANDLERS_H

#include "http/server.h"

void bsg_apple_get_scep(struct bsg_http_exchange *x, void *app);	/* scep_route.c */
void bsg_apple_post_scep(struct bsg_http_exchange *x, void *app);
void bsg_apple_put_checkin(struct bsg_http_exchange *x, void *app);	/* checkin_route.c */
void bsg_apple_put_server(struct bsg_http_exchange *x, void *app);	/* command_route.c */

#endif
