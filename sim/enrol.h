/* SPDX-License-Identifier: Apache-2.0 */
/* How a simulated phone enrols (EST, RFC 7030), and what it keeps of it in its folder. Private to sim/. */
#ifndef BSG_SIM_ENROL_H
#define BSG_SIM_ENROL_H

#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"
#include "sim/phone.h"
#include "wire/report.h"

#define BSG_SIM_PATH_SIZE 512

struct bsg_sim_identity {
	char id[BSG_ID_SIZE];		/* the certificate's CN */
	struct bsg_buf root;		/* DER */
	char certificate_file[BSG_SIM_PATH_SIZE];
	char key_file[BSG_SIM_PATH_SIZE];
	char device_url[256];
	uint8_t instance[BSG_INSTANCE_ID_LEN];	/* of this folder, for reports */
};

/**
 * Enrol with an invitation: find the root by its fingerprint, make a key, get a certificate, ask for the planes.
 *
 * The folder is complete or unusable: device-url is written last.
 * @return BSG_OK, BSG_E_DENIED (the server refused), BSG_E_CRYPTO, BSG_E_UNAVAILABLE, BSG_E_INVALID, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_sim_enrol(const char *dir, const struct bsg_sim_invitation *invitation,
			   struct bsg_error *err) BSG_MUST_CHECK;

/** Read the device's id, which is the common name of the first certificate in a PEM file. @return as the file says, BSG_E_CRYPTO */
enum bsg_err bsg_sim_id_load(const char *certificate_file, char out[static BSG_ID_SIZE], struct bsg_error *err) BSG_MUST_CHECK;

/** Load what an enrolment left. @return BSG_OK, BSG_E_NOT_FOUND (not enrolled), else as the files say */
enum bsg_err bsg_sim_identity_load(const char *dir, struct bsg_sim_identity *out, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_sim_identity_clear(struct bsg_sim_identity *identity);

#endif
