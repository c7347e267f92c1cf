/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building JSON without a check after each call: what could not be made turns the whole into NULL.
 *
 * For policy/ and server/.
 */
#ifndef BSG_POLICY_JSON_H
#define BSG_POLICY_JSON_H

#include "policy/document.h"

/** Set a member; consumes @p value. NULL on either side (no memory) makes *map NULL, for good. */
void bsg_json_put(json_t **map, const char *key, json_t *value);

/** Append an item, as bsg_json_put(). */
void bsg_json_add(json_t **list, json_t *value);

/** A set of functions as a list of names. @return a new reference or NULL */
json_t *bsg_json_functions(uint32_t set);

/** RFC 3339. @return a new reference or NULL */
json_t *bsg_json_time(int64_t utc);

/** {kk, ru, en}, those that are given; null if none is. @return a new reference or NULL */
json_t *bsg_json_texts(const struct bsg_policy_texts *texts);

#endif
