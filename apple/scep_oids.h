/* SPDX-License-Identifier: Apache-2.0 */
/* Signed attributes of SCEP (RFC 8894 section 3.2.1), for the files of apple/ alone. */
#ifndef BSG_APPLE_SCEP_OIDS_H
#define BSG_APPLE_SCEP_OIDS_H

#define SCEP_TYPE "2.16.840.1.113733.1.9.2"
#define SCEP_STATUS "2.16.840.1.113733.1.9.3"
#define SCEP_FAIL "2.16.840.1.113733.1.9.4"
#define SCEP_SENDER_NONCE "2.16.840.1.113733.1.9.5"
#define SCEP_RECIPIENT_NONCE "2.16.840.1.113733.1.9.6"
#define SCEP_TRANSACTION "2.16.840.1.113733.1.9.7"

#define SCEP_NONCE_LEN 16	/* of the nonces that we make */

#endif
