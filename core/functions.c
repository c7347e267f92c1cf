/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of functions, and the lists of what is never touched. See bosaga/functions.h. */
#include <bosaga/functions.h>

#include <stddef.h>

#define FUNCTION(number, name_, kk_, ru_, en_)                                                 \
	[number] = { .bit = BSG_BIT(number), .name = (name_), .kk = (kk_), .ru = (ru_), .en = (en_) }

const struct bsg_function_info bsg_functions[BSG_FUNCTIONS_COUNT] = {
	FUNCTION(BSG_CAMERA, "camera", "Камера (бейнеқоңырауды қоса)", "Камера (и видеозвонки)",
		 "Camera (and video calls)"),
	FUNCTION(BSG_MICROPHONE, "microphone", "Дыбыс жазу", "Запись звука", "Sound recording"),
	FUNCTION(BSG_SCREEN_CAPTURE, "screen_capture", "Экранды түсіру", "Снимки и запись экрана",
		 "Screen capture"),
	FUNCTION(BSG_INTERNET, "internet", "Мобильді интернет", "Мобильный интернет", "Mobile internet"),
	FUNCTION(BSG_WIFI, "wifi", "Wi-Fi", "Wi-Fi", "Wi-Fi"),
	FUNCTION(BSG_HOTSPOT, "hotspot", "Интернетті тарату", "Раздача интернета", "Hotspot"),
	FUNCTION(BSG_BLUETOOTH, "bluetooth", "Bluetooth", "Bluetooth", "Bluetooth"),
	FUNCTION(BSG_NFC, "nfc", "NFC", "NFC", "NFC"),
	FUNCTION(BSG_USB_DATA, "usb_data", "USB арқылы дерек беру", "Передача данных по USB", "Data over USB"),
	FUNCTION(BSG_LOCATION, "location", "Орналасқан жер", "Геолокация", "Location"),
	FUNCTION(BSG_APPS, "apps", "Аталған қолданбалар", "Названные приложения", "Named apps"),
	FUNCTION(BSG_DEBUGGING, "debugging", "Әзірлеуші режимі", "Режим разработчика", "Developer mode"),
};

static const char no_calls[] = "calls can never be restricted: no rule may name them";
static const char no_sms[] = "SMS can never be restricted: no rule may name them";
static const char no_emergency[] = "emergency calls and alerts can never be restricted: no rule may name them";
static const char no_call_app[] = "an app that makes or shows calls can never be restricted";
static const char no_sms_app[] = "an app that sends or shows SMS can never be restricted";
static const char no_contacts_app[] = "an app that holds the contacts for calls can never be restricted";
static const char no_emergency_app[] = "an app for emergencies can never be restricted";
static const char hurts_calls[] = "it can stop or mute calls";
static const char hurts_sms[] = "it can stop SMS";
static const char hurts_emergency[] = "it can hinder an emergency call";
static const char erases[] = "it can erase a device or take it away from its owner";

struct never {
	const char *name;	/* small letters */
	const char *why;
};

/* What people may call what no rule can express (D10). */
static const struct never never_functions[] = {
	{ "call", no_calls },	     { "calls", no_calls },	     { "calling", no_calls },
	{ "dialer", no_calls },	     { "dialler", no_calls },	     { "ims", no_calls },
	{ "incoming_calls", no_calls }, { "outgoing_calls", no_calls }, { "phone", no_calls },
	{ "phone_calls", no_calls }, { "sim", no_calls },	     { "telephony", no_calls },
	{ "voice", no_calls },	     { "voice_calls", no_calls },    { "volte", no_calls },
	{ "vowifi", no_calls },	     { "cellular", no_calls },	     { "ringer", no_calls },
	{ "messages", no_sms },	     { "messaging", no_sms },	     { "mms", no_sms },
	{ "sms", no_sms },	     { "text", no_sms },	     { "texts", no_sms },
	{ "texting", no_sms },	     { "112", no_emergency },	     { "911", no_emergency },
	{ "cell_broadcast", no_emergency },	{ "emergency", no_emergency },
	{ "emergency_alerts", no_emergency },	{ "emergency_calls", no_emergency },
	{ "sos", no_emergency },
};

/* 04-coverage: suspension of dialer, SMS, contacts, emergency, IMS packages. */
static const struct never never_apps[] = {
	{ "com.android.dialer", no_call_app },
	{ "com.android.incallui", no_call_app },
	{ "com.android.phone", no_call_app },
	{ "com.android.server.telecom", no_call_app },
	{ "com.android.stk", no_call_app },
	{ "com.apple.incallservice", no_call_app },
	{ "com.apple.mobilephone", no_call_app },
	{ "com.google.android.dialer", no_call_app },
	{ "com.google.android.ims", no_call_app },
	{ "com.huawei.contacts", no_call_app },
	{ "com.samsung.android.dialer", no_call_app },
	{ "com.samsung.android.incallui", no_call_app },
	{ "com.sec.imsservice", no_call_app },
	{ "com.shannon.imsservice", no_call_app },
	{ "org.codeaurora.ims", no_call_app },
	{ "org.gnome.calls", no_call_app },
	{ "com.android.messaging", no_sms_app },
	{ "com.android.mms", no_sms_app },
	{ "com.android.mms.service", no_sms_app },
	{ "com.android.providers.telephony", no_sms_app },
	{ "com.apple.mobilesms", no_sms_app },
	{ "com.google.android.apps.messaging", no_sms_app },
	{ "com.samsung.android.messaging", no_sms_app },
	{ "sm.puri.chatty", no_sms_app },
	{ "com.android.contacts", no_contacts_app },
	{ "com.android.providers.contacts", no_contacts_app },
	{ "com.apple.mobileaddressbook", no_contacts_app },
	{ "com.google.android.contacts", no_contacts_app },
	{ "com.samsung.android.app.contacts", no_contacts_app },
	{ "com.samsung.android.contacts", no_contacts_app },
	{ "com.android.cellbroadcastreceiver", no_emergency_app },
	{ "com.android.emergency", no_emergency_app },
	{ "com.google.android.apps.safetyhub", no_emergency_app },
	{ "com.google.android.cellbroadcastreceiver", no_emergency_app },
	{ "com.sec.android.app.safetyassurance", no_emergency_app },
};

static const struct never never_mechanisms[] = {
	{ "disallow_outgoing_calls", hurts_calls },
	{ "disallow_sms", hurts_sms },
	{ "disallow_sim_globally", hurts_calls },
	{ "disallow_cellular_2g", hurts_emergency },
	{ "disallow_adjust_volume", hurts_calls },
	{ "disallow_unmute_microphone", hurts_calls },
	{ "disallow_create_windows", hurts_calls },
	{ "setmastervolumemuted", hurts_calls },
	{ "addoverrideapn", hurts_calls },
	{ "setlocktaskpackages", hurts_emergency },
	{ "lock-task mode", hurts_emergency },
	{ "knox phonerestrictionpolicy", hurts_calls },
	{ "phonerestrictionpolicy", hurts_calls },
	{ "allowchat", hurts_sms },
	{ "com.apple.app.lock", hurts_emergency },
	{ "enablelostmode", hurts_emergency },
	{ "lost mode", hurts_emergency },
	{ "com.apple.cellular", hurts_calls },
	{ "allowpairedwatch", erases },
	{ "erasedevice", erases },
	{ "wipedata", erases },
	{ "rfkill wwan", hurts_calls },
	{ "modem.enable(false)", hurts_calls },
};

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool matches(const char *name, struct bsg_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (name[i] == 0 || name[i] != small(s.ptr[i]))
			return false;
	return name[s.len] == 0;
}

static const char *find(const struct never *list, size_t n, struct bsg_str name)
{
	for (size_t i = 0; i < n; i++)
		if (matches(list[i].name, name))
			return list[i].why;
	return NULL;
}

#define FIND(list, name) find(list, sizeof(list) / sizeof((list)[0]), name)

enum bsg_err bsg_function_by_name(struct bsg_str name, uint32_t *bit, const char **why)
{
	const char *never;

	*bit = 0;
	if (why != NULL)
		*why = NULL;
	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		const char *own = bsg_functions[i].name;
		size_t at = 0;

		while (at < name.len && own[at] != 0 && own[at] == name.ptr[at])
			at++;
		if (at == name.len && own[at] == 0) {
			*bit = bsg_functions[i].bit;
			return BSG_OK;
		}
	}
	never = FIND(never_functions, name);
	if (why != NULL)
		*why = never != NULL ? never : "no such function; bosaga knows camera, microphone, screen_capture, "
			"internet, wifi, hotspot, bluetooth, nfc, usb_data, location, apps, debugging";
	return never != NULL ? BSG_E_DENIED : BSG_E_NOT_FOUND;
}

const char *bsg_app_never_touched(struct bsg_str name)
{
	return FIND(never_apps, name);
}

const char *bsg_mechanism_never_touched(struct bsg_str mechanism)
{
	return FIND(never_mechanisms, mechanism);
}
