/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property lists as Apple's devices send them: XML or binary, read with libplist.
 *
 * libplist 2.2.0 is lenient and does not bound what it builds, so every byte is checked first by a strict reader of our own that
 * builds nothing (plist_scan.h), and the tree is counted again afterwards. Rules A1..A6 of docs/spec/apple.md.
 * When memory runs out libplist ends the process; the limits below keep what it asks for small.
 */
#ifndef BSG_APPLE_PLIST_H
#define BSG_APPLE_PLIST_H

#include <stdbool.h>

#include <bosaga/slice.h>

#include "base/error.h"

#define BSG_PLIST_MAX (256u << 10)	/* bytes, unless the caller asks for less */
#define BSG_PLIST_DEPTH_MAX 16		/* dictionaries and arrays in each other, the root included */
#define BSG_PLIST_NODES_MAX 10000	/* keys and values, each as often as it is referred to */
#define BSG_PLIST_ENTRIES_MAX 1024	/* of one dictionary or array */
#define BSG_PLIST_KEY_MAX 256		/* bytes of a key */

struct bsg_plist;	/* a tree, owned by whoever read it */
struct bsg_plist_node;	/* a value in it; borrowed until bsg_plist_free() */

enum bsg_plist_type {
	BSG_PLIST_DICT = 0,
	BSG_PLIST_ARRAY,
	BSG_PLIST_TEXT,
	BSG_PLIST_DATA,
	BSG_PLIST_INT,
	BSG_PLIST_REAL,
	BSG_PLIST_BOOL,
	BSG_PLIST_DATE,
};

/* One value; only the member of its type is filled in. Slices are borrowed from the tree. */
struct bsg_plist_value {
	enum bsg_plist_type type;
	struct bsg_str text;	/* UTF-8 without NUL inside; one follows */
	struct bsg_bytes data;
	int64_t number;
	double real;		/* not of a date: nothing here reads dates, and libplist cuts them to 32 bits */
	bool flag;
};

/**
 * Read a property list whose root is a dictionary.
 *
 * @param max  bytes, at most BSG_PLIST_MAX
 * @param out  owned, bsg_plist_free(); NULL on failure
 * @return BSG_OK, BSG_E_INVALID (not a property list by A2..A5; the text says what and where), BSG_E_LIMIT (A1),
 *         BSG_E_NO_MEMORY
 */
enum bsg_err bsg_plist_read(const void *bytes, size_t len, size_t max, struct bsg_plist **out,
			    struct bsg_error *err) BSG_MUST_CHECK;

/** Free a tree; NULL is fine. */
void bsg_plist_free(struct bsg_plist *plist);

/** The root, a dictionary. */
const struct bsg_plist_node *bsg_plist_root(const struct bsg_plist *plist);

/*
 * Getters by key. @dict is a dictionary. Each returns BSG_OK, BSG_E_NOT_FOUND (no such key: nothing is wrong yet),
 * BSG_E_INVALID (another type; for numbers also out of range) or BSG_E_LIMIT (too long), with a text that names the key;
 * *out is empty on failure.
 */

/** Get text of 1 to @max bytes; an empty text is BSG_E_INVALID. */
enum bsg_err bsg_plist_get_text(const struct bsg_plist_node *dict, const char *key, size_t max, struct bsg_str *out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Get 1 to @max bytes of data; none are BSG_E_INVALID. */
enum bsg_err bsg_plist_get_data(const struct bsg_plist_node *dict, const char *key, size_t max, struct bsg_bytes *out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Get a number within @min..@max. */
enum bsg_err bsg_plist_get_int(const struct bsg_plist_node *dict, const char *key, int64_t min, int64_t max,
			       int64_t *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Get true or false. */
enum bsg_err bsg_plist_get_bool(const struct bsg_plist_node *dict, const char *key, bool *out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Get a dictionary, borrowed. */
enum bsg_err bsg_plist_get_dict(const struct bsg_plist_node *dict, const char *key, const struct bsg_plist_node **out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Get an array, borrowed; its items by bsg_plist_item(). */
enum bsg_err bsg_plist_get_array(const struct bsg_plist_node *dict, const char *key, const struct bsg_plist_node **out,
				 struct bsg_error *err) BSG_MUST_CHECK;

/** Find a value by its key, of any type. @return borrowed, or NULL: no such key */
const struct bsg_plist_node *bsg_plist_find(const struct bsg_plist_node *dict, const char *key);

/** Number of entries of a dictionary or items of an array; 0 for other values. */
size_t bsg_plist_count(const struct bsg_plist_node *node);

/** Item @i of an array, borrowed. O(i). @return NULL: no such item, or not an array */
const struct bsg_plist_node *bsg_plist_item(const struct bsg_plist_node *array, size_t i);

/** Read one value. */
void bsg_plist_value(const struct bsg_plist_node *node, struct bsg_plist_value *out);

/**
 * Call @visit for each entry of a dictionary or item of an array, in the order in which they were sent.
 *
 * @param visit  key is NULL for items of an array, else valid until it returns
 */
void bsg_plist_each(const struct bsg_plist_node *node,
		    void (*visit)(const char *key, const struct bsg_plist_node *value, void *ctx), void *ctx);

#endif
