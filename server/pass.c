/* SPDX-License-Identifier: Apache-2.0 */
/* The pass of a phone without agent. Whatever is not certain right now gives none, and says why. */
#include "server/pass.h"

#include <stdio.h>
#include <string.h>

#include "crypto/cose.h"
#include "server/facts.h"
#include "server/places.h"
#include "server/platforms.h"
#include "server/verdict.h"

static const struct bsg_page_text agent_text = {
	{"Рұқсатнаманы телефондағы қолданбаның өзі көрсетеді.", "Пропуск показывает само приложение на телефоне.",
	 "The app on the phone shows the pass itself."}};
static const struct bsg_page_text nothing_text = {
	{"Рұқсатнама қажет емес: қазір ештеңе шектелмеген.", "Пропуск не нужен: сейчас ничего не ограничено.",
	 "No pass is needed: nothing is restricted now."}};
static const struct bsg_page_text unverified_text = {
	{"Рұқсатнама әлі жоқ: телефон шектелгенін растамады.", "Пропуска пока нет: телефон ещё не подтвердил ограничение.",
	 "No pass yet: the phone has not proved its restriction."}};
static const struct bsg_page_text ended_text = {
	{"Рұқсатнама жоқ: шектеудің расталған мерзімі өтті. Өткелден қайта өтіңіз.",
	 "Пропуска нет: срок подтверждённого ограничения истёк. Пройдите через проходную ещё раз.",
	 "No pass: the time for which the restriction was proved is over. Pass the gate again."}};
static const struct bsg_page_text impossible_text = {
	{"Рұқсатнама жоқ: бұл телефонда талап етілетіннің бірін де тексеру мүмкін емес. Күзетке хабарласыңыз.",
	 "Пропуска нет: на этом телефоне нельзя проверить ничего из требуемого. Обратитесь к охране.",
	 "No pass: nothing of what is asked can be verified on this phone. Ask the guard."}};

/* By enum bsg_no_pass; zero stands where there is no reason. */
static const struct bsg_page_text no_pass_texts[] = {
	[BSG_PASS_NONE] = {{"Рұқсатнама жоқ.", "Пропуска нет.", "No pass."}},
	[BSG_PASS_ORDERS_EXPIRED] = {{"Рұқсатнама жоқ: телефон нұсқауларының мерзімі өткен.", "Пропуска нет: срок указаний телефона истёк.",
				      "No pass: the phone's orders have expired."}},
	[BSG_PASS_RELEASED] = {{"Рұқсатнама жоқ: қолдау қызметі шектеуді алып тастады.", "Пропуска нет: служба поддержки сняла ограничение.",
				"No pass: the helpdesk has lifted the restriction."}},
	[BSG_PASS_TIME_UNVERIFIED] = {{"Рұқсатнама жоқ: уақыт расталмаған.", "Пропуска нет: время не подтверждено.",
				       "No pass: the time is not certain."}},
	[BSG_PASS_BREAK_GLASS] = {{"Рұқсатнама жоқ: шектеу төтенше жағдайда алынған.", "Пропуска нет: ограничение снято в экстренном случае.",
				   "No pass: break-glass is running."}},
	[BSG_PASS_LEFT_UNCONFIRMED] = {{"Рұқсатнама жоқ: телефон белгіленбей шығып кеткен сияқты.", "Пропуска нет: похоже, телефон вынесли без отметки.",
					"No pass: the phone seems to have left without passing a gate."}},
	[BSG_PASS_ABSENT] = {{"Рұқсатнама жоқ: телефон ешқай жерде емес.", "Пропуска нет: телефон нигде не находится.",
			      "No pass: the phone is in no place."}},
};

/* How the phone is present there. */
static enum bsg_by present_by(const struct bsg_view *view, struct bsg_str place)
{
	for (size_t i = 0; i < view->output.n_present; i++) {
		const struct bsg_out_present *one = &view->output.present[i];

		if (one->place.len == place.len && memcmp(one->place.ptr, place.ptr, place.len) == 0)
			return one->by;
	}
	return BSG_BY_NONE;
}

/* Why there is no pass now. @return NULL: there is one */
static const struct bsg_page_text *why_not(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_view *view,
					   struct bsg_str place)
{
	const struct bsg_platform_phone *phone = &view->phone;
	struct bsg_coverage_phone coverage;

	if (bsg_platform_of(server, rec->kind) == NULL)
		return &agent_text;
	if (!view->output.may_pass)
		return &no_pass_texts[view->output.why_no_pass];
	if (place.len == 0)
		return &no_pass_texts[BSG_PASS_ABSENT];
	if (view->output.restricted == 0)
		return &nothing_text;
	if (bsg_view_unproven(view) != 0)
		return &ended_text;
	bsg_facts_phone(server, rec, view->has_phone ? &view->phone : NULL, &coverage);
	if (!view->has_phone || !view->stored.has || phone->verified_at > view->now ||
	    bsg_verdict_missing(server, &coverage, view) != 0)
		return &unverified_text;
	return bsg_view_verified(view) == 0 ? &impossible_text : NULL;
}

/* The sequence is the second: it grows also over restarts, and nothing has to be stored for it. */
static enum bsg_err fill(struct bsg_server *server, const struct bsg_view *view, const char *device, struct bsg_str place,
			 struct bsg_pass *pass, struct bsg_error *err)
{
	const int64_t end = view->now + BSG_PASS_LIFE_SERVER_S;
	struct bsg_place_secret_rec secret;
	char name[BSG_NAME_SIZE];
	enum bsg_err rc;

	*pass = (struct bsg_pass){.issued = view->now, .expires = end < view->phone.verified_until ? end : view->phone.verified_until,
				  .serial = view->stored.message.orders.serial, .functions = bsg_view_verified(view),
				  .n_break_glass = view->output.break_glass_total, .sequence = (uint32_t)view->now,
				  .by = present_by(view, place), .verified_at = view->phone.verified_at};
	(void)snprintf(name, sizeof(name), "%.*s", (int)place.len, place.ptr);
	rc = bsg_place_secret(server, name, &secret, err);
	if (rc == BSG_OK)
		rc = bsg_place_pseudonym(secret.key, device, pass->pseudonym, err);
	bsg_wipe(&secret, sizeof(secret));
	return rc;
}

static enum bsg_err sign(struct bsg_server *server, const struct bsg_pass *pass, struct bsg_shown_pass *out, struct bsg_error *err)
{
	uint8_t payload[BSG_PASS_MAX];
	struct bsg_bytes encoded;
	struct bsg_buf bytes;
	size_t len = 0;
	enum bsg_err rc = bsg_pass_encode(pass, payload, sizeof(payload), &encoded);

	if (rc != BSG_OK)
		return bsg_fail(err, BSG_E_BUG, "a pass that breaks its own rules");
	bsg_buf_init(&bytes, BSG_PASS_MAX);
	rc = bsg_cose_sign(server->home.keyring, BSG_COSE_PASS, encoded, &bytes, err);
	if (rc == BSG_OK)
		rc = bsg_base45_encode((struct bsg_bytes){bytes.data, bytes.len}, out->text, sizeof(out->text) - 1, &len);
	out->text[len] = '\0';
	bsg_buf_free(&bytes);
	return rc;
}

enum bsg_err bsg_pass_show(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_view *view,
			   struct bsg_str place, struct bsg_shown_pass *out, struct bsg_error *err)
{
	struct bsg_pass pass;
	enum bsg_err rc;

	*out = (struct bsg_shown_pass){.why_not = why_not(server, rec, view, place)};
	if (out->why_not != NULL)
		return BSG_OK;
	rc = fill(server, view, rec->id, place, &pass, err);
	if (rc == BSG_OK)
		rc = sign(server, &pass, out, err);
	out->expires = pass.expires;
	return rc;
}
