/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CBOR reader alone: whatever it skips it also refuses or takes piece by
 * piece, never past the end, and a failed reader stays where it failed.
 */
#include "fuzz/fuzz.h"
#include "wire/cbor.h"

static void check_failed(struct bsg_cbor_reader *r)
{
	struct bsg_cbor_map map;
	size_t pos = r->pos;
	const char *why = r->why;
	int64_t key;

	FUZZ_CHECK(why != NULL && pos <= r->len);
	FUZZ_CHECK(bsg_cbor_get_int(r, INT64_MIN, INT64_MAX) == 0);
	FUZZ_CHECK(bsg_cbor_get_text(r, 0, SIZE_MAX).len == 0);
	FUZZ_CHECK(bsg_cbor_get_array(r, 0, SIZE_MAX) == 0);
	bsg_cbor_get_map(r, SIZE_MAX, &map);
	FUZZ_CHECK(!bsg_cbor_map_next(r, &map, &key) && !bsg_cbor_take_null(r));
	bsg_cbor_skip(r);
	FUZZ_CHECK(r->pos == pos && r->why == why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	int64_t key;

	bsg_cbor_reader_init(&r, (struct bsg_bytes){ data, size });
	while (r.err == BSG_OK && r.pos < r.len) {
		size_t before = r.pos;

		bsg_cbor_skip(&r);
		FUZZ_CHECK(r.err != BSG_OK || r.pos > before);
	}
	if (r.err != BSG_OK)
		check_failed(&r);

	bsg_cbor_reader_init(&r, (struct bsg_bytes){ data, size });
	bsg_cbor_get_map(&r, SIZE_MAX, &map);
	while (bsg_cbor_map_next(&r, &map, &key))
		bsg_cbor_skip(&r);
	if (r.err != BSG_OK)
		check_failed(&r);
	return 0;
}
