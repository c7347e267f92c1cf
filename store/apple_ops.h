/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations on Apple devices; a part of store/ops.h, which says what holds for all.
 *
 * A phone without an agent is driven by the server: the server steps the decision for it, stores what the phone should restrict
 * together with the one command that gets it there, and hears by the phone's answers what became of it. Rules: docs/spec/apple.md,
 * A80-A99.
 *
 * For each device there is at most one command. A newer desired state replaces it in place, so that a phone never works through a
 * backlog. Every operation here finds one row by its key, whatever the number of devices.
 */
#ifndef BSG_STORE_APPLE_OPS_H
#define BSG_STORE_APPLE_OPS_H

#include "store/records.h"

#define BSG_UDID_SIZE 65		/* with the zero at the end, as in store/records.h */
#define BSG_APPLE_MODEL_SIZE 65
#define BSG_APPLE_TOPIC_SIZE 129
#define BSG_APPLE_MAGIC_SIZE 129
#define BSG_APPLE_ERROR_SIZE 301
#define BSG_APPLE_TOKEN_MAX 128		/* bytes of a push token; today's have 32 */

/* 0 is what may do least. */
enum bsg_apple_state {
	BSG_APPLE_NONE = 0,		/* never authenticated, or ended: checked out or enrolled anew as another device */
	BSG_APPLE_AUTHENTICATED,	/* not usable before its TokenUpdate */
	BSG_APPLE_USABLE
};

/* In the order in which one may follow another in one conversation, so that every conversation ends (A90). */
enum bsg_apple_command_kind {
	BSG_APPLE_NO_COMMAND = 0,
	BSG_APPLE_REMOVE,	/* RemoveProfile */
	BSG_APPLE_SETTINGS,	/* Settings: what must be switched off before the profile */
	BSG_APPLE_INSTALL,	/* InstallProfile; neutral content if nothing is desired */
	BSG_APPLE_VERIFY,	/* Restrictions */
	BSG_APPLE_VERIFY_LIST	/* ProfileList: for a client that answers Error to the other */
};

/* The command to put into an answer, and what its profile is made from. */
struct bsg_apple_command {
	enum bsg_apple_command_kind kind;	/* BSG_APPLE_NO_COMMAND: an empty answer */
	char uuid[BSG_UUID_SIZE];
	int64_t seq;				/* of the desired state that it serves */
	int64_t functions;			/* desired */
	int64_t until;				/* end of the lease on the phone; 0: none */
	uint8_t content[BSG_STORE_SHA256_LEN];
};

/**
 * Take a phone's Authenticate: bind it to the device whose certificate it has, and forget what we knew of it (A81-A84).
 *
 * The row is not usable before BSG_OP_APPLE_TOKEN_UPDATE. A phone that enrols anew came with a new invitation, so as a new device: its
 * older enrolment, if it still lives, is superseded. Then the older device is revoked, and the new one gets its
 * presence, its release and whether it is carried.
 *
 * @return BSG_E_NOT_FOUND  the certificate is not known
 * @return BSG_E_DENIED     it is another device's, or revoked; the device is not active; the device is another phone already; the
 *                          phone is an active device of another person
 */
struct bsg_op_apple_authenticate {
	const char *device;
	const uint8_t *certificate_sha256;	/* that the request came with */
	const char *udid;			/* or EnrollmentID */
	bool supervised;
	int64_t os_version;			/* 17.4 is 1704; 0: not said */
	const char *model, *product;		/* NULL: not said */
	int64_t at;
	/* out */
	char superseded[BSG_ID_SIZE];		/* the older device; "": none */
};

/**
 * Take a phone's TokenUpdate. The last one counts; the first one makes the enrolment usable and due for a step, each new token
 * makes a push due if a command is out.
 *
 * @return BSG_E_CONFLICT  no Authenticate came before
 * @return BSG_E_DENIED    the enrolment has ended
 */
struct bsg_op_apple_token_update {
	const char *device;
	struct bsg_bytes token;			/* 1..BSG_APPLE_TOKEN_MAX */
	const char *push_magic, *topic;
	int64_t at;
};

/**
 * Take a phone's CheckOut: its profiles are gone, so nothing is desired, out or verified any more. An active device is leaving
 * then, as by BSG_OP_DEVICE_STATE: its exemptions end, its orders are due.
 *
 * @return BSG_E_CONFLICT  no Authenticate came before
 */
struct bsg_op_apple_checkout {
	const char *device;
	int64_t at;
};

/**
 * Store a step of the decision, if nothing has happened to the device since it was read (A86-A88).
 *
 * Read bsg_store_apple(), step, store; on a conflict begin anew. With @desire it replaces the desired state and the command; without it
 * only state and next change. In one batch with the BSG_OP_ORDERS_PUT that the step was made under, the device's orders stay due
 * until both are stored.
 *
 * A command of BSG_APPLE_NO_COMMAND says that the phone has what is desired: it counts as verified. That is so if it was told nothing
 * since it was verified (offered_seq <= verified_seq), was then as desired (n_errors 0), `verified` is what is desired, and @until is
 * not after verified_until.
 *
 * @return BSG_E_NOT_FOUND  no such enrolment
 * @return BSG_E_DENIED     it has ended
 * @return BSG_E_CONFLICT   its version is no longer @version
 * @return BSG_E_INVALID    BSG_APPLE_NO_COMMAND, but the phone is not known to have it
 */
struct bsg_op_apple_step {
	const char *device;
	int64_t version;			/* bsg_apple_rec.version */
	struct bsg_bytes state;			/* 1..BSG_STATE_BYTES_MAX: as core encodes it */
	int64_t next;				/* 0: not by time */
	int64_t at;
	bool desire;				/* the rest counts */
	int64_t functions;			/* bits of <bosaga/functions.h>; 0: nothing */
	const uint8_t *content;			/* SHA-256 of what the profile says; NULL: 0 functions need none */
	int64_t until;				/* end of the lease on the phone; 0 with 0 functions */
	int64_t crossing_at;			/* of the crossing that this answers; 0: none */
	enum bsg_apple_command_kind command;
	const char *uuid;			/* of the command; NULL: none */
	bool push;				/* wake the phone: a push is due now, until the command is done */
};

enum bsg_apple_answer {
	BSG_APPLE_IDLE = 0,
	BSG_APPLE_ACKNOWLEDGED,		/* of remove or install; a verification follows. Of settings: install does */
	BSG_APPLE_VERIFIED,		/* Acknowledged of verify or verify_list, with content; nothing follows */
	BSG_APPLE_ERROR,		/* also CommandFormatError, and content that says nothing */
	BSG_APPLE_NOT_NOW
};

/**
 * Take what a phone said of a command, and give the next one (A89-A94).
 *
 * The uuid is compared: an answer to a command that is no longer out counts as Idle. Idle gives the command that is out and marks it
 * as offered; NotNow keeps it and gives none. An Idle that gives nothing, a command offered before, and a second NotNow write
 * nothing: whoever has read bsg_store_apple_by_certificate() need not ask for them.
 *
 * @return BSG_E_CONFLICT  no Authenticate or TokenUpdate came before
 * @return BSG_E_DENIED    the enrolment has ended
 * @return BSG_E_INVALID   no such answer to a command of this kind, or a follower that is not later in the list of kinds
 */
struct bsg_op_apple_answer {
	const char *device;
	enum bsg_apple_answer answer;
	const char *uuid;			/* NULL with Idle */
	enum bsg_apple_command_kind follow;	/* what takes the command's place, for the same desired state */
	const char *follow_uuid;		/* NULL: nothing follows */
	int64_t functions;			/* with _VERIFIED: what the phone says that it restricts */
	int64_t settings_done;			/* of settings: what it says that it has set; else not looked at */
	const char *error;			/* with _ERROR; cut it to BSG_APPLE_ERROR_SIZE */
	int64_t next;				/* step at this time, if not earlier anyway; 0: as it is */
	int64_t at;
	/* out */
	bool known;				/* the uuid was that of the command that was out */
	struct bsg_apple_command command;	/* to answer with; it counts as offered */
};

enum bsg_apple_push_result { BSG_APPLE_PUSH_SENT = 1, BSG_APPLE_PUSH_FAILED, BSG_APPLE_PUSH_UNREGISTERED };

/**
 * Record what became of a push (A95). If the phone has another token or another desired state by now, nothing happens: its push is due.
 */
struct bsg_op_apple_pushed {
	const char *device;
	int64_t seq;				/* bsg_apple_push_rec.seq */
	struct bsg_bytes token;			/* that it was sent to */
	enum bsg_apple_push_result result;	/* UNREGISTERED: the token is forgotten, there are no pushes until the next one */
	int64_t again;				/* when to push next, if the command is still out then; not 0 */
};

#endif
