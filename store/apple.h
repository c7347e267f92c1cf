/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of Apple devices: the record and its reads. As in store/read.h; rules: docs/spec/apple.md, A80-A99. */
#ifndef BSG_STORE_APPLE_H
#define BSG_STORE_APPLE_H

#include "store/apple_ops.h"
#include "store/read.h"

/* All of one enrolment but the decision's state. */
struct bsg_apple_rec {
	char device[BSG_ID_SIZE];
	char person[BSG_NAME_SIZE];
	char unit[BSG_NAME_SIZE];		/* the person's */
	char kind[BSG_NAME_SIZE];		/* ios-device, ios-supervised, ... */
	enum bsg_device_state device_state;
	int64_t certificate_expires, certificate_revoked;	/* of the one asked by; else 0 */

	enum bsg_apple_state state;
	char udid[BSG_UDID_SIZE];		/* or EnrollmentID; "": never authenticated */
	bool supervised;
	int64_t os_version;			/* 17.4 is 1704; 0: not said */
	char model[BSG_APPLE_MODEL_SIZE], product[BSG_APPLE_MODEL_SIZE];
	int64_t authenticated;			/* the last Authenticate */
	int64_t ended;				/* checked out or superseded; 0: not */
	char topic[BSG_APPLE_TOPIC_SIZE];
	int64_t token_len;			/* 0: it cannot be woken */
	int64_t token_at;			/* the last TokenUpdate */

	int64_t version;			/* grows with everything that a step depends on */
	int64_t next;				/* to be stepped then; 0: not by time */

	/* What it should restrict. */
	int64_t desired;			/* functions */
	uint8_t content[BSG_STORE_SHA256_LEN];
	int64_t desired_until;			/* end of the lease on the phone; 0: none */
	int64_t desired_seq;			/* grows with each desired state */
	int64_t desired_at;			/* 0: nothing was since the last Authenticate */
	int64_t crossing_at;			/* of the crossing that it answers: time to restrict and to lift begin there; 0: none */

	/* How far that has come. */
	enum bsg_apple_command_kind command;	/* that is out */
	char uuid[BSG_UUID_SIZE];
	int64_t offered_at;			/* first given to the phone; 0: not yet */
	int64_t offered_seq;			/* the last for which the phone was told to change something */
	int64_t not_now_at;			/* first answered with NotNow: the phone is locked; 0: not */
	int64_t acknowledged_seq, acknowledged_at;
	int64_t settings_done;			/* what the phone said it has set before the profile of this desired state; bits of apple/command.h */

	/*
	 * What is known of the phone: `verified` is restricted for certain while now < verified_until; after it the phone is unverified. A
	 * command that is offered takes away what it may lift. The desired state was reached when verified_seq == desired_seq and
	 * verified == desired, at verified_at.
	 */
	int64_t verified;
	int64_t verified_until;
	int64_t verified_seq, verified_at;

	char last_error[BSG_APPLE_ERROR_SIZE];	/* since it was last verified as desired; "": none */
	int64_t error_at;
	int64_t n_errors;			/* as last_error; also verifications that found something else */
	int64_t push_at;			/* a push is due then; 0: none */
	int64_t push_failures;			/* one after another */
};

/* A push that is due, and what it needs. */
struct bsg_apple_push_rec {
	char device[BSG_ID_SIZE];
	int64_t seq;				/* give it back with BSG_OP_APPLE_PUSHED */
	uint8_t token[BSG_APPLE_TOKEN_MAX];
	int64_t token_len;
	char push_magic[BSG_APPLE_MAGIC_SIZE];
	char topic[BSG_APPLE_TOPIC_SIZE];
	int64_t desired, desired_until, desired_at;	/* 0 functions: it lifts, and may wait for days; else it is of use up to `until` */
	int64_t failures;
	int64_t push_at;			/* since when it is due */
};

/* A device whose time to be stepped has come. */
struct bsg_apple_due_rec {
	char device[BSG_ID_SIZE];
	int64_t next;
};

/**
 * Read one enrolment, at one moment: before a step. BSG_E_NOT_FOUND: never authenticated.
 *
 * @param state  as core encodes it, empty before the first step; to be freed; may be NULL
 */
enum bsg_err bsg_store_apple(struct bsg_store *store, const char *device, struct bsg_apple_rec *out,
			     struct bsg_store_blob *state, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Find whose certificate this is and all that a request of a phone needs: the one look-up of each request.
 *
 * BSG_E_NOT_FOUND: no such certificate. Before its Authenticate a device has udid "". Of the person and the device only the device's id
 * and kind are looked up: the rest is "", and device_state BSG_DEVICE_REVOKED whatever it is, so that nobody decides by it. The caller
 * checks that the certificate is neither expired nor revoked, and that the udid is the request's.
 */
enum bsg_err bsg_store_apple_by_certificate(struct bsg_store *store, const uint8_t sha256[BSG_STORE_SHA256_LEN],
					    struct bsg_apple_rec *out, struct bsg_error *err) BSG_MUST_CHECK;

/** List enrolments by device, also ended ones. */
enum bsg_err bsg_store_apples(struct bsg_store *store, const char *unit, struct bsg_page *page, struct bsg_apple_rec *out,
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * List devices whose `next` is not after @now, the longest due first.
 *
 * Step each page before asking for the next: those that could not be stepped are then behind the cursor, and hide nobody.
 */
enum bsg_err bsg_store_apple_due(struct bsg_store *store, int64_t now, struct bsg_page *page, struct bsg_apple_due_rec *out,
				 struct bsg_error *err) BSG_MUST_CHECK;

/**
 * List pushes that are due at @now, the longest due first; also those that a crash left between commit and push.
 *
 * Each stays due until BSG_OP_APPLE_PUSHED; pages as of bsg_store_apple_due().
 */
enum bsg_err bsg_store_apple_pushes(struct bsg_store *store, int64_t now, struct bsg_page *page, struct bsg_apple_push_rec *out,
				    struct bsg_error *err) BSG_MUST_CHECK;

#endif
