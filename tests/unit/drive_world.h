/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole server with its store and a phone without agent, for tests of how it is driven (docs/spec/platform.md).
 *
 * The platform is made here: its phones are rows of the store, so that transactions are real; what it is asked and told is counted,
 * and the tests say what the phones answer.
 */
#ifndef TESTS_DRIVE_WORLD_H
#define TESTS_DRIVE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "http/client.h"
#include "server/drive.h"
#include "store/apple.h"

#define NOW INT64_C(1762743600)	/* 2025-11-10T03:00:00Z */
#define H INT64_C(3600)
#define CAMERA BSG_BIT(BSG_CAMERA)
#define WINDOW_FROM (NOW + 6 * H)
#define WINDOW_UNTIL (NOW + 7 * H)
#define WINDOW "{\"id\": \"r\", \"who\": {\"all\": true}, \"restrict\": [\"camera\"], \"lead\": \"0s\", " \
	"\"windows\": [[\"2025-11-10T09:00:00Z\", \"2025-11-10T10:00:00Z\"]]}"
#define HOUSE "{\"id\": \"r\", \"who\": {\"all\": true}, \"where\": [\"house\", \"yard\"], \"restrict\": [\"camera\", \"microphone\"]}"

/* The phones and their platform; it outlives servers. */
struct drive_world {
	_Atomic int n_delivered, n_conflicts;	/* conflicts yet to be made */
	_Atomic bool is_unknown, is_damaged, is_locked, is_ended, is_unreachable, speaks_first;
	_Atomic bool crosses;	/* it comes into the house just before the next look, and has its orders */
	_Atomic int n_conflicted;
	_Atomic int64_t looked_until;	/* phones due up to this were asked for last */
	_Atomic bool holds_looks, is_held;	/* who asks for them waits; somebody does */
	_Atomic int fails_in;	/* the so-manieth look from now finds a store that cannot be asked; 0: none does */
};

extern struct drive_world world;
extern struct bsg_fake_clock fake;
extern struct bsg_server *server;
extern const char device[BSG_ID_SIZE];

int make_folder(void **state);
int remove_folder(void **state);
int begin(const char *rules);	/* a server with one phone, made for each test, whose teardown is end() */
int end(void **state);
void start_server(void);
void restart(void);
void apply(struct bsg_op op, bool audited);
void enrol(const char *person, const char *id);	/* one more person, with a phone */

void make_orders(void);
void step(void);
/* Stored; nobody has asked for orders yet. @param out  may be NULL */
void cross_at(enum bsg_crossing_direction direction, const char *place, int64_t at, struct bsg_op_crossing_add *out);
void cross(enum bsg_crossing_direction direction, const char *place);	/* now, with its orders */
/* Into the house, through a turnstile whose token is "turnstile", with its orders. @param url  where it may ask for the verdict */
void cross_turnstile(const char *id, char url[static 100]);
int64_t serial(void);

/* A turnstile's question that is held. */
struct question {
	char url[100], heard[128];	/* heard: the ETag of the answer before; "": none */
	struct bsg_http_response answer;
	enum bsg_err rc;
};

void *ask_gate(void *question);
void begin_to_ask(struct question *q, pthread_t *thread);
void end_of_question(struct question *q, pthread_t thread, const char *verdict, const char *why);	/* somebody has made that it is answered */

struct bsg_apple_rec phone(void);
struct bsg_op_apple_answer answer(struct bsg_op_apple_answer said);
void acknowledge(char uuid[BSG_UUID_SIZE]);	/* the phone fetches its command and says that it did so */
void prove(void);
const char *camera_state(void);
void await_desired(int64_t functions);	/* let the thread see the time, until what is desired is so */

#endif
