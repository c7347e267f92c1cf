/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store share: an empty store in a folder of its own, and operations with sensible content. */
#ifndef BSG_TEST_STORE_FIXTURE_H
#define BSG_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/ops.h"
#include "store/read.h"

#define T0 INT64_C(1767268800)	/* 2026-01-01T12:00:00Z */

struct store_fixture {
	char dir[64], path[96], url[128];
	struct bsg_store_options options;
	struct bsg_store *store;
	struct bsg_error err;
};

bool fixture_sha256(const void *bytes, size_t len, uint8_t out[BSG_STORE_SHA256_LEN]);

int fixture_set_up(void **state);	/* cmocka: *state is a struct store_fixture */
int fixture_tear_down(void **state);
void fixture_reopen(struct store_fixture *f);
void fixture_close(struct store_fixture *f);

/** A digest that depends on @text: keys, tokens, certificates. @return one of 256 static buffers */
const uint8_t *digest_of(const char *text);

/** 32 hex digits that depend on @n. @return one of 256 static buffers */
const char *device_id(unsigned n);
const char *uuid_of(unsigned n);

/** Apply one operation together with an audit entry. The operation's out members are filled. */
enum bsg_err change(struct store_fixture *f, struct bsg_op *op) BSG_MUST_CHECK;

/** Apply one operation as it is. */
enum bsg_err apply(struct store_fixture *f, struct bsg_op *op) BSG_MUST_CHECK;

#define assert_ok(f, call) do { \
	enum bsg_err rc_ = (call); \
	if (rc_ != BSG_OK) \
		print_error("%s: %s\n", #call, (f)->err.text); \
	assert_int_equal(rc_, BSG_OK); \
} while (0)

void add_person(struct store_fixture *f, const char *id, const char *unit, const char *badge);
struct bsg_op invite_op(const char *token, const char *person);
struct bsg_op enrol_op(const char *token, const char *key, const char *device);
void enrol(struct store_fixture *f, const char *person, const char *device);
struct bsg_op crossing_op(unsigned id, const char *badge, enum bsg_crossing_direction direction, int64_t at);
struct bsg_op audit_op(void);
struct bsg_device_rec get_device(struct store_fixture *f, const char *id);

#endif
