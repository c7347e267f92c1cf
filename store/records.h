/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reads give and what operations take: sizes, names of states, records.
 *
 * Records own nothing: all texts are inside, ending in zero, "" where there is none. Longer texts are refused when they are
 * written (BSG_E_LIMIT), so a record never holds a piece of one.
 */
#ifndef BSG_STORE_RECORDS_H
#define BSG_STORE_RECORDS_H

#include "base/id.h"
#include "store/store.h"

/* Bytes with the zero at the end. Ids of devices and tokens: BSG_ID_SIZE, identifiers: BSG_NAME_SIZE (base/id.h). */
#define BSG_FULL_NAME_SIZE 241
#define BSG_BADGE_SIZE 65
#define BSG_ADDRESS_SIZE 65
#define BSG_ACTOR_SIZE 81		/* `admin:NAME`, `socket`, `device:ID`, `turnstile:ID`, `person:ID`, `server` */
#define BSG_REASON_SIZE 513
#define BSG_DETAIL_SIZE 2049
#define BSG_CURSOR_SIZE 97		/* opaque; letters, digits, `.`, `_`, `:`, `-` */

#define BSG_STORE_REPORT_ID_LEN 16
#define BSG_STORE_INSTANCE_LEN 16
#define BSG_PLACE_KEY_LEN 32
#define BSG_DAY_ROOT_LEN 32

#define BSG_CARRIED_MAX 8		/* devices that one person carries */
#define BSG_STORE_REPORTS_MAX 64
#define BSG_STORE_CLOCK_STEP_S 60		/* a clock set back by more is believed; moments after that do not count */
#define BSG_STORE_LIST_MAX 1000		/* records of one page */
#define BSG_STORE_ORDERS_MAX (64 * 1024)	/* signed orders with certificates */
#define BSG_STORE_REPORT_BYTES_MAX (64 * 1024)
#define BSG_STORE_DOCUMENT_BYTES_MAX (8 * 1024 * 1024)

enum bsg_person_state { BSG_PERSON_LEFT = 0, BSG_PERSON_ACTIVE };

/* 0 is what may do least. A state only ever moves towards it. */
enum bsg_device_state { BSG_DEVICE_REVOKED = 0, BSG_DEVICE_LEAVING, BSG_DEVICE_ACTIVE };

enum bsg_policy_state { BSG_POLICY_SUPERSEDED = 0, BSG_POLICY_PROPOSED, BSG_POLICY_ACTIVE };

enum bsg_crossing_direction { BSG_CROSSING_NONE = 0, BSG_CROSSING_IN, BSG_CROSSING_OUT };

struct bsg_person_rec {
	char id[BSG_NAME_SIZE];
	char name[BSG_FULL_NAME_SIZE];
	char unit[BSG_NAME_SIZE];
	char lang[3];
	enum bsg_person_state state;
	int64_t created, left;
};

struct bsg_badge_rec {
	char number[BSG_BADGE_SIZE];
	char person[BSG_NAME_SIZE];
	int64_t since;
};

struct bsg_invitation_rec {
	char person[BSG_NAME_SIZE];
	char kind[BSG_NAME_SIZE];
	int64_t created, expires;
	int64_t consumed;			/* 0: still open */
	char device[BSG_ID_SIZE];	/* what it was consumed for */
	uint8_t key_sha256[BSG_STORE_SHA256_LEN];	/* of the public key that consumed it */
};

/* The last crossing that moved a device. seq 0: none yet. */
struct bsg_presence_rec {
	int64_t seq;			/* grows by one with each applied crossing of this device */
	char place[BSG_NAME_SIZE];
	char gate[BSG_NAME_SIZE];
	enum bsg_crossing_direction direction;
	int64_t at;			/* the crossing's time */
};

struct bsg_device_rec {
	char id[BSG_ID_SIZE];
	char person[BSG_NAME_SIZE];
	char unit[BSG_NAME_SIZE];		/* the person's */
	char kind[BSG_NAME_SIZE];
	char class_name[BSG_NAME_SIZE];	/* attested, managed, claimed */
	enum bsg_device_state state;
	bool carried;
	int64_t enrolled, ended;	/* ended: left `active` at */
	int64_t release_at;		/* 0: never released */
	char release_reason[BSG_REASON_SIZE];
	int64_t conflict_at;		/* last time that two agents with its key were seen; 0: never */
	struct bsg_presence_rec presence;
	int64_t change;			/* grows with everything that orders depend on, except the policy */
	int64_t certificate_expires;	/* of its newest certificate that is not revoked; 0: none */
	/* The newest orders; serial 0: none yet. */
	int64_t serial, orders_expire, orders_policy;
};

struct bsg_certificate_rec {
	char device[BSG_ID_SIZE];
	char person[BSG_NAME_SIZE];
	enum bsg_device_state device_state;	/* not active: it may only fetch its discharge */
	int64_t created, expires;
	int64_t revoked;		/* this certificate alone; 0: not */
};

struct bsg_policy_rec {
	int64_t version;		/* from 1, grows; a policy's id in the API */
	enum bsg_policy_state state;
	char author[BSG_ACTOR_SIZE];
	uint8_t digest[BSG_STORE_SHA256_LEN];	/* of the document */
	int64_t created, activated;
	int64_t n_people;		/* how many people it concerned when it was proposed */
	int64_t approvals_needed;
	int64_t n_approvals;		/* by different approvers */
	int64_t base;			/* the version in force that it was checked against; 0: none was; -1: not known */
};

struct bsg_exemption_rec {
	char id[BSG_ID_SIZE];
	char person[BSG_NAME_SIZE];	/* whom it concerns, also when it is for one device */
	char unit[BSG_NAME_SIZE];		/* the person's */
	char device[BSG_ID_SIZE];	/* "": all devices of the person */
	int64_t functions;		/* bits of <bosaga/functions.h> */
	int64_t from, until;
	char reason[BSG_REASON_SIZE];
	char author[BSG_ACTOR_SIZE];
	int64_t created;
	char approver[BSG_ACTOR_SIZE];	/* another person than the author; "": it waits */
	int64_t approved;
	int64_t ended;			/* before its time, or withdrawn; 0: not */
	char ended_by[BSG_ACTOR_SIZE];	/* "" also when its person left or its device ended */
};

/* What orders need of an exemption. */
struct bsg_exempt_rec {
	int64_t functions, from, until;
};

struct bsg_approval_rec {
	char approver[BSG_ACTOR_SIZE];
	int64_t at;
};

/* What the pseudonyms and exit codes of a place are derived from. Secret: wipe it after use, never print it. */
struct bsg_place_secret_rec {
	uint8_t key[BSG_PLACE_KEY_LEN];
	uint8_t day_root[BSG_DAY_ROOT_LEN];
	int64_t created;
};

struct bsg_orders_rec {
	int64_t serial;			/* 0: none yet */
	int64_t expires;
	int64_t change, policy;		/* what they were made from, or (policy) looked at again */
	uint8_t digest[BSG_STORE_SHA256_LEN];
	int64_t issued;
	int64_t due;			/* to be renewed then; 0: something changed */
	uint8_t content[BSG_STORE_SHA256_LEN];	/* of what they say, without keys and signature */
};

/* A device whose orders must be made anew. */
struct bsg_due_rec {
	char device[BSG_ID_SIZE];
	enum bsg_device_state state;
};

struct bsg_crossing_rec {
	char id[BSG_UUID_SIZE];
	char person[BSG_NAME_SIZE];
	char device[BSG_ID_SIZE];	/* the only or first of its devices; "" if the person carries none */
	char place[BSG_NAME_SIZE];
	char gate[BSG_NAME_SIZE];
	enum bsg_crossing_direction direction;
	int64_t at, received;
	char by[BSG_ACTOR_SIZE];
	int64_t n_devices;
	bool applied;			/* it moved at least one device */
};

/* What one crossing did to one device. */
struct bsg_move_rec {
	char device[BSG_ID_SIZE];
	bool applied;			/* false: stale, older than the last one applied */
	int64_t seq;			/* the presence it made; 0 if stale */
};

/* Somebody who is in. */
struct bsg_present_rec {
	char device[BSG_ID_SIZE];
	char person[BSG_NAME_SIZE];
	struct bsg_presence_rec presence;
};

struct bsg_report_rec {
	char device[BSG_ID_SIZE];
	uint8_t id[BSG_STORE_REPORT_ID_LEN];
	char kind[BSG_NAME_SIZE];
	int64_t sequence;
	int64_t at, received;		/* at: by the device's clock */
};

struct bsg_gate_credential_rec {
	char place[BSG_NAME_SIZE];
	char gate[BSG_NAME_SIZE];
	uint8_t key_sha256[BSG_STORE_SHA256_LEN];	/* of the gate's public key */
	int64_t issued, expires;
	char by[BSG_ACTOR_SIZE];
};

/* A session of the owner's page, with who it is now. It holds while ended is 0, now < expires and the person has not left. */
struct bsg_session_rec {
	char person[BSG_NAME_SIZE];
	char name[BSG_FULL_NAME_SIZE];
	char lang[3];
	enum bsg_person_state state;
	int64_t created, expires;
	int64_t ended;			/* 0: not */
};

struct bsg_turnstile_rec {
	char id[BSG_ID_SIZE];
	char place[BSG_NAME_SIZE];
	char gate[BSG_NAME_SIZE];
	char address[BSG_ADDRESS_SIZE];	/* the only one that may use the token; "": any */
	int64_t created;
};

struct bsg_admin_rec {
	char name[BSG_NAME_SIZE];
	char role[BSG_NAME_SIZE];
	char unit[BSG_NAME_SIZE];		/* "": all */
	int64_t created;
};

struct bsg_token_rec {
	char id[BSG_ID_SIZE];
	char admin[BSG_NAME_SIZE];
	char role[BSG_NAME_SIZE];		/* the administrator's, now */
	char unit[BSG_NAME_SIZE];
	int64_t created, expires;
	int64_t revoked;		/* 0: not */
};

/*
 * hash = SHA-256(prev || seq, at as 8 bytes big endian || who, action, subject, reason, detail, each as its length in 4 bytes big
 * endian and its bytes); prev of the first entry is 32 zero bytes.
 */
struct bsg_audit_rec {
	int64_t seq;			/* from 1, without gaps */
	int64_t at;
	char who[BSG_ACTOR_SIZE];
	char action[BSG_NAME_SIZE];
	char subject[BSG_ACTOR_SIZE];
	char reason[BSG_REASON_SIZE];
	char detail[BSG_DETAIL_SIZE];
	uint8_t hash[BSG_STORE_SHA256_LEN];
};

struct bsg_counts_rec {
	int64_t people;			/* active */
	int64_t devices;		/* active */
	int64_t present;		/* devices that are in */
	int64_t policies_proposed;
	int64_t orders_due;		/* marked as to be made anew, without those a new policy concerns */
};

#endif
