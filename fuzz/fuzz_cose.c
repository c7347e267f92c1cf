/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelopes: what comes apart goes together to the same bytes, under its own kind;
 * and the bytes to be signed differ from kind to kind. The first byte of an input
 * chooses the kind.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/cose.h"

static void check_signed_bytes(const struct bsg_cose_message *m, enum bsg_cose_kind kind)
{
	size_t cap = m->payload.len + BSG_COSE_SIG_OVERHEAD_MAX;
	uint8_t *one = malloc(cap), *two = malloc(cap);
	struct bsg_bytes a, b;

	FUZZ_CHECK(one != NULL && two != NULL);
	FUZZ_CHECK(bsg_cose_sig_structure(kind, m->header_bytes, m->payload, one, cap, &a) == BSG_OK);
	for (int other = BSG_COSE_ORDERS; other <= BSG_COSE_PASS; other++) {
		if (other == (int)kind)
			continue;
		FUZZ_CHECK(bsg_cose_sig_structure((enum bsg_cose_kind)other, m->header_bytes, m->payload, two, cap, &b) == BSG_OK);
		FUZZ_CHECK(a.len != b.len || memcmp(a.ptr, b.ptr, a.len) != 0);
	}
	free(one);
	free(two);
}

static void check_together(const struct bsg_cose_message *m, enum bsg_cose_kind kind, struct bsg_bytes in)
{
	uint8_t *header = malloc(BSG_COSE_HEADER_MAX), *whole = malloc(in.len);
	struct bsg_bytes h, out;

	FUZZ_CHECK(header != NULL && whole != NULL);
	FUZZ_CHECK(bsg_cose_header_encode(kind, &m->header, header, BSG_COSE_HEADER_MAX, &h) == BSG_OK);
	FUZZ_CHECK(h.len == m->header_bytes.len && memcmp(h.ptr, m->header_bytes.ptr, h.len) == 0);
	FUZZ_CHECK(bsg_cose_assemble(kind, h, m->payload, m->signature.ptr, whole, in.len, &out) == BSG_OK);
	FUZZ_CHECK(out.len == in.len && memcmp(out.ptr, in.ptr, in.len) == 0);
	free(header);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsg_cose_message m;
	enum bsg_cose_kind kind;
	struct bsg_bytes in;
	const char *why;

	if (size == 0)
		return 0;
	kind = (enum bsg_cose_kind)(data[0] % 6);	/* 0 and 5 are no kinds */
	in = (struct bsg_bytes){ data + 1, size - 1 };
	if (bsg_cose_parse(kind, in, &m, &why) != BSG_OK) {
		FUZZ_CHECK(why != NULL && m.payload.len == 0 && m.signature.len == 0);
		return 0;
	}
	FUZZ_CHECK(why == NULL && in.len <= bsg_cose_message_max(kind));
	check_together(&m, kind, in);
	check_signed_bytes(&m, kind);
	return 0;
}
