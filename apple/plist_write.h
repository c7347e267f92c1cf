/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes XML property lists: equal calls give equal bytes, keys stand in the order in which they are put.
 *
 * The first failure sticks, so build the whole thing and check once:
 *
 *	bsg_plist_begin(&w, BSG_PLIST_MAX);		// opens the root dictionary
 *	bsg_plist_put_text(&w, "Item", "Bluetooth");
 *	bsg_plist_put_array(&w, "Queries");
 *	bsg_plist_put_text(&w, NULL, "OSVersion");	// in an array there are no keys
 *	bsg_plist_end(&w);
 *	rc = bsg_plist_finish(&w, &out, err);		// closes the root
 */
#ifndef BSG_APPLE_PLIST_WRITE_H
#define BSG_APPLE_PLIST_WRITE_H

#include <stdbool.h>

#include <bosaga/slice.h>

#include "base/buf.h"

struct bsg_plist_writer {
	struct bsg_buf buf;
	unsigned depth;		/* open dictionaries and arrays */
	uint32_t arrays;	/* bit n: level n is an array */
	bool not_text;		/* something put was not text */
};

/** Begin a property list of at most @max bytes and its root dictionary. */
void bsg_plist_begin(struct bsg_plist_writer *w, size_t max);

/*
 * Put a value. @key is NULL exactly inside an array (asserted). Texts are UTF-8 with what XML allows; anything else fails the
 * whole with BSG_E_INVALID.
 */
void bsg_plist_put_text(struct bsg_plist_writer *w, const char *key, const char *text);
void bsg_plist_put_str(struct bsg_plist_writer *w, const char *key, struct bsg_str text);
void bsg_plist_put_data(struct bsg_plist_writer *w, const char *key, struct bsg_bytes data);
void bsg_plist_put_int(struct bsg_plist_writer *w, const char *key, int64_t number);
void bsg_plist_put_real(struct bsg_plist_writer *w, const char *key, int64_t whole);	/* a whole number of type real */
void bsg_plist_put_bool(struct bsg_plist_writer *w, const char *key, bool flag);

/** Open a dictionary or an array inside; at most BSG_PLIST_DEPTH_MAX deep (asserted). */
void bsg_plist_put_dict(struct bsg_plist_writer *w, const char *key);
void bsg_plist_put_array(struct bsg_plist_writer *w, const char *key);

/** Close the innermost dictionary or array; never the root (asserted). */
void bsg_plist_end(struct bsg_plist_writer *w);

/**
 * Close the root and append the bytes to @out; the writer's own memory is wiped and freed on every path.
 *
 * @return BSG_OK, BSG_E_INVALID (a text that cannot be written), BSG_E_LIMIT, BSG_E_NO_MEMORY; nothing is appended then
 */
enum bsg_err bsg_plist_finish(struct bsg_plist_writer *w, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
