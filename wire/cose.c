/* SPDX-License-Identifier: Apache-2.0 */
/* The COSE_Sign1 envelope. See wire/cose.h; rules W10..W19 of docs/spec/messages.md. */
#include "wire/cose.h"

#include "wire/cbor.h"
#include "wire/gate.h"
#include "wire/internal.h"
#include "wire/orders.h"
#include "wire/pass.h"

#define TAG_SIGN1 18
#define ALG_ES256 (-7)

enum label { LABEL_ALG = 1, LABEL_KID = 4, LABEL_X5CHAIN = 33 };

/* What a kind is called, how long it may be and what its header holds besides alg. */
static const struct kind {
	const char *aad;
	size_t aad_len;
	size_t max;
	bool chain;		/* x5chain is required, else forbidden */
	bool kid;		/* kid is allowed */
} kinds[] = {
#define AAD(text) (text), sizeof(text) - 1
	[BSG_COSE_ORDERS] = { AAD("bosaga/orders"), BSG_ORDERS_MAX, true, false },
	[BSG_COSE_GATE_CREDENTIAL] = { AAD("bosaga/gate-credential"), BSG_GATE_CREDENTIAL_MAX,
				       true, false },
	[BSG_COSE_THRESHOLD_TOKEN] = { AAD("bosaga/threshold-token"), BSG_TOKEN_MAX, false, false },
	[BSG_COSE_PASS] = { AAD("bosaga/pass"), BSG_PASS_MAX, false, true },
#undef AAD
};

/* NULL for no kind. */
static const struct kind *find_kind(enum bsg_cose_kind kind)
{
	size_t i = (size_t)kind;

	if (i >= sizeof(kinds) / sizeof(kinds[0]) || kinds[i].aad == NULL)
		return NULL;
	return &kinds[i];
}

struct bsg_bytes bsg_cose_aad(enum bsg_cose_kind kind)
{
	const struct kind *k = find_kind(kind);

	if (k == NULL)
		return (struct bsg_bytes){ NULL, 0 };
	return (struct bsg_bytes){ (const uint8_t *)k->aad, k->aad_len };
}

size_t bsg_cose_message_max(enum bsg_cose_kind kind)
{
	const struct kind *k = find_kind(kind);

	return k == NULL ? 0 : k->max;
}

/* W13: what this kind's header must and must not hold. */
static enum bsg_err check_header(const struct kind *k, const struct bsg_cose_header *h)
{
	if (k->chain != (h->n_chain > 0) || (h->kid.len > 0 && !k->kid))
		return BSG_E_INVALID;
	if (h->n_chain > BSG_COSE_CHAIN_MAX || h->kid.len > BSG_COSE_KID_MAX)
		return BSG_E_LIMIT;
	for (size_t i = 0; i < h->n_chain; i++) {
		if (h->chain[i].len == 0)
			return BSG_E_INVALID;
		if (h->chain[i].len > BSG_COSE_CERT_MAX)
			return BSG_E_LIMIT;
	}
	return BSG_OK;
}

enum bsg_err bsg_cose_header_encode(enum bsg_cose_kind kind, const struct bsg_cose_header *header,
				    uint8_t *buf, size_t cap, struct bsg_bytes *out)
{
	const struct kind *k = find_kind(kind);
	struct bsg_cbor_writer w;

	bsg_cbor_writer_init(&w, buf, cap);
	bsg_cbor_refuse_write(&w, k == NULL ? BSG_E_INVALID : check_header(k, header));
	bsg_cbor_put_map(&w, 1u + (header->kid.len > 0) + (header->n_chain > 0));
	bsg_cbor_put_int(&w, LABEL_ALG);
	bsg_cbor_put_int(&w, ALG_ES256);
	if (header->kid.len > 0) {
		bsg_cbor_put_int(&w, LABEL_KID);
		bsg_cbor_put_bytes(&w, header->kid.ptr, header->kid.len);
	}
	if (header->n_chain > 0 && w.err == BSG_OK) {
		bsg_cbor_put_int(&w, LABEL_X5CHAIN);
		if (header->n_chain > 1)	/* RFC 9360: one certificate stands alone */
			bsg_cbor_put_array(&w, header->n_chain);
		for (size_t i = 0; i < header->n_chain; i++)
			bsg_cbor_put_bytes(&w, header->chain[i].ptr, header->chain[i].len);
	}
	return bsg_cbor_writer_end(&w, out);
}

enum bsg_err bsg_cose_sig_structure(enum bsg_cose_kind kind, struct bsg_bytes header_bytes,
				    struct bsg_bytes payload, uint8_t *buf, size_t cap,
				    struct bsg_bytes *out)
{
	static const char context[] = "Signature1";
	const struct kind *k = find_kind(kind);
	struct bsg_bytes aad = bsg_cose_aad(kind);
	struct bsg_cbor_writer w;

	bsg_cbor_writer_init(&w, buf, cap);
	bsg_cbor_refuse_write(&w, k == NULL ? BSG_E_INVALID : BSG_OK);
	bsg_cbor_put_array(&w, 4);
	bsg_cbor_put_text(&w, context, sizeof(context) - 1);
	bsg_cbor_put_bytes(&w, header_bytes.ptr, header_bytes.len);
	bsg_cbor_put_bytes(&w, aad.ptr, aad.len);
	bsg_cbor_put_bytes(&w, payload.ptr, payload.len);
	return bsg_cbor_writer_end(&w, out);
}

enum bsg_err bsg_cose_assemble(enum bsg_cose_kind kind, struct bsg_bytes header_bytes,
			       struct bsg_bytes payload, const uint8_t *signature, uint8_t *buf,
			       size_t cap, struct bsg_bytes *out)
{
	const struct kind *k = find_kind(kind);
	struct bsg_cbor_writer w;

	bsg_cbor_writer_init(&w, buf, cap);
	bsg_cbor_refuse_write(&w, k == NULL ? BSG_E_INVALID : BSG_OK);
	bsg_cbor_put_tag(&w, TAG_SIGN1);
	bsg_cbor_put_array(&w, 4);
	bsg_cbor_put_bytes(&w, header_bytes.ptr, header_bytes.len);
	bsg_cbor_put_map(&w, 0);
	bsg_cbor_put_bytes(&w, payload.ptr, payload.len);
	bsg_cbor_put_bytes(&w, signature, BSG_COSE_SIGNATURE_LEN);
	if (k != NULL && w.len > k->max)
		bsg_cbor_refuse_write(&w, BSG_E_LIMIT);
	return bsg_cbor_writer_end(&w, out);
}

static void get_chain(struct bsg_cbor_reader *r, struct bsg_cose_header *out)
{
	size_t n = 1;

	/* RFC 9360: one certificate stands alone, an array has two or more. */
	if (r->pos < r->len && r->buf[r->pos] >> 5 == 4)
		n = bsg_cbor_get_array(r, 2, BSG_COSE_CHAIN_MAX);
	for (size_t i = 0; i < n; i++)
		out->chain[i] = bsg_cbor_get_bytes(r, 1, BSG_COSE_CERT_MAX);
	out->n_chain = n;
}

/* Nothing in this header may be ignored, whatever its label's sign (W13). */
static void get_header(const struct kind *k, struct bsg_bytes bytes, struct bsg_cbor_reader *outer,
		       struct bsg_cose_header *out)
{
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	const char *why;
	bool alg = false;
	int64_t label;
	enum bsg_err rc;

	bsg_cbor_reader_init(&r, bytes);
	bsg_cbor_get_map(&r, 3, &map);
	while (bsg_cbor_map_next(&r, &map, &label)) {
		if (label == LABEL_ALG)
			alg = bsg_cbor_get_int(&r, ALG_ES256, ALG_ES256) == ALG_ES256;
		else if (label == LABEL_KID)
			out->kid = bsg_cbor_get_bytes(&r, 1, BSG_COSE_KID_MAX);
		else if (label == LABEL_X5CHAIN)
			get_chain(&r, out);
		else
			bsg_cbor_refuse(&r, BSG_E_INVALID, "unknown label in the header");
	}
	rc = bsg_cbor_reader_end(&r, &why);
	if (rc != BSG_OK)
		bsg_cbor_refuse(outer, rc, why);
	else if (!alg)
		bsg_cbor_refuse(outer, BSG_E_INVALID, "header without alg");
	else if (check_header(k, out) != BSG_OK)
		bsg_cbor_refuse(outer, BSG_E_INVALID, "not the header of this kind of message");
}

enum bsg_err bsg_cose_parse(enum bsg_cose_kind kind, struct bsg_bytes message,
			    struct bsg_cose_message *out, const char **why)
{
	const struct kind *k = find_kind(kind);
	struct bsg_cbor_reader r;
	struct bsg_cbor_map unprotected;
	enum bsg_err rc;

	bsg_wire_zero(out, sizeof(*out));
	bsg_cbor_reader_init(&r, message);
	if (k == NULL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, "no such kind of message");
	else if (message.len > k->max)
		bsg_cbor_refuse(&r, BSG_E_LIMIT, "message too long");
	bsg_cbor_get_tag(&r, TAG_SIGN1);
	(void)bsg_cbor_get_array(&r, 4, 4);
	out->header_bytes = bsg_cbor_get_bytes(&r, 1, BSG_COSE_HEADER_MAX);
	if (r.err == BSG_OK)
		get_header(k, out->header_bytes, &r, &out->header);
	bsg_cbor_get_map(&r, 0, &unprotected);
	out->payload = bsg_cbor_get_bytes(&r, 1, message.len);
	out->signature = bsg_cbor_get_bytes(&r, BSG_COSE_SIGNATURE_LEN, BSG_COSE_SIGNATURE_LEN);
	rc = bsg_cbor_reader_end(&r, why);
	if (rc != BSG_OK)
		bsg_wire_zero(out, sizeof(*out));
	return rc;
}
