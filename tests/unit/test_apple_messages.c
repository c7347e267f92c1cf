/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for apple/checkin.h, command.h and result.h; more of them against plistlib in tests/e2e/apple_interop.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apple/checkin.h"
#include "apple/command.h"
#include "apple/result.h"
#include "base/id.h"

#define MESSAGE(inside) "<plist version=\"1.0\"><dict>" inside "</dict></plist>"
#define TEXT(key, value) "<key>" key "</key><string>" value "</string>"
#define UDID TEXT("UDID", "00008030-001A")
#define TYPE(type) TEXT("MessageType", type)
#define TOKEN "<key>Token</key><data>AQID</data>"
#define MAGIC TEXT("PushMagic", "MAGIC")
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* ---- check-in --------------------------------------------------------------- */

static const struct checkin_case {
	const char *name, *text;
	enum bsg_err want;
	const char *says;	/* in the error; or MessageType */
} checkin_cases[] = {
	{ "A7 Authenticate needs only an id", MESSAGE(TYPE("Authenticate") UDID), BSG_OK, "Authenticate" },
	{ "A7 an EnrollmentID instead", MESSAGE(TYPE("Authenticate") TEXT("EnrollmentID", "E")), BSG_OK, "Authenticate" },
	{ "A7 TokenUpdate", MESSAGE(TYPE("TokenUpdate") UDID TOKEN MAGIC), BSG_OK, "TokenUpdate" },
	{ "A7 CheckOut", MESSAGE(TYPE("CheckOut") UDID), BSG_OK, "CheckOut" },
	{ "A7 DeclarativeManagement", MESSAGE(TYPE("DeclarativeManagement") UDID TEXT("Endpoint", "tokens")), BSG_OK, "DeclarativeManagement" },
	{ "A7 GetToken", MESSAGE(TYPE("GetToken") UDID TEXT("TokenServiceType", "com.apple.maid")), BSG_OK, "GetToken" },
	{ "A7 a type that nobody knows", MESSAGE(TYPE("Tomorrow") UDID), BSG_OK, "Tomorrow" },
	{ "A7 a type that nobody knows, without id", MESSAGE(TYPE("Tomorrow")), BSG_OK, "Tomorrow" },
	{ "A7 small letters are another type", MESSAGE(TYPE("authenticate")), BSG_OK, "authenticate" },
	{ "A7 no type", MESSAGE(UDID), BSG_E_INVALID, "MessageType is missing" },
	{ "A7 a type that is a number", MESSAGE("<key>MessageType</key><integer>1</integer>" UDID), BSG_E_INVALID, "MessageType is a whole" },
	{ "A7 a type with a line break", MESSAGE(TYPE("Check\nOut") UDID), BSG_E_INVALID, "MessageType has blanks" },
	{ "A8 no id", MESSAGE(TYPE("CheckOut")), BSG_E_INVALID, "neither UDID nor EnrollmentID" },
	{ "A8 two ids", MESSAGE(TYPE("CheckOut") UDID TEXT("EnrollmentID", "E")), BSG_E_INVALID, "both UDID and EnrollmentID" },
	{ "A8 an empty id", MESSAGE(TYPE("CheckOut") TEXT("UDID", "")), BSG_E_INVALID, "UDID is empty" },
	{ "A8 an id with a blank", MESSAGE(TYPE("CheckOut") TEXT("UDID", "a b")), BSG_E_INVALID, "UDID has blanks" },
	{ "A8 an id of 64 bytes", MESSAGE(TYPE("CheckOut") TEXT("UDID", X64)), BSG_OK, "CheckOut" },
	{ "A8 an id of 65 bytes", MESSAGE(TYPE("CheckOut") TEXT("UDID", X64 "x")), BSG_E_LIMIT, "UDID has 65 bytes, at most 64" },
	{ "A8 an id that is data", MESSAGE(TYPE("CheckOut") "<key>UDID</key><data>AQID</data>"), BSG_E_INVALID, "UDID is data, not text" },
	{ "A8 a user that is a number", MESSAGE(TYPE("CheckOut") UDID "<key>UserID</key><integer>1</integer>"), BSG_E_INVALID, "UserID is" },
	{ "A9 no token", MESSAGE(TYPE("TokenUpdate") UDID MAGIC), BSG_E_INVALID, "Token is missing" },
	{ "A9 an empty token", MESSAGE(TYPE("TokenUpdate") UDID MAGIC "<key>Token</key><data></data>"), BSG_E_INVALID, "Token is empty" },
	{ "A9 a token that is text", MESSAGE(TYPE("TokenUpdate") UDID MAGIC TEXT("Token", "AQID")), BSG_E_INVALID, "Token is text, not data" },
	{ "A9 no magic", MESSAGE(TYPE("TokenUpdate") UDID TOKEN), BSG_E_INVALID, "PushMagic is missing" },
	{ "A9 a magic with a blank", MESSAGE(TYPE("TokenUpdate") UDID TOKEN TEXT("PushMagic", "a b")), BSG_E_INVALID,
	  "PushMagic has blanks" },
	{ "A10 a topic that is a number", MESSAGE(TYPE("CheckOut") UDID "<key>Topic</key><integer>1</integer>"), BSG_E_INVALID, "Topic is" },
	{ "A10 a topic with a line break", MESSAGE(TYPE("CheckOut") UDID TEXT("Topic", "a\nb")), BSG_E_INVALID, "Topic has blanks" },
	{ "A11 a name that is a list", MESSAGE(TYPE("Authenticate") UDID "<key>DeviceName</key><array/>"), BSG_E_INVALID, "DeviceName is an array" },
	{ "A2 no property list", "hello", BSG_E_INVALID, "property list" },
};

static void every_check_in_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(checkin_cases) / sizeof(checkin_cases[0]); i++) {
		const struct checkin_case *c = &checkin_cases[i];
		struct bsg_error err = { 0 };
		struct bsg_checkin out;
		const enum bsg_err rc = bsg_checkin_decode(c->text, strlen(c->text), &out, &err);

		if (rc != c->want)
			fail_msg("%s: got %d, %s", c->name, (int)rc, err.text);
		if (strstr(rc == BSG_OK ? out.type_name : err.text, c->says) == NULL)
			fail_msg("%s: says %s", c->name, rc == BSG_OK ? out.type_name : err.text);
		if (rc != BSG_OK && (out.type_name[0] != '\0' || out.sender.id[0] != '\0'))
			fail_msg("%s: a failure leaves something", c->name);
	}
}

static void decode_checkin(const char *text, struct bsg_checkin *out)
{
	struct bsg_error err = { 0 };

	if (bsg_checkin_decode(text, strlen(text), out, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static void A7_types_and_ids_are_told_apart(void **state)
{
	struct bsg_checkin c;

	(void)state;
	decode_checkin(MESSAGE(TYPE("SetBootstrapToken") UDID "<key>BootstrapToken</key><data>AQID</data>"), &c);
	assert_int_equal(c.type, BSG_CHECKIN_SET_BOOTSTRAP_TOKEN);
	assert_int_equal(c.sender.kind, BSG_APPLE_ID_UDID);
	assert_string_equal(c.sender.id, "00008030-001A");
	assert_int_equal(c.token_len, 0);
	decode_checkin(MESSAGE(TYPE("GetBootstrapToken") TEXT("EnrollmentID", "E-1")), &c);
	assert_int_equal(c.type, BSG_CHECKIN_GET_BOOTSTRAP_TOKEN);
	assert_int_equal(c.sender.kind, BSG_APPLE_ID_ENROLLMENT);
	assert_string_equal(c.sender.id, "E-1");
	decode_checkin(MESSAGE(TYPE("Tomorrow")), &c);
	assert_int_equal(c.type, BSG_CHECKIN_UNKNOWN);
	assert_int_equal(c.sender.kind, BSG_APPLE_ID_NONE);
}

static void A8_user_channels_are_told_apart(void **state)
{
	struct bsg_checkin c;

	(void)state;
	decode_checkin(MESSAGE(TYPE("TokenUpdate") UDID TOKEN MAGIC), &c);
	assert_false(c.sender.user_channel);
	decode_checkin(MESSAGE(TYPE("TokenUpdate") UDID TOKEN MAGIC TEXT("UserID", "U")), &c);
	assert_true(c.sender.user_channel);
	decode_checkin(MESSAGE(TYPE("TokenUpdate") TEXT("EnrollmentID", "E") TOKEN MAGIC TEXT("EnrollmentUserID", "U")), &c);
	assert_true(c.sender.user_channel);
}

static void A9_A11_what_is_said_is_kept_and_secrets_are_not(void **state)
{
	struct bsg_checkin c;
	uint8_t none[sizeof(c)] = { 0 };

	(void)state;
	decode_checkin(MESSAGE(TYPE("TokenUpdate") UDID TOKEN MAGIC TEXT("Topic", "com.apple.mgmt.x")
			       "<key>UnlockToken</key><data>U0VDUkVUU0VDUkVU</data>"), &c);
	assert_int_equal(c.token_len, 3);
	assert_memory_equal(c.token, "\1\2\3", 3);
	assert_string_equal(c.push_magic, "MAGIC");
	assert_string_equal(c.topic, "com.apple.mgmt.x");
	assert_null(memmem(&c, sizeof(c), "SECRET", 6));
	decode_checkin(MESSAGE(TYPE("Authenticate") UDID TEXT("DeviceName", "Айгүл") TEXT("Model", "MGJ83") TEXT("ProductName", "iPhone13,2")
			       TEXT("OSVersion", "17.5.1") TEXT("BuildVersion", "21F90") TEXT("SerialNumber", "F2L") TEXT("ModelName", "iPhone")), &c);
	assert_string_equal(c.device_name, "Айгүл");
	assert_string_equal(c.model, "MGJ83");
	assert_string_equal(c.model_name, "iPhone");
	assert_string_equal(c.product_name, "iPhone13,2");
	assert_string_equal(c.os_version, "17.5.1");
	assert_string_equal(c.build_version, "21F90");
	assert_string_equal(c.serial_number, "F2L");
	assert_int_equal(bsg_checkin_decode("x", 1, &c, NULL), BSG_E_INVALID);
	assert_memory_equal(&c, none, sizeof(c));
}

static void A11_nobodys_phone_is_kept_out_by_its_name(void **state)
{
	struct bsg_checkin c;

	(void)state;
	decode_checkin(MESSAGE(TYPE("Authenticate") UDID TEXT("DeviceName", "two\nlines") TEXT("Model", "") TEXT("OSVersion", "17.0")), &c);
	assert_string_equal(c.device_name, "");
	assert_string_equal(c.model, "");
	assert_string_equal(c.os_version, "17.0");
	decode_checkin(MESSAGE(TYPE("Authenticate") UDID TEXT("DeviceName", X64 X64 X64 X64)), &c);
	assert_string_equal(c.device_name, "");
	decode_checkin(MESSAGE(TYPE("Authenticate") UDID TEXT("DeviceName", X64 X64 X64 "x")), &c);
	assert_int_equal(strlen(c.device_name), 193);
}

static void A9_a_push_token_has_at_most_128_bytes(void **state)
{
	static const char before[] = "<plist><dict>" TYPE("TokenUpdate") UDID MAGIC "<key>Token</key><data>";
	char text[1024];
	struct bsg_checkin c;

	(void)state;
	for (size_t letters = 168; letters <= 172; letters += 4) {	/* of base64: 126 and 129 bytes */
		size_t n = sizeof(before) - 1;

		memcpy(text, before, n);
		memset(text + n, 'A', letters);
		(void)snprintf(text + n + letters, sizeof(text) - n - letters, "</data></dict></plist>");
		assert_int_equal(bsg_checkin_decode(text, strlen(text), &c, NULL), letters == 168 ? BSG_OK : BSG_E_LIMIT);
	}
}

/* ---- results --------------------------------------------------------------------- */

#define STATUS(status) TEXT("Status", status)
#define UUID TEXT("CommandUUID", "u-1")
#define ACK UDID UUID STATUS("Acknowledged")
#define DICT(key, inside) "<key>" key "</key><dict>" inside "</dict>"
#define ARRAY(key, inside) "<key>" key "</key><array>" inside "</array>"
#define NUMBER(key, value) "<key>" key "</key><integer>" value "</integer>"

static const struct result_case {
	const char *name, *text;
	enum bsg_err want;
	const char *says;
} result_cases[] = {
	{ "A18 Idle", MESSAGE(UDID STATUS("Idle")), BSG_OK, "" },
	{ "A18 Idle with a stray CommandUUID", MESSAGE(UDID UUID STATUS("Idle")), BSG_OK, "" },
	{ "A18 NotNow", MESSAGE(UDID UUID STATUS("NotNow")), BSG_OK, "" },
	{ "A18 CommandFormatError", MESSAGE(UDID UUID STATUS("CommandFormatError")), BSG_OK, "" },
	{ "A18 no status", MESSAGE(UDID UUID), BSG_E_INVALID, "Status is missing" },
	{ "A18 an unknown status", MESSAGE(UDID UUID STATUS("Done")), BSG_E_INVALID, "unknown Status" },
	{ "A18 no CommandUUID", MESSAGE(UDID STATUS("Acknowledged")), BSG_E_INVALID, "CommandUUID is missing" },
	{ "A18 NotNow without CommandUUID", MESSAGE(UDID STATUS("NotNow")), BSG_E_INVALID, "CommandUUID is missing" },
	{ "A18 a CommandUUID of 129 bytes", MESSAGE(UDID STATUS("Error") TEXT("CommandUUID", X64 X64 "x")), BSG_E_LIMIT, "CommandUUID has 129" },
	{ "A18 a CommandUUID with a blank", MESSAGE(UDID STATUS("Error") TEXT("CommandUUID", "a b")), BSG_E_INVALID, "CommandUUID has blanks" },
	{ "A8 no id", MESSAGE(STATUS("Idle")), BSG_E_INVALID, "neither UDID" },
	{ "A19 an ErrorChain that is text", MESSAGE(UDID UUID STATUS("Error") TEXT("ErrorChain", "x")), BSG_E_INVALID, "ErrorChain is text" },
	{ "A19 an entry that is text", MESSAGE(UDID UUID STATUS("Error") ARRAY("ErrorChain", "<string>x</string>")), BSG_E_INVALID, "ErrorChain" },
	{ "A19 a code that is text", MESSAGE(UDID UUID STATUS("Error") ARRAY("ErrorChain", "<dict>" TEXT("ErrorCode", "x") "</dict>")), BSG_E_INVALID,
	  "ErrorCode is text" },
	{ "A20 restrictions that are a list", MESSAGE(ACK ARRAY("GlobalRestrictions", "")), BSG_E_INVALID, "GlobalRestrictions is an array" },
	{ "A20 a profile without identifier", MESSAGE(ACK ARRAY("ProfileList", "<dict/>")), BSG_E_INVALID, "no PayloadIdentifier" },
	{ "A20 a profile that is text", MESSAGE(ACK ARRAY("ProfileList", "<string>x</string>")), BSG_E_INVALID, "ProfileList" },
	{ "A20 supervised as text", MESSAGE(ACK DICT("QueryResponses", TEXT("IsSupervised", "yes"))), BSG_E_INVALID, "IsSupervised is text" },
	{ "A20 a passcode as a number", MESSAGE(ACK DICT("SecurityInfo", NUMBER("PasscodePresent", "1"))), BSG_E_INVALID, "PasscodePresent" },
	{ "A20 answers of an error are not read", MESSAGE(UDID UUID STATUS("Error") ARRAY("GlobalRestrictions", "")), BSG_OK, "" },
};

static void every_result_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(result_cases) / sizeof(result_cases[0]); i++) {
		const struct result_case *c = &result_cases[i];
		struct bsg_error err = { 0 };
		struct bsg_result out;
		const enum bsg_err rc = bsg_result_decode(c->text, strlen(c->text), &out, &err);

		if (rc != c->want)
			fail_msg("%s: got %d, %s", c->name, (int)rc, err.text);
		if (rc != BSG_OK && (strstr(err.text, c->says) == NULL || out.plist != NULL))
			fail_msg("%s: says %s", c->name, err.text);
		bsg_result_free(&out);
		bsg_result_free(&out);
	}
}

static void decode_result(const char *text, struct bsg_result *out)
{
	struct bsg_error err = { 0 };

	if (bsg_result_decode(text, strlen(text), out, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static void A19_of_an_error_chain_the_first_four_are_kept(void **state)
{
	struct bsg_result r;

	(void)state;
	decode_result(MESSAGE(UDID UUID STATUS("Error") ARRAY("ErrorChain",
		"<dict>" TEXT("ErrorDomain", "D") NUMBER("ErrorCode", "-12021") TEXT("LocalizedDescription", "қате")
		TEXT("USEnglishDescription", "wrong") "</dict><dict>" TEXT("LocalizedDescription", "қате") "</dict><dict/><dict/><dict/>")), &r);
	assert_int_equal(r.status, BSG_RESULT_ERROR);
	assert_int_equal(r.n_errors, BSG_RESULT_ERRORS_MAX);
	assert_string_equal(r.errors[0].domain, "D");
	assert_int_equal(r.errors[0].code, -12021);
	assert_string_equal(r.errors[0].text, "wrong");
	assert_string_equal(r.errors[1].text, "қате");
	assert_string_equal(r.command_uuid, "u-1");
	bsg_result_free(&r);
}

/* Half a character at its end would make it no text, and of a device with it nothing could be shown at all. */
static void A93_a_long_reason_is_cut_at_a_character(void **state)
{
	char reason[300] = "", domain[256] = "D", message[2048], trouble[BSG_RESULT_TROUBLE_SIZE];
	struct bsg_result r;

	(void)state;
	for (size_t i = 0; i < 127; i++) {
		strcat(reason, "қ");
		strcat(domain, "қ");
	}
	for (size_t shift = 0; shift < 2; shift++) {
		snprintf(message, sizeof(message), MESSAGE(UDID UUID STATUS("Error") ARRAY("ErrorChain", "<dict>" TEXT("ErrorDomain", "%s")
			 NUMBER("ErrorCode", "-12021") TEXT("LocalizedDescription", "%s") "</dict>")), domain + shift, reason);
		memmove(reason + 1, reason, strlen(reason) + 1);	/* the next one begins with one byte more */
		reason[0] = 'x';
		decode_result(message, &r);
		bsg_result_trouble(&r, trouble);
		assert_true(bsg_text_is_shown(trouble, strlen(trouble)));
		assert_non_null(strstr(trouble, "қ -12021: "));
		assert_in_range(strlen(trouble), 7 + 79 + 9 + 159, 7 + 80 + 9 + 160);
		bsg_result_free(&r);
	}
	decode_result(MESSAGE(UDID UUID STATUS("CommandFormatError")), &r);
	bsg_result_trouble(&r, trouble);
	assert_string_equal(trouble, "CommandFormatError without a reason");
	bsg_result_free(&r);
}

static void A20_answers_are_read_where_they_are(void **state)
{
	struct bsg_str id, uuid;
	struct bsg_result r;

	(void)state;
	decode_result(MESSAGE(ACK DICT("GlobalRestrictions", DICT("restrictedBool", DICT("allowCamera", "<key>value</key><false/>")
		DICT("allowNFC", "<key>value</key><true/>") DICT("allowScreenShot", NUMBER("value", "0")))
		DICT("union", DICT("blockedAppBundleIDs", ARRAY("values", "<string>com.a</string><true/>"))))), &r);
	assert_int_equal(bsg_result_restriction(&r, "allowCamera"), BSG_NO);
	assert_int_equal(bsg_result_restriction(&r, "allowNFC"), BSG_YES);
	assert_int_equal(bsg_result_restriction(&r, "allowScreenShot"), BSG_NOT_SAID);
	assert_int_equal(bsg_result_restriction(&r, "allowChat"), BSG_NOT_SAID);
	assert_true(bsg_result_restriction_lists(&r, "blockedAppBundleIDs", "com.a"));
	assert_false(bsg_result_restriction_lists(&r, "blockedAppBundleIDs", "com"));
	assert_int_equal(bsg_result_n_profiles(&r), 0);
	bsg_result_free(&r);
	decode_result(MESSAGE(ACK ARRAY("ProfileList", "<dict>" TEXT("PayloadIdentifier", "com.x") TEXT("PayloadUUID", "U") "</dict><dict>"
		TEXT("PayloadIdentifier", "com.y") "</dict>")), &r);
	assert_int_equal(bsg_result_n_profiles(&r), 2);
	bsg_result_profile(&r, 0, &id, &uuid);
	assert_memory_equal(id.ptr, "com.x", 6);
	assert_memory_equal(uuid.ptr, "U", 2);
	bsg_result_profile(&r, 1, &id, &uuid);
	assert_memory_equal(id.ptr, "com.y", 6);
	assert_int_equal(uuid.len, 0);
	bsg_result_free(&r);
	decode_result(MESSAGE(ACK DICT("QueryResponses", TEXT("OSVersion", "17.5.1") "<key>IsSupervised</key><false/>")), &r);
	assert_true(r.has_device);
	assert_string_equal(r.device.os_version, "17.5.1");
	assert_int_equal(r.device.is_supervised, BSG_NO);
	bsg_result_free(&r);
	decode_result(MESSAGE(ACK DICT("SecurityInfo", "<key>PasscodePresent</key><true/>"
		DICT("ManagementStatus", "<key>IsUserEnrollment</key><false/>"))), &r);
	assert_int_equal(r.passcode_present, BSG_YES);
	assert_int_equal(r.is_user_enrollment, BSG_NO);
	assert_false(r.has_device);
	bsg_result_free(&r);
}

static void A20_an_acknowledged_without_answer_says_nothing(void **state)
{
	struct bsg_result r;

	(void)state;
	decode_result(MESSAGE(ACK), &r);
	assert_int_equal(r.status, BSG_RESULT_ACKNOWLEDGED);
	assert_null(r.restrictions);
	assert_null(r.profiles);
	assert_int_equal(bsg_result_restriction(&r, "allowCamera"), BSG_NOT_SAID);
	assert_int_equal(bsg_result_settings_done(&r, BSG_SETTINGS_ALL), 0);
	bsg_result_free(&r);
}

static void A21_each_setting_has_its_own_status(void **state)
{
	static const struct { const char *text; uint32_t sent, done; } cases[] = {
		{ ARRAY("Settings", "<dict>" STATUS("Acknowledged") "</dict><dict>" STATUS("Acknowledged") "</dict>"), 3, 3 },
		{ ARRAY("Settings", "<dict>" STATUS("Error") "</dict><dict>" STATUS("Acknowledged") "</dict>"), 3, BSG_SETTING_BLUETOOTH },
		{ ARRAY("Settings", "<dict>" STATUS("Acknowledged") "</dict><dict/>"), 3, BSG_SETTING_HOTSPOT },
		{ ARRAY("Settings", "<dict>" STATUS("Acknowledged") "</dict>"), BSG_SETTING_BLUETOOTH, BSG_SETTING_BLUETOOTH },
		{ DICT("Settings", STATUS("Acknowledged")), BSG_SETTING_HOTSPOT, BSG_SETTING_HOTSPOT },
		{ DICT("Settings", STATUS("Acknowledged")), 3, 0 },
		{ ARRAY("Settings", "<dict>" STATUS("Acknowledged") "</dict>"), 3, 0 },
		{ ARRAY("Settings", "<dict>" STATUS("Acknowledged") "</dict><dict>" STATUS("Acknowledged") "</dict>"), 1, 0 },
		{ ARRAY("Settings", "<true/><string>Acknowledged</string>"), 3, 0 },
		{ TEXT("Settings", "Acknowledged"), 1, 0 },
		{ "", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[2048];
		struct bsg_result r;

		(void)snprintf(text, sizeof(text), MESSAGE(ACK "%s"), cases[i].text);
		decode_result(text, &r);
		if (bsg_result_settings_done(&r, cases[i].sent) != cases[i].done)
			fail_msg("case %zu: %u", i, bsg_result_settings_done(&r, cases[i].sent));
		bsg_result_free(&r);
	}
}

/* ---- commands ---------------------------------------------------------------------- */

static const uint8_t profile_bytes[] = "<plist/>";
#define PROFILE { profile_bytes, sizeof(profile_bytes) - 1 }

static const struct command_case {
	const char *name;
	struct bsg_command command;
	enum bsg_err want;
	const char *holds;	/* without tabs and line feeds */
} command_cases[] = {
	{ "A14 InstallProfile", { .uuid = "u", .type = BSG_COMMAND_INSTALL_PROFILE, .profile = PROFILE }, BSG_OK,
	  "<key>Command</key><dict>" TEXT("RequestType", "InstallProfile") "<key>Payload</key><data>PHBsaXN0Lz4=</data></dict></dict>" },
	{ "A14 RemoveProfile", { .uuid = "u", .type = BSG_COMMAND_REMOVE_PROFILE, .identifier = "kz.x.lock" }, BSG_OK,
	  TEXT("RequestType", "RemoveProfile") TEXT("Identifier", "kz.x.lock") "</dict></dict>" },
	{ "A14 ProfileList", { .uuid = "u", .type = BSG_COMMAND_PROFILE_LIST }, BSG_OK, TEXT("RequestType", "ProfileList") "</dict></dict>" },
	{ "A14 ProfileList of what we installed", { .uuid = "u", .type = BSG_COMMAND_PROFILE_LIST, .managed_only = true }, BSG_OK,
	  TEXT("RequestType", "ProfileList") "<key>ManagedOnly</key><true/></dict>" },
	{ "A14 SecurityInfo", { .uuid = "u", .type = BSG_COMMAND_SECURITY_INFO }, BSG_OK, TEXT("RequestType", "SecurityInfo") "</dict></dict>" },
	{ "A14 Restrictions", { .uuid = "u", .type = BSG_COMMAND_RESTRICTIONS, .profile_restrictions = true }, BSG_OK,
	  TEXT("RequestType", "Restrictions") "<key>ProfileRestrictions</key><true/></dict>" },
	{ "A15 DeviceInformation", { .uuid = "u", .type = BSG_COMMAND_DEVICE_INFORMATION,
	  .queries = BSG_QUERY_OS_VERSION | BSG_QUERY_IS_SUPERVISED }, BSG_OK,
	  "<key>Queries</key><array><string>OSVersion</string><string>IsSupervised</string></array></dict></dict>" },
	{ "A16 Settings", { .uuid = "u", .type = BSG_COMMAND_SETTINGS, .settings = BSG_SETTINGS_ALL, .settings_on = BSG_SETTING_BLUETOOTH },
	  BSG_OK, ARRAY("Settings", "<dict>" TEXT("Item", "PersonalHotspot") "<key>Enabled</key><false/></dict><dict>"
	  TEXT("Item", "Bluetooth") "<key>Enabled</key><true/></dict>") },
	{ "A13 no type", { .uuid = "u" }, BSG_E_INVALID, NULL },
	{ "A13 an unknown type", { .uuid = "u", .type = (enum bsg_command_type)8 }, BSG_E_INVALID, NULL },
	{ "A13 no CommandUUID", { .type = BSG_COMMAND_SECURITY_INFO }, BSG_E_INVALID, NULL },
	{ "A13 an empty CommandUUID", { .uuid = "", .type = BSG_COMMAND_SECURITY_INFO }, BSG_E_INVALID, NULL },
	{ "A13 a CommandUUID with a blank", { .uuid = "a b", .type = BSG_COMMAND_SECURITY_INFO }, BSG_E_INVALID, NULL },
	{ "A13 a CommandUUID of 65 bytes", { .uuid = X64 "x", .type = BSG_COMMAND_SECURITY_INFO }, BSG_E_INVALID, NULL },
	{ "A14 no profile", { .uuid = "u", .type = BSG_COMMAND_INSTALL_PROFILE }, BSG_E_INVALID, NULL },
	{ "A14 no identifier", { .uuid = "u", .type = BSG_COMMAND_REMOVE_PROFILE }, BSG_E_INVALID, NULL },
	{ "A15 no queries", { .uuid = "u", .type = BSG_COMMAND_DEVICE_INFORMATION }, BSG_E_INVALID, NULL },
	{ "A15 an unknown query", { .uuid = "u", .type = BSG_COMMAND_DEVICE_INFORMATION, .queries = 128 }, BSG_E_INVALID, NULL },
	{ "A16 no setting", { .uuid = "u", .type = BSG_COMMAND_SETTINGS }, BSG_E_INVALID, NULL },
	{ "A16 an unknown setting", { .uuid = "u", .type = BSG_COMMAND_SETTINGS, .settings = 5 }, BSG_E_INVALID, NULL },
};

static void squeeze(struct bsg_buf *buf)
{
	size_t n = 0;

	for (size_t i = 0; i < buf->len; i++)
		if (buf->data[i] != '\n' && buf->data[i] != '\t')
			buf->data[n++] = buf->data[i];
	buf->len = n;
	buf->data[n] = '\0';
}

static void every_command_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(command_cases) / sizeof(command_cases[0]); i++) {
		const struct command_case *c = &command_cases[i];
		struct bsg_error err = { 0 };
		struct bsg_buf out;
		enum bsg_err rc;

		bsg_buf_init(&out, BSG_COMMAND_MAX);
		rc = bsg_command_encode(&c->command, &out, &err);
		if (rc != c->want || (rc != BSG_OK && (out.len != 0 || err.text[0] == '\0')))
			fail_msg("%s: got %d, %s", c->name, (int)rc, err.text);
		if (rc == BSG_OK) {
			squeeze(&out);
			if (strstr((const char *)out.data, c->holds) == NULL ||
			    strstr((const char *)out.data, "<dict>" TEXT("CommandUUID", "u") "<key>Command</key>") == NULL)
				fail_msg("%s: %s", c->name, (const char *)out.data);
		}
		bsg_buf_free(&out);
	}
}

static void A13_a_command_that_is_too_large_is_refused(void **state)
{
	static uint8_t big[BSG_COMMAND_MAX];
	const struct bsg_command command = { .uuid = "u", .type = BSG_COMMAND_INSTALL_PROFILE, .profile = { big, sizeof(big) } };
	struct bsg_error err = { 0 };
	struct bsg_buf out;

	(void)state;
	bsg_buf_init(&out, (size_t)4 * BSG_COMMAND_MAX);
	assert_int_equal(bsg_command_encode(&command, &out, &err), BSG_E_LIMIT);
	assert_int_equal(out.len, 0);
	bsg_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_check_in_of_the_table),
		cmocka_unit_test(A7_types_and_ids_are_told_apart),
		cmocka_unit_test(A8_user_channels_are_told_apart),
		cmocka_unit_test(A9_A11_what_is_said_is_kept_and_secrets_are_not),
		cmocka_unit_test(A11_nobodys_phone_is_kept_out_by_its_name),
		cmocka_unit_test(A9_a_push_token_has_at_most_128_bytes),
		cmocka_unit_test(every_result_of_the_table),
		cmocka_unit_test(A19_of_an_error_chain_the_first_four_are_kept),
		cmocka_unit_test(A93_a_long_reason_is_cut_at_a_character),
		cmocka_unit_test(A20_answers_are_read_where_they_are),
		cmocka_unit_test(A20_an_acknowledged_without_answer_says_nothing),
		cmocka_unit_test(A21_each_setting_has_its_own_status),
		cmocka_unit_test(every_command_of_the_table),
		cmocka_unit_test(A13_a_command_that_is_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
