/* SPDX-License-Identifier: Apache-2.0 */
/* Passes. See wire/pass.h; rules W40..W49 of docs/spec/messages.md. */
#include "wire/pass.h"

#include <bosaga/functions.h>

#include "wire/cbor.h"
#include "wire/internal.h"

/* What a decoder has seen of the claims that must be there. */
enum { SEEN_EXP = 1, SEEN_IAT = 2, SEEN_UEID = 4, SEEN_OWN = 8, SEEN_ALL = 15 };

/* W41..W47, for writer and reader alike. NULL if it holds. */
static const char *check(const struct bsg_pass *p)
{
	bool server = p->verified_at != 0;

	if (!bsg_wire_is_life(p->issued, p->expires,
			      server ? BSG_PASS_LIFE_SERVER_S : BSG_PASS_LIFE_S))
		return "pass lives too long, or not at all";
	if (p->verified_at < 0 || p->verified_at > p->issued)
		return "pass verified after it was issued";
	if (!server && !p->has_nonce)
		return "pass of a device without a nonce of its own";
	if (server && (p->has_nonce || p->has_gate_nonce))
		return "pass of the server with a nonce";
	if (p->has_gate_nonce && p->gate.len == 0)
		return "pass with a gate's nonce but no gate";
	if (p->gate.len != 0 && !bsg_wire_is_id(p->gate))
		return "not an identifier";
	if (p->serial == 0)
		return "pass without orders";
	if ((p->functions & ~BSG_FUNCTIONS_ALL) != 0)
		return "unknown function";
	if (p->by < BSG_BY_GATE || p->by > BSG_BY_WEAK)
		return "unknown way to be present";
	return NULL;
}

enum bsg_err bsg_pass_encode(const struct bsg_pass *pass, uint8_t *buf, size_t cap,
			     struct bsg_bytes *out)
{
	struct bsg_cbor_writer w;

	bsg_cbor_writer_init(&w, buf, cap);
	bsg_cbor_refuse_write(&w, check(pass) == NULL ? BSG_OK : BSG_E_INVALID);
	bsg_cbor_put_map(&w, 4u + pass->has_nonce + pass->has_gate_nonce);
	bsg_cbor_put_int(&w, BSG_CLAIM_EXP);
	bsg_cbor_put_int(&w, pass->expires);
	bsg_cbor_put_int(&w, BSG_CLAIM_IAT);
	bsg_cbor_put_int(&w, pass->issued);
	if (pass->has_nonce) {
		bsg_cbor_put_int(&w, BSG_CLAIM_CTI);
		bsg_cbor_put_bytes(&w, pass->nonce, BSG_NONCE_LEN);
	}
	if (pass->has_gate_nonce) {
		bsg_cbor_put_int(&w, BSG_CLAIM_NONCE);
		bsg_cbor_put_bytes(&w, pass->gate_nonce, BSG_NONCE_LEN);
	}
	bsg_cbor_put_int(&w, BSG_CLAIM_UEID);
	bsg_wire_put_ueid(&w, pass->pseudonym);
	bsg_cbor_put_int(&w, BSG_CLAIM_PASS);
	bsg_cbor_put_array(&w, 7);
	if (pass->gate.len == 0)
		bsg_cbor_put_null(&w);
	else
		bsg_cbor_put_id(&w, pass->gate);
	bsg_cbor_put_uint(&w, pass->serial);
	bsg_cbor_put_uint(&w, pass->functions);
	bsg_cbor_put_uint(&w, pass->n_break_glass < BSG_PASS_COUNT_MAX ? pass->n_break_glass :
							     BSG_PASS_COUNT_MAX);
	bsg_cbor_put_uint(&w, pass->sequence);
	bsg_cbor_put_uint(&w, (unsigned)pass->by);
	if (pass->verified_at == 0)
		bsg_cbor_put_null(&w);
	else
		bsg_cbor_put_int(&w, pass->verified_at);
	return bsg_cbor_writer_end(&w, out);
}

static void get_own_claim(struct bsg_cbor_reader *r, struct bsg_pass *out)
{
	(void)bsg_cbor_get_array(r, 7, 7);
	if (!bsg_cbor_take_null(r))
		out->gate = bsg_cbor_get_id(r);
	out->serial = (uint32_t)bsg_cbor_get_uint(r, 1, UINT32_MAX);
	out->functions = (uint32_t)bsg_cbor_get_uint(r, 0, UINT32_MAX);
	out->n_break_glass = (uint32_t)bsg_cbor_get_uint(r, 0, BSG_PASS_COUNT_MAX);
	out->sequence = (uint32_t)bsg_cbor_get_uint(r, 0, UINT32_MAX);
	out->by = (enum bsg_by)bsg_cbor_get_uint(r, BSG_BY_GATE, BSG_BY_WEAK);
	if (!bsg_cbor_take_null(r))
		out->verified_at = bsg_wire_get_time(r);
}

/* Read one claim and say which of the required ones it is. */
static unsigned get_claim(struct bsg_cbor_reader *r, int64_t label, struct bsg_pass *out)
{
	switch (label) {
	case BSG_CLAIM_EXP:
		out->expires = bsg_wire_get_time(r);
		return SEEN_EXP;
	case BSG_CLAIM_IAT:
		out->issued = bsg_wire_get_time(r);
		return SEEN_IAT;
	case BSG_CLAIM_CTI:
		out->has_nonce = true;
		bsg_wire_get_fixed(r, out->nonce, BSG_NONCE_LEN);
		return 0;
	case BSG_CLAIM_NONCE:
		out->has_gate_nonce = true;
		bsg_wire_get_fixed(r, out->gate_nonce, BSG_NONCE_LEN);
		return 0;
	case BSG_CLAIM_UEID:
		bsg_wire_get_ueid(r, out->pseudonym);
		return SEEN_UEID;
	case BSG_CLAIM_PASS:
		get_own_claim(r, out);
		return SEEN_OWN;
	default:
		bsg_cbor_unknown(r, label);
		return 0;
	}
}

enum bsg_err bsg_pass_decode(struct bsg_bytes payload, struct bsg_pass *out, const char **why)
{
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	unsigned seen = 0;
	int64_t label;
	enum bsg_err rc;

	bsg_wire_zero(out, sizeof(*out));
	bsg_cbor_reader_init(&r, payload);
	bsg_cbor_get_map(&r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(&r, &map, &label))
		seen |= get_claim(&r, label, out);
	if (r.err == BSG_OK && seen != SEEN_ALL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, "a claim is missing");
	if (r.err == BSG_OK && check(out) != NULL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, check(out));
	rc = bsg_cbor_reader_end(&r, why);
	if (rc != BSG_OK)
		bsg_wire_zero(out, sizeof(*out));
	return rc;
}

enum bsg_err bsg_pass_peek(struct bsg_bytes payload, uint8_t pseudonym[static BSG_PSEUDONYM_LEN])
{
	struct bsg_pass pass;
	enum bsg_err rc = bsg_pass_decode(payload, &pass, NULL);

	bsg_wire_copy(pseudonym, pass.pseudonym, BSG_PSEUDONYM_LEN);
	return rc;
}
