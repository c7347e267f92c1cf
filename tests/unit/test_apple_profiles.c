/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for apple/lock.h, enrolment.h, payload.h and verify.h; their output against Apple's schema: tests/e2e/apple_schema.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apple/enrolment.h"
#include "apple/lock.h"
#include "apple/verify.h"

static const char *const apps[] = { "com.example.recorder", "com.example.chat" };

static struct bsg_lock lock_of(enum bsg_apple_kind kind, unsigned os_level, uint32_t functions)
{
	return (struct bsg_lock){ .kind = kind, .os_level = os_level, .functions = functions, .apps = apps, .n_apps = 2,
				  .deployment = "kz.example.bosaga", .seed = "0123456789abcde", .organisation = "Ministry",
				  .language = BSG_PROFILE_EN, .life_s = 3600 };
}

#define CAM BSG_BIT(BSG_CAMERA)
#define SCR BSG_BIT(BSG_SCREEN_CAPTURE)
#define WIFI BSG_BIT(BSG_WIFI)
#define SPOT BSG_BIT(BSG_HOTSPOT)
#define BLUE BSG_BIT(BSG_BLUETOOTH)
#define NFC BSG_BIT(BSG_NFC)
#define USB BSG_BIT(BSG_USB_DATA)
#define APPS BSG_BIT(BSG_APPS)

static const struct cover_case {
	const char *name;
	enum bsg_apple_kind kind;
	unsigned os_level;
	uint32_t asked, covered, settings;
} cover_cases[] = {
	{ "A26 a private phone: camera and screen only", BSG_IOS_DEVICE, 1705, BSG_FUNCTIONS_ALL, CAM | SCR, 0 },
	{ "A26 only what is asked for", BSG_IOS_DEVICE, 1705, SCR | NFC, SCR, 0 },
	{ "A26 User Enrollment: the screen only", BSG_IOS_USER, 1705, BSG_FUNCTIONS_ALL, SCR, 0 },
	{ "A26 a watch: the screen only", BSG_WATCH_APPLE, 1100, BSG_FUNCTIONS_ALL, SCR, 0 },
	{ "A26 supervised", BSG_IOS_SUPERVISED, 1800, BSG_FUNCTIONS_ALL, CAM | SCR | WIFI | SPOT | BLUE | NFC | USB | APPS, BSG_SETTINGS_ALL },
	{ "A26 supervised, system unknown", BSG_IOS_SUPERVISED, 0, BSG_FUNCTIONS_ALL, CAM | SCR | WIFI | SPOT | BLUE | NFC | USB | APPS,
	  BSG_SETTINGS_ALL },
	{ "A26 supervised, iOS 14.2", BSG_IOS_SUPERVISED, 1402, BSG_FUNCTIONS_ALL, CAM | SCR | SPOT | BLUE | NFC | USB, BSG_SETTINGS_ALL },
	{ "A26 supervised, iOS 12.1", BSG_IOS_SUPERVISED, 1201, BSG_FUNCTIONS_ALL, CAM | SCR | BLUE | USB, BSG_SETTING_BLUETOOTH },
	{ "A26 supervised, iOS 9", BSG_IOS_SUPERVISED, 900, BSG_FUNCTIONS_ALL, CAM | SCR | USB, 0 },
	{ "A26 nothing asked for", BSG_IOS_SUPERVISED, 1800, 0, 0, 0 },
};

static void every_cover_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cover_cases) / sizeof(cover_cases[0]); i++) {
		const struct cover_case *c = &cover_cases[i];
		const struct bsg_lock lock = lock_of(c->kind, c->os_level, c->asked);
		struct bsg_buf out;
		enum bsg_err rc;

		if (bsg_lock_covers(&lock) != c->covered || bsg_lock_settings(&lock) != c->settings)
			fail_msg("%s: %x, settings %x", c->name, bsg_lock_covers(&lock), bsg_lock_settings(&lock));
		bsg_buf_init(&out, BSG_PROFILE_MAX);
		rc = bsg_lock_profile(&lock, &out, NULL);
		if (rc != (c->covered != 0 ? BSG_OK : BSG_E_INVALID))
			fail_msg("%s: %d", c->name, (int)rc);
		bsg_buf_free(&out);
	}
}

static void A26_an_app_list_needs_apps(void **state)
{
	struct bsg_lock lock = lock_of(BSG_IOS_SUPERVISED, 1800, APPS | CAM);

	(void)state;
	lock.n_apps = 0;
	assert_int_equal(bsg_lock_covers(&lock), CAM);
}

static void A25_no_key_of_the_table_is_one_that_is_never_touched(void **state)
{
	static const char *const never[] = { "allowChat", "com.apple.app.lock", "com.apple.cellular", "allowPairedWatch", "EnableLostMode",
					     "EraseDevice", "DeviceLock", "ClearPasscode", "PayloadRemovalDisallowed", "ALLOWCHAT" };
	size_t n;
	const struct bsg_lock_key *keys = bsg_lock_keys(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_null(bsg_apple_never(keys[i].key));
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (bsg_apple_never(never[i]) == NULL)
			fail_msg("%s", never[i]);
}

static void A25_a_payload_that_is_never_sent_is_our_own_mistake(void **state)
{
	const struct bsg_payload_head head = { .type = "com.apple.app.lock", .deployment = "a.b", .suffix = "x", .name = "x",
					       .seed = (const uint8_t *)"0123456789abcdef" };
	struct bsg_plist_writer w;

	(void)state;
	bsg_plist_begin(&w, 1000);
	assert_int_equal(bsg_payload_put_head(&w, &head, NULL), BSG_E_BUG);
	assert_int_equal(bsg_payload_abandon(&w, BSG_E_BUG), BSG_E_BUG);
}

static void A25_rights_are_what_they_are_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(BSG_RIGHTS_PRIVATE, 1555);
	assert_int_equal(BSG_RIGHTS_SUPERVISED, 1555 + 32 + 2048);
	assert_int_equal(BSG_RIGHTS_SUPERVISED & (4 | 8 | 64 | 128 | 256 | 4096), 0);
}

static void A24_a_UUID_follows_from_seed_and_label(void **state)
{
	static const uint8_t seed[BSG_SEED_LEN] = { 0 }, other[BSG_SEED_LEN] = { 1 };
	char a[BSG_PAYLOAD_UUID_SIZE], b[BSG_PAYLOAD_UUID_SIZE];

	(void)state;
	assert_int_equal(bsg_payload_uuid(seed, "lock", a, NULL), BSG_OK);
	/* SHA-256 of 16 zero bytes and "lock", by another program. */
	assert_string_equal(a, "22482A57-6B07-802D-8885-6B50159576E3");
	assert_int_equal(bsg_payload_uuid(seed, "lock", b, NULL), BSG_OK);
	assert_string_equal(a, b);
	assert_int_equal(bsg_payload_uuid(seed, "other", b, NULL), BSG_OK);
	assert_string_not_equal(a, b);
	assert_int_equal(bsg_payload_uuid(other, "lock", b, NULL), BSG_OK);
	assert_string_not_equal(a, b);
}

static void systems_and_kinds_are_read(void **state)
{
	static const struct { const char *text; unsigned level; } systems[] = {
		{ "17.5.1", 1705 }, { "17", 1700 }, { "9.3.5", 903 }, { "14.5", 1405 }, { "18.0 beta", 0 }, { "", 0 }, { NULL, 0 }, { "x", 0 },
		{ "17.x", 0 }, { ".5", 0 }, { "123.4", 0 }, { "17.123", 0 },
	};
	enum bsg_apple_kind kind;

	(void)state;
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (bsg_lock_os_level(systems[i].text) != systems[i].level)
			fail_msg("%s: %u", systems[i].text, bsg_lock_os_level(systems[i].text));
	assert_true(bsg_apple_kind_parse("ios-supervised", &kind));
	assert_int_equal(kind, BSG_IOS_SUPERVISED);
	assert_false(bsg_apple_kind_parse("android-cope", &kind));
	assert_false(bsg_apple_kind_parse(NULL, &kind));
	assert_int_equal(kind, BSG_IOS_USER);
}

static void A28_what_cannot_be_is_refused(void **state)
{
	static const char *const phone[] = { "com.apple.mobilephone" };
	static const char *const blank[] = { "a b" };
	struct bsg_lock lock = lock_of(BSG_IOS_SUPERVISED, 1800, APPS);
	struct bsg_error err = { 0 };
	struct bsg_buf out;

	(void)state;
	bsg_buf_init(&out, BSG_PROFILE_MAX);
	lock.apps = phone;
	lock.n_apps = 1;
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_DENIED);
	lock.apps = blank;
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_INVALID);
	lock = lock_of(BSG_IOS_DEVICE, 1800, CAM);
	for (int64_t life = -1; life <= 0; life++) {
		lock.life_s = life;
		assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_INVALID);
	}
	lock.life_s = BSG_LOCK_LIFE_MAX + 1;
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_INVALID);
	lock.life_s = BSG_LOCK_LIFE_MAX;
	lock.deployment = "Not A Name";
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_INVALID);
	lock.deployment = "kz.example";
	lock.organisation = "";
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_INVALID);
	lock.organisation = NULL;
	lock.kind = (enum bsg_apple_kind)9;
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_INVALID);
	lock.kind = BSG_IOS_DEVICE;
	lock.language = (enum bsg_profile_language)3;
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_E_INVALID);
	assert_int_equal(out.len, 0);
	lock.language = BSG_PROFILE_KK;
	assert_int_equal(bsg_lock_profile(&lock, &out, &err), BSG_OK);
	bsg_buf_free(&out);
}

/* ---- verification ------------------------------------------------------------------ */

#define ANSWER(inside) "<plist><dict><key>UDID</key><string>x</string><key>CommandUUID</key><string>u</string>" \
	"<key>Status</key><string>Acknowledged</string>" inside "</dict></plist>"
#define BOOL(key, value) "<key>" key "</key><dict><key>value</key><" value "/></dict>"
#define RESTRICTED(bools) ANSWER("<key>GlobalRestrictions</key><dict><key>restrictedBool</key><dict>" bools "</dict></dict>")

static uint32_t verified(const char *text, const struct bsg_lock *lock, uint32_t settings_done)
{
	struct bsg_error err = { 0 };
	struct bsg_result result;
	uint32_t out;

	if (bsg_result_decode(text, strlen(text), &result, &err) != BSG_OK)
		fail_msg("%s", err.text);
	out = bsg_verify_restricted(&result, lock, settings_done);
	bsg_result_free(&result);
	return out;
}

static void A29_restrictions_prove_what_they_name(void **state)
{
	struct bsg_lock lock = lock_of(BSG_IOS_DEVICE, 1705, BSG_FUNCTIONS_ALL);

	(void)state;
	assert_int_equal(verified(RESTRICTED(BOOL("allowCamera", "false") BOOL("allowScreenShot", "true")), &lock, 0), CAM);
	assert_int_equal(verified(RESTRICTED(BOOL("allowScreenShot", "false")), &lock, 0), SCR);
	assert_int_equal(verified(RESTRICTED(""), &lock, 0), 0);
	assert_int_equal(verified(RESTRICTED(BOOL("allowNFC", "false")), &lock, 0), 0);
	lock = lock_of(BSG_IOS_SUPERVISED, 1705, BSG_FUNCTIONS_ALL);
	assert_int_equal(verified(RESTRICTED(BOOL("allowNFC", "false")), &lock, 0), NFC);
	assert_int_equal(verified(RESTRICTED(BOOL("forceWiFiToAllowedNetworksOnly", "true")), &lock, 0), WIFI);
	assert_int_equal(verified(RESTRICTED(BOOL("forceWiFiToAllowedNetworksOnly", "false")), &lock, 0), 0);
	assert_int_equal(verified(RESTRICTED(BOOL("allowHostPairing", "false")), &lock, 0), 0);
	assert_int_equal(verified(RESTRICTED(BOOL("allowHostPairing", "false") BOOL("allowFilesUSBDriveAccess", "false")), &lock, 0), USB);
	lock.os_level = 1200;
	assert_int_equal(verified(RESTRICTED(BOOL("allowHostPairing", "false")), &lock, 0), USB);
}

static void A29_a_switch_that_nobody_can_turn_is_off_only_if_it_was_turned_off(void **state)
{
	const struct bsg_lock lock = lock_of(BSG_IOS_SUPERVISED, 1705, BSG_FUNCTIONS_ALL);
	static const char both[] = RESTRICTED(BOOL("allowBluetoothModification", "false") BOOL("allowPersonalHotspotModification", "false"));

	(void)state;
	assert_int_equal(verified(both, &lock, 0), 0);
	assert_int_equal(verified(both, &lock, BSG_SETTING_BLUETOOTH), BLUE);
	assert_int_equal(verified(both, &lock, BSG_SETTINGS_ALL), BLUE | SPOT);
	assert_int_equal(verified(RESTRICTED(""), &lock, BSG_SETTINGS_ALL), 0);
}

static void A29_every_app_must_be_blocked(void **state)
{
	const struct bsg_lock lock = lock_of(BSG_IOS_SUPERVISED, 1705, APPS);

	(void)state;
#define BLOCKED(list) ANSWER("<key>GlobalRestrictions</key><dict><key>union</key><dict><key>blockedAppBundleIDs</key><dict>" \
	"<key>values</key><array>" list "</array></dict></dict></dict>")
	assert_int_equal(verified(BLOCKED("<string>com.example.chat</string><string>com.example.recorder</string>"), &lock, 0), APPS);
	assert_int_equal(verified(BLOCKED("<string>com.example.chat</string>"), &lock, 0), 0);
	assert_int_equal(verified(BLOCKED(""), &lock, 0), 0);
}

static void A29_acknowledged_alone_proves_nothing(void **state)
{
	const struct bsg_lock lock = lock_of(BSG_IOS_SUPERVISED, 1705, BSG_FUNCTIONS_ALL);

	(void)state;
	assert_int_equal(verified(ANSWER(""), &lock, BSG_SETTINGS_ALL), 0);
	assert_int_equal(verified(ANSWER("<key>ProfileList</key><array/>"), &lock, BSG_SETTINGS_ALL), 0);
}

static const char *profile_list(const char *id, const char *uuid)
{
	static char text[1024];

	(void)snprintf(text, sizeof(text), ANSWER("<key>ProfileList</key><array><dict><key>PayloadIdentifier</key><string>com.other</string>"
		       "</dict><dict><key>PayloadIdentifier</key><string>%s</string><key>PayloadUUID</key><string>%s</string></dict></array>"),
		       id, uuid);
	return text;
}

static bool lifted(const char *text, const uint8_t *neutral_seed)
{
	struct bsg_result result;
	bool out;

	assert_int_equal(bsg_result_decode(text, strlen(text), &result, NULL), BSG_OK);
	out = bsg_verify_lifted(&result, "kz.example.bosaga", neutral_seed);
	bsg_result_free(&result);
	return out;
}

static void A29_a_profile_list_proves_this_very_profile(void **state)
{
	const struct bsg_lock lock = lock_of(BSG_IOS_DEVICE, 1705, CAM);
	static const uint8_t neutral[BSG_SEED_LEN] = "neutral";
	char uuid[BSG_PAYLOAD_UUID_SIZE], other[BSG_PAYLOAD_UUID_SIZE], small[BSG_PAYLOAD_UUID_SIZE];

	(void)state;
	assert_int_equal(bsg_payload_uuid(lock.seed, BSG_LOCK_SUFFIX, uuid, NULL), BSG_OK);
	assert_int_equal(bsg_payload_uuid(neutral, BSG_LOCK_SUFFIX, other, NULL), BSG_OK);
	memcpy(small, uuid, sizeof(small));
	for (char *c = small; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'F' ? *c + ('a' - 'A') : *c);
	assert_int_equal(verified(profile_list("kz.example.bosaga.lock", uuid), &lock, 0), CAM);
	assert_int_equal(verified(profile_list("kz.example.bosaga.lock", small), &lock, 0), CAM);
	assert_int_equal(verified(profile_list("kz.example.bosaga.lock", other), &lock, 0), 0);
	assert_int_equal(verified(profile_list("kz.example.other.lock", uuid), &lock, 0), 0);
	assert_false(lifted(profile_list("kz.example.bosaga.lock", uuid), neutral));
	assert_false(lifted(profile_list("kz.example.bosaga.lock", other), NULL));
	assert_true(lifted(profile_list("kz.example.bosaga.lock", other), neutral));
	assert_true(lifted(profile_list("kz.example.bosaga.enrolment", uuid), NULL));
	assert_false(lifted(ANSWER(""), NULL));
	assert_false(lifted(RESTRICTED(""), NULL));
}

static void A29_whoever_fails_one_question_is_asked_the_other(void **state)
{
	(void)state;
	assert_int_equal(bsg_verify_ask(BSG_IOS_DEVICE, (enum bsg_command_type)0), BSG_COMMAND_RESTRICTIONS);
	assert_int_equal(bsg_verify_ask(BSG_IOS_DEVICE, BSG_COMMAND_RESTRICTIONS), BSG_COMMAND_PROFILE_LIST);
	assert_int_equal(bsg_verify_ask(BSG_IOS_DEVICE, BSG_COMMAND_PROFILE_LIST), BSG_COMMAND_RESTRICTIONS);
	assert_int_equal(bsg_verify_ask(BSG_IOS_USER, (enum bsg_command_type)0), BSG_COMMAND_PROFILE_LIST);
	assert_int_equal(bsg_verify_ask(BSG_IOS_USER, BSG_COMMAND_PROFILE_LIST), 0);
	assert_int_equal(bsg_verify_ask(BSG_IOS_DEVICE, BSG_COMMAND_SETTINGS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cover_of_the_table),
		cmocka_unit_test(A26_an_app_list_needs_apps),
		cmocka_unit_test(A25_no_key_of_the_table_is_one_that_is_never_touched),
		cmocka_unit_test(A25_a_payload_that_is_never_sent_is_our_own_mistake),
		cmocka_unit_test(A25_rights_are_what_they_are_and_no_more),
		cmocka_unit_test(A24_a_UUID_follows_from_seed_and_label),
		cmocka_unit_test(systems_and_kinds_are_read),
		cmocka_unit_test(A28_what_cannot_be_is_refused),
		cmocka_unit_test(A29_restrictions_prove_what_they_name),
		cmocka_unit_test(A29_a_switch_that_nobody_can_turn_is_off_only_if_it_was_turned_off),
		cmocka_unit_test(A29_every_app_must_be_blocked),
		cmocka_unit_test(A29_acknowledged_alone_proves_nothing),
		cmocka_unit_test(A29_a_profile_list_proves_this_very_profile),
		cmocka_unit_test(A29_whoever_fails_one_question_is_asked_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
