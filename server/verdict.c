/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a crossing. Zeroed memory refuses. */
#include "server/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "server/facts.h"

static const struct bsg_policy_texts unknown_why = {
	"Бұл адамның тіркелген телефоны жоқ: күзет қолмен қабылдайды",
	"Нет зарегистрированного телефона: проход через пост охраны",
	"No registered phone: use the manual lane",
};
static const struct bsg_policy_texts out_why = {"Шығу", "Выход", "Leaving"};
static const struct bsg_policy_texts nothing_why = {
	"Бұл жерде телефонға шектеу қойылмайды",
	"Здесь телефон ничем не ограничен",
	"Nothing is restricted here for this phone",
};
static const struct bsg_policy_texts stale_why = {
	"Кейінгі өту тіркелген: бұл өту ештеңені өзгертпеді",
	"Есть более поздний проход: этот ничего не изменил",
	"A later crossing is known: this one changed nothing",
};
static const struct bsg_policy_texts pending_why = {
	"Телефон шектелгенін әлі растаған жоқ",
	"Телефон ещё не подтвердил ограничение",
	"The phone has not proved its restriction yet",
};
/* Why there is no proof when the time for it is over (Z20). */
static const struct bsg_policy_texts late_why = {
	"Телефон шектелгенін уақытында растамады",
	"Телефон не подтвердил ограничение вовремя",
	"The phone did not prove its restriction in time",
};
static const struct bsg_policy_texts locked_why = {
	"Телефон экраны құлыптаулы: телефонды ашыңыз",
	"Экран телефона заблокирован: разблокируйте телефон",
	"The phone's screen is locked: unlock your phone",
};
static const struct bsg_policy_texts refused_why = {
	"Телефон шектеуді орындаудан бас тартты",
	"Телефон отказался выполнить ограничение",
	"The phone refused the restriction",
};
static const struct bsg_policy_texts unreached_why = {
	"Телефонмен байланыс жоқ",
	"Нет связи с телефоном",
	"The phone cannot be reached",
};
static const struct bsg_policy_texts gone_why = {
	"Телефон жүйеден шығарылған",
	"Телефон исключён из системы",
	"The phone was removed from the system",
};

const char *bsg_text_in(const struct bsg_policy_texts *texts, enum bsg_http_lang lang)
{
	const char *text = lang == BSG_HTTP_KK ? texts->kk : lang == BSG_HTTP_RU ? texts->ru : texts->en;

	if (text == NULL)
		text = texts->en != NULL ? texts->en : texts->ru != NULL ? texts->ru : texts->kk;
	return text != NULL ? text : "";
}

const char *bsg_verdict_name(const struct bsg_answered_verdict *verdict)
{
	return verdict->pending ? "pending" : bsg_remedy_name(verdict->verdict);
}

static void settle(struct bsg_answered_verdict *out, enum bsg_remedy verdict, const struct bsg_policy_texts *why)
{
	*out = (struct bsg_answered_verdict){.verdict = verdict, .remedy = verdict, .why = *why};
}

void bsg_verdict_unknown(struct bsg_answered_verdict *out)
{
	settle(out, BSG_REMEDY_REFUSE, &unknown_why);
}

void bsg_verdict_late(const struct bsg_answered_verdict *pending, struct bsg_answered_verdict *out)
{
	settle(out, pending->remedy, &pending->late_why);
}

/* What the phone should restrict because of this place or the places around it: what the guard asks proof of. */
static uint32_t asked(const struct bsg_view *view)
{
	return view->output.restricted;
}

/* What hinders the proof, as far as it is known: of a phone with agent nothing is. @param otherwise  where nothing else is known */
static const struct bsg_policy_texts *hindrance(const struct bsg_view *view, const struct bsg_policy_texts *otherwise)
{
	const struct bsg_platform_phone *phone = &view->phone;

	if (!view->has_phone)
		return otherwise;
	if (phone->locked_since != 0)
		return &locked_why;
	if (phone->trouble[0] != '\0' && phone->trouble_at >= phone->desired_at)
		return &refused_why;
	return !phone->is_reachable || phone->push_failures > 0 ? &unreached_why : otherwise;
}

uint32_t bsg_verdict_missing(struct bsg_server *server, const struct bsg_coverage_phone *phone, const struct bsg_view *view)
{
	uint32_t missing = asked(view) & ~bsg_view_verified(view);

	/* What is impossible anyway needs no proof: its remedy is already in the verdict. */
	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		struct bsg_coverage_entry entry;

		bsg_coverage_look_up(server->coverage, phone, f, &entry);
		if (entry.grade == BSG_GRADE_IMPOSSIBLE)
			missing &= ~BSG_BIT(f);
	}
	return missing;
}

static void judge_in(struct bsg_server *server, const struct bsg_policy_place *place, const struct bsg_coverage_phone *phone,
		     const struct bsg_view *view, int64_t received, struct bsg_answered_verdict *out)
{
	const int64_t timeout = server->settings.admission_timeout, until = received + timeout;
	const uint32_t missing = bsg_verdict_missing(server, phone, view);
	struct bsg_coverage_phone unproven = *phone;
	struct bsg_verdict proven, doubtful;

	if (asked(view) == 0) {
		settle(out, BSG_REMEDY_ADMIT, &nothing_why);
		return;
	}
	bsg_coverage_verdict(server->coverage, place, phone, asked(view), &proven);
	if (missing == 0) {
		settle(out, proven.remedy, &proven.why);
		return;
	}
	unproven.reported_impossible |= missing;
	bsg_coverage_verdict(server->coverage, place, &unproven, asked(view), &doubtful);
	/* A place may admit phones whose camera cannot be restricted; one that could prove it and does not is never waved through. */
	if ((missing & BSG_BIT(BSG_CAMERA)) != 0 && doubtful.remedy == BSG_REMEDY_ADMIT)
		doubtful.remedy = BSG_REMEDY_SEAL;
	/* A crossing that lies ahead came before the clock was set back: nobody waits until that time has come again. */
	if (view->now >= until || view->now < received - timeout)
		settle(out, doubtful.remedy, hindrance(view, &late_why));
	else
		*out = (struct bsg_answered_verdict){.pending = true, .remedy = doubtful.remedy, .why = *hindrance(view, &pending_why),
						     .late_why = *hindrance(view, &late_why), .until = until};
}

static enum bsg_err judge_device(struct bsg_server *server, const struct bsg_crossing_rec *crossing, const struct bsg_move_rec *move,
				 struct bsg_answered_verdict *out, struct bsg_error *err)
{
	struct bsg_active_policy *policy;
	const struct bsg_policy_place *place;
	struct bsg_coverage_phone phone;
	struct bsg_device_rec rec;
	struct bsg_view *view;
	enum bsg_err rc = bsg_store_device(server->store, move->device, &rec, err);

	if (rc != BSG_OK)
		return rc;
	if (rec.state != BSG_DEVICE_ACTIVE) {
		settle(out, BSG_REMEDY_REFUSE, &gone_why);
		return BSG_OK;
	}
	if (!move->applied || rec.presence.seq != move->seq) {
		settle(out, BSG_REMEDY_DEPOSIT, &stale_why);
		return BSG_OK;
	}
	rc = bsg_view_make(server, &rec, bsg_now(server), &view, err);
	if (rc != BSG_OK)
		return rc;
	policy = bsg_active_get(&server->active);
	place = bsg_policy_find_place(policy->policy, crossing->place);
	bsg_facts_phone(server, &rec, view->has_phone ? &view->phone : NULL, &phone);
	if (place == NULL)
		settle(out, BSG_REMEDY_ADMIT, &nothing_why);
	else
		judge_in(server, place, &phone, view, crossing->received, out);
	bsg_active_put(policy);
	bsg_view_free(view);
	return BSG_OK;
}

/* As the phone is known to be right after a step was stored: what it is told anew finds it without what stood in the way before. */
static void fill_view(struct bsg_view *view, const struct bsg_drive_step *step, int64_t now)
{
	memset(view, 0, offsetof(struct bsg_view, stored));
	bsg_drive_orders_init(&view->stored);
	view->now = now;
	view->has_phone = true;
	view->output.restricted = step->restricted;
	view->phone = step->phone;
	if (!step->desire)
		return;
	view->phone.desired_at = now;
	view->phone.locked_since = 0;
	view->phone.push_failures = 0;
}

bool bsg_verdict_of_step(struct bsg_server *server, const struct bsg_crossing_rec *crossing, const struct bsg_device_rec *device,
			 const struct bsg_drive_step *step, struct bsg_answered_verdict *out)
{
	const int64_t now = bsg_now(server);
	struct bsg_view *view = malloc(sizeof(*view));
	struct bsg_active_policy *policy;
	const struct bsg_policy_place *place;
	struct bsg_coverage_phone phone;

	/* A proof from ahead of now loses its worth when something is told anew: that is for the platform to say. */
	if (view == NULL || step->phone.verified_at > now) {
		free(view);
		return false;
	}
	fill_view(view, step, now);
	policy = bsg_active_get(&server->active);
	place = bsg_policy_find_place(policy->policy, crossing->place);
	bsg_facts_phone(server, device, &view->phone, &phone);
	if (place == NULL)
		settle(out, BSG_REMEDY_ADMIT, &nothing_why);
	else
		judge_in(server, place, &phone, view, crossing->received, out);
	bsg_active_put(policy);
	free(view);
	return true;
}

/* Strictest first; of equals, what is still pending. */
static bool is_stricter(const struct bsg_answered_verdict *a, const struct bsg_answered_verdict *b)
{
	return a->remedy != b->remedy ? a->remedy < b->remedy : a->pending && !b->pending;
}

enum bsg_err bsg_verdict_of(struct bsg_server *server, const struct bsg_crossing_rec *crossing, const struct bsg_move_rec *moves,
			    size_t n_moves, struct bsg_answered_verdict *out, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	bsg_verdict_unknown(out);
	if (crossing->direction == BSG_CROSSING_OUT) {
		settle(out, BSG_REMEDY_ADMIT, &out_why);
		return BSG_OK;
	}
	bsg_active_make_ready(&server->active, bsg_now(server));
	bsg_store_moment_begin(server->store);
	for (size_t i = 0; i < n_moves && rc == BSG_OK; i++) {
		struct bsg_answered_verdict one;

		rc = judge_device(server, crossing, &moves[i], &one, err);
		if (rc == BSG_OK && (i == 0 || is_stricter(&one, out)))
			*out = one;
	}
	bsg_store_moment_end(server->store);
	return rc;
}
