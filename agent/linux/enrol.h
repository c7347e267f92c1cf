/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming a device of a server, renewing the certificate, and leaving. */
#ifndef BSG_AGENT_ENROL_H
#define BSG_AGENT_ENROL_H

#include <stdbool.h>

#include "agent/linux/agent.h"
#include "base/error.h"

struct bsg_enrol_options {
	const char *server;	/* people plane, "https://server:8443" */
	const char *token;	/* the invitation's one-time token */
	const char *ca_file;	/* the root, PEM or DER; or */
	const char *pin;	/* its SHA-256 as 64 hex digits */
	const char *state;	/* folder, made if it is not there */
	const struct bsg_clock *clock;	/* NULL: the machine's */
};

/**
 * Enrol by EST (RFC 7030): the key is made here and never leaves.
 *
 * A lost answer is no disaster: asked again with the same folder, the same key
 * asks again and gets the same certificate.
 *
 * @param device  the id that the server gave
 * @return BSG_OK, BSG_E_CONFLICT (this folder is enrolled already), BSG_E_INVALID (neither root nor
 *         pin, ...), BSG_E_DENIED (the server refuses the token), BSG_E_CRYPTO (not our root, a
 *         certificate that is not for our key), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_enrol(const struct bsg_enrol_options *options, char device[static BSG_ID_SIZE],
		       struct bsg_error *err) BSG_MUST_CHECK;

/** Make the body of a simplereenroll with the present key. @param out appended */
enum bsg_err bsg_renew_request(const struct bsg_agent *agent, struct bsg_buf *out,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** Take its answer: verify, save, use. */
enum bsg_err bsg_renew_answer(struct bsg_agent *agent, const uint8_t *body, size_t len,
			      struct bsg_error *err) BSG_MUST_CHECK;

/** Whether two thirds of the certificate's life are over. */
bool bsg_renew_due(const struct bsg_agent *agent);

/**
 * Leave: lift everything, tell the server, forget the key.
 *
 * Lifting and forgetting do not depend on the server: who leaves is free. But
 * what cannot be lifted keeps the device from leaving: the agent that goes on
 * trying is the only one left to do it.
 *
 * @param told  whether the server has stored it
 * @return BSG_OK, BSG_E_UNAVAILABLE (something stays restricted, and the device has not left; or something
 *         stays on disk, and it has)
 */
enum bsg_err bsg_unenrol(struct bsg_agent *agent, bool *told, struct bsg_error *err) BSG_MUST_CHECK;

#endif
