/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic CBOR (RFC 8949, section 4.2.1): a writer into the caller's
 * buffer and a strict reader of the caller's bytes. Freestanding, allocates
 * nothing, and knows only what our messages use: integers, byte and text
 * strings, arrays, maps, tags, false, true and null.
 *
 * Both are sticky: after the first failure every call does nothing (a reader
 * then gives zero), so that a codec is a straight line with one check at its
 * end. Rules W1..W9 of docs/spec/messages.md.
 */
#ifndef BSG_WIRE_CBOR_H
#define BSG_WIRE_CBOR_H

#include <stdbool.h>

#include <bosaga/error.h>
#include <bosaga/limits.h>
#include <bosaga/slice.h>

#define BSG_CBOR_DEPTH_MAX 8	/* arrays, maps and tags inside one another */

struct bsg_cbor_writer {
	uint8_t *buf;		/* borrowed */
	size_t cap;
	size_t len;		/* bytes written so far */
	enum bsg_err err;	/* BSG_OK, or why everything since was dropped */
};

struct bsg_cbor_reader {
	const uint8_t *buf;	/* borrowed; slices that a reader gives point into it */
	size_t len;
	size_t pos;		/* of the next item; on failure of the one refused */
	enum bsg_err err;
	const char *why;	/* static English text, NULL while err is BSG_OK */
};

/* A map being read: its keys must ascend, so a duplicate cannot hide. */
struct bsg_cbor_map {
	size_t left;		/* pairs not yet read */
	size_t key_at;		/* where the key before starts; only if any was read */
	size_t key_len;		/* 0 before the first */
};

/** Start writing at @buf, which must outlive the writer. */
void bsg_cbor_writer_init(struct bsg_cbor_writer *w, uint8_t *buf, size_t cap);

/**
 * End writing.
 *
 * @param out  the bytes written, inside the caller's buffer; empty on failure
 *
 * @return BSG_OK, BSG_E_LIMIT (the buffer is too small), or what
 *         bsg_cbor_refuse_write() said
 */
enum bsg_err bsg_cbor_writer_end(const struct bsg_cbor_writer *w,
				 struct bsg_bytes *out) BSG_MUST_CHECK;

/** Fail a writer, as when a value cannot be expressed. The first failure stays. */
void bsg_cbor_refuse_write(struct bsg_cbor_writer *w, enum bsg_err err);

/*
 * Heads are always of the shortest form. Whoever writes a map writes as many
 * pairs as it announced, keys ascending by their encoded bytes: 0, 1, 2, … and
 * then -1, -2, …; the writer does not check that, the tests of each message do.
 */
void bsg_cbor_put_uint(struct bsg_cbor_writer *w, uint64_t value);
void bsg_cbor_put_int(struct bsg_cbor_writer *w, int64_t value);
void bsg_cbor_put_bytes(struct bsg_cbor_writer *w, const uint8_t *ptr, size_t len);
void bsg_cbor_put_text(struct bsg_cbor_writer *w, const char *ptr, size_t len);
void bsg_cbor_put_array(struct bsg_cbor_writer *w, size_t n);
void bsg_cbor_put_map(struct bsg_cbor_writer *w, size_t n);
void bsg_cbor_put_tag(struct bsg_cbor_writer *w, uint64_t tag);
void bsg_cbor_put_bool(struct bsg_cbor_writer *w, bool value);
void bsg_cbor_put_null(struct bsg_cbor_writer *w);

/** Start reading @bytes, which must outlive the reader and all it gave. */
void bsg_cbor_reader_init(struct bsg_cbor_reader *r, struct bsg_bytes bytes);

/**
 * End reading: bytes after the last item are refused (W5).
 *
 * @param why  if given, set to a static text on failure, to NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID (not deterministic CBOR, or not what the
 *         message asks for), BSG_E_LIMIT (larger, longer or deeper than allowed)
 */
enum bsg_err bsg_cbor_reader_end(struct bsg_cbor_reader *r, const char **why) BSG_MUST_CHECK;

/** Fail a reader, as when a value has the right type and the wrong meaning. */
void bsg_cbor_refuse(struct bsg_cbor_reader *r, enum bsg_err err, const char *why);

/*
 * Each reads one item of exactly this type. A number outside [min, max] is
 * refused as BSG_E_INVALID; a string or an array with more than @max bytes or
 * items as BSG_E_LIMIT, with fewer than @min as BSG_E_INVALID. Text is checked
 * to be UTF-8 without U+0000..U+001F and U+007F (W7).
 */
uint64_t bsg_cbor_get_uint(struct bsg_cbor_reader *r, uint64_t min, uint64_t max);
int64_t bsg_cbor_get_int(struct bsg_cbor_reader *r, int64_t min, int64_t max);
struct bsg_bytes bsg_cbor_get_bytes(struct bsg_cbor_reader *r, size_t min, size_t max);
struct bsg_str bsg_cbor_get_text(struct bsg_cbor_reader *r, size_t min, size_t max);
size_t bsg_cbor_get_array(struct bsg_cbor_reader *r, size_t min, size_t max);
void bsg_cbor_get_tag(struct bsg_cbor_reader *r, uint64_t tag);
bool bsg_cbor_get_bool(struct bsg_cbor_reader *r);

/** Is the next item null? If so it is taken. */
bool bsg_cbor_take_null(struct bsg_cbor_reader *r);

/** Begin a map of at most @max pairs. */
void bsg_cbor_get_map(struct bsg_cbor_reader *r, size_t max, struct bsg_cbor_map *map);

/**
 * Read the next key of a map; the caller then reads its value.
 *
 * A key below 0 that the caller does not know is to be skipped with
 * bsg_cbor_skip(), one from 0 up to be refused (W6): bsg_cbor_unknown() does
 * either.
 *
 * @return false at the end of the map and after a failure
 */
bool bsg_cbor_map_next(struct bsg_cbor_reader *r, struct bsg_cbor_map *map, int64_t *key);

/** Take one item of any kind, checked like all others (W1..W8). */
void bsg_cbor_skip(struct bsg_cbor_reader *r);

/** The value of a key that the message does not have: skip it or refuse (W6). */
void bsg_cbor_unknown(struct bsg_cbor_reader *r, int64_t key);

/** Is it 1 to BSG_ID_MAX lower-case letters, digits and `-`: an identifier of ours (W8)? */
bool bsg_wire_is_id(struct bsg_str text);

/** Read an identifier (W8). */
struct bsg_str bsg_cbor_get_id(struct bsg_cbor_reader *r);

/** Write an identifier; what is none fails the writer with BSG_E_INVALID. */
void bsg_cbor_put_id(struct bsg_cbor_writer *w, struct bsg_str id);

#endif
