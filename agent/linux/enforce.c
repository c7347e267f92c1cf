/* SPDX-License-Identifier: Apache-2.0 */
/* The list of enforcements: a new function is one file and one line here. */
#include "agent/linux/enforce.h"

const struct bsg_enforcement *const bsg_enforcements[] = {
	&bsg_enforce_camera,
	&bsg_enforce_wifi,
	NULL,
};
