/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded messages as JSON, for tests: the shape of `fields` in tests/vectors. A
 * second way into and out of wire/, so that a field that a decoder forgets is seen.
 */
#ifndef BSG_TEST_MESSAGE_JSON_H
#define BSG_TEST_MESSAGE_JSON_H

#include <jansson.h>

#include "wire/cose.h"

/* A kind of payload that vectors exist for. */
struct message_kind {
	const char *name;		/* file in tests/vectors, without .json */
	enum bsg_cose_kind cose;	/* 0: travels unsigned */
	size_t payload_max;
	/* Decode into memory of its own; on success give fields as JSON and the bytes of encoding again. */
	enum bsg_err (*decode)(struct bsg_bytes payload, json_t **fields, uint8_t *again, size_t cap,
			       struct bsg_bytes *again_out, const char **why);
};

extern const struct message_kind message_kinds[];
extern const size_t n_message_kinds;

/* NULL if there is none of this name. */
const struct message_kind *message_kind_find(const char *name);

/* Hex of bytes as a JSON string. */
json_t *json_hex(const uint8_t *ptr, size_t len);

/* Bytes of a hex text, allocated; aborts if it is none. Never NULL. */
uint8_t *from_hex(const char *hex, size_t *len);

#endif
