/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolment profile. See apple/enrolment.h. */
#include "apple/enrolment.h"

#include <stdio.h>
#include <string.h>

#include "apple/sender.h"
#include "base/id.h"

#define TOPIC_BEGINS "com.apple.mgmt."
#define KEY_SIZE 2048
#define KEY_USAGE 5	/* signing (1) and encryption (4) */

struct texts {
	const char *profile, *profile_description, *root, *scep, *mdm;
	const char *consent[2];	/* private, supervised; %s: the organisation */
};

static const struct texts texts[BSG_PROFILE_LANGUAGES] = {
	[BSG_PROFILE_KK] = {
		.profile = "Bosaga: телефонды тіркеу",
		.profile_description = "Ғимаратта телефонның кейбір функцияларын шектеуге мүмкіндік береді. Бұл профильді кез келген "
				       "уақытта жоюға болады: барлық шектеу алынады, деректер өшірілмейді.",
		.root = "Bosaga: сертификаттау орталығы", .scep = "Bosaga: телефон сертификаты", .mdm = "Bosaga: телефонды басқару",
		.consent = {
			"«%s» телефоныңыз ғимаратта болғанда камера сияқты кейбір функцияларын шектей алады. Телефонның моделін, "
			"жүйе нұсқасын, сериялық нөмірін, орнатылған профильдерді, шектеулерді және құпиякод бар-жоғын көреді. "
			"Хабарларды, қоңырауларды, контактілерді, суреттерді, қолданбалар тізімін және орналасқан жерді көрмейді; "
			"телефондағы деректерді өшіре де, телефонды құлыптай да алмайды. Қоңыраулар мен SMS әрқашан жұмыс істейді. "
			"Профильді кез келген уақытта жоюға болады.",
			"«%s» осы қызметтік телефон ғимаратта болғанда оның камера, Wi-Fi, Bluetooth сияқты функцияларын шектей алады. "
			"Телефонның моделін, жүйе нұсқасын, сериялық нөмірін, желілік мәліметтерін, орнатылған профильдерді, шектеулерді және "
			"құпиякод бар-жоғын көреді. Хабарларды, қоңырауларды, контактілерді, суреттерді, қолданбалар тізімін және "
			"орналасқан жерді көрмейді; телефондағы деректерді өшіре де, телефонды құлыптай да алмайды. Қоңыраулар мен SMS "
			"әрқашан жұмыс істейді. Профильді кез келген уақытта жоюға болады." } },
	[BSG_PROFILE_RU] = {
		.profile = "Bosaga: регистрация телефона",
		.profile_description = "Позволяет ограничивать некоторые функции телефона, пока он в здании. Профиль можно удалить в любое "
				       "время: все ограничения снимаются, ничего не стирается.",
		.root = "Bosaga: центр сертификации", .scep = "Bosaga: сертификат телефона", .mdm = "Bosaga: управление телефоном",
		.consent = {
			"«%s» сможет ограничивать некоторые функции телефона, например камеру, пока он в здании. Видны: модель, версия "
			"системы, серийный номер, установленные профили, ограничения и есть ли код-пароль. Не видны: сообщения, звонки, "
			"контакты, фотографии, список приложений и местоположение; стереть или заблокировать телефон нельзя. Звонки и SMS "
			"работают всегда. Профиль можно удалить в любое время.",
			"«%s» сможет ограничивать функции этого служебного телефона, например камеру, Wi-Fi и Bluetooth, пока он в здании. "
			"Видны: модель, версия системы, серийный номер, сведения о сети, установленные профили, ограничения и есть ли "
			"код-пароль. Не видны: сообщения, звонки, контакты, фотографии, список приложений и местоположение; стереть или "
			"заблокировать телефон нельзя. Звонки и SMS работают всегда. Профиль можно удалить в любое время." } },
	[BSG_PROFILE_EN] = {
		.profile = "Bosaga: enrolment of this phone",
		.profile_description = "Lets some functions of the phone be restricted while it is in the building. The profile can be removed "
				       "at any time: every restriction is lifted, nothing is erased.",
		.root = "Bosaga: certificate authority", .scep = "Bosaga: certificate of this phone", .mdm = "Bosaga: management of this phone",
		.consent = {
			"%s will be able to restrict some functions of this phone, such as the camera, while it is in the building. It sees: "
			"model, system version, serial number, installed profiles, restrictions, and whether there is a passcode. It does not "
			"see: messages, calls, contacts, photos, the list of apps, the position; it cannot erase or lock the phone. Calls and "
			"SMS always work. You can remove the profile at any time.",
			"%s will be able to restrict functions of this official phone, such as the camera, Wi-Fi and Bluetooth, while it is in the "
			"building. It sees: model, system version, serial number, network information, installed profiles, restrictions, and "
			"whether there is a passcode. It does not see: messages, calls, contacts, photos, the list of apps, the position; it "
			"cannot erase or lock the phone. Calls and SMS always work. You can remove the profile at any time." } },
};

/* ---- what the caller gives ----------------------------------------------------- */

static bool is_text(const char *text)
{
	return text != NULL && text[0] != '\0' && strlen(text) <= BSG_ENROLMENT_TEXT_MAX && bsg_text_is_shown(text, strlen(text));
}

static bool is_url(const char *url, bool http_too)
{
	const bool https = url != NULL && strncmp(url, "https://", 8) == 0;
	const bool http = url != NULL && http_too && strncmp(url, "http://", 7) == 0;
	const size_t scheme = https ? 8 : 7;

	return (https || http) && strlen(url) > scheme && strlen(url) <= BSG_ENROLMENT_TEXT_MAX &&
	       bsg_apple_is_token((struct bsg_str){ url, strlen(url) });
}

static bool are_roots(const struct bsg_enrolment *e)
{
	for (size_t i = 0; i < e->n_roots && i < BSG_ENROLMENT_ROOTS_MAX; i++)
		if (e->roots[i].len == 0 || e->roots[i].len > BSG_ENROLMENT_ROOT_MAX)
			return false;
	return e->n_roots <= BSG_ENROLMENT_ROOTS_MAX;
}

static enum bsg_err check(const struct bsg_enrolment *e, struct bsg_error *err)
{
	const size_t print = e->ca_fingerprint.len;

	if (e->kind != BSG_IOS_DEVICE && e->kind != BSG_IOS_SUPERVISED)
		return bsg_fail(err, BSG_E_DENIED, "only ios-device and ios-supervised are enrolled by a profile");
	if ((unsigned)e->language >= BSG_PROFILE_LANGUAGES)
		return bsg_fail(err, BSG_E_INVALID, "no such language");
	if (!is_text(e->organisation) || strlen(e->organisation) > BSG_ORGANISATION_MAX)
		return bsg_fail(err, BSG_E_INVALID, "the enrolment profile needs the organisation's name");
	if (!is_text(e->challenge) || !is_text(e->common_name) || (e->scep_name != NULL && !is_text(e->scep_name)))
		return bsg_fail(err, BSG_E_INVALID, "the enrolment profile needs a challenge and a common name that can be shown");
	if (!is_url(e->scep_url, true) || !is_url(e->server_url, false) || !is_url(e->checkin_url, false))
		return bsg_fail(err, BSG_E_INVALID, "the enrolment profile needs addresses, https for check-in and commands");
	if (e->topic == NULL || strncmp(e->topic, TOPIC_BEGINS, strlen(TOPIC_BEGINS)) != 0 || !is_text(e->topic))
		return bsg_fail(err, BSG_E_INVALID, "the topic of a push certificate begins with " TOPIC_BEGINS);
	if (print != 0 && print != 20 && print != 32)
		return bsg_fail(err, BSG_E_INVALID, "a fingerprint has 20 or 32 bytes, not %zu", print);
	if (!are_roots(e))
		return bsg_fail(err, BSG_E_INVALID, "at most %d root certificates, none empty or over %d bytes",
				BSG_ENROLMENT_ROOTS_MAX, BSG_ENROLMENT_ROOT_MAX);
	return BSG_OK;
}

/* ---- payloads -------------------------------------------------------------------- */

static enum bsg_err put_head(struct bsg_plist_writer *w, const struct bsg_enrolment *e, const char *type, const char *suffix,
			     const char *name, const char *description, struct bsg_error *err)
{
	const struct bsg_payload_head head = { .type = type, .deployment = e->deployment, .suffix = suffix, .seed = e->seed,
					       .name = name, .description = description, .organisation = e->organisation };

	return bsg_payload_put_head(w, &head, err);
}

static enum bsg_err put_root(struct bsg_plist_writer *w, const struct bsg_enrolment *e, size_t i, struct bsg_error *err)
{
	char suffix[40], file[40];	/* room for any number, for compilers that do not know the limit */
	enum bsg_err rc;

	(void)snprintf(suffix, sizeof(suffix), "enrolment.root.%zu", i + 1);
	(void)snprintf(file, sizeof(file), "bosaga-root-%zu.cer", i + 1);
	bsg_plist_put_dict(w, NULL);
	rc = put_head(w, e, "com.apple.security.root", suffix, texts[e->language].root, NULL, err);
	bsg_plist_put_text(w, "PayloadCertificateFileName", file);
	bsg_plist_put_data(w, "PayloadContent", e->roots[i]);
	bsg_plist_end(w);
	return rc;
}

static void put_name(struct bsg_plist_writer *w, const char *attribute, const char *value)
{
	bsg_plist_put_array(w, NULL);
	bsg_plist_put_array(w, NULL);
	bsg_plist_put_text(w, NULL, attribute);
	bsg_plist_put_text(w, NULL, value);
	bsg_plist_end(w);
	bsg_plist_end(w);
}

static enum bsg_err put_scep(struct bsg_plist_writer *w, const struct bsg_enrolment *e, struct bsg_error *err)
{
	enum bsg_err rc;

	bsg_plist_put_dict(w, NULL);
	rc = put_head(w, e, "com.apple.security.scep", "enrolment.scep", texts[e->language].scep, NULL, err);
	bsg_plist_put_dict(w, "PayloadContent");
	bsg_plist_put_text(w, "URL", e->scep_url);
	if (e->scep_name != NULL)
		bsg_plist_put_text(w, "Name", e->scep_name);
	bsg_plist_put_array(w, "Subject");
	put_name(w, "O", e->organisation);
	put_name(w, "CN", e->common_name);
	bsg_plist_end(w);
	bsg_plist_put_text(w, "Challenge", e->challenge);
	bsg_plist_put_text(w, "Key Type", "RSA");
	bsg_plist_put_int(w, "Keysize", KEY_SIZE);
	bsg_plist_put_int(w, "Key Usage", KEY_USAGE);
	if (e->ca_fingerprint.len > 0)
		bsg_plist_put_data(w, "CAFingerprint", e->ca_fingerprint);
	bsg_plist_put_bool(w, "KeyIsExtractable", false);
	bsg_plist_end(w);
	bsg_plist_end(w);
	return rc;
}

static enum bsg_err put_mdm(struct bsg_plist_writer *w, const struct bsg_enrolment *e, struct bsg_error *err)
{
	char identity[BSG_PAYLOAD_UUID_SIZE];
	enum bsg_err rc = bsg_payload_uuid(e->seed, "enrolment.scep", identity, err);

	bsg_plist_put_dict(w, NULL);
	if (rc == BSG_OK)
		rc = put_head(w, e, "com.apple.mdm", "enrolment.mdm", texts[e->language].mdm, NULL, err);
	bsg_plist_put_text(w, "IdentityCertificateUUID", identity);
	bsg_plist_put_text(w, "Topic", e->topic);
	bsg_plist_put_text(w, "ServerURL", e->server_url);
	bsg_plist_put_text(w, "CheckInURL", e->checkin_url);
	bsg_plist_put_bool(w, "CheckOutWhenRemoved", true);
	bsg_plist_put_bool(w, "SignMessage", true);
	bsg_plist_put_int(w, "AccessRights", e->kind == BSG_IOS_SUPERVISED ? BSG_RIGHTS_SUPERVISED : BSG_RIGHTS_PRIVATE);
	bsg_plist_put_array(w, "ServerCapabilities");	/* none: no user channel, no bootstrap tokens, no GetToken */
	bsg_plist_end(w);
	bsg_plist_end(w);
	return rc;
}

/* Which of them is shown the phone decides by its own language. */
static void put_consent(struct bsg_plist_writer *w, const struct bsg_enrolment *e)
{
	static const struct { const char *key; enum bsg_profile_language language; } languages[] = {
		{ "default", BSG_PROFILE_KK }, { "kk", BSG_PROFILE_KK }, { "ru", BSG_PROFILE_RU }, { "en", BSG_PROFILE_EN },
	};
	const size_t which = e->kind == BSG_IOS_SUPERVISED ? 1 : 0;

	bsg_plist_put_dict(w, "ConsentText");
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		const enum bsg_profile_language language = i == 0 ? e->language : languages[i].language;
		const char *text = texts[language].consent[which];
		const char *name = strstr(text, "%s");
		char out[4096];

		(void)snprintf(out, sizeof(out), "%.*s%s%s", (int)(name - text), text, e->organisation, name + 2);
		bsg_plist_put_text(w, languages[i].key, out);
	}
	bsg_plist_end(w);
}

static enum bsg_err put_profile(struct bsg_plist_writer *w, const struct bsg_enrolment *e, struct bsg_error *err)
{
	const struct texts *t = &texts[e->language];
	enum bsg_err rc = put_head(w, e, "Configuration", "enrolment", t->profile, t->profile_description, err);

	if (rc != BSG_OK)
		return rc;
	put_consent(w, e);
	bsg_plist_put_array(w, "PayloadContent");
	for (size_t i = 0; i < e->n_roots && rc == BSG_OK; i++)
		rc = put_root(w, e, i, err);
	if (rc == BSG_OK)
		rc = put_scep(w, e, err);
	if (rc == BSG_OK)
		rc = put_mdm(w, e, err);
	bsg_plist_end(w);
	return rc;
}

enum bsg_err bsg_enrolment_profile(const struct bsg_enrolment *enrolment, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_plist_writer w;
	enum bsg_err rc = check(enrolment, err);

	if (rc != BSG_OK)
		return rc;
	bsg_plist_begin(&w, BSG_PROFILE_MAX);
	rc = put_profile(&w, enrolment, err);
	return rc == BSG_OK ? bsg_plist_finish(&w, out, err) : bsg_payload_abandon(&w, rc);
}
