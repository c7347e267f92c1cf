/* SPDX-License-Identifier: Apache-2.0 */
/* See sim/iphone.h. */
#include "sim/iphone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>

#include "apple/plist.h"
#include "apple/plist_write.h"

#define ANSWER_MAX (256u << 10)
#define TEXT_MAX 255
#define APPLICATION_ACCESS "com.apple.applicationaccess"
#define OWNERS_OWN "com.example.mail"	/* a profile that has nothing to do with us */

/* What this phone understands of com.apple.applicationaccess. Supervised keys do nothing on a private phone. */
static const struct restriction {
	const char *key;
	bool restricting;
	uint32_t functions;
	uint32_t needs;		/* BSG_IPHONE_*: as long as it is so, the functions are restricted */
	bool supervised;
} restrictions[] = {
	{ "allowCamera", false, BSG_BIT(BSG_CAMERA), 0, false },
	{ "allowScreenShot", false, BSG_BIT(BSG_SCREEN_CAPTURE), 0, false },
	{ "forceWiFiToAllowedNetworksOnly", true, BSG_BIT(BSG_WIFI), 0, true },
	{ "allowPersonalHotspotModification", false, BSG_BIT(BSG_HOTSPOT), BSG_IPHONE_HOTSPOT_OFF, true },
	{ "allowBluetoothModification", false, BSG_BIT(BSG_BLUETOOTH), BSG_IPHONE_BLUETOOTH_OFF, true },
	{ "allowNFC", false, BSG_BIT(BSG_NFC), 0, true },
	{ "allowHostPairing", false, BSG_BIT(BSG_USB_DATA), 0, true },
	{ "allowFilesUSBDriveAccess", false, 0, 0, true },
};
#define N_RESTRICTIONS (sizeof(restrictions) / sizeof(restrictions[0]))

void bsg_iphone_init(struct bsg_iphone *phone, uint64_t number, uint32_t is, const char *os)
{
	*phone = (struct bsg_iphone){ .is = is, .os = os };
	(void)snprintf(phone->udid, sizeof(phone->udid), "00008110-%016llX", (unsigned long long)number);
}

void bsg_iphone_clear(struct bsg_iphone *phone)
{
	free(phone->apps);
	phone->apps = NULL;
	phone->removal = 0;
	phone->restricts = 0;
	phone->profile[0] = phone->uuid[0] = '\0';
}

uint32_t bsg_iphone_restricted(const struct bsg_iphone *phone)
{
	uint32_t functions = phone->apps != NULL ? BSG_BIT(BSG_APPS) : 0;

	for (size_t i = 0; i < N_RESTRICTIONS; i++)
		if ((phone->restricts & (1u << i)) != 0 && (phone->is & restrictions[i].needs) == restrictions[i].needs)
			functions |= restrictions[i].functions;
	return functions;
}

bool bsg_iphone_tick(struct bsg_iphone *phone, int64_t now)
{
	if (phone->removal == 0 || now < phone->removal)
		return false;
	bsg_iphone_clear(phone);
	return true;
}

/* ---- what it says of itself ---------------------------------------------------- */

static void begin(struct bsg_plist_writer *w, const struct bsg_iphone *phone, const char *key, const char *value, const char *topic)
{
	bsg_plist_begin(w, ANSWER_MAX);
	bsg_plist_put_text(w, key, value);
	if (topic != NULL)
		bsg_plist_put_text(w, "Topic", topic);
	bsg_plist_put_text(w, "UDID", phone->udid);
}

enum bsg_err bsg_iphone_authenticate(const struct bsg_iphone *phone, const char *topic, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_plist_writer w;

	begin(&w, phone, "MessageType", "Authenticate", topic);
	bsg_plist_put_text(&w, "BuildVersion", "21F90");
	bsg_plist_put_text(&w, "DeviceName", "iPhone");
	bsg_plist_put_text(&w, "Model", "MLPF3");
	bsg_plist_put_text(&w, "ModelName", "iPhone");
	bsg_plist_put_text(&w, "OSVersion", phone->os);
	bsg_plist_put_text(&w, "ProductName", "iPhone14,5");
	bsg_plist_put_text(&w, "SerialNumber", phone->udid + 9);
	return bsg_plist_finish(&w, out, err);
}

enum bsg_err bsg_iphone_token_update(const struct bsg_iphone *phone, const char *topic,
				     const uint8_t token[static BSG_IPHONE_TOKEN_LEN], const char *magic, struct bsg_buf *out,
				     struct bsg_error *err)
{
	struct bsg_plist_writer w;

	begin(&w, phone, "MessageType", "TokenUpdate", topic);
	bsg_plist_put_bool(&w, "AwaitingConfiguration", false);
	bsg_plist_put_text(&w, "PushMagic", magic);
	bsg_plist_put_data(&w, "Token", (struct bsg_bytes){ token, BSG_IPHONE_TOKEN_LEN });
	return bsg_plist_finish(&w, out, err);
}

enum bsg_err bsg_iphone_check_out(const struct bsg_iphone *phone, const char *topic, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_plist_writer w;

	begin(&w, phone, "MessageType", "CheckOut", topic);
	return bsg_plist_finish(&w, out, err);
}

enum bsg_err bsg_iphone_idle(const struct bsg_iphone *phone, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_plist_writer w;

	begin(&w, phone, "Status", "Idle", NULL);
	return bsg_plist_finish(&w, out, err);
}

/* ---- a profile -------------------------------------------------------------------- */

struct bsg_bytes bsg_iphone_profile_xml(struct bsg_bytes profile)
{
	static const char first[] = "<?xml", last[] = "</plist>";
	const uint8_t *begin = profile.len > 0 ? memmem(profile.ptr, profile.len, first, strlen(first)) : NULL;
	const uint8_t *end = NULL;

	if (begin != NULL)
		end = memmem(begin, profile.len - (size_t)(begin - profile.ptr), last, strlen(last));
	return end != NULL ? (struct bsg_bytes){ begin, (size_t)(end - begin) + strlen(last) } : (struct bsg_bytes){ 0 };
}

/* One command, while it is carried out. */
struct call {
	struct bsg_iphone *phone;
	const struct bsg_plist_node *command;
	int64_t now;
	struct bsg_plist_writer *w;	/* for what an answer holds, if it is Acknowledged */
	const char *why;		/* of Error */
	int64_t code;
};

enum status { ACKNOWLEDGED = 0, NOT_NOW, ERROR, FORMAT_ERROR };
static const char *const statuses[] = { "Acknowledged", "NotNow", "Error", "CommandFormatError" };

static enum status refuse(struct call *call, int64_t code, const char *why)
{
	call->code = code;
	call->why = why;
	return ERROR;
}

/* A text that is kept, of at most @size - 1 bytes. */
static bool keep(const struct bsg_plist_node *dict, const char *key, char *out, size_t size)
{
	struct bsg_str text;

	if (bsg_plist_get_text(dict, key, size - 1, &text, NULL) != BSG_OK)
		return false;
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return true;
}

/* Blocked apps, a line each. Only a phone whose memory has run out has none then. */
static char *read_apps(const struct bsg_plist_node *payload)
{
	const struct bsg_plist_node *list;
	struct bsg_buf apps;
	size_t len;

	if (bsg_plist_get_array(payload, "blockedAppBundleIDs", &list, NULL) != BSG_OK || bsg_plist_count(list) == 0)
		return NULL;
	bsg_buf_init(&apps, ANSWER_MAX);
	for (size_t i = 0; i < bsg_plist_count(list); i++) {
		struct bsg_plist_value value;

		bsg_plist_value(bsg_plist_item(list, i), &value);
		if (value.type != BSG_PLIST_TEXT)
			continue;
		bsg_buf_add(&apps, value.text.ptr, value.text.len);
		bsg_buf_add_text(&apps, "\n");
	}
	return (char *)bsg_buf_take(&apps, &len);
}

static void read_payload(const struct bsg_plist_node *payload, struct bsg_iphone *phone)
{
	const bool is_supervised = (phone->is & BSG_IPHONE_SUPERVISED) != 0;
	struct bsg_str type;

	if (bsg_plist_get_text(payload, "PayloadType", TEXT_MAX, &type, NULL) != BSG_OK ||
	    type.len != strlen(APPLICATION_ACCESS) || memcmp(type.ptr, APPLICATION_ACCESS, type.len) != 0)
		return;
	for (size_t i = 0; i < N_RESTRICTIONS; i++) {
		const struct restriction *r = &restrictions[i];
		bool value;

		if (bsg_plist_get_bool(payload, r->key, &value, NULL) == BSG_OK && value == r->restricting &&
		    (is_supervised || !r->supervised))
			phone->restricts |= 1u << i;
	}
	if (is_supervised && phone->apps == NULL)
		phone->apps = read_apps(payload);
}

/* Apple says a whole number of type real or integer. */
static int64_t read_duration(const struct bsg_plist_node *profile)
{
	const struct bsg_plist_node *node = bsg_plist_find(profile, "DurationUntilRemoval");
	struct bsg_plist_value value = { 0 };

	if (node == NULL)
		return 0;
	bsg_plist_value(node, &value);
	if (value.type == BSG_PLIST_REAL && value.real > 0 && value.real < 1e9)
		return (int64_t)value.real + ((double)(int64_t)value.real < value.real);
	return value.type == BSG_PLIST_INT && value.number > 0 && value.number < 1000000000 ? value.number : 0;
}

/* Take a profile in place of the one that is there. */
static bool take_profile(const struct bsg_plist_node *profile, int64_t now, struct bsg_iphone *phone)
{
	struct bsg_iphone next = *phone;
	const struct bsg_plist_node *payloads;
	const int64_t duration = (phone->is & BSG_IPHONE_NO_LEASE) != 0 ? 0 : read_duration(profile);

	if (!keep(profile, "PayloadIdentifier", next.profile, sizeof(next.profile)) ||
	    !keep(profile, "PayloadUUID", next.uuid, sizeof(next.uuid)) ||
	    bsg_plist_get_array(profile, "PayloadContent", &payloads, NULL) != BSG_OK)
		return false;
	next.apps = NULL;
	next.restricts = 0;
	next.removal = duration > 0 ? now + duration : 0;
	for (size_t i = 0; i < bsg_plist_count(payloads); i++)
		read_payload(bsg_plist_item(payloads, i), &next);
	free(phone->apps);
	*phone = next;
	return true;
}

/* ---- commands -------------------------------------------------------------------------- */

static enum status install_profile(struct call *call)
{
	struct bsg_iphone *phone = call->phone;
	struct bsg_plist *profile;
	struct bsg_bytes payload, xml;
	bool took;

	if (bsg_plist_get_data(call->command, "Payload", BSG_PLIST_MAX, &payload, NULL) != BSG_OK)
		return FORMAT_ERROR;
	if ((phone->is & BSG_IPHONE_LOCKED) != 0)
		return NOT_NOW;
	if ((phone->is & BSG_IPHONE_NO_INSTALL) != 0)
		return refuse(call, 4001, "Profile Installation Failed");
	xml = bsg_iphone_profile_xml(payload);
	if (bsg_plist_read(xml.ptr, xml.len, BSG_PLIST_MAX, &profile, NULL) != BSG_OK)
		return refuse(call, 1000, "The profile is invalid");
	took = (phone->is & BSG_IPHONE_DISOBEYS) != 0 || take_profile(bsg_plist_root(profile), call->now, phone);
	bsg_plist_free(profile);
	return took ? ACKNOWLEDGED : refuse(call, 1000, "The profile is invalid");
}

static enum status remove_profile(struct call *call)
{
	struct bsg_iphone *phone = call->phone;
	char name[BSG_IPHONE_PROFILE_SIZE];

	if (!keep(call->command, "Identifier", name, sizeof(name)))
		return FORMAT_ERROR;
	if ((phone->is & BSG_IPHONE_NO_REMOVE) != 0)
		return refuse(call, 12021, "RemoveProfile is not a valid request type");
	if (strcmp(name, phone->profile) != 0)
		return refuse(call, 12075, "The profile is not installed");
	if ((phone->is & BSG_IPHONE_DISOBEYS) == 0)
		bsg_iphone_clear(phone);
	return ACKNOWLEDGED;
}

static void put_profile(struct bsg_plist_writer *w, const char *identifier, const char *uuid)
{
	bsg_plist_put_dict(w, NULL);
	bsg_plist_put_text(w, "PayloadIdentifier", identifier);
	bsg_plist_put_text(w, "PayloadUUID", uuid);
	bsg_plist_put_text(w, "PayloadType", "Configuration");
	bsg_plist_end(w);
}

static enum status profile_list(struct call *call)
{
	bool managed_only = false;

	if ((call->phone->is & BSG_IPHONE_NO_LIST) != 0)
		return refuse(call, 12021, "ProfileList is not a valid request type");
	(void)!bsg_plist_get_bool(call->command, "ManagedOnly", &managed_only, NULL);
	bsg_plist_put_array(call->w, "ProfileList");
	if (!managed_only)
		put_profile(call->w, OWNERS_OWN, "0B1C2D3E-4F50-4162-8374-95A6B7C8D9EA");
	if (call->phone->profile[0] != '\0')
		put_profile(call->w, call->phone->profile, call->phone->uuid);
	bsg_plist_end(call->w);
	return ACKNOWLEDGED;
}

static void put_apps(struct bsg_plist_writer *w, const char *apps)
{
	bsg_plist_put_dict(w, "union");
	bsg_plist_put_dict(w, "blockedAppBundleIDs");
	bsg_plist_put_array(w, "values");
	for (const char *end; (end = strchr(apps, '\n')) != NULL; apps = end + 1)
		bsg_plist_put_str(w, NULL, (struct bsg_str){ apps, (size_t)(end - apps) });
	bsg_plist_end(w);
	bsg_plist_end(w);
	bsg_plist_end(w);
}

static enum status list_restrictions(struct call *call)
{
	const struct bsg_iphone *phone = call->phone;

	if ((phone->is & BSG_IPHONE_NO_RESTRICTIONS) != 0)
		return refuse(call, 12021, "Restrictions is not a valid request type");
	bsg_plist_put_dict(call->w, "GlobalRestrictions");
	bsg_plist_put_dict(call->w, "restrictedBool");
	for (size_t i = 0; i < N_RESTRICTIONS; i++) {
		bsg_plist_put_dict(call->w, restrictions[i].key);
		bsg_plist_put_bool(call->w, "value", restrictions[i].restricting == ((phone->restricts & (1u << i)) != 0));
		bsg_plist_end(call->w);
	}
	bsg_plist_end(call->w);
	if (phone->apps != NULL)
		put_apps(call->w, phone->apps);
	bsg_plist_end(call->w);
	return ACKNOWLEDGED;
}

static enum status device_information(struct call *call)
{
	const struct bsg_iphone *phone = call->phone;
	const struct { const char *query, *answer; } texts[] = {
		{ "OSVersion", phone->os }, { "BuildVersion", "21F90" }, { "ModelName", "iPhone" }, { "ProductName", "iPhone14,5" },
		{ "DeviceName", "iPhone" }, { "SerialNumber", phone->udid + 9 }, { "UDID", phone->udid },
	};
	const struct bsg_plist_node *queries;

	if (bsg_plist_get_array(call->command, "Queries", &queries, NULL) != BSG_OK)
		return FORMAT_ERROR;
	bsg_plist_put_dict(call->w, "QueryResponses");
	for (size_t i = 0; i < bsg_plist_count(queries); i++) {
		struct bsg_plist_value query;

		bsg_plist_value(bsg_plist_item(queries, i), &query);
		if (query.type != BSG_PLIST_TEXT)
			continue;
		if (strcmp(query.text.ptr, "IsSupervised") == 0)
			bsg_plist_put_bool(call->w, "IsSupervised", (phone->is & BSG_IPHONE_SUPERVISED) != 0);
		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
			if (strcmp(query.text.ptr, texts[t].query) == 0)
				bsg_plist_put_text(call->w, texts[t].query, texts[t].answer);
	}
	bsg_plist_end(call->w);
	return ACKNOWLEDGED;
}

static enum status security_info(struct call *call)
{
	bsg_plist_put_dict(call->w, "SecurityInfo");
	bsg_plist_put_bool(call->w, "PasscodePresent", true);
	bsg_plist_put_bool(call->w, "PasscodeCompliant", true);
	bsg_plist_put_dict(call->w, "ManagementStatus");
	bsg_plist_put_bool(call->w, "IsUserEnrollment", false);
	bsg_plist_end(call->w);
	bsg_plist_end(call->w);
	return ACKNOWLEDGED;
}

/* One setting. @return what its own status is */
static const char *set(struct bsg_iphone *phone, const struct bsg_plist_node *setting, struct bsg_str *item)
{
	uint32_t off = 0;
	bool enabled;

	if (bsg_plist_get_text(setting, "Item", TEXT_MAX, item, NULL) != BSG_OK ||
	    bsg_plist_get_bool(setting, "Enabled", &enabled, NULL) != BSG_OK)
		return statuses[FORMAT_ERROR];
	if (strcmp(item->ptr, "PersonalHotspot") == 0)
		off = BSG_IPHONE_HOTSPOT_OFF;
	else if (strcmp(item->ptr, "Bluetooth") == 0)
		off = BSG_IPHONE_BLUETOOTH_OFF;
	if (off == 0 || (phone->is & BSG_IPHONE_SUPERVISED) == 0)
		return statuses[ERROR];
	if ((phone->is & BSG_IPHONE_DISOBEYS) == 0)
		phone->is = enabled ? phone->is & ~off : phone->is | off;
	return statuses[ACKNOWLEDGED];
}

static enum status settings(struct call *call)
{
	const struct bsg_plist_node *list;

	if (bsg_plist_get_array(call->command, "Settings", &list, NULL) != BSG_OK)
		return FORMAT_ERROR;
	bsg_plist_put_array(call->w, "Settings");
	for (size_t i = 0; i < bsg_plist_count(list); i++) {
		struct bsg_str item = { 0 };
		const char *status = set(call->phone, bsg_plist_item(list, i), &item);

		bsg_plist_put_dict(call->w, NULL);
		bsg_plist_put_str(call->w, "Item", item);
		bsg_plist_put_text(call->w, "Status", status);
		bsg_plist_end(call->w);
	}
	bsg_plist_end(call->w);
	return ACKNOWLEDGED;
}

static const struct {
	const char *request;
	enum status (*carry_out)(struct call *call);
} commands[] = {
	{ "InstallProfile", install_profile }, { "RemoveProfile", remove_profile }, { "ProfileList", profile_list },
	{ "Restrictions", list_restrictions }, { "DeviceInformation", device_information }, { "SecurityInfo", security_info },
	{ "Settings", settings },
};

static enum status carry_out(struct call *call, const struct bsg_plist_node *root)
{
	char request[TEXT_MAX + 1];

	if (bsg_plist_get_dict(root, "Command", &call->command, NULL) != BSG_OK ||
	    !keep(call->command, "RequestType", request, sizeof(request)))
		return FORMAT_ERROR;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(request, commands[i].request) == 0)
			return commands[i].carry_out(call);
	return refuse(call, 12021, "Not a valid request type");
}

static void put_error(struct bsg_plist_writer *w, const struct call *call)
{
	bsg_plist_put_array(w, "ErrorChain");
	bsg_plist_put_dict(w, NULL);
	bsg_plist_put_int(w, "ErrorCode", call->code);
	bsg_plist_put_text(w, "ErrorDomain", "MCMDMErrorDomain");
	bsg_plist_put_text(w, "LocalizedDescription", call->why);
	bsg_plist_put_text(w, "USEnglishDescription", call->why);
	bsg_plist_end(w);
	bsg_plist_end(w);
}

enum bsg_err bsg_iphone_answer(struct bsg_iphone *phone, struct bsg_bytes command, int64_t now, struct bsg_buf *out,
			       struct bsg_error *err)
{
	struct bsg_plist_writer w;
	struct call call = { .phone = phone, .now = now, .w = &w };
	struct bsg_plist *plist;
	char uuid[TEXT_MAX + 1];
	enum status status;
	enum bsg_err rc = bsg_plist_read(command.ptr, command.len, BSG_PLIST_MAX, &plist, err);

	if (rc != BSG_OK)
		return rc == BSG_E_NO_MEMORY ? rc : BSG_E_INVALID;
	if (keep(bsg_plist_root(plist), "CommandUUID", uuid, sizeof(uuid))) {
		(void)bsg_iphone_tick(phone, now);
		begin(&w, phone, "CommandUUID", uuid, NULL);
		status = carry_out(&call, bsg_plist_root(plist));
		bsg_plist_put_text(&w, "Status", statuses[status]);
		if (status == ERROR)
			put_error(&w, &call);
		rc = bsg_plist_finish(&w, out, err);
	} else {
		rc = bsg_fail(err, BSG_E_INVALID, "a command without CommandUUID");
	}
	bsg_plist_free(plist);
	return rc;
}
