/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of an invitation and the file that enrols a phone without agent: /enrol/TOKEN. Rules V70..V75 of docs/spec/server.md.
 *
 * The token in the path is the credential. Nothing here uses it up, so a preview of the link in a messenger does no harm.
 */
#include <stdio.h>
#include <string.h>

#include "base/timetext.h"
#include "crypto/hash.h"
#include "server/answer.h"
#include "server/handlers.h"
#include "server/page.h"
#include "server/platforms.h"

static const struct bsg_page_text title = {{"Телефонды тіркеу", "Регистрация телефона", "Enrol your phone"}};
static const struct bsg_page_text what = {{
	"Осы профиль орнатылған соң телефоныңызды ғимаратқа алып кіре аласыз: ғимаратта камера сияқты кейбір функциялар ажыратылады, шыққанда бәрі "
	"қайта қосылады. Қоңыраулар мен SMS әрқашан жұмыс істейді.",
	"С этим профилем телефон можно проносить в здание: внутри отключаются некоторые функции, например камера, а на выходе всё включается "
	"снова. Звонки и SMS работают всегда.",
	"With this profile your phone may come into the building with you: inside, some functions such as the camera are switched off, and when you "
	"leave everything is on again. Calls and SMS always work."}};
static const struct bsg_page_text for_whom = {{"Кімге", "Для кого", "For"}};
static const struct bsg_page_text which = {{"Телефон", "Телефон", "Phone"}};
static const struct bsg_page_text until = {{"Мерзімі", "Действует до", "Valid until"}};
static const struct bsg_page_text asked = {{"Сіз беретін құқықтар", "Что вы разрешаете", "What you allow"}};
static const struct bsg_page_text not_asked = {{"Ешқашан сұралмайтын құқықтар", "Права, о которых никогда не просят", "What is never asked for"}};
static const struct bsg_page_text remove_it = {{
	"Профильді кез келген уақытта өзіңіз жоя аласыз: бұл сіздің құқығыңыз. Барлық шектеу алынады, телефондағы ештеңе өшірілмейді.",
	"Удалить профиль вы можете сами в любое время: это ваше право. Все ограничения снимутся, ничего не сотрётся.",
	"You may remove the profile yourself at any time: it is your right. Every restriction is lifted, and nothing is erased."}};
static const struct bsg_page_text how = {{"Қалай орнату керек", "Как установить", "How to install it"}};
static const struct bsg_page_text get = {{"Профильді жүктеу", "Загрузить профиль", "Download the profile"}};
static const struct bsg_page_text elsewhere = {{"Бұл басқа құрылғы ма?", "Это другое устройство?", "Is this another device?"}};
static const struct bsg_page_text scan = {{
	"Профиль тек жоғарыда аталған телефонға арналған. Сол телефонның камерасымен мына кодты сканерлеңіз. Телефоныңыз басқа түрлі болса, "
	"қолдау қызметінен басқа шақыру сұраңыз.",
	"Профиль подходит только для телефона, названного выше. Отсканируйте этот код его камерой. Если у вас телефон другого вида, попросите у "
	"службы поддержки другое приглашение.",
	"The profile is only for the kind of phone named above. Scan this code with that phone's camera. If yours is of another kind, ask the "
	"helpdesk for another invitation."}};

static const struct bsg_page_text gone_title = {{"Шақыру жарамсыз", "Приглашение не действует", "The invitation does not hold"}};
static const struct bsg_page_text gone = {{
	"Бұл шақыру белгісіз немесе мерзімі өткен. Сілтеменің толық көшірілгенін тексеріңіз немесе қолдау қызметінен жаңа шақыру сұраңыз.",
	"Это приглашение неизвестно, или его срок истёк. Проверьте, что ссылка скопирована целиком, или попросите у службы поддержки новое.",
	"This invitation is not known, or it has expired. Check that the link was copied whole, or ask the helpdesk for a new one."}};
static const struct bsg_page_text used_title = {{"Шақыру пайдаланылған", "Приглашение использовано", "The invitation has been used"}};
static const struct bsg_page_text used = {{
	"Бұл шақырумен телефон тіркелген: енді ештеңе істеудің қажеті жоқ. Оны сіз тіркемеген болсаңыз, қолдау қызметіне бірден айтыңыз.",
	"По этому приглашению телефон уже зарегистрирован: больше ничего делать не нужно. Если это сделали не вы, сразу сообщите службе поддержки.",
	"A phone was enrolled with this invitation: there is nothing more to do. If it was not you, tell the helpdesk at once."}};

struct invited {
	struct bsg_invitation_rec rec;
	struct bsg_person_rec person;
	struct bsg_platform *platform;
	const struct bsg_coverage_kind *kind;
};

/* One page for what is not known and what has expired: it says nothing about other invitations. */
static void answer_dead(struct bsg_http_exchange *x, bool is_used)
{
	struct bsg_html page;

	bsg_page_begin(&page, bsg_page_language(x), is_used ? &used_title : &gone_title, bsg_http_path(x));
	bsg_page_raw(&page, "<p>");
	bsg_page_say(&page, is_used ? &used : &gone);
	bsg_page_raw(&page, "</p>");
	bsg_page_answer(x, is_used ? 410 : 404, &page);
}

/* Find the open invitation whose token is in the path. @return false after answering */
static bool find(struct bsg_http_exchange *x, struct bsg_server *server, struct invited *out)
{
	const char *token = bsg_http_param(x, "token");
	uint8_t hash[BSG_SHA256_LEN];
	struct bsg_error err;
	enum bsg_err rc = bsg_sha256(token, strlen(token), hash, &err);

	if (rc == BSG_OK)
		rc = bsg_store_invitation(server->store, hash, &out->rec, NULL, &err);
	if (rc == BSG_OK)
		rc = bsg_store_person(server->store, out->rec.person, &out->person, &err);
	if (rc != BSG_OK && rc != BSG_E_NOT_FOUND) {
		bsg_http_fail(x, rc, &err);
		return false;
	}
	out->platform = rc == BSG_OK ? bsg_platform_of(server, out->rec.kind) : NULL;
	out->kind = rc == BSG_OK ? bsg_coverage_find_kind(server->coverage, out->rec.kind) : NULL;
	if (out->platform != NULL && out->kind != NULL && out->rec.consumed == 0 && bsg_now(server) <= out->rec.expires)
		return true;
	answer_dead(x, out->platform != NULL && out->rec.consumed != 0);
	return false;
}

static void put_fact(struct bsg_html *page, const struct bsg_page_text *name, const char *value)
{
	bsg_page_raw(page, "<tr><th>");
	bsg_page_say(page, name);
	bsg_page_raw(page, "</th><td>");
	bsg_page_put(page, value);
	bsg_page_raw(page, "</td></tr>");
}

static void put_facts(struct bsg_html *page, const struct invited *i)
{
	const struct bsg_page_text kind = {{i->kind->name.kk, i->kind->name.ru, i->kind->name.en}};
	char shown[BSG_TIME_LOCAL_SIZE];

	bsg_time_format_local(i->rec.expires, shown);
	bsg_page_raw(page, "<table>");
	put_fact(page, &for_whom, i->person.name);
	put_fact(page, &which, kind.in[page->lang]);
	put_fact(page, &until, shown);
	bsg_page_raw(page, "</table>");
}

/* @param list  `ul`, `ol` */
static void put_list(struct bsg_html *page, const struct bsg_page_text *heading, const char *list, const char *const *lines)
{
	bsg_page_raw(page, "<h2>");
	bsg_page_say(page, heading);
	bsg_buf_printf(&page->out, "</h2><%s>", list);
	for (; *lines != NULL; lines++) {
		bsg_page_raw(page, "<li>");
		bsg_page_put(page, *lines);
		bsg_page_raw(page, "</li>");
	}
	bsg_buf_printf(&page->out, "</%s>", list);
}

static void put_paragraph(struct bsg_html *page, const struct bsg_page_text *text)
{
	bsg_page_raw(page, "<p>");
	bsg_page_say(page, text);
	bsg_page_raw(page, "</p>");
}

/* Folded away: on the right phone nobody needs it. */
static void put_elsewhere(struct bsg_html *page, const char *url)
{
	bsg_page_raw(page, "<details><summary>");
	bsg_page_say(page, &elsewhere);
	bsg_page_raw(page, "</summary>");
	put_paragraph(page, &scan);
	bsg_page_qr(page, url);
	bsg_page_raw(page, "</details>");
}

void bsg_get_enrol_page(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"lang", NULL};
	const char *token = bsg_http_param(x, "token");
	const struct bsg_platform_ops *ops;
	struct bsg_server *server = app;
	char url[BSG_URL_SIZE + 256];
	struct bsg_html page;
	struct invited i;

	if (!bsg_query_only(x, false, names) || !find(x, server, &i))
		return;
	ops = i.platform->ops;
	bsg_page_begin(&page, bsg_page_language(x), &title, bsg_http_path(x));
	put_facts(&page, &i);
	put_paragraph(&page, &what);
	put_list(&page, &asked, "ul", ops->rights(i.platform, i.rec.kind, page.lang, false));
	put_list(&page, &not_asked, "ul", ops->rights(i.platform, i.rec.kind, page.lang, true));
	put_paragraph(&page, &remove_it);
	put_list(&page, &how, "ol", ops->steps(i.platform, i.rec.kind, page.lang));
	bsg_buf_printf(&page.out, "<a class=\"button\" href=\"/enrol/%s/profile\">", token);	/* found, so it is one of ours: no escapes */
	bsg_page_say(&page, &get);
	bsg_page_raw(&page, "</a>");
	snprintf(url, sizeof(url), "%s/enrol/%s", server->home.people_url, token);
	put_elsewhere(&page, url);
	bsg_page_answer(x, 200, &page);
}

static void answer_file(struct bsg_http_exchange *x, const struct bsg_platform_file *file)
{
	char name[80];
	const struct bsg_http_field fields[] = {
		{"Content-Disposition", name}, {"X-Content-Type-Options", "nosniff"}, {"X-Robots-Tag", "noindex"},
	};

	snprintf(name, sizeof(name), "attachment; filename=\"bosaga.%s\"", file->extension);
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = file->type, .body = file->bytes.data, .body_len = file->bytes.len,
						      .fields = fields, .n_fields = sizeof(fields) / sizeof(fields[0])});
}

void bsg_get_enrol_profile(struct bsg_http_exchange *x, void *app)
{
	struct bsg_platform_invitation invitation;
	struct bsg_platform_file file;
	struct bsg_error err;
	struct invited i;
	enum bsg_err rc;

	if (!bsg_query_only(x, false, NULL) || !find(x, app, &i))
		return;
	/* In the person's language, not the caller's: whoever opens it, these are the same bytes. */
	invitation = (struct bsg_platform_invitation){.token = bsg_http_param(x, "token"), .kind = i.rec.kind, .person = i.rec.person,
						      .lang = bsg_page_language_named(i.person.lang), .created = i.rec.created};
	bsg_buf_init_secret(&file.bytes, BSG_PLATFORM_FILE_MAX);
	rc = i.platform->ops->invite(i.platform, &invitation, &file, &err);
	if (rc == BSG_OK)
		answer_file(x, &file);
	else if (rc == BSG_E_UNAVAILABLE || rc == BSG_E_CONFLICT)
		bsg_http_problem(x, 409, "not-set-up", "%s", err.text);
	else
		bsg_http_fail(x, rc, &err);
	bsg_buf_free(&file.bytes);
}
