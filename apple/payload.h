/* SPDX-License-Identifier: Apache-2.0 */
/* What every profile and payload begins with, and the UUIDs in them. Rules A23, A24 of docs/spec/apple.md. */
#ifndef BSG_APPLE_PAYLOAD_H
#define BSG_APPLE_PAYLOAD_H

#include "apple/plist_write.h"

#define BSG_SEED_LEN 16
#define BSG_PAYLOAD_UUID_SIZE 37
#define BSG_DEPLOYMENT_MAX 100		/* bytes of a deployment's name */
#define BSG_PAYLOAD_ID_SIZE 128
#define BSG_PROFILE_MAX (128u << 10)	/* bytes of a profile: in base64 it still fits a command */
#define BSG_ORGANISATION_MAX 240

/* In which language a profile speaks; its consent is always in all three. */
enum bsg_profile_language { BSG_PROFILE_KK = 0, BSG_PROFILE_RU, BSG_PROFILE_EN };
#define BSG_PROFILE_LANGUAGES 3

/* Kinds of Apple enrolment, as in policy/coverage.json. */
enum bsg_apple_kind {
	BSG_IOS_DEVICE = 0,	/* a private phone: the device enrolled, not supervised */
	BSG_IOS_USER,		/* User Enrollment */
	BSG_IOS_SUPERVISED,	/* owned by the ministry */
	BSG_WATCH_APPLE,
};
#define BSG_APPLE_KINDS 4

/** Read a kind's id, such as `ios-device`. @return false, *out BSG_IOS_USER, which can do least: not one of Apple's */
bool bsg_apple_kind_parse(const char *id, enum bsg_apple_kind *out);

/**
 * Derive a UUID from a seed and a label: equal inputs give equal UUIDs (RFC 9562, version 8), in capitals as Apple writes them.
 *
 * @return BSG_OK, BSG_E_CRYPTO (out of memory inside)
 */
enum bsg_err bsg_payload_uuid(const uint8_t seed[static BSG_SEED_LEN], const char *label, char out[static BSG_PAYLOAD_UUID_SIZE],
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Write "@deployment.@suffix" into @out.
 *
 * @param deployment  reverse-DNS name, 1..BSG_DEPLOYMENT_MAX of lower-case letters, digits, `-` and single dots inside; it must
 *                    never change: a device knows profiles by it
 * @return BSG_OK, BSG_E_INVALID
 */
enum bsg_err bsg_payload_id(const char *deployment, const char *suffix, char out[static BSG_PAYLOAD_ID_SIZE],
			    struct bsg_error *err) BSG_MUST_CHECK;

struct bsg_payload_head {
	const char *type;		/* PayloadType */
	const char *deployment, *suffix;	/* of the identifier; the suffix is also the label of the UUID */
	const uint8_t *seed;		/* BSG_SEED_LEN bytes */
	const char *name;		/* PayloadDisplayName */
	const char *description;	/* may be NULL */
	const char *organisation;	/* may be NULL */
};

/**
 * Put the keys that profiles and payloads have in common into the open dictionary.
 *
 * @return BSG_OK, BSG_E_INVALID, BSG_E_CRYPTO, BSG_E_BUG (a type on the never-touch list)
 */
enum bsg_err bsg_payload_put_head(struct bsg_plist_writer *w, const struct bsg_payload_head *head, struct bsg_error *err)
	BSG_MUST_CHECK;

/** Say why a payload type or key may never be in anything that we send (A25). @return a static text; NULL: it may */
const char *bsg_apple_never(const char *name);

/** Free a half-written profile and return @rc: for the paths that do not come to bsg_plist_finish(). */
enum bsg_err bsg_payload_abandon(struct bsg_plist_writer *w, enum bsg_err rc) BSG_MUST_CHECK;

#endif
