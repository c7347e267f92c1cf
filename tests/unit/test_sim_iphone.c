/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for sim/iphone.h. Commands and profiles are written out here, as Apple's documents show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bosaga/functions.h>

#include "apple/result.h"
#include "base/base64.h"
#include "sim/iphone.h"

#define NOW INT64_C(1795470000)
#define PLIST(inside) "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>" inside "</dict></plist>"
#define TEXT(key, value) "<key>" key "</key><string>" value "</string>"
#define COMMAND(request, more) PLIST(TEXT("CommandUUID", "u-1") "<key>Command</key><dict>" TEXT("RequestType", request) more "</dict>")
#define LOCK_UUID "11111111-2222-8333-8444-555555555555"
#define PROFILE(restrictions, more) \
	PLIST(TEXT("PayloadType", "Configuration") TEXT("PayloadIdentifier", "org.example.lock") TEXT("PayloadUUID", LOCK_UUID) \
	      "<key>PayloadVersion</key><integer>1</integer><key>PayloadContent</key><array><dict>" \
	      TEXT("PayloadType", "com.apple.applicationaccess") restrictions "</dict></array>" more)
#define LEASE(seconds) "<key>DurationUntilRemoval</key><real>" seconds "</real>"
#define NO_CAMERA "<key>allowCamera</key><false/>"
#define ALL_SUPERVISED NO_CAMERA "<key>allowNFC</key><false/><key>forceWiFiToAllowedNetworksOnly</key><true/>" \
	"<key>allowPersonalHotspotModification</key><false/>" \
	"<key>blockedAppBundleIDs</key><array><string>org.example.a</string><string>org.example.b</string></array>"
#define REMOVE COMMAND("RemoveProfile", TEXT("Identifier", "org.example.lock"))
#define HOTSPOT_OFF COMMAND("Settings", "<key>Settings</key><array><dict>" TEXT("Item", "PersonalHotspot") \
			    "<key>Enabled</key><false/></dict></array>")

static struct bsg_iphone phone;

static void begin(uint32_t is)
{
	bsg_iphone_clear(&phone);
	bsg_iphone_init(&phone, 0x123456789ABCDEFu, is, "17.5.1");
}

/* Say a command; the answer, for bsg_result_free(). */
static struct bsg_result tell(const char *command, int64_t now)
{
	struct bsg_result result;
	struct bsg_error err = { 0 };
	struct bsg_buf out;

	bsg_buf_init(&out, 1u << 20);
	assert_int_equal(bsg_iphone_answer(&phone, (struct bsg_bytes){ (const uint8_t *)command, strlen(command) }, now, &out, &err), BSG_OK);
	assert_int_equal(bsg_result_decode(out.data, out.len, &result, &err), BSG_OK);
	assert_string_equal(result.command_uuid, "u-1");
	assert_string_equal(result.sender.id, "00008110-0123456789ABCDEF");
	bsg_buf_free(&out);
	return result;
}

static enum bsg_result_status status_of(const char *command, int64_t now)
{
	struct bsg_result result = tell(command, now);
	const enum bsg_result_status status = result.status;

	assert_int_equal(result.n_errors, status == BSG_RESULT_ERROR ? 1 : 0);
	bsg_result_free(&result);
	return status;
}

static enum bsg_result_status install(const char *profile, int64_t now)
{
	struct bsg_buf base64, command;
	enum bsg_result_status status;

	bsg_buf_init(&base64, 1u << 20);
	bsg_buf_init(&command, 1u << 20);
	bsg_base64_encode((const uint8_t *)profile, strlen(profile), 0, &base64);
	bsg_buf_printf(&command, COMMAND("InstallProfile", "<key>Payload</key><data>%s</data>"), (const char *)base64.data);
	status = status_of((const char *)command.data, now);
	bsg_buf_free(&base64);
	bsg_buf_free(&command);
	return status;
}

/* ---- claims ---------------------------------------------------------------- */

static void it_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(phone) - sizeof(phone.profile) - sizeof(phone.uuid) - sizeof(phone.udid) <= 100);
}

static void a_profile_restricts_until_it_is_removed(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(bsg_iphone_restricted(&phone), 0);
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(bsg_iphone_restricted(&phone), BSG_BIT(BSG_CAMERA));
	assert_int_equal(status_of(REMOVE, NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(bsg_iphone_restricted(&phone), 0);
	assert_int_equal(status_of(REMOVE, NOW), BSG_RESULT_ERROR);
}

static void a_lease_ends_by_itself_and_not_before(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_false(bsg_iphone_tick(&phone, NOW + 59));
	assert_int_equal(bsg_iphone_restricted(&phone), BSG_BIT(BSG_CAMERA));
	assert_true(bsg_iphone_tick(&phone, NOW + 60));
	assert_int_equal(bsg_iphone_restricted(&phone), 0);
	assert_false(bsg_iphone_tick(&phone, NOW + 61));
}

static void a_newer_profile_brings_its_own_end(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW + 30), BSG_RESULT_ACKNOWLEDGED);
	assert_false(bsg_iphone_tick(&phone, NOW + 89));
	assert_int_equal(install(PROFILE("<key>allowCamera</key><true/>", ""), NOW + 89), BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(bsg_iphone_restricted(&phone), 0);
	assert_false(bsg_iphone_tick(&phone, NOW + 90));
	assert_string_equal(phone.profile, "org.example.lock");
}

static void a_phone_that_knows_no_lease_keeps_its_profile(void **state)
{
	(void)state;
	begin(BSG_IPHONE_NO_LEASE);
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_false(bsg_iphone_tick(&phone, NOW + 86400));
	assert_int_equal(bsg_iphone_restricted(&phone), BSG_BIT(BSG_CAMERA));
}

static void a_locked_screen_is_not_now_and_changes_nothing(void **state)
{
	(void)state;
	begin(BSG_IPHONE_LOCKED);
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_NOT_NOW);
	assert_int_equal(bsg_iphone_restricted(&phone), 0);
	phone.is &= ~BSG_IPHONE_LOCKED;
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	phone.is |= BSG_IPHONE_LOCKED;	/* what is read or removed needs no owner */
	assert_int_equal(status_of(COMMAND("Restrictions", ""), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(status_of(REMOVE, NOW), BSG_RESULT_ACKNOWLEDGED);
}

static void restrictions_tell_what_is_and_not_what_was_said(void **state)
{
	struct bsg_result result;

	(void)state;
	for (int disobeys = 0; disobeys < 2; disobeys++) {
		begin(disobeys != 0 ? BSG_IPHONE_DISOBEYS : 0);
		assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
		result = tell(COMMAND("Restrictions", ""), NOW + 59);
		assert_int_equal(bsg_result_restriction(&result, "allowCamera"), disobeys != 0 ? BSG_YES : BSG_NO);
		assert_int_equal(bsg_result_restriction(&result, "allowScreenShot"), BSG_YES);
		assert_int_equal(bsg_result_restriction(&result, "forceWiFiToAllowedNetworksOnly"), BSG_NO);
		bsg_result_free(&result);
		result = tell(COMMAND("Restrictions", ""), NOW + 60);	/* over by the phone's clock, whoever has looked */
		assert_int_equal(bsg_result_restriction(&result, "allowCamera"), BSG_YES);
		bsg_result_free(&result);
	}
}

static void the_list_has_the_lock_while_it_is_there(void **state)
{
	struct bsg_str identifier, uuid;
	struct bsg_result result;

	(void)state;
	begin(0);
	assert_int_equal(install(PROFILE(NO_CAMERA, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	result = tell(COMMAND("ProfileList", "<key>ManagedOnly</key><true/>"), NOW);
	assert_int_equal(bsg_result_n_profiles(&result), 1);
	bsg_result_profile(&result, 0, &identifier, &uuid);
	assert_string_equal(identifier.ptr, "org.example.lock");
	assert_string_equal(uuid.ptr, LOCK_UUID);
	bsg_result_free(&result);
	result = tell(COMMAND("ProfileList", ""), NOW);
	assert_int_equal(bsg_result_n_profiles(&result), 2);
	bsg_result_free(&result);
	result = tell(COMMAND("ProfileList", "<key>ManagedOnly</key><true/>"), NOW + 60);
	assert_int_equal(result.status, BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(bsg_result_n_profiles(&result), 0);
	bsg_result_free(&result);
}

static void supervised_keys_need_a_supervised_phone(void **state)
{
	const uint32_t most = BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_NFC) | BSG_BIT(BSG_WIFI) | BSG_BIT(BSG_APPS);
	struct bsg_result result;

	(void)state;
	begin(0);
	assert_int_equal(install(PROFILE(ALL_SUPERVISED, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(bsg_iphone_restricted(&phone), BSG_BIT(BSG_CAMERA));
	begin(BSG_IPHONE_SUPERVISED);
	assert_int_equal(install(PROFILE(ALL_SUPERVISED, LEASE("60")), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_int_equal(bsg_iphone_restricted(&phone), most);
	result = tell(COMMAND("Restrictions", ""), NOW);
	assert_true(bsg_result_restriction_lists(&result, "blockedAppBundleIDs", "org.example.b"));
	assert_false(bsg_result_restriction_lists(&result, "blockedAppBundleIDs", "org.example.c"));
	bsg_result_free(&result);
}

static void a_hotspot_is_restricted_once_it_is_switched_off(void **state)
{
	struct bsg_result result;

	(void)state;
	begin(BSG_IPHONE_SUPERVISED);
	assert_int_equal(install(PROFILE(ALL_SUPERVISED, ""), NOW), BSG_RESULT_ACKNOWLEDGED);
	assert_false(bsg_iphone_restricted(&phone) & BSG_BIT(BSG_HOTSPOT));
	result = tell(HOTSPOT_OFF, NOW);
	assert_int_equal(bsg_result_settings_done(&result, BSG_SETTING_HOTSPOT), BSG_SETTING_HOTSPOT);
	bsg_result_free(&result);
	assert_true(bsg_iphone_restricted(&phone) & BSG_BIT(BSG_HOTSPOT));
	begin(0);
	result = tell(HOTSPOT_OFF, NOW);
	assert_int_equal(bsg_result_settings_done(&result, BSG_SETTING_HOTSPOT), 0);
	bsg_result_free(&result);
}

static void information_is_what_was_asked(void **state)
{
	struct bsg_result result;

	(void)state;
	begin(BSG_IPHONE_SUPERVISED);
	result = tell(COMMAND("DeviceInformation", "<key>Queries</key><array><string>OSVersion</string><string>IsSupervised</string></array>"), NOW);
	assert_true(result.has_device);
	assert_string_equal(result.device.os_version, "17.5.1");
	assert_int_equal(result.device.is_supervised, BSG_YES);
	assert_string_equal(result.device.serial_number, "");
	bsg_result_free(&result);
	result = tell(COMMAND("SecurityInfo", ""), NOW);
	assert_int_equal(result.passcode_present, BSG_YES);
	assert_int_equal(result.is_user_enrollment, BSG_NO);
	bsg_result_free(&result);
}

static const struct answer_case {
	const char *name;
	uint32_t is;
	const char *command;
	enum bsg_result_status want;
} answer_cases[] = {
	{ "a phone that knows no Restrictions", BSG_IPHONE_NO_RESTRICTIONS, COMMAND("Restrictions", ""), BSG_RESULT_ERROR },
	{ "one that knows no ProfileList", BSG_IPHONE_NO_LIST, COMMAND("ProfileList", ""), BSG_RESULT_ERROR },
	{ "one that removes nothing", BSG_IPHONE_NO_REMOVE, REMOVE, BSG_RESULT_ERROR },
	{ "one that installs nothing", BSG_IPHONE_NO_INSTALL, COMMAND("InstallProfile", "<key>Payload</key><data>AQID</data>"), BSG_RESULT_ERROR },
	{ "a profile that is none", 0, COMMAND("InstallProfile", "<key>Payload</key><data>AQID</data>"), BSG_RESULT_ERROR },
	{ "an unknown command", 0, COMMAND("Tomorrow", ""), BSG_RESULT_ERROR },
	{ "no profile", 0, COMMAND("InstallProfile", ""), BSG_RESULT_FORMAT_ERROR },
	{ "nothing to remove", 0, COMMAND("RemoveProfile", ""), BSG_RESULT_FORMAT_ERROR },
	{ "no queries", 0, COMMAND("DeviceInformation", ""), BSG_RESULT_FORMAT_ERROR },
	{ "no settings", 0, COMMAND("Settings", ""), BSG_RESULT_FORMAT_ERROR },
	{ "no command", 0, PLIST(TEXT("CommandUUID", "u-1")), BSG_RESULT_FORMAT_ERROR },
	{ "a command that is text", 0, PLIST(TEXT("CommandUUID", "u-1") TEXT("Command", "x")), BSG_RESULT_FORMAT_ERROR },
};

static void each_command_gets_its_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answer_cases) / sizeof(answer_cases[0]); i++) {
		begin(answer_cases[i].is);
		if (status_of(answer_cases[i].command, NOW) != answer_cases[i].want)
			fail_msg("%s", answer_cases[i].name);
	}
}

static void to_what_has_no_uuid_it_says_nothing(void **state)
{
	static const char *const garbage[] = { "", "hello", PLIST(""), "bplist00" };
	struct bsg_buf out;

	(void)state;
	begin(0);
	bsg_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		assert_int_equal(bsg_iphone_answer(&phone, (struct bsg_bytes){ (const uint8_t *)garbage[i], strlen(garbage[i]) }, NOW, &out, NULL),
				 BSG_E_INVALID);
	assert_int_equal(out.len, 0);
}

static void it_checks_in(void **state)
{
	static const uint8_t token[BSG_IPHONE_TOKEN_LEN] = { 1, 2, 3 };
	struct bsg_checkin message;
	struct bsg_result result;
	struct bsg_buf out;

	(void)state;
	begin(0);
	bsg_buf_init(&out, 1u << 20);
	assert_int_equal(bsg_iphone_authenticate(&phone, "com.apple.mgmt.x", &out, NULL), BSG_OK);
	assert_int_equal(bsg_checkin_decode(out.data, out.len, &message, NULL), BSG_OK);
	assert_int_equal(message.type, BSG_CHECKIN_AUTHENTICATE);
	assert_string_equal(message.sender.id, phone.udid);
	assert_string_equal(message.os_version, "17.5.1");
	bsg_buf_clear(&out);
	assert_int_equal(bsg_iphone_token_update(&phone, "com.apple.mgmt.x", token, "MAGIC", &out, NULL), BSG_OK);
	assert_int_equal(bsg_checkin_decode(out.data, out.len, &message, NULL), BSG_OK);
	assert_int_equal(message.type, BSG_CHECKIN_TOKEN_UPDATE);
	assert_int_equal(message.token_len, sizeof(token));
	assert_memory_equal(message.token, token, sizeof(token));
	assert_string_equal(message.push_magic, "MAGIC");
	assert_string_equal(message.topic, "com.apple.mgmt.x");
	bsg_buf_clear(&out);
	assert_int_equal(bsg_iphone_check_out(&phone, "com.apple.mgmt.x", &out, NULL), BSG_OK);
	assert_int_equal(bsg_checkin_decode(out.data, out.len, &message, NULL), BSG_OK);
	assert_int_equal(message.type, BSG_CHECKIN_CHECK_OUT);
	bsg_buf_clear(&out);
	assert_int_equal(bsg_iphone_idle(&phone, &out, NULL), BSG_OK);
	assert_int_equal(bsg_result_decode(out.data, out.len, &result, NULL), BSG_OK);
	assert_int_equal(result.status, BSG_RESULT_IDLE);
	bsg_result_free(&result);
	bsg_buf_free(&out);
}

static void a_signed_profile_is_read_inside(void **state)
{
	static const char inner[] = PLIST("");
	uint8_t signed_profile[400] = { 0x30, 0x82 };
	struct bsg_bytes found;

	(void)state;
	memcpy(signed_profile + 50, inner, strlen(inner));
	found = bsg_iphone_profile_xml((struct bsg_bytes){ signed_profile, sizeof(signed_profile) });
	assert_int_equal(found.len, strlen(inner));
	assert_ptr_equal(found.ptr, signed_profile + 50);
	assert_int_equal(bsg_iphone_profile_xml((struct bsg_bytes){ signed_profile, 60 }).len, 0);
	assert_int_equal(bsg_iphone_profile_xml((struct bsg_bytes){ signed_profile, 20 }).len, 0);
}

static int tear_down(void **state)
{
	(void)state;
	bsg_iphone_clear(&phone);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_small),
		cmocka_unit_test(a_profile_restricts_until_it_is_removed),
		cmocka_unit_test(a_lease_ends_by_itself_and_not_before),
		cmocka_unit_test(a_newer_profile_brings_its_own_end),
		cmocka_unit_test(a_phone_that_knows_no_lease_keeps_its_profile),
		cmocka_unit_test(a_locked_screen_is_not_now_and_changes_nothing),
		cmocka_unit_test(restrictions_tell_what_is_and_not_what_was_said),
		cmocka_unit_test(the_list_has_the_lock_while_it_is_there),
		cmocka_unit_test(supervised_keys_need_a_supervised_phone),
		cmocka_unit_test(a_hotspot_is_restricted_once_it_is_switched_off),
		cmocka_unit_test(information_is_what_was_asked),
		cmocka_unit_test(each_command_gets_its_status),
		cmocka_unit_test(to_what_has_no_uuid_it_says_nothing),
		cmocka_unit_test(it_checks_in),
		cmocka_unit_test(a_signed_profile_is_read_inside),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
