/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A phone for the tests of core: orders that are built in a few words, a state, and
 * one function per event. Each call is a step at a second of the phone's clock.
 */
#ifndef TESTS_CORE_PHONE_H
#define TESTS_CORE_PHONE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bosaga/decide.h>

#define CAM BSG_BIT(BSG_CAMERA)
#define MIC BSG_BIT(BSG_MICROPHONE)
#define APPS BSG_BIT(BSG_APPS)
#define T0 INT64_C(1800000000)		/* where the tests' clock starts */
#define MINUTE 60
#define HOUR 3600
#define DAY 86400

struct phone {
	struct bsg_orders orders;
	struct bsg_guest guests[BSG_GUESTS_MAX];	/* what a host would have stored */
	size_t n_guests;
	struct bsg_state state;
	struct bsg_output out;
	int64_t boot;		/* utc at which the monotonic clock was 0 */
	bool unverified;	/* the clock is not authenticated */
};

struct bsg_str str(const char *text);

/* Orders: device 01.., serial 1, expiring in 35 days, nothing in them. */
void phone_init(struct phone *p);
struct bsg_place *place(struct bsg_orders *o, const char *id, const char *parent);
struct bsg_rule *rule(struct bsg_orders *o, const char *id, const char *where, uint32_t functions);	/* always */
void window(struct bsg_orders *o, struct bsg_rule *r, int64_t from, int64_t until);	/* of the newest rule */
void app(struct bsg_orders *o, struct bsg_rule *r, const char *name);			/* of the newest rule */
void evidence(struct bsg_place *pl, const char *id, enum bsg_evidence_kind kind);
void square(struct bsg_place *pl, int32_t lat, int32_t lon, int32_t half);	/* 1e-7 degrees */
void ready(struct bsg_orders *o);	/* prepare, must succeed */

/* Steps; the last answer is in p->out. t is the time of the event, utc. */
enum bsg_err step(struct phone *p, const struct bsg_event *event);
void tick(struct phone *p, int64_t t);
void gate_in(struct phone *p, int64_t t, const char *where, int64_t at, bool bound);
void gate_in_guest(struct phone *p, int64_t t, const struct bsg_guest *guest, int64_t at, bool bound);
void gate_out(struct phone *p, int64_t t, const char *where, int64_t at);
void self_in(struct phone *p, int64_t t, const char *where);
void seen(struct phone *p, int64_t t, const char *beacon);
void lost(struct phone *p, int64_t t, const char *beacon);
void fix(struct phone *p, int64_t t, int32_t lat, int32_t lon, int64_t accuracy_mm);
void new_orders(struct phone *p, int64_t t, const struct bsg_orders *o);
void boot(struct phone *p, int64_t t);
void press(struct phone *p, int64_t t);

/* Looks at the last answer. */
const struct bsg_out_present *present_in(const struct phone *p, const char *where);	/* NULL: not present */
bool reported(const struct phone *p, enum bsg_out_kind kind);
bool same_answer(const struct bsg_output *a, const struct bsg_output *b);	/* all but next and reports */
bool same_reports(const struct bsg_output *a, const struct bsg_output *b);

#endif
