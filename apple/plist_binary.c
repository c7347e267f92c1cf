/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader of binary property lists (bplist00). Values are numbered and refer to each other by number, so a small
 * file can mean a huge tree, or one without end: every value counts as often as it is referred to.
 */
#include <math.h>
#include <string.h>

#include "apple/plist.h"
#include "apple/plist_scan.h"

#define MAGIC "bplist00"
#define MAGIC_LEN 8
#define TRAILER_LEN 32
#define MARKER_INT 0x10
#define MARKER_ASCII 0x50
#define MARKER_UTF16 0x60

struct binary {
	const uint8_t *bytes;
	uint64_t table;			/* where the offsets begin: objects lie before it */
	uint64_t n_objects;
	unsigned offset_size, ref_size;
	uint64_t left;			/* bytes of texts and data that may still come */
	size_t nodes;
	struct bsg_error *err;
};

struct object {
	unsigned marker;	/* its upper four bits */
	unsigned low;		/* and the lower ones */
	uint64_t count;		/* bytes, characters or entries, where the marker has a count */
	uint64_t at;		/* where its content begins */
};

static enum bsg_err bad(const struct binary *b, const char *what, uint64_t at)
{
	return bsg_fail(b->err, BSG_E_INVALID, "binary property list: %s at byte %llu", what, (unsigned long long)at);
}

static enum bsg_err too_much(const struct binary *b, const char *what)
{
	return bsg_fail(b->err, BSG_E_LIMIT, "binary property list: too many %s", what);
}

static uint64_t number(const uint8_t *p, unsigned n)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

static bool is_width(unsigned n)
{
	return n == 1 || n == 2 || n == 4 || n == 8;
}

/* Whether @n things of @size bytes lie between @at and the table. */
static bool fits(const struct binary *b, uint64_t at, uint64_t n, unsigned size)
{
	return at <= b->table && n <= (b->table - at) / size;
}

static enum bsg_err read_count(const struct binary *b, struct object *o)
{
	unsigned width;

	o->count = o->low;
	if (o->low != 0xf)
		return BSG_OK;
	if (!fits(b, o->at, 1, 1) || (b->bytes[o->at] & 0xf0) != MARKER_INT || (b->bytes[o->at] & 0xf) > 3)
		return bad(b, "no count", o->at);
	width = 1u << (b->bytes[o->at] & 0xf);
	if (!fits(b, o->at + 1, width, 1))
		return bad(b, "a count past the end", o->at);
	o->count = number(b->bytes + o->at + 1, width);
	o->at += 1 + width;
	return BSG_OK;
}

static enum bsg_err find_object(const struct binary *b, uint64_t index, struct object *o)
{
	uint64_t at;

	if (index >= b->n_objects)
		return bad(b, "a reference to no value", index);
	at = number(b->bytes + b->table + index * b->offset_size, b->offset_size);
	if (at < MAGIC_LEN || at >= b->table)
		return bad(b, "a value outside of the values", at);
	*o = (struct object){ .marker = b->bytes[at] & 0xf0u, .low = b->bytes[at] & 0xfu, .at = at + 1 };
	return o->marker >= 0x40 && o->marker != 0x80 ? read_count(b, o) : BSG_OK;
}

/* ---- values without others in them ------------------------------------------ */

static enum bsg_err spend(struct binary *b, uint64_t bytes)
{
	if (bytes > b->left)
		return too_much(b, "bytes of text and data");
	b->left -= bytes;
	return BSG_OK;
}

static enum bsg_err scan_ascii(struct binary *b, const struct object *o)
{
	if (!fits(b, o->at, o->count, 1))
		return bad(b, "text past the end", o->at);
	for (uint64_t i = 0; i < o->count; i++)
		if (b->bytes[o->at + i] > 0x7f || !bsg_plist_char_ok(b->bytes[o->at + i]))
			return bad(b, "bytes that are not text", o->at + i);
	return spend(b, o->count);
}

static enum bsg_err scan_utf16(struct binary *b, const struct object *o)
{
	uint64_t utf8 = 0;

	if (o->count == 0 || !fits(b, o->at, o->count, 2))
		return bad(b, "text past the end", o->at);
	for (uint64_t i = 0; i < o->count; i++) {
		uint32_t c = (uint32_t)number(b->bytes + o->at + 2 * i, 2);

		if (c >= 0xd800 && c <= 0xdbff && i + 1 < o->count) {
			const uint32_t low = (uint32_t)number(b->bytes + o->at + 2 * ++i, 2);

			c = low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff)) : 0;
		}
		if (!bsg_plist_char_ok(c))
			return bad(b, "units that are not text", o->at + 2 * i);
		utf8 += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	}
	return spend(b, utf8);
}

static enum bsg_err scan_real(const struct binary *b, const struct object *o)
{
	uint64_t bits;
	double value;

	if ((o->low != 2 && o->low != 3) || !fits(b, o->at, 1, 1u << o->low))
		return bad(b, "no number", o->at);
	if (o->low == 2) {
		const uint32_t half = (uint32_t)number(b->bytes + o->at, 4);
		float single;

		memcpy(&single, &half, sizeof(single));
		value = (double)single;
	} else {
		bits = number(b->bytes + o->at, 8);
		memcpy(&value, &bits, sizeof(value));
	}
	return isfinite(value) ? BSG_OK : bad(b, "no finite number", o->at);
}

static enum bsg_err scan_leaf(struct binary *b, const struct object *o)
{
	switch (o->marker) {
	case 0x00:
		return o->low == 8 || o->low == 9 ? BSG_OK : bad(b, "an unknown value", o->at);
	case MARKER_INT:
		return o->low <= 3 && fits(b, o->at, 1, 1u << o->low) ? BSG_OK : bad(b, "no whole number of 64 bits", o->at);
	case 0x30:
		if (o->low != 3)
			return bad(b, "no date", o->at);
		return scan_real(b, o);
	case 0x20:
		return scan_real(b, o);
	case 0x40:
		return fits(b, o->at, o->count, 1) ? spend(b, o->count) : bad(b, "data past the end", o->at);
	case MARKER_ASCII:
		return scan_ascii(b, o);
	case MARKER_UTF16:
		return scan_utf16(b, o);
	default:	/* UID, sets and what does not exist */
		return bad(b, "an unknown value", o->at);
	}
}

/* ---- values with others in them ----------------------------------------------- */

static enum bsg_err scan_object(struct binary *b, uint64_t index, unsigned depth);	/* recursive, BSG_PLIST_DEPTH_MAX deep */

static enum bsg_err scan_key(struct binary *b, uint64_t index)
{
	const uint64_t before = b->left;
	struct object o;
	enum bsg_err rc = find_object(b, index, &o);

	if (rc != BSG_OK)
		return rc;
	if ((o.marker != MARKER_ASCII && o.marker != MARKER_UTF16) || o.count == 0)
		return bad(b, "no key where one must be", o.at);
	if (++b->nodes > BSG_PLIST_NODES_MAX)
		return too_much(b, "values");
	rc = scan_leaf(b, &o);
	return rc == BSG_OK && before - b->left > BSG_PLIST_KEY_MAX ? too_much(b, "bytes in a key") : rc;
}

static enum bsg_err scan_entries(struct binary *b, const struct object *o, unsigned depth)
{
	const bool is_dict = o->marker == 0xd0;
	enum bsg_err rc = BSG_OK;

	if (depth > BSG_PLIST_DEPTH_MAX)
		return too_much(b, "levels");
	if (o->count > BSG_PLIST_ENTRIES_MAX)
		return too_much(b, "entries");
	if (!fits(b, o->at, is_dict ? 2 * o->count : o->count, b->ref_size))
		return bad(b, "entries past the end", o->at);
	for (uint64_t i = 0; i < o->count && rc == BSG_OK; i++) {
		const uint8_t *ref = b->bytes + o->at + i * b->ref_size;

		if (is_dict) {
			rc = scan_key(b, number(ref, b->ref_size));
			ref += o->count * b->ref_size;
		}
		if (rc == BSG_OK)
			rc = scan_object(b, number(ref, b->ref_size), depth + 1);
	}
	return rc;
}

static enum bsg_err scan_object(struct binary *b, uint64_t index, unsigned depth)
{
	struct object o;
	const enum bsg_err rc = find_object(b, index, &o);

	if (rc != BSG_OK)
		return rc;
	if (depth == 1 && o.marker != 0xd0)
		return bad(b, "no dictionary as the root", o.at);
	if (++b->nodes > BSG_PLIST_NODES_MAX)
		return too_much(b, "values");
	if (o.marker == 0xa0 || o.marker == 0xd0)
		return scan_entries(b, &o, depth);
	return scan_leaf(b, &o);
}

enum bsg_err bsg_plist_scan_binary(const uint8_t *bytes, size_t len, size_t max, size_t *nodes, struct bsg_error *err)
{
	struct binary b = { .bytes = bytes, .left = max, .err = err };
	const uint8_t *trailer;
	enum bsg_err rc;

	*nodes = 0;
	if (len < MAGIC_LEN + TRAILER_LEN || memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
		return bad(&b, "no bplist00", 0);
	trailer = bytes + len - TRAILER_LEN;
	b.offset_size = trailer[6];
	b.ref_size = trailer[7];
	b.n_objects = number(trailer + 8, 8);
	b.table = number(trailer + 24, 8);
	if (!is_width(b.offset_size) || !is_width(b.ref_size) || b.table < MAGIC_LEN || b.table > len - TRAILER_LEN)
		return bad(&b, "a trailer that cannot be", len - TRAILER_LEN);
	if (b.n_objects > BSG_PLIST_NODES_MAX)
		return too_much(&b, "values");
	if (b.n_objects * b.offset_size != len - TRAILER_LEN - b.table)
		return bad(&b, "a table of another size", b.table);
	rc = scan_object(&b, number(trailer + 16, 8), 1);
	if (rc == BSG_OK)
		*nodes = b.nodes;
	return rc;
}
