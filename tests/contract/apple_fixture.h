/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of Apple devices share: phones that enrol, and operations with sensible content. */
#ifndef BSG_TEST_APPLE_FIXTURE_H
#define BSG_TEST_APPLE_FIXTURE_H

#include "store/apple.h"
#include "store_fixture.h"

#define CAMERA INT64_C(1)
#define HOTSPOT INT64_C(32)
#define LEASE (T0 + 4 * 3600)

/** Consume an invitation to enrol an iPhone, as SCEP does: device_id(n) and its certificate, digest_of(device_id(n)). */
void certify_phone(struct store_fixture *f, const char *person, unsigned n);

/** As certify_phone(), with Authenticate (its udid is `udid-N`) and TokenUpdate. */
void add_phone(struct store_fixture *f, const char *person, unsigned n);

struct bsg_op authenticate_op(unsigned n, const char *udid);
struct bsg_op token_op(unsigned n, const char *token);
struct bsg_op checkout_op(unsigned n);

/** A step that changes only state and next. */
struct bsg_op step_op(const struct bsg_apple_rec *rec, int64_t next);

/** A step to other functions, with a command and a push. @param uuid  number; 0: no command */
struct bsg_op desire_op(const struct bsg_apple_rec *rec, int64_t functions, enum bsg_apple_command_kind command, unsigned uuid);

/** @param uuid  number; 0: Idle @param follow  number of the follower's uuid; 0: nothing follows */
struct bsg_op answer_op(unsigned n, enum bsg_apple_answer answer, unsigned uuid, enum bsg_apple_command_kind kind,
			unsigned follow);
struct bsg_op idle_op(unsigned n);
struct bsg_op pushed_op(const struct bsg_apple_push_rec *push, enum bsg_apple_push_result result, int64_t again);

/** The first @max that are due at @now. @return how many */
size_t list_due(struct store_fixture *f, int64_t now, size_t max, struct bsg_apple_due_rec *out);
size_t list_pushes(struct store_fixture *f, int64_t now, size_t max, struct bsg_apple_push_rec *out);

struct bsg_apple_rec get_apple(struct store_fixture *f, unsigned n);

/** Step phone @n, from what it is, as desire_op(). */
void desire(struct store_fixture *f, unsigned n, int64_t functions, enum bsg_apple_command_kind command, unsigned uuid);

/** Idle, and expect the command; then Acknowledged followed by a verification, and its answer. Uses uuid + 1, too. */
void deliver(struct store_fixture *f, unsigned n, unsigned uuid, int64_t functions);

/** Count whose orders are due at T0 because something changed, eight at most. */
size_t n_orders_due(struct store_fixture *f);

/* A store with aida, whose phone 1 is enrolled; end it with fixture_tear_down(). */
int apple_set_up(void **state);

#endif
