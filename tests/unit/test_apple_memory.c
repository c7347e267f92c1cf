/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What apple/ does when memory runs out: each operation is run with its first, second, third... allocation failing, until none
 * fails. It must end in an error with a text and leave nothing behind. libplist's own allocations are not made to fail: it does
 * not look at them (apple/plist.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apple/checkin.h"
#include "apple/enrolment.h"
#include "apple/lock.h"
#include "apple/result.h"

#define ROUNDS_MAX 1000

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int allocations_left = -1;	/* -1: no end */
static bool refused;			/* whether one has failed */

static bool may_allocate(void)
{
	if (allocations_left == 0)
		refused = true;
	else if (allocations_left > 0)
		allocations_left--;
	return !refused;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

static const char message[] = "<plist><dict><key>MessageType</key><string>TokenUpdate</string><key>UDID</key><string>x</string>"
	"<key>Token</key><data>AQID</data><key>PushMagic</key><string>m</string><key>d</key><dict><key>a</key><array/></dict></dict></plist>";
static const char answer[] = "<plist><dict><key>Status</key><string>Acknowledged</string><key>UDID</key><string>x</string><key>CommandUUID</key>"
	"<string>u</string><key>ProfileList</key><array><dict><key>PayloadIdentifier</key><string>i</string></dict></array></dict></plist>";

static enum bsg_err checkin(struct bsg_error *err)
{
	struct bsg_checkin out;

	return bsg_checkin_decode(message, sizeof(message) - 1, &out, err);
}

static enum bsg_err result(struct bsg_error *err)
{
	struct bsg_result out;
	const enum bsg_err rc = bsg_result_decode(answer, sizeof(answer) - 1, &out, err);

	assert_int_equal(rc == BSG_OK, out.plist != NULL);
	bsg_result_free(&out);
	return rc;
}

static enum bsg_err command(struct bsg_error *err)
{
	const struct bsg_command c = { .uuid = "u", .type = BSG_COMMAND_INSTALL_PROFILE, .profile = { (const uint8_t *)message, 100 } };
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_COMMAND_MAX);
	rc = bsg_command_encode(&c, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err lock(struct bsg_error *err)
{
	const struct bsg_lock l = { .kind = BSG_IOS_DEVICE, .functions = 1, .deployment = "a.b", .language = BSG_PROFILE_EN, .life_s = 60 };
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_PROFILE_MAX);
	rc = bsg_lock_profile(&l, &out, err);
	if (rc == BSG_OK)
		rc = bsg_lock_neutral(&l, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static enum bsg_err enrolment(struct bsg_error *err)
{
	const struct bsg_bytes root = { (const uint8_t *)message, 100 };
	const struct bsg_enrolment e = {
		.kind = BSG_IOS_DEVICE, .language = BSG_PROFILE_RU, .deployment = "a.b", .organisation = "o", .roots = &root, .n_roots = 1,
		.scep_url = "https://x/scep", .challenge = "c", .common_name = "n", .topic = "com.apple.mgmt.x",
		.server_url = "https://x/s", .checkin_url = "https://x/c",
	};
	struct bsg_buf out;
	enum bsg_err rc;

	bsg_buf_init(&out, BSG_PROFILE_MAX);
	rc = bsg_enrolment_profile(&e, &out, err);
	bsg_buf_free(&out);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	static const struct { const char *name; enum bsg_err (*run)(struct bsg_error *err); } operations[] = {
		{ "check-in", checkin }, { "result", result }, { "command", command }, { "lock", lock }, { "enrolment", enrolment },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		int n = -1;

		do {
			struct bsg_error err = { 0 };
			enum bsg_err rc;

			refused = false;
			allocations_left = ++n;
			rc = operations[i].run(&err);
			allocations_left = -1;
			if (!refused && rc != BSG_OK)
				fail_msg("%s: failed with memory enough: %s", operations[i].name, err.text);
			if (refused && (rc != BSG_E_NO_MEMORY || err.text[0] == '\0'))
				fail_msg("%s: allocation %d: %d, %s", operations[i].name, n, (int)rc, err.text);
		} while (refused && n < ROUNDS_MAX);
		refused = false;
		assert_true(n > 1 && n < ROUNDS_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
