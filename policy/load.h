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
	bool full;		/* and that was said */
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
	bool cut;		/* part of the policy was not read: a broken file, more than a limit */
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

/** As bsg_load_error(), for what no rule may name (D10): BSG_E_DENIED. */
void bsg_load_deny(struct bsg_load *load, const struct bsg_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** As bsg_load_error(), for more than a limit: BSG_E_LIMIT. */
void bsg_load_limit(struct bsg_load *load, const struct bsg_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Note a mistake at the member @p key of a map, or at the map if it has none. */
void bsg_load_error_in(struct bsg_load *load, const struct bsg_node *map, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define BSG_LOAD_WHAT_SIZE 200

/** Name what a node is instead of what it should be: `a list`, `nothing`, `'text'`. @return buf */
const char *bsg_load_what(const struct bsg_node *node, char buf[static BSG_LOAD_WHAT_SIZE]);

/** Tell whether a node is a word (in YAML an id of digits looks like a number), noting that it must be @p what if not. */
bool bsg_load_is_word(struct bsg_load *load, const struct bsg_node *node, const char *what);

/** Tell how many mistakes were found so far: later checks are left out when they would only repeat one. */
size_t bsg_load_mistakes(const struct bsg_load *load);

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
bsg_load_fn bsg_load_refs;	/* struct bsg_load_refs: the same, with where each stands */
bsg_load_fn bsg_load_ref;	/* struct bsg_load_ref: an id */
bsg_load_fn bsg_load_windows;	/* struct bsg_load_windows, sorted and joined */
bsg_load_fn bsg_load_version;	/* nothing: `bosaga: 1` */

struct bsg_load_names {
	const char *const *items;
	size_t n;
};

struct bsg_load_ref {
	const char *id;
	struct bsg_policy_at at;
};

struct bsg_load_refs {
	const char *const *items;
	const struct bsg_policy_at *at;
	size_t n;
};

/** Sort references by id, keep the first of each, and part ids from positions. */
void bsg_load_refs_sort(struct bsg_load *load, struct bsg_load_ref *refs, size_t n, struct bsg_load_refs *out);

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

/** Read one function's name. @param node where it stands @return its bit number, or -1: a mistake was noted */
int bsg_load_function(struct bsg_load *load, const struct bsg_node *node, const char *name);

/** Note when `apps` is restricted and no app is named, or the other way round (P10, P11). @param map the rule or guest */
void bsg_load_check_apps(struct bsg_load *load, const struct bsg_node *map, uint32_t restrict_set, size_t n_apps);

/** Sort windows and join those that overlap or touch, in place. @return how many are left */
size_t bsg_windows_join(struct bsg_policy_window *windows, size_t n);

/* Sections of a document. */
bsg_load_fn bsg_load_places, bsg_load_calendars, bsg_load_rules;	/* target: the struct bsg_load itself */

#endif
