/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone is told, and what proves that it is free: docs/spec/apple.md, A88, A120 to A122, A126. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apple/lock_profile.h"
#include "apple/verify.h"

#define NOW INT64_C(1800000000)
#define CAMERA BSG_BIT(BSG_CAMERA)
#define RADIOS (BSG_BIT(BSG_HOTSPOT) | BSG_BIT(BSG_BLUETOOTH))

static struct bsg_apple apple = {.options = {.deployment = "kz.test", .organisation = "House"}};
static struct bsg_error err;

static const struct bsg_op_apple_step *deliver(const struct bsg_platform_phone *phone, uint32_t functions, int64_t until)
{
	static struct bsg_platform_delivery out;
	const struct bsg_platform_step step = {
		.device = "d", .at = NOW, .next = NOW + 9, .desire = true, .functions = functions, .until = until, .evidence_at = NOW - 5,
	};

	assert_int_equal(bsg_apple_deliver(&apple.platform, phone, &step, &out, &err), BSG_OK);
	assert_int_equal(out.op.kind, BSG_OP_APPLE_STEP);
	assert_int_equal(out.op.apple_step.push, out.op.apple_step.command != BSG_APPLE_NO_COMMAND);
	return &out.op.apple_step;
}

static void what_is_told_is_what_the_coverage_promises(void **state)	/* A120 */
{
	static const char *const kinds[] = {"ios-device", "ios-user", "ios-supervised", "watch-apple"};
	static const unsigned levels[] = {0, 1102, 1103, 1201, 1202, 1401, 1402, 1404, 1405, 1500, 1801};
	struct bsg_coverage *coverage;

	(void)state;
	assert_int_equal(bsg_coverage_load(&coverage, &err), BSG_OK);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
			const struct bsg_coverage_phone phone = {.kind = kinds[k], .class_of = BSG_CLASS_MANAGED, .os_level = levels[l]};
			uint32_t promised = 0;

			for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
				struct bsg_coverage_entry entry;

				bsg_coverage_look_up(coverage, &phone, f, &entry);
				promised |= entry.grade != BSG_GRADE_IMPOSSIBLE ? BSG_BIT(f) : 0;
			}
			assert_int_equal(bsg_apple_told(kinds[k], levels[l], BSG_FUNCTIONS_ALL, 1), promised);
		}
	}
	bsg_coverage_free(coverage);
}

static void functions_are_installed_and_a_lift_removes(void **state)	/* A120 */
{
	const struct bsg_platform_phone phone = {.version = 7, .kind = "ios-device"};
	const struct bsg_op_apple_step *op = deliver(&phone, CAMERA | BSG_BIT(BSG_MICROPHONE), NOW + 60);

	(void)state;
	assert_int_equal(op->version, 7);
	assert_int_equal(op->functions, CAMERA);
	assert_int_equal(op->command, BSG_APPLE_INSTALL);
	assert_int_equal(op->until, NOW + 60);
	assert_int_equal(op->crossing_at, NOW - 5);
	op = deliver(&phone, BSG_BIT(BSG_MICROPHONE), NOW + 60);
	assert_int_equal(op->command, BSG_APPLE_REMOVE);
	assert_int_equal(op->functions | op->until, 0);
}

static void radios_are_switched_off_before_they_are_kept_so(void **state)	/* A120, A124 */
{
	struct bsg_platform_phone phone = {.kind = "ios-supervised", .os_level = 1201};

	(void)state;
	assert_int_equal(deliver(&phone, RADIOS | CAMERA, NOW + 60)->command, BSG_APPLE_SETTINGS);
	assert_int_equal(deliver(&phone, RADIOS | CAMERA, NOW + 60)->functions, BSG_BIT(BSG_BLUETOOTH) | CAMERA);
	assert_int_equal(deliver(&phone, BSG_BIT(BSG_HOTSPOT) | CAMERA, NOW + 60)->command, BSG_APPLE_INSTALL);	/* since 12.2 */
	assert_int_equal(deliver(&phone, 0, 0)->command, BSG_APPLE_REMOVE);	/* the owner switches them on again */
	strcpy(phone.kind, "ios-device");
	assert_int_equal(deliver(&phone, RADIOS | CAMERA, NOW + 60)->command, BSG_APPLE_INSTALL);
}

static void a_phone_that_has_it_for_certain_is_told_nothing(void **state)	/* A88 */
{
	struct bsg_platform_phone phone = {.kind = "ios-device", .is_certain = true, .verified = CAMERA, .verified_until = NOW + 60};

	(void)state;
	assert_int_equal(deliver(&phone, CAMERA, NOW + 60)->command, BSG_APPLE_NO_COMMAND);
	assert_int_equal(deliver(&phone, CAMERA, NOW + 61)->command, BSG_APPLE_INSTALL);
	assert_int_equal(deliver(&phone, CAMERA, NOW + 15)->command, BSG_APPLE_INSTALL);	/* a lease that comes forward */
	assert_int_equal(deliver(&phone, 0, 0)->command, BSG_APPLE_REMOVE);
	phone.verified_at = NOW + BSG_STORE_CLOCK_STEP_S + 1;	/* the clock was set back since */
	assert_int_equal(deliver(&phone, CAMERA, NOW + 60)->command, BSG_APPLE_INSTALL);
	phone.verified_at = NOW;
	phone.is_certain = false;
	assert_int_equal(deliver(&phone, CAMERA, NOW + 60)->command, BSG_APPLE_INSTALL);
}

/* The command's bytes, ending in zero; static. */
static const char *plist_of_kind(enum bsg_apple_command_kind kind, int64_t functions, int64_t until, int64_t seq)
{
	static char text[65536];
	struct bsg_apple_command command = {.kind = kind, .uuid = "u", .seq = seq, .functions = functions, .until = until};
	struct bsg_apple_rec rec = {.device = "d", .kind = "ios-supervised", .os_version = 1704};
	struct bsg_buf out;

	bsg_buf_init(&out, sizeof(text) - 1);
	assert_int_equal(bsg_apple_command_plist(&apple, &rec, &command, NULL, NOW, &out, &err), BSG_OK);
	snprintf(text, sizeof(text), "%s", (const char *)out.data);
	bsg_buf_free(&out);
	return text;
}

static const char *plist_of(int64_t functions, int64_t until, int64_t seq)
{
	return plist_of_kind(BSG_APPLE_INSTALL, functions, until, seq);
}

static void settings_end_with_their_lock(void **state)	/* A122 */
{
	const char *plist = plist_of_kind(BSG_APPLE_SETTINGS, BSG_BIT(BSG_HOTSPOT) | CAMERA, NOW + 60, 1);
	char neutral[65536];

	(void)state;
	assert_non_null(strstr(plist, "<string>PersonalHotspot</string>"));
	assert_null(strstr(plist, "<string>Bluetooth</string>"));
	assert_non_null(strstr(plist, "<false/>"));
	assert_null(strstr(plist, "<true/>"));
	snprintf(neutral, sizeof(neutral), "%s", plist_of(0, 0, 1));
	assert_string_equal(plist_of_kind(BSG_APPLE_SETTINGS, RADIOS, NOW, 1), neutral);
}

static void the_same_desired_state_is_the_same_bytes(void **state)	/* A121 */
{
	char first[65536];

	(void)state;
	snprintf(first, sizeof(first), "%s", plist_of(CAMERA, NOW + 60, 1));
	assert_string_equal(plist_of(CAMERA, NOW + 60, 1), first);
	assert_string_not_equal(plist_of(CAMERA, NOW + 60, 2), first);
	assert_string_not_equal(plist_of(CAMERA, NOW + 61, 1), first);
}

static void a_lock_without_life_or_content_is_neutral(void **state)	/* A122 */
{
	char neutral[65536];

	(void)state;
	snprintf(neutral, sizeof(neutral), "%s", plist_of(0, 0, 1));
	assert_string_equal(plist_of(CAMERA, NOW, 1), neutral);
	assert_string_equal(plist_of(BSG_BIT(BSG_APPS), NOW + 60, 1), neutral);	/* its apps are not blocked any more */
	assert_string_not_equal(plist_of(CAMERA, NOW + 1, 1), neutral);
}

/* An answer to ProfileList of a phone with the profile of @functions, of the same desired state. */
static void list_profile(int64_t functions, struct bsg_lock *lock, struct bsg_result *out)
{
	static const char frame[] = "<plist version=\"1.0\"><dict><key>UDID</key><string>u</string><key>CommandUUID</key><string>c</string>"
		"<key>Status</key><string>Acknowledged</string><key>ProfileList</key><array><dict><key>PayloadIdentifier</key>"
		"<string>kz.test.lock</string><key>PayloadUUID</key><string>%s</string></dict></array></dict></plist>";
	const struct bsg_apple_command command = {.kind = BSG_APPLE_VERIFY_LIST, .seq = 1, .functions = functions, .until = NOW + 60};
	const struct bsg_apple_rec rec = {.device = "d", .kind = "ios-device"};
	char uuid[BSG_PAYLOAD_UUID_SIZE], body[1024];

	assert_int_equal(bsg_apple_lock_of(&apple, &rec, &command, NULL, NOW, lock, &err), BSG_OK);
	assert_int_equal(bsg_payload_uuid(lock->seed, BSG_LOCK_SUFFIX, uuid, &err), BSG_OK);
	snprintf(body, sizeof(body), frame, uuid);
	assert_int_equal(bsg_result_decode(body, strlen(body), out, &err), BSG_OK);
}

/* The neutral profile is what a lock is told as when its lease is over. */
static void a_list_tells_a_lock_from_the_neutral_profile_in_its_place(void **state)	/* A121 */
{
	struct bsg_lock lock, neutral;
	struct bsg_result has_lock, has_neutral;

	(void)state;
	list_profile(CAMERA, &lock, &has_lock);
	list_profile(0, &neutral, &has_neutral);
	assert_int_equal(bsg_verify_restricted(&has_lock, &lock, 0), CAMERA);
	assert_int_equal(bsg_verify_restricted(&has_neutral, &lock, 0), 0);
	assert_true(bsg_verify_lifted(&has_neutral, "kz.test", neutral.seed));
	assert_false(bsg_verify_lifted(&has_lock, "kz.test", neutral.seed));
	bsg_result_free(&has_lock);
	bsg_result_free(&has_neutral);
}

static bool is_free(const char *kind, const char *restrictions)
{
	static const char frame[] = "<plist version=\"1.0\"><dict><key>UDID</key><string>u</string><key>CommandUUID</key><string>c</string>"
		"<key>Status</key><string>Acknowledged</string><key>GlobalRestrictions</key><dict><key>restrictedBool</key><dict>%s</dict>"
		"</dict></dict></plist>";
	struct bsg_lock lock = {.os_level = 1704};
	struct bsg_result result;
	char body[2048];
	bool is;

	assert_true(bsg_apple_kind_parse(kind, &lock.kind));
	snprintf(body, sizeof(body), frame, restrictions);
	assert_int_equal(bsg_result_decode(body, strlen(body), &result, &err), BSG_OK);
	is = bsg_verify_free(&result, &lock);
	bsg_result_free(&result);
	return is;
}

#define SAID(key, value) "<key>" key "</key><dict><key>value</key><" value "/></dict>"

static void only_what_is_said_to_be_allowed_is_free(void **state)	/* A126 */
{
	(void)state;
	assert_true(is_free("ios-device", SAID("allowCamera", "true") SAID("allowScreenShot", "true")));
	assert_false(is_free("ios-device", SAID("allowCamera", "false") SAID("allowScreenShot", "true")));
	assert_false(is_free("ios-device", SAID("allowCamera", "true")));
	assert_false(is_free("ios-device", ""));
	/* All that is true or false is allowed: apps may be blocked all the same. */
	assert_false(is_free("ios-supervised", SAID("allowCamera", "true") SAID("allowScreenShot", "true")
			     SAID("forceWiFiToAllowedNetworksOnly", "false") SAID("allowPersonalHotspotModification", "true")
			     SAID("allowBluetoothModification", "true") SAID("allowNFC", "true") SAID("allowHostPairing", "true")
			     SAID("allowFilesUSBDriveAccess", "true") SAID("blockedAppBundleIDs", "true")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_what_the_coverage_promises),
		cmocka_unit_test(functions_are_installed_and_a_lift_removes),
		cmocka_unit_test(radios_are_switched_off_before_they_are_kept_so),
		cmocka_unit_test(a_phone_that_has_it_for_certain_is_told_nothing),
		cmocka_unit_test(settings_end_with_their_lock),
		cmocka_unit_test(the_same_desired_state_is_the_same_bytes),
		cmocka_unit_test(a_lock_without_life_or_content_is_neutral),
		cmocka_unit_test(a_list_tells_a_lock_from_the_neutral_profile_in_its_place),
		cmocka_unit_test(only_what_is_said_to_be_allowed_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
