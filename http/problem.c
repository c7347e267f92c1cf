/* SPDX-License-Identifier: Apache-2.0 */
/* Problem details (RFC 9457) in the caller's language. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "http/internal.h"

#define PROBLEM_MAX 4096

/* What this layer itself refuses with, and the codes of bsg_http_fail(). */
static const struct bsg_http_problem_text own_texts[] = {
	{ "bad-request", { "Сұрау қате құрылған. Клиентті тексеріңіз.",
			   "Запрос составлен неверно. Проверьте клиент.",
			   "The request is malformed. Check the client." } },
	{ "busy", { "Сервер қазір бос емес. Сәл кейінірек қайталаңыз.",
		    "Сервер сейчас занят. Повторите чуть позже.",
		    "The server is busy. Try again in a moment." } },
	{ "certificate-required", { "Клиент сертификаты қажет. Құрылғыны тіркеңіз.",
				    "Нужен сертификат клиента. Зарегистрируйте устройство.",
				    "A client certificate is required. Enrol the device." } },
	{ "certificate-expired", { "Сертификаттың мерзімі өтті. Құрылғыны қайта тіркеңіз.",
				   "Срок сертификата истёк. Зарегистрируйте устройство заново.",
				   "The certificate has expired. Enrol the device again." } },
	{ "certificate-revoked", { "Сертификат кері қайтарылды. Қолдау қызметіне хабарласыңыз.",
				   "Сертификат отозван. Обратитесь в службу поддержки.",
				   "The certificate is revoked. Ask the helpdesk." } },
	{ "certificate-unknown", { "Бұл сертификат бізге белгісіз. Құрылғыны тіркеңіз.",
				   "Этот сертификат нам неизвестен. Зарегистрируйте устройство.",
				   "This certificate is not known here. Enrol the device." } },
	{ "conflict", { "Бұл қазіргі күйге қайшы келеді. Қазіргі күйді қарап, қайталаңыз.",
			"Это противоречит нынешнему состоянию. Посмотрите, каково оно, и повторите.",
			"This contradicts what is there now. Look at it and try again." } },
	{ "forbidden", { "Бұған құқығыңыз жоқ. Әкімшіге хабарласыңыз.",
			 "На это нет прав. Обратитесь к администратору.",
			 "You may not do this. Ask an administrator." } },
	{ "internal", { "Бізде қате шықты. Сұрау нөмірін әкімшіге айтыңыз.",
			"Ошибка на нашей стороне. Сообщите администратору номер запроса.",
			"We made a mistake. Tell an administrator the request's number." } },
	{ "invalid", { "Деректер ережеге сай емес. Түзетіп, қайталаңыз.",
		       "Данные не соответствуют правилам. Исправьте и повторите.",
		       "The data break a rule. Correct them and try again." } },
	{ "method-not-allowed", { "Бұл мекенжай мұндай әдісті білмейді. Allow өрісін қараңыз.",
				  "Этот адрес не знает такого метода. См. поле Allow.",
				  "This address does not know the method. See the Allow field." } },
	{ "not-found", { "Мұндай нәрсе жоқ. Не сұрағаныңызды тексеріңіз.",
			 "Здесь такого нет. Проверьте, что запрошено.",
			 "There is no such thing here. Check what was asked for." } },
	{ "signature", { "Қолтаңба немесе сертификат жарамсыз. Қайта тіркеліңіз.",
			 "Подпись или сертификат недействительны. Зарегистрируйтесь заново.",
			 "A signature or certificate does not hold. Enrol again." } },
	{ "too-large", { "Сұрау тым үлкен. Бөліктерге бөліп жіберіңіз.",
			 "Запрос слишком велик. Отправьте его частями.",
			 "The request is too large. Send it in parts." } },
};

static const char *find_title(const struct bsg_http_problem_text *texts, size_t n,
			      const char *code, enum bsg_http_lang lang)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(texts[i].code, code) == 0)
			return texts[i].title[lang];
	}
	return NULL;
}

const char *bsg_http_problem_title(const struct bsg_http_server *server, const char *code,
				   enum bsg_http_lang lang)
{
	const char *title = find_title(server->options.texts, server->options.n_texts, code, lang);

	if (title == NULL)
		title = find_title(own_texts, sizeof(own_texts) / sizeof(own_texts[0]), code, lang);
	return title != NULL ? title : code;
}

/* A JSON string; text that could not be shown to a person loses what disturbs. */
static void add_json_text(struct bsg_buf *buf, const char *text)
{
	bool shown = bsg_text_is_shown(text, strlen(text));

	bsg_buf_add(buf, "\"", 1);
	for (const char *at = text; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '"' || c == '\\')
			bsg_buf_printf(buf, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			bsg_buf_printf(buf, "\\u%04x", c);
		else
			bsg_buf_add(buf, c >= 0x80 && !shown ? "?" : at, 1);
	}
	bsg_buf_add(buf, "\"", 1);
}

bool bsg_http_problem_with(struct bsg_http_exchange *x, unsigned status, const char *code,
			   const struct bsg_http_field *fields, size_t n_fields,
			   const char *detail)
{
	static const char *const languages[BSG_HTTP_N_LANGS] = { "kk", "ru", "en" };
	struct bsg_http_field all[8] = { { "Content-Language", languages[x->language] } };
	struct bsg_http_answer answer = { .status = status, .type = "application/problem+json" };
	struct bsg_buf body;
	char title[256];
	bool taken;

	/* The server's texts may go with the server: read them while it cannot stop. */
	pthread_mutex_lock(&x->lock);
	if (x->answered) {
		pthread_mutex_unlock(&x->lock);
		return false;
	}
	(void)snprintf(title, sizeof(title), "%s",
		       bsg_http_problem_title(x->server, code, x->language));
	pthread_mutex_unlock(&x->lock);

	bsg_buf_init(&body, PROBLEM_MAX);
	bsg_buf_printf(&body, "{\"type\":\"urn:bosaga:problem:%s\",\"title\":", code);
	add_json_text(&body, title);
	bsg_buf_printf(&body, ",\"status\":%u", status);
	if (detail != NULL) {
		bsg_buf_add_text(&body, ",\"detail\":");
		add_json_text(&body, detail);
	}
	bsg_buf_printf(&body, ",\"request_id\":\"%s\"}\n", x->id);
	if (bsg_buf_finish(&body, NULL) == BSG_OK) {
		answer.body = body.data;
		answer.body_len = body.len;
	}
	for (size_t i = 0; i < n_fields && answer.n_fields + 1 < sizeof(all) / sizeof(all[0]); i++)
		all[++answer.n_fields] = fields[i];
	answer.fields = all;
	answer.n_fields++;
	taken = bsg_http_answer(x, &answer);
	bsg_buf_free(&body);
	return taken;
}

bool bsg_http_problem(struct bsg_http_exchange *x, unsigned status, const char *code,
		      const char *fmt, ...)
{
	char detail[1024];
	va_list ap;

	if (fmt == NULL)
		return bsg_http_problem_with(x, status, code, NULL, 0, NULL);
	va_start(ap, fmt);
	if (vsnprintf(detail, sizeof(detail), fmt, ap) < 0)
		detail[0] = '\0';
	va_end(ap);
	return bsg_http_problem_with(x, status, code, NULL, 0, detail);
}

bool bsg_http_fail(struct bsg_http_exchange *x, enum bsg_err code, const struct bsg_error *err)
{
	static const struct { unsigned status; const char *problem; } answers[] = {
		[BSG_OK] = { 500, "internal" },
		[BSG_E_INVALID] = { 400, "invalid" },
		[BSG_E_LIMIT] = { 413, "too-large" },
		[BSG_E_DENIED] = { 403, "forbidden" },
		[BSG_E_NOT_FOUND] = { 404, "not-found" },
		[BSG_E_CONFLICT] = { 409, "conflict" },
		[BSG_E_UNAVAILABLE] = { 503, "busy" },
		[BSG_E_CRYPTO] = { 400, "signature" },
		[BSG_E_NO_MEMORY] = { 503, "busy" },
		[BSG_E_BUG] = { 500, "internal" },
	};
	static const struct bsg_http_field retry = { "Retry-After", "2" };
	size_t at = (size_t)code < sizeof(answers) / sizeof(answers[0]) ? (size_t)code : BSG_E_BUG;
	bool ours = answers[at].status >= 500;
	bool later = answers[at].status == 503;

	if (ours && err != NULL)
		bsg_log(x->server->options.log, BSG_LOG_ERROR, "http", "%s: %u to %s: %s", x->id, answers[at].status,
			x->route != NULL ? x->route->path : "-", err->text);
	return bsg_http_problem_with(x, answers[at].status, answers[at].problem,
				     later ? &retry : NULL, later ? 1 : 0,
				     ours || err == NULL || err->text[0] == '\0' ? NULL : err->text);
}
