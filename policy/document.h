/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy as its authors write it: places, calendars and rules, from YAML or JSON files.
 *
 * The model is checked (policy/check.h) before anyone sees it, and never changed afterwards: to change
 * a policy, parse a new document. Keys, defaults and refusals: docs/spec/policy.md (P1...).
 */
#ifndef BSG_POLICY_DOCUMENT_H
#define BSG_POLICY_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

#define BSG_POLICY_BYTES_MAX (4u * 1024 * 1024)	/* all files of one policy together */
#define BSG_POLICY_DEPTH_MAX 16			/* nesting of a document; ours needs 7 */
#define BSG_POLICY_KEYS_MAX 64			/* of one map; ours need 17 */
#define BSG_POLICY_NODES_MAX 400000u		/* values in all files together */
#define BSG_POLICY_FILES_MAX 64
#define BSG_POLICY_PLACES_MAX 2000
#define BSG_POLICY_RULES_MAX 2000
#define BSG_POLICY_CALENDARS_MAX 500
#define BSG_POLICY_GATES_MAX 64			/* a place */
#define BSG_POLICY_NAMES_MAX 20000		/* units, people, devices of one `who` */
#define BSG_POLICY_TEXT_MAX 240			/* bytes of one text in one language */
#define BSG_POLICY_ERRORS_MAX 20

/* Where something was written, for messages. */
struct bsg_policy_at {
	const char *file;	/* name given with the source; borrowed from the policy */
	unsigned file_no;	/* of the sources, from 0: names may be equal */
	unsigned line, column;	/* from 1, in characters */
	const char *path;	/* `rules[0]`; NULL where nobody asks for it */
};

struct bsg_policy_error {
	char text[400];		/* one line of UTF-8: `file:line:column: path: message` */
	enum bsg_err code;	/* BSG_E_INVALID, BSG_E_DENIED or BSG_E_LIMIT */
	unsigned file_no, line, column;
};

/* What is wrong with a document, by file, line and column: the first that were found; the rest is only counted. */
struct bsg_policy_errors {
	size_t n;
	size_t n_more;		/* found, but over BSG_POLICY_ERRORS_MAX */
	bool denied, too_large;	/* one of all, told or only counted, is BSG_E_DENIED, BSG_E_LIMIT */
	struct bsg_policy_error items[BSG_POLICY_ERRORS_MAX];
};

enum bsg_policy_format {
	BSG_POLICY_AUTO = 0,	/* JSON if the name ends in .json, else YAML (which reads JSON too) */
	BSG_POLICY_YAML,
	BSG_POLICY_JSON,
};

struct bsg_policy_source {
	const char *name;	/* for messages: a path, or `body` */
	const char *bytes;	/* need not end in NUL */
	size_t len;
	enum bsg_policy_format format;
	/*
	 * Read a file that the source names (`ics: work.ics`), relative to the source: at most @max bytes, into memory that
	 * the parser frees with free(). NULL: a source without files beside it, in which only text can stand.
	 */
	enum bsg_err (*read_beside)(const char *source, const char *name, size_t max, uint8_t **out, size_t *len,
				    struct bsg_error *err);
};

/* Each may be NULL: not given in that language. */
struct bsg_policy_texts {
	const char *kk, *ru, *en;
};

struct bsg_policy_window {
	int64_t from, until;	/* [from, until), UTC seconds, whole minutes */
};

/* Remedies at the gate, from mild to strict; 0 is the strictest that a phone can get there. */
enum bsg_remedy {
	BSG_REMEDY_REFUSE = 0,	/* revoked or unknown devices only; no policy can ask for it */
	BSG_REMEDY_DEPOSIT,
	BSG_REMEDY_SEAL,
	BSG_REMEDY_ADMIT,
};

/* What a remedy depends on: columns of a place's `remedies`. */
enum bsg_cover {
	BSG_COVER_ATTESTED = 0,	/* grade enforced, class attested; and so on */
	BSG_COVER_MANAGED,
	BSG_COVER_CLAIMED,
	BSG_COVER_PARTIAL,	/* whatever the class */
	BSG_COVER_IMPOSSIBLE,
	BSG_COVER_COUNT,
};

/* Ways into a place; a set of them in @ref bsg_policy_place.enter_by. Gate is always there. */
#define BSG_POLICY_ENTER_GATE 1u
#define BSG_POLICY_ENTER_BEACON 2u
#define BSG_POLICY_ENTER_WIFI 4u
#define BSG_POLICY_ENTER_AREA 8u
#define BSG_POLICY_ENTER_SELF 16u

struct bsg_policy_vertex {
	int32_t lat, lon;	/* 1e-7 degrees */
};

struct bsg_policy_gate {
	const char *id;
	struct bsg_policy_texts name;
	struct bsg_policy_at at;
};

struct bsg_policy_guest {
	uint32_t restrict_set;	/* functions, bits of <bosaga/functions.h>; 0: guests are not restricted */
	const char *const *apps;
	size_t n_apps;
	int64_t max_stay_s;
	struct bsg_policy_texts because;
};

struct bsg_policy_place {
	const char *id;
	struct bsg_policy_texts name;
	const char *timezone;		/* IANA name or NULL */
	const char *parent;		/* id of a place of the same policy, or NULL */
	struct bsg_policy_at parent_at;
	const struct bsg_policy_vertex *area;	/* not closed: the last vertex is not the first again */
	size_t n_area;
	const char *const *beacons;
	size_t n_beacons;
	const char *const *wifi;	/* lower case aa:bb:cc:dd:ee:ff */
	size_t n_wifi;
	const struct bsg_policy_gate *gates;
	size_t n_gates;
	uint32_t enter_by;		/* BSG_POLICY_ENTER_* */
	int64_t grace_s, max_stay_s, self_stay_s, phone_lease_s;
	bool left_unconfirmed;		/* D5 may lift here */
	bool has_break_glass;		/* the document says something about it */
	uint32_t break_glass_minutes, break_glass_per_day;
	uint32_t keep;			/* functions that break-glass does not lift here */
	uint8_t remedies[32][BSG_COVER_COUNT];	/* enum bsg_remedy by function's bit number; defaults filled in */
	uint32_t remedies_given[32];	/* bits 1 << enum bsg_cover that the document says itself */
	bool has_guest;
	struct bsg_policy_guest guest;
	struct bsg_policy_at at;
};

/* A calendar holds in the union of its windows and of what its iCalendar says; at least one of them is there. */
struct bsg_policy_calendar {
	const char *id;
	const struct bsg_policy_window *windows;	/* sorted, joined, never overlapping or touching */
	size_t n_windows;
	const char *ics;		/* iCalendar, UTF-8, ends in NUL; NULL: none. What it says: policy/timetable.h */
	size_t ics_len;
	bool ics_is_file;		/* it came from a file of its own: ics_at.file, from line 1 on */
	struct bsg_policy_at ics_at;
	struct bsg_policy_at at;
};

struct bsg_policy_who {
	bool all;
	const char *const *units, *const *people, *const *devices;	/* sorted */
	size_t n_units, n_people, n_devices;
};

enum bsg_policy_stage {
	BSG_STAGE_OBSERVE = 0,
	BSG_STAGE_PILOT,
	BSG_STAGE_UNIT,
	BSG_STAGE_ALL,
};

struct bsg_policy_rule {
	const char *id;
	struct bsg_policy_who who;
	const char *const *where;	/* ids of places; none: everywhere */
	size_t n_where;
	const struct bsg_policy_at *where_at;		/* where each of them is named */
	const char *const *calendars;	/* ids in `when`; none and no windows: always */
	size_t n_calendars;
	const struct bsg_policy_at *calendars_at;
	const struct bsg_policy_window *own_windows;	/* as written in the rule, sorted and joined */
	size_t n_own_windows;
	const struct bsg_policy_window *windows;	/* the union of its own and its calendars' windows, without what
							   iCalendar says: that is in policy/timetable.h */
	size_t n_windows;
	bool has_ics;			/* one of its calendars is (also) an iCalendar */
	bool always;			/* no `when` */
	uint32_t restrict_set;		/* functions, bits of <bosaga/functions.h> */
	const char *const *apps;	/* sorted; not empty exactly when `apps` is restricted */
	size_t n_apps;
	struct bsg_policy_texts because;
	enum bsg_policy_stage stage;
	const char *const *pilot;	/* people of stage pilot, sorted */
	size_t n_pilot;
	const char *const *units;	/* units of stage unit, sorted */
	size_t n_units;
	int64_t lead_s;
	struct bsg_policy_at at;
};

struct bsg_policy {
	const struct bsg_policy_place *places;		/* sorted by id */
	size_t n_places;
	const struct bsg_policy_calendar *calendars;	/* sorted by id */
	size_t n_calendars;
	const struct bsg_policy_rule *rules;		/* sorted by id: order never matters (D2) */
	size_t n_rules;
	void *memory;					/* owns everything above */
};

/**
 * Parse the files of one policy and check them.
 *
 * The files are one policy (their union, P3). YAML anchors, aliases, tags and further documents are refused,
 * so no document grows when read. Every mistake is collected: a caller prints @p errors, not only @p err. What an iCalendar says
 * is not looked at here: bsg_timetable_make() does, and refuses a bad one.
 *
 * @param sources  borrowed during the call; one to BSG_POLICY_FILES_MAX
 * @param out      owned by the caller, bsg_policy_free(); NULL on failure
 * @param errors   filled on BSG_E_INVALID and BSG_E_DENIED, and on BSG_E_LIMIT unless the files were not even read (too
 *                 many, too long); may be NULL
 *
 * @return BSG_E_DENIED   a rule names calls, SMS or emergency, which no rule can (D10), whatever else is wrong
 * @return BSG_E_LIMIT    more than one of the limits above
 * @return BSG_E_INVALID  another mistake; err has the first of the kind that is returned
 * @return BSG_E_UNAVAILABLE  a place has a time zone, and this machine has no tzdata
 * @return BSG_E_NO_MEMORY
 *
 * Blocks for the parsing (about 20 MB/s), and reads tzdata if a place has a time zone. Thread-safe.
 */
enum bsg_err bsg_policy_parse(const struct bsg_policy_source *sources, size_t n_sources,
			      struct bsg_policy **out, struct bsg_policy_errors *errors,
			      struct bsg_error *err) BSG_MUST_CHECK;

/** Free a policy; NULL is fine. */
void bsg_policy_free(struct bsg_policy *policy);

/**
 * Give the document back as JSON, as the API shows it and the store keeps it.
 *
 * Deterministic: equal policies, however they were split over files and ordered, give equal JSON; parsing it again
 * gives an equal policy. Defaults are written out.
 *
 * @return a new reference, or NULL: no memory
 */
json_t *bsg_policy_to_json(const struct bsg_policy *policy) BSG_MUST_CHECK;

/** Find a place by id. @return borrowed from @p policy, or NULL */
const struct bsg_policy_place *bsg_policy_find_place(const struct bsg_policy *policy, const char *id);

/** Tell a place's time zone: its own, or that of the nearest place around it that has one. @return borrowed, or NULL */
const char *bsg_policy_zone(const struct bsg_policy *policy, const struct bsg_policy_place *place);

/** Find a calendar by id. @return borrowed from @p policy, or NULL */
const struct bsg_policy_calendar *bsg_policy_find_calendar(const struct bsg_policy *policy, const char *id);

/** Find a gate of a place by id. @return borrowed from @p place, or NULL */
const struct bsg_policy_gate *bsg_policy_find_gate(const struct bsg_policy_place *place, const char *id);

/** Find a rule by id. @return borrowed from @p policy, or NULL */
const struct bsg_policy_rule *bsg_policy_find_rule(const struct bsg_policy *policy, const char *id);

/** Name a remedy: `admit`, `seal`, `deposit`, `refuse`. */
const char *bsg_remedy_name(enum bsg_remedy remedy);

/** Name a stage: `observe`, `pilot`, `unit`, `all`. */
const char *bsg_policy_stage_name(enum bsg_policy_stage stage);

#endif
