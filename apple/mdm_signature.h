/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header Mdm-Signature: how an Apple device says who it is where its TLS certificate does
 * not reach us, as behind a proxy. Rule A56 of docs/spec/apple.md. Safe from any thread.
 */
#ifndef BSG_APPLE_MDM_SIGNATURE_H
#define BSG_APPLE_MDM_SIGNATURE_H

#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"

#define BSG_MDM_SIGNATURE_MAX 8192	/* characters of the header's value */
#define BSG_MDM_SIGNATURE_S (INT64_C(10) * 60)	/* how far its signingTime may be from ours */

/**
 * Verify that the holder of a certificate of ours signed exactly this body, just now.
 *
 * Whose certificate it is, whether it is revoked, and whether the body names the same device
 * are for the caller. The same header with the same body passes again until its time is over.
 *
 * @param header       the value, @len characters; NULL is as an empty one
 * @param body         the request's, whole
 * @param apple_ca     BSG_KEYRING_APPLE_CA
 * @param now          Unix seconds
 * @param certificate  the signer's, DER, appended
 *
 * @return BSG_OK, BSG_E_LIMIT, BSG_E_INVALID (no base64, no detached SignedData of one signer, no
 *         signingTime), BSG_E_DENIED (an algorithm), BSG_E_CRYPTO (the signature does not hold, not our
 *         certificate, the certificate has ended, signed too long ago or ahead), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_mdm_signature_verify(const char *header, size_t len, struct bsg_bytes body, struct bsg_bytes apple_ca,
				      int64_t now, struct bsg_buf *certificate, struct bsg_error *err) BSG_MUST_CHECK;

#endif
