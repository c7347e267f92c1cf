/* SPDX-License-Identifier: Apache-2.0 */
/* The agent: what the decision says, done to the machine, looked at, reported. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/linux/agent.h"

#define RETRY_MS 2000		/* what failed or leaks is tried again */
#define HOPELESS_MS 60000	/* what this machine could not do when it was probed, too: a driver may come */
#define VERIFY_MS 60000		/* what holds is looked at again */
#define SOON_MS 500		/* streams need some rounds to end */
#define TOGETHER_MS 5000	/* what is due in the same moment, more or less, is one wake-up of the machine */

static const struct bsg_function_info *function_named(const char *name)
{
	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		if (strcmp(bsg_functions[i].name, name) == 0)
			return &bsg_functions[i];
	return NULL;
}

/* --- opening --- */

_Static_assert(sizeof(((struct bsg_enforce_config *)0)->state) == sizeof(((struct bsg_agent_paths *)0)->dir),
	       "a folder's name is as long here as there");

/* What this agent has no means for, it says too: the server must not assume it. */
static struct bsg_report_cover cover(const struct bsg_agent *agent, uint32_t bit)
{
	static const char none[] = "this agent cannot restrict it";

	for (size_t i = 0; i < agent->n_slots; i++) {
		const struct bsg_agent_slot *slot = &agent->slot[i];

		if (slot->bit == bit)
			return (struct bsg_report_cover){ .function = bit,
				.grade = (enum bsg_report_grade)slot->probe.grade,
				.why = { slot->probe.why, strlen(slot->probe.why) } };
	}
	return (struct bsg_report_cover){ .function = bit, .grade = BSG_REPORT_IMPOSSIBLE,
		.why = { none, sizeof(none) - 1 } };
}

static void report_coverage(struct bsg_agent *agent)
{
	struct bsg_report_item *item = calloc(1, sizeof(*item));
	struct utsname system = { .sysname = "" };
	char text[200];

	if (!item)
		return;
	uname(&system);
	snprintf(text, sizeof(text), "%.60s %.100s", system.sysname, system.release);
	item->kind = BSG_REPORT_COVERAGE;
	item->coverage.agent = (struct bsg_str){ "bosaga-agent " BSG_VERSION, strlen("bosaga-agent " BSG_VERSION) };
	item->coverage.system = (struct bsg_str){ text, strlen(text) };
	for (unsigned bit = 0; bit < BSG_FUNCTIONS_COUNT; bit++)
		item->coverage.functions[item->coverage.n_functions++] = cover(agent, BSG_BIT(bit));
	bsg_agent_report(agent, item);
	free(item);
}

/* What enforcements get. One name for one folder, however it was given: by it they find what an agent before them left. */
static const struct bsg_enforcement *const *prepare(const struct bsg_agent *agent,
						    const struct bsg_agent_options *options,
						    struct bsg_enforce_config *config)
{
	*config = options->enforce;
	memcpy(config->state, agent->paths.dir, sizeof(config->state));
	return options->enforcements ? options->enforcements : bsg_enforcements;
}

void bsg_agent_lift_leftovers(const struct bsg_agent *agent, const struct bsg_agent_options *options)
{
	struct bsg_enforce_config config;
	const struct bsg_enforcement *const *list = prepare(agent, options, &config);

	for (size_t i = 0; list[i]; i++) {
		struct bsg_enforcer *enforcer = NULL;
		struct bsg_error err = { .text = "" };

		if (list[i]->open(&config, &enforcer, &err) != BSG_OK || list[i]->lift(enforcer, &err) != BSG_OK)
			bsg_log(agent->log, BSG_LOG_ERROR, "agent", "%s may still be restricted: %s", list[i]->name,
				err.text);
		if (enforcer)
			list[i]->close(enforcer);
	}
}

enum bsg_err bsg_agent_open_slots(struct bsg_agent *agent, const struct bsg_agent_options *options,
				  struct bsg_error *err)
{
	struct bsg_enforce_config config;
	const struct bsg_enforcement *const *list = prepare(agent, options, &config);

	for (size_t i = 0; list[i]; i++) {
		struct bsg_agent_slot *slot = &agent->slot[agent->n_slots];
		const struct bsg_function_info *function = function_named(list[i]->name);
		enum bsg_err rc;

		if (!function || agent->n_slots == BSG_ENFORCE_MAX)
			return bsg_fail(err, BSG_E_BUG, "enforcement of unknown function %s", list[i]->name);
		slot->ops = list[i];
		slot->bit = function->bit;
		slot->keep_at = slot->verify_at = INT64_MAX;
		rc = slot->ops->open(&config, &slot->enforcer, err);
		if (rc != BSG_OK)
			return rc;
		agent->n_slots++;
		slot->ops->probe(slot->enforcer, &slot->probe);
	}
	report_coverage(agent);
	return BSG_OK;
}

void bsg_agent_close_slots(struct bsg_agent *agent)
{
	for (size_t i = 0; i < agent->n_slots; i++)
		agent->slot[i].ops->close(agent->slot[i].enforcer);
	agent->n_slots = 0;
}

/* --- one function --- */

static int retry_ms(const struct bsg_agent_slot *slot)
{
	return slot->probe.grade == BSG_GRADE_IMPOSSIBLE ? HOPELESS_MS : RETRY_MS;
}

static void set_state(struct bsg_agent *agent, struct bsg_agent_slot *slot, enum bsg_report_state state,
		      const char *why)
{
	if (slot->state != state) {
		slot->since = bsg_agent_now(agent).utc;
		bsg_log(agent->log, state == 0 || state == BSG_REPORT_VERIFIED ? BSG_LOG_INFO : BSG_LOG_WARNING,
			"agent", "%s: %s%s%s", slot->ops->name,
			state == 0 ? "open" : state == BSG_REPORT_VERIFIED ? "restricted" :
			state == BSG_REPORT_STUCK ? "should be open and is not" : "restricted, not verified",
			why[0] ? ": " : "", why);
	}
	slot->state = state;
	(void)snprintf(slot->why, sizeof(slot->why), "%.*s", (int)sizeof(slot->why) - 1, why);
}

static void look_restricted(struct bsg_agent *agent, struct bsg_agent_slot *slot, int64_t now)
{
	struct bsg_verdict verdict;

	slot->ops->verify(slot->enforcer, &verdict);
	slot->settled = verdict.seen == BSG_SEEN_RESTRICTED;
	slot->verify_at = now + (slot->settled ? VERIFY_MS : SOON_MS);
	set_state(agent, slot, slot->settled ? BSG_REPORT_VERIFIED : BSG_REPORT_UNVERIFIED,
		  slot->settled ? "" : verdict.why[0] ? verdict.why : "it is open");
}

/*
 * When nothing is restricted any more by windows and leases alone: the machine
 * itself is to know, for an agent that is dead by then (principle: a restriction
 * is a lease that ends on the phone).
 */
static bool set_end(const struct bsg_agent *agent, const struct bsg_agent_slot *slot)
{
	const struct bsg_time now = bsg_agent_now(agent);
	const int64_t left = agent->output.lift_by - now.utc;

	if (!slot->ops->set_end || agent->output.lift_by == 0)
		return false;
	return slot->ops->set_end(slot->enforcer, now.mono_ms + (left > 0 ? left * 1000 : 0));
}

/* Undo what others undid, stop what still runs. */
static void keep(struct bsg_agent *agent, struct bsg_agent_slot *slot, int64_t now)
{
	struct bsg_error err;
	int again_ms = RETRY_MS;

	slot->verify_at = slot->verify_at == INT64_MAX ? now : slot->verify_at;
	if (slot->ops->keep(slot->enforcer, &again_ms, &err) != BSG_OK) {
		slot->settled = false;
		again_ms = retry_ms(slot);
		slot->verify_at = INT64_MAX;
		set_state(agent, slot, BSG_REPORT_UNVERIFIED, err.text);
	}
	slot->keep_ms = again_ms;
	slot->keep_at = now + again_ms;
}

static void impose(struct bsg_agent *agent, struct bsg_agent_slot *slot, int64_t now)
{
	struct bsg_error err;

	slot->wanted = true;
	slot->settled = false;
	(void)set_end(agent, slot);	/* impose() takes it with it */
	if (slot->ops->impose(slot->enforcer, &err) != BSG_OK) {
		set_state(agent, slot, BSG_REPORT_UNVERIFIED, err.text);
		slot->keep_at = now + retry_ms(slot);
		slot->verify_at = INT64_MAX;
		return;
	}
	keep(agent, slot, now);
	if (slot->verify_at != INT64_MAX)
		look_restricted(agent, slot, now);
}

static void lift(struct bsg_agent *agent, struct bsg_agent_slot *slot, int64_t now)
{
	struct bsg_verdict verdict = { 0 };
	struct bsg_error err = { 0 };
	enum bsg_err rc = slot->ops->lift(slot->enforcer, &err);

	slot->wanted = false;
	if (rc == BSG_OK)
		slot->ops->verify(slot->enforcer, &verdict);
	/* What this machine cannot look at, it could not have restricted either. */
	slot->settled = rc == BSG_OK && (verdict.seen == BSG_SEEN_OPEN ||
			(verdict.seen == BSG_SEEN_UNKNOWN && slot->probe.grade == BSG_GRADE_IMPOSSIBLE));
	slot->keep_at = INT64_MAX;
	slot->verify_at = slot->settled ? INT64_MAX : now + RETRY_MS;
	if (slot->settled)
		set_state(agent, slot, (enum bsg_report_state)0, "");
	else
		set_state(agent, slot, BSG_REPORT_STUCK, rc != BSG_OK ? err.text : verdict.why);
}

static void settle(struct bsg_agent *agent, struct bsg_agent_slot *slot)
{
	int64_t now = bsg_clock_mono_ms(agent->clock), soon = now;
	bool wanted = agent->output.restricted & slot->bit;

	if (!wanted) {
		if (slot->wanted || (!slot->settled && slot->verify_at <= now) ||
		    (!slot->settled && slot->verify_at == INT64_MAX))
			lift(agent, slot, now);
		return;
	}
	if (!slot->wanted) {
		impose(agent, slot, now);
		return;
	}
	if (slot->settled && slot->keep_ms >= VERIFY_MS)
		soon = now + TOGETHER_MS;
	if (set_end(agent, slot) || slot->keep_at <= soon)
		keep(agent, slot, now);
	if (slot->verify_at <= soon)
		look_restricted(agent, slot, now);
}

void bsg_agent_wake_slot(struct bsg_agent *agent, size_t slot)
{
	int64_t now = bsg_clock_mono_ms(agent->clock);

	if (slot < agent->n_slots && agent->slot[slot].wanted) {
		keep(agent, &agent->slot[slot], now);
		if (agent->slot[slot].verify_at != INT64_MAX)
			look_restricted(agent, &agent->slot[slot], now);
		bsg_agent_report_status(agent);
	}
}

void bsg_agent_apply(struct bsg_agent *agent)
{
	for (size_t i = 0; i < agent->n_slots; i++)
		settle(agent, &agent->slot[i]);
	bsg_agent_report_status(agent);
}

enum bsg_err bsg_agent_lift_all(struct bsg_agent *agent, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	memset(&agent->output, 0, sizeof(agent->output));
	agent->tick_at = INT64_MAX;
	for (size_t i = 0; i < agent->n_slots; i++) {
		struct bsg_agent_slot *slot = &agent->slot[i];

		lift(agent, slot, bsg_clock_mono_ms(agent->clock));
		if (!slot->settled)
			rc = bsg_fail(err, BSG_E_UNAVAILABLE, "%s stays restricted: %s", slot->ops->name,
				      slot->why);
	}
	return rc;
}

/* --- the status report --- */

static const struct bsg_agent_slot *slot_of(const struct bsg_agent *agent, uint32_t bit)
{
	for (size_t i = 0; i < agent->n_slots; i++)
		if (agent->slot[i].bit == bit)
			return &agent->slot[i];
	return NULL;
}

static void fill_function(const struct bsg_agent *agent, unsigned number, struct bsg_report_status *status)
{
	uint32_t bit = BSG_BIT(number);
	const struct bsg_agent_slot *slot = slot_of(agent, bit);
	struct bsg_report_function *f = &status->functions[status->n_functions];
	bool restricted = agent->output.restricted & bit;

	if (!restricted && (!slot || slot->state != BSG_REPORT_STUCK))
		return;
	/* Without an enforcement nothing ever changes but by orders. */
	*f = (struct bsg_report_function){ .function = bit, .state = BSG_REPORT_UNVERIFIED,
		.since = agent->orders.message ? agent->orders.message->orders.issued : agent->saved.core.now };
	if (slot) {
		f->state = slot->state;
		f->since = slot->since;
		f->why = (struct bsg_str){ slot->why, strlen(slot->why) };
	} else {
		f->why = (struct bsg_str){ "this agent cannot restrict it", 29 };
	}
	if (f->state == BSG_REPORT_VERIFIED)
		f->why.len = 0;
	if (f->state != BSG_REPORT_STUCK) {
		f->rule = agent->output.why[number].rule;
		f->place = agent->output.why[number].place;
		f->until = agent->output.why[number].until;
	}
	status->n_functions++;
}

static void fill_status(const struct bsg_agent *agent, struct bsg_report_item *item)
{
	const struct bsg_orders_message *message = agent->orders.message;

	memset(item, 0, sizeof(*item));
	item->kind = BSG_REPORT_STATUS;
	item->status.serial = message ? message->orders.serial : 0;
	item->status.observed = agent->output.observed;
	item->status.lift_by = agent->output.lift_by;
	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		fill_function(agent, i, &item->status);
	item->status.discharged = message && message->discharge && item->status.n_functions == 0;
}

/* @return whether it differs from the last; remembers it */
static bool is_news(struct bsg_agent *agent, const struct bsg_report_item *item)
{
	struct bsg_report_batch *batch = calloc(1, sizeof(*batch));
	uint8_t *buf = malloc(BSG_REPORT_BATCH_MAX);
	struct bsg_bytes out = { 0 };
	bool news = true;

	if (batch && buf) {
		batch->sequence = 1;
		batch->n_reports = 1;
		batch->reports[0] = *item;
		batch->reports[0].at = 1;
		if (bsg_report_encode(batch, buf, BSG_REPORT_BATCH_MAX, &out) == BSG_OK)
			news = out.len != agent->last_status_len || !agent->last_status ||
			       memcmp(out.ptr, agent->last_status, out.len) != 0;
	}
	if (news && out.len) {
		free(agent->last_status);
		memmove(buf, out.ptr, out.len);
		agent->last_status = buf;
		agent->last_status_len = out.len;
		buf = NULL;
	}
	free(buf);
	free(batch);
	return news;
}

void bsg_agent_report_status(struct bsg_agent *agent)
{
	struct bsg_report_item *item = calloc(1, sizeof(*item));

	if (!item)
		return;
	fill_status(agent, item);
	if (is_news(agent, item))
		bsg_agent_report(agent, item);
	free(item);
}
