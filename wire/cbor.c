/* SPDX-License-Identifier: Apache-2.0 */
/* Deterministic CBOR. See wire/cbor.h; rules W1..W9 of docs/spec/messages.md. */
#include "wire/cbor.h"

#include "wire/internal.h"

enum major { UINT = 0, NINT = 1, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6, SIMPLE = 7 };
enum simple { FALSE_ = 20, TRUE_ = 21, NULL_ = 22 };

void bsg_cbor_writer_init(struct bsg_cbor_writer *w, uint8_t *buf, size_t cap)
{
	w->buf = buf;
	w->cap = cap;
	w->len = 0;
	w->err = BSG_OK;
}

void bsg_cbor_refuse_write(struct bsg_cbor_writer *w, enum bsg_err err)
{
	if (w->err == BSG_OK)
		w->err = err;
}

enum bsg_err bsg_cbor_writer_end(const struct bsg_cbor_writer *w, struct bsg_bytes *out)
{
	out->ptr = w->err == BSG_OK ? w->buf : NULL;
	out->len = w->err == BSG_OK ? w->len : 0;
	return w->err;
}

static void put_raw(struct bsg_cbor_writer *w, const uint8_t *ptr, size_t len)
{
	if (w->err != BSG_OK)
		return;
	if (len > w->cap - w->len) {
		w->err = BSG_E_LIMIT;
		return;
	}
	bsg_wire_copy(w->buf + w->len, ptr, len);
	w->len += len;
}

/* The shortest head that holds @value (W1). */
static void put_head(struct bsg_cbor_writer *w, enum major major, uint64_t value)
{
	const uint32_t half[2] = { (uint32_t)(value >> 32), (uint32_t)value };
	uint8_t head[9];
	size_t n = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 :
		   value <= UINT32_MAX ? 4 : 8;
	uint8_t info = n == 0 ? (uint8_t)value : n == 1 ? 24 : n == 2 ? 25 : n == 4 ? 26 : 27;

	head[0] = (uint8_t)((unsigned)major << 5 | info);
	for (size_t i = 0; i < n; i++) {
		size_t at = 8 - n + i;	/* byte of the eight, most significant first */

		head[1 + i] = (uint8_t)(half[at / 4] >> (24 - 8 * (at % 4)));
	}
	put_raw(w, head, 1 + n);
}

void bsg_cbor_put_uint(struct bsg_cbor_writer *w, uint64_t value)
{
	put_head(w, UINT, value);
}

void bsg_cbor_put_int(struct bsg_cbor_writer *w, int64_t value)
{
	if (value >= 0)
		put_head(w, UINT, (uint64_t)value);
	else
		put_head(w, NINT, (uint64_t)(-1 - value));
}

void bsg_cbor_put_bytes(struct bsg_cbor_writer *w, const uint8_t *ptr, size_t len)
{
	put_head(w, BYTES, len);
	put_raw(w, ptr, len);
}

void bsg_cbor_put_text(struct bsg_cbor_writer *w, const char *ptr, size_t len)
{
	put_head(w, TEXT, len);
	put_raw(w, (const uint8_t *)ptr, len);
}

void bsg_cbor_put_array(struct bsg_cbor_writer *w, size_t n)
{
	put_head(w, ARRAY, n);
}

void bsg_cbor_put_map(struct bsg_cbor_writer *w, size_t n)
{
	put_head(w, MAP, n);
}

void bsg_cbor_put_tag(struct bsg_cbor_writer *w, uint64_t tag)
{
	put_head(w, TAG, tag);
}

void bsg_cbor_put_bool(struct bsg_cbor_writer *w, bool value)
{
	put_head(w, SIMPLE, value ? TRUE_ : FALSE_);
}

void bsg_cbor_put_null(struct bsg_cbor_writer *w)
{
	put_head(w, SIMPLE, NULL_);
}

void bsg_cbor_reader_init(struct bsg_cbor_reader *r, struct bsg_bytes bytes)
{
	r->buf = bytes.ptr;
	r->len = bytes.len;
	r->pos = 0;
	r->err = BSG_OK;
	r->why = NULL;
}

void bsg_cbor_refuse(struct bsg_cbor_reader *r, enum bsg_err err, const char *why)
{
	if (r->err != BSG_OK)
		return;
	r->err = err;
	r->why = why;
}

enum bsg_err bsg_cbor_reader_end(struct bsg_cbor_reader *r, const char **why)
{
	if (r->err == BSG_OK && r->pos != r->len)
		bsg_cbor_refuse(r, BSG_E_INVALID, "bytes after the end");
	if (why != NULL)
		*why = r->why;
	return r->err;
}

/* Read the bytes of a head after its first, @n of them: 1, 2, 4 or 8. */
static uint64_t head_argument(const uint8_t *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

/*
 * Read one head. Every item comes through here, so this is where indefinite
 * lengths, longer heads than needed, floats and unknown simple values end.
 */
static bool get_head(struct bsg_cbor_reader *r, enum major *major, uint64_t *value)
{
	static const uint64_t least[4] = { 24, UINT64_C(1) << 8, UINT64_C(1) << 16,
					   UINT64_C(1) << 32 };
	uint8_t info;
	size_t n;

	*major = UINT;
	*value = 0;
	if (r->err != BSG_OK)
		return false;
	if (r->pos >= r->len) {
		bsg_cbor_refuse(r, BSG_E_INVALID, "ends too early");
		return false;
	}
	*major = (enum major)(r->buf[r->pos] >> 5);
	info = r->buf[r->pos] & 31;
	if (info > 27) {
		bsg_cbor_refuse(r, BSG_E_INVALID, "indefinite or reserved length");
		return false;
	}
	n = info < 24 ? 0 : (size_t)1 << (info - 24);
	if (n > r->len - r->pos - 1) {
		bsg_cbor_refuse(r, BSG_E_INVALID, "ends too early");
		return false;
	}
	*value = n == 0 ? info : head_argument(r->buf + r->pos + 1, n);
	if (*major == SIMPLE && (n != 0 || *value < FALSE_ || *value > NULL_)) {
		bsg_cbor_refuse(r, BSG_E_INVALID, "float or unknown simple value");
		return false;
	}
	if (n != 0 && *value < least[info - 24]) {
		bsg_cbor_refuse(r, BSG_E_INVALID, "head is longer than needed");
		return false;
	}
	r->pos += 1 + n;
	return true;
}

/* Undo a head whose item is refused, so that pos names the item. */
static void refuse_at(struct bsg_cbor_reader *r, size_t at, enum bsg_err err, const char *why)
{
	if (r->err != BSG_OK)
		return;
	r->pos = at;
	bsg_cbor_refuse(r, err, why);
}

static uint64_t get_of(struct bsg_cbor_reader *r, enum major want, size_t *at)
{
	enum major major;
	uint64_t value;

	*at = r->pos;
	if (!get_head(r, &major, &value))
		return 0;
	if (major != want) {
		refuse_at(r, *at, BSG_E_INVALID, "not the type that belongs here");
		return 0;
	}
	return value;
}

uint64_t bsg_cbor_get_uint(struct bsg_cbor_reader *r, uint64_t min, uint64_t max)
{
	size_t at;
	uint64_t value = get_of(r, UINT, &at);

	if (r->err == BSG_OK && (value < min || value > max))
		refuse_at(r, at, BSG_E_INVALID, "number out of range");
	return r->err == BSG_OK ? value : 0;
}

int64_t bsg_cbor_get_int(struct bsg_cbor_reader *r, int64_t min, int64_t max)
{
	size_t at = r->pos;
	enum major major;
	uint64_t raw;
	int64_t value;

	if (!get_head(r, &major, &raw))
		return 0;
	if (major != UINT && major != NINT) {
		refuse_at(r, at, BSG_E_INVALID, "not the type that belongs here");
		return 0;
	}
	if (raw > INT64_MAX) {
		refuse_at(r, at, BSG_E_INVALID, "number out of range");
		return 0;
	}
	value = major == UINT ? (int64_t)raw : -1 - (int64_t)raw;
	if (value < min || value > max) {
		refuse_at(r, at, BSG_E_INVALID, "number out of range");
		return 0;
	}
	return value;
}

static struct bsg_bytes get_string(struct bsg_cbor_reader *r, enum major major, size_t min,
				   size_t max)
{
	struct bsg_bytes out = { NULL, 0 };
	size_t at;
	uint64_t len = get_of(r, major, &at);

	if (r->err != BSG_OK)
		return out;
	if (len > r->len - r->pos)
		refuse_at(r, at, BSG_E_INVALID, "ends too early");
	else if (len > max)
		refuse_at(r, at, BSG_E_LIMIT, "string too long");
	else if (len < min)
		refuse_at(r, at, BSG_E_INVALID, "string too short");
	if (r->err != BSG_OK)
		return out;
	out.ptr = r->buf + r->pos;
	out.len = (size_t)len;
	r->pos += out.len;
	return out;
}

struct bsg_bytes bsg_cbor_get_bytes(struct bsg_cbor_reader *r, size_t min, size_t max)
{
	return get_string(r, BYTES, min, max);
}

/*
 * Bytes of the character that starts at @p, 0 if it is none: not UTF-8 in its
 * only form (RFC 3629, section 4), or a control character.
 */
static size_t character(const uint8_t *p, size_t len)
{
	static const struct { uint8_t first, last, low, high, n; } forms[] = {
		{ 0x20, 0x7e, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (forms[i].n > len)
			return 0;
		if (forms[i].n > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < forms[i].n; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].n;
	}
	return 0;
}

bool bsg_wire_is_text(struct bsg_str text)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	size_t n;

	for (size_t i = 0; i < text.len; i += n) {
		n = character(p + i, text.len - i);
		if (n == 0)
			return false;
	}
	return true;
}

static struct bsg_str get_text(struct bsg_cbor_reader *r, size_t min, size_t max)
{
	size_t at = r->pos;
	struct bsg_bytes raw = get_string(r, TEXT, min, max);
	struct bsg_str out = { (const char *)raw.ptr, raw.len };

	if (r->err == BSG_OK && !bsg_wire_is_text(out))
		refuse_at(r, at, BSG_E_INVALID, "not UTF-8, or a control character");
	if (r->err != BSG_OK)
		out = (struct bsg_str){ NULL, 0 };
	return out;
}

struct bsg_str bsg_cbor_get_text(struct bsg_cbor_reader *r, size_t min, size_t max)
{
	return get_text(r, min, max);
}

size_t bsg_cbor_get_array(struct bsg_cbor_reader *r, size_t min, size_t max)
{
	size_t at;
	uint64_t n = get_of(r, ARRAY, &at);

	if (r->err == BSG_OK && n > max)
		refuse_at(r, at, BSG_E_LIMIT, "too many items");
	else if (r->err == BSG_OK && n < min)
		refuse_at(r, at, BSG_E_INVALID, "too few items");
	return r->err == BSG_OK ? (size_t)n : 0;
}

void bsg_cbor_get_tag(struct bsg_cbor_reader *r, uint64_t tag)
{
	size_t at;
	uint64_t value = get_of(r, TAG, &at);

	if (r->err == BSG_OK && value != tag)
		refuse_at(r, at, BSG_E_INVALID, "not the tag that belongs here");
}

bool bsg_cbor_get_bool(struct bsg_cbor_reader *r)
{
	size_t at;
	uint64_t value = get_of(r, SIMPLE, &at);

	if (r->err == BSG_OK && value == NULL_)
		refuse_at(r, at, BSG_E_INVALID, "not the type that belongs here");
	return r->err == BSG_OK && value == TRUE_;
}

bool bsg_cbor_take_null(struct bsg_cbor_reader *r)
{
	if (r->err != BSG_OK || r->pos >= r->len ||
	    r->buf[r->pos] != ((unsigned)SIMPLE << 5 | NULL_))
		return false;
	r->pos++;
	return true;
}

void bsg_cbor_get_map(struct bsg_cbor_reader *r, size_t max, struct bsg_cbor_map *map)
{
	size_t at;
	uint64_t n = get_of(r, MAP, &at);

	if (r->err == BSG_OK && n > max)
		refuse_at(r, at, BSG_E_LIMIT, "too many keys");
	map->left = r->err == BSG_OK ? (size_t)n : 0;
	map->key_at = 0;
	map->key_len = 0;
}

/* Keys ascend by their encoded bytes (W3); equal ones are duplicates (W2). */
static void check_key_order(struct bsg_cbor_reader *r, struct bsg_cbor_map *map, size_t at)
{
	size_t len = r->pos - at;
	size_t i = 0;

	if (r->err != BSG_OK)
		return;
	if (map->key_len != 0) {
		while (i < len && i < map->key_len && r->buf[map->key_at + i] == r->buf[at + i])
			i++;
		if (i == len && i == map->key_len)
			refuse_at(r, at, BSG_E_INVALID, "duplicate key");
		else if (i == len ||
			 (i < map->key_len && r->buf[map->key_at + i] > r->buf[at + i]))
			refuse_at(r, at, BSG_E_INVALID, "keys out of order");
	}
	map->key_at = at;
	map->key_len = len;
	map->left--;
}

bool bsg_cbor_map_next(struct bsg_cbor_reader *r, struct bsg_cbor_map *map, int64_t *key)
{
	size_t at = r->pos;

	*key = 0;
	if (r->err != BSG_OK || map->left == 0)
		return false;
	*key = bsg_cbor_get_int(r, INT64_MIN, INT64_MAX);
	check_key_order(r, map, at);
	return r->err == BSG_OK;
}

static void skip(struct bsg_cbor_reader *r, unsigned depth);

static void skip_map(struct bsg_cbor_reader *r, size_t n, unsigned depth)
{
	struct bsg_cbor_map map = { n, 0, 0 };

	while (r->err == BSG_OK && map.left > 0) {
		size_t at = r->pos;

		skip(r, depth);
		check_key_order(r, &map, at);
		skip(r, depth);
	}
}

/* Take one item, at most BSG_CBOR_DEPTH_MAX deep (W4): the recursion is bounded. */
static void skip(struct bsg_cbor_reader *r, unsigned depth)
{
	size_t at = r->pos;
	enum major major;
	uint64_t value;

	if (!get_head(r, &major, &value))
		return;
	if (major == UINT || major == NINT || major == SIMPLE)
		return;
	if (major != TAG && value > r->len - r->pos) {	/* an item takes a byte or more */
		refuse_at(r, at, BSG_E_INVALID, "ends too early");
		return;
	}
	if (major == BYTES || major == TEXT) {
		r->pos = at;
		if (major == BYTES)
			(void)bsg_cbor_get_bytes(r, 0, r->len);
		else
			(void)get_text(r, 0, r->len);
		return;
	}
	if (depth == BSG_CBOR_DEPTH_MAX) {
		refuse_at(r, at, BSG_E_LIMIT, "nested too deep");
		return;
	}
	if (major == MAP) {
		skip_map(r, (size_t)value, depth + 1);
		return;
	}
	for (uint64_t n = major == TAG ? 1 : value; n > 0 && r->err == BSG_OK; n--)
		skip(r, depth + 1);
}

void bsg_cbor_skip(struct bsg_cbor_reader *r)
{
	skip(r, 0);
}

void bsg_cbor_unknown(struct bsg_cbor_reader *r, int64_t key)
{
	if (key >= 0)
		bsg_cbor_refuse(r, BSG_E_INVALID, "unknown key");
	else
		bsg_cbor_skip(r);
}
