/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of test_policy_property.c share: counts of what happened, the report of a failure, ways into policy/.
 */
#ifndef TESTS_POLICY_PROPERTY_H
#define TESTS_POLICY_PROPERTY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/changes.h"
#include "policy_naive.h"
#include "policy_random.h"
#include "wire/orders.h"

/* Kinds of things that must happen often enough, or the properties were proved of nothing. */
#define THINGS(X) \
	X(STEPPED, "steps") X(RESTRICTED, "restricted") X(OBSERVED, "observed") \
	X(NOTHING, "nothing restricted or observed") X(EXEMPT, "exempt") X(LEASE_OVER, "a lease ended between two steps") \
	X(BY_PARENT, "a rule of a place around holds") X(TIED, "two rules end last at once") \
	X(MANY, "a rule for several places explains (rule@N)") X(AT_EDGE, "an answer changed within a second") \
	X(BEFORE_EDGE, "and was asked for in the second before") X(EXPIRED, "orders expired") X(RELEASED, "released") \
	X(PRESSED, "break-glass") X(PRESS_REFUSED, "break-glass refused") X(KEPT, "kept restricted under break-glass") \
	X(STALE, "a stale gate event") X(UNKNOWN, "a gate of a place left out") X(RENEWED, "orders renewed") \
	X(RENEWED_CHANGED, "with another policy") X(SERVER_CAME, "presence by the server's word") \
	X(SERVER_LIFTED, "a crossing counted in a place around") X(SERVER_LOST, "a crossing left out") \
	X(CUT, "windows cut to pieces") X(CUT_HORIZON, "windows cut to the horizon") \
	X(RULE_BEYOND, "a rule beyond the horizon") X(RULE_OTHERS, "a rule for others") \
	X(RULE_ALWAYS, "a rule that always holds") X(SHARED, "rules that share windows") \
	X(PLACE_LEFT_OUT, "a place left out") X(PLACE_INSIDE, "a place only inside a named one") \
	X(EARLY, "a window begins early") X(EARLY_IN, "a window comes into the horizon early") \
	X(NO_AGENT, "phones without agent") X(SHORT_LEASE, "phone_lease counts") \
	X(GLASS_SAID, "break-glass limits from two places") X(FEWER_EXEMPTIONS, "exemptions left out") \
	X(OVER_RULES, "over the limit: rules") X(OVER_PLACES, "over the limit: places") \
	X(OVER_WINDOWS, "over the limit: windows") X(OVER_APPS, "over the limit: app names") \
	X(OVER_EXEMPTIONS, "over the limit: exemptions") X(FITS, "large policies that fit") X(OVER, "and that do not") \
	X(SHUFFLED, "documents shuffled") X(SPLIT, "and split over two files") X(YAML, "and read as YAML") \
	X(SPANS, "timetables of another span") X(DIFFER, "orders differ by a change") \
	X(SAME, "orders do not differ by a change") X(TOUCHED_SAME, "touched, but the same orders") \
	X(UNTOUCHED, "not touched") X(CHANGED_RULE, "a changed rule") X(ADDED, "a rule or place added") \
	X(REMOVED, "a rule or place removed") X(CHANGED_PLACE, "a changed place") \
	X(NO_CHANGE, "a policy that only looks different") X(FITS_NO_MORE, "orders do not fit any more") \
	X(FITS_AGAIN, "orders fit again") X(SECONDS, "seconds counted") X(SECONDS_PART, "from or until amid a window")

enum thing {
#define X(name, text) name,
	THINGS(X)
#undef X
	N_THINGS
};

extern unsigned long things[N_THINGS];
extern const char *const thing_texts[N_THINGS];

/* What is being looked at, for the report of a failure. */
struct looked_at {
	uint64_t seed;
	json_t *doc, *after;
	const struct bsg_compile_facts *facts;
	char trace[8192];
	size_t len;
};
extern struct looked_at now_at;

void look_at(uint64_t seed, json_t *doc, json_t *after, const struct bsg_compile_facts *facts);	/* the trace begins anew */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* a line of the trace */
void failed(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* @param code  NULL: it must be accepted */
struct bsg_policy *parse(json_t *const *docs, size_t n, bool yaml, enum bsg_err *code);
struct bsg_policy *parse_one(json_t *doc);
struct bsg_timetable *timetable_of(const struct bsg_policy *policy, int64_t from, int64_t until);
/* The shortest that the compiler asks for. */
struct bsg_timetable *timetable_for(const struct bsg_policy *policy, const struct bsg_compile_facts *f);
/* Compile; whether a limit refuses it must be as the document says. @return NULL: one did */
struct bsg_compiled *compile(json_t *doc, const struct bsg_policy *policy, const struct bsg_timetable *timetable,
			     const struct bsg_compile_facts *f);

struct bytes {
	enum bsg_err code;	/* BSG_OK or BSG_E_LIMIT */
	size_t len;
	uint8_t bytes[BSG_ORDERS_PAYLOAD_MAX];
};

void bytes_of(const struct bsg_policy *policy, const struct bsg_timetable *timetable, const struct bsg_compile_facts *f,
	      struct bytes *out);
bool same_bytes(const struct bytes *a, const struct bytes *b);
bool is_text(struct bsg_str str, const char *text);	/* NULL: empty */

/*
 * Check orders, not prepared, field by field against the document, and find n->early.
 *
 * @param may  beside the document's rules: bits of the minutes by which this device may begin early, as far as its earlier
 *             orders tell; all ones at first
 */
void check_orders(struct naive *n, const struct bsg_orders *o, uint64_t *may);

/* One phone's life under a random policy. */
void live(uint64_t seed);

/* One version of a policy after another, for many devices. */
void change(uint64_t seed);

#endif
