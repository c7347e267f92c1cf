/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations in words. See policy/explain_says.h. */
#include "policy/explain_says.h"

#include <string.h>

#include "base/buf.h"
#include "base/timetext.h"
#include "policy/json.h"

#define LANGUAGES 3
#define SAYS_MAX 16384		/* no sentence is near it: texts of orders have at most 512 bytes */

static const char *const languages[LANGUAGES] = { "kk", "ru", "en" };

/*
 * Sentences: %R rule, %P place, %T and %S times, %B the rule's reason, %W how. A part in [brackets] is left out when
 * something named in it is empty. No second full stop follows a text that ends with one.
 */
struct sentence {
	const char *in[LANGUAGES];
};

static const struct why_not {
	const char *code;
	struct sentence text;
} why_nots[] = {
	[BSG_WHY_NO_RULE] = { "no_rule", { {
		"Бұл құрылғыға қатысты ешбір ереже мұны шектемейді.",
		"Ни одно правило для этого устройства этого не ограничивает.",
		"No rule for this device restricts it." } } },
	[BSG_WHY_OBSERVE] = { "observe", { {
		"[«%P» орнындағы ]«%R» ережесі әзірге тек байқау сатысында, ештеңені шектемейді.",
		"Правило «%R»[ в месте «%P»] пока только наблюдает и ничего не ограничивает.",
		"Rule “%R”[ in “%P”] is only observed so far and restricts nothing." } } },
	[BSG_WHY_NOT_NOW] = { "not_now", { {
		"Қазір [«%P» орнындағы ]«%R» ережесінің уақыты емес, келесі рет мына уақыттан бастап күшіне енеді: %T.",
		"Сейчас не время правила «%R»[ в месте «%P»], в следующий раз оно действует с %T.",
		"It is not the time of rule “%R”[ in “%P”]; it holds next from %T." } } },
	[BSG_WHY_NOT_AGAIN] = { "not_now", { {
		"Қазір [«%P» орнындағы ]«%R» ережесінің уақыты емес, бұл нұсқауларда кейінгі уақыты да жоқ.",
		"Сейчас не время правила «%R»[ в месте «%P»], и позже по этим указаниям оно не действует.",
		"It is not the time of rule “%R”[ in “%P”], and these orders have no later one." } } },
	[BSG_WHY_ELSEWHERE] = { "elsewhere", { {
		"«%R» ережесі «%P» орнында күшінде, ал құрылғы ол жерде емес.",
		"Правило «%R» действует в месте «%P», а устройство сейчас не там.",
		"Rule “%R” holds in “%P”, where the device is not." } } },
	[BSG_WHY_LEASE_OVER] = { "lease_over", { {
		"Құрылғы «%P» орнына кірген (%S); шектеу өздігінен аяқталған (%T).",
		"Устройство было в месте «%P» с %S; ограничение закончилось само в %T.",
		"The device was in “%P” since %S; the restriction ended by itself at %T." } } },
	[BSG_WHY_TIME_UNVERIFIED] = { "time_unverified", { {
		"Телефонның сағаты расталмаған; сол сағат бойынша «%P» орнындағы шектеу аяқталған (%T). Олай болмаса, шектеу қайта қосылады.",
		"Часы телефона не подтверждены; по ним ограничение в месте «%P» закончилось в %T. Если это не так, оно вернётся.",
		"The phone's clock is not confirmed; by it the restriction in “%P” ended at %T. If that is wrong, it comes back." } } },
	[BSG_WHY_EXEMPT] = { "exempt", { {
		"[«%P» орнында ]«%R» ережесі күшінде, бірақ босату бар, мына уақытқа дейін: %T.",
		"Правило «%R»[ в месте «%P»] действует, но до %T есть освобождение.",
		"Rule “%R”[ in “%P”] holds, but an exemption is in force until %T." } } },
	[BSG_WHY_BREAK_GLASS] = { "break_glass", { {
		"Иесі төтенше жағдайда шектеуді алып тастаған, мына уақытқа дейін: %T.",
		"Владелец снял ограничения в экстренном случае до %T.",
		"The owner has lifted everything in an emergency until %T." } } },
	[BSG_WHY_RELEASED] = { "released", { {
		"Қолдау қызметі барлық шектеуді алып тастаған (%T).",
		"Служба поддержки сняла все ограничения в %T.",
		"The helpdesk released this device at %T." } } },
	[BSG_WHY_EXPIRED] = { "expired", { {
		"Нұсқаулардың мерзімі өткен (%T).",
		"Срок указаний истёк в %T.",
		"The orders expired at %T." } } },
	[BSG_WHY_NO_ORDERS] = { "no_orders", { {
		"Бұл телефон әлі нұсқау алған жоқ.",
		"Этот телефон ещё не получал указаний.",
		"This phone has got no orders yet." } } },
};

static const struct sentence not_restricted = { { "Шектелмеген. ", "Не ограничено. ", "Not restricted. " } };

static const struct sentence restricted = { {
	"[«%P» орнында ]«%R» ережесі шектейді, мына уақытқа дейін: %T.[ Себебі: %B.]",
	"Ограничено правилом «%R»[ в месте «%P»] до %T.[ Причина: %B.]",
	"Restricted by rule “%R”[ in “%P”] until %T[: %B]." } };

/* By grade; what is enforced needs no more words. */
static const struct sentence but[] = {
	[BSG_GRADE_IMPOSSIBLE] = { {
		" Бірақ бұл телефон оны бұғаттай алмайды. %W",
		" Но на этом телефоне заблокировать это нельзя. %W",
		" But this phone cannot block it. %W" } },
	[BSG_GRADE_PARTIAL] = { {
		" Бірақ бұл телефон оны жартылай ғана бұғаттай алады. %W",
		" Но на этом телефоне заблокировать это можно лишь отчасти. %W",
		" But this phone can block it only in part. %W" } },
	[BSG_GRADE_ENFORCED] = { { "", "", "" } },
};

/* By remedy; never refuse (P7). */
static const struct sentence instead[] = {
	[BSG_REMEDY_DEPOSIT] = { {
		" Кіреберісте телефон нөмірленген ұяшыққа салынады.",
		" На входе телефон кладут в ячейку с номером.",
		" At the gate the phone is put into a numbered locker." } },
	[BSG_REMEDY_SEAL] = { {
		" Кіреберісте камераға нөмірленген жапсырма жапсырылады.",
		" На входе объектив заклеивают наклейкой с номером.",
		" At the gate the lens is sealed with a numbered sticker." } },
	[BSG_REMEDY_ADMIT] = { {
		" Кіреберісте оның орнына ештеңе талап етілмейді.",
		" На входе взамен ничего не требуется.",
		" At the gate nothing is asked for instead." } },
};

static const struct sentence instead_unknown = { {
	" Оның орнына кіреберісте камераға жапсырма жапсырылуы немесе телефон ұяшыққа салынуы мүмкін.",
	" Взамен на входе могут заклеить объектив или попросить положить телефон в ячейку.",
	" At the gate the lens may be sealed or the phone put into a locker instead." } };

/* ---- filling in -------------------------------------------------------- */

/* What a sentence names, in one language. */
struct words {
	struct bsg_str rule, place, because, how;
	char time[BSG_TIME_SIZE], since[BSG_TIME_SIZE];	/* "": none */
};

/* O9: the reader's language, or the first that is not empty of kk, ru, en. */
static struct bsg_str choose(const struct bsg_text *text, size_t lang)
{
	const struct bsg_str none = { NULL, 0 };

	if (text == NULL)
		return none;
	const struct bsg_str all[LANGUAGES] = { text->kk, text->ru, text->en };
	if (all[lang].len > 0)
		return all[lang];
	for (size_t i = 0; i < LANGUAGES; i++)
		if (all[i].len > 0)
			return all[i];
	return none;
}

static struct bsg_str choose_how(const struct bsg_policy_texts *how, size_t lang)
{
	const char *const all[LANGUAGES] = { how->kk, how->ru, how->en };
	const char *text = all[lang];

	return text != NULL ? (struct bsg_str){ text, strlen(text) } : (struct bsg_str){ NULL, 0 };
}

static struct bsg_str place_words(struct bsg_str place, const struct bsg_text *name, size_t lang)
{
	const struct bsg_str named = choose(name, lang);

	return named.len > 0 ? named : place;
}

static void format_time(int64_t time, char out[static BSG_TIME_SIZE])
{
	out[0] = '\0';
	if (time > 0)
		bsg_time_format(time, out);
}

static struct bsg_str value_of(const struct words *words, char letter)
{
	switch (letter) {
	case 'R':
		return words->rule;
	case 'P':
		return words->place;
	case 'B':
		return words->because;
	case 'W':
		return words->how;
	case 'S':
		return (struct bsg_str){ words->since, strlen(words->since) };
	default:
		return (struct bsg_str){ words->time, strlen(words->time) };
	}
}

static bool is_empty_in(const char *part, const struct words *words)
{
	for (; *part != '\0' && *part != ']'; part++)
		if (*part == '%' && value_of(words, part[1]).len == 0)
			return true;
	return false;
}

static bool is_ended(const struct bsg_buf *out)
{
	return out->len > 0 && strchr(".!?", out->data[out->len - 1]) != NULL;
}

static void fill_in(struct bsg_buf *out, const char *text, const struct words *words)
{
	for (; *text != '\0'; text++) {
		if (*text == '[') {
			if (is_empty_in(text + 1, words))
				text += strcspn(text, "]");
		} else if (*text == '%') {
			const struct bsg_str value = value_of(words, *++text);

			bsg_buf_add(out, value.ptr, value.len);
		} else if (*text != ']' && !(*text == '.' && is_ended(out))) {
			bsg_buf_add(out, text, 1);
		}
	}
}

/* Move what was said in one language into @p map. */
static void put(json_t **map, size_t lang, struct bsg_buf *out)
{
	const bool ok = bsg_buf_finish(out, NULL) == BSG_OK;

	bsg_json_put(map, languages[lang], ok ? json_stringn((const char *)out->data, out->len) : NULL);
	bsg_buf_clear(out);
}

/* ---- the sentences ----------------------------------------------------- */

const char *bsg_why_not_code(enum bsg_why_not kind)
{
	return why_nots[kind].code;
}

static json_t *say_why_not(const struct bsg_why_not_facts *facts, bool whole)
{
	json_t *map = json_object();
	struct words words = { .rule = facts->rule };
	struct bsg_buf out;

	bsg_buf_init(&out, SAYS_MAX);
	format_time(facts->time, words.time);
	format_time(facts->since, words.since);
	for (size_t lang = 0; lang < LANGUAGES; lang++) {
		words.place = place_words(facts->place, facts->place_name, lang);
		if (whole)
			bsg_buf_add_text(&out, not_restricted.in[lang]);
		fill_in(&out, why_nots[facts->kind].text.in[lang], &words);
		put(&map, lang, &out);
	}
	bsg_buf_free(&out);
	return map;
}

json_t *bsg_why_not_text(const struct bsg_why_not_facts *facts)
{
	return say_why_not(facts, false);
}

json_t *bsg_why_not_says(const struct bsg_why_not_facts *facts)
{
	return say_why_not(facts, true);
}

/* What happens at the gate because this phone cannot do it; a rule without place has no gate. */
static const struct sentence *at_the_gate(const struct bsg_restricted_facts *facts)
{
	static const struct sentence nothing = { { "", "", "" } };

	if (facts->grade == BSG_GRADE_ENFORCED || facts->why->place.len == 0)
		return &nothing;
	return facts->has_remedy ? &instead[facts->remedy] : &instead_unknown;
}

json_t *bsg_restricted_says(const struct bsg_restricted_facts *facts)
{
	json_t *map = json_object();
	struct words words = { .rule = facts->why->rule };
	struct bsg_buf out;

	bsg_buf_init(&out, SAYS_MAX);
	format_time(facts->why->until, words.time);
	for (size_t lang = 0; lang < LANGUAGES; lang++) {
		words.place = place_words(facts->why->place, facts->place_name, lang);
		words.because = choose(facts->why->because, lang);
		words.how = choose_how(facts->how, lang);
		fill_in(&out, restricted.in[lang], &words);
		fill_in(&out, but[facts->grade].in[lang], &words);
		fill_in(&out, at_the_gate(facts)->in[lang], &words);
		put(&map, lang, &out);
	}
	bsg_buf_free(&out);
	return map;
}
