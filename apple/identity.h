/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends a request to /mdm/...: by client certificate or by Mdm-Signature. Rules A100 to A104 of docs/spec/apple.md. */
#ifndef BSG_APPLE_IDENTITY_H
#define BSG_APPLE_IDENTITY_H

#include "apple/sender.h"
#include "apple/service.h"

/* Whose certificate a request came with, as it was when it was read. */
struct bsg_apple_identity {
	struct bsg_apple_rec rec;
	uint8_t certificate_sha256[BSG_STORE_SHA256_LEN];
	char actor[BSG_ACTOR_SIZE];	/* for the audit: `device:ID` */
};

/**
 * Find out whose request this is: by the certificate of TLS or of Client-Cert, without one by Mdm-Signature over the whole body.
 *
 * A certificate that is unknown, expired or itself revoked, and a signature that does not hold, are refused. A *device* that is revoked,
 * leaving, checked out or superseded passes, because it still has to fetch its lift, renew its token and check out: whoever gives it more
 * looks at rec.state, or leaves it to an operation of the store, which looks at the device too. Its body is not looked at: see
 * bsg_apple_is_from().
 *
 * @return false after answering: 400, or 503 where nobody could be asked. Blocks for one look-up; costs one RSA verification by signature
 */
bool bsg_apple_identify(struct bsg_apple *apple, struct bsg_http_exchange *x, struct bsg_apple_identity *out);

/**
 * Check that a message is from the phone that its certificate was bound to by Authenticate. Not for Authenticate itself.
 *
 * @return false after answering 400: another phone's UDID or EnrollmentID, none, or no Authenticate came before
 */
bool bsg_apple_is_from(struct bsg_apple *apple, struct bsg_http_exchange *x, const struct bsg_apple_identity *identity,
		       const struct bsg_apple_sender *sender);

/** Answer 400 `code` and count it; the reason goes to the phone and to the log, so no secret in it. @param fmt  what, and what to do */
void bsg_apple_refuse(struct bsg_apple *apple, struct bsg_http_exchange *x, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * Answer what an operation or a decoder came to: 400 where it is the phone's doing (INVALID, LIMIT, DENIED, NOT_FOUND, CONFLICT, CRYPTO),
 * never 401, 403, 404 or 409, which a phone may take for the end of its enrolment; else as bsg_http_fail().
 */
void bsg_apple_fail(struct bsg_apple *apple, struct bsg_http_exchange *x, enum bsg_err code, const struct bsg_error *err);

/** Answer 200 with an empty body. */
void bsg_apple_done(struct bsg_http_exchange *x);

#endif
