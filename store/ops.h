/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations that change the store. See bsg_store_submit() for how a batch of them is applied.
 *
 * Pointers are borrowed until the batch's callback. Members below a line `out` are filled by the store, valid when the batch
 * came to BSG_OK. Repeating an operation with the same content is never an error: `changed` is then false.
 *
 * A batch that changes something on a person's behalf (column "audit" of the list below) must hold a BSG_OP_AUDIT: one entry for each
 * change, in its transaction. Without it bsg_store_submit() answers BSG_E_BUG.
 *
 * Every operation may come to BSG_E_UNAVAILABLE, and is refused before it is queued with BSG_E_LIMIT (a text or bytes too long)
 * or BSG_E_INVALID (a required text is NULL or empty, a number out of range).
 */
#ifndef BSG_STORE_OPS_H
#define BSG_STORE_OPS_H

#include "store/apple_ops.h"
#include "store/records.h"

enum bsg_op_kind {
	BSG_OP_NONE = 0,
				/* audit */
	BSG_OP_PERSON_ADD,	/* yes */
	BSG_OP_PERSON_LEAVE,	/* yes */
	BSG_OP_BADGE_ADD,	/* yes */
	BSG_OP_BADGE_REMOVE,	/* yes */
	BSG_OP_INVITATION_ADD,	/* yes */
	BSG_OP_ENROL,		/* yes */
	BSG_OP_CERTIFICATE_ADD,	/* yes */
	BSG_OP_CERTIFICATE_REVOKE,	/* yes */
	BSG_OP_DEVICE_STATE,	/* yes */
	BSG_OP_DEVICE_CARRIED,	/* yes */
	BSG_OP_DEVICE_RELEASE,	/* yes */
	BSG_OP_POLICY_PROPOSE,	/* yes */
	BSG_OP_POLICY_APPROVE,	/* yes */
	BSG_OP_POLICY_ACTIVATE,	/* yes */
	BSG_OP_EXEMPTION_ADD,	/* yes */
	BSG_OP_EXEMPTION_APPROVE,	/* yes */
	BSG_OP_EXEMPTION_END,	/* yes */
	BSG_OP_PLACE_SECRET_ADD,
	BSG_OP_ORDERS_PUT,
	BSG_OP_ORDERS_KEEP,
	BSG_OP_CROSSING_ADD,
	BSG_OP_REPORTS,
	BSG_OP_GATE_CREDENTIAL_ADD,	/* yes */
	BSG_OP_TURNSTILE_ADD,	/* yes */
	BSG_OP_TURNSTILE_REMOVE,	/* yes */
	BSG_OP_ADMIN_ADD,	/* yes */
	BSG_OP_ADMIN_REMOVE,	/* yes */
	BSG_OP_TOKEN_ADD,	/* yes */
	BSG_OP_TOKEN_REVOKE,	/* yes */
	BSG_OP_APPLE_AUTHENTICATE,	/* yes */
	BSG_OP_APPLE_TOKEN_UPDATE,
	BSG_OP_APPLE_CHECKOUT,	/* yes */
	BSG_OP_APPLE_STEP,
	BSG_OP_APPLE_ANSWER,
	BSG_OP_APPLE_PUSHED,
	BSG_OP_CODE_ADD,	/* yes */
	BSG_OP_SESSION_BEGIN,	/* yes */
	BSG_OP_SESSION_END,	/* yes */
	BSG_OP_AUDIT,
	BSG_OP_RETENTION,
	BSG_OP_PROBE,		/* write one small row, to see whether the disk takes it; no members */
	BSG_OP_COUNT
};

/** Register a person. @return BSG_E_CONFLICT: the id is taken, by somebody with another name, unit or language or who has left */
struct bsg_op_person_add {
	const char *id, *name;
	const char *unit;		/* NULL: none */
	const char *lang;		/* kk, ru, en */
	int64_t at;
};

/**
 * Say goodbye: end badges, open invitations, codes and sessions of the owner's page and exemptions, revoke all devices (they get only their discharge from then on).
 * @return BSG_E_NOT_FOUND
 */
struct bsg_op_person_leave {
	const char *id;
	int64_t at;
	/* out */
	unsigned n_devices;		/* that were revoked by this; find them by bsg_store_devices() */
};

/** Give a badge. @return BSG_E_NOT_FOUND: no such person, or has left; BSG_E_CONFLICT: somebody else's */
struct bsg_op_badge_add {
	const char *number, *person;
	int64_t at;
};

/** Take a badge back. @return BSG_E_NOT_FOUND: this person has no such badge */
struct bsg_op_badge_remove {
	const char *number, *person;
};

/** Invite a person to enrol one device. @return BSG_E_NOT_FOUND: no such person, or has left; BSG_E_CONFLICT: the token is known */
struct bsg_op_invitation_add {
	const uint8_t *token_sha256;
	const char *person, *kind;
	int64_t at, expires;
};

/**
 * Consume an invitation: make the device and store its first certificate.
 *
 * A person's first active device is carried. Issue the certificate before, and answer with what bsg_store_invitation() gives
 * after: if the same key was faster on another thread, `again` is true and the older certificate stands.
 *
 * @return BSG_E_NOT_FOUND  no such invitation
 * @return BSG_E_DENIED     expired, its person has left, or another key consumed it
 * @return BSG_E_CONFLICT   the device id or the certificate exists
 */
struct bsg_op_enrol {
	const uint8_t *token_sha256;
	const uint8_t *key_sha256;	/* of the SubjectPublicKeyInfo */
	const char *device;		/* new, 32 hex digits */
	const char *class_name;
	const uint8_t *certificate_sha256;
	struct bsg_bytes certificate;	/* DER */
	int64_t certificate_expires;
	int64_t at;
	/* out */
	char enrolled[BSG_ID_SIZE];	/* the device; when `again`, the one from the first time */
	bool again;
	bool carried;
};

/** Add a renewed certificate; the older ones stay. @return BSG_E_NOT_FOUND, BSG_E_DENIED: not active, BSG_E_CONFLICT: another device's */
struct bsg_op_certificate_add {
	const char *device;
	const uint8_t *sha256;
	struct bsg_bytes certificate;
	int64_t at, expires;
};

/** @return BSG_E_NOT_FOUND */
struct bsg_op_certificate_revoke {
	const uint8_t *sha256;
	int64_t at;
};

/** Move a device's state towards revoked; ends its own exemptions; marks its orders as due. @return BSG_E_NOT_FOUND, BSG_E_CONFLICT: it is further already */
struct bsg_op_device_state {
	const char *device;
	enum bsg_device_state state;	/* BSG_DEVICE_LEAVING or _REVOKED */
	int64_t at;
};

/**
 * Say whether a device follows its owner's badge.
 * @return BSG_E_NOT_FOUND, BSG_E_DENIED: not active, BSG_E_LIMIT: BSG_CARRIED_MAX are carried
 */
struct bsg_op_device_carried {
	const char *device;
	bool carried;
};

/** Lift now; marks its orders as due. A release older than the last, by a minute at most, changes nothing. @return BSG_E_NOT_FOUND, BSG_E_DENIED: not active */
struct bsg_op_device_release {
	const char *device;
	const char *reason;
	int64_t at;
};

/**
 * Store a policy version that waits for approvals.
 * @return BSG_E_CONFLICT: another version is in force than the one it was checked against
 */
struct bsg_op_policy_propose {
	struct bsg_bytes document;	/* JSON */
	const uint8_t *digest;		/* SHA-256 of it */
	const char *author;
	int64_t at;
	int64_t n_people;
	int64_t approvals_needed;	/* 0..8 */
	int64_t base;			/* the version in force that it was checked against; 0: none was */
	/* out */
	int64_t version;
};

/**
 * Approve a waiting version. The same approver counts once.
 * @return BSG_E_NOT_FOUND, BSG_E_CONFLICT: not waiting, or no longer because another version came into force; err says which
 */
struct bsg_op_policy_approve {
	int64_t version;		/* 0: the one proposed by this batch */
	const char *approver;
	int64_t at;
	/* out */
	int64_t n_approvals;		/* by different approvers, this one included */
	int64_t approvals_needed;
};

/**
 * Put a waiting version in force; the one in force before is superseded, and so are all others that wait: they were checked
 * against what is no longer in force.
 *
 * @return BSG_E_NOT_FOUND
 * @return BSG_E_CONFLICT  as of BSG_OP_POLICY_APPROVE
 * @return BSG_E_DENIED    too few approvals
 */
struct bsg_op_policy_activate {
	int64_t version;		/* 0: the one proposed by this batch */
	int64_t at;
	/* out */
	int64_t activated;
};

/**
 * Ask for an exemption; it counts once another person has approved it.
 *
 * @return BSG_E_NOT_FOUND  the person is not known or has left, the device is not enrolled or not active
 * @return BSG_E_CONFLICT   the id exists, with other content
 */
struct bsg_op_exemption_add {
	const char *id;			/* new, 32 hex digits */
	const char *person, *device;	/* exactly one */
	int64_t functions;		/* bits of <bosaga/functions.h>, not 0 */
	int64_t from, until;		/* from < until, at < until */
	const char *reason;
	const char *author;
	int64_t at;
	/* out */
	char concerned[BSG_NAME_SIZE];	/* the person, or whose device it is */
};

/**
 * Approve an exemption as the second person: it counts from now on; marks the orders of the devices concerned as due.
 *
 * The same approver again is a repeat.
 *
 * @return BSG_E_NOT_FOUND  no such exemption; its person has left, its device is not active any more
 * @return BSG_E_DENIED     its author may not
 * @return BSG_E_CONFLICT   it has ended, is over, or somebody else has approved it
 * @return BSG_E_LIMIT      BSG_EXEMPTIONS_MAX that are approved and not over concern one device already
 */
struct bsg_op_exemption_approve {
	const char *id;
	const char *approver;
	int64_t at;
};

/**
 * End an exemption now, or withdraw one that waits; marks the orders of the devices concerned as due if it counted.
 *
 * Again, or when it is over: a repeat.
 *
 * @return BSG_E_NOT_FOUND
 */
struct bsg_op_exemption_end {
	const char *id;
	const char *by;
	int64_t at;
};

/** Keep the secrets of a place. The first ones stay: read them back after. */
struct bsg_op_place_secret_add {
	const char *place;
	const uint8_t *key;		/* BSG_PLACE_KEY_LEN */
	const uint8_t *day_root;	/* BSG_DAY_ROOT_LEN */
	int64_t at;
};

/**
 * Replace a device's orders, if nobody was faster.
 *
 * Read bsg_store_device(), compile, sign with serial + 1, put; on a conflict begin anew. Several threads or servers may do this at
 * once: a serial is used once, and orders made from outdated facts are never stored.
 *
 * @return BSG_E_NOT_FOUND
 * @return BSG_E_CONFLICT  the serial is no longer @expected_serial, or the device's `change` no longer @change
 * @return BSG_E_INVALID   serial <= expected_serial, or no due
 */
struct bsg_op_orders_put {
	const char *device;
	int64_t expected_serial;	/* bsg_device_rec.serial; 0: first orders */
	int64_t serial;
	int64_t change, policy;		/* what they were made from: bsg_device_rec.change, version in force */
	int64_t expires;
	int64_t issued;
	int64_t due_from, due;		/* when they are to be renewed, > 0: a time between the two that the device has already stays */
	const uint8_t *digest;
	const uint8_t *content;		/* SHA-256 of what they say, without keys and signature */
	struct bsg_bytes bytes;		/* signed */
};

/**
 * Leave a device the orders it has, as a newer policy says the same.
 *
 * If anything changed meanwhile, or the device is not known, nothing happens (`changed` is false): its orders are due anyway.
 */
struct bsg_op_orders_keep {
	const char *device;
	int64_t serial, change;		/* what was looked at */
	int64_t policy;			/* the version that says the same */
};

/**
 * Record that somebody passed a gate, and move the devices that go with them.
 *
 * Exactly one of badge, person and device is given; badge and person move all active carried devices of the person. A device moves
 * if the crossing is later than its last applied one (an `out` also in the same second); else it is stale: stored, nothing moves.
 * A crossing counts as no later than @received; a last one more than a minute later than that (the clock was
 * set back) holds nothing up.
 * Moving raises the presence's seq and marks the device's orders as due. The caller refuses times in the future.
 *
 * The id again with the same subject, place, gate, direction and time changes nothing and gives what the first one gave.
 *
 * @return BSG_E_NOT_FOUND  unknown badge, person who has left, device that is not active; nothing is stored
 * @return BSG_E_CONFLICT   the id with other content
 */
struct bsg_op_crossing_add {
	const char *id;			/* UUID, from the client or made by the server */
	const char *badge, *person, *device;
	const char *place, *gate;
	enum bsg_crossing_direction direction;
	int64_t at, received;
	bool at_unsaid;			/* at is only the moment of asking: the id again is the same whatever it is */
	const char *by;
	/* out */
	bool again;
	char moved_person[BSG_NAME_SIZE];
	unsigned n_devices;		/* 0: the person carries none */
	struct bsg_move_rec devices[BSG_CARRIED_MAX];
};

struct bsg_op_report {
	const uint8_t *id;		/* BSG_STORE_REPORT_ID_LEN */
	const char *kind;
	int64_t at;
	struct bsg_bytes body;		/* as it came */
};

/**
 * Take a batch of reports of one agent. Those whose id is known are skipped; the last of each kind is kept as the latest.
 *
 * The first instance seen is the device's own. Another instance, or a sequence not above the last one with a report that is not
 * known, is a second agent with the same key: the batch ends with BSG_E_CONFLICT, nothing of it is kept, but the device's conflict_at
 * is set (and that is committed).
 *
 * @return BSG_E_NOT_FOUND: no such device; BSG_E_CONFLICT as above
 */
struct bsg_op_reports {
	const char *device;
	const uint8_t *instance;	/* BSG_STORE_INSTANCE_LEN */
	int64_t sequence;		/* of the batch (or of its last report): grows within an instance */
	int64_t received;
	const struct bsg_op_report *reports;
	size_t n_reports;		/* 1..BSG_STORE_REPORTS_MAX */
	/* out */
	unsigned n_new;
};

/** Remember that a gate was given a credential. @return BSG_E_CONFLICT: the key has one with other content */
struct bsg_op_gate_credential_add {
	const char *place, *gate;
	const uint8_t *key_sha256;
	int64_t at, expires;
	const char *by;
};

/** Add a turnstile and its token. @return BSG_E_CONFLICT: the id or token exists */
struct bsg_op_turnstile_add {
	const char *id;			/* 32 hex digits */
	const uint8_t *token_sha256;
	const char *place, *gate;
	const char *address;		/* NULL: any */
	int64_t at;
};

/** @return BSG_E_NOT_FOUND */
struct bsg_op_turnstile_remove {
	const char *id;
};

/** Add an administrator. @return BSG_E_CONFLICT: the name is taken, with another role or unit */
struct bsg_op_admin_add {
	const char *name, *role;
	const char *unit;		/* NULL: all */
	int64_t at;
};

/** Remove an administrator with all tokens. @return BSG_E_NOT_FOUND */
struct bsg_op_admin_remove {
	const char *name;
};

/** Give an administrator a token. @return BSG_E_NOT_FOUND: no such administrator; BSG_E_CONFLICT: the id or token exists */
struct bsg_op_token_add {
	const char *id;			/* 32 hex digits */
	const uint8_t *sha256;
	const char *admin;
	int64_t at, expires;
};

/** @return BSG_E_NOT_FOUND */
struct bsg_op_token_revoke {
	const char *id;
	int64_t at;
};

/** Give a person a one-time code and link to the owner's page, in the place of any older ones. @return BSG_E_NOT_FOUND: no such person, or has left */
struct bsg_op_code_add {
	const char *person;
	const uint8_t *code_sha256;
	const uint8_t *link_sha256;
	int64_t at, expires;
};

/**
 * Use a code up, by badge and code or by link, and begin a session of the owner's page.
 *
 * Never an error: `changed` is false if the badge, the code or the link is unknown, used, over or closed after wrong tries, and
 * nothing tells which. A wrong code is counted; from the fifth on each closes the code for a time that doubles (V92).
 */
struct bsg_op_session_begin {
	const char *badge;		/* NULL: by link */
	const uint8_t *secret_sha256;	/* of the code, or of the link */
	const uint8_t *session_sha256;
	int64_t at, expires;
	/* out; to be told to the audit, whose entry may point to them: set them to "-" before */
	char person[BSG_NAME_SIZE];
	char actor[BSG_ACTOR_SIZE];	/* person:ID */
};

/** End a session; unknown or ended: a repeat. */
struct bsg_op_session_end {
	const uint8_t *session_sha256;
	int64_t at;
};

/** Append to the audit. Entries are never changed or removed. */
struct bsg_op_audit {
	int64_t at;
	const char *who, *action, *subject;
	const char *reason;		/* NULL: none */
	const char *detail;		/* JSON object; NULL: none */
	bool only_if_changed;		/* skip it when no operation before it in this batch changed anything (a repeat) */
	/* out */
	int64_t seq;			/* 0: skipped */
};

/** Forget what is older than the law allows; some at a time, so that nobody waits: repeat while `more`. */
struct bsg_op_retention {
	int64_t crossings_before;	/* by their `at`; 0: keep all */
	int64_t reports_before;		/* by `received`; the latest of each kind stays; 0: keep all */
	unsigned limit;			/* of each, at most; 0: 1000 */
	int64_t set_back;		/* owners' codes and sessions of later than this began only then, and live as long as they were to; 0: leave them */
	/* out */
	unsigned n_crossings, n_reports;
	bool more;
};

struct bsg_op {
	enum bsg_op_kind kind;
	bool changed;			/* out: something is different now */
	union {
		struct bsg_op_person_add person_add;
		struct bsg_op_person_leave person_leave;
		struct bsg_op_badge_add badge_add;
		struct bsg_op_badge_remove badge_remove;
		struct bsg_op_invitation_add invitation_add;
		struct bsg_op_enrol enrol;
		struct bsg_op_certificate_add certificate_add;
		struct bsg_op_certificate_revoke certificate_revoke;
		struct bsg_op_device_state device_state;
		struct bsg_op_device_carried device_carried;
		struct bsg_op_device_release device_release;
		struct bsg_op_policy_propose policy_propose;
		struct bsg_op_policy_approve policy_approve;
		struct bsg_op_policy_activate policy_activate;
		struct bsg_op_exemption_add exemption_add;
		struct bsg_op_exemption_approve exemption_approve;
		struct bsg_op_exemption_end exemption_end;
		struct bsg_op_place_secret_add place_secret_add;
		struct bsg_op_orders_put orders_put;
		struct bsg_op_orders_keep orders_keep;
		struct bsg_op_crossing_add crossing_add;
		struct bsg_op_reports reports;
		struct bsg_op_gate_credential_add gate_credential_add;
		struct bsg_op_turnstile_add turnstile_add;
		struct bsg_op_turnstile_remove turnstile_remove;
		struct bsg_op_admin_add admin_add;
		struct bsg_op_admin_remove admin_remove;
		struct bsg_op_token_add token_add;
		struct bsg_op_token_revoke token_revoke;
		struct bsg_op_apple_authenticate apple_authenticate;
		struct bsg_op_apple_token_update apple_token_update;
		struct bsg_op_apple_checkout apple_checkout;
		struct bsg_op_apple_step apple_step;
		struct bsg_op_apple_answer apple_answer;
		struct bsg_op_apple_pushed apple_pushed;
		struct bsg_op_code_add code_add;
		struct bsg_op_session_begin session_begin;
		struct bsg_op_session_end session_end;
		struct bsg_op_audit audit;
		struct bsg_op_retention retention;
	};
};

#endif
