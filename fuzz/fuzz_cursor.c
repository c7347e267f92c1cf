/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a list goes on, as whoever asks for the next page says: what a cursor is taken for is what it says, of each of
 * the kinds that lists for people have.
 */
#include <inttypes.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "store/backend.h"
#include "store/store.h"

static struct bsg_query seen;

static enum bsg_err keep(void *self, struct bsg_query *query, struct bsg_error *err)
{
	(void)self;
	(void)err;
	seen = *query;
	return BSG_OK;
}

static enum bsg_err ask(struct bsg_store *store, enum bsg_cursor_kind kind, struct bsg_page *page, struct bsg_error *err)
{
	static union {
		struct bsg_person_rec person;
		struct bsg_policy_rec policy;
		struct bsg_exemption_rec exemption;
		struct bsg_present_rec present;
		struct bsg_audit_rec audit;
	} rec;

	switch (kind) {
	case BSG_CURSOR_NUM:
		return bsg_store_audit(store, page, &rec.audit, err);
	case BSG_CURSOR_NUM_DOWN:
		return bsg_store_policies(store, page, &rec.policy, err);
	case BSG_CURSOR_NUM_TEXT_DOWN:
		return bsg_store_exemptions(store, NULL, NULL, page, &rec.exemption, err);
	case BSG_CURSOR_TEXT_TEXT:
		return bsg_store_present(store, "p", NULL, page, &rec.present, err);
	case BSG_CURSOR_TEXT:
	case BSG_CURSOR_NUM_TEXT:	/* of no list for people */
	case BSG_CURSOR_NONE:
		break;
	}
	return bsg_store_people(store, NULL, page, &rec.person, err);
}

/* A cursor of this text, from what became of it; numbers may have had zeros in front. */
static void check_taken(enum bsg_cursor_kind kind, const char *cursor)
{
	char again[2 * BSG_CURSOR_SIZE + 32];

	FUZZ_CHECK(memchr(seen.cursor_text[0], '\0', BSG_CURSOR_SIZE) != NULL && memchr(seen.cursor_text[1], '\0', BSG_CURSOR_SIZE) != NULL);
	FUZZ_CHECK(strlen(cursor) < BSG_CURSOR_SIZE);
	if (kind != BSG_CURSOR_TEXT && kind != BSG_CURSOR_TEXT_TEXT) {
		FUZZ_CHECK(seen.cursor_num >= 0 && cursor[0] >= '0' && cursor[0] <= '9');
		while (cursor[0] == '0' && cursor[1] >= '0' && cursor[1] <= '9')
			cursor++;
	}
	if (kind == BSG_CURSOR_TEXT)
		(void)snprintf(again, sizeof(again), "%s", seen.cursor_text[0]);
	else if (kind == BSG_CURSOR_TEXT_TEXT)
		(void)snprintf(again, sizeof(again), "%s.%s", seen.cursor_text[0], seen.cursor_text[1]);
	else if (kind == BSG_CURSOR_NUM_TEXT_DOWN)
		(void)snprintf(again, sizeof(again), "%" PRId64 ".%s", seen.cursor_num, seen.cursor_text[1]);
	else
		(void)snprintf(again, sizeof(again), "%" PRId64, seen.cursor_num);
	FUZZ_CHECK(strcmp(again, cursor) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bsg_backend backend = { .read = keep };
	static const enum bsg_cursor_kind kinds[] = { BSG_CURSOR_NUM, BSG_CURSOR_NUM_DOWN, BSG_CURSOR_NUM_TEXT_DOWN, BSG_CURSOR_TEXT,
						      BSG_CURSOR_TEXT_TEXT };
	struct bsg_store store = { .backend = &backend };
	char *cursor = malloc(size + 1);

	FUZZ_CHECK(cursor != NULL);
	memcpy(cursor, data, size);
	cursor[size] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct bsg_page page = { .cursor = cursor, .limit = 1 };
		struct bsg_error err = { .text = "" };
		const enum bsg_err rc = ask(&store, kinds[i], &page, &err);

		FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0') && (rc == BSG_OK || rc == BSG_E_INVALID));
		FUZZ_CHECK(rc != BSG_OK || seen.cursor == kinds[i]);
		if (rc == BSG_OK && cursor[0] != '\0')
			check_taken(kinds[i], cursor);
	}
	free(cursor);
	return 0;
}
