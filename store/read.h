/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads. Each sees one moment, or several the same (bsg_store_moment_begin()): everything whose callback has come, nothing that is not
 * committed.
 *
 * Any thread may call them; a call waits if all reader connections are busy. Those of one record answer BSG_E_NOT_FOUND if there
 * is none. All may answer BSG_E_UNAVAILABLE or BSG_E_NO_MEMORY. On failure *out is zeroed and there is nothing to free.
 *
 * Lists fill the caller's array, in the order told, and say where to go on.
 */
#ifndef BSG_STORE_READ_H
#define BSG_STORE_READ_H

#include "store/records.h"

/**
 * Let what this thread reads from here on be of one moment, until bsg_store_moment_end(). Many reads of one moment also cost much
 * less than as many of their own.
 *
 * The moment is that of the first read. bsg_store_apply() in between ends it: what is read after it is of a later one. Pairs may be
 * nested, and the outermost counts. Wait for nobody and nothing else meanwhile: a reader connection is held, and the database's log
 * grows. One store at a time: for a second one nothing is held. Never fails: where the store cannot hold a moment, each read is
 * of its own.
 */
void bsg_store_moment_begin(struct bsg_store *store);
void bsg_store_moment_end(struct bsg_store *store);

/* Which page of a list. BSG_E_INVALID: a cursor that no list gave, or limit 0 or above BSG_STORE_LIST_MAX. */
struct bsg_page {
	const char *cursor;	/* `next` of the page before; NULL or "": the beginning */
	size_t limit;		/* records that the array holds */
	/* out */
	size_t n;
	char next[BSG_CURSOR_SIZE];	/* "": that was all */
};

/* Filters: NULL, "" or 0 is no filter. */

enum bsg_err bsg_store_person(struct bsg_store *store, const char *id, struct bsg_person_rec *out,
			      struct bsg_error *err) BSG_MUST_CHECK;
/** Find who has a badge. */
enum bsg_err bsg_store_person_by_badge(struct bsg_store *store, const char *number, struct bsg_person_rec *out,
				       struct bsg_error *err) BSG_MUST_CHECK;
/**
 * Find the devices that a crossing by a badge would move: those that its person carries, and out also those that came in.
 *
 * @param out  @max records, in no order
 * @param n    records filled; 0 also where nobody has this badge
 */
enum bsg_err bsg_store_devices_of_badge(struct bsg_store *store, const char *number, enum bsg_crossing_direction direction, size_t max,
					struct bsg_device_rec *out, size_t *n, struct bsg_error *err) BSG_MUST_CHECK;
/** List people by id, also those who left. */
enum bsg_err bsg_store_people(struct bsg_store *store, const char *unit, struct bsg_page *page,
			      struct bsg_person_rec *out, struct bsg_error *err) BSG_MUST_CHECK;
/** List a person's badges by number. */
enum bsg_err bsg_store_badges(struct bsg_store *store, const char *person, struct bsg_page *page,
			      struct bsg_badge_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Find an invitation by its token.
 *
 * @param certificate  the DER that it was consumed for, to be freed; empty if it is open. May be NULL
 */
enum bsg_err bsg_store_invitation(struct bsg_store *store, const uint8_t token_sha256[BSG_STORE_SHA256_LEN],
				  struct bsg_invitation_rec *out, struct bsg_store_blob *certificate,
				  struct bsg_error *err) BSG_MUST_CHECK;

/** Everything about one device that its orders depend on, and its newest orders' serial, at one moment. */
enum bsg_err bsg_store_device(struct bsg_store *store, const char *id, struct bsg_device_rec *out,
			      struct bsg_error *err) BSG_MUST_CHECK;
/** List devices by id, of all states. */
enum bsg_err bsg_store_devices(struct bsg_store *store, const char *person, const char *unit, struct bsg_page *page,
			       struct bsg_device_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Find whose certificate this is: on each request of a device, after the handshake (which does not know what is revoked). */
enum bsg_err bsg_store_certificate(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN],
				   struct bsg_certificate_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read a policy version.
 *
 * @param version   0: the one in force
 * @param document  JSON, to be freed; may be NULL
 */
enum bsg_err bsg_store_policy(struct bsg_store *store, int64_t version, struct bsg_policy_rec *out,
			      struct bsg_store_blob *document, struct bsg_error *err) BSG_MUST_CHECK;
/** List versions, newest first. */
enum bsg_err bsg_store_policies(struct bsg_store *store, struct bsg_page *page, struct bsg_policy_rec *out,
				struct bsg_error *err) BSG_MUST_CHECK;
/** List who approved a version. */
enum bsg_err bsg_store_approvals(struct bsg_store *store, int64_t version, struct bsg_page *page,
				 struct bsg_approval_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

enum bsg_err bsg_store_exemption(struct bsg_store *store, const char *id, struct bsg_exemption_rec *out,
				 struct bsg_error *err) BSG_MUST_CHECK;
/** List exemptions, newest first, of all states. @param person  also those for one device of theirs */
enum bsg_err bsg_store_exemptions(struct bsg_store *store, const char *person, const char *unit, struct bsg_page *page,
				  struct bsg_exemption_rec *out, struct bsg_error *err) BSG_MUST_CHECK;
/**
 * Read what orders need: the exemptions of a device and of its person that are approved, have not ended, and overlap [from, until).
 *
 * Read the device's record before: an exemption that comes or goes after it changes the device's `change`.
 *
 * @param out  @max records, those that begin first; there are never more than BSG_EXEMPTIONS_MAX that are not over
 * @param n    records filled
 */
enum bsg_err bsg_store_exemptions_of(struct bsg_store *store, const char *device, const char *person, int64_t from,
				     int64_t until, size_t max, struct bsg_exempt_rec *out, size_t *n,
				     struct bsg_error *err) BSG_MUST_CHECK;

enum bsg_err bsg_store_place_secret(struct bsg_store *store, const char *place, struct bsg_place_secret_rec *out,
				    struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read a device's newest orders. BSG_E_NOT_FOUND: no such device; serial 0: no orders yet.
 *
 * @param bytes  the signed bytes, to be freed; NULL: only the head (for If-None-Match)
 */
enum bsg_err bsg_store_orders(struct bsg_store *store, const char *device, struct bsg_orders_rec *out,
			      struct bsg_store_blob *bytes, struct bsg_error *err) BSG_MUST_CHECK;
/* Whose orders are due. */
struct bsg_due_ask {
	int64_t now;	/* to be renewed by then */
	/* To be renewed later than `latest`, and issued not before `issued_from`: made while the clock was ahead, or for another setting. */
	int64_t latest, issued_from;
	int64_t policy;	/* made from an older one; revoked and leaving devices do not care */
};

/**
 * List devices whose orders are due: something changed, or for one of the reasons of @due. Work on each page before asking for the next:
 * those whose orders could not be made are then behind the cursor, and hide nobody. A page may be short, or empty, before the last.
 */
enum bsg_err bsg_store_orders_due(struct bsg_store *store, const struct bsg_due_ask *due, struct bsg_page *page,
				  struct bsg_due_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read a crossing and what it did.
 *
 * @param moves    BSG_CARRIED_MAX of them; may be NULL
 * @param n_moves  may be NULL with it
 */
enum bsg_err bsg_store_crossing(struct bsg_store *store, const char *id, struct bsg_crossing_rec *out,
				struct bsg_move_rec *moves, size_t *n_moves, struct bsg_error *err) BSG_MUST_CHECK;

struct bsg_crossing_filter {
	const char *place, *person, *unit;
	int64_t from, to;	/* [from, to) of `at` */
};

/** List crossings, latest first. */
enum bsg_err bsg_store_crossings(struct bsg_store *store, const struct bsg_crossing_filter *filter,
				 struct bsg_page *page, struct bsg_crossing_rec *out,
				 struct bsg_error *err) BSG_MUST_CHECK;

/** List active devices that are in, by place and device. @param place  exactly this place, not those inside it */
enum bsg_err bsg_store_present(struct bsg_store *store, const char *place, const char *unit, struct bsg_page *page,
			       struct bsg_present_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read a device's latest report of a kind. BSG_E_NOT_FOUND: none.
 *
 * @param body  to be freed; may be NULL
 */
enum bsg_err bsg_store_report_latest(struct bsg_store *store, const char *device, const char *kind,
				     struct bsg_report_rec *out, struct bsg_store_blob *body,
				     struct bsg_error *err) BSG_MUST_CHECK;
/**
 * List a device's reports, newest first.
 *
 * @param bodies  as many as page->limit, each to be freed; may be NULL
 */
enum bsg_err bsg_store_reports(struct bsg_store *store, const char *device, struct bsg_page *page,
			       struct bsg_report_rec *out, struct bsg_store_blob *bodies,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** List credentials given to gates, newest first. */
enum bsg_err bsg_store_gate_credentials(struct bsg_store *store, const char *place, struct bsg_page *page,
					struct bsg_gate_credential_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Find a turnstile by its token; on each of its requests. */
enum bsg_err bsg_store_turnstile_by_token(struct bsg_store *store, const uint8_t token_sha256[BSG_STORE_SHA256_LEN],
					  struct bsg_turnstile_rec *out, struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_store_turnstile(struct bsg_store *store, const char *id, struct bsg_turnstile_rec *out,
				 struct bsg_error *err) BSG_MUST_CHECK;
/** List turnstiles by id. */
enum bsg_err bsg_store_turnstiles(struct bsg_store *store, struct bsg_page *page, struct bsg_turnstile_rec *out,
				  struct bsg_error *err) BSG_MUST_CHECK;

enum bsg_err bsg_store_admin(struct bsg_store *store, const char *name, struct bsg_admin_rec *out,
			     struct bsg_error *err) BSG_MUST_CHECK;
/** List administrators by name. */
enum bsg_err bsg_store_admins(struct bsg_store *store, struct bsg_page *page, struct bsg_admin_rec *out,
			      struct bsg_error *err) BSG_MUST_CHECK;

/** Find a token; the caller checks `expires` and `revoked`. On each request of an administrator. */
enum bsg_err bsg_store_token_by_sha256(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN],
				       struct bsg_token_rec *out, struct bsg_error *err) BSG_MUST_CHECK;
/** List tokens by id, also revoked ones. */
enum bsg_err bsg_store_tokens(struct bsg_store *store, const char *admin, struct bsg_page *page,
			      struct bsg_token_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Find a session of the owner's page; the caller checks that it holds. On each request of a person. */
enum bsg_err bsg_store_session(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN], struct bsg_session_rec *out,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** List audit entries, oldest first. */
enum bsg_err bsg_store_audit(struct bsg_store *store, struct bsg_page *page, struct bsg_audit_rec *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/** Find the last time that a device's owner said that it stayed restricted (`not-back`). BSG_E_NOT_FOUND: never */
enum bsg_err bsg_store_not_back(struct bsg_store *store, const char *device, struct bsg_audit_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

struct bsg_audit_check {
	int64_t n;		/* entries that hold */
	int64_t broken_at;	/* seq of the first that does not, or is missing; 0: the chain holds */
	uint8_t head[BSG_STORE_SHA256_LEN];	/* hash of the last entry that holds */
};

/** Walk the audit's hash chain from its beginning. BSG_OK also if it is broken: see broken_at. Cost: all of it. */
enum bsg_err bsg_store_audit_verify(struct bsg_store *store, struct bsg_audit_check *out,
				    struct bsg_error *err) BSG_MUST_CHECK;

/** Count for status and metrics. Cost: a walk over small indexes; not for every request. */
enum bsg_err bsg_store_counts(struct bsg_store *store, struct bsg_counts_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Check that the database answers and can be written (readyz). */
enum bsg_err bsg_store_ready(struct bsg_store *store, struct bsg_error *err) BSG_MUST_CHECK;

#endif
