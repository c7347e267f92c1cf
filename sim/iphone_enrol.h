/* SPDX-License-Identifier: Apache-2.0 */
/* How a simulated iPhone is enrolled: it reads the profile of an invitation and gets its certificate by SCEP. */
#ifndef BSG_SIM_IPHONE_ENROL_H
#define BSG_SIM_IPHONE_ENROL_H

#include <stdbool.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "crypto/rsa.h"
#include "http/client.h"

#define BSG_IPHONE_PLACE_SIZE 512	/* a URL */

/* What an enrolment profile says. */
struct bsg_iphone_enrolment {
	char scep_url[BSG_IPHONE_PLACE_SIZE], challenge[256];
	uint8_t ca_sha256[32];
	char server_url[BSG_IPHONE_PLACE_SIZE], checkin_url[BSG_IPHONE_PLACE_SIZE], topic[256];
	struct bsg_buf root;		/* DER of the last root certificate in it; empty: none */
};

/**
 * Read an enrolment profile, plain or signed.
 *
 * @param out  bsg_iphone_enrolment_clear() on success
 * @return BSG_OK, BSG_E_INVALID (no profile, or something that it needs is missing: the text says what), BSG_E_LIMIT (a text or
 *         a certificate that is longer than its place), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_iphone_enrolment_read(struct bsg_bytes profile, struct bsg_iphone_enrolment *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Wipe and free. */
void bsg_iphone_enrolment_clear(struct bsg_iphone_enrolment *enrolment);

/**
 * Get a certificate: GetCACaps, GetCACert, whose fingerprint has to be the profile's, and PKIOperation. Blocks on the network.
 *
 * @param client       trusts the server; sends no certificate
 * @param name         the certificate that is asked for; only a hint
 * @param certificate  DER, appended
 * @return BSG_OK, BSG_E_DENIED (the server refused), BSG_E_CRYPTO (another CA, or an answer not from it), BSG_E_UNAVAILABLE,
 *         BSG_E_INVALID
 */
enum bsg_err bsg_iphone_scep(struct bsg_http_client *client, const struct bsg_iphone_enrolment *enrolment, const struct bsg_rsa_key *key,
			     const char *name, struct bsg_buf *certificate, struct bsg_error *err) BSG_MUST_CHECK;

#endif
