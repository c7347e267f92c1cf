/* SPDX-License-Identifier: Apache-2.0 */
/* docs/api/openapi.yaml, built into the program. */
#ifndef BSG_SERVER_OPENAPI_H
#define BSG_SERVER_OPENAPI_H

extern const unsigned char bsg_openapi[];
extern const unsigned long bsg_openapi_len;	/* bytes */

#endif
