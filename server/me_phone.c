/* SPDX-License-Identifier: Apache-2.0 */
/* One phone on the owner's page: what it should do, what it is known to do, why, and what its owner can do about it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/timetext.h"
#include "policy/explain.h"
#include "server/facts.h"
#include "server/me.h"
#include "server/pass.h"
#include "server/platforms.h"

enum bsg_err bsg_me_phone_look(struct bsg_server *server, const struct bsg_device_rec *rec, struct bsg_me_phone *out,
			       struct bsg_error *err)
{
	*out = (struct bsg_me_phone){.rec = rec, .is_driven = bsg_platform_of(server, rec->kind) != NULL};
	return bsg_view_make(server, rec, bsg_now(server), &out->view, err);
}

void bsg_me_phone_free(struct bsg_me_phone *phone)
{
	bsg_view_free(phone->view);
	phone->view = NULL;
}

static bool same(struct bsg_str a, struct bsg_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_in(const struct bsg_me_phone *phone, struct bsg_str place)
{
	for (size_t i = 0; i < phone->view->output.n_present; i++)
		if (same(phone->view->output.present[i].place, place))
			return true;
	return false;
}

static const struct bsg_place *find_place(const struct bsg_me_phone *phone, struct bsg_str id)
{
	const struct bsg_orders *orders = bsg_view_orders(phone->view);

	for (size_t i = 0; i < orders->n_places; i++)
		if (same(orders->places[i].id, id))
			return &orders->places[i];
	return NULL;
}

struct bsg_str bsg_me_phone_place(const struct bsg_me_phone *phone)
{
	for (size_t i = 0; i < phone->view->output.n_present; i++) {
		const struct bsg_place *place = find_place(phone, phone->view->output.present[i].place);

		if (place != NULL && (place->parent.len == 0 || !is_in(phone, place->parent)))
			return place->id;
	}
	return (struct bsg_str){NULL, 0};
}

bool bsg_me_phone_may_arrive(const struct bsg_me_phone *phone, const struct bsg_place *place)
{
	return phone->is_driven && phone->view->phone.is_reachable && (place->enter_by & BSG_ENTER_SELF) != 0 && !is_in(phone, place->id);
}

static void put_str(struct bsg_html *page, struct bsg_str text)
{
	char copy[512];

	(void)snprintf(copy, sizeof(copy), "%.*s", (int)text.len, text.ptr != NULL ? text.ptr : "");
	bsg_page_put(page, copy);
}

/* A text of the policy in the page's language, else in any. @return false: there is none */
static bool put_text(struct bsg_html *page, const struct bsg_text *text)
{
	const struct bsg_str in[BSG_HTTP_N_LANGS] = {text->kk, text->ru, text->en};
	struct bsg_str chosen = in[page->lang];

	for (size_t i = 0; i < BSG_HTTP_N_LANGS && chosen.len == 0; i++)
		chosen = in[i];
	put_str(page, chosen);
	return chosen.len != 0;
}

static void put_place(struct bsg_html *page, const struct bsg_place *place)
{
	if (!put_text(page, &place->name))
		put_str(page, place->id);
}

static void put_function(struct bsg_html *page, size_t number)
{
	const struct bsg_function_info *info = &bsg_functions[number];
	const char *const in[BSG_HTTP_N_LANGS] = {info->kk, info->ru, info->en};

	bsg_page_raw(page, "<strong>");
	bsg_page_put(page, in[page->lang]);
	bsg_page_raw(page, "</strong>");
}

static void put_time(struct bsg_html *page, int64_t at)
{
	char text[BSG_TIME_SIZE], shown[BSG_TIME_LOCAL_SIZE];

	bsg_time_format(at, text);
	bsg_time_format_local(at, shown);
	bsg_buf_printf(&page->out, "<time datetime=\"%s\">%s</time>", text, shown);
}

static const struct bsg_page_text off_text = {{"өшірілген, тексерілді", "отключено, проверено", "off, verified"}};
static const struct bsg_page_text soon_text = {{"өшірілуде", "отключается", "being switched off"}};
static const struct bsg_page_text said_text = {
	{"телефон өшірдім дейді, әлі тексерілген жоқ", "телефон сообщил об отключении, ещё не проверено", "the phone says it is off, not verified yet"}};
static const struct bsg_page_text unsure_text = {{"өшірілгені расталмаған", "отключение не подтверждено", "not confirmed"}};

static void put_function_state(struct bsg_html *page, const struct bsg_me_phone *phone, uint32_t function)
{
	static const struct {
		const char *state;
		const struct bsg_page_text *text;
	} texts[] = {{"verified", &off_text}, {"acknowledged", &said_text}, {"unverified", &unsure_text}};
	const char *state = bsg_view_state(phone->view, function);
	const struct bsg_page_text *text = &soon_text;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(state, texts[i].state) == 0)
			text = texts[i].text;
	bsg_buf_printf(&page->out, "<span class=\"%s\">", text == &off_text ? "ok" : "wait");
	bsg_page_say(page, text);
	bsg_page_raw(page, "</span>");
}

static const struct bsg_page_text free_text = {{"Қазір ештеңе шектелмеген.", "Сейчас ничего не ограничено.", "Nothing is restricted now."}};
static const struct bsg_page_text lifting_text = {
	{"Шектеу алынып жатыр.", "Ограничение снимается.", "The restriction is being lifted."}};
static const struct bsg_page_text restricted_text = {
	{"Телефон шектелген, бұл тексерілді.", "Телефон ограничен, это проверено.", "The phone is restricted, and that is verified."}};
static const struct bsg_page_text restricting_text = {
	{"Телефон шектелуде.", "Телефон ограничивается.", "The phone is being restricted."}};
static const struct bsg_page_text locked_text = {
	{"Телефоныңыздың құлпын ашыңыз: экран құлыптаулы кезде ол өзгерісті қабылдамайды.",
	 "Разблокируйте телефон: с заблокированным экраном он не принимает изменений.",
	 "Unlock your phone: with a locked screen it takes no change."}};
static const struct bsg_page_text waiting_text = {
	{"Телефон әлі байланысқа шыққан жоқ: тіркеуді аяқтаңыз.", "Телефон ещё не вышел на связь: завершите регистрацию.",
	 "The phone has not called yet: finish its enrolment."}};
static const struct bsg_page_text ends_text = {{"Ең кеші өздігінен аяқталады:", "Само закончится не позже:", "It ends by itself at the latest:"}};
static const struct bsg_page_text others_text = {{"Шектелмегендері", "Что не ограничено", "What is not restricted"}};

static void put_line(struct bsg_html *page, const char *classes, const struct bsg_page_text *text)
{
	bsg_buf_printf(&page->out, "<p class=\"%s\">", classes);
	bsg_page_say(page, text);
	bsg_page_raw(page, "</p>");
}

/* When it ends if nothing else happens: by its rules, or when what the phone was told runs out. 0: nothing to end */
static int64_t ends_at(const struct bsg_me_phone *phone)
{
	if (phone->view->output.restricted != 0)
		return phone->view->output.lift_by;
	return bsg_view_verified(phone->view) != 0 ? phone->view->phone.verified_until : 0;
}

/* What was told of it may still hold: a lock that was never proved, or a lift that is not yet. */
static bool is_lifting(const struct bsg_me_phone *phone)
{
	const struct bsg_platform_phone *known = &phone->view->phone;

	return bsg_view_verified(phone->view) != 0 || (known->has_desired && (known->desired != 0 || !known->is_reached));
}

static void put_summary(struct bsg_html *page, const struct bsg_me_phone *phone)
{
	const uint32_t restricted = phone->view->output.restricted, verified = bsg_view_verified(phone->view);
	const bool lifting = restricted == 0 && is_lifting(phone);
	const int64_t end = ends_at(phone);

	if (phone->is_driven && !phone->view->phone.is_reachable)
		put_line(page, "state wait", &waiting_text);
	else if (restricted == 0)
		put_line(page, lifting ? "state wait" : "state ok", lifting ? &lifting_text : &free_text);
	else if ((restricted & ~verified) == 0)
		put_line(page, "state ok", &restricted_text);
	else
		put_line(page, "state wait", &restricting_text);
	if (phone->view->phone.locked_since != 0)
		put_line(page, "bad", &locked_text);
	if (end == 0)
		return;
	bsg_page_raw(page, "<p>");
	bsg_page_say(page, &ends_text);
	bsg_page_raw(page, " ");
	put_time(page, end);
	bsg_page_raw(page, "</p>");
}

static const char *row_text(json_t *row, const char *name, enum bsg_http_lang lang)
{
	const char *text = json_string_value(json_object_get(json_object_get(row, name), bsg_page_langs[lang]));

	return text != NULL ? text : "";
}

static const struct bsg_page_text until_text = {{"мерзімі:", "до", "until"}};

/* Where and why; and what the phone cannot do about it, if so. */
static void put_restricted(struct bsg_html *page, const struct bsg_me_phone *phone, json_t *row, size_t number)
{
	const struct bsg_out_why *why = &phone->view->output.why[number];
	const struct bsg_place *place = find_place(phone, why->place);

	bsg_page_raw(page, ": ");
	put_function_state(page, phone, BSG_BIT(number));
	bsg_page_raw(page, "<br>");
	(void)put_text(page, why->because);
	bsg_page_raw(page, "<br><span class=\"quiet\">");
	if (place != NULL) {
		put_place(page, place);
		bsg_page_raw(page, ", ");
	}
	bsg_page_say(page, &until_text);
	bsg_page_raw(page, " ");
	put_time(page, why->until);
	if (strcmp(json_string_value(json_object_get(row, "enforced")), bsg_grade_name(BSG_GRADE_ENFORCED)) != 0) {
		bsg_page_raw(page, "<br>");
		bsg_page_put(page, row_text(row, "how", page->lang));
	}
	bsg_page_raw(page, "</span>");
}

/* @param restricted  which of the rows */
static void put_rows(struct bsg_html *page, const struct bsg_me_phone *phone, json_t *rows, bool restricted)
{
	json_t *row;
	size_t i;

	bsg_page_raw(page, "<ul>");
	json_array_foreach(rows, i, row) {	/* in the catalogue's order: a row's index is its function's number */
		if (((phone->view->output.restricted & BSG_BIT(i)) != 0) != restricted)
			continue;
		bsg_page_raw(page, "<li>");
		put_function(page, i);
		if (restricted) {
			put_restricted(page, phone, row, i);
		} else {
			bsg_page_raw(page, ": ");
			bsg_page_put(page, row_text(row, "why_not", page->lang));
		}
		bsg_page_raw(page, "</li>");
	}
	bsg_page_raw(page, "</ul>");
}

/* Each function in words. Without them the state above still stands. */
static void put_reasons(struct bsg_html *page, struct bsg_server *server, const struct bsg_me_phone *phone)
{
	struct bsg_active_policy *active = bsg_active_get(&server->active);
	struct bsg_explain_query query = {.orders = bsg_view_orders(phone->view), .at = bsg_now(server), .state = &phone->view->state,
					  .coverage = server->coverage, .policy = active->policy};
	json_t *rows = NULL;
	struct bsg_error err;

	bsg_facts_phone(server, phone->rec, NULL, &query.phone);
	if (bsg_explain(&query, &rows, &err) == BSG_OK) {
		if (phone->view->output.restricted != 0)
			put_rows(page, phone, rows, true);
		bsg_page_raw(page, "<details><summary>");
		bsg_page_say(page, &others_text);
		bsg_page_raw(page, "</summary>");
		put_rows(page, phone, rows, false);
		bsg_page_raw(page, "</details>");
	}
	json_decref(rows);
	bsg_active_put(active);
}

/* A form with one button; @place may be NULL. The caller puts the button's text and then bsg_page_raw(end_of_form). */
static void begin_form(struct bsg_html *page, const char *path, const struct bsg_me_phone *phone, struct bsg_str place,
		       const char *form_token, bool second)
{
	bsg_buf_printf(&page->out, "<form method=\"post\" action=\"%s?lang=%s\"><input type=\"hidden\" name=\"form\" value=\"%s\">"
		       "<input type=\"hidden\" name=\"device\" value=\"%s\">", path, bsg_page_langs[page->lang], form_token, phone->rec->id);
	if (place.len != 0) {
		bsg_page_raw(page, "<input type=\"hidden\" name=\"place\" value=\"");
		put_str(page, place);
		bsg_page_raw(page, "\">");
	}
	bsg_page_raw(page, second ? "<button class=\"second\">" : "<button>");
}

static const struct bsg_page_text pass_text = {{"Рұқсатнама:", "Пропуск:", "Pass:"}};
static const struct bsg_page_text good_text = {{"жарамды уақыты:", "действует до", "valid until"}};
static const struct bsg_page_text show_text = {
	{"Осы кодты өткелде көрсетіңіз. Ол өздігінен жаңарады.", "Покажите этот код на проходной. Он обновляется сам.",
	 "Show this code at the gate. It renews itself."}};

/* A time within the next minute, on the clock of the place. */
static void put_second(struct bsg_html *page, int64_t at)
{
	const time_t when = (time_t)at;
	char text[BSG_TIME_SIZE], shown[16] = "";
	struct tm local;

	bsg_time_format(at, text);
	if (localtime_r(&when, &local) != NULL)
		(void)strftime(shown, sizeof(shown), "%H:%M:%S", &local);
	bsg_buf_printf(&page->out, "<time datetime=\"%s\">%s</time>", text, shown);
}

/* The alphabet of base45 has nothing that would have to be escaped. */
static void put_code(struct bsg_html *page, const struct bsg_me_phone *phone, const struct bsg_shown_pass *pass)
{
	const struct bsg_place *place = find_place(phone, bsg_me_phone_place(phone));

	bsg_buf_printf(&page->out, "<div class=\"pass\" data-pass=\"%s\"><p class=\"state ok\">", pass->text);
	bsg_page_say(page, &pass_text);
	bsg_page_raw(page, " ");
	if (place != NULL)
		put_place(page, place);
	bsg_page_raw(page, ", ");
	bsg_page_say(page, &good_text);
	bsg_page_raw(page, " ");
	put_second(page, pass->expires);
	bsg_page_raw(page, "</p>");
	bsg_page_qr(page, pass->text);
	put_line(page, "quiet", &show_text);
	bsg_page_raw(page, "</div>");
}

/* The pass as a QR code, or why there is none. */
static void put_pass(struct bsg_html *page, struct bsg_server *server, const struct bsg_me_phone *phone)
{
	struct bsg_shown_pass pass;
	struct bsg_error err;

	if (bsg_pass_show(server, phone->rec, phone->view, bsg_me_phone_place(phone), &pass, &err) != BSG_OK)
		bsg_log(server->log, BSG_LOG_WARNING, "me", "no pass for device %s: %s", phone->rec->id, err.text);
	else if (pass.why_not != NULL)
		put_line(page, "quiet", pass.why_not);
	else
		put_code(page, phone, &pass);
}

static const char end_of_form[] = "</button></form>";
static const struct bsg_page_text arrive_text = {{"Мен келе жатырмын:", "Я прибываю:", "I am arriving:"}};
static const struct bsg_page_text left_text = {{"Мен кеттім:", "Я вышел(а):", "I left:"}};
static const struct bsg_page_text stuck_text = {
	{"Камерам қайтпады", "Камера не вернулась", "My camera is not back"}};

static void put_buttons(struct bsg_html *page, const struct bsg_me_phone *phone, const char *form_token)
{
	const struct bsg_orders *orders = bsg_view_orders(phone->view);
	const struct bsg_place *place = find_place(phone, bsg_me_phone_place(phone));

	for (size_t i = 0; i < orders->n_places; i++) {
		if (!bsg_me_phone_may_arrive(phone, &orders->places[i]))
			continue;
		begin_form(page, "/me/arrive", phone, orders->places[i].id, form_token, false);
		bsg_page_say(page, &arrive_text);
		bsg_page_raw(page, " ");
		put_place(page, &orders->places[i]);
		bsg_page_raw(page, end_of_form);
	}
	if (place != NULL) {
		begin_form(page, "/me/left", phone, place->id, form_token, false);
		bsg_page_say(page, &left_text);
		bsg_page_raw(page, " ");
		put_place(page, place);
		bsg_page_raw(page, end_of_form);
	}
	begin_form(page, "/me/stuck", phone, (struct bsg_str){NULL, 0}, form_token, true);
	bsg_page_say(page, &stuck_text);
	bsg_page_raw(page, end_of_form);
}

void bsg_me_phone_put(struct bsg_html *page, struct bsg_server *server, struct bsg_me_phone *phone, const char *form_token)
{
	bsg_page_raw(page, "<section class=\"card\"><h2>");
	bsg_page_put(page, phone->view->phone.model[0] != '\0' ? phone->view->phone.model : phone->rec->kind);
	bsg_page_raw(page, "</h2>");
	put_summary(page, phone);
	put_pass(page, server, phone);
	put_reasons(page, server, phone);
	put_buttons(page, phone, form_token);
	bsg_page_raw(page, "</section>");
}
