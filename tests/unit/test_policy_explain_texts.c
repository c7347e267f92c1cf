/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences of policy/explain.h, word for word, in three languages. P23, P24, P28 to P30 are rules of docs/spec/policy.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/compile.h"
#include "policy/explain.h"

#define NOW INT64_C(1795406400)	/* 2026-11-23T04:00:00Z */
#define HOUR INT64_C(3600)
#define MINUTE INT64_C(60)
#define DAY (24 * HOUR)

static const char policy_text[] =
	"bosaga: 1\n"
	"places:\n"
	"  - id: house\n"
	"    name: {kk: Министрліктер үйі, ru: Дом министерств, en: House of Ministries}\n"
	"    max_stay: 5h\n"
	"    remedies: {microphone: {impossible: deposit}, screen_capture: {impossible: admit}}\n"
	"    break_glass: {minutes: 10, per_day: 2, keep: [apps, location]}\n"
	"  - {id: shop, name: {ru: Магазин}}\n"
	"  - {id: shed}\n"
	"rules:\n"
	"  - {id: no-camera, who: {all: true}, where: [house], restrict: [camera, microphone, screen_capture, location, internet],\n"
	"     because: {kk: Қызметтік ақпаратты қорғау, ru: Защита служебной информации., en: To protect service information}}\n"
	"  - {id: hours, who: {all: true}, where: [house], restrict: [wifi], windows: [[2026-11-23T06:00:00Z, 2026-11-23T08:00:00Z]]}\n"
	"  - {id: next, who: {all: true}, where: [shop], restrict: [nfc]}\n"
	"  - {id: tools, who: {all: true}, where: [shed], restrict: [usb_data]}\n"
	"  - {id: watch, who: {all: true}, where: [house], restrict: [bluetooth], stage: observe}\n"
	"  - {id: night, who: {all: true}, restrict: [hotspot], windows: [[2026-11-23T05:00:00Z, 2026-11-23T06:00:00Z]]}\n"
	"  - {id: chats, who: {all: true}, where: [house], restrict: [apps], apps: [org.chat], because: {ru: Почему?}}\n";

static struct bsg_coverage *coverage;
static struct bsg_policy *policy;

static int set_up(void **state)
{
	const struct bsg_policy_source source = { .name = "test.yaml", .bytes = policy_text, .len = strlen(policy_text) };
	struct bsg_error err;

	(void)state;
	if (bsg_coverage_load(&coverage, &err) == BSG_OK && bsg_policy_parse(&source, 1, &policy, NULL, &err) == BSG_OK)
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int tear_down(void **state)
{
	(void)state;
	bsg_policy_free(policy);
	bsg_coverage_free(coverage);
	return 0;
}

static struct bsg_compiled *compile(int64_t now, int64_t release)
{
	const struct bsg_compile_exemption exemption = { BSG_BIT(BSG_LOCATION) | BSG_BIT(BSG_INTERNET), NOW, NOW + 2 * HOUR };
	const struct bsg_compile_facts facts = { .device = "00112233445566778899aabbccddeeff", .person = "dana", .has_agent = true,
						 .serial = 1, .now = now, .exemptions = &exemption, .n_exemptions = 1,
						 .has_release = release != 0, .release_at = release };
	struct bsg_compiled *compiled = NULL;
	struct bsg_error err;

	if (bsg_policy_compile(policy, NULL, &facts, &compiled, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return compiled;
}

static const struct sentence {
	const char *name, *kind, *in;
	int64_t since, at, release, press;
	bool no_policy;			/* nobody says what the gate asks */
	enum bsg_function function;
	const char *code, *time;	/* why_not_code and why_not_time; NULL: restricted, none */
	const char *kk, *ru, *en;
} sentences[] = {
	{ "restricted", "linux-agent", "house", 0, NOW, 0, 0, false, BSG_CAMERA, NULL, NULL,
	  "«Министрліктер үйі» орнында «no-camera» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Қызметтік ақпаратты қорғау.",
	  "Ограничено правилом «no-camera» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Защита служебной информации.",
	  "Restricted by rule “no-camera” in “House of Ministries” until 2026-11-23T09:00:00Z: To protect service information." },
	{ "restricted in a place without a name, without a reason", "linux-agent", "shed", 0, NOW, 0, 0, false, BSG_USB_DATA, NULL, NULL,
	  "«shed» орнында «tools» ережесі шектейді, мына уақытқа дейін: 2026-11-23T18:00:00Z.",
	  "Ограничено правилом «tools» в месте «shed» до 2026-11-23T18:00:00Z.",
	  "Restricted by rule “tools” in “shed” until 2026-11-23T18:00:00Z." },
	{ "restricted without a place", "linux-agent", "", 0, NOW + HOUR, 0, 0, false, BSG_HOTSPOT, NULL, NULL,
	  "«night» ережесі шектейді, мына уақытқа дейін: 2026-11-23T06:00:00Z.",
	  "Ограничено правилом «night» до 2026-11-23T06:00:00Z.",
	  "Restricted by rule “night” until 2026-11-23T06:00:00Z." },
	{ "a reason in one language, with its own end", "linux-agent", "house", 0, NOW, 0, 0, false, BSG_APPS, NULL, NULL,
	  "«Министрліктер үйі» орнында «chats» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Почему?",
	  "Ограничено правилом «chats» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Почему?",
	  "Restricted by rule “chats” in “House of Ministries” until 2026-11-23T09:00:00Z: Почему?" },
	{ "exempted", "linux-agent", "house", 0, NOW, 0, 0, false, BSG_LOCATION, "exempt", "2026-11-23T06:00:00Z",
	  "Шектелмеген. «Министрліктер үйі» орнында «no-camera» ережесі күшінде, бірақ босату бар, мына уақытқа дейін: 2026-11-23T06:00:00Z.",
	  "Не ограничено. Правило «no-camera» в месте «Дом министерств» действует, но до 2026-11-23T06:00:00Z есть освобождение.",
	  "Not restricted. Rule “no-camera” in “House of Ministries” holds, but an exemption is in force until 2026-11-23T06:00:00Z." },
	{ "outside hours", "linux-agent", "house", 0, NOW, 0, 0, false, BSG_WIFI, "not_now", "2026-11-23T06:00:00Z",
	  "Шектелмеген. Қазір «Министрліктер үйі» орнындағы «hours» ережесінің уақыты емес, келесі рет мына уақыттан бастап күшіне енеді: 2026-11-23T06:00:00Z.",
	  "Не ограничено. Сейчас не время правила «hours» в месте «Дом министерств», в следующий раз оно действует с 2026-11-23T06:00:00Z.",
	  "Not restricted. It is not the time of rule “hours” in “House of Ministries”; it holds next from 2026-11-23T06:00:00Z." },
	{ "outside hours, the last of them over", "linux-agent", "house", 0, NOW + 4 * HOUR, 0, 0, false, BSG_WIFI, "not_now", NULL,
	  "Шектелмеген. Қазір «Министрліктер үйі» орнындағы «hours» ережесінің уақыты емес, бұл нұсқауларда кейінгі уақыты да жоқ.",
	  "Не ограничено. Сейчас не время правила «hours» в месте «Дом министерств», и позже по этим указаниям оно не действует.",
	  "Not restricted. It is not the time of rule “hours” in “House of Ministries”, and these orders have no later one." },
	{ "outside hours, no place", "linux-agent", "", 0, NOW, 0, 0, false, BSG_HOTSPOT, "not_now", "2026-11-23T05:00:00Z",
	  "Шектелмеген. Қазір «night» ережесінің уақыты емес, келесі рет мына уақыттан бастап күшіне енеді: 2026-11-23T05:00:00Z.",
	  "Не ограничено. Сейчас не время правила «night», в следующий раз оно действует с 2026-11-23T05:00:00Z.",
	  "Not restricted. It is not the time of rule “night”; it holds next from 2026-11-23T05:00:00Z." },
	{ "outside place", "linux-agent", "", 0, NOW, 0, 0, false, BSG_CAMERA, "elsewhere", NULL,
	  "Шектелмеген. «no-camera» ережесі «Министрліктер үйі» орнында күшінде, ал құрылғы ол жерде емес.",
	  "Не ограничено. Правило «no-camera» действует в месте «Дом министерств», а устройство сейчас не там.",
	  "Not restricted. Rule “no-camera” holds in “House of Ministries”, where the device is not." },
	{ "outside a place named in one language", "linux-agent", "house", 0, NOW, 0, 0, false, BSG_NFC, "elsewhere", NULL,
	  "Шектелмеген. «next» ережесі «Магазин» орнында күшінде, ал құрылғы ол жерде емес.",
	  "Не ограничено. Правило «next» действует в месте «Магазин», а устройство сейчас не там.",
	  "Not restricted. Rule “next” holds in “Магазин”, where the device is not." },
	{ "the lease is over", "linux-agent", "house", NOW - HOUR, NOW + 5 * HOUR, 0, 0, false, BSG_CAMERA, "lease_over", "2026-11-23T08:00:00Z",
	  "Шектелмеген. Құрылғы «Министрліктер үйі» орнына кірген (2026-11-23T03:00:00Z); шектеу өздігінен аяқталған (2026-11-23T08:00:00Z).",
	  "Не ограничено. Устройство было в месте «Дом министерств» с 2026-11-23T03:00:00Z; ограничение закончилось само в 2026-11-23T08:00:00Z.",
	  "Not restricted. The device was in “House of Ministries” since 2026-11-23T03:00:00Z; the restriction ended by itself at 2026-11-23T08:00:00Z." },
	{ "observed only", "linux-agent", "house", 0, NOW, 0, 0, false, BSG_BLUETOOTH, "observe", NULL,
	  "Шектелмеген. «Министрліктер үйі» орнындағы «watch» ережесі әзірге тек байқау сатысында, ештеңені шектемейді.",
	  "Не ограничено. Правило «watch» в месте «Дом министерств» пока только наблюдает и ничего не ограничивает.",
	  "Not restricted. Rule “watch” in “House of Ministries” is only observed so far and restricts nothing." },
	{ "not enforceable, sealed", "ios-user", "house", 0, NOW, 0, 0, false, BSG_CAMERA, NULL, NULL,
	  "«Министрліктер үйі» орнында «no-camera» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Қызметтік ақпаратты қорғау. "
	  "Бірақ бұл телефон оны бұғаттай алмайды. Тіркеудің бұл түрінде Apple мұны өшіруге рұқсат бермейді: функция істей береді. Кіреберісте камераға нөмірленген жапсырма жапсырылады.",
	  "Ограничено правилом «no-camera» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Защита служебной информации. "
	  "Но на этом телефоне заблокировать это нельзя. При таком виде регистрации Apple не разрешает это отключать: функция продолжает работать. На входе объектив заклеивают наклейкой с номером.",
	  "Restricted by rule “no-camera” in “House of Ministries” until 2026-11-23T09:00:00Z: To protect service information. "
	  "But this phone cannot block it. With this kind of enrolment Apple forbids turning this off: it goes on working. At the gate the lens is sealed with a numbered sticker." },
	{ "not enforceable, deposited", "android-pass", "house", 0, NOW, 0, 0, false, BSG_MICROPHONE, NULL, NULL,
	  "«Министрліктер үйі» орнында «no-camera» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Қызметтік ақпаратты қорғау. "
	  "Бірақ бұл телефон оны бұғаттай алмайды. Бұл телефон тек рұқсатнама көрсетеді, ештеңені шектемейді: функция істей береді. Кіреберісте телефон нөмірленген ұяшыққа салынады.",
	  "Ограничено правилом «no-camera» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Защита служебной информации. "
	  "Но на этом телефоне заблокировать это нельзя. Этот телефон только показывает пропуск и ничего не ограничивает: функция продолжает работать. На входе телефон кладут в ячейку с номером.",
	  "Restricted by rule “no-camera” in “House of Ministries” until 2026-11-23T09:00:00Z: To protect service information. "
	  "But this phone cannot block it. This phone only shows a pass and restricts nothing: it goes on working. At the gate the phone is put into a numbered locker." },
	{ "not enforceable, admitted all the same", "android-pass", "house", 0, NOW, 0, 0, false, BSG_SCREEN_CAPTURE, NULL, NULL,
	  "«Министрліктер үйі» орнында «no-camera» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Қызметтік ақпаратты қорғау. "
	  "Бірақ бұл телефон оны бұғаттай алмайды. Бұл телефон тек рұқсатнама көрсетеді, ештеңені шектемейді: функция істей береді. Кіреберісте оның орнына ештеңе талап етілмейді.",
	  "Ограничено правилом «no-camera» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Защита служебной информации. "
	  "Но на этом телефоне заблокировать это нельзя. Этот телефон только показывает пропуск и ничего не ограничивает: функция продолжает работать. На входе взамен ничего не требуется.",
	  "Restricted by rule “no-camera” in “House of Ministries” until 2026-11-23T09:00:00Z: To protect service information. "
	  "But this phone cannot block it. This phone only shows a pass and restricts nothing: it goes on working. At the gate nothing is asked for instead." },
	{ "in part enforceable, the gate not known", "linux-agent", "house", 0, NOW, 0, 0, true, BSG_SCREEN_CAPTURE, NULL, NULL,
	  "«Министрліктер үйі» орнында «no-camera» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Қызметтік ақпаратты қорғау. "
	  "Бірақ бұл телефон оны жартылай ғана бұғаттай алады. Графикалық ортаға байланысты: біреулері экранды түсіртпейді, біреулері түсіртеді. Экранды түсіру мүмкін болып қалуы ықтимал. "
	  "Оның орнына кіреберісте камераға жапсырма жапсырылуы немесе телефон ұяшыққа салынуы мүмкін.",
	  "Ограничено правилом «no-camera» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Защита служебной информации. "
	  "Но на этом телефоне заблокировать это можно лишь отчасти. Зависит от графической среды: одни запрещают снимки экрана, другие нет. Снять экран может оказаться возможно. "
	  "Взамен на входе могут заклеить объектив или попросить положить телефон в ячейку.",
	  "Restricted by rule “no-camera” in “House of Ministries” until 2026-11-23T09:00:00Z: To protect service information. "
	  "But this phone can block it only in part. It depends on the desktop: some refuse screen capture, others do not. It may remain possible. "
	  "At the gate the lens may be sealed or the phone put into a locker instead." },
	{ "not enforceable, and no gate", "none", "", 0, NOW + HOUR, 0, 0, false, BSG_HOTSPOT, NULL, NULL,
	  "«night» ережесі шектейді, мына уақытқа дейін: 2026-11-23T06:00:00Z. Бірақ бұл телефон оны бұғаттай алмайды. Бұл телефонда біздің бағдарлама жоқ: оның бәрі істей береді.",
	  "Ограничено правилом «night» до 2026-11-23T06:00:00Z. Но на этом телефоне заблокировать это нельзя. На этом телефоне нет нашей программы: на нём всё продолжает работать.",
	  "Restricted by rule “night” until 2026-11-23T06:00:00Z. But this phone cannot block it. There is nothing of ours on this phone: everything on it goes on working." },
	{ "released", "linux-agent", "house", NOW, NOW + HOUR, NOW + MINUTE, 0, false, BSG_CAMERA, "released", "2026-11-23T04:01:00Z",
	  "Шектелмеген. Қолдау қызметі барлық шектеуді алып тастаған (2026-11-23T04:01:00Z).",
	  "Не ограничено. Служба поддержки сняла все ограничения в 2026-11-23T04:01:00Z.",
	  "Not restricted. The helpdesk released this device at 2026-11-23T04:01:00Z." },
	{ "break-glass", "linux-agent", "house", NOW, NOW + 5 * MINUTE, 0, NOW + MINUTE, false, BSG_CAMERA, "break_glass", "2026-11-23T04:11:00Z",
	  "Шектелмеген. Иесі төтенше жағдайда шектеуді алып тастаған, мына уақытқа дейін: 2026-11-23T04:11:00Z.",
	  "Не ограничено. Владелец снял ограничения в экстренном случае до 2026-11-23T04:11:00Z.",
	  "Not restricted. The owner has lifted everything in an emergency until 2026-11-23T04:11:00Z." },
	{ "break-glass, which a place keeps from this function", "linux-agent", "house", NOW, NOW + 5 * MINUTE, 0, NOW + MINUTE, false, BSG_APPS, NULL, NULL,
	  "«Министрліктер үйі» орнында «chats» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Почему?",
	  "Ограничено правилом «chats» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Почему?",
	  "Restricted by rule “chats” in “House of Ministries” until 2026-11-23T09:00:00Z: Почему?" },
	{ "break-glass which a place keeps from what is exempt", "linux-agent", "house", NOW, NOW + 5 * MINUTE, 0, NOW + MINUTE, false, BSG_LOCATION,
	  "exempt", "2026-11-23T06:00:00Z",
	  "Шектелмеген. «Министрліктер үйі» орнында «no-camera» ережесі күшінде, бірақ босату бар, мына уақытқа дейін: 2026-11-23T06:00:00Z.",
	  "Не ограничено. Правило «no-camera» в месте «Дом министерств» действует, но до 2026-11-23T06:00:00Z есть освобождение.",
	  "Not restricted. Rule “no-camera” in “House of Ministries” holds, but an exemption is in force until 2026-11-23T06:00:00Z." },
	{ "break-glass before an exemption", "linux-agent", "house", NOW, NOW + 5 * MINUTE, 0, NOW + MINUTE, false, BSG_INTERNET,
	  "break_glass", "2026-11-23T04:11:00Z",
	  "Шектелмеген. Иесі төтенше жағдайда шектеуді алып тастаған, мына уақытқа дейін: 2026-11-23T04:11:00Z.",
	  "Не ограничено. Владелец снял ограничения в экстренном случае до 2026-11-23T04:11:00Z.",
	  "Not restricted. The owner has lifted everything in an emergency until 2026-11-23T04:11:00Z." },
	{ "break-glass is over", "linux-agent", "house", NOW, NOW + 11 * MINUTE, 0, NOW + MINUTE, false, BSG_CAMERA, NULL, NULL,
	  "«Министрліктер үйі» орнында «no-camera» ережесі шектейді, мына уақытқа дейін: 2026-11-23T09:00:00Z. Себебі: Қызметтік ақпаратты қорғау.",
	  "Ограничено правилом «no-camera» в месте «Дом министерств» до 2026-11-23T09:00:00Z. Причина: Защита служебной информации.",
	  "Restricted by rule “no-camera” in “House of Ministries” until 2026-11-23T09:00:00Z: To protect service information." },
	{ "expired orders", "linux-agent", "house", 0, NOW + 36 * DAY, 0, 0, false, BSG_CAMERA, "expired", "2026-12-28T04:00:00Z",
	  "Шектелмеген. Нұсқаулардың мерзімі өткен (2026-12-28T04:00:00Z).",
	  "Не ограничено. Срок указаний истёк в 2026-12-28T04:00:00Z.",
	  "Not restricted. The orders expired at 2026-12-28T04:00:00Z." },
	{ "no rule", "linux-agent", "house", 0, NOW, 0, 0, false, BSG_DEBUGGING, "no_rule", NULL,
	  "Шектелмеген. Бұл құрылғыға қатысты ешбір ереже мұны шектемейді.",
	  "Не ограничено. Ни одно правило для этого устройства этого не ограничивает.",
	  "Not restricted. No rule for this device restricts it." },
};

static const char *text(json_t *row, const char *key, const char *lang)
{
	json_t *value = json_object_get(row, key);
	const char *got = json_string_value(lang != NULL ? json_object_get(value, lang) : value);

	return got != NULL ? got : "";
}

/* What is said, and nothing else said beside it. */
static void check(const struct sentence *s, json_t *row)
{
	const char *const langs[] = { "kk", "ru", "en" }, *const want[] = { s->kk, s->ru, s->en };

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(text(row, "says", langs[i]), want[i]) != 0)
			fail_msg("%s, %s:\n%s\nnot\n%s", s->name, langs[i], text(row, "says", langs[i]), want[i]);
		if (s->code != NULL && strstr(want[i], text(row, "why_not", langs[i])) == NULL)
			fail_msg("%s, %s: why_not is something else: %s", s->name, langs[i], text(row, "why_not", langs[i]));
	}
	if (strcmp(text(row, "why_not_code", NULL), s->code != NULL ? s->code : "") != 0 ||
	    strcmp(text(row, "why_not_time", NULL), s->time != NULL ? s->time : "") != 0 ||
	    json_is_true(json_object_get(row, "restricted")) != (s->code == NULL))
		fail_msg("%s: %s", s->name, json_dumps(row, JSON_COMPACT));
}

static void every_sentence_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		const struct sentence *s = &sentences[i];
		struct bsg_compiled *compiled = compile(NOW, s->release);
		const struct bsg_explain_query query = { .orders = &compiled->orders, .at = s->at, .in = s->in, .since = s->since,
							 .break_glass_at = s->press, .coverage = coverage,
							 .policy = s->no_policy ? NULL : policy,
							 .phone = { .kind = s->kind, .class_of = BSG_CLASS_MANAGED } };
		struct bsg_error err;
		json_t *rows;

		if (bsg_explain(&query, &rows, &err) != BSG_OK)
			fail_msg("%s: %s", s->name, err.text);
		check(s, json_array_get(rows, s->function));
		json_decref(rows);
		bsg_compiled_free(compiled);
	}
}

static void the_remedy_is_named_where_the_phone_cannot_block(void **state)
{
	struct bsg_compiled *compiled = compile(NOW, 0);
	struct bsg_explain_query query = { .orders = &compiled->orders, .at = NOW, .in = "house", .coverage = coverage,
					   .policy = policy, .phone = { .kind = "android-pass" } };
	json_t *rows;

	(void)state;
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_string_equal(text(json_array_get(rows, BSG_CAMERA), "remedy", NULL), "seal");
	assert_string_equal(text(json_array_get(rows, BSG_MICROPHONE), "remedy", NULL), "deposit");
	assert_string_equal(text(json_array_get(rows, BSG_SCREEN_CAPTURE), "remedy", NULL), "admit");
	assert_true(json_is_null(json_object_get(json_array_get(rows, BSG_NFC), "remedy")));	/* not restricted */
	json_decref(rows);
	query.phone.kind = "linux-agent";
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_true(json_is_null(json_object_get(json_array_get(rows, BSG_CAMERA), "remedy")));	/* enforced */
	json_decref(rows);
	bsg_compiled_free(compiled);
}

/* ---- a real state ------------------------------------------------------ */

static void a_lease_that_an_unconfirmed_clock_ended_is_said_to_come_back(void **state)
{
	struct bsg_compiled *compiled = compile(NOW, 0);
	struct bsg_event in = { .kind = BSG_EVENT_GATE_IN, .time = { NOW, 0, true } },
			 boot = { .kind = BSG_EVENT_BOOT, .time = { NOW + 6 * HOUR, 0, false } };
	struct bsg_output *out = calloc(1, sizeof(*out));
	struct bsg_state phone = { 0 };
	json_t *rows;

	(void)state;
	assert_non_null(out);
	in.u.gate.place = (struct bsg_str){ "house", 5 };
	in.u.gate.bound = true;
	assert_int_equal(bsg_orders_prepare(&compiled->orders, NULL), BSG_OK);
	assert_int_equal(bsg_step(&compiled->orders, NULL, 0, &phone, &in, &phone, out), BSG_OK);
	assert_int_equal(bsg_step(&compiled->orders, NULL, 0, &phone, &boot, &phone, out), BSG_OK);
	struct bsg_explain_query query = { .orders = &compiled->orders, .at = phone.now, .state = &phone, .unverified = true,
					   .coverage = coverage };
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	json_t *row = json_array_get(rows, BSG_CAMERA);
	assert_string_equal(text(row, "why_not_code", NULL), "time_unverified");
	assert_string_equal(text(row, "why_not_time", NULL), "2026-11-23T09:00:00Z");
	assert_string_equal(text(row, "says", "kk"), "Шектелмеген. Телефонның сағаты расталмаған; сол сағат бойынша «Министрліктер үйі» "
			    "орнындағы шектеу аяқталған (2026-11-23T09:00:00Z). Олай болмаса, шектеу қайта қосылады.");
	assert_string_equal(text(row, "says", "ru"), "Не ограничено. Часы телефона не подтверждены; по ним ограничение в месте "
			    "«Дом министерств» закончилось в 2026-11-23T09:00:00Z. Если это не так, оно вернётся.");
	assert_string_equal(text(row, "says", "en"), "Not restricted. The phone's clock is not confirmed; by it the restriction in "
			    "“House of Ministries” ended at 2026-11-23T09:00:00Z. If that is wrong, it comes back.");
	json_decref(rows);
	query.unverified = false;	/* a confirmed clock that says the same: it is simply over */
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_string_equal(text(json_array_get(rows, BSG_CAMERA), "why_not_code", NULL), "elsewhere");
	json_decref(rows);
	free(out);
	bsg_compiled_free(compiled);
}

static void a_phone_without_orders_is_explained_too(void **state)
{
	const struct bsg_state nothing = { .now = 1 };
	struct bsg_explain_query query = { .at = NOW, .state = &nothing, .coverage = coverage };
	struct bsg_error err;
	json_t *rows;

	(void)state;
	assert_int_equal(bsg_explain(&query, &rows, &err), BSG_OK);
	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		assert_string_equal(text(json_array_get(rows, f), "why_not_code", NULL), "no_orders");
		assert_string_equal(text(json_array_get(rows, f), "says", "kk"), "Шектелмеген. Бұл телефон әлі нұсқау алған жоқ.");
		assert_string_equal(text(json_array_get(rows, f), "says", "ru"), "Не ограничено. Этот телефон ещё не получал указаний.");
		assert_string_equal(text(json_array_get(rows, f), "says", "en"), "Not restricted. This phone has got no orders yet.");
	}
	json_decref(rows);
	query.state = NULL;
	assert_int_equal(bsg_explain(&query, &rows, &err), BSG_E_INVALID);
	assert_null(rows);
}

/* ---- which rule explains ----------------------------------------------- */

static const struct nearest_case {
	const char *name, *rules, *in, *code, *rule;
} nearests[] = {
	{ "P23 its time elsewhere, before no time elsewhere",
	  "  - {id: a, who: {all: true}, where: [shop], restrict: [camera], windows: [[2026-11-23T06:00:00Z, 2026-11-23T08:00:00Z]]}\n"
	  "  - {id: b, who: {all: true}, where: [shop], restrict: [camera]}\n", "house", "elsewhere", "b" },
	{ "P23 no time here, before its time elsewhere",
	  "  - {id: a, who: {all: true}, where: [shop], restrict: [camera]}\n"
	  "  - {id: b, who: {all: true}, where: [house], restrict: [camera], windows: [[2026-11-23T06:00:00Z, 2026-11-23T08:00:00Z]]}\n",
	  "house", "not_now", "b" },
	{ "P23 the sooner next time",
	  "  - {id: a, who: {all: true}, where: [house], restrict: [camera], windows: [[2026-11-23T07:00:00Z, 2026-11-23T08:00:00Z]]}\n"
	  "  - {id: b, who: {all: true}, where: [house], restrict: [camera], windows: [[2026-11-23T06:00:00Z, 2026-11-23T08:00:00Z]]}\n",
	  "house", "not_now", "b" },
	{ "P23 observed here, before enforced elsewhere",
	  "  - {id: a, who: {all: true}, where: [shop], restrict: [camera]}\n"
	  "  - {id: b, who: {all: true}, where: [house], restrict: [camera], stage: observe}\n", "house", "observe", "b" },
	{ "P23 enforced elsewhere, before observed elsewhere",
	  "  - {id: a, who: {all: true}, where: [shop], restrict: [camera], stage: observe}\n"
	  "  - {id: b, who: {all: true}, where: [shop], restrict: [camera]}\n", "house", "elsewhere", "b" },
	{ "P23 only observed, and elsewhere",
	  "  - {id: a, who: {all: true}, where: [shop], restrict: [camera], stage: observe}\n"
	  "  - {id: b, who: {all: true}, where: [house], restrict: [nfc]}\n", "house", "observe", "a" },
	{ "P23 the smaller id",
	  "  - {id: b, who: {all: true}, where: [shop], restrict: [camera]}\n"
	  "  - {id: a, who: {all: true}, where: [yard], restrict: [camera]}\n"
	  "  - {id: c, who: {all: true}, where: [house], restrict: [nfc]}\n", "house", "elsewhere", "a" },
};

static void the_nearest_rule_explains(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(nearests) / sizeof(nearests[0]); i++) {
		const struct nearest_case *c = &nearests[i];
		const struct bsg_compile_facts facts = { .device = "00112233445566778899aabbccddeeff", .person = "dana", .has_agent = true,
							 .serial = 1, .now = NOW };
		char document[1024];
		struct bsg_compiled *compiled = NULL;
		struct bsg_policy *small;
		struct bsg_error err;
		json_t *rows;

		snprintf(document, sizeof(document), "bosaga: 1\nplaces: [{id: house}, {id: shop}, {id: yard}]\nrules:\n%s", c->rules);
		const struct bsg_policy_source source = { .name = "test.yaml", .bytes = document, .len = strlen(document) };
		if (bsg_policy_parse(&source, 1, &small, NULL, &err) != BSG_OK || bsg_policy_compile(small, NULL, &facts, &compiled, &err) != BSG_OK)
			fail_msg("%s: %s", c->name, err.text);
		/* A place that no rule of the device names is not in its orders: then it is nowhere. */
		const struct bsg_explain_query query = { .orders = &compiled->orders, .at = NOW,
							 .in = strstr(c->rules, "[house]") != NULL ? c->in : "", .coverage = coverage };
		assert_int_equal(bsg_explain(&query, &rows, &err), BSG_OK);
		json_t *row = json_array_get(rows, BSG_CAMERA);
		if (strcmp(text(row, "why_not_code", NULL), c->code) != 0 || strcmp(text(row, "why_not_rule", NULL), c->rule) != 0)
			fail_msg("%s: %s", c->name, json_dumps(row, JSON_COMPACT));
		json_decref(rows);
		bsg_compiled_free(compiled);
		bsg_policy_free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sentence_of_the_table),
		cmocka_unit_test(the_remedy_is_named_where_the_phone_cannot_block),
		cmocka_unit_test(a_lease_that_an_unconfirmed_clock_ended_is_said_to_come_back),
		cmocka_unit_test(a_phone_without_orders_is_explained_too),
		cmocka_unit_test(the_nearest_rule_explains),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
