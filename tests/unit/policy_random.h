/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random policies as JSON documents, their mutations and the devices they are for, from a seed.
 *
 * Small pools of names and times near one moment, so that everything meets everything. All documents are made to be accepted.
 */
#ifndef TESTS_POLICY_RANDOM_H
#define TESTS_POLICY_RANDOM_H

#include <jansson.h>

#include "policy/compile.h"

#define RANDOM_NOW INT64_C(1795406400)	/* 2026-11-23T04:00:00Z: the minute around which all happens */
#define RANDOM_EXEMPTIONS 24

struct chance {
	uint64_t state;
};

void chance_seed(struct chance *c, uint64_t seed);
uint32_t roll(struct chance *c, uint32_t below);	/* 0 of none */
bool one_in(struct chance *c, uint32_t n);

/* A policy that fits into orders as a rule; each 32nd is a large one. */
json_t *random_policy(struct chance *c);
/* One near a limit of orders, or over it. */
json_t *random_large_policy(struct chance *c);
json_t *random_exact_policy(struct chance *c);	/* by one less, just as many, or one more than windows or app names may be */
json_t *random_crowded_policy(struct chance *c);	/* of rules or places */

/* The same policy in other words: keys, places, rules, calendars and list items in another order, nulls for what is not
   there, ids of digits as numbers. */
json_t *random_order(struct chance *c, json_t *doc);

/* Split into two documents that are the same policy together. */
void random_split(struct chance *c, json_t *doc, json_t *out[2]);

/* Change something in place. @return what, or NULL: this document has nothing of that kind. The result may be refused. */
const char *random_change(struct chance *c, json_t *doc);

/* Make the first rule one for everybody, with the first calendar alone, and this say some time at an end of the horizon. */
void random_edge(struct chance *c, json_t *doc);

/* Facts and the memory they point to; not to be copied. */
struct random_facts {
	char device[33];
	const char *units[4];
	struct bsg_compile_exemption exemptions[RANDOM_EXEMPTIONS];
	struct bsg_compile_facts facts;
};

void random_facts(struct chance *c, json_t *doc, struct random_facts *out);
/* New exemptions, release and last crossing (an unknown place included) as of a moment. */
void random_news(struct chance *c, json_t *doc, int64_t now, struct random_facts *facts);
void random_facts_order(struct chance *c, struct random_facts *facts);	/* the same units and exemptions in another order */
const char *random_place(struct chance *c, json_t *doc);	/* of the document, or, rarely, of no document */

#endif
