/* SPDX-License-Identifier: Apache-2.0 */
/* How schedule/expand.c runs `bosaga-calendar`. Apart, so that tests can run something else in its place. */
#ifndef BSG_SCHEDULE_HELPER_H
#define BSG_SCHEDULE_HELPER_H

#include "schedule/schedule.h"

#define BSG_HELPER_OUTPUT_MAX (1u << 20)
#define BSG_HELPER_WAIT_MS 20000

struct bsg_helper_ask {
	const char *program;	/* path */
	int wait_ms;		/* then it is killed */
	const char *zone;	/* or NULL */
	int64_t from, until;
};

/** As bsg_schedule_expand(), by a given program. */
enum bsg_err bsg_helper_run(const struct bsg_helper_ask *ask, const char *ics, size_t len, struct bsg_schedule *out,
			    struct bsg_schedule_mistake *mistake, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Find the program: beside this one, where packages put it, or in the build tree.
 *
 * @param folder  where this program lies
 * @return BSG_E_UNAVAILABLE: nowhere there, BSG_E_LIMIT: a path too long
 */
enum bsg_err bsg_helper_find(const char *folder, char *path, size_t size, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read what the program printed, trusting nothing: lines `FROM UNTIL`, in order, apart, inside the span, at most
 * BSG_SCHEDULE_WINDOWS_MAX.
 *
 * @return BSG_E_INVALID: anything else, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_helper_windows(const char *text, size_t len, int64_t from, int64_t until, struct bsg_schedule *out) BSG_MUST_CHECK;

/** Read `LINE TEXT`: one line of printable ASCII. @return BSG_E_INVALID: anything else */
enum bsg_err bsg_helper_mistake(const char *text, size_t len, struct bsg_schedule_mistake *out) BSG_MUST_CHECK;

#endif
