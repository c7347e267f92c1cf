/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough JSON to read our own vectors without libc: values are slices of the
 * text, looked up by walking. No escapes, no fractions. What is malformed reads as absent.
 */
#ifndef TESTS_FREESTANDING_JSON_H
#define TESTS_FREESTANDING_JSON_H

#include <stdbool.h>

#include <bosaga/slice.h>

/* A value: its text without blanks around it. Empty: absent. */
struct bsg_str json_whole(struct bsg_str text);
struct bsg_str json_get(struct bsg_str object, const char *key);
bool json_each(struct bsg_str array, size_t *at, struct bsg_str *item);	/* *at = 0 at first */
bool json_is(struct bsg_str value, const char *text);	/* as it is written: null, true, "in" */
bool json_given(struct bsg_str value);			/* neither absent nor null */
struct bsg_str json_text(struct bsg_str value);		/* of a string; empty if it is none */
int64_t json_number(struct bsg_str value, int64_t otherwise);

#endif
