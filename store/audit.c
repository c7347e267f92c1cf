/* SPDX-License-Identifier: Apache-2.0 */
/* The audit's hash chain, the same for every backend; its form is in store/records.h. */
#include <stdlib.h>
#include <string.h>

#include "store/backend.h"

#define PAGE 64	/* entries read at once by the walk */

static uint8_t *put_number(uint8_t *at, uint64_t number, int n_bytes)
{
	for (int i = n_bytes - 1; i >= 0; i--)
		*at++ = (uint8_t)(number >> (8 * i));
	return at;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
	size_t len = strlen(text);

	at = put_number(at, len, 4);
	memcpy(at, text, len);	/* no zero: its length is before it. NOLINT(bugprone-not-null-terminated-result) */
	return at + len;
}

enum bsg_err bsg_store_audit_hash(const struct bsg_store_options *options, const uint8_t *prev,
				  struct bsg_audit_rec *entry, struct bsg_error *err)
{
	uint8_t bytes[BSG_STORE_SHA256_LEN + 16 + sizeof(*entry) + 5 * 4], *at = bytes;

	memcpy(at, prev, BSG_STORE_SHA256_LEN);
	at = put_number(at + BSG_STORE_SHA256_LEN, (uint64_t)entry->seq, 8);
	at = put_number(at, (uint64_t)entry->at, 8);
	at = put_text(at, entry->who);
	at = put_text(at, entry->action);
	at = put_text(at, entry->subject);
	at = put_text(at, entry->reason);
	at = put_text(at, entry->detail);
	if (!options->sha256(bytes, (size_t)(at - bytes), entry->hash))
		return bsg_fail(err, BSG_E_CRYPTO, "audit: cannot hash the entry");
	return BSG_OK;
}

/* Check one page of entries. It stops where the chain breaks: out->broken_at. */
static enum bsg_err walk_page(struct bsg_store *store, const struct bsg_audit_rec *entries, size_t n,
			      struct bsg_audit_check *out, struct bsg_error *err)
{
	struct bsg_audit_rec again;
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < n && out->broken_at == 0 && rc == BSG_OK; i++) {
		again = entries[i];
		rc = bsg_store_audit_hash(&store->options, out->head, &again, err);
		if (rc != BSG_OK)
			break;
		if (entries[i].seq != out->n + 1 || memcmp(again.hash, entries[i].hash, sizeof(again.hash)) != 0) {
			out->broken_at = out->n + 1;
			break;
		}
		out->n++;
		memcpy(out->head, again.hash, sizeof(out->head));
	}
	return rc;
}

enum bsg_err bsg_store_audit_verify(struct bsg_store *store, struct bsg_audit_check *out, struct bsg_error *err)
{
	struct bsg_audit_rec *entries = malloc(PAGE * sizeof(*entries));
	struct bsg_page page = { .limit = PAGE };
	char cursor[BSG_CURSOR_SIZE];
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	if (entries == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "audit: out of memory");
	do {
		rc = bsg_store_audit(store, &page, entries, err);
		if (rc == BSG_OK)
			rc = walk_page(store, entries, page.n, out, err);
		memcpy(cursor, page.next, sizeof(cursor));
		page.cursor = cursor;
	} while (rc == BSG_OK && out->broken_at == 0 && page.next[0] != '\0');
	free(entries);
	if (rc != BSG_OK)
		memset(out, 0, sizeof(*out));
	return rc;
}
