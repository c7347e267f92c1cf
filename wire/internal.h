/* SPDX-License-Identifier: Apache-2.0 */
/* What the codecs of wire/ share. Private to wire/. */
#ifndef BSG_WIRE_INTERNAL_H
#define BSG_WIRE_INTERNAL_H

#include <bosaga/decide.h>

#include "wire/cbor.h"


#define BSG_WIRE_PAIRS_MAX 32	/* keys of one map, those that are ignored included (W6) */

/* Labels of CWT (RFC 8392) and EAT (RFC 9711) claims that we use. */
enum {
	BSG_CLAIM_EXP = 4,
	BSG_CLAIM_IAT = 6,
	BSG_CLAIM_CTI = 7,
	BSG_CLAIM_CNF = 8,
	BSG_CLAIM_NONCE = 10,
	BSG_CLAIM_UEID = 256,
	/* For private use, one a message (W15). */
	BSG_CLAIM_PASS = -65537,
	BSG_CLAIM_GATE = -65538,
	BSG_CLAIM_TOKEN = -65539,
};

/* UTF-8 in its only form, without control characters (W7). */
bool bsg_wire_is_text(struct bsg_str text);

static inline void bsg_wire_zero(void *ptr, size_t len)
{
	__builtin_memset(ptr, 0, len);	/* freestanding builds bring their own memset */
}

static inline void bsg_wire_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i];
}

/*
 * n / d for d below 2^31, bit by bit: a 32-bit machine without a divider would
 * otherwise call the compiler's library, which freestanding code does not have.
 */
static inline uint64_t bsg_wire_divide(uint64_t n, uint32_t d, uint32_t *rest)
{
	uint64_t q = 0;
	uint32_t r = 0;

	for (int i = 0; i < 64; i++) {
		r = r << 1 | ((n & UINT64_C(1) << 63) != 0);
		n <<= 1;
		q <<= 1;
		if (r >= d) {
			r -= d;
			q |= 1;
		}
	}
	*rest = r;
	return q;
}

/* iat and exp of a statement that lives 1 to @life_s seconds (W9). */
static inline bool bsg_wire_is_life(int64_t issued, int64_t expires, int64_t life_s)
{
	return issued >= BSG_TIME_MIN && expires <= BSG_TIME_MAX && issued < expires &&
	       expires - issued <= life_s;
}

/* A UEID of type RAND: one byte 1 and the pseudonym (RFC 9711, section 4.2.1). */
void bsg_wire_put_ueid(struct bsg_cbor_writer *w, const uint8_t *pseudonym);
void bsg_wire_get_ueid(struct bsg_cbor_reader *r, uint8_t *pseudonym);

/* A byte string of exactly @len bytes, copied. */
void bsg_wire_get_fixed(struct bsg_cbor_reader *r, uint8_t *out, size_t len);

/* BSG_TIME_MIN..BSG_TIME_MAX, seconds since 1970 (W9). A writer refuses others. */
int64_t bsg_wire_get_time(struct bsg_cbor_reader *r);
void bsg_wire_put_time(struct bsg_cbor_writer *w, int64_t utc);

/* An identifier, or null where it is empty. */
struct bsg_str bsg_wire_get_optional_id(struct bsg_cbor_reader *r);
void bsg_wire_put_optional_id(struct bsg_cbor_writer *w, struct bsg_str id);

/* The id of a rule: an identifier, and `@N` where one rule became several (W8). */
bool bsg_wire_is_rule_id(struct bsg_str text);

/* Text of at most @max bytes; a writer refuses what a reader would (W7). */
void bsg_wire_put_text(struct bsg_cbor_writer *w, struct bsg_str text, size_t max);

/* The three languages, in this order: kk, ru, en; a missing one is "" (W16). */
void bsg_wire_get_languages(struct bsg_cbor_reader *r, struct bsg_text *out);
void bsg_wire_put_languages(struct bsg_cbor_writer *w, const struct bsg_text *text);

/* A set of functions, at least one and none unknown (W14). */
uint32_t bsg_wire_get_functions(struct bsg_cbor_reader *r);
void bsg_wire_put_functions(struct bsg_cbor_writer *w, uint32_t functions);

/* An app's name; the ones that must never be touched are refused (D10). */
struct bsg_str bsg_wire_get_app(struct bsg_cbor_reader *r);
void bsg_wire_put_app(struct bsg_cbor_writer *w, struct bsg_str name);

static inline bool bsg_wire_same(struct bsg_str a, struct bsg_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (a.ptr[i] != b.ptr[i])
			return false;
	return true;
}

#endif
