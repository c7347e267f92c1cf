/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's page: log in, and what every phone of one's own restricts and why. Works without JavaScript. Rules V90-V99. */
#include "server/me.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/caller.h"
#include "server/handlers.h"
#include "server/owner.h"

#define DEVICES_PAGE 64
#define REFRESH_S 30

static const struct bsg_page_text title_text = {{"Менің телефоным", "Мой телефон", "My phone"}};
static const struct bsg_page_text intro_text = {
	{"Мұнда телефоныңызда не, не үшін және қашанға дейін шектелгенін көресіз.",
	 "Здесь видно, что на вашем телефоне ограничено, почему и до каких пор.",
	 "Here you see what is restricted on your phone, why, and until when."}};
static const struct bsg_page_text badge_text = {{"Бейдж нөмірі", "Номер бейджа", "Badge number"}};
static const struct bsg_page_text code_text = {{"Бір реттік код", "Одноразовый код", "One-time code"}};
static const struct bsg_page_text enter_text = {{"Кіру", "Войти", "Log in"}};
static const struct bsg_page_text help_text = {
	{"Кодты қолдау қызметі береді. Ол 24 сағат жарамды және бір рет қана қолданылады.",
	 "Код выдаёт служба поддержки. Он действует 24 часа и только один раз.",
	 "The helpdesk hands out the code. It is good for 24 hours, once."}};
static const struct bsg_page_text none_text = {
	{"Сізде тіркелген телефон жоқ. Қолдау қызметіне хабарласыңыз.", "У вас нет зарегистрированного телефона. Обратитесь в службу поддержки.",
	 "You have no registered phone. Ask the helpdesk."}};
static const struct bsg_page_text always_text = {
	{"Қоңырау шалу, SMS және жедел қызметтерге қоңырау шалу әрқашан мүмкін.",
	 "Звонки, SMS и экстренные вызовы возможны всегда.", "Calls, SMS and emergency calls always work."}};
static const struct bsg_page_text place_text = {
	{"Жүйе сіздің қайда жүргеніңізді көрмейді: ол тек өткелден өткеніңізді біледі.",
	 "Система не видит, где вы находитесь: она знает только о проходах.", "The system does not see where you are: it only knows of gates passed."}};
static const struct bsg_page_text logout_text = {{"Шығу", "Выйти", "Log out"}};

/* By enum bsg_me_said; the name is in the query. */
static const struct {
	const char *name;
	bool bad;
	struct bsg_page_text text;
} said_texts[BSG_ME_N_SAID] = {
	[BSG_ME_SAID_WRONG] = {"wrong", true,
		{{"Бейдж немесе код қабылданбады: ол қате, қолданылған, мерзімі өткен немесе тым көп терілген. Біраз күтіңіз немесе "
		  "қолдау қызметінен жаңа код сұраңыз.",
		  "Бейдж или код не приняты: неверны, уже использованы, просрочены или слишком много попыток. Подождите немного или "
		  "попросите у службы поддержки новый код.",
		  "The badge or code was not taken: wrong, used, over, or tried too often. Wait a while, or ask the helpdesk for a new code."}}},
	[BSG_ME_SAID_BYE] = {"bye", false, {{"Сіз шықтыңыз.", "Вы вышли.", "You are logged out."}}},
	[BSG_ME_SAID_ARRIVED] = {"arrived", false,
		{{"Жазылды. Телефон шектелуде: құлпын ашып, осы бетте күтіңіз.", "Записано. Телефон ограничивается: разблокируйте его и подождите на этой странице.",
		  "Noted. Your phone is being restricted: unlock it and wait on this page."}}},
	[BSG_ME_SAID_NOT_HERE] = {"not-here", true,
		{{"Бұл жерде келгенді өзі хабарлау қабылданбайды: өткелден өтіңіз.", "Здесь нельзя отметить прибытие самому: пройдите через проходную.",
		  "This place does not take that: pass the gate."}}},
	[BSG_ME_SAID_LEFT] = {"left", false,
		{{"Кеткеніңіз жазылды. Шектеу алынуда.", "Выход записан. Ограничение снимается.", "Noted that you left. The restriction is being lifted."}}},
	[BSG_ME_SAID_NOT_IN] = {"not-in", true,
		{{"Сервер дерегі бойынша бұл телефон ешқай жерде емес.", "По данным сервера телефон нигде не находится.",
		  "As far as the server knows the phone is in no place."}}},
	[BSG_ME_SAID_STUCK] = {"stuck", false,
		{{"Қайта тексеріп жатырмыз. Телефонның құлпын ашып, интернетке қосыңыз да, бір минут күтіңіз. Көмектеспесе, қолдау қызметіне "
		  "хабарласыңыз: олар шектеуді бірден алады. Төменде ол ең кеші қашан өзі аяқталатыны жазылған.",
		  "Проверяем ещё раз. Разблокируйте телефон, подключите его к интернету и подождите минуту. Если не поможет, позвоните в службу "
		  "поддержки: там снимут ограничение сразу. Ниже написано, когда оно самое позднее закончится само.",
		  "We are checking again. Unlock your phone, connect it to the internet and wait a minute. If that does not help call the helpdesk: "
		  "they can lift it at once. Below is written when it ends by itself at the latest."}}},
};

static void put_said(struct bsg_html *page, enum bsg_me_said said)
{
	if (said == BSG_ME_SAID_NOTHING)
		return;
	bsg_buf_printf(&page->out, "<p role=\"status\" class=\"%s\">", said_texts[said].bad ? "bad" : "said");
	bsg_page_say(page, &said_texts[said].text);
	bsg_page_raw(page, "</p>");
}

const char *bsg_me_said_name(enum bsg_me_said said)
{
	return said_texts[said].name;
}

static enum bsg_me_said asked_said(struct bsg_http_exchange *x)
{
	const char *name = bsg_http_query(x, "said");

	for (int i = 1; name != NULL && i < BSG_ME_N_SAID; i++)
		if (strcmp(name, said_texts[i].name) == 0)
			return (enum bsg_me_said)i;
	return BSG_ME_SAID_NOTHING;
}

/* The language asked for, else the owner's own. */
static enum bsg_http_lang language_of(struct bsg_http_exchange *x, const struct bsg_owner *owner)
{
	return bsg_http_query(x, "lang") == NULL ? bsg_page_language_named(owner->session.lang) : bsg_page_language(x);
}

static void put_paragraph(struct bsg_html *page, const char *classes, const struct bsg_page_text *text)
{
	bsg_buf_printf(&page->out, "<p class=\"%s\">", classes);
	bsg_page_say(page, text);
	bsg_page_raw(page, "</p>");
}

static void put_field(struct bsg_html *page, const struct bsg_page_text *label, const char *attributes)
{
	bsg_page_raw(page, "<label>");
	bsg_page_say(page, label);
	bsg_buf_printf(&page->out, "<input required %s></label>", attributes);
}

void bsg_me_login_page(struct bsg_http_exchange *x, unsigned status, enum bsg_me_said said)
{
	struct bsg_html page;

	bsg_page_begin(&page, bsg_page_language(x), &title_text, "/me");
	put_said(&page, said);
	put_paragraph(&page, "", &intro_text);
	bsg_buf_printf(&page.out, "<form method=\"post\" action=\"/me/login?lang=%s\">", bsg_page_langs[page.lang]);
	put_field(&page, &badge_text, "name=\"badge\" maxlength=\"64\" autocomplete=\"username\"");
	put_field(&page, &code_text, "name=\"code\" maxlength=\"15\" autocomplete=\"one-time-code\" autocapitalize=\"characters\" "
		  "spellcheck=\"false\" placeholder=\"ABCD-EFGH\"");
	bsg_page_raw(&page, "<button>");
	bsg_page_say(&page, &enter_text);
	bsg_page_raw(&page, "</button></form>");
	put_paragraph(&page, "quiet", &help_text);
	bsg_page_answer(x, status, &page);
}

/* A link is opened by a button: what looks at links beforehand (mail, messengers) uses none up. */
void bsg_get_me_link(struct bsg_http_exchange *x, void *app)
{
	struct bsg_html page;

	(void)app;
	bsg_page_begin(&page, bsg_page_language(x), &title_text, bsg_http_path(x));
	put_paragraph(&page, "", &intro_text);
	bsg_buf_printf(&page.out, "<form method=\"post\" action=\"/me/login?lang=%s\"><input type=\"hidden\" name=\"link\" value=\"",
		       bsg_page_langs[page.lang]);
	bsg_page_put(&page, bsg_http_param(x, "link"));
	bsg_page_raw(&page, "\"><button>");
	bsg_page_say(&page, &enter_text);
	bsg_page_raw(&page, "</button></form>");
	bsg_page_answer(x, 200, &page);
}

/* @return how many phones are shown */
static size_t put_phones(struct bsg_html *page, struct bsg_server *server, const struct bsg_device_rec *recs, size_t n, const char *form_token)
{
	struct bsg_me_phone phone;
	struct bsg_error err;
	size_t n_shown = 0;

	for (size_t i = 0; i < n; i++) {
		if (recs[i].state != BSG_DEVICE_ACTIVE)
			continue;
		n_shown++;
		if (bsg_me_phone_look(server, &recs[i], &phone, &err) == BSG_OK)
			bsg_me_phone_put(page, server, &phone, form_token);
		else
			bsg_log(server->log, BSG_LOG_WARNING, "me", "the owner's page cannot show device %s: %s", recs[i].id, err.text);
		bsg_me_phone_free(&phone);
	}
	return n_shown;
}

/* Among all that they ever had. */
static enum bsg_err put_own(struct bsg_html *page, struct bsg_server *server, const struct bsg_owner *owner, struct bsg_error *err)
{
	struct bsg_device_rec *recs = calloc(DEVICES_PAGE, sizeof(*recs));
	char cursor[BSG_CURSOR_SIZE] = "";
	struct bsg_page list = {.limit = DEVICES_PAGE, .cursor = cursor};
	enum bsg_err rc = recs == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a page") : BSG_OK;
	size_t n_shown = 0;

	do {
		memcpy(cursor, list.next, sizeof(cursor));
		if (rc == BSG_OK)
			rc = bsg_store_devices(server->store, owner->session.person, NULL, &list, recs, err);
		if (rc == BSG_OK)
			n_shown += put_phones(page, server, recs, list.n, owner->form_token);
	} while (rc == BSG_OK && list.next[0] != '\0');
	if (rc == BSG_OK && n_shown == 0)
		put_paragraph(page, "", &none_text);
	free(recs);
	return rc;
}

static void state_page(struct bsg_http_exchange *x, struct bsg_server *server, const struct bsg_owner *owner)
{
	struct bsg_html page;
	struct bsg_error err;
	enum bsg_err rc;

	bsg_page_begin(&page, language_of(x, owner), &title_text, "/me");
	page.refresh_s = REFRESH_S;
	bsg_page_raw(&page, "<p class=\"quiet\">");
	bsg_page_put(&page, owner->session.name);
	bsg_page_raw(&page, "</p>");
	put_said(&page, asked_said(x));
	rc = put_own(&page, server, owner, &err);
	if (rc != BSG_OK) {
		bsg_buf_free(&page.out);
		bsg_http_fail(x, rc, &err);
		return;
	}
	put_paragraph(&page, "", &always_text);
	put_paragraph(&page, "quiet", &place_text);
	bsg_buf_printf(&page.out, "<form method=\"post\" action=\"/me/logout?lang=%s\"><input type=\"hidden\" name=\"form\" value=\"%s\">"
		       "<button class=\"second\">", bsg_page_langs[page.lang], owner->form_token);
	bsg_page_say(&page, &logout_text);
	bsg_page_raw(&page, "</button></form>");
	bsg_page_answer(x, 200, &page);
}

void bsg_get_me(struct bsg_http_exchange *x, void *app)
{
	const struct bsg_owner *owner = bsg_caller_of(x)->owner;

	if (owner == NULL)
		bsg_me_login_page(x, 200, asked_said(x));
	else
		state_page(x, app, owner);
}
