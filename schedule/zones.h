/* SPDX-License-Identifier: Apache-2.0 */
/* Where tzdata is, and reading the names of zones from elsewhere, for tests. */
#ifndef BSG_SCHEDULE_ZONES_H
#define BSG_SCHEDULE_ZONES_H

#include "schedule/schedule.h"

#define BSG_ZONEINFO "/usr/share/zoneinfo"

/** As bsg_zones_load(), from the directory @zoneinfo. */
enum bsg_err bsg_zones_load_from(const char *zoneinfo, struct bsg_zones *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Find a name. @return the one that @zones holds, or NULL */
const char *bsg_zones_find(const struct bsg_zones *zones, const char *name);

#endif
