/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From nodes to the model: tables of keys, and readers for what stands behind a key.
 *
 * Private to policy/. A reader that finds a mistake adds it and returns; the document goes on being read, so that its
 * author sees all mistakes at once. Only a lack of memory ends the reading early.
 */
#ifndef BSG_POLICY_LOAD_H
#define BSG_POLICY_LOAD_H

#include "policy/node.h"
#include "schedule/schedule.h"

struct bsg_load_list {
	void *items;
	size_t n, room;
};

struct bsg_load {
	struct bsg_reader reader;
	struct bsg_arena *arena;
	struct bsg_policy_errors *errors;
	const struct bsg_policy_source *source;	/* being read */
	struct bsg_zones zones;	/* read when the first time zone is met */
	bool no_zones;		/* this machine has no tzdata; zones_err says why */
	struct bsg_error zones_err;
	bool no_memory;
	bool denied;		/* some rule names what no rule may */
	char path[160];
	size_t path_len;
	struct bsg_load_list places, calendars, rules;
};

typedef void bsg_load_fn(struct bsg_load *load, const struct bsg_node *node, void *target);

struct bsg_load_key {
	const char *name;
	bsg_load_fn *read;	/* NULL: understood and ignored */
	size_t offset;		/* of the member of the map's struct that `read` fills */
	bool required;
};

/** Note a mistake at @p node under the path of now. */
void bsg_load_error(struct bsg_load *load, const struct bsg_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Read a map by a table of keys: unknown and missing ones are mistakes, null is as good as absent. */
void bsg_load_map(struct bsg_load *load, const struct bsg_node *node, const struct bsg_load_key *keys, size_t n_keys,
		  void *target);

/** Call @p read for each item of a list, with its path; @p target is passed on as it is. */
void bsg_load_each(struct bsg_load *load, const struct bsg_node *node, bsg_load_fn *read, void *target);

/** Go into `.name` of the path. @return what bsg_load_leave() needs */
size_t bsg_load_enter(struct bsg_load *load, const char *name);
void bsg_load_leave(struct bsg_load *load, size_t mark);

/** @return zeroed memory, or NULL with no_memory set (or n 0) */
void *bsg_load_array(struct bsg_load *load, size_t n, size_t size);

/** Append a zeroed item of @p size to a list of at most @p max. @return it, or NULL after noting why not */
void *bsg_load_append(struct bsg_load *load, const struct bsg_node *node, struct bsg_load_list *list, size_t size,
		      size_t max, const char *what);

/** Where @p node stands, with its path for later messages. */
struct bsg_policy_at bsg_load_at(struct bsg_load *load, const struct bsg_node *node);

/* Readers of one value; target is the member's address. */
bsg_load_fn bsg_load_id;	/* const char * */
bsg_load_fn bsg_load_texts;	/* struct bsg_policy_texts */
bsg_load_fn bsg_load_functions;	/* uint32_t, a set */
bsg_load_fn bsg_load_apps;	/* struct bsg_load_names */
bsg_load_fn bsg_load_names;	/* struct bsg_load_names: a list of ids, sorted, no duplicates */
bsg_load_fn bsg_load_windows;	/* struct bsg_load_windows, sorted and joined */
bsg_load_fn bsg_load_version;	/* nothing: `bosaga: 1` */

struct bsg_load_names {
	const char *const *items;
	size_t n;
};

struct bsg_load_windows {
	const struct bsg_policy_window *items;
	size_t n;
};

/** Read one [from, until] pair. @return false: a mistake was noted */
bool bsg_load_window(struct bsg_load *load, const struct bsg_node *node, struct bsg_policy_window *out);

/** Read `90s 3m 14h 2d` within limits. */
void bsg_load_duration(struct bsg_load *load, const struct bsg_node *node, int64_t min_s, int64_t max_s, int64_t *out);

/** Read a whole number within limits. */
void bsg_load_number(struct bsg_load *load, const struct bsg_node *node, int64_t min, int64_t max, uint32_t *out);

/** Read one of the words of a NULL-terminated list. @return its index, or -1: a mistake was noted */
int bsg_load_word(struct bsg_load *load, const struct bsg_node *node, const char *const *words, const char *what);

/** Read one function's name. @return its bit number, or -1: a mistake was noted */
int bsg_load_function(struct bsg_load *load, const struct bsg_node *node, const char *name);

/** Sort windows and join those that overlap or touch, in place. @return how many are left */
size_t bsg_windows_join(struct bsg_policy_window *windows, size_t n);

/* Sections of a document. */
bsg_load_fn bsg_load_places, bsg_load_calendars, bsg_load_rules;	/* target: the struct bsg_load itself */

#endif
