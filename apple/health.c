/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for /metrics, and what an operator has to know before users do. */
#include "apple/service.h"

void bsg_apple_metrics(struct bsg_platform *p, struct bsg_buf *out)
{
	(void)p;
	(void)out;
}

size_t bsg_apple_health(struct bsg_platform *p, int64_t now, struct bsg_health_line *out, size_t max)
{
	(void)p;
	(void)now;
	(void)out;
	(void)max;
	return 0;
}
