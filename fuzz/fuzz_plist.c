/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property lists, check-in messages and results: what is read stays within the limits, can be written, and is the same when it
 * is read again; what is decoded keeps what its header promises.
 */
#include <string.h>

#include "apple/checkin.h"
#include "apple/plist_write.h"
#include "apple/verify.h"
#include "fuzz/fuzz.h"

static void put(const char *key, const struct bsg_plist_node *node, void *ctx)
{
	struct bsg_plist_writer *w = ctx;
	struct bsg_plist_value value;

	bsg_plist_value(node, &value);
	FUZZ_CHECK(key == NULL || (key[0] != '\0' && strlen(key) <= BSG_PLIST_KEY_MAX));
	FUZZ_CHECK(bsg_plist_count(node) <= BSG_PLIST_ENTRIES_MAX);
	if (value.type == BSG_PLIST_DICT || value.type == BSG_PLIST_ARRAY) {
		if (value.type == BSG_PLIST_DICT)
			bsg_plist_put_dict(w, key);
		else
			bsg_plist_put_array(w, key);
		bsg_plist_each(node, put, w);
		bsg_plist_end(w);
	} else if (value.type == BSG_PLIST_TEXT) {
		FUZZ_CHECK(strlen(value.text.ptr) == value.text.len);
		bsg_plist_put_str(w, key, value.text);
	} else if (value.type == BSG_PLIST_DATA) {
		bsg_plist_put_data(w, key, value.data);
	} else if (value.type == BSG_PLIST_BOOL) {
		bsg_plist_put_bool(w, key, value.flag);
	} else {
		bsg_plist_put_int(w, key, value.number);	/* 0 for real numbers and dates */
	}
}

/* An XML text of what was read. */
static enum bsg_err write_again(const struct bsg_plist *plist, struct bsg_buf *out)
{
	struct bsg_plist_writer w;

	bsg_plist_begin(&w, BSG_PLIST_MAX);
	bsg_plist_each(bsg_plist_root(plist), put, &w);
	return bsg_plist_finish(&w, out, NULL);
}

static void try_plist(const uint8_t *data, size_t size)
{
	struct bsg_error err = { 0 };
	struct bsg_plist *plist, *again;
	struct bsg_buf first, second;
	enum bsg_err rc = bsg_plist_read(data, size, BSG_PLIST_MAX, &plist, &err);

	if (rc != BSG_OK) {
		FUZZ_CHECK(plist == NULL && err.text[0] != '\0' && (rc == BSG_E_INVALID || rc == BSG_E_LIMIT));
		return;
	}
	bsg_buf_init(&first, BSG_PLIST_MAX);
	bsg_buf_init(&second, BSG_PLIST_MAX);
	rc = write_again(plist, &first);
	FUZZ_CHECK(rc == BSG_OK || rc == BSG_E_LIMIT);
	if (rc == BSG_OK) {
		rc = bsg_plist_read(first.data, first.len, BSG_PLIST_MAX, &again, NULL);
		FUZZ_CHECK(rc == BSG_OK || rc == BSG_E_LIMIT);	/* keys grow when `&` is written out */
		FUZZ_CHECK(rc != BSG_OK || write_again(again, &second) == BSG_OK);
		FUZZ_CHECK(rc != BSG_OK || (first.len == second.len && memcmp(first.data, second.data, first.len) == 0));
		bsg_plist_free(again);
	}
	bsg_buf_free(&first);
	bsg_buf_free(&second);
	bsg_plist_free(plist);
}

static void try_checkin(const uint8_t *data, size_t size)
{
	struct bsg_error err = { 0 };
	struct bsg_checkin c;

	if (bsg_checkin_decode(data, size, &c, &err) != BSG_OK) {
		FUZZ_CHECK(err.text[0] != '\0' && c.type_name[0] == '\0' && c.sender.id[0] == '\0');
		return;
	}
	FUZZ_CHECK(c.type_name[0] != '\0' && strlen(c.sender.id) <= BSG_APPLE_ID_MAX);
	FUZZ_CHECK(c.type == BSG_CHECKIN_UNKNOWN || c.sender.kind != BSG_APPLE_ID_NONE);
	FUZZ_CHECK((c.sender.kind == BSG_APPLE_ID_NONE) == (c.sender.id[0] == '\0'));
	FUZZ_CHECK((c.type == BSG_CHECKIN_TOKEN_UPDATE) == (c.token_len > 0) && c.token_len <= BSG_CHECKIN_TOKEN_MAX);
	FUZZ_CHECK((c.type == BSG_CHECKIN_TOKEN_UPDATE) == (c.push_magic[0] != '\0'));
}

static void try_result(const uint8_t *data, size_t size)
{
	static const char *const apps[] = { "com.example.recorder" };
	const struct bsg_lock lock = { .kind = BSG_IOS_SUPERVISED, .functions = BSG_FUNCTIONS_ALL, .apps = apps, .n_apps = 1,
				       .deployment = "kz.example.bosaga" };
	struct bsg_error err = { 0 };
	struct bsg_result r;
	uint32_t held;

	if (bsg_result_decode(data, size, &r, &err) != BSG_OK) {
		FUZZ_CHECK(err.text[0] != '\0' && r.plist == NULL);
		return;
	}
	FUZZ_CHECK((r.status == BSG_RESULT_IDLE) == (r.command_uuid[0] == '\0') && r.sender.id[0] != '\0');
	FUZZ_CHECK(r.n_errors <= BSG_RESULT_ERRORS_MAX);
	held = bsg_verify_restricted(&r, &lock, BSG_SETTINGS_ALL);
	FUZZ_CHECK((held & ~bsg_lock_covers(&lock)) == 0);
	FUZZ_CHECK(held == 0 || (r.status == BSG_RESULT_ACKNOWLEDGED && (r.restrictions != NULL || r.profiles != NULL)));
	FUZZ_CHECK(!bsg_verify_lifted(&r, lock.deployment, NULL) || r.profiles != NULL);
	FUZZ_CHECK((bsg_result_settings_done(&r, BSG_SETTINGS_ALL) & ~BSG_SETTINGS_ALL) == 0);
	bsg_result_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_plist(data, size);
	try_checkin(data, size);
	try_result(data, size);
	return 0;
}
