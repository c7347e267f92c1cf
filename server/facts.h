/* SPDX-License-Identifier: Apache-2.0 */
/* What the server knows about one phone, in the shapes that policy/ wants. */
#ifndef BSG_SERVER_FACTS_H
#define BSG_SERVER_FACTS_H

#include <bosaga/limits.h>

#include "policy/compile.h"
#include "policy/coverage.h"
#include "server/app.h"

/* Facts whose pointers lead into the record and into themselves: not to be copied. */
struct bsg_facts {
	struct bsg_compile_facts compile;
	const char *unit;
	/* One more than orders hold: too many are refused by the compiler; only of a time that has passed the first to begin are taken. */
	struct bsg_compile_exemption exemptions[BSG_EXEMPTIONS_MAX + 1];
};

/**
 * Fill @out from a device's record, which it borrows: for orders of @serial issued at @now.
 *
 * Reads the exemptions from the store, after the record was read: one that came or went since has raised the device's `change`,
 * and orders made from these facts are not stored.
 */
enum bsg_err bsg_facts_of_device(const struct bsg_server *server, const struct bsg_device_rec *rec, int64_t serial, int64_t now,
				 struct bsg_facts *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Fill @out with only who somebody is, for bsg_policy_concerns(). @param unit "" or NULL: none */
void bsg_facts_of_person(const char *person, const char *unit, struct bsg_facts *out);

/**
 * Describe a phone for the coverage table, with what its last coverage report lowered. Reads the store.
 *
 * @param seen  what its platform knows of it, if the caller has read that already; NULL: it is read, or the device has an agent
 */
void bsg_facts_phone(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_platform_phone *seen,
		     struct bsg_coverage_phone *out);

/** Whether a kind of enrolment decides by itself. */
bool bsg_facts_has_agent(const struct bsg_server *server, const char *kind);

#endif
