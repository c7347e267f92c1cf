/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enrolment profile: what a person installs so that the server may manage the phone. Rules A23..A25 of docs/spec/apple.md.
 *
 * Topic, ServerURL and CheckInURL can never change on an enrolled device, and rights can never be added.
 */
#ifndef BSG_APPLE_ENROLMENT_H
#define BSG_APPLE_ENROLMENT_H

#include "apple/payload.h"

#define BSG_ENROLMENT_ROOTS_MAX 4
#define BSG_ENROLMENT_TEXT_MAX 255
#define BSG_ENROLMENT_ROOT_MAX 16384	/* bytes of a certificate */

/* AccessRights of com.apple.mdm. Those that could erase or lock a phone or list its apps have no name here. */
#define BSG_RIGHT_SEE_PROFILES 1
#define BSG_RIGHT_CHANGE_PROFILES 2
#define BSG_RIGHT_DEVICE_INFORMATION 16
#define BSG_RIGHT_NETWORK_INFORMATION 32
#define BSG_RIGHT_RESTRICTIONS 512
#define BSG_RIGHT_SECURITY 1024
#define BSG_RIGHT_SETTINGS 2048
#define BSG_RIGHTS_PRIVATE (BSG_RIGHT_SEE_PROFILES | BSG_RIGHT_CHANGE_PROFILES | BSG_RIGHT_DEVICE_INFORMATION | \
			    BSG_RIGHT_RESTRICTIONS | BSG_RIGHT_SECURITY)
#define BSG_RIGHTS_SUPERVISED (BSG_RIGHTS_PRIVATE | BSG_RIGHT_NETWORK_INFORMATION | BSG_RIGHT_SETTINGS)

struct bsg_enrolment {
	enum bsg_apple_kind kind;	/* BSG_IOS_DEVICE or BSG_IOS_SUPERVISED */
	enum bsg_profile_language language;
	const char *deployment;		/* see bsg_payload_id() */
	uint8_t seed[BSG_SEED_LEN];	/* random, of this invitation: opened again it gives the same bytes */
	const char *organisation;	/* shown; 1..BSG_ORGANISATION_MAX bytes */
	const struct bsg_bytes *roots;	/* DER, when our CA is private */
	size_t n_roots;			/* at most BSG_ENROLMENT_ROOTS_MAX */
	const char *scep_url;		/* https or http: SCEP protects itself, a closed network may have no certificate yet */
	const char *scep_name;		/* which CA; may be NULL */
	const char *challenge;		/* single-use */
	const char *common_name;	/* of the device's certificate */
	struct bsg_bytes ca_fingerprint;	/* of the SCEP CA's certificate: SHA-1 (20 bytes) or SHA-256 (32); may be empty */
	const char *topic;		/* com.apple.mgmt... */
	const char *server_url, *checkin_url;	/* https */
};

/**
 * Append the enrolment profile, XML and not signed, to @out. It holds the challenge: a secret until it is used.
 *
 * @return BSG_OK, BSG_E_INVALID (a member breaks what is said beside it), BSG_E_DENIED (a kind that is not enrolled by a profile),
 *         BSG_E_LIMIT, BSG_E_CRYPTO, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_enrolment_profile(const struct bsg_enrolment *enrolment, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
