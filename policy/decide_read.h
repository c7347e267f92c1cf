/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the decision's JSON into core's structs: a cursor that knows its path.
 *
 * Private to policy/decide_*.c. The first mistake counts; later calls do nothing.
 */
#ifndef BSG_POLICY_DECIDE_READ_H
#define BSG_POLICY_DECIDE_READ_H

#include <bosaga/decide.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

struct bsg_decide_reader {
	struct bsg_arena *arena;
	struct bsg_error *err;
	enum bsg_err rc;
	const char *path[8];	/* keys and list names from the root; [n] is not told, the key is enough to find it */
	size_t depth;
};

/** Note a mistake under the path of now. */
void bsg_decide_refuse(struct bsg_decide_reader *r, enum bsg_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Refuse keys that are not in the NULL-terminated list, and what is no object. @return whether to go on */
bool bsg_decide_keys(struct bsg_decide_reader *r, json_t *map, const char *const *keys);

/** Read members; those missing or null give the default. */
int64_t bsg_decide_int(struct bsg_decide_reader *r, json_t *map, const char *key, int64_t min, int64_t max, int64_t none);
bool bsg_decide_bool(struct bsg_decide_reader *r, json_t *map, const char *key, bool none);
struct bsg_str bsg_decide_str(struct bsg_decide_reader *r, json_t *map, const char *key, size_t max, bool required);
struct bsg_text bsg_decide_text(struct bsg_decide_reader *r, json_t *map, const char *key);
uint32_t bsg_decide_functions(struct bsg_decide_reader *r, json_t *map, const char *key, bool required);

/** A list member of at most @p max items. @return it, or NULL: missing, null, or refused */
json_t *bsg_decide_list(struct bsg_decide_reader *r, json_t *map, const char *key, size_t max);

/** Read app names. @return how many */
size_t bsg_decide_apps(struct bsg_decide_reader *r, json_t *map, struct bsg_str *out, size_t max);

/** Copy text into the reader's arena. */
struct bsg_str bsg_decide_own(struct bsg_decide_reader *r, const char *text, size_t len);

/** Fill orders (zeroed before), digest included, and prepare them. */
void bsg_decide_orders(struct bsg_decide_reader *r, json_t *json, struct bsg_orders *out);

/** Fill a guest from an event's `guest`. */
void bsg_decide_guest(struct bsg_decide_reader *r, json_t *json, struct bsg_str place, struct bsg_guest *out);

#endif
