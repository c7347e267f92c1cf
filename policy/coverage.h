/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a phone of some kind can really restrict, and what the guard does about the rest.
 *
 * The table is data: policy/coverage.json, one versioned file, built into the program. Source: docs/spec/policy.md P20.
 */
#ifndef BSG_POLICY_COVERAGE_H
#define BSG_POLICY_COVERAGE_H

#include "policy/document.h"

/* 0 is the weakest, so that memory nobody filled in covers nothing. */
enum bsg_grade {
	BSG_GRADE_IMPOSSIBLE = 0,
	BSG_GRADE_PARTIAL,
	BSG_GRADE_ENFORCED,
};

enum bsg_class {
	BSG_CLASS_CLAIMED = 0,	/* only the agent says so */
	BSG_CLASS_MANAGED,	/* the OS vendor's management channel says so */
	BSG_CLASS_ATTESTED,	/* hardware says so */
};

struct bsg_coverage_entry {
	enum bsg_grade grade;
	const char *how;		/* short stable code of the mechanism or of the reason, e.g. `device-bpf`; the file's `by`
					   says with which means of the platform, none of them never to be touched (D10) */
	struct bsg_policy_texts why;	/* what is done, or why it cannot be; borrowed from the table */
};

struct bsg_coverage;	/* the table, immutable after loading */

/**
 * Load the built-in table.
 *
 * @param out  owned by the caller, bsg_coverage_free(); NULL on failure
 * @return BSG_E_NO_MEMORY, or BSG_E_BUG: the file built in is broken (a unit test reads all of it)
 */
enum bsg_err bsg_coverage_load(struct bsg_coverage **out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Load a table from JSON bytes (tests, and sites that confirm entries on their hardware).
 *
 * @return as above; BSG_E_INVALID: it is broken, or names a means that no agent may use (D10)
 */
enum bsg_err bsg_coverage_parse(const char *json, size_t len, struct bsg_coverage **out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Free a table; NULL is fine. */
void bsg_coverage_free(struct bsg_coverage *coverage);

/** The table's own version, from 1. */
unsigned bsg_coverage_version(const struct bsg_coverage *coverage);

/* An enrolment kind: a row of the table. */
struct bsg_coverage_kind {
	const char *id;			/* `linux-agent`, `ios-device`, ... */
	bool has_agent;
	enum bsg_class class_default;	/* until the server knows better (key attestation) */
	struct bsg_policy_texts name;
};

/** The kinds in the table's order. @return borrowed; *n is set */
const struct bsg_coverage_kind *bsg_coverage_kinds(const struct bsg_coverage *coverage, size_t *n);

/** Find a kind by id. @return borrowed, or NULL: unknown */
const struct bsg_coverage_kind *bsg_coverage_find_kind(const struct bsg_coverage *coverage, const char *id);

/* What is known about one phone. Zero values are the weakest assumption. */
struct bsg_coverage_phone {
	const char *kind;	/* unknown kinds cover nothing */
	enum bsg_class class_of;
	unsigned os_level;	/* Android API level; iOS version x 100 (14.5 is 1405); 0: unknown, newest is assumed for iOS and
				   Linux, nothing above the entry's minimum for Android */
	bool has_knox;
	uint32_t reported_impossible;	/* functions that the agent's own probe found impossible; it only lowers */
	uint32_t reported_partial;
};

/**
 * Look up one function for one phone.
 *
 * @param function  bit number, as in <bosaga/functions.h>
 * @param out       always filled; BSG_GRADE_IMPOSSIBLE for what the table does not know
 */
void bsg_coverage_look_up(const struct bsg_coverage *coverage, const struct bsg_coverage_phone *phone,
			  unsigned function, struct bsg_coverage_entry *out);

/**
 * Describe all functions for one phone: {function: {grade, class, how, why: {kk, ru, en}}}.
 *
 * @return a new reference, or NULL: no memory
 */
json_t *bsg_coverage_to_json(const struct bsg_coverage *coverage, const struct bsg_coverage_phone *phone) BSG_MUST_CHECK;

struct bsg_verdict {
	enum bsg_remedy remedy;		/* 0 is refuse */
	uint32_t uncovered;		/* functions because of which it is not admit */
	struct bsg_policy_texts why;	/* for the guard; borrowed from static memory */
};

/**
 * Say what a place asks of a phone at its gate: the strictest remedy over the functions asked for.
 *
 * Never BSG_REMEDY_REFUSE: revoked and unknown devices are the caller's to refuse, before this.
 *
 * @param asked  functions that enforced rules restrict for this phone in this place now; 0 is admit
 * @param out    written on every path
 */
void bsg_coverage_verdict(const struct bsg_coverage *coverage, const struct bsg_policy_place *place,
			  const struct bsg_coverage_phone *phone, uint32_t asked, struct bsg_verdict *out);

const char *bsg_grade_name(enum bsg_grade grade);	/* `enforced`, `partial`, `impossible` */
const char *bsg_class_name(enum bsg_class class_of);	/* `claimed`, `managed`, `attested` */

/** Read a class's name. @return false, *out claimed: unknown */
bool bsg_class_parse(const char *name, enum bsg_class *out);

#endif
