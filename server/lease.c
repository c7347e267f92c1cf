/* SPDX-License-Identifier: Apache-2.0 */
/* The lease on a phone without an agent. See server/lease.h. */
#include "server/lease.h"

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* No restricted function comes from a rule with a place: then it holds wherever the phone is. */
static bool is_placeless(const struct bsg_output *output, uint32_t functions)
{
	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		if ((functions & BSG_BIT(i)) != 0 && output->why[i].place.len != 0)
			return false;
	return true;
}

/* What is told once more, because the phone has not become so yet, still answers what it was first told for (Z9). */
static int64_t evidence_at(const struct bsg_platform_phone *phone, const struct bsg_lease_ask *ask, bool same)
{
	const bool again = same && !ask->evidence && !phone->is_reached;

	return again && phone->evidence_at != 0 && phone->evidence_at < ask->evidence_at ? phone->evidence_at : ask->evidence_at;
}

void bsg_lease(const struct bsg_platform_phone *phone, const struct bsg_lease_ask *ask, struct bsg_platform_step *step)
{
	const struct bsg_output *output = ask->output;
	/* Apps without names cannot be told: desired all the same, each step would differ from what was desired, and prolong the lease. */
	const uint32_t nameless = output->n_apps == 0 ? BSG_BIT(BSG_APPS) : 0;
	const uint32_t functions = output->restricted & ask->possible & ~nameless;
	const bool same = phone->has_desired && phone->desired == functions && !ask->apps_changed;
	const bool placeless = is_placeless(output, functions);
	const int64_t full = ask->now + (placeless ? BSG_LEASE_PLACELESS_S : ask->phone_lease);
	const bool fresh = !same || (placeless ? phone->desired_until - ask->now <= BSG_LEASE_RENEW_S : ask->evidence);

	step->at = ask->now;
	step->next = output->next;
	step->functions = functions;
	step->evidence_at = evidence_at(phone, ask, same);
	step->until = 0;
	if (functions == 0) {
		step->desire = phone->has_desired && (phone->desired != 0 || phone->is_stuck);
		return;
	}
	/* Never longer than a full one, also if the clock was ahead when it began. */
	step->until = earlier(fresh ? full : earlier(phone->desired_until, full), output->lift_by);
	/* What was told before the clock was set back ends on the phone at another time than is remembered. */
	step->desire = !same || step->until != phone->desired_until || (phone->is_stuck && step->until > ask->now) ||
		       phone->desired_at > ask->now + BSG_STORE_CLOCK_STEP_S;
	if (placeless && step->until < output->lift_by) {
		const int64_t renew = step->until - BSG_LEASE_RENEW_S;

		step->next = step->next == 0 ? renew : earlier(step->next, renew);
	}
}
