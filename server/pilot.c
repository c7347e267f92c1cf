/* SPDX-License-Identifier: Apache-2.0 */
/* Counting whom a policy concerns. */
#include "server/pilot.h"

#include <stdlib.h>

#include "server/facts.h"

#define PAGE 500

int bsg_pilot_approvals(int64_t n_people)
{
	return n_people > BSG_PILOT_PEOPLE_MAX ? 2 : 1;
}

static bool concerns(const struct bsg_policy *policy, const char *device, const char *person, const char *unit)
{
	struct bsg_facts facts;

	if (policy == NULL)
		return false;
	bsg_facts_of_person(person, unit, &facts);
	facts.compile.device = device;
	return bsg_policy_concerns(policy, &facts.compile) != BSG_CONCERN_NONE;
}

struct both {
	const struct bsg_policy *a, *b;
};

static bool either(const struct both *both, const char *device, const char *person, const char *unit)
{
	return concerns(both->a, device, person, unit) || concerns(both->b, device, person, unit);
}

static enum bsg_err count_people(struct bsg_server *server, const struct both *both, struct bsg_person_rec *recs,
				 int64_t *n_people, struct bsg_error *err)
{
	struct bsg_page page = {.limit = PAGE};
	char cursor[BSG_CURSOR_SIZE] = "";

	do {
		enum bsg_err rc;

		page.cursor = cursor;
		rc = bsg_store_people(server->store, NULL, &page, recs, err);
		if (rc != BSG_OK)
			return rc;
		for (size_t i = 0; i < page.n; i++)
			if (recs[i].state == BSG_PERSON_ACTIVE && either(both, NULL, recs[i].id, recs[i].unit))
				++*n_people;
		for (size_t i = 0; i < sizeof(cursor); i++)
			cursor[i] = page.next[i];
	} while (cursor[0] != '\0');
	return BSG_OK;
}

/* A device may be named by itself: its owner then counts too, though no rule names the owner. */
static enum bsg_err count_devices(struct bsg_server *server, const struct both *both, struct bsg_device_rec *recs,
				  int64_t *n_people, struct bsg_error *err)
{
	struct bsg_page page = {.limit = PAGE};
	char cursor[BSG_CURSOR_SIZE] = "";

	do {
		enum bsg_err rc;

		page.cursor = cursor;
		rc = bsg_store_devices(server->store, NULL, NULL, &page, recs, err);
		if (rc != BSG_OK)
			return rc;
		for (size_t i = 0; i < page.n; i++) {
			if (recs[i].state == BSG_DEVICE_ACTIVE && either(both, recs[i].id, recs[i].person, recs[i].unit) &&
			    !either(both, NULL, recs[i].person, recs[i].unit))
				++*n_people;
		}
		for (size_t i = 0; i < sizeof(cursor); i++)
			cursor[i] = page.next[i];
	} while (cursor[0] != '\0');
	return BSG_OK;
}

enum bsg_err bsg_pilot_count(struct bsg_server *server, const struct bsg_policy *policy, const struct bsg_policy *before,
			     int64_t *n_people, struct bsg_error *err)
{
	const struct both both = {policy, before};
	struct bsg_person_rec *people = calloc(PAGE, sizeof(*people));
	struct bsg_device_rec *devices = calloc(PAGE, sizeof(*devices));
	enum bsg_err rc = BSG_E_NO_MEMORY;

	*n_people = 0;
	if (people == NULL || devices == NULL) {
		bsg_fail(err, rc, "no memory to count people");
	} else {
		rc = count_people(server, &both, people, n_people, err);
		if (rc == BSG_OK)
			rc = count_devices(server, &both, devices, n_people, err);
	}
	if (rc != BSG_OK)
		*n_people = 0;
	free(people);
	free(devices);
	return rc;
}

bool bsg_pilot_may_grow(struct bsg_server *server, const char *person, const char *unit, struct bsg_error *err)
{
	struct bsg_active_policy *active = bsg_active_get(&server->active);
	struct bsg_person_rec known;
	int64_t n_people;
	struct bsg_error ignored;
	bool may = true;

	if (active->rec.version > 0 && active->rec.n_approvals < 2 && concerns(active->policy, NULL, person, unit) &&
	    bsg_store_person(server->store, person, &known, &ignored) == BSG_E_NOT_FOUND &&
	    bsg_pilot_count(server, active->policy, NULL, &n_people, &ignored) == BSG_OK && n_people >= BSG_PILOT_PEOPLE_MAX)
		may = false;
	bsg_active_put(active);
	if (!may)
		bsg_fail(err, BSG_E_DENIED,
			"one person approved the policy in force, which is enough for %d people only; apply it again and let a second "
			"person approve it", BSG_PILOT_PEOPLE_MAX);
	return may;
}
